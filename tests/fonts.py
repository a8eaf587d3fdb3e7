"""Fonts for tests, without any font on the machine: Pillow's own, and small ones drawn here."""

from __future__ import annotations

from pathlib import Path

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from PIL import ImageFont


def pillow_font(path: Path) -> Path:
    """Pillow's built-in font (Aileron, CC0) as a file; Latin letters, digits and marks."""
    font = ImageFont.load_default(20)
    assert isinstance(font, ImageFont.FreeTypeFont)
    path.write_bytes(font.font_bytes)
    return path


def drawn_font(path: Path, bars: dict[str, int]) -> Path:
    """A font whose characters are ``bars[char]`` upright bars each; 0 bars is a glyph without an outline."""
    builder = FontBuilder(1000, isTTF=True)
    names = {char: f"uni{ord(char):04X}" for char in bars}
    builder.setupGlyphOrder([".notdef", *names.values()])
    builder.setupCharacterMap({ord(char): name for char, name in names.items()})
    glyphs = {".notdef": TTGlyphPen(None).glyph()}
    for char, count in bars.items():
        pen = TTGlyphPen(None)
        for index in range(count):
            left = 100 + index * 150
            corners = ((left, 0), (left, 800), (left + 80, 800), (left + 80, 0))
            pen.moveTo(corners[0])
            for corner in corners[1:]:
                pen.lineTo(corner)
            pen.closePath()
        glyphs[names[char]] = pen.glyph()
    builder.setupGlyf(glyphs)
    builder.setupHorizontalMetrics({name: (1000, 100) for name in [".notdef", *names.values()]})
    builder.setupHorizontalHeader(ascent=880, descent=-120)
    builder.setupNameTable({"familyName": "Bars", "styleName": "Regular"})
    builder.setupOS2(sTypoAscender=880, sTypoDescender=-120)
    builder.setupPost()
    builder.save(path)
    return path
