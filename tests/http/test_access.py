"""Keys and what they open. Expectations: Azure Functions host, authorization levels and keys."""

import pytest

from funchost.http.access import (
    ADMINISTRATOR,
    ANYBODY,
    Caller,
    Keys,
    Level,
    identify,
    may_call,
    may_use_webhooks,
    presented_key,
)

KEYS = Keys(
    master="m",
    host={"default": "h", "phone": "p"},
    system={"durabletask_extension": "d", "eventgrid_extension": "e"},
    functions={"hello": {"default": "f"}},
)


@pytest.mark.parametrize(
    ("key", "caller"),
    [
        ("m", ADMINISTRATOR),
        ("d", Caller(Level.SYSTEM, "durabletask_extension")),
        ("h", Caller(Level.FUNCTION)),
        ("p", Caller(Level.FUNCTION)),
        ("f", Caller(Level.FUNCTION, functions=frozenset({"hello"}))),
        ("M", ANYBODY),
        ("é\udcff", ANYBODY),
        ("", ANYBODY),
        (None, ANYBODY),
    ],
)
def test_a_key_tells_who_calls(key: str | None, caller: Caller) -> None:
    assert identify(KEYS, key) == caller


def test_a_function_s_own_key_opens_that_function_only() -> None:
    caller = identify(KEYS, "f")
    assert may_call("Hello", "function", caller)
    assert not may_call("other", "function", caller)


def test_an_empty_key_in_the_file_opens_nothing() -> None:
    assert identify(Keys(master="", host={"default": ""}), "") == ANYBODY


@pytest.mark.parametrize(
    ("auth_level", "levels"),
    [
        ("ANONYMOUS", {Level.ANONYMOUS, Level.FUNCTION, Level.SYSTEM, Level.ADMIN}),
        ("function", {Level.FUNCTION, Level.ADMIN}),
        ("", {Level.FUNCTION, Level.ADMIN}),
        ("ADMIN", {Level.ADMIN}),
        ("unheard-of", {Level.ADMIN}),
    ],
)
def test_a_function_s_level_says_which_callers_may_call_it(auth_level: str, levels: set[Level]) -> None:
    assert {level for level in Level if may_call("hello", auth_level, Caller(level))} == levels


def test_webhooks_open_for_their_own_system_key_and_the_master_key_only() -> None:
    callers = [identify(KEYS, key) for key in ("m", "d", "e", "h", "nobody's")]
    opens = [may_use_webhooks(caller, "durabletask_extension") for caller in callers]
    assert opens == [True, True, False, False, False]


@pytest.mark.parametrize(
    ("headers", "code", "key"),
    [
        ({"x-functions-key": "header"}, ["query"], "header"),
        ({"x-functions-key": ""}, ["query"], ""),
        ({}, ["first", "second"], "first"),
        ({}, [], None),
    ],
)
def test_the_header_wins_over_the_query(headers: dict[str, str], code: list[str], key: str | None) -> None:
    assert presented_key(headers, code) == key
