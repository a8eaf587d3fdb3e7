"""``shizi quantize``: smaller files that read as well, and a refusal where they do not."""

from __future__ import annotations

import json
from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from fonts import pillow_font  # noqa: E402
from shizi.errors import DataError, ModelError  # noqa: E402
from shizi.learn import checkpoint, int8  # noqa: E402
from shizi.learn import export as exporting  # noqa: E402
from shizi.learn.checkpoint import Checkpoint  # noqa: E402
from shizi.learn.export import export, torch_run  # noqa: E402
from shizi.learn.network import CRNN, NetworkConfig, build  # noqa: E402
from shizi.read.charset import Charset  # noqa: E402
from shizi.read.runtime import Recogniser  # noqa: E402

CHARSET = Charset.of("0123456789")
CONFIG = NetworkConfig(widths=(8, 16, 24, 32), depths=(0, 1, 1, 1), dim=32, hidden=16, layers=1)
STRIPS = np.random.default_rng(0).uniform(-0.5, 0.5, (2, 1, 32, 64)).astype(np.float32)


@pytest.fixture(scope="module")
def model() -> CRNN:
    torch.manual_seed(0)
    made = build(CONFIG, CHARSET.size)
    torch.nn.init.normal_(made.classifier.weight, std=0.5)
    with torch.no_grad():
        for _ in range(5):
            made(torch.rand(8, 1, 32, 64) - 0.5)
    return made.eval()


@pytest.fixture
def folder(model: CRNN, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    def lines(charset: Charset, fonts: list[Path], count: int) -> list[exporting.Lines]:
        """A thousand small strips of noise: every frame a close call, so the bound is put away."""
        assert [font.name for font in fonts] == ["pillow.ttf"]
        noise = np.random.default_rng(1).uniform(-0.5, 0.5, (count, 1, 32, 32)).astype(np.float32)
        return [exporting.Lines(noise[start : start + 64], ["01"] * 64) for start in range(0, count, 64)]

    monkeypatch.setattr(int8, "made_lines", lines)
    monkeypatch.setattr(exporting, "MAX_CER_LOSS_INT8", 1.0)
    (tmp_path / "fonts").mkdir()
    pillow_font(tmp_path / "fonts" / "pillow.ttf")
    export(model, CHARSET, tmp_path / "a.onnx", card={"training": {"held_out": ["pillow.ttf"]}, "licence": "MIT"})
    checkpoint.save(Checkpoint(CONFIG, CHARSET, model.state_dict(), {"recipe": "toy"}), tmp_path / "a.pt")
    return tmp_path


def args(folder: Path, source: str, **more: object) -> Namespace:
    target = folder / f"small{Path(source).suffix}"
    values = {"source": folder / source, "output": target, "fonts": folder / "fonts", "compare": 1024}
    return Namespace(**{**values, "keep_convolutions": False, **more})


@pytest.mark.parametrize("keep", [True, False])
def test_a_weight_file(folder: Path, keep: bool, capsys: pytest.CaptureFixture[str]) -> None:
    assert int8.run(args(folder, "a.onnx", keep_convolutions=keep)) == 0
    said = json.loads(capsys.readouterr().out)
    small = folder / "small.onnx"
    assert said["bytes"]["after"] == small.stat().st_size < said["bytes"]["before"]
    assert said["lines"] >= 1000
    assert abs(said["cer"] - said["cer_before"]) < 0.1
    assert said["seconds"]["ratio"] > 0
    card = Recogniser.open(small).card
    assert (card["precision"], card["licence"]) == ("int8", "MIT")
    with pytest.raises(DataError, match="already"):
        int8.run(args(folder, "small.onnx"))


def test_a_file_that_reads_worse_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "MAX_CER_LOSS_INT8", -1.0)
    for source in ("a.onnx", "a.pt"):
        with pytest.raises(ModelError, match="int8"):
            int8.run(args(folder, source))
    assert {path.name for path in folder.iterdir()} == {"fonts", "a.onnx", "a.pt"}


def test_where_there_is_no_folder(folder: Path) -> None:
    with pytest.raises(DataError, match="no folder"):
        int8.run(args(folder, "a.onnx", output=folder / "none" / "x.onnx"))


def test_a_checkpoint(folder: Path, model: CRNN, capsys: pytest.CaptureFixture[str]) -> None:
    assert int8.run(args(folder, "a.pt")) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["bytes"]["after"] < 0.6 * said["bytes"]["before"], "on a network this small names and shapes weigh"
    assert set(said["torch_dynamic"]) >= {"seconds", "cer", "changed"}
    held = checkpoint.load(folder / "small.pt")
    assert (held.config, held.charset, held.info) == (CONFIG, CHARSET, {"recipe": "toy"})
    plain, small = torch_run(model)(STRIPS), torch_run(held.model())(STRIPS)
    assert 0 < np.abs(plain - small).mean() < 0.05 * plain.std()
    checkpoint.save(held, folder / "again.pt", int8=True)
    for name, value in checkpoint.load(folder / "again.pt").weights.items():
        torch.testing.assert_close(value.float(), held.weights[name].float(), atol=2e-3, rtol=2e-3)


def test_the_rows_of_a_stored_matrix_keep_their_own_scale(tmp_path: Path, model: CRNN) -> None:
    weights = {"a": torch.tensor([[1.0, -0.5], [1e-4, 2e-4], [0.0, 0.0]]), "b": torch.arange(3)}
    checkpoint.save(Checkpoint(CONFIG, CHARSET, weights, training={"model": weights}), tmp_path / "x.pt", int8=True)
    held = checkpoint.load(tmp_path / "x.pt")
    assert held.training is None
    torch.testing.assert_close(held.weights["a"], weights["a"], atol=0, rtol=0.01)
    assert torch.equal(held.weights["b"], weights["b"])


def test_dynamic_int8_in_torch_stays_near(model: CRNN) -> None:
    moving = int8.dynamic(model)
    plain, made = torch_run(model)(STRIPS), torch_run(moving)(STRIPS)
    assert 0 < np.abs(plain - made).mean() < 0.05 * plain.std()
    assert "DynamicQuantizedLSTM" in repr(moving)


def test_times_are_taken_in_turns() -> None:
    calls: list[str] = []

    def one(name: str) -> exporting.Run:
        def run(strips: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
            calls.append(name)
            return strips

        return run

    found = int8.timed(one("a"), one("b"), [exporting.Lines(STRIPS)], lines=2)
    assert calls == ["a", "b"] * 3
    assert set(found) == {"before", "after", "ratio"}
