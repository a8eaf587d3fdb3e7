from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shizi.errors import SettingsError
from shizi.settings import CleanSettings, FindSettings, LoadSettings, ReadSettings, Settings


def test_the_defaults_go_to_dicts_and_back() -> None:
    assert Settings.from_dict(Settings().to_dict()) == Settings()
    assert Settings.from_dict({}) == Settings()


@given(
    st.builds(
        Settings,
        load=st.builds(LoadSettings, max_bytes=st.integers(1, 10**9), min_side=st.integers(1, 100)),
        clean=st.builds(CleanSettings, deskew=st.booleans(), max_skew=st.floats(0, 45), clip=st.floats(0.1, 40)),
        read=st.builds(ReadSettings, threads=st.integers(0, 256), max_width=st.integers(64, 10_000)),
    )
)
def test_any_settings_go_to_dicts_and_back(settings: Settings) -> None:
    assert Settings.from_dict(settings.to_dict()) == settings


def test_what_is_given_is_set_and_the_rest_keeps_its_default() -> None:
    made = Settings.from_dict({"read": {"batch": 3}, "clean": {"max_skew": 5}})
    assert made.read == ReadSettings(batch=3)
    assert made.clean.max_skew == 5
    assert made.load == LoadSettings()


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"reed": {}}, "no stage 'reed'"),
        ({"read": {"bach": 3}}, "no setting 'bach'"),
        ({"read": {"batch": "3"}}, "read.batch is of type int"),
        ({"read": {"batch": 3.0}}, "read.batch is of type int"),
        ({"read": {"batch": True}}, "read.batch is of type int"),
        ({"clean": {"deskew": 1}}, "clean.deskew is of type bool"),
        ({"clean": {"max_skew": True}}, "clean.max_skew is of type float"),
        ({"clean": {"max_skew": "5"}}, "clean.max_skew is of type float"),
        ({"find": {"finder": 1}}, "find.finder is of type str"),
        ({"read": 3}, "a table"),
    ],
)
def test_what_is_misspelt_or_of_another_type_is_an_error(values: Any, said: str) -> None:
    with pytest.raises(SettingsError, match=said) as caught:
        Settings.from_dict(values)
    assert caught.value.exit_status == 2


@pytest.mark.parametrize(
    ("stage", "values"),
    [
        (LoadSettings, {"max_bytes": 0}),
        (LoadSettings, {"max_pixels": -1}),
        (LoadSettings, {"max_side": 0}),
        (LoadSettings, {"max_pages": 0}),
        (LoadSettings, {"min_side": 0}),
        (CleanSettings, {"max_skew": 46}),
        (CleanSettings, {"clip": 0}),
        (CleanSettings, {"tiles": 0}),
        (FindSettings, {"max_side": 10}),
        (FindSettings, {"min_height": 0}),
        (ReadSettings, {"threads": -1}),
        (ReadSettings, {"batch": 0}),
        (ReadSettings, {"max_width": 63}),
        (ReadSettings, {"alternatives": 11}),
    ],
)
def test_what_is_out_of_range_is_an_error_that_names_it(stage: Any, values: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match=next(iter(values))):
        stage(**values)


def test_settings_do_not_change() -> None:
    for stage in (Settings(), *(getattr(Settings(), field.name) for field in dataclasses.fields(Settings))):
        name = dataclasses.fields(stage)[0].name
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(stage, name, None)
