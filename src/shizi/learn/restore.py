"""From a weight file back to a network that can be trained: ``start = "zh-en.onnx"`` in a recipe.

A checkpoint is large and a weight file is what people have, so fine-tuning starts from the latter too. Two things were
lost on the way there. Weights were rounded to int8: they come back rounded, which training mends. Batch norms were
melted into their convolutions: each gets the statistics of what passes through it on lines like those to come, and a
scale and shift that undo them, so that the network computes what the file does and training finds norms that are true.
Others were only written in another form (:mod:`shizi.learn.flat`, :mod:`shizi.learn.narrow`) and are written back.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from torch import Tensor, nn

from shizi.errors import DataError
from shizi.learn.flat import ROWS

Array = NDArray[Any]

_GATES = (0, 2, 3, 1)
"""Where torch's input, forget, cell and output gates stand among ONNX's input, output, forget and cell ones."""


def restore(model: nn.Module, path: Path, samples: Iterable[Tensor]) -> None:
    """Give ``model`` the weights of the weight file ``path``, and its batch norms statistics.

    Args:
        model: of the configuration that the file was exported from.
        path: an .onnx file made by ``shizi export`` or ``shizi export-finder``, float32 or int8.
        samples: batches of inputs, some dozens in all, that the batch norms' statistics are taken from.

    Raises:
        DataError: no such file, or one of another network.
    """
    try:
        graph = onnx.load(path).graph
    except Exception as error:  # protobuf's errors have no common root with those of the file system
        raise DataError(f"{path} is no weight file: {error}") from error
    wanted = {name: value for name, value in model.state_dict().items() if not name.endswith("num_batches_tracked")}
    found = _squared(_multiplied(_weights(graph, wanted), wanted), wanted)
    held = {name: torch.from_numpy(value.astype(np.float32)) for name, value in found.items()}
    norms = _after_convolutions(model)
    for norm, convolution in norms.items():
        bias = held.pop(f"{convolution}.bias", None)
        if bias is not None:
            held[f"{norm}.weight"] = held[f"{norm}.running_var"] = torch.ones_like(bias)
            held[f"{norm}.bias"], held[f"{norm}.running_mean"] = bias, torch.zeros_like(bias)
    for name in sorted({*held, *wanted}):
        shapes = [tuple(of[name].shape) if name in of else "missing" for of in (held, wanted)]
        if shapes[0] != shapes[1]:
            raise DataError(f"{name} is {shapes[0]} in {path} and {shapes[1]} in the network of the recipe")
    model.load_state_dict(held, strict=False)
    _settle([model.get_submodule(norm) for norm in norms], model, samples)


def _after_convolutions(model: nn.Module) -> dict[str, str]:
    """Batch norms that an export melts into a convolution, and that convolution's name."""
    made: dict[str, str] = {}
    before = ""
    for name, module in model.named_modules():
        if isinstance(module, nn.BatchNorm2d) and before:
            made[name] = before
        if not list(module.children()):
            before = name if isinstance(module, nn.Conv2d) else ""
    return made


@torch.no_grad()
def _settle(norms: list[nn.Module], model: nn.Module, samples: Iterable[Tensor]) -> None:
    """Make the norms' statistics those of ``samples``, and their scale and shift such that nothing else changes."""
    sums: dict[nn.Module, list[Tensor]] = {norm: [] for norm in norms}

    def look(norm: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        flat = inputs[0].transpose(0, 1).flatten(1)
        count = torch.full((len(flat),), float(flat.shape[1]), dtype=torch.float64)
        squares = (flat * flat).sum(1, dtype=torch.float64)
        sums[norm].append(torch.stack([count, flat.sum(1, dtype=torch.float64), squares]))

    hooks = [norm.register_forward_pre_hook(look) for norm in norms]
    training = model.training
    model.eval()
    # no norm stands behind a recogniser's features, and its classifier is the widest layer
    forward = getattr(model, "features", model)
    for sample in samples:
        forward(sample)
    model.train(training)
    for hook in hooks:
        hook.remove()
    for norm, seen in sums.items():
        assert isinstance(norm, nn.BatchNorm2d)
        count, total, squares = torch.stack(seen).sum(0)
        mean = total / count
        variance = (squares / count - mean**2).clamp_min(1e-8)
        assert norm.running_mean is not None
        assert norm.running_var is not None
        spread = (norm.running_var + norm.eps).sqrt()
        norm.bias.add_((mean - norm.running_mean) * norm.weight / spread)
        norm.weight.mul_((variance + norm.eps).sqrt() / spread)
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(variance)


def _weights(graph: onnx.GraphProto, wanted: Container[str]) -> dict[str, Array]:
    """Weights and biases by torch's names, float; of what no node explains, those that are ``wanted``."""
    held: dict[str, Array] = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    for node in graph.node:
        # equal values of several modules are one initializer, and others that are said to be identical
        if node.op_type in ("DequantizeLinear", "Cast", "Identity") and all(name in held for name in node.input):
            value, *rest = (held[name] for name in node.input)
            zero = rest[1] if len(rest) > 1 else None
            held[node.output[0]] = _widened(value, rest[0], zero) if rest else value
    named = {name.removeprefix("model."): value for name, value in held.items()}
    made = {name: value for name, value in named.items() if name in wanted or name.replace(".1.", ".") in wanted}
    for node in graph.node:
        reader = _READERS.get(node.op_type)
        if reader is not None:
            module = _module(node.name)
            made.update({f"{module}.{name}": value for name, value in reader(node, held).items()})
    return made


def _multiplied(found: Mapping[str, Array], wanted: Container[str]) -> dict[str, Array]:
    """Products that were written as two narrower ones (:mod:`shizi.learn.narrow`) as one again."""
    made = dict(found)
    for name in found:
        module = name.removesuffix(".0.weight")
        if module != name and f"{module}.weight" in wanted and f"{module}.weight" not in found:
            made[f"{module}.weight"] = made.pop(f"{module}.1.weight") @ made.pop(name)
            made[f"{module}.bias"] = made.pop(f"{module}.1.bias")
    return made


def _squared(found: Mapping[str, Array], wanted: Mapping[str, Tensor]) -> dict[str, Array]:
    """Kernels along the line (:mod:`shizi.learn.flat`) as those of the network; others as they are."""
    made = dict(found)
    for name, value in found.items():
        shape = tuple(wanted[name].shape) if name in wanted else value.shape
        if len(shape) == 4 and value.shape == (ROWS * shape[0], ROWS * shape[1], 1, shape[3]):
            upper, lower = np.moveaxis(value.reshape(shape[0], ROWS, shape[1], ROWS, -1), 1, 0)
            # what stands below a row is seen from the upper one alone, and what stands above it from the lower
            made[name] = np.stack([lower[:, :, 0], upper[:, :, 0], upper[:, :, 1]], axis=2)
            bias = name.removesuffix("weight") + "bias"
            if bias in found:
                made[bias] = found[bias][::ROWS]
        elif value.ndim == 4 and len(shape) == 2 and value.size == wanted[name].numel():
            made[name] = value.reshape(shape)
    return made


def _module(node: str) -> str:
    """``/a/a.0/b/b.1/Conv`` -> ``a.0.b.1``, the module that a node of this name is of."""
    parts: list[str] = []
    for part in node.strip("/").split("/")[:-1]:
        if parts and part.startswith(parts[-1] + "."):
            parts[-1] = part
        else:
            parts.append(part)
    return ".".join(parts)


def _widened(value: Array, scale: Array, zero: Array | None = None, axis: int = 0) -> Array:
    """int8 with a scale for all, or for each place along ``axis``, as float."""
    shape = [1] * value.ndim
    if scale.size > 1:
        shape[axis] = -1
    shift = 0 if zero is None else zero.astype(np.float32).reshape(shape)
    return (value.astype(np.float32) - shift) * scale.reshape(shape)


def _given(node: onnx.NodeProto, held: Mapping[str, Array], *names: str) -> dict[str, Array]:
    """The inputs after the first one, named."""
    return {name: held[given] for name, given in zip(names, node.input[1:], strict=False) if given in held}


def _convolution(node: onnx.NodeProto, held: Mapping[str, Array]) -> dict[str, Array]:
    return _given(node, held, "weight", "bias")


def _norm(node: onnx.NodeProto, held: Mapping[str, Array]) -> dict[str, Array]:
    return _given(node, held, "weight", "bias", "running_mean", "running_var")


def _product(node: onnx.NodeProto, held: Mapping[str, Array]) -> dict[str, Array]:
    return {"weight": held[node.input[1]].T} if node.input[1] in held else {}


def _product_int8(node: onnx.NodeProto, held: Mapping[str, Array]) -> dict[str, Array]:
    name = node.input[1].removesuffix("_quantized")
    value = held[node.input[1]]
    return {"weight": _widened(value, held[f"{name}_scale"], held.get(f"{name}_zero_point"), axis=1).T}


def _lstm(node: onnx.NodeProto, held: Mapping[str, Array], *, int8: bool) -> dict[str, Array]:
    made = {}
    for name, given, scale in (("weight_ih", 1, 8), ("weight_hh", 2, 10)):
        value = held[node.input[given]].astype(np.float32)
        if int8:  # (2, inputs, 4 hidden), a scale for each of the last
            shift, step = (held[node.input[scale + at]].astype(np.float32) for at in (1, 0))
            value = ((value - shift[:, np.newaxis]) * step[:, np.newaxis]).transpose(0, 2, 1)
        made.update(_directions(name, value))
    inner, outer = np.split(held[node.input[3]], 2, axis=1)
    return {**made, **_directions("bias_ih", inner), **_directions("bias_hh", outer)}


def _directions(name: str, value: Array) -> dict[str, Array]:
    """(2, 4 hidden, ...) of both directions, gates in ONNX's order -> by torch's names, in torch's."""
    made = {}
    for suffix, one in zip(("_l0", "_l0_reverse"), value, strict=True):
        gates = np.split(one, 4)
        made[name + suffix] = np.concatenate([gates[at] for at in _GATES])
    return made


_READERS: dict[str, Callable[[onnx.NodeProto, Mapping[str, Array]], dict[str, Array]]] = {
    "Conv": _convolution,
    "BatchNormalization": _norm,
    "MatMul": _product,
    "MatMulInteger": _product_int8,
    "LSTM": partial(_lstm, int8=False),
    "DynamicQuantizeLSTM": partial(_lstm, int8=True),
}
