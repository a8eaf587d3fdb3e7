"""Keeping what people corrected, in the layout that ``shizi train`` reads.

::

    DIR/labels.tsv     file TAB what is right     (rows of shizi.learn.data.LabelFile)
    DIR/readings.tsv   file TAB what was read     (same files, same order)
    DIR/strips/….png   the line cut out of its picture, grey, at the picture's own resolution

Workers share the folder under a lock. A strip's name is its content, so the same line sent twice is kept once a text.
Only the strips are kept, never whole pictures.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from unicodedata import category

import cv2

from shizi import clean, crop, load
from shizi.errors import SettingsError
from shizi.serve.failures import BadOption, CorrectionsFull
from shizi.serve.settings import ServeSettings
from shizi.serve.shapes import Correction
from shizi.settings import CleanSettings, LoadSettings
from shizi.types import Quad

_BENT = CleanSettings(deskew=False)
_UNFIT = {"Cc", "Cs", "Zl", "Zp"}  # of Unicode: control characters, halves of pairs, ends of lines and paragraphs
LABELS, READINGS, STRIPS, LOCK = "labels.tsv", "readings.tsv", "strips", ".lock"

Row = tuple[str, bytes, str, str]
"""File name, PNG, what is right, what was read."""


class Corrections:
    """A folder of corrected lines."""

    def __init__(self, folder: Path, settings: ServeSettings) -> None:
        """Make the folder, for its owner alone.

        Raises:
            SettingsError: it cannot be made or written to.
        """
        self._folder = folder
        self._settings = settings
        try:
            (folder / STRIPS).mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._locked():
                pass
        except OSError as error:
            raise SettingsError(f"corrections cannot be kept in {folder}: {error.strerror}") from error

    def keep(self, picture: bytes, corrections: Sequence[Correction], bounds: LoadSettings) -> Iterator[int]:
        """Cut the lines out of ``picture``, page by page, and write them down once all are there.

        Takes a thread's time. Yields how many lines each page has, 0 where it is passed over.

        Raises:
            InputError: the picture cannot be read; :func:`shizi.load.pictures` lists the errors.
            BadOption: a page, place or text that cannot be.
            CorrectionsFull: the folder would grow over its bounds; then nothing is kept.
        """
        most = self._settings.corrections_per_request
        if not 1 <= len(corrections) <= most:
            raise BadOption(f"corrections: between 1 and {most} lines a request, not {len(corrections)}")
        rows: list[Row] = []
        for page in _strips(picture, corrections, bounds, self._settings.correction_chars):
            rows += page
            yield len(page)
        with self._locked():
            self._check_room(rows)
            for name, png, _, _ in rows:
                path = self._folder / STRIPS / name
                if not path.exists():
                    _write(path, png)
            self._append(LABELS, [(name, text) for name, _, text, _ in rows])
            self._append(READINGS, [(name, read) for name, _, _, read in rows])

    def _check_room(self, rows: Sequence[Row]) -> None:
        with os.scandir(self._folder / STRIPS) as entries:
            sizes = {entry.name: entry.stat().st_size for entry in entries}
        sizes.update((name, len(png)) for name, png, _, _ in rows)
        labels = self._folder / LABELS
        kept = labels.read_bytes().count(b"\n") if labels.exists() else 0
        if kept + len(rows) > self._settings.max_corrections:
            raise CorrectionsFull(f"{kept} corrected lines are kept; the bound is {self._settings.max_corrections}")
        if sum(sizes.values()) > self._settings.max_correction_bytes:
            raise CorrectionsFull(f"the bound on kept corrections is {self._settings.max_correction_bytes:,} bytes")

    def _append(self, name: str, rows: Sequence[tuple[str, str]]) -> None:
        data = "".join(f"{STRIPS}/{file}\t{text}\n" for file, text in rows).encode()
        path = self._folder / name
        held = path.read_bytes() if path.exists() else b""
        if held and not held.endswith(b"\n"):  # as some editors leave it
            data = b"\n" + data
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "ab") as file:
            file.write(data)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with os.fdopen(os.open(self._folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600), "r+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield  # closing lets go of it


def _strips(
    picture: bytes, corrections: Sequence[Correction], bounds: LoadSettings, most: int
) -> Iterator[list[Row]]:
    """The rows of each page up to the last corrected one, in the order of the pages; those of a page as they came."""
    left = list(corrections)
    for number, page in enumerate(load.pages(picture, {one.page for one in corrections}, bounds)):
        if page is None:
            yield []
        else:
            seen = clean.upright(clean.grey(page.pixels), _BENT)
            yield [_row(page.pixels.shape, seen, one, most) for one in left if one.page == number]
        left = [one for one in left if one.page != number]
        if not left:
            return
    raise BadOption(f"corrections: there is no page {left[0].page}")


def _row(size: tuple[int, ...], seen: clean.Upright, one: Correction, most: int) -> Row:
    """A line of a page of that size, which is ``seen`` as it is, or flat where its rows bend."""
    quad = _quad(one, size[1], size[0])
    done, data = cv2.imencode(".png", crop.crop(seen.page, quad if seen.curl is None else seen.curl.within(quad)))
    if not done:
        raise BadOption("corrections: a line cannot be cut out")
    png = data.tobytes()
    return f"{hashlib.sha256(png).hexdigest()[:32]}.png", png, _text(one.text, most), _flat(one.read)


def _quad(one: Correction, width: int, height: int) -> Quad:
    try:
        quad = Quad.of(one.quad)
    except ValueError as error:
        raise BadOption(f"corrections: {error}") from error
    left, top, right, bottom = quad.bounds
    if left < 0 or top < 0 or right > width or bottom > height or quad.width < 1 or quad.height < 1:
        raise BadOption(f"corrections: a quad that is no part of the page of {width} x {height} pixels")
    return quad


def _text(text: str, most: int) -> str:
    """A corrected text as a row can hold it."""
    if len(text) > most:
        raise BadOption(f"corrections: a line has at most {most} characters")
    if not text.strip() or any(category(char) in _UNFIT for char in text):
        raise BadOption("corrections: a text has no line breaks or control characters, and is not empty")
    return text


def _flat(text: str) -> str:
    return "".join(" " if category(char) in _UNFIT else char for char in text)


def _write(path: Path, data: bytes) -> None:
    """All of a file or nothing: a worker may be killed at any moment."""
    part = path.with_suffix(".part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(data)
    part.replace(path)
