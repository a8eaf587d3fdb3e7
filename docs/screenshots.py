"""Make docs/page-desktop.png and docs/page-phone.png, the README's pictures of the page.

    pip install '.[test]' && apt-get install chromium fonts-noto-cjk
    python docs/screenshots.py [FOLDER]

A real server reads the sample picture, a real Chromium shows it. Each file stays under 200 kB: the colours are reduced
to 256.
"""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "samples" / "notice.jpg"
LIMIT = 200_000  # bytes of one file
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--font-render-hinting=none"]  # fmt: skip


def read(page: Page, url: str) -> None:
    """Have the sample picture read."""
    page.goto(url)
    page.wait_for_selector("body[data-ready]")
    page.locator("#files").set_input_files(SAMPLE)
    page.locator("#start").click()
    page.locator("[data-status=done]").wait_for()
    page.wait_for_timeout(500)


def save(page: Page, path: Path) -> None:
    """Write a screenshot in 256 colours: half by how often they occur, half by how far apart they are.

    By count alone the photograph's greys would take all, and the few orange marks would turn brown.
    """
    shot = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    palette = Image.new("P", (1, 1))
    common, apart = (shot.quantize(128, method) for method in (Image.Quantize.MEDIANCUT, Image.Quantize.MAXCOVERAGE))
    palette.putpalette([*(common.getpalette() or [])[:384], *(apart.getpalette() or [])[:384]])
    shot = shot.quantize(palette=palette, dither=Image.Dither.NONE)
    shot.save(path, optimize=True)
    size = path.stat().st_size
    print(f"{path}: {shot.width} x {shot.height}, {size / 1000:.0f} kB")
    if size > LIMIT:
        raise SystemExit(f"{path} is over {LIMIT / 1000:.0f} kB")


def main(folder: Path) -> None:
    """Both pictures."""
    command = [sys.executable, "-m", "shizi", "serve", "--port", "0", "--workers", "1"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server, sync_playwright() as playwright:
        assert server.stderr is not None
        try:
            url = next(found[0] for row in server.stderr if (found := re.search(r"http://[\d.]+:\d+/", row)))
            path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
            browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
            common = {"locale": "zh-CN", "reduced_motion": "reduce"}
            desktop = browser.new_page(viewport={"width": 1240, "height": 740}, **common)
            read(desktop, url)
            desktop.locator(".mark.doubtful:not(.blank)").last.click()
            save(desktop, folder / "page-desktop.png")
            phone = browser.new_page(**{**playwright.devices["Pixel 7"], "device_scale_factor": 2}, **common)
            read(phone, url)
            phone.locator(".mark.doubtful:not(.blank)").last.click()
            phone.keyboard.press("Escape")
            save(phone, folder / "page-phone.png")
            browser.close()
        finally:
            server.terminate()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs")
