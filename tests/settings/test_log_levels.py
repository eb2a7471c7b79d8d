"""Expectations: Core Tools' display of user and system lines, `logging.logLevel` of host.json."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from funchost.settings import SettingsError
from tests.settings.conftest import Load

_DEBUG, _INFORMATION, _WARNING, _ERROR = logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR


def _levels(load_app: Load, rules: dict[str, Any] | None = None, **flags: Any) -> Any:
    return load_app(host={"logging": {"logLevel": rules or {}}}, **flags).log_levels


def test_the_app_shows_from_information_and_the_host_from_warning(load_app: Load) -> None:
    levels = _levels(load_app)
    assert levels.minimum("Function.hello") == _INFORMATION
    assert levels.minimum("Function.hello.User") == _INFORMATION
    assert levels.minimum("Host.Function.Console") == _INFORMATION
    assert levels.minimum("Host.General") == _WARNING


def test_default_is_for_both(load_app: Load) -> None:
    levels = _levels(load_app, {"default": "Error"})
    assert levels.minimum("Function.hello.User") == levels.minimum("Host.General") == _ERROR


def test_the_longest_matching_category_decides(load_app: Load) -> None:
    levels = _levels(
        load_app, {"Function": "Error", "function.HELLO": "Warning", "Function.hello.User": "Debug"}
    )
    assert levels.minimum("Function.other") == _ERROR
    assert levels.minimum("Function.hello") == _WARNING
    assert levels.minimum("Function.hello.User") == _DEBUG
    assert levels.minimum("Host.General") == _WARNING


def test_a_star_stands_for_anything(load_app: Load) -> None:
    levels = _levels(load_app, {"Host.*": "Debug", "Function.*.User": "Error"})
    assert levels.minimum("Host.Triggers.DurableTask") == _DEBUG
    assert levels.minimum("Function.hello.User") == _ERROR
    assert levels.minimum("Function.hello") == _INFORMATION


def test_verbose_shows_the_host_from_information(load_app: Load) -> None:
    assert _levels(load_app, verbose=True).minimum("Host.General") == _INFORMATION
    assert _levels(load_app, {"default": "Debug"}, verbose=True).minimum("Host.General") == _DEBUG


def test_the_user_log_level_beats_the_file_for_the_app_only(load_app: Load) -> None:
    rules = {"default": "Debug", "Function.hello": "Debug", "Host.Triggers.DurableTask": "Debug"}
    levels = _levels(load_app, rules, user_log_level="Error")
    assert levels.minimum("Function.hello.User") == _ERROR
    assert levels.minimum("Host.Triggers.DurableTask") == _DEBUG


def test_the_lowest_level_below_a_category_counts_its_rules(load_app: Load) -> None:
    levels = _levels(load_app, {"Host.Triggers.DurableTask": "Debug"})
    assert levels.lowest_under("Host") == _DEBUG
    assert levels.lowest_under("Function") == _INFORMATION
    assert levels.lowest_under("") == _DEBUG


@pytest.mark.parametrize("level", ["info", 9])
def test_a_level_that_does_not_exist_is_refused(load_app: Load, level: Any) -> None:
    with pytest.raises(SettingsError, match=r"^host.json: logging.logLevel.Host"):
        _levels(load_app, {"Host": level})
