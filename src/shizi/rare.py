"""Rare characters of which small or blurred print makes common ones: numbers in rings, headwords' brackets, ÷, ~, %.

The network has seen few of them, and is surer of what is common. Where only the rare one can stand, or the common one
stands seldom, it is enough that it was seen as well. No I/O.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

from shizi.script import is_chinese, taken
from shizi.types import Char

RINGED = 0.05
"""Share of a ring's confidence that a number in a ring has at least."""
HEADWORD = 0.04
"""Share of a bracket's confidence that the bracket of a headword has at least;"""
CLOSES = 0.02
"""and of what stands where it is closed."""
LONGEST = 10
"""Characters of a headword at most."""
DIVIDED = 0.06
"""Share of a plus sign's confidence that ÷ has at least: a real one is far from it."""
COMMA, SEMICOLON = 0.02, 0.2
"""Share of a point's confidence that the comma between a hanzi and a figure has at least, and of a colon's that ； has
between two hanzi."""
SHARE, DOUBTED = 0.02, 0.85
"""Share of a figure's confidence that a sign of per cent has at least, and the confidence from which on it is one."""

STARS = 0.03
"""Confidence of the stars around a kind of goods, both together, where they look like quotes that do not match."""

_RINGS, _NUMBERS = frozenset("0ODQo@＠◎©〇回"), frozenset("①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳")
_ARROWS = {"<—": "←", "<一": "←", "—>": "→", "一>": "→"}
_FIGURES = {"O": "0", "o": "0", "I": "1", "l": "1"}
_CLOSED, _THICK = frozenset("】]1lI)）"), frozenset("【】")
_PAUSES = [set(two) for two in combinations("，、；：", 2)]
_SEEN = (
    (re.compile("(?<=[一-鿿])[.](?=[0-9])"), ",", COMMA),
    (re.compile("(?<=[一-鿿])[:：](?=[一-鿿])"), "；", SEMICOLON),
    (re.compile(r"(?<=[0-9])\+(?=[0-9])"), "÷", DIVIDED),
)
"""What is another character that was seen there as well, with such a share."""
_PIECES = "[片粒盒件支袋瓶罐板张份箱]|只(?![有要卖需能])|包(?!邮)|天(?![窗幕])"
_MEANT = (
    # 0.25g×11片, 3%×435ml, 2m×3m, ×3盒
    (re.compile("(?<=[0-9])(?:[glmL]|m[glm1L]|%|％)([xX]) ?[0-9]"), "×"),
    # not 宝马X3, nor X3只卖30万 or X3包邮
    (re.compile(f"(?<![A-Za-z一-鿿])([xX]) ?[0-9]+(?:{_PIECES})"), "×"),
    (re.compile("(?<=[0-9])(X)(?=[0-9]+(?:[xX×][0-9]+)? ?(?:mm|cm|像素))"), "×"),
    (re.compile("(?:(?<=--)|(?=十--))(十)"), "+"),  # the frames of tables in terminals: +----+
    (re.compile(r"(?<=@)[\w.\-]+:(-)(?=[$#] |/[A-Za-z.])"), "~"),  # who@where:~$, who@where:~/data$
    (re.compile("(?<=[0-9]) ?m(1)(?![0-9A-Za-z])"), "l"),  # 500ml
    (re.compile("(?<=[0-9][KMG]B/)(S)(?![0-9A-Za-z])"), "s"),
    (re.compile("(?<=确定|打开) ?[(（](0)[)）]"), "O"),  # the key of a button
    (re.compile("[.](?:xm|x?htm|sq|ym|x(?=1s))(1)(?:sx?)?(?![0-9A-Za-z])"), "l"),  # book.xlsx
)
"""What is another character, whatever was seen."""
_ADDRESS = re.compile("(?<![0-9A-Za-z])[0Oo]x(?=[A-FOIla-f]*[0-9])[0-9A-FOIla-f]{4,}(?![0-9A-Za-z])")
_ABOUT = re.compile("(?<![0-9.:：])([0-9]+(?:[.][0-9]+)?) ?([:：÷]) ?([0-9]+(?:[.][0-9]+)?) ?([~～]) ?([0-9]+[.][0-9]+)"
                    "(?![0-9.:：])")
_PAGE = re.compile("[-—－一] ?[0-9]{1,4} ?[-—－一]")
_KIND = re.compile("[*“”\"][一-鿿]{1,10}[*“”\"](?=[一-鿿A-Za-z0-9])")
_SHARES = re.compile("(?<=[0-9][.][0-9])[0-9:](?= |$)")


def told(chars: Sequence[Char]) -> list[Char]:
    """The characters of a line, each as what it is where it stands. A second time changes nothing."""
    made = _arrow(_once(_headwords(_ringed(chars))))
    line = "".join(char.text for char in made)
    if len(line) != len(made):
        return made
    for pattern, text, share in _SEEN:
        for found in pattern.finditer(line):
            made[found.start()] = taken(made[found.start()], text, share)
    for pattern, text in _MEANT:
        for found in pattern.finditer(line):
            at = found.start(1)
            made[at] = _meant(made[at], text)
            line = f"{line[:at]}{text}{line[at + 1 :]}"
    return _numbers(_goods(_page(made, line), line), line)


def _page(chars: list[Char], line: str) -> list[Char]:
    """The number of a page stands between two dashes of a kind: - 12 一 is - 12 -."""
    if not _PAGE.fullmatch(line):
        return chars
    ends = {line[0], line[-1]} - {"一"}
    dash = min(ends, default="—")
    return [_meant(chars[0], dash), *chars[1:-1], _meant(chars[-1], dash)] if "一" in (line[0], line[-1]) else chars


def _goods(chars: list[Char], line: str) -> list[Char]:
    """On an invoice the kind of goods stands between stars: *餐饮服务*餐费. Small ones look like quotes."""
    found = _KIND.match(line)
    if found is None:
        return chars
    first, last = chars[0], chars[found.end() - 1]
    stars = [one for char in (first, last) for one in char.alternatives if one.text == "*"]
    odd = first.text != "“" and math.fsum(one.confidence for one in stars) >= STARS
    if "*" not in (first.text, last.text) and not odd:
        return chars
    return [_meant(first, "*"), *chars[1 : found.end() - 1], _meant(last, "*"), *chars[found.end() :]]


def _numbers(chars: Sequence[Char], line: str) -> list[Char]:
    """Addresses in memory, 0x1FF8ADBB, have figures; what is nearly true has ÷ and ≈: 7÷16≈0.44; and a doubtful second
    decimal may be a sign of per cent.
    """
    made = list(chars)
    for found in _ADDRESS.finditer(line):
        for at in range(*found.span()):
            made[at] = _meant(made[at], _FIGURES.get(line[at], line[at]))
    for found in _ABOUT.finditer(line):
        quotient, decimals = float(found[1]) / max(float(found[3]), 1e-9), len(found[5].partition(".")[2])
        if abs(quotient - float(found[5])) <= 10.0**-decimals:
            for at, sign in ((found.start(2), "÷"), (found.start(4), "≈")):
                made[at] = _meant(made[at], sign)
    for found in _SHARES.finditer(line):
        if made[found.start()].confidence < DOUBTED:
            made[found.start()] = taken(made[found.start()], "%", SHARE)
    return made


def _meant(char: Char, text: str) -> Char:
    """The character as ``text``, whatever was seen."""
    return char if char.text == text else replace(taken(char, text, 0.0), text=text)


def _arrow(chars: list[Char]) -> list[Char]:
    """A large arrow, all of a line, is seen as its shaft and its head: <—."""
    arrow = _ARROWS.get("".join(char.text for char in chars)) if len(chars) == 2 else None
    if arrow is None:
        return chars
    first, last = chars
    place, sure = first.quad.reaching(last.quad), min(first.confidence, last.confidence)
    return [Char(arrow, sure, place)]


def _once(chars: Sequence[Char]) -> list[Char]:
    """A thick bracket is wide, and seen twice: 【检验】】. So is a pause of Chinese, as two that never stand beside one
    another: of 人；，也 there is the semicolon, which has a part of both, or else the surer one.
    """
    made: list[Char] = []
    for char in chars:
        if made and char.text == made[-1].text in _THICK:
            continue
        if len(made) > 1 and {char.text, made[-1].text} in _PAUSES and is_chinese(made[-2].text):
            made[-1] = max(made[-1], char, key=lambda one: (one.text == "；", one.confidence))
        else:
            made.append(char)
    return made


def _ringed(chars: Sequence[Char]) -> list[Char]:
    """A ring that a line begins with, or beside a hanzi, is the number in one that was seen as well: 0日历 is ①日历."""
    made = list(chars)
    for at, char in enumerate(chars[:-1]):
        before, after = chars[at - 1].text if at else "", chars[at + 1].text
        if char.text not in _RINGS or before.isdigit() or not (at == 0 or is_chinese(before) or is_chinese(after)):
            continue
        numbers = [one for one in char.alternatives if one.text in _NUMBERS]
        best = max(numbers, key=lambda one: one.confidence, default=None)
        if best:
            made[at] = taken(char, best.text, RINGED)
    return made


def _headwords(chars: Sequence[Char]) -> list[Char]:
    """Brackets around a few hanzi are those of a headword where these were seen as well: [周遭1 is 【周遭】."""
    made = list(chars)
    for start, char in enumerate(chars):
        if char.text != "【" and taken(char, "【", HEADWORD) is char:
            continue
        word = range(start + 1, min(start + 1 + LONGEST, len(chars)))
        end = next((at for at in word if not is_chinese(chars[at].text)), start + 1)
        if end > start + 1 and chars[end].text in _CLOSED:
            closed = taken(chars[end], "】", CLOSES)
            if closed is not chars[end] or closed.text == "】":
                made[start], made[end] = taken(char, "【", HEADWORD), closed
    return made
