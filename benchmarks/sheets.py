"""Sheets that are written on and remember what, and what kinds of made pages share: fonts, words, numbers."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageDraw, ImageFont

T = TypeVar("T")
Ink = tuple[int, int, int]
Corners = NDArray[np.float32]
Font = ImageFont.FreeTypeFont

BLACK, WHITE = (0, 0, 0), (255, 255, 255)
NEVER_FIRST = frozenset("，。；：！？、）》」”’…,.;:!?)]")
"""Marks that begin no line."""


class Sheet:
    """A page that remembers what was written on it."""

    def __init__(self, width: int, height: int, ground: Ink = WHITE) -> None:
        self.picture = Image.new("RGB", (width, height), ground)
        self.draw = ImageDraw.Draw(self.picture)
        self.lines: list[tuple[str, Corners]] = []

    def text(
        self, x: float, y: float, text: str, font: Font, ink: Ink = BLACK, anchor: str = "ls", *, told: bool = True
    ) -> float:
        """Write on a baseline; ``told`` if someone would read it. Returns where the text ends."""
        if not text.strip():
            return x
        self.draw.text((x, y), text, ink, font, anchor)
        left, top, right, bottom = self.draw.textbbox((x, y), text, font, anchor)
        if told:
            corners = (left, top), (right, top), (right, bottom), (left, bottom)
            self.lines.append((text, np.array(corners, np.float32)))
        return right

    def seal(self, at: tuple[float, float], sides: tuple[float, float], rim: str, within: str, font: Font) -> None:
        """A round or oval seal over what stands there: words along its rim and in its middle.

        Those along its rim are told as one line, with a box around all of them; those in its middle where they lie on
        no other text.
        """
        (x, y), (across, high), size, red = at, sides, round(font.size), (205, 25, 35)
        layer = Image.new("RGB", self.picture.size, WHITE)
        draw = ImageDraw.Draw(layer)
        for char, way in zip(rim, np.radians(np.linspace(150, 390, len(rim))), strict=True):
            glyph = Image.new("L", (2 * size, 2 * size))
            ImageDraw.Draw(glyph).text((size, size), char, 255, font, "mm")
            outward = float(np.degrees(np.arctan2(across * np.sin(way), high * np.cos(way))))  # across the rim
            turned = glyph.rotate(-outward - 90, Image.Resampling.BICUBIC)
            place = x + (across - size) * np.cos(way) - size, y + (high - size) * np.sin(way) - size
            layer.paste(red, (round(place[0]), round(place[1])), turned)
        draw.ellipse((x - across, y - high, x + across, y + high), None, red, max(3, round(across / 22)))
        small = font.font_variant(size=min(size, (across - 1.6 * size) / len(within) * 1.6))  # beside the rim's words
        left, top, right, bottom = draw.textbbox((x, y + 0.4 * high), within, small, "mm")
        draw.text((x, y + 0.4 * high), within, red, small, "mm")
        boxes = [(*quad.min(axis=0), *quad.max(axis=0)) for _, quad in self.lines]
        if all(right < box[0] or left > box[2] or bottom < box[1] or top > box[3] for box in boxes):
            corners = (left, top), (right, top), (right, bottom), (left, bottom)
            self.lines.append((within, np.array(corners, np.float32)))
        half = 120 / (len(rim) - 1)
        ways = np.radians(np.linspace(150 - half, 390 + half, 49))
        xs, ys = x + (across - size / 2) * np.cos(ways), y + (high - size / 2) * np.sin(ways)
        corners = (xs.min(), ys.min()), (xs.max(), ys.min()), (xs.max(), ys.max()), (xs.min(), ys.max())
        self.lines.append((rim, np.array(corners, np.float32)))
        self.picture.paste(ImageChops.multiply(self.picture, layer))


class Maker:
    """Makes pages, each in fonts and with words of its own."""

    def __init__(self, args: argparse.Namespace) -> None:
        self.rng = np.random.default_rng(args.seed)
        self.han_fonts, self.latin_fonts = args.han, args.latin
        sentences = [row.strip() for file in args.prose for row in file.read_text(encoding="utf-8").splitlines()]
        self.prose: list[str] = [row for row in sentences if 40 < len(row) < 200]
        words = args.words.read_text(encoding="utf-8").split()[:20_000]
        self.words: list[str] = [
            word for word in words if 1 < len(word) <= 4 and all("一" <= char <= "鿿" for char in word)
        ]
        english = args.english.read_text(encoding="utf-8").split()[:8_000]
        self.english: list[str] = [word for word in english if word.isalpha()]

    def _one(self, some: Sequence[T]) -> T:
        return some[int(self.rng.integers(len(some)))]

    def _number(self, low: int, high: int) -> int:
        return int(self.rng.integers(low, high))

    def _font(self, fonts: Sequence[Path]) -> Callable[[float], Font]:
        """A font that gives itself in any size."""
        path = fonts[self._number(0, len(fonts))]
        return lambda size: ImageFont.truetype(str(path), round(size))

    def _phrase(self, most: int) -> str:
        return self._one(self.prose)[: self._number(8, most)]

    def _name(self, words: int = 2) -> str:
        return "".join(self._one(self.words) for _ in range(words))

    def _value(self) -> str:
        return self._one([
            self._name(1), "男", "女", str(self._number(1, 99)), f"{self.rng.uniform(1, 9999):,.2f}",
            f"2026-{self._number(1, 13):02}-{self._number(1, 29):02}", f"1{self._number(10**9, 10**10)}",
        ])  # fmt: skip

    def _wrapped(self, text: str, font: Font, width: float) -> list[str]:
        made, line = [], ""
        for char in text:
            if line and char not in NEVER_FIRST and font.getlength(line + char) > width:
                made.append(line)
                line = ""
            line += char
        return [*made, line]


def photographed(sheet: Sheet, rng: np.random.Generator) -> tuple[bytes, list[tuple[str, Corners]]]:
    """A JPEG of the sheet as a photograph, and where its lines are there."""
    page = np.asarray(sheet.picture)[:, :, ::-1].astype(np.float32)
    high, wide = page.shape[:2]
    corners = np.array([(0, 0), (wide, 0), (wide, high), (0, high)], np.float32)
    moved = corners + 60 + rng.uniform(-0.05, 0.05, (4, 2)).astype(np.float32) * min(high, wide)
    turn = cv2.getPerspectiveTransform(corners, moved)
    desk = rng.uniform(30, 160, 3).tolist()
    seen = cv2.warpPerspective(page, turn, (wide + 120, high + 120), flags=cv2.INTER_AREA, borderValue=desk)
    angle = rng.uniform(0, 2 * np.pi)
    y, x = np.mgrid[0 : high + 120, 0 : wide + 120].astype(np.float32)
    light = np.cos(angle) * x / wide + np.sin(angle) * y / high
    seen = seen * (1 - 0.35 * (light - light.min()) / np.ptp(light))[..., None]
    seen = cv2.GaussianBlur(seen, (0, 0), rng.uniform(0.5, 1.0)) + rng.normal(0, rng.uniform(2, 6), seen.shape)
    seen = np.clip(seen * rng.uniform(0.75, 1), 0, 255).astype(np.uint8)
    _, data = cv2.imencode(".jpg", seen, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(60, 90))])
    return data.tobytes(), [(text, cv2.perspectiveTransform(quad[None], turn)[0]) for text, quad in sheet.lines]
