"""Pictures of single hanzi without end: from fonts, and written after strokes by hands of which hardly one comes twice.

What is drawn is bent, worn and made coarse, then cut out and fitted as :mod:`shizi.read.hanzi` does with what it reads:
the network sees ink alone, so there are no grounds here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from shizi.errors import DataError
from shizi.learn.hanzi.glyphs import CELL, Glyphs
from shizi.learn.synth.living import FIRST, hand
from shizi.learn.synth.strokes import QUICK, Hand, Random, Stroke, write
from shizi.read.hanzi import SIDE, fitted

UNSEEN = 10**7
"""Number of the first hand that is not trained on."""
EM = 50
"""Pixels of one em of a hand's character in its picture, which leaves room to bend it."""
PEN = 1.5
"""A hand's pen is this much thicker than in an atlas, whose em is smaller by as much."""
FINE = 2
"""Hands' characters are drawn this much larger and averaged down; they are bent and worn afterwards."""
TAKEN = 3
"""Times that a written character is taken, each time bent and worn otherwise: writing takes longest."""

Ink = NDArray[np.float32]
"""(72, 72), 0 to 255 = ink."""
Batch = tuple[NDArray[np.uint8], NDArray[np.int64]]
"""(N, 48, 48) pictures, 255 = ink, and (N,) the places of their characters in the alphabet."""


@dataclass(frozen=True, eq=False)
class Artist:
    """What draws. It never changes; all lots are of the generator that is given."""

    chars: Sequence[str]
    """The alphabet."""
    fonts: Sequence[tuple[Glyphs, float]] = ()
    """Each with how often it is taken."""
    strokes: Sequence[Mapping[str, list[Stroke]]] = ()
    """What hands write after."""
    hands: float = 0.0
    """Share of the pictures that are written by a hand."""
    careful: float = 0.0
    """Share of the hands that are among the first ones (:data:`~shizi.learn.synth.strokes.QUICK`), not quick."""
    first: int = FIRST
    """Numbers of the other hands: from here on,"""
    end: int = UNSEEN
    """up to here."""
    _ways: Sequence[tuple[int, list[Stroke]]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        ways = [(cls, place[char]) for place in self.strokes for cls, char in enumerate(self.chars) if char in place]
        if self.hands > 0 and not ways:
            raise DataError("the stroke data have none of the alphabet's characters")
        if self.hands < 1 and not self.fonts:
            raise DataError("there are no fonts to draw with")
        object.__setattr__(self, "_ways", ways)

    def batch(self, rng: Random, count: int) -> Batch:
        """``count`` pictures with their characters."""
        pictures = np.empty((count, SIDE, SIDE), np.uint8)
        classes = np.empty(count, np.int64)
        weights = np.array([weight for _, weight in self.fonts])
        done = 0
        while done < count:
            if rng.random() < self.hands:
                cls, ink = self._written(rng)
                times = min(TAKEN, count - done)
            else:
                glyphs = self.fonts[int(rng.choice(len(weights), p=weights / weights.sum()))][0]
                index = int(rng.integers(len(glyphs.classes)))
                cls, ink, times = int(glyphs.classes[index]), glyphs.pictures[index], 1
            for _ in range(times):
                pictures[done] = fitted(worn(bent(ink.astype(np.float32), rng), rng)) * 255
                classes[done] = cls
                done += 1
        return pictures, classes

    def _written(self, rng: Random) -> tuple[int, NDArray[np.uint8]]:
        cls, strokes = self._ways[int(rng.integers(len(self._ways)))]
        writer = hand(int(rng.integers(self.first, self.end)))
        if rng.random() < self.careful:
            writer = Hand.drawn(int(rng.integers(QUICK)))
        writer = replace(writer, pen=writer.pen * PEN)
        corner = (CELL - EM) / 2
        return cls, write(strokes, writer, rng, CELL, EM, (corner, corner), FINE)


_ROWS, _COLUMNS = np.mgrid[0:CELL, 0:CELL].astype(np.float32)
_MIDDLE = CELL / 2
_ROUND = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))


def bent(ink: Ink, rng: Random) -> Ink:
    """A character with a pen thicker, thinner or the same, turned, slanted, stretched and pulled out of shape."""
    lot = rng.random()
    if lot < 0.15:
        ink = _floats(cv2.dilate(ink, _ROUND))
    elif lot < 0.26:
        ink = _floats(cv2.erode(ink, np.ones((2, 2), np.uint8)))
    turn, slant, rise = rng.normal(0, 0.07), rng.normal(0, 0.1), rng.normal(0, 0.06)
    wide, high = np.exp(rng.normal(0, 0.13, 2)) * np.cos(turn)
    x, y = _COLUMNS - _MIDDLE, _ROWS - _MIDDLE
    pull = _wave(rng, abs(rng.normal(0, 2.0)), 4)
    if rng.random() < 0.5:
        pull = pull + _wave(rng, abs(rng.normal(0, 1.0)), 7)
    columns = wide * x + slant * y + _MIDDLE + pull[..., 0]
    rows = (rise + np.sin(turn)) * x + high * y + _MIDDLE + pull[..., 1]
    return _floats(cv2.remap(ink, columns.astype(np.float32), rows.astype(np.float32), cv2.INTER_LINEAR))


def _wave(rng: Random, strength: float, nodes: int) -> Ink:
    """(72, 72, 2) pixels by which places are pulled, smooth between ``nodes`` a side."""
    return _grown(rng.normal(0, 1, (nodes, nodes, 2)), cv2.INTER_CUBIC) * np.float32(strength)


def worn(ink: Ink, rng: Random) -> Ink:
    """A character out of focus, with uneven ink, specks, coarse, or in black and white: some of these, or none."""
    if rng.random() < 0.5:
        ink = _floats(cv2.GaussianBlur(ink, (0, 0), rng.uniform(0.4, 1.2)))
    if rng.random() < 0.35:
        ink = ink * (1 - np.clip(_grown(rng.normal(0, 0.35, (18, 18))), 0, 0.8))
    if rng.random() < 0.25:
        ink = np.clip(ink + _grown(rng.normal(0, 25, (36, 36))), 0, 255)
    if rng.random() < 0.12:
        side = int(rng.integers(20, 40))
        ink = _grown(_floats(cv2.resize(ink, (side, side), interpolation=cv2.INTER_AREA)))
    if rng.random() < 0.2:
        ink = np.where(ink > rng.uniform(60, 160), 255, 0).astype(np.float32)
    return ink


def _grown(values: NDArray[np.floating], how: int = cv2.INTER_LINEAR) -> Ink:
    """Values on a coarse grid brought to the size of a picture."""
    return _floats(cv2.resize(values.astype(np.float32), (CELL, CELL), interpolation=how))


def _floats(made: cv2.typing.MatLike) -> Ink:
    return made.astype(np.float32, copy=False)
