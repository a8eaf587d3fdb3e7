"""Cells one below another that a finder took for a column."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from shizi import Reader
from shizi.learn.metrics import loose
from shizi.settings import FindSettings, Settings
from shizi.stack import MIDDLE, MOST, are_cells, holds, is_stack, may_be_two, middle, rows
from shizi.types import Char, Line, Quad

PICTURES = Path(__file__).parent / "pictures"
TALL, WIDE = Quad.box(0, 0, 10, 30), Quad.box(0, 0, 12, 10)

Pixels = NDArray[np.uint8]


def column(heights: list[int], gap: int, width: int = 50) -> Pixels:
    """Boxes in strokes on white; six columns and rows of margin."""
    made = np.full((sum(heights) + gap * (len(heights) - 1) + 12, width + 12), 255, np.uint8)
    top = 6
    for high in heights:
        made[top : top + high, 6:-6] = 0
        made[top + 3 : top + high - 3, 9:-9] = 255
        made[top : top + high, len(made[0]) // 2] = 0
        top += high + gap
    return made


@given(st.integers(2, 12), st.integers(14, 30), st.integers(5, 20), st.booleans())
def test_rows_are_where_the_ink_is(count: int, high: int, gap: int, light: bool) -> None:
    pixels = column([high] * count, gap)
    found = rows(255 - pixels if light else pixels)
    assert len(found) == count
    for at, (start, end) in enumerate(found):
        top = 6 + at * (high + gap)
        assert start * len(pixels) <= top + 1.5
        assert end * len(pixels) >= top + high - 1.5
        assert (end - start) * len(pixels) <= 1.3 * high + 4


def test_characters_of_a_column_are_no_rows_but_where_cells_stand_apart() -> None:
    assert rows(column([52] * 5, 6)) == []
    assert rows(column([52] * 5, 6), apart=True) == []
    assert rows(column([52] * 5, 40)) == []
    assert len(rows(column([52] * 5, 40), apart=True)) == 5


@given(st.integers(14, 30), st.integers(8, 20), st.sampled_from([(0, 190), (190, 0)]))
def test_a_pale_row_beside_a_dark_one_is_seen(high: int, gap: int, inks: tuple[int, int]) -> None:
    pixels = column([high] * 2, gap)
    for ink, rows_of in zip(inks, (slice(0, 6 + high), slice(6 + high, None)), strict=True):
        pixels[rows_of] = np.where(pixels[rows_of] == 0, ink, 255)
    assert len(rows(pixels)) == 2


def test_what_the_edge_cuts_off_and_rules_are_no_rows() -> None:
    whole = column([20] * 5, 12)
    assert len(rows(whole)) == 5
    assert len(rows(np.ascontiguousarray(whole[14:-14]))) == 3
    ruled = whole.copy()
    for at in range(4):
        ruled[6 + 20 + 32 * at + 5 : 6 + 20 + 32 * at + 7] = 0
    assert len(rows(ruled)) == 5


def test_bounds_are_those_that_are_documented() -> None:
    long = np.tile(column([10] * 4, 6, width=8), (120, 1))
    assert rows(np.ascontiguousarray(long[: MOST * long.shape[1]]))
    assert rows(np.ascontiguousarray(long[: MOST * long.shape[1] + 1])) == []
    assert rows(np.zeros((20, 40), np.uint8), apart=True) == []
    rule = np.full((90, 60), 255, np.uint8)
    rule[40:43] = 0
    assert rows(rule, apart=True) == []


def test_a_row_of_parts_is_one() -> None:
    assert len(rows(column([20, 20, 8, 20], 12))) == 4
    pixels = column([20, 20, 20], 12)
    pixels[6 + 9 : 6 + 12] = 255  # in two halves
    assert len(rows(pixels)) == 3


@given(arrays(np.uint8, st.tuples(st.integers(1, 120), st.integers(1, 60))))
def test_rows_lie_in_order_within_any_pixels(pixels: Pixels) -> None:
    found = rows(pixels, apart=True)
    assert all(0 <= start < end <= 1 for start, end in found)
    assert sorted(found) == found


def read(text: str, confidence: float = 0.95, quad: Quad = TALL) -> Line:
    return Line(text, confidence if text else 0.0, quad, tuple(Char(char, confidence, quad) for char in text))


@pytest.mark.parametrize(
    ("texts", "cells", "stack"),
    [
        (["故居", "生子", "声乐"], False, True),
        (["7", "十九", "14"], False, True),
        (["7", "", "8"], False, True),
        (["闵", "行", "区"], False, False),
        (["闵", "行", "区"], True, False),
        (["是", "否", "是"], False, False),
        (["是", "否", "是"], True, True),
        (["A", "无", "√"], True, True),
        (["A", "无", "√"], False, False),
        ([".", "."], True, False),
        (["故居", ""], False, False),
        ([], True, False),
    ],
)
def test_a_stack_is_words_and_figures(texts: list[str], cells: bool, stack: bool) -> None:
    assert is_stack(read("圾", 0.3), [read(text) for text in texts], apart=cells) == stack


def test_one_row_between_rules_is_what_was_read_without_them() -> None:
    assert is_stack(read("--21---"), [read("21")])
    assert is_stack(read("个—", 0.99), [read(""), read("个", 0.9)])
    assert not is_stack(read("21"), [read("21")])
    assert not is_stack(read("27--"), [read("21")])
    pixels = column([20], 0)
    assert len(rows(np.concatenate([np.full((60, 62), 255, np.uint8), pixels]), apart=True)) == 1
    assert rows(np.concatenate([np.full((60, 62), 255, np.uint8), pixels])) == []


def test_a_column_that_reads_better_is_one() -> None:
    texts = [read("故居", 0.85), read("生子", 0.85)]
    assert is_stack(read("故居生子", 0.9), texts)
    assert not is_stack(read("故居生子", 0.95), texts)
    assert not is_stack(read("圾", 0.1), [read("故居", 0.75), read("生子", 0.75)])


def test_two_rows_read_far_better_than_the_line_that_they_were_found_as() -> None:
    sure, unsure = [read("全国", 0.99), read("联保", 0.97)], [read("口主", 0.9), read("日月", 0.8)]
    assert is_stack(read("衾", 0.85, WIDE), sure)
    assert is_stack(read("鼹", 0.1, WIDE), unsure)
    assert not is_stack(read("晴", 0.85, WIDE), unsure)
    assert not is_stack(read("甘六", 0.7, WIDE), [read("十十", 0.97), read("H/\\", 0.98)])
    assert is_stack(read("鬏", 0.7, WIDE), [read("满2件", 0.97), read("-50%", 0.98)])
    assert not is_stack(read("二", 0.1, WIDE), [read("一", 0.99), read("一", 0.99)])


@given(st.integers(8, 40), st.integers(8, 40), st.integers(0, 3), st.booleans())
def test_rows_that_nearly_touch_part_where_least_ink_is(above: int, below: int, bridges: int, light: bool) -> None:
    pixels = np.full((above + below + 10, 92), 255, np.uint8)
    pixels[4:-4, 6:-6:5] = pixels[4:-4, 7:-6:5] = 0
    pixels[above + 4 : above + 6, 6 + 5 * bridges : -6] = 255  # what is left reaches from one row into the other
    part = middle(255 - pixels if light else pixels)
    if MIDDLE[0] * len(pixels) + 1 < above + 4 < MIDDLE[1] * len(pixels) - 3:
        assert part is not None
        assert above + 4 <= part * len(pixels) <= above + 6
    else:
        assert part is None or MIDDLE[0] <= part <= MIDDLE[1]


def test_one_row_has_no_middle() -> None:
    assert middle(column([30], 0)) is None
    assert middle(np.full((30, 40), 255, np.uint8)) is None
    assert middle(np.full((1, 1), 255, np.uint8)) is None
    assert may_be_two(Quad.box(0, 0, 40, 10))
    assert not may_be_two(Quad.box(0, 0, 41, 10))
    assert not may_be_two(TALL)


def test_what_holds_another_line_is_not_two() -> None:
    one = Quad.box(0, 0, 40, 40)
    assert not holds(one, [one, Quad.box(10, 20, 90, 36)])
    assert holds(one, [one, Quad.box(10, 20, 60, 36)])
    assert not holds(one, [one])


def test_cells_have_others_beside_them() -> None:
    own = [Quad.box(100, y, 120, y + 20) for y in (0, 40, 80, 120, 160)]
    beside = [Quad.box(200, y + 3, 300, y + 23) for y in (0, 40, 80)]
    assert are_cells(own, beside)
    assert not are_cells(own, beside[:2])
    assert not are_cells(own, [Quad.box(200, y + 20, 300, y + 40) for y in (0, 40, 80, 120)])
    assert not are_cells(own, [Quad.box(90, y, 300, y + 20) for y in (0, 40, 80, 120)])  # over them
    assert not are_cells(own, [])


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader(settings=Settings(find=FindSettings(finder="dbnet")))


@pytest.mark.parametrize(("name", "least"), [("words-18", 94), ("values-26", 88)])
def test_cells_are_read_by_themselves_where_the_network_finds_columns(name: str, least: int, reader: Reader) -> None:
    page = reader.read(PICTURES / f"{name}.png")
    middles = [np.mean(line.quad.points, axis=0) for line in page.lines]
    right = 0
    truth = json.loads((PICTURES / "tables.json").read_text(encoding="utf-8"))[name]
    for text, (x0, y0, x1, y1) in truth:
        here = [line.text for line, (x, y) in zip(page.lines, middles, strict=True) if x0 <= x < x1 and y0 <= y < y1]
        right += [loose(one) for one in here] == [loose(text)]
    assert right >= least, f"of {len(truth)}"


def test_two_rows_on_a_badge_are_two_lines() -> None:
    lines = [line.text for line in Reader().read(PICTURES / "badges.png").lines]
    assert sorted(lines) == sorted(["全国", "联保", "正品", "保障", "七天", "退换", "货到", "付款"])


def test_a_stream_tells_of_the_cells(reader: Reader) -> None:
    pixels = cv2.imread(str(PICTURES / "words-18.png"))[:400, :, ::-1]
    found, *lines, page = reader.stream(np.ascontiguousarray(pixels))
    assert {line.found for line in lines} <= set(range(len(found.quads)))
    assert [line.line for line in lines] == list(page.lines)
    assert all(line.line.quad == found.quads[line.found] for line in lines)
