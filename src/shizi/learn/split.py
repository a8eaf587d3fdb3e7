"""How many errors on pages come from finding the lines, and how many from reading them.

The true lines are cut out by their own polygons and read as well. What is wrong there is wrong with reading; what is
wrong beyond that with the found lines is laid to finding. Each group of lines that were compared
(:func:`shizi.learn.match.groups`) is of one kind, so that it can be said what finding did wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np

from shizi.learn.match import Group
from shizi.learn.metrics import FORMS, edits
from shizi.learn.truth import TrueLine
from shizi.types import Line, Quad

KINDS = ("whole", "cut", "split", "merged", "missed", "false")
"""``whole``: one found line for one true line. ``cut``: the same, but the found line ends too early. ``split``: more
found lines than true ones. ``merged``: several true lines, and no more found ones. ``missed``: nothing found.
``false``: nothing there."""
_COVERED = 0.92  # of a true line's length that a found one reaches over, for one that is not cut short


@runtime_checkable
class ReadsPlaces(Protocol):
    """Can read lines at known places; :class:`shizi.Reader` can."""

    def read_quads(self, source: Path, quads: Sequence[Quad], /) -> list[Line]:
        """The lines at ``quads``, in their order."""


@dataclass(frozen=True, slots=True)
class Blame:
    """Of one kind: the lines (true ones; of ``false``, found ones), and the errors that finding is to blame for."""

    lines: int = 0
    errors: int = 0

    def __add__(self, other: Blame) -> Blame:
        return Blame(self.lines + other.lines, self.errors + other.errors)


@dataclass(frozen=True, slots=True)
class Split:
    """Errors in the loose form: those with the found lines, and those with the true ones."""

    chars: int
    errors: int
    reading: int
    """Errors that stay when the lines are cut out by their true polygons."""
    kinds: Mapping[str, Blame]

    @classmethod
    def of(cls, groups: Iterable[Group], read: Mapping[TrueLine, str]) -> Split:
        """From the groups of a page and what was read at the true lines' places."""
        chars, errors, reading = 0, 0, 0
        kinds = dict.fromkeys(KINDS, Blame())
        form = FORMS["loose"]
        for group in groups:
            truth = form(group.unit.truth)
            wrong = edits(truth, form(group.unit.read))
            there = edits(truth, form("".join(read[line] for line in group.truth)))
            chars, errors, reading = chars + len(truth), errors + wrong, reading + there
            kinds[kind(group)] += Blame(len(group.truth) or len(group.read), wrong - there)
        return cls(chars, errors, reading, kinds)

    @property
    def finding(self) -> int:
        """Errors that the true polygons take away; below 0 where the found lines read better than those."""
        return self.errors - self.reading

    def __add__(self, other: Split) -> Split:
        kinds = {name: self.kinds[name] + other.kinds[name] for name in KINDS}
        return Split(self.chars + other.chars, self.errors + other.errors, self.reading + other.reading, kinds)

    def to_json(self) -> dict[str, Any]:
        """``errors``, ``reading``, ``finding``, ``cer_true_boxes``, and ``lines`` and ``errors`` of each kind."""
        return {
            "errors": self.errors,
            "reading": self.reading,
            "finding": self.finding,
            "cer_true_boxes": round(self.reading / self.chars, 5) if self.chars else None,
            "kinds": {name: {"lines": one.lines, "errors": one.errors} for name, one in self.kinds.items()},
        }

    def cells(self) -> tuple[str, ...]:
        """The row of a table below :data:`HEAD`, without the name."""
        counts = (f"{self.kinds[name].lines} ({self.kinds[name].errors:+d})" for name in KINDS)
        true = f"{self.reading / self.chars:.2%}"[:-1] if self.chars else "-"
        return str(self.errors), str(self.reading), str(self.finding), true, *counts


HEAD = ("lines (errors that finding adds)", "errors", "reading", "finding", "CER % true boxes", *KINDS)


def kind(group: Group) -> str:
    """Which of :data:`KINDS` a group is."""
    true, found = len(group.truth), len(group.read)
    if not found:
        return "missed"
    if not true:
        return "false"
    if found > true:
        return "split"
    if true > 1:
        return "merged"
    return "whole" if _covered(group.truth[0], group.read[0]) >= _COVERED else "cut"


def _covered(true: TrueLine, found: Line) -> float:
    """The share of a true line's length that a found one reaches over."""
    quad = place(true)
    start, end = quad.points[0], quad.points[3 if quad.height > quad.width else 1]
    axis = np.subtract(end, start)
    length = float(axis @ axis)
    if not length:
        return 1.0
    at = (np.asarray(found.quad.points) - start) @ axis / length
    return float(min(at.max(), 1.0) - max(at.min(), 0.0))


def place(line: TrueLine) -> Quad:
    """The quad of a true line; of a polygon of more corners, those at the ends of its upper and lower edge."""
    points = line.polygon
    half = len(points) // 2
    if len(points) == 3:
        points, half = (*points, points[0]), 2
    return Quad.of((points[0], points[half - 1], points[half], points[-1]))


def split(groups: Sequence[Group], picture: Path, reader: ReadsPlaces) -> Split:
    """Read the true lines of a page at their own places, and part its errors."""
    lines = [line for group in groups for line in group.truth]
    read = reader.read_quads(picture, [place(line) for line in lines]) if lines else []
    return Split.of(groups, {true: found.text for true, found in zip(lines, read, strict=True)})
