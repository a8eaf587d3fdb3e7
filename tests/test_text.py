from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shizi.settings import TextSettings
from shizi.text import tidy
from shizi.types import Char, Quad

texts = st.text(st.sampled_from("识字々aZ7  ，。（”—·$~"), max_size=20)
switches = st.builds(TextSettings, han_blanks=st.booleans(), trim=st.booleans())


def line(text: str) -> list[Char]:
    return [Char(char, 0.5, Quad.box(i, 0, i + 1, 1)) for i, char in enumerate(text)]


def tidied(text: str, settings: TextSettings | None = None) -> str:
    return "".join(char.text for char in tidy(line(text), settings or TextSettings()))


@pytest.mark.parametrize(
    ("seen", "kept"),
    [
        ("识 字", "识字"),
        ("识  字  ", "识字"),
        ("你好 ， hello", "你好，hello"),
        ("（ a b ）", "（a b）"),
        ("say hello world", "say hello world"),
        ("共 12 页 A4", "共 12 页 A4"),
        ("He said “no” twice", "He said “no” twice"),
        ("他说 “好” 。", "他说“好”。"),
        ("他说“ 好 ”", "他说“好”"),
        ("王 · 李", "王·李"),
        ("a · b", "a · b"),
        ("  x ", "x"),
        ("   ", ""),
        ("", ""),
        ("$ 100, 5 %", "$ 100, 5 %"),
    ],
)
def test_rules(seen: str, kept: str) -> None:
    assert tidied(seen) == kept


def test_each_rule_has_its_switch() -> None:
    assert tidied(" 识 字 ", TextSettings(han_blanks=False)) == "识 字"
    assert tidied(" 识 字 ", TextSettings(trim=False)) == " 识字 "
    assert tidied(" 识 字 ", TextSettings(han_blanks=False, trim=False)) == " 识 字 "


@given(texts, switches)
def test_only_blanks_go_and_the_rest_stays_as_it_was(text: str, settings: TextSettings) -> None:
    chars = line(text)
    kept = tidy(chars, settings)
    assert [char for char in kept if char.text != " "] == [char for char in chars if char.text != " "]
    rest = iter(chars)
    assert all(char in rest for char in kept), "kept characters stay in order"


@given(texts, switches)
def test_tidying_twice_changes_nothing(text: str, settings: TextSettings) -> None:
    once = tidy(line(text), settings)
    assert tidy(once, settings) == once
