"""Reading order: a permutation that follows columns, rows and bands."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shizi.order import order, paragraphs
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
TABLE = [Quad.box(x, 50 + 60 * row, x + width, 74 + 60 * row) for row in range(8) for x, width in ((50, 60), (300, 90))]
RECEIPT = [Quad.box(x, 40 * row, x + width, 40 * row + 20) for row in range(12) for x, width in ((20, 200), (420, 60))]
VERTICAL = [Quad.box(500 - 60 * i, 20, 530 - 60 * i, 420 - 100 * (i == 5)) for i in range(6)]


@given(st.lists(QUADS, max_size=30))
def test_every_line_is_read_once(quads: list[Quad]) -> None:
    assert sorted(order(quads)) == list(range(len(quads)))


@given(st.lists(QUADS, max_size=20), st.randoms(use_true_random=False))
def test_the_order_of_the_input_does_not_matter(quads: list[Quad], rng: random.Random) -> None:
    shuffled = quads[:]
    rng.shuffle(shuffled)
    assert [shuffled[i] for i in order(shuffled)] == [quads[i] for i in order(quads)]


@given(st.floats(-3, 3), st.integers(0, 9), st.sampled_from([0, 90, 180, 270]))
def test_a_turned_page_keeps_its_order(degrees: float, seed: int, quarter: int) -> None:
    for quads in (TWO_COLUMNS, TABLE, RECEIPT, VERTICAL):
        assert in_order([turn(quad, quarter + degrees) for quad in quads], seed)


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
    assert in_order(VERTICAL)


@pytest.mark.parametrize("quarter", [0, 90, 180, 270])
@pytest.mark.parametrize("left", [250, 420, 560])
def test_level_lines_above_columns_come_first_and_those_below_last(left: float, quarter: int) -> None:
    columns = [Quad.box(700 - 80 * i, 100, 732 - 80 * i, 460) for i in range(4)]
    level = [Quad.box(left, top, left + 144, top + 34) for top in (-30, 24, 500)]
    assert in_order([turn(quad, quarter + 1) for quad in (*level[:2], *columns, level[2])])


@pytest.mark.parametrize("quarter", [0, 90, 180, 270])
@pytest.mark.parametrize("left", [0, 500])
def test_vertical_titles_beside_level_lines_come_before_them(left: float, quarter: int) -> None:
    parts = [[Quad.box(left, top + 2, left + 32, top + 150), *column(50, 420, 6, top=top)] for top in (100, 400)]
    quads = [Quad.box(60, 20, 400, 50), *parts[0], *parts[1]]
    assert in_order([turn(quad, quarter + 1) for quad in quads])


def test_narrow_characters_in_a_table_are_no_vertical_titles() -> None:
    numbers = [Quad.box(50, 50 + 40 * row, 58 if row % 3 else 70, 76 + 40 * row) for row in range(9)]
    words = [Quad.box(120, 50 + 40 * row, 300, 76 + 40 * row) for row in range(9)]
    assert in_order([quad for row in zip(numbers, words, strict=True) for quad in row])


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


def runs(quads: list[Quad]) -> list[list[int]]:
    return [list(run) for run in paragraphs(quads)]


@given(st.lists(QUADS, max_size=20))
def test_each_line_is_in_one_paragraph(quads: list[Quad]) -> None:
    assert [index for run in paragraphs(quads) for index in run] == list(range(len(quads)))


@given(st.floats(-3, 3), st.sampled_from([0, 90, 180, 270]))
def test_columns_of_prose_are_a_paragraph_each(degrees: float, quarter: int) -> None:
    quads = [turn(quad, quarter + degrees) for quad in TWO_COLUMNS]
    assert runs(quads) == [[0], list(range(1, 21)), list(range(21, 38))]


def test_an_indent_and_a_short_line_part_paragraphs() -> None:
    indent = Quad.box(94, 304, 470, 326)
    assert runs([*column(50, 420, 6), indent, *column(50, 420, 4, top=338)]) == [[0, 1, 2, 3, 4, 5], [6], [7, 8, 9, 10]]
    assert runs([*column(50, 420, 3), *column(50, 420, 3, top=202)]) == [[0, 1, 2], [3, 4, 5]]


def test_a_heading_is_no_part_of_the_paragraph_below() -> None:
    assert runs([Quad.box(50, 50, 300, 90), *column(50, 420, 4)]) == [[0], [1, 2, 3, 4]]


def test_cells_of_a_table_are_apart_and_parts_of_a_row_are_not() -> None:
    assert runs(RECEIPT[:2]) == [[0], [1]]
    assert runs([Quad.box(20, 0, 220, 20), Quad.box(235, 1, 400, 21)]) == [[0, 1]]


def test_vertical_columns_go_on_to_the_left() -> None:
    assert runs(VERTICAL) == [[0, 1, 2, 3, 4, 5]]
