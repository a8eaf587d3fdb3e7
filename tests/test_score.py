import json
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shizi.errors import DataError, MissingExtra, MissingInput, ModelMissing
from shizi.learn import score as module
from shizi.learn.match import compare, groups, shared_area
from shizi.learn.metrics import Unit
from shizi.learn.score import Report, SliceReport, score
from shizi.learn.split import Blame, Split, kind, place
from shizi.learn.truth import TrueLine, read_labels, read_truth, slices
from shizi.types import Line, Page, Point, Quad

Box = tuple[float, float, float, float]


class Fake:
    """Reads what it was told; a picture that it was not told of is not there."""

    def __init__(self, **texts: str | list[Line]) -> None:
        self.texts = texts
        self.calls: list[int] = []

    def read(self, source: Path, /) -> Page:
        if source.stem not in self.texts:
            raise MissingInput(str(source))
        lines = self.texts[source.stem]
        assert isinstance(lines, list)
        return Page(str(source), 100, 100, 0.0, tuple(lines))

    def read_lines(self, sources: list[Path], /) -> list[Line]:
        self.calls.append(len(sources))
        made = []
        for source in sources:
            if source.stem not in self.texts:
                raise MissingInput(str(source))
            text = self.texts[source.stem]
            assert isinstance(text, str)
            made.append(found(text, (0, 0, 1, 1)))
        return made


def found(text: str, box: Box) -> Line:
    return Line(text, 1.0, Quad.box(*box))


def true(text: str, box: Box, ignore: bool = False) -> TrueLine:
    return TrueLine(text, Quad.box(*box).points, ignore)


def turned(points: Sequence[Point], degrees: float) -> tuple[Point, ...]:
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return tuple((cos * x - sin * y, sin * x + cos * y) for x, y in points)


def units(truth: list[TrueLine], read: list[Line], *, extra: bool = True) -> list[Unit]:
    return sorted(compare(truth, read, extra=extra)[0], key=lambda unit: (unit.truth, unit.read))


def write_labels(folder: Path, rows: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "labels.tsv").write_text(rows, encoding="utf-8", newline="")
    return folder


def write_page(folder: Path, stem: str, lines: object) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{stem}.png").touch()
    (folder / f"{stem}.json").write_text(json.dumps({"lines": lines}), encoding="utf-8")
    return folder / f"{stem}.json"


def entry(text: str, box: Box, **more: object) -> dict[str, object]:
    return {"text": text, "polygon": Quad.box(*box).to_json(), **more}


# Which lines are compared.


def test_a_line_found_in_two_pieces_costs_nothing() -> None:
    truth = [true("你好世界", (0, 0, 80, 20))]
    assert units(truth, [found("世界", (41, 1, 80, 19)), found("你好", (0, 1, 39, 19))]) == [
        Unit("你好世界", "你好世界")
    ]


def test_truth_in_runs_is_joined_too() -> None:
    truth = [true("第一", (0, 0, 40, 20)), true("chapter", (45, 2, 90, 18)), true("one", (92, 0, 120, 20))]
    assert units(truth, [found("第一 chapter one", (0, 0, 120, 20))]) == [
        Unit("第一chapter one", "第一 chapter one", 3)
    ]


def test_two_rows_under_one_box_are_joined_row_by_row() -> None:
    truth = [
        true("丙", (0, 22, 20, 42)),
        true("乙", (25, 1, 45, 21)),
        true("甲", (0, 0, 20, 20)),
        true("丁", (25, 23, 45, 43)),
    ]
    assert units(truth, [found("甲乙丙丁", (0, 0, 45, 43))]) == [Unit("甲乙丙丁", "甲乙丙丁", 4)]


@pytest.mark.parametrize("degrees", [-80, -30, 5, 45, 90, 175])
def test_pieces_of_a_turned_line_stand_in_its_own_direction(degrees: float) -> None:
    pieces = [("世界", (41, 1, 80, 19)), ("你好", (0, 1, 39, 19))]
    read = [Line(text, 1.0, Quad.of(turned(Quad.box(*box).points, degrees))) for text, box in pieces]
    truth = [TrueLine("你好世界", turned(Quad.box(0, 0, 80, 20).points, degrees))]
    assert units(truth, read) == [Unit("你好世界", "你好世界")]


def test_a_column_is_joined_downwards_and_columns_from_the_right() -> None:
    truth = [true("床前明月光", (30, 0, 50, 100)), true("疑是地上霜", (0, 0, 20, 100))]
    read = [found("明月光", (30, 42, 50, 100)), found("床前", (30, 0, 50, 40)), found("疑是地上霜", (0, 0, 20, 100))]
    assert units(truth, read) == [Unit("床前明月光", "床前明月光"), Unit("疑是地上霜", "疑是地上霜")]
    joined = [found("床前明月光疑是地上霜", (0, 0, 50, 100))]
    assert units(truth, joined) == [Unit("床前明月光疑是地上霜", "床前明月光疑是地上霜", 2)]


def test_lines_that_only_graze_are_not_joined() -> None:
    truth = [true("甲", (0, 0, 100, 20)), true("乙", (0, 20, 100, 40))]
    read = [found("甲", (0, -2, 100, 23)), found("乙", (0, 17, 100, 42))]
    assert units(truth, read) == [Unit("乙", "乙"), Unit("甲", "甲")]


def test_tilted_neighbours_are_told_apart_by_their_shape_not_their_boxes() -> None:
    boxes = [(0, 0, 400, 20), (0, 22, 400, 42)]
    truth = [TrueLine(text, turned(Quad.box(*box).points, 10)) for text, box in zip("甲乙", boxes, strict=True)]
    read = [Line(line.text, 1.0, Quad.of(line.polygon)) for line in truth]
    assert units(truth, read) == [Unit("乙", "乙"), Unit("甲", "甲")]


def test_missed_and_inserted() -> None:
    truth = [true("甲", (0, 0, 20, 20))]
    read = [found("乙", (50, 50, 70, 70)), found(" ", (80, 80, 90, 90))]
    assert units(truth, read) == [Unit("", "乙", 0), Unit("甲", "", 1)]
    assert units(truth, read, extra=False) == [Unit("甲", "", 1)]


def test_a_group_that_touches_an_ignored_region_is_left_out() -> None:
    truth = [true("###", (0, 0, 50, 20), ignore=True), true("甲", (55, 0, 75, 20)), true("乙", (0, 50, 20, 70))]
    read = [found("x甲", (0, 0, 75, 20)), found("乙", (0, 50, 20, 70))]
    assert compare(truth, read) == ([Unit("乙", "乙")], 1)
    assert compare(truth[:1], []) == ([], 0)


def test_text_within_an_ignored_region_is_not_inserted() -> None:
    assert compare([true("", (0, 0, 50, 20), ignore=True)], [found("abc", (10, 5, 40, 15))]) == ([], 0)


def test_polygons_of_any_number_of_corners() -> None:
    curved = TrueLine("弯弯", ((0, 10), (20, 0), (40, 10), (40, 30), (20, 20), (0, 30)))
    three = TrueLine("角", ((100, 0), (140, 0), (120, 30)))
    flat = TrueLine("平", ((200, 5), (240, 5), (240, 5), (200, 5)))
    read = [found("弯弯", (0, 0, 40, 30)), found("角", (100, 0, 140, 30))]
    assert units([curved, three, flat], read) == [Unit("平", ""), Unit("弯弯", "弯弯"), Unit("角", "角")]


SIDES = st.tuples(*[st.integers(0, 40)] * 2).filter(lambda ends: ends[0] < ends[1])


@given(SIDES, SIDES, SIDES, SIDES, st.integers(-180, 180), st.booleans())
def test_shared_area_of_two_boxes_turned_together(
    x: tuple[int, int], y: tuple[int, int], u: tuple[int, int], v: tuple[int, int], degrees: int, flip: bool
) -> None:
    one, other = (
        np.array(turned(Quad.box(left, top, right, bottom).points, degrees), np.float32)
        for (left, right), (top, bottom) in ((x, y), (u, v))
    )
    want = max(0, min(x[1], u[1]) - max(x[0], u[0])) * max(0, min(y[1], v[1]) - max(y[0], v[0]))
    assert shared_area(one, other[::-1] if flip else other) == pytest.approx(want, abs=0.05)


# Whole scores.


def test_lines_by_hand(tmp_path: Path) -> None:
    write_labels(tmp_path / "s", "a.png\tabcd\nb.png\tef gh\n")
    report = score(tmp_path / "s", Fake(a="abxd", b="EFGH"))
    figures = report.to_json()["slices"]["s"]
    assert report.to_json()["schema"] == "shizi/score/1"
    assert (figures["kind"], figures["pictures"], figures["failed"]) == ("lines", 2, [])
    assert figures["loose"]["cer"] == 1 / 8
    assert figures["loose"]["line_accuracy"] == 0.5
    assert figures["strict"]["cer"] == round(6 / 9, 5)
    assert figures["seconds_per_picture"] >= 0


def test_pages_by_hand(tmp_path: Path) -> None:
    write_page(tmp_path / "p", "one", [entry("你好", (0, 0, 40, 20)), entry("世界", (0, 30, 40, 50))])
    write_page(tmp_path / "p", "two", [entry("甲乙丙丁", (0, 0, 80, 20)), entry("?", (0, 40, 9, 49), ignore=True)])
    reader = Fake(
        one=[found("你妤", (0, 0, 40, 20)), found("x", (60, 60, 70, 70))],
        two=[found("甲乙丙丁", (0, 0, 80, 20)), found("zz", (0, 40, 9, 49))],
    )
    got = score(tmp_path / "p", reader).slices[0].scores["loose"]
    assert (got.chars, got.lines, got.edits) == (8, 3, 4)
    assert (got.missed, got.inserted, got.misread) == (2, 1, 1)
    assert (got.cer, got.cer_no_extra) == (4 / 8, 3 / 8)
    assert got.line_accuracy == pytest.approx(1 / 3)


def test_text_beside_a_plate_is_not_held_against_the_reader(tmp_path: Path) -> None:
    read = [found("皖A12345", (0, 0, 40, 20)), found("advert", (0, 50, 40, 70))]
    for name in ("plate_pages", "shops"):
        write_page(tmp_path / name, "one", [entry("皖A12345", (0, 0, 40, 20))])
    report = {one.name: one.scores["loose"] for one in score(tmp_path, Fake(one=read)).slices}
    assert report["plate_pages"].cer == 0
    assert report["shops"].inserted == 6


def test_a_strip_that_fails_is_lost_alone(tmp_path: Path) -> None:
    write_labels(tmp_path, "".join(f"{name}.png\tab\n" for name in "abcd"))
    report = score(tmp_path, Fake(a="ab", b="ab", d="ab"))
    (one,) = report.slices
    assert [Path(failure.picture).name for failure in one.failed] == ["c.png"]
    assert one.scores["loose"].cer == 0.25
    assert one.scores["loose"].missed == 2
    assert "c.png" in report.table()
    assert report.to_json()["total"]["failed"][0]["picture"].endswith("c.png")


def test_a_page_that_fails_is_lost_whole(tmp_path: Path) -> None:
    write_page(tmp_path / "p", "one", [entry("你好", (0, 0, 40, 20)), entry("#", (0, 40, 9, 49), ignore=True)])
    (one,) = score(tmp_path / "p", Fake()).slices
    assert (one.scores["loose"].cer, one.scores["loose"].missed, one.pictures) == (1, 2, 1)
    assert [Path(failure.picture).name for failure in one.failed] == ["one.png"]


def test_a_broken_model_is_not_a_broken_picture(tmp_path: Path) -> None:
    class Broken(Fake):
        def read_lines(self, sources: list[Path], /) -> list[Line]:
            raise ModelMissing("x.onnx")

    write_labels(tmp_path, "a.png\tab\n")
    with pytest.raises(ModelMissing):
        score(tmp_path, Broken())


def test_strips_come_in_batches_and_in_order(tmp_path: Path) -> None:
    names = [f"n{i}" for i in range(2 * module._BATCH + 5)]
    write_labels(tmp_path, "".join(f"{name}.png\t{name}\n" for name in names))
    reader = Fake(**{name: name for name in names})
    assert score(tmp_path, reader).slices[0].scores["strict"].cer == 0
    assert reader.calls == [module._BATCH, module._BATCH, 5]


def test_total_is_micro_and_draws_within_slices(tmp_path: Path) -> None:
    write_labels(tmp_path / "good", "".join(f"a{i}.png\tabcd\n" for i in range(9)))
    write_labels(tmp_path / "bad", "z.png\twxyz\ny.png\twxyz\n")
    reader = Fake(**{f"a{i}": "abcd" for i in range(9)}, z="", y="")
    report = score(tmp_path, reader)
    total = report.to_json()["total"]
    assert [one.name for one in report.slices] == ["bad", "good"]
    assert total["loose"]["cer"] == round(8 / 44, 5)
    # Each slice is all right or all wrong, and each is drawn as large as it is: nothing is left to chance.
    assert total["loose"]["cer_ci"] == [round(8 / 44, 5)] * 2
    assert total["pictures"] == 11


@pytest.mark.parametrize("turned", [False, True])
def test_slices_of_one_size_are_drawn_independently(turned: bool) -> None:
    """Errors at the same rows, or at the opposite ones: neither add up nor cancel out in the total."""
    units = [[Unit("a", "b" if i < 20 else "a")] for i in range(100)]
    parts = [SliceReport(f"part {i}", "lines", units[:: -1 if turned and i % 2 else 1], [], 0, 1.0) for i in range(16)]
    low, high = Report(parts).scores("loose").intervals["cer"] or (0.0, 0.0)
    assert low == pytest.approx(0.2 - 1.96 * 0.01, abs=0.004)  # of 1,600 lines: sqrt(0.2 * 0.8 / 1600) = 0.01
    assert high == pytest.approx(0.2 + 1.96 * 0.01, abs=0.004)
    assert parts[0].sums["loose"].tobytes() == SliceReport("part 0", "lines", units, [], 0, 2.0).sums["loose"].tobytes()


def test_scoring_twice_gives_the_same(tmp_path: Path) -> None:
    write_labels(tmp_path, "".join(f"a{i}.png\tabcd\n" for i in range(30)))
    reader = Fake(**{f"a{i}": "abcd"[: i % 5] for i in range(30)})
    first, again = (score(tmp_path, reader).to_json()["slices"][tmp_path.name] for _ in range(2))
    assert first["loose"] == again["loose"]
    assert first["loose"]["cer_ci"][0] < first["loose"]["cer"] < first["loose"]["cer_ci"][1]


def test_json_keys_are_the_same_for_lines_pages_and_total(tmp_path: Path) -> None:
    write_labels(tmp_path / "l", "a.png\tab\n")
    write_page(tmp_path / "p", "one", [entry("你好", (0, 0, 40, 20))])
    made = score(tmp_path, Fake(a="ab", one=[])).to_json()
    keys = [list(part) for part in (made["slices"]["l"], made["slices"]["p"], made["total"])]
    assert keys[0] == keys[1] == keys[2]
    assert json.loads(json.dumps(made, allow_nan=False)) == made


def test_table_is_aligned(tmp_path: Path) -> None:
    write_labels(tmp_path / "中文", "a.png\tabcd\nb.png\tab\n")
    write_labels(tmp_path / "only_blanks", "a.png\t \n")
    rows = score(tmp_path, Fake(a="", b="ab")).table().splitlines()
    assert [row.split()[0] for row in rows] == ["slice", "only_blanks", "中文", "total"]
    widths = {sum(2 if ord(char) > 0x2E80 else 1 for char in row) for row in rows}
    assert len(widths) == 1
    assert "66.67 [0.0-100.0]" in rows[2]
    assert Report([]).table().startswith("slice")


def test_progress_names_the_slices(tmp_path: Path) -> None:
    write_labels(tmp_path / "b", "a.png\tab\n")
    write_labels(tmp_path / "a", "a.png\tab\n")
    told: list[str] = []
    score(tmp_path, Fake(a="ab"), progress=told.append)
    assert told == ["a", "b"]


def test_rapidfuzz_is_asked_for_before_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "rapidfuzz.distance.Levenshtein", None)
    write_labels(tmp_path, "a.png\tab\n")
    reader = Fake(a="ab")
    with pytest.raises(MissingExtra):
        score(tmp_path, reader)
    assert reader.calls == []


# The truth.


def test_labels_keep_blanks_tabs_and_odd_separators(tmp_path: Path) -> None:
    write_labels(tmp_path, "\ufeffa.png\tx y\tz\r\n\nsub/b.png\t\n c.png \tp\u2028q\x0br\n")
    strips = read_labels(tmp_path / "labels.tsv")
    assert [(strip.picture.relative_to(tmp_path).as_posix(), strip.text) for strip in strips] == [
        ("a.png", "x y\tz"),
        ("sub/b.png", ""),
        ("c.png", "p\u2028q\x0br"),
    ]


@pytest.mark.parametrize(("rows", "place"), [("a.png\tx\n\nb.png y\n", "row 3"), ("\tx\n", "row 1"), ("\n", "no rows")])
def test_malformed_labels_are_named(tmp_path: Path, rows: str, place: str) -> None:
    write_labels(tmp_path, rows)
    with pytest.raises(DataError, match=rf"labels\.tsv.*{place}"):
        slices(tmp_path)


def test_labels_that_are_not_utf8(tmp_path: Path) -> None:
    (tmp_path / "labels.tsv").write_bytes("a.png\t你好".encode("gb18030"))
    with pytest.raises(DataError, match="not UTF-8"):
        slices(tmp_path)


@pytest.mark.parametrize(
    ("source", "place"),
    [
        ('{"lines":\n [,]}', "row 2"),
        ("[]", '"lines"'),
        ('{"lines": {}}', '"lines"'),
        ('{"lines": [3]}', r"lines\[0\]"),
        ('{"lines": [{"text": 5, "polygon": [[0,0],[1,0],[1,1]]}]}', r'lines\[0\].*"text"'),
        ('{"lines": [{"text": "a"}]}', r'lines\[0\].*"polygon"'),
        ('{"lines": [{"text": "a", "polygon": [[0,0],[1,1]]}]}', r'lines\[0\].*"polygon"'),
        ('{"lines": [{"text": "a", "polygon": [[0,0],[1,0],[1,1,1]]}]}', "not a point"),
        ('{"lines": [{"text": "a", "polygon": [[0,0],[1,0],[1,NaN]]}]}', "not a point"),
        ('{"lines": [{"text": "a", "polygon": [[0,0],[1,0],[1,1e999]]}]}', "not a point"),
        ('{"lines": [{"text": "a", "polygon": [[0,0],[1,0],[true,1]]}]}', "not a point"),
        ('{"lines": [{"text": "a", "polygon": [[0,0],[1,0],[1,1]], "ignore": 1}]}', '"ignore"'),
        ("[" * 200_000, "nested"),
    ],
)
def test_malformed_truth_is_named(tmp_path: Path, source: str, place: str) -> None:
    (tmp_path / "x.json").write_text(source, encoding="utf-8")
    with pytest.raises(DataError, match=rf"x\.json.*{place}"):
        read_truth(tmp_path / "x.json")


def test_truth_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        read_truth(tmp_path / "x.json")


def test_truth_is_read(tmp_path: Path) -> None:
    path = write_page(tmp_path, "x", [entry("你", (0, 0, 4, 2)), entry("", (0, 4, 4, 6), ignore=True)])
    assert read_truth(path) == (
        TrueLine("你", ((0, 0), (4, 0), (4, 2), (0, 2))),
        TrueLine("", ((0, 4), (4, 4), (4, 6), (0, 6)), True),
    )


def test_slices_by_what_stands_there(tmp_path: Path) -> None:
    write_labels(tmp_path / "lines", "a.png\tab\n")
    write_page(tmp_path / "pages", "one", [])
    (tmp_path / "pages" / "unlabelled.jpg").touch()
    (tmp_path / "empty").mkdir()
    write_labels(tmp_path / ".hidden", "a.png\tab\n")
    (tmp_path / "notes.json").write_text("{}", encoding="utf-8")
    assert [(one.name, len(one.strips), len(one.pages)) for one in slices(tmp_path)] == [
        ("lines", 1, 0),
        ("pages", 0, 1),
    ]
    assert [one.name for one in slices(tmp_path / "lines")] == ["lines"]
    assert [one.name for one in slices(tmp_path / "lines" / "labels.tsv")] == ["lines"]


def test_truth_without_its_picture(tmp_path: Path) -> None:
    write_page(tmp_path, "one", [])
    (tmp_path / "two.json").write_text('{"lines": []}', encoding="utf-8")
    with pytest.raises(DataError, match="no picture beside"):
        slices(tmp_path)


def test_nothing_to_measure(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="neither"):
        slices(tmp_path)
    with pytest.raises(DataError, match="neither a folder"):
        slices(tmp_path / "nowhere")


# Where the errors come from.


class Places(Fake):
    """Reads known places as it was told, by their left edge."""

    def __init__(self, places: dict[float, str], **texts: str | list[Line]) -> None:
        super().__init__(**texts)
        self.places = places

    def read_quads(self, source: Path, quads: Sequence[Quad], /) -> list[Line]:
        return [Line(self.places[quad.points[0][0]], 1.0, quad) for quad in quads]


LEFT, RIGHT, BELOW = (0, 0, 40, 10), (60, 0, 100, 10), (0, 30, 100, 40)


@pytest.mark.parametrize(
    ("truth", "read", "expected"),
    [
        ([LEFT], [LEFT], "whole"),
        ([LEFT], [(0, 0, 30, 10)], "cut"),
        ([LEFT], [(10, 0, 44, 10)], "cut"),
        ([LEFT], [(0, 0, 18, 10), (20, 0, 40, 10)], "split"),
        ([LEFT, RIGHT], [(0, 0, 100, 10)], "merged"),
        ([LEFT], [], "missed"),
        ([], [LEFT], "false"),
        ([(0, 0, 10, 100)], [(0, 0, 10, 60)], "cut"),
        ([(0, 0, 10, 100)], [(0, 0, 10, 98)], "whole"),
    ],
)
def test_what_finding_did(truth: list[Box], read: list[Box], expected: str) -> None:
    (group,), _ = groups([true("字", box) for box in truth], [found("字", box) for box in read])
    assert kind(group) == expected


def test_a_polygon_of_many_corners_has_a_place() -> None:
    line = TrueLine("弯曲", ((0, 10), (50, 0), (100, 10), (100, 30), (50, 20), (0, 30)))
    assert place(line).points == ((0, 10), (100, 10), (100, 30), (0, 30))
    assert place(TrueLine("三", ((0, 0), (10, 0), (5, 9)))).points == ((0, 0), (10, 0), (5, 9), (0, 0))


def pages(folder: Path, **lines: list[tuple[str, Box]]) -> Path:
    for name, truth in lines.items():
        made = [{"text": text, "polygon": Quad.box(*box).to_json()} for text, box in truth]
        (folder / f"{name}.json").write_text(json.dumps({"lines": made}), encoding="utf-8")
        (folder / f"{name}.png").touch()
    return folder


def test_errors_are_parted_into_those_of_finding_and_of_reading(tmp_path: Path) -> None:
    data = pages(tmp_path, a=[("abcd", LEFT), ("efgh", RIGHT), ("ijklmnop", BELOW)])
    reader = Places(
        {0.0: "abcX", 60.0: "efgh"},
        a=[found("aX", (0, 0, 20, 10)), found("zz", (0, 60, 20, 70))],
    )
    reader.places[0.0] = "abcX"
    with pytest.raises(KeyError):  # nothing is made up for a place that was not read
        Places({}, a=[]).read_quads(Path("a"), [Quad.box(*LEFT)])
    report = score(data, reader)
    (part,) = (one.split for one in report.slices)
    assert part is not None
    # abcd: read from too short a line with 3 errors, from the true one with 1; efgh: missed; ijklmnop is read as abcX
    below = 8
    assert (part.chars, part.errors) == (16, 3 + 4 + 8 + 2)
    assert part.reading == 1 + 0 + below
    assert part.finding == part.errors - part.reading
    assert part.kinds["cut"] == Blame(1, 2)
    assert part.kinds["missed"] == Blame(2, 4)
    assert part.kinds["false"] == Blame(1, 2)
    assert part.errors == report.slices[0].scores["loose"].edits
    assert sum(one.errors for one in part.kinds.values()) == part.finding
    value = report.to_json()
    assert value["total"]["split"] == value["slices"][tmp_path.name]["split"] == part.to_json()
    assert value["total"]["split"]["cer_true_boxes"] == round(part.reading / 16, 5)
    assert "CER % true boxes" in report.table()


def test_a_reader_that_reads_no_places_has_no_split(tmp_path: Path) -> None:
    data = pages(tmp_path, a=[("abcd", LEFT)])
    report = score(data, Fake(a=[found("abcd", LEFT)]))
    assert report.slices[0].split is None
    assert "split" not in report.to_json()["total"]
    assert "true boxes" not in report.table()


def test_a_page_that_failed_has_no_part_in_the_split(tmp_path: Path) -> None:
    data = pages(tmp_path, a=[("abcd", LEFT)], b=[("efgh", LEFT)])
    report = score(data, Places({0.0: "abcd"}, a=[found("abcd", LEFT)]))
    assert len(report.slices[0].failed) == 1
    part = report.slices[0].split
    assert part == Split.of(groups([true("abcd", LEFT)], [found("abcd", LEFT)])[0], {true("abcd", LEFT): "abcd"})
