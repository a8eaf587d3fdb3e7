"""Plain text: the lines of a page, one a row."""

from __future__ import annotations

from shizi.types import Page


def dump(page: Page) -> str:
    """The lines, each with a line end; empty where the page has no text."""
    return f"{page.text}\n" if page.lines else ""
