"""The form of weight files: rows of a map as channels. It is the same function, with fewer products."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402

from shizi.learn.flat import flattened, wide  # noqa: E402
from shizi.learn.network import CRNN, NetworkConfig, build  # noqa: E402

CONFIG = NetworkConfig(widths=(4, 8, 8, 16), depths=(0, 1, 1, 2), dim=16, hidden=8, layers=1)
CONFIGS = {
    "resnet": CONFIG,
    "one block": replace(CONFIG, depths=(1, 1, 1, 1)),
    "low rank": replace(CONFIG, rank=6),
    "pruned": replace(CONFIG, middles=(3, 5, 6, 7)),
    "vgg": replace(CONFIG, backbone="vgg", depths=(1, 1, 1, 1)),
    "convnext": replace(CONFIG, backbone="convnext", depths=(1, 0, 1, 0)),
    "swin": replace(CONFIG, backbone="swin", depths=(1, 1, 1, 1)),
}


def lived_in(config: NetworkConfig) -> CRNN:
    """A network whose batch norms have seen something."""
    torch.manual_seed(0)
    model = build(config, 11)
    for module in model.modules():
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, std=0.3)
    for _ in range(3):
        model(torch.rand(4, 1, 32, 64) - 0.5)
    return model


@given(st.integers(1, 3), st.integers(1, 3), st.integers(1, 9), st.integers(0, 2**31))
def test_a_kernel_over_two_rows_is_one_along_the_line(outer: int, inner: int, steps: int, seed: int) -> None:
    lots = torch.Generator().manual_seed(seed)
    kernel = torch.rand(outer, inner, 3, 3, generator=lots) - 0.5
    x = torch.rand(2, inner, 2, steps, generator=lots) - 0.5
    flat = F.conv2d(x.reshape(2, 2 * inner, 1, steps), wide(kernel), padding=(0, 1))
    torch.testing.assert_close(flat.reshape(2, outer, 2, steps), F.conv2d(x, kernel, padding=1))


@pytest.mark.parametrize("name", CONFIGS)
@pytest.mark.parametrize("width", [4, 32, 68])
def test_it_is_the_same_function(name: str, width: int) -> None:
    model = lived_in(CONFIGS[name])
    before = {key: value.clone() for key, value in model.state_dict().items()}
    made = flattened(model)
    model.eval()
    strips = torch.rand(3, 1, 32, width) - 0.5
    with torch.inference_mode():
        torch.testing.assert_close(made(strips), model(strips), atol=1e-5, rtol=1e-5)
    for key, value in model.state_dict().items():
        torch.testing.assert_close(value, before[key])


def test_the_last_stage_multiplies_a_third_less() -> None:
    model = lived_in(CONFIG).eval()

    def products(of: CRNN) -> list[int]:
        """Of each convolution of the last stage that keeps two rows."""
        made: list[int] = []

        def count(layer: nn.Module, given: tuple[torch.Tensor, ...], out: torch.Tensor) -> None:
            assert isinstance(layer, nn.Conv2d)
            made.append(layer.weight.numel() * out.shape[2] * out.shape[3])

        last = [layer for layer in of.backbone.modules() if isinstance(layer, nn.Conv2d)][-5:]
        kept = [layer for layer in last if layer.kernel_size[1] == 3 and layer.stride == (1, 1)]
        hooks = [layer.register_forward_hook(count) for layer in kept]
        of(torch.zeros(1, 1, 32, 64))
        for hook in hooks:
            hook.remove()
        return made

    before, after = products(model), products(flattened(model))
    assert len(before) == len(after) == 3
    assert [3 * count for count in after] == [2 * count for count in before]
