"""The command ``shizi``: arguments in, text or JSON out, and an exit status.

Status 0: all was read. 1: some input failed; each is named on stderr with its error's code, the rest is still written.
2: wrong use. Each part is imported when its subcommand is used, so ``shizi read`` never needs torch.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TextIO

import shizi
from shizi.errors import InputError, MissingExtra, SettingsError, ShiziError
from shizi.settings import ReadSettings, Settings
from shizi.types import Page
from shizi.write import WRITERS, stream

LEARN = {"synth": "shizi.learn.synth.command", "train": "shizi.learn.train", "export": "shizi.learn.export"}
"""Subcommand -> the module whose ``run(args)`` does it."""

EXTRAS = {
    "torch": "train",
    "onnx": "train",
    "fontTools": "train",
    "lmdb": "train",
    "rich": "train",
    "rapidfuzz": "score",
}
"""Library -> the optional part of Shizi that brings it."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command with ``argv`` (None: the process's own) and return its exit status."""
    for channel in (sys.stdout, sys.stderr):
        # Chinese goes out as UTF-8 in any locale. What cannot be (a file name in another encoding) is escaped, in a
        # way that JSON reads.
        if isinstance(channel, io.TextIOWrapper):
            channel.reconfigure(encoding="utf-8", errors="backslashreplace")
    # A damaged tag is no news to someone who wants the text; a damaged picture is an error.
    warnings.filterwarnings("ignore", module="PIL")
    args = _parser().parse_args(argv)
    try:
        with _extras():
            status: int = args.run(args)
        sys.stdout.flush()
        return status
    except ShiziError as error:
        _complain(error)
        return error.exit_status
    except BrokenPipeError:
        # whoever read our output has left, as head does; point stdout elsewhere so that exiting stays silent too
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="shizi", description="Read Chinese and English text in pictures.")
    parser.add_argument("--version", action="version", version=f"shizi {shizi.__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def add(name: str, run: Callable[[argparse.Namespace], int], about: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=about, description=f"{about}.", allow_abbrev=False)
        made.set_defaults(run=run, command=name)
        return made

    _read_arguments(add("read", _read, "Read pictures"))
    _score_arguments(add("score", _score, "Measure how well a reader reads data with known text"))
    _synth_arguments(add("synth", _learn, "Make line pictures with known text"))
    _train_arguments(add("train", _learn, "Train a recogniser"))
    _export_arguments(add("export", _learn, "Turn a training checkpoint into a weight file"))
    return parser


def _read_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", nargs="+", metavar="PATH", help="a picture; all pages of a TIFF or GIF are read")
    formats = "text: an empty line between pages; json: an object a line for each page (default: text)"
    parser.add_argument("--format", choices=tuple(WRITERS), default="text", help=formats)
    parser.add_argument("--line", action="store_true", help="each PATH is one line of text; text has one row for each")
    charset = "read these characters only: a named alphabet such as digits or plate, or a UTF-8 file that holds them"
    parser.add_argument("--charset", metavar="NAME|FILE", help=charset)
    _reader_arguments(parser)
    output = "write here, not to stdout; the file is replaced once all is read, and left alone if nothing could be"
    parser.add_argument("--output", type=Path, metavar="FILE", help=output)


def _score_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("data", type=Path, metavar="DATA", help="pictures with truth beside them, or a labels.tsv")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="a table or JSON (default: text)")
    _reader_arguments(parser)


def _reader_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--weights", type=Path, metavar="FILE", help="an .onnx file that shizi export made")
    parser.add_argument("--threads", type=int, default=0, metavar="N", help="default: the cores, four at the most")


def _synth_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--fonts", type=Path, required=True, metavar="DIR", help="fonts to draw with")
    parser.add_argument("--output", type=Path, metavar="DIR", help="where the pictures and labels.tsv go")
    parser.add_argument("--count", type=int, default=1000, metavar="N", help="lines to make (default: 1000)")
    parser.add_argument("--sheet", type=Path, metavar="FILE.png", help="one picture that shows many of them")
    parser.add_argument("--corpora", type=Path, metavar="DIR", help="UTF-8 text files to take the text from")
    parser.add_argument("--backgrounds", type=Path, metavar="DIR", help="pictures of surfaces to draw on")
    parser.add_argument("--alphabet", metavar="CHARS|FILE", help="characters to use (default: the whole alphabet)")
    parser.add_argument("--level", choices=("clean", "mild", "degraded"), default="degraded", help="default: degraded")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="the same seed makes the same lines")


def _train_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("config", type=Path, metavar="CONFIG", help="a TOML file")
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint")
    parser.add_argument("--output", type=Path, metavar="DIR", help="where checkpoints go")


def _export_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("checkpoint", type=Path, metavar="CHECKPOINT")
    parser.add_argument("--output", type=Path, required=True, metavar="FILE.onnx")
    parser.add_argument("--int8", action="store_true", help="quantise the linear and LSTM layers")
    parser.add_argument(
        "--fonts", type=Path, required=True, metavar="DIR", help="fonts that lines to compare are drawn with"
    )
    parser.add_argument("--card", type=Path, metavar="FILE.json", help="sources, licence and figures to put in")
    compare = "lines on which the file has to agree with the checkpoint (default: 1000)"
    parser.add_argument("--compare", type=int, default=1000, metavar="N", help=compare)


def _read(args: argparse.Namespace) -> int:
    from shizi.read import hints

    allowed = hints.allowed(args.charset) if args.charset else None
    reader = _reader(args)
    failed: list[str] = []
    with _sink(args.output) as write:
        for piece in stream(_pages(reader, args, allowed, failed), args.format, apart=not args.line):
            write(piece)
    return 1 if failed else 0


def _pages(
    reader: shizi.Reader, args: argparse.Namespace, allowed: frozenset[str] | None, failed: list[str]
) -> Iterator[Page]:
    """The pages of all paths. One that cannot be read is named on stderr and noted in ``failed``."""
    for path in args.paths:
        try:
            if args.line:
                yield _strip(reader, path, allowed)
            else:
                yield from reader.pages(path, allowed=allowed)
        except InputError as error:
            failed.append(path)
            _complain(error)


def _strip(reader: shizi.Reader, path: str, allowed: frozenset[str] | None) -> Page:
    """A picture of one line, as a page with that line alone."""
    started = time.perf_counter()
    line = reader.read_line(path, allowed=allowed)
    _, _, width, height = line.quad.bounds
    return Page(path, int(width), int(height), time.perf_counter() - started, (line,))


def _score(args: argparse.Namespace) -> int:
    from shizi.learn.score import score

    report = score(args.data, _reader(args), progress=_progress if sys.stderr.isatty() else None)
    print(json.dumps(report.to_json(), ensure_ascii=False) if args.format == "json" else report.table())
    return 0


def _learn(args: argparse.Namespace) -> int:
    return import_module(LEARN[args.command]).run(args) or 0


def _reader(args: argparse.Namespace) -> shizi.Reader:
    return shizi.Reader(weights=args.weights, settings=Settings(read=ReadSettings(threads=args.threads)))


@contextmanager
def _extras() -> Iterator[None]:
    """Say how to install an optional library that is missing."""
    try:
        yield
    except ModuleNotFoundError as error:
        library = (error.name or "").partition(".")[0]
        if library not in EXTRAS:
            raise
        raise MissingExtra(f"{library} is not installed; pip install 'shizi[{EXTRAS[library]}]' brings it") from error


@contextmanager
def _sink(path: Path | None) -> Iterator[Callable[[str], object]]:
    """Where the result is written, piece by piece: stdout, or a file that takes its name when it is complete."""
    if path is None:
        yield _to_stdout
        return
    try:
        path = path.resolve()  # a link stays a link to the file that is written
        if path.exists() and not path.is_file():  # a pipe, a device: nothing to be replaced
            with _text(path, "w") as file:
                yield file.write
            return
        with _replacing(path) as write:
            yield write
    except OSError as error:
        raise SettingsError(f"--output {path} cannot be written: {error.strerror}") from error


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


def _text(path: Path, mode: str) -> TextIO:
    made = path.open(mode, encoding="utf-8", errors="backslashreplace", newline="\n")
    assert isinstance(made, io.TextIOWrapper)
    return made


def _to_stdout(piece: str) -> None:
    sys.stdout.write(piece)
    sys.stdout.flush()  # a page at a time, in step with what is said on stderr


def _complain(error: ShiziError) -> None:
    parts = ("shizi", error.source, error.code, error.message)
    print(": ".join(" ".join(part.splitlines()) for part in parts if part), file=sys.stderr)


def _progress(name: str) -> None:
    print(f"shizi: {name}", file=sys.stderr)
