"""The coordinator's small certificate authority, and the trust in it by fingerprint.

    authority            self-signed, ten years, signs nothing but the leaves below
    ├── server           names and addresses of the coordinator; TLS servers only
    └── node             subject C=<country>, CN=node; TLS clients only; the node's own key

A certificate opens a connection and nothing else: what counts is signed with charter keys, so
a lying authority can keep somebody out, but cannot speak for anybody. Keys are ECDSA P-256:
gRPC's TLS library refuses Ed25519 certificates in its handshake.

A fingerprint is the SHA-256 of a certificate's DER bytes in lower-case hexadecimal. Whoever
holds the authority's fingerprint (from an invitation, from `login`) takes the certificate itself
from anywhere, here from `AUTHORITY_PATH` over a connection that is not believed yet, and trusts
it when the fingerprint fits.
"""

import hashlib
import ipaddress
import re
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from corridor.errors.wire import (
    CannotConnectError,
    ExpiredCertificateError,
    MalformedCertificateError,
    OtherAuthorityError,
    OtherCountryError,
    WrongPurposeError,
)
from corridor.ids import CountryCode, is_country_code

RandomBytes = Callable[[int], bytes]

AUTHORITY_PATH = "/authority.pem"
"""Where a coordinator's web port gives its authority's certificate, to anybody."""

CLOCK_SKEW = timedelta(minutes=10)
"""Certificates begin this much before they are made: clocks differ."""

AUTHORITY_LIFE = timedelta(days=3650)
SERVER_LIFE = timedelta(days=397)
NODE_LIFE = timedelta(days=397)

_CURVE = ec.SECP256R1()
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_LONGEST_PEM = 16 * 1024
_FINGERPRINT = re.compile(r"[0-9a-f]{64}")
_UNREADABLE = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
"""What the library raises of bytes that are not what they should be; most are no ValueErrors."""


# ---------------------------------------------------------------- keys and their files


def make_key(random_bytes: RandomBytes) -> ec.EllipticCurvePrivateKey:
    """A new P-256 key; 48 bytes modulo the order, so that no bias beyond 2⁻¹²⁸ is left."""
    number = int.from_bytes(random_bytes(48), "big") % (_ORDER - 1) + 1
    return ec.derive_private_key(number, _CURVE)


def encode_key(key: ec.EllipticCurvePrivateKey) -> bytes:
    """The key as PEM (PKCS #8, not encrypted): for a file that only its owner can read."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def decode_key(pem: bytes) -> ec.EllipticCurvePrivateKey:
    """The key that `encode_key` wrote.

    Raises:
        MalformedCertificateError: something else.
    """
    try:
        key = serialization.load_pem_private_key(pem, None)
    except _UNREADABLE as error:
        raise MalformedCertificateError("a key file holds no private key in PEM") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != _CURVE.name:
        raise MalformedCertificateError("a key file holds a key that is not ECDSA P-256")
    return key


def encode_certificate(certificate: x509.Certificate) -> bytes:
    """The certificate as PEM."""
    return certificate.public_bytes(serialization.Encoding.PEM)


def decode_certificate(pem: bytes, name: str = "certificate") -> x509.Certificate:
    """The certificate in `pem`; `name` says in errors where it came from.

    Raises:
        MalformedCertificateError: there is none in it, or not exactly one.
    """
    try:
        (certificate,) = x509.load_pem_x509_certificates(pem[:_LONGEST_PEM])
        # The library reads these when they are asked for; here, once, and then never in vain.
        _ = (certificate.subject, certificate.issuer, certificate.extensions)
        certificate.public_key()
    except _UNREADABLE as error:
        raise MalformedCertificateError(f"{name}: is not one certificate in PEM") from error
    return certificate


def fingerprint(certificate: x509.Certificate) -> str:
    """SHA-256 of the certificate's DER bytes: 64 hexadecimal digits in lower case."""
    return hashlib.sha256(certificate.public_bytes(serialization.Encoding.DER)).hexdigest()


def parse_fingerprint(text: str) -> str:
    """A certificate's fingerprint as people write it: in any case, with colons or spaces.

    Raises:
        MalformedCertificateError: not 64 hexadecimal digits.
    """
    plain = re.sub(r"[:\s]", "", text).lower()
    if _FINGERPRINT.fullmatch(plain) is None:
        raise MalformedCertificateError(
            "a fingerprint of a certificate has 64 hexadecimal digits; colons and spaces may stand "
            "between them"
        )
    return plain


@dataclass(frozen=True, slots=True)
class Identity:
    """What one side shows in a TLS handshake: its certificate in PEM, and the key to it."""

    certificate: bytes
    key: bytes = field(repr=False)


# ---------------------------------------------------------------- the authority


@dataclass(frozen=True, slots=True)
class Authority:
    """The coordinator's certificate authority, with the key that signs."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey = field(repr=False)


def make_authority(name: str, *, random_bytes: RandomBytes, now: datetime) -> Authority:
    """A new authority for the region called `name` (its first 40 characters)."""
    key = make_key(random_bytes)
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, name[:40] or "Corridor"),
            x509.NameAttribute(NameOID.COMMON_NAME, "Corridor authority"),
        ]
    )
    builder = (
        _builder(
            subject,
            subject,
            key.public_key(),
            random_bytes=random_bytes,
            now=now,
            life=AUTHORITY_LIFE,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
    )
    return Authority(_sign(builder, key), key)


def issue_server_certificate(
    authority: Authority,
    public_key: ec.EllipticCurvePublicKey,
    hosts: Sequence[str],
    *,
    random_bytes: RandomBytes,
    now: datetime,
    life: timedelta = SERVER_LIFE,
) -> x509.Certificate:
    """A certificate for the coordinator under each of `hosts`, names or IP addresses.

    Raises:
        MalformedCertificateError: no host, or one that cannot stand in a certificate.
    """
    if not hosts:
        raise MalformedCertificateError("a server certificate needs at least one host")
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Corridor coordinator")])
    builder = (
        _leaf(authority, subject, public_key, random_bytes=random_bytes, now=now, life=life)
        .add_extension(x509.SubjectAlternativeName(list(map(_alternative, hosts))), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    )
    return _sign(builder, authority.key)


def make_csr(key: ec.EllipticCurvePrivateKey, country: CountryCode) -> bytes:
    """A signing request in PEM: the node of `country` asks for a certificate of its own key."""
    return (
        x509.CertificateSigningRequestBuilder()
        .subject_name(_node_subject(country))
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )


def issue_node_certificate(
    authority: Authority,
    csr: bytes,
    country: CountryCode,
    *,
    random_bytes: RandomBytes,
    now: datetime,
    life: timedelta = NODE_LIFE,
) -> x509.Certificate:
    """The certificate of `country`'s node, for the key that signed the request.

    Of the request only its key is used: what else it may ask for is not granted.

    Raises:
        MalformedCertificateError: no request, not signed with its own key, or another kind of key.
        OtherCountryError: it asks in another country's name. Nothing was issued.
    """
    try:
        request = x509.load_pem_x509_csr(csr[:_LONGEST_PEM])
        signed = request.is_signature_valid
        asked = _country_in(request.subject)
        public_key = request.public_key()
    except _UNREADABLE as error:
        raise MalformedCertificateError(
            "enrolment: the signing request cannot be read; nothing was issued. Update the node."
        ) from error
    if not isinstance(public_key, ec.EllipticCurvePublicKey) or (
        public_key.curve.name != _CURVE.name
    ):
        raise MalformedCertificateError(
            "enrolment: the signing request's key is not ECDSA P-256; nothing was issued"
        )
    if not signed:
        raise MalformedCertificateError(
            "enrolment: the signing request is not signed with its own key; nothing was issued"
        )
    if asked != country:
        raise OtherCountryError(
            f"enrolment: the signing request is of {asked or 'no country'}, the invitation of "
            f"{country}; nothing was issued. Use the invitation of this node's country."
        )
    subject = _node_subject(country)
    builder = _leaf(
        authority, subject, public_key, random_bytes=random_bytes, now=now, life=life
    ).add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
    return _sign(builder, authority.key)


# ---------------------------------------------------------------- checks


def peer_country(certificate: x509.Certificate) -> CountryCode:
    """The country whose node a certificate is of.

    Raises:
        OtherCountryError: its subject names no country. It was not used.
    """
    country = _country_in(certificate.subject)
    if country is None:
        raise OtherCountryError(
            "a client certificate names no country in its subject; it was not used. Run "
            "`corridor node enrol` with an invitation."
        )
    return country


def verify_valid_at(certificate: x509.Certificate, now: datetime, name: str) -> None:
    """Check that a certificate has begun and has not ended.

    Raises:
        ExpiredCertificateError: it has not, or it has. It was not used.
    """
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if not begins <= now <= ends:
        raise ExpiredCertificateError(
            f"{name}: is valid from {begins:%Y-%m-%d %H:%M} to {ends:%Y-%m-%d %H:%M} UTC, and this "
            f"machine's clock says {now:%Y-%m-%d %H:%M}; it was not used. Check the clock, else "
            "enrol again."
        )


def verify_node_certificate(
    certificate: x509.Certificate,
    authority: x509.Certificate,
    *,
    country: CountryCode,
    public_key: ec.EllipticCurvePublicKey,
    now: datetime,
) -> None:
    """Check what a coordinator gave for a signing request, before it is kept.

    1. The pinned authority issued it.
    2. It is valid now.
    3. It is of this country, for this node's own key, and for TLS clients.

    Raises:
        OtherAuthorityError, ExpiredCertificateError, OtherCountryError, WrongPurposeError.
    """
    name = f"certificate of {country}"
    try:
        certificate.verify_directly_issued_by(authority)
    except (*_UNREADABLE, InvalidSignature) as error:
        raise OtherAuthorityError(
            f"{name}: was not issued by the authority of the invitation; it was not kept. "
            "Tell the coordinator's people by another way than this one."
        ) from error
    verify_valid_at(certificate, now, name)
    if peer_country(certificate) != country:
        raise OtherCountryError(f"{name}: is of {peer_country(certificate)}; it was not kept")
    if certificate.public_key() != public_key:
        raise WrongPurposeError(f"{name}: is for another key than this node's; it was not kept")
    if not _is_for(certificate, ExtendedKeyUsageOID.CLIENT_AUTH):
        raise WrongPurposeError(f"{name}: is not for TLS clients; it was not kept")


def verify_pinned(authority: x509.Certificate, pinned: str) -> None:
    """Check an authority against the fingerprint that came from outside the connection.

    Raises:
        OtherAuthorityError: it is another one. Nothing was sent to it.
    """
    if fingerprint(authority) != parse_fingerprint(pinned):
        raise OtherAuthorityError(
            f"the coordinator shows an authority with the fingerprint {fingerprint(authority)}, "
            f"pinned is {parse_fingerprint(pinned)}; nothing was sent. Somebody may stand in "
            "between, or the coordinator was set up anew: ask its people."
        )


# ---------------------------------------------------------------- HTTPS


def pinned_context(authority: x509.Certificate) -> ssl.SSLContext:
    """TLS 1.3 for a client that believes this authority and no other, not even the system's."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_verify_locations(cadata=encode_certificate(authority).decode())
    return context


def fetch_pinned_authority(
    host: str, port: int, pinned: str, *, timeout_seconds: float = 10.0
) -> x509.Certificate:
    """The certificate of the coordinator's authority, if it is the one that is pinned.

    The connection it comes over is not believed, and nothing is said on it but the address:
    the fingerprint alone decides.

    Raises:
        CannotConnectError: nobody answers there, or not with a certificate.
        OtherAuthorityError: another authority answers. Nothing was sent to it.
    """
    authority = fetch_authority(host, port, timeout_seconds=timeout_seconds)
    verify_pinned(authority, pinned)
    return authority


def fetch_authority(host: str, port: int, *, timeout_seconds: float = 10.0) -> x509.Certificate:
    """The authority that `host` shows, to show its fingerprint to somebody who can tell.

    Raises:
        CannotConnectError: nobody answers there, or not with a certificate.
    """
    # Loaded when it is needed: it takes longer to load than most commands run.
    import httpx  # noqa: PLC0415

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # decided by fingerprint, by the caller
    where = f"[{host}]" if ":" in host else host
    url = f"https://{where}:{port}{AUTHORITY_PATH}"
    try:
        with (
            httpx.Client(verify=context, timeout=timeout_seconds, trust_env=False) as client,
            client.stream("GET", url) as answer,
        ):
            answer.raise_for_status()
            pem = next(answer.iter_bytes(_LONGEST_PEM), b"")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise CannotConnectError(
            f"{where}:{port}: no coordinator answers there over TLS 1.3 "
            f"({type(error).__name__}); nothing was sent. Check the address, and that "
            "`corridor coordinator serve` runs."
        ) from error
    try:
        return decode_certificate(pem, url)
    except MalformedCertificateError as error:
        raise CannotConnectError(
            f"{where}:{port}: answers, but shows no authority; is this a coordinator's web port?"
        ) from error


# ---------------------------------------------------------------- building blocks


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    public_key: ec.EllipticCurvePublicKey,
    *,
    random_bytes: RandomBytes,
    now: datetime,
    life: timedelta,
) -> x509.CertificateBuilder:
    # 159 bits: RFC 5280 allows 20 bytes and no sign; 0 is no serial number.
    serial = (int.from_bytes(random_bytes(20), "big") >> 1) | 1
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(serial)
        .not_valid_before(now - CLOCK_SKEW)
        .not_valid_after(now + life)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    )


def _leaf(
    authority: Authority,
    subject: x509.Name,
    public_key: ec.EllipticCurvePublicKey,
    *,
    random_bytes: RandomBytes,
    now: datetime,
    life: timedelta,
) -> x509.CertificateBuilder:
    issuer = authority.certificate.subject
    return (
        _builder(subject, issuer, public_key, random_bytes=random_bytes, now=now, life=life)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
    )


def _sign(builder: x509.CertificateBuilder, key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())
    return builder.add_extension(identifier, critical=False).sign(key, hashes.SHA256())


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _node_subject(country: CountryCode) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, country),
            x509.NameAttribute(NameOID.COMMON_NAME, "node"),
        ]
    )


def _country_in(subject: x509.Name) -> CountryCode | None:
    values = [one.value for one in subject.get_attributes_for_oid(NameOID.COUNTRY_NAME)]
    names = [one.value for one in subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    if len(values) != 1 or names != ["node"]:
        return None
    (value,) = values
    return value if isinstance(value, str) and is_country_code(value) else None


def _is_for(certificate: x509.Certificate, purpose: x509.ObjectIdentifier) -> bool:
    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except x509.ExtensionNotFound:
        return False
    return purpose in usage.value


def _alternative(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        pass
    try:
        return x509.DNSName(host)
    except ValueError as error:
        raise MalformedCertificateError(f"{host!r} is neither an IP address nor a host") from error
