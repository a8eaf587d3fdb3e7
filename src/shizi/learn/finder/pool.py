"""Pages kept in a folder: made once, looked at many times, each time in another size, turn, light and polarity."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from shizi.errors import DataError
from shizi.learn.finder.ink import Mask
from shizi.learn.finder.sheet import Sheet, TextLine
from shizi.learn.synth.text import Random


def write(sheet: Sheet, path: Path) -> None:
    """Write a page as ``path`` (.png) and its lines beside it (.json), which comes last."""
    lines = [
        {"polygon": line.outline.round(1).tolist(), "vertical": line.vertical, "ignore": line.ignore}
        for line in sheet.lines
    ]
    path.write_bytes(cv2.imencode(".png", sheet.grey.astype(np.uint8))[1].tobytes())
    part = path.with_suffix(".part")
    part.write_text(json.dumps({"lines": lines}), encoding="utf-8")
    part.replace(path.with_suffix(".json"))


def fill(folder: Path, page: Callable[[Random], Sheet], count: int, seed: int) -> None:
    """Make pages until the folder has ``count`` of this seed; those that are there stay."""
    folder.mkdir(parents=True, exist_ok=True)
    for index in range(count):
        path = folder / f"{seed:03}-{index:06}.png"
        if not path.with_suffix(".json").exists():
            write(page(np.random.default_rng((seed, index))), path)


KEPT = 1500
"""Pages that stay decoded; each takes about 0.6 MB."""


class Pool:
    """The pages of some folders: ours, or real ones with truth beside them (``{"lines": [{"polygon", …}]}``).

    A polygon has 2 n points as :mod:`shizi.learn.finder.ink` describes; of real pages four serve. ``vertical`` and
    ``ignore`` may be missing.
    """

    def __init__(self, *folders: Path) -> None:
        self._folders = folders
        self._paths: list[Path] = []
        self._kept: dict[Path, tuple[Mask, list[TextLine]]] = {}
        self.refresh()

    def __len__(self) -> int:
        return len(self._paths)

    def refresh(self) -> None:
        """Look again what is there, since another process may be filling a folder.

        Raises:
            DataError: there are no pages.
        """
        truths = sorted(path for folder in self._folders for path in folder.glob("*.json"))
        self._paths = truths
        if not truths:
            raise DataError(f"no pages in {', '.join(map(str, self._folders))}")

    def page(self, index: int) -> tuple[Mask, list[TextLine]]:
        """Page ``index``: (H, W) grey and its lines.

        Raises:
            DataError: its picture or its truth is broken.
        """
        path = self._paths[index]
        if path not in self._kept:
            page = _read(path)
            if len(self._kept) >= KEPT:
                return page
            self._kept[path] = page
        return self._kept[path]


def _read(path: Path) -> tuple[Mask, list[TextLine]]:
    try:
        held = json.loads(path.read_text(encoding="utf-8"))["lines"]
        lines = [
            TextLine(np.asarray(one["polygon"], np.float32), one.get("vertical", False), one.get("ignore", False))
            for one in held
        ]
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path} is no truth of a page: {error}") from error
    for suffix in (".png", ".jpg", ".jpeg"):
        picture = path.with_suffix(suffix)
        if picture.is_file():
            grey = cv2.imdecode(np.frombuffer(picture.read_bytes(), np.uint8), cv2.IMREAD_GRAYSCALE)
            if grey is None or any(len(line.outline) < 4 or len(line.outline) % 2 for line in lines):
                break
            return np.asarray(grey, np.uint8), lines
    raise DataError(f"{path} has no picture beside it that can be read, or a polygon of an odd number of points")
