"""Tidying the text that was read: rules on a line's characters, each with a switch in TextSettings. No I/O."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import replace

from shizi.settings import TextSettings
from shizi.types import Char

BLANK, DASH = " ", "—"
PLAUSIBLE = 0.1
"""Share of a letter's confidence that its other case has at least for the word to decide between them."""
LIKELY = 0.2
"""The same of a letter and a figure that look alike, which most fonts tell apart better than two cases."""
WORD = 3
"""Letters of a word at least that is not likely to end with a figure."""

HANZI = 3
"""So many hanzi make a line one of Chinese, whatever figures stand beside them: 2026年11月22日."""
HATCHED = 4
"""Strokes in a row from which they are a hatching."""
STROKES = frozenset("|~=-_≡川三二一lIi")
"""What bars, waves and grilles are read as."""

_ALIKE = frozenset("cosuvwxz")
_ROUND, _UPRIGHT = ("0", "O", "o"), ("1", "I", "l", "|")
"""Of one shape each: the figure, the capital, the small letter, and what is neither."""
_MISTAKABLE = frozenset(_ROUND + _UPRIGHT)
_ENDS, _BULLETS = frozenset("，、。."), frozenset("•·")
_CENTS = re.compile(r"(?<![0-9.,])[0-9]+(,)[0-9]{2}(?![0-9.,])")

_NARROW = dict(zip("，：；！？（）．", ",:;!?().", strict=True))
_SPACED = frozenset(",:;!?")
"""Marks that a blank follows in English."""
_CLOSE = frozenset(" ,.:;!?)/")
"""But not before these: http://."""

# Chinese and English print share these code points, so what stands on their other side decides.
_SHARED = frozenset("“”‘’…—·～")


def is_ascii(line: str) -> bool:
    """Is a line letters, figures and marks of ASCII for the most part, with few hanzi?"""
    hanzi = sum("\u3400" <= char <= "\u9fff" for char in line)
    return 2 * sum(char.isascii() for char in line) > len(line) and hanzi < HANZI


def is_hatching(line: str) -> bool:
    """Is a line one stroke over and over, as borders, grilles and rules are read?"""
    seen = line.replace(" ", "")
    most = max(map(seen.count, STROKES & set(seen)), default=0)
    return most >= HATCHED and 4 * most >= 3 * len(seen)


def tidy(chars: Sequence[Char], settings: TextSettings) -> tuple[Char, ...]:
    """The characters of a line that are kept, in order; the line's text is their texts joined.

    Each is as it was, but for letters that change to their other case or to a figure, or back, and full-width marks of
    English lines, which become a half-width one and the blank that they had built in. Tidying a second time changes
    nothing.
    """
    if settings.alike:
        chars = _bullet(_ones(_points(_one_kind(chars))))
    if settings.case:
        chars = _one_case(chars)
    if settings.han_blanks:
        chars = _han_blanks(chars)
    if settings.marks:
        chars = _narrow_marks(chars)
    if settings.trim:
        chars = _trim(chars)
    return tuple(chars)


def _one_kind(chars: Sequence[Char]) -> list[Char]:
    """Figures and letters of one shape are what they stand among: 6OO is 600, BO2 is B02, Tota1 is Total, A| is AI.

    Only where the network saw that as well: it stands among the alternatives with at least :data:`LIKELY` of the
    character's confidence, a letter for another one of its shape with :data:`PLAUSIBLE`.
    """
    made = list(chars)
    start = 0
    while start < len(chars):
        end = start
        while end < len(chars) and _in_word(chars[end].text):
            end += 1
        word = "".join(char.text for char in chars[start:end])
        for at, text in enumerate(word):
            if text in _MISTAKABLE:
                wanted = _kind(word, at)
                least = LIKELY if wanted.isdigit() or text.isdigit() else PLAUSIBLE
                made[start + at] = _as(chars[start + at], wanted, least)
        start = max(end, start + 1)
    return made


def _points(chars: Sequence[Char]) -> list[Char]:
    """The comma of 11,60 is a point, where the network saw that as well: before thousands three figures stand."""
    made = list(chars)
    for found in _CENTS.finditer("".join(char.text for char in chars)):
        made[found.start(1)] = _as(chars[found.start(1)], ".", LIKELY)
    return made


def _ones(chars: Sequence[Char]) -> list[Char]:
    """A dash beside a hanzi and no other dash is 一, where that was seen as well: 选项一, “一带一路”.

    A Chinese dash is two of them.
    """
    made = list(chars)
    around = [BLANK, *(char.text for char in chars), BLANK]
    for at, (before, seen, after) in enumerate(zip(around, around[1:], around[2:], strict=False)):
        if seen == DASH and DASH not in (before, after) and (_chinese(before) or _chinese(after)):
            made[at] = _as(made[at], "一", PLAUSIBLE)
    return made


def _bullet(chars: Sequence[Char]) -> Sequence[Char]:
    """The comma or stop that a line seems to begin with is a bullet, where that was seen as well: no line begins so."""
    if len(chars) < 2 or chars[0].text not in _ENDS or (chars[0].text == "." and not _before(chars[1].text)):
        return chars
    bullets = [one for one in chars[0].alternatives if one.text in _BULLETS]
    best = max(bullets, key=lambda one: one.confidence, default=None)
    return chars if best is None else [_as(chars[0], best.text, PLAUSIBLE), *chars[1:]]


def _before(text: str) -> bool:
    """May it follow a bullet? A point is one only there: .com begins with a point."""
    return text == BLANK or _chinese(text)


def _in_word(text: str) -> bool:
    return text == "|" or (text.isascii() and text.isalnum())


def _kind(word: str, at: int) -> str:
    """What the figure or letter ``at`` a word is by what tells a kind there; itself where nothing does."""
    seen = word[at]
    figure, capital, small, *_ = _ROUND if seen in _ROUND else _UPRIGHT
    plain = [(i, char) for i, char in enumerate(word) if char not in _MISTAKABLE and char.lower() not in _ALIKE]
    before = next((char for i, char in reversed(plain) if i < at), "")
    after = next((char for i, char in plain if i > at), "")
    told = [char for _, char in plain]
    if not seen.isdigit() and (after.isdigit() or (before.isdigit() and all(map(str.isdigit, told)))):
        return figure
    if any(map(str.isdigit, told)) or not told:
        return seen
    if seen.isdigit():  # 1st and 1kg begin with one, h1 ends with one
        if before.islower() and (after or len(told) >= WORD):
            return small
        return capital if before.isupper() and after.isupper() else seen
    if seen in "l|" and all(map(str.isupper, told)) and len(told) >= (1 if seen == "|" else 2):
        return capital
    if seen in "I|" and before.islower() and all(map(str.islower, told[1:])):
        return small
    return seen


def _one_case(chars: Sequence[Char]) -> list[Char]:
    """Letters whose cases differ in size alone (OcR, nOt) take the case of the other letters of their word.

    Only where the network saw that case too, or nearly: it stands among the alternatives with at least
    :data:`PLAUSIBLE` of the letter's confidence. Then the two confidences are one: what was seen is the shape.
    """
    made = list(chars)
    start = 0
    while start < len(chars):
        end = start
        while end < len(chars) and chars[end].text.isascii() and chars[end].text.isalpha():
            end += 1
        # the first letter of a word may be a capital whatever the others are
        told = [char.text for char in chars[start + 1 : end] if char.text.lower() not in _ALIKE]
        for at in range(start, end):
            if chars[at].text.lower() not in _ALIKE or not told:
                continue
            if all(text.isupper() for text in told):
                made[at] = _as(chars[at], chars[at].text.upper(), PLAUSIBLE)
            elif at > start and all(text.islower() for text in told):
                made[at] = _as(chars[at], chars[at].text.lower(), PLAUSIBLE)
        start = max(end, start + 1)
    return made


def _as(char: Char, text: str, least: float) -> Char:
    """The character as ``text``, if that has ``least`` of its confidence."""
    for other in char.alternatives:
        if char.text != text == other.text and other.confidence >= least * char.confidence:
            rest = tuple(one for one in char.alternatives if one is not other)
            return replace(char, text=text, confidence=min(1.0, char.confidence + other.confidence), alternatives=rest)
    return char


def _narrow_marks(chars: Sequence[Char]) -> Sequence[Char]:
    """Full-width marks as half-width ones, in a line that has letters of ASCII and nothing Chinese.

    Without letters it may as well be part of a Chinese text: （1）, 12：30. A comma or colon that a character follows
    stands on the left of its place, a blank on the right; an opening bracket's blank is left to what was seen. What
    stays full-width (。) has its room built in.
    """
    texts = [char.text for char in chars]
    if _NARROW.keys().isdisjoint(texts) or any(map(_chinese, texts)) or not any(map(_letter, texts)):
        return chars
    made: list[Char] = []
    for char, following in zip(chars, [*texts[1:], BLANK], strict=True):
        narrow, after = _NARROW.get(char.text), _NARROW.get(following, following)
        if narrow is None:
            made.append(char)
        elif narrow in _SPACED and after not in _CLOSE and not _wide_punctuation(after):
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


def _letter(text: str) -> bool:
    return text.isascii() and text.isalpha()


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
    inked = [index for index, char in enumerate(chars) if char.text != BLANK]
    return chars[inked[0] : inked[-1] + 1] if inked else ()


def _needless(before: str, after: str) -> bool:
    """Whether the blanks between two characters are dropped; an empty string is the line's end."""
    if _wide_punctuation(before) or _wide_punctuation(after):
        return True
    sides = (before, after)
    return any(_chinese(side) for side in sides) and all(_chinese(side) or side in _SHARED for side in sides)


def _wide_punctuation(text: str) -> bool:
    return _wide(text) and unicodedata.category(text).startswith("P")


def _chinese(text: str) -> bool:
    return _wide(text) and not unicodedata.category(text).startswith("P")


def _wide(text: str) -> bool:
    return len(text) == 1 and unicodedata.east_asian_width(text) in "WF"
