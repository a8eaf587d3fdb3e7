"""Rows of characters that stand apart, as on squared paper: a learned finder takes each of them for a line of its own.

Seen are pages on which most of what was found is a character or two. Neighbours are joined to rows; what seems to run
downwards there, because the rows stand as near as the characters, is parted into the characters of its rows first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from shizi.find.found import Candidate
from shizi.types import Quad

MOST = 1000
"""Candidates of a page up to which it is looked at: the time grows with their square."""
FEWEST = 8
"""Candidates of a character or two that a page of spaced writing has at least,"""
SHARE = 0.4
"""and their share of all candidates."""
SHORT = 1.7
"""Width of a character or two, in its heights, at most, and the other way round."""
ALIKE, LIKE = 2.0, 1.55
"""The sizes of characters differ from what is typical by this factor at most, and none is so many times as high as that
and its neighbour: a figure and what stands below it, found as one, makes no row with figures alone."""
APART = 2.0
"""Gap between neighbours, in characters, at most,"""
BESIDE = 0.45
"""and by how much one may stand higher than the other, but for what all rows climb."""
LEAST = 3
"""Neighbours that make a row."""
COLUMNS = 2.0
"""Where tall candidates together are so many times as long as level ones, text runs downwards and is left alone."""
INSIDE = 0.6
"""Share of a candidate's area in a row from which it is part of it."""

Floats = NDArray[np.float64]


def rows(lines: Sequence[Candidate]) -> list[Candidate]:
    """The same lines, those of spaced writing joined to rows."""
    lines = list(lines)
    lone = [one for one in lines if 1 / SHORT <= _shape(one) <= SHORT]
    if len(lines) > MOST or len(lone) < max(FEWEST, SHARE * len(lines)):
        return lines
    size = float(np.median([max(one.quad.width, one.quad.height) for one in lone]))
    level = sum(one.quad.width for one in lines if _shape(one) > SHORT)
    tall = sum(one.quad.height for one in lines if _shape(one) < 1 / SHORT)
    if tall > COLUMNS * level + size * len(lone):
        return lines
    pitch = _pitch(_Places.of(lone), size)
    whole = [_parted(one, size, pitch) for one in lines]
    parts = [part for some in whole for part in some]
    chains = _chains(_Places.of(parts), size)
    taken = {id(parts[at]) for chain in chains for at in chain}
    made = [_joined([parts[at] for at in chain]) for chain in chains]
    left = []
    for one, some in zip(lines, whole, strict=True):
        rest = [part for part in some if id(part) not in taken]
        left += [one] if len(rest) == len(some) else rest
    return [*made, *(one for one in left if not any(_share(one.quad, row.quad) >= INSIDE for row in made))]


def _shape(one: Candidate) -> float:
    """Width in heights."""
    return one.quad.width / max(one.quad.height, 1e-6)


class _Places(NamedTuple):
    """Middles of the left and right ends of level lines, and their heights; (N,) each."""

    x0: Floats
    y0: Floats
    x1: Floats
    y1: Floats
    high: Floats

    @classmethod
    def of(cls, lines: Sequence[Candidate]) -> _Places:
        corners = np.array([one.quad.points for one in lines], np.float64).reshape(-1, 4, 2)
        start, end = (corners[:, 0] + corners[:, 3]) / 2, (corners[:, 1] + corners[:, 2]) / 2
        high = np.array([one.quad.height for one in lines], np.float64)
        return cls(start[:, 0], start[:, 1], end[:, 0], end[:, 1], high)


def _pitch(places: _Places, size: float) -> float:
    """The distance between rows: the median one of a character and the next below it."""
    x, y = (places.x0 + places.x1) / 2, (places.y0 + places.y1) / 2
    down = y[np.newaxis] - y[:, np.newaxis]
    below = (np.abs(x[np.newaxis] - x[:, np.newaxis]) < size / 2) & (down > 0.7 * size)
    found = np.where(below, down, np.inf).min(axis=1)
    found = found[np.isfinite(found)]
    return float(np.median(found)) if len(found) else 1.5 * size


def _parted(one: Candidate, size: float, pitch: float) -> list[Candidate]:
    """A tall candidate as one for each row that it reaches over; others as they are."""
    left, top, right, bottom = one.quad.bounds
    count = round((bottom - top - size) / pitch) + 1
    if count < 2 or (right - left) * SHORT > bottom - top or right - left > ALIKE * size:
        return [one]
    high = min(size, (bottom - top) / count)
    tops = np.linspace(top, bottom - high, count).tolist()
    return [replace(one, quad=Quad.box(left, at, right, at + high), vertical=False) for at in tops]


def _chains(places: _Places, size: float) -> list[list[int]]:
    """Runs of neighbours from left to right, at least :data:`LEAST` long; the rows may all climb or fall."""
    pairs, slope = _pairs(places, size, 0.0), 0.0
    if pairs:
        left, right = np.array(list(pairs.items())).T
        x, y = (places.x0 + places.x1) / 2, (places.y0 + places.y1) / 2
        slope = float(np.median((y[right] - y[left]) / (x[right] - x[left])))
        pairs = _pairs(places, size, slope)
    made = []
    for at in sorted(set(pairs) - set(pairs.values())):
        row = [at]
        while row[-1] in pairs:
            row.append(pairs[row[-1]])
        if len(row) >= LEAST:
            made.append(row)
    return made


def _pairs(places: _Places, size: float, slope: float) -> dict[int, int]:
    """Neighbours that are each other's nearest, the left one and the right one, where rows climb by ``slope``."""
    gap = places.x0[np.newaxis] - places.x1[:, np.newaxis]
    climb = places.y0[np.newaxis] - places.y1[:, np.newaxis] - slope * gap
    middle = (places.x0 + places.x1) / 2
    step = middle[np.newaxis] - middle[:, np.newaxis]
    wide = np.hypot(places.x1 - places.x0, places.y1 - places.y0)  # 一 is low
    fit = (places.high <= ALIKE * size) & (np.maximum(wide, places.high) >= size / ALIKE)
    most = LIKE * np.maximum(size, np.maximum(wide, places.high))
    fit = fit[np.newaxis] & fit[:, np.newaxis] & (places.high <= most[:, np.newaxis])
    near = fit & fit.T & (step > size / 2) & (gap <= APART * size)
    gaps = np.where(near & (np.abs(climb) <= BESIDE * size), gap, np.inf)
    after, before = gaps.argmin(axis=1), gaps.argmin(axis=0)
    return {i: int(j) for i, j in enumerate(after.tolist()) if np.isfinite(gaps[i, j]) and before[j] == i}


def _joined(row: Sequence[Candidate]) -> Candidate:
    """One line along the middles of several."""
    corners = np.concatenate([np.array(one.quad.points) for one in row])
    places = _Places.of(row)
    slope = float(np.polyfit(np.append(places.x0, places.x1), np.append(places.y0, places.y1), 1)[0])
    along = np.array((1.0, slope)) / np.hypot(1.0, slope)
    across = np.array((-along[1], along[0]))
    (left, right), (top, bottom) = (((corners @ axis).min(), (corners @ axis).max()) for axis in (along, across))
    ends = ((left, top), (right, top), (right, bottom), (left, bottom))
    quad = Quad.of([x * along + y * across for x, y in ends])
    return Candidate(quad, vertical=False, score=max(one.score for one in row))


def _share(quad: Quad, row: Quad) -> float:
    """Share of a quad's upright box that lies in a row's."""
    a, b = quad.bounds, row.bounds
    wide, high = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    return max(0.0, wide) * max(0.0, high) / max(1e-6, (a[2] - a[0]) * (a[3] - a[1]))
