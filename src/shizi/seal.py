"""Seals: round stamps in red or blue over the text of contracts, orders and invoices, which are taken off to read it.

In the channel of the seal's own colour its ink is almost as light as paper, and black print stays black. A seal is
known by its rim, an ellipse of one colour around much that is not of it: headlines and marks in red stay what they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from shizi import crop, find
from shizi.clean import Upright
from shizi.find import Found
from shizi.settings import FindSettings
from shizi.types import Dropped, Quad

Grey = NDArray[np.uint8]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

RED, BLUE = 0, 2
"""Channels of RGB; official seals are red, some offices' stamps blue."""
MIDDLE, WITHIN = 0.6, 0.8
"""Radii within which the middle of straight words of its own lies, and within which they end; beyond is the rim's."""
SEVERAL = 1.5
"""Width of such words, in their heights: lone characters are the rim's."""

_LOOKED_AT = 600  # longest side of the picture that rims are looked for on, pixels, or nearly twice as much
_COLOURED = 0.18  # how far the channel stands out from the others, as a share of the light there
_FAINT = 12  # and grey values beyond that: of dark pixels the colour is noise
_LEAST, _MOST = 0.05, 0.5  # length of a rim's shorter and of its longer axis, of the page's longest side
_ROUND = 2.2  # longer axis in shorter ones
_BRIDGED = 5  # pixels: what print and rules that cross a rim leave open
_RULE = 0.12  # of the longest side: straight strokes as long are rules
_TRIES = 60  # ellipses laid through five points of a piece of ink
_NEAR = 0.05  # of the radius: how near to the ellipse its rim runs
_BINS = 72  # parts of the way around
_CLOSED = 0.8  # share of them in which the rim is seen
_OPEN = 0.45  # most of the band within the rim, and beyond it, that is of its colour
_FILLED = 0.4  # most of a piece's box that its ink fills
_PIECES = 8  # the longest pieces of ink are tried
_REACH = 1.1  # radii within which ink is taken off: a rim has a width, and fringes
_DARKEST = 0.4  # share of the light that it lets through at least: what is darker is print
_SMEARED = 5  # pixels around ink that JPEG and lenses lend its colour to
_DARKER = 25  # per cent of that ink: its darker part says how much light it lets through
_WINDOW = 0.6  # of a seal's shorter radius: more than its strokes and its star are thick, so that paper shows
_SEEN = 101.0  # pixels of that window at most
_PALE = 0.8  # darkest parts of what is left of a seal's ink, in its ground; print is half as light as it or darker
_LIGHT = 75  # per cent of the pixels around a seal: those are paper
_PRINT = 0.6  # light of paper, in the seal's own channel, below which there is nothing but print
_SOOT = 25  # grey values that are added to print, of which the darkest tells nothing of what lies over it
_MARGIN = 2  # pixels around words of a seal that are shown with them
_STRONG = 0.75  # of the strongest colour: ink as strong counts as full


@dataclass(frozen=True, slots=True)
class Seal:
    """An ellipse on a picture, pixels, and its colour."""

    x: float
    y: float
    across: float
    """Radius along ``angle``."""
    high: float
    """Radius across it."""
    angle: float
    """Degrees clockwise."""
    channel: int
    """:data:`RED` or :data:`BLUE`."""

    def radii(self, xs: Floats, ys: Floats) -> Floats:
        """How far points lie from the middle, in radii: 1 on the rim."""
        cos, sin = np.cos(np.radians(self.angle)), np.sin(np.radians(self.angle))
        dx, dy = xs - self.x, ys - self.y
        made: Floats = np.hypot((dx * cos + dy * sin) / self.across, (dy * cos - dx * sin) / self.high)
        return made

    def box(self, radii: float, shape: tuple[int, ...]) -> tuple[int, int, int, int]:
        """Left, top, right and bottom of what lies within so many radii, on a picture of that shape."""
        reach = radii * max(self.across, self.high) + 1
        left, top = max(0, int(self.x - reach)), max(0, int(self.y - reach))
        return left, top, min(shape[1], int(self.x + reach) + 1), min(shape[0], int(self.y + reach) + 1)

    def mask(self, radii: float, shape: tuple[int, ...], corner: tuple[int, int]) -> Grey:
        """(H, W): 255 within so many radii, seen from a corner of the picture."""
        made = np.zeros(shape[:2], np.uint8)
        axes = 2 * radii * self.across, 2 * radii * self.high
        cv2.ellipse(made, ((self.x - corner[0], self.y - corner[1]), axes, self.angle), 255, cv2.FILLED)
        return made

    def middle(self, quad: Quad) -> tuple[float, float] | None:
        """From which to which share of its length a line may be straight words in the middle, without the rim's.

        None where it is none.
        """
        (ax, ay), (bx, by), (cx, cy), (dx, dy) = quad.points
        shares = np.linspace(0, 1, 65)
        xs, ys = (ax + dx) / 2 + shares * (bx + cx - ax - dx) / 2, (ay + dy) / 2 + shares * (by + cy - ay - dy) / 2
        within = shares[self.radii(xs, ys) < WITHIN]
        if not len(within) or self.radii(xs[32:33], ys[32:33])[0] >= MIDDLE:
            return None
        start, end = float(within[0]), float(within[-1])
        return (start, end) if (end - start) * quad.width >= SEVERAL * quad.height else None


def seals(pixels: NDArray[np.uint8]) -> list[Seal]:
    """Those on a (H, W, 3) RGB picture, the largest rims first; none lies within another one."""
    step = max(1, max(pixels.shape[:2]) // _LOOKED_AT)  # by a whole number it is ten times as fast as by another
    size = max(1, pixels.shape[1] // step), max(1, pixels.shape[0] // step)
    small = cv2.resize(pixels[: size[1] * step, : size[0] * step], size, interpolation=cv2.INTER_AREA)
    channels = _channels(small.astype(np.uint8, copy=False))
    least = _least(channels)
    made: list[Seal] = []
    for channel in (RED, BLUE):
        mask = (_colour(channels, channel) > least).view(np.uint8)
        if np.count_nonzero(mask) < 4 * _LEAST * max(size):
            continue
        for one in sorted(_rims(mask), key=lambda found: -found.across * found.high):
            full = Seal(one.x * step, one.y * step, one.across * step, one.high * step, one.angle, channel)
            if all(other.radii(np.array([full.x]), np.array([full.y]))[0] >= 1 for other in made):
                made.append(full)
    return made


def lifted(pixels: NDArray[np.uint8], grey: Grey, found: Sequence[Seal]) -> Grey:
    """The (H, W) ``grey`` of a (H, W, 3) RGB picture without the ink of its seals."""
    made = grey.copy() if found else grey
    for one in found:
        left, top, right, bottom = one.box(_REACH, grey.shape)
        there = made[top:bottom, left:right]
        cv2.copyTo(_bare(one, pixels[top:bottom, left:right], there), one.mask(_REACH, there.shape, (left, top)), there)
    return made


def ink(pixels: NDArray[np.uint8], channel: int) -> Grey:
    """Of a (H, W, 3) RGB picture (H, W) how much seals of one colour darken it, none where the print under them does.

    Green is looked at, which both colours darken and of which JPEG keeps the most detail. Print darkens the seals' own
    channel as well, and is divided out; not so what darkens that one little, as JPEG spreads colour around strokes.
    """
    other, own = (pixels[..., at].astype(np.float32) for at in (1, channel))
    paper = max(1.0, float(np.percentile(own, _LIGHT)))
    # as far as there is print, its own lightness; else paper's
    clear = np.clip((own / paper - _PRINT) / (1 - _PRINT), 0, 1)
    ground = paper * clear + own * (1 - clear)
    made: Grey = np.clip(255 * (1 - (other + _SOOT) / (ground + _SOOT)), 0, 255).astype(np.uint8)
    return made


def _bare(one: Seal, pixels: NDArray[np.uint8], grey: Grey) -> Grey:
    """A (H, W, 3) part of a picture around a seal, seen where its ink is as light as paper, as bright as ``grey``."""
    channels = _channels(pixels)
    colour, light = _colour(channels, one.channel), channels[one.channel]
    near = np.ones((_SMEARED, _SMEARED), np.uint8)
    ink = cv2.dilate((colour > _least(channels) // 2).view(np.uint8), near) > 0
    if not ink.any():
        return grey
    paper = _paper(light, ink, one)
    # what lies beside strong ink is taken for as strong; nothing becomes lighter than paper by it
    share = cv2.dilate(colour, near).astype(np.float32) / paper
    full = _STRONG * float(np.percentile(share[ink], 98))
    passed = float(np.percentile(light[share >= full] / paper[share >= full], _DARKER))
    passed = min(1.0, max(_DARKEST, passed))
    made = light / (1 - (1 - passed) * np.minimum(share / full, 1))
    np.minimum(made, paper, out=made, where=ink)
    tone = 1.0 if ink.all() else float(np.median(grey[~ink] / np.maximum(light[~ink], 1)))
    bright: Grey = np.clip(tone * made, 0, 255).astype(np.uint8)
    return bright


def _paper(light: Grey, ink: Bools, one: Seal) -> NDArray[np.float32]:
    """(H, W): how light paper is there, between a seal's ink and print."""
    smooth = cv2.blur(light, (_SMEARED, _SMEARED))  # or else the lightest grain were paper
    smooth[ink] = 0
    side = _WINDOW * min(one.across, one.high)
    step = max(1.0, side / _SEEN)  # paper changes slowly: of a large seal it is seen smaller
    size = max(1, round(light.shape[1] / step)), max(1, round(light.shape[0] / step))
    window = round(side / step) | 1
    small = cv2.resize(smooth, size, interpolation=cv2.INTER_AREA) if step > 1 else smooth
    small = cv2.blur(cv2.morphologyEx(small, cv2.MORPH_CLOSE, np.ones((window, window), np.uint8)), (window, window))
    paper = cv2.resize(small, light.shape[::-1], interpolation=cv2.INTER_LINEAR) if step > 1 else small
    return np.maximum(paper, 1).astype(np.float32)


def with_words(
    page: Upright, grey: Grey, some: Sequence[Seal], found: Found, settings: FindSettings
) -> tuple[Upright, Found]:
    """What was found on a page without its seals, and straight words in their middle where no print runs across.

    What is left of ink that was taken off, and was found for its shape, is no line.

    Args:
        page: without the seals' ink.
        grey: the (H, W) picture that it was made from, with it.
        some: the seals, on that picture.
        found: on the page.
        settings: how lines are found.

    Returns:
        The page, on which those words are seen, and all its lines.
    """
    inked, pixels = page.like(grey), page.page.copy()
    left = [one for one in found.lines if _is_left(page, one.quad, some)]
    lines = [one for one in found.lines if one not in left]
    taken = [one.quad.bounds for one in lines]
    for line in find.find(inked.page, settings, level=page.level).lines:
        ends = next(filter(None, (one.middle(inked.back(line.quad)) for one in some)), None)
        if ends is None or line.vertical:
            continue
        words = replace(line, quad=line.quad.between(*ends))
        x0, y0, x1, y1 = words.quad.bounds
        if all(x0 >= box[2] or x1 <= box[0] or y0 >= box[3] or y1 <= box[1] for box in taken):
            there = np.s_[max(0, int(y0) - _MARGIN) : int(y1) + _MARGIN, max(0, int(x0) - _MARGIN) : int(x1) + _MARGIN]
            pixels[there] = inked.page[there]
            lines.append(words)
    dropped = (*found.dropped, *(Dropped(one.quad, "faint") for one in left))
    return replace(page, page=pixels), replace(found, lines=tuple(lines), dropped=dropped)


def _is_left(page: Upright, quad: Quad, some: Sequence[Seal]) -> bool:
    """Does a line lie within a seal, and is nothing there as dark as print?"""
    corners = np.asarray(page.back(quad).points, np.float64).T
    if all((one.radii(*corners) >= _REACH).any() for one in some):
        return False
    dark, light = np.percentile(crop.crop(page.page, quad), (5, 75))
    return bool(dark > _PALE * light)


def _channels(pixels: NDArray[np.uint8]) -> list[Grey]:
    """(H, W, 3) -> three of (H, W)."""
    return [one.astype(np.uint8, copy=False) for one in cv2.split(pixels)]


def _colour(channels: Sequence[Grey], channel: int) -> Grey:
    """(H, W): how far a channel stands out from both others."""
    others = [one for i, one in enumerate(channels) if i != channel]
    return cv2.subtract(channels[channel], cv2.max(*others)).astype(np.uint8, copy=False)


def _least(channels: Sequence[Grey]) -> Grey:
    """(H, W): how far one channel has to stand out for a pixel to be of its colour."""
    light = cv2.max(cv2.max(channels[0], channels[1]), channels[2])
    return cv2.convertScaleAbs(light, alpha=_COLOURED, beta=_FAINT).astype(np.uint8, copy=False)


def _rims(mask: Grey) -> Iterator[Seal]:
    """Ellipses that ink of one colour runs around, at the mask's scale; the channel is not told."""
    longest = max(mask.shape)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (_BRIDGED, _BRIDGED))
    rule = round(_RULE * longest)
    free = mask.copy()
    for along in ((1, rule), (rule, 1)):
        free[cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones(along, np.uint8)) > 0] = 0
    closed = cv2.morphologyEx(free, cv2.MORPH_CLOSE, kernel)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(closed, connectivity=8)
    sides, area = stats[:, cv2.CC_STAT_WIDTH : cv2.CC_STAT_HEIGHT + 1], stats[:, cv2.CC_STAT_AREA]
    long, short = sides.max(axis=1), sides.min(axis=1)
    fit = (short >= _LEAST * longest) & (area < _FILLED * long * short)
    likely = [i for i in np.argsort(-long, kind="stable").tolist() if i and fit[i]]
    for i in likely[:_PIECES]:
        left, top, wide, high = stats[i, :4].tolist()
        ys, xs = np.nonzero(labels[top : top + high, left : left + wide] == i)
        rim = _rim(np.column_stack([xs + left, ys + top]).astype(np.float64), longest)
        if rim is not None and _is_hollow(rim, mask):
            yield rim


def _rim(points: Floats, longest: int) -> Seal | None:
    """The ellipse that most of the outermost of (N, 2) points lie on, if they close it.

    RANSAC (Fischler and Bolles 1981): what joins the rim from without, or stands within a gap of it, lies on none.
    """
    outer = _outermost(points)
    rng, best, most = np.random.default_rng(0), None, 0
    for _ in range(_TRIES if len(outer) >= _CLOSED * _BINS else 0):
        five = outer[rng.choice(len(outer), 5, replace=False)].astype(np.float32)
        (x, y), (across, high), angle = cv2.fitEllipseDirect(five)
        small, large = min(across, high), max(across, high)
        if not (_LEAST * longest <= small and large <= min(_MOST * longest, _ROUND * small)):
            continue
        one = Seal(x, y, across / 2, high / 2, angle, RED)
        count = int(np.count_nonzero(_is_near(one, outer)))
        if count > most:
            best, most = one, count
    if best is None or most < _CLOSED * _BINS:
        return None
    (x, y), (across, high), angle = cv2.fitEllipse(outer[_is_near(best, outer)].astype(np.float32))
    return Seal(x, y, across / 2, high / 2, angle, RED)


def _outermost(points: Floats) -> Floats:
    """Of (N, 2) points the furthest out in each of :data:`_BINS` directions from their middle."""
    off = points - (points.min(axis=0) + points.max(axis=0)) / 2
    way = ((np.arctan2(off[:, 1], off[:, 0]) + np.pi) / (2 * np.pi) * _BINS).astype(np.intp) % _BINS
    order = np.lexsort((np.hypot(off[:, 0], off[:, 1]), way))
    last = np.flatnonzero(np.diff(way[order], append=_BINS))
    made: Floats = points[order[last]]
    return made


def _is_near(one: Seal, points: Floats) -> Bools:
    made: Bools = np.abs(one.radii(*points.T) - 1) < _NEAR
    return made


def _is_hollow(one: Seal, mask: Grey) -> bool:
    """Is most of what lies within a rim, and of what lies around it, of another colour?"""
    left, top, right, bottom = one.box(1.25, mask.shape)
    there = mask[top:bottom, left:right]
    inner, rim, outer = (one.mask(radii, there.shape, (left, top)) for radii in (0.9, 1.1, 1.25))
    return cv2.mean(there, inner)[0] < _OPEN and cv2.mean(there, cv2.subtract(outer, rim))[0] < _OPEN
