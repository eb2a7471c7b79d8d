"""Problem documents (RFC 9457): how the HTTP API says that it refuses a request.

The only place where a failure of the app meets an HTTP status. Failures that are nobody's
fault outside, say a task hub out of reach, are not caught: the host answers 500.
"""

import http
import json
from typing import Any

import azure.functions as func

from shared import exceptions

Refusal = exceptions.InvalidValue | exceptions.OrchestratorNotFound

MEDIA_TYPE = "application/problem+json"


def document(refusal: Refusal) -> dict[str, Any]:
    """Describe a refusal; `parameter` and `allowed` are extension members for programs."""
    status = _status(refusal)
    return {
        "type": "about:blank",
        "title": status.phrase,
        "status": status.value,
        "detail": str(refusal),
        "parameter": refusal.name,
        "allowed": refusal.allowed,
    }


def response(refusal: Refusal) -> func.HttpResponse:
    """Answer a request with the problem document of a refusal."""
    return func.HttpResponse(
        json.dumps(document(refusal)),
        status_code=_status(refusal).value,
        headers={"Content-Type": MEDIA_TYPE},
        mimetype=MEDIA_TYPE,
    )


def _status(refusal: Refusal) -> http.HTTPStatus:
    if isinstance(refusal, exceptions.OrchestratorNotFound):
        return http.HTTPStatus.NOT_FOUND
    return http.HTTPStatus.BAD_REQUEST
