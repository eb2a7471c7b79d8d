"""The command as a whole: text and JSON, exit codes, and this project's own app."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from funchost import cli

PROJECT = Path(__file__).parents[2]

STARTER = """\
import azure.durable_functions as df
import azure.functions as func

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)

@app.route(route="start")
@app.durable_client_input(client_name="client")
async def start(req: func.HttpRequest, client):
    return await client.start_new("work")

@app.orchestration_trigger(context_name="context")
def work(context):
    yield context.call_activity("step")

@app.queue_trigger(arg_name="message", queue_name="q", connection="Nowhere")
def take(message: func.QueueMessage):
    pass
"""
HOST = {
    "version": "2.0",
    "extensionBundle": {"id": "Microsoft.Azure.Functions.ExtensionBundle", "version": "[4.*, 5.0.0)"},
}


@pytest.fixture
def app(tmp_path):
    (tmp_path / "function_app.py").write_text(STARTER)
    (tmp_path / "host.json").write_text(json.dumps(HOST))
    (tmp_path / "requirements.txt").write_text("azure-functions\nazure-functions-durable\n")
    return tmp_path


def doctor(*words: str):
    return CliRunner().invoke(cli.main, ["doctor", *words])


def findings(folder: Path) -> tuple[int, list[tuple[str, str, str]]]:
    result = doctor("--json", "--script-root", str(folder))
    report = json.loads(result.stdout)
    assert report["counts"].keys() == {"error", "warning", "note"}
    return result.exit_code, [(f["severity"], f["check"], f["place"]) for f in report["findings"]]


def test_open_starters_and_functions_that_do_not_run_here_are_warnings(app):
    exit_code, found = findings(app)

    assert exit_code == 0
    assert ("warning", "anonymous-starter", "function_app.py:8") in found
    assert ("warning", "not-here", "function_app.py:16") in found


def test_a_starter_that_asks_for_a_key_or_is_allowed_is_not_told_of(app):
    script = STARTER.replace("ANONYMOUS", "FUNCTION")
    (app / "function_app.py").write_text(script)
    assert "anonymous-starter" not in {check for _, check, _ in findings(app)[1]}

    allowed = STARTER.replace("client):\n", "client):  # funchost: allow anonymous-starter\n")
    (app / "function_app.py").write_text(allowed)
    assert "anonymous-starter" not in {check for _, check, _ in findings(app)[1]}


def test_an_app_that_cannot_be_loaded_is_an_error_and_its_files_are_read_all_the_same(app):
    script = STARTER.replace("    yield context", "    import time\n    time.sleep(1)\n    yield context")
    (app / "function_app.py").write_text(f"{script}\nraise ValueError('no luck')\n")

    exit_code, found = findings(app)

    assert exit_code == 1
    assert ("error", "load", "function_app.py") in found
    assert ("error", "non-deterministic", "function_app.py:14") in found


def test_the_worst_stands_first_in_the_text(app):
    (app / "requirements.txt").unlink()

    result = doctor("--script-root", str(app))

    assert result.exit_code == 1
    assert result.stdout.startswith("error requirements: requirements.txt\n")
    assert result.stdout.splitlines()[-1].startswith("1 error, ")


def test_a_folder_without_an_app_is_refused(tmp_path):
    result = doctor("--script-root", str(tmp_path))

    assert (result.exit_code, "Unable to find project root" in result.stderr) == (2, True)


def test_this_project_can_be_deployed():
    exit_code, found = findings(PROJECT)

    assert exit_code == 0
    # Its starters are open on purpose; the README says what to do before they are on the Internet.
    assert {check for _, check, _ in found} == {"anonymous-starter"}
