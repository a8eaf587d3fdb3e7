"""A narrower classifier: thousands of classes times hundreds of features are the widest product of a recogniser.

The features of a trained network fill far fewer dimensions than they have. The matrix is written as the product of two
narrow ones (Sainath et al. 2013, Low-rank matrix factorization for deep neural network training with high-dimensional
output targets), chosen such that the logits of real features change least, in squares (Zhang et al. 2015, Accelerating
very deep convolutional networks for classification and detection, §3.1). No training is needed.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable

import torch
from torch import Tensor, nn

from shizi.errors import SettingsError
from shizi.learn.network import CRNN

_LEAST = 1e-9  # share of the largest variance that directions have at the least, so that none is divided by nothing


@torch.no_grad()
def narrowed(model: CRNN, samples: Iterable[Tensor], rank: int) -> CRNN:
    """A copy of ``model`` whose classifier goes by way of ``rank`` features; the model is left as it was.

    Args:
        model: as trained.
        samples: batches of (N, 1, 32, W) strips, some hundreds in all, that the features are taken from.
        rank: at least 1, and below the numbers of features and of classes.

    Raises:
        SettingsError: another rank.
    """
    classes, dim = model.classifier.weight.shape
    if not 1 <= rank < min(classes, dim):
        raise SettingsError(f"a classifier of {dim} features and {classes} classes cannot have the rank {rank}")
    made = copy.deepcopy(model).eval()
    second = torch.zeros(dim, dim, dtype=torch.float64)
    for sample in samples:
        seen = made.features(sample).reshape(-1, dim).double()
        second += seen.T @ seen
    variances, directions = torch.linalg.eigh(second)
    scales = variances.clamp_min(float(variances.max()) * _LEAST).sqrt()
    spread = directions * scales @ directions.T  # the root of the second moments, and its inverse
    evened = directions / scales @ directions.T
    weight, bias = model.classifier.weight.double(), model.classifier.bias
    outer, strengths, inner = torch.linalg.svd(weight @ spread, full_matrices=False)
    # Turned at random: directions of few and of much variance would share a scale of int8, and the few be lost.
    turn = torch.linalg.qr(torch.randn(rank, rank, dtype=torch.float64, generator=torch.Generator().manual_seed(0)))[0]
    first, last = nn.Linear(dim, rank, bias=False), nn.Linear(rank, classes)
    first.weight.copy_(turn.T @ (strengths[:rank, None].sqrt() * inner[:rank]) @ evened)
    last.weight.copy_(outer[:, :rank] * strengths[:rank].sqrt() @ turn)
    last.bias.copy_(bias)
    made.add_module("classifier", nn.Sequential(first, last))
    return made
