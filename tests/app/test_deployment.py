"""The root of the repository as Azure and Core Tools read it."""

import fnmatch
import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DEPLOYED = [
    "function_app.py",
    "host.json",
    "requirements.txt",
    *(
        str(path.relative_to(ROOT))
        for room in ("fanout", "hello", "shared", "singleton")
        for path in (ROOT / room).glob("*.py")
    ),
]
KEPT_BACK = [
    "funchost/cli.py",
    "bench/demo.py",
    "tests/app/test_deployment.py",
    "docs/decisions/index.md",
    "Makefile",
    "pyproject.toml",
    "requirements-dev.lock",
    "requirements-dev-2x.lock",
    "README.md",
    ".venv/bin/python",
    ".venv-2x/bin/python",
    ".funchost/hub.db",
    ".ci/run",
    ".gitignore",
    "local.settings.json",
    "shared/__pycache__/settings.cpython-311.pyc",
]


def is_ignored(path):
    """As Core Tools matches: anchored at the root, and a prefix that ends at a word boundary."""
    lines = (ROOT / ".funcignore").read_text().splitlines()
    for pattern in (line for line in lines if line and not line.startswith("#")):
        expression = fnmatch.translate(pattern.replace("**/", "*")).replace(r"\Z", "").replace(r"\z", "")
        if re.match(rf"{expression}(?!\w)", path):
            return True
    return False


@pytest.mark.parametrize("path", DEPLOYED)
def test_what_the_app_needs_is_deployed(path):
    assert (ROOT / path).is_file()
    assert not is_ignored(path)


@pytest.mark.parametrize("path", KEPT_BACK)
def test_what_belongs_to_development_is_kept_back(path):
    assert is_ignored(path)


def test_only_the_two_sdk_packages_are_deployed():
    lines = [
        line for line in (ROOT / "requirements.txt").read_text().splitlines() if not line.startswith("#")
    ]
    assert [re.split(r"[<>=]", line)[0] for line in lines] == ["azure-functions", "azure-functions-durable"]


def test_host_json_lets_two_processes_of_ten_threads_work_in_full():
    host = json.loads((ROOT / "host.json").read_text())
    values = json.loads((ROOT / "local.settings.json").read_text())["Values"]
    threads = int(values["FUNCTIONS_WORKER_PROCESS_COUNT"]) * int(values["PYTHON_THREADPOOL_THREAD_COUNT"])

    assert host["version"] == "2.0"
    assert host["extensionBundle"]["version"] == "[4.*, 5.0.0)"
    assert host["extensions"]["durableTask"]["maxConcurrentActivityFunctions"] == threads == 20


def test_local_settings_hold_no_secret_and_are_not_encrypted():
    local = json.loads((ROOT / "local.settings.json").read_text())

    assert local["IsEncrypted"] is False
    assert local["Values"]["AzureWebJobsStorage"] == "UseDevelopmentStorage=true"
    assert local["Values"]["FUNCTIONS_WORKER_RUNTIME"] == "python"
