"""What a finder gives: the lines, and what it found and left out."""

from __future__ import annotations

from dataclasses import dataclass

from shizi.types import Dropped, Quad

MAX_DROPPED = 1000
"""Regions left out that are listed of one page, the largest first."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """Something that may be a line of text.

    The first corner of its quad lies at the top left of the *page*, also where the line stands upright; whether its
    characters do as well, or lie turned, is for reading to say.
    """

    quad: Quad
    vertical: bool = False
    """The finder takes it for text that runs downwards."""
    score: float = 1.0
    """In [0, 1]: how sure the finder is that it is text; 1 where it has no idea of it."""


@dataclass(frozen=True, slots=True)
class Found:
    """The lines of a page, in no promised order, and the regions left out, each with its reason."""

    lines: tuple[Candidate, ...] = ()
    dropped: tuple[Dropped, ...] = ()
    apart: tuple[Candidate, ...] = ()
    """The lines as they were found where some were joined to rows, else none. Which way up the page stands is told by
    them: rows of a page that lies on its side are made of characters of several lines."""
    either: bool = False
    """Most of the lines are rows of which the finder cannot tell that they are not columns."""
