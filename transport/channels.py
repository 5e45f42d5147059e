"""mTLS between nodes and coordinator: the server that demands it, the channel that dials it.

A call is answered only when its connection

1. is TLS 1.3 (the library would accept 1.2; what was negotiated stands in the call),
2. carries a client certificate of the coordinator's authority (checked in the handshake),
3. which names a country and is valid by our clock (checked again at every call, since a stream
   outlives the handshake),
4. and which `admit` does not refuse: the registry may know another certificate of that country.

The node believes one authority, pinned by fingerprint, and the server's name in its certificate.
A handshake that fails shows at the other side as UNAVAILABLE and no more.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import grpc
from cryptography import x509

from corridor.errors.region import CannotListenError
from corridor.errors.wire import NoPeerCertificateError, OldTlsError
from corridor.ids import CountryCode
from corridor.transport.certificates import (
    Identity,
    decode_certificate,
    encode_certificate,
    fingerprint,
    peer_country,
    verify_pinned,
    verify_valid_at,
)
from corridor.transport.refusals import Context, RefusalInterceptor

Clock = Callable[[], datetime]
"""Says what time it is, in UTC."""

MESSAGE_BYTES = 4 * 1024 * 1024
"""The longest message, in both directions."""

KEEPALIVE_MS = 30_000
KEEPALIVE_TIMEOUT_MS = 15_000
STREAMS_PER_CONNECTION = 16
FIRST_PAUSE_MS = 1_000
LONGEST_PAUSE_MS = 60_000

_BOTH = (
    ("grpc.max_receive_message_length", MESSAGE_BYTES),
    ("grpc.max_send_message_length", MESSAGE_BYTES),
    ("grpc.keepalive_time_ms", KEEPALIVE_MS),
    ("grpc.keepalive_timeout_ms", KEEPALIVE_TIMEOUT_MS),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),
)
_SERVER = (
    *_BOTH,
    ("grpc.so_reuseport", 0),  # two coordinators on one port would each see half of the nodes
    ("grpc.max_concurrent_streams", STREAMS_PER_CONNECTION),
    # Without these a node is sent away for pinging as often as it is told to.
    ("grpc.http2.min_recv_ping_interval_without_data_ms", KEEPALIVE_MS // 3),
    ("grpc.http2.max_ping_strikes", 0),
)
_CLIENT = (
    *_BOTH,
    ("grpc.initial_reconnect_backoff_ms", FIRST_PAUSE_MS),
    ("grpc.min_reconnect_backoff_ms", FIRST_PAUSE_MS),
    ("grpc.max_reconnect_backoff_ms", LONGEST_PAUSE_MS),
    # A call that failed is the caller's to repeat: what was sent may have been acted on.
    ("grpc.enable_retries", 0),
    # One connection per channel, not one per process: a node that dials anew really does.
    ("grpc.use_local_subchannel_pool", 1),
)


@dataclass(frozen=True, slots=True)
class Peer:
    """Who calls, by the certificate of its connection."""

    country: CountryCode
    certificate: x509.Certificate

    @property
    def fingerprint(self) -> str:
        """To compare with the certificate that the registry keeps for this country."""
        return fingerprint(self.certificate)

    def verify_valid_at(self, now: datetime) -> None:
        """Check again, during a long stream, that the certificate has not ended.

        Raises:
            ExpiredCertificateError: it has.
        """
        verify_valid_at(self.certificate, now, f"certificate of {self.country}")


def peer_of(context: Context) -> Peer:
    """Who calls.

    Raises:
        OldTlsError: the connection is older than TLS 1.3.
        NoPeerCertificateError: it carries no client certificate.
        OtherCountryError: the certificate names no country.
    """
    facts = context.auth_context()
    version = _fact(facts.get("ssl_tls_version"))
    if _fact(facts.get("transport_security_type")) != b"ssl" or version != b"TLSv1.3":
        raise OldTlsError(version.decode("ascii", "replace"))
    pem = _fact(facts.get("x509_pem_cert"))
    if not pem:
        raise NoPeerCertificateError
    certificate = decode_certificate(pem, "client certificate")
    return Peer(peer_country(certificate), certificate)


def make_server(
    address: str,
    *,
    identity: Identity,
    authority: x509.Certificate,
    clock: Clock,
    new_reference: Callable[[], str],
    admit: Callable[[Peer], None] | None = None,
) -> tuple[grpc.aio.Server, int]:
    """A server bound to `address` (`host:port`, port 0 for any), not started, and its port.

    To be called inside the event loop that will run it. Servicers are added to it as usual;
    every call is admitted first, and errors become statuses (`refusals`). `admit` raises a
    CorridorError for a peer that must not be answered though its certificate is in order;
    `new_reference` names an internal error in the log and to the caller.

    Raises:
        CannotListenError: the address is taken or not this machine's.
    """

    def check(context: Context) -> None:
        peer = peer_of(context)
        peer.verify_valid_at(clock())
        if admit is not None:
            admit(peer)

    server = grpc.aio.server(
        options=_SERVER,
        interceptors=(RefusalInterceptor(admit=check, new_reference=new_reference),),
    )
    credentials = grpc.ssl_server_credentials(
        [(identity.key, identity.certificate)],
        root_certificates=encode_certificate(authority),
        require_client_auth=True,
    )
    try:
        port = server.add_secure_port(address, credentials)
    except RuntimeError as error:
        raise CannotListenError(address, "it is in use, or not an address of this machine") from (
            error
        )
    if port == 0:
        raise CannotListenError(address, "it is in use, or not an address of this machine")
    return server, port


def dial(
    address: str, *, identity: Identity, authority: x509.Certificate, pinned: str
) -> grpc.aio.Channel:
    """A channel to the coordinator at `address` (`host:port`); it connects at the first call.

    The certificate of the server must be of `authority` and name the host of `address`. A client
    cannot change its certificate: after enrolling anew, dial anew.

    Raises:
        OtherAuthorityError: `authority` is not the pinned one. Nothing was sent.
    """
    verify_pinned(authority, pinned)
    credentials = grpc.ssl_channel_credentials(
        root_certificates=encode_certificate(authority),
        private_key=identity.key,
        certificate_chain=identity.certificate,
    )
    return grpc.aio.secure_channel(address, credentials, options=_CLIENT)


def _fact(values: object) -> bytes:
    first = next(iter(values), b"") if isinstance(values, list | tuple) else b""
    return first if isinstance(first, bytes) else b""
