"""Batches of made lines with their truth: text, and where each character's middle is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from shizi.clean import even
from shizi.learn.synth.atlas import Atlas
from shizi.learn.synth.compose import HEIGHT, Composer, Layout
from shizi.learn.synth.degrade import Degrader, Level
from shizi.learn.synth.even import evened
from shizi.learn.synth.rows import LONE, PLAIN, PLATE, SQUARED, Random, Row, Style, form_of, layout
from shizi.learn.synth.scale import scaled
from shizi.learn.synth.text import Sampler, plate
from shizi.read.charset import Charset
from shizi.settings import CleanSettings

HAN_FONT = 2000
"""A font with so many hanzi is one for Chinese text; the others serve letters and digits."""
LEADERS = ".…·-_=*—~"
"""Signs that are put in rows to lead the eye or to be written on."""
GROUND = 0.5
"""Value of the padding right of a line: white."""


@dataclass
class Batch:
    """N strips and their truth. Columns are told as if all strips were 32 rows high, whatever they are."""

    strips: Tensor
    """(N, 1, H, W * H / 32) float32 in [-0.5, 0.5]; H is 32 but for networks that take other strips."""
    widths: NDArray[np.int64]
    """(N,) columns that belong to the line."""
    labels: list[list[int]]
    """Classes of each line's characters."""
    centres: list[NDArray[np.float32]] | None = None
    """Column of each character's middle; None for real lines."""
    grey: Tensor | None = None
    """The pictures before preprocessing, uint8, of the strips' size; None for real lines."""

    @property
    def pictures(self) -> NDArray[np.uint8]:
        """``grey``, on the CPU; ValueError where there is none."""
        if self.grey is None:
            raise ValueError("real lines have no pictures of before preprocessing")
        pixels: NDArray[np.uint8] = self.grey.cpu().numpy()
        return pixels

    @classmethod
    def joined(cls, parts: Sequence[Batch]) -> Batch:
        """One batch of the lines of several, all of one width and all made."""
        centres = [place for part in parts for place in part.centres or []]
        greys = [part.grey for part in parts if part.grey is not None]
        return cls(
            torch.cat([part.strips for part in parts]),
            np.concatenate([part.widths for part in parts]),
            [label for part in parts for label in part.labels],
            centres or None,
            torch.cat(greys) if greys else None,
        )


@dataclass
class Plan:
    """Lines that are laid out, and not drawn yet: small enough to be sent from one process to another."""

    layout: Layout
    width: int
    """Columns of the strips."""
    widths: NDArray[np.int64]
    """(N,) columns that belong to each line."""
    labels: list[list[int]]
    """Classes of each line's characters."""
    middles: list[NDArray[np.float32]]
    """Column of each character's middle."""


class LineMaker:
    """Makes batches from an atlas, a sampler and a degrader. ``weights`` (F,) say how often each font is taken.

    Lines are drawn and degraded in ``drawn`` rows and brought to strips of ``height`` rows before they are evened out.
    """

    def __init__(
        self,
        atlas: Atlas,
        charset: Charset,
        sampler: Sampler,
        degrader: Degrader,
        *,
        weights: Sequence[float] | None = None,
        device: torch.device | None = None,
        clean: CleanSettings | None = None,
        drawn: int = HEIGHT,
        height: int = HEIGHT,
    ) -> None:
        self.height = height
        self.atlas, self.charset, self.sampler, self.degrader = atlas, charset, sampler, degrader
        self.device = device or torch.device("cpu")
        self.clean = clean or CleanSettings()
        self.composer = Composer(torch.from_numpy(atlas.pictures).to(self.device), drawn)
        hanzi = np.array([ord(char) >= 0x3400 for char in charset.chars])
        counts = (atlas.table[:, 1:][:, hanzi] >= 0).sum(axis=1)
        share = np.asarray(weights if weights is not None else np.ones(len(atlas.names)), dtype=np.float64)
        ascii_classes = [c for c in charset.encode(charset.known("aeimnrtAERS0123456789")) if c]
        latin = (atlas.table[:, ascii_classes] >= 0).all(axis=1)
        self.limit = min(HAN_FONT, max(1, int(hanzi.sum()) // 2))
        self.han_fonts = np.flatnonzero(counts >= self.limit)
        self.latin_fonts = np.flatnonzero((counts < self.limit) & latin)
        if not len(self.latin_fonts):
            self.latin_fonts = np.flatnonzero(latin)
        if not len(self.latin_fonts):  # none has all letters: each gives what it has
            self.latin_fonts = np.arange(len(atlas.names))
        if not len(self.han_fonts):
            self.han_fonts = self.latin_fonts
        self.han_share = share[self.han_fonts] / share[self.han_fonts].sum()
        self.hands = np.flatnonzero([name.startswith("hand-") for name in atlas.names])
        self.dots = frozenset(charset.encode(charset.known(LEADERS)))
        self.is_latin = np.array([False] + [char.isascii() for char in charset.chars])

    def move(self, device: torch.device) -> None:
        """Draw on ``device`` from now on."""
        self.device = device
        self.composer.glyphs = self.composer.glyphs.to(device)
        if self.degrader.grounds is not None:  # another maker's degrader stays where it is
            self.degrader = Degrader(self.degrader.grounds.to(device))

    def lines(self, rng: Random, count: int, width: int, level: Level, style: Style) -> Batch:
        """``count`` lines that fill strips up to ``width`` columns."""
        return self.drawn(self.plan(rng, count, width, style), level)

    def plan(self, rng: Random, count: int, width: int, style: Style) -> Plan:
        """Lay out ``count`` lines for strips of ``width`` columns: what takes long, one line after the other."""
        rows = [self._line(rng, width, style) for _ in range(count)]
        widths = np.array([row.width for row in rows], dtype=np.int64)
        told = [row.told(self.dots) for row in rows]
        labels = [[row.classes[i] for i in said] for row, said in zip(rows, told, strict=True)]
        middles = [row.middles[said] for row, said in zip(rows, told, strict=True)]
        return Plan(layout(rng, rows, style), width, widths, labels, middles)

    def drawn(self, plan: Plan, level: Level) -> Batch:
        """The lines of a plan in ink, degraded: tensor code for all lines at once, on the maker's device."""
        strips, grey = self._draw(plan.layout, plan.width, plan.widths, level)
        return Batch(strips, plan.widths, plan.labels, plan.middles, grey)

    def characters(self, rng: Random, count: int, level: Level, style: Style) -> Batch:
        """``count`` square strips with one character in the middle and parts of others beside it.

        The classes are uniform over the alphabet: the middle character is what counts.
        """
        rows = [self._character(rng, style) for _ in range(count)]
        widths = np.full(count, HEIGHT, dtype=np.int64)
        strips, grey = self._draw(layout(rng, rows, style), HEIGHT, widths, level)
        return Batch(strips, widths, [row.classes for row in rows], None, grey)

    def _draw(
        self, layout: Layout, width: int, widths: NDArray[np.int64], level: Level
    ) -> tuple[Tensor, Tensor]:
        """(N, 1, H, W) strips, by the runtime's own preprocessing, padded with white; (N, H, W) grey pictures."""
        grey = self.degrader(self.composer.draw(layout.to(self.device), width), level)
        if self.height != self.composer.rows:
            grey = scaled(grey, self.height, width * self.height // HEIGHT, antialias=True)
        grey, widths = grey[:, 0].clamp(0, 255).round(), widths * self.height // HEIGHT
        pixels = grey.to(torch.uint8)
        if self.device.type != "cpu":
            of = torch.from_numpy(widths).to(self.device)
            inside = torch.arange(grey.shape[2], device=self.device) < of.view(-1, 1, 1)
            strips = torch.where(inside, evened(grey, of, self.clean) / 255 - 0.5, GROUND)
            return strips.unsqueeze(1), pixels
        made = np.full(pixels.shape, GROUND, dtype=np.float32)
        for index, columns in enumerate(widths):
            strip = np.ascontiguousarray(pixels[index, :, :columns].numpy())
            made[index, :, :columns] = even(strip, self.clean).astype(np.float32) / 255.0 - 0.5
        return torch.from_numpy(made).unsqueeze(1), pixels

    def _fonts(self, rng: Random, classes: NDArray[np.int64], form: str = PLAIN) -> NDArray[np.int32]:
        """(K,) glyphs: hanzi in one font, letters in the same or in a Latin one; -1 where the font lacks them."""
        han = int(rng.choice(self.han_fonts, p=self.han_share))
        by_hand = 0.6 if form == SQUARED else 0.4 if len(classes) <= LONE else 0.0
        if len(self.hands) and rng.random() < by_hand:
            han = int(rng.choice(self.hands))
        latin = int(rng.choice(self.latin_fonts))
        letters = self.is_latin[classes]
        glyphs: NDArray[np.int32] = self.atlas.table[han, classes]
        if rng.random() < (0.8 if letters.all() else 0.35):
            glyphs = np.where(letters, self.atlas.table[latin, classes], glyphs)
        lacking = letters & (glyphs < 0)
        return np.where(lacking, self.atlas.table[latin, classes], glyphs).astype(np.int32)

    def _line(self, rng: Random, width: int, style: Style) -> Row:
        form = form_of(rng, style)
        while True:
            length = int(rng.integers(max(2, width // 20), max(4, width // 9)))
            text = plate(rng) if form == PLATE else self.sampler(rng, length)
            text = self.charset.known(text).replace(" ", "") if form == SQUARED else self.charset.known(text)
            classes = np.array(self.charset.encode(text), dtype=np.int64)
            glyphs = self._fonts(rng, classes, form)
            narrow = form == PLAIN and rng.random() < 0.25 and bool(self.is_latin[classes].all())
            kept = classes[glyphs >= 0], glyphs[glyphs >= 0]
            row = Row.laid_out(rng, self.atlas, *kept, width, style, form, narrow=narrow)
            if row is not None:
                return row
            if form == PLATE:  # it does not fit, or the alphabet has none of its characters
                form = PLAIN

    def _character(self, rng: Random, style: Style) -> Row:
        while True:
            classes = rng.integers(1, self.charset.size, 5)
            near = np.flatnonzero(self.is_latin)
            if rng.random() < 0.3 and len(near):  # letters and digits come in words
                classes[[0, 1, 3, 4]] = rng.choice(near, 4)
            glyphs = self._fonts(rng, classes)
            if glyphs[2] < 0 or self.charset.chars[classes[2] - 1] == " ":
                continue
            keep = glyphs >= 0
            if rng.random() < style.alone:
                keep[[0, 1, 3, 4]] = False
            row = Row.laid_out(rng, self.atlas, classes[keep], glyphs[keep], 10_000, style, PLAIN)
            if row is not None:
                at = int(keep[:2].sum())
                return row.centred(at, HEIGHT / 2 + float(rng.uniform(-2.5, 2.5)))
