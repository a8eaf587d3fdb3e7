"""How fast lines and pages are read, beside RapidOCR in the same run: ``python benchmarks/speed.py DATA``.

Both get the same files' bytes, decode them, and read them with the same number of threads. The runs alternate, and the
side that goes first changes with each repeat, so that neither has the warmer machine. Figures are medians over the
repeats; the ratio is the median of each repeat's own ratio, RapidOCR's time over ours: above 1, Shizi is faster.

- **lines**: pictures of one line (``labels.tsv``), and the true lines of pages, cut out in grey. RapidOCR's recogniser
  alone, in its own batches, without finding lines and without its 180 degree classifier.
- **pages**: whole pictures, both sides from bytes to text, RapidOCR with all its default stages.

Without RapidOCR installed (``pip install 'shizi[bench]'``) Shizi is timed alone.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from importlib import metadata, util
from pathlib import Path
from typing import Any, TypeVar

import cv2

from shizi import Reader, clean, load
from shizi.crop import crop
from shizi.learn.truth import Slice, TruePage, slices
from shizi.settings import FindSettings, LoadSettings, ReadSettings, Settings
from shizi.types import Quad

T = TypeVar("T")
Run = Callable[[Sequence[bytes]], object]
"""Reads pictures, given as files' bytes."""


@dataclass(frozen=True)
class Row:
    """Milliseconds a picture on one slice; ``ratio`` above 1 means that Shizi is faster."""

    slice: str
    kind: str
    pictures: int
    shizi: float
    rapidocr: float | None
    ratio: float | None


class Rapid:
    """RapidOCR with its default models and settings, but for the threads."""

    def __init__(self, threads: int) -> None:
        from rapidocr import RapidOCR

        one_each = {f"EngineConfig.onnxruntime.{kind}_op_num_threads": threads for kind in ("intra", "inter")}
        self._engine = RapidOCR(params={**one_each, "Global.log_level": "error"})
        self._recogniser: Any = None

    def pages(self, pictures: Sequence[bytes]) -> None:
        """Whole pictures, all stages."""
        for picture in pictures:
            self._engine(picture, use_det=True, use_cls=True, use_rec=True)

    def lines(self, pictures: Sequence[bytes]) -> None:
        """Pictures of one line each, the recogniser alone."""
        from rapidocr.ch_ppocr_rec import TextRecInput

        if self._recogniser is None:
            # The recogniser is made when a picture is first read with it.
            self._engine(pictures[0], use_det=False, use_cls=False, use_rec=True)
            self._recogniser = self._engine.text_rec
        self._recogniser(TextRecInput(img=[self._engine.load_img(picture) for picture in pictures]))


def spread(items: Sequence[T], count: int) -> list[T]:
    """At most ``count`` of the items, evenly over all of them."""
    if len(items) <= count:
        return list(items)
    return [items[index * len(items) // count] for index in range(count)]


def cut(page: TruePage) -> list[bytes]:
    """The true lines of a page as grey PNG; those with other than four corners are left out."""
    grey = clean.grey(load.picture(page.picture, LoadSettings()).pixels)
    quads = [Quad.of(line.polygon) for line in page.lines if len(line.polygon) == 4 and not line.ignore]
    return [cv2.imencode(".png", crop(grey, quad))[1].tobytes() for quad in quads]


def line_pictures(one: Slice, count: int) -> list[bytes]:
    if one.strips:
        return [strip.picture.read_bytes() for strip in spread(one.strips, count)]
    return spread([line for page in one.pages for line in cut(page)], count)


def seconds(run: Run, pictures: Sequence[bytes]) -> float:
    start = time.perf_counter()
    run(pictures)
    return time.perf_counter() - start


def measure(name: str, kind: str, pictures: Sequence[bytes], ours: Run, theirs: Run | None, repeats: int) -> Row:
    """Both sides by turns, after one round that warms them."""
    sides = [ours] if theirs is None else [ours, theirs]
    for side in sides:
        side(pictures)
    times: list[list[float]] = [[] for _ in sides]
    for repeat in range(repeats):
        for index in (range(len(sides)), reversed(range(len(sides))))[repeat % 2]:
            times[index].append(seconds(sides[index], pictures) * 1000 / len(pictures))
    if theirs is None:
        return Row(name, kind, len(pictures), statistics.median(times[0]), None, None)
    ratio = statistics.median(b / a for a, b in zip(*times, strict=True))
    return Row(name, kind, len(pictures), statistics.median(times[0]), statistics.median(times[1]), ratio)


def total(rows: Sequence[Row], kind: str) -> Row:
    """All slices of one kind together, each picture weighing the same."""
    count = sum(row.pictures for row in rows)
    ours = sum(row.shizi * row.pictures for row in rows) / count
    known = [row.rapidocr for row in rows if row.rapidocr is not None]
    if len(known) < len(rows):
        return Row("total", kind, count, ours, None, None)
    theirs = sum(theirs * row.pictures for theirs, row in zip(known, rows, strict=True)) / count
    return Row("total", kind, count, ours, theirs, theirs / ours)


def run(data: Path, weights: Path | None, *, lines: int, pages: int, threads: int, repeats: int) -> list[Row]:
    cv2.setNumThreads(threads)
    settings = Settings(read=ReadSettings(threads=threads), find=FindSettings(threads=threads))
    reader = Reader(weights=weights, settings=settings)
    rapid = Rapid(threads) if util.find_spec("rapidocr") else None
    their_lines, their_pages = (rapid.lines, rapid.pages) if rapid else (None, None)
    made: list[Row] = []

    def read_all(pictures: Sequence[bytes]) -> None:
        for picture in pictures:
            reader.read(picture)

    for one in slices(data):
        print(one.name, file=sys.stderr)
        pictures = line_pictures(one, lines) if lines else []
        if pictures:
            made.append(measure(one.name, "lines", pictures, reader.read_lines, their_lines, repeats))
        whole = [page.picture.read_bytes() for page in spread(one.pages, pages)]
        if whole:
            made.append(measure(one.name, "pages", whole, read_all, their_pages, repeats))
    kinds = ("lines", "pages")
    return made + [total(rows, kind) for kind in kinds if (rows := [row for row in made if row.kind == kind])]


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    names = ("onnxruntime", "opencv-python-headless", "numpy", "rapidocr")
    installed = {one.metadata["Name"].lower(): one.version for one in metadata.distributions()}
    return {
        "system": platform.platform(),
        "processor": processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        **{name: installed.get(name) for name in names},
    }


def processor() -> str:
    """The processor's name; Linux gives it in a file only."""
    try:
        rows = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = [row.partition(":")[2].strip() for row in rows if row.startswith("model name")]
    return names[0] if names else platform.processor()


def show(rows: Sequence[Row]) -> None:
    print(f"{'slice':22} {'kind':6} {'pictures':>8} {'shizi ms':>9} {'rapidocr ms':>12} {'ratio':>6}")
    for row in rows:
        theirs = "-" if row.rapidocr is None else f"{row.rapidocr:.2f}"
        ratio = "-" if row.ratio is None else f"{row.ratio:.2f}"
        print(f"{row.slice:22} {row.kind:6} {row.pictures:8} {row.shizi:9.2f} {theirs:>12} {ratio:>6}")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="How fast lines and pages are read, beside RapidOCR.")
    parser.add_argument("data", type=Path, help="a slice or a folder of slices, as for shizi score")
    parser.add_argument("--weights", type=Path, help="an .onnx file; default: the shipped one")
    parser.add_argument("--lines", type=int, default=60, help="lines of each slice; 0 for none (default: 60)")
    parser.add_argument("--pages", type=int, default=3, help="pages of each slice; 0 for none (default: 3)")
    parser.add_argument("--threads", type=int, default=1, help="threads of each side (default: 1)")
    parser.add_argument("--repeats", type=int, default=5, help="default: 5")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    given = parser.parse_args(arguments)
    if min(given.threads, given.repeats) < 1 or min(given.lines, given.pages) < 0:
        parser.error("threads and repeats are at least 1, lines and pages at least 0")
    limits = {name: getattr(given, name) for name in ("lines", "pages", "threads", "repeats")}
    rows = run(given.data, given.weights, **limits)
    if given.json:
        print(json.dumps({"machine": machine(), **limits, "rows": [asdict(row) for row in rows]}, indent=2))
    else:
        show(rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
