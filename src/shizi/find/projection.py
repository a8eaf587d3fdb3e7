"""Lines found without a model: pieces of ink that stand in a row are linked, and what belongs to a row joins it.

The steps, for dark and for light strokes apart, and once more on a smaller page for large letters:

1. :mod:`shizi.find.ink` gives pieces of ink.
2. Neighbours of like height and tone that see each other along the row are linked; linked pieces are a line.
3. Fragments (dots, lone strokes, punctuation, leaders) join the line in whose row they stand, and parts of a line
   that a fragment kept apart join each other (:mod:`shizi.find.joins`), but for what upright rules part
   (:mod:`shizi.find.walls`). Characters of which the halves are lines of their own become whole
   (:mod:`shizi.find.parts`).
4. Where the lines of two polarities or sizes lie on one another, one is chosen: a line's rims show its own ground.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields

import cv2
import numpy as np

from shizi.find import direction, joins, parts
from shizi.find.found import MAX_DROPPED, Candidate, Found
from shizi.find.ink import SPECK, Floats, Grey, Ink, Ints, Pieces, inks, pieces
from shizi.find.lines import TONE, Bools, Lines, near, typical, united
from shizi.find.walls import Walls
from shizi.settings import FindSettings
from shizi.types import Dropped, Quad

_UNLIKE = 1.6  # by this factor pieces differ that are of one line only if they are as near as the lower is high,
_TALL = 3.0  # where the higher one is so many times as high as most are: letters in pieces differ as much
_LOOSE = 1.8  # height of a line, in heights of its characters, that nothing may join to make
_LOOSEST = 2.2  # and that makes it no line
_LETTER = 0.55  # height of a letter at least, likewise: quotes are lower
_RIM = 0.7  # share of its rims that shows ground, for a line of which little else is known
_FLAT = 25.0  # times as wide as high, and
_LOW = 0.45  # of the height of the page's median line: a row of dashes or a broken rule, which no one reads
_COARSE = 3  # the smaller page is smaller by this
_SMALL_PIECES = 4  # pieces in a row that are taken for text too small to be read
_SMALLEST = 3.0  # and its least height, pixels: lower ones are specks
_LYING = 3  # lines of much smaller characters on a shape that make it no line
_TINY, _HOLLOW = 0.25, 0.3  # two are enough if they are smaller still, on a shape that fills so little of its box
_CLEAR = 0.9  # of its rims that make a line of one or two pieces as good as longer ones, and
_LIKE = 0.35  # how far from the typical size its own is then at most, as a share
_TALLER = 2.0  # a hanzi beside the typical figure
_PEER, _SEVERAL = 0.2, 3  # or as many others as that are of its own size, but for that share of it
_FULL = 0.8  # of its box that a disc fills at most
_HOLDS, _STEPS = 0.8, 3  # of a disc lies in a row of discs, of so many at least, and as many pieces a disc at most
_GREY = 0.3  # depth of a line that is like the others, as a share of theirs: the grey heading of a column,
_INKED = (0.15, 0.6)  # and how much of its box its ink fills then
_SOLID, _SIDES = 0.72, 0.8  # of its box that a disc or square with a character on it fills, and its sides' ratio,
_EMPTY, _LARGER = 0.765, 1.3  # the same of one without, and its size, which a bullet does not have
_SPARSE = 0.07  # of its box that its ink fills then at least: 一 and 广大 in thin strokes
_LAPS = 0.15  # of a line of the smaller page, that lies in lines of the larger one
_MOST_LINES = 5500  # of a page and polarity, the largest: read.max_lines is 5,000
_COARSE_SIZE = 10.0  # height of the characters that are looked for there, its own pixels


def find(page: Grey, settings: FindSettings) -> Found:
    """The lines of a (H, W) page, from left to right and, where the gaps say so, from top to bottom."""
    ratio = min(1.0, settings.max_side / max(page.shape))
    page = _scaled(page, ratio)
    least = settings.min_height * ratio
    rows, lost, seen = _rows(page, least)
    columns = rows.only(np.empty(0, np.intp))
    if _has_columns(rows, seen, page.shape[1]):
        columns, _, _ = _rows(np.ascontiguousarray(np.rot90(page)), least)
    level, upright, either = direction.choose(rows, columns, page.shape[1])
    tall = direction.turned_back(columns, page.shape[1])
    made = [Candidate(Quad.of(corners / ratio)) for corners in rows.corners()[level]]
    made += [Candidate(Quad.of(corners / ratio), vertical=True) for corners in tall[upright]]
    kept, rules = _without_rules(made)
    dropped = [Dropped(Quad.of(corners / ratio), reason) for lines, reason in lost for corners in lines.corners()]
    return Found(tuple(kept), tuple([*_uncovered(dropped, kept), *rules][:MAX_DROPPED]), either=either)


def _has_columns(rows: Lines, seen: list[Pieces], width: int) -> bool:
    """May there be columns? Links alone, the cheap part of looking for them, say so."""
    for found in seen:
        left, top, right, bottom = found.boxes.T
        turned = Pieces(np.stack([top, width - right, bottom, width - left], axis=1), found.area, found.depth)
        group = _linked(turned, (width, int(bottom.max(initial=0)) + 1), Walls(None))
        _, upright, either = direction.choose(rows, _summed(turned, group), width)
        if either or upright.any():
            return True
    return False


def _rows(page: Grey, least: float) -> tuple[Lines, list[tuple[Lines, str]], list[Pieces]]:
    """The lines of a page that run to the right, what was left out, with the reason, and the pieces of ink."""
    found, lost, seen = [], [], []
    for ink in inks(page):
        some = pieces(page, ink)
        lines, marks, small = _lines(page, ink, some, least)
        found.append((lines, marks))
        lost.append((small, "small"))
        seen.append(some)
    small_page = _scaled(page, 1 / _COARSE)
    if min(small_page.shape) >= 2 * _COARSE_SIZE:
        for ink in inks(small_page):
            lines, marks, _ = _lines(small_page, ink, pieces(small_page, ink), _COARSE_SIZE)
            sure = (lines.count >= 2) & (marks >= _RIM) & (lines.high <= 1.5 * lines.size)
            lines, marks = lines.only(sure), marks[sure]
            scale = page.shape[1] / small_page.shape[1], page.shape[0] / small_page.shape[0]
            found.append((_enlarged(lines, *scale), marks))
    lines, faint = _choose(found)
    return lines, [*lost, (faint, "faint")], seen


def _uncovered(dropped: list[Dropped], kept: list[Candidate]) -> list[Dropped]:
    """Of what was left out, what no kept line covers for the better part, the largest first."""
    if not dropped or not kept:
        return dropped
    low = np.array([one.quad.bounds for one in dropped])
    high = np.array([one.quad.bounds for one in kept])
    area = (low[:, 2:] - low[:, :2]).prod(axis=1)
    made: list[Dropped] = []
    for at in np.argsort(-area, kind="stable").tolist():
        sides = np.minimum(low[at, 2:], high[:, 2:]) - np.maximum(low[at, :2], high[:, :2])
        if sides.clip(0).prod(axis=1).sum() < 0.5 * area[at]:
            made.append(dropped[at])
        if len(made) == MAX_DROPPED:  # no more are told of
            break
    return made


def _without_rules(lines: list[Candidate]) -> tuple[list[Candidate], list[Dropped]]:
    """The rows of dashes taken out: low and very long beside the page's other lines."""
    if len(lines) < 3:
        return lines, []

    def sides(line: Candidate) -> tuple[float, float]:
        return (line.quad.height, line.quad.width) if line.vertical else (line.quad.width, line.quad.height)

    low = _LOW * float(np.median([sides(line)[1] for line in lines]))
    kept, rules = [], []
    for line in lines:
        wide, high = sides(line)
        if high >= low or wide <= _FLAT * high:
            kept.append(line)
        else:
            rules.append(Dropped(line.quad, "rule"))
    return kept, rules


def _scaled(page: Grey, ratio: float) -> Grey:
    if ratio >= 1:
        return page
    size = max(1, round(page.shape[1] * ratio)), max(1, round(page.shape[0] * ratio))
    return cv2.resize(page, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)


def _enlarged(lines: Lines, x: float, y: float) -> Lines:
    return Lines(
        lines.left * x, lines.right * x, lines.slope * (y / x), lines.top * y, lines.bottom * y, lines.size * y,
        lines.depth, lines.count, lines.fill, lines.white * x, lines.level,
    )  # fmt: skip


def _lines(page: Grey, ink: Ink, found: Pieces, least: float) -> tuple[Lines, Floats, Lines]:
    """The lines of one polarity that are at least ``least`` high, how well each stands out, and the lower ones."""
    walls = Walls.of(ink)
    group = _linked(found, page.shape, walls)
    lines = _summed(found, group)
    steps: tuple[Callable[[Lines, Walls], Ints], ...] = (joins.fragments, joins.halves)
    for step in (*steps, *steps, joins.fragments):
        group, lines = _joined(found, group, lines, step(lines, walls))
    for _ in range(2):  # 宜 is three parts high
        pairs = parts.pairs(lines)
        if len(pairs):
            found, group = parts.whole(found, group, united(len(lines), pairs)[group])
            lines = _summed(found, group)
    high_enough = (lines.high >= least) & (lines.size >= least)
    dash = (lines.count == 1) & (lines.wide > 7 * lines.high)
    right = ~dash & ~lines.loose(_LOOSEST)
    small = lines.only(right & ~high_enough & (lines.count >= _SMALL_PIECES) & (lines.high >= _SMALLEST))
    small = small.only(_marks(page, small, ink) >= _RIM)
    lines = lines.only(right & high_enough)
    if len(lines) > _MOST_LINES:
        lines = lines.only(np.sort(np.argsort(-lines.wide * lines.high, kind="stable")[:_MOST_LINES]))
    return lines, _marks(page, lines, ink), small


def _joined(found: Pieces, group: Ints, lines: Lines, pairs: Ints) -> tuple[Ints, Lines]:
    """Join the pairs of lines, but for those that would become much higher than their characters."""
    if not len(pairs):
        return group, lines
    merged = united(len(lines), pairs)
    after = _summed(found, merged[group])
    torn = (after.loose(_LOOSE) & (after.high > 1.1 * _most(lines.high, merged)))[merged]
    merged = np.where(torn, len(after) + np.arange(len(lines)), merged)
    group = np.unique(merged, return_inverse=True)[1].astype(np.intp)[group]
    return group, _summed(found, group)


def _most(values: Floats, group: Ints) -> Floats:
    """The largest value of each group."""
    made = np.full(int(group.max(initial=-1)) + 1, -np.inf)
    np.maximum.at(made, group, values)
    return made


def _linked(found: Pieces, shape: tuple[int, ...], walls: Walls) -> Ints:
    """(N,) number of the line that each piece is linked into.

    Lines that come out much higher than their characters were run together; their links are made again, stricter.
    """
    if not len(found):
        return np.empty(0, np.intp)
    pairs = _sights(found.boxes, shape)
    a, b = pairs.T
    left, top, right, bottom = found.boxes.T
    high = bottom - top
    small, large = np.minimum(high[a], high[b]), np.maximum(high[a], high[b])
    share = np.minimum(bottom[a], bottom[b]) - np.maximum(top[a], top[b])
    gap = np.maximum(left[a], left[b]) - np.minimum(right[a], right[b])
    like = np.maximum(found.depth[a], found.depth[b]) < TONE * np.minimum(found.depth[a], found.depth[b])
    linked = like & (large <= 2 * small) & (share >= 0.5 * small) & (small >= 4)
    tall = large > np.maximum(_UNLIKE * small, _TALL * np.median(high[high >= 4])) if linked.any() else linked
    linked &= gap <= joins.GAP * np.where(tall, small, large)
    start, end = np.minimum(right[a], right[b]), np.maximum(left[a], left[b])
    linked &= ~walls.between(start, end, np.minimum(top[a], top[b]), np.maximum(bottom[a], bottom[b]))
    group = united(len(found), pairs[linked])
    lines = _summed(found, group)
    together = (lines.high > _LOOSE * lines.size)[group]
    if together.any():
        strict = (large <= 1.5 * small) & (share >= 0.7 * large) & (gap <= 0.8 * large)
        group = united(len(found), pairs[linked & (strict | ~(together[a] | together[b]))])
    return group


def _sights(boxes: Ints, shape: tuple[int, ...]) -> Ints:
    """(P, 2) pairs (i, j): j is the first piece seen from i, to its left or right, at one of three heights."""
    canvas = np.full(shape, -1, np.int32)
    left, top, right, bottom = boxes.T
    ranked = np.argsort(-(right - left) * (bottom - top), kind="stable")  # small ones lie on top
    for i, (x0, y0, x1, y1) in zip(ranked.tolist(), boxes[ranked].tolist(), strict=True):
        canvas[y0:y1, x0:x1] = i
    high, index = bottom - top, np.arange(len(boxes))
    far = np.maximum(3, 1.6 * joins.GAP * high)[:, None] * np.linspace(0, 1, 40)
    ahead = np.minimum(right[:, None] + far, shape[1] - 1).astype(np.intp)
    behind = np.maximum(left[:, None] - 1 - far, 0).astype(np.intp)
    made = []
    for share in (0.2, 0.5, 0.8):
        y = (top + share * high).astype(np.intp)
        for x in (ahead, behind):
            seen = canvas[y[:, None], x]
            other = (seen >= 0) & (seen != index[:, None])
            first = other.argmax(axis=1)
            some = other[index, first]
            made.append(np.stack([index[some], seen[index, first][some]], axis=1))
    return np.concatenate(made).astype(np.intp)


def _summed(found: Pieces, group: Ints) -> Lines:
    """The lines that the pieces make up; ``group``, (N,), says which piece belongs to which."""
    count = int(group.max(initial=-1)) + 1
    left, top, right, bottom = found.boxes.T.astype(np.float64)
    high, x, y = bottom - top, (left + right) / 2, (top + bottom) / 2

    def total(values: Floats) -> Floats:
        return np.bincount(group, values, count).astype(np.float64)

    def least(values: Floats) -> Floats:
        made = np.full(count, np.inf)
        np.minimum.at(made, group, values)
        return made

    size = _sizes(high, group, count)
    start, end = least(left), -least(-right)
    # the slope by least squares through the centres; fragments lie anywhere in the row and do not count
    weight = np.where(high >= 0.4 * size[group], high, 0.0)
    sums = np.maximum(total(weight), 1e-9)
    dx, dy = x - (total(weight * x) / sums)[group], y - (total(weight * y) / sums)[group]
    slope = total(weight * dx * dy) / np.maximum(total(weight * dx * dx), 1e-9)
    number, wide = np.bincount(group[found.area > SPECK], minlength=count), end - start
    tall = weight > 0
    several, far = np.bincount(group[tall], minlength=count), np.full((2, count), -np.inf)
    np.maximum.at(far[0], group[tall], x[tall])
    np.maximum.at(far[1], group[tall], -x[tall])
    reach = far.sum(axis=0).clip(0)  # of leading dots nothing: a short text does not say which way they run
    rise = np.abs(slope) * reach
    slope = np.where((several >= 4) & (reach > 3 * size) & (rise > 0.35 * size) & (np.abs(slope) < 0.4), slope, 0.0)
    above, below = least(top - slope[group] * x), -least(slope[group] * x - bottom)
    area = total(found.area)
    depth = total(found.area * found.depth) / np.maximum(area, 1e-9)
    fill = area / np.maximum(wide * (below - above), 1e-9)
    white = _white(found, group, count)
    middle = (total(weight * y) / sums - slope * total(weight * x) / sums)[group] + slope[group] * x
    letter = np.where(high >= _LETTER * size[group], weight, 0.0)
    level = total(letter * ((top <= middle) & (middle <= bottom))) / np.maximum(total(letter), 1e-9)
    return Lines(start, end, slope, above, below, size, depth, number.astype(np.intp), fill, white, level)


def _white(found: Pieces, group: Ints, count: int) -> Floats:
    """(count,) length along each line that no piece of it covers."""
    left, right = found.boxes[:, 0].astype(np.float64), found.boxes[:, 2].astype(np.float64)
    order = np.lexsort((left, group))
    apart = group[order] * (2.0 * float(right.max(initial=0)) + 1)  # each line beyond the end of the one before
    reach = np.maximum.accumulate(right[order] + apart)
    gap = np.where(np.diff(group[order]) == 0, (left[order] + apart)[1:] - reach[:-1], 0.0).clip(0)
    return np.bincount(group[order][1:], gap, count).astype(np.float64)


def _sizes(high: Floats, group: Ints, count: int) -> Floats:
    """(count,) heights of the lines' characters: the height that pieces with 60 % of the squared heights stay below.

    Squares, because a row of fifty leading dots does not make a line's characters small.
    """
    order = np.lexsort((high, group))
    number = np.bincount(group, minlength=count)
    last = np.cumsum(number) - 1
    grown = np.cumsum(high[order] ** 2)
    before = np.concatenate([[0.0], grown[last[:-1]]])[:count]
    at = np.searchsorted(grown, before + 0.6 * (grown[last] - before) - 1e-6)
    sizes: Floats = high[order][at]
    return sizes


def _marks(page: Grey, lines: Lines, ink: Ink) -> Floats:
    """(M,) shares of the rims above and below the lines that look like their ground."""
    rows, columns = page.shape
    xs = lines.left[:, None] + lines.wide[:, None] * np.linspace(0.02, 0.98, 32)
    lean = lines.slope[:, None] * xs

    def at(picture: Grey, height: Floats) -> Floats:
        ys = (height[:, None] + lean).clip(0, rows - 1)
        return picture[ys.astype(np.intp), xs.clip(0, columns - 1).astype(np.intp)].astype(np.float64)

    ground = np.median(at(ink.ground, (lines.top + lines.bottom) / 2), axis=1)[:, None] if len(lines) else 0.0
    away = 0.15 * lines.high + 1
    rims = np.concatenate([at(page, lines.top - away), at(page, lines.bottom + away)], axis=1)
    plain = np.abs(rims - ground) < 0.5 * lines.depth[:, None]
    ruled = np.concatenate([at(ink.rules, lines.top - away), at(ink.rules, lines.bottom + away)], axis=1) > 0
    marks: Floats = (plain | ruled).mean(axis=1)
    return marks


def _choose(found: list[tuple[Lines, Floats]]) -> tuple[Lines, Lines]:
    """Of lines that lie on one another, one: first those of several pieces seen in the fine, then the larger.

    Beside them those of several pieces that are not believed.
    """
    every = Lines(*(np.concatenate([getattr(lines, f.name) for lines, _ in found]) for f in fields(Lines)))
    source = np.repeat(np.arange(len(found)), [len(lines) for lines, _ in found])
    marks = np.concatenate([m for _, m in found])
    area, solid = every.wide * every.high, _is_solid(every)
    one, other, shared = _overlaps(every, source)
    # a row of discs, the steps of something: their numbers are text, they are not
    disc = solid & (every.fill <= _FULL)
    discs = np.bincount(one[disc[other] & (shared > _HOLDS * area[other])], minlength=len(every))
    marks = np.where((discs >= _STEPS) & (discs >= every.count / _STEPS), 0.0, marks)
    size = every.size / max(typical(every, every.size), 1e-9)
    plain = (every.count <= 2) & (marks >= _CLEAR) & (np.abs(size - 1) <= _LIKE)
    fine = (source < 2) & ((every.count >= 3) | plain)
    fine &= ~_is_backdrop(every, marks, one, other, shared)
    rank = np.where(fine & (marks >= _RIM), 0, np.where(marks >= _CLEAR, 1, np.where(fine, 2, 3)))
    rank[solid] = 3
    much = shared > 0.3 * np.minimum(area[one], area[other])
    ends = np.searchsorted(one, np.arange(len(every) + 1)).tolist()

    def picked(marks: Floats) -> Ints:
        kept = np.zeros(len(every), np.bool_)
        for i in np.lexsort((-area, rank)).tolist():
            if marks[i] < 0.5:
                continue
            some = slice(ends[i], ends[i + 1])
            rivals = kept[other[some]]
            if source[i] >= 2 and shared[some][rivals].sum() > _LAPS * area[i]:  # gaps between two lines, from afar
                continue
            kept[i] = not (much[some] & rivals).any()
        return np.flatnonzero(kept)

    chosen = picked(marks)
    believed = _is_believed(every.only(chosen), marks[chosen])
    # what is between the letters of two rows is one piece, larger than these and no text: it may not cover them
    between = np.zeros(len(every), np.bool_)
    between[chosen[~believed]] = True
    rows = much & (every.count[other] >= 2) & (marks[other] >= _CLEAR)
    between &= (every.count == 1) & (np.bincount(one[rows], minlength=len(every)) > 0)
    if between.any():
        marks = np.where(between, 0.0, marks)
        chosen = picked(marks)
        believed = _is_believed(every.only(chosen), marks[chosen])
    lines = every.only(chosen)
    return lines.only(believed), lines.only(~believed & (lines.count >= 2))


def _overlaps(lines: Lines, source: Ints) -> tuple[Ints, Ints, Floats]:
    """Which two lines of different sources lie on one another, and the area that their boxes share: (P,) each, every
    two both ways round, in the order of the first ones.
    """
    boxes = lines.bounds()
    made = [(np.empty(0, np.intp), np.empty(0, np.intp), np.empty(0))]
    for i, j in near(lines, np.zeros(len(lines))):
        rivals = source[i] != source[j]
        i, j = i[rivals], j[rivals]
        shared = (np.minimum(boxes[i, 2:], boxes[j, 2:]) - np.maximum(boxes[i, :2], boxes[j, :2])).clip(0).prod(axis=1)
        some = shared > 0
        made.append((i[some], j[some], shared[some]))
    one, other, area = (np.concatenate(part) for part in zip(*made, strict=True))
    order = np.argsort(np.concatenate([one, other]), kind="stable")
    both = (np.concatenate([one, other]), np.concatenate([other, one]), np.concatenate([area, area]))
    return both[0][order], both[1][order], both[2][order]


def _is_backdrop(lines: Lines, marks: Floats, one: Ints, other: Ints, shared: Floats) -> Bools:
    """Large shapes with much smaller lines of another source on them, of more pieces than they have themselves.

    ``one`` and ``other`` share an area, ``shared``: (P,) each, as :func:`_overlaps` tells.
    """
    on = (shared > 0.7 * (lines.wide * lines.high)[other]) & (lines.size[other] < 0.4 * lines.size[one])
    on &= ((lines.count >= 2) & (marks >= _RIM))[other]
    number = np.bincount(one[on], minlength=len(lines))
    pieces = np.bincount(one[on], lines.count[other[on]], len(lines))
    tiny = np.bincount(one[on & (lines.size[other] < _TINY * lines.size[one])], minlength=len(lines))
    large = lines.size > 2 * typical(lines, lines.size)
    return large & ((pieces > 1.5 * lines.count) | (number >= _LYING) | ((tiny >= 2) & (lines.fill < _HOLLOW)))


def _is_believed(lines: Lines, marks: Floats) -> Bools:
    """Is it text? The fewer pieces a line has, the more it must be like the page's other lines."""
    size = lines.size / max(typical(lines, lines.size), 1e-9)
    depth = lines.depth / max(typical(lines, lines.depth), 1e-9)
    like = (marks >= _CLEAR) & (((size >= 1 - _LIKE) & (size <= _TALLER)) | (_peers(size) >= _SEVERAL))
    filled = (lines.fill >= np.where(like, _SPARSE, 0.15)) & (lines.fill <= 0.8)
    figures = (lines.count == 2) & (marks >= _CLEAR) & (lines.fill >= 0.2) & (lines.high <= 1.1 * lines.size)
    least = np.where(like & (lines.fill >= _INKED[0]) & (lines.fill <= _INKED[1]), _GREY, 0.45)
    few = (marks >= _RIM) & (size >= np.where(figures, 0.35, 0.55)) & (depth >= least) & filled
    few &= size <= np.where(marks >= _CLEAR, 5, 3)
    few &= ~(_is_solid(lines) & (lines.fill >= _EMPTY) & (size >= _LARGER))
    some = (size >= 0.35) & (depth >= 0.3)
    return np.where(lines.count <= 2, few, np.where(lines.count <= 8, some, depth >= 0.2))


def _is_solid(lines: Lines) -> Bools:
    """Discs and squares, as stand beside names in lists of people: a character may be on them, but they are none."""
    square = np.minimum(lines.wide, lines.high) >= _SIDES * np.maximum(lines.wide, lines.high)
    solid: Bools = (lines.count == 1) & square & (lines.fill >= _SOLID)
    return solid


def _peers(size: Floats) -> Ints:
    """(M,) how many others are of about the size of each."""
    every = np.sort(size)
    low, high = np.searchsorted(every, (1 - _PEER) * size), np.searchsorted(every, (1 + _PEER) * size, "right")
    others: Ints = high - low - 1
    return others
