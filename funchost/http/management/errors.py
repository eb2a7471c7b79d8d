"""What the management API says when it refuses: never HTML, always JSON or nothing.

The SDK reads `ExceptionMessage` of a 400 and hands the whole object of a 500 to its caller.
Source: ASP.NET Web API error objects as the durable extension answers them.
"""

import logging

from aiohttp import web

from funchost.durable import refusals
from funchost.durable.refusals import Unreadable
from funchost.http.replies import empty_reply, json_reply
from funchost.http.request import Refused

_log = logging.getLogger("Host.Durable")

BAD_ARGUMENT = "One or more of the arguments submitted is incorrect"
SOMETHING_WENT_WRONG = "Something went wrong while processing your request"
BAD_JSON = "Invalid JSON content"


class BadArgument(Exception):
    """An argument of the request is wrong; the text tells which and why."""


def error_reply(error: Exception) -> web.Response:
    """The response for whatever a handler raised."""
    text = str(error)
    match error:
        case refusals.InstanceNotFound():
            return empty_reply(404)
        case refusals.InstanceEnded():
            # The instance exists and has ended, so the answer is "gone", not "not found".
            return empty_reply(410)
        case refusals.InvalidInstanceId() | BadArgument():
            return _error_object(400, BAD_ARGUMENT, text, "System.ArgumentException")
        case Unreadable():
            return _error_object(400, BAD_JSON, text, "Newtonsoft.Json.JsonReaderException")
        case Refused():
            return error.reply()
        case refusals.InstanceExists():
            kind = "DurableTask.Core.Exceptions.OrchestrationAlreadyExistsException"
            return _error_object(500, SOMETHING_WENT_WRONG, text, kind)
        case refusals.DurableError():
            return _error_object(500, SOMETHING_WENT_WRONG, text, "System.InvalidOperationException")
    _log.error("The durable HTTP API failed: %s: %s", type(error).__name__, text, exc_info=error)
    return _error_object(500, SOMETHING_WENT_WRONG, text, "System.Exception")


def _error_object(status: int, message: str, text: str, kind: str) -> web.Response:
    return json_reply(
        status, {"Message": message, "ExceptionMessage": text, "ExceptionType": kind, "StackTrace": ""}
    )
