"""Lone characters that the network doubts, believed where a row has room for them."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from shizi import find
from shizi.find import Candidate, lone
from shizi.settings import FindSettings
from shizi.types import Quad


def at(left: float, top: float, wide: float, high: float, score: float = 1.0, vertical: bool = False) -> Candidate:
    return Candidate(Quad.box(left, top, left + wide, top + high), vertical, score)


PRICE, AMOUNT = at(0, 100, 60, 20), at(200, 100, 60, 20)
ONE = at(125, 101, 9, 18, 0.5, vertical=True)


def test_a_figure_between_two_lines_of_its_row_is_believed_and_stands_upright() -> None:
    assert lone.believed([PRICE, AMOUNT], [[ONE]]) == [at(125, 101, 9, 18, 0.5)]


@pytest.mark.parametrize(
    ("lines", "faint"),
    [
        ([PRICE], ONE),
        ([AMOUNT], ONE),
        ([PRICE, at(200, 130, 60, 20)], ONE),  # of another row
        ([PRICE, at(200, 100, 12, 20)], ONE),  # a character says nothing of a row
        ([PRICE, at(200, 90, 120, 40)], ONE),  # much larger
        ([PRICE, at(200, 106, 60, 8)], ONE),  # much smaller
        ([PRICE, at(125 + 9 + 15 * 18, 100, 60, 20)], ONE),  # far away
        ([PRICE, AMOUNT, at(120, 98, 20, 24)], ONE),  # found there already
        ([PRICE, AMOUNT], at(110, 101, 30, 18)),  # a word
        ([], ONE),
    ],
)
def test_others_are_not(lines: list[Candidate], faint: Candidate) -> None:
    assert lone.believed(lines, [[faint]]) == []


def test_beside_one_line_it_takes_two_others_in_its_column() -> None:
    above = [at(124, 20, 12, 18), at(126, 60, 10, 18)]
    assert lone.believed([PRICE, *above], [[ONE]]) == [at(125, 101, 9, 18, 0.5)]
    assert lone.believed([PRICE, above[0]], [[ONE]]) == []
    assert lone.believed([PRICE, above[0], at(146, 60, 10, 18)], [[ONE]]) == []
    assert lone.believed(above, [[ONE]]) == []


def test_of_two_in_one_place_the_surer_one_counts_and_before_it_that_of_a_lower_level() -> None:
    other = at(122, 99, 14, 20, 0.6)
    assert lone.believed([PRICE, AMOUNT], [[ONE, other]]) == [other]
    assert lone.believed([PRICE, AMOUNT], [[ONE], [other]]) == [at(125, 101, 9, 18, 0.5)]
    two = at(122, 99, 14, 60, 0.4)
    assert lone.believed([PRICE, AMOUNT], [[two], [other]]) == [other], "those of two rows run together"


def test_there_is_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lone, "MOST", 2)
    faint = [at(80 + 20 * i, 101, 9, 18, 0.3 + 0.1 * i) for i in range(4)]
    assert lone.believed([PRICE, AMOUNT], [faint]) == faint[:1:-1]


boxes = st.builds(at, *[st.floats(0, 300)] * 2, *[st.floats(1, 80)] * 2, st.floats(0, 1))


@given(st.lists(boxes, max_size=12), st.lists(st.lists(boxes, max_size=6), max_size=3))
def test_what_is_believed_is_of_the_candidates_and_overlaps_nothing(
    lines: list[Candidate], levels: list[list[Candidate]]
) -> None:
    made = lone.believed(lines, levels)
    assert {one.quad for one in made} <= {one.quad for level in levels for one in level}
    both = [*lines, *made]
    for i, one in enumerate(made):
        for other in [*lines, *made[:i]]:
            a, b, c, d = one.quad.bounds
            left, top, right, bottom = other.quad.bounds
            assert not (left < c and a < right and top < d and b < bottom), both


def receipt(seed: int, size: int) -> tuple[NDArray[np.uint8], list[tuple[float, float]]]:
    """A receipt in uneven light, a little out of focus, and the middles of the counts on it."""
    rng = np.random.default_rng(seed)
    font, page, middles = ImageFont.load_default(size), Image.new("L", (600, 900), 50), []
    drawn = ImageDraw.Draw(page)
    drawn.polygon([(60, 40), (560, 60), (550, 870), (40, 860)], fill=190)
    for row in range(12):
        y, price = 90 + 60 * row, f"{rng.integers(100, 9999) / 100:.2f}"
        for x, text in ((100, f"{rng.integers(10**9, 10**10)}"), (280, price), (390, "1"), (480, price)):
            drawn.text((x, y), text, 30, font)
        left, top, right, bottom = drawn.textbbox((390, y), "1", font)
        middles.append(((left + right) / 2, (top + bottom) / 2))
    light = np.asarray(page, np.float32) * np.linspace(0.7, 1.1, 600, dtype=np.float32)
    soft = cv2.GaussianBlur(light, (0, 0), 1.2) + rng.normal(0, 4, light.shape)
    return soft.clip(0, 255).astype(np.uint8), middles


@pytest.mark.parametrize("size", [16, 18, 20, 22])
def test_counts_of_a_receipt_are_found_in_a_photograph(size: int) -> None:
    page, middles = receipt(size, size)

    def found(settings: FindSettings) -> int:
        boxes = [one.quad.bounds for one in find.find(page, settings).lines]
        return sum(any(a < x < c and b < y < d and d - b < 2 * size for a, b, c, d in boxes) for x, y in middles)

    assert found(FindSettings(finder="dbnet", lone=False)) < len(middles), "nothing here is doubted"
    assert found(FindSettings(finder="dbnet")) >= len(middles) - 1
