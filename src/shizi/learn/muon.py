"""Muon: momentum whose matrices are made orthogonal before each step.

Source: Jordan et al. 2024, Muon: An optimizer for hidden layers in neural networks, kellerjordan.github.io/posts/muon.
Scaled as in Liu et al. 2025 (Muon is Scalable for LLM Training, §2.2), so that AdamW's rates and decay serve unchanged.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

from shizi.learn.precision import has_bf16

MOMENTUM = 0.95
ROUNDS = 5
LIKE_ADAM = 0.2
"""Root mean square of an AdamW step at a rate of 1, which Muon's is scaled to."""


def orthogonal(matrix: Tensor) -> Tensor:
    """The nearest orthogonal matrix, about: singular values between 0.7 and 1.2 (Newton-Schulz, quintic).

    ``matrix`` is (..., R, C), one or several of a shape.
    """
    tall = matrix.shape[-2] > matrix.shape[-1]
    x = (matrix.mT if tall else matrix).to(torch.bfloat16 if has_bf16(matrix.device) else torch.float32)
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for _ in range(ROUNDS):
        square = x @ x.mT
        x = 3.4445 * x + (-4.7750 * square + 2.0315 * square @ square) @ x
    made: Tensor = (x.mT if tall else x).to(matrix.dtype)
    return made


class Muon(torch.optim.Optimizer):
    """For weights of two or more dimensions; convolutions count as (outputs, all else) matrices."""

    def __init__(self, parameters: Iterable[nn.Parameter], lr: float = 1e-3, weight_decay: float = 0.0) -> None:
        super().__init__(parameters, {"lr": lr, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """Move all weights that have a gradient; those of a shape together, or launching kernels takes longest."""
        for group in self.param_groups:
            alike: dict[tuple[int, int], list[Tensor]] = {}
            for weight in group["params"]:
                if weight.grad is not None:
                    alike.setdefault((len(weight), weight.numel() // len(weight)), []).append(weight)
            for shape, weights in alike.items():
                self._move(weights, shape, group["lr"], group["weight_decay"])

    def _move(self, weights: list[Tensor], shape: tuple[int, int], rate: float, decay: float) -> None:
        gradients = [weight.grad for weight in weights if weight.grad is not None]
        for weight in weights:
            if not self.state[weight]:
                self.state[weight]["momentum"] = torch.zeros_like(weight)
        momenta = [self.state[weight]["momentum"] for weight in weights]
        torch._foreach_lerp_(momenta, gradients, 1 - MOMENTUM)
        ahead = torch._foreach_lerp(gradients, momenta, MOMENTUM)  # Nesterov's
        flat = orthogonal(torch.stack([one.reshape(shape) for one in ahead]))
        torch._foreach_mul_(weights, 1 - rate * decay)
        moves = [one.view_as(weight) for one, weight in zip(flat, weights, strict=True)]
        torch._foreach_add_(weights, moves, alpha=-rate * LIKE_ADAM * max(shape) ** 0.5)
