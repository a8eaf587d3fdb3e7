from __future__ import annotations

from pathlib import Path

import pytest

from shizi.errors import SettingsError
from shizi.read import hints
from shizi.read.charset import Charset


@pytest.mark.parametrize("name", hints.ALPHABETS)
def test_every_named_alphabet_can_be_read(name: str) -> None:
    found = hints.allowed(name)
    assert found
    assert found <= set(Charset.default().chars)
    assert len(hints.ALPHABETS[name]()) == len(found), "a character stands twice"


def test_the_alphabets_say_what_their_names_say() -> None:
    assert hints.allowed("digits") == frozenset("0123456789")
    assert len(hints.allowed("ascii")) == 95
    assert len(hints.allowed("gb2312")) == 6763
    assert hints.allowed("gb2312") < hints.allowed("han")
    assert hints.allowed("plate") >= set("京A12345") and len(hints.PROVINCES) == 31
    assert hints.allowed("amount") >= set("人民币壹仟贰佰叁拾肆元伍角陆分整¥1,234.56")
    assert hints.allowed("date") >= set("2024年12月31日 星期二 08:30")


def test_a_file_is_an_alphabet(tmp_path: Path) -> None:
    path = tmp_path / "mine.txt"
    path.write_bytes("\ufeff识字\r\n 01\n".encode())
    assert hints.allowed(str(path)) == frozenset("识字 01")


def test_what_is_no_alphabet_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as raised:
        hints.allowed("diggits")
    assert all(name in str(raised.value) for name in hints.ALPHABETS)
    too_large = b"a" * (hints.MAX_BYTES + 1)
    for content, words in ((b"\n\n", "no character"), (b"\xff\xfe\x00", "UTF-8"), (too_large, "bytes")):
        path = tmp_path / "wrong.txt"
        path.write_bytes(content)
        with pytest.raises(SettingsError, match=words):
            hints.allowed(str(path))
    with pytest.raises(SettingsError):
        hints.allowed(str(tmp_path))
