"""The outermost layer, around Flask: what every request passes on its way in, and its answer on the way out."""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack, suppress
from functools import cache
from typing import Any

from gevent import monkey
from werkzeug.wsgi import ClosingIterator

from shizi.serve.body import Allowance, Incoming, most_bytes
from shizi.serve.metrics import Metrics
from shizi.serve.settings import ServeSettings

ROUTE = "shizi.route"
"""Key of the environment: the rule that a request matched, for the metrics."""

UNTIL_END = "shizi.until_end"
"""Key of the environment: an ExitStack that is closed when the answer has been sent."""

_UNMATCHED = "other"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

Start = Callable[..., Any]


class Gate:
    """A WSGI application around another one: counts bytes, and sees requests to their end."""

    def __init__(self, inside: Any, settings: ServeSettings, metrics: Metrics, allowance: Allowance) -> None:
        self._inside = inside
        self._settings = settings
        self._metrics = metrics
        self._allowance = allowance

    def __call__(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        """Serve one request."""
        began = time.perf_counter()
        body = Incoming(environ["wsgi.input"], most_bytes(self._settings), self._allowance)
        environ["wsgi.input"] = body
        status = "500"

        def start_response(line: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            nonlocal status
            status = line[:3]
            return start(line, headers, *rest)

        environ[UNTIL_END] = guard = ExitStack()

        def finish() -> None:
            guard.close()
            if not body.finish(self._settings.linger_seconds, self._settings.linger_bytes):
                _hang_up(environ)
            route = environ.get(ROUTE, _UNMATCHED)
            method = environ["REQUEST_METHOD"]
            self._metrics.requests.labels(route, method if method in _METHODS else "other", status).inc()
            self._metrics.request_seconds.labels(route).observe(time.perf_counter() - began)

        try:
            return ClosingIterator(self._inside(environ, start_response), finish)
        except BaseException:
            finish()
            raise


def gone(environ: dict[str, Any]) -> bool:
    """Whether the client has closed its side of the connection; False where that cannot be told."""
    client: socket.socket | None = environ.get("gunicorn.socket")
    if client is None or not hasattr(select, "POLLRDHUP"):
        return False
    poll = _poll()()  # not gevent's, which would wait for other greenlets
    try:
        poll.register(client.fileno(), select.POLLRDHUP)
        return bool(poll.poll(0))
    except (OSError, ValueError):  # it is closed already
        return True


@cache
def _poll() -> Any:
    return monkey.get_original("select", "poll")


def _hang_up(environ: dict[str, Any]) -> None:
    """End a connection of which nobody knows where its next request would begin."""
    client: socket.socket | None = environ.get("gunicorn.socket")
    if client is not None:
        with suppress(OSError):
            client.shutdown(socket.SHUT_RDWR)

