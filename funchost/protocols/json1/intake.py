"""Intake: which of the messages in a mailbox an episode takes, and what they add to the history.

Nothing is decided here about the orchestrator's actions.
"""

import enum
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from funchost.durable.commit import ArrivedMessage
from funchost.durable.events import (
    Completion,
    Event,
    EventRaised,
    ExecutionResumed,
    ExecutionStarted,
    ExecutionSuspended,
    ExecutionTerminated,
    Failure,
    GenericEvent,
    TimerFired,
)
from funchost.durable.instances import Instance, Status
from funchost.protocols.json1.ledger import Ledger, Pace, retry_of

AheadEvent = tuple[int, EventRaised]
"""An external event for a wait that is still to come, with the number of its message."""


class Course(enum.Enum):
    """How the episode goes on after the intake."""

    REPLAY = "run the orchestrator"
    RECORD = "write down what arrived, without running the orchestrator"
    TERMINATE = "end the instance"


@dataclass(slots=True)
class Intake:
    """The messages taken or thrown away, and the events they bring.

    `retry_event` is the taken event, always the last, after which the host itself schedules a timer or
    another attempt. `left` tells that messages stay although they could be taken by the next episode. `ahead`
    are external events for waits that are still to come; the ledger does not know them yet.
    """

    course: Course
    consumed: list[int] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    suspended_by: ExecutionSuspended | None = None
    resumed_by: ExecutionResumed | None = None
    terminated_by: ExecutionTerminated | None = None
    retry_event: Failure | TimerFired | None = None
    left: bool = False
    ahead: list[AheadEvent] = field(default_factory=list)


def take(instance: Instance, ledger: Ledger, arrived: Sequence[ArrivedMessage]) -> Intake:
    """Choose from `arrived`, which is in order of arrival.

    Applies the events to `ledger`. A completion without an open task is thrown away, which is what makes
    a result count once. An external event is taken only by an open wait: the SDK would otherwise hand it
    to every later wait of its name. It is taken as the waiter spells it, because the SDK looks at case and
    the original does not. An event after which the host schedules something itself ends the intake, because
    the numbers of the tasks depend on the order. A suspended instance takes nothing but the message that
    resumes or ends it, and further ones that suspend it, which change nothing.
    """
    intake = Intake(Course.RECORD)
    suspended = instance.status is Status.SUSPENDED
    end = _termination(instance, arrived)
    if end is not None:
        intake.course = Course.TERMINATE
        intake.terminated_by = end
        intake.consumed = [message.message_id for message in arrived]
        return intake
    for position, message in enumerate(arrived):
        event = message.event
        if message.execution_id not in (None, instance.execution_id):
            intake.consumed.append(message.message_id)
        elif isinstance(event, ExecutionResumed):
            # Held messages stand before the one that resumes: they are taken in the next episode.
            _note(intake, ledger, message)
            if suspended:
                intake.resumed_by = event
                intake.left = len(arrived) > 1
                return intake
        elif suspended and isinstance(event, ExecutionSuspended):
            _note(intake, ledger, message)
        elif suspended:
            continue
        elif isinstance(event, ExecutionSuspended):
            _note(intake, ledger, message)
            intake.suspended_by = event
            later = arrived[position + 1 :]
            intake.left = any(isinstance(each.event, ExecutionResumed) for each in later)
            return intake
        elif _takes(ledger, event):
            intake.course = Course.REPLAY
            schedules_more = _schedules_more(ledger, event)
            _note(intake, ledger, _as_awaited(ledger, message))
            if schedules_more is not None:
                intake.retry_event = schedules_more
                intake.left = position + 1 < len(arrived)
                return intake
        elif not isinstance(event, EventRaised):
            intake.consumed.append(message.message_id)
    return intake


def look_ahead(intake: Intake, arrived: Sequence[ArrivedMessage], pace: Pace | None) -> list[AheadEvent]:
    """The events that an orchestrator which goes on at its pace would take besides: up to twice as many as in
    the last episode, in order of arrival.

    An orchestrator that waits for one event after the other would need an episode for each of them.
    """
    names = [event.name for event in intake.events if isinstance(event, EventRaised)]
    if pace is None or pace.name not in names or intake.retry_event is not None:
        return []
    taken, key = set(intake.consumed), pace.name.casefold()
    ahead = [
        (message.message_id, replace(message.event, name=pace.name))
        for message in arrived
        if isinstance(message.event, EventRaised)
        and message.event.name.casefold() == key
        and message.message_id not in taken
    ]
    return ahead[: 2 * pace.count - names.count(pace.name)]


def _termination(instance: Instance, arrived: Sequence[ArrivedMessage]) -> ExecutionTerminated | None:
    for message in arrived:
        meant = message.execution_id in (None, instance.execution_id)
        if meant and isinstance(message.event, ExecutionTerminated):
            return message.event
    return None


def _note(intake: Intake, ledger: Ledger, message: ArrivedMessage) -> None:
    intake.consumed.append(message.message_id)
    intake.events.append(message.event)
    ledger.apply(message.event)


def _as_awaited(ledger: Ledger, message: ArrivedMessage) -> ArrivedMessage:
    event = message.event
    if not isinstance(event, EventRaised):
        return message
    name = ledger.waiter(event)
    return message if name in (None, event.name) else replace(message, event=replace(event, name=name or ""))


def _takes(ledger: Ledger, event: Event) -> bool:
    if isinstance(event, Completion):
        return event.task_id in ledger.open
    if isinstance(event, EventRaised):
        return ledger.waiter(event) is not None
    if isinstance(event, ExecutionStarted):
        return not ledger.started
    return isinstance(event, GenericEvent)


def _schedules_more(ledger: Ledger, event: Event) -> Failure | TimerFired | None:
    """The event, if the host itself schedules something after it."""
    if not isinstance(event, Failure | TimerFired):
        return None
    return None if retry_of(ledger.scheduled.get(event.task_id)) is None else event
