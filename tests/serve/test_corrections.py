"""Corrected lines are added to what is there, however a person left it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from conftest import encoded
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
