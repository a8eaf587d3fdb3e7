"""From a trained network to a weight file: exported, compared with the network on many lines, refused if it differs.

``shizi export CHECKPOINT --output FILE.onnx --fonts DIR [--int8] [--rank N] [--card FILE.json] [--compare N]``
"""

from __future__ import annotations

import copy
import json
import tempfile
import warnings
from argparse import Namespace
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import helper
from torch import nn

from shizi.errors import DataError, ModelError
from shizi.learn import checkpoint
from shizi.learn.flat import flattened
from shizi.learn.metrics import edits
from shizi.learn.narrow import narrowed
from shizi.learn.network import CRNN
from shizi.learn.quantize import quantize
from shizi.learn.synth.atlas import build_atlas, font_files
from shizi.learn.synth.degrade import LEVELS, Degrader
from shizi.learn.synth.lines import LineMaker
from shizi.learn.synth.rows import Style
from shizi.learn.synth.text import Sampler
from shizi.read import ctc
from shizi.read.charset import Charset
from shizi.read.runtime import HEIGHT, INPUT, OUTPUT, STRIDE, Recogniser, metadata
from shizi.read.trust import fit_temperature

Strips = NDArray[np.float32]
Run = Callable[[Strips], NDArray[np.float32]]
"""(N, 1, 32, W) strips -> (N, W / 4, C) logits."""

OPSET = 17

BATCH = 25
"""Made lines of one batch."""
LEAST_LINES = 1000
"""Lines that a comparison needs at the least."""
CALIBRATION_LINES = 64
"""Lines from which the ranges of int8 convolutions are taken; they are not compared."""
TRUST_LINES = 200
"""Lines that the temperature of the confidences is fitted on."""
NARROWED_ON = 16
"""Batches that a narrower classifier is fitted to; they are not compared."""
MAX_CER_LOSS_NARROWED = 0.003
"""Largest increase of the character error rate by a narrower classifier; rank 192 costs the shipped network 0.001."""
MAX_LOGIT = 1e-2
"""Largest difference of a logit between torch and its float32 file."""
MAX_CHANGED = 0.001
"""Largest share of lines that the float32 file may read otherwise."""
MAX_CHANGED_INT8 = 0.02
"""Largest share of lines that int8 may read otherwise, where their true texts are not known."""
MAX_CER_LOSS_INT8 = 0.003
"""Largest increase of the character error rate by int8, where they are."""


@dataclass(frozen=True)
class Lines:
    """Strips of one width to compare networks on."""

    strips: Strips
    """(N, 1, 32, W)."""
    texts: Sequence[str] | None = None
    """(N,) what stands on them, None if not known."""
    widths: Sequence[int] | None = None
    """(N,) columns of each that are not padding, None for all."""

    @property
    def frames(self) -> list[int]:
        """(N,) frames of each that are not padding."""
        widths = [self.strips.shape[3]] * len(self.strips) if self.widths is None else self.widths
        return [-(-int(width) // STRIDE) for width in widths]


@dataclass(frozen=True)
class Difference:
    """How a network's answers differ from those of the one that it was made from, on the same lines."""

    lines: int
    max_logit: float
    """Largest absolute difference of a logit."""
    changed: float
    """Share of lines whose greedy text is another one."""
    cer: float | None
    """Character error rate; None where the true texts are not known."""
    cer_before: float | None
    """The same of the network that it was made from."""

    @property
    def cer_loss(self) -> float | None:
        """Increase of the character error rate."""
        return None if self.cer is None or self.cer_before is None else self.cer - self.cer_before


def export(model: nn.Module, charset: Charset, path: Path, *, card: Mapping[str, Any]) -> None:
    """Write ``model`` as a float32 weight file that :class:`shizi.read.runtime.Recogniser` opens.

    Args:
        model: (N, 1, 32, W) -> (N, W / 4, C); it is left as it was.
        charset: the alphabet, C - 1 characters.
        path: the .onnx file to write.
        card: where the weights come from, their licence and figures, and ``temperature``; JSON values.

    Raises:
        ModelError: the network's shapes are others, or its number of classes is not the alphabet's; no file is left.
    """
    check_height(model)
    # torch 2.9 made another exporter the default, which needs one more library; this one writes plain LSTM nodes
    still = copy.deepcopy(model).cpu().eval()
    if isinstance(still, CRNN):
        still = flattened(still)
    with warnings.catch_warnings():
        # its own deprecation, and that LSTMs would fix the batch's size, which they do not: the states follow its shape
        warnings.simplefilter("ignore")
        torch.onnx.export(
            still,
            (torch.zeros(1, 1, HEIGHT, 64),),
            str(path),
            input_names=[INPUT],
            output_names=[OUTPUT],
            dynamic_axes={INPUT: {0: "n", 3: "w"}, OUTPUT: {0: "n", 1: "t"}},
            opset_version=OPSET,
            dynamo=False,
        )
    made = onnx.load(path)
    helper.set_model_props(made, metadata(charset, {"precision": "float32", **card}))
    onnx.save(made, path)
    try:
        Recogniser.open(path)
    except ModelError:
        path.unlink()
        raise


def check_height(model: nn.Module) -> None:
    """Raise ModelError where a network takes strips that the reader does not cut."""
    if isinstance(model, CRNN) and model.config.height != HEIGHT:
        rows = model.config.height
        raise ModelError(f"the reader cuts strips of {HEIGHT} rows; a network for {rows} can only be measured")


def compare(before: Run, after: Run, batches: Iterable[Lines], charset: Charset) -> Difference:
    """Run both on the same lines; see :class:`Difference`.

    Raises:
        DataError: there are fewer lines than :data:`LEAST_LINES`, or texts are known for a part of them only.
    """
    lines = changed = chars = 0
    wrong = [0, 0]
    largest = 0.0
    labelled: set[bool] = set()
    for batch in batches:
        logits = [run(batch.strips) for run in (before, after)]
        largest = max(largest, float(np.abs(logits[0] - logits[1]).max()))
        old, new = (_texts(many, batch.frames, charset) for many in logits)
        lines += len(old)
        changed += sum(a != b for a, b in zip(old, new, strict=True))
        labelled.add(batch.texts is not None)
        for index, read in enumerate((old, new)):
            wrong[index] += sum(edits(truth, text) for truth, text in zip(batch.texts or read, read, strict=True))
        chars += sum(len(text) for text in batch.texts or ())
    if lines < LEAST_LINES:
        raise DataError(f"{lines} lines are too few to compare networks on; it takes {LEAST_LINES}")
    if len(labelled) > 1:
        raise DataError("the true texts are known for a part of the lines only")
    rates = [count / chars if chars else None for count in wrong]
    return Difference(lines, largest, changed / lines, rates[1], rates[0])


def _texts(logits: NDArray[np.float32], frames: Sequence[int], charset: Charset) -> list[str]:
    spans = (ctc.greedy(one, valid=valid) for one, valid in zip(logits, frames, strict=True))
    return [charset.decode([span.cls for span in line]) for line in spans]


def release(
    model: nn.Module,
    charset: Charset,
    path: Path,
    *,
    card: Mapping[str, Any],
    batches: Sequence[Lines],
    int8: bool = False,
) -> dict[str, Difference]:
    """Export, compare, and put the file at ``path`` only if it reads as the network does.

    Args:
        model: as for :func:`export`.
        charset: as for :func:`export`.
        path: the file to write; what stands there is replaced at once or not at all.
        card: as for :func:`export`.
        batches: at least :data:`LEAST_LINES` lines to compare on, and :data:`CALIBRATION_LINES` more for int8.
        int8: write an int8 file.

    Returns:
        The differences by name: ``float32`` from torch, and ``int8`` from float32.

    Raises:
        ModelError: a difference is above its bound.
        DataError: there are too few lines.
    """
    calibration, rest = parted(batches) if int8 else ([], list(batches))
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        made = Path(folder) / "float32.onnx"
        export(model, charset, made, card=card)
        plain = Recogniser.open(made, 1).logits
        found = {"float32": compare(torch_run(model), plain, rest, charset)}
        check(found["float32"])
        if int8:
            made = Path(folder) / "int8.onnx"
            quantize(Path(folder) / "float32.onnx", made, [lines.strips for lines in calibration])
            found["int8"] = compare(plain, Recogniser.open(made, 1).logits, rest, charset)
            check_int8(found["int8"])
        made.replace(path)
    return found


def check(found: Difference) -> None:
    """Raise ModelError where a float32 file differs too much from the network."""
    if not found.max_logit <= MAX_LOGIT or found.changed > MAX_CHANGED:
        raise ModelError(
            f"the file does not compute what the network does: {asdict(found)}; "
            f"bounds are {MAX_LOGIT} on a logit and {MAX_CHANGED:.1%} of the lines"
        )


def check_int8(found: Difference) -> None:
    """Raise ModelError where an int8 file reads too much worse than its float32 file."""
    loss = found.cer_loss
    if loss is None and found.changed > MAX_CHANGED_INT8:
        raise ModelError(f"int8 reads {found.changed:.1%} of the lines otherwise; the bound is {MAX_CHANGED_INT8:.1%}")
    if loss is not None and loss > MAX_CER_LOSS_INT8:
        raise ModelError(f"int8 costs {loss:.2%} of the characters; the bound is {MAX_CER_LOSS_INT8:.2%}")


def check_narrowed(found: Difference) -> None:
    """Raise ModelError where a network with a narrower classifier reads too much worse than the whole one."""
    if (found.cer_loss or 0.0) > MAX_CER_LOSS_NARROWED:
        raise ModelError(
            f"a classifier of so low a rank costs {found.cer_loss:.2%} of the characters; the bound is "
            f"{MAX_CER_LOSS_NARROWED:.2%}: take a larger --rank"
        )


def check_folder(path: Path) -> None:
    """Raise DataError where there is no folder to write ``path`` to: said before the work, not after it."""
    if not path.resolve().parent.is_dir():
        raise DataError(f"{path} cannot be written: there is no folder {path.resolve().parent}")


def torch_run(model: nn.Module) -> Run:
    """The network itself, in evaluation mode, on the CPU."""
    still = copy.deepcopy(model).cpu().eval()

    def run(strips: Strips) -> NDArray[np.float32]:
        with torch.inference_mode():
            logits: NDArray[np.float32] = still(torch.from_numpy(strips)).numpy()
        return logits

    return run


def parted(batches: Sequence[Lines]) -> tuple[list[Lines], list[Lines]]:
    """The first batches, enough to calibrate int8 with, and the others."""
    count = taken = 0
    while taken < len(batches) and count < CALIBRATION_LINES:
        count += len(batches[taken].strips)
        taken += 1
    return list(batches[:taken]), list(batches[taken:])


def made_lines(charset: Charset, fonts: Sequence[Path], count: int, width: int = 320) -> list[Lines]:
    """At least ``count`` made lines, half of them degraded, in batches of :data:`BATCH`; always the same ones.

    Raises:
        DataError: a font cannot be opened.
    """
    maker = LineMaker(build_atlas(fonts, charset), charset, Sampler(charset, None), Degrader())
    rng = np.random.default_rng(0)
    made = []
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(0)
        for index in range(-(-count // BATCH)):
            batch = maker.lines(rng, BATCH, width, LEVELS[("clean", "degraded")[index % 2]], Style(hand=0.0))
            texts = [charset.decode(label) for label in batch.labels]
            made.append(Lines(batch.strips.cpu().numpy(), texts, batch.widths.tolist()))
    return made


def run(args: Namespace) -> int:
    """The command: writes the weight file and prints how it differs from the checkpoint, as JSON.

    Raises:
        DataError: the checkpoint, the card or the fonts cannot be used, there is no folder to write to, or
            ``--compare`` is too small.
        ModelError: the file reads otherwise than the checkpoint, ``--rank`` costs too much, or the network is not for
            strips of 32 rows.
    """
    check_folder(args.output)
    held = checkpoint.load(args.checkpoint)
    check_height(held.model())  # before anything is read with it
    fonts = font_files(args.fonts)
    unseen = [font for font in fonts if font.name in held.info.get("held_out", ())]
    card = {"training": held.info, **(read_card(args.card) if args.card else {})}
    more = (NARROWED_ON * BATCH if args.rank else 0) + (CALIBRATION_LINES if args.int8 else 0)
    batches = made_lines(held.charset, unseen or fonts, args.compare + more)
    model, found = held.model(), {}
    if args.rank:
        samples, batches = batches[:NARROWED_ON], batches[NARROWED_ON:]
        whole, model = model, narrowed(model, (torch.from_numpy(one.strips) for one in samples), args.rank)
        found["narrowed"] = compare(torch_run(whole), torch_run(model), batches, held.charset)
        check_narrowed(found["narrowed"])
    card.setdefault("temperature", fitted_temperature(model, held.charset, batches))
    found |= release(model, held.charset, args.output, card=card, batches=batches, int8=args.int8)
    print(json.dumps({name: asdict(difference) for name, difference in found.items()}, indent=2))
    return 0


def fitted_temperature(model: nn.Module, charset: Charset, batches: Sequence[Lines]) -> float:
    """The temperature for the card, fitted on the first :data:`TRUST_LINES` lines; 1 where nothing is read at all."""
    lines: list[NDArray[np.float32]] = []
    truths: list[list[int]] = []
    network = torch_run(model)
    for batch in batches:
        if len(truths) >= TRUST_LINES or batch.texts is None:
            break
        logits = network(batch.strips)
        lines += [one[:frames] for one, frames in zip(logits, batch.frames, strict=True)]
        truths += [charset.encode(text) for text in batch.texts]
    try:
        return round(fit_temperature(lines, truths), 4)
    except DataError:
        return 1.0


def read_card(path: Path) -> dict[str, Any]:
    """The JSON object in ``path``: what a weight file's card says. DataError where there is none."""
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{path} is no JSON: {error}") from error
    if not isinstance(card, dict):
        raise DataError(f"{path} holds no JSON object")
    return card
