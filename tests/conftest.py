"""Pictures that the tests draw for themselves, and a network that reads them without having learned anything.

A "glyph" is the outline of a box as high as its line (read as ``高``) or a third of it (read as ``低``). Filled boxes
would make more ink than ground, and be taken for light text on dark.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import settings
from numpy.typing import NDArray
from PIL import Image

from shizi.read.charset import Charset
from shizi.read.runtime import Emissions
from shizi.reader import Reader
from shizi.settings import Settings

# A slow machine is no error.
settings.register_profile("shizi", deadline=None)
settings.load_profile("shizi")

HIGH, LOW = "高", "低"
GLYPH, GAP, MARGIN, LEADING, STROKE = 24, 12, 40, 36, 3


@dataclass
class BoxNetwork:
    """Reads boxes the way a network trained with CTC does: it fires on the middle frame of each, elsewhere it is blank.

    It notes the shape of each batch.
    """

    charset: Charset = field(default_factory=lambda: Charset.of(HIGH + LOW + "x"))
    temperature: float = 1.0
    shapes: list[tuple[int, ...]] = field(default_factory=list)

    def emissions(self, batch: NDArray[np.float32], widths: Sequence[int] | None = None) -> list[Emissions]:
        return [Emissions(rows, None) for rows in self.logits(batch, widths)]

    def logits(self, batch: NDArray[np.float32], widths: Sequence[int] | None = None) -> NDArray[np.float32]:
        self.shapes.append(batch.shape)
        made = np.zeros((len(batch), batch.shape[3] // 4, self.charset.size), np.float32)
        made[..., 0] = 4
        made[..., 3] = 1  # never the likeliest, always an alternative
        for strip, frames in zip(batch[:, 0], made, strict=True):
            ink = np.r_[0, (strip < 0).mean(axis=0), 0]
            starts, ends = (np.flatnonzero(np.diff((ink >= 0.1).astype(int)) == step) for step in (1, -1))
            for start, end in zip(starts, ends, strict=True):
                high = ink[start + 1 : end + 1].max() >= 0.55
                frames[(start + end) // 8, :3] = (0, 4, 0) if high else (0, 0, 4)
        return made


def box_reader(settings: Settings) -> Reader:
    """Reads boxes. They are no text, and a network that was trained on text need not find them."""
    return Reader(settings=replace(settings, find=replace(settings.find, finder="projection")), recogniser=BoxNetwork())


def boxes(
    lines: Sequence[str], *, margin: int = MARGIN
) -> tuple[NDArray[np.uint8], list[list[tuple[int, int, int, int]]]]:
    """A white (H, W, 3) page with ``lines`` of :data:`HIGH` and :data:`LOW`, and where each box is: x0, y0, x1, y1."""
    width = 2 * margin + max(map(len, lines), default=0) * (GLYPH + GAP) - GAP
    height = 2 * margin + len(lines) * (GLYPH + LEADING) - LEADING
    page = np.full((max(height, 2 * margin), max(width, 2 * margin), 3), 255, np.uint8)
    places = []
    for row, line in enumerate(lines):
        top = margin + row * (GLYPH + LEADING)
        lefts = [margin + at * (GLYPH + GAP) for at in range(len(line))]
        bottom = top + GLYPH
        tops = [top if char == HIGH else bottom - GLYPH // 3 for char in line]
        places.append([(left, start, left + GLYPH, bottom) for left, start in zip(lefts, tops, strict=True)])
        for left, start, right, end in places[-1]:
            page[start:end, left:right] = 0
            page[start + STROKE : end - STROKE, left + STROKE : right - STROKE] = 255
    return page, places


def encoded(image: Image.Image, form: str, **options: Any) -> bytes:
    """The bytes of a file in the format ``form``."""
    target = io.BytesIO()
    image.save(target, form, **options)
    return target.getvalue()


@pytest.fixture
def network() -> BoxNetwork:
    return BoxNetwork()


@pytest.fixture
def reader(network: BoxNetwork) -> Reader:
    return Reader(recogniser=network)


@pytest.fixture
def make_reader(network: BoxNetwork) -> Callable[[dict[str, dict[str, Any]]], Reader]:
    return lambda values: Reader(settings=Settings.from_dict(values), recogniser=network)
