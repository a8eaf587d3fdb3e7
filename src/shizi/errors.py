"""Every error that Shizi raises on purpose.

::

    ShiziError
    ├── InputError            the picture cannot be read
    │   ├── MissingInput      no such file
    │   ├── NotAFile          a folder or a device
    │   ├── EmptyInput        no bytes
    │   ├── NotAPicture       bytes that no decoder knows
    │   ├── BrokenPicture     a picture whose bytes end early or contradict one another
    │   ├── TooLarge          over a bound on bytes or pixels, found before decoding
    │   └── TooSmall          too few pixels to hold a character
    ├── SettingsError         an unknown or impossible setting
    ├── ModelError            a weight file that cannot be used
    │   ├── ModelMissing      no such weight file
    │   └── ModelMismatch     its parts contradict one another, or it is none of ours
    ├── DataError             training or evaluation data that cannot be used
    └── MissingExtra          a library of an optional part is not installed

Each carries a ``code`` (stable, for programs), an ``exit_status`` (for the command), an ``http_status`` (for the
server) and ``advice``: what the person can do next.
"""

from __future__ import annotations

from typing import ClassVar


class ShiziError(Exception):
    """The root; catch this to catch all of them."""

    code: ClassVar[str] = "error"
    exit_status: ClassVar[int] = 1
    http_status: ClassVar[int] = 500
    advice: str = ""

    source: str = ""
    """Name of the input that it is about, where one is known."""

    def __init__(self, said: str = "", *, advice: str | None = None) -> None:
        """Give ``advice`` where that of the class does not fit."""
        super().__init__(said)
        if advice is not None:
            self.advice = advice

    @property
    def message(self) -> str:
        """What went wrong and the advice, without the name of the input."""
        said = super().__str__()
        return f"{said} ({self.advice})" if self.advice else said

    def __str__(self) -> str:
        return f"{self.source}: {self.message}" if self.source else self.message


class InputError(ShiziError):
    """The picture cannot be read."""

    code = "bad_input"
    http_status = 400


class MissingInput(InputError):
    """There is no such file."""

    code = "not_found"
    advice = "check the path"


class NotAFile(InputError):
    """The path is a folder or a device."""

    code = "not_a_file"
    advice = "name the pictures in it, for example with *.jpg"


class EmptyInput(InputError):
    """The input holds no bytes."""

    code = "empty"
    advice = "the file may not have been copied whole"


class NotAPicture(InputError):
    """No decoder knows these bytes."""

    code = "not_a_picture"
    http_status = 415
    advice = "JPEG, PNG, BMP, WebP, TIFF and GIF are read"


class BrokenPicture(InputError):
    """A picture whose bytes end early or contradict one another."""

    code = "broken_picture"
    advice = "fetch the file again; half a picture would give half the text without saying so"


class TooLarge(InputError):
    """Over a bound on bytes or pixels; raised before the pixels are decoded."""

    code = "too_large"
    http_status = 413
    advice = "make the picture smaller, or raise the bound in the settings"


class TooSmall(InputError):
    """Too few pixels to hold a character."""

    code = "too_small"
    http_status = 422
    advice = "a character needs about 8 pixels of height"


class SettingsError(ShiziError):
    """An unknown or impossible setting."""

    code = "bad_setting"
    exit_status = 2
    http_status = 422


class ModelError(ShiziError):
    """A weight file that cannot be used."""

    code = "bad_model"


class ModelMissing(ModelError):
    """There is no such weight file."""

    code = "model_missing"
    advice = "name an .onnx file made by shizi export, or leave the option away to use the shipped one"


class ModelMismatch(ModelError):
    """The parts of a weight file contradict one another, or it is none of ours."""

    code = "model_mismatch"
    advice = "export it again with this version of shizi"


class DataError(ShiziError):
    """Training or evaluation data that cannot be used."""

    code = "bad_data"


class MissingExtra(ShiziError):
    """A library of an optional part is not installed."""

    code = "missing_extra"
    exit_status = 2
