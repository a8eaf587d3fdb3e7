"""Training the network for single hanzi.

``shizi train-hanzi CONFIG [--output DIR] [--resume]`` draws what the fonts have once, then learns for the minutes that
the recipe gives. Stopped, it goes on with ``--resume``.
"""

from __future__ import annotations

import json
import time
from argparse import Namespace
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from shizi.errors import DataError
from shizi.learn import checkpoint
from shizi.learn.hanzi.network import HanziConfig, HanziNet
from shizi.learn.hanzi.pictures import Batch
from shizi.learn.hanzi.recipe import HanziRecipe
from shizi.learn.hanzi.source import artist, batches, unseen
from shizi.learn.learner import Average
from shizi.learn.muon import Muon
from shizi.learn.precision import has_bf16
from shizi.learn.train import NARROW, one_cycle

SCHEMA = "shizi/hanzi-checkpoint/1"
_LOG_STEPS = 50
_JUDGED = 250  # pictures that are looked at at once where nothing is learned


def inputs(pictures: NDArray[np.uint8]) -> Tensor:
    """(N, 48, 48) pictures of bytes -> (N, 1, 48, 48) as the network takes them."""
    return torch.from_numpy(pictures).float().div_(255).unsqueeze(1)


class Trainer:
    """A run: its network, where it stands, and its folder of log and checkpoints."""

    def __init__(self, recipe: HanziRecipe, output: Path, resume: dict[str, Any] | None = None) -> None:
        self.recipe, self.output = recipe, output
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        if self.device.type == "cpu" and min(recipe.network.widths) < NARROW:
            torch.set_num_threads(1)
        torch.manual_seed(recipe.seed)
        self.artist = artist(recipe)
        self.chars = recipe.chars
        self.model = HanziNet(recipe.network, len(self.chars), recipe.dropout)
        if resume is None and recipe.start:
            self.model.load_state_dict(_same(recipe, opened(Path(recipe.start)))["weights"])
        # channels last: convolutions need not bring their maps to another order first
        self.model.to(self.device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average = Average(self.model, recipe.average)
        matrices = self.model.matrices()
        moved = {id(weight) for weight in matrices}
        others = [weight for weight in self.model.parameters() if id(weight) not in moved]
        self.optimisers = [Muon(matrices), torch.optim.AdamW(others, weight_decay=recipe.decay)]
        self.step, self.elapsed = 0, 0.0
        if resume is not None:
            self._resume(_same(recipe, resume))
        rng = np.random.default_rng((recipe.seed, 0))
        judges = unseen(recipe, self.artist)
        self.judged = {name: judge.batch(rng, recipe.validation_pictures) for name, judge in judges.items()}
        output.mkdir(parents=True, exist_ok=True)

    def _resume(self, held: Mapping[str, Any]) -> None:
        self.model.load_state_dict(held["model"])
        self.average.weights = {key: value.to(self.device) for key, value in held["weights"].items()}
        self.average.steps = held["average_steps"]
        for optimiser, state in zip(self.optimisers, held["optimisers"], strict=True):
            optimiser.load_state_dict(state)
        self.step, self.elapsed = held["step"], held["elapsed"]

    def run(self) -> dict[str, float]:
        """Learn until the recipe's minutes are over; the last validation's figures."""
        seed = int(np.random.default_rng((self.recipe.seed, 1, self.step)).integers(2**31))  # a resumed run sees others
        with closing(batches(self.recipe, self.artist, seed)) as made:
            return self._run(made)

    def _run(self, made: Iterator[Batch]) -> dict[str, float]:
        saved = time.monotonic()
        began = saved - self.elapsed
        losses: list[float] = []
        rights: list[float] = []
        while self.elapsed < 60 * self.recipe.minutes:
            loss, right = self._step(*next(made))
            losses.append(loss)
            rights.append(right)
            self.step += 1
            self.elapsed = time.monotonic() - began
            if self.step % _LOG_STEPS == 0:
                self._log({"loss": float(np.mean(losses)), "right": float(np.mean(rights))})
                losses, rights = [], []
            if time.monotonic() - saved > 60 * self.recipe.save_minutes:
                self._save()
                self.validate()
                saved = time.monotonic()
        self._save()
        return self.validate()

    def _step(self, pictures: NDArray[np.uint8], classes: NDArray[np.int64]) -> tuple[float, float]:
        """One step; its loss, and the share of its pictures that were read rightly."""
        recipe, wanted = self.recipe, torch.from_numpy(classes).to(self.device)
        rate = recipe.rate * rate_at(self.step, self.elapsed / (60 * recipe.minutes), recipe.warm)
        for optimiser in self.optimisers:
            for group in optimiser.param_groups:
                group["lr"] = rate
            optimiser.zero_grad(set_to_none=True)
        self.model.train()
        half = (recipe.bf16 and has_bf16(self.device)) or self.device.type == "cuda"
        with torch.autocast(self.device.type, torch.bfloat16, enabled=half):
            logits = self.model(inputs(pictures).to(self.device, memory_format=torch.channels_last))
        loss = nn.functional.cross_entropy(logits.float(), wanted, label_smoothing=recipe.smoothing)
        if torch.isfinite(loss):
            loss.backward()  # type: ignore[no-untyped-call]
            for optimiser in self.optimisers:
                optimiser.step()
            self.average.update(self.model)
        return float(loss.detach()), float((logits.argmax(1) == wanted).float().mean())

    def validate(self) -> dict[str, float]:
        """Shares that the averaged weights read rightly of pictures by fonts and hands that are not learned from."""
        model = HanziNet(self.recipe.network, len(self.chars)).to(self.device).eval()
        model.load_state_dict(self.average.weights)
        found = {}
        for name, (pictures, classes) in self.judged.items():
            best = [
                model(inputs(pictures[start : start + _JUDGED]).to(self.device)).argmax(1).cpu().numpy()
                for start in range(0, len(pictures), _JUDGED)
            ]
            found[name] = float((np.concatenate(best) == classes).mean())
        self._log(found)
        return found

    def _save(self) -> None:
        about = {
            "schema": SCHEMA,
            "config": self.recipe.network.to_dict(),
            "chars": "".join(self.chars),
            "recipe": self.recipe.name,
            "step": self.step,
            "seconds": self.elapsed,
        }
        weights = {key: value.cpu() for key, value in self.average.weights.items()}
        held = {"about": json.dumps(about, ensure_ascii=False), "weights": weights}
        training = {
            "model": self.model.state_dict(),
            "optimisers": [optimiser.state_dict() for optimiser in self.optimisers],
            "average_steps": self.average.steps,
            "step": self.step,
            "elapsed": self.elapsed,
        }
        for name, what in (("last.pt", {**held, **training}), ("weights.pt", held)):
            part = self.output / f"{name}.partial"
            torch.save(what, part)
            part.replace(self.output / name)

    def _log(self, row: Mapping[str, float]) -> None:
        told = {"step": self.step, "seconds": self.elapsed, **row}
        shown = json.dumps({key: round(value, 4) if isinstance(value, float) else value for key, value in told.items()})
        with (self.output / "log.jsonl").open("a", encoding="utf-8") as file:
            file.write(f"{shown}\n")
        print(shown, flush=True)


def rate_at(step: int, done: float, warm: int) -> float:
    """Share of the peak rate: it rises for ``warm`` steps, and falls as a cosine of the time that is ``done``."""
    return min(1.0, step / warm if warm else 1.0) * one_cycle(min(1.0, done), warm=0.0)


def load(path: Path) -> tuple[HanziNet, dict[str, Any]]:
    """The network of a checkpoint with its averaged weights, in evaluation mode, and what the checkpoint tells.

    Raises:
        DataError: there is none, or something else.
    """
    held = opened(path)
    about = json.loads(held["about"])
    model = HanziNet(HanziConfig.from_dict(about["config"]), len(about["chars"]))
    model.load_state_dict(held["weights"])
    return model.eval(), about


def opened(path: Path) -> dict[str, Any]:
    """What a checkpoint holds; DataError where there is none, or something else."""
    return checkpoint.opened(path, SCHEMA, "a network for single hanzi")


def _same(recipe: HanziRecipe, held: dict[str, Any]) -> dict[str, Any]:
    """``held``, where it is of the recipe's network and alphabet; else DataError."""
    about = json.loads(held["about"])
    if about["chars"] != "".join(recipe.chars):
        raise DataError("the checkpoint to start from has another alphabet than the recipe, or in another order")
    there, here = about["config"], json.loads(json.dumps(recipe.network.to_dict()))
    others = ", ".join(f"{key} = {there[key]}, not {here[key]}" for key in here if there[key] != here[key])
    if others:
        raise DataError(f"the checkpoint to start from is of another network than the recipe's: {others}")
    return held


def run(args: Namespace) -> int:
    """The command; ``args`` has ``config``, ``output`` and ``resume``."""
    recipe = HanziRecipe.open(Path(args.config))
    output = Path(args.output or f"runs/{recipe.name}")
    last = output / "last.pt"
    if last.exists() and not args.resume:
        raise DataError(f"{output} holds a run: go on with it (--resume), or name another folder (--output)")
    resume = opened(last) if args.resume else None
    if recipe.threads:
        torch.set_num_threads(recipe.threads)
        cv2.setNumThreads(recipe.threads)
    Trainer(recipe, output, resume).run()
    return 0
