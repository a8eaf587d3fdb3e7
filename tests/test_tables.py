"""Tables as screenshots show them: what stands in their cells comes out, each by itself and whole."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from shizi import Reader
from shizi.learn.metrics import loose

PICTURES = Path(__file__).parent / "pictures"
PAGES = json.loads((PICTURES / "tables.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader()


@pytest.mark.parametrize("name", PAGES)
def test_each_cell_is_read_by_itself_and_whole(name: str, reader: Reader) -> None:
    """Hanzi in two parts, single ones, figures among them, rows as close as the characters."""
    page = reader.read(PICTURES / f"{name}.png")
    middles = [np.mean(line.quad.points, axis=0) for line in page.lines]
    wrong = {}
    for text, (x0, y0, x1, y1) in PAGES[name]:
        here = [line.text for line, (x, y) in zip(page.lines, middles, strict=True) if x0 <= x < x1 and y0 <= y < y1]
        if [loose(one) for one in here] != [loose(text)]:
            wrong[text] = here
    assert len(wrong) <= 1, wrong  # of 96
