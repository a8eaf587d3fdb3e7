"""Marks told by where their ink stands."""

from __future__ import annotations

from dataclasses import replace
from itertools import accumulate

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from shizi import level
from shizi.types import Alternative, Char, Quad

HEAD, FOOT = 4, 28
CELL = 24
"""Columns of a character."""


def drawn(cells: list[tuple[int, int, int]], ground: float = 0.5) -> NDArray[np.float32]:
    """A strip of cells, each with ink in so many columns of its middle, from a row to a row."""
    strip = np.full((32, CELL * len(cells)), ground, np.float32)
    for at, (wide, head, foot) in enumerate(cells):
        middle = CELL * at + CELL // 2
        strip[head:foot, middle - wide // 2 : middle + wide // 2] -= 0.8
    return strip


def line(
    text: str, confidence: float = 0.6, beside: float = 0.9
) -> tuple[list[Char], list[tuple[float, float, float]]]:
    """Characters a cell wide, the marks among them with a confidence, and their places."""
    starts = list(accumulate([CELL] * len(text), initial=0))[:-1]
    quads = [Quad.box(x, 0, x + CELL, 32) for x in starts]
    sure = [confidence if char in "，。：、" else beside for char in text]
    chars = [Char(*one) for one in zip(text, sure, quads, strict=True)]
    return chars, [(x + CELL / 2, x, x + CELL) for x in starts]


WHOLE = (20, HEAD, FOOT)
DOT, COMMA, RING, COLON_LIKE = (4, 14, 18), (4, 23, 30), (8, HEAD, 12), (4, 10, 22)
NONE, BAR, STROKE, TIMES, LOW = (0, 0, 0), (4, HEAD, FOOT + 3), (4, HEAD, FOOT), (12, 10, 22), (12, 12, FOOT)
ONE, HYPHEN, THICK = (20, 15, 18), (10, 15, 18), (20, 12, 20)


@pytest.mark.parametrize(
    ("text", "marks", "kept"),
    [
        ("天，北", [DOT], "天·北"),
        ("天。北", [DOT], "天·北"),
        ("3、A", [DOT], "3·A"),
        ("天，北", [COMMA], "天，北"),
        ("天：北", [COLON_LIKE], "天：北"),
        ("天，北", [WHOLE], "天，北"),  # nothing there is a mark
        ("天，", [DOT], "天，"),
        ("，北", [DOT], "，北"),
        ("天，”", [DOT], "天，”"),
        ("20", [RING], "2°"),
        ("2O", [RING], "2°"),
        ("29", [RING], "2°"),
        ("20", [WHOLE], "20"),
        ("20", [COMMA], "20"),
        ("20C", [RING], "2°C"),
        ("205", [RING], "205"),
        ("a0", [RING], "a0"),
    ],
)
@pytest.mark.parametrize("ground", [0.5, 0.3])
def test_where_ink_stands_tells_dots_and_degrees(
    text: str, marks: list[tuple[int, int, int]], kept: str, ground: float
) -> None:
    at = 0 if text[0] == "，" else 1
    cells = [marks[0] if i == at else WHOLE for i in range(len(text))]
    chars, places = line(text)
    strip = drawn(cells, ground)
    made = level.told(chars, strip, places)
    assert "".join(char.text for char in made) == kept
    assert level.told(made, strip, places) == made
    assert [char.quad for char in made] == [char.quad for char in chars]


def test_a_sure_pause_stays_and_blanks_beside_a_dot_are_its_room() -> None:
    chars, places = line("天，北", 0.95)
    assert level.told(chars, drawn([WHOLE, DOT, WHOLE]), places) == chars
    chars, places = line("天，北", beside=0.7)
    assert level.told(chars, drawn([WHOLE, DOT, WHOLE]), places) == chars, "as if written by hand"
    chars, places = line("天 ， 北")
    strip = drawn([WHOLE, (0, 0, 0), DOT, (0, 0, 0), WHOLE])
    assert "".join(char.text for char in level.told(chars, strip, places)) == "天 · 北"


def test_what_is_said_is_none_of_the_alternatives() -> None:
    chars, places = line("天，北")
    others = (Alternative("·", 0.2), Alternative("。", 0.1))
    chars[1] = Char("，", 0.6, chars[1].quad, others)
    dot = level.told(chars, drawn([WHOLE, DOT, WHOLE]), places)[1]
    assert (dot.text, dot.confidence, dot.alternatives) == ("·", 0.6, others[1:])


@given(st.integers(0, 28), st.integers(1, 20), st.integers(2, 8), st.integers(0, 6))
def test_ink_stands_where_it_was_drawn(head: int, high: int, wide: int, aside: int) -> None:
    foot = min(32, head + high)
    strip = drawn([WHOLE, (0, 0, 0), WHOLE])
    left = CELL + CELL // 2 - wide // 2 + aside - 3
    strip[head:foot, left : left + wide] -= 0.8
    found = level.stands(strip, CELL * 1.5, (CELL, 2 * CELL), (0, 3 * CELL), widest=0.5)
    assert found is not None
    assert found[0] == pytest.approx((head - HEAD) / (FOOT - HEAD))
    assert found[1] == pytest.approx((foot - HEAD) / (FOOT - HEAD))


def test_an_empty_strip_holds_no_mark() -> None:
    strip = np.full((32, 72), 0.5, np.float32)
    assert level.stands(strip, 36, (24, 48), (0, 72)) is None
    assert level.stands(strip, 36, (30, 30), (30, 30)) is None
    assert level.stands(drawn([WHOLE, (0, 0, 0), WHOLE]), 36, (24, 48), (0, 72)) is None


def marked(text: str, others: str = "") -> tuple[list[Char], list[tuple[float, float, float]]]:
    """A line whose bars, letters, and dashes may be ``others`` as well."""
    chars, places = line(text)
    also = tuple(Alternative(char, 0.1) for char in others)
    return [replace(char, alternatives=also) if char.text in "lI1|！[—一xX" else char for char in chars], places


def read(chars: list[Char], cells: list[tuple[int, int, int]], places: list[tuple[float, float, float]]) -> str:
    made = level.told(chars, drawn(cells), places)
    assert level.told(made, drawn(cells), places) == made
    assert [char.quad for char in made] == [char.quad for char in chars]
    return "".join(char.text for char in made)


@pytest.mark.parametrize("seen", "lI")
def test_a_thin_stroke_that_reaches_below_the_line_is_a_bar(seen: str) -> None:
    cells = [WHOLE, NONE, BAR, NONE, WHOLE]
    assert read(*swapped(f"a {seen} 天", cells)) == "a | 天"
    assert read(*swapped(f"天{seen}天", [WHOLE, BAR, WHOLE])) == "天|天"
    assert read(*swapped(f"a {seen}", cells[:3])) == "a |"
    assert read(*swapped(f"a {seen} 天", [*cells[:2], STROKE, *cells[3:]])) == f"a {seen} 天"
    assert read(*swapped(f"a{seen}b", [WHOLE, BAR, WHOLE])) == f"a{seen}b", "letters of handwriting reach below"
    assert read(*swapped(f"a {seen} 天", [*cells[:2], (8, HEAD, FOOT + 3), *cells[3:]])) == f"a {seen} 天", "not thin"
    nearly = [*cells[:2], (4, HEAD, FOOT + 2), *cells[3:]]
    assert read(*swapped(f"a {seen} 天", nearly)) == f"a {seen} 天"
    assert read(*swapped(f"a {seen} 天", nearly, "|")) == "a | 天"


def test_a_figure_is_a_bar_only_where_one_was_seen() -> None:
    cells = [WHOLE, NONE, BAR, NONE, WHOLE]
    assert read(*swapped("a 1 天", cells)) == "a 1 天"
    assert read(*swapped("a 1 天", cells, "|")) == "a | 天"


def swapped(
    text: str, cells: list[tuple[int, int, int]], others: str = ""
) -> tuple[list[Char], list[tuple[int, int, int]], list[tuple[float, float, float]]]:
    chars, places = marked(text, others)
    return chars, cells, places


def test_a_bracket_is_a_bar_only_alone_and_an_exclamation_mark_only_where_one_was_seen() -> None:
    assert read(*swapped("天[北", [WHOLE, BAR, WHOLE])) == "天|北"
    assert read(*swapped("天[北]", [WHOLE, BAR, WHOLE, BAR])) == "天[北]"
    cells = [WHOLE, NONE, STROKE, NONE, WHOLE]
    assert read(*swapped("天 ！ 北", cells)) == "天 ！ 北"
    assert read(*swapped("天 ！ 北", cells, "｜")) == "天 | 北"
    broken = swapped("天 ！ 北", cells, "｜")
    strip = drawn(cells)
    strip[FOOT - 6 : FOOT - 3, 2 * CELL : 3 * CELL] = 0.5  # above its dot
    assert "".join(char.text for char in level.told(broken[0], strip, broken[2])) == "天 ！ 北"


@pytest.mark.parametrize("seen", "xX")
def test_a_letter_in_the_middle_of_the_figure_behind_it_is_the_sign_of_times(seen: str) -> None:
    assert read(*swapped(f"3{seen}4", [WHOLE, TIMES, WHOLE])) == "3×4"
    assert read(*swapped(f"天{seen}4", [WHOLE, TIMES, WHOLE])) == "天×4"
    assert read(*swapped(f"3{seen}4", [WHOLE, LOW, WHOLE])) == f"3{seen}4"
    assert read(*swapped(f"3{seen}4", [WHOLE, WHOLE, WHOLE])) == f"3{seen}4"
    assert read(*swapped(f"3{seen}b", [WHOLE, TIMES, WHOLE])) == f"3{seen}b"


def test_one_is_a_dash_where_it_stands_apart_and_a_dash_was_seen() -> None:
    assert read(*swapped("天一北", [WHOLE, ONE, WHOLE], "—")) == "天一北"
    apart = [WHOLE, WHOLE, NONE, ONE, NONE, WHOLE, WHOLE]
    assert read(*swapped("天天 一 北北", apart, "—")) == "天天 — 北北"
    assert read(*swapped("天天 一 北北", [*apart[:3], HYPHEN, *apart[4:]], "—")) == "天天 - 北北"
    assert read(*swapped("天天 一 北北", apart)) == "天天 一 北北"
    assert read(*swapped("天 一 北", [WHOLE, NONE, ONE, NONE, WHOLE], "—")) == "天 一 北", "as far as all others"
    framed = [ONE, NONE, WHOLE, WHOLE, NONE, ONE]
    assert read(*swapped("一 天北 一", framed, "—")) == "— 天北 —"
    assert read(*swapped("一 天北 天", [*framed[:-1], WHOLE], "—")) == "一 天北 天"


def test_a_thick_dash_that_stands_apart_is_the_arrow_that_was_seen_as_well() -> None:
    cells = [WHOLE, NONE, THICK, NONE, WHOLE]
    assert read(*swapped("天 一 北", cells, "→")) == "天 → 北"
    assert read(*swapped("天 一 北", cells)) == "天 一 北"
    assert read(*swapped("天 一 北", [*cells[:2], ONE, *cells[3:]], "→")) == "天 一 北"
