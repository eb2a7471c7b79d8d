"""The singleton starter over HTTP, through the SDK's client."""

import asyncio
import json
from urllib.parse import quote, unquote, urlsplit

import pytest

from tests.app import generation
from tests.app.callers import payload
from tests.app.test_singleton_rule import MAY_START

pytestmark = pytest.mark.asyncio(loop_scope="session")

NINE_KEYS = {
    "id",
    "statusQueryGetUri",
    "sendEventPostUri",
    "terminatePostUri",
    "rewindPostUri",
    "purgeHistoryDeleteUri",
    "restartPostUri",
    "suspendPostUri",
    "resumePostUri",
}


async def test_a_start_is_answered_with_the_payload_of_the_instance(singleton, hub):
    response = await singleton("fan_out_fan_in", "myId=job-1")

    assert response.status_code == 202
    assert response.headers["X-Instance-Started"] == "true"
    links = payload(response)
    assert set(links) == NINE_KEYS
    assert links["id"] == "job-1"
    assert all(value.startswith("http://app.test:7071/") for key, value in links.items() if key != "id")
    assert response.headers["Location"] == links["statusQueryGetUri"]
    assert response.headers["Retry-After"] == "10"
    assert response.headers["Content-Type"] == "application/json"


async def test_the_query_is_the_input(singleton, hub):
    await singleton("fan_out_fan_in", "myId=a&taskCount=7&seconds=.5&activity=sleep_async")

    assert json.loads(hub.starts[0].stored_input) == {
        "taskCount": 7,
        "seconds": 0.5,
        "activity": "sleep_async",
        "batchSize": 100,
    }


async def test_without_a_query_the_defaults_hold(singleton, hub):
    await singleton("fan_out_fan_in")

    assert hub.starts[0].instance_id == "my-id-2024001"
    given = json.loads(hub.starts[0].stored_input)
    assert (given["taskCount"], given["seconds"], given["activity"]) == (100, 1.0, "sleep")


@pytest.mark.parametrize(("status", "may_start"), MAY_START.items())
async def test_a_start_under_an_id_that_exists_depends_on_its_status(singleton, hub, status, may_start):
    if generation.SECOND and status == "Canceled":
        pytest.skip("SDK 2.x cannot read this status, which no task hub writes")
    hub.statuses["job"] = status

    response = await singleton("fan_out_fan_in", "myId=job")

    assert response.status_code == 202
    assert payload(response)["id"] == "job"
    assert response.headers["X-Instance-Started"] == ("true" if may_start else "false")
    assert len(hub.starts) == may_start


async def test_the_loser_of_a_race_is_answered_with_the_winner(singleton, hub):
    hub.statuses["job"] = "Running"
    hub.blind_looks = 1

    response = await singleton("fan_out_fan_in", "myId=job")

    assert response.status_code == 202
    assert response.headers["X-Instance-Started"] == "false"
    assert hub.starts == []


async def test_when_the_winner_of_a_race_has_ended_the_loser_starts(singleton, hub):
    hub.refusals = 1

    response = await singleton("fan_out_fan_in", "myId=job")

    assert response.headers["X-Instance-Started"] == "true"
    assert len(hub.starts) == 1


async def test_a_hub_that_goes_on_refusing_is_believed(singleton, hub):
    hub.refusals = 1_000

    response = await singleton("fan_out_fan_in", "myId=job")

    assert response.status_code == 202
    assert response.headers["X-Instance-Started"] == "false"


async def test_two_hundred_requests_at_once_start_one_instance(singleton, hub):
    responses = await asyncio.gather(*(singleton("fan_out_fan_in", "myId=job") for _ in range(200)))

    assert {response.status_code for response in responses} == {202}
    assert {payload(response)["id"] for response in responses} == {"job"}
    assert sorted(response.headers["X-Instance-Started"] for response in responses)[-2:] == ["false", "true"]
    assert len(hub.starts) == 1


async def test_a_hub_out_of_order_is_not_taken_for_a_race(singleton, hub):
    hub.broken = True

    with pytest.raises(Exception, match="out of reach"):
        await singleton("fan_out_fan_in", "myId=job")


async def test_an_unknown_orchestrator_is_not_found(singleton, hub):
    response = await singleton("nobody", "myId=job")

    assert response.status_code == 404
    assert payload(response)["parameter"] == "functionName"
    assert hub.statuses == {}


@pytest.mark.parametrize(
    "instance_id", ["two words", "naïve", "a+b=c&d", "x{eventName}y", "é" * 256, "a:b@c"]
)
async def test_an_id_that_needs_encoding_is_the_same_everywhere(singleton, hub, instance_id):
    response = await singleton("fan_out_fan_in", f"myId={quote(instance_id, safe='')}")

    assert response.status_code == 202
    assert list(hub.statuses) == [instance_id]
    assert payload(response)["id"] == instance_id
    location = response.headers["Location"]
    assert location.isascii()
    assert " " not in location
    assert unquote(urlsplit(location).path.rpartition("/")[2]) == instance_id
    again = await singleton("fan_out_fan_in", f"myId={quote(instance_id, safe='')}")
    assert again.headers["X-Instance-Started"] == "false"


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        (
            "taskCount=ten",
            "taskCount: 'ten' is not a whole number. Give 0 to 10000, for example taskCount=100.",
        ),
        ("taskCount=1.0", "taskCount: '1.0' is not a whole number"),
        ("taskCount=-1", "taskCount: '-1' is out of range. Give 0 to 10000"),
        ("taskCount=10001", "taskCount: '10001' is out of range"),
        ("taskCount=" + "9" * 5000, "is out of range"),
        ("taskCount=", "taskCount: '' is not a whole number"),
        ("taskCount=1_000", "taskCount: '1_000' is not a whole number"),
        ("taskCount=%D9%A3", "is not a whole number"),
        ("taskCount=5&taskCount=6", "taskCount: ['5', '6'] is given more than once. Give one value"),
        ("taskCount=5&taskCount=", "is given more than once"),
        ("seconds=NaN", "seconds: 'NaN' is not a number. Give 0 to 240, for example seconds=1."),
        ("seconds=inf", "seconds: 'inf' is not a number"),
        ("seconds=1e999", "seconds: '1e999' is out of range"),
        ("seconds=-0.1", "seconds: '-0.1' is out of range"),
        ("seconds=240.5", "seconds: '240.5' is out of range"),
        ("seconds=", "seconds: '' is not a number"),
        ("seconds=1&seconds=1", "seconds: ['1', '1'] is given more than once"),
        ("activity=rest", "activity: 'rest' is not such an activity. Give sleep or sleep_async."),
        ("myId=", "myId: '' is empty. Give 1 to 256 characters"),
        ("myId=a&myId=b", "myId: ['a', 'b'] is given more than once"),
        ("myId=%40counter%40k", "myId: '@counter@k' begins with @"),
        ("myId=a%2Fb", "myId: 'a/b' has a character that cannot be in a URL's path"),
        ("myId=a%0Ab", "myId: 'a\\nb' has a control character"),
        ("myId=" + "x" * 257, "is too long"),
        ("myId=..", "myId: '..' is a relative path"),
    ],
)
async def test_a_wrong_parameter_is_refused_and_starts_nothing(singleton, hub, query, detail):
    response = await singleton("fan_out_fan_in", query)

    assert response.status_code == 400
    assert response.headers["Content-Type"] == "application/problem+json"
    assert detail in payload(response)["detail"]
    assert payload(response)["parameter"] == query.partition("=")[0]
    assert hub.statuses == {}


@pytest.mark.parametrize("body", [b'{"taskCount": 5}', b"no json", b" "])
async def test_a_body_is_refused_because_nobody_would_read_it(singleton, hub, body):
    response = await singleton("fan_out_fan_in", "myId=job", body)

    assert response.status_code == 400
    assert payload(response)["parameter"] == "body"
    assert "in the query" in payload(response)["allowed"]
    assert hub.starts == []
