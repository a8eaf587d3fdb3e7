"""A line cut out of its page, in the ways in which a doubtful one is looked at again."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shizi.clean import Upright, grey
from shizi.crop import BESIDE
from shizi.cut import BEHIND, LONE, LONE_VIEWS, Cut, cut, starts_of, whole
from shizi.find import Candidate
from shizi.settings import CleanSettings
from shizi.types import Quad

SETTINGS = CleanSettings()


def picture(width: int, height: int) -> np.ndarray:
    """Dark noise in the middle of white."""
    made = np.full((height, width, 3), 255, np.uint8)
    noise = np.random.default_rng(width).integers(0, 120, (height, width, 1), dtype=np.uint8)
    made[height // 4 : -(height // 4), width // 5 : -(width // 5)] = noise[
        height // 4 : -(height // 4), width // 5 : -(width // 5)
    ]
    return made


def of_page(pixels: np.ndarray) -> Cut:
    height, width = pixels.shape[:2]
    line = Candidate(Quad.box(4, 4, width - 4, height - 4))
    return cut(Upright.as_it_is(grey(pixels)), line, (width, height), SETTINGS, pixels=pixels)


@given(st.integers(8, 400), st.integers(8, 300))
def test_a_whole_picture_gets_room_and_keeps_its_places(width: int, height: int) -> None:
    one = whole(picture(width, height), SETTINGS)
    ways = one.roomier(SETTINGS)
    assert one.lone == (width < LONE * height)
    assert len(ways) == (len(LONE_VIEWS) if one.lone else 1)
    for way in ways:
        x0, y0, x1, y1 = way.whole.bounds
        assert x0 < 0 < width < x1
        assert (y0 < 0) == (y1 > height) == one.lone
        assert way.strip.shape[0] == 32
        # the strip shows what its quad says, in the same proportions but for the width it is tried in
        stretched = way.strip.shape[1] / 32 / ((x1 - x0) / (y1 - y0))
        assert 0.8 < stretched < 1.5 or way.strip.shape[1] < 12
        left, _, right, _ = way.part(0.0, 1.0).bounds
        assert (left, right) == (0, width)


def test_a_line_of_a_page_has_room_already() -> None:
    assert of_page(picture(200, 60)).roomier(SETTINGS) == []
    assert not of_page(picture(60, 60)).lone


@pytest.mark.parametrize("channel", [0, 1, 2])
@pytest.mark.parametrize("vertical", [False, True])
def test_a_line_is_cut_again_in_the_channel_that_holds_it(channel: int, vertical: bool) -> None:
    pixels = np.full((240, 200, 3), 120, np.uint8)
    ink = picture(60, 180) if vertical else picture(160, 50)
    rows, columns = ink.shape[:2]
    pixels[20 : 20 + rows, 20 : 20 + columns, channel] = ink[..., 0]
    quad = Quad.box(20, 20, 20 + columns, 20 + rows)
    page = Upright.as_it_is(np.full((240, 200), 120, np.uint8))  # where luminance shows nothing
    one = cut(page, Candidate(quad, vertical), (200, 240), SETTINGS, pixels=pixels)
    again = one.tinted(SETTINGS)
    assert again is not None
    alone = Upright.as_it_is(np.ascontiguousarray(pixels[..., channel]))
    wanted = cut(alone, Candidate(quad, vertical), (200, 240), SETTINGS)
    assert again.strip.shape == wanted.strip.shape
    np.testing.assert_allclose(again.strip, wanted.strip, atol=1e-6)
    assert again.part(0.2, 0.7) == wanted.part(0.2, 0.7)


def test_a_grey_line_is_not_cut_again() -> None:
    assert of_page(picture(200, 60)).tinted(SETTINGS) is None
    assert whole(picture(200, 60), SETTINGS).tinted(SETTINGS) is None


def leaning(width: int, height: int) -> np.ndarray:
    """Upright strokes that lean by four tenths."""
    made = np.full((height, width, 3), 255, np.uint8)
    for row in range(height // 5, height - height // 5):
        for stroke in range(height, width - height, height // 3):
            left = stroke + round(0.4 * row)
            made[row, left : left + height // 10 + 1] = 0
    return made


def test_a_line_that_leans_is_made_upright_and_keeps_its_places() -> None:
    pixels = leaning(400, 60)
    for one in (whole(pixels, SETTINGS), of_page(pixels)):
        ways = list(one.others(SETTINGS))
        shown = [float(np.ptp(way.strip.mean(axis=0))) for way in ways]
        assert max(shown) > 1.5 * np.ptp(one.strip.mean(axis=0)), "strokes stand apart"
        assert [way.part(0.2, 0.4) for way in ways] == [one.part(0.2, 0.4)] * len(ways)
        assert {way.strip.shape[0] for way in ways} == {32}


def test_a_line_of_a_page_is_seen_more_tightly() -> None:
    one = of_page(picture(200, 60))
    (tight,) = one.others(SETTINGS)
    assert tight.strip.shape[1] > 1.1 * one.strip.shape[1]
    assert tight.part(0.0, 1.0) == one.part(0.0, 1.0)
    assert list(whole(picture(200, 60), SETTINGS).others(SETTINGS)) == []


def test_light_and_dark_are_exchanged_where_it_is_unclear_which_is_the_text() -> None:
    pixels = np.full((60, 300, 3), 128, np.uint8)
    pixels[10:20], pixels[40:50] = 20, 235
    one = whole(pixels, SETTINGS)
    other = next(one.others(SETTINGS))
    np.testing.assert_array_equal(other.strip, -one.strip)
    plain = CleanSettings(polarity=False)
    assert not [way for way in whole(pixels, plain).others(plain) if (way.strip == -one.strip).all()]
    clear = whole(picture(300, 60), SETTINGS)
    assert list(clear.others(SETTINGS)) == []


def test_what_stands_straight_or_alone_or_runs_down_is_not_straightened() -> None:
    assert list(whole(np.full((40, 300, 3), 255, np.uint8), SETTINGS).others(SETTINGS)) == []
    assert list(whole(leaning(64, 60), SETTINGS).others(CleanSettings(polarity=False))) == []
    pixels = np.ascontiguousarray(np.rot90(leaning(400, 60)))
    page, size = Upright.as_it_is(grey(pixels)), (60, 400)
    line = Candidate(Quad.box(4, 4, 56, 396), vertical=True)
    assert not list(cut(page, line, size, SETTINGS, pixels=pixels).others(SETTINGS))


def on_page(quad: Quad, *others: Quad, vertical: bool = False) -> Cut:
    page = np.full((400, 600), 255, np.uint8)
    lines = [Candidate(one, vertical) for one in (quad, *others)]
    return cut(Upright.as_it_is(page), lines[0], (600, 400), SETTINGS, starts=starts_of(lines))


def test_a_longer_line_reaches_to_the_next_one_in_its_rows_or_to_the_edge() -> None:
    line, below, before = Quad.box(100, 100, 300, 120), Quad.box(320, 130, 500, 150), Quad.box(10, 100, 90, 120)

    def right(*others: Quad, heights: float = 4.0, of: Quad = line) -> float:
        longer = on_page(of, *others).longer(heights)
        assert longer is not None
        assert longer.line.points[0] == of.points[0]
        assert longer.strip.shape[1] > on_page(of).strip.shape[1]
        return longer.line.bounds[2]

    assert right() == right(below, before) == 380
    assert right(Quad.box(350, 104, 500, 118)) == 346  # a fifth of the height before it
    assert right(heights=100) == 600
    # along its slope, where the bounds of lines above and below reach into its own
    climbing = Quad(((100, 100), (300, 80), (302, 100), (102, 120)))
    assert right(Quad.box(320, 110, 500, 130), of=climbing) > 370
    assert on_page(line, Quad.box(302, 100, 400, 120)).longer(4.0) is None
    assert on_page(Quad.box(500, 100, 600, 120)).longer(4.0) is None


def test_a_long_line_is_shown_with_room_behind_it_as_far_as_nothing_stands_there() -> None:
    line, short, down = Quad.box(100, 100, 300, 120), Quad.box(100, 100, 250, 120), Quad.box(100, 100, 120, 300)
    margin = math.ceil(BESIDE * 20)

    def right(quad: Quad, *others: Quad) -> float:
        made = on_page(quad, *others)
        assert made.line == quad, "where it was found"
        assert made.whole.bounds[0] == 100 - margin
        assert made.strip.shape[1] == pytest.approx(32 * made.whole.width / made.whole.height, abs=2)
        return made.whole.bounds[2]

    assert right(line) == 300 + 20 * BEHIND + margin
    assert right(line, Quad.box(310, 130, 500, 150)) == right(line), "another row"
    assert right(line, Quad.box(308, 102, 500, 120)) == 304 + margin, "a fifth of the height before the next"
    assert right(line, Quad.box(301, 102, 500, 120)) == 300 + margin, "none at all"
    assert right(short) == 250 + margin
    one = on_page(line)
    assert one.part(0.9, 1.0).bounds[2] == pytest.approx(300 + margin), "it stands in the line"
    last = one.part(0.98, 1.0)
    assert last.bounds[2] == pytest.approx(one.whole.bounds[2]), "behind it"
    assert one.holding(one.part(0.9, 1.0)) == line
    assert one.holding(last).bounds == pytest.approx((100, 100, last.bounds[2], 120))
    page = Upright.as_it_is(np.full((400, 600), 255, np.uint8))
    assert cut(page, Candidate(line), (600, 400), SETTINGS).whole.bounds[2] == 300 + margin, "its place is known"
    known = cut(page, Candidate(down, vertical=True), (600, 400), SETTINGS)
    assert on_page(down, vertical=True).whole == known.whole
    turned = next(on_page(line).turned((2,)))
    assert turned.line.points == (line.points[2], line.points[3], line.points[0], line.points[1])


def test_only_level_lines_of_a_page_get_longer() -> None:
    assert on_page(Quad.box(100, 100, 120, 300), vertical=True).longer(4.0) is None
    assert whole(picture(200, 60), SETTINGS).longer(4.0) is None
    assert of_page(picture(200, 60)).longer(4.0) is None  # its place is known
