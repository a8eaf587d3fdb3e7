"""The gunicorn worker: gevent's, with real threads left real, errors in JSON, and an eye on its memory."""

from __future__ import annotations

import json
import mmap
import os
import socket
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import gevent
from gevent import monkey
from gunicorn.http import errors
from gunicorn.workers.base_async import AsyncWorker
from gunicorn.workers.ggevent import GeventWorker

from shizi.serve.failures import CODES, failure
from shizi.serve.settings import ServeSettings

_WATCH_SECONDS = 5.0
_LAST_SECONDS = 3.0  # for the answers to what is cut off when a worker stops: it looks once a second whether it is done
_PIECE = 64 * 1024  # bytes
END_SECONDS = 4
"""Seconds beyond ``stop_seconds`` after which a worker that does not end is killed."""

_STATUS: tuple[tuple[type[Exception], int], ...] = (
    (errors.LimitRequestLine, 414),
    (errors.LimitRequestHeaders, 431),
    (errors.ParseException, 400),
)


class Worker(GeventWorker):  # type: ignore[misc]  # gunicorn has no types
    """Serves connections as greenlets. ``app.bounds`` are the server's settings."""

    sockets: list[Any]
    alive: bool
    max_requests: int

    def __init__(self, *given: Any) -> None:
        """Before the fork."""
        super().__init__(*given)
        self._spent = mmap.mmap(-1, 1)  # the parent process sees it as well
        # gunicorn would not take requests any more before there is a fresh worker
        self._enough, self.max_requests = self.max_requests, sys.maxsize

    @property
    def spent(self) -> bool:
        """It has done enough: a fresh one is to take its place."""
        return self._spent[0] == 1

    def patch(self) -> None:
        """Make sockets cooperative, and leave threads alone: pictures are read in real ones."""
        monkey.patch_all(thread=False, queue=False, ssl=False)
        self.sockets = [
            gevent.socket.socket(one.FAMILY, socket.SOCK_STREAM, fileno=one.sock.detach()) for one in self.sockets
        ]

    def run(self) -> None:
        """Serve until told to stop."""
        self.cfg.set("graceful_timeout", self._bounds.stop_seconds)  # the parent process waits longer: see END_SECONDS
        gevent.spawn(self._watch)
        super().run()

    def handle_exit(self, sig: int, frame: Any) -> None:
        """SIGTERM, which may come more than once: take no more connections, and come to an end with those there are."""
        if self.alive and self.app.engine is not None:
            stop = self._bounds.stop_seconds
            self.app.engine.close(max(stop / 2, stop - _LAST_SECONDS))
        super().handle_exit(sig, frame)

    def handle(self, listener: Any, client: Any, addr: Any) -> None:
        """Serve a connection; a client that does not take its answer is hung up on."""
        client.settimeout(self._bounds.send_seconds)  # gevent's own worker sets none
        AsyncWorker.handle(self, listener, client, addr)

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        """Answer what is not even HTTP in the same way as all other failures."""
        status = next((status for kind, status in _STATUS if isinstance(exc, kind)), 500)
        if status == 500:
            self.log.error("%s before a request was read", type(exc).__name__)
        code, words = CODES[status]
        body = json.dumps(failure(words, code)).encode()
        head = (
            f"HTTP/1.1 {status} Refused\r\nConnection: close\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        with suppress(Exception), gevent.Timeout(self._bounds.linger_seconds, False):
            client.sendall(head.encode() + body)
            client.shutdown(socket.SHUT_WR)
            while client.recv(_PIECE):  # or the answer is lost, as Incoming.finish says
                pass

    @property
    def _bounds(self) -> ServeSettings:
        bounds: ServeSettings = self.app.bounds
        return bounds

    def _watch(self) -> None:
        """Have this worker replaced when it has grown too large or served enough."""
        most = self._bounds.max_memory or sys.maxsize
        while not self.spent:
            gevent.sleep(_WATCH_SECONDS)
            size = resident()
            if size > most:
                self.log.warning("worker %s holds %d MiB: a fresh one takes its place", self.pid, size >> 20)
            if size > most or self.nr >= self._enough:
                self._spent[0] = 1


def resident() -> int:
    """Bytes of memory that this process occupies; 0 where that cannot be told."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0
