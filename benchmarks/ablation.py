"""What each part of the recogniser and of its training is worth: variants of one recipe, the same steps each.

``python benchmarks/ablation.py RECIPE --output DIR [--steps N] [--hanzi N] [--only NAME...]``; RECIPE as
``recipes/ablation.toml``, whose stages' ``minutes`` are shares of N steps. Every variant is trained afresh on made
lines of ASCII's letters and digits and the first so many hanzi of GB 2312, one after the other, on one thread, and read
on made lines in fonts that none was trained on; all see the same number of lines. What is measured already stands in
DIR/ablation.jsonl and is not done again.

CER, seconds of the processor for the training, parameters, and milliseconds that a strip ten times as wide as high
takes in torch on one thread. All read the same lines, but for those drawn in 48 rows: these are to be compared with one
another.
"""

from __future__ import annotations

import argparse
import json
import string
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from shizi.learn.network import CRNN
from shizi.learn.recipe import Recipe, Stage
from shizi.learn.sources import open_sources
from shizi.learn.train import Trainer
from shizi.read import weights
from shizi.read.charset import gb2312_hanzi

Change = Callable[[Recipe], Recipe]
TIMED = 30
"""Strips whose median time is taken."""


def network(**values: object) -> Change:
    """With another network."""
    return lambda recipe: replace(recipe, network=replace(recipe.network, **values))  # type: ignore[arg-type]


def lines(**values: float) -> Change:
    """With other losses where lines are learned."""

    def changed(stage: Stage) -> Stage:
        return replace(stage, **values) if stage.kind == "lines" else stage  # type: ignore[arg-type]

    return lambda recipe: replace(recipe, stages=tuple(map(changed, recipe.stages)))


def taught(recipe: Recipe) -> Recipe:
    """With what the shipped weights read beside the truth."""
    return replace(lines(distilled=0.5)(recipe), teacher=str(weights.find()))


def without_places(recipe: Recipe) -> Recipe:
    """The lines' stages as one of CTC alone."""
    characters, *others = recipe.stages
    whole = replace(others[-1], frames=0.0, minutes=sum(stage.minutes for stage in others))
    return replace(recipe, stages=(characters, whole))


HALF = network(widths=(16, 32, 64, 128))


def high(**values: object) -> Change:
    """On lines drawn and degraded in 48 rows, with another network."""
    return lambda recipe: replace(network(**values)(recipe), drawn=48)


VARIANTS: dict[str, Change] = {
    "as shipped": lambda recipe: recipe,
    "vgg": network(backbone="vgg", depths=(1, 1, 2, 2)),
    "convnext": network(backbone="convnext"),
    "swin": network(backbone="swin", depths=(1, 1, 2, 2)),
    "half the channels": HALF,
    "one block a stage": network(depths=(0, 1, 1, 1)),
    "no BiLSTM": network(layers=0),
    "one BiLSTM": network(layers=1),
    "full kernel": network(rank=0),
    "no average of weights": lambda recipe: replace(recipe, average=0.0),
    "label smoothing 0.1": lines(smoothing=0.1),
    "focal CTC 1": lines(focal=1.0),
    "attention 0.3 beside CTC": lines(attention=0.3),
    "places not told": without_places,
    "drawn in 48 rows, read in 32": high(),
    "48 rows, the stem takes three at a time": high(height=48),
    "48 rows, three in the last map": high(height=48, rows=3),
    "Muon": lambda recipe: replace(recipe, optimiser="muon"),
    "taught by the shipped weights": taught,
    "half the channels, taught": lambda recipe: taught(HALF(recipe)),
}


def timed(model: CRNN) -> float:
    """Median milliseconds of a strip ten times as wide as high."""
    model.eval()
    strip, seconds = torch.zeros(1, 1, model.config.height, 10 * model.config.height), []
    with torch.no_grad():
        for _ in range(TIMED):
            begun = time.process_time()
            model(strip)
            seconds.append(time.process_time() - begun)
    return 1000 * float(np.median(seconds))


def measured(recipe: Recipe, steps: int, folder: Path) -> dict[str, float]:
    """Train, and tell."""
    torch.set_num_threads(1)
    stages = tuple(replace(stage, minutes=0.0, steps=round(stage.minutes * steps)) for stage in recipe.stages)
    trainer = Trainer(replace(recipe, stages=stages), folder, open_sources(recipe))
    begun = time.process_time()
    figures = trainer.run()
    seconds = time.process_time() - begun
    size = sum(parameter.numel() for parameter in trainer.learner.model.parameters())
    return {**figures, "seconds": seconds, "parameters": size, "milliseconds": timed(trainer.learner.model)}


def table(rows: list[dict[str, object]]) -> str:
    """Markdown."""
    made = [
        "| variant | CER clean | CER degraded | seconds | million parameters | ms |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for row in rows:
        keys = ("cer_clean", "cer_degraded", "seconds", "milliseconds")
        clean, degraded, seconds, ms = (float(str(row[key])) for key in keys)
        size = float(str(row["parameters"])) / 1e6
        made.append(f"| {row['variant']} | {clean:.1%} | {degraded:.1%} | {seconds:.0f} | {size:.1f} | {ms:.1f} |")
    return "\n".join(made)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe", type=Path)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--hanzi", type=int, default=500)
    parser.add_argument("--only", nargs="+", choices=list(VARIANTS), default=list(VARIANTS))
    args = parser.parse_args()
    args.output.mkdir(parents=True, exist_ok=True)
    path = args.output / "ablation.jsonl"
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []
    alphabet = string.ascii_letters + string.digits + gb2312_hanzi()[: args.hanzi]
    base = replace(Recipe.open(args.recipe), alphabet=alphabet)
    for name in args.only:
        if any(row["variant"] == name and row["steps"] == args.steps for row in rows):
            continue
        figures = measured(VARIANTS[name](base), args.steps, args.output / name.replace(" ", "-").replace(",", ""))
        rows.append({"variant": name, "steps": args.steps, **figures})
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(rows[-1], ensure_ascii=False) + "\n")
        print(json.dumps(rows[-1]), flush=True)
    print(table([row for row in rows if row["steps"] == args.steps and row["variant"] in args.only]))


if __name__ == "__main__":
    main()
