"""Every character of every font drawn once, large enough to be bent: files that several processes map.

A character that a font lacks is never drawn with it: its cmap has the character, its picture has ink, and the picture
is not that of many characters (fonts without a hanzi often draw a box).
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from shizi.errors import DataError
from shizi.learn.synth.atlas import SHARED, coverage

CELL = 72
"""Side of a picture, pixels."""
EM = 56
"""Pixels of one em in it."""
VERSION = 1
"""Counted up when glyphs are chosen or drawn otherwise, so that kept files of before are not taken."""

_INK = 128  # a picture without a pixel as dark as that is empty
_GLYPH = np.dtype([("cls", np.int32), ("picture", np.uint8, (CELL, CELL))])


@dataclass(frozen=True, eq=False)
class Glyphs:
    """A font's characters: ``classes`` (G,), places in the alphabet, and ``pictures`` (G, 72, 72) uint8, 255 = ink."""

    name: str
    classes: NDArray[np.int32]
    pictures: NDArray[np.uint8] = field(repr=False)


def open_glyphs(font: Path, chars: Sequence[str], cache: Path | None = None) -> Glyphs:
    """Draw the characters ``chars`` that ``font`` has; kept in the folder ``cache``, and mapped from there.

    Raises:
        DataError: there is no such font, it cannot be drawn with, or has none of the characters.
    """
    if not font.is_file():
        raise DataError(f"there is no font {font}")
    if cache is None:
        return _glyphs(font, _drawn(font, chars))
    about = [VERSION, CELL, EM, font.name, font.stat().st_size, "".join(chars)]
    kept = cache / f"{font.stem}-{hashlib.sha256(json.dumps(about).encode()).hexdigest()[:12]}.npy"
    if not kept.exists():
        cache.mkdir(parents=True, exist_ok=True)
        part = kept.with_name(f"{kept.name}.partial")
        with part.open("wb") as file:
            np.save(file, _drawn(font, chars))
        part.replace(kept)
    try:
        return _glyphs(font, np.load(kept, mmap_mode="r"))
    except (ValueError, KeyError, IndexError) as error:
        raise DataError(f"{kept} is damaged, remove it: {error}") from error


def _glyphs(font: Path, held: NDArray[Any]) -> Glyphs:
    return Glyphs(font.name, np.array(held["cls"]), held["picture"])


def _drawn(path: Path, chars: Sequence[str]) -> NDArray[Any]:
    """(G,) of :data:`_GLYPH`."""
    cmap = coverage(path)
    pictures: dict[int, NDArray[np.uint8]] = {}
    try:
        font = ImageFont.truetype(str(path), EM, layout_engine=ImageFont.Layout.BASIC)
        for cls, char in enumerate(chars):
            if ord(char) in cmap:
                cell = Image.new("L", (CELL, CELL))
                ImageDraw.Draw(cell).text((CELL // 2, CELL // 2), char, fill=255, font=font, anchor="mm")
                pictures[cls] = np.asarray(cell)
    except OSError as error:
        raise DataError(f"{path} cannot be drawn with: {error}") from error
    digests = {cls: hashlib.blake2b(one.tobytes(), digest_size=8).digest() for cls, one in pictures.items()}
    shared = Counter(digests.values())
    kept = [cls for cls, one in pictures.items() if one.max() >= _INK and shared[digests[cls]] < SHARED]
    if not kept:
        raise DataError(f"{path} has none of the alphabet's characters: leave it out")
    made = np.empty(len(kept), _GLYPH)
    for index, cls in enumerate(kept):
        made[index] = cls, pictures[cls]
    return made
