"""Handlers about entities: read, list, signal.

An entity is an instance under the ID `@name@key`; names are in lower case, keys as given.
Source: HTTP management API, entities routes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from aiohttp import web

from funchost.durable.failures import unknown_function
from funchost.durable.instances import InstanceFilter
from funchost.durable.text import dump_json, parse_json
from funchost.http.dates import parse_microseconds
from funchost.http.management import filters
from funchost.http.management.documents import entity_payload, stored_value
from funchost.http.management.hub_verbs import HubVerbs
from funchost.http.replies import empty_reply, json_reply, json_text_reply
from funchost.http.request import Refused, Request


@dataclass(frozen=True, slots=True)
class Entities:
    """The entities of one hub."""

    hub: HubVerbs
    entity_names: Sequence[str]

    async def read(self, name: str, key: str) -> web.Response:
        """GET entities/{name}/{key}; the key `$` is the empty key."""
        state = await self.hub.entity_state(_entity_id(name, key))
        return empty_reply(404) if state is None else json_text_reply(200, dump_json(stored_value(state)))

    async def list(self, request: Request, name: str) -> web.Response:
        """GET entities[/{name}]: one page; it may be short although more follow."""
        token = filters.decode_token(request.headers.get(filters.CONTINUATION_HEADER, ""))
        prefix = f"@{name.lower()}@" if name else "@"
        found, following = await self.hub.find(
            InstanceFilter(
                prefix=prefix,
                updated_from=parse_microseconds(request.query.text("lastOperationTimeFrom") or ""),
                updated_to=parse_microseconds(request.query.text("lastOperationTimeTo") or ""),
            ),
            filters.page_size(request.query),
            token,
        )
        fetch_state = request.query.flag("fetchState", False)
        # A deleted entity still has its row, but is no entity any more.
        items = [
            entity_payload(entity, fetch_state=fetch_state)
            for entity in found
            if entity.entity_state is not None
        ]
        return json_reply(200, items, {filters.CONTINUATION_HEADER: filters.encode_token(following)})

    async def signal(self, request: Request, name: str, key: str) -> web.Response:
        """POST entities/{name}/{key}?op=...; a body that is not JSON goes along as text."""
        body = await request.body()
        if not body:
            input = None
        elif request.is_json:
            input = dump_json(parse_json(body, strict=True))
        else:
            input = dump_json(body.decode("utf-8", "replace"))
        return await self._signal(name, key, request.query.text("op") or "", input)

    async def delete(self, name: str, key: str) -> web.Response:
        """DELETE entities/{name}/{key}: the operation `delete`."""
        return await self._signal(name, key, "delete", None)

    async def _signal(self, name: str, key: str, operation: str, input: str | None) -> web.Response:
        known = self.entity_names
        if name.casefold() not in {each.casefold() for each in known}:
            raise Refused(400, unknown_function("entity", name, known))
        await self.hub.signal_entity(_entity_id(name, key), operation, input)
        return empty_reply(202)


def _entity_id(name: str, key: str) -> str:
    return f"@{name.lower()}@{'' if key == '$' else key}"
