"""Strips whose text climbs or leans, made so from ones that do not."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from shizi.straight import LEAST_SLANT, LEAST_SLOPE, MOST_SLANT, slant, slope, straightened

Grey = NDArray[np.uint8]


def written(text: str = "HIT LINE 4711", height: int = 64) -> Grey:
    """Dark letters on light ground with room around."""
    font = ImageFont.load_default(height * 0.5)
    width = round(ImageDraw.Draw(Image.new("L", (1, 1))).textlength(text, font=font)) + height
    picture = Image.new("L", (width, height), 230)
    ImageDraw.Draw(picture).text((height / 2, height / 2), text, fill=20, font=font, anchor="lm")
    return np.asarray(picture).copy()


def moved(strip: Grey, right: float, down: float) -> Grey:
    """Leaning by ``right`` columns a row, and going down by ``down`` rows a column, on a strip high enough for it."""
    extra = round(abs(down) * strip.shape[1] / 2) + 2
    strip = cv2.copyMakeBorder(strip, extra, extra, extra, extra, cv2.BORDER_REPLICATE).astype(np.uint8)
    rows, columns = strip.shape
    matrix = np.array([[1, right, -right * rows / 2], [down, 1, -down * columns / 2]], np.float32)
    made = cv2.warpAffine(strip, matrix, (columns, rows), borderMode=cv2.BORDER_REPLICATE)
    return made.astype(np.uint8)


def test_what_is_level_and_upright_stays() -> None:
    assert slope(written()) == 0
    assert slant(written()) == 0
    assert straightened(written()) == []


@given(st.floats(-0.12, 0.12), st.booleans())
def test_a_slope_is_seen(down: float, light: bool) -> None:
    strip = moved(written(), 0.0, down)
    found = slope(255 - strip if light else strip)
    if abs(down) >= LEAST_SLOPE + 0.02:
        assert found == pytest.approx(down, abs=0.025)
    else:
        assert abs(found - down) < LEAST_SLOPE + 0.02


@given(st.floats(-0.5, 0.5), st.booleans())
@example(-0.23046875, False)  # where every third point alone shows another slant
def test_a_slant_is_seen(right: float, light: bool) -> None:
    strip = moved(written(), right, 0.0)
    found = slant(255 - strip if light else strip)
    if abs(right) >= LEAST_SLANT + 0.05:
        assert found == pytest.approx(right, abs=0.08)
    else:
        assert abs(found - right) < LEAST_SLANT + 0.05


@pytest.mark.parametrize(("right", "down"), [(0.3, 0.0), (-0.35, 0.0), (0.0, 0.1), (0.25, -0.1), (-0.3, 0.1)])
def test_straightened_text_is_level_and_upright_and_its_columns_stay(right: float, down: float) -> None:
    plain = written()
    made = straightened(moved(plain, right, down))
    assert len(made) == (abs(down) > 0) + (abs(right) > 0)
    last = made[-1]
    assert abs(slope(last)) <= LEAST_SLOPE
    assert abs(slant(last)) <= LEAST_SLANT

    def middle(strip: Grey) -> float:
        columns = (230 - strip.astype(float)).clip(0).sum(axis=0)
        return float((columns * np.arange(len(columns))).sum() / columns.sum() / len(columns))

    assert middle(last) == pytest.approx(middle(moved(plain, 0, 0)), abs=0.03)


@pytest.mark.parametrize("shape", [(90, 30), (41, 40), (4, 3)])
def test_what_is_higher_than_wide_is_left_alone(shape: tuple[int, int]) -> None:
    assert straightened(np.random.default_rng(0).integers(0, 255, shape, dtype=np.uint8)) == []


@given(st.integers(1, 80), st.integers(1, 400), st.integers(0, 2**32 - 1))
def test_anything_gives_strips_of_its_shape_and_bounded_angles(rows: int, columns: int, seed: int) -> None:
    strip: Any = np.random.default_rng(seed).integers(0, 255, (rows, columns), dtype=np.uint8)
    assert abs(slant(strip)) <= MOST_SLANT + 1e-9
    for made in straightened(strip):
        assert made.dtype == np.uint8
        assert made.shape[1] == round(columns * 64 / rows)
        assert 25 <= made.shape[0] <= 64


def test_an_empty_strip_is_level_and_upright() -> None:
    assert straightened(np.full((32, 200), 128, np.uint8)) == []
