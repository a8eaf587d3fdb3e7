"""Shizi (识字) reads Chinese and English text in pictures on an ordinary CPU.

::

    from shizi import Reader

    reader = Reader()
    print(reader.read("receipt.jpg").text)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shizi.errors import (
    BrokenPicture,
    DataError,
    EmptyInput,
    InputError,
    MissingExtra,
    MissingInput,
    ModelError,
    ModelMismatch,
    ModelMissing,
    NotAFile,
    NotAPicture,
    SettingsError,
    ShiziError,
    TooLarge,
    TooSmall,
)
from shizi.settings import Settings
from shizi.types import Alternative, Char, Document, Dropped, Line, Page, Quad

if TYPE_CHECKING:
    from shizi.reader import Reader

    __version__: str

__all__ = [
    "Alternative",
    "BrokenPicture",
    "Char",
    "DataError",
    "Document",
    "Dropped",
    "EmptyInput",
    "InputError",
    "Line",
    "MissingExtra",
    "MissingInput",
    "ModelError",
    "ModelMismatch",
    "ModelMissing",
    "NotAFile",
    "NotAPicture",
    "Page",
    "Quad",
    "Reader",
    "Settings",
    "SettingsError",
    "ShiziError",
    "TooLarge",
    "TooSmall",
    "__version__",
]


def __getattr__(name: str) -> Any:
    """Import what is slow to import (ONNX Runtime, OpenCV) when it is first asked for."""
    if name == "Reader":
        from shizi.reader import Reader

        return Reader
    if name == "__version__":
        from importlib.metadata import PackageNotFoundError, version

        try:
            return version("shizi")
        except PackageNotFoundError:  # run from a checkout that is not installed
            return "0+unknown"
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
