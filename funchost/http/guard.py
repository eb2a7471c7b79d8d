"""Which web pages may talk to a host that runs a developer's code, and what their browsers are told.

A page can send requests to loopback, and with a name that resolves to 127.0.0.1 it can even read the
answers. Both show in headers that a page cannot choose: Host, Origin and Sec-Fetch-Site. A command-line
client sends no Origin and passes. Without allowed origins no CORS header is sent, and OPTIONS is a verb like
any other. This module decides; it answers nothing.
Source of the CORS headers: Core Tools on ASP.NET Core's CORS middleware (any header, any method).
"""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from funchost.settings import Cors

_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
_PREFLIGHT = {
    "Access-Control-Request-Method": "Access-Control-Allow-Methods",
    "Access-Control-Request-Headers": "Access-Control-Allow-Headers",
}


@dataclass(frozen=True, slots=True)
class Guard:
    """The rules for one listening address; `names` are those of the machine besides the loopback names."""

    address: str
    cors: Cors
    names: tuple[str, ...] = ()

    def refusal(self, method: str, host: str, headers: Mapping[str, str]) -> str | None:
        """Why this request is refused, with what is allowed; None when it may pass.

        `host` is the name that counts, which an absolute request target may have put before the header's.
        `headers` looks names up without case. A missing Host passes: no browser leaves it out.
        """
        for name in filter(None, (host, headers.get("Host"))):
            if not self._own_name(name):
                return self._foreign_host(name)
        origin = headers.get("Origin")
        if origin is not None:
            return None if self._origin_passes(origin, host) else _foreign_origin(origin)
        if headers.get("Sec-Fetch-Site") == "cross-site" and not self._may_embed(method, headers):
            return (
                "Sec-Fetch-Site: 'cross-site' is refused. A page of another site may open this host in a "
                "tab, but not load or send anything in the background; allow its origin with --cors."
            )
        return None

    def is_preflight(self, method: str, headers: Mapping[str, str]) -> bool:
        """Whether the request is a browser's question before the real one, to be answered with 204."""
        return (
            bool(self.cors.origins)
            and method == "OPTIONS"
            and "Origin" in headers
            and "Access-Control-Request-Method" in headers
        )

    def preflight_headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        """The answer to a preflight; empty for an origin that is not allowed."""
        answer = self.response_headers(headers)
        if answer:
            for asked, allowed in _PREFLIGHT.items():
                # Other text than ASCII is no header name and could not be sent back.
                if headers.get(asked, "é").isascii():
                    answer[allowed] = headers[asked]
        return answer

    def response_headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        """What is added to a response for this request's origin."""
        origin = headers.get("Origin")
        if origin is None or not self._origin_allowed(origin):
            return {}
        if "*" in self.cors.origins:
            return {"Access-Control-Allow-Origin": "*"}
        answer = {"Access-Control-Allow-Origin": origin, "Vary": "Origin"}
        if self.cors.credentials:
            answer["Access-Control-Allow-Credentials"] = "true"
        return answer

    def _origin_allowed(self, origin: str) -> bool:
        allowed = {each.lower().rstrip("/") for each in self.cors.origins}
        return "*" in allowed or origin.lower() in allowed

    def _foreign_host(self, host: str) -> str:
        names = ["localhost", "127.0.0.1", "[::1]"]
        if is_loopback(self.address):
            if self.address not in _LOOPBACK_NAMES:
                names.append(self.address)
            advice = "To reach it under another name, listen on another address with --address."
        else:
            names += ["any IP address", *self.names]
            advice = "Add a name with the app setting FUNCHOST_HOST_NAMES."
        return f"Host: '{host}' is not a name of this host. It answers to {', '.join(names)}. {advice}"

    def _own_name(self, host: str) -> bool:
        name = _host_name(f"//{host}")
        if name in _LOOPBACK_NAMES or name == self.address.lower():
            return True
        # Behind an IP address is no name that a page could have pointed here.
        return not is_loopback(self.address) and (_is_ip_address(name) or name in self._lower_names)

    @property
    def _lower_names(self) -> frozenset[str]:
        return frozenset(name.lower() for name in self.names)

    def _origin_passes(self, origin: str, host: str) -> bool:
        if self._origin_allowed(origin) or is_loopback(_host_name(origin)):
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


def _is_ip_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


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
