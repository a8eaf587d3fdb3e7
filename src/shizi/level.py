"""Marks told by where their ink stands in the line: dots between words, degrees, bars, signs of times, dashes. No I/O.

The network has seen few of them: to it the dot of 3小时前 · 北京 is a comma or a stop, if a doubtful one, the sign of
12~20° is a zero, the bar between 首页 | 新闻 is an l, and the dash of 新闻 - 首页 is 一.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from shizi.alike import DASH, PAUSES, SURELY
from shizi.script import BLANK, is_chinese, is_of_word, taken
from shizi.types import Char

HIGHEST, LOWEST, MIDDLE = 0.3, 0.68, 0.58
"""Where a dot begins and ends, and the lowest middle of it: shares of the height of the characters beside it."""
DEEP = 0.5
"""Share of the deepest ink of some columns that counts as ink there: blur and grain are less."""
FAINT = 0.12
"""Contrast, of black on white 1, below which there is no ink at all."""
CLEAR = 0.8
"""Confidence of the characters beside a mark at least: those who write by hand put theirs anywhere."""
WIDE, RING = 0.34, 0.5
"""Width of a dot, and of a sign of degrees, at most, in heights of the line."""
RAISED = 0.62
"""Where a sign of degrees ends at the lowest."""
BELOW, THIN = 3, 0.2
"""Rows of 32 that a bar reaches below what stands beside it, at least, one less where it was seen as well; and its
width at most, in its own height."""
SIGN = 0.03
"""Share of its confidence that the bar has at least in what may be a mark of exclamation, a dash in 一, an arrow."""
ABOVE, UNDER = 0.9, 0.12
"""Where the sign of times ends at the lowest, and begins at the highest: shares of the height of the figure behind."""
SHORT = 0.6
"""Width of a single dash at most, in heights of the characters beside it."""
APART, ASIDE, CLOSE = 0.5, 0.35, 0.3
"""Room on both sides of a dash at least; on both sides of an arrow, and on the inner side of two dashes around a line;
that between other characters is less: the same in heights of the line."""
THICK, FLAT = 0.18, 0.35
"""Height of an arrow at least, and of a dash at most, in heights of the line."""
_RINGS, _FIGURES = frozenset("09oO。"), frozenset("0123456789")
_LONE, _BARS = frozenset("lI1"), frozenset("lI1|/!！｜丨[]")
"""What a bar is taken for, and what of it has to stand alone."""
_DASHES, _LEVEL = frozenset("一—"), frozenset("—-－")

Place = tuple[float, float, float]
"""The column of a strip that shows a character, the first and the last that may be its."""


def told(chars: Sequence[Char], strip: NDArray[np.float32], places: Sequence[Place]) -> list[Char]:
    """The characters of a line: doubtful pauses between two words that stand in its middle are dots, rings that stand
    at the head of the figure before them are signs of degrees, a letter in the middle of the figure behind it is the
    sign of times, thin strokes that reach below the line are bars, and 一 that stands apart is a dash.

    ``places`` has for each its place on the (32, W) ``strip``.
    """
    made = _rings(_dots(chars, strip, places), strip, places)
    line = _Inked(made, strip, places)
    for at, char in enumerate(made):
        if char.text in "xX" and line.is_sign(at):
            made[at] = _said(char, "×")
        elif char.text in _BARS and line.is_bar(at):
            others = tuple(one for one in char.alternatives if one.text not in _BARS)  # no word's letter any more
            made[at] = replace(char, text="|", alternatives=others)
        elif char.text in _DASHES:
            made[at] = line.dash(at)
    return made


def _said(char: Char, text: str) -> Char:
    """The character as ``text``, whatever was seen."""
    return replace(char, text=text, alternatives=tuple(one for one in char.alternatives if one.text != text))


@dataclass(frozen=True)
class _Ink:
    """Columns and rows of a strip that the ink of a character takes."""

    left: int
    right: int
    head: int
    foot: int
    whole: bool
    """In every row between its head and its foot?"""

    @property
    def wide(self) -> int:
        return self.right - self.left

    @property
    def high(self) -> int:
        return self.foot - self.head


class _Inked:
    """The characters of a line, and the ink of each."""

    def __init__(self, chars: Sequence[Char], strip: NDArray[np.float32], places: Sequence[Place]) -> None:
        self.chars, self._strip, self._places = tuple(chars), strip, places
        self._text = "".join(char.text for char in chars)
        pairs = list(pairwise(at for at, char in enumerate(chars) if char.text != BLANK))
        self._after = dict(pairs)
        self._before = {after: before for before, after in pairs}

    @cached_property
    def _ink(self) -> NDArray[np.float32]:
        return np.float32(np.median(self._strip[::2, ::2])) - self._strip

    def is_sign(self, at: int) -> bool:
        """Does a letter stand between the head and the foot of the figure behind it, and touch neither?"""
        after = self._after.get(at)
        if after is None or self.chars[after].text not in _FIGURES:
            return False
        own, figure = self._own(at), self._beside(after)
        if own is None or figure is None:
            return False
        head, foot = (own.head - figure.head) / figure.high, (own.foot - figure.head) / figure.high
        return head >= UNDER and foot <= ABOVE

    def is_bar(self, at: int) -> bool:
        """Is it one thin stroke that reaches below the characters beside it?"""
        char, around = self.chars[at], self._around(at)
        if char.text in _LONE and not all(_is_apart(one) for one in self._next(at)):
            return False
        if char.text == "1" and taken(char, "|", 0.0) is char:
            return False
        others = [self._beside(one) for one in around if is_of_word(self.chars[one].text)]
        clear = [one for one in others if one is not None]
        own = self._own(at) if clear else None
        if own is None or not own.whole or own.wide > THIN * own.high:
            return False
        seen = char.text in "|｜" or any(taken(char, bar, SIGN) is not char for bar in "|｜")
        if char.text in "!！":
            return len(clear) == 2 and seen and min(self._room(own, one) for one in clear) >= APART * own.high
        if char.text in "[]" and not ("[" in self._text) ^ ("]" in self._text):
            return False
        return own.foot >= min(one.foot for one in clear) + BELOW - seen

    def dash(self, at: int) -> Char:
        """一 or a dash as what it is: apart from the characters beside it, it is a dash or an arrow."""
        char, around = self.chars[at], self._around(at)
        seen = math.fsum(one.confidence for one in char.alternatives if one.text in _LEVEL)
        arrow = taken(char, "→", SIGN)
        if arrow is char and (char.text == DASH or seen < SIGN * char.confidence):
            return char  # blurred, 一 is a part of itself
        others = [self._beside(one) if is_of_word(self.chars[one].text) else None for one in around]
        clear = [one for one in others if one is not None]
        own = self._own(at) if len(clear) == len(around) and clear else None
        if own is None:
            return char
        high = max(one.high for one in clear)
        rooms = [self._room(own, one) / high for one in clear]
        thick = own.high >= THICK * high and own.wide > SHORT * high
        if arrow is not char and len(clear) == 2 and thick and min(rooms) >= ASIDE:
            return arrow
        if char.text == DASH or seen < SIGN * char.confidence or not own.whole or own.high > FLAT * high:
            return char
        least = APART if len(clear) == 2 else ASIDE
        if min(rooms) < least or (len(clear) == 1 and not self._is_framed()) or self._usual_room() > CLOSE * high:
            return char
        return _said(char, DASH if own.wide > SHORT * high else "-")

    def _is_framed(self) -> bool:
        """Has the line dashes at both ends?"""
        return len(self.chars) > 2 and {self.chars[0].text, self.chars[-1].text} <= _DASHES

    def _usual_room(self) -> float:
        """Median of the columns between neighbouring characters that are no dashes."""
        pairs = [pair for pair in self._after.items() if not _DASHES & {self.chars[one].text for one in pair}]
        inks = [(self._beside(left, 0.0), self._beside(right, 0.0)) for left, right in pairs]
        rooms = [self._room(left, right) for left, right in inks if left is not None and right is not None]
        return float(np.median(rooms)) if rooms else np.inf

    def _next(self, at: int) -> list[str]:
        return [self.chars[one].text if 0 <= one < len(self.chars) else BLANK for one in (at - 1, at + 1)]

    def _around(self, at: int) -> list[int]:
        """The characters before and behind one, but for blanks."""
        return [one for one in (self._before.get(at), self._after.get(at)) if one is not None]

    @staticmethod
    def _room(one: _Ink, other: _Ink) -> int:
        return max(one.left, other.left) - min(one.right, other.right)

    def _own(self, at: int) -> _Ink | None:
        """The ink of a mark, which has all the room between the characters beside it."""
        before, after = self._before.get(at), self._after.get(at)
        left = 0.0 if before is None else self._places[before + 1][1]
        right = float(self._strip.shape[1]) if after is None else self._places[after - 1][2]
        return self._within(left, right, self._places[at][0])

    def _beside(self, at: int, least: float = CLEAR) -> _Ink | None:
        """The ink of a character that the network is sure of."""
        _, left, right = self._places[at]
        return self._within(left, right) if self.chars[at].confidence >= least else None

    def _within(self, left: float, right: float, at: float | None = None) -> _Ink | None:
        first, last = max(0, round(left)), min(self._strip.shape[1], round(right))
        columns = _inked(self._ink[:, first:last], axis=0)
        if not columns.size:
            return None
        own = columns if at is None else _nearest(columns, at - first)
        left, right = first + int(own[0]), first + int(own[-1]) + 1
        rows = _inked(self._ink[:, left:right], axis=1)
        head, foot = int(rows[0]), int(rows[-1]) + 1
        return _Ink(left, right, head, foot, len(rows) == foot - head)


def _is_apart(text: str) -> bool:
    """Is a stroke beside it none of a word's?"""
    return text == BLANK or text in _BARS or is_chinese(text)


def _dots(chars: Sequence[Char], strip: NDArray[np.float32], places: Sequence[Place]) -> list[Char]:
    made = list(chars)
    words = [at for at, char in enumerate(chars) if char.text != BLANK]
    for before, at, after in zip(words, words[1:], words[2:], strict=False):
        char, beside = chars[at], (chars[before], chars[after])
        if char.text not in PAUSES or char.confidence >= SURELY:
            continue
        if not all(is_of_word(one.text) and one.confidence >= CLEAR for one in beside):
            continue
        mark = places[before + 1][1], places[after - 1][2]  # blanks beside it are its own
        found = stands(strip, places[at][0], mark, (places[before][1], places[after][2]))
        if found and found[0] >= HIGHEST and found[1] <= LOWEST and sum(found) / 2 <= MIDDLE:
            made[at] = _said(char, "·")
    return made


def _rings(chars: Sequence[Char], strip: NDArray[np.float32], places: Sequence[Place]) -> list[Char]:
    made = list(chars)
    for at, (before, char) in enumerate(pairwise(chars), 1):
        ends = at + 1 == len(chars) or not chars[at + 1].text.isalnum() or chars[at + 1].text == "C"
        if not (ends and char.text in _RINGS and before.text in _FIGURES):
            continue
        found = stands(strip, places[at][0], places[at][1:], (places[at - 1][1], places[at][2]), RING)
        if found and found[0] < HIGHEST and found[1] <= RAISED:
            made[at] = _said(char, "°")
    return made


def stands(
    strip: NDArray[np.float32],
    at: float,
    mark: tuple[float, float],
    around: tuple[float, float],
    widest: float = WIDE,
) -> tuple[float, float] | None:
    """From where to where the ink of a mark reaches, 0 the head of the characters around it and 1 their foot.

    Args:
        strip: (32, W), dark on light, values one apart from black to white.
        at: the column that shows the mark.
        mark: first and last column that may be the mark's.
        around: the same of the characters beside it, together with the mark.
        widest: width of the mark at most, in heights of those characters.

    Returns:
        None where no narrow mark stands free there.
    """
    left, right = _columns(strip, mark)
    first, last = _columns(strip, around)
    ground = np.float32(np.median(strip[:, first:last]) if last > first else 0.0)
    beside = np.concatenate([strip[:, first:left], strip[:, right:last]], axis=1)
    rows = _inked(ground - beside, axis=1)
    columns = _inked(ground - strip[:, left:right], axis=0)
    if not rows.size or not columns.size:
        return None
    own = _nearest(columns, at - left)
    head, foot = float(rows[0]), float(rows[-1] + 1)
    if len(own) > widest * (foot - head) or own[0] == 0 or own[-1] == right - left - 1:
        return None  # a character, or a part of one that stands beside the mark
    inked = _inked(ground - strip[:, left + own[0] : left + own[-1] + 1], axis=1)
    return float(inked[0] - head) / (foot - head), float(inked[-1] + 1 - head) / (foot - head)


def _nearest(columns: NDArray[np.intp], at: float) -> NDArray[np.intp]:
    """The run of columns with ink that is nearest to where a mark was seen."""
    runs = np.split(columns, np.flatnonzero(np.diff(columns) > 1) + 1)
    return min(runs, key=lambda run: abs(float(run[0] + run[-1]) / 2 - at))


def _columns(strip: NDArray[np.float32], some: tuple[float, float]) -> tuple[int, int]:
    return max(0, round(some[0])), min(strip.shape[1], round(some[1]))


def _inked(ink: NDArray[np.float32], axis: int) -> NDArray[np.intp]:
    """The rows or columns that hold ink."""
    deepest = ink.max(axis=axis, initial=0.0)
    return np.flatnonzero(deepest > max(FAINT, DEEP * float(deepest.max(initial=0.0))))
