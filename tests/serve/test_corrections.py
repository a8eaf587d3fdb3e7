"""Corrected lines are added to what is there, however a person left it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from conftest import encoded
from shizi import Reader
from shizi.serve.corrections import Corrections
from shizi.serve.settings import ServeSettings
from shizi.serve.shapes import Correction
from shizi.settings import LoadSettings


def test_rows_follow_a_last_one_that_an_editor_left_open(tmp_path: Path) -> None:
    kept = Corrections(tmp_path, ServeSettings())
    for name in ("labels.tsv", "readings.tsv"):
        (tmp_path / name).write_text("strips/mine.png\t我的", encoding="utf-8")
    picture = encoded(Image.fromarray(np.full((40, 80), 255, np.uint8)), "PNG")
    box = [[0.0, 0.0], [60.0, 0.0], [60.0, 20.0], [0.0, 20.0]]
    for text in ("一", "二"):
        assert list(kept.keep(picture, [Correction(quad=box, read="a", text=text)], LoadSettings())) == [1]
    rows = [row.split("\t") for row in (tmp_path / "labels.tsv").read_text(encoding="utf-8").splitlines()]
    assert [row[1:] for row in rows] == [["我的"], ["一"], ["二"]]
    assert len((tmp_path / "readings.tsv").read_text(encoding="utf-8").splitlines()) == 3


def test_a_line_of_a_bent_page_is_cut_out_level(tmp_path: Path) -> None:
    """Else parts of the rows above and below it would be learned from as well."""
    page = Image.new("L", (900, 760), 255)
    font = ImageFont.load_default(20)
    said = "of an open book, whose paper is bent all along it, from the one end to the other"
    texts = [f"Row {row + 1} {said}" for row in range(16)]
    for row, text in enumerate(texts):
        ImageDraw.Draw(page).text((60, 60 + 36 * row), text, font=font, fill=0)
    pixels = np.asarray(page)
    down = 0.05 * 900 * ((np.arange(900) + 0.5) / 450 - 1) ** 2
    bent = np.stack([np.roll(pixels[:, x], round(float(down[x]))) for x in range(900)], axis=1)
    picture = encoded(Image.fromarray(bent), "PNG")
    reader = Reader()
    lines = reader.read(picture).lines
    assert len(lines) == len(texts)
    kept = Corrections(tmp_path, ServeSettings())
    for line in lines[4:8]:
        quad = [list(point) for point in line.quad.points]
        assert line.quad.height > 40, "it holds parts of other rows"
        assert list(kept.keep(picture, [Correction(quad=quad, read=line.text, text=line.text)], LoadSettings())) == [1]
    rows = [row.split("\t") for row in (tmp_path / "labels.tsv").read_text(encoding="utf-8").splitlines()]
    again = [reader.read_line(tmp_path / file).text.replace(" ", "") for file, _ in rows]
    assert again == [text.replace(" ", "") for _, text in rows]
    for file, _ in rows:
        with Image.open(tmp_path / file) as strip:
            assert strip.height < 45, "no part of other rows"
