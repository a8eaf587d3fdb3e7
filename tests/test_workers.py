"""Processes that train one network: the same gradients and the same weights in all."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from shizi.errors import DataError
from shizi.learn.workers import Team, launch


def member(folder: Path, team: Team) -> None:
    """What one process has before and after: its convolution, with channels last, and a bias without a gradient."""
    torch.manual_seed(team.rank)
    layer = torch.nn.Conv2d(3, 4, 3).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    own = layer.weight.detach().numpy().copy()
    team.share(layer.parameters())
    assert layer.bias is not None
    layer.weight.grad = torch.arange(layer.weight.numel(), dtype=torch.float32).view_as(layer.weight) * (1 + team.rank)
    told = team.average(layer.parameters(), 10.0 * team.rank, 3.0)
    np.savez(
        folder / f"{team.rank}.npz",
        own=own,
        weight=layer.weight.detach().numpy(),
        bias=layer.bias.detach().numpy(),
        grad=layer.weight.grad.numpy(),
        told=told,
    )


@pytest.mark.slow
def test_a_team_has_one_network_and_the_mean_of_its_gradients(tmp_path: Path) -> None:
    launch(partial(member, tmp_path), 2)
    first, second = (np.load(tmp_path / f"{rank}.npz") for rank in range(2))
    assert not np.array_equal(first["own"], second["own"])
    for one in (first, second):
        np.testing.assert_array_equal(one["weight"], first["own"])
        np.testing.assert_array_equal(one["bias"], first["bias"])
        np.testing.assert_allclose(one["grad"].reshape(-1), 1.5 * np.arange(one["grad"].size))
        np.testing.assert_allclose(one["told"], [5.0, 3.0])


def refuses(team: Team) -> None:
    """One of two finds a fault in the data; the other waits for it."""
    if team.rank == 1:
        raise DataError("there is nothing to learn from")
    team.share([torch.nn.Parameter(torch.zeros(1))])


@pytest.mark.slow
def test_an_error_in_one_of_a_team_comes_back_as_it_was() -> None:
    with pytest.raises(DataError, match=r"^there is nothing to learn from$") as found:
        launch(refuses, 2)
    assert found.value.__suppress_context__, "its own lines alone are shown"


def test_one_process_is_left_as_it_is(tmp_path: Path) -> None:
    launch(partial(member, tmp_path), 1)
    alone = np.load(tmp_path / "0.npz")
    np.testing.assert_array_equal(alone["weight"], alone["own"])
    np.testing.assert_allclose(alone["grad"].reshape(-1), np.arange(alone["grad"].size))
    np.testing.assert_allclose(alone["told"], [0.0, 3.0])
