"""Characters made of dots and of bars: pages that read as marks are searched again where their pieces touch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from shizi import Reader, find, pieces
from shizi.find import Found
from shizi.settings import FindSettings, Settings, TurnSettings
from shizi.types import Char, Line, Quad

PICTURES = Path(__file__).parent / "pictures"
BOARD = ["耽误邮轮站", "开往概率", "20:28中转", "请勿拥挤注意安全"]


def line(text: str, confidence: float = 0.8, high: float = 12) -> Line:
    box = Quad.box(0, 0, high * len(text), high)
    return Line(text, confidence, box, tuple(Char(char, confidence, box) for char in text))


def texts(lines: tuple[Line, ...]) -> list[str]:
    return [one.text.replace(" ", "") for one in lines]


@pytest.mark.parametrize("orient", [True, False])
def test_a_board_of_lights_is_read_by_its_rows_of_characters_not_of_dots(orient: bool) -> None:
    page = Reader(settings=Settings(turn=TurnSettings(orient=orient))).read(PICTURES / "board.jpg")
    assert texts(page.lines) == BOARD
    assert all(one.quad.height > 60 for one in page.lines)


def test_the_model_is_not_asked_where_a_user_wants_none() -> None:
    page = Reader(settings=Settings(find=FindSettings(finder="projection"))).read(PICTURES / "board.jpg")
    assert texts(page.lines) != BOARD


def test_a_page_that_is_to_be_turned_is_not_searched_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Upside down it may read as nothing, and the model would find the same."""

    def asked(*_: object) -> Found:
        raise AssertionError

    picture, reader = Image.open(PICTURES / "form.png").convert("RGB"), Reader()
    upright = reader.read(picture)
    monkeypatch.setattr("shizi.pieces.blur", lambda _: 0.0)
    monkeypatch.setattr("shizi.find.touching", asked)
    turned = reader.read(picture.rotate(180))
    assert turned.turned == 180
    assert sorted(texts(turned.lines)) == sorted(texts(upright.lines))
    with pytest.raises(AssertionError):
        reader.read(picture)


def test_figures_of_bars_are_found_whole() -> None:
    """The upper and the lower half of a figure share no ink, and make two rows."""
    page = Reader().read(PICTURES / "panel.png")
    assert sorted(texts(page.lines)) == sorted(["温度", "37.8", "湿度", "86", "时间", "22:30"])


def test_rows_that_only_stand_close_are_no_halves(monkeypatch: pytest.MonkeyPatch) -> None:
    """The model is not asked about a form."""

    def asked(*_: object) -> Found:
        raise AssertionError

    monkeypatch.setattr("shizi.find.dbnet.find", asked)
    page = np.asarray(Image.open(PICTURES / "form.png").convert("L"))
    assert len(find.find(page, FindSettings()).lines) > 10


@given(st.floats(0.1, 8))
def test_the_blur_is_a_share_of_the_dots(scale: float) -> None:
    rows = [line(".......", high=scale * high) for high in (9, 10, 40)]
    assert pieces.blur([line("开往", high=80), *rows]) == pytest.approx(pieces.BLUR * 10 * scale)


def test_bars_are_not_blurred() -> None:
    assert pieces.blur([line("温度", 0.99), line("二口二"), line("__1")]) == 0.0


def test_a_page_of_which_much_reads_as_nothing_may_be_slanted() -> None:
    assert pieces.blur([line("13号线运行图", 1.0), line("湖的他的市街省湖的他的市街省", 0.1)]) == 0.0


@pytest.mark.parametrize(
    "lines",
    [
        [line("第一章 绪论.........", 0.9), line("第二章 方法.........", 0.9)],  # the dots lead somewhere
        [line("一二三口", 0.99), line("二一", 0.98)],  # sure, so they are hanzi
        [line("合计"), line("……"), line("谢谢惠顾欢迎下次光临")],  # too few
        [line("..."), line("本合同一式两份，甲乙双方各执一份。")],
        [line("湖的他的", 0.1), line("请勿拥挤注意安全")],  # a part of it was not read
        [],
    ],
)
def test_text_is_not_looked_at_again(lines: list[Line]) -> None:
    assert pieces.blur(lines) is None


def test_marks_count_against_a_page_and_what_was_not_read_does_not_count() -> None:
    text, dots = [line("请勿拥挤注意安全", 0.95), line("开往", 0.98)], line("**********", 0.7)
    assert pieces.is_better(text, [*text, dots])
    assert not pieces.is_better([*text, dots], text)
    assert not pieces.is_better(text, text)
    assert not pieces.is_better(text, [*text, line("湖的他的市街", 0.06)])
    assert pieces.is_better([*text, line("17:06", 0.9)], text)
    assert not pieces.is_better([], [])


def test_no_text_is_given_up_for_fewer_marks() -> None:
    """A list of dishes whose leaders were found as lines of their own."""
    dishes = [line(text, 0.9) for text in ("红烧鲫鱼", "清炒时蔬", "28元", "16元")]
    assert not pieces.is_better(dishes[:3], [*dishes, *4 * [line(20 * ".", 0.9)]])
    assert pieces.is_better(dishes, [*dishes, *4 * [line(20 * ".", 0.9)]])


def test_a_board_is_searched_again_whatever_may_be_read() -> None:
    page = Reader().read(PICTURES / "board.jpg", allowed="0123456789:")
    assert any(one.text.startswith("20:28") for one in page.lines)
    assert all(one.quad.height > 60 for one in page.lines), "rows of dots"
