"""What kind of character a character is, and a character as another one that was seen there as well. No I/O."""

from __future__ import annotations

import unicodedata
from dataclasses import replace

from shizi.types import Char

BLANK = " "


def taken(char: Char, text: str, least: float) -> Char:
    """The character as ``text``, if that has ``least`` of its confidence."""
    for other in char.alternatives:
        if char.text != text == other.text and other.confidence >= least * char.confidence:
            rest = tuple(one for one in char.alternatives if one is not other)
            return replace(char, text=text, confidence=min(1.0, char.confidence + other.confidence), alternatives=rest)
    return char


def is_letter(text: str) -> bool:
    """A letter of ASCII?"""
    return text.isascii() and text.isalpha()


def is_wide_punctuation(text: str) -> bool:
    """A mark as wide as a hanzi, with its room built in?"""
    return is_wide(text) and unicodedata.category(text).startswith("P")


def is_chinese(text: str) -> bool:
    """A hanzi, or another wide character that is no punctuation?"""
    return is_wide(text) and not unicodedata.category(text).startswith("P")


def is_of_word(text: str) -> bool:
    """A hanzi, or a letter or figure of ASCII?"""
    return is_chinese(text) or (text.isascii() and text.isalnum())


def is_wide(text: str) -> bool:
    """As wide as a hanzi?"""
    return len(text) == 1 and unicodedata.east_asian_width(text) in "WF"
