"""HTTP functions, call by call: what they see, and what becomes of what they return or raise."""

import json
import uuid

import pytest

from funchost.worker.invocations import HttpCall, Invocation

TRACE = ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "state=1")
MULTIPART = (
    b'--x\r\nContent-Disposition: form-data; name="field"\r\n\r\nvalue\r\n'
    b'--x\r\nContent-Disposition: form-data; name="file"; filename="f.txt"\r\n'
    b"Content-Type: text/plain\r\n\r\nof a file\r\n--x--\r\n"
)


def http(function, *, method="GET", body=b"", headers=None, query=None, params=None):
    call = HttpCall(method, "http://localhost:7071/api/x?a=1", headers or {}, query or {}, params or {})
    return Invocation(str(uuid.uuid4()), function, "http", body, call, TRACE)


@pytest.mark.parametrize("function", ["request", "request_async"])
@pytest.mark.parametrize(
    "given",
    [
        {},
        {"method": "post", "body": b'{"a": [1, null]}', "headers": {"Content-Type": "application/json"}},
        {"method": "PUT", "body": b"\xff\xfe", "headers": {"X-Any": "Mixed Case", "x-empty": ""}},
        {"query": {"a": "1,2", "Ä": "ä"}, "params": {"name": "a b"}},
        {"body": b"a=1&a=2&b=", "headers": {"content-type": "application/x-www-form-urlencoded"}},
        {"body": MULTIPART, "headers": {"content-type": "multipart/form-data; boundary=x"}},
        {"body": b"x" * 1_000_000},
    ],
)
async def test_a_request_looks_the_same(pair, function, given):
    original, ours = await pair.ask(http(function, **given))

    assert ours == original
    assert ours.status == 200


ENDS = [
    *("text", "empty text", "json text", "none", "dict", "list", "bytes", "int", "subclass of text"),
    *("empty response", "binary response", "bytearray response", "charset", "json type", "own content type"),
    *("status as text", "odd status", "number as header", "dict as body", "repeated header"),
    *("cookie", "cookies", "cookie with everything", "cookie of strict site", "cookie of odd site"),
    *("cookie that is quoted", "cookie with nothing", "cookie of odd age", "cookie of odd date"),
    *("cookie of dashed date", "cookie that is none"),
    *("value error", "key error", "error of two", "error of nothing", "not implemented", "chained"),
]


@pytest.mark.parametrize("function", ["end", "end_async"])
@pytest.mark.parametrize("how", ENDS)
async def test_a_call_ends_the_same(pair, function, how):
    original, ours = await pair.ask(http(function, params={"how": how}))

    assert ours == original


async def test_an_error_without_a_text_is_told_the_same_apart_from_its_type(pair):
    original, ours = await pair.ask(http("end", params={"how": "unprintable"}))

    # funchost names the class in front of the original's words.
    assert ours.error == f"UnprintableError: {original.error}"


@pytest.mark.parametrize("function", ["context", "context_async", "context_of_client"])
async def test_the_context_has_the_same_attributes(pair, function):
    original, ours = await pair.ask(http(function))

    assert json.loads(ours.text) == json.loads(original.text)


async def test_the_context_of_an_activity_has_them_too(pair):
    original, ours = await pair.ask(Invocation("an id", "context_of_activity", "string", b"1", None, TRACE))

    assert json.loads(ours.text) == json.loads(original.text)


@pytest.mark.parametrize(
    "function",
    [
        *("annotated_text", "through_out", "nothing_out", "text_request", "bytes_request"),
        *("client", "client_start", "sync_client"),
    ],
)
async def test_a_function_of_an_unusual_form_ends_the_same(pair, function):
    original, ours = await pair.ask(http(function))

    assert ours == original


@pytest.mark.parametrize(
    "invocation", [http("out_and_return"), Invocation("an id", "talkative_tick", "json", b"{}")]
)
async def test_a_value_that_nothing_takes_is_refused_in_the_words_that_the_original_meant(pair, invocation):
    original, ours = await pair.ask(invocation)

    # The original forgets to put the name in, and shows the pieces.
    assert original.error.startswith(
        "RuntimeError: ('function %s without a $return bindingreturned a non-None"
    )
    assert ours.error == (
        f"RuntimeError: function '{invocation.function}' without a $return binding returned a non-None value"
    )
