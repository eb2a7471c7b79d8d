"""The peer for the throughput: the same loads on durabletask's in-memory backend.

    python -m bench.durabletask_peer WORKERS IN_FLIGHT CALLERS ORCHESTRATOR:INSTANCES:ACTIVITIES ...

prints, as a JSON list, the seconds that each load took. WORKERS 0 is how its documentation shows it: backend
and worker in one process. With 1 or more, each worker is a process of its own, as funchost's are. IN_FLIGHT
is how many work items of each kind each may have at once; CALLERS is how many threads start instances.
Everything else is durabletask's default, but the size of histories, which would end a large fan-out, and
its log, which is silent as the app's is.
"""

import json
import logging
import multiprocessing
import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.synchronize import Event

from durabletask import client, task, testing, worker

_WARM_UP = ("fan_out", 1, 100)
_LIMIT_SECONDS = 600
_LOG = logging.getLogger("durabletask")
_CITIES = ("Tokyo", "Seattle", "London", "Amsterdam", "Mumbai")


def nothing(context: task.ActivityContext, index: int) -> None:
    """The activity: it does nothing."""


def say_hello(context: task.ActivityContext, city: str) -> str:
    """The activity of HelloCities."""
    return f"Hello {city}!"


def hello_cities(context: task.OrchestrationContext, _: int) -> task.Orchestrator:
    """Five activities in a chain."""
    greetings = []
    for city in _CITIES:
        greetings.append((yield context.call_activity(say_hello, input=city)))
    return greetings


def fan_out(context: task.OrchestrationContext, activities: int) -> task.Orchestrator:
    """All activities at once, in one instance."""
    yield task.when_all([context.call_activity(nothing, input=index) for index in range(activities)])


def chain(context: task.OrchestrationContext, activities: int) -> task.Orchestrator:
    """One activity after the other."""
    for index in range(activities):
        yield context.call_activity(nothing, input=index)


def measure(workers: int, in_flight: int, callers: int, loads: list[tuple[str, int, int]]) -> list[float]:
    """The seconds from scheduling to completion for each load, one after the other, after a warm-up."""
    port = _free_port()
    backend = testing.create_test_backend(port, max_history_size=1_000_000)
    spawn = multiprocessing.get_context("spawn")
    stop = spawn.Event()
    children = []
    for _ in range(workers):
        ready = spawn.Event()
        children.append(spawn.Process(target=_work, args=(port, in_flight, ready, stop)))
        children[-1].start()
        ready.wait(_LIMIT_SECONDS)
    own = None if workers else _started_worker(port, in_flight)
    caller = client.TaskHubGrpcClient(host_address=f"localhost:{port}", logger=_LOG)
    with ThreadPoolExecutor(callers) as threads:
        seconds = [_run(caller, threads, *load) for load in (_WARM_UP, *loads)]
    stop.set()
    if own:
        own.stop()
    for child in children:
        child.join()
    caller.close()
    backend.stop()
    return seconds[1:]


def _run(
    caller: client.TaskHubGrpcClient,
    threads: ThreadPoolExecutor,
    orchestrator: str,
    instances: int,
    activities: int,
) -> float:
    def schedule(_: int) -> str:
        started: str = caller.schedule_new_orchestration(orchestrator, input=activities)
        return started

    begun = time.perf_counter()
    scheduled = list(threads.map(schedule, range(instances)))
    # From the last to the first, so that most have ended when they are asked for.
    for instance_id in reversed(scheduled):
        state = caller.wait_for_orchestration_completion(instance_id, timeout=_LIMIT_SECONDS)
        if state is None or state.runtime_status is not client.OrchestrationStatus.COMPLETED:
            sys.exit(f"durabletask did not complete {orchestrator}: {state}")
    return time.perf_counter() - begun


def _started_worker(port: int, in_flight: int) -> worker.TaskHubGrpcWorker:
    limits = worker.ConcurrencyOptions(
        maximum_concurrent_activity_work_items=in_flight,
        maximum_concurrent_orchestration_work_items=in_flight,
    )
    started = worker.TaskHubGrpcWorker(
        host_address=f"localhost:{port}", concurrency_options=limits, logger=_LOG
    )
    for orchestrator in (hello_cities, fan_out, chain):
        started.add_orchestrator(orchestrator)
    for activity in (say_hello, nothing):
        started.add_activity(activity)
    started.start()
    return started


def _work(port: int, in_flight: int, ready: Event, stop: Event) -> None:
    running = _started_worker(port, in_flight)
    ready.set()
    stop.wait()
    running.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _load(word: str) -> tuple[str, int, int]:
    orchestrator, instances, activities = word.split(":")
    return orchestrator, int(instances), int(activities)


if __name__ == "__main__":
    given_workers, given_in_flight, given_callers = map(int, sys.argv[1:4])
    given_loads = [_load(word) for word in sys.argv[4:]]
    print(json.dumps(measure(given_workers, given_in_flight, given_callers, given_loads)))
