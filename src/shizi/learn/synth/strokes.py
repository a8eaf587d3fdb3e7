"""Handwriting from stroke data: one set of pen centre lines, written by many made-up hands.

Openly licensed handwriting fonts that have all of GB 2312 are few. Stroke data have every character as the path of a
pen, and a hand is a way to bend, join, hurry and press along it. Each hand is drawn once into cells of the glyph
atlas (:mod:`shizi.learn.synth.atlas`), where it serves as a font.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import cv2
import numpy as np
from fontTools.pens.recordingPen import RecordingPen
from fontTools.svgLib.path import parse_path
from numpy.typing import NDArray

from shizi.errors import DataError

Stroke = NDArray[np.float32]
"""(P, 2) points of a pen's path, x and y in [0, 1] of the em square, y down."""
Random = np.random.Generator

UNITS = 1024.0
"""Units of the em square in the stroke data, whose y axis points up."""
ASCENT = 900.0
"""The y of the square's upper edge there."""
SVG_UNITS, TOMOE_UNITS = 109.0, 1000.0
"""The same in KanjiVG's pictures and in Tomoe's dictionaries, whose y axes point down."""
SVG_NAME = re.compile("[0-9a-f]{5}")
FIRST_HANZI = "\u2e80"
CURVE = 4
"""Straight pieces of a curve."""
QUICK = 30
"""Number of the first quick hand."""
MOST_BENT = 0.45
"""Bends of an axis: two of less than a half each never turn it back."""
FINE = 4
"""Characters are drawn this much larger and averaged down."""
SHORT = 0.62
"""Share of the em square beyond which the pen is lifted rather than drawn along between two strokes."""
PART = 2
"""Strokes that the first and the last part of a character have at the least."""
FLOWING = 0.04, 0.09
"""Depth of the corners that running script cuts (Douglas & Peucker 1973), from and to, shares of the em square."""
DARK = 1.6
"""Thickness of a line that is thinner than a pixel is kept by drawing it with this many and averaging."""


@dataclass(frozen=True)
class Hand:
    """A way of writing. Lengths are shares of the em square, angles radians; strengths are standard deviations."""

    name: str
    seed: int
    slant: float
    """Columns moved for each row up."""
    rise: float
    """Rows that a stroke to the right climbs for each column."""
    squeeze: float
    """Width for a height of 1."""
    pen: float
    """Thickness of the stroke, pixels of the cell."""
    taper: float
    """Share of the thickness lost at the ends of a stroke."""
    joined: float
    """Probability that the pen stays on the paper between two near strokes."""
    hurry: float
    """Corners of the path are cut this deep: points nearer than this to a straight way are left out."""
    round: int
    """Times that corners are rounded (Chaikin 1974)."""
    shift: float
    """Of a stroke's place."""
    turn: float
    """Of a stroke's direction."""
    stretch: float
    """Of the logarithm of a stroke's length."""
    loose: float
    """Of the character's own slant, squeeze and turn."""
    uneven: float = 0.0
    """Of how far the parts of a character are out of proportion: the em square is bent along both axes."""
    parts: float = 0.0
    """Of the logarithm of the size of each part of a character, strokes that follow one another, and of its place."""
    at_once: float = 0.0
    """Probability that such a part is written without lifting the pen, its corners cut as deep as :data:`FLOWING`."""

    @classmethod
    def drawn(cls, seed: int) -> Hand:
        """Hand number ``seed``: always the same one; every third writes carefully, every third in haste.

        From :data:`QUICK` on they are quick: narrow, with thin pens, out of proportion, and two of three write whole
        parts of a character at once, as running script does.
        """
        rng = np.random.default_rng((seed, 0x5A1))
        haste = (seed % 3) / 2
        if seed >= QUICK:
            return cls(
                name=f"hand-{seed:02}",
                seed=seed,
                slant=float(rng.normal(0.08, 0.14)),
                rise=float(rng.normal(0.08, 0.09)),
                squeeze=float(rng.uniform(0.58, 1.0)),
                pen=float(rng.uniform(0.9, 2.2)),
                taper=float(rng.uniform(0, 0.6)),
                joined=float(rng.uniform(0.2, 0.9)),
                hurry=float(rng.uniform(0.01, 0.05)),
                round=int(rng.integers(1, 4)),
                shift=float(rng.uniform(0.01, 0.035)),
                turn=float(rng.uniform(0.04, 0.12)),
                stretch=float(rng.uniform(0.08, 0.2)),
                loose=float(rng.uniform(0.03, 0.09)),
                uneven=float(rng.uniform(0.1, 0.32)),
                parts=float(rng.uniform(0.03, 0.15)),
                at_once=float(max(0.0, rng.uniform(-0.3, 0.6))),
            )
        return cls(
            name=f"hand-{seed:02}",
            seed=seed,
            slant=float(rng.normal(0.05, 0.1)),
            rise=float(abs(rng.normal(0.04, 0.06))),
            squeeze=float(rng.uniform(0.78, 1.1)),
            pen=float(rng.uniform(1.0, 2.9)),
            taper=float(rng.uniform(0, 0.6)),
            joined=float(haste * rng.uniform(0.3, 0.9)),
            hurry=float(0.004 + haste * rng.uniform(0.005, 0.05)),
            round=int(rng.integers(1, 4)),
            shift=float(rng.uniform(0.008, 0.02) + 0.012 * haste),
            turn=float(rng.uniform(0.02, 0.06) + 0.05 * haste),
            stretch=float(rng.uniform(0.04, 0.1) + 0.08 * haste),
            loose=float(rng.uniform(0.02, 0.06)),
        )


def taught(places: Sequence[Path], number: int) -> dict[str, list[Stroke]]:
    """What hand ``number`` learned to write after: the places take turns, and what one lacks comes from the first.

    Hanzi and other characters that take an em square each; letters are left to fonts.
    """
    both = {**open_strokes(places[0]), **open_strokes(places[number % len(places)])}
    return {char: strokes for char, strokes in both.items() if char >= FIRST_HANZI}


@lru_cache(maxsize=4)
def open_strokes(place: Path) -> Mapping[str, list[Stroke]]:
    """Character -> strokes in the order they are written.

    ``place`` is a folder of ``<character>.json`` files with ``medians``, as the package hanzi-writer-data has them
    (Make Me a Hanzi; Arphic Public License); a folder of KanjiVG's ``<code point>.svg`` files (CC BY-SA 3.0); or a
    Tomoe dictionary, ``handwriting-ja.xml`` of tegaki-zinnia-japanese (LGPL 2.1).

    Raises:
        DataError: there are no such files, or one of them is broken.
    """
    return _tomoe(place) if place.suffix == ".xml" else _kanjivg(place) or _medians(place)


def fingerprint(place: Path) -> str:
    """SHA-256 of the stroke data in ``place``, which :func:`open_strokes` reads; equal for equal data wherever."""
    made = hashlib.sha256()
    for path in [place] if place.is_file() else sorted([*place.glob("?.json"), *place.glob("*.svg")]):
        made.update(f"{path.name}\0{path.stat().st_size}\0".encode() + path.read_bytes())
    return made.hexdigest()


def _medians(folder: Path) -> dict[str, list[Stroke]]:
    found: dict[str, list[Stroke]] = {}
    for path in sorted(folder.glob("?.json")):
        try:
            medians = json.loads(path.read_text(encoding="utf-8"))["medians"]
            found[path.stem] = [_unit(median, (0, ASCENT), (UNITS, -UNITS)) for median in medians]
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(f"{path} holds no strokes: {error!r}") from error
    if not found:
        raise DataError(f"no strokes in {folder}: it holds a JSON file named after each character, with medians")
    return found


def _kanjivg(folder: Path) -> dict[str, list[Stroke]]:
    found: dict[str, list[Stroke]] = {}
    for path in sorted(folder.glob("*.svg")):
        if not SVG_NAME.fullmatch(path.stem):  # another way of writing one
            continue
        try:
            ways = [node.get("d", "") for node in ElementTree.parse(path).iter("{http://www.w3.org/2000/svg}path")]
            found[chr(int(path.stem, 16))] = [_unit(_traced(way), (0, 0), (SVG_UNITS, SVG_UNITS)) for way in ways]
        except (ValueError, ElementTree.ParseError) as error:
            raise DataError(f"{path} holds no strokes: {error!r}") from error
    return found


def _traced(way: str) -> list[tuple[float, float]]:
    """Points along an SVG path of one pen stroke."""
    pen = RecordingPen()
    parse_path(way, pen)
    points: list[tuple[float, float]] = []
    for name, (*handles, end) in ((name, ends) for name, ends in pen.value if ends):
        if name == "curveTo":
            one, two, start = np.array(handles[0]), np.array(handles[1]), np.array(points[-1])
            for t in np.linspace(0, 1, CURVE + 1)[1:-1]:
                at = (1 - t) ** 3 * start + 3 * (1 - t) ** 2 * t * one + 3 * (1 - t) * t**2 * two + t**3 * np.array(end)
                points.append((float(at[0]), float(at[1])))
        points.append(end)
    return points


def _tomoe(file: Path) -> dict[str, list[Stroke]]:
    found: dict[str, list[Stroke]] = {}
    try:
        for node in ElementTree.parse(file).iter("character"):
            ways = [[(int(p.get("x", "")), int(p.get("y", ""))) for p in way] for way in node.iter("stroke")]
            char = node.findtext("utf8", "")
            found[char] = [_unit(way, (0, 0), (TOMOE_UNITS, TOMOE_UNITS)) for way in ways]
    except (OSError, ValueError, ElementTree.ParseError) as error:
        raise DataError(f"{file} holds no strokes: {error!r}") from error
    if not found:
        raise DataError(f"no strokes in {file}: it is a Tomoe dictionary, with the points of each character's strokes")
    return found


def _unit(points: Any, corner: tuple[float, float], side: tuple[float, float]) -> Stroke:
    """Points in the em square whose upper left corner is at ``corner``."""
    found = np.asarray(points, dtype=np.float32)
    if found.ndim != 2 or found.shape[1] != 2 or not len(found):
        raise ValueError(f"a stroke is a list of [x, y], not {found.shape}")
    made: Stroke = ((found - np.array(corner)) / np.array(side)).astype(np.float32)
    return made


def write(
    strokes: Sequence[Stroke],
    hand: Hand,
    rng: Random,
    cell: int,
    em: float,
    corner: tuple[float, float],
    fine: int | None = None,
) -> NDArray[np.uint8]:
    """(cell, cell) uint8 picture of one character, 255 = ink.

    Args:
        strokes: the character's pen path.
        hand: who writes.
        rng: this character's lots.
        cell: side of the picture, pixels.
        em: side of the em square, pixels.
        corner: column and row of the em square's upper left corner, pixels.
        fine: it is drawn this much larger and averaged down; None: :data:`FINE`.
    """
    fine = fine or FINE
    slant = hand.slant + float(rng.normal(0, hand.loose))
    squeeze = hand.squeeze * float(np.exp(rng.normal(0, hand.loose)))
    turn = float(rng.normal(0, hand.loose)) - hand.rise
    whole = np.array([[squeeze, -slant], [turn, 1.0]], dtype=np.float32)
    bend = np.clip(rng.normal(0, hand.uneven, (2, 2)), -MOST_BENT, MOST_BENT) if hand.uneven else None
    paths: list[Stroke] = []
    flowing: list[float] = []  # what is cut off the corners of each path
    for part in _parts(strokes, rng) if hand.parts else [list(strokes)]:
        at_once = hand.at_once > 0 and len(part) > 1 and rng.random() < hand.at_once
        cut = float(rng.uniform(*FLOWING)) if at_once else hand.hurry
        for index, stroke in enumerate(_placed(part, hand, rng) if hand.parts else part):
            bent = stroke if bend is None else _bent(stroke, bend)
            moved: Stroke = ((_own(bent, hand, rng) - 0.5) @ whole.T + 0.5).astype(np.float32)
            near = bool(paths) and float(np.hypot(*(moved[0] - paths[-1][-1]))) < SHORT
            if (at_once and index) or (near and rng.random() < hand.joined):
                paths[-1] = np.concatenate((paths[-1], moved))
                flowing[-1] = max(flowing[-1], cut)
            else:
                paths.append(moved)
                flowing.append(cut)
    made = np.zeros((cell * fine, cell * fine), dtype=np.uint8)
    origin = np.array(corner, dtype=np.float32)
    for path, cut in zip(paths, flowing, strict=True):
        _ink(made, (_rounded(path, cut, hand.round) * em + origin) * fine, hand, rng, fine)
    picture: NDArray[np.uint8] = cv2.resize(made, (cell, cell), interpolation=cv2.INTER_AREA).astype(np.uint8)
    return picture


def _bent(stroke: Stroke, bend: NDArray[np.float64]) -> Stroke:
    """Points moved along each axis towards one end, and towards the middle or away from it; the edges stay."""
    turns = np.pi * np.clip(stroke, 0, 1)
    moved = bend[0] / np.pi * np.sin(turns) + bend[1] / (2 * np.pi) * np.sin(2 * turns)
    made: Stroke = (stroke + moved).astype(np.float32)
    return made


def _own(stroke: Stroke, hand: Hand, rng: Random) -> Stroke:
    """The stroke as this hand puts it this time: moved, turned and stretched about its middle."""
    middle = (stroke.min(axis=0) + stroke.max(axis=0)) / 2
    angle = float(rng.normal(0, hand.turn))
    scale = np.exp(rng.normal(0, hand.stretch, 2)).astype(np.float32)
    turned = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]], dtype=np.float32)
    made: Stroke = ((stroke - middle) * scale) @ turned.T + middle + rng.normal(0, hand.shift, 2).astype(np.float32)
    return made


def _parts(strokes: Sequence[Stroke], rng: Random) -> list[list[Stroke]]:
    """The strokes in one to three runs, parted rather where the next stroke lies far from the last one."""
    places = np.arange(PART, len(strokes) - PART + 1)
    if not len(places):
        return [list(strokes)]
    middles = np.array([(stroke.min(axis=0) + stroke.max(axis=0)) / 2 for stroke in strokes])
    far = np.square(middles[places] - middles[places - 1]).sum(axis=1) + 1e-4
    count = min(int(rng.integers(0, 3)), len(places))
    cuts = sorted(rng.choice(places, count, replace=False, p=far / far.sum()).tolist())
    edges = [0, *cuts, len(strokes)]
    return [list(strokes[start:end]) for start, end in itertools.pairwise(edges)]


def _placed(part: Sequence[Stroke], hand: Hand, rng: Random) -> list[Stroke]:
    """A part as large, and where, this hand puts it this time."""
    points = np.concatenate(part)
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    scale = np.exp(rng.normal(0, hand.parts, 2)).astype(np.float32)
    place = middle + rng.normal(0, hand.parts / 3, 2).astype(np.float32)
    return [((stroke - middle) * scale + place).astype(np.float32) for stroke in part]


def _rounded(path: Stroke, hurry: float, rounds: int) -> Stroke:
    """Hurried (Douglas & Peucker 1973), then its corners rounded (Chaikin 1974)."""
    points: NDArray[Any] = path
    if len(points) > 2:
        points = cv2.approxPolyDP(path.reshape(-1, 1, 2), hurry, False).reshape(-1, 2)
    for _ in range(rounds):
        if len(points) < 3:
            break
        near = 0.75 * points[:-1] + 0.25 * points[1:]
        far = 0.25 * points[:-1] + 0.75 * points[1:]
        middle = np.stack((near, far), axis=1).reshape(-1, 2)
        points = np.concatenate((points[:1], middle[1:-1], points[-1:]))
    return points.astype(np.float32)


def _ink(picture: NDArray[np.uint8], points: Stroke, hand: Hand, rng: Random, fine: int) -> None:
    """Draw a path with a pen that presses less at its ends."""
    count = len(points)
    pieces = 5 if count >= 6 else 1
    press = 1 + float(rng.normal(0, 0.12))
    edges = np.linspace(0, count - 1, pieces + 1).round().astype(int)
    for index in range(pieces):
        middle = abs((index + 0.5) / pieces - 0.45) * 2 if pieces > 1 else 0.0
        thick = max(DARK, hand.pen * fine * press * (1 - hand.taper * middle))
        piece = points[edges[index] : edges[index + 1] + 1]
        where = np.round(piece * 16).astype(np.int32).reshape(-1, 1, 2)
        cv2.polylines(picture, [where], False, 255, max(1, round(thick)), cv2.LINE_AA, 4)


def draw_hand(
    strokes: Mapping[str, Sequence[Stroke]],
    chars: Sequence[str],
    hand: Hand,
    cell: int,
    em: float,
    corner: tuple[float, float],
) -> NDArray[np.uint8]:
    """(N, cell, cell) pictures of ``chars``, which all have strokes."""
    made = np.zeros((len(chars), cell, cell), dtype=np.uint8)
    for index, char in enumerate(chars):
        made[index] = write(strokes[char], hand, np.random.default_rng((hand.seed, ord(char))), cell, em, corner)
    return made
