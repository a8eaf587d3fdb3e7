"""From a feature map a few rows high to a sequence: a character reader that slides along the line."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

WINDOW = 8
"""Columns of the map that one step sees: 8 columns of 4 pixels are a square of 32 pixels, one hanzi."""


class Collapse(nn.Module):
    """(N, C, R, T) -> (N, D, T), a convolution with a (R, 8) kernel and batch norm; of R = 2 ``rows`` as a rule.

    On the (N, C, R, 8) map of a single 32x32 character, :meth:`whole` is a linear layer over the flattened map. The
    same weights slid along a line read it character by character, so what single characters taught is not lost.
    The kernel is applied as a matrix product over unfolded columns; a weight file slides it (:mod:`shizi.learn.flat`).
    With a ``rank`` it is the product of two narrow ones (Jaderberg et al. 2014), which is smaller and faster.
    """

    def __init__(self, channels: int, dim: int, rank: int = 0, rows: int = 2) -> None:
        super().__init__()
        self.linear = nn.Linear(channels * rows * WINDOW, rank or dim, bias=False)
        self.widen = nn.Linear(rank, dim, bias=False) if rank else nn.Identity()
        self.norm = nn.BatchNorm1d(dim)

    def forward(self, features: Tensor) -> Tensor:
        """(N, C, R, T) -> (N, D, T)."""
        n, channels, rows, steps = features.shape
        padded = F.pad(features.reshape(n, channels * rows, steps), (WINDOW // 2 - 1, WINDOW // 2))
        columns = torch.stack([padded[:, :, i : i + steps] for i in range(WINDOW)], dim=2)
        flat = columns.reshape(n, channels * rows * WINDOW, steps).transpose(1, 2)
        return self.norm(self.widen(self.linear(flat)).transpose(1, 2))  # type: ignore[no-any-return]

    def whole(self, features: Tensor) -> Tensor:
        """(N, C, R, 8) map of one character each -> (N, D)."""
        return self.norm(self.widen(self.linear(features.flatten(1))))  # type: ignore[no-any-return]
