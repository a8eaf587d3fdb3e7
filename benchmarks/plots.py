"""Kinds of made pages on which a few figures and names stand far apart: curves, bars, plans, calendars for the wall."""

from __future__ import annotations

import numpy as np

from sheets import BLACK, WHITE, Ink, Maker, Sheet

RED, GREY, PALE = (200, 0, 0), (110, 110, 110), (222, 222, 222)
COLOURS: tuple[Ink, ...] = ((66, 133, 244), (219, 68, 55), (244, 180, 0), (15, 157, 88), (120, 90, 180))
TENS = ("初", "十", "廿")
ONES = "一二三四五六七八九十"


def moon_day(day: int) -> str:
    """The name of a day of the lunar month, 1 to 30."""
    if day in (20, 30):
        return "二三"[day // 10 - 2] + "十"
    return TENS[(day - 1) // 10] + ONES[(day - 1) % 10]


class Plots(Maker):
    """Such kinds."""

    def curve(self) -> Sheet:
        """A curve between its axes."""
        size, face, latin = self._number(15, 22), self._font(self.han_fonts), self._font(self.latin_fonts)
        sheet, step, high = Sheet(1000, 720), self._one((0.5, 1, 2, 5, 20)), self._one((10, 20, 25, 50))
        sheet.draw.rectangle((140, 60, 940, 580), None, BLACK, 2)
        for at in range(9):
            sheet.text(140 + 100 * at, 586 + 1.2 * size, f"{at * step:g}", latin(size), anchor="ms")
        for at in range(6):
            sheet.text(130, 580 - 104 * at + 0.35 * size, str(at * high), latin(size), anchor="rs")
        unit = self._one(("s", "m", "kg", "万元", "%"))
        sheet.text(540, 660, f"{self._name(1)} ({unit})", face(1.2 * size), anchor="ms")
        sheet.text(800, 110, self._name(1), face(size))
        xs = np.arange(100)
        ys = 320 + 150 * np.sin(xs / self._number(6, 14) + self.rng.random()) + self.rng.normal(0, 4, 100)
        points = zip((140 + 8 * xs).tolist(), ys.tolist(), strict=True)
        sheet.draw.line(list(points), self._one(COLOURS), 3)
        return sheet

    def bars(self) -> Sheet:
        """Bars with what they stand for below, and how much above."""
        size, face, latin = self._number(15, 22), self._font(self.han_fonts), self._font(self.latin_fonts)
        sheet = Sheet(1000, 720)
        sheet.text(500, 50, self._name(3) + "统计图", face(1.5 * size), anchor="ms")
        for at in range(6):
            sheet.draw.line((100, 600 - 90 * at, 960, 600 - 90 * at), PALE)
            sheet.text(90, 600 - 90 * at + 0.35 * size, str(200 * at), latin(size), anchor="rs")
        sheet.draw.line((100, 100, 100, 600, 960, 600), BLACK, 2)
        for at in range(7):
            much, x = self._number(50, 1000), 140 + 115 * at
            sheet.draw.rectangle((x, 600 - 0.45 * much, x + 60, 600), self._one(COLOURS))
            sheet.text(x + 30, 592 - 0.45 * much, str(much), latin(size), anchor="ms")
            sheet.text(x + 30, 606 + 1.2 * size, self._name(1)[:3], face(size), anchor="ms")
        sheet.text(500, 690, f"数据来源：{self._name(2)}研究院", face(0.9 * size), GREY, "ms")
        return sheet

    def plan(self) -> Sheet:
        """Work over the months of a year, how far it is written on its bars."""
        size, face = self._number(15, 20), self._font(self.han_fonts)
        sheet = Sheet(1200, 640)
        for month in range(12):
            sheet.draw.line((260 + 78 * month, 60, 260 + 78 * month, 620), PALE)
            sheet.text(299 + 78 * month, 50, f"{month + 1}月", face(size), anchor="ms")
        for at in range(11):
            y, start, length = 100 + 48 * at, self.rng.uniform(0, 8), self.rng.uniform(1, 4)
            sheet.text(30, y, f"{at + 1}.{self._name(2)[:6]}", face(size))
            ends = 260 + 78 * start, 260 + 78 * (start + length)
            sheet.draw.rectangle((ends[0], y - 1.2 * size, ends[1], y + 0.4 * size), self._one(COLOURS))
            sheet.text(ends[0] + 10, y - 0.05 * size, f"{self._number(0, 101)}%", face(0.85 * size), WHITE)
        return sheet

    def wall(self) -> Sheet:
        """A month for the wall, the day of the moon below each day."""
        face, latin, first = self._font(self.han_fonts), self._font(self.latin_fonts), self._number(0, 7)
        sheet, moon = Sheet(900, 900), self._number(1, 31)
        sheet.text(450, 90, f"{self._number(2015, 2030)}年{self._number(1, 13)}月", face(48), anchor="ms")
        for at, name in enumerate("日一二三四五六"):
            sheet.text(90 + 120 * at, 170, name, face(26), RED if at in (0, 6) else BLACK, "ms")
        for day in range(1, 31):
            row, column = divmod(first + day - 1, 7)
            x, y = 90 + 120 * column, 250 + 110 * row
            sheet.text(x, y, str(day), latin(40), RED if column in (0, 6) else BLACK, "ms")
            sheet.text(x, y + 32, moon_day((moon + day - 2) % 30 + 1), face(20), GREY, "ms")
        return sheet
