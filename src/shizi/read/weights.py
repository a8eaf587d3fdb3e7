"""Where the shipped weight files lie. Nothing is ever fetched."""

from __future__ import annotations

import os
from pathlib import Path

from shizi.errors import ModelMissing

FOLDER = Path(__file__).resolve().parent.parent / "weights"
"""The package's own folder of weight files."""

DEFAULT = "zh-en.onnx"
"""Name of the weight file that is used where none is given."""
NGRAM = "zh-en.ngram"
"""Name of the n-gram that beam search weighs readings with where none is given."""
HANZI = "hanzi.onnx"
"""Name of the weight file for single hanzi."""
WORDS = "en.words"
"""Name of the list of common English words that count beside it."""


def find(path: str | os.PathLike[str] | None = None) -> Path:
    """The weight file to open: ``path`` if one is given, otherwise the shipped one.

    Raises:
        ModelMissing: it is not there. A given path is final: nothing else is tried in its place.
    """
    found = FOLDER / DEFAULT if path is None else Path(path)
    if not found.is_file():
        what = "the shipped weight file" if path is None else "the weight file"
        raise ModelMissing(f"{what} {found} does not exist" if not found.exists() else f"{found} is not a file")
    return found
