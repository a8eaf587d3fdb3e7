"""Pieces of ink: the strokes of a page, dark on light or light on dark, and what of them may belong to a character."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]
Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

_STROKE = 25  # side of the window in which ground is looked for, in half pixels: more than a stroke is thick
_CONTRAST = 0.35  # what counts as ink, as a share of the strongest ink near it
_PALE = 0.15  # the same for strokes of 一 and its like
_SHORT, _LONGEST, _LOWEST = 8, 40, 3  # how wide and how high they are, pixels
_ALONE = 2  # and how far from other ink
_FAINTEST = 14.0  # grey values between ink and ground on a page without noise
_MOST_NOISE = 40.0  # and on the noisiest
_MOST = 20_000  # pieces looked at; a page of dense text has about 5000
LEVEL, UPRIGHT = 1, 2
"""Which way a rule runs."""
SPECK = 2
"""Pixels of the smallest piece: a comma of small, light print. So small ones count for no characters."""
_THICK = 10  # pixels: rules are thinner
_BLOCK = 13  # pixels: blocks are as thick, strokes are thinner
_FILLED = 0.85  # of its box that a block fills
_LEAST_BLOCK = 900  # pixels of its box
_DEEP = 2.0  # how far a block lies from the ground, in the least that ink does
_HOLDS = 12  # pieces within the box of another one that make it a frame, a table or a picture
_SAMPLED = np.array((0.1, 0.3, 0.5, 0.7, 0.9))


@dataclass(frozen=True, slots=True, eq=False)
class Ink:
    """The strokes of one polarity on a (H, W) page."""

    light: bool
    """Light strokes on dark ground."""
    ground: Grey
    """(H, W): the page without the strokes."""
    depth: Grey
    """(H, W): how far each pixel lies from its ground."""
    mask: Grey
    """(H, W): 1 where there is ink, rules left out."""
    rules: Grey
    """(H, W): :data:`LEVEL` or :data:`UPRIGHT` where there is a rule of a table or a form, and next to it."""


@dataclass(frozen=True, slots=True, eq=False)
class Pieces:
    """Connected pieces of ink."""

    boxes: Ints
    """(N, 4): left, top, right, bottom."""
    area: Floats
    """(N,): pixels."""
    depth: Floats
    """(N,): mean distance from the ground, grey values."""

    def __len__(self) -> int:
        return len(self.boxes)

    def only(self, which: NDArray[np.bool_]) -> Pieces:
        """Those that ``which``, (N,), marks."""
        return Pieces(self.boxes[which], self.area[which], self.depth[which])


def inks(page: Grey) -> tuple[Ink, Ink]:
    """The dark and the light strokes of a (H, W) page.

    A morphological closing (for light strokes an opening) removes what is thinner than its window and leaves the
    ground. A pixel is ink where it lies as far from its ground as a share of the strongest ink around.
    """
    noise = float(np.median(np.abs(cv2.Laplacian(page, cv2.CV_16S))))
    faintest = min(_MOST_NOISE, _FAINTEST + 2 * noise)
    size = page.shape[1], page.shape[0]
    small = max(1, size[0] // 2), max(1, size[1] // 2)
    half = cv2.resize(page, small, interpolation=cv2.INTER_AREA)
    window = cv2.getStructuringElement(cv2.MORPH_RECT, (_STROKE, _STROKE))

    commonest = int(cv2.calcHist([page], [0], None, [256], [0, 256]).argmax())
    paper = cv2.absdiff(page, np.full_like(page, commonest)) < _FAINTEST
    padded = cv2.copyMakeBorder(page, _LOWEST, _LOWEST, 0, 0, cv2.BORDER_REPLICATE)
    above, below = padded[: -2 * _LOWEST], padded[2 * _LOWEST :]

    def strokes(light: bool) -> Ink:
        bare = cv2.morphologyEx(half, cv2.MORPH_OPEN if light else cv2.MORPH_CLOSE, window)
        ground = cv2.resize(bare, size, interpolation=cv2.INTER_LINEAR).astype(np.uint8, copy=False)
        away = cv2.subtract(page, ground) if light else cv2.subtract(ground, page)
        depth = away.astype(np.uint8, copy=False)
        strongest = cv2.dilate(cv2.resize(depth, small, interpolation=cv2.INTER_AREA), window)
        least = np.maximum(faintest, strongest * _CONTRAST).astype(np.uint8)
        mask = (depth > cv2.resize(least, size, interpolation=cv2.INTER_LINEAR)).view(np.uint8)
        least = np.maximum(faintest, strongest * _PALE).astype(np.uint8)
        pale = (depth > cv2.resize(least, size, interpolation=cv2.INTER_LINEAR)) & (cv2.absdiff(above, below) <= depth)
        mask |= _level_strokes(pale.view(np.uint8), mask)
        for box in _blocks((depth > _DEEP * faintest).view(np.uint8)):
            _on_block(page[box], light, faintest, ground[box], depth[box], mask[box])
        rules = _rules(mask)
        mask = np.where(rules, 0, mask).astype(np.uint8)
        rules[paper] = 0  # light strips between lines are ground
        return Ink(light, ground, depth, mask, rules)

    return strokes(False), strokes(True)


def _blocks(deep: Grey) -> Iterator[tuple[slice, slice]]:
    """Where what is 1 fills boxes: buttons and badges lower than the window, the ground of what stands on them."""
    thick = cv2.morphologyEx(deep, cv2.MORPH_OPEN, np.ones((_BLOCK, _BLOCK), np.uint8))
    if not thick.any():
        return
    _, _, stats, _ = cv2.connectedComponentsWithStats(thick, connectivity=8)
    for left, top, wide, high, area in stats[1:].tolist():
        if area >= _FILLED * wide * high and wide * high > _LEAST_BLOCK:
            yield np.s_[top : top + high, left : left + wide]


def _on_block(page: Grey, light: bool, faintest: float, ground: Grey, depth: Grey, mask: Grey) -> None:
    """Ink on a block of the same polarity, white on a button of a dark page: told from the block, in place.

    A block with nothing on it stays as it is.
    """
    own = np.full_like(page, round(float(np.median(page))))
    above = cv2.subtract(page, own) if light else cv2.subtract(own, page)
    strongest = float(above.max())
    if strongest > max(faintest, _CONTRAST * float(np.median(depth))):
        ground[:], depth[:] = own, above
        mask[:] = above > max(faintest, _CONTRAST * strongest)


def _level_strokes(pale: Grey, mask: Grey) -> Grey:
    """Of paler ink the level strokes that stand alone, (H, W): 一 in Song is thin, and small print all but loses it."""
    level = cv2.morphologyEx(pale, cv2.MORPH_OPEN, np.ones((1, _SHORT), np.uint8)).astype(np.uint8, copy=False)
    thick = cv2.morphologyEx(pale, cv2.MORPH_OPEN, np.ones((_LOWEST + 1, 1), np.uint8))
    rules = cv2.morphologyEx(pale, cv2.MORPH_OPEN, np.ones((1, 2 * _LONGEST), np.uint8))
    level[cv2.dilate(cv2.max(mask, cv2.max(thick, rules)), np.ones((2 * _ALONE + 1, 1), np.uint8)) > 0] = 0
    at = np.flatnonzero(level)
    if not len(at):
        return level
    _, labels, stats, _ = cv2.connectedComponentsWithStats(level, connectivity=8)
    wide, high = stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT]
    kept = (high <= _LOWEST) & (wide >= _SHORT) & (wide <= _LONGEST)
    level.ravel()[at] = kept[labels.ravel()[at]]
    return level


def pieces(page: Grey, ink: Ink) -> Pieces:
    """The pieces of ink that may be characters or parts of them: no rules, frames, blocks, pictures or gaps."""
    mask = ink.mask
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    left, top, wide, high, area = (stats[:, i].astype(np.intp) for i in range(5))
    fill = area / (wide * high)
    keep = (area >= SPECK) & (wide <= 0.8 * mask.shape[1])
    keep &= (fill >= 0.08) | (high <= 30)  # frames
    keep &= (fill <= _FILLED) | (wide * high <= _LEAST_BLOCK) | (np.minimum(wide, high) <= 12)  # blocks
    keep &= (high <= 14 * wide) | (high <= 24)  # upright rules
    keep[0] = False
    which = np.flatnonzero(keep)
    if len(which) > _MOST:
        which = np.sort(which[np.argsort(-area[which], kind="stable")[:_MOST]])
    at = np.flatnonzero(mask)
    owner = labels.ravel()[at]
    level = (np.bincount(owner, page.ravel()[at], count)[which]) / area[which]
    depth = (np.bincount(owner, ink.depth.ravel()[at], count)[which]) / area[which]
    boxes = np.stack([left, top, left + wide, top + high], axis=1)[which]
    found = Pieces(boxes, area[which].astype(np.float64), np.maximum(depth, 1.0))
    found = found.only(_stands_free(page, ink, found, level))
    return found.only(~_holds_many(found))


def _rules(mask: Grey) -> Grey:
    """Strokes that are straight, thin and longer than those of characters: the lines of tables and forms."""
    rows, columns = mask.shape
    rules = np.zeros_like(mask)
    for along, across, kind in (
        ((1, max(80, columns // 8)), (_THICK, 1), LEVEL),
        ((max(80, rows // 10), 1), (1, _THICK), UPRIGHT),
    ):
        rule = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones(along, np.uint8))
        if rule.any():
            rule = cv2.dilate(rule, np.ones((3, 3), np.uint8))
            thick = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones(across, np.uint8))
            rules[rule > thick] = kind
            mask = np.where(rule > thick, 0, mask).astype(np.uint8)
    return rules


def _stands_free(page: Grey, ink: Ink, found: Pieces, level: Floats) -> NDArray[np.bool_]:
    """Is there ground above or below a piece?

    Of the other polarity, the gaps between strokes look like ink too; but above and below them it goes on in the
    same grey. A rule, as what is filled in on a form stands on, is as good as ground.
    """
    left, top, right, bottom = found.boxes.T
    xs = (left[:, None] + (right - left)[:, None] * _SAMPLED).astype(np.intp)
    towards = -1 if ink.light else 1
    free = np.zeros(len(found), np.bool_)
    for y in (top - 3, bottom + 2):
        at = y.clip(0, page.shape[0] - 1)[:, None], xs
        ground = towards * (page[at].astype(np.float64) - level[:, None]) > 0.5 * found.depth[:, None]
        ground |= ink.rules[at] > 0
        free |= ground.mean(axis=1) >= 0.5
    return free


def _holds_many(found: Pieces) -> NDArray[np.bool_]:
    """Frames, tables and pictures hold many other pieces."""
    made = np.zeros(len(found), np.bool_)
    if not len(found):
        return made
    left, top, right, bottom = found.boxes.T
    x, y, high = (left + right) / 2, (top + bottom) / 2, bottom - top
    counted = found.area > 8
    for i in np.flatnonzero(high > 2 * np.median(high)).tolist():
        inside = (x > left[i]) & (x < right[i]) & (y > top[i]) & (y < bottom[i]) & counted
        made[i] = np.count_nonzero(inside) >= _HOLDS
    return made
