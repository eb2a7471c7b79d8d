"""From query parameters to which instances are meant, and to which page of them.

Source: HTTP management API: list and purge instances.
"""

import base64
import binascii

from funchost.durable.instances import InstanceFilter, Status
from funchost.http.dates import parse_microseconds
from funchost.http.request import Query

CONTINUATION_HEADER = "x-ms-continuation-token"
_DEFAULT_PAGE = 100
_LARGEST_PAGE = 1000

_BY_TEXT = {str(status): status for status in Status} | {str(status.number): status for status in Status}
_FINAL = frozenset(status for status in Status if status.is_final)


class BadArgument(Exception):
    """An argument of the request is wrong; the text tells which and why."""


def instances_filter(query: Query) -> InstanceFilter:
    """Which instances a listing means."""
    return InstanceFilter(
        created_from=_moment(query, "createdTimeFrom"),
        created_to=_moment(query, "createdTimeTo"),
        statuses=_statuses(query),
        prefix=query.text("instanceIdPrefix") or "",
    )


def purge_filter(query: Query) -> InstanceFilter | None:
    """Which instances a purge means; None when the obligatory start time is missing or no date.

    Only instances that have ended are meant. The original deletes running ones as well when
    `runtimeStatus` names none of the final states; that is not repeated here.
    """
    created_from = _moment(query, "createdTimeFrom")
    if created_from is None:
        return None
    statuses = _statuses(query) & _FINAL or _FINAL
    return InstanceFilter(created_from, _moment(query, "createdTimeTo"), statuses)


def page_size(query: Query) -> int:
    """How many instances a page may hold."""
    top = query.whole("top")
    return min(top, _LARGEST_PAGE) if top is not None and top > 0 else _DEFAULT_PAGE


def encode_token(token: str | None) -> str:
    """A continuation token as a header value, which has to be ASCII; empty when there is no more."""
    return base64.urlsafe_b64encode(token.encode()).decode() if token else ""


def decode_token(text: str) -> str | None:
    """The token that a client sends back. Raises BadArgument when it is not one of ours."""
    if not text:
        return None
    try:
        return base64.b64decode(text, altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise BadArgument(
            f"{CONTINUATION_HEADER}: '{text}' is not a continuation token. "
            "Send back the header of the previous page, or none for the first page."
        ) from error


def _statuses(query: Query) -> frozenset[Status]:
    """The named states; names are compared with case, numbers count, the rest is ignored."""
    names = [name.strip() for value in query.values("runtimeStatus") for name in value.split(",")]
    return frozenset(_BY_TEXT[name] for name in names if name in _BY_TEXT)


def _moment(query: Query, name: str) -> int | None:
    text = query.text(name)
    return None if text is None else parse_microseconds(text)
