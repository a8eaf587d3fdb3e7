"""What goes in and comes out, as pydantic models: forms are checked by them, and the OpenAPI document is made of them.

Answers are built by the types themselves (``Line.to_json`` and its kind), since thousands of characters need no second
check; the tests hold them against these models.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    WithJsonSchema,
)
from pydantic.json_schema import SkipJsonSchema

from shizi.read import hints
from shizi.read.patterns import EXPRESSIONS
from shizi.serve.failures import BadOption
from shizi.write import WRITERS

M = TypeVar("M", bound=BaseModel)

Unit = Annotated[float, Field(ge=0, le=1)]
Point = Annotated[list[float], Field(min_length=2, max_length=2)]
Corners = Annotated[
    list[Point],
    Field(min_length=4, max_length=4, description="Top left, top right, bottom right, bottom left of the text, pixels"),
]


def _one_of(names: Collection[str]) -> AfterValidator:
    def check(value: str) -> str:
        if value not in names:
            raise ValueError(f"it is one of {', '.join(names)}")
        return value

    return AfterValidator(check)


Charset = Annotated[str, _one_of(hints.ALPHABETS), WithJsonSchema({"type": "string", "enum": list(hints.ALPHABETS)})]
Pattern = Annotated[str, _one_of(EXPRESSIONS), WithJsonSchema({"type": "string", "enum": list(EXPRESSIONS)})]
Format = Annotated[str, _one_of(WRITERS), WithJsonSchema({"type": "string", "enum": list(WRITERS)})]
File = Annotated[
    bytes,
    WithJsonSchema({"type": "string", "format": "binary", "description": "JPEG, PNG, BMP, WebP, TIFF or GIF"}),
]


def _no_default(schema: dict[str, Any]) -> None:
    schema.pop("default", None)


class Strict(BaseModel):
    """No unknown fields."""

    model_config = ConfigDict(extra="forbid")


class ReadForm(Strict):
    """The fields of POST /ocr/stream beside the picture. A field left empty counts as not sent."""

    charset: Charset | SkipJsonSchema[None] = Field(
        None, description="Read these characters only", json_schema_extra=_no_default
    )
    line: bool = Field(False, description="The whole picture is one line of text")
    beam: Annotated[int, Field(ge=0)] | SkipJsonSchema[None] = Field(
        None,
        description="Texts that beam search keeps; 0 reads greedily; without it, 16 where a character is doubtful",
        json_schema_extra=_no_default,
    )
    lexicon: str | SkipJsonSchema[None] = Field(
        None, description="Words to expect, one a row; means beam search", json_schema_extra=_no_default
    )
    pattern: Pattern | SkipJsonSchema[None] = Field(
        None, description="What each line looks like; takes the place of the others", json_schema_extra=_no_default
    )


class OcrForm(ReadForm):
    """The fields of POST /ocr beside the picture. A field left empty counts as not sent."""

    format: Format = Field("json", description="json, or a file as `shizi read --format` prints it")


class StreamUpload(ReadForm):
    """The form of POST /ocr/stream."""

    file: File


class OcrUpload(OcrForm):
    """The form of POST /ocr."""

    file: File


class AlternativeShape(Strict):
    """Another reading of a character."""

    text: str
    confidence: Unit


class CharShape(Strict):
    """A character."""

    text: str
    confidence: Unit
    quad: Corners
    alternatives: list[AlternativeShape] = []


class LineShape(BaseModel):
    """A line, as `shizi read --format json` prints it."""

    text: str
    confidence: Unit
    quad: Corners
    chars: list[CharShape]


class DroppedShape(Strict):
    """A place that was found and is not among the lines."""

    quad: Corners
    reason: str = Field(description="Why: small, faint, rule, empty or unsure")
    text: str = Field(description="What was read there, if anything was")
    confidence: Unit


class PageShape(BaseModel):
    """A page of the picture, with what `shizi read --format json` says of it beside its lines."""

    width: int = Field(description="Pixels")
    height: int = Field(description="Pixels")
    lines: int = Field(description="How many of the answer's lines are this page's, in order")
    turned: int = Field(description="Degrees by which the page was turned clockwise to be read")
    paragraphs: list[list[int]] = Field(description="Lines that belong together, counted from the page's first")
    dropped: list[DroppedShape]


class Answer(Strict):
    """What was read. Lines of all pages, in reading order."""

    success: Literal[True]
    text: list[str]
    time_cost: float = Field(description="Seconds from the upload's end to the answer, waiting included")
    lines: list[LineShape]
    width: int = Field(description="Of the first page, pixels")
    height: int = Field(description="Of the first page, pixels")
    pages: list[PageShape]


class Failure(Strict):
    """Why there is no answer."""

    success: Literal[False]
    error: str = Field(description="Words for a person")
    code: str = Field(description="For programs; it does not change")


class QueuedEvent(Strict):
    """`event: queued`."""

    waiting: int = Field(description="Its place in the queue, from 1")


class PageEvent(Strict):
    """`event: page`: its lines are found and not read yet."""

    page: int
    width: int
    height: int
    lines: int
    quads: list[Corners]


class LineEvent(LineShape):
    """`event: line`: a line and its places."""

    page: int
    index: int = Field(description="Among the answer's lines, from 0")
    found: int = Field(description="Which of the page's quads it is, from 0")


class DroppedEvent(DroppedShape):
    """The same in a stream, where no page stands around it."""

    page: int


class DoneEvent(Strict):
    """`event: done`: all was read."""

    success: Literal[True]
    time_cost: float
    pages: int
    lines: int
    dropped: list[DroppedEvent]


class ErrorEvent(Failure):
    """`event: error`: a failure after the answer has begun."""

    status: int = Field(description="The HTTP status that it would have had")


class Correction(Strict):
    """A line that a person has looked at."""

    page: Annotated[int, Field(ge=0)] = 0
    quad: Corners = Field(description="Of the line, as it came")
    read: Annotated[str, Field(max_length=10_000)] = Field(description="What was read")
    text: Annotated[str, Field(min_length=1)] = Field(description="What is right; no line breaks")


class CorrectUpload(Strict):
    """The form of POST /correct."""

    file: File
    corrections: str = Field(description="JSON: a list of Correction objects")


class Kept(Strict):
    """Corrections were kept."""

    success: Literal[True]
    kept: int


class Limits(Strict):
    """Bounds that a client can keep to by itself."""

    max_bytes: int
    max_pixels: int
    max_side: int
    max_pages: int
    max_beam: int
    seconds: float
    max_corrections: int
    max_correction_chars: int


class Config(Strict):
    """What a client has to know about this server."""

    version: str
    auth: bool = Field(description="A token is asked for")
    corrections: bool = Field(description="POST /correct keeps corrections")
    limits: Limits
    formats: list[str]
    charsets: list[str]
    patterns: list[str]
    options: list[str] = Field(description="Form fields of POST /ocr beside the picture")
    doubt: Unit = Field(description="Characters with less confidence are marked at first")
    picture_types: list[str]


class Status(Strict):
    """A health check's answer."""

    status: Literal["ok", "ready"]


def parse(model: type[M], fields: Mapping[str, str]) -> M:
    """Check a form's fields. Raises BadOption, whose words name the field."""
    try:
        return model.model_validate({name: value for name, value in fields.items() if value.strip()})
    except ValidationError as error:
        raise BadOption(_words(error, list(model.model_fields))) from error


_corrections = TypeAdapter(list[Correction])


def parse_corrections(value: str) -> list[Correction]:
    """The JSON of POST /correct. Raises BadOption."""
    try:
        return _corrections.validate_json(value)
    except ValidationError as error:
        raise BadOption(f"corrections: {_words(error, list(Correction.model_fields))}") from error


def _words(error: ValidationError, known: list[str]) -> str:
    """The first mistake, in words."""
    first = error.errors(include_url=False, include_input=False)[0]
    if first["type"] == "extra_forbidden":
        return f"there is no field {str(first['loc'][-1])[:100]!r}; there are {', '.join(known)}"
    # pydantic's place also names what it tried: beside the fields and the numbers these are no names of ours
    where = ".".join(str(part) for part in first["loc"] if isinstance(part, int) or part in known)
    return f"{where}: {first['msg'].removeprefix('Value error, ')}" if where else first["msg"]
