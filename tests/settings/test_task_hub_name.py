"""Expectations: Durable Functions extension, task hub names."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funchost.settings import SettingsError
from funchost.settings.task_hub_name import sanitized
from tests.settings.conftest import Load


@pytest.mark.parametrize("name", ["abc", "MyHub2", "a" * 50])
def test_letters_and_digits_after_a_letter_are_a_name(load_app: Load, name: str) -> None:
    assert load_app(durable={"hubName": name}).hub.name == name


@pytest.mark.parametrize("name", ["ab", "a" * 51, "1abc", "my-hub", "my hub", "häb", "%A%b"])
def test_another_given_name_is_refused_in_the_words_of_the_extension(load_app: Load, name: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_app(durable={"hubName": name})
    assert str(caught.value).startswith(
        f"Task hub name '{name}' should contain only alphanumeric characters, start with a letter, and have "
        "length between 3 and 45."
    )


@pytest.mark.parametrize("store", ["azureManaged", "mssql"])
@pytest.mark.parametrize("name", ["my-hub", "a", "1", "my_hub.v2", "x" * 100])
def test_stores_other_than_azure_storage_take_more_names(load_app: Load, store: str, name: str) -> None:
    settings = load_app(durable={"hubName": name, "storageProvider": {"type": store}})
    assert settings.hub.name == name


@pytest.mark.parametrize("name", ["../hub", "a/b", ".hub", "-hub", "my hub", "x" * 101])
def test_a_name_that_is_no_plain_file_name_is_refused_for_every_store(load_app: Load, name: str) -> None:
    with pytest.raises(
        SettingsError, match=r"must have 1 to 100 letters, digits, .* It comes from host\.json\."
    ):
        load_app(durable={"hubName": name, "storageProvider": {"type": "azureManaged"}})


def test_a_name_in_percent_signs_is_the_value_of_an_app_setting(load_app: Load) -> None:
    assert load_app(durable={"hubName": "%HUB%"}, values={"HUB": "FromSetting"}).hub.name == "FromSetting"


def test_the_bare_name_of_an_app_setting_is_resolved_as_well(load_app: Load) -> None:
    assert load_app({"TASK_HUB": "FromSetting"}, durable={"hubName": "TASK_HUB"}).hub.name == "FromSetting"


def test_a_placeholder_without_a_value_is_refused(load_app: Load) -> None:
    with pytest.raises(SettingsError, match=r"'%HUB%'.*names an app setting that is not set"):
        load_app(durable={"hubName": "%HUB%"})


@pytest.mark.parametrize("given", [{}, {"hubName": ""}])
def test_without_a_name_the_site_gives_it(load_app: Load, given: dict[str, str]) -> None:
    settings = load_app({"WEBSITE_SITE_NAME": "my-site"}, durable=given)
    assert settings.hub.name == "mysite"
    assert settings.origins["hub.name"] == "app setting WEBSITE_SITE_NAME"


@pytest.mark.parametrize(
    ("name", "fit"),
    [("my-site", "mysite"), ("4u", "t4u"), ("ab", "abHub"), ("---", "DefaultTaskHub"), ("x" * 60, "x" * 45)],
)
def test_a_default_name_is_made_fit(name: str, fit: str) -> None:
    assert sanitized(name) == fit


@given(st.text())
def test_every_default_name_ends_as_an_allowed_one(name: str) -> None:
    assert re.fullmatch("[A-Za-z][A-Za-z0-9]{2,44}", sanitized(name))
