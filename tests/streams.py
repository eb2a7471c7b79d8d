"""Streamed calls as tests make them: the host's end of the stream, without a connection behind it."""

import asyncio
import itertools
from collections.abc import Mapping
from dataclasses import dataclass

from funchost.worker.calling import Invoker
from funchost.worker.invocations import Invocation, InvocationResult, StreamedCall
from funchost.worker.streams import Stream, StreamBroken

_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Response:
    """All that came of a response, and whether that was its end; the head is missing if there was none."""

    status: int | None
    headers: tuple[tuple[str, str], ...]
    body: bytes
    is_complete: bool


class OpenCall:
    """A call that runs. Whoever reads it slowly, or not at all, holds it.

    Attributes:
        stream: the host's end.
        result: how the call ends.
    """

    def __init__(
        self,
        pool: Invoker,
        function: str,
        method: str = "GET",
        target: str = "/api/x",
        headers: tuple[tuple[str, str], ...] = (("host", "localhost:7071"),),
        params: Mapping[str, str] | None = None,
    ) -> None:
        self.stream = Stream()
        self.invocation_id = f"streamed-{next(_numbers)}"
        streamed = StreamedCall(method, f"http://localhost:7071{target}", headers, params or {}, self.stream)
        invocation = Invocation(self.invocation_id, function, "stream", b"", streamed=streamed)
        self.result: asyncio.Future[InvocationResult] = asyncio.ensure_future(pool.invoke(invocation))
        self.result.add_done_callback(lambda _: self.stream.leave())

    async def answer(self, body: bytes = b"") -> Response:
        """Send a body and read the response, both as far as they go."""
        sending = asyncio.create_task(self.stream.write(body, more=False))
        try:
            return await self._response()
        finally:
            sending.cancel()

    async def _response(self) -> Response:
        try:
            head = await self.stream.head()
        except StreamBroken:
            return Response(None, (), b"", False)
        body, more = b"", True
        try:
            while more:
                piece, more = await self.stream.read()
                body += piece
        except StreamBroken:
            return Response(head.status, head.headers, body, False)
        return Response(head.status, head.headers, body, True)
