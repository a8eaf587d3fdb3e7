"""Weight files as a place to start training from: what comes back computes what the file does."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from fonts import pillow_font
from shizi.errors import DataError
from shizi.learn import checkpoint as checkpoints
from shizi.learn.export import export
from shizi.learn.finder import export as finders
from shizi.learn.finder.network import Finder, FinderConfig
from shizi.learn.narrow import narrowed
from shizi.learn.network import CRNN, NetworkConfig, build
from shizi.learn.network.neck import BidirectionalLSTM
from shizi.learn.quantize import quantize
from shizi.learn.restore import restore
from shizi.learn.train import run
from shizi.read.charset import Charset
from shizi.read.runtime import Recogniser

CHARSET = Charset.of("0123456789")
CONFIG = NetworkConfig(widths=(4, 8, 8, 16), depths=(0, 1, 1, 1), dim=16, hidden=8, layers=2)
CONFIGS = {
    "resnet": CONFIG,
    "low rank": replace(CONFIG, rank=6),
    "two blocks": replace(CONFIG, depths=(0, 1, 1, 2)),
    "pruned": replace(CONFIG, depths=(1, 1, 1, 2), middles=(3, 5, 6, 7, 8)),
    "vgg": replace(CONFIG, backbone="vgg", depths=(1, 1, 1, 1)),
    "convnext": replace(CONFIG, backbone="convnext", depths=(1, 0, 1, 0)),
}


def strips(count: int, seed: int) -> torch.Tensor:
    return torch.rand(count, 1, 32, 64, generator=torch.Generator().manual_seed(seed)) - 0.5


def lived_in(model: nn.Module, inputs: list[torch.Tensor]) -> nn.Module:
    """The model with weights, statistics, scales and shifts that are not the fresh ones."""
    torch.manual_seed(0)
    for module in model.modules():
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, std=0.3)
        if isinstance(module, BidirectionalLSTM):
            nn.init.normal_(module.linear.weight, std=0.3)
    with torch.no_grad():
        for given in inputs * 3:
            model(given)
    return model.eval()


@pytest.mark.parametrize("name", CONFIGS)
def test_a_restored_network_computes_what_the_file_does(name: str, tmp_path: Path) -> None:
    samples = [strips(8, seed) for seed in range(3)]
    model = lived_in(build(CONFIGS[name], CHARSET.size), samples)
    export(model, CHARSET, tmp_path / "a.onnx", card={})
    fresh = build(CONFIGS[name], CHARSET.size)
    restore(fresh, tmp_path / "a.onnx", samples)
    torch.testing.assert_close(fresh.eval()(samples[0]), model(samples[0]), atol=1e-4, rtol=1e-4)


def test_its_norms_know_what_passes_through_them(tmp_path: Path) -> None:
    samples = [strips(16, seed) for seed in range(3)]
    export(lived_in(build(CONFIG, CHARSET.size), samples), CHARSET, tmp_path / "a.onnx", card={})
    model = build(CONFIG, CHARSET.size)
    restore(model, tmp_path / "a.onnx", samples)
    assert model.training
    model.eval()
    still = model.backbone(torch.cat(samples))
    model.train()  # the batch's own statistics are those that were taken from it
    torch.testing.assert_close(model.backbone(torch.cat(samples)), still, atol=2e-3, rtol=2e-3)


def test_int8_comes_back_rounded(tmp_path: Path) -> None:
    samples = [strips(8, seed) for seed in range(3)]
    model = lived_in(build(CONFIG, CHARSET.size), samples)
    export(model, CHARSET, tmp_path / "a.onnx", card={})
    quantize(tmp_path / "a.onnx", tmp_path / "a8.onnx", [one.numpy() for one in samples])
    fresh = build(CONFIG, CHARSET.size)
    restore(fresh, tmp_path / "a8.onnx", samples)
    for key, value in model.state_dict().items():
        if key.startswith(("neck", "classifier", "collapse.linear")) and value.ndim > 1:
            step = float(value.abs().max()) / 60  # seven bits
            assert float((fresh.state_dict()[key] - value).abs().max()) <= step, key
    seen = Recogniser.open(tmp_path / "a8.onnx", 1).logits(samples[0].numpy())
    again = fresh.eval()(samples[0]).detach().numpy()
    assert np.abs(again - seen).max() < 0.1 * np.ptp(seen)


@pytest.mark.parametrize("int8", [False, True])
def test_a_narrow_classifier_comes_back_whole(int8: bool, tmp_path: Path) -> None:
    samples = [strips(8, seed) for seed in range(3)]
    model = lived_in(build(CONFIG, CHARSET.size), samples)
    assert isinstance(model, CRNN)
    narrow = narrowed(model, samples, 6)
    export(narrow, CHARSET, tmp_path / "a.onnx", card={})
    path = tmp_path / ("a8.onnx" if int8 else "a.onnx")
    if int8:
        quantize(tmp_path / "a.onnx", path, [one.numpy() for one in samples])
    fresh = build(CONFIG, CHARSET.size)
    restore(fresh, path, samples)
    with torch.inference_mode():
        wanted, again = narrow(samples[0]), fresh.eval()(samples[0])
    assert float((again - wanted).abs().max()) < (0.1 if int8 else 1e-3) * float(wanted.max() - wanted.min())


def test_a_finder_comes_back(tmp_path: Path) -> None:
    config = FinderConfig((4, 4, 8, 8, 8), (1, 1, 1, 1), 8, 8)
    pages = [torch.rand(2, 1, 64, 64, generator=torch.Generator().manual_seed(seed)) - 0.5 for seed in range(3)]
    model = lived_in(Finder(config), pages)
    assert isinstance(model, Finder)
    finders.export(model, tmp_path / "f.onnx", card={})
    fresh = Finder(config)
    restore(fresh, tmp_path / "f.onnx", pages)
    torch.testing.assert_close(fresh.eval().answer(pages[0]), model.answer(pages[0]), atol=1e-4, rtol=1e-4)


def test_what_does_not_fit_is_named(tmp_path: Path) -> None:
    export(lived_in(build(CONFIG, CHARSET.size), [strips(8, 0)]), CHARSET, tmp_path / "a.onnx", card={})
    with pytest.raises(DataError, match=r"classifier.bias is \(11,\) in .*a.onnx and \(12,\) in the network"):
        restore(build(CONFIG, CHARSET.size + 1), tmp_path / "a.onnx", [strips(8, 0)])
    with pytest.raises(DataError, match="missing"):
        restore(build(replace(CONFIG, layers=1), CHARSET.size), tmp_path / "a.onnx", [strips(8, 0)])
    with pytest.raises(DataError, match="no weight file"):
        restore(build(CONFIG, CHARSET.size), tmp_path / "none.onnx", [])
    (tmp_path / "b.onnx").write_bytes(b"not ONNX at all")
    with pytest.raises(DataError, match="no weight file"):
        restore(build(CONFIG, CHARSET.size), tmp_path / "b.onnx", [])


def test_training_starts_from_a_weight_file(tmp_path: Path) -> None:
    (tmp_path / "fonts").mkdir()
    pillow_font(tmp_path / "fonts" / "pillow.ttf")
    config = NetworkConfig(widths=(8, 16, 24, 32), dim=32, hidden=8)
    model = lived_in(build(config, CHARSET.size), [strips(8, 0)])
    export(model, CHARSET, tmp_path / "a.onnx", card={})

    def recipe(alphabet: str) -> Path:
        path = tmp_path / "toy.toml"
        path.write_text(
            f'fonts = "fonts"\nalphabet = "{alphabet}"\nvalidation_lines = 25\nstart = "a.onnx"\n'
            "[network]\nwidths = [8, 16, 24, 32]\ndim = 32\nhidden = 8\n"
            '[[stage]]\nname = "ctc"\nsteps = 1\nbatch = 16\nctc = 1.0\nwidths = [96]\nrate = 1e-6\n',
            encoding="utf-8",
        )
        return path

    assert run(Namespace(config=recipe("0123456789"), output=tmp_path / "run", resume=False)) == 0
    held = checkpoints.load(tmp_path / "run" / "last.pt")
    torch.testing.assert_close(
        held.weights["classifier.weight"], model.state_dict()["classifier.weight"], atol=1e-4, rtol=1e-4
    )
    with pytest.raises(DataError, match="another alphabet"):
        run(Namespace(config=recipe("012345678X"), output=tmp_path / "other", resume=False))
