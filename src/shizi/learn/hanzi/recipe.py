"""The recipe of a network for single hanzi: what its pictures are drawn with, how long it learns. Read from TOML."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from shizi.errors import SettingsError
from shizi.learn.hanzi.network import HanziConfig
from shizi.learn.recipe import characters
from shizi.learn.toml import built, read
from shizi.read.charset import gb2312_hanzi


@dataclass(frozen=True)
class HanziRecipe:
    """A whole run. Relative paths in the file start at its folder."""

    name: str
    fonts: str
    """Folder of fonts."""
    minutes: float
    """How long it learns, pauses between resumed runs not counted."""
    font_weights: Mapping[str, float] = field(default_factory=dict)
    """File name -> how often the font is taken; only the fonts that are named here are."""
    validate_fonts: tuple[str, ...] = ()
    """Font files never trained on, for validation; without any, validation draws with those of ``font_weights``."""
    strokes: tuple[str, ...] = ()
    """Stroke data, as :func:`~shizi.learn.synth.strokes.open_strokes` takes them, that made-up hands write after."""
    hands: float = 0.55
    """Share of the pictures that such hands write; the others are drawn with fonts."""
    careful: float = 0.25
    """Share of the hands that are not quick ones."""
    alphabet: str = ""
    """The characters to tell apart, or a file of them; empty for the 6,763 hanzi of GB 2312."""
    network: HanziConfig = field(default_factory=HanziConfig)
    cache: str = ""
    """Folder for what is drawn with fonts, 5 KB a character of each."""
    start: str = ""
    """Checkpoint to start from, of the same network and alphabet."""
    batch: int = 384
    rate: float = 2e-3
    """Peak learning rate of Muon, for matrices, and of AdamW, for the classifier and all vectors."""
    warm: int = 200
    """Steps that the rate rises for."""
    decay: float = 1e-4
    """AdamW's."""
    smoothing: float = 0.05
    """Smoothing of the labels."""
    dropout: float = 0.1
    """Share of the vector left out before the classifier."""
    average: float = 0.998
    """Decay of the weights' moving average."""
    bf16: bool = False
    """Train in bfloat16 on a CPU with AVX-512 too (faster with AVX512-BF16); on an accelerator it always is."""
    threads: int = 0
    """Threads that learn; 0 leaves it to torch."""
    loaders: int = 0
    """Processes that draw beside the one that learns; without, it draws as well."""
    seed: int = 1
    save_minutes: float = 5.0
    """Between checkpoints, each with a validation."""
    validation_pictures: int = 1000

    def __post_init__(self) -> None:
        def need(ok: bool, message: str) -> None:
            if not ok:
                raise SettingsError(message)

        positive = self.minutes > 0 and self.rate > 0 and min(self.batch, self.validation_pictures) > 0
        need(positive, "minutes, rate, batch and validation_pictures are positive")
        for key in ("hands", "careful"):
            need(0 <= getattr(self, key) <= 1, f"{key} is a share, 0 to 1")
        for key in ("smoothing", "dropout", "average"):
            need(0 <= getattr(self, key) < 1, f"{key} is 0 or more and below 1")
        need(min(self.loaders, self.threads, self.warm) >= 0, "loaders, threads and warm are 0 or more")
        need(bool(self.strokes) or not self.hands, "hands write after strokes: name some, or hands = 0")
        need(bool(self.font_weights) or self.hands == 1, "font_weights names no fonts: name some, or hands = 1")
        need(all(weight > 0 for weight in self.font_weights.values()), "font_weights are positive")
        seen = sorted(set(self.validate_fonts) & set(self.font_weights))
        need(not seen, f"validate_fonts are never trained on, and font_weights has {', '.join(seen)}")
        shared = bool(self.cache) or not (self.loaders and self.font_weights)
        need(shared, "loaders share what is drawn with fonts in a file: name a folder, cache")

    @property
    def chars(self) -> tuple[str, ...]:
        """The alphabet, each character once."""
        return tuple(dict.fromkeys(self.alphabet or gb2312_hanzi()))

    @classmethod
    def open(cls, path: Path) -> HanziRecipe:
        """Read a TOML file.

        Raises:
            DataError: no such file, or no TOML; or the alphabet's is none.
            SettingsError: an unknown key or an impossible value.
        """
        given = {"name": path.stem, **read(path)}
        if "network" in given:
            given["network"] = HanziConfig.from_dict(given["network"])
        made = built(cls, given, "recipe for single hanzi")
        places = {key: getattr(made, key) for key in ("fonts", "cache", "start")}
        beside: dict[str, Any] = {key: str(path.parent / place) for key, place in places.items() if place}
        beside["strokes"] = tuple(str(path.parent / place) for place in made.strokes)
        return replace(made, **beside, alphabet=characters(made.alphabet, path.parent) if made.alphabet else "")
