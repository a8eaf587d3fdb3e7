"""``shizi bench compare``: the CRNN beside the plain CNN, float and int8, and beside RapidOCR and Tesseract.

``shizi bench compare recipes/cnn.toml --output DIR [--recipe recipes/zh-en.toml] [--data DATA]``

Made lines are of three kinds, in fonts and hands that neither network has learned from: printed, handwritten, and
cluttered (worn print on uneven ground, askew). All engines read the same pictures one by one on one thread, turn by
turn, so that what slows the machine slows all of them.
"""

from __future__ import annotations

import json
import time
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from shizi import clean, load
from shizi.errors import DataError
from shizi.learn import checkpoint as checkpoints
from shizi.learn import train
from shizi.learn.compare import peers, plain
from shizi.learn.export import export as export_crnn
from shizi.learn.metrics import edits, loose
from shizi.learn.quantize import quantize
from shizi.learn.recipe import Recipe
from shizi.learn.sources import Sources, open_sources
from shizi.learn.synth.atlas import build_atlas, font_files
from shizi.learn.synth.degrade import LEVELS
from shizi.learn.synth.lines import LineMaker
from shizi.learn.synth.rows import Style
from shizi.learn.truth import Slice, slices
from shizi.read import weights
from shizi.settings import LoadSettings

Line = NDArray[np.uint8]
Read = Callable[[Line], str]

UNSEEN_HANDS = range(1000, 1006)
"""Made-up hands that no recipe writes with: recipes count from 0."""
WIDTH = 320
PIECE = 25
"""Lines made together."""
CALIBRATION = 300
"""Characters from which the CNN's int8 takes its ranges."""
RESAMPLES = 1000


@dataclass
class Engine:
    """Something that reads a line: its size on the disk, and what it read wrong of each kind."""

    name: str
    read: Read
    size: int | None = None
    """Bytes; None where that is no one file."""
    wrong: dict[str, list[int]] = field(default_factory=dict)
    right: dict[str, list[bool]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    def take(self, kind: str, line: Line, truth: str) -> None:
        """Read one line and note how it went."""
        begun = time.perf_counter()
        said = loose(self.read(line))
        self.seconds[kind] = self.seconds.get(kind, 0.0) + time.perf_counter() - begun
        self.wrong.setdefault(kind, []).append(edits(truth, said))
        self.right.setdefault(kind, []).append(said == truth)


def run(args: Namespace) -> int:
    """The command. ``args.crnn`` opens a weight file (None: the shipped one) as a reader of lines on one thread.

    Raises:
        DataError: a recipe, its data or ``--data`` cannot be used, or the recipe is not one of a plain CNN.
    """
    recipe = Recipe.open(args.config)
    if recipe.network.layers or any(stage.kind != "characters" for stage in recipe.stages):
        raise DataError(f"{args.config} is no recipe of a plain CNN: layers = 0, all stages of the kind characters")
    output = Path(args.output or f"runs/{recipe.name}")
    if not _trained(recipe, output):
        train.run(Namespace(config=args.config, output=output, resume=(output / "last.pt").exists()))
    sources = open_sources(recipe)
    kinds = {kind: list(made(sources, recipe, kind, args.lines)) for kind in KINDS}
    engines = [*_networks(args, recipe, sources, output), *(Engine(name, read) for name, read in peers.installed())]
    if args.data is not None:
        kinds |= {one.name: _real(one) for one in slices(args.data) if one.strips}
    for engine in engines:  # what an engine sets up at its first line is not its speed
        engine.read(np.full((32, 64), 255, np.uint8))
    for kind, lines in kinds.items():
        for line, text in lines:
            for engine in engines:
                engine.take(kind, line, loose(text))
    chars = {kind: [len(loose(text)) for _, text in lines] for kind, lines in kinds.items()}
    print(json.dumps(_json(engines, chars), ensure_ascii=False) if args.format == "json" else table(engines, chars))
    return 0


def _trained(recipe: Recipe, output: Path) -> bool:
    try:
        return bool(checkpoints.load(output / "last.pt").info["stage"] == len(recipe.stages))
    except DataError:
        return False


KINDS = {
    "printed": ("mild", Style(loose=0.5, hand=0.0)),
    "handwritten": ("mild", Style(hand=1.0)),
    "cluttered": ("degraded", Style(hand=0.0, scene=0.4)),
}
"""Kind of made lines -> level of degradation and style."""


def made(sources: Sources, recipe: Recipe, kind: str, count: int) -> Iterator[tuple[Line, str]]:
    """Always the same lines of a kind: (32, W) grey, text."""
    level, style = KINDS[kind]
    held, rng = sources.held, np.random.default_rng(11)
    if kind == "handwritten" and recipe.strokes:
        files = [font for font in font_files(Path(recipe.fonts)) if font.name in recipe.held_out]
        cache = Path(recipe.cache) if recipe.cache else None
        atlas = build_atlas(files, held.charset, cache, [Path(recipe.strokes)], len(UNSEEN_HANDS), UNSEEN_HANDS[0])
        # hanzi by hand; the hands have no letters, which come from the held-out fonts
        share = [float(name.startswith("hand-")) for name in atlas.names]
        held = LineMaker(atlas, held.charset, held.sampler, held.degrader, weights=share)
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(11)
        left = count
        while left > 0:
            batch = held.lines(rng, min(PIECE, left), WIDTH, LEVELS[level], style)
            left -= len(batch.labels)
            for grey, width, label in zip(batch.pictures, batch.widths, batch.labels, strict=True):
                yield np.ascontiguousarray(grey[:, :width]), held.charset.decode(label)


def _networks(args: Namespace, recipe: Recipe, sources: Sources, output: Path) -> Iterator[Engine]:
    """The CRNN and the CNN, each as float32 where that can be had, and as int8."""
    crnn = weights.find(args.weights)
    if args.recipe is not None:
        held = train.from_weights(crnn, Recipe.open(args.recipe), sources)
        path = output / "crnn.onnx"
        export_crnn(held.model(), held.charset, path, card={})
        yield Engine("CRNN, float", args.crnn(path), path.stat().st_size)
    yield Engine("CRNN, int8", args.crnn(args.weights), crnn.stat().st_size)
    held = checkpoints.load(output / "weights.pt")
    path, small = output / "cnn.onnx", output / "cnn-int8.onnx"
    plain.export(held.model(), held.charset, path)
    lines = (line for line, _ in made(sources, recipe, "printed", CALIBRATION))
    quantize(path, small, plain.samples(lines, CALIBRATION))
    for name, file in (("plain CNN, float", path), ("plain CNN, int8", small)):
        yield Engine(name, plain.PlainReader(file, held.charset), file.stat().st_size)


def _real(one: Slice) -> list[tuple[Line, str]]:
    """The lines of a slice, grey."""
    return [(clean.grey(load.picture(strip.picture, LoadSettings()).pixels), strip.text) for strip in one.strips]


def table(engines: Sequence[Engine], chars: Mapping[str, Sequence[int]]) -> str:
    """For each kind a block: loose CER with its interval, lines without an error, milliseconds a line, megabytes."""
    rows = []
    for kind, counts in chars.items():
        rows.append(f"{kind}: {len(counts)} lines, {sum(counts)} characters")
        head = f"  {'':28}{'CER % [95 %]':>22}{'lines %':>10}{'ms a line':>12}{'MB':>8}"
        rows.append(head)
        for engine in engines:
            low, high = interval(engine.wrong[kind], counts)
            cer = f"{_cer(engine, kind, counts):.1%}"[:-1] + f" [{100 * low:.1f}-{100 * high:.1f}]"
            right, spent = np.mean(engine.right[kind]), 1000 * engine.seconds[kind] / len(counts)
            size = "" if engine.size is None else f"{engine.size / 1e6:.1f}"
            rows.append(f"  {engine.name:28}{cer:>22}{100 * right:>10.1f}{spent:>12.1f}{size:>8}")
    return "\n".join(rows)


def _json(engines: Sequence[Engine], chars: Mapping[str, Sequence[int]]) -> dict[str, Any]:
    return {
        engine.name: {
            "bytes": engine.size,
            **{
                kind: {
                    "lines": len(counts),
                    "chars": sum(counts),
                    "cer": _cer(engine, kind, counts),
                    "interval": interval(engine.wrong[kind], counts),
                    "line_accuracy": float(np.mean(engine.right[kind])),
                    "milliseconds": 1000 * engine.seconds[kind] / len(counts),
                }
                for kind, counts in chars.items()
            },
        }
        for engine in engines
    }


def _cer(engine: Engine, kind: str, counts: Sequence[int]) -> float:
    return sum(engine.wrong[kind]) / max(1, sum(counts))


def interval(wrong: Sequence[int], counts: Sequence[int]) -> tuple[float, float]:
    """95 % of the error rate, lines resampled (Efron 1979)."""
    drawn = np.random.default_rng(0).integers(0, len(counts), (RESAMPLES, len(counts)))
    rates = np.array(wrong)[drawn].sum(axis=1) / np.maximum(1, np.array(counts)[drawn].sum(axis=1))
    low, high = np.percentile(rates, (2.5, 97.5))
    return float(low), float(high)
