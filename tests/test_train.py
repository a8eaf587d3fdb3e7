"""Training: losses against what they mean, recipes, and a run that learns, stops and goes on."""

from __future__ import annotations

import json
from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest
import torch

from fonts import pillow_font
from shizi import cli
from shizi.errors import DataError, ModelError, SettingsError
from shizi.learn import checkpoint as checkpoints
from shizi.learn import train
from shizi.learn.losses import ctc, distilled, frame_targets, frames, sampled_ctc
from shizi.learn.recipe import Recipe, Stage
from shizi.learn.sources import open_sources
from shizi.learn.train import Teacher, Trainer, one_cycle, run
from shizi.learn.validate import collapsed
from shizi.read import weights
from shizi.read.charset import Charset
from shizi.read.ctc import loss as reference_ctc


def test_ctc_is_the_negative_log_likelihood_a_character() -> None:
    torch.manual_seed(0)
    logits = torch.randn(2, 12, 5)
    labels = [[1, 2, 2], [4]]
    widths = np.array([48, 20])
    expected = reference_ctc(logits[0].numpy(), labels[0]) + reference_ctc(logits[1, :5].numpy(), labels[1])
    assert float(ctc(logits, labels, widths)) == pytest.approx(expected / 4, rel=1e-4)


def test_sampled_ctc_with_all_classes_is_ctc() -> None:
    torch.manual_seed(0)
    head, features = torch.nn.Linear(6, 9), torch.randn(2, 10, 6)
    labels, widths, rng = [[1, 3], [8]], np.array([40, 33]), np.random.default_rng(0)
    whole = ctc(head(features), labels, widths).item()
    assert sampled_ctc(features, head, labels, widths, 9, rng).item() == pytest.approx(whole, rel=1e-5)
    # fewer rivals: the same text is likelier
    assert sampled_ctc(features, head, labels, widths, 0, rng).item() < whole


def test_focal_ctc_leaves_lines_that_are_read_alone() -> None:
    torch.manual_seed(0)
    logits = torch.randn(2, 10, 5)
    logits[0, :, 0] += 20
    logits[0, 4, 1] += 60  # reads 1, surely
    labels, widths = [[1], [2, 3]], np.array([40, 40])
    of_both = ctc(logits, labels, widths).item()
    focal = ctc(logits, labels, widths, focal=1.0).item()
    alone = ctc(logits[1:], labels[1:], widths[1:])
    assert focal == pytest.approx(2 / 3 * alone.item() * (1 - torch.exp(-2 * alone).item()), rel=1e-4)
    assert ctc(logits, labels, widths, focal=1e-6).item() == pytest.approx(of_both, rel=1e-3)


def test_smoothing_keeps_frames_from_certainty() -> None:
    head, features = torch.nn.Linear(3, 3, bias=False), torch.eye(3).repeat(4, 1).reshape(1, 12, 3)
    targets = np.array([[0, 1, 2] * 4])
    with torch.no_grad():
        head.weight.copy_(30 * torch.eye(3))
    rng = np.random.default_rng(0)
    assert frames(features, head, targets, rng).item() < 1e-6
    assert frames(features, head, targets, rng, smoothing=0.1).item() > 1


def test_a_student_that_says_what_its_teacher_says_pays_the_least() -> None:
    torch.manual_seed(0)
    head, features = torch.nn.Linear(4, 6), torch.randn(2, 8, 4)
    own = torch.softmax(head(features), dim=2).detach()
    other = own.roll(1, dims=2)
    costs = [distilled(features, head, taught, np.random.default_rng(0)).item() for taught in (own, other)]
    assert costs[0] < costs[1]
    free = features.clone().requires_grad_()
    distilled(free, head, own, np.random.default_rng(0)).backward()
    assert free.grad is not None
    assert free.grad.abs().max() < 1e-6  # nothing to gain


def test_frame_targets_mark_middles_and_ignore_their_neighbours() -> None:
    targets = frame_targets([[7, 8]], [np.array([10.0, 30.0], dtype=np.float32)], np.array([40]), steps=12)
    assert targets.tolist() == [[0, -1, 7, -1, 0, 0, -1, 8, -1, 0, -1, -1]]


def test_the_best_path_collapses() -> None:
    assert collapsed(np.array([0, 1, 1, 0, 1, 2, 2, 0])) == [1, 1, 2]


def test_the_learning_rate_rises_and_falls_once() -> None:
    rates = [one_cycle(i / 100) for i in range(101)]
    top = int(np.argmax(rates))
    assert 0 < top < 20
    assert rates == sorted(rates[: top + 1]) + sorted(rates[top + 1 :], reverse=True)
    assert rates[-1] == pytest.approx(0.02)


FRAMES = '[[stage]]\nname = "frames"\nsteps = 3\nbatch = 16\nframes = 1.0\nctc = 0.5\nwidths = [96]\n'


def recipe_file(folder: Path, extra: str = "", stages: str = "") -> Path:
    (folder / "fonts").mkdir(exist_ok=True)
    pillow_font(folder / "fonts" / "pillow.ttf")
    path = folder / "toy.toml"
    path.write_text(
        'fonts = "fonts"\nalphabet = "0123456789"\nvalidation_lines = 25\n' + extra
        # 16 channels or more: with fewer, backward of oneDNN 3.12 writes beyond its memory (uxlfoundation/oneDNN#6035)
        + "\n[network]\nwidths = [16, 16, 24, 32]\ndim = 32\nhidden = 8\n"
        + (stages or FRAMES),
        encoding="utf-8",
    )
    return path


def test_a_recipe_names_what_it_does_not_know(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="fnots"):
        Recipe.open(recipe_file(tmp_path, 'fnots = "x"'))
    with pytest.raises(SettingsError, match="steps or minutes"):
        Recipe.open(recipe_file(tmp_path, stages='[[stage]]\nname = "a"\nctc = 1.0\n'))
    with pytest.raises(SettingsError, match="level"):
        Recipe.open(recipe_file(tmp_path, stages='[[stage]]\nname = "a"\nctc = 1.0\nsteps = 1\nlevels = ["awful"]\n'))
    with pytest.raises(SettingsError, match="optimiser is adamw or muon"):
        Recipe.open(recipe_file(tmp_path, 'optimiser = "adam"'))
    with pytest.raises(DataError):
        Recipe.open(tmp_path / "none.toml")


def test_a_held_out_font_is_not_trained_on(tmp_path: Path) -> None:
    path = recipe_file(tmp_path, 'held_out = ["held.ttf"]')
    pillow_font(tmp_path / "fonts" / "held.ttf")
    sources = open_sources(Recipe.open(path))
    assert sources.maker.atlas.names == ("pillow.ttf",)
    assert sources.held.atlas.names == ("held.ttf",)


def test_a_held_out_font_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="none"):
        open_sources(Recipe.open(recipe_file(tmp_path, 'held_out = ["none.ttf"]')))


def test_a_run_writes_what_resuming_and_reading_need(tmp_path: Path) -> None:
    path = recipe_file(tmp_path)
    assert run(Namespace(config=path, output=tmp_path / "run", resume=False)) == 0
    held = checkpoints.load(tmp_path / "run" / "last.pt")
    assert held.info["stage"] == 1
    light = checkpoints.load(tmp_path / "run" / "weights.pt")
    assert light.training is None
    strips = torch.rand(1, 1, 32, 64) - 0.5
    torch.testing.assert_close(held.model()(strips), light.model()(strips), atol=0.02, rtol=0.02)
    rows = [json.loads(row) for row in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    assert rows[-1]["cer_clean"] >= 0


def step(trainer: Trainer, done: float = 0.0) -> tuple[float, float]:
    """One step of the recipe's first stage."""
    stage = trainer.recipe.stages[0]
    return trainer._step(stage, next(trainer._batches(stage)), done)


@pytest.mark.parametrize(("optimiser", "moments"), [("adamw", ["exp_avg"]), ("muon", ["exp_avg", "momentum"])])
def test_resuming_goes_on_where_it_stopped(tmp_path: Path, optimiser: str, moments: list[str]) -> None:
    recipe = Recipe.open(recipe_file(tmp_path, f'optimiser = "{optimiser}"'))
    sources = open_sources(recipe)
    first = Trainer(recipe, tmp_path / "a", sources)
    step(first)
    first.step = 1
    first._save()
    second = Trainer(recipe, tmp_path / "b", sources, checkpoints.load(tmp_path / "a" / "last.pt"))
    assert (second.stage, second.step) == (0, 1)
    for key, value in first.learner.model.state_dict().items():
        torch.testing.assert_close(value, second.learner.model.state_dict()[key])
    for key, one, other in zip(moments, first.learner.optimisers, second.learner.optimisers, strict=True):
        kept = [s[key] for s in one.state_dict()["state"].values()]
        assert kept
        for a, b in zip(kept, (s[key] for s in other.state_dict()["state"].values()), strict=True):
            torch.testing.assert_close(a, b)


def test_resuming_with_another_optimiser_is_refused(tmp_path: Path) -> None:
    recipe = Recipe.open(recipe_file(tmp_path))
    sources = open_sources(recipe)
    Trainer(recipe, tmp_path / "a", sources)._save()
    other = Recipe.open(recipe_file(tmp_path, 'optimiser = "muon"'))
    with pytest.raises(DataError, match="another optimiser"):
        Trainer(other, tmp_path / "b", sources, checkpoints.load(tmp_path / "a" / "last.pt"))


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('"0123456789"', '"9876543210"', "another alphabet than the recipe, or in another order"),
        ('"0123456789"', '"01234567"', "another alphabet"),
        ("hidden = 8", "hidden = 12", "of another network than the recipe's: hidden = 8, not 12"),
    ],
)
@pytest.mark.parametrize("resume", [False, True])
def test_a_checkpoint_of_another_recipe_is_refused(
    tmp_path: Path, old: str, new: str, fault: str, resume: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = Recipe.open(recipe_file(tmp_path, 'start = "a/weights.pt"\n'))
    Trainer(recipe, tmp_path / "a", open_sources(recipe))._save()
    path = tmp_path / "toy.toml"
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    given = ["--output", str(tmp_path / "a"), "--resume"] if resume else ["--output", str(tmp_path / "b")]
    assert cli.main(["train", str(path), *given]) == DataError.exit_status
    assert fault in capsys.readouterr().err


def test_resuming_with_another_larger_network_is_refused(tmp_path: Path) -> None:
    recipe = Recipe.open(recipe_file(tmp_path, stages=LARGER + TAUGHT))
    sources = open_sources(recipe)
    Trainer(recipe, tmp_path / "a", sources)._save()
    other = Recipe.open(recipe_file(tmp_path, stages=LARGER.replace("hidden = 16", "hidden = 24") + TAUGHT))
    with pytest.raises(DataError, match="another network"):
        Trainer(other, tmp_path / "b", sources, checkpoints.load(tmp_path / "a" / "last.pt"))


def test_a_run_that_is_there_is_not_written_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, output = recipe_file(tmp_path), tmp_path / "a"
    recipe = Recipe.open(path)
    Trainer(recipe, output, open_sources(recipe))._save()
    kept = (output / "last.pt").read_bytes()
    assert cli.main(["train", str(path), "--output", str(output)]) == DataError.exit_status
    assert "go on with it (--resume), or name another folder (--output)" in capsys.readouterr().err
    assert (output / "last.pt").read_bytes() == kept


def test_a_stage_takes_the_steps_that_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = Recipe.open(recipe_file(tmp_path, stages=FRAMES + FRAMES.replace("steps = 3", "steps = 2")))
    trainer, taken = Trainer(recipe, tmp_path / "a", open_sources(recipe)), list[tuple[int, float]]()

    def step(stage: Stage, batch: object, done: float) -> tuple[float, float]:
        taken.append((stage.steps, done))
        return 1.0, done

    monkeypatch.setattr(trainer, "_step", step)
    trainer.step = 1  # as where a run goes on
    trainer.run()
    assert taken == [(3, 1 / 3), (3, 2 / 3), (2, 0.0), (2, 0.5)]


def test_each_weight_is_moved_by_one_optimiser(tmp_path: Path) -> None:
    recipe = Recipe.open(recipe_file(tmp_path, 'optimiser = "muon"'))
    trainer = Trainer(recipe, tmp_path / "run", open_sources(recipe))
    learner = trainer.learner
    moved = [id(p) for optimiser in learner.optimisers for group in optimiser.param_groups for p in group["params"]]
    assert sorted(moved) == sorted(id(p) for p in learner.model.parameters())


@pytest.mark.skipif(torch.cuda.is_available(), reason="narrow networks trouble the CPU alone")
@pytest.mark.parametrize(("width", "threads"), [(8, 1), (16, 2)])
def test_narrow_networks_train_on_one_thread(tmp_path: Path, width: int, threads: int) -> None:
    path = recipe_file(tmp_path)
    path.write_text(path.read_text(encoding="utf-8").replace("widths = [16,", f"widths = [{width},"), encoding="utf-8")
    recipe, before = Recipe.open(path), torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        Trainer(recipe, tmp_path / "run", open_sources(recipe))
        assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)


def test_real_lines_are_mixed_in(tmp_path: Path) -> None:
    path = recipe_file(tmp_path, f'real = ["{tmp_path.as_posix()}/real"]',
                       '[[stage]]\nname = "real"\nsteps = 2\nbatch = 8\nctc = 1.0\nwidths = [160]\nreal = 1.0\n')
    from shizi.learn.synth.command import run as synth

    places = {"fonts": tmp_path / "fonts", "corpora": None, "backgrounds": None, "output": tmp_path / "real"}
    synth(Namespace(**places, sheet=None, alphabet="0123456789", count=40, level="clean", seed=1))
    recipe = Recipe.open(path)
    sources = open_sources(recipe)
    batch = sources.batch(np.random.default_rng(0), recipe.stages[0])
    assert batch.centres is None
    assert all(label for label in batch.labels)
    loss, done = step(Trainer(recipe, tmp_path / "run", sources), 0.25)
    assert np.isfinite(loss)
    assert done == 0.25


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"PK\x03\x04"])
def test_what_is_no_checkpoint_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.pt"
    path.write_bytes(content)
    with pytest.raises(DataError, match="no checkpoint"):
        checkpoints.load(path)


@pytest.mark.slow
@pytest.mark.parametrize("optimiser", ["adamw", "muon"])
def test_a_small_run_learns_to_read(tmp_path: Path, optimiser: str) -> None:
    easy = 'batch = 64\nrate = 3e-3\nwidths = [96]\nlevels = ["clean"]\nloose = 0.0\nhand = 0.0\n'
    stages = (
        f'[[stage]]\nname = "characters"\nkind = "characters"\nsteps = 120\n{easy}'
        f'[[stage]]\nname = "frames"\nsteps = 100\nframes = 1.0\n{easy}'
        f'[[stage]]\nname = "ctc"\nsteps = 60\nctc = 1.0\nframes = 0.3\n{easy}'
    )
    recipe = Recipe.open(recipe_file(tmp_path, stages=stages, extra=f'average = 0.95\noptimiser = "{optimiser}"'))
    figures = Trainer(recipe, tmp_path / "run", open_sources(recipe)).run()
    assert figures["cer_clean"] < 0.2


def test_the_shipped_weights_teach_a_smaller_alphabet(tmp_path: Path) -> None:
    stages = '[[stage]]\nname = "taught"\nsteps = 2\nbatch = 16\nctc = 1.0\ndistilled = 1.0\nwidths = [96]\n'
    extra = f'teacher = "{weights.find().as_posix()}"\n'
    recipe = Recipe.open(recipe_file(tmp_path, extra, stages))
    sources = open_sources(recipe)
    trainer = Trainer(recipe, tmp_path / "run", sources)
    assert trainer.teacher is not None
    batch = sources.batch(np.random.default_rng(0), recipe.stages[0])
    shares = trainer.teacher(batch.strips.numpy())
    assert shares.shape == (len(batch.labels), 24, 11)
    assert np.allclose(shares.sum(axis=2), 1, atol=1e-4)
    read = [collapsed(row[: -(-int(width) // 4)]) for row, width in zip(shares.argmax(2), batch.widths, strict=True)]
    right = sum(text == label for text, label in zip(read, batch.labels, strict=True))
    assert right > 0.5 * len(read)
    assert np.isfinite(step(trainer, 0.5)[0])


def test_a_stage_that_learns_from_a_teacher_needs_one_that_knows_enough(tmp_path: Path) -> None:
    stages = '[[stage]]\nname = "taught"\nsteps = 2\nctc = 1.0\ndistilled = 1.0\n'
    with pytest.raises(SettingsError, match="no teacher"):
        Recipe.open(recipe_file(tmp_path, stages=stages))
    with pytest.raises(DataError, match="does not know ꙮ"):
        Teacher(weights.find(), Charset.of("1ꙮ"))


LARGER = '''
[larger]
backbone = "resnet"
widths = [16, 16, 16, 24]
depths = [0, 1, 1, 1]
dim = 32
hidden = 16
'''
TAUGHT = '[[stage]]\nname = "both"\nsteps = 2\nbatch = 16\nctc = 1.0\nframes = 0.4\nwidths = [96]\n'
TAUGHT += "distilled = 0.5\ntaught_after = 0.5\n"


def test_a_larger_network_learns_beside_and_teaches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = Recipe.open(recipe_file(tmp_path, stages=LARGER + TAUGHT))
    sources = open_sources(recipe)
    first = Trainer(recipe, tmp_path / "a", sources)
    assert first.larger is not None
    before = first.larger.model.classifier.weight.detach().clone()
    asked: list[torch.Size] = []
    monkeypatch.setattr(train, "distilled", lambda *given: (asked.append(given[2].shape), distilled(*given))[1])
    step(first, 0.2)
    assert not asked
    assert not torch.equal(before, first.larger.model.classifier.weight)
    step(first, 0.6)
    assert [shape[2] for shape in asked] == [sources.charset.size]
    first.step = 1
    first._save()
    larger = checkpoints.load(tmp_path / "a" / "larger.pt")
    assert larger.config == recipe.larger
    assert larger.model().config.widths == (16, 16, 16, 24)
    second = Trainer(recipe, tmp_path / "b", sources, checkpoints.load(tmp_path / "a" / "last.pt"))
    assert second.larger is not None
    for key, value in first.larger.model.state_dict().items():
        torch.testing.assert_close(value, second.larger.model.state_dict()[key])
    figures = second._validate(recipe.stages[0])
    assert set(figures) == {"cer_clean", "cer_degraded", "larger_cer_clean", "larger_cer_degraded"}


@pytest.mark.parametrize(
    ("extra", "fault"),
    [
        ('teacher = "x.onnx"\n', "a teacher or a larger network, not both"),
        ("loaders = 2\nprocesses = 2\n", "loaders or processes, not both"),
        ("rewritten = 2\n", "rewritten needs strokes"),
        ('more_strokes = ["a"]\n', "more_strokes needs strokes"),
        ("loaders = -1\n", "loaders is 0 or more"),
        ("rewritten = -1\n", "rewritten is 0 or more"),
        ("drawn = 48\n", "strips of 32 rows alone"),
    ],
)
def test_settings_that_cannot_be_or_do_not_go_together_are_refused(tmp_path: Path, extra: str, fault: str) -> None:
    with pytest.raises(SettingsError, match=fault):
        Recipe.open(recipe_file(tmp_path, extra, LARGER + TAUGHT))


@pytest.mark.parametrize(
    ("drawn", "network", "fault"),
    [(40, "", "drawn is 32, 48, 64"), (32, "height = 48\n", "not below the network's height")],
)
def test_lines_are_drawn_no_lower_than_they_are_read(tmp_path: Path, drawn: int, network: str, fault: str) -> None:
    with pytest.raises(SettingsError, match=fault):
        Recipe.open(recipe_file(tmp_path, f"drawn = {drawn}\n", network + FRAMES))


def test_a_larger_network_reads_the_same_strips(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="the same strips of 32 rows"):
        Recipe.open(recipe_file(tmp_path, stages=LARGER + "height = 48\n" + TAUGHT))


def test_a_network_for_48_rows_learns_and_is_not_exported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stages = '[[stage]]\nname = "one"\nkind = "characters"\nsteps = 2\nbatch = 16\n' + FRAMES
    path = recipe_file(tmp_path, "drawn = 48\n", "height = 48\nrows = 3\n" + stages)
    assert run(Namespace(config=path, output=tmp_path / "run", resume=False)) == 0
    held = checkpoints.load(tmp_path / "run" / "weights.pt")
    assert held.model()(torch.rand(1, 1, 48, 96)).shape == (1, 16, held.charset.size)
    files = [str(tmp_path / name) for name in ("run/weights.pt", "a.onnx", "fonts")]
    given = [files[0], "--output", files[1], "--int8", "--rank", "8", "--fonts", files[2]]
    assert cli.main(["export", *given]) == ModelError.exit_status
    assert "strips of 32 rows" in capsys.readouterr().err
    assert not (tmp_path / "a.onnx").exists()


def test_attention_beside_ctc_trains_the_network_and_stays_out_of_the_weights(tmp_path: Path) -> None:
    stages = '[[stage]]\nname = "both"\nsteps = 2\nbatch = 16\nctc = 1.0\nattention = 0.3\nwidths = [96]\n'
    recipe = Recipe.open(recipe_file(tmp_path, stages=stages))
    sources = open_sources(recipe)
    first = Trainer(recipe, tmp_path / "a", sources)
    assert first.learner.guide is not None
    before = first.learner.guide.characters.weight.detach().clone()
    step(first)
    assert not torch.equal(before, first.learner.guide.characters.weight)
    first.step = 1
    first._save()
    second = Trainer(recipe, tmp_path / "b", sources, checkpoints.load(tmp_path / "a" / "last.pt"))
    assert second.learner.guide is not None
    for key, value in first.learner.guide.state_dict().items():
        torch.testing.assert_close(value, second.learner.guide.state_dict()[key])
    assert not [name for name in checkpoints.load(tmp_path / "a" / "weights.pt").weights if "guide" in name]
    plain = Trainer(Recipe.open(recipe_file(tmp_path)), tmp_path / "c", sources)
    assert plain.learner.guide is None
