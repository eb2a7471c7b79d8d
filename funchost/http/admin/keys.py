"""Endpoints that show and change access keys; they exist with `--enable-auth` only.

Source: Azure Functions host, KeysController.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from aiohttp import web

from funchost.http.admission.access import MASTER_KEY
from funchost.http.admission.keys import KeyFile, Scope
from funchost.http.replies import empty_reply, json_reply
from funchost.http.requests import BodyTooLarge, read_body

_SCOPES: Mapping[str, Scope] = {
    "keys": "functionKeys",
    "functionkeys": "functionKeys",
    "systemkeys": "systemKeys",
}
_LONGEST_BODY = 64 * 1024


class KeysApi:
    """The keys of the host, of the extensions and of each function."""

    def __init__(self, keys: KeyFile) -> None:
        self._keys = keys

    async def answer_host(
        self, request: web.BaseRequest, words: Sequence[str], segments: Sequence[str]
    ) -> web.Response | None:
        """The response to the path behind `/admin/host/`; None when it is not about keys.

        `words` is that path in lower case; `segments` is what follows its first word, as it was sent.
        """
        scope = _SCOPES.get(words[0]) if words else None
        if scope is None:
            return None
        if scope == "systemKeys" and tuple(words[1:]) == (MASTER_KEY,):
            return await self._master(request)
        return await self._answer(request, scope, None, segments)

    async def answer_function(
        self, request: web.BaseRequest, function: str, segments: Sequence[str]
    ) -> web.Response:
        """The response to the path behind `/admin/functions/{name}/keys`."""
        return await self._answer(request, "functionKeys", function, segments)

    async def _answer(
        self, request: web.BaseRequest, scope: Scope, function: str | None, segments: Sequence[str]
    ) -> web.Response:
        match (request.method.upper(), *segments):
            case ("GET",):
                keys = self._keys.group(scope, function)
                shown = [{"name": name, "value": value} for name, value in keys.items()]
                return json_reply(200, {"keys": shown, "links": []})
            case ("GET", name):
                value = self._keys.group(scope, function).get(name)
                return empty_reply(404) if value is None else json_reply(200, _shown(name, value))
            case ("PUT" | "POST", name):
                return await self._put(request, scope, function, name)
            case ("DELETE", name):
                return empty_reply(204 if self._keys.delete(scope, function, name) else 404)
        return empty_reply(404)

    async def _put(
        self, request: web.BaseRequest, scope: Scope, function: str | None, name: str
    ) -> web.Response:
        is_new = name not in self._keys.group(scope, function)
        try:
            value = await _given_value(request)
        except ValueError:
            return _no_key()
        return json_reply(201 if is_new else 200, _shown(name, self._keys.put(scope, function, name, value)))

    async def _master(self, request: web.BaseRequest) -> web.Response:
        match request.method.upper():
            case "GET":
                return json_reply(200, _shown(MASTER_KEY, self._keys.current().master))
            case "PUT" | "POST":
                try:
                    value = await _given_value(request)
                except ValueError:
                    return _no_key()
                return json_reply(200, _shown(MASTER_KEY, self._keys.put_master(value)))
        return empty_reply(404)


async def _given_value(request: web.BaseRequest) -> str | None:
    """The value that a PUT gives; a POST asks for a fresh one. Raises ValueError for any other body."""
    if request.method.upper() == "POST":
        return None
    try:
        body = json.loads(await read_body(request, _LONGEST_BODY))
    except (BodyTooLarge, RecursionError) as error:
        raise ValueError from error
    value = body.get("value") if isinstance(body, dict) else None
    if not isinstance(value, str) or not value:
        raise ValueError
    return value


def _no_key() -> web.Response:
    return json_reply(400, {"Message": 'The body is not a key. Send {"value": "text"}.'})


def _shown(name: str, value: str) -> dict[str, Any]:
    return {"name": name, "value": value, "links": []}
