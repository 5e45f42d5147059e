import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
from cryptography import x509

from corridor.errors import CorridorError, NotAllowedError
from corridor.errors.region import CannotListenError
from corridor.errors.wire import (
    CannotConnectError,
    MessageTooLargeError,
    NoPeerCertificateError,
    OldTlsError,
    OtherAuthorityError,
    OtherCountryError,
)
from corridor.transport.certificates import (
    Identity,
    decode_certificate,
    encode_certificate,
    fingerprint,
)
from corridor.transport.channels import (
    MESSAGE_BYTES,
    Clock,
    Peer,
    dial,
    make_server,
    peer_of,
)
from corridor.transport.refusals import error_of
from support.authority import NOW, TestAuthority


@pytest.fixture(scope="module")
def ca() -> TestAuthority:
    return TestAuthority()


@pytest.fixture(scope="module")
def other() -> TestAuthority:
    return TestAuthority(2)


@dataclass
class World:
    """A server that echoes, and says who called."""

    ca: TestAuthority
    clock: Clock = lambda: NOW
    admit: Callable[[Peer], None] | None = None
    identity: Identity | None = None

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[int]:
        async def who(request: bytes, context: Any) -> bytes:
            peer = peer_of(context)
            return f"{peer.country} {peer.fingerprint}".encode()

        async def size(request: bytes, context: Any) -> bytes:
            return str(len(request)).encode()

        async def give(request: bytes, context: Any) -> bytes:
            return bytes(int(request))

        server, port = make_server(
            "127.0.0.1:0",
            identity=self.identity or self.ca.server(),
            authority=self.ca.certificate,
            clock=self.clock,
            new_reference=lambda: "R-1",
            admit=self.admit,
        )
        methods: dict[str, Any] = {
            name: grpc.unary_unary_rpc_method_handler(method)
            for name, method in (("who", who), ("size", size), ("give", give))
        }
        server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler("test.Who", methods),)
        )
        await server.start()
        try:
            yield port
        finally:
            await server.stop(None)


async def ask(channel: grpc.aio.Channel, method: str = "who", request: bytes = b"") -> bytes:
    call: Any = channel.unary_unary(f"/test.Who/{method}")
    try:
        answer = await call(request, timeout=5)
    except grpc.RpcError as error:
        raise error_of(error) from error
    assert isinstance(answer, bytes)
    return answer


def dialled(
    world: World,
    identity: Identity,
    use: Callable[[grpc.aio.Channel], Awaitable[bytes]] = ask,
    *,
    host: str = "127.0.0.1",
    authority: x509.Certificate | None = None,
) -> bytes:
    """What a node with `identity` hears from the server of `world`."""
    believed = authority or world.ca.certificate

    async def run() -> bytes:
        async with (
            world.serving() as port,
            dial(
                f"{host}:{port}",
                identity=identity,
                authority=believed,
                pinned=fingerprint(believed),
            ) as channel,
        ):
            return await use(channel)

    return asyncio.run(run())


# ---------------------------------------------------------------- what works


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_the_server_knows_who_calls(ca: TestAuthority, host: str) -> None:
    node = ca.node("MD")
    answer = dialled(World(ca), node, host=host)
    assert answer.decode() == f"MD {fingerprint(decode_certificate(node.certificate))}"


X25519_MLKEM768 = 0x11EC
"""The hybrid group's number in the TLS registry."""


def group_chosen(from_server: bytes) -> int:
    """The group of the key exchange, which a server says in the clear in its first message."""
    record_type, handshake_type = from_server[0], from_server[5]
    assert (record_type, handshake_type) == (22, 2)  # a handshake record with a ServerHello
    at = 5 + 4 + 2 + 32  # record, message, version, random
    at += 1 + from_server[at] + 2 + 1  # session id, cipher suite, compression
    end = at + 2 + int.from_bytes(from_server[at : at + 2], "big")
    at += 2
    while at < end:
        kind, length = (int.from_bytes(from_server[i : i + 2], "big") for i in (at, at + 2))
        if kind == 51:  # key_share
            return int.from_bytes(from_server[at + 4 : at + 6], "big")
        at += 4 + length
    raise AssertionError("the server said no group")


@asynccontextmanager
async def overheard(port: int, heard: bytearray) -> AsyncIterator[int]:
    """A relay to that port, which keeps what the server says."""

    async def carry(
        source: asyncio.StreamReader, to: asyncio.StreamWriter, keep: bytearray
    ) -> None:
        while piece := await source.read(1 << 16):
            keep += piece
            to.write(piece)
        to.close()

    relays: list[asyncio.Task[Any] | None] = []

    async def relay(source: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
        relays.append(asyncio.current_task())
        server_says, server_hears = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(
            carry(source, server_hears, bytearray()), carry(server_says, to, heard)
        )
        await asyncio.gather(server_hears.wait_closed(), to.wait_closed(), return_exceptions=True)

    async with await asyncio.start_server(relay, "127.0.0.1", 0) as listening:
        yield listening.sockets[0].getsockname()[1]
        # What is left open is told later, as the fault of whichever test runs then.
        await asyncio.wait_for(asyncio.gather(*(one for one in relays if one)), 10)


def test_what_is_recorded_of_a_connection_outlives_elliptic_curves(ca: TestAuthority) -> None:
    """Nobody set it: it is what the library agrees on by itself, and an update could lose it."""
    heard = bytearray()

    async def run() -> None:
        async with (
            World(ca).serving() as server,
            overheard(server, heard) as port,
            dial(
                f"127.0.0.1:{port}",
                identity=ca.node("MD"),
                authority=ca.certificate,
                pinned=fingerprint(ca.certificate),
            ) as channel,
        ):
            await ask(channel)

    asyncio.run(run())
    assert group_chosen(bytes(heard)) == X25519_MLKEM768


# ---------------------------------------------------------------- who is refused


def test_a32_a_node_of_another_authority_is_refused(
    ca: TestAuthority, other: TestAuthority
) -> None:
    with pytest.raises(CannotConnectError, match="rejected certificate"):
        dialled(World(ca), other.node("MD"))


def test_a32_an_expired_certificate_is_refused_in_the_handshake(ca: TestAuthority) -> None:
    expired = ca.node("MD", now=NOW - timedelta(days=2), life=timedelta(days=1))
    with pytest.raises(CannotConnectError):
        dialled(World(ca), expired)


def test_a32_a_certificate_that_ends_is_refused_at_the_next_call(ca: TestAuthority) -> None:
    def tomorrow() -> datetime:
        return NOW + timedelta(days=2)

    with pytest.raises(CorridorError, match="enrol again") as refusal:
        dialled(World(ca, clock=tomorrow), ca.node("MD", life=timedelta(days=1)))
    assert refusal.value.code == "certificate.expired"


def test_a32_whom_the_registry_does_not_admit_gets_no_answer(ca: TestAuthority) -> None:
    def only_ne(peer: Peer) -> None:
        if peer.country != "NE":
            raise NotAllowedError(f"{peer.country} was not enrolled with this certificate")

    world = World(ca, admit=only_ne)
    assert dialled(world, ca.node("NE")).startswith(b"NE ")
    with pytest.raises(CorridorError, match="not enrolled with this") as refusal:
        dialled(world, ca.node("MD"))
    assert refusal.value.code == "refused.not_allowed"


def test_a32_the_servers_own_certificate_opens_nothing(ca: TestAuthority) -> None:
    with pytest.raises(CannotConnectError):
        dialled(World(ca), ca.server())


def test_a_client_without_certificate_is_refused(ca: TestAuthority) -> None:
    async def run() -> None:
        credentials = grpc.ssl_channel_credentials(encode_certificate(ca.certificate))
        async with World(ca).serving() as port:
            channel = grpc.aio.secure_channel(f"127.0.0.1:{port}", credentials)
            async with channel:
                await ask(channel)

    with pytest.raises(CannotConnectError):
        asyncio.run(run())


def test_a45_plaintext_is_refused(ca: TestAuthority) -> None:
    async def run() -> None:
        async with (
            World(ca).serving() as port,
            grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel,
        ):
            await ask(channel)

    with pytest.raises(CannotConnectError):
        asyncio.run(run())


# ---------------------------------------------------------------- whom a node refuses


def test_a24_a_node_refuses_a_server_of_another_authority(
    ca: TestAuthority, other: TestAuthority
) -> None:
    with pytest.raises(CannotConnectError):
        dialled(World(other), other.node("MD"), authority=ca.certificate)


def test_a24_a_node_does_not_dial_under_an_authority_that_is_not_pinned(
    ca: TestAuthority, other: TestAuthority
) -> None:
    with pytest.raises(OtherAuthorityError):
        dial(
            "127.0.0.1:1",
            identity=ca.node("MD"),
            authority=other.certificate,
            pinned=fingerprint(ca.certificate),
        )


def test_a32_a_node_refuses_a_server_under_another_name(ca: TestAuthority) -> None:
    with pytest.raises(CannotConnectError):
        dialled(World(ca, identity=ca.server("coordinator.example")), ca.node("MD"))


def test_a24_a_member_cannot_pose_as_the_coordinator(ca: TestAuthority) -> None:
    with pytest.raises(CannotConnectError):
        dialled(World(ca, identity=ca.node("NE")), ca.node("MD"))


# ---------------------------------------------------------------- TLS versions


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return (
        len(payload).to_bytes(3, "big")
        + bytes([kind, flags])
        + stream.to_bytes(4, "big")
        + (payload)
    )


def literal(name: bytes, value: bytes) -> bytes:
    """One header field of HPACK, never indexed, not compressed (RFC 7541, 6.2.3)."""
    return b"\x10" + bytes([len(name)]) + name + bytes([len(value)]) + value


HEADERS = b"".join(
    literal(name, value)
    for name, value in (
        (b":method", b"POST"),
        (b":scheme", b"https"),
        (b":path", b"/test.Who/who"),
        (b":authority", b"127.0.0.1"),
        (b"te", b"trailers"),
        (b"content-type", b"application/grpc"),
    )
)


def call_by_hand(folder: Path, port: int, version: ssl.TLSVersion, ca: TestAuthority) -> bytes:
    """One gRPC call over a TLS connection of exactly `version`; gives all that came back."""
    node = ca.node("MD")
    (folder / "node.pem").write_bytes(node.certificate)
    (folder / "node.key").write_bytes(node.key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=encode_certificate(ca.certificate).decode())
    context.load_cert_chain(folder / "node.pem", folder / "node.key")
    context.minimum_version = context.maximum_version = version
    context.set_alpn_protocols(["h2"])
    heard = b""
    with (
        socket.create_connection(("127.0.0.1", port), timeout=5) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as tls,
    ):
        tls.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0, b""))
        tls.sendall(frame(1, 4, 1, HEADERS) + frame(0, 1, 1, bytes(5)))
        tls.settimeout(0.5)
        try:
            while piece := tls.recv(65536):
                heard += piece
        except TimeoutError:
            return heard
    return heard


@pytest.mark.parametrize(
    ("version", "answered"),
    [(ssl.TLSVersion.TLSv1_2, False), (ssl.TLSVersion.TLSv1_3, True)],
    ids=["tls-1.2", "tls-1.3"],
)
def test_a45_only_tls_1_3_is_answered(
    ca: TestAuthority, tmp_path: Path, version: ssl.TLSVersion, answered: bool
) -> None:
    async def run() -> bytes:
        async with World(ca).serving() as port:
            return await asyncio.to_thread(call_by_hand, tmp_path, port, version, ca)

    heard = asyncio.run(run())
    assert (b"MD " in heard) is answered
    assert (b"wire.old_tls" in heard) is not answered


class CallOf:
    """Stands for a call of which only the connection's facts matter."""

    def __init__(self, **facts: list[bytes]) -> None:
        self._facts = facts

    def auth_context(self) -> dict[str, list[bytes]]:
        return self._facts


SECURE = {"transport_security_type": [b"ssl"], "ssl_tls_version": [b"TLSv1.3"]}


@pytest.mark.parametrize(
    "facts",
    [
        {},
        {"transport_security_type": [b"ssl"]},
        {"transport_security_type": [b"local"], "ssl_tls_version": [b"TLSv1.3"]},
        {"transport_security_type": [b"ssl"], "ssl_tls_version": []},
        {"transport_security_type": [b"ssl"], "ssl_tls_version": [b"TLSv1.1"]},
    ],
    ids=["nothing", "no-version", "local", "empty", "tls-1.1"],
)
def test_a45_a_connection_that_does_not_say_tls_1_3_is_refused(
    facts: dict[str, list[bytes]],
) -> None:
    with pytest.raises(OldTlsError, match=r"TLS 1\.3"):
        peer_of(CallOf(**facts))  # type: ignore[arg-type]


def test_a_connection_without_certificate_is_refused() -> None:
    with pytest.raises(NoPeerCertificateError):
        peer_of(CallOf(**SECURE))  # type: ignore[arg-type]


def test_a_certificate_without_country_is_refused(ca: TestAuthority) -> None:
    with pytest.raises(OtherCountryError):
        peer_of(CallOf(**SECURE, x509_pem_cert=[ca.server().certificate]))  # type: ignore[arg-type]


# ---------------------------------------------------------------- limits


def test_a29_a_message_of_four_mebibytes_passes_and_a_longer_one_does_not(
    ca: TestAuthority,
) -> None:
    async def send(channel: grpc.aio.Channel) -> bytes:
        assert await ask(channel, "size", bytes(MESSAGE_BYTES)) == str(MESSAGE_BYTES).encode()
        with pytest.raises(MessageTooLargeError):
            await ask(channel, "size", bytes(MESSAGE_BYTES + 1))
        return await ask(channel, "size", b"abc")

    assert dialled(World(ca), ca.node("MD"), send) == b"3"


def test_a29_the_server_itself_refuses_a_longer_message(ca: TestAuthority) -> None:
    async def run() -> None:
        node = ca.node("MD")
        credentials = grpc.ssl_channel_credentials(
            encode_certificate(ca.certificate), node.key, node.certificate
        )
        async with (
            World(ca).serving() as port,
            grpc.aio.secure_channel(
                f"127.0.0.1:{port}",
                credentials,
                options=(("grpc.max_send_message_length", -1),),
            ) as channel,
        ):
            await ask(channel, "size", bytes(MESSAGE_BYTES + 1))

    with pytest.raises(MessageTooLargeError):
        asyncio.run(run())


def test_a29_a_node_refuses_a_longer_message_too(ca: TestAuthority) -> None:
    async def receive(channel: grpc.aio.Channel) -> bytes:
        with pytest.raises(MessageTooLargeError):
            await ask(channel, "give", str(MESSAGE_BYTES + 1).encode())
        return b"refused"

    assert dialled(World(ca), ca.node("MD"), receive) == b"refused"


def test_an_address_that_is_taken_is_said_to_be(ca: TestAuthority) -> None:
    async def run() -> None:
        async with World(ca).serving() as port:
            make_server(
                f"127.0.0.1:{port}",
                identity=ca.server(),
                authority=ca.certificate,
                clock=lambda: NOW,
                new_reference=lambda: "R-1",
            )

    with pytest.raises(CannotListenError, match="in use"):
        asyncio.run(run())
