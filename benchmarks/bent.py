"""What laying bent pages flat is worth, beside RapidOCR.

``python benchmarks/bent.py DATA [--slices NAME...] [--json]``: the pages of DATA, as ``shizi score`` takes it, are bent
as paper is in an open book or a roll (:data:`BENDS`, by turns), lie on a grey desk, and are read by the reader as it
comes, without ``clean.flatten``, and by RapidOCR where it is installed; the first reads them unbent as well. A row that
bends has no box that holds it alone, so a true line is compared with the read line whose text is nearest: told is the
share of its characters that are wrong or missing there, loose. Text read beside all true lines does not count.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein

from accuracy import Rapid
from shizi import Reader, load
from shizi.learn.metrics import loose
from shizi.learn.truth import slices
from shizi.settings import CleanSettings, LoadSettings, Settings

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float64]
Bend = Callable[[Floats], Floats]

DESK = (95, 90, 85)
BENDS: Mapping[str, Bend] = {
    "a roll, slightly": lambda u: 0.02 * u**2,
    "a roll": lambda u: -0.04 * u**2,
    "a roll, strongly": lambda u: 0.06 * u**2,
    "a book's left page": lambda u: 0.05 * np.exp(2.2 * (u - 1)),
    "a book's right page": lambda u: -0.06 * np.exp(2.2 * (-u - 1)),
}
"""How far down, in widths of the page, a row lies at u across it, from -1 to 1."""


def bent(pixels: Pixels, bend: Bend) -> Pixels:
    """The (H, W, 3) page with all its rows along a bend, on a desk."""
    wide = pixels.shape[1]
    down = bend((np.arange(wide) + 0.5) * 2 / wide - 1) * wide
    room = round(float(np.abs(down).max())) + 20
    page = cv2.copyMakeBorder(pixels, room, room, 20, 20, cv2.BORDER_CONSTANT, value=DESK)
    down = np.pad(down, 20, mode="edge")
    rows = (np.arange(len(page))[:, np.newaxis] - down[np.newaxis]).astype(np.float32)
    columns = np.broadcast_to(np.arange(page.shape[1], dtype=np.float32), rows.shape)
    made = cv2.remap(page, columns.copy(), rows, cv2.INTER_CUBIC, borderMode=cv2.BORDER_CONSTANT, borderValue=DESK)
    return made.astype(np.uint8, copy=False)


def wrong(truth: Sequence[str], read: Sequence[str]) -> int:
    """Characters of the true lines that the nearest read ones do not have."""
    texts = [loose(text) for text in read]
    return sum(min([Levenshtein.distance(line, text) for text in texts] + [len(line)]) for line in truth)


def main() -> None:
    """Print a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--slices", nargs="*", help="folders of DATA; default: all")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    flat, crooked = Reader(), Reader(settings=Settings(clean=CleanSettings(flatten=False)))

    def reading(reader: Reader) -> Callable[[Pixels], list[str]]:
        return lambda pixels: [line.text for line in reader.read(pixels).lines]

    engines = {"shizi": reading(flat), "not laid flat": reading(crooked)}
    if importlib.util.find_spec("rapidocr"):
        rapid = Rapid().engine
        engines["rapidocr"] = lambda pixels: list(rapid(np.ascontiguousarray(pixels[:, :, ::-1])).txts or ())
    table: dict[str, dict[str, int]] = {}
    for folder in [args.data / name for name in args.slices] if args.slices else [args.data]:
        for one in slices(folder):
            for at, page in enumerate(one.pages):
                name = list(BENDS)[at % len(BENDS)]
                pixels = load.picture(page.picture, LoadSettings()).pixels
                truth = [loose(line.text) for line in page.lines if not line.ignore]
                row = table.setdefault(name, dict.fromkeys(("characters", "shizi, unbent", *engines), 0))
                row["characters"] += sum(map(len, truth))
                row["shizi, unbent"] += wrong(truth, engines["shizi"](pixels))
                for engine, read in engines.items():
                    row[engine] += wrong(truth, read(bent(pixels, BENDS[name])))
    table["all"] = {key: sum(row[key] for row in table.values()) for key in next(iter(table.values()))}
    if args.json:
        print(json.dumps(table, indent=2))
        return
    ways = [key for key in table["all"] if key != "characters"]
    print(f"{'':22}{'characters':>12}" + "".join(f"{way:>16}" for way in ways))
    for name, row in table.items():
        print(f"{name:22}{row['characters']:12,}" + "".join(f"{row[way] / row['characters']:16.2%}" for way in ways))


if __name__ == "__main__":
    main()
