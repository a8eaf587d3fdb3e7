"""Processes that draw lines: what they share, how they end, and that a fault in one is told."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from multiprocessing import active_children
from pathlib import Path

import numpy as np
import psutil
import pytest
from PIL import Image

from fonts import pillow_font
from shizi.errors import DataError, SettingsError, ShiziError
from shizi.learn import checkpoint as checkpoints
from shizi.learn.loaders import Shared, batches
from shizi.learn.recipe import Recipe
from shizi.learn.sources import Laid, Sources, open_sources
from shizi.learn.synth.living import rewritten
from shizi.learn.train import Trainer

STAGE = '[[stage]]\nname = "both"\nsteps = 3\nbatch = 16\nctc = 1.0\nframes = 0.4\nwidths = [96]\n'
HANZI = "一丁七万丈三上下不与"


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    yield
    assert not active_children()


def recipe_file(folder: Path, extra: str = "", stages: str = STAGE) -> Path:
    """A recipe whose hanzi are all by hands, and written anew."""
    (folder / "fonts").mkdir()
    pillow_font(folder / "fonts" / "pillow.ttf")
    (folder / "strokes").mkdir()
    for place, char in enumerate(HANZI):
        paths = {"medians": [[[100, 100 * place], [900, 900 - 100 * place]]]}
        (folder / "strokes" / f"{char}.json").write_text(json.dumps(paths))
    path = folder / "toy.toml"
    path.write_text(
        f'fonts = "fonts"\nalphabet = "0123456789{HANZI}"\nstrokes = "strokes"\nhands = 2\nloaders = 2\n'
        f"rewritten = 10\nvalidation_lines = 25\n{extra}"
        # 16 channels or more: with fewer, backward of oneDNN 3.12 writes beyond its memory (uxlfoundation/oneDNN#6035)
        f"[network]\nwidths = [16, 16, 24, 32]\ndim = 32\nhidden = 8\n{stages}",
        encoding="utf-8",
    )
    return path


def opened(folder: Path, extra: str = "", stages: str = STAGE) -> tuple[Recipe, Sources]:
    recipe = Recipe.open(recipe_file(folder, extra, stages))
    return recipe, open_sources(recipe)


def test_loaders_draw_lines_beside_and_write_hands_anew(tmp_path: Path) -> None:
    recipe, sources = opened(tmp_path)
    trainer = Trainer(recipe, tmp_path / "run", sources)
    maker = sources.maker
    glyphs = maker.atlas.table[maker.hands].ravel()
    cells = maker.composer.glyphs.view(len(maker.atlas.advances), -1)
    before = cells[glyphs[glyphs >= 0]].clone()
    tops = maker.atlas.tops.copy()
    drawn = []
    with closing(trainer._batches(recipe.stages[0])) as lines:
        for _ in range(1000):  # until both have started, and what they wrote is seen here
            drawn.append(next(lines))
            changed = (before != cells[glyphs[glyphs >= 0]]).any(dim=1).float().mean()
            if changed > 0.9:
                break
    assert changed > 0.9
    assert len({tuple(map(tuple, batch.labels)) for batch in drawn}) == len(drawn)  # each process draws others
    assert (tops != maker.atlas.tops).any()
    assert np.isfinite(trainer._step(recipe.stages[0], drawn[0], 0.5)[0])


def test_what_is_laid_out_is_drawn_elsewhere_and_takes_the_hands_along(tmp_path: Path) -> None:
    """As with an accelerator, which has pictures of its own."""
    recipe, sources = opened(tmp_path)
    shared = Shared(sources)
    elsewhere = shared.open()
    elsewhere.maker.composer.glyphs = elsewhere.maker.composer.glyphs.clone()
    cells = elsewhere.maker.composer.glyphs.view(len(sources.maker.atlas.advances), -1)
    before = cells.clone()
    written: set[int] = set()
    with closing(batches(shared, recipe.stages[0], recipe, 1, draws=False)) as lines:
        for _ in range(8):
            laid = next(lines)
            assert isinstance(laid, Laid)
            batch = elsewhere.drawn(laid)
            written |= {glyph for glyph, _ in laid.written}
            assert batch.strips.shape == (5, 1, 32, 96)
            assert float(batch.strips.std()) > 0.05
            assert batch.labels == [label for plan, _ in laid.parts for label in plan.labels]
    changed = set(np.flatnonzero((cells != before).any(dim=1).numpy()))
    assert len(written) > 5
    assert changed <= written
    assert len(changed) > len(written) / 2


def test_an_alphabet_without_hanzi_has_nothing_to_write(tmp_path: Path) -> None:
    path = recipe_file(tmp_path)
    path.write_text(path.read_text(encoding="utf-8").replace(HANZI, ""), encoding="utf-8")
    recipe = Recipe.open(path)
    sources = open_sources(recipe)
    assert list(rewritten(sources.maker, recipe.stroke_places, [int(font) for font in sources.maker.hands])) == []


def test_what_is_opened_again_is_the_same_and_lies_in_one_place(tmp_path: Path) -> None:
    recipe, sources = opened(tmp_path)
    first = sources.batch(np.random.default_rng(1), recipe.stages[0])
    shared = Shared(sources)
    again = shared.open()
    second = again.batch(np.random.default_rng(1), recipe.stages[0])
    assert first.labels == second.labels
    again.maker.composer.glyphs.fill_(7)
    again.maker.atlas.tops.fill(3)
    assert bool((sources.maker.composer.glyphs == 7).all())
    assert (sources.maker.atlas.tops == 3).all()
    assert not bool((sources.held.composer.glyphs == 7).all())


def test_loaders_start_anew_for_each_stage_and_end_with_it(tmp_path: Path) -> None:
    recipe, sources = opened(tmp_path, stages=STAGE + STAGE.replace("both", "again"))
    trainer = Trainer(recipe, tmp_path / "run", sources)
    ended = []
    validate = trainer._validate
    trainer._validate = lambda stage: ended.append(not active_children()) or validate(stage)  # type: ignore[method-assign, func-returns-value]
    figures = trainer.run()
    assert ended == [True, True]
    assert figures["cer_clean"] >= 0
    assert checkpoints.load(tmp_path / "run" / "last.pt").info["stage"] == 2


def test_closing_ends_the_processes(tmp_path: Path) -> None:
    recipe, sources = opened(tmp_path)
    lines = batches(Shared(sources), recipe.stages[0], recipe, 1)
    next(lines)
    running = active_children()
    assert len(running) == 2
    started = time.monotonic()
    lines.close()
    assert not active_children()
    assert time.monotonic() - started < 5


def test_a_fault_in_a_loader_is_told(tmp_path: Path) -> None:
    real = tmp_path / "real"
    real.mkdir()
    Image.new("L", (90, 32), 255).save(real / "line.png")
    (real / "labels.tsv").write_text("line.png\t12\n")
    recipe, sources = opened(tmp_path, f'real = ["{real.as_posix()}"]\n', STAGE + "real = 1.0\n")
    (real / "line.png").unlink()
    with pytest.raises(DataError, match="real lines that could be read when the run began"):
        next(batches(Shared(sources), recipe.stages[0], recipe, 1))


def test_a_mistake_in_a_loader_is_told_with_where_it_happened(tmp_path: Path) -> None:
    recipe, sources = opened(tmp_path)
    sources.maker.sampler = None  # type: ignore[assignment]
    with pytest.raises(RuntimeError, match=r"(?s)loader . failed.*in _line.*not callable"):
        next(batches(Shared(sources), recipe.stages[0], recipe, 1))


def test_a_loader_that_is_killed_is_told(tmp_path: Path) -> None:
    recipe, sources = opened(tmp_path)
    lines = batches(Shared(sources), recipe.stages[0], recipe, 1)
    next(lines)
    started = time.monotonic()
    active_children()[0].kill()
    with pytest.raises(ShiziError, match=r"loader . ended \(killed"):
        for _ in range(100):
            next(lines)
    assert time.monotonic() - started < 10


def test_sources_that_do_not_fit_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, sources = opened(tmp_path)
    full = partial(open, "/dev/full", "w+b", buffering=0)
    monkeypatch.setattr("tempfile.TemporaryFile", full)
    with pytest.raises(DataError, match="no room"):
        Shared(sources)


def test_there_are_no_loaders_on_windows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "win32")
    with pytest.raises(SettingsError, match="no loaders on Windows"):
        Recipe.open(recipe_file(tmp_path))


@pytest.mark.slow
@pytest.mark.parametrize("threads", [None, "1"])
def test_a_run_with_loaders_from_the_command_line(tmp_path: Path, threads: str | None) -> None:
    with command(tmp_path, STAGE + STAGE.replace("both", "again"), threads) as running:
        said, _ = running.communicate(timeout=120)
    assert running.returncode == 0, said
    assert checkpoints.load(tmp_path / "run" / "last.pt").info["stage"] == 2


@pytest.mark.slow
def test_loaders_end_when_the_trainer_is_killed(tmp_path: Path) -> None:
    with command(tmp_path, STAGE.replace("steps = 3", "steps = 1000000"), "1") as running:
        for _ in range(1200):
            loaders = psutil.Process(running.pid).children()
            if (tmp_path / "run" / "log.jsonl").exists() and len(loaders) >= 2:
                break
            time.sleep(0.1)
        assert len(loaders) >= 2
        running.kill()
        running.wait()
    _, alive = psutil.wait_procs(loaders, timeout=10)
    assert not alive


def command(folder: Path, stages: str, threads: str | None = None) -> subprocess.Popen[str]:
    """``shizi train`` as it is typed."""
    path = recipe_file(folder, stages=stages)
    environment = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    if threads:
        environment["OMP_NUM_THREADS"] = threads
    line = [sys.executable, "-m", "shizi", "train", str(path), "--output", str(folder / "run")]
    return subprocess.Popen(line, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
