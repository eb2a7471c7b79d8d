"""Access keys: what the key of a request opens.

Rules only: where the keys are kept is `keys`, and without `--enable-auth` nobody asks here.
Source: Azure Functions host, key authentication and the authorization levels of functions.
"""

import enum
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from funchost.conventions.names import KEY_HEADER

KEY_PARAMETER = "code"
MASTER_KEY = "_master"
DEFAULT_KEY = "default"
DURABLE_KEY = "durabletask_extension"


class Level(enum.Enum):
    """What a key proves. A system key is no better function key: each opens doors of its own."""

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
    """Who sent a request, as far as its key tells; `key_name` says which system key it was."""

    level: Level
    key_name: str = ""


ANYBODY = Caller(Level.ANONYMOUS)
ADMINISTRATOR = Caller(Level.ADMIN, MASTER_KEY)


def presented_key(headers: Mapping[str, str], code: Sequence[str]) -> str | None:
    """The key that a request carries: the header's, else the first `code` of its query.

    `headers` looks names up without case.
    """
    header = headers.get(KEY_HEADER)
    if header is not None:
        return header
    return code[0] if code else None


def identify(keys: Keys, key: str | None, function: str | None = None) -> Caller:
    """The caller behind a key; the keys of `function` count only for that function."""
    if not key:
        return ANYBODY
    if _same(keys.master, key):
        return ADMINISTRATOR
    if (name := _named(keys.system, key)) is not None:
        return Caller(Level.SYSTEM, name)
    own = keys.functions.get(function.casefold(), {}) if function is not None else {}
    if _named(keys.host, key) is not None or _named(own, key) is not None:
        return Caller(Level.FUNCTION)
    return ANYBODY


def may_call(auth_level: str, caller: Caller) -> bool:
    """Whether the caller may call a function of this `authLevel`; one without a level has `function`."""
    match auth_level.casefold():
        case "anonymous":
            return True
        case "function" | "":
            return caller.level in (Level.FUNCTION, Level.ADMIN)
    return caller.level is Level.ADMIN


def may_use_webhooks(caller: Caller, key_name: str) -> bool:
    """Whether the caller may use an extension's webhooks: with its own system key or the master key."""
    return caller.level is Level.ADMIN or caller == Caller(Level.SYSTEM, key_name)


def _named(keys: Mapping[str, str], key: str) -> str | None:
    return next((name for name, value in keys.items() if _same(value, key)), None)


def _same(one: str, other: str) -> bool:
    """Compares in a time that does not tell how much of a key was right; an empty key is nobody's."""
    return bool(one) and hmac.compare_digest(one.encode("utf-8", "replace"), other.encode("utf-8", "replace"))
