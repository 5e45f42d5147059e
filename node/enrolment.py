"""How a node enters a region: one request to the coordinator, believed by fingerprint.

1. The invitation came from outside; it names the fingerprints of the coordinator's certificate
   authority and of its signing key, and a code that counts once.
2. The connection is trusted only if it shows that authority.
3. The node proves that it holds its signing key, and sends a signing request for its TLS key;
   both private keys stay here.
4. What comes back is checked before it is kept: the certificate is this node's own, of that
   authority; the coordinator's signing key has the invitation's fingerprint.
"""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import ec

from corridor.errors.node import CoordinatorUnreachableError, EnrolmentRefusedError
from corridor.ids import PublicKey, is_public_key
from corridor.protocols.cards import (
    Card,
    enrolment_to_sign,
    fingerprint_text,
    key_fingerprint,
)
from corridor.protocols.suite import Sign
from corridor.transport.certificates import (
    decode_certificate,
    encode_certificate,
    fetch_pinned_authority,
    make_csr,
    pinned_context,
    verify_node_certificate,
)
from corridor.transport.invitations import Invitation

TIMEOUT_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolled:
    """What enrolment gave, all of it checked. Certificates as PEM."""

    certificate: bytes
    authority: bytes
    coordinator_key: PublicKey
    grpc: str
    region: str


def enrol(
    invitation: Invitation,
    card: Card,
    sign: Sign,
    tls_key: ec.EllipticCurvePrivateKey,
    now: datetime,
) -> Enrolled:
    """Ask the coordinator for a certificate; nothing is kept here.

    Raises:
        InvitationOverError: its time is over.
        OtherAuthorityError: another authority answers than the invitation names.
        EnrolmentRefusedError: the coordinator refused; its code and words.
        CoordinatorUnreachableError: it does not answer, or not as a coordinator does.
        CorridorError: the certificate it gave is not this node's.
    """
    invitation.verify_open(now)
    parts = urlsplit(invitation.web)
    authority = fetch_pinned_authority(
        parts.hostname or "", parts.port or 443, invitation.authority
    )
    csr = make_csr(tls_key, card.country)
    request = {
        "code": invitation.code,
        "csr": csr.decode(),
        "card": card.encode().decode(),
        "proof": sign(enrolment_to_sign(card, invitation.code, csr)).hex(),
    }
    # Loaded when it is needed: it takes longer to load than most commands run.
    import httpx  # noqa: PLC0415

    with httpx.Client(
        verify=pinned_context(authority), timeout=TIMEOUT_SECONDS, trust_env=False
    ) as client:
        try:
            response = client.post(f"{invitation.web}/api/v1/enrolment", json=request)
            answer = response.json()
        except (httpx.HTTPError, ValueError) as error:
            raise _strange(invitation.web) from error
    if not isinstance(answer, dict):
        raise _strange(invitation.web)
    if not response.is_success:
        raise EnrolmentRefusedError(str(answer.get("code")), str(answer.get("detail")))
    try:
        certificate = decode_certificate(answer["certificate"].encode(), "certificate received")
        key = bytes.fromhex(answer["coordinator_key"])
        grpc, region = str(answer["grpc"]), str(answer["region"])
    except (KeyError, ValueError, AttributeError, TypeError) as error:
        raise _strange(invitation.web) from error
    if (
        not is_public_key(key)
        or fingerprint_text(key_fingerprint(key)) != invitation.coordinator_key
    ):
        raise EnrolmentRefusedError(
            "enrolment.other_coordinator_key",
            "the coordinator shows another signing key than the invitation names; nothing was "
            "kept. Ask the person who sent the invitation.",
        )
    verify_node_certificate(
        certificate,
        authority,
        country=card.country,
        public_key=tls_key.public_key(),
        now=now,
    )
    return Enrolled(
        certificate=encode_certificate(certificate),
        authority=encode_certificate(authority),
        coordinator_key=key,
        grpc=grpc,
        region=region,
    )


def _strange(url: str) -> CoordinatorUnreachableError:
    return CoordinatorUnreachableError(
        f"{url}: no answer that a coordinator gives; nothing was enrolled. Check the address in "
        "the invitation and the network."
    )
