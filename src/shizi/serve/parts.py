"""What the views share: one value, made with the application and never changed."""

from __future__ import annotations

from dataclasses import dataclass

from flask import current_app

from shizi.serve.body import Allowance
from shizi.serve.corrections import Corrections
from shizi.serve.engine import Engine
from shizi.serve.metrics import Metrics
from shizi.serve.settings import ServeSettings


@dataclass(frozen=True, slots=True)
class Parts:
    """The server behind the application."""

    engine: Engine
    settings: ServeSettings
    metrics: Metrics
    allowance: Allowance
    corrections: Corrections | None
    """None: they are not kept."""
    token: str | None
    """None: anybody may."""


def parts() -> Parts:
    """Those of the current application."""
    found: Parts = current_app.extensions["shizi"]
    return found
