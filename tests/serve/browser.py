"""The page in a real Chromium, in front of a real server with the shipped weights: fixtures, and what a person does."""

from __future__ import annotations

import base64
import re
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pytest
from serving import SAMPLE, Server

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Locator, Page

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
T = TypeVar("T")
PATIENCE = 30_000  # milliseconds that a step may take on a busy machine

_WATCH = """
addEventListener("securitypolicyviolation", (event) =>
  console.error(`CSP: ${event.violatedDirective} ${event.blockedURI}`));
"""


@dataclass
class Desk:
    """A person at the page: one tab, and what went wrong in it."""

    page: Page
    url: str
    said: list[str] = field(default_factory=list)
    """Errors on the console, and exceptions."""
    asked: list[str] = field(default_factory=list)
    """Addresses that were requested."""

    def watch(self) -> None:
        self.page.on("console", lambda m: self.said.append(m.text) if m.type in ("error", "warning") else None)
        self.page.on("pageerror", lambda error: self.said.append(f"exception: {error}"))
        self.page.on("request", lambda request: self.asked.append(request.url))

    def open(self) -> Desk:
        self.page.goto(self.url)
        self.page.wait_for_selector("body[data-ready]")
        return self

    def until(self, holds: Callable[[], bool]) -> None:
        """Wait for what no selector can say; the page's policy forbids playwright's own ``wait_for_function``."""
        end = time.monotonic() + PATIENCE / 1000
        while not holds():
            assert time.monotonic() < end, "it did not come to pass"
            self.page.wait_for_timeout(30)

    def comes(self, look: Callable[[], T], wanted: T) -> None:
        """Wait for ``look`` to see ``wanted``: the page draws what happened a moment later, more on a busy machine."""
        end = time.monotonic() + PATIENCE / 1000
        while (seen := look()) != wanted and time.monotonic() < end:
            self.page.wait_for_timeout(30)
        assert seen == wanted

    def box(self, selector: str) -> dict[str, float]:
        """Where an element stands, once it stands still: it may be drawn anew while the page settles."""
        seen: list[Any] = [None]

        def still() -> bool:
            seen.append(self.page.locator(selector).bounding_box())
            return seen[-1] is not None and seen[-1] == seen[-2]

        self.until(still)
        found: dict[str, float] = seen[-1]
        return found

    def by(self, role: Any, name: str | re.Pattern[str]) -> Locator:
        return self.page.get_by_role(role, name=name)

    def choose(self, *files: Path) -> None:
        """Through the file dialog."""
        with self.page.expect_file_chooser() as chosen:
            self.page.locator("#choose-first, #add").locator("visible=true").click()
        chosen.value.set_files(files)

    def give(self, how: str, files: list[tuple[str, str, bytes]]) -> None:
        """Drop or paste files (name, type, bytes), as the browser hands them over; pasted to what is focused."""
        packed = [(name, kind, base64.b64encode(data).decode()) for name, kind, data in files]
        self.page.evaluate(
            """async ([how, files]) => {
              const moved = new DataTransfer();
              for (const [name, type, data] of files) {
                const bytes = Uint8Array.from(atob(data), (one) => one.charCodeAt(0));
                moved.items.add(new File([bytes], name, { type }));
              }
              const about = { bubbles: true, cancelable: true };
              if (how === "paste")
                document.activeElement.dispatchEvent(new ClipboardEvent("paste", { ...about, clipboardData: moved }));
              else
                for (const type of ["dragenter", "dragover", "drop"])
                  document.body.dispatchEvent(new DragEvent(type, { ...about, dataTransfer: moved }));
            }""",
            [how, packed],
        )

    def drop(self, *paths: Path) -> None:
        """As from a file manager: these may be folders."""
        wire = self.page.context.new_cdp_session(self.page)
        data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
        for kind in ("dragEnter", "dragOver", "drop"):
            wire.send("Input.dispatchDragEvent", {"type": kind, "x": 200, "y": 300, "data": data})

    def start(self) -> None:
        self.page.locator("#start").click()

    def wait_for(self, status: str, at: int = 0) -> None:
        self.page.locator(f"#thumbs li >> nth={at}").and_(self.page.locator(f"[data-status={status}]")).wait_for()

    def read(self, picture: Path = SAMPLE) -> Desk:
        """Open the page and have a picture read."""
        self.open().choose(picture)
        self.start()
        self.wait_for("done")
        self.page.locator(".line").first.wait_for()
        return self

    def texts(self) -> list[str]:
        return self.page.locator(".line .words").all_inner_texts()

    def doubtful(self) -> list[str]:
        """A frame later, as what follows the slider is drawn once a frame."""
        self.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        return self.page.locator(".mark.doubtful").all_inner_texts()

    def slide(self, share: float) -> None:
        self.page.locator("#threshold").fill(str(round(share * 100)))

    def download(self, form: str) -> tuple[str, str]:
        """Name and text of the file."""
        self.page.locator("#download").click()
        with self.page.expect_download() as coming:
            self.page.locator(f"[data-form={form}]").click()
        return coming.value.suggested_filename, Path(coming.value.path()).read_text("utf-8")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Chromium without a screen."""
    api = pytest.importorskip("playwright.sync_api", reason="the page's tests drive a browser with playwright")
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if path is None:
        pytest.skip("no Chromium on this machine (Debian: apt-get install chromium)")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def desk(chromium: Browser, server: Server) -> Iterator[Callable[..., Desk]]:
    """Sit down at the page: ``desk(locale="en-GB", viewport=…)``. When they get up, nothing may have gone wrong."""
    open_contexts: list[tuple[BrowserContext, Desk]] = []

    def sit(at: Server = server, **options: Any) -> Desk:
        given = {"locale": "zh-CN", "viewport": {"width": 1280, "height": 800}, "reduced_motion": "reduce", **options}
        context = chromium.new_context(**given)
        context.set_default_timeout(PATIENCE)
        context.add_init_script(_WATCH)
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        made = Desk(context.new_page(), f"{at.url}/")
        made.watch()
        open_contexts.append((context, made))
        return made

    yield sit
    for context, made in open_contexts:
        context.close()
        assert [one for one in made.asked if not one.startswith((made.url, "blob:"))] == []
        # Chromium itself reports every answer of 400 and more
        assert [one for one in made.said if not one.startswith("Failed to load resource")] == []
