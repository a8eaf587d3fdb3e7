"""The API's description, OpenAPI 3.1, made from the models in ``shapes`` and the errors' own statuses."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

import shizi
from shizi.errors import BrokenPicture, EmptyInput, NotAPicture, ShiziError, TooLarge, TooSmall
from shizi.serve import shapes
from shizi.serve.failures import (
    BadOption,
    Busy,
    CorrectionsFull,
    CrossSite,
    NoFile,
    NotKept,
    Refusal,
    SlowUpload,
    Starting,
    TimeLimit,
    TooMany,
    Unauthorized,
)

UPLOAD = (
    Refusal, NoFile, EmptyInput, BrokenPicture, NotAPicture, TooLarge, TooSmall,
    BadOption, Unauthorized, CrossSite, SlowUpload, TooMany, Busy,
)  # fmt: skip
READ = (*UPLOAD, Starting, TimeLimit)


@dataclass(frozen=True)
class Operation:
    """One method of one route."""

    path: str
    method: str
    summary: str
    answers: dict[str, type[BaseModel] | str]
    """Media type -> the body's model, or a description of it."""
    form: type[BaseModel] | None = None
    failures: tuple[type[ShiziError], ...] = ()
    guarded: bool = False
    """A token is asked for, where the server has one."""
    also: tuple[type[BaseModel], ...] = field(default=())
    """Models that the answer's description speaks of."""


EVENTS = (shapes.QueuedEvent, shapes.PageEvent, shapes.LineEvent, shapes.DoneEvent, shapes.ErrorEvent)
OPERATIONS = (
    Operation(
        "/ocr", "post", "Read a picture",
        {"application/json": shapes.Answer, "*/*": "With `format` other than json: that file"},
        shapes.OcrUpload, READ, guarded=True,
    ),
    Operation(
        "/ocr/stream", "post", "Read a picture, line by line",
        {"text/event-stream": "Events `queued`, `page`, `line`, and at the end `done` or `error`, with JSON as data: "
                              "QueuedEvent, PageEvent, LineEvent, DoneEvent, ErrorEvent"},
        shapes.StreamUpload, READ, guarded=True, also=EVENTS,
    ),
    Operation(
        "/correct", "post", "Keep corrected lines, where the operator allows it", {"application/json": shapes.Kept},
        shapes.CorrectUpload, (*UPLOAD, NotKept, CorrectionsFull, TimeLimit), guarded=True, also=(shapes.Correction,),
    ),
    Operation("/config.json", "get", "What a client has to know", {"application/json": shapes.Config}),
    Operation("/healthz", "get", "Whether the server is alive", {"application/json": shapes.Status}),
    Operation(
        "/readyz", "get", "Whether the models are loaded", {"application/json": shapes.Status}, failures=(Starting,)
    ),
    Operation(
        "/metrics", "get", "Figures for Prometheus", {"text/plain": "Prometheus's text format"},
        failures=(Unauthorized,), guarded=True,
    ),
    Operation("/openapi.json", "get", "This description", {"application/json": "OpenAPI 3.1"}),
)  # fmt: skip


@cache
def document() -> dict[str, Any]:
    """The whole description."""
    models: dict[type[BaseModel], None] = {shapes.Failure: None}
    for operation in OPERATIONS:
        models.update((one, None) for one in operation.answers.values() if not isinstance(one, str))
        models.update((one, None) for one in (operation.form, *operation.also) if one is not None)
    refs, schemas = models_json_schema(
        [(model, "validation") for model in models], ref_template="#/components/schemas/{model}"
    )
    by_model = {model: ref for (model, _), ref in refs.items()}
    paths: dict[str, Any] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method] = _operation(operation, by_model)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Shizi",
            "version": shizi.__version__,
            "description": "Reads Chinese and English text in pictures. Places are pixels of the picture as a person "
            "sees it, from its top left corner; confidences are probabilities.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {
            "schemas": schemas["$defs"],
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(operation: Operation, refs: dict[Any, Any]) -> dict[str, Any]:
    content = {
        kind: {"schema": refs[what]} if not isinstance(what, str) else {"schema": {"description": what}}
        for kind, what in operation.answers.items()
    }
    made: dict[str, Any] = {
        "operationId": operation.path.strip("/").replace("/", "_").replace(".", "_"),
        "summary": operation.summary,
        "responses": {"200": {"description": "Done", "content": content}, **_failures(operation, refs)},
    }
    if operation.form is not None:
        made["requestBody"] = {"required": True, "content": {"multipart/form-data": {"schema": refs[operation.form]}}}
    if operation.guarded:
        made["security"] = [{}, {"token": []}]  # either: whether there is a token is for the operator to say
    return made


def _failures(operation: Operation, refs: dict[Any, Any]) -> dict[str, Any]:
    """Status -> the failures that have it."""
    found: dict[int, list[type[ShiziError]]] = {}
    for error in operation.failures:
        found.setdefault(error.http_status, []).append(error)
    made = {}
    for status, errors in sorted(found.items()):
        said = "; ".join(f"`{error.code}`: {(error.__doc__ or '').splitlines()[0].rstrip('.')}" for error in errors)
        answer: dict[str, Any] = {
            "description": said,
            "content": {"application/json": {"schema": refs[shapes.Failure]}},
        }
        if any(getattr(error, "retry_after", 0) for error in errors):
            answer["headers"] = {"Retry-After": {"description": "Seconds", "schema": {"type": "integer"}}}
        made[str(status)] = answer
    made["default"] = {
        "description": "Any other failure",
        "content": {"application/json": {"schema": refs[shapes.Failure]}},
    }
    return made
