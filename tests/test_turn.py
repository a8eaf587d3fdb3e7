"""Which way up: the votes of lines, and whole pages that are turned."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shizi import turn
from shizi.types import Char, Line, Quad

BOX = Quad.box(0, 0, 10, 10)
quads = st.builds(
    lambda *c: Quad.of(zip(c[::2], c[1::2], strict=True)), *[st.integers(-999, 999).map(float)] * 8
)  # fmt: skip


@dataclass(frozen=True)
class Found:
    quad: Quad
    vertical: bool = False


def line(confidence: float, count: int = 8) -> Line:
    return Line("字" * count, confidence, BOX, (Char("字", confidence, BOX),) * count)


@given(quads, st.integers(0, 3), st.integers(0, 3))
def test_turns_of_a_quad_add_up(quad: Quad, one: int, other: int) -> None:
    assert turn.rolled(turn.rolled(quad, one), other) == turn.rolled(quad, (one + other) % 4)


@given(st.integers(1, 50), st.integers(1, 50), st.integers(0, 3), st.data())
def test_a_rolled_quad_begins_where_the_turned_page_has_its_top_left(
    rows: int, columns: int, quarters: int, data: st.DataObject
) -> None:
    left, top = data.draw(st.integers(0, columns - 1)), data.draw(st.integers(0, rows - 1))
    right, bottom = data.draw(st.integers(left + 1, columns)), data.draw(st.integers(top + 1, rows))
    page = np.zeros((rows, columns), int)
    page[top:bottom, left:right] = 1
    turned = np.rot90(page, -quarters)
    y, x = np.argwhere(turned)[0]
    corner = np.zeros_like(turned)
    corner[y, x] = 1
    (back_y, back_x), = np.argwhere(np.rot90(corner, quarters))
    first = turn.rolled(Quad.box(left, top, right, bottom), quarters).points[0]
    assert math.dist(first, (back_x + 0.5, back_y + 0.5)) < 0.8  # a corner of that pixel


def test_a_page_turns_where_it_reads_clearly_better() -> None:
    good, bad, noise = [line(0.95)] * 4, [line(0.5)] * 4, [line(0.3)] * 4
    assert turn.quarters({0: bad, 2: good}) == 2
    assert turn.quarters({0: noise, 1: good, 3: bad}) == 1
    assert turn.quarters({0: good, 2: bad}) == 0
    assert turn.quarters({0: noise, 2: bad}) == 0  # neither is text
    assert turn.quarters({0: [line(0.9)], 2: [line(0.93)]}) == 0  # no clear difference
    assert turn.quarters({0: bad, 2: [line(0.99, 1)]}) == 0  # one character proves nothing
    few, more = ({0: [line(0.6, n)], 2: [line(0.8, n)]} for n in (8, 16))
    assert (turn.quarters(few), turn.quarters(more)) == (0, 2)  # and a plate's few figures little
    assert turn.quarters({0: [], 2: []}) == 0
    assert turn.quarters({0: [], 2: good}) == 2


def test_a_few_characters_that_read_well_keep_their_page_upright() -> None:
    """999 upside down is 666, and on its side LOLOLO."""
    assert turn.is_sure([line(0.99, 3)])
    assert turn.quarters({0: [line(0.99, 3)], 1: [line(0.85, 6)], 2: [line(0.99, 3)]}) == 0
    assert turn.quarters({0: [line(0.2, 3)], 1: [line(0.95, 6)]}) == 1


def test_few_lines_are_read_in_other_ways_where_they_tell() -> None:
    assert turn.enough([line(0.5, 4), line(0.5, 30), line(0.5, 30)]) == 2
    assert turn.enough([line(0.5, 4), line(0.5, 4)]) == 2  # all there are
    assert turn.enough([]) == 0
    good, bad = [line(0.9)] * 3, [line(0.5)] * 3
    assert turn.is_clear({0: good, 2: bad})
    assert turn.is_clear({0: bad, 1: bad, 2: bad, 3: good})
    assert not turn.is_clear({0: good, 2: [line(0.8)] * 3})
    assert not turn.is_clear({0: bad, 1: good, 3: good})


def test_a_page_is_upright_where_it_reads_clearly_worse_upside_down() -> None:
    good, bad = [line(0.9)] * 3, [line(0.5)] * 3
    assert turn.is_upright({0: good, 2: bad})
    assert not turn.is_upright({0: bad, 2: good})
    assert not turn.is_upright({0: good, 2: good})
    assert not turn.is_upright({0: good, 1: bad, 3: bad})  # never seen upside down


def test_what_reads_well_is_not_tried_again() -> None:
    assert turn.is_sure([line(0.95)] * 3)
    assert not turn.is_sure([line(0.6)] * 3)
    assert not turn.is_sure([])
    assert not turn.is_doubtful(line(0.82), vertical=False)
    assert turn.is_doubtful(line(0.82), vertical=True)


def test_a_line_turns_where_it_reads_clearly_better() -> None:
    assert turn.surest([line(0.4), line(0.95)], vertical=False) == 1
    assert turn.surest([line(0.55), line(0.7)], vertical=False) == 0
    assert turn.surest([line(0.4), line(0.95, 1)], vertical=False) == 0
    assert turn.surest([line(0.4), line(0.3), line(0.5)], vertical=True) == 2
    assert turn.surest([line(0.4), line(0.42)], vertical=True) == 0


@given(st.lists(st.tuples(st.booleans(), st.floats(1, 500), st.floats(1, 500)), max_size=20), st.integers(0, 8))
def test_the_sample_is_of_one_kind_and_bounded(boxes: list[tuple[bool, float, float]], most: int) -> None:
    lines = [Found(Quad.box(0, 0, wide, high), vertical) for vertical, wide, high in boxes]
    some = turn.sample(lines, most)
    assert len(set(some)) == len(some) <= most
    assert len({lines[i].vertical for i in some}) <= 1


@pytest.mark.parametrize("quarters", range(4))
def test_no_way_is_tried_twice(quarters: int) -> None:
    for vertical in (False, True):
        ways = [0, *turn.OTHERS[vertical], *turn.SELDOM[vertical]]
        assert sorted(ways) == [0, 1, 2, 3]
        assert ways.count(quarters) == 1
