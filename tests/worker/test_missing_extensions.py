"""Apps that import packages of `azurefunctions.extensions` which are not installed."""

import sys

import pytest

from funchost.worker.invocations import AppLoadError

APP = """
import azure.functions as func
from azurefunctions.extensions.http.nowhere import Request, Response

app = func.FunctionApp()

@app.route(route="takes")
def takes(req: Request): ...

@app.route(route="returns")
def returns(req: func.HttpRequest) -> Response: ...

@app.route(route="uses")
def uses(req: func.HttpRequest): return Response("text")

@app.route(route="ordinary")
def ordinary(req: func.HttpRequest): return "ordinary"
"""
ADVICE = (
    "The package azurefunctions-extensions-http-nowhere is not installed. Add it to requirements.txt, and "
    f"run: {sys.executable} -m pip install azurefunctions-extensions-http-nowhere"
)


@pytest.fixture
def load(start_pool, write_app, caller_of):
    async def of(source):
        return caller_of(await start_pool(write_app(source)))

    return of


async def test_a_function_with_a_type_of_the_package_is_in_error_and_the_others_run(load):
    caller = await load(APP)

    errors = {function.name: function.error for function in caller.pool.functions}
    assert errors == {
        "takes": f"The type Request of req is missing. {ADVICE}",
        "returns": f"The type Response of return is missing. {ADVICE}",
        "uses": None,
        "ordinary": None,
    }
    assert (await caller.http("ordinary")).payload == b"ordinary"


async def test_whoever_uses_the_package_in_a_function_is_told_what_to_install(load):
    caller = await load(APP)

    error = (await caller.http("uses")).error

    assert (error.type, error.message) == ("MissingExtensionError", f"Response cannot be used. {ADVICE}")


async def test_other_kinds_of_packages_are_named_too(load):
    source = "import azurefunctions.extensions.bindings.nowhere as nowhere\n" + APP.replace(
        "req: Request", "req: nowhere.Client"
    )
    caller = await load(source)

    assert "pip install azurefunctions-extensions-bindings-nowhere" in caller.pool.functions[0].error


async def test_an_app_that_can_do_without_the_package_does(load):
    caller = await load(
        """
import azure.functions as func

try:
    import azurefunctions.extensions.http.nowhere
except ImportError:
    answer = "without"

app = func.FunctionApp()

@app.route()
def ordinary(req: func.HttpRequest): return answer
"""
    )

    assert (await caller.http("ordinary")).payload == b"without"


async def test_what_was_imported_before_the_missing_package_is_imported_anew(load, tmp_path):
    (tmp_path / "core.py").write_text("import azure.functions as func\n\napp = func.FunctionApp()\n")
    (tmp_path / "first.py").write_text(
        "from core import app\n\n@app.route(route='first')\ndef first(req): return 'first'\n"
    )
    caller = await load(
        "from core import app\nimport first\nfrom azurefunctions.extensions.http.nowhere import Request\n"
    )

    assert [function.name for function in caller.pool.functions] == ["first"]
    assert (await caller.http("first")).payload == b"first"


async def test_a_missing_package_of_any_other_name_stops_the_app(load):
    with pytest.raises(AppLoadError) as caught:
        await load("import azurefunctionsx.extensions\n")

    assert caught.value.message.startswith("No module named 'azurefunctionsx'")
