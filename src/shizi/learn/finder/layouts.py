"""Pages that are printed, written or shown on a screen, seen straight on: each function lays out one kind.

What is one line: pieces of text in one row with less than about one height between them. Wider gaps part lines, as
columns of a table are parted; letters spaced evenly stay together.
"""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np

from shizi.learn.finder.display import Display, other
from shizi.learn.finder.grounds import Grounds
from shizi.learn.finder.ink import Drawn, Face, Scribe, apart, downwards, level
from shizi.learn.finder.sheet import Sheet
from shizi.learn.synth.text import Random, code, date, digits, number, pick

MARKS = (
    "一、", "二、", "三、", "十一、", "（一）", "（二）", "（三）", "第一章", "1、", "2、", "1.", "2.", "3)",
    "(1)", "（1）", "1.1", "A.", "B、", "a)", "I.", "II.", "Q:", "注：", "①", "②", "③", "•", "·", "-", "—",
    "※", "★", "●", "■", "◆", "□", "√",
)  # fmt: skip
"""What stands before headings and the points of lists. Thin ones are easily taken for rules or for specks."""


class Layouts:
    """Lays out pages with a scribe's lines on grounds."""

    def __init__(self, scribe: Scribe, grounds: Grounds) -> None:
        self.scribe, self.grounds, self.display = scribe, grounds, Display(scribe, grounds)

    def line(
        self, rng: Random, face: Face, size: int, wide: float,
        *, full: bool = False, short: float = 0.0, marked: float = 0.0,
    ) -> Drawn:  # fmt: skip
        """A line at most ``wide`` pixels long, a ``full`` one about so long.

        ``short``: share of few letters; ``marked``: share that begins with one of :data:`MARKS`.
        """
        most = max(1, int(wide / size * (1.0 if face.chinese else 1.9)))
        length = most if full else int(rng.integers(1, most + 1))
        if rng.random() < short:
            length = min(most, int(rng.integers(1, 7)))
        text = self.scribe.text(rng, face, length)
        while full and len(text) < 0.7 * length:
            text = (text + pick(rng, ("", " ")) + self.scribe.text(rng, face, length))[:length]
        if rng.random() < marked:
            text = face.known(pick(rng, MARKS)) + pick(rng, ("", "", " ", "  ")) + text
        return fitted(face, size, text, wide)

    def document(self, rng: Random, width: int, height: int) -> Sheet:
        """Columns of paragraphs, headings, lists, tables and pictures on paper."""
        sheet = Sheet(self.grounds.paper(rng, width, height))
        light = rng.random() < 0.08
        if light:
            sheet.grey = 255 - sheet.grey
        ink = 255 - rng.uniform(0, 90) if light else rng.uniform(0, 110)
        size = drawn_size(rng, 9, 26)
        face = self.scribe.fonts.pick(rng)
        margin = int(width * rng.uniform(0.03, 0.12))
        columns = int(rng.choice((1, 1, 1, 2, 2, 3))) if width > 40 * size else 1
        gutter = int(size * rng.uniform(1.3, 3))
        wide = (width - 2 * margin - gutter * (columns - 1)) / columns
        pitch = size * float(rng.uniform(1.15, 2.0))
        for column in range(columns):
            x = margin + column * (wide + gutter)
            y = margin * float(rng.uniform(0.5, 1.5))
            while y < height - margin / 2:
                y = self._block(rng, sheet, face, size, pitch, (x, y, wide, float(ink)))
        if rng.random() < 0.2:
            self._stamp(rng, sheet)
        if rng.random() < 0.1:
            self._watermark(rng, sheet)
        return sheet

    def _block(
        self, rng: Random, sheet: Sheet, face: Face, size: int, pitch: float, place: tuple[float, float, float, float]
    ) -> float:
        """One block of a column; the row below it. ``place`` is x, y, width and ink."""
        x, y, wide, ink = place
        kind = rng.random()
        if kind < 0.14:
            large = max(10, int(size * rng.uniform(1.0, 2.4)))
            drawn = self.line(rng, self.scribe.fonts.pick(rng), large, 0.9 * wide, short=0.3, marked=0.4)
            shift = (wide - drawn.mask.shape[1]) / 2 * float(rng.choice((0, 1)))
            sheet.put(drawn, x + shift, y, ink)
            return float(y + drawn.mask.shape[0] + pitch * rng.uniform(0.4, 1.2))
        if kind < 0.26 and wide > 8 * size:
            high = self.table(rng, sheet, face, size, (x, y, wide), ink)
            return y + high + pitch
        if kind < 0.34:
            high = int(rng.uniform(2, 10) * size)
            picture = self.grounds.scene(rng, max(8, int(wide * rng.uniform(0.4, 1))), high)
            right, bottom = min(sheet.size[0], int(x) + picture.size[0]), min(sheet.size[1], int(y) + high)
            if bottom > int(y) and right > int(x):
                sheet.grey[int(y) : bottom, int(x) : right] = picture.grey[: bottom - int(y), : right - int(x)]
            return y + high + pitch * float(rng.uniform(0.3, 1))
        indent = size * float(rng.choice((0, 2, 2)))
        lines = int(rng.integers(1, 9))
        for row in range(lines):
            last = row == lines - 1
            start = indent if row == 0 else 0.0
            marked = 0.25 if row == 0 else 0.0
            drawn = self.line(rng, face, size, max(size, wide - start), full=not last, marked=marked)
            sheet.put(drawn, x + start, y, ink)
            if rng.random() < 0.03:
                under = int(y + drawn.mask.shape[0] + 2)
                cv2.line(sheet.grey, (int(x), under), (int(x + wide), under), ink, 1)
            y += pitch
        return y + pitch * float(rng.choice((0, 0, 0.5, 1)))

    def table(
        self, rng: Random, sheet: Sheet, face: Face, size: int, place: tuple[float, float, float], ink: float
    ) -> float:
        """Cells with or without rules at x, y, width of ``place``; its height.

        In some tables each column holds a character or a few, close below one another: rows all the same.
        """
        x, y, wide = place
        brief = rng.random() < 0.35
        count = int(rng.integers(2, max(3, min(8, int(wide / (4 * size))) + 1)))
        edges = x + wide * np.concatenate([[0], np.sort(rng.uniform(0.05, 0.95, count - 1)), [1]])
        high = size * float(rng.uniform(1.15, 2.2) if brief else rng.uniform(1.3, 3.0))
        rows = int(rng.integers(2, 16 if brief else 10))
        lengths = rng.integers(1, 4, count)
        ruled, thick, centred = rng.random() < 0.75, int(rng.integers(1, 4)), rng.random() < 0.5
        shade = float(rng.uniform(0, 255)) if ruled and rng.random() < 0.2 else None
        if shade is not None:
            top = sheet.grey[int(y) : int(y + high), int(x) : int(x + wide)]
            top[:] = shade if abs(shade - ink) > 80 else 255 - ink
        if ruled:
            for row in range(rows + 1):
                at = int(y + row * high)
                cv2.line(sheet.grey, (int(x), at), (int(x + wide), at), ink, thick)
            for edge in edges:
                if rng.random() < 0.9:
                    cv2.line(sheet.grey, (int(edge), int(y)), (int(edge), int(y + rows * high)), ink, thick)
        for row in range(rows):
            for column, (left, right) in enumerate(pairwise(edges)):
                room = right - left - 0.9 * size
                if room < size or rng.random() < 0.15:
                    continue
                if brief and column % 3 < 2:
                    drawn = fitted(face, size, self.scribe.text(rng, face, int(lengths[column])), room)
                elif rng.random() < 0.5:
                    drawn = self.value(rng, face, size, room)
                else:
                    drawn = self.line(rng, face, size, room, short=0.5)
                at = left + (right - left - drawn.mask.shape[1]) / 2 if centred else left + 0.4 * size
                sheet.put(drawn, at, y + row * high + max(1, (high - drawn.mask.shape[0]) / 2), ink)
        return rows * high

    def value(self, rng: Random, face: Face, size: int, wide: float) -> Drawn:
        """A number, a date, a code."""
        makers = (number, number, date, code, lambda r: digits(r, 1, 3))
        text = face.known(makers[int(rng.integers(len(makers)))](rng)).strip() or "0"
        return fitted(face, size, text, wide)

    def receipt(self, rng: Random, width: int, height: int) -> Sheet:
        """A slip with amounts at its right edge, thin print, dashes, one size throughout."""
        width = min(width, int(height * rng.uniform(0.3, 0.7)))
        sheet = Sheet(self.grounds.paper(rng, width, height))
        ink = float(rng.uniform(0, 150))
        face = self.scribe.fonts.pick(rng, chinese=bool(rng.random() < 0.4))
        size = max(9, int(width / rng.uniform(18, 42)))
        pitch = size * float(rng.uniform(1.02, 1.6))
        margin = width * float(rng.uniform(0.02, 0.1))
        wide = width - 2 * margin
        stops = margin + wide * np.sort(rng.uniform(0.15, 1, int(rng.integers(1, 4))))
        y = margin * 2
        while y < height - size:
            kind = rng.random()
            large = size * (2 if rng.random() < 0.04 else 1)
            if kind < 0.15:  # counts and prices, under one another from row to row
                end = margin
                for stop in (*stops, margin + wide):
                    lone = rng.random() < 0.35
                    text = digits(rng, 1, 2) + pick(rng, ("", "", " x", "x", "%")) if lone else ""
                    room = stop - end - 1.2 * size
                    if room < size:
                        continue
                    made = fitted(face, size, text, room) if lone else self.value(rng, face, size, room)
                    sheet.put(made, stop - made.mask.shape[1], y, ink)
                    end = stop
            elif kind < 0.4:
                left = self.line(rng, face, size, 0.55 * wide)
                right = self.value(rng, face, size, 0.3 * wide)
                sheet.put(left, margin, y, ink)
                sheet.put(right, margin + wide - right.mask.shape[1], y, ink)
                if rng.random() < 0.4 and left.mask.shape[1] < 0.4 * wide:
                    middle = fitted(face, size, digits(rng, 1, 3), 0.12 * wide)
                    sheet.put(middle, margin + 0.52 * wide, y, ink)
            elif kind < 0.63:
                drawn = self.line(rng, face, large, 0.95 * wide)
                sheet.put(drawn, (width - drawn.mask.shape[1]) / 2, y, ink)
            elif kind < 0.85:
                sheet.put(self.line(rng, face, large, wide), margin, y, ink)
            elif kind < 0.93:
                dash = fitted(face, size, pick(rng, "-=*_.") * 80, wide)
                sheet.blend(dash.mask, int(margin), int(y), ink)
            y += pitch * (large / size) * float(rng.choice((1, 1, 1, 1, 1.7)))
        if rng.random() < 0.1:
            self._stamp(rng, sheet)
        return sheet

    def screen(self, rng: Random, width: int, height: int) -> Sheet:
        """Rows of a list, buttons, bubbles and icons; dark or light."""
        dark = rng.random() < 0.3
        ground = float(rng.uniform(0, 70) if dark else rng.uniform(215, 255))
        sheet = Sheet(np.full((height, width), ground, np.float32))
        y, face = 4.0, self.scribe.fonts.pick(rng)
        size = drawn_size(rng, 10, 30)
        while y < height - 2 * size:
            high = size * float(rng.uniform(1.8, 5))
            shade = ground + float(rng.choice((0, 0, 0, rng.uniform(-200, 200))))
            shade = min(255.0, max(0.0, shade))
            x, wide = float(rng.choice((0, size, 2 * size))), width * float(rng.choice((1, 1, rng.uniform(0.4, 1))))
            cv2.rectangle(sheet.grey, (int(x), int(y)), (int(x + wide), int(y + high)), shade, -1)
            ink = other(rng, shade, 60)
            x += size * float(rng.uniform(0.5, 1.5))
            if rng.random() < 0.4:
                self._icon(rng, sheet, x, y + 0.2 * size, min(high, 3 * size) - 0.4 * size, ink)
                x += min(high, 3 * size) + 0.3 * size
            row = y + 0.3 * size
            while row + size < y + high and x + 2 * size < wide:
                drawn = self.line(rng, face, size, min(wide, width) - x - size, short=0.4)
                sheet.put(drawn, x, row, ink)
                end = x + drawn.mask.shape[1] + 2 * size
                if rng.random() < 0.35 and end + 3 * size < min(wide, width):
                    right = self.value(rng, face, size, min(wide, width) - end - size)
                    sheet.put(right, min(wide, width) - right.mask.shape[1] - size / 2, row, ink)
                row += size * 1.5
            if rng.random() < 0.4:
                cv2.line(sheet.grey, (0, int(y + high)), (width, int(y + high)), other(rng, ground, 20), 1)
            y += high + size * float(rng.choice((0, 0.3, 1)))
            if rng.random() < 0.15:
                size = drawn_size(rng, 10, 30)
        return sheet

    def poster(self, rng: Random, width: int, height: int) -> Sheet:
        """Large lines and small ones, in blocks of other ground, outlined, shaded, bent, level or downwards."""
        sheet = (
            self.grounds.scene(rng, width, height)
            if rng.random() < 0.6
            else Sheet(self.grounds.paper(rng, width, height))
        )
        sheet.taken.clear()
        for _ in range(int(rng.integers(2, 14))):
            size = drawn_size(rng, 12, min(width, height) // 3)
            self.display.show(rng, sheet, size)
        return sheet

    def label(self, rng: Random, width: int, height: int) -> Sheet:
        """Dense small print beside a name and a box or two, as on packages."""
        sheet = Sheet(self.grounds.paper(rng, width, height))
        shade = float(rng.uniform(0, 255))
        sheet.grey = np.clip(sheet.grey * 0.3 + 0.7 * shade, 0, 255)
        for _ in range(int(rng.integers(1, 4))):
            self.display.show(rng, sheet, drawn_size(rng, 24, width // 4))
        ink = other(rng, float(np.median(sheet.grey)), 90)
        for _ in range(int(rng.integers(1, 5))):
            size = drawn_size(rng, 9, 20)
            face = self.scribe.fonts.pick(rng)
            wide, rows = float(rng.uniform(0.2, 0.9) * width), int(rng.integers(1, 9))
            pitch = size * float(rng.uniform(1.05, 1.5))
            x, y = float(rng.uniform(0, width - wide)), float(rng.uniform(0, height - rows * pitch))
            if not sheet.free((x, y, x + wide, y + rows * pitch), size):
                continue
            for row in range(rows):
                sheet.put(self.line(rng, face, size, wide, full=row < rows - 1), x, y + row * pitch, ink)
        return sheet

    def plate(self, rng: Random) -> Sheet:
        """A licence plate."""
        size = int(rng.uniform(50, 100))
        face = self.scribe.fonts.pick(rng, chinese=True)
        text = pick(rng, "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼")
        text += "".join(pick(rng, "ABCDEFGHJKLMNPQRSTUVWXYZ0123456789") for _ in range(int(rng.choice((6, 6, 7)))))
        text = text[:2] + pick(rng, ("·", " ", "")) + text[2:]
        drawn = apart(face, size, face.known(text) or "A123", rng, spacing=float(rng.uniform(0.02, 0.2)))
        tall = float(rng.uniform(1.0, 1.7))
        mask = cv2.resize(drawn.mask, None, fx=1.0, fy=tall, interpolation=cv2.INTER_LINEAR)
        outline = drawn.outline * np.array((1, tall), np.float32)
        drawn = Drawn(np.asarray(mask, np.uint8), outline, drawn.em, silent=drawn.silent)
        pad = int(0.15 * mask.shape[0])
        ground = float(rng.uniform(20, 240))
        sheet = Sheet(np.full((mask.shape[0] + 2 * pad, mask.shape[1] + 4 * pad), ground, np.float32))
        ink = other(rng, ground, 90)
        if rng.random() < 0.7:
            cv2.rectangle(sheet.grey, (3, 3), (sheet.size[0] - 4, sheet.size[1] - 4), ink, 2)
        sheet.put(drawn, 2 * pad, pad, ink)
        return sheet

    def book(self, rng: Random, width: int, height: int) -> Sheet:
        """Columns of text that runs down, from right to left, ruled or not, with notes between."""
        sheet = Sheet(self.grounds.paper(rng, width, height))
        hand = rng.random() < 0.25
        size = drawn_size(rng, 11, 48)
        ink, face = float(rng.uniform(0, 110)), self.scribe.fonts.pick(rng, hand=hand, chinese=True)
        pitch = size * float(rng.uniform(1.2, 2.2))
        margin, tight = float(rng.uniform(0.03, 0.12) * height), float(rng.uniform(0.98, 1.35))
        ruled = rng.random() < 0.3
        x = width - margin - size
        while x > margin / 2:
            y = margin
            while y < height - margin - size:
                most = max(1, int((height - margin - y) / size / tight))
                length = most if rng.random() < 0.6 else int(rng.integers(1, most + 1))
                sampler = self.scribe.sampler
                text = sampler.prose(rng) if sampler.chinese else self.scribe.text(rng, face, most)
                text = face.known(text.replace(" ", ""))[:length] or "一"
                drawn = downwards(face, size, text, rng, pitch=tight, wild=0.6 if hand else 0.0)
                sheet.put(drawn, x + (size - float(np.ptp(drawn.outline[:, 0]))) / 2, y, ink)
                y += drawn.mask.shape[0] + size * float(rng.uniform(1.3, 3))
            if ruled:
                at = int(x - (pitch - size) / 2)
                cv2.line(sheet.grey, (at, int(margin / 2)), (at, int(height - margin / 2)), ink, 1)
            x -= pitch
        return sheet

    def _icon(self, rng: Random, sheet: Sheet, x: float, y: float, side: float, ink: float) -> None:
        at, radius = (int(x + side / 2), int(y + side / 2)), max(2, int(side / 2))
        kind = rng.random()
        if kind < 0.4:
            cv2.circle(sheet.grey, at, radius, ink, -1 if rng.random() < 0.5 else 2, cv2.LINE_AA)
        elif kind < 0.7:
            picture = self.grounds.surface(rng, max(4, int(side)), max(4, int(side)))
            part = sheet.grey[int(y) : int(y) + picture.shape[0], int(x) : int(x) + picture.shape[1]]
            part[:] = picture[: part.shape[0], : part.shape[1]]
        else:
            points = rng.uniform(-radius, radius, (int(rng.integers(3, 7)), 2)) + at
            cv2.polylines(sheet.grey, [points.astype(np.int32)], True, ink, 2, cv2.LINE_AA)

    def _stamp(self, rng: Random, sheet: Sheet) -> None:
        """A ring, half covering what it meets; it is no text."""
        width, height = sheet.size
        radius = int(rng.uniform(0.05, 0.16) * width)
        mask = np.zeros((height, width), np.uint8)
        at = int(rng.integers(width)), int(rng.integers(height))
        cv2.circle(mask, at, radius, int(rng.uniform(80, 200)), max(1, radius // 14), cv2.LINE_AA)
        star = [at + 0.4 * radius * np.array((np.sin(a), -np.cos(a))) for a in np.arange(5) * 4 * np.pi / 5]
        cv2.fillPoly(mask, [np.array(star).astype(np.int32)], 160, cv2.LINE_AA)
        sheet.blend(mask, 0, 0, float(rng.uniform(60, 160)))

    def _watermark(self, rng: Random, sheet: Sheet) -> None:
        """Large pale letters across the page, which nobody has to find."""
        face, (width, height) = self.scribe.fonts.pick(rng, chinese=True), sheet.size
        drawn = level(face, width // 8, self.scribe.text(rng, face, 5))
        big = Sheet(np.zeros((drawn.mask.shape[0], drawn.mask.shape[1]), np.float32))
        turn = np.asarray(cv2.getRotationMatrix2D((big.size[0] / 2, big.size[1] / 2), 30, 1.0), np.float64)
        turn[:, 2] += np.array((width - big.size[0], height - big.size[1])) / 2
        mask = cv2.warpAffine(drawn.mask, turn, (width, height))
        sheet.blend((mask * rng.uniform(0.06, 0.18)).astype(np.uint8), 0, 0, 0.0)


def fitted(face: Face, size: int, text: str, wide: float) -> Drawn:
    """A straight line cut to ``wide`` pixels."""
    font = face.at(size)
    while len(text) > 1 and font.getlength(text) > wide:
        text = text[: max(1, int(len(text) * wide / font.getlength(text)))].rstrip() if len(text) > 2 else text[:1]
    return level(face, size, text)


def drawn_size(rng: Random, low: int, high: int) -> int:
    """One of ``low`` to ``high``, small ones as likely as large ones by their logarithm."""
    return int(np.exp(rng.uniform(np.log(low), np.log(max(low + 1, high)))))
