"""One reading of a lone character out of several views of it: the product of what each saw. No I/O."""

from __future__ import annotations

import math
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from shizi.types import Alternative, Line

UNSEEN = 0.005
"""Share that a view has for a character which it does not name, in place of none: one view alone rules nothing out."""
WEIGHT = 4
"""Views that what another network says counts as."""
UNTOLD = 0.1
"""Share that it has for a character which it does not know."""


@dataclass(frozen=True, slots=True)
class Opinion:
    """What another network says of a character."""

    shares: Mapping[str, float]
    """Of the likeliest ones."""
    known: Container[str]
    """Its alphabet."""

    def of(self, text: str) -> float:
        """Its share for a character."""
        return self.shares.get(text, 0.0) if text in self.known else UNTOLD


def agreed(views: Sequence[Line], alternatives: int, other: Opinion | None = None) -> Line | None:
    """The character that the views together hold likeliest; None where fewer than two of them show just one.

    Its share is the geometric mean of theirs (a logarithmic opinion pool, Genest & Zidek 1986), so that it is sure only
    where all are. At most so many ``alternatives`` stand behind it. Its place is that of the view surest of it. The
    opinion of an ``other`` network counts as :data:`WEIGHT` views, and is enough beside a single one.
    """
    seen = [line for line in views if len(line.chars) == 1]
    if len(seen) < (1 if other else 2):
        return None
    shares = [_shares(line) for line in seen]
    named = {text for one in shares for text in one}.union(other.shares if other else ())
    means = {text: math.fsum(_logs(text, shares, other)) for text in named}
    ranked = sorted(named, key=lambda text: (-means[text], text))
    count = len(seen) + (WEIGHT if other else 0)
    pooled = [Alternative(text, math.exp(means[text] / count)) for text in ranked[: alternatives + 1]]
    best = pooled[0].text
    _, line = max(zip(shares, seen, strict=True), key=lambda one: one[0].get(best, 0.0))
    char = replace(line.chars[0], text=best, confidence=pooled[0].confidence, alternatives=tuple(pooled[1:]))
    return replace(line, text=best, confidence=char.confidence, chars=(char,))


def summed(line: Line) -> Line:
    """A line whose character is surely one of those named: its shares sum to one. Other lines stay as they are.

    Where two networks agree in part only, none of their geometric means is high; left to say is which of them it is.
    """
    total = math.fsum(_shares(line).values()) if len(line.chars) == 1 else 0.0
    if not total:
        return line
    char = line.chars[0]
    others = tuple(replace(one, confidence=one.confidence / total) for one in char.alternatives)
    made = replace(char, confidence=char.confidence / total, alternatives=others)
    return replace(line, confidence=made.confidence, chars=(made,))


def shortened(line: Line, alternatives: int, least: float) -> Line:
    """A line with at most so many ``alternatives`` behind each character, of a share of ``least`` or more."""
    chars = []
    for char in line.chars:
        kept = tuple(one for one in char.alternatives if one.confidence >= least)
        chars.append(replace(char, alternatives=kept[:alternatives]))
    return replace(line, chars=tuple(chars))


def _logs(text: str, shares: Sequence[Mapping[str, float]], other: Opinion | None) -> Iterator[float]:
    """Of each share of a character, the other network's with its weight."""
    yield from (math.log(max(one.get(text, 0.0), UNSEEN)) for one in shares)
    if other:
        yield WEIGHT * math.log(max(other.of(text), UNSEEN))


def _shares(line: Line) -> dict[str, float]:
    char = line.chars[0]
    return {char.text: char.confidence, **{one.text: one.confidence for one in char.alternatives}}
