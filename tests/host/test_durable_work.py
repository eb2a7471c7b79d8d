"""What happens to durable work while the app is restarted or drained."""

import json
import urllib.request

import pytest

from tests.e2e import hosting
from tests.host.conftest import SOON, App

ORCHESTRATION = """
    import time
    from pathlib import Path
    import azure.durable_functions as df
    import azure.functions as func

    app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)
    GATE = Path(__file__).parent.parent / "gate"
    STARTED = Path(__file__).parent.parent / "started"

    @app.orchestration_trigger(context_name="context")
    def gated(context: df.DurableOrchestrationContext):
        first = yield context.call_activity("pass_the_gate", "first")
        second = yield context.call_activity("pass_the_gate", "second")
        return [first, second]

    @app.activity_trigger(input_name="name")
    def pass_the_gate(name: str) -> str:
        STARTED.touch()
        while not GATE.exists():
            time.sleep(0.01)
        return name
"""


@pytest.fixture
def gated(app: App) -> App:
    app.write(ORCHESTRATION)
    app.start()
    return app


def ask(app: App, method: str, path: str) -> dict[str, object]:
    request = urllib.request.Request(f"{app.host.base_url}{path}", method=method)
    with urllib.request.urlopen(request, timeout=SOON) as response:
        body = response.read()
    answer: dict[str, object] = json.loads(body) if body else {}
    return answer


def start(app: App) -> str:
    started = ask(app, "POST", "/runtime/webhooks/durabletask/orchestrators/gated")
    return str(started["id"])


def comes_to_end(app: App, instance_id: str) -> None:
    path = f"/runtime/webhooks/durabletask/instances/{instance_id}"
    hosting.until(
        lambda: ask(app, "GET", path)["runtimeStatus"] == "Completed", SOON, lambda: app.host.log[-4000:]
    )
    assert ask(app, "GET", path)["output"] == ["first", "second"]


def test_work_that_is_under_way_survives_a_restart(gated: App) -> None:
    instance_id = start(gated)
    hosting.until((gated.root.parent / "started").exists, SOON, lambda: gated.host.log)
    ask(gated, "POST", "/admin/host/restart")
    (gated.root.parent / "gate").touch()
    comes_to_end(gated, instance_id)


def test_a_worker_that_does_not_end_in_time_is_ended_and_its_work_runs_again(gated: App) -> None:
    instance_id = start(gated)
    hosting.until((gated.root.parent / "started").exists, SOON, lambda: gated.host.log)
    ask(gated, "POST", "/admin/host/restart")
    # The activity waits for a gate that stays closed until the grace of the restart is over.
    gated.comes_to_print("Host ready in", times=2)
    (gated.root.parent / "gate").touch()
    comes_to_end(gated, instance_id)


def test_a_drained_host_takes_no_work_until_it_is_resumed(gated: App) -> None:
    ask(gated, "POST", "/admin/host/drain")
    (gated.root.parent / "gate").touch()
    instance_id = start(gated)
    path = f"/runtime/webhooks/durabletask/instances/{instance_id}"
    assert ask(gated, "GET", "/admin/host/drain/status")["state"] == "Completed"
    assert ask(gated, "GET", path)["runtimeStatus"] == "Pending"
    assert not (gated.root.parent / "started").exists()
    assert ask(gated, "POST", "/admin/host/resume") == {"state": "Running"}
    comes_to_end(gated, instance_id)
    assert ask(gated, "GET", "/admin/host/drain/status")["state"] == "Disabled"
