"""Real lines for training: label files, folders and LMDB, each as a random-access sequence of (strip, text).

Pictures are decoded when they are asked for, by the same code that a Reader uses. A broken item does not end a run of
hours: :meth:`LineSource.get` gives None for it and :attr:`LineSource.skipped` says why, which
:class:`shizi.learn.real.RealLines` counts when the run begins. No torch here.
"""

from __future__ import annotations

import json
import os
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any
from weakref import WeakValueDictionary

from shizi import clean, load
from shizi.clean import Grey
from shizi.errors import DataError, InputError, MissingExtra
from shizi.learn.truth import LABELS, rows
from shizi.settings import LoadSettings

Sample = tuple[Grey, str]
"""A grey (H, W) strip as it came, and its text."""


class LineSource(ABC):
    """Lines that can be asked for by number, from 0.

    A source may be handed to other processes, and is meant for one thread each.
    """

    def __init__(self) -> None:
        self._skipped: dict[str, str] = {}

    @abstractmethod
    def __len__(self) -> int:
        """Number of items, broken ones included where they cannot be told without decoding."""

    @abstractmethod
    def name(self, index: int) -> str:
        """Where item ``index`` stands, for messages."""

    @abstractmethod
    def raw(self, index: int) -> tuple[bytes, str]:
        """The picture's bytes and the text of item ``index``.

        Raises:
            DataError: there is no such picture or text.
        """

    def __getitem__(self, index: int) -> Sample:
        """Item ``index``, decoded; negative ones count from the end.

        Raises:
            IndexError: there is no such item.
            DataError: it is broken; the message says where it stands and why.
        """
        if not -len(self) <= index < len(self):
            raise IndexError(f"item {index} of {len(self)}")
        sample = self._sample(index % len(self))
        if isinstance(sample, str):
            raise DataError(f"{self.name(index % len(self))}: {sample}")
        return sample

    def get(self, index: int) -> Sample | None:
        """Item ``index`` from 0, or None where it is broken; it then stands in :attr:`skipped`."""
        sample = self._sample(index)
        if isinstance(sample, str):
            self._skipped[self.name(index)] = sample
            return None
        return sample

    def _sample(self, index: int) -> Sample | str:
        """The item, or why it cannot be used."""
        try:
            data, text = self.raw(index)
            return (decode(data), text) if text.strip() else "empty text"
        except InputError as error:
            return error.code
        except DataError as error:
            return str(error)

    def __iter__(self) -> Iterator[Sample]:
        """The items that are whole, in order."""
        for index in range(len(self)):
            sample = self.get(index)
            if sample is not None:
                yield sample

    @property
    def skipped(self) -> dict[str, str]:
        """Places of the broken items met so far, each with its reason."""
        return dict(self._skipped)

    @property
    def reasons(self) -> Counter[str]:
        """How many broken items were met so far, by reason."""
        return Counter(self._skipped.values())


class LabelFile(LineSource):
    """A text file of rows ``file TAB text``, UTF-8: ours (``labels.tsv``) and PaddleOCR's.

    The text is all that follows the first tab, blanks included. In PaddleOCR's manner the file may be a JSON array of
    files that show the same text; each becomes an item. Files are relative to ``root``, by default the label file's
    folder. Rows of another shape are skipped and counted.
    """

    def __init__(self, path: Path, root: Path | None = None) -> None:
        """Read the rows; the pictures are not opened.

        Raises:
            DataError: the file cannot be read, is not UTF-8, or no row has the right shape.
        """
        super().__init__()
        root = path.parent if root is None else root
        self._items: list[tuple[int, Path, str]] = []
        self._path = path
        for number, row in rows(path):
            cell, tab, text = row.partition("\t")
            files = _files(cell)
            if not tab or not files:
                self._skipped[f"{path}, row {number}"] = "no tab" if not tab else "no file name"
            self._items += [(number, root / file, text) for file in files if tab]
        if not self._items:
            raise DataError(f'{path} has no rows "file TAB text"')

    def __len__(self) -> int:
        return len(self._items)

    def name(self, index: int) -> str:
        """Label file, row and picture."""
        number, file, _ = self._items[index]
        return f"{self._path}, row {number}, {file.name}"

    def raw(self, index: int) -> tuple[bytes, str]:
        """See :meth:`LineSource.raw`."""
        _, file, text = self._items[index]
        try:
            return file.read_bytes(), text
        except OSError as error:
            raise DataError(f"the picture cannot be read: {error.strerror}") from error
        except ValueError as error:  # a zero byte in the name
            raise DataError("no file name") from error


def _files(cell: str) -> list[str]:
    """The file names in the first cell of a row: one, or a JSON array of them."""
    cell = cell.strip()
    if cell.startswith("["):
        try:
            names = json.loads(cell)
        except ValueError:
            return [cell]  # a file may be called so
        if isinstance(names, list):
            return [name for name in names if isinstance(name, str) and name]
    return [cell] if cell else []


class Lmdb(LineSource):
    """An LMDB in the field's usual layout: ``num-samples``, ``image-%09d`` and ``label-%09d``, counted from 1."""

    def __init__(self, path: Path) -> None:
        """Open it and read the number of items.

        Raises:
            DataError: it is no such LMDB.
            MissingExtra: lmdb is not installed.
        """
        super().__init__()
        self._path = path
        self._env: Any = None
        self._owner = -1
        count = self._value(b"num-samples")
        if count is None or not count.isdigit():
            raise DataError(f"{path} is no LMDB of lines: it has no num-samples")
        self._count = int(count)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_env": None, "_owner": -1}

    def __len__(self) -> int:
        return self._count

    def name(self, index: int) -> str:
        """The LMDB and its key."""
        return f"{self._path}, image-{index + 1:09d}"

    def raw(self, index: int) -> tuple[bytes, str]:
        """See :meth:`LineSource.raw`."""
        data = self._value(f"image-{index + 1:09d}".encode())
        label = self._value(f"label-{index + 1:09d}".encode())
        if data is None or label is None:
            raise DataError("no picture" if data is None else "no text")
        try:
            return data, label.decode("utf-8")
        except UnicodeDecodeError as error:
            raise DataError("text that is not UTF-8") from error

    def _value(self, key: bytes) -> bytes | None:
        if self._owner != os.getpid():
            self._env = _environment(self._path)
            self._owner = os.getpid()
        with self._env.begin() as transaction:
            value: bytes | None = transaction.get(key)
            return value


_environments: WeakValueDictionary[tuple[int, str], Any] = WeakValueDictionary()


def _environment(path: Path) -> Any:
    """The process's one environment of ``path``: LMDB allows no second, and none that came over a fork."""
    lmdb = _lmdb()
    key = os.getpid(), str(path.resolve())
    env = _environments.get(key)
    if env is None:
        for (_, place), inherited in list(_environments.items()):
            if place == key[1]:  # of another process, else it would have been found
                inherited.close()
        try:
            env = lmdb.open(str(path), subdir=path.is_dir(), readonly=True, lock=False, readahead=False)
        except lmdb.Error as error:
            raise DataError(f"{path} cannot be opened as an LMDB: {error}") from error
        _environments[key] = env
    return env


def open_source(path: Path) -> LineSource:
    """Open lines by what stands at ``path``.

    A folder with ``labels.tsv``, a folder with ``data.mdb``, an ``.mdb`` or ``.lmdb`` file, or any other file, which is
    taken for a label file.

    Raises:
        DataError: there is nothing, or nothing that fits.
        MissingExtra: it is an LMDB, and lmdb is not installed.
    """
    if path.is_dir():
        if (path / LABELS).is_file():
            return LabelFile(path / LABELS)
        if (path / "data.mdb").is_file():
            return Lmdb(path)
        raise DataError(f"the folder {path} has neither a {LABELS} nor a data.mdb")
    if not path.is_file():
        raise DataError(f"there is no {path}")
    return Lmdb(path) if path.suffix in (".mdb", ".lmdb") else LabelFile(path)


def decode(data: bytes) -> Grey:
    """A picture file's bytes -> (H, W) grey, EXIF orientation applied, transparency laid on a ground.

    Raises:
        InputError: one of its children; :func:`shizi.load.pictures` lists them.
    """
    return clean.grey(load.picture(data, LoadSettings()).pixels)


def _lmdb() -> ModuleType:
    try:
        import lmdb
    except ImportError as error:
        raise MissingExtra("this needs lmdb: pip install 'shizi[train]'") from error
    module: ModuleType = lmdb
    return module
