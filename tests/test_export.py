from __future__ import annotations

import copy
import io
import json
import string
from argparse import Namespace
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from PIL import ImageFont

torch = pytest.importorskip("torch")

from shizi.errors import DataError, ModelError, SettingsError  # noqa: E402
from shizi.learn import export as exporting  # noqa: E402
from shizi.learn.checkpoint import Checkpoint, save  # noqa: E402
from shizi.learn.export import (  # noqa: E402
    Difference,
    Lines,
    check,
    check_int8,
    check_narrowed,
    compare,
    export,
    release,
    torch_run,
)
from shizi.learn.finder import export as finder  # noqa: E402
from shizi.learn.narrow import narrowed  # noqa: E402
from shizi.learn.network import CRNN, NetworkConfig, build  # noqa: E402
from shizi.learn.network.neck import BidirectionalLSTM  # noqa: E402
from shizi.learn.quantize import quantize  # noqa: E402
from shizi.read.charset import Charset  # noqa: E402
from shizi.read.runtime import Recogniser  # noqa: E402
from shizi.read.trust import HIGHEST, LOWEST  # noqa: E402

CHARSET = Charset.of("0123456789 识字")
CONFIG = NetworkConfig(widths=(4, 8, 8, 16), depths=(0, 1, 1, 1), dim=16, hidden=8, layers=2)


def strips(count: int, width: int, seed: int = 0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).uniform(-0.5, 0.5, (count, 1, 32, width)).astype(np.float32)


@pytest.fixture(scope="module")
def model() -> CRNN:
    """Fresh weights, but a neck that does not start at zero and statistics of batch norm that are not the defaults."""
    torch.manual_seed(0)
    made = build(CONFIG, CHARSET.size)
    for block in made.neck:
        assert isinstance(block, BidirectionalLSTM)
        torch.nn.init.normal_(block.linear.weight, std=0.3)
    torch.nn.init.normal_(made.classifier.weight, std=0.5)
    with torch.no_grad():
        for seed in range(20):
            made(torch.from_numpy(strips(8, 64, seed)))
    return made


@pytest.fixture(scope="module")
def plain(model: CRNN, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path: Path = tmp_path_factory.mktemp("export") / "plain.onnx"
    export(model, CHARSET, path, card={"licence": "Apache-2.0"})
    return path


@pytest.fixture(scope="module")
def small(plain: Path) -> Path:
    path = plain.with_name("small.onnx")
    quantize(plain, path)
    return path


@pytest.fixture(scope="module")
def smaller(plain: Path) -> Path:
    path = plain.with_name("smaller.onnx")
    quantize(plain, path, [strips(16, 64)])
    return path


def operators(path: Path) -> Counter[str]:
    return Counter(node.op_type for node in onnx.load(path).graph.node)


@pytest.mark.parametrize(("count", "width"), [(1, 32), (3, 64), (2, 132), (1, 512)])
def test_the_file_computes_what_the_network_does(model: CRNN, plain: Path, count: int, width: int) -> None:
    batch = strips(count, width, seed=width)
    np.testing.assert_allclose(Recogniser.open(plain, 1).logits(batch), torch_run(model)(batch), atol=1e-4)


def test_the_graph_is_plain(plain: Path) -> None:
    found = operators(plain)
    assert found["LSTM"] == CONFIG.layers
    assert not found["If"] and not found["Loop"]
    model = onnx.load(plain)
    assert model.ir_version <= 9, "ONNX Runtime 1.17 opens it"
    assert [entry.version for entry in model.opset_import] == [exporting.OPSET]


def test_exporting_leaves_the_network_as_it_was(model: CRNN, tmp_path: Path) -> None:
    model.train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    export(model, CHARSET, tmp_path / "x.onnx", card={})
    assert model.training
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


def test_an_alphabet_of_another_size_is_refused(model: CRNN, tmp_path: Path) -> None:
    with pytest.raises(ModelError):
        export(model, Charset.of("abc"), tmp_path / "x.onnx", card={})
    assert not list(tmp_path.iterdir())


def test_int8_covers_products_and_keeps_the_metadata(plain: Path, small: Path, smaller: Path) -> None:
    assert operators(small)["DynamicQuantizeLSTM"] == operators(smaller)["DynamicQuantizeLSTM"] == CONFIG.layers
    assert operators(small)["MatMul"] == operators(smaller)["MatMul"] == 0
    assert operators(small)["Conv"] == operators(plain)["Conv"]
    before, after = Recogniser.open(plain), Recogniser.open(small)
    assert after.charset == before.charset == CHARSET
    assert before.card == {"licence": "Apache-2.0", "precision": "float32"}
    assert after.card == Recogniser.open(smaller).card == {"licence": "Apache-2.0", "precision": "int8"}


def test_convolutions_are_stored_in_half_or_in_a_quarter(plain: Path, small: Path, smaller: Path) -> None:
    def kernels(path: Path) -> int:
        """Bytes of stored tensors with four axes, which only convolutions have."""
        graph = onnx.load(path).graph
        return sum(onnx.numpy_helper.to_array(one).nbytes for one in graph.initializer if len(one.dims) == 4)

    assert kernels(small) * 2 == kernels(smaller) * 4 == kernels(plain)


def test_what_a_convolution_gives_is_made_int8_once(plain: Path, smaller: Path) -> None:
    def after(path: Path) -> Counter[str]:
        """The operators that take a convolution's result, int8 or not."""
        nodes = onnx.load(path).graph.node
        made = {node.output[0] for node in nodes if node.op_type == "Conv"}
        made |= {node.output[0] for node in nodes if node.op_type == "QuantizeLinear" and node.input[0] in made}
        made |= {node.output[0] for node in nodes if node.op_type == "DequantizeLinear" and node.input[0] in made}
        return Counter(node.op_type for node in nodes if made & set(node.input))

    assert after(plain)["Relu"] > 0
    assert not after(smaller)["Relu"]


@pytest.mark.parametrize("which", ["small", "smaller"])
def test_int8_stays_near_and_knows_no_neighbours(plain: Path, which: str, request: pytest.FixtureRequest) -> None:
    batch = strips(4, 96, seed=5)
    batch[1] *= 0.01  # of quite another range, so that a scale taken over the batch would show
    recogniser = Recogniser.open(request.getfixturevalue(which), 2)
    made, wanted = recogniser.logits(batch), Recogniser.open(plain, 1).logits(batch)
    assert float(np.abs(made - wanted).mean()) < 0.1 * float(wanted.std())
    for index in range(4):
        assert recogniser.logits(batch[index : index + 1])[0].tobytes() == made[index].tobytes()


def test_nothing_to_calibrate_with(plain: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError):
        quantize(plain, tmp_path / "x.onnx", [])


def fixed(text: str, confidence: float = 5.0) -> exporting.Run:
    """A network that reads the same text on every strip."""

    def run(batch: NDArray[np.float32]) -> NDArray[np.float32]:
        made = np.zeros((len(batch), batch.shape[3] // 4, CHARSET.size), np.float32)
        made[:, :, 0] = confidence - 1
        for place, cls in enumerate(CHARSET.encode(text)):
            made[:, 2 * place + 1, cls] = confidence
        return made

    return run


def test_comparing_counts_lines_and_characters() -> None:
    batches = [Lines(strips(600, 32), ["0123"] * 600), Lines(strips(400, 32), ["0124"] * 400)]
    same = compare(fixed("0123"), fixed("0123", 5.25), batches, CHARSET)
    assert same == Difference(1000, 0.25, 0.0, 0.1, 0.1)
    assert same.cer_loss == 0
    other = compare(fixed("0123"), fixed("0124"), batches, CHARSET)
    assert (other.changed, other.cer, other.cer_before) == (1.0, 0.15, 0.1)
    unknown = compare(fixed("0123"), fixed("0124"), [Lines(strips(1000, 32))], CHARSET)
    assert (unknown.changed, unknown.cer, unknown.cer_loss) == (1.0, None, None)


def test_padding_is_not_compared() -> None:
    """The second line ends before its last character is read."""
    lines = [Lines(strips(1000, 64), ["01"] * 500 + ["0"] * 500, [64] * 500 + [12] * 500)]
    assert compare(fixed("01"), fixed("01"), lines, CHARSET).cer == 0
    assert compare(fixed("01"), fixed("02"), lines, CHARSET).changed == 0.5


def test_too_few_lines_prove_nothing() -> None:
    with pytest.raises(DataError, match="999"):
        compare(fixed("0"), fixed("0"), [Lines(strips(999, 32))], CHARSET)
    with pytest.raises(DataError, match="part"):
        compare(fixed("0"), fixed("0"), [Lines(strips(500, 32), ["0"] * 500), Lines(strips(500, 32))], CHARSET)


@pytest.mark.parametrize(
    ("found", "plain_ok", "int8_ok"),
    [
        (Difference(1000, 0.001, 0.0, None, None), True, True),
        (Difference(1000, 0.02, 0.0, None, None), False, True),
        (Difference(1000, float("nan"), 0.0, None, None), False, True),
        (Difference(1000, 0.001, 0.01, None, None), False, True),
        (Difference(1000, 5.0, 0.03, None, None), False, False),
        (Difference(1000, 5.0, 0.03, 0.102, 0.1), False, True),
        (Difference(1000, 5.0, 0.03, 0.104, 0.1), False, False),
    ],
)
def test_bounds(found: Difference, plain_ok: bool, int8_ok: bool) -> None:
    for judge, right in ((check, plain_ok), (check_int8, int8_ok)):
        if right:
            judge(found)
        else:
            with pytest.raises(ModelError):
                judge(found)


def test_a_release_is_written_only_if_it_reads_alike(
    model: CRNN, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "shizi.onnx"
    batches = [Lines(strips(64, 32)), Lines(strips(1000, 32, seed=1))]
    path.write_bytes(b"what was there before")
    with pytest.raises(DataError):
        release(model, CHARSET, path, card={}, batches=batches[:1])
    monkeypatch.setattr(exporting, "MAX_LOGIT", 0.0)
    with pytest.raises(ModelError):
        release(model, CHARSET, path, card={}, batches=batches)
    assert path.read_bytes() == b"what was there before"
    monkeypatch.undo()
    monkeypatch.setattr(exporting, "MAX_CHANGED_INT8", 1.0)  # noise on fresh weights: every frame is a close call
    found = release(model, CHARSET, path, card={"licence": "MIT"}, batches=batches, int8=True)
    assert [path.name for path in tmp_path.iterdir()] == ["shizi.onnx"]
    assert found["float32"].lines == found["int8"].lines == 1000
    assert found["float32"].max_logit <= 1e-3 < found["int8"].max_logit
    stored = {entry.key: entry.value for entry in onnx.load(path).metadata_props}
    assert json.loads(stored["shizi.card"]) == {"licence": "MIT", "precision": "int8"}


def test_made_lines_are_always_the_same(tmp_path: Path) -> None:
    builtin = ImageFont.load_default(size=20)
    assert isinstance(builtin, ImageFont.FreeTypeFont) and isinstance(builtin.path, io.BytesIO)
    font = tmp_path / "builtin.ttf"
    font.write_bytes(builtin.path.getvalue())
    charset = Charset.of(string.ascii_letters + string.digits)
    torch.manual_seed(5)
    one = exporting.made_lines(charset, [font], 60, width=96)
    torch.manual_seed(6)
    other = exporting.made_lines(charset, [font], 60, width=96)
    assert sum(len(lines.strips) for lines in one) >= 60
    for a, b in zip(one, other, strict=True):
        assert a.strips.shape == (len(a.strips), 1, 32, 96)
        assert a.strips.tobytes() == b.strips.tobytes() and a.texts == b.texts and a.widths == b.widths
        assert all(a.texts or ()) and all(0 < frames <= 24 for frames in a.frames)


def test_the_command(
    model: CRNN, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made: list[int] = []

    def lines(charset: Charset, fonts: list[Path], count: int) -> list[Lines]:
        made.append(count)
        assert [font.name for font in fonts] == ["unseen.ttf"]
        return [Lines(strips(count, 32), ["01"] * count)]

    monkeypatch.setattr(exporting, "made_lines", lines)
    for name in ("trained.ttf", "unseen.ttf"):
        (tmp_path / name).write_bytes(b"")
    save(Checkpoint(CONFIG, CHARSET, model.state_dict(), {"held_out": ["unseen.ttf"]}), tmp_path / "weights.pt")
    card = tmp_path / "card.json"
    card.write_text('{"licence": "MIT"}')
    source, target = tmp_path / "weights.pt", tmp_path / "x.onnx"
    args = Namespace(checkpoint=source, output=target, fonts=tmp_path, card=card, compare=1200, int8=False, rank=0)
    assert exporting.run(args) == 0
    assert made == [1200]
    assert json.loads(capsys.readouterr().out)["float32"]["lines"] == 1200
    written = Recogniser.open(args.output)
    assert written.card["licence"] == "MIT"
    assert LOWEST <= written.temperature <= HIGHEST
    assert written.temperature != 1.0, "it was fitted"
    card.write_text('{"temperature": 1.5}')
    assert exporting.run(args) == 0
    assert Recogniser.open(args.output).temperature == 1.5, "a card that has one is believed"
    for wrong in ("[]", "{"):
        card.write_text(wrong)
        with pytest.raises(DataError, match="JSON"):
            exporting.run(args)


def test_a_narrower_classifier_is_fitted_to_other_lines_and_refused_where_it_costs_too_much(
    model: CRNN, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given, fitted = 1000 + exporting.NARROWED_ON * exporting.BATCH, []

    def lines(charset: Charset, fonts: list[Path], count: int) -> list[Lines]:
        assert count == given
        many = [strips(exporting.BATCH, 64, seed) for seed in range(count // exporting.BATCH)]
        # what is read of them is right
        return [Lines(one, exporting._texts(torch_run(model)(one), [16] * len(one), CHARSET)) for one in many]

    def narrow(whole: CRNN, samples: Iterable[torch.Tensor], rank: int) -> CRNN:
        fitted.extend(samples)
        return narrowed(whole, fitted, rank) if rank == 2 else whole

    monkeypatch.setattr(exporting, "made_lines", lines)
    monkeypatch.setattr(exporting, "narrowed", narrow)
    (tmp_path / "any.ttf").write_bytes(b"")
    save(Checkpoint(CONFIG, CHARSET, model.state_dict()), tmp_path / "weights.pt")
    target = tmp_path / "x.onnx"
    args = Namespace(
        checkpoint=tmp_path / "weights.pt", output=target, fonts=tmp_path, card=None, compare=1000, int8=False, rank=2
    )
    with pytest.raises(ModelError, match=r"costs .* of the characters; the bound is 0\.30%: take a larger --rank"):
        exporting.run(args)
    assert not target.exists()
    assert len(fitted) == exporting.NARROWED_ON
    args.rank = 11
    assert exporting.run(args) == 0
    assert json.loads(capsys.readouterr().out)["narrowed"]["lines"] == 1000


def test_where_there_is_no_folder(tmp_path: Path) -> None:
    args = Namespace(checkpoint=tmp_path / "none.pt", output=tmp_path / "none" / "x.onnx")
    for command in (exporting, finder):
        with pytest.raises(DataError, match=r"no folder .*none"):  # before anything else
            command.run(args)


@pytest.mark.parametrize(("loss", "right"), [(0.001, True), (-0.1, True), (0.0031, False)])
def test_the_bound_of_a_narrower_classifier(loss: float, right: bool) -> None:
    found = Difference(1000, 9.0, 0.5, 0.2 + loss, 0.2)
    if right:
        check_narrowed(found)
    else:
        with pytest.raises(ModelError):
            check_narrowed(found)


def test_a_narrower_classifier_changes_logits_little_and_keeps_the_model(model: CRNN, tmp_path: Path) -> None:
    samples = [torch.from_numpy(strips(16, 64, seed)) for seed in range(4)]
    before = {name: value.clone() for name, value in model.state_dict().items()}
    unseen = strips(16, 64, seed=9)
    wanted, errors = torch_run(model)(unseen), []
    for rank in (2, 6, 10):
        made = narrowed(model, iter(samples), rank)
        shapes = [value.shape for value in made.classifier.parameters()]
        assert shapes == [(rank, 16), (CHARSET.size, rank), (CHARSET.size,)]
        errors.append(float(np.square(torch_run(made)(unseen) - wanted).mean()))
    assert errors[0] > errors[1] > errors[2]
    assert errors[2] < 0.1 * wanted.var()
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    for rank in (0, CHARSET.size):
        with pytest.raises(SettingsError):
            narrowed(model, iter(samples), rank)


def test_a_narrow_classifier_fits_the_features_that_occur(model: CRNN) -> None:
    """The error is the least that a matrix of that rank can make on the features it was fitted to."""
    sample = torch.from_numpy(strips(32, 64))
    still = copy.deepcopy(model).eval()
    with torch.inference_mode():
        features = still.features(sample).reshape(-1, 16).double()
    weight = model.classifier.weight.detach().double()
    wanted = features @ weight.T
    outer, strengths, inner = torch.linalg.svd(weight, full_matrices=False)
    plain = features @ ((outer[:, :4] * strengths[:4]) @ inner[:4]).T
    with torch.inference_mode():
        ours = narrowed(model, [sample], 4).classifier(features.float()).double() - model.classifier.bias
    # of all matrices of rank 4 the best is the projection on the logits' own main directions
    best = torch.linalg.svdvals(wanted)[4:].square().sum()
    assert float((ours - wanted).square().sum()) == pytest.approx(float(best), rel=1e-3)
    assert float((plain - wanted).square().sum()) > float(best)
