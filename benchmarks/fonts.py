"""Reading fonts that the shipped recogniser was never trained on.

``python benchmarks/fonts.py FONTS [--corpora DIR] [--backgrounds DIR] [--lines N] [--json]`` takes from the folder
FONTS the fonts that the weight file's card names as held out, and reads with :class:`shizi.Reader`

- made lines, clean (as a computer prints them) and degraded (as cameras and scanners do);
- each of GB 2312's 6,763 hanzi alone, black on white, 48 pixels high.

Where RapidOCR is installed (``pip install 'shizi[bench]'``) its recogniser reads the same pictures; that takes most of
the time, ``--no-peer`` leaves it out.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from shizi import Reader
from shizi.learn.compare.peers import rapidocr
from shizi.learn.metrics import edits, loose
from shizi.learn.sources import grounds
from shizi.learn.synth.atlas import build_atlas
from shizi.learn.synth.degrade import LEVELS, Degrader
from shizi.learn.synth.lines import LineMaker
from shizi.learn.synth.rows import Style
from shizi.learn.synth.text import Sampler
from shizi.read.charset import gb2312_hanzi
from shizi.read.runtime import Recogniser

Pair = tuple[NDArray[np.uint8], str]
"""A picture of a line and its text."""
Read = Callable[[list[NDArray[np.uint8]]], list[str]]

PLAIN, FREE = Style(loose=0.0, hand=0.0, cut=0.0), Style(hand=0.0)


def made(font: Path, recogniser: Recogniser, args: argparse.Namespace, level: str) -> Iterator[Pair]:
    """Line pictures in one font and their texts."""
    charset = recogniser.charset
    sampler = Sampler(charset, args.corpora)
    degrader = Degrader(grounds(args.backgrounds) if args.backgrounds else None)
    maker = LineMaker(build_atlas([font], charset), charset, sampler, degrader)
    rng = np.random.default_rng(11)
    torch.manual_seed(11)
    for _ in range(-(-args.lines // 25)):
        batch = maker.lines(rng, 25, 320, LEVELS[level], PLAIN if level == "clean" else FREE)
        for picture, width, label in zip(batch.pictures, batch.widths, batch.labels, strict=True):
            yield picture[:, : int(width)], charset.decode(label)


def alone(font: Path) -> Iterator[Pair]:
    """Each hanzi of GB 2312 on a square of its own."""
    drawn = ImageFont.truetype(str(font), 40)
    for char in gb2312_hanzi():
        square = Image.new("L", (48, 48), 255)
        ImageDraw.Draw(square).text((24, 24), char, fill=0, font=drawn, anchor="mm")
        yield np.asarray(square), char


def error_rate(read: Read, pairs: list[Pair]) -> float:
    """Loose CER."""
    texts = read([picture for picture, _ in pairs])
    wrong = sum(edits(loose(text), loose(truth)) for text, (_, truth) in zip(texts, pairs, strict=True))
    return wrong / sum(len(loose(truth)) for _, truth in pairs)


def engines(recogniser: Recogniser, *, peer: bool) -> dict[str, Read]:
    """Those that read, by name."""
    reader = Reader(recogniser=recogniser)
    made: dict[str, Read] = {"shizi": lambda pictures: [line.text for line in reader.read_lines(pictures)]}
    if peer and importlib.util.find_spec("rapidocr"):
        other = rapidocr()
        made["rapidocr"] = lambda pictures: [other(picture) for picture in pictures]
    return made


def main() -> None:
    """Print a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("fonts", type=Path)
    parser.add_argument("--corpora", type=Path)
    parser.add_argument("--backgrounds", type=Path)
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--lines", type=int, default=200)
    parser.add_argument("--no-peer", action="store_true")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    recogniser = Recogniser.open(args.weights)
    read = engines(recogniser, peer=not args.no_peer)
    table: dict[str, dict[str, dict[str, float]]] = {}
    for name in recogniser.card["training"]["held_out"]:
        font = next(args.fonts.rglob(name))
        kinds = {level: list(made(font, recogniser, args, level)) for level in ("clean", "degraded")}
        hanzi = list(alone(font))
        table[name] = {}
        for engine, reads in read.items():
            row = {f"cer_{level}": error_rate(reads, pairs) for level, pairs in kinds.items()}
            table[name][engine] = {**row, "gb2312_right": 1 - error_rate(reads, hanzi)}
    if args.json:
        print(json.dumps(table, indent=2))
        return
    for name, rows in table.items():
        for engine, row in rows.items():
            print(f"{name:32}{engine:10}" + "  ".join(f"{key} {value:7.2%}" for key, value in row.items()))


if __name__ == "__main__":
    main()
