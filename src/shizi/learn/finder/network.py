"""The line finder's network: a small residual backbone, a feature pyramid, maps at half of the page's size.

DBNet (Liao et al. 2020) in its parts: features of strides 4 to 32 are added together at stride 4 (Lin et al. 2017), and
from them come the probability of a line's kernel and the threshold. The maps are made at stride 2 by sub-pixel
convolution (Shi et al. 2016), as small print is only a few pixels high. A third map says where text runs downwards.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn

from shizi.errors import SettingsError
from shizi.learn.toml import built

STRIDE = 32
"""Sides of the pages it is given are multiples of this, pixels."""
CELL = 2
"""Side of the square that one value of a map stands for, pixels."""


@dataclass(frozen=True)
class FinderConfig:
    """Sizes. ``widths``: channels of the stem and at strides 4, 8, 16, 32; ``depths``: residual blocks at these."""

    widths: tuple[int, ...] = (16, 24, 48, 96, 160)
    depths: tuple[int, ...] = (1, 1, 2, 2)
    pyramid: int = 32
    head: int = 24

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> FinderConfig:
        """From a recipe or a checkpoint; SettingsError for an unknown key, or a wrong kind or count."""
        made = built(cls, values, "network")
        if len(made.widths) != 5 or len(made.depths) != 4:
            raise SettingsError("network: widths are five numbers, depths four")
        return made

    def to_dict(self) -> dict[str, Any]:
        """The inverse of :meth:`from_dict`."""
        return asdict(self)


def _conv(into: int, out: int, size: int = 3, stride: int = 1) -> nn.Sequential:
    conv = nn.Conv2d(into, out, size, stride, size // 2, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(out), nn.ReLU(inplace=True))


class _Block(nn.Module):
    """Residual block of two 3x3 convolutions (He et al. 2016)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = _conv(width, width)
        self.second = nn.Sequential(nn.Conv2d(width, width, 3, padding=1, bias=False), nn.BatchNorm2d(width))

    def forward(self, features: Tensor) -> Tensor:
        return torch.relu(features + self.second(self.first(features)))


class Finder(nn.Module):
    """(N, 1, H, W) grey pages in [-0.5, 0.5], H and W multiples of 32 -> (N, 3, H / 2, W / 2) logits.

    The maps are kernel, direction (positive where text runs downwards) and threshold. :meth:`forward` gives all three;
    :meth:`answer` what is exported: the probabilities of the first two.
    """

    def __init__(self, config: FinderConfig) -> None:
        super().__init__()
        stem, *widths = config.widths
        self.stem = nn.Sequential(_conv(1, stem, stride=2), _conv(stem, widths[0], stride=2))
        self.stages = nn.ModuleList()
        for index, (width, depth) in enumerate(zip(widths, config.depths, strict=True)):
            down = [] if index == 0 else [_conv(widths[index - 1], width, stride=2)]
            self.stages.append(nn.Sequential(*down, *(_Block(width) for _ in range(depth))))
        self.lateral = nn.ModuleList(nn.Conv2d(width, config.pyramid, 1) for width in widths)
        # what the deepest features see as one is the size of a page: its mean tells paper from street
        self.head = _conv(config.pyramid, config.head)
        self.out = nn.Conv2d(config.head, 3 * CELL * CELL, 1)
        self.smooth = nn.ModuleList(_conv(config.pyramid, config.pyramid) for _ in widths[1:])
        self.shuffle = nn.PixelShuffle(CELL)
        nn.init.constant_(self.out.bias, -2.0)  # type: ignore[arg-type]

    def forward(self, pages: Tensor) -> Tensor:
        """See the class."""
        features = self.stem(pages)
        levels = []
        for stage, lateral in zip(self.stages, self.lateral, strict=True):
            features = stage(features)
            levels.append(lateral(features))
        merged = levels.pop()
        for level, smooth in zip(reversed(levels), reversed(self.smooth), strict=True):
            merged = level + nn.functional.interpolate(smooth(merged), scale_factor=2.0, mode="nearest")
        maps: Tensor = self.shuffle(self.out(self.head(merged)))
        return maps

    def answer(self, pages: Tensor) -> Tensor:
        """(N, 2, H / 2, W / 2) probabilities: kernel, text that runs downwards."""
        return torch.sigmoid(self.forward(pages)[:, :2])
