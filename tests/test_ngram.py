"""The character n-gram: what is counted, what the file holds, and what a damaged file does."""

from __future__ import annotations

import lzma
import math
from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shizi.errors import DataError, SettingsError
from shizi.learn import lexicon, smoothing
from shizi.read import ngram
from shizi.read.beam import total
from shizi.read.charset import Charset
from shizi.read.ngram import MAGIC, STEP, NGram, NGramScorer

CHARS = "识字书a0。"
TEXTS = ["识字识字书", "识字。识书", "aa0识字", "识字识字", "书。书。书。"] * 4
WHOLE = lexicon.build(TEXTS, CHARS)


@pytest.fixture(scope="module")
def model() -> NGram:
    return NGram.parse(WHOLE)


def test_probabilities_after_every_context_add_up_to_one(model: NGram) -> None:
    numbers = range(len(model.chars))
    contexts = [(-1, -1), *((-1, b) for b in numbers), *((a, b) for a in numbers for b in numbers)]
    for context in contexts:
        # a byte for each logarithm is a few hundredths off
        assert sum(math.exp(-model.surprise(context, n)) for n in numbers) == pytest.approx(1.0, abs=STEP)


def test_estimates_are_those_of_kneser_and_ney() -> None:
    model = NGram.parse(lexicon.build(["ab"] * 6 + ["ac"] * 3 + ["cb"], "abc"))
    a, b, c = (model.number(char) for char in "abc")
    # b comes behind a and c, c behind a alone, a behind nothing
    unigram = {a: 0.5 / 4.5, b: 2.5 / 4.5, c: 1.5 / 4.5}
    assert model.surprise((-1, -1), b) == pytest.approx(-math.log(unigram[b]), abs=STEP / 2)
    # no pair ends a triple: each counts once, half of which is left for what has not followed
    for number in (b, c):
        wanted = (1 - 0.5) / 2 + 2 * 0.5 / 2 * unigram[number]
        assert model.surprise((-1, a), number) == pytest.approx(-math.log(wanted), abs=STEP / 2)
    assert model.surprise((-1, a), a) == pytest.approx(-math.log(0.5 * unigram[a]), abs=STEP)


def test_what_follows_one_character_alone_is_unlikely_behind_an_unknown_one() -> None:
    """斓 is frequent, and behind 斑 alone; 的 is as frequent behind anything."""
    texts = ["斑斓"] * 20 + [f"{char}的" for char in "一二三四五六七八九十"] * 2
    model = NGram.parse(lexicon.build(texts, "斑斓的书一二三四五六七八九十"))
    rare, common, before = (model.number(char) for char in "斓的书")
    assert model.surprise((-1, before), rare) > model.surprise((-1, before), common) + 1
    assert model.surprise((-1, model.number("斑")), rare) < 1


@given(st.lists(st.integers(1, 9), min_size=1))
def test_something_is_taken_off_each_count_and_not_all_of_it(counts: list[int]) -> None:
    off = smoothing.discounts(np.array(counts))
    assert all(0 < value < count for value, count in zip(off, (1, 2, 3), strict=True))


def test_what_occurs_once_or_twice_is_left_out() -> None:
    """A text cannot be put together again from what is kept of it."""
    model = NGram.parse(lexicon.build(["甲乙丙"] * 3 + ["丁戊己"] * 2 + ["庚辛壬"], "甲乙丙丁戊己庚辛壬"))
    assert [model.chars[number] for number in model._tri_char] == ["丙"]
    assert {model.chars[number] for number in model._bi_char} == {"乙", "丙"}


def test_without_an_ngram_that_says_what_the_shorter_one_says_nothing_is_lost() -> None:
    """Of two trigrams as frequent, the one is kept that the last two characters do not tell already."""
    texts = ["甲乙丙"] * 9 + ["乙丙"] * 99 + ["丁戊己"] * 9 + ["戊庚"] * 99
    model = NGram.parse(lexicon.build(texts, "甲乙丙丁戊己庚", max_trigrams=1))
    assert [model.chars[number] for number in model._tri_char] == ["己"]


def test_context_matters(model: NGram) -> None:
    first, second = model.number("识"), model.number("字")
    assert model.surprise((-1, first), second) < model.surprise((-1, -1), second)
    assert model.surprise((first, second), first) < model.surprise((second, second), model.number("a"))


def test_digits_count_as_one_character_and_capitals_as_small_ones(model: NGram) -> None:
    assert model.number("7") == model.number("0") >= 0
    assert model.number("A") == model.number("a") >= 0
    assert model.number("龘") == -1
    scorer = NGramScorer(model, Charset.of("0123456789Aa龘"), 1.0, 0.0)
    assert len({scorer.step((-1, -1), cls)[1] for cls in range(1, 11)}) == 1
    assert scorer.step((-1, -1), 11)[1] == scorer.step((-1, -1), 12)[1]
    assert scorer.step((-1, -1), 13)[1] == -ngram.UNKNOWN


def test_a_scorer_adds_weight_times_logarithm_and_bonus(model: NGram) -> None:
    charset = Charset.of("识字")
    first, second = model.number("识"), model.number("字")
    surprise = model.surprise((-1, -1), first) + model.surprise((-1, first), second)
    assert total(NGramScorer(model, charset, 0.5, 2.0), [1, 2]) == pytest.approx(4.0 - 0.5 * surprise)


def test_no_more_are_kept_than_asked_for() -> None:
    full, small = (NGram.parse(lexicon.build(TEXTS, CHARS, max_trigrams=most)) for most in (1000, 2))
    assert len(small._tri) <= 2 < len(full._tri)
    numbers = range(len(small.chars))
    for context in ((a, b) for a in numbers for b in numbers):
        assert sum(math.exp(-small.surprise(context, n)) for n in numbers) == pytest.approx(1.0, abs=2 * STEP)


def test_nothing_to_count_is_an_error() -> None:
    for texts in ([], [""], ["???"]):
        with pytest.raises(DataError):
            lexicon.build(texts, CHARS)


def test_the_command_builds_what_the_reader_opens(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plain, packed, made = tmp_path / "a.txt", tmp_path / "b.txt.xz", tmp_path / "made.ngram"
    plain.write_text("\ufeff识字\r\n" * 5, encoding="utf-8")
    packed.write_bytes(lzma.compress("读书\n".encode() * 5))
    lexicon.run(Namespace(action="build", texts=[plain, packed], output=made, max_trigrams=100))
    assert str(made.stat().st_size) in capsys.readouterr().out.replace(",", "")
    model = NGram.open(made)
    assert model.surprise((-1, model.number("读")), model.number("书")) < 1.0
    packed.write_bytes(b"not xz")
    for texts in ([packed], [tmp_path / "none.txt"], [tmp_path]):
        with pytest.raises(DataError, match="cannot be read"):
            lexicon.run(Namespace(action="build", texts=texts, output=made, max_trigrams=100))


@given(st.data())
def test_a_damaged_file_is_refused_or_harmless(data: st.DataObject) -> None:
    """Any bytes at all: an error in words, or a model whose every lookup stays inside it."""
    whole = bytearray(WHOLE)
    if data.draw(st.booleans()):
        broken = bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
    else:
        at = data.draw(st.integers(0, len(whole) - 1))
        whole[at] ^= data.draw(st.integers(1, 255))
        broken = bytes(whole)
    try:
        model = NGram.parse(broken)
    except ValueError:
        return
    numbers = range(len(model.chars))
    assert all(model.surprise((a, b), c) >= 0 for a in numbers for b in numbers for c in numbers)


def test_what_is_no_model_is_refused_in_words(tmp_path: Path) -> None:
    good = WHOLE
    for content, words in (
        (b"", "start"),
        (good[:-1], "early"),
        (good + b"0", "longer"),
        (MAGIC + b"\xff" * 9, "head"),
    ):
        path = tmp_path / "wrong.ngram"
        path.write_bytes(content)
        with pytest.raises(SettingsError, match=words):
            NGram.open(path)
    with pytest.raises(SettingsError, match="cannot be read"):
        NGram.open(tmp_path / "none")


def test_a_file_beyond_the_bound_is_refused_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "large.ngram"
    path.write_bytes(lexicon.build(TEXTS, CHARS))
    monkeypatch.setattr(ngram, "MAX_BYTES", 10)
    with pytest.raises(SettingsError, match="bytes"):
        NGram.open(path)
