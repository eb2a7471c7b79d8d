"""User log records on their way to the host, tagged with the invocation they belong to.

Which lines are shown, and how, is the host's matter. Source: Azure Functions Python worker, logging.
"""

import logging
import sys

from funchost.worker.child.channel import Channel
from funchost.worker.child.context import InvocationScope


class HostHandler(logging.Handler):
    """Sends every record of the root logger to the host."""

    def __init__(self, channel: Channel, scope: InvocationScope) -> None:
        super().__init__()
        self._channel = channel
        self._scope = scope

    def emit(self, record: logging.LogRecord) -> None:
        """Send one record; a record that cannot be formatted is reported as logging itself does."""
        try:
            text = self.format(record)
        except Exception:
            self.handleError(record)
            return
        self._channel.send(
            {
                "op": "log",
                "level": record.levelno,
                "logger": record.name,
                "text": text,
                "id": self._scope.frame_id(),
            }
        )


def capture(channel: Channel, scope: InvocationScope, level: int) -> None:
    """Attach the root logger to the host, and let `print` reach it line by line."""
    root = logging.getLogger()
    root.setLevel(level)
    root.addHandler(HostHandler(channel, scope))
    for stream in (sys.stdout, sys.stderr):
        # A pipe is block-buffered by default: the last prints before a crash would be lost.
        stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]
