"""Finding the lines of a page. A finder takes a grey page and gives quads; they stand in :data:`FINDERS` by name."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from shizi.errors import SettingsError
from shizi.find import projection
from shizi.settings import FindSettings
from shizi.types import Quad

Finder = Callable[[NDArray[np.uint8], FindSettings], list[Quad]]

FINDERS: dict[str, Finder] = {"projection": projection.find}
"""A learned finder is added here under its name."""


def find(page: NDArray[np.uint8], settings: FindSettings) -> list[Quad]:
    """The lines of a (H, W) page, as quads in its own pixels and in no promised order.

    Raises:
        SettingsError: ``settings.finder`` names no finder.
    """
    try:
        finder = FINDERS[settings.finder]
    except KeyError:
        raise SettingsError(f"there is no finder {settings.finder!r}; there are {', '.join(FINDERS)}") from None
    return finder(page, settings)
