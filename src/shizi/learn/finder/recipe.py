"""The recipe of a line finder: what its pages are made of, how large it is, how long it learns. Read from TOML."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from shizi.errors import SettingsError
from shizi.learn.finder.network import STRIDE, FinderConfig
from shizi.learn.toml import built, read


@dataclass(frozen=True)
class FinderRecipe:
    """A whole run. Relative paths in the file start at its folder."""

    name: str
    fonts: str
    """Folder of fonts."""
    pool: str
    """Folder that made pages are kept in."""
    minutes: float
    """How long it learns, pauses between resumed runs not counted."""
    network: FinderConfig = field(default_factory=FinderConfig)
    corpora: str = ""
    """Folder of texts; without it, random characters, numbers and codes."""
    backgrounds: str = ""
    """Folder of pictures of surfaces; without it, noise."""
    left_out: tuple[str, ...] = ()
    """Font files not used."""
    hand: tuple[str, ...] = ()
    """Parts of the names of fonts that look written by hand."""
    pages: int = 4000
    """Pages that are made before learning starts, if they are not there."""
    start: str = ""
    """Weight file (.onnx) to start from."""
    start_network: FinderConfig | None = None
    """Sizes of the network in ``start``, where ``network`` is larger: it grows from it."""
    real: tuple[str, ...] = ()
    """Folders of real pages with truth beside them, which are mixed in."""
    side: int = 384
    """Side of the pieces that are learned from, pixels."""
    batch: int = 8
    rate: float = 2e-3
    """Peak learning rate."""
    least: float = 0.02
    """Share of it that the cycle ends with. Near 0 the network settles on what is peculiar to made pages."""
    decay: float = 0.01
    average: float = 0.997
    """Decay of the weights' moving average."""
    bf16: bool = False
    """Train in bfloat16 on a CPU with AVX-512 too (faster with AVX512-BF16); on an accelerator it always is."""
    processes: int = 1
    """Processes that train together, each with a batch of its own; on a CPU, one a core with ``threads = 1``."""
    threads: int = 0
    """Threads of each process; 0 leaves it to torch."""
    seed: int = 1
    save_minutes: float = 4.0

    def __post_init__(self) -> None:
        if self.side < STRIDE or self.side % STRIDE:
            raise SettingsError(f"side is a multiple of {STRIDE}")
        if self.minutes <= 0 or min(self.batch, self.pages, self.processes) < 1:
            raise SettingsError("minutes, batch, pages and processes are positive")
        if not 0 <= self.least <= 1:
            raise SettingsError("least is a share of the rate, 0 to 1")

    @classmethod
    def open(cls, path: Path) -> FinderRecipe:
        """Read a TOML file.

        Raises:
            DataError: no such file, or no TOML.
            SettingsError: an unknown key or an impossible value.
        """
        return cls.of(read(path), path)

    @classmethod
    def of(cls, values: Mapping[str, Any], path: Path) -> FinderRecipe:
        """From the values of the file ``path``. Raises SettingsError as :meth:`open` does."""
        given = {"name": path.stem, **values}
        for key in ("network", "start_network"):
            if key in given:
                given[key] = FinderConfig.from_dict(given[key])
        made = built(cls, given, "recipe of a finder")
        places = {key: getattr(made, key) for key in ("fonts", "pool", "corpora", "backgrounds", "start")}
        beside: dict[str, Any] = {key: str(path.parent / place) for key, place in places.items() if place}
        return replace(made, **beside, real=tuple(str(path.parent / place) for place in made.real))
