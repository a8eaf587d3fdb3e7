"""Characters that look alike: which of them a line has, by what stands around it. No I/O.

Rules decide between what the network saw, the alternatives of a character among it. Where nothing else can stand, they
do without: no line begins with a stop, and no point stands before one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from shizi import rare, supposed
from shizi.script import BLANK, is_chinese, is_letter, is_of_word, taken
from shizi.types import Char

DASH, STOP = "—", "。"
PLAUSIBLE = 0.1
"""Share of a letter's confidence that another one of its shape has at least for the word to decide between them."""
LIKELY = 0.2
"""The same of a letter and a figure, which most fonts tell apart better."""
WORD = 3
"""Letters of a word at least that is not likely to end with a figure."""
SEEN = 0.0
"""Of what stands where nothing else can: that it is among the alternatives at all."""
COMMA = 0.02
"""Share of a point's confidence that the comma before thousands has at least."""
SIGN = 0.02
"""Confidence of the sign of a sum, which has to have one, in place of a figure."""
SHAPELESS = 0.24
"""Share of other marks than a comma together, from which on none of them was seen."""
DEGREE = 0.025
"""Share of a figure's confidence, or a mark's, that the sign of degrees behind a number has at least: it is rare."""
ARROW = 0.05
"""Confidence of an arrow that a figure is taken for, at least."""
YEN = 0.1
"""Share of a dollar sign's confidence that the sign of the yuan has at least: some fonts' looks like it."""
SEEN_TWICE = 0.9
"""Confidence below which [ beside 【 is the same bracket seen twice, though there is a ] as well."""
DOT, SURELY = 0.03, 0.9
"""Share of a pause's confidence that the dot between two words has at least, and the confidence that no pause loses."""
BOX = 0.012
"""Share of the confidence of 口 at the head of a line, before a hanzi, that the box of a form has at least: where there
is none it is 0.008 at most."""
DOUBTED = 0.5
"""Confidence below which a comma or colon before a hanzi begins no line."""
HANZI = 3
"""So many hanzi make a line one of Chinese, whatever figures stand beside them: 2026年11月22日."""

PAUSES = frozenset("，。：、")
"""Marks of Chinese that a dot between two words is taken for."""
_DOTS = frozenset("·•")
_ALIKE = frozenset("cosuvwxz")
"""Letters whose cases differ in size alone: which of them stands there tells nothing."""
_ROUND, _UPRIGHT = ("0", "O", "o"), ("1", "I", "l", "|")
"""Of one shape each: the figure, the capital, the small letter, and what is neither."""
_MISTAKABLE = frozenset(_ROUND + _UPRIGHT)
_SQUARE = {"[": "【", "［": "【", "]": "】", "］": "】"}
_OPEN, _CLOSE = {"[": 0, "【": 1, "〔": 2}, {"]": 0, "】": 1, "〕": 2}
"""Square brackets, the kinds in order: where the two of a pair differ, both are of the later one."""
_ENDS, _BULLETS = frozenset("，、。."), frozenset("•·●○■□◆◇▪")
_POINTS, _COLONS = frozenset(".,，、。："), frozenset(":：")
_COUNTED = frozenset("个元次分型岁天度米件条页级基号点人名年月日时秒块万千百十亿利首期糖脂添")
"""Hanzi that none or a kind of blood may be counted before."""
_QUOTED = frozenset("\"”’」』")
_RINGS, _CHOICES = frozenset("oO0"), frozenset("ABCDEFGH")
_NO_POINT = {"、": SURELY, "：": DOUBTED, "·": DOUBTED}
"""What the full-width point of a list is taken for, and the confidence from which on it is what it seems;"""
_NO_CHOICE = dict.fromkeys("，。、·", SURELY) | {"：": 0.8}
"""and the same behind the letter of a choice, right before a hanzi."""
_COMMAS = {".": 0.02, ",": 0.02, "，": 0.5}
"""What the stop behind a hanzi is taken for, and the share of its confidence that the stop has then at least;"""
ENDS = 0.06
"""and that where the line ends: of the stops of a text half stand there, of its commas one in forty."""
SHARP = 0.998
"""Confidence of both characters beside a comma from which on the picture is so clear that it is no stop."""
_CENTS = re.compile(r"(?<![0-9.,])[0-9]+(,)[0-9]{2}(?![0-9.,])")
_TIMES = re.compile(r"(?<![0-9A-Za-z_.])(?:[1-9][0-9]*|0(?=\.))(?:\.[0-9]+)? ?([xX]) ?[0-9]+(?:\.[0-9]+)? ?=")
_DIVIDED = re.compile(r"(?:(?<![0-9.:：])[0-9]+(?:\.[0-9]+)?|[)）]) ?([:：]|÷[:：]|[:：]÷) ?[0-9]+(?:\.[0-9]+)? ?="
                      r"(?! ?[0-9.]+[:：][0-9.]+(?![0-9.]| ?=))")  # 3:4=6:8 is a proportion
_YUAN = re.compile(r"([yYvVxX×]) ?([0-9]{1,3})(?:,?[0-9]{3})*\.[0-9]{2}")
_PER_CENT = re.compile("(?<=[0-9][%％])6(?![0-9A-Za-z.一-鿿])")
_PER = re.compile("(?<=[0-9][次元人件])(?: ?[|] ?/? ?|/ ?[|] ?)(?=[分人月天日次年件份斤时])")
_ZERO = re.compile("(?<=[一二三四五六七八九])[0Oo○]{1,3}(?=[一二三四五六七八九年])")
_CHANGE, _ARROWS = re.compile(r"([14tlTfJ!|$])( ?)[0-9]+(?:[.,][0-9]+)?[%％]"), frozenset("↑↓")
_MICRO = re.compile("(?<![A-Za-z])u(?=mol(?![A-Za-z])|g/|[Ll]/|IU/)|(?<=[0-9])u(?=[gmlLsAFVW](?![A-Za-z]))")
_PARTED = re.compile("(?<![A-Za-z])u (?=mol(?![A-Za-z]))")
_MOLE = re.compile("(?<![A-Za-z])[mnuµ]?mo([1I|])(?= ?/ ?[Ll](?![A-Za-z0-9]))")
_RANGE = re.compile("(?:(?<=[0-9])|(?<=[0-9][日号年时]))一(?=[0-9])")
_RAISED = re.compile("(?<=[0-9])[09oO·*](?![0-9A-Za-z])")
_PRODUCT = re.compile(r"(?<![0-9A-Za-z.])([0-9]{1,2})([xX×])([0-9]{1,2}[-=]?[0-9]{1,5})(?![0-9A-Za-z.])")
_NO_SIGN, _SIGNS = re.compile("[0-9]{3,}="), frozenset("+-×÷")
_OXIDES = re.compile(r"(?:[CNSP]|Al|Ca|Cl|Cr|Cu|Fe|Mg|Mn|Na|Si|Ti|Zn)[0-9]?O(?=[2-5](?![0-9]))")
_THOUSANDS = re.compile(r"(?<![0-9.,])[0-9]{1,3}((?:[.,][0-9]{3})+)\.[0-9]{2}(?![0-9.,])")


def told_apart(chars: Sequence[Char]) -> Sequence[Char]:
    """The characters of a line, each as what it is where it stands. A second time changes nothing."""
    chars = _sums(rare.told(_ones(_points(_micro(_one_kind(chars))))))
    made = _brackets(_stops(_numbered(_bullet(_zeros(_degrees(_per(_arrow(_yuan(chars)))))))))
    return supposed.restored(_dots(made))


def _words(chars: Sequence[Char], belongs: Callable[[str], bool]) -> Iterator[tuple[int, int]]:
    """Start and end of each longest run of characters that ``belongs`` accepts."""
    start = 0
    while start < len(chars):
        end = start
        while end < len(chars) and belongs(chars[end].text):
            end += 1
        if end > start:
            yield start, end
        start = max(end, start + 1)


def _one_kind(chars: Sequence[Char]) -> list[Char]:
    """Figures and letters of one shape are what they stand among: 6OO is 600, BO2 is B02, Tota1 is Total, A| is AI.

    Only where the network saw that as well: it stands among the alternatives with at least :data:`LIKELY` of the
    character's confidence, a letter for another one of its shape with :data:`PLAUSIBLE`.
    """
    made = list(chars)
    for start, end in _words(chars, _in_word):
        word = "".join(char.text for char in chars[start:end])
        for at, text in enumerate(word):
            if text in _MISTAKABLE:
                wanted = _kind(word, at)
                least = LIKELY if wanted.isdigit() or text.isdigit() else PLAUSIBLE
                made[start + at] = taken(chars[start + at], wanted, least)
    return made


def _micro(chars: Sequence[Char]) -> list[Char]:
    """The u of a unit is µ where that was seen as well: umol/L, 5um. Many print it as u. No mo1 stands before /L, and
    between u and mol no blank, which µ was taken for in part.
    """
    made = list(chars)
    for found in _MOLE.finditer("".join(char.text for char in chars)):
        at = found.start(1)
        made[at] = replace(taken(made[at], "l", SEEN), text="l")
    for found in _MICRO.finditer("".join(char.text for char in made)):
        made[found.start()] = taken(made[found.start()], "µ", SEEN)
    for found in reversed(list(_PARTED.finditer("".join(char.text for char in made)))):
        made[slice(*found.span())] = [replace(made[found.start()], text="µ")]
    return made


def _points(chars: Sequence[Char]) -> list[Char]:
    """The comma of 11,60 is a point, and the first point of 1.234.50 a comma: before thousands three figures stand."""
    made = list(chars)
    text = "".join(char.text for char in chars)
    for found in _THOUSANDS.finditer(text):
        if found[1].count(".") > 1 and "," not in found[1]:  # 192.168.101.12
            continue
        for at in range(found.start(1), found.end(1)):
            if text[at] == ".":
                made[at] = taken(chars[at], ",", COMMA)
    for found in _CENTS.finditer(text):
        made[found.start(1)] = taken(chars[found.start(1)], ".", LIKELY)
    return made


def _ones(chars: Sequence[Char]) -> list[Char]:
    """A dash beside a hanzi and no other dash is 一, where that was seen as well: 选项一, “一带一路”.

    A Chinese dash is two of them. But between figures there is a dash, and so there is behind a day or an hour:
    626—907年, 8月19日—9月2日.
    """
    made = list(chars)
    for found in _RANGE.finditer("".join(char.text for char in chars)):
        made[found.start()] = replace(taken(made[found.start()], DASH, SEEN), text=DASH)
    around = [BLANK, *(char.text for char in chars), BLANK]
    for at, (before, seen, after) in enumerate(zip(around, around[1:], around[2:], strict=False)):
        if seen == DASH and DASH not in (before, after) and (is_chinese(before) or is_chinese(after)):
            made[at] = taken(made[at], "一", PLAUSIBLE)
    return made


def _sums(chars: Sequence[Char]) -> Sequence[Char]:
    """The signs of sums: in 28：86= stands ÷ where that was seen as well, in 34X98= ×, in 40190= the sign that a figure
    in the middle may be. What is 3x8-24, and true of × and = alone, has these. Alone, l and ll are figures.
    """
    made, text = list(chars), "".join(char.text for char in chars)
    if text in ("l", "ll"):
        return [replace(taken(char, "1", SEEN), text="1") for char in chars]
    for found in _TIMES.finditer(text):
        at = found.start(1)
        seen = taken(made[at], "×", SEEN)
        made[at] = replace(seen, text="×")
    for found in _PRODUCT.finditer(text):
        for at in range(found.start(3) + 1, min(found.start(3) + 3, found.end(3) - 1)):
            equal = text[at] in "-=" or any(one.text == "=" for one in chars[at].alternatives)
            factors, made_up = (found[1], text[found.start(3) : at]), text[at + 1 : found.end(3)]
            if equal and all(map(str.isdigit, (*factors, made_up))) and math.prod(map(int, factors)) == int(made_up):
                for place, sign in ((found.start(2), "×"), (at, "=")):
                    made[place] = replace(taken(made[place], sign, SEEN), text=sign)
                break
    if _NO_SIGN.fullmatch(text):
        signs = {one.confidence: (at, one.text) for at, char in enumerate(chars[1:-2], 1) for one in char.alternatives
                 if one.text in _SIGNS}  # fmt: skip
        if signs and max(signs) >= SIGN:
            at, sign = signs[max(signs)]
            made[at] = taken(made[at], sign, SEEN)
    for found in reversed(list(_DIVIDED.finditer(text))):
        start, end = found.span(1)
        best = max(made[start:end], key=lambda char: char.text == "÷")
        if best.text == "÷" or any(one.text == "÷" for one in best.alternatives):
            made[start:end] = [taken(best, "÷", SEEN)]
    return made


def _yuan(chars: Sequence[Char]) -> Sequence[Char]:
    """Before an amount that is all of a line, a letter like ¥ is one, where that was seen as well or a hundred follow:
    v1.25 may be a version. On price tags it is smaller than the figures. A dollar sign is one where that is likely.
    """
    before = [BLANK, *(char.text for char in chars)]
    for sign in "￥¥" if "$" in before else "":
        chars = [taken(char, sign, YEN) if char.text == "$" and not is_letter(left) else char
                 for left, char in zip(before, chars, strict=False)]  # fmt: skip
    found = _YUAN.fullmatch("".join(char.text for char in chars))
    if found is None:
        return chars
    seen = taken(chars[0], "¥", SEEN)
    if seen is chars[0] and found[1] in "yYvV" and len(found[2]) == 3:
        seen = replace(seen, text="¥")
    return [seen, *chars[1:]]


def _arrow(chars: Sequence[Char]) -> Sequence[Char]:
    """Before a share that is all of a line, a letter or a lone figure is the arrow that was seen as well: t 0.2% is
    ↑ 0.2%. A figure right before others is one only where that was rather likely.
    """
    found = _CHANGE.fullmatch("".join(char.text for char in chars))
    if found is None:
        return chars
    arrows = [one for one in chars[0].alternatives if one.text in _ARROWS]
    best = max(arrows, key=lambda one: one.confidence, default=None)
    if best is None or best.confidence < (ARROW if found[1].isdigit() and not found[2] else SEEN):
        return chars
    return [taken(chars[0], best.text, SEEN), *chars[1:]]


def _per(chars: Sequence[Char]) -> list[Char]:
    """The last ring of a sign of per cent is no figure behind it: 13%6 is 13%. 78次|分 are 78次/分."""
    made, text = list(chars), "".join(char.text for char in chars)
    strokes = [*_PER_CENT.finditer(text), *_PER.finditer(text)]
    for found in sorted(strokes, key=lambda one: one.start(), reverse=True):
        stroke = [replace(chars[found.start()], text="/")] if found.re is _PER else []
        made[slice(*found.span())] = stroke
    return made


def _degrees(chars: Sequence[Char]) -> Sequence[Char]:
    """A ring or dot behind a number is the sign of degrees where that was seen as well: 310 is 31°."""
    made = list(chars)
    for found in _RAISED.finditer("".join(char.text for char in chars)):
        made[found.start()] = taken(made[found.start()], "°", DEGREE)
    return made


def _zeros(chars: Sequence[Char]) -> Sequence[Char]:
    """A ring among the figures of Chinese is their zero: 二〇二六年."""
    made = list(chars)
    for found in _ZERO.finditer("".join(char.text for char in chars)):
        for at in range(*found.span()):
            seen = taken(made[at], "〇", SEEN)
            made[at] = replace(seen, text="〇")
    return made


def _bullet(chars: Sequence[Char]) -> Sequence[Char]:
    """The comma or stop that a line seems to begin with is a bullet or the box of a form, where that was seen as well:
    no line begins so. A ring before some text is a bullet whatever was seen: a stop never stands there, and a doubtful
    O or 0 before a blank and a hanzi is the ring of a choice. So is a point right before a hanzi a bullet, and a comma
    or colon that may as well be several other marks: a real one, of a line parted before it, is no ring or point, and
    is not doubted. A disc that may be a smaller dot as well is one.
    """
    if chars and chars[0].text == BLANK:
        return [chars[0], *_bullet(chars[1:])]
    if len(chars) > 2 and chars[1].text == BLANK and _is_choice(chars[0], chars[2].text):
        return [replace(taken(chars[0], "○", SEEN), text="○"), *chars[1:]]
    if chars and chars[0].text == "口" and len(chars) > 1 and is_chinese(chars[1].text):
        return [taken(chars[0], "□", BOX), *chars[1:]]
    first = chars[0].text if len(chars) > 1 else ""
    if first not in _ENDS | _COLONS or (first == "." and not _before(chars[1].text)):
        return chars
    bullets = [one for one in chars[0].alternatives if one.text in _BULLETS]
    best = max(bullets, key=lambda one: one.confidence, default=None)
    marks = math.fsum(one.confidence for one in chars[0].alternatives if one.text in _POINTS - _COLONS)
    before_hanzi = is_chinese(chars[1].text)
    shapeless = sum(char.text != BLANK for char in chars) > HANZI and (
        first == STOP
        or (before_hanzi if first == "." else marks >= SHAPELESS or (before_hanzi and chars[0].confidence < DOUBTED))
    )
    if best is None or (first in _COLONS and not shapeless):
        return [replace(chars[0], text="•"), *chars[1:]] if shapeless else chars
    dots = best.text == "●" and any(one.text in _DOTS for one in bullets)
    made = taken(chars[0], best.text, SEEN if shapeless or first == STOP else PLAUSIBLE)
    return [replace(made, text="•") if dots and made.text == "●" else made, *chars[1:]]


def _is_choice(char: Char, after: str) -> bool:
    """A ring to be filled in before a word, ○ 男, and neither 0 元 nor O 型?"""
    ring = char.text in ("O", "0") and any(one.text in "○〇" for one in char.alternatives)
    return ring and char.confidence < SURELY and is_chinese(after) and after not in _COUNTED


def _before(text: str) -> bool:
    """May it follow a bullet? A point is one only there: .com begins with a point."""
    return text == BLANK or is_chinese(text)


def _numbered(chars: Sequence[Char]) -> Sequence[Char]:
    """Behind the letter or number that a line of Chinese begins with, a comma is the point of a list: A．, 12．

    Full-width points are seen as a comma and a blank, as a stop, as two marks, or as another one that is doubtful: the
    mark of A、 is not.
    """
    end = next((i for i, char in enumerate(chars) if not (char.text.isascii() and char.text.isalnum())), len(chars))
    if end == 1 and len(chars) > 2 and chars[1].text in _NO_CHOICE and is_chinese(chars[2].text):
        letter = taken(chars[0], "C", LIKELY) if chars[0].text == "c" else chars[0]
        if letter.text in _CHOICES and chars[1].confidence < _NO_CHOICE[chars[1].text]:
            return [letter, _pointed(chars[1]), *chars[2:]]
    number = "".join(char.text for char in chars[:end])
    if end == len(chars) or not (number in _CHOICES or (number.isdigit() and len(number) <= 2)):
        return chars
    marks = next((i for i, char in enumerate(chars[end:], end) if is_chinese(char.text)), end)
    seen = "".join(char.text for char in chars[end:marks]).replace(BLANK, "")
    if len(set(seen)) > 1 and _POINTS.issuperset(seen):
        point = max((char for char in chars[end:marks] if char.text in _POINTS), key=lambda char: char.text == ".")
        return [*chars[:end], replace(point, text="."), *chars[marks:]]
    if seen == STOP == chars[end].text:
        return [*chars[:end], taken(chars[end], ".", PLAUSIBLE), *chars[marks:]]
    if seen == "，" == chars[end].text:
        point = taken(chars[end], ".", SEEN)
        if point is chars[end] and any(one.text == BLANK for one in point.alternatives):
            point = replace(point, text=".")
        return [*chars[:end], point, *chars[marks:]]
    if seen == chars[end].text and chars[end].confidence < _NO_POINT.get(seen, 0.0):
        return [*chars[:end], _pointed(chars[end]), *chars[marks:]]
    return chars


def _pointed(char: Char) -> Char:
    """The mark as a point, as likely as all that a point is taken for together."""
    marks = char.text, *_POINTS
    seen = math.fsum(one.confidence for one in char.alternatives if one.text in marks)
    others = tuple(one for one in char.alternatives if one.text not in marks)
    return replace(char, text=".", confidence=min(1.0, char.confidence + seen), alternatives=others)


def _stops(chars: Sequence[Char]) -> Sequence[Char]:
    """The stop of Chinese: behind a hanzi, or a quote at the end of a line of Chinese, a point or a comma is one where
    that was seen as well; so is the o behind a word that ends one, and a point and a stop are one stop.
    """
    made = [
        char
        for before, char, after in zip([None, *chars], chars, [*chars[1:], None], strict=False)
        if not (char.text == "." and after and after.text == STOP and before and _ends(before.text, char))
    ]
    chinese = sum(is_chinese(char.text) for char in made)
    for at, (before, char) in enumerate(pairwise(made), 1):
        last = at == len(made) - 1
        if char.text in _COMMAS and (is_chinese(before.text) or (last and before.text in _QUOTED and chinese >= HANZI)):
            sharp = char.text == "，" and not last and min(before.confidence, made[at + 1].confidence) >= SHARP
            made[at] = char if sharp else taken(char, STOP, min(_COMMAS[char.text], ENDS if last else 1.0))
    ringed = len(made) > 1 and made[-1].text in _RINGS and made[-2].text.isascii() and made[-2].text.isalnum()
    if ringed and chinese >= HANZI:
        made[-1] = taken(made[-1], STOP, PLAUSIBLE)
    return made


def _dots(chars: Sequence[Char]) -> Sequence[Char]:
    """A doubtful pause between two words is the dot that parts them where that was seen as well: 三天前 · 北京.

    Not at the end of a line, where it is a stop that is hard to see.
    """
    made = list(chars)
    words = [at for at, char in enumerate(chars) if char.text != BLANK]
    for before, at, after in zip(words, words[1:], words[2:], strict=False):
        char, beside = chars[at], (chars[before].text, chars[after].text)
        if char.text in PAUSES and char.confidence < SURELY and all(map(is_of_word, beside)):
            seen = math.fsum(one.confidence for one in char.alternatives if one.text in _DOTS)
            if seen >= DOT * char.confidence:
                made[at] = taken(char, "·", SEEN)
    return made


def _brackets(chars: Sequence[Char]) -> Sequence[Char]:
    """Square brackets: 【[ is one, seen twice, and [通知】 or [明〕 has one kind at both ends, the rarer one."""
    texts = {char.text for char in chars}
    made: list[Char] = []
    for before, char, after in zip([None, *chars], chars, [*chars[1:], None], strict=False):
        beside = [one.text for one in (before, after) if one]
        twice = _SQUARE.get(char.text) in beside
        if not twice or (char.confidence >= SEEN_TWICE and {"[", "]"} <= texts):
            made.append(char)
    opened: list[int] = []
    for at, char in enumerate(made):
        if char.text in _OPEN:
            opened.append(at)
        elif char.text in _CLOSE and opened:
            start = opened.pop()
            kind = max(_OPEN[made[start].text], _CLOSE[char.text])
            made[start], made[at] = replace(made[start], text="[【〔"[kind]), replace(char, text="]】〕"[kind])
    return made


def _ends(before: str, point: Char) -> bool:
    """Does no abbreviation end at ``point``?"""
    return before != "." and (not before.isascii() or any(one.text == STOP for one in point.alternatives))


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
    if seen == "O" and any(found.end() == at + 1 for found in _OXIDES.finditer(word)):
        return seen
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
