"""Windows of attention along a line."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from shizi.learn.network.swin import WINDOW, Swin, SwinBlock  # noqa: E402


def block(shift: int, rows: int = 2, width: int = 16) -> SwinBlock:
    torch.manual_seed(0)
    return SwinBlock(width, rows, shift).eval()


def touched(made: SwinBlock, at: int, steps: int) -> list[int]:
    """The steps whose answer changes with what stands at step ``at``."""
    x = torch.rand(1, 16, made.rows, steps)
    other = x.clone()
    other[:, :, 0, at] += 1
    return (made(x) - made(other)).abs().sum(dim=(0, 1, 2)).nonzero().flatten().tolist()


@pytest.mark.parametrize(("shift", "at", "low", "high"), [(0, 9, 8, 16), (0, 0, 0, 8), (4, 9, 4, 12), (4, 3, 0, 4)])
def test_a_step_sees_its_window_and_no_further(shift: int, at: int, low: int, high: int) -> None:
    assert touched(block(shift), at, 21) == list(range(low, high))


@pytest.mark.parametrize("shift", [0, WINDOW // 2])
def test_what_fills_the_last_window_says_nothing(shift: int) -> None:
    """Any width has its answer, and complete windows do not know how the line goes on."""
    made = block(shift)
    x = torch.rand(2, 16, 2, 40)
    whole = made(x)
    for steps in (1, 5, 8, 13, 31):
        part = made(x[..., :steps])
        assert part.shape == (2, 16, 2, steps)
        assert part.isfinite().all()
        full = (steps + shift) // WINDOW * WINDOW - shift
        if full > 0:
            torch.testing.assert_close(part[..., :full], whole[..., :full])
    torch.testing.assert_close(made(x[:1]), whole[:1])


def test_a_uniform_window_is_left_to_itself() -> None:
    """The padding of an incomplete window takes no part in its softmax: equal steps stay equal."""
    made = block(0)
    answer = made(torch.ones(1, 16, 2, 3))
    torch.testing.assert_close(answer, made(torch.ones(1, 16, 2, 8))[..., :3])


def test_places_are_told_apart_by_the_bias_alone() -> None:
    made = block(0)
    x = torch.rand(1, 16, 2, WINDOW)
    order = torch.randperm(WINDOW)
    turned = made(x[..., order])
    assert not torch.allclose(turned, made(x)[..., order], atol=1e-6)
    torch.nn.init.zeros_(made.bias)
    torch.testing.assert_close(made(x[..., order]), made(x)[..., order])


def test_every_other_block_is_shifted() -> None:
    stages = Swin((8, 8, 8, 8), (0, 1, 2, 3))
    blocks = [layer for layer in stages.layers if isinstance(layer, SwinBlock)]
    assert [made.shift for made in blocks] == [0, 0, 4, 0, 4, 0]
    assert [made.rows for made in blocks] == [8, 4, 4, 2, 2, 2]
