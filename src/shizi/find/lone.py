"""Lone characters, as in the cells of tables, of which a network is not sure: found where a row has room for them.

A figure alone is seldom text in a photograph, and a network learns to doubt it: the 1 of a receipt, 12.30  1  12.30, is
lost, and a column of them is taken for one line that runs downwards. Between two lines of its row, or beside one and
above others of its kind, there is one. What it reads as still has to be read surely. No I/O.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from shizi.find.found import Candidate

WIDEST = 1.3
"""Width of a lone character at most, in its heights."""
LEVEL = 0.6
"""Share of the lower one of two heights that lines of a row have in common, at least."""
LOWEST, HIGHEST = 0.55, 1.4
"""Height of a lone character at least and at most, in heights of what stands in its row or column."""
WORD = 1.2
"""Width of a line of its row at least, in the line's heights: specks beside one another tell nothing."""
FAR = 15.0
"""How far away that line is at most, in heights of the lone character."""
ALIGNED, OTHERS = 0.5, 2
"""How far apart the middles of lone characters of a column are at most, in heights, and how many others there are at
least."""
MOST = 300
"""Candidates of a level that are looked at, the surest ones: the grain of a picture has thousands."""


def believed(lines: Sequence[Candidate], levels: Sequence[Sequence[Candidate]]) -> list[Candidate]:
    """The candidates that are lone characters, by the ``lines`` of the page around them.

    Args:
        lines: what is found surely.
        levels: what may be a lone character, by how probable each of its parts is at least, from the least on: it may
            be a part of something larger, or larger itself. The first one that stands in a row counts.
    """
    if not lines:
        return []
    boxes = np.array([one.quad.bounds for one in lines], np.float64)
    lefts, tops, rights, bottoms = boxes.T
    widths, heights = rights - lefts, np.maximum(bottoms - tops, 1e-6)
    words, single = widths >= WORD * heights, widths <= WIDEST * heights
    made: list[Candidate] = []
    for level in levels:
        narrow = [one for one in level if one.quad.width <= WIDEST * one.quad.height]
        for one in sorted(narrow, key=lambda one: -one.score)[:MOST]:
            left, top, right, bottom = one.quad.bounds
            if ((lefts < right) & (left < rights) & (tops < bottom) & (top < bottoms)).any():
                continue  # it is found already
            if any(_overlap(one, other) for other in made):
                continue
            high = bottom - top
            alike = (heights * LOWEST <= high) & (high <= heights * HIGHEST)
            shared = np.minimum(bottom, bottoms) - np.maximum(top, tops)
            row = words & alike & (shared >= LEVEL * np.minimum(high, heights))
            before = bool((row & (rights <= left) & (left - rights < FAR * high)).any())
            behind = bool((row & (lefts >= right) & (lefts - right < FAR * high)).any())
            column = single & alike & (np.abs(lefts + rights - left - right) / 2 <= ALIGNED * high)
            if (before and behind) or ((before or behind) and int(column.sum()) >= OTHERS):
                made.append(replace(one, vertical=False))
    return made


def _overlap(one: Candidate, other: Candidate) -> bool:
    a, b, c, d = one.quad.bounds
    left, top, right, bottom = other.quad.bounds
    return left < c and a < right and top < d and b < bottom
