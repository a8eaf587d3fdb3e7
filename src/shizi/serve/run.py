"""``shizi serve``: what the command line says becomes a gunicorn server.

Everything that reads pictures is imported and made in the workers, after the fork: threads that a library has started
before it do not live on in a child, and a lock that one of them held never opens there.
"""

from __future__ import annotations

import argparse
import ipaddress
import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field, fields, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter

from shizi.errors import SettingsError, ShiziError
from shizi.read import weights
from shizi.serve.settings import ServeSettings
from shizi.serve.worker import END_SECONDS, Worker

if TYPE_CHECKING:
    from shizi.serve.engine import Engine

TOKEN = "SHIZI_TOKEN"
"""Environment variable that holds the token."""
LEAST_TOKEN = 16
"""Characters of a token at least."""
MOST_WORKERS = 4
"""Workers that are started unasked."""
SHARED_MEMORY = Path("/dev/shm")

_FIGURES = "PROMETHEUS_MULTIPROC_DIR"  # as shizi.serve.metrics says, which is not imported before the fork
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be served, and how."""

    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 1
    bounds: ServeSettings = field(default_factory=ServeSettings)
    token: str | None = None
    corrections: Path | None = None
    weights: Path | None = None
    proxies: int = 0
    access_log: bool = False

    @property
    def threads(self) -> int:
        """Threads with which a worker reads: the cores are shared out."""
        return max(1, _cores() // self.workers)


def run(args: argparse.Namespace) -> int:
    """Serve until told to stop; ``args`` are those of ``shizi serve``.

    Raises:
        SettingsError: an address that strangers reach without a token, or a setting that cannot be.
    """
    return serve(plan(args, os.environ.get(TOKEN)))


def plan(args: argparse.Namespace, token: str | None) -> Plan:
    """What the command line asks for. ``token`` is the environment's; that of a file goes before it."""
    if args.token_file is not None:
        try:
            token = args.token_file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"--token-file {args.token_file} cannot be read: {error}") from error
    if token is not None and (len(token) < LEAST_TOKEN or not (token.isascii() and token.isprintable())):
        raise SettingsError(f"a token is at least {LEAST_TOKEN} ASCII characters; openssl rand -hex 24 makes one")
    if token is None and not args.no_token and not is_loopback(args.host):
        raise SettingsError(
            f"{args.host} can be reached by others, and there is no token: put one into {TOKEN} or --token-file, "
            "stay on 127.0.0.1, or say --no-token if everybody may use it"
        )
    if not 0 <= args.port < 65536:
        raise SettingsError(f"--port lies between 0 and 65535, not {args.port}")
    workers = args.workers or min(MOST_WORKERS, _cores())
    if not 1 <= workers <= 64:
        raise SettingsError(f"--workers lies between 1 and 64, not {workers}")
    if args.proxies < 0:
        raise SettingsError(f"--proxies is 0 or more, not {args.proxies}")
    return Plan(
        args.host, args.port, workers, bounds(args.set), None if args.no_token else token,
        args.keep_corrections, args.weights, args.proxies, args.access_log,
    )  # fmt: skip


def bounds(given: list[str]) -> ServeSettings:
    """The settings with each ``NAME=VALUE`` of ``given`` changed. Raises SettingsError."""
    made = ServeSettings()
    known = {one.name: type(getattr(made, one.name)) for one in fields(made)}
    for pair in given:
        name, _, value = pair.partition("=")
        if name not in known:
            raise SettingsError(f"serve has no setting {name!r}; it has {', '.join(known)}")
        try:
            made = replace(made, **{name: known[name](value)})
        except ValueError as error:
            raise SettingsError(f"serve.{name} is a number, not {value!r}") from error
    return made


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches ``host``."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def serve(plan: Plan) -> int:
    """Serve until told to stop, and return the exit status.

    Raises:
        ModelError: the weights are not there, or are none.
        SettingsError: corrections cannot be kept.
    """
    weights.find(plan.weights)
    _try(plan)
    master = os.getpid()
    figures = tempfile.mkdtemp(prefix="shizi-", dir=_memory())
    os.environ[_FIGURES] = figures
    try:
        _Server(plan, Path(figures)).run()
    except SystemExit as stopped:  # gunicorn ends in this way
        if os.getpid() != master:  # workers leave through here too
            _leave(stopped.code)
        return 1 if stopped.code else 0
    finally:
        if os.getpid() == master:
            shutil.rmtree(figures, ignore_errors=True)
    return 0


def _leave(code: object) -> NoReturn:
    """End a worker at once, with what ``sys.exit`` was given.

    A reading whose time was over may still go on in its thread. Were Python taken down around it, that thread would be
    ended where it next takes the interpreter's lock, and within OpenCV or ONNX Runtime that aborts the process.
    """
    for channel in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):  # closed, or there is none
            channel.flush()
    os._exit(code & 0xFF if isinstance(code, int) else int(code is not None))


def _try(plan: Plan) -> None:
    """Raise now what each worker would fail at, found in a process of its own, since it loads libraries."""
    if plan.weights is None and plan.corrections is None:
        return
    fork = multiprocessing.get_context("fork")
    heard, said = fork.Pipe(duplex=False)
    process = fork.Process(target=_open, args=(plan, said))
    process.start()
    said.close()
    try:
        with suppress(EOFError):  # it had nothing to say
            raise heard.recv()
    finally:
        process.join()


def _open(plan: Plan, said: Connection) -> None:
    """Open what a plan names, and say what is wrong with it."""
    from shizi.reader import Reader
    from shizi.serve.corrections import Corrections

    try:
        if plan.corrections is not None:
            Corrections(plan.corrections, plan.bounds)
        if plan.weights is not None:
            Reader(weights=plan.weights, settings=plan.bounds.reader(plan.threads))
    except ShiziError as error:
        said.send(error)


class _Arbiter(Arbiter):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn's parent process, which starts a fresh worker before it stops one that has done enough.

    The latter finishes what it began, so there are more workers meanwhile, and never more than twice as many.
    """

    def murder_workers(self) -> None:
        """Look after the workers, once a second."""
        super().murder_workers()
        for worker in list(self.WORKERS.values()):
            if worker.spent and worker.age and len(self.WORKERS) < 2 * self.num_workers:
                worker.age = 0  # there is one too many now, and gunicorn stops the oldest
                self.spawn_worker()


class _Server(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn's view of a plan."""

    def __init__(self, plan: Plan, figures: Path) -> None:
        self.plan = plan
        self.bounds = plan.bounds
        self.engine: Engine | None = None  # in a worker, once it is loaded
        self._figures = figures
        super().__init__()

    def load_config(self) -> None:
        """gunicorn's settings."""
        plan, bounds = self.plan, self.bounds
        host = f"[{plan.host}]" if ":" in plan.host and not plan.host.startswith("[") else plan.host
        chosen: dict[str, Any] = {
            "bind": f"{host}:{plan.port}",
            "workers": plan.workers,
            "worker_class": Worker,
            "worker_connections": bounds.connections,
            "worker_tmp_dir": _memory(),
            "keepalive": bounds.header_seconds,
            "graceful_timeout": bounds.stop_seconds + END_SECONDS,
            "timeout": 60,
            "max_requests": bounds.max_requests,
            "max_requests_jitter": bounds.max_requests // 10,
            "accesslog": "-" if plan.access_log else None,
            "access_log_format": "%(t)s %(m)s %(U)s %(s)s %(B)s %(L)s",  # no query, no address, no names
            "proc_name": "shizi",
            "pre_fork": _give_place,
            "post_fork": _take_place,
            "post_worker_init": _warm,
            "child_exit": self._leave_place,
            "when_ready": self._greet,
        }
        for name, value in chosen.items():
            self.cfg.set(name, value)
        if "control_socket_disable" in self.cfg.settings:
            self.cfg.set("control_socket_disable", True)

    def run(self) -> None:
        """Serve until told to stop."""
        _Arbiter(self).run()

    def load(self) -> Any:
        """The application of a worker. What it needs is imported here, after the fork."""
        try:
            return self._load()
        except ShiziError as error:
            print(f"shizi: {error}", file=sys.stderr)
            sys.exit(Arbiter.APP_LOAD_ERROR)  # gunicorn does not try it again

    def _load(self) -> Any:
        plan = self.plan
        for name in _THREADS:
            os.environ.setdefault(name, str(plan.threads))

        import cv2

        from shizi.reader import Reader
        from shizi.serve.app import create_app
        from shizi.serve.engine import Engine
        from shizi.serve.metrics import Metrics

        cv2.setNumThreads(plan.threads)
        metrics = Metrics()
        reader = Reader(weights=plan.weights, settings=plan.bounds.reader(plan.threads))
        self.engine = Engine(reader, plan.bounds, metrics)
        return create_app(
            self.engine, plan.bounds, metrics, token=plan.token, corrections=plan.corrections, proxies=plan.proxies
        )

    def _greet(self, server: Any) -> None:
        plan = self.plan
        for listener in server.LISTENERS:
            host, port = listener.sock.getsockname()[:2]
            place = f"[{host}]" if ":" in host else host
            said = "a token is asked for" if plan.token else "no token is asked for"
            print(f"shizi: http://{place}:{port}/ ({plan.workers} workers, {said}; Ctrl-C stops)", file=sys.stderr)

    def _leave_place(self, server: Any, worker: Any) -> None:
        from shizi.serve.metrics import leave_place

        leave_place(worker.place, self._figures)


def _give_place(server: Any, worker: Any) -> None:
    """Number the workers; a new one takes the place of the one that has ended."""
    taken = {other.place for other in server.WORKERS.values()}
    worker.place = next(place for place in range(len(taken) + 1) if place not in taken)


def _take_place(server: Any, worker: Any) -> None:
    # the parent's handlers would only note a signal that stops a worker before it has its own, and it would stay
    for number in (signal.SIGTERM, signal.SIGQUIT, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)

    from shizi.serve.metrics import take_place

    take_place(worker.place)


def _warm(worker: Any) -> None:
    """Warm the engine up while the worker answers already that it is not ready."""
    import gevent

    gevent.spawn(worker.app.engine.warm)


def _memory() -> str | None:
    """A folder in memory, where there is one: heartbeats and figures are written many times a second."""
    return str(SHARED_MEMORY) if os.access(SHARED_MEMORY, os.W_OK) else None


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
