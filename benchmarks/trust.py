"""Whether confidences can be believed, on pictures with known text.

``python benchmarks/trust.py DATA [--slices NAME...] [--weights FILE] [--beam N] [--svg FILE] [--json]``; DATA as
``shizi score`` takes it: line pictures, and pages, whose true lines are cut out. For each slice and for all of them:

- ECE: expected calibration error (Guo et al. 2017), the mean gap between the confidences claimed and what was right;
- caught: of all wrong characters, the share among the 5 % least sure, and the most that could lie there;
- lost: true characters that were not read at all, of which no confidence can warn.

``--svg`` writes the reliability diagram of all slices.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from decoding import around
from shizi import Reader, clean, load
from shizi.crop import crop
from shizi.learn.calibration import LEAST_SURE, Bin, caught, expected_error, reliability
from shizi.learn.report.examine import Sample, confidences
from shizi.learn.truth import Slice, slices
from shizi.settings import Settings


def samples(reader: Reader, one: Slice, beam: int) -> list[Sample]:
    """The lines of a slice, read and compared. Ignored lines and vertical ones are left out."""
    settings = reader.settings
    pictures: list[Any] = [strip.picture for strip in one.strips]
    texts = [strip.text for strip in one.strips]
    for page in one.pages:
        grey = clean.grey(load.picture(page.picture, settings.load).pixels)
        for true in page.lines:
            quad = around(true)
            if not true.ignore and quad.width >= quad.height / 1.5:
                pictures.append(crop(grey, quad))
                texts.append(true.text)
    made = []
    for picture, text in zip(pictures, texts, strict=True):
        line = reader.read_line(picture, beam=beam)
        made.append(Sample(Path(one.name), text, line.text, confidences([line], line.text)))
    return made


def row(found: Sequence[Sample]) -> dict[str, Any]:
    """The figures of some lines."""
    pairs = [pair for sample in found for pair in sample.judged()]
    sure, right = np.array([one for one, _ in pairs], float), np.array([one for _, one in pairs], bool)
    wrong = int((~right).sum())
    return {
        "chars": len(right),
        "wrong": wrong,
        "ece": expected_error(sure, right),
        "caught": caught(sure, right),
        "most": min(1.0, LEAST_SURE * len(right) / wrong) if wrong else None,
        "lost": sum(j is None for sample in found for _, j in sample.faults),
        "bins": [vars_of(one) for one in reliability(sure, right)] if len(right) else [],
    }


def vars_of(one: Bin) -> dict[str, Any]:
    """A bin as JSON."""
    return {"low": one.low, "high": one.high, "count": one.count, "confidence": one.confidence, "right": one.right}


def svg(bins: Sequence[dict[str, Any]], title: str) -> str:
    """The reliability diagram: bars for what was right, dots for what was claimed, the diagonal where both agree."""
    side, edge = 360, 48
    drawn = [
        f'<text x="{edge + side / 2}" y="24" text-anchor="middle" font-size="14">{title}</text>',
        f'<rect x="{edge}" y="{edge}" width="{side}" height="{side}" fill="#f4f4f4"/>',
    ]
    for one in bins:
        if not one["count"]:
            continue
        left, wide, high = edge + one["low"] * side, (one["high"] - one["low"]) * side, one["right"] * side
        about = f"{one['count']} characters, claimed {one['confidence']:.1%}, right {one['right']:.1%}"
        drawn.append(
            f'<rect x="{left + 1:.1f}" y="{edge + side - high:.1f}" width="{wide - 2:.1f}" height="{high:.1f}" '
            f'fill="#4878a8"><title>{about}</title></rect>'
            f'<circle cx="{edge + one["confidence"] * side:.1f}" cy="{edge + side - one["confidence"] * side:.1f}" '
            'r="4" fill="#c04030"/>'
            f'<text x="{left + wide / 2:.1f}" y="{edge + side + 32}" text-anchor="middle" fill="#888">'
            f"{one['count']}</text>"
        )
    for tick in (0, 0.5, 1):
        at = edge + tick * side
        drawn.append(f'<text x="{at}" y="{edge + side + 16}" text-anchor="middle">{tick:.0%}</text>')
        drawn.append(f'<text x="{edge - 6}" y="{edge + side - tick * side + 4}" text-anchor="end">{tick:.0%}</text>')
    drawn.append(f'<path d="M{edge} {edge + side}L{edge + side} {edge}" stroke="#888" stroke-dasharray="4"/>')
    whole = side + 2 * edge
    drawn.append(
        f'<text x="{whole / 2}" y="{whole - 2}" text-anchor="middle">confidence; bars: share that is right</text>'
    )
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {whole} {whole + 4}" font-family="sans-serif" '
    return f'{head}font-size="11"><rect width="100%" height="100%" fill="white"/>{"".join(drawn)}</svg>\n'


def main() -> None:
    """Print a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--slices", nargs="*", help="folders of DATA; default: all")
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--beam", type=int, default=0, help="read by beam search with the shipped n-gram")
    parser.add_argument("--svg", type=Path, metavar="FILE", help="the reliability diagram of all slices")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    # as they stand: a line that reads badly is not read upside down as well
    reader = Reader(weights=args.weights, settings=Settings.from_dict({"turn": {"orient": False}}))
    folders = [args.data / name for name in args.slices] if args.slices else [args.data]
    found = {one.name: samples(reader, one, args.beam) for folder in folders for one in slices(folder)}
    table = {name: row(lines) for name, lines in found.items()}
    table["all"] = row([sample for lines in found.values() for sample in lines])
    if args.svg:
        args.svg.write_text(svg(table["all"]["bins"], f"{table['all']['chars']:,} characters"), encoding="utf-8")
    if args.json:
        print(json.dumps(table, indent=2))
        return
    print(f"{'':24}{'characters':>12}{'wrong':>8}{'ECE':>8}{'caught':>9}{'at most':>9}{'lost':>7}")
    for name, one in table.items():
        parts = [f"{one[key]:.1%}" if one[key] is not None else "-" for key in ("ece", "caught", "most")]
        figures = f"{parts[0]:>8}{parts[1]:>9}{parts[2]:>9}"
        print(f"{name:24}{one['chars']:12}{one['wrong']:8}{figures}{one['lost']:7}")


if __name__ == "__main__":
    main()
