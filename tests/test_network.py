"""Networks: the shapes they promise, and the character reader that slides."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from shizi.errors import ModelError, SettingsError
from shizi.learn.export import export, torch_run
from shizi.learn.network import BACKBONES, CRNN, NetworkConfig, build
from shizi.learn.network.collapse import Collapse
from shizi.learn.network.neck import BidirectionalLSTM
from shizi.read.charset import Charset
from shizi.read.runtime import Recogniser

SMALL = {"widths": (8, 12, 16, 24), "depths": (1, 1, 1, 1), "dim": 20, "hidden": 6}


def small(backbone: str) -> CRNN:
    torch.manual_seed(0)
    return build(NetworkConfig(backbone=backbone, **SMALL), classes=11).eval()  # type: ignore[arg-type]


@pytest.mark.parametrize("backbone", sorted(BACKBONES))
@pytest.mark.parametrize("width", [32, 64, 320])
def test_a_step_for_every_four_pixels(backbone: str, width: int) -> None:
    model = small(backbone)
    strips = torch.rand(2, 1, 32, width) - 0.5
    assert model.backbone(strips).shape == (2, 24, 2, width // 4)
    assert model.columns(strips).shape == (2, 20, width // 4)
    assert model(strips).shape == (2, width // 4, 11)


@pytest.mark.parametrize("rows", [2, 3])
def test_strips_of_48_rows_give_as_many_steps(rows: int, tmp_path: Path) -> None:
    model = build(NetworkConfig(**SMALL, height=48, rows=rows), classes=11).eval()  # type: ignore[arg-type]
    assert model.backbone(torch.rand(2, 1, 48, 96)).shape == (2, 24, rows, 16)
    assert model(torch.rand(2, 1, 48, 480) - 0.5).shape == (2, 80, 11)
    assert model.characters(torch.rand(3, 1, 48, 48) - 0.5).shape == (3, 11)
    with pytest.raises(ModelError, match="strips of 32 rows"):
        export(model, Charset.of("0123456789"), tmp_path / "x.onnx", card={})
    assert not (tmp_path / "x.onnx").exists()


@pytest.mark.parametrize("given", [{"height": 40}, {"rows": 3}, {"height": 48, "backbone": "vgg"}])
def test_other_heights_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match="height and rows"):
        build(NetworkConfig(**{**SMALL, **given}), classes=11)


@pytest.mark.parametrize("backbone", sorted(BACKBONES))
def test_every_weight_learns(backbone: str) -> None:
    model = small(backbone).train()
    # The neck's last layers start at zero, which stops the gradient behind them for one step.
    for layer in model.modules():
        if isinstance(layer, BidirectionalLSTM):
            nn.init.normal_(layer.linear.weight)
    model(torch.rand(3, 1, 32, 64) - 0.5).square().sum().backward()
    assert [name for name, p in model.named_parameters() if p.grad is None or not p.grad.abs().sum()] == []


@pytest.mark.parametrize("backbone", sorted(BACKBONES))
def test_every_backbone_exports_with_any_width(backbone: str, tmp_path: Path) -> None:
    model = small(backbone)
    charset = Charset.of("0123456789")
    export(model, charset, tmp_path / "x.onnx", card={})
    written = Recogniser.open(tmp_path / "x.onnx", 1)
    for count, width in ((1, 32), (2, 100), (1, 320)):
        strips = np.random.default_rng(width).uniform(-0.5, 0.5, (count, 1, 32, width)).astype(np.float32)
        np.testing.assert_allclose(written.logits(strips), torch_run(model)(strips), atol=1e-4)


def test_collapse_slides_the_character_reader() -> None:
    """One step of the sliding window sees what :meth:`Collapse.whole` sees of a single character."""
    torch.manual_seed(1)
    collapse = Collapse(channels=5, dim=7).eval()
    features = torch.rand(2, 5, 2, 20)
    slid = collapse(features)
    for step in range(3, 16):
        whole = collapse.whole(features[:, :, :, step - 3 : step + 5])
        torch.testing.assert_close(slid[:, :, step], whole)


def test_the_neck_starts_as_no_change() -> None:
    x = torch.rand(2, 9, 20)
    torch.testing.assert_close(BidirectionalLSTM(20, 6)(x), x)


def test_an_unknown_backbone_or_key_is_refused() -> None:
    with pytest.raises(SettingsError, match="vgg"):
        build(NetworkConfig(backbone="transformer"), 5)
    with pytest.raises(SettingsError, match="depth"):
        NetworkConfig.from_dict({"depth": 3})


def test_the_config_survives_json() -> None:
    config = NetworkConfig(backbone="vgg", dim=64)
    assert NetworkConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config
