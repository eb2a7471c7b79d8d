"""Endpoints that show and change access keys; they exist with `--enable-auth` only.

The master key is changed in the file: whoever may do it here holds it already.
Source: Azure Functions host, KeysController.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from aiohttp import web

from funchost.durable.refusals import Unreadable
from funchost.durable.text import is_storable
from funchost.http.key_file import KeyFile, KeyGroup
from funchost.http.replies import empty_reply, json_reply
from funchost.http.request import Refused, Request
from funchost.http.router import Route
from funchost.worker.invocations import FunctionInfo

_GroupOf = Callable[[Request], KeyGroup]


def key_routes(keys: KeyFile, named: Callable[[str], FunctionInfo]) -> list[Route]:
    """The routes below `/admin`; `named` gives the function of a name, in any case, or raises Refused."""
    groups: dict[str, _GroupOf] = {
        "host/keys": lambda request: KeyGroup("functionKeys"),
        "host/functionkeys": lambda request: KeyGroup("functionKeys"),
        "host/systemkeys": lambda request: KeyGroup("systemKeys"),
        "functions/{function}/keys": lambda request: KeyGroup(
            "functions", named(request.params["function"]).name.casefold()
        ),
    }
    endpoints = {
        ("GET", ""): _list,
        ("GET", "/{key}"): _show,
        ("PUT POST", "/{key}"): _put,
        ("DELETE", "/{key}"): _delete,
    }
    return [
        Route.to(methods, path + key, partial(endpoint, keys, group_of))
        for path, group_of in groups.items()
        for (methods, key), endpoint in endpoints.items()
    ]


async def _list(keys: KeyFile, group_of: _GroupOf, request: Request) -> web.Response:
    shown = [{"name": name, "value": value} for name, value in keys.read(group_of(request)).items()]
    return json_reply(200, {"keys": shown, "links": []})


async def _show(keys: KeyFile, group_of: _GroupOf, request: Request) -> web.Response:
    name = request.params["key"]
    value = keys.read(group_of(request)).get(name)
    return empty_reply(404) if value is None else json_reply(200, _shown(name, value))


async def _put(keys: KeyFile, group_of: _GroupOf, request: Request) -> web.Response:
    """A PUT gives the value; a POST asks for a fresh one."""
    group, name = group_of(request), request.params["key"]
    is_new = name not in keys.read(group)
    value = None if request.method == "POST" else await _given_value(request)
    return json_reply(201 if is_new else 200, _shown(name, keys.put(group, name, value)))


async def _delete(keys: KeyFile, group_of: _GroupOf, request: Request) -> web.Response:
    return empty_reply(204 if keys.delete(group_of(request), request.params["key"]) else 404)


async def _given_value(request: Request) -> str:
    try:
        body = await request.json()
    except Unreadable:
        body = None
    value = body.get("value") if isinstance(body, dict) else None
    if not isinstance(value, str) or not value or not is_storable(value):
        raise Refused(400, 'The body is not a key. Send {"value": "text"}.')
    return value


def _shown(name: str, value: str) -> dict[str, Any]:
    return {"name": name, "value": value, "links": []}
