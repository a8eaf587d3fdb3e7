"""The server as its clients see it: real HTTP, real weights, two workers."""

from __future__ import annotations

import io
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from serving import BOUNDARY, FORM, SAMPLE, Server, form, part, received, running, until

from conftest import encoded
from shizi.learn.data import LabelFile
from shizi.reader import Reader
from shizi.serve import shapes


def crops() -> dict[str, bytes]:
    """Pictures that differ: the sample, its parts, a page without text, pages in one file."""
    with Image.open(SAMPLE) as opened:
        page = Image.fromarray(np.asarray(opened))  # without what the file says of itself
        width, height = page.size
        top, low = page.crop((0, 0, width, height // 3)), page.crop((0, height // 2, width, height))
        blank = Image.new("RGB", (300, 200), "white")
        return {
            "whole": SAMPLE.read_bytes(),
            "top": encoded(top, "PNG"),
            "low": encoded(low, "WEBP", lossless=True),
            "blank": encoded(blank, "PNG"),
            "pages": encoded(top.copy(), "TIFF", save_all=True, append_images=[blank.copy(), low.copy()]),
        }


PICTURES = crops()


@pytest.fixture(scope="module")
def truth() -> dict[str, list[Any]]:
    """What Python says: the lines of all pages."""
    reader = Reader()
    return {
        name: json.loads(json.dumps([line.to_json() for page in reader.pages(data) for line in page.lines]))
        for name, data in PICTURES.items()
    }


def test_the_answer_is_what_is_promised(server: Server, sample: bytes) -> None:
    answer = server.post("/ocr", sample)
    said = shapes.Answer.model_validate_json(answer.body, strict=True)
    assert answer.status == 200
    assert said.text[0] == "会议通知"
    assert said.text == [line.text for line in said.lines]
    assert (said.width, said.height) == Image.open(io.BytesIO(sample)).size
    assert 0 < said.time_cost < 60
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.slow
def test_the_same_bytes_give_the_same_answer_everywhere_at_once(server: Server, truth: dict[str, list[Any]]) -> None:
    def api(name: str) -> Any:
        return server.post("/ocr", PICTURES[name]).json["lines"]

    def streamed(name: str) -> Any:
        places = ("page", "index", "found")
        events = server.post("/ocr/stream", PICTURES[name]).events
        return [{k: v for k, v in data.items() if k not in places} for kind, data in events if kind == "line"]

    names = [*PICTURES] * 3
    with ThreadPoolExecutor(6) as pool:
        answers, streams = [pool.submit(api, one) for one in names], [pool.submit(streamed, one) for one in names]
        command = pool.submit(
            subprocess.run,
            [sys.executable, "-m", "shizi", "read", "--format", "json", str(SAMPLE)],
            capture_output=True,
            check=True,
        )
    for name, answer, stream in zip(names, answers, streams, strict=True):
        assert answer.result() == stream.result() == truth[name], name
    assert json.loads(command.result().stdout)["lines"] == truth["whole"]


def test_pages_of_one_file(server: Server, truth: dict[str, list[Any]]) -> None:
    said = server.post("/ocr", PICTURES["pages"]).json
    counts = [page["lines"] for page in said["pages"]]
    assert counts == [len(truth["top"]), 0, len(truth["low"])]
    assert said["lines"] == truth["pages"]
    events = server.post("/ocr/stream", PICTURES["pages"]).events
    assert [data["page"] for kind, data in events if kind == "page"] == [0, 1, 2]
    assert [data["index"] for kind, data in events if kind == "line"] == list(range(sum(counts)))
    assert events[-1][0] == "done"
    assert (events[-1][1]["pages"], events[-1][1]["lines"]) == (3, sum(counts))
    apart = [{k: one[k] for k in one if k != "page"} for one in events[-1][1]["dropped"]]
    assert apart == [one for page in said["pages"] for one in page["dropped"]]


def test_events_have_the_promised_shape_and_their_quads_agree(server: Server, sample: bytes) -> None:
    models = dict(page=shapes.PageEvent, line=shapes.LineEvent, done=shapes.DoneEvent, queued=shapes.QueuedEvent)
    events = server.post("/ocr/stream", sample).events
    page = next(data for kind, data in events if kind == "page")
    for kind, data in events:
        models[kind].model_validate(data, strict=True)
        if kind == "line":
            assert page["quads"][data["found"]] == data["quad"]
    assert page["lines"] == len(page["quads"])


@pytest.mark.slow
def test_the_first_line_comes_long_before_the_last(server: Server) -> None:
    with Image.open(SAMPLE) as opened:  # five pages: the first line has to wait for one of them only
        page = opened.convert("L")
        data = encoded(page, "TIFF", save_all=True, append_images=[page] * 4)
    body = form(data)
    with server.raw(server.head(len(body), "/ocr/stream") + body) as client:
        began, seen, first = time.perf_counter(), b"", 0.0
        while piece := client.recv(65536):
            seen += piece
            if not first and b"event: line" in seen:
                first = time.perf_counter() - began
        last = time.perf_counter() - began
    assert b"event: done" in seen
    assert first < last / 2


def test_options(server: Server) -> None:
    strip = PICTURES["whole"]
    with Image.open(SAMPLE) as page:
        strip = encoded(page.crop((470, 105, 725, 190)), "PNG")
    line = server.post("/ocr", strip, line="true").json
    assert len(line["lines"]) == 1
    assert line["lines"][0]["quad"] == [[0, 0], [255, 0], [255, 85], [0, 85]]
    assert line["lines"] == [Reader().read_line(strip).to_json()]
    digits = server.post("/ocr", PICTURES["low"], charset="digits")
    assert "".join(digits.json["text"]).isdigit()
    assert server.post("/ocr", strip, line="true", beam="4", lexicon="会议通知\n").json["text"] == ["会议通知"]
    amount = server.post("/ocr", strip, line="true", pattern="amount").json["text"][0]
    assert not set(amount) & set("会议通知")
    text = server.post("/ocr", PICTURES["top"], format="text", charset="")
    assert text.headers["content-type"] == "text/plain; charset=utf-8"
    assert text.body.decode() == "".join(f"{one}\n" for one in server.post("/ocr", PICTURES["top"]).json["text"])


BOMB = encoded(Image.new("1", (30_000, 30_000)), "PNG")
BAD: dict[str, tuple[bytes, int, str]] = {
    "empty": (form(b""), 400, "empty"),
    "not a picture": (form(b"hello"), 415, "not_a_picture"),
    "truncated": (form(PICTURES["top"][:-2000]), 400, "broken_picture"),
    "a bomb": (form(BOMB), 413, "too_large"),
    "too big": (form(b"\xff\xd8\xff" + bytes(20 * 1024 * 1024)), 413, "too_large"),
    "too small": (form(encoded(Image.new("L", (2, 2)), "PNG")), 422, "too_small"),
    "another field": (form(b"x", "picture"), 400, "no_file"),
    "text in the field": (part("file", b"x") + f"--{BOUNDARY}--\r\n".encode(), 400, "no_file"),
    "no field": (f"--{BOUNDARY}--\r\n".encode(), 400, "no_file"),
    "two files": (part("file", b"x", '; filename="a"') + form(b"x"), 422, "bad_option"),
    "an unknown field": (form(PICTURES["top"], colour="red"), 422, "bad_option"),
    "an unknown charset": (form(PICTURES["top"], charset="/etc/passwd"), 422, "bad_option"),
    "a wide beam": (form(PICTURES["top"], beam="33"), 422, "bad_option"),
    "no number": (form(PICTURES["top"], beam="four"), 422, "bad_option"),
    "many words": (form(PICTURES["top"], lexicon="a\n" * 10_001), 422, "bad_option"),
    "a long word": (form(PICTURES["top"], lexicon="a" * 65), 422, "bad_option"),
    "an expression": (form(PICTURES["top"], pattern="(a*)*"), 422, "bad_option"),
    "a pattern and a charset": (form(PICTURES["top"], pattern="date", charset="digits"), 422, "bad_option"),
    "no boolean": (form(PICTURES["top"], line="perhaps"), 422, "bad_option"),
    "no end": (form(PICTURES["top"])[:-40], 400, "bad_request"),
    "a long option": (form(b"x", charset="x" * 2_000_000), 413, "too_large"),
    "long options": (form(b"x", charset="x" * 600_000, pattern="x" * 600_000), 413, "too_large"),
    "many fields": (form(b"x", **{f"field{number}": "x" for number in range(32)}), 413, "too_large"),
    "a file of no name": (form(b"x").replace(b' name="file";', b""), 400, "no_file"),
    "a field of no name": (form(b"x", charset="x").replace(b' name="charset"', b""), 422, "bad_option"),
}


@pytest.mark.parametrize("path", ["/ocr", "/ocr/stream"])
@pytest.mark.parametrize("name", BAD)
def test_bad_input_gets_its_documented_answer(server: Server, name: str, path: str) -> None:
    body, status, code = BAD[name]
    answer = server.ask("POST", path, body, Content_Type=FORM)
    if path == "/ocr/stream" and name == "truncated":  # the header is whole: this is found when the answer has begun
        kind, said = answer.events[-1]
        assert (kind, said["status"], said["code"]) == ("error", status, code)
        shapes.ErrorEvent.model_validate(said, strict=True)
    else:
        assert answer.failure == (status, code)
    assert server.is_well()


MISTAKES = {
    "an alphabet": (form(b"x", charset="klingon"), "charset: it is one of digits,"),
    "a number": (form(b"x", beam="four"), "beam: Input should be a valid integer"),
    "a field": (form(b"x", colour="red"), "there is no field 'colour'; there are charset,"),
    "a path": (BAD["text in the field"][0], "the field 'file' is text, not a file (curl wants an @ before the path"),
    "many fields": (BAD["many fields"][0], "the form has more than 32 parts (leave out what is not documented)"),
    "a long field": (BAD["a long option"][0], "fields hold more than 1,048,576 bytes together (send a shorter lexicon"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_in_the_form_is_named_with_its_remedy(server: Server, name: str) -> None:
    body, words = MISTAKES[name]
    assert words in server.ask("POST", "/ocr", body, Content_Type=FORM).json["error"]


def test_a_file_name_may_be_in_any_encoding(server: Server) -> None:
    for name in ("报销单 一.jpg".encode("gbk"), "發票.jpg".encode("big5"), b"\xff\xfe", "图.jpg".encode()):
        body = form(PICTURES["blank"]).replace(b'filename="picture"', b'filename="' + name + b'"')
        assert server.ask("POST", "/ocr", body, Content_Type=FORM).status == 200


@pytest.mark.parametrize(
    "broken", [b"zz\r\nhello\r\n", b"5;\r\r\nhello\r\n", b"5\r\nhelloGET / HTTP/1.1\r\nHost: x\r\n\r\n"]
)
def test_a_body_of_broken_chunks_is_refused_and_the_connection_closed(server: Server, broken: bytes) -> None:
    head = server.head(0).replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
    with server.raw(head.replace(b"Connection: close\r\n", b"") + broken) as client:
        answer, _, body = received(client).partition(b"\r\n\r\n")
    assert answer.split()[1] == b"400"
    assert json.loads(body)["code"] == "bad_request"  # and nothing after it: what follows is no request


def test_other_failures_look_the_same(server: Server) -> None:
    assert server.ask("GET", "/ocr").failure == (405, "bad_method")
    assert set(server.ask("GET", "/ocr").headers["allow"].split(", ")) == {"OPTIONS", "POST"}
    assert server.ask("PUT", "/ocr", b"x" * 100_000).failure == (405, "bad_method")
    assert server.ask("GET", "/nothing/here").failure == (404, "not_found")
    for path in ("/static/../app.py", "/static/js/../sample.jpg", f"/static/{'a' * 300}"):
        assert server.ask("GET", path).failure == (404, "not_found")
    assert server.ask("POST", "/ocr", b"{}", Content_Type="application/json").failure == (415, "bad_type")
    assert server.ask("POST", "/ocr", b"", Content_Type="multipart/form-data").failure == (400, "bad_request")
    assert server.post("/correct", b"x", corrections="[]").failure == (422, "bad_option")


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"nonsense\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n", b"400"),
        (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n\r\n", b"414"),
        (b"GET / HTTP/1.1\r\nX: " + b"a" * 90_000 + b"\r\n\r\n", b"431"),
    ],
)
def test_what_is_no_http_is_refused_in_the_same_words(server: Server, sent: bytes, status: bytes) -> None:
    with server.raw(sent) as client:
        head, _, body = received(client).partition(b"\r\n\r\n")
    assert head.split()[1] == status
    assert json.loads(body) == {"success": False, "error": json.loads(body)["error"], "code": "bad_request"}


def test_thousands_of_tiny_requests(server: Server) -> None:
    body = form(b"x")
    with ThreadPoolExecutor(8) as pool:
        codes = {one.failure for one in pool.map(lambda _: server.post("/ocr", b"x"), range(300))}
    assert codes <= {(415, "not_a_picture"), (503, "busy"), (429, "too_many")}
    assert (415, "not_a_picture") in codes
    assert body
    assert server.is_well()


def test_clients_that_hang_up_cost_nothing(server: Server) -> None:
    body = form(PICTURES["whole"])
    head = server.head(len(body))
    for sent in (b"POST /ocr", head, head + body[: len(body) // 2], head + body):
        for _ in range(5):
            server.raw(sent).close()
    gentle = server.raw(head + body)
    gentle.shutdown(socket.SHUT_RDWR)
    gentle.close()
    until(lambda: server.figures()["shizi_running"] == server.figures()["shizi_waiting"] == 0)
    until(lambda: server.figures()["shizi_held_bytes"] == 0)
    assert server.is_well()


@pytest.mark.slow
def test_health_is_answered_while_big_pages_are_read(server: Server) -> None:
    with Image.open(SAMPLE) as page:
        big = encoded(page.resize((page.width * 3, page.height * 3)), "JPEG")
    with ThreadPoolExecutor(4) as pool:
        readings = [pool.submit(server.post, "/ocr", big) for _ in range(4)]
        waits = []
        while not all(one.done() for one in readings):
            began = time.perf_counter()
            assert server.ask("GET", "/healthz").json == {"status": "ok"}
            waits.append(time.perf_counter() - began)
            time.sleep(0.02)
    assert {one.result().status for one in readings} == {200}
    waits.sort()
    assert waits[len(waits) * 9 // 10] < 0.5  # benchmarks/load.py wants a fifth; a test may run on a busy machine


def test_corrections_are_kept_as_training_reads_them(server: Server, sample: bytes) -> None:
    lines = server.post("/ocr", sample).json["lines"][:3]
    texts = ["会议通知", "各位同事：", "  第三行\u3000"]
    sent = [{"quad": one["quad"], "read": one["text"], "text": text} for one, text in zip(lines, texts, strict=True)]
    with ThreadPoolExecutor(4) as pool:  # both workers write at once
        jobs = [pool.submit(server.post, "/correct", sample, corrections=json.dumps(sent)) for _ in range(6)]
    assert [one.result().json for one in jobs] == [{"success": True, "kept": 3}] * 6
    assert server.corrections is not None
    kept = LabelFile(server.corrections / "labels.tsv")
    assert [text for _, text in kept] == texts * 6
    assert not kept.skipped
    assert Reader().read_line(kept[0][0]).text == "会议通知"
    readings = (server.corrections / "readings.tsv").read_text(encoding="utf-8").splitlines()
    assert [row.split("\t")[1] for row in readings] == [one["text"] for one in lines] * 6
    assert len(list((server.corrections / "strips").iterdir())) == 3  # the same strip is kept once
    modes = {path.stat().st_mode & 0o077 for path in server.corrections.rglob("*") if path.is_file()}
    assert modes == {0}


BAD_CORRECTIONS = {
    "no JSON": "{",
    "no list": "{}",
    "none": "[]",
    "an unknown key": '[{"quad": [[0,0],[9,0],[9,9],[0,9]], "read": "", "text": "x", "more": 1}]',
    "three corners": '[{"quad": [[0,0],[9,0],[9,9]], "read": "", "text": "x"}]',
    "beside the page": '[{"quad": [[0,0],[99999,0],[99999,9],[0,9]], "read": "", "text": "x"}]',
    "a quad of nothing": '[{"quad": [[0,0],[0,0],[0,0],[0,0]], "read": "", "text": "x"}]',
    "no number": '[{"quad": [[0,0],[NaN,0],[9,9],[0,9]], "read": "", "text": "x"}]',
    "no text": '[{"quad": [[0,0],[9,0],[9,9],[0,9]], "read": "", "text": "  "}]',
    "a line break": '[{"quad": [[0,0],[9,0],[9,9],[0,9]], "read": "", "text": "a\\nb"}]',
    "a tab": '[{"quad": [[0,0],[9,0],[9,9],[0,9]], "read": "", "text": "a\\tb"}]',
    "half a surrogate": '[{"quad": [[0,0],[9,0],[9,9],[0,9]], "read": "", "text": "\\ud800"}]',
    "too long": json.dumps([{"quad": [[0, 0], [9, 0], [9, 9], [0, 9]], "read": "", "text": "x" * 1001}]),
    "too many": json.dumps([{"quad": [[0, 0], [9, 0], [9, 9], [0, 9]], "read": "", "text": "x"}] * 501),
    "another page": '[{"page": 7, "quad": [[0,0],[9,0],[9,9],[0,9]], "read": "", "text": "x"}]',
}


@pytest.mark.parametrize("name", BAD_CORRECTIONS)
def test_corrections_that_cannot_be(server: Server, sample: bytes, name: str) -> None:
    assert server.post("/correct", sample, corrections=BAD_CORRECTIONS[name]).failure == (422, "bad_option")


def test_figures_are_those_of_all_workers(server: Server) -> None:
    def counted() -> float:
        return server.figures().get('shizi_requests_total{method="POST",route="/ocr",status="415"}', 0.0)

    before, lines = counted(), server.figures()["shizi_lines_total"]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: server.post("/ocr", b"x"), range(40)))
    read = len(server.post("/ocr", PICTURES["top"]).json["lines"])
    until(lambda: counted() == before + 40)
    assert {server.figures()["shizi_lines_total"] for _ in range(6)} == {lines + read}
    assert server.figures()["shizi_ready_workers"] == 2
    for stage in ("upload", "wait", "find", "read", "answer"):
        assert server.figures()[f'shizi_stage_seconds_count{{stage="{stage}"}}'] > 0


@pytest.mark.slow
def test_a_killed_worker_costs_its_own_requests_only(server: Server) -> None:
    body = form(PICTURES["whole"])
    clients = [server.raw(server.head(len(body)) + body) for _ in range(6)]
    before = server.figures()["shizi_lines_total"]
    os.kill(server.workers[0], signal.SIGKILL)
    answers = []
    for client in clients:
        with client:
            try:
                answers.append(received(client))
            except ConnectionResetError:
                answers.append(b"")
    whole = [one for one in answers if one]
    assert all(one.startswith(b"HTTP/1.1 200") and one.endswith(b"}") for one in whole)
    until(lambda: len(server.workers) == 2 and server.figures()["shizi_ready_workers"] == 2)
    assert server.figures()["shizi_lines_total"] >= before  # what the dead worker counted still counts
    until(lambda: server.figures()["shizi_waiting"] == server.figures()["shizi_running"] == 0)


def test_nothing_of_what_was_sent_is_logged(server: Server) -> None:
    body = part("file", PICTURES["top"], '; filename="secret-name.jpg"') + f"--{BOUNDARY}--\r\n".encode()
    assert server.ask("POST", "/ocr?secret=query", body, Content_Type=FORM).status == 200
    assert "secret" not in "".join(server.log)
    assert "会议" not in "".join(server.log)


@pytest.mark.slow
def test_a_stopped_server_finishes_what_it_began(tmp_path: Path) -> None:
    with running("--workers", "1") as server:
        body = form(PICTURES["whole"])
        client = server.raw(server.head(len(body)) + body)
        until(lambda: server.figures()["shizi_running"] == 1)
        stopper = threading.Thread(target=server.stop)
        stopper.start()
        with client:
            answer = received(client)
        stopper.join()
        assert answer.startswith(b"HTTP/1.1 200")
        assert answer.endswith(b"}")
        assert server.process.returncode == 0
    assert not [line for line in server.log if "Traceback" in line]
