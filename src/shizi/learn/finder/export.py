"""From a checkpoint of the line finder to its weight file: exported, quantised, compared on made pages, or refused.

``shizi export-finder CHECKPOINT --output FILE.onnx --pages DIR [--int8] [--card FILE.json]``
"""

from __future__ import annotations

import copy
import json
import tempfile
import warnings
from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import helper
from torch import Tensor, nn

from shizi.errors import ModelError
from shizi.find.dbnet import INPUT, OUTPUT, metadata, opened
from shizi.learn.export import check_folder, read_card
from shizi.learn.finder.network import Finder
from shizi.learn.finder.pool import Pool
from shizi.learn.finder.train import batch, load
from shizi.learn.quantize import quantize_ranged

Pages = NDArray[np.float32]
Run = Callable[[Pages], NDArray[np.float32]]
"""(1, 1, H, W) pages -> (1, 2, H / 2, W / 2) probabilities."""

OPSET = 17
PIECES = 32
"""Pieces of pages that a file is compared on, and as many more that int8 takes its ranges from."""
FLOAT = 2
"""Convolutions at either end that are left as they are."""
MAX_DIFFERENCE = 1e-3
"""Largest difference of a probability between torch and its float32 file."""
MIN_AGREEMENT_INT8 = 0.97
"""Least overlap (dice) of the kernels that int8 and float32 see."""


@dataclass(frozen=True)
class Difference:
    """How a file's answers differ from those of the network that it was made from."""

    pages: int
    largest: float
    """Largest absolute difference of a probability."""
    agreement: float
    """Dice of the cells above one half, all pages together; 1 where both see none."""


class _Answer(nn.Module):
    def __init__(self, model: Finder) -> None:
        super().__init__()
        self.model = model

    def forward(self, pages: Tensor) -> Tensor:
        return self.model.answer(pages)


def export(model: Finder, path: Path, *, card: Mapping[str, Any]) -> None:
    """Write ``model``, which stays as it is, as a float32 weight file; ``card`` says where its weights come from."""
    still = _Answer(copy.deepcopy(model).cpu().eval())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's own deprecation of this exporter
        torch.onnx.export(
            still,
            (torch.zeros(1, 1, 64, 96),),
            str(path),
            input_names=[INPUT],
            output_names=[OUTPUT],
            dynamic_axes={INPUT: {2: "h", 3: "w"}, OUTPUT: {2: "h2", 3: "w2"}},
            opset_version=OPSET,
            dynamo=False,
        )
    _described(path, {"precision": "float32", **card})


def quantize(source: Path, path: Path, pages: Sequence[Pages], *, card: Mapping[str, Any]) -> None:
    """Write an int8 file from a float32 one; the ranges of its activations are those seen on ``pages``.

    The first layers and the last ones stay float: pale letters differ from their ground by a few steps of int8, and a
    step of the last layer's output would be a step of the maps.
    """

    quantize_ranged(source, path, INPUT, pages, first=FLOAT, last=FLOAT)
    _described(path, {"precision": "int8", **card})


def _described(path: Path, card: dict[str, Any]) -> None:
    made = onnx.load(path)
    helper.set_model_props(made, metadata(card))
    onnx.save(made, path)


def session_run(path: Path) -> Run:
    """A weight file's answers."""
    session = opened(path, 1)

    def run(pages: Pages) -> NDArray[np.float32]:
        made: NDArray[np.float32] = session.run([OUTPUT], {INPUT: pages})[0]
        return made

    return run


def torch_run(model: Finder) -> Run:
    """The network's own answers, on the CPU in evaluation mode."""
    still = copy.deepcopy(model).cpu().eval()

    def run(pages: Pages) -> NDArray[np.float32]:
        with torch.inference_mode():
            made: NDArray[np.float32] = still.answer(torch.from_numpy(pages)).numpy()
        return made

    return run


def compare(before: Run, after: Run, pages: Sequence[Pages]) -> Difference:
    """Run both on the same pages."""
    largest, shared, total = 0.0, 0, 0
    for page in pages:
        one, other = before(page), after(page)
        largest = max(largest, float(np.abs(one - other).max()))
        first, second = one[:, 0] >= 0.5, other[:, 0] >= 0.5
        shared += 2 * int((first & second).sum())
        total += int(first.sum()) + int(second.sum())
    return Difference(len(pages), largest, shared / total if total else 1.0)


def release(
    model: Finder, path: Path, *, card: Mapping[str, Any], pages: Sequence[Pages], int8: bool = False
) -> dict[str, Difference]:
    """Export, compare on ``pages``, and put the file at ``path`` only if it answers as the network does.

    For int8 the first half of the pages gives the ranges, and the second is compared.

    Raises:
        ModelError: a difference is above its bound.
    """
    half = len(pages) // 2 if int8 else 0
    calibration, rest = pages[:half], pages[half:]
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        plain = made = Path(folder) / "float32.onnx"
        export(model, made, card=card)
        differences = {"float32": compare(torch_run(model), session_run(plain), rest)}
        if differences["float32"].largest > MAX_DIFFERENCE:
            raise ModelError(f"the file does not compute what the network does: {differences['float32']}")
        if int8:
            made = Path(folder) / "int8.onnx"
            quantize(plain, made, calibration, card=card)
            differences["int8"] = compare(session_run(plain), session_run(made), rest)
            if differences["int8"].agreement < MIN_AGREEMENT_INT8:
                raise ModelError(f"int8 sees other lines than float32: {differences['int8']}")
        made.replace(path)
    return differences


def pieces(folder: Path, count: int, side: int = 640) -> list[Pages]:
    """Pieces of the pages in ``folder`` to compare on, always the same ones. DataError where there are no pages."""
    pool, rng = Pool(folder), np.random.default_rng(0)
    return [batch(pool, rng, 1, side)[0].numpy() for _ in range(count)]


def run(args: Namespace) -> int:
    """The command: writes the weight file and prints how it differs from the checkpoint, as JSON.

    Raises:
        DataError: the checkpoint, the card or the pages cannot be used, or there is no folder to write to.
        ModelError: the file sees other lines than the checkpoint.
    """
    check_folder(Path(args.output))
    model, about = load(Path(args.checkpoint))
    card = {"training": about, **(read_card(args.card) if args.card else {})}
    pages = pieces(Path(args.pages), PIECES * (2 if args.int8 else 1))
    found = release(model, Path(args.output), card=card, pages=pages, int8=args.int8)
    print(json.dumps({name: asdict(difference) for name, difference in found.items()}, indent=2))
    return 0
