"""Where the command writes what it has read: stdout, or a file that takes its name when it is complete."""

from __future__ import annotations

import errno
import io
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn, TextIO

from shizi.errors import SettingsError, ShiziError


class NotWritten(ShiziError):
    """Stdout does not take what is printed."""

    code = "not_written"


@contextmanager
def sink(path: Path | None) -> Iterator[Callable[[str], object]]:
    """What writes the result, piece by piece, to ``path`` or stdout.

    Raises:
        SettingsError: the file cannot be written.
        NotWritten: stdout cannot.
    """
    if path is None:
        yield to_stdout
        return
    try:
        path = path.resolve()  # a link stays a link to the file that is written
        if path.exists() and not path.is_file():  # a pipe, a device: nothing to be replaced
            with _text(path, "w") as file:
                yield file.write
            return
        with _stoppable(), _replacing(path) as write:
            yield write
    except OSError as error:
        raise SettingsError(f"--output {path} cannot be written: {error.strerror}") from error


def to_stdout(piece: str = "") -> None:
    """Print, at once: a page at a time, in step with what is said on stderr. Raises NotWritten, BrokenPipeError."""
    try:
        if sys.stdout is not None:
            sys.stdout.write(piece)
            sys.stdout.flush()
        elif piece:  # it was closed before we began
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    except BrokenPipeError:
        raise
    except OSError as error:
        leave_stdout()
        raise NotWritten(f"stdout cannot be written: {error.strerror}") from error


def leave_stdout() -> None:
    """Print nowhere from now on, so that what could not be written makes no noise when the process ends."""
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def _replacing(path: Path) -> Iterator[Callable[[str], object]]:
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    written = False
    try:
        with _text(part, "x") as file:

            def write(piece: str) -> None:
                nonlocal written
                written = True
                file.write(piece)

            yield write
        if written:
            part.replace(path)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def _stoppable() -> Iterator[None]:
    """SIGTERM ends what runs within in the way of an error, which tidies up."""
    ours = threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    if ours:
        signal.signal(signal.SIGTERM, _stop)
    try:
        yield
    finally:
        if ours:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _stop(number: int, _: object) -> NoReturn:
    sys.exit(128 + number)


def _text(path: Path, mode: str) -> TextIO:
    made = path.open(mode, encoding="utf-8", errors="backslashreplace", newline="\n")
    assert isinstance(made, io.TextIOWrapper)
    return made
