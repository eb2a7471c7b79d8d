"""Orchestrations of the real SDK 2.x, from start to end, through the rules of its protocol."""

from datetime import timedelta

import azure.durable_functions as df
import pytest
from durabletask import task

from funchost.durable import events
from funchost.durable.episode_commit import Rules
from funchost.durable.instances import Status
from tests.protocols.grpc2.sdk_app import new_hub
from tests.protocols.model_hub import BEGAN, SECOND, ModelHub


def double(value):
    return value * 2


def refuse(value):
    raise ValueError(f"refused {value}\nwith details")


def result_of(hub: ModelHub, instance_id: str = "root") -> tuple[Status, str | None]:
    instance = hub.rows[instance_id].instance
    return instance.status, instance.output


def test_steps_one_after_the_other_in_the_style_of_1x():
    def chain(context):
        first = yield context.call_activity("double", context.get_input())
        return (yield context.call_activity("double", first))

    hub = new_hub(chain, activities=[double])
    hub.start("chain", "5")

    hub.run_all()

    assert result_of(hub) == (Status.COMPLETED, "20")


def test_steps_one_after_the_other_in_the_style_of_durabletask():
    def chain(ctx: task.OrchestrationContext, value: int):
        first = yield ctx.call_activity("double", input=value)
        return (yield ctx.call_activity("double", input=first))

    hub = new_hub(chain, activities=[double])
    hub.start("chain", "5")

    hub.run_all()

    assert result_of(hub) == (Status.COMPLETED, "20")


def test_a_hundred_activities_at_once():
    def fan_out(context):
        results = yield context.task_all([context.call_activity("double", n) for n in range(100)])
        return sum(results)

    hub = new_hub(fan_out, activities=[double])
    hub.start("fan_out")

    hub.run_all()

    assert result_of(hub) == (Status.COMPLETED, "9900")


def test_the_first_of_several_tasks_wins():
    def race(context):
        timer = context.create_timer(context.current_utc_datetime + timedelta(hours=1))
        work = context.call_activity("double", 4)
        winner = yield context.task_any([timer, work])
        timer.cancel()
        return work.result if winner is work else "late"

    hub = new_hub(race, activities=[double])
    hub.start("race")

    hub.run_all()

    assert result_of(hub) == (Status.COMPLETED, "8")
    assert hub.next_due() is None


def test_a_timer_fires_at_its_time():
    def nap(context):
        yield context.create_timer(context.current_utc_datetime + timedelta(minutes=5))
        return context.current_utc_datetime.isoformat()

    hub = new_hub(nap)
    hub.start("nap")

    hub.run_until_rest()
    assert hub.next_due() == hub.rows["root"].history[0].at + 300 * SECOND
    hub.run_all()

    assert result_of(hub)[0] is Status.COMPLETED
    assert hub.now > BEGAN + 300 * SECOND


def test_a_long_timer_goes_in_steps_of_three_days():
    def sleep(context):
        yield context.create_timer(context.current_utc_datetime + timedelta(days=7))
        return "awake"

    hub = new_hub(sleep)
    hub.start("sleep")

    hub.run_all()

    timers = [e for e in hub.rows["root"].history if isinstance(e, events.TimerCreated)]
    assert result_of(hub) == (Status.COMPLETED, '"awake"')
    assert len(timers) == 3
    assert hub.now > BEGAN + 7 * 24 * 3600 * SECOND


def test_a_time_in_the_past_fires_at_once():
    def late(context):
        yield context.create_timer(context.current_utc_datetime - timedelta(days=1))
        return "there"

    hub = new_hub(late)
    hub.start("late")

    hub.run_until_rest()

    assert result_of(hub) == (Status.COMPLETED, '"there"')


@pytest.mark.parametrize("instance_id", [None, "child"])
def test_a_sub_orchestration_gets_an_id_and_returns_its_result(instance_id):
    def parent(context):
        return (yield context.call_sub_orchestrator("child", 3, instance_id))

    def child(context):
        return [context.parent_instance_id, context.get_input()]

    hub = new_hub(parent, child)
    hub.start("parent")

    hub.run_all()

    assert result_of(hub) == (Status.COMPLETED, '["root", 3]')
    assert (instance_id or "root:0001") in hub.rows


def test_a_child_gets_the_tags_of_its_parent_and_the_default_version():
    def parent(context):
        return (yield context.call_sub_orchestrator("child", instance_id="child"))

    def child(context):
        return context.version

    hub = new_hub(parent, child, rules=Rules(default_version="2.0"))
    hub.start("parent", tags={"team": "blue"})

    hub.run_all()

    assert result_of(hub) == (Status.COMPLETED, '"2.0"')
    assert hub.rows["child"].instance.tags == {"team": "blue"}


def test_an_activity_gets_its_tags():
    def tagged(ctx: task.OrchestrationContext, _):
        return (yield ctx.call_activity("double", input=1, tags={"team": "blue"}))

    hub = new_hub(tagged, activities=[double])
    hub.start("tagged")
    hub.run_episode("root")

    assert hub.waiting_activities[0].tags == {"team": "blue"}


@pytest.mark.parametrize(("version", "seen"), [("", "null"), ("1.5", '"1.5"')])
def test_an_orchestrator_sees_its_version_and_none_when_there_is_none(version, seen):
    def tell(context):
        return [context.version]

    hub = new_hub(tell)
    hub.start("tell", version=version)

    hub.run_all()

    assert result_of(hub) == (Status.COMPLETED, f"[{seen}]")


def test_a_live_child_of_the_same_id_is_a_failure_that_can_be_caught():
    def parent(context):
        try:
            yield context.call_sub_orchestrator("child", None, "taken")
        except Exception as error:
            return str(error)

    def child(context):
        yield context.wait_for_external_event("never")

    hub = new_hub(parent, child)
    hub.start("child", instance_id="taken")
    hub.start("parent")

    hub.run_all()

    status, output = result_of(hub)
    assert status is Status.COMPLETED
    assert "its ID is in use" in (output or "")


@pytest.mark.parametrize("raised_first", [True, False])
def test_an_event_is_heard_before_and_after_the_wait_in_any_case(raised_first):
    def wait(context):
        yield context.call_activity("double", 1)
        return (yield context.wait_for_external_event("Approval"))

    hub = new_hub(wait, activities=[double])
    hub.start("wait")

    if raised_first:
        hub.raise_event("APPROVAL", '"yes"')
    hub.run_until_rest()
    if not raised_first:
        assert hub.rows["root"].instance.status is Status.RUNNING
        hub.raise_event("approval", '"yes"')
    hub.run_until_rest()

    assert result_of(hub) == (Status.COMPLETED, '"yes"')


def test_events_of_one_name_are_heard_in_order_and_may_have_no_data():
    def wait(context):
        first = yield context.wait_for_external_event("go")
        second = yield context.wait_for_external_event("go")
        return [first, second]

    hub = new_hub(wait)
    hub.start("wait")
    hub.raise_event("go", "1")
    hub.raise_event("go")

    hub.run_all()

    assert result_of(hub) == (Status.COMPLETED, "[1, null]")


def test_one_orchestration_sends_an_event_to_another():
    def sender(ctx: task.OrchestrationContext, _):
        ctx.send_event("listener", "greeting", data="hello")
        yield ctx.create_timer(timedelta(seconds=1))
        return "sent"

    def listener(context):
        return (yield context.wait_for_external_event("greeting"))

    hub = new_hub(sender, listener)
    hub.start("listener", instance_id="listener")
    hub.start("sender")

    hub.run_all()

    assert result_of(hub) == (Status.COMPLETED, '"sent"')
    assert result_of(hub, "listener") == (Status.COMPLETED, '"hello"')


def test_each_execution_of_an_eternal_orchestration_begins_afresh():
    def count(context):
        number = context.get_input()
        yield context.call_activity("double", number)
        context.set_custom_status(number)
        if number < 3:
            context.continue_as_new(number + 1)
            return None
        return number

    hub = new_hub(count, activities=[double])
    row = hub.start("count", "1")
    execution = row.instance.execution_id

    hub.run_all()

    assert result_of(hub) == (Status.COMPLETED, "3")
    assert hub.rows["root"].instance.execution_id != execution
    assert sum(isinstance(e, events.TaskScheduled) for e in hub.rows["root"].history) == 1


def test_unheard_events_are_carried_over_ahead_of_those_that_wait():
    def collect(ctx: task.OrchestrationContext, seen: list[int]):
        seen.append((yield ctx.wait_for_external_event("go")))
        if len(seen) < 3:
            ctx.continue_as_new(seen, save_events=True)
            return None
        return seen

    hub = new_hub(collect)
    hub.start("collect", "[]")
    hub.raise_event("go", "1")
    hub.raise_event("go", "2")
    hub.run_episode("root")
    hub.raise_event("go", "3")

    hub.run_all()

    assert result_of(hub) == (Status.COMPLETED, "[1, 2, 3]")


def test_events_that_are_not_saved_are_lost_with_the_old_execution():
    def collect(context):
        value = yield context.wait_for_external_event("go")
        if context.get_input() == "first":
            context.continue_as_new("second")
        return value

    hub = new_hub(collect)
    hub.start("collect", '"first"')
    hub.raise_event("go", "1")
    hub.raise_event("go", "2")

    hub.run_all()

    assert hub.rows["root"].instance.status is Status.RUNNING


def test_a_result_for_the_old_execution_is_dropped():
    def restart(context):
        if context.get_input() == "first":
            context.call_activity("double", 1)
            yield context.wait_for_external_event("go")
            context.continue_as_new("second")
            return None
        return (yield context.call_activity("double", 21))

    hub = new_hub(restart, activities=[double])
    hub.start("restart", '"first"')
    hub.run_episode("root")
    hub.raise_event("go")
    hub.run_episode("root")

    hub.run_all()

    assert result_of(hub) == (Status.COMPLETED, "42")


def test_the_custom_status_is_replaced_by_each_answer():
    def tell(context):
        context.set_custom_status({"step": 1})
        yield context.wait_for_external_event("go")
        context.set_custom_status("two")
        yield context.wait_for_external_event("go")
        context.set_custom_status(None)
        yield context.wait_for_external_event("go")

    hub = new_hub(tell)
    row = hub.start("tell")
    seen = []
    for _ in range(3):
        hub.run_until_rest()
        seen.append(row.instance.custom_status)
        hub.raise_event("go")

    assert seen == ['{"step": 1}', '"two"', None]


def test_a_custom_status_above_16_kb_fails_the_orchestration():
    def shout(context):
        context.set_custom_status("x" * 9000)
        yield context.wait_for_external_event("go")

    hub = new_hub(shout)
    row = hub.start("shout")

    hub.run_all()

    assert row.instance.status is Status.FAILED
    assert row.instance.output is not None
    assert "CustomStatus is too large: limit = 16 KB (UTF-16), actual = 17.58 KB." in row.instance.output


def test_a_scheduled_instance_begins_at_its_time_and_keeps_earlier_events():
    def wait(context):
        return (yield context.wait_for_external_event("go"))

    hub = new_hub(wait)
    row = hub.start("wait", scheduled_at=BEGAN + 60 * SECOND)
    hub.raise_event("go", "7")

    hub.run_until_rest()
    assert (row.instance.status, row.history) == (Status.PENDING, [])
    hub.run_all()

    assert result_of(hub) == (Status.COMPLETED, "7")


def test_an_orchestration_ends_at_once_and_leaves_its_open_tasks_behind():
    def hasty(context):
        context.call_activity("double", 1)
        yield context.wait_for_external_event("go")
        return "gone"

    hub = new_hub(hasty, activities=[double])
    hub.start("hasty")
    hub.raise_event("go")

    hub.run_episode("root")
    assert result_of(hub) == (Status.COMPLETED, '"gone"')
    hub.run_all()

    assert result_of(hub) == (Status.COMPLETED, '"gone"')


def test_a_result_that_comes_twice_counts_once():
    def chain(context):
        results = []
        for number in range(5):
            results.append((yield context.call_activity("double", number)))
        return results

    hub = new_hub(chain, activities=[double])
    hub.duplicate = lambda: True
    hub.start("chain")

    hub.run_all()

    assert result_of(hub) == (Status.COMPLETED, "[0, 2, 4, 6, 8]")


def test_an_activity_in_the_style_of_durabletask_has_two_parameters():
    def greet(context: task.ActivityContext, name: str) -> str:
        return f"Hello {name}"

    def call(context):
        return (yield context.call_activity("greet", "Ada"))

    app = df.DFApp()
    app.activity_trigger(input_name="name")(greet)
    adapted = next(each for each in app.get_functions() if each.get_function_name() == "greet")
    hub = new_hub(call, activities=[adapted.get_user_function()])
    hub.start("call")

    hub.run_all()

    assert result_of(hub) == (Status.COMPLETED, '"Hello Ada"')


def test_an_activity_without_input_gets_null_and_may_return_nothing():
    given = []

    def note(value):
        given.append(value)

    def call(context):
        return [(yield context.call_activity("note"))]

    hub = new_hub(call, activities=[note])
    hub.start("call")

    hub.run_all()

    assert given == [None]
    assert result_of(hub) == (Status.COMPLETED, "[null]")
