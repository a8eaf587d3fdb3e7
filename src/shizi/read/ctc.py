"""Connectionist temporal classification: from the network's logits to characters with places and confidences.

Source: Graves, Fernández, Gomez, Schmidhuber: Connectionist Temporal Classification, ICML 2006. No I/O.
Logits are (T, C): T frames, C classes, raw (any constant may be added to a frame). Class 0 is the blank. A network that
leaves out frames which are surely blank gives rows of the others, and says which they are: ``frames``.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shizi.read.charset import BLANK
from shizi.read.fast import exp

Logits = NDArray[np.floating[Any]]
Mask = NDArray[np.bool_]
Frames = NDArray[np.int64]
"""(K,) the frame that each of K rows is of, rising. All others are blank."""

REACH = 4.0
"""A span reaches at most so many frames beyond its peak, unless its run does: half of a glyph as wide as the strip is
high (32 pixels are 8 frames)."""

_FAINT = 4.0  # how far, in logits, a character lies below the blank in a frame that may show some of it, at most
_SHOWN = 0.02  # and the share that one has in one of the frames at least,
_SEEN = 0.2  # and all of its look-alikes together: noise is everywhere, a little
_ROUNDED = 1e-3  # more than float32 may be wrong by
_TINIEST = float(np.finfo(np.float32).tiny)  # of what is possible at all
_SORTED = 100  # alternatives up to which all are sorted: it takes less time than looking for the best of them


@dataclass(frozen=True, slots=True)
class Span:
    """One character in a strip.

    A network trained with CTC fires on one or two frames of a character, so the frames of a class say where a character
    is but not how wide. A span therefore runs from its peak to the middle between it and the neighbouring peak, at most
    :data:`REACH` frames, and always holds all frames of its own run. Spans are ordered, never overlap, and lie within
    the valid frames.
    """

    cls: int
    """Class of the network, never the blank."""
    start: float
    """First frame."""
    end: float
    """Frame after the last one."""
    confidence: float
    """Probability of the class at its peak: the frame of its run where it is most likely. Blanks do not count."""
    alternatives: tuple[tuple[int, float], ...] = ()
    """Next most likely classes at the peak with their probabilities, best first; never the blank."""
    peak: int = 0
    """The frame that the confidence and the alternatives were taken from."""


@dataclass(frozen=True, slots=True)
class _Run:
    """Frames ``start`` to ``end`` (half-open) that say column ``column`` of the scores."""

    column: int
    start: int
    end: int
    row: int
    """Row of the first one; the others follow it."""

    def of(self, scores: Logits) -> Logits:
        """Its rows."""
        return scores[self.row : self.row + self.end - self.start]


def greedy(
    logits: Logits,
    *,
    frames: Frames | None = None,
    valid: int | None = None,
    allowed: Mask | None = None,
    alike: NDArray[np.intp] | None = None,
    temperature: float = 1.0,
    alternatives: int = 0,
    min_alternative: float = 0.0,
    spread: Mask | None = None,
) -> list[Span]:
    """Best path decoding (Graves et al. 2006, §3.2): the best class of each frame, runs merged, blanks dropped.

    Args:
        logits: (T, C), or (K, C) with ``frames``.
        frames: the frames of the rows; None: all T.
        valid: frames that count; those behind them are padding. None: all, up to the last of ``frames``.
        allowed: (C,) True where a class may be read; the others count as impossible. The blank has to be allowed.
        alike: (C,) number of the group of look-alikes that each class is in. Two of a group side by side without a
            blank between them are one character that the network is in two minds about; the likelier class is kept.
        temperature: the logits are divided by it before probabilities are taken; it never changes the text.
        alternatives: at most so many other readings a character.
        min_alternative: other readings below this probability are left away.
        spread: (C,) True for classes that are read as well where they are spread over the frames of a gap, each of
            which shows the blank: a small mark that stands there with more than half a chance. None: there is none.

    Raises:
        ValueError: ``allowed`` of another length or without the blank, a temperature that is not positive, or
            ``frames`` of another number than the rows.
    """
    scores, frames, total = counted(logits, frames, valid)
    classes = None if allowed is None else _columns(allowed, logits.shape[1])
    if classes is not None:
        scores = scores[:, classes]
    path = scores.argmax(axis=1)
    groups = np.arange(scores.shape[1]) if alike is None else alike if classes is None else alike[classes]
    if spread is not None:
        path = _filled(path, scores, frames, groups, spread if classes is None else spread[classes])
    runs = _runs(path, frames)
    if alike is not None:
        runs = _fused(runs, scores, groups)
    return _spans(scores, runs, total, classes, temperature, alternatives, min_alternative)


def best_path(scores: Logits, frames: Frames | None) -> list[int]:
    """The classes that the best path (Graves et al. 2006, §3.2) of (K, C) scores says, those of ``frames``."""
    return [run.column for run in _runs(scores.argmax(axis=1), frames)]


def counted(logits: Logits, frames: Frames | None, valid: int | None) -> tuple[Logits, Frames | None, int]:
    """The rows of frames below ``valid``, which frames those are, and how many frames count, with or without a row.

    Raises:
        ValueError: ``frames`` of another number than the rows.
    """
    if frames is None:
        scores = logits if valid is None else logits[: max(0, valid)]
        return scores, None, len(scores)
    if len(frames) != len(logits):
        raise ValueError(f"{len(logits)} rows cannot be those of {len(frames)} frames")
    total = max(0, valid) if valid is not None else int(frames[-1]) + 1 if len(frames) else 0
    rows = int(np.searchsorted(frames, total))
    return logits[:rows], frames[:rows], total


def row(frames: Frames | None, frame: int) -> int:
    """The row of a frame that has one."""
    return frame if frames is None else int(np.searchsorted(frames, frame))


def gaps(frames: Frames | None) -> NDArray[np.intp]:
    """Rows before which frames were left out, but the first one: what is blank at the beginning parts nothing."""
    return np.empty(0, np.intp) if frames is None else np.flatnonzero(np.diff(frames) > 1) + 1


def opened(scores: Logits, frames: Frames | None, blank: Mask) -> tuple[Logits, NDArray[np.intp]]:
    """(K, S) scores with a row for each run of frames left out, and the row of ``scores`` that each is, there -1.

    Nothing but a blank is possible where frames were left out; ``blank`` (S,) says which of the columns are one.
    """
    where, rows = gaps(frames), np.arange(len(scores))
    if not len(where):
        return scores, rows
    nothing = np.where(blank, 0.0, -np.inf)
    return np.insert(scores, where, nothing, axis=0), np.insert(rows, where, -1)


def loss(logits: Logits, classes: Sequence[int]) -> float:
    """-log p(classes | logits), natural logarithm, by the forward algorithm (Graves et al. 2006, §4.1, eq. 5-8).

    ``logits`` is (T, C). Infinite where the classes do not fit in T frames.

    Raises:
        ValueError: a class that is the blank or beyond C.
    """
    states, skip = _states(classes, logits.shape[1])
    if not len(logits):
        return np.inf if len(classes) else 0.0
    emissions = log_softmax(logits)[:, states]
    forward = np.full(len(states), -np.inf)
    forward[:2] = emissions[0, :2]
    for emission in emissions[1:]:
        previous = forward
        forward = previous.copy()
        forward[1:] = np.logaddexp(forward[1:], previous[:-1])
        forward[2:] = np.where(skip[2:], np.logaddexp(forward[2:], previous[:-2]), forward[2:])
        forward += emission
    return -float(np.logaddexp.reduce(forward[-2:]))


def align(
    logits: Logits,
    classes: Sequence[int],
    *,
    frames: Frames | None = None,
    valid: int | None = None,
    temperature: float = 1.0,
    alternatives: int = 0,
    min_alternative: float = 0.0,
) -> list[Span]:
    """Where each of ``classes`` stands: spans along the most likely path that says just them (Viterbi).

    For text that is known, where :func:`greedy` would say what the network reads; the other arguments are those of
    ``greedy``.

    Raises:
        ValueError: the classes do not fit in the frames, or one is the blank or beyond C.
    """
    states, skip = _states(classes, logits.shape[1])
    scores, frames, total = counted(logits, frames, valid)
    if not classes:
        return []
    open_scores, rows = opened(scores[:, states].astype(np.float64), frames, np.array(states) == BLANK)
    path = _viterbi(open_scores, skip)
    if path is None:
        repeats = sum(a == b for a, b in itertools.pairwise(classes))
        raise ValueError(f"{len(classes)} characters, {repeats} of them repeated, do not fit in {len(rows)} frames")
    runs = []
    for position, cls in enumerate(classes):
        inside = rows[path == 2 * position + 1]
        first = int(inside[0])
        start = first if frames is None else int(frames[first])
        runs.append(_Run(cls, start, start + len(inside), first))
    return _spans(scores, runs, total, None, temperature, alternatives, min_alternative)


def log_softmax(logits: Logits) -> NDArray[np.float64]:
    """(T, C) -> (T, C) log probabilities of each frame; stable for any finite logits, and for minus infinity."""
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    made: NDArray[np.float64] = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return made


def softmax(logits: Logits) -> Logits:
    """(T, C) -> (T, C) probabilities, in the logits' own precision: float32 is faster and enough to report."""
    shares: Logits = logits - logits.max(axis=1, keepdims=True)
    exp(shares)
    shares /= shares.sum(axis=1, keepdims=True)
    return shares


def _filled(
    path: NDArray[np.intp], scores: Logits, frames: Frames | None, groups: NDArray[np.intp], narrow: Mask
) -> NDArray[np.intp]:
    """(T,) the best path, and what it leaves out: where no frame of a gap shows a character rather than the blank, but
    all of them together do, it stands in the frame that shows it best, if it is ``narrow``.

    CTC takes frames for independent of one another, so a class stands in none of them with the product of what each
    has for the others. What stands right before or behind a gap only fades into it, and what no frame shows with a
    fifth is noise.
    """
    others = scores[:, BLANK + 1 :].max(axis=1, initial=-np.inf)
    at = np.flatnonzero((path == BLANK) & (others > scores[:, BLANK] - _FAINT))
    if not len(at):
        return path
    shares = scores[at]
    shares -= shares[:, BLANK : BLANK + 1].copy()  # the likeliest there
    exp(shares)
    shares /= np.einsum("ij->i", shares)[:, np.newaxis]  # half of the time that sum takes
    number = at if frames is None else frames[at]
    apart = np.flatnonzero((np.diff(at) > 1) | (np.diff(number) > 1)) + 1
    blanks = shares[:, BLANK].tolist()
    gaps = [
        (first, end) for first, end in itertools.pairwise([0, *apart.tolist(), len(at)])
        if min(blanks[first:end]) < 1 - _SEEN + _ROUNDED and math.prod(blanks[first:end]) < 0.5 + _ROUNDED
    ]  # fmt: skip
    if not gaps:
        return path
    shown, columns = np.divmod(np.flatnonzero(shares >= _SHOWN), shares.shape[1])
    said = np.flatnonzero(path)
    made = path.copy()
    for first, end in gaps:
        place = int(np.searchsorted(said, at[first]))
        beside = {int(groups[path[k]]) for k in (*said[max(0, place - 1) : place], *said[place : place + 1])}
        held: dict[int, set[int]] = {}
        for column in columns[slice(*np.searchsorted(shown, (first, end)))].tolist():
            if column != BLANK and narrow[column] and int(groups[column]) not in beside:
                held.setdefault(int(groups[column]), set()).add(column)
        for alike in held.values():
            few = sorted(alike)
            masses = shares[first:end, few]
            together = masses.sum(axis=1)
            if together.max() >= _SEEN and 1 - np.prod(1 - together) > 0.5:
                best = int(masses.max(axis=1).argmax())
                made[at[first + best]] = few[int(masses[best].argmax())]
    return made


def _fused(runs: Sequence[_Run], scores: Logits, groups: NDArray[np.intp]) -> list[_Run]:
    """Runs that touch and are of one group as one run of the likelier column."""
    fused: list[_Run] = []
    for run in runs:
        last = fused[-1] if fused else None
        if last is None or last.end != run.start or groups[last.column] != groups[run.column]:
            fused.append(run)
            continue
        both = _Run(last.column, last.start, run.end, last.row)
        best = log_softmax(both.of(scores)).max(axis=0)
        column = last.column if best[last.column] >= best[run.column] else run.column
        fused[-1] = replace(both, column=column)
    return fused


def _columns(allowed: Mask, classes: int) -> NDArray[np.intp]:
    if allowed.shape != (classes,):
        raise ValueError(f"a mask for {classes} classes has the shape ({classes},), not {allowed.shape}")
    if not allowed[BLANK]:
        raise ValueError("the blank of CTC is always allowed")
    return np.flatnonzero(allowed)


def _states(classes: Sequence[int], size: int) -> tuple[list[int], Mask]:
    """The classes with blanks around each, and whether a state may be reached from the last but one.

    Skipping the blank in between is allowed between two different characters only (Graves et al. 2006, §4.1).
    """
    if not all(0 < cls < size and cls != BLANK for cls in classes):
        raise ValueError(f"classes lie between 1 and {size - 1}")
    states = [BLANK]
    skip = [False]
    for position, cls in enumerate(classes):
        states += [cls, BLANK]
        skip += [position > 0 and cls != classes[position - 1], False]
    return states, np.array(skip)


def _viterbi(scores: Logits, skip: Mask) -> NDArray[np.intp] | None:
    """(T, S) scores of the states -> (T,) the best path's states; None where no path ends."""
    frames, states = scores.shape
    if not frames:
        return None
    skipped = np.where(skip, 0.0, -np.inf)  # what jumping over a blank costs
    options = np.full((3, states), -np.inf)  # to stay, to come from the state before, or from the last but one
    best = np.full(states, -np.inf)
    best[:2] = scores[0, :2]
    came = np.zeros((frames, states), np.intp)
    for frame in range(1, frames):
        options[0] = best
        options[1, 1:] = best[:-1]
        np.add(best[:-2], skipped[2:], out=options[2, 2:])
        options.argmax(axis=0, out=came[frame])
        best = options.max(axis=0)
        best += scores[frame]
    if max(best[-2:]) == -np.inf:
        return None
    path = np.empty(frames, np.intp)
    state = states - 1 if best[-1] >= best[-2] else states - 2
    for frame in range(frames - 1, -1, -1):
        path[frame] = state
        state -= int(came[frame, state])
    return path


def _runs(path: NDArray[np.intp], frames: Frames | None) -> list[_Run]:
    """Runs of equal, non-blank entries of frames that follow one another."""
    if not len(path):
        return []
    ends = path[1:] != path[:-1]
    if frames is not None:
        ends |= frames[1:] - frames[:-1] > 1
    edges = [0, *(np.flatnonzero(ends) + 1).tolist(), len(path)]
    columns = path[edges[:-1]].tolist()
    starts = edges if frames is None else frames[edges[:-1]].tolist()
    return [
        _Run(column, start, start + end - first, first)
        for (first, end), start, column in zip(itertools.pairwise(edges), starts, columns, strict=False)
        if column != BLANK
    ]


def _spans(
    scores: Logits,
    runs: Sequence[_Run],
    total: int,
    classes: NDArray[np.intp] | None,
    temperature: float,
    alternatives: int,
    min_alternative: float,
) -> list[Span]:
    """Spans of ``runs``, within ``total`` frames; column k of the scores is class ``classes[k]`` (None: class k)."""
    if temperature <= 0:
        raise ValueError(f"a temperature is positive, not {temperature}")
    if not runs:
        return []
    # Probabilities are taken where they are needed only: most frames of a strip are blank, most classes unlikely.
    edges = list(itertools.accumulate((run.end - run.start for run in runs), initial=0))
    masses = scores[[row for run in runs for row in range(run.row, run.row + run.end - run.start)]]
    masses -= masses.max(axis=1, keepdims=True)
    if temperature != 1:
        masses *= 1 / temperature
    exp(masses)
    wholes = np.einsum("ij->i", masses).tolist()
    columns = np.repeat([run.column for run in runs], np.diff(edges))
    own = masses[np.arange(len(masses)), columns].tolist()
    shares = [mass / whole for mass, whole in zip(own, wholes, strict=True)]
    rows = [max(range(*ends), key=shares.__getitem__) for ends in itertools.pairwise(edges)]
    peaks = [run.start + row - first for run, row, first in zip(runs, rows, edges, strict=False)]
    spans = []
    for run, row, peak, (start, end) in zip(runs, rows, peaks, _extents(runs, peaks, total), strict=True):
        others: list[tuple[int, float]] = []
        if alternatives > 0 and 1 - shares[row] >= min_alternative:
            others = _others(masses[row], wholes[row], run.column, alternatives, min_alternative)
        cls = run.column
        if classes is not None:
            cls, others = int(classes[cls]), [(int(classes[column]), share) for column, share in others]
        spans.append(Span(cls, start, end, shares[row], tuple(others), peak))
    return spans


def _others(masses: Logits, whole: float, column: int, count: int, least: float) -> list[tuple[int, float]]:
    """The ``count`` most likely columns of one frame beside ``column`` and the blank, best first, ``least`` or more.

    ``masses`` are the columns' parts of the ``whole``.
    """
    likely = (masses >= max(least * whole, _TINIEST)).nonzero()[0]
    wanted = count + 2  # the blank and the column itself may be among them
    if len(likely) > _SORTED:
        likely = likely[np.argpartition(masses[likely], -wanted)[-wanted:]]
    ranked = sorted(zip((-masses[likely]).tolist(), likely.tolist(), strict=True))[:wanted]
    return [(k, -mass / whole) for mass, k in ranked if k not in (BLANK, column)][:count]


def _extents(runs: Sequence[_Run], peaks: Sequence[int], frames: int) -> list[tuple[float, float]]:
    """From where to where each run's span reaches; see :class:`Span`."""
    centres = [peak + 0.5 for peak in peaks]
    starts = [max(0.0, min(run.start, centre - REACH)) for run, centre in zip(runs, centres, strict=True)]
    ends = [min(float(frames), max(run.end, centre + REACH)) for run, centre in zip(runs, centres, strict=True)]
    for left in range(len(runs) - 1):
        right = left + 1
        if ends[left] > starts[right]:
            middle = (centres[left] + centres[right]) / 2
            ends[left] = starts[right] = float(min(max(middle, runs[left].end), runs[right].start))
    return list(zip(starts, ends, strict=True))
