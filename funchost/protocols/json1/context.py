"""The orchestrator's input: the context JSON that the SDK replays.

Source: durable extension, OrchestrationTriggerAttributeBindingProvider. Events that the SDK never looks at
stay at home; replay costs time for every event that travels.
"""

import json
from collections.abc import Iterable

from funchost.durable.events import Event, EventType
from funchost.durable.instances import Instance

_READ_BY_SDK = frozenset(
    {
        EventType.ORCHESTRATOR_STARTED,
        EventType.EXECUTION_STARTED,
        EventType.TASK_COMPLETED,
        EventType.TASK_FAILED,
        EventType.SUB_ORCHESTRATION_COMPLETED,
        EventType.SUB_ORCHESTRATION_FAILED,
        EventType.TIMER_FIRED,
        EventType.EVENT_RAISED,
    }
)


def read_by_sdk(event: Event) -> bool:
    """Whether the SDK's replay depends on this event."""
    if event.type is EventType.EVENT_SENT:
        return event.name is not None
    return event.type in _READ_BY_SDK


def orchestration_context(instance: Instance, history: Iterable[str], http_poll_milliseconds: int) -> bytes:
    """The context for one episode; `history` are the texts of the events that the SDK reads, in order."""
    tail = {
        "instanceId": instance.instance_id,
        "isReplaying": False,
        "parentInstanceId": instance.parent_instance_id,
        "upperSchemaVersion": 1,
        "upperSchemaVersionNew": 2,
        "longRunningTimerIntervalDuration": "3.00:00:00",
        "maximumShortTimerDuration": "6.00:00:00",
        # Spelled like this in the protocol.
        "defaultHttpAsyncRequestSleepTimeMillseconds": http_poll_milliseconds,
    }
    parts = (
        '{"history":[',
        ",".join(history),
        '],"input":',
        instance.input or "null",
        ",",
        json.dumps(tail)[1:],
    )
    return "".join(parts).encode()
