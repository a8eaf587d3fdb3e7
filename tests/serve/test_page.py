"""What the page is for: a picture goes in, its lines come out, and stand beside it."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from browser import Desk
from PIL import Image, ImageDraw, ImageFilter, ImageFont
from serving import SAMPLE, Server

from shizi import Reader
from shizi.types import Page

Sit = Callable[..., Desk]


@pytest.fixture(scope="session")
def truth() -> Page:
    """What Python reads on the sample picture."""
    return Reader().read(SAMPLE)


@pytest.fixture(scope="session")
def long_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of 40 lines."""
    picture = Image.new("L", (700, 1700), 255)
    font = ImageFont.load_default(24)
    for row in range(40):
        ImageDraw.Draw(picture).text((40, 40 + 40 * row), f"Row {row + 1} of forty, {row * 7919}", font=font, fill=0)
    path = tmp_path_factory.mktemp("pictures") / "forty.png"
    picture.save(path)
    return path


def test_drop_a_picture_and_its_lines_appear(desk: Sit, truth: Page) -> None:
    at = desk().open()
    at.give("drop", [("notice.jpg", "image/jpeg", SAMPLE.read_bytes())])
    at.wait_for("waiting")
    assert at.texts() == []  # nothing is sent before the person says so
    at.by("button", "开始高精度识别").click()
    at.wait_for("done")
    at.comes(at.texts, [line.text for line in truth.lines])
    at.comes(at.page.locator("#overlay .box.read").count, len(truth.lines))


def test_boxes_follow_rows_that_bend(desk: Sit, tmp_path: Path) -> None:
    picture = Image.new("L", (900, 700), 255)
    font = ImageFont.load_default(20)
    for row in range(15):
        text = f"Row {row + 1} of an open book, whose paper is bent all along it, from the one end to the other"
        ImageDraw.Draw(picture).text((60, 60 + 36 * row), text, font=font, fill=0)
    pixels = np.asarray(picture)
    down = 0.05 * 900 * ((np.arange(900) + 0.5) / 450 - 1) ** 2
    bent = np.stack([np.roll(pixels[:, x], round(float(down[x]))) for x in range(900)], axis=1)
    path = tmp_path / "book.png"
    Image.fromarray(bent).save(path)
    at = desk().open()
    at.choose(path)
    at.start()
    at.wait_for("done")
    assert len(at.texts()) == 15
    points = at.page.locator('#overlay .box[data-line="7"]').get_attribute("points") or ""
    corners = [tuple(map(float, point.split(","))) for point in points.split()]
    assert len(corners) > 40
    for x, y in corners:
        there = 60 + 36 * 7 + 12 + down[min(899, round(x))]
        assert abs(y - there) < 26, "along its own row, not the one above or below"


def test_lines_come_one_by_one(desk: Sit, long_page: Path) -> None:
    at = desk().open()
    at.choose(long_page)
    at.page.evaluate(
        """() => {
          window.counts = [];
          const list = document.getElementById("lines");
          new MutationObserver(() => window.counts.push(list.children.length)).observe(list, { childList: true });
        }"""
    )
    at.start()
    at.wait_for("done")
    counts = at.page.evaluate("window.counts")
    assert counts[-1] == 40
    assert len(set(counts)) > 3, counts  # it grew in steps
    at.comes(at.page.locator("#skeleton").is_hidden, True)


def test_paste_a_screenshot(desk: Sit) -> None:
    at = desk().open()
    at.give("paste", [("image.png", "image/png", SAMPLE.read_bytes())])
    at.start()
    at.wait_for("done")
    at.comes(lambda: at.texts()[:1], ["会议通知"])


def test_paste_a_screenshot_when_no_text_is_written(desk: Sit) -> None:
    at = desk().read()
    screenshot = [("image.png", "image/png", SAMPLE.read_bytes())]
    pictures = at.page.locator("#thumbs li")
    at.page.locator("#threshold").focus()
    at.give("paste", screenshot)
    at.comes(pictures.count, 2)
    at.by("button", "识别选项").click()
    at.page.get_by_label("整张图只有一行字").focus()
    at.give("paste", screenshot)
    at.comes(pictures.count, 3)
    # a copy from a word processor is text and a picture of it: here the text is meant
    at.page.get_by_label("可能出现的词").focus()
    at.give("paste", screenshot)
    at.page.wait_for_timeout(100)
    assert pictures.count() == 3


def test_the_sample_is_read_at_once_and_is_ours(desk: Sit) -> None:
    at = desk().open()
    at.by("button", "用示例图片试一试").click()
    at.wait_for("done")
    at.comes(lambda: at.texts()[:1], ["会议通知"])
    shown = at.page.request.get(at.url + "static/sample.jpg").body()
    assert shown == SAMPLE.read_bytes()


def test_many_pictures_each_with_its_own_progress(desk: Sit, truth: Page, long_page: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(long_page.read_bytes()[:2000])
    at = desk().open()
    at.choose(SAMPLE, broken, long_page)
    at.start()
    at.wait_for("done", 0)
    at.wait_for("failed", 1)
    at.wait_for("done", 2)  # one that fails does not hold up the others
    status = at.page.locator("#thumbs .status").all_inner_texts()
    assert status == [f"{len(truth.lines)} 行", "未能识别", "40 行"]
    at.by("button", "forty.png").first.click()
    at.comes(lambda: len(at.texts()), 40)
    at.by("button", "移除 forty.png").click()
    at.comes(at.page.locator("#thumbs li").count, 2)


def test_line_and_box_light_up_together(desk: Sit) -> None:
    at = desk().read()
    page = at.page
    page.locator(".line").nth(3).hover()
    at.comes(lambda: page.locator("#overlay .box.near").get_attribute("data-line"), "3")
    box = at.box('#overlay .box[data-line="5"]')
    assert box is not None
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.move(*middle)
    at.comes(page.locator(".line.near .number").inner_text, "6")
    page.mouse.click(*middle)
    at.comes(page.locator(".line.on .number").inner_text, "6")
    at.comes(lambda: page.locator("#overlay .box.on").get_attribute("data-line"), "5")
    page.locator(".line").nth(8).focus()
    at.comes(lambda: page.locator("#overlay .box.on").get_attribute("data-line"), "8")


def test_zoom_and_move(desk: Sit) -> None:
    at = desk().read()
    page = at.page

    def width() -> float:
        box = at.box("#sheet")
        assert box is not None
        return box["width"]

    fitted = width()
    at.by("button", "放大").click()
    assert width() == pytest.approx(fitted * 1.25, rel=0.01)
    page.locator("#stage").hover()
    page.mouse.wheel(0, -400)
    at.until(lambda: width() > fitted * 2)
    page.locator("#stage").focus()
    before = at.box("#sheet")
    page.keyboard.press("ArrowRight")
    after = at.box("#sheet")
    assert before and after and after["x"] == pytest.approx(before["x"] - 60)
    page.keyboard.press("0")
    assert width() == pytest.approx(fitted, rel=0.01)
    # the line that is looked at comes into view
    for _ in range(9):
        page.keyboard.press("+")
    page.locator(".line").nth(9).click()
    box = at.box('#overlay .box[data-line="9"]')
    stage = at.box("#stage")
    assert box and stage and stage["x"] <= box["x"] <= stage["x"] + stage["width"]
    assert stage["y"] <= box["y"] <= stage["y"] + stage["height"]


def test_pages_of_one_file(desk: Sit, tmp_path: Path) -> None:
    picture = Image.open(SAMPLE).resize((615, 475))
    path = tmp_path / "two.tif"
    picture.save(path, save_all=True, append_images=[picture])
    at = desk().open()
    at.choose(path)
    at.start()
    at.wait_for("done")
    at.comes(at.page.locator("#page-at").inner_text, "第 1 / 2 页")
    at.by("button", "下一页").click()
    at.comes(at.page.locator("#page-at").inner_text, "第 2 / 2 页")
    name, text = at.download("json")
    assert name == "two.jsonl" and len(text.splitlines()) == 2
    first, second = (Page.from_json(json.loads(row)) for row in text.splitlines())
    assert first.text == second.text != ""


def test_read_again_with_other_options(desk: Sit, server: Server) -> None:
    at = desk().read()
    wanted = server.post("/ocr", SAMPLE.read_bytes(), charset="latin").json["text"]
    at.by("button", "识别选项").click()
    at.page.get_by_label("内容的格式").select_option("date")
    assert at.page.get_by_label("只含这些字符").is_disabled()  # a pattern decides by itself what is read
    at.page.get_by_label("内容的格式").select_option("")
    at.page.get_by_label("只含这些字符").select_option("latin")
    at.by("button", "重新识别这张").click()
    at.until(lambda: at.texts() == wanted)


def test_stop(desk: Sit, long_page: Path) -> None:
    at = desk().open()
    at.choose(long_page, SAMPLE)
    at.start()
    at.by("button", "停止").click()
    at.wait_for("waiting", 0)
    at.wait_for("waiting", 1)
    at.comes(at.texts, [])
    at.by("button", "开始高精度识别 (2)").click()
    at.wait_for("done", 0)
    at.wait_for("done", 1)


def test_a_line_picture(desk: Sit, tmp_path: Path) -> None:
    strip = tmp_path / "strip.png"
    Image.open(SAMPLE).crop((460, 100, 730, 190)).save(strip)
    at = desk().open()
    at.choose(strip)
    at.by("button", "识别选项").click()
    at.page.get_by_label("整张图只有一行字").check()
    at.start()
    at.wait_for("done")
    at.comes(at.texts, [Reader().read_line(strip).text])


def test_a_picture_without_text_is_said_so(desk: Sit) -> None:
    blank = io.BytesIO()
    Image.new("RGB", (300, 200), "white").save(blank, "PNG")
    at = desk().open()
    at.give("drop", [("blank.png", "image/png", blank.getvalue())])
    at.start()
    at.wait_for("done")
    at.comes(at.page.locator("#message h3").inner_text, "没有读到文字")


def test_what_is_left_out_as_unsure_can_be_looked_at(desk: Sit, tmp_path: Path) -> None:
    reader, path = Reader(), tmp_path / "blurred.png"
    for radius in (3.5, 3.75, 4, 4.25, 4.5):
        Image.open(SAMPLE).filter(ImageFilter.GaussianBlur(radius)).save(path)
        left = [one.text for one in reader.read(path).dropped if one.reason == "unsure"]
        if left:
            break
    assert left
    at = desk().open().read(path)
    at.comes(at.page.locator("#left-count").inner_text, f"另有 {len(left)} 处没有列入：把握太小")
    assert not at.page.locator("#left-list").is_visible()
    at.page.locator("#left-count").click()
    at.comes(at.page.locator("#left-list li span").all_inner_texts, left)
    assert not set(left) & set(at.texts())
    at.read(SAMPLE)
    at.comes(at.page.locator("#left").is_visible, False)
