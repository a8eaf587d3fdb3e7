"""How far a text that was read lies from the true one, and how sure that figure is.

A :class:`Unit` is one comparison: a line, or on pages a group of lines that overlap. Every figure is *micro*: summed
over the units, then divided, so that a long line weighs more than a short one.
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shizi.errors import MissingExtra

Form = Callable[[str], str]
Interval = tuple[float, float]

RESAMPLES = 1000
"""Resamples of one bootstrap."""
SEED = 0
"""Seed of the bootstrap: the same data give the same interval."""

_MIDDLE_DOTS = "·•‧∙⋅・･ꞏ᛫"
_DASHES = "‐‑‒–—―−─━⁃﹘﹣⸺⸻"
_SINGLE_QUOTES = "‘’‚‛′`´ʼ＇｀"
_DOUBLE_QUOTES = "“”„‟″〝〞＂"

# Before NFKC: it would tear ″ into two ′ and ´ into a blank and a combining accent.
_MERGE = str.maketrans(
    {
        **dict.fromkeys(_MIDDLE_DOTS, ""),
        **dict.fromkeys(_DASHES, "-"),
        **dict.fromkeys(_SINGLE_QUOTES, "'"),
        **dict.fromkeys(_DOUBLE_QUOTES, '"'),
    }
)
_RUN = re.compile(r"([.\-_])\1{3,}")


def strict(text: str) -> str:
    """The text as it is, without blanks at its ends."""
    return text.strip()


def loose(text: str) -> str:
    """The text without what only the typist decides.

    NFKC, case folded, blanks and middle dots dropped, kinds of dash and of quote merged (a pair of backticks or
    apostrophes is a double quote), and runs of four or more dots, dashes or underscores, that is leaders and rules,
    dropped. An ellipsis of six dots (……) is such a run.
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text.translate(_MERGE)).casefold())
    bare = "".join(char for char in folded if not char.isspace() and unicodedata.category(char) != "Cf")
    return _RUN.sub("", bare.translate(_MERGE)).replace("''", '"')


FORMS: Mapping[str, Form] = {"loose": loose, "strict": strict}
"""The forms in which texts are compared, by name."""


def edits(truth: str, read: str) -> int:
    """Insertions, deletions and substitutions that turn one text into the other (Levenshtein 1966).

    Raises:
        MissingExtra: rapidfuzz is not installed.
    """
    return int(levenshtein()(truth, read))


Step = tuple[int | None, int | None]
"""Place of a true and of a read character that stand for each other; None where one side has none."""


def align(truth: str, read: str) -> list[Step]:
    """The two texts side by side, in order, with as few faults as :func:`edits` counts.

    A step with two different characters is a substitution, one without a read character a deletion, one without a true
    character an insertion.

    Raises:
        MissingExtra: rapidfuzz is not installed.
    """
    levenshtein()
    from rapidfuzz.distance.Levenshtein import opcodes

    steps: list[Step] = []
    for op in opcodes(truth, read):
        here, there = range(op.src_start, op.src_end), range(op.dest_start, op.dest_end)
        steps += zip_longest(here, there)
    return steps


def origins(text: str, form: Form) -> list[int]:
    """For each character of ``form(text)``, the place in ``text`` of the character that it came from.

    Exact where the form treats each character by itself. Where it joins or drops some of them together (accents that
    compose, leaders), their neighbours are near enough to say whose confidence theirs is.
    """
    pieces = [(place, char) for place, one in enumerate(text) for char in form(one)]
    steps = align(form(text), "".join(char for _, char in pieces))
    made: list[int] = []
    last = 0
    for here, there in steps:
        last = last if there is None else pieces[there][0]
        if here is not None:
            made.append(last)
    return made


def levenshtein() -> Callable[[str, str], int]:
    """rapidfuzz's edit distance.

    Raises:
        MissingExtra: rapidfuzz is not installed.
    """
    try:
        from rapidfuzz.distance.Levenshtein import distance
    except ImportError as error:
        raise MissingExtra("scoring needs rapidfuzz: pip install 'shizi[score]'") from error
    return distance


@dataclass(frozen=True, slots=True)
class Unit:
    """One comparison.

    ``lines`` is the number of true lines in it; 0 means text that was read where there is none.
    """

    truth: str
    read: str
    lines: int = 1


# Columns of a tally.
EDITS, CHARS, LINES, RIGHT, LIKENESS, MISSED, INSERTED = range(7)
_COLUMNS = 7


def tally(units: Iterable[Unit], form: Form) -> NDArray[np.float64]:
    """(7,) sums over the units.

    Edits, true characters, true lines, those of them read without a fault, their likeness (1 - edits over the longer
    text's length), the edits of units in which nothing was read, and the edits of units in which there is no truth.
    """
    row = np.zeros(_COLUMNS)
    distance = levenshtein()
    for unit in units:
        truth, read = form(unit.truth), form(unit.read)
        wrong = distance(truth, read)
        longer = max(len(truth), len(read))
        row[[EDITS, CHARS, LINES]] += wrong, len(truth), unit.lines
        if unit.lines == 0:
            row[INSERTED] += wrong
            continue
        row[RIGHT] += unit.lines * (wrong == 0)
        row[LIKENESS] += unit.lines * (1 - wrong / longer if longer else 1.0)
        if not read:
            row[MISSED] += wrong
    return row


def resample(
    rows: NDArray[np.float64], resamples: int = RESAMPLES, seed: int = SEED, name: str = ""
) -> NDArray[np.float64]:
    """(n, 7) tallies of lines or pages -> (resamples, 7) sums over n of them drawn with replacement (Efron 1979).

    Slices that are added up have a ``name`` each, which draws lots of its own: with the same ones the errors of all
    would rise and fall together, and the interval of the sum come out too wide or too narrow.
    """
    count = len(rows)
    sums = np.zeros((resamples, rows.shape[1]))
    if not count:
        return sums
    rng = np.random.default_rng((seed, zlib.crc32(name.encode())))
    step = max(1, 500_000 // count)  # bounds the memory of one gather, whatever the size of the slice
    for start in range(0, resamples, step):
        drawn = rng.integers(0, count, (min(step, resamples - start), count))
        sums[start : start + step] = rows[drawn].sum(axis=1)
    return sums


@dataclass(frozen=True, slots=True)
class Scores:
    """The figures of a slice in one form of the text; a figure without ground (no characters, no lines) is None.

    ``intervals`` holds the 95 % bootstrap interval of each of the first four figures, None where fewer than two lines
    or pages were measured. ``missed``, ``inserted`` and ``misread`` add up to ``edits``.
    """

    cer: float | None
    cer_no_extra: float | None
    line_accuracy: float | None
    one_minus_ned: float | None
    intervals: Mapping[str, Interval | None]
    chars: int
    lines: int
    edits: int
    missed: int
    inserted: int
    misread: int

    @classmethod
    def of(cls, rows: NDArray[np.float64], sums: NDArray[np.float64]) -> Scores:
        """From the (n, 7) tallies of a slice's lines or pages and their (resamples, 7) bootstrap sums."""
        total = rows.sum(axis=0)
        figures = {name: _finite(value) for name, value in _figures(total[None]).items()}
        spread = _figures(sums)
        intervals = {name: _interval(values) if len(rows) > 1 else None for name, values in spread.items()}
        wrong, missed, inserted = (round(total[column]) for column in (EDITS, MISSED, INSERTED))
        return cls(
            **figures,
            intervals=intervals,
            chars=round(total[CHARS]),
            lines=round(total[LINES]),
            edits=wrong,
            missed=missed,
            inserted=inserted,
            misread=wrong - missed - inserted,
        )

    def to_json(self) -> dict[str, Any]:
        """Each figure and its interval ``<figure>_ci``, the counts, and the split of the edits."""
        made: dict[str, Any] = {}
        for name, interval in self.intervals.items():
            made[name] = _rounded(getattr(self, name))
            made[f"{name}_ci"] = None if interval is None else [_rounded(end) for end in interval]
        split = {"missed": self.missed, "inserted": self.inserted, "misread": self.misread}
        return {**made, "chars": self.chars, "lines": self.lines, "edits": self.edits, "errors": split}


def _figures(sums: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    def ratio(over: NDArray[np.float64], under: NDArray[np.float64]) -> NDArray[np.float64]:
        made: NDArray[np.float64] = np.full(len(sums), np.nan)
        np.divide(over, under, out=made, where=under > 0)
        return made

    chars, lines = sums[:, CHARS], sums[:, LINES]
    return {
        "cer": ratio(sums[:, EDITS], chars),
        "cer_no_extra": ratio(sums[:, EDITS] - sums[:, INSERTED], chars),
        "line_accuracy": ratio(sums[:, RIGHT], lines),
        "one_minus_ned": ratio(sums[:, LIKENESS], lines),
    }


def _finite(values: NDArray[np.float64]) -> float | None:
    return float(values[0]) if np.isfinite(values[0]) else None


def _interval(values: NDArray[np.float64]) -> Interval | None:
    values = values[np.isfinite(values)]
    if not len(values):
        return None
    low, high = np.percentile(values, (2.5, 97.5))
    return float(low), float(high)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 5)


def tallies(samples: Sequence[Sequence[Unit]], form: Form) -> NDArray[np.float64]:
    """(n, 7) one tally for each of the n lines or pages that are resampled."""
    return np.stack([tally(units, form) for units in samples]) if samples else np.zeros((0, _COLUMNS))
