"""What a charter is proposed from: the terms of an earlier one, or the usual ones of a new region.

    usual, begin ──▶ terms ──draft──▶ read by somebody ──propose (its hash)──▶ `CharterDesk`

Whoever proposes by a command reads nothing before, and confirms nothing: the command is the word.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from fractions import Fraction

from corridor.coordinator.charter_desk import (
    CharterDesk,
    CharterDraft,
    CharterTerms,
    ProposedCharter,
)
from corridor.errors.charter import MalformedCharterError
from corridor.errors.region import NoCharterError, NoProposedCharterError
from corridor.ids import CountryCode, Digest
from corridor.protocols.charter import CELLS_CEILING, Ceilings, Charter

USUAL_YEARS = 15
"""So many years back dates are told apart, if nobody says otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalDesk:
    """Gives terms to begin with, drafts, and proposes.

    Attributes:
        countries: all that a charter can tell apart.
        domains_edition: that new charters name.
        year: this one.
    """

    charters: CharterDesk
    countries: Collection[CountryCode]
    domains_edition: str
    year: Callable[[], int]

    def usual(self) -> CharterTerms:
        """The terms of a region that has chosen none: every country, the last fifteen years."""
        this_year = self.year()
        return CharterTerms(
            countries=tuple(sorted(self.countries)),
            years=(this_year - USUAL_YEARS, this_year),
            domains_edition=self.domains_edition,
            ceilings=Ceilings(
                rho_per_question=Fraction(1, 10), cells=CELLS_CEILING, persons_per_node=1_000_000
            ),
        )

    def begin(self, *, from_in_force: bool = False) -> CharterTerms:
        """The terms of the version proposed last, or of the one in force; else the usual ones."""
        try:
            if from_in_force:
                return self._terms(self.charters.in_force(), ())
            newest = self.charters.find()
        except (NoCharterError, NoProposedCharterError):
            return self.usual()
        return self._terms(newest.charter, () if newest.in_force else newest.without)

    def draft(self, terms: CharterTerms) -> CharterDraft:
        """What would be proposed with these terms now.

        Raises:
            NotEnrolledError, TooFewEnrolledError, MalformedCharterError, CharterSuccessionError:
                there can be no such charter. Nothing was proposed.
        """
        self._demand_known(terms.countries)
        return self.charters.draft(terms)

    def propose(
        self, terms: CharterTerms, confirmed: Digest | None = None, *, by: str = ""
    ) -> ProposedCharter:
        """Propose it; `confirmed` is `CharterDraft.read` of what somebody read, `by` whose doing.

        Raises:
            NotEnrolledError, TooFewEnrolledError, MalformedCharterError, CharterSuccessionError,
            CharterChangedMeanwhileError: nothing was proposed.
        """
        self._demand_known(terms.countries)
        return self.charters.propose(terms, confirmed, by=by)

    def _terms(self, charter: Charter, without: Collection[CountryCode]) -> CharterTerms:
        """The terms that give this charter again, with the domains that this version knows."""
        return replace(
            self.usual(),
            countries=charter.countries,
            years=charter.years,
            ceilings=charter.ceilings,
            min_participants=charter.min_participants,
            max_colluders=charter.max_colluders,
            max_dropouts=charter.max_dropouts,
            nodes_per_person=charter.nodes_per_person,
            delta=charter.delta,
            retention_days=charter.retention_days,
            failed_attempts_per_day=charter.failed_attempts_per_day,
            witness_quorum=charter.witness_quorum,
            synthetic=charter.synthetic,
            without=frozenset(without),
        )

    def _demand_known(self, countries: Collection[CountryCode]) -> None:
        for country in countries:
            if country not in self.countries:
                raise MalformedCharterError(
                    f'charter: "countries" holds {country}, which is no country of ISO 3166-1; '
                    "nothing was proposed. Correct the list.",
                    field="countries",
                )
