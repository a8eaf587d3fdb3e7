"""Reading lines again that read badly: seen in other ways, turned, and up to the bracket that closes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Protocol

from shizi import agree, text, turn
from shizi.agree import Opinion
from shizi.cut import Cut, within
from shizi.settings import ReadSettings, Settings
from shizi.types import Line

TOO_SURE, MUCH_TOO_SURE = 0.5, 0.7
"""By how much a lone character read without room around it has to be surer than several views with room together; and
where the network for single hanzi says the same as these,"""
SECONDED = 0.5
"""with so large a share."""
PICTURE = 0.87
"""Confidence below which a picture that is one line is seen in other ways, unless ``read.again_alone`` is lower."""
POOLED = 6
"""Alternatives of each view of a lone character that are looked at, however few are kept."""
ALL = 50
"""More than all views of a lone character name together."""
SINGLE = 0.85
"""Confidence that a column has to be read with as a lone character to be one."""
HOPELESS = 0.2
"""Confidence below which a line of a page that was read in another way is tried in no further one."""
ROOM = 0.35
"""What is added on both sides of a line that may have lost a bracket there, in its heights."""
GAPS = (3.5, 7.0)
"""How far behind an opening bracket that ends a line the closing one is looked for, in heights of the line."""


class Look(Protocol):
    """Reads strips: a line for each."""

    def __call__(self, cuts: Sequence[Cut], settings: ReadSettings | None = None) -> list[Line]:
        """``settings``: others than the reader's own."""


class Alone(Protocol):
    """Asks another network about lone characters."""

    def __call__(self, cuts: Sequence[Cut]) -> Sequence[Opinion | None]:
        """What it says of each; None where it is not asked."""


@dataclass(slots=True)
class Spare:
    """How much of a page is still read again, its lines in reading order."""

    columns: int
    """Of strips that are seen in other ways: a page of noise has thousands of doubtful lines."""
    turns: int
    """Lines that are read turned."""

    def sees(self, one: Cut) -> bool:
        """May a line be seen in other ways? If so, it counts."""
        self.columns -= one.strip.shape[1]
        return self.columns >= 0

    def turned(self) -> bool:
        """May one more line be read turned? If so, it counts."""
        self.turns -= 1
        return self.turns >= 0


def otherwise(
    cuts: Sequence[Cut], read: Mapping[Cut, Line], look: Look, settings: Settings, spare: Spare | None,
    alone: Alone | None = None,
) -> dict[Cut, Line]:  # fmt: skip
    """Other readings of doubtful lines, where they are surer: see :meth:`Cut.others` and :meth:`Cut.roomier`.

    A line that reads the same in two ways is seen in no more of them: what is unclear in it is so in all. Of lone
    characters ``alone``, if there is one, has its say.
    """
    least, best = settings.read, dict(read)
    enough = {one: _enough(one, least) for one in cuts}
    unsure = [one for one in cuts if read[one].confidence < enough[one] and (spare is None or spare.sees(one))]
    ways = {one: one.others(settings.clean, roomier=read[one].confidence < least.again) for one in unsure}
    texts = {one: {read[one].text} for one in unsure}
    while ways:  # one way after the other, as long as a line is doubtful and not without hope
        now = {one: other for one, some in ways.items() if (other := next(some, None)) is not None}
        for one, line in zip(now, look(list(now.values())), strict=True):
            if line.confidence >= now[one].least:
                best[one] = max(best[one], line, key=lambda line: line.confidence)
            if line.text and line.text in texts[one]:
                del ways[one]
            texts[one].add(line.text)
        hope = {one: HOPELESS if one.source else 0.0 for one in now}
        ways = {one: ways[one] for one in now if one in ways and hope[one] <= best[one].confidence < enough[one]}
    # a lone character cut out at its ink misleads the network, which is then too sure
    lone = [one for one in unsure if one.lone and read[one].confidence < least.again_alone]
    rooms = {one: one.roomier(settings.clean) for one in lone}
    wide = replace(least, alternatives=max(POOLED, least.alternatives), min_alternative=agree.UNSEEN)
    others = iter(look([other for some in rooms.values() for other in some], wide))
    opinions = alone(lone) if alone else [None] * len(lone)
    for (one, some), opinion in zip(rooms.items(), opinions, strict=True):
        views = list(islice(others, len(some)))
        together = agree.agreed(views, ALL, opinion) or max(views, key=lambda line: line.confidence)
        seconded = opinion is not None and opinion.shares.get(together.text, 0.0) >= SECONDED
        if together.confidence > best[one].confidence - (MUCH_TOO_SURE if seconded else TOO_SURE):
            told = agree.summed(together) if opinion else together
            best[one] = agree.shortened(told, least.alternatives, least.min_alternative)
    return {one: line for one, line in best.items() if line is not read[one]}


def _enough(one: Cut, settings: ReadSettings) -> float:
    """The confidence from which on a line is seen in one way alone."""
    if one.source:
        return settings.again
    return max(settings.again, settings.again_alone if one.lone else min(settings.again_alone, PICTURE))


def closed(cuts: Sequence[Cut], read: Mapping[Cut, Line], look: Look) -> dict[Cut, Line]:
    """Lines that end with an opening bracket, up to what closes it behind a gap for an answer: see GAPS."""
    made: dict[Cut, Line] = {}
    for heights in GAPS:
        ends = [one for one in cuts if one not in made and text.is_open(read[one].text)]
        longer = {one: more for one in ends if (more := one.longer(heights)) is not None}
        for one, line in zip(longer, look(list(longer.values())), strict=True):
            end = text.closing(line.chars)
            if end is not None:
                chars, place = (*read[one].chars, end), within(one.line.reaching(end.quad), one.size)
                made[one] = Line.of(chars, place)
    return made


def paired(cuts: Sequence[Cut], read: Mapping[Cut, Line], look: Look) -> dict[Cut, Line]:
    """Short lines that lack one bracket of two, with a little more room: at its end a thick one is overlooked."""
    halves = [one for one in cuts if text.is_half(read[one].text)]
    wider = {one: more for one in halves if (more := one.wider(ROOM)) is not None}
    made = dict(zip(wider, look(list(wider.values())), strict=True))
    return {
        one: line for one, line in made.items()
        if text.bare(line.text) == text.bare(read[one].text) and not text.is_half(line.text)
    }  # fmt: skip


def single(cuts: Sequence[Cut], read: Mapping[Cut, Line], look: Look, spare: Spare | None) -> dict[Cut, Line]:
    """Columns that read badly, but well as the one character that they may be: the finder takes 2 for a column."""
    doubtful = [one for one in cuts if one.vertical and turn.is_doubtful(read[one], True)]
    alone = {one: seen for one in doubtful if (seen := one.single()) is not None and (not spare or spare.turned())}
    made = zip(alone, look(list(alone.values())), strict=True)
    return {one: line for one, line in made if len(line.chars) == 1 and line.confidence >= SINGLE}


def turned(
    cuts: Sequence[Cut], read: Mapping[Cut, Line], look: Look, quick: Look, spare: Spare | None
) -> dict[Cut, Line]:
    """Readings of doubtful lines after some quarters of a turn, where these are surer; ``quick`` tells which."""
    unsure = [
        one for one in cuts
        if one.again and turn.is_doubtful(read[one], one.vertical)
        and not (one.lone and len(read[one].chars) == 1)  # several views agree that it stands upright
        and (spare is None or spare.turned())
    ]  # fmt: skip
    doubtful = {one: list(one.turned(turn.OTHERS[one.vertical])) for one in unsure}
    others = iter(quick([other for ways in doubtful.values() for other in ways]))
    better: dict[Cut, Cut] = {}
    for one, ways in doubtful.items():
        best = turn.surest([read[one], *islice(others, len(ways))], one.vertical)
        if best:
            better[one] = ways[best - 1]
    return dict(zip(better, look(list(better.values())), strict=True))
