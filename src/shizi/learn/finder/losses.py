"""The losses of differentiable binarisation (Liao et al. 2020, section 3.5)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

STEEP = 50.0
"""The k of the approximate step: 1 / (1 + exp(-k (P - T)))."""
HARD = 3
"""Hard negatives for each positive."""
LEAST = 0.01
"""Share of the map that counts as hard at the least, so that pages without text teach too."""


def loss(logits: Tensor, targets: Tensor, hard: float = 1.0) -> Tensor:
    """(N, 3, H, W) logits and (N, 5, H, W) targets -> a scalar.

    The sum of balanced cross-entropy and dice on the kernels, dice on the binary map, the threshold's L1, and
    cross-entropy of the direction within kernels. ``hard`` weighs the hard negatives, see :func:`balanced`.
    """
    kernel, weight, threshold, border, vertical = targets.unbind(1)
    logits = logits.float()
    shape, direction, level = logits.unbind(1)
    probability, asked = torch.sigmoid(shape), (weight > 0).float()
    binary = torch.sigmoid(STEEP * (probability - torch.sigmoid(level)))
    within = kernel * asked
    distance = (torch.sigmoid(level) - threshold).abs() * border
    turned = nn.functional.binary_cross_entropy_with_logits(direction, vertical, reduction="none") * within
    return (
        balanced(shape, kernel, weight, hard)
        + dice(probability, kernel, weight)
        + dice(binary, kernel, weight)
        + 2 * distance.sum() / border.sum().clamp(min=1)
        + 0.5 * turned.sum() / within.sum().clamp(min=1)
    )


def balanced(logits: Tensor, kernel: Tensor, weight: Tensor, hard: float) -> Tensor:
    """Mean cross-entropy of kernels, of the rest, and ``hard`` times that of the hardest of the rest (OHEM).

    The hardest are the rims of kernels. Mined from the start, as in the paper, whose backbone has learned elsewhere to
    see, they keep a fresh network from telling text from no text for hundreds of steps; so they come in by and by.
    """
    each = nn.functional.binary_cross_entropy_with_logits(logits, kernel, reduction="none")
    inside, outside = kernel * weight, (1 - kernel) * (weight > 0)
    found = (each * inside).sum() / inside.sum().clamp(min=1) + (each * outside).sum() / outside.sum().clamp(min=1)
    positives = int((inside > 0).sum())
    count = min(int(outside.sum()), max(HARD * positives, int(LEAST * outside.numel())))
    if hard and count:
        found = found + hard * (each * outside).flatten().topk(count).values.mean()
    return found


def dice(probability: Tensor, kernel: Tensor, weight: Tensor) -> Tensor:
    """One minus the overlap of map and kernels, over the whole batch."""
    shared = (probability * kernel * weight).sum()
    total = (probability * weight).sum() + (kernel * weight).sum()
    return 1 - (2 * shared + 1) / (total + 1)
