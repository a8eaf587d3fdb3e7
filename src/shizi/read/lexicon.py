"""Knowledge of the language for beam search: a built n-gram, or a list of words that are likely to occur.

A word list is UTF-8 text, a word a row, with a tab and a weight after it where some count more than others. Its words
win where the picture leaves room for them; nothing forces them.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path

from shizi.errors import SettingsError
from shizi.read.beam import Scorer, Sum
from shizi.read.charset import Charset
from shizi.read.ngram import MAGIC, NGram, NGramScorer

MAX_BYTES = 16 * 1024 * 1024
"""A larger word list is refused unread."""
MAX_WORDS = 200_000
"""Words of a list."""
MAX_WORD = 64
"""Characters of a word."""
MAX_WEIGHT = 100.0
"""Weights lie above 0 and go up to this; a word without one has weight 1."""

_EDGE = ""  # stands where letters and digits begin or end, so that "he" is no word of "the"

State = tuple[int, int, float, bool]
"""Node of the tree, bits of the characters on the way to it that are in no word yet, score given for a word not yet
complete, in a Latin word."""


@dataclass(frozen=True, eq=False)
class Lexicon:
    """What is known of the language. It never changes, so threads may share it."""

    model: NGram | None = None
    words: Mapping[str, float] = field(default_factory=dict)
    """Word -> weight."""

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Lexicon:
        """A file of either kind, told by its content.

        Raises:
            SettingsError: it cannot be read, or is neither; a word list's message names the row.
        """
        path = Path(path)
        try:
            with path.open("rb") as file:
                start = file.read(len(MAGIC))
        except OSError as error:
            raise SettingsError(f"the lexicon {path} cannot be read: {error.strerror}") from error
        if start == MAGIC:
            return cls(model=NGram.open(path))
        return cls(words=_read(path))

    def __add__(self, other: Lexicon) -> Lexicon:
        """Both: the other one's n-gram where it has one, and the words of both."""
        return Lexicon(other.model or self.model, {**self.words, **other.words})

    def scorer(
        self,
        charset: Charset,
        *,
        ngram_weight: float,
        ngram_bonus: float,
        word_bonus: float,
        model: NGram | None = None,
    ) -> Scorer | None:
        """What it says of texts in the classes of ``charset``; None where it knows nothing.

        ``model`` is the n-gram to take where the lexicon has none; the other arguments are the settings of the same
        names (:class:`shizi.settings.ReadSettings`). Asked again, it gives what it made before.
        """
        parts: list[Scorer] = []
        model = self.model or model
        if model is not None and ngram_weight:
            parts.append(_of_model(model, charset, ngram_weight, ngram_bonus))
        if self.words:
            parts.append(_of_words(self, charset, word_bonus))
        return None if not parts else parts[0] if len(parts) == 1 else Sum(parts)

    def folded(self, charset: Charset, bonus: float) -> Scorer:
        """What its words say, which are in small letters and count in either case."""
        return _of_words(self, charset, bonus, folded=True)


class WordScorer:
    """Scores texts by the words found in them: ``bonus`` times the weight for each character of a word.

    The words are a tree with links to the longest other beginning (Aho, Corasick 1975), so one step a character finds
    all words, wherever they begin. A word that has only begun is scored in advance, by what it shares with the texts
    found so far, and loses that again where it does not go on: a beam would otherwise drop it before its end.
    A word counts once, and of words that overlap each character counts once. A word that begins or ends with a letter
    or digit of ASCII stands free there: nothing of the kind beside it.
    """

    def __init__(self, words: Mapping[str, float], charset: Charset, bonus: float, *, folded: bool = False) -> None:
        """``folded``: the words are in small letters, and capitals count as those."""
        self._words, self._charset, self._bonus = words, charset, bonus
        self._chars = ("", *(char.lower() if folded and char.isascii() else char for char in charset.chars))

    @cached_property
    def _tree(self) -> _Tree:
        """Made when it is first asked: most pages need none, and ten thousand words take a tenth of a second."""
        known = {word: weight * self._bonus for word, weight in self._words.items()}
        return _Tree({word: bonus for word, bonus in known.items() if all(char in self._charset for char in word)})

    def start(self) -> State:
        """Nothing found."""
        return 0, 0, 0.0, False

    def step(self, state: State, cls: int) -> tuple[State, float]:
        """One more character."""
        node, bare, ahead, latin = state
        tree, char = self._tree, self._chars[cls]
        now = _latin(char)
        given = -ahead
        if now != latin:
            node, bare, more = tree.walk(node, bare, _EDGE)
            given += more
        node, bare, more = tree.walk(node, bare << 1 | 1, char)
        ahead = tree.hope[node] * bare.bit_count()
        return (node, bare, ahead, now), given + more + ahead

    def finish(self, state: State) -> float:
        """The end: what was scored in advance is taken back."""
        node, bare, ahead, latin = state
        return self._tree.walk(node, bare, _EDGE)[2] - ahead if latin else -ahead


class _Tree:
    """Words with a bonus for each character, the nodes numbered from the root, 0."""

    def __init__(self, words: Mapping[str, float]) -> None:
        self.hope = [0.0]
        """Bonus for each character of a word that is under way."""
        self._next: list[dict[str, int]] = [{}]
        self._back = [0]
        self._ends = [(0, 0.0)]  # longest word that ends at the node: its characters and its bonus for each
        self._depth = [0]
        for word, bonus in words.items():
            self._add(word, bonus)
        self._link()

    def walk(self, node: int, bare: int, token: str) -> tuple[int, int, float]:
        """The next node, which characters under way are in no word yet, and the bonus of a word that ends here."""
        while node and token not in self._next[node]:
            node = self._back[node]
        node = self._next[node].get(token, 0)
        bare &= (1 << self._depth[node]) - 1
        length, bonus = self._ends[node]
        new = bare & ((1 << length) - 1)
        return node, bare ^ new, bonus * new.bit_count()

    def _add(self, word: str, bonus: float) -> None:
        node, depth = 0, 0
        path = []
        for token in _tokens(word):
            depth += token != _EDGE
            if token not in self._next[node]:
                self._next[node][token] = len(self._next)
                self._next.append({})
                self._back.append(0)
                self._ends.append((0, 0.0))
                self._depth.append(depth)
                self.hope.append(0.0)
            node = self._next[node][token]
            path.append(node)
        for passed in path:
            self.hope[passed] = max(self.hope[passed], bonus)
        if bonus > self._ends[node][1]:
            self._ends[node] = (len(word), bonus)

    def _link(self) -> None:
        """The links back, nodes nearer the root first."""
        waiting = deque(self._next[0].values())
        while waiting:
            node = waiting.popleft()
            for token, child in self._next[node].items():
                back = self._back[node]
                while back and token not in self._next[back]:
                    back = self._back[back]
                self._back[child] = self._next[back].get(token, 0)
                waiting.append(child)
            if not self._ends[node][0]:
                self._ends[node] = self._ends[self._back[node]]


@lru_cache(maxsize=4)
def _of_model(model: NGram, charset: Charset, weight: float, bonus: float) -> NGramScorer:
    return NGramScorer(model, charset, weight, bonus)


@lru_cache(maxsize=4)
def _of_words(lexicon: Lexicon, charset: Charset, bonus: float, *, folded: bool = False) -> WordScorer:
    return WordScorer(lexicon.words, charset, bonus, folded=folded)


def _latin(char: str) -> bool:
    return char.isascii() and char.isalnum()


def _tokens(word: str) -> Iterable[str]:
    """Its characters, with an edge where letters or digits begin or end."""
    before = False
    for char in word:
        if _latin(char) != before:
            yield _EDGE
        before = _latin(char)
        yield char
    if before:
        yield _EDGE


def _read(path: Path) -> dict[str, float]:
    """The rows of a word list. Raises SettingsError where a row is none."""
    if path.stat().st_size > MAX_BYTES:
        raise SettingsError(f"the word list {path} has more than {MAX_BYTES:,} bytes")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path} is neither a word list in UTF-8 nor an n-gram of shizi lexicon build") from error
    words: dict[str, float] = {}
    for number, row in enumerate(text.split("\n"), start=1):
        row = row.strip("\r")
        if row.strip():
            word, weight = _row(path, number, row)
            words[word] = weight
    if not words:
        raise SettingsError(f"the word list {path} holds no word")
    if len(words) > MAX_WORDS:
        raise SettingsError(f"the word list {path} has {len(words):,} words; the bound is {MAX_WORDS:,}")
    return words


def _row(path: Path, number: int, row: str) -> tuple[str, float]:
    word, tab, given = row.partition("\t")
    word = word.strip()
    if not 0 < len(word) <= MAX_WORD or not word.isprintable():
        raise SettingsError(f"{path}, row {number}: a word has 1 to {MAX_WORD} printable characters, not {word[:40]!r}")
    try:
        weight = float(given) if tab else 1.0
    except ValueError:
        weight = 0.0
    if not 0 < weight <= MAX_WEIGHT:  # not a number is neither
        raise SettingsError(f"{path}, row {number}: a weight lies above 0 and up to {MAX_WEIGHT:g}, not {given[:40]!r}")
    return word, weight
