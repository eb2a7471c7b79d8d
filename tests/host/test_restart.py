"""Restarts of the app inside a running host: on changes of its sources, and through the admin endpoints."""

import json
import signal
import socket
import threading
import urllib.request

import psutil

from tests.e2e import hosting
from tests.host.conftest import SOON, Answering, App


def post(app: App, path: str, method: str = "POST", body: bytes = b"") -> int:
    request = urllib.request.Request(
        f"{app.host.base_url}{path}",
        data=body,
        method=method,
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=SOON) as response:
        status: int = response.status
        return status


def test_a_changed_file_is_served_by_the_same_host_and_new_workers(app: App, answering: Answering) -> None:
    app.write(answering("one"))
    host = app.start("--watch")
    old_worker = int(app.get("/api/pid")[1])
    app.write(answering("two"))
    app.comes_to_answer("/api/hello", (200, "two"))
    assert not psutil.pid_exists(old_worker)
    assert host.exit_code is None
    app.comes_to_print("function_app.py changed. The app is restarted.")
    app.comes_to_print("Host ready in", times=2)


def test_without_watch_a_change_waits_for_the_order_to_restart(app: App, answering: Answering) -> None:
    app.write(answering("one"))
    app.start("--no-watch")
    app.write(answering("two"))
    assert app.get("/api/hello") == (200, "one")
    assert post(app, "/admin/host/restart") == 200
    app.comes_to_answer("/api/hello", (200, "two"))


def test_an_app_that_breaks_shows_its_traceback_and_is_served_again_once_it_is_mended(
    app: App, answering: Answering
) -> None:
    app.write(answering("one"))
    host = app.start("--watch")
    app.write("import nowhere")
    app.comes_to_answer("/api/hello", (503, "Function host is not running."))
    app.comes_to_print("ModuleNotFoundError: No module named 'nowhere'")
    status = json.loads(app.get("/admin/host/status")[1])
    assert status["state"] == "Error"
    assert "No module named 'nowhere'" in status["errors"][0]
    app.write(answering("mended"))
    app.comes_to_answer("/api/hello", (200, "mended"))
    assert host.exit_code is None


def test_an_app_that_is_broken_from_the_start_is_waited_for(app: App, answering: Answering) -> None:
    app.write("1 / 0")
    host = app.prepare("--watch")
    starter = threading.Thread(target=host.start)
    starter.start()
    app.comes_to_print("ZeroDivisionError: division by zero")
    app.comes_to_print("Waiting for a change of the sources")
    app.write(answering("mended"))
    app.comes_to_answer("/api/hello", (200, "mended"))
    starter.join()


def test_an_import_that_never_ends_is_left_behind_by_the_next_change(app: App, answering: Answering) -> None:
    app.write(answering("one"))
    app.start("--watch")
    app.write("import threading\nthreading.Event().wait()")
    app.comes_to_print("changed. The app is restarted.")
    hosting.until(
        lambda: json.loads(app.get("/admin/host/status")[1])["state"] == "Starting",
        SOON,
        lambda: app.host.log,
    )
    app.write(answering("two"))
    app.comes_to_answer("/api/hello", (200, "two"))


def test_host_json_is_read_again(app: App, answering: Answering) -> None:
    app.write(answering("one"))
    host = app.start("--watch")
    app.configure(extensions={"http": {"routePrefix": "v2"}, "durableTask": {"hubName": "Other"}})
    app.comes_to_answer("/v2/hello", (200, "one"))
    assert app.get("/api/hello")[0] == 404
    app.comes_to_print("hubName: the change takes effect when funchost is started again.")
    (app.root / "host.json").write_text("{")
    app.comes_to_answer("/v2/hello", (503, "Function host is not running."))
    app.comes_to_print("Unable to parse host configuration file")
    app.configure()
    app.comes_to_answer("/api/hello", (200, "one"))
    assert host.exit_code is None


def test_requests_wait_while_the_app_is_restarted(app: App, answering: Answering) -> None:
    app.write(answering("one"))
    app.start()
    answers = []
    go_on = threading.Event()

    def call() -> None:
        while not go_on.is_set():
            answers.append(app.get("/api/hello"))

    caller = threading.Thread(target=call)
    caller.start()
    app.write(answering("two"))
    post(app, "/admin/host/restart")
    app.comes_to_answer("/api/hello", (200, "two"))
    go_on.set()
    caller.join()
    assert set(answers) <= {(200, "one"), (200, "two")}


def test_a_stop_during_a_restart_ends_everything_in_order(app: App, answering: Answering) -> None:
    app.write(answering("one"))
    host = app.start()
    app.write("import threading\nthreading.Event().wait()")
    post(app, "/admin/host/restart")
    hosting.until(
        lambda: json.loads(app.get("/admin/host/status")[1])["state"] == "Starting", SOON, lambda: host.log
    )
    below = host.processes()
    host.signal(signal.SIGTERM)
    assert host.wait() == 0
    assert not any(process.is_running() for process in below)
    socket.create_server(("127.0.0.1", host.port)).close()


def test_all_instances_restart_together(app: App, answering: Answering) -> None:
    app.write(answering("one"))
    host = app.start("--instances", "3", "--watch")
    app.comes_to_print("Host ready in")
    pids = {process.pid for process in host.processes() if "main.py" in " ".join(process.cmdline())}
    assert len(pids) == 3
    app.write(answering("two"))
    app.comes_to_print("Host ready in", times=2)
    assert {app.get("/api/hello") for _ in range(20)} == {(200, "two")}
    assert host.log.count("changed. The app is restarted.") == 1
    assert not any(psutil.pid_exists(pid) for pid in pids)
    assert post(app, "/admin/host/restart") == 200
    app.comes_to_print("Host ready in", times=3)


def test_an_app_is_taken_offline_and_back_by_a_file(app: App, answering: Answering) -> None:
    app.write(answering("one"))
    app.start()
    worker = int(app.get("/api/pid")[1])
    assert post(app, "/admin/host/state", "PUT", b'"offline"') == 202
    assert app.get("/api/hello")[0] == 503
    hosting.until(lambda: not psutil.pid_exists(worker), SOON, lambda: app.host.log)
    (app.root / "app_offline.htm").unlink()
    app.comes_to_answer("/api/hello", (200, "one"))
