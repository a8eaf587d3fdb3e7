"""Real lines to train on: which of those that a recipe names can be learned from, and batches of them.

All are looked at once, before a run begins: about three thousand a second. What cannot be used is counted by its
reason, and refused only where nothing is left.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from shizi.clean import network_input, to_height
from shizi.crop import bucket
from shizi.errors import DataError
from shizi.learn.data import LineSource
from shizi.learn.recipe import Stage
from shizi.learn.synth.compose import HEIGHT
from shizi.learn.synth.lines import GROUND, Batch
from shizi.read.charset import Charset
from shizi.settings import CleanSettings

TRIES = 20
"""Times as many lines as a batch holds are tried, should some be gone since they were looked at."""
SHOWN = 20
"""Unknown characters that are named."""


class RealLines:
    """The lines of ``sources`` that the stages which take any, some with ``real``, can learn from."""

    def __init__(self, sources: Sequence[LineSource], charset: Charset, stages: Sequence[Stage]) -> None:
        """Look at each line.

        Raises:
            DataError: no line fits one of the stages.
        """
        self.sources, self.charset = sources, charset
        stages = [stage for stage in stages if stage.real]
        widest = max((width for stage in stages for width in stage.widths), default=0)
        places: list[tuple[int, int, int]] = []
        self.unknown: Counter[str] = Counter()
        """Characters that the alphabet lacks, each with the lines that are left out for it."""
        self.lost = self.wide = 0
        for number, source in enumerate(sources):
            for index in range(len(source)):
                item = source.get(index)
                if item is None:
                    continue
                width = to_height(item[0]).shape[1]
                lacking = {char for char in item[1] if len(charset.known(char)) != 1}
                self.unknown.update(lacking)
                self.lost += bool(lacking)
                self.wide += not lacking and width > widest
                if not lacking and width <= widest:
                    places.append((number, index, width))
        self.places: NDArray[np.int64] = np.array(places, dtype=np.int64).reshape(-1, 3)
        """(M, 3) source, item, and columns at a height of 32, of the lines that can be used."""
        self.widest = widest
        for stage in stages:
            if not self._widths(stage):
                raise DataError(f"stage {stage.name} can take no real line up to {max(stage.widths)} pixels: {self}")

    def batch(self, rng: np.random.Generator, stage: Stage) -> Batch:
        """One step's lines, at most as wide as one of the stage's widths; each source is as likely.

        Raises:
            DataError: none of those that were drawn can be read any more.
        """
        width = int(rng.choice(self._widths(stage)))
        count = max(1, stage.batch * HEIGHT // width)
        strips: list[NDArray[np.float32]] = []
        labels: list[list[int]] = []
        fitting = self.places[self.places[:, 2] <= width]
        shares = 1 / np.bincount(fitting[:, 0])[fitting[:, 0]]
        for number, index, _ in rng.choice(fitting, TRIES * count, p=shares / shares.sum()):
            item = self.sources[number].get(int(index))
            if item is not None:
                strips.append(network_input(item[0], CleanSettings()))
                labels.append(self.charset.encode(self.charset.known(item[1])))
            if len(strips) == count:
                break
        if not strips:
            raise DataError("the real lines that could be read when the run began cannot be read any more")
        widths = np.array([strip.shape[1] for strip in strips], dtype=np.int64)
        made = np.full((len(strips), 1, HEIGHT, bucket(int(widths.max()))), GROUND, dtype=np.float32)
        for index, strip in enumerate(strips):
            made[index, 0, :, : strip.shape[1]] = strip
        return Batch(torch.from_numpy(made), widths, labels)

    def _widths(self, stage: Stage) -> list[int]:
        """Those of the stage's widths that hold a line."""
        narrowest = self.places[:, 2].min(initial=1 << 30)
        return [width for width in stage.widths if width >= narrowest]

    def __str__(self) -> str:
        """How many lines can be used, and why others cannot."""
        reasons = [f"{self.wide} wider than {self.widest} pixels at a height of {HEIGHT}"] if self.wide else []
        if self.lost:
            chars = "".join(char for char, _ in self.unknown.most_common(SHOWN))
            reasons.append(f"{self.lost} with characters that the alphabet lacks, such as {chars}")
        broken = sum((source.reasons for source in self.sources), Counter[str]())
        for reason, count in broken.most_common():
            first = next(place for one in self.sources for place, why in one.skipped.items() if why == reason)
            reasons.append(f"{count} {reason} (first: {first})")
        used = len(self.places)
        total = used + self.wide + self.lost + sum(broken.values())
        return "; ".join([f"{used} of {total} real lines can be learned from", *reasons])
