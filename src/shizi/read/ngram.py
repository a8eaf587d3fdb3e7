"""A character n-gram: how likely a character is after the two before it. Made by ``shizi lexicon build``.

A back-off model of order 3 (Katz 1987) over folded characters: a digit counts as 0, a capital letter as the small one,
so that the model says nothing about which digit or which case stands in the picture.

The file is one flat block, checked when it is opened and never unpickled: :data:`MAGIC`, the length of a JSON header
(uint32), the header ``{"chars": …, "bigrams": B, "trigrams": T}``, then little-endian arrays in the order of
:func:`_layout`. The n-grams are a tree in sorted arrays (Pauls, Klein: Faster and Smaller N-Gram Language Models,
ACL 2011): bigrams by their first character, trigrams by their bigram, found by bisection. Logarithms take a byte.
"""

from __future__ import annotations

import json
import math
import os
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shizi.errors import SettingsError
from shizi.read.charset import Charset

MAGIC = b"shizi/ngram/1\n"
STEP = 1 / 16
"""Natural logarithms are kept as multiples of this: -ln p / STEP, 0 to 255."""
MAX_BYTES = 64 * 1024 * 1024
"""A larger file is refused unread."""
MAX_CHARS = 65_535
"""Characters of a model: their numbers take two bytes."""
UNKNOWN = 16.0
"""-ln p of a character that the model lacks: about the rarest that a byte can hold."""

_CACHED = 100_000  # probabilities that a scorer remembers before it forgets all of them

State = tuple[int, int]
"""Numbers of the last two characters, -1 for none or unknown."""


def fold(char: str) -> str:
    """The character that the model counts ``char`` as."""
    if "0" <= char <= "9":
        return "0"
    return char.lower() if "A" <= char <= "Z" else char


class NGram:
    """An opened model. It never changes, so threads may share it."""

    def __init__(self, chars: Sequence[str], arrays: Mapping[str, NDArray[Any]]) -> None:
        """From :func:`_layout`'s arrays, which are taken as they are; :meth:`parse` checks them."""
        self.chars = tuple(chars)
        self._numbers = {char: number for number, char in enumerate(self.chars)}
        # plain memory views: bisection and single items are several times faster on them than on arrays
        views = {name: array.astype(array.dtype.newbyteorder("=")).data for name, array in arrays.items()}
        self._uni, self._uni_back, self._uni_start = views["uni"], views["uni_back"], views["uni_start"]
        self._bi_char, self._bi, self._bi_back = views["bi_char"], views["bi"], views["bi_back"]
        self._bi_start, self._tri_char, self._tri = views["bi_start"], views["tri_char"], views["tri"]

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> NGram:
        """Open a model's file.

        Raises:
            SettingsError: it cannot be read, is too large, or is no model or a damaged one.
        """
        path = Path(path)
        try:
            if path.stat().st_size > MAX_BYTES:
                raise SettingsError(f"{path} has more than {MAX_BYTES:,} bytes, so it is not opened as an n-gram")
            data = path.read_bytes()
        except OSError as error:
            raise SettingsError(f"{path} cannot be read: {error.strerror}") from error
        try:
            return cls.parse(data)
        except ValueError as error:
            raise SettingsError(f"{path} is no n-gram of this version, or damaged: {error}; build it again") from error

    @classmethod
    def parse(cls, data: bytes) -> NGram:
        """From the bytes of a file.

        Raises:
            ValueError: they are not what the module's docstring says.
        """
        if not data.startswith(MAGIC):
            raise ValueError("it does not start as one")
        start = len(MAGIC) + 4
        end = start + int.from_bytes(data[len(MAGIC) : start], "little")
        if end > len(data):
            raise ValueError("it ends within its header")
        header = json.loads(data[start:end])
        if not isinstance(header, dict) or not isinstance(header.get("chars"), str):
            raise ValueError("its header lacks the characters")
        chars = header["chars"]
        counts: list[int] = [header.get(name, -1) for name in ("bigrams", "trigrams")]
        if not all(type(count) is int and 0 <= count <= MAX_BYTES for count in counts):
            raise ValueError("its header lacks the numbers of n-grams")
        if not 0 < len(chars) <= MAX_CHARS or len(set(chars)) != len(chars):
            raise ValueError("its characters are none, too many or repeated")
        arrays = {}
        for name, kind, count in _layout(len(chars), counts[0], counts[1]):
            size = np.dtype(kind).itemsize * count
            if end + size > len(data):
                raise ValueError("it ends early")
            arrays[name] = np.frombuffer(data, kind, count, end)
            end += size
        if end != len(data):
            raise ValueError("it is longer than its header says")
        for starts, total in (("uni_start", counts[0]), ("bi_start", counts[1])):
            edges = arrays[starts].astype(np.int64)
            if edges[0] != 0 or edges[-1] != total or np.any(np.diff(edges) < 0):
                raise ValueError("its parts contradict one another")
        if any(len(arrays[name]) and arrays[name].max() >= len(chars) for name in ("bi_char", "tri_char")):
            raise ValueError("it names characters that it lacks")
        return cls(chars, arrays)

    def number(self, char: str) -> int:
        """The number of a character, -1 where the model lacks it."""
        return self._numbers.get(fold(char), -1)

    def surprise(self, before: State, number: int) -> float:
        """-ln p of character ``number`` after the two of ``before``."""
        if number < 0:
            return UNKNOWN
        first, second = before
        if second < 0:
            return self._uni[number] * STEP
        context = self._bigram(first, second) if first >= 0 else -1
        if context >= 0:
            low, high = self._bi_start[context], self._bi_start[context + 1]
            at = bisect_left(self._tri_char, number, low, high)
            if at < high and self._tri_char[at] == number:
                return self._tri[at] * STEP
        back = self._bi_back[context] * STEP if context >= 0 else 0.0
        at = self._bigram(second, number)
        if at >= 0:
            return back + self._bi[at] * STEP
        return back + (self._uni_back[second] + self._uni[number]) * STEP

    def _bigram(self, first: int, second: int) -> int:
        low, high = self._uni_start[first], self._uni_start[first + 1]
        at = bisect_left(self._bi_char, second, low, high)
        return at if at < high and self._bi_char[at] == second else -1


class NGramScorer:
    """A model over the classes of an alphabet: ``weight`` * ln p + ``bonus`` for each character."""

    def __init__(self, model: NGram, charset: Charset, weight: float, bonus: float) -> None:
        self._model, self._weight, self._bonus = model, weight, bonus
        self._numbers = [-1, *(model.number(char) for char in charset.chars)]
        # which of the ten digits it is, the model does not say
        self._more = [0.0, *(math.log(10) if "0" <= char <= "9" else 0.0 for char in charset.chars)]
        self._known: dict[tuple[State, int], float] = {}

    def start(self) -> State:
        """Nothing before: a line may begin in the middle of a sentence."""
        return -1, -1

    def step(self, state: State, cls: int) -> tuple[State, float]:
        """One more character."""
        number = self._numbers[cls]
        key = state, cls
        score = self._known.get(key)
        if score is None:
            score = self._bonus - self._weight * (self._model.surprise(state, number) + self._more[cls])
            if len(self._known) >= _CACHED:
                self._known.clear()
            self._known[key] = score
        return (state[1], number), score

    def finish(self, state: State) -> float:
        """A line may end anywhere."""
        return 0.0


def dump(chars: Sequence[str], arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """The bytes of a file that :meth:`NGram.parse` takes back."""
    counts = len(arrays["bi_char"]), len(arrays["tri_char"])
    header = json.dumps({"chars": "".join(chars), "bigrams": counts[0], "trigrams": counts[1]}).encode()
    parts = [MAGIC, len(header).to_bytes(4, "little"), header]
    parts += [arrays[name].astype(kind).tobytes() for name, kind, _ in _layout(len(chars), *counts)]
    return b"".join(parts)


def _layout(chars: int, bigrams: int, trigrams: int) -> list[tuple[str, str, int]]:
    """Name, type and length of each array.

    ``uni``, ``bi``, ``tri``: -ln p; ``…_back``: -ln of the back-off weight; ``…_char``: last character of an n-gram;
    ``…_start``: where the longer n-grams that begin with it start, and at the end their number.
    """
    return [
        ("uni", "u1", chars),
        ("uni_back", "u1", chars),
        ("uni_start", "<u4", chars + 1),
        ("bi_char", "<u2", bigrams),
        ("bi", "u1", bigrams),
        ("bi_back", "u1", bigrams),
        ("bi_start", "<u4", bigrams + 1),
        ("tri_char", "<u2", trigrams),
        ("tri", "u1", trigrams),
    ]
