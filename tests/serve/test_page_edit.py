"""Putting right what was misread: doubtful characters, alternatives, editing, undo, and taking the text away."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from browser import Desk
from serving import SAMPLE, Server

from shizi import Reader
from shizi.types import Char, Page

Sit = Callable[..., Desk]


@pytest.fixture(scope="session")
def truth() -> Page:
    return Reader().read(SAMPLE)


@dataclass(frozen=True)
class Doubt:
    """A character below a confidence, and where it stands."""

    line: int
    at: int
    char: Char

    def put_right(self, page: Page, text: str) -> str:
        """The line with ``text`` in its place."""
        chars = [char.text for char in page.lines[self.line].chars]
        return "".join((*chars[: self.at], text, *chars[self.at + 1 :]))


def doubts(page: Page, below: float) -> list[Doubt]:
    """As the page sees it: JSON has four digits."""
    return [
        Doubt(index, at, char)
        for index, line in enumerate(page.lines)
        for at, char in enumerate(line.chars)
        if round(char.confidence, 4) < below
    ]


def texts(found: list[Doubt]) -> list[str]:
    return [one.char.text for one in found]


def named(given: list[str]) -> list[str]:
    """As the chooser shows them: a blank by its name."""
    return [one if one.strip() else "空格" for one in given]


def marking(page: Page, count: int) -> float:
    """A confidence, in whole percent, that at least ``count`` characters are below, the first with alternatives."""
    for share in range(1, 101):
        found = doubts(page, share / 100)
        if len(found) >= count and found[0].char.alternatives:
            return share / 100
    raise AssertionError("the network is too sure of the sample")


def test_the_slider_moves_what_is_marked(desk: Sit, truth: Page) -> None:
    at = desk().read()
    at.comes(at.doubtful, texts(doubts(truth, 0.8)))
    for share in (0.99, 0.9, 0.0, marking(truth, 1)):
        at.slide(share)
        at.comes(at.doubtful, texts(doubts(truth, share)))
        count = len(doubts(truth, share))
        at.comes(at.page.locator("#doubt-count").inner_text, (f"{count} 个疑字" if count else "没有疑字"))
    # not by colour alone: a wavy line, and words for those who hear the page
    mark = at.page.locator(".mark.doubtful").first
    assert mark.evaluate("one => getComputedStyle(one).textDecorationStyle") == "wavy"
    assert "把握" in (mark.get_attribute("aria-label") or "")
    at.slide(0.93)
    at.open()  # the choice is remembered
    at.comes(at.page.locator("#threshold").input_value, "93")


def test_choose_an_alternative_with_the_mouse(desk: Sit, truth: Page) -> None:
    share = marking(truth, 1)
    first, *others = doubts(truth, share)
    at = desk().read()
    at.slide(share)
    at.doubtful()
    at.page.locator(".mark.doubtful").first.click()
    offered = at.page.locator(".choice .glyph").all_inner_texts()
    assert offered == named([first.char.text, *(other.text for other in first.char.alternatives)])
    at.by("dialog", "这个字是").locator(".choice").nth(1).click()
    chosen = first.char.alternatives[0].text
    at.comes(lambda: at.texts()[first.line], first.put_right(truth, chosen))
    at.comes(at.doubtful, texts(others))
    at.comes(at.page.locator(".mark.changed").inner_text, chosen)
    at.by("button", "撤销").click()
    at.comes(lambda: at.texts()[first.line], truth.lines[first.line].text)
    at.by("button", "重做").click()
    at.comes(lambda: at.texts()[first.line], first.put_right(truth, chosen))


def test_keyboard_alone_from_start_to_undo(desk: Sit, truth: Page) -> None:
    share = marking(truth, 2)
    first, second, *others = doubts(truth, share)
    at = desk().open()
    at.page.evaluate(f"localStorage.setItem('shizi.threshold', '{share}')")
    at.open()
    keys = at.page.keyboard
    at.give("paste", [("notice.jpg", "image/jpeg", SAMPLE.read_bytes())])
    at.wait_for("waiting")
    keys.press("Enter")  # the focus is on the button that starts it
    at.wait_for("done")
    keys.press("F8")
    keys.press("2")
    keys.press("n")
    at.comes(at.page.locator("#chooser .choice:focus .glyph").all_inner_texts, named([second.char.text]))
    keys.press("Enter")  # as read
    at.comes(at.doubtful, texts(others))
    changed = first.put_right(truth, first.char.alternatives[0].text)
    at.comes(lambda: at.texts()[first.line], changed)
    # the focus is on the character, in the list; End goes to the last line, Enter edits it
    last = truth.lines[-1].text
    keys.press("End")
    at.comes(at.page.locator(".line:focus .number").inner_text, str(len(truth.lines)))
    keys.press("Enter")
    keys.type("。")
    keys.press("Enter")
    at.comes(lambda: at.texts()[-1], last + "。")
    keys.press("Enter")
    keys.type("nonsense n p ?")
    keys.press("Escape")
    at.comes(lambda: at.texts()[-1], last + "。")
    keys.press("Control+z")
    at.comes(lambda: at.texts()[-1], last)
    keys.press("Control+z")
    at.comes(at.doubtful, texts([second, *others]))
    keys.press("Control+z")
    at.comes(at.texts, [line.text for line in truth.lines])


def test_walking_goes_round_in_both_directions(desk: Sit, truth: Page) -> None:
    at = desk().read()
    share = marking(truth, 3)
    at.slide(share)
    wanted = named(texts(doubts(truth, share)))
    at.page.locator("#stage").focus()
    seen = []
    for _ in range(len(wanted) + 1):
        at.page.keyboard.press("n")
        seen.append(at.page.locator("#chooser .choice[aria-pressed=true] .glyph").inner_text())
    assert seen == [*wanted, wanted[0]]
    at.page.keyboard.press("p")
    at.comes(at.page.locator("#chooser .choice[aria-pressed=true] .glyph").inner_text, wanted[-1])
    at.page.keyboard.press("Escape")
    at.comes(at.page.locator("#chooser").is_hidden, True)
    assert "mark" in (at.page.evaluate("document.activeElement.className"))  # back at the character


def test_type_another_and_remove(desk: Sit, truth: Page) -> None:
    share = marking(truth, 1)
    first = doubts(truth, share)[0]
    at = desk().read()
    at.slide(share)
    at.page.locator("#stage").focus()
    at.page.keyboard.press("n")
    at.page.get_by_placeholder("写别的字").fill("零")
    at.page.keyboard.press("Enter")
    at.comes(lambda: at.texts()[first.line], first.put_right(truth, "零"))
    at.page.locator(".mark.changed").click()
    at.by("button", "删去这个字").click()
    at.comes(lambda: at.texts()[first.line], first.put_right(truth, ""))


def test_what_is_taken_away_holds_the_edits(desk: Sit, truth: Page) -> None:
    at = desk().read()
    line = at.page.locator(".line").nth(1)
    line.dblclick()
    line.locator("textarea").fill("各位同事，你们好：")
    at.page.keyboard.press("Enter")
    last = len(truth.lines)
    at.page.locator(".line").last.hover()
    at.by("button", f"修改第 {last} 行").click()
    at.page.locator("textarea.editor").fill("")
    at.page.locator("textarea.editor").press("Enter")
    wanted = [line.text for line in truth.lines]
    wanted[1:2], wanted[-1:] = ["各位同事，你们好："], []
    at.by("button", "复制全部").click()
    assert at.page.evaluate("navigator.clipboard.readText()") == "\n".join(wanted)

    name, text = at.download("txt")
    assert (name, text) == ("notice.txt", "\n".join(wanted) + "\n")

    name, text = at.download("json")
    assert name == "notice.json"
    page = Page.from_json(json.loads(text))  # what the command writes, and reads back
    assert [one.text for one in page.lines] == wanted
    assert (page.source, page.width, page.height) == ("notice.jpg", truth.width, truth.height)
    edited = json.loads(text)["lines"][1]
    assert edited["read"] == truth.lines[1].text
    assert [char["text"] for char in edited["chars"]] == list("各位同事，你们好：")
    # what stayed keeps its place and confidence; what was written is a person's word
    assert edited["chars"][0] == truth.lines[1].chars[0].to_json()
    assert edited["chars"][-2]["confidence"] == 1
    assert page.lines[0].to_json() == truth.lines[0].to_json()

    name, text = at.download("tsv")
    assert name == "notice.tsv"
    rows = list(csv.DictReader(io.StringIO(text), delimiter="\t", quoting=csv.QUOTE_NONE))
    assert [row["text"] for row in rows] == wanted
    assert [row["edited"] for row in rows] == ["0", "1", *["0"] * (last - 3)]
    left, top, right, bottom = (int(rows[0][key]) for key in ("left", "top", "right", "bottom"))
    assert (left, top, right, bottom) == pytest.approx(truth.lines[0].quad.bounds, abs=1)


def test_download_all_pictures(desk: Sit, truth: Page) -> None:
    at = desk().open()
    at.choose(SAMPLE, SAMPLE)
    at.start()
    at.wait_for("done", 0)
    at.wait_for("done", 1)
    at.page.locator("#download").click()
    at.page.get_by_label("全部 2 张图片").check()
    at.page.keyboard.press("Escape")
    name, text = at.download("txt")
    assert (name, text) == ("shizi.txt", f"{truth.text}\n\n{truth.text}\n")


def test_edits_are_not_lost_by_mistake(desk: Sit) -> None:
    at = desk().read()
    asked: list[str] = []

    def leave() -> None:
        at.page.evaluate("setTimeout(() => location.reload(), 0)")
        at.page.wait_for_timeout(300)

    at.page.locator(".line").first.dblclick()
    at.page.keyboard.type("！")
    at.page.keyboard.press("Enter")
    edited = at.texts()
    assert edited[0].endswith("！")
    at.page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    leave()
    assert asked == ["beforeunload"] and at.texts() == edited
    at.by("button", "复制全部").click()
    at.page.get_by_text("已复制").first.wait_for()
    leave()
    assert asked == ["beforeunload"]  # nothing left to lose: it went


def test_taking_one_picture_away_saves_no_other(desk: Sit) -> None:
    at = desk().open()
    at.choose(SAMPLE, SAMPLE)
    at.start()
    at.wait_for("done", 0)
    at.wait_for("done", 1)
    asked: list[str] = []
    at.page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    thumbs, crosses = at.page.locator("#thumbs .thumb"), at.by("button", "移除 notice.jpg")
    for which in (0, 1):
        thumbs.nth(which).click()
        at.page.locator(".line").first.dblclick()
        at.page.keyboard.type("！")
        at.page.keyboard.press("Enter")
    at.by("button", "复制全部").click()  # of the second
    at.page.get_by_text("已复制").first.wait_for()
    at.page.evaluate("setTimeout(() => location.reload(), 0)")
    at.until(lambda: asked == ["beforeunload"])
    # nor do edits go with their picture unasked
    crosses.first.click()
    at.by("button", "全部移除").click()
    assert asked == ["beforeunload", "confirm", "confirm"]
    assert thumbs.count() == 2
    crosses.last.click()  # that one was copied
    at.comes(thumbs.count, 1)
    thumbs.first.click()
    at.download("txt")
    at.by("button", "全部移除").click()
    at.comes(at.page.locator("#hero").is_visible, True)
    assert len(asked) == 3


def test_corrections_are_sent_when_asked(desk: Sit, server: Server) -> None:
    at = desk().read()
    at.comes(at.page.locator("#keep").is_hidden, True)
    line = at.page.locator(".line").first
    line.dblclick()
    line.locator("textarea").fill("会议通告")
    at.page.keyboard.press("Enter")
    assert "运营者会保留" in at.page.locator("#keep").inner_text()
    kept = server.corrections
    assert kept is not None
    assert not (kept / "labels.tsv").exists() or "会议通告" not in (kept / "labels.tsv").read_text("utf-8")
    at.by("button", "发送 1 行改正").click()
    at.page.get_by_text("已发送 1 行").wait_for()
    assert "会议通告" in (kept / "labels.tsv").read_text("utf-8")
    assert "会议通知" in (kept / "readings.tsv").read_text("utf-8")
    at.comes(at.page.locator("#keep").is_hidden, True)  # not twice


def test_rewriting_keeps_what_stayed(desk: Sit) -> None:
    """Any text over any line: the text is what was written, and characters in common keep what is known of them."""
    at = desk().open()
    wrong = at.page.evaluate(
        """async () => {
          const { cellsOf, rewritten, replaced, textOf, places } = await import("./static/js/cells.js");
          let seed = 7;
          const random = (below) => (seed = (seed * 48271) % 2147483647) % below;
          const word = () => Array.from({ length: random(9) }, () => [..."甲乙 a𠮷"][random(5)]).join("");
          const wrong = [];
          for (let i = 0; i < 2000; i++) {
            const [read, wanted] = [word(), word()];
            const quad = [[0, 0], [9, 0], [9, 2], [0, 2]];
            const chars = [...read].filter((one) => one !== " " || random(2));
            const cells = cellsOf(read, chars.map((text) => ({ text, confidence: 0.5, quad })));
            const made = rewritten(cells, wanted);
            const kept = made.filter((cell) => cells.includes(cell)).length;
            const check = (holds, what) => holds || wrong.push([read, wanted, what]);
            check(textOf(cells) === read && textOf(made) === wanted, "text");
            check(read !== wanted || kept === cells.length, "kept");
            check(made.every((cell) => !cell.char || cells.includes(cell) === !cell.settled), "settled");
            check(places(made, quad).every((one) => one.length === 4), "places");
            check(!cells.length || textOf(replaced(cells, 0, "")) === [...read].slice(1).join(""), "replaced");
          }
          return wrong;
        }"""
    )
    assert wrong == []
