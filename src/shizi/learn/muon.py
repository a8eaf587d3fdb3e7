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
    """The nearest orthogonal matrix, about: singular values between 0.7 and 1.2 (Newton-Schulz, quintic)."""
    tall = matrix.shape[0] > matrix.shape[1]
    x = (matrix.T if tall else matrix).to(torch.bfloat16 if has_bf16(matrix.device) else torch.float32)
    x = x / (x.norm() + 1e-7)
    for _ in range(ROUNDS):
        square = x @ x.T
        x = 3.4445 * x + (-4.7750 * square + 2.0315 * square @ square) @ x
    made: Tensor = (x.T if tall else x).to(matrix.dtype)
    return made


class Muon(torch.optim.Optimizer):
    """For weights of two or more dimensions; convolutions count as (outputs, all else) matrices."""

    def __init__(self, parameters: Iterable[nn.Parameter], lr: float = 1e-3, weight_decay: float = 0.0) -> None:
        super().__init__(parameters, {"lr": lr, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """Move all weights that have a gradient."""
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                state = self.state[weight]
                if not state:
                    state["momentum"] = torch.zeros_like(weight)
                state["momentum"].lerp_(weight.grad, 1 - MOMENTUM)
                ahead = weight.grad.lerp(state["momentum"], MOMENTUM)  # Nesterov's
                flat = orthogonal(ahead.reshape(len(weight), -1))
                scale = LIKE_ADAM * max(flat.shape) ** 0.5
                weight.mul_(1 - group["lr"] * group["weight_decay"])
                weight.add_(flat.view_as(weight), alpha=-group["lr"] * scale)
