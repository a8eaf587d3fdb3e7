"""``shizi skip-blanks FILE.onnx RECIPE.toml --output OUT.onnx``: a weight file that classifies no surely blank frames.

Half of a line's frames are blank, and the widest product of a recogniser, thousands of classes, tells so only at its
end. A small network (one hidden layer) tells it from the features before; what it calls blank is left out, there and
in all of decoding. It is fitted to what the file itself says of made lines, and errs to one side: of frames that are
not blank next to none are lost. What is left out of decoding is after Chen, Deng, Xu, Yu: Phone synchronous decoding
with CTC lattice, Interspeech 2016; there the classifier itself tells.
"""

from __future__ import annotations

import json
import tempfile
from argparse import Namespace
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from shizi.errors import DataError, ModelError
from shizi.learn.export import Lines, Run, check_folder, compare
from shizi.learn.int8 import timed
from shizi.learn.recipe import Recipe
from shizi.learn.sources import Sources, open_sources
from shizi.read.charset import BLANK
from shizi.read.ctc import softmax
from shizi.read.runtime import FRAMES, INPUT, STRIDE, Recogniser

Features = NDArray[np.float32]

HIDDEN = 64
"""Units of the hidden layer."""
FITTED_ON = 2_000_000
"""Frames that it is fitted on."""
SAID = 0.3
"""Probability that a frame is no blank from which on it is one that must not be lost;"""
DEARER = 3.0
"""in fitting, to lose one counts so many times what it counts to keep a blank one."""
UNSEEN = 0.1
"""Share of the frames on which it is not fitted: they tell the threshold,"""
LOST = 4e-4
"""which is such that this share of those of them is lost that must not be."""
BATCH, EPOCHS, RATE = 1024, 8, 3e-3
MAX_CHANGED = 0.005
"""Largest share of lines that may be read otherwise than before."""
MAX_CER_LOSS = 0.0005
"""Largest increase of the character error rate."""
CLASSIFIER = "/classifier/"
"""What the names of the classifier's nodes begin with."""
PREFIX = "skip"
"""What the names of the new nodes and values begin with."""


@dataclass(frozen=True)
class Fitted:
    """The small network: a frame with D features x is kept where ``relu(x @ inner + bias) @ outer + least > 0``."""

    inner: Features
    """(D, H)."""
    bias: Features
    """(H,)."""
    outer: Features
    """(H, 1)."""
    least: float

    def keeps(self, features: Features) -> NDArray[np.bool_]:
        """(T, D) -> (T,) whether each frame is classified."""
        hidden = np.maximum(features @ self.inner + self.bias, 0)
        kept: NDArray[np.bool_] = (hidden @ self.outer)[:, 0] + self.least > 0
        return kept


def fit(features: Features, said: Features, seed: int = 0) -> Fitted:
    """Fit to (N, D) features of frames and (N,) probabilities that each is no blank; the last ones tell the threshold.

    Raises:
        DataError: all frames are blank, or none is, among those that it is fitted on or among the others.
    """
    count = len(said) - round(UNSEEN * len(said))
    wanted = said > SAID
    if not all(some.any() and not some.all() for some in (wanted[:count], wanted[count:])):
        raise DataError("blank frames cannot be told from others: all are of one kind")
    x, target = torch.from_numpy(features), torch.from_numpy(wanted.astype(np.float32))
    mean, spread = x[:count].mean(dim=0), x[:count].std(dim=0) + 1e-3
    with torch.random.fork_rng(devices=()), torch.enable_grad():
        torch.manual_seed(seed)
        first, last = nn.Linear(x.shape[1], HIDDEN), nn.Linear(HIDDEN, 1)
        net = nn.Sequential(first, nn.ReLU(), last)
        optimiser = torch.optim.AdamW(net.parameters(), RATE, weight_decay=1e-4)
        steps, dearer = EPOCHS * -(-count // BATCH), torch.tensor(DEARER)
        rates = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps + 1)
        for _ in range(steps):
            picked = torch.randint(0, count, (min(BATCH, count),))
            scores = net((x[picked] - mean) / spread)[:, 0]
            loss = nn.functional.binary_cross_entropy_with_logits(scores, target[picked], pos_weight=dearer)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            rates.step()
    with torch.no_grad():
        scores = net((x[count:] - mean) / spread)[:, 0].numpy()
        inner = first.weight / spread  # takes features as they are
        bias = first.bias - inner.double() @ mean.double()
        outer, level = last.weight.T.detach(), float(last.bias)
    threshold = float(np.quantile(scores[wanted[count:]], LOST))
    arrays = (np.ascontiguousarray(value.float().numpy()) for value in (inner.T, bias, outer))
    return Fitted(next(arrays), next(arrays), next(arrays), least=level - threshold)


def watched(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy of a weight file's graph whose second output are the features before its classifier.

    Raises:
        ModelError: it leaves out blank frames already, or its classifier cannot be found.
    """
    made = onnx.ModelProto()
    made.CopyFrom(model)
    made.graph.output.append(helper.make_tensor_value_info(_features(model.graph), TensorProto.FLOAT, None))
    return made


def skipping(model: onnx.ModelProto, fitted: Fitted) -> onnx.ModelProto:
    """A copy of a weight file's graph that classifies the frames that ``fitted`` keeps, and the first one.

    Raises:
        ModelError: it does so already, or its classifier cannot be found.
    """
    made = onnx.ModelProto()
    made.CopyFrom(model)
    graph = made.graph
    before = _features(graph)

    def value(name: str) -> str:
        return f"{PREFIX}.{name}"

    arrays: dict[str, NDArray[Any]] = {
        "inner": fitted.inner,
        "bias": fitted.bias,
        "outer": fitted.outer,
        "least": np.array([fitted.least], np.float32),
        "nothing": np.array(0, np.float32),
        "zero": np.array([0], np.int64),
        "one": np.array([1], np.int64),
        "end": np.array([np.iinfo(np.int64).max], np.int64),
        "first": np.array([True]),
    }
    steps: list[tuple[str, list[str], str, dict[str, Any]]] = [
        ("Squeeze", [before, value("zero")], value("rows"), {}),
        ("Gemm", [value("rows"), value("inner"), value("bias")], value("hidden"), {}),
        ("Relu", [value("hidden")], value("raised"), {}),
        ("Gemm", [value("raised"), value("outer"), value("least")], value("scores"), {}),
        ("Squeeze", [value("scores"), value("one")], value("flat"), {}),
        ("Greater", [value("flat"), value("nothing")], value("likely"), {}),
        # the first frame always: int8 has no scale for nothing at all
        ("Slice", [value("likely"), value("one"), value("end"), value("zero")], value("others"), {}),
        ("Concat", [value("first"), value("others")], value("kept"), {"axis": 0}),
        ("NonZero", [value("kept")], value("places"), {}),
        ("Squeeze", [value("places"), value("zero")], FRAMES, {}),
        ("Gather", [before, FRAMES], value("features"), {"axis": 1}),
    ]
    new = [helper.make_node(kind, given, [to], name=f"{PREFIX}/{to}", **more) for kind, given, to, more in steps]
    nodes = list(graph.node)
    for node in nodes:
        node.input[:] = [value("features") if name == before else name for name in node.input]
    start = next(at for at, node in enumerate(nodes) if before in node.output) + 1
    del graph.node[:]
    graph.node.extend([*nodes[:start], *new, *nodes[start:]])
    graph.initializer.extend(numpy_helper.from_array(array, value(name)) for name, array in arrays.items())
    graph.output.append(helper.make_tensor_value_info(FRAMES, TensorProto.INT64, ["k"]))
    graph.output[0].type.tensor_type.shape.dim[1].dim_param = "k"
    return made


def _features(graph: onnx.GraphProto) -> str:
    """The value that the classifier takes, in int8 by way of a node that brings it there.

    Raises:
        ModelError: some frames are left out before it already, or there is none.
    """
    if len(graph.output) > 1:
        raise ModelError("the weight file leaves out blank frames already: take the one that it was made from")
    made = {name: node for node in graph.node for name in node.output}
    for node in graph.node:
        source = made.get(node.input[0]) if node.name.startswith(CLASSIFIER) and node.input else None
        if source is not None:
            return str((source if source.op_type == "DynamicQuantizeLinear" else node).input[0])
    raise ModelError("no classifier is found in the weight file")


def samples(path: Path, batches: Iterable[Lines], count: int) -> tuple[Features, Features]:
    """(N, D) features of at least ``count`` frames, or of all ``batches``, and (N,) how likely each is no blank.

    Raises:
        ModelError, DataError: the file cannot be used, or there is not a single frame.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    graph = watched(onnx.load(path)).SerializeToString()
    session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    features: list[Features] = []
    said: list[Features] = []
    taken = 0
    for batch in batches:
        for strip, frames in zip(batch.strips, batch.frames, strict=True):
            logits, seen = session.run(None, {INPUT: strip[np.newaxis, :, :, : frames * STRIDE]})
            features.append(seen[0])
            said.append(1 - softmax(logits[0])[:, BLANK])
            taken += len(seen[0])
            if taken >= count:
                return np.concatenate(features), np.concatenate(said)
    if not taken:
        raise DataError("there is not a single frame to fit to")
    return np.concatenate(features), np.concatenate(said)


def lines(sources: Sources, recipe: Recipe, seed: int) -> Iterator[Lines]:
    """Made lines of the recipe's last stage without end."""
    rng = np.random.default_rng((recipe.seed, seed))
    stage = replace(recipe.stages[-1], real=0.0)
    charset = sources.charset
    torch.manual_seed(int(rng.integers(2**31)))
    while True:
        batch = sources.batch(rng, stage)
        texts = [charset.decode(label) for label in batch.labels]
        yield Lines(batch.strips.cpu().numpy(), texts, batch.widths.tolist())


def run(args: Namespace) -> int:
    """The command: writes the file, and prints what is left out, seconds a line, and how reading differs, as JSON.

    Raises:
        ModelError, DataError, SettingsError: the file or the recipe cannot be used, or the new file reads too much
            otherwise; then none is written.
    """
    check_folder(args.output)
    before = Recogniser.open(args.source, 1)
    watched(onnx.load(args.source))  # says what is wrong with it before an atlas is drawn
    recipe = replace(Recipe.open(Path(args.recipe)), real=())  # made lines alone are looked at
    sources = open_sources(recipe, torch.device("cpu"))
    if before.charset != sources.charset:
        raise DataError(f"{args.source} has another alphabet than the recipe")
    seen = samples(args.source, lines(sources, recipe, 0), FITTED_ON)
    made = skipping(onnx.load(args.source), fit(*seen))
    with tempfile.TemporaryDirectory(dir=args.output.resolve().parent) as folder:
        part = Path(folder) / args.output.name
        onnx.save(made, part)
        after = Recogniser.open(part, 1)
        unseen = list(_enough(lines(sources, recipe, 1), args.compare))
        found = compare(before.logits, after.logits, unseen, before.charset)
        left = 1 - _kept(after, unseen)
        seconds = timed(_alone(before), _alone(after), unseen)
        shown = {"left_out": round(left, 4), "seconds": seconds, **asdict(found)}
        del shown["max_logit"]  # those of frames left out say nothing
        if found.changed > MAX_CHANGED or (found.cer_loss or 0.0) > MAX_CER_LOSS:
            raise ModelError(f"too much is lost with blank frames: {shown}")
        part.replace(args.output)
    print(json.dumps(shown, indent=2))
    return 0


def _enough(batches: Iterable[Lines], count: int) -> Iterator[Lines]:
    taken = 0
    for batch in batches:
        if taken >= count:
            return
        taken += len(batch.strips)
        yield batch


def _alone(recogniser: Recogniser) -> Run:
    """What it says of a single strip, without the frames that it leaves out."""
    return lambda strips: recogniser.emissions(strips)[0].logits


def _kept(recogniser: Recogniser, batches: Iterable[Lines]) -> float:
    """Share of the frames that are classified."""
    kept = frames = 0
    for batch in batches:
        widths = [count * STRIDE for count in batch.frames]
        for emissions, count in zip(recogniser.emissions(batch.strips, widths), batch.frames, strict=True):
            kept, frames = kept + len(emissions.logits), frames + count
    return kept / frames
