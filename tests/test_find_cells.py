"""Cells of two short rows that a network took for one line."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from shizi.find import cells
from shizi.find.found import Candidate
from shizi.types import Quad

Grey = NDArray[np.uint8]


def stroked(page: Grey, left: int, top: int, wide: int, high: int, ink: int) -> None:
    """A box in strokes, with a stroke down its middle."""
    page[top : top + high, left : left + wide] = ink
    page[top + 3 : top + high - 3, left + 3 : left + wide - 3] = 255
    page[top : top + high, left + wide // 2 - 1 : left + wide // 2 + 2] = ink


def calendar(days: int, *, names: int, ink: int = 0) -> tuple[Grey, list[Candidate]]:
    """Days side by side, the first ``names`` of them with a row below, and what a finder takes for a line of each."""
    page, lines = np.full((200, 100 * days), 255, np.uint8), list[Candidate]()
    for day in range(days):
        left, below = 30 + 100 * day, day < names
        stroked(page, left + 4, 40, 34, 44 if not below else 30, 0)
        if below:
            stroked(page, left, 82, 42, 20, ink)
        lines.append(Candidate(Quad.box(left - 3, 36, left + 45, 106 if below else 87), vertical=not day % 2))
    return page, lines


@given(st.integers(3, 8), st.sampled_from([0, 120, 190]))
def test_a_day_and_what_stands_below_it_are_two_lines(days: int, ink: int) -> None:
    page, lines = calendar(days, names=days, ink=ink)
    found = cells.apart(page, lines)
    assert len(found) == 2 * days
    for at, one in enumerate(found):
        left, top, right, bottom = one.quad.bounds
        assert not one.vertical
        assert (left, right) == (lines[at // 2].quad.bounds[0], lines[at // 2].quad.bounds[2])
        start, end = (40, 70) if at % 2 == 0 else (82, 102)  # with a little room, and nothing of the other row
        assert start - 8 <= top <= start + 2
        assert end - 2 <= bottom <= end + 8


@pytest.mark.parametrize(("days", "names"), [(2, 2), (8, 2), (8, 0)])
def test_a_few_are_characters_with_an_upper_half(days: int, names: int) -> None:
    page, lines = calendar(days, names=names)
    assert cells.apart(page, lines) == lines


def test_they_count_among_those_that_are_as_tall() -> None:
    page, lines = calendar(8, names=3)
    assert len(cells.apart(page, lines)) == 11  # the five others are lower
    tall = [Candidate(Quad.box(x, 10, x + 30, 70), vertical=True) for x in range(0, 700, 60)]
    assert cells.apart(page, [*lines, *tall]) == [*lines, *tall]


@given(st.lists(st.tuples(*[st.floats(-300, 1200)] * 4), min_size=3, max_size=6))
def test_places_beyond_the_page_are_left_alone(corners: list[tuple[float, float, float, float]]) -> None:
    page, _ = calendar(3, names=3)
    lines = [Candidate(Quad.box(a, b, a + abs(c) + 1, b + abs(d) + 1), vertical=False) for a, b, c, d in corners]
    assert len(cells.apart(page, lines)) >= len(lines)
