"""Words on grounds of their own side by side, tags and buttons, which a network takes for one line: parted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from shizi.find.found import Candidate
from shizi.types import Quad

LONGER = 3.0
"""Length of a line that may be several, in its heights, at least."""
ROWS = 24
"""Height in which it is looked at, pixels."""
BESIDE = 0.3
"""How far above and below it the common ground is looked for as well, in its heights."""
AWAY, SPREAD = 12.0, 9
"""Grey values between the grounds, at the least, and over how many of them noise spreads the common one."""
EDGE = 3
"""Rows next to the line's head and foot, in which few strokes of text lie, but all of a ground of its own."""
EMPTY = 0.06
"""Share of a column that is not of the common ground, at the most, where nothing stands."""
LONG = 1.1
"""Length of a word's ground, in heights of the line, at least: no stroke is so wide."""
ROUND = 0.5
"""How far its ends may be round, likewise."""
FLAT = 0.3
"""Share of it that is of its own grey, at least."""
MARGIN = 0.08
"""Around the word on it, in the word's height."""
DEEP, LEAST_HIGH = 0.4, 0.25
"""Share of the strongest ink on it that counts as ink, and height of a word at least, in that of the line."""
LEAST_CLEAR = 0.4
"""Share of the gap between two of them where nothing stands."""

Grey = NDArray[np.uint8]


def apart(page: Grey, lines: Sequence[Candidate]) -> list[Candidate]:
    """The lines of a (H, W) page; level ones of several words on grounds of their own, with nothing but the common
    ground between them, as these words.
    """
    return parted(lines, LONGER, lambda quad: _parts(page, quad))


def parted(lines: Sequence[Candidate], longer: float, parts: Callable[[Quad], Iterator[Quad]]) -> list[Candidate]:
    """The lines; level ones at least ``longer`` heights long as their ``parts``."""
    made: list[Candidate] = []
    for one in lines:
        long = not one.vertical and one.quad.width >= longer * one.quad.height
        made += [replace(one, quad=part) for part in parts(one.quad)] if long else [one]
    return made


def _parts(page: Grey, quad: Quad) -> Iterator[Quad]:
    """The words of a line, or the whole."""
    around = seen(page, quad, ROWS, BESIDE)
    beyond = round(BESIDE * ROWS)
    line = around[beyond:-beyond].astype(np.float32)
    # what is commonest there and right around it: the words' own grounds differ, or are covered by words
    ground = _commonest(around)
    away = np.abs(line - ground) > AWAY
    other = away.mean(axis=0)
    full = np.flatnonzero(away[1 : 1 + EDGE].any(axis=0) & away[-1 - EDGE : -1].any(axis=0))
    runs = np.split(full, np.flatnonzero(np.diff(full) > 2) + 1)
    words = [(int(run[0]), int(run[-1]) + 1) for run in runs if len(run) >= LONG * ROWS]
    words = [one for one in words if _has_own_ground(line[:, slice(*one)], ground)]
    clear = other <= EMPTY
    room = round(ROUND * ROWS)
    ends = [(0, words[0][0] - room), (words[-1][1] + room, len(other))] if words else []
    gaps = [(end, start) for (_, end), (start, _) in pairwise(words)]
    parted = all(clear[start:end].sum() >= LEAST_CLEAR * (end - start) for start, end in gaps)
    if len(words) < 2 or not parted or not all(clear[max(0, start) : max(0, end)].all() for start, end in ends):
        yield quad
        return
    for start, end in words:
        head, foot = _rows(line[:, start:end])
        yield lower(quad.between(start / len(other), end / len(other)), head / ROWS, foot / ROWS)


def _has_own_ground(chip: NDArray[np.float32], common: float) -> bool:
    """Is much of a word's place, (ROWS, W), of one grey, and not of the common one? Bold letters, which touch head and
    foot as well, stand on that.
    """
    own = _commonest(chip)
    return abs(own - common) > AWAY and bool((np.abs(chip - own) <= SPREAD / 2).mean() >= FLAT)


def _rows(chip: NDArray[np.float32]) -> tuple[float, float]:
    """From where to where a word reaches on its own ground, (ROWS, W), and a margin; all of it if that is unclear."""
    own = _commonest(chip)
    aside = min(round(ROUND * ROWS), chip.shape[1] // 3)  # at its ends the common ground may be seen
    inner = np.abs(chip[1:-1, aside:-aside] - own)  # and in its first and last row
    inked = 1 + np.flatnonzero((inner > max(AWAY, DEEP * float(inner.max(initial=0.0)))).any(axis=1))
    if not len(inked) or inked[-1] - inked[0] < LEAST_HIGH * ROWS:
        return 0.0, float(ROWS)
    margin = MARGIN * (inked[-1] + 1 - inked[0])
    return max(0.0, inked[0] - margin), min(float(ROWS), inked[-1] + 1 + margin)


def _commonest(seen: NDArray[Any]) -> float:
    """The grey value that most pixels are near."""
    counts = np.bincount(seen.ravel().astype(np.intp), minlength=256)
    return float(np.convolve(counts, np.ones(SPREAD), "same").argmax())


def lower(quad: Quad, head: float, foot: float) -> Quad:
    """The part of a quad from a share of its height to another."""
    a, b, c, d = np.asarray(quad.points)
    return Quad.of(np.stack([a + head * (d - a), b + head * (c - b), b + foot * (c - b), a + foot * (d - a)]))


def seen(page: Grey, quad: Quad, rows: int, beside: float) -> Grey:
    """A line laid level, so many ``rows`` high, and what lies ``beside`` of its height above and below it."""
    a, b, c, d = np.asarray(quad.points, np.float32)
    across, down = max(2, round(rows * quad.width / quad.height)), ((d - a) + (c - b)) / 2 * beside
    high = rows + 2 * round(beside * rows)
    corners = np.array([a - down, b - down, c + down, d + down], np.float32)
    there = np.array([(0, 0), (across, 0), (across, high), (0, high)], np.float32)
    way = cv2.getPerspectiveTransform(corners, there)
    laid = cv2.warpPerspective(page, way, (across, high), flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE)
    return laid.astype(np.uint8, copy=False)
