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
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_dynamic,
    quantize_static,
)
from onnxruntime.quantization.shape_inference import quant_pre_process

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


class _Inputs(CalibrationDataReader):  # type: ignore[misc]  # onnxruntime has no types
    """Inputs one at a time, as ONNX Runtime's calibration asks for them."""

    def __init__(self, name: str, inputs: Iterable[NDArray[np.float32]]) -> None:
        self._name, self._inputs = name, iter(inputs)

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        """The next input of the graph, None at the end."""
        found = next(self._inputs, None)
        return None if found is None else {self._name: found}


def quantize_ranged(
    source: Path, target: Path, name: str, inputs: Iterable[NDArray[np.float32]], kinds: Sequence[str] = ("Conv",),
    *, first: int = 0, last: int = 0, raw: Sequence[str] = (),
) -> None:  # fmt: skip
    """Write an int8 version of a float32 file, whose activations have the ranges that are seen on some inputs.

    Args:
        source: the float32 file; its metadata are not kept.
        target: the file to write.
        name: of the graph's input.
        inputs: what it is given, one after the other.
        kinds: operators that become int8.
        first: convolutions at the graph's beginning that stay as they are,
        last: and at its end.
        raw: operators whose results stay floats.
    """
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        ready = Path(folder) / "ready.onnx"
        quant_pre_process(str(source), str(ready), skip_symbolic_shape=True)
        names = [node.name for node in onnx.load(ready).graph.node if node.op_type == "Conv"]
        _quantize_static(
            ready, target, _Inputs(name, inputs), list(kinds),
            nodes_to_exclude=[*names[:first], *names[len(names) - last :]],
            extra_options={"OpTypesToExcludeOutputQuantization": list(raw)},
        )  # fmt: skip


def _quantize_convolutions(source: Path, target: Path, calibration: Iterable[Strips]) -> None:
    strips = [batch[index : index + 1] for batch in calibration for index in range(len(batch))]
    if not strips:
        raise DataError("there is not a single line to calibrate with")
    # Relu as well: it becomes the range that the convolution before it is made int8 by, and is gone
    _quantize_static(source, target, _Inputs(INPUT, strips), ["Conv", "Relu"])


def _quantize_static(source: Path, target: Path, inputs: _Inputs, kinds: list[str], **more: Any) -> None:
    quantize_static(
        source,
        target,
        inputs,
        quant_format=QuantFormat.QDQ,
        op_types_to_quantize=kinds,
        per_channel=True,
        reduce_range=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        calibrate_method=CalibrationMethod.MinMax,
        **more,
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
