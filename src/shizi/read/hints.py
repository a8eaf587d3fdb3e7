"""What is known about the text before it is read, and decoding with it.

An alphabet (named, or from a file), a beam with what is known of the language, a pattern: see :class:`Known`.
"""

from __future__ import annotations

import math
import os
import re
import string
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

import numpy as np

from shizi.errors import SettingsError
from shizi.read import charset, ctc, trust, weights
from shizi.read.beam import Scorer, beam
from shizi.read.charset import Charset
from shizi.read.lexicon import Lexicon
from shizi.read.patterns import PROVINCES, Decoder, Pattern
from shizi.settings import ReadSettings

if TYPE_CHECKING:
    from typing_extensions import Unpack

# Makers rather than sets: the hanzi are decoded only when they are asked for.
ALPHABETS: dict[str, Callable[[], str]] = {
    "digits": lambda: string.digits,
    "latin": lambda: string.ascii_letters + string.digits + " ",
    "ascii": lambda: charset.ASCII,
    "han": lambda: charset.gb2312_hanzi() + charset.tgh_rest() + "〇々",
    "hanzi": lambda: charset.gb2312_hanzi() + charset.tgh_rest() + "〇々",
    "gb2312": charset.gb2312_hanzi,
    # the letter I is on no plate: it looks like the digit 1
    "plate": lambda: PROVINCES + string.digits + string.ascii_uppercase.replace("I", "") + "警学港澳挂使领·",
    "amount": lambda: string.digits + "零壹贰叁肆伍陆柒捌玖拾佰仟万亿元圆角分整正人民币¥￥$€£.,，- ",
    "id": lambda: string.digits + "X",
    "date": lambda: string.digits + "〇零一二三四五六七八九十廿年月日号时分秒点上下午星期周元-/.:： ",
}
"""Name -> its characters. ``latin`` is letters, digits and the blank; ``ascii`` has the punctuation too."""

MAX_BYTES = 1024 * 1024
"""An alphabet's file is no larger; Unicode's hanzi all together are a third of it."""


def allowed(name_or_path: str) -> frozenset[str]:
    """Characters that may be read: a name in :data:`ALPHABETS`, or else a UTF-8 file that holds them.

    All characters of the file count except line ends; where they stand means nothing.

    Raises:
        SettingsError: neither a name nor a file, or a file that is too large, not UTF-8, or without a character.
    """
    if name_or_path in ALPHABETS:
        return frozenset(ALPHABETS[name_or_path]())
    path = Path(name_or_path)
    if not path.is_file():
        names = ", ".join(ALPHABETS)
        raise SettingsError(f"{name_or_path!r} is neither a file nor an alphabet; the alphabets are {names}")
    if path.stat().st_size > MAX_BYTES:
        raise SettingsError(f"{path} holds more than {MAX_BYTES} bytes, so it is no alphabet")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path} is not UTF-8 text") from error
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}") from error
    found = frozenset(text) - {"\n", "\r"}
    if not found:
        raise SettingsError(f"{path} holds no character")
    return found


class Known(TypedDict, total=False):
    """What a caller may say about the text. All of it is optional."""

    allowed: Iterable[str] | None
    """Characters that may be read; everything else is read as the likeliest of those."""
    beam: int | None
    """Texts that beam search keeps at a time; 0 reads greedily. A search weighs readings by the shipped n-gram, unless
    the lexicon has one or ``read.ngram_weight`` is 0. None: the setting ``read.beam``, on lines with a letter, figure
    or hanzi that the network is less sure of than ``read.sure``, unless they are codes (:func:`is_code`); 0 with
    ``allowed``, since an n-gram knows little of what forms are filled with."""
    lexicon: Lexicon | str | os.PathLike[str] | None
    """Words to be expected, or an n-gram that ``shizi lexicon build`` made: opened, or the path of its file. Means beam
    search, of :data:`BEAM` texts unless ``beam`` says how many."""
    pattern: str | None
    """What each line has to look like: a name such as ``date`` or ``plate``, or an expression
    (:mod:`shizi.read.patterns`). Takes the place of the three others."""


MAX_BEAM = 1000
"""Texts that a search keeps at most: its time grows with them."""
BEAM = 8
"""Texts that a search keeps where nothing else is said."""
CONTEXT = 3
"""Characters that a line has at least for what stands beside one to tell anything."""
PLATE = re.compile(rf"[{PROVINCES}][A-Z](?P<dot>[· \-:;.~]{{,2}})[A-Z0-9oil]{{5,6}}(?P<end>[.,\-]?)")
"""What looks so is a number plate, where O is 0 and I is 1 behind the second character, the marks in between are a dot,
and one at the end is a screw or a speck."""
NEARLY_PLATE = re.compile(r"(?=.{6,10}$).{0,2}[· \-:;.~]{0,2}[A-Z0-9oil]{4,6}.?")
"""What looks so may be a number plate that begins with misread characters: it is one if it reads well as one."""
DOUBTFUL = 0.8
"""Confidence below which one of the first three characters is doubtful enough for that."""
WELL, LEAST = 0.62, 0.2
"""What the characters of a line taken for a number plate have to reach: their geometric mean, and each of them."""
OTHER_MARK = 0.97
"""A mark that is none of a plate and that the network is so sure of stays: people write 京A-12345 as well."""
LETTERS, ENGLISH = 4, 0.7
"""Letters of a line of English at least, and their share of its characters."""
READABLE = 0.6
"""Geometric mean of its confidences, read greedily, from which common words count."""
_WORD = re.compile(r"(?<![^\W_])[A-Za-z]{4,}(?![^\W_])")
CODE = 0.6
"""Share of a code that is digits and capitals."""


@dataclass(frozen=True, eq=False)
class Hints:
    """What is known about the text, made ready for one network. It never changes, so threads may share it."""

    charset: Charset
    mask: ctc.Mask | None = None
    """(C,) classes that may be read."""
    beam: int = 0
    sure: float | None = None
    """Searched are only lines with a character below this confidence, as :meth:`_enough` tells; None: every line."""
    scorer: Scorer | None = None
    common: Scorer | None = None
    """What counts beside it where a line is English (:meth:`_english`)."""
    decoder: Decoder | None = None

    @classmethod
    def of(cls, charset: Charset, settings: ReadSettings, **known: Unpack[Known]) -> Hints:
        """Check what a caller says.

        Raises:
            SettingsError: the alphabet has none of the allowed or the pattern's characters, the lexicon cannot be
                opened, the pattern is malformed, or the beam is not between 0 and 1,000.
            TypeError: an argument that :class:`Known` lacks.
        """
        return _ready(charset, settings, **known)

    def decode(
        self,
        logits: ctc.Logits,
        settings: ReadSettings,
        *,
        valid: int,
        temperature: float,
        frames: ctc.Frames | None = None,
    ) -> list[ctc.Span]:
        """The characters of (T, C) logits, or (K, C) with ``frames``, of which ``valid`` frames count."""
        if self.decoder is not None:
            return self.decoder.decode(
                logits,
                frames=frames,
                valid=valid,
                temperature=temperature,
                alternatives=settings.alternatives,
                min_alternative=settings.min_alternative,
            )
        spans = self._searched(logits, settings, frames, valid, temperature)
        exactly = self.sure is not None and self._is_plate(spans)
        # without a search it is asked how well a line reads as it stands: nothing is to be made of it
        if exactly or (self.sure is not None and self.beam and self._is_nearly_plate(spans)):
            known = replace(self, decoder=_decoder("plate", self.charset))
            again = known.decode(logits, settings, frames=frames, valid=valid, temperature=temperature)
            return again if again and (exactly or _reads_well(again)) else spans
        if self.mask is None:
            return spans
        return [_trusted(span, logits[ctc.row(frames, span.peak)] / temperature, self.mask) for span in spans]

    def _searched(
        self,
        logits: ctc.Logits,
        settings: ReadSettings,
        frames: ctc.Frames | None,
        valid: int,
        temperature: float,
    ) -> list[ctc.Span]:
        if self.beam:
            return beam(
                logits,
                self.beam,
                self.scorer,
                also=self._english,
                frames=frames,
                valid=valid,
                allowed=self.mask,
                alike=self.charset.alike,
                temperature=temperature,
                alternatives=settings.alternatives,
                min_alternative=settings.min_alternative,
                spread=self.charset.narrow,
                unless=None if self.sure is None else self._enough,
            )
        return ctc.greedy(
            logits,
            frames=frames,
            valid=valid,
            allowed=self.mask,
            alike=self.charset.alike,
            temperature=temperature,
            alternatives=settings.alternatives,
            min_alternative=settings.min_alternative,
            spread=self.charset.narrow,
        )

    def may_be(self, char: str) -> bool:
        """May it be read, as far as the alphabet and what is allowed of it go?"""
        return char in self.charset and (self.mask is None or bool(self.mask[self.charset.encode(char)[0]]))

    def quick(self) -> Hints:
        """The same without search: enough to tell which way up a line stands."""
        return replace(self, beam=0) if self.beam else self

    def _enough(self, spans: Sequence[ctc.Span]) -> bool:
        """Is what was read greedily sure, too short for an n-gram to tell anything, or a code?

        Doubtful blanks and marks do not count: what stands beside them says little of which mark it is. A line of
        English is sure only if it is spelt as such: where two letters are one, nothing doubts it.
        """
        doubtful = [span for span in spans if span.confidence < (self.sure or 0.0)]
        if len(spans) < CONTEXT:
            return True
        if not any(char.isalnum() for char in self._text(doubtful)):
            return self._english(spans) is None or not is_misspelt(self._text(spans))
        return is_code(self._text(spans))

    def _english(self, spans: Sequence[ctc.Span]) -> Scorer | None:
        """Common words, for a line that is letters for the most part and reads as such: noise holds words as well."""
        text = self._text(spans).replace(" ", "")
        letters = sum(char.isascii() and char.isalpha() for char in text)
        if self.common is None or letters < max(LETTERS, ENGLISH * len(text)):
            return None
        return self.common if _mean(spans) >= READABLE else None

    def _is_plate(self, spans: Sequence[ctc.Span]) -> bool:
        text = self._text(spans)
        found = PLATE.fullmatch(text)
        if found is None:
            return False
        marks = (at for name in ("dot", "end") for at in range(*found.span(name)) if text[at] not in " ·")
        return all(spans[at].confidence < OTHER_MARK for at in marks)

    def _is_nearly_plate(self, spans: Sequence[ctc.Span]) -> bool:
        """Has it the figures and capitals of a number plate, and is what stands before them doubtful?"""
        text = self._text(spans)
        if not NEARLY_PLATE.fullmatch(text) or all(span.confidence >= DOUBTFUL for span in spans[:3]):
            return False
        figures = sum(char in string.digits for char in text)
        return figures >= 2 and figures + sum(char in string.ascii_uppercase for char in text) >= 5

    def _text(self, spans: Sequence[ctc.Span]) -> str:
        return "".join(self.charset.chars[span.cls - 1] for span in spans)


def is_code(text: str) -> bool:
    """Is it a word of digits and capitals for the most part, as number plates and serial numbers are?

    An n-gram knows nothing of those, but something of amounts, dates and telephone numbers, which have marks or hanzi
    between their digits; a plate has hanzi at its ends only.
    """
    plain = text.replace("·", "").replace(" ", "")
    figures = sum(char in string.digits for char in plain)
    capitals = sum(char in string.ascii_uppercase for char in plain)
    return plain.isalnum() and plain[1:-1].isascii() and figures >= 2 and figures + capitals >= CODE * len(plain)


def is_misspelt(text: str) -> bool:
    """Are some of the words of a text, of four letters or more, no common English ones, and as many others are?"""
    words = [word.lower() for word in _WORD.findall(text)]
    known = sum(word in common_words().words for word in words)
    return len(words) / 2 <= known < len(words)


def _reads_well(spans: Sequence[ctc.Span]) -> bool:
    return min(span.confidence for span in spans) >= LEAST and _mean(spans) >= WELL


def _mean(spans: Sequence[ctc.Span]) -> float:
    """Geometric mean of the confidences of one character or more."""
    return math.prod(span.confidence for span in spans) ** (1 / len(spans))


def _trusted(span: ctc.Span, row: ctc.Logits, mask: ctc.Mask) -> ctc.Span:
    """Its shares among the allowed classes, times the probability that it is one of those."""
    scale = trust.holds(float(ctc.softmax(row[np.newaxis])[0][mask].sum()))
    others = tuple((cls, share * scale) for cls, share in span.alternatives)
    return replace(span, confidence=span.confidence * scale, alternatives=others)


def _ready(
    charset: Charset,
    settings: ReadSettings,
    *,
    allowed: Iterable[str] | None = None,
    beam: int | None = None,
    lexicon: Lexicon | str | os.PathLike[str] | None = None,
    pattern: str | None = None,
) -> Hints:
    if pattern is not None:
        return Hints(charset, decoder=_decoder(pattern, charset))
    mask = None if allowed is None else charset.mask(allowed)
    if mask is not None and mask.sum() < 2:  # CTC's blank alone
        raise SettingsError("the alphabet has none of the allowed characters")
    unasked = beam is None and lexicon is None
    width = beam if beam is not None else settings.beam
    if lexicon is not None and beam is None:
        width = max(width, BEAM)
    if unasked and mask is not None:
        width = 0
    if not 0 <= width <= MAX_BEAM:
        raise SettingsError(f"a beam keeps between 0 and {MAX_BEAM:,} texts, not {width:,}")
    if not width:
        return Hints(charset, mask)
    known = Lexicon() if lexicon is None else lexicon if isinstance(lexicon, Lexicon) else Lexicon.open(lexicon)
    scorer = known.scorer(
        charset,
        model=shipped().model if known.model is None and settings.ngram_weight else None,
        ngram_weight=settings.ngram_weight,
        ngram_bonus=settings.ngram_bonus,
        word_bonus=settings.word_bonus,
    )
    english = known.model is None and settings.common_bonus
    common = common_words().folded(charset, settings.common_bonus) if english else None
    return Hints(charset, mask, width, settings.sure if unasked else None, scorer, common)


@lru_cache(maxsize=8)
def _decoder(pattern: str, charset: Charset) -> Decoder:
    return Decoder(Pattern.of(pattern), charset)


@cache
def shipped() -> Lexicon:
    """The n-gram that comes with the package."""
    return Lexicon.open(weights.FOLDER / weights.NGRAM)


@cache
def common_words() -> Lexicon:
    """The English words that come with the package, in small letters."""
    return Lexicon.open(weights.FOLDER / weights.WORDS)
