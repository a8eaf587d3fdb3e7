"""Patterns: the automaton against Python's own regular expressions, the decoder against all paths written out."""

from __future__ import annotations

import itertools
import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from shizi.errors import SettingsError
from shizi.read import automaton, ctc, trust
from shizi.read.charset import Charset
from shizi.read.patterns import Decoder, Pattern

CHARSET = Charset.of("abc")


def expressions() -> st.SearchStrategy[str]:
    sets = st.sampled_from(["a", "b", "c", "[ab]", "[a-c]"])

    def extend(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        pairs = st.tuples(inner, inner)
        signs = st.sampled_from(["?", "*", "+", "{2}", "{0,2}", "{1,3}"])
        return st.one_of(
            pairs.map("".join),
            pairs.map(lambda two: f"({two[0]}|{two[1]})"),
            st.tuples(inner, signs).map(lambda two: f"({two[0]}){two[1]}"),
        )

    return st.recursive(sets, extend, max_leaves=6)


@given(expressions(), st.lists(st.text("abc", max_size=6), max_size=20))
def test_it_accepts_what_regular_expressions_accept(expression: str, texts: list[str]) -> None:
    pattern = Pattern.of(expression)
    for text in texts:
        assert pattern.fits(text) == bool(re.fullmatch(expression, text)), text


@given(
    expressions(),
    st.integers(1, 5).flatmap(lambda frames: arrays(np.int8, (frames, 4), elements=st.integers(-40, 40))),
)
def test_decoding_is_the_best_of_all_paths_that_fit(expression: str, raw: NDArray[np.int8]) -> None:
    values = raw / 8
    pattern = Pattern.of(expression)
    best, texts = -math.inf, set()
    for path in itertools.product(range(4), repeat=len(values)):
        text = CHARSET.decode([cls for cls, _ in itertools.groupby(path)])
        if text and pattern.fits(text):
            score = sum(float(values[frame, cls]) for frame, cls in enumerate(path))
            texts = texts | {text} if score == best else {text} if score > best else texts
            best = max(best, score)
    spans = Decoder(pattern, CHARSET).decode(values, alternatives=3)
    read = CHARSET.decode([span.cls for span in spans])
    if spans:
        assert read in texts
    else:  # nothing fits, or an empty line fits as well and is likelier
        empty = float(values[:, 0].sum())
        assert not texts or (pattern.fits("") and empty >= best)
    for at, span in enumerate(spans):
        assert 0 <= span.confidence <= 1
        others = {cls for cls in (1, 2, 3) if pattern.fits(read[:at] + CHARSET.chars[cls - 1] + read[at + 1 :])}
        assert {cls for cls, _ in span.alternatives} == others - {span.cls}


@given(
    expressions(),
    st.integers(1, 9).flatmap(lambda frames: arrays(np.int8, (frames, 4), elements=st.integers(-40, 40))),
    st.integers(0, 2**9 - 1),
)
def test_frames_that_were_left_out_are_blank(expression: str, raw: NDArray[np.int8], which: int) -> None:
    kept = np.array([bool(which >> frame & 1) for frame in range(len(raw))])
    whole = raw / 8 + np.sqrt(np.arange(2, raw.size + 2)).reshape(raw.shape) / 1000  # no two paths are equally likely
    whole[~kept] = -1e4
    whole[~kept, 0] = 0
    decoder = Decoder(Pattern.of(expression), CHARSET)
    spans = decoder.decode(whole[kept], frames=np.flatnonzero(kept), valid=len(whole), alternatives=3)
    wanted = decoder.decode(whole, alternatives=3)
    # where nothing else fits, all frames together may say what those that are left cannot: at next to no probability
    if spans or min((span.confidence for span in wanted), default=1.0) > 1e-9:
        assert spans == wanted


@pytest.mark.parametrize(
    ("name", "fitting", "others"),
    [
        (
            "plate",
            ["皖AWW211", "皖A·WW211", "京AD12345", "粤B12345D", "京A1234警"],
            ["皖AWO211", "皖AWW21", "皖1WW211"],
        ),
        (
            "date",
            [
                "2024年12月31日",
                "2024年1月",
                "2024-01-02",
                "2024/1/2",
                "2024.01.02 08:30",
                "31/12/2024",
                "20240131",
                "二〇二四年十二月三十一日",
                "2024-01-02 23:59:59",
            ],
            ["2024年13月1日", "2024-01-32", "1824-01-01", "24-01-02", "2024-01-02 24:00"],
        ),
        ("amount", ["¥1,234.56", "12", "1234567.8", "RMB 20.00", "-5", "100元", "$3.50"], ["RM", "1,23", "1.234", ""]),
        (
            "capital-amount",
            ["人民币壹仟贰佰叁拾肆元伍角陆分", "叁佰元整", "拾贰万叁仟元整", "壹亿零伍拾元整", "壹仟零伍圆正"],
            ["壹佰仟元", "叁佰", "元元", "三百元整"],
        ),
        (
            "id",
            ["11010519491231002X", "440524188001010014"[:6] + "19900307233X"],
            ["110105194912310021", "11010519491231002"],
        ),
    ],
)
def test_named_patterns(name: str, fitting: list[str], others: list[str]) -> None:
    pattern = Pattern.of(name)
    if name == "id":
        fitting = [text for text in fitting if check(text)]
        assert fitting
    assert [text for text in fitting if not pattern.fits(text)] == []
    assert [text for text in others if pattern.fits(text)] == []
    assert pattern.chars <= set(Charset.default().chars)


def check(number: str) -> bool:
    """GB 11643-1999 written out."""
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    rest = sum(int(digit) * weight for digit, weight in zip(number, weights, strict=False)) % 11
    return number[-1] == "10X98765432"[rest]


@given(st.integers(0, 999), st.integers(1, 28))
def test_the_check_character_is_the_standards(serial: int, day: int) -> None:
    body = f"110105199001{day:02}{serial:03}"
    (last,) = [char for char in "0123456789X" if Pattern.of("id").fits(body + char)]
    assert check(body + last)


def smudged(text: str, charset: Charset, unclear: dict[int, str]) -> NDArray[np.float64]:
    """Logits that say ``text`` clearly, but other characters rather than those at some places."""
    values = np.full((3 * len(text), charset.size), -20.0)
    values[:, 0] = 9.0
    for at, char in enumerate(text):
        row = values[3 * at + 1]
        row[0] = 0.0
        row[charset.encode(char)[0]] = 5.0
        row[charset.encode(unclear.get(at, char))[0]] = 9.0
    return values


def test_a_look_alike_is_put_right_and_stays_trusted() -> None:
    charset = Charset.default()
    values = smudged("皖AW0211", charset, {3: "O"})
    assert charset.decode([span.cls for span in ctc.greedy(values)]) == "皖AWO211"
    spans = Decoder(Pattern.of("plate"), charset).decode(values)
    assert charset.decode([span.cls for span in spans]) == "皖AW0211"
    assert spans[0].confidence > 0.95
    assert 0.3 < spans[3].confidence < spans[2].confidence


def test_what_was_forced_is_not_trusted() -> None:
    charset = Charset.default()
    spans = Decoder(Pattern.of("plate"), charset).decode(smudged("会议通知如下吧", charset, {}))
    assert len(spans) == 7
    assert max(span.confidence for span in spans) < 0.1


def test_the_check_character_repairs_a_digit() -> None:
    charset = Charset.default()
    spans = Decoder(Pattern.of("id"), charset).decode(smudged("11010519491231002X", charset, {9: "8"}))
    assert charset.decode([span.cls for span in spans]) == "11010519491231002X"


def test_too_few_frames_read_nothing() -> None:
    decoder = Decoder(Pattern.of("aaa"), CHARSET)
    assert decoder.decode(np.zeros((4, 4))) == []  # two blanks between equal characters
    assert len(decoder.decode(np.zeros((5, 4)))) == 3
    assert decoder.decode(np.zeros((9, 4)), valid=0) == []


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("[a", "too early"),
        ("(a", "too early"),
        ("a)", "not opened"),
        ("*a", "nothing stands before"),
        ("a{2", "repeats are written"),
        ("a{,2}", "repeats are written"),
        ("a{3,2}", "smaller number"),
        ("a{65}", "at most 64"),
        ("a{0}", "smaller number"),
        ("[]", "empty"),
        ("[b-a]", "no range"),
        ("a\\", "too early"),
        ("", "no text fits"),
        ("(" * 51 + "a" + ")" * 51, "brackets within"),
        ("a" * 1001, "at most 1000"),
        ("((((a{64}){64}){64}){64}){64}", "too large"),
        ("(a|b)*a(a|b){30}", "too large"),
    ],
)
def test_what_is_no_pattern_is_refused_in_words(expression: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        Pattern.of(expression)


def test_a_pattern_the_alphabet_cannot_spell_is_refused() -> None:
    with pytest.raises(SettingsError, match="alphabet"):
        Decoder(Pattern.of("龘"), CHARSET)


def test_bounds_are_those_that_are_documented() -> None:
    assert (automaton.MAX_LENGTH, automaton.MAX_REPEATS, automaton.MAX_STATES) == (1000, 64, 5000)
    assert 0 < trust.FORCED < 0.1
