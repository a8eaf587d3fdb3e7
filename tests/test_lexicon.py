"""Word lists: which words are found in a text, and what a list may look like."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shizi.errors import SettingsError
from shizi.learn.lexicon import build, common
from shizi.read import lexicon
from shizi.read.beam import total
from shizi.read.charset import Charset
from shizi.read.lexicon import Lexicon, WordScorer

CHARSET = Charset.of("中国人民股是heis AB12")


def score(words: dict[str, float], text: str) -> float:
    return total(WordScorer(words, CHARSET, 1.0), CHARSET.encode(text))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("中国", 2.0),
        ("是中国是", 2.0),
        ("中国人", 3.0),  # not 2 and 3
        ("中国人民", 5.0),  # the last one from 人民, which weighs 2
        ("中国中国人", 5.0),
        ("中", 0.0),
        ("中人", 0.0),
        ("", 0.0),
        ("he", 2.0),
        ("he is", 2.0),
        ("是he", 2.0),
        ("hehe", 0.0),  # a word of letters stands free
        ("she"[1:] + "1", 0.0),
        ("A股", 2.0),
        ("AA股", 0.0),
        ("A股B", 2.0),
    ],
)
def test_words_are_found(text: str, wanted: float) -> None:
    assert score({"中国": 1, "中国人": 1, "人民": 2, "he": 1, "A股": 1}, text) == pytest.approx(wanted)


def free(text: str, start: int, end: int) -> bool:
    """Whether no letter or digit goes on at either end of a piece."""

    def latin(char: str) -> bool:
        return char.isascii() and char.isalnum()

    def cut(at: int) -> bool:
        return 0 < at < len(text) and latin(text[at - 1]) and latin(text[at])

    return not cut(start) and not cut(end)


@example(["国人", "中国人民"], "中国人民")
@example(["1", "中1国"], "中1国")
@given(
    st.lists(st.text("中国A1", min_size=1, max_size=4), min_size=1, max_size=4, unique=True),
    st.text("中国A1", max_size=10),
)
def test_each_character_of_a_word_counts_once(words: list[str], text: str) -> None:
    covered = set()
    for word in words:
        for start in range(len(text) - len(word) + 1):
            if text.startswith(word, start) and free(text, start, start + len(word)):
                covered.update(range(start, start + len(word)))
    assert score(dict.fromkeys(words, 1.0), text) == pytest.approx(len(covered))


def test_a_word_is_scored_while_it_is_under_way() -> None:
    scorer = WordScorer({"中国人民": 1.0}, CHARSET, 1.0)
    state, so_far = scorer.start(), []
    for cls in CHARSET.encode("中国人是"):
        state, more = scorer.step(state, cls)
        so_far.append(more)
    assert so_far == [1.0, 1.0, 1.0, -3.0]
    assert scorer.finish(state) == 0.0


def test_words_with_unknown_characters_are_passed_over() -> None:
    assert score({"龘龘": 1.0, "中国": 1.0}, "中国") == 2.0


def test_a_list_is_read(tmp_path: Path) -> None:
    path = tmp_path / "words.txt"
    path.write_bytes("\ufeff识字\t2.5\r\n\r\nNew York\n 表 \n".encode())
    assert Lexicon.open(path).words == {"识字": 2.5, "New York": 1.0, "表": 1.0}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no word"),
        (b"\n\n", "no word"),
        (b"\xff\xfe\x00a", "UTF-8"),
        ("字\t0".encode(), "row 1: a weight"),
        ("好\n字\tnan".encode(), "row 2: a weight"),
        ("字\t-1".encode(), "a weight"),
        ("字\t1e9".encode(), "a weight"),
        ("字\tmuch".encode(), "a weight"),
        (b"a" * 65, "64 printable"),
        (b"\t1", "64 printable"),
        (b"a\x00b", "printable"),
    ],
)
def test_what_is_no_list_is_refused_in_words(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "words.txt"
    path.write_bytes(content)
    with pytest.raises(SettingsError, match=words):
        Lexicon.open(path)
    with pytest.raises(SettingsError, match="cannot be read"):
        Lexicon.open(tmp_path)


def test_capitals_count_as_small_letters_in_a_folded_list() -> None:
    for folded, wanted in ((True, 4.0), (False, 0.0)):
        scorer = WordScorer({"he": 1, "is": 1}, Charset.of("HheiIs "), 1.0, folded=folded)
        assert total(scorer, Charset.of("HheiIs ").encode("He Is")) == wanted


def test_common_words_are_those_frequent_in_all_lists() -> None:
    one = ["the", "with", "Total,", "that", "zebra", "ab-cd", "total", "été"]
    other = ["that", "with", "from", "total", "(zebra)"]
    assert common([one, other]) == ["with", "that", "total", "zebra"]
    assert common([one, other], most=2) == ["with", "that"]
    assert common([one, other], shortest=5) == ["total", "zebra"]
    assert common([one, []]) == common([]) == []


def test_bounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "words.txt"
    path.write_text("one\ntwo\nthree", encoding="utf-8")
    monkeypatch.setattr(lexicon, "MAX_WORDS", 2)
    with pytest.raises(SettingsError, match="the bound is 2"):
        Lexicon.open(path)
    monkeypatch.setattr(lexicon, "MAX_BYTES", 5)
    with pytest.raises(SettingsError, match="bytes"):
        Lexicon.open(path)


def test_the_kind_of_file_is_told_by_its_content(tmp_path: Path) -> None:
    path = tmp_path / "words.txt"  # the name says nothing
    path.write_bytes(build(["识字"] * 9, "识字"))
    opened = Lexicon.open(path)
    assert opened.model is not None and not opened.words
    both = opened + Lexicon(words={"字": 1.0})
    assert both.model is opened.model and both.words == {"字": 1.0}
    charset = Charset.of("识字")
    weights = {"ngram_weight": 0.5, "ngram_bonus": 0.0, "word_bonus": 3.0}
    one, other = (known.scorer(charset, **weights) for known in (opened, Lexicon(words={"字": 1.0})))
    scorer = both.scorer(charset, **weights)
    assert one and other and scorer
    assert total(scorer, [1, 2]) == pytest.approx(total(one, [1, 2]) + total(other, [1, 2]))
    assert Lexicon().scorer(charset, **weights) is None
    # a list of its own beside an n-gram that comes from elsewhere; nothing is built twice
    given = Lexicon(words={"字": 1.0}).scorer(charset, **weights, model=opened.model)
    assert given and total(given, [1, 2]) == pytest.approx(total(scorer, [1, 2]))
    assert opened.scorer(charset, **weights) is one
