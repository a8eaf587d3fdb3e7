"""Pages as programs set them: each line of a form, a menu, a table, a slide, a program and a card is read whole."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

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


def test_the_pause_or_bracket_that_a_line_ends_with_is_read(reader: Reader) -> None:
    """It stands at the very edge of what was found, without the room that is built into it."""
    lines = reader.read(PICTURES / "ends.png").lines
    ends = ("保护", "8年）", "1161年）", "鸡蛋、", "第一、", "（试行）", "义务，")
    assert [line.text[-len(end) :] for line, end in zip(lines, ends, strict=True)] == list(ends)
    for line in lines:
        assert line.chars[-1].quad.bounds[2] <= line.quad.bounds[2] + 0.3 * line.quad.height


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


def test_pictures_cut_out_at_their_very_ink_are_read(reader: Reader) -> None:
    slide = Image.open(PICTURES / "slide.png").convert("RGB")
    places = {"第一批迄今为止回合方案": (60, 50, 760, 150), "第十条民间资金管理企业和民间融资": (122, 410, 620, 450)}
    for text, box in places.items():
        part = slide.crop(box)
        y, x = np.nonzero(np.asarray(part.convert("L")) < 128)
        (line,) = reader.read(part.crop((x.min(), y.min(), x.max() + 1, y.max() + 1))).lines
        assert line.text.replace(" ", "") == text
        assert line.quad.bounds[0] >= 0


@pytest.mark.parametrize(
    ("box", "text"), [((80, 74, 192, 126), "实质"), ((80, 150, 140, 178), "总监"), ((80, 74, 136, 126), "实")]
)
def test_a_word_or_a_character_alone_on_its_page_is_read(
    box: tuple[int, int, int, int], text: str, reader: Reader
) -> None:
    """What is typical of a page, a single word does not show."""
    page = Image.new("RGB", (900, 700), "white")
    page.paste(Image.open(PICTURES / "card.png").convert("RGB").crop(box), (400, 300))
    assert reader.read(page).text == text


def test_text_that_is_tilted_by_more_than_a_page_is_turned_by_is_read(reader: Reader) -> None:
    page = Image.open(PICTURES / "form.png").convert("RGB").rotate(18, Image.Resampling.BICUBIC, fillcolor="white")
    text = reader.read(page).text
    assert all(known in text for known in ("北伐来说登记表", "19079098472", "出生日期"))


def test_a_long_picture_is_read_as_its_parts_are(reader: Reader) -> None:
    """A screenshot that was scrolled through: seen as a whole its text would be a few pixels high."""
    slide = Image.open(PICTURES / "slide.png").convert("RGB")
    page = Image.new("RGB", (slide.width, 10 * slide.height))
    for at in range(10):
        page.paste(slide, (0, at * slide.height))
    many = reader.read(page).text.replace(" ", "")
    assert many.count("市人民政府设立的各类开发区管理机构") == 10
    assert many.count("审理强制医疗案件") == 10
