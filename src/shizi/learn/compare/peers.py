"""Other people's recognisers behind one function: a (H, W) grey picture of a line in, text out, one thread each."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Line = NDArray[np.uint8]
Read = Callable[[Line], str]

LANGUAGES = ("chi_sim", "eng")
"""Tesseract's models that are used, as far as they are installed."""


def installed() -> Iterator[tuple[str, Read]]:
    """Those that are there, by name."""
    if importlib.util.find_spec("rapidocr"):
        yield "RapidOCR", rapidocr()
    languages = tesseract_languages()
    if languages:
        yield f"Tesseract ({'+'.join(languages)})", tesseract(languages)


def rapidocr() -> Read:
    """RapidOCR's recogniser alone."""
    from rapidocr import RapidOCR

    threads = {"EngineConfig.onnxruntime.intra_op_num_threads": 1, "EngineConfig.onnxruntime.inter_op_num_threads": 1}
    engine: Any = RapidOCR(params={**threads, "Global.log_level": "error"})

    def read(line: Line) -> str:
        found = engine(cv2.cvtColor(line, cv2.COLOR_GRAY2BGR), use_det=False, use_cls=False, use_rec=True)
        return str(found.txts[0]) if found.txts else ""

    return read


def tesseract_languages() -> list[str]:
    """Those of :data:`LANGUAGES` that an installed Tesseract has; none where there is none."""
    program = shutil.which("tesseract")
    if program is None:
        return []
    listed = subprocess.run([program, "--list-langs"], capture_output=True, text=True, check=False).stdout.split()
    return [language for language in LANGUAGES if language in listed]


def tesseract(languages: list[str]) -> Read:
    """Tesseract told that the picture is one line. It is started for each: about a tenth of a second of its time."""
    command = ["tesseract", "-", "-", "--psm", "7", "-l", "+".join(languages)]
    threads = {**os.environ, "OMP_THREAD_LIMIT": "1"}

    def read(line: Line) -> str:
        packed = cv2.imencode(".png", line)[1].tobytes()
        done = subprocess.run(command, input=packed, capture_output=True, env=threads, check=False)
        return done.stdout.decode("utf-8", "replace").strip()

    return read
