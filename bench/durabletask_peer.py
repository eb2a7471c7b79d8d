"""The peer for the throughput: the same flat fan-out on durabletask's in-memory backend.

    python -m bench.durabletask_peer WORKERS IN_FLIGHT TASKS [TASKS ...]

prints, as a JSON list, the seconds that each size took. WORKERS 0 is how its documentation shows it: backend
and worker in one process. With 1 or more, each worker is a process of its own, as funchost's are. IN_FLIGHT
is how many activities each may have at once. Everything else is durabletask's default, but the size of
histories, which would end a large fan-out.
"""

import json
import multiprocessing
import socket
import sys
import time
from multiprocessing.synchronize import Event

from durabletask import client, task, testing, worker

_WARM_UP_TASKS = 100
_LIMIT_SECONDS = 600


def nothing(context: task.ActivityContext, index: int) -> None:
    """The activity: it does nothing."""


def fan_out(context: task.OrchestrationContext, tasks: int) -> task.Orchestrator:
    """All activities at once, in one instance."""
    results = yield task.when_all([context.call_activity(nothing, input=index) for index in range(tasks)])
    return len(results)


def measure(workers: int, in_flight: int, sizes: list[int]) -> list[float]:
    """The seconds from scheduling to completion for each size, one after the other, after a warm-up."""
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
    caller = client.TaskHubGrpcClient(host_address=f"localhost:{port}")
    seconds = [_run(caller, tasks) for tasks in (_WARM_UP_TASKS, *sizes)]
    stop.set()
    if own:
        own.stop()
    for child in children:
        child.join()
    caller.close()
    backend.stop()
    return seconds[1:]


def _run(caller: client.TaskHubGrpcClient, tasks: int) -> float:
    begun = time.perf_counter()
    instance_id = caller.schedule_new_orchestration("fan_out", input=tasks)
    state = caller.wait_for_orchestration_completion(instance_id, timeout=_LIMIT_SECONDS)
    took = time.perf_counter() - begun
    if state is None or state.serialized_output != str(tasks):
        sys.exit(f"durabletask did not complete {tasks} tasks: {state}")
    return took


def _started_worker(port: int, in_flight: int) -> worker.TaskHubGrpcWorker:
    limits = worker.ConcurrencyOptions(maximum_concurrent_activity_work_items=in_flight)
    started = worker.TaskHubGrpcWorker(host_address=f"localhost:{port}", concurrency_options=limits)
    started.add_orchestrator(fan_out)
    started.add_activity(nothing)
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


if __name__ == "__main__":
    given_workers, given_in_flight, *given_sizes = map(int, sys.argv[1:])
    print(json.dumps(measure(given_workers, given_in_flight, given_sizes)))
