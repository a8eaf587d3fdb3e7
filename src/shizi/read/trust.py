"""How far a confidence can be trusted: temperature scaling.

Source: Guo, Pleiss, Sun, Weinberger: On Calibration of Modern Neural Networks, ICML 2017. One number, the temperature,
is fitted on lines whose text is known and travels in the model's card. The logits are divided by it before the softmax,
which changes every confidence and never the text. More than that (the margin to the next reading, blanks beside the
character, its neighbours, the line) was measured and gains next to nothing. numpy only, no I/O.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shizi.errors import DataError, ModelMismatch
from shizi.read import ctc

LOWEST, HIGHEST = 0.2, 5.0
"""Bounds of a fitted temperature."""


FORCED = 0.01
"""How often a text is taken not to fit what its reader said of it, for each character. See :func:`holds`."""


def temperature(card: Mapping[str, Any]) -> float:
    """The temperature in a model's card, 1 where it has none.

    Raises:
        ModelMismatch: it is not a positive, finite number.
    """
    value = card.get("temperature", 1.0)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not (math.isfinite(value) and value > 0):
        raise ModelMismatch(f"the card's temperature is a positive number, not {value!r}")
    return float(value)


def holds(seen: float) -> float:
    """How likely it is that a character is one of those that its reader says it can be.

    Before the picture is seen, it is not with the probability :data:`FORCED`. With ``seen``, the network's share of
    those characters and the blank, Bayes gives m (1 - f) / (m (1 - f) + (1 - m) f): most likely where 0 has to be read
    instead of O, next to nothing where the network saw a hanzi.
    """
    yes, no = seen * (1 - FORCED), max(0.0, 1 - seen) * FORCED
    return yes / (yes + no)


def fit_temperature(logits: Iterable[ctc.Logits], truths: Iterable[Sequence[int]]) -> float:
    """The temperature under which confidences best say how often a character that was read is right.

    Each line is read greedily; its characters that match the truth in order are right, the others wrong. What is
    minimised is the negative log-likelihood of right and wrong under the confidences (Guo et al. 2017, §4.2, on
    the peak frame of each character, since that frame is what :class:`shizi.read.ctc.Span` reports).

    Args:
        logits: a (T, C) array a line, without padding. One frame a character is kept in memory.
        truths: a line's classes each.

    Raises:
        DataError: not a single character was read.
    """
    margins: list[NDArray[np.float32]] = []
    right: list[bool] = []
    for line, truth in zip(logits, truths, strict=True):
        spans = ctc.greedy(line)
        blocks = SequenceMatcher(None, [span.cls for span in spans], list(truth), autojunk=False).get_matching_blocks()
        matched = {block.a + step for block in blocks for step in range(block.size)}
        margins += [(line[span.peak] - line[span.peak, span.cls]).astype(np.float32) for span in spans]
        right += [position in matched for position in range(len(spans))]
    if not margins:
        raise DataError("not a single character was read: there is nothing to fit a temperature on")
    rows, labels = np.stack(margins), np.array(right)
    found = _golden(lambda t: _surprise(rows, labels, math.exp(t)), math.log(LOWEST), math.log(HIGHEST))
    return math.exp(found)


def _surprise(margins: NDArray[np.float32], right: NDArray[np.bool_], t: float) -> float:
    """Mean -log likelihood of right and wrong; ``margins`` (N, C) are logits minus that of the class that was read."""
    confidence = 1.0 / np.exp(margins / np.float32(t)).sum(axis=1, dtype=np.float64)
    confidence = np.clip(confidence, 1e-9, 1 - 1e-9)  # a wrong character at full confidence costs much, not everything
    return -float(np.mean(np.where(right, np.log(confidence), np.log1p(-confidence))))


def _golden(function: Callable[[float], float], low: float, high: float, tolerance: float = 1e-3) -> float:
    """Where ``function`` is least between ``low`` and ``high``: golden-section search (Kiefer 1953)."""
    ratio = (math.sqrt(5) - 1) / 2
    left, right = high - ratio * (high - low), low + ratio * (high - low)
    at_left, at_right = function(left), function(right)
    while high - low > tolerance:
        if at_left <= at_right:
            high, right, at_right = right, left, at_left
            left = high - ratio * (high - low)
            at_left = function(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + ratio * (high - low)
            at_right = function(right)
    return (low + high) / 2
