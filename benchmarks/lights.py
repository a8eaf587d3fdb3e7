"""Signs whose characters are made of parts: boards of lights, dates that a printer sprayed in dots, figures of bars."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from sheets import Ink, Maker, Sheet

LIGHTS: tuple[Ink, ...] = ((255, 40, 20), (255, 180, 0), (40, 255, 60), (230, 230, 240))
BARS = ("abcdef", "bc", "abged", "abgcd", "fgbc", "afgcd", "afgedc", "abc", "abcdefg", "abcdfg")
"""Of the ten figures, from 0, named as in every data sheet: a above, then clockwise, g in the middle."""


class Lights(Maker):
    """Kinds of pages."""

    def _dots(
        self, sheet: Sheet, at: tuple[float, float], text: str, font: Path, pixels: int, pitch: float, ink: Ink
    ) -> None:
        """Text in so many rows of dots, so far apart; their size is drawn anew for each text."""
        face, radius = ImageFont.truetype(str(font), pixels), pitch * self.rng.uniform(0.3, 0.5)
        small = Image.new("L", (round(face.getlength(text)) + 2, pixels + 6))
        draw = ImageDraw.Draw(small)
        draw.fontmode = "1"  # a light is on or off
        draw.text((0, pixels), text, 255, face, "ls")
        ys, xs = np.nonzero(np.asarray(small))
        for x, y in zip(at[0] + pitch * (xs + 0.5), at[1] + pitch * (ys + 0.5), strict=True):
            sheet.draw.ellipse((x - radius, y - radius, x + radius, y + radius), ink)
        left, right = at[0] + pitch * xs.min(), at[0] + pitch * (xs.max() + 1)
        top, bottom = at[1] + pitch * ys.min(), at[1] + pitch * (ys.max() + 1)
        corners = (left, top), (right, top), (right, bottom), (left, bottom)
        sheet.lines.append((text, np.array(corners, np.float32)))

    def board(self) -> Sheet:
        """Where a bus or a train goes, and when."""
        pixels, pitch, ink = self._number(14, 17), self._number(4, 8), self._one(LIGHTS)
        sheet, font = Sheet(pixels * 11 * pitch, 4 * (pixels + 8) * pitch + 40, (15, 15, 18)), self._one(self.han_fonts)
        time = f"{self._number(6, 24):02}:{self._number(0, 60):02}"
        rows = f"{self._name(2)}站", f"开往 {self._name(1)}", f"{time} {self._name(1)}", "请勿拥挤 注意安全"
        for number, text in enumerate(rows):
            self._dots(sheet, (20, 20 + number * (pixels + 8) * pitch), text, font, pixels, pitch, ink)
        return sheet

    def sprayed(self) -> Sheet:
        """Dates on packages."""
        sheet, font, y = Sheet(900, 420, self._one([(235, 235, 230), (190, 200, 210)])), self._one(self.han_fonts), 20
        date = f"2026{self._number(1, 13):02}{self._number(1, 29):02}"
        time = f"{self._number(10, 24)}:{self._number(10, 60)}"
        for text in (f"生产日期:{date}", f"合格 {time} A{self._number(1, 10)}", f"保质期{self._number(6, 36)}个月"):
            self._dots(sheet, (30, y), text, font, self._number(14, 17), self._number(4, 6), (40, 40, 60))
            y += 130
        return sheet

    def panel(self) -> Sheet:
        """What an instrument shows, in figures of seven bars that do not touch."""
        light, dark = (160, 175, 150), (30, 35, 30)
        ground, ink = self._one([(light, dark), (dark, (240, 60, 50)), (dark, (70, 220, 240))])
        sheet, size, han = Sheet(700, 420, ground), self._number(50, 90), self._font(self.han_fonts)(26)
        values = f"{self.rng.uniform(15, 40):.1f}", f"{self._number(20, 91)}", f"{self._number(0, 24):02}:30"
        for number, (name, value) in enumerate(zip(("温度", "湿度", "时间"), values, strict=True)):
            y = 40 + 130 * number
            sheet.text(30, y + size, name, han, ink)
            self._barred(sheet, (170, y), value, size, ink)
        return sheet

    def _barred(self, sheet: Sheet, at: tuple[float, float], text: str, size: int, ink: Ink) -> None:
        """Figures ``size`` pixels high, from their left top, a point or a colon between them."""
        (x, y), wide, thick, lean = at, 0.52 * size, size / 9, 0.09 * size
        apart = self.rng.uniform(0.12, 0.3) * thick

        def place(across: float, down: float) -> tuple[float, float]:
            return x + across + lean * (1 - down / size), y + down

        for char in text:
            if not char.isdigit():
                for down in (size - thick,) if char == "." else (0.3 * size, 0.65 * size):
                    square = (0, down), (thick, down), (thick, down + thick), (0, down + thick)
                    sheet.draw.polygon([place(*one) for one in square], ink)
                x += 2.2 * thick
                continue
            for bar in BARS[int(char)]:
                level = "agd".find(bar)
                if level >= 0:
                    middle = (level * (size - thick) + thick) / 2
                    start, end, half = apart + thick / 2, wide - apart - thick / 2, thick / 2
                    outline = [(start, middle), (start + half, middle - half), (end - half, middle - half),
                               (end, middle), (end - half, middle + half), (start + half, middle + half)]  # fmt: skip
                else:
                    middle, low = thick / 2 if bar in "ef" else wide - thick / 2, bar in "ec"
                    start = low * (size - thick) / 2 + thick / 2 + apart
                    end, half = start + (size - thick) / 2 - 2 * apart, thick / 2
                    outline = [(middle, start), (middle + half, start + half), (middle + half, end - half),
                               (middle, end), (middle - half, end - half), (middle - half, start + half)]  # fmt: skip
                sheet.draw.polygon([place(*one) for one in outline], ink)
            x += wide + 1.6 * thick
        corners = (at[0], y), (x + lean, y), (x + lean, y + size), (at[0], y + size)
        sheet.lines.append((text, np.array(corners, np.float32)))
