"""Streams: the two bodies of a streamed HTTP call on their way between the host and a worker process.

Each end sends its body in pieces, and the other end confirms each piece when it takes it up, so that never
more than WINDOW of them are on the way: whoever reads slowly holds whoever writes, and nothing is kept as a
whole. Frames: `start` (status and headers), `piece`, `taken`, `gone`. Both sides use this module; it knows
neither a server nor a web framework, and does no I/O.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

PIECE_BYTES = 64 * 1024
WINDOW = 4

SendFrame = Callable[[dict[str, Any], bytes], None]


class StreamBroken(Exception):
    """The other end has gone, or this end has given up, before the body was at its end."""


@dataclass(frozen=True, slots=True)
class ResponseHead:
    """Status and headers of a streamed response."""

    status: int
    headers: tuple[tuple[str, str], ...]


class Stream:
    """One end of a streamed call. All methods are for the event loop that reads and writes it.

    Attributes:
        is_closed: nothing more is sent, and nothing more arrives.
    """

    def __init__(self) -> None:
        self.is_closed = False
        self._send: SendFrame | None = None
        self._frame_id = 0
        self._head: ResponseHead | None = None
        self._arrived: deque[tuple[bytes, bool]] = deque()
        self._all_arrived = False
        self._on_the_way = 0
        self._something_arrived = asyncio.Event()
        self._room = asyncio.Event()

    def connect(self, frame_id: int, send: SendFrame) -> None:
        """Begin to send: from here on the call has a frame ID in a worker."""
        self._frame_id, self._send = frame_id, send
        if self.is_closed:
            self._tell("gone")
        self._room.set()

    def start(self, status: int, headers: list[tuple[str, str]]) -> None:
        """Send status and headers of the response; its body follows with `write`."""
        if not self.is_closed:
            self._tell("start", status=status, headers=headers)

    async def head(self) -> ResponseHead:
        """Status and headers of the other end's response. Raises StreamBroken when there will be none."""
        while self._head is None:
            await self._wait_for_arrival()
        return self._head

    async def write(self, data: bytes, more: bool = True) -> None:
        """Send a part of this end's body as the other end takes it; `more` says whether others follow.

        Once the stream is closed this does nothing.
        """
        starts = range(0, len(data), PIECE_BYTES) or range(0 if more else 1)
        for start in starts:
            await self._wait_for_room()
            if self.is_closed:
                return
            self._on_the_way += 1
            follows = more or start + PIECE_BYTES < len(data)
            self._tell("piece", data[start : start + PIECE_BYTES], more=follows)

    async def read(self) -> tuple[bytes, bool]:
        """The next piece of the other end's body, and whether others follow.

        Raises StreamBroken when the stream is closed and all that had arrived was read. After the last
        piece it waits for just that.
        """
        while not self._arrived:
            await self._wait_for_arrival()
        piece = self._arrived.popleft()
        if not self.is_closed:
            self._tell("taken")
        return piece

    def frame_arrived(self, header: Mapping[str, Any], payload: bytes) -> None:
        """Take one frame of the other end."""
        match header["op"]:
            case "start":
                headers = tuple((name, value) for name, value in header["headers"])
                self._head = ResponseHead(header["status"], headers)
            case "piece":
                self._arrived.append((payload, header["more"]))
                self._all_arrived = not header["more"]
            case "taken":
                self._on_the_way -= 1
                self._room.set()
            case "gone":
                # Nobody is left for whom the rest would be read.
                self._arrived.clear()
                self.close()
        self._something_arrived.set()

    def leave(self) -> None:
        """Close, and say so to the other end, unless its body is complete: it waits for nothing then."""
        if not self.is_closed and not self._all_arrived and self._send is not None:
            self._tell("gone")
        self.close()

    def close(self) -> None:
        """Nothing is sent and nothing awaited from now on. What has arrived can still be read."""
        self.is_closed = True
        self._something_arrived.set()
        self._room.set()

    async def _wait_for_arrival(self) -> None:
        if self.is_closed:
            raise StreamBroken
        self._something_arrived.clear()
        await self._something_arrived.wait()

    async def _wait_for_room(self) -> None:
        while not self.is_closed and (self._send is None or self._on_the_way >= WINDOW):
            self._room.clear()
            await self._room.wait()

    def _tell(self, op: str, payload: bytes = b"", **fields: Any) -> None:
        assert self._send is not None
        self._send({"op": op, "id": self._frame_id, **fields}, payload)
