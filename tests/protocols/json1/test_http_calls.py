"""Durable HTTP calls: requests, answers, and the follow-up of a 202."""

import json

import pytest

from funchost.protocols.json1.http_calls import HttpCallFailed, HttpCallRequest, HttpCallResponse, follow_up

NOW = 1_800_000_000_000_000


def request_for(**fields):
    return HttpCallRequest.parse(json.dumps({"method": "POST", "uri": "http://h/a/b", **fields}))


def accepted(**headers):
    return HttpCallResponse(202, {name.replace("_", "-"): [value] for name, value in headers.items()}, "")


def test_content_without_a_type_is_sent_as_text():
    request = request_for(content='{"a":1}', headers={"X": "1"})

    assert request.headers == {"X": "1", "Content-Type": "text/plain; charset=utf-8"}


def test_a_given_content_type_is_kept_in_any_case():
    request = request_for(content="x", headers={"content-TYPE": "application/json"})

    assert request.headers == {"content-TYPE": "application/json"}


def test_a_request_without_a_method_is_a_get():
    assert HttpCallRequest.parse('{"uri":"http://h/"}').method == "GET"


def test_multipart_content_is_refused_with_the_words_of_the_original():
    with pytest.raises(HttpCallFailed, match="Multipart content is not supported with CallHttpAsync"):
        request_for(content="x", headers={"Content-Type": "multipart/form-data; boundary=b"})


def test_a_managed_identity_is_refused_with_a_next_step():
    with pytest.raises(HttpCallFailed, match="Authorization header"):
        request_for(tokenSource={"kind": "AzureManagedIdentity", "resource": "r"})


def test_headers_of_the_content_do_not_reach_the_orchestrator():
    response = HttpCallResponse(
        404, {"Content-Type": ["text/plain"], "Server": ["s"], "Set-Cookie": ["a=1", "b=2"]}, "no"
    )

    assert json.loads(response.to_json()) == {
        "statusCode": 404,
        "headers": {"Server": "s", "Set-Cookie": ["a=1", "b=2"]},
        "content": "no",
    }


def test_only_a_202_with_a_location_is_followed_up():
    request = request_for()

    assert follow_up(request, HttpCallResponse(200, {"Location": ["/x"]}, ""), 1000, NOW) is None
    assert follow_up(request, HttpCallResponse(202, {}, ""), 1000, NOW) is None


def test_the_follow_up_is_a_get_of_the_location_without_content_and_function_key():
    request = request_for(content="x", headers={"x-functions-key": "k", "X": "1"})

    poll = follow_up(request, accepted(Location="../status/1", Retry_After="3"), 30_000, NOW)

    assert poll is not None
    assert (poll.request.method, poll.request.uri) == ("GET", "http://h/status/1")
    assert (poll.request.headers, poll.request.content) == ({"X": "1"}, None)
    assert poll.due_at == NOW + 3_000_000


@pytest.mark.parametrize("retry_after", [None, "soon", ""])
def test_without_a_usable_retry_after_the_default_pause_counts(retry_after):
    headers = {"Location": "/x"} | ({} if retry_after is None else {"Retry_After": retry_after})

    poll = follow_up(request_for(), accepted(**headers), 500, NOW)

    assert poll is not None
    assert poll.due_at == NOW + 500_000


@pytest.mark.parametrize(
    ("moment", "pause"),
    [("Fri, 15 Jan 2027 08:00:10 GMT", 10_000_000), ("Fri, 15 Jan 2027 07:00:00 GMT", 0)],
)
def test_retry_after_may_be_a_date(moment, pause):
    poll = follow_up(request_for(), accepted(Location="/x", Retry_After=moment), 500, NOW)

    assert poll is not None
    assert poll.due_at == NOW + pause


def test_a_follow_up_survives_storage():
    poll = follow_up(request_for(headers={"X": "1"}), accepted(Location="/x"), 500, NOW)

    assert poll is not None
    assert HttpCallRequest.parse(poll.request.to_json()) == poll.request
