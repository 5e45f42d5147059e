"""The server of pages and of the REST API: cheroot, where its own defaults would harm us."""

import socket
import ssl
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import structlog
from cheroot.ssl.builtin import BuiltinSSLAdapter
from cheroot.wsgi import Server

Application = Callable[..., Iterable[bytes]]
"""A WSGI application."""

KEPT_CONNECTIONS = 256
"""So many stay open between two requests. Cheroot closes those above ten, and then whoever asks
again makes a connection and a TLS handshake for each request: most of what a busy server did."""

KNOCKING = 128
"""So many may knock at once. Above cheroot's five the system drops the knock, and whoever knocked
waits for a second before it knocks again."""

_log = structlog.get_logger()


class WebServer(Server):
    """Serves one WSGI application, with threads of its own.

    Attributes:
        threads: how many requests are answered at once.
        timeout: seconds that a slow sender, or a connection between two requests, may take.
        header_bytes: the longest header. Without a limit of the server's own, one without an end
            fills the memory before any token is looked at.
        body_bytes: the longest body; sites say a shorter limit in their own words.
        trouble: what its troubles are called in the log.
    """

    def __init__(
        self,
        address: tuple[str, int],
        application: Application | None,
        *,
        threads: int,
        timeout: int,
        header_bytes: int,
        body_bytes: int,
        trouble: str,
    ) -> None:
        super().__init__(
            address, application, numthreads=threads, timeout=timeout, request_queue_size=KNOCKING
        )
        self.server_name = "Corridor"  # and not which version of which server it is
        self.max_request_header_size = header_bytes
        self.max_request_body_size = body_bytes
        self.keep_alive_conn_limit = KEPT_CONNECTIONS
        self._trouble = trouble

    def use_tls(self, certificate: Path, key: Path, least: ssl.TLSVersion) -> None:
        """Serve with TLS of at least this version; before `prepare`.

        Raises:
            OSError, ValueError: the files cannot be read or used together.
        """
        adapter = _PatientTls(str(certificate), str(key))
        adapter.context.minimum_version = least
        self.ssl_adapter = adapter

    def error_log(self, msg: str = "", level: int = 20, traceback: bool = False) -> None:
        """Say that there was a trouble, mostly a broken connection; not `msg`: it quotes."""
        _log.info(self._trouble, level=level, length=len(msg), traceback=traceback)


class _PatientTls(BuiltinSSLAdapter):
    """Leaves the handshake to the thread that reads the first request.

    Made where connections are accepted, it would let one peer that says nothing hold up everybody.
    """

    def wrap(self, sock: socket.socket) -> tuple[ssl.SSLSocket, dict[str, Any]]:
        """The connection, before its handshake."""
        wrapped = self.context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
        return wrapped, {"wsgi.url_scheme": "https", "HTTPS": "on"}
