"""Makes notice.jpg: a notice as a phone would photograph it. ``python samples/make.py FONTS`` with a folder that holds
Noto Sans SC, Noto Serif SC and LXGW WenKai (all OFL-1.1) under the names below.
"""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

WIDTH, HEIGHT, DESK = 1100, 820, 130
BOLD, SERIF = "deb_noto_SerifSC_Bold_subset.woff2", "deb_noto_SerifSC_Regular_subset.woff2"
SANS, KAI = "deb_noto_SansSC_Regular_subset.woff2", "deb_lxgw_wenkai_Regular.woff2"
RED, INK = (150, 28, 28), (35, 33, 38)
LINES = (
    (420, 60, "会议通知", BOLD, 64, RED),
    (95, 195, "各位同事：", SERIF, 34, INK),
    (95, 253, "　　本周项目会议定于2026年12月3日（星期四）下午2:30", SERIF, 34, INK),
    (95, 311, "在三楼第一会议室举行，请带好资料，准时参加。", SERIF, 34, INK),
    (95, 369, "　　会后请各组填写《进度表》，并于当天18:00前交回。", SERIF, 34, INK),
    (95, 455, "地点：北京市海淀区学院路 37 号  Room 301", SANS, 32, INK),
    (95, 510, "电话：010-6255 8899   E-mail: hello@example.org", SANS, 32, INK),
    (95, 565, "Agenda: OCR model review, budget ¥12,800.50", SANS, 32, INK),
    (700, 660, "识字项目组", KAI, 40, INK),
    (700, 715, "2026年11月22日", KAI, 34, INK),
)


def sheet(fonts: Path) -> np.ndarray:
    """(H, W, 3) float32 of the printed sheet under uneven light."""
    page = Image.new("RGB", (WIDTH, HEIGHT), (247, 244, 236))
    draw = ImageDraw.Draw(page)
    for x, y, text, font, size, colour in LINES:
        draw.text((x, y), text, font=ImageFont.truetype(str(fonts / font), size), fill=colour)
    draw.line((90, 160, 1010, 160), fill=RED, width=3)
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    light = 1.02 - 0.28 * ((columns / WIDTH - 0.2) ** 2 + (rows / HEIGHT - 0.15) ** 2)
    return np.asarray(page).astype(np.float32) * light[..., None]


def main(fonts: Path, target: Path) -> None:
    """Lay the sheet on a desk, seen from the side, and photograph it."""
    rng = np.random.default_rng(4)

    def grain(height: int, width: int, size: float, strength: float) -> np.ndarray:
        noise = rng.normal(0, 1, (height, width)).astype(np.float32)
        return cv2.GaussianBlur(noise, (0, 0), size)[..., None] * strength

    size = (WIDTH + DESK, HEIGHT + DESK)
    paper = sheet(fonts) + grain(HEIGHT, WIDTH, 1.2, 9)
    corners = np.array([[0, 0], [WIDTH, 0], [WIDTH, HEIGHT], [0, HEIGHT]], np.float32)
    seen = np.array([[70, 48], [WIDTH + 55, 22], [WIDTH + 70, HEIGHT + 66], [48, HEIGHT + 80]], np.float32)
    view = cv2.getPerspectiveTransform(corners, seen)
    mask = cv2.warpPerspective(np.ones((HEIGHT, WIDTH), np.float32), view, size)[..., None]
    desk = np.array((96, 74, 58), np.float32) + grain(size[1], size[0], 2.2, 22)
    photo = cv2.warpPerspective(paper, view, size) * mask + desk * (1 - mask)
    turn = cv2.getRotationMatrix2D((size[0] / 2, size[1] / 2), 2.0, 1.0)
    photo = cv2.GaussianBlur(cv2.warpAffine(photo, turn, size, borderMode=cv2.BORDER_REPLICATE), (0, 0), 0.7)
    photo = np.clip(photo + rng.normal(0, 2.5, photo.shape), 0, 255).astype(np.uint8)
    Image.fromarray(photo).save(target, quality=82)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(__file__).parent / "notice.jpg")
