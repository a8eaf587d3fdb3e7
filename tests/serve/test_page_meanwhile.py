"""While pictures are read in the background, what a person writes, chooses or presses in front stays."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from browser import Desk
from serving import SAMPLE

Sit = Callable[..., Desk]
Event = tuple[str, dict[str, Any]]

_HOLD = """
window.streams = [];
const real = window.fetch;
window.fetch = (address, about) => {
  if (!String(address).endsWith("/ocr/stream")) return real(address, about);
  const body = new ReadableStream({
    start(stream) {
      window.streams.push(stream);
      about.signal.addEventListener("abort", () => stream.error(about.signal.reason));
    },
  });
  return Promise.resolve(new Response(body));
};
"""
SURE, DOUBTFUL = 0.99, 0.3


class Held:
    """A server that says what the test tells it to say, when it tells it."""

    def __init__(self, at: Desk) -> None:
        self.at = at
        at.page.add_init_script(_HOLD)
        at.open()

    def asked(self, count: int) -> None:
        """Wait until so many pictures were sent."""
        self.at.until(lambda: self.at.page.evaluate("window.streams.length") == count)

    def tells(self, which: int, *events: Event) -> None:
        rows = "".join(f"event: {name}\ndata: {json.dumps(data)}\n\n" for name, data in events)
        self.at.page.evaluate(
            "([which, rows]) => window.streams[which].enqueue(new TextEncoder().encode(rows))", [which, rows]
        )


def page(number: int, lines: int) -> Event:
    quads = [box(0, row, 20) for row in range(lines)]
    return "page", {"page": number, "width": 1230, "height": 950, "lines": lines, "quads": quads}


def line(number: int, index: int, text: str, confidence: float = SURE) -> Event:
    """A line of page ``number``; all its characters have this confidence."""
    chars = [
        {
            "text": char,
            "confidence": confidence,
            "quad": box(at, index, 1),
            "alternatives": [{"text": "口", "confidence": confidence / 2}],
        }
        for at, char in enumerate(text)
    ]
    about = {"page": number, "index": index, "found": index, "confidence": confidence}
    return "line", {**about, "text": text, "quad": box(0, index, len(text)), "chars": chars}


def box(at: int, row: int, length: int) -> list[list[int]]:
    left, top, right = 40 * at, 60 * row, 40 * (at + length)
    return [[left, top], [right, top], [right, top + 40], [left, top + 40]]


DONE: Event = ("done", {"success": True, "time_cost": 1.0, "pages": 1, "lines": 1, "dropped": []})


@pytest.fixture
def held(desk: Sit) -> Held:
    return Held(desk())


def test_a_line_that_is_being_written_stays_when_a_page_comes(held: Held) -> None:
    at = held.at
    at.choose(SAMPLE)
    at.start()
    held.asked(1)
    held.tells(0, page(0, 2), line(0, 0, "甲乙"), line(0, 1, "丙丁"))
    at.page.locator(".line").nth(1).wait_for()
    at.page.locator(".line").first.dblclick()
    at.page.keyboard.type("戊")
    held.tells(0, page(1, 1), line(1, 2, "己"))
    at.page.locator(".line").nth(2).wait_for()
    at.page.keyboard.type("庚")
    at.comes(at.page.locator("textarea.editor:focus").input_value, "甲乙戊庚")
    at.page.keyboard.press("Enter")
    at.comes(at.texts, ["甲乙戊庚", "丙丁", "己"])
    # a file of several pages has heads, the first page too
    heads = at.page.locator(".line").evaluate_all("rows => rows.map((one) => one.dataset.page ?? null)")
    assert heads == ["第 1 页", None, "第 2 页"]


def test_a_line_that_is_being_written_is_kept_when_a_picture_is_dropped(held: Held) -> None:
    at = held.at
    at.choose(SAMPLE)
    at.start()
    held.asked(1)
    held.tells(0, page(0, 1), line(0, 0, "甲乙"), DONE)
    at.wait_for("done")
    at.page.locator(".line").first.dblclick()
    at.page.keyboard.type("戊")
    at.give("drop", [("other.jpg", "image/jpeg", SAMPLE.read_bytes())])
    at.comes(at.page.locator(".line").count, 0)
    at.by("button", "notice.jpg").first.click()
    at.comes(at.texts, ["甲乙戊"])


def test_the_chooser_stays_open(held: Held) -> None:
    at = held.at
    at.choose(SAMPLE, SAMPLE)
    at.start()
    held.asked(1)
    held.tells(0, page(0, 1), line(0, 0, "甲乙", DOUBTFUL))
    at.page.locator(".mark.doubtful").first.click()
    field = at.page.get_by_placeholder("写别的字")
    field.fill("零")
    held.tells(0, page(1, 1), line(1, 1, "己"))
    at.page.locator(".line").nth(1).wait_for()
    held.tells(0, DONE)
    held.asked(2)  # the next picture: another one than is shown
    held.tells(1, page(0, 1), line(0, 0, "丙"), DONE)
    at.wait_for("done", 1)
    at.comes(at.page.locator("#chooser input:focus").input_value, "零")
    at.page.keyboard.press("Enter")
    at.comes(at.texts, ["零乙", "己"])


def test_a_button_stays_the_same_while_it_is_pressed(held: Held) -> None:
    at = held.at
    at.give("drop", [("letter.png", "image/png", b"no picture"), ("notice.jpg", "image/jpeg", SAMPLE.read_bytes())])
    at.start()
    held.asked(1)
    held.tells(0, ("error", {"success": False, "error": "no", "code": "not_a_picture"}))
    held.asked(2)

    def press(selector: str) -> None:
        place = at.box(selector)
        at.page.mouse.move(place["x"] + place["width"] / 2, place["y"] + place["height"] / 2)
        at.page.mouse.down()
        held.tells(1, line(0, 0, "甲"))
        at.page.wait_for_timeout(100)
        at.page.mouse.up()

    held.tells(1, page(0, 40))
    at.wait_for("reading", 1)
    press("#message button")
    at.wait_for("waiting")
    press("#start-icon")
    at.wait_for("waiting", 1)


def test_edits_do_not_go_unasked_when_it_is_read_again(held: Held) -> None:
    at, asked = held.at, list[str]()
    answer = [False]
    at.page.on(
        "dialog", lambda dialog: (asked.append(dialog.message), dialog.accept() if answer[0] else dialog.dismiss())
    )

    def edit() -> None:
        at.page.locator(".line").first.dblclick()
        at.page.keyboard.type("戊")
        at.page.keyboard.press("Enter")
        at.comes(at.texts, ["甲戊"])

    at.choose(SAMPLE)
    at.start()
    held.asked(1)
    held.tells(0, page(0, 2), line(0, 0, "甲"))
    edit()
    at.by("button", "停止").click()
    held.tells(0, ("error", {"success": False, "error": "no", "code": "time_limit"}))
    at.wait_for("failed")
    at.by("button", "重试").click()
    at.comes(at.texts, ["甲戊"])
    answer[0] = True
    at.by("button", "重试").click()
    held.asked(2)
    held.tells(1, page(0, 1), line(0, 0, "甲"), DONE)
    at.wait_for("done")
    edit()
    answer[0] = False
    at.by("button", "重新识别这张").click()
    at.comes(at.texts, ["甲戊"])
    assert [one[:4] for one in asked] == ["停止会丢", "重新识别", "重新识别", "重新识别"]
