"""A canvas of grey values that lines are put on, and that can be laid on another in perspective."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from shizi.learn.finder.ink import Drawn, Mask, Points

Canvas = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class TextLine:
    """A line on a page: see :mod:`shizi.learn.finder.ink` for its outline. What is to be ignored teaches nothing."""

    outline: Points
    vertical: bool = False
    ignore: bool = False

    def moved(self, matrix: NDArray[np.float64]) -> TextLine:
        """With its outline mapped by a (3, 3) matrix."""
        points = cv2.perspectiveTransform(self.outline[None].astype(np.float64), matrix)[0]
        return TextLine(points.astype(np.float32), self.vertical, self.ignore)

    @property
    def height(self) -> float:
        """Mean distance of its two edges, pixels; for vertical text its columns' width."""
        n = len(self.outline) // 2
        return float(np.linalg.norm(self.outline[:n] - self.outline[: n - 1 : -1], axis=1).mean())


@dataclass(eq=False)
class Sheet:
    """``grey`` (H, W) float32 in [0, 255], changed in place; ``lines`` in its pixels."""

    grey: Canvas
    lines: list[TextLine] = field(default_factory=list)
    taken: list[tuple[float, float, float, float]] = field(default_factory=list)
    """Boxes (left, top, right, bottom) that :meth:`free` keeps clear."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.grey.shape[1], self.grey.shape[0]

    def blend(self, mask: Mask, x: int, y: int, ink: float | Canvas) -> None:
        """Cover with ``ink``, one grey or one for each pixel, where the mask is 255; its corner lies at (x, y)."""
        rows, columns = self.grey.shape
        x0, y0, x1, y1 = max(0, x), max(0, y), min(columns, x + mask.shape[1]), min(rows, y + mask.shape[0])
        if x0 >= x1 or y0 >= y1:
            return
        part = self.grey[y0:y1, x0:x1]
        alpha = mask[y0 - y : y1 - y, x0 - x : x1 - x].astype(np.float32) / 255
        if isinstance(ink, np.ndarray):
            ink = ink[y0 - y : y1 - y, x0 - x : x1 - x]
        part += alpha * (ink - part)

    def put(self, drawn: Drawn, x: float, y: float, ink: float | Canvas, *, ignore: bool = False) -> None:
        """Put a line, the top left corner of its outline's box at (x, y). What sticks out of the sheet is ignored."""
        low, high = drawn.outline.min(axis=0), drawn.outline.max(axis=0)
        shift = np.round(np.array((x, y), np.float32) - low)
        self.blend(drawn.mask, int(shift[0]), int(shift[1]), ink)
        box = (*(low + shift), *(high + shift))
        out = box[0] < 0 or box[1] < 0 or box[2] > self.size[0] or box[3] > self.size[1]
        ignore = ignore or drawn.silent or bool(out)
        self.lines.append(TextLine(drawn.outline + shift, drawn.vertical, ignore))
        self.taken.append(tuple(float(v) for v in box))  # type: ignore[arg-type]

    def free(self, box: tuple[float, float, float, float], margin: float) -> bool:
        """Is the box, widened by ``margin``, inside the sheet and clear of what was put there?"""
        a, b, c, d = box[0] - margin, box[1] - margin, box[2] + margin, box[3] + margin
        if box[0] < 0 or box[1] < 0 or box[2] > self.size[0] or box[3] > self.size[1]:
            return False
        return all(c <= x0 or x1 <= a or d <= y0 or y1 <= b for x0, y0, x1, y1 in self.taken)

    def lay(self, other: Sheet, corners: Sequence[Sequence[float]], *, shadow: float = 0.0) -> None:
        """Lay ``other`` so that its corners come to ``corners`` (from its top left, clockwise); it covers lines below.

        ``shadow`` darkens around it, 0 to 1.
        """
        width, height = other.size
        source = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
        matrix = np.asarray(cv2.getPerspectiveTransform(source, np.asarray(corners, np.float32)), np.float64)
        reach = 0.03 * max(self.size) if shadow else 0.0
        low, high = np.min(corners, axis=0), np.max(corners, axis=0)
        x0, y0 = (max(0, int(v - reach)) for v in low)
        x1, y1 = (min(most, int(v + reach) + 2) for v, most in zip(high, self.size, strict=True))
        if x0 >= x1 or y0 >= y1:
            return
        here = np.array([(1, 0, -x0), (0, 1, -y0), (0, 0, 1)], np.float64) @ matrix
        part, size = self.grey[y0:y1, x0:x1], (x1 - x0, y1 - y0)
        alpha = np.asarray(cv2.warpPerspective(np.full(other.grey.shape, 255, np.uint8), here, size), np.uint8)
        if shadow:
            part *= 1 - shadow / 255 * cv2.blur(alpha, (int(reach) | 1,) * 2).astype(np.float32)
        picture = cv2.warpPerspective(other.grey, here, size)
        part += alpha.astype(np.float32) / 255 * (picture - part)
        alpha = np.pad(alpha, ((y0, self.size[1] - y1), (x0, self.size[0] - x1)))
        self.lines = [seen for line in self.lines if (seen := _beneath(alpha, line))]
        self.lines += [line.moved(matrix) for line in other.lines]
        self.taken.append((float(low[0]), float(low[1]), float(high[0]), float(high[1])))

    def cropped(self) -> Sheet:
        """Without lines that lie off the sheet; those that are cut by its edge are ignored."""
        box = np.array(self.size, np.float32)
        kept = []
        for line in self.lines:
            low, high = line.outline.min(axis=0), line.outline.max(axis=0)
            if (high <= 1).any() or (low >= box - 1).any():
                continue
            cut = bool((low < -2).any() or (high > box + 2).any())
            kept.append(TextLine(line.outline, line.vertical, line.ignore or cut))
        return Sheet(np.clip(self.grey, 0, 255), kept)


def _beneath(alpha: Mask, line: TextLine) -> TextLine | None:
    """What is left of a line when a sheet is laid on it: nothing, or something that nobody has to find."""
    points = line.outline.round().astype(np.intp)
    inside = (points >= 0).all(axis=1) & (points < (alpha.shape[1], alpha.shape[0])).all(axis=1)
    hidden = alpha[points[inside, 1], points[inside, 0]] > 0
    if not hidden.any():
        return line
    return None if hidden.all() and inside.all() else TextLine(line.outline, line.vertical, ignore=True)
