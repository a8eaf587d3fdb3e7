from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
import types
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import shizi
from conftest import HIGH, LOW, box_reader, boxes
from shizi import cli
from shizi.errors import DataError, ModelMissing, ShiziError
from shizi.reader import Reader
from shizi.serve.failures import Refusal
from shizi.settings import Settings

FIRST, SECOND = HIGH + LOW + HIGH + HIGH, HIGH + HIGH + LOW


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Readers read boxes; what each was opened with is noted."""
    calls: list[dict[str, Any]] = []

    def make(*, weights: Path | None = None, settings: Settings | None = None) -> Reader:
        calls.append({"weights": weights, "settings": settings})
        return box_reader(settings or Settings())

    monkeypatch.setattr(shizi, "Reader", make, raising=False)
    return calls


@pytest.fixture
def folder(tmp_path: Path, opened: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two pages, a file of two pages, a strip, a text and an empty file; it is the current one."""
    sheets = [Image.fromarray(boxes(lines)[0]) for lines in ([FIRST, SECOND], [SECOND])]
    sheets[0].save(tmp_path / "both.tiff", save_all=True, append_images=sheets[1:])
    sheets[0].save(tmp_path / "一.png")
    sheets[1].save(tmp_path / "二 two.png")
    Image.fromarray(boxes([FIRST], margin=8)[0]).save(tmp_path / "strip.png")
    (tmp_path / "说明.txt").write_text("不是图片", encoding="utf-8")
    (tmp_path / "empty.png").touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def objects(printed: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in printed.splitlines()]


@pytest.mark.usefixtures("folder")
def test_text_of_one_page(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["read", "一.png"]) == 0
    assert capsys.readouterr() == (f"{FIRST}\n{SECOND}\n", "")


@pytest.mark.usefixtures("folder")
def test_an_empty_line_parts_the_texts_of_pages(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["read", "both.tiff", "二 two.png"]) == 0
    assert capsys.readouterr().out == f"{FIRST}\n{SECOND}\n\n{SECOND}\n\n{SECOND}\n"


@pytest.mark.usefixtures("folder")
def test_json_is_the_documented_object(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["read", "一.png", "--format", "json"]) == 0
    (page,) = objects(capsys.readouterr().out)
    assert set(page) == {
        *("schema", "source", "width", "height", "seconds", "lines"),
        *("turned", "paragraphs", "dropped"),
    }
    assert (page["schema"], page["source"]) == ("shizi/page/1", "一.png")
    assert [line["text"] for line in page["lines"]] == [FIRST, SECOND]
    line = page["lines"][0]
    assert set(line) == {"text", "confidence", "quad", "chars"}
    assert {"text", "confidence", "quad"} <= set(line["chars"][0])
    assert [len(point) for point in line["quad"]] == [2, 2, 2, 2]


@pytest.mark.usefixtures("folder")
def test_json_of_several_pages_is_an_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["read", "--format", "json", "both.tiff", "二 two.png"]) == 0
    printed = capsys.readouterr().out
    assert [page["source"] for page in objects(printed)] == ["both.tiff", "both.tiff", "二 two.png"]
    assert HIGH in printed  # not escaped


@pytest.mark.usefixtures("folder")
def test_what_fails_is_named_and_the_rest_is_read(capsys: pytest.CaptureFixture[str]) -> None:
    paths = ["说明.txt", "一.png", "none.png", ".", "empty.png", "二 two.png"]
    assert cli.main(["read", *paths]) == 1
    out, err = capsys.readouterr()
    assert out == f"{FIRST}\n{SECOND}\n\n{SECOND}\n"
    assert [line.split(": ")[:3] for line in err.splitlines()] == [
        ["shizi", "说明.txt", "not_a_picture"],
        ["shizi", "none.png", "not_found"],
        ["shizi", ".", "not_a_file"],
        ["shizi", "empty.png", "empty"],
    ]
    assert err.splitlines()[1] == "shizi: none.png: not_found: there is no such file (check the path)"


@pytest.mark.usefixtures("folder")
def test_an_error_takes_one_line_whatever_the_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["read", "two\nlines.png"]) == 1
    assert capsys.readouterr().err.splitlines() == [
        "shizi: two lines.png: not_found: there is no such file (check the path)"
    ]


@pytest.mark.usefixtures("folder")
def test_a_line_is_the_whole_picture(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["read", "--line", "--format", "json", "strip.png"]) == 0
    (page,) = objects(capsys.readouterr().out)
    with Image.open("strip.png") as image:
        width, height = image.size
    assert (page["width"], page["height"], page["source"]) == (width, height, "strip.png")
    (line,) = page["lines"]
    assert line["text"] == FIRST
    assert line["quad"] == [[0, 0], [width, 0], [width, height], [0, height]]


def test_text_of_lines_has_one_row_for_each(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Image.new("L", (90, 32), "white").save(folder / "white.png")
    assert cli.main(["read", "--line", "strip.png", "white.png", "strip.png"]) == 0
    assert capsys.readouterr().out == f"{FIRST}\n\n{FIRST}\n"


@pytest.mark.usefixtures("folder")
def test_a_picture_without_text_is_no_failure(capsys: pytest.CaptureFixture[str]) -> None:
    Image.new("L", (90, 90), "white").save("white.png")
    assert cli.main(["read", "white.png"]) == 0
    assert cli.main(["read", "white.png", "--format", "json"]) == 0
    assert objects(capsys.readouterr().out)[0]["lines"] == []


def test_charset_is_a_name_or_a_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "字表.txt").write_text(f"{HIGH}\nx\n", encoding="utf-8")
    assert cli.main(["read", "--line", "strip.png", "--charset", "字表.txt"]) == 0
    assert capsys.readouterr().out == f"{FIRST.replace(LOW, 'x')}\n"
    assert cli.main(["read", "--line", "strip.png", "--charset", "latin"]) == 0
    assert capsys.readouterr().out == f"{'x' * len(FIRST)}\n"


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    "arguments",
    [
        ["--charset", "klingon"],
        ["--charset", "digits"],  # the alphabet of the boxes has none
        ["--threads", "-1"],
        ["--output", "none/out.txt"],
    ],
)
def test_settings_that_cannot_be_are_wrong_use(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["read", "一.png", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("shizi: bad_setting: ")
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    "arguments",
    [[], ["read"], ["reed", "a.png"], ["read", "a.png", "--format", "xml"], ["read", "--form", "json", "a.png"]],
)
def test_wrong_use(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(arguments)
    assert caught.value.code == 2
    assert "usage: shizi" in capsys.readouterr().err


def test_weights_and_threads_reach_the_reader(folder: Path, opened: list[dict[str, Any]]) -> None:
    assert cli.main(["read", "一.png", "--weights", "a.onnx", "--threads", "3"]) == 0
    assert cli.main(["read", "一.png"]) == 0
    assert [call["weights"] for call in opened] == [Path("a.onnx"), None]
    assert [call["settings"].read.threads for call in opened] == [3, 0]


def test_weights_that_are_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["read", "一.png", "--weights", str(tmp_path / "none.onnx")]) == ModelMissing.exit_status
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("shizi: model_missing: ")


# --output.


def test_output_goes_to_a_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = set(folder.iterdir())
    assert cli.main(["read", "一.png", "none.png", "--output", "结果.txt"]) == 1
    assert (folder / "结果.txt").read_bytes() == f"{FIRST}\n{SECOND}\n".encode()
    assert capsys.readouterr().out == ""
    assert set(folder.iterdir()) - before == {folder / "结果.txt"}


def test_output_is_replaced_when_all_is_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = folder / "out.txt"
    target.write_text("before", encoding="utf-8")
    seen: list[str] = []
    pages = cli._pages

    def watched(*args: Any) -> Any:
        for page in pages(*args):
            seen.append(target.read_text(encoding="utf-8"))
            yield page

    monkeypatch.setattr(cli, "_pages", watched)
    assert cli.main(["read", "both.tiff", "--output", "out.txt"]) == 0
    assert seen == ["before", "before"]
    assert target.read_text(encoding="utf-8") == f"{FIRST}\n{SECOND}\n\n{SECOND}\n"


def test_output_is_left_alone_when_nothing_could_be_read(folder: Path) -> None:
    (folder / "out.txt").write_text("before", encoding="utf-8")
    before = set(folder.iterdir())
    assert cli.main(["read", "none.png", "--output", "out.txt"]) == 1
    assert (folder / "out.txt").read_text(encoding="utf-8") == "before"
    assert set(folder.iterdir()) == before


def test_output_of_a_page_without_text_is_an_empty_file(folder: Path) -> None:
    Image.new("L", (90, 90), "white").save(folder / "white.png")
    assert cli.main(["read", "white.png", "--output", "out.txt"]) == 0
    assert (folder / "out.txt").read_bytes() == b""


def test_output_is_left_alone_when_reading_breaks_off(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> Any:
        raise KeyboardInterrupt
        yield

    (folder / "out.txt").write_text("before", encoding="utf-8")
    before = set(folder.iterdir())
    monkeypatch.setattr(cli, "_pages", broken)
    assert cli.main(["read", "一.png", "--output", "out.txt"]) == 130
    assert (folder / "out.txt").read_text(encoding="utf-8") == "before"
    assert set(folder.iterdir()) == before


@pytest.mark.skipif(os.name == "nt", reason="links and devices are other things there")
def test_output_to_a_link_and_to_a_device(folder: Path) -> None:
    (folder / "real.txt").touch()
    (folder / "link.txt").symlink_to("real.txt")
    assert cli.main(["read", "二 two.png", "--output", "link.txt"]) == 0
    assert (folder / "link.txt").is_symlink()
    assert (folder / "real.txt").read_text(encoding="utf-8") == f"{SECOND}\n"
    assert cli.main(["read", "二 two.png", "--output", os.devnull]) == 0
    assert not Path(os.devnull).is_file()


# score, synth, train, export.


class FakeReport:
    def to_json(self) -> dict[str, Any]:
        return {"schema": "shizi/score/1", "total": {"cer": 0.5}}

    def table(self) -> str:
        return "slice  CER\n全部   50.0"


def test_score_prints_a_table_or_json(
    opened: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    calls: list[tuple[Path, Reader]] = []

    def score(data: Path, reader: Reader, *, progress: object = None) -> FakeReport:
        calls.append((data, reader))
        return FakeReport()

    monkeypatch.setattr("shizi.learn.score.score", score)
    assert cli.main(["score", "data", "--weights", "a.onnx"]) == 0
    assert capsys.readouterr().out == "slice  CER\n全部   50.0\n"
    assert cli.main(["score", "data", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == FakeReport().to_json()
    assert [str(data) for data, _ in calls] == ["data", "data"]
    assert [call["weights"] for call in opened] == [Path("a.onnx"), None]


@pytest.mark.usefixtures("opened")
def test_score_of_data_that_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("rapidfuzz")
    assert cli.main(["score", str(tmp_path)]) == DataError.exit_status
    assert capsys.readouterr().err.startswith("shizi: bad_data: ")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (
            ["synth", "--fonts", "f", "--output", "o", "--count", "9", "--sheet", "s.png", "--level", "clean"],
            {"fonts": Path("f"), "output": Path("o"), "count": 9, "sheet": Path("s.png"), "level": "clean", "seed": 0},
        ),
        (["train", "c.toml", "--resume"], {"config": Path("c.toml"), "resume": True, "output": None}),
        (
            ["export", "c.pt", "--output", "m.onnx", "--fonts", "f", "--int8", "--compare", "5"],
            {
                "checkpoint": Path("c.pt"),
                "output": Path("m.onnx"),
                "fonts": Path("f"),
                "int8": True,
                "card": None,
                "compare": 5,
            },
        ),
        (["train-hanzi", "h.toml", "--output", "o"], {"config": Path("h.toml"), "resume": False, "output": Path("o")}),
        (
            ["export-hanzi", "h.pt", "--output", "h.onnx", "--recipe", "h.toml", "--int8"],
            {
                "checkpoint": Path("h.pt"),
                "output": Path("h.onnx"),
                "recipe": Path("h.toml"),
                "int8": True,
                "card": None,
            },
        ),
    ],
)
def test_the_workshops_commands_get_their_arguments(
    arguments: list[str], expected: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[argparse.Namespace] = []
    module = types.ModuleType("made")
    module.run = lambda args: seen.append(args)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, cli.LEARN[arguments[0]], module)
    assert cli.main(arguments) == 0
    assert {name: getattr(seen[0], name) for name in expected} == expected


@pytest.mark.parametrize(("library", "extra"), [("torch", "train"), ("rapidfuzz", "score")])
def test_a_missing_library_is_named_with_its_remedy(
    library: str, extra: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(args: argparse.Namespace) -> None:
        raise ModuleNotFoundError(f"No module named '{library}.nn'", name=f"{library}.nn")

    module = types.ModuleType("made")
    module.run = run  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, cli.LEARN["train"], module)
    assert cli.main(["train", "c.toml"]) == 2
    err = capsys.readouterr().err
    assert err.startswith("shizi: missing_extra: ")
    assert f"pip install 'shizi[{extra}]'" in err


def test_our_own_missing_module_is_a_fault_and_shows_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, cli.LEARN["train"], None)
    with pytest.raises(ModuleNotFoundError):
        cli.main(["train", "c.toml"])


def test_every_error_has_a_code_and_a_known_status() -> None:
    def tree(error: type[ShiziError]) -> list[type[ShiziError]]:
        return [error, *(one for child in error.__subclasses__() for one in tree(child))]

    assert issubclass(Refusal, ShiziError)  # the server's own are among them
    errors = tree(ShiziError)
    assert len({error.code for error in errors}) == len(errors)
    assert {error.exit_status for error in errors} == {1, 2}


# In a process of its own.

RUN = """
import sys
sys.path[:0] = {folders!r}
import conftest, shizi
from shizi import cli
shizi.Reader = lambda **given: conftest.box_reader(given["settings"])
sys.exit(cli.main(sys.argv[1:]))
"""


def code() -> str:
    return RUN.format(folders=[str(Path(__file__).parent), str(Path(shizi.__file__).parents[1])])


def run(*arguments: str, **options: Any) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([sys.executable, "-c", code(), *arguments], capture_output=True, check=False, **options)


@pytest.mark.parametrize(
    "locale",
    [{"LC_ALL": "C"}, {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}, {"PYTHONIOENCODING": "ascii"}],
)
def test_output_is_utf8_in_any_locale(folder: Path, locale: dict[str, str]) -> None:
    env = {**os.environ, **locale}
    done = run("read", "一.png", "缺.png", env=env, cwd=folder)
    assert done.returncode == 1
    assert done.stdout.decode() == f"{FIRST}\n{SECOND}\n".replace("\n", os.linesep)
    assert b": not_found: " in done.stderr
    assert len(done.stderr.splitlines()) == 1
    done = run("read", "--format", "json", "一.png", env=env, cwd=folder)
    assert json.loads(done.stdout)["lines"][0]["text"] == FIRST


@pytest.mark.skipif(os.name == "nt", reason="a pipe that closes is another thing there")
def test_a_reader_that_leaves_is_no_noise(folder: Path) -> None:
    command = [sys.executable, "-c", code(), "read", *["一.png"] * 20]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.readline().decode().rstrip() == FIRST
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 1


def test_a_picture_may_come_through_stdin(folder: Path) -> None:
    data = (folder / "一.png").read_bytes()
    done = run("read", "-", "二 two.png", "-", input=data, cwd=folder)
    assert done.stdout.decode().split() == [FIRST, SECOND, SECOND]
    assert done.stderr.decode().splitlines() == [  # nothing is left for the second time
        "shizi: <stdin>: empty: it holds no bytes (the file may not have been copied whole)"
    ]
    assert done.returncode == 1
    strip = (folder / "strip.png").read_bytes()
    (page,) = objects(run("read", "--line", "--format", "json", "-", input=strip, cwd=folder).stdout.decode())
    assert (page["source"], page["lines"][0]["text"]) == ("<stdin>", FIRST)
    assert run("read", "-", input=b"no picture", cwd=folder).stderr.startswith(b"shizi: <stdin>: not_a_picture: ")
    assert b"- for the bytes of one on stdin" in run("read", "--help").stdout


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with a name here")
def test_a_pipe_is_refused_with_advice(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    os.mkfifo(folder / "pipe")
    assert cli.main(["read", "pipe"]) == 1
    assert capsys.readouterr().err.splitlines() == [
        "shizi: pipe: not_a_file: it is not an ordinary file (what comes through a pipe is read by: shizi read -)"
    ]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="nothing is always full here")
@pytest.mark.parametrize(
    "arguments",
    [("read", "一.png"), ("read", "--format", "json", "一.png"), ("--help",), ("read", "--help"), ("--version",)],
)
def test_a_full_disk_is_said_in_one_line(folder: Path, arguments: tuple[str, ...]) -> None:
    command = [sys.executable, "-c", code(), *arguments]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(command, cwd=folder, stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.stderr.decode() == "shizi: not_written: stdout cannot be written: No space left on device\n"
    assert done.returncode == 1


@pytest.mark.skipif(os.name == "nt", reason="a shell is another thing there")
def test_a_closed_stdout_is_said_in_one_line_unless_nothing_goes_there(folder: Path) -> None:
    def closed(*more: str) -> subprocess.CompletedProcess[bytes]:
        command = ["sh", "-c", 'exec "$@" >&-', "sh", sys.executable, "-c", code(), "read", "一.png", *more]
        return subprocess.run(command, cwd=folder, stderr=subprocess.PIPE, check=False)

    done = closed()
    assert done.stderr == b"shizi: not_written: stdout cannot be written: Bad file descriptor\n"
    assert done.returncode == 1
    done = closed("--output", "out.txt")
    assert (done.returncode, done.stderr) == (0, b"")
    assert (folder / "out.txt").read_text(encoding="utf-8") == f"{FIRST}\n{SECOND}\n"


@pytest.mark.skipif(os.name == "nt", reason="there are no such signals there")
def test_a_polite_kill_leaves_nothing_behind(folder: Path) -> None:
    before = {*folder.iterdir(), folder / "log"}
    command = [sys.executable, "-c", code(), "read", *["一.png"] * 10_000, "--output", "out.txt"]
    with (folder / "log").open("wb") as log, subprocess.Popen(command, cwd=folder, stderr=log) as process:
        while not list(folder.glob(".out.txt.*.part")) and process.poll() is None:
            time.sleep(0.01)
        process.terminate()
        assert process.wait(60) == 128 + signal.SIGTERM
    assert (folder / "log").read_bytes() == b""
    assert set(folder.iterdir()) == before


def test_the_module_is_the_command() -> None:
    done = subprocess.run([sys.executable, "-m", "shizi", "--version"], capture_output=True, check=True, text=True)
    assert done.stdout == f"shizi {shizi.__version__}\n"


@pytest.mark.usefixtures("folder")
def test_what_is_known_about_the_text_is_said_by_options(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "words.txt").write_text(f"{LOW}{HIGH}\t0.1\n", encoding="utf-8")
    for options in (["--beam", "4"], ["--lexicon", "words.txt"], ["--pattern", f"[{HIGH}{LOW}]+"]):
        assert cli.main(["read", "--line", "strip.png", *options]) == 0
        assert capsys.readouterr().out == f"{FIRST}\n"
    assert cli.main(["read", "--line", "strip.png", "--pattern", f"x{HIGH}{{3}}"]) == 0
    assert capsys.readouterr().out == f"x{HIGH * 3}\n"


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    "arguments",
    [
        ["--beam", "-1"],
        ["--lexicon", "none.txt"],
        ["--lexicon", "strip.png"],
        ["--pattern", "("],
        ["--pattern", "plate", "--beam", "4"],
    ],
)
def test_hints_that_cannot_be_are_wrong_use(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["read", "一.png", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("shizi: bad_setting: ") and len(err.splitlines()) == 1


def test_a_lexicon_is_built(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.txt").write_text("识字\n" * 9, encoding="utf-8")
    assert cli.main(["lexicon", "build", str(tmp_path / "a.txt"), "--output", str(tmp_path / "a.ngram")]) == 0
    assert "a.ngram" in capsys.readouterr().out and (tmp_path / "a.ngram").is_file()
    assert cli.main(["lexicon", "build", str(tmp_path / "none"), "--output", str(tmp_path / "b.ngram")]) == 1
    assert capsys.readouterr().err.startswith("shizi: bad_data: ")


def test_common_words_are_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, text in (("a.txt", "with\nTotal\nthat\n"), ("b.txt", "total\nwith\n"), ("c.txt", "x\n")):
        (tmp_path / name).write_text(text, encoding="utf-8")
    first, second, third = (str(tmp_path / f"{name}.txt") for name in "abc")
    made = tmp_path / "made.words"
    assert cli.main(["lexicon", "words", first, second, "--output", str(made)]) == 0
    assert made.read_text(encoding="utf-8") == "with\ntotal\n"
    assert "2 words" in capsys.readouterr().out
    assert cli.main(["lexicon", "words", first, third, "--output", str(made)]) == 1
    assert "no word of 4 letters" in capsys.readouterr().err
