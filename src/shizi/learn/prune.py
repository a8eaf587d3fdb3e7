"""``shizi prune CHECKPOINT --share 0.3 --output FILE.pt``: take out the channels that matter least, then train on.

Structured pruning: whole channels go, so that what is left is an ordinary, narrower network that is faster everywhere.
Which channels hang together (a residual stage shares one set of them) is traced by torch-pruning (Fang et al. 2023,
"DepGraph: Towards Any Structural Pruning"); a channel's weight is the norm over all that hangs on it. Of the backbone
alone: the layer behind it spreads each channel over 2 x 8 places of a window, which is cut here by hand, and the
BiLSTMs and the classifier keep their widths, since int8 has made them cheap already.

The network reads worse at once and is trained on: a recipe with the ``[network]`` that the command prints and with
``start = "FILE.pt"``.
"""

from __future__ import annotations

import copy
from argparse import Namespace
from dataclasses import replace

import torch
import torch_pruning
from torch import nn

from shizi.errors import DataError, SettingsError
from shizi.learn import checkpoint
from shizi.learn.network import CRNN, NetworkConfig, build
from shizi.learn.network.backbones import ResBlock

ROUND = 4
"""Numbers of channels that are kept are multiples of this: odd ones are no faster."""


def prune(model: CRNN, share: float) -> CRNN:
    """A narrower copy of a network with a ``resnet``, in evaluation mode; its shape is its ``config``.

    Raises:
        SettingsError: ``share`` is not between 0 and 1.
        DataError: the backbone is another one.
    """
    if not 0 < share < 1:
        raise SettingsError(f"the share to take out lies between 0 and 1, not at {share}")
    if model.config.backbone != "resnet":
        raise DataError(f"only a resnet can be pruned, and this is a {model.config.backbone}")
    rest = copy.deepcopy(model).cpu().eval()
    pruner = torch_pruning.pruner.BasePruner(
        rest.backbone,
        torch.zeros(1, 1, model.config.height, 2 * model.config.height),
        importance=torch_pruning.importance.GroupMagnitudeImportance(p=2),
        pruning_ratio=share,
        round_to=ROUND,
    )
    last = _blocks(rest)[-1].second[1]
    for group in pruner.step(interactive=True):
        # noted before the group is cut, which renumbers its channels
        gone = [places for link, places in group if link.target.module is last]
        group.prune()
        if gone:
            _cut_collapse(rest, set(gone[0]))
    made = build(_config(rest), rest.classifier.out_features)
    made.load_state_dict(rest.state_dict())
    return made.eval()


def run(args: Namespace) -> int:
    """The command: writes a checkpoint to start from and prints the ``[network]`` of a recipe for it.

    Raises:
        DataError: it is no checkpoint, or not of a resnet.
        SettingsError: a share that is none.
    """
    held = checkpoint.load(args.checkpoint)
    before = held.model()
    after = prune(before, args.share)
    info = {**held.info, "pruned": args.share}
    checkpoint.save(checkpoint.Checkpoint(after.config, held.charset, after.state_dict(), info), args.output)
    sizes = [sum(p.numel() for p in model.parameters()) for model in (before, after)]
    print(f"# {sizes[0]:,} parameters before, {sizes[1]:,} after. To train on, in a recipe beside it:")
    print(f'start = "{args.output.name}"\n')
    print("\n".join(("[network]", *(f"{key} = {_toml(value)}" for key, value in after.config.to_dict().items()))))
    return 0


def _blocks(model: CRNN) -> list[ResBlock]:
    return [module for module in model.backbone.modules() if isinstance(module, ResBlock)]


def _cut_collapse(model: CRNN, gone: set[int]) -> None:
    """Take the columns of channels out of the linear layer that sees the last stage, channels outermost."""
    linear = model.collapse.linear
    channels = model.config.widths[3]
    kept = [channel for channel in range(channels) if channel not in gone]
    weight = linear.weight.detach().reshape(linear.out_features, channels, -1)[:, kept].flatten(1)
    linear.weight = nn.Parameter(weight.clone())
    linear.in_features = weight.shape[1]


def _config(model: CRNN) -> NetworkConfig:
    """The shape of a network whose backbone was cut."""
    stages = iter(_blocks(model))
    stem = next(module for module in model.backbone.modules() if isinstance(module, nn.Conv2d))
    widths, middles = [stem.out_channels], []
    for stage, depth in enumerate(model.config.depths):
        blocks = [next(stages) for _ in range(depth)]
        middles += [_channels(block.first) for block in blocks]
        if stage:
            widths.append(_channels(blocks[-1].second))
    first, second, third, fourth = widths
    return replace(model.config, widths=(first, second, third, fourth), middles=tuple(middles))


def _channels(part: nn.Sequential) -> int:
    return next(module.out_channels for module in part if isinstance(module, nn.Conv2d))


def _toml(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else str(list(value)) if isinstance(value, tuple) else str(value)
