"""Pruning: what goes is what mattered least, and what is left is an ordinary network."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from shizi.errors import DataError, SettingsError  # noqa: E402
from shizi.learn import checkpoint  # noqa: E402
from shizi.learn.export import export, torch_run  # noqa: E402
from shizi.learn.network import CRNN, NetworkConfig, build  # noqa: E402
from shizi.learn.prune import prune, run  # noqa: E402
from shizi.learn.toml import tomllib  # noqa: E402
from shizi.read.charset import Charset  # noqa: E402
from shizi.read.runtime import Recogniser  # noqa: E402

CHARSET = Charset.of("0123456789")
CONFIG = NetworkConfig(widths=(8, 16, 16, 32), depths=(1, 1, 2, 1), dim=16, hidden=6, layers=1)


def network(**changes: object) -> CRNN:
    torch.manual_seed(0)
    made = build(NetworkConfig(**{**CONFIG.to_dict(), **changes}), CHARSET.size)
    with torch.no_grad():  # statistics and scales that are not the defaults
        for module in made.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                torch.nn.init.uniform_(module.weight, 0.5, 1.5)
                torch.nn.init.uniform_(module.bias, 0.1, 0.5)
        for _ in range(3):
            made(torch.rand(4, 1, 32, 64) - 0.5)
    return made.eval()


def silence(conv_bn: torch.nn.Sequential, channels: slice) -> None:
    with torch.no_grad():
        conv_bn[0].weight[channels] = 0
        conv_bn[1].weight[channels] = 0
        conv_bn[1].bias[channels] = 0


@pytest.mark.parametrize("rank", [0, 8])
def test_channels_that_say_nothing_go_first_and_are_not_missed(rank: int) -> None:
    """A quarter of the channels of every layer is silenced, and a quarter is taken out."""
    model = network(rank=rank, widths=(16, 16, 16, 32))
    stem, _, *blocks = model.backbone.layers
    silence(stem, slice(0, 4))
    for block in blocks:
        quarter = block.second[0].out_channels // 4
        silence(block.first, slice(1, 1 + quarter))
        silence(block.second, slice(0, quarter))
        if isinstance(block.shortcut, torch.nn.Sequential):
            silence(block.shortcut, slice(0, quarter))
    small = prune(model, 0.25)
    assert small.config.widths == (12, 12, 12, 24)
    assert small.config.middles == (12, 12, 12, 12, 24)
    strips = torch.rand(2, 1, 32, 96) - 0.5
    torch.testing.assert_close(small(strips), model(strips), atol=1e-5, rtol=1e-5)


def test_the_network_is_left_as_it_was_and_the_rest_is_narrower() -> None:
    model = network()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    small = prune(model, 0.5)
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert small.config.widths == (4, 8, 8, 16)
    assert (small.config.dim, small.config.hidden) == (CONFIG.dim, CONFIG.hidden)
    for width in (32, 100):
        assert small(torch.zeros(2, 1, 32, width)).shape == (2, width // 4, CHARSET.size)
    again = prune(small, 0.5)
    assert again.config.widths == (4, 4, 4, 8), "what was pruned can be pruned again"
    loss = again.train()(torch.rand(2, 1, 32, 64) - 0.5).square().mean()
    loss.backward()
    assert all(p.grad is not None for p in again.backbone.parameters())


def test_the_command_writes_a_checkpoint_that_reads_trains_and_exports(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = network()
    checkpoint.save(checkpoint.Checkpoint(CONFIG, CHARSET, model.state_dict(), {"recipe": "toy"}), tmp_path / "a.pt")
    target = tmp_path / "small.pt"
    assert run(Namespace(checkpoint=tmp_path / "a.pt", output=target, share=0.3)) == 0
    held = checkpoint.load(target)
    assert held.info == {"recipe": "toy", "pruned": 0.3}
    said = tomllib.loads(capsys.readouterr().out)
    assert NetworkConfig.from_dict(said["network"]) == held.config != CONFIG
    assert said["start"] == "small.pt"
    strips = torch.rand(1, 1, 32, 64) - 0.5
    torch.testing.assert_close(held.model()(strips), prune(model, 0.3)(strips))
    export(held.model(), CHARSET, tmp_path / "x.onnx", card={})
    found = Recogniser.open(tmp_path / "x.onnx", 1).logits(strips.numpy())
    torch.testing.assert_close(torch.from_numpy(found), torch.from_numpy(torch_run(held.model())(strips.numpy())))


@pytest.mark.parametrize("share", [0.0, 1.0, -0.5, float("nan")])
def test_a_share_that_is_none(share: float) -> None:
    with pytest.raises(SettingsError, match="share"):
        prune(network(), share)


def test_what_cannot_be_pruned_or_does_not_fit() -> None:
    with pytest.raises(DataError, match="vgg"):
        prune(build(NetworkConfig(backbone="vgg", widths=(4, 4, 4, 4), depths=(1, 1, 1, 1), dim=8, hidden=4), 5), 0.5)
    for wrong in ({"middles": (4,)}, {"backbone": "vgg", "middles": (4,) * 5}):
        with pytest.raises(SettingsError, match="middles"):
            network(**wrong)
