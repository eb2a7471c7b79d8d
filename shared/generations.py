"""What differs between the two generations of the durable SDK, 1.x and 2.x.

Everything that the app says or reads in two ways is here, as plain functions; the rest of the app
knows no generation. Which one a client or a task belongs to is seen from what it has, so neither the
packages that 2.x brings (gRPC) nor private modules are imported. Nothing is decided here.
"""

from typing import Any
from urllib.parse import quote

import azure.functions as func


def has_ended(task: Any) -> bool:
    """Whether a task has completed or failed."""
    return bool(task.is_complete if hasattr(task, "is_complete") else task.is_completed)


def failure(task: Any) -> Exception | None:
    """Give the exception of a task that has ended, or None when it ended well.

    1.x hands the exception over as the result; 2.x raises it when the result is read.
    """
    if hasattr(task, "is_failed"):
        raised: Exception | None = task.get_exception() if task.is_failed else None
        return raised
    return task.result if isinstance(task.result, Exception) else None


async def start(client: Any, name: str, instance_id: str | None, given: Any) -> str:
    """Start an instance and give its ID; None as ID lets the SDK or the task hub choose one.

    Both generations encode the input as JSON, and `get_input` undoes that. What the client raises passes
    through; `instance_exists` and `orchestrator_is_unknown` read it.
    """
    if hasattr(client, "schedule_new_orchestration"):
        started: str = await client.schedule_new_orchestration(name, input=given, instance_id=instance_id)
    else:
        started = await client.start_new(name, instance_id, given)
    return started


async def runtime_status(client: Any, instance_id: str) -> str | None:
    """Give the name of an instance's status, such as ContinuedAsNew; None when there is no instance."""
    if not hasattr(client, "get_orchestration_state"):
        found = (await client.get_status(instance_id)).runtime_status
        return found.name if found else None
    state = await client.get_orchestration_state(instance_id, fetch_payloads=False)
    # 2.x writes CONTINUED_AS_NEW.
    return "".join(word.capitalize() for word in state.runtime_status.name.split("_")) if state else None


def management_links(client: Any, request: func.HttpRequest, instance_id: str) -> dict[str, str]:
    """Give the check-status payload: the ID as it is, and URLs in which it is encoded.

    1.x puts the ID into the URLs as it is, and a blank or a letter outside ASCII would break them; 2.x
    encodes it.
    """
    if hasattr(client, "schedule_new_orchestration"):
        return dict(client.create_http_management_payload(request, instance_id))
    links = client.get_client_response_links(request, quote(instance_id, safe=":@"))
    return {**links, "id": instance_id}


def orchestrator_is_unknown(error: Exception) -> bool:
    """Whether a start was refused because the host has no such orchestrator; only 1.x refuses that."""
    return "is not an orchestrator function" in _message(error)


def instance_exists(error: Exception) -> bool:
    """Whether a start was refused because an instance under the ID has not ended.

    All stores word it with "already exists"; the status or the ID in the sentence differs.
    """
    return "already exists" in _message(error).lower()


def _message(error: Exception) -> str:
    # The error of a gRPC call has no arguments; its text is behind a method.
    if hasattr(error, "details") and callable(error.details):
        return str(error.details())
    # 1.x raises a plain Exception: with the message for a 400 of the host, with the error object as a
    # dict for anything else.
    said = error.args[0] if error.args else ""
    if isinstance(said, dict):
        return str(said.get("ExceptionMessage") or said.get("Message") or said)
    return str(said)
