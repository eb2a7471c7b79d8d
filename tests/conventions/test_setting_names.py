"""What the names of app settings mean. Source: Azure WebJobs SDK, INameResolver and disabled functions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funchost.conventions.setting_names import (
    UnclearDisabling,
    UnresolvedExpression,
    disabled_functions,
    expand,
    expand_binding,
    value_of,
)

SETTINGS = {"HUB": "TheHub", "Cron": "0 * * * * *", "EMPTY": ""}


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("plain", "plain"),
        ("%HUB%", "TheHub"),
        ("a-%HUB%-%Cron%", "a-TheHub-0 * * * * *"),
        ("%hub%", "TheHub"),
        ("x%EMPTY%y", "xy"),
    ],
)
def test_a_name_is_replaced_by_the_app_setting_in_any_case(text, expanded):
    assert expand(text, SETTINGS) == expanded


def test_a_name_without_a_setting_is_an_error_that_names_it():
    with pytest.raises(
        UnresolvedExpression,
        match=r"^'%X%' does not resolve to a value\. Set X in the Values of local.settings.json",
    ):
        expand("a%X%", SETTINGS)


def test_a_single_percent_sign_is_an_error_with_its_position():
    with pytest.raises(UnresolvedExpression, match=r"^The '%' at position 3 does not have a closing '%'$"):
        expand("abc%HUB", SETTINGS)


def test_a_binding_keeps_its_name_type_and_everything_that_is_no_text():
    binding = {
        "name": "%HUB%",
        "type": "%HUB%",
        "direction": "%HUB%",
        "taskHub": "%HUB%",
        "methods": ["%HUB%"],
    }

    assert expand_binding(binding, SETTINGS) == {**binding, "taskHub": "TheHub"}


def test_the_exact_name_comes_before_the_name_in_another_case():
    assert value_of("Name", {"name": "low", "Name": "exact"}) == "exact"


def test_two_percent_signs_in_a_row_are_a_name_without_a_setting():
    with pytest.raises(UnresolvedExpression, match=r"^'%%' does not resolve to a value\.$"):
        expand("%%", SETTINGS)


@given(st.text().filter(lambda text: "%" not in text))
def test_a_text_without_percent_signs_stays(text):
    assert expand(text, {}) == text


@pytest.mark.parametrize("name", ["AzureWebJobs.Hello.Disabled", "azurewebjobs_hello_disabled"])
@pytest.mark.parametrize("value", ["true", "True", "1"])
def test_an_app_setting_disables_a_function(name, value):
    assert disabled_functions({name: value}) == {"hello"}


@pytest.mark.parametrize("value", ["false", "False", "0", ""])
def test_false_and_an_empty_value_disable_nothing(value):
    assert disabled_functions({"AzureWebJobs.Hello.Disabled": value}) == frozenset()


def test_a_value_that_is_neither_true_nor_false_is_an_error():
    with pytest.raises(
        UnclearDisabling, match=r"^AzureWebJobs\.Hello\.Disabled is 'yes'\. It must be true or f"
    ):
        disabled_functions({"AzureWebJobs.Hello.Disabled": "yes"})
