"""Smaller and faster weight files: int8 where products are, measured by :mod:`shizi.learn.export` before it is kept.

- LSTM and matrix products: dynamic int8, weights per channel, activations scaled at run time.
- Convolutions: static int8 where lines to calibrate with are given, otherwise their weights are stored as float16 and
  widened when the file is opened, which halves the file and leaves the arithmetic alone.

Weights take seven bits of the eight: on a CPU without VNNI the sums of two products of 8 bits would overflow
(vpmaddubsw), and the same picture would give another text on another machine.
"""

from __future__ import annotations

import json
import logging
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import (
    CalibrationDataReader,
    QuantFormat,
    QuantType,
    quantize_dynamic,
    quantize_static,
)

from shizi.errors import DataError
from shizi.read.runtime import INPUT

Strips = NDArray[np.float32]

PRODUCTS = ["LSTM", "MatMul", "Gemm"]
"""Operators with dynamic int8."""


def quantize(source: Path, target: Path, calibration: Iterable[Strips] | None = None) -> None:
    """Write an int8 version of the weight file ``source`` to ``target``; its metadata are kept.

    Args:
        source: a float32 file made by :func:`shizi.learn.export.export`.
        target: the file to write.
        calibration: (N, 1, 32, W) batches of lines, some dozens in all, from which the ranges of the convolutions'
            inputs are taken (smallest and largest value seen). None leaves convolutions in floating point.

    Raises:
        DataError: ``calibration`` is given and empty.
    """
    with tempfile.TemporaryDirectory() as folder, _quiet():
        middle = Path(folder) / "middle.onnx"
        if calibration is None:
            onnx.save(_halved(onnx.load(source)), middle)
        else:
            _quantize_convolutions(source, middle, calibration)
        quantize_dynamic(
            middle,
            target,
            op_types_to_quantize=PRODUCTS,
            per_channel=True,
            reduce_range=True,
            weight_type=QuantType.QInt8,
        )
    made = onnx.load(target)
    values = {entry.key: entry.value for entry in onnx.load(source).metadata_props}
    card = json.loads(values["shizi.card"])
    values["shizi.card"] = json.dumps({**card, "precision": "int8"}, ensure_ascii=False, sort_keys=True)
    helper.set_model_props(made, values)
    onnx.save(made, target)


class _Lines(CalibrationDataReader):  # type: ignore[misc]  # onnxruntime has no types
    """Strips one at a time, as ONNX Runtime's calibration asks for them."""

    def __init__(self, strips: Iterable[Strips]) -> None:
        self._strips = iter(strips)

    def get_next(self) -> dict[str, Strips] | None:
        """The next input of the graph, None at the end."""
        strip = next(self._strips, None)
        return None if strip is None else {INPUT: strip}


def _quantize_convolutions(source: Path, target: Path, calibration: Iterable[Strips]) -> None:
    strips = [batch[index : index + 1] for batch in calibration for index in range(len(batch))]
    if not strips:
        raise DataError("there is not a single line to calibrate with")
    quantize_static(
        source,
        target,
        _Lines(strips),
        quant_format=QuantFormat.QDQ,
        op_types_to_quantize=["Conv"],
        per_channel=True,
        reduce_range=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
    )


def _halved(model: onnx.ModelProto) -> onnx.ModelProto:
    """Weights of convolutions as float16 with a Cast behind them, which ONNX Runtime folds away on opening."""
    graph = model.graph
    wanted = {name for node in graph.node if node.op_type == "Conv" for name in node.input[1:]}
    casts = []
    for stored in graph.initializer:
        if stored.name in wanted and stored.data_type == TensorProto.FLOAT:
            name = stored.name
            half = numpy_helper.to_array(stored).astype(np.float16)
            stored.CopyFrom(numpy_helper.from_array(half, f"{name}.half"))
            casts.append(helper.make_node("Cast", [f"{name}.half"], [name], to=TensorProto.FLOAT))
    rest = list(graph.node)
    del graph.node[:]
    graph.node.extend([*casts, *rest])
    return model


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the quantiser's advice on the root logger, which speaks of models with other operators."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)
