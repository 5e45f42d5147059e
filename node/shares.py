"""What organisations, purposes and questions about minors may take of a year's allowance.

Who asks, and why, is the coordinator's word, and askers may talk to each other: no accounting per
asker protects anybody (ATTACKS 15). What protects is the one allowance of the node. A share only
keeps one asker from spending what all the others would have asked with.

A share is of whoever's organisation (or purpose) contains its name, whatever the case. The share
named `*` is of every other organisation (or purpose), of each by itself.

The share of minors is another matter: whether children can be told from adults in an answer, the
node sees for itself. So it does bound what they lose through such answers in a year, whoever asks.
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
    MINORS = "minors"


@dataclass(frozen=True, slots=True, order=True)
class Asker:
    """Who asked, and why, says the coordinator; and whether ages are told apart, sees the node."""

    organisation: str
    purpose: str
    minors: bool = False

    def text(self, kind: Kind) -> str:
        """The word that shares of this kind look at."""
        match kind:
            case Kind.ORGANISATION:
                return self.organisation
            case Kind.PURPOSE:
                return self.purpose
            case Kind.MINORS:
                return Kind.MINORS.value if self.minors else ""


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
        if self.share.kind is Kind.MINORS:
            return "questions that tell ages apart"
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
