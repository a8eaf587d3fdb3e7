"""Laying out text straight that runs along an arc, as on badges, seals and round signs.

The arc is looked for as slopes are in :mod:`shizi.straight`: seen from the middle of their circle, the strokes of text
fill the fewest distances, so that the profile over distances is sharpest there. No I/O.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from shizi.straight import HEIGHT, Grey, seen_as, strokes

LEAST, MOST = 0.2, 1.0
"""Rises of the arcs that are looked for, from its ends to its middle, as shares of the strip's height."""
SHARPER = 1.1
"""How much sharper the profile over an arc's distances is than that over the rows, at the least."""

SHORTEST, LONGEST = 3.5, 80.0
"""Lengths of text, in its heights, between which an arc is told."""

_MOST_PIXELS = 32_000  # a side that OpenCV can sample from
_RISES = 9  # tried each way
_ASIDE = (0.0, -0.12, 0.12)  # where the middle is looked for, as shares of the width from the strip's middle
_EDGE = 0.4  # share of the highest smoothed profile below which text ends
_OWN = 0.8  # likewise, from which on text may be the strip's own: rows beside it are seen in part
_ROOM = 0.15  # margin above and below the text, as a share of its height

Floats = NDArray[np.floating[Any]]


class Arc(NamedTuple):
    """A circle that text runs along, in pixels of a strip."""

    x: float
    y: float
    """Its middle: below the text, or above."""
    near: float
    far: float
    """The distances between which the text stands."""


def unbent(strip: Grey) -> Grey | None:
    """A (H, W) line along an arc laid out straight; None for one that is straight, or higher than wide.

    Columns of the result, counted as shares of its width, are about those of the strip.
    """
    seen = seen_as(strip)
    arc = None if seen is None else found(seen)
    if seen is None or arc is None:
        return None
    below, middle = arc.y > seen.shape[0] / 2, (arc.near + arc.far) / 2
    ends = (np.array((0, seen.shape[1])) - arc.x) / middle
    first, last = np.arcsin(np.clip(ends, -1, 1)).tolist()
    length = (last - first) * middle / (arc.far - arc.near)
    if not SHORTEST <= length <= LONGEST or max(strip.shape) > _MOST_PIXELS:
        return None
    scale = len(strip) / len(seen)  # the picture may be sharper than what was looked at
    rows = round(min(max((arc.far - arc.near) * scale, HEIGHT / 2), HEIGHT))
    angles = np.linspace(first, last, round(length * rows))
    distances = np.linspace(arc.far, arc.near, rows)[:: 1 if below else -1, np.newaxis]
    xs = (arc.x + distances * np.sin(angles)) * scale
    ys = (arc.y - distances * np.cos(angles) * (1 if below else -1)) * scale
    places = xs.astype(np.float32), ys.astype(np.float32)
    made = cv2.remap(strip, *places, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return made.astype(np.uint8, copy=False)


def found(strip: Grey) -> Arc | None:
    """The arc along which the text of a (H, W) strip runs; None where it runs straight, or nowhere."""
    height, width = strip.shape
    across, down, strengths = strokes(strip)
    if not len(across):
        return None
    xs, ys, weights = across + width / 2, down + height / 2, strengths.astype(np.float64)
    rises = np.linspace(LEAST, MOST, _RISES) * height
    radii = ((width / 2) ** 2 + rises**2) / (2 * rises)
    heights = [*((height - rises) / 2 + radii).tolist(), *((height + rises) / 2 - radii).tolist()]
    best, arc = SHARPER * _sharpness(ys, weights), None
    for aside in _ASIDE:
        x = (0.5 + aside) * width
        for y in heights if not aside else [] if arc is None else [arc[1]]:
            sharpness = _sharpness(_distances(xs - x, ys - y), weights)
            if sharpness > best:
                best, arc = sharpness, (x, y)
    if arc is None:
        return None
    near, far = _band(_distances(xs - arc[0], ys - arc[1]), weights)
    return Arc(*arc, near, far)


def _distances(x: Floats, y: Floats) -> Floats:
    """From the origin, in a third of the time of numpy's hypot: nothing overflows here."""
    made: Floats = np.sqrt(x * x + y * y)
    return made


def _profile(distances: Floats, weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
    """The least distance, and the weights at each pixel from there on."""
    least = float(distances.min())
    return least, np.bincount((distances - least + 0.5).astype(np.intp), weights).astype(np.float64, copy=False)


def _sharpness(distances: Floats, weights: NDArray[np.float64]) -> float:
    return float((_profile(distances, weights)[1] ** 2).sum())


def _band(distances: Floats, weights: NDArray[np.float64]) -> tuple[float, float]:
    """From where to where the profile is high around its highest place, and a margin."""
    least, profile = _profile(distances, weights)
    smooth = np.convolve(profile, np.ones(5) / 5, "same")
    low = smooth < _EDGE * smooth.max()
    high = int(np.flatnonzero(smooth >= _OWN * smooth.max())[-1])  # of the outermost row that is as full
    inner = np.flatnonzero(low[:high])
    start = int(inner[-1]) + 1 if len(inner) else 0
    top = start + int(smooth[start : high + 1].argmax())
    before, after = np.flatnonzero(low[:top]), np.flatnonzero(low[top:])
    near = int(before[-1]) + 1 if len(before) else 0
    far = top + int(after[0]) if len(after) else len(profile)
    room = _ROOM * (far - near)
    return max(0.0, least + near - room), least + far + room
