import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shizi.errors import MissingExtra
from shizi.learn import metrics
from shizi.learn.metrics import FORMS, Scores, Unit, edits, loose, resample, strict, tallies, tally

TEXT = st.text(st.sampled_from("aAbＢ中国. 。·-—_'`\"“…１"), max_size=12)
UNITS = st.lists(st.builds(Unit, TEXT, TEXT, st.integers(0, 3)), max_size=8)


def plain_edits(a: str, b: str) -> int:
    """Wagner and Fischer 1974, by the book."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, start=1):
        before, row[0] = row[0], i
        for j, y in enumerate(b, start=1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (x != y))
    return row[-1]


def scores(*samples: list[Unit], form: str = "strict") -> Scores:
    rows = tallies(samples, FORMS[form])
    return Scores.of(rows, resample(rows))


@given(TEXT, TEXT)
def test_edits_are_levenshtein(a: str, b: str) -> None:
    assert edits(a, b) == plain_edits(a, b)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("ＡＢＣ１２３", "abc123"),
        (" a b　c\t", "abc"),
        ("皖A·12345", "皖A12345"),
        ("张・三•李‧四", "张三李四"),
        ("2020—2021", "2020-2021"),
        ("2020－2021", "2020–2021"),
        ("−5", "-5"),
        ("──", "--"),
        ("“好”", '"好"'),
        ("``priority queue''", "“priority queue”"),
        ("‘a’", "'a'"),
        ("a`b´c′", "a'b'c'"),
        ("5″", '5"'),
        ("第一章 ........ 7", "第一章7"),
        ("第一章……7", "第一章7"),
        ("姓名____", "姓名"),
        ("A . . . . B", "AB"),
        ("-----", ""),
        ("Ⅳ ℃ ㎏", "iv°ckg"),
        ("a\u200bb\ufeff", "ab"),
        ("STRASSE", "straße"),
    ],
)
def test_loose_joins(a: str, b: str) -> None:
    assert loose(a) == loose(b)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("一", "-"),
        ("a...b", "ab"),
        ("——", ""),
        ("。", "."),
        ("'", '"'),
        ("国", "國"),
        ("...---", ""),
        ("O", "0"),
        ("，", "、"),
    ],
)
def test_loose_keeps_apart(a: str, b: str) -> None:
    assert loose(a) != loose(b)


@given(TEXT)
def test_loose_has_no_blanks_and_no_capitals(text: str) -> None:
    made = loose(text)
    assert not any(char.isspace() for char in made)
    assert made == made.casefold()


def test_strict_trims_ends_only() -> None:
    assert strict(" A “b” \n") == "A “b”"


def test_figures_by_hand() -> None:
    got = scores([Unit("abcd", "abxd")], [Unit("ef", "")], [Unit("gh", "gh")], [Unit("", "zz", 0)])
    assert (got.chars, got.lines, got.edits) == (8, 3, 5)
    assert (got.missed, got.inserted, got.misread) == (2, 2, 1)
    assert got.cer == 5 / 8
    assert got.cer_no_extra == 3 / 8
    assert got.line_accuracy == pytest.approx(1 / 3)
    assert got.one_minus_ned == pytest.approx((0.75 + 0 + 1) / 3)


def test_cer_can_exceed_one() -> None:
    assert scores([Unit("a", "xyz")]).cer == 3


def test_a_group_of_lines_weighs_as_many_lines() -> None:
    got = scores([Unit("ab", "ab", 3), Unit("c", "x", 1)])
    assert got.line_accuracy == 0.75
    assert got.one_minus_ned == 0.75


def test_lines_whose_text_the_form_drops() -> None:
    got = scores([Unit("·", "", 1)], [Unit("·", "·", 1)], [Unit("ab", "ab")], form="loose")
    assert (got.cer, got.line_accuracy, got.one_minus_ned) == (0, 1, 1)


def test_no_characters_give_no_figure() -> None:
    got = scores([Unit("", "x", 0)])
    assert got.cer is None
    assert got.line_accuracy is None
    assert got.to_json()["cer"] is None


def test_nothing_measured() -> None:
    got = scores()
    assert got.cer is None
    assert got.chars == 0
    assert got.intervals["cer"] is None


@given(UNITS, st.sampled_from(sorted(FORMS)))
def test_errors_add_up_and_figures_stay_in_range(units: list[Unit], form: str) -> None:
    got = scores(units, form=form)
    assert got.missed + got.inserted + got.misread == got.edits
    assert min(got.missed, got.inserted, got.misread) >= 0
    assert got.edits == sum(edits(FORMS[form](u.truth), FORMS[form](u.read)) for u in units)
    for share in (got.line_accuracy, got.one_minus_ned):
        assert share is None or 0 <= share <= 1


@given(st.lists(UNITS, min_size=2, max_size=5))
def test_intervals_are_ordered_and_within_what_was_seen(samples: list[list[Unit]]) -> None:
    rows = tallies(samples, strict)
    got = Scores.of(rows, resample(rows, 50))
    some = rows[rows[:, metrics.CHARS] > 0]
    ratios = some[:, metrics.EDITS] / some[:, metrics.CHARS]
    interval = got.intervals["line_accuracy"]
    assert interval is None or 0 <= interval[0] <= interval[1] <= 1
    if len(some) == len(rows):
        low, high = got.intervals["cer"] or (None, None)
        assert low is not None and high is not None
        assert ratios.min() - 1e-9 <= low <= high <= ratios.max() + 1e-9


def test_the_interval_is_the_binomial_one() -> None:
    # 100 lines of one character, 20 wrong: the standard error of the share is sqrt(0.2 * 0.8 / 100) = 0.04.
    got = scores(*[[Unit("a", "b" if i < 20 else "a")] for i in range(100)])
    low, high = got.intervals["cer"] or (0.0, 0.0)
    assert low == pytest.approx(0.2 - 1.96 * 0.04, abs=0.02)
    assert high == pytest.approx(0.2 + 1.96 * 0.04, abs=0.02)


def test_pages_are_drawn_whole() -> None:
    # The same lines on two pages, all faults on one of them, spread wider than line by line.
    wrong, right = [Unit("a", "b")] * 50, [Unit("a", "a")] * 50
    by_page = scores(wrong, right).intervals["cer"] or (0.0, 0.0)
    by_line = scores(*[[unit] for unit in wrong + right]).intervals["cer"] or (0.0, 0.0)
    assert by_page == (0, 1)
    assert by_line[0] > 0.3


def test_one_sample_has_no_interval() -> None:
    got = scores([Unit("a", "b"), Unit("c", "c")])
    assert set(got.intervals.values()) == {None}
    assert got.to_json()["cer_ci"] is None


def test_resampling_is_repeatable_and_keeps_the_mean() -> None:
    rows = np.random.default_rng(1).random((40, 7))
    first, again = resample(rows), resample(rows)
    assert first.shape == (1000, 7)
    assert np.array_equal(first, again)
    assert np.allclose(first.mean(axis=0), rows.sum(axis=0), rtol=0.02)
    assert not np.array_equal(first, resample(rows, seed=1))


def test_resampling_in_steps_is_the_same_as_at_once() -> None:
    rows = np.random.default_rng(2).random((3000, 7))  # 166 resamples a step
    drawn = np.random.default_rng(0).integers(0, 3000, (400, 3000))
    assert np.allclose(resample(rows, 400), np.stack([rows[one].sum(axis=0) for one in drawn]))


def test_json_has_stable_keys() -> None:
    assert list(scores([Unit("a", "a")]).to_json()) == [
        "cer", "cer_ci", "cer_no_extra", "cer_no_extra_ci", "line_accuracy", "line_accuracy_ci",
        "one_minus_ned", "one_minus_ned_ci", "chars", "lines", "edits", "errors",
    ]  # fmt: skip


def test_rapidfuzz_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rapidfuzz.distance.Levenshtein", None)
    with pytest.raises(MissingExtra, match=r"shizi\[score\]"):
        tally([Unit("a", "a")], strict)
