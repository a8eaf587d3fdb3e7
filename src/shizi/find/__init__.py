"""Finding the lines of a page. A finder takes a grey page and gives :class:`Found`; they stand in :data:`FINDERS`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from shizi.errors import SettingsError
from shizi.find import dbnet, projection, slanted
from shizi.find.found import Candidate, Found
from shizi.find.lines import bands
from shizi.settings import FindSettings

__all__ = ["FINDERS", "Candidate", "Finder", "Found", "find", "is_clean", "is_drawn", "touching"]

Finder = Callable[[NDArray[np.uint8], FindSettings], Found]

CLEAN = 0.75
"""Share of a clean document that is ground."""
GREYS = 0.02
"""Least share of what is not ground that is neither black nor white: without greys it is a scan, with ragged edges."""
LONG = 2.0
"""A page is too long for the finder without a model where it has to be seen so many times smaller."""
FEW = 12.0
"""Length of all lines together, in their heights, below which nothing tells what is typical of a page."""
SINGLE = 2.0
"""Length of a line, in its heights, up to which it may be a lone character. Where most are, they may be what is left of
tilted lines:"""
FEWER = 0.5
"""then the model's are taken, if these are so many times as many at most, or several of them lean."""
HALVES, JOINED = 0.4, 0.8
"""Where so many lines reach into one above or below, they are halves of characters in parts: the model's are taken, if
these are so many times as many at most."""
ABOVE = 0.6
"""Of the shorter one's length, that halves share."""
WITHIN, PIECE = 0.6, 0.7
"""Share of a piece's area that lies in the column that it is of, and its length at most, in lengths of that."""
FLAT = 2
"""Greys beside the commonest one that are ground as well."""


DRAWN = 0.85
"""Share of the pixels of a page drawn by a program that are just as those beside and below them."""
MANY = 20
"""Lines of such a page at least that are believed where the model sees few: rows of small buttons are one to it."""


def auto(page: NDArray[np.uint8], settings: FindSettings) -> Found:
    """Without a model where the page is a clean document of some text, with one elsewhere."""
    if max(page.shape) > LONG * settings.max_side:
        return dbnet.find(page, settings)
    if not is_clean(page):
        found = dbnet.find(page, settings)
        if not is_drawn(page):
            return found
        other = projection.find(page, settings)
        return other if FEWER * len(other.lines) >= max(FEWER * MANY, len(found.lines)) else found
    found = projection.find(page, settings)
    lengths = _lengths(found)
    if lengths.sum() < FEW:
        return dbnet.find(page, settings)
    if np.median(lengths) <= SINGLE:
        other = dbnet.find(page, settings)
        lean = slanted.lean(other.lines, settings.min_score)
        if 0 < len(other.lines) <= FEWER * len(found.lines) or lean is not None:
            return other
    elif _halved(found) >= HALVES:
        other = dbnet.find(page, settings)
        if 0 < len(other.lines) <= JOINED * len(found.lines):
            return other
    elif found.either:
        other = dbnet.find(page, settings)
        if 2 * sum(one.vertical for one in other.lines) > len(other.lines):
            return other
    if 2 * sum(one.quad.height for one in found.lines if one.vertical) > sum(_long(one) for one in found.lines):
        return _joined(found, dbnet.find(page, settings))
    return found


def _long(line: Candidate) -> float:
    return max(line.quad.width, line.quad.height)


def _joined(found: Found, other: Found) -> Found:
    """Columns that were found in pieces, one below another or side by side, or not at all, as the model finds them:
    一, 二 and 三 are mostly white.
    """
    bounds = np.array([one.quad.bounds for one in found.lines], np.float64).reshape(-1, 4)
    size = bounds[:, 2:] - bounds[:, :2]
    left, whole = np.ones(len(bounds), np.bool_), []
    for one in (line for line in other.lines if line.vertical):
        x0, y0, x1, y1 = one.quad.bounds
        shared = (np.minimum(bounds[:, 2:], (x1, y1)) - np.maximum(bounds[:, :2], (x0, y0))).clip(0).prod(axis=1)
        within = left & (shared >= WITHIN * np.maximum(size.prod(axis=1), 1e-9))
        wide, high = size[within].max(axis=0, initial=0.0)
        pieces = within.any() and (high <= PIECE * (y1 - y0) or wide <= PIECE * (x1 - x0))
        if pieces or not (left & (shared > 0)).any():
            left &= ~within
            whole.append(one)
    kept = tuple(one for one, stays in zip(found.lines, left.tolist(), strict=True) if stays)
    return replace(found, lines=(*kept, *whole))


def _lengths(found: Found) -> NDArray[np.float64]:
    """(N,) lengths of lines, in their heights."""
    sides = np.array([(one.quad.width, one.quad.height) for one in found.lines], np.float64).reshape(-1, 2)
    made: NDArray[np.float64] = sides.max(axis=1) / np.maximum(sides.min(axis=1), 1e-9)
    return made


def _halved(found: Found) -> float:
    """Share of the lines that reach into one above or below, as the upper half of a figure made of bars does."""
    bounds = np.array([one.quad.bounds for one in found.lines], np.float64).reshape(-1, 4)
    halves = np.zeros(len(bounds), np.bool_)
    for some, others in bands(bounds[:, 1::2], bounds[:, 1::2]):
        left, top, right, bottom = bounds[some, None].transpose(2, 0, 1)  # (K, 1) each
        other = bounds[others]
        across = np.minimum(right, other[:, 2]) - np.maximum(left, other[:, 0])
        down = np.minimum(bottom, other[:, 3]) - np.maximum(top, other[:, 1])
        shorter = np.minimum(right - left, other[:, 2] - other[:, 0])
        reach = (across >= ABOVE * shorter) & (down > 0) & (some[:, None] != others)
        halves[some] |= reach.any(axis=1)
    return float(halves.mean()) if len(halves) else 0.0


def is_clean(page: NDArray[np.uint8]) -> bool:
    """Is a (H, W) page almost all of one grey and the rest in some, as where a program set text? See :data:`CLEAN`."""
    counts = cv2.calcHist([page], [0], None, [256], [0, 256]).ravel()  # a fifth of bincount's time
    ground = int(counts.argmax())
    counts[max(0, ground - FLAT) : ground + FLAT + 1] = 0
    rest = int(counts.sum())
    return rest <= (1 - CLEAN) * page.size and int(counts[FLAT + 1 : -FLAT - 1].sum()) >= GREYS * rest


def is_drawn(page: NDArray[np.uint8]) -> bool:
    """Did a program draw a (H, W) page, whatever its colours? See :data:`DRAWN`."""
    if min(page.shape) < 2:
        return False
    here = page[:-1, :-1]
    return bool(((here == page[1:, :-1]) & (here == page[:-1, 1:])).mean() >= DRAWN)


FINDERS: dict[str, Finder] = {"auto": auto, "projection": projection.find, "dbnet": dbnet.find}
"""Without a model, with one, and whichever suits the page."""


def find(page: NDArray[np.uint8], settings: FindSettings, *, level: bool = True) -> Found:
    """The lines of a (H, W) page, in its own pixels and in no promised order, and what was left out.

    Args:
        page: upright, or nearly.
        settings: how lines are found.
        level: its rows are not known to be tilted, as those of a page that a program set never are.

    Raises:
        SettingsError: ``settings.finder`` names no finder.
    """
    try:
        finder = FINDERS[settings.finder]
    except KeyError:
        raise SettingsError(f"there is no finder {settings.finder!r}; there are {', '.join(FINDERS)}") from None
    return (dbnet.find if finder is auto and not level else finder)(page, settings)


def touching(page: NDArray[np.uint8], settings: FindSettings, blur: float) -> Found | None:
    """What the model finds on a (H, W) page blurred by so many pixels (standard deviation).

    None where it may not be asked, or was asked already.
    """
    if settings.finder not in {"auto", "dbnet"} or (blur <= 0 and (settings.finder == "dbnet" or not is_clean(page))):
        return None
    seen = cv2.GaussianBlur(page, (0, 0), blur).astype(np.uint8, copy=False) if blur > 0 else page
    return dbnet.find(seen, settings)
