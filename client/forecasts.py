"""What a question would cost and how exact it would be, for eyes and for programs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from corridor.client.html import html_lines, html_table, printable
from corridor.publishing.estimates import shown_margin


@dataclass(frozen=True, slots=True)
class Forecast:
    """A forecast; nothing was spent for it.

    Attributes:
        document: as the REST API gives it.
    """

    document: Mapping[str, Any]

    @property
    def rho(self) -> Fraction:
        """What every authority that takes part would be debited with."""
        return Fraction(self.document["rho"])

    @property
    def epsilon(self) -> float:
        """The same in the other currency, at the charter's δ."""
        return float(self.document["epsilon"])

    @property
    def margins(self) -> tuple[float, ...]:
        """Of each table, the half-width of a cell's 95 % interval."""
        return tuple(float(one["margin"]) for one in self.document["tables"])

    @property
    def is_free(self) -> bool:
        """Whether a release answers it already."""
        return self.document["free_release"] is not None

    @property
    def can_be_asked(self) -> bool:
        """Whether enough authorities are there and have enough left, by what they said last."""
        return not self._hindrances

    @property
    def warnings(self) -> tuple[str, ...]:
        """What one should know before asking."""
        return (*self.document["sentences"], *self._hindrances)

    @property
    def _hindrances(self) -> tuple[str, ...]:
        """Why it cannot be asked now."""
        said = (self.document[key] for key in ("too_few", "too_dear"))
        return tuple(str(why) for why in said if why is not None)

    @property
    def shares(self) -> Mapping[str, float]:
        """By authority, which part of what it has left this would take; above 1 is too much."""
        return {
            str(one["country"]): float(self.rho / left) if left > 0 else float("inf")
            for one in self.document["allowances"]
            for left in [min(Fraction(one["remaining_year"]), Fraction(one["remaining_all_time"]))]
        }

    def __str__(self) -> str:
        lines = [
            f"{one['title']}: ± {shown_margin(one['margin'])} in each of {one['cells']:,} cells"
            for one in self.document["tables"]
        ]
        lines += [
            f"{one['id']} {one['title']}: {_between(one)} for its {one['figures']:,} figures"
            for one in self._forms
        ]
        return printable("\n".join([*lines, *self._facts()]))

    def __repr__(self) -> str:
        return f"<forecast: ρ = {self.rho}, ± {', '.join(map(shown_margin, self.margins))}>"

    def _repr_html_(self) -> str:
        return self.to_html()

    def to_html(self) -> str:
        """The forecast as HTML, every text of elsewhere escaped."""
        rows = [
            (
                one["title"],
                f"{one['cells']:,}",
                f"± {shown_margin(one['margin'])}",
                f"± {shown_margin(one['central_margin'])}",
            )
            for one in self.document["tables"]
        ]
        headings = ("table", "cells", "each", "a trusted curator's")
        found = html_table("Forecast; nothing was spent", headings, rows)
        if self._forms:
            forms = [
                (f"{one['id']} {one['title']}", f"{one['figures']:,}", _between(one))
                for one in self._forms
            ]
            headings_of_forms = ("the form's own figures", "figures", "each")
            found += html_table("Figures are sums of cells", headings_of_forms, forms)
        return found + html_lines(self._facts())

    @property
    def form_margins(self) -> Mapping[str, tuple[float, float]]:
        """Of a report, by table of its form: the least and the widest margin of its figures."""
        return {
            str(one["id"]): (float(one["least_margin"]), float(one["widest_margin"]))
            for one in self._forms
        }

    @property
    def _forms(self) -> Sequence[Mapping[str, Any]]:
        """Of a report, the tables of its form; of a question none."""
        found: Sequence[Mapping[str, Any]] = self.document.get("forms", ())
        return found

    def _facts(self) -> list[str]:
        if self.is_free:
            price = f"free: release {self.document['free_release']} answers it already"
        else:
            price = f"costs ρ = {self.rho} (ε = {self.epsilon:.3g}) at each authority"
            if self.shares:
                most, country = max((part, who) for who, part in self.shares.items())
                price += f", at most {most:.1%} of what one has left ({country})"
        facts = [price, f"answering: {', '.join(self.document['would_take_part'])}"]
        if self.document["would_miss"]:
            facts.append(f"missing: {', '.join(self.document['would_miss'])}")
        return [*facts, *self.warnings]


def _between(form: Mapping[str, Any]) -> str:
    """The margins of a form's figures: one, or from … to …."""
    least, widest = shown_margin(form["least_margin"]), shown_margin(form["widest_margin"])
    return f"± {least}" if least == widest else f"± {least} to ± {widest}"
