"""The command ``shizi``: arguments in, text or JSON out, and an exit status.

Status 0: all was read. 1: some input failed; each is named on stderr with its error's code, the rest is still written.
2: wrong use. Each part is imported when its subcommand is used, so ``shizi read`` never needs torch.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import shizi
from shizi.errors import InputError, MissingExtra, SettingsError, ShiziError
from shizi.settings import FindSettings, ReadSettings, Settings
from shizi.sink import leave_stdout, sink, to_stdout
from shizi.types import Page
from shizi.write import WRITERS, stream

if TYPE_CHECKING:
    import numpy as np
    from _typeshed import SupportsWrite
    from numpy.typing import NDArray

    from shizi.read.hints import Known

LEARN = {
    "synth": "shizi.learn.synth.command",
    "label": "shizi.learn.label",
    "train": "shizi.learn.train",
    "export": "shizi.learn.export",
    "train-finder": "shizi.learn.finder.train",
    "export-finder": "shizi.learn.finder.export",
    "train-hanzi": "shizi.learn.hanzi.train",
    "export-hanzi": "shizi.learn.hanzi.export",
    "lexicon": "shizi.learn.lexicon",
    "quantize": "shizi.learn.int8",
    "skip-blanks": "shizi.learn.skip",
    "prune": "shizi.learn.prune",
    "mean": "shizi.learn.mean",
    "bench": "shizi.learn.compare.command",
}
"""Subcommand -> the module whose ``run(args)`` does it."""

EXTRAS = {
    "torch": "train",
    "onnx": "train",
    "fontTools": "train",
    "lmdb": "train",
    "torch_pruning": "train",
    "rich": "train",
    "rapidfuzz": "score",
    "flask": "serve",
    "gunicorn": "serve",
    "gevent": "serve",
    "pydantic": "serve",
    "prometheus_client": "serve",
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
    try:
        args = _parser().parse_args(argv)
        with _extras():
            status: int = args.run(args)
        to_stdout()  # what was printed in passing
        return status
    except ShiziError as error:
        _complain(error)
        return error.exit_status
    except BrokenPipeError:
        leave_stdout()  # whoever read our output has left, as head does
        return 1
    except KeyboardInterrupt:
        return 130


class _Parser(argparse.ArgumentParser):
    """One whose help is output like any other: argparse keeps quiet where it cannot be written."""

    def _print_message(self, message: str, file: SupportsWrite[str] | None = None) -> None:
        if file is not None and file is sys.stdout:
            to_stdout(message)
        else:
            super()._print_message(message, file)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="shizi", description="Read Chinese and English text in pictures.")
    parser.add_argument("--version", action="version", version=f"shizi {shizi.__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def add(name: str, run: Callable[[argparse.Namespace], int], about: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=about, description=f"{about}.", allow_abbrev=False)
        made.set_defaults(run=run, command=name)
        return made

    _read_arguments(add("read", _read, "Read pictures"))
    _score_arguments(add("score", _score, "Measure how well a reader reads data with known text"))
    _synth_arguments(add("synth", _learn, "Make line pictures with known text"))
    _label_arguments(add("label", _label, "Make training lines of what is read surely in pictures without labels"))
    _train_arguments(add("train", _learn, "Train a recogniser"))
    _export_arguments(add("export", _learn, "Turn a training checkpoint into a weight file"))
    _train_arguments(add("train-finder", _learn, "Train a finder of lines"))
    _export_finder_arguments(add("export-finder", _learn, "Turn a line finder's checkpoint into a weight file"))
    _train_arguments(add("train-hanzi", _learn, "Train a network for single hanzi"))
    _export_hanzi_arguments(add("export-hanzi", _learn, "Turn a checkpoint for single hanzi into a weight file"))
    _quantize_arguments(add("quantize", _learn, "Make a weight file or a checkpoint smaller and faster with int8"))
    _skip_arguments(add("skip-blanks", _learn, "Make a weight file faster: surely blank frames are not classified"))
    _prune_arguments(add("prune", _learn, "Take channels that matter least out of a checkpoint"))
    _mean_arguments(add("mean", _learn, "Take the mean of several checkpoints' weights"))
    _bench_arguments(add("bench", _bench, "Compare networks"))
    _lexicon_arguments(add("lexicon", _learn, "Count texts, so that readings can be weighed by their language"))
    _serve_arguments(add("serve", _serve, "Serve a web page and an HTTP API"))
    return parser


def _read_arguments(parser: argparse.ArgumentParser) -> None:
    path = "a picture, or - for the bytes of one on stdin; all pages of a TIFF or GIF are read"
    parser.add_argument("paths", nargs="+", metavar="PATH", help=path)
    formats = "text: an empty line between pages; json: an object a line for each page (default: text)"
    parser.add_argument("--format", choices=tuple(WRITERS), default="text", help=formats)
    parser.add_argument("--line", action="store_true", help="each PATH is one line of text; text has one row for each")
    charset = "read these characters only: a named alphabet such as digits or plate, or a UTF-8 file that holds them"
    parser.add_argument("--charset", metavar="NAME|FILE", help=charset)
    pattern = "what each line looks like: date, amount, capital-amount, id, plate, or an expression such as [A-Z]\\d+"
    parser.add_argument("--pattern", metavar="NAME|EXPRESSION", help=pattern)
    beam = "beam search, N texts at a time, weighed by an n-gram (default: 16 where a character is doubtful; 0: never)"
    parser.add_argument("--beam", type=int, metavar="N", help=beam)
    lexicon = "words to expect, 'word TAB weight' a row, or what shizi lexicon build made; means --beam"
    parser.add_argument("--lexicon", metavar="FILE", help=lexicon)
    _reader_arguments(parser)
    output = "write here, not to stdout; the file is replaced once all is read, and left alone if nothing could be"
    parser.add_argument("--output", type=Path, metavar="FILE", help=output)


def _score_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("data", type=Path, metavar="DATA", help="pictures with truth beside them, or a labels.tsv")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="a table or JSON (default: text)")
    report = "also write a page that shows confusions, the worst lines, calibration and speed"
    parser.add_argument("--report", type=Path, metavar="FILE.html", help=report)
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


def _label_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", nargs="+", metavar="PATH", help="a picture; all pages of a TIFF or GIF count")
    parser.add_argument("--output", type=Path, required=True, metavar="DIR", help="labels.tsv and strips/ are added to")
    parser.add_argument("--line", action="store_true", help="each PATH is one line of text")
    least = "confidence that each character of a line has at least (default: 0.9)"
    parser.add_argument("--least", type=float, default=0.9, metavar="P", help=least)
    _reader_arguments(parser)


def _train_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("config", type=Path, metavar="CONFIG", help="a TOML file")
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint (else DIR holds no run)")
    parser.add_argument("--output", type=Path, metavar="DIR", help="where checkpoints go")


def _export_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("checkpoint", type=Path, metavar="CHECKPOINT")
    parser.add_argument("--output", type=Path, required=True, metavar="FILE.onnx")
    parser.add_argument("--int8", action="store_true", help="quantise its layers to whole numbers of 8 bits")
    rank = "write the classifier as two products by way of N features (0: as it is); refused if it costs 0.3 points"
    parser.add_argument("--rank", type=int, default=0, metavar="N", help=rank)
    parser.add_argument(
        "--fonts", type=Path, required=True, metavar="DIR", help="fonts that lines to compare are drawn with"
    )
    parser.add_argument("--card", type=Path, metavar="FILE.json", help="sources, licence and figures to put in")
    compare = "lines on which the file has to agree with the checkpoint (default: 1000)"
    parser.add_argument("--compare", type=int, default=1000, metavar="N", help=compare)


def _export_finder_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("checkpoint", type=Path, metavar="CHECKPOINT")
    parser.add_argument("--output", type=Path, required=True, metavar="FILE.onnx")
    parser.add_argument("--int8", action="store_true", help="quantise the convolutions")
    parser.add_argument("--pages", type=Path, required=True, metavar="DIR", help="pages to compare on: a recipe's pool")
    parser.add_argument("--card", type=Path, metavar="FILE.json", help="sources, licence and figures to put in")


def _export_hanzi_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("checkpoint", type=Path, metavar="CHECKPOINT")
    parser.add_argument("--output", type=Path, required=True, metavar="FILE.onnx")
    parser.add_argument("--int8", action="store_true", help="quantise its layers to whole numbers of 8 bits")
    drawn = "the one it was trained by, which says what pictures to compare are drawn with"
    parser.add_argument("--recipe", type=Path, required=True, metavar="RECIPE", help=drawn)
    parser.add_argument("--card", type=Path, metavar="FILE.json", help="sources, licence and figures to put in")


def _quantize_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", type=Path, metavar="FILE", help="a float32 .onnx file, or a checkpoint (.pt)")
    parser.add_argument("--output", type=Path, required=True, metavar="FILE", help="a file of the same kind")
    parser.add_argument(
        "--fonts", type=Path, required=True, metavar="DIR", help="fonts that lines to compare are drawn with"
    )
    keep = "leave the convolutions of an .onnx file in floating point"
    parser.add_argument("--keep-convolutions", action="store_true", help=keep)
    compare = "lines on which both files are compared (default: 1000)"
    parser.add_argument("--compare", type=int, default=1000, metavar="N", help=compare)


def _skip_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", type=Path, metavar="FILE", help="a weight file (.onnx), int8 already if it is to be")
    parser.add_argument("recipe", type=Path, metavar="RECIPE", help="TOML file that says what lines are made of")
    parser.add_argument("--output", type=Path, required=True, metavar="FILE", help="the .onnx file to write")
    compare = "lines on which both files are compared (default: 1000)"
    parser.add_argument("--compare", type=int, default=1000, metavar="N", help=compare)


def _prune_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("checkpoint", type=Path, metavar="CHECKPOINT", help="of a resnet")
    parser.add_argument("--output", type=Path, required=True, metavar="FILE.pt", help="to start training from again")
    share = "share of the channels within each residual block to take out (default: 0.3)"
    parser.add_argument("--share", type=float, default=0.3, metavar="S", help=share)


def _mean_arguments(parser: argparse.ArgumentParser) -> None:
    several = "of one network, of runs that started from one another's weights or from the same"
    parser.add_argument("checkpoints", type=Path, nargs="+", metavar="CHECKPOINT", help=several)
    parser.add_argument("--output", type=Path, required=True, metavar="FILE.pt", help="to export, or to start from")
    shares = "how much each counts (default: all the same)"
    parser.add_argument("--shares", type=float, nargs="+", metavar="S", help=shares)


def _bench_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(title="actions", required=True, metavar="ACTION")
    about = "set the CRNN beside a plain CNN that cuts characters, and beside RapidOCR and Tesseract where installed"
    compare = actions.add_parser("compare", help=about, description=f"{about}.", allow_abbrev=False)
    compare.add_argument("config", type=Path, metavar="CONFIG", help="the plain CNN's recipe: recipes/cnn.toml")
    kept = "where the plain CNN and the weight files go; a CNN that is there is not trained again"
    compare.add_argument("--output", type=Path, metavar="DIR", help=kept)
    compare.add_argument("--weights", type=Path, metavar="FILE", help="the CRNN (default: the shipped one)")
    network = "recipe of the CRNN, to have it in floating point as well"
    compare.add_argument("--recipe", type=Path, metavar="FILE", help=network)
    compare.add_argument("--lines", type=int, default=300, metavar="N", help="made lines of each kind (default: 300)")
    compare.add_argument("--data", type=Path, metavar="DATA", help="real lines as well, as shizi score takes them")
    compare.add_argument("--format", choices=("text", "json"), default="text", help="a table or JSON (default: text)")


def _lexicon_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(title="actions", required=True, dest="action", metavar="ACTION")
    words = actions.add_parser("words", help="take the most frequent words of lists", allow_abbrev=False)
    lists = "a UTF-8 file, plain or .xz: a word a row, the most frequent first; a word has to be in all of them"
    words.add_argument("lists", nargs="+", type=Path, metavar="LIST", help=lists)
    words.add_argument("--output", type=Path, required=True, metavar="FILE", help="a word list")
    words.add_argument("--most", type=int, default=10_000, metavar="N", help="words that are kept (default: 10000)")
    build = actions.add_parser("build", help="make an n-gram of characters from texts", allow_abbrev=False)
    build.add_argument("texts", nargs="+", type=Path, metavar="TEXT", help="a UTF-8 file, plain or .xz")
    build.add_argument("--output", type=Path, required=True, metavar="FILE", help="for --lexicon")
    most = "three-character sequences that are kept; about 9 bytes each (default: 200000)"
    build.add_argument("--max-trigrams", type=int, default=200_000, metavar="N", help=most)


def _serve_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine alone)")
    parser.add_argument("--port", type=int, default=8000, metavar="N", help="default: 8000; 0 takes a free one")
    workers = "processes (default: the cores, four at most)"
    parser.add_argument("--workers", type=int, default=0, metavar="N", help=workers)
    token = "file that holds the token clients have to send; the environment variable SHIZI_TOKEN does the same"
    parser.add_argument("--token-file", type=Path, metavar="FILE", help=token)
    parser.add_argument("--no-token", action="store_true", help="everybody who reaches the address may use it")
    kept = "keep lines that people correct on the page, for shizi train (default: nothing is kept)"
    parser.add_argument("--keep-corrections", type=Path, metavar="DIR", help=kept)
    parser.add_argument("--weights", type=Path, metavar="FILE", help="an .onnx file that shizi export made")
    proxies = "proxies before it, whose X-Forwarded-For is believed (default: 0)"
    parser.add_argument("--proxies", type=int, default=0, metavar="N", help=proxies)
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a bound; see SECURITY.md")
    parser.add_argument("--access-log", action="store_true", help="a line for each request on stdout")


def _read(args: argparse.Namespace) -> int:
    reader = _reader(args)
    known = _known(args)
    failed: list[str] = []
    with sink(args.output) as write:
        for piece in stream(_pages(reader, args, known, failed), args.format, apart=not args.line):
            write(piece)
    return 1 if failed else 0


def _known(args: argparse.Namespace) -> Known:
    """What the options say about the text."""
    from shizi.read import hints
    from shizi.read.lexicon import Lexicon

    if args.pattern and (args.charset or args.beam or args.lexicon):
        raise SettingsError("--pattern decides by itself what is read; leave --charset, --beam and --lexicon away")
    known: Known = {"beam": args.beam, "pattern": args.pattern or None}
    if args.charset:
        known["allowed"] = hints.allowed(args.charset)
    if args.lexicon:
        known["lexicon"] = Lexicon.open(args.lexicon)  # once, not for each picture
    return known


def _pages(reader: shizi.Reader, args: argparse.Namespace, known: Known, failed: list[str]) -> Iterator[Page]:
    """The pages of all paths. One that cannot be read is named on stderr and noted in ``failed``."""
    for path in args.paths:
        source = sys.stdin.buffer if path == "-" and sys.stdin is not None else path
        try:
            if args.line:
                yield _strip(reader, source, known)
            else:
                yield from reader.pages(source, **known)
        except InputError as error:
            failed.append(path)
            _complain(error)


def _strip(reader: shizi.Reader, source: str | BinaryIO, known: Known) -> Page:
    """A picture of one line, as a page with that line alone."""
    started = time.perf_counter()
    line = reader.read_line(source, **known)
    _, _, width, height = line.quad.bounds
    name = source if isinstance(source, str) else source.name
    return Page(name, int(width), int(height), time.perf_counter() - started, (line,))


def _label(args: argparse.Namespace) -> int:
    reader, failed = _reader(args), False

    def pages(path: str) -> Iterator[Page]:
        return iter((_strip(reader, path, {}),)) if args.line else reader.pages(path)

    def broken(error: InputError) -> None:
        nonlocal failed
        failed = True
        _complain(error)

    args.pages, args.broken = pages, broken
    return _learn(args) or int(failed)


def _score(args: argparse.Namespace) -> int:
    from shizi.learn.score import score

    reader, progress = _reader(args), _progress if sys.stderr.isatty() else None
    if args.report is None:
        report = score(args.data, reader, progress=progress)
    else:
        from shizi.learn.report import scored

        report = scored(args.data, reader, args.report, weights=args.weights, progress=progress)
    said = json.dumps(report.to_json(), ensure_ascii=False) if args.format == "json" else report.table()
    to_stdout(f"{said}\n")
    return 0


def _serve(args: argparse.Namespace) -> int:
    from shizi.serve.run import run

    return run(args)


def _bench(args: argparse.Namespace) -> int:
    settings = Settings(read=ReadSettings(threads=1))

    def read(path: Path | None) -> Callable[[NDArray[np.uint8]], str]:
        reader = shizi.Reader(weights=path, settings=settings)
        return lambda line: reader.read_line(line).text

    args.crnn = read
    return _learn(args)


def _learn(args: argparse.Namespace) -> int:
    return import_module(LEARN[args.command]).run(args) or 0


def _reader(args: argparse.Namespace) -> shizi.Reader:
    settings = Settings(find=FindSettings(threads=args.threads), read=ReadSettings(threads=args.threads))
    return shizi.Reader(weights=args.weights, settings=settings)


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


def _complain(error: ShiziError) -> None:
    parts = ("shizi", error.source, error.code, error.message)
    print(": ".join(" ".join(part.splitlines()) for part in parts if part), file=sys.stderr)


def _progress(name: str) -> None:
    print(f"shizi: {name}", file=sys.stderr)
