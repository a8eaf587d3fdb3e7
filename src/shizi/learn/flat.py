"""The same network with fewer products, for the weight file: where a map is two rows high, its rows are channels.

A 3x3 convolution over two rows multiplies a third of its kernel with the rows of zeros above and below. Over one row
of twice as many channels, a kernel of three columns does the same without them. The collapse, which slides along the
same map, is a convolution there as well, so that int8 covers it with the others and nothing is unfolded.

Nothing but the arithmetic's order changes; :mod:`shizi.learn.restore` takes either form.
"""

from __future__ import annotations

import copy
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.utils import fuse_conv_bn_eval

from shizi.learn.network import CRNN
from shizi.learn.network.backbones import ResBlock, ResNet
from shizi.learn.network.collapse import WINDOW, Collapse

ROWS = 2
"""Rows of the map that backbones end with."""


def flattened(model: CRNN) -> CRNN:
    """A copy of ``model`` in evaluation mode that computes the same; the model is left as it was."""
    made = copy.deepcopy(model).eval()
    if isinstance(made.backbone, ResNet):
        layers = made.backbone.layers
        blocks = {index: layer for index, layer in enumerate(layers) if isinstance(layer, ResBlock)}
        # two rows high are the last stage's first block behind its first convolution, and all of the others
        first = max(index for index, block in blocks.items() if cast(nn.Conv2d, block.first[0]).stride != (1, 1))
        for index, block in blocks.items():
            if index >= first:
                layers[index] = _FlatBlock(block, enters=index == first)
    made.add_module("collapse", _FlatCollapse(made.collapse))
    return made


@torch.no_grad()
def wide(kernel: Tensor) -> Tensor:
    """(O, I, 3, K) over two rows with zeros around them -> (2 O, 2 I, 1, K) over their channels, rows innermost."""
    outer, inner, _, columns = kernel.shape
    made = kernel.new_zeros(outer, ROWS, inner, ROWS, columns)
    for row in range(ROWS):
        for seen in range(ROWS):
            made[:, row, :, seen] = kernel[:, :, seen - row + 1]
    return made.reshape(outer * ROWS, inner * ROWS, 1, columns)


def _flat(x: Tensor) -> Tensor:
    """(N, C, 2, T) -> (N, 2 C, 1, T)."""
    return x.flatten(1, 2).unsqueeze(2)


@torch.no_grad()
def _flat_convolution(convolution: nn.Sequential) -> nn.Sequential:
    """A 3x3 convolution with its batch norm, in evaluation mode, as one of three columns."""
    melted = fuse_conv_bn_eval(cast(nn.Conv2d, convolution[0]), cast(nn.BatchNorm2d, convolution[1]))
    kernel = wide(melted.weight)
    made = nn.Conv2d(kernel.shape[1], kernel.shape[0], (1, 3), padding=(0, 1))
    made.weight.copy_(kernel)
    assert melted.bias is not None
    assert made.bias is not None
    made.bias.copy_(melted.bias.repeat_interleave(ROWS))
    return nn.Sequential(made)


class _FlatBlock(nn.Module):
    """A residual block of the last stage; the one that ``enters`` it takes four rows to two by itself."""

    def __init__(self, block: ResBlock, *, enters: bool) -> None:
        super().__init__()
        self.enters = enters
        self.first = block.first if enters else _flat_convolution(block.first)
        self.second = _flat_convolution(block.second)
        self.shortcut = block.shortcut

    def forward(self, x: Tensor) -> Tensor:
        """(N, 2 C, 1, T) -> the same; (N, I, 4, T) -> (N, 2 C, 1, T) where it enters."""
        first, beside = torch.relu(self.first(x)), self.shortcut(x)
        if self.enters:
            first, beside = _flat(first), _flat(beside)
        return torch.relu(self.second(first) + beside)


class _FlatCollapse(nn.Module):
    """:class:`~shizi.learn.network.collapse.Collapse` with its kernel as a convolution along the line."""

    def __init__(self, collapse: Collapse) -> None:
        super().__init__()
        kernel = collapse.linear.weight
        channels, side = kernel.shape[1] // WINDOW, WINDOW // 2
        self.linear = nn.Conv2d(channels, len(kernel), (1, WINDOW), padding=(0, side), bias=False)
        with torch.no_grad():
            self.linear.weight.copy_(kernel.reshape(self.linear.weight.shape))
        self.widen, self.norm = collapse.widen, collapse.norm

    def forward(self, features: Tensor) -> Tensor:
        """(N, C, H, T), H C the same -> (N, D, T)."""
        rows = features if features.shape[2] == 1 else _flat(features)
        # a window reaches one column further to the right than to the left: the first one is none of the line's
        seen = self.linear(rows)[:, :, 0, 1:]
        return self.norm(self.widen(seen.transpose(1, 2)).transpose(1, 2))  # type: ignore[no-any-return]
