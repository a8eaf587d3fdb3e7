"""What only a server can run into, as errors that know their HTTP status; and every failure as one JSON object.

The errors of :mod:`shizi.errors` know theirs too, so an answer is made of any of them in one place.
"""

from __future__ import annotations

import logging
import traceback
from typing import Any

from werkzeug.exceptions import HTTPException

from shizi.errors import ShiziError


class Refusal(ShiziError):
    """A request that the server does not carry out."""

    code = "bad_request"
    http_status = 400
    retry_after: int = 0
    """Seconds after which it is worth trying again; 0: trying again will not help."""


class NoFile(Refusal):
    """The form has no field ``file``, or it is not a file."""

    code = "no_file"
    advice = "send the picture as multipart/form-data, in the field named file"


class BadOption(Refusal):
    """A form field that does not exist, or a value that it cannot take."""

    code = "bad_option"
    http_status = 422


class Unauthorized(Refusal):
    """The token is missing or wrong."""

    code = "unauthorized"
    http_status = 401
    advice = "send the header Authorization: Bearer TOKEN"


class CrossSite(Refusal):
    """A page of another site made the browser send this."""

    code = "cross_site"
    http_status = 403


class NotKept(Refusal):
    """Corrections are not kept here."""

    code = "not_kept"
    http_status = 404
    advice = "the operator can switch it on with --keep-corrections DIR"


class SlowUpload(Refusal):
    """The body did not arrive in time."""

    code = "slow_upload"
    http_status = 408


class TooMany(Refusal):
    """One client has as many requests under way as one may have."""

    code = "too_many"
    http_status = 429
    retry_after = 2


class Busy(Refusal):
    """The queue, or the memory for uploads, is full."""

    code = "busy"
    http_status = 503
    retry_after = 5
    advice = "try again in a few seconds"


class TimeLimit(Refusal):
    """Reading took longer than one request may."""

    code = "time_limit"
    http_status = 503
    retry_after = 10
    advice = "send a smaller picture, or fewer pages at a time"


class Starting(Refusal):
    """The models are not loaded yet."""

    code = "starting"
    http_status = 503
    retry_after = 1


class CorrectionsFull(Refusal):
    """As many corrections are kept as the operator allowed."""

    code = "corrections_full"
    http_status = 503
    retry_after = 3600
    advice = "the operator can empty the folder or allow more"


class ClientGone(Exception):
    """The client hung up: there is nobody to answer."""


CODES = {
    400: ("bad_request", "the request cannot be understood"),
    403: ("cross_site", "this is not allowed"),
    404: ("not_found", "there is nothing at this address; GET /docs lists what there is"),
    405: ("bad_method", "this address does not take this method; see the header Allow"),
    408: ("slow_upload", "the request did not arrive in time"),
    413: ("too_large", "the request is larger than this server takes"),
    414: ("bad_request", "the address is too long"),
    415: ("bad_type", "send multipart/form-data"),
    431: ("bad_request", "the headers are too large"),
    500: ("internal", "the server made a mistake; the operator's log says more"),
    503: ("busy", "the server is busy"),
}
"""Status -> code and words, for what werkzeug and gunicorn refuse by themselves."""


def failure(message: str, code: str) -> dict[str, Any]:
    """The object that every failure is answered with."""
    return {"success": False, "error": message, "code": code}


def explain(error: Exception) -> tuple[dict[str, Any], int, dict[str, str]]:
    """An error as answer: the JSON object, the HTTP status, and headers that go with them.

    What is nobody's intention says nothing of its inside: that belongs to the log.
    """
    headers: dict[str, str] = {}
    if isinstance(error, ShiziError):
        wait = getattr(error, "retry_after", 0)
        if wait:
            headers["Retry-After"] = str(wait)
        if isinstance(error, Unauthorized):
            headers["WWW-Authenticate"] = 'Bearer realm="shizi"'
        return failure(error.message, error.code), error.http_status, headers
    if isinstance(error, HTTPException):
        status = error.code or 500
        code, words = CODES.get(status, ("bad_request" if status < 500 else "internal", error.name.lower()))
        for name, value in error.get_headers():
            if name in ("Allow", "Retry-After"):
                headers[name] = value
        return failure(words, code), status, headers
    return failure(CODES[500][1], CODES[500][0]), 500, headers



def log_mistake(error: Exception) -> None:
    """Log an error that nobody meant: its kind and its stack, not its words, which may hold what somebody sent."""
    stack = "".join(traceback.format_tb(error.__traceback__))
    logging.getLogger("shizi.serve").error("%s\n%s", type(error).__name__, stack)
