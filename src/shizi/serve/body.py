"""A request's body: bounded, timed, counted and kept in memory, never on disk.

It is parsed by werkzeug's form parser. The bounds are kept underneath, where the bytes come in, so a client that lies
about the length, or sends one byte a second, cannot get round them.
"""

from __future__ import annotations

import io
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, BinaryIO

import gevent
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType
from werkzeug.formparser import FormDataParser

from shizi.errors import EmptyInput, TooLarge
from shizi.serve.failures import BadOption, Busy, NoFile, Refusal, SlowUpload, TooMany
from shizi.serve.metrics import Metrics
from shizi.serve.settings import ServeSettings

PIECE = 64 * 1024
"""Bytes that are taken in at a time."""
ENVELOPE = 64 * 1024
"""Bytes of multipart's own: boundaries, and headers of the fields."""


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

    def readable(self) -> bool:
        """It is."""
        return True

    def read(self, size: int = -1, /) -> bytes:
        """Up to ``size`` bytes. Raises RequestEntityTooLarge beyond the bound, Busy beyond the worker's memory."""
        piece = self._source.read(PIECE if size < 0 else min(size, PIECE))
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
    if not environ.get("CONTENT_TYPE", "").lower().startswith("multipart/form-data"):
        raise UnsupportedMediaType
    parser = FormDataParser(
        stream_factory=lambda *_, **__: io.BytesIO(),
        max_form_memory_size=settings.max_form_bytes,
        max_content_length=most_bytes(settings),
        max_form_parts=settings.max_form_parts,
        silent=False,
    )
    slow = SlowUpload(f"the upload did not arrive within {settings.upload_seconds:g} seconds")
    try:
        with gevent.Timeout(settings.upload_seconds, slow):
            _, fields, files = parser.parse_from_environ(environ)
    except RequestEntityTooLarge as error:
        raise TooLarge(_bounds(settings)) from error
    except ValueError as error:  # no boundary, no end: nothing that could be told apart is lost
        raise Refusal("the form is broken: it is not whole multipart/form-data") from error
    arrived = time.perf_counter()
    metrics.stage_seconds.labels("upload").observe(arrived - started)
    return Form(_file(files, settings), _texts(fields), arrived)


def most_bytes(settings: ServeSettings) -> int:
    """Bytes that a whole request's body may have."""
    return settings.max_bytes + settings.max_form_bytes + ENVELOPE


def _file(files: MultiDict[str, Any], settings: ServeSettings) -> bytes:
    for name in files:
        if name != "file":
            raise NoFile(f"there is a file in the field {name[:100]!r}, and none in the field 'file'")
    given = files.getlist("file")
    if not given:
        raise NoFile("there is no file in the form")
    if len(given) > 1:
        raise BadOption("file: one picture a request, not several")
    data: bytes = given[0].stream.getvalue()
    if len(data) > settings.max_bytes:
        raise TooLarge(_bounds(settings))
    if not data:
        raise EmptyInput("the file holds no bytes")
    return data


def _texts(fields: MultiDict[str, str]) -> dict[str, str]:
    for name, values in fields.lists():
        if name == "file":
            raise NoFile("the field 'file' is text, not a file")
        if len(values) > 1:
            raise BadOption(f"{name[:100]}: given {len(values)} times")
    return fields.to_dict()


def _bounds(settings: ServeSettings) -> str:
    file, rest = settings.max_bytes, settings.max_form_bytes
    return f"the bound on a picture is {file:,} bytes, on all other fields together {rest:,}"
