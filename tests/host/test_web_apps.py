"""ASGI and WSGI applications behind a real host. Source: azure.functions, AsgiFunctionApp and others."""

import http.client
import json
from typing import Any

import pytest

from tests.host.conftest import App

ASGI = """
    import json
    import azure.functions as func

    starts = []

    async def application(scope, receive, send):
        if scope["type"] == "lifespan":
            await receive()
            starts.append(1)
            await send({"type": "lifespan.startup.complete"})
            return
        if scope["path"] == "/broken":
            raise ValueError("no good")
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body")
        seen = {
            "method": scope["method"],
            "path": scope["path"],
            "query": scope["query_string"].decode(),
            "body": body.decode(),
            "header": dict(scope["headers"]).get(b"x-asked", b"").decode(),
            "starts": len(starts),
        }
        headers = [(b"content-type", b"application/json"), (b"set-cookie", b"a=1"), (b"set-cookie", b"b=2")]
        await send({"type": "http.response.start", "status": 207, "headers": headers})
        text = json.dumps(seen).encode()
        await send({"type": "http.response.body", "body": text[:5], "more_body": True})
        await send({"type": "http.response.body", "body": text[5:]})

    app = func.AsgiFunctionApp(application, http_auth_level=func.AuthLevel.ANONYMOUS)
"""
WSGI = """
    import json
    import azure.functions as func

    def application(environ, start_response):
        if environ["PATH_INFO"] == "/broken":
            raise ValueError("no good")
        headers = [("content-type", "application/json"), ("set-cookie", "a=1"), ("set-cookie", "b=2")]
        start_response("207 Multi-Status", headers)
        seen = {
            "method": environ["REQUEST_METHOD"],
            "path": environ["PATH_INFO"],
            "query": environ["QUERY_STRING"],
            "body": environ["wsgi.input"].read().decode(),
            "header": environ.get("HTTP_X_ASKED", ""),
            "starts": 1,
        }
        return [json.dumps(seen).encode()]

    app = func.WsgiFunctionApp(application, http_auth_level=func.AuthLevel.ANONYMOUS)
"""


@pytest.fixture(params=[ASGI, WSGI], ids=["asgi", "wsgi"])
def web_app(app: App, request: pytest.FixtureRequest) -> App:
    app.configure(extensions={"http": {"routePrefix": ""}})
    app.write(request.param)
    return app


def ask(app: App, method: str, path: str, body: str = "") -> tuple[http.client.HTTPResponse, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", app.host.port, timeout=10)
    connection.request(method, path, body.encode(), {"X-Asked": "yes"})
    response = connection.getresponse()
    content = response.read()
    connection.close()
    return response, content


def test_a_web_application_gets_every_path_and_method_and_answers_itself(web_app: App) -> None:
    web_app.start()
    for method in ("GET", "POST", "PUT", "DELETE", "PATCH"):
        response, content = ask(web_app, method, "/a/b%20c?x=1&y=%C3%A9", "b\u00f6dy")
        seen: dict[str, Any] = json.loads(content)
        assert (response.status, response.getheader("content-type")) == (207, "application/json")
        assert response.headers.get_all("set-cookie") == ["a=1", "b=2"]
        assert seen == {
            "method": method,
            "path": "/a/b c",
            "query": "x=1&y=%C3%A9",
            "body": "b\u00f6dy",
            "header": "yes",
            "starts": 1,
        }
    assert json.loads(ask(web_app, "GET", "/")[1])["path"] == "/"


def test_an_exception_in_a_web_application_is_an_empty_500(web_app: App) -> None:
    web_app.start()
    response, content = ask(web_app, "GET", "/broken")
    assert (response.status, content) == (500, b"")
    web_app.comes_to_print("Exception: ValueError: no good")


def test_the_host_s_own_paths_stay_its_own(web_app: App) -> None:
    web_app.start()
    assert ask(web_app, "GET", "/admin/host/ping")[0].status == 200
    assert ask(web_app, "GET", "/runtime/webhooks/durabletask/instances")[1] == b"[]"


def test_a_web_application_below_a_route_prefix_cannot_start_and_the_way_out_is_named(web_app: App) -> None:
    web_app.configure()
    web_app.prepare().launch()
    assert web_app.host.wait() == 1
    assert "The route template separator character '/' cannot appear consecutively" in web_app.host.log
    assert 'set extensions.http.routePrefix to "" in host.json' in web_app.host.log
