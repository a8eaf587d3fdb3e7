"""Cutting lines out, and strips into parts."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shizi.crop import BUCKETS, MAX_HEIGHT, bucket, crop, expand, pad, seen, split
from shizi.types import Quad

PLACES = st.floats(-50, 150)


def page(rows: int = 100, columns: int = 120) -> np.ndarray:
    """Every pixel tells where it is: a smooth slope in both directions."""
    ys, xs = np.mgrid[:rows, :columns]
    return (xs + ys).astype(np.uint8)


def turn(quad: Quad, degrees: float, centre: tuple[float, float]) -> Quad:
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    cx, cy = centre
    return Quad.of((cx + (x - cx) * cos - (y - cy) * sin, cy + (x - cx) * sin + (y - cy) * cos) for x, y in quad.points)


@given(PLACES, PLACES, st.floats(0.5, 90), st.floats(0.5, 90), st.floats(-180, 180))
def test_the_margin_surrounds_the_quad(x: float, y: float, width: float, height: float, degrees: float) -> None:
    quad = turn(Quad.box(x, y, x + width, y + height), degrees, (x, y))
    wide = expand(quad)
    upright, outer = turn(quad, -degrees, (x, y)).bounds, turn(wide, -degrees, (x, y)).bounds
    assert all(o <= i + 1e-6 for o, i in zip(outer[:2], upright[:2], strict=True))
    assert all(o >= i - 1e-6 for o, i in zip(outer[2:], upright[2:], strict=True))
    assert wide.height < quad.height * 1.2 + 3


def test_an_upright_box_is_a_slice() -> None:
    quad = Quad.box(20, 30, 80, 50)
    left, top, right, bottom = (int(v) for v in expand(quad).bounds)
    assert np.array_equal(crop(page(), quad), page()[top:bottom, left:right])


@given(st.lists(st.tuples(PLACES, PLACES), min_size=4, max_size=4))
def test_any_four_corners_give_a_strip(corners: list[tuple[float, float]]) -> None:
    quad = Quad.of(corners)
    strip = crop(page(), quad)
    assert strip.ndim == 2 and strip.dtype == np.uint8 and min(strip.shape) >= 1 and strip.shape[0] <= MAX_HEIGHT


@given(st.floats(-180, 180))
def test_a_turned_quad_is_cut_out_upright(degrees: float) -> None:
    """Columns of the strip lie where the quad's own corners say."""
    quad = turn(Quad.box(45, 40, 75, 60), degrees, (60, 50))
    strip, (a, b, _, d) = crop(page(), quad).astype(float), expand(quad).points
    rows, columns = strip.shape
    for row, column in ((0, 0), (rows // 2, columns // 3), (rows - 1, columns - 1)):
        u, v = (column + 0.5) / columns, (row + 0.5) / rows
        x = a[0] + (b[0] - a[0]) * u + (d[0] - a[0]) * v
        y = a[1] + (b[1] - a[1]) * u + (d[1] - a[1]) * v
        assert strip[row, column] == pytest.approx(x + y - 1, abs=1.5)


def test_beyond_the_page_its_edge_is_repeated() -> None:
    strip = crop(page(), Quad.box(-20, -20, 10, 10))
    assert (strip[:10, :10] == 0).all() and strip[-1, -1] > 0
    assert (crop(np.full((20, 20), 7, np.uint8), Quad.box(300, 300, 330, 310)) == 7).all()


def test_a_high_strip_is_sampled_down() -> None:
    strip = crop(np.full((2000, 4000), 99, np.uint8), Quad.box(100, 100, 3900, 1900))
    assert strip.shape[0] == MAX_HEIGHT and strip.shape[1] == pytest.approx(MAX_HEIGHT * 3900 / 1900, rel=0.1)
    assert (strip == 99).all()


@given(st.integers(1, 6000))
def test_the_bucket_is_the_smallest_that_holds(width: int) -> None:
    assert bucket(width) >= width
    if width <= BUCKETS[-1]:
        assert bucket(width) in BUCKETS and not any(width <= b < bucket(width) for b in BUCKETS)
    else:
        assert bucket(width) - width < 256


@given(st.integers(1, 6000))
def test_the_network_sees_the_text_and_a_little_ground(width: int) -> None:
    assert seen(width) % 8 == 0
    assert width + 8 <= seen(width) <= width + 15


def test_padding_is_white_and_on_the_right() -> None:
    strip = np.linspace(-0.5, 0.4, 32 * 50, dtype=np.float32).reshape(32, 50)
    padded = pad(strip)
    assert padded.shape == (32, 64) and padded.dtype == np.float32
    assert np.array_equal(padded[:, :50], strip) and (padded[:, 50:] == 0.5).all()
    assert pad(np.zeros((32, 64), np.float32)).shape == (32, 96)


@given(st.integers(1, 700), st.integers(1, 400), st.integers(0, 99))
def test_the_parts_make_the_strip_again(width: int, most: int, seed: int) -> None:
    strip = np.random.default_rng(seed).uniform(-0.5, 0.5, (32, width)).astype(np.float32)
    parts = split(strip, most)
    assert np.array_equal(np.concatenate(parts, axis=1), strip)
    assert all(1 <= part.shape[1] <= most for part in parts)


def test_a_strip_is_cut_in_its_gaps() -> None:
    """Characters of 24 columns, 8 columns of ground between them, and a wide gap near the middle."""
    strip = np.full((32, 960), 0.5, np.float32)
    for left in range(0, 960, 32):
        strip[4:28, left : left + 24] = -0.4
    strip[:, 448:480] = 0.5
    cut = split(strip, 640)[0].shape[1]
    assert 448 < cut < 480
    for part in split(strip, 100)[:-1]:
        assert (part[:, -1] == 0.5).all()


def test_a_part_has_a_column() -> None:
    with pytest.raises(ValueError, match="at least one column"):
        split(np.zeros((32, 10), np.float32), 0)
