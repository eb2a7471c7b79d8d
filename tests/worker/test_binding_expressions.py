"""%NAME% in binding values. Source: Azure WebJobs SDK, INameResolver."""

import pytest

from funchost.worker.binding_expressions import UnresolvedExpression, expand, expand_binding

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
    with pytest.raises(UnresolvedExpression, match=r"^'%X%' does not resolve to a value\.$"):
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
