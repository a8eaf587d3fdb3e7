"""What Prometheus can ask for. With several workers the figures are those of all, whichever of them answers."""

from __future__ import annotations

import os
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, exposition, values
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""Environment variable: the folder in which workers share figures. It has to be set before this is imported."""

CONTENT_TYPE = exposition.CONTENT_TYPE_LATEST

STAGES = ("upload", "wait", "find", "read", "answer")
"""``upload``: the body arrives. ``wait``: in the queue. ``find``: decoding, cleaning and finding lines, a page.
``read``: reading the lines of a page. ``answer``: making JSON, or another format."""

_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class Metrics:
    """The figures of one worker."""

    def __init__(self) -> None:
        self._shared = os.environ.get(FOLDER)
        own = CollectorRegistry()
        self._registry = own
        if self._shared:
            self._registry = CollectorRegistry()
            MultiProcessCollector(self._registry, self._shared)  # type: ignore[no-untyped-call]
        self.requests = Counter(
            "shizi_requests", "Requests answered", ("route", "method", "status"), registry=own
        )
        self.errors = Counter("shizi_errors", "Failures, by the code in the answer", ("code",), registry=own)
        self.request_seconds = Histogram(
            "shizi_request_seconds", "Seconds from header to end of answer", ("route",), registry=own, buckets=_SECONDS
        )
        self.stage_seconds = Histogram(
            "shizi_stage_seconds", "Seconds by stage", ("stage",), registry=own, buckets=_SECONDS
        )
        self.pages = Counter("shizi_pages", "Pages read", registry=own)
        self.lines = Counter("shizi_lines", "Lines read", registry=own)
        self.gone = Counter("shizi_clients_gone", "Clients that hung up before their answer", registry=own)
        self.corrections = Counter("shizi_corrections", "Corrected lines kept", registry=own)
        self.waiting = Gauge("shizi_waiting", "Pictures in the queue", registry=own, multiprocess_mode="livesum")
        self.running = Gauge("shizi_running", "Pictures being read", registry=own, multiprocess_mode="livesum")
        self.held = Gauge("shizi_held_bytes", "Bytes of uploads in memory", registry=own, multiprocess_mode="livesum")
        self.ready = Gauge("shizi_ready_workers", "Workers that are ready", registry=own, multiprocess_mode="livesum")
        for gauge in (self.waiting, self.running, self.held, self.ready):
            gauge.set(0)  # the figures of a worker that died in this one's place

    def dump(self) -> bytes:
        """All figures in Prometheus's text format."""
        return exposition.generate_latest(self._registry)


def take_place(place: int) -> None:
    """Keep this process's figures under the number of its place among the workers, not under its process id.

    So a new worker goes on counting in the files of the one before it, and recycling makes no more files.
    """
    if os.environ.get(FOLDER):
        values.ValueClass = values.MultiProcessValue(lambda: place)  # type: ignore[no-untyped-call]


def leave_place(place: int, folder: Path) -> None:
    """A worker has ended: its gauges count no more."""
    mark_process_dead(place, str(folder))  # type: ignore[no-untyped-call]
