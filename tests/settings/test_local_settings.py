"""Expectations: Azure Functions Core Tools, local.settings.json."""

from __future__ import annotations

from typing import Any

import pytest

from funchost.settings import SettingsError
from tests.settings.conftest import Load


def test_values_become_environment_of_the_workers_as_text(load_app: Load) -> None:
    environment = load_app(values={"NAME": "x", "COUNT": 3, "RATIO": 1.5, "FLAG": True}).environment
    assert (environment["NAME"], environment["COUNT"]) == ("x", "3")
    assert (environment["RATIO"], environment["FLAG"]) == ("1.5", "True")


def test_a_value_that_the_environment_has_is_skipped_with_a_notice(load_app: Load) -> None:
    settings = load_app({"NAME": "outer"}, values={"NAME": "inner"})
    assert settings.environment["NAME"] == "outer"
    assert settings.warnings == (
        "Skipping 'NAME' from local settings as it's already defined in current environment variables.",
    )


def test_a_value_replaces_an_empty_variable_of_the_environment(load_app: Load) -> None:
    assert load_app({"NAME": ""}, values={"NAME": "inner"}).environment["NAME"] == "inner"


def test_values_without_a_name_or_a_value_are_skipped_with_a_notice(load_app: Load) -> None:
    settings = load_app(values={"": "x", "NOTHING": None})
    assert "NOTHING" not in settings.environment
    assert len(settings.warnings) == 2


def test_connection_strings_become_variables_of_their_own(load_app: Load) -> None:
    settings = load_app(
        local={
            "IsEncrypted": False,
            "ConnectionStrings": {"Db": "a", "Other": {"ConnectionString": "b", "ProviderName": "p"}},
        }
    )
    assert settings.environment["ConnectionStrings:Db"] == "a"
    assert settings.environment["ConnectionStrings:Other"] == "b"


def test_key_vault_references_are_named_in_a_warning(load_app: Load) -> None:
    settings = load_app(values={"SECRET": "@Microsoft.KeyVault(VaultName=v;SecretName=s)"})
    assert "SECRET" in settings.warnings[0]
    assert settings.environment["SECRET"].startswith("@Microsoft.KeyVault(")


def test_section_names_are_taken_in_any_case(load_app: Load) -> None:
    assert load_app(local={"isencrypted": False, "host": {"localhttpport": "8080"}}).port == 8080


def test_plain_values_without_is_encrypted_are_refused_as_the_real_tool_does(load_app: Load) -> None:
    with pytest.raises(SettingsError, match=r"Failed to decrypt settings.*\"IsEncrypted\": false"):
        load_app(local={"Values": {"NAME": "x"}})


def test_a_file_without_values_needs_no_is_encrypted(load_app: Load) -> None:
    assert load_app(local={"Host": {"LocalHttpPort": 7099}}).port == 7099


@pytest.mark.parametrize(
    ("local", "detail"),
    [
        ("{nonsense", "line 1 column 2"),
        ("[]", "must hold an object"),
        ("", "line 1"),
        ("9" * 5000, "digits"),
        ("[" * 100_000 + "]" * 100_000, "nested more than 100 levels deep"),
        ('{"Host":' * 150 + "1" + "}" * 150, "nested more than 100 levels deep"),
    ],
)
def test_a_file_that_holds_no_object_is_refused(load_app: Load, local: str, detail: str) -> None:
    with pytest.raises(
        SettingsError, match=r"^Failed to read app settings file at '.*Ensure it is .*" + detail
    ):
        load_app(local=local)


@pytest.mark.parametrize("name", ["A=B", "A\0", "\ud800"])
@pytest.mark.parametrize("section", ["Values", "ConnectionStrings"])
def test_a_name_that_no_environment_variable_can_have_is_refused(
    load_app: Load, section: str, name: str
) -> None:
    with pytest.raises(SettingsError, match="may hold NUL or half a surrogate pair"):
        load_app(local={"IsEncrypted": False, section: {name: "x"}})


@pytest.mark.parametrize("value", ["x\0y", "\ud800", "a\udfffb"])
def test_a_value_that_no_environment_variable_can_have_is_refused(load_app: Load, value: str) -> None:
    with pytest.raises(SettingsError, match=r"Values.A is .* may hold NUL or half a surrogate pair"):
        load_app(values={"A": value})


@pytest.mark.parametrize(
    ("local", "said"),
    [
        ({"Values": []}, "Values is []. It must be an object."),
        ({"IsEncrypted": "maybe"}, 'IsEncrypted is "maybe". It must be true or false.'),
        ({"IsEncrypted": False, "Values": {"A": {"b": 1}}}, 'Values.A is {"b": 1}. It must be a string, '),
        ({"IsEncrypted": False, "ConnectionStrings": {"Db": 5}}, "ConnectionStrings.Db is 5. It must be a "),
        ({"Host": {"LocalHttpPort": 0}}, "Host.LocalHttpPort: 0 is not a port. Give 1 to 65535"),
        ({"Host": {"LocalHttpPort": True}}, "Host.LocalHttpPort: True is not a port."),
        ({"Host": {"LocalHttpPort": "seven"}}, "Host.LocalHttpPort: seven is not a port."),
        ({"Host": {"LocalHttpAddress": 127}}, "Host.LocalHttpAddress is 127. It must be a string."),
        ({"Host": {"CORS": ["*"]}}, 'Host.CORS is ["*"]. It must be a string.'),
        (
            {"Host": {"CORSCredentials": "perhaps"}},
            'Host.CORSCredentials is "perhaps". It must be true or false.',
        ),
    ],
)
def test_a_wrong_value_is_refused_with_its_place_and_what_is_allowed(
    load_app: Load, local: Any, said: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        load_app(local=local)
    assert str(caught.value).startswith(f"local.settings.json: {said}")
