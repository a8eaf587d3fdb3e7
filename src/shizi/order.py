"""The order in which a page's lines are read.

A recursive XY-cut (Nagy and Seth 1984) with two changes. Rows come first, so that tables, forms and receipts are read
row by row; but rows that share a white gap with running text on both sides of it are columns, and those are read one
after the other. What no straight cut divides is put in order by a partial order (after Breuel 2003): above before
below where two lines share columns, left before right where they share a row. Lines across the others, as a vertical
title beside level text or a level one over columns, are read before or after those that they stand beside.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shizi.types import Quad

Boxes = NDArray[np.float64]  # (N, 4): left, top, right, bottom
Bools = NDArray[np.bool_]
Indices = NDArray[np.intp]
Span = tuple[float, float]

_GUTTER = 0.6  # width of a white gap between columns, in text heights
_RUNNING = 5.0  # a line of running text is at least this many times as long as high
_FILLED = 0.55  # and, in the median, fills this share of its column
_ROWS = 3  # lines on each side that make a column
_TALL = 3.0  # a quad this many times as high as wide is a vertical line
_WIDE = 1.5  # and one this many times as wide as high a level one, among those
_ACROSS = 1.5  # length of a line across the others, in their heights, at least: 1 and | are high, too
_LATE = 2  # bands that one column may start before the other
# Of paragraphs, in heights of the lower line.
_ALIKE = 1.45  # heights of two lines of one paragraph, one to the other
_LEADING = 1.1  # white between its lines
_INDENT = 1.2  # how far apart its lines begin
_SHORT = 2.5  # how much longer the next line may be than this one
_SPACE = 3.0  # between parts of one row, counted from a height before the end of the first
_DEEPEST = 40  # nested cuts; no page needs them, but input must not exhaust the stack


def order(quads: Sequence[Quad]) -> list[int]:
    """Indices of ``quads`` in reading order: every index once, whatever order the quads come in.

    Quads of a slightly turned page are judged along its own rows. Where most of the text runs downwards, its columns
    are read from right to left.
    """
    if len(quads) < 2:
        return list(range(len(quads)))
    canonical = np.array(sorted(range(len(quads)), key=lambda i: quads[i].points), np.intp)
    page = _Page.of(np.array([quads[i].points for i in canonical]))
    return [int(canonical[i]) for i in _cut(page, np.arange(len(canonical)), 0)]


@dataclass(frozen=True, slots=True, eq=False)
class _Page:
    """N lines of a page, which is turned so that its text runs to the right and its lines follow downwards."""

    boxes: Boxes
    crossed: Boxes
    """On the page turned so that this holds for the lines across the others."""
    across: Bools
    """(N,): which lines those are."""
    vertical: bool
    """Most of its text is vertical."""

    @classmethod
    def of(cls, points: NDArray[np.float64]) -> _Page:
        """From (N, 4, 2) corners."""
        along = points[:, 1] - points[:, 0] + points[:, 2] - points[:, 3]
        across = points[:, 3] - points[:, 0] + points[:, 2] - points[:, 1]
        wide, high = np.hypot(*along.T), np.hypot(*across.T)
        tall = high > _TALL * wide
        vertical = float((wide * high)[tall].sum()) > float((wide * high).sum()) / 2
        # vertical text runs along the other side, and its next line lies to the left
        tilt = _median_angle(across, -along) if vertical else _median_angle(along, across)
        cos, sin = np.cos(tilt), np.sin(tilt)
        x, y = np.moveaxis(points @ np.array([(cos, -sin), (sin, cos)]), 2, 0)
        boxes, other = _bounds(x, y), wide > _WIDE * high if vertical else tall
        if other.any() and not other.all():
            other &= boxes[:, 3] - boxes[:, 1] >= _ACROSS * _height(boxes, np.flatnonzero(~other))
        return cls(boxes, _bounds(-y, x) if vertical else _bounds(y, -x), other, vertical)

    def crosswise(self) -> _Page:
        """The page turned to the lines across the others."""
        return _Page(self.crossed, self.boxes, np.zeros_like(self.across), not self.vertical)


def _bounds(x: NDArray[np.float64], y: NDArray[np.float64]) -> Boxes:
    """Around corners, (N, 4) each."""
    return np.stack([x.min(axis=1), y.min(axis=1), x.max(axis=1), y.max(axis=1)], axis=1)


def _median_angle(along: NDArray[np.float64], across: NDArray[np.float64]) -> float:
    """The direction of the text, radians: the median over the lines, longer ones counting more."""
    angles = np.arctan2(along[:, 1], along[:, 0])
    weights = np.hypot(*along.T) ** 2 / np.maximum(np.hypot(*across.T), 1e-9)
    # around the mean direction, so that angles near ±180° do not fall apart
    mean = np.arctan2((weights * np.sin(angles)).sum(), (weights * np.cos(angles)).sum())
    off = np.angle(np.exp(1j * (angles - mean)))
    ranked = np.argsort(off, kind="stable")
    total = np.cumsum(weights[ranked])
    return float(mean + off[ranked[np.searchsorted(total, total[-1] / 2)]])


def _cut(page: _Page, which: Indices, depth: int) -> list[int]:
    """``which`` of the lines, in reading order."""
    if len(which) < 2:
        return [int(i) for i in which]
    boxes = page.boxes
    if depth >= _DEEPEST:
        return _by_pairs(boxes, which)
    before, others, behind = _aside(page, which)
    if len(others) < len(which):
        first, last = (_cut(page.crosswise(), side, depth + 1) for side in (before, behind))
        return [*first, *_cut(page, others, depth + 1), *last]
    bands = _groups(boxes, which, 1)
    if len(bands) > 1:
        return [i for block in _blocks(boxes, bands) for side in block for i in _cut(page, side, depth + 1)]
    sides = _groups(boxes, which, 0)
    if len(sides) > 1:
        return [i for side in sides for i in _cut(page, side, depth + 1)]
    return _by_pairs(boxes, which)


def _aside(page: _Page, which: Indices) -> tuple[Indices, Indices, Indices]:
    """The lines across the others that are read before them, all the others, and those that are read behind them.

    A level line above or below all columns heads or ends the page; a vertical one on either side of level lines is
    the title of those that begin there.
    """
    across = page.across[which]
    if not across.any():
        return which[:0], which, which[:0]
    if across.all():
        return which, which[:0], which[:0]
    low, high = _shrunk(page.boxes, which, 0)
    before, behind = across & (high <= low[~across].min()), across & (low >= high[~across].max())
    if not page.vertical:
        _, top, _, bottom = page.boxes[which].T
        before, behind = (before | behind) & (top <= bottom[~across].min()), before & False
    return which[before], which[~before & ~behind], which[behind]


def _blocks(boxes: Boxes, bands: list[Indices]) -> list[list[Indices]]:
    """From the top: the columns of a run of bands that stand in columns, or a band alone."""
    white = [_gaps(boxes, band) for band in bands]
    least = _GUTTER * _height(boxes, np.concatenate(bands))
    blocks: list[list[Indices]] = []
    at = 0
    while at < len(bands):
        run = _run(white[at:], least)
        columns = _columns(boxes, np.concatenate(bands[at : at + run]))
        if len(columns) > 1:
            blocks.append(columns)
            at += run
        else:  # columns may start further down; whole quarters are passed over, lest a long table cost its square
            step = max(1, run // 4)
            blocks.extend([band] for band in bands[at : at + step])
            at += step
    return blocks


def _run(white: Sequence[list[Span]], least: float) -> int:
    """How many bands, from the first, have a white gap in common that parts their text; 1 where there is none.

    ``white`` has each band's gaps; the common one is wider than ``least``. The text on one side may start a little
    later, or end earlier.
    """
    common, run = white[0], 1
    for count, gaps in enumerate(white, start=1):
        both = [(max(p[0], q[0]), min(p[1], q[1])) for p in common for q in gaps]
        common = [(low, high) for low, high in both if high - low > least]
        if len(common) > 2:  # the first and the last are the margins
            run = count
        elif run > 1 or count > _LATE:
            break
    return run


def _columns(boxes: Boxes, which: Indices) -> list[Indices]:
    """The columns of running text, from the left; all in one where there are none."""
    sides = _groups(boxes, which, 0)
    if len(sides) < 2:
        return [which]
    made = [sides[0]]
    for side in sides[1:]:
        if _running(boxes, made[-1]) and _running(boxes, side):
            made.append(side)
        else:
            made[-1] = np.concatenate([made[-1], side])
    return made


def _running(boxes: Boxes, which: Indices) -> bool:
    """Does it look like a column of prose: several long lines that fill it?"""
    if len(which) < _ROWS:
        return False
    left, _, right, _ = boxes[which].T
    width = float(right.max() - left.min())
    typical = float(np.median(right - left))
    return typical >= _FILLED * width and typical >= _RUNNING * _height(boxes, which)


def _height(boxes: Boxes, which: Indices) -> float:
    return float(np.median(boxes[which, 3] - boxes[which, 1]))


def _shrunk(boxes: Boxes, which: Indices, axis: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Both ends along an axis, drawn in a little: boxes of neighbouring lines often touch."""
    low, high = boxes[which, axis], boxes[which, axis + 2]
    typical = _height(boxes, which)
    # what runs across the others reaches over its whole length
    most = typical if axis == 0 else np.maximum(boxes[which, 2] - boxes[which, 0], _ACROSS * typical)
    inset = 0.2 * np.minimum(high - low, most)
    return low + inset, high - inset


def _groups(boxes: Boxes, which: Indices, axis: int) -> list[Indices]:
    """Part the boxes at every white gap across ``axis`` (0: x, 1: y), in the order of that axis."""
    low, high = _shrunk(boxes, which, axis)
    ranked = np.argsort(low, kind="stable")
    reach = np.maximum.accumulate(high[ranked])
    least = _GUTTER * _height(boxes, which) if axis == 0 else 0.0
    starts = np.flatnonzero(low[ranked][1:] - reach[:-1] > least) + 1
    return [which[part] for part in np.split(ranked, starts)]


def _gaps(boxes: Boxes, which: Indices) -> list[Span]:
    """White intervals of x, from the left: the margin, the gaps that are as wide as a gutter, the other margin."""
    low, high = _shrunk(boxes, which, 0)
    ranked = np.argsort(low, kind="stable")
    reach = np.maximum.accumulate(high[ranked])
    starts, ends = reach[:-1], low[ranked][1:]
    wide = ends - starts > _GUTTER * _height(boxes, which)
    inner = list(zip(starts[wide].tolist(), ends[wide].tolist(), strict=True))
    return [(-np.inf, float(low.min())), *inner, (float(high.max()), np.inf)]


def _by_pairs(boxes: Boxes, which: Indices) -> list[int]:
    """Lines that no straight cut divides: repeatedly the topmost one that no other left over comes before."""
    left, top, right, bottom = boxes[which].T
    share_x = np.minimum.outer(right, right) - np.maximum.outer(left, left)
    share_y = np.minimum.outer(bottom, bottom) - np.maximum.outer(top, top)
    same_row = share_y > 0.5 * np.minimum.outer(bottom - top, bottom - top)
    middle_x, middle_y = (left + right) / 2, (top + bottom) / 2
    before = np.where(same_row, np.less.outer(middle_x, middle_x), np.less.outer(middle_y, middle_y) & (share_x > 0))
    waiting = before.sum(axis=0).astype(np.float64)
    rank = np.empty(len(which))
    rank[np.lexsort((left, top))] = np.arange(len(which))
    made: list[int] = []
    for _ in range(len(which)):
        # a circle of lines cannot be put right: the one with the fewest before it goes first
        at = int(np.lexsort((rank, waiting))[0])
        made.append(int(which[at]))
        waiting -= before[at]
        waiting[at] = np.inf
    return made


def paragraphs(quads: Sequence[Quad]) -> tuple[tuple[int, ...], ...]:
    """Runs of lines that belong together: ``quads`` stand in reading order, and each index is in one run, in order.

    A line goes on in the next one where that lies right below it, is as high, begins at about the same place (an
    indent begins a paragraph) and no further to the right than it ends (a short line ends one). Parts of one row that
    stand near to each other go on, too; cells of a table do not.
    """
    if not quads:
        return ()
    boxes = _Page.of(np.array([quad.points for quad in quads])).boxes
    runs = [[0]]
    for index in range(1, len(quads)):
        if _goes_on(boxes[index - 1], boxes[index]):
            runs[-1].append(index)
        else:
            runs.append([index])
    return tuple(tuple(run) for run in runs)


def _goes_on(line: NDArray[np.float64], following: NDArray[np.float64]) -> bool:
    (left, top, right, bottom), (left2, top2, right2, bottom2) = line.tolist(), following.tolist()
    low, high = sorted((bottom - top, bottom2 - top2))
    if high > _ALIKE * low:
        return False
    if min(bottom, bottom2) - max(top, top2) > 0.5 * low:  # side by side
        return bool(0 <= left2 - right + low <= _SPACE * low)
    near = top2 > top and top2 - bottom <= _LEADING * low
    return bool(near and abs(left2 - left) <= _INDENT * low and right2 - right <= _SHORT * low)
