"""An orchestrator that contradicts its history. Source: Durable Task: non-determinism messages."""

import pytest

from tests.e2e.durable_host import eventually

BEGIN = "Non-Deterministic workflow detected: A previous execution of this orchestration scheduled "
END = "Was a change made to the orchestrator code after this instance had already started running?"
PRODUCED = "but the current orchestration replay instead produced a"


@pytest.mark.parametrize(
    ("was", "now", "words"),
    [
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
    ],
)
async def test_the_instance_fails_and_says_which_task_was_expected_and_which_came(host, was, now, words):
    text = await host.failure("changes", [was, now])

    assert text.startswith(BEGIN + words)
    assert text.endswith(END)


async def test_a_name_in_another_case_is_no_change(host):
    instance_id = await host.start("changes", ["echo", "ECHO"])
    await host.running(instance_id)

    async def has_gone_on():
        return "TaskCompleted" in [event["EventType"] for event in await host.history(instance_id)]

    await eventually(has_gone_on, 10)
    assert (await host.instance(instance_id)).json()["runtimeStatus"] == "Running"
    await host.operate(instance_id, "terminate")
