"""Upright rules: what stands on either side of one is in cells of its own, however near."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shizi.find.ink import UPRIGHT, Floats, Ink, Ints
from shizi.find.lines import Bools

Places = Floats | Ints

_BEYOND = 0.12  # of their height, that it goes on above and below them: else it is the stem of a letter


@dataclass(frozen=True, slots=True, eq=False)
class Walls:
    """The upright rules of a page."""

    passed: NDArray[np.int32] | None
    """(H, W): pixels of them up to there in each row; none where there are no rules."""

    @classmethod
    def of(cls, ink: Ink) -> Walls:
        """Those of one polarity."""
        upright = ink.rules == UPRIGHT
        return cls(np.cumsum(upright, axis=1, dtype=np.int32) if upright.any() else None)

    def between(self, left: Places, right: Places, top: Places, bottom: Places) -> Bools:
        """(N,): does a rule that is longer than characters from ``top`` to ``bottom`` stand between ``left`` and
        ``right``, all (N,), pixels?
        """
        seen: Bools = right > left
        if self.passed is None or not len(seen):
            return np.zeros_like(seen)
        rows, columns = self.passed.shape
        start, end = (x.astype(np.intp).clip(0, columns - 1) for x in (left, right))
        for y in (top - _BEYOND * (bottom - top), bottom + _BEYOND * (bottom - top)):
            at = y.astype(np.intp).clip(0, rows - 1)
            seen = seen & (self.passed[at, end] > self.passed[at, start])
        return seen
