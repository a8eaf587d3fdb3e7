"""Small regular expressions as automata without choice.

Thompson: Regular Expression Search Algorithm, CACM 1968, and the subset construction of Rabin and Scott (1959).
Expressions know characters, ``\\d``, ``\\`` before a special character, sets ``[A-F2]``, ``( | )``, and ``? * + {m}
{m,n}`` behind any of them; they always stand for the whole text. Python's own ``re`` cannot be asked which characters
may come next, which is what a decoder needs to know. No I/O.
"""

from __future__ import annotations

import string
from collections.abc import Iterable
from dataclasses import dataclass

from shizi.errors import SettingsError

MAX_LENGTH = 1000
"""Characters of an expression."""
MAX_DEPTH = 50
"""Brackets within one another."""
MAX_REPEATS = 64
"""Most repeats that ``{m,n}`` may ask for."""
MAX_STATES = 5_000
"""States of the automaton with choices, and of the one without."""
MAX_ARCS = 50_000
"""Pairs of a state and a character that may follow; a step of decoding looks at all of them."""

Steps = list[dict[str, int]]
"""For each state, character -> next state; a text starts in state 0."""
Ends = frozenset[int]
"""States in which a text may end."""


@dataclass(frozen=True, slots=True)
class _Set:
    chars: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Choice:
    """One of several sequences."""

    options: tuple[tuple[_Part, ...], ...]


@dataclass(frozen=True, slots=True)
class _Repeat:
    part: _Part
    least: int
    most: int | None
    """None: any number."""


_Part = _Set | _Choice | _Repeat


def compiled(expression: str) -> tuple[Steps, Ends]:
    """The automaton of an expression.

    Raises:
        SettingsError: it is not well formed, or it or its automaton is too large.
    """
    if len(expression) > MAX_LENGTH:
        raise SettingsError(f"a pattern has at most {MAX_LENGTH} characters, not {len(expression)}")
    builder = _Builder()
    end = builder.add(_Parser(expression).whole(), 0)
    return builder.without_choices(end)


class _Parser:
    """Recursive descent."""

    def __init__(self, text: str) -> None:
        self._text, self._at, self._depth = text, 0, 0

    def whole(self) -> _Choice:
        made = self._choice()
        if self._at < len(self._text):
            raise self._fail("a bracket is closed that was not opened")
        return made

    def _fail(self, why: str) -> SettingsError:
        return SettingsError(f"the pattern {self._text[:80]!r}, character {self._at + 1}: {why}")

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _take(self) -> str:
        char = self._peek()
        if not char:
            raise self._fail("it ends too early")
        self._at += 1
        return char

    def _choice(self) -> _Choice:
        options = [self._sequence()]
        while self._peek() == "|":
            self._at += 1
            options.append(self._sequence())
        return _Choice(tuple(options))

    def _sequence(self) -> tuple[_Part, ...]:
        parts: list[_Part] = []
        while self._peek() not in ("", "|", ")"):
            part = self._item()
            while self._peek() in ("?", "*", "+", "{"):
                part = _Repeat(part, *self._repeats())
            parts.append(part)
        return tuple(parts)

    def _repeats(self) -> tuple[int, int | None]:
        sign = self._take()
        if sign != "{":
            return int(sign == "+"), 1 if sign == "?" else None
        end = max(self._text.find("}", self._at), self._at)
        low, comma, high = self._text[self._at : end].partition(",")
        if not low.isdecimal() or (comma and not high.isdecimal()):
            raise self._fail("repeats are written {m} or {m,n}")
        least, most = int(low), int(high if comma else low)
        if not 0 < most <= MAX_REPEATS or least > most:
            raise self._fail(f"repeats run from a smaller number to a larger one, at most {MAX_REPEATS}")
        self._at = end + 1
        return least, most

    def _item(self) -> _Part:
        char = self._take()
        if char == "(":
            self._depth += 1
            if self._depth > MAX_DEPTH:
                raise self._fail(f"more than {MAX_DEPTH} brackets within one another")
            made = self._choice()
            if self._take() != ")":
                raise self._fail("a bracket is not closed")
            self._depth -= 1
            return made
        if char in "?*+{":
            raise self._fail(f"nothing stands before {char!r}")
        return _Set(self._set() if char == "[" else frozenset(self._escaped() if char == "\\" else char))

    def _escaped(self) -> str:
        char = self._take()
        return string.digits if char == "d" else char

    def _set(self) -> frozenset[str]:
        found: set[str] = set()
        while (char := self._take()) != "]":
            if char == "\\":
                found.update(self._escaped())
            elif self._peek() == "-" and self._text[self._at + 1 : self._at + 2] not in ("]", ""):
                self._at += 1
                last = self._take()
                if not ord(char) <= ord(last) <= ord(char) + MAX_ARCS:
                    raise self._fail(f"{char}-{last} is no range")
                found.update(map(chr, range(ord(char), ord(last) + 1)))
            else:
                found.add(char)
        if not found:
            raise self._fail("a set is empty")
        return frozenset(found)


class _Builder:
    """Thompson's automaton: arcs with characters, and free ones. State 0 is the start."""

    def __init__(self) -> None:
        self._arcs: list[list[tuple[frozenset[str], int]]] = [[]]
        self._free: list[list[int]] = [[]]

    def add(self, part: _Part, start: int) -> int:
        """Add what leads from ``start`` over ``part``, and return where it leads."""
        if isinstance(part, _Set):
            end = self._state()
            self._arcs[start].append((part.chars, end))
            return end
        if isinstance(part, _Repeat):
            return self._repeat(part, start)
        ends = []
        for option in part.options:
            at = self._state(start)  # of its own: a loop inside must not lead into the other options
            for one in option:
                at = self.add(one, at)
            ends.append(at)
        return self._state(*ends)

    def _repeat(self, part: _Repeat, start: int) -> int:
        at = self._state(start)
        for _ in range(part.least):
            at = self.add(part.part, at)
        if part.most is None:
            loop = self._state(at)
            self._free[self.add(part.part, loop)].append(loop)
            return self._state(loop)
        ends = [at]
        for _ in range(part.most - part.least):
            at = self.add(part.part, at)
            ends.append(at)
        return self._state(*ends)

    def _state(self, *before: int) -> int:
        """A new state that is free to reach from those."""
        if len(self._free) >= MAX_STATES:
            raise _too_large()
        self._arcs.append([])
        self._free.append([])
        for state in before:
            self._free[state].append(len(self._free) - 1)
        return len(self._free) - 1

    def without_choices(self, end: int) -> tuple[Steps, Ends]:
        """The subset construction."""
        first = self._closed([0])
        numbers, waiting = {first: 0}, [first]
        steps: Steps = []
        arcs = 0
        while len(steps) < len(waiting):
            targets: dict[str, set[int]] = {}
            for state in waiting[len(steps)]:
                for chars, target in self._arcs[state]:
                    for char in chars:
                        targets.setdefault(char, set()).add(target)
            step = {}
            for char, states in targets.items():
                following = self._closed(states)
                if following not in numbers:
                    numbers[following] = len(waiting)
                    waiting.append(following)
                step[char] = numbers[following]
            steps.append(step)
            arcs += len(step)
            if arcs > MAX_ARCS or len(waiting) > MAX_STATES:
                raise _too_large()
        return steps, frozenset(number for states, number in numbers.items() if end in states)

    def _closed(self, states: Iterable[int]) -> frozenset[int]:
        found, waiting = set(states), list(states)
        while waiting:
            for state in self._free[waiting.pop()]:
                if state not in found:
                    found.add(state)
                    waiting.append(state)
        return frozenset(found)


def _too_large() -> SettingsError:
    return SettingsError("the pattern's automaton is too large: leave repeats or sets away")
