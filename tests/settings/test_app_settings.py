"""Expectations: azure-webjobs-sdk, name resolution in binding values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funchost.settings import SettingsError, resolve_percent


def test_each_placeholder_is_replaced(app_settings: dict[str, str]) -> None:
    assert resolve_percent("start%NAME%-%OTHER%end", app_settings) == "startA-Bend"
    assert resolve_percent("%NAME%", app_settings) == "A"


def test_names_are_found_in_any_case_the_exact_one_first(app_settings: dict[str, str]) -> None:
    assert resolve_percent("%name%", app_settings) == "A"
    assert resolve_percent("%Name%", {"name": "low", "Name": "exact"}) == "exact"


def test_an_empty_value_is_a_value() -> None:
    assert resolve_percent("a%EMPTY%b", {"EMPTY": ""}) == "ab"


@pytest.mark.parametrize(("text", "name"), [("x%MISSING%", "MISSING"), ("%%", "")])
def test_a_name_without_a_value_is_refused(app_settings: dict[str, str], text: str, name: str) -> None:
    with pytest.raises(SettingsError) as caught:
        resolve_percent(text, app_settings)
    assert str(caught.value) == f"'%{name}%' does not resolve to a value."


def test_a_percent_sign_alone_is_refused_with_its_position(app_settings: dict[str, str]) -> None:
    with pytest.raises(SettingsError) as caught:
        resolve_percent("%NAME%50%", app_settings)
    assert str(caught.value) == "The '%' at position 8 does not have a closing '%'"


@given(st.text().filter(lambda text: "%" not in text))
def test_a_text_without_percent_signs_stays(text: str) -> None:
    assert resolve_percent(text, {}) == text


@pytest.fixture
def app_settings() -> dict[str, str]:
    return {"NAME": "A", "OTHER": "B"}
