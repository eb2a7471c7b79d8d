"""An orchestrator that contradicts its history. Source: Durable Task: non-determinism messages."""

import pytest

from tests.e2e.durable_host import eventually

BEGIN = "Non-Deterministic workflow detected: A previous execution of this orchestration scheduled "
END = "Was a change made to the orchestrator code after this instance had already started running?"
PRODUCED = "but the current orchestration replay instead produced a"
CHANGES = [
    (
        "echo",
        "double",
        "an activity task with sequence number 0 named 'echo', but the current orchestration replay "
        "instead scheduled an activity task named 'double' with this sequence number.",
    ),
    (
        "echo",
        "timer",
        "an activity task with sequence number 0 named 'echo', "
        f"{PRODUCED} CreateTimerOrchestratorAction action with this sequence number.",
    ),
    (
        "timer",
        "echo",
        # The original names no name here, and has the word.
        "a timer task with sequence number 0 named but the current orchestration replay instead "
        "produced a ScheduleTaskOrchestratorAction action",
    ),
    (
        "echo",
        "child:no_generator",
        "an activity task with sequence number 0 named 'echo', "
        f"{PRODUCED} CreateSubOrchestrationAction action",
    ),
    (
        "echo",
        "nothing",
        "an activity task with sequence ID 0 and name 'echo' (version ''), but the current replay "
        "execution hasn't (yet?) scheduled this task.",
    ),
    (
        "timer",
        "nothing",
        "a timer task with sequence number 0 but the current replay execution hasn't (yet?) scheduled "
        "this task.",
    ),
    (
        "child:no_generator",
        "nothing",
        "a sub-orchestration task with sequence ID 0 and name 'no_generator' (version '', instance ID '",
    ),
]
WORDS_OF_SDK_2 = [
    ("echo", "double", "call_activity with name='echo' and sequence number 1,"),
    (
        "echo",
        "timer",
        "call_activity with ID=1, but the current execution is instead trying to call create_timer",
    ),
    (
        "timer",
        "echo",
        "create_timer with ID=1, but the current execution is instead trying to call call_activity",
    ),
    (
        "echo",
        "child:no_generator",
        "call_activity with ID=1, but the current execution is instead trying to call call_sub_orchestrator",
    ),
    ("echo", "ECHO", "call_activity with name='echo' and sequence number 1,"),
]


@pytest.mark.sdk_1("SDK 2.x compares by itself, in its own words")
@pytest.mark.parametrize(("was", "now", "words"), CHANGES)
async def test_the_instance_fails_and_says_which_task_was_expected_and_which_came(host, was, now, words):
    text = await host.failure("changes", [was, now])

    assert text.startswith(BEGIN + words)
    assert text.endswith(END)


@pytest.mark.sdk_2("SDK 1.x lets the host compare, in the words of the engine")
@pytest.mark.parametrize(("was", "now", "words"), WORDS_OF_SDK_2)
async def test_the_instance_fails_with_the_words_of_the_sdk(host, was, now, words):
    text = await host.failure("changes", [was, now])

    assert text.startswith("durabletask.task.NonDeterminismError: Failed to restore orchestration state ")
    assert words in text


@pytest.mark.sdk_1("SDK 2.x takes it for a change")
async def test_a_name_in_another_case_is_no_change(host):
    instance_id = await host.start("changes", ["echo", "ECHO"])
    await host.running(instance_id)

    async def has_gone_on():
        return "TaskCompleted" in [event["EventType"] for event in await host.history(instance_id)]

    await eventually(has_gone_on, 10)
    assert (await host.instance(instance_id)).json()["runtimeStatus"] == "Running"
    await host.operate(instance_id, "terminate")
