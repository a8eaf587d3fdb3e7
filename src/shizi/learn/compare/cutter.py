"""A line cut into characters before any is read, as it was done before CTC: pieces, and the likeliest way to join them.

Over-segmentation and the best path over it (Casey and Lecolinet 1996, §4; for Chinese Wang, Yin, Liu 2012, §III): a
line is cut at empty columns and at the thinnest places of wide strokes, neighbouring pieces are joined to candidates,
each candidate is classified, and the path through the line that the classifier likes best is its text.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

SIDE = 32
"""Height of a strip and side of a character's picture, pixels."""
GROUND = 0.5
"""Value of white paper."""
WIDEST = 1.3
"""A character is at most so many times as wide as the line's ink is high."""
PIECES = 5
"""Pieces that one character is joined from at most."""
THIN = 0.25
"""Share of the ink's height that a column may hold where a wide piece is cut."""
APART = 0.3
"""Cuts within a piece lie at least this share of the ink's height apart."""
BLANK = 0.4
"""A gap of this share of the ink's height between two letters is a blank."""

Strip = NDArray[np.float32]
Classify = Callable[[Strip], NDArray[np.float32]]
"""(N, 1, 32, 32) characters -> (N, C) logits."""


class Piece(NamedTuple):
    """Columns ``start`` to ``end`` of a strip."""

    start: int
    end: int


def ink(strip: Strip) -> NDArray[np.bool_]:
    """(32, W) strip, dark on light -> where its ink is (Otsu 1979)."""
    grey = np.clip((strip + 0.5) * 255, 0, 255).astype(np.uint8)
    level, _ = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    made: NDArray[np.bool_] = grey <= level
    return made if np.ptp(grey) > 20 else np.zeros_like(made)  # an even ground has two halves as well


def height(black: NDArray[np.bool_]) -> float:
    """Height of a line's ink, pixels, at least a third of the strip."""
    rows = np.flatnonzero(black.any(axis=1))
    return max(SIDE / 3, float(rows[-1] - rows[0] + 1)) if len(rows) else float(SIDE)


def pieces(black: NDArray[np.bool_], high: float) -> list[Piece]:
    """Runs of columns with ink; wide ones are cut where they are thin."""
    profile = black.sum(axis=0)
    edges = np.flatnonzero(np.diff(np.concatenate(([0], (profile > 0).astype(np.int8), [0]))))
    made = []
    for start, end in edges.reshape(-1, 2).tolist():
        cuts = _thin(profile[start:end], high)
        places = [start, *(start + cut for cut in cuts), end]
        made += [Piece(a, b) for a, b in pairwise(places)]
    return [piece for piece in made if profile[piece.start : piece.end].sum() > 1]


def _thin(profile: NDArray[Any], high: float) -> list[int]:
    """Columns at which a run is cut: the thinnest first, as long as they lie apart and what is left is wide."""
    if len(profile) <= 0.6 * high:
        return []
    least = APART * high
    chosen: list[int] = []
    for column in np.argsort(profile, kind="stable").tolist():
        near = min((abs(column - other) for other in (*chosen, 0, len(profile))), default=least)
        must = len(profile) > WIDEST * high and not chosen
        if near >= least and (profile[column] <= THIN * high or must):
            chosen.append(column)
    return sorted(chosen)


def candidates(parts: Sequence[Piece], high: float) -> list[tuple[int, int]]:
    """Pairs (first, last + 1) of pieces that may be one character: not too wide, not too many."""
    return [
        (first, last + 1)
        for first in range(len(parts))
        for last in range(first, min(first + PIECES, len(parts)))
        if last == first or parts[last].end - parts[first].start <= WIDEST * high
    ]


def picture(strip: Strip, start: int, end: int) -> Strip:
    """(32, 32): columns ``start`` to ``end`` in the middle of white, squeezed if they are wider."""
    part = strip[:, start:end]
    if part.shape[1] > SIDE:
        part = cv2.resize(part, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.float32, copy=False)
    made = np.full((SIDE, SIDE), GROUND, np.float32)
    left = (SIDE - part.shape[1]) // 2
    made[:, left : left + part.shape[1]] = part
    return made


def read(strip: Strip, classify: Classify) -> list[tuple[Piece, int]]:
    """The characters of a (32, W) strip from the left: where each stands, and its class.

    A path through the line is worth the sum of its characters' log-probabilities, each times its width: otherwise few
    wide characters would always be better than many narrow ones.
    """
    black = ink(strip)
    high = height(black)
    parts = pieces(black, high)
    if not parts:
        return []
    joined = candidates(parts, high)
    places = [Piece(parts[first].start, parts[last - 1].end) for first, last in joined]
    logits = classify(np.stack([picture(strip, *place) for place in places])[:, np.newaxis])
    top = logits.max(axis=1)
    surest = -np.log(np.exp(logits - top[:, np.newaxis]).sum(axis=1))  # ln p of each one's best class
    best = [0.0] + [-np.inf] * len(parts)
    came = [-1] * (len(parts) + 1)
    for at, (first, last) in enumerate(joined):  # in the order of their beginnings
        value = best[first] + float(surest[at]) * (places[at].end - places[at].start)
        if value > best[last]:
            best[last], came[last] = value, at
    path, end = [], len(parts)
    while end > 0:
        path.append(came[end])
        end = joined[came[end]][0]
    classes = logits.argmax(axis=1)
    return [(places[at], int(classes[at])) for at in reversed(path)]


def text(found: Sequence[tuple[Piece, int]], chars: Sequence[str], high: float) -> str:
    """What was read, a blank where letters stand apart. ``chars`` are those of the classes."""
    made = ""
    for index, (piece, cls) in enumerate(found):
        char = chars[cls]
        gap = piece.start - found[index - 1][0].end if index else 0
        if gap >= BLANK * high and made[-1:].isascii() and char.isascii():
            made += " "
        made += char
    return made.strip()
