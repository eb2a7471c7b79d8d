"""One request to the management API, taken apart once.

Names in its query are found without case, as the extension finds them.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from aiohttp import web

from funchost.durable.refusals import Unreadable
from funchost.durable.text import dump_json, parse_json
from funchost.http.management.errors import BadJson
from funchost.http.requests import read_body
from funchost.http.url_text import parse_query


class Query:
    """The query of a request; junk counts as not given."""

    def __init__(self, raw: str) -> None:
        self._values = {name.casefold(): values for name, values in parse_query(raw).items()}

    def values(self, name: str) -> Sequence[str]:
        """Every value given for the name."""
        return self._values.get(name.casefold(), ())

    def text(self, name: str) -> str | None:
        """The value; repeats are joined by a comma, and an empty one is still a value."""
        values = self.values(name)
        return ",".join(values) if values else None

    def flag(self, name: str, default: bool) -> bool:
        """`true` or `false` in any case."""
        return {"true": True, "false": False}.get((self.text(name) or "").strip().casefold(), default)

    def whole(self, name: str) -> int | None:
        """A whole number."""
        try:
            return int(self.text(name) or "")
        except ValueError:
            return None

    def seconds(self, name: str) -> float | None:
        """A number of seconds, decimals allowed, not negative."""
        try:
            number = float(self.text(name) or "")
        except ValueError:
            return None
        return number if math.isfinite(number) and number >= 0 else None


@dataclass(frozen=True, slots=True)
class Call:
    """What a handler needs to know.

    `segments` is the decoded path behind the base; `url` is the request's own URL; `base_url` is the
    public base, without a trailing slash, for the URLs in answers; `body_limit` is None for no limit.
    """

    request: web.BaseRequest
    segments: tuple[str, ...]
    query: Query
    url: str
    base_url: str
    body_limit: int | None

    @property
    def method(self) -> str:
        """The verb in upper case."""
        return self.request.method.upper()

    @property
    def is_json(self) -> bool:
        """Whether the body says that it is JSON."""
        media_type = self.request.headers.get("Content-Type", "").partition(";")[0]
        return media_type.strip().casefold() == "application/json"

    async def body(self) -> bytes:
        """The whole body. Raises BodyTooLarge."""
        return await read_body(self.request, self.body_limit)


def stored_json(body: bytes) -> str:
    """A JSON body as it is stored: the same value, compact. Raises BadJson."""
    try:
        return dump_json(parse_json(body, strict=True))
    except Unreadable as error:
        raise BadJson(str(error)) from error
