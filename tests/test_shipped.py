"""The shipped weights on the sample picture: what a person who installs Shizi gets."""

from __future__ import annotations

import io
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from shizi import Reader, clean, find
from shizi.find import Candidate, Found
from shizi.learn.metrics import edits, loose
from shizi.read import weights
from shizi.settings import ReadSettings, Settings
from shizi.types import Page, Quad
from test_bent import bowed

SAMPLE = Path(__file__).parents[1] / "samples" / "notice.jpg"
TRUTH = (
    "会议通知",
    "各位同事：",
    "本周项目会议定于2026年12月3日（星期四）下午2:30",
    "在三楼第一会议室举行，请带好资料，准时参加。",
    "会后请各组填写《进度表》，并于当天18:00前交回。",
    "地点：北京市海淀区学院路 37 号 Room 301",
    "电话：010-6255 8899 E-mail: hello@example.org",
    "Agenda: OCR model review, budget ¥12,800.50",
    "识字项目组",
    "2026年11月22日",
)


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader()


@pytest.fixture(scope="module")
def pixels() -> NDArray[np.uint8]:
    return np.asarray(Image.open(SAMPLE).convert("RGB"))


def error_rate(page: Page) -> float:
    truth = loose("".join(TRUTH))
    return edits(truth, loose(page.text)) / len(truth)


def test_it_fits_in_the_package() -> None:
    assert weights.find().stat().st_size < 8_000_000


def test_the_sample_is_read(reader: Reader) -> None:
    page = reader.read(SAMPLE)
    assert len(page.lines) == len(TRUTH)
    assert error_rate(page) <= 0.02
    exact = sum(loose(line.text) == loose(text) for line, text in zip(page.lines, TRUTH, strict=True))
    assert exact >= 8


def test_characters_stand_in_their_line_from_left_to_right(reader: Reader) -> None:
    for line in reader.read(SAMPLE).lines:
        left, top, right, bottom = line.quad.bounds
        middles = []
        for char in line.chars:
            xs, ys = zip(*char.quad.points, strict=True)
            middles.append(sum(xs) / 4)
            # a line's crop has a margin of an eighth of its height
            slack = 0.3 * line.quad.height
            assert left - slack <= min(xs) and max(xs) <= right + slack
            assert top - slack <= sum(ys) / 4 <= bottom + slack
            assert 0 <= char.confidence <= 1
            assert all(other.text != char.text for other in char.alternatives)
        assert middles == sorted(middles)


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda p: 255 - p, id="light on dark"),
        pytest.param(lambda p: (150 + p.astype(float) * 0.25).astype(np.uint8), id="faint"),
        pytest.param(lambda p: np.ascontiguousarray(np.repeat(np.repeat(p, 2, 0), 2, 1)), id="twice the size"),
    ],
)
def test_spoiled_samples_are_read(reader: Reader, pixels: NDArray[np.uint8], spoil: object) -> None:
    assert error_rate(reader.read(spoil(pixels))) <= 0.06  # type: ignore[operator]


@pytest.mark.parametrize("orientation", [3, 6, 8])
def test_turned_by_exif(reader: Reader, orientation: int) -> None:
    """A phone held sideways writes turned pixels and says so in EXIF."""
    back = {3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270}
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = io.BytesIO()
    Image.open(SAMPLE).transpose(back[orientation]).save(file, "PNG", exif=exif)
    page = reader.read(file.getvalue())
    assert error_rate(page) <= 0.04
    assert page.width > page.height


def test_the_same_strip_reads_the_same_alone_in_company_and_in_threads(
    reader: Reader, pixels: NDArray[np.uint8]
) -> None:
    strips = []
    for line in reader.read(SAMPLE).lines:
        left, top, right, bottom = (round(v) for v in line.quad.bounds)
        strips.append(pixels[max(0, top) : bottom, max(0, left) : right])
    alone = [reader.read_line(strip) for strip in strips]
    assert reader.read_lines(strips) == alone
    assert reader.read_lines(strips[::-1]) == alone[::-1]
    with ThreadPoolExecutor(4) as pool:
        for again in pool.map(reader.read_lines, [strips] * 8):
            assert again == alone


def test_an_alphabet_is_kept_to(reader: Reader, pixels: NDArray[np.uint8]) -> None:
    page = reader.read(pixels, allowed="0123456789")
    assert {char for line in page.lines for char in line.text} <= set("0123456789")
    assert "2026" in page.text


def test_it_reads_without_a_network() -> None:
    code = (
        "import socket, sys\n"
        "def closed(*a, **k): raise AssertionError('the network was asked for')\n"
        "socket.socket.connect = socket.getaddrinfo = closed\n"
        "from shizi import Reader\n"
        f"page = Reader().read({str(SAMPLE)!r})\n"
        "assert '会议通知' in page.text\n"
        "assert not {'torch', 'flask', 'ray'} & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_the_sample_turned_is_read_the_same(reader: Reader, pixels: NDArray[np.uint8], quarters: int) -> None:
    upright = reader.read(pixels)
    page = reader.read(np.ascontiguousarray(np.rot90(pixels, quarters)))
    assert page.text == upright.text
    assert page.turned == 90 * quarters
    for line, same in zip(page.lines, upright.lines, strict=True):
        height, width = pixels.shape[:2]
        points = same.quad.points
        for _ in range(quarters):  # counter-clockwise: the right edge becomes the upper one
            points = tuple((y, width - x) for x, y in points)
            height, width = width, height
        assert np.allclose(line.quad.points, points, atol=1)


def test_characters_below_one_another_are_read_from_the_top(reader: Reader, pixels: NDArray[np.uint8]) -> None:
    """The sample's second line and its fourth, their characters set below one another: the right column comes first."""
    columns = []
    for line in (reader.read(pixels).lines[i] for i in (1, 3)):
        chars = [char for char in line.chars if "\u4e00" <= char.text <= "\u9fff"]
        boxes = [[int(v) for v in char.quad.bounds] for char in chars]
        squares = [(x0, (y0 + y1 - x1 + x0) // 2 - 2, x1, (y0 + y1 + x1 - x0) // 2 + 2) for x0, y0, x1, y1 in boxes]
        cells = [pixels[top:bottom, left:right] for left, top, right, bottom in squares]
        columns.append(("".join(char.text for char in chars), cells))
    page = np.empty((100 + max(sum(len(cell) + 3 for cell in cells) for _, cells in columns), 300, 3), np.uint8)
    page[:] = np.median(pixels[300:600, 300:600], axis=(0, 1))
    for x, (_, cells) in zip((180, 80), columns, strict=True):
        y = 40
        for cell in cells:
            page[y : y + cell.shape[0], x : x + cell.shape[1]] = cell
            y += len(cell) + 3
    read = reader.read(page)
    truth = "".join(text for text, _ in columns)
    assert edits(truth, loose(read.text)) <= 0.1 * len(truth)
    first = read.lines[0].chars
    tops = [char.quad.bounds[1] for char in first]
    assert tops == sorted(tops)
    assert all(char.quad.bounds[0] >= 170 for char in first)


RED, GREEN = np.array((220, 40, 40)), np.array((0, 150, 51))
"""As dark as each other."""


def equally_dark(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Red ink on green."""
    share = pixels.mean(axis=2, keepdims=True) / 255
    return np.round(RED + (GREEN - RED) * share).astype(np.uint8)


@pytest.mark.parametrize("quarters", [0, 1])
def test_ink_as_dark_as_its_ground_is_read_by_its_colour(
    reader: Reader, pixels: NDArray[np.uint8], quarters: int
) -> None:
    found = reader.read(pixels)
    quads = [line.quad for line in found.lines]
    if quarters:
        pixels = np.ascontiguousarray(np.rot90(pixels))
        quads = [Quad.of((y, found.width - x) for x, y in line.quad.points) for line in found.lines]
    lines = reader.read_quads(equally_dark(pixels), quads)
    assert [line.quad for line in lines] == quads
    truth = loose("".join(TRUTH))
    assert edits(truth, loose("".join(line.text for line in lines))) <= 0.05 * len(truth)


def test_a_strip_is_read_by_its_colour(reader: Reader, pixels: NDArray[np.uint8]) -> None:
    line = reader.read(pixels).lines[1]
    x0, y0, x1, y1 = (int(v) for v in line.quad.bounds)
    strip = equally_dark(pixels[y0 - 3 : y1 + 3, x0 - 3 : x1 + 3])
    assert np.ptp(clean.grey(strip)) <= 2
    assert loose(reader.read_line(strip).text) == loose(TRUTH[1])


@pytest.mark.parametrize(("text", "size"), [("2", 14), ("7", 14), ("3", 16), ("4", 16), ("4", 18), ("5", 20)])
def test_a_lone_character_that_was_taken_for_a_column_is_read(
    monkeypatch: pytest.MonkeyPatch, reader: Reader, text: str, size: int
) -> None:
    page = Image.new("L", (200, 200), 190)
    drawn, font = ImageDraw.Draw(page), ImageFont.load_default(size)
    drawn.text((80, 80), text, 40, font)
    left, top, right, bottom = drawn.textbbox((80, 80), text, font)
    grain = np.random.default_rng(0).normal(0, 4, (200, 200))
    soft = (cv2.GaussianBlur(np.asarray(page, np.float32), (0, 0), 1.2) + grain).clip(0, 255).astype(np.uint8)
    column = Candidate(Quad.box(left, top - 1, right, bottom + 3), vertical=True)
    monkeypatch.setattr(find, "find", lambda *_, **__: Found((column,)))
    (line,) = reader.read(soft).lines
    assert line.text == text


@pytest.mark.parametrize(("text", "allowed"), [("31°", "0123456789"), ("A | B", "AB lI"), ("5 × 7mX3m", "57 xX3m")])
def test_no_rule_brings_in_what_may_not_be_read(reader: Reader, text: str, allowed: str) -> None:
    page = Image.new("RGB", (300, 90), "white")
    ImageDraw.Draw(page).text((20, 20), text, font=ImageFont.load_default(32), fill="black")
    assert set(reader.read_line(np.asarray(page), allowed=allowed).text) <= set(allowed)


@pytest.mark.parametrize("size", [18, 22, 26, 32])
def test_bars_between_words_are_read_as_such(reader: Reader, size: int) -> None:
    text = "Home | News | About us | Contact"
    page = Image.new("L", (900, 100), 255)
    ImageDraw.Draw(page).text((30, 30), text, font=ImageFont.load_default(size), fill=0)
    assert reader.read(np.asarray(page)).text.replace(" ", "") == text.replace(" ", "")


@pytest.mark.parametrize("step", [65, 80, 100])
def test_figures_along_axes_are_found_one_by_one(step: int) -> None:
    """A look at a third of the size joins them, and shows much more text than there is."""
    font, page = ImageFont.load_default(13), Image.new("L", (1120, 820), 150)
    drawn = ImageDraw.Draw(page)
    drawn.polygon([(60, 60), (1080, 50), (1090, 780), (50, 790)], fill=235)
    places = [(150 + step * at, 650, f"{at / 2:.1f}") for at in range(9)]
    places += [(110, 630 - step * at, str(20 * at)) for at in range(6)]
    for left, top, figure in places:
        drawn.text((left, top), figure, font=font, fill=40)
    soft = cv2.GaussianBlur(np.asarray(page, np.float32), (0, 0), 1.0)
    noisy = np.clip(soft + np.random.default_rng(0).normal(0, 3, soft.shape), 0, 255).astype(np.uint8)
    boxes = [one.quad.bounds for one in find.find(noisy, Settings().find).lines]
    for left, top, figure in places:
        start, head, end, foot = drawn.textbbox((left, top), figure, font=font)
        x, y = (start + end) / 2, (head + foot) / 2
        assert any(a < x < c and b < y < d for a, b, c, d in boxes), figure
    assert len(boxes) == len(places)


@pytest.mark.parametrize(("radius", "grain"), [(4, 0), (5, 0), (6, 0), (5, 5)])
def test_lines_out_of_focus_are_found(pixels: NDArray[np.uint8], radius: float, grain: float) -> None:
    noise = np.random.default_rng(1).normal(0, grain, pixels.shape)
    soft = np.clip(cv2.GaussianBlur(pixels, (0, 0), radius) + noise, 0, 255).astype(np.uint8)
    sharp, blurred = (find.find(clean.grey(page), Settings().find).lines for page in (pixels, soft))
    assert len(sharp) == len(blurred) == len(TRUTH)
    for one, other in zip(sorted(sharp, key=_top), sorted(blurred, key=_top), strict=True):
        assert np.abs(np.subtract(one.quad.bounds, other.quad.bounds)).max() < 1.2 * one.quad.height


def _top(one: find.Candidate) -> float:
    return one.quad.bounds[1]


def test_lines_that_climb_and_lean_are_straightened(reader: Reader, pixels: NDArray[np.uint8]) -> None:
    once = Reader(settings=Settings(read=ReadSettings(again=0, again_alone=0)))
    wrong = wrong_once = 0
    for line in reader.read(pixels).lines:
        x0, y0, x1, y1 = (int(v) for v in line.quad.bounds)
        strip = pixels[y0:y1, x0 : min(x1, x0 + 5 * (y1 - y0))]
        truth = loose(once.read_line(strip).text)
        rows, columns = strip.shape[:2]
        down, right = -0.14, -0.4
        high = rows + round(abs(down) * columns)
        around = (high - rows) // 2 + 1
        strip = cv2.copyMakeBorder(strip, around, around, rows // 2, rows // 2, cv2.BORDER_REPLICATE)
        middle = strip.shape[1] / 2, strip.shape[0] / 2
        matrix = np.array([[1, right, -right * middle[1]], [down, 1, -down * middle[0]]], np.float32)
        size = (strip.shape[1], strip.shape[0])
        strip = cv2.warpAffine(strip, matrix, size, borderMode=cv2.BORDER_REPLICATE).astype(np.uint8)
        wrong += edits(truth, loose(reader.read_line(strip).text))
        wrong_once += edits(truth, loose(once.read_line(strip).text))
    assert wrong_once >= 10
    assert wrong <= 0.6 * wrong_once


@pytest.mark.parametrize("upwards", [True, False])
def test_lines_along_an_arc_are_read(reader: Reader, pixels: NDArray[np.uint8], upwards: bool) -> None:
    page = reader.read(pixels)
    wrong = chars = 0
    for line in page.lines:
        left, top, right, bottom = (round(side) for side in line.quad.bounds)
        truth = loose(line.text)
        if 4 <= len(truth) <= 20:  # longer ones climb on the sample, so that their neighbours are cut out with them
            strip = clean.grey(pixels)[max(0, top - 4) : bottom + 4, max(0, left - 4) : right + 4]
            found = reader.read_line(bowed(strip, 1.6, upwards=upwards))
            wrong, chars = wrong + edits(truth, loose(found.text)), chars + len(truth)
    assert chars > 20
    assert wrong <= 1


def test_room_around_characters_cut_out_at_their_ink_does_no_harm_to_print(
    reader: Reader, pixels: NDArray[np.uint8]
) -> None:
    pictures, texts = [], []
    for line in reader.read(pixels).lines:
        for char in (c for c in line.chars if "\u4e00" <= c.text <= "\u9fff"):
            left, _, right, _ = (int(v) for v in char.quad.bounds)
            _, top, _, bottom = (int(v) for v in line.quad.bounds)
            cell = pixels[top:bottom, left - 2 : right + 2]
            ink = clean.grey(cell) < 128
            rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
            pictures.append(cell[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])
            texts.append(char.text)
    made = reader.read_lines(pictures)
    once = Reader(settings=Settings(read=ReadSettings(again=0, again_alone=0))).read_lines(pictures)
    right, right_once = (sum(one.text == text for one, text in zip(m, texts, strict=True)) for m in (made, once))
    assert len(texts) > 80
    assert right >= 0.95 * right_once  # room helps hurried hands; print that was cut out loses nothing by it
    assert any(one.confidence != two.confidence for one, two in zip(made, once, strict=True))  # looked at again
    for line, picture in zip(made, pictures, strict=True):
        for char in line.chars:  # more are looked at
            assert len(char.alternatives) <= ReadSettings().alternatives
            assert all(one.confidence >= ReadSettings().min_alternative for one in char.alternatives)
        x0, y0, x1, y1 = line.chars[0].quad.bounds if line.chars else line.quad.bounds
        assert 0 <= x0 < x1 <= picture.shape[1]
        assert 0 <= y0 < y1 <= picture.shape[0]


def test_a_picture_that_is_read_again_reads_the_same_alone_and_in_company(
    reader: Reader, pixels: NDArray[np.uint8]
) -> None:
    rng = np.random.default_rng(1)
    strips = []
    for line in reader.read(pixels).lines:
        x0, y0, x1, y1 = (int(v) for v in line.quad.bounds)
        strip = pixels[y0:y1, x0:x1]
        strips.append(np.clip(strip + rng.normal(0, 60, strip.shape), 0, 255).astype(np.uint8))
        strips.append(strips[-1][:, : y1 - y0])
    together = reader.read_lines(strips)
    assert any(line.confidence < 0.8 for line in together)
    assert together == [reader.read_line(one) for one in strips]
