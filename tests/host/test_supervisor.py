"""Several instances under one command: what one of them does, or does not do, holds up no other."""

import http.client
import json
import os
import signal

import psutil
import pytest

from tests.e2e import hosting
from tests.host.conftest import SOON, Answering, App

# The worker of the second instance ends its instance as soon as it loads the app.
CRASHING = """
            import os
            import signal

            if os.environ["WEBSITE_INSTANCE_ID"] == "i2":
                os.kill(os.getppid(), signal.SIGKILL)
"""


def instances(app: App) -> list[psutil.Process]:
    """The processes of the instances: those that have a worker below them."""
    return [psutil.Process(pid) for pid in sorted({worker.ppid() for worker in app.host.workers()})]


def order(app: App, name: str) -> int:
    """Give one order through whichever instance answers; its status."""
    connection = http.client.HTTPConnection("127.0.0.1", app.host.port, timeout=SOON)
    connection.request("POST", f"/admin/host/{name}")
    status = connection.getresponse().status
    connection.close()
    return status


def drain_state(app: App) -> str:
    state: str = json.loads(app.get("/admin/host/drain/status")[1])["state"]
    return state


@pytest.fixture
def three(app: App, answering: Answering) -> App:
    """Three instances, all of them ready."""
    app.write(answering("one"))
    app.start("--instances", "3")
    app.comes_to_print("with 3 host instances")
    return app


def test_an_instance_that_does_not_read_holds_up_neither_orders_nor_the_replacement_of_others(
    three: App,
) -> None:
    stopped, other, _ = instances(three)
    stopped.suspend()
    statuses = {order(three, name) for _ in range(400) for name in ("drain", "resume")}
    assert statuses == {202, 200}

    other.kill()

    three.comes_to_print("is started again")
    hosting.until(lambda: len(three.host.workers()) == 3, SOON, lambda: three.host.log[-4000:])
    order(three, "drain")
    stopped.resume()
    # Of all the orders the last one counts, in each instance.
    hosting.until(
        lambda: {drain_state(three) for _ in range(20)} == {"Completed"}, SOON, lambda: three.host.log[-4000:]
    )
    three.host.signal(signal.SIGTERM)
    assert three.host.wait(10) == 0


def test_a_stopped_instance_ends_in_order_with_the_others(three: App) -> None:
    processes = three.host.processes()
    instances(three)[0].suspend()

    three.host.signal(signal.SIGTERM)

    assert three.host.wait(10) == 0
    hosting.until(lambda: not hosting.alive(processes), 5, lambda: str(hosting.alive(processes)))


def test_while_one_instance_crashes_again_and_again_the_others_serve_and_a_stop_ends_all(
    app: App, answering: Answering
) -> None:
    app.write(answering("one") + CRASHING)
    app.start("--instances", "2")
    app.comes_to_print("Host instance i2 has ended with code -9. It is started again.", times=5)
    assert {app.get("/api/hello") for _ in range(20)} == {(200, "one")}

    app.host.signal(signal.SIGTERM)

    assert app.host.wait(5) == 0


def test_a_drain_outlives_the_replacement_of_every_instance(three: App) -> None:
    order(three, "drain")
    before = instances(three)
    for process in before:
        os.kill(process.pid, signal.SIGKILL)
    hosting.until(
        lambda: len(set(instances(three)) - set(before)) == 3 and hosting.runs(three.host.base_url),
        SOON,
        lambda: three.host.log[-4000:],
    )
    assert {drain_state(three) for _ in range(20)} == {"Completed"}

    order(three, "restart")

    three.comes_to_print("Host ready in", times=2)
    assert {drain_state(three) for _ in range(20)} == {"Disabled"}
