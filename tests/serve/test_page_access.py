"""The page for everybody: two languages, light and dark, phones, keyboards, screen readers."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from browser import Desk
from serving import SAMPLE

import shizi

Sit = Callable[..., Desk]
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True, "device_scale_factor": 2}
TEMPLATE = Path(shizi.__file__).parent / "serve" / "templates" / "index.html"


def axe(at: Desk) -> list[str]:
    """What axe-core finds wrong (WCAG 2.0 to 2.2, A and AA, and its best practices)."""
    sync = pytest.importorskip("axe_playwright_python.sync_playwright")
    found = sync.Axe().run(at.page).response["violations"]
    return [f"{one['id']}: {node['html'][:120]} {node['failureSummary']}" for one in found for node in one["nodes"]]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_barrier_that_axe_knows(desk: Sit, scheme: str) -> None:
    at = desk(color_scheme=scheme).open()
    assert axe(at) == []
    at.choose(SAMPLE)
    assert axe(at) == []
    at.start()
    at.wait_for("done")
    at.slide(0.99)
    at.page.keyboard.press("F8")
    at.page.keyboard.press("2")
    assert axe(at) == []  # doubtful, changed and sure characters, a button to send corrections
    at.page.keyboard.press("n")
    assert axe(at) == []  # the chooser
    at.page.keyboard.press("Escape")
    at.page.locator("#download").click()
    assert axe(at) == []
    at.page.keyboard.press("Escape")
    at.by("button", "识别选项").click()
    assert axe(at) == []
    at.page.keyboard.press("Escape")
    at.page.keyboard.press("?")
    assert axe(at) == []


def test_no_barrier_on_a_phone_or_where_it_failed(desk: Sit) -> None:
    at = desk(**PHONE).open()
    assert axe(at) == []
    at.choose(SAMPLE)
    at.start()
    at.wait_for("done")
    assert axe(at) == []
    at.give("drop", [("letter.png", "image/png", b"no picture")])
    at.start()
    at.wait_for("failed", 1)
    assert axe(at) == []


def test_the_language_follows_the_browser_and_the_switch(desk: Sit) -> None:
    at = desk(locale="en-GB").open()
    at.comes(lambda: at.page.locator("html").get_attribute("lang"), "en")
    assert at.page.title() == "Shizi · read the text in pictures"
    at.choose(SAMPLE)
    at.by("button", "Start high-accuracy reading").click()
    at.wait_for("done")
    assert at.page.locator("#thumbs .status").inner_text().endswith(" lines")
    at.by("button", "切换到中文").click()
    assert at.page.locator("#thumbs .status").inner_text().endswith(" 行")
    at.comes(at.by("button", "重新识别这张").is_visible, True)
    at.comes(lambda: at.page.locator("html").get_attribute("lang"), "zh-CN")
    at.open()  # remembered, though the browser speaks English
    at.comes(at.by("button", "选择图片").is_visible, True)


def test_all_words_in_both_languages(desk: Sit) -> None:
    at = desk().open()
    zh, en = at.page.evaluate(
        """() => import("./static/js/strings.js").then(({ ZH, EN }) => [ZH, EN].map((all) =>
          Object.fromEntries(Object.entries(all).map(([key, one]) => [key, typeof one === "function" ? "" : one]))))"""
    )
    assert zh.keys() == en.keys()
    assert not [key for key in zh if en[key] and zh[key] and en[key] == zh[key]]
    used = set(re.findall(r'data-t(?:-label|-placeholder)?="([^"]+)"', TEMPLATE.read_text("utf-8")))
    assert used - zh.keys() == set()
    # nothing on the page is left without words
    nameless = at.page.evaluate(
        """[...document.querySelectorAll("button")]
          .filter((one) => !one.textContent.trim() && !one.ariaLabel).map((one) => one.id)"""
    )
    assert nameless == []


def test_light_and_dark(desk: Sit) -> None:
    at = desk(color_scheme="dark").open()

    def ground() -> int:
        red = at.page.evaluate(r"getComputedStyle(document.body).backgroundColor.match(/\d+/)[0]")
        return int(red)

    assert ground() < 60  # as the system
    at.by("button", "外观：跟随系统").click()
    assert ground() > 200
    at.open()
    assert ground() > 200  # remembered
    at.by("button", "外观：浅色").click()
    at.by("button", "外观：深色").click()
    at.comes(at.by("button", "外观：跟随系统").is_visible, True)
    assert ground() < 60


@pytest.mark.parametrize("width", [320, 390, 768, 1024, 1920])
def test_nothing_sticks_out(desk: Sit, width: int) -> None:
    at = desk(viewport={"width": width, "height": 800}, locale="en").open()

    def sticks_out() -> Any:
        return at.page.evaluate(
            """() => [...document.querySelectorAll("main *, header *")].filter((one) => {
              const { right, left, width } = one.getBoundingClientRect();
              return width > 1 && !one.closest(".thumbs, .stage, .unseen") && (right > innerWidth + 1 || left < -1);
            }).map((one) => one.id || one.className)"""
        )

    assert sticks_out() == []
    at.choose(SAMPLE)
    at.start()
    at.wait_for("done")
    at.slide(1)
    at.page.keyboard.press("F8")
    assert sticks_out() == []
    box = at.box("#chooser")
    assert box and box["x"] >= 0 and box["x"] + box["width"] <= width


def test_a_phone_shows_picture_and_text_in_turn(desk: Sit) -> None:
    at = desk(**PHONE).open()
    at.comes(at.by("button", "拍照").is_visible, True)
    at.comes(lambda: at.page.locator("#camera-file").get_attribute("capture"), "environment")
    at.choose(SAMPLE)
    assert at.page.locator("#stage").is_visible() and at.page.locator("#text").is_hidden()
    at.start()
    at.wait_for("done")
    at.page.locator("#lines").wait_for()  # it turned to the text by itself
    assert at.by("tab", re.compile("文字")).get_attribute("aria-selected") == "true"
    strip = at.page.locator(".line canvas").first
    assert strip.is_visible() and (strip.evaluate("one => one.width") or 0) > 50  # each line beside its picture
    at.page.locator(".line").nth(4).tap()
    at.by("tab", "图片").tap()
    at.comes(lambda: at.page.locator("#overlay .box.on").get_attribute("data-line"), "4")
    box = at.box('#overlay .box[data-line="2"]')
    assert box is not None
    at.page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    at.until(lambda: at.page.locator("#overlay .box.on").get_attribute("data-line") == "2")


def test_two_fingers_zoom(desk: Sit) -> None:
    at = desk(**PHONE).open()
    at.choose(SAMPLE)
    before = at.box("#sheet")
    wire = at.page.context.new_cdp_session(at.page)

    def fingers(kind: str, *places: tuple[int, int]) -> None:
        points = [{"x": x, "y": y, "id": at} for at, (x, y) in enumerate(places)]
        wire.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    fingers("touchStart", (180, 400), (210, 400))
    for spread in (20, 40, 60):
        fingers("touchMove", (180 - spread, 400), (210 + spread, 400))
    fingers("touchEnd")
    after = at.box("#sheet")
    assert before and after and after["width"] > before["width"] * 2.5


def test_structure_for_screen_readers(desk: Sit) -> None:
    at = desk().open()
    at.page.keyboard.press("Tab")
    assert at.page.evaluate("document.activeElement.textContent") == "跳到正文"
    assert at.page.locator("main").count() == 1 and at.page.locator("h1:visible").count() == 1
    at.choose(SAMPLE)
    at.start()
    at.wait_for("done")
    said = at.page.locator("#said")
    at.until(lambda: "notice.jpg 识别完成" in said.inner_text())
    at.comes(lambda: at.page.locator("#lines").get_attribute("role"), "list")
    stops = at.page.locator("#lines [tabindex='0']").count()
    assert stops == 2  # one line, and its button: the list does not hold up the Tab key
    at.page.locator(".line").first.focus()
    at.page.keyboard.press("End")
    at.comes(at.page.locator(".line:focus .number").inner_text, str(len(at.texts())))
    # single letters can be switched off for those who speak to their computer
    at.by("button", "帮助与快捷键").click()
    at.page.get_by_label("启用单个字母的快捷键").uncheck()
    at.by("button", "知道了").click()
    at.page.keyboard.press("n")
    at.comes(at.page.locator("#chooser").is_hidden, True)
    at.slide(1)
    at.page.keyboard.press("F8")
    at.comes(at.page.locator("#chooser").is_visible, True)
