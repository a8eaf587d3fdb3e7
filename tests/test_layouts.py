"""Pages as programs set them: each line of a form, a menu, a table, a slide, a program and a card is read whole."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from shizi import Reader
from shizi.learn.match import groups
from shizi.learn.metrics import edits, loose
from shizi.learn.truth import TrueLine

PICTURES = Path(__file__).parent / "pictures"
PAGES = json.loads((PICTURES / "layouts.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader()


@pytest.mark.parametrize("name", PAGES)
def test_each_line_is_read(name: str, reader: Reader) -> None:
    """Fields above rules, boxes to tick, leading dots, cells between rules, bullets, small print beside large."""
    truth = [TrueLine(one["text"], tuple((x, y) for x, y in one["polygon"])) for one in PAGES[name]]
    found, _ = groups(truth, reader.read(PICTURES / f"{name}.png").lines)
    assert all(group.read for group in found), "lines that were not found"
    pairs = [(loose(group.unit.truth), loose(group.unit.read)) for group in found]
    wrong = [pair for pair in pairs if pair[0] != pair[1]]
    assert sum(edits(*pair) for pair in wrong) <= 0.01 * sum(len(true) for true, _ in pairs), wrong


def test_empty_brackets_of_a_photographed_examination_are_closed(reader: Reader) -> None:
    """The finder takes a lone bracket behind a gap for a speck."""
    lines = reader.read(PICTURES / "exam.jpg").lines
    questions = [line for line in lines if line.text[:1].isdigit() or line.text.startswith("本医疗")]
    closed = [line for line in questions if line.text.endswith("（）")]
    assert len(questions) == 5
    assert len(closed) >= 3  # of four
    for line in closed:
        assert line.quad.bounds[2] == pytest.approx(line.chars[-1].quad.bounds[2], abs=1)
        assert line.chars[-1].quad.bounds[0] > line.chars[-2].quad.bounds[2] + line.quad.height


def test_a_known_place_stays_as_it_is_given(reader: Reader) -> None:
    """An open bracket at its end is no reason to look further."""
    line = next(line for line in reader.read(PICTURES / "exam.jpg").lines if line.text.endswith("（）"))
    end = (line.chars[-2].quad.bounds[2] - line.quad.bounds[0]) / (line.quad.bounds[2] - line.quad.bounds[0])
    known = line.quad.between(0, end)
    (read,) = reader.read_quads(PICTURES / "exam.jpg", [known])
    assert read.text.endswith("（")
    assert read.quad == known
