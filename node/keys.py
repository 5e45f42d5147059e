"""A node's own keys: made once, kept in files that only the owner can read, or in the vault.

signing.key       Ed25519, 32 raw bytes: acceptances, ledger, journal, charters
encryption.key    X-Wing, 32 raw bytes: opens the members' receipts
tls.key, tls.pem  ECDSA P-256 and its certificate, both new at every enrolment: opens the connection
                  and nothing else
ca.pem            the coordinator's certificate authority

Where the private ones lie, and what opens them, `node.store.vault` says.
"""

from dataclasses import dataclass, field

from corridor.errors.node import DamagedKeyError
from corridor.files import PUBLIC, write_atomically
from corridor.ids import EncryptionKey, PublicKey
from corridor.node.enrolment import Enrolled
from corridor.node.home import Home, NodeSettings
from corridor.node.store.vault import keep_secret, read_secret
from corridor.protocols.cards import Card
from corridor.protocols.suite import RandomBytes, Sign
from corridor.transport.certificates import Identity
from corridor.transport.kems import XWING
from corridor.transport.suites import digest_signer, ed25519_public_key, note_signer

KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class NodeKeys:
    """The two keys that a card shows, with their private halves."""

    signing: bytes = field(repr=False)
    encryption: bytes = field(repr=False)

    @property
    def sign(self) -> Sign:
        """Signs digests with the signing key."""
        return digest_signer(self.signing)

    @property
    def sign_note(self) -> Sign:
        """Signs cosignatures of checkpoints with the signing key."""
        return note_signer(self.signing)

    @property
    def signing_public(self) -> PublicKey:
        """What everybody verifies this node's signatures with."""
        return ed25519_public_key(self.signing)

    def card(self, settings: NodeSettings) -> Card:
        """This node's card."""
        encryption = EncryptionKey(XWING.opening_key(self.encryption).public)
        return Card(settings.country, settings.name, self.signing_public, encryption)


def make_keys(home: Home, random_bytes: RandomBytes) -> NodeKeys:
    """Draw a new node's keys and keep them."""
    keys = NodeKeys(random_bytes(KEY_BYTES), random_bytes(KEY_BYTES))
    keep_secret(home.folder, "signing.key", keys.signing)
    keep_secret(home.folder, "encryption.key", keys.encryption)
    return keys


def read_keys(home: Home) -> NodeKeys:
    """The keys that `make_keys` kept.

    Raises:
        DamagedKeyError: a file is missing or not as it was written.
    """
    found = [_read(home, name) for name in ("signing.key", "encryption.key")]
    return NodeKeys(*found)


def keep_certificates(home: Home, enrolled: Enrolled, tls_key: bytes) -> None:
    """Keep what enrolment gave, with the key that the certificate is for.

    A kill between the two leaves a pair that opens no connection: enrol again.
    """
    write_atomically(home.keys / "ca.pem", enrolled.authority, PUBLIC)
    keep_secret(home.folder, "tls.key", tls_key)
    write_atomically(home.keys / "tls.pem", enrolled.certificate, PUBLIC)


def read_identity(home: Home) -> Identity:
    """What this node shows in a TLS handshake.

    Raises:
        DamagedKeyError: a file is missing.
    """
    return Identity(_read_any(home, "tls.pem"), _read_private(home, "tls.key"))


def read_authority(home: Home) -> bytes:
    """The certificate authority of the coordinator, as PEM.

    Raises:
        DamagedKeyError: the file is missing.
    """
    return _read_any(home, "ca.pem")


def _read(home: Home, name: str) -> bytes:
    raw = _read_private(home, name)
    if len(raw) != KEY_BYTES:
        raise DamagedKeyError(name, "has not the length of a key")
    return raw


def _read_private(home: Home, name: str) -> bytes:
    try:
        return read_secret(home.folder, name)
    except OSError as error:
        raise DamagedKeyError(name, error.strerror or "cannot be read") from error


def _read_any(home: Home, name: str) -> bytes:
    try:
        return (home.keys / name).read_bytes()
    except OSError as error:
        raise DamagedKeyError(name, error.strerror or "cannot be read") from error
