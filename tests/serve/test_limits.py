"""What a server with tight bounds does at each of them, and what comes and goes with its processes."""

from __future__ import annotations

import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from serving import FORM, Server, form, received, running, until

from conftest import encoded
from shizi.serve.run import _Arbiter, _take_place


def page(rows: int = 1) -> bytes:
    """A picture that is small as a file, and takes a while where it has many rows."""
    picture = Image.new("L", (1200, 40 + 40 * rows), 255)
    for row in range(rows):
        for left in range(40, 1100, 36):
            picture.paste(0, (left, 20 + 40 * row, left + 24, 44 + 40 * row))
            picture.paste(255, (left + 4, 24 + 40 * row, left + 20, 40 + 40 * row))
    return encoded(picture, "PNG")


SLOW = page(38)


def test_bounds_on_a_picture(tight: Server) -> None:
    assert tight.post("/ocr", bytes(300_001)).failure == (413, "too_large")
    assert tight.post("/ocr", encoded(Image.new("1", (2001, 1000)), "PNG")).failure == (413, "too_large")
    assert tight.post("/ocr", encoded(Image.new("1", (33_000, 5)), "PNG")).failure == (413, "too_large")
    blank = Image.new("1", (60, 60), 1)
    three = encoded(blank, "TIFF", save_all=True, append_images=[blank, blank])
    for path in ("/ocr", "/ocr/stream"):  # before anything is read and told
        assert tight.post(path, three).failure == (413, "too_large")
    assert tight.post("/ocr", encoded(blank, "TIFF", save_all=True, append_images=[blank])).status == 200
    assert tight.ask("POST", "/ocr", form(b"x") + bytes(3_000_000), Content_Type=FORM).failure == (413, "too_large")


def test_a_body_that_is_announced_too_large_is_not_waited_for(tight: Server) -> None:
    with tight.raw(tight.head(10**12)) as client:
        began = time.monotonic()
        assert received(client).startswith(b"HTTP/1.1 413")
        assert time.monotonic() - began < 30


def test_a_body_without_an_announced_length_is_bounded_too(tight: Server) -> None:
    head = tight.head(0).replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
    piece = bytes(100_000)
    with tight.raw(head) as client:
        try:
            for _ in range(100):
                client.sendall(b"%x\r\n%b\r\n" % (len(piece), piece))
        except OSError:  # it need not take all of it
            pass
        assert received(client).startswith(b"HTTP/1.1 413")
    whole = form(page())
    with tight.raw(head + b"%x\r\n%b\r\n0\r\n\r\n" % (len(whole), whole)) as client:
        assert received(client).startswith(b"HTTP/1.1 200")


def test_one_byte_a_second_does_not_hold_the_worker(tight: Server) -> None:
    body = form(page())
    with tight.raw(tight.head(len(body)) + body[:200]) as slow, tight.raw(b"POST /ocr HTT") as slower:
        began = time.monotonic()
        assert tight.post("/ocr", page()).status == 200  # others are served meanwhile
        answer = b""
        slow.settimeout(0.3)
        while time.monotonic() - began < 30 and not answer.endswith(b"}"):  # head and body may come apart
            try:
                answer += slow.recv(65536)
            except TimeoutError:
                slow.sendall(body[200:201])
        head, _, said = answer.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 408")
        assert json.loads(said)["code"] == "slow_upload"
        assert received(slower) == b""  # a header that does not come is hung up on
    assert tight.is_well()


def test_a_full_queue_is_said_so(tight: Server) -> None:
    with ThreadPoolExecutor(3) as pool:  # one is read, one waits, one is refused
        answers = [one.result() for one in [pool.submit(tight.post, "/ocr", SLOW) for _ in range(3)]]
    statuses = sorted(one.status for one in answers)
    assert statuses == [200, 200, 503]
    refused = next(one for one in answers if one.status == 503)
    assert refused.failure == (503, "busy")
    assert tight.is_well()


def test_one_client_has_its_share_and_no_more(tight: Server) -> None:
    begun = form(page())[:200]

    def refused_beside_three_uploads() -> bool:
        with ExitStack() as held:
            for _ in range(3):
                held.enter_context(tight.raw(tight.head(100_000) + begun))
            answer = tight.post("/ocr", page())
        return answer.status == 429 and answer.failure == (429, "too_many")

    until(refused_beside_three_uploads)  # the uploads may be slower on their way than what follows them
    until(lambda: tight.post("/ocr", page()).status == 200)


def test_the_queue_is_told_to_those_who_stream(tight: Server) -> None:
    with ThreadPoolExecutor(2) as pool:
        streams = [pool.submit(tight.post, "/ocr/stream", SLOW) for _ in range(2)]
    kinds = [[kind for kind, _ in one.result().events] for one in streams]
    assert sorted(one[0] for one in kinds) == ["page", "queued"]
    assert {one[-1] for one in kinds} == {"done"}


@pytest.mark.slow
def test_a_reading_that_takes_too_long_is_given_up() -> None:
    with running("--workers=1", "--set=seconds=0.05", "--set=running=1") as server:
        with Image.open(Path(__file__).parents[2] / "samples" / "notice.jpg") as opened:
            data = encoded(opened.copy(), "PNG")
        assert server.post("/ocr", data).failure == (503, "time_limit")
        kind, said = server.post("/ocr/stream", data).events[-1]
        assert (kind, said["status"], said["code"]) == ("error", 503, "time_limit")
        until(lambda: server.figures()["shizi_running"] == 0)  # it does not go on in secret
        assert server.is_well()


@pytest.mark.slow
def test_who_hangs_up_while_waiting_leaves_the_queue_and_corrections_are_in_it(tmp_path: Path) -> None:
    with Image.open(io.BytesIO(SLOW)) as opened:
        slow = opened.convert("1")
    long = form(encoded(slow, "TIFF", save_all=True, append_images=[slow] * 40, compression="group4"))
    sent = json.dumps([{"quad": [[0, 0], [60, 0], [60, 20], [0, 20]], "read": "a", "text": "b"}])
    with running("--workers=1", "--set=running=1", "--set=waiting=1", keep=tmp_path) as server, ExitStack() as clients:

        def begin() -> socket.socket:
            return clients.enter_context(server.raw(server.head(len(long)) + long))

        def queue() -> tuple[float, float]:
            figures = server.figures()
            return figures["shizi_running"], figures["shizi_waiting"]

        begin()
        until(lambda: queue() == (1, 0))
        leaving = begin()
        until(lambda: queue() == (1, 1))
        assert server.post("/ocr", page()).failure == (503, "busy")
        assert server.post("/correct", page(), corrections=sent).failure == (503, "busy")
        leaving.close()
        until(lambda: queue() == (1, 0))  # long before the one that is read is done
        begin()
        until(lambda: queue() == (1, 1))
        clients.close()
        until(lambda: queue() == (0, 0))
        assert server.post("/correct", page(), corrections=sent).json == {"success": True, "kept": 1}


@pytest.mark.slow
def test_a_token_is_asked_for(tmp_path: Path) -> None:
    token = "0123456789abcdef-secret"
    with running("--workers=1", "--host=0.0.0.0", "--set=held_bytes=60000", environ={"SHIZI_TOKEN": token}) as server:
        for path in ("/ocr", "/ocr/stream", "/correct"):
            refused = server.post(path, page())
            assert refused.failure == (401, "unauthorized")
            assert refused.headers["www-authenticate"].startswith("Bearer")
        assert server.ask("GET", "/metrics").failure == (401, "unauthorized")
        for wrong in (f"Bearer {token}x", f"Basic {token}", "Bearer", token, "Bearer \u00e9"):
            assert server.ask("GET", "/metrics", Authorization=wrong).failure == (401, "unauthorized")
        assert server.ask("GET", "/config.json").json["auth"] is True
        known = {"Content_Type": FORM, "Authorization": f"Bearer {token}"}
        assert server.ask("POST", "/ocr", form(page()), **known).status == 200
        assert server.ask("POST", "/correct", form(page()), **known).failure == (404, "not_kept")
        # and the bound on all uploads together
        assert server.ask("POST", "/ocr", form(bytes(70_000)), **known).failure == (503, "busy")
        assert server.ask("GET", "/metrics", **known).status == 200
        assert not [line for line in server.log if token in line]


@pytest.mark.slow
def test_workers_are_replaced_and_no_request_is_lost() -> None:
    with running("--workers=2", "--set=max_requests=20") as server:
        first, asked = set(server.workers), 0

        def all_are_new() -> bool:
            # the kernel shares connections out as it likes: ask until both have had their twenty
            nonlocal asked
            with ThreadPoolExecutor(4) as pool:
                assert {one.status for one in pool.map(lambda _: server.post("/ocr", b"x"), range(40))} == {415}
            asked += 40
            return len(server.workers) == 2 and not first & set(server.workers)

        until(all_are_new)
        until(lambda: server.figures()["shizi_ready_workers"] == 2)
        counted = server.figures()['shizi_requests_total{method="POST",route="/ocr",status="415"}']
        assert counted == asked  # figures outlive the workers


@pytest.mark.slow
def test_a_worker_that_has_grown_is_replaced() -> None:
    with Image.open(io.BytesIO(SLOW)) as opened:
        slow = opened.convert("1")
    long = form(encoded(slow, "TIFF", save_all=True, append_images=[slow] * 49, compression="group4"))
    with running("--workers=1", "--set=max_memory=20000000") as server:
        first = server.workers
        with server.raw(server.head(len(long)) + long):
            until(lambda: len(server.workers) == 2)
            assert server.ask("GET", "/healthz").status == 200  # while the first one still reads
            assert set(first) < set(server.workers)
            assert server.figures()["shizi_running"] == 1
        until(lambda: not set(first) & set(server.workers))
    assert any("a fresh one takes its place" in line for line in server.log)


def test_a_worker_ends_although_its_threads_read() -> None:
    leave = """
import time
import cv2, numpy as np
from gevent.threadpool import ThreadPool
from shizi.serve.run import _leave

def read():
    while True:
        cv2.GaussianBlur(np.zeros((600, 600), np.uint8), (0, 0), 5)

threads = ThreadPool(2)
for _ in range(2):
    threads.spawn(read)
time.sleep(0.3)
{}
"""
    # with sys.exit, Python's end finds them within OpenCV, and the process is aborted
    for end, status in (("_leave(3)", 3), ("_leave('no')", 1)):
        ended = subprocess.run([sys.executable, "-c", leave.format(end)], capture_output=True, check=False, timeout=60)
        assert ended.returncode == status, ended.stderr


@pytest.mark.slow
def test_a_worker_that_stops_while_a_thread_still_reads_is_not_aborted() -> None:
    # as large as may be, and full: its first step, which is not cut off, takes many times the time limit
    with Image.open(Path(__file__).parents[2] / "samples" / "notice.jpg") as opened:
        notice = np.asarray(opened.convert("L"))
    height, width = notice.shape
    data = encoded(Image.fromarray(np.tile(notice, (7900 // height, 7900 // width))), "JPEG")
    with running("--workers=1", "--set=seconds=0.5", "--set=running=3") as server:
        with ThreadPoolExecutor(3) as pool:
            for answer in pool.map(lambda _: server.post("/ocr", data), range(3)):
                assert answer.failure == (503, "time_limit")
        assert server.stop() == 0
    assert not [line for line in server.log if "was sent" in line or "terminate" in line or "exited" in line]


@pytest.mark.slow
def test_a_reading_that_outlasts_the_end_of_its_worker_has_an_answer() -> None:
    with Image.open(io.BytesIO(SLOW)) as opened:
        slow = opened.convert("1")
    long = encoded(slow, "TIFF", save_all=True, append_images=[slow] * 49, compression="group4")
    with running("--workers=1", "--set=stop_seconds=8") as server, ThreadPoolExecutor(1) as pool:
        answer = pool.submit(server.post, "/ocr", long)
        until(lambda: server.figures()["shizi_running"] == 1)
        began = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - began < 11
        assert answer.result().failure == (503, "busy")
    assert not [line for line in server.log if "was sent" in line or "graceful" in line]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no such servers here")
def test_a_worker_can_be_stopped_from_its_first_moment_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shizi.serve.metrics.take_place", lambda place: None)
    known = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGQUIT, signal.SIGINT)}
    try:
        for number in known:
            signal.signal(number, lambda *_: None)  # as gunicorn's parent process, whose child inherits them
        _take_place(None, SimpleNamespace(place=0))
        assert {signal.getsignal(number) for number in known} == {signal.SIG_DFL}
    finally:
        for number, handler in known.items():
            signal.signal(number, handler)


def test_workers_are_replaced_after_a_fresh_one_is_there_and_are_twice_as_many_at_most() -> None:
    arbiter, started = object.__new__(_Arbiter), list[int]()
    workers = [SimpleNamespace(age=age, spent=age in (2, 3, 4)) for age in range(1, 5)]
    arbiter.WORKERS = dict(enumerate(workers))
    arbiter._num_workers, arbiter.timeout = 3, 0

    def start() -> None:
        started.append(len(arbiter.WORKERS))
        arbiter.WORKERS[len(arbiter.WORKERS)] = SimpleNamespace(age=5, spent=False)

    arbiter.spawn_worker = start
    arbiter.murder_workers()
    assert started == [4, 5]
    assert [one.age for one in workers] == [1, 0, 0, 4]  # those of age 0 are stopped; the last one has to wait
    arbiter.murder_workers()
    assert started == [4, 5]


def test_corrections_have_bounds(tmp_path: Path) -> None:
    from shizi.serve.corrections import Corrections
    from shizi.serve.failures import CorrectionsFull
    from shizi.serve.settings import ServeSettings
    from shizi.serve.shapes import Correction
    from shizi.settings import LoadSettings

    def line(number: int) -> Correction:
        box = [[0.0, 0.0], [60.0, 0.0], [60.0, 20.0 + number], [0.0, 20.0 + number]]
        return Correction(quad=box, read="a", text=f"text {number}")

    data = page()
    few = Corrections(tmp_path / "few", ServeSettings(max_corrections=3))
    assert list(few.keep(data, [line(0), line(1)], LoadSettings())) == [2]
    with pytest.raises(CorrectionsFull):
        list(few.keep(data, [line(2), line(3)], LoadSettings()))
    assert list(few.keep(data, [line(2)], LoadSettings())) == [1]  # what was refused left nothing behind
    assert len((tmp_path / "few" / "labels.tsv").read_text().splitlines()) == 3
    small = Corrections(tmp_path / "small", ServeSettings(max_correction_bytes=10))
    with pytest.raises(CorrectionsFull):
        list(small.keep(data, [line(0)], LoadSettings()))
