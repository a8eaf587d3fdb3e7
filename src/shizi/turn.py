"""Which way up a page and its lines stand, told by reading: text that is upside down reads as noise. No I/O.

A page is turned by quarters only where a sample of its lines reads clearly better that way; an upright page that reads
well costs nothing more. Small angles are :func:`shizi.clean.upright`'s. Quarters of a turn are counted clockwise,
and are those by which the page is to be turned for the text to stand upright.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Protocol

from shizi.types import Line, Quad


class Found(Protocol):
    """A line as it was found; :class:`shizi.find.Candidate` is one."""

    @property
    def quad(self) -> Quad:
        """Its first corner is the page's top left."""

    @property
    def vertical(self) -> bool:
        """Taken for text that runs downwards."""


OTHERS = {False: (2,), True: (1, 3)}
"""Quarters after which a line may read better, by whether it is vertical: upside down, or a level line that lies."""
SELDOM = {False: (1, 3), True: (2,)}
"""Those for whole pages besides: vertical text that lies, or is upside down."""

# Logarithms of confidences, their mean over the characters of a sample. Measured on print, receipts, photos and
# handwriting, eight lines a page: upright pages lie at -0.2 and above but for the worst, flipped ones at -0.24 and
# below; where flipped read better and was not, it stood at -0.9 (handwriting, which reads badly either way).
_SURE = -0.15  # from here on no other way is tried
_BEARABLE = -0.6  # what another way has to reach, and
_CLEARLY = 0.1  # by how much it has to be better
_EVIDENCE = 3.0  # by how much the sum over its characters has to be: few of them, figures at that, mislead
_LEAST = 4  # characters that can turn a page
_ENOUGH = 24  # characters that are read in other ways at first, and
_CLEAR = 0.3  # by how much the best way has to be better than every other one for those to suffice

# A line alone: as the page's, but single lines mislead more often.
_DOUBTFUL = {False: 0.6, True: 0.85}  # by whether it is vertical; below this the other ways are tried
_GOOD = {False: 0.85, True: 0.0}  # what these have to reach, and
_BETTER = {False: 0.15, True: 0.05}  # by how much they have to be better

_TYPICAL = 8.0  # length of the lines that are sampled, in their heights, if there are such


def rolled(quad: Quad, quarters: int) -> Quad:
    """A quad as it is seen after its page was turned: its first corner is then the top left one."""
    first = -quarters % 4
    return Quad.of(quad.points[first:] + quad.points[:first])


def sample(lines: Sequence[Found], most: int) -> list[int]:
    """Indices of up to ``most`` lines that say which way up their page stands: of the kind that fills more of it."""
    area = {kind: sum(one.quad.width * one.quad.height for one in lines if one.vertical == kind) for kind in (0, 1)}
    kind = area[1] > area[0]

    def unlike(index: int) -> float:
        return abs(math.log(max(_length(lines[index]), 1e-3) / _TYPICAL))

    return sorted((i for i, one in enumerate(lines) if one.vertical == kind), key=lambda i: (unlike(i), i))[:most]


def _length(line: Found) -> float:
    """In its own heights."""
    long, high = line.quad.width, line.quad.height
    return high / max(long, 1e-9) if line.vertical else long / max(high, 1e-9)


def sureness(lines: Sequence[Line], least: int = _LEAST) -> float:
    """Mean logarithm of the confidence of the lines' characters, minus infinity if there are fewer than ``least``."""
    count = sum(len(line.chars) for line in lines)
    if count < least:
        return -math.inf
    return sum(len(line.chars) * math.log(max(line.confidence, 1e-12)) for line in lines if line.chars) / count


def is_sure(lines: Sequence[Line]) -> bool:
    """Do the lines of a sample read so well that no other way needs to be tried?"""
    return sureness(lines, 1) >= _SURE  # few characters may not turn a page, but they may keep it as it is


def enough(lines: Sequence[Line]) -> int:
    """How many lines of a sample, from the first on, are to be read in other ways: such that hold some characters."""
    counts = itertools.accumulate(len(line.chars) for line in lines)
    return next((number for number, count in enumerate(counts, 1) if count >= _ENOUGH), len(lines))


def is_clear(read: Mapping[int, Sequence[Line]]) -> bool:
    """Does one way read so much better than all the others that no more lines are needed to tell?"""
    best, second = sorted((sureness(lines) for lines in read.values()), reverse=True)[:2]
    return best > second + _CLEAR


def is_upright(read: Mapping[int, Sequence[Line]]) -> bool:
    """Does a sample that was read upside down as well read clearly better as it stands?"""
    return 2 in read and sureness(read[0], 1) > sureness(read[2]) + _CLEARLY


def is_bearable(read: Mapping[int, Sequence[Line]]) -> bool:
    """Does one of the ways in which a sample was read give text, so that the seldom ones need not be tried?"""
    return any(sureness(lines) >= _BEARABLE for lines in read.values())


def quarters(read: Mapping[int, Sequence[Line]]) -> int:
    """By how many quarters a page is to be turned, from a sample of its lines read after each of them."""
    sure = {count: sureness(lines, _LEAST if count else 1) for count, lines in read.items()}
    best = max(sure, key=lambda count: sure[count])
    more = sure[best] - sure[0]
    count = sum(len(line.chars) for line in read[best])
    return best if sure[best] >= _BEARABLE and more > _CLEARLY and more * count >= _EVIDENCE else 0


def is_doubtful(line: Line, vertical: bool) -> bool:
    """Is a line that was read as it stands worth reading turned?"""
    return line.confidence < _DOUBTFUL[vertical]


def surest(lines: Sequence[Line], vertical: bool) -> int:
    """Which reading of a line to take: the first, or one of the others, made turned, if it is clearly surer."""
    best = max(range(len(lines)), key=lambda i: lines[i].confidence * (len(lines[i].chars) > 1))
    clear = lines[best].confidence > lines[0].confidence + _BETTER[vertical]
    return best if clear and lines[best].confidence >= _GOOD[vertical] else 0
