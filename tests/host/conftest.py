"""Real hosts over small apps that a test writes and changes."""

import json
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e import hosting
from tests.e2e.hosting import HostProcess

SOON = 15.0


class App:
    """An app's folder and the host that runs it."""

    def __init__(self, root: Path, folder: Path) -> None:
        self.root = root
        self._folder = folder
        self.host: HostProcess

    def write(self, source: str, name: str = "function_app.py") -> None:
        """Write one of its Python files, as an editor does: in place of the old one, as a whole."""
        path = self.root / name
        path.parent.mkdir(exist_ok=True)
        fresh = path.with_suffix(".new")
        fresh.write_text(textwrap.dedent(source))
        fresh.replace(path)

    def configure(self, **sections: object) -> None:
        """Write host.json."""
        (self.root / "host.json").write_text(json.dumps({"version": "2.0", **sections}))

    def prepare(self, *arguments: str, **app_settings: str) -> HostProcess:
        """A host of the app that does not run yet."""
        self.host = HostProcess(self.root, self._folder, *arguments, **app_settings)
        return self.host

    def start(self, *arguments: str, **app_settings: str) -> HostProcess:
        """A host that serves the app."""
        self.prepare(*arguments, **app_settings).start()
        return self.host

    def get(self, path: str) -> tuple[int, str]:
        """Status and text of a GET."""
        status, body = hosting.get(self.host.base_url, path)
        return status, body.decode()

    def comes_to_answer(self, path: str, answer: tuple[int, str]) -> None:
        """Wait until a GET gives this status and text."""
        hosting.until(
            lambda: self.get(path) == answer,
            SOON,
            lambda: f"{path} gives {self.get(path)}, not {answer}.\n{self.host.log[-4000:]}",
        )

    def comes_to_print(self, text: str, times: int = 1) -> None:
        """Wait until the host has printed a text, so many times."""
        hosting.until(
            lambda: self.host.log.count(text) >= times,
            SOON,
            lambda: f"{text!r} does not come.\n{self.host.log[-4000:]}",
        )


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    """An app without functions, and without a host until the test starts one."""
    root = tmp_path / "app"
    root.mkdir()
    (tmp_path / "host").mkdir()
    app = App(root, tmp_path / "host")
    app.configure()
    yield app
    if hasattr(app, "host"):
        app.host.stop()


Answering = Callable[[str], str]


@pytest.fixture
def answering() -> Answering:
    """Makes the source of an app whose function hello gives this text, with its worker's process ID."""

    def source(text: str) -> str:
        return f"""
            import os
            import azure.functions as func

            app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)

            @app.route(route="hello")
            def hello(req: func.HttpRequest) -> func.HttpResponse:
                return func.HttpResponse({text!r})

            @app.route(route="pid")
            def pid(req: func.HttpRequest) -> func.HttpResponse:
                return func.HttpResponse(str(os.getpid()))
            """

    return source
