"""What may be read: named alphabets, and alphabets from a file."""

from __future__ import annotations

import string
from collections.abc import Callable
from pathlib import Path

from shizi.errors import SettingsError
from shizi.read import charset

PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
"""First character of a number plate (GA 36-2018): the provinces in short."""

# Makers rather than sets: the hanzi are decoded only when they are asked for.
ALPHABETS: dict[str, Callable[[], str]] = {
    "digits": lambda: string.digits,
    "latin": lambda: string.ascii_letters + string.digits + " ",
    "ascii": lambda: charset.ASCII,
    "han": lambda: charset.gb2312_hanzi() + charset.tgh_rest() + "〇々",
    "gb2312": charset.gb2312_hanzi,
    # the letter I is on no plate: it looks like the digit 1
    "plate": lambda: PROVINCES + string.digits + string.ascii_uppercase.replace("I", "") + "警学港澳挂使领·",
    "amount": lambda: string.digits + "零壹贰叁肆伍陆柒捌玖拾佰仟万亿元圆角分整正人民币¥￥.,，",
    "date": lambda: string.digits + "〇零一二三四五六七八九十廿年月日号时分秒点上下午星期周元-/.:： ",
}
"""Name -> its characters. ``latin`` is letters, digits and the blank; ``ascii`` has the punctuation too."""

MAX_BYTES = 1024 * 1024
"""An alphabet's file is no larger; Unicode's hanzi all together are a third of it."""


def allowed(name_or_path: str) -> frozenset[str]:
    """Characters that may be read: a name in :data:`ALPHABETS`, or else a UTF-8 file that holds them.

    All characters of the file count except line ends; where they stand means nothing.

    Raises:
        SettingsError: neither a name nor a file, or a file that is too large, not UTF-8, or without a character.
    """
    if name_or_path in ALPHABETS:
        return frozenset(ALPHABETS[name_or_path]())
    path = Path(name_or_path)
    if not path.is_file():
        names = ", ".join(ALPHABETS)
        raise SettingsError(f"{name_or_path!r} is neither a file nor an alphabet; the alphabets are {names}")
    if path.stat().st_size > MAX_BYTES:
        raise SettingsError(f"{path} holds more than {MAX_BYTES} bytes, so it is no alphabet")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path} is not UTF-8 text") from error
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}") from error
    found = frozenset(text) - {"\n", "\r"}
    if not found:
        raise SettingsError(f"{path} holds no character")
    return found
