"""A server in a process of its own, and a client that sends exactly what it is told to."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SAMPLE = Path(__file__).parents[2] / "samples" / "notice.jpg"
BOUNDARY = "shizi-tests"
FORM = f"multipart/form-data; boundary={BOUNDARY}"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def failure(self) -> tuple[int, str]:
        """Status and code, once the object has the shape of all failures."""
        said = self.json
        assert set(said) == {"success", "error", "code"}
        assert said["success"] is False
        assert said["error"]
        assert self.headers["content-type"] == "application/json"
        if self.status in (429, 503):
            assert int(self.headers["retry-after"]) > 0
        return self.status, said["code"]

    @property
    def events(self) -> list[tuple[str, Any]]:
        """Names and data of server-sent events; comments are left out."""
        parts = [part.split("\n") for part in self.body.decode().strip().split("\n\n") if not part.startswith(":")]
        return [(one[0].removeprefix("event: "), json.loads(one[1].removeprefix("data: "))) for one in parts]


@dataclass
class Server:
    process: subprocess.Popen[str]
    port: int
    corrections: Path | None = None
    log: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def workers(self) -> list[int]:
        master = self.process.pid
        return [int(one) for one in Path(f"/proc/{master}/task/{master}/children").read_text().split()]

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            client.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
            answer = client.getresponse()
            return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        finally:
            client.close()

    def post(self, path: str, file: bytes, name: str = "file", **fields: str) -> Answer:
        return self.ask("POST", path, form(file, name, **fields), Content_Type=FORM)

    def raw(self, data: bytes = b"") -> socket.socket:
        """A connection on which ``data`` has been sent."""
        made = socket.create_connection(("127.0.0.1", self.port), timeout=60)
        made.sendall(data)
        return made

    def head(self, length: int, path: str = "/ocr") -> bytes:
        """The head of a form that has ``length`` bytes."""
        return (
            f"POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: {FORM}\r\n"
            f"Content-Length: {length}\r\n\r\n"
        ).encode()

    def figures(self) -> dict[str, float]:
        """What /metrics says."""
        rows = self.ask("GET", "/metrics").body.decode().splitlines()
        return {name: float(value) for name, _, value in (row.rpartition(" ") for row in rows if row[0] != "#")}

    def is_well(self) -> bool:
        return self.ask("GET", "/readyz").status == 200

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(100)


def form(file: bytes, name: str = "file", **fields: str) -> bytes:
    parts = [part(key, value.encode()) for key, value in fields.items()]
    return b"".join((*parts, part(name, file, '; filename="picture"'), f"--{BOUNDARY}--\r\n".encode()))


def part(name: str, value: bytes, more: str = "") -> bytes:
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'
    return head.encode() + value + b"\r\n"


def received(client: socket.socket) -> bytes:
    """All that comes until the server closes."""
    pieces = []
    while piece := client.recv(65536):
        pieces.append(piece)
    return b"".join(pieces)


@contextmanager
def running(*arguments: str, environ: Mapping[str, str] | None = None, keep: Path | None = None) -> Iterator[Server]:
    """``shizi serve`` on a free port, ready; it is stopped in the end."""
    more = () if keep is None else ("--keep-corrections", str(keep))
    command: Sequence[str] = (sys.executable, "-m", "shizi", "serve", "--port", "0", *arguments, *more)
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env={**os.environ, **(environ or {})})
    assert process.stderr is not None
    log: list[str] = []
    for line in process.stderr:
        log.append(line)
        if found := re.match(r"shizi: http://[^ ]+:(\d+)/", line):
            break
    else:
        raise AssertionError("".join(log))
    drain = threading.Thread(target=log.extend, args=(process.stderr,), daemon=True)
    drain.start()
    server = Server(process, int(found[1]), keep, log)
    try:
        until(server.is_well)
        yield server
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        drain.join()
        process.stderr.close()


def until(holds: Any, seconds: float = 60.0) -> None:
    """Wait until ``holds()``."""
    limit = time.monotonic() + seconds
    while True:
        try:
            if holds():
                return
        except OSError:
            pass
        assert time.monotonic() < limit, "it never became so"
        time.sleep(0.05)
