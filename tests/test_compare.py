"""The plain CNN beside the CRNN: lines cut into characters, and the command that compares."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fonts import pillow_font
from shizi import cli
from shizi.errors import DataError
from shizi.learn.compare import command, cutter, peers
from shizi.learn.compare.cutter import Piece


def drawn(*spans: tuple[int, int], width: int = 200) -> cutter.Strip:
    """A strip with a black box from row 6 to row 26 at each span of columns."""
    strip = np.full((32, width), 0.5, np.float32)
    for start, end in spans:
        strip[6:26, start:end] = -0.5
    return strip


def test_ink_is_dark_and_even_ground_has_none() -> None:
    assert cutter.ink(drawn((10, 20))).sum() == 200
    assert not cutter.ink(np.full((32, 90), 0.5, np.float32)).any()
    assert not cutter.ink(np.random.default_rng(0).uniform(0.48, 0.5, (32, 90)).astype(np.float32)).any()


@given(st.lists(st.tuples(st.integers(2, 10), st.integers(1, 9)), min_size=1, max_size=12))
def test_what_stands_apart_is_cut_apart(sizes: list[tuple[int, int]]) -> None:
    spans, at = [], 3
    for wide, gap in sizes:
        spans.append((at, at + wide))
        at += wide + gap
    assert cutter.pieces(cutter.ink(drawn(*spans, width=at + 5)), 20.0) == [Piece(*span) for span in spans]


def test_two_that_touch_are_cut_where_the_ink_is_thin() -> None:
    strip = drawn((10, 28), (29, 47))
    strip[25, 28] = -0.5
    assert cutter.pieces(cutter.ink(strip), 20.0) == [Piece(10, 28), Piece(28, 47)]


@given(st.integers(0, 9), st.data())
def test_the_path_covers_the_line_and_is_the_best_one(count: int, data: st.DataObject) -> None:
    spans = [(4 + 9 * k, 10 + 9 * k) for k in range(count)]
    scores = st.floats(-9, 9, width=32)

    def classify(pictures: np.ndarray) -> np.ndarray:
        rows = data.draw(st.lists(st.tuples(scores, scores), min_size=len(pictures), max_size=len(pictures)))
        nonlocal seen
        seen = np.array(rows, np.float32)
        return seen

    seen = np.zeros((0, 2), np.float32)
    found = cutter.read(drawn(*spans, width=100), classify)
    # every piece once, in order
    assert [edge for piece, _ in found for edge in piece][::2] == sorted({piece.start for piece, _ in found})
    assert not spans or (found[0][0].start, found[-1][0].end) == (spans[0][0], spans[-1][1])
    if not spans:
        return
    pieces = [Piece(*span) for span in spans]
    pairs = cutter.candidates(pieces, 20.0)
    sure = seen.max(axis=1) - np.log(np.exp(seen).sum(axis=1))
    worth = {pair: float(sure[k]) * (pieces[pair[1] - 1].end - pieces[pair[0]].start) for k, pair in enumerate(pairs)}

    def best(first: int) -> float:
        if first == len(pieces):
            return 0.0
        return max(value + best(last) for (start, last), value in worth.items() if start == first)

    starts = [piece.start for piece in pieces]
    ends = [piece.end for piece in pieces]
    got = sum(worth[starts.index(piece.start), ends.index(piece.end) + 1] for piece, _ in found)
    assert got == pytest.approx(best(0), abs=1e-3)


def test_pictures_are_centred_on_white_and_squeezed_only_where_they_must_be() -> None:
    strip = drawn((10, 20), (60, 120))
    narrow = cutter.picture(strip, 10, 20)
    assert narrow.shape == (32, 32)
    assert (narrow[15] < 0).nonzero()[0].tolist() == list(range(11, 21))
    assert (cutter.picture(strip, 60, 120)[15] < 0).all()


def test_letters_that_stand_apart_have_a_blank_between_them() -> None:
    found = [(Piece(0, 8), 1), (Piece(10, 18), 2), (Piece(30, 38), 1), (Piece(60, 80), 3), (Piece(99, 120), 3)]
    assert cutter.text(found, ["", "a", "b", "中"], 20.0) == "ab a中中"


def recipe(folder: Path, stage: str = 'kind = "characters"\nalone = 0.7', network: str = "layers = 0") -> Path:
    (folder / "fonts").mkdir(exist_ok=True)
    pillow_font(folder / "fonts" / "pillow.ttf")
    path = folder / "cnn.toml"
    path.write_text(
        'fonts = "fonts"\nalphabet = "0123456789"\nvalidation_lines = 25\naverage = 0.9\n'
        f"[network]\nwidths = [8, 16, 24, 32]\ndim = 32\n{network}\n"
        f'[[stage]]\nname = "a"\nsteps = 60\nbatch = 64\nrate = 4e-3\nlevels = ["clean"]\n{stage}\n',
        encoding="utf-8",
    )
    return path


@pytest.mark.slow
def test_one_command_trains_and_compares(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peers, "installed", lambda: iter([("parrot", lambda line: "123")]))
    config, output = recipe(tmp_path), tmp_path / "out"
    (tmp_path / "real").mkdir()
    assert cli.main(["synth", "--fonts", str(tmp_path / "fonts"), "--alphabet", "0123456789", "--level", "clean",
                     "--count", "6", "--output", str(tmp_path / "real")]) == 0  # fmt: skip
    words = ["bench", "compare", str(config), "--output", str(output), "--lines", "20"]
    words += ["--data", str(tmp_path / "real")]
    assert cli.main([*words, "--format", "json"]) == 0
    seen = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert list(seen) == ["CRNN, int8", "plain CNN, float", "plain CNN, int8", "parrot"]
    assert set(seen["CRNN, int8"]) == {"bytes", "printed", "handwritten", "cluttered", "real"}
    for row in seen.values():
        for kind in ("printed", "handwritten", "cluttered"):
            low, high = row[kind]["interval"]
            assert row[kind]["lines"] == 20 and low <= row[kind]["cer"] <= high and row[kind]["milliseconds"] > 0
    assert seen["CRNN, int8"]["printed"]["cer"] < 0.3 < seen["parrot"]["printed"]["cer"]
    assert seen["plain CNN, float"]["printed"]["cer"] < 0.8 < seen["parrot"]["printed"]["cer"]
    assert seen["plain CNN, int8"]["bytes"] < seen["plain CNN, float"]["bytes"]
    # what was trained is not trained again, and the same lines come again
    before = (output / "last.pt").stat().st_mtime_ns
    assert cli.main(words) == 0
    shown = capsys.readouterr().out
    assert (output / "last.pt").stat().st_mtime_ns == before
    cer = f"{seen['plain CNN, float']['cluttered']['cer']:.1%}"[:-1]
    assert cer in shown.partition("cluttered")[2]


@pytest.mark.parametrize(("stage", "network"), [("ctc = 1.0", "layers = 0"), ('kind = "characters"', "layers = 1")])
def test_only_a_plain_cnn_is_compared(tmp_path: Path, stage: str, network: str) -> None:
    assert cli.main(["bench", "compare", str(recipe(tmp_path, stage, network))]) == DataError.exit_status


def test_the_interval_holds_the_rate_and_is_a_point_where_all_lines_are_alike() -> None:
    assert command.interval([1, 1, 1], [4, 4, 4]) == (0.25, 0.25)
    low, high = command.interval([0, 2, 0, 1], [4, 4, 4, 4])
    assert low < 3 / 16 < high
