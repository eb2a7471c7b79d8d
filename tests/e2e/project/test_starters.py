"""The app's HTTP API: both starters and what they refuse. Source: the app's README, HTTP API."""

import pytest

from tests.e2e.durable_host import NINE_KEYS, new_id

ONE = "/api/orchestrators"
TWO = "/api/orchestrators2"

REFUSED = [
    (f"{TWO}/fan_out_fan_in?taskCount=ten", "taskCount"),
    (f"{TWO}/fan_out_fan_in?taskCount=1.5", "taskCount"),
    (f"{TWO}/fan_out_fan_in?taskCount=-1", "taskCount"),
    (f"{TWO}/fan_out_fan_in?taskCount=5001", "taskCount"),
    (f"{TWO}/fan_out_fan_in?taskCount=", "taskCount"),
    (f"{TWO}/fan_out_fan_in?taskCount=1&taskCount=2", "taskCount"),
    (f"{TWO}/fan_out_fan_in?seconds=soon", "seconds"),
    (f"{TWO}/fan_out_fan_in?seconds=-0.1", "seconds"),
    (f"{TWO}/fan_out_fan_in?seconds=nan", "seconds"),
    (f"{TWO}/fan_out_fan_in?seconds=inf", "seconds"),
    (f"{TWO}/fan_out_fan_in?seconds=100000", "seconds"),
    (f"{TWO}/fan_out_fan_in?myId=", "myId"),
    (f"{TWO}/fan_out_fan_in?myId=@x", "myId"),
    (f"{TWO}/fan_out_fan_in?myId=a%2Fb", "myId"),
    (f"{TWO}/fan_out_fan_in?myId=a%23b", "myId"),
    (f"{TWO}/fan_out_fan_in?myId=a%0Ab", "myId"),
    (f"{TWO}/fan_out_fan_in?myId={'x' * 257}", "myId"),
]


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    "path",
    [f"{ONE}/hello_orchestrator", f"{TWO}/hello_orchestrator?myId={new_id()}"],
    ids=["plain", "singleton"],
)
async def test_a_start_is_202_with_nine_keys_and_the_headers_to_poll(project, method, path):
    reply = await project.request(method, path)

    assert reply.status == 202
    assert sorted(reply.json()) == sorted(NINE_KEYS)
    assert reply.headers["Location"] == reply.json()["statusQueryGetUri"]
    assert reply.headers["Retry-After"] == "10"


async def test_hello_greets_three_cities(project):
    payload = (await project.get(f"{ONE}/hello_orchestrator")).json()

    status = await project.ended(payload["id"])

    assert status["output"] == ["Hello Tokyo!", "Hello Seattle!", "Hello London!"]


async def test_the_status_url_follows_the_host_that_was_asked(project):
    reply = await project.get(f"{ONE}/hello_orchestrator", headers={"Host": "localhost:9999"})

    assert reply.json()["statusQueryGetUri"].startswith("http://localhost:9999/")


@pytest.mark.parametrize(("path", "parameter"), REFUSED)
async def test_bad_input_is_a_problem_document_that_names_the_parameter(project, path, parameter):
    reply = await project.get(path)

    problem = reply.json()
    assert reply.status == 400
    assert reply.headers["Content-Type"].startswith("application/problem+json")
    assert (problem["status"], problem["parameter"]) == (400, parameter)
    assert problem["detail"].startswith(f"{parameter}: ")
    assert problem["allowed"]


async def test_bad_input_starts_nothing(project):
    instance_id = new_id()

    await project.get(f"{TWO}/fan_out_fan_in?myId={instance_id}&taskCount=ten")

    assert (await project.instance(instance_id)).status == 404


@pytest.mark.parametrize("body", [b"{", b"nonsense", b"\xff", b"NaN"])
async def test_a_body_that_is_not_json_is_a_problem_document(project, body):
    reply = await project.post(f"{ONE}/hello_orchestrator", data=body)

    assert (reply.status, reply.json()["parameter"]) == (400, "body")


@pytest.mark.parametrize("path", [f"{ONE}/nobody", f"{TWO}/nobody", f"{ONE}/sleep", f"{ONE}/a%2Fb"])
async def test_an_orchestrator_that_does_not_exist_is_a_404_problem_document(project, path):
    reply = await project.get(path)

    assert reply.status == 404
    assert reply.headers["Content-Type"].startswith("application/problem+json")
    assert reply.json()["parameter"] == "functionName"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
async def test_other_methods_find_nothing(project, method):
    assert (await project.request(method, f"{ONE}/hello_orchestrator")).status == 404
