from __future__ import annotations

import io
import os
import stat
import struct
import subprocess
import sys
import threading
import time
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from conftest import encoded
from shizi import load
from shizi.errors import (
    BrokenPicture,
    EmptyInput,
    InputError,
    MissingInput,
    NotAFile,
    NotAPicture,
    TooLarge,
    TooSmall,
)
from shizi.load import picture, pictures
from shizi.settings import LoadSettings

DEFAULT = LoadSettings()
RED, GREEN, BLUE, GREY = (220, 20, 20), (20, 200, 20), (20, 20, 220), (90, 90, 90)


def corners(width: int = 48, height: int = 32) -> Image.Image:
    """Red top left, green top right, blue bottom left, grey bottom right: no two orientations look alike."""
    image = Image.new("RGB", (width, height))
    for colour, x, y in ((RED, 0, 0), (GREEN, width // 2, 0), (BLUE, 0, height // 2), (GREY, width // 2, height // 2)):
        image.paste(colour, (x, y, x + width // 2, y + height // 2))
    return image


def assert_corners(pixels: np.ndarray[Any, Any], size: tuple[int, int] = (48, 32), tolerance: int = 12) -> None:
    assert pixels.dtype == np.uint8
    assert pixels.shape == (size[1], size[0], 3)
    height, width = size[1] // 4, size[0] // 4
    seen = [pixels[y, x] for y in (height, 3 * height) for x in (width, 3 * width)]
    assert np.abs(np.array(seen, int) - np.array((RED, GREEN, BLUE, GREY))).max() <= tolerance


# What a source may be.


@pytest.fixture
def source_of(tmp_path: Path) -> Callable[[str, bytes], Any]:
    def make(kind: str, data: bytes) -> Any:
        path = tmp_path / "收据 第一张.png"
        path.write_bytes(data)
        return {
            "str": str(path),
            "path": path,
            "bytes": data,
            "bytearray": bytearray(data),
            "memoryview": memoryview(data),
            "file": io.BytesIO(data),
            "pillow": Image.open(io.BytesIO(data)),
        }[kind]

    return make


KINDS = ("str", "path", "bytes", "bytearray", "memoryview", "file", "pillow")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("orientation", range(1, 9))
def test_each_exif_orientation_is_undone_for_each_source(
    source_of: Callable[[str, bytes], Any], kind: str, orientation: int
) -> None:
    undone_by = [None, 0, 3, 1, 5, 2, 6, 4][orientation - 1]  # Pillow's transposes that turn the picture the wrong way
    stored = corners() if undone_by is None else corners().transpose(Image.Transpose(undone_by))
    exif = Image.Exif()
    exif[0x0112] = orientation
    assert_corners(picture(source_of(kind, encoded(stored, "JPEG", quality=95, exif=exif)), DEFAULT).pixels)


@pytest.mark.parametrize(
    ("form", "options"),
    [("PNG", {}), ("WEBP", {"lossless": True}), ("TIFF", {}), ("TIFF", {"compression": "tiff_lzw"})],
)
def test_orientation_is_undone_once_in_other_formats(form: str, options: dict[str, Any]) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = corners().transpose(Image.Transpose.ROTATE_90)
    assert_corners(picture(encoded(stored, form, exif=exif, **options), DEFAULT).pixels)


def test_broken_exif_does_not_cost_the_picture() -> None:
    data = encoded(corners(), "PNG", exif=b"Exif\0\0II*\0\xff\xff\xff\x7f")
    assert_corners(picture(data, DEFAULT).pixels)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "BMP", "WEBP", "TIFF", "GIF"])
def test_content_decides_and_not_the_suffix(tmp_path: Path, form: str) -> None:
    path = tmp_path / "picture.txt"
    path.write_bytes(encoded(corners(), form))
    assert_corners(picture(path, DEFAULT).pixels, tolerance=25)


def test_a_phones_double_picture_gives_its_first() -> None:
    data = encoded(corners(), "MPO", save_all=True, append_images=[Image.new("RGB", (48, 32))], quality=95)
    pages = list(pictures(data, DEFAULT))
    assert len(pages) == 1
    assert_corners(pages[0].pixels)


def test_a_file_is_read_from_where_it_stands_and_left_open() -> None:
    file = io.BytesIO(b"header" + encoded(corners(), "PNG"))
    file.seek(6)
    assert_corners(picture(file, DEFAULT).pixels)
    assert not file.closed


def test_a_file_that_gives_little_at_a_time() -> None:
    class Trickle(io.RawIOBase):
        def __init__(self, data: bytes) -> None:
            self.data = io.BytesIO(data)

        def read(self, size: int = -1) -> bytes:
            return self.data.read(min(size, 100))

    file: Any = Trickle(encoded(corners(), "PNG"))
    assert_corners(picture(file, DEFAULT).pixels)


def test_sources_have_names(tmp_path: Path) -> None:
    path = tmp_path / "票据.png"
    corners().save(path)
    with path.open("rb") as file:
        assert picture(file, DEFAULT).source == str(path)
    assert picture(path, DEFAULT).source == picture(str(path), DEFAULT).source == str(path)
    assert picture(path.read_bytes(), DEFAULT).source == "<bytes>"
    assert picture(io.BytesIO(path.read_bytes()), DEFAULT).source == "<file>"
    assert picture(np.zeros((9, 9), np.uint8), DEFAULT).source == "<array>"
    assert picture(corners(), DEFAULT).source == "<picture>"


# Arrays.


@given(st.integers(4, 40), st.integers(4, 40), st.sampled_from(["", "1", "3", "4"]), st.sampled_from("BH?"))
def test_arrays_of_each_shape_and_type_become_rgb(height: int, width: int, channels: str, kind: str) -> None:
    shape = (height, width, int(channels)) if channels else (height, width)
    values = np.random.default_rng(height * width).integers(0, 2 if kind == "?" else 256, shape).astype(kind)
    if kind == "H":
        values[0, 0] = 256  # nine bits in use
    pixels = picture(values, DEFAULT).pixels
    assert pixels.shape == (height, width, 3)
    assert pixels.dtype == np.uint8
    if channels != "4":
        expected = values // 2 if kind == "H" else values * np.uint8(255) if kind == "?" else values
        assert np.array_equal(pixels[..., 0], expected.reshape(height, width, -1)[..., 0])


def test_arrays_are_rgb_and_the_callers_pixels_stay_as_they_are() -> None:
    given_pixels = np.asarray(corners()).copy()
    assert_corners(picture(given_pixels, DEFAULT).pixels, tolerance=0)
    assert_corners(picture(np.asfortranarray(given_pixels)[:, ::1], DEFAULT).pixels, tolerance=0)
    assert np.array_equal(given_pixels, np.asarray(corners()))


@pytest.mark.parametrize(
    "array",
    [
        np.zeros(9, np.uint8),
        np.zeros((9, 9, 2), np.uint8),
        np.zeros((9, 9, 3, 1), np.uint8),
        np.zeros((9, 9), np.float32),
        np.zeros((9, 9), np.int32),
    ],
)
def test_other_arrays_are_refused_with_words(array: Any) -> None:
    with pytest.raises(InputError, match="array"):
        picture(array, DEFAULT)


def test_an_array_without_pixels_is_empty() -> None:
    with pytest.raises(EmptyInput):
        picture(np.zeros((0, 9), np.uint8), DEFAULT)


# Transparency.


def ink(colour: tuple[int, int, int], ground_alpha: int = 0) -> Image.Image:
    """A bar of ``colour`` on a ground that is transparent, its hidden colour that of the ink."""
    image = Image.new("RGBA", (40, 20), (*colour, ground_alpha))
    image.paste((*colour, 255), (5, 8, 35, 12))
    return image


def contrast(pixels: np.ndarray[Any, Any]) -> int:
    grey = pixels.astype(int).mean(axis=2)
    return int(abs(grey[10, 20] - grey[2, 2]))


@pytest.mark.parametrize("colour", [(0, 0, 0), (255, 255, 255), (255, 230, 0), (200, 0, 0), (120, 120, 120)])
@pytest.mark.parametrize("how", ["RGBA", "LA", "PA", "P", "PNG", "WEBP", "GIF", "array"])
def test_ink_stands_out_from_the_ground_it_is_laid_on(colour: tuple[int, int, int], how: str) -> None:
    image = ink(colour)
    source: Any
    if how in ("PNG", "WEBP"):
        source = encoded(image, how, lossless=True)
    elif how == "GIF":
        source = encoded(image, "GIF")
    elif how == "array":
        source = np.asarray(image)
    elif how == "P":
        source = image.quantize(8)
    elif how == "PA":
        source = image.convert("RGB").quantize(8)
        source.putalpha(image.getchannel("A"))
        assert source.mode == "PA"
    else:
        source = image.convert(how)
    assert contrast(picture(source, DEFAULT).pixels) > 90


def test_a_transparent_colour_of_a_png_without_alpha() -> None:
    image = Image.new("RGB", (40, 20), (1, 2, 3))
    image.paste((10, 10, 10), (5, 8, 35, 12))
    pixels = picture(encoded(image, "PNG", transparency=(1, 2, 3)), DEFAULT).pixels
    assert tuple(pixels[2, 2]) == (255, 255, 255)
    assert tuple(pixels[10, 20]) == (10, 10, 10)


def test_black_text_on_an_opaque_panel_keeps_a_white_ground() -> None:
    image = Image.new("RGBA", (100, 40), (0, 0, 0, 0))
    image.paste((255, 255, 255, 255), (10, 5, 90, 35))
    image.paste((0, 0, 0, 255), (20, 15, 60, 20))
    pixels = picture(image, DEFAULT).pixels
    assert tuple(pixels[0, 0]) == (255, 255, 255)


def test_nothing_visible_is_white() -> None:
    assert picture(Image.new("RGBA", (9, 9), (0, 0, 0, 0)), DEFAULT).pixels.min() == 255


def test_faint_ink_is_judged_by_what_is_most_visible() -> None:
    image = Image.new("RGBA", (40, 20), (0, 0, 0, 0))
    image.paste((255, 255, 255, 100), (5, 8, 35, 12))
    assert contrast(picture(image, DEFAULT).pixels) > 90


# Depths and colour spaces.


def ramp(most: int, kind: str) -> np.ndarray[Any, Any]:
    return np.linspace(0, most, 64).astype(kind)[np.newaxis].repeat(16, axis=0)


@pytest.mark.parametrize("most", [1023, 4095, 65535])
@pytest.mark.parametrize("form", ["PNG", "TIFF"])
def test_sixteen_bits_are_scaled_from_the_range_in_use(most: int, form: str) -> None:
    row = picture(encoded(Image.fromarray(ramp(most, "u2")), form), DEFAULT).pixels[3, :, 1].astype(int)
    assert row[0] == 0
    assert row[-1] == 255
    assert (np.diff(row) >= 0).all()
    assert len(set(row)) == 64


def test_sixteen_bits_of_either_byte_order_as_pillow_holds_them() -> None:
    for mode, kind in (("I;16", "<u2"), ("I;16B", ">u2"), ("I", "<i4")):
        image = Image.frombytes(mode, (64, 16), ramp(65535, kind).tobytes())
        row = picture(image, DEFAULT).pixels[3, :, 0]
        assert (row[0], row[-1]) == (0, 255)


def test_sixteen_bit_tiff_whose_zero_is_white() -> None:
    data = encoded(Image.fromarray(ramp(65535, "u2")), "TIFF", tiffinfo={262: 0})
    row = picture(data, DEFAULT).pixels[3, :, 0]
    assert (row[0], row[-1]) == (255, 0)


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (0.0, 255.0), (-3.0, 9.0)])
def test_float_tiff(low: float, high: float) -> None:
    values = np.linspace(low, high, 64, dtype="f4")[np.newaxis].repeat(16, axis=0)
    row = picture(encoded(Image.fromarray(values), "TIFF"), DEFAULT).pixels[3, :, 0]
    assert (row[0], row[-1]) == (0, 255)


@pytest.mark.parametrize(("value", "grey"), [(65535.0, 255), (300.0, 255), (-5.0, 0), (200.0, 200), (0.0, 0)])
def test_float_of_one_value_is_a_blank_picture(value: float, grey: int) -> None:
    assert set(picture(Image.fromarray(np.full((16, 64), value, "f4")), DEFAULT).pixels.flat) == {grey}


def test_float_without_a_finite_value_is_no_crash() -> None:
    image = Image.fromarray(np.full((16, 64), np.nan, "f4"))
    assert picture(image, DEFAULT).pixels.shape == (16, 64, 3)


def test_sixteen_bit_colour_png() -> None:
    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    row = b"\0" + struct.pack(">3H", 0xDC00, 0x1400, 0x8000) * 8
    header = struct.pack(">2I5B", 8, 8, 16, 2, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(row * 8)) + chunk(b"IEND", b"")
    assert tuple(picture(data, DEFAULT).pixels[4, 4]) == (0xDC, 0x14, 0x80)


@pytest.mark.parametrize("mode", ["1", "L", "P", "CMYK", "YCbCr", "HSV", "LAB", "RGBX", "RGBa", "La"])
def test_each_colour_mode_keeps_dark_dark_and_light_light(mode: str) -> None:
    image = Image.new("RGB", (40, 20), "white")
    image.paste((0, 0, 0), (5, 8, 35, 12))
    if mode == "LAB":
        lightness = image.convert("L")
        neutral = Image.new("L", image.size, 128)
        image = Image.merge("LAB", (lightness, neutral, neutral))
    elif mode in ("RGBa", "La"):
        image = image.convert(mode.upper()).convert(mode)
    else:
        image = image.convert(mode)
    pixels = picture(image, DEFAULT).pixels
    assert pixels[10, 20].max() < 20
    assert pixels[2, 2].min() > 235


@pytest.mark.parametrize(("mode", "form"), [("CMYK", "JPEG"), ("CMYK", "TIFF"), ("YCbCr", "JPEG")])
def test_files_of_other_colour_spaces(mode: str, form: str) -> None:
    assert_corners(picture(encoded(corners().convert(mode), form), DEFAULT).pixels, tolerance=40)


def test_adobe_writes_cmyk_jpeg_inverted() -> None:
    # Pillow writes CMYK the way Adobe does, with its marker; without the marker nothing is inverted
    data = encoded(Image.new("CMYK", (16, 16), (0, 0, 0, 255)), "JPEG", quality=95)
    assert b"Adobe" in data
    assert picture(data, DEFAULT).pixels.max() < 20


# Pages.


@pytest.mark.parametrize("form", ["TIFF", "GIF"])
def test_pages_come_in_order(form: str) -> None:
    pages = [Image.new("RGB", (20, 10), (shade, shade, shade)) for shade in (0, 100, 200)]
    data = encoded(pages[0], form, save_all=True, append_images=pages[1:])
    assert [int(page.pixels.mean().round()) for page in pictures(data, DEFAULT)] == [0, 100, 200]
    assert picture(data, DEFAULT).pixels.max() == 0


def test_each_page_has_its_own_size_and_is_made_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    first, second = (corners(*size).transpose(Image.Transpose.ROTATE_90) for size in ((48, 32), (64, 40)))
    data = encoded(first, "TIFF", save_all=True, append_images=[second], exif=exif)
    for page, size in zip(pictures(data, DEFAULT), ((48, 32), (64, 40)), strict=True):
        assert_corners(page.pixels, size)


def test_a_page_is_decoded_when_it_is_asked_for() -> None:
    pages = [Image.new("L", (64, 64), shade) for shade in (0, 100)]
    data = encoded(pages[0], "TIFF", save_all=True, append_images=pages[1:])
    cut = pictures(data[:-2048], DEFAULT)  # the second page's pixels end early
    assert next(cut).pixels.max() == 0
    with pytest.raises(BrokenPicture):
        next(cut)


def test_each_page_has_its_size_checked() -> None:
    data = encoded(Image.new("L", (20, 10)), "TIFF", save_all=True, append_images=[Image.new("L", (2000, 10))])
    pages = pictures(data, LoadSettings(max_side=1000))
    next(pages)
    with pytest.raises(TooLarge):
        next(pages)


@pytest.mark.parametrize("form", ["TIFF", "GIF"])
def test_more_pages_than_the_bound_is_an_error_before_any_is_decoded(
    form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sheets = [Image.new("L", (20, 10), shade) for shade in range(4)]
    data = encoded(sheets[0], form, save_all=True, append_images=sheets[1:])
    assert len(list(pictures(data, LoadSettings(max_pages=4)))) == 4
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", lambda self: pytest.fail("it was decoded"))
    monkeypatch.setattr("PIL.TiffImagePlugin.TiffImageFile.load", lambda self: pytest.fail("it was decoded"))
    with pytest.raises(TooLarge, match=r"more than 3 pages \(read fewer pages at a time") as caught:
        pictures(data, LoadSettings(max_pages=3))
    assert caught.value.source == "<bytes>"


def test_no_more_pages_are_counted_than_the_bound() -> None:
    tags = {256: 20, 257: 10, 258: 8, 262: 1, 273: 8, 278: 10, 279: 8}  # a picture whose pixels are anywhere
    listed = b"".join(struct.pack("<HHII", tag, 3, 1, value) for tag, value in tags.items())
    size, count = len(listed) + 6, 60_000
    pages = (struct.pack("<H", len(tags)) + listed + struct.pack("<I", 8 + size * number) for number in range(1, count))
    data = b"".join((b"II*\0\x08\0\0\0", *pages))
    began = time.perf_counter()
    with pytest.raises(TooLarge, match="more than 500 pages"):
        pictures(data, DEFAULT)
    assert time.perf_counter() - began < 5  # Pillow takes a minute to count all of them


@pytest.mark.parametrize(("form", "decoded"), [("TIFF", [1, 3]), ("GIF", [0, 1, 2, 3])])
def test_pages_that_nobody_wants_are_not_decoded(
    form: str, decoded: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    sheets = [Image.new("L", (20, 10), shade) for shade in (0, 60, 120, 180)]
    data = encoded(sheets[0], form, save_all=True, append_images=sheets[1:])
    seen: list[int] = []
    kind = type(load._open(data))
    decode = kind.load
    monkeypatch.setattr(kind, "load", lambda self: (seen.append(self.tell()), decode(self))[1])
    shades = [None if page is None else int(page.pixels.mean().round()) for page in load.pages(data, {1, 3}, DEFAULT)]
    assert shades == [None, 60, None, 180]
    assert sorted(set(seen)) == decoded  # a GIF's pages build upon one another


def test_the_frames_of_an_animation_are_not_pages() -> None:
    frames = [Image.new("RGB", (20, 10), (shade, 0, 0)) for shade in (0, 200)]
    for form in ("WEBP", "PNG"):
        assert len(list(pictures(encoded(frames[0], form, save_all=True, append_images=frames[1:]), DEFAULT))) == 1


def test_a_pillow_picture_gives_the_frame_it_shows() -> None:
    frames = [Image.new("L", (20, 10), shade) for shade in (0, 100)]
    image = Image.open(io.BytesIO(encoded(frames[0], "TIFF", save_all=True, append_images=frames[1:])))
    image.seek(1)
    (page,) = pictures(image, DEFAULT)
    assert page.pixels.max() == 100
    assert image.tell() == 1


# Errors.


def huge_png(width: int, height: int) -> bytes:
    """A whole, valid PNG of one bit a pixel that is small because all its rows are alike."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    packer = zlib.compressobj(9)
    row = bytes(1 + (width + 7) // 8)
    body = b"".join(packer.compress(row * 1000) for _ in range(height // 1000)) + packer.flush()
    header = struct.pack(">2I5B", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def test_a_small_file_of_a_huge_picture_is_refused_before_it_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    data = huge_png(30_000, 30_000)
    assert len(data) < 200_000
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", lambda self: pytest.fail("it was decoded"))
    with pytest.raises(TooLarge, match="30000 x 30000"):
        picture(data, DEFAULT)


def test_pillows_own_bound_neither_warns_nor_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        for form in ("JPEG", "PNG", "BMP"):
            assert_corners(picture(encoded(corners(), form), DEFAULT).pixels, tolerance=25)
    assert heard == []
    assert Image.MAX_IMAGE_PIXELS == 100


@pytest.mark.parametrize("refusal", [Image.DecompressionBombError, Image.DecompressionBombWarning])
def test_what_pillow_refuses_by_itself_is_too_large(refusal: type[Exception], monkeypatch: pytest.MonkeyPatch) -> None:
    def load(self: object) -> None:
        raise refusal("a tile of 10 terapixels")

    monkeypatch.setattr("PIL.TiffImagePlugin.TiffImageFile.load", load)
    with pytest.raises(TooLarge, match="terapixels"):
        picture(encoded(corners(), "TIFF"), DEFAULT)


@pytest.mark.parametrize(
    ("bounds", "size"), [({"max_pixels": 99}, (10, 10)), ({"max_side": 99}, (100, 10)), ({"max_side": 99}, (10, 100))]
)
def test_bounds_on_pixels(bounds: dict[str, int], size: tuple[int, int]) -> None:
    image = Image.new("L", size)
    for source in (encoded(image, "PNG"), image, np.asarray(image)):
        with pytest.raises(TooLarge, match=str(99)):
            picture(source, LoadSettings(**bounds))


def test_the_bound_on_bytes_holds_for_each_source(source_of: Callable[[str, bytes], Any]) -> None:
    data = encoded(corners(), "PNG")
    for kind in KINDS[:-1]:
        assert_corners(picture(source_of(kind, data), LoadSettings(max_bytes=len(data))).pixels)
        with pytest.raises(TooLarge, match="bound"):
            picture(source_of(kind, data), LoadSettings(max_bytes=len(data) - 1))


def test_no_more_than_the_bound_is_read_of_an_endless_file() -> None:
    class Endless:
        given = 0

        def read(self, size: int) -> bytes:
            part = bytes(min(size, 1000))
            self.given += len(part)
            return part

    file: Any = Endless()
    with pytest.raises(TooLarge):
        picture(file, LoadSettings(max_bytes=5000))
    assert file.given == 5001


def test_one_pixel_is_too_small() -> None:
    for source in (encoded(Image.new("L", (1, 1)), "PNG"), Image.new("L", (1, 1)), np.zeros((1, 1), np.uint8)):
        with pytest.raises(TooSmall, match="1 x 1"):
            picture(source, DEFAULT)


def test_paths_that_hold_no_picture(tmp_path: Path) -> None:
    empty, text = tmp_path / "empty.png", tmp_path / "说明.png"
    empty.touch()
    text.write_text("BMW 是一个牌子，这里没有图片。", encoding="utf-8")
    for path, error in (
        (tmp_path / "none.png", MissingInput),
        (text / "none.png", MissingInput),
        (tmp_path / ("x" * 300), InputError),
        (tmp_path, NotAFile),
        (empty, EmptyInput),
        (text, NotAPicture),
    ):
        with pytest.raises(error) as caught:
            pictures(path, DEFAULT)
        assert caught.value.source == str(path)
        assert str(path) in str(caught.value)
        assert str(path) not in caught.value.message


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with a name here")
def test_a_pipe_is_no_file_and_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(NotAFile):
        picture(tmp_path / "pipe", DEFAULT)


def test_a_path_with_a_nul_is_an_input_error() -> None:
    with pytest.raises(InputError):
        picture("a\0b.png", DEFAULT)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="everything may be read here")
def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    path = tmp_path / "secret.png"
    corners().save(path)
    path.chmod(stat.S_IWUSR)
    with pytest.raises(InputError, match="cannot be opened"):
        picture(path, DEFAULT)


def test_other_things_are_refused_with_words() -> None:
    closed: Any = io.BytesIO()
    closed.close()
    things: tuple[Any, ...] = (None, 3, ["a.png"], io.StringIO("text"), closed)
    for thing in things:
        with pytest.raises(InputError):
            picture(thing, DEFAULT)


@pytest.mark.parametrize(
    "data", [b"%PDF-1.7\n", b"\0\0\0\x18ftypheic", b"BM", b"RIFF\0\0\0\0WAVE", b"<svg/>", b"\0" * 99]
)
def test_bytes_of_something_else(data: bytes) -> None:
    with pytest.raises(NotAPicture):
        picture(data, DEFAULT)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "BMP", "WEBP", "TIFF", "GIF"])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.9])
def test_half_a_picture_is_broken_and_never_half_read(form: str, share: float) -> None:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (80, 80, 3), np.uint8))
    data = encoded(noise, form)
    with pytest.raises(BrokenPicture):
        picture(data[: int(len(data) * share)], DEFAULT)


@given(st.data())
def test_damaged_bytes_are_a_picture_or_an_input_error(data: st.DataObject) -> None:
    form = data.draw(st.sampled_from(["JPEG", "PNG", "BMP", "WEBP", "TIFF", "GIF"]))
    exif = Image.Exif()
    exif[0x0112] = 6
    options = {} if form in ("BMP", "GIF") else {"exif": exif}
    damaged = bytearray(encoded(corners(), form, **options))
    places = st.integers(0, len(damaged) - 1)
    for place, value in data.draw(st.lists(st.tuples(places, st.integers(0, 255)), max_size=8)):
        damaged[place] = value
    try:
        for page in pictures(bytes(damaged), LoadSettings(max_pixels=100_000)):
            assert page.pixels.shape[2] == 3
    except InputError as error:
        assert error.source == "<bytes>"


def test_threads_may_load_at_the_same_time(source_of: Callable[[str, bytes], Any]) -> None:
    path = source_of("path", encoded(corners(), "PNG"))
    seen: list[np.ndarray[Any, Any]] = []
    threads = [threading.Thread(target=lambda: seen.append(picture(path, DEFAULT).pixels)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 8
    for pixels in seen:
        assert_corners(pixels)


def test_binary_files_are_what_the_types_say() -> None:
    file: BinaryIO = io.BytesIO(encoded(corners(), "PNG"))
    assert_corners(picture(file, DEFAULT).pixels)


def test_importing_load_leaves_pillows_globals_alone() -> None:
    code = (
        "from PIL import Image, ImageFile; before = Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES\n"
        "import shizi.load; assert before == (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("band", [1, 40, 100_000])
def test_pictures_are_copied_in_bands_and_stay_as_they_are(band: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "_BAND", band)
    pixels = np.random.default_rng(0).integers(0, 256, (23, 31, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    assert (load.picture(file.getvalue(), LoadSettings()).pixels == pixels).all()


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from Linux's /proc")
def test_fifty_million_pixels_are_loaded_in_bounded_memory(tmp_path: Path) -> None:
    """Four bytes a pixel while it is decoded, three for the array, and no more."""
    Image.new("RGB", (7071, 7071), "white").save(tmp_path / "a.jpg")
    code = f"""
import re
from pathlib import Path
from shizi import load
from shizi.settings import LoadSettings
load.picture({str(tmp_path / "a.jpg")!r}, LoadSettings())
print(int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) / 1024)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert float(done.stdout) < 500
