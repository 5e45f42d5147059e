"""The ledger as an official reads it: what each person lost, to whom it went, what is left.

Everything is shown of the node as a whole, which is what protects, and beside it by year, by
organisation and by purpose, which is for fairness. Each amount is shown three times: for a person
at this node; for one who may be known to as many nodes as the charter says (g²·ρ, Bun & Steinke
2016, Prop. 1.9, the most that answers with all nodes' data can cost them); and if everybody else
colluded, where only this node's own noise is left. ρ is exact, ε is for reading.
"""

from collections import defaultdict
from collections.abc import Mapping
from fractions import Fraction
from math import ceil, isinf

from corridor.node.ledger import Accounts, Balance, Spending
from corridor.node.shares import Asker
from corridor.node.views import BudgetView
from corridor.privacy.conversion import epsilon, odds
from corridor.privacy.rho import Rho

ASKERS = 20
"""As many rows of askers are shown to people, those who spent most; programs get them all."""


def budget_view(
    balance: Balance,
    accounts: Accounts,
    *,
    delta: Fraction,
    nodes_per_person: int,
    quorum: str,
) -> BudgetView:
    """What `corridor node budget` shows.

    Args:
        balance: what is spent, reserved and left.
        accounts: the same by year and asker.
        delta: at which ε is shown.
        nodes_per_person: g, to how many nodes a person may be known.
        quorum: who witnesses this ledger, in words; empty before there is a charter.
    """
    at = _Shown(delta, nodes_per_person)
    year = balance.year
    this_year = accounts.by_year.get(year, Spending())
    askers = _by_asker(accounts, year)
    return BudgetView(
        rows=[
            ("spent, all time", *at.spent(accounts.all_time)),
            (f"spent in {year}", *at.spent(this_year)),
            ("reserved now", *at.spent(accounts.reserved)),
            (f"left in {year}", *at.left(balance.left_this_year)),
            ("left for all time", *at.left(balance.left_for_all_time)),
        ],
        years=[(str(when), *at.spent(one)) for when, one in accounts.by_year.items()],
        askers=[
            (who.organisation or "–", who.purpose or "–", str(now), str(ever))
            for who, (now, ever) in sorted(askers.items(), key=lambda one: -one[1][1])[:ASKERS]
        ],
        shares=[
            (str(one.limit), str(one.limit.share.per_year), str(one.left))
            for one in accounts.shares
        ],
        nodes_per_person=nodes_per_person,
        lines=_lines(accounts, at, quorum),
        document={
            "year": year,
            "delta": str(delta),
            "spent": str(balance.spent),
            "spent_this_year": str(balance.spent_this_year),
            "reserved": str(balance.reserved),
            "left_this_year": str(balance.left_this_year),
            "left_all_time": str(balance.left_for_all_time),
            "nodes_per_person": nodes_per_person,
            "all_time": at.document(accounts.all_time),
            "years": {str(when): at.document(one) for when, one in accounts.by_year.items()},
            "askers": [
                {
                    "organisation": who.organisation,
                    "purpose": who.purpose,
                    "spent_this_year": str(now),
                    "spent": str(ever),
                }
                for who, (now, ever) in sorted(askers.items())
            ],
            "shares": [
                {
                    "of": one.limit.share.kind.value,
                    "name": one.limit.name,
                    "per_year": str(one.limit.share.per_year),
                    "left": str(one.left),
                }
                for one in accounts.shares
            ],
        },
    )


class _Shown:
    """How amounts read at one δ and one g."""

    def __init__(self, delta: Fraction, nodes_per_person: int) -> None:
        self.delta, self.nodes = delta, nodes_per_person

    def spent(self, one: Spending) -> tuple[str, str, str, str]:
        return str(one.rho), self._here(one.rho), self._region(one.rho), self._here(one.worst_case)

    def left(self, rho: Fraction) -> tuple[str, str, str, str]:
        """What may still be spent; with how many others there will be is not known yet."""
        return str(rho), self._here(rho), self._region(rho), "–"

    def document(self, one: Spending) -> Mapping[str, object]:
        region = Rho(one.rho).for_group(self.nodes)
        return {
            "rho": str(one.rho),
            "epsilon": epsilon(Rho(one.rho), self.delta),
            "rho_regional": str(region.value),
            "epsilon_regional": epsilon(region, self.delta),
            "rho_worst_case": str(one.worst_case),
            "epsilon_worst_case": epsilon(Rho(one.worst_case), self.delta),
        }

    def times(self, rho: Fraction) -> str:
        """By which factor odds change at most; more digits would be a false precision."""
        factor = odds(Rho(rho), self.delta)
        if isinf(factor):
            return "beyond all measure"
        up = ceil(factor * 10) / 10 if factor < 10 else ceil(factor)
        return f"{up:,}-fold".replace(",", " ")

    def _here(self, rho: Fraction) -> str:
        return f"{ceil(epsilon(Rho(rho), self.delta) * 100) / 100:.2f}" if rho else "0"

    def _region(self, rho: Fraction) -> str:
        return self._here(self.nodes**2 * rho)


def _by_asker(accounts: Accounts, year: int) -> dict[Asker, tuple[Fraction, Fraction]]:
    """What each spent this year, and in all years."""
    found: dict[Asker, tuple[Fraction, Fraction]] = defaultdict(lambda: (Fraction(0), Fraction(0)))
    for (when, spender), spent in accounts.by_asker.items():
        asker = Asker(spender.organisation, spender.purpose)  # ages told apart or not
        now, ever = found[asker]
        found[asker] = (now + spent.rho if when == year else now, ever + spent.rho)
    return dict(found)


def _lines(accounts: Accounts, at: _Shown, quorum: str) -> list[str]:
    spent = accounts.all_time.rho
    cost = "Each answer costs every person in the data the same, whoever asked."
    lines = [f"{cost} It adds up and never comes back; what counts is the sum for all time."]
    if spent:
        chance = f"1 in {ceil(1 / at.delta):,}".replace(",", " ")
        region, alone = at.nodes**2 * spent, accounts.all_time.worst_case
        lines.append(
            "What that means: whatever somebody believed of whether one person is in this data, "
            f"all answers together change those odds at most {at.times(spent)} "
            f"(but for a chance of {chance})."
        )
        lines.append(
            f"Of a person known to {at.nodes} nodes: at most {at.times(region)}. If everybody else "
            "colluded with the coordinator, of a person whom this node alone knows: at most "
            f"{at.times(alone)}."
        )
    if accounts.by_asker or accounts.shares:
        lines.append(
            "Organisation and purpose are the coordinator's word, and askers may talk to each "
            "other: shares keep order, only this node's total protects."
        )
    lines.append(f"ε is shown at δ = {at.delta}.")
    if quorum:
        lines.append(f"Witnesses: {quorum}.")
    return lines
