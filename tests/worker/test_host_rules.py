"""The host's own rules for functions. Source: Azure Functions host, metadata checks."""

import pytest

from funchost.worker.child.host_rules import checked, own_error
from funchost.worker.invocations import FunctionInfo


def http_function(name="hello", route=None, methods=(), bindings=None):
    return FunctionInfo(
        name=name,
        trigger="httpTrigger",
        bindings=tuple(
            bindings or ({"type": "httpTrigger", "name": "req"}, {"type": "http", "name": "$return"})
        ),
        durable_name=name,
        route=name if route is None else route,
        methods=tuple(methods),
        auth_level="ANONYMOUS",
        is_async=False,
        script_file="function_app.py",
        entry_point=name,
    )


def function_with(type, binding_name="value", **binding):
    return FunctionInfo(
        name="work",
        trigger=type,
        bindings=({"type": type, "name": binding_name, **binding},),
        durable_name="work",
        route=None,
        methods=(),
        auth_level="",
        is_async=False,
        script_file="function_app.py",
        entry_point="work",
    )


@pytest.mark.parametrize("name", ["a", "Hello_World-1", "x" * 128])
def test_a_good_function_name_passes(name):
    assert own_error(http_function(name)) is None


@pytest.mark.parametrize("name", ["1x", "_x", "host", "HOST", "x" * 129, "grüße", "a b", "x\n"])
def test_a_bad_function_name_is_named(name):
    assert own_error(http_function(name, route="r")) == f"'{name}' is not a valid function name."


@pytest.mark.parametrize("name", ["my__input", "1a", "x" * 129, "a-b", "grüße", "x\n"])
def test_a_bad_binding_name_is_named(name):
    error = own_error(function_with("activityTrigger", name))

    assert error == f"The binding name {name} is invalid. Please assign a valid name to the binding."


@pytest.mark.parametrize("name", ["my_input", "_durable_input", "x" * 128, "$return"])
def test_a_good_binding_name_passes(name):
    assert own_error(function_with("activityTrigger", name)) is None


def test_binding_names_must_differ_in_more_than_case():
    twice = ({"type": "httpTrigger", "name": "req"}, {"type": "http", "name": "REQ"})

    error = own_error(http_function(bindings=twice))

    assert error == "Multiple bindings with name 'REQ' discovered. Binding names must be unique."


@pytest.mark.parametrize("route", ["admin", "/Admin/x", "runtime/webhooks", "administrators"])
def test_a_route_of_the_host_s_own_is_refused(route):
    error = own_error(http_function(route=route))

    assert error == "The specified route conflicts with one or more built in routes."


def test_only_http_functions_have_a_route_to_conflict():
    assert own_error(function_with("activityTrigger", route="admin")) is None


def test_the_same_route_is_refused_to_the_later_function():
    first, second = checked([http_function("a", "/Items/{id}"), http_function("b", "items/{id}/")])

    assert first.error is None
    assert second.error == "The route specified conflicts with the route defined by function 'a'."


def test_the_same_route_for_different_methods_is_no_conflict():
    functions = checked([http_function("a", "x", ["GET"]), http_function("b", "x", ["POST", "PUT"])])

    assert [function.error for function in functions] == [None, None]


def test_a_function_without_methods_takes_them_all():
    functions = checked([http_function("a", "x", ["GET"]), http_function("b", "x")])

    assert functions[1].error == "The route specified conflicts with the route defined by function 'a'."


def test_a_dropped_function_leaves_its_route_to_others():
    functions = checked([http_function("1bad", "x"), http_function("good", "x")])

    assert functions[1].error is None


def test_a_binding_that_funchost_does_not_have_is_named():
    error = own_error(function_with("queueTrigger"))

    assert error is not None
    assert error.startswith("The binding type(s) 'queueTrigger' are not registered. funchost has ")
