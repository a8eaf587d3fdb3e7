"""A request's body: bounded, timed, counted and kept in memory, never on disk.

It is taken apart by werkzeug's decoder. The bounds are kept underneath, where the bytes come in, so a client that lies
about the length, or sends one byte a second, cannot get round them.
"""

from __future__ import annotations

import io
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import IO, Any, BinaryIO

import gevent
from gunicorn.http.errors import ParseException
from werkzeug.datastructures import Headers
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType
from werkzeug.http import parse_options_header
from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartDecoder, NeedData
from werkzeug.wsgi import get_input_stream

from shizi.errors import EmptyInput, TooLarge
from shizi.serve.failures import BadOption, Busy, NoFile, Refusal, SlowUpload, TooMany
from shizi.serve.metrics import Metrics
from shizi.serve.settings import ServeSettings

PIECE = 64 * 1024
"""Bytes that are taken in at a time."""
ENVELOPE = 64 * 1024
"""Bytes of multipart's own: boundaries, and headers of the fields."""

Part = tuple[Field | File, bytes]
"""What a form says of a field, and what is in it."""


class Allowance:
    """Bytes of uploads that one worker holds in memory, and requests that each client has under way."""

    def __init__(self, settings: ServeSettings, metrics: Metrics) -> None:
        self._settings = settings
        self._metrics = metrics
        self._held = 0
        self._clients: Counter[str] = Counter()

    def take(self, count: int) -> None:
        """Hold ``count`` more bytes. Raises Busy where there is no room."""
        if self._held + count > self._settings.held_bytes:
            raise Busy("too many uploads arrive at the same time")
        self._held += count
        self._metrics.held.set(self._held)

    def give(self, count: int) -> None:
        """Hold ``count`` bytes less."""
        self._held -= count
        self._metrics.held.set(self._held)

    @contextmanager
    def client(self, address: str) -> Iterator[None]:
        """One request of ``address`` is under way. Raises TooMany where there are enough."""
        if self._clients[address] >= self._settings.per_client:
            raise TooMany(f"this address has {self._settings.per_client} requests under way; wait for an answer")
        self._clients[address] += 1
        try:
            yield
        finally:
            self._clients[address] -= 1
            if not self._clients[address]:
                del self._clients[address]


class Incoming(io.RawIOBase):
    """``wsgi.input`` with its bytes counted."""

    def __init__(self, source: BinaryIO, most: int, allowance: Allowance) -> None:
        self._source = source
        self._most = most
        self._allowance = allowance
        self._held = 0
        self._broken = False

    def readable(self) -> bool:
        """It is."""
        return True

    def read(self, size: int = -1, /) -> bytes:
        """Up to ``size`` bytes.

        Raises:
            RequestEntityTooLarge: beyond the bound.
            Busy: beyond the worker's memory.
            Refusal: the chunks in which it comes are none.
        """
        try:
            piece = self._source.read(PIECE if size < 0 else min(size, PIECE))
        except ParseException as error:
            self._broken = True
            raise Refusal("the body is broken: it does not come in whole chunks") from error
        self._allowance.take(len(piece))
        self._held += len(piece)
        if self._held > self._most:
            raise RequestEntityTooLarge
        return piece

    def readinto(self, buffer: Any, /) -> int:
        """As :meth:`read`."""
        piece = self.read(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)

    def finish(self, seconds: float, most: int) -> bool:
        """Receive the rest and throw it away; whether that was all of it. What was held is held no more.

        An answer that is sent while its request still arrives is lost, since closing the connection then makes the
        client's side throw away what it has not read yet (RFC 9112, section 9.6).
        """
        self._allowance.give(self._held)
        self._held = 0
        if self._broken:  # where it ends, and what follows it, nobody knows
            return False
        with suppress(Exception), gevent.Timeout(seconds, False):  # a broken body has no rest
            while piece := self._source.read(PIECE):
                most -= len(piece)
                if most <= 0:
                    return False
            return True
        return False


@dataclass(frozen=True, slots=True)
class Form:
    """What a client sent."""

    file: bytes
    fields: dict[str, str]
    """The text fields."""
    arrived: float
    """When all of it had come, by ``time.perf_counter``."""


def read_form(environ: dict[str, Any], settings: ServeSettings, metrics: Metrics) -> Form:
    """Receive the multipart form of a request.

    Raises:
        NoFile, EmptyInput, TooLarge, BadOption, SlowUpload, Busy, Refusal, UnsupportedMediaType: as they say.
    """
    started = time.perf_counter()
    kind, options = parse_options_header(environ.get("CONTENT_TYPE"))
    if kind.lower() != "multipart/form-data":
        raise UnsupportedMediaType
    slow = SlowUpload(f"the upload did not arrive within {settings.upload_seconds:g} seconds")
    try:
        with gevent.Timeout(settings.upload_seconds, slow):
            stream = get_input_stream(environ, max_content_length=most_bytes(settings))
            parts = list(_parts(stream, options.get("boundary", ""), settings))
    except RequestEntityTooLarge as error:
        raise _too_large(settings) from error
    except ValueError as error:  # no boundary, no end: nothing that could be told apart is lost
        raise Refusal("the form is broken: it is not whole multipart/form-data") from error
    arrived = time.perf_counter()
    metrics.stage_seconds.labels("upload").observe(arrived - started)
    fields = _texts(parts)
    return Form(_file(parts, settings), fields, arrived)


def most_bytes(settings: ServeSettings) -> int:
    """Bytes that a whole request's body may have."""
    return settings.max_bytes + settings.max_form_bytes + ENVELOPE


class _Decoder(MultipartDecoder):
    """werkzeug's, for file names in any encoding as well: they are not looked at."""

    def _parse_headers(self, data: bytes | bytearray) -> Headers:
        return super()._parse_headers(data.decode(errors="replace").encode())


def _parts(stream: IO[bytes], boundary: str, settings: ServeSettings) -> Iterator[Part]:
    """The parts of a form, each once it is whole. Raises ValueError where there are none."""
    if not boundary:
        raise ValueError("no boundary")
    decoder = _Decoder(boundary.encode("ascii"), settings.max_form_bytes + ENVELOPE + PIECE)
    count = text = 0
    more = True
    while more:
        piece = stream.read(PIECE)
        more = bool(piece)
        decoder.receive_data(piece or None)
        while not isinstance(event := decoder.next_event(), (Epilogue, NeedData)):
            if isinstance(event, (Field, File)):
                part, value = event, io.BytesIO()
                count += 1
                if count > settings.max_form_parts:
                    most = f"the form has more than {settings.max_form_parts} parts"
                    raise TooLarge(most, advice="leave out what is not documented")
            elif isinstance(event, Data):
                value.write(event.data)
                text += len(event.data) if isinstance(part, Field) else 0
                if text > settings.max_form_bytes:
                    most = f"the form's text fields hold more than {settings.max_form_bytes:,} bytes together"
                    raise TooLarge(most, advice="send a shorter lexicon, or fewer corrections at a time")
                if not event.more_data:
                    yield part, value.getvalue()


def _file(parts: Sequence[Part], settings: ServeSettings) -> bytes:
    files = [(part.name or "", data) for part, data in parts if isinstance(part, File)]
    for name, _ in files:
        if name != "file":
            raise NoFile(f"there is a file in the field {name[:100]!r}, and none in the field 'file'")
    if not files:
        raise NoFile("there is no file in the form")
    if len(files) > 1:
        raise BadOption("file: one picture a request, not several")
    data = files[0][1]
    if len(data) > settings.max_bytes:
        raise _too_large(settings)
    if not data:
        raise EmptyInput("the file holds no bytes")
    return data


def _texts(parts: Sequence[Part]) -> dict[str, str]:
    fields = [(part.name or "", data.decode(errors="replace")) for part, data in parts if isinstance(part, Field)]
    for name, times in Counter(name for name, _ in fields).items():
        if name == "file":
            raise NoFile("the field 'file' is text, not a file", advice="curl wants an @ before the path: file=@PATH")
        if times > 1:
            raise BadOption(f"{name[:100]}: given {times} times")
    return dict(fields)


def _too_large(settings: ServeSettings) -> TooLarge:
    file, rest = settings.max_bytes, settings.max_form_bytes
    return TooLarge(f"the bound on a picture is {file:,} bytes, on all other fields together {rest:,}")
