"""The reader beside CTC: what it may look at, and that it learns."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from shizi.learn.losses import attention  # noqa: E402
from shizi.learn.network.attention import Guide, positions  # noqa: E402


def guide(dim: int = 16, classes: int = 7) -> Guide:
    torch.manual_seed(0)
    return Guide(dim, classes).eval()


def test_it_does_not_see_the_future_or_the_padding() -> None:
    made = guide()
    features, frames = torch.rand(2, 9, 16), torch.tensor([9, 5])
    previous = torch.tensor([[0, 1, 2, 3], [0, 4, 5, 6]])
    logits = made(features, frames, previous)
    assert logits.shape == (2, 4, 7)
    other = previous.clone()
    other[:, 2] = 1
    changed = (made(features, frames, other) - logits).abs().sum(dim=2)
    assert (changed[:, :2] < 1e-5).all() and (changed[:, 2:] > 1e-4).all()
    beyond = features.clone()
    beyond[1, 5:] += 1
    torch.testing.assert_close(made(beyond, frames, previous), logits)
    torch.testing.assert_close(made(features[1:, :5], frames[1:], previous[1:]), logits[1:])


def test_the_loss_is_the_cross_entropy_of_characters_and_end() -> None:
    made = guide()
    features = torch.rand(2, 10, 16)
    labels, widths = [[1, 2, 2], [4]], np.array([40, 17])
    found = attention(made, features, labels, widths, smoothing=0.0)
    total = 0.0
    for row, (label, frames) in enumerate(zip(labels, (10, 5), strict=True)):
        logits = made(features[row : row + 1], torch.tensor([frames]), torch.tensor([[0, *label]]))
        logs = logits[0].log_softmax(1)
        total -= sum(float(logs[place, cls].detach()) for place, cls in enumerate([*label, 0]))
    assert float(found.detach()) == pytest.approx(total / 6, rel=1e-4)
    smooth = attention(made, features, [[], [4]], widths)
    assert bool(torch.isfinite(smooth))


@pytest.mark.parametrize("dim", [16, 18, 15])
def test_it_learns_to_read_what_the_features_say(dim: int) -> None:
    made = guide(dim).train()
    features = torch.zeros(4, 12, dim)
    labels = [[1, 2], [2, 1, 3], [3], [5, 5]]
    for row, label in enumerate(labels):
        for place, cls in enumerate(label):
            features[row, 3 * place + 1, cls] = 5.0
    features.requires_grad_()
    optimiser = torch.optim.Adam(made.parameters(), lr=1e-2)
    widths = np.full(4, 48)
    losses = []
    for _ in range(60):
        loss = attention(made, features, labels, widths, smoothing=0.0)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.3 * losses[0]
    assert features.grad is not None and features.grad.abs().sum() > 0, "what it learns reaches the shared network"


def test_places_differ() -> None:
    made = positions(50, torch.zeros(1, 15))
    assert made.shape == (50, 15)
    assert float(torch.cdist(made, made).add(torch.eye(50) * 9).min()) > 0.1
