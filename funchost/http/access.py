"""Access keys: whom the key of a request proves, and what that caller may use.

Rules only: where the keys are kept is `key_file`.
Source: Azure Functions host, key authentication and the authorization levels of functions.
"""

import enum
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from funchost.conventions.names import KEY_HEADER

DEFAULT_KEY = "default"
DURABLE_KEY = "durabletask_extension"
MCP_KEY = "mcp_extension"


class Level(enum.Enum):
    """What a key proves. A system key does not open functions: each kind is for its own."""

    ANONYMOUS = "anonymous"
    FUNCTION = "function"
    SYSTEM = "system"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Keys:
    """All keys of an app, each group by name; `functions` by the function's name in lower case."""

    master: str
    host: Mapping[str, str] = field(default_factory=dict)
    system: Mapping[str, str] = field(default_factory=dict)
    functions: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent a request, as far as its key tells.

    Attributes:
        level: what the key opens.
        name: the name of a system key.
        functions: the functions, in lower case, that the key belongs to; None for a key to all.
    """

    level: Level
    name: str = ""
    functions: frozenset[str] | None = None


ANYBODY = Caller(Level.ANONYMOUS)
ADMINISTRATOR = Caller(Level.ADMIN, "_master")
# When no keys are asked for, everything is open but what is disabled.
UNASKED = Caller(Level.ADMIN)


def presented_key(headers: Mapping[str, str], code: Sequence[str]) -> str | None:
    """The key that a request carries: the header's, else the first `code` of its query.

    `headers` looks names up without case.
    """
    header = headers.get(KEY_HEADER)
    if header is not None:
        return header
    return code[0] if code else None


def identify(keys: Keys, key: str | None) -> Caller:
    """The caller behind a key."""
    if not key:
        return ANYBODY
    if _same(keys.master, key):
        return ADMINISTRATOR
    if (name := _named(keys.system, key)) is not None:
        return Caller(Level.SYSTEM, name)
    if _named(keys.host, key) is not None:
        return Caller(Level.FUNCTION)
    owners = frozenset(name for name, own in keys.functions.items() if _named(own, key) is not None)
    return Caller(Level.FUNCTION, functions=owners) if owners else ANYBODY


def may_call(function: str, auth_level: str, caller: Caller) -> bool:
    """Whether the caller may call a function of this `authLevel`; one without a level has `function`."""
    match auth_level.casefold():
        case "anonymous":
            return True
        case "function" | "" if caller.level is Level.FUNCTION:
            return caller.functions is None or function.casefold() in caller.functions
    return caller.level is Level.ADMIN


def may_administer(caller: Caller) -> bool:
    """Whether the caller may use the admin endpoints."""
    return caller.level is Level.ADMIN


def may_use_webhooks(caller: Caller, key_name: str) -> bool:
    """Whether the caller may use an extension's webhooks: with its own system key or the master key."""
    return caller.level is Level.ADMIN or caller == Caller(Level.SYSTEM, key_name)


def _named(keys: Mapping[str, str], key: str) -> str | None:
    return next((name for name, value in keys.items() if _same(value, key)), None)


def _same(one: str, other: str) -> bool:
    """Compares in a time that does not tell how much of a key was right; an empty key is nobody's."""
    return bool(one) and hmac.compare_digest(one.encode("utf-8", "replace"), other.encode("utf-8", "replace"))
