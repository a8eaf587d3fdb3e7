"""A line cut out of its page, as it stands or turned, and the way back from the strip to the picture."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from shizi import bent, clean, column, crop, ruled, stack, straight, turn
from shizi.clean import Upright
from shizi.errors import SettingsError
from shizi.find import Candidate
from shizi.settings import CleanSettings, Settings
from shizi.types import Quad

LONE = 1.5
"""Width of a picture, in its heights, below which it shows a character or two, often cut out at the very ink."""
SLENDER = 3.0
"""Height of a lone character, in its widths, at most: 1 and 丨 are the slenderest."""
ROOM = 0.1
"""Margin that a picture of a line is given on its left and right, as a share of its height,"""
SHORT = 6.0
"""where it is narrower than so many of its heights: of a longer one, what changes is mostly chance."""
TRIMMED = 1 / 14
"""Share of a line's rows that is taken off above and below it to see it more tightly: about its margins."""
BENT = 0.85
"""Confidence that text laid out from an arc has to be read with: along a wrong one it becomes other text."""
BESIDE = 0.2
"""By how much two lines that stand beside one another overlap, and the margin left between them, in heights."""
LONE_VIEWS = ((1.0, 0.2, 0.0), (1.1, 0.2, 6.0), (1.35, 0.2, 6.0))
"""Ways in which a lone character is seen: how much wider, with which margin all around as a share of its height, and
turned clockwise by how many degrees. Hurried ones are narrow, and climb to the right."""

BEHIND, LONG = 0.35, 8.0
"""How much of the page behind a level line is shown with it, in its heights, as far as nothing else was found there, if
it is so many heights long: without the room that is built into a pause or bracket it is overlooked at a line's end.
Behind short ones, as in tables, rules and leaders stand."""

Pixels = NDArray[np.uint8]
Starts = NDArray[np.float64]
"""(N, 3): x and y of the middle of the left end of each line of a page, and the line's height."""


class Laid(Protocol):
    """How a strip was laid out, if it is no more than cut: a column is laid down, a name along a rim unrolled."""

    def part(self, quad: Quad, start: float, end: float) -> Quad:
        """Of ``quad``, the whole, the part that the strip shows from ``start`` to ``end``, shares of its width."""


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """A strip, and its places on the picture as it came."""

    strip: NDArray[np.float32]
    """(32, W)"""
    line: Quad
    """The line as it was found, from the text's own top left."""
    whole: Quad
    """What the strip shows: the line and its margins, which may reach over the picture's edge."""
    size: tuple[int, int]
    """Width and height of the picture, pixels."""
    vertical: bool = False
    """As it was found: it runs downwards."""
    again: bool = False
    """It may be read turned as well, if it reads badly as it stands."""
    laid: Laid | None = None
    """Of text that does not run straight to the right: how it was laid out."""
    source: tuple[Upright, Candidate, CleanSettings] | None = None
    """What it was cut from; None for a whole picture."""
    pixels: Pixels | None = None
    """The (H, W, 3) picture in colour, for :meth:`others`."""
    least: float = 0.0
    """Confidence that a reading of it has to reach to count."""
    starts: Starts | None = None
    """Where all lines begin that were found on the page, this one among them; None: its place is known and stays."""
    flat: Quad | None = None
    """What it shows of a page that was laid flat, on that page: on the picture it bends."""
    behind: float = 0.0
    """Room behind the line that it shows as well, as a share of the line's length,"""
    edge: float = 1.0
    """and where that begins, as a share of the strip's width."""

    def holding(self, last: Quad) -> Quad:
        """The line, or as much more as it takes to hold its last character: that may stand in the room behind it."""
        longer = self.line.reaching(last) if self.behind else self.line
        return longer if longer.width > self.line.width + BESIDE * self.line.height else self.line

    def part(self, start: float, end: float) -> Quad:
        """Where the strip's columns from share ``start`` to share ``end`` of its width stand on the picture.

        What stands in the line as it was found ends there, and does not reach into the room behind it.
        """
        if (start + end) / 2 < self.edge < end:
            end = self.edge
        shown = self.whole if self.flat is None else self.flat
        place = shown.between(start, end) if self.laid is None else self.laid.part(shown, start, end)
        if self.flat is not None and self.source is not None:
            place = self.source[0].back(place)
        return within(place, self.size)

    def turned(self, ways: Iterable[int]) -> Iterator[Cut]:
        """The same line after each of some clockwise quarters of a turn. A whole picture is turned by two, always."""
        if self.source is None:
            line, shown = turn.rolled(self.line, 2), turn.rolled(self.whole, 2)
            yield replace(self, strip=np.ascontiguousarray(self.strip[::-1, ::-1]), line=line, whole=shown)
        else:
            page, line_found, settings = self.source
            yield from (cut(page, line_found, self.size, settings, quarters=way) for way in ways)

    def tinted(self, settings: CleanSettings) -> Cut | None:
        """The same line in the channel of colour that shows it clearest; None where luminance shows it as well."""
        if self.pixels is None:
            return None
        strip = self.pixels
        if self.source is not None:
            page, line, _ = self.source
            quad = line.quad.between(0, 1 + self.behind)
            strip = crop.crop(strip, page.back(turn.rolled(quad, 3 if line.vertical else 0)))
        channel = clean.clearest(strip)
        if channel is None:
            return None
        laid = column.lay(np.rot90(channel, -1)) if self.laid is not None else None
        made = clean.network_input(channel if laid is None else laid.strip, settings)
        return replace(self, strip=made, laid=laid)

    def others(self, settings: CleanSettings, *, roomier: bool = False) -> Iterator[Cut]:
        """The same line in other ways, in which it may be seen better; of vertical text none but that of colour.

        In the channel of colour that shows it clearest; light and dark exchanged, where it is unclear which of them the
        text is; laid out straight, where it runs along an arc; without the rules that it stands on; more tightly, where
        it was cut out of a page; level and upright, where it climbs or leans; and, if ``roomier``, what :meth:`roomier`
        gives, but for lone characters and lines with rules. Those without which a line may not be read at all come
        first, and each is made when it is asked for.
        """
        tinted = self.tinted(settings)
        if tinted is not None:
            yield tinted
        if self.pixels is not None and self.laid is None and not self.vertical:
            trimmed = 0
            if self.source is None:
                grey = clean.grey(self.pixels)
            else:
                page, line, _ = self.source
                grey = crop.crop(page.page, line.quad.between(0, 1 + self.behind))
                trimmed = round(TRIMMED * len(grey))
            if settings.polarity and clean.is_unclear(grey):
                yield replace(self, strip=-self.strip)
            laid = None if self.lone else bent.unbent(grey)
            if laid is not None:
                yield replace(self, strip=clean.network_input(laid, settings), least=BENT)
            free = None if self.lone else ruled.unruled(grey)
            if free is not None:
                yield replace(self, strip=clean.network_input(free, settings))
            if trimmed:
                yield replace(self, strip=clean.network_input(grey[trimmed:-trimmed], settings))
            for strip in [] if self.lone else straight.straightened(grey):
                yield replace(self, strip=clean.network_input(strip, settings))
            if roomier and free is None and not self.lone and self.size[0] < SHORT * self.size[1]:
                yield from self.roomier(settings)

    def longer(self, heights: float) -> Cut | None:
        """A level line that was found and what stands behind it, up to so many of its heights; None without any room.

        It ends at the page's edge, and before the next line that was found in its rows.
        """
        if self.source is None or self.starts is None or self.vertical or self.laid is not None:
            return None
        page, line, settings = self.source
        room = _room(page, line.quad, self.starts, heights)
        if room <= 0:
            return None
        reached = replace(line, quad=line.quad.between(0, 1 + room))
        return cut(page, reached, self.size, settings, pixels=self.pixels)

    def wider(self, heights: float) -> Cut | None:
        """A level line that was found with so many of its heights more on both sides; None where it was not found."""
        if self.source is None or self.starts is None or self.vertical or self.laid is not None:
            return None
        page, line, settings = self.source
        more = heights * line.quad.height / max(line.quad.width, 1.0)
        reached = replace(line, quad=line.quad.between(-more, 1 + more))
        return cut(page, reached, self.size, settings, pixels=self.pixels)

    def single(self) -> Cut | None:
        """A column that may be a lone character, higher than wide, as that; None where it may not."""
        if self.source is None or not self.vertical:
            return None
        page, line, settings = self.source
        if line.quad.height > SLENDER * line.quad.width:
            return None
        return cut(page, replace(line, vertical=False), self.size, settings, pixels=self.pixels)

    @property
    def lone(self) -> bool:
        """Is it a whole picture of a character or two?"""
        return self.source is None and self.size[0] < LONE * self.size[1]

    def roomier(self, settings: CleanSettings) -> list[Cut]:
        """A whole picture with a margin beside it; a lone character in each of :data:`LONE_VIEWS`.

        Nothing where it was cut out of a page: then it has margins.
        """
        if self.source is not None or self.pixels is None:
            return []
        picture, (width, height) = clean.grey(self.pixels), self.size
        rows, made = len(picture), []
        for wider, room, turned in LONE_VIEWS if self.lone else ((1.0, ROOM, 0.0),):
            columns = max(1, round(wider * picture.shape[1]))
            x = max(1, round(room * rows))
            y = x if self.lone else 0
            across, down = x * width / columns, y * height / rows
            shown = Quad.box(-across, -down, width + across, height + down)
            strip = clean.network_input(clean.framed(picture, columns, x, y, turned), settings)
            made.append(replace(self, strip=strip, whole=shown))
        return made


def cut(
    page: Upright, line: Candidate, size: tuple[int, int], settings: CleanSettings, *, quarters: int = 0,
    again: bool = False, pixels: Pixels | None = None, starts: Starts | None = None,
) -> Cut:  # fmt: skip
    """Cut a line out of a page.

    Args:
        page: the cleaned page.
        line: the line on it.
        size: width and height of the picture that the page was made from.
        settings: how the strip is made even.
        quarters: of a turn, clockwise, after which the text is taken to stand upright.
        again: see :attr:`Cut.again`.
        pixels: the picture, see :attr:`Cut.pixels`.
        starts: see :attr:`Cut.starts`.
    """
    quad, laid, behind = turn.rolled(line.quad, quarters), None, 0.0
    place = within(page.back(quad), size)
    if starts is not None and not line.vertical and not quarters and line.quad.width >= LONG * line.quad.height:
        behind = max(0.0, _room(page, line.quad, starts, BEHIND))
        quad = quad.between(0, 1 + behind)
    if line.vertical == (quarters % 2 == 0):  # its characters stand one below another
        lying = turn.rolled(quad, 3)
        laid = column.lay(np.rot90(crop.crop(page.page, lying), -1))
        strip, shown = laid.strip, turn.rolled(crop.expand(lying), 1)
    else:
        strip, shown = crop.crop(page.page, quad), crop.expand(quad)
    made, source = clean.network_input(strip, settings), (page, line, settings)
    flat = None if page.curl is None else shown
    whole = page.back(shown)
    edge = 1 - behind * line.quad.width / shown.width
    return Cut(
        made, place, whole, size, line.vertical, again, laid, source, pixels,
        starts=starts, flat=flat, behind=behind, edge=edge,
    )  # fmt: skip


def cut_all(
    page: Upright, lines: Sequence[Candidate], which: Sequence[int], pixels: Pixels, settings: Settings,
    *, upright: bool = False, starts: Starts | None = None,
) -> list[Cut]:  # fmt: skip
    """Those lines of a page, each cut as it is to be read first; ``pixels`` are the picture that the page is of.

    Of a page that is surely ``upright`` no level line will be read upside down. ``starts``: see :attr:`Cut.starts`.
    """
    size = pixels.shape[1::-1]
    again = [settings.turn.orient and (line.vertical or not upright) for line in lines]
    return [cut(page, lines[i], size, settings.clean, again=again[i], pixels=pixels, starts=starts) for i in which]


def _room(page: Upright, quad: Quad, starts: Starts, heights: float) -> float:
    """How much there is behind a level line that was found, up to so many of its heights, as a share of its length.

    It ends at the page's edge, and before the next line that was found in its rows; below 0: it reaches into that.
    """
    a, b, c, d = np.asarray(quad.points)
    start, end, high = (a + d) / 2, (b + c) / 2, quad.height
    length = float(np.hypot(*(end - start)))
    if not length:
        return 0.0
    along = (end - start) / length
    room = min(heights * high, (page.page.shape[1] - end[0]) / along[0]) if along[0] > 0 else heights * high
    right, down = (starts[:, :2] - end) @ along, (starts[:, :2] - end) @ (-along[1], along[0])
    beside = (right > -length / 2) & (np.abs(down) < (1 - BESIDE) * (high + starts[:, 2]) / 2)
    return min(room, float(right[beside].min(initial=np.inf)) - BESIDE * high) / length


def starts_of(lines: Sequence[Candidate]) -> Starts:
    """Where they begin."""
    corners = np.array([line.quad.points for line in lines], np.float64).reshape(-1, 4, 2)
    return np.column_stack([(corners[:, 0] + corners[:, 3]) / 2, [line.quad.height for line in lines]])


def steps(cuts: Sequence[Cut], most: int | None) -> Iterator[tuple[int, Sequence[Cut]]]:
    """Pieces of ``cuts`` and where they start: one, two, four … and then ``most`` long; None: one piece."""
    start, size = 0, len(cuts) if most is None else 1
    while start < len(cuts):
        yield start, cuts[start : start + size]
        start, size = start + size, min(2 * size, most or size)


def rows(page: Upright, line: Candidate, level: Sequence[Quad]) -> list[Candidate]:
    """The level rows of a line that may be a stack of them (:mod:`shizi.stack`); none where it is not.

    ``level`` are the level lines of its page: what holds another one is not two more.
    """
    lying = turn.rolled(line.quad, 3)
    shown, ends = turn.rolled(crop.expand(lying), 1), []
    if shown.height > stack.LEAST * shown.width:  # most lines are too low, and need not be cut out
        seen = np.ascontiguousarray(np.rot90(crop.crop(page.page, lying), -1))
        ends = stack.rows(seen, apart=stack.is_tall(line.quad))
    if not ends and stack.may_be_two(line.quad):
        middle = stack.middle(crop.crop(page.page, line.quad))
        if middle is not None and not stack.holds(line.quad, level):
            share = middle * (1 + 2 * crop.ABOVE) - crop.ABOVE  # of the line; middle is one of what is cut out
            shown, ends = line.quad, [(0.0, share), (share, 1.0)]
    return [replace(line, quad=column.down(shown, *part), vertical=False) for part in ends]


def whole(pixels: Pixels, settings: CleanSettings, *, again: bool = False) -> Cut:
    """A (H, W, 3) picture that is one line; ``again`` as in :attr:`Cut.again`."""
    height, width = pixels.shape[:2]
    quad, strip = Quad.box(0, 0, width, height), clean.network_input(clean.grey(pixels), settings)
    # thousands of pictures may wait to be read: none is kept larger than it will be looked at
    small = clean.shrunk(pixels, 4 * clean.STRIP_HEIGHT)
    return Cut(strip, quad, quad, (width, height), again=again, pixels=small)


def within(quad: Quad, size: tuple[int, int]) -> Quad:
    """Corners beyond the picture's edge moved onto it."""
    width, height = float(size[0]), float(size[1])
    a, b, c, d = [(min(max(x, 0.0), width), min(max(y, 0.0), height)) for x, y in quad.points]
    return Quad((a, b, c, d))


def near(quads: Sequence[Quad], width: int, height: int) -> None:
    """Raises SettingsError for a quad far beyond a picture: what is cut out there takes memory, and shows nothing."""
    for at, quad in enumerate(quads):
        if not all(-width <= x <= 2 * width and -height <= y <= 2 * height for x, y in quad.points):
            raise SettingsError(f"quad {at}, {quad.to_json()}, lies beyond the picture, {width} x {height} pixels")
