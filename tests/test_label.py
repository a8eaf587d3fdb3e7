from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shizi import Reader
from shizi.cli import main
from shizi.errors import DataError, InputError
from shizi.learn.data import open_source
from shizi.learn.label import is_sure, label
from shizi.types import Char, Line, Quad

SAMPLE = Path(__file__).parents[1] / "samples" / "notice.jpg"


def line(*confidences: float, tall: bool = False) -> Line:
    quad = Quad.box(0, 0, 10, 100) if tall else Quad.box(0, 0, 100, 10)
    return Line("字" * len(confidences), 0.9, quad, tuple(Char("字", one, quad) for one in confidences))


@given(st.lists(st.floats(0, 1), max_size=6), st.floats(0.01, 1))
def test_a_line_is_as_sure_as_its_least_sure_character(shares: list[float], least: float) -> None:
    assert is_sure(line(*shares), least) == (bool(shares) and min(shares) >= least)


def test_vertical_lines_are_left_out_and_lone_characters_are_not() -> None:
    assert not is_sure(line(1.0, 1.0, tall=True), 0.5)
    assert is_sure(line(1.0, tall=True), 0.5)


def test_what_is_kept_can_be_trained_on_and_reads_the_same_again(tmp_path: Path) -> None:
    reader = Reader()
    count = label([str(SAMPLE)], reader.pages, tmp_path)
    source = open_source(tmp_path)
    assert count.pictures == 1 and 5 <= count.kept == len(source) <= count.lines
    texts = [text for _, text in source]
    assert "本周项目会议定于2026年12月3日（星期四）下午2:30" in texts
    assert [reader.read_line(strip).text for strip, _ in source] == texts


def test_a_corrected_line_is_not_written_over(tmp_path: Path) -> None:
    reader = Reader()
    first = label([str(SAMPLE)], reader.pages, tmp_path)
    labels = tmp_path / "labels.tsv"
    labels.write_text(labels.read_text(encoding="utf-8").replace("会议通知", "會議通知"), encoding="utf-8")
    corrected = labels.read_bytes()
    again = label([str(SAMPLE)], reader.pages, tmp_path)
    assert (again.kept, again.known) == (0, first.kept)
    assert labels.read_bytes() == corrected


def test_rows_follow_a_last_one_that_an_editor_left_open(tmp_path: Path) -> None:
    labels = tmp_path / "labels.tsv"
    labels.write_text("strips/mine.png\t我的", encoding="utf-8")
    count = label([str(SAMPLE)], Reader().pages, tmp_path)
    rows = labels.read_text(encoding="utf-8").splitlines()
    assert rows[0] == "strips/mine.png\t我的"
    assert len(rows) == 1 + count.kept and all(row.count("\t") == 1 for row in rows)


def test_surer_lines_are_fewer(tmp_path: Path) -> None:
    page = Reader().read(SAMPLE)
    doubtful = replace(page, lines=tuple(line(0.5) if i % 2 else one for i, one in enumerate(page.lines)))
    kept = label([str(SAMPLE)], lambda _: iter((doubtful,)), tmp_path / "few", least=0.6).kept
    assert 0 < kept < label([str(SAMPLE)], lambda _: iter((doubtful,)), tmp_path / "all", least=0.01).kept


def test_a_broken_picture_is_told_and_the_others_are_labelled(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "broken.png").write_bytes(b"no picture")
    paths = [str(tmp_path / "broken.png"), str(SAMPLE)]
    assert main(["label", *paths, "--output", str(tmp_path / "set")]) == 1
    out = capsys.readouterr()
    assert "broken.png" in out.err and "from 1 pictures" in out.out
    with pytest.raises(InputError):
        label(paths, Reader().pages, tmp_path / "other")


def test_strips_and_bad_settings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    strip = np.full((40, 200), 255, np.uint8)
    cv2.putText(strip, "2026", (10, 32), cv2.FONT_HERSHEY_SIMPLEX, 1.2, 0, 3)
    (tmp_path / "a.png").write_bytes(cv2.imencode(".png", strip)[1].tobytes())
    assert main(["label", "--line", str(tmp_path / "a.png"), "--output", str(tmp_path / "set"), "--least", "0.5"]) == 0
    assert (tmp_path / "set" / "labels.tsv").read_text(encoding="utf-8").endswith("\t2026\n")
    assert "1 of 1 lines kept" in capsys.readouterr().out
    for least in (0, 1.5):
        with pytest.raises(DataError, match="between 0 and 1"):
            label([], Reader().pages, tmp_path, least=least)
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot be written"):
        label([], Reader().pages, tmp_path / "file")
