"""The small client, against a server that answers what it is told to."""

import http.server
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from bench import client

RUNNING = {"instanceId": "i", "runtimeStatus": "Running", "output": None}
COMPLETED = {"instanceId": "i", "runtimeStatus": "Completed", "output": 7}
FAILED = {"instanceId": "i", "runtimeStatus": "Failed", "output": "no more eggs"}


class Answers:
    """A server with a list of answers; the last one is repeated."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.queue: list[tuple[int, Any]] = []
        self.asked: list[tuple[str, str, bytes]] = []

    def next(self) -> tuple[int, Any]:
        return self.queue.pop(0) if len(self.queue) > 1 else self.queue[0]


@pytest.fixture
def answers() -> Iterator[Answers]:
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            told.asked.append((self.command, self.path, body))
            status, document = told.next()
            content = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = answer

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        told = Answers(f"http://127.0.0.1:{server.server_port}")
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield told
        server.shutdown()


@pytest.fixture
def caller(answers: Answers) -> Iterator[client.Client]:
    with client.Client(answers.url) as made:
        yield made


def test_a_start_sends_its_body_and_gives_the_payload(answers: Answers, caller: client.Client) -> None:
    answers.queue = [(202, {"id": "i"})]
    assert caller.start("/api/start?a=1", b"5") == {"id": "i"}
    assert answers.asked == [("POST", "/api/start?a=1", b"5")]


def test_a_start_that_is_not_accepted_fails_with_the_answer(answers: Answers, caller: client.Client) -> None:
    answers.queue = [(400, {"detail": "taskCount"})]
    with pytest.raises(client.CallFailed, match=r"400 Bad Request instead of 202: .*taskCount"):
        caller.start("/api/start")


def test_waiting_polls_until_the_instance_has_ended(answers: Answers, caller: client.Client) -> None:
    answers.queue = [(202, RUNNING), (202, RUNNING), (200, COMPLETED)]
    document = caller.wait_for_end(f"{answers.url}/status?x=1", 0, 5)
    assert document["output"] == 7
    assert [path for _, path, _ in answers.asked] == ["/status?x=1"] * 3


def test_an_instance_that_fails_is_told_with_its_output(answers: Answers, caller: client.Client) -> None:
    answers.queue = [(500, FAILED)]
    with pytest.raises(client.CallFailed, match="Instance i ended as Failed: no more eggs"):
        caller.wait_for_end(f"{answers.url}/status", 0, 5)


def test_waiting_ends_at_its_limit(answers: Answers, caller: client.Client) -> None:
    answers.queue = [(202, RUNNING)]
    with pytest.raises(client.CallFailed, match=r"Instance i is Running after 0\.01 s"):
        caller.wait_for_end(f"{answers.url}/status", 0.001, 0.01)


def test_an_unknown_instance_is_no_status_document(answers: Answers, caller: client.Client) -> None:
    answers.queue = [(404, {})]
    with pytest.raises(client.CallFailed, match="404 Not Found"):
        caller.status(f"{answers.url}/status")


def test_no_answer_at_all_is_told_with_the_url() -> None:
    with (
        client.Client("http://127.0.0.1:1") as caller,
        pytest.raises(client.CallFailed, match="GET /x: no answer"),
    ):
        caller.request("GET", "/x")
