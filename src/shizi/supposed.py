"""Characters that a line has to have, though they were not seen: of references, hidden numbers, passports. No I/O.

Nothing of the sort is sure, and its confidence is :data:`SUPPOSED` at most, but what fills the lines of a passport.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace

from shizi.types import Char

BLANK, STOP, STAR = " ", "。", "*"
SUPPOSED = 0.4
"""Confidence at most of what was not seen by itself."""
CLEAR = 0.7
"""Confidence from which on a mark behind the medium of a reference is what it was read as."""
POINTED = 0.1
"""Share of a pause's confidence that points and stops have at least for it to be the point before a title."""
HIDDEN = 4
"""Figures of a mobile number that stars stand for: 138****8000."""

PASSPORT = 44
"""Characters of each of the two lines of a passport that machines read (ICAO 9303, part 4), which < fills."""

_REFERENCE = re.compile(r"\[?[0-9]{1,3}\](?= ?[A-Z一-鿿])")  # a list in a program may end with 3] as well
_MEDIUM = re.compile(
    r"(?<=\[)[ACDGJMNPRSZ](?![\]/0-9A-Za-z])"  # not closed, not opened, neither
    r"|(?<![\[/0-9A-Za-z])[ACDGJMNPRSZ](?=\])"
    r"|(?<=[一-鿿])J(?=[.,，。 ])"
)
_BENT = re.compile("(?<=[一-鿿])[uU](?=J|\\]|[.,，。] ?[一-鿿])")
_TITLED = re.compile(r"\[(?:[ACDGJMNPRSZ]|[A-Z]{1,2}/OL)\](?P<mark>[.,，。、]?)(?= ?[A-Za-z一-鿿])")
_PAUSES = frozenset(",，、")
_NAMED = re.compile("[.,，。、]")  # who wrote it stands before its title
_NAMED_ON = re.compile("P[A-Z<][A-Z]{3}[A-Z]+(?:<[A-Z]+)*<(?:<[A-Z]+)*(?P<fill><+)")
_NUMBERED_ON = re.compile("[A-Z0-9<]{9}[0-9<][A-Z<]{3}[0-9]{7}[MFX<][0-9]{7}(?P<fill><+)[0-9<]?[0-9]")
_MOBILE = re.compile(r"(?<![0-9*])1[3-9][0-9]([0-9*]{2,5})[0-9]{4}(?![0-9*])")


def restored(chars: Sequence[Char]) -> Sequence[Char]:
    """The characters of a line, and between them those that it has to have. A second time changes nothing."""
    line = "".join(char.text for char in chars)
    if len(line) != len(chars):
        return chars
    number = _REFERENCE.match(line)
    if number:
        return _reference(chars, line, number.end())
    return _passport(chars) if "<<" in line else _masked(chars, line)


def _reference(chars: Sequence[Char], line: str, start: int) -> Sequence[Char]:
    """The first line of a reference: of [1] and of the medium, [J] or [M] (GB/T 7714), both thin brackets are there.

    Beside a narrow letter or figure they are seen as parts of it, and a lone J behind a title has lost both. Behind
    the medium stands a point, which is small, and before the title another one, and no stop of Chinese; where none was
    seen, it is the pause that is likeliest one.
    """
    made = list(chars)
    for bent in _BENT.finditer(line, start):  # a thin bracket and the hook of the J are one
        made[bent.start()] = _supposed(made[bent.start()], "[" if line[bent.end()] == "J" else "J")
    line = "".join(char.text for char in made)
    for medium in reversed(list(_MEDIUM.finditer(line, start))):
        at = medium.start()
        made[at : at + 1] = _bracketed(made[at], line[at - 1] != "[", line[at + 1 : at + 2] != "]")
    if line[0] != "[":
        made[:1] = _bracketed(made[0], True, False)
    found = _TITLED.search("".join(char.text for char in made))
    if found is None or not _NAMED.search(found.string, start, found.start()):
        return made
    at = found.start("mark")
    if found["mark"] not in ("", ".") and made[at].confidence >= CLEAR:
        return made
    if not found["mark"]:
        made[at - 1 : at] = _parted(made[at - 1], 0.75, made[at - 1].text, ".")
    else:
        made[at] = _supposed(made[at], ".")
    for at in range(found.start() - 1, 0, -1):
        if made[at].text == STOP:  # as wide as a hanzi, with room behind it
            made[at : at + 1] = _parted(_supposed(made[at], "."), 0.5, ".", BLANK)
    if not {".", STOP} & set(found.string[start : found.start()]):
        pauses = [(_pointed(made[at]), at) for at in range(start, found.start()) if made[at].text in _PAUSES]
        share, at = max(pauses, default=(0.0, 0))
        if share >= POINTED:
            made[at] = _supposed(made[at], ".")
    return made


def _passport(chars: Sequence[Char]) -> Sequence[Char]:
    """Lines of a passport are filled up: of many < beside one another some are not seen, or seen apart."""
    made = [char for char in chars if char.text != BLANK]
    line = "".join(char.text for char in made)
    found = _NAMED_ON.fullmatch(line) or _NUMBERED_ON.fullmatch(line)
    if found is None:
        return chars
    at, missing = found.end("fill") - 1, PASSPORT - len(line)
    if missing <= 0:
        return made
    last, count = made[at], missing + 1
    more = [replace(last, quad=last.quad.between(k / count, (k + 1) / count)) for k in range(count)]
    return [*made[:at], *more, *made[at + 1 :]]


def _masked(chars: Sequence[Char], line: str) -> Sequence[Char]:
    """A mobile number with four of its figures hidden has four stars, which stand close together: some are not seen."""
    made = list(chars)
    for found in reversed(list(_MOBILE.finditer(line))):
        stars = made[found.start(1) : found.end(1)]
        if STAR not in found[1] or not all(char.text == STAR or _may_be(char, STAR) for char in stars):
            continue
        if len(stars) == HIDDEN:
            made[found.start(1) : found.end(1)] = [_supposed(char, STAR) for char in stars]
            continue
        place, sure = stars[0].quad.reaching(stars[-1].quad), min(*(char.confidence for char in stars), SUPPOSED)
        parts = [place.between(at / HIDDEN, (at + 1) / HIDDEN) for at in range(HIDDEN)]
        made[found.start(1) : found.end(1)] = [Char(STAR, sure, part) for part in parts]
    return made


def _pointed(char: Char) -> float:
    """Share of its confidence that points and stops have."""
    others = math.fsum(one.confidence for one in char.alternatives if one.text in (".", STOP))
    return others / char.confidence if char.confidence else 0.0


def _may_be(char: Char, text: str) -> bool:
    return any(one.text == text for one in char.alternatives)


def _supposed(char: Char, text: str) -> Char:
    """The character as ``text``, whatever was seen."""
    return char if char.text == text else replace(char, text=text, confidence=min(char.confidence, SUPPOSED))


def _parted(char: Char, share: float, first: str, second: str) -> list[Char]:
    """A character as two, the first one in this share of its place, and the second one supposed."""
    ahead = replace(char, text=first, quad=char.quad.between(0, share))
    return [ahead, Char(second, min(char.confidence, SUPPOSED), char.quad.between(share, 1))]


def _bracketed(char: Char, opened: bool, closed: bool) -> list[Char]:
    """A character with the brackets before and behind it, each in a quarter of its place."""
    start, end = 0.25 * opened, 1 - 0.25 * closed
    sure = min(char.confidence, SUPPOSED)
    made = [Char("[", sure, char.quad.between(0, start))] if opened else []
    made.append(replace(char, quad=char.quad.between(start, end)))
    return made + ([Char("]", sure, char.quad.between(end, 1))] if closed else [])
