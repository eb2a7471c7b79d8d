"""Both ends of a stream, with the frames between them held or let through by the tests."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funchost.worker.streams import PIECE_BYTES, WINDOW, ResponseHead, Stream, StreamBroken


class Line:
    """Carries frames between two ends, and keeps those that went `there`."""

    def __init__(self) -> None:
        self.here, self.there = Stream(), Stream()
        self.sent: list[tuple[dict[str, Any], bytes]] = []
        self.there.connect(1, self.here.frame_arrived)

    def connect(self) -> None:
        self.here.connect(1, self._forth)

    def _forth(self, header: dict[str, Any], payload: bytes) -> None:
        self.sent.append((header, payload))
        self.there.frame_arrived(header, payload)


@pytest.fixture
def line() -> Line:
    line = Line()
    line.connect()
    return line


async def everything(stream: Stream) -> bytes:
    body, more = b"", True
    while more:
        piece, more = await stream.read()
        body += piece
    return body


async def settle() -> None:
    """Let every task run until it waits for something."""
    for _ in range(20):
        await asyncio.sleep(0)


@given(st.lists(st.integers(0, 3 * PIECE_BYTES), max_size=12))
def test_whatever_is_written_arrives_whole_and_in_pieces_of_the_limit(lengths):
    async def send_and_read() -> None:
        line = Line()
        line.connect()
        bodies = [bytes([number]) * length for number, length in enumerate(lengths)]

        async def send() -> None:
            for body in bodies:
                await line.here.write(body)
            await line.here.write(b"", more=False)

        _, arrived = await asyncio.gather(send(), everything(line.there))
        assert arrived == b"".join(bodies)
        assert all(len(payload) <= PIECE_BYTES for _, payload in line.sent)

    asyncio.run(send_and_read())


async def test_no_more_than_the_window_is_on_the_way_while_nobody_reads(line):
    writing = asyncio.create_task(line.here.write(b"x" * PIECE_BYTES * 10))
    await settle()

    assert len(line.sent) == WINDOW
    assert not writing.done()

    await line.there.read()
    await settle()

    assert len(line.sent) == WINDOW + 1
    writing.cancel()


async def test_pieces_come_one_by_one_as_they_are_written(line):
    for piece in (b"one", b"two"):
        await line.here.write(piece)
        assert await line.there.read() == (piece, True)


async def test_an_empty_body_is_one_empty_last_piece(line):
    await line.here.write(b"", more=False)

    assert await line.there.read() == (b"", False)


async def test_the_last_piece_of_a_long_part_is_the_last_of_all(line):
    reading = asyncio.create_task(everything(line.there))

    await line.here.write(b"x" * (PIECE_BYTES + 1), more=False)

    assert await reading == b"x" * (PIECE_BYTES + 1)


async def test_writing_waits_until_the_call_has_a_worker():
    line = Line()
    writing = asyncio.create_task(line.here.write(b"early"))
    await settle()
    assert not writing.done()

    line.connect()

    assert await line.there.read() == (b"early", True)


async def test_the_head_of_a_response_comes_before_its_body(line):
    line.here.start(201, [("a", "1"), ("a", "2")])
    await line.here.write(b"body", more=False)

    assert await line.there.head() == ResponseHead(201, (("a", "1"), ("a", "2")))
    assert await line.there.read() == (b"body", False)


async def test_whoever_leaves_frees_the_writer_at_the_other_end(line):
    writing = asyncio.create_task(line.there.write(b"x" * PIECE_BYTES * 10))
    await settle()

    line.here.leave()
    await writing

    assert line.there.is_closed


async def test_whoever_leaves_frees_the_reader_at_the_other_end(line):
    reading = asyncio.create_task(line.there.read())
    await settle()

    line.here.leave()

    with pytest.raises(StreamBroken):
        await reading


async def test_what_waits_for_a_reader_is_not_read_once_the_other_end_has_left(line):
    await line.here.write(b"unread")

    line.here.leave()

    with pytest.raises(StreamBroken):
        await line.there.read()


async def test_leaving_before_the_call_has_a_worker_is_told_when_it_has_one():
    line = Line()
    line.here.leave()

    line.connect()

    assert line.there.is_closed


async def test_what_has_arrived_can_be_read_after_the_end(line):
    await line.here.write(b"late")
    line.there.close()

    assert await line.there.read() == (b"late", True)
    with pytest.raises(StreamBroken):
        await line.there.read()


async def test_there_is_no_head_after_the_end(line):
    line.there.close()

    with pytest.raises(StreamBroken):
        await line.there.head()


async def test_a_reader_of_a_complete_body_waits_for_the_end_of_the_call(line):
    await line.here.write(b"all", more=False)
    await line.there.read()
    reading = asyncio.create_task(line.there.read())
    await settle()
    assert not reading.done()

    line.there.close()

    with pytest.raises(StreamBroken):
        await reading


async def test_a_cancelled_reader_loses_nothing(line):
    reading = asyncio.create_task(line.there.read())
    await settle()
    reading.cancel()
    await settle()

    await line.here.write(b"kept")

    assert await line.there.read() == (b"kept", True)


async def test_nobody_is_told_when_the_body_was_complete(line):
    await line.there.write(b"all", more=False)

    line.here.leave()

    assert line.sent == []
