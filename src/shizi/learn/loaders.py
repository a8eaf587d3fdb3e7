"""Processes that make lines beside the one that trains, for an accelerator that is faster than one core makes them.

What they draw from lies in a file that all of them map, so that it is held once and each sees the hands that another
one writes. /dev/shm, which is small in a container, is not used.
"""

from __future__ import annotations

import io
import mmap
import os
import pickle
import signal
import tempfile
import traceback
import weakref
from collections.abc import Generator, Iterator
from dataclasses import replace
from itertools import islice
from multiprocessing import reduction
from multiprocessing.connection import Connection
from queue import Queue
from threading import Thread
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor

from shizi.errors import DataError, ShiziError
from shizi.learn.drawn import drawn
from shizi.learn.recipe import Recipe, Stage
from shizi.learn.sources import Laid, Sources
from shizi.learn.synth.lines import Batch
from shizi.learn.synth.living import FIRST, Written, rewritten

AHEAD = 2
"""Batches that each process has ready."""
ALIGNED = 64
"""Arrays in the file begin at multiples of this many bytes."""
Made = Batch | Laid
"""Lines that are drawn, or laid out for the trainer to draw."""


class Shared:
    """Sources in a file, for processes to open; what one of them writes into an array the others see.

    The file has no name, so it is gone with the last process that has it open, however that one ends. A started process
    takes a Shared as an argument; it cannot be sent to one later.
    """

    def __init__(self, sources: Sources) -> None:
        """Write ``sources`` to a temporary file, and let its makers draw from there.

        Raises:
            DataError: there is no room for it.
        """
        for maker in (sources.maker, sources.held):  # the composers have copies of the pictures, and draw with those
            maker.atlas = replace(maker.atlas, pictures=maker.atlas.pictures[:0])
        try:
            self._write(sources)
        except OSError as error:
            folder = tempfile.gettempdir()
            raise DataError(
                f"{folder} has no room for what loaders share ({error.strerror}): set TMPDIR to a larger folder"
            ) from error
        here = self.open()
        sources.maker, sources.held = here.maker, here.held

    def _write(self, sources: Sources) -> None:
        self.places: list[slice] = []
        with tempfile.TemporaryFile() as file:
            arrays: list[pickle.PickleBuffer] = []
            _Pickler(file, protocol=5, buffer_callback=arrays.append).dump(sources)
            for array in arrays:  # not by growing the file and mapping it: on a full disk that is a bus error
                raw = array.raw()
                file.write(b"\0" * (-file.tell() % ALIGNED))
                self.places.append(slice(file.tell(), file.tell() + raw.nbytes))
                file.write(raw)
            file.flush()
            self.file = os.dup(file.fileno())
        weakref.finalize(self, os.close, self.file)

    def open(self) -> Sources:
        """The sources, their arrays where the file is."""
        mapped = memoryview(mmap.mmap(self.file, 0))
        sources: Sources = pickle.loads(mapped, buffers=[mapped[place] for place in self.places])
        return sources

    def __getstate__(self) -> tuple[Any, list[slice]]:
        return reduction.DupFd(self.file), self.places

    def __setstate__(self, state: tuple[Any, list[slice]]) -> None:
        self.file, self.places = state[0].detach(), state[1]


class _Pickler(pickle.Pickler):
    """Tensors as arrays, which may lie outside of the pickle; torch's own way goes through /dev/shm, or copies."""

    def reducer_override(self, value: Any) -> Any:
        return (torch.from_numpy, (value.numpy(),)) if isinstance(value, Tensor) else NotImplemented


def made(sources: Sources, stage: Stage, recipe: Recipe, member: int, seed: int, *, draws: bool) -> Iterator[Made]:
    """Batches without end, drawn, or laid out for an accelerator to draw them; each ``member`` makes others.

    Between two of them it writes some of its share of the hands anew.
    """
    rng = np.random.default_rng((seed, member))
    torch.manual_seed(int(rng.integers(2**31)))
    hands = [int(font) for font in sources.maker.hands[member :: recipe.loaders]]
    renewed: Iterator[Written] = iter(())
    if recipe.rewritten and hands:
        first = FIRST + int(rng.integers(2**31))  # so many hands that hardly one is written twice
        renewed = rewritten(sources.maker, recipe.stroke_places, hands, first)
    waiting: list[Written] = []  # to be put into pictures elsewhere
    while True:
        if draws:
            yield replace(sources.batch(rng, stage), grey=None)  # nothing that trains looks at the grey
            waiting.clear()  # they are in the pictures that all loaders share
        else:
            laid = sources.laid(rng, stage, stage.batch)
            if isinstance(laid, Laid):
                laid.written, waiting = waiting, []
            yield laid
        waiting += islice(renewed, recipe.rewritten)


def batches(
    shared: Shared, stage: Stage, recipe: Recipe, seed: int, *, draws: bool = True
) -> Generator[Made, None, None]:
    """Batches of ``stage`` from ``recipe.loaders`` processes, from whichever has one ready.

    The processes start when the first batch is asked for and end when the generator is closed, or this process ends.

    Args:
        shared: what they draw from.
        stage: what the lines are to be.
        recipe: how many processes there are, and what else they do.
        seed: of their lots.
        draws: whether they draw the lines; without, they only lay them out.

    Raises:
        ShiziError, RuntimeError: what went wrong in one of them, or that it ended.
    """
    return drawn(_load, [(shared, stage, recipe, member, seed, draws) for member in range(recipe.loaders)])


def _load(
    pipe: Connection, shared: Shared, stage: Stage, recipe: Recipe, member: int, seed: int, draws: bool
) -> None:
    """What a process does: draw, and tell what went wrong."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C comes to all; the trainer ends its loaders
    torch.set_num_threads(1)
    cv2.setNumThreads(0)
    ready: Queue[bytes | None] = Queue(AHEAD)
    sender = Thread(target=_send, args=(pipe, ready), daemon=True)
    sender.start()
    try:
        for batch in made(shared.open(), stage, recipe, member, seed, draws=draws):
            ready.put(_pickled(batch))
    except ShiziError as error:
        ready.put(_pickled(error))
    except Exception:
        ready.put(_pickled(RuntimeError(f"loader {member} failed:\n{traceback.format_exc()}")))
    ready.put(None)
    sender.join()


def _send(pipe: Connection, ready: Queue[bytes | None]) -> None:
    """Send what is ready while the next batch is drawn."""
    try:
        for data in iter(ready.get, None):
            pipe.send_bytes(data)
    except OSError:  # the trainer is gone, however it ended
        os._exit(1)


def _pickled(value: Made | Exception) -> bytes:
    data = io.BytesIO()
    _Pickler(data, protocol=5).dump(value)
    return data.getvalue()
