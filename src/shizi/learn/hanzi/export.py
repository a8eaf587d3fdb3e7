"""From a checkpoint of the network for single hanzi to its weight file: compared on fresh pictures, or refused.

``shizi export-hanzi CHECKPOINT --output FILE.onnx --recipe RECIPE [--int8] [--card FILE.json]``
"""

from __future__ import annotations

import copy
import json
import math
import tempfile
import warnings
from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import helper
from torch import nn
from torch.nn.utils import fuse_linear_bn_eval

from shizi.errors import DataError, ModelError
from shizi.learn.export import check_folder, read_card
from shizi.learn.hanzi.network import HanziNet
from shizi.learn.hanzi.pictures import Batch
from shizi.learn.hanzi.recipe import HanziRecipe
from shizi.learn.hanzi.source import artist, unseen
from shizi.learn.hanzi.train import inputs, load
from shizi.learn.quantize import quantize_ranged
from shizi.read.hanzi import INPUT, OUTPUT, SIDE, Hanzi, metadata
from shizi.read.trust import HIGHEST, LOWEST

Floats = NDArray[np.float32]
Run = Callable[[Floats], Floats]
"""(N, 1, 48, 48) pictures -> (N, C) logits."""

OPSET = 17
COMPARED = 3000
"""Pictures that a file is compared on and its temperature fitted on."""
CALIBRATION = 768
"""Pictures that int8 takes its ranges from, drawn as those that were learned from."""
FLOAT = 2
"""Convolutions at the beginning that int8 leaves as they are: more than half of its error came from them, next to none
of the bytes, and of a single channel int8 gains no time."""
MAX_LOGIT = 1e-2
"""Largest difference of a logit between torch and its float32 file."""
MAX_LOSS_INT8 = 0.005
"""Largest share of the pictures by which int8 may read fewer than float32."""
_AT_ONCE = 128


@dataclass(frozen=True)
class Difference:
    """How a file's answers differ from those of the network that it was made from, on the same pictures."""

    pictures: int
    max_logit: float
    """Largest absolute difference of a logit."""
    changed: float
    """Share of the pictures that are read otherwise."""
    right: float
    """Share that is read rightly."""
    right_before: float
    """The same of the network that it was made from."""


def export(model: HanziNet, chars: Sequence[str], path: Path, *, card: Mapping[str, Any]) -> None:
    """Write ``model``, which stays as it is, as a float32 weight file that :meth:`shizi.read.hanzi.Hanzi.open` opens.

    ``card`` says where its weights come from, and has the ``temperature``.
    """
    still = copy.deepcopy(model).cpu().eval()
    # the exporter melts norms into convolutions, not into products
    still.flat = fuse_linear_bn_eval(still.flat, still.norm)
    still.norm = nn.Identity()  # type: ignore[assignment]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's own deprecation of this exporter
        torch.onnx.export(
            still,
            (torch.zeros(2, 1, SIDE, SIDE),),
            str(path),
            input_names=[INPUT],
            output_names=[OUTPUT],
            dynamic_axes={INPUT: {0: "n"}, OUTPUT: {0: "n"}},
            opset_version=OPSET,
            dynamo=False,
        )
    _described(path, chars, {"precision": "float32", **card})


def quantize(source: Path, path: Path, pictures: Floats, *, chars: Sequence[str], card: Mapping[str, Any]) -> None:
    """Write an int8 file from a float32 one; the ranges of its activations are those seen on ``pictures``.

    Products give floats: a step of 8 bits would be a step of the logits, and two characters would often be equal.
    """

    quantize_ranged(source, path, INPUT, _parts(pictures), ("Conv", "Gemm"), first=FLOAT, raw=("Gemm",))
    _described(path, chars, {"precision": "int8", **card})


def _described(path: Path, chars: Sequence[str], card: dict[str, Any]) -> None:
    made = onnx.load(path)
    helper.set_model_props(made, metadata(chars, card))
    onnx.save(made, path)


def _parts(pictures: Floats) -> list[Floats]:
    return [pictures[start : start + _AT_ONCE] for start in range(0, len(pictures), _AT_ONCE)]


def torch_run(model: HanziNet) -> Run:
    """The network's own answers, on the CPU in evaluation mode."""
    still = copy.deepcopy(model).cpu().eval()

    def run(pictures: Floats) -> Floats:
        with torch.inference_mode():
            made: list[Floats] = [still(torch.from_numpy(part)).numpy() for part in _parts(pictures)]
        return np.concatenate(made)

    return run


def file_run(path: Path) -> Run:
    """A weight file's answers; ModelMismatch where the reader would not open it."""
    network = Hanzi.open(path)

    def run(pictures: Floats) -> Floats:
        return np.concatenate([network.logits(part) for part in _parts(pictures)])

    return run


def compare(before: Floats, after: Floats, classes: NDArray[np.int64]) -> Difference:
    """Compare (N, C) logits of the same pictures, whose characters are ``classes`` (N,)."""
    old, new = before.argmax(axis=1), after.argmax(axis=1)
    largest = float(np.abs(before - after).max())
    right, right_before = float((new == classes).mean()), float((old == classes).mean())
    return Difference(len(classes), largest, float((old != new).mean()), right, right_before)


def fit_temperature(logits: Floats, classes: NDArray[np.int64]) -> float:
    """The temperature under which (N, C) ``logits`` make their (N,) ``classes`` likeliest, within the usual bounds.

    Guo et al. 2017, §4.2. The likelihood is concave in 1 / T, and its slope is the true character's logit less the mean
    one under the shares that T gives: that is zero where it is best, which halving finds.
    """
    truth = float(np.take_along_axis(logits, classes[:, None], axis=1).mean())
    low, high = math.log(LOWEST), math.log(HIGHEST)
    while high - low > 1e-3:
        middle = (low + high) / 2
        if truth < _mean_logit(logits, math.exp(middle)):  # surer than it is right
            low = middle
        else:
            high = middle
    return math.exp((low + high) / 2)


def _mean_logit(logits: Floats, t: float) -> float:
    total = 0.0
    for part in _parts(logits):
        shares = np.exp((part - part.max(axis=1, keepdims=True)) / np.float32(t))
        total += float(((shares * part).sum(axis=1) / shares.sum(axis=1)).sum())
    return total / len(logits)


def release(
    model: HanziNet,
    chars: Sequence[str],
    path: Path,
    *,
    card: Mapping[str, Any],
    judged: Batch,
    calibration: Batch | None = None,
) -> dict[str, Difference]:
    """Export, compare, and put the file at ``path`` only if it reads as the network does.

    Args:
        model: as for :func:`export`.
        chars: the alphabet.
        path: the file to write; what stands there is replaced at once or not at all.
        card: as for :func:`export`; a ``temperature`` is fitted where it has none.
        judged: pictures to compare on, none of which was learned from.
        calibration: pictures to take ranges from; with them, an int8 file is written.

    Returns:
        The differences by name: ``float32`` from torch, and ``int8`` from float32.

    Raises:
        ModelError: a difference is above its bound.
    """
    pictures, classes = inputs(judged[0]).numpy(), judged[1]
    plain = torch_run(model)(pictures)
    card = {"temperature": round(fit_temperature(plain, classes), 4), **card}
    with tempfile.TemporaryDirectory(dir=path.resolve().parent) as folder:
        made = Path(folder) / "float32.onnx"
        export(model, chars, made, card=card)
        floats = file_run(made)(pictures)
        differences = {"float32": compare(plain, floats, classes)}
        if not differences["float32"].max_logit <= MAX_LOGIT:
            raise ModelError(f"the file does not compute what the network does: {differences['float32']}")
        if calibration is not None:
            source, made = made, Path(folder) / "int8.onnx"
            quantize(source, made, inputs(calibration[0]).numpy(), chars=chars, card=card)
            found = differences["int8"] = compare(floats, file_run(made)(pictures), classes)
            lost = found.right_before - found.right
            if lost > MAX_LOSS_INT8:
                raise ModelError(f"int8 reads {lost:.2%} fewer of the pictures; the bound is {MAX_LOSS_INT8:.2%}")
        made.replace(path)
    return differences


def drawn(recipe: HanziRecipe) -> tuple[Batch, Batch]:
    """Pictures to judge by, of fonts and hands that were not trained on, and some to calibrate with; always the same.

    Raises:
        DataError: a font or stroke data cannot be used.
    """
    trained, rng = artist(recipe), np.random.default_rng(0)
    judges = unseen(recipe, trained).values()
    parts = [judge.batch(rng, -(-COMPARED // len(judges))) for judge in judges]
    judged = np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])
    return judged, trained.batch(rng, CALIBRATION)


def run(args: Namespace) -> int:
    """The command: writes the weight file and prints how it differs from the checkpoint, as JSON.

    Raises:
        DataError: the checkpoint, the card or what the recipe names cannot be used, or there is no folder to write to.
        ModelError: the file reads otherwise than the checkpoint.
    """
    check_folder(Path(args.output))
    recipe = HanziRecipe.open(Path(args.recipe))
    model, about = load(Path(args.checkpoint))
    chars = about.pop("chars")
    if chars != "".join(recipe.chars):
        raise DataError(f"{args.checkpoint} has another alphabet than {args.recipe}, or in another order")
    card = {"training": about, **(read_card(args.card) if args.card else {})}
    cv2.setNumThreads(1)
    judged, calibration = drawn(recipe)
    found = release(
        model, chars, Path(args.output), card=card, judged=judged, calibration=calibration if args.int8 else None
    )
    print(json.dumps({name: asdict(difference) for name, difference in found.items()}, indent=2))
    return 0
