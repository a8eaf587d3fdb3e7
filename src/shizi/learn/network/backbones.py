"""Backbones: (N, 1, 32, W) strips -> (N, C, 2, W / 4) maps, a column every four pixels.

All take the height to two rows and keep them apart, so that :class:`~shizi.learn.network.collapse.Collapse` knows the
upper half of a character from the lower one: a mean over the map does not learn to read hanzi at all.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn


def conv_bn(inner: int, outer: int, stride: int | tuple[int, int] = 1, kernel: int = 3) -> nn.Sequential:
    """Convolution with its padding, batch norm."""
    return nn.Sequential(
        nn.Conv2d(inner, outer, kernel, stride, kernel // 2, bias=False),
        nn.BatchNorm2d(outer),
    )


class Vgg(nn.Module):
    """The plain stack of Shi, Bai & Yao 2015 (table 1), narrowed by ``widths``, its last pooling left to Collapse."""

    def __init__(self, widths: Sequence[int], depths: Sequence[int]) -> None:
        super().__init__()
        self.channels = widths[3]
        strides = ((2, 2), (2, 2), (2, 1), (2, 1))
        layers: list[nn.Module] = []
        inner = 1
        for width, depth, stride in zip(widths, depths, strides, strict=True):
            for _ in range(depth):
                layers += [conv_bn(inner, width), nn.ReLU(inplace=True)]
                inner = width
            layers.append(nn.MaxPool2d(stride, stride))
        self.layers = nn.Sequential(*layers)

    def forward(self, strips: Tensor) -> Tensor:
        """(N, 1, 32, W) -> (N, C, 2, W / 4)."""
        return self.layers(strips)  # type: ignore[no-any-return]


class ResBlock(nn.Module):
    """Two 3x3 convolutions beside a shortcut (He et al. 2016, fig. 2)."""

    def __init__(self, inner: int, outer: int, stride: tuple[int, int] = (1, 1), middle: int = 0) -> None:
        super().__init__()
        self.first = conv_bn(inner, middle or outer, stride)
        self.second = conv_bn(middle or outer, outer)
        plain = inner == outer and stride == (1, 1)
        self.shortcut = nn.Identity() if plain else conv_bn(inner, outer, stride, kernel=1)

    def forward(self, x: Tensor) -> Tensor:
        """(N, I, H, W) -> (N, O, H / s, W / s)."""
        return torch.relu(self.second(torch.relu(self.first(x))) + self.shortcut(x))


class ResNet(nn.Module):
    """A strided stem and three stages of residual blocks.

    ``middles`` are the channels between the two convolutions of each block; without, those of its stage. ``stem`` is
    the stem's stride down and along: higher strips take longer steps, and leave as many columns.
    """

    def __init__(
        self,
        widths: Sequence[int],
        depths: Sequence[int],
        middles: Sequence[int] = (),
        stem: tuple[int, int] = (2, 2),
    ) -> None:
        super().__init__()
        self.channels = widths[3]
        middle = iter(middles or [0] * sum(depths))
        kernel = 3 if max(stem) == 2 else 5
        layers: list[nn.Module] = [conv_bn(1, widths[0], stem, kernel), nn.ReLU(inplace=True)]
        layers += [ResBlock(widths[0], widths[0], middle=next(middle)) for _ in range(depths[0])]
        inner = widths[0]
        for width, depth, stride in zip(widths[1:], depths[1:], ((2, 2), (2, 1), (2, 1)), strict=True):
            for index in range(depth):
                layers.append(ResBlock(inner, width, stride if index == 0 else (1, 1), next(middle)))
                inner = width
        self.layers = nn.Sequential(*layers)

    def forward(self, strips: Tensor) -> Tensor:
        """(N, 1, 32, W) -> (N, C, 2, W / 4)."""
        return self.layers(strips)  # type: ignore[no-any-return]


class ConvNextBlock(nn.Module):
    """Depthwise 7x7, norm, widen fourfold, GELU, narrow, scaled residual (Liu et al. 2022, fig. 4).

    Batch norm stands for the paper's layer norm: it costs nothing at inference, where it melts into the convolution.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.branch = nn.Sequential(
            nn.Conv2d(width, width, 7, padding=3, groups=width, bias=False),
            nn.BatchNorm2d(width),
            nn.Conv2d(width, 4 * width, 1),
            nn.GELU(),
            nn.Conv2d(4 * width, width, 1),
        )
        self.scale = nn.Parameter(torch.full((width, 1, 1), 0.1))

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> the same."""
        return x + self.scale * self.branch(x)  # type: ignore[no-any-return]


class ConvNext(nn.Module):
    """ConvNeXt's stages, narrowed for lines: the stem and the steps between stages are strided convolutions."""

    def __init__(self, widths: Sequence[int], depths: Sequence[int]) -> None:
        super().__init__()
        self.channels = widths[3]
        layers: list[nn.Module] = []
        inner = 1
        for width, depth, stride in zip(widths, depths, ((2, 2), (2, 2), (2, 1), (2, 1)), strict=True):
            layers.append(conv_bn(inner, width, stride))
            layers += [ConvNextBlock(width) for _ in range(depth)]
            inner = width
        self.layers = nn.Sequential(*layers)

    def forward(self, strips: Tensor) -> Tensor:
        """(N, 1, 32, W) -> (N, C, 2, W / 4)."""
        return self.layers(strips)  # type: ignore[no-any-return]
