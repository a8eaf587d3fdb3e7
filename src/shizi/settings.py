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
    min_skew: float = 6.5
    """Smaller tilts stay: lines are found along their slope, and turning would cost sharpness, degrees."""
    max_skew: float = 12.0
    """Largest tilt looked for, degrees."""
    flatten: bool = True
    """Lay a page flat whose lines clearly bend, as in open books."""
    seals: bool = True
    """Take round red and blue seals off a page, to find and read the print under them, and names along their rims."""
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
class TurnSettings:
    """How it is told which way up pages and lines stand."""

    orient: bool = True
    """Read pages and lines in other ways where they read badly as they are: upside down, turned by a quarter."""
    sample: int = 6
    """Lines of a page that say whether it is turned."""
    max_again: int = 24
    """Lines of a page, the first of the doubtful ones, that are read upside down, or as text that lies."""

    def __post_init__(self) -> None:
        _need(1 <= self.sample <= 100, "turn.sample lies between 1 and 100")
        _need(self.max_again >= 0, "turn.max_again is 0 or more")


@dataclass(frozen=True, slots=True)
class FindSettings:
    """How lines are found."""

    finder: str = "auto"
    """Name of the finder, a key of ``shizi.find.FINDERS``."""
    weights: str = ""
    """Weight file of the learned finder; empty takes the shipped one."""
    max_side: int = 2400
    """The finder without a model looks at a larger page in this size; the strips are still cut from the full one."""
    first_look: int = 1_000_000
    """The learned finder first looks at a larger page in this size, pixels in all,"""
    max_look: int = 12_000_000
    """and at one with small text again, in a size that fits it, up to this one."""
    threshold: float = 0.6
    """Least probability of what belongs to a line, for the learned finder."""
    min_score: float = 0.75
    """Lines with a lower mean probability are dropped."""
    lone: bool = True
    """Lone characters that stand between lines of their row, or beside one and in a column of their kind, are found
    though they are less probable."""
    threads: int = 0
    """Threads of the learned finder; 0 takes the machine's cores, four at the most."""
    min_height: float = 6.0
    """Lines lower than this many pixels are dropped."""

    def __post_init__(self) -> None:
        _need(self.max_side >= 64, "find.max_side is at least 64 pixels")
        _need(self.first_look >= 64 * 64, "find.first_look is at least 4,096 pixels")
        _need(self.first_look <= self.max_look <= 64_000_000, "find.max_look lies between first_look and 64 megapixels")
        _need(0 < self.threshold < 1, "find.threshold lies between 0 and 1")
        _need(0 <= self.min_score <= 1, "find.min_score lies between 0 and 1")
        _need(0 <= self.threads <= 256, "find.threads lies between 0 and 256")
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
    again: float = 0.8
    """Lines below this confidence are read again: in the channel of colour that shows them clearest, with light and
    dark exchanged where it is unclear which is the text, cut more tightly out of their page, level and upright where
    they climb or lean, laid out straight where they run along an arc, without the rules of their paper, and a picture
    that is one line with room around it. The surest counts. 0: none is."""
    again_alone: float = 0.9
    """The same for a picture of a character or two, where the readings with room around it count for more, and the most
    for a picture that is one line, but for the room around it."""
    hanzi: bool = True
    """A doubtful lone character is also looked at by a network for single hanzi."""
    max_again: int = 50_000
    """Columns of a page's doubtful lines, at height 32 and in reading order, that are read again in those ways."""
    min_confidence: float = 0.25
    """Lines of a page below this are left out as noise and listed apart, with their text."""
    min_confidence_short: float = 0.5
    """The same for lines of up to three characters: of what is read where there is no text, most is short."""
    min_confidence_ascii: float = 0.65
    """The same for lines that are letters, figures and marks of ASCII for the most part (:func:`shizi.text.is_ascii`):
    edges, grain and hanzi too small to be read look like those."""
    max_lines: int = 5000
    """Lines of one page; more are an error, not a silent cut."""
    beam: int = 12
    """Texts that beam search keeps at a time; 0 reads greedily. A search weighs readings by an n-gram and words."""
    sure: float = 0.85
    """Where nothing is said about the text, lines whose letters, figures and hanzi are all at least so sure are read
    greedily; so are those of one or two characters: they have no context. English that holds words which are none is
    searched however sure it is."""
    ngram_weight: float = 0.33
    """How much the n-gram's logarithms count in a search, beside the network's; 0 leaves the n-gram out."""
    ngram_bonus: float = 1.0
    """Natural logarithm added for each character in a search with an n-gram, which alone would favour short texts."""
    word_bonus: float = 1.0
    """Natural logarithm added for each character of a lexicon's word, times the word's weight."""
    common_bonus: float = 1.0
    """The same for each letter of a common English word of four letters or more, in a search without another n-gram."""

    def __post_init__(self) -> None:
        _need(0 <= self.threads <= 256, "read.threads lies between 0 and 256")
        _need(1 <= self.batch <= 256, "read.batch lies between 1 and 256")
        _need(self.max_width >= 64, "read.max_width is at least 64 pixels")
        _need(0 <= self.alternatives <= 10, "read.alternatives lies between 0 and 10")
        _need(0 <= self.beam <= 1000, "read.beam lies between 0 and 1,000")
        for name in ("ngram_weight", "ngram_bonus", "word_bonus", "common_bonus"):
            _need(0 <= getattr(self, name) <= 10, f"read.{name} lies between 0 and 10")
        _need(0 <= self.sure <= 1, "read.sure lies between 0 and 1")
        _need(0 <= self.again <= 1, "read.again lies between 0 and 1")
        _need(0 <= self.again_alone <= 1, "read.again_alone lies between 0 and 1")
        _need(self.max_again >= 0, "read.max_again is 0 or more")
        _need(0 <= self.min_confidence <= 1, "read.min_confidence lies between 0 and 1")
        _need(0 <= self.min_confidence_short <= 1, "read.min_confidence_short lies between 0 and 1")
        _need(0 <= self.min_confidence_ascii <= 1, "read.min_confidence_ascii lies between 0 and 1")


@dataclass(frozen=True, slots=True)
class TextSettings:
    """Rules that tidy the text that was read; each can be switched off."""

    han_blanks: bool = True
    """Take away a blank between two Chinese characters or beside full-width punctuation."""
    trim: bool = True
    """Take away blanks at both ends of a line."""
    alike: bool = True
    """Figures and letters that look alike (0, O; 1, l, I, |) are what they stand among: 6OO is 600, Tota1 is Total.
    So are comma and point before cents and thousands (11,60 and 1.234.50), 一 and a single dash (选项—), the stop of
    Chinese (处罚. is 处罚。), and what a line begins with: a bullet or the box of a form, no comma; A. and no A，.
    So are the signs of sums: 28：86= is 28÷86=, 34X98= is 34×98=. Dots between words, degrees, bars (首页 | 新闻), the
    sign of times and dashes that stand apart (新闻 - 首页) are told by where their ink stands in the line."""
    marks: bool = True
    """Full-width marks of a line of English become half-width ones with a blank: Date：1 is Date: 1."""


@dataclass(frozen=True, slots=True)
class Settings:
    """All stages' settings."""

    load: LoadSettings = field(default_factory=LoadSettings)
    clean: CleanSettings = field(default_factory=CleanSettings)
    turn: TurnSettings = field(default_factory=TurnSettings)
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
