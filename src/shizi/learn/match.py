"""Which true and which read lines of a page are to be compared.

The lines of the two sides that overlap form groups, and the texts of a group are joined in reading order and compared:
a line that only one side splits costs nothing. Text read where there is no true line is inserted; a group that touches
an ignored region is left out.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from shizi.learn.metrics import Unit
from shizi.learn.truth import TrueLine
from shizi.types import Line

OVERLAP = 0.3
"""Two lines belong together where they share more than this part of the smaller one's area."""


@dataclass(frozen=True, slots=True)
class Group:
    """Lines that are compared together, both sides in reading order."""

    unit: Unit
    truth: tuple[TrueLine, ...]
    read: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class _Piece:
    """A line of either side: its text, its (n, 2) corners from the text's top left, and the hull around them."""

    line: TrueLine | Line
    corners: NDArray[np.float32]
    hull: NDArray[np.float32]

    @classmethod
    def of(cls, line: TrueLine | Line) -> _Piece:
        corners = np.asarray(line.polygon if isinstance(line, TrueLine) else line.quad.points, np.float32)
        hull = cv2.convexHull(corners).reshape(-1, 2).astype(np.float32, copy=False)
        return cls(line, corners, hull)

    @property
    def text(self) -> str:
        return self.line.text

    @property
    def true(self) -> bool:
        return isinstance(self.line, TrueLine)


def compare(truth: Sequence[TrueLine], read: Sequence[Line], *, extra: bool = True) -> tuple[list[Unit], int]:
    """The units of :func:`groups`, and the number of true lines that were left out."""
    found, left_out = groups(truth, read, extra=extra)
    return [group.unit for group in found], left_out


def groups(truth: Sequence[TrueLine], read: Sequence[Line], *, extra: bool = True) -> tuple[list[Group], int]:
    """The groups of a page, and the number of true lines that were left out with an ignored region.

    ``extra=False`` does not count text that touches no true line.
    """
    pieces = [_Piece.of(line) for line in truth]
    pieces += [_Piece.of(line) for line in read if line.text.strip()]
    made, left_out = [], 0
    for group in _groups(pieces):
        own, found = [piece for piece in group if piece.true], [piece for piece in group if not piece.true]
        ignored = [isinstance(piece.line, TrueLine) and piece.line.ignore for piece in own]
        if any(ignored):
            left_out += ignored.count(False)
        elif own or extra:
            axes = _axes(group)
            own, found = _ordered(own, axes), _ordered(found, axes)
            unit = Unit(_joined(own), _joined(found), len(own))
            true = tuple(piece.line for piece in own if isinstance(piece.line, TrueLine))
            made.append(Group(unit, true, tuple(piece.line for piece in found if isinstance(piece.line, Line))))
    return made, left_out


def _groups(pieces: Sequence[_Piece]) -> Iterator[list[_Piece]]:
    """Connected components of the graph in which a true and a read line are joined where they overlap."""
    parent = list(range(len(pieces)))

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = index = parent[parent[index]]
        return index

    for first, second in _touching(pieces):
        parent[root(first)] = root(second)
    members: dict[int, list[_Piece]] = {}
    for index, piece in enumerate(pieces):
        members.setdefault(root(index), []).append(piece)
    yield from members.values()


def _touching(pieces: Sequence[_Piece]) -> Iterator[tuple[int, int]]:
    truth = [i for i, piece in enumerate(pieces) if piece.true]
    found = [i for i, piece in enumerate(pieces) if not piece.true]
    if not truth or not found:
        return
    low = np.array([piece.hull.min(axis=0) for piece in pieces])
    high = np.array([piece.hull.max(axis=0) for piece in pieces])
    areas = [max(1.0, cv2.contourArea(piece.hull)) for piece in pieces]
    for i in truth:
        near = np.all((low[found] < high[i]) & (high[found] > low[i]), axis=1)  # the boxes around them meet
        for j in np.asarray(found)[near].tolist():
            if shared_area(pieces[i].hull, pieces[j].hull) > OVERLAP * min(areas[i], areas[j]):
                yield i, j


def shared_area(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Area that two convex polygons, (n, 2) and (m, 2) corners, have in common (Sutherland and Hodgman 1974).

    OpenCV's ``intersectConvexConvex`` gives 0 for some pairs of which one lies within the other, along its edge.
    """
    if cv2.contourArea(other, oriented=True) < 0:
        other = other[::-1]  # what is kept lies on one known side of every edge
    kept = one.astype(np.float64)
    for start, end in zip(other.astype(np.float64), np.roll(other, -1, axis=0).astype(np.float64), strict=True):
        edge, away = end - start, kept - start
        inside = edge[0] * away[:, 1] - edge[1] * away[:, 0]
        corners: list[NDArray[np.float64]] = []
        for k, side in enumerate(inside):
            if (side < 0) != (inside[k - 1] < 0):
                share = inside[k - 1] / (inside[k - 1] - side)
                corners.append(kept[k - 1] + share * (kept[k] - kept[k - 1]))
            if side >= 0:
                corners.append(kept[k])
        if len(corners) < 3:
            return 0.0
        kept = np.stack(corners)
    return float(cv2.contourArea(kept.astype(np.float32)))


def _axes(group: Sequence[_Piece]) -> NDArray[np.float64]:
    """(2, 2) unit vectors along and across the reading direction of the group, taken from its largest piece.

    The scorer has its own order, so that a change of the product's reading order cannot move its measure.
    """
    chief = max(group, key=lambda piece: cv2.contourArea(piece.hull)).corners.astype(np.float64)
    right = chief[max(1, len(chief) // 2 - 1)] - chief[0]  # the upper edge, on a polygon of any even number of corners
    right = right / (np.linalg.norm(right) or 1.0) if right.any() else np.array((1.0, 0.0))
    down = np.array((-right[1], right[0]))
    spans = np.ptp(chief @ np.stack((right, down)).T, axis=0)
    upright_column = spans[1] > 1.5 * spans[0]
    return np.stack((down, -right)) if upright_column else np.stack((right, down))


def _joined(pieces: Sequence[_Piece]) -> str:
    """The texts, with a blank between two of them unless a wide (Chinese) character stands there."""
    text = ""
    for piece in pieces:
        gap = text and piece.text and not (wide(text[-1]) or wide(piece.text[0]))
        text += f" {piece.text}" if gap else piece.text
    return text


def _ordered(pieces: Sequence[_Piece], axes: NDArray[np.float64]) -> list[_Piece]:
    """Row by row, along each row; pieces stand in one row where their middles differ by less than half a height."""
    if len(pieces) < 2:
        return list(pieces)
    placed = [piece.corners @ axes.T for piece in pieces]
    middles = np.array([(place.min(axis=0) + place.max(axis=0)) / 2 for place in placed])
    half = float(np.median([np.ptp(place[:, 1]) for place in placed])) / 2
    rows: list[list[int]] = []
    for index in np.argsort(middles[:, 1], kind="stable").tolist():
        if rows and middles[index, 1] - np.mean(middles[rows[-1], 1]) < half:
            rows[-1].append(index)
        else:
            rows.append([index])
    return [pieces[index] for row in rows for index in sorted(row, key=lambda one: float(middles[one, 0]))]


def wide(char: str) -> bool:
    """Whether a character takes two columns of a terminal, as Chinese ones do."""
    return unicodedata.east_asian_width(char) in "WF"
