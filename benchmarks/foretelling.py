"""How well an n-gram foretells the hanzi of texts that it was not counted over.

``python benchmarks/foretelling.py FILE.ngram... --texts TEXT...`` prints for each text the mean natural logarithm that
a hanzi costs each model, less is better: exp of it is the perplexity. A blank is passed over, as on a picture; no
context reaches over the end of a row. TEXT is UTF-8, plain or .xz, or the folder of a slice for ``shizi score``.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from shizi.learn import truth
from shizi.learn.lexicon import lines
from shizi.read.ngram import NGram, State
from shizi.script import is_chinese


def surprise(model: NGram, rows: Iterable[str]) -> float:
    """-ln p of a hanzi, the mean over ``rows``; 0 where there is none."""
    total, count = 0.0, 0
    for row in rows:
        state: State = (-1, -1)
        for char in row.replace(" ", ""):
            number = model.number(char)
            if is_chinese(char):
                total += model.surprise(state, number)
                count += 1
            state = state[1], number
    return total / max(1, count)


def rows(path: Path, most: int) -> Iterator[str]:
    """The rows of a text, ``most`` of them spread over all, or the true lines of a slice."""
    if path.is_dir():
        return (line.text for one in truth.slices(path) for page in one.pages for line in page.lines)
    every = [row for row in lines(path) if row.strip()]
    return islice(every, 0, None, max(1, len(every) // most))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", type=Path, nargs="+")
    parser.add_argument("--texts", type=Path, nargs="+", required=True)
    parser.add_argument("--rows", type=int, default=1000, help="of each text at most, about; default: 1000")
    args = parser.parse_args()
    models = [NGram.open(path) for path in args.models]
    print(f"{'text':40}", *(f"{path.name:>16}" for path in args.models))
    for text in args.texts:
        given = list(rows(text, args.rows))
        print(f"{text.name:40}", *(f"{surprise(model, given):16.2f}" for model in models))


if __name__ == "__main__":
    main()
