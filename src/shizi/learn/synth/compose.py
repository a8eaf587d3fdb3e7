"""Whole batches of lines as tensors: for every pixel, which character is there and which part of its glyph.

The geometry of a line — place, size, slant, tilt, waves, elastic — is one mapping from pixels to the text's own
coordinates, so the glyphs are sampled once, bilinearly, whatever is done to them. Runs on any device.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from shizi.learn.synth.atlas import CELL, CENTRE, EM
from shizi.learn.synth.scale import scaled

HEIGHT = 32
"""Rows of a strip that layouts are told in; they may be drawn finer."""


@dataclass
class Layout:
    """Where the characters of N lines stand. Lengths are pixels of the strip; K is the longest line's characters."""

    glyphs: Tensor
    """(N, K) index into the atlas, -1 for none."""
    starts: Tensor
    """(N, K) left end of each character's advance, in the line's own coordinates; unused places repeat the end."""
    ends: Tensor
    """(N, K) right end."""
    centres: Tensor
    """(N, K) the column of the cell that belongs to the middle between start and end."""
    scales: Tensor
    """(N, K) strip pixels for one cell pixel."""
    aspects: Tensor
    """(N,) width of the characters for a height of 1, beside their own shape: condensed, wide, seen from the side."""
    shifts: Tensor
    """(N, K) each character's own move down."""
    bends: Tensor
    """(N, K, 6) each character's own turn (radians) and slant, and how its parts are out of proportion: towards one end
    and towards the middle, first along the line, then across; shares of the em square."""
    lefts: Tensor
    """(N,) column where the line's own coordinates begin."""
    middles: Tensor
    """(N,) row of the middle of an average hanzi, before tilt."""
    slants: Tensor
    """(N,) columns moved for each row above the middle."""
    tilts: Tensor
    """(N,) rows moved for each column."""
    tapers: Tensor
    """(N,) growth of the size over the line, share."""
    waves: Tensor
    """(N, 3) amplitude in rows, periods over the line, phase."""
    elastic: Tensor
    """(N,) strength of random bending, pixels."""
    widths: Tensor
    """(N,) columns of the strip that belong to the line; the rest is padding."""
    rules: Tensor
    """(N,) thickness of upright rules between the characters, as on squared paper; 0 for none."""
    frames: Tensor
    """(N, 6) frame around the line in its own coordinates: left, top, right, bottom, thickness (0 for none), darkness,
    which is the rules' too."""

    def to(self, device: torch.device) -> Layout:
        """The same on another device."""
        return Layout(**{f.name: getattr(self, f.name).to(device) for f in fields(self)})


class Composer:
    """Draws layouts with the glyphs of one atlas, in strips of ``rows`` rows, their columns as many times as many."""

    def __init__(self, pictures: Tensor, rows: int = HEIGHT) -> None:
        # A frame of zeros around each cell saves the test whether a tap falls outside.
        self.glyphs = F.pad(pictures, (1, 2, 1, 2)).reshape(-1)
        self.cell, self.rows = pictures.shape[1], rows
        self.side = self.cell + 3

    def put(self, glyphs: NDArray[np.int64], pictures: NDArray[np.uint8]) -> None:
        """Other (N, S, S) pictures for N glyphs."""
        cells, device = self.glyphs.view(-1, self.side, self.side), self.glyphs.device
        which = torch.from_numpy(glyphs).to(device)
        cells[which, 1 : self.cell + 1, 1 : self.cell + 1] = torch.from_numpy(pictures).to(device)

    def draw(self, layout: Layout, width: int) -> Tensor:
        """(N, 1, rows, width * rows / 32) float32 ink in [0, 1]."""
        u, v = self._own_coordinates(layout, width)
        n = u.shape[0]
        flat = u.reshape(n, -1)
        index = torch.searchsorted(layout.ends.contiguous(), flat.contiguous(), right=True)
        index = index.clamp_(max=layout.ends.shape[1] - 1)

        def of(values: Tensor) -> Tensor:
            return values.gather(1, index).view_as(u)

        glyph = of(layout.glyphs)
        there = (u >= of(layout.starts)) & (u < of(layout.ends)) & (glyph >= 0)
        x = u - (of(layout.starts) + of(layout.ends)) / 2
        y = v - of(layout.shifts)
        turn, slant = of(layout.bends[..., 0]), of(layout.bends[..., 1])
        scale = of(layout.scales)
        aspect = layout.aspects.view(n, 1, 1)
        columns = (x + (turn + slant) * y) / (scale * aspect)
        rows = (y - turn * x) / scale
        if bool((layout.bends[..., 2:] != 0).any()):
            columns = _bent(columns, of(layout.bends[..., 2]), of(layout.bends[..., 3]))
            rows = _bent(rows, of(layout.bends[..., 4]), of(layout.bends[..., 5]))
        columns, rows = columns + of(layout.centres), rows + CENTRE
        ink = self._sample(glyph.clamp(min=0), columns, rows) * there
        if bool((layout.frames[:, 4] > 0).any()) or bool((layout.rules > 0).any()):
            beside = torch.minimum(u - of(layout.starts), of(layout.ends) - u)
            ink = torch.maximum(ink, _lines(layout, u, v, torch.where(glyph >= 0, beside, 1e3)))
        return ink.unsqueeze(1)

    def _own_coordinates(self, layout: Layout, width: int) -> tuple[Tensor, Tensor]:
        """(N, rows, columns) column and row of each pixel in its line's coordinates."""
        device = layout.lefts.device
        n = layout.lefts.shape[0]

        def per_line(values: Tensor) -> Tensor:
            return values.view(n, 1, 1)

        fine = self.rows / HEIGHT
        columns = round(width * fine)
        x = ((torch.arange(columns, device=device, dtype=torch.float32) + 0.5) / fine - 0.5).view(1, 1, -1)
        y = ((torch.arange(self.rows, device=device, dtype=torch.float32) + 0.5) / fine - 0.5).view(1, -1, 1)
        extent = per_line(layout.widths.float())
        share = x / extent - 0.5
        amplitude, periods, phase = (per_line(layout.waves[:, i]) for i in range(3))
        v = y - per_line(layout.middles) - per_line(layout.tilts) * share * extent
        v = v + amplitude * torch.sin(2 * torch.pi * periods * share + phase)
        v = v * (1 + per_line(layout.tapers) * share)
        u = x - per_line(layout.lefts) + per_line(layout.slants) * v
        coarse = torch.randn(n, 2, 5, max(3, width // 8), device=device)
        noise = scaled(coarse, self.rows, columns, "bicubic")
        strength = per_line(layout.elastic)
        return u + noise[:, 0] * strength, v + noise[:, 1] * strength

    def _sample(self, glyph: Tensor, columns: Tensor, rows: Tensor) -> Tensor:
        """Bilinear taps; outside its cell a glyph has no ink."""
        if self.cell != CELL:
            grain = self.cell / CELL
            columns, rows = (columns + 0.5) * grain - 0.5, (rows + 0.5) * grain - 0.5
        columns = columns.clamp(-1, self.cell).add_(1)
        rows = rows.clamp(-1, self.cell).add_(1)
        left, top = columns.floor(), rows.floor()
        fx, fy = columns - left, rows - top
        base = glyph * (self.side * self.side) + (top * self.side + left).long()
        taps = [self.glyphs[base + step].float() for step in (0, 1, self.side, self.side + 1)]
        upper = taps[0] + (taps[1] - taps[0]) * fx
        lower = taps[2] + (taps[3] - taps[2]) * fx
        return (upper + (lower - upper) * fy) / 255.0


def _bent(places: Tensor, one_end: Tensor, middle: Tensor) -> Tensor:
    """Places from the middle of an em square, moved along an axis; its ends and what is beyond them stay."""
    turn = (torch.pi / EM * places + torch.pi / 2).clamp_(0, torch.pi)
    wave = torch.sin(turn)
    # sin 2x = 2 sin x cos x
    return places + EM / torch.pi * wave * (one_end + middle * torch.cos(turn))


def _lines(layout: Layout, u: Tensor, v: Tensor, beside: Tensor) -> Tensor:
    """(N, 32, W) ink of the frames, and of the rules where ``beside``, the way to the next boundary, is short."""
    left, top, right, bottom, thick, dark = (layout.frames[:, i].view(-1, 1, 1) for i in range(6))
    beyond = (u - (left + right) / 2).abs() - (right - left) / 2
    away = torch.maximum(beyond, (v - (top + bottom) / 2).abs() - (bottom - top) / 2)
    frame = (0.5 + thick / 2 - away.abs()).clamp(0, 1) * (thick > 0)
    rule = layout.rules.view(-1, 1, 1)
    upright = (0.5 + rule / 2 - beside.abs()).clamp(0, 1) * (rule > 0) * (away <= 0)
    return torch.maximum(frame, upright) * dark
