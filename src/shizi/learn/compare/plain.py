"""The plain CNN: no neck, no CTC. It reads single characters that :mod:`shizi.learn.compare.cutter` has cut out.

It is trained by ``shizi train`` with a recipe whose network has ``layers = 0`` and whose stages are of the kind
``characters``, so on the same made print and writing as the CRNN.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from numpy.typing import NDArray
from onnx import helper
from torch import Tensor, nn

from shizi import clean
from shizi.learn.compare import cutter
from shizi.learn.network import CRNN
from shizi.read.charset import Charset
from shizi.read.runtime import INPUT, OUTPUT, metadata
from shizi.settings import CleanSettings

OPSET = 17


class _Characters(nn.Module):
    def __init__(self, model: CRNN) -> None:
        super().__init__()
        self.model = model

    def forward(self, strips: Tensor) -> Tensor:
        return self.model.characters(strips)


def export(model: CRNN, charset: Charset, path: Path) -> None:
    """Write the classifier as a float32 file: (N, 1, 32, 32) characters -> (N, C) logits."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's own deprecation of this exporter
        torch.onnx.export(
            _Characters(model).cpu().eval(),
            (torch.zeros(2, 1, cutter.SIDE, cutter.SIDE),),
            str(path),
            input_names=[INPUT],
            output_names=[OUTPUT],
            dynamic_axes={INPUT: {0: "n"}, OUTPUT: {0: "n"}},
            opset_version=OPSET,
            dynamo=False,
        )
    made = onnx.load(path)
    helper.set_model_props(made, metadata(charset, {"precision": "float32", "licence": "Apache-2.0"}))
    onnx.save(made, path)


class PlainReader:
    """Cuts a line into characters and classifies each; one thread."""

    def __init__(self, path: Path, charset: Charset) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session: Any = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self._chars = ("", *charset.chars)
        self._clean = CleanSettings()

    def __call__(self, line: NDArray[np.uint8]) -> str:
        """What stands on a (H, W) grey picture of one line."""
        strip = clean.network_input(line, self._clean)
        high = cutter.height(cutter.ink(strip))
        return cutter.text(cutter.read(strip, self._classify), self._chars, high)

    def _classify(self, characters: NDArray[np.float32]) -> NDArray[np.float32]:
        logits: NDArray[np.float32] = self._session.run([OUTPUT], {INPUT: characters})[0]
        logits[:, 0] = -np.inf  # CTC's blank, which is no character
        return logits


def samples(lines: Iterable[NDArray[np.uint8]], count: int) -> Sequence[NDArray[np.float32]]:
    """Characters cut out of lines, (1, 1, 32, 32) each, from which int8 takes its ranges."""
    made: list[NDArray[np.float32]] = []
    for line in lines:
        strip = clean.network_input(line, CleanSettings())
        black = cutter.ink(strip)
        for piece in cutter.pieces(black, cutter.height(black)):
            made.append(cutter.picture(strip, *piece)[np.newaxis, np.newaxis])
            if len(made) == count:
                return made
    return made
