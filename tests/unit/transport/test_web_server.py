"""The server of web sites: connections stay open between requests, and troubles tell no text."""

import http.client
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing
from typing import Any

import pytest
import structlog

from corridor.transport.web_server import WebServer

MANY = 60


def _application(_environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    start("200 OK", [("Content-Length", "2")])
    return [b"ok"]


def _made() -> WebServer:
    return WebServer(
        ("127.0.0.1", 0),
        _application,
        threads=4,
        timeout=10,
        header_bytes=2000,
        body_bytes=2000,
        trouble="test.trouble",
    )


@pytest.fixture
def server() -> Iterator[WebServer]:
    server = _made()
    server.prepare()
    thread = threading.Thread(target=server.serve)
    thread.start()
    yield server
    server.stop()
    thread.join()


def test_as_many_analysts_as_there_are_keep_their_connections(server: WebServer) -> None:
    """A new connection for each request is a TLS handshake for each."""
    host, port = server.bind_addr
    with ExitStack() as opened:
        connections = [
            opened.enter_context(closing(http.client.HTTPConnection(host, port, timeout=10)))
            for _ in range(MANY)
        ]
        for _ in range(2):
            for connection in connections:
                connection.request("GET", "/")
                answer = connection.getresponse()
                assert (answer.read(), answer.getheader("Connection")) == (b"ok", None)


def test_many_knock_at_once_and_nobody_has_to_knock_again() -> None:
    server = _made()
    server.prepare()  # nobody is let in yet
    with ExitStack() as opened:
        opened.callback(server.stop)
        for _ in range(MANY):
            opened.enter_context(socket.create_connection(server.bind_addr, timeout=0.5))


def test_a_header_without_an_end_is_refused(server: WebServer) -> None:
    host, port = server.bind_addr
    with closing(http.client.HTTPConnection(host, port, timeout=10)) as connection:
        connection.request("GET", "/", headers={"X-Long": "x" * 5000})
        assert connection.getresponse().status == 413


def test_a_trouble_is_told_without_its_text(server: WebServer) -> None:
    with structlog.testing.capture_logs() as logs:
        server.error_log("GET /secret", level=40, traceback=True)
    assert logs == [
        {
            "event": "test.trouble",
            "level": 40,
            "length": 11,
            "traceback": True,
            "log_level": "info",
        }
    ]
