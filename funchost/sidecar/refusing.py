"""From what was raised to the status code and the text that a client reads.

Source: durable extension, TaskHubGrpcServer.
"""

import logging
from typing import Any, NoReturn

from google.protobuf.message import DecodeError
from grpc import StatusCode

from funchost.durable import refusals

# A status text travels in a header, where a character takes up to 12 bytes; a client takes 8 kB of headers.
_LONGEST_TEXT = 500

# What is refused, its code, and what the original puts before the text. The first that fits counts.
_CODES: tuple[tuple[type[Exception], StatusCode, str], ...] = (
    (refusals.InstanceNotFound, StatusCode.NOT_FOUND, "ArgumentException: "),
    (refusals.InstanceExists, StatusCode.ALREADY_EXISTS, ""),
    (refusals.InvalidInstanceId, StatusCode.INVALID_ARGUMENT, ""),
    (refusals.HubUnavailable, StatusCode.UNAVAILABLE, ""),
    (refusals.OtherGeneration, StatusCode.FAILED_PRECONDITION, ""),
    (refusals.DurableError, StatusCode.FAILED_PRECONDITION, "InvalidOperationException: "),
    (refusals.Unreadable, StatusCode.INVALID_ARGUMENT, ""),
    (DecodeError, StatusCode.INVALID_ARGUMENT, "The request is no message: "),
)

_log = logging.getLogger("Host.Triggers.DurableTask")


class CallRefused(Exception):
    """A call that is answered with this code and this text."""

    def __init__(self, code: StatusCode, text: str) -> None:
        super().__init__(text)
        self.code = code


async def refuse(context: Any, method: str, error: Exception) -> NoReturn:
    """End the call with the code and the text of what a handler raised; what nobody expected is logged."""
    code, text = _answer(method, error)
    await context.abort(code, text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}…")
    raise AssertionError("a call that was aborted goes on")


def _answer(method: str, error: Exception) -> tuple[StatusCode, str]:
    if isinstance(error, CallRefused):
        return error.code, str(error)
    for kind, code, beginning in _CODES:
        if isinstance(error, kind):
            return code, f"{beginning}{error}"
    text = f"{method} failed in the host: {type(error).__name__}: {error}"
    _log.error("The durable gRPC API failed: %s", text, exc_info=error)
    return StatusCode.INTERNAL, text
