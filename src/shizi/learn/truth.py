"""Reading evaluation data: pictures and what stands in them.

``DATA`` is one slice or a folder of slices (each subfolder that holds data is one). A slice is either

- **lines**: a ``labels.tsv`` with one ``file TAB text`` a row, the files beside it; or
- **pages**: pictures, each with a JSON of the same stem beside it,
  ``{"lines": [{"text": …, "polygon": [[x, y], …], "ignore": true?}]}``; the polygon runs clockwise from the text's own
  top left, in pixels. A line marked ``ignore`` is there but is not judged.

UTF-8. In a folder with both, ``labels.tsv`` counts. A picture without truth is not judged.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shizi.errors import DataError
from shizi.types import Point

LABELS = "labels.tsv"
PICTURES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".gif"})
"""Endings of files that are taken for pictures, lower case."""


@dataclass(frozen=True, slots=True)
class TrueLine:
    """One line of a page: its text and the (n, 2) corners around it, n of three or more."""

    text: str
    polygon: tuple[Point, ...]
    ignore: bool = False


@dataclass(frozen=True, slots=True)
class Strip:
    """A picture of one line."""

    picture: Path
    text: str


@dataclass(frozen=True, slots=True)
class TruePage:
    """A picture of a page."""

    picture: Path
    lines: tuple[TrueLine, ...]


@dataclass(frozen=True, slots=True)
class Slice:
    """Pictures of one kind; either ``strips`` or ``pages`` is empty."""

    name: str
    strips: tuple[Strip, ...] = ()
    pages: tuple[TruePage, ...] = ()


def slices(data: Path) -> list[Slice]:
    """The slices of ``data``: a ``labels.tsv``, a slice's folder, or a folder of such folders; by name.

    Raises:
        DataError: there is nothing to measure, or a truth file is malformed; the message names file and row.
    """
    if data.is_file() and data.suffix == ".tsv":
        return [Slice(data.resolve().parent.name, strips=read_labels(data))]
    if not data.is_dir():
        raise DataError(f"{data} is neither a folder nor a {LABELS}")
    own = _slice(data)
    if own is not None:
        return [own]
    below = (_slice(folder) for folder in sorted(data.iterdir()) if folder.is_dir() and folder.name[0] != ".")
    found = [one for one in below if one is not None]
    if not found:
        raise DataError(f"{data} and its subfolders hold neither a {LABELS} nor pictures with a JSON beside them")
    return found


def _slice(folder: Path) -> Slice | None:
    name = folder.resolve().name
    if (folder / LABELS).is_file():
        return Slice(name, strips=read_labels(folder / LABELS))
    pictures = {path.stem: path for path in sorted(folder.iterdir()) if path.suffix.lower() in PICTURES}
    truths = sorted(path for path in folder.glob("*.json") if path.is_file())
    if not pictures or not truths:
        return None
    lonely = [path for path in truths if path.stem not in pictures]
    if lonely:
        raise DataError(f"there is no picture beside {lonely[0]}")
    return Slice(name, pages=tuple(TruePage(pictures[path.stem], read_truth(path)) for path in truths))


def rows(path: Path) -> Iterator[tuple[int, str]]:
    """The rows of a UTF-8 text file that are not empty, with their numbers from 1.

    Only line feeds end a row: ``str.splitlines`` would also cut at the odd separators that a text may hold.

    Raises:
        DataError: the file cannot be read, or is not UTF-8.
    """
    for number, row in enumerate(_utf8(path).split("\n"), start=1):
        row = row.removesuffix("\r")
        if row:
            yield number, row


def _utf8(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8: byte {error.start} is {error.object[error.start]:#04x}") from error


def read_labels(path: Path) -> tuple[Strip, ...]:
    """The rows ``file TAB text`` of a label file; files are relative to its folder, the text may be empty.

    Raises:
        DataError: the file holds no row, or a row has no tab or no file name.
    """
    strips = []
    for number, row in rows(path):
        name, tab, text = row.partition("\t")
        if not tab or not name.strip():
            raise DataError(f"{path}, row {number}: a row is a file name, a tab and a text, not {row[:60]!r}")
        strips.append(Strip(path.parent / name.strip(), text))
    if not strips:
        raise DataError(f"{path} has no rows")
    return tuple(strips)


def read_truth(path: Path) -> tuple[TrueLine, ...]:
    """The lines of a page's truth JSON, in its order.

    Raises:
        DataError: it is not such a JSON; the message names the row, or the entry counted from 0.
    """
    try:
        value = json.loads(_utf8(path))
    except json.JSONDecodeError as error:
        raise DataError(f"{path}, row {error.lineno}: not JSON: {error.msg}") from error
    except RecursionError as error:
        raise DataError(f"{path}: JSON nested too deeply") from error
    lines = value.get("lines") if isinstance(value, dict) else None
    if not isinstance(lines, list):
        raise DataError(f'{path}: the truth of a page is an object with a list "lines"')
    return tuple(_line(path, index, line) for index, line in enumerate(lines))


def _line(path: Path, index: int, value: Any) -> TrueLine:
    def need(ok: bool, what: str) -> None:
        if not ok:
            raise DataError(f"{path}, lines[{index}]: {what}")

    need(isinstance(value, dict), "a line is an object")
    text, polygon, ignore = value.get("text"), value.get("polygon"), value.get("ignore", False)
    need(isinstance(text, str), f'"text" is a string, not {text!r}')
    need(isinstance(ignore, bool), f'"ignore" is true or false, not {ignore!r}')
    need(isinstance(polygon, list) and len(polygon) >= 3, '"polygon" is a list of three points or more')
    points = []
    for point in polygon:
        need(isinstance(point, list) and len(point) == 2 and all(map(_number, point)), f"{point!r} is not a point")
        points.append((float(point[0]), float(point[1])))
    return TrueLine(text, tuple(points), ignore)


def _number(value: Any) -> bool:
    # The bound also keeps out NaN, infinities and integers too long for a float, all of which JSON may hold.
    return isinstance(value, (int, float)) and not isinstance(value, bool) and -1e9 < value < 1e9
