"""Pictures brought to another size, a whole batch of small ones at once."""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor
from torch.nn import functional as F


def scaled(pictures: Tensor, height: int, width: int, mode: str = "bilinear", *, antialias: bool = False) -> Tensor:
    """(N, C, H, W) -> (N, C, height, width), as ``F.interpolate`` does it, by a matrix for each axis.

    Torch's CUDA kernels take a thread for each pixel and go through the batch one picture after the other; with
    thousands of small pictures two matrix products are many times as fast.
    """
    down = _weights(pictures.shape[2], height, mode, antialias).to(pictures)
    across = _weights(pictures.shape[3], width, mode, antialias).to(pictures)
    return down @ (pictures @ across.T)


@lru_cache(maxsize=4096)
def _weights(before: int, after: int, mode: str, antialias: bool) -> Tensor:
    """(after, before) shares of the old rows in each new one."""
    each = torch.eye(before).view(before, 1, before, 1).expand(-1, -1, -1, 2)
    return F.interpolate(each, (after, 2), mode=mode, antialias=antialias)[..., 0].reshape(before, after).T.contiguous()
