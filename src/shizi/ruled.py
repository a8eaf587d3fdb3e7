"""Writing on ruled or squared paper, seen without the rules. No I/O.

Rules touch the characters that stand on them, and on squared paper part of a row is empty, so that the writing is seen
small. Only dark rules are looked for: long level ones, and several thin upright ones from edge to edge.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]

ROWS = 64
"""A higher strip is looked at in this height, pixels."""
FEWEST_ROWS = 16
"""A lower strip is left alone."""
STROKE = 5
"""What is narrower than this part of the height, and darker than what is around it, is ink."""
LEVEL = 4.0
"""Shortest level rule, in heights of the strip: no stroke is so long."""
UPRIGHT = 0.9
"""Shortest upright rule, as a share of the height,"""
THIN = 0.07
"""and the thickest one: strokes of print that fills its strip are as long, and thicker."""
FEWEST = 3
"""Fewer upright rules than this are strokes."""
GAP = 0.03
"""Gaps in a rule up to this share of the height are closed."""
FOUND = 0.01
"""Share of a row's pixels that are ink where there is writing."""
LEAST = 0.25
"""Least height of the writing, as a share of the strip's: less is a remainder of something else."""
MARGIN = 0.12
"""Left above and below the writing, as a share of its height."""


def unruled(grey: Grey) -> Grey | None:
    """A (H, W) strip without its rules, cut to the rows of what is written; None where it has no rules."""
    height, width = grey.shape
    if height < FEWEST_ROWS:
        return None
    if height > ROWS:
        height, width = ROWS, max(1, round(width * ROWS / height))
        grey = np.asarray(cv2.resize(grey, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
    side = max(3, round(height / STROKE)) | 1
    # a square takes an eighth of the time of a disc, and tells as well
    depth = cv2.morphologyEx(grey, cv2.MORPH_BLACKHAT, np.ones((side, side), np.uint8))
    ink = np.asarray(cv2.threshold(depth, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)[1], np.uint8)
    rules = _runs(ink, GAP * height, LEVEL * height, level=True) | _upright(ink)
    if not rules.any():
        return None
    rules = np.asarray(cv2.dilate(rules, np.ones((3, 3), np.uint8)), np.uint8)
    bare = np.asarray(cv2.inpaint(grey, rules, 3, cv2.INPAINT_TELEA), np.uint8)
    rows = np.flatnonzero(((ink > 0) & (rules == 0)).sum(axis=1) > max(1, FOUND * width))
    if not len(rows) or rows[-1] + 1 - rows[0] <= LEAST * height:
        return bare
    margin = round(MARGIN * (rows[-1] + 1 - rows[0]))
    return bare[max(0, rows[0] - margin) : rows[-1] + 1 + margin]


def _upright(ink: Grey) -> Grey:
    """The upright rules, 255; none where they are few."""
    height = len(ink)
    runs = _runs(ink, GAP * height, UPRIGHT * height, level=False)
    if not runs.any():
        return runs
    _, labels, boxes, _ = cv2.connectedComponentsWithStats(runs)
    thin = boxes[:, cv2.CC_STAT_WIDTH] <= max(2, THIN * height)
    thin[0] = False  # the ground
    if thin.sum() < FEWEST:
        return np.zeros_like(ink)
    return np.asarray(np.where(thin, 255, 0).astype(np.uint8)[labels], np.uint8)


def _runs(ink: Grey, gap: float, least: float, *, level: bool) -> Grey:
    """What is left of the ink of runs along one axis: those of ``least`` pixels, gaps up to ``gap`` closed."""

    def bar(length: float) -> Grey:
        side = max(1, round(length))
        return np.ones((1, side) if level else (side, 1), np.uint8)

    closed = cv2.morphologyEx(ink, cv2.MORPH_CLOSE, bar(gap))
    return np.asarray(cv2.morphologyEx(closed, cv2.MORPH_OPEN, bar(least)), np.uint8)
