"""Cells of a table side by side, which a network takes for one line."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from shizi.find.fields import apart
from shizi.find.found import Candidate
from shizi.types import Quad

Box = tuple[float, float, float, float]
NUMBERS = ("19,137.51", "0.00", "4,294.10", "", "15,403.69", "1l|I1")


def table(ground: int = 230, ink: int = 40, rule: int = 2, high: int = 44) -> tuple[NDArray[np.uint8], Quad, list[Box]]:
    """A page with a row of cells between rules, the box around all of it, and those of what stands in the cells."""
    image = Image.new("L", (900, 200), ground)
    draw, font, boxes = ImageDraw.Draw(image), ImageFont.load_default(size=18), []
    for at in range(4):
        draw.line((40, 36 + high * at, 820, 36 + high * at), ink, rule)
    for at in range(len(NUMBERS) + 1):
        draw.line((40 + 130 * at, 36, 40 + 130 * at, 36 + 3 * high), ink, rule)
    for row in range(3):
        for at, text in enumerate(NUMBERS):
            place = 62 + 130 * at, 36 + high * row + (high - 18) // 2
            draw.text(place, text, ink, font)
            if row == 1 and text:
                boxes.append(draw.textbbox(place, text, font))
    return np.asarray(image), Quad.box(38, 36 + high, 822, 36 + 2 * high), boxes


@pytest.mark.parametrize(("ground", "ink"), [(230, 40), (40, 220), (180, 140)])
@pytest.mark.parametrize("degrees", [0.0, 2.0])
def test_cells_are_parted_at_the_rules_and_cut_to_their_text(ground: int, ink: int, degrees: float) -> None:
    page, quad, boxes = table(ground, ink)
    turn = cv2.getRotationMatrix2D((450, 100), degrees, 1.0)
    page = cv2.warpAffine(page, turn, (900, 200), flags=cv2.INTER_AREA, borderValue=ground).astype(np.uint8)
    corners = np.asarray(quad.points) @ turn[:, :2].T + turn[:, 2]
    made = apart(page, [Candidate(Quad.of(corners), score=0.9)])
    assert len(made) == len(boxes), "an empty cell holds nothing"
    for one, box in zip(made, boxes, strict=True):
        assert one.score == 0.9 and not one.vertical
        middle = turn @ ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2, 1)
        seen = np.asarray(one.quad.points).mean(axis=0)
        assert np.abs(seen - middle).max() < 4
        assert box[2] - box[0] - 3 <= one.quad.width <= box[2] - box[0] + 12
        assert box[3] - box[1] - 3 <= one.quad.height <= box[3] - box[1] + 10, "without the rules above and below"


@pytest.mark.parametrize("text", ["Illicit |l|| bills 1111 [ll] (if)", "a | b | c | d | e | f | g", "iiii llll ////"])
def test_letters_are_no_rules(text: str) -> None:
    image = Image.new("L", (900, 200), 240)
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(size=24)
    for row in range(3):
        draw.text((60, 40 + 40 * row), text, 20, font)
    one = Candidate(Quad.box(*draw.textbbox((60, 80), text, font)))
    assert apart(np.asarray(image), [one]) == [one]


@pytest.mark.parametrize("kind", ["one rule", "no level rules", "written across"])
def test_other_strokes_part_nothing(kind: str) -> None:
    """A margin of a page, the ends of lanes, and what a pen joins are no table."""
    image = Image.new("L", (900, 200), 230)
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(size=18)
    for row in range(3):
        for at, text in enumerate(("alpha", "beta", "gamma", "delta")):
            draw.text((62 + 130 * at, 49 + 44 * row), text, 40, font)
    for at in range(5):
        if kind != "one rule" or at == 2:
            draw.line((40 + 130 * at, 30, 40 + 130 * at, 175), 40, 2)
        if kind == "written across":
            draw.line((30 + 130 * at, 104, 52 + 130 * at, 98), 40, 2)
    for at in range(4):
        if kind != "no level rules":
            draw.line((40, 36 + 44 * at, 560, 36 + 44 * at), 40, 2)
    one = Candidate(Quad.box(38, 80, 562, 124))
    assert apart(np.asarray(image), [one]) == [one]


def test_columns_and_short_lines_stay_whole() -> None:
    page, quad, _ = table()
    some = [Candidate(Quad.box(38, 36, 170, 168)), Candidate(quad, vertical=True)]
    some.append(Candidate(Quad.box(38, 80, 168, 124)))
    assert apart(page, some) == some


def test_a_line_of_rules_alone_is_not_lost() -> None:
    page = np.full((120, 400), 240, np.uint8)
    page[:, 40:360:60] = 20
    one = Candidate(Quad.box(20, 40, 380, 70))
    assert apart(page, [one]) == [one]


@settings(max_examples=30)
@given(st.integers(0, 999), st.integers(2, 60), st.integers(9, 600))
def test_noise_breaks_nothing(seed: int, high: int, wide: int) -> None:
    page = np.random.default_rng(seed).integers(0, 256, (high, wide), np.uint8)
    made = apart(page, [Candidate(Quad.box(0, 0, wide, max(1, high // 3)))])
    assert all(one.quad.width > 0 and one.quad.height > 0 for one in made)
