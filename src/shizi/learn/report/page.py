"""The page itself: figures into HTML. Whatever comes from data is escaped here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from html import escape
from importlib import resources
from pathlib import Path
from string import Template

import numpy as np

from shizi.learn.calibration import LEAST_SURE, Confidences, Right, caught, expected_error, reliability
from shizi.learn.metrics import Scores
from shizi.learn.report import figures
from shizi.learn.report.card import cards, installed
from shizi.learn.report.examine import Confusion, Detail, Sample, judged
from shizi.learn.report.pictures import embedded
from shizi.learn.report.record import Recorder
from shizi.learn.score import Report
from shizi.learn.split import KINDS
from shizi.read.runtime import Recogniser

WORST = 8
"""Lines shown of each slice."""
CONFUSIONS = 12
"""Rows of each table of confusions."""


def build(report: Report, details: Sequence[Detail], recorder: Recorder, model: Recogniser, name: str) -> str:
    """The whole page. ``details`` belong to the slices of ``report``, in their order; ``name`` is that of the data."""
    total = report.scores("loose")
    now = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    title = f"Shizi: how well {model.path.stem} reads {name}"
    pictures = sum(one.pictures for one in report.slices)
    sure, right = judged(details)
    template = resources.files(__package__).joinpath("page.html").read_text(encoding="utf-8")
    return Template(template).substitute(
        title=escape(title),
        heading=f"How well <em>{escape(model.path.stem)}</em> reads <em>{escape(name)}</em>",
        lead=f"{pictures:,} pictures, {total.lines:,} lines, {total.chars:,} characters. {now}",
        tiles=_tiles(total, caught(sure, right), expected_error(sure, right), recorder, model),
        slices=_slices(report),
        errors=_errors(report),
        chosen=_chosen(len(details)),
        closer=_closer(details),
        trust_words=_trust_words(len(sure), int((~right).sum())),
        trust=_trust(details),
        speed=_speed(recorder),
        model=cards(model),
        footer=f"Made by shizi score --report, Shizi {escape(installed('shizi') or '')}, {now}. It loads nothing.",
    )


def _percent(value: float | None, digits: int = 1) -> str:
    return "–" if value is None else f"{value:.{digits}%}".replace("%", "&nbsp;%")


def _ends(scores: Scores, figure: str) -> str:
    ends = scores.intervals[figure]
    return "" if ends is None else f"{ends[0] * 100:.1f} to {ends[1] * 100:.1f}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], *, total: bool = False, draw: int = -1) -> str:
    """Cells are HTML; column ``draw`` holds drawings, the last row is the ``total``."""
    made = []
    for index, row in enumerate(rows):
        kind = ' class="total"' if total and index == len(rows) - 1 else ""
        cells = "".join(f'<td class="draw">{c}</td>' if i == draw else f"<td>{c}</td>" for i, c in enumerate(row))
        made.append(f"<tr{kind}>{cells}</tr>")
    heads = "".join(f'<th scope="col">{one}</th>' for one in head)
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{''.join(made)}</tbody></table>"


def _tiles(
    total: Scores,
    found: float | None,
    error: float | None,
    recorder: Recorder,
    model: Recogniser,
) -> str:
    def tile(value: str, what: str, more: str = "") -> str:
        return f'<div class="card tile"><b>{value}</b><span>{what}</span><small>{more}</small></div>'

    precision = escape(str(model.card.get("precision", "")))
    line, page = (_median([recorder.seconds[one] for one in read]) for read in (recorder.lines, recorder.pages))
    interval = _ends(total, "cer")
    accuracy = _ends(total, "line_accuracy")
    return "".join(
        (
            tile(_percent(total.cer), "of characters wrong (CER)", interval and f"95&nbsp;%: {interval}"),
            tile(_percent(total.line_accuracy), "of lines without a fault", accuracy and f"95&nbsp;%: {accuracy}"),
            tile(_percent(found, 0), f"of wrong characters are among the {LEAST_SURE:.0%} least sure"),
            tile(_percent(error), "calibration error", "of the confidences, expected"),
            tile(
                line or page,
                "a line picture, median" if line else "a page, median",
                page and line and f"a page: {page}",
            ),
            tile(f"{model.path.stat().st_size / 1e6:.1f}&nbsp;MB", "weights", precision),
        )
    )


def _median(times: Sequence[float]) -> str:
    return figures.seconds(float(np.median(times))) if times else ""


def _slices(report: Report) -> str:
    head = (
        "kind of pictures", "pictures", "lines", "characters", "CER", "", "without inserted", "lines right", "1 − NED",
        "strict CER", "time a picture",
    )  # fmt: skip
    rows = []
    parts: list[tuple[str, int, float, Scores, Scores]] = [
        (one.name, one.pictures, one.seconds, one.scores["loose"], one.scores["strict"]) for one in report.slices
    ]
    if len(parts) > 1:
        pictures, spent = sum(one[1] for one in parts), sum(one[2] for one in parts)
        parts.append(("all together", pictures, spent, report.scores("loose"), report.scores("strict")))
    for name, pictures, spent, loose, strict in parts:
        rows.append(
            (
                escape(name),
                f"{pictures:,}",
                f"{loose.lines:,}",
                f"{loose.chars:,}",
                f"{_percent(loose.cer)}<i>{_ends(loose, 'cer')}</i>",
                figures.interval(loose.cer, loose.intervals["cer"]),
                _percent(loose.cer_no_extra),
                f"{_percent(loose.line_accuracy)}<i>{_ends(loose, 'line_accuracy')}</i>",
                _percent(loose.one_minus_ned),
                _percent(strict.cer),
                figures.seconds(spent / pictures) if pictures else "–",
            )
        )
    failed = [failure for one in report.slices for failure in one.failed]
    notes = "".join(f"<p>{escape(Path(one.picture).name)}: {escape(one.error)}</p>" for one in failed)
    more = f"<details><summary>Could not be read: {len(failed)}</summary>{notes}</details>" if failed else ""
    return _table(head, rows, total=len(report.slices) > 1, draw=5) + more


def _errors(report: Report) -> str:
    kinds = ("missed", "inserted", "misread")
    legend = "".join(f'<li><i class="{kind}"></i>{kind}</li>' for kind in kinds)
    rows = []
    parts = [(one.name, one.scores["loose"]) for one in report.slices]
    if len(parts) > 1:
        parts.append(("all together", report.scores("loose")))
    for name, scores in parts:
        counts = [(kind, int(getattr(scores, kind))) for kind in kinds]
        shares = [(kind, count / max(1, scores.edits)) for kind, count in counts]
        rows.append(
            (escape(name), figures.stacked(shares), *(f"{count:,}" for _, count in counts), f"{scores.edits:,}")
        )
    table = _table(("kind of pictures", "", *kinds, "faults"), rows, total=len(report.slices) > 1, draw=1)
    return f'<div class="card"><ul class="legend">{legend}</ul><div class="scroll">{table}</div></div>{_splits(report)}'


def _splits(report: Report) -> str:
    """Of pages: what stays wrong when the true lines are cut out, and what finding them adds."""
    splits = report.splits()[: None if len(report.slices) > 1 else 1]
    if not splits:
        return ""
    rows = []
    for name, split in splits:
        bad = [(kind, split.kinds[kind]) for kind in KINDS if kind != "whole"]
        parts = [("misread", split.reading), ("missed", max(0, split.finding))]
        whole = max(1, sum(count for _, count in parts))
        rows.append(
            (
                escape("all together" if name == "total" else name),
                figures.stacked([(kind, count / whole) for kind, count in parts]),
                f"{split.reading:,}",
                f"{split.finding:,}",
                _percent(split.reading / split.chars if split.chars else None),
                *(f"{blame.lines:,}<i>{blame.errors:+,}</i>" for _, blame in bad),
            )
        )
    heads = ("pages", "", "reading", "finding", "CER, true boxes", *(kind for kind in KINDS if kind != "whole"))
    words = (
        "On pages, what stays wrong when the true lines are cut out by hand is laid to reading, what comes on top to "
        "finding. Lines that were found too short, in pieces, with others, not at all, or where there are none, and "
        "in grey the faults that this adds."
    )
    legend = '<li><i class="misread"></i>reading</li><li><i class="missed"></i>finding</li>'
    table = _table(heads, rows, total=len(splits) > 1, draw=1)
    return (
        f'<h3 class="later">Finding or reading</h3><p class="why">{words}</p><div class="card">'
        f'<ul class="legend">{legend}</ul><div class="scroll splits">{table}</div></div>'
    )


def _chosen(slices: int) -> str:
    """Style rules that show what belongs to the chosen slice: a choice without a script."""
    rules = ["#all:checked ~ .panels .all { display: block; } #all:checked ~ .panels .first { display: grid; }"]
    rules += [
        f"#s{i}:checked ~ .panels .p{i} {{ display: block; }} #s{i}:checked ~ .panels .l{i} {{ display: grid; }}"
        for i in range(slices)
    ]
    return "\n".join(rules)


def _closer(details: Sequence[Detail]) -> str:
    choices = ['<input type="radio" name="slice" id="all" checked><label for="all">all</label>']
    together: Counter[Confusion] = sum((one.confusions() for one in details), Counter())
    panels = [f'<div class="panel all">{_confusions(together)}</div>']
    shown: list[tuple[Sample, str]] = []
    for index, one in enumerate(details):
        choices.append(
            f'<input type="radio" name="slice" id="s{index}"><label for="s{index}">{escape(one.name)}</label>'
        )
        panels.append(f'<div class="panel p{index}">{_confusions(one.confusions())}</div>')
        for rank, sample in enumerate(one.worst(WORST)):
            shown.append((sample, f"l{index} first" if rank == 0 else f"l{index}"))
    addresses = embedded([sample for sample, _ in shown])
    lines = "".join(_line(sample, kind, addresses.get(i)) for i, (sample, kind) in enumerate(shown))
    worst = f'<h3 class="later">Worst lines</h3><div class="card worst">{lines}</div>' if lines else ""
    return (
        '<fieldset class="closer" aria-label="Kind of pictures to show">'
        f'{"".join(choices)}<div class="panels">{"".join(panels)}{worst}</div></fieldset>'
    )


def _confusions(counts: Counter[Confusion]) -> str:
    wrong = sum(counts.values())

    def card(title: str, chosen: list[tuple[Confusion, int]], shown: Callable[[Confusion], str]) -> str:
        chosen = sorted(chosen, key=lambda one: (-one[1], one[0]))
        rows = [(shown(pair), f"{count:,}", _percent(count / wrong)) for pair, count in chosen[:CONFUSIONS]]
        body = _table(("", "times", "of faults"), rows) if rows else '<p class="none">None.</p>'
        kinds, times = len(chosen), sum(count for _, count in chosen)
        return f'<div class="card"><h3>{title}</h3><p class="why">{times:,} times, {kinds:,} kinds</p>{body}</div>'

    pairs = list(counts.items())
    return (
        '<div class="three">'
        + "".join(
            (
                card("Taken for another", [p for p in pairs if p[0][0] and p[0][1]], _pair),
                card("Not read", [p for p in pairs if not p[0][1]], lambda pair: _sign(pair[0])),
                card("Read where it is not", [p for p in pairs if not p[0][0]], lambda pair: _sign(pair[1])),
            )
        )
        + "</div>"
    )


def _pair(pair: Confusion) -> str:
    return f'<span class="pair" lang="zh">{_sign(pair[0])}<s>read as</s><mark>{_sign(pair[1])}</mark></span>'


def _sign(char: str) -> str:
    """A character that can be seen: one without ink is shown by its number."""
    return f'<span lang="zh">{escape(char) if char.isprintable() else f"U+{ord(char):04X}"}</span>'


def _marked(text: str, places: set[int]) -> str:
    parts, last = [], False
    for place, char in enumerate(text):
        wrong = place in places
        if wrong != last:
            parts.append("<mark>" if wrong else "</mark>")
        parts.append(escape(char) if char.isprintable() else f"\\u{ord(char):04x}")
        last = wrong
    return "".join(parts) + ("</mark>" if last else "")


def _line(sample: Sample, kind: str, address: str | None) -> str:
    here, there = sample.marks()
    picture = f'<img alt="" src="{address}">' if address else '<span class="gone">no picture</span>'
    true = _marked(sample.truth, here) or '<span class="gone">no text there</span>'
    read = _marked(sample.read, there) or '<span class="gone">nothing</span>'
    sure = "" if sample.confidence is None else f", confidence {sample.confidence:.0%}"
    count = len(sample.faults)
    faults = f"{count:,} {'fault' if count == 1 else 'faults'} on {len(sample.folded[0]):,} characters"
    return (
        f'<article class="line {kind}"><figure>{picture}</figure><dl lang="zh">'
        f'<dt lang="en">truth</dt><dd class="true">{true}</dd>'
        f'<dt lang="en">read</dt><dd>{read}</dd></dl><p>{escape(sample.picture.name)}: {faults}{sure}</p></article>'
    )


def _trust_words(chars: int, wrong: int) -> str:
    return (
        f"Of the {chars:,} characters that were read with a confidence, {wrong:,} are wrong. Bars: the share that was "
        "right; red: the confidence claimed. Where both meet, a confidence means what it says. Characters that "
        "were not read at all have none and do not appear here."
    )


def _trust(details: Sequence[Detail]) -> str:
    sure, right = judged(details)
    if not len(sure):
        return '<div class="card"><p class="none">The reader gave no confidences.</p></div>'
    rows = []
    for one in details:
        own = judged([one])
        if len(own[0]):
            rows.append((escape(one.name), *_trusted(*own)))
    if len(rows) > 1:
        rows.append(("all together", *_trusted(sure, right)))
    caught_in = f"wrong ones in the {LEAST_SURE:.0%} least sure"
    head = ("kind of pictures", "characters", "wrong", "claimed", "right", "calibration error", caught_in)
    table = _table(head, rows, total=len(rows) > 1)
    plot = figures.reliability(reliability(sure, right))
    return f'<div class="two"><div class="card">{plot}</div><div class="card scroll">{table}</div></div>'


def _trusted(sure: Confidences, right: Right) -> tuple[str, ...]:
    wrong = int((~right).sum())
    shares = _percent(float(sure.mean())), _percent(float(right.mean())), _percent(expected_error(sure, right))
    return f"{len(sure):,}", f"{wrong:,}", *shares, _percent(caught(sure, right), 0)


def _speed(recorder: Recorder) -> str:
    cards = []
    for title, pictures in (("A line picture", list(recorder.lines)), ("A page", list(recorder.pages))):
        times = [recorder.seconds[picture] for picture in pictures]
        if times:
            about = f"{len(times):,} pictures, {figures.seconds(float(np.mean(times)))} on average"
            plot = figures.histogram(times)
            cards.append(f'<div class="card"><h3>{title}</h3><p class="why">{about}</p>{plot}</div>')
    return f'<div class="two even">{"".join(cards)}</div>' if cards else '<p class="none">Nothing could be read.</p>'
