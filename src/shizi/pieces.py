"""Characters in pieces: the dots of boards of lights and of printers, the bars of figures on panels. No I/O.

Seen sharply, each piece may be found by itself, and is read as a mark; of slanted lines too the finder without a model
gives pieces, which read as nothing. Where a page reads so, it is searched once more, with the model, blurred a little
if it shows dots, and what is found then is taken if more text stands in it. Strips are cut from the sharp page still.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median

from shizi.types import Line

DOTS = frozenset(".:：·•…*＊,，'\"°")
"""What dots are read as,"""
BARS = frozenset("一二口□_—-|丨lI1LJTU[]!门冂")
"""and bars, unless the network is as sure as this:"""
SURE = 0.96
SEVERAL = 3
"""Dots in a row that are none of a sentence."""
LEAST, SHARE = 5, 0.2
"""Characters in pieces that are read on a page, or on a sample of its lines, and as a share of all, at least."""
NOTHING = 0.4
"""Share of the length of all lines that reads as nothing, from which on they may be slanted."""
BLUR = 0.25
"""By how much the page is blurred: standard deviation, in heights of rows of dots. Bars touch as they are."""
READ, AGAINST = 0.6, 0.5
"""Confidence below which a line reads as nothing; and how much each mark counts against a page."""
MORE = 1.05
"""So many times as much, less that, has to be read on what is found then."""


def blur(lines: Sequence[Line]) -> float | None:
    """The blur, in pixels, that makes pieces touch; 0 where they are no dots. None where the lines read as text."""
    told = [line for line in lines if is_pieces(line)]
    count = sum(len(line.chars) for line in told)
    if count < max(LEAST, SHARE * sum(len(line.chars) for line in lines)):
        lengths = [(max(line.quad.width, line.quad.height), line.confidence < READ) for line in lines]
        nothing = sum(length for length, unread in lengths if unread)
        return 0.0 if nothing > NOTHING * sum(length for length, _ in lengths) else None
    dots = [min(line.quad.width, line.quad.height) for line in told if _are_dots(line)]
    return BLUR * median(dots) if dots else 0.0


def is_pieces(line: Line) -> bool:
    """Does a line read as dots, or doubtfully as bars?"""
    said = [char.text for char in line.chars if char.text.strip()]
    return _are_dots(line) or (line.confidence < SURE and all(text in BARS or text in DOTS for text in said))


def is_better(touching: Sequence[Line], apart: Sequence[Line]) -> bool:
    """Do the lines found where pieces touch read better: as no less text, and as more of it if marks are taken off?

    A list whose leaders were found by themselves is not to lose its small print with them.
    """
    (text, marks), (before, more) = map(_read, (touching, apart))
    return text >= before and text - AGAINST * marks > MORE * max(0.0, before - AGAINST * more)


def _read(lines: Sequence[Line]) -> tuple[float, float]:
    """How much text was read, characters, each by its line's confidence; and how many marks in pieces."""
    seen = [line for line in lines if line.confidence >= READ]
    told = [line for line in seen if is_pieces(line)]
    marks = sum(len(line.chars) for line in told)
    return math.fsum(len(line.chars) * line.confidence for line in seen if not is_pieces(line)), marks


def _are_dots(line: Line) -> bool:
    return len(line.chars) >= SEVERAL and all(char.text in DOTS or not char.text.strip() for char in line.chars)
