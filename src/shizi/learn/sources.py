"""Where training lines come from: made ones and real ones, in batches of one width."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from shizi.clean import network_input
from shizi.crop import bucket
from shizi.errors import DataError
from shizi.learn.data import LineSource, open_source
from shizi.learn.recipe import Recipe, Stage
from shizi.learn.synth.atlas import Atlas, build_atlas, font_files
from shizi.learn.synth.degrade import LEVELS, Degrader
from shizi.learn.synth.lines import GROUND, Batch, LineMaker
from shizi.learn.synth.rows import Style
from shizi.learn.synth.text import Sampler
from shizi.read.charset import Charset
from shizi.settings import CleanSettings

SQUARE = 32
PART = 384
"""Squares of 32 pixels drawn together; a larger batch is put together of parts, each with a level of its own."""


class Sources:
    """Made lines, and real ones where the recipe names some."""

    def __init__(self, charset: Charset, maker: LineMaker, held: LineMaker, real: list[LineSource]) -> None:
        self.charset, self.maker, self.held, self.real = charset, maker, held, real

    @property
    def font_names(self) -> tuple[str, ...]:
        """Font files that lines are drawn with."""
        return self.maker.atlas.names

    def batch(self, rng: np.random.Generator, stage: Stage) -> Batch:
        """One step's lines."""
        forms = {"squared": stage.squared, "plates": stage.plates, "scene": stage.scene, "alone": stage.alone}
        style = Style(stage.loose, stage.hand, **forms)
        alone = stage.kind == "characters"
        width = SQUARE if alone else int(rng.choice(stage.widths))
        count = max(1, stage.batch * SQUARE // width)
        if not alone and self.real and rng.random() < stage.real:
            return self._real(rng, count, width)
        draw = self.maker.characters if alone else partial(self.maker.lines, width=width)
        most = max(1, PART * SQUARE // width)
        parts = []
        for done in range(0, count, most):
            level = LEVELS[stage.levels[int(rng.integers(len(stage.levels)))]]
            parts.append(draw(rng, min(most, count - done), level=level, style=style))
        return Batch.joined(parts) if len(parts) > 1 else parts[0]

    def _real(self, rng: np.random.Generator, count: int, width: int) -> Batch:
        """Real lines no wider than ``width``; lines with characters that the alphabet lacks are passed over."""
        strips: list[NDArray[np.float32]] = []
        labels: list[list[int]] = []
        for _ in range(20 * count):
            source = self.real[int(rng.integers(len(self.real)))]
            item = source.get(int(rng.integers(len(source))))
            if item is None:
                continue
            picture, text = item
            known = self.charset.known(text)
            strip = network_input(picture, CleanSettings())
            if known and len(known) == len(text) and strip.shape[1] <= width:
                strips.append(strip)
                labels.append(self.charset.encode(known))
            if len(strips) == count:
                break
        if not strips:
            raise DataError(f"no real line is at most {width} pixels wide at height 32 and within the alphabet")
        widths = np.array([s.shape[1] for s in strips], dtype=np.int64)
        made = np.full((len(strips), 1, SQUARE, bucket(int(widths.max()))), GROUND, dtype=np.float32)
        for index, strip in enumerate(strips):
            made[index, 0, :, : strip.shape[1]] = strip
        return Batch(torch.from_numpy(made), widths, labels)


def alphabet(recipe: Recipe) -> Charset:
    """The recipe's alphabet: the default one, the characters given, or those of the file named."""
    if not recipe.alphabet:
        return Charset.default()
    path = Path(recipe.alphabet)
    chars = path.read_text(encoding="utf-8") if len(recipe.alphabet) < 200 and path.is_file() else recipe.alphabet
    return Charset.of(c for c in chars if c >= " ")


def grounds(folder: Path) -> Tensor:
    """(B, 320, 320) uint8 middles of the pictures in ``folder``; smaller ones are left out."""
    made = []
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in (".jpg", ".jpeg", ".png", ".webp"):
            picture = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_GRAYSCALE)
            if picture is not None and min(picture.shape) >= 320:
                made.append(picture[:320, :320])
    if not made:
        raise DataError(f"no pictures of at least 320x320 pixels in {folder}")
    return torch.from_numpy(np.stack(made))


def open_sources(recipe: Recipe, device: torch.device | None = None) -> Sources:
    """Open all that the recipe names; draws the atlas at the first time.

    Lines are drawn on ``device``, by default the accelerator where there is one and no loaders draw them.
    """
    charset = alphabet(recipe)
    files = [f for f in font_files(Path(recipe.fonts)) if f.name not in recipe.left_out]
    missing = set(recipe.held_out) - {f.name for f in files}
    if missing:
        raise DataError(f"held-out fonts that are not in {recipe.fonts}: {', '.join(sorted(missing))}")
    trained = [f for f in files if f.name not in recipe.held_out]
    held = [f for f in files if f.name in recipe.held_out] or trained
    cache = Path(recipe.cache) if recipe.cache else None
    here = torch.cuda.is_available() and not recipe.loaders
    device = device or torch.device("cuda" if here else "cpu")
    sampler = Sampler(charset, Path(recipe.corpora) if recipe.corpora else None, natural=recipe.natural)
    degrader = Degrader(grounds(Path(recipe.backgrounds)).to(device) if recipe.backgrounds else None)

    def maker(atlas: Atlas) -> LineMaker:
        weights = [recipe.font_weights.get(name, 1.0) for name in atlas.names]
        return LineMaker(atlas, charset, sampler, degrader, weights=weights, device=device)

    real = [open_source(Path(place)) for place in recipe.real]
    atlas = build_atlas(
        trained, charset, cache, recipe.stroke_places, recipe.hands, processes=max(recipe.processes, recipe.loaders)
    )
    return Sources(charset, maker(atlas), maker(build_atlas(held, charset, cache)), real)
