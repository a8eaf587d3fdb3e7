"""Vertical text for a network that reads from left to right: a column is cut into its characters, which are then set
side by side, each upright.

The cuts are those of least cost among all (dynamic programming over the rows of pixels): a cell may be lower or higher
than the column's pitch, and a cut may run through ink, but both cost. So 三 stays whole and characters that touch part.
"""

from __future__ import annotations

import itertools
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

_INK = 0.4  # of the contrast between ground and strongest ink
_BESIDE = 0.3  # of the ink in the middle of the column that stands at its rims; less is punctuation beside it
_APART = 0.45  # white that parts two characters for certain, in widths of the characters
_PITCHES = np.arange(0.8, 1.46, 0.05)  # heights of a cell, in widths of the characters, that are tried
_USUAL = 1.05  # the likeliest, and
_UNUSUAL = 0.5  # what it costs to be another
_NEAR = 0.06  # of two places to cut as near to one another, in widths, the emptier one counts
# Costs are the squared logarithm of a cell's height in pitches, and besides:
_LONGEST = 1.5  # widths of the characters; what a cell is higher counts squared,
_CROWDED = 2.0  # so many times
_CROSS = 3.0  # for a cut that runs through ink all along
_FREE = 0.06  # gained by one that runs through none
_UNSEEN = 0.5  # white before the first and after the last character, in pitches, at the most
_STRIP = 1.16  # height of the strip, in widths of the characters: as much room as a level line is cut with
_GAP = 0.1  # white between two characters, likewise
_CELL = 0.75  # least width of one, in heights of the strip
_MARK = 0.45  # ink that is smaller than this on both sides, likewise, is a punctuation mark
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
    ink, ground = _ink(small)
    size, cells = _cells(ink)
    high = round(_STRIP * size)
    gap = np.full((high, max(1, round(_GAP * size))), ground, np.uint8)
    parts, ends, shares, at = [gap], [], [], gap.shape[1]
    for start, end in cells:
        patch = _patch(small[start:end], ink[start:end], high, ground)
        parts += [patch, gap]
        ends += [at, at + patch.shape[1]]
        shares += [start / rows, end / rows]
        at += patch.shape[1] + gap.shape[1]
    if not cells:
        ends, shares = [0, at], [0.0, 1.0]
    return Column(np.concatenate(parts, axis=1), np.asarray(ends, float), np.asarray(shares, float))


def _ink(column: Grey) -> tuple[NDArray[np.bool_], int]:
    """(H, W) where there is ink, dark or light, and the ground's grey."""
    ground = float(np.median(column))
    off = np.abs(column.astype(np.float32) - ground)
    return off > _INK * max(25.0, float(np.percentile(off, 98))), int(ground)


def _cells(ink: NDArray[np.bool_]) -> tuple[float, list[tuple[int, int]]]:
    """Size of the characters, and first row and row after the last one of each, from the top."""
    inked = np.flatnonzero(ink.any(axis=1))
    if not len(inked):
        return float(ink.shape[1]), []
    share = ink.mean(axis=0)
    across = np.flatnonzero(share > _BESIDE * np.percentile(share, 90))
    size = float(across[-1] - across[0] + 1) if len(across) else float(ink.shape[1])
    # wide white parts for certain; what lies between is cut where it costs least
    apart = np.flatnonzero(np.diff(inked) > _APART * size)
    firsts, lasts = inked[np.r_[0, apart + 1]].tolist(), inked[np.r_[apart, len(inked) - 1]].tolist()
    blocks = [_Block.of(ink[first : last + 1], size) for first, last in zip(firsts, lasts, strict=True)]

    paths = [block.cut(_PITCHES * size) for block in blocks]
    costs = np.sum([cost for cost, _ in paths], axis=0) * _PITCHES * size / (inked[-1] - inked[0] + 1)
    pitch = int(np.argmin(costs + _UNUSUAL * np.log(_PITCHES / _USUAL) ** 2))
    made = []
    for first, block, (_, came) in zip(firsts, blocks, paths, strict=True):
        cuts = block.rows(came[pitch])
        made += [(first + start, first + end) for start, end in itertools.pairwise(cuts)]
    return size, made


@dataclass(frozen=True, slots=True, eq=False)
class _Block:
    """Rows of ink without a wide white gap, and where they may be cut."""

    size: float
    """Width of the characters, pixels."""
    places: NDArray[np.intp]
    """(P,) rows before which a cut may lie, from 0 to the length."""
    cross: Floats
    """(P,) what each of these cuts costs."""

    @classmethod
    def of(cls, ink: NDArray[np.bool_], size: float) -> _Block:
        """From (H, W) ink whose first and last rows are not empty, of characters about ``size`` wide."""
        profile = ink.sum(axis=1) / size
        # a cut lies between two rows: what it runs through is what both have
        cross = np.concatenate([[0.0], np.minimum(profile[:-1], profile[1:]), [0.0]])
        reach = max(1, round(_NEAR * size))
        around = np.lib.stride_tricks.sliding_window_view(np.pad(cross, reach, constant_values=np.inf), 2 * reach + 1)
        lowest = np.flatnonzero(cross <= around.min(axis=1))
        # of a white gap, the middle
        runs = np.split(lowest, np.flatnonzero(np.diff(lowest) > 1) + 1)
        inner = [int(run[len(run) // 2]) for run in runs if 0 < run[len(run) // 2] < len(ink)]
        places = np.array([0, *inner, len(ink)], np.intp)
        return cls(size, places, np.where(cross > 0, _CROSS * cross, -_FREE)[places])

    def cut(self, pitches: Floats) -> tuple[Floats, NDArray[np.intp]]:
        """For each of (K,) pitches: what the cheapest cuts cost, and (K, P) the place of the cut before each."""
        # The first and the last character may be low ones (一): the white around them is not seen, so they may count
        # as higher than they are.
        count, pitch = len(self.places), pitches[:, None]
        best, came = np.full((len(pitches), count), np.inf), np.zeros((len(pitches), count), np.intp)
        best[:, 0] = 0.0
        for at in range(1, count):
            low = (self.places[at] - self.places[:at]).astype(np.float64)[None]
            high = low + _UNSEEN * pitch * ((np.arange(at) == 0).astype(np.float64) + (at == count - 1))
            uneven = np.log(np.minimum(np.maximum(pitch, low), high) / pitch) ** 2
            crowded = _CROWDED * np.maximum(low / self.size - _LONGEST, 0.0) ** 2
            options = best[:, :at] + uneven + crowded
            came[:, at] = options.argmin(axis=1)
            best[:, at] = options.min(axis=1) + self.cross[at]
        return best[:, -1], came

    def rows(self, came: NDArray[np.intp]) -> list[int]:
        """The rows that the cuts lie before, both ends among them, from (P,) the place before each."""
        cuts = [len(self.places) - 1]
        while cuts[-1] > 0:
            cuts.append(int(came[cuts[-1]]))
        return [int(self.places[i]) for i in cuts[::-1]]


def _patch(cell: Grey, ink: NDArray[np.bool_], high: int, ground: int) -> Grey:
    """A character on ground of ``high`` rows: in the middle; punctuation where a level line has it."""
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    top, bottom, left, right = int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1
    mark = bottom - top < _MARK * high and right - left < _MARK * high
    # one pixel more on each side, where strokes fade out
    top, bottom = max(0, top - 1), min(len(cell), bottom + 1)
    left, right = max(0, left - 1), min(cell.shape[1], right + 1)
    cut = cell[top:bottom, left:right]
    if len(cut) > high:
        cut = cv2.resize(cut, (cut.shape[1], high), interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
    if mark:
        made = np.full((high, round(_CELL * high)), ground, np.uint8)
        y, x = high - round(_LOW * high) - len(cut), round(_LOW * high)
    else:
        made = np.full((high, max(cut.shape[1], round(_CELL * high))), ground, np.uint8)
        # the middle of its cell stays in the middle: 一 is no underscore
        y = (high - len(cell)) // 2 + top
        y, x = min(max(0, y), high - len(cut)), (made.shape[1] - cut.shape[1]) // 2
    made[y : y + len(cut), x : x + cut.shape[1]] = cut
    return made
