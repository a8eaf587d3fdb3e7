"""How a line is laid out: what form it has, how large its characters are, where each stands and how it is bent."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from shizi.learn.synth.atlas import CENTRE, PEN, Atlas
from shizi.learn.synth.compose import HEIGHT, Layout

Random = np.random.Generator

LONE = 2
"""Texts no longer than this are often lone characters of a form, a seal, a practice sheet."""
BENDS = (0.05, 0.06, 0.08, 0.08, 0.08, 0.08)
"""How far a character goes its own way in writing by hand, as :attr:`Layout.bends` counts it; standard deviations."""
LEADER = 3
"""Beyond so many of one of them, how many they are means nothing."""
APART = 10.0
"""Least pixels between two signs of such a row that are both in the truth: two steps of the network, and some."""
PLAIN, SQUARED, PLATE, SIGN = "plain", "squared", "plate", "sign"
"""Forms of a line: print or writing; one character a square; a licence plate; a sign seen askew."""


@dataclass(frozen=True)
class Style:
    """How freely lines are laid out."""

    loose: float = 1.0
    """Strength of tilt, waves, elastic and slant; 0 is print straight from the computer."""
    hand: float = 0.25
    """Share of lines whose characters each move on their own, as a hand moves them."""
    cut: float = 0.15
    """Share of lines cropped so tight that strokes at the edges are lost."""
    squared: float = 0.0
    """Share of lines written into the squares of a form."""
    plates: float = 0.0
    """Share of licence plates."""
    scene: float = 0.0
    """Share of lines that stand askew in their strip, and narrow or wide, as signs do."""
    alone: float = 0.0
    """Share of single characters without parts of others beside them."""


@dataclass
class Row:
    """One line laid out, lengths in strip pixels."""

    classes: list[int]
    glyphs: NDArray[np.int32]
    starts: NDArray[np.float32]
    ends: NDArray[np.float32]
    cells: NDArray[np.float32]
    scales: NDArray[np.float32]
    shifts: NDArray[np.float32]
    bends: NDArray[np.float32]
    left: float
    middle: float
    width: int
    aspect: float
    tilt: float
    taper: float
    rule: float
    frame: tuple[float, float, float, float, float, float]

    @property
    def middles(self) -> NDArray[np.float32]:
        """Column of each character's middle in the strip."""
        return ((self.starts + self.ends) / 2 + self.left).astype(np.float32)

    def told(self, dots: frozenset[int]) -> NDArray[np.int64]:
        """Which characters are the truth: all, but of a dense row of one of the signs ``dots`` as many as fit.

        CTC needs a step of its own for each, and one between two of a kind; a denser row could not be learned at all.
        """
        told: list[int] = []
        middles, run = self.middles, 0
        for index, cls in enumerate(self.classes):
            run = run + 1 if index and cls == self.classes[index - 1] else 1
            dense = run > LEADER and cls in dots and middles[index] - middles[told[-1]] < APART
            if not dense:
                told.append(index)
        return np.array(told, dtype=np.int64)

    @classmethod
    def laid_out(
        cls,
        rng: Random,
        atlas: Atlas,
        classes: NDArray[np.int64],
        glyphs: NDArray[np.int32],
        width: int,
        style: Style,
        form: str,
        *,
        narrow: bool = False,
    ) -> Row | None:
        """Size by the ink, as a finder's box is; spacing and margins; cut to ``width``. None if nothing is left.

        ``narrow`` squeezes the letters as the fonts of receipt printers are.
        """
        if not len(glyphs):
            return None
        tops, bottoms = atlas.tops[glyphs], atlas.bottoms[glyphs]
        ink = max(6.0, float(bottoms.max() - tops.min()))
        fill = _fill(rng, style, form, len(glyphs))
        size = min(HEIGHT * fill / ink, 1.45 if rng.random() < 0.5 else 1.1)
        hand = rng.random() < style.hand and form != PLATE
        free = float(rng.uniform(0.3, 2)) if hand else 0.0  # some write evenly, some do not
        own = rng.normal(0, 0.05, len(glyphs)) * free
        scales = (size * np.exp(own)).astype(np.float32)
        aspect = float(rng.uniform(0.5, 0.95)) if narrow else _aspect(rng, style, form, len(glyphs))
        spacing = size * (rng.uniform(-1.5, 3) if rng.random() < 0.75 else rng.uniform(2, 14))
        stretch = float(np.exp(rng.normal(0, 0.09))) if style.loose else 1.0
        advances = np.maximum(2.0, atlas.advances[glyphs] * scales * aspect + spacing) * stretch
        if form == SQUARED:
            advances = np.full(len(glyphs), HEIGHT * fill * rng.uniform(0.95, 1.5))
        elif form == PLATE:
            advances = np.full(len(glyphs), size * aspect * rng.uniform(24, 30) + rng.uniform(0, 3))
            if len(glyphs) > 2 and bottoms[2] - tops[2] < HEIGHT / 3:  # the dot, unless the font lacks it
                advances[2] *= rng.uniform(0.35, 0.7)
        elif hand:
            advances = np.maximum(2.0, advances + rng.normal(0, 1.2, len(glyphs)) * free)
        margin = rng.uniform(0, 6) if rng.random() < 0.8 else rng.uniform(0, 24)
        left = float(margin if rng.random() >= style.cut else rng.uniform(-2, 1))
        ends = np.cumsum(advances)
        keep = int(np.searchsorted(ends, width - left - 1, side="right"))
        if form == PLATE and keep < len(glyphs):
            return None
        blank = np.array([atlas.tops[g] == atlas.bottoms[g] for g in glyphs[:keep]], dtype=bool)
        while keep and blank[keep - 1]:  # a blank at the end cannot be seen
            keep -= 1
        if not keep:
            return None
        starts = np.concatenate(([0.0], ends[: keep - 1]))
        centre_row = (float(tops.min()) + float(bottoms.max())) / 2
        above = max(0.0, HEIGHT - ink * size) / 2
        middle = HEIGHT / 2 - 0.5 - (centre_row - CENTRE) * size + rng.uniform(-0.8, 0.8) * above
        right = rng.uniform(0, 6) if rng.random() < 0.8 else rng.uniform(0, 24)
        tilt = taper = rule = 0.0
        frame = (0.0,) * 6
        if form in (PLATE, SIGN):
            # as far as the line stays within the strip: its ends rise by what is free above and below
            most = min(0.2, 2 * above / max(float(ends[keep - 1]), HEIGHT))
            tilt, taper = most * float(rng.uniform(-1, 1)), float(rng.normal(0, 0.15))
            middle = HEIGHT / 2 - 0.5 - (centre_row - CENTRE) * size + float(rng.normal(0, 0.7))
        half = ink * size / 2
        if form == PLATE or (form == SIGN and rng.random() < 0.15):
            gaps = rng.uniform(1.0, 4.0, 4)
            dark = float(rng.uniform(0.3, 1)) if rng.random() < 0.8 else 0.0
            thick = float(rng.uniform(0.5, 2))
            frame = (-gaps[0], -half - gaps[1], float(ends[keep - 1]) + gaps[2], half + gaps[3], thick, dark)
        elif form == SQUARED:
            rule = float(rng.uniform(0.6, 1.8)) if rng.random() < 0.8 else 0.0
            side = float(max(half * rng.uniform(1.0, 1.25), HEIGHT * rng.uniform(0.35, 0.5)))
            frame = (-1.0, -side, float(ends[keep - 1]) + 1, side, rule or 1.0, float(rng.uniform(0.4, 1)))
        bends = np.clip(rng.normal(0, 1, (keep, len(BENDS))), -2, 2) * (free * np.array(BENDS))
        return cls(
            classes=[int(c) for c in classes[:keep]],
            glyphs=glyphs[:keep],
            starts=starts.astype(np.float32),
            ends=ends[:keep].astype(np.float32),
            cells=(PEN + atlas.advances[glyphs[:keep]] / 2).astype(np.float32),
            scales=scales[:keep],
            shifts=(rng.normal(0, 0.9, keep) * free).astype(np.float32),
            bends=bends.astype(np.float32),
            left=left,
            middle=float(middle),
            width=int(min(width, max(8, np.ceil(left + ends[keep - 1] + right)))),
            aspect=aspect,
            tilt=tilt,
            taper=taper,
            rule=rule,
            frame=frame,
        )

    def centred(self, index: int, column: float) -> Row:
        """The same line moved so that character ``index`` is in the middle of a square strip, and is its only truth."""
        self.left = column - float(self.starts[index] + self.ends[index]) / 2
        self.classes = [self.classes[index]]
        self.width = HEIGHT
        return self


def form_of(rng: Random, style: Style) -> str:
    """A lot among the forms."""
    lot = rng.random()
    for form, share in ((PLATE, style.plates), (SQUARED, style.squared), (SIGN, style.scene)):
        if lot < share:
            return form
        lot -= share
    return PLAIN


def _fill(rng: Random, style: Style, form: str, count: int) -> float:
    """Share of the strip's height that is ink; lone characters are cut out to their very edges, or have room around."""
    if count <= LONE and rng.random() < 0.7:
        return float(rng.uniform(0.88, 1.06) if rng.random() < 0.55 else rng.uniform(0.5, 0.8))
    if form == PLATE:
        return float(rng.uniform(0.5, 0.85))
    if form == SIGN:
        return float(rng.uniform(0.4, 0.85))
    if form == SQUARED:
        return float(rng.uniform(0.5, 0.85))
    fill = rng.uniform(0.66, 0.98) if rng.random() < 0.85 else rng.uniform(0.45, 0.7)
    return float(rng.uniform(0.98, 1.1) if rng.random() < style.cut else fill)


def _aspect(rng: Random, style: Style, form: str, count: int) -> float:
    """Plates are narrow; of signs some are narrow, some wide; print is as its font is, mostly.

    Lone characters are cut out at their ink: each has a width of its own, in handwriting most are narrow.
    """
    if form == PLATE:
        return float(rng.uniform(0.5, 1.0))
    if count <= LONE and style.loose and rng.random() < 0.6:
        return float(np.clip(np.exp(rng.normal(-0.2, 0.25)), 0.5, 1.5))
    spread = 0.22 if form == SIGN else 0.07 * (rng.random() < 0.4)
    return float(np.clip(np.exp(rng.normal(0, spread * bool(style.loose))), 0.55, 1.7))


def layout(rng: Random, rows: list[Row], style: Style) -> Layout:
    """Pad rows to the longest and draw the lots of each line as a whole."""
    n, k = len(rows), max(len(row.glyphs) for row in rows)

    def padded(name: str, fill: float, dtype: torch.dtype) -> Tensor:
        values = np.full((n, k), fill, dtype=np.float64)
        for index, row in enumerate(rows):
            part = getattr(row, name)
            values[index, : len(part)] = part
        return torch.from_numpy(values).to(dtype)

    ends = padded("ends", 1e6, torch.float32)
    bends = np.zeros((n, k, len(BENDS)), dtype=np.float32)
    for index, row in enumerate(rows):
        bends[index, : len(row.bends)] = row.bends
    loose = style.loose

    def lot(share: float, strength: float) -> NDArray[np.float32]:
        return (rng.normal(0, strength * loose, n) * (rng.random(n) < share)).astype(np.float32)

    widths = np.array([row.width for row in rows], dtype=np.float32)
    periods = rng.uniform(0.3, 1.5, n) * np.maximum(1, widths / 200)
    tilt = np.clip(lot(0.4, 0.018), -0.05, 0.05) + np.array([row.tilt for row in rows], dtype=np.float32)
    taper = lot(0.25, 0.1) + np.array([row.taper for row in rows], dtype=np.float32)
    waves = np.stack([np.abs(lot(0.25, 0.9)), periods, rng.uniform(0, 2 * np.pi, n)], axis=1)
    slant = np.clip(lot(0.35, 0.12) + (rng.random(n) < 0.06) * 0.22 * loose, -0.4, 0.45)
    return Layout(
        glyphs=padded("glyphs", -1, torch.int64),
        starts=padded("starts", 1e6, torch.float32),
        ends=ends,
        centres=padded("cells", 0, torch.float32),
        scales=padded("scales", 1, torch.float32),
        aspects=torch.tensor([row.aspect for row in rows], dtype=torch.float32),
        shifts=padded("shifts", 0, torch.float32),
        bends=torch.from_numpy(bends),
        lefts=torch.tensor([row.left for row in rows], dtype=torch.float32),
        middles=torch.tensor([row.middle for row in rows], dtype=torch.float32),
        slants=torch.from_numpy(slant.astype(np.float32)),
        tilts=torch.from_numpy(tilt),
        tapers=torch.from_numpy(taper),
        waves=torch.from_numpy(waves.astype(np.float32)),
        elastic=torch.from_numpy(np.abs(lot(0.35, 0.45))),
        widths=torch.from_numpy(widths),
        rules=torch.tensor([row.rule for row in rows], dtype=torch.float32),
        frames=torch.tensor([row.frame for row in rows], dtype=torch.float32),
    )
