"""CRNN: convolutions, two BiLSTMs, a classifier trained with CTC (Shi, Bai & Yao 2015, §2)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn

from shizi.errors import SettingsError
from shizi.learn.network.backbones import ConvNext, ResNet, Vgg
from shizi.learn.network.collapse import Collapse
from shizi.learn.network.neck import BidirectionalLSTM
from shizi.learn.network.swin import Swin
from shizi.learn.toml import built
from shizi.read.runtime import HEIGHT

BACKBONES: dict[str, Callable[..., nn.Module]] = {
    "vgg": Vgg,
    "resnet": ResNet,
    "convnext": ConvNext,
    "swin": Swin,
}


SHAPES = ((32, 2), (48, 2), (48, 3))
"""Rows of strips, and of the last map of them, that there are networks for."""
LEAST = {"resnet": (0, 1, 1, 1), "vgg": (0, 0, 0, 1)}
"""Blocks of the stages that a backbone cannot do without: they halve the map, or widen it."""


@dataclass(frozen=True)
class NetworkConfig:
    """Shape of a network; travels in the checkpoint."""

    backbone: str = "resnet"
    widths: tuple[int, int, int, int] = (32, 64, 128, 256)
    """Channels of the four stages."""
    depths: tuple[int, int, int, int] = (0, 1, 2, 2)
    """Blocks (vgg: convolutions) of the four stages."""
    middles: tuple[int, ...] = ()
    """Of a pruned resnet: channels between the two convolutions of each block; empty for those of its stage."""
    dim: int = 320
    """Features a step."""
    rank: int = 0
    """Rank of the kernel that takes the map to features; 0 leaves it full."""
    hidden: int = 128
    """Units of each direction of each BiLSTM."""
    layers: int = 2
    """BiLSTMs, one after the other."""
    height: int = 32
    """Rows of the strips that it takes, 32 or (resnet) 48. The reader cuts strips of 32 rows: others can be trained and
    measured, not exported."""
    rows: int = 2
    """Rows of the last map: 2, or 3 of 48."""

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> NetworkConfig:
        """The inverse of :meth:`to_dict`; SettingsError for an unknown key or a value of another kind."""
        return built(cls, values, "network")


class CRNN(nn.Module):
    """(N, 1, 32, W) strips in [-0.5, 0.5] -> (N, W / 4, C) logits; step t is centred on pixel 4 t + 2.

    One for strips of 48 rows takes (N, 1, 48, 1.5 W) to the same (N, W / 4, C).
    """

    def __init__(self, config: NetworkConfig, classes: int) -> None:
        super().__init__()
        self.config = config
        more: dict[str, Any] = {"middles": config.middles} if config.middles else {}
        if config.height != HEIGHT:
            more["stem"] = (config.height // (8 * config.rows), config.height // 16)
        self.backbone = BACKBONES[config.backbone](config.widths, config.depths, **more)
        self.collapse = Collapse(config.widths[3], config.dim, config.rank, config.rows)
        self.neck = nn.Sequential(*(BidirectionalLSTM(config.dim, config.hidden) for _ in range(config.layers)))
        self.classifier = nn.Linear(config.dim, classes)
        nn.init.normal_(self.classifier.weight, std=0.02)
        nn.init.zeros_(self.classifier.bias)

    def columns(self, strips: Tensor) -> Tensor:
        """(N, 1, 32, W) -> (N, D, W / 4): what the convolutions alone see."""
        return self.collapse(self.backbone(strips))  # type: ignore[no-any-return]

    def features(self, strips: Tensor) -> Tensor:
        """(N, 1, 32, W) -> (N, W / 4, D), context included."""
        columns = self.columns(strips).transpose(1, 2)
        # The recurrent part runs in float32: half precision drifts over hundreds of steps and gains no time on a CPU.
        with torch.autocast(strips.device.type, enabled=strips.device.type == "cuda"):
            return self.neck(columns.float())  # type: ignore[no-any-return]

    def characters(self, strips: Tensor) -> Tensor:
        """(N, 1, 32, 32) strips of one character each -> (N, C) logits, without the neck."""
        return self.classifier(self.collapse.whole(self.backbone(strips)))  # type: ignore[no-any-return]

    def forward(self, strips: Tensor) -> Tensor:
        """(N, 1, 32, W) -> (N, W / 4, C) logits."""
        return self.classifier(self.features(strips))  # type: ignore[no-any-return]


def check(config: NetworkConfig) -> None:
    """Raise SettingsError for an unknown backbone, a height that there is none for, too few blocks, or ``middles`` that
    do not fit."""
    if config.backbone not in BACKBONES:
        raise SettingsError(f"there is no backbone {config.backbone!r}; there are {', '.join(BACKBONES)}")
    if (config.height, config.rows) not in SHAPES or (config.height != HEIGHT and config.backbone != "resnet"):
        shapes = ", ".join(f"{height} and {rows}" for height, rows in SHAPES)
        raise SettingsError(f"network: height and rows are {shapes}, and for others than 32 the backbone is resnet")
    least = LEAST.get(config.backbone, (0, 0, 0, 0))
    if any(depth < few for depth, few in zip(config.depths, least, strict=True)):
        raise SettingsError(f"network: depths of a {config.backbone} are at least {list(least)}")
    if config.middles and (config.backbone != "resnet" or len(config.middles) != sum(config.depths)):
        raise SettingsError("network: middles are for a resnet, one for each block")


def build(config: NetworkConfig, classes: int) -> CRNN:
    """A network with fresh weights; raises as :func:`check`."""
    check(config)
    return CRNN(config, classes)
