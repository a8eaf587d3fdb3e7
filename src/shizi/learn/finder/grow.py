"""A larger network that starts out as a smaller one: it computes the same maps, and has room to learn more.

Net2Net (Chen et al. 2016) for this network: blocks that the smaller one lacks add nothing at first, and nothing looks
at channels that it lacks.
"""

from __future__ import annotations

import torch

from shizi.errors import SettingsError
from shizi.learn.finder.network import Finder


@torch.no_grad()
def grow(small: Finder, large: Finder) -> None:
    """Give ``large``, freshly made, the weights of ``small``.

    Raises:
        SettingsError: some layer of ``large`` is narrower, or a stage of it has fewer blocks.
    """
    held = large.state_dict()
    for name, value in small.state_dict().items():
        if name not in held or any(wide < narrow for wide, narrow in zip(held[name].shape, value.shape, strict=True)):
            raise SettingsError("network: it has to be as large everywhere as start_network, what it starts from")
        wider, given = held[name], tuple(slice(0, size) for size in value.shape)
        if value.ndim == 4:
            wider[: value.shape[0], value.shape[1] :] = 0
        wider[given] = value
    for stage, before in zip(large.stages, small.stages, strict=True):
        for block in list(stage.children())[len(list(before.children())) :]:
            torch.nn.init.zeros_(block.get_submodule("second.1").get_parameter("weight"))
