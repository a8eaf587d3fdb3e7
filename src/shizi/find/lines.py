"""Lines of ink, as columns of figures, and which pieces make one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from shizi.find.ink import Floats, Ints

Bools = NDArray[np.bool_]

TONE = 3.0
"""Ratio between the depths of ink that one line may hold."""
_DOT = 0.2  # height of a dot, in heights of the page's characters
_LEVEL, _LOW_LETTERS = 0.95, 3.0  # see Lines.level; height of a line in that of its low letters
_DOTS = 5  # in a row, that lead from one text to another
_APART = 0.4  # share of their row that is white
PORTION = 500_000
"""Pairs of lines that are compared together."""
_AT_ONCE = 64  # spans that are laid beside others together


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """M lines, column by column. At x a line reaches from ``top + slope * x`` down to ``bottom + slope * x``."""

    left: Floats
    right: Floats
    slope: Floats
    top: Floats
    bottom: Floats
    size: Floats
    """Height of its characters."""
    depth: Floats
    """Mean distance of its ink from the ground, grey values."""
    count: Ints
    """Pieces."""
    fill: Floats
    """Share of its box that is ink."""
    white: Floats
    """Length of its gaps, all together."""
    level: Floats
    """Share of its pieces, marks left out, that its middle runs through: nearly all, unless two lines ran together."""

    def __len__(self) -> int:
        return len(self.left)

    def only(self, which: Bools | Ints) -> Lines:
        """Those that ``which`` marks or lists."""
        return Lines(*(getattr(self, f.name)[which] for f in fields(self)))

    @property
    def wide(self) -> Floats:
        """Width of the box."""
        return self.right - self.left

    @property
    def high(self) -> Floats:
        """Height of the box, the slope taken off."""
        return self.bottom - self.top

    def loose(self, most: float) -> Bools:
        """Higher than ``most`` heights of its characters? Low letters are less than half as high as a line of them."""
        alike = (self.level >= _LEVEL) & (self.high <= _LOW_LETTERS * self.size)
        return (self.high > most * self.size) & ~alike

    def corners(self) -> Floats:
        """(M, 4, 2): rectangles along the slope."""
        length = np.hypot(1.0, self.slope)
        xs = np.stack([self.left, self.right, self.right, self.left], axis=1)
        middle = ((self.top + self.bottom) / 2)[:, None] + self.slope[:, None] * xs
        half = (self.high / 2 / length)[:, None] * np.array((-1.0, -1.0, 1.0, 1.0))
        return np.stack([xs - half * (self.slope / length)[:, None], middle + half / length[:, None]], axis=2)

    def bounds(self) -> Floats:
        """(M, 4): left, top, right, bottom of the upright boxes around the corners."""
        corners = self.corners()
        return np.concatenate([corners.min(axis=1), corners.max(axis=1)], axis=1)


def near(lines: Lines, reach: Floats) -> Iterator[tuple[Ints, Ints]]:
    """Pairs (i, j), i < j, of lines whose boxes overlap in height once each is ``reach``, (M,), higher at both ends.

    They come in portions, so that a page of many specks takes no more memory than others.
    """
    top, bottom = lines.bounds()[:, (1, 3)].T
    top, bottom = top - reach, bottom + reach
    order = np.argsort(top, kind="stable")
    ends = np.searchsorted(top[order], bottom[order], side="right")  # those that begin before this one ends
    counts = ends - np.arange(len(order)) - 1
    start = 0
    while start < len(order):
        total = np.cumsum(counts[start:])
        stop = start + max(1, int(np.searchsorted(total, PORTION, side="right")))
        number = counts[start:stop]
        first = np.repeat(np.arange(start, stop), number)
        after = np.arange(len(first)) - np.repeat(np.cumsum(number) - number, number)
        one, other = order[first], order[first + 1 + after]
        yield np.minimum(one, other), np.maximum(one, other)
        start = stop


def bands(spans: Floats, others: Floats) -> Iterator[tuple[Ints, Ints]]:
    """A few of the (S, 2) spans, which go from somewhere to somewhere, at a time, and those of the (M, 2) ``others``
    that one of them may meet: (K,) and (L,) numbers, the latter ascending.

    Spans that begin near one another come together, so that L is small on a page of many lines, and what is compared
    grows with their number, not its square.
    """
    order = np.argsort(spans[:, 0], kind="stable")
    for start in range(0, len(order), _AT_ONCE):
        some = order[start : start + _AT_ONCE]
        yield some, np.flatnonzero((others[:, 1] > spans[some, 0].min()) & (others[:, 0] < spans[some, 1].max()))


def united(count: int, pairs: Ints) -> Ints:
    """(P, 2) pairs of 0..count-1 -> (count,) numbers of the sets that they join."""
    a, b = pairs.T
    label = np.arange(count)
    while True:
        low = np.minimum(label[a], label[b])
        merged = label.copy()
        np.minimum.at(merged, label[a], low)
        np.minimum.at(merged, label[b], low)
        while not np.array_equal(merged[merged], merged):
            merged = merged[merged]
        if np.array_equal(merged, label):
            return np.unique(label, return_inverse=True)[1].astype(np.intp)
        label = merged


def typical(lines: Lines, values: Floats, share: float = 0.5) -> float:
    """What ``share`` of the lines' ``values``, (M,), stay below.

    A line weighs as its pieces, single pieces next to nothing, and rows of leading dots nothing at all.
    """
    if not len(lines):
        return 0.0
    weight = np.where(lines.count > 1, lines.count, 0.1)
    dots = (lines.count >= _DOTS) & (lines.size < _DOT * _below(lines.size, weight, 0.95))
    dots &= lines.white >= _APART * lines.wide  # a shape as large as the page makes no text a row of dots
    weight[dots] = 0.0
    return _below(values, weight, share)


def _below(values: Floats, weight: Floats, share: float) -> float:
    order = np.argsort(values, kind="stable")
    total = np.cumsum(weight[order])
    return float(values[order][np.searchsorted(total, share * total[-1])])


def alike(depth: Floats, i: Ints, j: Ints) -> Bools:
    """Are lines i and j as dark, or as light, as one another?"""
    return np.maximum(depth[i], depth[j]) < TONE * np.minimum(depth[i], depth[j])
