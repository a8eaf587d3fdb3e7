"""Marks told by the height at which their ink stands in the line: dots between words, signs of degrees. No I/O.

The network has seen few of them: to it the dot of 3小时前 · 北京 is a comma or a stop, if a doubtful one, and the sign
of 12~20° is a zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from shizi.alike import PAUSES, SURELY
from shizi.script import BLANK, is_of_word
from shizi.types import Char

HIGHEST, LOWEST, MIDDLE = 0.3, 0.68, 0.58
"""Where a dot begins and ends, and the lowest middle of it: shares of the height of the characters beside it."""
DEEP = 0.5
"""Share of the deepest ink of some columns that counts as ink there: blur and grain are less."""
FAINT = 0.12
"""Contrast, of black on white 1, below which there is no ink at all."""
CLEAR = 0.8
"""Confidence of the characters beside a dot at least: those who write by hand put their commas anywhere."""
WIDE, RING = 0.34, 0.5
"""Width of a dot, and of a sign of degrees, at most, in heights of the line."""
RAISED = 0.62
"""Where a sign of degrees ends at the lowest."""
_RINGS, _FIGURES = frozenset("09oO。"), frozenset("0123456789")


def told(
    chars: Sequence[Char], strip: NDArray[np.float32], places: Sequence[tuple[float, float, float]]
) -> list[Char]:
    """The characters of a line: doubtful pauses between two words that stand in its middle are dots, and rings that
    stand at the head of the figure before them are signs of degrees.

    ``places`` has for each the column of the (32, W) ``strip`` that shows it, the first and the last that may be its.
    """
    return _rings(_dots(chars, strip, places), strip, places)


def _dots(
    chars: Sequence[Char], strip: NDArray[np.float32], places: Sequence[tuple[float, float, float]]
) -> list[Char]:
    made = list(chars)
    words = [at for at, char in enumerate(chars) if char.text != BLANK]
    for before, at, after in zip(words, words[1:], words[2:], strict=False):
        char, beside = chars[at], (chars[before], chars[after])
        if char.text not in PAUSES or char.confidence >= SURELY:
            continue
        if not all(is_of_word(one.text) and one.confidence >= CLEAR for one in beside):
            continue
        mark = places[before + 1][1], places[after - 1][2]  # blanks beside it are its own
        found = stands(strip, places[at][0], mark, (places[before][1], places[after][2]))
        if found and found[0] >= HIGHEST and found[1] <= LOWEST and sum(found) / 2 <= MIDDLE:
            rest = tuple(one for one in char.alternatives if one.text != "·")
            made[at] = replace(char, text="·", alternatives=rest)
    return made


def _rings(
    chars: Sequence[Char], strip: NDArray[np.float32], places: Sequence[tuple[float, float, float]]
) -> list[Char]:
    made = list(chars)
    for at, (before, char) in enumerate(pairwise(chars), 1):
        ends = at + 1 == len(chars) or not chars[at + 1].text.isalnum() or chars[at + 1].text == "C"
        if not (ends and char.text in _RINGS and before.text in _FIGURES):
            continue
        found = stands(strip, places[at][0], places[at][1:], (places[at - 1][1], places[at][2]), RING)
        if found and found[0] < HIGHEST and found[1] <= RAISED:
            made[at] = replace(char, text="°", alternatives=tuple(one for one in char.alternatives if one.text != "°"))
    return made


def stands(
    strip: NDArray[np.float32],
    at: float,
    mark: tuple[float, float],
    around: tuple[float, float],
    widest: float = WIDE,
) -> tuple[float, float] | None:
    """From where to where the ink of a mark reaches, 0 the head of the characters around it and 1 their foot.

    Args:
        strip: (32, W), dark on light, values one apart from black to white.
        at: the column that shows the mark.
        mark: first and last column that may be the mark's.
        around: the same of the characters beside it, together with the mark.
        widest: width of the mark at most, in heights of those characters.

    Returns:
        None where no narrow mark stands free there.
    """
    left, right = _columns(strip, mark)
    first, last = _columns(strip, around)
    ground = np.float32(np.median(strip[:, first:last]) if last > first else 0.0)
    beside = np.concatenate([strip[:, first:left], strip[:, right:last]], axis=1)
    rows = _inked(ground - beside, axis=1)
    columns = _inked(ground - strip[:, left:right], axis=0)
    if not rows.size or not columns.size:
        return None
    # the run of columns with ink that is nearest to where the mark was seen
    runs = np.split(columns, np.flatnonzero(np.diff(columns) > 1) + 1)
    own = min(runs, key=lambda run: abs((run[0] + run[-1]) / 2 + left - at))
    head, foot = float(rows[0]), float(rows[-1] + 1)
    if len(own) > widest * (foot - head) or own[0] == 0 or own[-1] == right - left - 1:
        return None  # a character, or a part of one that stands beside the mark
    inked = _inked(ground - strip[:, left + own[0] : left + own[-1] + 1], axis=1)
    return float(inked[0] - head) / (foot - head), float(inked[-1] + 1 - head) / (foot - head)


def _columns(strip: NDArray[np.float32], some: tuple[float, float]) -> tuple[int, int]:
    return max(0, round(some[0])), min(strip.shape[1], round(some[1]))


def _inked(ink: NDArray[np.float32], axis: int) -> NDArray[np.intp]:
    """The rows or columns that hold ink."""
    deepest = ink.max(axis=axis, initial=0.0)
    return np.flatnonzero(deepest > max(FAINT, DEEP * float(deepest.max(initial=0.0))))
