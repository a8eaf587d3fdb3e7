"""Lines of text drawn as masks of ink, each with the outline that it is found by.

An outline is a polygon of 2 n points: n along the text's upper edge from its start, then n back along its lower edge.
A straight line has n = 2. Text that runs down the page has its start at the top; its "upper" edge is its right one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from shizi.errors import DataError
from shizi.learn.synth.atlas import coverage, font_files
from shizi.learn.synth.text import Random, Sampler

Mask = NDArray[np.uint8]
Points = NDArray[np.float32]

CAST = 6
"""Fonts that are kept open at a time; opening a large one takes as long as drawing a page."""
CAST_PAGES = 20
"""Pages drawn with one cast."""
LEAST = 0.55
"""Height of the box of a line of dashes or dots, in ems: as if it had letters."""
SIZES = (9, 10, 11, 12, 13, 14, 15, 16, 18, 20, 22, 24, 27, 30, 34, 38, 44, 50, 58, 68, 80, 96, 116, 140, 180, 240)
"""Sizes that fonts are opened in, pixels of an em."""


@dataclass(frozen=True, eq=False)
class Drawn:
    """A line: ``mask`` (H, W), 255 where there is ink; ``outline`` (2 n, 2) in its pixels; ``em`` its size."""

    mask: Mask
    outline: Points
    em: float
    vertical: bool = False
    silent: bool = False
    """Dots, dashes and marks alone: finding it is neither wanted nor wrong."""


@dataclass(frozen=True)
class Face:
    """A font file and the characters that it has."""

    path: Path
    chars: frozenset[int]
    chinese: bool

    def at(self, size: int) -> ImageFont.FreeTypeFont:
        """Opened in the nearest of :data:`SIZES`."""
        return _opened(str(self.path), min(SIZES, key=lambda s: abs(s - size)))

    def known(self, text: str) -> str:
        """``text`` without the characters that the font lacks."""
        return "".join(c for c in text if ord(c) in self.chars)


@lru_cache(maxsize=96)
def _opened(path: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(path, size, layout_engine=ImageFont.Layout.BASIC)


@lru_cache(maxsize=4096)
def _glyph(path: str, size: int, char: str) -> tuple[Mask, int, int, float]:
    """Mask of one character, its offset from the pen on the baseline, and its advance."""
    font = _opened(path, size)
    left, top, right, bottom = (int(v) for v in font.getbbox(char, anchor="ls"))
    picture = Image.new("L", (max(1, right - left), max(1, bottom - top)))
    ImageDraw.Draw(picture).text((-left, -top), char, fill=255, font=font, anchor="ls")
    return np.asarray(picture), left, top, font.getlength(char)


class Fonts:
    """The fonts of a folder. ``hand`` lists parts of the names of those that look written by hand."""

    def __init__(self, folder: Path, *, left_out: frozenset[str] = frozenset(), hand: tuple[str, ...] = ()) -> None:
        self.faces = [f for f in map(_face, font_files(folder)) if f.path.name not in left_out and len(f.chars) > 60]
        if not self.faces:
            raise DataError(f"no usable fonts in {folder}")
        self._hand = [f for f in self.faces if any(part in f.path.name for part in hand)]
        self._print = [f for f in self.faces if f not in self._hand] or self.faces
        self._casts: dict[tuple[bool, bool], list[Face]] = {}
        self._left = 0

    def restart(self) -> None:
        """Choose a new cast for the next page."""
        self._left = 0

    def next_page(self, rng: Random) -> None:
        """Say that a page is done; now and then other fonts are opened."""
        self._left -= 1
        if self._left > 0:
            return
        self._left = CAST_PAGES
        for hand in (False, True):
            pool = (self._hand if hand else self._print) or self.faces
            for chinese in (False, True):
                fit = [f for f in pool if f.chinese == chinese] or pool
                self._casts[hand, chinese] = [fit[int(rng.integers(len(fit)))] for _ in range(CAST)]

    def pick(self, rng: Random, *, hand: bool = False, chinese: bool | None = None) -> Face:
        """One font of the present cast."""
        if not self._casts:
            self.next_page(rng)
        chinese = rng.random() < 0.75 if chinese is None else chinese
        cast = self._casts[hand, chinese]
        return cast[int(rng.integers(len(cast)))]


def _face(path: Path) -> Face:
    chars = coverage(path)
    return Face(path, chars, all(ord(c) in chars for c in "的一人"))


class Scribe:
    """Draws texts of a sampler."""

    def __init__(self, fonts: Fonts, sampler: Sampler) -> None:
        self.fonts, self.sampler = fonts, sampler

    def text(self, rng: Random, face: Face, length: int) -> str:
        """At most ``length`` characters that ``face`` has, at least one."""
        for _ in range(8):
            text = self.sampler.words(rng)[:length] if self._latin(rng, face) else self.sampler(rng, length)
            text = face.known(text).strip()
            if text:
                return text
        return "A1"[: max(1, length)]

    def _latin(self, rng: Random, face: Face) -> bool:
        return bool(self.sampler.english) and not face.chinese and rng.random() < 0.7


def level(face: Face, size: int, text: str, *, stroke: int = 0) -> Drawn:
    """A straight line as the font sets it; ``stroke`` thickens the letters, pixels."""
    font = face.at(size)
    left, top, right, bottom = (int(v) for v in font.getbbox(text, anchor="ls", stroke_width=stroke))
    picture = Image.new("L", (max(1, right - left), max(1, bottom - top)))
    ImageDraw.Draw(picture).text((-left, -top), text, fill=255, font=font, anchor="ls", stroke_width=stroke)
    return _boxed(np.asarray(picture), font.size, text)


def apart(face: Face, size: int, text: str, rng: Random, *, spacing: float = 0.0, wild: float = 0.0) -> Drawn:
    """A line set character by character: ``spacing`` between them in ems, ``wild`` as a hand writes, 0 to 1."""
    size = int(face.at(size).size)
    step = spacing * size
    pen, pieces = 0.0, []
    for char in text:
        mask, dx, dy, advance = _glyph(str(face.path), size, char)
        if wild:
            mask, dx, dy = _turned(mask, dx, dy, rng, wild)
        pieces.append((mask, round(pen + dx), round(dy + wild * size * rng.normal(0, 0.06))))
        pen += advance * (1 + wild * rng.normal(-0.06, 0.06)) + step
    return _boxed(_pasted(pieces), float(size), text)


def downwards(face: Face, size: int, text: str, rng: Random, *, pitch: float = 1.1, wild: float = 0.0) -> Drawn:
    """Upright characters one below the other, ``pitch`` ems apart."""
    size = int(face.at(size).size)
    pieces = []
    for row, char in enumerate(c for c in text if c != " "):
        mask, dx, dy, _ = _glyph(str(face.path), size, char)
        if wild:
            mask, dx, dy = _turned(mask, dx, dy, rng, wild)
        pieces.append((mask, -mask.shape[1] // 2, round(row * pitch * size + dy)))
    made = _boxed(_pasted(pieces), float(size), text)
    points = made.outline[[1, 2, 3, 0]]  # starts at the right of its top: along the page's right, then back
    return Drawn(made.mask, points, made.em, len(pieces) > 1, made.silent)


def celled(face: Face, size: int, text: str, rng: Random, *, cell: float, wild: float = 0.0) -> Drawn:
    """A character in the middle of each cell of ``cell`` pixels.

    Its mask starts at the left of the first cell, its outline where ink does.
    """
    size = int(face.at(size).size)
    pieces = [(np.zeros((1, 1), np.uint8), 0, 0)]
    for column, char in enumerate(text):
        mask, dx, dy, advance = _glyph(str(face.path), size, char)
        if wild:
            mask, dx, dy = _turned(mask, dx, dy, rng, wild)
        pen = (column + 0.5) * cell - advance / 2 + wild * size * rng.normal(0, 0.03)
        pieces.append((mask, round(pen + dx), round(dy + wild * size * rng.normal(0, 0.05))))
    return _boxed(_pasted(pieces), float(size), text)


def bent(drawn: Drawn, sag: float) -> Drawn:
    """A straight line bent along a parabola whose middle lies ``sag`` pixels lower than its ends."""
    rows, columns = drawn.mask.shape
    xs = np.arange(columns, dtype=np.float32)
    drop = sag * (1 - (2 * xs / max(1, columns - 1) - 1) ** 2)
    drop -= drop.min()
    high = rows + int(np.ceil(drop.max()))
    map_y = np.arange(high, dtype=np.float32)[:, None] - drop[None]
    map_x = np.broadcast_to(xs, map_y.shape).astype(np.float32)
    mask = cv2.remap(drawn.mask, map_x, map_y, cv2.INTER_LINEAR, borderValue=0)
    (x0, y0), (x1, y1) = drawn.outline[0], drawn.outline[2]
    at = np.linspace(x0, x1, 7, dtype=np.float32)
    down = np.interp(at, xs, drop).astype(np.float32)
    upper, lower = np.column_stack([at, y0 + down]), np.column_stack([at, y1 + down])
    return Drawn(mask.astype(np.uint8, copy=False), np.concatenate([upper, lower[::-1]]), drawn.em, silent=drawn.silent)


def tilted(drawn: Drawn, degrees: float) -> Drawn:
    """The line turned counter-clockwise; its outline is as tight as before."""
    rows, columns = drawn.mask.shape
    matrix = np.asarray(cv2.getRotationMatrix2D((columns / 2, rows / 2), degrees, 1.0), np.float64)
    size = np.ceil(np.abs(matrix[:, :2]) @ (columns, rows)).astype(int) + 2
    matrix[:, 2] += size / 2 - (columns / 2, rows / 2)
    mask = np.asarray(cv2.warpAffine(drawn.mask, matrix, (int(size[0]), int(size[1]))), np.uint8)
    outline = (drawn.outline @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)
    return Drawn(mask, outline, drawn.em, drawn.vertical, drawn.silent)


def _turned(mask: Mask, dx: int, dy: int, rng: Random, wild: float) -> tuple[Mask, int, int]:
    rows, columns = mask.shape
    grow = float(np.exp(wild * rng.normal(0, 0.12)))
    matrix = cv2.getRotationMatrix2D((columns / 2, rows / 2), float(wild * rng.normal(0, 6)), grow)
    side = (max(1, round(columns * grow * 1.1)), max(1, round(rows * grow * 1.1)))
    matrix[:, 2] += (side[0] - columns) / 2, (side[1] - rows) / 2
    made = cv2.warpAffine(mask, matrix, side)
    return made.astype(np.uint8, copy=False), dx - (side[0] - columns) // 2, dy - (side[1] - rows) // 2


def _pasted(pieces: list[tuple[Mask, int, int]]) -> Mask:
    left, top = min(x for _, x, _ in pieces), min(y for _, _, y in pieces)
    right = max(x + m.shape[1] for m, x, _ in pieces)
    bottom = max(y + m.shape[0] for m, _, y in pieces)
    canvas = np.zeros((bottom - top, right - left), np.uint8)
    for mask, x, y in pieces:
        part = canvas[y - top : y - top + mask.shape[0], x - left : x - left + mask.shape[1]]
        np.maximum(part, mask, out=part)
    return canvas


def _boxed(mask: Mask, em: float, text: str) -> Drawn:
    """The mask with the box of its ink, which is no lower than :data:`LEAST` ems where it is wider than that."""
    rows, columns = np.flatnonzero(mask.max(axis=1) > 80), np.flatnonzero(mask.max(axis=0) > 80)
    if not len(rows):
        rows, columns = np.array([0, mask.shape[0] - 1]), np.array([0, mask.shape[1] - 1])
    x0, x1, y0, y1 = float(columns[0]), float(columns[-1] + 1), float(rows[0]), float(rows[-1] + 1)
    short = LEAST * em - (y1 - y0)
    if short > 0 and x1 - x0 > LEAST * em:
        y0, y1 = y0 - short / 2, y1 + short / 2
    outline = np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], np.float32)
    return Drawn(mask, outline, em, silent=not any(char.isalnum() for char in text))
