"""A reader that remembers what it read, and how long each picture took."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from shizi.learn.score import Reads
from shizi.learn.split import ReadsPlaces
from shizi.types import Line, Page, Quad


@dataclass
class Recorder:
    """Reads with another reader. A line that was read already is not read again."""

    reader: Reads
    pages: dict[Path, Page] = field(default_factory=dict)
    lines: dict[Path, Line] = field(default_factory=dict)
    seconds: dict[Path, float] = field(default_factory=dict)
    """Of each picture that could be read."""

    def read(self, source: Path, /) -> Page:
        """The lines of one page."""
        started = time.perf_counter()
        page = self.pages[source] = self.reader.read(source)
        self.seconds[source] = time.perf_counter() - started
        return page

    def read_lines(self, sources: list[Path], /) -> list[Line]:
        """One line for each strip, each read by itself: the answers are the same, and its time is its own."""
        for source in sources:
            if source in self.lines:
                continue
            started = time.perf_counter()
            (self.lines[source],) = self.reader.read_lines([source])
            self.seconds[source] = time.perf_counter() - started
        return [self.lines[source] for source in sources]


class PlacesRecorder(Recorder):
    """The same, of a reader that reads at known places too."""

    def read_quads(self, source: Path, quads: Sequence[Quad], /) -> list[Line]:
        """The lines at ``quads``, in their order; not remembered."""
        assert isinstance(self.reader, ReadsPlaces)
        return self.reader.read_quads(source, quads)


def record(reader: Reads) -> Recorder:
    """A recorder that can do what ``reader`` can."""
    return PlacesRecorder(reader) if isinstance(reader, ReadsPlaces) else Recorder(reader)
