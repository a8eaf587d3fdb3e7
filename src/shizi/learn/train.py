"""Training, from fresh weights to a recogniser: characters, then lines, then longer and harder lines.

The order is what makes it work on a CPU: a character reader is learned from single characters first, slid along lines
then, taught where the characters stand (their places are known, the lines are made) and freed by CTC at the end.
"""

from __future__ import annotations

import json
import math
import time
from argparse import Namespace
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from torch import Tensor, nn

from shizi.errors import DataError
from shizi.learn import checkpoint as checkpoints
from shizi.learn.checkpoint import Checkpoint
from shizi.learn.learner import Learner
from shizi.learn.loaders import Shared, batches
from shizi.learn.losses import attention, ctc, distilled, frame_targets, frames, sampled_ctc
from shizi.learn.network import build
from shizi.learn.precision import has_bf16
from shizi.learn.real import RealLines
from shizi.learn.recipe import Recipe, Stage
from shizi.learn.restore import restore
from shizi.learn.sources import Laid, Sources, notes, open_sources
from shizi.learn.synth.lines import Batch
from shizi.learn.validate import Validator
from shizi.learn.workers import Team, launch
from shizi.read.charset import BLANK, Charset
from shizi.read.ctc import softmax
from shizi.read.runtime import Recogniser

NARROW = 16
"""With fewer channels than this, and several threads, the backward pass of oneDNN 3.12 (torch 2.13) writes beyond its
memory (uxlfoundation/oneDNN#6035)."""
SETTLING = 40
"""Batches that the norms of a weight file are settled on."""


class Teacher:
    """A network in a weight file, whose readings another one of the same alphabet or a smaller one learns from."""

    def __init__(self, path: Path, charset: Charset, threads: int = 0) -> None:
        """Raises ModelError as Recogniser.open does, and DataError where the file lacks a character of ``charset``."""
        self.network = Recogniser.open(path, threads)
        known = self.network.charset
        lacking = [char for char in charset.chars if char not in known]
        if lacking:
            raise DataError(f"the teacher {path} does not know {''.join(lacking[:20])}")
        self.columns = np.array([BLANK, *known.encode("".join(charset.chars))])

    def __call__(self, strips: NDArray[np.float32]) -> NDArray[np.float32]:
        """(N, 1, 32, W) -> (N, W / 4, C) probabilities among the characters of the alphabet."""
        logits = self.network.logits(strips)[:, :, self.columns]
        return softmax(logits.reshape(-1, logits.shape[2])).reshape(logits.shape).astype(np.float32, copy=False)


class Trainer:
    """A run: its network, where it stands, and its folder of log and checkpoints."""

    def __init__(
        self, recipe: Recipe, output: Path, sources: Sources, resume: Checkpoint | None = None, team: Team | None = None
    ) -> None:
        self.recipe, self.output, self.sources, self.team = recipe, output, sources, team or Team()
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        if self.device.type == "cpu" and min(recipe.network.widths) < NARROW:
            torch.set_num_threads(1)
        torch.manual_seed(recipe.seed)
        self.charset = sources.charset
        guided = any(stage.attention for stage in recipe.stages)
        classes = self.charset.size
        self.learner = Learner(recipe, recipe.network, classes, self.device, guided=guided)
        self.larger = (
            Learner(recipe, recipe.larger, classes, self.device, rate=recipe.larger_rate) if recipe.larger else None
        )
        self.teacher = Teacher(Path(recipe.teacher), self.charset, recipe.threads) if recipe.teacher else None
        self.stage, self.step, self.elapsed = 0, 0, 0.0
        if resume is not None:
            self._resume(resume)
        # Each process, and each resumed run, draws other lines: a seed for each beginning.
        self.rng = np.random.default_rng((recipe.seed, self.stage, self.step, self.team.rank))
        torch.manual_seed(int(self.rng.integers(2**31)))
        self.shared = Shared(sources) if recipe.loaders else None
        if self.shared is not None and self.device.type != "cpu":
            sources.maker.move(self.device)  # loaders lay out, and lines are drawn where they are learned from
        self.validator = Validator(sources, recipe)
        output.mkdir(parents=True, exist_ok=True)
        self.log = output / "log.jsonl"

    def run(self) -> dict[str, float]:
        """All stages to their end; the last validation's figures."""
        figures: dict[str, float] = {}
        columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TextColumn("{task.fields[now]}"))
        with Progress(*columns, disable=self.team.rank > 0) as bar:
            while self.stage < len(self.recipe.stages):
                stage = self.recipe.stages[self.stage]
                task = bar.add_task(stage.name, total=1.0, now="")
                with closing(self._batches(stage)) as lines:
                    self._run_stage(stage, lines, bar, task)
                if self.team.rank == 0:
                    figures = self._validate(stage)
                    bar.update(task, completed=1.0, now=_shown(figures))
                self.stage, self.step, self.elapsed = self.stage + 1, 0, 0.0
                for learner in self._learners():
                    learner.restart()
                if self.team.rank == 0:
                    self._save()
        return figures

    def _run_stage(self, stage: Stage, lines: Iterator[Batch], bar: Progress, task: TaskID) -> None:
        started = time.monotonic() - self.elapsed
        saved = validated = time.monotonic()
        recent: list[float] = []
        done = self._progress(stage, started)
        while done < 1 and not (stage.steps and self.step >= stage.steps):
            loss, done = self._step(stage, next(lines), self._progress(stage, started))
            recent.append(loss)
            self.step += 1
            self.elapsed = time.monotonic() - started
            if self.team.rank:
                continue
            if self.step % 20 == 0:
                loss = float(np.mean(recent))
                recent.clear()
                bar.update(task, completed=done, now=f"step {self.step}, loss {loss:.3f}")
                self._write({"stage": stage.name, "step": self.step, "seconds": self.elapsed, "loss": loss})
            if time.monotonic() - validated > 60 * self.recipe.validate_minutes:
                bar.console.print(f"{stage.name} step {self.step}: {_shown(self._validate(stage))}")
                validated = time.monotonic()
            if time.monotonic() - saved > 60 * self.recipe.save_minutes:
                self._save()
                saved = time.monotonic()

    def _progress(self, stage: Stage, started: float) -> float:
        """Share of the stage that is done, by steps or by minutes, whichever is further."""
        by_steps = self.step / stage.steps if stage.steps else 0.0
        by_time = (time.monotonic() - started) / (60 * stage.minutes) if stage.minutes else 0.0
        return max(by_steps, by_time)

    def _batches(self, stage: Stage) -> Generator[Batch, None, None]:
        """Lines of the stage without end, made by this process or by others beside it."""
        if self.shared is None:
            while True:
                yield self.sources.batch(self.rng, stage)
        draws = self.device.type == "cpu"
        with closing(batches(self.shared, stage, self.recipe, int(self.rng.integers(2**31)), draws=draws)) as all_made:
            for made in all_made:
                yield self.sources.drawn(made) if isinstance(made, Laid) else made

    def _learners(self) -> list[Learner]:
        return [self.learner, self.larger] if self.larger is not None else [self.learner]

    def _step(self, stage: Stage, batch: Batch, done: float) -> tuple[float, float]:
        """One step; the loss and ``done``, both as the whole team sees them, so that all stop together."""
        rate = stage.rate * one_cycle(done)
        strips = batch.strips.to(self.device)
        half = (self.recipe.bf16 and has_bf16(self.device)) or self.device.type == "cuda"
        taught: Tensor | None = None
        teaches = bool(stage.distilled) and done >= stage.taught_after
        for learner in reversed(self._learners()):  # the larger one first: the other learns from it
            learner.model.train()
            with torch.autocast(self.device.type, torch.bfloat16, enabled=half):
                if teaches and learner is self.learner and self.teacher is not None:
                    taught = torch.from_numpy(self.teacher(batch.strips.cpu().numpy())).to(self.device)
                loss, features = self._loss(learner, stage, batch, strips, taught)
                if teaches and learner is self.larger and features is not None:
                    with torch.no_grad():
                        taught = learner.model.classifier(features).float().softmax(dim=2)
            learner.backward(loss)
            shared, done = self.team.average(learner.parameters, float(loss.detach()), done)
            learner.move(rate)
        return shared, done

    def _loss(
        self, learner: Learner, stage: Stage, batch: Batch, strips: Tensor, taught: Tensor | None
    ) -> tuple[Tensor, Tensor | None]:
        """What the batch costs a learner, and the (N, T, D) features of its lines."""
        model = learner.model
        if stage.kind == "characters":
            target = torch.tensor([label[0] for label in batch.labels], device=self.device)
            return nn.functional.cross_entropy(model.characters(strips).float(), target), None
        features = model.features(strips)
        loss = torch.zeros((), device=self.device)
        placed = batch.centres is not None
        if stage.frames and placed:
            targets = frame_targets(batch.labels, batch.centres or [], batch.widths, features.shape[1])
            smoothing = stage.smoothing
            loss = loss + stage.frames * frames(features, model.classifier, targets, self.rng, smoothing=smoothing)
        if stage.ctc or not placed:
            if stage.negatives:
                head, count = model.classifier, stage.negatives
                free = sampled_ctc(features, head, batch.labels, batch.widths, count, self.rng, focal=stage.focal)
            else:
                free = ctc(model.classifier(features), batch.labels, batch.widths, focal=stage.focal)
            loss = loss + (stage.ctc or 1.0) * free
        if taught is not None:
            loss = loss + stage.distilled * distilled(features, model.classifier, taught, self.rng)
        if stage.attention and learner.guide is not None:
            loss = loss + stage.attention * attention(learner.guide, features, batch.labels, batch.widths)
        return loss, features.detach()

    def _checkpoint(self) -> Checkpoint:
        info = {
            "recipe": self.recipe.name,
            "stage": self.stage,
            "step": self.step,
            "elapsed": self.elapsed,
            "torch": str(torch.__version__),
            "fonts": list(self.sources.font_names),
            "held_out": list(self.recipe.held_out),
        }
        training = self.learner.state()
        if self.larger is not None:
            training["larger"] = {**self.larger.state(), "average": self.larger.average.weights}
        return Checkpoint(self.recipe.network, self.charset, self.learner.average.weights, info, training)

    def _save(self) -> None:
        made = self._checkpoint()
        checkpoints.save(made, self.output / "last.pt")
        checkpoints.save(made, self.output / "weights.pt", half=True)
        if self.larger is not None and self.recipe.larger is not None:
            weights = self.larger.average.weights
            larger = Checkpoint(self.recipe.larger, self.charset, weights, made.info)
            checkpoints.save(larger, self.output / "larger.pt", half=True)

    def _resume(self, held: Checkpoint) -> None:
        """Take up a checkpoint's weights, and its place if it has one; DataError if it is not the recipe's."""
        learner = self.learner
        if held.charset != self.charset:
            raise DataError("the checkpoint to start from has another alphabet than the recipe, or in another order")
        there, here = held.config.to_dict(), self.recipe.network.to_dict()
        if there != here:
            others = ", ".join(f"{key} = {there[key]}, not {here[key]}" for key in here if there[key] != here[key])
            raise DataError(f"the checkpoint to start from is of another network than the recipe's: {others}")
        learner.average.weights = self._kept(held.weights)
        if held.training is None:  # weights alone: a new run that starts from them
            learner.model.load_state_dict(learner.average.weights)
            return
        learner.resume(held.training)
        self.stage, self.step, self.elapsed = (held.info[k] for k in ("stage", "step", "elapsed"))
        if self.larger is not None and held.training.get("larger"):
            self.larger.average.weights = self._kept(held.training["larger"]["average"])
            self.larger.resume(held.training["larger"])

    def _kept(self, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Weights as an average holds them."""
        return {k: (v.float() if v.is_floating_point() else v).to(self.device) for k, v in weights.items()}

    def _validate(self, stage: Stage) -> dict[str, float]:
        figures: dict[str, float] = {}
        for learner, name in zip(self._learners(), ("", "larger_"), strict=False):
            current = {k: v.clone() for k, v in learner.model.state_dict().items()}
            learner.model.load_state_dict(learner.average.weights)
            found = self.validator(learner.model, characters=stage.kind == "characters")
            figures.update({name + key: value for key, value in found.items()})
            learner.model.load_state_dict(current)
        self._write({"stage": stage.name, "step": self.step, "seconds": self.elapsed, **figures})
        return figures

    def _write(self, row: dict[str, Any]) -> None:
        with self.log.open("a", encoding="utf-8") as file:
            file.write(json.dumps({k: round(v, 5) if isinstance(v, float) else v for k, v in row.items()}) + "\n")


def one_cycle(done: float, warm: float = 0.05, least: float = 0.02) -> float:
    """Share of the peak learning rate when ``done`` of a stage is over (Smith 2018, cosine in the second part)."""
    if done < warm:
        return max(least, done / warm)
    return least + (1 - least) * 0.5 * (1 + math.cos(math.pi * (done - warm) / (1 - warm)))


def _shown(figures: dict[str, float]) -> str:
    return ", ".join(f"{key} {value:.2%}" for key, value in figures.items())


def from_weights(path: Path, recipe: Recipe, sources: Sources) -> Checkpoint:
    """A weight file as a checkpoint to start from; its batch norms are settled on lines of the recipe's last stage.

    Raises:
        ModelError, DataError: it is no weight file, or one of another alphabet or network than the recipe's.
    """
    if Recogniser.open(path).charset != sources.charset:
        raise DataError(f"{path} has another alphabet than the recipe")
    rng = np.random.default_rng(recipe.seed)
    torch.manual_seed(recipe.seed)  # each process of a team comes to the same statistics
    model = build(recipe.network, sources.charset.size)
    lines = replace(recipe.stages[-1], real=0.0)
    restore(model, path, (sources.batch(rng, lines).strips.cpu() for _ in range(SETTLING)))
    return Checkpoint(recipe.network, sources.charset, model.state_dict(), {"start": path.name})


def run(args: Namespace) -> int:
    """``shizi train CONFIG [--resume] [--output DIR]``."""
    recipe = Recipe.open(Path(args.config))
    output = Path(args.output or f"runs/{recipe.name}")
    last = output / "last.pt"
    if last.exists() and not args.resume:
        raise DataError(f"{output} holds a run: go on with it (--resume), or name another folder (--output)")
    start = last if args.resume else Path(recipe.start) if recipe.start else None
    if start and not start.exists():
        raise DataError(f"nothing to start from: there is no {start}")
    # draws the glyph atlas once, before the processes share it, and finds what is wrong early
    sources = open_sources(recipe, torch.device("cpu"))
    for note in notes(recipe, sources):
        print(note)
    launch(partial(_train, recipe, output, start, bool(args.resume), sources.real), recipe.processes)
    return 0


def _train(
    recipe: Recipe, output: Path, start: Path | None, goes_on: bool, real: RealLines | None, team: Team
) -> None:
    if recipe.threads:
        torch.set_num_threads(recipe.threads)
    sources = open_sources(recipe, real=real)
    resume = None
    if start:
        resume = from_weights(start, recipe, sources) if start.suffix == ".onnx" else checkpoints.load(start)
    if resume and not goes_on:
        resume.training = None  # its weights serve; its place in its own recipe does not
    figures = Trainer(recipe, output, sources, resume, team).run()
    if team.rank == 0:
        print(_shown(figures))
