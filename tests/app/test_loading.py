"""What a host sees when it loads the app."""

import inspect
import re

import azure.durable_functions as df

import fanout
import hello
import singleton
from tests.app import generation

BINDING_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*|\$return")


def bindings():
    # A new app of the same blueprints, since an app builds its functions once only.
    app = df.DFApp()
    for blueprint in (fanout.bp, hello.bp, singleton.bp):
        app.register_functions(blueprint)
    return [(function, binding) for function in app.get_functions() for binding in function.get_bindings()]


def test_the_app_has_these_functions(functions):
    # SDK 2.x adds functions of its own to every app.
    assert {name for name in functions if not name.startswith("BuiltIn__")} == {
        "fan_out_fan_in",
        "hello_orchestrator",
        "say_hello",
        "sleep",
        "sleep_async",
        "start_orchestrator",
        "start_singleton",
    }


def test_every_binding_has_a_name_that_the_host_takes():
    for _, binding in bindings():
        # SDK 2.x gives this name to every orchestrator's trigger.
        if generation.SECOND and binding.name == "_durable_input":
            continue
        assert BINDING_NAME.fullmatch(binding.name), binding.name


def test_the_annotations_are_plain_classes_as_the_worker_demands(functions):
    for name in ("sleep", "sleep_async", "say_hello"):
        for annotation in inspect.get_annotations(functions[name], eval_str=True).values():
            assert isinstance(annotation, type), (name, annotation)


def test_functions_with_a_durable_client_are_asynchronous(functions):
    for name in ("start_orchestrator", "start_singleton"):
        assert inspect.iscoroutinefunction(functions[name])
