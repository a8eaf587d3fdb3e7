"""The lines that are shown, cut out of their pictures and small enough to travel in the page."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence

import numpy as np
from PIL import Image

from shizi import load
from shizi.errors import InputError
from shizi.learn.report.examine import Sample, by_picture
from shizi.settings import LoadSettings

MAX_WIDTH, MAX_HEIGHT = 720, 200
"""Pixels of an embedded picture; a line of text is 40 of them high at the most."""
LINE_HEIGHT = 48
COLOURS = 64
"""Of the palette: a third of the bytes, and no difference that one sees on a line of text."""
MARGIN = 0.25
"""Around a line cut out of its page, as a share of its height."""


def embedded(samples: Sequence[Sample]) -> dict[int, str]:
    """``data:`` addresses of PNG pictures by the place of the sample; those that cannot be opened are left out."""
    place = {id(sample): index for index, sample in enumerate(samples)}
    made = {}
    for picture, several in by_picture(samples).items():
        try:
            pixels = load.picture(picture, LoadSettings()).pixels
        except (InputError, OSError):
            continue
        for sample in several:
            made[place[id(sample)]] = _address(_cut(pixels, sample))
    return made


def _cut(pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], sample: Sample) -> Image.Image:
    height, width = pixels.shape[:2]
    left, top, right, bottom = 0, 0, width, height
    lines = max(1, len({round(polygon[0][1]) for polygon in sample.polygons}))
    if sample.polygons:
        corners = np.array([point for polygon in sample.polygons for point in polygon])
        low, high = corners.min(axis=0), corners.max(axis=0)
        margin = MARGIN * min(high - low) / lines
        left, top = (int(max(0, value)) for value in np.floor(low - margin))
        right, bottom = (int(value) for value in np.minimum(np.ceil(high + margin), (width, height)))
    cut = Image.fromarray(pixels[top : max(bottom, top + 1), left : max(right, left + 1)])
    most = LINE_HEIGHT if cut.width >= 1.5 * cut.height and lines < 3 else MAX_HEIGHT
    if cut.width < 1.5 * cut.height and cut.height < 3 * LINE_HEIGHT:
        most = 2 * LINE_HEIGHT
    scale = min(most / cut.height, MAX_WIDTH / cut.width, 1.0)
    size = max(1, round(cut.width * scale)), max(1, round(cut.height * scale))
    return cut.resize(size, Image.Resampling.LANCZOS) if scale < 1 else cut


def _address(picture: Image.Image) -> str:
    held = io.BytesIO()
    picture.convert("RGB").quantize(COLOURS).save(held, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(held.getvalue()).decode("ascii")
