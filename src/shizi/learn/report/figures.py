"""Drawings of the page: SVG, coloured by the classes that its style sheet defines for light and dark."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from shizi.learn.calibration import Bin

SIDE = 300
"""Of a plot's square, in the drawing's units."""


def interval(value: float | None, ends: tuple[float, float] | None) -> str:
    """A bar from 0 to 100 % with the interval as a whisker; what lies beyond is cut off."""
    if value is None:
        return ""

    def x(share: float) -> str:
        return f"{100 * min(max(share, 0.0), 1.0):.2f}"

    parts = [
        f'<rect class="{name}" width="{end}" height="8" y="3"/>' for name, end in (("track", 100), ("bar", x(value)))
    ]
    if ends is not None:
        low, high = x(ends[0]), x(ends[1])
        parts.append(f'<path class="whisker" d="M{low} 7H{high}M{low} 4V10M{high} 4V10"/>')
    return _stretched("interval", 14, parts)


def stacked(parts: Sequence[tuple[str, float]]) -> str:
    """Shares beside one another, each (class, share); they add up to one at most."""
    drawn, left = [], 0.0
    for name, share in parts:
        drawn.append(f'<rect class="{name}" x="{100 * left:.2f}" width="{100 * share:.2f}" height="12"/>')
        left += share
    return _stretched("stacked", 12, drawn)


def _stretched(name: str, high: int, drawn: Sequence[str]) -> str:
    """A drawing 100 units wide that fills its cell; the cells beside it say the same in figures."""
    box = f'viewBox="0 0 100 {high}" preserveAspectRatio="none" aria-hidden="true"'
    return f'<svg class="{name}" {box}>{"".join(drawn)}</svg>'


def reliability(bins: Sequence[Bin]) -> str:
    """Claimed against held: a bar for the share that was right, a line for the mean confidence, the diagonal."""
    drawn = []
    for one in bins:
        x, wide = SIDE * one.low, SIDE * (one.high - one.low)
        if one.right is None or one.confidence is None:
            continue
        high, claimed = SIDE * one.right, SIDE - SIDE * one.confidence
        about = f"{one.count:,} characters read at {one.confidence:.0%} on average, {one.right:.1%} right"
        drawn.append(
            f"<g><title>{about}</title>"
            f'<rect class="bar" x="{x + 1:.1f}" y="{SIDE - high:.1f}" width="{wide - 2:.1f}" height="{high:.1f}"/>'
            f'<path class="claimed" d="M{x + 1:.1f} {claimed:.1f}h{wide - 2:.1f}"/></g>'
        )
    ticks = "".join(
        f'<text x="{SIDE * t / 100}" y="{SIDE + 18}" text-anchor="middle">{t}</text>'
        f'<text x="-8" y="{SIDE - SIDE * t / 100 + 4}" text-anchor="end">{t}</text>'
        for t in (0, 25, 50, 75, 100)
    )
    return (
        f'<svg class="plot" viewBox="-46 -10 {SIDE + 60} {SIDE + 52}" role="img" '
        'aria-label="Reliability diagram: confidence against the share that was right">'
        f'<rect class="track" width="{SIDE}" height="{SIDE}"/>{"".join(drawn)}'
        f'<path class="diagonal" d="M0 {SIDE}L{SIDE} 0"/>{ticks}'
        f'<text x="{SIDE / 2}" y="{SIDE + 38}" text-anchor="middle">confidence, %</text>'
        f'<text transform="translate(-36 {SIDE / 2}) rotate(-90)" text-anchor="middle">right, %</text></svg>'
    )


def histogram(values: Sequence[float], columns: int = 30) -> str:
    """Seconds on a logarithmic axis, with median and 95th percentile."""
    wide, high = 520, 150
    logs = np.log10(np.maximum(np.asarray(values, float), 1e-6))
    low, top = float(logs.min()) - 0.05, float(logs.max()) + 0.05
    counts, _ = np.histogram(logs, columns, (low, top))

    def x(log: float) -> float:
        return wide * (log - low) / (top - low)

    step = wide / columns
    bars = "".join(
        f'<rect class="bar" x="{i * step + 0.5:.1f}" y="{high - high * n / counts.max():.1f}" width="{step - 1:.1f}" '
        f'height="{high * n / counts.max():.1f}"><title>{n}</title></rect>'
        for i, n in enumerate(counts.tolist())
        if n
    )
    marks = []
    for name, share, row in (("median", 50, -6), ("95 %", 95, -20)):
        at = float(np.percentile(logs, share))
        side = "end" if x(at) > wide * 0.75 else "start"
        marks.append(
            f'<path class="mark" d="M{x(at):.1f} {row}V{high}"/><text x="{x(at) + (-4 if side == "end" else 4):.1f}" '
            f'y="{row + 2}" text-anchor="{side}">{name} {seconds(10**at)}</text>'
        )
    ticks = "".join(
        f'<path class="tick" d="M{x(log):.1f} {high}v5"/><text x="{x(log):.1f}" y="{high + 18}" text-anchor="middle">'
        f"{seconds(10**log)}</text>"
        for log in _ticks(low, top)
    )
    return (
        f'<svg class="plot" viewBox="-24 -34 {wide + 48} {high + 60}" role="img" aria-label="Distribution of seconds">'
        f'{bars}{"".join(marks)}<path class="tick" d="M0 {high}H{wide}"/>{ticks}</svg>'
    )


def _ticks(low: float, high: float) -> list[float]:
    """1, 2 and 5 times each power of ten between two logarithms."""
    powers = range(math.floor(low), math.ceil(high) + 1)
    every = [power + math.log10(one) for power in powers for one in (1, 2, 5)]
    return [log for log in every if low <= log <= high]


def seconds(value: float) -> str:
    """A time for a person."""
    return f"{value * 1000:.3g} ms" if value < 1 else f"{value:.3g} s"
