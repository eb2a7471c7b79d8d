"""The plain starter over HTTP, through the SDK's client."""

import json

import pytest

from tests.app import generation, replay
from tests.app.callers import payload
from tests.app.test_singleton_starter import NINE_KEYS

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_every_request_starts_an_instance_of_its_own(plain, hub):
    first = await plain("hello_orchestrator")
    second = await plain("hello_orchestrator")

    assert first.status_code == second.status_code == 202
    assert set(payload(first)) == NINE_KEYS
    assert payload(first)["id"] != payload(second)["id"]
    assert [start.name for start in hub.starts] == ["hello_orchestrator"] * 2
    assert first.headers["Location"] == payload(first)["statusQueryGetUri"]
    assert first.headers["Retry-After"] == "10"


@pytest.mark.parametrize("body", [b"", b"null"])
async def test_no_body_is_no_input(plain, hub, body):
    await plain("hello_orchestrator", body=body)

    assert hub.starts[0].stored_input is None


@pytest.mark.parametrize("body", [b"3", b'{"taskCount": 3, "seconds": 1.0}'])
async def test_a_json_body_arrives_as_the_input_of_the_orchestrator(plain, hub, functions, body):
    await plain("fan_out_fan_in", body=body)

    stored = hub.starts[0].stored_input
    assert json.loads(stored) == json.loads(body)
    instance = replay.Instance(functions["fan_out_fan_in"], stored).start()
    assert len(instance.scheduled) == 3


@pytest.mark.parametrize(
    "body", [b"{", b" ", b"'x'", b"\xff", b"NaN", b'{"taskCount": Infinity}', b"[" * 200_000, b"1 2"]
)
async def test_a_body_that_is_not_json_is_refused_and_starts_nothing(plain, hub, body):
    response = await plain("hello_orchestrator", body=body)

    assert response.status_code == 400
    assert response.headers["Content-Type"] == "application/problem+json"
    assert payload(response)["detail"].startswith("body: ")
    assert "is not JSON" in payload(response)["detail"]
    assert len(response.get_body()) < 1_000
    assert hub.starts == []


async def test_an_unknown_orchestrator_is_not_found_and_the_known_ones_are_named(plain, hub):
    response = await plain("nobody")

    assert response.status_code == 404
    assert response.headers["Content-Type"] == "application/problem+json"
    detail = payload(response)["detail"]
    assert detail.startswith(
        "functionName: 'nobody' is not an orchestrator. Give the name of an orchestrator"
    )
    assert detail.endswith(" of this app: 'fan_out_fan_in', 'hello_orchestrator'.")
    assert hub.starts == []


async def test_an_orchestrator_is_found_whatever_the_case_of_its_name(plain, hub):
    response = await plain("Hello_Orchestrator")

    assert response.status_code == 202
    assert [start.name for start in hub.starts] == ["hello_orchestrator"]


@pytest.mark.skipif(generation.SECOND, reason="with SDK 2.x no host refuses a name")
async def test_an_orchestrator_that_is_disabled_is_not_found(plain, hub):
    hub.disabled = ("hello_orchestrator",)

    response = await plain("hello_orchestrator")

    assert response.status_code == 404
    assert hub.starts == []


@pytest.mark.parametrize(
    "name", ["hello_orchestrator/x", "hello_orchestrator?version=1", "..", "1st", "%68ello", ""]
)
async def test_a_name_that_would_change_the_url_of_the_client_is_not_found(plain, hub, name):
    response = await plain(name)

    assert response.status_code == 404
    assert hub.starts == []


async def test_a_hub_out_of_order_is_an_error_of_the_host(plain, hub):
    hub.broken = True

    with pytest.raises(Exception, match="out of reach"):
        await plain("hello_orchestrator")
