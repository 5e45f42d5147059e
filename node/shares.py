"""What organisations and purposes may take of a year's allowance: fairness, no protection.

Who asks, and why, is the coordinator's word, and askers may talk to each other: no accounting per
asker protects anybody (ATTACKS 15). What protects is the one allowance of the node. A share only
keeps one asker from spending what all the others would have asked with.

A share is of whoever's organisation (or purpose) contains its name, whatever the case. The share
named `*` is of every other organisation (or purpose), of each by itself.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

OTHERS = "*"
"""The name of the share of everybody who fits no other one."""


class Kind(StrEnum):
    """What a share is of."""

    ORGANISATION = "organisation"
    PURPOSE = "purpose"


@dataclass(frozen=True, slots=True, order=True)
class Asker:
    """Who asked, and why, says the coordinator."""

    organisation: str
    purpose: str

    def text(self, kind: Kind) -> str:
        """The word that shares of this kind look at."""
        return self.organisation if kind is Kind.ORGANISATION else self.purpose


UNNAMED = Asker("", "")
"""Of an entry from before askers were recorded."""


@dataclass(frozen=True, slots=True)
class Share:
    """ρ that may be spent in a year on what this name fits."""

    kind: Kind
    name: str
    per_year: Fraction

    def fits(self, asker: Asker) -> bool:
        """Whether the asker's organisation, or purpose, contains the name."""
        return self.name.casefold() in asker.text(self.kind).casefold()


@dataclass(frozen=True, slots=True)
class Limit:
    """A share as it binds one asker.

    Attributes:
        exactly: of the share of everybody else, whose word it counts; None where the name does.
    """

    share: Share
    exactly: str | None

    def counts(self, asker: Asker) -> bool:
        """Whether what this asker spent is spent of this limit."""
        if self.exactly is None:
            return self.share.fits(asker)
        return asker.text(self.share.kind).casefold() == self.exactly.casefold()

    @property
    def name(self) -> str:
        """Whose it is."""
        return self.share.name if self.exactly is None else self.exactly

    def __str__(self) -> str:
        """For people: `organisation IOM`."""
        return f"{self.share.kind} {self.name}"


def limits_of(asker: Asker, shares: Sequence[Share]) -> Iterator[Limit]:
    """Every limit that binds what this asker spends."""
    for kind in Kind:
        of_kind = [share for share in shares if share.kind is kind]
        named = [one for one in of_kind if one.name != OTHERS and one.fits(asker)]
        yield from (Limit(share, None) for share in named)
        if not named:
            others = [one for one in of_kind if one.name == OTHERS]
            yield from (Limit(share, asker.text(kind)) for share in others)
