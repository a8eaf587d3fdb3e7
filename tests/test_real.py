"""Real lines in a recipe: all that can be learned from are, and what is left out is told before the run begins."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from shizi.errors import DataError
from shizi.learn.data import open_source
from shizi.learn.real import RealLines
from shizi.learn.recipe import Stage
from shizi.learn.train import run
from shizi.read.charset import Charset
from test_data import encoded
from test_train import recipe_file

DIGITS = Charset.of("0123456789")


def lines(folder: Path, widths: Sequence[int], texts: Sequence[str] | None = None, more: str = "") -> Path:
    """A folder of strips of 32 rows and these ``widths``, and rows of its label file beside them."""
    folder.mkdir()
    rows = []
    for number, width in enumerate(widths):
        pixels = np.random.default_rng(number).integers(0, 256, (32, width), dtype=np.uint8)
        (folder / f"{number}.png").write_bytes(encoded(pixels))
        rows.append(f"{number}.png\t{texts[number] if texts else number % 10}\n")
    (folder / "labels.tsv").write_text("".join(rows) + more, encoding="utf-8")
    return folder


def stage(*widths: int, real: float = 1.0) -> Stage:
    return Stage("own", steps=1, batch=80, ctc=1.0, widths=widths, real=real)


def test_a_step_takes_a_width_that_lines_fit_in_and_all_lines_come_up(tmp_path: Path) -> None:
    own = RealLines([open_source(lines(tmp_path / "a", range(60, 300, 12)))], DIGITS, [stage(32, 64, 160, 320)])
    rng, seen = np.random.default_rng(0), set()
    for _ in range(60):
        batch = own.batch(rng, stage(32, 64, 160, 320))
        assert max(batch.widths) <= batch.strips.shape[3] <= 320
        seen |= {*batch.widths.tolist()}
    assert seen == {*range(60, 300, 12)}
    assert str(own) == "20 of 20 real lines can be learned from"


def test_each_source_is_as_likely(tmp_path: Path) -> None:
    sources = [open_source(lines(tmp_path / str(count), [width] * count)) for width, count in ((40, 2), (41, 30))]
    own, rng = RealLines(sources, DIGITS, [stage(64)]), np.random.default_rng(0)
    widths = np.concatenate([own.batch(rng, stage(64)).widths for _ in range(200)])
    assert 0.4 < (widths == 40).mean() < 0.6


def test_what_is_left_out_is_told_by_its_reason(tmp_path: Path) -> None:
    texts = ["1", "2", "3一", "4", "5"]
    more = "gone.png\t6\nnotab\nbroken.png\t7\nlost.png\t7\n"
    folder = lines(tmp_path / "a", [50, 400, 50, 401, 50], texts, more)
    (folder / "broken.png").write_bytes(b"no picture")
    own = RealLines([open_source(folder)], DIGITS, [stage(320)])
    said = str(own)
    assert said.startswith("2 of 9 real lines can be learned from; 2 wider than 320 pixels at a height of 32; 1 with ")
    assert "alphabet lacks, such as 一" in said
    assert "1 no tab (first: " in said and "1 not_a_picture (first: " in said and "broken.png)" in said
    assert "2 the picture cannot be read: No such file or directory (first: " in said and "row 6, gone.png)" in said
    labels = own.batch(np.random.default_rng(0), stage(320)).labels
    assert {DIGITS.decode(label) for label in labels} <= {"1", "5"}


def test_a_stage_that_can_take_none_is_refused_before_the_run(tmp_path: Path) -> None:
    source = open_source(lines(tmp_path / "a", [100, 120]))
    with pytest.raises(DataError, match=r"stage own can take no real line up to 96 pixels: 2 of 2 .* learned from"):
        RealLines([source], DIGITS, [stage(320), stage(32, 96)])
    RealLines([source], DIGITS, [stage(320), stage(32, 96, real=0.0)])
    with pytest.raises(DataError, match=r"0 of 2 real lines .* 2 with characters that the alphabet lacks, such as"):
        RealLines([source], Charset.of("xyz"), [stage(320)])


def test_a_line_that_is_lost_later_is_passed_over(tmp_path: Path) -> None:
    folder = lines(tmp_path / "a", [50, 60])
    own = RealLines([open_source(folder)], DIGITS, [stage(64)])
    (folder / "0.png").unlink()
    assert {*own.batch(np.random.default_rng(0), stage(64)).widths.tolist()} == {60}
    (folder / "1.png").unlink()
    with pytest.raises(DataError, match="cannot be read any more"):
        own.batch(np.random.default_rng(0), stage(64))


def test_the_command_tells_of_real_lines_and_of_fonts_that_are_not_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines(tmp_path / "own", [40, 60, 200], ["12", "34", "56"])
    stages = '[[stage]]\nname = "own"\nsteps = 2\nbatch = 8\nctc = 1.0\nwidths = [32, 96]\nreal = 1.0\n'
    extra = 'real = ["own"]\nleft_out = ["pilow.ttf"]\nfont_weights = {"pillow.ttf" = 2.0, "pillow" = 1.0}\n'
    path = recipe_file(tmp_path, extra, stages)
    assert run(Namespace(config=path, output=tmp_path / "run", resume=False)) == 0
    said = capsys.readouterr().out
    assert "2 of 3 real lines can be learned from; 1 wider than 96 pixels" in said
    assert "left_out or font_weights name what is not in" in said and ": pillow, pilow.ttf\n" in said
