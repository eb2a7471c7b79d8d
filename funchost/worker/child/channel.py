"""The worker's end of the socket pair: frames in, one at a time; frames out, from any thread.

It knows no operation. When the host is gone the process ends at once, whatever its threads are doing.
"""

import os
import socket
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

from funchost.worker import frames

_CHUNK = 256 * 1024
_HOST_IS_GONE = 1


class Channel:
    """The pipe to the host, on a socket that this process was started with."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._waiting: deque[bytes] = deque()
        self._one_at_a_time = threading.Lock()
        self._is_own_process = True
        # A process that user code starts must not hold the socket: the host would never see this one end.
        connection.set_inheritable(False)
        os.register_at_fork(after_in_child=self._leave_to_parent)

    def send(self, header: Mapping[str, Any], payload: bytes = b"") -> None:
        """Send one frame; ends the process when the host is gone.

        Whoever finds the socket free sends, in one system call, what all threads have to send by then.

        Raises:
            TypeError, ValueError, struct.error: this cannot be a frame; nothing was sent.
        """
        self._waiting.append(frames.encode(header, payload))
        # Looked at again after each release: a frame may have come in just before it.
        while self._waiting and self._one_at_a_time.acquire(blocking=False):
            try:
                self._send_waiting()
            finally:
                self._one_at_a_time.release()

    def _send_waiting(self) -> None:
        count = len(self._waiting)
        batch = b"".join([self._waiting.popleft() for _ in range(count)])
        if not self._is_own_process:
            return
        try:
            self._connection.sendall(batch)
        except OSError:
            os._exit(_HOST_IS_GONE)

    def arriving(self) -> Iterator[frames.Frame]:
        """The frames of the host as they come; ends the process when the host is gone."""
        decoder = frames.Decoder()
        while data := self._receive():
            yield from decoder.feed(data)
        os._exit(_HOST_IS_GONE)

    def end_with_host(self) -> None:
        """From a thread of its own, end the process if the host goes while nobody reads.

        The import of an app may take long, or for ever; until it is done `arriving` is not read.
        """
        threading.Thread(target=self._wait_for_anything, name="host-watch", daemon=True).start()

    def _wait_for_anything(self) -> None:
        if not self._receive(1, socket.MSG_PEEK):
            os._exit(_HOST_IS_GONE)

    def _receive(self, size: int = _CHUNK, flags: int = 0) -> bytes:
        try:
            return self._connection.recv(size, flags)
        except OSError:
            return b""

    def _leave_to_parent(self) -> None:
        self._is_own_process = False
        self._connection.close()
