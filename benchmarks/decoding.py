"""What each way of decoding gains: greedy, beam search, an n-gram, a word list, an alphabet, a pattern.

``python benchmarks/decoding.py DATA [--slices NAME...] [--weights FILE] [--lexicon FILE] [--words FILE] [--beam N]``;
DATA as ``shizi score`` takes it: line pictures, and pages, whose true lines are cut out. The network runs once a line
and each way decodes the same logits, so that its time is its own. Further tables:

- slices whose name starts with ``plate``: their alphabet, and the pattern ``plate``;
- the lines, of all slices, whose truth is a number that fits the pattern ``amount``, ``date`` or ``id``: that pattern,
  and the alphabet of its name.

Loose CER, and at the bottom the milliseconds of processor time that decoding a line takes.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from shizi import Quad, clean, crop, load
from shizi.learn.metrics import edits, loose
from shizi.learn.truth import Slice, TrueLine, slices
from shizi.read import hints
from shizi.read.hints import BEAM, Hints
from shizi.read.lexicon import Lexicon
from shizi.read.patterns import Pattern
from shizi.read.runtime import STRIDE, Emissions, Recogniser
from shizi.settings import Settings

NUMBERS = ("amount", "date", "id")
RESAMPLES = 1000

Said = list[tuple[Emissions, int]]
"""What the network says of the parts of a line, and how many frames of each are not padding."""


@dataclass
class Way:
    """A way of decoding: what it read wrong, line by line, and its seconds."""

    hints: Hints
    settings: Settings
    wrong: list[int] = field(default_factory=list)
    seconds: float = 0.0

    def read(self, parts: Said, truth: str, temperature: float) -> None:
        """Decode one line and note the result."""
        begun, read = time.process_time(), self.settings.read
        classes = [
            span.cls
            for (logits, frames), valid in parts
            for span in self.hints.decode(logits, read, frames=frames, valid=valid, temperature=temperature)
        ]
        self.seconds += time.process_time() - begun
        self.wrong.append(edits(truth, loose(self.hints.charset.decode(classes))))


def strips(one: Slice, settings: Settings) -> Iterator[tuple[NDArray[np.float32], str]]:
    """The lines of a slice: (32, W) strip and text. Ignored lines and vertical ones are left out."""
    for strip in one.strips:
        grey = clean.grey(load.picture(strip.picture, settings.load).pixels)
        yield clean.network_input(grey, settings.clean), strip.text
    for page in one.pages:
        grey = clean.grey(load.picture(page.picture, settings.load).pixels)
        for line in page.lines:
            quad = around(line)
            if not line.ignore and quad.width >= quad.height / 1.5:
                yield clean.network_input(crop.crop(grey, quad), settings.clean), line.text


def around(line: TrueLine) -> Quad:
    """A true line's four corners; of a polygon with more, those at its ends."""
    corners, count = line.polygon, len(line.polygon)
    if count == 4:
        return Quad.of(corners)
    if count % 2 == 0:
        return Quad.of((corners[0], corners[count // 2 - 1], corners[count // 2], corners[-1]))
    return Quad.of(cv2.boxPoints(cv2.minAreaRect(np.asarray(corners, np.float32))))


def said(recogniser: Recogniser, strip: NDArray[np.float32], settings: Settings) -> Said:
    """What the network says of a strip."""
    parts = crop.split(strip, settings.read.max_width)
    padded = (crop.pad(part)[np.newaxis, np.newaxis] for part in parts)
    return [
        (recogniser.emissions(one)[0], math.ceil(part.shape[1] / STRIDE))
        for part, one in zip(parts, padded, strict=True)
    ]


def gain(before: Sequence[int], after: Sequence[int], chars: Sequence[int]) -> tuple[float, float, float]:
    """CER saved, with its 95 % interval: lines resampled in pairs."""
    saved, length = np.array(before) - np.array(after), np.array(chars)
    drawn = np.random.default_rng(0).integers(0, len(saved), (RESAMPLES, len(saved)))
    low, high = np.percentile(saved[drawn].sum(axis=1) / np.maximum(1, length[drawn].sum(axis=1)), (2.5, 97.5))
    return float(saved.sum() / max(1, length.sum())), float(low), float(high)


class Table:
    """Ways of decoding side by side on some lines."""

    def __init__(self, name: str, ways: dict[str, Way]) -> None:
        self.name, self.ways = name, ways
        self.chars: list[int] = []
        self.slices: list[str] = []

    def read(self, name: str, parts: Said, text: str, temperature: float) -> None:
        """One line of slice ``name``, in every way."""
        truth = loose(text)
        self.chars.append(len(truth))
        self.slices.append(name)
        for way in self.ways.values():
            way.read(parts, truth, temperature)

    def to_json(self) -> dict[str, Any]:
        """CER by slice and way, the gain of each over the first, and milliseconds a line."""
        names = list(dict.fromkeys(self.slices))
        rows = {name: np.array([one == name for one in self.slices]) for name in names}
        chars = np.array(self.chars)
        first = next(iter(self.ways.values()))

        def cer(way: Way, row: NDArray[np.bool_]) -> float:
            return float(np.array(way.wrong)[row].sum() / max(1, chars[row].sum()))

        every = np.ones(len(chars), np.bool_)
        return {
            "lines": len(chars),
            "chars": int(chars.sum()),
            "cer": {name: {key: cer(way, row) for key, way in self.ways.items()} for name, row in rows.items()},
            "total": {key: cer(way, every) for key, way in self.ways.items()},
            "gain": {key: gain(first.wrong, way.wrong, self.chars) for key, way in self.ways.items()},
            "ms": {key: 1000 * way.seconds / len(chars) for key, way in self.ways.items()},
        }

    def show(self) -> None:
        """Print the table."""
        if not self.chars:
            return
        made = self.to_json()
        print(f"\n{self.name}: {made['lines']} lines, {made['chars']} characters, loose CER")
        print(f"{'':24}" + "".join(f"{key:>18}" for key in self.ways))
        for name, row in [*made["cer"].items(), ("total", made["total"])]:
            print(f"{name:24}" + "".join(f"{value:18.2%}" for value in row.values()))
        gains = [f"{value * 100:.2f} [{low * 100:.2f}, {high * 100:.2f}]" for value, low, high in made["gain"].values()]
        print(f"{'gain, points [95 %]':24}" + "".join(f"{one:>18}" for one in gains))
        print(f"{'decoding, ms a line':24}" + "".join(f"{value:18.2f}" for value in made["ms"].values()))


def tables(recogniser: Recogniser, args: argparse.Namespace, settings: Settings) -> list[Table]:
    """The ways that are compared."""
    charset = recogniser.charset

    def way(**known: Any) -> Way:
        return Way(Hints.of(charset, settings.read, **known), settings)

    language = Lexicon.open(args.lexicon) if args.lexicon else hints.shipped()
    plain = Settings.from_dict({"read": {"ngram_weight": 0.0}})
    ways = {
        "greedy": way(beam=0),
        "default": way(),
        "beam": Way(Hints.of(charset, plain.read, beam=args.beam), plain),
        "beam, n-gram": way(beam=args.beam, lexicon=language),
    }
    if args.words:
        words = Lexicon.open(args.words)
        ways["beam, words"] = Way(Hints.of(charset, plain.read, beam=args.beam, lexicon=words), plain)
        ways["n-gram, words"] = way(beam=args.beam, lexicon=language + words)
    made = [Table("all lines", ways)]
    for name in ("plate", *NUMBERS):
        known = {"charset": way(allowed=hints.allowed(name)), "pattern": way(pattern=name)}
        made.append(Table(f"pattern {name}", {"greedy": way(beam=0), **known}))
    return made


def main() -> None:
    """Print tables, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--slices", nargs="*", help="folders of DATA; default: all")
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--lexicon", type=Path, help="an n-gram of shizi lexicon build; default: the shipped one")
    parser.add_argument("--words", type=Path, help="a word list; without it, that column is left away")
    parser.add_argument("--beam", type=int, default=BEAM)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    settings = Settings()
    recogniser = Recogniser.open(args.weights, 1)
    everything, plates, *numbers = tables(recogniser, args, settings)
    fitting = [(Pattern.of(name), table) for name, table in zip(NUMBERS, numbers, strict=True)]
    for folder in [args.data / name for name in args.slices] if args.slices else [args.data]:
        for one in slices(folder):
            for strip, text in strips(one, settings):
                parts = said(recogniser, strip, settings)
                everything.read(one.name, parts, text, recogniser.temperature)
                if one.name.startswith("plate"):
                    plates.read(one.name, parts, text, recogniser.temperature)
                for pattern, table in fitting:
                    if len(text) > 1 and pattern.fits(text):
                        table.read(one.name, parts, text, recogniser.temperature)
    found = [everything, plates, *numbers]
    if args.json:
        print(json.dumps({table.name: table.to_json() for table in found if table.chars}, indent=2))
        return
    for table in found:
        table.show()


if __name__ == "__main__":
    main()
