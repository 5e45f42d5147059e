"""A certificate authority with a server and nodes, reproducible from a seed."""

from datetime import UTC, datetime, timedelta
from random import Random

from cryptography import x509

from corridor.ids import CountryCode
from corridor.transport.certificates import (
    Authority,
    Identity,
    encode_certificate,
    encode_key,
    issue_node_certificate,
    issue_server_certificate,
    make_authority,
    make_csr,
    make_key,
)

NOW = datetime.now(UTC)
"""TLS libraries look at the real clock, so these certificates begin now."""

LOOPBACK = ("localhost", "127.0.0.1")


class TestAuthority:
    """Issues what a test needs; equal seeds give equal keys."""

    __test__ = False

    def __init__(self, seed: int = 1, *, now: datetime = NOW) -> None:
        self.random_bytes = Random(seed).randbytes
        self.now = now
        self.authority: Authority = make_authority(
            "Test region", random_bytes=self.random_bytes, now=now
        )

    @property
    def certificate(self) -> x509.Certificate:
        return self.authority.certificate

    def server(self, *hosts: str) -> Identity:
        key = make_key(self.random_bytes)
        certificate = issue_server_certificate(
            self.authority,
            key.public_key(),
            hosts or LOOPBACK,
            random_bytes=self.random_bytes,
            now=self.now,
        )
        return Identity(encode_certificate(certificate), encode_key(key))

    def node(
        self, country: str, *, now: datetime | None = None, life: timedelta = timedelta(days=30)
    ) -> Identity:
        key = make_key(self.random_bytes)
        code = CountryCode(country)
        certificate = issue_node_certificate(
            self.authority,
            make_csr(key, code),
            code,
            random_bytes=self.random_bytes,
            now=now or self.now,
            life=life,
        )
        return Identity(encode_certificate(certificate), encode_key(key))

    def as_identity(self) -> Identity:
        """The authority itself, misused as a server."""
        return Identity(encode_certificate(self.certificate), encode_key(self.authority.key))
