"""``shizi mean A.pt B.pt ... --shares 0.5 0.3 ... --output FILE.pt``: the mean of several checkpoints' weights.

Runs that started from one another's weights lie in one valley, and a point between them reads better than each
(Izmailov et al. 2018, "Averaging Weights Leads to Wider Optima"; Wortsman et al. 2022, "Model soups"), at no cost.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from shizi.errors import DataError, SettingsError
from shizi.learn import checkpoint
from shizi.learn.checkpoint import Checkpoint


def mean(checkpoints: Sequence[Checkpoint], shares: Sequence[float] = ()) -> Checkpoint:
    """Weights and norms' statistics, each ``checkpoints``' by its share; all else is the first one's.

    Args:
        checkpoints: of one network and one alphabet.
        shares: how much each counts, as they stand to one another; none for as much as the others.

    Raises:
        SettingsError: there are not as many shares as checkpoints, or they do not come to more than nothing.
        DataError: networks or alphabets differ.
    """
    shares = shares or [1.0] * len(checkpoints)
    if len(shares) != len(checkpoints) or min(shares) < 0 or not sum(shares):
        raise SettingsError(
            f"give a share of 0 or more for each of the {len(checkpoints)} checkpoints, not {list(shares)}"
        )
    first = checkpoints[0]
    for number, other in enumerate(checkpoints[1:], 2):
        for what, one, two in (("network", first.config, other.config), ("alphabet", first.charset, other.charset)):
            if one != two:
                raise DataError(f"checkpoint {number} is of another {what} than the first")

    def between(name: str, value: Tensor) -> Tensor:
        if not value.is_floating_point():
            return value
        parts = [share * one.weights[name].double() for share, one in zip(shares, checkpoints, strict=True)]
        return (torch.stack(parts).sum(0) / sum(shares)).float()

    return replace(first, weights={name: between(name, value) for name, value in first.weights.items()}, training=None)


def run(args: Namespace) -> int:
    """The command: writes a checkpoint to export or to start from; raises as :func:`mean` and its reading do."""
    made = mean([checkpoint.load(path) for path in args.checkpoints], args.shares or ())
    names = [path.name for path in args.checkpoints]
    parts = list(zip(names, args.shares or [1.0] * len(names), strict=True))
    checkpoint.save(replace(made, info={**made.info, "mean": parts}), args.output, half=True)
    return 0
