"""Where the console listens: on this machine alone, or anywhere with TLS."""

import ipaddress
from dataclasses import dataclass
from pathlib import Path

from corridor.errors.console import BadListenError, OpenListenError

LISTEN = "127.0.0.1:7071"


@dataclass(frozen=True, slots=True)
class Listening:
    """Where the console listens.

    Attributes:
        address: HOST:PORT.
        hosts: further names under which browsers reach it.
        certificate, key: files, PEM; both or neither.
    """

    address: str
    hosts: tuple[str, ...] = ()
    certificate: Path | None = None
    key: Path | None = None

    def split(self) -> tuple[str, int]:
        """Host and port.

        Raises:
            BadListenError: it is not HOST:PORT, or there is a certificate without a key.
            OpenListenError: it reaches beyond this machine, without TLS.
        """
        host, colon, port = self.address.rpartition(":")
        host = host.removeprefix("[").removesuffix("]")
        if not colon or not host or not port.isascii() or not port.isdigit() or int(port) > 65535:
            raise BadListenError(
                f"--listen {self.address}: is not HOST:PORT, as in {LISTEN}; nothing was started"
            )
        if (self.certificate is None) != (self.key is None):
            raise BadListenError(
                "--tls-cert and --tls-key belong together; nothing was started. Give both."
            )
        if self.certificate is None and not is_loopback(host):
            raise OpenListenError(self.address)
        return host, int(port)


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches it."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
