"""Processes that draw lines beside the one that trains, for an accelerator that is faster than one core draws."""

from __future__ import annotations

import mmap
import os
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from shizi.errors import SettingsError
from shizi.learn.recipe import Recipe, Stage
from shizi.learn.sources import Sources
from shizi.learn.synth.lines import Batch
from shizi.learn.synth.living import FIRST, rewritten
from shizi.learn.synth.strokes import open_strokes

AHEAD = 2
"""Batches that each process has ready."""
SPAN = 100_000
"""Numbers between the first hands of two processes, so that none is written twice."""


def share(sources: Sources) -> None:
    """Put the pictures of the atlas where forked processes see each other's changes."""
    cv2.setNumThreads(0)  # its pool of threads does not survive a fork: a child would wait for it for ever
    maker = sources.maker
    maker.composer.glyphs = torch.from_numpy(_shared(maker.composer.glyphs.numpy()))
    maker.atlas = replace(maker.atlas, tops=_shared(maker.atlas.tops), bottoms=_shared(maker.atlas.bottoms))


def _shared(array: NDArray[Any]) -> NDArray[Any]:
    """A copy in memory that a fork does not part (no file: /dev/shm is small in a container)."""
    made = np.frombuffer(mmap.mmap(-1, max(1, array.nbytes)), dtype=array.dtype, count=array.size)
    made[:] = array.ravel()
    return made.reshape(array.shape)


class Drawn(IterableDataset[Batch]):
    """Batches without end; each process draws others, and writes its share of the hands anew between two of them."""

    def __init__(self, sources: Sources, stage: Stage, recipe: Recipe, seed: int) -> None:
        self.sources, self.stage, self.recipe, self.seed = sources, stage, recipe, seed

    def __iter__(self) -> Iterator[Batch]:
        info = get_worker_info()
        member, count = (info.id, info.num_workers) if info else (0, 1)
        rng = np.random.default_rng((self.seed, member))
        torch.manual_seed(int(rng.integers(2**31)))
        hands = [int(font) for font in self.sources.maker.hands[member::count]]
        renewed: Iterator[str] = iter(())
        if self.recipe.rewritten and hands:
            strokes = open_strokes(Path(self.recipe.strokes))
            renewed = rewritten(self.sources.maker, strokes, hands, FIRST + member * SPAN)
        while True:
            yield self.sources.batch(rng, self.stage)
            for _ in range(self.recipe.rewritten):
                next(renewed, None)


def batches(sources: Sources, stage: Stage, recipe: Recipe, seed: int) -> Iterator[Batch]:
    """Batches of ``stage`` from ``recipe.loaders`` forked processes; they end with the iterator."""
    if os.environ.get("OMP_NUM_THREADS") != "1":
        raise SettingsError("loaders fork, which torch's own threads do not survive: set OMP_NUM_THREADS=1")
    loader = DataLoader(
        Drawn(sources, stage, recipe, seed),
        batch_size=None,
        num_workers=recipe.loaders,
        prefetch_factor=AHEAD,
        multiprocessing_context="fork",  # the atlas, gigabytes, is held once
    )
    with warnings.catch_warnings():
        # Python 3.12 warns of forks beside threads: the loaders use none of those, and wait for no lock of theirs
        warnings.filterwarnings("ignore", message=".*fork", category=DeprecationWarning)
        return iter(loader)
