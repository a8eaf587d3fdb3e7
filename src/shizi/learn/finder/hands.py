"""Pages written by hand: on blank, ruled or squared paper, and a character a cell on paper made for that."""

from __future__ import annotations

import cv2

from shizi.learn.finder.ink import Face, apart, bent, celled
from shizi.learn.finder.layouts import Layouts, drawn_size
from shizi.learn.finder.sheet import Sheet
from shizi.learn.synth.text import Random


class Hands:
    """Writes with the fonts of ``layouts`` that look written by hand."""

    def __init__(self, layouts: Layouts) -> None:
        self.layouts, self.scribe, self.grounds = layouts, layouts.scribe, layouts.grounds

    def page(self, rng: Random, width: int, height: int) -> Sheet:
        """On blank, ruled or squared paper, the squares no matter where the characters stand."""
        sheet = Sheet(self.grounds.paper(rng, width, height))
        size = drawn_size(rng, 16, 60)
        pitch = size * float(rng.uniform(1.15, 2.2))
        rule, ink = float(rng.uniform(120, 230)), float(rng.uniform(0, 130))
        kind, margin = rng.random(), float(rng.uniform(0.02, 0.12) * width)
        phase = size * float(rng.uniform(0, 0.4))
        for row in range(int(height / pitch) + 1):
            at = int(row * pitch + size * 1.1 + phase)
            if kind < 0.65:
                cv2.line(sheet.grey, (0, at), (width, at), rule, int(rng.choice((1, 1, 2))))
        if kind < 0.2:
            for column in range(int(width / pitch) + 1):
                cv2.line(sheet.grey, (int(column * pitch), 0), (int(column * pitch), height), rule, 1)
        face = self.scribe.fonts.pick(rng, hand=True)
        # characters may stand further apart than rows: rules, margins and the rest of the row say what is one line
        wild, spacing = float(rng.uniform(0.3, 1.3)), float(rng.choice((0, 0, 0.1, 0.3, 0.7, 1.1)))
        y = size * 0.2
        while y + size < height:
            x = margin
            for _ in range(int(rng.choice((0, 1, 1, 1, 1, 2)))):
                room = width - x - margin / 2
                if room < 2 * size:
                    break
                most = max(1, int(room / size / (1 + spacing) * (0.9 if face.chinese else 1.7)))
                length = most if rng.random() < 0.5 else int(rng.integers(1, most + 1))
                drawn = apart(face, size, self.scribe.text(rng, face, length), rng, spacing=spacing, wild=wild)
                if rng.random() < 0.3:
                    drawn = bent(drawn, float(rng.normal(0, 0.3)) * size)
                sheet.put(drawn, x, y + float(rng.normal(0, 0.04)) * size, ink)
                x += drawn.mask.shape[1] + size * (1.2 + 1.5 * spacing + float(rng.exponential(2)))
            y += pitch
        return sheet

    def manuscript(self, rng: Random, width: int, height: int) -> Sheet:
        """A character a cell, as far apart along a row as the rows are from one another, or almost."""
        sheet = Sheet(self.grounds.paper(rng, width, height))
        cell = float(drawn_size(rng, 22, 90))
        pitch = cell * (1 + float(rng.choice((0, 0, 0.1, 0.25, 0.5))))
        size = max(14, int(cell * rng.uniform(0.5, 0.9)))
        left, top = float(rng.uniform(0.02, 0.15) * width), float(rng.uniform(0, 0.15) * height)
        columns, rows = int((width - left) / cell), int((height - top) / pitch)
        self._cells(rng, sheet, (left, top, cell, pitch), columns, rows)
        face, wild = self.scribe.fonts.pick(rng, hand=True, chinese=True), float(rng.uniform(0.3, 1.3))
        ink, row = float(rng.uniform(0, 130)), int(rng.integers(0, 3))
        while row < rows:
            for line in range(int(rng.integers(1, 7))):  # a paragraph, its first row indented, its last one short
                if row >= rows:
                    break
                first = 2 if line == 0 and rng.random() < 0.8 else 0
                room = columns - first
                if room < 1:
                    return sheet
                length = room if rng.random() < 0.7 else int(rng.integers(1, room + 1))
                drawn = celled(face, size, self._prose(rng, face, length), rng, cell=cell, wild=wild)
                low, high = drawn.outline[0], drawn.outline[2]
                y = top + row * pitch + (cell - float(high[1] - low[1])) / 2
                sheet.put(drawn, left + first * cell + float(low[0]), y, ink)
                row += 1
            row += int(rng.choice((0, 0, 0, 1, 2)))
        return sheet

    def _prose(self, rng: Random, face: Face, length: int) -> str:
        """So many characters of the font, or a few less, without blanks."""
        sampler, text = self.scribe.sampler, ""
        for _ in range(8):
            text += face.known((sampler.prose(rng) if sampler.chinese else sampler(rng, length)).replace(" ", ""))
            if len(text) >= length:
                break
        return text[:length] or "一"

    def _cells(
        self, rng: Random, sheet: Sheet, place: tuple[float, float, float, float], columns: int, rows: int
    ) -> None:
        """Rules around the cells, or between the rows alone, or none; ``place`` is left, top, cell and pitch."""
        left, top, cell, pitch = place
        kind, rule, thick = rng.random(), float(rng.uniform(60, 230)), int(rng.choice((1, 1, 2)))
        right, bottom = int(left + columns * cell), int(top + (rows - 1) * pitch + cell)
        if kind > 0.85:
            return
        for row in range(rows):
            upper, lower = int(top + row * pitch), int(top + row * pitch + cell)
            cv2.line(sheet.grey, (int(left), upper), (right, upper), rule, thick)
            cv2.line(sheet.grey, (int(left), lower), (right, lower), rule, thick)
            for column in range(columns + 1 if kind < 0.7 else 0):
                at = int(left + column * cell)
                cv2.line(sheet.grey, (at, upper), (at, lower), rule, thick)
        if rng.random() < 0.4:
            cv2.rectangle(sheet.grey, (int(left) - 3, int(top) - 3), (right + 3, bottom + 3), rule, thick + 1)
