"""Prefix beam search against definitions written out, on cases small enough to list every path."""

from __future__ import annotations

import gc
import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from shizi.read import beam, ctc

Logits = NDArray[np.float64]
EVERYTHING = {"unlikely": 0.0, "surely_blank": 2.0, "candidates": 99, "margin": math.inf}
"""Nothing is left out."""


def logits(frames: tuple[int, int] = (1, 4), classes: tuple[int, int] = (2, 4)) -> st.SearchStrategy[Logits]:
    shapes = st.tuples(st.integers(*frames), st.integers(*classes))
    return shapes.flatmap(lambda shape: arrays(np.int8, shape, elements=st.integers(-40, 40))).map(lambda a: a / 8)


def every_text(shares: Logits, alike: NDArray[np.intp] | None = None) -> dict[tuple[int, ...], float]:
    """Probability of each text: the sum over its paths, without those in which look-alikes touch."""
    found: dict[tuple[int, ...], float] = {}
    for path in itertools.product(range(shares.shape[1]), repeat=len(shares)):
        pairs = [(a, b) for a, b in itertools.pairwise(path) if a and b and a != b]
        if alike is not None and any(alike[a] == alike[b] for a, b in pairs):
            continue
        text = tuple(cls for cls, _ in itertools.groupby(path) if cls)
        found[text] = found.get(text, 0.0) + math.prod(shares[frame, cls] for frame, cls in enumerate(path))
    return found


class Table:
    """Scores texts by a table of single characters, pairs and ends, each of which may be impossible."""

    def __init__(self, pairs: NDArray[np.float64]) -> None:
        self.pairs = pairs

    def start(self) -> int:
        return 0

    def step(self, state: int, cls: int) -> tuple[int, float]:
        return cls, float(self.pairs[state, cls])

    def finish(self, state: int) -> float:
        return float(self.pairs[state, 0])


@given(logits(), st.booleans(), st.data())
def test_it_finds_every_text_with_the_sum_over_its_alignments(
    values: Logits, groups: bool, data: st.DataObject
) -> None:
    shares = ctc.softmax(values)
    classes = shares.shape[1]
    alike = np.array([0, *data.draw(st.lists(st.integers(1, 2), min_size=classes - 1, max_size=classes - 1))])
    wanted = every_text(shares, alike if groups else None)
    found = beam.search(shares, 10_000, alike=alike if groups else None, **EVERYTHING)
    assert [score for _, score in found] == sorted((score for _, score in found), reverse=True)
    masses = {tuple(text): math.exp(score) for text, score in found}
    assert set(masses) == set(wanted)
    scale = sum(masses.values()) / sum(wanted.values())
    assert masses == pytest.approx({text: mass * scale for text, mass in wanted.items()}, rel=1e-6)


@given(logits(), st.data())
def test_a_scorer_is_added_to_the_whole_text(values: Logits, data: st.DataObject) -> None:
    shares = ctc.softmax(values)
    size = shares.shape[1]
    scores = st.one_of(st.integers(-16, 16).map(lambda n: n / 4), st.just(-math.inf))
    scorer = Table(np.array(data.draw(st.lists(scores, min_size=size**2, max_size=size**2))).reshape(size, size))
    wanted = {
        text: math.log(mass) + beam.total(scorer, text)
        for text, mass in every_text(shares).items()
        if mass > 0 and beam.total(scorer, text) > -math.inf
    }
    found = {tuple(text): score for text, score in beam.search(shares, 10_000, scorer, **EVERYTHING)}
    assert set(found) == set(wanted)
    if wanted:
        shift = max(found.values()) - max(wanted.values())
        assert found == pytest.approx({text: score + shift for text, score in wanted.items()}, rel=1e-6, abs=1e-6)


@given(logits(frames=(1, 12), classes=(2, 6)))
def test_where_each_frame_is_sure_it_is_greedy(values: Logits) -> None:
    """A path with more than half of the probability decides what the best text is."""
    sure = values.copy()
    sure[np.arange(len(values)), values.argmax(axis=1)] += 12
    assert math.prod(ctc.softmax(sure).max(axis=1)) > 0.5
    options = {"alternatives": 3, "temperature": 1.5}
    assert beam.beam(sure, 3, **options) == ctc.greedy(sure, **options)


def test_it_prefers_the_sum_to_the_best_path() -> None:
    """Graves 2012, figure 7.4: the best path is blank, the best text is not."""
    values = np.log(np.array([[0.6, 0.4], [0.6, 0.4]]))
    assert ctc.greedy(values) == []
    (span,) = beam.beam(values, 2)
    assert span.cls == 1 and 0 <= span.start < span.end <= 2


@given(logits(frames=(1, 12), classes=(2, 6)), st.integers(1, 4), st.integers(1, 9))
def test_spans_are_ordered_and_padding_changes_nothing(values: Logits, width: int, more: int) -> None:
    spans = beam.beam(values, width, alternatives=2)
    places = [0.0, *(place for span in spans for place in (span.start, span.end)), float(len(values))]
    assert places == sorted(places)
    assert all(0 <= span.confidence <= 1 for span in spans)
    padded = np.concatenate([values, np.full((more, values.shape[1]), 3.0)])
    assert beam.beam(padded, width, valid=len(values), alternatives=2) == spans
    assert beam.beam(values, width, valid=0) == []


@given(logits(frames=(1, 8), classes=(3, 5)))
def test_only_allowed_classes_are_read(values: Logits) -> None:
    allowed = np.ones(values.shape[1], np.bool_)
    allowed[1] = False
    spans = beam.beam(values, 4, allowed=allowed, alternatives=3)
    assert all(span.cls != 1 and all(cls != 1 for cls, _ in span.alternatives) for span in spans)


def test_the_scorer_decides_between_doubtful_readings_and_says_how_sure_it_is() -> None:
    values = np.log(np.array([[0.01, 0.97, 0.01, 0.01], [0.97, 0.01, 0.01, 0.01], [0.01, 0.02, 0.55, 0.42]]))
    pairs = np.zeros((4, 4))
    pairs[1, 3] = 2.0
    options = {"alternatives": 3}
    assert [span.cls for span in beam.beam(values, 4, **options)] == [1, 2]
    first, second = beam.beam(values, 4, Table(pairs), **options)
    assert (first.cls, second.cls) == (1, 3)
    weight = 0.42 * math.exp(2.0)
    assert second.confidence == pytest.approx(0.99 * weight / (weight + 0.55 + 0.02), rel=1e-3)
    assert [cls for cls, _ in second.alternatives] == [2, 1]
    pairs[1, 2] = -math.inf
    assert [cls for cls, _ in beam.beam(values, 4, Table(pairs), **options)[1].alternatives] == [1]


def test_where_every_text_is_impossible_the_greedy_reading_stays() -> None:
    values = np.log(np.array([[0.1, 0.9]]))
    assert beam.beam(values, 4, Table(np.full((2, 2), -math.inf))) == ctc.greedy(values)


def test_scorers_add_up() -> None:
    one, other = Table(np.arange(9.0).reshape(3, 3)), Table(np.ones((3, 3)))
    both = beam.Sum([one, other])
    assert beam.total(both, [1, 2]) == beam.total(one, [1, 2]) + beam.total(other, [1, 2])


def test_many_surely_blank_frames_cost_nothing_and_change_nothing() -> None:
    values = np.full((4000, 50), -20.0)
    values[:, 0] = 20.0
    values[[10, 2000, 3990]] = 0.0
    values[[10, 2000, 3990], [7, 7, 9]] = 9.0
    assert [span.cls for span in beam.beam(values, 8)] == [7, 7, 9]
    with pytest.raises(ValueError, match="beam"):
        beam.beam(values, 0)


def test_a_search_leaves_nothing_to_the_garbage_collector() -> None:
    values = np.random.default_rng(0).normal(0, 2, (60, 30))
    gc.collect()
    gc.disable()
    try:
        assert beam.search(ctc.softmax(values), 20)
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_no_frame_rules_every_text_out() -> None:
    """A blank that cannot be, between look-alikes, or where thousands of classes are equally likely."""
    values = np.full((4, 3000), -2000.0)
    values[[0, 1], [1, 2]] = 0.0
    values[2, 1:] = 0.0
    values[3, 0] = 0.0
    alike = np.arange(3000)
    alike[2] = 1
    spans = beam.beam(values, 4, alike=alike)
    assert all(span.cls in (1, 2) for span in spans[:1])
    assert beam.search(ctc.softmax(values), 4, alike=alike)


@given(logits(frames=(1, 9)), st.integers(0, 2**9 - 1), st.integers(1, 5), st.data())
def test_frames_that_were_left_out_are_blank(values: Logits, which: int, width: int, data: st.DataObject) -> None:
    kept = np.array([bool(which >> frame & 1) for frame in range(len(values))])
    whole = values.copy()
    whole[~kept] = -1e4
    whole[~kept, 0] = 0
    size = values.shape[1]
    scores = data.draw(st.lists(st.integers(-16, 16), min_size=size**2, max_size=size**2))
    for scorer in (None, Table(np.array(scores).reshape(size, size) / 4)):
        spans = beam.beam(values[kept], width, scorer, frames=np.flatnonzero(kept), valid=len(whole), alternatives=2)
        assert spans == beam.beam(whole, width, scorer, alternatives=2)
