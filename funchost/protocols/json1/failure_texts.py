"""Failure texts of SDK 1.x: what a client reads in `output` and an orchestrator in `except`.

People match on these texts and parse the details, so they are built here and nowhere else. Nothing here
decides what fails.
"""

from typing import Any

from funchost.durable.text import dump_json, storable

_HRESULT_OF_EXCEPTION = -2146233088


def activity_failure(name: str, error_type: str, message: str, stack: str) -> tuple[str, str]:
    """Reason and Details of a TaskFailed for an activity that raised.

    The details are one line of JSON, as .NET writes the exception; the frames of .NET itself are left out.
    Source: durable extension, TaskActivityShim and OutOfProcExceptionHelpers; Functions host, RpcException.
    """
    remote_message = f"{error_type}: {message}"
    # The extension cuts the text behind "Exception:" out of the worker's report and keeps the blank.
    friendly_message = f" {remote_message}"
    inner = {
        "$type": "Microsoft.Azure.WebJobs.Script.Workers.Rpc.RpcException, Microsoft.Azure.WebJobs.Script",
        "IsUserException": False,
        "RemoteStackTrace": stack,
        "RemoteMessage": remote_message,
        "RemoteTypeName": None,
        "Message": worker_report(error_type, message, stack),
        "Data": {"$type": "System.Collections.ListDictionaryInternal, System.Private.CoreLib"},
        "InnerException": None,
        "HelpLink": None,
        "Source": "System.Private.CoreLib",
        "HResult": _HRESULT_OF_EXCEPTION,
        "StackTrace": None,
    }
    details = _exception("System.Exception", "System.Private.CoreLib", friendly_message, inner)
    return storable(f"Activity function '{name}' failed: {friendly_message}"), details


def activity_timeout(name: str, message: str) -> tuple[str, str]:
    """Reason and Details of a TaskFailed for an activity that ran longer than functionTimeout.

    Source: durable extension, TaskActivityShim; Azure WebJobs SDK, FunctionTimeoutException.
    """
    assembly = "Microsoft.Azure.WebJobs.Host"
    details = _exception(f"{assembly}.FunctionTimeoutException", assembly, message, None)
    return storable(f"Activity function '{name}' failed: {message}"), details


def http_activity_failure(message: str) -> tuple[str, str]:
    """Reason and Details of a TaskFailed for a `call_http` that got no response at all.

    Source: durable extension, TaskHttpActivityShim.
    """
    return message, _exception("System.Net.Http.HttpRequestException", "System.Net.Http", message, None)


def worker_report(error_type: str, message: str, stack: str) -> str:
    """A worker's exception as the Functions host words it. Source: Functions host, RpcException."""
    return f"Result: Failure\nException: {error_type}: {message}\nStack: {stack}"


def _exception(class_name: str, assembly: str, message: str, inner: dict[str, Any] | None) -> str:
    """An exception as Newtonsoft.Json writes it with type names."""
    return dump_json(
        {
            "$type": f"{class_name}, {assembly}",
            "ClassName": class_name,
            "Message": message,
            "Data": None,
            "InnerException": inner,
            "HelpURL": None,
            "StackTraceString": None,
            "RemoteStackTraceString": None,
            "RemoteStackIndex": 0,
            "ExceptionMethod": None,
            "HResult": _HRESULT_OF_EXCEPTION,
            "Source": None,
            "WatsonBuckets": None,
        }
    )
