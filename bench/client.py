"""A small HTTP client over one kept connection, so that a measurement is not one of connecting.

It starts instances and waits for their end as any caller can; it knows no task hub.
"""

import http.client
import json
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

ENDED = frozenset({"Completed", "Failed", "Terminated", "Canceled"})


class CallFailed(Exception):
    """A request had no answer, or not the one that was needed."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer of the host. Header names are as the host spelled them."""

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str | None:
        """The first value of a header, whatever its case."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


class Client:
    """Requests to one host, one after the other. For one thread."""

    def __init__(self, base_url: str, timeout_seconds: float = 60.0) -> None:
        self.base_url = base_url
        where = urlsplit(base_url)
        self._connection = http.client.HTTPConnection(
            where.hostname or "127.0.0.1", where.port, timeout=timeout_seconds
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def request(self, method: str, url: str, body: bytes | None = None) -> Reply:
        """Send a request to a path, or to a whole URL of this host.

        Raises CallFailed when there is no answer.
        """
        where = urlsplit(url)
        target = where.path + (f"?{where.query}" if where.query else "")
        try:
            self._connection.request(method, target, body)
            answer = self._connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise CallFailed(f"{method} {url}: no answer ({error!r}).") from error
        return Reply(answer.status, answer.reason, tuple(answer.getheaders()), content)

    def start(self, path: str, body: bytes | None = None) -> dict[str, Any]:
        """POST to a starter and give the check-status payload.

        Raises CallFailed unless the answer is 202.
        """
        reply = self.request("POST", path, body)
        if reply.status != 202:
            raise CallFailed(f"POST {path}: {reply.status} {reply.reason} instead of 202: {reply.body!r}")
        payload: dict[str, Any] = reply.json()
        return payload

    def status(self, status_url: str) -> dict[str, Any]:
        """The status document of an instance.

        Raises CallFailed for an answer that holds none.
        """
        reply = self.request("GET", status_url)
        # The status route says with its code whether the instance has ended: 202, 200, or 500 when it failed.
        if reply.status not in (200, 202, 500):
            raise CallFailed(f"GET {status_url}: {reply.status} {reply.reason}: {reply.body!r}")
        document: dict[str, Any] = reply.json()
        return document

    def wait_for_end(self, status_url: str, interval_seconds: float, limit_seconds: float) -> dict[str, Any]:
        """Poll until the instance has ended, and give its last status document.

        Raises CallFailed when it ends as anything but Completed, or not within the limit.
        """
        deadline = time.monotonic() + limit_seconds
        while True:
            document = self.status(status_url)
            if document["runtimeStatus"] in ENDED:
                return completed(document)
            if time.monotonic() > deadline:
                instance, state = document["instanceId"], document["runtimeStatus"]
                raise CallFailed(f"Instance {instance} is {state} after {limit_seconds:g} s.")
            time.sleep(interval_seconds)


def completed(document: dict[str, Any]) -> dict[str, Any]:
    """Give the status document back when the instance ended well.

    Raises CallFailed with the output, which holds the reason, when it did not.
    """
    if document["runtimeStatus"] != "Completed":
        raise CallFailed(
            f"Instance {document['instanceId']} ended as {document['runtimeStatus']}: {document['output']}"
        )
    return document
