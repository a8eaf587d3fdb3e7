"""What can be set: one frozen dataclass a stage, and :class:`Settings` that holds them all.

A setting is a value handed to a stage, never something written on a Reader, so one call cannot change the next.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any

from shizi.errors import SettingsError


def _need(ok: bool, message: str) -> None:
    if not ok:
        raise SettingsError(message)


@dataclass(frozen=True, slots=True)
class LoadSettings:
    """Bounds on what is opened; each is checked before the pixels are decoded."""

    max_bytes: int = 64 * 1024 * 1024
    """Bytes of one file."""
    max_pixels: int = 64_000_000
    """Width times height of one page."""
    max_side: int = 32_000
    """Longest side of one page, pixels."""
    max_pages: int = 500
    """Pages (frames) of one file; those beyond are an error, not a silent cut."""
    min_side: int = 4
    """Shortest side of one page, pixels."""

    def __post_init__(self) -> None:
        for name in ("max_bytes", "max_pixels", "max_side", "max_pages", "min_side"):
            _need(getattr(self, name) > 0, f"load.{name} is a positive number")


@dataclass(frozen=True, slots=True)
class CleanSettings:
    """How a page is made upright and a strip made even."""

    deskew: bool = True
    """Turn a slightly tilted page upright before lines are found."""
    max_skew: float = 12.0
    """Largest tilt looked for, degrees."""
    contrast: bool = True
    """Stretch a strip's grey values and equalise them locally (CLAHE)."""
    clip: float = 2.0
    """CLAHE's clip limit (Zuiderveld 1994)."""
    tiles: int = 8
    """CLAHE's tiles along each side; fewer on a strip too small to give each 16 pixels."""
    polarity: bool = True
    """Make light text on dark ground dark on light."""

    def __post_init__(self) -> None:
        _need(0 <= self.max_skew <= 45, "clean.max_skew lies between 0 and 45 degrees")
        _need(self.clip > 0, "clean.clip is positive")
        _need(1 <= self.tiles <= 64, "clean.tiles lies between 1 and 64")


@dataclass(frozen=True, slots=True)
class FindSettings:
    """How lines are found."""

    finder: str = "projection"
    """Name of the finder, a key of ``shizi.find.FINDERS``."""
    max_side: int = 2400
    """A larger page is looked at in this size; the strips are still cut from the full one."""
    min_height: float = 6.0
    """Lines lower than this many pixels are dropped."""

    def __post_init__(self) -> None:
        _need(self.max_side >= 64, "find.max_side is at least 64 pixels")
        _need(self.min_height > 0, "find.min_height is positive")


@dataclass(frozen=True, slots=True)
class ReadSettings:
    """How strips become text."""

    threads: int = 0
    """Threads of ONNX Runtime; 0 takes the machine's cores, four at the most."""
    batch: int = 8
    """Strips of one width bucket read together."""
    max_width: int = 2048
    """A strip wider than this, at height 32, is cut at its emptiest column and read in parts, pixels."""
    alternatives: int = 3
    """Other readings kept for each character."""
    min_alternative: float = 0.005
    """Other readings below this probability are left away."""
    max_lines: int = 5000
    """Lines of one page; more are an error, not a silent cut."""

    def __post_init__(self) -> None:
        _need(0 <= self.threads <= 256, "read.threads lies between 0 and 256")
        _need(1 <= self.batch <= 256, "read.batch lies between 1 and 256")
        _need(self.max_width >= 64, "read.max_width is at least 64 pixels")
        _need(0 <= self.alternatives <= 10, "read.alternatives lies between 0 and 10")


@dataclass(frozen=True, slots=True)
class TextSettings:
    """Rules that tidy the text that was read; each can be switched off."""

    han_blanks: bool = True
    """Take away a blank between two Chinese characters or beside full-width punctuation."""
    trim: bool = True
    """Take away blanks at both ends of a line."""


@dataclass(frozen=True, slots=True)
class Settings:
    """All stages' settings."""

    load: LoadSettings = field(default_factory=LoadSettings)
    clean: CleanSettings = field(default_factory=CleanSettings)
    find: FindSettings = field(default_factory=FindSettings)
    read: ReadSettings = field(default_factory=ReadSettings)
    text: TextSettings = field(default_factory=TextSettings)

    @classmethod
    def from_dict(cls, values: Mapping[str, Mapping[str, Any]]) -> Settings:
        """Build from nested mappings, as a TOML file gives them.

        Raises:
            SettingsError: a stage or a key that does not exist, or a value of another type or out of its range.
        """
        made: dict[str, Any] = {}
        stages = {f.name: f.default_factory for f in fields(cls)}
        for name, given in values.items():
            if name not in stages:
                raise SettingsError(f"there is no stage {name!r}; the stages are {', '.join(stages)}")
            if not isinstance(given, Mapping):
                raise SettingsError(f"the settings of {name!r} are a table, not {given!r}")
            made[name] = _build(stages[name], name, given)
        return cls(**made)

    def to_dict(self) -> dict[str, dict[str, Any]]:
        """Nested dicts; :meth:`from_dict` takes them back."""
        return {s.name: {f.name: getattr(getattr(self, s.name), f.name) for f in fields(getattr(self, s.name))}
                for s in fields(self)}


def _build(stage: Any, name: str, given: Mapping[str, Any]) -> Any:
    assert is_dataclass(stage)
    defaults = stage()  # type: ignore[operator]  # the dataclass itself, which is callable
    known = {f.name: type(getattr(defaults, f.name)) for f in fields(stage)}
    for key, value in given.items():
        if key not in known:
            raise SettingsError(f"{name} has no setting {key!r}; it has {', '.join(known)}")
        kind = known[key]
        right = isinstance(value, kind) or (kind is float and type(value) is int)
        if not right or (kind is not bool and isinstance(value, bool)):
            raise SettingsError(f"{name}.{key} is of type {kind.__name__}, not {value!r}")
    return stage(**given)  # type: ignore[operator]
