"""What this node was asked, decided and let out: a signed chain, readable and exportable.

It names sessions, hashes, amounts of ρ, editions and codes. It holds nothing of the data: no
count, no cell, no person (ATTACKS 37), so that it can be shown to whoever asks.

An export is JSON lines: first who signs (country and public key), then the entries; `verify_export`
needs nothing else than the key that the reader trusts. Where the node's keys were rotated, the key
of now has signed the entries of before again: their digests, and so the chain, are the same.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from corridor.errors.ledger import BrokenChainError
from corridor.ids import CountryCode, Digest, EditionId, PublicKey, SessionId, Signature
from corridor.node.chain_store import ChainStore
from corridor.protocols import canonical
from corridor.protocols.canonical import Json, fraction_text
from corridor.protocols.cards import Card, parse_card
from corridor.protocols.chains import BEGINNING, Entry, verify_chain
from corridor.protocols.secure_sum.messages import Acceptance, LedgerStatement, Proposal
from corridor.protocols.suite import Sign, Verify

CHAIN = "journal"


@dataclass(frozen=True, slots=True)
class JournalRow:
    """One entry, for people. `details` are name and value pairs."""

    number: int
    at: datetime
    kind: str
    session: str
    details: Mapping[str, Any]


class Journal:
    """The journal of one node.

    Raises:
        BrokenChainError: the file is not as it was written.
        LedgerDiskError: it cannot be opened or written.
    """

    def __init__(
        self,
        path: Path,
        country: CountryCode,
        *,
        sign: Sign,
        key: PublicKey,
        verify: Verify,
        clock: Callable[[], datetime],
        former: Sequence[PublicKey] = (),
    ) -> None:
        # `former`: the node's keys before `key`, the first one first; entries under them stay.
        self._country = country
        self._key = key
        self._clock = clock
        self._store = ChainStore(path, CHAIN, sign=sign, key=key, verify=verify, former=former)

    def close(self) -> None:
        """Let go of the file."""
        self._store.close()

    def __enter__(self) -> Self:
        """The journal itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def proposed(self, proposal: Proposal, facts: Mapping[str, Json] | None = None) -> None:
        """A question was put to this node; what is claimed of it, believed or not.

        `facts` are what a policy looks at besides, where the question could be read.
        """
        header = proposal.header
        self._add(
            "proposed",
            header.session,
            question=header.question.hex(),
            plan=header.plan.hex(),
            charter=header.charter.hex(),
            rho=fraction_text(header.rho),
            scope=header.scope.value,
            organisation=header.organisation,
            purpose=header.purpose,
            **(facts or {}),
        )

    def waits(self, session: SessionId, approval: str, binding: Digest, needs: int) -> None:
        """A question waits for people; `binding` covers all that they are shown of it."""
        self._add("waits", session, approval=approval, binding=binding.hex(), needs=needs)

    def approved(self, approval: str, binding: Digest, person: str, given: int, needs: int) -> None:
        """A person of the authority approved a question: the so many-th of so many."""
        self._add(
            "approved",
            None,
            approval=approval,
            binding=binding.hex(),
            by=person,
            given=given,
            needs=needs,
        )

    def denied(self, approval: str, binding: Digest, person: str) -> None:
        """A person of the authority denied a question."""
        self._add("denied", None, approval=approval, binding=binding.hex(), by=person)

    def policy_read(self, policy: Digest) -> None:
        """The rules of this file (its SHA-256) are in force from now on."""
        self._add("policy_read", None, policy=policy.hex())

    def accepted(
        self, session: SessionId, acceptance: Acceptance, approval: str | None = None
    ) -> None:
        """This node takes part; `approval` names what its people approved, where they had to."""
        rests_on = {} if approval is None else {"approval": approval}
        self._add(
            "accepted",
            session,
            edition=acceptance.edition,
            consent_rule=acceptance.consent_rule,
            ledger_entry=acceptance.statement.sequence,
            **rests_on,
        )

    def refused(self, session: SessionId, code: str) -> None:
        """This node does not take part, or no longer."""
        self._add("refused", session, code=code)

    def let_out(self, session: SessionId) -> None:
        """The debit is made; the masked input leaves now."""
        self._add("let_out", session)

    def left_late(self, session: SessionId, after_seconds: float) -> None:
        """Counting took longer than the first slot of replies: a later one was used."""
        self._add("left_late", session, after_seconds=f"{after_seconds:g}")

    def released(self, session: SessionId, release: str, receipt: Digest) -> None:
        """The coordinator says that the answer is published."""
        self._add("released", session, release=release, receipt=receipt.hex())

    def failed(self, session: SessionId, code: str) -> None:
        """The attempt ended without an answer."""
        self._add("failed", session, code=code)

    def cosigned(self, size: int, root: Digest) -> None:
        """This node vouches that the region's tree of releases is this one."""
        self._add("cosigned", None, size=size, root=root.hex())

    def checkpoint_refused(self, code: str, held: int) -> None:
        """A checkpoint was not cosigned; `held` is the size of the tree that this node knows."""
        self._add("checkpoint_refused", None, code=code, held=held)

    def evidence_settled(self, count: int, words: str) -> None:
        """The operator has talked to the other members about the coordinator's contradictions."""
        self._add("evidence_settled", None, count=count, words=words)

    def series_left(self, series: str) -> None:
        """The operator destroyed what a standing series had counted: it cannot go on here."""
        self._add("series_left", None, series=series)

    def charter_accepted(self, charter: Digest, version: int) -> None:
        """The operator accepted a charter."""
        self._add("charter_accepted", None, charter=charter.hex(), version=version)

    def forked(self, country: CountryCode) -> None:
        """A ledger has two histories, or the coordinator (no country) said two things.

        The evidence is kept.
        """
        self._add("forked", None, country=country or "coordinator")

    def evidence_taken(self, country: CountryCode, told_by: str) -> None:
        """Another member showed that a member, or the coordinator (no country), said two things."""
        self._add("evidence_taken", None, country=country or "coordinator", told_by=told_by)

    def evidence_refused(self, code: str, told_by: str) -> None:
        """What another member showed as evidence convicts nobody; nothing of it was kept."""
        self._add("evidence_refused", None, code=code, told_by=told_by)

    def evidence_missing(self, country: CountryCode) -> None:
        """A member signed that it can show evidence which did not reach this node."""
        self._add("evidence_missing", None, country=country)

    def ledger_recovered(self, before: int, after: int) -> None:
        """Entries of this node's ledger that its disk had lost came back from the members."""
        self._add("ledger_recovered", None, entries_before=before, entries_after=after)

    def imported(self, edition: EditionId) -> None:
        """An edition became current."""
        self._add("imported", None, edition=edition)

    def edition_erased(self, edition: EditionId, why: str, by: str = "") -> None:
        """The key of an edition was destroyed: by an operator, or by the rule of retention."""
        self._add("edition_erased", None, edition=edition, why=why, by=by)

    def person_request(self, kind: str, edition: EditionId | None, by: str = "") -> None:
        """A person's request was carried out; whose, and how many rows, is kept nowhere.

        `kind` is erase or correct, `edition` the one that followed, `by` whoever carried it out.
        """
        self._add("person_request", None, request=kind, edition=edition, by=by)

    def backed_up(self, edition: EditionId | None, *, left_out: bool = False) -> None:
        """A backup of the whole home was written, with this edition of the case data.

        With none where there was none yet, or where it was `left_out` on purpose.
        """
        self._add(
            "backed_up",
            None,
            with_data=edition is not None,
            edition=edition or "",
            left_out=left_out,
        )

    def backup_checked(self, backup_at: str, code: str) -> None:
        """A backup of that time was exercised; `code` says why it cannot be restored, if so."""
        self._add("backup_checked", None, backup_at=backup_at, code=code)

    def restored(self, backup_at: str) -> None:
        """The home is what a backup of that time held; the journal's entries since are not here."""
        self._add("restored", None, backup_at=backup_at)

    @property
    def head(self) -> tuple[int, Digest]:
        """How many entries there are, and the digest of the last."""
        last = self._store.last()
        return (0, BEGINNING) if last is None else (last.number, last.digest)

    def entries(self) -> Iterator[Entry]:
        """Every entry, from the first, under a signature of the node's key of now."""
        return self._store.vouched(self._store.entries())

    def retired(self, last: LedgerStatement, by: str) -> None:
        """This node leaves for good; `last` is its ledger's last signed statement."""
        self._add("retired", None, by=by, ledger=last.to_json())

    def rotated(
        self, what: str, key: PublicKey | None = None, former: PublicKey | None = None
    ) -> None:
        """A key was replaced by a new one, and the old one destroyed.

        `key` and `former` are the signing keys, where they are what was rotated: this entry is the
        first that the new one signs.
        """
        named = {name: one.hex() for name, one in (("key", key), ("former", former)) if one}
        self._add("rotated", None, what=what, **named)

    def has_rotated_to(self, key: PublicKey) -> bool:
        """Whether an entry says that the node went over to this signing key."""
        return any(
            row.kind == "rotated" and row.details.get("key") == key.hex() for row in self.rows()
        )

    def sealed(self, how: str) -> None:
        """The private keys are kept otherwise: passphrase, key-file, credential or none."""
        self._add("sealed", None, how=how)

    def people_changed(self, change: str, name: str, roles: Iterable[str], by: str) -> None:
        """An account of this node's staff was added, changed, locked or begun anew."""
        self._add("people_changed", None, change=change, name=name, roles=sorted(roles), by=by)

    def policy_changed(self, digest: Digest, by: str) -> None:
        """The policy was written anew in the console; its SHA-256, and whose doing it was."""
        self._add("policy_changed", None, policy=digest.hex(), by=by)

    def started(self, version: str) -> None:
        """`serve` began."""
        self._add("started", None, version=version)

    def rows(self, after: int = 0) -> Iterator[JournalRow]:
        """Every entry behind that number, for people, from the first."""
        return map(_row, self._store.entries(after))

    def sessions_let_out(self) -> frozenset[SessionId]:
        """The attempts whose debit was made, because their masked input was let out."""
        return frozenset(
            SessionId(bytes.fromhex(row.session)) for row in self.rows() if row.kind == "let_out"
        )

    def export(self, card: Card | None = None) -> Iterator[str]:
        """The journal as lines of JSON, to be verified by whoever trusts this node's key.

        With the card, whoever knows its fingerprint alone can, too.
        """
        head = {"country": self._country, "signing_key": self._key.hex()}
        if card is not None:
            head["card"] = card.encode().decode()
        yield json.dumps(head, ensure_ascii=False)
        for entry in self.entries():
            yield json.dumps(
                {
                    "number": entry.number,
                    "previous": entry.previous.hex(),
                    "payload": entry.payload.decode(),
                    "signature": entry.signature.hex(),
                },
                ensure_ascii=False,
            )

    def _add(self, kind: str, session: SessionId | None, **details: Json) -> None:
        at = self._clock().astimezone(UTC).isoformat(timespec="seconds")
        named = {} if session is None else {"session": session.hex()}
        with self._store.writing():
            self._store.append(kind, {"at": at, **named, **details}, session)


def verify_export(lines: Iterable[str], key: PublicKey, verify: Verify) -> int:
    """How many entries an export holds, after checking every one against `key`.

    Raises:
        BrokenChainError: it is no export, of another key, or was changed.
    """
    found = parse_export(lines)
    if found.key != key:
        raise BrokenChainError(CHAIN, 0, "is of another node's key")
    return len(found.verified(verify))


@dataclass(frozen=True, slots=True)
class Export:
    """An exported journal, read and not believed.

    Attributes:
        key: that it says to be signed with.
        card: that it shows; None in exports of older versions.
    """

    country: str
    key: bytes
    card: Card | None
    entries: tuple[Entry, ...] = field(repr=False)

    def verified(self, verify: Verify) -> list[JournalRow]:
        """Every entry for people, after checking all of them against its key.

        Raises:
            BrokenChainError: it was changed.
        """
        verify_chain(self.entries, CHAIN, PublicKey(self.key), verify)
        return [_row(entry) for entry in self.entries]


def parse_export(lines: Iterable[str]) -> Export:
    """What an export says, before anything of it is verified.

    Raises:
        BrokenChainError: it is no export.
        MalformedCardError: the card that it shows is none.
    """
    iterator = iter(lines)
    try:
        header = json.loads(next(iterator))
        entries = tuple(_parse(line) for line in iterator if line.strip())
        country, key = str(header["country"]), bytes.fromhex(header["signing_key"])
        card = header.get("card")
    except (StopIteration, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BrokenChainError(CHAIN, 0, "is not an export of a journal") from error
    shown = (
        None
        if card is None
        else parse_card(str(card).encode("utf-8", "replace"), "the journal's card")
    )
    return Export(country, key, shown, entries)


def _parse(line: str) -> Entry:
    values = json.loads(line)
    return Entry(
        CHAIN,
        int(values["number"]),
        Digest(bytes.fromhex(values["previous"])),
        str(values["payload"]).encode(),
        Signature(bytes.fromhex(values["signature"])),
    )


def _row(entry: Entry) -> JournalRow:
    value = canonical.decode(entry.payload, f"journal entry {entry.number}")
    assert isinstance(value, Mapping)  # noqa: S101  # its signature was verified at the start
    details = dict(value)
    return JournalRow(
        entry.number,
        datetime.fromisoformat(str(details.pop("at"))),
        str(details.pop("kind")),
        str(details.pop("session", "")),
        details,
    )
