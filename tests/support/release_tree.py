"""A log of releases that its coordinator keeps honestly, or not, and a member that cosigns it.

`python tests/support/release_tree.py` (with `tests` on the path) writes the vectors in
`tests/vectors/release_tree` anew: an honest next checkpoint, and what a liar would send instead.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from corridor.coordinator.release_log import ReleaseLog
from corridor.coordinator.store import Store
from corridor.ids import CountryCode, Digest, SessionId, Signature
from corridor.node.cosigning_desk import CosigningDesk
from corridor.node.journal import Journal
from corridor.node.status import Status, StatusBoard
from corridor.node.tree_book import TreeBook
from corridor.protocols.charter import Charter
from corridor.protocols.merkle import Tree, leaf_hash
from corridor.protocols.notes import (
    LOG_SIGNATURE,
    Checkpoint,
    Note,
    NoteSignature,
    cosign,
    key_id,
    sign_checkpoint,
)
from corridor.protocols.release_tree import log_of, origin_of, release_leaf
from corridor.transport.messages import CheckpointToCosign, Cosigned, Inclusion, TreeStanding
from support.charters import COORDINATOR, keys_of, make_charter, node_keys
from support.ledgers import TestClock
from support.signing import KeyPair, verify

VECTORS = Path(__file__).parents[1] / "vectors" / "release_tree"
BG, MD, UA = map(CountryCode, ("BG", "MD", "UA"))
FIVE = tuple(map(CountryCode, ("BG", "MD", "NE", "RO", "UA")))


@cache
def charter_of_five() -> Charter:
    """Five members, of whom one may lie: four cosignatures are enough."""
    return make_charter(countries=FIVE)


def make_log(store: Store) -> ReleaseLog:
    """The coordinator's log over a store."""
    return ReleaseLog(store=store, key=COORDINATOR.public, sign=COORDINATOR.sign, verify=verify)


def session_of(number: int) -> SessionId:
    """The session of release `number`."""
    return SessionId(number.to_bytes(16, "big"))


def leaf_of(number: int, view: str = "") -> bytes:
    """The entry of release `number`; another view of it has another receipt."""
    return release_leaf(session_of(number), receipt_of(number, view))


def receipt_of(number: int, view: str = "") -> Digest:
    """The digest of its receipt."""
    return leaf_hash(f"receipt {number} {view}".encode())


class Liar:
    """The coordinator's key with any tree behind it: `entries` are the leaves that it shows."""

    def __init__(self, charter: Charter, entries: Iterable[bytes]) -> None:
        self.charter = charter
        self.entries = list(entries)
        self.tree = Tree(map(leaf_hash, self.entries))

    @classmethod
    def honest(cls, charter: Charter, size: int) -> "Liar":
        """The tree that everybody should see."""
        return cls(charter, [leaf_of(number) for number in range(size)])

    def note(self, size: int | None = None, *, cosigners: Iterable[CountryCode] = ()) -> Note:
        """A signed checkpoint, cosigned by these."""
        size = self.tree.size if size is None else size
        checkpoint = Checkpoint(origin_of(COORDINATOR.public), size, self.tree.root(size))
        note = sign_checkpoint(checkpoint, COORDINATOR.public, COORDINATOR.sign)
        log = log_of(self.charter)
        lines = [
            cosign(note.text, 1_700_000_000, node_keys(country).sign).line(
                log.witness_name(country), log.witnesses[country]
            )
            for country in cosigners
        ]
        return note.adding(*lines)

    def offer(
        self,
        old: int,
        size: int | None = None,
        *,
        show: Iterable[int] = (),
        cosigners: Iterable[CountryCode] = (),
    ) -> CheckpointToCosign:
        """What is sent to a node that knows `old` leaves; `show` are the places proven."""
        size = self.tree.size if size is None else size
        start = min(old, size)
        return CheckpointToCosign(
            old_size=start,
            consistency=self.tree.consistency_proof(start, size),
            note=self.note(size, cosigners=cosigners).encode(),
            inclusions=tuple(
                Inclusion(session_of(number), number, self.tree.inclusion_proof(number, size))
                for number in show
            ),
        )


# ---------------------------------------------------------------- a member


class Member:
    """A member's cosigning desk over real files; `restart` is what a kill leaves of it."""

    def __init__(self, home: Path, charter: Charter, country: CountryCode = MD) -> None:
        home.mkdir(exist_ok=True)
        self.home, self.charter, self.country = home, charter, country
        self.clock = TestClock(datetime(2026, 3, 1, 12, tzinfo=UTC))
        self.open()

    def open(self) -> None:
        listed = self.charter.member(self.country)
        keys = keys_of(listed)
        self.book = TreeBook(self.home / "tree.sqlite3")
        self.journal = Journal(
            self.home / "journal.sqlite3",
            self.country,
            sign=keys.sign,
            key=keys.public,
            verify=verify,
            clock=self.clock,
            former=listed.keys[:-1],
        )
        self.board = StatusBoard(
            self.home / "status.json",
            Status(
                country=self.country,
                process=1,
                link="connected",
                detail="",
                since=self.clock(),
                charter="in force",
                edition=None,
            ),
        )
        self.desk = CosigningDesk(
            me=self.country,
            charter=lambda: self.charter,
            book=self.book,
            journal=self.journal,
            board=self.board,
            sign=keys.sign,
            verify=verify,
            clock=self.clock,
        )

    def close(self) -> None:
        self.book.close()
        self.journal.close()

    def restart(self) -> None:
        """Nothing is closed in order: the files are opened again as they lie there."""
        self.close()
        self.open()

    def cosigned(self, offer: CheckpointToCosign) -> Cosigned:
        """Its cosignature, which must come."""
        answer = self.desk.on_checkpoint(offer)
        assert isinstance(answer, Cosigned), answer
        return answer

    def refusal(self, offer: CheckpointToCosign) -> str:
        """The code with which it refuses, once the coordinator was asked and did not mend it."""
        answer = self.desk.on_checkpoint(offer)
        if isinstance(answer, TreeStanding) and not answer.code:
            answer = self.desk.on_checkpoint(offer)
        assert isinstance(answer, TreeStanding), answer
        return answer.code

    @property
    def journalled(self) -> list[str]:
        """The kinds of the journal's entries, in order."""
        return [row.kind for row in self.journal.rows()]


# ---------------------------------------------------------------- vectors

Json = dict[str, Any]
HELD = 5


def bend_note(offer: CheckpointToCosign, bend: Callable[[str], str]) -> CheckpointToCosign:
    """The offer with another text in place of its note."""
    return replace(offer, note=bend(offer.note.decode()).encode())


def split_view(charter: Charter) -> CheckpointToCosign:
    """Of one size, with another last release."""
    entries = [leaf_of(number) for number in range(HELD - 1)]
    return Liar(charter, [*entries, leaf_of(HELD - 1, "another")]).offer(HELD)


def truncated_tree(charter: Charter) -> CheckpointToCosign:
    """The last release is cut off, and others put behind."""
    entries = [leaf_of(number) for number in (*range(HELD - 1), 10, 11)]
    return Liar(charter, entries).offer(HELD)


def reordered_leaves(charter: Charter) -> CheckpointToCosign:
    """Two releases change places, and one is added."""
    return Liar(charter, [leaf_of(number) for number in (0, 2, 1, 3, 4, 5)]).offer(HELD)


def rollback(charter: Charter) -> CheckpointToCosign:
    """An old checkpoint, rightly signed, is shown again."""
    return Liar.honest(charter, HELD - 1).offer(HELD)


def swapped_cosignature(charter: Charter) -> CheckpointToCosign:
    """One member's cosignature stands under another's name."""
    log, liar = log_of(charter), Liar.honest(charter, HELD + 1)
    note = liar.note()
    word = cosign(note.text, 1_700_000_000, node_keys(BG).sign)
    line = word.line(log.witness_name(UA), log.witnesses[UA])
    return replace(liar.offer(HELD, show=[HELD]), note=note.adding(line).encode())


def cosignature_of_another_time(charter: Charter) -> CheckpointToCosign:
    """A cosignature is said to be newer than it is."""
    log, liar = log_of(charter), Liar.honest(charter, HELD + 1)
    note = liar.note()
    word = cosign(note.text, 1_700_000_000, node_keys(BG).sign)
    newer = replace(word, timestamp=1_800_000_000)
    line = newer.line(log.witness_name(BG), log.witnesses[BG])
    return replace(liar.offer(HELD, show=[HELD]), note=note.adding(line).encode())


def cosignature_by_a_stranger(charter: Charter) -> CheckpointToCosign:
    """Somebody who is no member signs under a member's name and key id."""
    log, liar = log_of(charter), Liar.honest(charter, HELD + 1)
    note = liar.note()
    word = cosign(note.text, 1_700_000_000, KeyPair("a stranger").sign)
    line = word.line(log.witness_name(BG), log.witnesses[BG])
    return replace(liar.offer(HELD, show=[HELD]), note=note.adding(line).encode())


def inclusion_of_another_leaf(charter: Charter) -> CheckpointToCosign:
    """The awaited release is left out; the proof shown under its session is another's."""
    entries = [*map(leaf_of, range(HELD)), leaf_of(9)]
    liar = Liar(charter, entries)
    shown = Inclusion(session_of(HELD), HELD, liar.tree.inclusion_proof(HELD, HELD + 1))
    return replace(liar.offer(HELD), inclusions=(shown,))


def other_receipt(charter: Charter) -> CheckpointToCosign:
    """The awaited release is in the tree with another receipt than was announced."""
    entries = [*map(leaf_of, range(HELD)), leaf_of(HELD, "another")]
    return Liar(charter, entries).offer(HELD, show=[HELD])


def release_left_out(charter: Charter) -> CheckpointToCosign:
    """The tree grows, and the awaited release is not shown in it."""
    return Liar.honest(charter, HELD + 1).offer(HELD)


def other_origin(charter: Charter) -> CheckpointToCosign:
    """The checkpoint is of another log, signed with the coordinator's key."""
    liar = Liar.honest(charter, HELD + 1)
    checkpoint = Checkpoint("corridor-releases/of-another-region", HELD + 1, liar.tree.root())
    note = sign_checkpoint(checkpoint, COORDINATOR.public, COORDINATOR.sign)
    return replace(liar.offer(HELD, show=[HELD]), note=note.encode())


def not_signed_by_the_coordinator(charter: Charter) -> CheckpointToCosign:
    """Somebody else makes a checkpoint of this log."""
    liar = Liar.honest(charter, HELD + 1)
    checkpoint = Checkpoint(origin_of(COORDINATOR.public), HELD + 1, liar.tree.root())
    note = sign_checkpoint(checkpoint, COORDINATOR.public, KeyPair("a stranger").sign)
    return replace(liar.offer(HELD, show=[HELD]), note=note.encode())


def cosignature_for_a_signature(charter: Charter) -> CheckpointToCosign:
    """What the coordinator signed as a cosignature is shown as its signature of the log."""
    liar = Liar.honest(charter, HELD + 1)
    checkpoint = Checkpoint(origin_of(COORDINATOR.public), HELD + 1, liar.tree.root())

    def sign_as_witness(text: bytes) -> Signature:
        return COORDINATOR.sign(b"cosignature/v1\ntime 1700000000\n" + text)

    note = sign_checkpoint(checkpoint, COORDINATOR.public, sign_as_witness)
    return replace(liar.offer(HELD, show=[HELD]), note=note.encode())


def honest_next(charter: Charter) -> CheckpointToCosign:
    """What an honest coordinator would send."""
    return Liar.honest(charter, HELD + 1).offer(HELD, show=[HELD], cosigners=[BG])


def signature_line_twice(charter: Charter) -> CheckpointToCosign:
    """One cosignature is given twice, to count as two."""
    return bend_note(honest_next(charter), lambda text: text + text.splitlines(keepends=True)[-1])


def extra_newline(charter: Charter) -> CheckpointToCosign:
    """An empty line behind the signatures moves them into the text."""
    return bend_note(honest_next(charter), lambda text: text + "\n")


def extension_line(charter: Charter) -> CheckpointToCosign:
    """A line is smuggled in that members would vouch for."""
    liar = Liar.honest(charter, HELD + 1)
    text = liar.note().text + "and this is the true answer\n"
    name = origin_of(COORDINATOR.public)
    line = NoteSignature(
        name, key_id(name, LOG_SIGNATURE, COORDINATOR.public), COORDINATOR.sign(text.encode())
    )
    return replace(liar.offer(HELD, show=[HELD]), note=Note(text, (line,)).encode())


def proof_of_another_pair(charter: Charter) -> CheckpointToCosign:
    """The consistency proof begins where this member is not."""
    return Liar.honest(charter, HELD + 1).offer(HELD - 1, show=[HELD])


NEGATIVE: dict[Callable[[Charter], CheckpointToCosign], tuple[str, str]] = {
    split_view: ("tree.split_view", "two trees of 5 releases that differ"),
    truncated_tree: ("tree.inconsistent", "not proven"),
    reordered_leaves: ("tree.inconsistent", "not proven"),
    rollback: ("tree.older_checkpoint", "a tree of 4 releases after one of 5"),
    swapped_cosignature: ("tree.forged_checkpoint", "the signature of UA"),
    cosignature_of_another_time: ("tree.forged_checkpoint", "the signature of BG"),
    cosignature_by_a_stranger: ("tree.forged_checkpoint", "the signature of BG"),
    inclusion_of_another_leaf: ("tree.release_withheld", "is not shown to be in the tree"),
    other_receipt: ("tree.release_withheld", "is not shown to be in the tree"),
    release_left_out: ("tree.release_withheld", "is not shown to be in the tree"),
    other_origin: ("tree.other_log", "of-another-region"),
    not_signed_by_the_coordinator: ("tree.forged_checkpoint", "the coordinator"),
    cosignature_for_a_signature: ("tree.forged_checkpoint", "the coordinator"),
    signature_line_twice: ("tree.malformed_note", "two signature lines of one key"),
    extra_newline: ("tree.malformed_note", "no text with signature lines"),
    extension_line: ("tree.malformed_note", "must be three lines"),
    proof_of_another_pair: ("tree.proof_from_elsewhere", "begins elsewhere"),
}


def write_vectors() -> None:
    """Write every vector anew."""
    charter = charter_of_five()
    held = Liar.honest(charter, HELD).offer(0)
    common = {"charter": json.loads(charter.encode()), "held": offer_json(held)}
    good = {"offer": offer_json(honest_next(charter)), "awaited": leaf_of(HELD).decode()}
    _write("positive_next_release", {**common, **good})
    for bend, (code, because) in NEGATIVE.items():
        content = {
            "attack": (bend.__doc__ or "").strip(),
            "refused_with": code,
            "because": because,
            "awaited": leaf_of(HELD).decode(),
            "offer": offer_json(bend(charter)),
        }
        _write(f"negative_{bend.__name__}", content)


def offer_json(offer: CheckpointToCosign) -> Json:
    """An offer as the vectors hold it."""
    return {
        "old_size": offer.old_size,
        "consistency": [step.hex() for step in offer.consistency],
        "note": offer.note.decode().splitlines(),
        "inclusions": [
            {
                "session": one.session.hex(),
                "index": one.index,
                "path": [step.hex() for step in one.path],
            }
            for one in offer.inclusions
        ],
    }


def offer_of(value: Json) -> CheckpointToCosign:
    """The offer in a vector."""
    return CheckpointToCosign(
        old_size=value["old_size"],
        consistency=_path(value["consistency"]),
        note="".join(line + "\n" for line in value["note"]).encode(),
        inclusions=tuple(
            Inclusion(SessionId(bytes.fromhex(one["session"])), one["index"], _path(one["path"]))
            for one in value["inclusions"]
        ),
    )


def _path(steps: list[str]) -> tuple[Digest, ...]:
    return tuple(Digest(bytes.fromhex(step)) for step in steps)


def _write(name: str, content: Json) -> None:
    VECTORS.mkdir(exist_ok=True)
    text = json.dumps(content, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    (VECTORS / f"{name}.json").write_text(text, "utf-8")


if __name__ == "__main__":
    write_vectors()
