"""Making a page grey and upright, and a strip even: what stands between the decoded pixels and the network."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from shizi import curl
from shizi.curl import Curl
from shizi.settings import CleanSettings
from shizi.types import Quad

STRIP_HEIGHT = 32
"""Height of every strip that the network sees, pixels."""
LONGEST_STRIP = 32_768
"""Its width at most, some thousand characters; what is longer for its height is squeezed, and no text."""

CLEARER = 1.1
"""Times as far as in luminance that ink and ground must lie apart in a channel for it to be worth reading in."""

UNCLEAR = 0.25
"""Share of the range of greys: a median nearer to their middle than this does not tell text from ground."""
FLAT = 8
"""A range of fewer greys is noise on an empty strip."""

SMALL = 128
"""Shorter side, pixels, of a picture that may have been cut out at the very ink of a line or two. Of its ground, if"""
GROUND = 0.4
"""this share of it is of nearly one grey,"""
ROOM = 8
"""so many pixels more are put around it."""

MIN_TILE = 16
"""Least side of a tile of CLAHE, pixels."""

Grey = NDArray[np.uint8]
Matrix = NDArray[np.float64]
Coordinates = NDArray[np.float64]

_LEAST_SKEW = 0.5  # degrees; less cannot be told from level
_LOOKED_AT = 1000  # longest side of the page that the tilt is estimated on, pixels
_FEWEST = 40  # pieces of ink without which no tilt is believed
_SHARPER = 1.25  # rows must be this many times as sharp at the tilt as they are upright
_STANDS_OUT = 1.8  # and as they are at most other tilts
_ENOUGH = 20_000  # pixels of ink to tell that a page is tilted by more than it is turned by, up to
_STEEPEST = 31.0  # degrees
_AGREE = 1.5  # degrees that two halves of the page's pieces may differ by
_LONGEST = 32_000  # OpenCV samples from pictures of less than 2 ** 15 pixels a side


def grey(pixels: NDArray[np.uint8]) -> Grey:
    """(H, W, 3) RGB -> (H, W), the luminance (ITU-R BT.601)."""
    return cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.uint8, copy=False)


def clearest(pixels: NDArray[np.uint8]) -> Grey | None:
    """Of a line's (H, W, 3) RGB, the channel in which ink and ground lie furthest apart.

    None where that is hardly further than in :func:`grey`: red on green or blue on black can be as dark as its ground.
    """
    channels = [pixels[..., i] for i in range(3)]
    apart = [_apart(channel) for channel in channels]
    best = int(np.argmax(apart))
    return np.ascontiguousarray(channels[best]) if apart[best] > CLEARER * _apart(grey(pixels)) else None


def _apart(channel: Grey) -> float:
    """How far dark and light lie apart, in grey values: the root of Otsu's between-class variance (1979)."""
    counts = _counts(channel).astype(np.float64)
    below = counts.cumsum()
    total, dark = (counts * np.arange(256)).sum(), (counts * np.arange(256)).cumsum()
    share = below / below[-1]
    between = (total / below[-1] * share - dark / below[-1]) ** 2 / np.maximum(share * (1 - share), 1e-12)
    return float(np.sqrt(between.max()))


@dataclass(frozen=True, slots=True, eq=False)
class Upright:
    """A page whose rows of text run level, and the way back."""

    page: Grey
    """(H', W')"""
    matrix: Matrix
    """(2, 3): cleaned to original pixels; both count from the outer edge of the first pixel."""
    level: bool = True
    """Its rows are not tilted, as far as that is clear."""
    curl: Curl | None = None
    """How its rows bent before it was laid flat: ``matrix`` leads on from there."""

    @classmethod
    def as_it_is(cls, page: Grey) -> Upright:
        """A page that is not turned."""
        return cls(page, np.eye(2, 3))

    def like(self, grey: Grey) -> Upright:
        """Another (H, W) picture of the same size as the original one, turned and laid flat as the page is.

        The page itself where either is too long for OpenCV to turn.
        """
        high, wide = self.page.shape if self.curl is None else (self.curl.height, self.curl.width)
        if not np.array_equal(self.matrix, np.eye(2, 3)):
            if max(*grey.shape, high, wide) > _LONGEST:
                return self
            grey = _turned(grey, self.matrix, (wide, high))
        return Upright(grey if self.curl is None else self.curl.flat(grey), self.matrix, curl=self.curl)

    def back(self, quad: Quad) -> Quad:
        """A quad of the cleaned page, in pixels of the original one."""
        if self.curl is not None:
            quad = self.curl.around(quad)
        return Quad.of(np.asarray(quad.points) @ self.matrix[:, :2].T + self.matrix[:, 2])


def upright(page: Grey, settings: CleanSettings, quarters: int = 0) -> Upright:
    """Turn a (H, W) page so that its lines run level; nothing is cut off, corners are filled with its border's grey.

    ``quarters`` of a full turn are taken first, clockwise. Then a page is left as it is where its tilt is unclear,
    below ``settings.min_skew`` or above ``settings.max_skew``. Where its lines clearly bend it is laid flat.
    """
    if quarters % 4:
        turned = upright(np.ascontiguousarray(np.rot90(page, -quarters)), settings)
        return replace(turned, matrix=_after(_quarter(quarters % 4, page.shape), turned.matrix))
    angle, level, most = 0.0, True, settings.max_skew
    ink = _ink(page) if settings.flatten or (settings.deskew and most > 0) else None
    if ink is not None and settings.deskew and most > 0:
        angle = _tilt(ink, most)
        level = angle == 0.0 and not _is_steep(*ink[:2], most)
    rows, columns = page.shape
    if settings.flatten and ink is not None and max(rows, columns) <= _LONGEST:
        bend = curl.found(*ink, _looked_at(page), (columns, rows), angle)
        if bend is not None:
            return Upright(bend.flat(page), np.eye(2, 3), level, bend)
    if abs(angle) < settings.min_skew:
        angle = 0.0
    cos, sin = float(np.cos(np.radians(angle))), float(np.sin(np.radians(angle)))
    wide, high = round(columns * cos + rows * abs(sin)), round(columns * abs(sin) + rows * cos)
    if angle == 0.0 or max(rows, columns, wide, high) > _LONGEST:
        return Upright(page, np.eye(2, 3), level)
    turn = np.array([(cos, sin), (-sin, cos)])
    matrix = np.column_stack([turn, np.array((columns, rows)) / 2 - turn @ np.array((wide, high)) / 2])
    return Upright(_turned(page, matrix, (wide, high)), matrix, level)


def with_room(one: Upright) -> Upright:
    """A small picture with more of its ground on all sides, where that is clear: see :data:`ROOM`.

    Cut out at its very ink it shows none, and finders take what touches an edge for a part of something.
    """
    high, wide = one.page.shape
    if min(high, wide) > SMALL or max(high, wide) > _LONGEST or one.curl is not None:
        return one
    counts = _counts(one.page)
    ground = int(counts.argmax())
    if counts[max(0, ground - 2) : ground + 3].sum() < GROUND * one.page.size:
        return one
    room, matrix = (ROOM,) * 4, one.matrix.copy()
    matrix[:, 2] -= matrix[:, :2] @ (ROOM, ROOM)
    page = cv2.copyMakeBorder(one.page, *room, cv2.BORDER_CONSTANT, value=(ground,))
    return replace(one, page=page.astype(np.uint8, copy=False), matrix=matrix)


def _turned(page: Grey, matrix: Matrix, size: tuple[int, int]) -> Grey:
    """A (H, W) page of another width and height, sampled where ``matrix``, (2, 3), leads back to."""
    # OpenCV counts from the centre of the first pixel
    sampled = matrix.copy()
    sampled[:, 2] += matrix[:, :2] @ (0.5, 0.5) - 0.5
    border = np.concatenate([page[0], page[-1], page[:, 0], page[:, -1]])
    turned = cv2.warpAffine(
        page, sampled, size, flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_CONSTANT, borderValue=float(np.median(border)),
    )  # fmt: skip
    return turned.astype(np.uint8, copy=False)


def _quarter(count: int, shape: tuple[int, ...]) -> Matrix:
    """(2, 3): from a page turned clockwise by 1, 2 or 3 quarters back to the (H, W) page itself."""
    height, width = shape
    made = {1: ((0, 1, 0), (-1, 0, height)), 2: ((-1, 0, width), (0, -1, height)), 3: ((0, -1, width), (1, 0, 0))}
    return np.array(made[count], np.float64)


def _after(second: Matrix, first: Matrix) -> Matrix:
    """(2, 3): the ``first`` transform, then the ``second``."""
    made: Matrix = second[:, :2] @ first
    made[:, 2] += second[:, 2]
    return made


def skew(page: Grey, most: float) -> float:
    """How far the rows of a (H, W) page are turned, degrees counter-clockwise; 0 where that is not clear.

    The profile of ink over the rows is sharpest when they run level (Postl 1986): the sum of the squared differences
    of neighbouring rows is looked at for tilts up to ``most`` degrees. Only pieces of ink of the size of characters
    count, so that the edges of a photo or of a table do not decide.
    """
    return _tilt(_ink(page), most)


def _tilt(ink: tuple[Coordinates, Coordinates, NDArray[np.int32]], most: float) -> float:
    xs, ys, piece = ink
    if not len(xs):
        return 0.0
    coarse = np.arange(-most, most + 0.25, 0.5)
    sharpness = np.array([_sharpness(xs, ys, a) for a in coarse])
    near = float(coarse[sharpness.argmax()])
    fine = np.arange(near - 0.5, near + 0.55, 0.1)
    found = np.array([_sharpness(xs, ys, a) for a in fine])
    best, angle = float(found.max()), float(fine[found.argmax()])
    clear = best > _SHARPER * _sharpness(xs, ys, 0.0) and best > _STANDS_OUT * float(np.median(sharpness))
    if not clear or not _LEAST_SKEW <= abs(angle) < most:
        return 0.0
    # every other piece alone must say the same: scattered shapes line up by chance, but not twice alike
    for half in (piece % 2 == 0, piece % 2 == 1):
        alone = float(coarse[np.argmax([_sharpness(xs[half], ys[half], a) for a in coarse])])
        if abs(alone - angle) > _AGREE:
            return 0.0
    return angle


def _is_steep(xs: Coordinates, ys: Coordinates, most: float) -> bool:
    """Are rows of ink clearly tilted by more than ``most`` degrees? Some of the ink tells."""
    if not len(xs):
        return False
    some = slice(None, None, 1 + len(xs) // _ENOUGH)
    tilts = np.arange(most + 1, _STEEPEST, 1.0)
    found = np.array([_sharpness(xs[some], ys[some], a) for a in (0.0, *tilts, *-tilts)])
    best = float(found[1:].max(initial=0.0))
    return best > _SHARPER * found[0] and best > _STANDS_OUT * float(np.median(found))


def _ink(page: Grey) -> tuple[Coordinates, Coordinates, NDArray[np.int32]]:
    """(P,) x, y and number of the piece, for each pixel of ink in pieces of the size of characters.

    Seen on the page sampled down; nothing where such pieces are few.
    """
    size = _looked_at(page)
    small = cv2.resize(page, size, interpolation=cv2.INTER_AREA)
    off = small.astype(np.float32) - cv2.blur(small, (31, 31))
    # strokes lie further from the mean around them than the ground beside them does on the other side
    mask = np.asarray(off * np.sign((off * off * off).sum()) > 20, np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    wide, high, area = stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT], stats[:, cv2.CC_STAT_AREA]
    fit = (area >= 4) & (high >= 3) & (high <= 60) & (wide <= 8 * high) & (high <= 5 * wide)
    fit[0] = False
    if np.count_nonzero(fit) < _FEWEST:
        return np.empty(0), np.empty(0), np.empty(0, np.int32)
    at = np.flatnonzero(fit[labels])  # on a flat array it takes a quarter of the time
    ys, xs = np.divmod(at, size[0])
    return xs.astype(np.float64), ys.astype(np.float64), labels.ravel()[at].astype(np.int32, copy=False)


def _looked_at(page: Grey) -> tuple[int, int]:
    """Width and height that the tilt of a (H, W) page is estimated in."""
    ratio = min(1.0, _LOOKED_AT / max(page.shape))
    return max(1, round(page.shape[1] * ratio)), max(1, round(page.shape[0] * ratio))


def _sharpness(xs: NDArray[np.float64], ys: NDArray[np.float64], degrees: float) -> float:
    """How sharply rows stand out when the page is turned by ``degrees``."""
    angle = np.radians(degrees)
    rows = ys * np.cos(angle) + xs * np.sin(angle)
    profile = np.bincount((rows - rows.min()).astype(np.intp))
    return float((np.diff(profile).astype(np.float64) ** 2).sum())


def to_height(strip: Grey, height: int = STRIP_HEIGHT) -> Grey:
    """Scale a (H, W) strip to ``height`` rows, ratio kept, at least one column wide; cubic.

    A strip more than twice as high is averaged down first: cubic sampling alone looks at four pixels and would let
    thin strokes fall between them.
    """
    rows, columns = strip.shape
    width = min(LONGEST_STRIP, max(1, round(columns * height / rows)))
    if rows > 2 * height:
        strip = cv2.resize(strip, (width * 2, height * 2), interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
    if strip.shape != (height, width):
        strip = cv2.resize(strip, (width, height), interpolation=cv2.INTER_CUBIC).astype(np.uint8, copy=False)
    return strip


def shrunk(pixels: NDArray[np.uint8], rows: int) -> NDArray[np.uint8]:
    """(H, W) or (H, W, C) pixels no more than ``rows`` high, ratio kept; lower ones as they are."""
    height, width = pixels.shape[:2]
    if height <= rows:
        return pixels
    size = max(1, round(width * rows / height)), rows
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)


def framed(strip: Grey, columns: int, beside: int, above: int, turned: float = 0.0) -> Grey:
    """A (H, W) strip brought to ``columns``, with a margin of its rim's median left and right, above and below.

    Then ``turned`` about its middle, degrees clockwise.
    """
    rim = float(np.median(np.concatenate([strip[0], strip[-1], strip[:, 0], strip[:, -1]])))
    wide = cv2.resize(strip, (columns, len(strip)), interpolation=cv2.INTER_CUBIC)
    made = cv2.copyMakeBorder(wide, above, above, beside, beside, cv2.BORDER_CONSTANT, value=rim)
    if turned:
        size = made.shape[1], made.shape[0]
        matrix = cv2.getRotationMatrix2D(((size[0] - 1) / 2, (size[1] - 1) / 2), -turned, 1.0)
        made = cv2.warpAffine(made, matrix, size, borderMode=cv2.BORDER_CONSTANT, borderValue=rim)
    return made.astype(np.uint8, copy=False)


def _counts(channel: Grey) -> NDArray[np.int64]:
    """(256,) pixels of each grey value; numpy's own counting takes eight bytes a pixel first."""
    return cv2.calcHist([channel], [0], None, [256], [0, 256]).ravel().astype(np.int64)


def _spread(strip: Grey) -> tuple[float, float, float]:
    """The darkest, middle and lightest grey of a strip, but for a hundredth of the pixels at each end."""
    counts = _counts(strip).cumsum()
    low, middle, high = np.searchsorted(counts, counts[-1] * np.array((0.01, 0.5, 0.99)))
    return float(low), float(middle), float(high)


def is_unclear(strip: Grey) -> bool:
    """Is it hard to say of a (H, W) strip whether its text is dark or light: does the median lie near the middle?

    Bold text, text with a rim, and text on a picture fill as much of a strip as the ground does.
    """
    low, middle, high = _spread(strip)
    return high - low >= FLAT and abs(middle - (low + high) / 2) <= UNCLEAR * (high - low)


def even(strip: Grey, settings: CleanSettings) -> Grey:
    """Even out a (H, W) strip: grey values stretched, dark text on light ground, local contrast (CLAHE).

    The ground is the majority of a line's pixels, so a median on the dark side of the middle means light text.
    """
    if settings.contrast or settings.polarity:
        low, middle, high = _spread(strip)
        if settings.contrast and high - low >= FLAT:
            table = np.clip((np.arange(256) - low) * (255.0 / (high - low)), 0, 255).astype(np.uint8)
            strip = table[strip]
        if settings.polarity and middle < (low + high) / 2:
            strip = 255 - strip
    if settings.contrast:
        # A tile of a few pixels has too few for a histogram: equalising it turns grain into ink.
        tiles = [min(settings.tiles, max(1, side // MIN_TILE)) for side in (strip.shape[1], strip.shape[0])]
        strip = cv2.createCLAHE(settings.clip, tiles).apply(strip).astype(np.uint8, copy=False)
    return strip


def network_input(strip: Grey, settings: CleanSettings) -> NDArray[np.float32]:
    """(H, W) grey strip -> (32, W') float32 in [-0.5, 0.5]: what training and every runtime feed to the network."""
    return even(to_height(strip), settings).astype(np.float32) / 255.0 - 0.5
