"""Recipes: each mistake in one gives one line that names it."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

import pytest

from shizi.errors import DataError, SettingsError
from shizi.learn.finder.recipe import FinderRecipe
from shizi.learn.hanzi.recipe import HanziRecipe
from shizi.learn.recipe import Recipe, characters
from shizi.learn.sources import alphabet
from shizi.learn.synth.command import run as synth
from test_train import FRAMES, recipe_file

ONE = '[[stage]]\nname = "a"\nsteps = 1\nctc = 1.0\n'
ALONE = '[[stage]]\nname = "a"\nkind = "characters"\nsteps = 1\nreal = 0.5\n'


@pytest.mark.parametrize("path", sorted((Path(__file__).parents[1] / "recipes").glob("*.toml")), ids=lambda p: p.stem)
def test_recipes_of_the_project_can_be_read(path: Path) -> None:
    kinds = {"finder": FinderRecipe, "hanzi": HanziRecipe}
    made = kinds.get(path.stem, Recipe).open(path)
    assert Path(made.fonts).parent.parent == path.parent / ".."


@pytest.mark.parametrize(
    ("extra", "stages", "fault"),
    [
        ('real = "own"\n', ONE + "real = 0.5\n", "recipe: real is a list, each text, not 'own'"),
        ("threads = true\n", ONE, "recipe: threads is a whole number, not True"),
        ('font_weights = {"a.ttf" = "2"}\n', ONE, "recipe: font_weights is a table of a number"),
        ("", ONE.replace("1\n", '"10"\n', 1), "stage: steps is a whole number, not '10'"),
        ("", ONE + "levels = 'mild'\n", "stage: levels is a list, each text, not 'mild'"),
        ("", ONE.replace("[[stage]]", "[stage]"), r"double brackets, \[\[stage\]\]"),
        ("", "depths = [0, 0, 1, 1]\n" + ONE, r"depths of a resnet are at least \[0, 1, 1, 1\]"),
        ("", 'backbone = "vgg"\ndepths = [1, 1, 1, 0]\n' + ONE, r"depths of a vgg are at least \[0, 0, 0, 1\]"),
        ("", "depths = [0, 1, 1]\n" + ONE, "network: depths is a list of 4, each a whole number"),
        ('real = ["own"]\n', ONE, "no stage takes any: give one a share"),
        ("", ONE + "real = 0.5\n", "a stage takes real lines, and the recipe names none"),
        ('real = ["own"]\n', ALONE, "stages of lines alone"),
        ('real = ["own"]\n', ONE + "real = 1.5\n", "a share, 0 to 1"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, extra: str, stages: str, fault: str) -> None:
    with pytest.raises(SettingsError, match=fault):
        Recipe.open(recipe_file(tmp_path, extra, stages))


def test_a_network_of_another_kind_is_refused(tmp_path: Path) -> None:
    path = recipe_file(tmp_path, "", FRAMES)
    path.write_text(path.read_text(encoding="utf-8").replace("[16, 16, 24, 32]", "[16, 24, 32]"), encoding="utf-8")
    with pytest.raises(SettingsError, match="network: widths is a list of 4, each a whole number"):
        Recipe.open(path)
    path.write_text('network = "small"\n' + ONE, encoding="utf-8")
    with pytest.raises(SettingsError, match="a network is a table"):
        Recipe.open(path)


def test_recipes_are_utf_8(tmp_path: Path) -> None:
    path = recipe_file(tmp_path)
    path.write_bytes("# 识字\n".encode("gbk") + path.read_bytes())
    for kind in (Recipe, FinderRecipe):
        with pytest.raises(DataError, match="not UTF-8: byte 4 is 0xd7"):
            kind.open(path)
    path.write_text("\ufeff" + recipe_file(tmp_path).read_text(encoding="utf-8"), encoding="utf-8")
    assert Recipe.open(path).alphabet == "0123456789"


def test_a_finders_recipe_names_what_is_of_another_kind(tmp_path: Path) -> None:
    path = tmp_path / "finder.toml"
    path.write_text('fonts = "f"\npool = "p"\nminutes = "3"\n')
    with pytest.raises(SettingsError, match="recipe of a finder: minutes is a number, not '3'"):
        FinderRecipe.open(path)
    path.write_text('fonts = "f"\npool = "p"\nminutes = 3\n[network]\nwidths = 4\n')
    with pytest.raises(SettingsError, match="network: widths is a list"):
        FinderRecipe.open(path)


def with_alphabet(folder: Path, value: str) -> Path:
    path = recipe_file(folder)
    path.write_text(path.read_text(encoding="utf-8").replace('"0123456789"', f'"{value}"'), encoding="utf-8")
    return path


def test_an_alphabet_is_read_from_a_file_beside_the_recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = with_alphabet(tmp_path, "chars.txt")
    monkeypatch.chdir("/")
    with pytest.raises(DataError, match=r"there is no .*chars\.txt"):
        Recipe.open(path)
    (tmp_path / "chars.txt").write_text("\ufeff01\r\n一 \n", encoding="utf-8", newline="")
    assert alphabet(Recipe.open(path)).chars == ("0", "1", "一", " ")
    faults = {"识字\n".encode("gbk"): "not UTF-8", "识字".encode("utf-16"): "not UTF-8", b"\n": "holds no characters"}
    for data, fault in faults.items():
        (tmp_path / "chars.txt").write_bytes(data)
        with pytest.raises(DataError, match=fault):
            Recipe.open(path)


@pytest.mark.parametrize("value", ["0123456789.", "./:-", "一二三" * 60, "abc\0", "今天.天气"])
def test_an_alphabet_is_what_is_written_where_no_file_is_meant(tmp_path: Path, value: str) -> None:
    assert characters(value, tmp_path) == value


def test_synth_looks_for_the_file_too(tmp_path: Path) -> None:
    texts = {"corpora": None, "backgrounds": None, "alphabet": str(tmp_path / "chars.txt")}
    with pytest.raises(DataError, match="there is no"):
        synth(Namespace(fonts=tmp_path, **texts, output=tmp_path / "set", sheet=None, count=1, level="clean", seed=0))
