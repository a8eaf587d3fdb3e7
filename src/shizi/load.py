"""Opening a picture: whatever it comes as, out go RGB pixels the way a person sees them.

What a file is, is told by its first bytes and never by its name. The bounds of
:class:`~shizi.settings.LoadSettings` are checked on the header, before the memory for the pixels is spent. Pillow's own
bound (``Image.MAX_IMAGE_PIXELS``) is one for the whole process and warns through state that threads share, so pictures
are opened with Pillow's format classes themselves, which leave it alone. (Those of TIFF, GIF and WebP look at it for
what is larger than 89 million pixels, so for these formats a bound beyond that has to be raised there too.)
"""

from __future__ import annotations

import io
import os
import re
import stat
from collections.abc import Container, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from shizi.errors import (
    BrokenPicture,
    EmptyInput,
    InputError,
    MissingInput,
    NotAFile,
    NotAPicture,
    ShiziError,
    TooLarge,
    TooSmall,
)
from shizi.settings import LoadSettings

Source = str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO | NDArray[Any] | Image.Image
"""A path, a file's bytes, a binary file object, pixels (RGB order), or a Pillow picture."""

_FORMATS: tuple[tuple[re.Pattern[bytes], type[ImageFile]], ...] = tuple(
    (re.compile(start, re.DOTALL), kind)
    for start, kind in (
        (rb"\xff\xd8\xff", JpegImageFile),
        (rb"\x89PNG\r\n\x1a\n", PngImageFile),
        (rb"RIFF.{4}WEBP", WebPImageFile),
        (rb"GIF8[79]a", GifImageFile),
        (rb"II[*+]\0|MM\0[*+]", TiffImageFile),
        (rb"BM.{12}[\x0c\x10\x28\x34\x38\x40\x6c\x7c]\0\0\0", BmpImageFile),  # "BM" alone begins many a text
    )
)
_PAGED = (TiffImageFile, GifImageFile)
"""Formats whose frames are pages. The frames of an animated WebP or PNG are not: their first one is taken."""

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""EXIF orientation -> what makes the picture upright."""

_PHOTOMETRIC = 262  # TIFF tag; 0: the smallest value is white
_OPAQUE = 255
_DARK = 128
_DARK_INK = 0.02  # share of the visible pixels that is dark wherever dark text is among them
_BAND = 4_000_000  # pixels of a picture that are copied at a time


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """One page as a person sees it: EXIF orientation applied, transparency laid on a ground."""

    source: str
    """Where it came from: the path, or ``<bytes>``, ``<file>``, ``<array>``, ``<picture>``."""
    pixels: NDArray[np.uint8]
    """(H, W, 3) RGB; not to be written to."""


def picture(source: Source, settings: LoadSettings) -> Picture:
    """The first page of ``source``. Raises as :func:`pictures` does."""
    return next(pictures(source, settings))


def pictures(source: Source, settings: LoadSettings) -> Iterator[Picture]:
    """All pages of ``source``, each decoded when it is asked for; only TIFF and GIF have more than one.

    Pixels may be (H, W), (H, W, 1), (H, W, 3) in RGB order or (H, W, 4) in RGBA order, of type uint8, uint16 (scaled
    from the range in use) or bool (True is white). Of a Pillow picture the current frame is taken. A file object is
    read from where it stands. The source is opened, its first page's size checked and its pages counted before this
    returns.

    Raises:
        MissingInput, NotAFile, EmptyInput, NotAPicture, BrokenPicture, TooLarge, TooSmall, InputError: as
            :mod:`shizi.errors` says. Every page after the first is checked, and raises, when it is reached.
    """
    name = _name(source)
    with _about(name):
        if isinstance(source, np.ndarray):
            return iter((Picture(name, _from_array(source, settings)),))
        if isinstance(source, Image.Image):
            _check_size(source.size, settings)
            return iter((Picture(name, _decoded(source)),))
        opened = _opened(_bytes(source, settings.max_bytes), settings)
    return (_picture(opened, name) for _ in _frames(opened, name, settings))


def pages(data: bytes, which: Container[int], settings: LoadSettings) -> Iterator[Picture | None]:
    """As :func:`pictures` of a file's bytes, with None in the place of a page that is not among ``which``, from 0.

    Such a page is not decoded, unless it is one of a GIF: these build upon one another.
    """
    name = _name(data)
    with _about(name):
        opened = _opened(_bytes(data, settings.max_bytes), settings)
    return (_picture(opened, name) if index in which else None for index in _frames(opened, name, settings))


def _opened(data: bytes, settings: LoadSettings) -> ImageFile:
    """A picture whose header fits the bounds."""
    if not data:
        raise EmptyInput("it holds no bytes")
    opened = _open(data)
    _check_size(opened.size, settings)
    if isinstance(opened, _PAGED) and _has_page(data, settings.max_pages):
        raise _too_many(settings)
    return opened


def _frames(opened: ImageFile, name: str, settings: LoadSettings) -> Iterator[int]:
    """The number of each page, from 0, once ``opened`` stands at it."""
    for index in range(settings.max_pages + 1):
        with _about(name):
            if index > 0 and not _seek(opened, index):
                return
            if index == settings.max_pages:
                raise _too_many(settings)
            _check_size(opened.size, settings)
        yield index


def _picture(opened: ImageFile, name: str) -> Picture:
    with _about(name):
        return Picture(name, _decoded(opened))


def _too_many(settings: LoadSettings) -> TooLarge:
    advice = "read fewer pages at a time, or raise the bound in the settings"
    return TooLarge(f"it has more than {settings.max_pages} pages", advice=advice)


def _has_page(data: bytes, index: int) -> bool:
    """Whether there is a page of this number, without decoding those before it.

    What is wrong with a page is said when that is reached, and not here.
    """
    opened = _open(data)  # anew: one that broke off is of no more use
    try:
        if isinstance(opened, GifImageFile):
            with _decoding():
                return opened.n_frames > index
        return _seek(opened, index)
    except InputError:
        return False


def _seek(opened: ImageFile, index: int) -> bool:
    """Go to a page; False where there is none."""
    if not isinstance(opened, _PAGED):
        return False
    with _decoding():
        try:
            opened.seek(index)
        except EOFError:
            return False
    return True


def _name(source: Source) -> str:
    if isinstance(source, (str, os.PathLike)):
        return os.fspath(source)
    if isinstance(source, (bytes, bytearray, memoryview)):
        return "<bytes>"
    if isinstance(source, np.ndarray):
        return "<array>"
    if isinstance(source, Image.Image):
        given, otherwise = getattr(source, "filename", ""), "<picture>"
    else:
        given, otherwise = getattr(source, "name", ""), "<file>"
    return given if isinstance(given, str) and given else otherwise


@contextmanager
def _about(name: str) -> Iterator[None]:
    """Errors raised within name the input."""
    try:
        yield
    except ShiziError as error:
        error.source = name
        raise


@contextmanager
def _decoding() -> Iterator[None]:
    """Make one error of whatever Pillow raises on malformed bytes.

    Its decoders raise OSError, SyntaxError, ValueError, EOFError, struct.error, KeyError and more, without a promise.
    To the caller each means the same, and a server must not fall over one that nobody listed. The cause stays chained.
    """
    try:
        yield
    except (ShiziError, MemoryError):
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise TooLarge(f"it is over Pillow's own bound: {error}") from error
    except Exception as error:
        raise BrokenPicture(f"it cannot be decoded: {error or type(error).__name__}") from error


def _bytes(source: Any, most: int) -> bytes:
    if isinstance(source, (bytes, bytearray, memoryview)):
        _check_bytes(memoryview(source).nbytes, most)
        return bytes(source)
    if isinstance(source, (str, os.PathLike)):
        return _file_bytes(Path(source), most)
    if callable(getattr(source, "read", None)):
        return _read(source, most)
    raise InputError(
        f"a picture comes as a path, bytes, a binary file, an array or a Pillow picture, not as {type(source).__name__}"
    )


def _check_bytes(size: int, most: int) -> None:
    if size > most:
        raise TooLarge(f"it holds {size:,} bytes; the bound is {most:,}")


def _file_bytes(path: Path, most: int) -> bytes:
    try:
        facts = path.stat()
        if not stat.S_ISREG(facts.st_mode):
            if stat.S_ISDIR(facts.st_mode):
                raise NotAFile("it is a folder")
            raise NotAFile("it is not an ordinary file", advice="what comes through a pipe is read by: shizi read -")
        _check_bytes(facts.st_size, most)
        with path.open("rb") as file:
            return _read(file, most)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise MissingInput("there is no such file") from error
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise InputError(f"it cannot be opened: {getattr(error, 'strerror', None) or error}") from error


def _read(file: BinaryIO, most: int) -> bytes:
    """Everything up to the file's end; never more than one byte over the bound."""
    parts: list[bytes] = []
    left = most + 1
    try:
        while left > 0 and (part := file.read(left)):
            if not isinstance(part, bytes):
                raise InputError("the file is open as text; open it with mode 'rb'")
            parts.append(part)
            left -= len(part)
    except (OSError, ValueError) as error:  # ValueError: it is closed already
        raise InputError(f"it cannot be read: {error}") from error
    if left <= 0:
        raise TooLarge(f"it holds more than {most:,} bytes, which is the bound")
    return b"".join(parts)


def _open(data: bytes) -> ImageFile:
    """Read the header; no pixels yet."""
    for start, kind in _FORMATS:
        if start.match(data):
            with _decoding():
                return kind(io.BytesIO(data))
    raise NotAPicture("no decoder knows these bytes")


def _check_size(size: tuple[int, int], settings: LoadSettings) -> None:
    width, height = size
    if max(size) > settings.max_side:
        raise TooLarge(f"it is {width} x {height} pixels; the bound on a side is {settings.max_side:,}")
    if width * height > settings.max_pixels:
        raise TooLarge(f"it is {width} x {height} pixels; the bound is {settings.max_pixels:,} in all")
    if min(size) < settings.min_side:
        raise TooSmall(f"it is {width} x {height} pixels; each side has at least {settings.min_side}")


def _from_array(array: NDArray[Any], settings: LoadSettings) -> NDArray[np.uint8]:
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 3, 4)):
        raise InputError(f"an array has the shape (H, W), (H, W, 1), (H, W, 3) or (H, W, 4), not {array.shape}")
    if array.size == 0:
        raise EmptyInput(f"the array's shape is {array.shape}")
    _check_size((array.shape[1], array.shape[0]), settings)
    if array.dtype == np.bool_:
        array = array.astype(np.uint8) * np.uint8(255)
    elif array.dtype == np.uint16:
        array = _eight_bits(array)
    elif array.dtype != np.uint8:
        raise InputError(f"an array is uint8, uint16 or bool, not {array.dtype}; scale it to 0-255 and give uint8")
    if array.ndim == 3 and array.shape[2] == 4:
        return _rgb(Image.fromarray(np.ascontiguousarray(array)))
    if array.ndim == 2:
        array = array[:, :, np.newaxis]
    return np.ascontiguousarray(np.broadcast_to(array, (*array.shape[:2], 3)))


def _decoded(image: Image.Image) -> NDArray[np.uint8]:
    """The current frame: upright, RGB."""
    with _decoding():
        image.load()
        turn = _TURNS.get(_orientation(image))
        return _rgb(image if turn is None else image.transpose(turn))


def _orientation(image: Image.Image) -> int:
    """EXIF's orientation, 1 where there is none. Pillow turns TIFF while loading, and takes the tag away."""
    try:
        return int(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # broken EXIF is common and no reason to lose the picture; Pillow raises much, see _decoding
        return 1


def _rgb(image: Image.Image) -> NDArray[np.uint8]:
    if image.mode == "F" or image.mode.startswith("I"):
        grey = _eight_bits(np.asarray(image))
        # Pillow does this for the modes of 8 bits and less
        if image.mode.startswith("I;16") and getattr(image, "tag_v2", {}).get(_PHOTOMETRIC) == 0:
            grey = 255 - grey
        return np.repeat(grey[:, :, np.newaxis], 3, axis=2)
    if image.mode == "LAB":  # Pillow has no way from here to RGB; lightness is what text needs
        image = image.getchannel("L")
    if image.has_transparency_data:
        image = _on_ground(image.convert("LA") if image.mode == "La" else image)
    return _pixels(image if image.mode == "RGB" else image.convert("RGB"))


def _pixels(image: Image.Image) -> NDArray[np.uint8]:
    """(H, W, 3) of an RGB picture, band by band: Pillow's own way holds it twice more meanwhile."""
    width, height = image.size
    made = np.empty((height, width, 3), np.uint8)
    step = max(1, _BAND // width)
    for top in range(0, height, step):
        made[top : top + step] = np.asarray(image.crop((0, top, width, min(height, top + step))))
    return made


def _on_ground(image: Image.Image) -> Image.Image:
    """Lay a transparent picture on a ground that its ink stands out from: black where all ink is light, else white."""
    image = image.convert("RGBA")
    alpha = image.getchannel("A")
    opacity = np.asarray(alpha)
    most = int(opacity.max())
    if opacity.min() == _OPAQUE:  # as screenshots are
        return image
    visible = alpha.point([255 * (value > 0 and value >= most / 2) for value in range(256)])
    counts = image.convert("L").histogram(visible)
    light = sum(counts[:_DARK]) < _DARK_INK * sum(counts)
    ground = Image.new("RGBA", image.size, (0, 0, 0, 255) if light else (255, 255, 255, 255))
    return Image.alpha_composite(ground, image)


def _eight_bits(values: NDArray[Any]) -> NDArray[np.uint8]:
    """Values of any range -> 0 to 255.

    Whole numbers are shifted down from the smallest power of two that holds them, since 10- and 12-bit pictures come
    in 16-bit files. Fractions are taken as 0-1 or 0-255 where they lie within, and are stretched otherwise.
    """
    if np.issubdtype(values.dtype, np.integer):
        if values.min() < 0:
            values = values.astype(np.int64) - values.min()
        shift = max(0, int(values.max()).bit_length() - 8)
        shifted: NDArray[np.uint8] = (values >> shift).astype(np.uint8)
        return shifted
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    if low >= 0 and high <= 255:
        low, high = 0.0, 1.0 if high <= 1 else 255.0
    if low >= high:
        return np.full(values.shape, 255 if low > 0 else 0, np.uint8)
    filled = np.nan_to_num(values, nan=high, posinf=high, neginf=low)
    made: NDArray[np.uint8] = np.rint((filled - low) * (255.0 / (high - low))).astype(np.uint8)
    return made
