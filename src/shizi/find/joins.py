"""Which lines of ink belong together: marks join the line in whose row they stand, and parts of a line each other."""

from __future__ import annotations

import numpy as np

from shizi.find.ink import Floats, Ints
from shizi.find.lines import TONE, Bools, Lines, alike, near, typical
from shizi.find.walls import Walls

GAP = 1.3  # widest gap within a line, in heights of its characters
_BODY = 0.9  # their height in a line of low letters, in heights of the line
_STEP = 1.0  # widest gap to a fragment, in heights of the characters
_PART = 0.8  # and between parts of a line of unlike height
_ROOM = 1.1  # and from a line back to a mark low before it, which has room built in: 一、
_LEADER = 0.25  # height of the dots that lead from one text to another, likewise
_MARK = 0.5  # a mark's height at most, likewise
_QUOTES = 2.2  # length of quotes that stand together, likewise: 'a', """
_NARROW = 0.7  # width of their strokes, in their height, at most, and
_ABOVE = 0.3  # how far above the line's foot they end, in heights of its characters
_HUGE = 2.5  # times the page's typical character: single pieces of that size are not a line's neighbours
_AT_ONCE = 256  # lines whose rows are looked for together


def _body(lines: Lines) -> Floats:
    """(M,) sizes of the lines' fonts: most of the characters of a Latin line are low."""
    return np.maximum(lines.size, _BODY * lines.high)


def _is_huge(lines: Lines) -> Bools:
    enough = lines.only(lines.size >= 6)
    return (lines.count <= 3) & (lines.size > _HUGE * typical(enough, enough.size))


def fragments(lines: Lines, walls: Walls) -> Ints:
    """(P, 2) pairs of a fragment and the line in whose row it stands, near or inside."""
    cost, owner = np.full(len(lines), np.inf), np.full(len(lines), -1, np.intp)
    takers = np.flatnonzero(((lines.count >= 2) | (lines.high >= 6)) & ~_is_huge(lines))
    for start in range(0, len(takers), _AT_ONCE):
        some = takers[start : start + _AT_ONCE]
        row, over, under = _in_row(lines, some)
        before, behind = _next(lines, some)
        for at in np.flatnonzero(row.any(axis=1)).tolist():
            i, inside = int(some[at]), np.flatnonzero(row[at])
            if walls.passed is not None:
                right = np.minimum(lines.right[i], lines.right[inside])
                left = np.maximum(lines.left[i], lines.left[inside])
                lean = lines.slope[i] * left
                inside = inside[~walls.between(right, left, lines.top[i] + lean, lines.bottom[i] + lean)]
            around = (float(before[at]), float(behind[at])) if lines.count[i] >= 2 else (-np.inf, np.inf)
            near, far = _fragments_of(lines, i, inside, over[at, inside], under[at, inside], around)
            closer = far < cost[near]
            cost[near[closer]], owner[near[closer]] = far[closer], i
    found = np.flatnonzero(owner >= 0)
    return np.stack([found, owner[found]], axis=1)


def _in_row(lines: Lines, some: Ints) -> tuple[Bools, Floats, Floats]:
    """(S, M): which lines are small pieces in the rows of ``some`` of them, and how far they reach over and under."""
    high, wide, few = lines.high, lines.wide, lines.count <= 2
    size = _body(lines)[some, None]
    middle = lines.slope[some, None] * (lines.left + lines.right) / 2
    over, under = lines.top[some, None] + middle - lines.top, lines.bottom - lines.bottom[some, None] - middle
    row = (high < 0.8 * size) & (wide < 1.7 * size)  # the lower stroke of 二 and the mark behind it may be one
    row &= few | ((high < 0.35 * size) & (wide < 1.1 * size))
    row |= (high < _LEADER * size) & (lines.count >= 5)
    strokes = (high < _MARK * size) & (wide < _QUOTES * size) & (wide - lines.white < _NARROW * high * lines.count)
    row |= strokes & (under < -_ABOVE * size)
    depth = lines.depth[some, None]
    row &= (lines.depth * TONE > depth) & (lines.depth < depth * TONE)
    row &= (over <= 0.35 * size) & (under <= 0.35 * size)
    row[np.arange(len(some)), some] = False
    return row, over, under


def _next(lines: Lines, some: Ints) -> tuple[Floats, Floats]:
    """(S,), (S,): where the nearest line of like height in the row of each of ``some`` ends before it, or begins
    behind it; infinitely far where there is none.
    """
    high, size = lines.high, _body(lines)
    middle = lines.slope[some, None] * (lines.left + lines.right) / 2
    top, bottom = lines.top[some, None] + middle, lines.bottom[some, None] + middle
    own = lines.slope * (lines.left + lines.right) / 2
    share = np.minimum(bottom, lines.bottom + own) - np.maximum(top, lines.top + own)
    like = (share >= 0.6 * np.minimum(high[some, None], high)) & (size[some, None] <= 1.6 * size)
    like &= size <= 1.6 * size[some, None]
    before = np.where(like & (lines.right <= lines.left[some, None]), lines.right, -np.inf).max(axis=1, initial=-np.inf)
    behind = np.where(like & (lines.left >= lines.right[some, None]), lines.left, np.inf).min(axis=1, initial=np.inf)
    return before, behind


def _fragments_of(
    lines: Lines, i: int, row: Ints, over: Floats, under: Floats, around: tuple[float, float]
) -> tuple[Ints, Floats]:
    """Of the small pieces in its ``row`` those that line ``i`` could take, and how far from their place they stand.

    ``around`` is where the lines before and behind it end and begin: small pieces that fill the room up to there
    (a = b) may stand further from both.
    """
    size = max(float(lines.size[i]), _BODY * float(lines.high[i]))
    left, right = lines.left[row], lines.right[row]
    inner = np.flatnonzero((right > lines.left[i]) & (left < lines.right[i]))
    beside = (over < 0.1 * size) & (under < 0.35 * size)
    after = np.flatnonzero(beside & (left >= lines.right[i]))
    before = np.flatnonzero(beside & (right <= lines.left[i]))
    after, before = after[np.argsort(left[after])], before[np.argsort(-right[before])]
    # step by step outwards, as far as the gaps are small
    ends = np.maximum.accumulate(np.concatenate([lines.right[[i]], right[after]]))
    starts = np.minimum.accumulate(np.concatenate([lines.left[[i]], left[before]]))
    low = (lines.high[row] < _MARK * size) & (under > over)  # nearer to the line's foot than to its head
    steps = left[after] - ends[:-1]
    near = steps <= _STEP * size
    if around[1] < np.inf:
        between = int(np.count_nonzero(left[after] < around[1]))
        near[:between] |= max([*steps[:between], around[1] - ends[between]]) <= GAP * size
    after = after[np.logical_and.accumulate(near)]
    steps = starts[:-1] - right[before]
    near = steps <= np.where(low[before], _ROOM, _STEP) * size
    if around[0] > -np.inf:
        between = int(np.count_nonzero(right[before] > around[0]))
        near[:between] |= max([*steps[:between], starts[between] - around[0]]) <= GAP * size
    before = before[np.logical_and.accumulate(near)]
    far = [
        3 * np.maximum(np.maximum(over, under)[inner], 0),
        left[after] - lines.right[i],
        lines.left[i] - right[before],
    ]
    return row[np.concatenate([inner, after, before])], np.concatenate(far)


def halves(lines: Lines, walls: Walls) -> Ints:
    """(P, 2) pairs of lines that stand side by side in one row."""
    high, wide, huge, body = lines.high, lines.wide, _is_huge(lines), _body(lines)
    made = [np.empty((0, 2), np.intp)]
    for i, j in near(lines, lines.size):
        small, large = np.minimum(high[i], high[j]), np.maximum(high[i], high[j])
        size = np.maximum(body[i], body[j])
        gap = np.maximum(lines.left[i], lines.left[j]) - np.minimum(lines.right[i], lines.right[j])
        fit = (gap <= GAP * size) & alike(lines.depth, i, j) & (huge[i] == huge[j])
        i, j, gap, size, small, large = (values[fit] for values in (i, j, gap, size, small, large))
        meet = (np.maximum(lines.left[i], lines.left[j]) + np.minimum(lines.right[i], lines.right[j])) / 2
        top, bottom = (np.stack([at[k] + lines.slope[k] * meet for k in (i, j)]) for at in (lines.top, lines.bottom))
        share, total = bottom.min(axis=0) - top.max(axis=0), bottom.max(axis=0) - top.min(axis=0)
        part = (gap <= _PART * size) & (np.minimum(wide[i], wide[j]) <= 2 * size)
        part &= np.minimum(lines.count[i], lines.count[j]) <= 3
        fit = (share >= 0.6 * small) & (total <= 1.3 * large) & ((large <= 2 * small) | part)
        fit &= ~walls.between(meet - gap / 2, meet + gap / 2, top.min(axis=0), bottom.max(axis=0))
        made.append(np.stack([i[fit], j[fit]], axis=1))
    return np.concatenate(made)
