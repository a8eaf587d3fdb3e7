"""Whether confidences can be believed: do nine in ten of the characters read at 90 % turn out to be right?

Pure functions of two arrays of equal length: the confidence of each character that was read, and whether it was right.
A character that was not read at all has no confidence and is not among them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BINS = 10
"""Bins of equal width of a reliability diagram."""
LEAST_SURE = 0.05
"""The share of characters that a person would look at again."""

Confidences = NDArray[np.float64]
Right = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Bin:
    """Characters whose confidence lies from ``low`` to ``high``.

    ``confidence`` is their mean, ``right`` the share of them that is right; both are None where there are none.
    """

    low: float
    high: float
    count: int
    confidence: float | None
    right: float | None


def reliability(confidences: Confidences, right: Right, bins: int = BINS) -> list[Bin]:
    """The reliability diagram (Niculescu-Mizil & Caruana 2005): what was claimed and what held, bin by bin."""
    place = np.clip((np.asarray(confidences) * bins).astype(int), 0, bins - 1)
    count = np.bincount(place, minlength=bins)
    claimed = np.bincount(place, weights=confidences, minlength=bins)
    held = np.bincount(place, weights=np.asarray(right, float), minlength=bins)
    return [
        Bin(i / bins, (i + 1) / bins, n, float(claimed[i]) / n if n else None, float(held[i]) / n if n else None)
        for i, n in enumerate(count.tolist())
    ]


def expected_error(confidences: Confidences, right: Right, bins: int = BINS) -> float | None:
    """Expected calibration error (Guo et al. 2017, §2): the mean gap of claimed and held, weighed by characters.

    None where nothing was read.
    """
    if not len(confidences):
        return None
    gaps = [
        one.count * abs(one.confidence - one.right)
        for one in reliability(confidences, right, bins)
        if one.confidence is not None and one.right is not None
    ]
    return sum(gaps) / len(confidences)


def caught(confidences: Confidences, right: Right, share: float = LEAST_SURE) -> float | None:
    """Share of all wrong characters that lie among the ``share`` of characters with the lowest confidence.

    Characters of equal confidence at the border count in part, so that their order does not matter. None where
    nothing is wrong.
    """
    wrong = ~np.asarray(right, bool)
    if not wrong.any():
        return None
    sure = np.asarray(confidences, float)
    room = share * len(sure)
    border = np.sort(sure)[min(len(sure) - 1, int(room))]
    below, tied = sure < border, sure == border
    part = (room - below.sum()) / tied.sum()
    return float((wrong[below].sum() + part * wrong[tied].sum()) / wrong.sum())
