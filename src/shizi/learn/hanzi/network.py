"""The network for single hanzi: a small convolutional stack on 48 x 48 pixels, one vector, a linear classifier."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from torch import Tensor, nn

from shizi.errors import SettingsError
from shizi.learn.toml import built
from shizi.read.hanzi import SIDE

STRIDE = 16
"""The last maps are this much smaller than the picture."""


@dataclass(frozen=True)
class HanziConfig:
    """Sizes. ``widths``: channels at strides 2, 4, 8 and 16; ``dim``: of the vector before the classifier."""

    widths: tuple[int, int, int, int] = (32, 64, 128, 256)
    dim: int = 256

    def __post_init__(self) -> None:
        if min(*self.widths, self.dim) < 1:
            raise SettingsError("network: widths and dim are positive")

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> HanziConfig:
        """From a recipe or a checkpoint; SettingsError for an unknown key, or a wrong kind or count."""
        return built(cls, values, "network")

    def to_dict(self) -> dict[str, Any]:
        """The inverse of :meth:`from_dict`."""
        return asdict(self)


class Block(nn.Module):
    """A 3x3 convolution, its norm and ReLU; what came in is added where the shape allows."""

    def __init__(self, into: int, out: int, stride: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(into, out, 3, stride, 1, bias=False)
        self.norm = nn.BatchNorm2d(out)
        self.residual = into == out and stride == 1

    def forward(self, features: Tensor) -> Tensor:
        """(N, into, H, W) -> (N, out, H / stride, W / stride)."""
        made: Tensor = self.norm(self.conv(features)).relu()
        return made + features if self.residual else made


class HanziNet(nn.Module):
    """(N, 1, 48, 48) ink in [0, 1], as :func:`shizi.read.hanzi.picture` makes it -> (N, C) logits of the characters.

    While it learns, a share ``dropout`` of the vector is left out before the classifier.
    """

    def __init__(self, config: HanziConfig, classes: int, dropout: float = 0.0) -> None:
        super().__init__()
        half, quarter, eighth, last = config.widths
        self.body = nn.Sequential(
            nn.Conv2d(1, half, 5, 2, 2, bias=False),
            nn.BatchNorm2d(half),
            nn.ReLU(),
            Block(half, quarter, 2),
            Block(quarter, quarter),
            Block(quarter, quarter),
            Block(quarter, eighth, 2),
            Block(eighth, eighth),
            Block(eighth, eighth),
            Block(eighth, last, 2),
            Block(last, last),
        )
        self.flat = nn.Linear(last * (SIDE // STRIDE) ** 2, config.dim, bias=False)
        self.norm = nn.BatchNorm1d(config.dim)
        self.dropout = nn.Dropout(dropout)
        self.out = nn.Linear(config.dim, classes)

    def forward(self, pictures: Tensor) -> Tensor:
        """See the class."""
        vector = self.norm(self.flat(self.body(pictures).flatten(1))).relu()
        logits: Tensor = self.out(self.dropout(vector))
        return logits

    def matrices(self) -> list[nn.Parameter]:
        """What Muon moves: all but the first layer, and the classifier, whose rows are rarely all in a batch."""
        ends = {id(self.body[0].weight), id(self.out.weight)}
        return [weight for weight in self.parameters() if weight.ndim >= 2 and id(weight) not in ends]
