"""How orchestrations fail, and what still happens then; custom status.

The functions run through the SDK. Expectations: DurableTask.Core, durable extension, SDK 1.7.0.
"""

import azure.durable_functions as df
import pytest

from funchost.durable.episode_commit import Rules
from funchost.durable.instances import Status
from tests.protocols.json1.running import Context, HubOf, Run, finish, orchestrator


def test_a_status_that_is_falsy_leaves_the_old_one(hub_of: HubOf) -> None:
    def statuses(context: Context) -> Run:
        context.set_custom_status({"step": 1})
        yield context.call_activity("say")
        context.set_custom_status(0)

    assert finish(hub_of(statuses)).instance.custom_status == '{"step":1}'


@pytest.mark.parametrize(("characters", "status"), [(8190, Status.COMPLETED), (8191, Status.FAILED)])
def test_a_status_of_more_than_16_kb_in_utf_16_fails_the_instance(
    hub_of: HubOf, characters: int, status: Status
) -> None:
    def large(context: Context) -> None:
        context.set_custom_status("x" * characters)

    instance = finish(hub_of(large)).instance

    assert instance.status is status
    if status is Status.FAILED:
        assert instance.output == (
            "Orchestrator function 'o' failed: The UTF-16 size of the JSON-serialized payload must not "
            "exceed 16 KB. The current payload size is 17 KB."
        )


def test_an_error_fails_the_instance_with_its_text_alone(hub_of: HubOf) -> None:
    def broken(context: Context) -> Run:
        yield context.call_activity("say")
        raise KeyError("k")

    assert finish(hub_of(broken)).instance.output == "Orchestrator function 'o' failed: 'k'"


def test_what_an_orchestrator_asked_for_before_its_error_still_happens(hub_of: HubOf) -> None:
    def broken(context: Context) -> Run:
        context.set_custom_status("here")
        context.signal_entity(df.EntityId("log", "k"), "add", 1)
        yield context.call_activity("say")
        context.signal_entity(df.EntityId("log", "k"), "add", 2)
        raise ValueError("boom")

    hub = hub_of(broken)
    row = hub.start("o")
    hub.run_episode("root")
    hub.run_activity(0)
    commit = hub.run_episode("root")

    assert row.instance.status is Status.FAILED
    assert row.instance.custom_status == '"here"'
    assert [message.instance_id for message in commit.messages] == ["@log@k"]


def test_a_function_without_yield_that_raises_fails_with_the_workers_whole_report(hub_of: HubOf) -> None:
    def broken(context: Context) -> None:
        raise ValueError("boom")

    assert finish(hub_of(broken)).instance.output == (
        "Orchestrator function 'o' failed: One or more errors occurred. "
        "(Result: Failure\nException: ValueError: boom\nStack:   File ...)"
    )


def test_an_output_that_is_no_json_fails_the_instance(hub_of: HubOf) -> None:
    def strange(context: Context) -> Run:
        yield context.call_activity("say")
        return {1, 2}

    instance = finish(hub_of(strange)).instance

    assert instance.status is Status.FAILED
    assert "Object of type set is not JSON serializable" in (instance.output or "")


def test_changed_code_fails_the_instance_and_names_both_tasks(hub_of: HubOf) -> None:
    def before(context: Context) -> Run:
        yield context.call_activity("say")
        yield context.call_activity("say")

    def after(context: Context) -> Run:
        yield context.call_activity("other")

    hub = hub_of(before)
    row = hub.start("o")
    hub.run_episode("root")
    hub.run_activity(0)
    hub.orchestrators = {"o": orchestrator(after)}
    hub.run_episode("root")

    assert row.instance.status is Status.FAILED
    assert row.instance.output is not None
    assert "activity task with sequence number 0 named 'say'" in row.instance.output
    assert "instead scheduled an activity task named 'other'" in row.instance.output


def test_too_many_actions_fail_the_instance(hub_of: HubOf) -> None:
    def many(context: Context) -> Run:
        yield context.task_all([context.call_activity("say", n) for n in range(4)])

    instance = finish(hub_of(many, rules=Rules(max_actions=3))).instance

    assert instance.output == (
        "Maximum amount of orchestration actions (3) has been reached. "
        "This value can be configured in host.json file as MaxOrchestrationActions."
    )
