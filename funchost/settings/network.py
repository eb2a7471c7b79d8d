"""Where the host listens and which origins browsers may call from: flags before local.settings.json."""

from __future__ import annotations

import ipaddress
import re

from funchost.settings.local_settings import LocalSettings
from funchost.settings.model import Cors, Flags, Known, SettingsError

_ORIGIN = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#\s]+")


def address(flags: Flags, local: LocalSettings) -> Known[str]:
    """The IP address to listen on. Raises SettingsError for anything but an IP address."""
    if flags.address is not None:
        known = Known(flags.address, "--address")
    elif local.http_address is not None:
        known = Known(local.http_address, "local.settings.json")
    else:
        return Known("127.0.0.1", "default")
    try:
        ipaddress.ip_address(known.value)
    except ValueError:
        name = "--address" if known.origin == "--address" else "local.settings.json: Host.LocalHttpAddress"
        raise SettingsError(
            f"Invalid {name} value '{known.value}'. Expected an IP address, for example 127.0.0.1 or 0.0.0.0."
        ) from None
    return known


def port(flags: Flags, local: LocalSettings) -> Known[int]:
    """The port to listen on. Raises SettingsError outside 1 to 65535."""
    if flags.port is not None:
        if not 0 < flags.port < 65536:
            raise SettingsError(
                f"--port: {flags.port} is not a port. Give 1 to 65535, for example --port 7072."
            )
        return Known(flags.port, "--port")
    if local.http_port is not None:
        return Known(local.http_port, "local.settings.json")
    return Known(7071, "default")


def cors(flags: Flags, local: LocalSettings) -> Known[Cors]:
    """The allowed origins; credentials need origins by name.

    Raises SettingsError for a text that no browser sends as an origin, and for `*` with credentials.
    """
    text, origin = (
        (flags.cors, "--cors") if flags.cors is not None else (local.cors, "local.settings.json: Host.CORS")
    )
    if text is None:
        return Known(Cors(), "default")
    origins = tuple(each.strip().rstrip("/") for each in text.split(",") if each.strip())
    for each in origins:
        if each not in ("*", "null") and not _ORIGIN.fullmatch(each):
            raise SettingsError(
                f"{origin}: '{each}' is not an origin. Give * or origins with a comma between them, "
                "for example http://localhost:3000,https://example.com."
            )
    credentials = flags.cors_credentials or local.cors_credentials
    if credentials and "*" in origins:
        raise SettingsError(
            f"{origin}: '*' cannot be combined with credentials. Name each origin, "
            "for example http://localhost:3000, or leave the credentials out."
        )
    return Known(Cors(origins, credentials), origin.partition(":")[0])
