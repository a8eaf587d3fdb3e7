"""Validation on made lines, the same at each validation.

They are in the fonts that the recipe holds out, which are never trained on, and where it holds out none in those that
are. Real lines are not among them: how those are read, ``shizi score`` says of ones that were kept out of training.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein

from shizi.learn.losses import STRIDE
from shizi.learn.network import CRNN
from shizi.learn.recipe import Recipe
from shizi.learn.sources import Sources
from shizi.learn.synth.degrade import LEVELS
from shizi.learn.synth.lines import Batch
from shizi.learn.synth.rows import Style
from shizi.read.charset import BLANK

PIECE = 25
"""Lines read together."""


class Validator:
    """Character error rate on made lines, clean and degraded; share of single characters that are read wrong."""

    def __init__(self, sources: Sources, recipe: Recipe) -> None:
        rng = np.random.default_rng(7)
        state = torch.get_rng_state()
        torch.manual_seed(7)
        width = max((w for stage in recipe.stages if stage.kind == "lines" for w in stage.widths), default=160)
        width = min(width, 320)
        pieces = max(1, recipe.validation_lines // PIECE)
        plain = Style(loose=0.0, hand=0.0, cut=0.0)
        held = sources.held
        self.lines = {
            "clean": [held.lines(rng, PIECE, width, LEVELS["clean"], plain) for _ in range(pieces)],
            "degraded": [held.lines(rng, PIECE, width, LEVELS["degraded"], Style(hand=0.0)) for _ in range(pieces)],
        }
        pieces = 4 if any(stage.kind == "characters" for stage in recipe.stages) else 0
        self.characters = {
            "clean": [held.characters(rng, 256, LEVELS["clean"], plain) for _ in range(pieces)],
            "degraded": [held.characters(rng, 256, LEVELS["degraded"], Style(hand=0.0)) for _ in range(pieces)],
        }
        torch.set_rng_state(state)

    @torch.no_grad()
    def __call__(self, model: CRNN, *, characters: bool) -> dict[str, float]:
        """Error rates in [0, 1] (CER can exceed 1); lower is better."""
        model.eval()
        if characters:
            return {f"wrong_{name}": _wrong(model, batches) for name, batches in self.characters.items()}
        return {f"cer_{name}": _cer(model, batches) for name, batches in self.lines.items()}


def _wrong(model: CRNN, batches: Sequence[Batch]) -> float:
    wrong: list[bool] = []
    device = next(model.parameters()).device
    for batch in batches:
        best = model.characters(batch.strips.to(device)).argmax(1).tolist()
        wrong += [read != label[0] for read, label in zip(best, batch.labels, strict=True)]
    return float(np.mean(wrong))


def _cer(model: CRNN, batches: Sequence[Batch]) -> float:
    edits = count = 0
    device = next(model.parameters()).device
    for batch in batches:
        best = model(batch.strips.to(device)).argmax(2).cpu().numpy()
        for row, label, width in zip(best, batch.labels, batch.widths, strict=True):
            edits += Levenshtein.distance(collapsed(row[: -(-int(width) // STRIDE)]), label)
            count += len(label)
    return edits / max(1, count)


def collapsed(path: NDArray[np.int64]) -> list[int]:
    """CTC's best path without repetitions and blanks (Graves et al. 2006, §3.1)."""
    first = np.concatenate(([True], path[1:] != path[:-1]))
    return [int(c) for c in path[first & (path != BLANK)]]
