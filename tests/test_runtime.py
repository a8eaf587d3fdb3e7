"""The runtime with a network small enough to work out by hand: one convolution of 4 columns a frame."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from shizi import clean, crop
from shizi.errors import ModelMismatch, ModelMissing, SettingsError
from shizi.read import runtime, weights
from shizi.read.charset import Charset
from shizi.read.runtime import Recogniser

CHARSET = Charset.of("识字ab")
CARD = {"licence": "Apache-2.0", "temperature": 1.5}


def kernel(classes: int = CHARSET.size, height: int = 32) -> NDArray[np.float32]:
    return np.random.default_rng(0).normal(size=(classes, 1, height, 4)).astype(np.float32)


def network(
    weight: NDArray[np.float32] | None = None,
    *,
    meta: dict[str, str] | None = None,
    names: tuple[str, str] = ("strips", "logits"),
) -> onnx.ModelProto:
    """(N, 1, 32, W) -> convolution (N, C, 1, W // 4) -> (N, W // 4, C)."""
    weight = kernel() if weight is None else weight
    height = weight.shape[2]
    nodes = [
        helper.make_node("Conv", [names[0], "weight"], ["maps"], strides=[height, 4]),
        helper.make_node("Squeeze", ["maps", "axis"], ["rows"]),
        helper.make_node("Transpose", ["rows"], [names[1]], perm=[0, 2, 1]),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info(names[0], TensorProto.FLOAT, ["n", 1, height, "w"])],
        [helper.make_tensor_value_info(names[1], TensorProto.FLOAT, ["n", "t", len(weight)])],
        [numpy_helper.from_array(weight, "weight"), numpy_helper.from_array(np.array([2], np.int64), "axis")],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(made, runtime.metadata(CHARSET, CARD) if meta is None else meta)
    return made


@pytest.fixture
def path(tmp_path: Path) -> Path:
    onnx.save(network(), tmp_path / "tiny.onnx")
    return tmp_path / "tiny.onnx"


def strips(count: int, width: int, seed: int = 0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).uniform(-0.5, 0.5, (count, 1, 32, width)).astype(np.float32)


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize(("count", "width"), [(1, 4), (1, 320), (5, 96), (0, 32)])
def test_logits_are_the_networks(path: Path, threads: int, count: int, width: int) -> None:
    batch = strips(count, width)
    windows = batch[:, 0].reshape(count, 32, width // 4, 4)
    wanted = np.einsum("nhtk,chk->ntc", windows, kernel()[:, 0])
    made = Recogniser.open(path, threads).logits(batch)
    assert made.dtype == np.float32
    assert made.shape == (count, width // 4, CHARSET.size)
    np.testing.assert_allclose(made, wanted, atol=1e-4)


def test_a_strip_gives_the_same_bits_in_any_batch_and_thread(path: Path) -> None:
    one, several = Recogniser.open(path, 1), Recogniser.open(path, 4)
    batch = strips(6, 128)
    alone = [one.logits(batch[i : i + 1])[0].tobytes() for i in range(6)]
    assert [row.tobytes() for row in several.logits(batch)] == alone
    with ThreadPoolExecutor(4) as pool:
        for made in pool.map(lambda _: several.logits(batch), range(8)):
            assert [row.tobytes() for row in made] == alone


def test_what_is_seen_of_a_strip_is_all_that_counts(path: Path) -> None:
    recogniser = Recogniser.open(path, 2)
    batch, widths = strips(3, 96), [4, 64, 96]
    made = recogniser.logits(batch, widths)
    for index, width in enumerate(widths):
        alone = recogniser.logits(batch[index : index + 1, :, :, :width])[0]
        assert made[index, : width // 4].tobytes() == alone.tobytes()
        assert not made[index, width // 4 :].any()


@pytest.mark.parametrize("widths", [[64], [64, 0], [64, 62], [64, 100]])
def test_widths_that_cannot_be_are_refused(path: Path, widths: list[int]) -> None:
    with pytest.raises(ValueError, match="widths"):
        Recogniser.open(path, 1).logits(strips(2, 96), widths)


def test_what_the_file_carries(path: Path) -> None:
    recogniser = Recogniser.open(path, 2)
    assert recogniser.charset == CHARSET
    assert recogniser.card == CARD
    assert recogniser.temperature == 1.5
    assert recogniser.threads == 2
    assert 1 <= Recogniser.open(path).threads <= runtime.MAX_THREADS
    with pytest.raises(SettingsError):
        Recogniser.open(path, -1)


@pytest.mark.parametrize(
    "batch",
    [
        np.zeros((1, 32, 64), np.float32),
        np.zeros((1, 1, 48, 64), np.float32),
        np.zeros((1, 1, 32, 62), np.float32),
        np.zeros((1, 1, 32, 0), np.float32),
        np.zeros((1, 1, 32, 64), np.float64),
    ],
)
def test_batches_of_another_shape_or_type_are_refused(path: Path, batch: Any) -> None:
    with pytest.raises(ValueError, match="batch"):
        Recogniser.open(path, 1).logits(batch)


def test_preprocessing_is_what_the_other_stages_do() -> None:
    assert runtime.HEIGHT == clean.STRIP_HEIGHT
    assert (crop.pad(np.zeros((32, 5), np.float32))[:, 5:] == runtime.PAD).all()
    assert all(width % runtime.STRIDE == 0 for width in crop.BUCKETS)


def without(key: str) -> dict[str, str]:
    return {k: v for k, v in runtime.metadata(CHARSET, CARD).items() if k != key}


def changed(key: str, value: Any) -> dict[str, str]:
    return runtime.metadata(CHARSET, CARD) | {key: value if isinstance(value, str) else json.dumps(value)}


@pytest.mark.parametrize(
    "model",
    [
        network(meta={}),
        *(network(meta=without(key)) for key in runtime.metadata(CHARSET, CARD)),
        network(meta=changed("shizi.schema", "shizi/model/2")),
        network(meta=changed("shizi.fingerprint", "0" * 16)),
        network(meta=changed("shizi.charset", "[")),
        network(meta=changed("shizi.charset", {"a": 1})),
        network(meta=changed("shizi.charset", [1, 2, 3, 4])),
        network(meta=changed("shizi.charset", ["a", "a", "b", "c"])),
        network(meta=changed("shizi.charset", ["\ud800", "a", "b", "c"])),
        network(meta=changed("shizi.charset", list(CHARSET.chars[::-1]))),
        network(meta=changed("shizi.preprocess", {**runtime.preprocess(), "height": 48})),
        network(meta=changed("shizi.preprocess", {**runtime.preprocess(), "version": 0})),
        network(meta=changed("shizi.preprocess", {})),
        network(meta=changed("shizi.card", [])),
        network(meta=changed("shizi.card", {"temperature": 0})),
        network(kernel(CHARSET.size + 1)),
        network(kernel(height=48)),
        network(names=("image", "logits")),
        network(names=("strips", "output")),
    ],
)
def test_files_that_do_not_fit_are_refused(tmp_path: Path, model: onnx.ModelProto) -> None:
    path = tmp_path / "wrong.onnx"
    onnx.save(model, path)
    with pytest.raises(ModelMismatch, match=r"wrong\.onnx|temperature"):
        Recogniser.open(path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not a model at all",
        pickle.dumps({"weights": [1, 2, 3]}),
        network().SerializeToString()[:-200],
        b"\x00" * 4096,
    ],
    ids=["empty", "text", "pickle", "cut", "zeros"],
)
def test_what_is_no_model_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "wrong.onnx"
    path.write_bytes(content)
    with pytest.raises(ModelMismatch):
        Recogniser.open(path)


def test_a_model_cannot_refer_to_other_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = network()
    onnx.save(model, tmp_path / "split.onnx", save_as_external_data=True, location="other.bin", size_threshold=0)
    assert (tmp_path / "other.bin").exists()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelMismatch):
        Recogniser.open(tmp_path / "split.onnx")


def test_a_huge_file_is_refused_unread(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime, "MAX_BYTES", path.stat().st_size - 1)
    with pytest.raises(ModelMismatch, match="bytes"):
        Recogniser.open(path)


def test_a_given_path_is_final(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match=r"none\.onnx"):
        Recogniser.open(tmp_path / "none.onnx")
    with pytest.raises(ModelMissing, match="not a file"):
        weights.find(tmp_path)


def test_without_a_path_the_shipped_file_is_meant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert weights.FOLDER.name == "weights" and weights.FOLDER.parent.name == "shizi"
    monkeypatch.setattr(weights, "FOLDER", tmp_path)
    with pytest.raises(ModelMissing, match="shipped"):
        weights.find()
    (tmp_path / weights.DEFAULT).write_bytes(network().SerializeToString())
    assert Recogniser.open().path == tmp_path / weights.DEFAULT


def test_reading_needs_no_torch_and_no_onnx() -> None:
    script = (
        "import sys, shizi.read.runtime, shizi.read.ctc, shizi.read.hints, shizi.text;"
        "print([name for name in ('torch', 'onnx') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
