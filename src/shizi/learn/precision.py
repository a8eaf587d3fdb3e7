"""Where half precision pays."""

from __future__ import annotations

import torch

EMULATED = frozenset({"AVX2", "NO AVX"})
"""Instruction sets on which PyTorch makes bfloat16 up from float32: a convolution takes over thirty times as long."""


def has_bf16(device: torch.device) -> bool:
    """Does bfloat16 gain time on this device? On a processor without AVX-512 it costs very much."""
    return device.type != "cpu" or torch.backends.cpu.get_cpu_capability() not in EMULATED
