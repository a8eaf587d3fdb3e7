"""``shizi quantize``: a smaller, faster file from a weight file or a checkpoint, kept only if it reads as well.

``shizi quantize IN.onnx --output OUT.onnx --fonts DIR [--keep-convolutions] [--compare N]``

- An .onnx file becomes the int8 file of :mod:`shizi.learn.quantize`.
- A checkpoint becomes one whose weights are stored as int8 (a quarter of the bytes) and widened when it is loaded. For
  those who run torch itself, :func:`dynamic` makes the network compute in int8; it is measured beside. torch has said
  since 2.9 that this goes, and torchao, which it points to, has no LSTM: the .onnx file is the one to ship.

Both are compared with what they come from on made lines, as :mod:`shizi.learn.export` does, in accuracy and in time.
"""

from __future__ import annotations

import copy
import json
import tempfile
import time
import warnings
from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from shizi.errors import DataError, SettingsError
from shizi.learn import checkpoint
from shizi.learn.export import (
    CALIBRATION_LINES,
    Lines,
    Run,
    check_folder,
    check_int8,
    compare,
    made_lines,
    parted,
    torch_run,
)
from shizi.learn.quantize import quantize
from shizi.learn.synth.atlas import font_files
from shizi.read.charset import Charset
from shizi.read.runtime import Recogniser

TIMED_LINES = 60
"""Lines that are timed, each by itself, by both in turn."""


def run(args: Namespace) -> int:
    """The command: writes the file and prints sizes, times and accuracies as JSON.

    Raises:
        DataError: the file, the fonts, the folder to write to or ``--compare`` cannot be used.
        ModelError: the int8 file reads worse than the bound allows; nothing is written.
    """
    check_folder(args.output)
    of = _checkpoint if args.source.suffix == ".pt" else _weights
    print(json.dumps(of(args), indent=2))
    return 0


def dynamic(model: nn.Module) -> nn.Module:
    """A copy whose LSTM and linear layers compute in int8, activations scaled at run time; convolutions stay float.

    Raises:
        SettingsError: this torch has no dynamic int8 any more.
    """
    try:
        from torch.ao.quantization import quantize_dynamic
    except ImportError as error:
        raise SettingsError("this torch has no dynamic int8; use shizi export --int8") from error
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its deprecation; see the top of this file
        still = copy.deepcopy(model).cpu().eval()
        made: nn.Module = quantize_dynamic(still, {nn.LSTM, nn.Linear}, dtype=torch.qint8)  # type: ignore[no-untyped-call]
    return made


def timed(before: Run, after: Run, batches: Sequence[Lines], lines: int = TIMED_LINES) -> dict[str, float]:
    """Median seconds a line of both, and before over after; they take turns, so that a busy machine hits both."""
    strips = [batch.strips[i : i + 1] for batch in batches for i in range(len(batch.strips))][:lines]
    spent: NDArray[np.float64] = np.zeros((len(strips), 2))
    for which in (before, after):
        which(strips[0])  # what is done once is no part of a line
    for index, strip in enumerate(strips):
        for column, which in enumerate((before, after)):
            started = time.perf_counter()
            which(strip)
            spent[index, column] = time.perf_counter() - started
    old, new = np.median(spent, axis=0).tolist()
    ratio = float(np.median(spent[:, 0] / spent[:, 1]))
    return {"before": round(old, 6), "after": round(new, 6), "ratio": round(ratio, 3)}


def _weights(args: Namespace) -> dict[str, Any]:
    before = Recogniser.open(args.source, 1)
    if before.card.get("precision") == "int8":
        raise DataError(f"{args.source} is int8 already")
    training = before.card.get("training")
    held_out = training.get("held_out", ()) if isinstance(training, dict) else ()
    calibration, rest = parted(_lines(args, before.charset, held_out, CALIBRATION_LINES))
    with _part(args.output) as part:
        quantize(args.source, part, None if args.keep_convolutions else [lines.strips for lines in calibration])
        after = Recogniser.open(part, 1)
        found = compare(before.logits, after.logits, rest, before.charset)
        check_int8(found)
        seconds = timed(before.logits, after.logits, rest)
        part.replace(args.output)
    return {**_sizes(args), "seconds": seconds, **asdict(found)}


def _checkpoint(args: Namespace) -> dict[str, Any]:
    held = checkpoint.load(args.source)
    model = held.model()
    batches = _lines(args, held.charset, held.info.get("held_out", ()), 0)
    before = torch_run(model)
    with _part(args.output) as part:
        checkpoint.save(held, part, int8=True)
        found = compare(before, torch_run(checkpoint.load(part).model()), batches, held.charset)
        check_int8(found)
        part.replace(args.output)
    moving = torch_run(dynamic(model))
    others = compare(before, moving, batches, held.charset)
    return {
        **_sizes(args),
        **asdict(found),
        "torch_dynamic": {"seconds": timed(before, moving, batches), **asdict(others)},
    }


@contextmanager
def _part(target: Path) -> Iterator[Path]:
    """A place beside ``target`` for a file that is not known to be good yet."""
    with tempfile.TemporaryDirectory(dir=target.resolve().parent) as folder:
        yield Path(folder) / target.name


def _lines(args: Namespace, charset: Charset, held_out: Sequence[str], more: int) -> list[Lines]:
    fonts = font_files(args.fonts)
    unseen = [font for font in fonts if font.name in held_out]
    return made_lines(charset, unseen or fonts, args.compare + more)


def _sizes(args: Namespace) -> dict[str, Any]:
    before, after = (path.stat().st_size for path in (args.source, args.output))
    return {"bytes": {"before": before, "after": after, "smaller": round(1 - after / before, 4)}}
