"""Tidying the text that was read: rules on a line's characters, each with a switch in TextSettings. No I/O."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from shizi.settings import TextSettings
from shizi.types import Char

BLANK = " "

# Chinese and English print share these code points, so what stands on their other side decides.
_SHARED = frozenset("“”‘’…—·～")


def tidy(chars: Sequence[Char], settings: TextSettings) -> tuple[Char, ...]:
    """The characters of a line that are kept, in order, each as it was; the line's text is their texts joined.

    Tidying a second time changes nothing.
    """
    if settings.han_blanks:
        chars = _han_blanks(chars)
    if settings.trim:
        chars = _trim(chars)
    return tuple(chars)


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
