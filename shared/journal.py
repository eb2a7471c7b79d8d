"""The app's log lines: each tells in which process and on which thread a function runs.

That is how a person sees the parallelism. Hosts add time, level and function themselves, so
the lines hold nothing of that.
"""

import logging
import os
import threading

from shared import durable

# Not a child of "azure.functions": what that logs counts as the system's, and is hidden.
_LOG = logging.getLogger("app")


def record(text: str) -> None:
    """Log what a function does, with the process and the thread it does it on."""
    _LOG.info("%s [process %d, thread %s]", text, os.getpid(), threading.current_thread().name)


def record_once(context: durable.OrchestrationContext, text: str) -> None:
    """Log what an orchestrator does, unless it only replays what it did before."""
    if not context.is_replaying:
        record(f"{context.instance_id}: {text}")
