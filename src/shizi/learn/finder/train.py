"""Training the line finder on pieces of made pages.

``shizi train-finder CONFIG [--output DIR] [--resume]`` makes the pages that are not there yet, then learns for the
minutes that the recipe gives. Stopped, it goes on with ``--resume``.
"""

from __future__ import annotations

import json
import time
from argparse import Namespace
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from shizi.errors import DataError
from shizi.learn import checkpoint
from shizi.learn.finder import pool as pools
from shizi.learn.finder.augment import piece
from shizi.learn.finder.grounds import Grounds
from shizi.learn.finder.grow import grow
from shizi.learn.finder.ink import Fonts, Mask, Scribe
from shizi.learn.finder.losses import loss
from shizi.learn.finder.network import CELL, Finder, FinderConfig
from shizi.learn.finder.pages import PageMaker
from shizi.learn.finder.pool import Pool
from shizi.learn.finder.recipe import FinderRecipe
from shizi.learn.finder.sheet import Sheet
from shizi.learn.finder.targets import targets
from shizi.learn.learner import Average
from shizi.learn.precision import has_bf16
from shizi.learn.restore import restore
from shizi.learn.synth.text import Random, Sampler
from shizi.learn.train import one_cycle
from shizi.learn.workers import Team, launch
from shizi.read.charset import Charset

SCHEMA = "shizi/finder-checkpoint/1"
SETTLING = 24
"""Batches of four pieces that the norms of a weight file are settled on."""
_LOG_STEPS = 20
_HARD_FROM = 0.3  # share of a run from nothing after which hard negatives have their full weight


def batch(pool: Pool, rng: Random, count: int, side: int) -> tuple[Tensor, Tensor]:
    """(count, 1, side, side) pieces in [-0.5, 0.5] and (count, 5, side / 2, side / 2) targets."""
    pages, maps = [], []
    for _ in range(count):
        grey, lines = piece(pool.page(int(rng.integers(len(pool)))), rng, side, lambda: _noise(rng))
        pages.append(grey[None].astype(np.float32) / 255 - 0.5)
        maps.append(targets(lines, (side, side), CELL).stack())
    return torch.from_numpy(np.stack(pages)), torch.from_numpy(np.stack(maps))


def _noise(rng: Random) -> Mask:
    cells = int(rng.integers(1, 40))
    return rng.integers(0, 256, (cells, cells)).astype(np.uint8)


class Trainer:
    """A run: its network, where it stands, and its folder of log and checkpoints."""

    def __init__(
        self, recipe: FinderRecipe, output: Path, resume: dict[str, Any] | None = None, team: Team | None = None
    ) -> None:
        self.recipe, self.output, self.team = recipe, output, team or Team()
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        torch.manual_seed(recipe.seed)
        self.model = Finder(recipe.network)
        self.rng = np.random.default_rng((recipe.seed, 0))
        self.pool = Pool(Path(recipe.pool), *map(Path, recipe.real))
        if recipe.start and resume is None:
            self._start(Path(recipe.start))
        # channels last: convolutions need not bring their maps to another order first, a quarter of a step's time
        self.model.to(self.device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average = Average(self.model, recipe.average)
        flat = [p for p in self.model.parameters() if p.ndim < 2]
        deep = [p for p in self.model.parameters() if p.ndim >= 2]
        groups = [{"params": deep, "weight_decay": recipe.decay}, {"params": flat, "weight_decay": 0.0}]
        self.optimiser = torch.optim.AdamW(groups, lr=recipe.rate)
        self.step, self.elapsed = 0, 0.0
        self._counted = 0.0  # the moment up to which time is in ``elapsed``
        if resume is not None:
            self.model.load_state_dict(resume["model"])
            self.average.weights, self.average.steps = resume["weights"], resume["average_steps"]
            self.optimiser.load_state_dict(resume["optimiser"])
            self.step, self.elapsed = resume["step"], resume["elapsed"]
        self.team.share(self.model.parameters())  # norms settled on a pool that is being filled may differ
        # each process, and each resumed run, takes other pieces
        self.rng = np.random.default_rng((recipe.seed, self.step, self.team.rank))
        output.mkdir(parents=True, exist_ok=True)

    def _start(self, path: Path) -> None:
        """Take the weights of a file; of a smaller network's, where the recipe says so."""
        samples = (batch(self.pool, self.rng, 4, self.recipe.side)[0] for _ in range(SETTLING))
        if self.recipe.start_network is None:
            restore(self.model, path, samples)
            return
        small = Finder(self.recipe.start_network)
        restore(small, path, samples)
        grow(small, self.model)

    def run(self) -> float:
        """Learn until the recipe's minutes are over; the mean loss of the last steps."""
        # one thread makes the next batch while torch learns from this one; a second would make them out of turn
        with ThreadPoolExecutor(1, "shizi-pieces") as maker:
            return self._run(maker)

    def _run(self, maker: ThreadPoolExecutor) -> float:
        coming = maker.submit(self._batch)
        self._counted = saved = time.monotonic()
        losses: list[float] = []
        while self.elapsed < 60 * self.recipe.minutes:  # as the whole team sees it, so that all stop together
            made, coming = coming.result(), maker.submit(self._batch)
            losses.append(self._step(*made))
            self.step += 1
            if self.step % _LOG_STEPS == 0:
                self._log({"step": self.step, "seconds": self.elapsed, "loss": float(np.mean(losses[-_LOG_STEPS:]))})
            if time.monotonic() - saved > 60 * self.recipe.save_minutes:
                self._save()
                self.pool.refresh()
                saved = time.monotonic()
        self._save()
        return float(np.mean(losses[-_LOG_STEPS:])) if losses else 0.0

    def _batch(self) -> tuple[Tensor, Tensor]:
        return batch(self.pool, self.rng, self.recipe.batch, self.recipe.side)

    def _step(self, pages: Tensor, wanted: Tensor) -> float:
        """One step; the loss, which like the seconds that have passed is the team's mean."""
        done = min(1.0, self.elapsed / (60 * self.recipe.minutes))
        rate = self.recipe.rate * one_cycle(done, least=self.recipe.least)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        self.model.train()
        half = (self.recipe.bf16 and has_bf16(self.device)) or self.device.type == "cuda"
        with torch.autocast(self.device.type, torch.bfloat16, enabled=half):
            maps = self.model(pages.to(self.device, memory_format=torch.channels_last))
        found = loss(maps, wanted.to(self.device), hard=1.0 if self.recipe.start else min(1.0, done / _HARD_FROM))
        self.optimiser.zero_grad(set_to_none=True)
        found.backward()  # type: ignore[no-untyped-call]
        now = time.monotonic()
        passed, self._counted = now - self._counted, now
        shares = float(found.detach()), self.elapsed + passed
        shared, self.elapsed = self.team.average(self.model.parameters(), *shares)
        norm = nn.utils.clip_grad_norm_(self.model.parameters(), 10.0)
        if torch.isfinite(norm):
            self.optimiser.step()
            self.average.update(self.model)
        return shared

    def _save(self) -> None:
        if self.team.rank:
            return
        about = {"schema": SCHEMA, "config": self.recipe.network.to_dict(), "recipe": self.recipe.name}
        weights = {key: value.cpu() for key, value in self.average.weights.items()}
        held = {"about": json.dumps({**about, "step": self.step, "seconds": self.elapsed}), "weights": weights}
        training = {
            "model": self.model.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "average_steps": self.average.steps,
            "step": self.step,
            "elapsed": self.elapsed,
        }
        for name, what in (("last.pt", {**held, **training}), ("weights.pt", held)):
            part = self.output / f"{name}.partial"
            torch.save(what, part)
            part.replace(self.output / name)

    def _log(self, row: dict[str, Any]) -> None:
        if self.team.rank:
            return
        shown = {key: round(value, 4) if isinstance(value, float) else value for key, value in row.items()}
        with (self.output / "log.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(shown) + "\n")


def load(path: Path) -> tuple[Finder, dict[str, Any]]:
    """The network of a checkpoint with its averaged weights, in evaluation mode, and what the checkpoint tells.

    Raises:
        DataError: there is none, or something else.
    """
    held = _opened(path)
    about = json.loads(held["about"])
    model = Finder(FinderConfig.from_dict(about["config"]))
    model.load_state_dict(held["weights"])
    return model.eval(), about


def _opened(path: Path) -> dict[str, Any]:
    return checkpoint.opened(path, SCHEMA, "a finder")


def page_maker(recipe: FinderRecipe) -> Callable[[Random], Sheet]:
    """What draws the recipe's pages."""
    fonts = Fonts(Path(recipe.fonts), left_out=frozenset(recipe.left_out), hand=recipe.hand)
    sampler = Sampler(Charset.default(), Path(recipe.corpora) if recipe.corpora else None)
    grounds = Grounds(Path(recipe.backgrounds) if recipe.backgrounds else None)
    return PageMaker(Scribe(fonts, sampler), grounds).page


def run(args: Namespace) -> int:
    """The command; ``args`` has ``config``, ``output`` and ``resume``."""
    recipe = FinderRecipe.open(Path(args.config))
    output = Path(args.output or f"runs/{recipe.name}")
    if (output / "last.pt").exists() and not args.resume:
        raise DataError(f"{output} holds a run: go on with it (--resume), or name another folder (--output)")
    folder = Path(recipe.pool)
    if len(list(folder.glob("*.json"))) < recipe.pages:
        pools.fill(folder, page_maker(recipe), recipe.pages, recipe.seed)
    resume = output / "last.pt" if args.resume else None
    if resume:
        _opened(resume)  # what is wrong with it is said before processes start
    launch(partial(_train, recipe, output, resume), recipe.processes)
    return 0


def _train(recipe: FinderRecipe, output: Path, resume: Path | None, team: Team) -> None:
    if recipe.threads:
        torch.set_num_threads(recipe.threads)
        cv2.setNumThreads(recipe.threads)
    found = Trainer(recipe, output, _opened(resume) if resume else None, team).run()
    if team.rank == 0:
        print(f"loss {found:.3f}")
