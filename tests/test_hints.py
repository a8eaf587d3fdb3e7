from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from shizi.errors import SettingsError
from shizi.read import ctc, hints, patterns
from shizi.read.charset import Charset
from shizi.read.hints import Hints, is_code, is_misspelt
from shizi.read.lexicon import Lexicon
from shizi.settings import ReadSettings


@pytest.mark.parametrize("name", hints.ALPHABETS)
def test_every_named_alphabet_can_be_read(name: str) -> None:
    found = hints.allowed(name)
    assert found
    assert found <= set(Charset.default().chars)
    assert len(hints.ALPHABETS[name]()) == len(found), "a character stands twice"


def test_the_alphabets_say_what_their_names_say() -> None:
    assert hints.allowed("digits") == frozenset("0123456789")
    assert len(hints.allowed("ascii")) == 95
    assert len(hints.allowed("gb2312")) == 6763
    assert hints.allowed("gb2312") < hints.allowed("han")
    assert hints.allowed("plate") >= set("京A12345") and len(patterns.PROVINCES) == 31
    assert hints.allowed("amount") >= set("人民币壹仟贰佰叁拾肆元伍角陆分整¥1,234.56")
    assert hints.allowed("date") >= set("2024年12月31日 星期二 08:30")


def test_a_file_is_an_alphabet(tmp_path: Path) -> None:
    path = tmp_path / "mine.txt"
    path.write_bytes("\ufeff识字\r\n 01\n".encode())
    assert hints.allowed(str(path)) == frozenset("识字 01")


def test_what_is_no_alphabet_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as raised:
        hints.allowed("diggits")
    assert all(name in str(raised.value) for name in hints.ALPHABETS)
    too_large = b"a" * (hints.MAX_BYTES + 1)
    for content, words in ((b"\n\n", "no character"), (b"\xff\xfe\x00", "UTF-8"), (too_large, "bytes")):
        path = tmp_path / "wrong.txt"
        path.write_bytes(content)
        with pytest.raises(SettingsError, match=words):
            hints.allowed(str(path))
    with pytest.raises(SettingsError):
        hints.allowed(str(tmp_path))


CHARSET = Charset.default()


def doubtful(*places: dict[str, float]) -> NDArray[np.float32]:
    """Logits of a line: for each place, the probabilities of its characters, and a blank frame behind it."""
    values = np.full((2 * len(places), CHARSET.size), 1e-9)
    values[1::2, 0] = 1.0
    for at, shares in enumerate(places):
        for char, share in shares.items():
            values[2 * at, CHARSET.encode(char)[0]] = share
    return np.log(values).astype(np.float32)


def read(logits: NDArray[np.float32], settings: ReadSettings | None = None, **known: Any) -> str:
    settings = settings or ReadSettings()
    spans = Hints.of(CHARSET, settings, **known).decode(logits, settings, valid=len(logits), temperature=1.0)
    return CHARSET.decode([span.cls for span in spans])


LOGITS = doubtful({"中": 0.99}, {"国": 0.45, "园": 0.55}, {"0": 0.4, "O": 0.6})


def test_each_hint_does_what_it_says(tmp_path: Path) -> None:
    assert read(LOGITS) == "中国O", "a character is doubtful, and the shipped n-gram knows the word"
    assert read(LOGITS, beam=0) == "中园O"
    assert read(LOGITS, allowed="中国0") == "中国0"
    assert read(LOGITS, beam=8) == "中国O", "the shipped n-gram knows the word"
    assert read(LOGITS, beam=8, settings=ReadSettings(ngram_weight=0.0)) == "中园O"
    assert read(LOGITS, settings=ReadSettings(beam=8)) == "中国O"
    assert read(LOGITS, settings=ReadSettings(beam=8), beam=0) == "中园O"
    assert read(LOGITS, pattern="中[国园]\\d") == "中园0"
    path = tmp_path / "words.txt"
    path.write_text("国0\t2", encoding="utf-8")
    assert read(LOGITS, lexicon=path) == "中国0"
    assert read(LOGITS, lexicon=str(path)) == "中国0"
    assert read(LOGITS, lexicon=Lexicon.open(path)) == "中国0"
    assert read(LOGITS, lexicon=Lexicon(words={"龘龘龘": 9.0}), settings=ReadSettings(ngram_weight=0.0)) == "中园O"


def test_common_english_words_are_known_in_either_case() -> None:
    for small in ("supplies", "total"):
        for word in (small, small.upper(), small.capitalize()):
            others = dict(zip("pPlL", "qQiI", strict=True))
            blurred = doubtful(*({char: 0.4, others[char]: 0.6} if char in others else {char: 0.99} for char in word))
            free = ReadSettings(ngram_weight=0.0)
            assert read(blurred, settings=free) == word
            assert read(blurred, settings=ReadSettings(ngram_weight=0.0, common_bonus=0.0)) != word
            assert read(blurred, beam=0) != word
    # no word within a longer one, and none where the network is sure of something else
    assert read(doubtful(*({char: 0.99} for char in "xTota"), {"l": 0.4, "1": 0.6}), settings=free) == "xTota1"
    assert read(doubtful(*({char: 0.999} for char in "Tota1"))) == "Tota1"


def test_the_list_of_common_words_is_what_its_card_says() -> None:
    words = hints.common_words().words
    assert len(words) == 10_000
    assert all(word.isascii() and word.isalpha() and word.islower() and len(word) >= 4 for word in words)
    assert {"total", "invoice", "with"} <= words.keys()


def test_a_sure_character_stays_whatever_the_words_are() -> None:
    sure = doubtful({"中": 0.9999}, {"园": 0.9999}, {"O": 0.9999})
    assert read(sure, lexicon=Lexicon(words={"中国0": 2.0})) == "中园O"


def test_a_line_that_is_sure_is_read_greedily_where_nothing_is_said() -> None:
    line = doubtful({"在": 0.99}, {"中": 0.99}, {"园": 0.7, "国": 0.3})
    assert read(line) == read(line, beam=5) == "在中国"
    assert read(line, settings=ReadSettings(sure=0.69)) == "在中园"
    assert read(line, settings=ReadSettings(sure=0.69), beam=5) == "在中国"
    assert read(line, settings=ReadSettings(sure=0.71)) == "在中国"


def test_one_or_two_characters_have_no_context() -> None:
    assert read(doubtful({"中": 0.99}, {"园": 0.7, "国": 0.3})) == "中园"
    assert read(doubtful({"中": 0.99}, {"园": 0.7, "国": 0.3}), beam=5) == "中国"


def test_a_code_is_no_text() -> None:
    code = doubtful({"京": 0.99}, {"O": 0.6, "0": 0.4}, {"8": 0.99}, {"1": 0.99}, {"0": 0.6, "O": 0.4}, {"7": 0.99})
    greedy = read(code, beam=0)
    assert greedy == "京O8107"
    assert read(code) == greedy
    assert read(code, beam=5) == "京08107"


@pytest.mark.parametrize("dot", ["", "·", " "])
def test_a_number_plate_has_no_letter_o(dot: str) -> None:
    dots = [{dot: 0.99}] if dot else []
    plate = doubtful({"京": 0.99}, {"A": 0.99}, *dots, {"O": 0.6, "0": 0.4}, *({c: 0.99} for c in "8107"))
    assert read(plate).replace(" ", "") == "京A" + dot.strip() + "08107"
    assert read(plate, beam=0) == "京A" + dot + "O8107"
    word = doubtful(*({c: 0.99} for c in "京A"), {"O": 0.6, "0": 0.4}, *({c: 0.99} for c in "8x07"))
    assert read(word) == "京AO8x07"


@pytest.mark.parametrize("text", ["粤B12345", "粤B·1234D", "SN20261127", "京A12345警", "0755"])
def test_what_a_code_is(text: str) -> None:
    assert is_code(text)


@pytest.mark.parametrize("text", ["", "·", "12.50", "2026-11-27", "2026年11月27日", "HELLO", "A1", "Room 12 a"])
def test_what_no_code_is(text: str) -> None:
    assert not is_code(text)


@pytest.mark.parametrize("text", ["a climate that nobody discuses here", "Wiliam and the barrel"])
def test_english_with_words_that_are_none(text: str) -> None:
    assert is_misspelt(text)


@pytest.mark.parametrize(
    "text", ["", "a climate that nobody discusses", "def scanstring(s, esc):", "Wiliam Smyth", "你好 discuses"]
)
def test_text_that_is_not_misspelt(text: str) -> None:
    """All its words are common, or most are none: names and code."""
    assert not is_misspelt(text)


def test_an_alphabet_alone_is_read_greedily() -> None:
    assert read(LOGITS, allowed="中国园O") == "中园O"
    assert read(LOGITS, allowed="中国园O", beam=5) == "中国O"


def test_no_beam_is_greedy() -> None:
    settings = ReadSettings()
    spans = Hints.of(CHARSET, settings, beam=0).decode(LOGITS, settings, valid=4, temperature=2.0)
    wanted = ctc.greedy(
        LOGITS,
        valid=4,
        alike=CHARSET.alike,
        temperature=2.0,
        alternatives=settings.alternatives,
        min_alternative=settings.min_alternative,
    )
    assert spans == wanted and len(spans) == 2


def test_confidences_under_each_hint_are_probabilities() -> None:
    settings = ReadSettings()
    for known in ({}, {"beam": 8}, {"pattern": "中[国园]\\d"}, {"allowed": "中国园0O"}):
        for span in Hints.of(CHARSET, settings, **known).decode(LOGITS, settings, valid=6, temperature=1.0):
            assert 0 < span.confidence <= 1
            assert math.fsum([span.confidence, *(share for _, share in span.alternatives)]) <= 1 + 1e-6


@pytest.mark.parametrize(
    ("known", "words"),
    [
        ({"allowed": "龘"}, "alphabet"),
        ({"beam": -1}, "beam"),
        ({"beam": 1001}, "beam"),
        ({"lexicon": "/none/at/all"}, "lexicon"),
        ({"pattern": "("}, "pattern"),
        ({"pattern": "龘"}, "alphabet"),
    ],
)
def test_what_cannot_be_is_refused_in_words(known: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        Hints.of(CHARSET, ReadSettings(), **known)


def test_an_alphabet_that_does_not_fit_is_not_trusted() -> None:
    settings = ReadSettings()
    logits = doubtful({"国": 0.999999, "8": 1e-6}, {"0": 0.3, "O": 0.7})
    first, second = Hints.of(CHARSET, settings, allowed="0123456789").decode(logits, settings, valid=4, temperature=1.0)
    assert CHARSET.decode([first.cls, second.cls]) == "80"
    assert first.confidence < 0.01, "the network saw a hanzi"
    assert second.confidence > 0.9, "a digit is the likeliest way to see an O there"


def test_an_unknown_hint_is_a_mistake_in_the_program() -> None:
    with pytest.raises(TypeError, match="lexikon"):
        Hints.of(CHARSET, ReadSettings(), lexikon="words.txt")  # type: ignore[call-arg]


def test_the_shipped_ngram_fits_the_shipped_alphabet() -> None:
    model = hints.shipped().model
    assert model is not None
    assert all(model.number(char) >= 0 for char in CHARSET.chars)


def test_a_doubtful_mark_on_a_number_plate_is_its_dot() -> None:
    for mark, sure, wanted in (("-", 0.9, "京A·12345"), (":", 0.9, "京A·12345"), ("-", 0.99, "京A-12345")):
        plate = doubtful({"京": 0.99}, {"A": 0.99}, {mark: sure, "·": 1 - sure}, *({c: 0.99} for c in "12345"))
        assert read(plate) == wanted


@pytest.mark.parametrize(("sure", "wanted"), [(0.9, "京A·12345"), (0.99, "京A·12345.")])
def test_a_speck_behind_a_number_plate_is_left_out(sure: float, wanted: str) -> None:
    row = [{c: 0.99} for c in "京A·12345"]
    assert read(doubtful(*row, {".": sure, ",": 1 - sure})) == wanted


def test_a_dot_and_a_speck_on_a_number_plate_are_its_dot() -> None:
    row = [{"京": 0.99}, {"A": 0.99}, {" ": 0.8, "·": 0.2}, {"-": 0.8, "·": 0.2}, *({c: 0.99} for c in "12345")]
    assert read(doubtful(*row)) == "京A·12345"


@pytest.mark.parametrize(
    ("first", "wanted"),
    [
        ({"控": 0.6, "京": 0.4}, "京A12345"),
        ({"控": 0.9, "京": 0.1}, "控A12345"),  # the network is sure of it
        ({"控": 0.7, "拉": 0.299, "京": 0.001}, "控A12345"),  # no province is likely
        ({"A": 0.7, "B": 0.3}, "AA12345"),
    ],
)
def test_what_is_nearly_a_number_plate_is_one_if_it_reads_well(first: dict[str, float], wanted: str) -> None:
    row = [first, *({c: 0.99} for c in "A12345")]
    assert read(doubtful(*row)) == wanted
    assert read(doubtful(*row), beam=0)[1:] == "A12345"
    assert read(doubtful(*row), beam=0)[0] in first
    assert "京" not in read(doubtful(*row), beam=0)


def test_a_doubtful_word_is_no_number_plate() -> None:
    row = [{"C": 0.6, "京": 0.4}, *({c: 0.99} for c in "XBANGE")]
    assert read(doubtful(*row)) == "CXBANGE"


def test_a_doubtful_mark_alone_is_no_reason_to_search() -> None:
    row = [{"中": 0.99}, {"园": 0.55, "国": 0.45}, {"人": 0.99}, {"，": 0.55, ",": 0.45}]
    sure = [{"中": 0.99}, {"园": 0.99}, {"人": 0.99}, {"，": 0.55, ",": 0.45}]
    settings, mark = ReadSettings(), CHARSET.encode("，")[0]
    known = Hints.of(CHARSET, settings)
    spans = known.decode(doubtful(*sure), settings, valid=2 * len(sure), temperature=1.0)
    assert spans == ctc.greedy(
        doubtful(*sure), alike=CHARSET.alike, alternatives=settings.alternatives,
        min_alternative=settings.min_alternative,
    )  # fmt: skip
    assert spans[-1].cls == mark
    assert read(doubtful(*row)).startswith("中国人")
