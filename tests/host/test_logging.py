"""What a real host prints of what functions log and print. Source: Azure Functions host, logging."""

import re

import pytest

from tests.host.conftest import App

SPEAKING = """
    import logging
    import sys
    import threading
    import azure.functions as func

    app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)

    def speak(name):
        print(f"{name} printed")
        print(f"{name} a warning on stderr", file=sys.stderr)
        logging.debug("%s debug", name)
        logging.info("%s info", name)
        logging.getLogger("own.logger").warning("%s warning", name)
        logging.error("%s error", name)

    @app.route(route="one")
    def one(req: func.HttpRequest) -> func.HttpResponse:
        speak("one")
        return func.HttpResponse("done")

    @app.route(route="two")
    async def two(req: func.HttpRequest) -> func.HttpResponse:
        speak("two")
        return func.HttpResponse("done")

    @app.route(route="broken")
    def broken(req: func.HttpRequest) -> func.HttpResponse:
        print("before the end", end="")
        raise ValueError("no good")

    @app.route(route="thread")
    def thread(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
        def run(tell):
            if tell:
                context.thread_local_storage.invocation_id = context.invocation_id
            logging.warning("from a thread that %s", "tells" if tell else "does not tell")
        for tell in (True, False):
            worker = threading.Thread(target=run, args=(tell,))
            worker.start()
            worker.join()
        return func.HttpResponse("done")
"""
EVERY_LEVEL = {"debug", "info", "warning", "error"}


def speak(app: App, *names: str) -> None:
    for name in names:
        assert app.get(f"/api/{name}") == (200, "done")


def levels_shown(app: App, name: str) -> set[str]:
    return set(re.findall(rf": {name} (debug|info|warning|error)$", app.host.log, re.MULTILINE))


@pytest.mark.parametrize(
    ("log_level", "arguments", "one", "two"),
    [
        ({}, [], {"info", "warning", "error"}, {"info", "warning", "error"}),
        ({"default": "Warning"}, [], {"warning", "error"}, {"warning", "error"}),
        ({"default": "Debug"}, [], EVERY_LEVEL, EVERY_LEVEL),
        ({"Function": "Error"}, [], {"error"}, {"error"}),
        ({"Function.one": "Error"}, [], {"error"}, {"info", "warning", "error"}),
        ({"Function.one.User": "Debug", "Function": "None"}, [], EVERY_LEVEL, set()),
        ({"default": "Error"}, ["--user-log-level", "Debug"], EVERY_LEVEL, EVERY_LEVEL),
        ({"Function.one.User": "Debug"}, ["--user-log-level", "Error"], {"error"}, {"error"}),
    ],
)
def test_the_levels_of_host_json_and_the_flags_say_what_of_a_function_s_lines_is_shown(
    app: App, log_level: dict[str, str], arguments: list[str], one: set[str], two: set[str]
) -> None:
    app.configure(logging={"logLevel": log_level})
    app.write(SPEAKING)
    host = app.start(*arguments)
    speak(app, "one", "two")
    host.stop()
    assert (levels_shown(app, "one"), levels_shown(app, "two")) == (one, two)


@pytest.mark.parametrize(
    ("log_level", "shown"),
    [({}, True), ({"Function.one": "Warning"}, False), ({"Function.one": "Information"}, True)],
)
def test_the_lines_about_an_invocation_have_the_category_of_its_function(
    app: App, log_level: dict[str, str], shown: bool
) -> None:
    app.configure(logging={"logLevel": log_level})
    app.write(SPEAKING)
    host = app.start()
    speak(app, "one")
    host.stop()
    assert ("Executed 'Functions.one' (Succeeded" in host.log) is shown


def test_what_is_printed_is_shown_without_an_invocation_and_in_order(app: App) -> None:
    app.write(SPEAKING)
    host = app.start()
    speak(app, *["one"] * 3)
    host.stop()
    printed = re.findall(r"\] i1 w\d+ +one printed$", host.log, re.MULTILINE)
    assert len(printed) == 3
    executed = [match.start() for match in re.finditer("Executed 'Functions.one'", host.log)]
    spoken = [match.start() for match in re.finditer("one printed", host.log)]
    assert all(line < end for line, end in zip(spoken, executed, strict=True))


def test_what_a_failing_call_printed_is_shown_too(app: App) -> None:
    app.write(SPEAKING)
    host = app.start()
    assert app.get("/api/broken")[0] == 500
    host.stop()
    assert "before the end" in host.log
    assert "Exception: ValueError: no good" in host.log


def test_the_console_category_silences_prints(app: App) -> None:
    app.configure(logging={"logLevel": {"Host.Function.Console": "Warning"}})
    app.write(SPEAKING)
    host = app.start()
    speak(app, "one")
    host.stop()
    assert "one printed" not in host.log
    assert "one a warning on stderr" in host.log


def test_a_thread_that_tells_its_invocation_is_heard_and_another_is_the_host_s(app: App) -> None:
    app.write(SPEAKING)
    host = app.start()
    speak(app, "thread")
    host.stop()
    assert re.search(r" thread [0-9a-f]{8}: from a thread that tells$", host.log, re.MULTILINE)
    assert re.search(r" w\d+ +from a thread that does not tell$", host.log, re.MULTILINE)


def test_verbose_shows_the_host_s_own_lines(app: App) -> None:
    app.write(SPEAKING)
    host = app.start("--verbose")
    speak(app, "one")
    host.stop()
    assert re.search(r" w\d+ +Worker process started and initialized\.$", host.log, re.MULTILINE)


def test_without_verbose_they_stay_out_of_the_way(app: App) -> None:
    app.write(SPEAKING)
    host = app.start()
    speak(app, "one")
    host.stop()
    assert not re.search(r" w\d+ +Worker process started", host.log)
    assert "Stopping: no new work; what runs has 10 s. Press Ctrl+C again to stop at once." in host.log
