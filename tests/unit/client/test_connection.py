"""The client against a small real HTTP server that answers as it is told to."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from corridor.client.app import connect
from corridor.client.connection import Connection, Credentials
from corridor.errors.client import CoordinatorSilentError, RemoteAnswerError, RemoteRefusalError


class Server(HTTPServer):
    """Answers each request with the next of `answers`; keeps what was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: list[tuple[int, bytes]] = []
        self.asked: list[tuple[str, str, str, bytes]] = []


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        token = self.headers.get("Authorization", "")
        self.server.asked.append((self.command, self.path, token, body))
        status, answer = self.server.answers.pop(0)
        self.send_response(status)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_POST = do_GET  # noqa: N815  # http.server's name

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def region(server: Server) -> Iterator[Connection]:
    with connect(Credentials(f"http://127.0.0.1:{server.server_port}/", "a-token")) as region:
        yield region


def answer(server: Server, *values: object, status: int = 200) -> None:
    server.answers += [(status, json.dumps(value).encode()) for value in values]


def test_a_question_is_posted_with_the_token(server: Server, region: Connection) -> None:
    answer(server, {"id": "7f", "state": "queued"})
    request = {"indicator": "corridor_matrix", "accuracy": "±20"}
    assert region.ask(request) == {"id": "7f", "state": "queued"}
    method, path, token, body = server.asked[0]
    assert (method, path, token) == ("POST", "/api/v1/questions", "Bearer a-token")
    assert json.loads(body) == request


def test_waiting_tells_each_change_once(server: Server, region: Connection) -> None:
    queued, running = {"state": "queued"}, {"state": "running", "round": "share"}
    released = {"state": "released", "release_id": "aa"}
    answer(server, queued, queued, running, running, released)
    told: list[object] = []
    waited: list[float] = []
    assert region.wait("7f", told.append, waited.append) == released
    assert told == [queued, running, released]
    assert len(waited) == 4


def test_a_refusal_keeps_the_coordinators_code_and_words(
    server: Server, region: Connection
) -> None:
    answer(server, {"code": "question.too_many_cells", "detail": "4 cells"}, status=422)
    with pytest.raises(RemoteRefusalError, match="4 cells") as refused:
        region.forecast({})
    assert refused.value.code == "question.too_many_cells"


def test_a_receipt_comes_byte_for_byte(server: Server, region: Connection) -> None:
    server.answers.append((200, b'{"a" :  1}'))
    assert region.receipt("aa00") == b'{"a" :  1}'


@pytest.mark.parametrize("raw", [b"<html>", b"[]", b"\xff", b"1"])
def test_an_answer_of_another_kind_is_told(server: Server, region: Connection, raw: bytes) -> None:
    server.answers.append((200, raw))
    with pytest.raises(RemoteAnswerError):
        region.describe()


@pytest.mark.parametrize("raw", [b"<html>", b"[]", b"{}", b'{"code": "x"}'])
def test_an_error_of_another_kind_is_told(server: Server, region: Connection, raw: bytes) -> None:
    server.answers.append((502, raw))
    with pytest.raises(RemoteAnswerError):
        region.describe()


def test_an_object_is_no_list(server: Server, region: Connection) -> None:
    answer(server, {})
    with pytest.raises(RemoteAnswerError):
        region.members()


@pytest.mark.parametrize("name", ["", "../members", "a/b", "a?b", "a b", "%2e"])
def test_a35_an_id_is_one_part_of_a_path(server: Server, region: Connection, name: str) -> None:
    with pytest.raises(RemoteRefusalError):
        region.release(name)
    assert server.asked == []


def test_a37_a_redirection_does_not_carry_the_token_away(
    server: Server, region: Connection
) -> None:
    server.answers.append((302, b""))
    with pytest.raises(RemoteAnswerError):
        region.describe()
    assert len(server.asked) == 1


def test_nobody_there_is_a_coded_error() -> None:
    with (
        connect(Credentials("http://127.0.0.1:1", "t")) as region,
        pytest.raises(CoordinatorSilentError),
    ):
        region.describe()
