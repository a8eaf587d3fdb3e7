"""Finding the lines of a page. A finder takes a grey page and gives :class:`Found`; they stand in :data:`FINDERS`."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from shizi.errors import SettingsError
from shizi.find import dbnet, projection
from shizi.find.found import Candidate, Found
from shizi.settings import FindSettings

__all__ = ["FINDERS", "Candidate", "Finder", "Found", "find", "is_clean"]

Finder = Callable[[NDArray[np.uint8], FindSettings], Found]

CLEAN = 0.75
"""Share of a clean document that is ground."""


def auto(page: NDArray[np.uint8], settings: FindSettings) -> Found:
    """Without a model where the page is a clean document, with one elsewhere."""
    return projection.find(page, settings) if is_clean(page) else dbnet.find(page, settings)


def is_clean(page: NDArray[np.uint8]) -> bool:
    """Is a (H, W) page almost all of one grey, as where a program set text on white? See :data:`CLEAN`."""
    counts = cv2.calcHist([page], [0], None, [256], [0, 256]).ravel()  # a fifth of bincount's time
    ground = int(counts.argmax())
    return int(counts[max(0, ground - 2) : ground + 3].sum()) >= CLEAN * page.size


FINDERS: dict[str, Finder] = {"auto": auto, "projection": projection.find, "dbnet": dbnet.find}
"""Without a model, with one, and whichever suits the page."""


def find(page: NDArray[np.uint8], settings: FindSettings) -> Found:
    """The lines of a (H, W) page, in its own pixels and in no promised order, and what was left out.

    Raises:
        SettingsError: ``settings.finder`` names no finder.
    """
    try:
        finder = FINDERS[settings.finder]
    except KeyError:
        raise SettingsError(f"there is no finder {settings.finder!r}; there are {', '.join(FINDERS)}") from None
    return finder(page, settings)
