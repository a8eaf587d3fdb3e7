"""What goes wrong is said in words, at the picture that it is about, and can be tried again."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from browser import Desk
from PIL import Image
from serving import SAMPLE, Server, running

if TYPE_CHECKING:
    from playwright.sync_api import Route

Sit = Callable[..., Desk]
TOKEN = "not-a-secret-0123456789"


def words(at: Desk) -> str:
    at.wait_for("failed")
    at.page.locator(".message.failed").wait_for()
    return at.page.locator("#message p").inner_text()


def events(*given: tuple[str, object]) -> str:
    return "".join(f"event: {name}\ndata: {json.dumps(data)}\n\n" for name, data in given)


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("letter.png", b"Dear Sir or Madam, this is no picture.", "这不是能读的图片"),
        ("nothing.jpg", b"", "这个文件是空的"),
        ("half.jpg", SAMPLE.read_bytes()[:60_000], "不完整或已损坏"),
    ],
)
def test_bad_files(desk: Sit, name: str, data: bytes, said: str) -> None:
    at = desk().open()
    at.give("drop", [(name, "image/jpeg", data)])
    if data:
        at.start()
    assert said in words(at)
    # and for those who hear the page, at once
    at.page.locator("#warned", has_text=name).wait_for(state="attached")
    assert said in at.page.locator("#warned").inner_text()


def test_a_file_over_the_bound_is_not_sent(desk: Sit) -> None:
    at = desk().open()
    at.page.evaluate(
        """() => {
          const moved = new DataTransfer();
          moved.items.add(new File([new Uint8Array(21 * 1024 * 1024)], "huge.png", { type: "image/png" }));
          document.body.dispatchEvent(new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer: moved }));
        }"""
    )
    assert "最多 20 MB" in words(at)
    assert not any(one.endswith("/ocr/stream") for one in at.asked)


def test_a_picture_that_is_too_long_hears_which_bound_it_breaks(desk: Sit) -> None:
    long = io.BytesIO()
    Image.new("1", (40_000, 100), 1).save(long, "PNG")
    at = desk().open()
    at.give("drop", [("long.png", "image/png", long.getvalue())])
    at.start()
    assert "长边 32,000 像素" in words(at)


def test_a_file_that_is_gone_does_not_stop_the_others(desk: Sit, tmp_path: Path) -> None:
    gone, changed = tmp_path / "gone.jpg", tmp_path / "changed.jpg"
    for path in (gone, changed):
        path.write_bytes(SAMPLE.read_bytes())
    at = desk().open()
    at.choose(gone, changed, SAMPLE)
    gone.unlink()
    changed.write_bytes(b"something else")
    os.utime(changed, (1, 1))
    at.start()
    at.wait_for("done", 2)
    assert "这个文件读不到了" in words(at)
    at.wait_for("failed", 1)
    gone.write_bytes(SAMPLE.read_bytes())
    at.choose(gone)
    at.start()
    at.wait_for("done", 3)


def test_a_folder_is_no_picture(desk: Sit, tmp_path: Path) -> None:
    at = desk().open()
    at.drop(tmp_path)
    at.page.get_by_text("文件夹不能直接添加").wait_for()
    assert at.page.locator("#hero").is_visible()
    at.drop(tmp_path, SAMPLE)
    at.comes(at.page.locator("#thumbs .thumb-name").all_inner_texts, ["notice.jpg"])


def test_an_option_that_cannot_be_taken_is_named(desk: Sit) -> None:
    at = desk().open()
    at.choose(SAMPLE)
    at.by("button", "识别选项").click()
    beam = at.page.get_by_label("联系上下文")
    beam.fill("99")
    at.start()
    at.page.locator("#options input:focus:invalid").wait_for()  # the browser says why
    assert not any(one.endswith("/ocr/stream") for one in at.asked)
    beam.fill("8")
    at.page.get_by_label("可能出现的词").fill("长" * 200)
    at.start()
    assert "lexicon: a word has 1 to" in words(at)
    at.by("button", "识别选项").click()
    beam.fill("99")
    beam.press("Escape")
    at.by("button", "重试").click()
    at.page.locator("#options input:focus:invalid").wait_for()


def test_the_server_is_gone_and_comes_back(desk: Sit) -> None:
    at = desk().open()
    at.choose(SAMPLE)
    at.page.context.set_offline(True)
    at.start()
    assert "连不上服务器" in words(at)
    at.page.context.set_offline(False)
    at.by("button", "重试").click()
    at.wait_for("done")
    at.comes(lambda: at.texts()[:1], ["会议通知"])


def test_an_answer_that_ends_too_early(desk: Sit) -> None:
    at = desk().open()
    quad = [[0, 0], [9, 0], [9, 9], [0, 9]]
    page = {"page": 0, "width": 1230, "height": 950, "lines": 1, "quads": [quad]}
    half = events(("page", page))
    at.page.route("**/ocr/stream", lambda route: route.fulfill(content_type="text/event-stream", body=half))
    at.choose(SAMPLE)
    at.start()
    assert "连接断了" in words(at)


def test_a_busy_server_is_asked_again(desk: Sit) -> None:
    at = desk().open()
    refusals = iter([429, 503])

    def sometimes(route: Route) -> None:
        status = next(refusals, None)
        if status is None:
            return route.continue_()
        body = json.dumps({"success": False, "error": "busy", "code": {429: "too_many", 503: "busy"}[status]})
        return route.fulfill(status=status, headers={"Retry-After": "1"}, content_type="application/json", body=body)

    at.page.route("**/ocr/stream", sometimes)
    at.choose(SAMPLE)
    at.start()
    at.wait_for("queued")
    at.wait_for("done")


def test_a_failure_that_the_page_does_not_know_is_told_in_the_servers_words(desk: Sit) -> None:
    at = desk().open()
    body = json.dumps({"success": False, "error": "the moon is in the way", "code": "moon"})
    at.page.route("**/ocr/stream", lambda route: route.fulfill(status=500, content_type="application/json", body=body))
    at.choose(SAMPLE)
    at.start()
    at.comes(lambda: words(at), "the moon is in the way")


def test_every_code_of_the_server_has_words(desk: Sit) -> None:
    failures = pytest.importorskip("shizi.serve.failures")
    at = desk().open()
    known = at.page.evaluate("import('./static/js/strings.js').then((all) => Object.keys(all.ZH))")
    codes = {one.code for one in vars(failures).values() if isinstance(getattr(one, "code", None), str)}
    # what only a program that does not use the page can meet
    codes -= {"not_found", "not_kept", "bad_method", "bad_request", "not_a_file", "bad_input", "error"}
    assert {f"error.{code}" for code in codes} - set(known) == set()


@pytest.fixture(scope="module")
def guarded() -> Iterator[Server]:
    """A server that asks for a token."""
    with running("--workers", "1", environ={"SHIZI_TOKEN": TOKEN}) as made:
        yield made


def test_a_token_is_asked_for(desk: Sit, guarded: Server) -> None:
    at = desk(guarded).open()
    at.choose(SAMPLE)
    at.start()
    dialog = at.by("dialog", "需要访问口令")
    dialog.get_by_label("口令").fill("a-wrong-token-0123456")
    at.page.keyboard.press("Enter")
    at.page.get_by_text("口令不对").wait_for()
    dialog.get_by_label("口令").fill(TOKEN)
    at.by("button", "继续").click()
    at.wait_for("done")
    at.comes(lambda: at.texts()[:1], ["会议通知"])
    # it goes in a header of this server's requests, and into no address
    assert not any(TOKEN in one for one in at.asked)


def test_storage_may_be_switched_off(desk: Sit, guarded: Server) -> None:
    at = desk(guarded)
    at.page.add_init_script(
        """for (const kept of ["localStorage", "sessionStorage"])
          Object.defineProperty(window, kept, { get() { throw new DOMException("denied", "SecurityError"); } });"""
    )
    at.open().choose(SAMPLE)
    at.comes(at.page.locator("#toasts").inner_text, "")
    at.start()
    at.by("dialog", "需要访问口令").get_by_label("口令").fill(TOKEN)
    at.by("button", "继续").click()
    at.wait_for("done")


def test_a_token_may_be_declined(desk: Sit, guarded: Server) -> None:
    at = desk(guarded).open()
    at.choose(SAMPLE)
    at.start()
    at.by("dialog", "需要访问口令").wait_for()
    at.page.keyboard.press("Escape")
    assert "没有口令" in words(at)
