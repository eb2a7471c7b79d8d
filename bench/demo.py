"""`make demo`: the app on a host of its own, told to a person who watches.

Everything is real: the host, its worker processes, the task hub's file, and HTTP as any caller sees it.
It checks what it tells, so it also fails when the product does; it measures nothing (see scaling.py).
"""

import os
import platform
import signal
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench import client, screen, tables
from bench.host_process import PROJECT, HostFailed, HostProcess, Knobs

PROCESSES = 2
THREADS = 10
TASKS = 100
SECONDS = 1
INSTANCE_ID = "demo-2024"
STARTED_HEADER = "X-Instance-Started"

_LIMIT_SECONDS = 120.0
_POLL_SECONDS = 0.1
_CHECK_STATUS_FIELDS = 9
_INTERRUPTED = 130


class NotAsPromised(Exception):
    """The product did something else than the demo tells."""


class Demo:
    """The parts of the demo, in the order in which they are shown."""

    def __init__(self, host: HostProcess, caller: client.Client, show: screen.Screen) -> None:
        self._host = host
        self._caller = caller
        self._show = show

    def hello(self) -> None:
        """The smallest orchestration, from its start to its output."""
        self._show.heading("1. A small orchestration")
        self._show.say("hello_orchestrator calls three activities, one after the other. A POST starts it:")
        begun = time.monotonic()
        reply = self._post("/api/orchestrators/hello_orchestrator")
        self._show.block(f"{screen.reply_head(reply)}\n\n{screen.pretty(payload_of(reply))}")
        self._show.say(
            "202: the instance is written to the task hub and runs in the background. The nine fields name "
            "it and say where to watch and steer it. statusQueryGetUri tells how it goes:"
        )
        status_url = payload_of(reply)["statusQueryGetUri"]
        document = self._caller.wait_for_end(status_url, 0.02, _LIMIT_SECONDS)
        took = time.monotonic() - begun
        self._show.command("curl", status_url)
        self._show.block(screen.pretty(document))
        self._show.say(f"Completed, {1000 * took:.0f} ms after the POST was sent.")

    def fan_out(self) -> None:
        """Many tasks at once, a second start meanwhile, and the summary."""
        self._show.heading("2. Many tasks at the same time, never twice")
        at_once = PROCESSES * THREADS
        self._show.say(
            f"fan_out_fan_in runs {TASKS} tasks of {SECONDS} s each. One after the other that takes "
            f"{TASKS * SECONDS} s; {PROCESSES} worker processes with {THREADS} threads each run {at_once} at "
            f"a time, so {TASKS * SECONDS / at_once:g} s at best. The singleton starter lets one instance "
            "run under an ID:"
        )
        begun = time.monotonic()
        first = self._start_singleton(expected="true")
        self._show.say(f"{STARTED_HEADER}: true. It runs; its custom status shows how far it is.")
        self._watch(first, begun, until_share=0.3)
        self._show.say("Somebody starts it once more under the same ID while it runs:")
        second = self._start_singleton(expected="false")
        if second["statusQueryGetUri"] != first["statusQueryGetUri"]:
            raise NotAsPromised(f"The second start led to another instance: {second} instead of {first}.")
        self._show.say(
            f"{STARTED_HEADER}: false. Nothing was started; the answer leads to the instance that runs."
        )
        document = self._watch(first, begun, until_share=1.0)
        took = time.monotonic() - begun
        self._summary(client.completed(document)["output"], took)

    def _summary(self, summary: dict[str, Any], took: float) -> None:
        if summary["taskCount"] != TASKS:
            raise NotAsPromised(f"{summary['taskCount']} tasks ran instead of {TASKS}.")
        self._show.heading("3. The summary that the orchestration returned")
        self._show.block(
            tables.table(
                ["measure", "value"],
                [
                    ["tasks", f"{TASKS} of {SECONDS} s"],
                    ["one after the other", f"{TASKS * SECONDS} s"],
                    ["wall clock, first start to last finish", f"{summary['wallClockSeconds']:.2f} s"],
                    ["wall clock, as this caller saw it", f"{took:.2f} s"],
                    ["highest parallelism", f"{summary['highestParallelism']} of {PROCESSES * THREADS}"],
                ],
            )
        )
        self._show.block(
            tables.table(["worker process", "threads", "tasks"], rows_of_workers(summary["workers"]))
        )

    def _start_singleton(self, expected: str) -> dict[str, Any]:
        query = f"myId={INSTANCE_ID}&taskCount={TASKS}&seconds={SECONDS}"
        reply = self._post(f"/api/orchestrators2/fan_out_fan_in?{query}")
        payload = payload_of(reply)
        self._show.block(f"{screen.reply_head(reply)}\n\n(the nine fields for {payload['id']})")
        if reply.header(STARTED_HEADER) != expected:
            raise NotAsPromised(
                f"{STARTED_HEADER} is '{reply.header(STARTED_HEADER)}' instead of '{expected}'."
            )
        return payload

    def _post(self, path: str) -> client.Reply:
        self._show.command("curl", "-i", "-X", "POST", f"{self._host.base_url}{path}")
        return self._caller.request("POST", path)

    def _watch(self, payload: dict[str, Any], begun: float, until_share: float) -> dict[str, Any]:
        """Poll and show the progress until the share of the tasks is done, or the instance has ended."""
        while True:
            document = self._caller.status(payload["statusQueryGetUri"])
            seconds = time.monotonic() - begun
            ended = document["runtimeStatus"] in client.ENDED
            # Pending instances have no custom status yet.
            completed = (document["customStatus"] or {}).get("completed", 0)
            self._show.progress(completed, TASKS, seconds)
            if ended or (until_share < 1 and completed >= until_share * TASKS):
                self._show.end_progress()
                return document
            if seconds > _LIMIT_SECONDS:
                raise NotAsPromised(f"{completed} of {TASKS} tasks are done after {seconds:.0f} s.")
            time.sleep(_POLL_SECONDS)


def rows_of_workers(workers: Sequence[dict[str, Any]]) -> list[list[str]]:
    """The threads and tasks of each worker process, from the summary's line for each thread."""
    tasks_of_threads: dict[int, list[int]] = defaultdict(list)
    for worker in workers:
        tasks_of_threads[worker["process"]].append(worker["tasks"])
    return [
        [str(process), str(len(each)), str(sum(each))] for process, each in sorted(tasks_of_threads.items())
    ]


def payload_of(reply: client.Reply) -> dict[str, Any]:
    """The check-status payload of an accepted start.

    Raises NotAsPromised for another answer, or another number of fields.
    """
    if reply.status != 202:
        raise NotAsPromised(f"The start was answered with {reply.status} {reply.reason}: {reply.body!r}")
    payload: dict[str, Any] = reply.json()
    if len(payload) != _CHECK_STATUS_FIELDS:
        raise NotAsPromised(f"The check-status payload has the fields {', '.join(payload)}.")
    return payload


def run(show: screen.Screen, data_dir: Path) -> None:
    """Show everything.

    Raises HostFailed, CallFailed or NotAsPromised when something is not as told.
    """
    host = HostProcess(PROJECT, data_dir, Knobs(processes=PROCESSES, threads=THREADS))
    show.say(
        "This app is an Azure Durable Functions app. funchost runs it here, with nothing but "
        f"Python {platform.python_version()}: HTTP, the durable task hub and the worker processes."
    )
    show.command(*(f"{name}={value}" for name, value in host.knobs.app_settings().items()), *_short(host))
    try:
        with host:
            show.say(f"It is ready after {host.ready_seconds:.2f} s, on {host.base_url}.")
            with client.Client(host.base_url) as caller:
                demo = Demo(host, caller, show)
                demo.hello()
                demo.fan_out()
            show.heading("4. The end")
            show.say("The host is told to stop, as with Ctrl+C.")
            took = host.stop()
            show.say(
                f"It stopped in {took:.2f} s with exit code 0; its processes are gone and port "
                f"{host.port} is free."
            )
    except KeyboardInterrupt:
        show.end_progress()
        show.say("Stopped before the end. The host and its processes are gone.")
        raise


def _short(host: HostProcess) -> list[str]:
    """The command of the host as a person types it in the project's folder."""
    words = ["python", *host.command[1:]]
    return ["." if word == str(PROJECT) else word for word in words]


def main() -> int:
    """Run the demo; 0 when all of it was as told."""
    for sign in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(sign, signal.default_int_handler)
    try:
        with tempfile.TemporaryDirectory(prefix="funchost-demo-") as folder:
            run(screen.Screen(sys.stdout), Path(folder) / "data")
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        # The reader is gone (`make demo | head`). Python would complain once more when it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (HostFailed, client.CallFailed, NotAsPromised) as failure:
        print(f"demo: {failure}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
