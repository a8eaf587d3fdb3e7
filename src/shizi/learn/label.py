"""``shizi label``: lines of unlabelled pictures that are read surely, as a data set to train on.

Self-training (Lee 2013, Pseudo-Label, §2): what a network reads surely teaches the next one. Kept are only lines all of
whose characters are sure: a wrong label costs more than a line less. The rows are those of
:class:`shizi.learn.data.LabelFile`, so a person can correct them first.
"""

from __future__ import annotations

import hashlib
from argparse import Namespace
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import cv2

from shizi import clean, load
from shizi.clean import Grey
from shizi.crop import crop
from shizi.errors import DataError, InputError
from shizi.learn.truth import LABELS, rows
from shizi.settings import LoadSettings
from shizi.types import Line, Page

STRIPS = "strips"
"""Folder of the pictures, beside the label file."""
LEAST = 0.9
"""Confidence that each character of a line has at least."""
VERTICAL = 1.5
"""Height of a line, in its widths, from which it is vertical and left out: lines are trained on as they lie."""

Pages = Callable[[str], Iterable[Page]]
"""Reads all pages of the picture at a path."""


@dataclass
class Count:
    """What came of some pictures."""

    pictures: int = 0
    """Pictures that were read to their end."""
    lines: int = 0
    """Lines that were read."""
    kept: int = 0
    known: int = 0
    """Lines that were kept before."""

    def __str__(self) -> str:
        again = f"; {self.known} were there already" if self.known else ""
        return f"{self.kept} of {self.lines} lines kept, from {self.pictures} pictures{again}"


def run(args: Namespace) -> int:
    """Label ``args.paths`` into ``args.output`` and say how many lines were kept."""
    print(label(args.paths, args.pages, args.output, least=args.least, broken=args.broken))
    return 0


def label(
    paths: Iterable[str],
    pages: Pages,
    folder: Path,
    *,
    least: float = LEAST,
    broken: Callable[[InputError], None] | None = None,
) -> Count:
    """Add the sure lines of ``paths`` to the data set in ``folder``: ``labels.tsv`` and pictures below ``strips/``.

    A picture's name is its content, so a line that is there already, corrected or not, is left as it is. What cannot
    be read is told to ``broken``, and the others follow.

    Raises:
        InputError: a picture cannot be read and there is no ``broken``; the lines before it are kept.
        DataError: ``least`` is not between 0 and 1, or the folder cannot be written.
    """
    if not 0 < least <= 1:
        raise DataError(f"the least confidence lies between 0 and 1, not at {least}")
    labels, count = folder / LABELS, Count()
    try:
        (folder / STRIPS).mkdir(parents=True, exist_ok=True)
        known = {row.partition("\t")[0] for _, row in rows(labels)} if labels.exists() else set()
        held = labels.read_bytes() if labels.exists() else b""
        with labels.open("a", encoding="utf-8", newline="\n") as file:
            if held and not held.endswith(b"\n"):  # as some editors leave it
                file.write("\n")
            for path in paths:
                try:
                    for grey, line in _lines(path, pages):
                        count.lines += 1
                        if is_sure(line, least):
                            _keep(grey, line, folder, file, known, count)
                    count.pictures += 1
                except InputError as error:
                    if broken is None:
                        raise
                    broken(error)
    except OSError as error:
        raise DataError(f"{folder} cannot be written: {error.strerror}") from error
    return count


def is_sure(line: Line, least: float) -> bool:
    """Is it a level line whose characters are all read with ``least``?"""
    level = line.quad.height < VERTICAL * line.quad.width or len(line.chars) == 1
    return bool(line.chars) and level and min(char.confidence for char in line.chars) >= least


def _lines(path: str, pages: Pages) -> Iterator[tuple[Grey, Line]]:
    """The lines that are read of a picture, each with the page that it stands on."""
    for picture, page in zip(load.pictures(path, LoadSettings()), pages(path), strict=True):
        grey = clean.grey(picture.pixels)
        yield from ((grey, line) for line in page.lines)


def _keep(page: Grey, line: Line, folder: Path, file: TextIO, known: set[str], count: Count) -> None:
    """Write a line down, unless it is there."""
    png = cv2.imencode(".png", crop(page, line.quad))[1].tobytes()
    name = f"{STRIPS}/{hashlib.sha256(png).hexdigest()[:32]}.png"
    if name in known:
        count.known += 1
        return
    known.add(name)
    (folder / name).write_bytes(png)
    file.write(f"{name}\t{line.text}\n")
    count.kept += 1
