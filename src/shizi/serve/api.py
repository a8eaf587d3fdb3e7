"""The HTTP API: POST /ocr, /ocr/stream, /correct, and what tells a client or an operator about the server."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import cache, partial
from typing import Any

from flask import Blueprint, Response, request

import shizi
from shizi.read import hints
from shizi.read.hints import Known
from shizi.read.lexicon import MAX_WORD, Lexicon
from shizi.read.patterns import EXPRESSIONS
from shizi.reader import LineRead, PageFound
from shizi.serve import openapi
from shizi.serve.body import read_form
from shizi.serve.engine import Options, Reading
from shizi.serve.failures import BadOption, ClientGone, NotKept, Starting, explain, log_mistake
from shizi.serve.gate import gone
from shizi.serve.metrics import CONTENT_TYPE
from shizi.serve.parts import Parts, parts
from shizi.serve.settings import ServeSettings
from shizi.serve.shapes import OcrForm, ReadForm, Strict, parse, parse_corrections
from shizi.types import Page
from shizi.write import WRITERS, stream

DOUBT = 0.8
"""A page marks characters with less confidence, until the person moves it."""

PICTURE_TYPES = ("image/jpeg", "image/png", "image/webp", "image/gif", "image/bmp", "image/tiff")

COMMENT_SECONDS = 5.0
"""A stream that has nothing to say for so long says so, or a proxy would take it for dead."""

_TYPES = {"text": "text/plain; charset=utf-8", "json": "application/x-ndjson"}

api = Blueprint("api", __name__)


@api.post("/ocr")
def ocr() -> Response:
    """Read a picture and answer when all of it is read."""
    has = parts()
    form = read_form(request.environ, has.settings, has.metrics)
    wanted = parse(OcrForm, form.fields)
    reading = has.engine.begin(form.file, _options(wanted, has.settings), form.arrived)
    pages = [event for event in reading.events(_gone()) if isinstance(event, Page)]
    return _answer(pages, wanted.format, has, reading, apart=not wanted.line)


@api.post("/ocr/stream")
def ocr_stream() -> Response:
    """Read a picture and tell each line as it is read, as server-sent events."""
    has = parts()
    form = read_form(request.environ, has.settings, has.metrics)
    wanted = parse(ReadForm, form.fields)
    reading = has.engine.begin(form.file, _options(wanted, has.settings), form.arrived)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}  # nginx is to pass it on piece by piece
    answer = Response(_told(reading, _gone(), has), mimetype="text/event-stream", headers=headers)
    answer.call_on_close(reading.drop)
    return answer


@api.post("/correct")
def correct() -> Response:
    """Keep lines that a person has corrected."""
    has = parts()
    kept = has.corrections
    if kept is None:
        raise NotKept("this server keeps no corrections")
    form = read_form(request.environ, has.settings, has.metrics)
    fields = dict(form.fields)
    corrections = parse_corrections(fields.pop("corrections", ""))
    parse(Strict, fields)  # there are no others
    bounds = has.engine.reader.settings.load
    turn = has.engine.queue(kept.keep(form.file, corrections, bounds), form.arrived)
    count = sum(lines or 0 for lines in turn.events(_gone()))
    has.metrics.corrections.inc(count)
    return reply({"success": True, "kept": count})


@api.get("/config.json")
def config() -> Response:
    """What a client has to know."""
    has = parts()
    bounds = has.settings
    limits = {
        "max_bytes": bounds.max_bytes,
        "max_pixels": bounds.max_pixels,
        "max_side": bounds.max_side,
        "max_pages": bounds.max_pages,
        "max_beam": bounds.max_beam,
        "seconds": bounds.seconds,
        "max_corrections": bounds.corrections_per_request,
        "max_correction_chars": bounds.correction_chars,
    }
    return reply(
        {
            "version": shizi.__version__,
            "auth": has.token is not None,
            "corrections": has.corrections is not None,
            "limits": limits,
            "formats": list(WRITERS),
            "charsets": list(hints.ALPHABETS),
            "patterns": list(EXPRESSIONS),
            "options": list(OcrForm.model_fields),
            "doubt": DOUBT,
            "picture_types": list(PICTURE_TYPES),
        }
    )


@api.get("/healthz")
def healthz() -> Response:
    """The event loop turns."""
    return reply({"status": "ok"})


@api.get("/readyz")
def readyz() -> Response:
    """The models are loaded and warm."""
    if not parts().engine.ready:
        raise Starting("the models are not loaded yet")
    return reply({"status": "ready"})


@api.get("/metrics")
def metrics() -> Response:
    """Figures for Prometheus."""
    return Response(parts().metrics.dump(), content_type=CONTENT_TYPE)


@api.get("/openapi.json")
def openapi_json() -> Response:
    """This API's description."""
    return reply(openapi.document())


def reply(body: dict[str, Any], status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A JSON answer; Chinese is not escaped."""
    data = json.dumps(body, ensure_ascii=False, allow_nan=False)
    return Response(data, status, {"Cache-Control": "no-store", **(headers or {})}, content_type="application/json")


def _gone() -> Callable[[], bool]:
    return partial(gone, request.environ)


@cache
def _allowed(charset: str) -> frozenset[str]:
    return hints.allowed(charset)


def _options(form: ReadForm, bounds: ServeSettings) -> Options:
    """What a form asks for, in the Reader's terms. No field ever becomes the path of a file here."""
    if form.pattern and (form.charset or form.beam or form.lexicon):
        raise BadOption("pattern: it decides by itself what is read; leave charset, beam and lexicon away")
    if form.beam is not None and form.beam > bounds.max_beam:
        raise BadOption(f"beam: it is at most {bounds.max_beam}, not {form.beam}")
    known: Known = {"beam": form.beam, "pattern": form.pattern}
    if form.charset:
        known["allowed"] = _allowed(form.charset)
    if form.lexicon:
        known["lexicon"] = Lexicon(words=dict.fromkeys(_words(form.lexicon, bounds.max_lexicon_words), 1.0))
    return Options(form.line, known)


def _words(rows: str, most: int) -> list[str]:
    words = [word for row in rows.splitlines() if (word := row.strip())]
    if len(words) > most:
        raise BadOption(f"lexicon: it has at most {most:,} words, not {len(words):,}")
    if bad := next((word for word in words if len(word) > MAX_WORD or not word.isprintable()), None):
        raise BadOption(f"lexicon: a word has 1 to {MAX_WORD} printable characters, not {bad[:40]!r}")
    return words


def _answer(pages: list[Page], form: str, has: Parts, reading: Reading, *, apart: bool) -> Response:
    """What was read, as JSON or as a file; made in a thread, since it may be megabytes."""
    began = time.perf_counter()

    def made() -> str:
        if form != "json":
            return "".join(stream(pages, form, apart=apart))
        lines = [line for page in pages for line in page.lines]
        body = {
            "success": True,
            "text": [line.text for line in lines],
            "time_cost": reading.seconds,
            "lines": [line.to_json() for line in lines],
            "width": pages[0].width,
            "height": pages[0].height,
            "pages": [_page(page) for page in pages],
        }
        return json.dumps(body, ensure_ascii=False, allow_nan=False)

    data = has.engine.in_thread(made)
    has.metrics.stage_seconds.labels("answer").observe(time.perf_counter() - began)
    kind = "application/json" if form == "json" else _TYPES.get(form, "application/octet-stream")
    return Response(data, headers={"Cache-Control": "no-store"}, content_type=kind)


def _page(page: Page) -> dict[str, Any]:
    """What is to be said of a page beside its lines, and their number."""
    said = page.to_json()
    return {key: said[key] for key in said if key not in ("schema", "source", "seconds")} | {"lines": len(page.lines)}


def _told(reading: Reading, is_gone: Callable[[], bool], has: Parts) -> Iterator[str]:
    """The events of a reading."""
    pages, index, silent_since = -1, 0, time.perf_counter()
    dropped: list[dict[str, Any]] = []
    yield ": shizi\n\n"
    if reading.place:
        yield _event("queued", {"waiting": reading.place})
    try:
        with closing(reading.events(is_gone)) as events:
            for event in events:
                if isinstance(event, PageFound):
                    pages += 1
                    quads = [quad.to_json() for quad in event.quads]
                    size = {"width": event.width, "height": event.height}
                    yield _event("page", {"page": pages, **size, "lines": len(quads), "quads": quads})
                elif isinstance(event, LineRead):
                    places = {"page": pages, "index": index, "found": event.found}
                    yield _event("line", {**places, **event.line.to_json()})
                    index += 1
                elif isinstance(event, Page):
                    dropped += [{"page": pages, **one.to_json()} for one in event.dropped]
                    continue
                elif time.perf_counter() - silent_since < COMMENT_SECONDS:
                    continue
                elif event is None:
                    yield ": still here\n\n"
                silent_since = time.perf_counter()
        counts = {"pages": pages + 1, "lines": index}
        yield _event("done", {"success": True, "time_cost": reading.seconds, **counts, "dropped": dropped})
    except ClientGone:
        return
    except Exception as error:  # the answer has begun: it cannot become a 500 any more
        body, status, _ = explain(error)
        if status == 500:
            log_mistake(error)
        has.metrics.errors.labels(body["code"]).inc()
        yield _event("error", {**body, "status": status})


def _event(name: str, data: dict[str, Any]) -> str:
    return f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False, allow_nan=False)}\n\n"
