"""Expectations: azure-functions-host, host.json configuration."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from funchost.settings import RequestLimits, SettingsError, Watch
from tests.settings.conftest import Load


def test_without_a_file_defaults_are_used_and_none_is_written(app: Path, load_app: Load) -> None:
    (app / "host.json").unlink()
    settings = load_app(local="{}")
    assert settings.route_prefix == "api"
    assert settings.warnings == ("host.json is missing; defaults are used.",)
    assert not (app / "host.json").exists()


def test_an_empty_object_stands_for_the_default_file(load_app: Load) -> None:
    assert load_app(host="{}").route_prefix == "api"


def test_comments_are_taken(load_app: Load) -> None:
    text = "{'version': '2.0', /* x */ 'extensions': {'http': {'routePrefix': 'v1',}}}"
    assert load_app(host=text).route_prefix == "v1"


@pytest.mark.parametrize("text", ["{", "[]", '"2.0"', "", "9" * 5000, "[" * 100_000 + "]" * 100_000])
def test_a_file_that_is_no_object_is_refused(app: Path, load_app: Load, text: str) -> None:
    with pytest.raises(SettingsError, match=r"^Unable to parse host configuration file '.*host\.json'\."):
        load_app(host=text)


def test_a_file_that_is_not_text_is_refused(app: Path, load_app: Load) -> None:
    (app / "host.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match="Unable to parse host configuration file"):
        load_app()


def test_the_version_is_required(load_app: Load) -> None:
    with pytest.raises(SettingsError) as caught:
        load_app(host='{"functionTimeout": "00:01:00"}')
    assert str(caught.value) == (
        "The host.json file is missing the required 'version' property. "
        "See https://aka.ms/functions-hostjson for steps to migrate the configuration file."
    )


@pytest.mark.parametrize(("version", "extra"), [("4.0", False), ("3.0", True), (2, False)])
def test_another_version_is_refused(load_app: Load, version: Any, extra: bool) -> None:
    with pytest.raises(SettingsError) as caught:
        load_app(host={"version": version})
    text = str(caught.value)
    assert text.startswith(f"'{version}' is an invalid value for host.json 'version' property. We recommend")
    assert ("This does not correspond to the function runtime version" in text) is extra


def test_keys_are_compared_without_case_and_unknown_ones_ignored(load_app: Load) -> None:
    host = {"Extensions": {"HTTP": {"RouteprefiX": "x"}, "other": {"a": 1}}, "whatever": [1]}
    assert load_app(host=host).route_prefix == "x"


@pytest.mark.parametrize(
    "name",
    [
        "AzureFunctionsJobHost__extensions__http__routePrefix",
        "azurefunctionsjobhost__EXTENSIONS__Http__routeprefix",
        "AzureFunctionsJobHost:extensions:http:routePrefix",
    ],
)
def test_an_app_setting_overrides_the_file_in_any_case(load_app: Load, name: str) -> None:
    settings = load_app({name: "from-setting"}, host={"extensions": {"http": {"routePrefix": "file"}}})
    assert settings.route_prefix == "from-setting"
    assert settings.origins["route_prefix"] == f"app setting {name}"


def test_the_environment_beats_local_settings_in_overrides(load_app: Load) -> None:
    name = "AzureFunctionsJobHost__extensions__http__routePrefix"
    assert load_app({name: "outer"}, values={name: "inner"}).route_prefix == "outer"


@pytest.mark.parametrize(("text", "prefix"), [("", ""), ("/v1/", "v1"), ("a/b", "a/b")])
def test_the_route_prefix_loses_the_slashes_at_its_ends(load_app: Load, text: str, prefix: str) -> None:
    assert load_app(host={"extensions": {"http": {"routePrefix": text}}}).route_prefix == prefix


@pytest.mark.parametrize("value", [5, "a?b", "a b", "a//b", "a#b"])
def test_a_route_prefix_that_is_no_path_is_refused(load_app: Load, value: Any) -> None:
    with pytest.raises(SettingsError, match=r"^host.json: extensions.http.routePrefix is .* must be a path"):
        load_app(host={"extensions": {"http": {"routePrefix": value}}})


def test_custom_headers_are_kept(load_app: Load) -> None:
    headers = {"X-Frame-Options": "DENY", "X-Number": 1}
    settings = load_app(host={"extensions": {"http": {"customHeaders": headers}}})
    assert settings.custom_headers == {"X-Frame-Options": "DENY", "X-Number": "1"}


@pytest.mark.parametrize("headers", [{"bad name": "x"}, {"X": "a\r\nb"}, {"Y:": ""}, "x"])
def test_custom_headers_that_http_cannot_carry_are_refused(load_app: Load, headers: Any) -> None:
    with pytest.raises(SettingsError, match=r"^host.json: extensions.http.customHeaders"):
        load_app(host={"extensions": {"http": {"customHeaders": headers}}})


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("00:10:00", 600), ("00:00:01", 1), ("-1", None), ("1.00:00:00", 86_400), ("24:00:00", 24 * 86_400)],
)
def test_the_function_timeout_has_no_upper_bound_locally(
    load_app: Load, text: str, seconds: float | None
) -> None:
    assert load_app(host={"functionTimeout": text}).function_timeout_seconds == seconds


def test_the_function_timeout_is_half_an_hour_by_default(load_app: Load) -> None:
    assert load_app().function_timeout_seconds == 1800


@pytest.mark.parametrize("text", ["00:00:00", "00:00:00.5", "-00:01:00"])
def test_a_function_timeout_below_a_second_is_refused(load_app: Load, text: str) -> None:
    with pytest.raises(SettingsError, match="FunctionTimeout must be greater than 00:00:01 and less than"):
        load_app(host={"functionTimeout": text})


@pytest.mark.parametrize("value", ["five minutes", {"minutes": 5}, True])
def test_a_function_timeout_that_is_no_time_span_is_refused(load_app: Load, value: Any) -> None:
    with pytest.raises(SettingsError, match=r"host.json: functionTimeout"):
        load_app(host={"functionTimeout": value})


def test_the_list_of_functions_is_taken_from_the_file(load_app: Load) -> None:
    settings = load_app(host={"functions": ["Hello", "other"]})
    assert settings.functions == ("Hello", "other")
    assert settings.origins["functions"] == "host.json"
    assert settings.function_selected("hello")
    assert not settings.function_selected("third")


@pytest.mark.parametrize("value", ["hello", {"a": "hello"}, [1], [["a"]]])
def test_a_list_of_functions_of_another_form_is_refused(load_app: Load, value: Any) -> None:
    with pytest.raises(SettingsError, match=r"host.json: functions.*must be a list of function names"):
        load_app(host={"functions": value})


@pytest.mark.parametrize(
    "host", [{"extensions": 5}, {"extensions": {"http": "x"}}, {"logging": {"logLevel": "Debug"}}]
)
def test_a_value_where_an_object_belongs_is_refused(load_app: Load, host: Any) -> None:
    with pytest.raises(SettingsError, match="It must be an object"):
        load_app(host=host)


def test_requests_are_not_limited_unless_asked_for(load_app: Load) -> None:
    assert load_app().request_limits == RequestLimits(None, None)
    http = {"maxConcurrentRequests": -1, "maxOutstandingRequests": 20}
    assert load_app(host={"extensions": {"http": http}}).request_limits == RequestLimits(None, 20)


@pytest.mark.parametrize("value", [0, -2, 1.5, "many", True])
def test_a_limit_of_requests_is_a_positive_number_or_none(load_app: Load, value: object) -> None:
    with pytest.raises(SettingsError, match=r"maxConcurrentRequests is .* It must be 1 or more, or -1"):
        load_app(host={"extensions": {"http": {"maxConcurrentRequests": value}}})


def test_what_else_is_watched_is_read_when_sources_are_watched(load_app: Load) -> None:
    host = {"watchDirectories": ["templates"], "watchFiles": ["rules.yaml"]}
    assert load_app(host=host, watch=True).watch == Watch(("templates",), ("rules.yaml",))
    assert load_app(host=host).watch is None


@pytest.mark.parametrize("value", ["templates", {"a": 1}, [1]])
def test_what_else_is_watched_is_a_list(load_app: Load, value: object) -> None:
    with pytest.raises(SettingsError, match="watchDirectories must be a list of folders"):
        load_app(host={"watchDirectories": value}, watch=True)


@pytest.mark.parametrize("name", ["ExtensionBundle", "ExtensionBundle.Preview"])
def test_an_extension_bundle_is_accepted_in_silence(load_app: Load, name: str) -> None:
    bundle = {"id": f"Microsoft.Azure.Functions.{name}", "version": "[4.*, 5.0.0)"}
    assert load_app(host={"extensionBundle": bundle}).warnings == ()
