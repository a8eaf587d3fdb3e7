"""Lines that lie aslant, as the names of stations on a map and marks across a picture do.

The network has learned from lines that lean a little. Where several lean more, and alike, the page is looked at once
more, turned so that they lie level.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from shizi.find.found import Candidate
from shizi.types import Quad

LEAST, MOST = 20.0, 70.0
"""Degrees by which lines lean; others are level, or upright."""
LONG = 1.6
"""Length of a line, in its heights, from which it says by how much it leans."""
ALIKE, SEVERAL = 8.0, 3
"""Degrees that leaning lines are apart at most, and how many there are at least."""
LEVEL = 12.0
"""Degrees that a line leans at most on the turned page."""
SHARED = 0.3
"""Of the smaller one's area, that two lines have in common which are not both there."""

Grey = NDArray[np.uint8]


def lean(lines: Sequence[Candidate], least: float) -> float | None:
    """By how many degrees, clockwise, several lines with a score of ``least`` or more lean alike; None: no such."""
    known = np.sort([_degrees(one.quad) for one in lines if one.score >= least and _length(one.quad) >= LONG])
    leaning = known[(np.abs(known) >= LEAST) & (np.abs(known) <= MOST)]
    first = np.searchsorted(leaning, leaning - ALIKE)
    last = np.searchsorted(leaning, leaning + ALIKE, "right")
    count = last - first
    if count.max(initial=0) < SEVERAL:
        return None
    best = int(count.argmax())
    return float(np.median(leaning[first[best] : last[best]]))


def seen(
    page: Grey, degrees: float, ratio: float, most: float, look: Callable[[Grey], Sequence[Candidate]]
) -> list[Candidate]:
    """The lines of a (H, W) page that lean by so many degrees clockwise, as it is seen when they lie level.

    ``look`` is given the page turned, ``ratio`` times as large, or so large that it has about ``most`` pixels then.
    """
    across, down = abs(math.cos(math.radians(degrees))), abs(math.sin(math.radians(degrees)))
    high, wide = page.shape
    ratio = min(1.0, ratio, math.sqrt(most / ((wide * across + high * down) * (wide * down + high * across))))
    height, width = (max(1, round(side * ratio)) for side in page.shape)
    scale = np.array((page.shape[1] / width, page.shape[0] / height))
    small = page if ratio >= 1 else cv2.resize(page, (width, height), interpolation=cv2.INTER_AREA)
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    size = np.abs(turn[:, :2]) @ np.array((width, height))
    turn[:, 2] += (size - np.array((width, height))) / 2
    ground = float(np.median(small))
    turned = cv2.warpAffine(small, turn, np.ceil(size).astype(int).tolist(), borderValue=ground)
    back = cv2.invertAffineTransform(turn)
    level = [one for one in look(np.asarray(turned, np.uint8)) if abs(_degrees(one.quad)) <= LEVEL and not one.vertical]
    quads = ((np.asarray(one.quad.points) @ back[:, :2].T + back[:, 2]) * scale for one in level)
    return [Candidate(Quad.of(quad), score=one.score) for one, quad in zip(level, quads, strict=True)]


def joined(lines: Sequence[Candidate], slanted: Sequence[Candidate], least: float) -> list[Candidate]:
    """Lines of a page and those that were seen when it was turned, each where it is seen better.

    A ``slanted`` one gives way to a level one that is no mere piece, and all others give way to it.
    """
    level = [one for one in lines if one.score >= least and _length(one.quad) >= LONG and not _leans(one.quad)]
    new = _clear([one for one in slanted if one.score >= least], level)
    clear = {*level, *_clear(lines, new)}
    return [*(one for one in lines if one in clear), *new]


def _clear(lines: Sequence[Candidate], others: Sequence[Candidate]) -> list[Candidate]:
    """Those that share no more than a little with one of the others."""
    bounds = np.array([one.quad.bounds for one in others], np.float64).reshape(-1, 4)
    shapes = [np.asarray(one.quad.points, np.float32) for one in others]
    areas = [one.quad.width * one.quad.height for one in others]

    def is_clear(quad: Quad) -> bool:
        left, top, right, bottom = quad.bounds
        near = (bounds[:, 0] < right) & (bounds[:, 2] > left) & (bounds[:, 1] < bottom) & (bounds[:, 3] > top)
        shape, area = np.asarray(quad.points, np.float32), quad.width * quad.height
        return not any(
            cv2.intersectConvexConvex(shape, shapes[at])[0] > SHARED * min(area, areas[at])
            for at in np.flatnonzero(near).tolist()
        )

    return [one for one in lines if is_clear(one.quad)]


def _leans(quad: Quad) -> bool:
    return LEAST <= abs(_degrees(quad)) <= MOST


def _length(quad: Quad) -> float:
    """In its heights."""
    return max(quad.width, quad.height) / max(min(quad.width, quad.height), 1e-9)


def _degrees(quad: Quad) -> float:
    """By how much its longer sides lean, clockwise, above -90 and at most 90."""
    first, second, _, last = quad.points
    end = second if quad.width >= quad.height else last
    degrees = math.degrees(math.atan2(end[1] - first[1], end[0] - first[0]))
    return 90 - (90 - degrees) % 180
