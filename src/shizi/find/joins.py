"""Which lines of ink belong together: marks join the line in whose row they stand, and parts of a line each other."""

from __future__ import annotations

import numpy as np

from shizi.find.ink import Floats, Ints
from shizi.find.lines import TONE, Bools, Lines, alike, bands, near, typical
from shizi.find.walls import Walls

GAP = 1.3  # widest gap within a line, in heights of its characters
_BODY = 0.9  # their height in a line of low letters, in heights of the line
_SHORT = 2  # pieces of a line that need not have a tall letter among them,
_LEAST = 0.7  # its height, in those of the page's typical characters, at least,
_LOW = 1.4  # and how much higher tall letters are than low ones, at most
_STEP = 1.0  # widest gap to a fragment, in heights of the characters
_PART = 0.8  # and between parts of a line of unlike height
_ROOM = 1.1  # and from a line back to a mark low before it, which has room built in: 一、
_PITCH = 0.8  # width of a mark behind a line with such room on both sides, where all characters are as wide
_MANY = 20  # marks in a row, up to the next text, that are a rule and have none: 签字： is no text with it, but a rule
_LEADER = 0.25  # height of the dots that lead from one text to another, likewise
_MARK = 0.5  # a mark's height at most, likewise
_QUOTES = 2.2  # length of quotes that stand together, likewise: 'a', """
_NARROW = 0.7  # width of their strokes, in their height, at most, and
_ABOVE = 0.3  # how far above the line's foot they end, in heights of its characters
_OVER = 0.35  # how far what stands in a line's row reaches over or under the line at most, likewise
_FLAT, _LONGEST, _LEVEL = 0.2, 2.6, 5.0  # height and length of level strokes at most, likewise, and in their height
_DEEP, _TOUCH = 0.5, 0.25  # how far under a line those reach that all but touch it: __, and the gap, likewise
_HUGE = 2.5  # times the page's typical character: single pieces of that size are not a line's neighbours,
_EQUAL = 1.3  # but for those of a line whose characters differ from theirs by this factor at most: of a heading
_GIANT = 12.0  # and several are shapes that are no text
_RING = (0.15, 0.45)  # height of a sign of degrees, in those of the figures before it, from and to,
_ROUND = 0.7  # its one side in the other at least,
_CLOSE = 0.3  # and how far behind them it stands, in their height, at most
_AWAY = 1.8  # from further than that no small piece is the first to join a line: more than a gap and a mark's room


def _body(lines: Lines) -> Floats:
    """(M,) sizes of the lines' fonts: most of the characters of a Latin line are low, and of a short one all may be."""
    body = np.maximum(lines.size, _BODY * lines.high)
    short = (lines.count <= _SHORT) & (lines.high >= _LEAST * (usual := typical(lines, body)))
    return np.where(short, np.minimum(np.maximum(body, usual), _LOW * body), body)


def _is_huge(lines: Lines) -> Bools:
    enough = lines.only(lines.size >= 6)
    size = lines.size / max(typical(enough, enough.size), 1e-9)
    return ((lines.count <= 3) & (size > _HUGE)) | (size > _GIANT)


def fragments(lines: Lines, walls: Walls) -> Ints:
    """(P, 2) pairs of a fragment and the line in whose row it stands, near or inside, and of two lines that fragments
    between them join.
    """
    cost, owner = np.full(len(lines), np.inf), np.full(len(lines), -1, np.intp)
    body, ahead = _body(lines), np.full(len(lines), -1, np.intp)
    takers = np.flatnonzero(((lines.count >= 2) | (lines.high >= 6)) & ~_is_huge(lines))
    for which, others in bands(*_reach(lines, body, takers)):
        some = takers[which]
        one, size, every = lines.only(some), body[some], lines.only(others)
        row, over, under = _in_row(one, size, every)
        row &= some[:, None] != others
        before, behind, following = _next(one, size, every, body[others])
        close = every.left - one.right[:, None] <= _AWAY * size[:, None]
        close &= one.left[:, None] - every.right <= _AWAY * size[:, None]
        for at in np.flatnonzero((row & close).any(axis=1)).tolist():
            i, held = int(some[at]), np.flatnonzero(row[at])
            inside = others[held]
            if walls.passed is not None:
                right = np.minimum(lines.right[i], lines.right[inside])
                left = np.maximum(lines.left[i], lines.left[inside])
                lean = lines.slope[i] * left
                free = ~walls.between(right, left, lines.top[i] + lean, lines.bottom[i] + lean)
                inside, held = inside[free], held[free]
            around = float(before[at]), float(behind[at])
            near, far, across = _fragments_of(lines, i, body[i], inside, over[at, held], under[at, held], around)
            closer = (far < cost[near]) | ((far == cost[near]) & (i < owner[near]))
            cost[near[closer]], owner[near[closer]] = far[closer], i
            if across:
                ahead[i] = others[following[at]]
    found = np.flatnonzero(owner >= 0)
    first = np.flatnonzero(ahead >= 0)
    second, lean = ahead[first], lines.slope[first] * lines.right[first]
    fit = ~walls.between(lines.right[first], lines.left[second], lines.top[first] + lean, lines.bottom[first] + lean)
    fit &= alike(lines.depth, first, second)
    return np.concatenate([np.stack(two, axis=1) for two in ((found, owner[found]), (first[fit], second[fit]))])


def _reach(lines: Lines, body: Floats, some: Ints) -> tuple[Floats, Floats]:
    """(S, 2): from where to where, down the page, what stands in the rows of ``some`` lines may reach; and, (M, 2),
    where all lines do.
    """
    ends = lines.left + lines.right
    first, last = (lines.slope[some] * end / 2 for end in (ends.min(initial=np.inf), ends.max(initial=0.0)))
    beyond, own = _DEEP * body[some] + 1, lines.slope * ends / 2
    above, below = np.minimum(first, last) - beyond, np.maximum(first, last) + beyond
    rows = np.stack([lines.top[some] + above, lines.bottom[some] + below], axis=1)
    return rows, np.stack([lines.top + np.minimum(own, 0), lines.bottom + np.maximum(own, 0)], axis=1)


def _in_row(some: Lines, body: Floats, lines: Lines) -> tuple[Bools, Floats, Floats]:
    """(S, M): which lines are small pieces in the rows of ``some`` others, and how far they reach over and under.

    ``body``, (S,), is the size of the others' fonts.
    """
    high, wide, few = lines.high, lines.wide, lines.count <= 2
    size = body[:, None]
    middle = (some.slope[:, None] - lines.slope) * (lines.left + lines.right) / 2
    over, under = some.top[:, None] + middle - lines.top, lines.bottom - some.bottom[:, None] - middle
    row = (high < 0.8 * size) & (wide < 1.7 * size)  # the lower stroke of 二 and the mark behind it may be one
    row &= few | (high < 0.35 * size)
    row |= (high < _LEADER * size) & (lines.count >= 5)
    strokes = (high < _MARK * size) & (wide < _QUOTES * size) & (wide - lines.white < _NARROW * high * lines.count)
    row |= strokes & (under < -_ABOVE * size)
    flat = few & (high < _FLAT * size) & (wide < _LONGEST * size)
    row |= flat
    depth = some.depth[:, None]
    row &= (lines.depth * TONE > depth) & (lines.depth < depth * TONE)
    row &= (over <= _OVER * size) & (under <= np.where(flat & (wide >= _LEVEL * high), _DEEP, _OVER) * size)
    return row, over, under


def _next(some: Lines, body: Floats, lines: Lines, bodies: Floats) -> tuple[Floats, Floats, Ints]:
    """(S,), (S,): where the nearest of the lines that is of like height and in the row of each of ``some`` ends before
    it, or begins behind it; infinitely far where there is none. Beside them, (S,), which line that one behind it is.

    ``body``, (S,), and ``bodies``, (M,), are the sizes of their fonts.
    """
    middle = some.slope[:, None] * (lines.left + lines.right) / 2
    top, bottom = some.top[:, None] + middle, some.bottom[:, None] + middle
    own = lines.slope * (lines.left + lines.right) / 2
    share = np.minimum(bottom, lines.bottom + own) - np.maximum(top, lines.top + own)
    like = (share >= 0.6 * np.minimum(some.high[:, None], lines.high)) & (body[:, None] <= 1.6 * bodies)
    like &= bodies <= 1.6 * body[:, None]
    before = np.where(like & (lines.right <= some.left[:, None]), lines.right, -np.inf).max(axis=1, initial=-np.inf)
    after = np.where(like & (lines.left >= some.right[:, None]), lines.left, np.inf)
    return before, after.min(axis=1, initial=np.inf), after.argmin(axis=1)


def _fragments_of(
    lines: Lines, i: int, size: float, row: Ints, over: Floats, under: Floats, around: tuple[float, float]
) -> tuple[Ints, Floats, bool]:
    """Of the small pieces in its ``row`` those that line ``i`` could take, and how far from their place they stand.

    ``around`` is where the lines before and behind it end and begin: small pieces that fill the room up to there
    (a = b) may stand further from both. Whether they do, behind it, is the last that is told.
    """
    left, right = lines.left[row], lines.right[row]
    apart = np.maximum(left - lines.right[i], lines.left[i] - right)
    inner = np.flatnonzero((apart < 0) & (under <= _OVER * size))
    # where a line has low letters only, high ones would reach over it
    beside = over <= 0.1 * size + 1 + max(0.0, size - float(lines.high[i]))
    beside &= (under <= _OVER * size) | (apart <= _TOUCH * size)
    after = np.flatnonzero(beside & (left >= lines.right[i]))
    before = np.flatnonzero(beside & (right <= lines.left[i]))
    after, before = after[np.argsort(left[after])], before[np.argsort(-right[before])]
    # step by step outwards, as far as the gaps are small
    ends = np.maximum.accumulate(np.concatenate([lines.right[[i]], right[after]]))
    starts = np.minimum.accumulate(np.concatenate([lines.left[[i]], left[before]]))
    mark = lines.high[row] < _MARK * size
    low = mark & (under > over)  # nearer to the line's foot than to its head
    room = np.where(mark, (_PITCH * size - (right - left)).clip(0) / 2, 0.0)
    if np.count_nonzero(left[after] < around[1]) > _MANY:
        room[:] = 0.0
    reached, across = _reached(left[after] - ends[:-1], around[1] - ends, room[after], np.full(len(after), _STEP), size)
    after = after[:reached]
    widest = np.where(low[before], _ROOM, _STEP)
    reached, _ = _reached(starts[:-1] - right[before], starts - around[0], np.zeros(len(before)), widest, size)
    before = before[:reached]
    far = [
        3 * np.maximum(np.maximum(over, under)[inner], 0),
        left[after] - lines.right[i],
        lines.left[i] - right[before],
    ]
    return row[np.concatenate([inner, after, before])], np.concatenate(far), across


def _reached(gaps: Floats, rest: Floats, room: Floats, widest: Floats, size: float) -> tuple[int, bool]:
    """How many of K small pieces beside a line are reached, step by step outwards, and do they lead to the next line?

    Before each is a gap, (K,), and that is at most ``widest``, (K,), heights of the characters, besides the ``room``,
    (K,), that is built in on each side of a piece. From the line and from each piece the next line is ``rest``,
    (K + 1,), away.
    """
    steps = gaps - room - np.concatenate([[0.0], room[:-1]]) if len(gaps) else gaps
    near, between = steps <= widest * size, int(np.count_nonzero(rest[:-1] > gaps))
    across = between > 0 and max(*steps[:between], rest[between] - room[between - 1]) <= GAP * size
    near[:between] |= across
    return int(np.logical_and.accumulate(near).sum()), across


def halves(lines: Lines, walls: Walls) -> Ints:
    """(P, 2) pairs of lines that stand side by side in one row."""
    high, wide, huge, body = lines.high, lines.wide, _is_huge(lines), _body(lines)
    made = [np.empty((0, 2), np.intp)]
    for i, j in near(lines, lines.size):
        small, large = np.minimum(high[i], high[j]), np.maximum(high[i], high[j])
        size = np.maximum(body[i], body[j])
        gap = np.maximum(lines.left[i], lines.left[j]) - np.minimum(lines.right[i], lines.right[j])
        fit = (gap <= GAP * size) & alike(lines.depth, i, j)
        own = (huge[i] == huge[j]) | (size <= _EQUAL * np.minimum(body[i], body[j]))
        fit &= own | _is_raised(lines, i, j) | _is_raised(lines, j, i)
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


def _is_raised(lines: Lines, some: Ints, others: Ints) -> Bools:
    """(P,): is each of ``some`` a ring or letter at the head of the other line, right behind it? As large as they are,
    the figures of a temperature have no other neighbours.
    """
    high, wide, large = lines.high[some], lines.wide[some], lines.high[others]
    lean = lines.slope[others] * lines.left[some]
    raised: Bools = (lines.count[some] == 1) & (high >= _RING[0] * large) & (high <= _RING[1] * large)
    raised &= np.minimum(high, wide) >= _ROUND * np.maximum(high, wide)
    raised &= lines.bottom[some] <= (lines.top[others] + lines.bottom[others]) / 2 + lean
    gap = lines.left[some] - lines.right[others]
    raised &= (gap >= 0) & (gap <= _CLOSE * large)
    return raised
