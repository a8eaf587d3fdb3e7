"""How much memory reading takes, beside RapidOCR: ``python benchmarks/memory.py FOLDER``.

Each picture is read by a process of its own, ``python -m shizi read PICTURE``, and the most memory that it held at any
time (peak resident set, Python and libraries included) is what the system counted for it. Then one more process reads
all the pictures, one after the other: what it holds beyond the largest single one has stayed behind. RapidOCR, where it
is installed, does the same with the same pictures and as many threads. Needs Linux or macOS.

This file imports the standard library only: a child that is forked counts its parent's memory as its own until it has
become the other program.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from importlib import util
from pathlib import Path
from typing import Any

PICTURES = {".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".gif"}
MIB = 1024 * 1024
UNIT = 1 if sys.platform == "darwin" else 1024
"""Bytes in one unit of ``ru_maxrss``."""

RAPIDOCR = """
import sys
from rapidocr import RapidOCR
threads = int(sys.argv[1])
names = [f"EngineConfig.onnxruntime.{kind}_op_num_threads" for kind in ("intra", "inter")]
engine = RapidOCR(params={"Global.log_level": "error", **({name: threads for name in names} if threads else {})})
for path in sys.argv[2:]:
    engine(path)
"""


def peak(command: Sequence[str]) -> int | None:
    """Most memory that a program held, bytes; None if it failed."""
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _, status, usage = os.wait4(child.pid, 0)
    except BaseException:  # interrupted: leave no child behind
        child.kill()
        raise
    child.returncode = os.waitstatus_to_exitcode(status)  # it has been waited for: Popen need not
    return usage.ru_maxrss * UNIT if child.returncode == 0 else None


def measure(command: Sequence[str], pictures: Sequence[Path]) -> dict[str, Any]:
    """The peak of each picture's own process, the largest of them, and the peak of one process for all of them."""
    peaks: dict[str, int] = {}
    failed: list[str] = []
    for picture in pictures:
        print(picture.name, file=sys.stderr)
        held = peak([*command, str(picture)])
        if held is None:
            failed.append(picture.name)
        else:
            peaks[picture.name] = held
    whole = [str(picture) for picture in pictures if picture.name in peaks]
    return {
        "largest": max(peaks, key=lambda name: peaks[name], default=None),
        "max": max(peaks.values(), default=None),
        "all_in_one_process": peak([*command, *whole]) if whole else None,
        "failed": failed,
        "peaks": peaks,
    }


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="How much memory reading takes, beside RapidOCR.")
    parser.add_argument("folder", type=Path, help="a folder of pictures")
    parser.add_argument("--weights", type=Path, help="an .onnx file; default: the shipped one")
    parser.add_argument("--threads", type=int, default=1, help="of each side; 0: each one's own default (default: 1)")
    parser.add_argument("--pictures", type=int, default=0, help="only so many, the largest files (default: all)")
    parser.add_argument("--alone", action="store_true", help="Shizi only")
    parser.add_argument("--json", action="store_true", help="print JSON, each picture's peak in bytes included")
    given = parser.parse_args(arguments)
    if not hasattr(os, "wait4"):
        parser.error("this system does not tell what a child process held")
    below = given.folder.iterdir() if given.folder.is_dir() else ()
    found = [path for path in below if path.suffix.lower() in PICTURES]
    if not found:
        parser.error(f"{given.folder} is no folder of pictures")
    pictures = sorted(found, key=lambda path: -path.stat().st_size)[: given.pictures or None]
    options = ["--threads", str(given.threads), *(["--weights", str(given.weights)] if given.weights else [])]
    sides = {"shizi": [sys.executable, "-m", "shizi", "read", *options, "--"]}
    if util.find_spec("rapidocr") and not given.alone:
        sides["rapidocr"] = [sys.executable, "-c", RAPIDOCR, str(given.threads)]
    made = {name: measure(command, pictures) for name, command in sides.items()}
    if given.json:
        print(json.dumps({"pictures": len(pictures), "threads": given.threads, **made}, ensure_ascii=False, indent=2))
    else:
        show(made)
    return 1 if any(side["failed"] for side in made.values()) else 0


def show(made: dict[str, dict[str, Any]]) -> None:
    print(f"{'':10} {'pictures':>8} {'peak MiB':>9} {'all in one MiB':>15}  largest")
    for name, side in made.items():
        held = ("-" if side[key] is None else f"{side[key] / MIB:.0f}" for key in ("max", "all_in_one_process"))
        largest, together = held
        print(f"{name:10} {len(side['peaks']):8} {largest:>9} {together:>15}  {side['largest'] or '-'}")
        for failed in side["failed"]:
            print(f"{name:10} failed: {failed}")


if __name__ == "__main__":
    sys.exit(main())
