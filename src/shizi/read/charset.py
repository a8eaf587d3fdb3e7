"""The alphabet: which class of the network means which character."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shizi.errors import SettingsError

BLANK = 0
"""Class of CTC's blank (Graves et al. 2006, §3); the characters follow from class 1."""

# Half width first, then what Chinese print uses beside hanzi. Full-width letters and digits are left out: they look
# like the half-width ones with room around them, and a class that cannot be told apart only costs confidence.
ASCII = "".join(chr(code) for code in range(0x20, 0x7F))
PUNCTUATION = "，。、；：？！…—·～（）《》〈〉「」『』【】〔〕［］｛｝“”‘’％＆＃＠＊＋－＝＜＞／＼｜＿＾＄￥〇々"
SYMBOLS = (
    "¥£€¢©®™•–°′″§№‰℃℉×÷±≤≥≠≈∞√∠⊥∥∵∴∫∑∏∈∩∪²³½¼¾µ"
    "★☆●○◎◇◆□■△▲▽▼※→←↑↓"
    "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳"
    "ⅠⅡⅢⅣⅤⅥⅦⅧⅨⅩⅪⅫⅰⅱⅲⅳⅴⅵⅶⅷⅸⅹ㈠㈡㈢㈣㈤㈥㈦㈧㈨㈩"
    "αβγδεθλπσφωΔΣΦΩ"
)


@cache
def gb2312_hanzi() -> str:
    """The 6,763 hanzi of GB 2312-80, in its order: level 1 by sound, level 2 by radical."""
    found: list[str] = []
    for high in range(0xB0, 0xF8):
        for low in range(0xA1, 0xFF):
            try:
                found.append(bytes((high, low)).decode("gb2312"))
            except UnicodeDecodeError:
                continue
    return "".join(found)


@cache
def tgh_rest() -> str:
    """The hanzi of 通用规范汉字表 (2013; 8,105 characters) that GB 2312 lacks, in the table's order."""
    return "".join((Path(__file__).parent / "tgh_rest.txt").read_text(encoding="utf-8").split())


VARIANTS = "爲衞説眞幷"
"""Traditional forms that print uses beside those of Big5."""


@cache
def big5_hanzi() -> str:
    """The 5,401 frequent hanzi of Big5 (level 1), traditional script, in its order: by strokes."""
    codes = (high << 8 | low for high in range(0xA4, 0xC7) for low in (*range(0x40, 0x7F), *range(0xA1, 0xFF)))
    return "".join(code.to_bytes(2, "big").decode("big5") for code in codes if code <= 0xC67E)


LOOKS = str.maketrans("0〇○—–•“”‘’", "ooo--·\"\"''")
"""Characters that look like another one beyond what NFKC and case folding know."""


def _look(char: str) -> str:
    if "\u3400" <= char <= "\u9fff" or char >= "\U00020000":
        return "hanzi"
    return unicodedata.normalize("NFKC", char).casefold().translate(LOOKS)


@dataclass(frozen=True)
class Charset:
    """An ordered alphabet; character ``i`` is class ``i + 1`` of the network, class 0 is the blank of CTC."""

    chars: tuple[str, ...]
    _classes: dict[str, int] = field(init=False, repr=False, compare=False, hash=False)

    def __post_init__(self) -> None:
        classes = {char: index + 1 for index, char in enumerate(self.chars)}
        if len(classes) != len(self.chars):
            raise SettingsError("a character stands twice in the alphabet")
        if any(len(char) != 1 for char in self.chars):
            raise SettingsError("each entry of an alphabet is one code point")
        object.__setattr__(self, "_classes", classes)

    @classmethod
    def of(cls, chars: Iterable[str]) -> Charset:
        """From any characters; the first of equal ones is kept."""
        return cls(tuple(dict.fromkeys(chars)))

    @classmethod
    def default(cls) -> Charset:
        """ASCII with the blank, punctuation, symbols, GB 2312's hanzi, the rest of 通用规范汉字表, Big5's level 1."""
        return cls.of(ASCII + PUNCTUATION + SYMBOLS + gb2312_hanzi() + tgh_rest() + big5_hanzi() + VARIANTS)

    @property
    def size(self) -> int:
        """Number of classes, CTC's blank included."""
        return len(self.chars) + 1

    @property
    def fingerprint(self) -> str:
        """First 16 hex digits of the SHA-256 of the alphabet; equal for equal alphabets only."""
        return hashlib.sha256("\0".join(self.chars).encode()).hexdigest()[:16]

    def __contains__(self, char: object) -> bool:
        return char in self._classes

    def encode(self, text: str) -> list[int]:
        """Classes of the characters of ``text``.

        Raises:
            KeyError: a character that the alphabet lacks; :meth:`known` keeps only those it has.
        """
        return [self._classes[char] for char in text]

    def decode(self, classes: Sequence[int]) -> str:
        """Characters of ``classes``; blanks of CTC are passed over."""
        return "".join(self.chars[index - 1] for index in classes if index != BLANK)

    def known(self, text: str) -> str:
        """``text`` with full-width letters and digits folded to ASCII, and without what the alphabet lacks."""
        folded = (char if char in self._classes else unicodedata.normalize("NFKC", char) for char in text)
        return "".join(char for piece in folded for char in piece if char in self._classes)

    @cached_property
    def alike(self) -> NDArray[np.intp]:
        """(C,) a number for each class, the same for characters of which two never touch.

        Those are look-alikes (cases of a letter, widths of a mark, kinds of dash and of quote, O and 0), and all hanzi:
        a hanzi is several frames wide and fires on one or two of them, so two in a row are one that is doubtful.
        """
        names = ["", *(_look(char) for char in self.chars)]
        numbers = {name: index for index, name in enumerate(dict.fromkeys(names))}
        return np.array([numbers[name] for name in names], dtype=np.intp)

    @cached_property
    def narrow(self) -> NDArray[np.bool_]:
        """(C,) True for all but dashes: one fills its place, and spread over a gap it is the ground of an empty one.

        On made and real pages all of 21 dashes that were seen so were none; of other marks and letters two in three
        were there.
        """
        return np.array([True, *(_look(char) != _look("—") for char in self.chars)])

    def mask(self, allowed: Iterable[str]) -> NDArray[np.bool_]:
        """(C,) True for the blank of CTC and for each allowed character that the alphabet has."""
        made = np.zeros(self.size, dtype=np.bool_)
        made[BLANK] = True
        for char in allowed:
            if char in self._classes:
                made[self._classes[char]] = True
        return made
