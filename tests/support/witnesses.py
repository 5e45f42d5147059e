"""Members that witness each other, without a network: real ledgers, journals, books and desks.

A `Copy` is one process under one country's key, in a folder of its own. Copying the folder and
opening it again is what a restored backup or a cloned machine does. `carry` is a coordinator that
passes on what it wants to.
"""

import shutil
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from random import Random

from corridor.errors.ledger import BrokenChainError, LedgerForkError, UnknownEntriesError
from corridor.ids import CountryCode
from corridor.node.evidence_desk import EvidenceDesk
from corridor.node.journal import Journal
from corridor.node.ledger import Ledger
from corridor.node.tree_book import TreeBook
from corridor.node.witness_book import WitnessBook
from corridor.node.witness_desk import WitnessDesk
from corridor.protocols.charter import Charter
from corridor.protocols.contradictions import ContradictionTold
from corridor.protocols.witnesses import LedgerEntries, WitnessAnswer
from support.charters import node_keys
from support.ledgers import open_ledger
from support.signing import KeyPair, verify


class Copy:
    """One process of a country's node."""

    def __init__(
        self,
        folder: Path,
        country: CountryCode,
        charter: Charter,
        clock: Callable[[], datetime],
        seed: object = 0,
        *,
        before: Sequence[Charter] = (),
        keys: KeyPair | None = None,
    ) -> None:
        self.keys = keys or node_keys(country)
        self.before, self.handed_over = before, 0
        folder.mkdir(exist_ok=True)
        self.folder, self.country, self.charter, self.clock = folder, country, charter, clock
        self.seed = seed
        self.open()

    def open(self) -> None:
        """What `serve` does first."""
        keys, former = self.keys, self.charter.member(self.country).keys[:-1]
        self.status = ""
        self.ledger: Ledger = open_ledger(
            self.folder / "ledger.sqlite3",
            self.clock,
            country=self.country,
            keys=keys,
            former=former,
        )
        self.journal = Journal(
            self.folder / "journal.sqlite3",
            self.country,
            sign=keys.sign,
            key=keys.public,
            verify=verify,
            clock=self.clock,
            former=former,
        )
        self.book = WitnessBook(self.folder / "witness.sqlite3", verify)
        self.tree = TreeBook(self.folder / "tree.sqlite3")
        self.desk = WitnessDesk(
            me=self.country,
            charter=self.charter,
            ledger=self.ledger,
            book=self.book,
            journal=self.journal,
            sign=keys.sign,
            verify=verify,
            random_bytes=Random(f"{self.country} {self.seed}").randbytes,
            show=self._show,
            evidence=EvidenceDesk(
                me=self.country,
                charter=self.charter,
                book=self.book,
                tree=self.tree,
                journal=self.journal,
                verify=verify,
                clock=self.clock,
                show=self._show_evidence,
            ),
            before=self.before,
            handed_over=self._on_handed_over,
        )

    def _on_handed_over(self) -> None:
        self.handed_over += 1

    def _show(self, line: str) -> None:
        self.status = line

    def _show_evidence(self, line: str) -> None:
        self.evidence = line

    def close(self) -> None:
        """The process ends."""
        for part in (self.ledger, self.journal, self.book, self.tree):
            part.close()

    def restart(self) -> None:
        """It is killed, and comes back on the same disk."""
        self.close()
        self.seed = f"{self.seed}'"
        self.open()

    def clone(self, folder: Path, seed: object) -> "Copy":
        """Another process on a copy of this disk as it is now."""
        self.close()
        shutil.copytree(self.folder, folder)
        self.open_again()
        return Copy(
            folder, self.country, self.charter, self.clock, seed, before=self.before, keys=self.keys
        )

    def goes_over(self, charter: Charter, keys: KeyPair | None = None) -> None:
        """A charter comes into force: the same disk, perhaps under other keys."""
        self.close()
        self.before = (*self.before, self.charter)
        self.charter, self.keys = charter, keys or self.keys
        self.seed = f"{self.seed}'"
        self.open()

    def open_again(self) -> None:
        """As `restart`."""
        self.seed = f"{self.seed}'"
        self.open()

    @property
    def journalled(self) -> list[str]:
        """The kinds of the journal's entries."""
        return [row.kind for row in self.journal.rows()]


def carry(entries: Iterable[LedgerEntries], to: Iterable[Copy]) -> None:
    """Show these entries to these members; who is shown a fork, gap or forgery keeps nothing."""
    said = list(entries)
    for member in to:
        for message in said:
            try:
                list(member.desk.on_entries(message))
            except (LedgerForkError, UnknownEntriesError, BrokenChainError):
                break


def ask(asker: Copy, members: Iterable[Copy]) -> None:
    """The asker's question after a start, answered by these members, and again if it asks again."""
    questions = [asker.desk.ask()]
    while questions:
        question = questions.pop()
        for member in list(members):
            for said in list(member.desk.on_ask(question)):
                if isinstance(said, WitnessAnswer):
                    for more in list(asker.desk.on_answer(said)):
                        if isinstance(more, ContradictionTold):
                            show(more, [member])
                        else:
                            questions.append(more)
                elif isinstance(said, ContradictionTold):
                    show(said, [asker])
                else:
                    carry([said], [asker])


def show(told: ContradictionTold, to: Iterable[Copy], back: Copy | None = None) -> None:
    """Show a contradiction to these members; their confirmations go `back`, if anywhere."""
    for member in to:
        for answer in list(member.desk.on_told(told)):
            if back is not None:
                assert not list(back.desk.on_answer(answer))
