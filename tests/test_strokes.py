"""Handwriting from stroke data: each hand writes the character that it is given, in its cell, always the same way."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from fonts import pillow_font
from shizi.errors import DataError
from shizi.learn.synth.atlas import CELL, CENTRE, EM, PEN, Atlas, build_atlas
from shizi.learn.synth.living import FIRST, hand
from shizi.learn.synth.strokes import (
    MOST_BENT,
    PART,
    QUICK,
    Hand,
    Stroke,
    _bent,
    _parts,
    _placed,
    draw_hand,
    open_strokes,
    taught,
)
from shizi.read.charset import Charset

MEDIANS = {
    "一": [[[100, 380], [500, 390], [920, 400]]],
    "丨": [[[512, 860], [512, 400], [510, -80]]],
    "十": [[[100, 400], [500, 410], [920, 420]], [[512, 860], [512, 400], [510, -80]]],
    "八": [[[400, 600], [250, 250]], [[600, 600], [800, 250]]],
    "口": [[[200, 700], [210, 100]], [[200, 700], [800, 700], [800, 100]], [[210, 120], [800, 120]]],
}
CORNER = (PEN, CENTRE - EM / 2)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for char, medians in MEDIANS.items():
        (tmp_path / f"{char}.json").write_text(json.dumps({"medians": medians}), encoding="utf-8")
    (tmp_path / "package.json").write_text("{}", encoding="utf-8")
    return tmp_path


def drawn(paths: dict[str, list[Stroke]], char: str, hand: Hand) -> NDArray[np.uint8]:
    return draw_hand(paths, [char], hand, CELL, EM, CORNER)[0]


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 500))
def test_every_hand_keeps_the_shape_of_a_stroke(seed: int) -> None:
    hand = Hand.drawn(seed)
    paths = {"一": [np.array([[0.1, 0.5], [0.5, 0.5], [0.9, 0.5]], np.float32)]}
    rows, columns = np.nonzero(drawn(paths, "一", hand) > 64)
    assert len(rows), "there is ink"
    assert np.ptp(columns) > (2 if seed < QUICK else 0.8) * np.ptp(rows), "and it lies level, in haste more or less"
    assert abs(float(rows.mean()) - CENTRE) < 8 and abs(float(columns.mean()) - (PEN + EM / 2)) < 6


def test_a_hand_writes_a_character_the_same_way_each_time_and_others_write_it_otherwise(folder: Path) -> None:
    paths = open_strokes(folder)
    pictures = [drawn(paths, "口", Hand.drawn(seed)) for seed in range(6)]
    assert all((drawn(paths, "口", Hand.drawn(seed)) == one).all() for seed, one in enumerate(pictures))
    assert len({one.tobytes() for one in pictures}) == len(pictures)


def test_a_hand_is_a_font_of_the_atlas(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    charset = Charset.of("A十一中")
    font = pillow_font(tmp_path_factory.mktemp("fonts") / "pillow.ttf")
    atlas = build_atlas([font], charset, None, [folder], 3)
    assert atlas.names == ("pillow.ttf", "hand-00", "hand-01", "hand-02")
    has = atlas.table[1:, 1:] >= 0
    assert has.tolist() == [[False, True, True, False]] * 3, "only what the data have"
    several = build_atlas([font], charset, None, [folder], 3, processes=2)
    assert several.names == atlas.names and (several.table == atlas.table).all()
    assert several.pictures.tobytes() == atlas.pictures.tobytes()
    glyph = atlas.table[1, charset.encode("十")[0]]
    assert atlas.pictures[glyph].max() > 200 and atlas.bottoms[glyph] - atlas.tops[glyph] > 15


def test_a_kept_atlas_is_of_the_same_strokes(tmp_path: Path) -> None:
    charset, font = Charset.of("A一"), pillow_font(tmp_path / "pillow.ttf")
    places = [tmp_path / "here" / "data", tmp_path / "there" / "data", tmp_path / "copy"]
    for place, column in zip(places, (100, 800, 100), strict=True):  # files of one name and one size
        place.mkdir(parents=True)
        (place / "一.json").write_text(json.dumps({"medians": [[[column, 400], [column + 100, 400]]]}))

    def kept(strokes: list[Path], hands: int) -> Atlas:
        return build_atlas([font], charset, tmp_path / "cache", strokes, hands)

    assert kept([], 2).names == ("pillow.ttf",), "no strokes, no hands"
    first = kept([places[0]], 2)
    assert first.names == ("pillow.ttf", "hand-00", "hand-01")
    assert first.pictures.tobytes() != kept([places[1]], 2).pictures.tobytes()
    assert [len(list((tmp_path / "cache").iterdir())), kept([], 3).names] == [3, ("pillow.ttf",)]
    assert kept([places[2]], 2).pictures.tobytes() == first.pictures.tobytes()
    assert len(list((tmp_path / "cache").iterdir())) == 3, "a copy of them elsewhere is drawn once"


def test_a_pen_that_stays_down_leaves_ink_between_the_strokes(folder: Path) -> None:
    paths = open_strokes(folder)
    hand = replace(Hand.drawn(0), shift=0, turn=0, stretch=0, loose=0, slant=0, rise=0)
    steady = replace(hand, squeeze=1, hurry=1e-3, round=0)
    lifted, joined = (drawn(paths, "八", replace(steady, joined=share)).astype(int) for share in (0.0, 1.0))
    assert (joined[lifted > 64] > 64).mean() > 0.9
    assert ((joined > 64) & (lifted < 32)).sum() > 10


KANJIVG = """<svg xmlns="http://www.w3.org/2000/svg" width="109" height="109"><g>
<path d="M10.9,54.5c20,0,40,0,87.2,0"/><path d="M54.5,10.9C54.5,40,54.5,60,54.5,98.1"/></g></svg>"""
TOMOE = """<?xml version="1.0"?><dictionary><character><utf8>{}</utf8><strokes>
<stroke><point x="100" y="500"/><point x="900" y="500"/></stroke>
<stroke><point x="500" y="100"/><point x="500" y="900"/></stroke></strokes></character></dictionary>"""


def test_kanjivg_and_tomoe_are_read_as_the_same_strokes(tmp_path: Path) -> None:
    kanji, tomoe = tmp_path / "kanji", tmp_path / "tomoe.xml"
    kanji.mkdir()
    (kanji / "05341.svg").write_text(KANJIVG, encoding="utf-8")
    (kanji / "05341-Kaisho.svg").write_text("another way of writing it is passed over", encoding="utf-8")
    tomoe.write_text(TOMOE.format("&#x5341;"), encoding="utf-8")
    for place in (kanji, tomoe):
        (across, down), *others = open_strokes(place).values()
        assert not others and list(open_strokes(place)) == ["十"]
        assert across[0] == pytest.approx([0.1, 0.5]) and across[-1] == pytest.approx([0.9, 0.5])
        assert down[0] == pytest.approx([0.5, 0.1]) and down[-1] == pytest.approx([0.5, 0.9])
    assert len(open_strokes(kanji)["十"][0]) > 3, "a curve is followed"


def test_hands_take_turns_with_what_they_learned_after(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "tomoe.xml"
    other.write_text(TOMOE.format("口"), encoding="utf-8")
    first, second = taught([folder, other], 0), taught([folder, other], 1)
    assert first.keys() == second.keys() == MEDIANS.keys(), "what the second place lacks comes from the first"
    assert len(first["口"]) == 3 and len(second["口"]) == 2
    assert first["十"] is second["十"]
    other.write_text(TOMOE.format("A"), encoding="utf-8")
    open_strokes.cache_clear()
    assert "A" not in taught([folder, other], 1), "letters are left to fonts"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.xml", "<dictionary>"),
        ("a.xml", "<dictionary/>"),
        ("a.xml", TOMOE.format("口").replace("900", "nine")),
        ("05341.svg", "<svg>"),
        ("05341.svg", KANJIVG.replace("M10.9,54.5", "")),
    ],
)
def test_broken_strokes_of_others_are_named(tmp_path: Path, name: str, content: str) -> None:
    file = tmp_path / name
    file.write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=name):
        open_strokes(file if name.endswith("xml") else tmp_path)


@pytest.mark.parametrize("content", ["", "[]", '{"medians": [[1, 2]]}', '{"strokes": []}', '{"medians": [[]]}'])
def test_a_broken_file_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "一.json").write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match="一"):
        open_strokes(tmp_path)


def test_a_folder_without_strokes_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no strokes"):
        open_strokes(tmp_path)


@given(st.lists(st.floats(-MOST_BENT, MOST_BENT), min_size=4, max_size=4))
def test_parts_out_of_proportion_stay_in_their_order(bends: list[float]) -> None:
    line = np.linspace(0, 1, 50, dtype=np.float32)
    bent = _bent(np.stack([line, line], axis=1), np.array(bends).reshape(2, 2))
    assert (np.diff(bent, axis=0) > 0).all()
    np.testing.assert_allclose(bent[[0, -1]], [(0, 0), (1, 1)], atol=1e-6)


def test_quick_hands_are_narrower_and_less_even() -> None:
    careful, quick = ([Hand.drawn(seed) for seed in seeds] for seeds in (range(QUICK), range(QUICK, QUICK + 40)))
    assert np.mean([hand.squeeze for hand in quick]) < np.mean([hand.squeeze for hand in careful]) - 0.1
    assert all(hand.uneven > 0 and hand.parts > 0 for hand in quick)
    assert not any(hand.uneven or hand.parts or hand.at_once for hand in careful)
    assert 0.5 < np.mean([hand.at_once > 0 for hand in quick]) < 0.85


def test_hands_beyond_the_atlas_are_quick_careful_or_hold_a_brush() -> None:
    hands = [hand(number) for number in range(FIRST, FIRST + 200)]
    brushes = sum(one.pen > 2.4 for one in hands)
    assert 20 < brushes < 70
    assert len({(one.pen, one.slant, one.squeeze) for one in hands}) == 200
    assert hand(FIRST) == hands[0]
    careful = [one for one in hands if not one.at_once and one.joined <= 0.5]
    assert len(careful) > 20


@given(st.integers(1, 30), st.integers(0, 2**32 - 1))
def test_parts_are_runs_of_strokes(count: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    strokes = [rng.random((3, 2)).astype(np.float32) for _ in range(count)]
    parts = _parts(strokes, rng)
    assert [id(stroke) for part in parts for stroke in part] == [id(stroke) for stroke in strokes]
    assert 1 <= len(parts) <= 3
    assert len(parts) == 1 or min(len(parts[0]), len(parts[-1])) >= PART


@given(st.integers(0, 2**32 - 1))
def test_the_strokes_of_a_part_stay_together(seed: int) -> None:
    rng = np.random.default_rng(seed)
    part = [rng.random((4, 2)).astype(np.float32) for _ in range(3)]
    still = _placed(part, replace(Hand.drawn(QUICK), parts=0.0), rng)
    assert all(np.allclose(a, b, atol=1e-6) for a, b in zip(part, still, strict=True))
    moved = np.concatenate(_placed(part, replace(Hand.drawn(QUICK), parts=0.15), rng))
    points = np.concatenate(part)
    for axis in range(2):  # moved and stretched as one
        slope, start = np.polyfit(points[:, axis], moved[:, axis], 1)
        assert slope > 0
        np.testing.assert_allclose(points[:, axis] * slope + start, moved[:, axis], atol=1e-4)


def test_a_part_written_at_once_is_one_path() -> None:
    rows = [np.array([[0.2, y], [0.8, y]], np.float32) for y in (0.15, 0.5, 0.85)]  # too far apart to be joined
    still = replace(Hand.drawn(QUICK), shift=0, turn=0, stretch=0, loose=0, slant=0, rise=0, uneven=0, squeeze=1)
    apart, flowing = (
        drawn({"三": rows}, "三", replace(still, joined=0, parts=1e-6, at_once=share)) for share in (0.0, 1.0)
    )
    pieces = [cv2.connectedComponents((one > 64).astype(np.uint8))[0] - 1 for one in (apart, flowing)]
    assert pieces == [3, 1]
