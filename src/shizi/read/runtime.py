"""Running the network: strips to logits with ONNX Runtime on the CPU, and what a weight file has to carry."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from shizi.errors import ModelMismatch, SettingsError
from shizi.read import trust, weights
from shizi.read.charset import BLANK, Charset
from shizi.read.ctc import Frames
from shizi.settings import CleanSettings

SCHEMA = "shizi/model/1"
"""Of the metadata: ``shizi.schema``, and beside it ``shizi.charset`` (JSON list of characters), ``shizi.fingerprint``
(of the alphabet), ``shizi.preprocess`` (JSON, equal to :func:`preprocess`) and ``shizi.card`` (JSON object: where the
weights come from, their licence, their figures, and the ``temperature`` of :mod:`shizi.read.trust`)."""

INPUT, OUTPUT = "strips", "logits"
"""Names of the graph's input (N, 1, 32, W) and output (N, W // 4, C), both float32."""
FRAMES = "frames"
"""A graph with a second output of this name, (K,) int64, leaves out frames that are surely blank: its logits are
(1, K, C), of these frames, rising (``shizi skip-blanks`` makes such files). It takes one strip at a time."""

HEIGHT = 32
"""Rows of a strip, pixels."""
STRIDE = 4
"""Columns of a strip a frame; frame t is centred on column 4 t + 2."""
PAD = 0.5
"""What strips are padded with on their right: the value of white ground."""

LEFT_OUT = -30.0
"""Logit of all classes of a frame that a graph left out; the blank's is 0."""

MAX_BYTES = 512 * 1024 * 1024
"""A larger weight file is refused unread."""

MAX_THREADS = 4
"""Threads that are taken unasked."""


def preprocess() -> dict[str, Any]:
    """What is done to a strip before the network sees it; ``version`` counts changes that no other value shows."""
    clean = CleanSettings()
    return {
        "version": 1,
        "height": HEIGHT,
        "contrast": clean.contrast,
        "clip": clean.clip,
        "tiles": clean.tiles,
        "polarity": clean.polarity,
        "pad": PAD,
        "stride": STRIDE,
    }


def metadata(charset: Charset, card: Mapping[str, Any]) -> dict[str, str]:
    """The metadata of a weight file, as :meth:`Recogniser.open` wants it."""
    return {
        "shizi.schema": SCHEMA,
        "shizi.charset": json.dumps(charset.chars, ensure_ascii=False),
        "shizi.fingerprint": charset.fingerprint,
        "shizi.preprocess": json.dumps(preprocess(), sort_keys=True),
        "shizi.card": json.dumps(dict(card), ensure_ascii=False, sort_keys=True),
    }


class Emissions(NamedTuple):
    """What the network says of one strip."""

    logits: NDArray[np.float32]
    """(T, C), or (K, C) where frames were left out; frames behind what it saw are not in it."""
    frames: Frames | None
    """(K,) the frames of the rows; None: all."""


@dataclass(frozen=True, eq=False)
class Recogniser:
    """A network with its alphabet. It never changes, so threads may share it."""

    path: Path
    charset: Charset
    card: Mapping[str, Any]
    temperature: float
    """What logits are divided by before probabilities are taken; see :mod:`shizi.read.trust`."""
    threads: int
    """Strips that are read at the same time."""
    _session: Any = field(repr=False)

    @classmethod
    def open(cls, path: str | os.PathLike[str] | None = None, threads: int = 0) -> Recogniser:
        """Open a weight file; None opens the shipped one. 0 threads takes the cores, at most :data:`MAX_THREADS`.

        Raises:
            ModelMissing: there is no such file.
            ModelMismatch: it is damaged, none of ours, or its parts contradict one another or this version.
            SettingsError: a negative number of threads.
        """
        if threads < 0:
            raise SettingsError(f"read.threads is 0 or more, not {threads}")
        found = weights.find(path)
        session = opened(found, MAX_BYTES)
        charset, card = _parts(session, found)
        _check_shapes(session, charset, found)
        return cls(found, charset, card, trust.temperature(card), threads or min(MAX_THREADS, cores()), session)

    def logits(self, batch: NDArray[np.float32], widths: Sequence[int] | None = None) -> NDArray[np.float32]:
        """(N, 1, 32, W) -> (N, W // 4, C), as :meth:`emissions`; frames that were left out are blank.

        Frames behind what was seen of a strip are 0.
        """
        seen = self.emissions(batch, widths)
        made = np.zeros((len(batch), batch.shape[-1] // STRIDE, self.charset.size), np.float32)
        for index, (rows, frames) in enumerate(seen):
            if frames is None:
                made[index, : len(rows)] = rows
                continue
            count = (batch.shape[-1] if widths is None else widths[index]) // STRIDE
            made[index, :count] = LEFT_OUT
            made[index, :count, BLANK] = 0
            made[index, frames] = rows
        return made

    def emissions(self, batch: NDArray[np.float32], widths: Sequence[int] | None = None) -> list[Emissions]:
        """What is said of each of (N, 1, 32, W) strips, W a multiple of 4.

        ``widths`` are the columns of each strip that the network is to see, multiples of 4 up to W. None: all.

        Each strip runs through the network by itself, several at a time on as many threads. A batch in one run would
        gain nothing on a CPU, and int8 takes one scale of activations for all that it is given, so that a strip's
        logits would depend on its neighbours. This way the same strip gives the same bits in any batch.

        Raises:
            ValueError: another shape or type, or widths that cannot be.
        """
        shape = batch.shape
        right = len(shape) == 4 and shape[1:3] == (1, HEIGHT) and shape[3] >= STRIDE and shape[3] % STRIDE == 0
        if not right or batch.dtype != np.float32:
            raise ValueError(f"a batch is (N, 1, {HEIGHT}, 4 k) float32, not {shape} {batch.dtype}")
        seen = [shape[3]] * shape[0] if widths is None else list(widths)
        if len(seen) != shape[0] or not all(STRIDE <= w <= shape[3] and w % STRIDE == 0 for w in seen):
            raise ValueError(f"{shape[0]} strips of {shape[3]} columns cannot be seen in the widths {seen}")

        def run(index: int) -> Emissions:
            # bound, so that megabytes of logits are taken from where they are written and not copied
            bound = self._session.io_binding()
            bound.bind_cpu_input(INPUT, np.ascontiguousarray(batch[index : index + 1, :, :, : seen[index]]))
            for value in self._session.get_outputs():
                bound.bind_output(value.name, "cpu")
            self._session.run_with_iobinding(bound)
            logits, *frames = bound.get_outputs()
            return Emissions(logits.numpy()[0], frames[0].numpy() if frames else None)

        if min(self.threads, len(batch)) < 2:
            return [run(index) for index in range(len(batch))]
        # threads of this call only: nothing to close, and nothing that a fork would break
        with ThreadPoolExecutor(min(self.threads, len(batch)), "shizi-read") as pool:
            return list(pool.map(run, range(len(batch))))


def cores() -> int:
    """Cores that this process may use, at least 1."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0)) or 1
    return os.cpu_count() or 1


def opened(path: Path, most: int) -> Any:
    """An ONNX Runtime session of a file of at most so many bytes: one thread, no arena and no memory pattern.

    Threads work on strips instead (see :meth:`Recogniser.logits`). Over 50 widths the arena holds 20 MB more and saves
    two hundredths of the time. The file is read here and handed over as bytes, so that it cannot refer to other files.

    Raises:
        ModelMismatch: it is larger, or damaged.
    """
    size = path.stat().st_size
    if size > most:
        raise ModelMismatch(f"{path} has {size} bytes; a weight file has at most {most}")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.enable_cpu_mem_arena = options.enable_mem_pattern = False
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's errors have no common root of their own
        raise ModelMismatch(f"{path} is not a weight file that ONNX Runtime can load: {error}") from error


def _parts(session: Any, path: Path) -> tuple[Charset, dict[str, Any]]:
    found: Mapping[str, str] = session.get_modelmeta().custom_metadata_map
    if found.get("shizi.schema") != SCHEMA:
        raise ModelMismatch(f"{path} has the schema {found.get('shizi.schema')!r}, not {SCHEMA!r}")
    chars = _json(found, "shizi.charset", path)
    if not isinstance(chars, list) or not all(isinstance(char, str) for char in chars):
        raise ModelMismatch(f"the alphabet of {path} is not a list of characters")
    try:
        charset = Charset(tuple(chars))
        fingerprint = charset.fingerprint
    except (SettingsError, UnicodeEncodeError) as error:  # half of a surrogate pair has no UTF-8
        raise ModelMismatch(f"the alphabet of {path} is broken: {error}") from error
    if fingerprint != found.get("shizi.fingerprint"):
        raise ModelMismatch(f"the alphabet of {path} is not the one that its fingerprint stands for")
    given, wanted = _json(found, "shizi.preprocess", path), preprocess()
    if given != wanted:
        raise ModelMismatch(f"{path} was trained with other preprocessing: {given} instead of {wanted}")
    card = _json(found, "shizi.card", path)
    if not isinstance(card, dict):
        raise ModelMismatch(f"the card of {path} is not an object")
    return charset, card


def _json(found: Mapping[str, str], key: str, path: Path) -> Any:
    if key not in found:
        raise ModelMismatch(f"{path} lacks {key}")
    try:
        return json.loads(found[key])
    except ValueError as error:
        raise ModelMismatch(f"{key} of {path} is not JSON") from error


def _check_shapes(session: Any, charset: Charset, path: Path) -> None:
    inputs = [(value.name, value.type, len(value.shape)) for value in session.get_inputs()]
    outputs = [(value.name, value.type, len(value.shape)) for value in session.get_outputs()]
    wanted = [(OUTPUT, "tensor(float)", 3), (FRAMES, "tensor(int64)", 1)]
    if inputs != [(INPUT, "tensor(float)", 4)] or outputs not in (wanted[:1], wanted):
        raise ModelMismatch(f"{path} turns {inputs} into {outputs}, not {INPUT} of 4 axes into {OUTPUT} of 3")
    given = session.get_inputs()[0].shape
    if tuple(given[1:3]) != (1, HEIGHT):
        raise ModelMismatch(f"{path} takes strips of the shape {given}, not (N, 1, {HEIGHT}, W)")
    try:
        probe, *frames = session.run(None, {INPUT: np.full((1, 1, HEIGHT, 64), PAD, np.float32)})
    except Exception as error:
        raise ModelMismatch(f"{path} does not run on a strip of 64 columns: {error}") from error
    most = 64 // STRIDE
    count = len(frames[0]) if frames else most
    if probe.shape != (1, count, charset.size) or count > most:
        raise ModelMismatch(f"{path} turns 64 columns into {probe.shape}, not (1, {most}, {charset.size})")
    if frames and np.diff(frames[0], prepend=-1, append=most).min() < 1:
        raise ModelMismatch(f"{path} says that its rows are of the frames {frames[0].tolist()} of {most}")
