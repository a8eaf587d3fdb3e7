"""Making the text of a strip level and upright, where it climbs or leans.

Strokes that run down are what tells: seen along the text's own slope their rows are fewest, and seen along its slant
their columns. Source: Vinciarelli & Luettin 2001, A new normalization technique for cursive handwritten words, §3, who
look for the slant at which the columns' profile is sharpest; the sharpness here is the sum of the squared shares of
rows, or of columns. No I/O.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

STEEPEST = 0.3
"""Largest slope looked for, rows a column; and no text climbs by more than its height over a strip."""
LEAST_SLOPE = 0.04
"""A smaller one is left as it is."""
MOST_SLANT = 0.6
"""Largest slant looked for, columns a row."""
LEAST_SLANT = 0.1
"""A smaller one is left as it is."""

HEIGHT = 64
"""Rows that strips are looked at and straightened in."""

_MOST = 2500  # points of strokes that are looked at, about
_KEPT = 0.6  # share of the rows that a slope takes away from the text at the ends of the strip which are cut off
_MOST_CUT = 0.3  # share of the rows that is cut off at each side, at most

Grey = NDArray[np.uint8]
Strokes = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]
"""What :func:`strokes` gives."""


def straightened(strip: Grey) -> list[Grey]:
    """A (H, W) line made level, then upright too; nothing for what it is already, or for what is higher than wide.

    Columns of the results, counted as shares of their width, are those of the strip, halfway up the text.
    """
    seen = seen_as(strip)
    if seen is None:
        return []
    width, made = seen.shape[1], []
    marks = strokes(seen)
    climbs = _slope(marks, seen.shape)
    if climbs:
        cut = min(round(abs(climbs) * width * _KEPT / 2), round(HEIGHT * _MOST_CUT))
        seen = np.ascontiguousarray(_sheared(seen, 0.0, -climbs)[cut : HEIGHT - cut])
        made.append(seen)
        marks = strokes(seen)
    leans = _slant(marks)
    if leans:
        made.append(_sheared(seen, -leans, 0.0))
    return made


def seen_as(strip: Grey) -> Grey | None:
    """A (H, W) strip brought to :data:`HEIGHT` rows, ratio kept; None for what is higher than wide."""
    rows, columns = strip.shape
    width = round(columns * HEIGHT / rows)
    if width < HEIGHT:
        return None
    how = cv2.INTER_AREA if rows > HEIGHT else cv2.INTER_CUBIC
    return cv2.resize(strip, (width, HEIGHT), interpolation=how).astype(np.uint8, copy=False)


def slope(strip: Grey) -> float:
    """Rows by which the text of a (H, W) strip goes down for each column to the right; 0 where that is small."""
    return _slope(strokes(strip), strip.shape)


def slant(strip: Grey) -> float:
    """Columns by which upright strokes of a (H, W) strip go to the right for each row down; 0 where that is small."""
    return _slant(strokes(strip))


def _slope(marks: Strokes, shape: tuple[int, ...]) -> float:
    xs, ys, weights = marks
    found = _sharpest(ys, xs, weights, np.arange(-15, 16) / 15 * min(STEEPEST, shape[0] / shape[1]))
    return found if abs(found) >= LEAST_SLOPE else 0.0


def _slant(marks: Strokes) -> float:
    found = _sharpest(*marks, np.arange(-12, 13) / 12 * MOST_SLANT)
    return found if abs(found) >= LEAST_SLANT else 0.0


def strokes(strip: Grey) -> Strokes:
    """(P,) x, y, counted from the middle, and strength of what changes from left to right."""
    strength = np.abs(cv2.Sobel(strip, cv2.CV_32F, 1, 0, ksize=3))
    at = np.flatnonzero(strength > 0.1 * strength.max(initial=0.0))
    if len(at) > _MOST:
        # by lot: every third one, say, would fall in with the strokes of regular writing
        at = at[np.random.default_rng(0).random(len(at), np.float32) < _MOST / len(at)]
    ys, xs = np.divmod(at, strip.shape[1])
    middle = (strip.shape[1] - 1) / 2, (strip.shape[0] - 1) / 2
    return (xs - middle[0]).astype(np.float32), (ys - middle[1]).astype(np.float32), strength.ravel()[at]


def _sharpest(
    along: NDArray[np.float32], across: NDArray[np.float32], strengths: NDArray[np.float32], tried: NDArray[np.float64]
) -> float:
    """The shear of ``along`` by ``across`` at which the profile of the strengths is sharpest; of equals the least."""
    if not len(along):
        return 0.0
    weights = strengths.astype(np.float64)  # bincount would do so each time

    def sharpness(shear: float) -> float:
        places = along - np.float32(shear) * across
        profile = np.bincount((places - places.min() + 0.5).astype(np.intp), weights)
        return float((profile**2).sum())

    return float(max(sorted(tried, key=abs), key=sharpness))


def _sheared(strip: Grey, right: float, down: float) -> Grey:
    """Moved ``right`` columns a row and ``down`` rows a column about the middle; the edges are repeated."""
    rows, columns = strip.shape
    matrix = np.array([[1, right, -right * (rows - 1) / 2], [down, 1, -down * (columns - 1) / 2]], np.float32)
    made = cv2.warpAffine(strip, matrix, (columns, rows), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return made.astype(np.uint8, copy=False)
