"""Tidying the text that was read: rules on a line's characters, each with a switch in TextSettings. No I/O."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace

from shizi.alike import HANZI, told_apart
from shizi.script import BLANK, is_chinese, is_letter, is_wide_punctuation
from shizi.settings import TextSettings
from shizi.types import Char

HATCHED = 4
"""Strokes in a row from which they are a hatching."""
RINGED, NOUGHTS = 10, 17
"""Rings and zeros in a row from which they are a border; a card's number has sixteen figures."""
WORDS = 4
"""Other characters in a line from which on it is text, with a rule of dashes behind it."""
HALF = 12
"""Characters of a line at most that is taken for one that lost a bracket, not for one that goes on in the next."""
CLOSED = 0.6
"""Confidence of a bracket that closes an empty place, at least, and of what shows that it is not empty."""
STROKES = frozenset("|~=-_≡川三二一lIi<")
"""What bars, waves and grilles are read as, and what fills the lines of passports."""
RINGS = frozenset("oO○〇◎")
"""What borders of rings are read as."""

_NARROW = dict(zip("，：；！？（）．", ",:;!?().", strict=True))
_SPACED = frozenset(",:;!?")
"""Marks that a blank follows in English."""
_CLOSE = frozenset(" ,.:;!?)/")
"""But not before these: http://."""

_BRACKETS = {"(": ")）", "（": "）)", "[": "]", "【": "】", "〔": "〕"}
"""Opening brackets, and what closes each."""

_EITHER = frozenset(BLANK.join((*_BRACKETS, *_BRACKETS.values())))

_LEADER = re.compile(r"(?<=[一-鿿]) \.{1,2}$")

# Chinese and English print share these code points, so what stands on their other side decides.
_SHARED = frozenset("“”‘’…—·～")


def is_ascii(line: str) -> bool:
    """Is a line letters, figures and marks of ASCII for the most part, with few hanzi?"""
    hanzi = sum("\u3400" <= char <= "\u9fff" for char in line)
    return 2 * sum(char.isascii() for char in line) > len(line) and hanzi < HANZI


def is_hatching(line: str) -> bool:
    """Is a line one stroke over and over, or rings, as borders, grilles and rules are read?"""
    seen = line.replace(" ", "")
    return any(
        most >= least and 4 * most >= 3 * len(seen) and sum(char not in shapes for char in seen) < WORDS
        for shapes, least in ((STROKES, HATCHED), (RINGS, RINGED), (RINGS | {"0"}, NOUGHTS))
        for most in [max(map(seen.count, shapes & set(seen)), default=0)]
    )


def is_open(line: str) -> bool:
    """Does a line end with an opening bracket? None is printed so: behind it stands a gap for an answer, and more."""
    return line[-1:] in _BRACKETS


def is_half(line: str) -> bool:
    """Does a short line begin with a bracket that nothing closes, or end with one that nothing opens?"""
    if not 0 < len(line) <= HALF:
        return False
    opening = {start for start, ends in _BRACKETS.items() if line[-1] in ends}
    closing = _BRACKETS.get(line[0], "")
    return (bool(opening) and opening.isdisjoint(line)) or (bool(closing) and set(closing).isdisjoint(line))


def bare(line: str) -> str:
    """A line without its brackets and blanks."""
    return "".join(char for char in line if char not in _EITHER)


def closing(chars: Sequence[Char]) -> Char | None:
    """Of a line's characters the one that closes its last opening bracket, if nothing but doubtful ones stand between:
    the ground of an empty place is read as dashes."""
    start = max((at for at, char in enumerate(chars) if char.text in _BRACKETS), default=len(chars))
    for char in chars[start + 1 :]:
        if char.text in _BRACKETS[chars[start].text] and char.confidence >= CLOSED:
            return char
        if char.text != BLANK and char.confidence >= CLOSED:
            return None
    return None


def tidy(chars: Sequence[Char], settings: TextSettings) -> tuple[Char, ...]:
    """The characters of a line that are kept, in order; the line's text is their texts joined.

    Each is as it was, but for letters that change to a figure, or back, and full-width marks of
    English lines, which become a half-width one and the blank that they had built in. Tidying a second time changes
    nothing.
    """
    if settings.alike:
        chars = told_apart(chars)
    if settings.han_blanks:
        chars = _han_blanks(chars)
    if settings.marks:
        chars = _narrow_marks(chars)
    if settings.trim:
        chars = _trim(chars)
    return tuple(chars)


def _narrow_marks(chars: Sequence[Char]) -> Sequence[Char]:
    """Full-width marks as half-width ones, in a line that has letters of ASCII and nothing Chinese.

    Without letters it may as well be part of a Chinese text: （1）, 12：30. A comma or colon that a character follows
    stands on the left of its place, a blank on the right; an opening bracket's blank is left to what was seen. What
    stays full-width (。) has its room built in.
    """
    texts = [char.text for char in chars]
    if _NARROW.keys().isdisjoint(texts) or any(map(is_chinese, texts)) or not any(map(is_letter, texts)):
        return chars
    made: list[Char] = []
    for char, following in zip(chars, [*texts[1:], BLANK], strict=True):
        narrow, after = _NARROW.get(char.text), _NARROW.get(following, following)
        if narrow is None:
            made.append(char)
        elif narrow in _SPACED and after not in _CLOSE and not is_wide_punctuation(after):
            made.append(replace(_said(char, narrow), quad=char.quad.between(0, 0.5)))
            made.append(Char(BLANK, made[-1].confidence, char.quad.between(0.5, 1)))
        else:
            made.append(_said(char, narrow))
    return made


def _said(char: Char, text: str) -> Char:
    """The same mark in its other width; what was seen is its shape, so the confidences of both are one."""
    rest = tuple(one for one in char.alternatives if one.text != text)
    more = math.fsum(one.confidence for one in char.alternatives if one.text == text)
    return replace(char, text=text, confidence=min(1.0, char.confidence + more), alternatives=rest)


def _han_blanks(chars: Sequence[Char]) -> list[Char]:
    """Drop blanks between two Chinese characters and beside full-width punctuation, which has its room built in.

    Blanks between Latin words or digits, and between Chinese and Latin, stay as they were seen.
    """
    kept: list[Char] = []
    start = 0
    while start < len(chars):
        end = start + 1
        if chars[start].text == BLANK:
            while end < len(chars) and chars[end].text == BLANK:
                end += 1
            before = chars[start - 1].text if start else ""
            after = chars[end].text if end < len(chars) else ""
            if not _needless(before, after):
                kept += chars[start:end]
        else:
            kept.append(chars[start])
        start = end
    return kept


def _trim(chars: Sequence[Char]) -> Sequence[Char]:
    """Without blanks at the ends, and without the points behind a hanzi and a blank that a leader begins with."""
    inked = [index for index, char in enumerate(chars) if char.text != BLANK]
    kept = chars[inked[0] : inked[-1] + 1] if inked else ()
    led = _LEADER.search("".join(char.text for char in kept[-4:]))
    return kept[: -len(led[0])] if led else kept


def _needless(before: str, after: str) -> bool:
    """Whether the blanks between two characters are dropped; an empty string is the line's end."""
    if is_wide_punctuation(before) or is_wide_punctuation(after):
        return True
    sides = (before, after)
    return any(is_chinese(side) for side in sides) and all(is_chinese(side) or side in _SHARED for side in sides)
