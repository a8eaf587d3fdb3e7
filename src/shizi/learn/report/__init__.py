"""``shizi score DATA --report FILE.html``: one page that shows how well a reader reads, and where it goes wrong.

The page needs nothing beside itself: no script, no font, no address; its pictures are in it. What it compares, it
compares as :mod:`shizi.learn.score` does, so that its figures are those of the table.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from shizi.errors import SettingsError
from shizi.learn.report import page
from shizi.learn.report.examine import examine
from shizi.learn.report.record import record
from shizi.learn.score import Reads, Report, score
from shizi.learn.truth import slices
from shizi.read.runtime import Recogniser


def scored(
    data: Path,
    reader: Reads,
    target: Path,
    *,
    weights: Path | None = None,
    progress: Callable[[str], None] | None = None,
) -> Report:
    """Score as :func:`shizi.learn.score.score` does, and write the page to ``target``.

    Lines are read one by one, so that the time of each is known. ``weights`` is the file whose card the page shows,
    None the shipped one.

    Raises:
        DataError, MissingExtra, ModelMissing, ModelMismatch: as ``score`` and opening the weights do.
        SettingsError: the page cannot be written; its folder is looked for before anything is read.
    """
    if target.is_dir():
        raise SettingsError(f"--report {target} cannot be written: it is a folder")
    if not target.resolve().parent.is_dir():
        raise SettingsError(f"--report {target} cannot be written: there is no folder {target.resolve().parent}")
    model = Recogniser.open(weights, threads=1)
    recorder = record(reader)
    report = score(data, recorder, progress=progress)
    details = [examine(one, recorder) for one in slices(data)]
    made = page.build(report, details, recorder, model, data.resolve().name)
    try:
        target.write_text(made, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise SettingsError(f"--report {target} cannot be written: {error.strerror}") from error
    return report
