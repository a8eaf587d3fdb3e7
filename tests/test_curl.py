"""Pages whose rows bend: told, laid flat, and led back."""

from __future__ import annotations

import math
import tracemalloc

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont

from shizi import Reader
from shizi.clean import Grey, upright
from shizi.curl import MOST, Curl
from shizi.settings import CleanSettings
from shizi.types import Line, Quad

WORDS = "the quick brown fox jumps over a lazy dog while forty two wizards vex seven jolly pigs"
ROWS, SIZE = 24, 17
TERMS = st.tuples(*[st.floats(-share, share) for share in (0.01, 0.01, 0.08, 0.01, 0.02)])


def text_page(rows: int = ROWS) -> Grey:
    """Black text on white."""
    image = Image.new("L", (800, 860), 255)
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(size=SIZE)
    for i in range(rows):
        draw.text((60, 60 + 31 * i), WORDS[i % 7 : 60 + i % 9], 20, font)
    return np.asarray(image)


def bent(page: Grey, curl: Curl) -> Grey:
    """The page as one that ``curl`` lays flat."""
    height, width = page.shape
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float64) + 0.5
    flat = ys
    for _ in range(8):  # the row of the flat page that comes to lie at each
        flat = ys - curl.shift(xs, flat)
    places = (xs - 0.5).astype(np.float32), (flat - 0.5).astype(np.float32)
    return cv2.remap(page, *places, cv2.INTER_CUBIC, borderValue=255).astype(np.uint8)


@settings(max_examples=60, deadline=None)
@given(TERMS, st.integers(20, 300), st.integers(20, 300), st.data())
def test_a_spot_of_the_bent_page_is_where_the_way_back_says(
    terms: tuple[float, ...], width: int, height: int, data: st.DataObject
) -> None:
    curl = Curl(terms, width, height)
    page = np.zeros((height, width), np.uint8)
    x, y = data.draw(st.integers(4, width - 5)), data.draw(st.integers(4, height - 5))
    page[y - 2 : y + 3, x - 2 : x + 3] = 255
    flat = curl.flat(page)
    assert flat.shape == (height + sum(curl.room), width)
    found = np.argwhere(flat > 128)
    assert len(found), "nothing is cut off"
    centre = found.mean(axis=0)[::-1] + 0.5
    assert curl.back(centre[np.newaxis])[0] == pytest.approx((x + 0.5, y + 0.5), abs=1.0)


@given(TERMS, st.floats(0, 400), st.floats(0, 400), st.floats(1, 400), st.floats(1, 60))
def test_the_quad_of_a_row_holds_all_of_it(
    terms: tuple[float, ...], left: float, top: float, wide: float, high: float
) -> None:
    curl = Curl(terms, 800, 600)
    quad = Quad.box(left, top, left + wide, top + high)
    made = curl.around(quad)
    shape = np.asarray(made.points, np.float32)
    for share in np.linspace(0.02, 0.98, 9):
        inner = curl.back(np.array([(left + share * wide, top + side * high) for side in (0.0, 1.0)]))
        if wide > 2 * high:  # the ends of a row that climbs stand askew in it
            assert all(cv2.pointPolygonTest(shape, (float(x), float(y)), True) >= -0.2 * high - 1 for x, y in inner)


@given(TERMS, st.floats(0, 300), st.floats(50, 500), st.floats(150, 450), st.floats(8, 40))
def test_the_row_that_a_quad_was_made_around_is_found_again(
    terms: tuple[float, ...], left: float, top: float, wide: float, high: float
) -> None:
    curl = Curl(terms, 800, 600)
    quad = Quad.box(left, top + curl.room[0], left + wide, top + curl.room[0] + high)
    again = curl.within(curl.around(quad))
    assert again.bounds == pytest.approx(quad.bounds, abs=0.25 * high + 2)
    points = np.array(quad.points)
    assert curl.forth(curl.back(points)) == pytest.approx(points, abs=0.01)


@pytest.mark.parametrize("bend", [0.015, -0.015, 0.04, -0.06, 0.1])
def test_a_bent_page_is_laid_flat(bend: float) -> None:
    page = text_page()
    curl = Curl((0.0, 0.0, bend, 0.0, 0.0), page.shape[1], page.shape[0])
    made = upright(bent(page, curl), CleanSettings())
    assert made.curl is not None
    assert made.curl.terms[2] == pytest.approx(bend, abs=0.004)
    xs = np.linspace(100, 600, 11)
    rows = np.full_like(xs, 400.0)
    apart = made.curl.shift(xs, rows) - curl.shift(xs, rows)
    assert np.ptp(apart) < 3, "pixels that a row of 17 still bends"


GUTTER, WAVE, TILTED, FANNED = (
    (0.02, 0.0, 0.02, 0.0, 0.007), (0.045, 0.0, 0.0, 0.0, -0.045),
    (0.03, 0.0, 0.03, 0.0, 0.0), (0.0, 0.01, -0.03, 0.0, 0.0),
)  # fmt: skip


@pytest.mark.parametrize("terms", [GUTTER, WAVE, TILTED, FANNED])
def test_rows_that_bend_near_the_back_of_a_book_or_twice_or_on_a_tilted_page(terms: tuple[float, ...]) -> None:
    page = text_page()
    curl = Curl(terms, page.shape[1], page.shape[0])
    made = upright(bent(page, curl), CleanSettings())
    assert made.curl is not None
    for y in (150.0, 400.0, 650.0):
        xs = np.linspace(100, 600, 11)
        apart = made.curl.shift(xs, np.full_like(xs, y)) - curl.shift(xs, np.full_like(xs, y))
        assert np.ptp(apart) < 4


@pytest.mark.parametrize("degrees", [0.0, 2.0, -5.0, 9.0])
def test_straight_rows_stay_straight(degrees: float) -> None:
    page = np.asarray(Image.fromarray(text_page()).rotate(degrees, Image.Resampling.BICUBIC, fillcolor=255))
    assert upright(page, CleanSettings()).curl is None


def test_rows_that_fan_out_are_not_bent() -> None:
    """As seen from the side."""
    page = text_page()
    height, width = page.shape
    corners = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    moved = corners + np.array([(0, 0), (-60, 70), (-40, -60), (0, 20)], np.float32)
    turn = cv2.getPerspectiveTransform(corners, moved)
    seen = cv2.warpPerspective(page, turn, (width, height), borderValue=255).astype(np.uint8)
    assert upright(seen, CleanSettings()).curl is None


@pytest.mark.parametrize("seed", range(4))
def test_pictures_without_rows_are_not_bent(seed: int) -> None:
    rng = np.random.default_rng(seed)
    noise = rng.integers(0, 256, (300, 400)).astype(np.uint8)
    discs = np.full((500, 600), 230, np.uint8)
    for x, y, radius in rng.integers((0, 0, 4), (600, 500, 20), (400, 3)).tolist():
        cv2.circle(discs, (x, y), radius, 40, -1)
    for picture in (noise, discs, np.full((50, 60), 99, np.uint8), np.zeros((1, 1), np.uint8)):
        assert upright(picture, CleanSettings()).curl is None


def test_few_characters_are_left_as_they_are() -> None:
    page = text_page(rows=1)
    assert upright(bent(page, Curl((0, 0, 0.05, 0, 0), 800, 860)), CleanSettings()).curl is None


def test_laying_flat_can_be_switched_off() -> None:
    page = bent(text_page(), Curl((0, 0, 0.04, 0, 0), 800, 860))
    assert upright(page, CleanSettings(flatten=False)).page is page


@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_a_turned_page_is_laid_flat_and_led_back(quarters: int) -> None:
    page = bent(text_page(), Curl((0, 0, 0.04, 0, 0), 800, 860))
    turned = np.ascontiguousarray(np.rot90(page, quarters))  # counter-clockwise, so that turning rights it
    made = upright(turned, CleanSettings(), quarters)
    assert made.curl is not None
    assert np.array_equal(made.like(turned).page, made.page)
    above = made.curl.room[0]
    spot = made.back(Quad.box(400, 300 + above, 401, 301 + above)).bounds
    x, y = 400.0, 300.0 + float(made.curl.shift(np.array([400.5]), np.array([300.5]))[0])
    there = {0: (x, y), 1: (y, 800 - x), 2: (800 - x, 860 - y), 3: (860 - y, x)}[quarters]
    assert spot[:2] == pytest.approx(there, abs=2)


def told(line: Line) -> str:
    """Blanks are a matter of taste in this font."""
    return line.text.replace(" ", "")


@pytest.mark.parametrize("bend", [0.05, -0.05])
def test_a_bent_page_is_read_as_the_flat_one_and_its_characters_stand_along_its_rows(bend: float) -> None:
    page = text_page()
    curl = Curl((0.0, 0.0, bend, 0.0, 0.0), page.shape[1], page.shape[0])
    reader = Reader()
    seen = np.repeat(bent(page, curl)[..., np.newaxis], 3, axis=2)
    lines = reader.read(seen).lines
    assert len(lines) == ROWS
    straight = reader.read(np.repeat(page[..., np.newaxis], 3, axis=2)).lines
    right = sum(told(a) == told(b) for a, b in zip(lines, straight, strict=True))
    assert right == ROWS
    for at, line in enumerate(lines):
        for char in line.chars:
            x = sum(point[0] for point in char.quad.points) / 4
            y = sum(point[1] for point in char.quad.points) / 4
            row = 60 + 31 * at + 12
            there = row + float(curl.shift(np.array([x]), np.array([float(row)]))[0])
            assert math.isclose(y, there, abs_tol=6), "the middle of a character lies on its row"


def test_a_large_page_is_laid_flat_in_little_memory() -> None:
    page = np.full((6000, 4000), 255, np.uint8)
    curl = Curl((0.0, 0.0, 0.05, 0.0, 0.0), 4000, 6000)
    tracemalloc.start()
    curl.flat(page)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5 * page.nbytes


def test_bounds_of_what_is_looked_for() -> None:
    page = text_page()
    curl = Curl((0.0, 0.0, MOST * 1.3, 0.0, 0.0), page.shape[1], page.shape[0])
    made = upright(bent(page, curl), CleanSettings())
    assert made.curl is None or abs(made.curl.terms[2]) < MOST


