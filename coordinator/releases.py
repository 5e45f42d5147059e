"""Makes releases and shows them.

    sum ──▶ answer with margins ──▶ release document (JSON)
        └─▶ public receipt, and members' receipt (sealed to the members, one file)
    figures of single countries ──▶ answers side by side, and a public receipt that holds them all

The members' receipt is on disk before the transaction that publishes the release; a kill in
between leaves a file without a release, which the next start deletes. A receipt past the
charter's retention is deleted at a start and once a day. Everything else of a release is in the
database, in one row.
"""

import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Row, RowMapping, bindparam, func, select

from corridor.coordinator.attempt import Sum
from corridor.coordinator.attempts import Publication
from corridor.coordinator.charter_desk import CharterDesk
from corridor.coordinator.country_attempt import Figures
from corridor.coordinator.kept_releases import KeptRelease, KeptReleases
from corridor.coordinator.moments import iso
from corridor.coordinator.pages import ALL_AT_ONCE, Page
from corridor.coordinator.redacting import emptied
from corridor.coordinator.release_log import ReleaseLog, path_shown
from corridor.coordinator.rounds import Prepared
from corridor.coordinator.seeing import Reader
from corridor.coordinator.store import Store, attempts, questions, releases
from corridor.errors.files import DiskError
from corridor.errors.region import UnknownReleaseError
from corridor.ids import CountryCode
from corridor.protocols import canonical
from corridor.protocols.charter import Charter
from corridor.protocols.country_receipts import make_country_receipt
from corridor.protocols.members_receipts import members_receipt
from corridor.protocols.receipts import (
    make_public_receipt,
    parse_public_receipt,
    receipt_digest,
    release_id,
)
from corridor.protocols.secure_sum.messages import Proposal, Roster, Scope
from corridor.protocols.suite import RandomBytes, Sign
from corridor.publishing.metadata import ASKER
from corridor.queries.answers import decode_answer
from corridor.queries.catalogue import Catalogue
from corridor.queries.domains import make_domains
from corridor.queries.forecast import Forecast, forecast
from corridor.queries.parameters import noise_ratio
from corridor.queries.question import Question
from corridor.queries.standing import place_in_series, released_answer
from corridor.transport.messages import CHUNK_BYTES, ReceiptKind
from corridor.transport.sealed_files import write_sealed

Shown = dict[str, Any]
"""An object of the REST API."""


_UNSAID = dict.fromkeys(ASKER, "")
_WITH_ASKER = select(questions.c.organisation, questions.c.asked_by).select_from(
    releases.outerjoin(attempts, attempts.c.session == releases.c.session).outerjoin(
        questions, questions.c.id == attempts.c.question
    )
)
_ONE_WITH_ASKER = _WITH_ASKER.add_columns(releases.c.document, releases.c.heading).where(
    releases.c.id == bindparam("id")
)

LEAVES = 1000
"""The most entries of the tree that are shown at once."""


@dataclass(frozen=True, slots=True)
class ReleaseDesk:
    """Shows what was released, and that it stands in the tree."""

    store: Store
    folder: Path
    charters: CharterDesk
    log: ReleaseLog
    kept: KeptReleases

    def listing(self, page: Page = ALL_AT_ONCE, reader: Reader | None = None) -> list[Shown]:
        """Releases without their tables, newest first, as far as `reader` sees them.

        None sees all.

        Raises:
            UnknownReleaseError: the page begins after one that there is not.
        """
        newest = _WITH_ASKER.add_columns(releases.c.heading)
        newest = newest.order_by(releases.c.place.desc()).limit(page.limit)
        if page.after is not None:
            newest = newest.where(releases.c.place < self._row(page.after)["place"])
        with self.store.reading() as connection:
            return [
                json.loads(row.heading) | ({} if _shows_asker(row, reader) else _UNSAID)
                for row in connection.execute(newest)
            ]

    def document(self, identifier: str, reader: Reader | None = None) -> bytes:
        """The release: its tables, its guarantee, who took part; JSON.

        As it was made, to whoever sees why it was asked for; None sees all.

        Raises:
            UnknownReleaseError: none has this id.
        """
        found, _ = self.document_as_seen(identifier, reader)
        return found

    def document_as_seen(self, identifier: str, reader: Reader | None) -> tuple[bytes, bool]:
        """The same, and whether it is as it was made.

        Raises:
            UnknownReleaseError: none has this id.
        """
        found = self.kept.get(identifier)
        if found is None:
            found = self._read(identifier)
            self.kept.keep(identifier, found)
        if _shows_asker(found, reader):
            return found.document, True
        return found.bare, False

    def _read(self, identifier: str) -> KeptRelease:
        with self.store.reading() as connection:
            row = connection.execute(_ONE_WITH_ASKER, {"id": identifier}).first()
        if row is None:
            raise UnknownReleaseError
        return KeptRelease(
            document=row.document,
            bare=emptied(row.document, json.loads(row.heading), ASKER),
            organisation=row.organisation,
            asked_by=row.asked_by,
        )

    def size(self, identifier: str) -> int:
        """How many bytes the release has; it is not read for that.

        Raises:
            UnknownReleaseError: none has this id.
        """
        wanted = select(func.length(releases.c.document)).where(releases.c.id == identifier)
        with self.store.reading() as connection:
            found = connection.execute(wanted).scalar()
        if found is None:
            raise UnknownReleaseError
        return int(found)

    def heading(self, identifier: str) -> Shown:
        """The release without its tables, which may be long.

        Raises:
            UnknownReleaseError: none has this id.
        """
        found: Shown = json.loads(self._row(identifier)["heading"])
        return found

    def public_receipt(self, identifier: str) -> bytes:
        """Proof of who took part in what, and of the answer; JSON.

        Raises:
            UnknownReleaseError: none has this id.
        """
        found: bytes = self._row(identifier)["receipt"]
        return found

    def receipt_file(self, identifier: str, known: int | None = None) -> bytes:
        """The public receipt with the proof that it is in the tree; JSON.

        Args:
            identifier: of the release.
            known: the size of a checkpoint that the reader has, to which the file shall lead.

        Raises:
            UnknownReleaseError, NoSuchTreeError: there is no such release or size.
        """
        receipt = self.public_receipt(identifier)
        return self.log.receipt_file(identifier, receipt, self.charters.in_force(), known)

    def proof(self, identifier: str) -> str:
        """The proof alone, as a `tlog-proof`.

        Raises:
            UnknownReleaseError: none has this id.
        """
        return self.log.proof(identifier, self.charters.in_force()).encode()

    def checkpoint(self) -> bytes:
        """The latest checkpoint, a signed note with its cosignatures.

        Raises:
            NoCheckpointError: nothing was released yet.
        """
        return self.log.checkpoint(self.charters.in_force()).encode()

    def consistency(self, old: int, new: int) -> Shown:
        """That the tree of `new` releases begins with the tree of `old`.

        Raises:
            NoSuchTreeError: it never had such a size.
        """
        proof = self.log.consistency(old, new)
        return {"old": proof.old, "new": proof.new, "path": path_shown(proof.path)}

    def leaves(self, first: int) -> Shown:
        """The tree's entries from number `first` on, at most a thousand."""
        return {"first": first, "leaves": list(self.log.leaves(first, LEAVES))}

    def receipt_pieces(self, identifier: str, kind: ReceiptKind) -> Iterator[bytes]:
        """A receipt in pieces of at most `CHUNK_BYTES`; the members' one as it is sealed.

        Raises:
            UnknownReleaseError: none has this id, or its members' receipt is past its retention.
        """
        match kind:
            case ReceiptKind.PUBLIC:
                receipt = self.receipt_file(identifier)
                return (
                    receipt[at : at + CHUNK_BYTES] for at in range(0, len(receipt), CHUNK_BYTES)
                )
            case ReceiptKind.MEMBERS:
                path = members_receipt_path(self.folder, str(self._row(identifier)["id"]))
                if not path.exists():
                    raise UnknownReleaseError
                return _pieces(path)

    def delete_receipts(self, published_before: int) -> None:
        """Delete members' receipts past their retention, or whose release never came to be.

        Not while an attempt runs: its receipt is on disk before its release is recorded.
        """
        kept = self._receipts_of(releases.c.published >= published_before)
        for path in self.folder.iterdir():
            if path.name not in kept:
                path.unlink()

    def delete_expired_receipts(self, published_before: int) -> int:
        """Delete members' receipts past their retention, at any time; how many there were.

        Raises:
            DiskError: one cannot be deleted; those before it are.
        """
        expired = self._receipts_of(releases.c.published < published_before)
        found = [path for path in self.folder.iterdir() if path.name in expired]
        for path in found:
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise DiskError(path.name, error.strerror or "cannot be deleted") from error
        return len(found)

    def _receipts_of(self, which: ColumnElement[bool]) -> frozenset[str]:
        with self.store.reading() as connection:
            found = connection.execute(select(releases.c.id).where(which)).scalars()
            return frozenset(members_receipt_path(self.folder, one).name for one in found)

    def _row(self, identifier: str) -> RowMapping:
        with self.store.reading() as connection:
            row = (
                connection.execute(select(releases).where(releases.c.id == identifier))
                .mappings()
                .first()
            )
        if row is None:
            raise UnknownReleaseError
        return row


@dataclass(frozen=True, slots=True, kw_only=True)
class Publisher:
    """Turns a sum into what is published.

    Attributes:
        folder: of the members' receipts.
        receipts_before: of the earlier releases of a standing series, in order.
        sign: with the coordinator's signing key.
        now: seconds since 1970 UTC.
    """

    catalogue: Catalogue
    folder: Path
    receipts_before: Callable[[Question], Sequence[bytes]]
    sign: Sign
    random_bytes: RandomBytes
    now: Callable[[], int]

    def publish(
        self, prepared: Prepared, proposal: Proposal, outcome: Sum | Figures
    ) -> Publication:
        """The release with its receipts; of a sum the members' one is on disk afterwards.

        Raises:
            DiskError: the members' receipt cannot be written. There is no release then.
        """
        if isinstance(outcome, Figures):
            return self._publish_figures(prepared, proposal, outcome)
        words = outcome.unmasked.words
        survivors = words.survivors.survivors
        identifier = release_id(proposal)
        receipt = make_public_receipt(
            proposal,
            words,
            outcome.total,
            self.sign,
            charter=prepared.charter,
            named=outcome.named,
            published_at=self.now(),
        ).encode()
        self._write_members_receipt(identifier, prepared, receipt, outcome)
        document = self._document(prepared, proposal, outcome)
        document["receipt_digest"] = receipt_digest(receipt).hex()
        return Publication(
            id=identifier,
            session=proposal.header.session,
            participants={
                one.country: one.edition
                for one in words.settled.roster.acceptances
                if one.country in survivors
            },
            document=json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode(),
            receipt=receipt,
        )

    def _publish_figures(
        self, prepared: Prepared, proposal: Proposal, outcome: Figures
    ) -> Publication:
        receipt = make_country_receipt(
            proposal,
            outcome.settled,
            outcome.words,
            outcome.vectors,
            self.sign,
            charter=prepared.charter,
            refused=outcome.refused,
            published_at=self.now(),
        ).encode()
        document = self._figures_document(prepared, proposal, outcome)
        document["receipt_digest"] = receipt_digest(receipt).hex()
        return Publication(
            id=str(document["id"]),
            session=proposal.header.session,
            participants={
                one.country: one.edition
                for one in outcome.settled.roster.acceptances
                if one.country in outcome.words
            },
            document=json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode(),
            receipt=receipt,
        )

    def _figures_document(self, prepared: Prepared, proposal: Proposal, outcome: Figures) -> Shown:
        """The release: each country's tables with their own margins, and who gave none."""
        charter, parameters = prepared.charter, outcome.settled.parameters
        domains = make_domains(self.catalogue, charter)
        given = frozenset(outcome.words)
        planned = forecast(
            prepared.plan, domains, charter, prepared.rho, len(given), scope=Scope.PER_COUNTRY
        )
        return {
            **self._heading(prepared, proposal),
            "countries": [
                {
                    "country": country,
                    "name": charter.member(country).name,
                    "tables": decode_answer(
                        prepared.plan, domains, parameters, 1, vector, reduced=0
                    ).to_json(),
                }
                for country, vector in sorted(outcome.vectors.items())
            ],
            "refused": [
                {"country": country, "name": charter.member(country).name, "code": code or None}
                for country, code in sorted(outcome.refused.items())
            ],
            "guarantee": show_guarantee(planned),
            "participants": _participants(charter, outcome.settled.roster, given),
            "survivors": sorted(given),
            "reduced": [],
            "ratio": 1.0,
            "named": [],
        }

    def _heading(self, prepared: Prepared, proposal: Proposal) -> Shown:
        """What every release begins with: what was asked, by whom, under which charter."""
        queued, charter = prepared.queued, prepared.charter
        return {
            "id": release_id(proposal),
            "region": charter.region,
            "synthetic": charter.synthetic,
            "published_at": iso(self.now()),
            "question_id": queued.id,
            "question": canonical.decode(queued.question, "question"),
            "question_digest": queued.digest.hex(),
            "session": proposal.header.session.hex(),
            "scope": queued.scope,
            "purpose": queued.purpose,
            "organisation": queued.organisation,
            "charter": {"version": charter.version, "digest": charter.digest.hex()},
        }

    def _write_members_receipt(
        self, identifier: str, prepared: Prepared, receipt: bytes, outcome: Sum
    ) -> None:
        vectors = {country: _pieces(path) for country, path in outcome.inputs.items()}
        pieces = members_receipt(receipt, outcome.unmasked.words, vectors)
        recipients = {m.country: m.encryption_key for m in prepared.charter.members}
        path = members_receipt_path(self.folder, identifier)
        write_sealed(path, pieces, recipients, self.random_bytes)

    def _document(self, prepared: Prepared, proposal: Proposal, outcome: Sum) -> Shown:
        words = outcome.unmasked.words
        survivors = words.survivors.survivors
        parameters = words.parameters
        domains = make_domains(self.catalogue, prepared.charter)
        ratio = round(math.sqrt(noise_ratio(parameters, len(survivors), len(words.reduced))), 4)
        planned = forecast(
            prepared.plan, domains, prepared.charter, prepared.rho, parameters.roster_size
        )
        before = [parse_public_receipt(one) for one in self.receipts_before(prepared.question)]
        tables = released_answer(
            prepared.plan,
            domains,
            parameters,
            len(survivors),
            outcome.total,
            reduced=len(words.reduced),
            before=before,
        ).to_json()
        series: Shown = {}
        if prepared.plan.turn is not None:
            series = {"series": place_in_series(prepared.question, before)}
        else:  # a forecast of a series is of its last release
            for table, expected in zip(tables, planned.tables, strict=True):
                table["central_margin"] = float(expected.central_margin)
        return {
            **self._heading(prepared, proposal),
            **series,
            "tables": tables,
            "guarantee": show_guarantee(planned),
            "participants": _participants(prepared.charter, words.settled.roster, survivors),
            "survivors": sorted(survivors),
            "reduced": sorted(words.reduced),
            "ratio": ratio,
            "named": list(outcome.named),
        }


def _shows_asker(row: Row[Any] | KeptRelease, reader: Reader | None) -> bool:
    """Whether the reader sees why a release was asked for, and in whose name."""
    if reader is None or reader.sees_askers:
        return True
    if row.asked_by is None or row.organisation is None:
        return False
    return reader.sees_asker_of(row.organisation, row.asked_by)


def show_guarantee(planned: Forecast) -> Shown:
    """What was promised to every person, as numbers and fractions."""
    return {
        "rho": str(planned.rho.value),
        "epsilon": planned.epsilon,
        "delta": str(planned.delta),
        "nodes_per_person": planned.nodes_per_person,
        "rho_regional": str(planned.rho_regional.value),
        "epsilon_regional": planned.epsilon_regional,
        "rho_alone": float(planned.rho_alone.value),
        "dropouts": planned.dropouts,
        "colluders": planned.colluders,
    }


def _participants(
    charter: Charter, roster: Roster, survivors: frozenset[CountryCode]
) -> list[Shown]:
    return [
        {
            "country": one.country,
            "name": charter.member(one.country).name,
            "edition": one.edition,
            "consent_rule": one.consent_rule,
            "survived": one.country in survivors,
        }
        for one in roster.acceptances
    ]


def members_receipt_path(folder: Path, identifier: str) -> Path:
    """Where the members' receipt of a release lies."""
    return folder / f"{identifier}.members"


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(CHUNK_BYTES):
            yield piece
