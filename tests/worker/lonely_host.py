"""A host with one worker, for the test that kills it: prints the worker's process ID once it is busy.

Run as `lonely_host.py APP_FOLDER`. The worker is busy in an activity, or in an import that never ends.
"""

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import psutil

sys.path.insert(0, str(Path(__file__).parents[2]))

from funchost.worker.invocations import Invocation, WorkerSettings
from funchost.worker.pool import WorkerPool

# The one that reads frames or imports the app, and the one that watches the host or runs the activity.
_THREADS_WHEN_BUSY = 2


async def main(app: Path) -> None:
    settings = WorkerSettings(
        script_root=app,
        script_file="function_app.py",
        process_count=1,
        thread_count=2,
        dispatch="least-busy",
        client_binding={"json1": {}, "grpc2": {}},
        environment={**os.environ, "OTHER_HUB": "other"},
        log_level=20,
    )
    pool = WorkerPool(settings)
    starting: asyncio.Task[Any] = asyncio.create_task(pool.start())
    if app.name == "everyday":
        await starting
        starting = asyncio.create_task(pool.invoke(Invocation("1", "block", "string", b"60")))
    while not (children := psutil.Process().children()) or children[0].num_threads() < _THREADS_WHEN_BUSY:
        await asyncio.sleep(0.01)
    print(children[0].pid, flush=True)
    await starting


asyncio.run(main(Path(sys.argv[1])))
