"""Made lines: a glyph atlas, texts, layouts, and what scanners and cameras do to them."""
