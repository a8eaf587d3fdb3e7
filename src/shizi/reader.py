"""The file to read first: a picture goes in, a page comes out, and this is the only place that knows the order.

::

    load -> clean -> find -> order -> crop -> network -> ctc -> text

Each stage is a function of a value and its settings, in the module of its name.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from shizi import clean, crop, find, load, text
from shizi.errors import SettingsError, TooLarge
from shizi.load import Picture, Source
from shizi.order import order
from shizi.read import ctc
from shizi.read.charset import Charset
from shizi.read.runtime import STRIDE, Recogniser
from shizi.settings import Settings
from shizi.types import Alternative, Char, Line, Page, Quad

BATCH_COLUMNS = 2048
"""Columns of strips that go through the network together: their logits take 17 MB."""

Strip = NDArray[np.float32]
Mask = NDArray[np.bool_]


class Network(Protocol):
    """What a Reader needs of a network; :class:`~shizi.read.runtime.Recogniser` is one."""

    @property
    def charset(self) -> Charset:
        """The alphabet."""

    @property
    def temperature(self) -> float:
        """What logits are divided by before they are turned into confidences."""

    def logits(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """(N, 1, 32, W) strips -> (N, W // 4, C)."""


class _Cut(NamedTuple):
    """A strip and its places on the picture as it came."""

    strip: Strip
    line: Quad
    """The line as it was found."""
    whole: Quad
    """What the strip shows: the line and its margins, which may reach over the picture's edge."""
    size: tuple[int, int]
    """Width and height of the picture, pixels."""


class _Part(NamedTuple):
    """A piece of strip number ``at`` that starts at its column ``left``."""

    at: int
    left: int
    strip: Strip


class _Seen(NamedTuple):
    """A character and where it stands on its strip, pixels."""

    span: ctc.Span
    left: float
    right: float


class Reader:
    """Reads pictures. It never changes once made, so threads and greenlets may share one.

    Wherever a picture is asked for, it may be a path, a file's bytes, a binary file object, an array of pixels ((H, W)
    or (H, W, 3) in RGB order or (H, W, 4) in RGBA order) or a Pillow picture. ``allowed`` restricts one call to some
    characters; everything else is then read as the likeliest of those.
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

    def read(self, source: Source, *, allowed: Iterable[str] | None = None) -> Page:
        """Read a picture, or the first page of a file that has several. A picture without text gives no lines.

        Raises:
            InputError: one of its children; :func:`shizi.load.pictures` lists them.
            SettingsError: the alphabet has none of the ``allowed`` characters.
        """
        return next(self.pages(source, allowed=allowed))

    def pages(self, source: Source, *, allowed: Iterable[str] | None = None) -> Iterator[Page]:
        """Read every page of a TIFF or GIF, each when it is asked for. Raises as :meth:`read` does."""
        started = time.perf_counter()
        mask = self._mask(allowed)
        return self._pages(load.pictures(source, self._settings.load), mask, started)

    def read_line(self, source: Source, *, allowed: Iterable[str] | None = None) -> Line:
        """Read a picture that is one line of text; its quad is the whole picture. Raises as :meth:`read` does.

        Where nothing is read, the text is empty and the confidence 0.
        """
        return self.read_lines((source,), allowed=allowed)[0]

    def read_lines(self, sources: Iterable[Source], *, allowed: Iterable[str] | None = None) -> list[Line]:
        """Read many pictures of one line each: the same answers as one by one, in the same order.

        Raises as :meth:`read` does, at the first picture that cannot be read.
        """
        mask = self._mask(allowed)
        cuts = []
        for source in sources:
            pixels = load.picture(source, self._settings.load).pixels
            height, width = pixels.shape[:2]
            whole = Quad.box(0, 0, width, height)
            strip = clean.network_input(clean.grey(pixels), self._settings.clean)
            cuts.append(_Cut(strip, whole, whole, (width, height)))
        return self._lines(cuts, mask)

    def _pages(self, pictures: Iterator[Picture], mask: Mask | None, started: float) -> Iterator[Page]:
        for picture in pictures:
            lines = tuple(line for line in self._lines(self._cuts(picture), mask) if line.text.strip())
            height, width = picture.pixels.shape[:2]
            yield Page(picture.source, width, height, time.perf_counter() - started, lines)
            started = time.perf_counter()

    def _cuts(self, picture: Picture) -> list[_Cut]:
        """The lines of a page, in reading order."""
        settings = self._settings
        upright = clean.upright(clean.grey(picture.pixels), settings.clean)
        quads = find.find(upright.page, settings.find)
        height, width = picture.pixels.shape[:2]
        cuts = []
        if len(quads) > settings.read.max_lines:  # reading only some of them would lose text without saying so
            bound = f"the bound is {settings.read.max_lines:,}, read.max_lines"
            error = TooLarge(f"it has {len(quads):,} lines; {bound}")
            error.source = picture.source
            raise error
        for index in order(quads):
            quad = quads[index]
            strip = clean.network_input(crop.crop(upright.page, quad), settings.clean)
            cuts.append(_Cut(strip, upright.back(quad), upright.back(crop.expand(quad)), (width, height)))
        return cuts

    def _lines(self, cuts: Sequence[_Cut], mask: Mask | None) -> list[Line]:
        found = self._seen([cut.strip for cut in cuts], mask)
        return [self._line(cut, seen) for cut, seen in zip(cuts, found, strict=True)]

    def _seen(self, strips: Sequence[Strip], mask: Mask | None) -> list[list[_Seen]]:
        """What stands on each (32, W) strip, from the left."""
        settings = self._settings.read
        parts = [part for at, strip in enumerate(strips) for part in _parts(at, strip, settings.max_width)]
        found: list[list[_Seen]] = [[] for _ in strips]
        # Every part is padded to its own bucket, so what is read with it cannot change its answer.
        for batch in _batches(parts, settings.batch):
            logits = self._network.logits(np.stack([crop.pad(part.strip) for part in batch])[:, np.newaxis])
            for part, rows in zip(batch, logits, strict=True):
                found[part.at] += self._decode(rows, part, mask)
        return [sorted(seen, key=lambda one: one.left) for seen in found]

    def _decode(self, logits: NDArray[np.float32], part: _Part, mask: Mask | None) -> Iterator[_Seen]:
        """The characters of (T, C) logits."""
        settings = self._settings.read
        width = part.strip.shape[1]
        spans = ctc.greedy(
            logits,
            valid=math.ceil(width / STRIDE),
            allowed=mask,
            alike=self._network.charset.alike,
            temperature=self._network.temperature,
            alternatives=settings.alternatives,
            min_alternative=settings.min_alternative,
        )
        for span in spans:
            # the last frame may reach into the padding
            left, right = (part.left + min(width, frame * STRIDE) for frame in (span.start, span.end))
            yield _Seen(span, left, right)

    def _line(self, cut: _Cut, seen: Sequence[_Seen]) -> Line:
        width = cut.strip.shape[1]
        chars = []
        for span, start, end in seen:
            place = _within(cut.whole.between(start / width, end / width), cut.size)
            others = tuple(Alternative(self._char(cls), share) for cls, share in span.alternatives)
            chars.append(Char(self._char(span.cls), span.confidence, place, others))
        kept = text.tidy(chars, self._settings.text)
        return Line("".join(char.text for char in kept), _confidence(kept), _within(cut.line, cut.size), kept)

    def _char(self, cls: int) -> str:
        return self._network.charset.chars[cls - 1]

    def _mask(self, allowed: Iterable[str] | None) -> Mask | None:
        if allowed is None:
            return None
        mask = self._network.charset.mask(allowed)
        if mask.sum() < 2:  # CTC's blank alone
            raise SettingsError("the alphabet has none of the allowed characters")
        return mask


def _parts(at: int, strip: Strip, max_width: int) -> Iterator[_Part]:
    left = 0
    for piece in crop.split(strip, max_width):
        yield _Part(at, left, piece)
        left += piece.shape[1]


def _batches(parts: Iterable[_Part], size: int) -> Iterator[list[_Part]]:
    """Parts of one bucket together, ``size`` at most and :data:`BATCH_COLUMNS` columns at most."""

    def width(part: _Part) -> int:
        return crop.bucket(part.strip.shape[1])

    for columns, group in groupby(sorted(parts, key=width), key=width):
        alike = list(group)
        # a step of the network is a row of thousands of floats: wide strips go in smaller company
        count = max(1, min(size, BATCH_COLUMNS // columns))
        yield from (alike[start : start + count] for start in range(0, len(alike), count))


def _within(quad: Quad, size: tuple[int, int]) -> Quad:
    """Corners beyond the picture's edge moved onto it."""
    return Quad.of((min(max(x, 0.0), size[0]), min(max(y, 0.0), size[1])) for x, y in quad.points)


def _confidence(chars: Sequence[Char]) -> float:
    """Geometric mean over the characters; 0 where there are none, since nothing vouches for an empty line."""
    if not chars:
        return 0.0
    return math.exp(sum(math.log(max(char.confidence, 1e-12)) for char in chars) / len(chars))
