"""A training recipe: what is drawn, which network, which stages. Read from TOML; a misspelt key is an error."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from shizi.errors import DataError, SettingsError
from shizi.learn.network import NetworkConfig, check
from shizi.learn.synth.compose import HEIGHT
from shizi.learn.synth.degrade import LEVELS
from shizi.learn.toml import built, read
from shizi.learn.truth import rows


@dataclass(frozen=True)
class Stage:
    """One leg of the run, with its own one-cycle of the learning rate."""

    name: str
    kind: str = "lines"
    """``characters`` (32x32 strips, cross-entropy) or ``lines``."""
    steps: int = 0
    minutes: float = 0.0
    """The stage ends after ``steps`` or after ``minutes``, whichever is set and comes first."""
    rate: float = 1e-3
    """Peak learning rate."""
    batch: int = 256
    """Characters a step; of lines, as many as make this many squares of 32 pixels."""
    widths: tuple[int, ...] = (160, 320)
    """Widths of the strips; each step takes one of them."""
    levels: tuple[str, ...] = ("mild",)
    """Levels of degradation; each step takes one of them."""
    loose: float = 1.0
    """Strength of tilt, waves, slant and elastic."""
    hand: float = 0.25
    """Share of lines whose characters move on their own."""
    squared: float = 0.0
    """Share of lines written into squares."""
    plates: float = 0.0
    """Share of licence plates."""
    scene: float = 0.0
    """Share of lines that stand askew, narrow or wide."""
    alone: float = 0.0
    """Share of single characters without parts of others beside them."""
    frames: float = 0.0
    """Weight of the cross-entropy on frames."""
    ctc: float = 0.0
    """Weight of CTC."""
    attention: float = 0.0
    """Weight of the attention that reads beside CTC in training, and is not in the weight file; 0.3 is a beginning."""
    focal: float = 0.0
    """Above 0, lines that are read already count less for CTC; 1 is a beginning."""
    smoothing: float = 0.0
    """Smoothing of the labels of the cross-entropy on frames; 0.1 is usual."""
    distilled: float = 0.0
    """Weight of the cross-entropy with what the recipe's ``teacher``, or its ``larger`` network, reads."""
    taught_after: float = 0.0
    """Share of the stage after which it counts; a larger network that starts anew has little to teach at first."""
    negatives: int = 0
    """Classes that CTC looks at beside those of the batch, drawn anew each step; 0 takes all."""
    real: float = 0.0
    """Share of steps that take real lines."""

    def __post_init__(self) -> None:
        if self.kind not in ("characters", "lines"):
            raise SettingsError(f"stage {self.name}: kind is characters or lines, not {self.kind!r}")
        if not (self.steps or self.minutes):
            raise SettingsError(f"stage {self.name}: give steps or minutes")
        if self.kind == "lines" and not (self.frames or self.ctc):
            raise SettingsError(f"stage {self.name}: give frames, ctc or both")
        if not 0 <= self.real <= (self.kind == "lines"):
            raise SettingsError(f"stage {self.name}: real is a share, 0 to 1, and for stages of lines alone")
        for level in self.levels:
            if level not in LEVELS:
                raise SettingsError(f"stage {self.name}: there is no level {level!r}; there are {', '.join(LEVELS)}")


OPTIMISERS = ("adamw", "muon")
DRAWN = (32, 48, 64)
"""Rows that lines can be drawn in."""
LISTS = (".txt", ".tsv", ".csv", ".dict")
"""What names a file of characters, and is no alphabet itself."""


@dataclass(frozen=True)
class Recipe:
    """A whole run."""

    name: str
    stages: tuple[Stage, ...]
    fonts: str
    """Folder of fonts."""
    network: NetworkConfig = field(default_factory=NetworkConfig)
    larger: NetworkConfig | None = None
    """A larger network that learns from the same lines, and teaches the first one where a stage has ``distilled``."""
    larger_rate: float = 1.0
    """Its learning rate, times the stage's."""
    strokes: str = ""
    """Folder of stroke data to write by hand from; without it, handwriting fonts alone."""
    more_strokes: tuple[str, ...] = ()
    """Stroke data of others: the hands write after ``strokes`` and each of these by turns, and what one of these lacks
    after ``strokes``. To name one twice gives it twice the hands."""
    hands: int = 24
    """Made-up hands that write from the stroke data."""
    corpora: str = ""
    """Folder of texts; without it, random characters, numbers and codes."""
    backgrounds: str = ""
    """Folder of pictures of surfaces; without it, noise."""
    alphabet: str = ""
    """The characters to learn, or a file of them; empty for the default alphabet."""
    held_out: tuple[str, ...] = ()
    """Font files never trained on, for validation; without any, validation uses the training fonts."""
    left_out: tuple[str, ...] = ()
    """Font files not used at all."""
    font_weights: Mapping[str, float] = field(default_factory=dict)
    """How often a font is taken, 1 unless said here."""
    natural: float = 0.5
    """Share of the lines that are prose of the corpora."""
    real: tuple[str, ...] = ()
    """Real lines: folders with labels.tsv, LMDB, PaddleOCR's label files."""
    cache: str = ""
    """Folder for the glyph atlas."""
    drawn: int = 32
    """Rows that lines are drawn and degraded in, one of :data:`DRAWN`; they are brought to the network's ``height``."""
    start: str = ""
    """Checkpoint or weight file (.onnx) to start from."""
    teacher: str = ""
    """Weight file (.onnx) of a network to learn from, where a stage has ``distilled``; its alphabet holds this one."""
    bf16: bool = False
    """Train in bfloat16 on a CPU with AVX-512 too (faster with AVX512-BF16); on an accelerator it always is."""
    loaders: int = 0
    """Processes that make lines beside the one that trains, one a core; not on Windows. They share a temporary file."""
    rewritten: int = 0
    """Characters of the hands that each loader writes anew after each batch; 40 take less than a tenth of a second."""
    processes: int = 1
    """Processes that train together, each with a batch of its own; on a CPU, one a core with ``threads = 1``."""
    threads: int = 0
    """Threads of each process; 0 leaves it to torch."""
    optimiser: str = "adamw"
    """``adamw``, or ``muon``: the same for the classifier and all vectors, and Muon for the other matrices."""
    seed: int = 1
    decay: float = 0.02
    average: float = 0.9995
    """Decay of the weights' moving average."""
    validate_minutes: float = 5.0
    save_minutes: float = 4.0
    validation_lines: int = 200

    @property
    def stroke_places(self) -> tuple[Path, ...]:
        """All stroke data, as :func:`~shizi.learn.synth.strokes.taught` takes them."""
        return tuple(Path(place) for place in (self.strokes, *self.more_strokes) if self.strokes)

    @classmethod
    def open(cls, path: Path) -> Recipe:
        """Read a TOML file; relative paths in it start at its folder.

        Raises:
            DataError: no such file, or no TOML.
            SettingsError: an unknown key or an impossible value.
        """
        values = read(path)
        stages = values.pop("stage", [])
        if not isinstance(stages, list):
            raise SettingsError(f"{path}: stages stand in double brackets, [[stage]], even a single one")
        if not stages:
            raise SettingsError(f"{path} has no [[stage]]")
        values["stages"] = [built(Stage, stage, "stage") for stage in stages]
        for key in ("network", "larger"):
            if key in values:
                values[key] = NetworkConfig.from_dict(values[key])
        made = built(cls, {"name": path.stem, **values}, "recipe")
        _check(made, path)
        return made._beside(path.parent)

    def _beside(self, folder: Path) -> Recipe:
        """With its relative paths starting at ``folder``."""
        places: dict[str, Any] = {}
        for key in ("fonts", "strokes", "corpora", "backgrounds", "cache", "start", "teacher"):
            value = getattr(self, key)
            places[key] = str(folder / value) if value else ""
        for key in ("real", "more_strokes"):
            places[key] = tuple(str(folder / place) for place in getattr(self, key))
        return replace(self, **places, alphabet=characters(self.alphabet, folder) if self.alphabet else "")


def characters(value: str, folder: Path = Path()) -> str:
    """What an alphabet's value stands for: the characters of the file of that name in ``folder``, or itself.

    Raises:
        DataError: the file is empty or not UTF-8, or the value is named like a text file and there is none.
    """
    path = folder / value
    try:
        held = "".join(row for _, row in rows(path)) if path.is_file() else None
    except OSError:  # too long for a name
        held = None
    if held == "" or (held is None and path.suffix.lower() in LISTS):
        raise DataError(f"{path} holds no characters" if held is not None else f"there is no {path}")
    return value if held is None else held


def _check(recipe: Recipe, path: Path) -> None:
    """Raise SettingsError where settings do not go together."""

    def need(ok: bool, message: str) -> None:
        if not ok:
            raise SettingsError(f"{path}: {message}")

    check(recipe.network)
    optimisers = " or ".join(OPTIMISERS)
    need(recipe.optimiser in OPTIMISERS, f"optimiser is {optimisers}, not {recipe.optimiser!r}")
    taught, taking = (any(getattr(stage, key) for stage in recipe.stages) for key in ("distilled", "real"))
    teaches = bool(recipe.teacher or recipe.larger)
    need(teaches or not taught, "a stage has distilled, and the recipe has no teacher and no larger network")
    need(not (recipe.teacher and recipe.larger), "give a teacher or a larger network, not both")
    need(taking or not recipe.real, "it names real lines, and no stage takes any: give one a share, as in real = 0.2")
    need(bool(recipe.real) or not taking, "a stage takes real lines, and the recipe names none")
    for key in ("loaders", "rewritten"):
        need(getattr(recipe, key) >= 0, f"{key} is 0 or more, not {getattr(recipe, key)}")
    need(not (recipe.loaders and recipe.processes > 1), "give loaders or processes, not both")
    # a file without a name cannot be handed on there
    need(not (recipe.loaders and sys.platform == "win32"), "there are no loaders on Windows")
    writes = bool(recipe.loaders and recipe.strokes)
    need(writes or not recipe.rewritten, "rewritten needs strokes, and loaders that write")
    high = recipe.drawn != HEIGHT or recipe.network.height != HEIGHT
    more = recipe.real or recipe.teacher or recipe.larger or recipe.rewritten
    need(not (high and more), f"real, teacher, larger and rewritten are for strips of {HEIGHT} rows alone")
    fits = recipe.drawn in DRAWN and recipe.drawn >= recipe.network.height
    need(fits, f"drawn is {', '.join(map(str, DRAWN))}, and not below the network's height")
    if recipe.larger is not None:
        check(recipe.larger)
        need(recipe.larger.height == HEIGHT, f"a larger network reads the same strips of {HEIGHT} rows")
    strokes = bool(recipe.strokes or not recipe.more_strokes)
    need(strokes, "more_strokes needs strokes, for the characters that they lack")
