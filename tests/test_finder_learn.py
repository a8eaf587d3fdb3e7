"""The line finder's workshop: pages, targets, losses, a training that learns, an export that agrees."""

from __future__ import annotations

import json
from argparse import Namespace
from itertools import combinations, pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from fonts import pillow_font
from shizi.errors import DataError, ModelError, SettingsError
from shizi.find import dbnet, kernels
from shizi.learn.finder import losses, pool, train
from shizi.learn.finder.adverts import Adverts
from shizi.learn.finder.augment import piece
from shizi.learn.finder.export import Difference, compare, release, session_run, torch_run
from shizi.learn.finder.grounds import Grounds
from shizi.learn.finder.grow import grow
from shizi.learn.finder.hands import Hands
from shizi.learn.finder.ink import Fonts, Scribe, bent, celled, downwards, level, tilted
from shizi.learn.finder.network import CELL, STRIDE, Finder, FinderConfig
from shizi.learn.finder.pages import PageMaker
from shizi.learn.finder.pool import Pool
from shizi.learn.finder.recipe import FinderRecipe
from shizi.learn.finder.sheet import Sheet, TextLine
from shizi.learn.finder.targets import offset, shorter, targets
from shizi.learn.synth.text import Sampler
from shizi.read.charset import Charset

TINY = "widths = [6, 8, 12, 16, 16]\ndepths = [0, 0, 0, 0]\npyramid = 12\nhead = 12\n"


def config() -> FinderConfig:
    return FinderConfig(widths=(6, 8, 12, 16, 16), depths=(0, 0, 0, 0), pyramid=12, head=12)


@pytest.fixture(scope="module")
def fonts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fonts")
    pillow_font(folder / "plain.ttf")
    return folder


@pytest.fixture(scope="module")
def maker(fonts: Path) -> PageMaker:
    return PageMaker(Scribe(Fonts(fonts), Sampler(Charset.default(), None)), Grounds(None))


# What is drawn, and where it says that it is.


@pytest.mark.parametrize("kind", ["level", "down", "bent"])
def test_an_outline_lies_around_its_ink(fonts: Path, kind: str) -> None:
    face, rng = Fonts(fonts).faces[0], np.random.default_rng(0)
    drawn = downwards(face, 40, "Hello", rng) if kind == "down" else level(face, 40, "Hello")
    if kind == "bent":
        drawn = bent(drawn, 25)
    area = np.zeros(drawn.mask.shape, np.uint8)
    cv2.fillPoly(area, [drawn.outline.round().astype(np.int32)], 1)
    ink = drawn.mask > 128
    assert (ink & (area == 0)).sum() < 0.05 * ink.sum()
    assert area.sum() < 4 * ink.sum() + (6000 if kind == "down" else 0)
    assert drawn.vertical == (kind == "down")
    if kind == "down":  # it starts at the top, and its upper edge is the right one
        assert drawn.outline[0, 0] > drawn.outline[-1, 0]
        assert drawn.outline[1, 1] > drawn.outline[0, 1]


@pytest.mark.parametrize("wild", [0.0, 0.5])
def test_characters_stand_in_their_cells(fonts: Path, wild: float) -> None:
    face, rng = Fonts(fonts).faces[0], np.random.default_rng(0)
    drawn = celled(face, 30, "HENMA", rng, cell=60, wild=wild)
    ink = drawn.mask.max(axis=0) > 80
    for column in range(5):
        inside = np.flatnonzero(ink[60 * column : 60 * (column + 1)])
        assert len(inside) and abs(float(inside.mean()) - 30) < 6, "about the middle of its cell"
    assert not any(ink[60 * column - 3 : 60 * column + 3].any() for column in range(1, 5))
    assert drawn.outline[0, 0] > 5 and np.ptp(drawn.outline[:, 0]) > 4 * 60


def test_a_row_of_cells_is_one_line(maker: PageMaker) -> None:
    rng = np.random.default_rng(1)
    for _ in range(6):
        page = Hands(maker.layouts).manuscript(rng, 500, 400)
        middles = sorted(float(line.outline[:, 1].mean()) for line in page.lines if not line.ignore)
        assert middles
        assert all(after - before > 10 for before, after in pairwise(middles)), "never two in a row"


def test_neighbours_of_other_kinds_are_lines_of_their_own(maker: PageMaker) -> None:
    rng, counts = np.random.default_rng(2), []
    for _ in range(20):
        page = Sheet(np.full((600, 900), 200, np.float32))
        Adverts(maker.layouts)._neighbours(rng, page)
        counts.append(len(page.lines))
        boxes = [(*line.outline.min(axis=0), *line.outline.max(axis=0)) for line in page.lines]
        for one, other in combinations(boxes, 2):
            across, down = (min(one[i + 2], other[i + 2]) - max(one[i], other[i]) for i in (0, 1))
            assert min(across, down) < 2, "they do not overlap"
    assert max(counts) > 2


def test_the_rows_of_a_title_stand_close_below_one_another(maker: PageMaker) -> None:
    rng, gaps = np.random.default_rng(3), []
    for _ in range(20):
        page = Sheet(np.full((900, 900), 200, np.float32))
        Adverts(maker.layouts)._title(rng, page)
        rows = sorted((line.outline[:, 1].min(), line.outline[:, 1].max()) for line in page.lines)
        assert all(line.outline.min() >= 0 and line.outline.max() <= 901 for line in page.lines)
        gaps += [(after[0] - before[1]) / (before[1] - before[0]) for before, after in pairwise(rows)]
    assert len(gaps) > 20
    assert min(gaps) > 0
    assert max(gaps) < 1


def test_marks_alone_are_ignored(fonts: Path) -> None:
    face = Fonts(fonts).faces[0]
    sheet = Sheet(np.full((100, 300), 255, np.float32))
    sheet.put(level(face, 20, "......"), 10, 10, 0)
    sheet.put(level(face, 20, "No. 1"), 10, 50, 0)
    assert [line.ignore for line in sheet.lines] == [True, False]


def test_a_sheet_covers_what_it_is_laid_on(fonts: Path) -> None:
    face = Fonts(fonts).faces[0]
    desk, paper = Sheet(np.zeros((400, 400), np.float32)), Sheet(np.full((100, 200), 255, np.float32))
    desk.put(level(face, 20, "under"), 150, 150, 255)
    desk.put(level(face, 20, "half under the paper"), 150, 185, 255)
    desk.put(level(face, 20, "beside"), 10, 10, 255)
    paper.put(level(face, 20, "upon"), 20, 20, 0)
    desk.lay(paper, [(100, 100), (300, 100), (300, 200), (100, 200)])
    assert [line.ignore for line in desk.lines] == [True, False, False]
    assert desk.lines[-1].outline[0] == pytest.approx([120, 120], abs=1)
    assert desk.grey[150, 150] == 255
    assert desk.grey[50, 50] == 0


@pytest.mark.parametrize("degrees", [-50.0, 12.0, 90.0])
def test_a_tilted_line_keeps_its_outline_around_its_ink(fonts: Path, degrees: float) -> None:
    line = level(Fonts(fonts).faces[0], 30, "tilted")
    made = tilted(line, degrees)
    inside = np.zeros(made.mask.shape, np.uint8)
    cv2.fillConvexPoly(inside, np.round(made.outline).astype(np.int32), 1)
    ink = made.mask.astype(float)
    assert ink.sum() == pytest.approx(line.mask.astype(float).sum(), rel=0.05)
    assert (ink * (cv2.dilate(inside, np.ones((3, 3), np.uint8)) > 0)).sum() > 0.98 * ink.sum()
    along = made.outline[1] - made.outline[0]
    assert np.degrees(np.arctan2(-along[1], along[0])) == pytest.approx(degrees, abs=0.1)
    assert np.linalg.norm(along) == pytest.approx(np.linalg.norm(line.outline[1] - line.outline[0]), rel=1e-3)


def test_every_kind_of_page_has_its_lines_inside_it(maker: PageMaker) -> None:
    rng = np.random.default_rng(2)
    kinds = [kind for _, kind in maker.kinds]
    assert len(kinds) > 10
    counted = 0
    for kind in kinds:
        page = kind(rng, 500, 400).cropped()
        assert page.grey.min() >= 0
        assert page.grey.max() <= 255
        for line in page.lines:
            assert line.outline.shape[0] % 2 == 0
            if not line.ignore:
                counted += 1
                assert (line.outline >= -2).all()
                assert (line.outline <= (page.size[0] + 2, page.size[1] + 2)).all()
    assert counted > 30


def test_the_same_seed_makes_the_same_page(maker: PageMaker) -> None:
    maker.layouts.scribe.fonts.restart()
    one = maker.page(np.random.default_rng(5))
    maker.layouts.scribe.fonts.restart()
    other = maker.page(np.random.default_rng(5))
    np.testing.assert_array_equal(one.grey, other.grey)


# Targets.


def straight(x: float, y: float, long: float, high: float, degrees: float) -> TextLine:
    turn = np.radians(degrees)
    along = np.array((np.cos(turn), np.sin(turn))) * long
    across = np.array((-np.sin(turn), np.cos(turn))) * high
    start = np.array((x, y))
    return TextLine(np.array([start, start + along, start + along + across, start + across], np.float32))


@given(st.floats(20, 300), st.floats(6, 80), st.floats(-180, 180), st.floats(0.5, 10))
def test_widening_undoes_drawing_in(long: float, high: float, degrees: float, distance: float) -> None:
    line = straight(0, 0, long, high, degrees)
    distance = min(distance, 0.4 * min(long, high))
    back = offset(offset(line.outline, distance), -distance)
    np.testing.assert_allclose(back, line.outline, atol=1e-2)
    assert shorter(offset(line.outline, distance)) == pytest.approx(min(long, high) - 2 * distance, abs=1e-2)


@settings(max_examples=40)
@given(st.floats(60, 200), st.floats(14, 40), st.floats(-40, 40))
def test_the_runtime_finds_what_the_targets_show(long: float, high: float, degrees: float) -> None:
    line = straight(100, 130, long, high, degrees)
    made = targets([line], (384, 384), CELL)
    kernel = np.round(made.kernel * 255).astype(np.uint8)
    (found,) = kernels.lines(kernels.Maps(kernel, np.zeros_like(kernel)), CELL, 0.5)
    quad = np.float32(found.quad.points)
    shared = cv2.intersectConvexConvex(cv2.convexHull(quad), cv2.convexHull(line.outline))[0]
    assert shared / (long * high + cv2.contourArea(quad) - shared) > 0.6  # a cell more on either side of seven


def test_targets_say_what_is_asked() -> None:
    lines = [
        straight(20, 20, 200, 40, 0),
        TextLine(straight(20, 100, 200, 40, 0).outline, ignore=True),
        TextLine(straight(20, 180, 40, 100, 0).outline, vertical=True),
        straight(250, 300, 60, 2, 0),  # too low to be asked for
    ]
    made = targets(lines, (384, 320), CELL)
    assert made.stack().shape == (5, 160, 192)
    assert made.kernel[20, 60] == 1
    assert made.kernel[11, 60] == 0
    assert made.weight[60, 60] == 0
    assert made.kernel[60, 60] == 0
    assert made.vertical[115, 20] == 1
    assert made.vertical[20, 60] == 0
    assert made.weight[150, 140] == 0
    assert made.threshold[10, 60] > 0.6  # on its border
    assert made.threshold[20, 60] == pytest.approx(0.3)
    assert made.threshold.max() == pytest.approx(0.7)


def test_a_piece_has_its_lines_where_the_page_shows_them(fonts: Path) -> None:
    face = Fonts(fonts).faces[0]
    page = Sheet(np.full((600, 600), 255, np.float32))
    for row in range(10):
        page.put(level(face, 24, "HHHHHHHHHH"), 100, 50 + 50 * row, 0)
    found = total = 0
    for seed in range(30):
        rng = np.random.default_rng(seed)
        grey, lines = piece((page.grey.astype(np.uint8), page.lines), rng, 256, lambda: np.full((2, 2), 255, np.uint8))
        for line in lines:
            if line.ignore or line.height < 12:
                continue
            area = np.zeros(grey.shape, np.uint8)
            cv2.fillPoly(area, [line.outline.round().astype(np.int32)], 1)
            inside = grey[area > 0]
            total += 1
            found += int(inside.size > 0 and inside.std() > 15)  # strokes and ground
    assert total > 40
    assert found > 0.9 * total


def test_lines_far_out_on_a_page_seen_from_aside_do_not_fly_away() -> None:
    lines = [TextLine(straight(x, y, 300, 30, 0).outline) for x in range(0, 2700, 400) for y in range(0, 2900, 60)]
    page = np.full((3000, 3000), 255, np.uint8)
    for seed in range(150):
        seen = piece((page, lines), np.random.default_rng(seed), 256, lambda: page[:2, :2])[1]
        assert all(np.abs(line.outline).max() < 20_000 for line in seen)
        assert np.isfinite(targets(seen, (256, 256), 2).stack()).all()


# Losses.


def perfect(kernel: torch.Tensor, threshold: torch.Tensor, vertical: torch.Tensor) -> torch.Tensor:
    return torch.stack([20 * kernel - 10, 20 * vertical - 10, torch.logit(threshold.clamp(0.01, 0.99))], 1)


def test_the_loss_is_least_for_the_right_answer() -> None:
    lines = [straight(20, 20, 80, 24, 0), TextLine(straight(20, 60, 20, 60, 0).outline, vertical=True)]
    wanted = torch.from_numpy(targets(lines, (128, 128), CELL).stack())[None]
    kernel, _, threshold, _, vertical = wanted.unbind(1)
    right = float(losses.loss(perfect(kernel, threshold, vertical), wanted))
    shifted = float(losses.loss(perfect(kernel.roll(12, 2), threshold, vertical), wanted))
    nothing = float(losses.loss(torch.full((1, 3, 64, 64), -4.0), wanted))
    assert 0 <= right < 0.1
    assert right < shifted
    assert right < nothing


def test_what_is_ignored_costs_nothing() -> None:
    line = TextLine(straight(20, 20, 80, 24, 0).outline, ignore=True)
    wanted = torch.from_numpy(targets([line], (128, 128), CELL).stack())[None]
    none = torch.full((1, 3, 64, 64), -8.0)
    there = none.clone()
    there[0, 0, 12:18, 12:45] = 8.0
    assert float(losses.loss(there, wanted)) == pytest.approx(float(losses.loss(none, wanted)), abs=1e-2)


# The network.


@pytest.mark.parametrize("size", [(32, 32), (64, 160)])
def test_the_network_keeps_the_page_s_shape(size: tuple[int, int]) -> None:
    model = Finder(config()).eval()
    with torch.inference_mode():
        maps = model(torch.zeros(2, 1, *size))
        answer = model.answer(torch.zeros(2, 1, *size))
    assert maps.shape == (2, 3, size[0] // CELL, size[1] // CELL)
    assert answer.shape == (2, 2, size[0] // CELL, size[1] // CELL)
    assert 0 <= float(answer.min()) <= float(answer.max()) <= 1
    assert dbnet.CELL == CELL
    assert STRIDE % CELL == 0


def small_and_large(**larger: int | tuple[int, ...]) -> tuple[Finder, Finder]:
    """A network whose norms have seen something, and a fresh larger one."""
    torch.manual_seed(1)
    small, large = Finder(config()), Finder(FinderConfig.from_dict({**config().to_dict(), **larger}))
    for _ in range(3):
        small(torch.rand(2, 1, 64, 64) - 0.5)
    return small.eval(), large.eval()


@pytest.mark.parametrize(
    "larger",
    [{"depths": (1, 2, 0, 1)}, {"pyramid": 20}, {"head": 16}, {"widths": (8, 8, 16, 24, 16), "depths": (1, 1, 1, 1)}],
)
def test_a_grown_network_sees_what_it_grew_from_and_all_of_it_learns(larger: dict[str, int | tuple[int, ...]]) -> None:
    small, large = small_and_large(**larger)
    grow(small, large)
    page = torch.rand(2, 1, 64, 96) - 0.5
    with torch.inference_mode():
        assert torch.allclose(small(page), large(page), atol=1e-5)
    optimiser = torch.optim.SGD(large.parameters(), lr=0.01)
    for _ in range(3):  # what nothing looks at yet learns once something does
        large(page).square().mean().backward()
        optimiser.step()
    assert all(float(weight.grad.abs().max()) > 0 for weight in large.parameters() if weight.grad is not None)
    assert all(weight.grad is not None for weight in large.parameters())


def test_a_network_does_not_grow_smaller() -> None:
    small, large = small_and_large(pyramid=20)
    with pytest.raises(SettingsError, match="as large everywhere"):
        grow(large, small)
    deeper = small_and_large(depths=(1, 0, 0, 0))[1]
    with pytest.raises(SettingsError, match="as large everywhere"):
        grow(deeper, small)


# Training and export, on very little.


def recipe_file(folder: Path, fonts: Path, extra: str = "") -> Path:
    path = folder / "small.toml"
    path.write_text(
        f'fonts = "{fonts}"\npool = "pool"\npages = 3\nminutes = 0.05\nside = 96\nbatch = 2\n'
        f"threads = 1\n{extra}\n[network]\n{TINY}",
        encoding="utf-8",
    )
    return path


def test_recipes_are_read_and_mistakes_named(tmp_path: Path, fonts: Path) -> None:
    made = FinderRecipe.open(recipe_file(tmp_path, fonts))
    assert made.name == "small"
    assert Path(made.pool) == tmp_path / "pool"
    assert made.network == config()
    with pytest.raises(SettingsError, match="minuets"):
        FinderRecipe.open(recipe_file(tmp_path, fonts, "minuets = 3"))
    with pytest.raises(SettingsError, match="multiple"):
        FinderRecipe(name="x", fonts="f", pool="p", minutes=1, side=100)
    for impossible in ({"processes": 0}, {"batch": 0}, {"least": 1.5}, {"least": -0.1}):
        with pytest.raises(SettingsError, match=next(iter(impossible))):
            FinderRecipe(name="x", fonts="f", pool="p", minutes=1, **impossible)
    with pytest.raises(DataError):
        FinderRecipe.open(tmp_path / "none.toml")
    other = tmp_path / "other.toml"
    other.write_text('fonts = "f"\n', encoding="utf-8")
    with pytest.raises(SettingsError, match="minutes"):
        FinderRecipe.open(other)


@pytest.mark.slow
def test_a_run_makes_pages_learns_stops_and_goes_on(tmp_path: Path, fonts: Path) -> None:
    path = recipe_file(tmp_path, fonts)
    train.run(Namespace(config=path, output=tmp_path / "run", resume=False))
    assert len(list((tmp_path / "pool").glob("*.png"))) == 3
    model, about = train.load(tmp_path / "run" / "weights.pt")
    assert about["step"] > 0
    assert not model.training
    with pytest.raises(DataError, match="holds a run"):
        train.run(Namespace(config=path, output=tmp_path / "run", resume=False))
    longer = tmp_path / "longer.toml"
    text = path.read_text().replace("minutes = 0.05", "minutes = 0.09\nprocesses = 2")
    longer.write_text(text, encoding="utf-8")
    train.run(Namespace(config=longer, output=tmp_path / "run", resume=True))
    told = train.load(tmp_path / "run" / "weights.pt")[1]
    assert told["step"] > about["step"]
    assert told["seconds"] >= 60 * 0.09
    with pytest.raises(DataError, match="no checkpoint"):
        train.load(path)
    with pytest.raises(DataError, match="no checkpoint"):
        train.load(tmp_path / "none.pt")


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory, fonts: Path) -> tuple[Finder, list[float]]:
    """A network taught one page, and its losses."""
    face, folder = Fonts(fonts).faces[0], tmp_path_factory.mktemp("pool")
    page = Sheet(np.full((160, 160), 255, np.float32))
    for row in range(3):
        page.put(level(face, 24, "HHHHHH"), 20, 20 + 45 * row, 0)
    pool.write(page, folder / "page.png")
    torch.manual_seed(0)
    model, held = Finder(config()), Pool(folder)
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-2)
    rng, seen = np.random.default_rng(0), []
    for _ in range(60):
        pages, wanted = train.batch(held, rng, 4, 96)
        found = losses.loss(model(pages), wanted, hard=0.0)
        optimiser.zero_grad()
        found.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        seen.append(float(found.detach()))
    return model, seen


def test_training_lowers_the_loss(learned: tuple[Finder, list[float]]) -> None:
    _, seen = learned
    assert np.mean(seen[-8:]) < 0.8 * np.mean(seen[:8])


def test_the_file_answers_as_the_network_does(learned: tuple[Finder, list[float]], tmp_path: Path) -> None:
    model, _ = learned
    path = tmp_path / "find.onnx"
    rng = np.random.default_rng(0)
    pages = [rng.uniform(-0.5, 0.5, (1, 1, 64, 96)).astype(np.float32) for _ in range(4)]
    found = release(model, path, card={"licence": "Apache-2.0"}, pages=pages)
    assert found["float32"].largest < 1e-4
    assert found["float32"].pages == 4
    # another size than it was exported with
    wide = rng.uniform(-0.5, 0.5, (1, 1, 128, 32)).astype(np.float32)
    assert compare(torch_run(model), session_run(path), [wide]).largest < 1e-4
    assert json.loads(dbnet.opened(path).get_modelmeta().custom_metadata_map["shizi.card"])["precision"] == "float32"


def test_a_run_starts_from_a_smaller_network_s_file(
    learned: tuple[Finder, list[float]], tmp_path: Path, fonts: Path
) -> None:
    model, _ = learned
    release(model, tmp_path / "small.onnx", card={}, pages=[np.zeros((1, 1, 64, 64), np.float32)])
    larger = TINY.replace("depths = [0, 0, 0, 0]", "depths = [0, 1, 0, 0]")
    path = recipe_file(tmp_path, fonts, f'start = "small.onnx"\n[start_network]\n{TINY}')
    path.write_text(path.read_text().replace(f"[network]\n{TINY}", f"[network]\n{larger}"), encoding="utf-8")
    recipe = FinderRecipe.open(path)
    assert recipe.start_network == config()
    pool.fill(Path(recipe.pool), train.page_maker(recipe), 1, 1)
    grown = train.Trainer(recipe, tmp_path / "run").model
    page = np.random.default_rng(0).uniform(-0.5, 0.5, (1, 1, 64, 96)).astype(np.float32)
    assert np.abs(torch_run(model)(page) - torch_run(grown)(page)).max() < 0.01


def test_int8_is_smaller_and_refused_where_it_sees_other_lines(
    learned: tuple[Finder, list[float]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, _ = learned
    rng = np.random.default_rng(0)
    pages = [rng.uniform(-0.5, 0.5, (1, 1, 64, 96)).astype(np.float32) for _ in range(4)]
    path = tmp_path / "find.onnx"
    monkeypatch.setattr("shizi.learn.finder.export.MIN_AGREEMENT_INT8", 0.0)
    found = release(model, path, card={}, pages=pages, int8=True)
    assert found["int8"].pages == 2
    assert json.loads(dbnet.opened(path).get_modelmeta().custom_metadata_map["shizi.card"])["precision"] == "int8"
    before = path.read_bytes()
    monkeypatch.setattr("shizi.learn.finder.export.MIN_AGREEMENT_INT8", 1.1)
    with pytest.raises(ModelError, match="int8"):
        release(model, path, card={}, pages=pages, int8=True)
    assert path.read_bytes() == before


def test_agreement_is_the_overlap_of_what_two_networks_see() -> None:
    def seen(columns: int) -> np.ndarray:
        made = np.zeros((1, 2, 4, 8), np.float32)
        made[0, 0, :, :columns] = 0.9
        return made

    page = [np.zeros((1, 1, 8, 16), np.float32)]
    assert compare(lambda _: seen(4), lambda _: seen(4), page) == Difference(1, 0.0, 1.0)
    assert compare(lambda _: seen(4), lambda _: seen(2), page).agreement == pytest.approx(2 / 3)
    assert compare(lambda _: seen(0), lambda _: seen(0), page).agreement == 1.0


# Pages from outside.


def test_real_pages_with_truth_are_taken(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text('{"lines": [{"text": "a", "polygon": [[1, 1], [9, 1], [9, 5], [1, 5]]}]}')
    (tmp_path / "x.jpg").write_bytes(cv2.imencode(".jpg", np.zeros((20, 30), np.uint8))[1].tobytes())
    grey, lines = Pool(tmp_path).page(0)
    assert grey.shape == (20, 30)
    assert lines[0].height == 4
    assert not lines[0].ignore


@pytest.mark.parametrize("truth", ["{}", '{"lines": [{"polygon": [[0, 0], [1, 1], [2, 2]]}]}', "no json"])
def test_broken_truth_is_named(tmp_path: Path, truth: str) -> None:
    (tmp_path / "x.json").write_text(truth)
    (tmp_path / "x.png").write_bytes(cv2.imencode(".png", np.zeros((20, 30), np.uint8))[1].tobytes())
    with pytest.raises(DataError, match=r"x\.json"):
        Pool(tmp_path).page(0)


def test_an_empty_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no pages"):
        Pool(tmp_path)
