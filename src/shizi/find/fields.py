"""Cells of a table side by side, which a network takes for one line in spite of the rules between them: parted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from shizi.find.chips import lower, parted, seen
from shizi.find.found import Candidate
from shizi.types import Quad

LONGER = 4.0
"""Length of a line that may be several cells, in its heights, at least."""
ROWS = 36
"""Height in which it is looked at, pixels."""
BEYOND = 0.35
"""How far above and below it the rules are looked for as well, in its heights."""
REACH = 1.3
"""Length of a rule, likewise, at least: no letter is so high."""
CLEAR = 3
"""Pixels to both sides of it where nothing stands."""
FEWEST, LEVELS = 2, 0.5
"""Rules in a line at least, and of its cells with a level rule above or below."""
LEANING = 2
"""Pixels to each side that a rule may have moved by and still be one."""
FAINTEST, DEEP = 12.0, 0.25
"""Difference from the ground that is ink, grey values, at least, and as a share of the strongest ink."""
THICK = 9
"""What is wider than so many pixels is no stroke."""
WIDE = 0.15
"""Width of a rule, in heights of the line, at most."""
LEVEL = 0.7
"""Share of a cell's width that the rule above or below it fills at least."""
LEAST = 0.15
"""Height of what stands in a cell, in that of the line, at least, and its width."""
MARGIN = 0.1
"""Around it, in its height."""

Grey = NDArray[np.uint8]


def apart(page: Grey, lines: Sequence[Candidate]) -> list[Candidate]:
    """The lines of a (H, W) page; level ones that upright rules cross as what stands between these."""
    return parted(lines, LONGER, lambda quad: _parts(page, quad))


def _parts(page: Grey, quad: Quad) -> Iterator[Quad]:
    """What stands between the rules that cross a line; the whole if none do."""
    ink = _ink(seen(page, quad, ROWS, BEYOND))
    rules = _rules(ink)
    beyond = round(BEYOND * ROWS)
    line, count = ink[beyond:-beyond], ink.shape[1]
    spans = list(zip([0, *rules[:, 1]], [*rules[:, 0], count], strict=True))
    level = [bool(_level(ink[:, start:end]).any()) for start, end in spans]
    if len(rules) < FEWEST or sum(level) < LEVELS * len(spans):
        yield quad
        return
    boxes = [(start, box) for start, end in spans if (box := _box(line[:, start:end])) is not None]
    for start, (left, top, right, bottom) in boxes:
        part = quad.between((start + left) / count, (start + right) / count)
        yield lower(part, top / ROWS, bottom / ROWS)
    if not boxes:
        yield quad


def _ink(patch: Grey) -> NDArray[np.bool_]:
    """(H, W) where strokes are, dark or light."""
    low, middle, high = np.percentile(patch, (1, 50, 99))
    kind = cv2.MORPH_BLACKHAT if middle >= (low + high) / 2 else cv2.MORPH_TOPHAT
    depth = np.asarray(cv2.morphologyEx(patch, kind, np.ones((THICK, THICK), np.uint8)), np.float32)
    made: NDArray[np.bool_] = depth > max(FAINTEST, DEEP * float(np.percentile(depth, 99)))
    return made


def _rules(ink: NDArray[np.bool_]) -> NDArray[np.intp]:
    """(N, 2) first column of each upright rule, and that after its last."""
    thick = cv2.dilate(ink.astype(np.uint8), np.ones((1, 2 * LEANING + 1), np.uint8))
    kernel = np.ones((round(REACH * ROWS), 1), np.uint8)
    tall = cv2.morphologyEx(thick, cv2.MORPH_OPEN, kernel, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    columns = np.flatnonzero(np.asarray(tall).any(axis=0))
    if not len(columns):
        return np.empty((0, 2), np.intp)
    parts = np.flatnonzero(np.diff(columns) > 1)
    runs = np.stack([columns[np.r_[0, parts + 1]], columns[np.r_[parts, len(columns) - 1]] + 1], axis=1)
    runs = runs[runs[:, 1] - runs[:, 0] <= WIDE * ROWS + 2 * LEANING]
    beyond = round(BEYOND * ROWS)
    inner = ink[beyond + ROWS // 5 : -beyond - ROWS // 5]  # without the rules above and below
    # what writing touches is no rule
    clear = [not inner[:, max(0, a - CLEAR) : a].any() and not inner[:, b : b + CLEAR].any() for a, b in runs]
    return runs[np.array(clear, np.bool_)]


def _level(cell: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(H,) which rows of a cell are of a rule above or below it."""
    made: NDArray[np.bool_] = cell.mean(axis=1) >= LEVEL if cell.shape[1] else np.zeros(len(cell), np.bool_)
    return made


def _box(cell: NDArray[np.bool_]) -> tuple[float, float, float, float] | None:
    """Left, top, right and bottom of what stands in a (ROWS, W) cell, with a margin; None for nothing."""
    high, wide = cell.shape
    if wide < LEAST * high:
        return None
    level = _level(cell)
    # the rules above and below it, where they are seen
    above, below = np.flatnonzero(level[: high // 2]), np.flatnonzero(level[high // 2 :])
    first = int(above[-1]) + 1 if len(above) else 0
    last = high // 2 + int(below[0]) if len(below) else high
    rows = first + np.flatnonzero(cell[first:last].any(axis=1))
    columns = np.flatnonzero(cell[first:last].any(axis=0))
    if not len(rows) or max(rows[-1] - rows[0], columns[-1] - columns[0]) < LEAST * high:
        return None
    margin = MARGIN * (rows[-1] + 1 - rows[0])
    top, bottom = max(float(first), rows[0] - margin), min(float(last), rows[-1] + 1 + margin)
    return max(0.0, columns[0] - margin), top, min(float(wide), columns[-1] + 1 + margin), bottom
