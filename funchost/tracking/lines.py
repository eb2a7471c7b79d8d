"""The lines about instances: each with the text, the keys and the level of the original.

Keys that mean nothing on one machine are left out. Which line follows from what is decided in `tracker`.
Source: durable extension, EndToEndTraceHelper.
"""

import logging
from collections.abc import Mapping
from typing import Literal, NamedTuple

from funchost.durable.commit import ActivityTask, Operation
from funchost.durable.entities import split_entity_id
from funchost.durable.identity import is_entity_id
from funchost.durable.instances import Instance

_log = logging.getLogger("Host.Triggers.DurableTask")


class Subject(NamedTuple):
    """Whom a line is about: a function, and the instance or entity that runs it or has it run."""

    instance_id: str
    function: str
    kind: Literal["Orchestrator", "Activity", "Entity"]


def subject_of(instance: Instance) -> Subject:
    """The orchestrator or the entity that an instance runs."""
    if is_entity_id(instance.instance_id):
        return subject_of_entity(instance.instance_id)
    return Subject(instance.instance_id, instance.name, "Orchestrator")


def subject_of_task(task: ActivityTask) -> Subject:
    """The activity that a task runs."""
    return Subject(task.instance_id, task.name, "Activity")


def subject_of_entity(entity_id: str) -> Subject:
    """The entity with this instance ID."""
    return Subject(entity_id, split_entity_id(entity_id)[0], "Entity")


class Lines:
    """Writes lines; inputs and outputs appear as their lengths unless `shows_values`."""

    def __init__(self, hub_name: str, shows_values: bool) -> None:
        self._hub_name = hub_name
        self._shows_values = shows_values

    def wanted(self, level: int) -> bool:
        """Whether somebody sees lines of this level."""
        return _log.isEnabledFor(level)

    def scheduled(self, subject: Subject, reason: str, *, replay: bool = False) -> None:
        """A function is to run, or an event is on its way to it."""
        keys = {"Reason": reason, "IsReplay": replay, "State": "Scheduled", "RuntimeStatus": "Pending"}
        self.say(logging.INFO, subject, "scheduled", keys)

    def started(
        self, subject: Subject, input: str | None, *, replay: bool = False, task_id: int | None = None
    ) -> None:
        """A function begins to run."""
        value = self.value(input)
        keys = {"IsReplay": replay, "Input": value, "State": "Started", "RuntimeStatus": "Running"}
        self.say(logging.INFO, subject, "started", keys, task_id)

    def listening(self, subject: Subject, reason: str, replay: bool) -> None:
        """An orchestrator waits for a timer, an event or an entity."""
        keys = {"Reason": reason, "IsReplay": replay, "State": "Listening"}
        self.say(logging.INFO, subject, "is waiting for input", keys)

    def completed(
        self,
        subject: Subject,
        output: str | None,
        *,
        continued: bool = False,
        replay: bool = False,
        task_id: int | None = None,
    ) -> None:
        """A function has returned, or an orchestrator starts over."""
        keys = {
            "ContinuedAsNew": continued,
            "IsReplay": replay,
            "Output": self.value(output),
            "State": "Completed",
            "RuntimeStatus": "Completed",
        }
        self.say(logging.INFO, subject, "completed", keys, task_id)

    def failed(
        self, subject: Subject, reason: str, *, replay: bool = False, task_id: int | None = None
    ) -> None:
        """A function has raised. The lines of the reason after the first stand in the function's own line."""
        first_line = next(iter(reason.splitlines()), "").strip()
        keys = {"Reason": first_line, "IsReplay": replay, "State": "Failed", "RuntimeStatus": "Failed"}
        self.say(logging.ERROR, subject, "failed with an error", keys, task_id)

    def operation(self, subject: Subject, operation: Operation) -> None:
        """An entity has run an operation."""
        which = f"'{operation.name}' operation {operation.request_id}"
        took, input_ = f"{operation.milliseconds:g}ms", self.value(operation.input)
        if operation.error is None:
            keys = {"IsReplay": False, "Input": input_, "Output": self.value(operation.result)}
            self.say(logging.INFO, subject, f"completed {which} in {took}", keys)
        else:
            keys = {"Input": input_, "IsReplay": False}
            what = f"failed {which} after {took} with exception {operation.error}"
            self.say(logging.ERROR, subject, what, keys)

    def value(self, text: str | None) -> str:
        """An input or an output, or how long it is."""
        return text or "" if self._shows_values else f"(Redacted {len(text or '')} characters)"

    def say(
        self,
        level: int,
        subject: Subject,
        what: str,
        keys: Mapping[str, object],
        task_id: int | None = None,
        opening: str = "Function",
    ) -> None:
        """One line; its end is the number of the task, if there is one."""
        if not _log.isEnabledFor(level):
            return
        text = f"{subject.instance_id}: {opening} '{subject.function} ({subject.kind})' {what}".rstrip()
        parts = [text, *(f"{key}: {value}" for key, value in keys.items()), f"HubName: {self._hub_name}."]
        end = "" if task_id is None else f" TaskEventId: {task_id}"
        _log.log(level, "%s%s", ". ".join(parts), end, extra=context_of(subject))

    def noted(self, subject: Subject, details: str) -> None:
        """Something else that a person should know. Source: EndToEndTraceHelper, ExtensionWarningEvent."""
        _log.warning(
            "%s InstanceId: %s. Function: %s. HubName: %s.",
            details,
            subject.instance_id,
            subject.function,
            self._hub_name,
            extra=context_of(subject),
        )


def context_of(subject: Subject) -> dict[str, str]:
    """What a line about it carries."""
    return {"instance": subject.instance_id, "function": subject.function}
