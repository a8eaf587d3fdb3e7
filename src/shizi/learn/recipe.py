"""A training recipe: what is drawn, which network, which stages. Read from TOML; a misspelt key is an error."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from shizi.errors import DataError, SettingsError
from shizi.learn.network import NetworkConfig
from shizi.learn.synth.compose import HEIGHT
from shizi.learn.synth.degrade import LEVELS

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


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
        for level in self.levels:
            if level not in LEVELS:
                raise SettingsError(f"stage {self.name}: there is no level {level!r}; there are {', '.join(LEVELS)}")


OPTIMISERS = ("adamw", "muon")
DRAWN = (32, 48, 64)
"""Rows that lines can be drawn in."""


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
        try:
            values = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, tomllib.TOMLDecodeError) as error:
            raise DataError(f"{path}: {error}") from error
        stages = tuple(_checked(Stage, stage, "stage") for stage in values.pop("stage", []))
        if not stages:
            raise SettingsError(f"{path} has no [[stage]]")
        network = NetworkConfig.from_dict(values.pop("network", {}))
        if "larger" in values:
            values["larger"] = NetworkConfig.from_dict(values["larger"])
        for key in ("fonts", "strokes", "corpora", "backgrounds", "cache", "start", "teacher"):
            if values.get(key):
                values[key] = str(path.parent / values[key])
        for key in ("real", "more_strokes"):
            values[key] = [str(path.parent / place) for place in values.get(key, [])]
        if values.get("optimiser", OPTIMISERS[0]) not in OPTIMISERS:
            raise SettingsError(f"{path}: optimiser is {' or '.join(OPTIMISERS)}, not {values['optimiser']!r}")
        if any(stage.distilled for stage in stages) and not (values.get("teacher") or values.get("larger")):
            raise SettingsError(f"{path}: a stage has distilled, and the recipe has no teacher and no larger network")
        if values.get("teacher") and values.get("larger"):
            raise SettingsError(f"{path}: give a teacher or a larger network, not both")
        for key in ("loaders", "rewritten"):
            if values.get(key, 0) < 0:
                raise SettingsError(f"{path}: {key} is 0 or more, not {values[key]}")
        if values.get("loaders") and values.get("processes", 1) > 1:
            raise SettingsError(f"{path}: give loaders or processes, not both")
        if values.get("loaders") and sys.platform == "win32":  # a file without a name cannot be handed on there
            raise SettingsError(f"{path}: there are no loaders on Windows")
        if values.get("rewritten") and not (values.get("loaders") and values.get("strokes")):
            raise SettingsError(f"{path}: rewritten needs strokes, and loaders that write")
        high = values.get("drawn", HEIGHT) != HEIGHT or network.height != HEIGHT
        if high and any(values.get(key) for key in ("real", "teacher", "larger", "rewritten")):
            raise SettingsError(f"{path}: real, teacher, larger and rewritten are for strips of {HEIGHT} rows alone")
        if values.get("drawn", HEIGHT) not in DRAWN or values.get("drawn", HEIGHT) < network.height:
            raise SettingsError(f"{path}: drawn is {', '.join(map(str, DRAWN))}, and not below the network's height")
        if "larger" in values and values["larger"].height != HEIGHT:
            raise SettingsError(f"{path}: a larger network reads the same strips of {HEIGHT} rows")
        if values["more_strokes"] and not values.get("strokes"):
            raise SettingsError(f"{path}: more_strokes needs strokes, for the characters that they lack")
        made: Recipe = _checked(cls, {"name": path.stem, **values, "stages": stages, "network": network}, "recipe")
        return made


def _checked(kind: Any, values: Mapping[str, Any], what: str) -> Any:
    known = {f.name for f in fields(kind)}
    for key in values:
        if key not in known:
            raise SettingsError(f"a {what} has no setting {key!r}; it has {', '.join(sorted(known))}")
    try:
        return kind(**{k: tuple(v) if isinstance(v, list) else v for k, v in values.items()})
    except TypeError as error:
        raise SettingsError(f"{what}: {error}") from error
