"""What was measured, and with what: the model's card and the versions, as lists for the page."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping
from html import escape
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from shizi.read.runtime import Recogniser, cores

LIBRARIES = ("shizi", "onnxruntime", "numpy", "opencv-python-headless", "Pillow", "rapidfuzz")
_LONG = 6  # a longer list is folded up


def cards(model: Recogniser) -> str:
    """Two cards as HTML."""
    content = model.path.read_bytes()
    card = {key: value for key, value in model.card.items() if key != "training"}
    training = model.card.get("training")
    if isinstance(training, dict):  # where a run stood says nothing about the file
        training = {key: value for key, value in training.items() if key not in ("stage", "step", "elapsed")}
    about = {
        "file": model.path.name,
        "bytes": f"{len(content):,}",
        "SHA-256": hashlib.sha256(content).hexdigest()[:16] + "…",
        "alphabet": f"{len(model.charset.chars):,} characters, fingerprint {model.charset.fingerprint[:12]}",
        **card,
        **({f"training: {key}": value for key, value in training.items()} if isinstance(training, dict) else {}),
    }
    machine = {
        **{library: found for library in LIBRARIES if (found := installed(library))},
        "Python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": str(cores()),
    }
    return "".join(
        f'<div class="card"><h3>{title}</h3><dl class="facts">{_facts(values)}</dl></div>'
        for title, values in (("Made with", machine), ("Model card", about))
    )


def _facts(values: Mapping[str, Any]) -> str:
    return "".join(f"<dt>{escape(str(key))}</dt><dd>{_fact(value)}</dd>" for key, value in values.items())


def _fact(value: Any) -> str:
    if isinstance(value, list) and all(isinstance(one, str) for one in value) and len(value) > _LONG:
        return f"<details><summary>{len(value)}</summary><p>{escape(', '.join(value))}</p></details>"
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return escape(", ".join(value)) or "–"
    return escape(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def installed(library: str) -> str | None:
    """The version of a library, None where it is not there."""
    try:
        return version(library)
    except PackageNotFoundError:
        return None
