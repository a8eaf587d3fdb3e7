"""What a picture says: characters, lines, pages, documents.

Units, for the whole project: lengths and places are pixels of the picture as a person sees it (after EXIF orientation),
origin top left, x to the right, y down; times are seconds; a confidence is the estimated probability, in [0, 1], that
what it stands beside is right. All types are frozen and go to JSON and back.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

PAGE_SCHEMA = "shizi/page/1"

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Quad:
    """Four corners, clockwise from the text's own top left: top left, top right, bottom right, bottom left."""

    points: tuple[Point, Point, Point, Point]

    def __post_init__(self) -> None:
        if [len(point) for point in self.points] != [2, 2, 2, 2]:
            raise ValueError(f"a quad has four points of two coordinates, not {self.points!r}")
        (a, b), (c, d), (e, f), (g, h) = self.points
        # the sum first: it is finite where all of them are, but for sums of numbers that no picture has
        if not (math.isfinite(a + b + c + d + e + f + g + h) or all(map(math.isfinite, (a, b, c, d, e, f, g, h)))):
            raise ValueError("the corners of a quad are finite numbers")

    @classmethod
    def of(cls, points: Iterable[Iterable[float]]) -> Quad:
        """Build from any four pairs, numpy rows included."""
        made = tuple(tuple(float(c) for c in p) for p in points)
        return cls(made)  # type: ignore[arg-type]  # __post_init__ checks the counts

    @classmethod
    def box(cls, left: float, top: float, right: float, bottom: float) -> Quad:
        """An upright rectangle."""
        return cls(((left, top), (right, top), (right, bottom), (left, bottom)))

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom of the upright box around it."""
        xs, ys = zip(*self.points, strict=True)
        return min(xs), min(ys), max(xs), max(ys)

    @property
    def width(self) -> float:
        """Mean length of the two sides along the text."""
        a, b, c, d = self.points
        return (math.dist(a, b) + math.dist(d, c)) / 2

    @property
    def height(self) -> float:
        """Mean length of the two sides across the text."""
        a, b, c, d = self.points
        return (math.dist(a, d) + math.dist(b, c)) / 2

    def between(self, start: float, end: float) -> Quad:
        """The part of the quad from share ``start`` to share ``end`` of its length; beyond [0, 1] it is made longer."""
        a, b, c, d = self.points

        def at(p: Point, q: Point, t: float) -> Point:
            return p[0] + (q[0] - p[0]) * t, p[1] + (q[1] - p[1]) * t

        return Quad((at(a, b, start), at(a, b, end), at(d, c, end), at(d, c, start)))

    def reaching(self, other: Quad) -> Quad:
        """The quad, as much longer or shorter as it takes to end where ``other`` ends; itself if it has no length."""
        (a, *_, d), (_, b, c, _) = self.points, other.points
        length = math.dist((a[0] + d[0], a[1] + d[1]), (b[0] + c[0], b[1] + c[1])) / 2
        return self.between(0, length / self.width) if self.width else self

    def to_json(self) -> list[list[float]]:
        """Four [x, y] pairs, rounded to a hundredth of a pixel."""
        return [[round(x, 2), round(y, 2)] for x, y in self.points]


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another reading of the same character."""

    text: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Char:
    """One character of a line."""

    text: str
    confidence: float
    quad: Quad
    alternatives: tuple[Alternative, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """``text``, ``confidence``, ``quad``, and ``alternatives`` where there are any."""
        made: dict[str, Any] = {
            "text": self.text,
            "confidence": round(self.confidence, 4),
            "quad": self.quad.to_json(),
        }
        if self.alternatives:
            made["alternatives"] = [{"text": a.text, "confidence": round(a.confidence, 4)} for a in self.alternatives]
        return made

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Char:
        """The inverse of :meth:`to_json`."""
        others = tuple(Alternative(a["text"], a["confidence"]) for a in value.get("alternatives", ()))
        return cls(value["text"], value["confidence"], Quad.of(value["quad"]), others)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text, in reading direction. ``chars`` may leave out blanks that a text rule put in."""

    text: str
    confidence: float
    quad: Quad
    chars: tuple[Char, ...] = ()

    @classmethod
    def of(cls, chars: Sequence[Char], quad: Quad) -> Line:
        """A line of characters: its confidence is their geometric mean, 0 without any, as nothing vouches for it."""
        sure = math.exp(sum(math.log(max(char.confidence, 1e-12)) for char in chars) / len(chars)) if chars else 0.0
        return cls("".join(char.text for char in chars), sure, quad, tuple(chars))

    def to_json(self) -> dict[str, Any]:
        """``text``, ``confidence``, ``quad``, ``chars``."""
        return {
            "text": self.text,
            "confidence": round(self.confidence, 4),
            "quad": self.quad.to_json(),
            "chars": [char.to_json() for char in self.chars],
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Line:
        """The inverse of :meth:`to_json`."""
        chars = tuple(Char.from_json(c) for c in value["chars"])
        return cls(value["text"], value["confidence"], Quad.of(value["quad"]), chars)


@dataclass(frozen=True, slots=True)
class Dropped:
    """A place that was found and is not among the lines, and why."""

    quad: Quad
    reason: str
    """``small``: too low to be read. ``faint``: the finder hardly believes in it, or it is what is left of a seal that
    was taken off. ``rule``: a row of dashes or a broken rule. ``empty``: nothing was read there. ``unsure``: what was
    read there looks like noise."""
    text: str = ""
    """What was read there, if anything."""
    confidence: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """``quad``, ``reason``, ``text``, ``confidence``."""
        return {
            "quad": self.quad.to_json(),
            "reason": self.reason,
            "text": self.text,
            "confidence": round(self.confidence, 4),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Dropped:
        """The inverse of :meth:`to_json`."""
        return cls(Quad.of(value["quad"]), value["reason"], value["text"], value["confidence"])


@dataclass(frozen=True, slots=True)
class Page:
    """One picture read. ``lines`` stand in reading order; ``source`` names where it came from."""

    source: str
    width: int
    height: int
    seconds: float
    lines: tuple[Line, ...] = ()
    paragraphs: tuple[tuple[int, ...], ...] = ()
    """Indices of ``lines`` that run on from one to the next, in reading order: each line in one of them."""
    dropped: tuple[Dropped, ...] = ()
    """What was found and is not among the lines."""
    turned: int = 0
    """Degrees, clockwise, by which the picture is turned to stand upright: 0, 90, 180 or 270."""

    @property
    def text(self) -> str:
        """The lines' texts, one a row."""
        return "\n".join(line.text for line in self.lines)

    def to_json(self) -> dict[str, Any]:
        """The object that ``shizi read --format json`` prints (schema shizi/page/1)."""
        return {
            "schema": PAGE_SCHEMA,
            "source": self.source,
            "width": self.width,
            "height": self.height,
            "seconds": round(self.seconds, 4),
            "turned": self.turned,
            "lines": [line.to_json() for line in self.lines],
            "paragraphs": [list(one) for one in self.paragraphs],
            "dropped": [one.to_json() for one in self.dropped],
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Page:
        """The inverse of :meth:`to_json`; ValueError where the schema is another."""
        if value.get("schema") != PAGE_SCHEMA:
            raise ValueError(f"schema {value.get('schema')!r} is not {PAGE_SCHEMA}")
        lines = tuple(Line.from_json(line) for line in value["lines"])
        # what an earlier version did not write is empty
        paragraphs = tuple(tuple(one) for one in value.get("paragraphs", ()))
        dropped = tuple(Dropped.from_json(one) for one in value.get("dropped", ()))
        size = value["width"], value["height"]
        return cls(value["source"], *size, value["seconds"], lines, paragraphs, dropped, value.get("turned", 0))


@dataclass(frozen=True, slots=True)
class Document:
    """The pages of one source, in order."""

    pages: tuple[Page, ...]

    @property
    def text(self) -> str:
        """The pages' texts, an empty row between two pages."""
        return "\n\n".join(page.text for page in self.pages)

    def to_json(self) -> list[dict[str, Any]]:
        """One object a page."""
        return [page.to_json() for page in self.pages]

    @classmethod
    def from_json(cls, value: Iterable[Mapping[str, Any]]) -> Document:
        """The inverse of :meth:`to_json`."""
        return cls(tuple(Page.from_json(page) for page in value))
