"""What beam search weighs readings with: from texts to an n-gram, from lists to common words.

``shizi lexicon build TEXT... --output FILE [--max-trigrams N]``

``shizi lexicon words LIST... --output FILE [--most N]``
"""

from __future__ import annotations

import lzma
from argparse import Namespace
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shizi.errors import DataError
from shizi.learn import smoothing
from shizi.learn.smoothing import Counts
from shizi.read import ngram
from shizi.read.charset import Charset
from shizi.read.ngram import STEP, fold

PIECE = 4_000_000
"""Characters that are counted together: bounds the memory."""
MAX_TRIGRAMS = 200_000
"""Trigrams that are kept, unless another number is asked for; three bytes each."""
BIGRAM_SHARE = 0.8
"""Bigrams kept, as a share of the trigrams; eight bytes each."""
MOST_WORDS = 10_000
"""Common words that are kept, unless another number is asked for."""
SHORTEST = 4
"""Letters of a common word at least: shorter ones fit everywhere."""


def build(texts: Iterable[str], chars: Iterable[str], *, max_trigrams: int = MAX_TRIGRAMS) -> bytes:
    """The bytes of an n-gram's file (:mod:`shizi.read.ngram`), counted over ``texts``.

    A back-off model of order 3 with the estimates of :mod:`shizi.learn.smoothing`. Those n-grams are kept without which
    most would be lost, and the back-off weights set so that the probabilities after every context still add up to one.
    All distinct n-grams are in memory at a time: 0.8 GB for 29 million characters.

    Args:
        texts: pieces of text; no n-gram reaches over the end of one, or over a character that is not in ``chars``.
        chars: the characters to model.
        max_trigrams: so many are kept at most, and :data:`BIGRAM_SHARE` as many bigrams, those that they hang on first.

    Raises:
        DataError: the texts hold none of the characters.
    """
    alphabet = sorted({fold(char) for char in chars})
    if not 0 < len(alphabet) <= ngram.MAX_CHARS - 1:
        raise DataError(f"an n-gram takes between 1 and {ngram.MAX_CHARS - 1:,} characters, not {len(alphabet):,}")
    counts = _counts(texts, alphabet)
    if not len(counts[0][0]):
        raise DataError("the texts hold no character of the alphabet, so there is nothing to count")
    uni, two, three = smoothing.smoothed(counts, len(alphabet))
    kept = smoothing.best(three, max_trigrams)
    trigrams, tri = three.keys[kept], three.shares[kept]
    # a trigram hangs on its bigram
    needed = np.isin(two.keys, trigrams >> np.uint64(16))
    kept = smoothing.best(two, int(max_trigrams * BIGRAM_SHARE), needed=needed)
    bigrams, bi = two.keys[kept], two.shares[kept]

    bi_context, bi_char = _split(bigrams)
    uni_back = _back_off(bi_context, bi, uni[bi_char], len(alphabet))

    tri_context, tri_char = _split(trigrams)
    at = np.searchsorted(bigrams, tri_context)
    shorter = _shorter(trigrams, bigrams, bi, uni, uni_back)
    bi_back = _back_off(at, tri, shorter, len(bi))
    return ngram.dump(
        alphabet,
        {
            "uni": _byte(uni),
            "uni_back": _byte(uni_back),
            "uni_start": np.searchsorted(bi_context, np.arange(len(alphabet) + 1)),
            "bi_char": bi_char,
            "bi": _byte(bi),
            "bi_back": _byte(bi_back),
            "bi_start": np.searchsorted(at, np.arange(len(bi) + 1)),
            "tri_char": tri_char,
            "tri": _byte(tri),
        },
    )


def _counts(texts: Iterable[str], alphabet: list[str]) -> tuple[Counts, Counts, Counts]:
    """Of single characters, pairs and triples."""
    numbers = np.full(0x110000, -1, np.int32)
    for number, char in enumerate(alphabet):
        numbers[ord(char)] = number
    for char in "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ":
        numbers[ord(char)] = numbers[ord(fold(char))]
    empty: Counts = np.zeros(0, np.uint64), np.zeros(0, np.int64)
    found = [empty, empty, empty]
    for piece in _pieces(texts):
        codes = np.frombuffer(piece.encode("utf-32-le", "replace"), np.uint32)
        classes = numbers[codes].astype(np.int64)
        for order in range(3):
            columns = [classes[first : len(classes) - order + first] for first in range(order + 1)]
            whole = np.all([column >= 0 for column in columns], axis=0)
            keys = np.zeros(int(whole.sum()), np.uint64)
            for column in columns:
                keys = keys << np.uint64(16) | column[whole].astype(np.uint64)
            fresh = np.unique(keys, return_counts=True)
            found[order] = _merged(found[order], fresh)
    return found[0], found[1], found[2]


def _pieces(texts: Iterable[str]) -> Iterator[str]:
    """The texts, line ends between them, in pieces of about :data:`PIECE` characters."""
    held: list[str] = []
    size = 0
    for text in texts:
        held.append(text)
        size += len(text) + 1
        if size >= PIECE:
            yield "\n".join(held)
            held, size = [], 0
    if held:
        yield "\n".join(held)


def _merged(one: Counts, other: Counts) -> Counts:
    keys, inverse = np.unique(np.concatenate([one[0], other[0]]), return_inverse=True)
    counts = np.bincount(inverse, np.concatenate([one[1], other[1]]), len(keys)).astype(np.int64)
    return keys, counts


def _split(keys: NDArray[np.uint64]) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """What comes before the last character, and the last character."""
    return keys >> np.uint64(16), (keys & np.uint64(0xFFFF)).astype(np.int64)


def _shorter(
    keys: NDArray[np.uint64],
    bigrams: NDArray[np.uint64],
    bi: NDArray[np.float64],
    uni: NDArray[np.float64],
    uni_back: NDArray[np.float64],
) -> NDArray[np.float64]:
    """What the bigrams say of the last character of each trigram."""
    tail = keys & np.uint64(0xFFFFFFFF)
    context, char = _split(tail)
    made = uni_back[context.astype(np.int64)] * uni[char]
    if len(bigrams):
        at = np.minimum(np.searchsorted(bigrams, tail), len(bigrams) - 1)
        made = np.where(bigrams[at] == tail, bi[at], made)
    return made


def _back_off(
    contexts: NDArray[Any], kept: NDArray[np.float64], shorter: NDArray[np.float64], size: int
) -> NDArray[np.float64]:
    """(size,) weight of the shorter context, so that all probabilities after a context add up to one."""
    where = contexts.astype(np.int64)
    left = 1.0 - np.bincount(where, kept, size)
    under = 1.0 - np.bincount(where, shorter, size)
    made: NDArray[np.float64] = np.clip(left, 1e-7, 1.0) / np.clip(under, 1e-7, 1.0)
    return made


def _byte(values: NDArray[np.float64]) -> NDArray[np.uint8]:
    return np.clip(np.rint(-np.log(values) / STEP), 0, 255).astype(np.uint8)


def lines(path: Path) -> Iterator[str]:
    """The lines of a UTF-8 text, plain or .xz.

    Raises:
        DataError: it cannot be read.
    """
    try:
        with lzma.open(path) if path.suffix == ".xz" else path.open("rb") as file:
            for line in file:
                yield line.decode("utf-8", "replace").strip("\r\n\ufeff")
    except (OSError, lzma.LZMAError) as error:
        raise DataError(f"{path} cannot be read: {error}") from error


def common(lists: Sequence[Iterable[str]], most: int = MOST_WORDS, shortest: int = SHORTEST) -> list[str]:
    """The words that are frequent in all ``lists``, each in the order of frequency, in small letters.

    Kept are those of ASCII letters alone, marks around them taken off, by the sum of their ranks.
    """
    ranks: list[dict[str, int]] = []
    for rows in lists:
        seen: dict[str, int] = {}
        for row in rows:
            word = row.strip().strip(".,;:!?()\"'").lower()
            if word.isascii() and word.isalpha():
                seen.setdefault(word, len(seen))
        ranks.append(seen)
    both = [word for word in ranks[0] if len(word) >= shortest and all(word in seen for seen in ranks)] if ranks else []
    return sorted(both, key=lambda word: sum(seen[word] for seen in ranks))[:most]


def run(args: Namespace) -> int:
    """The commands: write the file and say what is in it.

    Raises:
        DataError: a text cannot be read, or there is nothing to count.
    """
    if args.action == "words":
        words = common([lines(path) for path in args.lists], args.most)
        if not words:
            raise DataError(f"no word of {SHORTEST} letters or more is in {' and '.join(map(str, args.lists))}")
        made, what = ("\n".join(words) + "\n").encode(), f"{len(words):,} words"
    else:
        texts = (line for path in args.texts for line in lines(path))
        made = build(texts, Charset.default().chars, max_trigrams=args.max_trigrams)
        what = f"{len(made):,} bytes"
    try:
        args.output.write_bytes(made)
    except OSError as error:
        raise DataError(f"{args.output} cannot be written: {error.strerror}") from error
    print(f"{args.output}: {what}")
    return 0
