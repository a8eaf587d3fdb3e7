"""Pages whose rows of text bend, as on an open book: how they do, and the page laid flat. No I/O.

A page's tilt is the one at which the profile of its ink over the rows is sharpest (:func:`shizi.clean.skew`). How its
rows bend is looked for in the same way: a row that would be level runs along

    c u + d u v + a u² + e u² v + b u³

in widths of the page, u and v its places across and down, from -1 to 1. c and d are a tilt, and rows that fan out as
seen from the side; the rest is the paper's. Paper that bends one way is a cylinder, whose rows bend alike (Cao, Ding,
Liu: A Cylindrical Surface Model to Rectify the Bound Document Image, ICCV 2003).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from shizi.types import Quad

MOST = 0.12
"""Farthest that the ends of a row may lie from its middle, in widths of the page."""
LEAST = 0.004
"""Rows that bend less are read as they are, likewise."""
SHARPER = 1.75
"""How much sharper the profile along the bends is than that along the best straight rows, at the least,"""
AGREE = 1.35
"""and for either half of the page's pieces of ink alone: scattered shapes line up by chance, but not twice alike."""
STANDS_OUT = 2.0
"""And how much sharper than along most other bends."""
FEWEST = 100
"""Pieces of ink without which no bend is believed."""

_QUICK, _HINT = 6_000, 1.4  # pixels of ink that a first look takes, and how much sharper something has to be there
_ENOUGH = 12_000  # pixels that all else is told by
_STEPS = (4.0, 4.0, 2.0, 4.0, 4.0)  # pixels by which the terms are first changed,
_FINEST = 0.2  # and at last
_STRAIGHT, _ALL = (0, 1), (0, 1, 2, 3, 4)
_SLOPES = (np.array((1.0, 0.0, 0.0, 0.0, 0.0)),)
_BENDS = tuple(np.array(terms) for terms in (
    (0.0, 0.0, 1.0, 0.0, 0.0),  # a cylinder seen from above
    (0.5, 0.0, 0.25, 0.0, 0.0), (-0.5, 0.0, 0.25, 0.0, 0.0),  # the page of a book, its back to the right or left,
    (0.375, 0.0, 0.375, 0.0, 0.125), (-0.375, 0.0, 0.375, 0.0, -0.125),  # and one that lies flatter;
    (1.3, 0.0, 0.0, 0.0, -1.3),  # a wave
))  # fmt: skip
"""Shapes that rows are looked for in first, their ends 1 from their middle or from each other."""
_COARSE, _FINE = 3.0, 1.5  # pixels between the bends of a shape that a first look tries, and the second one
_FOLLOWED = 3  # the best of these, from which better ones are looked for
_LIMIT = 0.95  # of the farthest bend: beyond, a better one may lie outside of what is looked for
_BAND = 512  # rows that are laid flat at a time
_ROUNDS = 8  # by which the way to the flat page is found, each far nearer than the one before
_SAMPLES = 9  # points along the long sides of a quad that are led back

Grey = NDArray[np.uint8]
Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class Curl:
    """How the rows of a page bend."""

    terms: tuple[float, ...]
    """c, d, a, e, b."""
    width: int
    height: int
    """Of the bent page, pixels."""

    def shift(self, xs: Floats, ys: Floats) -> Floats:
        """How far down the bent page a point of the flat one lies, but for the room above, pixels."""
        u, v = xs * (2 / self.width) - 1, ys * (2 / self.height) - 1
        return _basis(u, v, self.terms) * self.width

    @property
    def room(self) -> tuple[int, int]:
        """Rows that the flat page has more, above and below, so that nothing is cut off."""
        xs = np.linspace(0, self.width, 2 * _SAMPLES + 1)
        above, below = (self.shift(xs, np.full_like(xs, y)) for y in (0.0, float(self.height)))
        return max(0, int(np.ceil(above.max()))), max(0, int(np.ceil(-below.min())))

    def back(self, points: Floats) -> Floats:
        """(N, 2) places on the flat page, on the bent one; both count from the outer edge of the first pixel."""
        xs, ys = points[:, 0], points[:, 1] - self.room[0]
        return np.stack([xs, ys + self.shift(xs, ys)], axis=1)

    def flat(self, page: Grey) -> Grey:
        """The (H, W) page laid flat; its edges are continued where it ends."""
        above, below = self.room
        xs = np.arange(self.width, dtype=np.float32)[np.newaxis] + 0.5
        made = np.empty((self.height + above + below, self.width), np.uint8)
        for top in range(0, len(made), _BAND):  # the places of all pixels at once would be eight times the page
            ys = np.arange(top, min(top + _BAND, len(made)), dtype=np.float32)[:, np.newaxis] + 0.5 - above
            across = np.repeat(xs - np.float32(0.5), len(ys), axis=0)
            down = (ys + self.shift(xs, ys) - 0.5).astype(np.float32)
            made[top : top + _BAND] = cv2.remap(page, across, down, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        return made

    def forth(self, points: Floats) -> Floats:
        """(N, 2) places on the bent page, on the flat one: the way there of :meth:`back`."""
        ys = points[:, 1].astype(np.float64)
        for _ in range(_ROUNDS):
            ys = points[:, 1] - self.shift(points[:, 0], ys)
        return np.stack([points[:, 0], ys + self.room[0]], axis=1)

    def around(self, quad: Quad) -> Quad:
        """A quad of the flat page on the bent one; a long one as a straight one that holds all of it."""
        a, b, c, d = np.asarray(quad.points)
        if not quad.width > quad.height:
            return Quad.of(self.back(np.stack([a, b, c, d])))
        shares = np.linspace(0, 1, _SAMPLES)[:, np.newaxis]
        over, under = self.back(a + shares * (b - a)), self.back(d + shares * (c - d))
        start, end = (over[0] + under[0]) / 2, (over[-1] + under[-1]) / 2
        down = _across(start, end)
        top, bottom = float(((over - start) @ down).min()), float(((under - start) @ down).max())
        return Quad.of(np.stack([start + top * down, end + top * down, end + bottom * down, start + bottom * down]))

    def within(self, quad: Quad) -> Quad:
        """The quad of the flat page that one of the bent page was made :meth:`around`, for about level rows."""
        a, b, c, d = np.asarray(quad.points)
        if not quad.width > quad.height:
            return Quad.of(self.forth(np.stack([a, b, c, d])))
        left, right = (a + d) / 2, (b + c) / 2
        down, shares = _across(left, right), np.linspace(0, 1, _SAMPLES)[:, np.newaxis]
        row = self.forth(np.stack([left, right]))
        off = (self.back(row[0] + shares * (row[1] - row[0])) - left) @ down  # how far its middle strays
        high = max(1.0, quad.height - float(np.ptp(off)))
        middle = self.forth(np.stack([left, right]) - down * float(off.min() + off.max()) / 2)
        (x0, y0), (x1, y1) = middle.tolist()
        return Quad(((x0, y0 - high / 2), (x1, y1 - high / 2), (x1, y1 + high / 2), (x0, y0 + high / 2)))


def _across(start: Floats, end: Floats) -> Floats:
    """(2,) the unit vector to the right of the way from ``start`` to ``end``: down, where that leads to the right."""
    along = end - start
    made: Floats = np.array((-along[1], along[0])) / max(float(np.hypot(*along)), 1e-9)
    return made


def found(
    xs: Floats,
    ys: Floats,
    piece: NDArray[np.integer[Any]],
    seen: tuple[int, int],
    size: tuple[int, int],
    tilt: float = 0.0,
) -> Curl | None:
    """How the rows of a page bend; None where they do not, or where that is not clear.

    Args:
        xs: (P,) columns of the pixels of ink in pieces of the size of characters,
        ys: and their rows,
        piece: and the number of each one's piece.
        seen: width and height of the page that they are of, pixels.
        size: of the page that the answer is for, the same in another size.
        tilt: what :func:`shizi.clean.skew` makes of it, degrees: rows that bend more on one side are taken for tilted.
    """
    if np.count_nonzero(np.bincount(piece)) < FEWEST:
        return None
    tilted = np.array([-np.tan(np.radians(tilt)) / 2, 0, 0, 0, 0])
    starts = [np.zeros(5), tilted] if tilt else [np.zeros(5)]
    rough = _Fit(xs, ys, piece, seen, _QUICK)
    level = rough.sharpness(rough.best(starts, _SLOPES, _STRAIGHT, _COARSE))
    if max(rough.sharpness(one) for one in rough.scanned(starts, _BENDS, _COARSE)) < _HINT * level:
        return None
    fit = _Fit(xs, ys, piece, seen, _ENOUGH)
    straight = fit.best(starts, _SLOPES, _STRAIGHT, _FINE)
    best = fit.best([*starts, straight], _BENDS, _ALL, _FINE)
    sharp, level = fit.sharpness(best), fit.sharpness(straight)
    halves = [fit.half(odd, best) / max(fit.half(odd, straight), 1.0) for odd in (False, True)]
    clear = sharp >= SHARPER * level and min(halves) >= AGREE and sharp >= STANDS_OUT * fit.usual
    if not clear or np.abs(best[2:]).max() < LEAST or _bend(best) > _LIMIT * MOST:
        return None
    return Curl(tuple(best.tolist()), *size)


class _Fit:
    """How sharp the profile of some ink is along rows that bend."""

    def __init__(
        self, xs: Floats, ys: Floats, piece: NDArray[np.integer[Any]], seen: tuple[int, int], most: int
    ) -> None:
        some = xs % (1 + len(xs) // most) == 0  # whole columns: single pixels would blur the profile
        self._ys, self._odd, self._width = ys[some], piece[some] % 2 == 1, seen[0]
        u, v = xs[some] * (2 / seen[0]) - 1, self._ys * (2 / seen[1]) - 1
        self._parts = np.stack([_basis(u, v, one) for one in np.eye(5)]) * seen[0]
        self.usual = 0.0
        """Median sharpness of all that the last scan tried."""

    def sharpness(self, terms: Floats) -> float:
        return _sharpness(self._ys - terms @ self._parts)

    def half(self, odd: bool, terms: Floats) -> float:
        """Of every other piece alone."""
        some = self._odd if odd else ~self._odd
        return _sharpness((self._ys - terms @ self._parts)[some])

    def scanned(self, starts: Iterable[Floats], shapes: Iterable[Floats], step: float) -> list[Floats]:
        """From each start as much of each shape as is best, tried in steps of so many pixels."""
        made, usual = [], []
        for start, shape in product(starts, shapes):
            rows, bends = self._ys - start @ self._parts, shape @ self._parts
            tried = np.arange(-MOST, MOST, step / self._width)
            found = np.array([_sharpness(rows - much * bends) for much in tried])
            usual.append(float(np.median(found)))
            made.append(start + tried[int(found.argmax())] * shape)
        self.usual = float(np.median(usual))
        return made

    def best(self, starts: Sequence[Floats], shapes: Sequence[Floats], free: Sequence[int], step: float) -> Floats:
        """The sharpest that the best of those, and the starts themselves, lead to."""
        likely = sorted([*starts, *self.scanned(starts, shapes, step)], key=self.sharpness)[-_FOLLOWED:]
        return max((self.descended(one, free) for one in likely), key=self.sharpness)

    def descended(self, terms: Floats, free: Iterable[int]) -> Floats:
        """The terms from which no step in one of the ``free`` ones leads to a sharper profile."""
        best, sharp = terms, self.sharpness(terms)
        for steps in self._steps():
            moved = True
            while moved:
                moved = False
                for at in free:
                    for way in (-steps[at], steps[at]):
                        tried = best.copy()
                        tried[at] += way
                        value = self.sharpness(tried)
                        if value > sharp:
                            best, sharp, moved = tried, value, True
        return best

    def _steps(self) -> Iterator[Floats]:
        steps = np.array(_STEPS) / self._width
        while steps.max() * self._width >= _FINEST:
            yield steps
            steps = steps / 2


def _bend(terms: Floats) -> float:
    """How far the ends of a row in the middle of the page lie from its middle at the most, but for its slope."""
    return float(np.abs(_basis(np.array((-1.0, 1.0)), np.zeros(2), (0.0, *terms[1:]))).max())


def _basis(u: Floats, v: Floats, terms: Iterable[float]) -> Floats:
    c, d, a, e, b = terms
    made: Floats = u * (c + d * v + u * (a + e * v + b * u))
    return made


def _sharpness(rows: Floats) -> float:
    """Sum of the squared differences between rows next to one another (Postl 1986)."""
    profile = np.bincount((rows - rows.min()).astype(np.intp))
    return float((np.diff(profile).astype(np.float64) ** 2).sum())
