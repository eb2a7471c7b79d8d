"""Starting instances, and the answer that tells where to watch them.

Source: HTTP management API: start instance; SDK client: start_new, create_check_status_response.
"""

import asyncio
import json

import pytest

from tests.e2e.durable_host import NINE_KEYS, WEBHOOKS, new_id


async def test_the_check_status_response_has_nine_keys_in_order(host, sdk):
    reply = await host.post("/api/start/no_generator")

    assert reply.status == 202
    assert list(reply.json()) == sdk.payload_keys


async def test_the_check_status_response_tells_where_and_when_to_ask(host):
    reply = await host.post("/api/start/no_generator")

    assert reply.headers["Location"] == reply.json()["statusQueryGetUri"]
    assert reply.headers["Retry-After"] == "10"
    assert reply.headers["Content-Type"].startswith("application/json")


async def test_the_urls_follow_the_host_that_the_client_asked_for(host):
    reply = await host.post("/api/start/no_generator", headers={"Host": "localhost:4321"})

    urls = [value for key, value in reply.json().items() if key != "id"]
    assert all(url.startswith(f"http://localhost:4321{WEBHOOKS}/instances/") for url in urls)


async def test_each_url_of_the_payload_works(host):
    payload = (await host.post("/api/start/events", data=json.dumps(["a", "b"]))).json()

    assert (await host.get(payload["statusQueryGetUri"])).status in (200, 202)
    sent = await host.post(payload["sendEventPostUri"].replace("{eventName}", "a"), json=1)
    await host.running(payload["id"])
    suspended = await host.post(payload["suspendPostUri"].replace("{text}", "x"))
    await host.status_when(payload["id"], lambda status: status["runtimeStatus"] == "Suspended")
    resumed = await host.post(payload["resumePostUri"].replace("{text}", "x"))
    terminated = await host.post(payload["terminatePostUri"].replace("{text}", "x"))
    await host.ended(payload["id"])
    purged = await host.delete(payload["purgeHistoryDeleteUri"])

    assert [reply.status for reply in (sent, suspended, resumed, terminated)] == [202] * 4
    assert purged.json() == {"instancesDeleted": 1}


async def test_the_management_api_starts_an_instance_with_eight_urls(host):
    reply = await host.post(f"{WEBHOOKS}/orchestrators/no_generator")

    assert reply.status == 202
    assert list(reply.json()) == [key for key in NINE_KEYS if key != "rewindPostUri"]
    assert reply.headers["Location"] == reply.json()["statusQueryGetUri"]
    assert reply.headers["Retry-After"] == "10"


async def test_an_instance_gets_a_random_id_of_32_hex_digits(host):
    first, second = [(await host.post("/api/start/no_generator")).json()["id"] for _ in range(2)]

    assert len(first) == 32
    assert int(first, 16) != int(second, 16)


@pytest.mark.parametrize("instance_id", ["My-Id.1", "with%20blank", "%C3%BC", "x" * 256, "a:b;c,d"])
async def test_an_instance_can_have_an_id_of_its_own(host, instance_id):
    tail = "" if len(instance_id) == 256 else f"-{new_id()}"

    reply = await host.post(f"{WEBHOOKS}/orchestrators/no_generator/{instance_id}{tail}")

    assert reply.status == 202
    ended = await host.ended(f"{instance_id}{tail}")
    assert ended["instanceId"] == reply.json()["id"]


@pytest.mark.parametrize(
    ("instance_id", "text"),
    [
        ("@x", "must not start with @"),
        ("a%23b", r"must not contain /, \, #, ?, or control characters"),
        ("a%3Fb", r"must not contain /, \, #, ?, or control characters"),
        ("a%5Cb", r"must not contain /, \, #, ?, or control characters"),
        ("a%0Ab", r"must not contain /, \, #, ?, or control characters"),
        ("x" * 257, "lengths must not exceed 256 characters"),
    ],
)
async def test_an_id_that_may_not_be_is_refused_and_starts_nothing(host, instance_id, text):
    reply = await host.post(f"{WEBHOOKS}/orchestrators/no_generator/{instance_id}")

    assert reply.status == 400
    assert text in reply.json()["ExceptionMessage"]


async def test_an_unknown_orchestrator_is_refused_with_the_names_of_the_known_ones(host):
    reply = await host.post(f"{WEBHOOKS}/orchestrators/nobody")

    error = reply.json()
    assert reply.status == 400
    assert list(error)[:3] == ["Message", "ExceptionMessage", "ExceptionType"]
    assert error["Message"] == "One or more of the arguments submitted is incorrect"
    assert error["ExceptionMessage"].startswith(
        "The function 'nobody' doesn't exist, is disabled, or is not an orchestrator function. "
        "Additional info: The following are the known orchestrator functions: '"
    )
    assert "'chain'" in error["ExceptionMessage"]


async def test_an_orchestrator_is_found_in_any_case(host):
    status = await host.run("NO_Generator")

    assert (status["runtimeStatus"], status["name"]) == ("Completed", "NO_Generator")


async def test_an_orchestrator_is_known_by_the_name_in_its_trigger(host):
    assert await host.output("RenamedOrchestrator") == "renamed"


async def test_a_body_that_is_not_json_is_refused(host):
    reply = await host.post(f"{WEBHOOKS}/orchestrators/no_generator", data=b"{")

    assert (reply.status, reply.json()["Message"]) == (400, "Invalid JSON content")


@pytest.mark.parametrize("given", [{"a": 1}, [1, 2], "text", 5, 1.5, True, {"ü": None}])
async def test_the_input_of_the_client_reaches_the_orchestrator(host, given):
    assert await host.output("give_input", given) == given


async def test_an_object_that_is_posted_reaches_the_orchestrator(host):
    reply = await host.post(f"{WEBHOOKS}/orchestrators/give_input", json={"a": [1]})

    assert (await host.ended(reply.json()["id"]))["output"] == {"a": [1]}


async def test_a_bare_number_that_is_posted_is_read_or_refused_by_the_sdk(host, sdk):
    reply = await host.post(f"{WEBHOOKS}/orchestrators/give_input", json=5)

    status = await host.ended(reply.json()["id"])
    end, text = sdk.posted_number
    assert status["runtimeStatus"] == end
    assert text in str(status["output"])


async def test_no_input_is_none(host):
    assert await host.output("give_input") is None


async def test_a_start_under_the_id_of_a_running_instance_is_refused(host):
    instance_id = await host.start("events", ["a"])
    await host.running(instance_id)

    reply = await host.post(f"{WEBHOOKS}/orchestrators/no_generator/{instance_id}")

    error = reply.json()
    assert reply.status == 500
    assert error["Message"] == "Something went wrong while processing your request"
    assert error["ExceptionMessage"] == ("An Orchestration instance with the status Running already exists.")
    assert (await host.instance(instance_id)).json()["name"] == "events"


async def test_a_start_under_the_id_of_a_suspended_instance_is_refused(host):
    instance_id = await host.start("events", ["a"])
    await host.operate(instance_id, "suspend")
    await host.status_when(instance_id, lambda status: status["runtimeStatus"] == "Suspended")

    reply = await host.post(f"{WEBHOOKS}/orchestrators/no_generator/{instance_id}")

    assert reply.status == 500
    assert "Suspended already exists" in reply.json()["ExceptionMessage"]


@pytest.mark.parametrize(("name", "end"), [("no_generator", "Completed"), ("no_generator_raises", "Failed")])
async def test_an_id_can_be_used_again_after_the_end(host, name, end):
    instance_id = await host.start(name)
    assert (await host.ended(instance_id))["runtimeStatus"] == end

    await host.start("events", ["a"], instance_id)

    status = await host.running(instance_id)
    assert (status["name"], status["output"], status["customStatus"]) == ("events", None, None)


async def test_of_many_starts_under_one_id_exactly_one_is_accepted(host):
    instance_id = new_id()

    replies = await asyncio.gather(
        *(host.post(f"{WEBHOOKS}/orchestrators/events/{instance_id}", json='["never"]') for _ in range(50))
    )

    assert sorted(reply.status for reply in replies) == [202] + [500] * 49


async def test_a_start_can_wait_for_the_output(host):
    reply = await host.post(
        f"{WEBHOOKS}/orchestrators/give_input?timeout=10&pollingInterval=0.1", json={"a": 1}
    )

    assert (reply.status, reply.json()) == (200, {"a": 1})


async def test_a_start_that_waits_in_vain_gets_the_urls(host):
    reply = await host.post(
        f"{WEBHOOKS}/orchestrators/events?timeout=0.3&pollingInterval=0.1", json=json.dumps(["a"])
    )

    assert reply.status == 202
    assert "statusQueryGetUri" in reply.json()


async def test_a_start_that_would_poll_less_often_than_it_waits_is_refused(host):
    reply = await host.post(f"{WEBHOOKS}/orchestrators/no_generator?timeout=1&pollingInterval=2")

    assert reply.status == 400
    assert "Total timeout 1 should be bigger than retry timeout 2" in reply.json()["ExceptionMessage"]
