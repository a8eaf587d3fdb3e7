"""The network for single hanzi: what it is shown, what its file has to carry, and when the reader asks it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from shizi import Reader, crop
from shizi.errors import ModelMismatch, ModelMissing
from shizi.read import hanzi
from shizi.read.charset import gb2312_hanzi
from shizi.read.hanzi import INPUT, MARGIN, OUTPUT, SIDE, Hanzi, leant, picture
from shizi.settings import ReadSettings, Settings

SAMPLE = Path(__file__).parents[1] / "samples" / "notice.jpg"
SHEET = Path(__file__).parent / "pictures" / "hanzi.png"
SHOWN = "寨垂宏宅客宗实奉垃富峰寒宪庐垣洞密废垦寺" "会议通知各位同事本周项目三楼第一研究室资"
CHARS = "识字々"

Grey = NDArray[np.uint8]


def cross(side: int = 120, *, at: tuple[int, int] = (60, 60), size: tuple[int, int] = (60, 40), ink: int = 20) -> Grey:
    """A cross of strokes on paper."""
    made = np.full((side, side), 230, np.uint8)
    (x, y), (wide, high) = at, size
    cv2.line(made, (x - wide // 2, y), (x + wide // 2, y), ink, 5)
    cv2.line(made, (x, y - high // 2), (x, y + high // 2), ink, 5)
    return made


def network(*, weight: int = len(CHARS), names: tuple[str, str] = (INPUT, OUTPUT)) -> onnx.ModelProto:
    """(N, 1, 48, 48) -> mean ink, times a number for each character."""
    nodes = [
        helper.make_node("ReduceMean", [names[0]], ["mean"], axes=[2, 3], keepdims=0),
        helper.make_node("MatMul", ["mean", "weight"], [names[1]]),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info(names[0], TensorProto.FLOAT, ["n", 1, SIDE, SIDE])],
        [helper.make_tensor_value_info(names[1], TensorProto.FLOAT, ["n", weight])],
        [numpy_helper.from_array(np.arange(weight, dtype=np.float32)[np.newaxis], "weight")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def saved(path: Path, meta: dict[str, str] | None = None, **made: Any) -> Path:
    model = network(**made)
    helper.set_model_props(model, hanzi.metadata(CHARS, {"temperature": 2.0}) if meta is None else meta)
    onnx.save(model, path)
    return path


def test_the_ink_of_a_character_fills_its_picture() -> None:
    seen = picture(cross())
    assert seen.shape == (SIDE, SIDE) and seen.dtype == np.float32
    assert seen.min() == 0.0 and seen.max() == 1.0
    rows, columns = np.nonzero(seen > 0.5)
    assert abs(columns.min() - MARGIN) <= 1 and abs(columns.max() - (SIDE - 1 - MARGIN)) <= 1
    assert (rows.max() - rows.min()) / (columns.max() - columns.min()) == pytest.approx(45 / 65, abs=0.06)
    assert rows.min() + rows.max() == pytest.approx(SIDE - 1, abs=2)


@given(x=st.integers(45, 75), y=st.integers(45, 75), scale=st.sampled_from((1, 2, 3)), light=st.booleans())
def test_place_size_and_polarity_do_not_matter(x: int, y: int, scale: int, light: bool) -> None:
    made = cross(at=(x, y))
    made = cv2.resize(made, None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR).astype(np.uint8)
    seen = picture(255 - made if light else made)
    assert np.abs(seen - picture(cross())).mean() < 0.04


@pytest.mark.parametrize("level", [0, 128, 255])
def test_an_even_ground_has_no_ink(level: int) -> None:
    assert not picture(np.full((30, 40), level, np.uint8)).any()
    assert picture(np.full((1, 1), level, np.uint8)).shape == (SIDE, SIDE)


def test_ink_that_climbs_and_leans_is_seen_level_and_upright() -> None:
    seen = np.zeros((80, 80), np.float32)
    cv2.line(seen, (10, 44), (70, 36), 255.0, 3)  # climbs to the right
    turned = leant(seen, float(np.degrees(np.arctan(8 / 60))), 0)
    rows = np.nonzero(turned > 128)[0]
    assert np.ptp(rows) < 8 < np.ptp(np.nonzero(seen > 128)[0])
    seen = np.zeros((80, 80), np.float32)
    cv2.line(seen, (48, 10), (32, 70), 255.0, 3)  # leans to the right
    columns = np.nonzero(leant(seen, 0, 16 / 60) > 128)[1]
    assert np.ptp(columns) < 8 < np.ptp(np.nonzero(seen > 128)[1])
    assert leant(seen, 0, 0) is seen


def test_shares_are_the_networks_at_its_temperature(tmp_path: Path) -> None:
    net = Hanzi.open(saved(tmp_path / "tiny.onnx"))
    assert net.chars == tuple(CHARS) and net.known == frozenset(CHARS)
    shown = np.stack([picture(cross()), np.zeros((SIDE, SIDE), np.float32)])[:, np.newaxis]
    logits = shown.mean(axis=(2, 3)) * np.arange(3) / 2.0
    wanted = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(net.shares(shown), wanted, rtol=1e-5)
    (best,) = net.likeliest([cross()], 2)
    assert list(best) == ["々", "字"] and 1 > best["々"] > best["字"] > 0
    assert net.likeliest([], 2) == []


def test_a_file_has_to_be_one_of_ours(tmp_path: Path) -> None:
    good = hanzi.metadata(CHARS, {})
    path = tmp_path / "bad.onnx"
    with pytest.raises(ModelMissing, match=r"read\.hanzi"):
        Hanzi.open(path)
    wrong: Sequence[tuple[dict[str, str], str]] = (
        ({}, "schema"),
        ({**good, "shizi.schema": "shizi/model/1"}, "schema"),
        ({**good, "shizi.preprocess": "{}"}, "preprocessing"),
        ({**good, "shizi.charset": "[]"}, "metadata"),
        ({**good, "shizi.charset": json.dumps(["识", ""])}, "metadata"),
        ({**good, "shizi.charset": json.dumps(["识"])}, "its alphabet has 1"),
        ({**good, "shizi.card": "[1]"}, "metadata"),
        ({**good, "shizi.card": '{"temperature": 0}'}, "temperature"),
    )
    for meta, message in wrong:
        with pytest.raises(ModelMismatch, match=message):
            Hanzi.open(saved(path, meta))
    with pytest.raises(ModelMismatch, match="values"):
        Hanzi.open(saved(path, names=("strips", OUTPUT)))
    path.write_bytes(b"no graph")
    with pytest.raises(ModelMismatch, match="ONNX Runtime"):
        Hanzi.open(path)


def test_a_file_as_large_as_none_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hanzi, "MAX_BYTES", 100)
    with pytest.raises(ModelMismatch, match="at most 100"):
        Hanzi.open(saved(tmp_path / "tiny.onnx"))


def test_the_shipped_one_reads_hanzi_of_a_font_that_it_never_saw() -> None:
    net = Hanzi.open()
    assert "".join(net.chars) == gb2312_hanzi()
    sheet = cv2.imread(str(SHEET), cv2.IMREAD_GRAYSCALE)
    cells = [row for band in np.split(np.asarray(sheet, np.uint8), 4) for row in np.split(band, 10, axis=1)]
    seen = net.likeliest(cells, 3)
    assert sum(next(iter(best)) == char for best, char in zip(seen, SHOWN, strict=True)) >= len(SHOWN) - 2
    assert all(char in best for best, char in zip(seen, SHOWN, strict=True))
    assert all(0 < sum(best.values()) <= 1.001 and list(best.values()) == sorted(best.values())[::-1] for best in seen)


def doubtful() -> Grey:
    """A lone character that the lines' network doubts: squeezed and leaning."""
    page = cv2.imread(str(SAMPLE), cv2.IMREAD_GRAYSCALE)
    char = next(c for line in Reader().read(SAMPLE).lines for c in line.chars if c.text == "议")
    seen = crop.crop(np.asarray(page, np.uint8), char.quad)
    return np.pad(cv2.warpAffine(seen, np.array([[0.5, -0.5, 22], [-0.2, 1.0, 4]]), seen.shape[::-1], borderValue=200),
                  6, constant_values=200).astype(np.uint8)  # fmt: skip


def test_it_is_asked_about_lone_characters_that_are_doubted_and_binds_nothing_else(
    monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def likeliest(self: Hanzi, greys: Sequence[Grey], count: int) -> list[dict[str, float]]:
        asked.append(len(greys))
        return [{"口": 0.98, "日": 0.01} for _ in greys]

    monkeypatch.setattr(Hanzi, "likeliest", likeliest)
    seen = doubtful()
    assert Reader(settings=Settings(read=ReadSettings(hanzi=False))).read_line(seen).confidence < 0.9
    assert not asked
    assert Reader().read_line(seen).text == "口"
    assert asked == [1]
    assert Reader().read_line(seen, allowed="日月").text in "日月"
    Reader().read_line(seen, pattern="[0-9]+")
    Reader().read_line(np.full((40, 400), 255, np.uint8))
    assert asked == [1, 1]
