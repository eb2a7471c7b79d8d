"""A start that cannot be: exit code 2 (1 when the app itself is at fault), and a message that says why.

Source: funchost start: options, host.json, local.settings.json, app settings.
"""

import shutil
import socket
import subprocess
import sys

import pytest

from tests.e2e import hosting

DURABLE = "AzureFunctionsJobHost__extensions__durableTask__"


def start(app, folder, *arguments, **app_settings):
    """Run the command until it ends by itself."""
    if "--port" not in arguments:
        arguments += ("--port", str(hosting.free_port()))
    return subprocess.run(
        [
            *(sys.executable, "-m", "funchost", "start", "--script-root", str(app)),
            *("--data-dir", str(folder / "data"), *arguments),
        ],
        cwd=hosting.PROJECT,
        env=hosting.environment(app_settings),
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


@pytest.fixture
def app(tmp_path):
    """A copy of the small app, to be spoilt."""
    return shutil.copytree(hosting.APPS / "crashes", tmp_path / "app")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--port", "0"], ["--port", "'0'", "1 to 65535"]),
        (["--port", "http"], ["--port", "'http'"]),
        (["--instances", "0"], ["--instances", "'0'"]),
        (["--dispatch", "random"], ["random", "least-busy"]),
        (["--address", "nowhere"], ["--address", "nowhere", "127.0.0.1"]),
        (["--functions", "nobody"], ["nobody", "steps"]),
        (["--user-log-level", "loud"], ["loud", "Information"]),
        (
            ["--json-output-file", "/no/such/folder/log"],
            ["--json-output-file", "/no/such/folder/log", "exists"],
        ),
        (["--json-output-file", "/"], ["--json-output-file", "'/'", "folder that exists"]),
        (["--nonsense"], ["--nonsense"]),
    ],
)
def test_a_wrong_option_is_named_with_what_is_allowed(app, tmp_path, arguments, words):
    ended = start(app, tmp_path, *arguments)

    assert ended.returncode == 2
    assert [word for word in words if word not in ended.stderr] == []


@pytest.mark.parametrize(
    ("app_settings", "words"),
    [
        ({"FUNCTIONS_WORKER_PROCESS_COUNT": "11"}, ["FUNCTIONS_WORKER_PROCESS_COUNT", "11"]),
        ({"FUNCTIONS_WORKER_PROCESS_COUNT": "two"}, ["FUNCTIONS_WORKER_PROCESS_COUNT", "two"]),
        ({f"{DURABLE}maxConcurrentActivityFunctions": "0"}, ["maxConcurrentActivityFunctions", "0"]),
        ({f"{DURABLE}hubName": "not a name"}, ["not a name"]),
    ],
)
def test_a_wrong_app_setting_is_named(app, tmp_path, app_settings, words):
    ended = start(app, tmp_path, **app_settings)

    assert ended.returncode == 2
    assert [word for word in words if word not in ended.stderr] == []
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("name", ["host.json", "local.settings.json"])
def test_a_file_that_is_not_json_is_named(app, tmp_path, name):
    (app / name).write_text("{")

    ended = start(app, tmp_path)

    assert ended.returncode == 2
    assert name in ended.stderr


def test_a_folder_that_does_not_exist_is_named(tmp_path):
    ended = start(tmp_path / "nowhere", tmp_path)

    assert ended.returncode == 2
    assert str(tmp_path / "nowhere") in ended.stderr


def test_a_folder_without_an_app_is_named(app, tmp_path):
    (app / "function_app.py").unlink()

    ended = start(app, tmp_path)

    assert ended.returncode != 0
    assert "function_app.py" in ended.stderr


def test_an_app_that_cannot_be_imported_gives_its_traceback_and_what_to_mend(app, tmp_path):
    (app / "function_app.py").write_text("import json\n\nraise ValueError('broken here')\n")

    ended = start(app, tmp_path)

    assert ended.returncode == 1
    assert "ValueError: broken here" in ended.stderr
    assert 'function_app.py", line 3' in ended.stderr
    assert str(app / "function_app.py") in ended.stderr.splitlines()[-1]


def test_an_app_with_a_function_that_cannot_be_loaded_names_the_function_before_the_traceback(app, tmp_path):
    source = "\n\n@app.activity_trigger(input_name='x')\ndef spoilt(x: 'func.Nothing'): ...\n"
    (app / "function_app.py").write_text((app / "function_app.py").read_text() + source)

    ended = start(app, tmp_path)

    assert ended.returncode == 1
    blame = ended.stderr.index("Function 'spoilt': AttributeError: module 'azure.functions' has no attribute")
    assert blame < ended.stderr.index('File "') < ended.stderr.index("Mend ")


def test_an_app_that_lacks_a_module_names_it(app, tmp_path):
    (app / "function_app.py").write_text("import no_such_module\n")

    ended = start(app, tmp_path)

    assert ended.returncode == 1
    assert "No module named 'no_such_module'" in ended.stderr
    assert "requirements.txt" in ended.stderr


@pytest.mark.parametrize("instances", ["1", "2"])
def test_a_port_that_is_taken_is_named(app, tmp_path, instances):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = start(app, tmp_path, "--port", port, "--instances", instances)

    assert ended.returncode == 2
    assert f"Port {port} is unavailable" in ended.stderr


def test_an_address_of_another_machine_is_named(app, tmp_path):
    ended = start(app, tmp_path, "--address", "192.0.2.1", "--anyone-may-call")

    assert ended.returncode == 2
    assert "192.0.2.1 is no address of this machine" in ended.stderr


def test_an_address_that_others_reach_is_refused_without_keys(app, tmp_path):
    ended = start(app, tmp_path, "--address", "0.0.0.0")

    assert ended.returncode == 2
    assert "--enable-auth" in ended.stderr
    assert "--anyone-may-call" in ended.stderr


def test_several_instances_end_together_when_the_app_cannot_be_imported(app, tmp_path):
    (app / "function_app.py").write_text("raise ValueError('broken here')\n")

    ended = start(app, tmp_path, "--instances", "2")

    assert ended.returncode == 1
    assert "ValueError: broken here" in ended.stderr
