"""From the maps of a learned finder to lines: what was drawn in for training is let out again, exactly.

A line's *kernel* is its rectangle drawn in by :data:`SHRINK` of its shorter side on all four sides, so that lines that
touch have kernels that do not. The kernel of a rectangle is a rectangle, and its own shorter side tells how far its
border lies: no polygon has to be offset.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from shizi.find.found import Candidate
from shizi.types import Quad

SHRINK = 0.25
"""By how much of its shorter side a line's border is drawn in, on all sides, to make its kernel."""
LEAST_CELLS = 3
"""Kernels of fewer cells are specks."""
UPRIGHT = 1.25
"""A line is level where that makes it at most so many times as large: a short kernel hardly tells its angle."""
TALL = 1.5
"""Times as high as wide: text that runs downwards, if the map of directions says so, is at least so tall."""
COLUMN = 3.5
"""Times as high as wide: no single character is so tall. It is a column, or a row of a page that lies on its side,
which reading tells apart; the map of directions is in two minds about the latter."""

Map = NDArray[np.uint8]
Pair = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Maps:
    """Two maps (H, W): probabilities, 255 for 1, that a cell lies in a kernel, and that text there runs downwards."""

    kernel: Map
    down: Map


def lines(maps: Maps, cell: float, threshold: float, widest: float = np.inf) -> list[Candidate]:
    """The lines whose kernels stand on the maps, one for each region of cells of at least ``threshold``.

    Args:
        maps: the answers of the network.
        cell: side of the square that a cell stands for, pixels of the result.
        threshold: in [0, 1].
        widest: width of a region at most, in its heights.
    """
    inside = (maps.kernel >= round(255 * threshold)).astype(np.uint8)
    # two levels: regions, and the holes in them, in which other regions may lie
    contours, tree = cv2.findContours(inside, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    if tree is None:
        return []
    made = []
    for contour, (_, _, _, parent) in zip(contours, tree[0], strict=True):
        if parent < 0:
            line = _line(np.asarray(contour, np.int32), maps, cell, widest)
            if line is not None:
                made.append(line)
    return made


def _line(contour: NDArray[np.int32], maps: Maps, cell: float, widest: float) -> Candidate | None:
    left, top, wide, high = cv2.boundingRect(contour)
    if wide > widest * high:
        return None
    mask = np.zeros((high, wide), np.uint8)
    cv2.drawContours(mask, [contour], 0, 1, -1, offset=(-left, -top))
    part = np.s_[top : top + high, left : left + wide]
    count = int(mask.sum())
    if count < LEAST_CELLS:
        return None
    inside = mask > 0
    score = float(maps.kernel[part][inside].mean()) / 255
    downwards = float(maps.down[part][inside].mean()) / 255
    centre: Pair
    size: Pair
    (centre, size, angle) = cv2.minAreaRect(contour)  # type: ignore[assignment]  # pairs, which OpenCV calls sequences
    # a contour runs through the centres of cells: half a cell is missing on each side
    size = size[0] + 1, size[1] + 1
    thickness = min(count / max(size), *size)
    grow = 2 * SHRINK / (1 - 2 * SHRINK) * thickness
    if (wide + grow) * (high + grow) <= UPRIGHT * (size[0] + grow) * (size[1] + grow):
        centre, size, angle = (left + (wide - 1) / 2, top + (high - 1) / 2), (wide, high), 0.0
    corners = unclipped(centre, size, angle, thickness)
    quad = Quad.of((corners + 0.5) * cell)
    tall = quad.height / max(quad.width, 1e-9)
    return Candidate(quad, vertical=tall >= COLUMN or (downwards >= 0.5 and tall >= TALL), score=score)


def unclipped(centre: Pair, size: Pair, angle: float, thickness: float | None = None) -> NDArray[np.float64]:
    """(4, 2) corners of the line whose kernel is the rectangle of ``centre``, ``size`` and ``angle`` in degrees.

    They run clockwise, and the side from the first to the second is the one that points most nearly to the right.
    ``thickness``, by default the shorter of the sizes, is the mean one where the kernel is bent.
    """
    shortest = min(size) if thickness is None else min(thickness, *size)
    grow = 2 * SHRINK / (1 - 2 * SHRINK) * shortest
    half = (np.array(size) + grow) / 2
    turn = np.radians(angle)
    along, across = np.array((np.cos(turn), np.sin(turn))), np.array((-np.sin(turn), np.cos(turn)))
    signs = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)])
    corners = np.array(centre) + signs[:, :1] * half[0] * along + signs[:, 1:] * half[1] * across
    edges = np.roll(corners, -1, axis=0) - corners
    first = int(np.argmax(edges[:, 0] / np.maximum(np.hypot(*edges.T), 1e-9)))
    made: NDArray[np.float64] = np.roll(corners, -first, axis=0)
    return made
