"""Which way the text of a page runs: rows or columns, wherever both could be seen.

Characters stand nearer to their neighbours in the line than to those of the next line (O'Gorman 1993, the document
spectrum, takes the direction from just that). So where rows and columns of ink lie on one another, those with
the smaller gaps are the lines.
"""

from __future__ import annotations

import numpy as np

from shizi.find.ink import Floats, Ints
from shizi.find.lines import Bools, Lines, bands, near, united

_MEET = 0.3  # of a crossing, height of the row times width of the column, that both share where they compete
_COVERED = 0.3  # of a line's area that lies in lines of the other direction, for one that gives way
_HELD = 0.6  # of the ink of a region's rows, that lies in its columns
_END = 1.3  # the gap at a line's end counts as so many heights of its characters: what nothing links is far apart
_CLOSER = 0.6  # gaps of columns, as a share of those of rows, from which columns are believed;
_SPARSE, _SPARSER, _AS_CLOSE = 0.4, 1.5, 0.75  # this, where so much of rows is white, so many times that of columns
_LOOSE = 0.3  # of rows that is white, from which on they may be columns whose gaps are smaller at all
_WHITE = 0.3  # of a column's length,
_WHITER = 0.62  # and of one beside such a column: 一 and 二 are mostly white
_LIKE, _ALONG = 1.35, 0.5  # heights of their characters, one to the other, and the share of their lengths side by side
_NEAR = 4.0  # heights of their characters between them
_SQUARE = 1.35  # mean length of a column's pieces, in its characters' widths
_WITHIN = 0.6  # of a column's length
_PIECES = 3  # of ink that a column has at least
_SEVERAL = 1.6  # length of a line, in heights of its characters, that is more than one
_MOST = 0.7  # of the length of a region's lines
_TOUCHING = 0.5  # white within rows, as a share of that within columns, from which the rows are the lines after all
_SOLID, _SPACED = 0.7, 0.2  # ink in what is not white of a column, and white in its length: discs, no hanzi
_LONG = 2.2  # length of a column, in its widths, that makes it one


def turned_back(columns: Lines, width: int) -> Floats:
    """(N, 4, 2): corners of columns, found as rows of a page of that width turned counter-clockwise, on the page.

    The first is the top left one.
    """
    corners = columns.corners()
    return np.stack([width - corners[..., 1], corners[..., 0]], axis=2)[:, (3, 0, 1, 2)]


def choose(rows: Lines, columns: Lines, width: int) -> tuple[Bools, Bools, bool]:
    """Which of M rows and N columns are lines of text: (M,) and (N,) marks. And may most rows be columns as well?

    ``columns`` are rows of the page, which is ``width`` wide, turned counter-clockwise by a quarter.
    """
    every = len(columns)
    long = (columns.wide >= _LONG * columns.high) & (columns.count >= _PIECES)
    # digits below one another are higher than wide; characters that are set in columns are about square
    long &= columns.wide - columns.white <= _SQUARE * columns.size * columns.count
    solid = columns.fill * columns.wide > _SOLID * (columns.wide - columns.white)
    long &= ~(solid & (columns.white >= _SPACED * columns.wide))
    chosen = np.flatnonzero(long & (columns.white <= _WHITER * columns.wide))
    columns = columns.only(chosen)
    tall = turned_back(columns, width)
    boxes, row_area = _boxes(rows.corners())
    tall_boxes, _ = _boxes(tall)
    row, column, shared = _crossings(boxes, tall_boxes)
    # what stands within the height of one row is a stroke or a letter of it; a row of columns may be several in one
    span = shared / np.maximum(tall_boxes[:, 2] - tall_boxes[:, 0], 1e-9)[column]
    inside = (span > _WITHIN * columns.wide[column]) & (rows.high[row] <= _SEVERAL * rows.size[row])
    long = np.bincount(column[inside], minlength=len(columns)) == 0
    sure = long & (columns.white <= _WHITE * columns.wide)
    long = sure | (long & _beside(columns, sure))
    which = long[column]
    row, column, shared = row[which], column[which], shared[which]
    meet = shared > _MEET * rows.high[row] * columns.high[column]
    region = united(len(rows) + len(columns), np.stack([row[meet], len(rows) + column[meet]], axis=1))
    at_row, at_column = region[: len(rows)], region[len(rows) :]
    count = int(region.max(initial=-1)) + 1
    tall_ones, at_tall = columns.only(long), at_column[long]
    within, within_tall = _inner(rows, at_row, count), _inner(tall_ones, at_tall, count)
    sparse = np.isfinite(within) & (within >= _SPARSE) & (within >= _SPARSER * within_tall)
    gap, gap_tall = _gap(rows, at_row, count), _gap(tall_ones, at_tall, count)
    down = gap_tall < np.where(sparse, _AS_CLOSE, _CLOSER) * gap
    # two characters a row, as names in a list: the rows end soon, but the characters in them all but touch
    down &= within >= _TOUCHING * within_tall
    # rows with more in them than the columns hold are not given up for these
    ink = np.bincount(at_row, (rows.wide - rows.white) * rows.high, count)
    down &= np.bincount(at_row[row], shared, count) >= _HELD * ink
    either = ~down & np.isfinite(within) & (within >= _LOOSE) & (gap_tall < gap)
    upright = long & down[at_column]
    covered = np.bincount(row, shared * upright[column], len(rows))
    keep_rows = ~down[at_row] | (covered < _COVERED * row_area)
    keep_columns = np.zeros(every, np.bool_)
    keep_columns[chosen] = upright
    return keep_rows, keep_columns, bool(np.count_nonzero(either[at_row]) > len(rows) / 2)


def _beside(columns: Lines, sure: Bools) -> Bools:
    """(N,): which columns stand beside one of the ``sure`` ones, (N,), or beside such a column, and are like it."""
    left, top, right, bottom = columns.bounds().T
    pairs = [(np.empty(0, np.intp), np.empty(0, np.intp))]
    for i, j in near(columns, _NEAR * columns.size):
        size = np.maximum(columns.size[i], columns.size[j])
        fit = size <= _LIKE * np.minimum(columns.size[i], columns.size[j])
        along = np.minimum(right[i], right[j]) - np.maximum(left[i], left[j])
        fit &= along >= _ALONG * np.minimum(right[i] - left[i], right[j] - left[j])
        fit &= np.maximum(top[i], top[j]) - np.minimum(bottom[i], bottom[j]) <= _NEAR * size
        pairs.append((i[fit], j[fit]))
    one, other = np.concatenate(pairs, axis=1)
    region = united(len(columns), np.stack([one, other], axis=1))
    return np.isin(region, region[sure])


def _gap(lines: Lines, region: Ints, count: int) -> Floats:
    """(count,) share of white in the length of each region's lines, their ends counted in; infinite without lines."""
    white = np.bincount(region, lines.white + _END * lines.size, count)
    length = np.bincount(region, np.maximum(lines.wide, lines.size), count)
    return np.where(length > 0, white / np.maximum(length, 1e-9), np.inf)


def _inner(lines: Lines, region: Ints, count: int) -> Floats:
    """(count,) share of white within each region's lines of several characters; infinite where they are the fewer."""
    several = lines.wide >= _SEVERAL * lines.size
    length = np.bincount(region, lines.wide, count)
    told = np.bincount(region[several], lines.wide[several], count)
    white = np.bincount(region[several], lines.white[several], count)
    return np.where(told >= _MOST * np.maximum(length, 1e-9), white / np.maximum(told, 1e-9), np.inf)


def _crossings(rows: Floats, columns: Floats) -> tuple[Ints, Ints, Floats]:
    """Which of (M, 4) and (N, 4) boxes overlap, and the areas that they have in common: (C,) each."""
    made = [(np.empty(0, np.intp), np.empty(0, np.intp), np.empty(0))]
    for some, others in bands(rows[:, 1::2], columns[:, 1::2]):
        a, b = rows[some, None], columns[others]
        shared = (np.minimum(a[..., 2:], b[:, 2:]) - np.maximum(a[..., :2], b[:, :2])).clip(0).prod(axis=2)
        i, j = np.nonzero(shared)
        made.append((some[i], others[j], shared[i, j]))
    row, column, shared = zip(*made, strict=True)
    return np.concatenate(row), np.concatenate(column), np.concatenate(shared)


def _boxes(corners: Floats) -> tuple[Floats, Floats]:
    """(N, 4) upright boxes around (N, 4, 2) corners, and, (N,), their areas."""
    made = np.concatenate([corners.min(axis=1), corners.max(axis=1)], axis=1)
    return made, (made[:, 2:] - made[:, :2]).prod(axis=1)
