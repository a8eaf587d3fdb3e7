"""The file to read first: a picture goes in, a page comes out, and this is the only place that knows the order.

::

    load -> clean -> seal -> find -> turn -> rim -> stack -> order -> cut -> network -> ctc -> text

Each stage is a function of a value and its settings, in the module of its name.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from shizi import again, clean, crop, find, level, load, pieces, rim, seal, stack, text, turn
from shizi.again import Spare
from shizi.agree import Opinion
from shizi.clean import Upright
from shizi.cut import Cut, Pixels, cut_all, near, rows, starts_of, steps, whole, within
from shizi.errors import SettingsError, TooLarge
from shizi.find import Candidate, Found
from shizi.load import Picture, Source
from shizi.order import order, paragraphs
from shizi.read import ctc
from shizi.read.charset import Charset
from shizi.read.hanzi import Hanzi
from shizi.read.hints import Hints, Known
from shizi.read.runtime import STRIDE, Emissions, Recogniser
from shizi.seal import Seal
from shizi.settings import ReadSettings, Settings
from shizi.types import Alternative, Char, Dropped, Line, Page, Quad

if TYPE_CHECKING:
    from typing_extensions import Unpack

VERTICAL = 1.5
"""Height of a quad, in its widths, from which :meth:`Reader.read_quads` takes its text for vertical."""
SHORT = 3
"""Characters of a line up to which ``read.min_confidence_short`` counts."""

Strip = NDArray[np.float32]


class Network(Protocol):
    """What a Reader needs of a network; :class:`~shizi.read.runtime.Recogniser` is one."""

    @property
    def charset(self) -> Charset:
        """The alphabet."""

    @property
    def temperature(self) -> float:
        """What logits are divided by before they are turned into confidences."""

    def emissions(self, batch: NDArray[np.float32], widths: Sequence[int] | None = None) -> Sequence[Emissions]:
        """What it says of each of (N, 1, 32, W) strips; of each ``widths`` columns, multiples of 4, are looked at."""


class PageFound(NamedTuple):
    """Of :meth:`Reader.stream`: a page's lines are found and not read yet."""

    source: str
    width: int
    height: int
    """Size of the page, pixels."""
    quads: tuple[Quad, ...]
    """Where lines may be, in reading order."""


class LineRead(NamedTuple):
    """Of :meth:`Reader.stream`: one more line of the page."""

    found: int
    """Which of the page's quads it is, from 0; where nothing is read, none comes."""
    line: Line
    """Its quad is that one, or reaches further, to a bracket behind a gap."""


class _Sheet(NamedTuple):
    """A page made upright, and its lines."""

    cuts: list[Cut]
    """In reading order."""
    known: dict[Cut, Line]
    """Those that were read already, to tell which way up the page stands, and names along rims."""
    dropped: tuple[Dropped, ...]
    """What the finder left out."""
    turned: int
    """Degrees, clockwise."""


class _Way(NamedTuple):
    """How a page stands, told by a sample of its lines."""

    quarters: int
    """Clockwise quarters by which it is to be turned."""
    known: dict[Quad, Line]
    """What was read to tell, as it stands."""
    sure: bool
    """It was seen upside down as well, and reads better as it stands: none of its level lines is looked at so again."""
    sample: Sequence[Line] = ()
    """How it reads as it stands, whatever may be read."""


class _Seen(NamedTuple):
    """A character and where it stands on its strip, pixels."""

    span: ctc.Span
    left: float
    right: float


class Reader:
    """Reads pictures. It never changes once made, so threads and greenlets may share one.

    Wherever a picture is asked for, it may be a path, a file's bytes, a binary file object, an array of pixels ((H, W)
    or (H, W, 3) in RGB order or (H, W, 4) in RGBA order) or a Pillow picture. What is known about the text is said by
    keyword, for one call: ``allowed``, ``beam``, ``lexicon`` and ``pattern``; :class:`~shizi.read.hints.Known` tells.
    """

    def __init__(
        self,
        *,
        weights: str | Path | None = None,
        settings: Settings | None = None,
        recogniser: Network | None = None,
    ) -> None:
        """Open the weights.

        Args:
            weights: an .onnx file made by ``shizi export``; None takes the shipped one.
            settings: all stages' settings; None takes the defaults.
            recogniser: a network that is open already, instead of ``weights``.

        Raises:
            ModelMissing, ModelMismatch: the weight file is not there, or none that fits.
            SettingsError: both ``weights`` and ``recogniser`` are given.
        """
        if weights is not None and recogniser is not None:
            raise SettingsError("give weights or a recogniser, not both")
        self._settings = settings or Settings()
        if recogniser is None:
            path = None if weights is None else Path(weights)
            recogniser = Recogniser.open(path, self._settings.read.threads)
        self._network = recogniser

    @property
    def settings(self) -> Settings:
        """The settings it was made with."""
        return self._settings

    @property
    def charset(self) -> Charset:
        """The characters it knows."""
        return self._network.charset

    def read(self, source: Source, **known: Unpack[Known]) -> Page:
        """Read a picture, or the first page of a file that has several. A picture without text gives no lines.

        Raises:
            InputError: one of its children; :func:`shizi.load.pictures` lists them.
            SettingsError: what is said about the text cannot be; :meth:`Hints.of` lists how.
        """
        return next(self.pages(source, **known))

    def pages(self, source: Source, **known: Unpack[Known]) -> Iterator[Page]:
        """Read every page of a TIFF or GIF, each when it is asked for. Raises as :meth:`read` does."""
        started = time.perf_counter()
        hints = self._hints(**known)
        events = self._events(load.pictures(source, self._settings.load), hints, started, most=None)
        return (event for event in events if isinstance(event, Page))

    def stream(self, source: Source, **known: Unpack[Known]) -> Iterator[PageFound | LineRead | Page]:
        """Read as :meth:`pages` does, and tell what is known as soon as it is.

        For each page first where its lines are, then each line in reading order, then the page, which is the very one
        that :meth:`pages` gives. The first page's header is checked before this returns; the work is done when the next
        event is asked for, so stopping is not asking any more. Raises as :meth:`read` does.
        """
        started = time.perf_counter()
        hints = self._hints(**known)
        return self._events(load.pictures(source, self._settings.load), hints, started, self._settings.read.batch)

    def read_line(self, source: Source, **known: Unpack[Known]) -> Line:
        """Read a picture that is one line of text; its quad is the whole picture. Raises as :meth:`read` does.

        Where nothing is read, the text is empty and the confidence 0.
        """
        return self.read_lines((source,), **known)[0]

    def read_lines(self, sources: Iterable[Source], **known: Unpack[Known]) -> list[Line]:
        """Read many pictures of one line each: the same answers as one by one, in the same order.

        Raises as :meth:`read` does, at the first picture that cannot be read.
        """
        hints = self._hints(**known)
        cuts = []
        for source in sources:
            pixels = load.picture(source, self._settings.load).pixels
            cuts.append(whole(pixels, self._settings.clean, again=self._settings.turn.orient))
        return self._lines(cuts, hints)

    def read_quads(self, source: Source, quads: Sequence[Quad], **known: Unpack[Known]) -> list[Line]:
        """Read the lines at known places of a picture, in their order; nothing is searched for.

        Each quad begins at the top left of its text; one that is half as high again as wide holds vertical text. Raises
        as :meth:`read` does, and SettingsError where a quad reaches further beyond the picture than this is long.
        """
        hints = self._hints(**known)
        pixels = load.picture(source, self._settings.load).pixels
        near(quads, pixels.shape[1], pixels.shape[0])
        page = Upright.as_it_is(clean.grey(pixels))
        lines = [Candidate(quad, vertical=quad.height >= VERTICAL * quad.width) for quad in quads]
        return self._lines(cut_all(page, lines, range(len(lines)), pixels, self._settings), hints)

    def _events(
        self, pictures: Iterator[Picture], hints: Hints, started: float, most: int | None
    ) -> Iterator[PageFound | LineRead | Page]:
        """``most`` lines are read together, and fewer at first so that the first one comes soon; None: all at once."""
        for picture in pictures:
            sheet = self._sheet(picture, hints)
            height, width = picture.pixels.shape[:2]
            yield PageFound(picture.source, width, height, tuple(one.line for one in sheet.cuts))
            lines: list[Line] = []
            dropped = list(sheet.dropped)
            spare = Spare(self._settings.read.max_again, self._settings.turn.max_again)
            for first, few in steps(sheet.cuts, most):
                for found, line in enumerate(self._lines(few, hints, sheet.known, spare), first):
                    reason = self._reason(line, hints)
                    if reason:
                        dropped.append(Dropped(line.quad, reason, line.text, line.confidence))
                    else:
                        lines.append(line)
                        yield LineRead(found, line)
            runs, seconds = paragraphs([line.quad for line in lines]), time.perf_counter() - started
            yield Page(picture.source, width, height, seconds, tuple(lines), runs, tuple(dropped), sheet.turned)
            started = time.perf_counter()

    def _sheet(self, picture: Picture, hints: Hints) -> _Sheet:
        """The lines of a page, in reading order."""
        settings = self._settings
        grey = clean.grey(picture.pixels)
        size = grey.shape[1], grey.shape[0]
        seals = seal.seals(picture.pixels) if settings.clean.seals else []
        bare = seal.lifted(picture.pixels, grey, seals)
        page = clean.with_room(clean.upright(bare, settings.clean))
        found = find.find(page.page, settings.find, level=page.level)
        way = self._way(page, found.apart or found.lines, picture.pixels, hints)
        found, way = self._together(page, found, way, picture.pixels, hints)
        known = way.known
        if way.quarters:
            page, known = clean.with_room(clean.upright(bare, settings.clean, way.quarters)), {}
            found = find.find(page.page, settings.find, level=page.level)
        names = self._names(picture.pixels, seals, hints)
        if seals:
            page, found = seal.with_words(page, rim.without(grey, bare, names), seals, found, settings.find)
        self._bounded(picture.source, len(found.lines))
        lines = self._unstacked(page, found.lines, known, picture.pixels, hints)
        self._bounded(picture.source, len(lines))
        which = order([line.quad for line in lines])
        cuts = cut_all(page, lines, which, picture.pixels, settings, upright=way.sure, starts=starts_of(lines))
        dropped = tuple(replace(one, quad=within(page.back(one.quad), size)) for one in found.dropped)
        read = {one: known[one.line] for one in cuts if one.line in known} | names
        return _Sheet(rim.among(cuts, names), read, dropped, 90 * way.quarters)

    def _names(self, pixels: Pixels, seals: Sequence[Seal], hints: Hints) -> dict[Cut, Line]:
        """The names along the rims of seals that are read surely."""
        cuts = rim.names(pixels, seals, self._settings.clean)
        read = zip(cuts, *self._readings(cuts, (hints, hints.quick())), strict=True)
        return {one: line for one, line, plain in read if rim.is_name(plain) and not self._reason(line, hints)}

    def _bounded(self, source: str, count: int) -> None:
        """Raises TooLarge for too many lines: reading only some of them would lose text without saying so."""
        if count > self._settings.read.max_lines:
            bound = f"the bound is {self._settings.read.max_lines:,}, read.max_lines"
            error = TooLarge(f"it has {count:,} lines; {bound}")
            error.source = source
            raise error

    def _way(self, page: Upright, lines: Sequence[Candidate], pixels: Pixels, hints: Hints) -> _Way:
        """Which way up a page stands."""
        settings = self._settings
        which = turn.sample(lines, settings.turn.sample)
        cuts = cut_all(page, lines, which, pixels, settings, starts=starts_of(lines))
        free = Hints(hints.charset) if hints.mask is not None else hints  # what may not be read counts here as well
        found, plain = self._readings(cuts, (free, free.quick()))  # what an n-gram makes of noise is surer
        known = {one.line: line for one, line in zip(cuts, found, strict=True) if free is hints}
        if not settings.turn.orient or not cuts or turn.is_sure(found):
            return _Way(0, known, False, found)

        def tried(some: Sequence[Cut], way: int) -> list[Line]:
            return self._read([next(one.turned((way,))) for one in some], hints=free.quick())

        few = turn.enough(plain)
        read = {0: plain[:few]}
        for ways in (turn.OTHERS[cuts[0].vertical], turn.SELDOM[cuts[0].vertical]):
            read |= {way: tried(cuts[:few], way) for way in ways}
            if turn.is_bearable(read):
                break
        if few < len(cuts) and not turn.is_clear(read):
            read = {way: [*lines, *tried(cuts[few:], way)] if way else plain for way, lines in read.items()}
        quarters = turn.quarters(read)
        return _Way(quarters, known, not quarters and turn.is_upright(read), found)

    def _together(
        self, page: Upright, found: Found, way: _Way, pixels: Pixels, hints: Hints
    ) -> tuple[Found, _Way]:
        """What was found; where its characters lie in pieces, what is found where these touch, if that reads better."""
        blur = None if way.quarters else pieces.blur(way.sample)
        other = None if blur is None else find.touching(page.page, self._settings.find, blur)
        if not other or max(len(one.lines) for one in (found, other)) > self._settings.read.max_lines:
            return found, way
        known: tuple[dict[Quad, Line], dict[Quad, Line]] = way.known, {}
        apart, touching = (
            self._at(page, one.lines, some, pixels, hints) for one, some in zip((found, other), known, strict=True)
        )
        return (other, _Way(0, known[1], sure=False)) if pieces.is_better(touching, apart) else (found, way)

    def _at(
        self, page: Upright, lines: Sequence[Candidate], known: dict[Quad, Line], pixels: Pixels, hints: Hints
    ) -> list[Line]:
        """What stands at each of some lines; what is read to tell becomes ``known``."""
        cuts = cut_all(page, lines, range(len(lines)), pixels, self._settings, starts=starts_of(lines))
        fresh = [one for one in cuts if one.line not in known]
        known.update(zip((one.line for one in fresh), self._read(fresh, hints=hints), strict=True))
        return [known[one.line] for one in cuts]

    def _unstacked(
        self, page: Upright, lines: Sequence[Candidate], known: dict[Quad, Line], pixels: Pixels, hints: Hints
    ) -> list[Candidate]:
        """The lines, those that are short texts one below another as these; what is read to tell becomes ``known``."""

        seen = partial(self._at, page, known=known, pixels=pixels, hints=hints)
        level = [one.quad for one in lines if not stack.is_tall(one.quad)]
        parted = {one: rows(page, one, level) for one in lines}
        parted = {one: below for one, below in parted.items() if below}
        for (one, below), line in zip(list(parted.items()), seen(list(parted)), strict=True):
            tall, sure = stack.is_tall(one.quad), line.confidence >= stack.SURE
            cells = tall and stack.are_cells([row.quad for row in below], level)
            if (sure and not tall) or not stack.is_stack(line, seen(below), apart=cells):
                del parted[one]
        return [part for one in lines for part in parted.get(one, [one])]

    def _lines(
        self, cuts: Sequence[Cut], hints: Hints, known: Mapping[Cut, Line] | None = None, spare: Spare | None = None
    ) -> list[Line]:
        """What stands on each; those that read badly are read again, as far as ``spare`` allows."""
        look, quick = (partial(self._read, hints=some) for some in (hints, hints.quick()))
        fresh = [one for one in cuts if one not in (known or {})]
        read = {**(known or {}), **dict(zip(fresh, look(fresh), strict=True))}
        read |= again.otherwise(cuts, read, look, self._settings, spare, partial(self._alone, hints=hints))
        read |= again.closed(cuts, read, look) | again.paired(cuts, read, look) | again.single(cuts, read, look, spare)
        if hints.mask is None:
            read |= again.turned(cuts, read, look, quick, spare)
        return [read[one] for one in cuts]

    def _alone(self, cuts: Sequence[Cut], hints: Hints) -> list[Opinion | None]:
        """What the network for single hanzi says of lone characters, as far as they may be read."""
        if not cuts or not self._settings.read.hanzi or hints.decoder is not None:
            return [None] * len(cuts)
        network = Hanzi.open()
        pictures = [clean.grey(one.pixels) for one in cuts if one.pixels is not None]
        seen = iter(network.likeliest(pictures, again.POOLED))
        likeliest = [{} if one.pixels is None else next(seen) for one in cuts]
        told = [{char: share for char, share in some.items() if hints.may_be(char)} for some in likeliest]
        return [Opinion(some, network.known) if some else None for some in told]

    def _read(self, cuts: Sequence[Cut], settings: ReadSettings | None = None, *, hints: Hints) -> list[Line]:
        return self._readings(cuts, (hints,), settings)[0]

    def _readings(
        self, cuts: Sequence[Cut], ways: Sequence[Hints], settings: ReadSettings | None = None
    ) -> list[list[Line]]:
        """Read with each of some hints; the network sees them once."""
        found = self._seen([one.strip for one in cuts], ways, settings or self._settings.read)
        return [
            [self._line(one, seen, hints) for one, seen in zip(cuts, lines, strict=True)]
            for hints, lines in zip(ways, found, strict=True)
        ]

    def _seen(self, strips: Sequence[Strip], ways: Sequence[Hints], settings: ReadSettings) -> list[list[list[_Seen]]]:
        """What stands on each (32, W) strip, from the left, by each of some hints."""
        found: list[list[list[_Seen]]] = [[[] for _ in strips] for _ in ways]
        # What is seen of a part depends on its own width, so what is read with it cannot change its answer.
        for batch in crop.batches(crop.parts(strips, settings.max_width), settings.batch):
            padded = np.stack([crop.pad(part.strip) for part in batch])[:, np.newaxis]
            emitted = self._network.emissions(padded, [crop.seen(part.strip.shape[1]) for part in batch])
            for part, emissions in zip(batch, emitted, strict=True):
                for hints, lines in zip(ways, found, strict=True):
                    lines[part.at] += self._decode(emissions, part, hints, settings)
        return [[sorted(seen, key=lambda one: one.left) for seen in lines] for lines in found]

    def _decode(
        self, emissions: Emissions, part: crop.Part, hints: Hints, settings: ReadSettings
    ) -> Iterator[_Seen]:
        """The characters that the network emitted."""
        width = part.strip.shape[1]
        valid = math.ceil(width / STRIDE)
        logits, frames = emissions
        spans = hints.decode(
            logits, settings, frames=frames, valid=valid, temperature=self._network.temperature
        )
        for span in spans:
            # the last frame may reach into the padding
            left, right = (part.left + min(width, frame * STRIDE) for frame in (span.start, span.end))
            yield _Seen(span, left, right)

    def _line(self, one: Cut, seen: Sequence[_Seen], hints: Hints) -> Line:
        width = one.strip.shape[1]
        chars = []
        for span, start, end in seen:
            place = one.part(start / width, end / width)
            others = tuple(Alternative(self._char(cls), share) for cls, share in span.alternatives)
            chars.append(Char(self._char(span.cls), span.confidence, place, others))
        if self._settings.text.alike and hints.decoder is None and hints.mask is None and one.laid is None:
            places = [(start + STRIDE * (span.peak + 0.5 - span.start), start, end) for span, start, end in seen]
            chars = level.told(chars, one.strip, places)
        # a pattern says what a line looks like to the last blank
        kept = text.tidy(chars, self._settings.text) if hints.decoder is None else tuple(chars)
        if hints.mask is not None and not all(hints.may_be(char.text) for char in kept):
            kept = text.tidy(chars, replace(self._settings.text, alike=False))
        return Line.of(kept, one.holding(kept[-1].quad) if kept else one.line)

    def _reason(self, line: Line, hints: Hints) -> str:
        """Why a line that was read is left out; empty where it is not."""
        if not line.text.strip():
            return "empty"
        if hints.mask is not None:  # a line that holds other characters as well reads as unsure, and is wanted
            return ""
        settings = self._settings.read
        least = settings.min_confidence_short if len(line.chars) <= SHORT else settings.min_confidence
        if text.is_hatching(line.text):
            return "rule"
        if hints.decoder is None and text.is_ascii(line.text):  # what fits a pattern is no noise
            least = max(least, settings.min_confidence_ascii)
        return "unsure" if line.confidence < least else ""

    def _char(self, cls: int) -> str:
        return self._network.charset.chars[cls - 1]

    def _hints(self, **known: Unpack[Known]) -> Hints:
        return Hints.of(self._network.charset, self._settings.read, **known)
