"""Expectations: azure-functions-host worker processes, azure-functions-python-worker thread pool."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from funchost.settings import SettingsError
from funchost.settings.table import usable_cores
from tests.settings.conftest import Load


@pytest.mark.parametrize(("text", "count"), [("1", 1), ("10", 10), (" 4 ", 4), ("0", 1), ("-3", 1), ("", 1)])
def test_the_process_count_is_one_to_ten_and_less_than_one_is_one(
    load_app: Load, text: str, count: int
) -> None:
    assert load_app({"FUNCTIONS_WORKER_PROCESS_COUNT": text}).process_count == count


@pytest.mark.parametrize("text", ["11", "abc", "2.5", "1e1"])
def test_another_process_count_is_refused_not_clamped(load_app: Load, text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_app(values={"FUNCTIONS_WORKER_PROCESS_COUNT": text})
    assert str(caught.value) == (
        f"FUNCTIONS_WORKER_PROCESS_COUNT is '{text}' (local.settings.json). "
        "It must be a whole number from 1 to 10."
    )


def test_the_origin_of_the_process_count_is_known(load_app: Load) -> None:
    name = "FUNCTIONS_WORKER_PROCESS_COUNT"
    assert load_app().origins["process_count"] == "default"
    assert load_app(values={name: "2"}).origins["process_count"] == "local.settings.json"
    assert load_app({name: "3"}, values={name: "2"}).origins["process_count"] == "environment"


@pytest.mark.parametrize(("text", "count"), [("", None), ("1", 1), (" 7 ", 7), ("5000", 5000)])
def test_the_thread_count_has_no_upper_bound(load_app: Load, text: str, count: int | None) -> None:
    settings = load_app({"PYTHON_THREADPOOL_THREAD_COUNT": text})
    assert settings.thread_count == count
    assert settings.warnings == ()


@pytest.mark.parametrize("text", ["0", "-1", "abc", "5.5"])
def test_an_invalid_thread_count_means_pythons_default_and_a_warning(load_app: Load, text: str) -> None:
    settings = load_app({"PYTHON_THREADPOOL_THREAD_COUNT": text})
    assert settings.thread_count == min(32, usable_cores() + 4)
    (warning,) = settings.warnings
    assert warning.startswith(f"PYTHON_THREADPOOL_THREAD_COUNT is '{text}' (environment).")


@pytest.mark.parametrize("name", ["main.py", "my-app_2.py", "_a.py"])
def test_another_script_file_may_be_named(load_app: Load, name: str) -> None:
    assert load_app({"PYTHON_SCRIPT_FILE_NAME": name}).script_file == name


@pytest.mark.parametrize("name", ["main", "src/main.py", "a.b.py", "main.PY", "-a.py", ".py"])
def test_a_script_file_of_another_form_is_refused(load_app: Load, name: str) -> None:
    with pytest.raises(SettingsError, match=rf"^Invalid file name: {name}\. PYTHON_SCRIPT_FILE_NAME"):
        load_app({"PYTHON_SCRIPT_FILE_NAME": name})


def test_the_request_limit_is_a_hundred_mebibytes_or_the_app_setting(load_app: Load) -> None:
    assert load_app().request_limit_bytes == 104_857_600
    assert load_app({"FUNCTIONS_REQUEST_BODY_SIZE_LIMIT": "1000"}).request_limit_bytes == 1000


@pytest.mark.parametrize("text", ["0", "-1", "1MB"])
def test_a_request_limit_that_is_no_number_of_bytes_is_refused(load_app: Load, text: str) -> None:
    with pytest.raises(SettingsError, match=rf"FUNCTIONS_REQUEST_BODY_SIZE_LIMIT is '{text}'"):
        load_app({"FUNCTIONS_REQUEST_BODY_SIZE_LIMIT": text})


def test_an_app_in_another_language_is_refused(load_app: Load) -> None:
    with pytest.raises(SettingsError, match=r"FUNCTIONS_WORKER_RUNTIME is 'node'.*must be python"):
        load_app(values={"FUNCTIONS_WORKER_RUNTIME": "node"})


def test_another_value_for_disabled_is_refused(load_app: Load) -> None:
    with pytest.raises(
        SettingsError, match=r"AzureWebJobs.hello.Disabled is 'yes'\. It must be true or false"
    ):
        load_app(values={"AzureWebJobs.hello.Disabled": "yes"})


def test_workers_get_what_the_real_tool_forces(app: Path, load_app: Load) -> None:
    environment = load_app({"PATH": "/bin", "WEBSITE_HOSTNAME": "elsewhere"}, port=7099).environment
    assert environment["PATH"] == "/bin"
    assert environment["AZURE_FUNCTIONS_ENVIRONMENT"] == "Development"
    assert environment["WEBSITE_HOSTNAME"] == "localhost:7099"
    assert environment["AzureWebJobsScriptRoot"] == str(app.resolve())
    assert environment["FUNCTIONS_WORKER_RUNTIME"] == "python"
    assert environment["FUNCTIONS_CORETOOLS_ENVIRONMENT"] == "true"
    assert environment["FUNCTIONS_WORKER_RUNTIME_VERSION"] == f"3.{sys.version_info.minor}"


def test_debug_logging_of_workers_is_on_unless_set(load_app: Load) -> None:
    assert load_app().environment["PYTHON_ENABLE_DEBUG_LOGGING"] == "1"
    name = "PYTHON_ENABLE_DEBUG_LOGGING"
    assert load_app({name: "0"}).environment[name] == "0"


def test_another_functions_environment_is_overruled_with_a_warning(load_app: Load) -> None:
    settings = load_app({"AZURE_FUNCTIONS_ENVIRONMENT": "Production"})
    assert settings.environment["AZURE_FUNCTIONS_ENVIRONMENT"] == "Development"
    assert settings.warnings[0].startswith("AZURE_FUNCTIONS_ENVIRONMENT is 'Production' (environment).")


def test_timers_are_due_by_the_time_zone_of_the_app_settings(load_app: Load) -> None:
    assert load_app().time_zone is None
    assert load_app({"TZ": "Asia/Tokyo"}).time_zone == "Asia/Tokyo"
    assert (
        load_app({"TZ": "Asia/Tokyo"}, values={"WEBSITE_TIME_ZONE": "Europe/Berlin"}).time_zone
        == "Europe/Berlin"
    )
