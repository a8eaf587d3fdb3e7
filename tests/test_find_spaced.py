from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from shizi import Reader
from shizi.find import Candidate, Found, find, is_clean
from shizi.find.spaced import FEWEST, MOST, SHORT, rows
from shizi.settings import FindSettings
from shizi.types import Quad

SAMPLE = Path(__file__).parents[1] / "samples" / "notice.jpg"
SIZE = 40.0


def box(x: float, y: float, wide: float = SIZE, high: float = SIZE) -> Candidate:
    return Candidate(Quad.box(x, y, x + wide, y + high), score=0.9)


def squared(lines: int, chars: int, across: float, down: float, climb: float = 0.0, seed: int = 0) -> list[Candidate]:
    """Characters in squares, each a little out of its middle; the rows climb to the right."""
    rng = np.random.default_rng(seed)
    made = []
    for row in range(lines):
        for column in range(chars):
            x, y = column * across, row * down - climb * column * across
            wide, high, dx, dy = rng.uniform((0.8, 0.8, -0.1, -0.1), (1.1, 1.1, 0.1, 0.1)) * SIZE
            made.append(box(x + dx + 300, y + dy + 900, wide, high))
    return made


def middles(lines: list[Candidate]) -> list[tuple[float, float]]:
    return [tuple(np.mean(one.quad.points, axis=0)) for one in lines]


def holds(row: Candidate, point: tuple[float, float]) -> bool:
    return cv2.pointPolygonTest(np.asarray(row.quad.points, np.float32), point, False) >= 0


@given(
    st.integers(2, 8), st.integers(4, 12), st.floats(1.2, 2.4), st.floats(1.3, 2.5), st.floats(-0.12, 0.12),
    st.integers(0, 99),
)  # fmt: skip
def test_squared_paper_is_read_in_rows(
    lines: int, chars: int, across: float, down: float, climb: float, seed: int
) -> None:
    found = squared(lines, chars, across * SIZE, down * SIZE, climb, seed)
    np.random.default_rng(seed).shuffle(found)  # type: ignore[arg-type]
    made = rows(found)
    assert len(made) == lines
    assert all(sum(holds(row, point) for row in made) == 1 for point in middles(found))
    assert not any(row.vertical for row in made)
    for row in made:
        (x0, y0), (x1, y1), *_ = row.quad.points
        # a middle is at most 6 pixels off its place
        assert (y0 - y1) / (x1 - x0) == pytest.approx(climb, abs=12 / (across * SIZE * (chars - 1)) + 0.01)
        assert row.quad.height < 1.6 * SIZE


@given(st.integers(0, 60), st.integers(0, FEWEST - 1), st.integers(0, 99))
def test_pages_of_lines_stay_as_they_are(count: int, alone: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    found = [box(*rng.uniform(0, 900, 2), wide=SIZE * rng.uniform(2 * SHORT, 20)) for _ in range(count)]
    found += [box(*rng.uniform(0, 900, 2)) for _ in range(alone)]
    assert rows(found) == found


def test_columns_stay_as_they_are() -> None:
    found = [box(100 * i, 0, high=500) for i in range(8)] + [box(100 * i, 600) for i in range(8)]
    assert rows(found) == found


def test_what_reaches_over_rows_is_parted() -> None:
    found = squared(4, 8, 60, 60)
    taller = [one for i, one in enumerate(found) if i not in (10, 18, 26)]  # rows 1 to 3, third column
    tops = [found[i].quad.bounds for i in (10, 26)]
    tall = Candidate(Quad.box(tops[0][0], tops[0][1], tops[0][2], tops[1][3]), vertical=True)
    made = rows([*taller, tall])
    assert len(made) == 4
    assert all(sum(holds(row, point) for row in made) == 1 for point in middles(found))


def test_what_lies_far_away_stays_alone() -> None:
    found, far = squared(3, 6, 60, 80), [box(2000, 100), box(60, 3000), box(2500, 2500, wide=400)]
    made = rows([*found, *far])
    assert len(made) == 6
    assert all(one in made for one in far)


def test_there_is_a_bound() -> None:
    found = squared(20, MOST // 20, 60, 80)
    assert len(rows(found)) == 20
    assert rows([*found, box(0, 5000)]) == [*found, box(0, 5000)]


SQUARE = 60


def drawn() -> tuple[np.ndarray, list[str]]:
    """Characters of the sample picture, set apart in squares; six rows of eight."""
    pixels = np.asarray(Image.open(SAMPLE).convert("L"))
    line = max(Reader().read(SAMPLE).lines, key=lambda one: sum("\u4e00" <= c.text <= "\u9fff" for c in one.chars))
    chars = [c for c in line.chars if "\u4e00" <= c.text <= "\u9fff"][:14]
    wanted = []
    page = np.full((8 * SQUARE, 10 * SQUARE), 235, np.uint8)
    for row in range(6):
        wanted.append("".join(chars[(3 * row + 5 * column) % len(chars)].text for column in range(8)))
        for column in range(8):
            left, top, right, bottom = map(round, chars[(3 * row + 5 * column) % len(chars)].quad.bounds)
            cut = pixels[top + 2 : bottom - 2, left:right]
            glyph = cv2.resize(cut, None, fx=44 / len(cut), fy=44 / len(cut), interpolation=cv2.INTER_CUBIC)
            y, x = (row + 1) * SQUARE, (column + 1) * SQUARE
            page[y : y + len(glyph), x : x + glyph.shape[1]] = np.minimum(glyph, 235)
    page = np.clip(page + np.random.default_rng(0).normal(0, 6, page.shape), 0, 255).astype(np.uint8)
    return page, wanted


def test_a_page_of_squared_paper_is_found_and_read_in_rows() -> None:
    page, wanted = drawn()
    assert not is_clean(page)
    long = [one for one in find(page, FindSettings(threads=1)).lines if one.quad.width > 3 * one.quad.height]
    places = [(1.4 + column, 1.4 + row) for row in range(6) for column in range(8)]
    held = [sum(holds(one, (x * SQUARE, y * SQUARE)) for one in long) for x, y in places]
    assert 4 <= len(long) <= 8
    assert sum(held) >= 0.75 * len(held)
    read = [line.text for line in Reader().read(page).lines]
    assert max(map(len, read)) >= 7 and any(text in wanted for text in read)


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_page_of_squared_paper_is_read_whichever_way_up_it_stands(quarters: int) -> None:
    page, wanted = drawn()
    read = Reader().read(np.ascontiguousarray(np.rot90(page, quarters)))
    assert read.turned == 90 * quarters
    assert sum(line.text in wanted for line in read.lines) >= 4


def test_rows_that_were_joined_wrongly_do_not_tell_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a page that lies on its side, whose rows are made of characters of several lines."""
    page = np.ascontiguousarray(np.rot90(np.asarray(Image.open(SAMPLE).convert("RGB")), 2))
    seen = find(page[:, :, 0], FindSettings(threads=1))
    ground = Candidate(Quad.box(4, 4, 200, 20))
    monkeypatch.setattr("shizi.find.find", lambda *_, **__: Found((ground,), (), seen.lines))
    assert Reader().read(page).turned == 180
    monkeypatch.setattr("shizi.find.find", lambda *_, **__: Found((ground,)))
    assert Reader().read(page).turned == 0


def test_pages_of_lines_have_nothing_apart() -> None:
    page = np.asarray(Image.open(SAMPLE).convert("L"))
    assert find(page, FindSettings(finder="dbnet", threads=1)).apart == ()
