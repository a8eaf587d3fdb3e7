"""Muon against what it promises: orthogonal steps of AdamW's size, and problems solved."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from shizi.learn.muon import LIKE_ADAM, Muon, orthogonal
from shizi.learn.precision import has_bf16


@given(st.integers(1, 24), st.integers(1, 24), st.integers(0, 2**31), st.floats(1e-3, 1e3))
def test_singular_values_come_near_one_and_directions_stay(rows: int, columns: int, seed: int, scale: float) -> None:
    torch.manual_seed(seed)
    least = min(rows, columns)
    left = torch.linalg.qr(torch.randn(rows, least))[0]
    right = torch.linalg.qr(torch.randn(columns, least))[0]
    values = torch.rand(least) + 0.5
    made = orthogonal(left @ torch.diag(scale * values) @ right.T)
    assert made.shape == (rows, columns)
    found = torch.linalg.svdvals(made)
    assert float(found.min()) > 0.6
    assert float(found.max()) < 1.3
    along = torch.diagonal(left.T @ made @ right)
    assert float(along.min()) > 0.5, "along the same pairs of directions"


def test_a_step_is_as_long_as_one_of_adamw() -> None:
    torch.manual_seed(0)
    weight = torch.nn.Parameter(torch.zeros(64, 16, 3, 3))
    weight.grad = torch.randn_like(weight) * 1e-3
    Muon([weight], lr=0.01).step()
    assert weight.detach().square().mean().sqrt().item() == pytest.approx(LIKE_ADAM * 0.01, rel=0.3)


def test_weights_decay_and_those_without_a_gradient_stay() -> None:
    decayed, still = (torch.nn.Parameter(torch.ones(4, 4)) for _ in range(2))
    decayed.grad = torch.zeros(4, 4)
    Muon([decayed, still], lr=0.1, weight_decay=0.5).step()
    torch.testing.assert_close(decayed.detach(), torch.full((4, 4), 0.95))
    torch.testing.assert_close(still.detach(), torch.ones(4, 4))


def test_it_solves_what_can_be_solved() -> None:
    torch.manual_seed(0)
    wanted, inputs = torch.randn(8, 12), torch.randn(256, 12)
    weight = torch.nn.Parameter(torch.zeros(8, 12))
    optimiser = Muon([weight])
    first = last = 0.0
    for step in range(300):
        for group in optimiser.param_groups:
            group["lr"] = 0.2 * (1 - step / 300)
        optimiser.zero_grad()
        loss = (inputs @ (weight - wanted).T).square().mean()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        first, last = first or loss.item(), loss.item()
    assert last < 0.01 * first


def test_half_precision_is_for_processors_that_have_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for capability, pays in (("AVX2", False), ("AVX512", True), ("DEFAULT", True)):
        monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda found=capability: found)
        assert has_bf16(torch.device("cpu")) is pays
        assert has_bf16(torch.device("cuda"))
