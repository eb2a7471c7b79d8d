"""What the two generations of the durable SDK make of the same app: every difference that the tests expect.

1.x sends JSON, and its failures are worded by the host; 2.x sends protobuf messages over gRPC, decides most
things itself, and ends an instance at once. A test asks here for what it expects and names no generation.
"""

import json
import re
from collections.abc import Collection
from typing import Any, ClassVar

from tests.e2e.durable_host import NINE_KEYS


class FirstGeneration:
    """azure-functions-durable 1.x; `has` are the methods and parameters of the version that is installed."""

    number = 1

    def __init__(self, has: Collection[str]) -> None:
        self.has = has
        self.finds_by_prefix = "client.get_status_by.instance_id_prefix" in has
        if "context.__init__.maximumShortTimerDuration" not in has:
            # It compares no times yet.
            self.timer_without_zone = ("Completed", None)

    # How an instance ends: with all of its open work, or at once.
    status_when_a_timer_is_left = "Running"
    status_when_a_group_has_failed = "Running"
    history_of_a_lost_race: ClassVar[list[str]] = [
        "ExecutionStarted",
        "TaskCompleted",
        "TaskCompleted",
        "ExecutionCompleted",
    ]

    # What the SDK does with odd calls.
    call_of_a_decorated_activity: tuple[str, Any] = ("Completed", 42)
    runs_of_a_task_that_is_never_yielded = 0
    exception_after_continue_as_new = (
        "Failed",
        "Orchestrator function 'generation_that_fails' failed: after continue_as_new",
    )
    timer_without_zone: tuple[str, str | None] = (
        "Failed",
        "Orchestrator function 'timer_without_zone' failed: can't compare offset-naive and offset-aware "
        "datetimes",
    )
    cancel_of_a_fired_timer: tuple[str, str | None] = (
        "Failed",
        "Orchestrator function 'cancel_a_fired_timer' failed: Cannot cancel a completed task.",
    )
    yield_of_no_task = "'int' object has no attribute"
    output_that_is_no_json = "Object of type set is not JSON serializable"
    custom_status_too_large = (
        "The UTF-16 size of the JSON-serialized payload must not exceed 16 KB. "
        "The current payload size is 17 KB."
    )
    posted_number = ("Failed", "the JSON object must be str, bytes or bytearray, not int")

    # Failures.
    failure_type = "Exception"
    state_after_a_failed_operation = 101
    failed_wait_status = 500
    http_function_name = "BuiltIn::HttpActivity"
    http_content_headers: frozenset[str] = frozenset()

    # The client.
    payload_keys: ClassVar[list[str]] = NINE_KEYS
    code_of_an_id_in_use: str | None = None
    type_of_a_refused_event_name = "ValueError"

    def shown(self, value: Any) -> Any:
        """An input as the status shows it."""
        return json.dumps(value)

    def event_of_the_client(self, data: Any) -> Any:
        """The data of an event that the client raised, as the waiter gets it."""
        return json.dumps(data)

    def custom_status_after(self, old: Any, falsy: Any) -> Any:
        """What is reported when a falsy status was set after another one."""
        return old

    def timers_of_attempts(self, attempts: int) -> int:
        """How many timers a call with so many failed attempts leaves in the history."""
        # After the last attempt there is one more timer, which fires at once: the SDK counts on it.
        return attempts

    def activity_failure(self, name: str, kind: str, message: str) -> str:
        """A pattern for the first line of the exception of a failed activity."""
        return re.escape(f"Activity function '{name}' failed:  {kind}: {message}") + " ?"

    def child_failure(self, name: str, message: str) -> str:
        """A pattern for the exception of a failed sub-orchestration."""
        text = re.escape(f"Orchestrator function '{name}' failed: {message}")
        return rf"\s*{text}\s*Message: {re.escape(message)}, StackTrace:.*"

    def child_termination(self, reason: str) -> str:
        """A pattern for the exception of a terminated sub-orchestration."""
        return rf"\s*{re.escape(reason)}\s*.*"

    def child_id(self, parent: str) -> str:
        """A pattern for the ID of a parent's first child."""
        return "[0-9a-f]{32}:0"

    def operation_failure(self, entity: str, operation: str, message: str) -> str:
        """The text of the exception of a failed entity operation."""
        return message

    def orchestrator_failure(self, name: str, kind: str, message: str) -> str:
        """A pattern for the output of an instance whose own code raised."""
        return re.escape(f"Orchestrator function '{name}' failed: {message}")

    def plain_function_failure(self, name: str, kind: str, message: str) -> str:
        """The same when the orchestrator is no generator."""
        return (
            re.escape(
                f"Orchestrator function '{name}' failed: One or more errors occurred. (Result: Failure\n"
                f"Exception: {kind}: {message}\nStack: "
            )
            + ".*"
        )

    def uncaught_failure(self, name: str, inner: str) -> str:
        """A pattern for the first line of the output when a task's failure was not caught."""
        return re.escape(f"Orchestrator function '{name}' failed: ") + inner

    def refusal(self, text: str, code: str) -> dict[str, Any]:
        """Part of what the client raises: in 1.x the text, in 2.x a gRPC error with a status code."""
        return {"type": "Exception", "args": [text]}

    def restarted_id(self, returned: Any) -> str:
        """The ID of an instance in what the client's `restart` returns."""
        return str(returned["id"])


class SecondGeneration(FirstGeneration):
    """azure-functions-durable 2.x."""

    number = 2

    def __init__(self, has: Collection[str]) -> None:
        self.has = has
        self.finds_by_prefix = False

    status_when_a_timer_is_left = "Completed"
    # A group ends when the last of its tasks has.
    status_when_a_group_has_failed = "Failed"
    history_of_a_lost_race: ClassVar[list[str]] = [
        "ExecutionStarted",
        "TaskScheduled",
        "TaskCompleted",
        "ExecutionCompleted",
    ]

    call_of_a_decorated_activity = (
        "Failed",
        "builtins.AttributeError: 'FunctionBuilder' object has no attribute '__name__'",
    )
    runs_of_a_task_that_is_never_yielded = 1
    exception_after_continue_as_new = ("Completed", "the next generation")
    timer_without_zone = ("Completed", None)
    cancel_of_a_fired_timer = ("Completed", None)
    yield_of_no_task = "The orchestrator generator yielded a non-Task object"
    output_that_is_no_json = "The orchestration result could not be encoded."
    custom_status_too_large = "CustomStatus is too large: limit = 16 KB (UTF-16), actual = 16.21 KB."
    posted_number = ("Completed", "5")

    failure_type = "TaskFailedError"
    state_after_a_failed_operation = 1
    failed_wait_status = 200
    http_function_name = "BuiltIn__HttpPollOrchestrator"
    http_content_headers = frozenset({"content-type", "content-length"})

    code_of_an_id_in_use = "ALREADY_EXISTS"
    type_of_a_refused_event_name = "AioRpcError"
    payload_keys: ClassVar[list[str]] = [
        "id",
        "purgeHistoryDeleteUri",
        "restartPostUri",
        "sendEventPostUri",
        "statusQueryGetUri",
        "terminatePostUri",
        "rewindPostUri",
        "resumePostUri",
        "suspendPostUri",
    ]

    def shown(self, value: Any) -> Any:
        return value

    def event_of_the_client(self, data: Any) -> Any:
        return data

    def custom_status_after(self, old: Any, falsy: Any) -> Any:
        return falsy

    def timers_of_attempts(self, attempts: int) -> int:
        return attempts - 1

    def activity_failure(self, name: str, kind: str, message: str) -> str:
        return rf"[0-9a-f]{{32}}: Activity task #1 failed: {re.escape(message)}"

    def child_failure(self, name: str, message: str) -> str:
        return rf"Sub-orchestration task #1 failed: {re.escape(message)}"

    def child_termination(self, reason: str) -> str:
        return rf"Sub-orchestration task #1 failed: {re.escape(reason)}"

    def child_id(self, parent: str) -> str:
        return f"{parent}:0001"

    def operation_failure(self, entity: str, operation: str, message: str) -> str:
        return f"Operation '{operation}' on entity '{entity}' failed with error: {message}"

    def orchestrator_failure(self, name: str, kind: str, message: str) -> str:
        return re.escape(f"builtins.{kind}: {message}")

    def plain_function_failure(self, name: str, kind: str, message: str) -> str:
        return self.orchestrator_failure(name, kind, message)

    def uncaught_failure(self, name: str, inner: str) -> str:
        return r"durabletask\.task\.TaskFailedError: " + inner

    def refusal(self, text: str, code: str) -> dict[str, Any]:
        return {"type": "AioRpcError", "code": code}

    def restarted_id(self, returned: Any) -> str:
        return str(returned)


Sdk = FirstGeneration | SecondGeneration
