"""Patterns that a text has to fit: dates, amounts, ID numbers, plates, or an expression of the user's own.

A pattern is a small regular expression (:mod:`shizi.read.automaton` says which) that stands for the whole line.
Decoding is exact and takes the place of beam search: the likeliest path of CTC among all that spell a text which the
pattern's automaton accepts, by dynamic programming over (state, last character). A beam would lose the only readings
that fit where a character is missing or badly smudged. No I/O.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shizi.errors import SettingsError
from shizi.read import ctc, trust
from shizi.read.automaton import Ends, Steps, compiled
from shizi.read.charset import BLANK, Charset

PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
"""First character of a number plate (GA 36-2018): the provinces in short."""
SERIAL = "A-HJ-NP-Z0-9"
"""A plate has neither I nor O behind its second character: they look like 1 and 0."""

_YEAR, _MONTH, _DAY = r"(19|20)\d\d", "(0?[1-9]|1[0-2])", r"(0?[1-9]|[12]\d|3[01])"
_CLOCK = r"( ?([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d)?)?"
_HAN_YEAR, _HAN_MONTH = "[〇零一二三四五六七八九]{4}", "(十[一二]?|[一二三四五六七八九])"
_HAN_DAY = "([一二三四五六七八九]|[二三]?十[一二三四五六七八九]?|廿[一二三四五六七八九]?)"
_CAPITAL = "[壹贰叁肆伍陆柒捌玖]"
_THOUSANDS = f"零?({_CAPITAL}仟零?)?({_CAPITAL}佰零?)?({_CAPITAL}?拾零?)?{_CAPITAL}?"
_AREA = r"[1-9]\d{5}"

EXPRESSIONS = {
    # GA 36-2018: five behind the letter, or six on cars with new energy (the dot between them is not always printed)
    "plate": rf"[{PROVINCES}][A-HJ-Z]·?([{SERIAL}]{{4}}[{SERIAL}学警港澳挂领]|[DF][{SERIAL}]\d{{4}}|\d{{5}}[DF])",
    "date": (
        rf"({_YEAR}年{_MONTH}月({_DAY}日)?|{_YEAR}([-/.]){_MONTH}[-/.]{_DAY}|{_DAY}[-/.]{_MONTH}[-/.]{_YEAR}"
        rf"|{_YEAR}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])|{_HAN_YEAR}年{_HAN_MONTH}月({_HAN_DAY}日)?){_CLOCK}"
    ),
    "amount": r"(¥|￥|\$|€|£|RMB|USD)? ?-?(\d{1,3}(,\d{3}){1,4}|\d{1,12})(\.\d{1,2})?元?",
    "capital-amount": (
        f"(人民币)?({_THOUSANDS}亿)?({_THOUSANDS}万)?{_THOUSANDS}([元圆])(零?{_CAPITAL}角)?(零?{_CAPITAL}分)?[整正]?"
    ),
    # GB 11643-1999: area, day of birth, serial number; the last character is checked beside
    "id": rf"{_AREA}(19|20)\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])\d{{3}}[\dX]",
}
"""Name -> expression. An ``id`` has its check character right besides."""

ID_WEIGHTS = tuple(2**power % 11 for power in range(17, -1, -1))
"""GB 11643-1999 (ISO 7064, MOD 11-2): digits times weights, X counting 10, sum to 1 modulo 11."""


@dataclass(frozen=True, eq=False)
class Pattern:
    """A compiled pattern: from state 0, each character leads to one state or to none."""

    name: str
    steps: Steps = field(repr=False)
    """(S,) character -> next state."""
    ends: Ends = field(repr=False)
    """States in which the text may end."""

    @classmethod
    def of(cls, name_or_expression: str) -> Pattern:
        """A name in :data:`EXPRESSIONS`, or an expression.

        Raises:
            SettingsError: it is not well formed, or too large.
        """
        return cls(name_or_expression, *_built(name_or_expression))

    @property
    def chars(self) -> frozenset[str]:
        """All characters that a fitting text may hold."""
        return frozenset(char for step in self.steps for char in step)

    def fits(self, text: Iterable[str]) -> bool:
        """Whether the whole text is one of the pattern."""
        state = 0
        for char in text:
            following = self.steps[state].get(char)
            if following is None:
                return False
            state = following
        return state in self.ends


class Decoder:
    """A pattern over the classes of an alphabet. It never changes, so threads may share it."""

    def __init__(self, pattern: Pattern, charset: Charset) -> None:
        """Raises SettingsError where the alphabet lacks so many of its characters that no text fits."""
        self.pattern, self._charset = pattern, charset
        self._classes = {char: charset.encode(char)[0] for char in pattern.chars if char in charset}
        arcs = [
            (target, self._classes[char], state)
            for state, step in enumerate(pattern.steps)
            for char, target in step.items()
            if char in self._classes
        ]
        if not arcs:
            raise SettingsError(f"the alphabet has none of the characters of the pattern {pattern.name!r}")
        arcs.sort()
        self._to, self._cls, self._from = (np.array(column, np.intp) for column in zip(*arcs, strict=True))
        self._states, self._first = np.unique(self._to, return_index=True)  # states that are reached, and their arcs
        self._ends = np.array(sorted(pattern.ends), np.intp)

    def decode(
        self,
        logits: ctc.Logits,
        *,
        frames: ctc.Frames | None = None,
        valid: int | None = None,
        temperature: float = 1.0,
        alternatives: int = 0,
        min_alternative: float = 0.0,
    ) -> list[ctc.Span]:
        """The likeliest text that fits, with the arguments of :func:`shizi.read.ctc.greedy`.

        A confidence is the character's share among those that may stand in its place, lowered where the network saw
        something else there (:func:`shizi.read.trust.holds`); the alternatives are the others of them. Empty where no
        text fits in so few frames.
        """
        scores, frames, total = ctc.counted(logits, frames, valid)
        # the best path of all is the best of those that fit, if it does
        classes = ctc.best_path(scores, frames)
        if not self.pattern.fits(self._charset.decode(classes)):
            classes = self._best(scores, frames)
        if not classes:
            return []
        made = []
        text = [self._charset.chars[cls - 1] for cls in classes]
        aligned = ctc.align(scores, classes, frames=frames, valid=total, temperature=temperature)
        peaks = [ctc.row(frames, span.peak) for span in aligned]
        shares = ctc.softmax(scores[peaks] / temperature)
        for span, place, row in zip(aligned, self._places(text), shares, strict=True):
            own, fitting = float(row[span.cls]), row[place]
            seen = float(row[BLANK] + fitting.sum())
            scale = trust.holds(seen) / seen if seen > 0 else 0.0
            ranked = np.argsort(-fitting, kind="stable")[: alternatives + 1].tolist()  # its own class is among them
            others = ((place[at], float(fitting[at]) * scale) for at in ranked if place[at] != span.cls)
            likely = tuple(other for other in others if other[1] >= min_alternative and other[1] > 0)
            made.append(replace(span, confidence=own * scale, alternatives=likely[:alternatives]))
        return made

    def _places(self, text: Sequence[str]) -> list[list[int]]:
        """For each place of a text that fits, the classes that may stand there, the others being as they are."""
        steps = self.pattern.steps
        before = [0]  # the state that each character is read in
        for char in text[:-1]:
            before.append(steps[before[-1]][char])
        after = set(self.pattern.ends)  # the states from which the rest of the text leads to an end
        places: list[list[int]] = []
        for state, char in zip(before[::-1], text[::-1], strict=True):
            fitting = (other for other, target in steps[state].items() if target in after)
            places.append([self._classes[other] for other in fitting if other in self._classes])
            after = {other for other, step in enumerate(steps) if step.get(char) in after}
        return places[::-1]

    def _best(self, logits: ctc.Logits, known: ctc.Frames | None) -> list[int]:
        """The classes of the best path (Viterbi).

        A path is, after each frame, in a state with a blank last, or on an arc: its last character is the arc's. An
        arc is entered from its state after a blank, or from an arc that leads to that state with another character.
        """
        columns = np.concatenate(([BLANK], self._cls))
        scores, _ = ctc.opened(logits[:, columns].astype(np.float64), known, columns == BLANK)
        frames, arcs, states = len(scores), len(self._to), len(self.pattern.steps)
        blank = np.full(states, -np.inf)
        blank[0] = 0.0
        label = np.full(arcs, -np.inf)
        # where the best path to each came from: an arc's number, or -1 - s for state s after a blank
        from_blank = np.empty((frames, states), np.int32)
        from_label = np.empty((frames, arcs), np.int32)
        numbers = np.arange(arcs)
        after_blank = -1 - self._from
        for frame, row in enumerate(scores):
            (best, at), (second, second_at) = self._two_best(label, states)
            # the best arc into the state an arc leaves from, unless it has the same character
            same = self._cls[at[self._from]] == self._cls
            before = np.where(same, second[self._from], best[self._from])
            before_at = np.where(same, second_at[self._from], at[self._from])
            entered = np.where(blank[self._from] >= before, blank[self._from], before)
            entered_at = np.where(blank[self._from] >= before, after_blank, before_at)
            stays = label >= entered
            from_label[frame] = np.where(stays, numbers, entered_at)
            from_blank[frame] = np.where(blank >= best, -1 - np.arange(states), at)
            blank = np.maximum(blank, best) + row[0]
            label = np.where(stays, label, entered) + row[1:]
        return self._traced(blank, label, from_blank, from_label)

    def _two_best(self, label: NDArray[Any], states: int) -> tuple[tuple[NDArray[Any], NDArray[Any]], ...]:
        """For each state the best arc that leads there, and the best one with another character than that one's."""
        value, at = self._group_best(label, states)
        rest = np.where(self._cls == self._cls[at[self._to]], -np.inf, label)
        return (value, at), self._group_best(rest, states)

    def _group_best(self, label: NDArray[Any], states: int) -> tuple[NDArray[Any], NDArray[Any]]:
        value, at = np.full(states, -np.inf), np.zeros(states, np.intp)
        best = np.maximum.reduceat(label, self._first)
        value[self._states] = best
        hits = np.flatnonzero(label == value[self._to])[::-1]  # written backwards, the first of equal ones stays
        at[self._to[hits]] = hits
        return value, at

    def _traced(
        self,
        blank: NDArray[Any],
        label: NDArray[Any],
        from_blank: NDArray[np.int32],
        from_label: NDArray[np.int32],
    ) -> list[int]:
        ending = np.flatnonzero(np.isin(self._to, self._ends))
        options = [(blank[state], -1 - int(state)) for state in self._ends]
        options += [(label[arc], int(arc)) for arc in ending]
        value, where = max(options)
        if value == -math.inf:
            return []
        classes: list[int] = []
        for frame in range(len(from_blank) - 1, -1, -1):
            before = int(from_label[frame, where]) if where >= 0 else int(from_blank[frame, -1 - where])
            if where >= 0 and before != where:
                classes.append(int(self._cls[where]))
            where = before
        return classes[::-1]


@lru_cache(maxsize=64)
def _built(name: str) -> tuple[Steps, Ends]:
    steps, ends = compiled(EXPRESSIONS.get(name, name))
    if name == "id":
        steps, ends = _checked(steps, ends)
    if not ends or not any(steps):
        raise SettingsError(f"no text fits the pattern {name!r}")
    return steps, ends


def _checked(steps: Steps, ends: Ends) -> tuple[Steps, Ends]:
    """The automaton of an ID number times a counter of the sum of its check, modulo 11."""
    numbers: dict[tuple[int, int, int], int] = {(0, 0, 0): 0}
    waiting = [(0, 0, 0)]
    made: Steps = []
    while len(made) < len(waiting):
        state, place, rest = waiting[len(made)]
        step = {}
        for char, target in steps[state].items():
            worth = 10 if char == "X" else int(char)
            key = target, place + 1, (rest + worth * ID_WEIGHTS[place]) % 11
            if key not in numbers:
                numbers[key] = len(waiting)
                waiting.append(key)
            step[char] = numbers[key]
        made.append(step)
    return made, frozenset(n for (state, _, rest), n in numbers.items() if state in ends and rest == 1)
