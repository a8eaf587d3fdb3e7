"""What processes draw beside the one that learns, from whichever has something ready.

They are started anew, not forked: the threads of torch and OpenCV do not survive a fork, and a child would wait for
them for ever. Each has a pipe of its own: there is no lock that one of them, ended by the system, could take along.
"""

from __future__ import annotations

import pickle
import signal
from collections.abc import Callable, Generator, Sequence
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any

from shizi.errors import ShiziError


def drawn(target: Callable[..., None], works: Sequence[tuple[Any, ...]]) -> Generator[Any, None, None]:
    """What processes send, without end. Each runs ``target`` with a pipe to pickle into, and one of ``works``.

    They start when the first thing is asked for and end when the generator is closed, or this process ends.

    Raises:
        ShiziError, RuntimeError: what one of them sent of this kind, or that it ended.
    """
    context = get_context("spawn")
    loaders: dict[Connection, SpawnProcess] = {}
    try:
        for member, work in enumerate(works):
            ours, theirs = context.Pipe(duplex=False)
            loader = context.Process(target=target, args=(theirs, *work), name=f"loader {member}", daemon=True)
            with theirs:  # once the process has it, its end is the end of the pipe
                loader.start()
            loaders[ours] = loader
        while True:
            for ready in wait(list(loaders)):
                assert isinstance(ready, Connection)
                yield _received(ready, loaders[ready])
    finally:
        for pipe, loader in loaders.items():
            loader.kill()
            pipe.close()
        for loader in loaders.values():
            loader.join()


def _received(pipe: Connection, loader: SpawnProcess) -> Any:
    try:
        received = pickle.loads(pipe.recv_bytes())
    except (EOFError, OSError) as error:
        loader.join(5)
        code = loader.exitcode
        why = "killed, perhaps for want of memory: try fewer loaders" if code == -signal.SIGKILL else f"status {code}"
        raise ShiziError(f"{loader.name} ended ({why})") from error
    if isinstance(received, Exception):
        raise received
    return received
