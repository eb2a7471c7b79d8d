"""The wheel: funchost without the app, complete enough to run somebody else's app."""

import os
import subprocess
import sys
import time
import urllib.request
import zipfile
from pathlib import Path

import pytest

from tests.e2e.hosting import free_port

PROJECT = Path(__file__).parents[2]
SOMEBODYS_APP = """
import azure.functions as func
import azure.durable_functions as df

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.route(route="where")
def where(req: func.HttpRequest) -> str:
    return "here"
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=PROJECT, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_holds_funchost_and_nothing_of_the_app(wheel):
    with zipfile.ZipFile(wheel) as archive:
        tops = {name.split("/")[0] for name in archive.namelist()}

    assert {top for top in tops if not top.endswith(".dist-info")} == {"funchost"}


def test_the_wheel_gives_the_command_funchost(wheel):
    with zipfile.ZipFile(wheel) as archive:
        (entry_points,) = [name for name in archive.namelist() if name.endswith("entry_points.txt")]
        text = archive.read(entry_points).decode()

    assert "funchost = funchost.cli:main" in text


def test_installed_somewhere_else_it_runs_somebodys_app(wheel, tmp_path):
    site, app = tmp_path / "site", tmp_path / "app"
    app.mkdir()
    (app / "function_app.py").write_text(SOMEBODYS_APP)
    (app / "host.json").write_text('{"version": "2.0"}')
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    port = free_port()
    host = subprocess.Popen(
        [sys.executable, "-P", "-c", "from funchost.cli import main; main()", "start", "--port", str(port)],
        cwd=app,
        env={**os.environ, "PYTHONPATH": str(site)},
        stdout=subprocess.DEVNULL,
    )
    try:
        assert _first_answer(port) == "here"
        assert (app / ".funchost" / "TestHubName.db").exists()
    finally:
        host.terminate()
        assert host.wait(30) == 0


def _first_answer(port):
    """The host may still be starting: a refused connection is asked again, for so long."""
    limit = time.monotonic() + 30
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/where", timeout=30) as answer:
                return answer.read().decode()
        except OSError:
            if time.monotonic() > limit:
                raise
            time.sleep(0.05)
