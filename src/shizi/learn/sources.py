"""Where training lines come from: made ones and real ones, in batches of one width."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor

from shizi.errors import DataError
from shizi.learn.data import open_source
from shizi.learn.real import RealLines
from shizi.learn.recipe import Recipe, Stage
from shizi.learn.synth.atlas import EM, Atlas, build_atlas, font_files
from shizi.learn.synth.compose import HEIGHT
from shizi.learn.synth.degrade import LEVELS, Degrader, Level
from shizi.learn.synth.lines import Batch, LineMaker, Plan
from shizi.learn.synth.living import Written
from shizi.learn.synth.rows import Style
from shizi.learn.synth.text import Sampler
from shizi.read.charset import Charset

SQUARE = 32
PART = 384
"""Squares of 32 pixels drawn together; a larger batch is put together of parts, each with a level of its own."""


@dataclass
class Laid:
    """One step's lines, laid out; whoever learns from them draws them."""

    parts: list[tuple[Plan, Level]]
    """Each is drawn at a level of its own."""
    written: list[Written] = field(default_factory=list)
    """What has to be put into the pictures first: glyphs that were written anew."""


class Sources:
    """Made lines, and real ones where the recipe names some."""

    def __init__(self, charset: Charset, maker: LineMaker, held: LineMaker, real: RealLines | None = None) -> None:
        self.charset, self.maker, self.held, self.real = charset, maker, held, real

    @property
    def font_names(self) -> tuple[str, ...]:
        """Font files that lines are drawn with."""
        return self.maker.atlas.names

    def batch(self, rng: np.random.Generator, stage: Stage) -> Batch:
        """One step's lines."""
        laid = self.laid(rng, stage)
        return self.drawn(laid) if isinstance(laid, Laid) else laid

    def laid(self, rng: np.random.Generator, stage: Stage, part: int = PART) -> Laid | Batch:
        """One step's lines, laid out, ``part`` squares together; single characters and real lines as they are."""
        alone = stage.kind == "characters"
        if not alone and self.real is not None and rng.random() < stage.real:
            return self.real.batch(rng, stage)
        forms = {"squared": stage.squared, "plates": stage.plates, "scene": stage.scene, "alone": stage.alone}
        style = Style(stage.loose, stage.hand, **forms)
        width = SQUARE if alone else int(rng.choice(stage.widths))
        count = max(1, stage.batch * SQUARE // width)
        most = max(1, part * SQUARE // width)
        counts = [min(most, count - done) for done in range(0, count, most)]
        levels = [LEVELS[stage.levels[int(rng.integers(len(stage.levels)))]] for _ in counts]
        if alone:
            pairs = zip(counts, levels, strict=True)
            return Batch.joined([self.maker.characters(rng, some, level, style) for some, level in pairs])
        return Laid([(self.maker.plan(rng, n, width, style), level) for n, level in zip(counts, levels, strict=True)])

    def drawn(self, laid: Laid) -> Batch:
        """The lines in ink, on the device of the maker."""
        if laid.written:
            glyphs, pictures = zip(*laid.written, strict=True)
            self.maker.composer.put(np.array(glyphs), np.stack(pictures))
        return Batch.joined([self.maker.drawn(plan, level) for plan, level in laid.parts])


def alphabet(recipe: Recipe) -> Charset:
    """The recipe's alphabet: the default one, or the characters given."""
    return Charset.of(c for c in recipe.alphabet if c >= " ") if recipe.alphabet else Charset.default()


def notes(recipe: Recipe, sources: Sources) -> list[str]:
    """What a person should know before a run begins: names of fonts that there are none of, and how many real lines."""
    known = {file.name for file in font_files(Path(recipe.fonts))} | set(sources.font_names)
    strange = sorted({*recipe.left_out, *recipe.font_weights} - known)
    said = [f"left_out or font_weights name what is not in {recipe.fonts}: {', '.join(strange)}"] if strange else []
    return said if sources.real is None else [*said, str(sources.real)]


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


def open_sources(
    recipe: Recipe, device: torch.device | None = None, real: RealLines | None = None
) -> Sources:
    """Open all that the recipe names; draws the atlas at the first time, and looks at all real lines.

    Lines are drawn on ``device``, by default the accelerator where there is one and no loaders draw them. ``real`` are
    the recipe's real lines where they have been looked at before.
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
        drawn, height = recipe.drawn, recipe.network.height
        return LineMaker(
            atlas, charset, sampler, degrader, weights=weights, device=device, drawn=drawn, height=height
        )

    if recipe.real and real is None:
        real = RealLines([open_source(Path(place)) for place in recipe.real], charset, recipe.stages)
    em = EM * recipe.drawn // HEIGHT
    at_once = max(recipe.processes, recipe.loaders)
    atlas = build_atlas(trained, charset, cache, recipe.stroke_places, recipe.hands, processes=at_once, em=em)
    return Sources(charset, maker(atlas), maker(build_atlas(held, charset, cache, em=em)), real)
