"""The cookies of a function's response, as the real worker lets them through.

It sends each one in known fields instead of text: what these cannot hold is an error, or is left out. The SDK
has parsed the text before; what it could not parse never comes here.
Source: Azure Functions Python worker (up to Python 3.12) and azure-functions-runtime (from 3.13), datumdef.
"""

import importlib
import sys
from collections.abc import Iterable
from datetime import datetime
from email.utils import formatdate
from http.cookies import Morsel, SimpleCookie
from typing import Any

_HTTP_DATE = "%a, %d %b %Y %H:%M:%S GMT"
_SAME_SITE = ("lax", "strict", "none")


def cookie_texts(cookies: Iterable[SimpleCookie]) -> list[str]:
    """One `Set-Cookie` value for each cookie.

    Raises:
        ValueError: `Expires` is no date; on Python 3.13 and later, it has not the form of HTTP dates.
        TypeError: `Max-Age` is not a number.
    """
    return [_cookie_text(morsel) for cookie in cookies for morsel in cookie.values()]


def _cookie_text(morsel: Morsel[str]) -> str:
    if morsel["expires"]:
        morsel["expires"] = _expires(morsel["expires"])
    if morsel["max-age"]:
        _check_max_age(morsel["max-age"])
    if morsel["samesite"].lower() not in _SAME_SITE:
        morsel["samesite"] = ""
    return morsel.OutputString()


def _expires(text: str) -> str:
    """The date as the host writes it."""
    try:
        datetime.strptime(text, _HTTP_DATE)
    except ValueError:
        if sys.version_info >= (3, 13):
            raise
    else:
        return text
    # The older worker reads every form that this library knows, which the SDK for such a Python brings.
    dates: Any = importlib.import_module("dateutil.parser")
    return formatdate(int(dates.parse(text).timestamp()), usegmt=True)


def _check_max_age(text: str) -> None:
    try:
        float(text)
    except ValueError:
        raise TypeError(f"Cannot parse value {text} of 'cookie.maxAge' to float.") from None
