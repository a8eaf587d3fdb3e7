"""Reading order: a permutation that follows columns, rows and bands."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shizi.order import order
from shizi.types import Quad

SIDES = st.floats(1, 400)
PLACES = st.floats(-1000, 1000)
BOXES = st.builds(lambda x, y, w, h: Quad.box(x, y, x + w, y + h), PLACES, PLACES, SIDES, SIDES)
QUADS = st.one_of(BOXES, st.builds(lambda *c: Quad.of(zip(c[::2], c[1::2], strict=True)), *[PLACES] * 8))


def turn(quad: Quad, degrees: float) -> Quad:
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return Quad.of((x * cos - y * sin, x * sin + y * cos) for x, y in quad.points)


def column(left: float, width: float, lines: int, top: float = 100) -> list[Quad]:
    """Prose: full lines, the last of them short."""
    pitch, height = 34, 22
    ends = [left + width] * (lines - 1) + [left + width * 0.4]
    return [Quad.box(left, top + i * pitch, end, top + i * pitch + height) for i, end in enumerate(ends)]


def in_order(quads: list[Quad], seed: int = 1) -> bool:
    """Are the quads, shuffled, put back into the order they are given in?"""
    shuffled = quads[:]
    random.Random(seed).shuffle(shuffled)
    return [shuffled[i] for i in order(shuffled)] == quads


TWO_COLUMNS = [Quad.box(80, 20, 900, 60), *column(50, 420, 20), *column(520, 420, 17, top=106)]


@given(st.lists(QUADS, max_size=30))
def test_every_line_is_read_once(quads: list[Quad]) -> None:
    assert sorted(order(quads)) == list(range(len(quads)))


@given(st.lists(QUADS, max_size=20), st.randoms(use_true_random=False))
def test_the_order_of_the_input_does_not_matter(quads: list[Quad], rng: random.Random) -> None:
    shuffled = quads[:]
    rng.shuffle(shuffled)
    assert [shuffled[i] for i in order(shuffled)] == [quads[i] for i in order(quads)]


@given(st.floats(-2, 2), st.integers(0, 9))
def test_a_turned_page_of_two_columns_keeps_its_order(degrees: float, seed: int) -> None:
    assert in_order([turn(quad, degrees) for quad in TWO_COLUMNS], seed)


@pytest.mark.parametrize("top", [100, 106, 117])
def test_columns_are_read_one_after_the_other(top: float) -> None:
    assert in_order([*column(50, 420, 12), *column(520, 420, 12, top=top)])


def test_a_heading_between_columns_parts_them() -> None:
    upper = [*column(50, 420, 6), *column(520, 420, 6)]
    lower = [*column(50, 420, 5, top=400), *column(520, 420, 5, top=400)]
    assert in_order([*upper, Quad.box(60, 340, 900, 365), *lower])


def test_three_columns() -> None:
    assert in_order([*column(50, 280, 9), *column(360, 280, 8), *column(670, 280, 9)])


def test_a_table_is_read_row_by_row() -> None:
    cells = [Quad.box(x, 50 + 40 * row + jitter, x + width, 74 + 40 * row + jitter)
             for row in range(30) for x, width, jitter in ((50, 60, 0), (300, 90, 4), (520, 40, -3))]
    assert in_order(cells)


def test_a_receipt_is_read_row_by_row() -> None:
    rows = [(Quad.box(20, 30 * i, 220, 30 * i + 20), Quad.box(420, 30 * i + 2, 480, 30 * i + 21)) for i in range(12)]
    assert in_order([quad for row in rows for quad in row])


def test_boxes_of_neighbouring_lines_may_overlap_a_little() -> None:
    assert in_order([Quad.box(0, 20 * i, 300 - 10 * (i % 3), 20 * i + 24) for i in range(20)])


def test_words_of_a_line_that_climbs() -> None:
    assert in_order([Quad.box(60 * i, 100 - 9 * i, 60 * i + 50, 130 - 9 * i) for i in range(8)])


def test_vertical_text_is_read_from_the_right() -> None:
    assert in_order([Quad.box(500 - 60 * i, 20, 530 - 60 * i, 420 - 100 * (i == 5)) for i in range(6)])


def test_an_upside_down_page_is_read_from_its_own_top() -> None:
    assert in_order([turn(quad, 180) for quad in TWO_COLUMNS])


def test_staircases_do_not_exhaust_the_stack() -> None:
    """Each box leaves room for one row above the rest, then for one column beside it, and so on."""
    quads = []
    for i in range(600):
        near, far = 30.0 * i, 60_000.0 - i
        quads += [Quad.box(near, near, far, near + 10), Quad.box(near, near + 20, near + 10, far)]
    assert sorted(order(quads)) == list(range(len(quads)))


def test_a_row_of_words_is_read_from_the_left() -> None:
    assert in_order([Quad.box(100 * i, 10 + i % 2, 100 * i + 95, 40) for i in range(10)])
