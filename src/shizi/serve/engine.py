"""Where pictures are read: a bounded queue, a few that are read at the same time, and real threads that read them.

The event loop never reads. It hands each step of a reading (finding the lines of a page; the next few lines) to a
thread and serves other clients meanwhile, which works because OpenCV, ONNX Runtime and most of numpy let go of the
interpreter's lock. A reading ends after a step, not within one: when its time is over or its client has gone, it is not
asked for more, and one that waits gives its place up at once. Corrections wait in the same queue; a step of theirs is a
page.

Made for gevent: a greenlet per request, all in one thread, so what is counted here needs no locks.
"""

from __future__ import annotations

import itertools
import math
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar, cast

import gevent
import numpy as np
from gevent.event import Event
from gevent.queue import Empty, Queue
from gevent.threadpool import ThreadPool
from numpy.typing import NDArray

from shizi import load
from shizi.read.hints import Known
from shizi.reader import LineRead, PageFound, Reader
from shizi.serve.failures import Busy, ClientGone, Refusal, Starting, TimeLimit
from shizi.serve.metrics import Metrics
from shizi.serve.settings import ServeSettings
from shizi.types import Page

Told = PageFound | LineRead | Page
T = TypeVar("T")

LOOK = 0.5
"""Seconds between two looks whether the client is still there."""
START = 10.0
"""Seconds for which a request waits for the models."""
STEP = 0.05
"""Seconds for which a thread reads on before it tells what it has."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a client may say about the reading of a picture."""

    line: bool = False
    """The picture is one line."""
    reading: Known = field(default_factory=lambda: Known())
    """Arguments of the Reader's methods, by name."""


class Engine:
    """A Reader, its threads and its queue. One in each worker, made after the fork."""

    def __init__(self, reader: Reader, settings: ServeSettings, metrics: Metrics) -> None:
        self.reader = reader
        self.settings = settings
        self.metrics = metrics
        self._pool = ThreadPool(settings.running + 1)  # one more for what is short: a picture's header, an answer
        self._warm = Event()
        self._queue: deque[Turn[Any]] = deque()
        self._running = 0
        self._pace = 1.0  # seconds that a picture takes, of late
        self._closes = math.inf  # from when on nothing is waited for

    def warm(self) -> None:
        """Read a made picture, so that the first client does not wait for what is loaded lazily."""
        self.in_thread(lambda: self.reader.read(_sample()))
        self._warm.set()
        self.metrics.ready.set(1)

    @property
    def ready(self) -> bool:
        """It is warm."""
        warm: bool = self._warm.is_set()
        return warm

    def in_thread(self, work: Callable[[], T]) -> T:
        """Do ``work`` in a real thread while other greenlets go on."""
        made, error = self._pool.apply(lambda: _outcome(work))
        if error is not None:
            raise error
        return cast(T, made)

    def begin(self, data: bytes, options: Options, arrived: float) -> Reading:
        """Check a picture's header and put it into the queue. Its upload was complete at ``arrived``.

        Raises:
            InputError, SettingsError: as Reader does.
            Busy: the queue is full, or the worker stops.
            Starting: the models are still not loaded after :data:`START` seconds.
            TimeLimit: the threads have no time for its header.
        """
        self._check_room()
        with gevent.Timeout(max(0.0, self.until(arrived) - time.perf_counter()), self.late(arrived)):
            if not self._warm.wait(START):  # a worker that takes another one's place is warm in a moment
                raise Starting("the models are not loaded yet")
            steps = self.in_thread(lambda: self._steps(data, options))
        self._check_room()  # others came meanwhile
        return Reading(self, steps, arrived)

    def queue(self, steps: Iterator[T], arrived: float) -> Turn[T]:
        """Put other work into the queue, whose upload was complete at ``arrived``. Raises Busy where it is full."""
        self._check_room()
        return Turn(self, steps, arrived)

    def close(self, seconds: float) -> None:
        """The worker stops: what is not read in so many seconds from now is cut off, with an answer that says so."""
        self._closes = time.perf_counter() + seconds

    def until(self, arrived: float) -> float:
        """When the time of a request is over whose upload was complete at ``arrived``."""
        return min(arrived + self.settings.seconds, self._closes)

    def late(self, arrived: float) -> Refusal:
        """What is to be said then."""
        if self._closes < arrived + self.settings.seconds:
            return Busy("this worker stops, and reading takes longer than it has left")
        return TimeLimit(f"reading took longer than {self.settings.seconds:g} seconds")

    @property
    def waiting(self) -> int:
        """Pictures in the queue."""
        return len(self._queue)

    def enter(self, turn: Turn[Any]) -> int:
        """Into the queue: its place there, from 1; 0: it need not wait."""
        self._queue.append(turn)
        self._go_on()
        return self.waiting if turn in self._queue else 0

    def leave(self, turn: Turn[Any]) -> bool:
        """Out of the queue; whether it still was there."""
        waited = turn in self._queue
        if waited:
            self._queue.remove(turn)
            self._go_on()
        return waited

    def finish(self, seconds: float | None) -> None:
        """One that ran has ended, after so many seconds where it did not fail."""
        self._running -= 1
        if seconds is not None:
            self._pace += 0.2 * (seconds - self._pace)
        self._go_on()

    def _go_on(self) -> None:
        """Start those whose turn it is."""
        while self._queue and self._running < self.settings.running:
            self._running += 1
            self._queue.popleft().start()
        self.metrics.waiting.set(self.waiting)
        self.metrics.running.set(self._running)

    def _check_room(self) -> None:
        if self._running + self.waiting >= self.settings.running + self.settings.waiting:
            busy = Busy(f"{self.waiting} pictures wait already")
            busy.retry_after = max(1, min(30, round(self._pace * (self.waiting + 1) / self.settings.running)))
            raise busy

    def _steps(self, data: bytes, options: Options) -> Iterator[Told]:
        if not options.line:
            return self.reader.stream(data, **options.reading)
        load.pictures(data, self.reader.settings.load)  # raises what its header gives cause for
        return self._line(data, options.reading)

    def _line(self, data: bytes, given: Known) -> Iterator[Told]:
        """The whole picture as one line, in the steps of a page."""
        started = time.perf_counter()
        line = self.reader.read_line(data, **given)
        _, _, width, height = line.quad.bounds
        page = Page("<bytes>", int(width), int(height), time.perf_counter() - started, (line,))
        yield PageFound(page.source, page.width, page.height, (line.quad,))
        yield LineRead(0, line)
        yield page


class Turn(Generic[T]):
    """Work on its way through the queue and the threads, and what has become known of it."""

    def __init__(self, engine: Engine, steps: Iterator[T], arrived: float) -> None:
        """Go into the queue."""
        self._engine = engine
        self._steps = steps
        self._arrived = arrived
        self._entered = time.perf_counter()
        self._events: Queue[T | Exception | None] = Queue()
        self._unwanted = False
        self.place = engine.enter(self)
        """Its place in the queue, from 1; 0: it need not wait."""

    @property
    def seconds(self) -> float:
        """Seconds since its upload was complete, waiting included."""
        return round(time.perf_counter() - self._arrived, 4)

    def events(self, gone: Callable[[], bool]) -> Generator[T | None, None, None]:
        """What becomes known, as it does; None every half second in which nothing did.

        Args:
            gone: tells whether the client has hung up.

        Raises:
            InputError, SettingsError: as Reader does.
            TimeLimit, Busy: it takes too long, for the time limit or for a worker that stops.
            ClientGone: nobody waits for the answer.
        """
        looked = time.perf_counter()
        try:
            while True:
                now = time.perf_counter()
                if now > self._engine.until(self._arrived):
                    raise self._engine.late(self._arrived)
                if now - looked > LOOK:
                    looked = now
                    if gone():
                        self._engine.metrics.gone.inc()
                        raise ClientGone
                try:
                    event = self._events.get(timeout=LOOK)
                except Empty:
                    yield None
                    continue
                if event is None:
                    return
                if isinstance(event, Exception):
                    raise event
                yield event
        finally:
            self.drop()

    def drop(self) -> None:
        """Nobody wants the rest."""
        self._unwanted = True
        if self._engine.leave(self):
            self._end()

    def start(self) -> None:
        """Its turn has come."""
        gevent.spawn(self._run)

    def _run(self) -> None:
        began, seconds = time.perf_counter(), None
        self._engine.metrics.stage_seconds.labels("wait").observe(began - self._entered)
        try:
            self._work()
            seconds = time.perf_counter() - began
        except Exception as error:  # whatever it is, it is the answer's business
            self._events.put(error)
        finally:
            self._end()
            self._engine.finish(seconds)

    def _end(self) -> None:
        self._steps = iter(())  # the picture's memory
        self._events.put(None)

    def _work(self) -> None:
        spent = 0.0
        more = True
        while more and not self._unwanted:
            began = time.perf_counter()
            events, more = self._engine.in_thread(lambda: _some(self._steps))
            spent += time.perf_counter() - began
            for event in events:
                spent = self._count(event, spent)
                self._events.put(event)

    def _count(self, event: T, spent: float) -> float:
        """Count an event, before which ``spent`` seconds were; those that still count for the next one."""
        return spent


class Reading(Turn[Told]):
    """One picture."""

    def _count(self, event: Told, spent: float) -> float:
        metrics = self._engine.metrics
        if isinstance(event, LineRead):
            metrics.lines.inc()
            return spent
        if isinstance(event, PageFound):
            metrics.stage_seconds.labels("find").observe(spent)
        else:
            metrics.stage_seconds.labels("read").observe(spent)
            metrics.pages.inc()
        return 0.0


def _outcome(work: Callable[[], T]) -> tuple[T | None, Exception | None]:
    """What ``work`` gives or raises: an error that left a thread would be printed with its stack."""
    try:
        return work(), None
    except Exception as error:
        return None, error


def _some(steps: Iterator[T]) -> tuple[list[T], bool]:
    """The next events, and whether there may be more: what comes within a moment, or where a page's lines are."""
    until = time.perf_counter() + STEP
    events = []
    for event in steps:
        events.append(event)
        if isinstance(event, PageFound) or time.perf_counter() > until:
            return events, True
    return events, False


def _sample() -> NDArray[np.uint8]:
    """A (H, W, 3) page with two rows of boxes."""
    page = np.full((160, 480, 3), 255, np.uint8)
    for row, left in itertools.product((40, 100), range(40, 420, 36)):
        page[row : row + 24, left : left + 24] = 0
        page[row + 3 : row + 21, left + 3 : left + 21] = 255
    return page
