"""Ruled and squared paper: the rules go, the writing stays."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from shizi.clean import grey, network_input
from shizi.cut import whole
from shizi.ruled import FEWEST, FEWEST_ROWS, MARGIN, ROWS, unruled
from shizi.settings import CleanSettings

INK, PAPER = 40, 210
CELL = 60


def written(cells: int = 8, rows: tuple[int, int] = (22, 52)) -> NDArray[np.uint8]:
    """(64, 480) crosses of thin strokes, one in each cell's middle, in the lower part of the strip."""
    made = np.full((64, cells * CELL), PAPER, np.uint8)
    for cell in range(cells):
        x = cell * CELL + CELL // 2
        made[rows[0] : rows[1], x - 1 : x + 2] = INK
        made[36:39, x - 14 : x + 15] = INK
    return made


def squared(made: NDArray[np.uint8], *, thick: int = 2, level: bool = True, upright: bool = True) -> NDArray[np.uint8]:
    made = made.copy()
    if level:
        made[2 : 2 + thick] = made[-4 : -4 + thick] = INK
    if upright:
        for x in range(0, made.shape[1], CELL):
            made[:, x : x + thick] = INK
    return made


@pytest.mark.parametrize("thick", [1, 2, 3])
@pytest.mark.parametrize(("level", "upright"), [(True, True), (True, False), (False, True)])
def test_rules_go_and_writing_stays(thick: int, level: bool, upright: bool) -> None:
    plain = written()
    free = unruled(squared(plain, thick=thick, level=level, upright=upright))
    assert free is not None
    # cut to the writing, 30 rows and their margins
    margin = round(MARGIN * 30)
    assert free.shape == (30 + 2 * margin, plain.shape[1])
    wanted = plain[22 - margin : 52 + margin]
    assert (np.abs(free.astype(int) - wanted) > 60).mean() < 0.002
    assert (free[wanted == INK] < 100).mean() > 0.98


@pytest.mark.parametrize(
    "strip",
    [
        written(),
        np.full((64, 300), PAPER, np.uint8),
        squared(written(), level=False, upright=False),
        squared(written(cells=FEWEST - 1), level=False),
        squared(written(), level=False, thick=7),  # as thick as strokes of print
        255 - squared(written()),  # chalk on slate is not looked at
        squared(written())[: FEWEST_ROWS - 1],
    ],
)
def test_without_rules_there_is_nothing_to_take_away(strip: NDArray[np.uint8]) -> None:
    assert unruled(strip) is None


@given(st.integers(1, 300), st.integers(1, 300), st.integers(0, 2**32 - 1))
def test_any_strip_is_looked_at(height: int, width: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    strip = (rng.random((height, width)) > 0.1).astype(np.uint8) * 200
    strip[:, :: max(2, width // 5)] = 20
    free = unruled(strip)
    if free is not None:
        assert height >= FEWEST_ROWS and 1 <= len(free) <= ROWS and free.dtype == np.uint8


def test_a_high_strip_is_looked_at_small() -> None:
    small = squared(written())
    free = unruled(np.kron(small, np.ones((5, 5), np.uint8)))
    assert free is not None
    assert free.shape[1] == round(small.shape[1] * ROWS / 64)


def test_a_picture_of_a_squared_line_is_also_seen_without_the_squares() -> None:
    settings = CleanSettings()
    strip = squared(written())
    pixels = np.repeat(strip[..., np.newaxis], 3, axis=2)
    one = whole(pixels, settings)
    free = unruled(grey(one.pixels) if one.pixels is not None else strip)
    assert free is not None
    wanted = network_input(free, settings)
    seen = [way for way in one.others(settings) if way.strip.shape == wanted.shape and (way.strip == wanted).all()]
    (way,) = seen
    left, _, right, _ = way.part(0.25, 0.5).bounds
    assert (left, right) == pytest.approx((120, 240), abs=1)
    plain = whole(np.repeat(written()[..., np.newaxis], 3, axis=2), settings)
    assert all(way.strip.shape != wanted.shape for way in plain.others(settings))
