"""Pages made upright, strips made even."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont

from shizi.clean import (
    ROOM,
    SMALL,
    Grey,
    Upright,
    clearest,
    even,
    grey,
    is_unclear,
    network_input,
    skew,
    to_height,
    upright,
    with_room,
)
from shizi.settings import CleanSettings
from shizi.types import Quad

WORDS = "the quick brown fox jumps over a lazy dog while 42 wizards vex"
SETTINGS = CleanSettings()


def text_page(lines: int = 14, degrees: float = 0.0) -> Grey:
    """Black text on white, turned counter-clockwise."""
    image = Image.new("L", (700, 620), 255)
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(size=20)
    for i in range(lines):
        draw.text((60, 60 + 34 * i), WORDS[i % 5 : 50 + i % 7], 20, font)
    return np.asarray(image.rotate(degrees, Image.Resampling.BICUBIC, fillcolor=255))


@given(st.integers(0, 255), st.integers(0, 255), st.integers(0, 255))
def test_grey_is_the_luminance(red: int, green: int, blue: int) -> None:
    made = grey(np.full((3, 4, 3), (red, green, blue), np.uint8))
    assert made.shape == (3, 4) and made.dtype == np.uint8
    assert (np.abs(made.astype(float) - (0.299 * red + 0.587 * green + 0.114 * blue)) <= 1).all()


@given(st.integers(0, 2**32 - 1))
def test_a_grey_picture_has_no_clearer_channel(seed: int) -> None:
    strip = np.random.default_rng(seed).integers(0, 256, (8, 20), dtype=np.uint8)
    assert clearest(np.stack([strip] * 3, axis=2)) is None


@given(st.sampled_from([0, 1, 2]), st.integers(30, 255), st.integers(0, 2**32 - 1))
def test_the_clearest_channel_is_the_one_with_the_ink(channel: int, contrast: int, seed: int) -> None:
    """Two greys in one channel, noise of a few values in the others."""
    rng = np.random.default_rng(seed)
    picture = rng.integers(100, 104, (8, 20, 3), dtype=np.uint8)
    picture[..., channel] = np.where(np.arange(20) % 4 == 0, 255 - contrast, 255)
    made = clearest(picture)
    assert made is not None
    assert (made == picture[..., channel]).all()


@settings(max_examples=12, deadline=None)
@given(st.floats(-10, 10))
def test_the_tilt_of_a_page_is_found(degrees: float) -> None:
    found = skew(text_page(degrees=degrees), 12.0)
    assert found == pytest.approx(degrees, abs=0.6)
    assert abs(degrees) < 0.7 or found == pytest.approx(degrees, abs=0.2)


@settings(max_examples=12, deadline=None)
@given(st.floats(0.6, 10), st.booleans(), st.floats(100, 600), st.floats(100, 500))
def test_the_way_back_ends_where_the_text_was(degrees: float, left: bool, x: float, y: float) -> None:
    """A dark dot on a turned page: found on the cleaned page, brought back to the original one."""
    page = text_page(degrees=degrees if left else -degrees).copy()
    page[int(y) - 12 : int(y) + 13, int(x) - 12 : int(x) + 13] = 255
    page[int(y) - 1 : int(y) + 2, int(x) - 1 : int(x) + 2] = 0
    cleaned = upright(page, CleanSettings(min_skew=0.5))
    assert cleaned.page.shape != page.shape
    forward = cv2.invertAffineTransform(cleaned.matrix)
    there = forward @ (int(x) + 0.5, int(y) + 0.5, 1)
    column, row = int(there[0]), int(there[1])
    around = cleaned.page[row - 6 : row + 7, column - 6 : column + 7]
    dark_row, dark_column = np.unravel_index(int(cv2.GaussianBlur(around, (3, 3), 0).argmin()), around.shape)
    spot = Quad.box(column - 6 + dark_column, row - 6 + dark_row, column - 5 + dark_column, row - 5 + dark_row)
    back = np.mean(cleaned.back(spot).points, axis=0)
    assert back == pytest.approx((int(x) + 0.5, int(y) + 0.5), abs=1)


@settings(max_examples=12, deadline=None)
@given(st.floats(-10, 10))
def test_the_corners_of_the_page_stay_on_it(degrees: float) -> None:
    page = text_page(degrees=degrees)
    cleaned = upright(page, CleanSettings(min_skew=0.5))
    rows, columns = cleaned.page.shape
    corners = np.array([(0, 0), (700, 0), (700, 620), (0, 620)], float)
    forward = cv2.invertAffineTransform(cleaned.matrix)
    moved = corners @ forward[:, :2].T + forward[:, 2]
    assert (moved >= -1).all() and (moved <= np.array((columns, rows)) + 1).all()


def test_a_level_page_is_left_alone() -> None:
    page = text_page()
    cleaned = upright(page, SETTINGS)
    assert cleaned.page is page
    quad = Quad.box(1, 2, 30, 40)
    assert cleaned.back(quad) == quad


def test_a_small_tilt_is_left_to_the_finder() -> None:
    page = text_page(degrees=3)
    assert upright(page, SETTINGS).page is page
    assert upright(page, CleanSettings(min_skew=2.0)).page is not page


@settings(max_examples=24, deadline=None)
@given(st.integers(1, 60), st.integers(1, 60), st.integers(-4, 8), st.data())
def test_a_turned_page_leads_back_to_the_picture(rows: int, columns: int, quarters: int, data: st.DataObject) -> None:
    """A white pixel on black is where the way back says, whatever the turn."""
    row, column = data.draw(st.integers(0, rows - 1)), data.draw(st.integers(0, columns - 1))
    page = np.zeros((rows, columns), np.uint8)
    page[row, column] = 255
    turned = upright(page, CleanSettings(deskew=False), quarters)
    assert np.array_equal(turned.page, np.rot90(page, -quarters))
    (y,), (x,) = np.nonzero(turned.page)
    assert turned.back(Quad.box(x, y, x + 1, y + 1)).bounds == (column, row, column + 1, row + 1)


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_turning_and_deskewing_lead_back_together(quarters: int) -> None:
    page = text_page(degrees=8)
    page = np.ascontiguousarray(np.rot90(page, quarters))  # counter-clockwise, so that turning rights it
    cleaned = upright(page, SETTINGS, quarters)
    assert cleaned.page.shape != np.rot90(page, -quarters).shape
    height, width = cleaned.page.shape
    middle = Quad.box(width / 2, height / 2, width / 2, height / 2)
    assert cleaned.back(middle).points[0] == pytest.approx((page.shape[1] / 2, page.shape[0] / 2), abs=0.01)


def test_deskewing_can_be_switched_off() -> None:
    page = text_page(degrees=7)
    assert upright(page, CleanSettings(deskew=False)).page is page
    assert upright(page, CleanSettings(max_skew=0.0)).page is page
    assert upright(page, SETTINGS).page is not page


@pytest.mark.parametrize("seed", range(4))
def test_pictures_without_text_are_not_turned(seed: int) -> None:
    rng = np.random.default_rng(seed)
    noise = rng.integers(0, 256, (300, 400)).astype(np.uint8)
    clouds = cv2.resize(rng.integers(0, 256, (12, 16)).astype(np.uint8), (400, 300), interpolation=cv2.INTER_CUBIC)
    discs = np.full((500, 600), 230, np.uint8)
    for x, y, radius in rng.integers((0, 0, 4), (600, 500, 20), (60, 3)).tolist():
        cv2.circle(discs, (x, y), radius, 40, -1)
    for picture in (noise, clouds, discs, np.full((50, 60), 99, np.uint8), np.zeros((1, 1), np.uint8)):
        assert upright(picture, SETTINGS).page is picture


@given(st.integers(1, 200), st.integers(1, 400))
def test_a_strip_keeps_its_ratio(rows: int, columns: int) -> None:
    made = to_height(np.full((rows, columns), 77, np.uint8))
    assert made.shape == (32, max(1, round(columns * 32 / rows))) and (made == 77).all()


def test_thin_strokes_survive_a_large_reduction() -> None:
    strip = np.full((640, 1280), 255, np.uint8)
    strip[:, 3::80] = 0
    assert to_height(strip).min() < 250


def test_light_text_becomes_dark() -> None:
    strip = np.full((32, 200), 40, np.uint8)
    strip[8:24, 20:180:10] = 220
    plain, kept = CleanSettings(contrast=False), CleanSettings(contrast=False, polarity=False)
    assert even(strip, plain)[12, 20] < even(strip, plain)[0, 0]
    assert np.array_equal(even(strip, kept), strip)
    assert np.array_equal(even(255 - strip, plain), 255 - strip)


@given(st.integers(1, 90), st.integers(1, 300), st.integers(0, 99))
def test_the_network_is_fed_what_was_promised(rows: int, columns: int, seed: int) -> None:
    strip = np.random.default_rng(seed).integers(0, 256, (rows, columns)).astype(np.uint8)
    made = network_input(strip, SETTINGS)
    assert made.shape == (32, max(1, round(columns * 32 / rows))) and made.dtype == np.float32
    assert made.min() >= -0.5 and made.max() <= 0.5


@pytest.mark.parametrize("share", [0.02, 0.2, 0.5, 0.98])
def test_two_greys_are_told_apart_whatever_they_fill(share: float) -> None:
    strip = np.full((20, 100), 220, np.uint8)
    strip[:, : round(100 * share)] = 30
    assert not is_unclear(strip)


def test_greys_around_the_middle_leave_unclear_which_is_the_text() -> None:
    strip = np.full((20, 100), 128, np.uint8)
    strip[:, :20], strip[:, 80:] = 20, 235
    assert is_unclear(strip)
    assert not is_unclear(np.full((20, 100), 128, np.uint8))


def test_a_small_picture_has_more_of_its_ground_around_it() -> None:
    strip = np.full((20, 90), 240, np.uint8)
    strip[:, ::9] = 30  # ink at the very edges
    roomy = with_room(Upright.as_it_is(strip))
    assert roomy.page.shape == (20 + 2 * ROOM, 90 + 2 * ROOM)
    assert set(roomy.page[0]) == {240}
    left = Quad.box(ROOM, ROOM, ROOM + 9, ROOM + 20)
    assert roomy.back(left) == Quad.box(0, 0, 9, 20)
    assert np.array_equal(roomy.like(strip).page[ROOM : -ROOM, ROOM : -ROOM], strip)
    for other in (np.full((SMALL + 1, 200), 240, np.uint8), np.arange(4000, dtype=np.uint8).reshape(40, 100)):
        assert with_room(Upright.as_it_is(other)).page is other, "a page, or a picture without a ground"


@pytest.mark.parametrize("degrees", [0, 4, 14, 20, 27])
def test_that_rows_are_tilted_is_known_even_where_they_stay_so(degrees: int) -> None:
    assert upright(text_page(degrees=degrees), SETTINGS).level == (degrees == 0)
