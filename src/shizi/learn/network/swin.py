"""Swin for lines: attention within windows that shift from block to block (Liu et al. 2021, narrowed).

A line is long and 32 pixels high, so a window is as high as the map of its stage (16, 8, 4, 2 rows), :data:`WINDOW`
steps long, and shifts along the line alone. Places are told by a learned bias for each pair of offsets (§3.2). What
else differs from the paper: stages are joined by strided convolutions, as in this package's other backbones, and the
cyclic shift is a shorter first window, since the end of a line has nothing to say to its beginning. Windows start at
the left, so what a block makes of a complete one does not depend on how wide the strip is.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from shizi.learn.network.backbones import conv_bn

WINDOW = 8
"""Steps of a window along the line."""
HEAD = 16
"""Channels of a head at the most."""
_MASKED = -1e4  # finite, so that a window that is all padding has a softmax; small enough to be nothing in bfloat16


class SwinBlock(nn.Module):
    """Norm, attention within windows, residual; norm, two linear layers, residual (Liu et al. 2021, fig. 3b)."""

    index: Tensor

    def __init__(self, width: int, rows: int, shift: int) -> None:
        super().__init__()
        self.heads = next(n for n in range(max(1, width // HEAD), 0, -1) if width % n == 0)
        self.rows, self.shift = rows, shift
        self.first, self.second = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.mlp = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))
        # one number for each pair of offsets and head; which of them a pair of places takes is fixed
        self.bias = nn.Parameter(torch.zeros((2 * rows - 1) * (2 * WINDOW - 1), self.heads))
        nn.init.trunc_normal_(self.bias, std=0.02)
        places = torch.cartesian_prod(torch.arange(rows), torch.arange(WINDOW))
        down, along = (places[:, None] - places[None]).unbind(-1)
        index = (down + rows - 1) * (2 * WINDOW - 1) + along + WINDOW - 1
        self.register_buffer("index", index.flatten(), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> the same; ``H`` is the ``rows`` that it was made for."""
        x = x + self._attend(self.first(x.permute(0, 2, 3, 1))).permute(0, 3, 1, 2)
        return x + self.mlp(self.second(x.permute(0, 2, 3, 1))).permute(0, 3, 1, 2)  # type: ignore[no-any-return]

    def _attend(self, x: Tensor) -> Tensor:
        n, rows, steps, width = x.shape
        # padded to whole windows; shifted by a shorter first window
        after = (WINDOW - (steps + self.shift) % WINDOW) % WINDOW
        padded = F.pad(x, (0, 0, self.shift, after))
        real = F.pad(torch.zeros_like(x[:1, :, :, :1]), (0, 0, self.shift, after), value=_MASKED)
        inside, mask = self._windows(padded), self._windows(real).squeeze(-1)
        count, size, _ = inside.shape
        qkv = self.qkv(inside).reshape(count, size, 3, self.heads, width // self.heads)
        query, key, value = qkv.permute(2, 0, 3, 1, 4).unbind(0)
        scores = query @ key.transpose(-1, -2) * (width // self.heads) ** -0.5
        bias = self.bias[self.index].reshape(size, size, self.heads).permute(2, 0, 1)
        scores = (scores + bias).reshape(n, -1, self.heads, size, size) + mask[None, :, None, None, :]
        found = scores.softmax(-1).reshape(count, self.heads, size, size) @ value
        found = self.out(found.transpose(1, 2).reshape(count, size, width))
        found = found.reshape(n, -1, rows, WINDOW, width).transpose(1, 2).reshape(n, rows, -1, width)
        return found[:, :, self.shift : self.shift + steps]  # type: ignore[no-any-return]

    def _windows(self, x: Tensor) -> Tensor:
        """(N, H, W, C), W whole windows -> (N W / window, H window, C)."""
        n, rows, _, width = x.shape
        return x.reshape(n, rows, -1, WINDOW, width).transpose(1, 2).reshape(-1, rows * WINDOW, width)


class Swin(nn.Module):
    """Four stages of blocks, every other one with shifted windows."""

    def __init__(self, widths: Sequence[int], depths: Sequence[int]) -> None:
        super().__init__()
        self.channels = widths[3]
        layers: list[nn.Module] = []
        inner, rows = 1, 32
        for width, depth, stride in zip(widths, depths, ((2, 2), (2, 2), (2, 1), (2, 1)), strict=True):
            rows //= stride[0]
            layers.append(conv_bn(inner, width, stride))
            layers += [SwinBlock(width, rows, shift=index % 2 * (WINDOW // 2)) for index in range(depth)]
            inner = width
        self.layers = nn.Sequential(*layers)

    def forward(self, strips: Tensor) -> Tensor:
        """(N, 1, 32, W) -> (N, C, 2, W / 4)."""
        return self.layers(strips)  # type: ignore[no-any-return]
