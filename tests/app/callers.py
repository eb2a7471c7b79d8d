"""Calls an HTTP function of the app the way a host does."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import azure.functions as func

from tests.app.fake_hub import FakeHub

ORIGIN = "http://app.test:7071"


@dataclass(frozen=True, slots=True)
class Caller:
    """Sends requests to one starter."""

    function: Callable[..., Any]
    route: str
    hub: FakeHub

    async def __call__(self, name: str, query: str = "", body: bytes = b"") -> func.HttpResponse:
        url = f"{ORIGIN}/api/{self.route}/{name}" + (f"?{query}" if query else "")
        request = func.HttpRequest(
            method="POST" if body else "GET",
            url=url,
            # As hosts do it: empty values dropped, the last of the repeated ones kept.
            params=dict(parse_qsl(urlsplit(url).query)),
            route_params={"functionName": name},
            body=body,
        )
        response: func.HttpResponse = await self.function(req=request, client=self.hub.binding())
        return response


def payload(response: func.HttpResponse) -> dict[str, Any]:
    """The JSON object of a response."""
    described: dict[str, Any] = json.loads(response.get_body())
    return described
