"""Pages to text files: one file a format, each with ``dump(page) -> str``; they stand in :data:`WRITERS` by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from shizi.types import Page
from shizi.write import json, text

Writer = Callable[[Page], str]

WRITERS: dict[str, Writer] = {"text": text.dump, "json": json.dump}
"""Format -> what turns a page into it; the result ends with a line end, unless it is empty."""

_BETWEEN = {"text": "\n"}  # put between two pages; formats that are left out need nothing there


def stream(pages: Iterable[Page], form: str, *, apart: bool = True) -> Iterator[str]:
    """Pieces of one file that holds ``pages`` in the format ``form``, a page at a time.

    Text has an empty line between two pages, unless ``apart`` is False. JSON is one object for one page and JSON Lines
    for several, which is the same thing: an object a line.
    """
    for index, page in enumerate(pages):
        yield (_BETWEEN.get(form, "") if index and apart else "") + WRITERS[form](page)
