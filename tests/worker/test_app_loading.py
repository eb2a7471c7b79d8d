"""Which apps load, and what is said about the others. Texts: Azure Functions Python worker."""

import site
import sys

import azure.functions as func
import pytest

from funchost.worker.child import app_loader
from funchost.worker.invocations import AppLoadError
from tests.generations import SDK, is_of_sdk, sdk_1_only, sdk_2_only

HEAD = "import azure.functions as func\n"


@pytest.fixture
def load_failure(start_pool, write_app):
    async def of(source, **changes):
        with pytest.raises(AppLoadError) as caught:
            await start_pool(write_app(source), **changes)
        return caught.value

    return of


async def test_the_functions_are_those_of_the_app_in_their_order(caller):
    functions = {each.name: each for each in caller.pool.functions if not is_of_sdk(each.name)}

    assert list(functions)[:3] == ["hello", "echo", "plain"]
    hello = functions["hello"]
    assert (hello.trigger, hello.route, hello.methods) == ("httpTrigger", "hello/{name?}", ("GET", "POST"))
    assert (hello.auth_level, hello.is_async, hello.script_file) == ("ANONYMOUS", False, "function_app.py")
    assert functions["plain"].methods == ()
    assert functions["echo"].is_async
    assert functions["renamed"].durable_name == "RenamedActivity"
    assert functions["double"].durable_name == "double"
    assert functions["counter"].trigger == "entityTrigger"
    assert {function.error for function in functions.values()} == {None}


async def test_binding_values_come_with_their_app_settings_filled_in(caller):
    (function,) = [function for function in caller.pool.functions if function.name == "other_hub"]

    assert {"type": "durableClient", "name": "client", "direction": "IN"}.items() <= function.bindings[
        0
    ].items()
    assert function.bindings[0]["taskHub"] == "other hub"


async def test_the_app_runs_in_its_own_folder_which_comes_after_what_is_installed(caller):
    where = await caller.activity("where")

    assert where["cwd"].endswith("/apps/everyday")
    assert where["path"].index(where["cwd"]) > where["path"].index(site.getsitepackages()[0])


async def test_an_app_may_use_modules_beside_it(start_pool, caller_of):
    caller = caller_of(await start_pool("blueprints"))

    assert await caller.activity("from_nested_blueprint", 1) == "nested 1"
    assert [each.name for each in caller.pool.functions if not is_of_sdk(each.name)] == [
        "own",
        "from_blueprint",
        "from_nested_blueprint",
    ]


async def test_a_missing_module_is_named_with_advice_and_the_line(load_failure):
    error = await load_failure("import not_installed_anywhere\n")

    assert error.type == "ModuleNotFoundError"
    assert error.message.startswith(
        "No module named 'not_installed_anywhere'. Cannot find module. Please check the requirements.txt "
        "file for the missing module. For more info, please refer the troubleshooting guide: "
        "https://aka.ms/functions-modulenotfound. Current sys.path: "
    )
    assert error.stack.endswith('function_app.py", line 1, in <module>\n    import not_installed_anywhere\n')
    assert "importlib" not in error.stack


async def test_a_syntax_error_is_shown_where_it_is(load_failure):
    error = await load_failure(HEAD + "def broken(:\n")

    assert (error.type, error.message) == ("SyntaxError", "invalid syntax (function_app.py, line 2)")
    assert 'function_app.py", line 2\n    def broken(:\n' in error.stack


async def test_any_other_exception_is_reported_unchanged(load_failure):
    error = await load_failure("def start():\n    return {}['absent']\n\nstart()\n")

    assert (error.type, error.message) == ("KeyError", "'absent'")
    assert error.stack.count("File ") == 2


async def test_sys_exit_at_import_is_a_failed_load(load_failure):
    error = await load_failure("import sys\nsys.exit('no')\n")

    assert (error.type, error.message) == ("SystemExit", "no")


async def test_a_process_that_dies_at_import_is_a_failed_load(load_failure):
    error = await load_failure("import os, sys\nprint('last words', file=sys.stderr)\nos._exit(7)\n")

    assert error.message == "python exited with code 7 (0x7) before function_app.py was loaded"
    assert error.stack == "last words"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("x = 1\n", "Could not find top level function app instances in function_app.py."),
        (
            HEAD + "app = f = func.FunctionApp()\n",
            "More than one FunctionApp or other top level function app instances are defined.",
        ),
        (
            HEAD + "app = func.FunctionApp()\n@app.function_name('f')\ndef f(): ...\n",
            "Function f does not have a trigger. A valid function must have one and only one trigger "
            "registered.",
        ),
        pytest.param(
            HEAD
            + "app = func.FunctionApp()\n"
            + "@app.route()\ndef f(req): ...\n"
            + "@app.function_name('f')\n@app.route()\ndef g(req): ...\n",
            "Function f does not have a unique function name. Please change @app.function_name() or the "
            "function method name to be unique.",
            marks=pytest.mark.skipif(
                not hasattr(func.FunctionApp, "validate_function_names"),
                reason="this version of azure-functions does not look for equal names",
            ),
        ),
    ],
)
async def test_an_app_object_that_cannot_be_used_is_a_value_error(load_failure, source, message):
    error = await load_failure(source)

    assert (error.type, error.message) == ("ValueError", message)


async def test_a_signature_that_does_not_fit_fails_the_whole_load(load_failure):
    error = await load_failure(
        HEAD + "app = func.FunctionApp()\n@app.route()\ndef f(req: func.HttpRequest, foo): ...\n"
    )

    assert error.type == "FunctionLoadError"
    assert error.message.startswith("cannot load the f function: the following parameters are declared in")


@pytest.mark.parametrize("name", ["app", "folder/app.py", "app.test.py", "app.PY", "-app.py"])
async def test_a_script_name_must_be_a_python_file_in_the_folder(load_failure, name):
    error = await load_failure("", script_file=name)

    assert (error.type, error.message) == ("InvalidFileNameError", f"Invalid file name: {name}")


async def test_another_script_name_is_used(start_pool, tmp_path):
    (tmp_path / "other-app.py").write_text(
        HEAD + "app = func.FunctionApp()\n@app.route()\ndef f(req: func.HttpRequest) -> str: ...\n"
    )

    pool = await start_pool(tmp_path, script_file="other-app.py")

    assert [function.name for function in pool.functions] == ["f"]


async def test_a_folder_without_an_app_is_named_with_the_next_step(start_pool, tmp_path):
    with pytest.raises(AppLoadError, match=r"there is no function_app\.py in this folder") as caught:
        await start_pool(tmp_path)

    assert caught.value.message.startswith(f"{tmp_path}: ")
    assert "--script-root" in caught.value.message


async def test_a_python_that_does_not_exist_is_a_failed_load(start_pool):
    with pytest.raises(AppLoadError, match=r"FileNotFoundError.*no-such-python"):
        await start_pool(python="/no-such-python")


async def test_a_function_that_breaks_a_rule_of_the_host_leaves_the_others_alone(start_pool, caller_of):
    caller = caller_of(await start_pool("partly"))

    errors = {function.name: function.error for function in caller.pool.functions}

    assert errors["good"] is None
    assert errors["same_route"] == "The route specified conflicts with the route defined by function 'good'."
    assert errors["two_underscores"] == (
        "The binding name my__input is invalid. Please assign a valid name to the binding."
    )
    assert errors["unresolved"] == (
        "'%NOT_SET%' does not resolve to a value. "
        "Set NOT_SET in the Values of local.settings.json, or in the environment."
    )
    assert errors["queued"].startswith("The binding type(s) 'queueTrigger' are not registered.")
    assert errors["storing"].startswith("The binding type(s) 'queue' are not registered.")
    assert (await caller.http("good")).ok


async def test_a_function_whose_trigger_is_missing_can_be_run_by_hand(start_pool, caller_of):
    caller = caller_of(await start_pool("partly"))

    result = await caller.invoke("queued", "a message")

    assert result.ok


async def test_a_function_whose_output_is_missing_cannot(start_pool, caller_of):
    caller = caller_of(await start_pool("partly"))

    result = await caller.http("storing")

    assert result.error.type == "FunctionLoadError"
    assert "The binding type(s) 'queue' are not registered." in result.error.message


async def test_a_disabled_function_says_so(start_pool, settings_for):
    environment = {**settings_for().environment, "AzureWebJobs.hello.Disabled": "true"}

    pool = await start_pool(environment=environment)

    assert [function.name for function in pool.functions if function.disabled] == ["hello"]


def test_an_app_comes_behind_what_is_installed_and_before_what_is_under_development(monkeypatch, tmp_path):
    (tmp_path / "some_app.py").write_text("import azure.functions as func\napp = func.FunctionApp()\n")
    installed = site.getsitepackages()[0]
    before = [entry for entry in sys.path if entry != installed]
    monkeypatch.setattr(sys, "path", [*before, installed, "/editable"])

    app_loader.import_app(tmp_path, "some_app.py")

    assert sys.path[-3:] == [installed, str(tmp_path), "/editable"]


@sdk_1_only
@pytest.mark.parametrize(
    "source",
    [
        "from durabletask import task\n",
        "from azure.durable_functions import SyncDurableFunctionsClient\n",
        "import azure.durable_functions as df\ndf.RetryPolicy\n",
    ],
)
async def test_an_app_that_uses_names_of_sdk_2_is_told_which_sdk_it_needs(load_failure, source):
    error = await load_failure(source)

    assert f"Installed: azure-functions-durable {SDK} on Python " in error.message
    assert error.message.endswith(
        "it needs Python 3.13 or newer and this line in requirements.txt: azure-functions-durable>=2.0.0rc3"
    )


@sdk_2_only
async def test_an_sdk_2_that_lacks_a_package_names_the_line_that_installs_it(load_failure):
    hide = "import sys\nsys.modules['durabletask.client'] = None\n"

    error = await load_failure(hide + "import azure.durable_functions as df\n")

    assert "A package that it needs is missing or too old. Run: " in error.message
    assert f"pip install --upgrade azure-functions-durable=={SDK} durabletask grpcio" in error.message


@pytest.mark.parametrize("source", ["import not_installed_anywhere\n", "import json\njson.absent\n"])
async def test_any_other_fault_has_no_advice_about_the_sdk(load_failure, source):
    assert "Installed:" not in (await load_failure(source)).message
