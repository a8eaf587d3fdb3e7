"""What lines are made with on any device does as its model on the CPU does: OpenCV's and torch's own."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import interpolate

from shizi.clean import even
from shizi.learn.synth import degrade
from shizi.learn.synth.even import evened
from shizi.learn.synth.scale import scaled
from shizi.settings import CleanSettings


@settings(max_examples=60, deadline=None)
@given(
    width=st.integers(8, 200),
    room=st.integers(0, 60),
    seed=st.integers(0, 1000),
    contrast=st.booleans(),
    polarity=st.booleans(),
)
def test_strips_are_evened_out_on_a_device_as_opencv_does_it(
    width: int, room: int, seed: int, contrast: bool, polarity: bool
) -> None:
    clean = CleanSettings(contrast=contrast, polarity=polarity)
    coarse = torch.rand(3, 1, 6, max(2, width // 5), generator=torch.Generator().manual_seed(seed))
    fine = interpolate(coarse, (32, width), mode="bicubic")[:, 0]
    grey = torch.cat([(fine * 255).clamp(0, 255).round(), torch.full((1, 32, width), 90.0)])  # the last one is flat
    wide = torch.nn.functional.pad(grey, (0, room), value=7)
    made = evened(wide, torch.full((4,), width), clean)[..., :width].numpy()
    for strip, other in zip(grey.to(torch.uint8).numpy(), made, strict=True):
        off = np.abs(even(strip, clean).astype(float) - other)
        assert off.max() <= 2 and (off > 0).mean() < 0.1, "but for the last digit's rounding"


@pytest.mark.parametrize("quality", [15, 49, 50, 80])
def test_jpeg_loses_what_opencvs_encoder_loses(quality: int, monkeypatch: pytest.MonkeyPatch) -> None:
    coarse = torch.rand(20, 1, 8, 30, generator=torch.Generator().manual_seed(1))
    grey = (interpolate(coarse, (32, 90), mode="bilinear") * 255).round()
    drawn = torch.randint
    monkeypatch.setattr(degrade, "_parted", lambda n, share, groups, device: [torch.arange(n)])
    monkeypatch.setattr(torch, "randint", lambda *a, **k: torch.full(a[2], quality) if a[:2] == (15, 81) else drawn(*a))
    mine = degrade._jpeg(grey, 1.0)
    options = (cv2.IMWRITE_JPEG_QUALITY, quality)
    packed = [cv2.imencode(".jpg", one[0], options)[1] for one in grey.numpy().astype(np.uint8)]
    theirs = torch.from_numpy(np.stack([cv2.imdecode(one, cv2.IMREAD_GRAYSCALE) for one in packed])).float()
    lost = float((theirs - grey[:, 0]).abs().mean())
    assert float((mine[:, 0] - theirs).abs().mean()) < 0.12 * lost


@settings(max_examples=60, deadline=None)
@given(
    before=st.tuples(st.integers(2, 40), st.integers(2, 90)),
    after=st.tuples(st.integers(1, 40), st.integers(2, 90)),  # one column: torch 2.13 smooths it wrongly
    mode=st.sampled_from([("nearest", False), ("bilinear", False), ("bilinear", True), ("bicubic", False)]),
)
def test_pictures_are_scaled_as_torch_does_it(
    before: tuple[int, int], after: tuple[int, int], mode: tuple[str, bool]
) -> None:
    pictures = torch.rand(3, 1, *before, generator=torch.Generator().manual_seed(sum(before)))
    made = scaled(pictures, *after, mode[0], antialias=mode[1])
    torch.testing.assert_close(
        made, interpolate(pictures, after, mode=mode[0], antialias=mode[1]), atol=1e-5, rtol=1e-5
    )
