"""Characters in parts: upper and lower halves that were linked into lines of their own make one line.

In a long line some character is of one piece, which holds the rest together; 公告, 章节 or 是 have none.
"""

from __future__ import annotations

import numpy as np

from shizi.find.ink import Ints, Pieces
from shizi.find.lines import Bools, Lines, alike, near, typical, united

_PART = 0.8  # height of the upper or lower parts of a few characters, in heights of the page's typical line
_TALL = 0.8  # of the ink lies in lines no higher than those
_FIGURE = 0.6  # height of a figure, likewise
_STACK = 1.15  # height of both together at most, likewise
_LONE, _NEAR = 1.5, 0.15  # that of a single character, or of parts that mesh, and the gap in it, likewise
_APART = 0.2  # the gap between them at most, likewise
_LEVEL = 4.0  # width of a level stroke, in its heights, at least,
_BAR, _BETWEEN = 1.3, 0.65  # and in heights of that line at most, and the gap to the next one of 二 and 三, likewise
_THIN, _FEW = 0.3, 4.5  # and their width: of more characters one is of a single piece, which holds the line together
_ROWS = 0.12  # of its height: how far the ends of a larger character may lie from those of what stands beside it
_PIECES = 3  # of ink in either part of a larger character at most
_FAR = 3.0  # and how far away that may be, likewise
_ROW, _SAME = 4.0, 0.15  # length of a line in its heights, and how far from its height that of rows is like it
_WITHIN, _WHOLE = 4.0, 1.5  # height of the outer one of two at most, in heights of the inner one and of its characters
_INSIDE = 0.7  # of a line's area, which makes it a part of the line that it lies in


def pairs(lines: Lines) -> Ints:
    """(P, 2) pairs of lines that are parts of the same few characters: the upper and lower halves of 公告, or one
    within the other.
    """
    usual = typical(lines, lines.high, _TALL)  # figures are lower than hanzi
    few = ((lines.wide >= _THIN * usual) | (lines.high >= 0.35 * usual)) & (lines.wide <= _FEW * usual)
    few &= lines.high <= _STACK * usual
    which = np.flatnonzero(few)
    some = lines.only(which)
    wide, high = some.wide, some.high
    middle = some.slope * (some.left + some.right) / 2
    top, bottom = some.top + middle, some.bottom + middle
    flat = (some.count == 1) & (wide >= _LEVEL * high) & (wide >= 0.5 * usual) & (wide <= _BAR * usual)
    row = _has_peers(lines)[which]  # a large title makes two rows below it look like halves
    made = [_within(lines), _large(lines)]
    for i, j in near(some, np.full(len(some), 0.5 * usual)):
        across = np.minimum(some.right[i], some.right[j]) - np.maximum(some.left[i], some.left[j])
        down = np.minimum(bottom[i], bottom[j]) - np.maximum(top[i], top[j])
        total = np.maximum(bottom[i], bottom[j]) - np.minimum(top[i], top[j])
        above = across >= 0.6 * np.minimum(wide[i], wide[j])
        halves = above & (down >= -_APART * usual) & (np.maximum(high[i], high[j]) <= _PART * usual)
        halves &= (total >= np.where(down >= 0, _FIGURE, _PART) * usual)
        halves &= np.maximum(wide[i], wide[j]) >= _THIN * usual
        # a hanzi among figures, which are lower: nearly as wide as high
        both = np.maximum(some.right[i], some.right[j]) - np.minimum(some.left[i], some.left[j])
        lone = halves & (down >= -_NEAR * usual) & (both >= 0.6 * total) & (both <= 1.25 * total)
        strokes = above & flat[i] & flat[j] & (down >= -_BETWEEN * usual)  # 二, 三
        sure = lone | (halves & (down >= 0))  # rows do not reach into each other
        halves &= ~(row[i] & row[j])
        fit = ((halves | strokes) & (total <= _STACK * usual)) | (sure & (total <= _LONE * usual))
        fit &= alike(some.depth, i, j)
        made.append(which[np.stack([i[fit], j[fit]], axis=1)])
    return np.concatenate(made)


def _has_peers(lines: Lines) -> Bools:
    """(M,) is a line as high as another, longer one that is surely a row of text?"""
    row = (lines.count >= _ROW) & (lines.wide >= _ROW * lines.high)
    heights = np.sort(lines.high[row])
    least = np.searchsorted(heights, (1 - _SAME) * lines.high)
    most = np.searchsorted(heights, (1 + _SAME) * lines.high, "right")
    peers: Bools = most - least > row
    return peers


def _within(lines: Lines) -> Ints:
    """(P, 2) pairs of lines of which one lies within the other, and both of like height."""
    box, area, high = lines.bounds(), lines.wide * lines.high, lines.high
    made = [np.empty((0, 2), np.intp)]
    for i, j in near(lines, np.zeros(len(lines))):
        shared = (np.minimum(box[i, 2:], box[j, 2:]) - np.maximum(box[i, :2], box[j, :2])).clip(0).prod(axis=1)
        fit = (shared >= _INSIDE * np.minimum(area[i], area[j])) & alike(lines.depth, i, j)
        outer = np.where(area[i] >= area[j], i, j)
        fit &= (high[outer] <= _WITHIN * np.minimum(high[i], high[j])) & (high[outer] <= _WHOLE * lines.size[outer])
        made.append(np.stack([i[fit], j[fit]], axis=1))
    return np.concatenate(made)


def _large(lines: Lines) -> Ints:
    """(P, 2) pairs of lines that are the upper and lower part of a character of any size: one beside it, as high as
    both together, shows that.
    """
    made = [np.empty((0, 2), np.intp)]
    for i, j in near(lines, _APART * lines.high):
        across = np.minimum(lines.right[i], lines.right[j]) - np.maximum(lines.left[i], lines.left[j])
        wide = np.maximum(lines.right[i], lines.right[j]) - np.minimum(lines.left[i], lines.left[j])
        top, bottom = np.minimum(lines.top[i], lines.top[j]), np.maximum(lines.bottom[i], lines.bottom[j])
        high, gap = bottom - top, np.maximum(lines.top[i], lines.top[j]) - np.minimum(lines.bottom[i], lines.bottom[j])
        fit = across >= 0.6 * np.minimum(lines.wide[i], lines.wide[j])
        fit &= (gap >= -_NEAR * high) & (gap <= _APART * high)
        fit &= (wide >= 0.6 * high) & (wide <= 1.3 * high) & (lines.slope[i] == 0) & (lines.slope[j] == 0)
        fit &= alike(lines.depth, i, j) & (np.maximum(lines.count[i], lines.count[j]) <= _PIECES)
        i, j, top, bottom, high = (values[fit] for values in (i, j, top, bottom, high))
        for one, other, y0, y1, size in zip(i, j, top, bottom, high, strict=True):
            beside = (np.abs(lines.top - y0) <= _ROWS * size) & (np.abs(lines.bottom - y1) <= _ROWS * size)
            left, right = min(lines.left[one], lines.left[other]), max(lines.right[one], lines.right[other])
            away = np.maximum(lines.left - right, left - lines.right)
            beside &= (away > 0) & (away <= _FAR * size) & (lines.size >= _PART * size)
            if beside.any():
                made.append(np.array([[one, other]], np.intp))
    return np.concatenate(made)


def whole(found: Pieces, before: Ints, after: Ints) -> tuple[Pieces, Ints]:
    """The pieces, those one above the other as one where lines of ``before`` have become one in ``after``; and, (N,),
    which line each belongs to. A line is as high as its pieces, else it would not be believed.
    """
    order = np.argsort(after, kind="stable")
    starts = np.flatnonzero(np.diff(after[order], prepend=-1))
    stacked = []
    for some in np.split(order, starts[1:]):
        if (before[some] == before[some[0]]).all():
            continue
        left, right = found.boxes[some, 0], found.boxes[some, 2]
        shared = np.minimum.outer(right, right) - np.maximum.outer(left, left)
        above = shared >= 0.5 * np.minimum.outer(right - left, right - left)
        stacked.append(some[np.argwhere(np.triu(above, 1))])
    piece = united(len(found), np.concatenate(stacked)) if stacked else np.arange(len(found))
    count = int(piece.max(initial=-1)) + 1
    boxes = np.empty((count, 4), np.intp)
    boxes[:, :2], boxes[:, 2:] = np.iinfo(np.intp).max, -1
    for side, extreme in enumerate((np.minimum, np.minimum, np.maximum, np.maximum)):
        extreme.at(boxes[:, side], piece, found.boxes[:, side])
    area = np.bincount(piece, found.area, count).astype(np.float64)
    depth = np.bincount(piece, found.area * found.depth, count) / area
    group = np.empty(count, np.intp)
    group[piece] = after
    return Pieces(boxes, area, depth), group
