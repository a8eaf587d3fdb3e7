"""JSON: a page as one object on one line (schema shizi/page/1), so that several make JSON Lines."""

from __future__ import annotations

import json

from shizi.types import Page


def dump(page: Page) -> str:
    """The object that :meth:`shizi.types.Page.to_json` describes, and a line end; Chinese is not escaped."""
    return json.dumps(page.to_json(), ensure_ascii=False, allow_nan=False) + "\n"
