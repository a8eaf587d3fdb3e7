from __future__ import annotations

import io
import math
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from conftest import GAP, GLYPH, HIGH, LOW, STROKE, BoxNetwork, boxes, encoded
from shizi.again import HOPELESS, PICTURE, Spare, otherwise
from shizi.clean import LONGEST_STRIP
from shizi.crop import BUCKETS
from shizi.cut import Cut, whole
from shizi.errors import InputError, MissingInput, ModelMissing, SettingsError, TooLarge
from shizi.find import FINDERS
from shizi.read.charset import Charset
from shizi.read.runtime import Emissions
from shizi.reader import Reader
from shizi.settings import Settings
from shizi.types import Line, Page, Quad

MakeReader = Callable[[dict[str, dict[str, Any]]], Reader]
LINES = [HIGH + LOW + HIGH + HIGH + LOW, HIGH + HIGH + LOW + HIGH + HIGH, HIGH + LOW + HIGH + HIGH]


@pytest.fixture(scope="module", autouse=True)
def without_a_model() -> Iterator[None]:
    """Boxes are no text, and a network that was trained on text need not find them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(FINDERS, "auto", FINDERS["projection"])
        yield



def strip(text: str) -> np.ndarray[Any, Any]:
    """A picture of one line, without much room around it."""
    page, ((*places,),) = boxes([text])
    left, right = places[0][0] - GAP, places[-1][2] + GAP
    bottom = places[0][3]
    return page[bottom - GLYPH - 4 : bottom + 4, left:right]


def centre(quad: Quad) -> tuple[float, float]:
    xs, ys = zip(*quad.points, strict=True)
    return sum(xs) / 4, sum(ys) / 4


def assert_on(line: Line, places: Iterable[tuple[int, int, int, int]], place: Callable[[float, float], Any]) -> None:
    """Each character's quad is centred on its box and about as wide; ``place`` says where a point of the page went."""
    for char, (left, _, right, bottom) in zip(line.chars, places, strict=True):
        x, y = centre(char.quad)
        wanted = place((left + right) / 2, bottom - GLYPH / 2)
        assert math.dist((x, y), wanted) < 5
        assert abs(char.quad.width - GLYPH) < 14


def test_a_page_is_read_in_order_with_places(reader: Reader) -> None:
    pixels, places = boxes(LINES)
    page = reader.read(pixels)
    assert page.text == "\n".join(LINES)
    assert (page.width, page.height) == (pixels.shape[1], pixels.shape[0])
    assert page.source == "<array>"
    assert page.seconds > 0
    for line, row in zip(page.lines, places, strict=True):
        assert_on(line, row, lambda x, y: (x, y))
        left, top, right, bottom = line.quad.bounds
        assert abs(left - row[0][0]) < 4
        assert abs(right - row[-1][2]) < 4
        assert abs(bottom - row[0][3]) < 4
        assert abs(top - (row[0][3] - GLYPH)) < 4


@pytest.mark.parametrize("angle", [4.0, -7.5])
def test_places_on_a_tilted_page_are_those_of_the_picture(
    reader: Reader, monkeypatch: pytest.MonkeyPatch, angle: float
) -> None:
    monkeypatch.setattr("shizi.clean.skew", lambda page, most: angle)  # how it is estimated is not looked at here
    pixels, places = boxes([line * 3 for line in LINES])
    tilted = Image.fromarray(pixels).rotate(angle, Image.Resampling.BICUBIC, expand=True, fillcolor="white")
    page = reader.read(tilted)
    assert page.text == "\n".join(line * 3 for line in LINES)
    assert (page.width, page.height) == tilted.size
    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    middle = pixels.shape[1] / 2, pixels.shape[0] / 2

    def place(x: float, y: float) -> tuple[float, float]:
        x, y = x - middle[0], y - middle[1]
        return tilted.width / 2 + x * cos + y * sin, tilted.height / 2 - x * sin + y * cos

    for line, row in zip(page.lines, places, strict=True):
        assert_on(line, row, place)


def test_places_after_exif_are_those_a_person_sees(reader: Reader) -> None:
    pixels, places = boxes(LINES)
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = Image.fromarray(pixels).transpose(Image.Transpose.ROTATE_90)
    page = reader.read(encoded(stored, "PNG", exif=exif))
    assert (page.width, page.height) == (pixels.shape[1], pixels.shape[0])
    assert_on(page.lines[0], places[0], lambda x, y: (x, y))


def test_a_page_without_text_has_no_lines(reader: Reader) -> None:
    page = reader.read(np.full((300, 400, 3), 255, np.uint8))
    assert page.lines == ()
    assert page.text == ""
    assert (page.width, page.height) == (400, 300)


def test_lines_without_characters_are_left_out_and_listed(network: BoxNetwork) -> None:
    class Blind(BoxNetwork):
        def logits(self, batch: np.ndarray[Any, Any], widths: Any = None) -> np.ndarray[Any, Any]:
            made = super().logits(batch)
            made[..., 0] = 9
            return made

    pixels, _ = boxes(LINES)
    sighted = Reader(recogniser=network).read(pixels)
    assert sighted.lines and not sighted.dropped
    page = Reader(recogniser=Blind()).read(pixels)
    assert page.lines == ()
    assert {one.reason for one in page.dropped} == {"empty"}
    assert [one.quad for one in page.dropped] == [line.quad for line in sighted.lines]


def test_frames_that_the_network_leaves_out_change_nothing(network: BoxNetwork) -> None:
    class Sparse(BoxNetwork):
        def emissions(self, batch: np.ndarray[Any, Any], widths: Any = None) -> list[Emissions]:
            kept = [(rows, np.flatnonzero(rows[:, 0] < 4)) for rows in self.logits(batch, widths)]
            return [Emissions(rows[frames], frames) for rows, frames in kept]

    pixels, _ = boxes(LINES)
    pages = [Reader(recogniser=one).read(pixels) for one in (network, Sparse())]
    assert pages[0].text == "\n".join(LINES)
    assert pages[0].lines == pages[1].lines
    lines = [Reader(recogniser=one).read_lines([pixels[36:68]], beam=3)[0] for one in (network, Sparse())]
    assert lines[0].text == LINES[0] and lines[0] == lines[1]


def test_noise_is_left_out_and_listed_with_what_was_read() -> None:
    pixels, _ = boxes(LINES)
    unsure = BoxNetwork(temperature=30.0)
    settings = Settings.from_dict({"read": {"min_confidence": 0.5, "min_confidence_short": 0.5, "beam": 0}})
    page = Reader(recogniser=unsure, settings=settings).read(pixels)
    assert page.lines == ()
    assert {one.reason for one in page.dropped} == {"unsure"}
    assert sorted(one.text for one in page.dropped) == sorted(LINES)
    assert all(0 < one.confidence < 0.4 for one in page.dropped)
    settings = Settings.from_dict({"read": {"min_confidence": 0.1, "min_confidence_ascii": 0.1}})
    kept = Reader(recogniser=unsure, settings=settings).read(pixels)
    assert kept.text == "\n".join(LINES) and not kept.dropped


def test_lines_too_low_to_be_read_are_listed(make_reader: MakeReader) -> None:
    page = make_reader({"find": {"min_height": 60.0}}).read(boxes(LINES)[0])
    assert page.lines == ()
    assert {one.reason for one in page.dropped} == {"small"}
    assert len(page.dropped) >= len(LINES)


def test_each_line_is_in_one_paragraph(reader: Reader) -> None:
    page = reader.read(boxes(LINES)[0])
    assert [index for run in page.paragraphs for index in run] == list(range(len(page.lines)))


def test_lines_at_known_places(reader: Reader) -> None:
    pixels, places = boxes(LINES)
    quads = [Quad.box(row[0][0], row[0][3] - GLYPH, row[-1][2], row[0][3]) for row in places]
    assert [line.text for line in reader.read_quads(pixels, quads[::-1])] == LINES[::-1]
    assert [line.quad for line in reader.read_quads(pixels, quads)] == quads
    assert reader.read_quads(pixels, []) == []


def test_vertical_lines_are_read_from_the_top(reader: Reader) -> None:
    """Glyphs below one another: read as if side by side, each with its place."""
    count, pitch = 6, GLYPH + 6
    pixels = np.full((2 * 40 + count * pitch, 200, 3), 255, np.uint8)
    glyph = boxes([HIGH])[0][40 : 40 + GLYPH, 40 : 40 + GLYPH]
    for at in range(count):
        pixels[40 + at * pitch : 40 + at * pitch + GLYPH, 80 : 80 + GLYPH] = glyph
    page = reader.read(pixels)
    assert page.text == HIGH * count
    (line,) = page.lines
    for at, char in enumerate(line.chars):
        x, y = centre(char.quad)
        assert math.dist((x, y), (80 + GLYPH / 2, 40 + at * pitch + GLYPH / 2)) < 5


def test_what_fits_a_pattern_stays_as_it_is() -> None:
    reader, (pixels, _) = Reader(recogniser=BoxNetwork(Charset.of("：AB"))), boxes([LOW + HIGH + LOW], margin=6)
    assert reader.read_line(pixels).text == "A: A"
    assert reader.read_line(pixels, pattern="A：A").text == "A：A"


class Headed(BoxNetwork):
    """Is sure of what it reads where the strip's upper half holds more ink than the lower one."""

    def logits(self, batch: np.ndarray[Any, Any], widths: Any = None) -> np.ndarray[Any, Any]:
        made = super().logits(batch)
        for strip, frames in zip(batch[:, 0], made, strict=True):
            if (strip[:16] < 0).sum() <= (strip[16:] < 0).sum():
                frames *= 0.35
        return made


def headed(lines: list[str]) -> np.ndarray[Any, Any]:
    """A page of boxes whose upper edges are thick."""
    pixels, places = boxes(lines)
    for row in places:
        for left, top, right, _ in row:
            pixels[top : top + 2 * STROKE, left:right] = 0
    return pixels


@pytest.mark.parametrize("quarters", range(4))
def test_a_turned_page_is_read_as_if_upright(quarters: int) -> None:
    pixels = headed([HIGH * 9] * 4)
    reader = Reader(recogniser=Headed())
    upright = reader.read(pixels)
    assert upright.text == "\n".join([HIGH * 9] * 4) and upright.turned == 0
    page = reader.read(np.ascontiguousarray(np.rot90(pixels, -quarters)))  # clockwise
    assert page.text == upright.text
    assert page.turned == -90 * quarters % 360
    height, width = pixels.shape[:2]

    for line, same in zip(page.lines, upright.lines, strict=True):
        for quad, other in ((line.quad, same.quad), *zip(
            (c.quad for c in line.chars), (c.quad for c in same.chars), strict=True)):  # fmt: skip
            for point, there in zip(quad.points, other.points, strict=True):
                x, y = there
                shape = (height, width)
                for _ in range(quarters):
                    x, y, shape = shape[0] - y, x, shape[::-1]
                assert math.dist(point, (x, y)) < 1
    off = Reader(recogniser=Headed(), settings=Settings.from_dict({"turn": {"orient": False}}))
    assert off.read(np.ascontiguousarray(np.rot90(pixels, -quarters))).turned == 0


def test_a_line_upside_down_is_read_turned() -> None:
    pixels = headed([HIGH * 9])[36:68, 30:-30]
    reader = Reader(recogniser=Headed())
    line, other = reader.read_line(pixels), reader.read_line(pixels[::-1, ::-1])
    assert line.text == other.text == HIGH * 9
    assert line.confidence == pytest.approx(other.confidence, abs=0.01)
    height, width = pixels.shape[:2]
    assert other.quad.points[0] == (width, height)
    assert centre(other.chars[0].quad)[0] > centre(other.chars[-1].quad)[0]


def test_how_many_lines_are_read_again_is_bounded() -> None:
    pixels = headed([HIGH * 9] * 6)[::-1, ::-1]
    counts = {}
    for most in (0, 2, 24):
        network = Headed()
        settings = Settings.from_dict({"turn": {"max_again": most, "sample": 1}})
        Reader(recogniser=network, settings=settings).read(np.ascontiguousarray(pixels))
        counts[most] = sum(shape[0] for shape in network.shapes)
    assert counts[0] <= counts[2] <= counts[24]


def test_a_line_upside_down_is_read_turned_however_many_others_read_well() -> None:
    pixels, places = headed([HIGH * 9] * 30), boxes([HIGH * 9] * 30)[1]
    top, bottom = places[-1][0][1], places[-1][0][3]
    pixels[top:bottom] = pixels[top:bottom][::-1, ::-1]
    assert Reader(recogniser=Headed()).read(pixels).text == "\n".join([HIGH * 9] * 30)


def test_doubtful_lines_are_seen_again_until_their_columns_are_used_up() -> None:
    """In reading order, whether all lines are read at once or a few at a time."""
    spare = Spare(columns=250, turns=1)
    one = whole(np.full((32, 100, 3), 255, np.uint8), Settings().clean)
    assert [spare.sees(one) for _ in range(3)] == [True, True, False]
    assert [spare.turned() for _ in range(2)] == [True, False]
    pixels = headed([HIGH * 9] * 30)[::-1, ::-1]
    for read in ({"max_again": 0}, {"max_again": 1500}, {}):
        found = Reader(recogniser=Headed(), settings=Settings.from_dict({"read": read, "turn": {"sample": 1}}))
        *_, page = found.stream(np.ascontiguousarray(pixels))
        assert isinstance(page, Page)
        assert replace(page, seconds=0) == replace(found.read(np.ascontiguousarray(pixels)), seconds=0)


@pytest.mark.parametrize(
    "far",
    [
        Quad.box(0, 0, 1e9, 30),
        Quad(((0, 0), (1e6, 1), (1e6, 31), (0, 30))),
        Quad.box(-5, -1e5, 30, 30),
    ],
)
def test_places_far_beyond_the_picture_are_refused(far: Quad, reader: Reader) -> None:
    with pytest.raises(SettingsError, match="quad 1"):
        reader.read_quads(strip(LINES[0]), [Quad.box(-9, -9, 300, 50), far])


def test_a_line_is_squeezed_where_it_is_thousands_of_times_as_long_as_high() -> None:
    network = BoxNetwork()
    line = Reader(recogniser=network).read_line(np.full((4, 32_000, 3), 255, np.uint8))
    assert line.text == ""
    assert sum(shape[0] * shape[3] for shape in network.shapes) < 5 * LONGEST_STRIP  # as it stands, and in other ways


def test_each_page_of_a_file(reader: Reader) -> None:
    sheets = [Image.fromarray(boxes(lines)[0]) for lines in (LINES, LINES[:1])]
    data = encoded(sheets[0], "TIFF", save_all=True, append_images=sheets[1:])
    assert [page.text for page in reader.pages(data)] == ["\n".join(LINES), LINES[0]]
    assert reader.read(data).text == "\n".join(LINES)


def test_a_line_covers_its_picture(reader: Reader) -> None:
    picture = strip(LINES[0])
    line = reader.read_line(picture)
    assert line.text == LINES[0]
    assert line.quad == Quad.box(0, 0, picture.shape[1], picture.shape[0])
    for at, char in enumerate(line.chars):
        x, _ = centre(char.quad)
        assert abs(x - (GAP + at * (GLYPH + GAP) + GLYPH / 2)) < 4
        _, top, _, bottom = char.quad.bounds
        assert (top, bottom) == (0, picture.shape[0])


def test_an_empty_strip_reads_as_nothing(reader: Reader) -> None:
    line = reader.read_line(np.full((32, 200), 255, np.uint8))
    assert (line.text, line.confidence, line.chars) == ("", 0.0, ())


@pytest.mark.parametrize("batch", [1, 2, 8])
def test_many_strips_are_read_as_each_alone(make_reader: MakeReader, network: BoxNetwork, batch: int) -> None:
    reader = make_reader({"read": {"batch": batch}})
    texts = [HIGH * count + LOW for count in (1, 7, 2, 7, 20, 3, 1, 2)]
    strips = [strip(text) for text in texts]
    together = reader.read_lines(strips)
    assert [line.text for line in together] == texts
    assert max(shape[0] for shape in network.shapes) <= batch
    assert together == [reader.read_line(one) for one in strips]


def test_strips_reach_the_network_in_buckets(reader: Reader, network: BoxNetwork) -> None:
    reader.read_lines([strip(HIGH * count) for count in range(1, 9)])
    for count, channels, height, width in network.shapes:
        assert (channels, height) == (1, 32)
        assert width in BUCKETS
        assert count <= 8
    widths = [shape[3] for shape in network.shapes]
    assert len(widths) == len(set(widths))


def test_a_very_wide_strip_is_read_in_parts(make_reader: MakeReader, network: BoxNetwork) -> None:
    text = (HIGH + LOW + HIGH) * 25
    picture = strip(text)
    whole = make_reader({"read": {"max_width": 8192}}).read_line(picture)
    network.shapes.clear()
    parts = make_reader({"read": {"max_width": 512}}).read_line(picture)
    assert max(shape[3] for shape in network.shapes) <= 512
    assert parts.text == whole.text == text
    for one, other in zip(parts.chars, whole.chars, strict=True):
        assert math.dist(centre(one.quad), centre(other.quad)) < 5
    lefts = [char.quad.bounds[0] for char in parts.chars]
    assert lefts == sorted(lefts)


def test_confidence_is_the_geometric_mean_of_the_characters(reader: Reader) -> None:
    line = reader.read_line(strip(LINES[0]))
    expected = math.prod(char.confidence for char in line.chars) ** (1 / len(line.chars))
    assert line.confidence == pytest.approx(expected)
    assert 0 < line.confidence < 1


def test_temperature_changes_confidences_and_not_the_text() -> None:
    cold, hot = (Reader(recogniser=BoxNetwork(temperature=t)).read_line(strip(LINES[0])) for t in (0.5, 3.0))
    assert cold.text == hot.text
    assert cold.confidence > hot.confidence


def test_alternatives_are_kept_as_the_settings_say(make_reader: MakeReader) -> None:
    picture = strip(HIGH + LOW)
    first = make_reader({}).read_line(picture).chars[0]
    assert [other.text for other in first.alternatives] == ["x", LOW]
    assert first.confidence > first.alternatives[0].confidence > first.alternatives[1].confidence
    assert make_reader({"read": {"alternatives": 0}}).read_line(picture).chars[0].alternatives == ()


def test_allowed_characters_bind_one_call_alone(reader: Reader) -> None:
    picture = strip(HIGH + LOW + HIGH)
    assert reader.read_line(picture, allowed=HIGH + "x").text == HIGH + "x" + HIGH
    assert reader.read(boxes([LINES[0]])[0], allowed={LOW, "x"}).text == LINES[0].replace(HIGH, "x")
    assert reader.read_line(picture).text == HIGH + LOW + HIGH


def test_allowed_characters_that_the_alphabet_lacks(reader: Reader) -> None:
    for call in (reader.read, reader.read_line, reader.pages):
        with pytest.raises(SettingsError, match="allowed"):
            call(strip(HIGH), allowed="你好")


def test_no_more_lines_than_the_settings_say(make_reader: MakeReader) -> None:
    pixels, _ = boxes(LINES)
    with pytest.raises(TooLarge, match="max_lines"):
        make_reader({"read": {"max_lines": 2}}).read(pixels)
    assert len(make_reader({"read": {"max_lines": len(LINES)}}).read(pixels).lines) == len(LINES)


def test_a_reader_does_not_change_and_threads_share_it(reader: Reader) -> None:
    before = dict(vars(reader))
    pictures = [strip(HIGH * count + LOW) for count in range(1, 9)]
    texts: dict[int, str] = {}

    def work(at: int) -> None:
        allowed = HIGH + "x" if at % 2 else None
        texts[at] = reader.read_line(pictures[at], allowed=allowed).text

    threads = [threading.Thread(target=work, args=(at,)) for at in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert texts == {at: HIGH * (at + 1) + ("x" if at % 2 else LOW) for at in range(8)}
    assert vars(reader) == before
    with pytest.raises(AttributeError):
        reader.settings = None  # type: ignore[assignment, misc]


def test_each_source_gives_the_same_page(reader: Reader, tmp_path: Path) -> None:
    pixels, _ = boxes(LINES)
    data = encoded(Image.fromarray(pixels), "PNG")
    path = tmp_path / "收据 1.png"
    path.write_bytes(data)
    sources: tuple[Any, ...] = (path, str(path), data, io.BytesIO(data), pixels, Image.fromarray(pixels))
    assert len({reader.read(source).lines for source in sources}) == 1


def test_errors_come_before_the_first_page(reader: Reader, tmp_path: Path) -> None:
    with pytest.raises(MissingInput):
        reader.pages(tmp_path / "none.png")
    with pytest.raises(InputError):
        reader.read_lines([strip(HIGH), b"text"])


def test_weights_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing):
        Reader(weights=tmp_path / "none.onnx")
    with pytest.raises(SettingsError):
        Reader(weights=tmp_path / "none.onnx", recogniser=BoxNetwork())


@settings(max_examples=40)
@given(
    st.integers(4, 160),
    st.integers(4, 160),
    st.integers(0, 2**32 - 1),
    st.sampled_from([0.02, 0.2, 0.5, 0.9]),
)
def test_any_picture_gives_a_page_that_lies_within_it(height: int, width: int, seed: int, ink: float) -> None:
    rng = np.random.default_rng(seed)
    pixels = np.where(rng.random((height // 4 + 1, width // 4 + 1)) < ink, 0, 255).astype(np.uint8)
    pixels = pixels.repeat(4, axis=0).repeat(4, axis=1)[:height, :width]
    page = Reader(recogniser=BoxNetwork()).read(pixels)
    assert (page.width, page.height) == (width, height)
    for line in page.lines:
        for quad in (line.quad, *(char.quad for char in line.chars)):
            left, top, right, bottom = quad.bounds
            assert 0 <= left <= right <= width
            assert 0 <= top <= bottom <= height
        assert "".join(char.text for char in line.chars) == line.text
        assert 0 < line.confidence <= 1


def test_lines_of_ascii_have_a_bound_of_their_own() -> None:
    pixels, _ = boxes([HIGH * 6])
    for chars, kept in (("AB", False), ("高低", True)):
        network = BoxNetwork(charset=Charset.of(chars + "x"), temperature=2.5)
        page = Reader(recogniser=network, settings=Settings.from_dict({"read": {"beam": 0}})).read(pixels)
        (line,) = page.lines if kept else page.dropped
        assert len(line.text) == 6
        assert 0.25 < line.confidence < 0.65
        assert kept or page.dropped[0].reason == "unsure"


@pytest.mark.parametrize(
    ("of_page", "first", "ways", "tried", "kept"),
    [
        (True, 0.5, [(0.6, 0.0), (0.7, 0.0)], 2, 0.7),
        (True, 0.5, [(0.9, 0.0), (0.95, 0.0)], 1, 0.9),  # not doubtful any more
        (True, HOPELESS - 0.1, [(HOPELESS - 0.05, 0.0), (0.9, 0.0)], 1, HOPELESS - 0.05),
        (False, HOPELESS - 0.1, [(HOPELESS - 0.05, 0.0), (0.95, 0.0)], 2, 0.95),  # a picture alone is never given up
        (True, 0.5, [(0.7, 0.85)], 1, 0.5),  # an arc has to be read well
        (True, 0.5, [(0.9, 0.85)], 1, 0.9),
        (False, PICTURE - 0.01, [(0.95, 0.0)], 1, 0.95),
        (False, PICTURE, [(0.95, 0.0)], 0, PICTURE),
    ],
)
def test_a_doubtful_line_is_tried_in_other_ways_while_there_is_hope(
    monkeypatch: pytest.MonkeyPatch, reader: Reader, of_page: bool, first: float,
    ways: list[tuple[float, float]], tried: int, kept: float,
) -> None:  # fmt: skip
    made = whole(np.full((32, 200, 3), 255, np.uint8), reader.settings.clean)
    one = replace(made, source=cast(Any, ("page",)) if of_page else None)
    sure = {id(other): (other, way[0]) for way in ways for other in [replace(one, least=way[1])]}
    looked: list[Cut] = []

    def look(cuts: Sequence[Cut], settings: object = None) -> list[Line]:
        looked.extend(cuts)
        return [Line(f"text {len(looked)}", sure[id(cut)][1], cut.line, ()) for cut in cuts]

    monkeypatch.setattr(Cut, "others", lambda *_, **__: iter(other for other, _ in sure.values()))
    before = Line("text", first, one.line, ())
    best = otherwise([one], {one: before}, look, reader.settings, None)
    assert len(looked) == tried
    assert best.get(one, before).confidence == kept


@pytest.mark.parametrize(
    ("texts", "tried"), [("aba", 2), ("aab", 1), ("abc", 3), (" a ", 3)], ids=["later", "at once", "never", "nothing"]
)
def test_a_line_that_reads_the_same_in_two_ways_is_tried_in_no_more(
    monkeypatch: pytest.MonkeyPatch, reader: Reader, texts: str, tried: int
) -> None:
    """The first of ``texts`` is what it reads as it stands, the others are the ways; a blank stands for none."""
    first, *others = (text.strip() for text in texts)
    one = whole(np.full((32, 200, 3), 255, np.uint8), reader.settings.clean)
    looked: list[str] = []

    def look(cuts: Sequence[Cut], settings: object = None) -> list[Line]:
        made = []
        for cut in cuts:
            looked.append(next(rest))
            made.append(Line(looked[-1], 0.3 + 0.1 * len(looked), cut.line, ()))
        return made

    rest = iter([*others, "more"])
    monkeypatch.setattr(Cut, "others", lambda *_, **__: iter([one] * 3))
    best = otherwise([one], {one: Line(first, 0.3, one.line, ())}, look, reader.settings, None)
    assert looked == [*others, "more"][:tried]
    assert best[one].confidence == pytest.approx(0.3 + 0.1 * tried), "what they read counts"
