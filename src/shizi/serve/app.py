"""The application: parts put together, and what holds for every request."""

from __future__ import annotations

import hmac
from http import HTTPStatus
from pathlib import Path

from flask import Flask, Response, request
from werkzeug.middleware.proxy_fix import ProxyFix

from shizi.serve.api import api, reply
from shizi.serve.body import Allowance
from shizi.serve.corrections import Corrections
from shizi.serve.engine import Engine
from shizi.serve.failures import ClientGone, CrossSite, Unauthorized, explain, log_mistake
from shizi.serve.gate import ROUTE, UNTIL_END, Gate
from shizi.serve.metrics import Metrics
from shizi.serve.parts import Parts, parts
from shizi.serve.settings import ServeSettings
from shizi.serve.ui import ui

GUARDED = frozenset({"api.ocr", "api.ocr_stream", "api.correct", "api.metrics"})
"""What a token is asked for, where there is one."""

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob: data:",
        "connect-src 'self'",
        "font-src 'self'",
        "manifest-src 'self'",
        "worker-src 'self' blob:",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
}
"""Sent with every answer."""

def create_app(
    engine: Engine,
    settings: ServeSettings,
    metrics: Metrics,
    *,
    token: str | None = None,
    corrections: Path | None = None,
    proxies: int = 0,
) -> Flask:
    """Make the application of one worker.

    Args:
        engine: what reads; the application answers 503 until it is ready.
        settings: all bounds.
        metrics: where figures go.
        token: what a client has to show; None: nothing.
        corrections: the folder for corrected lines; None: they are not kept.
        proxies: how many proxies stand before the server, whose word on the client's address is taken.

    Raises:
        SettingsError: the folder cannot be written to.
    """
    app = Flask(__name__, static_folder=None)
    app.url_map.merge_slashes = False  # each address has one spelling, and nothing is redirected
    allowance = Allowance(settings, metrics)
    kept = None if corrections is None else Corrections(corrections, settings)
    app.extensions["shizi"] = Parts(engine, settings, metrics, allowance, kept, token)
    app.register_blueprint(api)
    app.register_blueprint(ui)
    app.before_request(_admit)
    app.after_request(_dress)
    app.register_error_handler(Exception, _fail)
    gate = Gate(app.wsgi_app, settings, metrics, allowance)
    trusting = ProxyFix(gate, x_for=proxies, x_proto=proxies) if proxies else gate
    app.wsgi_app = trusting  # type: ignore[assignment, method-assign]
    return app


def _admit() -> None:
    """What has to hold before a request's body is looked at."""
    has = parts()
    if request.url_rule is not None:
        request.environ[ROUTE] = request.url_rule.rule
    if has.token is not None and request.endpoint in GUARDED and not _knows(has.token):
        raise Unauthorized("the token is missing or wrong")
    if request.method == "POST":
        # Without CORS another site's page cannot see an answer, but its form could still be sent.
        if request.headers.get("Sec-Fetch-Site") == "cross-site":
            raise CrossSite("a page of another site sent this")
        request.environ[UNTIL_END].enter_context(has.allowance.client(request.remote_addr or ""))


def _knows(token: str) -> bool:
    kind, _, given = request.headers.get("Authorization", "").partition(" ")
    return kind.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), token.encode())


def _dress(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response


def _fail(error: Exception) -> Response:
    """Any error as the one JSON object of failures."""
    if isinstance(error, ClientGone):
        return Response(status=499)
    body, status, headers = explain(error)
    parts().metrics.errors.labels(body["code"]).inc()
    if status == HTTPStatus.INTERNAL_SERVER_ERROR:
        log_mistake(error)
    return reply(body, status, headers)
