"""Short level texts one below another, which a finder takes for a column: where each of them stands. No I/O.

Cells of tables and calendars stand so. The rows of a column's characters are about as high as the column is wide; those
of words and numbers are lower. Two that nearly touch, as on badges, are taken for one level line. Whether they are
words is for reading to say.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from shizi.types import Line, Quad

WIDTH = 64
"""Columns are looked at in this width, pixels."""
LEAST, TALL = 0.7, 1.4
"""Heights, in widths, from which on a line may be a stack, and from which on it is looked at though it reads well."""
MOST = 200
"""Widths that a column is long at the most; a longer one is left alone."""
LOW = 0.75
"""Median height of the rows, in widths of the column, at most: a character alone is higher."""
APART = 0.4
"""White between single characters in cells, in their heights, at least: those of a column stand nearer."""
BESIDE = 0.6
"""Share of the rows of cells that have other level lines beside them, at least."""
GAP = 0.04
"""White between two rows, likewise, at least;"""
PARTS = 1.45
"""parts of a row, which white parts as well, are together at most so many times as high as what most ink stands in."""
WIDE = 4.0
"""Widths, in heights, up to which a level line may be two rows that a finder did not part:"""
TIGHT = 0.5
"""what parts them has at most so much ink, of what a row of its pixels has on average,"""
MIDDLE = 0.25, 0.75
"""and lies between these shares of its height."""
SPECK = 0.1
"""What is lower than this, likewise, is no text."""
RULE = 0.85
"""Share of the width that a rule between two cells fills."""
SIDE = 33
"""What is narrower than so many pixels is a stroke, if it is darker than what is around it, or lighter."""
FAINTEST = 25.0
"""Difference from the ground that is ink, grey values, at least."""
EMPTY = 0.25
"""What is as good as empty over this share of the height is looked at by itself: paler text may stand there."""
WORDS = 1.3
"""Characters of a row on average, at least, that are no column's; rows of figures alone may have one."""
TICKS = frozenset("√×○●")
"""What cells hold besides words and figures."""
REPEATED = 0.67
"""Share of rows of one hanzi each that may be different in cells: 是, 否, 是."""
RULES = "-—_=~|. "
"""What rules above and below a cell are read as."""
SURE = 0.9
"""Confidence from which on what is not tall is believed as it reads."""
WELL, WORSE = 0.8, 0.05
"""Geometric mean of the confidences that rows read with, at least, and by how much the column may read better."""
LESS = 0.25
"""Share of the doubt of what is not tall that its rows leave, at most: both halves of a large 晴 read as something."""

_ROOM = 0.12  # added above and below a row, as a share of its height

Grey = NDArray[np.uint8]


def rows(column: Grey, *, apart: bool = False) -> list[tuple[float, float]]:
    """From where to where, as shares of its height, each row of (H, W) pixels stands; none where it is no stack.

    With ``apart`` those of single characters count as well, if they stand apart as cells do, and one alone between
    rules.
    """
    height, width = column.shape
    if not LEAST < height / width <= MOST:
        return []
    high = round(height * WIDTH / width)
    how = cv2.INTER_AREA if width > WIDTH else cv2.INTER_CUBIC
    ink = _ink(np.asarray(cv2.resize(column, (WIDTH, high), interpolation=how), np.uint8))
    share = ink.mean(axis=1)
    inked = np.flatnonzero(share > 0)
    if not len(inked):
        return []
    cuts = np.flatnonzero(np.diff(inked) > GAP * WIDTH) + 1
    found = []
    for run in np.split(inked, cuts):
        # a rule may touch what stands above or below it
        rule = share[run] >= RULE
        run = run[~rule] if rule.any() else run
        if len(run):
            found.append((int(run[0]), int(run[-1]) + 1))
    # what the edge cuts off belongs to others above and below
    found = [(a, b) for a, b in _whole(found) if b - a >= SPECK * WIDTH and a > 0 and b < high]
    if len(found) < (1 if apart else 2):
        return []
    heights, gaps = [end - start for start, end in found], [after[0] - one[1] for one, after in pairwise(found)]
    near = not apart or (gaps and np.median(gaps) < APART * np.median(heights))
    if np.median(heights) > LOW * WIDTH and near:
        return []
    room = [_ROOM * (end - start) for start, end in found]
    return [(max(0.0, (a - r) / high), min(1.0, (b + r) / high)) for (a, b), r in zip(found, room, strict=True)]


def middle(line: Grey) -> float | None:
    """Where, as a share of their height, (H, W) pixels part that may be two level lines; None where they do not.

    Rows of signs and labels nearly touch. They part where least ink is, of several such places the one nearest to the
    middle.
    """
    share = _ink(line).mean(axis=1)
    first, last = (round(end * len(line)) for end in MIDDLE)
    between = share[first:last]
    if not len(between) or not share.any() or between.min() > TIGHT * share.mean():
        return None
    least = first + 0.5 + np.flatnonzero(between == between.min())
    return float(least[np.abs(least - len(line) / 2).argmin()]) / len(line)


def is_tall(quad: Quad) -> bool:
    """May a line be a stack though it reads well?"""
    return quad.height > TALL * quad.width


def may_be_two(quad: Quad) -> bool:
    """May a level line be two, by its shape?"""
    return quad.width <= WIDE * quad.height and not is_tall(quad)


def holds(quad: Quad, others: Sequence[Quad]) -> bool:
    """Does the middle of one of the ``others`` lie in the box of a quad that is not its own?"""
    left, top, right, bottom = quad.bounds
    middles = [((a + c) / 2, (b + d) / 2) for a, b, c, d in (one.bounds for one in others if one != quad)]
    return any(left <= x <= right and top <= y <= bottom for x, y in middles)


def are_cells(rows: Sequence[Quad], others: Sequence[Quad]) -> bool:
    """Do most rows stand beside ``others``, level lines of the page, as cells of a table do?"""

    def spans(quads: Sequence[Quad]) -> NDArray[np.float64]:
        return np.array([quad.bounds for quad in quads], np.float64).reshape(-1, 1, 4)

    own, level = spans(rows), spans(others).transpose(1, 0, 2)
    apart = (level[..., 0] >= own[..., 2]) | (level[..., 2] <= own[..., 0])
    middle = np.abs(level[..., 1] + level[..., 3] - own[..., 1] - own[..., 3]) / 2 < (own[..., 3] - own[..., 1]) / 2
    return bool((apart & middle).any(axis=1).mean() >= BESIDE)


def _whole(runs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Rows of which some are in parts, one above the other, as 二 is."""
    if not runs:
        return []
    heights = np.sort([end - start for start, end in runs])
    most = PARTS * heights[np.searchsorted(heights.cumsum(), heights.sum() / 2)]
    made: list[tuple[int, int]] = []
    for start, end in runs:
        if made and end - made[-1][0] <= most:
            made[-1] = made[-1][0], end
        else:
            made.append((start, end))
    return made


def _ink(column: Grey) -> NDArray[np.bool_]:
    """(H, W) where strokes are, dark or light, whatever the light on the page."""
    low, middle, high = np.percentile(column, (1, 50, 99))
    kind = cv2.MORPH_BLACKHAT if middle >= (low + high) / 2 else cv2.MORPH_TOPHAT
    depth = np.asarray(cv2.morphologyEx(column, kind, np.ones((SIDE, SIDE), np.uint8)), np.uint8)
    level, _ = cv2.threshold(depth, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    made: NDArray[np.bool_] = depth > max(level, FAINTEST)
    edges = [-1, *np.flatnonzero(made.any(axis=1)).tolist(), len(made)]
    for before, after in pairwise(edges):
        if after - before > EMPTY * len(made):
            part = np.ascontiguousarray(depth[before + 1 : after])
            level, _ = cv2.threshold(part, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
            made[before + 1 : after] = part > max(level, FAINTEST)
    return made


def is_stack(column: Line, rows: Sequence[Line], *, apart: bool = False) -> bool:
    """Do level rows read so well, and as words or figures, that they are none of a column's characters?

    With ``apart`` they may be single characters, but no marks (a colon is no stack), nor different hanzi alone, which a
    column of widely set ones shows as well. Of what is not tall they leave little doubt, and hold more than marks.
    """
    full = [row for row in rows if row.chars]
    chars = [char for row in full for char in row.chars]
    words = len(chars) >= WORDS * len(full) or all(char.text.isdigit() for char in chars)
    texts = [row.text for row in full]
    cells = apart and all(any(char.isalnum() or char in TICKS for char in text) for text in texts)
    if cells and all("一" <= char <= "鿿" for text in texts for char in text):
        cells = len(set(texts)) <= REPEATED * len(texts)
    if len(full) == 1:  # the column's rules were read as dashes
        return full[0].text == column.text.strip(RULES) != column.text
    if not full or not (words or cells):
        return False
    least = column.confidence - WORSE
    if not is_tall(column.quad):
        if any(2 * sum(char.isalnum() for char in text) < len(text) for text in texts):
            return False  # the lower half of 廿六 reads as H/\
        least = 1 - LESS * (1 - column.confidence)
    mean = math.exp(sum(math.log(max(char.confidence, 1e-12)) for char in chars) / len(chars))
    return mean >= max(WELL, least)
