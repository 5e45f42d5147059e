"""The log of releases: the tree, its signed checkpoints, and the members' cosignatures, durably.

    publish ── append ──▶ leaf and checkpoint, in the transaction that publishes the release
    node ──── keep ─────▶ cosignature, verified, beside the checkpoint that it is of

The order of the leaves is `releases.place`. Every size that the tree ever had keeps its signed
checkpoint, so after a kill the same notes are sent again, and no size is ever signed twice with
different roots. The tree itself is made from the leaves when it is first needed.
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, bindparam, func, insert, select
from sqlalchemy.dialects.sqlite import insert as upsert

from corridor.coordinator.store import (
    Store,
    checkpoints,
    cosignatures,
    leaves,
    releases,
)
from corridor.errors.region import UnknownReleaseError
from corridor.errors.release_tree import (
    ForgedCosignatureError,
    NoCheckpointError,
    NoSuchTreeError,
)
from corridor.faults import Reached, go_on
from corridor.ids import CountryCode, Digest, PublicKey, SessionId, Signature
from corridor.protocols import canonical
from corridor.protocols.charter import Charter
from corridor.protocols.merkle import Tree, leaf_hash
from corridor.protocols.notes import (
    Checkpoint,
    Cosignature,
    Log,
    LogProof,
    Note,
    is_cosigned,
    parse_note,
    sign_checkpoint,
)
from corridor.protocols.receipts import receipt_digest
from corridor.protocols.release_tree import (
    Consistency,
    ReceiptFile,
    log_of,
    origin_of,
    release_leaf,
)
from corridor.protocols.suite import Sign, Verify
from corridor.transport.messages import INCLUSIONS, CheckpointToCosign, Cosigned, Inclusion

EARLIEST_SLACK_SECONDS = 24 * 60 * 60
"""How far ahead of the coordinator's clock a cosignature's time may be."""

# Made once: every member is offered every checkpoint, with all of these.
_SIZE = select(func.max(checkpoints.c.size))
_NOTE = select(checkpoints.c.note).where(checkpoints.c.size == bindparam("of"))
_LEAVES_BEHIND = (
    select(leaves.c.leaf).where(leaves.c.place > bindparam("size")).order_by(leaves.c.place)
)
_COSIGNATURES = (
    select(cosignatures)
    .where(cosignatures.c.size == bindparam("of"))
    .order_by(cosignatures.c.country)
)
_COSIGNED_SIZES = (
    select(cosignatures.c.country, func.max(cosignatures.c.size).label("size"))
    .group_by(cosignatures.c.country)
    .order_by(cosignatures.c.country)
)
_PLACES_OF = select(leaves.c.session, leaves.c.place).where(
    leaves.c.session.in_(bindparam("sessions", expanding=True))
)
_RELEASES_SINCE = (
    select(releases.c.session, releases.c.place, releases.c.participants)
    .where(releases.c.place > bindparam("old"))
    .order_by(releases.c.place.desc())
    .limit(INCLUSIONS)
)


@dataclass(slots=True)
class _Grown:
    """The tree over the leaves that are committed; grows only."""

    tree: Tree = field(default_factory=Tree)
    turn: threading.Lock = field(default_factory=threading.Lock)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseLog:
    """The region's log of releases.

    Attributes:
        key: the coordinator's signing key, which names the log.
        sign: signs notes with it.
        reached: hears the points of `coordinator.faults`.
    """

    store: Store
    key: PublicKey
    sign: Sign
    verify: Verify
    reached: Reached = go_on
    _grown: _Grown = field(default_factory=_Grown)

    # ------------------------------------------------------------ growing

    def append(
        self, connection: Connection, place: int, session: SessionId, receipt: bytes
    ) -> None:
        """Add a release, inside the transaction that publishes it; sign the checkpoint."""
        tree = self._tree(connection).copy()
        if tree.size != place - 1:
            raise AssertionError(f"leaf {place} comes after {tree.size} leaves")
        leaf = release_leaf(session, receipt_digest(receipt))
        tree.append(leaf_hash(leaf))
        connection.execute(insert(leaves).values(place=place, session=session, leaf=leaf))
        checkpoint = Checkpoint(origin_of(self.key), place, tree.root())
        note = sign_checkpoint(checkpoint, self.key, self.sign)
        connection.execute(insert(checkpoints).values(size=place, note=note.encode()))
        self.reached("checkpoint")

    def complete(self) -> None:
        """Give releases from before there was a tree their leaves and checkpoints."""
        with self.store.writing() as connection:
            last = connection.execute(select(func.max(leaves.c.place))).scalar_one() or 0
            rows = connection.execute(
                select(releases.c.place, releases.c.session, releases.c.receipt)
                .where(releases.c.place > last)
                .order_by(releases.c.place)
            ).all()
            for row in rows:
                self.append(connection, row.place, row.session, row.receipt)

    def keep(self, country: CountryCode, word: Cosigned, charter: Charter, now: int) -> bool:
        """Keep a member's cosignature; whether it is new.

        Raises:
            NoSuchTreeError: there is no checkpoint of that size.
            ForgedCosignatureError: it is not that member's, or from the future. Nothing was kept.
        """
        with self.store.reading() as connection:
            text = self._note(connection, word.size).text
        key = log_of(charter).witnesses.get(country)
        cosignature = Cosignature(word.timestamp, word.signature)
        if (
            key is None
            or word.timestamp > now + EARLIEST_SLACK_SECONDS
            or not is_cosigned(text, cosignature, key, self.verify)
        ):
            raise ForgedCosignatureError(country)
        with self.store.writing() as connection:
            kept = connection.execute(
                upsert(cosignatures)
                .values(
                    size=word.size,
                    country=country,
                    timestamp=word.timestamp,
                    signature=word.signature,
                )
                .on_conflict_do_nothing()
            )
            self.reached("cosignature")
        return kept.rowcount > 0

    # ------------------------------------------------------------ showing

    def size(self) -> int:
        """How many releases there are."""
        with self.store.reading() as connection:
            return self._size(connection)

    def checkpoint(self, charter: Charter | None) -> Note:
        """The latest checkpoint, with the cosignatures of the charter's members.

        Raises:
            NoCheckpointError: nothing was released yet.
        """
        with self.store.reading() as connection:
            size = self._size(connection)
            if size == 0:
                raise NoCheckpointError
            return self._cosigned(connection, size, charter)

    def cosigned_by(self, size: int) -> frozenset[CountryCode]:
        """Whose cosignatures of that size are kept."""
        with self.store.reading() as connection:
            rows = connection.execute(
                select(cosignatures.c.country).where(cosignatures.c.size == size)
            ).scalars()
            return frozenset(map(CountryCode, rows))

    def cosigned_sizes(self) -> Mapping[CountryCode, int]:
        """The largest tree that each member cosigned, as far as was heard here."""
        with self.store.reading() as connection:
            rows = connection.execute(_COSIGNED_SIZES).all()
        return {CountryCode(row.country): row.size for row in rows}

    def consistency(self, old: int, new: int) -> Consistency:
        """That the tree of `new` releases begins with the tree of `old`.

        Raises:
            NoSuchTreeError: it never had such a size, or they are the wrong way round.
        """
        with self.store.reading() as connection:
            tree = self._tree(connection)
        if not 0 <= old <= new <= tree.size:
            raise NoSuchTreeError(tree.size)
        return Consistency(old, new, tree.consistency_proof(old, new))

    def leaves(self, first: int, count: int) -> Sequence[str]:
        """The entries from number `first` (from 0) on, at most `count` of them."""
        with self.store.reading() as connection:
            rows = connection.execute(
                select(leaves.c.leaf)
                .where(leaves.c.place > first)
                .order_by(leaves.c.place)
                .limit(count)
            ).scalars()
            return [row.decode() for row in rows]

    def offer(
        self, country: CountryCode, old: int, charter: Charter, wanted: Sequence[SessionId] = ()
    ) -> CheckpointToCosign | None:
        """What a member needs to see before it cosigns the latest checkpoint; None without one.

        The releases shown in it are those that the member wants, and those since `old` that its
        data are in. A member that knows more than there is here gets the checkpoint all the same:
        it shall see that this log was set back.
        """
        with self.store.reading() as connection:
            size = self._size(connection)
            if size == 0:
                return None
            tree = self._tree(connection)
            note = self._cosigned(connection, size, charter)
            shown = self._places(connection, country, old, wanted)
        start = min(old, size)
        return CheckpointToCosign(
            old_size=start,
            consistency=tree.consistency_proof(start, size),
            note=note.encode(),
            inclusions=tuple(
                Inclusion(session, place - 1, tree.inclusion_proof(place - 1, size))
                for session, place in sorted(shown.items())
            ),
        )

    def proof(self, release: str, charter: Charter) -> LogProof:
        """That a release is in the tree: under the first checkpoint that enough members cosigned.

        Where none is, under the latest.

        Raises:
            UnknownReleaseError: none has this id.
        """
        with self.store.reading() as connection:
            place = connection.execute(
                select(releases.c.place).where(releases.c.id == release)
            ).scalar_one_or_none()
            if place is None:
                raise UnknownReleaseError
            size = self._best_size(connection, place, log_of(charter))
            tree = self._tree(connection)
            note = self._cosigned(connection, size, charter)
        return LogProof(place - 1, tree.inclusion_proof(place - 1, size), note)

    def receipt_file(
        self, release: str, receipt: bytes, charter: Charter, known: int | None = None
    ) -> bytes:
        """A release's public receipt with its proof.

        Args:
            release: its id.
            receipt: its public receipt.
            charter: whose members' cosignatures are shown.
            known: the size of a checkpoint that the reader has, to which the file shall lead.

        Raises:
            UnknownReleaseError, NoSuchTreeError: there is no such release or size.
        """
        proof = self.proof(release, charter)
        consistency = None
        if known is not None:
            size = int(proof.note.text.split("\n")[1])
            consistency = self.consistency(*sorted((size, known)))
        return ReceiptFile(receipt, proof, consistency).encode()

    # ------------------------------------------------------------ rows

    def _tree(self, connection: Connection) -> Tree:
        """The tree over what is committed. Who wants to change it takes a copy."""
        with self._grown.turn:
            tree = self._grown.tree
            rows = connection.execute(_LEAVES_BEHIND, {"size": tree.size}).scalars()
            for row in rows:
                tree.append(leaf_hash(row))
            return tree

    @staticmethod
    def _size(connection: Connection) -> int:
        return connection.execute(_SIZE).scalar_one() or 0

    @staticmethod
    def _note(connection: Connection, size: int) -> Note:
        raw = connection.execute(_NOTE, {"of": size}).scalar_one_or_none()
        if raw is None:
            raise NoSuchTreeError(ReleaseLog._size(connection))
        return parse_note(raw, "checkpoint")

    def _cosigned(self, connection: Connection, size: int, charter: Charter | None) -> Note:
        note = self._note(connection, size)
        if charter is None:
            return note
        log = log_of(charter)
        keys = {one.country: one.keys for one in charter.members}
        lines = []
        for row in connection.execute(_COSIGNATURES, {"of": size}).all():
            country = CountryCode(row.country)
            word = Cosignature(row.timestamp, Signature(row.signature))
            # By the key that it has: who verifies under the charter of then knows that one.
            key = self._cosigner(note.text, word, keys.get(country, ()))
            if key is not None:
                lines.append(word.line(log.witness_name(country), key))
        return note.adding(*lines)

    def _cosigner(
        self, text: str, word: Cosignature, keys: tuple[PublicKey, ...]
    ) -> PublicKey | None:
        """Which of a member's keys cosigned; None where none did: it was made anew since."""
        if len(keys) < 2:  # verified when it was taken, under the only key that there ever was
            return keys[0] if keys else None
        found = (key for key in reversed(keys) if is_cosigned(text, word, key, self.verify))
        return next(found, None)

    @staticmethod
    def _best_size(connection: Connection, place: int, log: Log) -> int:
        enough = connection.execute(
            select(cosignatures.c.size)
            .where(cosignatures.c.size >= place, cosignatures.c.country.in_(log.witnesses))
            .group_by(cosignatures.c.size)
            .having(func.count() >= log.needed)
            .order_by(cosignatures.c.size)
            .limit(1)
        ).scalar_one_or_none()
        return enough or ReleaseLog._size(connection)

    @staticmethod
    def _places(
        connection: Connection, country: CountryCode, old: int, wanted: Sequence[SessionId]
    ) -> dict[SessionId, int]:
        named = connection.execute(_PLACES_OF, {"sessions": list(wanted)}).all() if wanted else ()
        since = connection.execute(_RELEASES_SINCE, {"old": old}).all()
        found = {SessionId(row.session): row.place for row in named}
        for row in since:
            took_part = canonical.decode(row.participants, "participants")
            assert isinstance(took_part, Mapping)  # noqa: S101 - written by this coordinator
            if len(found) < INCLUSIONS and country in took_part:
                found[SessionId(row.session)] = row.place
        return found


def path_shown(path: Sequence[Digest]) -> list[str]:
    """A proof's hashes as the REST API shows them."""
    return [step.hex() for step in path]
