"""A worker process dies. Source: Durable Functions: at-least-once activities; Functions host: workers."""

import asyncio
import os
import signal

from tests.e2e.durable_host import connect, eventually


async def test_an_activity_whose_worker_dies_runs_again_and_counts_once(start_host, first_run):
    async with connect(start_host().base_url) as client:
        instance_id = await client.start("steps", [{"key": "a", "first": 60}, {"key": "b"}])
        os.kill((await first_run("a")).worker, signal.SIGKILL)

        status = await client.ended(instance_id)

        assert status["output"] == [2, 1]
        kinds = [event["EventType"] for event in await client.history(instance_id)]
        assert kinds == ["ExecutionStarted", "TaskCompleted", "TaskCompleted", "ExecutionCompleted"]


async def test_a_request_whose_worker_dies_gets_500_at_once(start_host, first_run):
    async with connect(start_host().base_url) as client:
        request = asyncio.create_task(client.get("/api/hold/request/60"))
        os.kill((await first_run("request")).worker, signal.SIGKILL)

        reply = await asyncio.wait_for(request, 3)

        assert (reply.status, reply.body) == (500, b"")


async def test_a_worker_that_dies_is_replaced(start_host):
    async with connect(start_host().base_url) as client:
        before = (await client.get("/api/who")).json()["worker"]
        os.kill(before, signal.SIGKILL)

        async def another_answers():
            # A request that is on its way to the dead one gets its 500.
            reply = await client.get("/api/who")
            return reply.status == 200 and reply.json()["worker"] != before

        await eventually(another_answers, 5)


async def test_the_other_worker_goes_on_while_one_is_replaced(start_host, first_run):
    host = start_host(FUNCTIONS_WORKER_PROCESS_COUNT="2")
    async with connect(host.base_url) as client:
        workers = set()

        async def both_run():
            workers.add((await client.get("/api/who")).json()["worker"])
            return len(workers) == 2

        await eventually(both_run)
        request = asyncio.create_task(client.get("/api/hold/request/60"))
        os.kill((await first_run("request")).worker, signal.SIGKILL)
        await request

        replies = await asyncio.gather(*(client.get("/api/who") for _ in range(20)))

        assert {reply.status for reply in replies} == {200}


async def test_every_activity_of_a_fan_out_counts_once_though_workers_die(start_host, first_run):
    host = start_host(FUNCTIONS_WORKER_PROCESS_COUNT="2")
    tasks = [{"key": f"t{number}", "first": 0.3, "seconds": 0.05} for number in range(40)]
    async with connect(host.base_url, limit=30) as client:
        instance_id = await client.start("steps_at_once", tasks)
        for key in ("t0", "t20"):
            os.kill((await first_run(key)).worker, signal.SIGKILL)

        status = await client.ended(instance_id)

        assert len(status["output"]) == 40
        kinds = [event["EventType"] for event in await client.history(instance_id)]
        assert kinds.count("TaskCompleted") == 40


async def test_what_kills_its_worker_fails_alone_after_a_few_tries(start_host, runs):
    tasks = [{"key": f"t{number}", "first": 0.2, "seconds": 0.2} for number in range(8)]
    async with connect(start_host().base_url, limit=50) as client:
        instance_id = await client.start("die_beside", tasks)

        status = await client.ended(instance_id)

        reason, count = status["output"]
        assert "Activity function 'die' was tried 5 times and did not come to an end." in reason
        assert (count, len(runs("killer"))) == (8, 5)
        failed = [e for e in await client.history(instance_id) if e["EventType"] == "TaskFailed"]
        assert len(failed) == 1
        assert "was tried 5 times" in failed[0]["Reason"]
