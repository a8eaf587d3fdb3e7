"""CTC prefix beam search: the text whose alignments are together the likeliest, with what a scorer says of the text.

Source: Graves, Jaitly: Towards End-to-End Speech Recognition with Recurrent Neural Networks, ICML 2014, algorithm 1;
Hannun, Maas, Jurafsky, Ng: First-Pass Large Vocabulary Continuous Speech Recognition using Bi-Directional Recurrent
DNNs, arXiv 1408.2873, algorithm 1 (their score of a text: p_ctc * p_lm ** a * length ** b). No I/O.

Only what can matter is looked at: frames that are surely blank end a character and cost nothing else, and elsewhere the
few classes above a threshold are tried. A line of 80 frames is then some 40 steps of a few dozen multiplications.
Lines that the network is sure of can be left as greedy decoding reads them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from operator import itemgetter
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from shizi.read import ctc
from shizi.read.charset import BLANK

CANDIDATES = 6
"""Most classes that are tried on a frame."""
UNLIKELY = 0.01
"""Classes below this probability are not tried."""
SURELY_BLANK = 0.99
"""A frame whose blank is likelier than this is taken as blank."""
CERTAIN = 0.995
"""A character that the network is surer of than this is not weighed against its alternatives again."""

MARGIN = 4.0
"""Prefixes that score so much less than the best one are dropped, natural logarithm: where the network is sure, the
beam is one prefix wide."""


_TINIEST = 1e-300  # a blank's least probability, so that no frame rules every text out


class Scorer(Protocol):
    """What is known about the text beside the picture: natural logarithms that are added to the network's.

    A state belongs to a text; what follows is scored alike after texts with equal states. A step or an end that is
    impossible scores -inf.
    """

    def start(self) -> Any:
        """The state of the empty text."""

    def step(self, state: Any, cls: int) -> tuple[Any, float]:
        """The state after one more character, and what that character adds to the score."""

    def finish(self, state: Any) -> float:
        """What ending the text here adds."""


class Sum:
    """Several scorers as one: their scores added."""

    def __init__(self, scorers: Sequence[Scorer]) -> None:
        self._scorers = tuple(scorers)

    def start(self) -> Any:
        """Their states."""
        return tuple(scorer.start() for scorer in self._scorers)

    def step(self, state: Any, cls: int) -> tuple[Any, float]:
        """One step of each."""
        steps = [scorer.step(own, cls) for scorer, own in zip(self._scorers, state, strict=True)]
        return tuple(own for own, _ in steps), math.fsum(score for _, score in steps)

    def finish(self, state: Any) -> float:
        """The end of each."""
        return math.fsum(scorer.finish(own) for scorer, own in zip(self._scorers, state, strict=True))


class _Prefix:
    """A text that lines may begin with. ``blank`` and ``label`` are the masses of its alignments that end so."""

    __slots__ = ("blank", "cls", "label", "more", "number", "parent", "score", "state")

    def __init__(self, parent: _Prefix | None, cls: int, number: int, state: Any, score: float) -> None:
        self.parent, self.cls, self.number, self.state, self.score = parent, cls, number, state, score
        self.blank = self.label = 0.0
        self.more = 0.0
        """What a frame adds to the mass of the label."""

    def text(self) -> list[int]:
        """Its classes."""
        classes = []
        node = self
        while node.parent is not None:
            classes.append(node.cls)
            node = node.parent
        return classes[::-1]


class _Tree:
    """The prefixes of a search. They know their parents and not their children, so that all go when the search ends:
    thousands that refer to one another would wait for the garbage collector."""

    def __init__(self, scorer: Scorer | None) -> None:
        self.scorer = scorer
        self.children: dict[tuple[int, int], _Prefix] = {}
        """By the number of a text and the class of one more character: the same object whenever that is reached."""
        self.root = _Prefix(None, BLANK, 0, scorer.start() if scorer else None, 0.0)


class Frame(NamedTuple):
    """What may be said at a frame, by a probability."""

    blank: float
    likely: list[tuple[int, float]]
    """Classes that are tried, never the blank."""


_LEFT_OUT = Frame(1.0, [])


def search(
    shares: NDArray[np.floating[Any]],
    width: int,
    scorer: Scorer | None = None,
    *,
    alike: NDArray[np.intp] | None = None,
    unlikely: float = UNLIKELY,
    surely_blank: float = SURELY_BLANK,
    candidates: int = CANDIDATES,
    margin: float = MARGIN,
) -> list[tuple[list[int], float]]:
    """The best texts with their scores, best first, at most ``width``.

    Args:
        shares: (T, C) probabilities of each frame, or what is proportional to them; column 0 is the blank.
        width: prefixes that are kept after each frame, at least 1.
        scorer: what else is known about the text; None: nothing.
        alike: (C,) as for :func:`shizi.read.ctc.greedy`: two characters of one group never touch, so alignments in
            which they do without a blank between them count for neither.
        unlikely: classes below this probability are not tried.
        surely_blank: frames whose blank is likelier than this are blank; above 1, none is.
        candidates: most classes tried on a frame.
        margin: prefixes that score so much less than the best one are dropped.

    The score is the logarithm of the mass of the text's alignments plus what the scorer says, up to a constant that
    all texts of a call share. Texts that the scorer calls impossible are left out, so the answer may be empty.
    """
    return _searched(_frames(shares, unlikely, candidates), width, scorer, alike, surely_blank, margin)


def _searched(
    frames: Iterable[Frame],
    width: int,
    scorer: Scorer | None,
    alike: NDArray[np.intp] | None,
    surely_blank: float = SURELY_BLANK,
    margin: float = MARGIN,
) -> list[tuple[list[int], float]]:
    if width < 1:
        raise ValueError(f"a beam keeps at least one prefix, not {width}")
    frames, tree = list(frames), _Tree(scorer)
    tree.root.blank = 1.0
    beam = [tree.root]
    # of the few classes that are tried alone: looking into an array takes longer than all else that is done with one
    groups = {cls: cls if alike is None else int(alike[cls]) for frame in frames for cls, _ in frame.likely}
    groups[BLANK] = -1  # what a line begins with touches nothing before
    closed = True  # no alignment ends in a character: another surely blank frame changes nothing
    for frame in frames:
        if frame.blank > surely_blank:
            if not closed:
                for prefix in beam:
                    prefix.blank, prefix.label = prefix.blank + prefix.label, 0.0
            closed = True
            continue
        closed = False
        beam = _step(beam, frame, tree, groups, width, margin)
    scores = [_score(prefix, prefix.blank + prefix.label) for prefix in beam]
    ends = [scorer.finish(prefix.state) if scorer else 0.0 for prefix in beam]
    ended = [(prefix, score + end) for prefix, score, end in zip(beam, scores, ends, strict=True)]
    ranked = sorted((one for one in ended if one[1] > -math.inf), key=lambda one: -one[1])
    return [(prefix.text(), score) for prefix, score in ranked]


def _frames(scores: NDArray[np.floating[Any]], unlikely: float, most: int, *, logarithms: bool = False) -> list[Frame]:
    """What may be said at each frame of (T, C) scores: the ``most`` best classes above a probability of ``unlikely``.

    They and the blank share all of the probability. Scores are proportional to it, or are its ``logarithms``.
    """
    top = scores.max(axis=1)
    least = top + (math.log(unlikely) if unlikely else -math.inf) if logarithms else top * unlikely
    # Two passes over thousands of classes, whatever the line says; all else is done for the few that are left.
    rows, classes = np.divmod(np.flatnonzero(scores >= least[:, np.newaxis]), scores.shape[1])
    values = scores[rows, classes].astype(np.float64)
    blanks = scores[:, BLANK].astype(np.float64)
    if logarithms:
        values, blanks = np.exp(values - top[rows]), np.exp(blanks - top)
    blanks = np.maximum(blanks, _TINIEST)
    likely = classes != BLANK
    rows, classes, values = rows[likely], classes[likely], values[likely]
    wholes = blanks + np.bincount(rows, values, len(scores))
    likely = values >= unlikely * wholes[rows]
    rows, classes, values = rows[likely], classes[likely], values[likely]
    tried: list[list[tuple[float, int]]] = [[] for _ in scores]
    for row, cls, value in zip(rows.tolist(), classes.tolist(), values.tolist(), strict=True):
        tried[row].append((value, cls))
    made = []
    for blank, few in zip(blanks.tolist(), tried, strict=True):
        if len(few) > most:
            few.sort(reverse=True)
            del few[most:]
        mass = blank + math.fsum(value for value, _ in few)
        made.append(Frame(blank / mass, [(cls, value / mass) for value, cls in few]))
    return made


def _opened(tried: Sequence[Frame], frames: ctc.Frames | None) -> list[Frame]:
    """With a frame that is surely blank where some were left out."""
    made = list(tried)
    for where in ctc.gaps(frames)[::-1].tolist():
        made.insert(where, _LEFT_OUT)
    return made


def _step(
    beam: list[_Prefix], frame: Frame, tree: _Tree, groups: Mapping[int, int], width: int, margin: float
) -> list[_Prefix]:
    """One frame: every prefix stays, by a blank or by its last character again, or grows by one character.

    The best ``width`` are kept, best first, but for those that score ``margin`` less than the best one. ``groups`` has
    a number for each class, the same for those that never touch.
    """
    shares = dict(frame.likely)
    tried = [(cls, share, math.log(share), groups[cls]) for cls, share in frame.likely if share > 0]
    inside = {prefix.number for prefix in beam}
    best = -math.inf
    for prefix in beam:
        prefix.more = prefix.label * shares.get(prefix.cls, 0.0)
        best = max(best, _score(prefix, (prefix.blank + prefix.label) * frame.blank + prefix.more))
    ranked: list[tuple[float, _Prefix]] = []
    # Most of a search's time goes by here, for texts of which most score too little: for those no object is made.
    children, scorer = tree.children, tree.scorer
    for prefix in beam:
        before, every, group = prefix.blank, prefix.blank + prefix.label, groups[prefix.cls]
        for cls, share, log, own in tried:
            # the same character twice needs a blank in between, and so do look-alikes
            mass = before if own == group else every
            if not mass:
                continue
            key = prefix.number, cls
            child = children.get(key)
            if child is not None and child.number in inside:
                child.more += mass * share
                continue
            if child is None:
                state, more = scorer.step(prefix.state, cls) if scorer else (None, 0.0)
                score = prefix.score + more
            else:
                score = child.score
            found = score + math.log(mass) + log
            if found == -math.inf or found < best - margin:
                continue
            if child is None:
                child = children[key] = _Prefix(prefix, cls, len(children) + 1, state, score)
            child.more = mass * share
            ranked.append((found, child))
            if found > best:
                best = found
    for prefix in beam:
        prefix.blank = (prefix.blank + prefix.label) * frame.blank
        prefix.label = 0.0
        ranked.append((_score(prefix, prefix.blank + prefix.more), prefix))
    ranked.sort(key=itemgetter(0), reverse=True)
    least = ranked[0][0] - margin
    kept = [prefix for score, prefix in ranked[:width] if score >= least]
    scale = 1.0 / max([prefix.blank + prefix.more for prefix in kept])  # masses stay near 1 on any line
    for prefix in kept:
        prefix.blank, prefix.label = prefix.blank * scale, prefix.more * scale
    for _, prefix in ranked[len(kept) :]:
        prefix.blank = prefix.label = 0.0  # if it is reached again, then by other alignments alone
    return kept


def _score(prefix: _Prefix, mass: float) -> float:
    return math.log(mass) + prefix.score if mass > 0 else -math.inf


def beam(
    logits: ctc.Logits,
    width: int,
    scorer: Scorer | None = None,
    *,
    also: Callable[[Sequence[ctc.Span]], Scorer | None] | None = None,
    frames: ctc.Frames | None = None,
    valid: int | None = None,
    allowed: ctc.Mask | None = None,
    alike: NDArray[np.intp] | None = None,
    temperature: float = 1.0,
    alternatives: int = 0,
    min_alternative: float = 0.0,
    spread: ctc.Mask | None = None,
    unless: Callable[[Sequence[ctc.Span]], bool] | None = None,
) -> list[ctc.Span]:
    """Read (T, C) logits as :func:`shizi.read.ctc.greedy` does, with the same arguments, but search for the best text.

    Where the best text is the one that greedy decoding finds, the spans are its spans. Otherwise they come from the
    best path that says the text. With a scorer, a doubtful character and its alternatives share their probability
    anew, by what the scorer says of the text with each of them in its place; alternatives that it calls impossible are
    left out. Where it calls every text impossible, or the greedy reading is empty, that one is returned. Nothing is
    searched where ``unless`` says so of the greedy reading; ``also`` says which other scorer counts beside ``scorer``
    for a line that reads like that.

    Raises:
        ValueError: as ``greedy`` does, or a width below 1.
    """
    scores, frames, total = ctc.counted(logits, frames, valid)
    first = ctc.greedy(
        scores,
        frames=frames,
        valid=total,
        allowed=allowed,
        alike=alike,
        temperature=temperature,
        alternatives=alternatives,
        min_alternative=min_alternative,
        spread=spread,
    )
    if not len(scores) or (unless is not None and unless(first)):
        return first
    more = also(first) if also is not None else None
    if more is not None:
        scorer = more if scorer is None else Sum((scorer, more))
    if not first and scorer is not None:
        return first  # what is known of texts would talk a strip of noise into saying something
    if allowed is not None:
        scores = np.where(allowed, scores, -np.inf)
    found = _searched(_opened(_frames(scores, UNLIKELY, CANDIDATES, logarithms=True), frames), width, scorer, alike)
    if not found:
        return first
    text = found[0][0]
    if text == [span.cls for span in first]:
        spans = first
    else:
        spans = ctc.align(
            scores,
            text,
            frames=frames,
            valid=total,
            temperature=temperature,
            alternatives=alternatives,
            min_alternative=min_alternative,
        )
    return spans if scorer is None else reweighed(spans, scorer)


def reweighed(spans: Sequence[ctc.Span], scorer: Scorer) -> list[ctc.Span]:
    """The same characters; each doubtful one shares its probability with its alternatives by p * exp(score)."""
    text = [span.cls for span in spans]
    states = [scorer.start()]  # before each character, and at the end
    scores = []
    for cls in text:
        state, more = scorer.step(states[-1], cls)
        states.append(state)
        scores.append(more)
    scores.append(scorer.finish(states[-1]))

    def gain(at: int, cls: int) -> float:
        """What the scorer says of the text with ``cls`` in place ``at``, less what it says of the text."""
        state, gained = scorer.step(states[at], cls)
        gained -= scores[at]
        for place in range(at + 1, len(text)):
            if state == states[place] or gained == -math.inf:
                return gained
            state, more = scorer.step(state, text[place])
            gained += more - scores[place]
        return gained + scorer.finish(state) - scores[-1]

    made = []
    for at, span in enumerate(spans):
        if span.confidence >= CERTAIN or not span.alternatives:
            made.append(span)
            continue
        weights = [share * math.exp(min(50.0, gain(at, cls))) for cls, share in span.alternatives]
        mass = span.confidence + math.fsum(share for _, share in span.alternatives)
        scale = mass / (span.confidence + math.fsum(weights)) if span.confidence else 0.0
        others = ((cls, weight * scale) for (cls, _), weight in zip(span.alternatives, weights, strict=True))
        ranked = sorted((other for other in others if other[1] > 0), key=lambda other: -other[1])
        made.append(replace(span, confidence=span.confidence * scale, alternatives=tuple(ranked)))
    return made


def total(scorer: Scorer, text: Sequence[int]) -> float:
    """What the scorer says of a whole text."""
    state, score = scorer.start(), 0.0
    for cls in text:
        state, more = scorer.step(state, cls)
        score += more
        if score == -math.inf:
            return score
    return score + scorer.finish(state)
