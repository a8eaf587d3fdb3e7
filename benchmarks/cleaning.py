"""What cleaning is worth: ``python benchmarks/cleaning.py DATA``.

The pictures of DATA are spoiled in a few ways and read twice, with cleaning on and with it off:

- lines: as they are; light on dark (inverted); faint (all grey values within 40 levels); blurred. Off means
  ``CleanSettings(contrast=False, polarity=False)``.
- pages: as they are; tilted by 3 to 6 and by 7 to 10 degrees, by turns to either side. Off means
  ``CleanSettings(deskew=False)``.

The figures are loose character error rates. The interval of the difference is a paired bootstrap: both readings are
drawn by the same lots, line by line or page by page, so what the pictures share cancels.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from shizi import Reader, load
from shizi.learn.metrics import CHARS, EDITS
from shizi.learn.score import SliceReport, score_slice
from shizi.learn.truth import Slice, TruePage, slices
from shizi.settings import CleanSettings, LoadSettings, ReadSettings, Settings
from shizi.types import Line, Page, Point

Pixels = NDArray[np.uint8]
Change = Callable[[Pixels], Pixels]

FAINT = 40
"""Grey levels that are left of a faint picture."""
BLUR = 0.04
"""Standard deviation of the blur, as a share of the line's height: 1.3 pixels on a strip of 32."""
TILTS = {"tilted": (3.0, -4.0, 5.0, -6.0), "tilted more": (7.0, -8.0, 9.0, -10.0)}
"""Degrees, counter-clockwise, that pages are turned by, one after the other."""


def faint(pixels: Pixels) -> Pixels:
    return (108 + pixels.astype(np.float32) * ((FAINT - 1) / 255)).round().astype(np.uint8)


def blurred(pixels: Pixels) -> Pixels:
    return cv2.GaussianBlur(pixels, (0, 0), max(0.3, BLUR * pixels.shape[0])).astype(np.uint8, copy=False)


LINES: Mapping[str, Change] = {
    "as they are": lambda pixels: pixels,
    "light on dark": lambda pixels: 255 - pixels,
    "faint": faint,
    "blurred": blurred,
}


@dataclass(frozen=True)
class Row:
    """Loose character error rates of one slice and variant; ``gain`` is off minus on, above 0 where cleaning helps."""

    slice: str
    variant: str
    pictures: int
    on: float | None
    off: float | None
    gain: float | None
    gain_ci: tuple[float, float] | None


@dataclass(frozen=True)
class Spoiled:
    """A reader whose pictures are changed before it sees them."""

    reader: Reader
    change: Callable[[Path, Pixels], Pixels]

    def read(self, source: Path, /) -> Page:
        """See :class:`shizi.learn.score.Reads`."""
        return self.reader.read(self._picture(source))

    def read_lines(self, sources: list[Path], /) -> list[Line]:
        """See :class:`shizi.learn.score.Reads`."""
        return self.reader.read_lines([self._picture(source) for source in sources])

    def _picture(self, path: Path) -> Pixels:
        return self.change(path, load.picture(path, LoadSettings()).pixels)


def turning(degrees: float, width: int, height: int) -> tuple[NDArray[np.float64], tuple[int, int]]:
    """(2, 3) matrix that turns a picture counter-clockwise, and the width and height that hold all of it."""
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0).astype(np.float64)
    cos, sin = abs(matrix[0, 0]), abs(matrix[0, 1])
    size = round(width * cos + height * sin), round(width * sin + height * cos)
    matrix[:, 2] += (size[0] - width) / 2, (size[1] - height) / 2
    return matrix, size


def tilted(pixels: Pixels, degrees: float) -> Pixels:
    """(H, W, 3) turned, none of it cut off, the corners filled with the colour of its border."""
    matrix, size = turning(degrees, pixels.shape[1], pixels.shape[0])
    border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    ground = [float(value) for value in np.median(border, axis=0)]
    return cv2.warpAffine(pixels, matrix, size, flags=cv2.INTER_CUBIC, borderValue=ground).astype(np.uint8, copy=False)


def tilted_truth(page: TruePage, degrees: float) -> TruePage:
    """The truth of a page after :func:`tilted`."""
    height, width = load.picture(page.picture, LoadSettings()).pixels.shape[:2]
    matrix, _ = turning(degrees, width, height)

    def turn(polygon: Sequence[Point]) -> tuple[Point, ...]:
        moved = np.asarray(polygon) @ matrix[:, :2].T + matrix[:, 2]
        return tuple((float(x), float(y)) for x, y in moved)

    return replace(page, lines=tuple(replace(line, polygon=turn(line.polygon)) for line in page.lines))


def compare(variant: str, one: Slice, change: Callable[[Path, Pixels], Pixels], on: Reader, off: Reader) -> Row:
    first, second = (score_slice(one, Spoiled(reader, change)) for reader in (on, off))
    cers = [report.scores["loose"].cer for report in (first, second)]
    gain = None if cers[0] is None or cers[1] is None else cers[1] - cers[0]
    return Row(one.name, variant, first.pictures, cers[0], cers[1], gain, paired(first, second))


def paired(on: SliceReport, off: SliceReport) -> tuple[float, float] | None:
    """95 % interval of the difference of two readings of the same pictures, whose resamples drew the same ones."""
    if on.pictures < 2:
        return None
    cers = [sums[:, EDITS] / np.maximum(1, sums[:, CHARS]) for sums in (on.sums["loose"], off.sums["loose"])]
    low, high = np.percentile(cers[1] - cers[0], (2.5, 97.5))
    return float(low), float(high)


def run(data: Path, weights: Path | None, *, lines: int, pages: int, threads: int) -> list[Row]:
    cv2.setNumThreads(threads)

    def reader(cleaning: CleanSettings) -> Reader:
        return Reader(weights=weights, settings=Settings(clean=cleaning, read=ReadSettings(threads=threads)))

    on = reader(CleanSettings())
    uneven, tilting = reader(CleanSettings(contrast=False, polarity=False)), reader(CleanSettings(deskew=False))
    made = []
    for one in slices(data):
        print(one.name, file=sys.stderr)
        few = replace(one, strips=one.strips[: lines or None], pages=one.pages[: pages or None])
        made += _lines(few, on, uneven) if few.strips else _pages(few, on, tilting)
    return made


def _lines(one: Slice, on: Reader, off: Reader) -> list[Row]:
    def of(change: Change) -> Callable[[Path, Pixels], Pixels]:
        return lambda _, pixels: change(pixels)

    return [compare(name, one, of(change), on, off) for name, change in LINES.items()]


def _pages(one: Slice, on: Reader, off: Reader) -> list[Row]:
    made = [compare("as they are", one, lambda _, pixels: pixels, on, off)]
    for name, degrees in TILTS.items():
        tilts = {page.picture: degrees[index % len(degrees)] for index, page in enumerate(one.pages)}
        turned = replace(one, pages=tuple(tilted_truth(page, tilts[page.picture]) for page in one.pages))
        made.append(compare(name, turned, partial(_tilted_picture, tilts), on, off))
    return made


def _tilted_picture(tilts: Mapping[Path, float], path: Path, pixels: Pixels) -> Pixels:
    return tilted(pixels, tilts[path])


def show(rows: Sequence[Row]) -> None:
    def percent(value: float | None) -> str:
        return "-" if value is None else f"{value * 100:.2f}"

    print(f"{'slice':22} {'variant':14} {'pictures':>8} {'CER % on':>9} {'off':>7} {'gain [95 %]':>24}")
    for row in rows:
        interval = "" if row.gain_ci is None else f" [{row.gain_ci[0] * 100:.2f} to {row.gain_ci[1] * 100:.2f}]"
        cells = f"{percent(row.on):>9} {percent(row.off):>7} {percent(row.gain) + interval:>24}"
        print(f"{row.slice:22} {row.variant:14} {row.pictures:8} {cells}")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="What cleaning is worth, on pictures spoiled in a few ways.")
    parser.add_argument("data", type=Path, help="a slice or a folder of slices, as for shizi score")
    parser.add_argument("--weights", type=Path, help="an .onnx file; default: the shipped one")
    parser.add_argument("--lines", type=int, default=0, help="line pictures of each slice (default: all)")
    parser.add_argument("--pages", type=int, default=0, help="pages of each slice (default: all)")
    parser.add_argument("--threads", type=int, default=1, help="default: 1")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    given = parser.parse_args(arguments)
    rows = run(given.data, given.weights, lines=given.lines, pages=given.pages, threads=given.threads)
    if given.json:
        made: dict[str, Any] = {"rows": [asdict(row) for row in rows]}
        print(json.dumps(made, ensure_ascii=False, indent=2))
    else:
        show(rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
