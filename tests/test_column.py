"""Vertical text laid down, on columns that the tests draw."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from shizi.column import Column, down, lay
from shizi.types import Quad

Grey = NDArray[np.uint8]
SIZE = 40


def glyph(kind: int, size: int = SIZE) -> Grey:
    """A character as wide as high: a frame, one with a bar (日), three bars (三), one bar (一), two bars (二)."""
    made = np.full((size, size), 255, np.uint8)
    stroke = max(2, size // 10)
    if kind < 2:
        made[:] = 0
        made[stroke:-stroke, stroke:-stroke] = 255
    for share in ((), (0.5,), (0.0, 0.45, 0.9), (0.45,), (0.1, 0.8))[kind]:
        made[int(share * size) : int(share * size) + stroke] = 0
    return made


def column(kinds: list[int], gap: float = 0.15, size: int = SIZE) -> tuple[Grey, list[tuple[int, int]]]:
    """Characters below one another, and the first row of each and that after its last."""
    margin = 4
    pitch = round((1 + gap) * size)
    page = np.full((2 * margin + pitch * len(kinds) - round(gap * size), size + 2 * margin), 255, np.uint8)
    places = []
    for at, kind in enumerate(kinds):
        top = margin + at * pitch
        page[top : top + size, margin : margin + size] = glyph(kind, size)
        places.append((top, top + size))
    return page, places


def characters(laid: Column) -> list[tuple[float, float]]:
    """First and last share of the column's length of each of the characters on a strip."""
    return [(float(a), float(b)) for a, b in laid.shares.reshape(-1, 2)]


@settings(max_examples=40)
@given(st.lists(st.integers(0, 1), min_size=1, max_size=20), st.floats(0.12, 0.35), st.integers(20, 90))
def test_each_character_is_laid_beside_the_one_above_it(kinds: list[int], gap: float, size: int) -> None:
    page, places = column(kinds, gap, size)
    laid = lay(page)
    assert len(characters(laid)) == len(kinds)
    for (start, end), (top, bottom) in zip(characters(laid), places, strict=True):
        assert start * len(page) == pytest.approx(top, abs=0.3 * size)
        assert end * len(page) == pytest.approx(bottom, abs=0.3 * size)


def test_a_very_long_column_is_squeezed() -> None:
    assert lay(np.full((32_000, 2), 255, np.uint8)).strip.size > 0


@pytest.mark.parametrize("ground", [255, 20, 180])
def test_a_character_of_three_strokes_stays_whole(ground: int) -> None:
    page, places = column([0, 2, 1, 2, 3, 0])
    page = np.where(page == 255, ground, 90 if ground != 20 else 240).astype(np.uint8)
    assert len(characters(lay(page))) == len(places)


@settings(max_examples=60)
@given(st.lists(st.integers(2, 4), min_size=1, max_size=6), st.floats(0.06, 0.4), st.integers(20, 60))
def test_bars_are_parted_where_the_pitch_of_the_column_says(kinds: list[int], gap: float, size: int) -> None:
    """第二十三条: the white within 二 is wider than that between two characters."""
    page, places = column([0, 1, *(kind for bars in kinds for kind in (bars, 1)), 0], gap, size)
    laid = characters(lay(page))
    assert len(laid) == len(places)
    for (start, end), (top, bottom) in zip(laid, places, strict=True):
        assert start * len(page) < (top + bottom) / 2 < end * len(page)


def test_a_bar_stands_in_the_middle_of_the_strip_wherever_it_is_in_the_column() -> None:
    page, _ = column([3, 0, 3, 1, 3], 0.2)
    laid = lay(page[16:-16])
    for start, end in laid.ends.reshape(-1, 2)[::2].astype(int):
        rows = np.flatnonzero((laid.strip[:, start:end] < 128).any(axis=1))
        assert rows.mean() == pytest.approx(len(laid.strip) / 2, abs=0.12 * len(laid.strip))


def test_characters_that_touch_are_parted() -> None:
    page, places = column([0, 1, 0, 0, 1, 0], gap=0.08)
    page[4:-4, 20:26] = 0
    assert len(characters(lay(page))) == len(places)


def test_wide_gaps_are_left_out() -> None:
    near, _ = column([0, 1, 0, 1], gap=0.1)
    far, _ = column([0, 1, 0, 1], gap=1.2)
    assert lay(far).strip.shape[1] == pytest.approx(lay(near).strip.shape[1], rel=0.1)


@pytest.mark.parametrize("opening", [True, False])
def test_brackets_that_lie_stand_on_a_level_line(opening: bool) -> None:
    """︵ is ( there; 一 and 二 stay as they are."""
    page, places = column([3, 4, 0, 1, 0])
    top, left = places[2][0] + 14, 4
    cell = page[places[2][0] : places[2][1], 4:-4]
    cell[:] = 255
    middle, axes = (left + SIZE // 2, top + (12 if opening else 0)), (SIZE // 2 - 2, 12)
    cv2.ellipse(page, middle, axes, 0, 180 if opening else 0, 360 if opening else 180, 0, 4)
    laid = lay(page)
    parts = laid.ends.reshape(-1, 2).astype(int)
    assert len(parts) == len(places)
    shapes = []
    for start, end in parts:
        rows, columns = np.nonzero(laid.strip[:, start:end] < 128)
        shapes.append((np.ptp(rows) + 1, np.ptp(columns) + 1))
    assert shapes[2][0] > 1.8 * shapes[2][1]
    rows, columns = np.nonzero(laid.strip[:, slice(*parts[2])] < 128)
    ends = columns[(rows < rows.min() + 5) | (rows > rows.max() - 5)].mean()
    assert (ends > columns.mean()) == opening
    assert shapes[0][1] > 3 * shapes[0][0] and shapes[1][1] > shapes[1][0]


def test_a_low_mark_stands_at_the_foot_of_the_strip() -> None:
    """A comma hangs at the right top of its cell; on a level line it stands at the left bottom."""
    page, _ = column([0, 0, 0, 0])
    pitch = round(1.15 * SIZE)
    cell = page[4 + pitch : 4 + pitch + SIZE, 4:-4]
    cell[:] = 255
    cell[2:10, -12:-4] = 0
    laid = lay(page)
    assert len(characters(laid)) == 4
    start, end = (int(v) for v in laid.ends[2:4])
    rows, columns = np.nonzero(laid.strip[:, start:end] < 128)
    assert rows.min() > len(laid.strip) / 2
    assert columns.max() < (end - start) / 2


@pytest.mark.parametrize("cut_off", [False, True])
def test_a_stop_beside_its_character_stands_behind_it(cut_off: bool) -> None:
    """Old books set it there, without a cell of its own; what the crop's edge cuts off is of the next column."""
    page, places = column([0, 1, 0, 1, 0])
    wide = np.full((len(page), page.shape[1] + 14), 255, np.uint8)
    wide[:, : page.shape[1]] = page
    for _, bottom in places[1:3]:
        wide[bottom - 10 : bottom - 2, SIZE + 8 : (wide.shape[1] if cut_off else SIZE + 16)] = 0
    laid = lay(wide)
    assert len(characters(laid)) == (5 if cut_off else 7)
    if not cut_off:
        start, end = (int(v) for v in laid.ends[4:6])
        rows, columns = np.nonzero(laid.strip[:, start:end] < 128)
        assert rows.min() > len(laid.strip) / 2 and columns.max() < (end - start) / 2
        (_, _), (_, before), (first, last), (after, _) = characters(laid)[:4]
        assert before == first < last == after


def test_a_dot_of_one_character_that_leans_out_of_its_column_is_no_stop() -> None:
    page, places = column([0, 1, 0, 1, 0])
    wide = np.full((len(page), page.shape[1] + 14), 255, np.uint8)
    wide[:, : page.shape[1]] = page
    wide[places[1][1] - 10 : places[1][1] - 2, SIZE + 8 : SIZE + 16] = 0
    assert len(characters(lay(wide))) == 5


def test_an_empty_column_is_an_empty_strip() -> None:
    laid = lay(np.full((300, 40), 255, np.uint8))
    assert (laid.strip == 255).all()
    assert laid.part(Quad.box(0, 0, 40, 300), 0.0, 1.0).bounds == (0, 0, 40, 300)


@settings(max_examples=60)
@given(st.integers(1, 80), st.integers(1, 400), st.integers(0, 999))
def test_any_column_has_a_strip(wide: int, high: int, seed: int) -> None:
    noise = np.random.default_rng(seed).choice(np.array((0, 120, 255), np.uint8), (high, wide), p=(0.3, 0.1, 0.6))
    laid = lay(noise)
    assert laid.strip.ndim == 2 and min(laid.strip.shape) > 0
    assert (np.diff(laid.ends) >= 0).all() and (np.diff(laid.shares) >= 0).all()
    assert laid.shares[0] >= 0 and laid.shares[-1] <= 1


def test_places_on_the_strip_lead_back_to_the_column() -> None:
    page, places = column([0, 1, 0, 1, 1, 0])
    laid = lay(page)
    quad = Quad.box(100, 200, 100 + page.shape[1], 200 + page.shape[0])
    width = laid.strip.shape[1]
    for (left, right), (top, bottom) in zip(laid.ends.reshape(-1, 2), places, strict=True):
        part = laid.part(quad, left / width, right / width)
        x0, y0, x1, y1 = part.bounds
        assert (x0, x1) == (quad.bounds[0], quad.bounds[2])
        assert y0 == pytest.approx(200 + top, abs=0.2 * SIZE)
        assert y1 == pytest.approx(200 + bottom, abs=0.2 * SIZE)
        assert part.points[0] == (x0, y0)


def test_parts_of_a_slanted_quad() -> None:
    quad = Quad(((10, 0), (30, 0), (20, 100), (0, 100)))
    assert down(quad, 0.25, 0.5).points == ((7.5, 25), (27.5, 25), (25, 50), (5, 50))
