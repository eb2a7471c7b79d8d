"""Who may talk to a host that runs a developer's code: not a web page the developer happens to visit.

A page can send requests to loopback, and with a name that resolves to 127.0.0.1 it can even read the
answers. Both show in headers that a page cannot choose: Host, Origin and Sec-Fetch-Site. A command-line
client sends no Origin and is never in the way. This module decides; it answers nothing.
"""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from funchost.http.admission.cors import origin_allowed
from funchost.settings import Cors

_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Guard:
    """The rules for one listening address."""

    address: str
    cors: Cors

    def refusal(self, method: str, headers: Mapping[str, str]) -> str | None:
        """Why this request is refused, with what is allowed; None when it may pass.

        `headers` looks names up without case. A missing Host passes: no browser leaves it out.
        """
        host = headers.get("Host", "")
        if host and is_loopback(self.address) and not self._own_name(host):
            names = ["localhost", "127.0.0.1", "[::1]"]
            if self.address not in _LOOPBACK_NAMES:
                names.append(self.address)
            return (
                f"Host: '{host}' is not a name of this host. It answers to {', '.join(names)}. "
                "To reach it under another name, listen on another address with --address."
            )
        origin = headers.get("Origin")
        if origin is not None:
            return None if self._origin_passes(origin, host) else _foreign_origin(origin)
        if headers.get("Sec-Fetch-Site") == "cross-site" and not self._may_embed(method, headers):
            return (
                "Sec-Fetch-Site: 'cross-site' is refused. A page of another site may open this host in a "
                "tab, but not load or send anything in the background; allow its origin with --cors."
            )
        return None

    def _own_name(self, host: str) -> bool:
        name = _host_name(f"//{host}")
        return name in _LOOPBACK_NAMES or name == self.address.lower()

    def _origin_passes(self, origin: str, host: str) -> bool:
        if origin_allowed(self.cors, origin) or is_loopback(_host_name(origin)):
            return True
        # A page that this host itself has served, under a name that has already passed.
        return bool(host) and origin.partition("://")[2].lower() == host.lower()

    def _may_embed(self, method: str, headers: Mapping[str, str]) -> bool:
        opens_a_page = (
            method in ("GET", "HEAD")
            and headers.get("Sec-Fetch-Mode") == "navigate"
            and headers.get("Sec-Fetch-Dest") == "document"
        )
        return opens_a_page or "*" in self.cors.origins


def is_loopback(name: str) -> bool:
    """Whether a host name or address means this machine only."""
    if name.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _host_name(url: str) -> str:
    """The host of a URL in lower case, without port and brackets; empty when there is none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _foreign_origin(origin: str) -> str:
    return (
        f"Origin: '{origin}' may not call this host. Pages served from this machine may; "
        f"allow others with --cors {origin} or Host.CORS in local.settings.json."
    )
