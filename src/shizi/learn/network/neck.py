"""The neck: what stands left and right of a character helps to read it."""

from __future__ import annotations

from torch import Tensor, nn


class BidirectionalLSTM(nn.Module):
    """BiLSTM and a linear layer beside a shortcut: (N, T, D) -> (N, T, D).

    The linear layer starts at zero, so that a network put together from a trained character reader reads as before
    and only learns what context adds.
    """

    def __init__(self, dim: int, hidden: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(dim, hidden, bidirectional=True, batch_first=True)
        self.linear = nn.Linear(2 * hidden, dim)
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)

    def forward(self, x: Tensor) -> Tensor:
        """(N, T, D) -> (N, T, D)."""
        return x + self.linear(self.lstm(x)[0])  # type: ignore[no-any-return]
