"""Whether the server stays up: ``python benchmarks/load.py [PICTURES] [--seconds 300]``.

Starts ``shizi serve`` with two workers and lets sixteen clients send pages, strips and bad input, each over a
connection of its own; in the middle a worker is killed (SIGKILL). Every answer is compared with what Reader says in
this process. A second process asks ``/healthz`` twenty times a second. Then ten thousand tiny requests. PICTURES is a
folder; without one, pages are made of the sample in ``samples/``. Prints a table; the exit status is 1 where something
that has to hold does not:

- every request gets the right answer, its documented refusal, or a full server's (429, 503) with Retry-After;
- only requests that were under way on the killed worker lose their connection, and they learn it at once;
- ``/healthz``: 99 % within 100 ms, none unanswered (but those that the killed worker held);
- a worker holds no more memory in the last minute than in the second one (a tenth and 16 MiB of noise allowed);
- alone, a page takes under a second on average.

The clients take their share of the same cores, so a server with cores of its own does better. Linux.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import json
import multiprocessing
import os
import random
import re
import signal
import statistics
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image

from shizi import InputError, Reader
from shizi.settings import ReadSettings, Settings

SAMPLE = Path(__file__).parent.parent / "samples" / "notice.jpg"
SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".webp", ".gif"}
MOST_PICTURES = 24
MAX_BYTES = 20 * 1024 * 1024  # the server's default bound
BAD_SHARE, STREAM_SHARE = 0.2, 0.2
HEALTH_EVERY, HEALTH_LIMIT = 0.05, 0.1
ALONE_LIMIT = 1.0
KILL_SECONDS = 5.0  # within which a killed worker's clients have to learn it
GROWTH, NOISE = 1.1, 16 * 1024 * 1024
BOUNDARY = "shizi-load"


@dataclass(frozen=True)
class Answer:
    """What came back: status 0 where the connection ended without an answer."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass
class Tally:
    """What the clients saw."""

    outcomes: Counter[str] = field(default_factory=Counter)
    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    first_line: list[float] = field(default_factory=list)
    lost: list[tuple[float, float]] = field(default_factory=list)
    """When a request whose connection broke was begun, and when it broke."""
    wrong: list[str] = field(default_factory=list)


def form(data: bytes, name: str = "file", **fields: str) -> bytes:
    """A multipart body."""
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'.encode()
        for key, value in fields.items()
    ]
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"; filename="a"\r\n\r\n'.encode()
    return b"".join((*parts, head, data, f"\r\n--{BOUNDARY}--\r\n".encode()))


def request(method: str, path: str, body: bytes = b"") -> bytes:
    """The bytes of a request."""
    kind = f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n" if body else ""
    head = f"{method} {path} HTTP/1.1\r\nHost: load\r\nConnection: close\r\n{kind}Content-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


async def ask(port: int, data: bytes, *, on_data: Callable[[], None] | None = None) -> Answer:
    """Send a request and take all of its answer."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return Answer(0)
    try:
        writer.write(data)
        await writer.drain()
        return await receive(reader, on_data)
    except (OSError, EOFError):
        return Answer(0)
    finally:
        writer.close()


async def receive(reader: asyncio.StreamReader, on_data: Callable[[], None] | None = None) -> Answer:
    """An answer with Connection: close. One that ends early counts as none."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in head[1:] if line)}
    if headers.get("transfer-encoding") != "chunked":
        return Answer(int(head[0].split()[1]), headers, await reader.readexactly(int(headers["content-length"])))
    pieces = []
    while size := int((await reader.readuntil(b"\r\n")).strip(), 16):
        pieces.append((await reader.readexactly(size + 2))[:-2])
        if on_data and b"event: line" in pieces[-1]:
            on_data()
    return Answer(int(head[0].split()[1]), headers, b"".join(pieces))


class Clients:
    """Sixteen people with pictures, and some with bad manners."""

    def __init__(self, port: int, pictures: dict[str, bytes], expected: dict[str, Any], seed: int) -> None:
        self.port, self.pictures, self.expected = port, pictures, expected
        self.chance = random.Random(seed)
        self.tally = Tally()
        whole = max(pictures.values(), key=len)
        broken = io.BytesIO()
        Image.new("RGB", (600, 200), "white").save(broken, "PNG")
        self.bad: dict[str, tuple[bytes, int, str]] = {
            "empty file": (request("POST", "/ocr", form(b"")), 400, "empty"),
            "not a picture": (request("POST", "/ocr", form(b"hello, this is no picture")), 415, "not_a_picture"),
            "truncated": (request("POST", "/ocr", form(broken.getvalue()[:-40])), 400, "broken_picture"),
            "bomb": (request("POST", "/ocr", form(bomb())), 413, "too_large"),
            "too big": (request("POST", "/ocr", form(b"\xff\xd8\xff" + bytes(MAX_BYTES))), 413, "too_large"),
            "wrong field": (request("POST", "/ocr", form(whole[:2000], "picture")), 400, "no_file"),
            "unknown option": (request("POST", "/ocr", form(whole, colour="red")), 422, "bad_option"),
            "wrong method": (request("PUT", "/ocr", form(whole)), 405, "bad_method"),
            "wrong address": (request("GET", "/nothing"), 404, "not_found"),
        }
        self.rude: tuple[Callable[[], Awaitable[str]], ...] = (self.trickle, self.hang_up, self.leave_early)

    async def run(self, until: float) -> None:
        """One client: a request after the other."""
        while time.perf_counter() < until:
            draw = self.chance.random()
            if draw < BAD_SHARE / 4:
                self.tally.outcomes[await self.chance.choice(self.rude)()] += 1
            elif draw < BAD_SHARE:
                await self.bad_one()
            else:
                await self.good_one(stream=draw > 1 - STREAM_SHARE)

    async def good_one(self, *, stream: bool) -> None:
        """A picture; sent again as long as the server is full."""
        name = self.chance.choice(list(self.pictures))
        data = request("POST", "/ocr/stream" if stream else "/ocr", form(self.pictures[name]))
        while True:
            began = time.perf_counter()
            seen: list[float] = []
            answer = await ask(self.port, data, on_data=lambda: seen.append(time.perf_counter()))  # noqa: B023
            if answer.status in (429, 503) and "retry-after" in answer.headers:
                self.tally.outcomes[f"refused, to be tried again ({answer.status})"] += 1
                await asyncio.sleep(int(answer.headers["retry-after"]) * self.chance.uniform(0.2, 1))
                continue
            break
        ended = time.perf_counter()
        kind = "stream" if stream else "page"
        if answer.status == 0:
            self.tally.lost.append((began, ended))
            self.tally.outcomes["connection lost"] += 1
            return
        if said(answer, stream) != self.expected[name]:
            self.tally.wrong.append(f"{kind} {name}: {answer.status} {answer.body[:200]!r}")
            return
        self.tally.outcomes[f"{kind}: right answer"] += 1
        self.tally.seconds[kind].append(ended - began)
        if seen:
            self.tally.first_line.append(seen[0] - began)

    async def bad_one(self) -> None:
        """Something that is refused, with its documented status and code."""
        name = self.chance.choice(list(self.bad))
        data, status, code = self.bad[name]
        began = time.perf_counter()
        answer = await ask(self.port, data)
        ended = time.perf_counter()
        if answer.status == 0:
            self.tally.lost.append((began, ended))
            self.tally.outcomes["connection lost"] += 1
            return
        self.tally.seconds["refusal"].append(ended - began)
        body = json.loads(answer.body)
        full = answer.status in (429, 503) and "retry-after" in answer.headers
        if not full and (answer.status, body.get("code"), body.get("success")) != (status, code, False):
            self.tally.wrong.append(f"{name}: {answer.status} {answer.body[:200]!r}")
            return
        self.tally.outcomes["refused, to be tried again" if full else "bad input: documented refusal"] += 1

    async def trickle(self) -> str:
        """A byte a second, for a while."""
        return await self.rudely("one byte a second", 5, 1.0)

    async def hang_up(self) -> str:
        """Send half of a picture and go."""
        return await self.rudely("hung up in the upload", 1, 0.0)

    async def leave_early(self) -> str:
        """Send a whole picture and go before the answer."""
        return await self.rudely("hung up before the answer", 0, 0.3)

    async def rudely(self, name: str, pieces: int, wait: float) -> str:
        """Half of a request and ``pieces`` more bytes, or all of it, and nobody who waits for the answer."""
        data = request("POST", "/ocr", form(self.chance.choice(list(self.pictures.values()))))
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", self.port)
            writer.write(data[: len(data) // 2] if pieces else data)
            for index in range(pieces):
                writer.write(data[index : index + 1])
                await writer.drain()
                await asyncio.sleep(wait)
            await asyncio.sleep(wait)
            writer.close()
        except OSError:
            pass
        return name


def said(answer: Answer, stream: bool) -> Any:
    """The lines of an answer, without their places among events."""
    if answer.status != 200:
        return None
    if not stream:
        return json.loads(answer.body)["lines"]
    events = [part.split("\n") for part in answer.body.decode().strip().split("\n\n") if not part.startswith(":")]
    found = [(one[0].removeprefix("event: "), json.loads(one[1].removeprefix("data: "))) for one in events]
    if not found or found[-1][0] != "done":
        return found[-1:]
    places = ("page", "index", "found")
    return [{k: v for k, v in data.items() if k not in places} for name, data in found if name == "line"]


def bomb() -> bytes:
    """A small file that says it has 900 million pixels."""
    target = io.BytesIO()
    Image.new("1", (30_000, 30_000)).save(target, "PNG")
    return target.getvalue()


def health(port: int, until: float, into: Any) -> None:
    """In a process of its own: (when, seconds; negative where no answer came) of ``/healthz``."""
    import http.client

    found = []
    while (now := time.perf_counter()) < until:
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            client.request("GET", "/healthz")
            answer = client.getresponse()
            answer.read()
            found.append((now, time.perf_counter() - now if answer.status == 200 else -1.0))
        except OSError:
            found.append((now, -1.0))
        finally:
            client.close()
        time.sleep(max(0.0, HEALTH_EVERY - (time.perf_counter() - now)))
    into.put(found)


def children(pid: int) -> list[int]:
    """Process ids of the workers."""
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def resident(pid: int) -> int:
    """Bytes that a process holds; 0 where it has ended."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return 0


async def watch(master: int, until: float, into: dict[int, list[tuple[float, int]]]) -> None:
    """Memory of each worker, twice a second."""
    while time.perf_counter() < until:
        for pid in children(master):
            into[pid].append((time.perf_counter(), resident(pid)))
        await asyncio.sleep(0.5)


async def tiny(port: int, count: int, clients: int) -> Counter[int]:
    """Requests of one byte of picture, as fast as they go."""
    data = request("POST", "/ocr", form(b"x"))
    left = iter(range(count))
    found: Counter[int] = Counter()

    async def one() -> None:
        for _ in left:
            found[(await ask(port, data)).status] += 1

    await asyncio.gather(*(one() for _ in range(clients)))
    return found


def pages(folder: Path | None) -> dict[str, bytes]:
    """Pictures to send, by name."""
    if folder is not None:
        paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
        chosen = paths[:: max(1, -(-len(paths) // MOST_PICTURES))]
        return {str(path.relative_to(folder)): path.read_bytes() for path in chosen}
    made = {"sample": SAMPLE.read_bytes()}
    with Image.open(SAMPLE) as page:
        width, height = page.size
        views = {"half": (0, 0, width, height // 2), "strip": (100, 330, width, 440), "blank": (0, 0, 60, 60)}
        pictures = {name: page.crop(box) for name, box in views.items()}
        pictures["small"] = page.resize((width * 2 // 3, height * 2 // 3))
        pictures["turned"] = page.rotate(3, fillcolor="white")
        for name, picture in pictures.items():
            target = io.BytesIO()
            picture.save(target, "JPEG" if name == "turned" else "PNG")
            made[name] = target.getvalue()
    return made


def truth(pictures: dict[str, bytes]) -> dict[str, Any]:
    """What Reader says of each; those that it cannot read are taken out."""
    reader = Reader(settings=Settings(read=ReadSettings(threads=1)))
    found = {}
    for name in list(pictures):
        try:
            lines = [line for page in reader.pages(pictures[name]) for line in page.lines]
            found[name] = json.loads(json.dumps([line.to_json() for line in lines]))
        except InputError as error:
            print(f"left out: {name}: {error.code}", file=sys.stderr)
            del pictures[name]
    return found


def start(workers: int, more: Sequence[str]) -> tuple[subprocess.Popen[str], int]:
    """A server on a free port."""
    command = [sys.executable, "-m", "shizi", "serve", "--port", "0", "--workers", str(workers), *more]
    server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert server.stderr is not None
    for line in server.stderr:
        if found := re.match(r"shizi: http://127\.0\.0\.1:(\d+)/", line):
            return server, int(found[1])
    raise SystemExit("the server did not start")


async def ready(port: int) -> None:
    for _ in range(600):
        if (await ask(port, request("GET", "/readyz"))).status == 200:
            return
        await asyncio.sleep(0.1)
    raise SystemExit("the server did not become ready")


async def load(args: argparse.Namespace) -> int:
    pictures = pages(args.pictures)
    expected = truth(pictures)
    server, port = start(args.workers, args.serve)
    try:
        log = asyncio.get_running_loop().run_in_executor(None, server.stderr.read)  # type: ignore[union-attr]
        await ready(port)
        return await measure(args, pictures, expected, server.pid, port)
    finally:
        server.send_signal(signal.SIGTERM)
        status = server.wait(90)
        said_last = [line for line in (await log).splitlines() if "ERROR" in line]
        print(f"server: exit status {status}" + "".join(f"\n  {line}" for line in said_last[:10]))


async def measure(
    args: argparse.Namespace, pictures: dict[str, bytes], expected: dict[str, Any], master: int, port: int
) -> int:
    alone = []
    for data in pictures.values():
        began = time.perf_counter()
        await ask(port, request("POST", "/ocr", form(data)))
        alone.append(time.perf_counter() - began)

    began = time.perf_counter()
    until = began + args.seconds
    memory: dict[int, list[tuple[float, int]]] = defaultdict(list)
    queue: Any = multiprocessing.Queue()
    prober = multiprocessing.get_context("fork").Process(target=health, args=(port, until, queue))
    prober.start()
    clients = Clients(port, pictures, expected, args.seed)
    killed: list[float] = []

    async def kill() -> None:
        await asyncio.sleep(args.seconds / 2)
        os.kill(children(master)[0], signal.SIGKILL)
        killed.append(time.perf_counter())

    jobs = [clients.run(until) for _ in range(args.clients)]
    await asyncio.gather(*jobs, watch(master, until, memory), *([kill()] if args.kill else []))
    asked = await asyncio.get_running_loop().run_in_executor(None, queue.get)
    prober.join()
    began_tiny = time.perf_counter()
    small = await tiny(port, args.tiny, args.clients)
    tiny_seconds = time.perf_counter() - began_tiny
    well = (await ask(port, request("GET", "/readyz"))).status == 200
    return report(args, clients.tally, alone, asked, memory, began, killed, small, tiny_seconds, well)


def report(
    args: argparse.Namespace,
    tally: Tally,
    alone: list[float],
    asked: list[tuple[float, float]],
    memory: dict[int, list[tuple[float, int]]],
    began: float,
    killed: list[float],
    small: Counter[int],
    tiny_seconds: float,
    well: bool,
) -> int:
    """Print everything and judge it."""
    print(f"\n{args.workers} workers, {args.clients} clients, {args.seconds:g} s, {len(alone)} pictures")
    for name, count in sorted(tally.outcomes.items()):
        print(f"  {count:7,}  {name}")
    for name, values in sorted(tally.seconds.items()):
        print(f"  {name:9} {spread(values)}")
    if tally.first_line:
        print(f"  first line of a stream {spread(tally.first_line)}")
    for line in tally.wrong[:10]:
        print(f"  WRONG {line}")
    good = [seconds for _, seconds in asked if seconds >= 0]
    unanswered = [when for when, seconds in asked if seconds < 0 and not _near(when, killed)]
    print(f"  /healthz  {spread(good)}, {len(asked) - len(good)} of {len(asked)} unanswered")

    warm = min(60.0, args.seconds / 5)
    grown = []
    for pid, sizes in memory.items():
        early = [size for when, size in sizes if began + warm <= when <= began + 2 * warm]
        late = [size for when, size in sizes if when >= began + args.seconds - warm]
        if early and late:
            grown.append((statistics.median(early), statistics.median(late)))
        most = max(size for _, size in sizes) >> 20
        middle = [int(statistics.median(part)) >> 20 for part in (early, late) if part]
        print(f"  worker {pid}: peak {most} MiB, median of its second and its last {warm:g} s: {middle} MiB")
    print(f"  {args.tiny:,} tiny requests in {tiny_seconds:.1f} s ({args.tiny / tiny_seconds:.0f}/s): {dict(small)}")

    late_news = [end - when for when in killed for start, end in tally.lost if start <= when]
    strays = [pair for pair in tally.lost if not any(start <= when <= end for start, end in [pair] for when in killed)]
    mean = statistics.mean(alone)
    checks = {
        "no wrong answer": not tally.wrong,
        "no lost answer, but those of the killed worker": not strays,
        f"those learn it within {KILL_SECONDS:g} s": all(wait <= KILL_SECONDS for wait in late_news),
        "/healthz p99 under 100 ms": bool(good) and percentile(good, 99) < HEALTH_LIMIT,
        "/healthz always answered": not unanswered,
        "memory flat": bool(grown) and all(late <= GROWTH * early + NOISE for early, late in grown),
        f"alone, a page takes under {ALONE_LIMIT:g} s ({mean:.2f} s)": mean < ALONE_LIMIT,
        "tiny requests: documented answers": set(small) <= {415, 429, 503},
        "well at the end": well,
    }
    for name, holds in checks.items():
        print(f"  {'ok  ' if holds else 'FAIL'} {name}")
    return 0 if all(checks.values()) else 1


def _near(when: float, killed: list[float]) -> bool:
    return any(kill - 10 <= when <= kill for kill in killed)


def percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share / 100))]


def spread(values: Sequence[float]) -> str:
    """Mean and percentiles, milliseconds."""
    if not values:
        return "none"
    marks = ", ".join(f"p{share} {percentile(values, share) * 1000:.0f}" for share in (50, 95, 99))
    return f"mean {statistics.mean(values) * 1000:.0f} ms, {marks}, max {max(values) * 1000:.0f} ({len(values):,})"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", nargs="?", type=Path, metavar="PICTURES")
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--tiny", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--no-kill", dest="kill", action="store_false")
    parser.add_argument("--serve", nargs="*", default=[], help="more arguments for shizi serve")
    return asyncio.run(load(parser.parse_args()))


if __name__ == "__main__":
    sys.exit(main())
