"""Fan-out/fan-in end to end. Source: the app's README, the orchestrations."""

import pytest

from tests.e2e.durable_host import eventually


async def fan_out(project, given):
    payload = (await project.post("/api/orchestrators/fan_out_fan_in", json=given)).json()
    status = await project.ended(payload["id"])
    assert status["runtimeStatus"] == "Completed", status
    return status


async def test_every_task_runs_once_and_is_counted_for_its_worker(project):
    summary = (await fan_out(project, {"taskCount": 40, "seconds": 0.01}))["output"]

    assert summary["taskCount"] == 40
    assert sum(worker["tasks"] for worker in summary["workers"]) == 40


async def test_tasks_run_side_by_side(project):
    summary = (await fan_out(project, {"taskCount": 20, "seconds": 0.5}))["output"]

    assert summary["highestParallelism"] > 1
    assert summary["wallClockSeconds"] < 20 * 0.5 / 2


async def test_tasks_run_on_several_workers(project):
    async def has_spread():
        # Right after the start there may be one worker that is ready.
        summary = (await fan_out(project, {"taskCount": 20, "seconds": 0.1}))["output"]
        return len({worker["process"] for worker in summary["workers"]}) > 1

    await eventually(has_spread)


async def test_the_input_can_be_a_bare_count(project):
    payload = (await project.post("/api/orchestrators/fan_out_fan_in", json=0)).json()

    assert (await project.ended(payload["id"]))["output"]["taskCount"] == 0


async def test_progress_is_complete_at_the_end(project):
    status = await fan_out(project, {"taskCount": 25, "seconds": 0})

    assert status["customStatus"] == {"completed": 25, "total": 25}


async def test_progress_is_visible_while_it_runs(project):
    payload = (
        await project.post("/api/orchestrators/fan_out_fan_in", json={"taskCount": 60, "seconds": 0.3})
    ).json()

    seen = await project.status_when(
        payload["id"], lambda status: 0 < (status["customStatus"] or {}).get("completed", 0) < 60
    )

    assert seen["customStatus"]["total"] == 60
    await project.ended(payload["id"])


@pytest.mark.parametrize(("count", "batch"), [(30, 5), (101, 100), (27, 3)])
async def test_a_large_fan_out_is_a_tree_that_runs_every_task(project, count, batch):
    given = {"taskCount": count, "seconds": 0, "batchSize": batch}

    status = await fan_out(project, given)

    assert status["output"]["taskCount"] == count
    history = await project.history(status["instanceId"])
    kinds = [event["EventType"] for event in history]
    assert kinds.count("SubOrchestrationInstanceCompleted") == min(batch, -(-count // batch))
    assert "TaskCompleted" not in kinds


async def test_asynchronous_tasks_are_not_bound_by_threads(project):
    given = {"taskCount": 40, "seconds": 0.3, "activity": "sleep_async"}

    summary = (await fan_out(project, given))["output"]

    assert summary["highestParallelism"] >= 30


async def test_an_input_that_may_not_be_fails_the_instance_with_the_reason(project):
    payload = (await project.post("/api/orchestrators/fan_out_fan_in", json={"taskCount": "x"})).json()

    status = await project.ended(payload["id"])

    assert status["runtimeStatus"] == "Failed"
    assert "taskCount: 'x' is not a whole number" in status["output"]
