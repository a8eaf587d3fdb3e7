"""What looking at doubtful lines again gains: ``python benchmarks/again.py DATA [--slices NAME...] [--weights FILE]``.

DATA as ``shizi score`` takes it: line pictures, and pages, whose lines are read at their true places. Loose CER line by
line, once as the reader reads them and once with each line seen in one way alone. Ignored lines are left out. Vertical
ones count, which ``benchmarks/decoding.py`` leaves out.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from decoding import around
from shizi import Line, Quad, Reader
from shizi.learn.metrics import edits, loose
from shizi.learn.truth import Slice, slices
from shizi.settings import ReadSettings, Settings


def wrong(reader: Reader, one: Slice) -> tuple[int, int]:
    """Characters of a slice's lines, and how many of them are wrong, missing or too many."""
    pairs: list[tuple[str, Line]] = []
    if one.strips:
        lines = reader.read_lines(strip.picture for strip in one.strips)
        pairs += zip((strip.text for strip in one.strips), lines, strict=True)
    for page in one.pages:
        true = [line for line in page.lines if not line.ignore]
        quads: Sequence[Quad] = [around(line) for line in true]
        pairs += zip((line.text for line in true), reader.read_quads(page.picture, quads), strict=True)
    folded = [(loose(text), loose(line.text)) for text, line in pairs]
    return sum(len(text) for text, _ in folded), sum(edits(text, read) for text, read in folded)


def main() -> None:
    """Print a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--slices", nargs="*", help="folders of DATA; default: all")
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    read = ReadSettings(threads=args.threads)
    ways = {"once": replace(read, again=0.0, again_alone=0.0), "again": read}
    readers = {name: Reader(weights=args.weights, settings=Settings(read=way)) for name, way in ways.items()}
    table: dict[str, dict[str, int]] = {}
    for folder in [args.data / name for name in args.slices] if args.slices else [args.data]:
        for one in slices(folder):
            row = table[one.name] = {"chars": 0}
            for name, reader in readers.items():
                row["chars"], row[name] = wrong(reader, one)
    table["total"] = {key: sum(row[key] for row in table.values()) for key in ("chars", *ways)}
    if args.json:
        print(json.dumps(table, indent=2))
        return
    print(f"{'':24}{'characters':>12}" + "".join(f"{name:>16}" for name in ways))
    for name, row in table.items():
        shares = (f"{row[way]:8}{row[way] / max(1, row['chars']):8.2%}" for way in ways)
        print(f"{name:24}{row['chars']:12}" + "".join(shares))


if __name__ == "__main__":
    main()
