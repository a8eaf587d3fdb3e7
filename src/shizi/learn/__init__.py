"""The workshop: making, training, measuring and exporting recognisers.

Nothing is imported here: ``shizi.learn.score`` and ``shizi.learn.data`` do without torch, and must load without it.
"""
