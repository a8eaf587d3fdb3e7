"""What the network is to answer on a page: kernels of lines, and a threshold that rises towards their borders.

After Liao et al. 2020 (Real-time Scene Text Detection with Differentiable Binarization, section 3.4), with one change:
a line's border is drawn in by :data:`shizi.find.kernels.SHRINK` of its shorter side on all four sides, instead of by
area and perimeter. A rectangle's kernel then is a rectangle whose own shorter side tells how far to go back, exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from shizi.find.kernels import SHRINK
from shizi.learn.finder.ink import Points
from shizi.learn.finder.sheet import TextLine

Map = NDArray[np.float32]

LOW, HIGH = 0.3, 0.7
"""The threshold away from lines and on their borders."""
LEAST = 3.0
"""Lines lower than this on the map's own page, pixels, are neither wanted nor wrong."""
TYPICAL = 8.0
"""Height of a kernel, cells, whose pixels weigh 1; those of lower ones weigh more, of higher ones less."""
_SHIFT = 4  # bits of a fraction of a cell that cv2.fillPoly is given


@dataclass(frozen=True, eq=False)
class Targets:
    """Maps (H, W) of float32.

    ``kernel`` 1 in a line's kernel; ``weight`` 0 where nothing is asked; ``threshold`` and ``border``, 1 where the
    threshold is asked for; ``vertical`` 1 in kernels of text that runs downwards.
    """

    kernel: Map
    weight: Map
    threshold: Map
    border: Map
    vertical: Map

    def stack(self) -> Map:
        """(5, H, W) in the order above."""
        return np.stack([self.kernel, self.weight, self.threshold, self.border, self.vertical])


def offset(outline: Points, distance: float) -> Points:
    """An outline drawn in by ``distance`` on its two edges and its two ends; a negative one widens it."""
    n = len(outline) // 2
    upper, lower = outline[:n], outline[: n - 1 : -1]
    across = lower - upper
    across /= np.maximum(np.linalg.norm(across, axis=1, keepdims=True), 1e-6)
    upper, lower = upper + distance * across, lower - distance * across
    return np.concatenate([_drawn_in(upper, distance), _drawn_in(lower, distance)[::-1]])


def _drawn_in(edge: Points, distance: float) -> Points:
    """A polyline shortened by ``distance`` at both ends, by moving points along it."""
    steps = np.linalg.norm(np.diff(edge, axis=0), axis=1)
    along = np.concatenate([[0], np.cumsum(steps)])
    total = along[-1]
    if total < 1e-6:
        return edge
    if distance >= 0:
        near = min(distance, 0.5 * total - 1e-3)
        at = np.clip(along, near, total - near)
        return np.column_stack([np.interp(at, along, edge[:, 0]), np.interp(at, along, edge[:, 1])]).astype(np.float32)
    made = edge.copy()
    made[0] += (edge[0] - edge[1]) / max(steps[0], 1e-6) * -distance
    made[-1] += (edge[-1] - edge[-2]) / max(steps[-1], 1e-6) * -distance
    return made


def shorter(outline: Points) -> float:
    """The shorter of a line's height and length, pixels."""
    n = len(outline) // 2
    upper, lower = outline[:n], outline[: n - 1 : -1]
    high = float(np.linalg.norm(upper - lower, axis=1).mean())
    long = float(np.linalg.norm(np.diff((upper + lower) / 2, axis=0), axis=1).sum())
    return min(high, long)


def targets(lines: Sequence[TextLine], size: tuple[int, int], cell: int) -> Targets:
    """The maps for a page of ``size`` (width, height) pixels, one value for each square of ``cell`` pixels."""
    columns, rows = size[0] // cell, size[1] // cell
    kernel, vertical, border = (np.zeros((rows, columns), np.uint8) for _ in range(3))
    edges, reach = np.full((rows, columns), 255, np.uint8), np.zeros((rows, columns), np.float32)
    weight = np.ones((rows, columns), np.float32)
    for line in lines:
        side = shorter(line.outline)
        if line.ignore or side < LEAST:
            _fill(weight, offset(line.outline, -0.1 * side), cell, 0.0)
    for line in lines:
        side = shorter(line.outline)
        if line.ignore or side < LEAST:
            continue
        _fill(border, offset(line.outline, -SHRINK * side), cell, 1)
        _fill(reach, offset(line.outline, -SHRINK * side), cell, max(1.0, SHRINK * side / cell))
        # fillPoly paints each cell that the edge runs through: half a cell more on each side, in the mean
        inner = offset(line.outline, SHRINK * side + 0.5 * cell)
        _fill(kernel, inner, cell, 1)
        _fill(weight, inner, cell, float(np.clip(TYPICAL * cell / (2 * side), 0.25, 4.0)))
        if line.vertical:
            _fill(vertical, inner, cell, 1)
        cv2.polylines(edges, [_fixed(line.outline, cell)], True, 0, 1, shift=_SHIFT)
    border[weight == 0] = 0
    far = cv2.distanceTransform(edges, cv2.DIST_L2, 3) / np.maximum(reach, 1.0)
    threshold = (LOW + (HIGH - LOW) * np.clip(1 - far, 0, 1)) * (reach > 0) + LOW * (reach == 0)
    maps = (kernel, weight, threshold, border, vertical)
    return Targets(*(made.astype(np.float32) for made in maps))


def _fixed(outline: Points, cell: int) -> NDArray[np.int32]:
    """Cells in fixed point; cell (0, 0) has its centre at half a cell."""
    return np.round((outline / cell - 0.5) * (1 << _SHIFT)).astype(np.int32)


def _fill(canvas: NDArray[np.uint8] | Map, outline: Points, cell: int, value: float) -> None:
    cv2.fillPoly(canvas, [_fixed(outline, cell)], value, shift=_SHIFT)
