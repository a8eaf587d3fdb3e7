"""Strips whose text runs along an arc, made so from ones on which it runs straight."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from shizi import bent
from shizi.bent import found, unbent
from test_straight import Grey, written

TEXT = "ROUND ABOUT 4711"


def bowed(strip: Grey, angle: float, *, upwards: bool) -> Grey:
    """The strip along ``angle`` radians of a circle, its middle at the top or at the bottom, cut out tightly."""
    if not upwards:
        return np.ascontiguousarray(bowed(strip[::-1], angle, upwards=True)[::-1])
    strip = np.ascontiguousarray(strip)
    rows, columns = strip.shape
    radius, half = columns / angle, angle / 2
    far, near = radius + rows / 2, radius - rows / 2
    width = math.ceil(2 * far * (math.sin(half) if half < math.pi / 2 else 1))
    height = math.ceil(far - near * math.cos(half))
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
    across, down = xs - width / 2, far - ys
    turns, distances = np.arctan2(across, down), np.hypot(across, down)
    return cv2.remap(
        strip, (turns * radius + columns / 2).astype(np.float32), (far - distances).astype(np.float32),
        cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=230,
    ).astype(np.uint8)  # fmt: skip


def alike(one: Grey, other: Grey) -> float:
    """Correlation of two strips' columns of ink, brought to one width."""

    def ink(strip: Grey) -> NDArray[np.float64]:
        columns = (255.0 - strip).mean(axis=0)
        return np.interp(np.linspace(0, 1, 400), np.linspace(0, 1, len(columns)), columns)

    return float(np.corrcoef(ink(one), ink(other))[0, 1])


@given(st.floats(0.9, 2.4), st.booleans(), st.booleans())
def test_an_arc_is_laid_out_straight(angle: float, upwards: bool, light: bool) -> None:
    strip = written(TEXT, 48)[8:-8]
    arched = bowed(strip, angle, upwards=upwards)
    made = unbent(255 - arched if light else arched)
    assert made is not None
    inner = slice(round(0.1 * made.shape[1]), round(0.9 * made.shape[1]))
    level = np.abs(np.diff(made[:, inner].astype(np.float64), axis=1)).sum(axis=1)
    assert level[len(level) // 2] > 3 * min(level[0], level[-1]), "the text is in the middle of the rows"
    assert made.shape[1] > 4 * made.shape[0]


@pytest.mark.parametrize("upwards", [True, False])
def test_its_columns_are_those_of_the_text(upwards: bool) -> None:
    strip = written(TEXT, 48)[8:-8]
    made = unbent(bowed(strip, 1.6, upwards=upwards))
    assert made is not None
    assert max(alike(np.ascontiguousarray(made[:, cut : made.shape[1] - cut]), strip) for cut in range(0, 40, 2)) > 0.6


@pytest.mark.parametrize(("outer", "row"), [(0.9, 140), (0.5, 100)])
def test_of_rows_beside_one_another_the_outermost_full_one_is_the_strip_s_own(outer: float, row: int) -> None:
    """What was cut out ends with it; of a row beyond it only the ends can be seen."""
    distances = np.concatenate([np.repeat(np.arange(100.0, 120), 100), np.repeat(np.arange(140.0, 160), 100)])
    near, far = bent._band(distances, np.repeat([1.0, outer], 2000))
    assert near == pytest.approx(row, abs=6)
    assert far == pytest.approx(row + 20, abs=6)


def test_the_middle_of_the_circle_is_found() -> None:
    strip = written(TEXT, 48)[8:-8]
    arched = bowed(strip, 1.8, upwards=True)
    arc = found(arched)
    assert arc is not None
    radius = strip.shape[1] / 1.8
    assert arc.x == pytest.approx(arched.shape[1] / 2, abs=0.13 * arched.shape[1])
    assert arc.y == pytest.approx(radius + strip.shape[0] / 2, rel=0.25)
    assert arc.near < arc.y - strip.shape[0] / 2 < arc.far


@pytest.mark.parametrize("text", [TEXT, "HIT LINE 4711"])
def test_what_runs_straight_is_left_alone(text: str) -> None:
    assert unbent(written(text)) is None


def test_what_tells_nothing_is_left_alone() -> None:
    assert unbent(np.full((40, 300), 200, np.uint8)) is None
    assert unbent(np.zeros((300, 40), np.uint8)) is None
    assert unbent(bowed(written("A", 48), 0.5, upwards=True)) is None


def test_a_strip_too_large_to_sample_is_left_alone() -> None:
    arched = bowed(written(TEXT, 48)[8:-8], 1.6, upwards=True)
    large = cv2.resize(arched, (33_000, 9000), interpolation=cv2.INTER_NEAREST)
    assert unbent(large.astype(np.uint8, copy=False)) is None
    assert unbent(np.tile(written(TEXT), 60)) is None


@given(st.integers(1, 60), st.integers(1, 200), st.integers(0, 2**31))
def test_noise_breaks_nothing(rows: int, columns: int, seed: int) -> None:
    made = unbent(np.random.default_rng(seed).integers(0, 256, (rows, columns), np.uint8))
    assert made is None or (made.dtype == np.uint8 and made.ndim == 2 and min(made.shape) > 0)
