"""Lines found by a network: differentiable binarisation (Liao et al. 2020), run at the size that fits the text.

1. The page is looked at small. Where the lines that are found there turn out to be low, it is looked at once more, so
   large that they have a height that the network sees well; so the text decides, not the page's side.
2. It is looked at smaller still for letters that are larger than what the network sees at once.
3. A look larger than a tile goes tile by tile, and the maps are put together before lines are taken from them.
4. Where lines lie aslant, it is looked at turned as well.
5. Each region of a map's kernels is a line, let out to its true border.
6. Characters that stand apart, as on squared paper, are joined to rows; tags and buttons side by side are parted.
7. Lone characters that the network doubts are believed where a row has room for them.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray

from shizi.errors import ModelMismatch, ModelMissing
from shizi.find import cells, chips, fields, kernels, lone, slanted, spaced, tiles
from shizi.find.found import MAX_DROPPED, Candidate, Found
from shizi.settings import FindSettings
from shizi.types import Dropped, Quad

SCHEMA = "shizi/finder/1"
"""Of the metadata: ``shizi.schema``; ``shizi.preprocess``, JSON equal to :func:`preprocess`; ``shizi.card``, JSON."""
INPUT, OUTPUT = "page", "maps"
"""Names of the graph's input (1, 1, H, W) and output (1, 2, H / 2, W / 2), both float32."""
CELL = 2
"""Pixels of a side of a map's cell."""
WEIGHTS = Path(__file__).resolve().parent.parent / "weights" / "find.onnx"
"""The shipped network."""
MAX_BYTES = 64 * 1024 * 1024
"""A larger weight file is refused unread."""
MAX_THREADS = 4
"""Threads that are taken unasked."""

LOW = 12.0
"""Pixels: where a quarter of the text is lower than this in the first look, there is a second one,"""
FIT = 17.0
"""in which that quarter has this height."""
LARGE = 80.0
"""Pixels: lines higher than this in one look are taken from a smaller one, which sees more of them,"""
COARSE = 3.0
"""and the smallest look is so many times smaller than the first."""
BLURRED, SHARP = 1.4, 0.08
"""A picture is out of focus, and seen better so, where the smallest look shows so many times the text of the first one
and loses less than this share of that text's contrast: what is sharp has gaps that a small look closes."""
COLUMNS = 4
"""So many tall lines of a page agree on which way text runs where"""
AGREED = 0.75
"""this share of their length does; the others follow them."""
COVERED = 0.25
"""A large line of which more than this share lies in other lines is what a smaller look makes of several small ones."""
HELD, LOWER = 6, 0.5
"""So many others within it, each at most so high, in its heights, tell that as well, wherever they leave room between
them: the cells of a table's column."""
LEVELS = (0.35, 0.5, 0.65, 0.8, 0.9)
"""Probabilities of cells from which on lone characters are looked for: some are faint, others run together."""
NARROW = 1.7
"""Width of the kernel of a lone character at most, in its heights: it is drawn in on all sides."""
LYING = 0.8
"""Share of a line's area that lies in another one, for it to be within that."""

Grey = NDArray[np.uint8]


def preprocess() -> dict[str, Any]:
    """What is done to a page before the network sees it; ``version`` counts changes that no other value shows."""
    return {"version": 1, "channels": 1, "scale": 255, "shift": -0.5, "step": tiles.STEP, "cell": CELL,
            "shrink": kernels.SHRINK}  # fmt: skip


def metadata(card: dict[str, Any]) -> dict[str, str]:
    """The metadata of a weight file, as :func:`opened` wants it."""
    return {
        "shizi.schema": SCHEMA,
        "shizi.preprocess": json.dumps(preprocess(), sort_keys=True),
        "shizi.card": json.dumps(card, ensure_ascii=False, sort_keys=True),
    }


def find(page: Grey, settings: FindSettings) -> Found:
    """The lines of a (H, W) page, in its own pixels.

    Raises:
        ModelMissing, ModelMismatch: as :func:`opened`.
    """
    path = Path(settings.weights) if settings.weights else WEIGHTS
    return found(opened(path, settings.threads), page, settings)


@lru_cache(maxsize=4)
def opened(path: Path, threads: int = 0) -> Any:
    """An ONNX Runtime session of a weight file. 0 threads takes the cores, at most :data:`MAX_THREADS`.

    Raises:
        ModelMissing: there is no such file.
        ModelMismatch: it is none of ours, or was trained for other preprocessing.
    """
    if not path.is_file():
        raise ModelMissing(f"the finder's weight file {path} does not exist; find.finder = 'projection' needs none")
    if path.stat().st_size > MAX_BYTES:
        raise ModelMismatch(f"{path} is larger than {MAX_BYTES:,} bytes, which no finder is")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or min(MAX_THREADS, _cores())
    options.inter_op_num_threads = 1
    # pages come in all sizes: an arena would keep the largest blocks of each
    options.enable_cpu_mem_arena = options.enable_mem_pattern = False
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's errors have no common root of their own
        raise ModelMismatch(f"{path} is not a weight file that ONNX Runtime can load: {error}") from error
    held = session.get_modelmeta().custom_metadata_map
    if held.get("shizi.schema") != SCHEMA:
        raise ModelMismatch(f"{path} has the schema {held.get('shizi.schema')!r}, not {SCHEMA!r}")
    if held.get("shizi.preprocess") != json.dumps(preprocess(), sort_keys=True):
        raise ModelMismatch(f"{path} was trained with other preprocessing: {held.get('shizi.preprocess')}")
    names = [value.name for value in (*session.get_inputs(), *session.get_outputs())]
    if names != [INPUT, OUTPUT]:
        raise ModelMismatch(f"{path} has the values {names}, not {INPUT} and {OUTPUT}")
    return session


def found(session: Any, page: Grey, settings: FindSettings) -> Found:
    """What a network finds on a (H, W) page."""
    height, width = page.shape
    ratio = min(1.0, math.sqrt(settings.first_look / (height * width)))
    (candidates, narrow), blurred = look(session, page, ratio, settings), False
    if min(page.shape) * ratio > 2 * LARGE:
        coarse, coarser = look(session, page, ratio / COARSE, settings)
        more = _length(coarse, settings) > BLURRED * _length(candidates, settings)
        blurred = more and _sharpness(page, coarse, ratio, settings) < SHARP
        narrow = coarser if blurred else narrow
        candidates = coarse if blurred else _joined(coarse, candidates, ratio, settings)
    larger = _second(candidates, ratio, math.sqrt(settings.max_look / (height * width)), settings)
    if larger > ratio and not blurred:
        fine, narrow = look(session, page, larger, settings)
        candidates = _joined(candidates, fine, larger, settings)
        ratio = larger
    degrees = slanted.lean(candidates, settings.min_score)
    if degrees is not None:
        most = settings.max_look
        leaning = slanted.seen(page, degrees, ratio, most, lambda turned: look(session, turned, 1.0, settings).lines)
        candidates = slanted.joined(candidates, leaning, settings.min_score)
    parted = cells.apart(page, candidates)
    rows = spaced.rows(candidates) if parted == candidates else parted
    apart = () if rows == parted else _sure(parted, settings)[0]
    kept, dropped = _sure(fields.apart(page, chips.apart(page, rows)), settings)
    levels = narrow() if settings.lone and len(kept) > 1 else []
    high = [[one for one in level if _short(one.quad) >= settings.min_height] for level in levels]
    single = lone.believed(kept, high)
    dropped = [one for one in dropped if not _within(one.quad, single)]
    dropped.sort(key=lambda one: -one.quad.width * one.quad.height)
    return Found((*kept, *single), tuple(dropped[:MAX_DROPPED]), apart)


def _sure(candidates: list[Candidate], settings: FindSettings) -> tuple[tuple[Candidate, ...], list[Dropped]]:
    """The lines that are large and sure enough, and the others."""
    kept, dropped = [], []
    for one in agreed(candidates):
        low, faint = _short(one.quad) < settings.min_height, one.score < settings.min_score
        if not (low or faint):
            kept.append(one)
        elif not (low and faint):  # a faint speck is nothing that anyone misses
            dropped.append(Dropped(one.quad, "small" if low else "faint"))
    return tuple(kept), dropped


def agreed(lines: list[Candidate]) -> list[Candidate]:
    """The same lines; a tall one that alone seems to run another way than the columns around it runs as they do."""
    tall = [one.quad.height >= 2 * one.quad.width for one in lines]
    lengths = [one.quad.height if high else 0.0 for one, high in zip(lines, tall, strict=True)]
    down = sum(length for one, length in zip(lines, lengths, strict=True) if one.vertical)
    share = down / max(sum(lengths), 1e-6)
    if sum(tall) < COLUMNS or max(share, 1 - share) < AGREED:
        return lines
    return [replace(one, vertical=share > 0.5) if high else one for one, high in zip(lines, tall, strict=True)]


class Look(NamedTuple):
    """What is seen of a page at one size, in its own pixels."""

    lines: list[Candidate]
    """Faint ones too."""
    narrow: Callable[[], list[list[Candidate]]]
    """Gives what may be a lone character, at each of :data:`LEVELS`; those among the lines too."""


def look(session: Any, page: Grey, ratio: float, settings: FindSettings) -> Look:
    """What is seen of a page ``ratio`` times as large."""
    height, width = page.shape
    if ratio != 1.0:
        size = max(1, round(width * ratio)), max(1, round(height * ratio))
        page = np.asarray(cv2.resize(page, size, interpolation=cv2.INTER_AREA), np.uint8)
    maps = tiles.stitched(lambda tile: _run(session, tile), page, cell=CELL)
    scale = np.array((width / page.shape[1], height / page.shape[0]))

    def at(threshold: float, widest: float = np.inf) -> list[Candidate]:
        seen = kernels.lines(kernels.Maps(*maps), CELL, threshold, widest)
        return [replace(one, quad=Quad.of(np.array(one.quad.points) * scale)) for one in seen]

    return Look(at(settings.threshold), lambda: [at(level, NARROW) for level in LEVELS])


def _run(session: Any, tile: Grey) -> NDArray[np.uint8]:
    """(h, w) -> (2, h / 2, w / 2) probabilities, 255 for 1."""
    given = tile[np.newaxis, np.newaxis].astype(np.float32) / 255 - 0.5
    made: NDArray[np.float32] = session.run([OUTPUT], {INPUT: given})[0][0]
    return np.round(made * 255).astype(np.uint8)


def _second(lines: list[Candidate], ratio: float, most: float, settings: FindSettings) -> float:
    """How large the page is looked at again; ``ratio`` if the first look was large enough."""
    sure = [one.quad for one in lines if one.score >= settings.min_score]
    if ratio >= 1 or not sure:
        return ratio
    heights = np.array([_short(quad) * ratio for quad in sure])
    lengths = np.array([max(quad.width, quad.height) for quad in sure])
    order = np.argsort(heights)
    share = lengths[order].cumsum() / lengths.sum()
    low = float(heights[order][np.searchsorted(share, 0.25)])
    return ratio if low >= LOW else max(ratio, min(1.0, most, ratio * FIT / low))


def _length(lines: list[Candidate], settings: FindSettings) -> float:
    """Of all lines that are not faint together, pixels."""
    return sum(max(one.quad.width, one.quad.height) for one in lines if one.score >= settings.min_score)


def _sharpness(page: Grey, lines: list[Candidate], ratio: float, settings: FindSettings) -> float:
    """What the smallest look loses of a page's text, as a share of its contrast: both are standard deviations.

    Grain is lost as well, and does not count: it is what the page loses where no text is.
    """
    height, width = page.shape
    size, less = ((max(1, round(width * by)), max(1, round(height * by))) for by in (ratio, ratio / COARSE))
    seen = np.asarray(cv2.resize(page, size, interpolation=cv2.INTER_AREA), np.uint8)
    small = cv2.resize(seen, less, interpolation=cv2.INTER_AREA)
    lost = seen - cv2.resize(small, size, interpolation=cv2.INTER_CUBIC).astype(np.float32)
    text = np.zeros(seen.shape, np.uint8)
    for one in lines:
        if one.score >= settings.min_score:
            cv2.fillConvexPoly(text, np.round(np.array(one.quad.points) * ratio).astype(np.int32), 1)
    if text.all() or not text.any():
        return 0.0
    grain = 1.4826 * float(np.median(np.abs(lost[text == 0])))  # of a normal distribution this is the deviation
    return math.sqrt(max(0.0, float(lost[text > 0].var()) - grain**2)) / max(1.0, float(seen[text > 0].std()))


def _joined(coarse: list[Candidate], fine: list[Candidate], ratio: float, settings: FindSettings) -> list[Candidate]:
    """The lines of a larger look, ``ratio`` times the page, but large ones from a smaller look."""
    sure = [one.quad for one in fine if one.score >= settings.min_score and _short(one.quad) * ratio <= LARGE]
    large = [
        one for one in coarse
        if one.score >= settings.min_score and _short(one.quad) * ratio > LARGE and not _is_several(one.quad, sure)
    ]  # fmt: skip
    return [*large, *(one for one in fine if not _within(one.quad, large))]


def _is_several(quad: Quad, others: list[Quad]) -> bool:
    """Do smaller lines make up a large one? The ``others`` do not overlap much themselves."""
    shape = np.asarray(quad.points, np.float32)
    left, top, right, bottom = quad.bounds
    covered, held = 0.0, 0
    for other in others:
        a, b, c, d = other.bounds
        if a < right and left < c and b < bottom and top < d:
            shared = cv2.intersectConvexConvex(shape, np.asarray(other.points, np.float32))[0]
            covered += shared
            lies = shared >= LYING * other.width * other.height
            held += lies and _short(other) <= LOWER * _short(quad)
    return held >= HELD or covered > COVERED * quad.width * quad.height


def _short(quad: Quad) -> float:
    return min(quad.width, quad.height)


def _within(quad: Quad, others: list[Candidate]) -> bool:
    """Does the quad's middle lie in one of the others?"""
    x, y = np.mean(quad.points, axis=0)
    shapes = (np.asarray(one.quad.points, np.float32) for one in others)
    return any(cv2.pointPolygonTest(shape, (float(x), float(y)), False) >= 0 for shape in shapes)


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0)) or 1
    return os.cpu_count() or 1
