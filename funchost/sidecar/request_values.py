"""Reading requests: each value becomes one that the engine takes, or is refused with a reason.

Protobuf has made sure that text is Unicode and that numbers fit; all else is checked here. Whether an
instance exists is not asked here. Everything raises Unreadable.
"""

import unicodedata
import urllib.parse
import uuid
from collections.abc import Iterable
from typing import Any

from funchost.durable.entities import entity_id, split_entity_id
from funchost.durable.identity import is_entity_id
from funchost.durable.instances import Status
from funchost.durable.refusals import Unreadable
from funchost.protocols.grpc2.messages import microseconds, text_from

DEFAULT_PAGE = 100
LARGEST_PAGE = 1000

_TOKEN = "after:"
_STATUSES = {status.number: status for status in Status}


def required(text: str, field: str) -> str:
    """A name or an ID that must be given."""
    if not text:
        raise Unreadable(f"{field} is empty. Give one.")
    if any(unicodedata.category(character) == "Cc" for character in text):
        raise Unreadable(f"{field}: {text!r} holds a control character. Leave it out.")
    return text


def moment(request: Any, field: str) -> int | None:
    """A time in microseconds; None when it is absent."""
    if not request.HasField(field):
        return None
    try:
        return microseconds(getattr(request, field))
    except Unreadable as error:
        raise Unreadable(f"{field}: {error}.") from None


def duration(request: Any, field: str) -> float | None:
    """A span of time above zero in seconds; None when it is absent."""
    if not request.HasField(field):
        return None
    value = getattr(request, field)
    seconds: float = value.seconds + value.nanos / 1_000_000_000
    if seconds <= 0:
        raise Unreadable(f"{field} is {seconds:g} s. It must be greater than 0.")
    return seconds


def statuses(numbers: Iterable[int]) -> frozenset[Status]:
    """The statuses with these numbers."""
    wanted = set(numbers)
    if unknown := wanted - _STATUSES.keys():
        raise Unreadable(
            f"runtimeStatus: {min(unknown)} is no status. Give numbers from 0 to {len(Status) - 1}."
        )
    return frozenset(_STATUSES[number] for number in wanted)


def page_size(number: int, field: str) -> int:
    """How many items a page may hold; 0 is the host's choice."""
    if number < 0:
        raise Unreadable(f"{field} is {number}. Give 0 or more.")
    return min(number, LARGEST_PAGE) or DEFAULT_PAGE


def token(request: Any) -> str | None:
    """The ID behind which the page begins; None for the first page."""
    text = text_from(request, "continuationToken")
    if not text:
        return None
    if not text.startswith(_TOKEN):
        raise Unreadable(
            f"continuationToken: {text[:100]!r} is none of this host. Send back that of the previous page, "
            "or none for the first page."
        )
    return urllib.parse.unquote(text.removeprefix(_TOKEN))


def following_token(instance_id: str | None) -> str | None:
    """The token of the page behind this ID. It is never "0", which clients take for the end."""
    return None if instance_id is None else _TOKEN + urllib.parse.quote(instance_id)


def entity(text: str, field: str = "instanceId") -> str:
    """The ID of an entity, its name in lower case."""
    required(text, field)
    name, key = split_entity_id(text)
    if not is_entity_id(text) or not name or "@" not in text[1:]:
        raise Unreadable(f"{field}: {text!r} is no entity. Give @name@key.")
    return entity_id(name, key)


def entity_prefix(text: str | None) -> str:
    """What the IDs of the wanted entities begin with; names ignore case and the first @ may be missing."""
    name, separator, key = (text or "").removeprefix("@").partition("@")
    return f"@{name.lower()}{separator}{key}"


def request_id(text: str) -> str:
    """The GUID of an entity operation."""
    try:
        return str(uuid.UUID(text))
    except ValueError:
        raise Unreadable(f"requestId: {text!r} is no GUID.") from None
