"""Where a recipe's pictures come from: what draws them, for training and for judging, and processes that draw."""

from __future__ import annotations

import pickle
import signal
import traceback
from collections.abc import Generator, Iterable
from multiprocessing.connection import Connection
from pathlib import Path

import cv2
import numpy as np

from shizi.errors import ShiziError
from shizi.learn.drawn import drawn
from shizi.learn.hanzi.glyphs import Glyphs, open_glyphs
from shizi.learn.hanzi.pictures import UNSEEN, Artist, Batch
from shizi.learn.hanzi.recipe import HanziRecipe
from shizi.learn.synth.strokes import open_strokes


def artist(recipe: HanziRecipe) -> Artist:
    """What draws the pictures to learn from. DataError where a font or stroke data cannot be used."""
    weights = list(recipe.font_weights.values()) if recipe.hands < 1 else []
    fonts = zip(_glyphs(recipe, recipe.font_weights if weights else ()), weights, strict=True)
    places = [open_strokes(Path(place)) for place in recipe.strokes] if recipe.hands else []
    return Artist(recipe.chars, tuple(fonts), places, recipe.hands, recipe.careful)


def unseen(recipe: HanziRecipe, trained: Artist) -> dict[str, Artist]:
    """What draws pictures to judge by: fonts and hands that ``trained``, the recipe's :func:`artist`, has not."""
    made = {}
    fonts = tuple((glyphs, 1.0) for glyphs in _glyphs(recipe, recipe.validate_fonts)) or trained.fonts
    if fonts:
        made["fonts"] = Artist(recipe.chars, fonts)
    if trained.strokes:
        made["hands"] = Artist(recipe.chars, (), trained.strokes, hands=1.0, first=UNSEEN, end=2 * UNSEEN)
    return made


def _glyphs(recipe: HanziRecipe, names: Iterable[str]) -> list[Glyphs]:
    cache = Path(recipe.cache) if recipe.cache else None
    return [open_glyphs(Path(recipe.fonts) / name, recipe.chars, cache) for name in names]


def batches(recipe: HanziRecipe, trained: Artist, seed: int) -> Generator[Batch, None, None]:
    """Batches without end, from whichever of the ``recipe.loaders`` processes has one; without any, drawn here.

    The processes start when the first batch is asked for and end when the generator is closed, or this process ends.

    Raises:
        ShiziError, RuntimeError: what went wrong in one of them, or that it ended.
    """
    if not recipe.loaders:
        rng = np.random.default_rng(seed)
        while True:
            yield trained.batch(rng, recipe.batch)
    yield from drawn(_load, [(recipe, (seed, member)) for member in range(recipe.loaders)])


def _load(pipe: Connection, recipe: HanziRecipe, seed: tuple[int, int]) -> None:
    """What a process does: draw, and tell what went wrong."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C comes to all; the trainer ends its loaders
    cv2.setNumThreads(0)
    try:
        draws, rng = artist(recipe), np.random.default_rng(seed)
        while True:
            pipe.send_bytes(pickle.dumps(draws.batch(rng, recipe.batch), protocol=5))
    except OSError:  # the trainer is gone, however it ended
        return
    except ShiziError as error:
        pipe.send_bytes(pickle.dumps(error))
    except Exception:
        pipe.send_bytes(pickle.dumps(RuntimeError(f"a process that draws failed:\n{traceback.format_exc()}")))
