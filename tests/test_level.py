"""Marks told by where their ink stands."""

from __future__ import annotations

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
