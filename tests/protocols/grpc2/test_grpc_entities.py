"""Entities of the real SDK 2.x: calls, signals, locks, and what entities ask for themselves."""

import json
from dataclasses import replace
from datetime import timedelta

import azure.durable_functions as df
import pytest
from durabletask import entities as dt
from durabletask import task

from funchost.durable import entities, events
from funchost.durable.actions import SignalEntity
from funchost.durable.commit import ArrivedMessage
from funchost.durable.entities import EntityRequest
from funchost.durable.episode_commit import Rules
from funchost.durable.failures import FailureDetails
from funchost.durable.instances import SdkProtocol, Status
from tests.protocols.grpc2.sdk_app import new_hub
from tests.protocols.model_hub import ModelHub


def counter(context: df.DurableEntityContext) -> None:
    value = context.get_state(lambda: 0)
    match context.operation_name:
        case "add":
            value += context.get_input()
        case "reset":
            context.set_state(None)
            return
        case "fail":
            context.set_state(-1)
            raise ValueError("not today")
    context.set_state(value)
    context.set_result(value)


def ask(operation, value=None, key="a"):
    """An orchestrator that calls the counter once."""

    def call(context):
        try:
            return (yield context.call_entity(dt.EntityInstanceId("counter", key), operation, value))
        except Exception as error:
            return str(error)

    return call


def signal(hub: ModelHub, operation: str, value: int | None = None, key: str = "a") -> None:
    """Signal the counter as a client does."""
    text = None if value is None else json.dumps(value)
    request = entities.request_for(SignalEntity(f"@counter@{key}", operation, text))
    hub._post(request.message(hub.now))


def state(hub: ModelHub, key: str = "a") -> str | None:
    return hub.rows[f"@counter@{key}"].instance.entity_state


def test_a_call_returns_what_the_operation_returned_and_the_state_is_kept():
    hub = new_hub(ask("add", 5), entities=[counter])
    row = hub.start("call")
    hub.run_all()

    again = hub.start("call", instance_id="again")
    hub.run_all()

    assert (row.instance.output, again.instance.output) == ("5", "10")
    assert state(hub) == "10"


def test_signals_are_run_in_batches_in_the_order_they_came():
    hub = new_hub(ask("get"), entities=[counter], rules=Rules(max_entity_batch=2))
    for value in (1, 2, 3):
        signal(hub, "add", value)

    hub.run_all()

    assert state(hub) == "6"


def test_a_delayed_signal_waits_for_its_time():
    def later(ctx: task.OrchestrationContext, _):
        due = ctx.current_utc_datetime + timedelta(minutes=5)
        ctx.signal_entity(dt.EntityInstanceId("counter", "a"), "add", input=1, signal_time=due)
        yield ctx.create_timer(timedelta(seconds=1))

    hub = new_hub(later, entities=[counter])
    row = hub.start("later")
    hub.run_until_rest()
    assert state(hub) is None
    sent = next(e for e in row.history if isinstance(e, events.EventSent))
    assert sent.name.startswith("op@20")
    hub.run_all()

    assert (row.instance.status, state(hub)) == (Status.COMPLETED, "1")


def test_an_operation_can_delete_the_state():
    hub = new_hub(entities=[counter])
    signal(hub, "add", 1)
    signal(hub, "reset")

    hub.run_all()

    assert state(hub) is None


def test_a_failed_operation_is_undone_and_its_caller_is_told():
    hub = new_hub(ask("fail"), entities=[counter])
    signal(hub, "add", 1)
    row = hub.start("call")

    hub.run_all()

    assert state(hub) == "1"
    assert row.instance.status is Status.COMPLETED
    assert "not today" in (row.instance.output or "")


def test_an_unknown_entity_is_a_failure_of_the_call():
    hub = new_hub(ask("get"))
    row = hub.start("call")

    hub.run_all()

    assert row.instance.status is Status.COMPLETED
    assert "There is no entity counter." in (row.instance.output or "")
    answer = next(e for e in row.history if isinstance(e, events.EventRaised))
    details = FailureDetails.from_document(json.loads(answer.input or "")["failureDetails"])
    assert details.error_type == "EntityFunctionNotFound"


def test_a_class_is_an_entity_too():
    class Account(dt.DurableEntity):  # type: ignore[misc]
        def deposit(self, amount: int):
            total = self.get_state(int, 0) + amount
            self.set_state(total)
            return total

    def call(ctx: task.OrchestrationContext, _):
        return (yield ctx.call_entity(dt.EntityInstanceId("Account", "x"), "deposit", input=7))

    hub = new_hub(call, entities=[Account])
    row = hub.start("call")

    hub.run_all()

    assert row.instance.output == "7"


def test_an_entity_signals_another_and_starts_an_orchestration():
    started = []

    def relay(ctx: dt.EntityContext, value: int):
        ctx.signal_entity(dt.EntityInstanceId("counter", "a"), "add", input=value)
        started.append(ctx.schedule_new_orchestration("worker", input=value))

    def worker(context):
        return [context.get_input(), context.parent_instance_id]

    hub = new_hub(worker, entities=[relay, counter])
    request = entities.request_for(SignalEntity("@relay@x", "go", "4"))
    hub._post(request.message(hub.now))

    hub.run_all()

    assert state(hub) == "4"
    assert hub.rows[started[0]].instance.output == "[4, null]"


def transfer(ctx: task.OrchestrationContext, _):
    """Move one from a to b under the locks of both."""
    a, b = dt.EntityInstanceId("counter", "a"), dt.EntityInstanceId("counter", "b")
    with (yield ctx.lock_entities([b, a])):
        before = yield ctx.call_entity(a, "get")
        yield ctx.create_timer(timedelta(seconds=10))
        yield ctx.call_entity(a, "add", input=-1)
        yield ctx.call_entity(b, "add", input=1)
        after = yield ctx.call_entity(a, "get")
    return after - before


def test_the_locks_of_two_entities_keep_everybody_else_out():
    hub = new_hub(transfer, entities=[counter])
    rows = [hub.start("transfer", instance_id=name) for name in ("first", "second")]
    hub.run_until_rest()
    holders = {hub.rows[f"@counter@{key}"].instance.locked_by for key in "ab"}
    assert len(holders) == 1
    signal(hub, "add", 100)
    hub.run_until_rest()
    assert state(hub) == "0"

    hub.run_all()

    # Were a signal let in, the difference seen under the lock would not be -1.
    assert [row.instance.output for row in rows] == ["-1", "-1"]
    assert (state(hub), state(hub, "b")) == ("98", "2")
    assert {hub.rows[f"@counter@{key}"].instance.locked_by for key in "ab"} == {None}


@pytest.mark.parametrize("end", ["fail", "terminate", "again"])
def test_the_locks_are_given_back_however_the_orchestration_ends(end):
    def hold(ctx: task.OrchestrationContext, first: bool):
        with (yield ctx.lock_entities([dt.EntityInstanceId("counter", key) for key in "ab"])):
            if not first:
                return "held again"
            if end == "fail":
                raise ValueError("on purpose")
            if end == "again":
                ctx.continue_as_new(False)
                return None
            yield ctx.wait_for_external_event("never")

    hub = new_hub(hold, entities=[counter])
    row = hub.start("hold", "true")
    hub.run_until_rest()
    if end == "terminate":
        hub.send(events.ExecutionTerminated(hub.now, "enough"))

    hub.run_all()

    expected = {"fail": Status.FAILED, "terminate": Status.TERMINATED, "again": Status.COMPLETED}
    assert row.instance.status is expected[end]
    assert {hub.rows[f"@counter@{key}"].instance.locked_by for key in "ab"} == {None}


def test_a_fan_out_of_calls_gets_every_answer():
    def many(context):
        calls = [context.call_entity(dt.EntityInstanceId("counter", "a"), "add", 1) for _ in range(20)]
        return (yield context.task_all(calls))

    hub = new_hub(many, entities=[counter], rules=Rules(max_entity_batch=7))
    row = hub.start("many")

    hub.run_all()

    assert json.loads(row.instance.output or "") == list(range(1, 21))


def test_the_holder_of_a_lock_is_served_first_even_when_the_lock_comes_back_in_the_same_batch():
    entity = replace(entities.new_entity("@counter@a", SdkProtocol.GRPC2, 0), locked_by="holder")
    texts = [
        EntityRequest("@counter@a", name, None, name, parent).to_json()
        for name, parent in (("other", None), ("own", "holder"))
    ]
    messages = [events.EventRaised(0, "op", text) for text in texts]
    messages.append(events.EventRaised(0, "release", entities.release_text("holder", "section")))
    arrived = [ArrivedMessage(number, message, None) for number, message in enumerate(messages)]

    intake = entities.take(entity, arrived, 10)

    assert [request.operation for request in intake.operations] == ["own", "other"]
    assert intake.locked_by is None
