"""Characters in parts: upper and lower halves that were linked into lines of their own make one line.

In a long line some character is of one piece, which holds the rest together; 公告, 章节 or 是 have none.
"""

from __future__ import annotations

import numpy as np

from shizi.find.ink import Ints, Pieces
from shizi.find.lines import Lines, alike, near, typical, united

_PART = 0.8  # height of the upper or lower parts of a few characters, in heights of the page's typical line
_TALL = 0.8  # of the ink lies in lines no higher than those
_STACK = 1.15  # height of both together at most, likewise
_LONE, _NEAR = 1.5, 0.15  # that of a single character, and the gap in it, likewise
_APART = 0.2  # the gap between them at most, likewise
_LEVEL = 4.0  # width of a level stroke, in its heights, at least,
_BAR, _BETWEEN = 1.3, 0.65  # and in heights of that line at most, and the gap to the next one of 二 and 三, likewise
_THIN, _FEW = 0.3, 4.5  # and their width: of more characters one is of a single piece, which holds the line together
_INSIDE = 0.9  # of a line's area, which makes it a part of the line that it lies in


def pairs(lines: Lines) -> Ints:
    """(P, 2) pairs of lines that are parts of the same few characters: the upper and lower halves of 公告, or one
    within the other.
    """
    usual = typical(lines, lines.high, _TALL)  # figures are lower than hanzi
    few = (lines.wide >= _THIN * usual) & (lines.wide <= _FEW * usual) & (lines.high <= _STACK * usual)
    which = np.flatnonzero(few)
    some = lines.only(which)
    wide, high, area = some.wide, some.high, some.wide * some.high
    middle = some.slope * (some.left + some.right) / 2
    top, bottom = some.top + middle, some.bottom + middle
    flat = (some.count == 1) & (wide >= _LEVEL * high) & (wide >= 0.5 * usual) & (wide <= _BAR * usual)
    made = [np.empty((0, 2), np.intp)]
    for i, j in near(some, np.full(len(some), 0.5 * usual)):
        across = np.minimum(some.right[i], some.right[j]) - np.maximum(some.left[i], some.left[j])
        down = np.minimum(bottom[i], bottom[j]) - np.maximum(top[i], top[j])
        total = np.maximum(bottom[i], bottom[j]) - np.minimum(top[i], top[j])
        within = across.clip(0) * down.clip(0) >= _INSIDE * np.minimum(area[i], area[j])
        above = across >= 0.6 * np.minimum(wide[i], wide[j])
        halves = above & (down >= -_APART * usual) & (np.maximum(high[i], high[j]) <= _PART * usual)
        halves &= total >= _PART * usual
        # a hanzi among figures, which are lower: nearly as wide as high
        both = np.maximum(some.right[i], some.right[j]) - np.minimum(some.left[i], some.left[j])
        lone = halves & (down >= -_NEAR * usual) & (both >= 0.6 * total) & (both <= 1.25 * total)
        strokes = above & flat[i] & flat[j] & (down >= -_BETWEEN * usual)  # 二, 三
        fit = ((within | halves | strokes) & (total <= _STACK * usual)) | (lone & (total <= _LONE * usual))
        fit &= alike(some.depth, i, j)
        made.append(which[np.stack([i[fit], j[fit]], axis=1)])
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
