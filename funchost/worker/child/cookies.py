"""The cookies of a response, as the real worker lets them through.

It sends each one in known fields instead of text: what these cannot hold is an error, or is left out. The SDK
has parsed the text before; what it could not parse never comes here.

Source: Azure Functions Python worker, datumdef.
"""

from collections.abc import Iterable
from datetime import datetime
from http.cookies import Morsel, SimpleCookie

_EXPIRES = "%a, %d %b %Y %H:%M:%S GMT"
_SAME_SITE = ("lax", "strict", "none")


def cookie_texts(cookies: Iterable[SimpleCookie]) -> list[str]:
    """One `Set-Cookie` value for each cookie.

    Raises:
        ValueError: `Expires` has not the form of HTTP dates.
        TypeError: `Max-Age` is not a number.
    """
    return [_text(morsel) for cookie in cookies for morsel in cookie.values()]


def _text(morsel: Morsel[str]) -> str:
    if morsel["expires"]:
        datetime.strptime(morsel["expires"], _EXPIRES)
    if morsel["max-age"]:
        _check_max_age(morsel["max-age"])
    if morsel["samesite"].lower() not in _SAME_SITE:
        morsel["samesite"] = ""
    return morsel.OutputString()


def _check_max_age(text: str) -> None:
    try:
        float(text)
    except ValueError:
        raise TypeError(f"Cannot parse value {text} of 'cookie.maxAge' to float.") from None
