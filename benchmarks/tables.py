"""Cells of made tables: the share that is read exactly, beside RapidOCR.

``python benchmarks/tables.py FONT WORDS [--cells N] [--save DIR]`` sets words of two to four hanzi (WORDS: one a row)
and short values such as tables hold (是, 12.50, 35%), in six columns without rules, as a screenshot shows them, in
several sizes and distances between rows, black on white, and reads the pages as anyone would. A cell is right if what
was found in it is its text, loosely (:func:`shizi.learn.metrics.loose`). ``auto`` is what users get; ``dbnet`` finds
the cells with the network, as on photographs.

``--save`` writes the pages as PNG with the cells beside them as JSON.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from shizi import Reader
from shizi.learn.metrics import loose
from shizi.settings import FindSettings, ReadSettings, Settings

COLUMNS, ROWS, WIDE, MARGIN = 6, 25, 7, 40
KINDS = (
    ("words", 14, 2.0),
    ("words", 18, 1.3),
    ("words", 24, 2.0),
    ("words", 32, 1.5),
    ("values", 18, 2.0),
    ("values", 26, 1.5),
)
"""What stands in the cells, the size of the font in pixels, and the distance of rows in sizes."""
VALUES = ("是", "否", "男", "女", "个", "件", "无", "合格", "A", "B2", "√")

Found = list[tuple[str, float, float]]
"""Texts and the middles of where they stand."""
Read = Callable[[NDArray[np.uint8]], Found]


class Cell(NamedTuple):
    """A text and where it may stand: x0, y0, x1, y1, pixels."""

    text: str
    box: tuple[float, float, float, float]


def values(rng: np.random.Generator, count: int) -> list[str]:
    """Short values."""

    def one() -> str:
        kind = int(rng.integers(5))
        if kind == 0:
            return str(rng.integers(100))
        if kind == 1:
            return f"{rng.uniform(0, 999):.2f}"
        if kind == 2:
            return f"{rng.integers(1, 100)}%"
        return VALUES[int(rng.integers(len(VALUES)))]

    return [one() for _ in range(count)]


def page(texts: list[str], font: Path, size: int, pitch: float) -> tuple[NDArray[np.uint8], list[Cell]]:
    """(H, W, 3) pixels and the cells."""
    across, down = WIDE * size, round(pitch * size)
    rows = -(-len(texts) // COLUMNS)
    picture = Image.new("L", (COLUMNS * across + 2 * MARGIN, rows * down + 2 * MARGIN), 255)
    draw, drawn = ImageDraw.Draw(picture), ImageFont.truetype(str(font), size)
    cells = []
    for at, text in enumerate(texts):
        x, y = MARGIN + at % COLUMNS * across, MARGIN + at // COLUMNS * down
        draw.text((x, y), text, 0, drawn)
        middle = y + 0.6 * size
        cells.append(Cell(text, (x - size, middle - down / 2, x + across - size, middle + down / 2)))
    return np.asarray(picture.convert("RGB")), cells


def right(cells: list[Cell], found: Found) -> int:
    """How many cells hold their text and nothing else."""

    def inside(cell: Cell) -> str:
        x0, y0, x1, y1 = cell.box
        return "".join(text for text, x, y in sorted(found, key=lambda one: one[1]) if x0 <= x < x1 and y0 <= y < y1)

    return sum(loose(inside(cell)) == loose(cell.text) for cell in cells)


def shizi(finder: str) -> Read:
    """Our reader with a finder."""
    reader = Reader(settings=Settings(read=ReadSettings(threads=1), find=FindSettings(threads=1, finder=finder)))

    def read(pixels: NDArray[np.uint8]) -> Found:
        return [(one.text, *np.mean(one.quad.points, axis=0)) for one in reader.read(pixels).lines]

    return read


def rapidocr() -> Read:
    """RapidOCR with its defaults."""
    from rapidocr import RapidOCR

    engine: Any = RapidOCR(params={"Global.log_level": "error"})

    def read(pixels: NDArray[np.uint8]) -> Found:
        found = engine(pixels[:, :, ::-1], use_det=True, use_cls=True, use_rec=True)
        places = [np.mean(box, axis=0) for box in found.boxes] if found.txts else []
        return [(text, float(x), float(y)) for text, (x, y) in zip(found.txts or (), places, strict=True)]

    return read


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("font", type=Path)
    parser.add_argument("words", type=Path)
    parser.add_argument("--cells", type=int, default=300, help="of each kind")
    parser.add_argument("--save", type=Path)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    words = [word for word in args.words.read_text(encoding="utf-8").split() if 1 < len(word) <= 4]
    words = [word for word in words[:20_000] if all("一" <= char <= "鿿" for char in word)]
    engines = {"auto": shizi("auto"), "dbnet": shizi("dbnet")}
    if importlib.util.find_spec("rapidocr"):
        engines["rapidocr"] = rapidocr()
    made = []
    for kind, size, pitch in KINDS:
        rng = np.random.default_rng(size)
        texts = values(rng, args.cells) if kind == "values" else [str(word) for word in rng.choice(words, args.cells)]
        count = dict.fromkeys(engines, 0)
        for first in range(0, len(texts), COLUMNS * ROWS):
            pixels, cells = page(texts[first : first + COLUMNS * ROWS], args.font, size, pitch)
            for name, read in engines.items():
                count[name] += right(cells, read(pixels))
            if args.save:
                path = args.save / f"{kind}-{size}-{first}.png"
                args.save.mkdir(parents=True, exist_ok=True)
                Image.fromarray(pixels).convert("L").quantize(4).save(path, optimize=True)
                path.with_suffix(".json").write_text(json.dumps(cells, ensure_ascii=False), encoding="utf-8")
        shares = {name: correct / len(texts) for name, correct in count.items()}
        made.append({"cells": kind, "size": size, "pitch": pitch, **shares})
    if args.json:
        print(json.dumps(made, indent=2))
        return
    print(f"{'':28}" + "".join(f"{name:>10}" for name in engines))
    for row in made:
        columns = "".join(f"{row[name]:10.1%}" for name in engines)
        print(f"{row['cells']:8} {row['size']:3} px, rows {row['pitch']:3.1f}  " + columns)


if __name__ == "__main__":
    main()
