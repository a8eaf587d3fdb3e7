"""Cutting a line out of its page, and a strip into the widths that the network is fed.

Corners are edges of pixels: a box from 0 to 3 covers the pixels 0, 1 and 2, whose centres lie at 0.5, 1.5 and 2.5.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from shizi.types import Quad

Pixels = NDArray[np.uint8]
Strip = NDArray[np.float32]

BUCKETS: tuple[int, ...] = (*range(32, 321, 32), 384, 448, 512, 640, 768, 896, 1024, 1280, 1536, 1792, 2048)
"""Widths that strips are padded to, pixels, so that strips of like width can be read together, on several threads."""

ABOVE = 0.08
"""Added above and below a line, as a share of its height: strokes and antialiasing reach over a finder's box."""
BESIDE = 0.12
"""Added left and right of a line, as a share of its height."""
BATCH_COLUMNS = 2048
"""Columns of strips that go through the network together: their logits take 21 MB."""
MAX_HEIGHT = 256
"""Strips higher than this are sampled down, pixels: the network sees an eighth of it."""

_GROUND = 0.5  # the value of white paper after clean.network_input
_ROOM = 8  # columns of ground behind a text at least: with less the network overlooks the stop that ends it
_STEP = 256  # between the buckets beyond the last


def expand(quad: Quad) -> Quad:
    """The quad that :func:`crop` cuts out for ``quad``: its margins added, which grow with the line's height.

    Where the quad is an upright box the result has whole corners, so that a column of the strip is one of the page.
    """
    down, right = ABOVE * quad.height, BESIDE * quad.height
    if _is_box(quad):
        x0, y0, x1, y1 = quad.bounds
        left, top = math.floor(x0 - right), math.floor(y0 - down)
        return Quad.box(left, top, max(left + 1, math.ceil(x1 + right)), max(top + 1, math.ceil(y1 + down)))
    a, b, c, d = np.asarray(quad.points)
    along, across = _unit(b - a + c - d) * right, _unit(d - a + c - b) * down
    return Quad.of((a - along - across, b + along - across, c + along + across, d - along + across))


def crop(page: Pixels, quad: Quad) -> Pixels:
    """Cut ``expand(quad)`` out of a (H, W) or (H, W, 3) page, made upright, at the page's own resolution.

    Beyond the page its edge is repeated. A strip has at least one pixel and at most :data:`MAX_HEIGHT` rows.
    """
    out = expand(quad)
    strip = _slice(page, out) if _is_box(out) else _warp(page, out)
    rows, columns = strip.shape[:2]
    if rows > MAX_HEIGHT:
        size = (max(1, round(columns * MAX_HEIGHT / rows)), MAX_HEIGHT)
        strip = cv2.resize(strip, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
    return strip


def bucket(width: int) -> int:
    """The smallest bucket that holds ``width`` columns; beyond the last one, a multiple of 256."""
    return next((b for b in BUCKETS if b >= width), -(-width // _STEP) * _STEP)


def seen(width: int) -> int:
    """Columns of a padded strip that the network is to see, a multiple of 8: the ``width`` of the text and 8 to 15
    more. To see more ground costs time and changes nothing.
    """
    return -(-width // 8) * 8 + _ROOM


def pad(strip: Strip) -> Strip:
    """(32, W) -> (32, bucket(seen(W))): white ground added on the right."""
    rows, columns = strip.shape
    out = np.full((rows, bucket(seen(columns))), _GROUND, np.float32)
    out[:, :columns] = strip
    return out


def split(strip: Strip, max_width: int) -> list[Strip]:
    """Cut a (32, W) strip into parts of at most ``max_width`` columns; side by side they are the strip again.

    The cuts part it about evenly and fall where the columns, looked at a few together, hold the least ink.
    """
    if max_width < 1:
        raise ValueError(f"a part has at least one column, not {max_width}")
    rows, width = strip.shape
    ink = np.convolve(_GROUND - strip.mean(axis=0), np.ones(max(1, rows // 4)), mode="same")[:width]
    parts, start = [], 0
    while width - start > max_width:
        left = width - start
        even = left / math.ceil(left / max_width)
        low = start + max(1, math.floor(even - max_width / 4))
        high = start + min(max_width, math.ceil(even + max_width / 4))
        window = ink[low : high + 1]
        # of equally empty places, the middle one: the centre of a gap
        best = np.flatnonzero(window <= window.min() + 1e-6)
        cut = low + int(best[len(best) // 2])
        parts.append(strip[:, start:cut])
        start = cut
    return [*parts, strip[:, start:]]


def _is_box(quad: Quad) -> bool:
    """Upright, its first corner the top left one; half a hundredth of a pixel counts as nothing."""
    x0, y0, x1, y1 = quad.bounds
    corners = (x0, y0), (x1, y0), (x1, y1), (x0, y1)
    return all(abs(x - u) <= 0.005 >= abs(y - v) for (x, y), (u, v) in zip(quad.points, corners, strict=True))


def _unit(vector: NDArray[np.float64]) -> NDArray[np.float64]:
    length = float(np.hypot(*vector))
    return vector / length if length > 0 else vector


def _slice(page: Pixels, quad: Quad) -> Pixels:
    rows, columns = page.shape[:2]
    left, top, right, bottom = (int(v) for v in quad.bounds)
    if min(left, top) >= 0 and right <= columns and bottom <= rows:
        return page[top:bottom, left:right]
    ys, xs = np.arange(top, bottom).clip(0, rows - 1), np.arange(left, right).clip(0, columns - 1)
    strip: Pixels = page[np.ix_(ys, xs)]
    return strip


def _warp(page: Pixels, quad: Quad) -> Pixels:
    width, height = max(1, round(quad.width)), max(1, round(quad.height))
    # OpenCV counts from the centre of the first pixel
    source = np.asarray(quad.points, np.float32) - 0.5
    target = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32) - 0.5
    matrix = cv2.getPerspectiveTransform(source, target)
    made = cv2.warpPerspective(page, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return made.astype(np.uint8, copy=False)


class Part(NamedTuple):
    """A piece of strip number ``at`` that starts at its column ``left``."""

    at: int
    left: int
    strip: Strip


def parts(strips: Iterable[Strip], max_width: int) -> Iterator[Part]:
    """Each (32, W) strip, in one piece or as :func:`split` cuts it."""
    for at, strip in enumerate(strips):
        left = 0
        for piece in split(strip, max_width):
            yield Part(at, left, piece)
            left += piece.shape[1]


def batches(many: Iterable[Part], size: int) -> Iterator[list[Part]]:
    """Parts of one bucket together, ``size`` at most and :data:`BATCH_COLUMNS` columns at most."""

    def width(part: Part) -> int:
        return bucket(seen(part.strip.shape[1]))

    for columns, group in groupby(sorted(many, key=width), key=width):
        alike = list(group)
        # a step of the network is a row of thousands of floats: wide strips go in smaller company
        count = max(1, min(size, BATCH_COLUMNS // columns))
        yield from (alike[start : start + count] for start in range(0, len(alike), count))
