"""Loose character error rate beside RapidOCR, same pictures, same scoring.

``python benchmarks/accuracy.py DATA [--slices NAME...] [--weights FILE]``; DATA as ``shizi score`` takes it. RapidOCR
reads line pictures with its recogniser alone and pages with all it has; without it installed, its column is empty.
"""

from __future__ import annotations

import argparse
import importlib.util
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from shizi import Line, Page, Quad, Reader
from shizi.learn.score import Report, score
from shizi.read.runtime import cores


class Rapid:
    """RapidOCR behind the two methods that ``shizi score`` needs."""

    def __init__(self) -> None:
        from rapidocr import RapidOCR

        threads = {"EngineConfig.onnxruntime.intra_op_num_threads": cores(), "Global.log_level": "error"}
        self.engine: Any = RapidOCR(params=threads)

    def read(self, source: Path) -> Page:
        """A page; its size and seconds are not filled in."""
        found = self.engine(str(source), use_det=True, use_cls=True, use_rec=True)
        texts = found.txts or ()
        lines = (Line(text, float(found.scores[i]), Quad.of(found.boxes[i])) for i, text in enumerate(texts))
        return Page(str(source), 1, 1, 0.0, tuple(lines))

    def read_lines(self, sources: Iterable[Path]) -> list[Line]:
        """Pictures of one line each."""
        read = []
        for source in sources:
            found = self.engine(str(source), use_det=False, use_cls=False, use_rec=True)
            read.append(Line(found.txts[0] if found.txts else "", 1.0, Quad.box(0, 0, 1, 1)))
        return read


def rates(report: Report) -> dict[str, float]:
    """Loose CER by slice."""
    return {part.name: float(part.scores["loose"].cer or 0.0) for part in report.slices}


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--slices", nargs="*", help="folders of DATA; default: all")
    parser.add_argument("--weights", type=Path)
    args = parser.parse_args()
    folders = [args.data / name for name in args.slices] if args.slices else [args.data]
    engines: dict[str, Any] = {"shizi": Reader(weights=args.weights)}
    if importlib.util.find_spec("rapidocr"):
        engines["rapidocr"] = Rapid()
    found: dict[str, dict[str, float]] = {name: {} for name in engines}
    for folder in folders:
        for name, engine in engines.items():
            found[name] |= rates(score(folder, engine))
    print(f"{'loose CER':24}" + "".join(f"{name:>12}" for name in engines))
    for part in found["shizi"]:
        print(f"{part:24}" + "".join(f"{found[name][part]:12.2%}" for name in engines))


if __name__ == "__main__":
    main()
