"""The noise of an answer that came the whole way: four real nodes, real ledgers, real masks.

One attempt over a table of many cells. What is known of the data is taken off the answer; what is
left must follow the law that the promise to people implies, computed here from ρ and Δ alone, and
the margins that the analyst is shown must cover it. Each claim has a false-alarm rate ≤ 10⁻⁹, and a
twin that shows that the test can fail.
"""

from dataclasses import replace
from fractions import Fraction
from functools import cache
from math import ceil, log, sqrt
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from numpy.typing import NDArray

from corridor.node.evaluation import evaluate
from corridor.node.policy import ConsentRule
from corridor.privacy.accuracy import margin_95
from corridor.protocols.secure_sum import coordinator
from corridor.protocols.secure_sum.messages import AttemptParameters
from corridor.queries.answers import AnswerTable, decode_answer
from corridor.queries.catalogue import Source
from corridor.queries.domains import make_domains
from corridor.queries.plan import compile_plan
from corridor.queries.predicates import all_of
from corridor.queries.question import CountPersons, Question, TableQuestion, make_question
from support.catalogue import catalogue
from support.node_region import FOUR, RHO, RealNode, Talk, charter_of_four, start
from support.noise_laws import FALSE_ALARM, distance, dkw_margin, sum_of_shares

pytestmark = [pytest.mark.statistical, pytest.mark.slow]

ALLOW_ALL = '[[rule]]\nverdict = "allow"\n'
ASKED = make_question(
    TableQuestion(
        source=Source.CORRIDORS,
        measure=CountPersons(),
        where=all_of(()),
        group_by=("age_band", "exploited_in", "gender", "month", "recruited_in"),
        max_cells=1,
        max_rows=1,
    )
)
TOGETHER = make_question(
    *(
        replace(ASKED.tables[0], group_by=group_by)
        for group_by in (
            ASKED.tables[0].group_by,
            ("exploited_in", "recruited_in"),
            ("gender",),
            ("year",),
            (),
        )
    )
)
# Of four nodes one may collude and one may drop out. All four survive here, so three honest shares
# carry the promise: what two would have had to add comes off again.
HONEST, SURVIVORS = 3, 4


class Outcome:
    """What came out, and what was in it."""

    def __init__(self, folder: Path, asked: Question = ASKED) -> None:
        clock, charter = start(), charter_of_four()
        nodes = [
            RealNode(folder / country, country, charter, clock, women=7, policy=ALLOW_ALL)
            for country in FOUR
        ]
        domains = make_domains(catalogue(), charter)
        plan = compile_plan(asked, domains)
        talk = Talk(nodes, asked=asked)
        talk.until("sign")
        talk.unmask()
        sums = coordinator.decode(talk.total)
        self.parameters: AttemptParameters = talk.parameters(len(FOUR))
        answer = decode_answer(plan, domains, self.parameters, SURVIVORS, sums, reduced=SURVIVORS)
        self.table: AnswerTable = max(answer.tables, key=lambda one: one.planned.cells)
        truth = np.zeros(plan.size, np.int64)
        for node in nodes:
            current = node.store.current()
            assert current is not None
            reader = node.store.reader(current.id)
            truth += evaluate(plan, reader, node.store.choice_key, ConsentRule.HTCDS_CONSENT)
            node.close()
        self.step = Fraction(1, 1 << self.parameters.scale_bits)
        exact = plan.sent(truth << self.parameters.scale_bits)
        self.noise: NDArray[np.int64] = sums - exact
        of_all = decode_answer(
            plan, domains, self.parameters, SURVIVORS, exact, reduced=SURVIVORS
        ).tables
        assert {table.figures.total().value for table in of_all} == {7 * len(FOUR)}
        true = max(of_all, key=lambda one: one.planned.cells)
        self.errors = values(self.table) - values(true)

    @property
    def promised(self) -> Fraction:
        """σ² of one share in steps: the promise Δ²/(2ρ), carried by `HONEST` of them."""
        return Fraction(1) / (2 * RHO) / HONEST / self.step**2


def values(table: AnswerTable) -> NDArray[np.float64]:
    return np.array([float(row.value or 0) for row in table.rows()])


@cache
def outcome(asked: Question = ASKED) -> Outcome:
    with TemporaryDirectory() as folder:
        return Outcome(Path(folder), asked)


def law(variance: Fraction, shares: int) -> NDArray[np.float64]:
    return sum_of_shares(variance, shares, ceil(9 * sqrt(SURVIVORS * variance)))


def test_the_noise_of_an_answer_follows_the_law_of_what_was_promised() -> None:
    found = outcome()
    limit = dkw_margin(len(found.noise))
    assert distance(found.noise, law(found.promised, SURVIVORS)) < limit
    # Without one node's share, or with a tenth less of everybody's, it would not.
    assert distance(found.noise, law(found.promised, SURVIVORS - 1)) > limit
    assert distance(found.noise, law(found.promised * Fraction(9, 10), SURVIVORS)) > limit


def test_the_margins_that_the_analyst_sees_cover_95_per_cent_of_the_cells() -> None:
    found = outcome()
    # Hoeffding: a share of so many independent cells strays further with chance ≤ 10⁻⁹.
    stray = sqrt(log(2 / FALSE_ALARM) / (2 * len(found.errors)))
    margins = {float(row.margin or 0) for row in found.table.rows()}
    (margin,) = margins
    covered = float((np.abs(found.errors) <= margin).mean())
    assert 0.95 - stray < covered < 0.96 + stray
    # The margin of the promise alone, without the shares that were provided for, would be missed.
    narrow = float(margin_95(HONEST * found.promised * found.step**2, found.step))
    assert float((np.abs(found.errors) <= narrow).mean()) < 0.95 - stray


def test_the_error_is_that_of_a_trusted_curator_times_the_root_of_survivors_over_honest() -> None:
    found = outcome()
    assert found.parameters.honest_shares == HONEST - 1  # with a dropout
    central = 1 / (2 * float(RHO))
    ratio = sqrt(float((found.errors**2).mean()) / central)
    # Its relative spread is 1/√(2·cells), here below 0.2 %: 2 % are more than six of it (10⁻⁹).
    assert len(found.errors) > 6.2**2 / (2 * 0.02**2)
    assert ratio == pytest.approx(sqrt(SURVIVORS / HONEST), rel=0.02)


def test_a_table_counted_together_with_others_has_the_variance_and_margins_it_states() -> None:
    found = outcome(TOGETHER)
    stated = found.table.figures.noise.variances
    variances = np.array([float(one) for one in stated.amounts])[stated.kind].reshape(-1)
    # Cells of the widest table are all but independent: 2 % are more than six of the spread.
    assert len(found.errors) > 6.2**2 / (2 * 0.02**2)
    assert float((found.errors**2 / variances).mean()) == pytest.approx(1, rel=0.04)
    stray = sqrt(log(2 / FALSE_ALARM) / (2 * len(found.errors)))
    margins = np.array([float(one) for one in found.table.figures.margins()])
    assert 0.95 - stray < float((np.abs(found.errors) <= margins).mean()) < 0.96 + stray
    assert float((np.abs(found.errors) <= 0.9 * margins).mean()) < 0.95 - stray
    # With a fifth of ρ for each of the five tables, the error would be more than twice as large.
    alone = float(5 / (2 * RHO) * SURVIVORS / HONEST)
    assert float((found.errors**2).mean()) < alone / 2
