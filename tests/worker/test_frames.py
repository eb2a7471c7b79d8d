"""Frames survive the pipe, however it splits them."""

import struct

from hypothesis import given
from hypothesis import strategies as st

from funchost.worker.frames import Decoder, encode

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
frames = st.tuples(st.dictionaries(st.text(), json_values), st.binary(max_size=200))


@given(st.lists(frames, max_size=6), st.lists(st.integers(1, 50), min_size=1))
def test_frames_come_out_as_they_went_in_wherever_the_stream_is_split(sent, sizes):
    stream = b"".join(encode(header, payload) for header, payload in sent)
    decoder = Decoder()
    received = []

    position = 0
    while position < len(stream):
        size = sizes[position % len(sizes)]
        received += decoder.feed(stream[position : position + size])
        position += size

    assert received == sent


def test_a_frame_is_two_lengths_a_json_header_and_raw_bytes():
    frame = encode({"op": "stop"}, b"\x00\xff")

    assert frame == struct.pack(">II", 13, 2) + b'{"op":"stop"}' + b"\x00\xff"


def test_an_incomplete_frame_is_kept_for_later():
    frame = encode({"id": 1}, b"payload")
    decoder = Decoder()

    assert decoder.feed(frame[:-1]) == []
    assert decoder.feed(frame[-1:]) == [({"id": 1}, b"payload")]
