"""The page of ``shizi score --report``, and the figures that stand on it alone."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from conftest import HIGH, LOW, boxes
from shizi.cli import main
from shizi.errors import SettingsError
from shizi.learn.calibration import caught, expected_error, reliability
from shizi.learn.metrics import align, edits, loose, origins
from shizi.learn.report import scored
from shizi.learn.report.examine import Sample, confidences, examine, judged
from shizi.learn.report.record import Recorder
from shizi.learn.truth import slices
from shizi.reader import Reader
from shizi.types import Char, Line, Quad

TEXTS = st.text("ab1０Ａ。.·“'` \t字識é́…－", max_size=30)
BOX = Quad.box(0, 0, 1, 1)


def line(text: str, *sure: float) -> Line:
    return Line(text, 1.0, BOX, tuple(Char(c, s, BOX) for c, s in zip(text.replace(" ", ""), sure, strict=True)))


# Alignment.


@given(st.text("abcd", max_size=12), st.text("abcd", max_size=12))
def test_an_alignment_counts_as_many_faults_as_the_score(truth: str, read: str) -> None:
    steps = align(truth, read)
    assert [i for i, _ in steps if i is not None] == list(range(len(truth)))
    assert [j for _, j in steps if j is not None] == list(range(len(read)))
    faults = sum(i is None or j is None or truth[i] != read[j] for i, j in steps)
    assert faults == edits(truth, read)


@given(TEXTS)
def test_every_compared_character_has_an_origin(text: str) -> None:
    found = origins(text, loose)
    assert len(found) == len(loose(text))
    assert found == sorted(found)
    assert all(0 <= place < len(text) for place in found)


def test_origins_by_hand() -> None:
    assert origins("Ａ b·c½", loose) == [0, 2, 4, 5, 5, 5]
    assert origins("甲“”乙", loose) == [0, 1, 2, 3]
    assert origins("", loose) == []


# Calibration.


def test_reliability_by_hand() -> None:
    sure, right = np.array([0.05, 0.15, 0.95, 0.85, 1.0]), np.array([False, True, True, False, True])
    found = reliability(sure, right, bins=2)
    assert [(one.low, one.high, one.count) for one in found] == [(0, 0.5, 2), (0.5, 1, 3)]
    assert [one.right for one in found] == [0.5, pytest.approx(2 / 3)]
    assert [one.confidence for one in found] == [pytest.approx(0.1), pytest.approx(2.8 / 3)]
    assert expected_error(sure, right, bins=2) == pytest.approx((2 * 0.4 + 3 * 0.8 / 3) / 5)
    assert reliability(np.array([]), np.array([], bool))[0].right is None
    assert expected_error(np.array([]), np.array([], bool)) is None


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60), st.integers(1, 20))
def test_calibration_stays_within_its_bounds(pairs: list[tuple[float, bool]], bins: int) -> None:
    sure, right = (np.array(side) for side in zip(*pairs, strict=True))
    assert sum(one.count for one in reliability(sure, right, bins)) == len(pairs)
    assert 0 <= (expected_error(sure, right, bins) or 0) <= 1
    found = caught(sure, right)
    assert (found is None) == bool(right.all())
    assert found is None or -1e-9 <= found <= 1 + 1e-9


def test_wrong_characters_among_the_least_sure() -> None:
    sure = np.arange(100) / 100
    wrong = np.isin(np.arange(100), [0, 3, 50, 99])
    assert caught(sure, ~wrong) == 0.5
    assert caught(sure, ~wrong, share=1.0) == 1
    assert caught(sure, np.ones(100, bool)) is None
    assert caught(np.ones(100), ~wrong) == pytest.approx(0.05), "all as sure: what chance would catch"


# What was read wrong.


def test_confidences_follow_the_characters_that_are_compared() -> None:
    assert confidences([line("A 乙", 0.5, 0.25), line("·½", 0.1, 0.75)], "A 乙·½") == [0.5, 0.25, 0.75, 0.75, 0.75]
    assert confidences([Line("ab", 1.0, BOX)], "ab") == [None, None]
    assert confidences([Line("ab", 1.0, BOX, line("ax", 0.5, 0.5).chars)], "ab") == [None, None]
    assert confidences([], "") == []


def test_marks_stand_where_the_faults_are() -> None:
    sample = Sample(Path("x"), "Total： 甲乙丙", "TOtal:甲已丙。", [0.9] * 6 + [0.8, 0.4, 0.9, 0.3])
    assert sample.marks() == ({8}, {7, 9})
    assert sample.confusions == [("乙", "已"), ("", "。")]
    assert [sure for sure, right in sample.judged() if not right] == [0.4, 0.3]


# The page.


class Parsed(HTMLParser):
    """Every element closes, and what is asked for from where."""

    VOID = frozenset({"meta", "img", "input"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.asked: list[str] = []
        self.tags: set[str] = set()
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.asked += [value or "" for name, value in attrs if name in ("src", "href", "action", "srcset", "data")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Lines and pages of boxes, with truths that are not what stands there, and pictures that are none."""
    folder = tmp_path / "data"
    strips = [HIGH * 3, HIGH + LOW, LOW * 4]
    (folder / "strips").mkdir(parents=True)
    for name, text in zip("abc", strips, strict=True):
        Image.fromarray(boxes([text], margin=8)[0]).save(folder / "strips" / f"{name}.png")
    (folder / "strips" / "broken.png").write_bytes(b"nothing")
    truths = [f"{HIGH}{LOW}{HIGH}", f"{HIGH}{LOW}", "<script>alert(1)</script>&x", "lost"]
    rows = "".join(f"{n}.png\t{t}\n" for n, t in zip(("a", "b", "c", "broken"), truths, strict=True))
    (folder / "strips" / "labels.tsv").write_text(rows, encoding="utf-8")
    (folder / "pages").mkdir()
    pixels, places = boxes([HIGH * 5, LOW * 5 + HIGH])
    Image.fromarray(pixels).save(folder / "pages" / "one.png")
    x0, y0, _, _ = places[0][0]
    _, _, x1, y1 = places[0][-1]
    truth = {"lines": [{"text": HIGH * 4 + "x", "polygon": [[x0, y0], [x1, y0], [x1, y1], [x0, y1]]}]}
    (folder / "pages" / "one.json").write_text(json.dumps(truth), encoding="utf-8")
    return folder


def test_the_details_are_those_of_the_score(data: Path, reader: Reader, tmp_path: Path) -> None:
    report = scored(data, reader, tmp_path / "page.html")
    recorder = Recorder(reader)
    for one in slices(data):
        for strip in one.strips:
            if strip.picture.stem != "broken":
                recorder.read_lines([strip.picture])
        for page in one.pages:
            recorder.read(page.picture)
    for one, true in zip(report.slices, slices(data), strict=True):
        detail = examine(true, recorder)
        scores = one.scores["loose"]
        assert sum(detail.confusions().values()) == scores.edits > 0
        sure, right = judged([detail])
        assert len(sure) == sum(len(sample.folded[1]) for sample in detail.samples)
        assert (~right).sum() == sum(count for (_, read), count in detail.confusions().items() if read)
        assert ((sure > 0) & (sure <= 1)).all()
        ranked = [len(sample.faults) for sample in detail.worst(5)]
        assert ranked == sorted(ranked, reverse=True) and 0 not in ranked


def test_the_page_stands_alone(data: Path, reader: Reader, tmp_path: Path) -> None:
    target = tmp_path / "page.html"
    scored(data, reader, target)
    page = target.read_text(encoding="utf-8")
    parsed = Parsed(page)
    assert parsed.open == []
    assert not parsed.tags & {"script", "link", "iframe", "object"}
    assert parsed.asked and all(re.match(r"#\w+$|data:image/png;base64,", one) for one in parsed.asked)
    assert not re.search(r"url\(|@import|https?:", page)
    assert "default-src 'none'" in page
    assert "&lt;script&gt;" in page and "alert(1)" in page
    assert "Finding or reading" in page
    assert sum(one.startswith("data:") for one in parsed.asked) >= 3
    assert "broken.png" in page and "Could not be read: 1" in page
    assert "$" not in page, "a placeholder is left"


def test_a_reader_without_characters_still_gets_a_page(data: Path, tmp_path: Path) -> None:
    class Plain:
        def read(self, source: Path, /) -> object:
            from shizi.types import Page

            return Page(str(source), 9, 9, 0.0, (Line("x", 1.0, BOX),))

        def read_lines(self, sources: list[Path], /) -> list[Line]:
            return [Line("x", 1.0, BOX) for _ in sources]

    target = tmp_path / "page.html"
    scored(data, Plain(), target)  # type: ignore[arg-type]
    assert "The reader gave no confidences." in target.read_text(encoding="utf-8")


def test_where_the_page_cannot_go_nothing_is_read(data: Path, tmp_path: Path) -> None:
    class Never:
        def __getattr__(self, name: str) -> Callable[..., None]:
            raise AssertionError(name)

    with pytest.raises(SettingsError, match="no folder"):
        scored(data, Never(), tmp_path / "none" / "page.html")  # type: ignore[arg-type]
    with pytest.raises(SettingsError, match="cannot be written"):
        scored(data, Never(), tmp_path)  # type: ignore[arg-type]


def test_the_command_writes_page_and_table(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (data / "strips" / "labels.tsv").write_text("a.png\tx\n", encoding="utf-8")
    assert main(["score", str(data / "strips"), "--report", str(tmp_path / "r.html"), "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["slices"]["strips"]["pictures"] == 1
    assert (tmp_path / "r.html").read_text(encoding="utf-8").startswith("<!doctype html>")
