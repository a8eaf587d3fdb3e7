"""CTC decoding, loss and alignment against definitions written out, on cases small enough to list every path."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from shizi.errors import DataError, ModelMismatch
from shizi.read import ctc, trust
from shizi.read.fast import exp

Logits = NDArray[np.float32]


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
def test_exponentials_are_numpys(kind: type[np.floating[Any]]) -> None:
    rough = 2e-3 if kind is np.float16 else 0.0
    values = np.array([[0.0, -0.0, -1e-3, -1, -20, -87, -103, -1e4, -np.inf]], kind)
    wanted, given = np.exp(values.astype(np.float64)), values.copy()
    exp(given)
    np.testing.assert_allclose(given, wanted, rtol=rough or 3e-7, atol=1e-7 if rough else 1e-37)
    assert given[0, -1] == 0
    many = -np.random.default_rng(0).random((3, 1000)) * 40
    given = many.astype(kind)
    exp(given)
    wanted = np.exp(many.astype(kind).astype(np.float64))
    np.testing.assert_allclose(given, wanted, rtol=rough or 3e-7, atol=1e-7)
    exp(np.empty((0, 5), kind))
    turned, apart = np.asfortranarray(many.astype(kind)), np.zeros((3, 2000), kind)[:, ::2]
    apart[:] = many
    for given in (turned, apart):
        exp(given)
        np.testing.assert_allclose(given, wanted, rtol=1e-2 if kind is np.float16 else 3e-7, atol=1e-7)


def logits(frames: tuple[int, int] = (1, 12), classes: tuple[int, int] = (2, 6)) -> st.SearchStrategy[Logits]:
    """(T, C) arrays of eighths, which float32 adds up without rounding."""
    shapes = st.tuples(st.integers(*frames), st.integers(*classes))
    return shapes.flatmap(lambda shape: arrays(np.int8, shape, elements=st.integers(-64, 64))).map(
        lambda made: made.astype(np.float32) / np.float32(8)
    )


@st.composite
def parted(draw: st.DrawFn) -> tuple[Logits, NDArray[np.int64], Logits]:
    """Logits of some frames, which frames those are, and the logits of all frames, where the others are blank."""
    whole = draw(logits(frames=(1, 14)))
    kept = np.array(draw(st.lists(st.booleans(), min_size=len(whole), max_size=len(whole))), np.bool_)
    whole[~kept] = -1e4
    whole[~kept, 0] = 0
    return whole[kept], np.flatnonzero(kept), whole


def collapse(path: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(cls for cls, _ in itertools.groupby(path) if cls != 0)


def shares(values: Logits) -> NDArray[np.float64]:
    made: NDArray[np.float64] = np.exp(values.astype(float)) / np.exp(values.astype(float)).sum(axis=1, keepdims=True)
    return made


def every_text(values: Logits) -> dict[tuple[int, ...], float]:
    """Probability of each text: the sum over all of its paths."""
    frames, classes = values.shape
    each = shares(values)
    found: dict[tuple[int, ...], float] = {}
    for path in itertools.product(range(classes), repeat=frames):
        text = collapse(path)
        found[text] = found.get(text, 0.0) + math.prod(each[frame, cls] for frame, cls in enumerate(path))
    return found


@given(logits())
def test_greedy_is_the_best_path_collapsed(values: Logits) -> None:
    assert tuple(span.cls for span in ctc.greedy(values)) == collapse(tuple(values.argmax(axis=1).tolist()))


EVERY = np.ones(5, np.bool_)


def one_gap(*rows: tuple[float, ...]) -> Logits:
    """Shares of the frames of a gap, a sure 1 before and a sure 2 behind it, as logits."""
    ends = [[0.0, 1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0, 0.0]]
    return np.log(np.maximum(np.array([ends[0], *rows, ends[1]], np.float32), 1e-9))


def test_a_mark_that_is_spread_over_a_gap_is_read() -> None:
    values = one_gap((0.6, 0, 0, 0.4, 0), (0.7, 0, 0, 0.3, 0))  # in neither frame with 0.6 * 0.7
    assert [span.cls for span in ctc.greedy(values)] == [1, 2]
    first, mark, last = ctc.greedy(values, spread=EVERY)
    assert (first.cls, mark.cls, last.cls) == (1, 3, 2)
    assert (mark.peak, mark.confidence) == (1, pytest.approx(0.4, abs=1e-5))


def test_what_is_wide_is_not_spread_over_a_gap() -> None:
    values = one_gap((0.6, 0, 0, 0.4, 0), (0.7, 0, 0, 0.3, 0))
    narrow = EVERY.copy()
    narrow[3] = False
    assert [span.cls for span in ctc.greedy(values, spread=narrow)] == [1, 2]
    # classes that may not be read do not move the others
    allowed = np.array([True, True, True, False, True])
    values = one_gap((0.6, 0, 0, 0, 0.4), (0.7, 0, 0, 0, 0.3))
    assert [span.cls for span in ctc.greedy(values, spread=narrow, allowed=allowed)] == [1, 4, 2]
    assert [span.cls for span in ctc.greedy(values, spread=EVERY, allowed=allowed)] == [1, 4, 2]


def test_look_alikes_count_together_in_a_gap() -> None:
    values = one_gap((0.55, 0, 0, 0.3, 0.15), (0.8, 0, 0, 0.05, 0.15))
    assert [span.cls for span in ctc.greedy(values, spread=EVERY)] == [1, 2]
    alike = np.array([0, 1, 2, 3, 3])
    assert [span.cls for span in ctc.greedy(values, spread=EVERY, alike=alike)] == [1, 3, 2]


def test_a_little_of_everything_is_noise() -> None:
    values = one_gap(*[(0.85, 0, 0, 0.15, 0)] * 12)
    assert [span.cls for span in ctc.greedy(values, spread=EVERY)] == [1, 2]


def test_a_character_only_fades_into_the_gap_beside_it() -> None:
    values = one_gap((0.6, 0.4, 0, 0, 0), (0.5, 0.25, 0.25, 0, 0), (0.6, 0, 0.4, 0, 0))
    assert [span.cls for span in ctc.greedy(values, spread=EVERY)] == [1, 2]


@given(logits())
def test_what_is_spread_only_adds_to_the_best_path(values: Logits) -> None:
    plain = [(span.cls, span.peak) for span in ctc.greedy(values)]
    more = ctc.greedy(values, spread=np.ones(values.shape[1], np.bool_))
    rest = iter((span.cls, span.peak) for span in more)
    assert len(plain) <= len(more)
    assert all(any(one[0] == other[0] for other in rest) for one in plain)


@given(logits(), st.integers(1, 9), st.integers(0, 2**32 - 1))
def test_padding_never_changes_anything(values: Logits, more: int, seed: int) -> None:
    noise = np.random.default_rng(seed).normal(0, 9, (more, values.shape[1])).astype(np.float32)
    padded = np.concatenate([values, noise])
    assert ctc.greedy(padded, valid=len(values), alternatives=3) == ctc.greedy(values, alternatives=3)


@given(logits(), st.integers(-3, 20))
def test_spans_are_ordered_and_inside(values: Logits, valid: int) -> None:
    spans = ctc.greedy(values, valid=valid, alternatives=2)
    last = float(min(max(valid, 0), len(values)))
    places = [0.0, *(place for span in spans for place in (span.start, span.end)), last]
    assert places == sorted(places)
    for span in spans:
        assert span.start <= span.peak < span.peak + 1 <= span.end
        assert values[span.peak].argmax() == span.cls


@given(logits())
def test_confidence_is_the_peak_probability_and_alternatives_follow(values: Logits) -> None:
    each = shares(values)
    for span in ctc.greedy(values, alternatives=9):
        row = each[span.peak]
        assert span.confidence == pytest.approx(row[span.cls], rel=1e-4)
        assert sorted(cls for cls, _ in span.alternatives) == [c for c in range(1, values.shape[1]) if c != span.cls]
        given_shares = [share for _, share in span.alternatives]
        assert given_shares == sorted(given_shares, reverse=True)
        assert given_shares == pytest.approx([row[cls] for cls, _ in span.alternatives], rel=1e-3)


def test_the_peak_is_the_surest_frame_of_its_run() -> None:
    values = np.log(np.array([[0.4, 0.6], [0.1, 0.9], [0.3, 0.7]], np.float32))
    (span,) = ctc.greedy(values)
    assert span.peak == 1
    assert span.confidence == pytest.approx(0.9, abs=1e-6)


def test_unlikely_alternatives_are_left_away() -> None:
    values = np.log(np.array([[0.01, 0.8, 0.15, 0.04]], np.float32))
    (span,) = ctc.greedy(values, alternatives=3, min_alternative=0.1)
    assert [cls for cls, _ in span.alternatives] == [2]


def test_spans_meet_between_peaks_and_reach_no_further_than_half_a_glyph() -> None:
    path = [0] * 10 + [1] + [0] * 5 + [2] + [0] * 20 + [3]
    values = np.eye(4, dtype=np.float32)[path] * 9
    first, second, third = ctc.greedy(values)
    assert (first.start, first.end) == (6.5, 13.5)
    assert (second.start, second.end) == (13.5, 20.5)
    assert (third.start, third.end) == (33.5, 38.0)


def test_a_long_run_stays_whole() -> None:
    values = np.eye(3, dtype=np.float32)[[1] * 12 + [2] * 12] * 9
    first, second = ctc.greedy(values)
    assert (first.start, first.end, second.start, second.end) == (0, 12, 12, 24)


@given(logits(classes=(3, 6)), st.data())
def test_a_mask_acts_as_minus_infinity(values: Logits, data: st.DataObject) -> None:
    others = values.shape[1] - 1
    allowed = np.array([True, *data.draw(st.lists(st.booleans(), min_size=others, max_size=others))])
    masked = np.where(allowed, values, -np.inf).astype(np.float32)
    kept = ctc.greedy(values, allowed=allowed, alternatives=9, min_alternative=1e-9)
    wanted = ctc.greedy(masked, alternatives=9, min_alternative=1e-9)
    assert [(s.cls, s.start, s.end, s.peak) for s in kept] == [(s.cls, s.start, s.end, s.peak) for s in wanted]
    assert [s.confidence for s in kept] == pytest.approx([s.confidence for s in wanted], rel=1e-5)
    assert all(allowed[s.cls] and all(allowed[cls] for cls, _ in s.alternatives) for s in kept)


def test_masks_that_cannot_be_are_refused() -> None:
    values = np.zeros((2, 3), np.float32)
    with pytest.raises(ValueError, match="shape"):
        ctc.greedy(values, allowed=np.ones(4, np.bool_))
    with pytest.raises(ValueError, match="blank"):
        ctc.greedy(values, allowed=np.array([False, True, True]))


@given(logits(), st.sampled_from([0.5, 2.0, 3.0]))
def test_temperature_changes_confidence_only(values: Logits, temperature: float) -> None:
    cold, warm = ctc.greedy(values), ctc.greedy(values, temperature=temperature)
    assert [span.cls for span in cold] == [span.cls for span in warm]
    for span in warm:
        assert span.confidence == pytest.approx(shares(values / np.float32(temperature))[span.peak, span.cls], rel=1e-4)
    with pytest.raises(ValueError, match="temperature"):
        ctc.greedy(values, temperature=0)


@given(logits())
def test_huge_logits_are_stable(values: Logits) -> None:
    big = values * np.float32(1e30)
    assert all(math.isfinite(span.confidence) for span in ctc.greedy(big, alternatives=2))
    assert math.isfinite(ctc.loss(values + np.float32(1e4), []))


@given(logits(frames=(1, 4), classes=(2, 3)))
def test_loss_is_the_sum_over_all_paths(values: Logits) -> None:
    found = every_text(values)
    for text, probability in found.items():
        assert ctc.loss(values, text) == pytest.approx(-math.log(probability), rel=1e-6, abs=1e-6)
    assert sum(math.exp(-ctc.loss(values, text)) for text in found) == pytest.approx(1.0, abs=1e-6)


def test_a_text_that_does_not_fit_has_no_probability() -> None:
    values = np.zeros((2, 3), np.float32)
    assert ctc.loss(values, [1, 1]) == math.inf  # needs a blank in between
    assert ctc.loss(values, [1, 2]) < math.inf
    assert ctc.loss(values[:0], []) == 0
    assert ctc.loss(values[:0], [1]) == math.inf
    with pytest.raises(ValueError, match="fit"):
        ctc.align(values, [1, 1])
    for wrong in (0, 3, -1):
        with pytest.raises(ValueError, match="classes"):
            ctc.loss(values, [wrong])


@given(logits(frames=(1, 5), classes=(2, 3)), st.lists(st.integers(1, 2), max_size=3))
def test_alignment_is_the_best_of_all_paths(values: Logits, text: list[int]) -> None:
    assume(all(cls < values.shape[1] for cls in text))
    frames, classes = values.shape
    paths = [path for path in itertools.product(range(classes), repeat=frames) if collapse(path) == tuple(text)]
    assume(paths)
    best = max(sum(float(values[frame, cls]) for frame, cls in enumerate(path)) for path in paths)
    spans = ctc.align(values, text)
    assert [span.cls for span in spans] == text
    # along the spans' peaks there is a path as good as the best one
    fitting = [path for path in paths if all(path[span.peak] == span.cls for span in spans)]
    assert max(sum(float(values[frame, cls]) for frame, cls in enumerate(path)) for path in fitting) == best


@given(logits())
def test_aligning_what_was_read_finds_it_again(values: Logits) -> None:
    read = ctc.greedy(values)
    aligned = ctc.align(values, [span.cls for span in read])
    assert [span.cls for span in aligned] == [span.cls for span in read]
    assert all(a.end <= b.start for a, b in itertools.pairwise(aligned))
    ties = any(np.sum(row == row.max()) > 1 for row in values)
    if not ties:
        assert aligned == read


def overconfident_lines(factor: float) -> tuple[list[Logits], list[list[int]]]:
    """Lines of one character whose true class is drawn from softmax(x), shown to the reader as ``factor`` * x."""
    rng = np.random.default_rng(1)
    lines, truths = [], []
    for _ in range(4000):
        row = np.concatenate([[-30.0], rng.normal(0, 2, 4)])
        lines.append((row * factor).astype(np.float32)[None])
        truths.append([int(rng.choice(5, p=shares(row[None])[0]))])
    return lines, truths


@pytest.mark.parametrize("factor", [0.5, 1.0, 2.5])
def test_temperature_is_found_again(factor: float) -> None:
    assert trust.fit_temperature(*overconfident_lines(factor)) == pytest.approx(factor, rel=0.1)


def test_after_fitting_confidence_is_the_share_that_is_right() -> None:
    lines, truths = overconfident_lines(3.0)
    fitted = trust.fit_temperature(lines, truths)
    spans = [ctc.greedy(line, temperature=fitted)[0] for line in lines]
    right = np.mean([span.cls == truth[0] for span, truth in zip(spans, truths, strict=True)])
    assert np.mean([span.confidence for span in spans]) == pytest.approx(right, abs=0.03)


def test_nothing_read_nothing_fitted() -> None:
    with pytest.raises(DataError):
        trust.fit_temperature([np.array([[5.0, 0.0]], np.float32)], [[1]])


def test_the_cards_temperature() -> None:
    assert trust.temperature({}) == 1.0
    assert trust.temperature({"temperature": 2}) == 2.0
    for wrong in (0, -1, "1", True, math.nan, math.inf, None):
        with pytest.raises(ModelMismatch):
            trust.temperature({"temperature": wrong})


def test_look_alikes_side_by_side_are_one_character() -> None:
    # classes: blank, "h", "H", "x"
    alike = np.array([0, 1, 1, 2])
    path = [(0, 5.0), (1, 4.0), (2, 6.0), (0, 5.0), (1, 5.0), (3, 5.0), (0, 5.0), (1, 5.0), (0, 5.0), (2, 5.0)]
    logits = np.zeros((len(path), 4))
    for frame, (cls, score) in enumerate(path):
        logits[frame, cls] = score
    assert [span.cls for span in ctc.greedy(logits)] == [1, 2, 1, 3, 1, 2]
    fused = ctc.greedy(logits, alike=alike)
    assert [span.cls for span in fused] == [2, 1, 3, 1, 2], "a blank between two of them keeps them apart"
    assert fused[0].start <= 1 and fused[0].end >= 3


@given(parted())
def test_frames_that_were_left_out_are_blank(split: tuple[Logits, NDArray[np.int64], Logits]) -> None:
    rows, frames, whole = split
    read = ctc.greedy(rows, frames=frames, valid=len(whole), alternatives=3)
    assert read == ctc.greedy(whole, alternatives=3)
    alike = np.zeros(whole.shape[1], np.intp)
    one = ctc.greedy(rows, frames=frames, valid=len(whole), alike=alike)
    assert one == ctc.greedy(whole, alike=alike)
    assert all(ctc.row(frames, span.peak) == frames.tolist().index(span.peak) for span in read)
    text = [span.cls for span in read]
    if text:
        assert ctc.align(rows, text, frames=frames, valid=len(whole)) == ctc.align(whole, text)


@given(parted(), st.integers(-1, 16))
def test_of_frames_beyond_those_that_count_no_row_does(
    split: tuple[Logits, NDArray[np.int64], Logits], valid: int
) -> None:
    rows, frames, whole = split
    cut = max(0, valid)
    kept, known, total = ctc.counted(rows, frames, valid)
    assert known is not None and len(kept) == len(known) and total == cut
    assert known.tolist() == [frame for frame in frames.tolist() if frame < cut]
    assert ctc.greedy(rows, frames=frames, valid=min(cut, len(whole))) == ctc.greedy(whole, valid=cut)


def test_text_that_needs_frames_which_were_left_out_does_not_fit() -> None:
    rows, frames = np.zeros((2, 3), np.float32), np.array([1, 4])
    assert len(ctc.align(rows, [1, 1], frames=frames)) == 2  # the blank in between was left out
    with pytest.raises(ValueError, match="do not fit"):
        ctc.align(rows, [1, 2, 1], frames=frames)
    with pytest.raises(ValueError, match="cannot be those of"):
        ctc.greedy(rows, frames=np.array([0, 1, 2]))
    assert ctc.greedy(rows[:0], frames=frames[:0]) == []
    with pytest.raises(ValueError, match="do not fit"):
        ctc.align(rows[:0], [1], frames=frames[:0])
