"""A piece of a page as a camera, a scanner or a screen shows it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from shizi.learn.finder.ink import Mask
from shizi.learn.finder.sheet import TextLine
from shizi.learn.synth.text import Random

HEIGHTS = (8.0, 110.0)
"""Height that a line of the piece is brought to, pixels, small ones as likely as large ones by their logarithm."""
HORIZON = 0.1
"""Distance from the eye below which nothing of a page is looked at, for one of 1 in the middle of the view."""


def piece(
    page: tuple[Mask, list[TextLine]], rng: Random, side: int, other: Callable[[], Mask]
) -> tuple[NDArray[np.uint8], list[TextLine]]:
    """(side, side) of a page, and its lines there. ``other`` gives what is seen beyond the page's edge."""
    grey, lines = page
    matrix = _view(rng, grey.shape, lines, side)
    made = _seen(grey, matrix, side)
    if rng.random() < 0.5:
        beyond = cv2.resize(other(), (side, side), interpolation=cv2.INTER_AREA)
    else:
        beyond = np.full((side, side), rng.integers(256), np.uint8)
    covered = cv2.warpPerspective(np.full(grey.shape, 255, np.uint8), matrix, (side, side), flags=cv2.INTER_NEAREST)
    made = np.where(covered > 0, made, beyond).astype(np.uint8)
    return degraded(made, rng), _inside([line.moved(matrix) for line in lines if _in_front(line, matrix)], side)


def _in_front(line: TextLine, matrix: NDArray[np.float64]) -> bool:
    """Does a line lie before the eye? What is far out on a page seen from aside lies at the horizon, or beyond it."""
    return float((line.outline @ matrix[2, :2] + matrix[2, 2]).min()) > HORIZON


def _view(rng: Random, shape: Sequence[int], lines: Sequence[TextLine], side: int) -> NDArray[np.float64]:
    """From the page's pixels to the piece's: scaled around one of its lines, turned, seen from aside."""
    wanted = [line for line in lines if not line.ignore and line.height > 2]
    centre = rng.uniform(0, 1, 2) * (shape[1], shape[0])
    scale = float(np.exp(rng.uniform(np.log(0.4), np.log(1.5))))
    if wanted and rng.random() < 0.85:
        line = wanted[int(rng.integers(len(wanted)))]
        n = len(line.outline) // 2
        at = int(rng.integers(n))
        centre = (line.outline[at] + line.outline[-1 - at]) / 2
        target = float(np.exp(rng.uniform(*np.log(HEIGHTS))))
        scale = float(np.clip(target / line.height, 0.4, 2.5))
    angle = rng.normal(0, 3) if rng.random() < 0.7 else rng.normal(0, 12)
    turn = rng.random()
    angle += 90 * float(rng.integers(1, 4)) if turn < 0.1 else 0.0
    radians = np.radians(angle)
    stretch = float(np.exp(rng.normal(0, 0.08)))
    rotation = np.array([(np.cos(radians), -np.sin(radians)), (np.sin(radians), np.cos(radians))])
    linear = scale * rotation @ np.diag((stretch, 1 / stretch))
    place = rng.uniform(0.1, 0.9, 2) * side
    matrix = np.eye(3)
    matrix[:2, :2] = linear
    matrix[:2, 2] = place - linear @ centre
    if rng.random() < 0.3:
        tilt = np.eye(3)
        tilt[2, :2] = rng.normal(0, 0.15 / side, 2)
        matrix = tilt @ matrix
    return _filled(matrix, shape, side) if rng.random() < 0.8 else matrix


def _filled(matrix: NDArray[np.float64], shape: Sequence[int], side: int) -> NDArray[np.float64]:
    """Moved so that the page fills the piece, along each axis on which it is large enough."""
    corners = np.array([(0, 0), (shape[1], 0), (shape[1], shape[0]), (0, shape[0])], np.float64)
    seen = cv2.perspectiveTransform(corners[None], matrix)[0]
    low, high = seen.min(axis=0), seen.max(axis=0)
    move = np.eye(3)
    for axis in (0, 1):
        if high[axis] - low[axis] >= side:
            move[axis, 2] = min(max(0.0, side - high[axis]), -low[axis])
    return move @ matrix


def _seen(grey: Mask, matrix: NDArray[np.float64], side: int) -> NDArray[np.uint8]:
    """The page through ``matrix``; averaged down first where it is seen small."""
    scale = float(np.sqrt(abs(np.linalg.det(matrix[:2, :2]))))
    if scale < 0.7:
        small = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        back = np.diag((grey.shape[1] / small.shape[1], grey.shape[0] / small.shape[0], 1.0))
        grey, matrix = np.asarray(small, np.uint8), matrix @ back
    return cv2.warpPerspective(grey, matrix, (side, side)).astype(np.uint8, copy=False)


def _inside(lines: Sequence[TextLine], side: int) -> list[TextLine]:
    """Lines that can be seen. A straight one is cut at the piece's edge; a bent one that is cut is ignored."""
    made = []
    for line in lines:
        low, high = line.outline.min(axis=0), line.outline.max(axis=0)
        if (high <= 0).any() or (low >= side).any() or not np.isfinite(line.outline).all():
            continue
        out = bool((low < 0).any() or (high > side).any())
        made.append(TextLine(line.outline, line.vertical, line.ignore or (out and not _told(line, side))))
    return made


def _told(line: TextLine, side: int) -> bool:
    """Is what the edge leaves of a line still a line? Cut across it is; cut along it is a row of half letters."""
    if len(line.outline) != 4:
        return False
    square = np.array([(0, 0), (side, 0), (side, side), (0, side)], np.float32)
    _, left = cv2.intersectConvexConvex(cv2.convexHull(line.outline), square)
    return left is not None and min(cv2.minAreaRect(left)[1]) >= 0.7 * min(cv2.minAreaRect(line.outline)[1])


def degraded(grey: NDArray[np.uint8], rng: Random) -> NDArray[np.uint8]:
    """Light, contrast, polarity, blur, grain and JPEG."""
    made: NDArray[np.float32] = grey.astype(np.float32)
    if rng.random() < 0.3:
        made = 255 - made
    if rng.random() < 0.5:
        side = made.shape[0]
        light = rng.uniform(0.4, 1.15, (3, 3)).astype(np.float32)
        made *= cv2.resize(light, (side, side), interpolation=cv2.INTER_CUBIC)
    if rng.random() < 0.6:
        contrast, middle = float(rng.uniform(0.3, 1.2)), float(rng.uniform(60, 200))
        made = (made - 128) * contrast + middle
    if rng.random() < 0.4:
        gamma = float(np.exp(rng.normal(0, 0.4)))
        made = np.asarray(255 * np.clip(made / 255, 0, 1) ** gamma, np.float32)
    blur = rng.random()
    if blur < 0.25:
        made = cv2.GaussianBlur(made, (0, 0), float(rng.uniform(0.4, 1.6))).astype(np.float32)
    elif blur < 0.32:
        length = int(rng.integers(3, 8))
        bar = np.zeros((length, length), np.float32)
        cv2.line(bar, (0, int(rng.integers(length))), (length - 1, int(rng.integers(length))), 1.0, 1)
        made = cv2.filter2D(made, -1, bar / bar.sum()).astype(np.float32)
    elif blur < 0.4:
        small = cv2.resize(made, None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA)
        made = cv2.resize(small, grey.shape[::-1], interpolation=cv2.INTER_LINEAR).astype(np.float32)
    if rng.random() < 0.5:
        made += rng.standard_normal(made.shape, np.float32) * float(rng.exponential(6))
    shown = np.clip(made, 0, 255).astype(np.uint8)
    if rng.random() < 0.4:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 90))]
        shown = np.asarray(cv2.imdecode(cv2.imencode(".jpg", shown, quality)[1], cv2.IMREAD_GRAYSCALE), np.uint8)
    return shown
