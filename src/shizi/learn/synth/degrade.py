"""From clean ink to a photograph or a scan: contrast, texture, rules, blur, noise, JPEG, each line with its own lot.

All of it is tensor code that never asks the device for a value, so it runs where the network trains, beside it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from shizi.learn.synth.scale import scaled


@dataclass(frozen=True)
class Level:
    """How much is done. Shares of the lines, or strengths."""

    weight: float = 0.5
    """Share of lines whose strokes are made bolder or thinner."""
    contrast: float = 0.6
    """How far the grey of ink and ground may lie from black on white."""
    ground: float = 0.5
    """Share on an uneven ground (gradient, shadow, texture)."""
    rules: float = 0.12
    """Share with a rule below, above or beside the text, or through it."""
    neighbour: float = 0.15
    """Share with strokes of the lines above and below at the edges."""
    broken: float = 0.2
    """Share whose ink is broken or dotted."""
    blur: float = 0.5
    """Share that is out of focus or moved."""
    small: float = 0.35
    """Share that was small and is scaled up."""
    noise: float = 0.5
    """Share with grain."""
    jpeg: float = 0.3
    """Share compressed as JPEG."""
    inverse: float = 0.2
    """Share of light text on dark ground."""
    raster: float = 0.15
    """Share in few dots, black or white, as receipt printers and fax machines put them."""
    fade: float = 0.12
    """Share whose ink pales here and there, as thermal print does."""
    stamp: float = 0.05
    """Share with a piece of a round stamp across, paler than the text."""
    moire: float = 0.06
    """Share photographed off a screen, whose grid beats with the camera's."""
    outline: float = 0.12
    """Share with a rim around the letters, as on signs and packages."""
    shadow: float = 0.08
    """Share that throws a shadow, paler than the ink."""


CLEAN = Level(0.2, 0.1, 0.0, 0.0, 0.0, 0.0, 0.1, 0.1, 0.0, 0.0, 0.1, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
MILD = Level(0.4, 0.4, 0.3, 0.06, 0.08, 0.1, 0.35, 0.25, 0.3, 0.2, 0.15, 0.08, 0.06, 0.03, 0.03, 0.03, 0.03)
HARD = Level()
LEVELS = {"clean": CLEAN, "mild": MILD, "degraded": HARD}


class Degrader:
    """Applies a level; ``grounds`` are (B, H, W) uint8 pictures of surfaces, or none."""

    def __init__(self, grounds: Tensor | None = None) -> None:
        self.grounds = grounds

    def __call__(self, ink: Tensor, level: Level) -> Tensor:
        """(N, 1, 32, W) ink in [0, 1] -> (N, 1, 32, W) grey in [0, 255], float32."""
        ink = _weight(ink, level.weight)
        ink = _shadow(ink, level.shadow)
        ink = _neighbour(ink, level.neighbour)
        ink = _rules(ink, level.rules)
        ink = _broken(ink, level.broken)
        ink = _raster(ink, level.raster)
        ink = _fade(ink, level.fade)
        ink = _stamp(ink, level.stamp)
        ink = _outline(ink, level.outline)
        ink = _small(ink, level.small)
        ink = _blur(ink, level.blur)
        grey = _moire(self._print(ink, level), level.moire)
        grey = _grain(grey, level.noise).clamp(0, 255)
        return _jpeg(grey, level.jpeg)

    def _print(self, ink: Tensor, level: Level) -> Tensor:
        """Grey ink on a grey ground, uneven for some."""
        n, _, height, width = ink.shape
        device = ink.device
        ground = 255 - 200 * level.contrast * _uniform(n, device) ** 2
        gap = (255 - 215 * level.contrast * _uniform(n, device)) / 255
        uneven = torch.zeros(n, 1, height, width, device=device)
        which = _chosen(n, level.ground, device)
        if level.ground:
            x = torch.linspace(-1, 1, width, device=device).view(1, 1, 1, -1)
            y = torch.linspace(-1, 1, height, device=device).view(1, 1, -1, 1)
            slope = 40 * (_uniform(n, device) - 0.5) * x + 25 * (_uniform(n, device) - 0.5) * y
            edge = torch.sigmoid((x + 0.4 * y * (_uniform(n, device) - 0.5) - 2 * _uniform(n, device) + 1) * 15)
            shadow = -70 * _uniform(n, device) * edge * _chosen(n, 0.3, device)
            uneven = (slope + shadow + self._texture(n, height, width, device)) * which
        # Ink is at least as visible as the ground is uneven, or nobody could read the line.
        depth = (ground * gap).clamp(min=25) + 1.2 * uneven.abs().amax(dim=(1, 2, 3), keepdim=True).clamp(max=60)
        own = 1 - 0.3 * _uniform(n, device) * ink
        grey = ground + uneven - depth.clamp(max=235) * ink * own
        low = torch.minimum(grey.amin(dim=(1, 2, 3), keepdim=True), torch.zeros(1, device=device))
        grey = grey - low
        inverse = _chosen(n, level.inverse, device)
        return torch.where(inverse > 0, 255 - grey, grey)

    def _texture(self, n: int, height: int, width: int, device: torch.device) -> Tensor:
        """(N, 1, H, W) unevenness of a surface, about zero."""
        if self.grounds is None:
            coarse = torch.randn(n, 1, 6, max(4, width // 6), device=device)
            return 12 * scaled(coarse, height, width, "bicubic") * _uniform(n, device)
        b, h, w = self.grounds.shape
        zoom = float(torch.empty(()).uniform_(0.5, 2.0))
        rows, columns = min(h, round(height * zoom)), min(w, round(width * zoom))
        which = torch.randint(b, (n, 1, 1), device=device)
        tops = torch.randint(h - rows + 1, (n, 1, 1), device=device) + torch.arange(rows, device=device).view(1, -1, 1)
        lefts = torch.randint(w - columns + 1, (n, 1, 1), device=device) + torch.arange(columns, device=device)
        crops = scaled(self.grounds[which, tops, lefts].unsqueeze(1).float(), height, width)
        centred = crops - crops.mean(dim=(2, 3), keepdim=True)
        spread = centred.std(dim=(1, 2, 3), keepdim=True).clamp(min=1)
        return centred / spread.clamp(min=8) * 22 * _uniform(n, device)


def _uniform(n: int, device: torch.device) -> Tensor:
    return torch.rand(n, 1, 1, 1, device=device)


def _chosen(n: int, share: float, device: torch.device) -> Tensor:
    return (torch.rand(n, 1, 1, 1, device=device) < share).float()


def _weight(ink: Tensor, share: float) -> Tensor:
    """Bolder or thinner by part of a pixel: a blend with the 3x3 maximum or minimum."""
    n = ink.shape[0]
    amount = (2 * _uniform(n, ink.device) - 1) * _chosen(n, share, ink.device)
    bold = F.max_pool2d(ink, 3, 1, 1)
    thin = -F.max_pool2d(-ink, (1, 2), 1, 0)
    thin = F.pad(thin, (0, 1))
    return torch.where(amount > 0, ink + amount * 0.8 * (bold - ink), ink - amount * 0.7 * (thin - ink))


def _outline(ink: Tensor, share: float) -> Tensor:
    """Letters of two inks, as on signs and packages: a rim around them, and within it more ink, less, or light.

    Ink below 0 is lighter than the ground.
    """
    n, _, height, _ = ink.shape
    rimmed = ink.clone()
    for wide, members in enumerate(_parted(n, share, 2, ink.device), start=1):
        letters = ink[members]
        few = len(members)
        rim = F.max_pool2d(letters, 2 * wide + 1, 1, wide) - letters
        lot = torch.rand(few, 1, 1, 1, device=ink.device)
        hollow, halo = lot < 0.45, lot > 0.7
        fill = torch.where(hollow, 0.9 * _uniform(few, ink.device) - 0.6, torch.ones_like(lot))
        edge = torch.where(hollow, torch.ones_like(lot), 0.2 + 0.4 * _uniform(few, ink.device))
        edge = torch.where(halo, -0.3 - 0.7 * _uniform(few, ink.device), edge)
        down = torch.linspace(0, 1, height, device=ink.device).view(1, 1, -1, 1)
        shine = 1 - 0.6 * _uniform(few, ink.device) * _chosen(few, 0.4, ink.device) * down
        rimmed[members] = letters * fill * shine + rim * edge
    return rimmed


def _shadow(ink: Tensor, share: float) -> Tensor:
    """The letters again, paler, up to three pixels to the left or right and below."""
    made = ink.clone()
    for members in _parted(len(ink), share, 3, ink.device):
        x, y = int(torch.randint(1, 4, ())), int(torch.randint(1, 4, ()))
        x = x if torch.rand(()) < 0.7 else -x
        moved = F.pad(ink[members], (max(x, 0), max(-x, 0), y, 0))
        moved = moved[..., : ink.shape[2], max(-x, 0) :][..., : ink.shape[3]]
        made[members] = torch.maximum(ink[members], moved * (0.15 + 0.5 * _uniform(len(members), ink.device)))
    return made


def _neighbour(ink: Tensor, share: float) -> Tensor:
    """Feet of the line above or heads of the line below, cut by the strip's edge."""
    n = ink.shape[0]
    other = torch.roll(ink, 1, 0)
    height = ink.shape[2]
    for direction in (1, -1):
        move = int(torch.randint(height - 7, height - 2, ()))
        moved = torch.zeros_like(ink)
        if direction > 0:
            moved[:, :, move:] = other[:, :, : height - move]
        else:
            moved[:, :, : height - move] = other[:, :, move:]
        ink = torch.maximum(ink, moved * _chosen(n, share, ink.device))
    return ink


def _rules(ink: Tensor, share: float) -> Tensor:
    """A thin line across: mostly at the edges of the strip as in tables, rarely through the text."""
    n, _, height, width = ink.shape
    device = ink.device
    through = _uniform(n, device) < 0.15
    edge = torch.where(_uniform(n, device) < 0.35, 3 * _uniform(n, device), height - 1 - 4 * _uniform(n, device))
    row = torch.where(through, height * _uniform(n, device), edge)
    y = torch.arange(height, device=device).view(1, 1, -1, 1)
    x = torch.arange(width, device=device).view(1, 1, 1, -1)
    away = (y - row - 0.02 * x * (_uniform(n, device) - 0.5)).abs()
    across = (1 - away / (0.5 + 0.7 * _uniform(n, device))).clamp(min=0)
    ink = torch.maximum(ink, across * _chosen(n, share, device) * (0.4 + 0.6 * _uniform(n, device)))
    upright = (1 - (x - 3 * _uniform(n, device)).abs()).clamp(min=0)
    return torch.maximum(ink, upright * _chosen(n, share * 0.4, device))


def _broken(ink: Tensor, share: float) -> Tensor:
    """Worn print: holes of a coarse noise, or the dots of a needle printer."""
    n, _, height, width = ink.shape
    device = ink.device
    coarse = torch.rand(n, 1, height // 2, max(2, width // 2), device=device)
    fine = scaled(coarse, height, width)
    worn = ink * (fine + 0.9 - 0.6 * _uniform(n, device)).clamp(0, 1)
    dots = torch.zeros(1, 1, 2, 2, device=device)
    dots[..., 0, 0] = 1
    dots[..., 1, 0] = dots[..., 0, 1] = 0.55
    dotted = ink * dots.repeat(1, 1, height // 2, width // 2 + 1)[..., :width]
    kind = torch.rand(n, 1, 1, 1, device=device)
    return torch.where(kind < share * 0.75, worn, torch.where(kind < share, dotted, ink))


def _raster(ink: Tensor, share: float) -> Tensor:
    """Few dots a line, each with ink or without; a dot is higher than wide, or wider than high."""
    n, _, height, width = ink.shape
    made = ink.clone()
    for members in _parted(n, share, 4, ink.device):
        rows = int(torch.randint(12, 26, ()))
        columns = max(4, round(width * rows / height * float(torch.empty(()).uniform_(0.8, 1.6))))
        dots = scaled(ink[members], rows, columns, antialias=True)
        level = 0.2 + 0.35 * _uniform(len(members), ink.device)
        dots = torch.sigmoid((dots - level) * (8 + 20 * _uniform(len(members), ink.device)))
        mode = "nearest" if torch.rand(()) < 0.6 else "bilinear"
        made[members] = scaled(dots, height, width, mode)
    return made


def _fade(ink: Tensor, share: float) -> Tensor:
    """Ink that pales along the line, down to an eighth."""
    n, _, height, width = ink.shape
    field = torch.rand(n, 1, 3, max(3, width // 40), device=ink.device)
    field = scaled(field, height, width, "bicubic")
    pale = (0.1 + 1.6 * field * _uniform(n, ink.device)).clamp(0.12, 1)
    return torch.where(_chosen(n, share, ink.device) > 0, ink * pale, ink)


def _stamp(ink: Tensor, share: float) -> Tensor:
    """A part of a ring whose middle lies on the line or near it; red ink is half as dark in grey."""
    n, _, height, width = ink.shape
    device = ink.device
    y = torch.arange(height, device=device).view(1, 1, -1, 1)
    x = torch.arange(width, device=device).view(1, 1, 1, -1)
    radius = height * (0.5 + 1.5 * _uniform(n, device))
    away = torch.hypot(x - width * _uniform(n, device), y - height * (2 * _uniform(n, device) - 0.5))
    ring = (1.5 - (away - radius).abs() / (0.8 + 1.5 * _uniform(n, device))).clamp(0, 1)
    return torch.maximum(ink, ring * _chosen(n, share, device) * (0.15 + 0.4 * _uniform(n, device)))


def _moire(grey: Tensor, share: float) -> Tensor:
    """Waves of light and dark of two directions, 2 to 20 pixels long."""
    n, _, height, width = grey.shape
    device = grey.device
    y = torch.arange(height, device=device).view(1, 1, -1, 1)
    x = torch.arange(width, device=device).view(1, 1, 1, -1)
    waves = torch.zeros_like(grey)
    for _ in range(2):
        turn, length = 3.1416 * _uniform(n, device), 2 * 10 ** _uniform(n, device)
        waves = waves + torch.sin(6.2832 / length * (x * torch.cos(turn) + y * torch.sin(turn)) + 6.2832 * turn)
    return grey + 14 * _uniform(n, device) * waves * _chosen(n, share, device)


def _parted(n: int, share: float, groups: int, device: torch.device) -> list[Tensor]:
    """Indices of ``share`` of n lines, in ``groups`` by lot; none is empty. Drawn here: their number is needed here."""
    chosen = torch.rand(n) < share
    group = torch.randint(groups, (n,))
    members = [(chosen & (group == index)).nonzero(as_tuple=True)[0] for index in range(groups)]
    return [one.to(device) for one in members if len(one)]


def _small(ink: Tensor, share: float) -> Tensor:
    """Scaled down and up again, which is what a small picture looks like at height 32."""
    n, _, height, width = ink.shape
    made = ink.clone()
    for members in _parted(n, share, 3, ink.device):
        factor = float(torch.empty(()).uniform_(1.2, 2.6))
        size = (max(8, round(height / factor)), max(4, round(width / factor)))
        small = scaled(ink[members], *size, antialias=True)
        mode = "bicubic" if torch.rand(()) < 0.7 else "bilinear"
        made[members] = scaled(small, height, width, mode).clamp(-1, 1)
    return made


def _blur(ink: Tensor, share: float) -> Tensor:
    """Out of focus: a 5x5 Gaussian of each line's own width; or moved along the line."""
    n, _, height, width = ink.shape
    device = ink.device
    sigma = (0.3 + 1.1 * _uniform(n, device) ** 1.5) * _chosen(n, share, device) + 0.05
    moved = _chosen(n, share * 0.25, device)
    place = torch.arange(-2, 3, device=device).float().view(1, 1, 1, -1)
    kernel = torch.exp(-(place**2) / (2 * sigma**2))
    along = torch.where(moved > 0, torch.ones_like(kernel), kernel)
    across = kernel / kernel.sum(-1, keepdim=True)
    along = along / along.sum(-1, keepdim=True)
    flat = F.pad(ink.view(1, n, height, width), (2, 2, 2, 2), mode="replicate")
    flat = F.conv2d(flat, across.view(n, 1, 5, 1), groups=n)
    return F.conv2d(flat, along.view(n, 1, 1, 5), groups=n).view(n, 1, height, width)


def _grain(grey: Tensor, share: float) -> Tensor:
    n = grey.shape[0]
    strength = 22 * _uniform(n, grey.device) ** 2 * _chosen(n, share, grey.device)
    return grey + strength * torch.randn_like(grey)


def _jpeg(grey: Tensor, share: float) -> Tensor:
    """What JPEG loses at a quality of 15 to 80: cosines of 8 x 8 pixels are rounded (ITU-T T.81, annexes A and K)."""
    made = grey
    for members in _parted(len(grey), share, 1, grey.device):
        few, _, height, width = grey[members].shape
        quality = torch.randint(15, 81, (few, 1, 1, 1), device=grey.device).float()
        scale = torch.where(quality < 50, 5000 / quality, 200 - 2 * quality)
        steps = (LUMINANCE.to(grey.device) * scale / 100 + 0.5).floor().clamp(1, 255)
        turn = COSINES.to(grey.device)
        whole = F.pad(grey[members], (0, -width % 8, 0, -height % 8), mode="replicate").round() - 128
        blocks = whole.unfold(2, 8, 8).unfold(3, 8, 8).squeeze(1)  # (N, rows, columns, 8, 8)
        kept = (blocks.reshape(*blocks.shape[:3], 64) @ turn.T / steps).round() * steps
        back = (kept @ turn + 128).round().clamp(0, 255).view(blocks.shape)
        made = grey.clone()
        made[members] = back.transpose(2, 3).reshape(whole.shape)[..., :height, :width]
    return made


def _cosines() -> Tensor:
    """(64, 64) rows of the discrete cosine transform of a block of 8 x 8."""
    rows = torch.arange(8).view(-1, 1)
    along = torch.cos((2 * torch.arange(8) + 1) * rows * math.pi / 16) / 2
    along[0] /= math.sqrt(2)
    return torch.kron(along, along)


COSINES = _cosines()
LUMINANCE = torch.tensor(
    [
        [16, 11, 10, 16, 24, 40, 51, 61],
        [12, 12, 14, 19, 26, 58, 60, 55],
        [14, 13, 16, 24, 40, 57, 69, 56],
        [14, 17, 22, 29, 51, 87, 80, 62],
        [18, 22, 37, 56, 68, 109, 103, 77],
        [24, 35, 55, 64, 81, 104, 113, 92],
        [49, 64, 78, 87, 103, 121, 120, 101],
        [72, 92, 95, 98, 112, 100, 103, 99],
    ],
    dtype=torch.float32,
).flatten()
"""Steps that the cosines of grey are rounded to at quality 50 (T.81, table K.1)."""
