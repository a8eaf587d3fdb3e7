from __future__ import annotations

import dataclasses
import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shizi.types import PAGE_SCHEMA, Alternative, Char, Document, Dropped, Line, Page, Quad

numbers = st.integers(-500_000, 500_000).map(lambda hundredths: hundredths / 100)
points = st.tuples(numbers, numbers)
quads = st.builds(Quad, st.tuples(points, points, points, points))
shares = st.integers(0, 10_000).map(lambda parts: parts / 10_000)
texts = st.text(max_size=8)
chars = st.builds(Char, texts, shares, quads, st.lists(st.builds(Alternative, texts, shares), max_size=3).map(tuple))
lines = st.builds(Line, texts, shares, quads, st.lists(chars, max_size=3).map(tuple))
sizes = st.integers(1, 30_000)
pages = st.builds(
    Page, texts, sizes, sizes, shares, st.lists(lines, max_size=3).map(tuple),
    st.lists(st.lists(st.integers(0, 9), max_size=3).map(tuple), max_size=2).map(tuple),
    st.lists(st.builds(Dropped, quads, texts, texts, shares), max_size=2).map(tuple),
    st.sampled_from([0, 90, 180, 270]),
)  # fmt: skip


@given(st.lists(pages, max_size=3).map(lambda made: Document(tuple(made))))
def test_json_and_back(document: Document) -> None:
    printed = json.dumps(document.to_json(), allow_nan=False)
    assert Document.from_json(json.loads(printed)) == document


@given(quads, st.floats(0, 1), st.floats(0, 1))
def test_a_part_of_a_quad_lies_on_its_long_sides(quad: Quad, start: float, end: float) -> None:
    part = quad.between(start, end)
    a, b, c, d = quad.points
    for (p, q), at, corner in (((a, b), start, 0), ((a, b), end, 1), ((d, c), end, 2), ((d, c), start, 3)):
        expected = (p[0] + (q[0] - p[0]) * at, p[1] + (q[1] - p[1]) * at)
        assert math.dist(part.points[corner], expected) < 1e-6


@given(quads)
def test_the_whole_of_a_quad_is_the_quad(quad: Quad) -> None:
    for corner, expected in zip(quad.between(0, 1).points, quad.points, strict=True):
        assert corner == pytest.approx(expected, abs=1e-6)


@given(st.floats(1, 500), st.floats(1, 100), st.floats(-0.5, 0.5), st.floats(0, 0.9), st.floats(0.01, 2))
def test_a_quad_reaches_to_where_another_ends(
    width: float, height: float, slope: float, start: float, length: float
) -> None:
    quad = Quad(((0, 0), (width, slope * width), (width, height + slope * width), (0, height)))
    made = quad.reaching(quad.between(start, start + length))
    for corner, expected in zip(made.points, quad.between(0, start + length).points, strict=True):
        assert corner == pytest.approx(expected, abs=1e-6)
    point = Quad.box(3, 0, 3, 0)
    assert point.reaching(quad) == point


def test_a_boxs_measures() -> None:
    box = Quad.box(10, 20, 40, 25)
    assert box.bounds == (10, 20, 40, 25)
    assert (box.width, box.height) == (30, 5)
    assert box.points == ((10, 20), (40, 20), (40, 25), (10, 25))


def test_measures_follow_the_text_and_not_the_picture() -> None:
    upwards = Quad(((0, 100), (0, 0), (20, 0), (20, 100)))  # text that runs from bottom to top
    assert (upwards.width, upwards.height) == (100, 20)


@pytest.mark.parametrize(
    "points",
    [
        [(0, 0), (1, 0), (1, 1)],
        [(0, 0), (1, 0), (1, 1), (0, 1), (0, 0)],
        [(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0)],
        [(0, 0), (1, 0), (1, math.nan), (0, 1)],
        [(0, 0), (math.inf, 0), (1, 1), (0, 1)],
    ],
)
def test_what_is_no_quad_is_refused(points: Any) -> None:
    with pytest.raises(ValueError, match="quad"):
        Quad.of(points)


def test_values_do_not_change() -> None:
    char = Char("字", 0.5, Quad.box(0, 0, 1, 1))
    with pytest.raises(dataclasses.FrozenInstanceError):
        char.text = "学"  # type: ignore[misc]
    assert hash(char) == hash(Char("字", 0.5, Quad.box(0, 0, 1, 1)))


def test_the_page_schema_is_as_documented() -> None:
    box = Quad.box(0, 0, 8, 8)
    char = Char("字", 0.98765, box, (Alternative("学", 0.01),))
    plain = Char("A", 0.5, box)
    lost = Dropped(box, "unsure", "~", 0.12345)
    page = Page("a.png", 64, 32, 0.12345, (Line("字A", 0.7, box, (char, plain)),), ((0,),), (lost,), 90)
    corners = [[0, 0], [8, 0], [8, 8], [0, 8]]
    assert page.to_json() == {
        "schema": "shizi/page/1",
        "source": "a.png",
        "width": 64,
        "height": 32,
        "seconds": 0.1235,
        "turned": 90,
        "lines": [
            {
                "text": "字A",
                "confidence": 0.7,
                "quad": corners,
                "chars": [
                    {
                        "text": "字",
                        "confidence": 0.9877,
                        "quad": corners,
                        "alternatives": [{"text": "学", "confidence": 0.01}],
                    },
                    {"text": "A", "confidence": 0.5, "quad": corners},
                ],
            }
        ],
        "paragraphs": [[0]],
        "dropped": [{"quad": corners, "reason": "unsure", "text": "~", "confidence": 0.1235}],
    }


def test_a_page_of_an_earlier_version_is_read() -> None:
    value = Page("a.png", 64, 32, 0.0).to_json()
    for key in ("paragraphs", "dropped", "turned"):
        del value[key]
    assert Page.from_json(value) == Page("a.png", 64, 32, 0.0)


def test_another_schema_is_refused() -> None:
    value = Page("a.png", 64, 32, 0.0).to_json()
    for schema in ("shizi/page/0", None):
        with pytest.raises(ValueError, match=PAGE_SCHEMA):
            Page.from_json({**value, "schema": schema})


def test_text_of_pages_and_documents() -> None:
    box = Quad.box(0, 0, 8, 8)
    page = Page("a.png", 64, 32, 0.0, (Line("一", 1, box), Line("二", 1, box)))
    assert page.text == "一\n二"
    assert Document((page, page)).text == "一\n二\n\n一\n二"
    assert Page("a.png", 64, 32, 0.0).text == ""
