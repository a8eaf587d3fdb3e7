"""A map of a page of any size, made tile by tile in bounded memory and put together before anything is looked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

STEP = 32
"""Tiles start at multiples of this: what lies under a cell of the deepest features is the same in all of them."""
TILE = 1280
"""Longest side of a tile, pixels."""
MARGIN = 64
"""Pixels of a tile beside its own part, beyond which nothing is seen."""

Grey = NDArray[np.uint8]
Maps = NDArray[np.uint8]


class Span(NamedTuple):
    """A tile along one axis, pixels: what it sees, and the part that is its own."""

    start: int
    stop: int
    own_start: int
    own_stop: int


def spans(length: int, tile: int = TILE, margin: int = MARGIN) -> Iterator[Span]:
    """Tiles that cover ``length`` pixels, a multiple of :data:`STEP`; their own parts do so without overlap."""
    if length <= tile:
        yield Span(0, length, 0, length)
        return
    own = tile - 2 * margin
    for start in range(0, length, own):
        stop = min(length, start + own)
        yield Span(max(0, start - margin), min(length, stop + margin), start, stop)


def stitched(run: Callable[[Grey], Maps], page: Grey, *, cell: int, tile: int = TILE, margin: int = MARGIN) -> Maps:
    """(C, H / cell, W / cell) maps of a (H, W) page from those of its tiles.

    Every cell comes from the one tile that it belongs to, so that wherever ``run`` looks no further than ``margin`` the
    result is what it would make of the whole page.

    Args:
        run: (h, w) with sides that are multiples of :data:`STEP` -> (C, h / cell, w / cell).
        page: of any size; its right and lower edge are repeated where a side is no multiple of :data:`STEP`.
        cell: pixels of a side of a cell, a divisor of :data:`STEP`.
        tile: longest side that ``run`` is given, a multiple of :data:`STEP`.
        margin: likewise, less than half of ``tile``.
    """
    height, width = page.shape
    rows, columns = (-(-side // STEP) * STEP for side in page.shape)
    made: Maps | None = None
    for down in spans(rows, tile, margin):
        for right in spans(columns, tile, margin):
            seen = page[down.start : down.stop, right.start : right.stop]
            missing = (down.stop - down.start - seen.shape[0], right.stop - right.start - seen.shape[1])
            if any(missing):
                seen = np.pad(seen, ((0, missing[0]), (0, missing[1])), mode="edge")
            part = run(seen)
            if made is None:
                made = np.zeros((part.shape[0], rows // cell, columns // cell), part.dtype)
            own_rows = slice((down.own_start - down.start) // cell, (down.own_stop - down.start) // cell)
            own_columns = slice((right.own_start - right.start) // cell, (right.own_stop - right.start) // cell)
            made[
                :, down.own_start // cell : down.own_stop // cell, right.own_start // cell : right.own_stop // cell
            ] = part[:, own_rows, own_columns]
    assert made is not None
    return made[:, : -(-height // cell), : -(-width // cell)]
