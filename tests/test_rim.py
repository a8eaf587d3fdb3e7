"""Names along the rims of seals: unrolled, cut out of what stands beside them, and read."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from shizi import Reader, clean
from shizi.cut import Cut
from shizi.rim import Name, Ring, among, found, is_name, names, without
from shizi.seal import BLUE, RED, Seal, lifted, seals
from shizi.settings import CleanSettings, Settings
from shizi.types import Char, Line, Page, Quad

PICTURES = Path(__file__).parent / "pictures"
RED_INK, BLUE_INK = (205, 25, 35), (40, 60, 190)

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float64]

ellipses = st.builds(
    lambda across, ratio, angle, red: Seal(300, 280, across, across * ratio, angle, RED if red else BLUE),
    st.integers(60, 240), st.floats(0.6, 1.0), st.integers(0, 179), st.booleans(),
)  # fmt: skip


def placed(one: Seal, ways: Floats, depth: float) -> Floats:
    """(N, 2) places so deep within an ellipse, at some of its angles from ``angle`` on, radians."""
    a, b = one.across * np.cos(ways), one.high * np.sin(ways)
    inward = np.array([-one.high * np.cos(ways), -one.across * np.sin(ways)])
    x, y = np.array([a, b]) + depth * inward / np.hypot(*inward)
    cos, sin = np.cos(np.radians(one.angle)), np.sin(np.radians(one.angle))
    return np.column_stack([one.x + x * cos - y * sin, one.y + x * sin + y * cos])


def stamp(one: Seal, *, count: int = 10, span: float = 230, tilt: float = 0) -> tuple[Pixels, Floats]:
    """A rim and squares along it, clockwise over its top, that many as a name has characters; and their middles."""
    small, ink = min(one.across, one.high), RED_INK if one.channel == RED else BLUE_INK
    page = np.full((600, 640, 3), 255, np.uint8)
    axes = round(one.across), round(one.high)
    cv2.ellipse(page, (round(one.x), round(one.y)), axes, one.angle, 0, 360, ink, round(0.05 * small), cv2.LINE_AA)
    ring = Ring.of(one, 0.23 * small)
    top = ring.length * (0.5 + tilt / 360)
    along = top + ring.length * np.linspace(-span / 720, span / 720, count)
    wide = min(0.1 * small, 0.35 * (along[1] - along[0]))
    made = []
    for place in along:
        ends = np.array([place - wide, place + wide, place + wide, place - wide])
        corners = np.column_stack(ring.at(ends, small * np.array([0.13, 0.13, 0.33, 0.33])))
        cv2.fillPoly(page, [np.rint(16 * corners).astype(np.int32)], ink, cv2.LINE_AA, 4)
        made.append(corners.mean(axis=0))
    return page, np.array(made)


@given(ellipses, st.floats(0, 0.999), st.floats(0, 0.3))
def test_a_place_lies_as_deep_within_the_rim_as_it_says(one: Seal, share: float, deep: float) -> None:
    ring, depth = Ring.of(one, 0.2 * one.high), deep * one.high
    point = np.column_stack(ring.at(np.array([share * ring.length]), np.array([depth])))
    rim = placed(one, np.linspace(0, 2 * np.pi, 5000), 0)
    assert np.hypot(*(rim - point).T).min() == pytest.approx(depth, abs=0.02 * one.high)


@given(ellipses, st.floats(0.05, 0.3))
def test_the_way_around_is_even_clockwise_and_begins_at_the_foot(one: Seal, deep: float) -> None:
    ring = Ring.of(one, deep * one.high)
    along = np.linspace(0, ring.length, 400)
    xs, ys = ring.at(along, np.full(400, deep * one.high))
    steps = np.hypot(np.diff(xs), np.diff(ys))
    assert steps == pytest.approx(np.full(399, ring.length / 399), rel=0.02)
    assert (np.diff(np.unwrap(np.arctan2(ys - one.y, xs - one.x))) > 0).all()  # y grows downwards
    round_one = Ring.of(Seal(one.x, one.y, one.across, one.across, one.angle, one.channel), 0)
    x, y = round_one.at(np.zeros(1), np.zeros(1))
    assert (float(x[0]), float(y[0])) == pytest.approx((one.x, one.y + one.across))


@settings(max_examples=40, deadline=None)
@given(ellipses, st.integers(7, 14), st.integers(190, 260), st.integers(-40, 40))
def test_each_part_of_the_strip_stands_where_it_was_drawn(one: Seal, count: int, span: int, tilt: int) -> None:
    page, middles = stamp(one, count=count, span=span, tilt=tilt)
    name = found(page, one)
    assert name is not None
    ink = (name.strip < 128).any(axis=0)
    ends = np.flatnonzero(np.diff(ink.astype(int), prepend=0, append=0)).reshape(-1, 2)
    assert len(ends) == count, "as many as were drawn, from the widest gap on"
    small = min(one.across, one.high)
    for (start, end), middle in zip(ends / len(ink), middles, strict=True):
        part = np.array(name.part(name.quad(), start, end).points)
        assert np.hypot(*(part.mean(axis=0) - middle)) < 0.06 * small + 1
        down = (part[2] + part[3] - part[0] - part[1]) / 2
        assert down @ (np.array((one.x, one.y)) - middle) > 0, "its foot points inward"
    around = np.array(name.quad().points, np.float32)
    assert all(cv2.pointPolygonTest(around, tuple(map(float, middle)), True) > 0 for middle in middles)


def test_what_is_no_text_along_the_rim_gives_no_name() -> None:
    one = Seal(300, 280, 120, 120, 0, RED)
    empty, _ = stamp(one, count=2, span=1)
    plain = np.full((600, 640, 3), 255, np.uint8)
    assert found(plain, one) is None
    assert found(cv2.circle(plain, (300, 280), 118, RED_INK, 5).astype(np.uint8), one) is None
    name = found(empty, one)
    assert name is None or name.strip.shape[1] < 5 * name.strip.shape[0]


def test_names_are_hanzi_read_surely() -> None:
    def line(text: str, confidence: float) -> Line:
        return Line.of([Char(char, confidence, Quad.box(0, 0, 1, 1)) for char in text], Quad.box(0, 0, 1, 1))

    assert is_name(line("某某公司", 0.9))
    assert not is_name(line("某公司", 0.9))
    assert not is_name(line("某某公司", 0.5))
    assert not is_name(line("8701136650021", 0.9))


def test_print_under_the_band_is_hardly_seen() -> None:
    one = Seal(300, 280, 150, 150, 0, RED)
    page, _ = stamp(one)
    clear = found(page, one)
    for y in range(120, 470, 40):
        cv2.putText(page, "HELLO WORLD 1234567", (40, y), cv2.FONT_HERSHEY_SIMPLEX, 1.2, (20, 20, 20), 2, cv2.LINE_AA)
    crossed = found(page, one)
    assert clear is not None
    assert crossed is not None
    assert abs(crossed.along[0] - clear.along[0]) < 20
    assert abs(crossed.along[-1] - clear.along[-1]) < 20
    wide = cv2.resize(crossed.strip, clear.strip.shape[::-1])
    assert np.corrcoef(wide.mean(axis=0), clear.strip.mean(axis=0))[0, 1] > 0.8


def test_the_middle_stays_when_rim_and_name_are_taken_off() -> None:
    one = Seal(300, 280, 110, 110, 0, RED)
    page, middles = stamp(one)
    cv2.putText(page, "SEAL", (265, 290), cv2.FONT_HERSHEY_SIMPLEX, 0.9, RED_INK, 2, cv2.LINE_AA)
    grey, (there,) = clean.grey(page), seals(page)
    bare = lifted(page, grey, [there])
    made = without(grey, bare, names(page, [there], CleanSettings()))
    assert made[250:300, 250:350].min() < 120
    assert all(made[round(y), round(x)] > 200 for x, y in middles)
    assert made[280, 180:200].min() > 200, "the rim"
    assert np.array_equal(without(grey, bare, []), grey)


def test_a_name_stands_before_the_words_of_its_seal_and_in_no_paragraph() -> None:
    page, _ = stamp(Seal(300, 280, 110, 110, 0, RED))
    (name,) = names(page, seals(page), CleanSettings())

    def at(left: float, top: float, right: float, bottom: float) -> Cut:
        quad = Quad.box(left, top, right, bottom)
        return Cut(np.zeros((32, 32), np.float32), quad, quad, (640, 600))

    prose = [at(10, 60 + 30 * row, 630, 82 + 30 * row) for row in range(8)]
    words, below = at(250, 320, 350, 340), at(10, 480, 630, 502)
    made = among([*prose, words, below], [name])
    assert [one for one in made if one is not name] == [*prose, words, below]
    assert made.index(name) == len(prose)
    assert among([], [name]) == [name]


@pytest.fixture(scope="module")
def page() -> Page:
    return Reader().read(PICTURES / "names.jpg")


def test_names_are_read(page: Page) -> None:
    """A round red seal with a number below and straight words, on text, and an oval blue one."""
    texts = [line.text for line in page.lines]
    assert "杭州云栖茶叶有限公司" in texts
    assert "南京青石出版社" in texts
    assert texts[0].startswith("第一条")
    assert "日期：2026年3月19日" in texts


def test_characters_of_names_stand_around_the_seal(page: Page) -> None:
    line = next(line for line in page.lines if line.text == "杭州云栖茶叶有限公司")
    middles = np.array([np.mean(char.quad.points, axis=0) for char in line.chars])
    far = np.hypot(*(middles - (225, 240)).T)
    assert far == pytest.approx(np.full(len(far), far.mean()), abs=4)
    assert 70 < far.mean() < 110
    ways = np.unwrap(np.arctan2(middles[:, 1] - 240, middles[:, 0] - 225))
    assert (np.diff(ways) > 0.2).all()
    left, top, right, bottom = line.quad.bounds
    assert (middles > (left, top)).all()
    assert (middles < (right, bottom)).all()
    assert all(char.quad.width < 45 and char.quad.height < 45 for char in line.chars)


def test_names_are_not_looked_for_where_seals_stay_on() -> None:
    text = Reader(settings=Settings(clean=CleanSettings(seals=False))).read(PICTURES / "names.jpg").text
    assert "南京青石出版社" not in text


def test_a_strip_is_part_of_a_cut() -> None:
    page, middles = stamp(Seal(300, 280, 110, 110, 0, RED))
    (one,) = names(page, seals(page), CleanSettings())
    assert isinstance(one.laid, Name)
    whole = np.array(one.part(0.4, 0.6).points).mean(axis=0)
    assert np.hypot(*(whole - middles.mean(axis=0))) > 25, "it stands on the arc, not in its middle"
    assert list(one.others(CleanSettings(), roomier=True)) == []
    assert one.longer(3) is None
