"""How well a reader reads: ``shizi score DATA``.

Line pictures are compared one by one, pages by groups of lines that overlap (:mod:`shizi.learn.match`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from shizi.errors import InputError
from shizi.learn.match import groups, wide
from shizi.learn.metrics import FORMS, Scores, Unit, levenshtein, resample, tallies
from shizi.learn.split import HEAD, ReadsPlaces, Split, split
from shizi.learn.truth import Slice, Strip, slices
from shizi.types import Line, Page

SCHEMA = "shizi/score/1"
PARTLY_LABELLED = "plate_pages"
"""Slices whose names start so have truth for a part of each picture only: text elsewhere is not held against them."""
_BATCH = 64
"""Strips handed to the reader at once."""


class Reads(Protocol):
    """What is scored; :class:`shizi.Reader` is one."""

    def read(self, source: Path, /) -> Page:
        """The lines of one page."""

    def read_lines(self, sources: list[Path], /) -> list[Line]:
        """One line for each strip, in their order."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A picture that could not be read; all of its text counts as lost."""

    picture: str
    error: str


@dataclass(frozen=True)
class SliceReport:
    """What was measured on one slice.

    ``samples`` has one list of units for each line picture or page, the things that the bootstrap draws. ``left_out``
    counts true lines whose group touches an ignored region. ``seconds`` is the time spent in the reader. ``split``
    parts the errors of pages into those of finding and of reading, where the reader can read at known places.
    """

    name: str
    kind: str
    samples: Sequence[Sequence[Unit]]
    failed: Sequence[Failure]
    left_out: int
    seconds: float
    split: Split | None = None
    scores: dict[str, Scores] = field(init=False)
    sums: dict[str, NDArray[np.float64]] = field(init=False, repr=False)
    rows: dict[str, NDArray[np.float64]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        rows = {name: tallies(self.samples, form) for name, form in FORMS.items()}
        sums = {name: resample(table, name=self.name) for name, table in rows.items()}
        object.__setattr__(self, "rows", rows)
        object.__setattr__(self, "sums", sums)
        object.__setattr__(self, "scores", {name: Scores.of(rows[name], sums[name]) for name in FORMS})

    @property
    def pictures(self) -> int:
        """Number of pictures, those that failed included."""
        return len(self.samples)

    def to_json(self) -> dict[str, Any]:
        """The slice's object in schema shizi/score/1."""
        made = _to_json(self.kind, self.pictures, self.seconds, self.left_out, self.failed, self.scores)
        return made if self.split is None else {**made, "split": self.split.to_json()}


@dataclass(frozen=True)
class Report:
    """What was measured on all slices."""

    slices: Sequence[SliceReport]

    def scores(self, form: str) -> Scores:
        """The figures over all slices; the bootstrap draws within each slice."""
        rows = np.concatenate([one.rows[form] for one in self.slices])
        return Scores.of(rows, np.sum([one.sums[form] for one in self.slices], axis=0))

    def to_json(self) -> dict[str, Any]:
        """``schema``, ``slices`` by name, ``total``: what ``shizi score --format json`` prints.

        Slices of pages, and the total where there are such, have a ``split`` (:class:`shizi.learn.split.Split`).
        """
        failed = [failure for one in self.slices for failure in one.failed]
        total = _to_json(
            "all",
            sum(one.pictures for one in self.slices),
            sum(one.seconds for one in self.slices),
            sum(one.left_out for one in self.slices),
            failed,
            {form: self.scores(form) for form in FORMS},
        )
        splits = self.splits()
        if splits:
            total["split"] = splits[-1][1].to_json()
        return {"schema": SCHEMA, "slices": {one.name: one.to_json() for one in self.slices}, "total": total}

    def splits(self) -> list[tuple[str, Split]]:
        """The slices whose errors are parted, by name, and the total."""
        made = [(one.name, one.split) for one in self.slices if one.split is not None]
        return [*made, ("total", sum((split for _, split in made[1:]), made[0][1]))] if made else []

    def table(self) -> str:
        """The figures for a person: one row a slice, percentages, intervals in brackets.

        Below it, for pages, where the errors come from.
        """
        rows: list[tuple[str, ...]] = [_HEAD]
        for one in self.slices:
            rows.append(_cells(one.name, one.pictures, one.seconds, one.scores))
        if len(self.slices) > 1:
            pictures, seconds = sum(one.pictures for one in self.slices), sum(one.seconds for one in self.slices)
            rows.append(_cells("total", pictures, seconds, {form: self.scores(form) for form in FORMS}))
        notes = [f"failed: {failure.picture}: {failure.error}" for one in self.slices for failure in one.failed]
        splits = self.splits()[: None if len(self.slices) > 1 else 1]
        below = ["", *_aligned([HEAD, *((name, *split.cells()) for name, split in splits)])] if splits else []
        return "\n".join([*_aligned(rows), *below, *notes])


def score(data: Path, reader: Reads, *, progress: Callable[[str], None] | None = None) -> Report:
    """Read the pictures of ``data`` (see :mod:`shizi.learn.truth`) and compare with their truth.

    ``progress`` is told the name of each slice before it is read.

    Raises:
        DataError: there is nothing to measure, or the truth is malformed.
        MissingExtra: rapidfuzz is not installed.
    """
    levenshtein()  # what is missing is said before an hour of reading, not after
    reports = []
    for one in slices(data):
        if progress is not None:
            progress(one.name)
        reports.append(score_slice(one, reader))
    return Report(reports)


def score_slice(one: Slice, reader: Reads) -> SliceReport:
    """Read the pictures of one slice and compare."""
    if one.strips:
        return _score_strips(one, reader)
    samples, failed, left_out, seconds = [], [], 0, 0.0
    splits: list[Split] = []
    extra = not one.name.startswith(PARTLY_LABELLED)
    for page in one.pages:
        start = time.perf_counter()
        try:
            lines: Sequence[Line] = reader.read(page.picture).lines
        except (InputError, OSError) as error:
            failed.append(Failure(str(page.picture), _reason(error)))
            lines = ()
        seconds += time.perf_counter() - start
        compared, dropped = groups(page.lines, lines, extra=extra)
        samples.append([group.unit for group in compared])
        left_out += dropped
        if isinstance(reader, ReadsPlaces) and not (failed and failed[-1].picture == str(page.picture)):
            splits.append(split(compared, page.picture, reader))
    parted = sum(splits[1:], splits[0]) if splits else None
    return SliceReport(one.name, "pages", samples, failed, left_out, seconds, parted)


def _score_strips(one: Slice, reader: Reads) -> SliceReport:
    samples, failed, seconds = [], [], 0.0
    for start in range(0, len(one.strips), _BATCH):
        strips = one.strips[start : start + _BATCH]
        begun = time.perf_counter()
        texts, lost = _texts(strips, reader)
        seconds += time.perf_counter() - begun
        samples += [[Unit(strip.text, text)] for strip, text in zip(strips, texts, strict=True)]
        failed += lost
    return SliceReport(one.name, "lines", samples, failed, 0, seconds)


def _reason(error: InputError | OSError) -> str:
    """Why a picture could not be read, without its name, which stands beside it."""
    return error.message if isinstance(error, InputError) else str(error)


def _texts(strips: Sequence[Strip], reader: Reads) -> tuple[list[str], list[Failure]]:
    try:
        return [line.text for line in reader.read_lines([strip.picture for strip in strips])], []
    except (InputError, OSError) as error:
        if len(strips) == 1:
            return [""], [Failure(str(strips[0].picture), _reason(error))]
    # One of them cannot be read: read them one by one, so that only that one is lost.
    texts: list[str] = []
    failed: list[Failure] = []
    for strip in strips:
        text, lost = _texts([strip], reader)
        texts += text
        failed += lost
    return texts, failed


# The report.

_HEAD = (
    "slice", "pictures", "lines", "chars", "CER % [95 %]", "no extra", "lines % [95 %]", "1-NED", "strict CER",
    "missed", "inserted", "misread", "s/picture",
)  # fmt: skip


def _to_json(
    kind: str, pictures: int, seconds: float, left_out: int, failed: Sequence[Failure], scores: dict[str, Scores]
) -> dict[str, Any]:
    return {
        "kind": kind,
        "pictures": pictures,
        "lines_left_out": left_out,
        "seconds": round(seconds, 3),
        "seconds_per_picture": round(seconds / pictures, 5) if pictures else None,
        "failed": [{"picture": failure.picture, "error": failure.error} for failure in failed],
        **{form: figures.to_json() for form, figures in scores.items()},
    }


def _cells(name: str, pictures: int, seconds: float, scores: dict[str, Scores]) -> tuple[str, ...]:
    loose = scores["loose"]

    def percent(value: float | None, figure: str = "") -> str:
        if value is None:
            return "-"
        interval = loose.intervals[figure] if figure else None
        return f"{value:.2%}"[:-1] + (f" [{interval[0] * 100:.1f}-{interval[1] * 100:.1f}]" if interval else "")

    return (
        name,
        str(pictures),
        str(loose.lines),
        str(loose.chars),
        percent(loose.cer, "cer"),
        percent(loose.cer_no_extra),
        percent(loose.line_accuracy, "line_accuracy"),
        percent(loose.one_minus_ned),
        percent(scores["strict"].cer),
        str(loose.missed),
        str(loose.inserted),
        str(loose.misread),
        f"{seconds / pictures:.3f}" if pictures else "-",
    )


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    def width(cell: str) -> int:
        return sum(2 if wide(char) else 1 for char in cell)

    widths = [max(map(width, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        first, *rest = (cell + " " * (size - width(cell)) for cell, size in zip(row, widths, strict=True))
        cells = [first, *(cell.rstrip().rjust(len(cell)) for cell in rest)]
        lines.append("  ".join(cells).rstrip())
    return lines
