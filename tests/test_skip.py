"""Weight files that leave out frames which are surely blank."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from numpy.typing import NDArray

from fonts import pillow_font
from shizi import cli
from shizi.errors import DataError, ModelError, ModelMismatch
from shizi.learn import export as exporting
from shizi.learn import skip
from shizi.learn.export import Lines, export
from shizi.learn.network import CRNN, NetworkConfig, build
from shizi.learn.quantize import quantize
from shizi.learn.restore import restore
from shizi.learn.skip import Fitted, fit, samples, skipping, watched
from shizi.read import weights
from shizi.read.charset import BLANK, Charset
from shizi.read.runtime import FRAMES, LEFT_OUT, Recogniser

CHARSET = Charset.of("0123456789")
CONFIG = NetworkConfig(widths=(16, 16, 24, 32), depths=(0, 1, 1, 1), dim=16, hidden=8)
WIDTH = 160


def strips(count: int, seed: int = 0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).uniform(-0.5, 0.5, (count, 1, 32, WIDTH)).astype(np.float32)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The same network as float32 and as int8."""
    folder = tmp_path_factory.mktemp("skip")
    torch.manual_seed(0)
    model = build(CONFIG, CHARSET.size).eval()
    export(model, CHARSET, folder / "float32.onnx", card={})
    quantize(folder / "float32.onnx", folder / "int8.onnx", [strips(8, seed=1)])
    return {name: folder / f"{name}.onnx" for name in ("float32", "int8")}


def seen(path: Path, strip: NDArray[np.float32]) -> NDArray[np.float32]:
    """(T, D) features of a strip."""
    session = onnxruntime.InferenceSession(watched(onnx.load(path)).SerializeToString())
    features: NDArray[np.float32] = session.run(None, {"strips": strip})[1][0]
    return features


def half(path: Path) -> Fitted:
    """Keeps about half of the frames of random strips: those whose first feature is above its median."""
    middle = float(np.median(np.concatenate([seen(path, one[np.newaxis])[:, 0] for one in strips(6, seed=3)])))
    inner, outer = np.zeros((CONFIG.dim, 2), np.float32), np.array([[1], [-1]], np.float32)
    inner[0] = 1, -1
    return Fitted(inner, np.zeros(2, np.float32), outer, least=-middle)


def test_blank_frames_are_told_and_others_kept() -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(30_000, 8)).astype(np.float32) * 3 + 5
    far = np.square(features[:, :2] - 5).sum(axis=1)
    features, far = features[(far < 10) | (far > 20)], far[(far < 10) | (far > 20)]
    near = far < 10
    said = np.where(near, 0.001, 0.9).astype(np.float32)
    kept = fit(features, said).keeps(features)
    assert (kept | near).mean() > 0.9995  # next to none that is no blank is lost
    assert kept[near].mean() < 0.4
    assert np.array_equal(fit(features, said).inner, fit(features, said).inner)


@pytest.mark.parametrize("said", [0.0, 1.0])
def test_frames_of_one_kind_teach_nothing(said: float) -> None:
    with pytest.raises(DataError, match="one kind"):
        fit(np.zeros((50, 4), np.float32), np.full(50, said, np.float32))


def test_the_rows_that_are_left_are_those_of_the_file_before(files: dict[str, Path], tmp_path: Path) -> None:
    fitted = half(files["float32"])
    onnx.save(skipping(onnx.load(files["float32"]), fitted), tmp_path / "a.onnx")
    before, after = Recogniser.open(files["float32"], 1), Recogniser.open(tmp_path / "a.onnx", 2)
    batch, widths = strips(4), [WIDTH, 96, 4, 128]
    whole, filled = before.logits(batch, widths), after.logits(batch, widths)
    assert filled.shape == whole.shape
    for index, (emitted, width) in enumerate(zip(after.emissions(batch, widths), widths, strict=True)):
        kept = fitted.keeps(seen(files["float32"], batch[index : index + 1, :, :, :width]))
        kept[0] = True
        assert emitted.frames is not None
        assert emitted.frames.tolist() == np.flatnonzero(kept).tolist()
        np.testing.assert_allclose(emitted.logits, whole[index, : width // 4][kept], atol=1e-4)
        assert filled[index, emitted.frames].tobytes() == emitted.logits.tobytes()
        left = filled[index, : width // 4][~kept]
        assert (left[:, BLANK] == 0).all() and (np.delete(left, BLANK, axis=1) == LEFT_OUT).all()
        assert not filled[index, width // 4 :].any()
    assert before.emissions(batch[:1])[0].frames is None


def test_int8_reads_near_and_a_strip_the_same_in_any_batch(files: dict[str, Path], tmp_path: Path) -> None:
    onnx.save(skipping(onnx.load(files["int8"]), half(files["int8"])), tmp_path / "a.onnx")
    before, after = Recogniser.open(files["int8"], 1), Recogniser.open(tmp_path / "a.onnx", 2)
    batch = strips(5)
    assert after.card == before.card
    for index, emitted in enumerate(after.emissions(batch)):
        (alone,) = after.emissions(batch[index : index + 1])
        assert alone.frames is not None and emitted.frames is not None
        assert 2 <= len(emitted.frames) < WIDTH // 4
        assert alone.logits.tobytes() == emitted.logits.tobytes() and (alone.frames == emitted.frames).all()
        np.testing.assert_allclose(emitted.logits, before.logits(batch)[index, emitted.frames], atol=0.2)


@pytest.mark.parametrize("which", ["float32", "int8"])
def test_where_all_is_blank_one_frame_is_left(files: dict[str, Path], which: str, tmp_path: Path) -> None:
    nothing = Fitted(np.zeros((CONFIG.dim, 2), np.float32), np.zeros(2, np.float32), np.zeros((2, 1), np.float32), -1.0)
    onnx.save(skipping(onnx.load(files[which]), nothing), tmp_path / "a.onnx")
    for batch in (strips(1), strips(1)[:, :, :, :4]):
        (emitted,) = Recogniser.open(tmp_path / "a.onnx", 1).emissions(batch)
        assert emitted.frames is not None and emitted.frames.tolist() == [0]
        assert emitted.logits.shape == (1, CHARSET.size)


def test_a_network_comes_back_from_such_a_file(files: dict[str, Path], tmp_path: Path) -> None:
    onnx.save(skipping(onnx.load(files["float32"]), half(files["float32"])), tmp_path / "a.onnx")
    given = torch.from_numpy(strips(2))
    restored = [build(CONFIG, CHARSET.size).eval() for _ in range(2)]
    for model, path in zip(restored, (files["float32"], tmp_path / "a.onnx"), strict=True):
        restore(model, path, [given])
    assert isinstance(restored[0], CRNN)
    with torch.no_grad():
        torch.testing.assert_close(restored[0](given), restored[1](given))


def test_what_cannot_be_is_refused(files: dict[str, Path], tmp_path: Path) -> None:
    fitted = half(files["float32"])
    made = skipping(onnx.load(files["float32"]), fitted)
    with pytest.raises(ModelError, match="already"):
        skipping(made, fitted)
    other = onnx.load(files["float32"])
    for node in other.graph.node:
        node.name = node.name.replace("classifier", "head")
    with pytest.raises(ModelError, match="no classifier"):
        skipping(other, fitted)
    for node in made.graph.node:  # frames from the last to the first
        if FRAMES in node.output:
            node.output[0] = "turned"
    last = onnx.helper.make_node("Neg", ["turned"], [FRAMES])
    at = next(at for at, node in enumerate(made.graph.node) if "turned" in node.output)
    made.graph.node.insert(at + 1, last)
    onnx.save(made, tmp_path / "a.onnx")
    with pytest.raises(ModelMismatch, match=r"rows are of the frames|does not run"):
        Recogniser.open(tmp_path / "a.onnx")


@pytest.mark.parametrize(("target", "fault"), [("b.onnx", "leaves out blank"), ("none/b.onnx", "no folder")])
def test_the_command_says_at_once_what_cannot_be(
    files: dict[str, Path], tmp_path: Path, target: str, fault: str, capsys: pytest.CaptureFixture[str]
) -> None:
    onnx.save(skipping(onnx.load(files["int8"]), half(files["int8"])), tmp_path / "a.onnx")
    given = ["skip-blanks", str(tmp_path / "a.onnx"), str(tmp_path / "none.toml"), "--output", str(tmp_path / target)]
    assert cli.main(given) == 1
    assert fault in capsys.readouterr().err, "before the recipe is looked at, which is not there"


def test_frames_are_taken_as_far_as_they_are_wanted(files: dict[str, Path]) -> None:
    batches = [Lines(strips(3, seed), widths=[WIDTH, 64, 2]) for seed in range(2)]
    features, said = samples(files["int8"], batches, count=10_000)
    assert features.shape == (2 * (40 + 16 + 1), CONFIG.dim)
    assert said.shape == (len(features),) and ((said >= 0) & (said <= 1)).all()
    assert len(samples(files["int8"], batches, count=41)[0]) == 56
    with pytest.raises(DataError, match="not a single frame"):
        samples(files["int8"], [], count=1)


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The shipped weights on lines of digits and letters."""
    (tmp_path / "fonts").mkdir()
    pillow_font(tmp_path / "fonts" / "pillow.ttf")
    stage = '[[stage]]\nname = "a"\nsteps = 1\nctc = 1.0\nwidths = [96, 160]\nbatch = 60\nlevels = ["clean"]\n'
    (tmp_path / "toy.toml").write_text(f'fonts = "fonts"\n{stage}', encoding="utf-8")
    source = tmp_path / "plain.onnx"
    onnx.save(plain(onnx.load(weights.find())), source)
    monkeypatch.setattr(skip, "FITTED_ON", 3000)
    monkeypatch.setattr(exporting, "LEAST_LINES", 100)
    given = ["skip-blanks", str(source), str(tmp_path / "toy.toml"), "--output", str(tmp_path / "a.onnx")]
    monkeypatch.setattr(skip, "MAX_CHANGED", 0.05)  # a hundred lines are too few for the bound
    monkeypatch.setattr(skip, "MAX_CER_LOSS", 0.01)
    assert cli.main([*given, "--compare", "100"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert 0.2 < found["left_out"] < 0.9
    assert found["seconds"]["after"] > 0
    assert found["lines"] >= 100 and found["changed"] <= 0.05
    emitted = Recogniser.open(tmp_path / "a.onnx", 1).emissions(strips(1))
    assert emitted[0].frames is not None
    (tmp_path / "a.onnx").unlink()
    monkeypatch.setattr(skip, "MAX_CHANGED", -1.0)
    assert cli.main([*given, "--compare", "100"]) == ModelError.exit_status
    assert "too much is lost" in capsys.readouterr().err
    assert not (tmp_path / "a.onnx").exists()
    other = tmp_path / "other.toml"
    other.write_text(f'fonts = "fonts"\nalphabet = "0123456789"\n{stage}', encoding="utf-8")
    given[2] = str(other)
    assert cli.main(given) == DataError.exit_status
    assert "another alphabet" in capsys.readouterr().err


def plain(model: onnx.ModelProto) -> onnx.ModelProto:
    """Without what :func:`skipping` put in, if it was."""
    made = onnx.ModelProto()
    made.CopyFrom(model)
    nodes = [node for node in made.graph.node if not node.name.startswith("skip/")]
    gathered = next((node for node in made.graph.node if "skip.features" in node.output), None)
    for node in nodes:
        node.input[:] = [gathered.input[0] if gathered and name == "skip.features" else name for name in node.input]
    del made.graph.node[:]
    made.graph.node.extend(nodes)
    del made.graph.output[1:]
    return made
