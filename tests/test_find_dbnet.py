"""The learned finder: from maps to lines, the size a page is looked at, the weight file, the shipped weights."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from shizi.errors import ModelMismatch, ModelMissing, SettingsError
from shizi.find import Candidate, Found, dbnet, find, is_clean, is_drawn, kernels
from shizi.settings import FindSettings
from shizi.types import Quad

SETTINGS = FindSettings(finder="dbnet", threads=1)
Grey = NDArray[np.uint8]


def maps_of(*rectangles: tuple[tuple[float, float], tuple[float, float], float], size: int = 400) -> kernels.Maps:
    """Maps on which the kernels of the lines ``(centre, (length, height), degrees)`` are drawn, in cells."""
    kernel = np.zeros((size, size), np.uint8)
    for centre, (long, high), angle in rectangles:
        inner = 2 * kernels.SHRINK * min(long, high) + 1  # fillPoly adds half a cell on each side
        corners = cv2.boxPoints((centre, (long - inner, high - inner), angle)) - 0.5
        cv2.fillPoly(kernel, [np.round(corners * 16).astype(np.int32)], 255, shift=4)
    return kernels.Maps(kernel, np.zeros_like(kernel))


@given(
    st.floats(4, 200), st.floats(4, 200), st.floats(-44, 44), st.floats(-50, 50), st.floats(-50, 50)
)  # fmt: skip
def test_what_was_drawn_in_is_let_out_again(long: float, high: float, angle: float, x: float, y: float) -> None:
    inner = 2 * kernels.SHRINK * min(long, high)
    made = kernels.unclipped((x, y), (long - inner, high - inner), angle)
    turn = np.radians(angle)
    along = np.array((np.cos(turn), np.sin(turn))) * long / 2
    across = np.array((-np.sin(turn), np.cos(turn))) * high / 2
    signs = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)])
    true = np.array((x, y)) + signs[:, :1] * along + signs[:, 1:] * across
    np.testing.assert_allclose(made, true, atol=1e-6 * max(long, high))


@given(st.floats(40, 200), st.floats(16, 60), st.floats(-40, 40))
def test_a_line_drawn_on_a_map_is_found_where_it_is(long: float, high: float, angle: float) -> None:
    assume(high < 0.9 * long)
    (line,) = kernels.lines(maps_of(((200, 200), (long, high), angle)), cell=1, threshold=0.5)
    true = np.float32(cv2.boxPoints(((200, 200), (long, high), angle)))
    made = np.float32(line.quad.points)
    shared = cv2.intersectConvexConvex(cv2.convexHull(true), cv2.convexHull(made))[0]
    assert shared / (long * high + cv2.contourArea(made) - shared) > 0.7
    first, second = line.quad.points[:2]
    assert second[0] - first[0] > abs(second[1] - first[1])  # it starts at the left
    assert line.score == pytest.approx(1, abs=0.01)


def test_lines_that_touch_are_two() -> None:
    found = kernels.lines(maps_of(((200, 100), (300, 20), 0), ((200, 120), (300, 20), 0)), cell=2, threshold=0.5)
    assert len(found) == 2
    assert sorted(round(one.quad.bounds[1] / 2) for one in found) == pytest.approx([90, 110], abs=1)


def test_a_line_inside_a_ring_is_found_too() -> None:
    maps = maps_of(((200, 200), (60, 20), 0))
    cv2.circle(maps.kernel, (200, 200), 120, 255, 6)
    assert len(kernels.lines(maps, cell=1, threshold=0.5)) == 2


def test_what_runs_downwards_is_said_by_the_map_and_is_tall() -> None:
    maps = maps_of(((100, 200), (24, 70), 0), ((200, 200), (24, 70), 0), ((300, 200), (24, 24), 0))
    maps.down[:, 150:] = 255
    found = sorted(kernels.lines(maps, cell=1, threshold=0.5), key=lambda one: one.quad.bounds[0])
    assert [one.vertical for one in found] == [False, True, False]
    for one in found[:2]:
        assert one.quad.height > one.quad.width  # the first corner is the page's top left all the same


def test_what_is_very_tall_runs_downwards_or_lies_on_its_side_whatever_the_map_says() -> None:
    (found,) = kernels.lines(maps_of(((100, 200), (24, 240), 0)), cell=1, threshold=0.5)
    assert found.vertical


def test_specks_are_no_lines() -> None:
    maps = maps_of()
    maps.kernel[50, 50:52] = 255
    assert kernels.lines(maps, cell=2, threshold=0.5) == []


class Ink:
    """In place of a session: sees a kernel in the middle half of each dark bar, and notes the sizes it is given."""

    def __init__(self) -> None:
        self.sizes: list[tuple[int, ...]] = []

    def run(self, _: list[str], given: dict[str, NDArray[np.float32]]) -> list[NDArray[np.float32]]:
        page = given[dbnet.INPUT][0, 0]
        self.sizes.append(page.shape)
        dark = (page < 0).astype(np.uint8)
        cells = cv2.resize(dark, (page.shape[1] // 2, page.shape[0] // 2), interpolation=cv2.INTER_AREA)
        _, _, stats, _ = cv2.connectedComponentsWithStats(cells)
        kernel = np.zeros(cells.shape, np.float32)
        for x, y, wide, high, _ in stats[1:]:
            inner = round(kernels.SHRINK * min(wide, high))
            kernel[y + inner : y + high - inner, x + inner : x + wide - inner] = 1
        return [np.stack([kernel, np.zeros_like(kernel)])[np.newaxis]]


def barred(width: int, height: int, bars: list[tuple[int, int, int, int]]) -> Grey:
    page = np.full((height, width), 255, np.uint8)
    for left, top, right, bottom in bars:
        page[top:bottom, left:right] = 0
    return page


def nearest(quads: list[Quad], box: tuple[int, int, int, int]) -> float:
    return min(max(abs(a - b) for a, b in zip(quad.bounds, box, strict=True)) for quad in quads)


def test_a_small_page_is_looked_at_once_as_it_is() -> None:
    session, bars = Ink(), [(40, 40, 400, 60), (40, 100, 300, 120)]
    found = dbnet.found(session, barred(640, 480, bars), SETTINGS)
    assert session.sizes[0] == (480, 640)
    assert sum(rows * columns for rows, columns in session.sizes[1:]) < 0.2 * 480 * 640  # for large letters
    assert len(found.lines) == 2
    assert all(nearest([one.quad for one in found.lines], bar) <= 3 for bar in bars)


def test_small_text_on_a_large_page_is_looked_at_again_larger() -> None:
    bars = [(200, 200 + 60 * i, 2000, 218 + 60 * i) for i in range(40)]
    session, page = Ink(), barred(3000, 3000, bars)
    found = dbnet.found(session, page, SETTINGS)
    looks = [rows * columns for rows, columns in session.sizes]
    assert looks[0] <= 1.1 * SETTINGS.first_look
    assert sum(looks[2:]) > 2 * SETTINGS.first_look
    assert len(found.lines) == len(bars)
    assert all(nearest([one.quad for one in found.lines], bar) <= 8 for bar in bars)


def test_large_text_is_not_looked_at_larger() -> None:
    session = Ink()
    found = dbnet.found(session, barred(3000, 3000, [(300, 300, 2700, 700)]), SETTINGS)
    assert max(rows * columns for rows, columns in session.sizes) <= 1.1 * SETTINGS.first_look
    assert len(found.lines) == 1


class Nearsighted(Ink):
    """Sees no bar higher than 100 pixels as a whole, but its edge as a low line."""

    def run(self, names: list[str], given: dict[str, NDArray[np.float32]]) -> list[NDArray[np.float32]]:
        page = given[dbnet.INPUT].copy()
        rows = np.flatnonzero((page[0, 0] < 0).any(axis=1))
        if len(rows) > 100:
            page[0, 0, rows[10] : rows[-1] + 1] = 0.5
        return super().run(names, {dbnet.INPUT: page})


def test_letters_too_large_to_be_seen_are_found_in_a_smaller_look() -> None:
    bar = (100, 100, 700, 340)
    found = dbnet.found(Nearsighted(), barred(800, 600, [bar]), SETTINGS)
    assert len(found.lines) == 1
    assert nearest([found.lines[0].quad], bar) <= 20


def test_small_lines_are_not_taken_for_one_large_one() -> None:
    class Blurred(Ink):
        """Runs bars together where the page is small."""

        def run(self, names: list[str], given: dict[str, NDArray[np.float32]]) -> list[NDArray[np.float32]]:
            page = given[dbnet.INPUT].copy()
            if page.shape[2] < 300:
                page[0, 0] = cv2.erode(page[0, 0], np.ones((15, 15), np.uint8))
            return super().run(names, {dbnet.INPUT: page})

    bars = [(60, 60 + 36 * i, 700, 86 + 36 * i) for i in range(12)]
    found = dbnet.found(Blurred(), barred(800, 600, bars), SETTINGS)
    assert len(found.lines) == len(bars)


@pytest.mark.parametrize("grain", [0, 8])
def test_a_picture_is_out_of_focus_where_little_is_lost_besides_its_grain(grain: float) -> None:
    bars = [(60 + 24 * at, 200, 72 + 24 * at, 240) for at in range(40)]
    text = Candidate(Quad.box(50, 190, 1020, 250), vertical=False)
    lost = []
    for radius in (0.5, 6.0):
        noise = np.random.default_rng(0).normal(0, grain, (500, 1100))
        page = np.clip(cv2.GaussianBlur(barred(1100, 500, bars), (0, 0), radius) * 0.7 + 30 + noise, 0, 255)
        lost.append(dbnet._sharpness(page.astype(np.uint8), [text], 1.0, SETTINGS))
    assert lost[1] < dbnet.SHARP < lost[0] / 2
    assert dbnet._sharpness(barred(1100, 500, bars), [], 1.0, SETTINGS) == 0


@pytest.mark.parametrize(("count", "several"), [(6, True), (5, False)])
def test_a_table_s_column_seen_from_afar_is_not_one_line(count: int, several: bool) -> None:
    """Its cells cover little of it; six of them tell, a few small words on a large letter do not."""
    column = Candidate(Quad.box(30, 174, 120, 935), vertical=True)
    cells = [Candidate(Quad.box(40, 180 + 60 * at, 76, 198 + 60 * at), vertical=False) for at in range(count)]
    found = dbnet._joined([column], cells, 1.0, SETTINGS)
    assert (column in found) != several
    assert all((cell in found) == several for cell in cells)


def test_a_huge_line_among_small_ones_is_found_whole() -> None:
    bars = [(200, 200, 2800, 900), *((200, 1200 + 60 * i, 2000, 1224 + 60 * i) for i in range(20))]
    found = dbnet.found(Ink(), barred(3000, 3000, bars), SETTINGS)
    assert len(found.lines) == len(bars)
    assert all(nearest([one.quad for one in found.lines], bar) <= 10 for bar in bars)


def test_what_is_left_out_is_listed_with_its_reason() -> None:
    page = barred(600, 400, [(40, 40, 400, 60), (40, 100, 300, 106)])
    found = dbnet.found(Ink(), page, replace(SETTINGS, min_height=10))
    assert len(found.lines) == 1
    assert [one.reason for one in found.dropped] == ["small"]
    found = dbnet.found(Ink(), page, replace(SETTINGS, min_score=1.0, threshold=0.1))
    assert len(found.lines) + len(found.dropped) == 2


# Which finder suits a page.


def test_a_clean_document_needs_no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    page, count = written()

    def none(*_: object) -> None:
        raise AssertionError("the model was asked")

    monkeypatch.setattr(dbnet, "found", none)
    assert is_clean(page)
    assert len(find(page, FindSettings()).lines) == count


def test_anything_else_is_seen_by_the_model() -> None:
    page, count = written()
    grain = np.random.default_rng(0).normal(0, 12, page.shape)
    page = np.clip(page - 30 + grain, 0, 255).astype(np.uint8)
    assert not is_clean(page)
    assert find(page, FindSettings(threads=1)) == find(page, SETTINGS)
    assert len(find(page, SETTINGS).lines) == count


# The weight file.


def test_a_missing_or_broken_weight_file_says_so(tmp_path: Path) -> None:
    page = barred(64, 64, [])
    with pytest.raises(ModelMissing, match=r"none\.onnx"):
        find(page, replace(SETTINGS, weights=str(tmp_path / "none.onnx")))
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"no network")
    with pytest.raises(ModelMismatch, match="ONNX Runtime"):
        find(page, replace(SETTINGS, weights=str(broken)))


def test_a_recogniser_is_no_finder() -> None:
    recogniser = dbnet.WEIGHTS.with_name("zh-en.onnx")
    with pytest.raises(ModelMismatch, match="schema"):
        dbnet.opened(recogniser)


@pytest.mark.parametrize(
    "wrong", [{"first_look": 10}, {"max_look": 1000}, {"threshold": 0.0}, {"min_score": 2.0}, {"threads": -1}]
)
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(SettingsError):
        FindSettings(**wrong)


# The shipped weights.


def written(width: int = 800, height: int = 600, size: int = 26, ground: int = 250, ink: int = 20) -> tuple[Grey, int]:
    image = Image.new("L", (width, height), ground)
    font, rows = ImageFont.load_default(size=size), range(40, height - 2 * size, 2 * size)
    for y in rows:
        ImageDraw.Draw(image).text((40, y), "Words in a row, read 0123", ink, font)
    return np.asarray(image), len(rows)


@pytest.mark.parametrize(("ground", "ink"), [(250, 20), (20, 240), (200, 90)])
@pytest.mark.parametrize("size", [14, 26, 60])
def test_written_lines_are_found(size: int, ground: int, ink: int) -> None:
    page, count = written(size=size, ground=ground, ink=ink)
    assert len(find(page, SETTINGS).lines) == count


def empty(kind: str) -> Grey:
    rng = np.random.default_rng(3)
    rows, columns = np.mgrid[0:600, 0:800]
    made = {
        "white": np.full((600, 800), 255),
        "black": np.zeros((600, 800)),
        "noise": rng.integers(0, 256, (600, 800)),
        "grain": rng.normal(200, 12, (600, 800)),
        "slope": columns * 255 / 800,
        "sky and hills": np.where(rows > 350 + 60 * np.sin(columns / 90), 70, 200) + rng.normal(0, 6, (600, 800)),
        "clouds": cv2.resize(rng.uniform(0, 255, (7, 9)), (800, 600), interpolation=cv2.INTER_CUBIC),
    }[kind]
    return np.clip(made, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("kind", ["white", "black", "noise", "grain", "slope", "sky and hills", "clouds"])
def test_nothing_is_found_where_nothing_is_written(kind: str) -> None:
    assert find(empty(kind), SETTINGS).lines == ()


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from Linux's /proc")
@pytest.mark.parametrize(("width", "height"), [(7100, 7100), (1080, 20_000)])
def test_the_largest_pages_are_found_in_bounded_memory(width: int, height: int) -> None:
    """At most 400 MB for the whole process, the picture among them; every line of a tall screenshot found."""
    code = f"""
import json, re, numpy as np
from pathlib import Path
from PIL import Image, ImageDraw, ImageFont
from shizi.find import find
from shizi.settings import FindSettings
image, size = Image.new("L", ({width}, {height}), 250), {max(36, height // 120)}
font, rows = ImageFont.load_default(size=size), range(100, {height} - 200, 4 * size)
for y in rows:
    ImageDraw.Draw(image).text((60, y), "Words in a row, read 0123", 20, font)
page = np.asarray(image)
found = find(page, FindSettings(finder="dbnet", threads=1))
peak = int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) / 1024
print(json.dumps([len(rows), len(found.lines), peak]))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    written, seen, peak = json.loads(done.stdout)
    assert peak < 400
    assert math.isclose(seen, written, rel_tol=0.02)


def columns(*down: bool, high: float = 300) -> list[Candidate]:
    return [Candidate(Quad.box(40 * at, 0, 40 * at + 30, high), vertical=one) for at, one in enumerate(down)]


def test_a_column_among_columns_runs_as_they_do() -> None:
    row = Candidate(Quad.box(0, 400, 300, 430), vertical=False)
    made = dbnet.agreed([*columns(True, False, True, True, True), row])
    assert [one.vertical for one in made] == [True] * 5 + [False]
    # and on a page that lies on its side, none is a column
    assert not any(one.vertical for one in dbnet.agreed(columns(False, False, True, False, False)))


@pytest.mark.parametrize(
    "lines",
    [columns(True, False, True), columns(True, True, False, False, True), columns(True, False, True, True, high=45)],
)
def test_few_or_divided_columns_stay_as_they_are(lines: list[Candidate]) -> None:
    assert dbnet.agreed(lines) == lines


@pytest.mark.parametrize(
    ("level", "shape", "found", "other", "taken"),
    [
        (True, (600, 800), [(0, 300, 20)] * 3, [], "projection"),
        (False, (600, 800), [(0, 300, 20)] * 3, [], "dbnet"),  # a scan
        (True, (9600, 800), [(0, 300, 20)] * 3, [], "dbnet"),  # too long
        (True, (600, 800), [(0, 100, 20)], [], "dbnet"),  # a word
        (True, (600, 800), [], [], "dbnet"),
        (True, (600, 800), [(0, 20, 20)] * 30, [(0, 300, 20)] * 2, "dbnet"),  # pieces of tilted lines
        (True, (600, 800), [(0, 20, 20)] * 30, [(0, 25, 20)] * 25, "projection"),  # cells
        (True, (600, 800), [(0, 20, 20)] * 30, [], "projection"),
    ],
)
def test_which_finder_suits_a_page(
    level: bool, shape: tuple[int, int], found: list[tuple[int, int, int]], other: list[tuple[int, int, int]],
    taken: str, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    def lines(some: list[tuple[int, int, int]]) -> Found:
        return Found(tuple(Candidate(Quad.box(x, 0, wide, high)) for x, wide, high in some))

    made = {"projection": lines(found), "dbnet": lines(other)}
    monkeypatch.setattr("shizi.find.projection.find", lambda *_: made["projection"])
    monkeypatch.setattr("shizi.find.dbnet.find", lambda *_: made["dbnet"])
    page = np.full(shape, 255, np.uint8)
    page[50:60, 50:200:3] = 90
    assert is_clean(page)
    assert find(page, FindSettings(), level=level) is made[taken]


def test_rows_of_small_buttons_that_a_program_drew_are_found_without_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hall's seats, to the network a few rows."""
    image = Image.new("L", (820, 500), 245)
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(size=15)
    for at in range(70):
        x, y = 30 + 78 * (at % 10), 30 + 66 * (at // 10)
        draw.rounded_rectangle((x, y, x + 60, y + 50), 8, (255, 200, 180)[at % 3], 205)
        draw.text((x + 14, y + 16), f"A{at + 10}", 20, font)
    page = np.asarray(image)
    rows = Found(tuple(Candidate(Quad.box(30, 66 * y, 800, 66 * y + 50)) for y in range(7)))
    monkeypatch.setattr(dbnet, "find", lambda page, settings: rows)
    assert not is_clean(page)
    assert is_drawn(page)
    assert len(find(page, FindSettings()).lines) == 70
    seen = np.clip(page + np.random.default_rng(1).normal(0, 3, page.shape), 0, 255).astype(np.uint8)
    assert not is_drawn(seen)
    assert find(seen, FindSettings()) is rows, "a photograph of them is left to the model"
    many = Found(rows.lines * 8)
    monkeypatch.setattr(dbnet, "find", lambda page, settings: many)
    assert find(page, FindSettings()) is many, "and so is what it sees well"


def test_a_scan_in_black_and_white_was_set_by_no_program() -> None:
    page = np.full((600, 800), 255, np.uint8)
    page[50:60, 50:200:3] = 0
    assert not is_clean(page)
