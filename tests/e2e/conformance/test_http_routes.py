"""Which function a request reaches. Source: HTTP trigger: route templates, methods, precedence."""

import uuid

import pytest

MATCHES = [
    ("/api/whole/42", "whole", {"number": "42"}),
    ("/api/whole/-7", "whole", {"number": "-7"}),
    ("/api/range/5", "in_range", {"number": "5"}),
    ("/api/word/abcd", "word", {"word": "abcd"}),
    ("/api/optional", "optional", {}),
    ("/api/optional/x", "optional", {"id": "x"}),
    ("/api/default", "default", {"id": "5"}),
    ("/api/default/6", "default", {"id": "6"}),
    ("/api/files/", "files", {}),
    ("/api/files/a/b/c.txt", "files", {"path": "a/b/c.txt"}),
    ("/api/mixed/v1.2", "mixed", {"major": "1", "minor": "2"}),
    ("/API/Mixed/V1.2", "mixed", {"major": "1", "minor": "2"}),
    ("/api/items/A%20b", "a_items_by_id", {"id": "A b"}),
    ("/api/items/%C3%BC", "a_items_by_id", {"id": "ü"}),
    ("/api/items/a%2Fb", "a_items_by_id", {"id": "a%2Fb"}),
    ("/api/items/Case/", "a_items_by_id", {"id": "Case"}),
]
MISSES = [
    "/api/whole/four",
    "/api/whole",
    "/api/whole/1/2",
    "/api/range/6",
    "/api/guid/not-one",
    "/api/word/abcde",
    "/api/word/a1",
    "/api/optional/x/y",
    "/api/mixed/v12",
    "/api/items",
    "/api/nobody-has-this",
    "/hello",
]


@pytest.mark.parametrize(("path", "function", "params"), MATCHES)
async def test_a_path_that_fits_reaches_its_function_with_parameters_as_text(host, path, function, params):
    reply = await host.get(path)

    assert reply.json() == {"function": function, "params": params}


@pytest.mark.parametrize("path", MISSES)
async def test_a_path_that_fits_no_route_is_404_without_a_body(host, path):
    reply = await host.get(path)

    assert (reply.status, reply.body) == (404, b"")


async def test_a_guid_fits_a_guid_constraint(host):
    identifier = str(uuid.uuid4())

    reply = await host.get(f"/api/guid/{identifier}")

    assert reply.json()["params"] == {"id": identifier}


async def test_the_first_function_by_name_takes_the_request_however_general_its_route(host):
    reply = await host.get("/api/items/recent")

    assert reply.json()["function"] == "a_items_by_id"


async def test_a_function_without_a_route_is_reached_under_its_name(host):
    reply = await host.get("/api/named_by_function")

    assert reply.text == "no route given"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "HEAD", "OPTIONS"])
async def test_a_method_that_is_not_listed_is_404_and_not_405(host, method):
    reply = await host.request(method, "/api/only/get")

    assert (reply.status, reply.body) == (404, b"")
    assert "Allow" not in reply.headers


@pytest.mark.parametrize(("method", "text"), [("GET", "GET"), ("POST", "other"), ("DELETE", "other")])
async def test_two_functions_may_share_a_route_with_different_methods(host, method, text):
    reply = await host.request(method, "/api/verbs")

    assert reply.text == text


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
async def test_a_function_without_methods_takes_every_method(host, method):
    reply = await host.request(method, "/api/echo")

    assert reply.json()["method"] == method


async def test_head_runs_the_function_and_answers_without_a_body(host):
    reply = await host.request("HEAD", "/api/echo")

    assert (reply.status, reply.body) == (200, b"")
