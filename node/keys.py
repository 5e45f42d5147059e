"""A node's own keys: made once, kept in files that only the owner can read, or in the vault.

signing.key       Ed25519, 32 raw bytes: acceptances, ledger, journal, charters
encryption.key    X-Wing, 32 raw bytes: opens the members' receipts
tls.key, tls.pem  ECDSA P-256 and its certificate, both new at every enrolment: opens the connection
                  and nothing else
ca.pem            the coordinator's certificate authority

and where the card's keys are being rotated, or were (`node.rotation`):

signing.next, encryption.next    the keys that are to follow
rotation.json                    there once those two are whole: the statement of both signing keys
successions.json                 the statements of all rotations so far
encryption.before                the encryption keys of before, 32 bytes each, the latest first:
                                 they open receipts of then

**Which keys count** is said by one file: the next ones, from the moment that the charter in force
here (`charter.json`) lists them. What `node.rotation` moves afterwards changes nothing of that.

Where the private ones lie, and what opens them, `node.store.vault` says.
"""

from dataclasses import dataclass, field
from pathlib import Path

from corridor.errors.node import DamagedKeyError
from corridor.files import PUBLIC, write_atomically
from corridor.ids import EncryptionKey, PublicKey
from corridor.node.enrolment import Enrolled
from corridor.node.home import Home, NodeSettings
from corridor.node.store.vault import has_secret, keep_secret, read_secret
from corridor.protocols.cards import Card
from corridor.protocols.charter import parse_signed_charter
from corridor.protocols.successions import Succession, parse_successions
from corridor.protocols.suite import RandomBytes, Sign
from corridor.transport.certificates import Identity
from corridor.transport.kems import XWING
from corridor.transport.suites import digest_signer, ed25519_public_key, note_signer

KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class NodeKeys:
    """The two keys that a card shows, with their private halves, and what is left of earlier ones.

    Attributes:
        successions: how the signing key follows those of before, from the first.
        encryption_before: the encryption keys of before, the latest first.
    """

    signing: bytes = field(repr=False)
    encryption: bytes = field(repr=False)
    successions: tuple[Succession, ...] = field(default=(), repr=False)
    encryption_before: tuple[bytes, ...] = field(default=(), repr=False)

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

    @property
    def former(self) -> tuple[PublicKey, ...]:
        """The signing keys of before, the first one first; of no private half anything is left."""
        return tuple(one.former for one in self.successions)

    @property
    def opening(self) -> tuple[bytes, ...]:
        """Every encryption key that there is, the present one first."""
        return (self.encryption, *self.encryption_before)

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
    """The keys that count: those that `make_keys` kept, or those that follow them by now.

    Raises:
        DamagedKeyError: a file is missing or not as it was written.
    """
    kept = read_kept_keys(home)
    # Where these are listed, whatever became of the next ones stops nothing.
    if not rotation_file(home).exists() or is_listed(home.charter, kept.signing_public):
        return kept
    following = read_next_keys(home)
    if following is not None and is_listed(home.charter, following.signing_public):
        return following
    return kept


def read_next_keys(home: Home) -> NodeKeys | None:
    """The keys that follow, whether or not they count yet; None where no rotation is under way.

    Raises:
        DamagedKeyError: a file is missing or not as it was written.
    """
    path = rotation_file(home)
    if not path.exists():
        return None
    try:
        (statement,) = parse_successions(path.read_bytes(), path.name)
        signing, encryption = _read(home, "signing.next"), _read(home, "encryption.next")
    except (DamagedKeyError, OSError):
        if path.exists():
            raise
        return None  # another process has finished the rotation just now
    except ValueError as error:
        raise DamagedKeyError(path.name, "is not one statement") from error
    kept = read_kept_keys(home)
    before = dict.fromkeys(one for one in kept.opening if one != encryption)  # each once
    earlier = [one for one in kept.successions if one.since < statement.since]
    return NodeKeys(signing, encryption, (*earlier, statement), tuple(before))


def read_kept_keys(home: Home) -> NodeKeys:
    """The keys as their files are named, whatever a rotation is at.

    Raises:
        DamagedKeyError: a file is missing or not as it was written.
    """
    signing, encryption = (_read(home, name) for name in ("signing.key", "encryption.key"))
    path = successions_file(home)
    successions = parse_successions(path.read_bytes(), path.name) if path.exists() else ()
    return NodeKeys(signing, encryption, successions, _read_before(home))


def rotation_file(home: Home) -> Path:
    """There while keys of the card are being rotated."""
    return home.keys / "rotation.json"


def successions_file(home: Home) -> Path:
    """There once keys of the card were rotated."""
    return home.keys / "successions.json"


def is_listed(charter: Path, key: PublicKey) -> bool:
    """Whether the charter in this file lists a member of this signing key."""
    if not charter.exists():
        return False
    listed = parse_signed_charter(charter.read_bytes(), charter.name).charter.signing_keys
    return key in listed.values()


def _read_before(home: Home) -> tuple[bytes, ...]:
    if not has_secret(home.folder, "encryption.before"):
        return ()
    raw = _read_private(home, "encryption.before")
    if not raw or len(raw) % KEY_BYTES:
        raise DamagedKeyError("encryption.before", "has not the length of keys")
    return tuple(raw[start : start + KEY_BYTES] for start in range(0, len(raw), KEY_BYTES))


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
