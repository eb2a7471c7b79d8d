"""Orchestrators, entities, activities and clients of SDK 2.x, call by call."""

import uuid

import pytest

from funchost.worker.invocations import HttpCall, Invocation
from tests.worker.sdk_2_messages import batch, batch_result, completed, episode, failed, scheduled


def call(function, text, datum="string"):
    return Invocation(str(uuid.uuid4()), function, datum, text.encode())


@pytest.mark.parametrize(
    "invocation",
    [
        call("chain", episode("chain", given=1)),
        call("chain", episode("chain", scheduled(1, "add_one"), new=(completed(1, 2),), given=1)),
        call("chain", episode("chain", scheduled(1, "add_one"), new=(failed(1),), given=1)),
        call("chain", episode("chain", scheduled(1, "take"), new=(completed(1, 2),), given=1)),
        call("named_otherwise", episode("Renamed")),
        call("named_otherwise", episode("Renamed", scheduled(1, "add_one"), new=(completed(1, 2),))),
        call("native", episode("native", given={"a": "ä"})),
        call("chain", "no base64!"),
        call("chain", ""),
    ],
)
async def test_an_episode_ends_the_same(pair_of_sdk_2, invocation):
    original, ours = await pair_of_sdk_2.ask(invocation)

    assert ours == original


@pytest.mark.parametrize(
    "text",
    [
        batch(("add", None)),
        batch(("add", None), ("add", None), state=40),
        batch(("fail", None), state=1),
        batch(),
        "no base64!",
    ],
)
async def test_a_batch_of_operations_ends_the_same(pair_of_sdk_2, text):
    original, ours = await pair_of_sdk_2.ask(call("counter", text))

    assert _timeless(ours) == _timeless(original)


@pytest.mark.parametrize("datum", ["string", "json"])
@pytest.mark.parametrize(
    ("function", "text"),
    [
        *(("take", text) for text in ("1", "null", '"text ä"', "no json", "", '{"a": [1]}', "NaN")),
        ("add_one", "1"),
        ("add_one", '"text"'),
    ],
)
async def test_an_activity_ends_the_same(pair_of_sdk_2, function, text, datum):
    original, ours = await pair_of_sdk_2.ask(call(function, text, datum))

    assert ours == original


async def test_a_client_is_made_the_same(pair_of_sdk_2):
    request = HttpCall("GET", "http://localhost:7071/api/x", {}, {}, {})

    original, ours = await pair_of_sdk_2.ask(Invocation(str(uuid.uuid4()), "urls", "http", b"", request))

    assert ours == original
    assert ours.error is None


def _timeless(answer):
    """What a batch did, without the times of its operations; the error if it failed."""
    if answer.error is not None:
        return answer
    found = batch_result(answer.body)
    for result in found.results:
        ended = getattr(result, result.WhichOneof("resultType"))
        ended.ClearField("startTimeUtc")
        ended.ClearField("endTimeUtc")
    return answer.datum, found.entityState.value, [str(result) for result in found.results]
