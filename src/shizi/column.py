"""Vertical text for a network that reads from left to right: a column is cut into its characters, which are then set
side by side, each upright.

The cuts are those of least cost among all (dynamic programming over the rows of pixels): characters stand at one pitch,
and the pitch is tried as well. A cell may be lower or higher than it, white may be left out, and a cut may run through
ink, but all that costs. So 三 stays whole, 二十二 are three, and characters that touch part.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from shizi.types import Quad

Grey = NDArray[np.uint8]
Floats = NDArray[np.float64]

WIDTH = 64
"""Columns are looked at in this width, pixels."""
MAX_LENGTH = 200
"""Widths that a column is long at the most; a longer one is squeezed, which bounds the work."""

_INK = 0.35  # of the contrast between ground and strongest ink
_LIT = 4.0  # widths of the column in which the light is even
_BESIDE = 0.3  # of the ink in the middle of the column that stands at its rims; less is punctuation beside it
_PITCHES = np.exp(np.arange(np.log(0.8), np.log(2.6), 0.08))  # heights of a cell, in widths of the characters: tried
_USUAL, _UNDER, _OVER = 0.95, 2.0, 0.03  # lower, higher than so many widths costs the squared logarithm so many times
_ROWS = 4  # where there is white, a cut may lie at each such row
_NEAR = 0.02  # of two places to cut in ink as near to one another, in widths, the emptier one counts
# For each character, in what follows:
_EVEN = 13.0  # what it costs to be higher or lower than the pitch: the squared logarithm, so many times,
_MOST = 1.6  # pitches, or widths of the characters, at the most
_TALL, _CROWDED = 1.2, 2.0  # widths that its ink is high; what it is higher costs its square, so many times
_CROSS = 2.7  # for a cut that runs through ink all along
_SKIPPED = 0.35  # for each pitch of white left out between two cells
_STRIP = 1.16  # height of the strip, in widths of the characters: as much room as a level line is cut with
_GAP = 0.1  # white between two characters, likewise
_CELL = 0.75  # least width of one, in heights of the strip
_MARK = 0.45  # ink that is smaller than this on both sides, likewise, is a punctuation mark
_ARC, _FLAT, _THIN = 0.45, 0.6, 0.12  # of a bracket that lies: least width, most and least height, in widths of column
_ACROSS, _STROKE = 0.7, 0.1  # of its width that each of its strokes takes, and of its ink; less is a speck
_BOW, _ENDS = 0.2, 0.15  # how far both its ends lie from its middle, in its height; shares of its width that they are
_SPOT, _SPOTS, _OVER_EDGE = 0.12, 0.4, 0.1  # sides of a mark beside a character, how far it may reach over: widths
_FEWEST, _OFTEN = 2, 0.1  # of them in a column, and of its characters, at least
_RIM = np.ones((3, 3), np.uint8)  # where strokes fade out
_LOW = 0.1  # how far above the lower edge such a mark is set, and right of the left one, likewise


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """A column laid down: the strip, and which part of the column each part of it shows."""

    strip: Grey
    """(H, W)"""
    ends: Floats
    """(2 K,) columns of the strip where its K characters begin and end, in order."""
    shares: Floats
    """(2 K,) the same places as shares of the column's length, from its top."""

    def part(self, quad: Quad, start: float, end: float) -> Quad:
        """Of ``quad``, the column, the part that the strip shows from ``start`` to ``end``, shares of its width."""
        width = self.strip.shape[1]
        top, bottom = np.interp((start * width, end * width), self.ends, self.shares)
        return down(quad, float(top), float(max(top, bottom)))


def down(quad: Quad, start: float, end: float) -> Quad:
    """The part of a quad between two shares of its height."""
    a, b, c, d = quad.points
    b2, c2, d2, a2 = Quad((b, c, d, a)).between(start, end).points
    return Quad((a2, b2, c2, d2))


def lay(column: Grey) -> Column:
    """Turn (H, W) pixels of a column, its characters upright, into a strip that is read from left to right."""
    rows = min(max(1, round(column.shape[0] * WIDTH / column.shape[1])), MAX_LENGTH * WIDTH)
    way = cv2.INTER_AREA if column.shape[1] > WIDTH else cv2.INTER_CUBIC
    small = cv2.resize(column, (WIDTH, rows), interpolation=way).astype(np.uint8, copy=False)
    small, ground = _even(small)
    ink = _ink(small, ground)
    left, right = _across(ink)
    size = float(right - left)
    cells = _cells(ink, size)
    high = round(_STRIP * size)
    gap = np.full((high, max(1, round(_GAP * size))), ground, np.uint8)
    parts, ends, shares, at = [gap], [], [], gap.shape[1]
    spans = [(max(0, round(start)), min(rows, round(end))) for start, end in cells]
    marks = [_mark(ink[first:last], right, size) for first, last in spans]
    # one alone may be a dot of a character that leans out of the column
    beside = sum(bool(mark.any()) for mark in marks) >= max(_FEWEST, _OFTEN * len(marks))
    for (first, last), mark in zip(spans, marks, strict=True):
        cell, inked, mark = small[first:last], ink[first:last], mark & beside
        between = first + int(np.flatnonzero(mark.any(axis=1))[0]) if mark.any() else last
        for strokes, top, bottom in ((inked & ~mark, first, between), (mark, between, last)):
            if strokes.any():
                alone = np.where(cv2.dilate((inked & ~strokes).astype(np.uint8), _RIM) > 0, np.uint8(ground), cell)
                patch = _patch(alone, strokes, size, high, ground)
                parts += [patch, gap]
                ends += [at, at + patch.shape[1]]
                shares += [top / rows, bottom / rows]
                at += patch.shape[1] + gap.shape[1]
    if not len(cells):
        ends, shares = [0, at], [0.0, 1.0]
    return Column(np.concatenate(parts, axis=1), np.asarray(ends, float), np.asarray(shares, float))


def _even(column: Grey) -> tuple[Grey, int]:
    """(H, W) pixels as if the light were even along the column, and the ground's grey."""
    ground = int(np.median(column))
    count = max(1, round(len(column) / (_LIT * column.shape[1])))
    if count == 1:
        return column, ground
    parts = np.array_split(np.arange(len(column)), count)
    local = np.interp(np.arange(len(column)), [rows.mean() for rows in parts], [np.median(column[r]) for r in parts])
    lit = column + (ground - local)[:, None]
    return lit.clip(0, 255).astype(np.uint8), ground


def _ink(column: Grey, ground: int) -> NDArray[np.bool_]:
    """(H, W) where there is ink, dark or light."""
    off = np.abs(column.astype(np.float32) - ground)
    return off > _INK * max(25.0, float(np.percentile(off, 98)))


def _across(ink: NDArray[np.bool_]) -> tuple[int, int]:
    """First column of the characters of a (H, W) column, and that after their last."""
    share = ink.mean(axis=0)
    across = np.flatnonzero(share > _BESIDE * np.percentile(share, 90))
    return (int(across[0]), int(across[-1]) + 1) if len(across) else (0, ink.shape[1])


def _cells(ink: NDArray[np.bool_], size: float) -> Floats:
    """(N, 2) where each cell of characters ``size`` wide begins and ends, rows from the top of a (H, W) column.

    The first and the last one may reach beyond what is seen.
    """
    inked = np.flatnonzero(ink.any(axis=1))
    if not len(inked):
        return np.empty((0, 2))
    first, last = int(inked[0]), int(inked[-1]) + 1
    # the first and the last character may be low ones (一): around them there is white that is not seen
    unseen = round(size)
    profile = np.pad(ink[first:last].sum(axis=1) / size, unseen)
    cuts = _Cuts.of(profile, size)
    pitches = _PITCHES * size
    best, came = cuts.least(pitches, size, unseen)
    ends = np.flatnonzero(cuts.rows >= len(profile) - unseen)
    end = ends[best[ends].argmin(axis=0)]
    least = best[end, np.arange(len(pitches))] * pitches / (last - first)
    pitch = int(np.argmin(least + np.where(_PITCHES < _USUAL, _UNDER, _OVER) * np.log(_PITCHES / _USUAL) ** 2))
    found = cuts.cells(came[:, pitch], int(end[pitch])) - unseen + first
    return _centred(found, inked, float(pitches[pitch]))


def _centred(cells: NDArray[np.intp], inked: NDArray[np.intp], pitch: float) -> Floats:
    """(N, 2) cells that end in the middle of the white between them, from (N, 2) that end anywhere in it.

    Beside white that was left out, before the first and after the last they end as if their ink stood in the middle
    of a pitch.
    """
    tops, bottoms = inked[np.searchsorted(inked, cells[:, 0])], inked[np.searchsorted(inked, cells[:, 1]) - 1] + 1
    middle = (bottoms[:-1] + tops[1:]) / 2
    shared = np.where(cells[:-1, 1] == cells[1:, 0], middle, np.nan)
    room = np.maximum(pitch - (bottoms - tops), 0.0) / 2
    starts, stops = np.r_[np.nan, shared], np.r_[shared, np.nan]
    starts = np.where(np.isnan(starts), tops - room, starts)
    stops = np.where(np.isnan(stops), bottoms + room, stops)
    starts[1:], stops[:-1] = np.maximum(starts[1:], middle), np.minimum(stops[:-1], middle)
    return np.stack([starts, stops], axis=1)


@dataclass(frozen=True, slots=True, eq=False)
class _Cuts:
    """Where a column may be cut."""

    rows: NDArray[np.intp]
    """(P,) rows before which a cut may lie."""
    cross: Floats
    """(P,) share of a character's width that such a cut runs through."""
    above: NDArray[np.intp]
    """(P,) rows down to the last one of ink above it; 0 if there is none."""
    below: NDArray[np.intp]
    """(P,) the first row of ink below it, the number of all rows if there is none."""

    @classmethod
    def of(cls, profile: Floats, size: float) -> _Cuts:
        """From (R,) the ink of each row, in widths of the characters, which are ``size`` rows."""
        count = len(profile)
        # a cut lies between two rows: what it runs through is what both have
        cross = np.minimum(np.concatenate([[0.0], profile]), np.concatenate([profile, [0.0]]))
        reach = max(1, round(_NEAR * size))
        around = np.lib.stride_tricks.sliding_window_view(np.pad(cross, reach, constant_values=np.inf), 2 * reach + 1)
        inked = np.concatenate([[False], profile > 0, [False]])
        rows = np.arange(count + 1)
        # in white, beside ink and at every fourth row; in ink, where there is least
        kept = np.where(cross > 0, cross <= around.min(axis=1), inked[:-1] | inked[1:] | (rows % _ROWS == 0))
        above = np.maximum.accumulate(np.where(inked[:-1], rows, 0))
        below = np.minimum.accumulate(np.where(inked[1:], rows, count)[::-1])[::-1]
        return cls(rows[kept], cross[kept], above[kept], below[kept])

    def least(self, pitches: Floats, size: float, unseen: int) -> tuple[Floats, NDArray[np.intp]]:
        """For each of (K,) pitches: (P, K) what the cheapest cells down to each place cost, and (P, K) the place where
        the last of them began, itself where there is none, less P where white was left out.

        The characters are ``size`` wide. Down to row ``unseen`` nothing costs.
        """
        count, each = len(self.rows), np.arange(len(pitches))
        best, came = np.zeros((count, len(pitches))), np.repeat(np.arange(count)[:, None], len(pitches), axis=1)
        logs, reach = np.log(pitches), _MOST * max(float(pitches[-1]), size)
        earliest = np.searchsorted(self.rows, self.rows - reach)
        for at in range(int(np.searchsorted(self.rows, unseen, "right")), count):
            before = np.arange(earliest[at], at)
            before = before[self.below[before] < self.rows[at]]  # a cell has ink
            tall = np.maximum((self.above[at] - self.below[before]) / size - _TALL, 0.0)
            uneven = _EVEN * (np.log(self.rows[at] - self.rows[before])[:, None] - logs) ** 2
            costs = best[before] + uneven + (_CROWDED * tall**2)[:, None]
            best[at] = np.inf
            if len(before):
                chosen = costs.argmin(axis=0)
                best[at], came[at] = costs[chosen, each] + _CROSS * self.cross[at], before[chosen]
            if self.below[at - 1] >= self.rows[at]:
                skipped = best[at - 1] + _SKIPPED * (self.rows[at] - self.rows[at - 1]) / pitches
                cheaper = skipped < best[at]
                best[at], came[at] = np.minimum(skipped, best[at]), np.where(cheaper, at - 1 - count, came[at])
        return best, came

    def cells(self, came: NDArray[np.intp], at: int) -> NDArray[np.intp]:
        """(N, 2) first row of each cell and that after its last, from the top: those that :meth:`least` found down to
        place ``at``, from (P,) where each began.
        """
        made: list[tuple[int, int]] = []
        while came[at] != at:
            start = int(came[at])
            if start >= 0:
                made.append((int(self.rows[start]), int(self.rows[at])))
            at = start % len(came)
        return np.array(made[::-1], np.intp).reshape(-1, 2)


def _mark(ink: NDArray[np.bool_], right: int, size: float) -> NDArray[np.bool_]:
    """(H, W) what of a cell's ink is a stop or comma beside its character, right of the column's ``right`` edge."""
    made = np.zeros_like(ink)
    count, pieces, boxes, _ = cv2.connectedComponentsWithStats(ink.astype(np.uint8))
    for number in range(1, count):
        x, y, wide, high = (int(v) for v in boxes[number, :4])
        small = _SPOT * size <= min(wide, high) and max(wide, high) <= _SPOTS * size
        # what the edge cuts off is a stroke of the next column
        if small and x >= right - _OVER_EDGE * size and x + wide < ink.shape[1] and y > len(ink) / 2 - high:
            made |= pieces == number
    return made if (ink & ~made).any() else np.zeros_like(ink)


def _patch(cell: Grey, ink: NDArray[np.bool_], size: float, high: int, ground: int) -> Grey:
    """A character of a column of ones ``size`` wide, on ground of ``high`` rows: in the middle (一 is no underscore);
    punctuation where a level line has it, and brackets as they stand there.
    """
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    top, bottom, left, right = int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1
    mark = bottom - top < _MARK * high and right - left < _MARK * high
    # one pixel more on each side, where strokes fade out
    top, bottom = max(0, top - 1), min(len(cell), bottom + 1)
    left, right = max(0, left - 1), min(cell.shape[1], right + 1)
    cut = cell[top:bottom, left:right]
    if _is_bracket(ink[top:bottom, left:right], size):
        cut = np.ascontiguousarray(np.rot90(cut))
    if len(cut) > high:
        cut = cv2.resize(cut, (cut.shape[1], high), interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
    if mark:
        made = np.full((high, round(_CELL * high)), ground, np.uint8)
        y, x = high - round(_LOW * high) - len(cut), round(_LOW * high)
    else:
        made = np.full((high, max(cut.shape[1], round(_CELL * high))), ground, np.uint8)
        y, x = (high - len(cut)) // 2, (made.shape[1] - cut.shape[1]) // 2
    made[y : y + len(cut), x : x + cut.shape[1]] = cut
    return made


def _is_bracket(ink: NDArray[np.bool_], size: float) -> bool:
    """Is (H, W) ink, cut out, a bracket that lies (︵, ︾), in a column of characters ``size`` wide?"""
    high, wide = ink.shape
    if not (_THIN * size <= high <= _FLAT * max(size, wide) and wide >= _ARC * size):
        return False
    _, _, parts, _ = cv2.connectedComponentsWithStats(ink.astype(np.uint8))
    strokes = parts[1:][parts[1:, cv2.CC_STAT_AREA] >= _STROKE * ink.sum()]
    if strokes[:, cv2.CC_STAT_WIDTH].min(initial=wide) < _ACROSS * wide:  # 二
        return False
    ends = max(1, round(_ENDS * wide))
    rows = np.arange(high)[:, None]

    def level(part: NDArray[np.bool_]) -> float:
        return float((rows * part).sum() / max(1, part.sum()))

    middle = level(ink[:, (wide - ends) // 2 : (wide + ends) // 2 + 1])
    left, right = level(ink[:, :ends]) - middle, level(ink[:, wide - ends :]) - middle
    return left * right > 0 and min(abs(left), abs(right)) >= _BOW * high
