"""A log record of user code, on its way from a worker into the host's log.

Source: Azure Functions Python worker, logging; Azure Functions host, GrpcWorkerChannel.
"""

import logging
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from funchost.worker.model import Invocation

_SYSTEM_LOGGERS = ("azure_functions_worker", "azure.functions")
_system = logging.getLogger("Host.Worker")


def relay(header: Mapping[str, Any], invocation: Invocation | None, pid: int, app_is_loaded: bool) -> None:
    """Write the record under the category of the function that wrote it.

    Args:
        header: the `log` frame.
        invocation: the live invocation it was written in, if any.
        pid: the worker process.
        app_is_loaded: whether the worker has reported its functions.
    """
    level: int = header["level"]
    if invocation is None or header["logger"].startswith(_SYSTEM_LOGGERS):
        # The real host drops what is logged outside an invocation. Here it is a system line; what an import
        # logs is no more than information, because the SDK warns about every app without HTTP functions.
        level = level if app_is_loaded else min(level, logging.INFO)
        _system.log(level, "%s", header["text"], extra=_context(invocation, pid))
        return
    _user_logger(invocation.function).log(level, "%s", header["text"], extra=_context(invocation, pid))


@lru_cache(maxsize=1024)
def _user_logger(function: str) -> logging.Logger:
    return logging.getLogger(f"Function.{function}.User")


def _context(invocation: Invocation | None, pid: int) -> dict[str, Any]:
    if invocation is None:
        return {"worker": pid}
    return {"worker": pid, "function": invocation.function, "invocation": invocation.invocation_id}
