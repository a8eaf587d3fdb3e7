"""Characters, and loose character error rates with 95 % intervals beside RapidOCR: same pictures, same scoring.

``python benchmarks/accuracy.py DATA [--slices NAME...] [--weights FILE] [--json]``; DATA as ``shizi score`` takes it.
RapidOCR reads line pictures with its recogniser alone and pages with all it has; without it installed, there is no
column of it. ``--json`` prints for each of the two what ``shizi score --format json`` does.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from shizi import Line, Page, Quad, Reader
from shizi.learn.metrics import Scores
from shizi.learn.score import Report, SliceReport, score
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


def table(reports: Mapping[str, Report]) -> str:
    """A row a slice, and the total where there are several."""
    made = [f"{'loose CER %':24}{'characters':>12}" + "".join(f"{name + ' [95 %]':>22}" for name in reports)]
    first = next(iter(reports.values()))
    rows = [
        (part.name, [report.slices[at].scores["loose"] for report in reports.values()])
        for at, part in enumerate(first.slices)
    ]
    if len(rows) > 1:
        rows.append(("total", [report.scores("loose") for report in reports.values()]))
    for name, scores in rows:
        made.append(f"{name:24}{scores[0].chars:12,}" + "".join(f"{cell(one):>22}" for one in scores))
    return "\n".join(made)


def cell(scores: Scores) -> str:
    """A rate and its interval, per cent."""
    interval = scores.intervals["cer"]
    spread = f" [{100 * interval[0]:.1f}-{100 * interval[1]:.1f}]" if interval else ""
    return "-" if scores.cer is None else f"{100 * scores.cer:.2f}{spread}"


def main() -> None:
    """Print a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--slices", nargs="*", help="folders of DATA; default: all")
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    folders = [args.data / name for name in args.slices] if args.slices else [args.data]
    engines: dict[str, Any] = {"shizi": Reader(weights=args.weights)}
    if importlib.util.find_spec("rapidocr"):
        engines["rapidocr"] = Rapid()
    found: dict[str, list[SliceReport]] = {name: [] for name in engines}
    for folder in folders:
        for name, engine in engines.items():
            found[name] += score(folder, engine).slices
    reports = {name: Report(parts) for name, parts in found.items()}
    if args.json:
        print(json.dumps({name: report.to_json() for name, report in reports.items()}, ensure_ascii=False, indent=2))
    else:
        print(table(reports))


if __name__ == "__main__":
    main()
