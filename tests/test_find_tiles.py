"""Maps put together from tiles are those of the whole page."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from shizi.find.tiles import STEP, spans, stitched

CELL = 2


def seen(page: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Maps that look 31 pixels far, one of them at the whole page's own grid of 32."""
    blurred = cv2.blur(page, (61, 61), borderType=cv2.BORDER_REPLICATE)
    blocks = page.reshape(page.shape[0] // STEP, STEP, -1, STEP).max(axis=(1, 3)).repeat(STEP, 0).repeat(STEP, 1)
    return np.stack([blurred, blocks])[:, ::CELL, ::CELL]


@given(st.integers(1, 40), st.integers(3, 20), st.integers(0, 1))
def test_own_parts_cover_all_and_never_overlap(steps: int, tile: int, margin: int) -> None:
    made = list(spans(steps * STEP, tile * STEP, margin * STEP))
    assert made[0].own_start == 0
    assert made[-1].own_stop == steps * STEP
    for one, following in pairwise(made):
        assert one.own_stop == following.own_start
    for one in made:
        assert one.stop - one.start <= tile * STEP
        assert all(value % STEP == 0 for value in one)
        # a margin on both sides, unless the page ends there
        assert one.own_start - one.start == min(margin * STEP, one.own_start) or len(made) == 1
        assert one.stop - one.own_stop == min(margin * STEP, steps * STEP - one.own_stop) or len(made) == 1


@given(st.integers(1, 400), st.integers(1, 400), st.integers(3, 6), st.integers(0, 2**32 - 1))
def test_tiles_merge_exactly(width: int, height: int, tile: int, seed: int) -> None:
    page = np.random.default_rng(seed).integers(0, 256, (height, width), dtype=np.uint8)
    whole = stitched(seen, page, cell=CELL, tile=4096, margin=STEP)
    parts = stitched(seen, page, cell=CELL, tile=tile * STEP, margin=STEP)
    assert whole.shape == (2, -(-height // CELL), -(-width // CELL))
    np.testing.assert_array_equal(parts, whole)


@pytest.mark.parametrize("size", [(20_000, 1_080), (300, 30_000)])
def test_no_tile_is_larger_than_it_may_be(size: tuple[int, int]) -> None:
    sizes = []

    def run(tile: NDArray[np.uint8]) -> NDArray[np.uint8]:
        sizes.append(tile.shape)
        return tile[np.newaxis, ::CELL, ::CELL]

    page = np.zeros(size, np.uint8)
    page[-1, -1] = 200
    made = stitched(run, page, cell=CELL, tile=256, margin=32)
    assert max(max(shape) for shape in sizes) <= 256
    assert made.shape == (1, size[0] // CELL, size[1] // CELL)
