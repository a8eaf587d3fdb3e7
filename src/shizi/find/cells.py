"""Two short rows, one below the other, that a network takes for one line: a day and what is written below it. Parted.

Calendars are full of such cells. A character may have an upper and a lower half as well, but not most of those of a
page that are as tall.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from shizi import stack
from shizi.find.found import Candidate
from shizi.types import Quad

LOWEST, HIGHEST = 1.45, 2.6
"""Heights of what is looked at, in its widths: of a character, and of more than two rows."""
FEWEST, SHARE = 3, 0.5
"""So many of a page, and this share of those that are as tall, have to be of two rows."""
ALIKE, FULL = 3.0, 0.6
"""One row is at most so many times as high as the other, and both reach over this share of the place's height: else
they are the parts of one character."""

Grey = NDArray[np.uint8]


def apart(page: Grey, lines: Sequence[Candidate]) -> list[Candidate]:
    """The lines of a (H, W) page; those of two rows as these, if there are several."""
    tall = [one for one in lines if LOWEST <= _tall(one.quad) <= HIGHEST]
    if len(tall) < FEWEST:
        return list(lines)
    found = {one: rows for one in tall if (rows := _rows(page, one.quad))}
    if len(found) < max(FEWEST, SHARE * len(tall)):
        return list(lines)
    return [part for one in lines for part in
            ([replace(one, quad=quad, vertical=False) for quad in found[one]] if one in found else [one])]  # fmt: skip


def _tall(quad: Quad) -> float:
    left, top, right, bottom = quad.bounds
    return (bottom - top) / max(right - left, 1e-6)


def _rows(page: Grey, quad: Quad) -> list[Quad]:
    """The two rows of what stands at a place; none where there are fewer or more."""
    left, top, right, bottom = (round(at) for at in quad.bounds)
    left, top = max(left, 0), max(top, 0)
    seen = page[top:bottom, left:right]
    rows = stack.rows(seen) if seen.size else []
    heights = [end - start for start, end in rows]
    if len(rows) != 2 or max(heights) > ALIKE * min(heights) or rows[1][1] - rows[0][0] < FULL:
        return []
    return [Quad.box(left, top + start * len(seen), right, top + end * len(seen)) for start, end in rows]
