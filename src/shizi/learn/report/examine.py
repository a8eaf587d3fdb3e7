"""What was read wrong, character by character: the alignment behind the figures of :mod:`shizi.learn.score`."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from shizi.learn.calibration import Confidences, Right
from shizi.learn.match import groups
from shizi.learn.metrics import Step, align, loose, origins
from shizi.learn.report.record import Recorder
from shizi.learn.score import PARTLY_LABELLED
from shizi.learn.truth import Slice
from shizi.types import Line, Point

PER_PICTURE = 2
"""Lines of one picture among the worst of a slice: one lost page would fill the list otherwise."""

Confusion = tuple[str, str]
"""A true character and what was read for it; "" where there is none."""


@dataclass(frozen=True)
class Sample:
    """One comparison of the score: a line, or a group of lines that overlap."""

    picture: Path
    truth: str
    read: str
    sure: Sequence[float | None]
    """Confidence of each character of ``loose(read)``; None where the reader gave none."""
    polygons: Sequence[Sequence[Point]] = ()
    """Around the lines of both sides, pixels; empty where the whole picture is the line."""

    @cached_property
    def folded(self) -> tuple[str, str]:
        """Truth and reading as they are compared."""
        return loose(self.truth), loose(self.read)

    @cached_property
    def steps(self) -> list[Step]:
        """The two of :attr:`folded` side by side."""
        return align(*self.folded)

    @cached_property
    def faults(self) -> list[Step]:
        """The steps that the character error rate counts."""
        truth, read = self.folded
        return [(i, j) for i, j in self.steps if i is None or j is None or truth[i] != read[j]]

    @cached_property
    def confusions(self) -> list[Confusion]:
        """The faults as characters."""
        truth, read = self.folded
        return [("" if i is None else truth[i], "" if j is None else read[j]) for i, j in self.faults]

    @property
    def confidence(self) -> float | None:
        """Mean of its characters' confidences."""
        known = [one for one in self.sure if one is not None]
        return sum(known) / len(known) if known else None

    def marks(self) -> tuple[set[int], set[int]]:
        """Places of the faults in ``truth`` and in ``read``."""
        here, there = origins(self.truth, loose), origins(self.read, loose)
        return (
            {here[i] for i, _ in self.faults if i is not None},
            {there[j] for _, j in self.faults if j is not None},
        )

    def judged(self) -> Iterable[tuple[float, bool]]:
        """Confidence of each character that was read, and whether it is right."""
        wrong = {j for _, j in self.faults}
        return ((sure, j not in wrong) for j, sure in enumerate(self.sure) if sure is not None)


@dataclass(frozen=True)
class Detail:
    """One slice."""

    name: str
    samples: Sequence[Sample]

    def confusions(self) -> Counter[Confusion]:
        """How often each fault was made."""
        return Counter(pair for sample in self.samples for pair in sample.confusions)

    def worst(self, count: int) -> list[Sample]:
        """The comparisons with the most faults; of those with as many, the ones that were read with most confidence."""
        ranked = sorted(self.samples, key=lambda one: (-len(one.faults), -(one.confidence or 0.0), str(one.picture)))
        taken: Counter[Path] = Counter()
        chosen: list[Sample] = []
        for sample in ranked:
            if sample.faults and taken[sample.picture] < PER_PICTURE and len(chosen) < count:
                taken[sample.picture] += 1
                chosen.append(sample)
        return chosen


def judged(details: Iterable[Detail]) -> tuple[Confidences, Right]:
    """All characters that were read with a confidence: how sure, and whether right."""
    pairs = [pair for one in details for sample in one.samples for pair in sample.judged()]
    return np.array([sure for sure, _ in pairs], float), np.array([right for _, right in pairs], bool)


def examine(one: Slice, recorder: Recorder) -> Detail:
    """The comparisons of a slice, from what ``recorder`` read of it. A picture that failed counts as read empty."""
    samples = []
    for strip in one.strips:
        line = recorder.lines.get(strip.picture)
        read = line.text if line else ""
        samples.append(Sample(strip.picture, strip.text, read, confidences([line] if line else [], read)))
    extra = not one.name.startswith(PARTLY_LABELLED)
    for true in one.pages:
        found = recorder.pages.get(true.picture)
        for group in groups(true.lines, found.lines if found else (), extra=extra)[0]:
            unit = group.unit
            polygons = [*(line.polygon for line in group.truth), *(line.quad.points for line in group.read)]
            samples.append(Sample(true.picture, unit.truth, unit.read, confidences(group.read, unit.read), polygons))
    return Detail(one.name, samples)


def confidences(lines: Sequence[Line], read: str) -> list[float | None]:
    """The confidence of each character of ``loose(read)``, the text of the lines together.

    None for the characters of a line whose ``chars`` do not spell its text but for blanks.
    """
    text, sure = [], []
    for line in lines:
        if not _spelt(line):
            pieces: list[tuple[str, float | None]] = [(char, None) for char in line.text]
        else:
            pieces = [(char, one.confidence) for one in line.chars for char in one.text]
        text += [char for char, _ in pieces]
        sure += [value for _, value in pieces]
    joined = "".join(text)
    if loose(joined) != loose(read):
        return [None] * len(loose(read))
    return [sure[place] for place in origins(joined, loose)]


def _spelt(line: Line) -> bool:
    return "".join("".join(char.text for char in line.chars).split()) == "".join(line.text.split())


def by_picture(samples: Iterable[Sample]) -> dict[Path, list[Sample]]:
    """The samples of each picture, so that it is opened once."""
    found = defaultdict(list)
    for sample in samples:
        found[sample.picture].append(sample)
    return dict(found)
