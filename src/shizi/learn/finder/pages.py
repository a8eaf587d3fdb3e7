"""Whole training pages: a layout seen straight on, photographed on a scene, among others, or none at all."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from shizi.learn.finder.adverts import Adverts
from shizi.learn.finder.grounds import Grounds, clutter
from shizi.learn.finder.hands import Hands
from shizi.learn.finder.ink import Scribe
from shizi.learn.finder.layouts import Layouts
from shizi.learn.finder.sheet import Sheet
from shizi.learn.synth.text import Random

SIDES = (640, 960)
"""Shortest and longest side of a page, pixels."""


class PageMaker:
    """Composes pages; ``kinds`` are the weighed ways to do so, each a function of width and height."""

    def __init__(self, scribe: Scribe, grounds: Grounds) -> None:
        self.layouts, self.grounds = Layouts(scribe, grounds), grounds
        lay = self.layouts
        hands = Hands(lay)
        self.kinds: list[tuple[float, Callable[[Random, int, int], Sheet]]] = [
            (0.14, lay.document),
            (0.08, self.photographed(lay.document)),
            (0.08, lay.receipt),
            (0.08, self.photographed(lay.receipt)),
            (0.08, lay.screen),
            (0.14, lay.poster),
            (0.2, Adverts(lay).advert),
            (0.08, lay.label),
            (0.14, self.street),
            (0.04, self.cars),
            (0.07, hands.page),
            (0.03, self.photographed(hands.page)),
            (0.02, hands.manuscript),
            (0.02, self.photographed(hands.manuscript)),
            (0.05, lay.book),
            (0.1, self.nothing),
        ]

    def page(self, rng: Random) -> Sheet:
        """One page with its lines."""
        self.layouts.scribe.fonts.next_page(rng)
        weights = np.array([weight for weight, _ in self.kinds])
        kind = self.kinds[int(rng.choice(len(self.kinds), p=weights / weights.sum()))][1]
        width, height = (int(v) for v in rng.integers(SIDES[0], SIDES[1] + 1, 2))
        return kind(rng, width, height).cropped()

    def photographed(self, layout: Callable[[Random, int, int], Sheet]) -> Callable[[Random, int, int], Sheet]:
        """The layout as a sheet that lies on a scene, seen from aside."""

        def page(rng: Random, width: int, height: int) -> Sheet:
            scene = self.grounds.scene(rng, width, height)
            flat = layout(rng, int(width * rng.uniform(0.8, 1.1)), int(height * rng.uniform(0.8, 1.1)))
            self._laid(rng, scene, flat, float(rng.uniform(0.75, 1.1)))
            return scene

        return page

    def street(self, rng: Random, width: int, height: int) -> Sheet:
        """Boards and lone words on a scene, each in its own perspective."""
        scene = self.grounds.scene(rng, width, height)
        for _ in range(int(rng.integers(1, 7))):
            wide = int(np.exp(rng.uniform(np.log(80), np.log(0.9 * width))))
            high = max(24, int(wide * rng.uniform(0.15, 0.8)))
            board = Sheet(np.full((high, wide), rng.uniform(0, 255), np.float32))
            if rng.random() < 0.5:
                board.grey = self.grounds.surface(rng, wide, high)
            for _ in range(int(rng.integers(1, 6))):
                self.layouts.display.show(rng, board, int(np.exp(rng.uniform(np.log(10), np.log(max(12, 0.8 * high))))))
            self._laid(rng, scene, board, wide / width, loose=True)
        for _ in range(int(rng.choice((0, 0, 1, 3)))):
            self.layouts.display.show(rng, scene, int(np.exp(rng.uniform(np.log(10), np.log(height / 4)))))
        return scene

    def cars(self, rng: Random, width: int, height: int) -> Sheet:
        """Number plates on a scene."""
        scene = self.grounds.scene(rng, width, height)
        for _ in range(int(rng.choice((1, 1, 1, 2)))):
            self._laid(rng, scene, self.layouts.plate(rng), float(np.exp(rng.uniform(np.log(0.08), np.log(0.6)))))
        if rng.random() < 0.3:
            self.layouts.display.show(rng, scene, int(rng.uniform(10, 30)))
        return scene

    def nothing(self, rng: Random, width: int, height: int) -> Sheet:
        """No text."""
        if rng.random() < 0.2:
            return Sheet(self.grounds.paper(rng, width, height))
        scene = self.grounds.scene(rng, width, height)
        for _ in range(int(rng.integers(0, 6))):
            clutter(rng, scene)
        return scene

    def _laid(self, rng: Random, scene: Sheet, sheet: Sheet, share: float, *, loose: bool = False) -> None:
        """Lay a sheet, ``share`` of the scene's width wide, turned and in perspective."""
        width, height = scene.size
        ratio = sheet.size[1] / sheet.size[0]
        wide = share * width
        if wide * ratio > 1.15 * height:
            wide = 1.15 * height / ratio
        half = np.array((wide, wide * ratio)) / 2
        corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * half
        corners *= 1 + rng.normal(0, 0.09 if loose else 0.04, (4, 2))
        corners += rng.normal(0, 0.05 if loose else 0.02, (4, 2)) * half.min()
        turn = np.radians(rng.normal(0, 9 if loose else 5))
        corners = corners @ np.array([(np.cos(turn), np.sin(turn)), (-np.sin(turn), np.cos(turn))])
        room = np.maximum(0, np.array((width, height)) / 2 - half)
        middle = np.array((width, height)) / 2 + rng.uniform(-1, 1, 2) * room
        scene.lay(sheet, (corners + middle).tolist(), shadow=float(rng.choice((0, 0.3, 0.6))))
