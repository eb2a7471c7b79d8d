"""What the tests do with a host over HTTP. It knows a base URL and the public API, nothing else."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
from multidict import CIMultiDictProxy
from yarl import URL

WEBHOOKS = "/runtime/webhooks/durabletask"
FINAL = frozenset({"Completed", "Failed", "Terminated", "Canceled"})
AS_JSON = {"Content-Type": "application/json"}
NINE_KEYS = [
    "id",
    "statusQueryGetUri",
    "sendEventPostUri",
    "terminatePostUri",
    "rewindPostUri",
    "purgeHistoryDeleteUri",
    "restartPostUri",
    "suspendPostUri",
    "resumePostUri",
]

Status = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reply:
    """One whole answer."""

    status: int
    headers: CIMultiDictProxy[str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    def json(self) -> Any:
        return json.loads(self.body)


class DurableHost:
    """Requests to one host, and waiting for what they bring about."""

    def __init__(self, session: aiohttp.ClientSession, base_url: str, limit: float = 10.0) -> None:
        """`limit` bounds every wait, in seconds."""
        self.base_url = base_url.rstrip("/")
        self._session = session
        self._limit = limit
        self._generation = 0

    async def request(self, method: str, path: str, **options: Any) -> Reply:
        """Send one request; the path is sent as it is."""
        url = URL(path if path.startswith("http") else self.base_url + path, encoded=True)
        async with self._session.request(method, url, allow_redirects=False, **options) as response:
            return Reply(response.status, response.headers, await response.read())

    async def get(self, path: str, **options: Any) -> Reply:
        return await self.request("GET", path, **options)

    async def post(self, path: str, **options: Any) -> Reply:
        return await self.request("POST", path, **options)

    async def delete(self, path: str, **options: Any) -> Reply:
        return await self.request("DELETE", path, **options)

    async def generation(self) -> int:
        """Which generation of the durable SDK the app is on, 1 or 2, as its bindings say."""
        if not self._generation:
            functions = (await self.get("/admin/functions")).json()
            bindings = [binding for function in functions for binding in function["config"]["bindings"]]
            self._generation = 2 if any(each.get("durableRequiresGrpc") for each in bindings) else 1
        return self._generation

    async def encoded(self, value: Any) -> str:
        """An input as the SDK's client sends it: that of 1.x encodes it twice, that of 2.x once."""
        return json.dumps(value) if await self.generation() == 2 else json.dumps(json.dumps(value))

    async def start(self, name: str, given: Any = None, instance_id: str | None = None) -> str:
        """Start an instance as the SDK's client does; give its ID."""
        instance_id = instance_id or new_id()
        body = None if given is None else (await self.encoded(given)).encode()
        reply = await self.post(f"{WEBHOOKS}/orchestrators/{name}/{instance_id}", data=body)
        assert reply.status == 202, reply.text
        return instance_id

    async def instance(self, instance_id: str, query: str = "") -> Reply:
        """What the status URL answers."""
        return await self.get(f"{WEBHOOKS}/instances/{instance_id}{query}")

    async def operate(self, instance_id: str, operation: str, **options: Any) -> Reply:
        """POST to an operation of an instance: `terminate?reason=x`, `suspend`, `raiseEvent/name`."""
        return await self.post(f"{WEBHOOKS}/instances/{instance_id}/{operation}", **options)

    async def raise_event(self, instance_id: str, name: str, data: Any = None) -> Reply:
        """Post plain JSON as an event, which has to be accepted."""
        # Not as `json=`: that would send no body for None.
        reply = await self.operate(instance_id, f"raiseEvent/{name}", data=json.dumps(data), headers=AS_JSON)
        assert reply.status == 202, (reply.status, reply.text)
        return reply

    async def status_when(self, instance_id: str, condition: Callable[[Status], object]) -> Status:
        """The status as soon as the condition is true. Raises AssertionError with the last one."""
        last: Any = "nothing"
        pause = 0.005
        try:
            async with asyncio.timeout(self._limit):
                while True:
                    reply = await self.instance(instance_id)
                    last = reply.json() if reply.body else reply.status
                    if reply.body and condition(last):
                        return dict(last)
                    await asyncio.sleep(pause)
                    pause = min(pause * 1.5, 0.1)
        except TimeoutError:
            raise AssertionError(f"The status is still {last}.") from None

    async def ended(self, instance_id: str) -> Status:
        """The status when the instance has ended in whatever way."""
        return await self.status_when(instance_id, lambda status: status["runtimeStatus"] in FINAL)

    async def running(self, instance_id: str) -> Status:
        """The status when the orchestrator has run once."""
        return await self.status_when(instance_id, lambda status: status["runtimeStatus"] == "Running")

    async def run(self, name: str, given: Any = None) -> Status:
        """Start an instance and give its status when it has ended."""
        return await self.ended(await self.start(name, given))

    async def output(self, name: str, given: Any = None) -> Any:
        """Start an instance and give the output with which it completes."""
        status = await self.run(name, given)
        assert status["runtimeStatus"] == "Completed", status
        return status["output"]

    async def failure(self, name: str, given: Any = None) -> str:
        """Start an instance and give the text with which it fails."""
        status = await self.run(name, given)
        assert status["runtimeStatus"] == "Failed", status
        return str(status["output"])

    async def history(self, instance_id: str, query: str = "") -> list[dict[str, Any]]:
        """The history events of an instance."""
        events: list[dict[str, Any]] = (
            await self.instance(instance_id, f"?showHistory=true&showHistoryOutput=true{query}")
        ).json()["historyEvents"]
        return events

    async def listing(self, query: str) -> list[Status]:
        """The instances that a query finds, of the first page."""
        items: list[Status] = (await self.get(f"{WEBHOOKS}/instances?{query}")).json()
        return items

    async def end(self, name: str, given: Any = None) -> tuple[str, Any]:
        """Start an instance and give its last status and its output."""
        status = await self.run(name, given)
        return status["runtimeStatus"], status["output"]

    async def client(self, method: str, **arguments: Any) -> Any:
        """What a method of the SDK's client returns inside a function of the conformance app."""
        reply = await self.post(f"/api/client/{method}", json=arguments)
        assert reply.status == 200, reply.text
        answer = reply.json()
        assert "returned" in answer, answer
        return answer["returned"]

    async def client_error(self, method: str, **arguments: Any) -> dict[str, Any]:
        """The exception that a method of the SDK's client raises: its type and args."""
        answer = (await self.post(f"/api/client/{method}", json=arguments)).json()
        assert "raised" in answer, answer
        return dict(answer["raised"])


@asynccontextmanager
async def connect(base_url: str, limit: float = 10.0) -> AsyncIterator[DurableHost]:
    """A `DurableHost` with a session of its own."""
    timeout = aiohttp.ClientTimeout(total=limit + 10)
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(timeout=timeout, connector=connector) as session:
        yield DurableHost(session, base_url, limit)


async def eventually(condition: Callable[[], Awaitable[object]], seconds: float = 20.0) -> None:
    """Wait for a condition that has to be asked for. Raises TimeoutError."""
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(0.02)


def new_id() -> str:
    """An instance ID that no other test has."""
    return uuid.uuid4().hex
