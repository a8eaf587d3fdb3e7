"""A second network, for single hanzi: it sees each half as large again as a strip shows it, and nothing beside it.

A classifier and no CRNN: (N, 1, 48, 48) pictures of how much ink there is, each character's ink as large as fits. It
is asked about lone characters that the lines' network doubts (:mod:`shizi.again`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from shizi.errors import ModelMismatch, ModelMissing
from shizi.read import runtime, trust, weights

SCHEMA = "shizi/hanzi/1"
"""Of the metadata: ``shizi.schema``, and beside it ``shizi.charset`` (JSON list of characters), ``shizi.preprocess``
(JSON, equal to :func:`preprocess`) and ``shizi.card`` (JSON object, with the ``temperature``)."""
INPUT, OUTPUT = "pictures", "logits"
"""Names of the graph's input (N, 1, 48, 48) and output (N, C), both float32."""
SIDE = 48
"""Rows and columns of a picture, pixels."""
MARGIN = 2
"""Around a character's ink, pixels."""
VIEWS = ((0.0, 0.0), (6.0, 0.0), (0.0, 0.2))
"""Ways in which a character is seen: turned clockwise by how many degrees, and how many columns each row is moved by,
to the left downwards, so that what leans to the right stands. Hurried ones climb to the right, and lean."""
MAX_BYTES = 64 * 1024 * 1024
"""A larger weight file is refused unread."""

_BOX = 0.35  # of the strongest ink: what counts where a character's edges are looked for
_FAINT = 40.0  # and at least so much, of 255
_SMOOTH = 0.8  # pixels by which specks are smoothed away for that
_AVERAGED = 0.45  # of a pixel of the picture: what is made smaller is smoothed by so much before
_FULL, _INKED, _PALE = 80, 30.0, 30.0  # per cent of the pixels with more ink than that have less; it becomes 1
_NEVER = 1e-6  # share that a view has at least for each character
_STRONG = 99.5  # per cent of a picture's pixels that have less ink than full

Grey = NDArray[np.uint8]
Floats = NDArray[np.float32]


def preprocess() -> dict[str, Any]:
    """What is done to a picture before the network sees it; ``version`` counts changes that no other value shows."""
    return {"version": 1, "side": SIDE, "margin": MARGIN}


def metadata(chars: Sequence[str], card: Mapping[str, Any]) -> dict[str, str]:
    """The metadata of a weight file, as :meth:`Hanzi.open` wants it."""
    return {
        "shizi.schema": SCHEMA,
        "shizi.charset": json.dumps(list(chars), ensure_ascii=False),
        "shizi.preprocess": json.dumps(preprocess(), sort_keys=True),
        "shizi.card": json.dumps(dict(card), ensure_ascii=False, sort_keys=True),
    }


@dataclass(frozen=True, eq=False)
class Hanzi:
    """The network with its alphabet. It never changes, so threads may share it."""

    chars: tuple[str, ...]
    known: frozenset[str]
    """The same, to look up."""
    temperature: float
    _session: Any = field(repr=False)

    @classmethod
    def open(cls, path: Path | None = None) -> Hanzi:
        """Open a weight file; None opens the shipped one. It runs on one thread.

        Raises:
            ModelMissing: there is no such file.
            ModelMismatch: it is damaged, none of ours, or was trained for other preprocessing.
        """
        return _opened(weights.FOLDER / weights.HANZI if path is None else path)

    def logits(self, pictures: Floats) -> Floats:
        """(N, 1, 48, 48) pictures, each as :func:`picture` makes it -> (N, C)."""
        made: Floats = self._session.run([OUTPUT], {INPUT: pictures})[0]
        return made

    def shares(self, pictures: Floats) -> Floats:
        """The same -> (N, C) probabilities of its characters."""
        logits = self.logits(pictures) / self.temperature
        made = np.exp(logits - logits.max(axis=1, keepdims=True))
        shares: Floats = made / made.sum(axis=1, keepdims=True)
        return shares

    def likeliest(self, greys: Sequence[Grey], count: int) -> list[dict[str, float]]:
        """Of (H, W) grey pictures of a character each, the ``count`` characters most like it, with their shares.

        Each is seen in all of :data:`VIEWS`; a share is the geometric mean of theirs, in what these sum to.
        """
        if not greys:
            return []
        inks = [ink(grey) for grey in greys]
        seen = np.stack([fitted(leant(one, *way)) for one in inks for way in VIEWS])[:, np.newaxis]
        logs = np.log(np.maximum(self.shares(seen), _NEVER)).reshape(len(greys), len(VIEWS), -1)
        shares = np.exp(logs.mean(axis=1))
        shares /= shares.sum(axis=1, keepdims=True)
        best = np.argsort(-shares, axis=1, kind="stable")[:, :count]
        return [{self.chars[i]: float(row[i]) for i in some} for row, some in zip(shares, best, strict=True)]


@lru_cache(maxsize=4)
def _opened(path: Path) -> Hanzi:
    if not path.is_file():
        raise ModelMissing(f"the weight file for single hanzi, {path}, does not exist; read.hanzi = false needs none")
    session = runtime.opened(path, MAX_BYTES)
    held = session.get_modelmeta().custom_metadata_map
    if held.get("shizi.schema") != SCHEMA:
        raise ModelMismatch(f"{path} has the schema {held.get('shizi.schema')!r}, not {SCHEMA!r}")
    if held.get("shizi.preprocess") != json.dumps(preprocess(), sort_keys=True):
        raise ModelMismatch(f"{path} was trained with other preprocessing: {held.get('shizi.preprocess')}")
    try:
        chars, card = json.loads(held["shizi.charset"]), json.loads(held["shizi.card"])
        if not (isinstance(chars, list) and chars and all(isinstance(char, str) and char for char in chars)):
            raise ValueError("an alphabet is a list of characters")
        temperature = trust.temperature(card)
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise ModelMismatch(f"{path} has metadata that cannot be used: {error!r}") from error
    (output,) = session.get_outputs()
    if [value.name for value in (*session.get_inputs(), output)] != [INPUT, OUTPUT]:
        raise ModelMismatch(f"{path} has other values than {INPUT} and {OUTPUT}")
    if output.shape[1] != len(chars):
        raise ModelMismatch(f"{path} tells {output.shape[1]} characters apart, its alphabet has {len(chars)}")
    return Hanzi(tuple(chars), frozenset(chars), temperature, session)


def picture(grey: Grey) -> Floats:
    """A (H, W) grey picture of one character, dark on light or light on dark -> (48, 48) of its ink, in [0, 1]."""
    return fitted(ink(grey))


def ink(grey: Grey) -> Floats:
    """(H, W) grey picture of one character, dark on light or light on dark -> how much ink there is, 0 to 255."""
    pixels = grey.astype(np.float32)
    ground = float(np.median(np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])))
    depth = np.maximum(ground - pixels if ground > 127 else pixels - ground, 0)
    full = max(1.0, float(np.percentile(depth, _STRONG)))
    made: Floats = np.clip(depth / full * 255, 0, 255).astype(np.float32)
    return made


def leant(seen: Floats, turned: float, moved: float) -> Floats:
    """(H, W) ink turned clockwise by so many degrees, and leant, with room around it: see :data:`VIEWS`."""
    if not (turned or moved):
        return seen
    room = max(seen.shape) // 3
    wide = cv2.copyMakeBorder(seen, room, room, room, room, cv2.BORDER_CONSTANT, value=0)
    cos, sin = np.cos(np.radians(turned)), np.sin(np.radians(turned))
    way = np.array([[cos, moved - sin], [sin, cos]])
    middle = np.array([wide.shape[1] / 2, wide.shape[0] / 2])
    made = cv2.warpAffine(wide, np.column_stack([way, middle - way @ middle]), wide.shape[::-1])
    return made.astype(np.float32, copy=False)


def fitted(seen: Floats) -> Floats:
    """(H, W) ink of one character, 0 to 255 -> (48, 48), in [0, 1]: as large as fits, its proportions kept."""
    smooth = cv2.GaussianBlur(seen, (0, 0), _SMOOTH)
    rows, columns = np.nonzero(smooth > max(_FAINT, _BOX * float(smooth.max())))
    if not len(rows):
        return np.zeros((SIDE, SIDE), np.float32)
    top, bottom, left, right = int(rows.min()), int(rows.max()) + 1, int(columns.min()), int(columns.max()) + 1
    scale = (SIDE - 2 * MARGIN) / max(bottom - top, right - left)
    x, y = SIDE / 2 - scale * (left + right - 1) / 2, SIDE / 2 - scale * (top + bottom - 1) / 2
    if scale < 0.8:
        seen = cv2.GaussianBlur(seen, (0, 0), _AVERAGED / scale).astype(np.float32, copy=False)
    made = cv2.warpAffine(seen, np.array([[scale, 0, x], [0, scale, y]]), (SIDE, SIDE), flags=cv2.INTER_LINEAR)
    inked = made[made > _INKED]
    full = max(float(np.percentile(inked, _FULL)), _PALE) if len(inked) else 255.0
    shown: Floats = np.clip(made / full, 0, 1).astype(np.float32)
    return shown
