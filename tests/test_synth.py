"""Made lines: the right glyphs, at the place that the truth says, never one that a font lacks."""

from __future__ import annotations

import lzma
from argparse import Namespace
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from fonts import drawn_font, pillow_font
from shizi.errors import DataError
from shizi.learn.finder.ink import Fonts
from shizi.learn.recipe import Stage
from shizi.learn.sources import Laid, Sources
from shizi.learn.synth import degrade, rows
from shizi.learn.synth.atlas import CELL, EM, Atlas, build_atlas, font_files
from shizi.learn.synth.command import run
from shizi.learn.synth.compose import Composer, Layout, _bent
from shizi.learn.synth.degrade import CLEAN, HARD, Degrader, Level
from shizi.learn.synth.lines import LineMaker
from shizi.learn.synth.rows import Style
from shizi.learn.synth.text import PROVINCES, Sampler, capital_amount, code, date, number, plate
from shizi.read.charset import ASCII, Charset

PLAIN = Style(loose=0.0, hand=0.0, cut=0.0)
LATIN = Charset.of(ASCII)


@pytest.fixture(scope="module")
def atlas(tmp_path_factory: pytest.TempPathFactory) -> Atlas:
    return build_atlas([pillow_font(tmp_path_factory.mktemp("fonts") / "pillow.ttf")], LATIN)


@pytest.fixture(scope="module")
def maker(atlas: Atlas) -> LineMaker:
    return LineMaker(atlas, LATIN, Sampler(LATIN, None), Degrader())


def test_a_glyph_without_outline_is_left_out(tmp_path: Path) -> None:
    font = drawn_font(tmp_path / "bars.ttf", {"a": 1, "b": 0, "c": 3})
    atlas = build_atlas([font], Charset.of("abcd"))
    assert (atlas.table[0] >= 0).tolist() == [False, True, False, True, False]


def test_a_picture_shared_by_many_characters_is_a_placeholder(tmp_path: Path) -> None:
    font = drawn_font(tmp_path / "bars.ttf", dict.fromkeys("abcdefg", 2) | {"x": 1, "y": 3})
    atlas = build_atlas([font], Charset.of("abcdefgxy"))
    charset = Charset.of("abcdefgxy")
    assert [c for c in charset.chars if atlas.table[0, charset.encode(c)[0]] >= 0] == ["x", "y"]


def test_the_atlas_is_kept_and_read_back(tmp_path: Path) -> None:
    font = pillow_font(tmp_path / "pillow.ttf")
    made = build_atlas([font], LATIN, tmp_path / "cache")
    (stored,) = (tmp_path / "cache").iterdir()
    read = Atlas.open(stored)
    assert read.names == ("pillow.ttf",)
    np.testing.assert_array_equal(made.pictures, read.pictures)
    np.testing.assert_array_equal(made.table, read.table)
    assert made.pictures.shape[1:] == (CELL, CELL)


def test_a_folder_without_fonts_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no fonts"):
        font_files(tmp_path)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**31), width=st.sampled_from((64, 160, 320)))
def test_strips_and_truth_agree_in_shape(maker: LineMaker, seed: int, width: int) -> None:
    torch.manual_seed(seed)
    batch = maker.lines(np.random.default_rng(seed), 4, width, HARD, Style())
    assert batch.strips.shape == (4, 1, 32, width)
    assert float(batch.strips.min()) >= -0.5
    assert float(batch.strips.max()) <= 0.5
    assert batch.centres is not None
    for label, centres, columns, strip in zip(batch.labels, batch.centres, batch.widths, batch.strips, strict=True):
        assert len(label) == len(centres) > 0
        assert (np.diff(centres) > 0).all()
        assert 0 < columns <= width
        assert (strip[0, :, int(columns) :] == 0.5).all(), "the padding is white"
        text = LATIN.decode(label)
        assert not text.endswith(" "), "a blank at the end cannot be seen"


def test_there_is_ink_where_the_truth_says(maker: LineMaker) -> None:
    batch = maker.lines(np.random.default_rng(3), 24, 320, CLEAN, PLAIN)
    assert batch.centres is not None
    seen = []
    for label, centres, strip in zip(batch.labels, batch.centres, batch.strips[:, 0].numpy(), strict=True):
        ink = strip.min(axis=0) < 0
        for char, centre in zip(LATIN.decode(label), centres, strict=True):
            if char.isalnum():
                around = ink[max(0, int(centre) - 8) : int(centre) + 9]
                seen.append(bool(around.any()))
    assert len(seen) > 50
    assert np.mean(seen) > 0.97


@pytest.mark.parametrize("form", ["plates", "squared", "scene"])
def test_lines_of_a_form_have_their_ink_where_the_truth_says(maker: LineMaker, form: str) -> None:
    style = Style(hand=0.0, cut=0.0, **{form: 1.0})
    torch.manual_seed(1)
    batch = maker.lines(np.random.default_rng(4), 24, 320, CLEAN, style)
    assert batch.centres is not None
    seen = []
    for label, centres, strip in zip(batch.labels, batch.centres, batch.strips[:, 0].numpy(), strict=True):
        ink = strip.min(axis=0) < 0
        for char, centre in zip(LATIN.decode(label), centres, strict=True):
            if char.isalnum():
                seen.append(bool(ink[max(0, int(centre) - 8) : int(centre) + 9].any()))
    assert len(seen) > 50 and np.mean(seen) > 0.97


def test_squares_are_ruled_around_characters() -> None:
    """The rules lie between the characters and around them, not through them."""
    glyphs = torch.zeros(1, 40, 40, dtype=torch.uint8)
    zero, one = torch.zeros(1), torch.ones(1)
    layout = Layout(
        glyphs=torch.zeros(1, 2, dtype=torch.int64),
        starts=torch.tensor([[0.0, 20.0]]),
        ends=torch.tensor([[20.0, 40.0]]),
        centres=torch.zeros(1, 2),
        scales=torch.ones(1, 2),
        aspects=one,
        shifts=torch.zeros(1, 2),
        bends=torch.zeros(1, 2, 6),
        lefts=torch.tensor([4.0]),
        middles=torch.tensor([16.0]),
        slants=zero,
        tilts=zero,
        tapers=zero,
        waves=torch.zeros(1, 3),
        elastic=zero,
        widths=torch.tensor([64.0]),
        rules=one,
        frames=torch.tensor([[0.0, -10.0, 40.0, 10.0, 1.0, 1.0]]),
    )
    ink = Composer(glyphs).draw(layout, 64)[0, 0]
    middle = ink[16]
    assert [x for x in range(64) if middle[x] > 0.5] == [4, 24, 44]
    upright = ink[:, 14]
    assert [y for y in range(32) if upright[y] > 0.5] == [6, 26]


@given(
    st.lists(st.floats(-20, 20), min_size=2, max_size=20, unique=True),
    st.floats(-0.32, 0.32),
    st.floats(-0.32, 0.32),
)
def test_parts_out_of_proportion_keep_their_order_and_their_square(
    places: list[float], one_end: float, middle: float
) -> None:
    """The strengths are the largest that a line by hand draws: two standard deviations of the least even writer."""
    straight = torch.tensor(sorted(places), dtype=torch.float64)
    bent = _bent(straight, torch.tensor(one_end, dtype=torch.float64), torch.tensor(middle, dtype=torch.float64))
    assert bool((bent.diff() >= 0).all())
    beyond = straight.abs() >= EM / 2
    torch.testing.assert_close(bent[beyond], straight[beyond], atol=1e-5, rtol=0)


def test_the_strongest_bend_is_what_the_property_above_covers() -> None:
    assert max(rows.BENDS[2:]) * 2 * 2 <= 0.32 + 1e-9


def test_a_glyph_is_replaced_and_its_neighbours_stay(atlas: Atlas) -> None:
    composer = Composer(torch.from_numpy(atlas.pictures[:3]))
    before = composer.glyphs.view(3, composer.side, composer.side).clone()
    composer.put(np.array([1]), np.full((1, CELL, CELL), 7, dtype=np.uint8))
    after = composer.glyphs.view(3, composer.side, composer.side)
    torch.testing.assert_close(after[[0, 2]], before[[0, 2]])
    assert bool((after[1, 1 : CELL + 1, 1 : CELL + 1] == 7).all())
    assert int((after[1] == 7).sum()) == CELL * CELL


def test_a_large_batch_is_put_together_of_parts_with_levels_of_their_own(maker: LineMaker) -> None:
    stage = Stage("lines", steps=1, batch=90, widths=(64,), levels=("clean", "degraded"), ctc=1.0)
    sources = Sources(LATIN, maker, maker)
    laid = sources.laid(np.random.default_rng(1), stage, part=20)
    assert isinstance(laid, Laid)
    assert [len(plan.widths) for plan, _ in laid.parts] == [10, 10, 10, 10, 5]
    assert {level for _, level in laid.parts} == {CLEAN, HARD}
    batch = sources.drawn(laid)
    assert batch.strips.shape == (45, 1, 32, 64)
    assert batch.centres is not None
    assert len(batch.labels) == len(batch.widths) == len(batch.centres) == 45
    assert all(len(label) == len(centres) for label, centres in zip(batch.labels, batch.centres, strict=True))


def test_plates_begin_with_a_province_and_a_letter() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        text = plate(rng)
        assert text[0] in PROVINCES and text[1].isascii() and text[1].isupper() and text[2] in "· "
        assert 8 <= len(text) <= 9 and not set("IO") & set(text)


def test_the_same_seed_makes_the_same_lines(maker: LineMaker) -> None:
    made = []
    for _ in range(2):
        torch.manual_seed(5)
        made.append(maker.lines(np.random.default_rng(5), 3, 160, HARD, Style()))
    assert made[0].labels == made[1].labels
    torch.testing.assert_close(made[0].strips, made[1].strips)


def test_a_single_character_stands_in_the_middle(maker: LineMaker) -> None:
    batch = maker.characters(np.random.default_rng(1), 32, CLEAN, PLAIN)
    assert batch.strips.shape == (32, 1, 32, 32)
    assert all(len(label) == 1 for label in batch.labels)
    middle = batch.strips[:, 0, :, 8:24].amin(dim=(1, 2))
    assert (middle < 0).float().mean() > 0.9


def test_degrading_keeps_shape_and_range() -> None:
    torch.manual_seed(0)
    ink = torch.rand(6, 1, 32, 96)
    for grounds in (None, (torch.rand(3, 320, 320) * 255).to(torch.uint8)):
        grey = Degrader(grounds)(ink, HARD)
        assert grey.shape == ink.shape
        assert float(grey.min()) >= 0
        assert float(grey.max()) <= 255


def test_texts_stay_within_the_alphabet_and_length() -> None:
    sampler = Sampler(Charset.default(), None)
    rng = np.random.default_rng(0)
    for _ in range(300):
        text = sampler(rng, 12)
        assert 0 < len(text) <= 12
        assert text == text.strip()
        assert all(char in sampler.charset for char in text)


def test_corpora_are_read_plain_and_packed(tmp_path: Path) -> None:
    (tmp_path / "zh.txt").write_text("春眠不觉晓，处处闻啼鸟。\n" * 3, encoding="utf-8")
    with lzma.open(tmp_path / "en.txt.xz", "wt", encoding="utf-8") as file:
        file.write("morning\nbirds\n")
    sampler = Sampler(Charset.default(), tmp_path)
    rng = np.random.default_rng(0)
    drawn = "".join(sampler(rng, 10) for _ in range(300))
    assert "春眠" in drawn
    assert "bird" in drawn.lower()


def test_english_texts_alone_are_enough(tmp_path: Path) -> None:
    (tmp_path / "en.txt").write_text("morning\nbirds\n", encoding="utf-8")
    sampler, rng = Sampler(Charset.default(), tmp_path, natural=0.9), np.random.default_rng(0)
    texts = [sampler(rng, 10).lower() for _ in range(300)]
    assert sum("birds" in text or "morning" in text for text in texts) > 150, "they take the share of prose"


@pytest.mark.parametrize(
    ("name", "data", "fault"),
    [
        ("a.txt", "春眠不觉晓\n".encode("gbk"), "no line of the texts .* is UTF-8"),
        ("a.txt", "ελληνικά\n".encode(), "nine tenths within the alphabet"),
        ("a.txt.xz", b"no archive", r"a\.txt\.xz cannot be unpacked"),
    ],
)
def test_texts_that_cannot_be_used_are_named(tmp_path: Path, name: str, data: bytes, fault: str) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(DataError, match=fault):
        Sampler(Charset.of(ASCII + "春眠"), tmp_path)


def test_an_alphabet_without_letters_has_single_characters_and_lines(tmp_path: Path) -> None:
    charset = Charset.of("一二三四五")
    font = drawn_font(tmp_path / "bars.ttf", dict(zip(charset.chars, range(1, 6), strict=True)))
    maker = LineMaker(build_atlas([font], charset), charset, Sampler(charset, None), Degrader())
    rng = np.random.default_rng(0)
    assert len(maker.characters(rng, 40, CLEAN, PLAIN).labels) == 40
    assert len(maker.lines(rng, 5, 160, CLEAN, PLAIN).labels) == 5


def test_fonts_that_lack_some_letters_give_those_they_have(tmp_path: Path) -> None:
    charset = Charset.of("0123一")
    font = drawn_font(tmp_path / "bars.ttf", {"0": 1, "1": 2, "一": 3})
    maker = LineMaker(build_atlas([font], charset), charset, Sampler(charset, None), Degrader())
    batch = maker.lines(np.random.default_rng(0), 20, 96, CLEAN, PLAIN)
    assert {*charset.decode([cls for label in batch.labels for cls in label])} == {"0", "1", "一"}


def test_fonts_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    (tmp_path / "broken.ttf").write_bytes(b"no font")
    with pytest.raises(DataError, match=r"broken\.ttf cannot be opened as a font"):
        build_atlas([tmp_path / "broken.ttf"], LATIN)
    with pytest.raises(DataError, match=r"broken\.ttf cannot be opened as a font"):
        Fonts(tmp_path)
    for bars in ({"一": 1}, {" ": 0, "a": 0}):
        font = drawn_font(tmp_path / "bars.ttf", bars)
        with pytest.raises(DataError, match=r"bars\.ttf has none of the alphabet's characters"):
            build_atlas([font], LATIN)
    (tmp_path / "broken.ttf").unlink()
    drawn_font(font, {"a": 2})
    font.write_bytes(font.read_bytes().replace(b"loca", b"gone"))  # FreeType wants it, fontTools does not look
    with pytest.raises(DataError, match=r"bars\.ttf cannot be drawn with"):
        build_atlas([font], LATIN)


@pytest.mark.parametrize("maker", [number, date, capital_amount, code])
def test_numbers_dates_and_codes_can_be_read_with_the_alphabet(maker: object) -> None:
    charset, rng = Charset.default(), np.random.default_rng(0)
    for _ in range(200):
        text = maker(rng)  # type: ignore[operator]
        assert text
        assert charset.known(text) == text


def test_the_command_writes_a_set_and_a_sheet(tmp_path: Path) -> None:
    (tmp_path / "fonts").mkdir()
    pillow_font(tmp_path / "fonts" / "pillow.ttf")
    places = {"fonts": tmp_path / "fonts", "output": tmp_path / "set", "sheet": tmp_path / "sheet.png"}
    texts = {"corpora": None, "backgrounds": None, "alphabet": None}
    assert run(Namespace(**places, **texts, count=5, level="degraded", seed=1)) == 0
    rows = (tmp_path / "set" / "labels.tsv").read_text(encoding="utf-8").splitlines()
    assert len(rows) == 5
    for row in rows:
        name, text = row.split("\t")
        assert text
        assert (tmp_path / "set" / name).stat().st_size > 100
    assert (tmp_path / "sheet.png").stat().st_size > 1000


def test_the_command_wants_something_to_write() -> None:
    with pytest.raises(DataError, match="nothing to write"):
        run(Namespace(fonts=".", output=None, sheet=None))


def test_capitals_that_stand_for_small_letters_are_left_out(tmp_path: Path) -> None:
    letters = "abdeghnqrt"
    capitals = {c: 1 + i % 5 for i, c in enumerate(letters.upper())}
    small = {c: 1 + (i + 2) % 5 for i, c in enumerate(letters)}
    charset = Charset.of(letters + letters.upper())
    honest = build_atlas([drawn_font(tmp_path / "honest.ttf", capitals | small)], charset)
    assert (honest.table[0, 1:] >= 0).all()
    copies = {c.lower(): n for c, n in capitals.items()}
    false = build_atlas([drawn_font(tmp_path / "false.ttf", capitals | copies)], charset)
    assert (false.table[0, charset.encode(letters.upper())] >= 0).all()
    assert (false.table[0, charset.encode(letters)] < 0).all()


INK = torch.rand(40, 1, 32, 96, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_pale_print_and_stamps_go_one_way(share: float) -> None:
    torch.manual_seed(0)
    pale, stamped = degrade._fade(INK, share), degrade._stamp(INK, share)
    assert ((pale <= INK) & (pale >= 0)).all() and ((stamped >= INK) & (stamped <= 1)).all()
    assert bool((pale < INK).any()) == bool((stamped > INK).any()) == bool(share)
    assert (pale >= 0.12 * INK - 1e-6).all()  # nobody could read less


def test_print_in_few_dots_has_ink_or_none_and_keeps_its_place() -> None:
    torch.manual_seed(0)
    square = torch.zeros(60, 1, 32, 96)
    square[..., 8:24, 30:60] = 1
    dots = degrade._raster(square, 1.0)
    assert ((dots > 0.85) | (dots < 0.15)).float().mean() > 0.85
    assert dots[..., 12:20, 36:54].min() > 0.7 and dots[..., 70:].max() < 0.3
    assert torch.equal(degrade._raster(square, 0.0), square)


@pytest.mark.parametrize("reach", [2, 3])
def test_rims_and_shadows_stay_near_the_letters(reach: int) -> None:
    torch.manual_seed(0)
    square = torch.zeros(64, 1, 32, 48)
    square[:, :, 12:18, 20:26] = 1
    made = degrade._outline(square, 1.0) if reach == 2 else degrade._shadow(square, 1.0)
    assert made.min() >= -1
    assert made.max() <= 1
    far = torch.ones(32, 48, dtype=torch.bool)
    far[12 - reach : 18 + reach, 20 - reach : 26 + reach] = False
    assert (made[:, 0, far] == 0).all()
    assert (made != square).flatten(1).any(dim=1).all()


def test_nothing_is_rimmed_or_shaded_where_none_is_chosen() -> None:
    square = torch.zeros(8, 1, 32, 48)
    square[:, :, 12:18, 20:26] = 1
    assert torch.equal(degrade._outline(square, 0.0), square)
    assert torch.equal(degrade._shadow(square, 0.0), square)


def test_some_rims_are_lighter_than_the_ground_and_some_letters_hollow() -> None:
    torch.manual_seed(0)
    square = torch.zeros(200, 1, 32, 48)
    square[:, :, 12:18, 20:26] = 1
    made = degrade._outline(square, 1.0)
    beside, within = made[:, 0, 11, 23], made[:, 0, 15, 23]
    assert 0.15 < (beside < 0).float().mean() < 0.45
    assert 0.3 < (within < beside).float().mean() < 0.6


def test_a_screens_waves_are_light_and_dark_alike() -> None:
    torch.manual_seed(0)
    grey = torch.full((40, 1, 32, 320), 128.0)
    waves = degrade._moire(grey, 1.0) - grey
    assert waves.abs().max() <= 28
    assert waves.mean().abs() < 1
    assert torch.equal(degrade._moire(grey, 0.0), grey)


def test_lone_characters_are_of_any_width_and_letters_may_be_narrow() -> None:
    rng = np.random.default_rng(0)
    lone = np.array([rows._aspect(rng, Style(), rows.PLAIN, 1) for _ in range(500)])
    text = np.array([rows._aspect(rng, Style(), rows.PLAIN, 9) for _ in range(500)])
    assert lone.min() < 0.6 and lone.max() > 1.2 and lone.min() >= 0.5 and lone.max() <= 1.7
    assert text.std() < 0.1 < lone.std()


def test_lines_drawn_finer_are_the_same_lines(tmp_path: Path) -> None:
    font = pillow_font(tmp_path / "pillow.ttf")

    def maker(em: int, height: int) -> LineMaker:
        return LineMaker(
            build_atlas([font], LATIN, em=em), LATIN, Sampler(LATIN, None), Degrader(), drawn=em, height=height
        )

    plan = maker(32, 32).plan(np.random.default_rng(3), 6, 160, PLAIN)
    nothing = Level(*[0.0] * len(fields(Level)))
    torch.manual_seed(0)
    plain, fine, brought = (maker(*rows).drawn(plan, nothing) for rows in ((32, 32), (48, 48), (48, 32)))
    assert fine.strips.shape == (6, 1, 48, 240) and brought.strips.shape == plain.strips.shape == (6, 1, 32, 160)
    ink, other = (255.0 - batch.pictures for batch in (plain, brought))

    def alike(down: int, along: int) -> float:
        return float(np.corrcoef(ink.ravel(), np.roll(other, (down, along), (1, 2)).ravel())[0, 1])

    assert alike(0, 0) > 0.9  # not 1: fonts are hinted for their size
    assert max(alike(-1, 0), alike(1, 0), alike(0, -1), alike(0, 1)) < alike(0, 0) - 0.05, "a pixel beside it"
    for grey, width in zip(fine.pictures, fine.widths, strict=True):
        assert (grey[:, width * 48 // 32 + 3 :] > 250).all()


def test_characters_can_stand_alone(maker: LineMaker) -> None:
    torch.manual_seed(0)

    def beside(alone: float) -> float:
        style = Style(loose=0.0, hand=0.0, cut=0.0, alone=alone)
        batch = maker.characters(np.random.default_rng(0), 64, CLEAN, style)
        return float(np.ptp(batch.pictures[:, :, :2].astype(float), axis=(1, 2)).mean())

    assert beside(1.0) < beside(0.0)


def test_a_dense_row_of_dots_is_told_as_far_as_ctc_can_tell_it(atlas: Atlas) -> None:
    maker = LineMaker(atlas, LATIN, lambda rng, length: "A" + "." * 30 + "11111", Degrader())  # type: ignore[arg-type]
    plan = maker.plan(np.random.default_rng(0), 20, 480, Style(hand=0.0))
    dot, one = LATIN.encode(".1")
    for label, middles in zip(plan.labels, plan.middles, strict=True):
        assert len(label) == len(middles) and label[0] == LATIN.encode("A")[0]
        assert 3 <= label.count(dot) <= 30
        dots = middles[np.array(label) == dot]
        assert (np.diff(dots[2:]) >= rows.APART).all()
        assert label.count(one) == 5 or plan.width - middles[-1] < 60, "figures are never left out, but cut off"
    assert min(label.count(dot) for label in plan.labels) < 20
