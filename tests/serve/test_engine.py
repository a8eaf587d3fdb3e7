"""The queue, without a server around it: who waits, who leaves, and what all of it counts against."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import gevent
import pytest
from flask import Flask
from PIL import Image
from serving import FORM, form

from conftest import box_reader, boxes, encoded
from shizi import load
from shizi.errors import TooLarge
from shizi.serve.corrections import Corrections
from shizi.serve.engine import Engine, Options
from shizi.serve.failures import BadOption, Busy, ClientGone, TimeLimit
from shizi.serve.metrics import Metrics
from shizi.serve.settings import ServeSettings
from shizi.serve.shapes import Correction
from shizi.settings import LoadSettings

MakeApp = Callable[..., Flask]
PAGE = encoded(Image.fromarray(boxes(["高低高高", "低高"])[0]), "PNG")


def made(**bounds: float) -> Engine:
    settings = ServeSettings(**bounds)  # type: ignore[arg-type]
    engine = Engine(box_reader(settings.reader(1)), settings, Metrics())
    engine.warm()
    return engine


def here() -> bool:
    """A client that stays."""
    return False


class Held:
    """Work that lasts until it is let go of."""

    def __init__(self) -> None:
        self.free = threading.Event()

    def steps(self) -> Iterator[int]:
        self.free.wait(60)
        yield 1


@pytest.fixture
def held() -> Iterator[Held]:
    made = Held()
    yield made
    made.free.set()


def test_one_that_waits_and_is_not_wanted_leaves_the_queue_at_once(held: Held) -> None:
    engine = made(running=1, waiting=2)
    now = time.perf_counter()
    first = engine.queue(held.steps(), now)
    second, third = (engine.queue(iter((number,)), now) for number in (2, 3))
    assert (first.place, second.place, third.place) == (0, 1, 2)
    with pytest.raises(Busy, match="2 pictures wait"):
        engine.begin(PAGE, Options(), now)
    second.drop()
    assert engine.waiting == 1
    reading = engine.begin(PAGE, Options(), time.perf_counter())  # there is room again
    assert reading.place == 2
    assert list(second.events(here)) == []
    held.free.set()
    assert list(first.events(here)) == [1]
    assert list(third.events(here)) == [3]
    assert [event for event in reading.events(here) if event is not None]
    assert (engine.waiting, engine.metrics.running._value.get()) == (0, 0)


def test_a_client_that_leaves_gives_its_place_up(held: Held) -> None:
    engine = made(running=1, waiting=1)
    engine.queue(held.steps(), time.perf_counter())
    reading = engine.begin(PAGE, Options(), time.perf_counter())
    events = reading.events(lambda: True)
    with pytest.raises(ClientGone):
        list(events)
    assert engine.waiting == 0


def test_the_time_counts_from_the_uploads_end(held: Held) -> None:
    engine = made(running=1, waiting=1, seconds=0.3)
    engine.queue(held.steps(), time.perf_counter())
    with pytest.raises(TimeLimit, match=r"longer than 0\.3 seconds"):
        list(engine.begin(PAGE, Options(), time.perf_counter() - 0.2).events(here))
    assert engine.waiting == 0
    assert engine.queue(iter((1,)), time.perf_counter() - 5).seconds >= 5


def test_what_a_worker_that_stops_has_no_time_for_is_told_so(held: Held) -> None:
    engine = made(running=1, waiting=2)
    first, second = (engine.queue(held.steps(), time.perf_counter()) for _ in range(2))
    engine.close(0.3)
    for turn in (first, second):
        with pytest.raises(Busy, match="stops"):
            list(turn.events(here))
    assert engine.waiting == 0
    with pytest.raises(Busy, match="stops"):  # its upload was complete too late
        list(engine.queue(held.steps(), time.perf_counter()).events(here))


def test_the_wait_for_a_look_at_the_header_counts_too(held: Held) -> None:
    engine = made(running=1, waiting=3, seconds=0.3)
    engine.queue(held.steps(), time.perf_counter())
    busy = gevent.spawn(engine.in_thread, held.free.wait)  # the thread for what is short has much to do
    gevent.sleep(0.05)
    began = time.perf_counter()
    with pytest.raises(TimeLimit):
        engine.begin(PAGE, Options(), began)
    assert time.perf_counter() - began < 30
    held.free.set()
    busy.get()
    assert list(engine.begin(PAGE, Options(), time.perf_counter()).events(here))


def test_corrections_wait_in_the_same_queue(make_app: MakeApp, tmp_path: Path, held: Held) -> None:
    app = make_app(ServeSettings(running=1, waiting=1, seconds=0.3), corrections=tmp_path)
    engine: Engine = app.extensions["shizi"].engine
    sent = json.dumps([{"quad": [[0, 0], [60, 0], [60, 20], [0, 20]], "read": "a", "text": "b"}])

    def correct() -> tuple[int, str | int]:
        answer = app.test_client().post("/correct", data=form(PAGE, corrections=sent), content_type=FORM)
        return answer.status_code, answer.json.get("code") or answer.json["kept"]

    engine.queue(held.steps(), time.perf_counter())
    assert correct() == (503, "time_limit")
    waiting = engine.queue(iter(()), time.perf_counter())
    assert correct() == (503, "busy")
    assert not (tmp_path / "labels.tsv").exists()
    held.free.set()
    list(waiting.events(here))
    assert correct() == (200, 1)


def line(page: int) -> Correction:
    return Correction(page=page, quad=[[0.0, 0.0], [60.0, 0.0], [60.0, 20.0], [0.0, 20.0]], read="a", text="b")


@pytest.mark.parametrize(("form", "decoded"), [("TIFF", 2), ("GIF", 4)])
def test_pages_without_corrections_are_passed_over(
    form: str, decoded: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sheets = [Image.new("L", (90, 60), shade) for shade in range(50, 250, 40)]
    data = encoded(sheets[0], form, save_all=True, append_images=sheets[1:])
    kept = Corrections(tmp_path, ServeSettings())
    seen: list[object] = []
    load_image = type(load._open(data)).load
    monkeypatch.setattr(type(load._open(data)), "load", lambda self: (seen.append(self.tell()), load_image(self))[1])
    assert list(kept.keep(data, [line(3), line(1), line(3)], LoadSettings())) == [0, 1, 0, 2]
    assert len(set(seen)) == decoded  # a GIF's pages build upon one another
    with pytest.raises(BadOption, match="no page 5"):
        list(kept.keep(data, [line(5)], LoadSettings()))
    with pytest.raises(TooLarge):
        list(kept.keep(data, [line(0)], LoadSettings(max_pages=4)))
    with pytest.raises(TooLarge):
        list(kept.keep(data, [line(0)], LoadSettings(max_bytes=10)))
