"""The web page, its files, and a page on which the API can be tried."""

from __future__ import annotations

import hashlib
import mimetypes
from functools import cache
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, render_template, request
from flask import url_for as flask_url_for
from werkzeug.exceptions import NotFound

import shizi

STATIC = Path(__file__).parent / "static"
YEAR = 365 * 24 * 3600

_TYPES = {".js": "text/javascript", ".mjs": "text/javascript", ".webmanifest": "application/manifest+json"}

ui = Blueprint("ui", __name__, template_folder="templates")


@ui.get("/")
def index() -> Response:
    """The page."""
    return _page("index.html")


@ui.get("/docs")
def docs() -> Response:
    """The API, to try."""
    return _page("docs.html")


@ui.get("/static/<path:filename>")
def static(filename: str) -> Response:
    """A file of the page. One that is asked for by its content's name (``?v=``) never changes."""
    data, tag = _file(filename)
    kind = _TYPES.get(Path(filename).suffix) or mimetypes.guess_type(filename)[0] or "application/octet-stream"
    response = Response(data, mimetype=kind)
    if request.args.get("v") == tag:
        response.headers["Cache-Control"] = f"public, max-age={YEAR}, immutable"
    else:
        response.headers["Cache-Control"] = "no-cache"
    response.set_etag(tag)
    response.make_conditional(request)
    return response


@ui.app_template_global("url_for")
def url_for(endpoint: str, **values: Any) -> str:
    """Flask's, which adds a static file's tag."""
    if endpoint == "ui.static":
        values.setdefault("v", _file(values["filename"])[1])
    return flask_url_for(endpoint, **values)


def _page(name: str) -> Response:
    response = Response(render_template(name, version=shizi.__version__), mimetype="text/html")
    response.headers["Cache-Control"] = "no-cache"
    response.add_etag()
    response.make_conditional(request)
    return response


def _file(name: str) -> tuple[bytes, str]:
    """A static file and a tag that stands for its content; each has one name."""
    try:
        return _files()[name]
    except KeyError:
        raise NotFound from None


@cache
def _files() -> dict[str, tuple[bytes, str]]:
    """All static files, by their path below the folder. They are part of the package and do not change."""
    found = {path.relative_to(STATIC).as_posix(): path.read_bytes() for path in STATIC.rglob("*") if path.is_file()}
    return {name: (data, hashlib.sha256(data).hexdigest()[:16]) for name, data in found.items()}
