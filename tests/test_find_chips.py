"""Tags and buttons side by side, which a network takes for one line."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from shizi.find.chips import apart
from shizi.find.found import Candidate
from shizi.types import Quad

WORDS = ("alpha", "beta gamma", "delta", "epsilon", "zeta")


def row(
    grounds: list[int], inks: list[int], ground: int = 255, gap: int = 24, high: int = 40
) -> tuple[NDArray[np.uint8], Quad, list[tuple[float, float, float, float]]]:
    """A page with a row of tags, the box around all of them, and those of the words."""
    image = Image.new("L", (1000, 160), ground)
    draw, font, x = ImageDraw.Draw(image), ImageFont.load_default(size=20), 40.0
    boxes = []
    for word, own, ink in zip(WORDS, grounds, inks, strict=False):
        left, top, right, bottom = draw.textbbox((x + 16, 60), word, font)
        if own != ground:
            draw.rounded_rectangle((x, 52, right + 16, 52 + high), high // 2, own)
        draw.text((x + 16, 60), word, ink, font)
        boxes.append((left, top, right, bottom))
        x = right + 16 + gap
    return np.asarray(image), Quad.box(40, 52, x - gap, 52 + high), boxes


@pytest.mark.parametrize("high", [36, 44])
@pytest.mark.parametrize(
    ("grounds", "inks", "ground"),
    [
        ([90, 150, 60, 200, 120], [255, 20, 255, 20, 255], 255),
        ([200] * 5, [20] * 5, 255),
        ([90, 60, 120], [255, 250, 240], 20),
        ([120, 80], [255, 255], 245),
    ],
)
def test_words_on_grounds_of_their_own_are_parted(grounds: list[int], inks: list[int], ground: int, high: int) -> None:
    page, quad, boxes = row(grounds, inks, ground, high=high)
    made = apart(page, [Candidate(quad, score=0.9)])
    assert len(made) == len(boxes)
    assert all(one.score == 0.9 and not one.vertical for one in made)
    for one, (left, top, right, bottom) in zip(made, boxes, strict=True):
        x0, y0, x1, y1 = one.quad.bounds
        assert x0 <= left + 1 and x1 >= right - 1, "all of the word"
        assert y0 <= top + 2 and y1 >= bottom - 2
        assert y1 - y0 < high, "no more of its ground than it takes"


@pytest.mark.parametrize(
    ("grounds", "inks"),
    [
        ([255] * 5, [20] * 5),  # words alone
        ([255, 200, 255, 200, 255], [20] * 5),  # words that are marked among others
        ([255, 200, 255, 255], [20] * 4),
        ([90], [255]),  # one button
    ],
)
def test_other_lines_stay_whole(grounds: list[int], inks: list[int]) -> None:
    page, quad, _ = row(grounds, inks)
    one = Candidate(quad)
    assert apart(page, [one]) == [one]


def test_bold_letters_that_touch_head_and_foot_stay_whole() -> None:
    image = Image.new("L", (600, 120), 250)
    font = ImageFont.load_default(size=40)
    draw = ImageDraw.Draw(image)
    draw.text((40, 30), "CASH", 10, font, stroke_width=3, stroke_fill=10)
    draw.text((260, 30), "RM", 10, font, stroke_width=3, stroke_fill=10)
    left, top = draw.textbbox((40, 30), "CASH", font, stroke_width=3)[:2]
    right, bottom = draw.textbbox((260, 30), "RM", font, stroke_width=3)[2:]
    one = Candidate(Quad.box(left, top, right, bottom))
    assert apart(np.asarray(image), [one]) == [one]


def test_a_bar_with_words_on_it_and_vertical_lines_stay_whole() -> None:
    image = Image.new("L", (900, 160), 255)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 40, 900, 100), 60)
    draw.text((60, 56), "first      second      third", 250, ImageFont.load_default(size=24))
    bar = Candidate(Quad.box(50, 50, 500, 92))
    assert apart(np.asarray(image), [bar]) == [bar]
    page, quad, _ = row([90, 150, 60], [255, 20, 255])
    tall = Candidate(quad, vertical=True)
    assert apart(page, [tall]) == [tall]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 300), st.integers(1, 60))
def test_any_line_has_an_answer_within_its_own_length(seed: int, wide: int, high: int) -> None:
    page = np.random.default_rng(seed).integers(0, 256, (80, 320), dtype=np.uint8)
    one = Candidate(Quad.box(5, 5, 5 + wide, 5 + high))
    for part in apart(page, [one]):
        x0, y0, x1, y1 = part.quad.bounds
        assert 4.99 <= x0 <= x1 <= 5.01 + wide
        assert 4.99 <= y0 <= y1 <= 5.01 + high
