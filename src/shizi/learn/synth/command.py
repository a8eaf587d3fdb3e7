"""``shizi synth``: made lines as a data set or as one picture to look at."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from shizi.errors import DataError
from shizi.learn.recipe import Recipe, Stage, characters
from shizi.learn.sources import Sources, open_sources
from shizi.learn.synth.degrade import LEVELS
from shizi.learn.synth.rows import Style

PIECE = 32
"""Lines made together."""
WIDTHS = (160, 320, 480)
COLUMNS = 2


def run(args: Namespace) -> int:
    """Write ``--output`` (pictures and labels.tsv) or ``--sheet`` (one PNG), or both."""
    if not (args.output or args.sheet):
        raise DataError("nothing to write: give --output FOLDER or --sheet FILE.png")
    recipe = Recipe(
        "synth",
        (Stage("lines", steps=1, ctc=1.0),),
        fonts=str(args.fonts),
        corpora=str(args.corpora or ""),
        backgrounds=str(args.backgrounds or ""),
        alphabet=characters(args.alphabet) if args.alphabet else "",
    )
    torch.manual_seed(args.seed)
    sources = open_sources(recipe)
    rng = np.random.default_rng(args.seed)
    if args.sheet:
        _write_png(Path(args.sheet), _sheet(sources, rng, args.level, min(args.count, 200)))
    if args.output:
        _write_set(Path(args.output), sources, rng, args.level, args.count)
    return 0


def _style(level: str) -> Style:
    return Style(loose=0.0, hand=0.0, cut=0.0) if level == "clean" else Style()


def _made(
    sources: Sources, rng: np.random.Generator, level: str, count: int
) -> Iterator[tuple[NDArray[np.uint8], str]]:
    """``count`` pairs of (32, W) strip and text."""
    while count > 0:
        batch = sources.maker.lines(rng, min(PIECE, count), int(rng.choice(WIDTHS)), LEVELS[level], _style(level))
        count -= len(batch.labels)
        for strip, width, label in zip(batch.pictures, batch.widths, batch.labels, strict=True):
            yield strip[:, : int(width)], sources.charset.decode(label)


def _sheet(sources: Sources, rng: np.random.Generator, level: str, count: int) -> NDArray[np.uint8]:
    """``count`` strips of 320 pixels in two columns, a grey frame around each."""
    batch = sources.maker.lines(rng, max(COLUMNS, count), 320, LEVELS[level], _style(level))
    strips = np.pad(batch.pictures, ((0, 0), (2, 2), (2, 2)), constant_values=128)
    rows = len(strips) // COLUMNS
    shaped = strips[: rows * COLUMNS].reshape(rows, COLUMNS, *strips.shape[1:])
    return np.concatenate([np.concatenate(list(row), axis=1) for row in shaped])


def _write_set(folder: Path, sources: Sources, rng: np.random.Generator, level: str, count: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "labels.tsv").open("w", encoding="utf-8", newline="\n") as labels:
        for index, (strip, text) in enumerate(_made(sources, rng, level, count)):
            name = f"{index:06}.png"
            _write_png(folder / name, strip)
            labels.write(f"{name}\t{text}\n")


def _write_png(path: Path, pixels: NDArray[np.uint8]) -> None:
    # Not cv2.imwrite: it cannot open every path on every system.
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(".png", pixels)[1].tobytes())
