"""Asking by accuracy: what an analyst may write, and the smallest ρ that keeps it.

    ±20                                  each cell's 95 % margin is at most 20
    ±20 at 99 %                          the same at another level: 90, 95 or 99 %
    ±20 all cells at once                with 95 % no cell at all is further off
    10 % above 100                       cells of 100 and more are within a tenth of their value
    ±1 above 100                         of a mean: groups of 100 and more are within ±1

Words between are welcome: "relative 10 % for cells above 100", "±1 year for groups above 100".

A margin is a release's own margin, computed the same way from the noise that is left when everybody
who is expected stays, so a forecast promises what the release then states (with dropouts more of it
is needed, and a margin is a little wider).
"10 % above 100" means at most ±10 on every cell, since noise knows nothing of what it is added to:
at 100 that is 10 %, above it is less. For a mean the margin depends on the data: with n persons in
a group it is z·√(v_S + R²·v_N)/n (`queries.answers`), at most what it is for the R that is largest
in absolute value. n itself is known with its own margin only, and of a group below twice that there
is no mean.

The ρ is the smallest of the readable ones (three digits) that keeps it. If no allowance and no
ceiling pays for it, the refusal says which margin could be paid for.
"""

import re
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil

from corridor.errors.questions import (
    AccuracyTooDearError,
    MalformedRhoError,
    TooFewNodesError,
    UnsupportedAccuracyError,
)
from corridor.privacy.accuracy import (
    margin_at,
    rho_for_margin,
    rho_for_variance,
    variance_for_margin,
)
from corridor.privacy.distributed import plan_shared_noise
from corridor.privacy.normal import NORMAL_95, quantile_above
from corridor.privacy.rho import Rho
from corridor.protocols.charter import Charter
from corridor.protocols.secure_sum.messages import Scope
from corridor.queries.answers import joint_noise
from corridor.queries.parameters import fewest_nodes, noise_breakpoints, tolerated_dropouts
from corridor.queries.plan import Block, BlockKind, Plan, PlannedTable
from corridor.queries.question import Mean
from corridor.queries.standing import widest_spreads

LEVELS = (90, 95, 99)

FORMS = "write ±20, ±20 at 99 %, ±20 all cells at once, 10 % above 100, or for a mean ±1 above 100"

_NUMBER = r"(?P<{}>[0-9]{{1,9}}(?:\.[0-9]{{1,3}})?)"
_WORDS = r"(?:\s*(?:for|of|in|each|every|cells?|groups?|persons?|years?|days?|children|about)\b)*"
_ACCURACY = re.compile(
    r"\s*(?P<before>all\s+cells\s+at\s+once)?\s*(?:relative)?\s*(?:±|\+-|\+/-)?\s*"
    + _NUMBER.format("size")
    + r"\s*(?P<relative>%)?"
    + _WORDS
    + r"(?:\s*(?:above|from)\s+(?P<above>[0-9]{1,9}))?"
    + _WORDS
    + r"\s*(?P<after>all\s+cells\s+at\s+once)?"
    + r"(?:\s*,?\s*at\s+(?P<level>[0-9]{1,2})\s*%)?\s*",
    re.IGNORECASE,
)
_RHO = re.compile(r"\s*[0-9]{1,18}(?:\s*/\s*[0-9]{1,18}|\.[0-9]{1,18})?\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Accuracy:
    """What was asked for.

    Attributes:
        margin: half-width, in the question's units, > 0.
        level: in per cent.
        at_once: whether it is of all cells together.
        above: of a mean, how many persons a group has at least; None if that was not said.
    """

    margin: Fraction
    level: int = 95
    at_once: bool = False
    above: int | None = None

    def quantile(self, cells: int) -> Fraction:
        """The normal law's quantile that the margin is of, in a question of so many cells."""
        outside = Fraction(100 - self.level, 100) / (cells if self.at_once else 1)
        return NORMAL_95 if outside == Fraction(1, 20) else quantile_above(outside)

    def __str__(self) -> str:
        """The same in words, as it can be asked again."""
        groups = "" if self.above is None else f" for groups above {self.above}"
        at_once = " all cells at once" if self.at_once else ""
        return f"±{_decimal(self.margin)}{groups}{at_once} at {self.level} %"


def parse_accuracy(text: str) -> Accuracy:
    """The accuracy that the text asks for; see the module's docstring for the forms.

    Raises:
        UnsupportedAccuracyError: another form. Nothing was spent.
    """
    match = _ACCURACY.fullmatch(text)
    if match is None:
        raise UnsupportedAccuracyError(f"accuracy {text[:40]!r} is not understood", FORMS)
    size, level = Fraction(match["size"]), int(match["level"] or 95)
    above = None if match["above"] is None else int(match["above"])
    if level not in LEVELS:
        raise UnsupportedAccuracyError(
            f"accuracy {text[:40]!r}: a level of {level} % is not offered", "write 90, 95 or 99 %"
        )
    if match["relative"]:
        if above is None:
            raise UnsupportedAccuracyError(
                f"accuracy {text[:40]!r}: no noise of one width is {match['size']} % of every cell",
                "say from which size on, as in 10 % above 100",
            )
        size, above = size * above / 100, None
    if not size or above == 0:
        raise UnsupportedAccuracyError(
            f"an accuracy of {text.strip()[:40]} would need no noise, which is not possible", FORMS
        )
    return Accuracy(
        margin=size,
        level=level,
        at_once=bool(match["before"] or match["after"]),
        above=above,
    )


def parse_rho(text: str) -> Rho:
    """ρ as people write it: `1/100`, `0.01`; exact.

    Raises:
        MalformedRhoError: it is no number, or below 0. Nothing was spent.
    """
    if _RHO.fullmatch(text) is None:
        raise MalformedRhoError(text, _what_is_wrong(text))
    try:
        return Rho(Fraction(re.sub(r"\s", "", text)))
    except ZeroDivisionError:
        raise MalformedRhoError(text, "divides by 0") from None


def rho_for_accuracy(
    plan: Plan,
    charter: Charter,
    accuracy: Accuracy,
    participants: int,
    *,
    scope: Scope = Scope.REGIONAL,
    affordable: Fraction | None = None,
) -> Rho:
    """The smallest ρ at which every figure of the plan is as exact as asked.

    In scope per-country: every figure of each country's own, whose noise is its own alone.
    `affordable` is the ρ that a refusal may count on, where that is less than the charter's
    ceiling.

    Raises:
        UnsupportedAccuracyError: the question has a mean, and the accuracy names no size of group.
        AccuracyTooDearError: it costs more than the charter's ceiling; says what can be paid.
        TooFewNodesError: fewer would take part than the charter demands.
            Nothing was spent in any of these cases.
    """
    if participants < (needed := fewest_nodes(charter, scope)):
        raise TooFewNodesError(roster=participants, needed=needed)
    rho = _Pricing(plan, charter, participants, scope).rho(accuracy)
    ceiling = charter.ceilings.rho_per_question
    if rho.value > ceiling:
        paid = Rho(ceiling if affordable is None else max(Fraction(0), min(ceiling, affordable)))
        instead = accuracy_for(plan, charter, accuracy, paid, participants, scope=scope)
        raise AccuracyTooDearError(
            asked=str(accuracy),
            rho=str(rho.value),
            limit=f"the charter's ceiling for one question, {ceiling}",
            instead=instead,
        )
    return rho


def accuracy_for(
    plan: Plan,
    charter: Charter,
    accuracy: Accuracy,
    rho: Rho,
    participants: int,
    *,
    scope: Scope = Scope.REGIONAL,
) -> str:
    """The accuracy of the same kind that ρ pays for, as it can be asked; empty if there is none."""
    return _Pricing(plan, charter, participants, scope).instead(accuracy, rho)


@dataclass(frozen=True, slots=True)
class _Pricing:
    """What accuracies of one plan cost."""

    plan: Plan
    charter: Charter
    nodes: int
    scope: Scope

    @property
    def participants(self) -> int:
        """How many shares of noise are in a figure: of everybody, or of one country alone."""
        return self.nodes if self.scope is Scope.REGIONAL else 1

    @property
    def honest_shares(self) -> tuple[int, ...]:
        """How many honest shares there are at least, for each level of noise; the last is h."""
        if self.scope is Scope.PER_COUNTRY:
            return (1,)
        dropouts = tolerated_dropouts(self.charter, self.plan, self.participants)
        breakpoints = noise_breakpoints(dropouts, self.participants, self.plan.size)
        return tuple(
            self.participants - self.charter.max_colluders - fewer for fewer in breakpoints
        )

    def rho(self, accuracy: Accuracy) -> Rho:
        """The ρ that every table needs."""
        quantile = accuracy.quantile(self.plan.cells)
        return max(
            self._table(number, accuracy, quantile) for number in range(len(self.plan.tables))
        )

    def instead(self, accuracy: Accuracy, rho: Rho) -> str:
        """The accuracy of the same kind that ρ pays for; empty if it pays for none."""
        if not rho.value:
            return ""
        *more, honest = self.honest_shares
        plan = self.plan
        noise = plan_shared_noise(rho, plan.sensitivity_squared, plan.noisy_entries, honest, more)
        variance = noise.keeping(1).summed_variance(self.participants)
        quantile = accuracy.quantile(self.plan.cells)
        widest = Fraction(0)
        for number, table in enumerate(self.plan.tables):
            if isinstance(table.measure, Mean):
                if accuracy.above is None or variance > _countable(table, accuracy.above):
                    return ""
                of_mean = variance * _mean_spread(table, accuracy.above)
                widest = max(widest, margin_at(quantile, of_mean))
            elif self._is_even(table):
                factor = _smallest_factor(table)
                step = noise.step / factor
                widest = max(widest, margin_at(quantile, variance / factor**2, step))
            else:
                widest = max(widest, margin_at(quantile, variance * self._spread(number)))
        return str(replace(accuracy, margin=Fraction(ceil(widest * 100), 100)))

    def _is_even(self, table: PlannedTable) -> bool:
        """Whether each of its figures is one entry of what is measured, and no estimate."""
        return bool(table.blocks) and self.plan.turn is None

    def _spread(self, number: int) -> Fraction:
        """How many times the noise's variance the widest figure put together of several has."""
        if self.plan.turn is not None:
            return max(widest_spreads(self.plan.turn.series))
        found = self.plan.place_together(number)
        assert found is not None  # noqa: S101 - a table without blocks is one
        return max(joint_noise(*found, scale_bits=0, variance=Fraction(1)).variances.amounts)

    def _table(self, number: int, accuracy: Accuracy, quantile: Fraction) -> Rho:
        table = self.plan.tables[number]
        *more, honest = self.honest_shares
        plan = self.plan
        numbers = (plan.sensitivity_squared, plan.noisy_entries, honest, self.participants)
        if not isinstance(table.measure, Mean) and not self._is_even(table):
            allowed = variance_for_margin(accuracy.margin, quantile) / self._spread(number)
            return rho_for_variance(allowed, *numbers, with_fewer_dropouts=more)
        if not isinstance(table.measure, Mean):
            # Entries are multiplied by their block's factor; the smallest leaves most noise.
            margin = accuracy.margin * _smallest_factor(table)
            return rho_for_margin(margin, *numbers, quantile=quantile, with_fewer_dropouts=more)
        if accuracy.above is None:
            raise UnsupportedAccuracyError(
                "the margin of a mean depends on how many persons it is over",
                "say of how many, as in ±1 above 100, or ask with --rho, as in 1/100",
            )
        allowed = variance_for_margin(accuracy.margin, quantile)
        allowed /= _mean_spread(table, accuracy.above)
        allowed = min(allowed, _countable(table, accuracy.above))
        return rho_for_variance(allowed, *numbers, with_fewer_dropouts=more)


def _mean_spread(table: PlannedTable, persons: int) -> Fraction:
    """How many times the noise's variance a mean over so many persons has, at most."""
    measure = table.measure
    assert isinstance(measure, Mean)  # noqa: S101 - the callers have looked
    largest = max(abs(measure.low), abs(measure.high))
    sums, counts = _block(table, BlockKind.SUM), _block(table, BlockKind.COUNT)
    spread = Fraction(1, sums.factor**2) + Fraction(largest**2, counts.factor**2)
    return spread / persons**2


def _countable(table: PlannedTable, persons: int) -> Fraction:
    """The most noise under which so many persons are enough for a mean: half of them a margin."""
    return variance_for_margin(Fraction(persons * _block(table, BlockKind.COUNT).factor, 2))


def _smallest_factor(table: PlannedTable) -> int:
    return min(block.factor for block in table.blocks)


def _block(table: PlannedTable, kind: BlockKind) -> Block:
    return next(block for block in table.blocks if block.kind is kind)


def _decimal(value: Fraction) -> str:
    return f"{float(value):.3f}".rstrip("0").rstrip(".")


def _what_is_wrong(text: str) -> str:
    stripped = text.strip()
    if not stripped:
        return "is empty"
    if "," in stripped:
        return "has a comma; decimals take a point, as in 0.01"
    if stripped.lstrip("+").lower() in {"inf", "infinity", "∞"}:
        return "is infinite: no privacy would be left"
    if stripped.startswith(("-", "−")):
        return "is below 0"
    if re.fullmatch(r"[0-9.]+[eE][+-]?[0-9]+", stripped):
        return "has an exponent; write it out, as in 0.001"
    return "is no number"
