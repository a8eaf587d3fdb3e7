"""Display type: a line somewhere on a sheet, in boxes, rims, shadows, shine, half transparent, aslant or bent."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from shizi.learn.finder.grounds import Grounds
from shizi.learn.finder.ink import Drawn, Scribe, apart, bent, downwards, level, tilted
from shizi.learn.finder.sheet import Sheet
from shizi.learn.synth.text import Random


class Display:
    """Sets lines of a scribe, textures from grounds."""

    def __init__(self, scribe: Scribe, grounds: Grounds) -> None:
        self.scribe, self.grounds = scribe, grounds

    def show(self, rng: Random, sheet: Sheet, size: int) -> None:
        """Try to put one line of display type somewhere free."""
        face = self.scribe.fonts.pick(rng, hand=bool(rng.random() < 0.15))
        width, height = sheet.size
        if rng.random() < 0.2:
            face = self.scribe.fonts.pick(rng, chinese=True)
            text = self.scribe.text(rng, face, max(1, min(9, int(0.9 * height / size / 1.1))))
            drawn = downwards(face, size, text.replace(" ", "") or "一", rng, pitch=float(rng.uniform(0.95, 1.4)))
        else:
            most = max(1, min(14, int(0.95 * width / size * (1 if face.chinese else 1.8))))
            text = self.scribe.text(rng, face, int(rng.integers(1, most + 1)))
            kind = rng.random()
            if kind < 0.2:
                drawn = apart(face, size, text, rng, spacing=float(rng.uniform(0, 0.6)))
            elif kind < 0.3:
                drawn = bent(level(face, size, text), float(rng.normal(0, 0.8)) * size)
            else:
                drawn = level(face, size, text, stroke=int(size * rng.choice((0, 0, 0.02, 0.05))))
            if rng.random() < 0.08:
                drawn = tilted(drawn, float(rng.choice((-1, 1)) * rng.uniform(8, 60)))
        w, h = np.ptp(drawn.outline, axis=0)
        for _ in range(6):
            x, y = float(rng.uniform(0, max(1, width - w))), float(rng.uniform(0, max(1, height - h)))
            if sheet.free((x, y, x + w, y + h), 0.25 * size):
                self.paint(rng, sheet, drawn, x, y)
                return

    def paint(self, rng: Random, sheet: Sheet, drawn: Drawn, x: float, y: float) -> None:
        """Put a line of display type at (x, y): on a box, rimmed, shaded, shining, half transparent, by lot."""
        w, h = np.ptp(drawn.outline, axis=0)
        x0, y0, x1, y1 = int(x), int(y), int(x + w) + 1, int(y + h) + 1
        ground = float(np.median(sheet.grey[max(0, y0) : y1, max(0, x0) : x1]))
        if rng.random() < 0.3:
            pad = drawn.em * float(rng.uniform(0.1, 0.4))
            ground = float(rng.uniform(0, 255))
            corners = (int(x0 - pad), int(y0 - pad)), (int(x1 + pad), int(y1 + pad))
            cv2.rectangle(sheet.grey, *corners, ground, -1 if rng.random() < 0.8 else 2)
        low = drawn.outline.min(axis=0)
        corner = int(x - low[0]), int(y - low[1])
        if rng.random() < 0.12:  # a watermark: what it lies on shows through
            alpha = float(rng.uniform(0.3, 0.8))
            pale = (drawn.mask * alpha).astype(np.uint8)
            sheet.put(replace(drawn, mask=pale), x, y, other(rng, ground, min(200, 40 / alpha)))
            return
        ink = other(rng, ground, 40)
        soft = int(max(1, drawn.em * rng.uniform(0.02, 0.1)))
        kind, rim = rng.random(), other(rng, ink, 70)
        if kind < 0.2:  # a second rim around the first
            self._rim(sheet, drawn, corner, 2 * soft, other(rng, rim, 70))
        if kind < 0.45:
            self._rim(sheet, drawn, corner, soft, rim)
        elif kind < 0.6:  # a shadow
            sheet.blend(drawn.mask, corner[0] + soft, corner[1] + soft, rim)
        kind = rng.random()
        if kind < 0.15:  # a texture
            part = self.grounds.surface(rng, drawn.mask.shape[1], drawn.mask.shape[0])
            sheet.put(drawn, x, y, np.clip(ink + (part - 128) * 0.4, 0, 255))
            return
        if kind < 0.3:  # a gradient, as on gold and steel
            ends = np.clip(ink + rng.normal(0, 60, int(rng.integers(2, 5))), 0, 255).astype(np.float32)
            shine = cv2.resize(ends[:, None], drawn.mask.shape[::-1], interpolation=cv2.INTER_LINEAR)
            sheet.put(drawn, x, y, np.asarray(shine, np.float32))
            return
        sheet.put(drawn, x, y, ink)

    def _rim(self, sheet: Sheet, drawn: Drawn, corner: tuple[int, int], wide: int, ink: float) -> None:
        """Ink around the letters, ``wide`` pixels."""
        brush = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * wide + 1,) * 2)
        mask = np.asarray(cv2.dilate(np.pad(drawn.mask, wide), brush), np.uint8)
        sheet.blend(mask, corner[0] - wide, corner[1] - wide, ink)


def other(rng: Random, grey: float, least: float) -> float:
    """A grey at least ``least`` away from ``grey``, or as far as there is room."""
    lower, upper = grey - least, 255 - grey - least
    if rng.random() * (max(0, lower) + max(0, upper)) < max(0, lower):
        return float(rng.uniform(0, max(1, lower)))
    return float(rng.uniform(min(254, grey + least), 255)) if upper > 0 else float(max(0, grey - least))
