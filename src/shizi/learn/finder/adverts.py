"""Pictures that goods are sold with: titles over photographs, badges, keys, captions under icons, watermarks."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from shizi.learn.finder.display import other
from shizi.learn.finder.ink import Drawn, downwards, level, tilted
from shizi.learn.finder.layouts import Layouts, fitted
from shizi.learn.finder.sheet import Sheet
from shizi.learn.synth.text import Random


class Adverts:
    """Lays out such pictures with what ``layouts`` has."""

    def __init__(self, layouts: Layouts) -> None:
        self.layouts, self.scribe, self.grounds = layouts, layouts.scribe, layouts.grounds

    def advert(self, rng: Random, width: int, height: int) -> Sheet:
        """Goods on a scene or a plain ground, with type of all sizes around, on and across them."""
        if rng.random() < 0.6:
            sheet = self.grounds.scene(rng, width, height)
        else:
            sheet = Sheet(self.grounds.paper(rng, width, height))
            sheet.grey = np.clip(sheet.grey - float(rng.choice((0, rng.uniform(0, 220)))), 0, 255)
        sheet.taken.clear()
        for _ in range(int(rng.choice((0, 1, 1, 2)))):
            self._title(rng, sheet)
        for _ in range(int(rng.choice((0, 0, 1, 1, 2)))):
            self._keys(rng, sheet)
        for _ in range(int(rng.choice((0, 1, 2, 3)))):
            self._badge(rng, sheet)
        for _ in range(int(rng.choice((0, 0, 0, 1)))):
            self._neighbours(rng, sheet)
        for _ in range(int(rng.integers(3, 13))):
            self.layouts.display.show(rng, sheet, int(np.exp(rng.uniform(np.log(11), np.log(min(width, height) / 4)))))
        for _ in range(int(rng.choice((0, 1, 2)))):
            self._paragraph(rng, sheet)
        if rng.random() < 0.25:
            self._watermarks(rng, sheet)
        return sheet

    def _title(self, rng: Random, sheet: Sheet) -> None:
        """Large rows close below one another, of one face or several, of one size or several, on one ground."""
        width, height = sheet.size
        largest = float(np.exp(rng.uniform(np.log(22), np.log(min(width, height) / 5))))
        face, alike = self.scribe.fonts.pick(rng), rng.random() < 0.6
        wide = float(rng.uniform(0.25, 0.95)) * width
        drawn: list[Drawn] = []
        for _ in range(int(rng.choice((2, 2, 3, 3, 4)))):
            set_in = face if alike or rng.random() < 0.4 else self.scribe.fonts.pick(rng)
            size = int(largest * (1.0 if alike and rng.random() < 0.7 else rng.uniform(0.35, 1.0)))
            most = max(1, int(wide / size * (1 if set_in.chinese else 1.8)))
            text = self.scribe.text(rng, set_in, int(rng.integers(1, most + 1)))
            drawn.append(fitted(set_in, max(10, size), text, wide))
        sizes = [np.ptp(one.outline, axis=0) for one in drawn]
        gap = float(rng.uniform(0.05, 0.5))
        wide = max(float(w) for w, _ in sizes)
        high = sum(float(h) + gap * float(h) for _, h in sizes)
        if wide > width or high > height:
            return
        for _ in range(6):
            x, y = float(rng.uniform(0, width - wide)), float(rng.uniform(0, height - high))
            if sheet.free((x, y, x + wide, y + high), 0.1 * largest):
                break
        else:
            return
        place = float(rng.choice((0.0, 0.0, 0.5, 1.0)))
        for one, (w, h) in zip(drawn, sizes, strict=True):
            self.layouts.display.paint(rng, sheet, one, x + place * (wide - float(w)), y)
            y += float(h) * (1 + gap)

    def _keys(self, rng: Random, sheet: Sheet) -> None:
        """Rows of keys, buttons or icons: a letter or a word on each, or under it."""
        width, height = sheet.size
        side = float(np.exp(rng.uniform(np.log(18), np.log(90))))
        pitch = side * float(rng.uniform(1.05, 1.6))
        columns, rows = int(rng.integers(2, 10)), int(rng.integers(1, 6))
        under = rng.random() < 0.35
        down = pitch + (0.4 * side if under else 0.0)
        wide, high = columns * pitch, rows * down
        x0, y0 = float(rng.uniform(0, max(1.0, width - wide))), float(rng.uniform(0, max(1.0, height - high)))
        if wide > width or high > height or not sheet.free((x0, y0, x0 + wide, y0 + high), 4):
            return
        ground = float(np.median(sheet.grey[int(y0) : int(y0 + high), int(x0) : int(x0 + wide)]))
        key = other(rng, ground, 15)
        ink = other(rng, ground if under else key, 70)
        round_keys, face = rng.random() < 0.4, self.scribe.fonts.pick(rng)
        size = max(9, int(side * (rng.uniform(0.2, 0.35) if under else rng.uniform(0.3, 0.75))))
        most = 1 if rng.random() < 0.5 and not under else max(1, int(1.1 * side / size * (1 if face.chinese else 1.8)))
        for row in range(rows):
            for column in range(columns):
                x, y = x0 + column * pitch, y0 + row * down
                if round_keys:
                    cv2.circle(sheet.grey, (int(x + side / 2), int(y + side / 2)), int(side / 2), key, -1, cv2.LINE_AA)
                else:
                    cv2.rectangle(sheet.grey, (int(x), int(y)), (int(x + side), int(y + side)), key, -1)
                if rng.random() < 0.1:
                    continue
                drawn = fitted(face, size, self.scribe.text(rng, face, int(rng.integers(1, most + 1))), 1.1 * side)
                w, h = np.ptp(drawn.outline, axis=0)
                top = y + side + 0.06 * side if under else y + (side - h) / 2
                sheet.put(drawn, x + (side - w) / 2, top, ink)

    def _badge(self, rng: Random, sheet: Sheet) -> None:
        """A disc, a star or a ribbon with a few characters in one or two rows, or one above the other."""
        width, height = sheet.size
        radius = float(np.exp(rng.uniform(np.log(18), np.log(0.16 * min(width, height)))))
        x, y = float(rng.uniform(radius, width - radius)), float(rng.uniform(radius, height - radius))
        if not sheet.free((x - radius, y - radius, x + radius, y + radius), 2):
            return
        ground = float(np.median(sheet.grey[int(y - radius) : int(y + radius), int(x - radius) : int(x + radius)]))
        shade = other(rng, ground, 30)
        points = int(rng.choice((40, 40, 8, 12, 24)))
        turns = np.linspace(0, 2 * np.pi, 2 * points, endpoint=False)
        reach = np.where(np.arange(2 * points) % 2, float(rng.uniform(0.8, 1)), 1.0) * radius
        corners = np.column_stack([x + reach * np.cos(turns), y + reach * np.sin(turns)])
        cv2.fillPoly(sheet.grey, [corners.astype(np.int32)], shade, cv2.LINE_AA)
        ink, face = other(rng, shade, 60), self.scribe.fonts.pick(rng, chinese=True)
        rows = int(rng.choice((1, 1, 2, 2, 3)))
        size = max(9, int(1.25 * radius / max(rows, 1.6)))
        if rng.random() < 0.12:
            text = self.scribe.text(rng, face, 2).replace(" ", "")
            drawn = downwards(face, int(0.7 * radius), text or "一", rng)
            w, h = np.ptp(drawn.outline, axis=0)
            sheet.put(drawn, x - w / 2, y - h / 2, ink)
            return
        for row in range(rows):
            drawn = fitted(face, size, self.scribe.text(rng, face, int(rng.integers(1, 5))), 1.5 * radius)
            w, h = np.ptp(drawn.outline, axis=0)
            middle = y + (row - (rows - 1) / 2) * 1.15 * size
            sheet.put(drawn, x - w / 2, middle - h / 2, ink)

    def _neighbours(self, rng: Random, sheet: Sheet) -> None:
        """Pieces close beside one another in a row, of other faces, sizes and grounds: each is a line of its own.

        One may be two low ones, one above the other.
        """
        width, height = sheet.size
        high = float(np.exp(rng.uniform(np.log(24), np.log(0.2 * min(width, height)))))
        pieces: list[tuple[list[Drawn], float]] = []
        wide = 0.0
        for _ in range(int(rng.choice((2, 2, 3, 4)))):
            face, stacked = self.scribe.fonts.pick(rng), rng.random() < 0.3
            size = int(high * (rng.uniform(0.36, 0.44) if stacked else rng.uniform(0.55, 1.0)))
            if size < 10:
                return
            texts = [self.scribe.text(rng, face, int(rng.integers(1, 6))) for _ in range(1 + stacked)]
            drawn = [level(face, size, text) for text in texts]
            gap = high * float(rng.uniform(0.08, 0.6))
            pieces.append((drawn, gap))
            wide += max(float(np.ptp(one.outline[:, 0])) for one in drawn) + gap
        x, y = float(rng.uniform(0, max(1.0, width - wide))), float(rng.uniform(0, max(1.0, height - high)))
        if not sheet.free((x, y, x + wide, y + high), 0.2 * high):
            return
        boxed = rng.random() < 0.5
        before = -1.0
        for drawn, gap in pieces:
            across = max(float(np.ptp(one.outline[:, 0])) for one in drawn)
            place = sheet.grey[int(y) : int(y + high), int(x) : int(x + across + gap)]
            ground = float(np.median(place)) if place.size else 128.0
            if boxed:
                ground = other(rng, before if before >= 0 else ground, 25)
                place[:] = ground
            ink = other(rng, ground, 60)
            for row, one in enumerate(drawn):
                least = float(np.ptp(one.outline[:, 1]))
                top = y + (high - least) / 2 if len(drawn) == 1 else y + high * (0.04 + 0.5 * row)
                sheet.put(one, x + gap / 2, top, ink)
            x, before = x + across + gap, ground

    def _paragraph(self, rng: Random, sheet: Sheet) -> None:
        """A few rows of small type."""
        width, height = sheet.size
        size, rows = int(rng.uniform(9, 24)), int(rng.integers(1, 6))
        wide, pitch = float(rng.uniform(0.15, 0.6) * width), size * float(rng.uniform(1.15, 1.8))
        x, y = float(rng.uniform(0, width - wide)), float(rng.uniform(0, max(1.0, height - rows * pitch)))
        if not sheet.free((x, y, x + wide, y + rows * pitch), 0.3 * size):
            return
        ground = float(np.median(sheet.grey[int(y) : int(y + rows * pitch), int(x) : int(x + wide)]))
        ink, face, middle = other(rng, ground, 60), self.scribe.fonts.pick(rng), rng.random() < 0.3
        for row in range(rows):
            drawn = self.layouts.line(rng, face, size, wide, full=bool(rng.random() < 0.5), marked=0.3)
            sheet.put(drawn, x + (wide - drawn.mask.shape[1]) / 2 * middle, y + row * pitch, ink)

    def _watermarks(self, rng: Random, sheet: Sheet) -> None:
        """The same words again and again, aslant, half transparent: whoever can read them wants them."""
        width, height = sheet.size
        size = int(rng.uniform(0.025, 0.07) * width)
        face = self.scribe.fonts.pick(rng)
        drawn = level(face, size, self.scribe.text(rng, face, int(rng.integers(3, 9))))
        aslant = float(rng.choice((0, rng.uniform(10, 60), -rng.uniform(10, 60))))
        drawn = tilted(drawn, aslant) if aslant else drawn
        w, h = np.ptp(drawn.outline, axis=0)
        ink, alpha = float(rng.choice((0, 255, rng.uniform(0, 255)))), float(rng.uniform(0.35, 1))
        step = np.array((w, h)) + size * rng.uniform(1, 5, 2)
        for row, y in enumerate(np.arange(float(rng.uniform(-h, h)), height, step[1])):
            for x in np.arange(-step[0] * (0.5 * (row % 2)), width, step[0]):
                x0, y0, x1, y1 = (max(0, int(v)) for v in (x, y, x + w, y + h))
                ground = sheet.grey[y0:y1, x0:x1]
                seen = ground.size > 0 and alpha * abs(float(np.median(ground)) - ink) > 35
                pale = (drawn.mask * alpha).astype(np.uint8)
                crossed = not sheet.free((float(x), float(y), float(x + w), float(y + h)), 0)
                sheet.put(replace(drawn, mask=pale), float(x), float(y), ink, ignore=crossed or not seen)
