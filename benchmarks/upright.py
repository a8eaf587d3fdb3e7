"""Pages of vertical text: prose as in old books, articles of laws, scrolls, the spines of books, menus."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from sheets import BLACK, WHITE, Font, Ink, Maker, Sheet

MARKS, BRACKETS = "，。、", "（）《》"
FIGURES = "一二三四五六七八九"
RED: Ink = (150, 30, 20)


class Upright(Maker):
    """Kinds of pages whose lines run downwards."""

    def _down(
        self, sheet: Sheet, at: tuple[float, float], text: str, font: Font, pitch: float, ink: Ink = BLACK
    ) -> float:
        """Write characters below one another, the middle of the first one's head ``at``. Returns where they end.

        Stops and commas stand at the right top of their cells, brackets lie.
        """
        (x, y), size = at, font.size
        for number, char in enumerate(text):
            top = y + number * pitch
            if char in MARKS:
                sheet.text(x + 0.12 * size, top + 0.35 * size, char, font, ink, told=False)
            elif char in BRACKETS:
                glyph = Image.new("L", (round(size), round(size)))
                ImageDraw.Draw(glyph).text((0, 0.88 * size), char, 255, font, "ls")
                sheet.picture.paste(ink, (round(x - size / 2), round(top)), glyph.rotate(-90))
            else:
                sheet.text(x, top + 0.88 * size, char, font, ink, "ms", told=False)
        end, half = y + len(text) * pitch, size / 2
        corners = (x - half, y), (x + half, y), (x + half, end), (x - half, end)
        sheet.lines.append((text, np.array(corners, np.float32)))
        return end

    def _han(self, most: int, marks: str = "") -> str:
        """The hanzi of a sentence, its marks too if so wished."""
        text = "".join(char for char in self._one(self.prose) if "一" <= char <= "鿿" or char in marks)
        return text[:most]

    def _number_of(self) -> str:
        tens = self._one(FIGURES) + "十" + self._one(FIGURES)
        return self._one((self._one(FIGURES), tens, "一百" + tens))

    def prose_down(self) -> Sheet:
        """Sentences in columns from the right."""
        sheet, size = Sheet(1100, 900), self._number(18, 34)
        font, pitch, x = self._font(self.han_fonts)(size), size * self.rng.uniform(1.0, 1.25), 1040.0
        apart, count = size * self.rng.uniform(1.5, 2.1), int(820 / pitch)
        while x > 60:
            text = self._han(200, MARKS)
            for start in range(0, len(text), count):
                column = text[start : start + count].lstrip(MARKS)
                if len(column) > 1 and x > 60:
                    self._down(sheet, (x, 40), column, font, pitch)
                    x -= apart
        return sheet

    def articles(self) -> Sheet:
        """第一百二十三条 and what it is about, set loosely; 一 and 二 are mostly white."""
        sheet, size = Sheet(900, 900, (250, 245, 230)), self._number(22, 36)
        font, pitch, x = self._font(self.han_fonts)(size), size * self.rng.uniform(1.0, 1.2), 840.0
        while x > 60:
            self._down(sheet, (x, 50), f"第{self._number_of()}条" + self._name(3), font, pitch)
            x -= 1.8 * size
        return sheet

    def chapters(self) -> Sheet:
        """Numbers and titles in brackets before sentences."""
        sheet, font, x = Sheet(900, 800, (250, 250, 245)), self._font(self.han_fonts)(28), 840.0
        while x > 60:
            heads = "二零二六年", f"（{self._one(FIGURES)}）", f"《{self._name(1)}》", f"第{self._number_of()}章"
            head = self._one(heads)
            self._down(sheet, (x, 50), head + self._han(8), font, 31)
            x -= 53
        return sheet

    def scroll(self) -> Sheet:
        """A few large columns, and a small one of who wrote them."""
        sheet, size = Sheet(600, 1000, (245, 235, 210)), self._number(48, 70)
        font, x = self._font(self.han_fonts)(size), 500.0
        for _ in range(4):
            self._down(sheet, (x, 80), self._han(7), font, 1.15 * size)
            x -= 1.5 * size
        who = "丙午年" + self._name(2) + "书"
        self._down(sheet, (max(40.0, x + 20), 500), who, self._font(self.han_fonts)(24), 30)
        return sheet

    def spines(self) -> Sheet:
        """Books side by side: title, author, publisher."""
        sheet, x = Sheet(1100, 700, (90, 60, 40)), 40.0
        while x < 1040:
            wide = self._number(46, 80)
            cover = self._number(20, 240), self._number(20, 240), self._number(20, 240)
            sheet.draw.rectangle((x, 30, x + wide - 4, 680), fill=cover)
            ink = WHITE if sum(cover) < 380 else BLACK
            size = min(0.55 * wide, self._number(26, 42))
            large, small = self._font(self.han_fonts)(size), self._font(self.han_fonts)(0.6 * size)
            middle = x + wide / 2 - 2
            end = self._down(sheet, (middle, 60), self._name(3)[:7], large, 1.15 * size, ink)
            self._down(sheet, (middle, end + 50), self._name(1) + "著", small, 0.72 * size, ink)
            self._down(sheet, (middle, 560), self._name(1) + "社", small, 0.72 * size, ink)
            x += wide
        return sheet

    def menu_down(self) -> Sheet:
        """Dishes between rules, and what they cost below."""
        sheet, face, x = Sheet(1000, 700, (250, 240, 220)), self._font(self.han_fonts), 920.0
        while x > 60:
            sheet.draw.line((x + 38, 40, x + 38, 660), (150, 60, 40), 2)
            self._down(sheet, (x, 60), self._name(2), face(30), 34)
            price = self._one(FIGURES) + "十" + self._one(FIGURES) + "元"
            self._down(sheet, (x, 480), price, face(24), 28, RED)
            x -= 78
        return sheet
