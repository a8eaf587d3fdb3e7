from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shizi.errors import SettingsError
from shizi.read.charset import BLANK, Charset, big5_hanzi, gb2312_hanzi, tgh_rest

DEFAULT = Charset.default()


def test_the_default_alphabet_holds_what_it_promises() -> None:
    assert len(gb2312_hanzi()) == len(set(gb2312_hanzi())) == 6763
    assert gb2312_hanzi()[0] == "啊" and gb2312_hanzi()[-1] == "齄"
    assert not set(tgh_rest()) & set(gb2312_hanzi())
    assert len(big5_hanzi()) == len(set(big5_hanzi())) == 5401
    assert big5_hanzi()[0] == "一" and big5_hanzi()[-1] == "籲"
    assert DEFAULT.size == len(DEFAULT.chars) + 1 == 10522
    assert all(char in DEFAULT for char in " aZ09~，。￥℃×±①Ⅻ识字镕識爲")
    assert not any(char in DEFAULT for char in "Ａ１\n\t\u3000")


def test_the_fingerprint_of_the_default_alphabet_stays() -> None:
    """Shipped weights depend on the order: a change here makes them unusable."""
    assert DEFAULT.fingerprint == Charset(DEFAULT.chars).fingerprint
    assert DEFAULT.fingerprint != Charset(DEFAULT.chars[::-1]).fingerprint
    assert len(DEFAULT.fingerprint) == 16 and int(DEFAULT.fingerprint, 16) >= 0


@given(st.text(max_size=20), st.text(max_size=20))
def test_fingerprints_are_equal_for_equal_alphabets_only(a: str, b: str) -> None:
    one, other = Charset.of(a), Charset.of(b)
    assert (one.fingerprint == other.fingerprint) == (one.chars == other.chars)


@given(st.text(st.sampled_from(DEFAULT.chars)))
def test_decode_undoes_encode(text: str) -> None:
    classes = DEFAULT.encode(text)
    assert all(0 < cls < DEFAULT.size for cls in classes)
    assert DEFAULT.decode(classes) == text
    assert DEFAULT.decode([cls for pair in zip(classes, [BLANK] * len(classes), strict=True) for cls in pair]) == text


@given(st.text())
def test_known_keeps_only_what_can_be_encoded(text: str) -> None:
    kept = DEFAULT.known(text)
    assert DEFAULT.decode(DEFAULT.encode(kept)) == kept
    assert DEFAULT.known(kept) == kept


def test_known_folds_full_width_letters_and_keeps_chinese_punctuation() -> None:
    assert DEFAULT.known("ＡＢ１２，。\u3000\x00") == "AB12，。 "


def test_the_mask_allows_the_blank_of_ctc_and_the_given_characters() -> None:
    charset = Charset.of("abc")
    assert charset.mask("b?").tolist() == [True, False, True, False]
    assert charset.mask("").tolist() == [True, False, False, False]


def test_alphabets_that_cannot_be_are_refused() -> None:
    with pytest.raises(SettingsError, match="twice"):
        Charset(("a", "a"))
    with pytest.raises(SettingsError, match="one code point"):
        Charset(("ab",))
    with pytest.raises(KeyError):
        Charset.of("a").encode("b")


def test_look_alikes_share_a_number() -> None:
    charset = Charset.default()
    number = dict(zip(charset.chars, charset.alike[1:], strict=True))
    for one, other in ("hH", ",，", "-—", "0O", "(（", "毕半"):
        assert number[one] == number[other]
    for one, other in ("il", "日A", "一-", "，。", "1l"):
        assert number[one] != number[other]
    assert charset.alike[0] not in charset.alike[1:]
