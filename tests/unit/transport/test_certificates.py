import http.server
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from corridor.errors.wire import (
    CannotConnectError,
    ExpiredCertificateError,
    MalformedCertificateError,
    OtherAuthorityError,
    OtherCountryError,
    WrongPurposeError,
)
from corridor.ids import CountryCode
from corridor.transport.certificates import (
    AUTHORITY_PATH,
    CLOCK_SKEW,
    Identity,
    decode_certificate,
    decode_key,
    encode_certificate,
    encode_key,
    fetch_pinned_authority,
    fingerprint,
    issue_node_certificate,
    issue_server_certificate,
    make_csr,
    make_key,
    parse_fingerprint,
    peer_country,
    pinned_context,
    verify_node_certificate,
    verify_pinned,
)
from support.authority import NOW, TestAuthority

MD, NE = CountryCode("MD"), CountryCode("NE")


@pytest.fixture(scope="module")
def ca() -> TestAuthority:
    return TestAuthority()


@pytest.fixture(scope="module")
def other() -> TestAuthority:
    return TestAuthority(2)


def certificate_of(identity: Identity) -> x509.Certificate:
    return decode_certificate(identity.certificate)


def check(
    ca: TestAuthority, identity: Identity, *, country: CountryCode = MD, key: Identity | None = None
) -> None:
    verify_node_certificate(
        certificate_of(identity),
        ca.certificate,
        country=country,
        public_key=decode_key((key or identity).key).public_key(),
        now=NOW,
    )


# ---------------------------------------------------------------- keys and certificates


def test_a_key_survives_its_file(ca: TestAuthority) -> None:
    key = make_key(ca.random_bytes)
    assert decode_key(encode_key(key)).private_numbers() == key.private_numbers()


def test_equal_randomness_makes_equal_keys() -> None:
    first, second = TestAuthority(7), TestAuthority(7)
    assert fingerprint(first.certificate) != fingerprint(TestAuthority(8).certificate)
    assert first.certificate.public_key() == second.certificate.public_key()
    assert first.certificate.serial_number == second.certificate.serial_number


def test_a_key_of_another_kind_is_refused() -> None:
    pem = ed25519.Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    with pytest.raises(MalformedCertificateError, match="not ECDSA P-256"):
        decode_key(pem)


@given(st.binary(max_size=200))
def test_a29_bytes_that_are_no_key_or_certificate_are_refused(raw: bytes) -> None:
    with pytest.raises(MalformedCertificateError):
        decode_key(raw)
    with pytest.raises(MalformedCertificateError):
        decode_certificate(raw)


def test_no_private_key_shows_in_a_representation(ca: TestAuthority) -> None:
    assert "PRIVATE" not in repr(ca.node("MD"))
    assert "key" not in repr(ca.authority).replace("public_key", "")


def test_a_node_certificate_names_its_country(ca: TestAuthority) -> None:
    assert peer_country(certificate_of(ca.node("MD"))) == "MD"


def test_a_server_certificate_names_no_country(ca: TestAuthority) -> None:
    with pytest.raises(OtherCountryError, match="names no country"):
        peer_country(certificate_of(ca.server()))


def test_a_server_needs_a_host_that_can_stand_in_a_certificate(ca: TestAuthority) -> None:
    key = make_key(ca.random_bytes).public_key()
    for hosts in ([], ["café.example"]):
        with pytest.raises(MalformedCertificateError, match="host"):
            issue_server_certificate(
                ca.authority, key, hosts, random_bytes=ca.random_bytes, now=NOW
            )


# ---------------------------------------------------------------- signing requests


def issue(ca: TestAuthority, csr: bytes, country: CountryCode = MD) -> x509.Certificate:
    return issue_node_certificate(ca.authority, csr, country, random_bytes=ca.random_bytes, now=NOW)


def point(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )


def test_a_request_in_another_countrys_name_is_refused(ca: TestAuthority) -> None:
    csr = make_csr(make_key(ca.random_bytes), NE)
    with pytest.raises(OtherCountryError, match="is of NE, the invitation of MD"):
        issue(ca, csr)


def test_a_request_for_somebody_elses_key_is_refused(ca: TestAuthority) -> None:
    mine, theirs = make_key(ca.random_bytes), make_key(ca.random_bytes)
    der = x509.load_pem_x509_csr(make_csr(mine, MD)).public_bytes(serialization.Encoding.DER)
    assert der.count(point(mine)) == 1
    forged = x509.load_der_x509_csr(der.replace(point(mine), point(theirs)))
    with pytest.raises(MalformedCertificateError, match="not signed with its own key"):
        issue(ca, forged.public_bytes(serialization.Encoding.PEM))


def test_a_request_gets_no_extension_that_it_asks_for(ca: TestAuthority) -> None:
    key = make_key(ca.random_bytes)
    csr = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(
            x509.Name(
                [
                    x509.NameAttribute(NameOID.COUNTRY_NAME, "MD"),
                    x509.NameAttribute(NameOID.COMMON_NAME, "node"),
                ]
            )
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )
    certificate = issue(ca, csr)
    constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    assert constraints.value.ca is False
    with pytest.raises(x509.ExtensionNotFound):
        certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)


def test_a_request_of_another_kind_of_key_is_refused(ca: TestAuthority) -> None:
    csr = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(
            x509.Name(
                [
                    x509.NameAttribute(NameOID.COUNTRY_NAME, "MD"),
                    x509.NameAttribute(NameOID.COMMON_NAME, "node"),
                ]
            )
        )
        .sign(ed25519.Ed25519PrivateKey.generate(), None)
        .public_bytes(serialization.Encoding.PEM)
    )
    with pytest.raises(MalformedCertificateError, match="not ECDSA P-256"):
        issue(ca, csr)


@given(st.binary(max_size=200))
def test_a29_bytes_that_are_no_request_are_refused(raw: bytes) -> None:
    with pytest.raises(MalformedCertificateError):
        issue(TestAuthority(3), raw)


# ---------------------------------------------------------------- what a node keeps


def test_a_node_keeps_what_it_asked_for(ca: TestAuthority) -> None:
    check(ca, ca.node("MD"))


def test_a32_a_certificate_of_another_authority_is_not_kept(
    ca: TestAuthority, other: TestAuthority
) -> None:
    with pytest.raises(OtherAuthorityError) as refusal:
        check(ca, other.node("MD"))
    assert refusal.value.code == "certificate.other_authority"


def test_a32_an_expired_certificate_is_not_kept(ca: TestAuthority) -> None:
    old = ca.node("MD", now=NOW - timedelta(days=2), life=timedelta(days=1))
    with pytest.raises(ExpiredCertificateError, match="Check the clock"):
        check(ca, old)


def test_a32_a_certificate_of_tomorrow_is_not_kept(ca: TestAuthority) -> None:
    with pytest.raises(ExpiredCertificateError):
        check(ca, ca.node("MD", now=NOW + timedelta(days=1)))


def test_clocks_may_differ_a_little(ca: TestAuthority) -> None:
    check(ca, ca.node("MD", now=NOW + CLOCK_SKEW))


def test_a32_a_certificate_of_another_country_is_not_kept(ca: TestAuthority) -> None:
    with pytest.raises(OtherCountryError, match="is of NE"):
        check(ca, ca.node("NE"))


def test_a_certificate_for_another_key_is_not_kept(ca: TestAuthority) -> None:
    with pytest.raises(WrongPurposeError, match="for another key"):
        check(ca, ca.node("MD"), key=ca.node("MD"))


# ---------------------------------------------------------------- fingerprints


def test_a_fingerprint_is_read_as_people_write_it(ca: TestAuthority) -> None:
    plain = fingerprint(ca.certificate)
    spelt = ":".join(plain[i : i + 2] for i in range(0, 64, 2)).upper()
    assert parse_fingerprint(f" {spelt}\n") == plain


@pytest.mark.parametrize("text", ["", "ab", "g" * 64, "a" * 63, "a" * 65])
def test_what_is_no_fingerprint_is_refused(text: str) -> None:
    with pytest.raises(MalformedCertificateError, match="64 hexadecimal digits"):
        parse_fingerprint(text)


def test_a24_another_authority_is_not_the_pinned_one(
    ca: TestAuthority, other: TestAuthority
) -> None:
    verify_pinned(ca.certificate, fingerprint(ca.certificate))
    with pytest.raises(OtherAuthorityError, match="Somebody may stand in between"):
        verify_pinned(other.certificate, fingerprint(ca.certificate))


# ---------------------------------------------------------------- HTTPS


class QuietServer(http.server.ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a handshake that the client broke off."""


@contextmanager
def web_server(
    ca: TestAuthority, folder: Path, shown: bytes, hosts: tuple[str, ...]
) -> Iterator[int]:
    """A TLS server that shows `shown` as its authority; gives its port."""

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = shown if self.path == AUTHORITY_PATH else b"hello"
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing."""

    identity = ca.server(*hosts)
    (folder / "server.pem").write_bytes(identity.certificate)
    (folder / "server.key").write_bytes(identity.key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    server = QuietServer(("127.0.0.1", 0), Answer)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_the_authority_is_taken_by_its_fingerprint_and_then_believed(
    ca: TestAuthority, tmp_path: Path
) -> None:
    with web_server(ca, tmp_path, encode_certificate(ca.certificate), ()) as port:
        authority = fetch_pinned_authority("127.0.0.1", port, fingerprint(ca.certificate))
        assert authority == ca.certificate
        with httpx.Client(verify=pinned_context(authority), trust_env=False) as client:
            assert client.get(f"https://localhost:{port}/").text == "hello"


def test_a24_an_authority_that_is_not_the_pinned_one_is_refused(
    ca: TestAuthority, other: TestAuthority, tmp_path: Path
) -> None:
    with (
        web_server(other, tmp_path, encode_certificate(other.certificate), ()) as port,
        pytest.raises(OtherAuthorityError),
    ):
        fetch_pinned_authority("127.0.0.1", port, fingerprint(ca.certificate))


def test_a24_a_server_that_shows_the_pinned_authority_but_is_not_of_it_is_refused(
    ca: TestAuthority, other: TestAuthority, tmp_path: Path
) -> None:
    with web_server(other, tmp_path, encode_certificate(ca.certificate), ()) as port:
        authority = fetch_pinned_authority("127.0.0.1", port, fingerprint(ca.certificate))
        with (
            httpx.Client(verify=pinned_context(authority), trust_env=False) as client,
            pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"),
        ):
            client.get(f"https://127.0.0.1:{port}/")


def test_a32_a_server_under_another_name_is_refused(ca: TestAuthority, tmp_path: Path) -> None:
    shown = encode_certificate(ca.certificate)
    with (
        web_server(ca, tmp_path, shown, ("coordinator.example",)) as port,
        httpx.Client(verify=pinned_context(ca.certificate), trust_env=False) as client,
        pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"),
    ):
        client.get(f"https://127.0.0.1:{port}/")


def test_a_port_that_shows_no_certificate_is_no_coordinator(
    ca: TestAuthority, tmp_path: Path
) -> None:
    with (
        web_server(ca, tmp_path, b"<html>", ()) as port,
        pytest.raises(CannotConnectError, match="shows no authority"),
    ):
        fetch_pinned_authority("127.0.0.1", port, fingerprint(ca.certificate))


def test_where_nobody_listens_the_error_says_what_to_check() -> None:
    with pytest.raises(CannotConnectError, match="Check the address"):
        fetch_pinned_authority("127.0.0.1", 9, "0" * 64)


def test_a45_nothing_older_than_tls_1_3_is_spoken(ca: TestAuthority) -> None:
    assert pinned_context(ca.certificate).minimum_version is ssl.TLSVersion.TLSv1_3
