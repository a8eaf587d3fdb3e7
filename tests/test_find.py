"""Lines found on pages that the tests draw themselves."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from shizi.errors import SettingsError
from shizi.find import FINDERS, Candidate, Found, find, joins, lines, parts, projection
from shizi.find.lines import Lines, bands, near
from shizi.find.walls import Walls
from shizi.settings import FindSettings
from shizi.types import Quad

SETTINGS = FindSettings(finder="projection")
Box = tuple[int, int, int, int]
Grey = NDArray[np.uint8]


class Sheet:
    """A page, and the boxes of the ink of the lines written on it."""

    def __init__(self, width: int = 900, height: int = 600, ground: int = 250) -> None:
        self.image = Image.new("L", (width, height), ground)
        self.draw = ImageDraw.Draw(self.image)
        self.boxes: list[Box] = []

    def write(self, x: int, y: int, text: str, size: int = 22, ink: int = 20) -> None:
        font = ImageFont.load_default(size=size)
        self.boxes.append(tuple(round(v) for v in self.draw.textbbox((x, y), text, font)))
        self.draw.text((x, y), text, ink, font)

    @property
    def page(self) -> Grey:
        return np.asarray(self.image)


def same(quad: Quad, box: Box) -> bool:
    """IoU of at least 0.7."""
    left, top, right, bottom = quad.bounds
    wide, high = min(right, box[2]) - max(left, box[0]), min(bottom, box[3]) - max(top, box[1])
    shared = max(0.0, wide) * max(0.0, high)
    return shared >= 0.7 * ((right - left) * (bottom - top) + (box[2] - box[0]) * (box[3] - box[1]) - shared)


def check(page: Grey, boxes: list[Box], wanted: FindSettings = SETTINGS) -> None:
    """Each box is found once, and nothing else."""
    quads = [one.quad for one in find(page, wanted).lines]
    assert [sum(same(q, b) for q in quads) for b in boxes] == [1] * len(boxes), [q.bounds for q in quads]
    assert len(quads) == len(boxes), [q.bounds for q in quads]


def prose(ground: int = 250, ink: int = 20, size: int = 22) -> Sheet:
    sheet = Sheet(ground=ground)
    for i, text in enumerate(("Lines of text, one below", "the other; the gaps between", "words do not part them.")):
        sheet.write(60, 60 + 2 * size * i, text, size, ink)
    return sheet


@pytest.mark.parametrize(("ground", "ink"), [(250, 20), (20, 240), (255, 150), (90, 200)])
def test_dark_and_light_text(ground: int, ink: int) -> None:
    sheet = prose(ground, ink)
    check(sheet.page, sheet.boxes)


@pytest.mark.parametrize("size", [12, 16, 24, 40, 64])
def test_sizes(size: int) -> None:
    sheet = Sheet(1000, 400)
    sheet.write(40, 40, "Heights of", size)
    sheet.write(40, 40 + round(1.6 * size), "letters 0123", size)
    check(sheet.page, sheet.boxes)


def test_very_large_letters() -> None:
    sheet = Sheet(1600, 700)
    sheet.write(80, 150, "GRAND", 300)
    check(sheet.page, sheet.boxes)


def test_columns_stay_apart() -> None:
    sheet = Sheet()
    for i in range(6):
        sheet.write(40, 40 + 36 * i, "left column text")
        sheet.write(500, 40 + 36 * i, "right column text")
    check(sheet.page, sheet.boxes)


def test_a_light_heading_on_a_dark_bar_above_dark_text() -> None:
    sheet = prose()
    sheet.draw.rectangle((40, 400, 860, 460), fill=30)
    sheet.write(80, 416, "Total amount due", ink=240)
    check(sheet.page, sheet.boxes)


@pytest.mark.parametrize(("ground", "badge", "ink"), [(20, 90, 250), (20, 140, 250), (250, 170, 10), (250, 120, 10)])
def test_buttons_darker_than_paper_or_lighter_than_night_are_the_ground_of_their_words(
    ground: int, badge: int, ink: int
) -> None:
    sheet = Sheet(ground=ground)
    for row in range(6):
        y = 40 + 90 * row
        sheet.write(60, y, f"Name {row}", 26, ink)
        sheet.draw.rounded_rectangle((480, y - 8, 640, y + 34), 6, badge)
        sheet.write(520, y, f"+{row}.{row}7%", 26, ink)
    check(sheet.page, sheet.boxes)


def test_a_rule_parts_what_stands_close_on_both_sides_of_it() -> None:
    sheet = Sheet()
    for row in range(4):
        sheet.write(100, 60 + 50 * row, f"6302.9{row}")
        right = sheet.boxes[-1][2]
        sheet.write(right + 12, 60 + 50 * row, "boxes")
        sheet.draw.line((right + 6, 30, right + 6, 270), 20)
    check(sheet.page, sheet.boxes)


def test_what_stands_between_two_texts_joins_them() -> None:
    sheet = prose()
    for row, mark in enumerate(("=", "-", "+")):
        x, y = 60, 240 + 50 * row
        for text in ("value", mark, "other"):
            sheet.write(x, y, text)
            x = sheet.boxes[-1][2] + 15
        *_, (left, top, _, bottom), _, (_, _, right, _) = sheet.boxes
        sheet.boxes[-3:] = [(left, top, right, bottom)]
    check(sheet.page, sheet.boxes)


def test_many_marks_in_what_follows_do_not_part_a_line_at_its_colon() -> None:
    """Those behind the next text count as no rule of dashes beside the first one."""
    sheet = Sheet(1600)
    for at in range(3):
        square(sheet, 60 + 28 * at, 100)
    sheet.draw.rectangle((145, 117, 149, 121), 20)
    for at in range(30):
        square(sheet, 185 + 40 * at, 100)
        sheet.draw.rectangle((213 + 40 * at, 118, 217 + 40 * at, 123), 20)
    sheet.boxes.append((60, 100, 185 + 40 * 29 + 33, 124))
    check(sheet.page, sheet.boxes)


def test_a_rule_of_dashes_is_left_to_itself_where_only_its_room_would_join_it_to_a_text() -> None:
    sheet = Sheet(1600)
    for at in range(3):
        square(sheet, 60 + 28 * at, 100)
    for at in range(30):
        sheet.draw.rectangle((167 + 24 * at, 111, 174 + 24 * at, 113), 20)
    assert (60, 100, 140, 124) in [tuple(map(round, one.quad.bounds)) for one in find(sheet.page, SETTINGS).lines]


@pytest.mark.parametrize("size", [14, 22, 28, 32])
def test_quotes_that_stand_together_belong_to_their_line(size: int) -> None:
    sheet = Sheet()
    for row, text in enumerate(['"""Wrap a paragraph.', 'indent = ""', "def fill(text, width):", "return lines"]):
        sheet.write(60, 60 + 3 * size * row, text, size)
    bounds = [one.quad.bounds for one in find(sheet.page, SETTINGS).lines]
    assert [(left, right) for left, _, right, _ in bounds] == [
        (pytest.approx(left, abs=3), pytest.approx(right, abs=3)) for left, _, right, _ in sheet.boxes
    ]


def typed(sheet: Sheet, y: int, text: str, size: int) -> Box:
    """The ink of a text in which all characters are as wide: letters are boxes, marks as they are drawn."""
    drawn = {"'": (0.24, 0.0, 0.36, 0.28), "-": (0.12, 0.4, 0.48, 0.48), "_": (-0.01, 0.9, 0.61, 0.96),
             ".": (0.24, 0.6, 0.36, 0.72), "a": (0.05, 0.18, 0.54, 0.72), "A": (0.05, 0.0, 0.54, 0.72)}  # fmt: skip
    boxes = []
    for at, char in enumerate(text):
        if char != " ":
            left, top, right, bottom = (round(size * v) for v in drawn[char])
            boxes.append((60 + round(0.6 * size * at) + left, y + top, 60 + round(0.6 * size * at) + right, y + bottom))
            letter = char in "aA"
            sheet.draw.rectangle(boxes[-1], None if letter else 20, 20, 2)
    left, top, right, bottom = zip(*boxes, strict=True)
    return min(left), min(top), max(right) + 1, max(bottom) + 1


@pytest.mark.parametrize("size", [16, 22, 28, 32])
@pytest.mark.parametrize(
    "text", ["A - A", "a - a", "A ... A", "A 'a'", "a 'a' 'a'", "A __a__", "AaA '__aAaA__'.", "AaA ...", "AaA '-'"]
)
def test_marks_between_and_behind_characters_that_are_all_as_wide(text: str, size: int) -> None:
    sheet = Sheet()
    wanted = [typed(sheet, 60 + 80 * row, line, size) for row, line in enumerate((text, "aAa AaaA aa", "AaaaAa aaAaa"))]
    bounds = [one.quad.bounds for one in find(sheet.page, SETTINGS).lines]
    assert [(left, right) for left, _, right, _ in bounds] == [
        (pytest.approx(left, abs=3), pytest.approx(right, abs=3)) for left, _, right, _ in wanted
    ]


def test_text_that_is_filled_in_right_above_a_rule() -> None:
    sheet = prose()
    sheet.write(60, 300, "Name", 22)
    sheet.draw.line((60, sheet.boxes[-1][3] + 3, 400, sheet.boxes[-1][3] + 3), 20)
    sheet.write(500, 300, "8", 22)
    sheet.draw.line((480, sheet.boxes[-1][3] + 3, 800, sheet.boxes[-1][3] + 3), 20)
    check(sheet.page, sheet.boxes)


def test_leading_dots_neither_tilt_a_line_nor_set_a_size() -> None:
    sheet = Sheet()
    for row in range(6):
        sheet.write(60, 60 + 60 * row, "Soup 12 " + 60 * ".", 26)
    found = [one.quad for one in find(sheet.page, SETTINGS).lines]
    assert len(found) == 6
    assert all(quad.height < 40 for quad in found)


def test_the_white_between_far_columns_is_no_line_and_makes_no_dots_of_the_text() -> None:
    """Sums in four columns: the ground between them, taken for light strokes, is a shape as large as the page."""
    picture = Image.new("L", (900, 900), 255)
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(28)
    for row in range(14):
        for column in range(4):
            text = f"{(37 * row + 11 * column) % 90 + 9}-{(53 * row + 7 * column) % 80 + 11}="
            draw.text((60 + 210 * column, 120 + 50 * row), text, 0, font)
    found = find(np.asarray(picture), SETTINGS).lines
    assert len(found) == 56
    assert max(one.quad.width for one in found) < 140


def test_one_thin_level_stroke_in_a_line() -> None:
    sheet = prose(ink=110)
    x = 60
    for text in ("ab", "一", "cd"):
        if text == "一":
            sheet.draw.line((x, 310, x + 20, 310), 205)
            x += 22
        else:
            sheet.write(x, 296, text, ink=110)
            x = sheet.boxes[-1][2] + 3
    (left, top, _, _), (_, _, right, bottom) = sheet.boxes[-2:]
    check(sheet.page, [*sheet.boxes[:-2], (left, top, right, bottom)])


def test_the_number_of_a_page_is_small() -> None:
    sheet = prose(size=40)
    sheet.write(850, 560, "27", 20)
    check(sheet.page, sheet.boxes)


@pytest.mark.parametrize("size", [38, 44, 50])
def test_what_lies_between_the_letters_of_two_rows_covers_neither(size: int) -> None:
    sheet = Sheet(800, 760, 52)
    for i in range(8):
        sheet.write(60, 76 + 84 * i - size, f"{8 - i}F", size, 200)
        sheet.write(180, 40 + 84 * i, "Books and music", 24, 255)
        sheet.write(180, 78 + 84 * i, "Upper hall", 18, 180)
        sheet.draw.line((60, 108 + 84 * i, 740, 108 + 84 * i), fill=92)
    check(sheet.page, sheet.boxes)


def test_a_table_is_found_cell_by_cell_without_its_rules() -> None:
    sheet = Sheet()
    for row in range(5):
        for column, text in enumerate(("Item", "Price", "Count")):
            sheet.write(70 + 260 * column, 60 + 60 * row, f"{text} {row}{column}")
    for row in range(6):
        sheet.draw.line((40, 45 + 60 * row, 820, 45 + 60 * row), fill=20, width=2)
    for column in range(4):
        sheet.draw.line((40 + 260 * column, 45, 40 + 260 * column, 345), fill=20, width=2)
    check(sheet.page, sheet.boxes)


def test_dots_and_punctuation_belong_to_their_line() -> None:
    sheet = prose()
    sheet.write(60, 300, "i j i: ä; wait... 'no'")
    check(sheet.page, sheet.boxes)


def test_a_stroke_alone_in_its_cell_belongs_to_its_line() -> None:
    """一 between two characters: a bar far lower than its neighbours."""
    sheet = prose()
    sheet.draw.rectangle((60, 300, 80, 322), outline=20, width=3)
    sheet.draw.rectangle((88, 310, 110, 312), fill=20)
    sheet.draw.rectangle((118, 300, 138, 322), outline=20, width=3)
    check(sheet.page, [*sheet.boxes, (60, 300, 139, 323)])


@pytest.mark.parametrize("strokes", [1, 2])
def test_a_numeral_of_level_strokes_and_its_mark_belong_to_the_heading_behind_them(strokes: int) -> None:
    """一、 and 二、: nothing of them is as high as a line, and the mark has room behind it."""
    sheet, size = Sheet(), 32
    for x in range(100, 500, size):
        square(sheet, x, 100, size - 5)
        square(sheet, x - 64, 200, size - 5)
    for y in (114,) if strokes == 1 else (104, 122):
        sheet.draw.rectangle((36, y, 62, y + 3), 20)
    sheet.draw.polygon(((68, 120), (73, 124), (70, 127)), 20)  # 27 pixels before the first character, 0.9 of its size
    quads = [one.quad for one in find(sheet.page, SETTINGS).lines]
    assert len(quads) == 2, [quad.bounds for quad in quads]
    assert min(quads, key=lambda quad: quad.bounds[1]).bounds[0] == pytest.approx(36, abs=3)


def test_a_lone_digit_is_kept_and_specks_are_not() -> None:
    sheet = prose()
    sheet.write(600, 400, "7")
    for x, y in ((500, 300), (710, 90), (300, 500)):
        sheet.draw.rectangle((x, y, x + 2, y + 2), fill=20)
    check(sheet.page, sheet.boxes)


def test_a_line_that_climbs_is_one_line_along_its_slope() -> None:
    sheet = Sheet()
    sheet.write(100, 290, "a line that climbs a little from left to right")
    left, top, right, bottom = sheet.boxes[0]
    turned = np.asarray(sheet.image.rotate(4, Image.Resampling.BICUBIC, fillcolor=250))
    (quad,) = (one.quad for one in find(turned, SETTINGS).lines)
    assert quad.width == pytest.approx(right - left, rel=0.05)
    assert quad.height < 1.5 * (bottom - top)
    (x0, y0), (x1, y1) = quad.points[:2]
    assert np.degrees(np.arctan2(y0 - y1, x1 - x0)) == pytest.approx(4, abs=1)


def test_shade_and_noise_do_not_hide_text() -> None:
    sheet = prose()
    shade = np.linspace(1.0, 0.45, 900)[None] * sheet.page
    noisy = shade + np.random.default_rng(3).normal(0, 4, shade.shape)
    check(noisy.clip(0, 255).astype(np.uint8), sheet.boxes)


def test_a_large_page_is_looked_at_smaller_and_answered_in_its_own_pixels() -> None:
    sheet = prose(size=26)
    check(sheet.page, sheet.boxes, replace(SETTINGS, max_side=600))


def test_lines_lower_than_the_bound_are_dropped() -> None:
    sheet = prose()
    found = find(sheet.page, replace(SETTINGS, min_height=60.0))
    assert found.lines == ()
    assert {one.reason for one in found.dropped} == {"small"}
    for box in sheet.boxes:
        assert any(same(one.quad, box) for one in found.dropped)


@pytest.mark.parametrize("seed", range(3))
def test_no_lines_where_there_is_no_text(seed: int) -> None:
    rng = np.random.default_rng(seed)
    slope = np.linspace(30, 220, 400)[None] * np.ones((300, 1))
    for picture in (
        np.full((300, 400), 255, np.uint8),
        np.zeros((300, 400), np.uint8),
        slope.astype(np.uint8),
        (200 + rng.normal(0, 3, (300, 400))).astype(np.uint8),
        rng.integers(0, 256, (300, 400)).astype(np.uint8),
    ):
        assert find(picture, SETTINGS).lines == ()


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 90), st.integers(1, 90), st.integers(0, 999))
def test_any_picture_has_an_answer(rows: int, columns: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    picture = rng.choice(np.array((0, 128, 255), np.uint8), (rows, columns), p=(0.2, 0.1, 0.7))
    for one in find(picture, SETTINGS).lines:
        assert one.quad.width > 0 and one.quad.height > 0


def test_a_page_is_not_written_on() -> None:
    page = prose().page.copy()
    before = page.copy()
    page.setflags(write=False)
    find(page, SETTINGS)
    assert np.array_equal(page, before)


def test_an_unknown_finder_is_named() -> None:
    assert "projection" in FINDERS
    with pytest.raises(SettingsError, match="'psychic'"):
        find(np.full((50, 50), 255, np.uint8), replace(SETTINGS, finder="psychic"))


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from Linux's /proc")
@pytest.mark.parametrize(("side", "step"), [(6, 22), (12, 29)])
def test_a_page_of_specks_is_looked_at_in_bounded_memory(side: int, step: int) -> None:
    """Thousands of them, none near another: all pairs at once took more than 20 GB. At most 600 MB."""
    code = f"""
import re, numpy as np
from pathlib import Path
from shizi.find import projection
from shizi.settings import FindSettings
page = np.full((2600, 2600), 255, np.uint8)
for y in range(10, 2580, {step}):
    for x in range(10, 2580, {step}):
        page[y : y + {side}, x : x + {side}] = 0
projection.find(page, FindSettings())
print(int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) / 1024)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert float(done.stdout) < 600


@pytest.mark.slow
def test_thousands_of_cells_take_little_memory() -> None:
    """Each beside each other one, or each row with each column, takes more than 350 MB."""
    sheet = Sheet(1800, 2060, 255)
    words = [str(100 + number) for number in range(900)]
    for at in range(3000):
        sheet.write(30 + at % 30 * 58, 20 + at // 30 * 20, words[at % 900], size=12)
    page = sheet.page
    tracemalloc.start()
    try:
        found = projection.find(page, SETTINGS)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(found.lines) == 3000
    assert peak < 180e6


@given(st.integers(0, 150), st.integers(0, 30), st.floats(0, 50), st.integers(0, 999))
def test_spans_that_meet_come_together(count: int, others: int, longest: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    spans, beside = (np.cumsum(rng.uniform(0, (500, longest), (n, 2)), axis=1) for n in (count, others))
    portions = list(bands(spans, beside))
    assert sorted(i for some, _ in portions for i in some.tolist()) == list(range(count))
    told = {(i, j) for some, which in portions for i in some.tolist() for j in which.tolist()}
    meet = (spans[:, None, 0] < beside[:, 1]) & (beside[:, 0] < spans[:, None, 1])
    assert told >= {(int(i), int(j)) for i, j in np.argwhere(meet)}
    assert all((np.diff(which) > 0).all() for _, which in portions)


@given(st.integers(0, 30), st.floats(0, 50), st.integers(0, 999))
def test_lines_of_one_height_are_near_whatever_the_portions(count: int, reach: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    left, top = rng.uniform(0, 500, (2, count))
    ones, zeros = np.ones(count), np.zeros(count)
    made = Lines(left, left + 20, zeros, top, top + 10, 10 * ones, ones, ones.astype(np.intp), ones, zeros, ones)
    wanted = {
        (i, j) for i in range(count) for j in range(i + 1, count) if abs(top[i] - top[j]) <= 10 + 2 * reach
    }  # fmt: skip
    for portion in (1, 7, 1000):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(lines, "PORTION", portion)
            found = [
                pair for i, j in near(made, np.full(count, reach)) for pair in zip(i.tolist(), j.tolist(), strict=True)
            ]
        assert len(found) == len(set(found))
        assert set(found) == wanted


def test_rows_of_dashes_are_left_out_and_listed() -> None:
    lines = [Candidate(Quad.box(10, top, 400, top + 20)) for top in (10, 50, 90)]
    small_print = Candidate(Quad.box(10, 130, 200, 138))
    dashes = Candidate(Quad.box(10, 160, 400, 166))
    kept, rules = projection._without_rules([*lines, small_print, dashes])
    assert kept == [*lines, small_print]
    assert [(rule.quad, rule.reason) for rule in rules] == [(dashes.quad, "rule")]
    assert projection._without_rules([dashes]) == ([dashes], [])


def square(sheet: Sheet, x: int, y: int, size: int = 24, ink: int = 20) -> None:
    """A character as wide as high."""
    sheet.draw.rectangle((x, y, x + size - 1, y + size - 1), outline=ink, width=3)
    sheet.draw.line((x + size // 2, y, x + size // 2, y + size - 1), ink, 3)


def grid(sheet: Sheet, x: int, y: int, columns: int, rows: int, across: int, down: int) -> None:
    for column in range(columns):
        for row in range(rows):
            square(sheet, x + across * column, y + down * row)


@pytest.mark.parametrize(("ground", "ink"), [(250, 20), (30, 240)])
def test_the_smaller_gaps_say_which_way_text_runs(ground: int, ink: int) -> None:
    for across, down, vertical in ((40, 28, True), (28, 40, False)):
        sheet = Sheet(ground=ground)
        for i in range(8):
            for j in range(8):
                square(sheet, 100 + across * i, 100 + down * j, ink=ink)
        found = find(sheet.page, SETTINGS).lines
        boxes = [(100 + across * i, 100, 124 + across * i, 124 + down * 7) for i in range(8)]
        if not vertical:
            boxes = [(100, 100 + down * j, 124 + across * 7, 124 + down * j) for j in range(8)]
        assert [one.vertical for one in found] == [vertical] * 8
        assert [sum(same(one.quad, box) for one in found) for box in boxes] == [1] * 8


def test_a_vertical_title_beside_level_text() -> None:
    sheet = prose()
    grid(sheet, 700, 40, 1, 5, 0, 28)
    check(sheet.page, [*sheet.boxes, (700, 40, 724, 40 + 4 * 28 + 24)])
    (title,) = (one for one in find(sheet.page, SETTINGS).lines if one.vertical)
    assert title.quad.points[0] == pytest.approx((700, 40), abs=3)
    assert title.quad.height > title.quad.width


@pytest.mark.parametrize(
    ("across", "thin"),
    [(48, (2, 6)), (60, (2, 6)), (80, (2, 6)), (100, (2, 6)), (60, (1, 3, 5, 6, 8)), (100, (1, 3, 5, 6, 8))],
)
def test_a_column_with_thin_characters_beside_another_one(across: int, thin: tuple[int, ...]) -> None:
    """一 and 上 leave much white in a column; it is one all the same."""
    sheet = prose()
    for row in range(10):
        square(sheet, 500 + across, 200 + 36 * row, 28)
        if row in thin:
            sheet.draw.rectangle((500, 213 + 36 * row, 527, 215 + 36 * row), 20)
        else:
            square(sheet, 500, 200 + 36 * row, 28)
    check(sheet.page, [*sheet.boxes, (500, 200, 528, 552), (500 + across, 200, 528 + across, 552)])


def test_columns_of_characters_set_loosely_but_further_from_the_next_column() -> None:
    """第一百六十八条: between its characters is much white, but between those of a row more than half of it is."""
    sheet = Sheet(900, 700)
    rng = np.random.default_rng(0)
    ends = []
    for column in range(13):
        for row in range(rows := int(rng.integers(9, 13))):
            x, y = 40 + 58 * column, 40 + 34 * row
            if row % 6 == 1:
                sheet.draw.rectangle((x, y + 13, x + 27, y + 15), 20)
            else:
                square(sheet, x, y, 28)
        ends.append((40 + 58 * column, 40, 68 + 58 * column, 40 + 34 * (rows - 1) + 28))
    check(sheet.page, ends)


@pytest.mark.parametrize(("across", "down", "either"), [(40, 34, True), (42, 28, False), (28, 42, False)])
def test_where_rows_may_as_well_be_columns_the_model_is_asked(
    across: int, down: int, either: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A scroll of a few large columns, set about as loosely as they stand apart."""
    sheet = Sheet(900, 700)
    grid(sheet, 40, 40, 8, 8, across, down)
    assert projection.find(sheet.page, SETTINGS).either is either
    for vertical in (True, False):
        answer = Found(tuple(Candidate(Quad.box(x, 40, x + 24, 300), vertical=vertical) for x in range(40, 400, 40)))
        monkeypatch.setattr("shizi.find.dbnet.find", lambda *_, answer=answer: answer)
        assert (find(sheet.page, FindSettings()) == answer) == (either and vertical)


def test_columns_in_pieces_are_as_the_model_finds_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside whole columns: 三十一, of which only the middle is dark, and one that was not seen."""
    sheet = Sheet(900, 700)
    grid(sheet, 40, 40, 9, 8, 60, 34)
    alone = projection.find(sheet.page, SETTINGS).lines
    assert alone
    assert all(one.vertical for one in alone)
    square(sheet, 700, 40, 28)
    square(sheet, 700, 210, 28)
    whole, unseen = (Candidate(Quad.box(x, 38, x + 30, 240), vertical=True) for x in (699, 800))
    level, same = Candidate(Quad.box(40, 600, 300, 630)), Candidate(alone[0].quad, vertical=True, score=0.8)
    monkeypatch.setattr("shizi.find.dbnet.find", lambda *_: Found((whole, level, same, unseen)))
    found = find(sheet.page, FindSettings()).lines
    assert {*found} == {*alone, whole, unseen}


@pytest.mark.parametrize(("fill", "rows", "kept"), [(0.23, 2, False), (0.23, 1, True), (0.45, 2, True)])
def test_a_hollow_shape_under_two_small_words_is_no_line(fill: float, rows: int, kept: bool) -> None:
    """Of the white of a table a shape was made that two words lie on; a thick letter may hold two such things."""

    def seen(boxes: list[Box], size: float, count: int, fill: float) -> Lines:
        left, top, right, bottom = np.array(boxes, np.float64).T
        each = np.ones(len(boxes))
        number = np.full(len(boxes), count, np.intp)
        return Lines(left, right, 0 * each, top, bottom, size * each, 180 * each, number, fill * each, 0 * each, each)

    words = [(301, 610 + 38 * row, 384, 626 + 38 * row) for row in range(6)]
    words += [(161, 686 + 38 * row, 210, 702 + 38 * row) for row in range(rows)]
    small, large = seen(words, 15, 5, 0.4), seen([(161, 660, 290, 740)], 76, 15, fill)
    chosen, _ = projection._choose([(small, np.ones(len(words))), (large, np.ones(1))])
    assert (76 in chosen.size) is kept
    assert len(chosen) == (7 if kept else 6 + rows)


def test_digits_below_one_another_are_no_column() -> None:
    sheet = prose()
    for row in range(6):
        sheet.write(700, 60 + 34 * row, str(row))
    assert not any(one.vertical for one in find(sheet.page, SETTINGS).lines)


@pytest.mark.parametrize("across", [44, 64])
def test_discs_below_one_another_are_no_column(across: int) -> None:
    """The pictures of a list of people, whose names beside them would be read downwards."""
    sheet = Sheet(700, 900)
    for row in range(9):
        sheet.draw.ellipse((24, 30 + 93 * row, 24 + across, 30 + across + 93 * row), 90 + 10 * row)
        sheet.write(108, 32 + 93 * row, "Wang")
        sheet.write(108, 64 + 93 * row, "132 9535")
    lines = find(sheet.page, SETTINGS).lines
    assert not any(one.vertical for one in lines)
    assert [sum(same(one.quad, box) for one in lines) for box in sheet.boxes] == [1] * len(sheet.boxes)


@pytest.mark.parametrize("letter", ["", "A"])
def test_discs_beside_text_are_no_lines_but_letters_on_them_are(letter: str) -> None:
    sheet = prose()
    discs = [(640, 60 + 120 * row, 700, 120 + 120 * row) for row in range(4)]
    for left, top, right, bottom in discs:
        sheet.draw.ellipse((left, top, right, bottom), 140)
        if letter:
            sheet.draw.text((left + 22, top + 18), letter, 250, ImageFont.load_default(24))
    beside = [one.quad.bounds for one in find(sheet.page, SETTINGS).lines if one.quad.bounds[0] > 600]
    assert len(beside) == (len(discs) if letter else 0)
    for (left, top, right, bottom), disc in zip(sorted(beside, key=lambda box: box[1]), discs, strict=False):
        assert disc[0] < left < right < disc[2]
        assert disc[1] < top < bottom < disc[3]


def test_a_row_of_discs_seen_from_afar_is_no_line() -> None:
    """The steps of something, as bars of progress show them."""

    def seen(boxes: list[Box], count: int, fill: float) -> Lines:
        left, top, right, bottom = np.array(boxes, np.float64).T
        each, number = np.ones(len(boxes)), np.full(len(boxes), count, np.intp)
        size = (bottom - top) * each
        return Lines(left, right, 0 * each, top, bottom, size, 180 * each, number, fill * each, 0 * each, each)

    words = [(66 + 220 * at, 130, 154 + 220 * at, 150) for at in range(5)]
    discs = [(84 + 220 * at, 50, 136 + 220 * at, 102) for at in range(5)]
    few, nothing = seen(words, 4, 0.4), seen(words[:1], 4, 0.4).only(np.empty(0, np.intp))
    coarse = seen([(84, 51, 1016, 102)], 9, 0.27)
    fine = Lines(*(np.concatenate(pair) for pair in zip(vars_of(few), vars_of(seen(discs, 1, 0.77)), strict=True)))
    found = [(fine, np.ones(10)), (nothing, np.ones(0)), (coarse, np.ones(1))]
    chosen, _ = projection._choose(found)
    assert chosen.wide.max() < 900
    assert np.count_nonzero(chosen.high == 20) == 5


def vars_of(lines: Lines) -> list[NDArray[np.float64]]:
    return [getattr(lines, field.name) for field in fields(Lines)]


def test_the_sign_of_degrees_belongs_to_large_figures_before_it() -> None:
    sheet = prose()
    font = ImageFont.load_default(110)
    sheet.draw.text((600, 60), "27", 20, font)
    left, top, right, bottom = sheet.draw.textbbox((600, 60), "27", font)
    sheet.draw.ellipse((right + 6, top, right + 30, top + 24), outline=20, width=5)
    found = [one.quad for one in find(sheet.page, SETTINGS).lines if one.quad.bounds[0] > 550]
    assert len(found) == 1
    assert same(found[0], (left, top, right + 30, bottom))


@pytest.mark.parametrize("others", [0, 3])
def test_two_short_rows_on_a_page_with_a_large_title_are_no_halves(others: int) -> None:
    """The author and the translator below the title of a book; what is as small shows that they are rows."""
    boxes = [(105, 194, 594, 275), (285, 595, 419, 627), (252, 640, 448, 665)]
    boxes += [(240, 800 + 60 * row, 460, 828 + 60 * row) for row in range(others)]
    left, top, right, bottom = np.array(boxes, np.float64).T
    each, count = np.ones(len(boxes)), np.array([20, 6, 8, *[9] * others], np.intp)
    high = bottom - top
    found = Lines(left, right, 0 * each, top, bottom, high, 150 * each, count, 0.3 * each, 0 * each, each)
    assert parts.pairs(found).tolist() == ([] if others else [[1, 2]])


@pytest.mark.parametrize(("count", "size"), [(5, 44), (4, 54)])
def test_thin_letters_far_apart_are_found_by_the_others_of_their_size(count: int, size: int) -> None:
    sheet = prose()
    for x in range(60, 60 + 170 * count, 170):
        sheet.boxes.append((x, 300, x + size, 300 + size))
        for top, bottom in ((300, 300 + size), (300 + size, 300)):
            sheet.draw.line((x, top, x + size, bottom), 20, 2)
    check(sheet.page, sheet.boxes)


def test_squares_close_below_one_another_are_a_column() -> None:
    """Thick strokes of many fill their square."""
    sheet = prose()
    for row in range(6):
        sheet.draw.rectangle((700, 60 + 30 * row, 726, 86 + 30 * row), outline=20, width=9)
    assert sum(one.vertical for one in find(sheet.page, SETTINGS).lines) == 1


def test_a_page_on_its_side_is_found_the_same() -> None:
    sheet = prose()
    turned = np.ascontiguousarray(np.rot90(sheet.page, -1))
    found = find(turned, SETTINGS).lines
    boxes = [(600 - bottom, left, 600 - top, right) for left, top, right, bottom in sheet.boxes]
    assert [one.vertical for one in found] == [True] * len(boxes)
    assert [sum(same(one.quad, box) for one in found) for box in boxes] == [1] * len(boxes)


def test_words_beside_a_shape_many_times_their_size_are_no_marks_of_it() -> None:
    """The light between columns of dark text below a dark bar, seen as four strokes half a page high."""

    def of(*values: float) -> NDArray[np.float64]:
        return np.array(values, np.float64)

    some = Lines(
        left=of(70, 70, 560, 680), right=of(931, 152, 586, 751), slope=of(0, 0, 0, 0), top=of(345, 320, 320, 320),
        bottom=of(837, 336, 336, 332), size=of(492, 10, 10, 10), depth=of(192, 195, 195, 195),
        count=np.array((4, 15, 6, 12)), fill=of(0.2, 0.3, 0.3, 0.3), white=of(200, 20, 5, 15), level=of(1, 1, 1, 1),
    )  # fmt: skip
    assert not len(joins.fragments(some, Walls(None)))


def made_of(rows: list[tuple[float, ...]]) -> Lines:
    """Lines by left, top, right, bottom (at column 0), slope, size, count."""
    left, top, right, bottom, slope, size, count = np.array(rows, np.float64).T
    each = np.ones(len(rows))
    return Lines(left, right, slope, top, bottom, size, 150 * each, count.astype(np.intp), 0.3 * each, 0 * each, each)


def test_the_last_characters_of_a_title_join_those_of_their_size() -> None:
    """Of a few pieces, and far larger than the page's text: alone they are no line's neighbours."""
    text = [(60, 200 + 40 * row, 500, 222 + 40 * row, 0, 20, 20) for row in range(8)]
    title, last, shape = (60, 60, 412, 111, 0, 45, 17), (430, 61, 522, 113, 0, 52, 2), (430, 40, 522, 130, 0, 90, 2)
    assert joins.halves(made_of([title, last, *text]), Walls(None)).tolist() == [[0, 1]]
    assert not len(joins.halves(made_of([title, shape, *text]), Walls(None)))


def test_sloping_marks_of_one_row_are_none_of_the_row_below() -> None:
    """Four dots and a comma behind them slope as one; their height at column 0 is that of another row."""
    above, below = (355, 741, 463, 767, 0, 25, 8), (52, 793, 737, 820, 0, 24, 30)
    marks = (445, 803, 480, 810, -0.1, 7, 5)
    assert joins.fragments(made_of([above, below, marks]), Walls(None)).tolist() == [[2, 0]]


def test_two_rows_beside_a_large_number_are_two() -> None:
    sheet = prose()
    sheet.draw.rectangle((40, 330, 90, 388), outline=20, width=6)
    sheet.draw.rectangle((100, 330, 150, 388), outline=20, width=6)
    for x in range(220, 500, 34):
        sheet.draw.rectangle((x, 330, x + 28, 360), outline=20, width=4)
    for x in range(220, 500, 26):
        sheet.draw.rectangle((x, 374, x + 20, 394), outline=20, width=3)
    found = [one.quad.bounds for one in find(sheet.page, SETTINGS).lines if one.quad.bounds[1] > 320]
    assert any(left >= 215 and top >= 370 for left, top, _, _ in found), "the lower one"
