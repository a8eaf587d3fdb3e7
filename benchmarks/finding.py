"""How well lines are found: ``python benchmarks/finding.py DATA [--slice NAME] [--json] [--overlays FOLDER]``.

Each finder of ours is measured on the same pictures, and RapidOCR's beside them where it is installed
(``pip install 'shizi[bench]'``), all on one thread. ``ms`` is the median picture's time, decoding not counted;
``--square`` adds the time for one picture of 736 by 736 pixels, the finders by turns.

DATA holds a folder for each slice, with pages beside their truth: ``x.jpg`` and ``x.json``, which is
``{"lines": [{"text", "polygon": [[x, y]...], "ignore"?}]}``. Truth may be words or runs where a finder gives whole
lines, so three views are given for each slice:

- ``boxes``: one-to-one pairs of a found and a true line with IoU >= 0.5; precision, recall, F.
- ``area``: precision is the share of the found area in lines of which a fifth or more is truth, recall the share of
  the true area that found lines cover.
- ``whole``: the share of true lines of whose ink 90 % or more lies in found lines that are at most 1.8 times as high.
  Lines run together, cut through or missed count against it.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import util
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from shizi import clean
from shizi.find import FINDERS, find
from shizi.settings import FindSettings, Settings
from shizi.types import Quad

SLICES = (
    "print_born_digital", "print_photos", "receipt_en", "scene_photos", "scene_products", "plate_pages", "hand_pages",
)  # fmt: skip
SQUARE = 736
"""Side of the picture that finders are timed on."""
PICTURES = {".jpg", ".jpeg", ".png", ".bmp", ".webp"}
Polygon = NDArray[np.float32]
Pixels = NDArray[np.uint8]
Finds = Callable[[Pixels], list[Quad]]
"""(H, W, 3) RGB -> lines, in its pixels."""


@dataclass
class Tally:
    """Sums over a slice."""

    pages: int = 0
    truth: int = 0
    found: int = 0
    pairs: int = 0
    whole: int = 0
    true_area: float = 0.0
    covered_area: float = 0.0
    found_area: float = 0.0
    right_area: float = 0.0
    seconds: list[float] = field(default_factory=list)

    def report(self) -> dict[str, Any]:
        """Shares in per cent, milliseconds a page in the median."""
        return {
            "pages": self.pages,
            "boxes": _scores(self.pairs, self.found, self.pairs, self.truth),
            "area": _scores(self.right_area, self.found_area, self.covered_area, self.true_area),
            "whole": round(100 * self.whole / max(1, self.truth), 1),
            "ms": round(1000 * float(np.median(self.seconds)), 1) if self.seconds else None,
        }


def _scores(right: float, found: float, hit: float, truth: float) -> dict[str, float]:
    precision, recall = right / max(found, 1e-9), hit / max(truth, 1e-9)
    f = 2 * precision * recall / max(precision + recall, 1e-9)
    return {"precision": round(100 * precision, 1), "recall": round(100 * recall, 1), "f": round(100 * f, 1)}


def pages(folder: Path) -> Iterator[tuple[Path, NDArray[np.uint8], list[tuple[Polygon, bool]]]]:
    """Each picture of a slice as (H, W, 3) RGB, with its true polygons and whether they are to be ignored."""
    for path in sorted(p for p in folder.iterdir() if p.suffix.lower() in PICTURES):
        truth_path = path.with_suffix(".json")
        if not truth_path.is_file():
            continue
        lines = json.loads(truth_path.read_text("utf-8"))["lines"]
        truth = [(np.array(line["polygon"], np.float32), bool(line.get("ignore"))) for line in lines]
        with Image.open(path) as opened:
            pixels = np.asarray(ImageOps.exif_transpose(opened).convert("RGB"))
        yield path, pixels, truth


def finders(names: Sequence[str], weights: str) -> dict[str, Finds]:
    """Ours by name, and RapidOCR's."""

    def ours(name: str) -> Finds:
        settings = replace(Settings(), find=FindSettings(finder=name, weights=weights, threads=1))

        def finds(pixels: Pixels) -> list[Quad]:
            upright = clean.upright(clean.grey(pixels), settings.clean)
            return [upright.back(one.quad) for one in find(upright.page, settings.find).lines]

        return finds

    made = {name: ours(name) for name in names if name in FINDERS}
    if "rapidocr" in names and util.find_spec("rapidocr"):
        made["rapidocr"] = _rapid()
    return made


def _rapid() -> Finds:
    from rapidocr import RapidOCR

    one_each = {f"EngineConfig.onnxruntime.{kind}_op_num_threads": 1 for kind in ("intra", "inter")}
    engine = RapidOCR(params={**one_each, "Global.log_level": "error"})

    def finds(pixels: Pixels) -> list[Quad]:
        picture = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
        boxes = getattr(engine(picture, use_det=True, use_cls=False, use_rec=False), "boxes", None)
        return [] if boxes is None else [Quad.of(box) for box in boxes]

    return finds


def _mask(polygons: Sequence[Polygon], shape: tuple[int, ...]) -> NDArray[np.uint8]:
    made = np.zeros(shape[:2], np.uint8)
    for polygon in polygons:
        cv2.fillPoly(made, [np.round(polygon).astype(np.int32)], 1)
    return made


def _area(polygon: Polygon) -> float:
    return float(abs(cv2.contourArea(polygon)))


def _height(polygon: Polygon) -> float:
    return float(min(cv2.minAreaRect(polygon)[1]))


def _overlaps(a: Sequence[Polygon], b: Sequence[Polygon]) -> NDArray[np.float64]:
    """(A, B) shared areas of the polygons' convex hulls."""
    made = np.zeros((len(a), len(b)))
    hulls_a, hulls_b = [cv2.convexHull(p) for p in a], [cv2.convexHull(p) for p in b]
    boxes_a, boxes_b = [cv2.boundingRect(p) for p in a], [cv2.boundingRect(p) for p in b]
    for i, (ax, ay, aw, ah) in enumerate(boxes_a):
        for j, (bx, by, bw, bh) in enumerate(boxes_b):
            if ax < bx + bw and bx < ax + aw and ay < by + bh and by < ay + ah:
                made[i, j] = cv2.intersectConvexConvex(hulls_a[i], hulls_b[j])[0]
    return made


def _pairs(shared: NDArray[np.float64], a: Sequence[Polygon], b: Sequence[Polygon]) -> int:
    """One-to-one pairs with IoU of a half or more; two such pairs can hardly compete for one polygon."""
    total = np.add.outer([_area(p) for p in a], [_area(p) for p in b])
    iou = shared / np.maximum(total - shared, 1e-9)
    taken: tuple[set[int], set[int]] = (set(), set())
    for i, j in sorted(zip(*np.nonzero(iou >= 0.5), strict=True), key=lambda ij: -iou[ij]):
        if i not in taken[0] and j not in taken[1]:
            taken[0].add(i)
            taken[1].add(j)
    return len(taken[0])


def measure(
    tally: Tally, page: NDArray[np.uint8], quads: Sequence[Quad], truth: Sequence[tuple[Polygon, bool]]
) -> None:
    """Add one (H, W) page to the tally. Found lines that lie mostly on ignored truth count nowhere."""
    wanted, ignored = [p for p, i in truth if not i], [p for p, i in truth if i]
    found = [np.array(q.points, np.float32) for q in quads]
    if ignored:
        on_ignored = _overlaps(found, ignored).sum(axis=1)
        found = [p for p, on in zip(found, on_ignored, strict=True) if on < 0.3 * _area(p)]
    shared = _overlaps(found, wanted)
    tally.pages += 1
    tally.truth += len(wanted)
    tally.found += len(found)
    tally.pairs += _pairs(shared, found, wanted)
    true_mask, found_mask = _mask(wanted, page.shape), _mask(found, page.shape)
    tally.true_area += float(true_mask.sum())
    tally.covered_area += float((true_mask & found_mask).sum())
    for polygon, on_truth in zip(found, shared.sum(axis=1), strict=True):
        tally.found_area += _area(polygon)
        tally.right_area += _area(polygon) if on_truth >= 0.2 * _area(polygon) else 0.0
    for j, polygon in enumerate(wanted):
        low = [p for i, p in enumerate(found) if shared[i, j] > 0 and _height(p) <= 1.8 * _height(polygon)]
        tally.whole += _held(page, polygon, low)


def _held(page: NDArray[np.uint8], polygon: Polygon, found: Sequence[Polygon]) -> bool:
    """Do the found lines hold 90 % of the true line's ink, that is, of the pixels far from its median grey?"""
    x, y, w, h = cv2.boundingRect(polygon)
    left, top = max(0, x), max(0, y)
    part = page[top : y + h, left : x + w].astype(np.float32)
    if not part.size:
        return False
    shift = np.array((left, top), np.float32)
    inside = _mask([polygon - shift], part.shape) > 0
    off = np.abs(part - np.median(part[inside]))
    ink = inside & (off > 0.4 * np.percentile(off[inside], 98))
    held = ink & (_mask([p - shift for p in found], part.shape) > 0)
    return bool(held.sum() >= 0.9 * ink.sum())


def draw(pixels: NDArray[np.uint8], quads: Sequence[Quad], truth: Sequence[tuple[Polygon, bool]], path: Path) -> None:
    """Truth in green, ignored truth in orange, found lines in red, at most 1400 pixels high and wide."""
    canvas = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    thick = max(1, round(max(canvas.shape) / 900))
    for polygon, ignored in truth:
        colour = (0, 160, 255) if ignored else (0, 190, 0)
        cv2.polylines(canvas, [np.round(polygon).astype(np.int32)], True, colour, thick)
    for quad in quads:
        cv2.polylines(canvas, [np.round(quad.points).astype(np.int32)], True, (0, 0, 255), thick)
    ratio = min(1.0, 1400 / max(canvas.shape[:2]))
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), cv2.resize(canvas, None, fx=ratio, fy=ratio, interpolation=cv2.INTER_AREA))


def run(
    data: Path, slices: Sequence[str], ways: Mapping[str, Finds], overlays: Path | None
) -> dict[str, dict[str, dict[str, Any]]]:
    """Figures by slice and finder."""
    made: dict[str, dict[str, dict[str, Any]]] = {}
    for name in slices:
        if not (data / name).is_dir():
            continue
        tallies = {way: Tally() for way in ways}
        for path, pixels, truth in pages(data / name):
            for way, finds in ways.items():
                start = time.perf_counter()
                quads = finds(pixels)
                tallies[way].seconds.append(time.perf_counter() - start)
                measure(tallies[way], clean.grey(pixels), quads, truth)
                if overlays:
                    draw(pixels, quads, truth, overlays / f"{name}_{path.stem}_{way}.png")
        made[name] = {way: tally.report() for way, tally in tallies.items()}
    return made


def square(data: Path, slices: Sequence[str], ways: Mapping[str, Finds], repeats: int = 7) -> dict[str, float]:
    """Milliseconds of each finder, the best of some turns, on the first picture, made :data:`SQUARE` pixels a side."""
    _, pixels, _ = next(page for name in slices if (data / name).is_dir() for page in pages(data / name))
    picture = np.asarray(cv2.resize(pixels, (SQUARE, SQUARE), interpolation=cv2.INTER_AREA), np.uint8)
    best = dict.fromkeys(ways, float("inf"))
    for _ in range(repeats):
        for way, finds in ways.items():
            start = time.perf_counter()
            finds(picture)
            best[way] = min(best[way], 1000 * (time.perf_counter() - start))
    return best


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="How well lines are found.")
    parser.add_argument("data", type=Path, help="a folder of slices")
    parser.add_argument("--slice", action="append", dest="slices", help="only this slice; may be given again")
    parser.add_argument("--finder", action="append", dest="finders", help="only this finder; may be given again")
    parser.add_argument("--weights", default="", help="weight file of the learned finder (default: the shipped one)")
    parser.add_argument("--square", action="store_true", help=f"time one picture of {SQUARE} pixels a side as well")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--overlays", type=Path, help="draw truth and found lines into this folder")
    given = parser.parse_args(arguments)
    cv2.setNumThreads(1)
    ways = finders(given.finders or (*FINDERS, "rapidocr"), given.weights)
    slices = given.slices or SLICES
    report = run(given.data, slices, ways, given.overlays)
    timed = square(given.data, slices, ways) if given.square else {}
    if given.json:
        json.dump({"slices": report, "square_ms": timed}, sys.stdout, indent=2)
        return 0
    print(f"{'slice':20} {'finder':10} {'pages':>5} {'boxes P/R/F':>20} {'area P/R/F':>20} {'whole':>6} {'ms':>7}")
    for name, by_way in report.items():
        for way, r in by_way.items():
            views = ("boxes", "area")
            shares = ["/".join(f"{r[view][k]:5.1f}" for k in ("precision", "recall", "f")) for view in views]
            row = f"{name:20} {way:10} {r['pages']:5} {shares[0]:>20} {shares[1]:>20} {r['whole']:6.1f} {r['ms']:7.1f}"
            print(row)
    for way, took in timed.items():
        print(f"{SQUARE}x{SQUARE}: {way} {took:.0f} ms")
    return 0


if __name__ == "__main__":
    sys.exit(main())
