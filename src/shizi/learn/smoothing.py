"""From counts of characters, pairs and triples to the probabilities of an n-gram, and which of them are worth keeping.

Source: modified Kneser-Ney smoothing, interpolated (Chen, Goodman: An Empirical Study of Smoothing Techniques for
Language Modeling, Computer Speech and Language 13, 1999, section 3); pruned by the weighted difference (Seymore,
Rosenfeld: Scalable Backoff Language Models, ICSLP 1996). numpy only, no I/O.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Keys = NDArray[np.uint64]
Floats = NDArray[np.float64]
Counts = tuple[Keys, NDArray[np.int64]]
"""Sorted n-grams, their characters packed 16 bits each, and how often each occurs."""

FEW = (0.5, 1.0, 1.5)
"""What is taken off the counts 1, 2, and 3 and more where there are too few n-grams to tell."""
LEAST_COUNT = 3
"""N-grams that occur less often are left out: a text could be put together again from all of its own."""
UNSEEN = 0.5
"""Count of a character that follows none, so that none is impossible."""
_CHAR, _LAST, _PAIR = np.uint64(16), np.uint64(0xFFFF), np.uint64(0xFFFFFFFF)


@dataclass(frozen=True)
class Level:
    """What one order says: of each n-gram, and of what has not followed its context."""

    keys: Keys
    shares: Floats
    """p(last character | those before it), that of the shorter contexts mixed in."""
    gains: Floats
    """By how much ln p is above what is said without the n-gram, times its count: what goes with it. 0: rare."""


def smoothed(counts: tuple[Counts, Counts, Counts], size: int) -> tuple[Floats, Level, Level]:
    """(size,) shares of the single characters, then pairs and triples with theirs.

    A shorter context counts after how many different characters something comes rather than how often: 斓 is frequent
    behind 斑 alone, so it is unlikely behind anything unknown.
    """
    one, two, three = counts
    singles = np.full(size, UNSEEN)
    seen = _kinds(two, 1) if len(two[0]) else one
    singles[seen[0].astype(np.int64)] += seen[1]
    singles /= singles.sum()
    kinds = np.ones(len(two[0]), np.int64)  # what ends no triple, at the beginning of a line, occurs too
    ends = _kinds(three, 2)
    kinds[np.searchsorted(two[0], ends[0])] = ends[1]

    second = _level(two, kinds, singles[(two[0] & _LAST).astype(np.int64)])
    shorter = second.shares[np.searchsorted(two[0], three[0] & _PAIR)]
    return singles, second, _level(three, three[1], shorter)


def _level(counts: Counts, seen: NDArray[np.int64], shorter: Floats) -> Level:
    """With ``seen`` in place of the counts, and what the shorter contexts say of each last character."""
    keys, often = counts
    own, left = _discounted(keys, seen)
    shares = own + left * shorter
    gains = often.astype(np.float64) * np.log(shares / (left * shorter))
    return Level(keys, shares, np.where(often >= LEAST_COUNT, gains, 0.0))


def best(level: Level, most: int, *, needed: NDArray[np.bool_] | None = None) -> NDArray[np.intp]:
    """Which n-grams to keep: those ``needed`` and, up to ``most`` in all, those that gain most; in their order."""
    gains = level.gains if needed is None else np.where(needed, np.inf, level.gains)
    ranked = np.argsort(-gains, kind="stable")
    count = max(most, 0 if needed is None else int(needed.sum()))
    ranked = ranked[:count]
    return np.sort(ranked[gains[ranked] > 0])


def discounts(counts: NDArray[np.int64]) -> tuple[float, float, float]:
    """What is taken off the counts 1, 2, and 3 and more; :data:`FEW` where one to four do not all occur."""
    first, second, third, fourth = (int((counts == count).sum()) for count in (1, 2, 3, 4))
    if not (first and second and third and fourth):
        return FEW
    share = first / (first + 2 * second)
    made = 1 - 2 * share * second / first, 2 - 3 * share * third / second, 3 - 4 * share * fourth / third
    # in a made-up text more may occur thrice than once: something is taken off, and not all of it
    return _within(made[0], 1), _within(made[1], 2), _within(made[2], 3)


def _within(value: float, count: int) -> float:
    return min(max(value, 0.1), count - 0.1)


def _discounted(keys: Keys, seen: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Of each n-gram its own share after its context, and what is left there for all that is said without it."""
    if not len(keys):
        return np.zeros(0), np.zeros(0)
    off = np.asarray(discounts(seen))[np.minimum(seen, 3) - 1]
    _, first, kinds = np.unique(keys >> _CHAR, return_index=True, return_counts=True)
    total, taken = np.add.reduceat(seen, first), np.add.reduceat(off, first)
    return (seen - off) / np.repeat(total, kinds), np.repeat(taken / total, kinds)


def _kinds(counts: Counts, order: int) -> Counts:
    """Behind how many different characters each of the last ``order`` characters comes."""
    keys, seen = np.unique(counts[0] & np.uint64((1 << 16 * order) - 1), return_counts=True)
    return keys, seen.astype(np.int64)
