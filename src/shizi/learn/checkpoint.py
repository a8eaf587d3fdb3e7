"""Checkpoints: weights, what they are weights of, where training stood. Tensors and JSON, never pickled code."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from shizi.errors import DataError
from shizi.learn.network import CRNN, NetworkConfig, build
from shizi.read.charset import Charset

SCHEMA = "shizi/checkpoint/1"


@dataclass
class Checkpoint:
    """``weights`` are those to read with (the moving average); ``training`` is what resuming needs, if kept."""

    config: NetworkConfig
    charset: Charset
    weights: Mapping[str, Tensor]
    info: dict[str, Any] = field(default_factory=dict)
    training: dict[str, Any] | None = None

    def model(self) -> CRNN:
        """The network with these weights, in evaluation mode."""
        made = build(self.config, self.charset.size)
        made.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in self.weights.items()})
        return made.eval()


def save(checkpoint: Checkpoint, path: Path, *, half: bool = False, int8: bool = False) -> None:
    """Write to ``path``, whole or not at all.

    ``half`` stores float16 weights, ``int8`` matrices and kernels as int8 with a scale a row and the rest as float16;
    both leave the optimiser away. :func:`load` widens them again: the arithmetic stays what it was.
    """
    weights: dict[str, Any] = {}
    for name, value in checkpoint.weights.items():
        small = (half or int8) and value.is_floating_point()
        weights[name] = (_narrowed(value) if int8 and value.ndim >= 2 else value.half()) if small else value
    about = {
        "schema": SCHEMA,
        "config": checkpoint.config.to_dict(),
        "charset": list(checkpoint.charset.chars),
        "info": checkpoint.info,
    }
    held: dict[str, Any] = {"about": json.dumps(about, ensure_ascii=False), "weights": weights}
    if checkpoint.training is not None and not (half or int8):
        held["training"] = checkpoint.training
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    torch.save(held, partial)
    partial.replace(path)


def opened(path: Path, schema: str, what: str) -> dict[str, Any]:
    """What a file of ``schema`` holds, a checkpoint of ``what``; DataError where there is none, or something else."""
    try:
        held: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        found = json.loads(held["about"])["schema"]
        if found != schema:
            raise ValueError(f"its schema is {found}")
    except FileNotFoundError as error:
        raise DataError(f"no checkpoint at {path}") from error
    except Exception as error:
        raise DataError(f"{path} is no checkpoint of {what}: {error}") from error
    return held


def load(path: Path) -> Checkpoint:
    """Read what :func:`save` wrote; DataError for anything else."""
    held = opened(path, SCHEMA, "shizi")
    about = json.loads(held["about"])
    try:
        weights = {name: _widened(value) for name, value in held["weights"].items()}
    except Exception as error:
        raise DataError(f"{path} is no checkpoint of shizi: {error}") from error
    return Checkpoint(
        NetworkConfig.from_dict(about["config"]),
        Charset(tuple(about["charset"])),
        weights,
        about["info"],
        held.get("training"),
    )


def _narrowed(value: Tensor) -> dict[str, Tensor]:
    """(R, ...) as int8, symmetric about zero, with one scale for each of the R rows."""
    rows = value.float().flatten(1)
    scale = rows.abs().amax(dim=1).clamp_min(1e-12) / 127
    return {"int8": (rows / scale[:, None]).round().to(torch.int8).reshape(value.shape), "scale": scale}


def _widened(value: Tensor | Mapping[str, Tensor]) -> Tensor:
    if isinstance(value, Tensor):
        return value
    whole = value["int8"]
    return whole.float() * value["scale"].reshape(-1, *[1] * (whole.ndim - 1))
