"""Lines that lie aslant: by how much, and what a turned look makes of them."""

from __future__ import annotations

import math
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from shizi import Reader
from shizi.find import Candidate, dbnet, slanted
from shizi.settings import FindSettings
from shizi.types import Quad

PICTURES = Path(__file__).parent / "pictures"
STATIONS = ["监听路", "情节站", "预告片路", "瞧瞧路", "市值路", "航行路", "宣传路", "肠道站", "杰克逊路", "崇尚路"]
AROUND = ["矿区公园", "13号线运行图", "首班车06:55末班车22:15"]

Pixels = NDArray[np.uint8]


def aslant(x: float, y: float, degrees: float, long: float = 90, high: float = 20) -> Quad:
    """A rectangle around a point, turned clockwise."""
    way = math.radians(degrees)
    along, down = np.array((math.cos(way), math.sin(way))), np.array((-math.sin(way), math.cos(way)))
    sides = [(-1, -1), (1, -1), (1, 1), (-1, 1)]
    return Quad.of([(x, y) + a * along * long / 2 + b * down * high / 2 for a, b in sides])


def found(quad: Quad, score: float = 0.9) -> Candidate:
    return Candidate(quad, score=score)


@given(st.floats(-69, 69), st.integers(3, 6), st.lists(st.floats(-3, 3), min_size=6, max_size=6))
def test_lines_that_lean_alike_say_by_how_much(degrees: float, count: int, off: list[float]) -> None:
    assume(abs(abs(degrees) - slanted.LEAST) > 4 and abs(degrees) < slanted.MOST - 4)
    lines = [found(aslant(100 * i, 80, degrees + off[i])) for i in range(count)]
    lines += [found(aslant(200, 300, 0, 400)), found(aslant(10, 10, degrees, 20))]  # level, and as long as it is high
    lean = slanted.lean(lines, 0.75)
    if abs(degrees) > slanted.LEAST:
        assert lean == pytest.approx(degrees, abs=3)
    else:
        assert lean is None


def test_few_faint_or_unlike_lines_say_nothing() -> None:
    alike = [found(aslant(100 * i, 80, -40)) for i in range(slanted.SEVERAL)]
    assert slanted.lean(alike, 0.75) is not None
    assert slanted.lean(alike[1:], 0.75) is None
    assert slanted.lean([*alike[1:], found(aslant(0, 0, -40), 0.5)], 0.75) is None
    assert slanted.lean([found(aslant(100 * i, 80, -60 + 20 * i)) for i in range(3)], 0.75) is None
    assert slanted.lean([found(aslant(100 * i, 80, 90)) for i in range(5)], 0.75) is None


def boxes(page: Pixels) -> list[Candidate]:
    """The dark shapes of a page, as a finder would give them."""
    _, dark = cv2.threshold(page, 128, 255, cv2.THRESH_BINARY_INV)
    made = []
    for shape in cv2.findContours(dark, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)[0]:
        x, y, wide, high = cv2.boundingRect(shape)
        made.append(found(Quad.box(x, y, x + wide, y + high)))
    return made


@given(st.integers(-65, 65), st.integers(120, 280), st.integers(120, 220), st.sampled_from([1.0, 0.7, 0.5]))
def test_what_is_seen_on_the_turned_page_lies_where_it_is_on_the_page(
    degrees: int, x: int, y: int, ratio: float
) -> None:
    page = np.full((340, 400), 255, np.uint8)
    quad = aslant(x, y, degrees)
    cv2.fillPoly(page, [np.round(np.array(quad.points)).astype(np.int32)], 0)

    def look(turned: Pixels) -> list[Candidate]:
        assert turned.size <= 1.02 * 200_000
        return boxes(turned)

    (one,) = slanted.seen(page, degrees, ratio, 200_000, look)
    assert np.abs(np.array(one.quad.points) - np.array(quad.points)).max() < 4 / ratio
    assert not one.vertical


@pytest.mark.parametrize("degrees", [-45, 30])
def test_the_turned_page_is_looked_at_in_a_size_within_the_bound(degrees: int, monkeypatch: pytest.MonkeyPatch) -> None:
    settings, looked = FindSettings(first_look=90_000, max_look=100_000), []

    def look(_: object, page: Pixels, ratio: float, __: FindSettings) -> dbnet.Look:
        looked.append((page.shape, page.size * ratio**2))
        return dbnet.Look([found(aslant(150 * i, 300, degrees)) for i in range(1, 4)], list)

    monkeypatch.setattr("shizi.find.dbnet.look", look)
    page = np.full((300, 1600), 255, np.uint8)
    dbnet.found(None, page, settings)
    assert looked[-1][0] != page.shape  # it was turned
    assert max(size for _, size in looked) <= 1.02 * settings.max_look


def test_what_leans_on_the_turned_page_is_not_taken() -> None:
    page = np.full((340, 400), 255, np.uint8)
    leaning, upright = found(aslant(90, 90, -45)), Candidate(aslant(90, 90, 0), vertical=True)
    assert slanted.seen(page, 45, 1.0, 1e6, lambda _: [leaning, upright]) == []


def test_each_line_is_there_once() -> None:
    level, piece = found(Quad.box(0, 0, 300, 30)), found(Quad.box(95, 95, 115, 115))
    leaning = found(aslant(240, 240, 44))
    new, across = found(aslant(100, 100, 45)), found(aslant(100, 20, 45))
    better, faint = found(aslant(240, 240, 45, 110)), found(aslant(300, 100, 45), 0.5)
    made = slanted.joined([level, piece, leaning], [new, across, better, faint], 0.75)
    assert made == [level, new, better]
    assert slanted.joined([level, piece], [], 0.75) == [level, piece]


@pytest.mark.parametrize("photographed", [False, True])
def test_names_along_a_line_of_the_underground_are_read(photographed: bool) -> None:
    """Also as a program set them, where the finder without a model gives pieces."""
    pixels: Pixels = np.asarray(Image.open(PICTURES / "stations.png").convert("RGB"))
    if photographed:
        light = np.linspace(0.95, 0.7, pixels.shape[1])[None, :, None]
        noise = np.random.default_rng(0).normal(0, 4, pixels.shape)
        pixels = np.clip(cv2.GaussianBlur(pixels, (0, 0), 0.8) * light + noise, 0, 255).astype(np.uint8)
    page = Reader().read(pixels)
    assert sorted(line.text.replace(" ", "") for line in page.lines) == sorted(STATIONS + AROUND)
    quad = next(line.quad for line in page.lines if line.text == "杰克逊路")
    (left, low), (right, high), *_ = quad.points
    assert math.degrees(math.atan2(low - high, right - left)) == pytest.approx(60, abs=4)
