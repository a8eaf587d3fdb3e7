"""The workshop of the network for single hanzi: what is drawn, a training that learns, an export that agrees."""

from __future__ import annotations

import json
from argparse import Namespace
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from fonts import drawn_font
from shizi.errors import DataError, ModelError, SettingsError
from shizi.learn.hanzi import export as exporting
from shizi.learn.hanzi import train
from shizi.learn.hanzi.export import compare, fit_temperature, release
from shizi.learn.hanzi.glyphs import CELL, open_glyphs
from shizi.learn.hanzi.network import HanziConfig, HanziNet
from shizi.learn.hanzi.pictures import UNSEEN, Artist, Batch
from shizi.learn.hanzi.recipe import HanziRecipe
from shizi.learn.hanzi.source import artist, batches, unseen
from shizi.learn.synth.strokes import Hand, open_strokes
from shizi.read.hanzi import MARGIN, SIDE, Hanzi
from shizi.read.trust import HIGHEST

MEDIANS: dict[str, list[list[list[int]]]] = {
    "一": [[[100, 380], [500, 390], [920, 400]]],
    "丨": [[[512, 860], [512, 400], [510, -80]]],
    "十": [[[100, 400], [500, 410], [920, 420]], [[512, 860], [512, 400], [510, -80]]],
    "八": [[[400, 600], [250, 250], [100, 50]], [[600, 600], [750, 250], [900, 50]]],
    "口": [[[200, 700], [210, 100]], [[200, 700], [800, 700], [800, 100]], [[210, 120], [800, 120]]],
    "二": [[[200, 650], [800, 660]], [[100, 150], [920, 160]]],
    "丁": [[[100, 750], [900, 760]], [[512, 750], [520, 50], [400, 20]]],
    "上": [[[500, 800], [500, 50]], [[500, 450], [800, 460]], [[80, 50], [950, 50]]],
}
BARS = {"一": 1, "丨": 2, "十": 3, "八": 4, "口": 5}
"""What the test fonts have, and of how many bars: 二, 丁 and 上 are written by hand alone."""
ALPHABET = "".join(MEDIANS)
TINY = "widths = [16, 16, 24, 32]\ndim = 32\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("sources")
    (made / "fonts").mkdir()
    (made / "strokes").mkdir()
    for char, medians in MEDIANS.items():
        (made / "strokes" / f"{char}.json").write_text(json.dumps({"medians": medians}), encoding="utf-8")
    drawn_font(made / "fonts" / "bars.ttf", BARS)
    drawn_font(made / "fonts" / "more.ttf", {**BARS, "上": 0})
    drawn_font(made / "fonts" / "latin.ttf", {"A": 1})
    return made


def recipe_file(folder: Path, extra: str = "", network: str = TINY) -> Path:
    values = {
        "fonts": '"fonts"',
        "strokes": '["strokes"]',
        "minutes": "0.05",
        "alphabet": f'"{ALPHABET}"',
        "font_weights": '{"bars.ttf" = 1.0}',
        "validate_fonts": '["more.ttf"]',
        "batch": "32",
        "warm": "10",
        "average": "0.9",
        "threads": "1",
        "validation_pictures": "96",
    }
    given = dict(row.split(" = ", 1) for row in extra.splitlines())
    path = folder / "small.toml"
    rows = (f"{key} = {value}\n" for key, value in {**values, **given}.items() if value)
    path.write_text("".join(rows) + f"[network]\n{network}", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def recipe(folder: Path) -> HanziRecipe:
    return HanziRecipe.open(recipe_file(folder))


@pytest.fixture(scope="module")
def draws(recipe: HanziRecipe) -> Artist:
    return artist(recipe)


# What is drawn.


def test_pictures_are_what_they_say(draws: Artist) -> None:
    pictures, classes = draws.batch(np.random.default_rng(0), 200)
    assert pictures.shape == (200, SIDE, SIDE)
    assert pictures.dtype == np.uint8
    assert set(classes.tolist()) == set(range(len(ALPHABET)))
    assert pictures.max() == 255
    assert (pictures.reshape(200, -1).max(axis=1) > 100).all(), "there is ink in each"
    ink = pictures > 127
    long = np.maximum(np.ptp(np.argwhere(ink[0]), axis=0).max(), 1)
    assert long > SIDE - 4 * MARGIN - 6, "as large as fits"
    assert ink[:, MARGIN:-MARGIN, MARGIN:-MARGIN].sum() > 0.9 * ink.sum()


def test_the_same_lots_draw_the_same_and_others_do_not(draws: Artist) -> None:
    one, same, other = (draws.batch(np.random.default_rng(seed), 30) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one[0], same[0])
    np.testing.assert_array_equal(one[1], same[1])
    assert not np.array_equal(one[0], other[0])


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_a_character_that_a_font_lacks_is_never_drawn_with_it(draws: Artist, seed: int) -> None:
    classes = replace(draws, hands=0.0).batch(np.random.default_rng(seed), 20)[1]
    assert {ALPHABET[cls] for cls in classes} <= set(BARS)


def test_a_font_has_neither_what_is_blank_nor_its_box(folder: Path, tmp_path: Path) -> None:
    assert {ALPHABET[cls] for cls in open_glyphs(folder / "fonts" / "more.ttf", ALPHABET).classes} == set(BARS)
    many = "一丨十八口二"
    drawn_font(tmp_path / "box.ttf", {**dict.fromkeys(many, 2), "丁": 3, "上": 4})
    held = open_glyphs(tmp_path / "box.ttf", ALPHABET)
    assert [ALPHABET[cls] for cls in held.classes] == ["丁", "上"]
    assert held.pictures.shape == (2, CELL, CELL)
    with pytest.raises(DataError, match=r"latin\.ttf has none of the alphabet's"):
        open_glyphs(folder / "fonts" / "latin.ttf", ALPHABET)
    with pytest.raises(DataError, match=r"no font .*none\.ttf"):
        open_glyphs(folder / "fonts" / "none.ttf", ALPHABET)


def test_kept_glyphs_are_of_the_same_font_and_alphabet(folder: Path, tmp_path: Path) -> None:
    font = folder / "fonts" / "bars.ttf"
    fresh, first, again = open_glyphs(font, ALPHABET), *(open_glyphs(font, ALPHABET, tmp_path) for _ in range(2))
    for held in (first, again):
        np.testing.assert_array_equal(held.classes, fresh.classes)
        np.testing.assert_array_equal(held.pictures, fresh.pictures)
    assert open_glyphs(font, ALPHABET[::-1], tmp_path).classes.tolist() != fresh.classes.tolist()
    assert len(list(tmp_path.iterdir())) == 2
    for kept in tmp_path.iterdir():
        kept.write_bytes(b"nothing")
    with pytest.raises(DataError, match="damaged"):
        open_glyphs(font, ALPHABET, tmp_path)


def test_hands_to_judge_by_never_wrote_what_is_learned(draws: Artist, recipe: HanziRecipe) -> None:
    judges = unseen(recipe, draws)
    assert [glyphs.name for glyphs, _ in judges["fonts"].fonts] == ["more.ttf"]
    assert not judges["hands"].fonts
    assert (draws.end, judges["hands"].first) == (UNSEEN, UNSEEN)
    assert judges["hands"].careful == 0, "the careful ones are few, and all are learned from"


def test_careful_hands_are_the_first_ones(draws: Artist, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[Hand] = []

    def write(_: object, hand: Hand, *__: object) -> np.ndarray:
        written.append(hand)
        return np.full((CELL, CELL), 255, np.uint8)

    monkeypatch.setattr("shizi.learn.hanzi.pictures.write", write)
    replace(draws, hands=1.0, careful=1.0).batch(np.random.default_rng(0), 90)
    assert len(written) == 30, "each is taken three times"
    assert all(hand.parts == 0 for hand in written)
    written.clear()
    replace(draws, hands=1.0, careful=0.0).batch(np.random.default_rng(0), 90)
    assert all(hand.parts > 0 for hand in written)


def test_nothing_to_draw_is_named(folder: Path) -> None:
    with pytest.raises(DataError, match="none of the alphabet's"):
        Artist("地", strokes=[open_strokes(folder / "strokes")], hands=1.0)
    with pytest.raises(DataError, match="no fonts"):
        Artist(ALPHABET)


@pytest.mark.slow
def test_processes_draw_and_tell_what_is_wrong(folder: Path, tmp_path: Path) -> None:
    recipe = HanziRecipe.open(recipe_file(folder, f'loaders = 2\ncache = "{tmp_path}"\nbatch = 5'))
    made = batches(recipe, artist(recipe), 1)
    several = [next(made) for _ in range(3)]
    made.close()
    assert all(pictures.shape == (5, SIDE, SIDE) for pictures, _ in several)
    assert not np.array_equal(several[0][0], several[1][0])
    faulty = batches(replace(recipe, loaders=1, strokes=(str(tmp_path),)), artist(recipe), 1)
    with pytest.raises(DataError, match="no strokes"):
        next(faulty)


# Recipes.


def test_a_recipe_is_read_with_its_places_beside_it(folder: Path, recipe: HanziRecipe) -> None:
    assert (recipe.name, recipe.chars) == ("small", tuple(ALPHABET))
    assert recipe.strokes == (str(folder / "strokes"),)
    assert recipe.network == HanziConfig((16, 16, 24, 32), 32)
    assert HanziConfig.from_dict(json.loads(json.dumps(recipe.network.to_dict()))) == recipe.network
    assert len(replace(recipe, alphabet="").chars) == 6763


@pytest.mark.parametrize(
    ("extra", "fault"),
    [
        ("minuets = 3", "a recipe for single hanzi has no setting 'minuets'"),
        ('minutes = "3"', "recipe for single hanzi: minutes is a number, not '3'"),
        ("minutes = 0", "minutes, rate, batch and validation_pictures are positive"),
        ("hands = 1.5", "hands is a share, 0 to 1"),
        ("dropout = 1.0", "dropout is 0 or more and below 1"),
        ("loaders = -1", "loaders, threads and warm are 0 or more"),
        ("loaders = 1", "name a folder, cache"),
        ("strokes = []", "hands write after strokes: name some"),
        ("font_weights = {}", "font_weights names no fonts: name some"),
        ('font_weights = {"bars.ttf" = 0}', "font_weights are positive"),
        ('validate_fonts = ["bars.ttf"]', "never trained on, and font_weights has bars.ttf"),
        ('alphabet = "chars.txt"', "there is no .*chars.txt"),
    ],
)
def test_a_mistake_in_a_recipe_is_one_line(folder: Path, extra: str, fault: str) -> None:
    with pytest.raises((SettingsError, DataError), match=fault) as caught:
        HanziRecipe.open(recipe_file(folder, extra))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("network", "fault"),
    [("widths = [1, 2, 3]", "widths is a list of 4"), ("dim = 0", "are positive"), ("depth = 1", "no setting 'depth'")],
)
def test_a_mistake_in_a_network_is_one_line(folder: Path, network: str, fault: str) -> None:
    with pytest.raises(SettingsError, match=fault):
        HanziRecipe.open(recipe_file(folder, network=network))


# Training.


def test_the_rate_rises_then_falls() -> None:
    assert train.rate_at(0, 0.0, 10) == 0
    assert train.rate_at(5, 0.0, 10) == pytest.approx(0.5)
    assert train.rate_at(10, 0.0, 10) == train.rate_at(0, 0.0, 0) == pytest.approx(1)
    assert train.rate_at(500, 0.5, 10) == pytest.approx(0.51)
    assert train.rate_at(900, 1.01, 10) == pytest.approx(0.02)


def test_muon_moves_all_matrices_but_the_ends() -> None:
    model = HanziNet(HanziConfig((16, 16, 24, 32), 32), 8)
    names = {id(weight): name for name, weight in model.named_parameters()}
    moved = {names[id(weight)] for weight in model.matrices()}
    assert moved == {f"body.{index}.conv.weight" for index in range(3, 11)} | {"flat.weight"}


@pytest.fixture(scope="module")
def learned(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, HanziRecipe, dict[str, float]]:
    """A run of 70 steps in its folder, its recipe, and how well it read at last."""
    # time is what a run is measured by: it is given out here, so that the run is the same on any machine
    recipe = HanziRecipe.open(recipe_file(folder, "rate = 0.01\nminutes = 7.0"))
    output = tmp_path_factory.mktemp("run")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(train, "_LOG_STEPS", 10)
        clock(patch)
        found = train.Trainer(recipe, output).run()
    return output, recipe, found


def clock(patch: pytest.MonkeyPatch) -> None:
    """Let each step take six seconds, by the trainer's clock."""
    now = iter(range(0, 10**6, 3))  # it is looked at twice a step
    patch.setattr(train.time, "monotonic", lambda: float(next(now)))


def test_a_run_learns(learned: tuple[Path, HanziRecipe, dict[str, float]]) -> None:
    output, _, found = learned
    rows = [json.loads(row) for row in (output / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    losses = [row["loss"] for row in rows if "loss" in row]
    assert len(losses) >= 6
    assert losses[-1] < 0.6 * losses[0]
    assert found["hands"] > 0.6, "of new hands, where chance is an eighth"
    assert found["fonts"] > 0.4, "of bars to be counted, where it is a fifth"
    model, about = train.load(output / "weights.pt")
    assert not model.training
    assert (about["chars"], about["recipe"]) == (ALPHABET, "small")
    assert not list(output.glob("*.partial"))


def test_a_run_goes_on_where_it_stood(
    learned: tuple[Path, HanziRecipe, dict[str, float]], monkeypatch: pytest.MonkeyPatch
) -> None:
    output, recipe, _ = learned
    held = train.opened(output / "last.pt")
    trainer = train.Trainer(replace(recipe, minutes=7.5), output, held)
    assert (trainer.step, trainer.elapsed) == (held["step"], held["elapsed"])
    for key, value in trainer.model.state_dict().items():
        assert torch.equal(value, held["model"][key])
    assert trainer.optimisers[0].state_dict()["state"], "Muon's momenta are kept"
    clock(monkeypatch)
    trainer.run()
    assert held["step"] < trainer.step < held["step"] + 10
    with pytest.raises(DataError, match="another alphabet"):
        train.Trainer(replace(recipe, alphabet=ALPHABET[::-1]), output, held)
    with pytest.raises(DataError, match="dim = 32, not 16"):
        train.Trainer(replace(recipe, network=HanziConfig((16, 16, 24, 32), 16)), output, held)


def test_a_run_starts_from_the_average_of_another(learned: tuple[Path, HanziRecipe, dict[str, float]]) -> None:
    output, recipe, _ = learned
    path = output / "weights.pt"
    trainer = train.Trainer(replace(recipe, start=str(path)), output / "next")
    assert (trainer.step, trainer.elapsed) == (0, 0.0)
    for key, value in train.opened(path)["weights"].items():
        assert torch.equal(trainer.model.state_dict()[key], value)


def test_the_command_leaves_a_run_alone_and_names_what_is_none(folder: Path, tmp_path: Path) -> None:
    path = recipe_file(folder, "minutes = 0.001\nvalidation_pictures = 4\nbatch = 2")
    args = Namespace(config=path, output=tmp_path / "run", resume=False)
    assert train.run(args) == 0
    with pytest.raises(DataError, match="holds a run"):
        train.run(args)
    args.resume = True
    assert train.run(args) == 0
    with pytest.raises(DataError, match="no checkpoint at"):
        train.load(folder / "none.pt")
    with pytest.raises(DataError, match="is no checkpoint of a network for single hanzi"):
        train.load(path)


# Export.


@pytest.fixture(scope="module")
def judged(recipe: HanziRecipe, draws: Artist) -> Batch:
    return unseen(recipe, draws)["hands"].batch(np.random.default_rng(3), 300)


def test_the_file_answers_as_the_network_does(
    learned: tuple[Path, HanziRecipe, dict[str, float]], judged: Batch, tmp_path: Path
) -> None:
    model, _ = train.load(learned[0] / "weights.pt")
    found = release(model, ALPHABET, tmp_path / "hanzi.onnx", card={"licence": "Apache-2.0"}, judged=judged)["float32"]
    assert found.max_logit < 1e-3
    assert (found.pictures, found.changed, found.right) == (300, 0.0, found.right_before)
    opened = Hanzi.open(tmp_path / "hanzi.onnx")
    assert opened.chars == tuple(ALPHABET)
    pictures = train.inputs(judged[0])
    with torch.inference_mode():
        wanted = (model(pictures) / opened.temperature).softmax(dim=1).numpy()
    np.testing.assert_allclose(opened.shares(pictures.numpy()), wanted, atol=1e-4)
    np.testing.assert_allclose(opened.shares(pictures[:1].numpy()), wanted[:1], atol=1e-4)


def test_int8_agrees_and_is_refused_where_it_reads_less(
    learned: tuple[Path, HanziRecipe, dict[str, float]], judged: Batch, draws: Artist, tmp_path: Path
) -> None:
    model, _ = train.load(learned[0] / "weights.pt")
    calibration = draws.batch(np.random.default_rng(4), 100)
    path, plain = tmp_path / "hanzi.onnx", tmp_path / "float.onnx"
    given: dict[str, Any] = {"card": {}, "judged": judged}
    release(model, ALPHABET, plain, **given)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exporting, "MAX_LOSS_INT8", 0.05)  # so small a network loses more
        found = release(model, ALPHABET, path, calibration=calibration, **given)["int8"]
    assert found.right_before - found.right <= 0.05
    assert found.max_logit > 0
    assert found.changed < 0.1
    pictures = train.inputs(judged[0]).numpy()
    assert np.abs(Hanzi.open(path).shares(pictures) - Hanzi.open(plain).shares(pictures)).mean() < 0.02
    before = path.read_bytes()
    blind = calibration[0] // 50, calibration[1]  # ranges that cut most of the ink off
    with pytest.raises(ModelError, match=r"int8 reads .*% fewer of the pictures; the bound is 0\.50%"):
        release(model, ALPHABET, path, calibration=blind, **given)
    assert path.read_bytes() == before
    assert sorted(tmp_path.iterdir()) == [plain, path]


def test_the_command_exports_with_the_recipe(
    learned: tuple[Path, HanziRecipe, dict[str, float]],
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(exporting, "COMPARED", 120)
    (tmp_path / "card.json").write_text('{"licence": "Apache-2.0"}', encoding="utf-8")
    args = Namespace(
        checkpoint=learned[0] / "weights.pt",
        output=tmp_path / "x.onnx",
        recipe=recipe_file(folder),
        int8=False,
        card=tmp_path / "card.json",
    )
    assert exporting.run(args) == 0
    assert json.loads(capsys.readouterr().out)["float32"]["pictures"] == 120
    assert Hanzi.open(args.output).temperature != 1
    args.recipe = recipe_file(folder, 'alphabet = "一十"')
    with pytest.raises(DataError, match="another alphabet"):
        exporting.run(args)
    args.output = tmp_path / "none" / "x.onnx"
    with pytest.raises(DataError, match="no folder"):
        exporting.run(args)


def test_the_temperature_is_where_the_truth_is_likeliest() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (4000, 6)).astype(np.float32)
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    truths = (shares.cumsum(axis=1) > rng.random((4000, 1))).argmax(axis=1)
    assert fit_temperature(logits, truths) == pytest.approx(1, abs=0.06)
    assert fit_temperature(logits * 3, truths) == pytest.approx(3, abs=0.2)
    assert fit_temperature(logits, rng.integers(0, 6, 4000)) == pytest.approx(HIGHEST, rel=0.01)


def test_differences_are_counted() -> None:
    before = np.eye(3, dtype=np.float32)[[0, 1, 2, 0]]
    after = np.eye(3, dtype=np.float32)[[0, 1, 1, 1]] * 2
    found = compare(before, after, np.array([0, 1, 1, 0]))
    assert (found.pictures, found.max_logit, found.changed) == (4, 2.0, 0.5)
    assert (found.right_before, found.right) == (0.75, 0.75)
