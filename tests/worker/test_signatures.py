"""Which signatures fit which bindings. Texts: Azure Functions Python worker."""

# The functions are declared as users declare them, and never run.
# mypy: disable-error-code="untyped-decorator, empty-body"

from types import SimpleNamespace
from typing import Any, Dict, List, Optional  # noqa: UP035

import azure.durable_functions as df
import azure.functions as func
import pytest

from funchost.worker.child.signatures import FunctionLoadError, Return, check_signature
from tests.generations import is_of_sdk, sdk_1_only


@pytest.fixture
def app():
    return df.DFApp()


@pytest.fixture
def signature(app):
    """The signature of the only function of the app."""

    def of_only_function():
        (function,) = (each for each in app.get_functions() if not is_of_sdk(each.get_function_name()))
        return check_signature(
            function.get_function_name(), function.get_user_function(), function.get_bindings()
        )

    return of_only_function


@pytest.fixture
def refusal(signature):
    def text():
        with pytest.raises(FunctionLoadError) as caught:
            signature()
        prefix = "cannot load the f function: "
        assert str(caught.value).startswith(prefix)
        return str(caught.value)[len(prefix) :]

    return text


def test_an_http_function_takes_its_request_and_returns_a_response(app, signature):
    @app.route()
    def f(req: func.HttpRequest) -> func.HttpResponse: ...

    found = signature()

    assert found.inputs == {"req": "httpTrigger"}
    assert found.returns == Return("http", func.HttpResponse)
    assert not found.wants_context


def test_a_parameter_named_context_asks_for_the_invocation_context(app, signature):
    @app.route()
    def f(req: func.HttpRequest, context: func.Context) -> str: ...

    assert signature().wants_context


def test_an_activity_s_input_may_be_called_context(app, signature):
    @app.activity_trigger(input_name="context")
    def f(context: int): ...

    found = signature()

    assert found.inputs == {"context": "activityTrigger"}
    assert not found.wants_context


@pytest.mark.parametrize("annotation", [int, Any, List[int], Dict[str, int], str, None])  # noqa: UP006
def test_an_activity_takes_any_class_and_typing_s_generics(app, signature, annotation):
    def f(value): ...

    f.__annotations__["value"] = annotation
    app.activity_trigger(input_name="value")(f)

    assert signature().inputs == {"value": "activityTrigger"}


@pytest.mark.parametrize("annotation", [list[int], int | str, Optional[int], "dict | None"])  # noqa: UP045
def test_an_activity_takes_no_modern_generic_and_no_union(app, refusal, annotation):
    def f(value): ...

    f.__annotations__["value"] = annotation
    app.activity_trigger(input_name="value")(f)

    assert refusal().startswith("binding value has invalid non-type annotation ")


def test_a_request_annotated_as_text_loads_as_pass_through(app, signature):
    @app.route()
    def f(req: str) -> str: ...

    assert signature().inputs == {"req": "generic"}


def test_a_parameter_without_a_binding_is_named(app, refusal):
    @app.route()
    def f(req: func.HttpRequest, foo=None) -> str: ...

    assert refusal() == (
        "the following parameters are declared in Python but not in the function definition "
        "(function.json or function decorators):  {'foo'}"
    )


def test_a_binding_without_a_parameter_is_named(app, refusal):
    @app.route(trigger_arg_name="x")
    def f() -> str: ...

    assert refusal() == (
        "Extra parameters in binding definition — the following parameters are declared as bindings but are "
        "not present in Python: {'x'}"
    )


def test_an_annotation_that_the_binding_does_not_give_is_named(app, refusal):
    @app.route()
    def f(req: int) -> str: ...

    assert refusal() == (
        'binding type "\'req\'" and dataType "httpTrigger" in the binding decorator do not match the '
        "corresponding function parameter's Python type annotation int"
    )


@pytest.mark.parametrize(
    ("annotation", "text"),
    [
        (Optional[func.HttpResponse], "has invalid non-type return annotation "),  # noqa: UP045
        (func.HttpResponse | str, "has invalid non-type return annotation "),
        (dict, 'Python return annotation "dict" does not match binding type "http"'),
        (None, 'Python return annotation "NoneType" does not match binding type "http"'),
        (func.Out[str], "return annotation should not be azure.functions.Out"),
    ],
)
def test_a_return_annotation_must_be_a_response_or_text(app, refusal, annotation, text):
    def f(req): ...

    f.__annotations__["return"] = annotation
    app.route()(f)

    assert refusal().startswith(text)


def test_the_context_must_be_a_context(app, refusal):
    @app.route()
    def f(req: func.HttpRequest, context: int) -> str: ...

    assert refusal() == (
        'the "context" parameter is expected to be of type azure.functions.Context, got "<class \'int\'>"'
    )


@sdk_1_only
def test_an_orchestrator_s_context_must_be_named_context(app, refusal):
    @app.orchestration_trigger(context_name="ctx")
    def f(ctx): ...

    assert refusal().startswith('the "context" parameter is expected to be of type azure.functions.Context')


@sdk_1_only
def test_an_entity_s_context_must_be_named_context(app, refusal):
    @app.entity_trigger(context_name="ctx")
    def f(ctx): ...

    assert refusal().endswith("not present in Python: {'ctx'}")


def test_an_output_must_be_annotated_as_out(app, refusal):
    @app.route()
    @app.queue_output(arg_name="q", queue_name="q", connection="c")
    def f(req: func.HttpRequest, q: str) -> str: ...

    assert refusal() == (
        'binding q is declared to have the "out" direction, but its annotation in Python is not a subclass '
        "of azure.functions.Out"
    )


def test_an_input_must_not_be_annotated_as_out(app, refusal):
    @app.route()
    def f(req: func.Out[str]) -> str: ...

    assert refusal() == (
        'binding req is declared to have the "in" direction in the binding decorator, but its annotation is '
        "azure.functions.Out in Python"
    )


def test_inout_is_refused():
    binding = SimpleNamespace(name="x", type="blob", direction=2, data_type=None)

    with pytest.raises(
        FunctionLoadError, match=r'^cannot load the f function: "inout" bindings are not supported$'
    ):
        check_signature("f", lambda x: None, [binding])


def test_the_return_binding_must_go_out():
    binding = SimpleNamespace(name="$return", type="http", direction=0, data_type=None)

    with pytest.raises(FunctionLoadError, match=r'"\$return" binding must have direction set to "out"$'):
        check_signature("f", lambda: None, [binding])
