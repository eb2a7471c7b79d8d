"""Cross-origin headers for browsers, when the developer has allowed origins.

Without allowed origins nothing is sent and OPTIONS is a verb like any other.
Source: Core Tools local CORS on ASP.NET Core's CORS middleware (any header, any method).
"""

from collections.abc import Mapping

from funchost.settings import Cors


def origin_allowed(cors: Cors, origin: str) -> bool:
    """Whether a page of this origin may call; origins are compared without case."""
    return "*" in cors.origins or origin.lower() in {each.lower().rstrip("/") for each in cors.origins}


def is_preflight(cors: Cors, method: str, headers: Mapping[str, str]) -> bool:
    """Whether the request is a browser's question before the real one, to be answered with 204."""
    return (
        bool(cors.origins)
        and method == "OPTIONS"
        and "Origin" in headers
        and "Access-Control-Request-Method" in headers
    )


def preflight_headers(cors: Cors, headers: Mapping[str, str]) -> dict[str, str]:
    """The answer to a preflight; empty for an origin that is not allowed."""
    answer = response_headers(cors, headers)
    if "Access-Control-Allow-Origin" not in answer:
        return {}
    answer["Access-Control-Allow-Methods"] = headers["Access-Control-Request-Method"]
    if "Access-Control-Request-Headers" in headers:
        answer["Access-Control-Allow-Headers"] = headers["Access-Control-Request-Headers"]
    return answer


def response_headers(cors: Cors, headers: Mapping[str, str]) -> dict[str, str]:
    """What is added to a response for this request's origin."""
    origin = headers.get("Origin")
    if not cors.origins or origin is None or not origin_allowed(cors, origin):
        return {}
    if "*" in cors.origins:
        return {"Access-Control-Allow-Origin": "*"}
    answer = {"Access-Control-Allow-Origin": origin, "Vary": "Origin"}
    if cors.credentials:
        answer["Access-Control-Allow-Credentials"] = "true"
    return answer
