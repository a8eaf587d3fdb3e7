"""The mean of checkpoints lies between them, counts each by its share, and is refused where it has no sense."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from shizi.cli import main  # noqa: E402
from shizi.errors import DataError, SettingsError  # noqa: E402
from shizi.learn import checkpoint  # noqa: E402
from shizi.learn.checkpoint import Checkpoint  # noqa: E402
from shizi.learn.mean import mean  # noqa: E402
from shizi.learn.network import NetworkConfig, build  # noqa: E402
from shizi.read.charset import Charset  # noqa: E402

CONFIG = NetworkConfig(widths=(4, 4, 4, 8), depths=(0, 1, 1, 1), dim=8, rank=4, hidden=4)
LETTERS = Charset.of("abcd")


def held(seed: int) -> Checkpoint:
    torch.manual_seed(seed)
    return Checkpoint(CONFIG, LETTERS, build(CONFIG, LETTERS.size).state_dict(), {"recipe": f"run {seed}"})


def test_each_counts_by_its_share() -> None:
    one, two = held(1), held(2)
    made = mean([one, two], [3, 1])
    for name, value in made.weights.items():
        wanted = 0.75 * one.weights[name].double() + 0.25 * two.weights[name].double()
        torch.testing.assert_close(value.double(), wanted, msg=name, atol=1e-6, rtol=1e-6)
    assert made.info["recipe"] == "run 1"
    alone = mean([one])
    assert all(torch.equal(alone.weights[name], value) for name, value in one.weights.items())


def test_the_command_writes_one_that_reads(tmp_path: Path) -> None:
    paths = [str(tmp_path / f"{seed}.pt") for seed in (1, 2)]
    for seed, path in enumerate(paths, 1):
        checkpoint.save(held(seed), Path(path))
    assert main(["mean", *paths, "--shares", "1", "3", "--output", str(tmp_path / "mean.pt")]) == 0
    made = checkpoint.load(tmp_path / "mean.pt")
    assert made.info["mean"] == [["1.pt", 1.0], ["2.pt", 3.0]] and made.training is None
    strips = torch.randn(2, 1, 32, 64)
    with torch.no_grad():
        wanted = mean([held(1), held(2)], [1, 3]).model()(strips)
        torch.testing.assert_close(made.model()(strips), wanted, atol=2e-2, rtol=2e-2)


def test_what_does_not_fit_is_refused() -> None:
    one = held(1)
    with pytest.raises(DataError, match="checkpoint 2 is of another network"):
        mean([one, replace(held(2), config=replace(CONFIG, dim=12))])
    with pytest.raises(DataError, match="another alphabet"):
        mean([one, replace(held(2), charset=Charset.of("abce"))])
    for shares in ([1.0], [1.0, -1.0], [0.0, 0.0]):
        with pytest.raises(SettingsError, match="share"):
            mean([one, held(2)], shares)
