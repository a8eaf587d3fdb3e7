"""The glyph atlas: every character of every font drawn once, so that a batch of lines is one gather.

A character that a font lacks is never drawn with it: a glyph counts only if the font's cmap has the character, its
outline has ink, and its picture is not shared by many characters (fonts without a hanzi often draw a box or a dot).
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from fontTools.ttLib import TTFont
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from shizi.errors import DataError
from shizi.learn.synth.strokes import Hand, draw_hand, fingerprint, taught
from shizi.read.charset import Charset

CELL = 40
"""Side of a glyph's cell, pixels."""
EM = 32
"""Pixels of one em: an average hanzi is drawn about 29 pixels high. Where pictures are finer, all places are still told
in these pixels."""
PEN = 4
"""Column of the pen's start in a cell."""
BASELINE = 31
"""Row of the baseline in a cell."""
CENTRE = 18.8
"""Row of the middle of an average hanzi in a cell."""
SHARED = 6
"""A picture that stands for this many characters is a placeholder."""
VERSION = 4
"""Counted up when glyphs are chosen or drawn otherwise, so that kept atlases of before are not taken."""
SUFFIXES = (".ttf", ".otf", ".ttc", ".woff", ".woff2")
PROBE = "国的一是在不了有和人这中大为上个我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子"


@dataclass(frozen=True)
class Atlas:
    """Glyph pictures and where they are.

    ``pictures`` (G, S, S) uint8, 255 = ink, S = :data:`CELL` for an em of :data:`EM`; ``advances`` (G,) pixels at
    :data:`EM`; ``tops``, ``bottoms`` (G,) rows of the ink, of a cell of :data:`CELL`; ``table`` (F, C) glyph of font
    and class, -1 where the font lacks it; ``names`` of the F fonts.
    """

    names: tuple[str, ...]
    pictures: NDArray[np.uint8]
    advances: NDArray[np.float32]
    tops: NDArray[np.float32]
    bottoms: NDArray[np.float32]
    table: NDArray[np.int32]

    def save(self, path: Path) -> None:
        """Write as .npz."""
        arrays = {k: getattr(self, k) for k in ("pictures", "advances", "tops", "bottoms", "table")}
        np.savez(path, names=np.array(self.names), **arrays)

    @classmethod
    def open(cls, path: Path) -> Atlas:
        """Read what :meth:`save` wrote."""
        with np.load(path) as stored:
            arrays = {k: stored[k] for k in ("pictures", "advances", "tops", "bottoms", "table")}
            return cls(tuple(str(n) for n in stored["names"]), **arrays)


def font_files(folder: Path) -> list[Path]:
    """All font files below ``folder``, sorted by name; DataError where there are none."""
    found = sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES)
    if not found:
        raise DataError(f"no fonts in {folder}: name a folder with {', '.join(SUFFIXES)} files")
    return found


def coverage(path: Path) -> frozenset[int]:
    """Code points that a font says it has; DataError where it is no font."""
    try:
        with path.open("rb") as file, TTFont(file, fontNumber=0, lazy=True) as opened:
            return frozenset(opened.getBestCmap() or {})
    except Exception as error:  # fontTools raises much on malformed fonts, without a promise
        raise DataError(f"{path} cannot be opened as a font: {error or type(error).__name__}") from error


def build_atlas(
    fonts: Sequence[Path],
    charset: Charset,
    cache: Path | None = None,
    strokes: Sequence[Path] = (),
    hands: int = 0,
    first_hand: int = 0,
    processes: int = 1,
    em: int = EM,
) -> Atlas:
    """Draw all characters of ``charset`` with all ``fonts``, and with ``hands`` made-up hands from number
    ``first_hand`` on after the stroke data in ``strokes``; kept in the folder ``cache`` for next time.
    A hand with ten thousand characters takes a quarter of a minute; ``processes`` hands or fonts are drawn at once.
    ``em`` is that of the pictures; a finer one than :data:`EM` is for higher strips.
    """
    numbers = range(first_hand, first_hand + hands) if strokes else range(0)
    stored = None
    if cache:
        about = [VERSION, charset.fingerprint, [[f.name, f.stat().st_size] for f in fonts], em, list(numbers)]
        about += [fingerprint(place) for place in strokes if numbers]
        stored = cache / f"atlas-{hashlib.sha256(json.dumps(about).encode()).hexdigest()[:12]}.npz"
    if stored and stored.exists():
        return Atlas.open(stored)
    grain = em / EM
    printed, written = partial(_draw_font, charset, grain), partial(_draw_hand, strokes, charset, grain)
    if processes > 1 and len(fonts) + len(numbers) > 1:
        with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
            waiting = [pool.submit(printed, font) for font in fonts]
            waiting += [pool.submit(written, number) for number in numbers]
            parts = [part.result() for part in waiting]
    else:
        parts = [printed(font) for font in fonts] + [written(number) for number in numbers]
    names = [font.name for font in fonts] + [Hand.drawn(number).name for number in numbers]
    table = np.full((len(parts), charset.size), -1, dtype=np.int32)
    offset = 0
    for row, (classes, *_) in enumerate(parts):
        table[row, classes] = np.arange(offset, offset + len(classes))
        offset += len(classes)
    pictures, advances, tops, bottoms = (np.concatenate([part[i] for part in parts]) for i in range(1, 5))
    atlas = Atlas(tuple(names), pictures, advances, tops, bottoms, table)
    if stored:
        stored.parent.mkdir(parents=True, exist_ok=True)
        atlas.save(stored)
    return atlas


def _draw_hand(strokes: Sequence[Path], charset: Charset, grain: float, number: int) -> tuple[NDArray[Any], ...]:
    """The same as :func:`_draw_font` for a hand; each character takes one em, and the lots of the line do the rest."""
    paths = taught(strokes, number)
    chars = [char for char in charset.chars if char in paths]
    corner = PEN * grain, (CENTRE - EM / 2) * grain
    pictures = draw_hand(paths, chars, Hand.drawn(number), round(CELL * grain), EM * grain, corner)
    advances = np.full(len(chars), EM, dtype=np.float32)
    return (np.array(charset.encode("".join(chars)), dtype=np.int64), pictures, advances, *extent(pictures))


def _draw_font(charset: Charset, grain: float, path: Path) -> tuple[NDArray[Any], ...]:
    """Classes, pictures, advances, tops and bottoms of the characters that the font has.

    Raises:
        DataError: the font cannot be drawn with, or has none of them.
    """
    try:
        return _glyphs(charset, grain, path)
    except OSError as error:
        raise DataError(f"{path} cannot be drawn with: {error}") from error


def _glyphs(charset: Charset, grain: float, path: Path) -> tuple[NDArray[Any], ...]:
    cmap = coverage(path)
    chars = [char for char in charset.chars if ord(char) in cmap]
    size, rise = _fit(path, [c for c in PROBE if ord(c) in cmap], [c for c in "HEX" if ord(c) in cmap])
    font = ImageFont.truetype(str(path), size * grain, layout_engine=ImageFont.Layout.BASIC)
    side = round(CELL * grain)
    pictures = np.zeros((len(chars), side, side), dtype=np.uint8)
    advances = np.zeros(len(chars), dtype=np.float32)
    for index, char in enumerate(chars):
        cell = Image.new("L", (side, side))
        ImageDraw.Draw(cell).text((PEN * grain, (BASELINE + rise) * grain), char, fill=255, font=font, anchor="ls")
        pictures[index] = np.asarray(cell)
        advances[index] = font.getlength(char) / grain
    digests = [hashlib.blake2b(p.tobytes(), digest_size=8).digest() for p in pictures]
    shared = Counter(digests)
    false = _false_lower_case(dict(zip(chars, pictures, strict=True)))
    inked: NDArray[np.bool_] = pictures.max(axis=(1, 2), initial=0) > 0
    drawn = [char == " " or (inked[i] and shared[digests[i]] < SHARED) for i, char in enumerate(chars)]
    keep = [i for i, char in enumerate(chars) if drawn[i] and advances[i] > 1 and char not in false]
    if not any(chars[i] != " " for i in keep):
        raise DataError(f"{path} has none of the alphabet's characters: leave it out")
    pictures, advances = pictures[keep], np.minimum(advances[keep], CELL - PEN)
    classes = np.array(charset.encode("".join(chars[i] for i in keep)), dtype=np.int64)
    return (classes, pictures, advances, *extent(pictures))


def extent(pictures: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """(N,) first row with ink and the row after the last, of cells of :data:`CELL` rows; the middle where none has."""
    rows = np.any(pictures > 64, axis=2)
    has_ink = rows.any(axis=1)
    grain = rows.shape[1] / CELL
    tops = np.where(has_ink, rows.argmax(axis=1) / grain, CENTRE).astype(np.float32)
    bottoms = np.where(has_ink, CELL - rows[:, ::-1].argmax(axis=1) / grain, CENTRE).astype(np.float32)
    return tops, bottoms


def _false_lower_case(drawn: Mapping[str, NDArray[np.uint8]]) -> frozenset[str]:
    """The lower-case letters of a font that draws them as capitals, large or small; else nothing.

    Looked at are letters whose two cases differ in shape, brought to one size.
    """
    pairs = [(c, c.upper()) for c in "abdeghnqrt" if c in drawn and c.upper() in drawn]
    alike = sum(float(np.abs(_shape(drawn[low]) - _shape(drawn[high])).mean()) < 0.16 for low, high in pairs)
    return frozenset("abcdefghijklmnopqrstuvwxyz") if pairs and alike > len(pairs) / 2 else frozenset()


def _shape(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(16, 16) the ink alone, scaled to fill the square, in [0, 1]."""
    rows, columns = np.flatnonzero(picture.any(axis=1)), np.flatnonzero(picture.any(axis=0))
    if not len(rows):
        return np.zeros((16, 16), dtype=np.float32)
    ink = Image.fromarray(picture[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])
    return np.asarray(ink.resize((16, 16), Image.Resampling.BOX)).astype(np.float32) / np.float32(255)


def _fit(path: Path, hanzi: Sequence[str], capitals: Sequence[str]) -> tuple[float, float]:
    """Font size and shift of the baseline that bring hanzi to an average height of 29 pixels around CENTRE.

    A font without hanzi gets capitals of 23 pixels, which is what hanzi fonts give theirs, on the usual baseline.
    """
    if not (hanzi or capitals):
        return EM, 0.0
    trial = ImageFont.truetype(str(path), 100, layout_engine=ImageFont.Layout.BASIC)
    boxes = [trial.getbbox(char, anchor="ls") for char in (hanzi or capitals)]
    top, bottom = (float(np.mean([box[i] for box in boxes])) for i in (1, 3))
    height = max(1.0, bottom - top)
    if not hanzi:
        return min(100 * 23 / height, 1.5 * EM), 0.0
    size = min(100 * 29 / height, 1.3 * EM)
    return size, round(CENTRE - BASELINE - (top + bottom) / 2 * size / 100)
