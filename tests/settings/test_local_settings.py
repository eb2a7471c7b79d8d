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
    ("local", "named"),
    [
        ("{nonsense", "line 1 column 2"),
        ("[]", "must hold an object"),
        ({"Values": []}, "Values is []. It must be an object."),
        ({"IsEncrypted": "maybe", "Values": {"A": "b"}}, 'IsEncrypted is "maybe". It must be true or false.'),
        ({"IsEncrypted": False, "Values": {"A": {"b": 1}}}, 'Values.A is {"b": 1}.'),
        ({"IsEncrypted": False, "ConnectionStrings": {"Db": 5}}, "ConnectionStrings.Db is 5."),
        ({"Host": {"LocalHttpPort": 0}}, "Host.LocalHttpPort is 0. It must be a port from 1 to 65535."),
        ({"Host": {"LocalHttpPort": True}}, "Host.LocalHttpPort is true."),
        ({"Host": {"LocalHttpPort": "seven"}}, 'Host.LocalHttpPort is "seven".'),
        ({"Host": {"LocalHttpAddress": 127}}, "Host.LocalHttpAddress is 127. It must be a string."),
        ({"Host": {"CORS": ["*"]}}, 'Host.CORS is ["*"]. It must be a string.'),
        ({"Host": {"CORSCredentials": "perhaps"}}, 'Host.CORSCredentials is "perhaps".'),
    ],
)
def test_a_wrong_file_is_refused_with_the_place_and_what_is_allowed(
    load_app: Load, local: Any, named: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        load_app(local=local)
    text = str(caught.value)
    assert text.startswith("Failed to read app settings file at '")
    assert "Ensure it is a valid JSON file." in text
    assert named in text
