"""Hands that change while lines are drawn with them: writing of more people than an atlas has room for.

An atlas holds each character once for each hand, and a network that sees it a hundred times learns that picture. Here
the hands are written anew, one character after the other, while training runs: what a line shows is partly by a hand of
before and partly by the next one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shizi.learn.synth.atlas import CELL, CENTRE, EM, PEN, extent
from shizi.learn.synth.lines import LineMaker
from shizi.learn.synth.strokes import Hand, taught, write

FIRST = 1000
"""Number of the first hand that is not in an atlas from the beginning."""
BRUSHES, CAREFUL = 0.2, 0.25
"""Shares of the hands that write with a brush, and less out of proportion and less joined than quick ones do."""


def hand(number: int) -> Hand:
    """Hand ``number``: quick, with a brush, or careful."""
    rng = np.random.default_rng((number, 0xB5))
    quick, lot = Hand.drawn(number), rng.random()
    if lot < BRUSHES:
        return replace(quick, pen=float(rng.uniform(2.4, 4.4)), taper=float(rng.uniform(0.3, 0.8)))
    if lot < BRUSHES + CAREFUL:
        return replace(quick, uneven=float(rng.uniform(0.1, 0.25)), joined=float(rng.uniform(0, 0.5)), at_once=0.0)
    return quick


Written = tuple[int, NDArray[np.uint8]]
"""A glyph of the atlas, and its picture as it is now, (40, 40)."""


def rewritten(
    maker: LineMaker, places: Sequence[Path], fonts: Sequence[int], first: int = FIRST
) -> Iterator[Written]:
    """Write the hands ``fonts`` of ``maker``'s atlas anew, in place; each glyph comes out once it is written.

    It goes on for ever: when all characters of all ``fonts`` are written, with the next hands. It ends where there is
    nothing to write, as with an alphabet without hanzi.

    Args:
        maker: what draws with the atlas; its tables of pictures and extents are changed.
        places: what the hands write after, by turns: see :func:`~shizi.learn.synth.strokes.taught`.
        fonts: rows of the atlas's table, each a hand.
        first: number of the first hand; each font of each round takes the next.
    """
    atlas, number = maker.atlas, first
    wrote = True
    while wrote:
        wrote = False
        for font in fonts:
            writer, rng = hand(number), np.random.default_rng((number, 0x1E))
            strokes = taught(places, number)
            number += 1
            for cls in np.flatnonzero(atlas.table[font] >= 0):
                path = strokes.get(maker.charset.chars[cls - 1])
                if path is None:
                    continue
                glyph = int(atlas.table[font, cls])
                picture = write(path, writer, rng, CELL, EM, (PEN, CENTRE - EM / 2))
                maker.composer.put(np.array([glyph]), picture[None])
                top, bottom = extent(picture[None])
                atlas.tops[glyph], atlas.bottoms[glyph] = top[0], bottom[0]
                wrote = True
                yield glyph, picture
