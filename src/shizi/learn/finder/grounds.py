"""What pages lie on and what text stands on: paper, surfaces, scenes, and shapes that look like text and are none."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from shizi.errors import DataError
from shizi.learn.finder.sheet import Canvas, Sheet
from shizi.learn.synth.text import Random

BORDER = cv2.BORDER_REFLECT_101


class Grounds:
    """Surfaces from the pictures of a folder; without one, noise serves."""

    def __init__(self, folder: Path | None) -> None:
        self.pictures = _pictures(folder) if folder else []

    def surface(self, rng: Random, width: int, height: int) -> Canvas:
        """(height, width) a piece of a picture, in any size, turned, its contrast changed."""
        if not self.pictures or rng.random() < 0.08:
            return clouds(rng, width, height)
        picture = self.pictures[int(rng.integers(len(self.pictures)))]
        grow = max(width, height) / 320 * float(rng.uniform(0.35, 1.3))
        angle = float(rng.choice((0, 90, 180, 270))) + float(rng.normal(0, 4))
        matrix = np.asarray(cv2.getRotationMatrix2D((160, 160), angle, grow), np.float64)
        matrix[:, 2] += np.array((rng.uniform(0, width), rng.uniform(0, height)))
        made = cv2.warpAffine(picture, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=BORDER)
        made = made.astype(np.float32)
        middle = float(made.mean())
        contrast, level = float(rng.uniform(0.3, 1.3)), middle + float(rng.normal(0, 25))
        return np.asarray(np.clip((made - middle) * contrast + level, 0, 255), np.float32)

    def paper(self, rng: Random, width: int, height: int) -> Canvas:
        """Light and almost even: white, grey or a surface of little contrast."""
        level = float(rng.choice((255.0, rng.uniform(225, 255), rng.uniform(150, 240))))
        made = np.full((height, width), level, np.float32)
        if rng.random() < 0.5:
            made += (clouds(rng, width, height) - 128) * float(rng.uniform(0.02, 0.2))
        if rng.random() < 0.25:
            surface = self.surface(rng, width, height)
            made += (surface - surface.mean()) * float(rng.uniform(0.05, 0.35))
        return np.clip(made, 0, 255)

    def scene(self, rng: Random, width: int, height: int) -> Sheet:
        """A surface with other surfaces, shapes, stripes and clutter on it, and no text."""
        sheet = Sheet(self.surface(rng, width, height))
        for _ in range(int(rng.integers(0, 7))):
            self._shape(rng, sheet)
        for _ in range(int(rng.choice((0, 0, 1, 2, 3)))):
            clutter(rng, sheet)
        return sheet

    def _shape(self, rng: Random, sheet: Sheet) -> None:
        width, height = (int(rng.uniform(0.04, 0.8) * side) + 4 for side in sheet.size)
        mask = np.zeros((height, width), np.uint8)
        middle, half = (width // 2, height // 2), np.array((width, height)) / 2
        kind = int(rng.integers(3))
        if kind == 0:
            cv2.ellipse(mask, middle, middle, 0, 0, 360, 255, -1, cv2.LINE_AA)
        elif kind == 1:
            box = cv2.boxPoints((middle, (0.8 * width, 0.8 * height), float(rng.normal(0, 15))))
            cv2.fillPoly(mask, [box.astype(np.int32)], 255, cv2.LINE_AA)
        else:
            points = rng.uniform(-1, 1, (int(rng.integers(3, 8)), 2)) * half + half
            cv2.fillPoly(mask, [points.astype(np.int32)], 255, cv2.LINE_AA)
        if rng.random() < 0.3:
            mask = cv2.blur(mask, (int(rng.integers(2, 30)),) * 2).astype(np.uint8, copy=False)
        flat = rng.random() < 0.5
        ink = np.full(mask.shape, rng.uniform(0, 255), np.float32) if flat else self.surface(rng, width, height)
        x, y = (int(rng.uniform(-0.3, 0.9) * side) for side in sheet.size)
        sheet.blend(mask, x, y, ink)


def clouds(rng: Random, width: int, height: int) -> Canvas:
    """Smooth noise around 128."""
    cells = int(rng.integers(2, 12))
    small = rng.uniform(0, 255, (cells, cells)).astype(np.float32)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)


def clutter(rng: Random, sheet: Sheet) -> None:
    """Shapes with the edges of text but no letters: grids, bars, bricks, leaves, windows, rings, dots, codes."""
    width, height = sheet.size
    w, h = int(rng.uniform(0.12, 0.9) * width), int(rng.uniform(0.12, 0.9) * height)
    kinds = (_grid, _bars, _bricks, _leaves, _windows, _rings, _dots, _code, _strokes, _zigzag)
    mask = kinds[int(rng.integers(len(kinds)))](rng, w, h)
    if rng.random() < 0.5:
        turn = cv2.getRotationMatrix2D((w / 2, h / 2), float(rng.normal(0, 20)), 1.0)
        mask = cv2.warpAffine(mask, turn, (w, h)).astype(np.uint8, copy=False)
    x, y = int(rng.integers(-w // 4, width - w // 2)), int(rng.integers(-h // 4, height - h // 2))
    sheet.blend(mask, x, y, float(rng.uniform(0, 255)))
    sheet.taken.append((x, y, x + w, y + h))


def _pitch(rng: Random) -> int:
    return int(np.exp(rng.uniform(np.log(5), np.log(60))))


def _grid(rng: Random, w: int, h: int) -> np.ndarray:
    mask = np.zeros((h, w), np.uint8)
    thick = int(rng.integers(1, 4))
    for x in range(0, w, max(thick + 3, _pitch(rng))):
        cv2.line(mask, (x, 0), (x, h), 255, thick)
    for y in range(0, h, max(thick + 3, _pitch(rng))):
        cv2.line(mask, (0, y), (w, y), 255, thick)
    return mask


def _bars(rng: Random, w: int, h: int) -> np.ndarray:
    """Stripes of changing width: fences, grilles, barcodes, blinds."""
    edges = np.cumsum(rng.integers(1, max(2, _pitch(rng) // 2) + 1, max(w, h)))
    line = (np.searchsorted(edges, np.arange(max(w, h))) % 2 * 255).astype(np.uint8)
    return np.tile(line[:w], (h, 1)) if rng.random() < 0.6 else np.tile(line[:h, None], (1, w))


def _bricks(rng: Random, w: int, h: int) -> np.ndarray:
    mask = np.zeros((h, w), np.uint8)
    high = max(6, _pitch(rng) // 2)
    wide = int(high * rng.uniform(1.2, 4))
    gap = max(1, high // 6)
    for row, y in enumerate(range(0, h, high + gap)):
        for x in range(-(row % 2) * wide // 2, w, wide + gap):
            cv2.rectangle(mask, (x, y), (x + wide, y + high), int(rng.uniform(120, 255)), -1)
    return mask


def _leaves(rng: Random, w: int, h: int) -> np.ndarray:
    mask = np.zeros((h, w), np.uint8)
    size = _pitch(rng)
    for _ in range(min(600, int(w * h / size**2 * rng.uniform(0.2, 1.2)))):
        at = int(rng.integers(w)), int(rng.integers(h))
        axes = int(size * rng.uniform(0.2, 0.8)) + 1, int(size * rng.uniform(0.05, 0.35)) + 1
        shade = int(rng.uniform(30, 255))
        cv2.ellipse(mask, at, axes, float(rng.uniform(0, 360)), 0, 360, shade, -1, cv2.LINE_AA)
    return mask


def _windows(rng: Random, w: int, h: int) -> np.ndarray:
    mask = np.zeros((h, w), np.uint8)
    size = max(8, _pitch(rng))
    wide, high = int(size * rng.uniform(0.4, 1.0)), int(size * rng.uniform(0.4, 1.0))
    for y in range(0, h, int(size * 1.3)):
        for x in range(0, w, int(size * 1.3)):
            cv2.rectangle(mask, (x, y), (x + wide, y + high), 255, int(rng.choice((-1, 1, 2))))
    return mask


def _rings(rng: Random, w: int, h: int) -> np.ndarray:
    mask = np.zeros((h, w), np.uint8)
    for _ in range(int(rng.integers(1, 14))):
        at = int(rng.integers(w)), int(rng.integers(h))
        radius = int(rng.uniform(0.01, 0.25) * min(w, h)) + 2
        thick = max(1, int(radius * rng.uniform(0.05, 0.4)))
        cv2.circle(mask, at, radius, int(rng.uniform(100, 255)), thick, cv2.LINE_AA)
    return mask


def _dots(rng: Random, w: int, h: int) -> np.ndarray:
    mask = np.zeros((h, w), np.uint8)
    pitch = max(5, _pitch(rng) // 2)
    for y in range(pitch // 2, h, pitch):
        for x in range(pitch // 2, w, pitch):
            cv2.circle(mask, (x, y), max(1, pitch // 5), 255, -1, cv2.LINE_AA)
    return mask


def _code(rng: Random, w: int, h: int) -> np.ndarray:
    """A matrix code, or something as blocky."""
    side = int(rng.integers(12, 40))
    cells = (rng.random((side, side)) < 0.5).astype(np.uint8) * 255
    for y, x in ((0, 0), (0, side - 7), (side - 7, 0)):
        cells[y : y + 7, x : x + 7] = 255
        cells[y + 1 : y + 6, x + 1 : x + 6] = 0
        cells[y + 2 : y + 5, x + 2 : x + 5] = 255
    length = max(side, min(w, h, int(rng.uniform(40, 260))))
    return np.asarray(cv2.resize(cells, (length, length), interpolation=cv2.INTER_NEAREST), np.uint8)


def _strokes(rng: Random, w: int, h: int) -> np.ndarray:
    """Scattered straight and bent strokes: twigs, scratches, folds, hair."""
    mask = np.zeros((h, w), np.uint8)
    length = max(w, h) * float(rng.uniform(0.05, 0.5))
    for _ in range(int(rng.integers(3, 60))):
        start = rng.uniform(0, 1, 2) * (w, h)
        bend = start + rng.normal(0, length / 2, 2)
        end = bend + rng.normal(0, length / 2, 2)
        t = np.linspace(0, 1, 12)[:, None]
        curve = (1 - t) ** 2 * start + 2 * t * (1 - t) * bend + t**2 * end
        shade, thick = int(rng.uniform(80, 255)), int(rng.integers(1, 5))
        cv2.polylines(mask, [curve.astype(np.int32)], False, shade, thick, cv2.LINE_AA)
    return mask


def _zigzag(rng: Random, w: int, h: int) -> np.ndarray:
    """Charts and waves."""
    mask = np.zeros((h, w), np.uint8)
    for _ in range(int(rng.integers(1, 5))):
        count = int(rng.integers(4, 60))
        xs = np.linspace(0, w, count)
        ys = np.clip(h / 2 + np.cumsum(rng.normal(0, h / 10, count)), 0, h)
        points = np.column_stack([xs, ys]).astype(np.int32)
        cv2.polylines(mask, [points], False, 255, int(rng.integers(1, 4)), cv2.LINE_AA)
    return mask


def _pictures(folder: Path) -> list[np.ndarray]:
    made = []
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in (".jpg", ".jpeg", ".png", ".webp"):
            picture = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_GRAYSCALE)
            if picture is not None:
                made.append(np.asarray(cv2.resize(picture, (320, 320), interpolation=cv2.INTER_AREA), np.uint8))
    if not made:
        raise DataError(f"no pictures in {folder}")
    return made
