"""Frames: how the host and a worker process talk over their socket pair.

A frame is two big-endian 32-bit lengths, a header (a JSON object) and one payload of raw bytes, so that a
body or an orchestrator's context travels without being quoted into JSON. This module knows no operation and
does no I/O; both sides use it.
"""

import json
from collections.abc import Mapping
from struct import Struct
from typing import Any

Frame = tuple[dict[str, Any], bytes]

_LENGTHS = Struct(">II")
_to_json = json.JSONEncoder(separators=(",", ":")).encode
# Headers are ASCII without surrounding space: no need to find out their encoding, or to look behind them.
_from_json = json.JSONDecoder().raw_decode


def encode(header: Mapping[str, Any], payload: bytes = b"") -> bytes:
    """The bytes of one frame.

    Args:
        header: what to do, as a JSON object.
        payload: the one piece of data that goes with it.

    Raises:
        TypeError, ValueError: the header holds something that is no JSON.
        struct.error: the payload has 4 GiB or more.
    """
    head = _to_json(header).encode()
    return b"".join((_LENGTHS.pack(len(head), len(payload)), head, payload))


class Decoder:
    """Cuts a stream of bytes back into frames, wherever the stream was split."""

    def __init__(self) -> None:
        self._received = bytearray()

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that are complete now that `data` has arrived."""
        received = self._received
        received += data
        frames: list[Frame] = []
        start = 0
        with memoryview(received) as view:
            while len(view) - start >= _LENGTHS.size:
                head_length, payload_length = _LENGTHS.unpack_from(view, start)
                head = start + _LENGTHS.size
                payload = head + head_length
                end = payload + payload_length
                if len(view) < end:
                    break
                header, _ = _from_json(str(view[head:payload], "ascii"))
                frames.append((header, bytes(view[payload:end])))
                start = end
        if start:
            del received[:start]
        return frames
