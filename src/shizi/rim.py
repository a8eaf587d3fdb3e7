"""Names along the rims of seals, as an organisation's on its round stamp, laid out straight to be read like a line.

The band between a rim and what stands in a seal's middle is unrolled clockwise, in the seal's own ink, so that print
under it hardly shows. A number along the lower side, which is read the other way round, and what reaches into the band
from the middle are left out; the name begins and ends at the widest gap. Its characters are moved together, straight.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from shizi import clean, seal
from shizi.clean import Upright
from shizi.cut import Cut, Pixels, within
from shizi.find import Candidate
from shizi.order import order, paragraphs
from shizi.seal import Seal
from shizi.settings import CleanSettings
from shizi.types import Line, Quad

Grey = NDArray[np.uint8]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Reals = NDArray[np.floating[Any]]

LEAST = 4
"""Hanzi of a name, at the least."""
SURE = 0.6
"""Confidence of a name, read without an n-gram: what is too small or pale to be read looks like hanzi, too."""

ROWS, DEEP = 128, 0.64
"""Rows of an unrolled band, and how far it reaches from the rim inward, in shorter radii: a star's points lie there."""
BAND = 0.25
"""How deep the middle of a name's band lies, about, likewise."""

_OUTSIDE = 12  # rows more that are unrolled on both sides, as a rim may run off the ellipse,
_WAVES = 3  # in so many waves on the way around
_WAYS = 720  # places on an ellipse at which its length is summed up
_THICK = 16  # rows within which a rim is strongest
_SEEN = 0.3  # share of the way around in which a rim's inner edge has to be seen to be followed
_COVERED = 0.45  # share of a row that is ink, from which on it is a rim's; one may be double,
_RIMS = 32  # within so many rows
_HIGH = 68  # rows: the highest band, and
_LOW = 13  # the lowest
_BEGINS = 40  # rows within a rim in which the band begins
_STRONGEST = 97  # per cent of the pixels: what is stronger is all alike
_FAINTEST = 40.0  # of the strongest ink of a rim, 255: what is fainter is no text
_INK = 0.4  # of a name's strongest ink
_BETWEEN = 0.35  # of the ink in the rows of text: rows with less lie between rim, text and what stands in the middle
_ROOM = 0.08  # above and below nine tenths of a character's ink, in their height
_BEYOND = 1.25  # ink of a piece, in that which lies in the band: with more it reaches there from the middle
_DEEP = 0.2  # of the band's height: a piece that begins deeper may reach there from the middle
_UPPER, _DEEPER = 0.25, 0.38  # likewise: so may a cell of whose ink that share lies deeper
_DOWN = 0.85  # and that ends at the lower edge,
_REACHING = 0.2  # if there is so much ink below, in its own
_SPECK = 0.008  # area of a piece that is none, in squared heights of the band
_DIGIT = 0.6  # height of what may be a figure, in the band's, and
_CENTRED = 0.12  # how far from the band's middle its own may lie, likewise
_NUMBER = 1.5  # length of a row of them, likewise
_APART, _WIDER = 2.5, 2.0  # white that ends a name, in heights of the band, and in its usual gaps
_GAP = 0.2  # white that is left between two characters, likewise,
_BESIDE = 0.15  # beside the name
_ABOVE = 0.1  # and above and below it
_RIM = 0.1  # radii around the ellipse that its rim may reach over


class _Cell(NamedTuple):
    """A character or a piece of one: its first column and the one behind it, which may lie beyond the last."""

    start: int
    end: int
    top: int
    bottom: int
    """Rows between which nine tenths of its ink lie."""


class _Band(NamedTuple):
    """Where a name stands on an unrolled strip: its first row and the one behind it, and its cells in order."""

    near: int
    far: int
    cells: list[_Cell]
    ink: Grey
    """(H, W) without what stands elsewhere."""
    least: float
    """What is stronger is ink."""


@dataclass(frozen=True, slots=True, eq=False)
class Ring:
    """A seal's band: a distance within its rim is a row of it, the way around is measured in pixels."""

    seal: Seal
    ways: Floats
    """(N,) angles of places on the ellipse, clockwise on the picture from its lowest point around to it."""
    lengths: Floats
    """(N,) how far it is to there, about in the middle of the band."""
    edges: Floats
    """(N,) how far within the ellipse the rim ends there."""

    @classmethod
    def of(cls, one: Seal, depth: float, edges: Floats | None = None) -> Ring:
        """Measured ``depth`` within the rim; ``edges`` are those of evenly spread angles, first and last the same."""
        count = _WAYS + 1
        ways = np.radians(90 - one.angle) + np.linspace(0, 2 * np.pi, count)
        bare = cls(one, ways, np.arange(float(count)), np.zeros(count) if edges is None else edges)
        xs, ys = bare.at(bare.lengths[:-1], np.full(_WAYS, depth))
        steps = np.hypot(np.diff(xs, append=xs[0]), np.diff(ys, append=ys[0]))
        return replace(bare, lengths=np.concatenate([[0.0], np.cumsum(steps)]))

    @property
    def length(self) -> float:
        """All the way around."""
        return float(self.lengths[-1])

    def at(self, along: Reals, depth: Reals) -> tuple[Floats, Floats]:
        """x and y on the picture; ``depth`` may have more axes than ``along`` before its last one."""
        one, rest = self.seal, along % self.length
        ways = np.interp(rest, self.lengths, self.ways)
        cos, sin = np.cos(ways), np.sin(ways)
        # of an ellipse the way inward is across it, and does not lead to its middle
        far = np.hypot(one.high * cos, one.across * sin)
        turn = np.radians(one.angle)
        turned = np.array([(np.cos(turn), -np.sin(turn)), (np.sin(turn), np.cos(turn))])
        inward = turned @ np.stack([-one.high * cos, -one.across * sin]) / far
        edge = turned @ np.stack([one.across * cos, one.high * sin])
        edge += inward * np.interp(rest, self.lengths, self.edges)
        return one.x + edge[0] + depth * inward[0], one.y + edge[1] + depth * inward[1]


@dataclass(frozen=True, slots=True, eq=False)
class Name:
    """A name, laid out straight, and where it stands."""

    strip: Grey
    """(H, W)"""
    ring: Ring
    along: Floats
    """(W,) how far along the ring its columns stand, pixels."""
    near: float
    far: float
    """How deep within the rim its characters stand."""
    marks: Floats
    """(N, 2) places on the picture where it has ink."""
    step: float
    """How far they lie apart, pixels."""

    def part(self, quad: Quad, start: float, end: float) -> Quad:
        """What the strip shows from ``start`` to ``end``, shares of its width; ``quad`` is not asked."""
        width = len(self.along)
        ends = np.interp(np.array((start, end, end, start)) * width - 0.5, np.arange(width), self.along)
        return Quad.of(np.column_stack(self.ring.at(ends, np.array((self.near, self.near, self.far, self.far)))))

    def sector(self, near: float, far: float) -> Floats:
        """(N, 2) corners of what lies between two depths, from its beginning to its end."""
        along = np.linspace(self.along[0], self.along[-1], 64)
        outer, inner = (np.column_stack(self.ring.at(along, np.full(64, depth))) for depth in (near, far))
        return np.concatenate([outer, inner[::-1]])

    def quad(self, *, top: bool = False) -> Quad:
        """Around the whole name, upright as its middle is; or only around the highest of the band."""
        points, one = self.sector(self.near, self.far), self.ring.seal
        middle = np.column_stack(self.ring.at(self.along[len(self.along) // 2 :][:1], np.array([self.near])))[0]
        down = np.array((one.x, one.y)) - middle
        down /= np.hypot(*down)
        axes = np.array([(down[1], -down[0]), down])
        (left, high), (right, low) = (points @ axes.T).min(axis=0), (points @ axes.T).max(axis=0)
        low = min(low, high + self.far - self.near) if top else low
        return Quad.of(np.array([(left, high), (right, high), (right, low), (left, low)]) @ axes)


def names(pixels: Pixels, some: Iterable[Seal], settings: CleanSettings) -> list[Cut]:
    """What may be a name within each of some seals on a (H, W, 3) RGB picture, to be read."""
    size, made = (pixels.shape[1], pixels.shape[0]), []
    page = Upright.as_it_is(clean.grey(pixels[:1, :1]))
    for one in some:
        name = found(pixels, one)
        if name is not None:
            quad = within(name.quad(), size)
            strip = clean.network_input(name.strip, settings)
            made.append(Cut(strip, quad, quad, size, laid=name, source=(page, Candidate(quad), settings)))
    return made


def is_name(line: Line) -> bool:
    """Is what was read along a rim a name, and read surely?"""
    return line.confidence >= SURE and sum("\u3400" <= char <= "\u9fff" for char in line.text) >= LEAST


def among(cuts: Sequence[Cut], some: Iterable[Cut]) -> list[Cut]:
    """The lines of a page in their order, and some names where their seals' tops stand, but within no paragraph."""
    made = list(cuts)
    for one in some:
        quads = [cut.line for cut in made]
        top = one.laid.quad(top=True) if isinstance(one.laid, Name) else one.line
        which = order([*quads, top])
        place = which.index(len(quads))
        at = which[place - 1] + 1 if place else 0
        at = next((run[-1] + 1 for run in paragraphs(quads) if run[0] < at <= run[-1]), at)
        made.insert(at, one)
    return made


def without(grey: Grey, bare: Grey, some: Iterable[Cut]) -> Grey:
    """A (H, W) picture of seals, with their rims and names as in ``bare``, which is without any of their ink."""
    made = grey.copy()
    for name in (one.laid for one in some):
        if isinstance(name, Name):
            mask = np.zeros_like(grey)
            xs, ys = name.marks.astype(np.intp).T
            seen = (xs >= 0) & (ys >= 0) & (xs < grey.shape[1]) & (ys < grey.shape[0])
            mask[ys[seen], xs[seen]] = 255
            wide = 2 * math.ceil(name.step) + 3  # strokes fade out beside them
            mask = cv2.dilate(mask, np.ones((wide, wide), np.uint8)).astype(np.uint8, copy=False)
            around, beyond = replace(name, along=np.array((0.0, name.ring.length))), _RIM * name.ring.seal.across
            cv2.fillPoly(mask, [np.rint(around.sector(-beyond, name.near) - 0.5).astype(np.int32)], 255)
            cv2.copyTo(bare, mask, made)
    return made


def found(pixels: Pixels, one: Seal) -> Name | None:
    """The name along the rim of a seal on a (H, W, 3) RGB picture, if there is something like it."""
    small = min(one.across, one.high)
    step, ring = DEEP * small / ROWS, Ring.of(one, BAND * small)
    seen, edges = _followed(_unrolled(pixels, ring, step))
    band = _band(seen)
    if band is None:
        return None
    width = seen.shape[1]
    at = (np.arange(width) + 0.5) / width * ring.length
    ring = replace(ring, edges=np.interp(ring.lengths, at, edges * step, period=ring.length))
    # lines within an ellipse, side by side, are all the shorter the further in
    deep = (band.near + band.far) / 2 * step + float(ring.edges.mean()) - BAND * small
    strip, columns = _straight(band, (ring.length - 2 * np.pi * deep) / step / width)
    near, far = (band.near - 1) * step, (band.far + 1) * step
    at = np.concatenate([np.arange(one.start, one.end) for one in band.cells]) % width
    down, right = np.nonzero(band.ink[:, at] > band.least)
    marks = np.column_stack(ring.at((at[right] + 0.5) / width * ring.length, (down + 0.5) * step))
    return Name(strip, ring, columns / width * ring.length, near, far, marks, step)


def _unrolled(pixels: Pixels, ring: Ring, step: float) -> Grey:
    """(ROWS + 2 _OUTSIDE, W) the seal's ink, a row and a column a ``step``; the strongest is 255."""
    left, top, right, bottom = ring.seal.box(1 + _RIM, pixels.shape)
    there, scale = pixels[top:bottom, left:right], max(1, int(step))
    if scale > 1:  # a large one is looked at in less detail, or else thin strokes would fall between the rows
        size = max(1, (right - left) // scale), max(1, (bottom - top) // scale)
        small = cv2.resize(there[: size[1] * scale, : size[0] * scale], size, interpolation=cv2.INTER_AREA)
        there = small.astype(np.uint8, copy=False)
    ink = seal.ink(there, ring.seal.channel)
    columns = round(ring.length / step)
    along = (np.arange(columns) + 0.5) / columns * ring.length
    depth = (np.arange(-_OUTSIDE, ROWS + _OUTSIDE) + 0.5) * step
    xs, ys = ring.at(along, depth[:, np.newaxis])
    places = ((xs - left) / scale - 0.5).astype(np.float32), ((ys - top) / scale - 0.5).astype(np.float32)
    seen = cv2.remap(ink, *places, cv2.INTER_CUBIC, borderMode=cv2.BORDER_CONSTANT, borderValue=0)
    paper, strongest = np.percentile(seen[::2, ::2], (50, _STRONGEST))  # paper has a tint
    seen = np.maximum(seen, int(paper)) - int(paper)
    strongest = max(_FAINTEST, strongest - paper)
    return cv2.convertScaleAbs(seen, alpha=255 / strongest).astype(np.uint8, copy=False)


def _followed(seen: Grey) -> tuple[Grey, Floats]:
    """(ROWS, W) what lies within the rim's inner edge, and (W,) the rows at which that was found, from the ellipse."""
    width = seen.shape[1]
    top = seen[: 2 * _OUTSIDE + _THICK]
    highest = top[: _OUTSIDE + _THICK].max(axis=0)
    behind = np.arange(len(top))[:, np.newaxis] > top[: _OUTSIDE + _THICK].argmax(axis=0)
    ended = behind & (top < np.maximum(highest // 2, 64))
    ends = ended.argmax(axis=0).astype(np.float64)
    clear = ended.any(axis=0) & (highest > _INK * 255)
    edges = np.full(width, _OUTSIDE + _THICK / 2)
    if clear.mean() >= _SEEN:
        ways = np.linspace(0, 2 * np.pi, width, endpoint=False)
        waves = [wave(count * ways) for count in range(1, _WAVES + 1) for wave in (np.cos, np.sin)]
        shapes, kept = np.column_stack([np.ones(width), *waves]), clear
        for _ in range(4):  # characters that touch the rim, and what crosses it, are far off the others' curve
            edges = shapes @ np.linalg.lstsq(shapes[kept], ends[kept], rcond=None)[0]
            away = np.abs(ends - edges)
            kept = clear & (away < max(3.0, 1.5 * float(np.median(away[kept]))))
    ys = np.arange(ROWS)[:, np.newaxis] + edges
    xs = np.broadcast_to(np.arange(width), ys.shape)
    made = cv2.remap(seen, xs.astype(np.float32), ys.astype(np.float32), cv2.INTER_LINEAR)
    return made.astype(np.uint8, copy=False), edges - _OUTSIDE


def _band(seen: Grey) -> _Band | None:
    """Where a name stands on a (ROWS, W) strip that begins at the rim, the strongest ink 255."""
    cover = (seen > _INK * 255).mean(axis=1)
    rims = np.flatnonzero(cover[:_RIMS] > _COVERED)
    first = int(rims[-1]) + 1 if len(rims) else 1
    while first < 1.5 * _RIMS and cover[first] < cover[first - 1] - 0.005:
        first += 1
    # its strokes are thinner than the rim, and so paler
    least = _INK * max(_FAINTEST, float(np.percentile(seen[first : first + _HIGH : 2, ::2], _STRONGEST)))
    profile = np.convolve((seen > least).mean(axis=1), np.ones(5) / 5, "same")
    profile[:first] = 0
    typical = float(np.sort(profile[first : first + _HIGH])[-16:].mean())
    runs = [run for run in _runs(profile > _BETWEEN * typical) if run[0] < first + _BEGINS and run[1] - run[0] >= _LOW]
    if not runs:
        return None
    near, far = max(runs, key=lambda run: float(profile[run[0] : min(run[1], run[0] + _HIGH)].sum()))
    far = min(far, near + _HIGH)
    cells: list[_Cell] = []
    for _ in range(2):  # what stands in the middle makes the band seem higher than it is
        ink = _within(seen, least, first, near, far)
        beyond = (seen[far + 2 : far + 2 + (far - near) // 2] > least).sum(axis=0)
        cells = _cells(ink[near:far] > least, beyond)
        top, bottom = _fitted(cells, far - near)
        near, far = max(first, near + top), near + bottom
    cells = _name(cells, far - near, seen.shape[1])
    return _Band(near, far, cells, ink, least) if cells else None


def _fitted(cells: list[_Cell], high: int) -> tuple[int, int]:
    """First row and the one behind it of a name, from those of a band so high that it may stand in."""
    some = [one for one in cells if one.top < 2 * _DEEP * high and one.bottom - one.top > high // 4]
    if len(some) < LEAST:
        return 0, high
    widths = [one.end - one.start for one in some]
    top = float(np.percentile(np.repeat([one.top for one in some], widths), 25))
    bottom = float(np.percentile(np.repeat([one.bottom for one in some], widths), 75))
    room = _ROOM * (bottom - top)
    return max(0, int(top - room)), max(int(top) + _LOW, min(high, round(bottom + room)))


def _within(seen: Grey, least: float, first: int, near: int, far: int) -> Grey:
    """(H, W) what belongs to the rows from ``near`` to ``far``: nothing that reaches there from others, no specks.

    ``first`` is the row behind the rim.
    """
    high, made = far - near, np.zeros_like(seen)
    there = seen[first : far + high]
    mask = cv2.morphologyEx((there > least).view(np.uint8), cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    area, top = stats[:, cv2.CC_STAT_AREA], stats[:, cv2.CC_STAT_TOP] + first - near
    bottom = top + stats[:, cv2.CC_STAT_HEIGHT]
    upper = np.bincount(labels[: far - first].ravel(), minlength=len(area))
    other = (top > _DEEP * high) & (area > _BEYOND * upper)
    other |= (top < 0) & (bottom < _DEEP * high)
    other |= area < _SPECK * high**2
    other[0] = False
    around = cv2.dilate(other[labels[: far + 2 - first]].view(np.uint8), np.ones((3, 3), np.uint8)) > 0
    made[first : far + 2] = np.where(around, 0, there[: far + 2 - first])
    made[: max(0, near - 2)] = 0
    return made


def _cells(mask: Bools, beyond: NDArray[np.int64]) -> list[_Cell]:
    """What white columns part on a (H, W) strip whose ends join, from the left; (W,) ``beyond``: ink further in."""
    high, width = mask.shape
    inked = mask.sum(axis=0) >= 2
    white = np.flatnonzero(~inked)
    if not len(white):
        return []
    start = int(white[0])  # no cell lies across it
    made = []
    for left, right in _runs(np.roll(inked, -start)):
        at = np.arange(left + start, right + start) % width
        ink = np.cumsum(mask[:, at].sum(axis=1))
        top, upper, bottom = np.searchsorted(ink, np.array((0.05, _UPPER, 0.95)) * ink[-1])
        low = upper >= _DEEPER * high and bottom >= _DOWN * high
        if ink[-1] >= _SPECK * high**2 and not (low and beyond[at].sum() >= _REACHING * ink[-1]):
            made.append(_Cell(left + start, right + start, int(top), int(bottom) + 1))
    return made


def _name(cells: list[_Cell], high: int, width: int) -> list[_Cell]:
    """Those of a name: without rows of figures, from behind the widest gap on."""
    low = [one.bottom - one.top < _DIGIT * high for one in cells]
    tall = next((at for at, flat in enumerate(low) if not flat), None)
    if tall is None:
        return []
    kept: list[_Cell] = []
    around = zip(_from(cells, tall, width), [*low[tall:], *low[:tall]], strict=True)
    for flat, some in itertools.groupby(around, key=lambda one: one[1]):
        row = [one for one, _ in some]
        if not (flat and row[-1].end - row[0].start >= _NUMBER * high):
            kept += row
    gaps = [after.start - one.end for one, after in zip(kept, [*kept[1:], kept[0]], strict=True)]
    gaps[-1] += width
    kept = _from(kept, (int(np.argmax(gaps)) + 1) % len(kept), width)
    apart = max(_APART * high, _WIDER * float(np.median(gaps)))
    ends = [at for at in range(1, len(kept)) if kept[at].start - kept[at - 1].end > apart]
    parts = [kept[start:end] for start, end in itertools.pairwise([0, *ends, len(kept)])]
    name = max(parts, key=lambda part: sum(one.end - one.start for one in part))
    inner = [at for at, one in enumerate(name) if not _is_aside(one, high)]
    return name[inner[0] : inner[-1] + 1] if inner else []


def _is_aside(one: _Cell, high: int) -> bool:
    """Does a low cell stand at the upper or the lower edge of the band? Characters stand in its middle, 一 as well."""
    return one.bottom - one.top < _DIGIT * high and abs((one.top + one.bottom) / 2 - high / 2) > _CENTRED * high


def _from(cells: list[_Cell], first: int, width: int) -> list[_Cell]:
    """All cells from one of them on, around."""
    return [*cells[first:], *(one._replace(start=one.start + width, end=one.end + width) for one in cells[:first])]


def _straight(band: _Band, wide: float) -> tuple[Grey, Floats]:
    """A name as a row of print has it, and the columns of the band's strip that its columns show.

    Characters on an arc spread outward: each is looked at along straight rows instead, and moved next to the others.

    Args:
        band: the name.
        wide: a column of the strip, in rows, halfway up the name.
    """
    high, middle = band.far - band.near, (band.near + band.far) / 2
    radius = band.ink.shape[1] * wide / (2 * np.pi)
    offsets: list[Floats] = []
    middles: list[Floats] = []
    gaps = [min(_GAP * high, wide * (after.start - one.end)) / 2 for one, after in itertools.pairwise(band.cells)]
    sides = itertools.pairwise([_BESIDE * high, *gaps, _BESIDE * high])
    for one, (left, right) in zip(band.cells, sides, strict=True):
        count = max(1, round((one.end - one.start) * wide / high))  # characters that touch
        ends = np.linspace(one.start, one.end, count + 1) * wide
        for part in range(count):
            centre = (ends[part] + ends[part + 1]) / 2
            start = ends[part] - (left if part == 0 else 0) - centre
            stop = ends[part + 1] + (right if part == count - 1 else 0) - centre
            columns = max(1, round(stop - start))
            offsets.append(start + (np.arange(columns) + 0.5) * (stop - start) / columns)
            middles.append(np.full(columns, centre))
    across, centres = np.concatenate(offsets), np.concatenate(middles)
    rows = round((1 + 2 * _ABOVE) * high)
    up = radius + (rows / 2 - 0.5 - np.arange(rows))[:, np.newaxis]
    xs = (centres + radius * np.arctan2(across, up)) / wide
    ys = middle + radius - np.hypot(across, up)
    ink = band.ink.copy()
    width = ink.shape[1]
    ink[:, np.arange(band.cells[-1].end + 1, band.cells[0].start - 1 + width) % width] = 0
    places = ((xs - 0.5) % width).astype(np.float32), (ys - 0.5).astype(np.float32)
    made = cv2.remap(ink, *places, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=0)
    return cv2.bitwise_not(made).astype(np.uint8, copy=False), (centres + across) / wide


def _runs(mask: Bools) -> list[tuple[int, int]]:
    """First place and place behind the last one of each run of a (N,) mask."""
    ends = np.flatnonzero(np.diff(mask.astype(np.int8), prepend=0, append=0))
    return [(int(start), int(end)) for start, end in ends.reshape(-1, 2)]
