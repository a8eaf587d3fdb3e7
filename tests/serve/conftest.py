"""A real server under gunicorn, one with tight bounds, and the application alone for details."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from browser import chromium, desk  # noqa: F401  # fixtures of the page's tests
from flask import Flask
from serving import SAMPLE, Server, running

from conftest import box_reader
from shizi.serve.app import create_app
from shizi.serve.engine import Engine
from shizi.serve.metrics import Metrics
from shizi.serve.settings import ServeSettings


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Two workers, the default bounds, corrections kept."""
    with running("--workers", "2", "--access-log", keep=tmp_path_factory.mktemp("corrections")) as made:
        yield made


@pytest.fixture(scope="session")
def tight() -> Iterator[Server]:
    """One worker that is soon full."""
    bounds = {
        "max_bytes": 300_000,
        "max_pixels": 2_000_000,
        "max_pages": 2,
        "upload_seconds": 1.0,
        "header_seconds": 1,
        "linger_seconds": 0.5,
        "running": 1,
        "waiting": 1,
        "per_client": 3,
    }
    with running("--workers", "1", *(f"--set={name}={value}" for name, value in bounds.items())) as made:
        yield made


@pytest.fixture
def make_app() -> Callable[..., Flask]:
    """An application whose network reads boxes; its engine is ready."""

    def make(bounds: ServeSettings | None = None, **given: Any) -> Flask:
        settings, metrics = bounds or ServeSettings(), Metrics()
        engine = Engine(box_reader(settings.reader(1)), settings, metrics)
        engine.warm()
        return create_app(engine, settings, metrics, **given)

    return make


@pytest.fixture(scope="session")
def sample() -> bytes:
    """The picture of a page."""
    return SAMPLE.read_bytes()
