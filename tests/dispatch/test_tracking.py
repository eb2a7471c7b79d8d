"""What the log says of instances. Source: durable extension, EndToEndTraceHelper and those who call it."""

import asyncio
import json
import logging
import re
from typing import Any

import azure.durable_functions as df
import pytest

from funchost.tracking import Tracking
from tests.dispatch.conftest import StartHost
from tests.dispatch.fakes import FakePool, constant

CATEGORY = "Host.Triggers.DurableTask"
ENTITY = "@list@one"


def append(context: df.DurableEntityContext) -> None:
    if context.operation_name == "break":
        raise ValueError("broken operation")
    if context.operation_name == "forget":
        context.destruct_on_exit()
        return
    context.set_state([*context.get_state(lambda: []), context.get_input()])


def hurdle(context: df.DurableOrchestrationContext) -> Any:
    return (yield context.call_activity("fall", "hard"))


@pytest.fixture
def pool(pool: FakePool) -> FakePool:
    pool.entities["list"] = df.Entity.create(append)
    pool.orchestrators["hurdle"] = df.Orchestrator.create(hurdle)

    def fall(text: str) -> str:
        raise ValueError("no good\nreally")

    pool.activities["fall"] = fall
    return pool


class Log:
    """The lines of the category, from level Information unless a test asks for others."""

    def __init__(self, caplog: pytest.LogCaptureFixture) -> None:
        self._caplog = caplog
        self.show(logging.INFO)

    def show(self, level: int) -> None:
        self._caplog.set_level(level, CATEGORY)

    @property
    def lines(self) -> list[str]:
        """Their texts up to the first key; times and random IDs are left out."""
        texts = [record.getMessage().split(". ")[0] for record in self.records]
        texts = [re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "TIME", text) for text in texts]
        return [re.sub(r"[0-9a-f]{32}", "ID", text) for text in texts]

    @property
    def records(self) -> list[logging.LogRecord]:
        return [record for record in self._caplog.records if record.name == CATEGORY]

    @property
    def text(self) -> str:
        return "\n".join(record.getMessage() for record in self.records)

    def line(self, start: str) -> str:
        """The only line that begins so, as a whole."""
        (found,) = [text for record in self.records if (text := record.getMessage()).startswith(start)]
        return found

    async def comes_to_say(self, text: str) -> None:
        async with asyncio.timeout(10):
            while not any(text in record.getMessage() for record in self.records):
                await asyncio.sleep(0.005)


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Log:
    return Log(caplog)


async def test_an_orchestration_is_told_from_its_start_to_its_end(start_host: StartHost, log: Log) -> None:
    host = await start_host()
    await host.run("chain")
    await log.comes_to_say("'chain (Orchestrator)' completed")
    assert log.lines == [
        "one: Function 'chain (Orchestrator)' scheduled",
        "one: Function 'chain (Orchestrator)' started",
        *[
            f"one: Function '{line}"
            for _ in range(3)
            for line in (
                "say (Activity)' scheduled",
                "chain (Orchestrator)' awaited",
                "say (Activity)' started",
                "say (Activity)' completed",
            )
        ],
        "one: Function 'chain (Orchestrator)' completed",
    ]


async def test_a_line_has_the_keys_of_the_original_and_only_the_lengths_of_values(
    start_host: StartHost, log: Log
) -> None:
    host = await start_host()
    await host.run("chain", input='{"a": 1}')
    await log.comes_to_say("'chain (Orchestrator)' completed")
    assert log.line("one: Function 'chain (Orchestrator)' scheduled") == (
        "one: Function 'chain (Orchestrator)' scheduled. Reason: NewInstance. IsReplay: False. "
        "State: Scheduled. RuntimeStatus: Pending. HubName: Hub."
    )
    assert log.line("one: Function 'chain (Orchestrator)' started") == (
        "one: Function 'chain (Orchestrator)' started. IsReplay: False. Input: (Redacted 8 characters). "
        "State: Started. RuntimeStatus: Running. HubName: Hub."
    )
    ended = [record.getMessage() for record in log.records if "say (Activity)' completed" in record.message]
    assert ended[2] == (
        "one: Function 'say (Activity)' completed. ContinuedAsNew: False. IsReplay: False. "
        "Output: (Redacted 7 characters). State: Completed. RuntimeStatus: Completed. HubName: Hub. "
        "TaskEventId: 2"
    )


async def test_values_are_shown_when_host_json_asks_for_them(start_host: StartHost, log: Log) -> None:
    host = await start_host(tracking=Tracking("Hub", shows_values=True))
    await host.run("chain", input='{"a": 1}')
    await log.comes_to_say("'chain (Orchestrator)' completed")
    assert 'Input: {"a": 1}. ' in log.line("one: Function 'chain (Orchestrator)' started")
    assert 'Output: ["hello","hello","hello"]. ' in log.line("one: Function 'chain (Orchestrator)' completed")


async def test_a_failure_is_an_error_with_its_reason_at_any_level(start_host: StartHost, log: Log) -> None:
    log.show(logging.ERROR)
    host = await start_host()
    await host.run("hurdle")
    await log.comes_to_say("'hurdle (Orchestrator)' failed")
    assert [(record.levelname, record.getMessage()) for record in log.records] == [
        (
            "ERROR",
            "one: Function 'fall (Activity)' failed with an error. Reason: Activity function 'fall' failed:  "
            "ValueError: no good. IsReplay: False. State: Failed. RuntimeStatus: Failed. HubName: Hub. "
            "TaskEventId: 0",
        ),
        (
            "ERROR",
            "one: Function 'hurdle (Orchestrator)' failed with an error. Reason: Orchestrator function "
            "'hurdle' failed: Activity function 'fall' failed:  ValueError: no good. IsReplay: False. "
            "State: Failed. RuntimeStatus: Failed. HubName: Hub.",
        ),
    ]


async def test_timers_and_children_are_told(start_host: StartHost, log: Log) -> None:
    host = await start_host()
    await host.run("nap")
    await host.run("call_child", "two")
    await log.comes_to_say("'call_child (Orchestrator)' completed")
    lines = log.lines
    assert "one: Function 'nap (Orchestrator)' is waiting for input" in lines
    assert "Reason: CreateTimer:20" in log.line("one: Function 'nap (Orchestrator)' is waiting for input")
    assert "one: Function 'nap (Orchestrator)' was resumed by a timer scheduled for 'TIME'" in lines
    assert "two: Function 'chain (Orchestrator)' scheduled" in lines
    assert "ID:0: Function 'chain (Orchestrator)' started" in lines


async def test_an_execution_that_starts_over_is_told_to_its_end(start_host: StartHost, log: Log) -> None:
    host = await start_host()
    await host.run("count_down", input='"2"')
    await log.comes_to_say("ContinuedAsNew: False. IsReplay: False. Output: (Redacted 6 characters)")
    assert log.lines.count("one: Function 'count_down (Orchestrator)' started") == 3
    ends = re.findall(r"completed\. ContinuedAsNew: (True|False)\..*HubName: Hub\.$", log.text, re.M)
    assert ends == ["True", "True", "False"]


async def test_an_external_event_is_told_when_it_is_saved_once_and_when_it_is_received(
    start_host: StartHost, log: Log
) -> None:
    host = await start_host()
    await host.app.start("wait", "one", None)
    await log.comes_to_say("WaitForExternalEvent:go")
    await host.app.raise_event("one", "other", '"x"')
    await log.comes_to_say("saved a 'other' event")
    for value in ('"1"', '"2"'):
        await host.app.raise_event("one", "go", value)
    await host.end_of("one")
    await log.comes_to_say("'wait (Orchestrator)' completed")
    lines = log.lines
    assert lines.count("one: Function 'wait (Orchestrator)' saved a 'other' event") == 1
    assert lines.count("one: Function 'wait (Orchestrator)' received a 'go' event") == 2
    assert sum("Reason: RaiseEvent:go" in record.getMessage() for record in log.records) == 2


@pytest.mark.parametrize(
    ("data", "type_"),
    [('"{\\"a\\": 1}"', "dict"), ('"true"', "bool"), ('"\\"yes\\""', "str"), ('"1"', "int")],
)
async def test_that_sdk_1_sends_events_as_json_text_is_said_once(
    start_host: StartHost, caplog: pytest.LogCaptureFixture, data: str, type_: str
) -> None:
    caplog.set_level(logging.INFO, "Function.wait")
    host = await start_host()
    await host.app.start("wait", "one", None)
    for _ in range(2):
        await host.app.raise_event("one", "go", data)
    await host.end_of("one")
    (said,) = [record.getMessage() for record in caplog.records if "raise_event" in record.getMessage()]
    assert said.startswith(
        "Event 'go': raise_event of azure-functions-durable 1.x sends its data as JSON text"
    )
    assert f"gives a str, here of a {type_}. Read it with json.loads." in said


@pytest.mark.parametrize("data", ['{"a": 1}', "true", '"yes"', None])
async def test_of_events_that_arrive_as_they_were_sent_nothing_is_said(
    start_host: StartHost, caplog: pytest.LogCaptureFixture, data: str | None
) -> None:
    caplog.set_level(logging.INFO, "Function.wait")
    host = await start_host()
    await host.app.start("wait", "one", None)
    await host.app.raise_event("one", "go", data)
    assert "raise_event" not in caplog.text


async def test_an_event_that_is_dropped_in_silence_is_told_of(start_host: StartHost, log: Log) -> None:
    host = await start_host()
    await host.app.raise_event("nobody", "go", None, must_arrive=False)
    (record,) = log.records
    assert record.levelname == "WARNING"
    assert record.getMessage().startswith("The event 'go' is dropped: ")


async def test_an_entity_s_operations_are_told_and_so_is_what_becomes_of_it(
    start_host: StartHost, log: Log
) -> None:
    host = await start_host()
    await host.app.signal_entity(ENTITY, "add", '"5"')
    await log.comes_to_say("'list (Entity)' completed. ")
    await host.app.signal_entity(ENTITY, "forget", None)
    await log.comes_to_say("deleted entity state")
    assert [re.sub(r"in \d+ms", "in Nms", line) for line in log.lines][:6] == [
        "@list@one: Function 'list (Entity)' scheduled",
        "@list@one: Function 'list (Entity)' started",
        "@list@one: Function 'list (Entity)' completed 'add' operation ID in Nms",
        "@list@one: Function 'list (Entity)' created entity state",
        "@list@one: Function 'list (Entity)' completed",
        "@list@one: Function 'list (Entity)' scheduled",
    ]
    assert "Reason: EntitySignal:forget. " in log.records[5].getMessage()


async def test_a_failed_operation_is_an_error_with_its_reason_even_if_nobody_waits_for_it(
    start_host: StartHost, log: Log
) -> None:
    log.show(logging.WARNING)
    host = await start_host()
    host.instances.drain()
    for operation in ("add", "break"):
        await host.app.signal_entity(ENTITY, operation, '"5"')
    host.instances.resume()
    await log.comes_to_say("failed with an error")
    failed, batch = log.records
    assert failed.levelname == batch.levelname == "ERROR"
    assert re.fullmatch(
        r"@list@one: Function 'list \(Entity\)' failed 'break' operation [0-9a-f]{32} after \d+ms with "
        r"exception broken operation\. Input: \(Redacted 3 characters\)\. IsReplay: False\. HubName: Hub\.",
        failed.getMessage(),
    )
    assert "Reason: Error in operation 'break': broken operation. " in batch.getMessage()


async def test_a_call_of_an_entity_is_told_on_both_sides(start_host: StartHost, log: Log) -> None:
    host = await start_host()
    await host.run("call_entity", input=json.dumps(json.dumps("list")))
    await log.comes_to_say("'call_entity (Orchestrator)' completed")
    lines = [line for line in log.lines if line.startswith("one: ")]
    assert lines[2:7] == [
        "one: Function 'list (Entity)' scheduled",
        "one: Function 'call_entity (Orchestrator)' is waiting for input",
        "one: Function 'call_entity (Orchestrator)' awaited",
        "one: Function 'call_entity (Orchestrator)' received an entity response",
        "one: Function 'call_entity (Orchestrator)' completed",
    ]


async def test_what_clients_ask_for_is_told_at_the_original_s_levels(start_host: StartHost, log: Log) -> None:
    host = await start_host()
    await host.app.start("wait", "one", None)
    await log.comes_to_say("awaited")
    await host.app.suspend("one", "later")
    await host.status_until("one", lambda instance: instance.status == "Suspended")
    await host.app.resume("one", None)
    await host.status_until("one", lambda instance: instance.status == "Running")
    await host.app.terminate("one", "enough")
    await host.end_of("one")
    told = {record.getMessage().split(". ")[0]: record.levelname for record in log.records}
    assert told["one: Suspending function 'wait (Orchestrator)'"] == "INFO"
    assert told["one: Resuming function 'wait (Orchestrator)'"] == "INFO"
    assert told["one: Function 'wait (Orchestrator)' was terminated"] == "WARNING"
    assert "Reason: (Redacted 6 characters). State: Terminated." in log.line(
        "one: Function 'wait (Orchestrator)' was terminated"
    )


async def test_a_rewind_is_told(start_host: StartHost, log: Log) -> None:
    host = await start_host()
    await host.run("hurdle")
    host.pool.activities["fall"] = constant("over")
    await host.app.rewind("one", "mended")
    await log.comes_to_say("'hurdle (Orchestrator)' completed")
    assert log.line("one: Function 'hurdle (Orchestrator)' was rewound") == (
        "one: Function 'hurdle (Orchestrator)' was rewound. Reason: (Redacted 6 characters). "
        "State: Rewound. HubName: Hub."
    )
    assert log.lines.count("one: Function 'fall (Activity)' scheduled") == 2


async def test_replays_are_told_only_when_host_json_asks_for_them(start_host: StartHost, log: Log) -> None:
    host = await start_host(tracking=Tracking("Hub", shows_replays=True))
    await host.run("chain")
    await log.comes_to_say("'chain (Orchestrator)' completed. ContinuedAsNew: False. IsReplay: False")
    replays = [record.getMessage() for record in log.records if "IsReplay: True" in record.message]
    assert sum("'chain (Orchestrator)' started" in line for line in replays) == 3
    assert sum("'say (Activity)' scheduled" in line for line in replays) == 1 + 2 + 3
    assert sum("'say (Activity)' completed" in line for line in replays) == 0 + 1 + 2


async def test_each_line_carries_its_instance_and_its_function(start_host: StartHost, log: Log) -> None:
    host = await start_host()
    await host.run("chain")
    await log.comes_to_say("'chain (Orchestrator)' completed")
    named = {(record.__dict__["instance"], record.__dict__["function"]) for record in log.records}
    assert named == {("one", "chain"), ("one", "say")}


async def test_nothing_is_said_below_the_level_that_is_wanted(start_host: StartHost, log: Log) -> None:
    log.show(logging.WARNING)
    host = await start_host()
    await host.run("chain")
    await host.app.signal_entity(ENTITY, "add", '"5"')
    await host.app.start("wait", "two", None)
    await host.app.terminate("two", None)
    await host.end_of("two")
    assert log.lines == ["two: Function 'wait (Orchestrator)' was terminated"]
