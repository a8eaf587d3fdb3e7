"""A network that learns, and what moves it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from shizi.errors import DataError
from shizi.learn.muon import Muon
from shizi.learn.network import CRNN, NetworkConfig, build
from shizi.learn.network.attention import Guide
from shizi.learn.recipe import Recipe


class Average:
    """Exponential moving average of the weights and of the batch norms' statistics; counts are copied."""

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.decay, self.steps = decay, 0
        self.weights = {k: v.detach().clone() for k, v in model.state_dict().items()}

    @torch.no_grad()
    def update(self, model: nn.Module) -> None:
        """One step on; the decay grows from nothing, so that the fresh weights are soon forgotten."""
        self.steps += 1
        decay = min(self.decay, (1 + self.steps) / (10 + self.steps))
        for key, value in model.state_dict().items():
            if value.is_floating_point():
                self.weights[key].lerp_(value, 1 - decay)
            else:
                self.weights[key].copy_(value)


class Learner:
    """A network with what moves it: optimisers, moving average, and the attention beside it if it is guided."""

    def __init__(
        self,
        recipe: Recipe,
        config: NetworkConfig,
        classes: int,
        device: torch.device,
        *,
        guided: bool = False,
        rate: float = 1.0,
    ) -> None:
        """``rate`` is its learning rate, times the stage's."""
        self.recipe, self.rate = recipe, rate
        # channels last: convolutions need not bring their maps to another order first, a quarter of a step's time
        built = build(config, classes)
        self.model: CRNN = built.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.guide = Guide(config.dim, classes).to(device) if guided else None
        self.average = Average(self.model, recipe.average)
        self.restart()

    @property
    def parameters(self) -> list[nn.Parameter]:
        """What the optimisers move: the network, and the reader beside it."""
        return [*self.model.parameters(), *(self.guide.parameters() if self.guide is not None else ())]

    def restart(self) -> None:
        """Fresh optimisers: AdamW for all, or Muon for the matrices but the classifier's, whose rows are rarely all in
        a batch.
        """
        recipe, head = self.recipe, self.model.classifier.weight
        flat = [p for p in self.parameters if p.ndim < 2]
        deep = [p for p in self.parameters if p.ndim >= 2]
        moved = [p for p in deep if p is not head] if recipe.optimiser == "muon" else []
        groups = [
            {"params": [p for p in deep if not moved or p is head], "weight_decay": recipe.decay},
            {"params": flat, "weight_decay": 0.0},
        ]
        adam = torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.98))
        self.optimisers: list[torch.optim.Optimizer] = [adam]
        if moved:
            self.optimisers.append(Muon(moved, weight_decay=recipe.decay))

    def backward(self, loss: Tensor) -> None:
        """Gradients of ``loss``, and none of before."""
        for optimiser in self.optimisers:
            optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]

    def move(self, rate: float) -> None:
        """One step along the gradients at the learning rate ``rate``; none where one of them is not finite."""
        norm = nn.utils.clip_grad_norm_(self.parameters, 5.0)
        if not torch.isfinite(norm):
            return
        for optimiser in self.optimisers:
            for group in optimiser.param_groups:
                group["lr"] = rate * self.rate
            optimiser.step()
        self.average.update(self.model)

    def state(self) -> dict[str, Any]:
        """What :meth:`resume` needs beside the average."""
        return {
            "model": self.model.state_dict(),
            "optimisers": [optimiser.state_dict() for optimiser in self.optimisers],
            "average_steps": self.average.steps,
            "guide": None if self.guide is None else self.guide.state_dict(),
        }

    def resume(self, held: Mapping[str, Any]) -> None:
        """Take up what :meth:`state` gave; DataError if it is of another network or optimiser."""
        try:
            self.model.load_state_dict(held["model"])
        except RuntimeError as error:
            raise DataError("the checkpoint is of another network than the recipe's") from error
        self.average.steps = held["average_steps"]
        if self.guide is not None and held.get("guide"):
            self.guide.load_state_dict(held["guide"])
        states = held.get("optimisers", [])
        if len(states) != len(self.optimisers):
            raise DataError("the checkpoint is of another optimiser than the recipe's: start from its weights.pt")
        for optimiser, state in zip(self.optimisers, states, strict=True):
            optimiser.load_state_dict(state)
