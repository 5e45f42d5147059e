"""A standing series: which turn comes when, and what its releases say together.

Each release measures once more how the persons counted so far add up (`privacy.continual`). What
was measured up to now is put together to two tables: who was counted for the first time in the
latest period, and who was counted so far. Both are unbiased, and made of published sums alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from functools import lru_cache

import numpy as np

from corridor.errors.questions import NoSeriesError, SeriesInPastError
from corridor.privacy.continual import MOST_PERIODS, Series
from corridor.protocols.receipts import PublicReceipt, receipt_digest, release_id
from corridor.protocols.secure_sum.messages import AttemptParameters
from corridor.queries.answers import (
    FINEST,
    Answer,
    EvenNoise,
    Figures,
    Steps,
    decode_answer,
    make_table_of_counts,
)
from corridor.queries.domains import Domains
from corridor.queries.plan import Plan
from corridor.queries.question import Every, Question, Turn, counts_once, series_name


@dataclass(frozen=True, slots=True)
class Measured:
    """What one release measured.

    Attributes:
        sums: the unmasked sum, of the plan's `entries`, scaled by 2^scale_bits.
        variance: of the noise in each, in scaled units.
        survivors: how many shares of noise are in it.
    """

    sums: Steps
    scale_bits: int
    variance: Fraction
    survivors: int


def first_turn(every: str, start: str | None, periods: int, today: date) -> Turn:
    """The first turn of a series that somebody asks for today.

    Args:
        every: `month`, `quarter` or `year`.
        start: the first month, as 2027-01; the next one where None.
        periods: how many releases.
        today: by UTC.

    Raises:
        NoSeriesError: one of them is out of range.
        SeriesInPastError: its first period has begun before this month.
    """
    if every not in [known.value for known in Every]:
        raise NoSeriesError(f"{every[:20]!r} is no period", "take month, quarter or year")
    this_month = today.replace(day=1)
    if start is None:
        first = (this_month + timedelta(days=31)).replace(day=1)
    else:
        try:
            first = date.fromisoformat(f"{start}-01")
        except ValueError:
            raise NoSeriesError(f"{start[:20]!r} is no month", "write it as 2027-01") from None
    if first < this_month:
        raise SeriesInPastError(f"{first:%Y-%m}", f"{this_month:%Y-%m}")
    try:
        return Turn(every=Every(every), start=first, periods=periods, period=1)
    except ValueError as error:
        raise NoSeriesError(
            f"{periods} releases from {first:%Y-%m} on are no series",
            f"take 1 to {MOST_PERIODS} releases, and begin before 2201",
        ) from error


def as_series(question: Question, turn: Turn) -> Question:
    """The question as a release of a series.

    Raises:
        NoSeriesError: it has several tables, or counts something else than each person once.
    """
    if len(question.tables) != 1:
        raise NoSeriesError("a series has one table", "ask for a series of each")
    if not counts_once(question.tables[0]):
        raise NoSeriesError(
            "a series counts each person once, in one cell, in the period they come in",
            "count persons, and group by fields that have one value for each",
        )
    return question.at(turn)


def named(turn: Turn, period: int) -> str:
    """A period for people: its month, or its first and its last."""
    first, after = turn.begins(period), turn.begins(period + 1)
    last = after - timedelta(days=1)
    return f"{first:%Y-%m}" if turn.every is Every.MONTH else f"{first:%Y-%m}–{last:%Y-%m}"


def due(turn: Turn) -> date:
    """The day from which a release can be made: the first after its period."""
    return turn.begins(turn.period + 1)


@lru_cache(maxsize=16)
def widest_spreads(series: Series) -> tuple[Fraction, Fraction]:
    """How many times the noise's variance the last release's figures have: newly and so far.

    No earlier one has more: each further weight adds a square.
    """
    last = series.periods
    return series.variance(series.newly(last)), series.variance(series.so_far(last))


def released_answer(
    plan: Plan,
    domains: Domains,
    parameters: AttemptParameters,
    survivors: int,
    sums: Sequence[int] | Steps,
    *,
    reduced: int,
    before: Sequence[PublicReceipt],
) -> Answer:
    """What a release says: as `decode_answer`, of a series with what was measured `before`.

    Args:
        plan: what was asked.
        domains: for labels.
        parameters: of the attempt; of a series, of the one that measured this release.
        survivors: s, how many shares were summed.
        sums: the signed, unmasked sum, of the plan's `entries`.
        reduced: of how many of the survivors the superfluous noise was taken off.
        before: the receipts of the earlier releases of the series, in order; else none.

    Raises:
        ValueError: the sums, or those before, are not of this plan.
    """
    if plan.turn is None:
        return decode_answer(plan, domains, parameters, survivors, sums, reduced=reduced)
    measured = [
        measured_by(one.answer, one.parameters, len(one.survivors), len(one.reduced))
        for one in before
    ]
    now = measured_by(sums, parameters, survivors, reduced)
    return standing_answer(plan, domains, [*measured, now])


def measured_by(
    sums: Sequence[int] | Steps, parameters: AttemptParameters, survivors: int, reduced: int
) -> Measured:
    """What an attempt of these parameters measured; of `reduced` survivors noise was taken off."""
    return Measured(
        np.asarray(sums, dtype=np.int64),
        parameters.scale_bits,
        parameters.left_variance(survivors, reduced),
        survivors,
    )


def place_in_series(question: Question, before: Sequence[PublicReceipt]) -> dict[str, object]:
    """Which release of which series it is, and with which earlier ones it was put together.

    Args:
        question: of the release.
        before: the receipts of the earlier ones, in order.
    """
    turn = question.turn
    if turn is None:
        raise ValueError("the question is of no series")
    return {
        "id": series_name(question.series_id),
        **turn.to_json(),
        "named": named(turn, turn.period),
        "due": due(turn).isoformat(),
        "next_due": turn.begins(turn.period + 2).isoformat(),
        "put_together_with": [
            {
                "period": period,
                "release_id": release_id(one.proposal),
                "receipt_digest": receipt_digest(one.encode()).hex(),
            }
            for period, one in enumerate(before, start=1)
        ],
    }


def standing_answer(plan: Plan, domains: Domains, measured: Sequence[Measured]) -> Answer:
    """The two tables of the latest release: counted first in its period, and counted so far.

    Args:
        plan: of the latest release.
        domains: for labels.
        measured: by all releases up to this one, in order.

    Raises:
        ValueError: they are not those of so many releases, or not of this plan.
    """
    turn = plan.turn
    if turn is None or turn.period != len(measured):
        raise ValueError(f"{len(measured)} measurements are not those of this release")
    if any(one.sums.shape != (plan.entries,) for one in measured):
        raise ValueError("a measurement is not of this plan")
    series, period = turn.series, named(turn, turn.period)
    since = named(turn, 1)
    shown = (
        (series.newly(turn.period), f"counted first in {period}"),
        (series.so_far(turn.period), f"counted from {since} to {period}"),
    )
    (table,) = plan.tables
    shape = tuple(len(axis.values) for axis in table.axes)
    return Answer(
        tuple(
            make_table_of_counts(table, domains, _put_together(weights, measured, shape), words)
            for weights, words in shown
        ),
        measured[-1].survivors,
    )


def _put_together(
    weights: Sequence[Fraction], measured: Sequence[Measured], shape: tuple[int, ...]
) -> Figures:
    total = np.zeros(shape)
    variance = Fraction(0)
    for weight, one in zip(weights, measured, strict=True):
        unit = weight / (1 << one.scale_bits)
        total += float(unit) * one.sums.reshape(shape)
        variance += unit**2 * one.variance
    steps = np.rint(total * FINEST.denominator).astype(np.int64)
    return Figures(steps, FINEST, EvenNoise(variance, None, shape))
