"""Recipes as TOML files: their values, and whether each is of the kind that its field says."""

from __future__ import annotations

import sys
import types
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from shizi.errors import DataError, SettingsError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

Kind = TypeVar("Kind")
_NAMES = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}


def read(path: Path) -> dict[str, Any]:
    """The values of a TOML file.

    Raises:
        DataError: no such file, or no TOML in UTF-8.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8: byte {error.start} is {error.object[error.start]:#04x}") from error
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise DataError(f"{path}: {error}") from error


def built(kind: type[Kind], values: Mapping[str, Any], what: str) -> Kind:
    """The dataclass ``kind`` of ``values``, lists as tuples; ``what`` names it in messages.

    Raises:
        SettingsError: an unknown key, a value of another kind than the field's, or one that is missing.
    """
    if not isinstance(values, Mapping):
        raise SettingsError(f"a {what} is a table, not {values!r}")
    hints = get_type_hints(kind)
    names = [one.name for one in fields(kind)]  # type: ignore[arg-type]  # a dataclass, which type cannot say
    made = {}
    for key, value in values.items():
        if key not in names:
            raise SettingsError(f"a {what} has no setting {key!r}; it has {', '.join(sorted(names))}")
        made[key] = tuple(value) if isinstance(value, list) else value
        if not _fits(made[key], hints[key]):
            raise SettingsError(f"{what}: {key} is {_name(hints[key])}, not {value!r}")
    try:
        return kind(**made)
    except TypeError as error:  # one that is missing
        raise SettingsError(f"{what}: {error}") from error


def _fits(value: Any, hint: Any) -> bool:
    origin, inner = get_origin(hint), get_args(hint)
    if origin is tuple:
        kinds = inner[:1] * len(value) if isinstance(value, tuple) and inner[-1] is ... else inner
        return isinstance(value, tuple) and len(value) == len(kinds) and all(map(_fits, value, kinds))
    if origin is types.UnionType:
        return any(_fits(value, one) for one in inner)
    if origin is not None:  # a mapping from text
        return isinstance(value, Mapping) and all(_fits(one, inner[1]) for one in value.values())
    if hint in (int, float):  # true and false are whole numbers to Python
        return type(value) is int or type(value) is hint
    return isinstance(value, hint)


def _name(hint: Any) -> str:
    inner = get_args(hint)
    if get_origin(hint) is tuple:
        return f"a list{'' if inner[-1] is ... else f' of {len(inner)}'}, each {_name(inner[0])}"
    return _NAMES.get(hint, f"a table of {_name(inner[1])}" if inner else "a table")
