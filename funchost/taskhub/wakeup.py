"""Wake-up calls between host instances: one datagram says that there is new work in the hub.

Only a hint. A lost call delays work until the next look around, a forged one costs one look.
"""

import asyncio
from collections.abc import Callable
from typing import cast

_LOOPBACK = "127.0.0.1"
_CALL = b"work"


class WakeUp(asyncio.DatagramProtocol):
    """A loopback UDP socket: `on_call` is called for every call heard."""

    def __init__(self, on_call: Callable[[], None]) -> None:
        self._on_call = on_call
        self._transport: asyncio.DatagramTransport | None = None
        self.ports: frozenset[int] = frozenset()

    @classmethod
    async def open(cls, on_call: Callable[[], None]) -> "WakeUp":
        """Bind a free port and listen."""
        loop = asyncio.get_running_loop()
        _, protocol = await loop.create_datagram_endpoint(lambda: cls(on_call), local_addr=(_LOOPBACK, 0))
        return protocol

    @property
    def port(self) -> int:
        """The port on which this host hears of work."""
        assert self._transport is not None
        port: int = self._transport.get_extra_info("sockname")[1]
        return port

    def call_others(self) -> None:
        """Tell the hosts in `ports` that there is work."""
        if self._transport is not None:
            for port in self.ports:
                self._transport.sendto(_CALL, (_LOOPBACK, port))

    def close(self) -> None:
        """Stop listening."""
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: object) -> None:
        """Pass the call on."""
        self._on_call()

    def error_received(self, exc: Exception) -> None:
        """A host that is gone refuses its datagram; it is forgotten with its lease."""
