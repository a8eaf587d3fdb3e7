from __future__ import annotations

import unicodedata
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shizi.settings import TextSettings
from shizi.text import bare, closing, is_ascii, is_half, is_hatching, is_open, tidy
from shizi.types import Alternative, Char, Quad

texts = st.text(st.sampled_from("识字々aZ7  ，：。（”—·$~"), max_size=20)
words = st.text(st.sampled_from("识 0Oo1Il|atZPsS72"), max_size=12)
switches = st.builds(TextSettings, **dict.fromkeys(("han_blanks", "trim", "alike", "marks"), st.booleans()))


def line(text: str) -> list[Char]:
    return [Char(char, 0.5, Quad.box(i, 0, i + 1, 1)) for i, char in enumerate(text)]


def tidied(text: str, settings: TextSettings | None = None) -> str:
    return "".join(char.text for char in tidy(line(text), settings or TextSettings()))


@pytest.mark.parametrize(
    ("seen", "kept"),
    [
        ("识 字", "识字"),
        ("识  字  ", "识字"),
        ("你好 ， hello", "你好，hello"),
        ("（ 甲 b ）", "（甲 b）"),
        ("（ a b ）", "(a b)"),
        ("Date ：07/11", "Date: 07/11"),
        ("KLANG，SELANGOR", "KLANG, SELANGOR"),
        ("TOTAL：", "TOTAL:"),
        ("Rounding：-0.01", "Rounding: -0.01"),
        ("http：//a.b", "http://a.b"),
        ("P.T：，2811", "P.T:, 2811"),
        ("（1）12：30", "（1）12：30"),
        ("Tel：电话", "Tel：电话"),
        ("：", "："),
        ("say hello world", "say hello world"),
        ("共 12 页 A4", "共 12 页 A4"),
        ("He said “no” twice", "He said “no” twice"),
        ("他说 “好” 。", "他说“好”。"),
        ("他说“ 好 ”", "他说“好”"),
        ("王 · 李", "王·李"),
        ("a · b", "a · b"),
        ("  x ", "x"),
        ("   ", ""),
        ("", ""),
        ("$ 100, 5 %", "$ 100, 5 %"),
    ],
)
def test_rules(seen: str, kept: str) -> None:
    assert tidied(seen) == kept


@pytest.mark.parametrize(
    ("seen", "kept"),
    [
        ("1] 王伟. 小麦[J]. 学报", "[1] 王伟. 小麦[J]. 学报"),
        ("[12] 王伟. 小麦[J. 学报", "[12] 王伟. 小麦[J]. 学报"),
        ("[2] 王伟. 小麦M]. 北京", "[2] 王伟. 小麦[M]. 北京"),
        ("3] 王伟. 小麦J, 学报", "[3] 王伟. 小麦[J]. 学报"),
        ("[4] 王伟. 小麦J 学报", "[4] 王伟. 小麦[J]. 学报"),
        ("[4] 王伟。小麦[J] 学报。", "[4] 王伟. 小麦[J]. 学报。"),
        ("[4] 王伟. 小麦[C]// 会议", "[4] 王伟. 小麦[C]// 会议"),
        ("[4] 王伟。小麦种植", "[4] 王伟。小麦种植"),
        ("[4] 见图[A] 所示", "[4] 见图[A] 所示"),
        ("[5] 王伟. 维生素C. 学报", "[5] 王伟. 维生素C. 学报"),
        ("[6] 王伟. 小麦[EB/OL]. 北京", "[6] 王伟. 小麦[EB/OL]. 北京"),
        ("[7] Li J. Wheat[J]. Cell", "[7] Li J. Wheat[J]. Cell"),
        ("[8] 王伟. 小麦u]. 学报", "[8] 王伟. 小麦[J]. 学报"),
        ("[8] 王伟. 小麦uJ. 学报", "[8] 王伟. 小麦[J]. 学报"),
        ("[8] 王伟. 小麦u.学报", "[8] 王伟. 小麦[J].学报"),
        ("[8] 王伟. 铀u 学报", "[8] 王伟. 铀u 学报"),
        ("王伟. 小麦u]. 学报", "王伟. 小麦u]. 学报"),
        ("王伟. 小麦[J. 学报", "王伟. 小麦[J. 学报"),
        ("a[1] = [J", "a[1] = [J"),
        ("1234] 小麦J. 学报", "1234] 小麦J. 学报"),
        ("[1]", "[1]"),
        ("10]", "10]"),
        ("3] for x", "3] for x"),
    ],
)
def test_references_have_their_brackets_and_points(seen: str, kept: str) -> None:
    assert tidied(seen) == kept
    assert tidied(kept) == kept
    made = tidy(line(seen), TextSettings())
    ends = [char.quad.bounds[::2] for char in made]
    assert all(0 <= left <= right <= len(seen) for left, right in ends)
    assert ends == sorted(ends), "each beside the next"
    assert tidied(seen, TextSettings(alike=False)) == seen


@pytest.mark.parametrize(
    ("seen", "kept"),
    [
        ("138**8000", "138****8000"),
        ("王伟 186***1234 收", "王伟 186****1234 收"),
        ("1724***6496", "172****6496"),  # its 4 may be a star
        ("139*****1234", "139****1234"),
        ("1384**8000", "138****8000"),
        ("138****8000", "138****8000"),
        ("13812348000", "13812348000"),
        ("1389**8000", "1389**8000"),
        ("2138**8000", "2138**8000"),
        ("128**8000", "128**8000"),
        ("138**80001", "138**80001"),
        ("3**4", "3**4"),
    ],
)
def test_mobile_numbers_partly_hidden_have_four_stars(seen: str, kept: str) -> None:
    star = (Alternative("*", 0.1),)
    starred = [replace(char, alternatives=star) if char.text == "4" else char for char in line(seen)]
    made = tidy(starred, TextSettings())
    assert "".join(char.text for char in made) == kept
    assert "".join(char.text for char in tidy(made, TextSettings())) == kept
    ends = [char.quad.bounds[::2] for char in made]
    assert ends == sorted(ends), "each beside the next"
    assert ends[0][0] == 0
    assert ends[-1][1] == pytest.approx(len(seen))


@pytest.mark.parametrize("pause", "，。：、")
@pytest.mark.parametrize(("before", "after"), [("昨天", "北京"), ("3小时前 ", "A"), ("a", "1")])
def test_a_doubtful_pause_between_two_words_may_be_the_dot_that_parts_them(pause: str, before: str, after: str) -> None:
    def read(text: str, confidence: float, share: float) -> str:
        mark = replace(line(pause)[0], confidence=confidence, alternatives=(Alternative("·", share),))
        made = [mark if char.text == pause else char for char in line(text)]
        return "".join(char.text for char in tidy(made, TextSettings()))

    before = before.strip()
    assert read(before + pause + after, 0.6, 0.03) == f"{before}·{after}"
    plain = tidied(before + pause + after)
    assert read(before + pause + after, 0.6, 0.01) == plain
    assert read(before + pause + after, 0.95, 0.04) == plain
    assert read("再说，" + before + pause, 0.6, 0.1)[-1] != "·", "a line ends with a stop"


def test_a_figure_before_others_is_an_arrow_where_that_was_rather_likely() -> None:
    first, *rest = line("129.5%")
    made = tidy([replace(first, alternatives=(Alternative("↑", 0.1),)), *rest], TextSettings())
    assert "".join(char.text for char in made) == "↑29.5%"


def doubted(text: str, share: float) -> list[Char]:
    """Each letter with its other case among the alternatives."""
    return [replace(char, alternatives=(Alternative(char.text.swapcase(), share),)) for char in line(text)]


SHAPES = "0Oo", "1Il|"


def mistakable(text: str, share: float) -> list[Char]:
    """Each letter and figure with the others of its shape among the alternatives, each with ``share``."""
    shapes = {char: shape for shape in SHAPES for char in shape}
    others = ([other for other in shapes.get(char, "") if other != char] for char in text)
    return [
        replace(char, alternatives=tuple(Alternative(other, share) for other in some))
        for char, some in zip(line(text), others, strict=True)
    ]


@pytest.mark.parametrize(
    ("seen", "kept"),
    [
        ("6OO", "600"),
        ("#O7", "#07"),
        ("4540O 10/O3", "45400 10/03"),
        ("AOO2", "A002"),
        ("BO2 HALF", "B02 HALF"),
        ("2l5 lI7", "215 117"),
        ("5|2", "512"),
        ("H2O", "H2O"),
        ("CO2 SO2排放", "CO2 SO2排放"),
        ("CuSO4 Fe2O3", "CuSO4 Fe2O3"),
        ("CO25 XO2", "C025 X02"),
        ("Tota1", "Total"),
        ("TOTA1 QTY", "TOTA1 QTY"),
        ("L0GO", "LOGO"),
        ("1st 1kg", "1st 1kg"),
        ("h1", "h1"),
        ("he1p", "help"),
        ("M1 T0", "M1 T0"),
        ("page1", "pagel"),  # only where an l was nearly as likely
        ("APl", "API"),
        ("A|接入", "AI接入"),
        ("Al", "Al"),
        ("fiIe", "file"),
        ("File Item", "File Item"),
        ("O", "O"),
        ("||", "||"),
        ("1O1", "1O1"),
    ],
)
def test_figures_and_letters_of_one_shape_are_what_they_stand_among(seen: str, kept: str) -> None:
    made = tidy(mistakable(seen, 0.11), TextSettings())
    assert "".join(char.text for char in made) == kept
    for before, after in zip(line(seen), made, strict=True):
        assert after.confidence == pytest.approx(0.61 if after.text != before.text else 0.5)
    seldom = mistakable(seen, 0.04)
    assert "".join(char.text for char in tidy(seldom, TextSettings())) == seen
    off = tidy(mistakable(seen, 0.11), TextSettings(alike=False))
    assert "".join(char.text for char in off) == seen


@pytest.mark.parametrize(
    ("seen", "kept"),
    [
        ("RM 11,60", "RM 11.60"),
        ("共1234,50元", "共1234.50元"),
        ("1,234", "1,234"),
        ("1,234,56", "1,234,56"),
        ("10,20,30", "10,20,30"),
        ("3,5", "3,5"),
        ("a,60", "a,60"),
    ],
)
def test_a_comma_before_cents_is_a_point(seen: str, kept: str) -> None:
    def points(share: float) -> list[Char]:
        chars = line(seen)
        return [replace(c, alternatives=(Alternative(".", share),)) if c.text == "," else c for c in chars]

    assert "".join(char.text for char in tidy(points(0.2), TextSettings())) == kept
    assert "".join(char.text for char in tidy(points(0.05), TextSettings())) == seen
    assert "".join(char.text for char in tidy(points(0.2), TextSettings(alike=False))) == seen


@pytest.mark.parametrize(
    ("seen", "kept"),
    [
        ("选项—", "选项一"),
        ("“—带", "“一带"),
        ("三二— 5", "三二一 5"),
        ("好——再见", "好——再见"),
        ("—1—", "—1—"),
        ("a—b", "a—b"),
        ("。项目", "•项目"),
        (". 项目", "·项目"),
        (".com", ".com"),
        ("，", "，"),
    ],
)
def test_a_single_dash_beside_hanzi_is_one_and_a_comma_begins_no_line(seen: str, kept: str) -> None:
    others = {"—": "一", "。": "•", "，": "·", ".": "·"}

    def doubted(share: float) -> list[Char]:
        made = ((char, others.get(char.text)) for char in line(seen))
        return [replace(char, alternatives=(Alternative(other, share),)) if other else char for char, other in made]

    assert "".join(char.text for char in tidy(doubted(0.1), TextSettings())) == kept
    seldom = kept if seen[0] == "。" else seen  # no line begins with one, whatever the network makes of it
    assert "".join(char.text for char in tidy(doubted(0.01), TextSettings())) == seldom
    assert "".join(char.text for char in tidy(doubted(0.1), TextSettings(alike=False))) == seen


def seen_as(text: str, others: dict[str, str], share: float = 0.02) -> list[Char]:
    """Each character that stands in ``others`` with those among its alternatives, each with ``share``."""
    return [
        replace(char, alternatives=tuple(Alternative(other, share) for other in others.get(char.text, "")))
        for char in line(text)
    ]


@pytest.mark.parametrize(
    ("text", "others", "kept"),
    [
        ("1.234.50", {".": ","}, "1,234.50"),
        ("共1.234,567.50元", {".": ","}, "共1,234,567.50元"),
        ("ping 192.168.101.12", {".": ","}, "ping 192.168.101.12"),
        ("192.168.10.1", {".": ","}, "192.168.10.1"),
        ("1.234.50", {}, "1.234.50"),
        ("A.，不带", {}, "A.不带"),
        ("A.， 不带", {}, "A.不带"),
        ("l", {}, "1"),
        ("ll", {"l": "1"}, "11"),
        ("I", {}, "I"),
        ("28:86=", {":": "÷"}, "28÷86="),
        ("28：86= 1.5：3=", {"：": "÷"}, "28÷86= 1.5÷3="),
        ("(2 + 24): 21 =x", {":": "÷"}, "(2 + 24)÷ 21 =x"),
        ("(2+24) : 21=x", {}, "(2+24) : 21=x"),
        ("28÷:86=", {}, "28÷86="),
        ("28:÷86=", {}, "28÷86="),
        ("28:86=", {}, "28:86="),
        ("3:4=6:8", {":": "÷"}, "3:4=6:8"),
        ("12:30", {":": "÷"}, "12:30"),
        ("34X98=", {}, "34×98="),
        ("3 x 4=12", {}, "3 × 4=12"),
        ("0.5x12.5=", {}, "0.5×12.5="),
        ("3x+5=", {}, "3x+5="),
        ("0x10==a", {}, "0x10==a"),
        ("w1x2=3", {}, "w1x2=3"),
        ("3x8-24 7X1-7", {}, "3×8=24 7×1=7"),
        ("2x224", {"2": "="}, "2×2=4"),
        ("12x12=144", {}, "12×12=144"),
        ("3x8-25", {}, "3x8-25"),
        ("3x824", {}, "3x824"),
        ("v3x8-24", {}, "v3x8-24"),
        ("3x8-24.5", {}, "3x8-24.5"),
        ("t 0.2%", {"t": "↑"}, "↑ 0.2%"),
        ("l3.5%", {"l": "↓"}, "↓3.5%"),
        ("4 20.9%", {"4": "↓"}, "↓ 20.9%"),
        ("129.5%", {"1": "↑"}, "129.5%"),  # not likely enough
        ("t 0.2% a", {"t": "↑"}, "t 0.2% a"),
        ("t 0.2%", {"t": "1"}, "t 0.2%"),
        ("8月19日一9月2日", {}, "8月19日—9月2日"),
        ("2026年一月，周日一早", {}, "2026年一月，周日一早"),
        ("宋（公元626一1161年）", {}, "宋（公元626—1161年）"),
        ("第5一类，3一次", {}, "第5一类，3一次"),
        ("O 男性", {"O": "○"}, "○ 男性"),
        ("0 女性", {"0": "O〇"}, "○ 女性"),
        ("O 男性", {"O": "0"}, "O 男性"),
        ("O 型血", {"O": "○"}, "O 型血"),
        ("0 元购", {"0": "○"}, "0 元购"),
        ("O男性", {"O": "○"}, "O男性"),
        ("O and", {"O": "○"}, "O and"),
        ("40190=", {"1": "+"}, "40+90="),
        ("40190=", {"1": "l"}, "40190="),
        ("40190=3", {"1": "+"}, "40190=3"),
        ("15=", {"1": "+"}, "15="),
        ("B.。线路", {}, "B.线路"),
        ("15。，线路", {}, "15.线路"),
        ("B...线路", {}, "B...线路"),
        ("B.（线路", {}, "B.（线路"),
        ("B，线路", {"，": "."}, "B.线路"),
        ("B，线路", {"，": " "}, "B.线路"),
        ("B，线路", {}, "B.线路"),
        ("B，“线路", {}, "B，“线路"),
        ("12，线路", {"，": "."}, "12.线路"),
        ("2026，线路", {"，": "."}, "2026，线路"),
        ("I，线路", {"，": "."}, "I，线路"),
        ("他说A，线路", {"，": "."}, "他说A，线路"),
        ("□同意", {}, "□同意"),
        ("安全规程.。", {}, "安全规程。"),
        ("等等...。", {}, "等等...。"),
        ("见 fig.。", {}, "见 fig.。"),
        ("调用 hook.。", {".": "。"}, "调用 hook。"),
        ("处罚.", {".": "。"}, "处罚。"),
        ("处罚,不", {",": "。"}, "处罚。不"),
        ("处罚，不", {"，": "。"}, "处罚，不"),
        ("第3.", {".": "。"}, "第3."),
    ],
)
def test_marks_are_what_they_stand_among(text: str, others: dict[str, str], kept: str) -> None:
    made = tidy(seen_as(text, others), TextSettings())
    assert "".join(char.text for char in made) == kept
    assert tidy(made, TextSettings()) == made
    off = TextSettings(alike=False, marks=False, han_blanks=False)
    assert "".join(char.text for char in tidy(seen_as(text, others), off)) == text


@pytest.mark.parametrize(("share", "kept"), [(0.1, "D.谋杀案"), (0.01, "D。谋杀案")])
def test_a_stop_behind_a_choice_is_its_point_where_that_was_likely(share: float, kept: str) -> None:
    sure = [replace(char, confidence=0.95) for char in seen_as("D。谋杀案", {"。": "."}, share)]
    made = tidy(sure, TextSettings())
    assert "".join(char.text for char in made) == kept
    inside = tidy(seen_as("维生素D。谋", {"。": "."}, share), TextSettings())
    assert "".join(char.text for char in inside) == "维生素D。谋"


@pytest.mark.parametrize(("capital", "kept"), [(0.3, "C.图书馆"), (0.05, "c，图书馆")])
def test_the_small_c_of_a_choice_is_the_capital_that_was_likely(capital: float, kept: str) -> None:
    made = tidy(seen_as("c，图书馆", {"c": "C"}, capital), TextSettings())
    assert "".join(char.text for char in made) == kept
    assert tidy(made, TextSettings()) == made


@pytest.mark.parametrize(("share", "kept"), [(0.1, "。"), (0.01, "o")])
def test_the_ring_that_ends_a_line_of_chinese_is_its_stop(share: float, kept: str) -> None:
    made = tidy(seen_as("这个函数叫作 reducero", {"o": "。"}, share), TextSettings())
    assert made[-1].text == kept
    assert tidy(seen_as("the reducero", {"o": "。"}, share), TextSettings())[-1].text == "o"


def test_the_comma_behind_a_hanzi_is_the_stop_that_was_likely_too() -> None:
    """More so where the line ends: there few commas stand."""
    for text, share, kept in (
        ("处罚，不", 0.6, "。"), ("处罚，不", 0.1, "，"), ("处罚，", 0.1, "。"), ("处罚，", 0.02, "，"),
    ):  # fmt: skip
        seen = seen_as(text, {"，": "。"}, share)
        made = tidy(seen, TextSettings())
        assert made[2].text == kept
        assert tidy(made, TextSettings()) == made
        sharp = [replace(char, confidence=1.0) if char.text != "，" else char for char in seen]
        assert tidy(sharp, TextSettings())[2].text == (kept if text.endswith("，") else "，"), "sharp"


@pytest.mark.parametrize(
    ("mark", "confidence", "kept"),
    [
        ("、", 0.8, ".."), ("、", 0.95, "、、"), ("：", 0.4, ".."), ("：", 0.6, ".："), ("：", 0.9, "：："),
        ("·", 0.4, ".."), ("·", 0.6, ".·"), ("；", 0.4, "；；"), ("，", 0.8, ".，"),
        ("，", 0.95, "，，"), ("。", 0.8, ".。"),
    ],
)  # fmt: skip
def test_a_doubtful_mark_behind_the_letter_of_a_choice_is_its_point(mark: str, confidence: float, kept: str) -> None:
    """The mark of A、 is seen surely, and so is the colon of one who speaks; more may follow a number."""
    for number, point in zip(("A", "12"), kept, strict=True):
        letter, rest = line(number), line("线路图")
        seen = [*letter, replace(line(mark)[0], confidence=confidence), *rest]
        made = tidy(seen, TextSettings())
        assert "".join(char.text for char in made) == f"{number}{point}线路图"
        assert tidy(made, TextSettings()) == made
        inside = tidy([*line("见"), *seen], TextSettings())
        assert "".join(char.text for char in inside) == f"见{number}{mark}线路图"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("umol/L", "µmol/L"), ("5um", "5µm"), ("25 ug/L", "25 µg/L"), ("umo1/L", "µmol/L"), ("mmo1/L", "mmol/L"),
        ("uIU/mL", "µIU/mL"), ("use", "use"), ("um", "um"), ("gum", "gum"), ("menu/list", "menu/list"),
        ("demo1/lib", "demo1/lib"), ("demo1/L", "demo1/L"),
    ],
)  # fmt: skip
def test_units_have_the_letters_of_units(text: str, kept: str) -> None:
    made = tidy(seen_as(text, {"u": "µ"}, 0.05), TextSettings())
    assert "".join(char.text for char in made) == kept
    assert tidy(made, TextSettings()) == made


def test_the_u_of_a_unit_stays_where_nothing_else_was_seen() -> None:
    assert "".join(char.text for char in tidy(line("umol/L"), TextSettings())) == "umol/L"


def test_the_pause_before_the_title_of_a_reference_is_its_point() -> None:
    """Where none was seen, the likeliest of them."""
    for others, kept in (({8: 0.3, 5: 0.1}, "."), ({8: 0.05}, "，"), ({}, "，")):
        chars = line("[3]王伟，李明，小麦[J].学报")
        for at, share in others.items():
            chars[at] = replace(chars[at], alternatives=(Alternative("。", share * chars[at].confidence),))
        for seen in (chars, chars[1:]):  # the bracket that it begins with may be lost as well
            made = "".join(char.text for char in tidy(seen, TextSettings()))
            assert made.replace(" ", "") == f"[3]王伟，李明{kept}小麦[J].学报"


def test_the_box_of_a_form_is_no_comma_and_no_mouth() -> None:
    assert tidy(seen_as("，同意", {"，": "□"}, 0.1), TextSettings())[0].text == "□"
    assert tidy(seen_as("口同意", {"口": "□"}, 0.1), TextSettings())[0].text == "□"
    assert tidy(seen_as("口味", {"口": "□"}, 0.004), TextSettings())[0].text == "口"


@pytest.mark.parametrize(
    ("others", "kept"),
    [
        ((), "，"),
        ((("。", 0.15), ("、", 0.05)), "，"),  # a comma behind which the line before was parted
        ((("。", 0.15), ("、", 0.1)), "•"),
        ((("、", 0.28), ("·", 0.04)), "·"),
        ((("口", 0.2), ("二", 0.1)), "，"),
    ],
)
def test_a_comma_that_may_be_any_mark_is_a_bullet(others: tuple[tuple[str, float], ...], kept: str) -> None:
    for mark in "，：":
        first, *rest = line(mark + "第三十八条")
        first = replace(first, confidence=0.5, alternatives=tuple(Alternative(*one) for one in others))
        made = tidy([first, *rest], TextSettings())
        assert made[0].text == kept.replace("，", mark)
        assert tidy(made, TextSettings()) == made
        assert tidy([first, *rest[:2]], TextSettings())[0].text in mark + "·"


def test_a_comma_before_a_hanzi_that_is_doubted_is_a_bullet() -> None:
    for mark, kept in (("，", "•"), ("：", "•"), ("、", "•"), ("第", "第")):
        first, *rest = line(mark + "三十八条")
        doubted, sure = replace(first, confidence=0.4), replace(first, confidence=0.6)
        assert tidy([doubted, *rest], TextSettings())[0].text == kept
        assert tidy([sure, *rest], TextSettings())[0].text == mark
        assert tidy([doubted, *rest[:2]], TextSettings())[0].text == mark, "too little text"


@pytest.mark.parametrize(
    ("seen", "kept"),
    [
        ("二0二六年", "二〇二六年"), ("二OOo年", "二〇〇〇年"), ("三○三医院", "三〇三医院"), ("十O一", "十O一"),
        ("其二。二是", "其二。二是"), ("2026年", "2026年"), ("第二。", "第二。"),
        ("一共20年", "一共20年"), ("0年", "0年"),
    ],
)  # fmt: skip
def test_a_ring_among_chinese_figures_is_their_zero(seen: str, kept: str) -> None:
    assert tidied(seen) == kept


@pytest.mark.parametrize(
    ("seen", "others", "kept"),
    [
        ("y207.25", "v¥", "¥207.25"), ("v30.70", "¥", "¥30.70"), ("x1,136.64", "¥", "¥1,136.64"),
        ("v298.22", "r", "¥298.22"),
        ("v1.25", "r", "v1.25"), ("x136.64", "r", "x136.64"), ("v1.2.25", "¥", "v1.2.25"), ("v10.254", "¥", "v10.254"),
        ("a v30.70", "¥", "a v30.70"),
    ],
)  # fmt: skip
def test_a_letter_like_a_yen_before_an_amount_is_one(seen: str, others: str, kept: str) -> None:
    first, *rest = line(seen)
    first = replace(first, alternatives=tuple(Alternative(other, 0.02) for other in others))
    made = tidy([first, *rest], TextSettings())
    assert "".join(char.text for char in made) == kept
    assert tidy(made, TextSettings()) == made


@pytest.mark.parametrize(
    ("before", "share", "kept"),
    [("共", 0.3, "共￥9.50"), ("共", 0.12, "共￥9.50"), ("共", 0.05, "共$9.50"), ("S", 0.3, "S$9.50")],
)
def test_a_dollar_sign_is_one_of_the_yuan_where_that_is_likely(before: str, share: float, kept: str) -> None:
    first, seen, *rest = line(before + "$9.50")
    seen = replace(seen, confidence=0.7, alternatives=(Alternative("8", 0.1), Alternative("￥", share * 0.7)))
    assert "".join(char.text for char in tidy([first, seen, *rest], TextSettings())) == kept


@pytest.mark.parametrize(
    ("seen", "kept"),
    [
        ("13%6", "13%"), ("税率13%6。", "税率13%。"), ("5%60", "5%60"), ("5%6F", "5%6F"), ("%6", "%6"),
        ("3% 6", "3% 6"), ("5%6个月", "5%6个月"),
    ],
)  # fmt: skip
def test_the_last_ring_of_per_cent_is_no_figure(seen: str, kept: str) -> None:
    assert tidied(seen) == kept


@pytest.mark.parametrize(
    ("seen", "kept"),
    [
        ("P 78次|分，R 18次|/分", "P 78次/分，R 18次/分"), ("35元|人", "35元/人"),
        ("3次/ |天", "3次/天"), ("9件 | 月", "9件/月"),
        ("78次/分", "78次/分"), ("首次|分类", "首次|分类"), ("3人|男", "3人|男"), ("5%6，8次|分", "5%，8次/分"),
        ("8次|/分，5%6", "8次/分，5%"),
    ],
)  # fmt: skip
def test_a_bar_between_a_count_and_a_time_is_a_stroke(seen: str, kept: str) -> None:
    assert tidied(seen) == kept


@pytest.mark.parametrize(
    ("seen", "at", "other", "kept"),
    [
        ("310", 2, "°", "31°"), ("-49", 2, "°", "-4°"), ("最高260 最低5", 4, "°", "最高26° 最低5"),
        ("24o", 2, "°", "24°"),
        ("310", 2, "9", "310"), ("310", 1, "°", "310"), ("o", 0, "°", "o"), ("20C", 1, "°", "20C"),
        ("12。", 2, "°", "12。"),
    ],
)  # fmt: skip
def test_a_ring_behind_a_number_is_the_sign_of_degrees_where_that_was_seen(
    seen: str, at: int, other: str, kept: str
) -> None:
    chars = line(seen)
    chars[at] = replace(chars[at], alternatives=(Alternative(other, 0.02),))
    made = tidy(chars, TextSettings())
    assert "".join(char.text for char in made) == kept
    assert tidy(made, TextSettings()) == made
    chars[at] = replace(chars[at], alternatives=(Alternative(other, 0.01),))
    assert "".join(char.text for char in tidy(chars, TextSettings())) == seen


@pytest.mark.parametrize(
    ("seen", "kept"),
    [
        ("【[通知】", "【通知】"), ("[【通知】]", "【通知】"), ("[通知】", "【通知】"), ("【通知]", "【通知】"),
        ("[明〕李白", "〔明〕李白"), ("〔明]李白", "〔明〕李白"), ("【规格】］每片", "【规格】每片"),
        ("a[0]］", "a[0]］"),
        ("[1]【a】", "[1]【a】"),
        ("【a[1]b】", "【a[1]b】"), ("a[1]", "a[1]"), ("】", "】"), ("a]】", "a】"), ("[a]【b]", "[a]【b】"),
    ],
)  # fmt: skip
def test_square_brackets_are_of_one_kind_at_both_ends(seen: str, kept: str) -> None:
    assert tidied(seen) == kept


def test_square_brackets_that_are_surely_two_stay() -> None:
    first, second, *rest = line("【[注]】")
    chars = [first, replace(second, confidence=0.99), *rest]
    chars[3] = replace(chars[3], confidence=0.99)
    assert "".join(char.text for char in tidy(chars, TextSettings())) == "【[注]】"
    chars = [first, *rest[:1], rest[-1], replace(second, text="]", confidence=0.99)]
    assert "".join(char.text for char in tidy(chars, TextSettings())) == "【注】", "it closes nothing"


def test_a_ring_before_some_text_is_a_bullet() -> None:
    assert tidied("。第三条") == "•第三条"
    assert tidied("。好") == "。好"
    assert tidied(".第三条") == "•第三条"
    assert tidied(".com") == ".com"
    assert tidied(" 。第三条") == "•第三条"


@given(words, switches, st.sampled_from((0.06, 0.11, 0.3)))
def test_shapes_stay_and_a_second_time_changes_nothing(text: str, settings: TextSettings, share: float) -> None:
    def shape(chars: str) -> str:
        return "".join(next((one[0] for one in SHAPES if char in one), char.lower()) for char in chars)

    once = tidy(mistakable(text, share), replace(settings, trim=False, han_blanks=False))
    assert shape("".join(char.text for char in once)) == shape(text)
    assert tidy(once, replace(settings, trim=False, han_blanks=False)) == once


def test_each_rule_has_its_switch() -> None:
    assert tidied(" 识 字 ", TextSettings(han_blanks=False)) == "识 字"
    assert tidied(" 识 字 ", TextSettings(trim=False)) == " 识字 "
    assert tidied("a：b", TextSettings(marks=False)) == "a：b"
    assert tidied(" 识 字 ", TextSettings(han_blanks=False, trim=False)) == " 识 字 "


def test_a_mark_and_its_blank_share_its_place_and_what_was_seen() -> None:
    mark = replace(line("b：c")[1], alternatives=(Alternative(":", 0.3), Alternative("；", 0.1)))
    _, narrow, blank, _ = tidy([line("b")[0], mark, line("b：c")[2]], TextSettings())
    assert (narrow.text, narrow.confidence, narrow.quad) == (":", pytest.approx(0.8), Quad.box(1, 0, 1.5, 1))
    assert (blank.text, blank.quad, narrow.alternatives) == (" ", Quad.box(1.5, 0, 2, 1), (Alternative("；", 0.1),))


@given(texts)
def test_marks_change_in_width_alone(text: str) -> None:
    def folded(chars: str) -> str:
        return unicodedata.normalize("NFKC", chars).replace(" ", "")

    assert folded(tidied(text, TextSettings(alike=False))) == folded(text)


@given(texts, switches)
def test_only_blanks_go_and_the_rest_stays_as_it_was(text: str, settings: TextSettings) -> None:
    chars = line(text)
    kept = tidy(chars, replace(settings, marks=False, alike=False))
    assert [char for char in kept if char.text != " "] == [char for char in chars if char.text != " "]
    rest = iter(chars)
    assert all(char in rest for char in kept), "kept characters stay in order"


@given(texts, switches)
@example("，。Z", TextSettings())
def test_tidying_twice_changes_nothing(text: str, settings: TextSettings) -> None:
    for chars in (line(text), doubted(text, 0.3)):
        once = tidy(chars, settings)
        assert tidy(once, settings) == once


@pytest.mark.parametrize("text", ["Hello, world", "12:30", "iPad 64G版", "abc中d", "A4"])
def test_lines_of_ascii(text: str) -> None:
    assert is_ascii(text)


@pytest.mark.parametrize("text", ["2026年11月22日", "共12页", "你好", "", "买 iPad 送贴膜"])
def test_lines_of_more_than_ascii(text: str) -> None:
    assert not is_ascii(text)


@pytest.mark.parametrize(
    "text", ["||||", "~~~~~~~~", "川川川川", "= = = = =", "----------", "川川|川川川", "ab" + 20 * "-",
             10 * "o", "O○" + 30 * "○", 17 * "0", "c" + 40 * "0" + "o1"]
)  # fmt: skip
def test_hatchings(text: str) -> None:
    assert is_hatching(text)


@pytest.mark.parametrize(
    "text",
    [
        *("", "川", "四川", "11111111", "---", "illicit", "一二三三", "........", "哈哈哈哈", "a----b----c"),
        "# -- Private " + 48 * "-", 9 * "o", 4 * "0000 ", "goooooooooal", 12 * "●",
    ],
)
def test_text_that_is_no_hatching(text: str) -> None:
    assert not is_hatching(text)


def test_an_open_line_ends_with_a_bracket() -> None:
    assert all(map(is_open, ("住所（", "1. see (", "【")))
    assert not any(map(is_open, ("", "（一）", "住所（甲", "）")))


@pytest.mark.parametrize(
    ("text", "doubtful", "closed"),
    [
        ("住所（）", "", True),
        ("住所（ ）", "", True),
        ("住所（——）", "—", True),
        ("住所（)——", "—", True),
        ("（一）住所（）", "", True),
        ("住所（一）", "", False),
        ("住所（", "", False),
        ("住所（）", "）", False),
        ("住所（】", "", False),
        ("住所", "", False),
        ("", "", False),
    ],
)
def test_what_closes_an_empty_place_is_found_behind_noise(text: str, doubtful: str, closed: bool) -> None:
    chars = [replace(char, confidence=0.5 if char.text in doubtful else 0.9) for char in line(text)]
    found = closing(chars)
    assert (found is not None) == closed
    assert found is None or (found is chars[max(text.rfind("）"), text.rfind(")"))])


@pytest.mark.parametrize(
    ("text", "others", "share", "kept"),
    [
        ("0日历昏黄", {"0": "①"}, 0.06, "①日历昏黄"),
        ("0日历昏黄", {"0": "①"}, 0.02, "0日历昏黄"),  # 0元购
        ("D7826,我也", {"D": "①"}, 0.3, "①7826,我也"),
        ("高山流水，0他们", {"0": "②"}, 0.3, "高山流水，②他们"),
        ("专门为老0136", {"0": "②"}, 0.3, "专门为老②136"),
        ("mail@example", {"@": "②"}, 0.3, "mail@example"),  # neither beside a hanzi nor first
        ("100元", {"0": "②"}, 0.3, "100元"),
        ("一共0", {"0": "②"}, 0.3, "一共0"),  # nothing follows
        ("[周遭]", {"[": "【", "]": "】"}, 0.3, "【周遭】"),
        ("[周遭1", {"[": "【", "1": "】"}, 0.3, "【周遭】"),
        ("【周遭1", {"1": "】"}, 0.03, "【周遭】"),
        ("[花心]", {}, 0.3, "[花心]"),
        ("[1]", {"[": "【", "]": "】"}, 0.3, "[1]"),
        ("【检验】】", {}, 0.3, "【检验】"),
        ("【【检验】", {}, 0.3, "【检验】"),
        ("睡着；：第四", {}, 0.3, "睡着；第四"), ("蜗牛，；不详", {}, 0.3, "蜗牛；不详"),
        ("清淡，，开", {}, 0.3, "清淡，，开"),
        ("72+89=", {"+": "÷"}, 0.08, "72÷89="),
        ("72+89=", {"+": "÷"}, 0.02, "72+89="),
        ("C+8", {"+": "÷"}, 0.3, "C+8"),
        ("root@host:-$ ls", {}, 0.3, "root@host:~$ ls"),
        ("rm -$ x:-$ ls", {}, 0.3, "rm -$ x:-$ ls"),
        ("root@host:-/data$ ls", {}, 0.3, "root@host:~/data$ ls"),
        ("a@host:-/-", {}, 0.3, "a@host:-/-"),
        ("规格：975m1 产地：四川", {}, 0.3, "规格：975ml 产地：四川"),
        ("5 m1", {}, 0.3, "5 ml"),
        ("m1, 5m12, km1", {}, 0.3, "m1, 5m12, km1"),
        ("7.2MB/S", {}, 0.3, "7.2MB/s"),
        ("*餐饮服务”餐费", {}, 0.3, "*餐饮服务*餐费"), ("”餐饮*餐费", {}, 0.3, "*餐饮*餐费"),
        ('"餐饮”餐费', {'"': "*", "”": "*"}, 0.02, "*餐饮*餐费"), ('"餐饮”餐费', {'"': "*"}, 0.02, '"餐饮”餐费'),
        ("“餐饮”餐费", {"“": "*", "”": "*"}, 0.2, "“餐饮”餐费"), ("*餐饮”", {}, 0.3, "*餐饮”"),
        ("MB/S, 2MB/SEC", {}, 0.3, "MB/S, 2MB/SEC"),
        ("u mol/L", {}, 0.3, "µmol/L"),
        ('"OxlFF8ADBB"指令', {}, 0.3, '"0x1FF8ADBB"指令'),
        ("Oxide Ox", {}, 0.3, "Oxide Ox"),
        ("确定(0)", {}, 0.3, "确定(O)"), ("取消(0)", {}, 0.3, "取消(0)"), ("打开 (0)", {}, 0.3, "打开 (O)"),
        ("0.25gX11片 X3盒", {}, 0.3, "0.25g×11片 ×3盒"), ("3%x435ml", {}, 0.3, "3%×435ml"), ("2mx3m", {}, 0.3, "2m×3m"),
        ("30m1X11支", {}, 0.3, "30ml×11支"), ("MAX7件", {}, 0.3, "MAX7件"),
        ("1921x1081 A21X5 5X3只卖 X3包邮", {}, 0.3, "1921x1081 A21X5 5X3只卖 X3包邮"),
        ("宝马X3只卖30万 小米X3包", {}, 0.3, "宝马X3只卖30万 小米X3包"), ("(x3天)", {}, 0.3, "(×3天)"),
        ("1343X990像素", {}, 0.3, "1343×990像素"), ("12X345X6 mm", {}, 0.3, "12×345×6 mm"),
        ("1920x1080 12X34 宝马X5", {}, 0.3, "1920x1080 12X34 宝马X5"),
        ("+---十--十--十", {}, 0.3, "+---+--+--+"), ("十--", {}, 0.3, "+--"), ("二十-三十", {}, 0.3, "二十-三十"),
        ("- 12 一", {}, 0.3, "- 12 -"), ("一 7 —", {}, 0.3, "— 7 —"), ("一12一", {}, 0.3, "—12—"),
        ("—1—", {}, 0.3, "—1—"), ("一、12一", {}, 0.3, "一、12一"),
        ("操控.0", {".": ","}, 0.02, "操控,0"), ("第.5", {}, 0.3, "第.5"), ("a.0", {".": ","}, 0.3, "a.0"),
        ("果：在", {"：": "；"}, 0.15, "果；在"), ("果：在", {"：": "；"}, 0.05, "果：在"),
        ("游说.x1sx", {}, 0.3, "游说.xlsx"), ("x1sx", {}, 0.3, "x1sx"), ("a.htm1b", {}, 0.3, "a.htm1b"),
        ("(1) 8：10~0.80", {}, 0.3, "(1) 8÷10≈0.80"), ("7÷16~0.44", {}, 0.3, "7÷16≈0.44"),
        ("8：10~9.30", {}, 0.3, "8：10~9.30"), ("3：0~1.5", {}, 0.3, "3：0~1.5"), ("8:10~0.8:1", {}, 0.3, "8:10~0.8:1"),
        ("<—", {}, 0.3, "←"), ("一>", {}, 0.3, "→"), ("->", {}, 0.3, "->"), ("a<—", {}, 0.3, "a<—"),
        ("。第二条款", {"。": "●·"}, 0.02, "•第二条款"), ("。第二条款", {"。": "●○"}, 0.3, "●第二条款"),
        ("口本次", {"口": "□"}, 0.01, "□本次"), ("口本次", {"口": "□"}, 0.004, "口本次"),
        ('内存不能为"read".', {".": "。"}, 0.05, '内存不能为"read"。'), ('is "read".', {".": "。"}, 0.05, 'is "read".'),
    ],
)  # fmt: skip
def test_rare_characters_are_where_they_were_seen_as_well(
    text: str, others: dict[str, str], share: float, kept: str
) -> None:
    made = tidy(seen_as(text, others, share), TextSettings(han_blanks=False))
    assert "".join(char.text for char in made) == kept
    assert tidy(made, TextSettings(han_blanks=False)) == made


@pytest.mark.parametrize(("confidence", "share", "kept"), [(0.5, 0.05, "%"), (0.9, 0.05, "5"), (0.5, 0.01, "5")])
def test_a_doubtful_figure_behind_the_first_decimal_is_the_sign_of_per_cent(
    confidence: float, share: float, kept: str
) -> None:
    """Nothing makes a 5 of 12.65, read surely, one."""
    for before, after in (("12.6", ""), ("9.7", " 2026")):
        chars = [*line(before), *line("5"), *line(after)]
        at = len(before)
        chars[at] = replace(chars[at], confidence=confidence, alternatives=(Alternative("%", share * confidence),))
        made = tidy(chars, TextSettings())
        assert "".join(char.text for char in made) == before + kept + after
        assert tidy(made, TextSettings()) == made
    chars = [*line("12.65"), *line("7")]
    chars[4] = replace(chars[4], confidence=0.5, alternatives=(Alternative("%", 0.1),))
    assert "".join(char.text for char in tidy(chars, TextSettings())) == "12.657"


@pytest.mark.parametrize(
    ("text", "half"),
    [
        ("【掩盖", True), ("掩盖】", True), ("(注目", True), ("注目）", True), ("【掩盖】", False), ("（注目)", False),
        ("掩盖", False), ("", False), ("【", True), ("a[1]", False), ("[1] 王", False), ("1]", True),
        ("（这一行的括号在下一行才关上", False),
    ],
)  # fmt: skip
def test_a_short_line_may_have_lost_a_bracket(text: str, half: bool) -> None:
    assert is_half(text) is half
    assert bare(text) == text.strip("【】（）()[]").replace("[", "").replace("]", "").replace(" ", "")


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("管理员 .", "管理员"), ("含糊偷窃 ..", "含糊偷窃"), ("等等 ...", "等等 ..."), ("the end .", "the end ."),
        ("管理员.", "管理员."), (" .", "."), ("三 . .", "三 . ."),
    ],
)  # fmt: skip
def test_the_points_that_a_leader_begins_with_are_no_text(text: str, kept: str) -> None:
    assert tidied(text, TextSettings(alike=False)) == kept
    assert tidied(text, TextSettings(alike=False, trim=False)) == text


@pytest.mark.parametrize(
    ("seen", "kept"),
    [
        ("P<CHNHOW<<MAY<<<", "P<CHNHOW<<MAY" + 31 * "<"),
        ("P<UTOERIKSSON<<ANNA<MARIA<<< <<", "P<UTOERIKSSON<<ANNA<MARIA" + 19 * "<"),
        ("E286089382CHN8503127M3106045<<<<06", "E286089382CHN8503127M3106045" + 14 * "<" + "06"),
        ("P<CHNHOW<<MAY", "P<CHNHOW<<MAY"),  # the end of the name may be missing as well
        ("a << b <<<", "a << b <<<"),
        ("P<CHNHOW<<MAY" + 31 * "<", "P<CHNHOW<<MAY" + 31 * "<"),
    ],
)
def test_the_lines_of_a_passport_are_filled_up(seen: str, kept: str) -> None:
    chars = line(seen)
    made = tidy(chars, TextSettings())
    assert "".join(char.text for char in made) == kept
    assert tidy(made, TextSettings()) == made
    left, _, right, _ = chars[0].quad.reaching(chars[-1].quad).bounds
    assert all(left <= char.quad.bounds[0] < char.quad.bounds[2] <= right for char in made)
    assert all(one.quad.bounds[0] < other.quad.bounds[0] for one, other in pairwise(made))
