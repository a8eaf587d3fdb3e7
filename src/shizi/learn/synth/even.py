"""The runtime's preprocessing of strips, :func:`shizi.clean.even`, for a whole batch where it lies.

OpenCV evens out one picture at a time on the CPU; lines that an accelerator draws would travel there and back for it.
"""

from __future__ import annotations

import torch
from torch import Tensor

from shizi.clean import FLAT, MIN_TILE
from shizi.settings import CleanSettings

GREYS = 256


def evened(grey: Tensor, widths: Tensor, settings: CleanSettings) -> Tensor:
    """Grey values stretched, dark text on light ground, local contrast, as :func:`shizi.clean.even` does it.

    Args:
        grey: (N, H, W) whole grey values in [0, 255].
        widths: (N,) columns of each that belong to the line; what lies right of them neither counts nor means anything.
        settings: what is done.

    Returns:
        (N, H, W) float32 whole grey values.
    """
    values = grey.long()
    inside = torch.arange(grey.shape[2], device=grey.device) < widths.view(-1, 1, 1)
    if settings.contrast or settings.polarity:
        low, middle, high = _spread(values, inside)
        clear = high - low >= FLAT
        if settings.contrast:
            gain = torch.full_like(low, 255, dtype=torch.float64) / (high - low).clamp(min=1)
            stretched = ((values - low) * gain).clamp(0, 255).long()
            values = torch.where(clear, stretched, values)
        if settings.polarity:
            values = torch.where(2 * middle < low + high, 255 - values, values)
    return _clahe(values, widths, settings) if settings.contrast else values.float()


def _spread(values: Tensor, inside: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """(N, 1, 1) each: the darkest, middle and lightest grey, but for a hundredth of the pixels at each end."""
    n = len(values)
    counts = torch.zeros(n, GREYS, dtype=torch.long, device=values.device)
    counts.scatter_add_(1, values.reshape(n, -1), inside.expand_as(values).reshape(n, -1).long())
    sums = counts.cumsum(1).double()
    shares = torch.tensor((0.01, 0.5, 0.99), dtype=torch.float64, device=values.device)
    found = torch.searchsorted(sums, sums[:, -1:] * shares).view(n, 3, 1, 1)
    return found[:, 0], found[:, 1], found[:, 2]


def _clahe(values: Tensor, widths: Tensor, settings: CleanSettings) -> Tensor:
    """Contrast limited adaptive histogram equalisation (Zuiderveld 1994), with OpenCV's tiles, rims and rounding.

    The number of tiles goes with a line's width, so each pixel looks up where its own tile lies.
    """
    n, height, width = values.shape
    device = values.device
    down = min(settings.tiles, max(1, height // MIN_TILE))
    across = (widths // MIN_TILE).clamp(1, settings.tiles).view(-1, 1)
    most = min(settings.tiles, max(1, width // MIN_TILE))
    # OpenCV adds a rim to both sides if either cannot be parted evenly: up to a whole tile of one that can.
    uneven = (widths.view(-1, 1) % across != 0) | (height % down != 0)
    wide = (widths.view(-1, 1) + torch.where(uneven, across - widths.view(-1, 1) % across, 0)) // across
    high = (height + torch.where(uneven, down - height % down, 0)) // down  # (N, 1) sides of a tile
    x = torch.arange(width + settings.tiles, device=device).expand(n, -1)
    y = torch.arange(height + down, device=device).expand(n, -1)
    counted = ((x < wide * across).unsqueeze(1) & (y < high * down).unsqueeze(2)).long()
    from_x, from_y = _mirrored(x, widths.view(-1, 1)), _mirrored(y, torch.full_like(wide, height))
    rimmed = values.gather(2, from_x.unsqueeze(1).expand(-1, height, -1))
    rimmed = rimmed.gather(1, from_y.unsqueeze(2).expand(-1, -1, rimmed.shape[2]))
    column, row = (x // wide).clamp(max=most - 1).unsqueeze(1), (y // high).clamp(max=down - 1).unsqueeze(2)
    cells = (row * most + column) * GREYS + rimmed
    counts = torch.zeros(n, down * most * GREYS, dtype=torch.long, device=device)
    counts.scatter_add_(1, cells.reshape(n, -1), counted.reshape(n, -1))
    area = (wide * high).view(n, 1, 1)
    table = _equalised(counts.view(n, down * most, GREYS), area, settings.clip).view(n, -1)

    def taken(rows: Tensor, columns: Tensor) -> Tensor:
        rows, columns = rows.clamp(0, down - 1).unsqueeze(2), columns.unsqueeze(1)
        place = (rows * most + columns) * GREYS + values
        return table.gather(1, place.view(n, -1)).view_as(values).float()

    right = torch.arange(width, device=device) / wide - 0.5
    below = torch.arange(height, device=device) / high - 0.5
    left, above = right.floor(), below.floor()
    one, two = left.long().clamp(min=0), torch.minimum(left.long() + 1, across - 1)
    one = torch.minimum(one, across - 1)  # beyond the line
    along, up = (right - left).unsqueeze(1), (below - above).unsqueeze(2)
    top = torch.lerp(taken(above.long(), one), taken(above.long(), two), along)
    bottom = torch.lerp(taken(above.long() + 1, one), taken(above.long() + 1, two), along)
    return torch.lerp(top, bottom, up).round()


def _mirrored(places: Tensor, size: Tensor) -> Tensor:
    """Places beyond ``size`` as their mirror images within it; the edge itself is not doubled."""
    return torch.where(places < size, places, 2 * (size - 1) - places).clamp(min=0)


def _equalised(counts: Tensor, area: Tensor, clip: float) -> Tensor:
    """(N, tiles, 256) counts of grey values -> what each value becomes; what is cut off is dealt out to all."""
    limit = (clip * area / GREYS).long().clamp(min=1)
    cut = (counts - limit).clamp(min=0).sum(2, keepdim=True)
    share, rest = cut // GREYS, cut % GREYS
    step = (GREYS // rest.clamp(min=1)).clamp(min=1)
    grey = torch.arange(GREYS, device=counts.device)
    more = (grey % step == 0) & (grey // step < rest)
    full = counts.minimum(limit) + share + more.long()
    return (full.cumsum(2).float() * (255.0 / area.float())).round().clamp(0, 255)
