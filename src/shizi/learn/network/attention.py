"""A second reader beside CTC, in training only: it looks where it wants and writes one character after the other.

CTC learns slowly where a character's steps begin and end; attention learns that sooner and hands it to the network that
both share (Kim, Hori & Watanabe 2017, "Joint CTC-attention"; Hu et al. 2020, "GTC: Guided training of CTC"). The weight
file has no trace of it: it stays in the checkpoint's training state.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

HEADS = 4
"""Heads of attention, or fewer where the features do not divide."""


class Guide(nn.Module):
    """One layer of a Transformer's decoder (Vaswani et al. 2017) over the features of the whole line.

    The matrix that characters come in by is the one that they go out by (Press & Wolf 2017): with thousands of hanzi
    it is most of the weights.
    """

    def __init__(self, dim: int, classes: int, dropout: float = 0.1) -> None:
        super().__init__()
        heads = next(n for n in range(HEADS, 0, -1) if dim % n == 0)
        self.characters = nn.Embedding(classes, dim)
        nn.init.normal_(self.characters.weight, std=dim**-0.5)
        self.layer = nn.TransformerDecoderLayer(dim, heads, 2 * dim, dropout, batch_first=True, norm_first=True)
        self.norm = nn.LayerNorm(dim)

    def forward(self, features: Tensor, frames: Tensor, previous: Tensor) -> Tensor:
        """What comes next at each place.

        Args:
            features: (N, T, D).
            frames: (N,) of them that are not padding.
            previous: (N, L) classes before each place.

        Returns:
            (N, L, C) logits.
        """
        steps, places = features.shape[1], previous.shape[1]
        padding = torch.arange(steps, device=features.device) >= frames[:, None]
        later = torch.ones(places, places, dtype=torch.bool, device=features.device).triu(1)
        asked = self.characters(previous) * math.sqrt(features.shape[2]) + positions(places, features)
        seen = features + positions(steps, features)
        found = self.layer(asked, seen, tgt_mask=later, memory_key_padding_mask=padding)
        return F.linear(self.norm(found), self.characters.weight)


def positions(count: int, like: Tensor) -> Tensor:
    """(count, D) sines and cosines that tell places apart (Vaswani et al. 2017, §3.5), on the device of ``like``."""
    dim = like.shape[-1]
    rates = torch.exp(torch.arange(0, dim, 2, device=like.device) * (-math.log(10000.0) / dim))
    angles = torch.arange(count, device=like.device)[:, None] * rates
    return torch.stack((angles.sin(), angles.cos()), dim=2).flatten(1)[:, :dim]
