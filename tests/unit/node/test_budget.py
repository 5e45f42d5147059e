"""What was spent is told apart by year, organisation and purpose; shares bind; words are right."""

import math
from collections.abc import Iterator
from datetime import timedelta
from fractions import Fraction
from pathlib import Path

import pytest

from corridor.errors.ledger import AllowanceSpentError, ShareSpentError
from corridor.node.budget import budget_view
from corridor.node.ledger import Ledger, Spending
from corridor.node.shares import OTHERS, Asker, Kind, Share, limits_of
from corridor.node.views import BudgetView
from corridor.privacy.conversion import epsilon
from corridor.privacy.rho import Rho
from support.ledgers import CHARTER, QUESTION, TestClock, deadline, open_ledger, session_of

HUNDREDTH = Fraction(1, 100)
DELTA = Fraction(1, 10**6)
IOM = Asker("IOM", "annual report")
IOM_LATER = Asker("iom Geneva", "trends")
CITY = Asker("City of Chisinau", "annual report")
SHARES = (
    Share(Kind.ORGANISATION, "IOM", Fraction(2, 100)),
    Share(Kind.ORGANISATION, OTHERS, Fraction(1, 100)),
    Share(Kind.PURPOSE, "trends", Fraction(1, 100)),
)


@pytest.fixture
def clock() -> TestClock:
    return TestClock()


@pytest.fixture
def ledger(tmp_path: Path, clock: TestClock) -> Iterator[Ledger]:
    with open_ledger(tmp_path / "ledger.sqlite3", clock, shares=SHARES) as opened:
        yield opened


def reserve(ledger: Ledger, clock: TestClock, number: int, asker: Asker) -> None:
    ledger.reserve(
        session_of(number),
        HUNDREDTH,
        question=QUESTION,
        charter=CHARTER,
        deadline=deadline(clock),
        worst_case=5 * HUNDREDTH,
        asker=asker,
    )


def spend(ledger: Ledger, clock: TestClock, number: int, asker: Asker) -> None:
    reserve(ledger, clock, number, asker)
    ledger.debit(session_of(number), 3 * HUNDREDTH)


def view_of(ledger: Ledger) -> BudgetView:
    return budget_view(
        ledger.balance(), ledger.accounts(), delta=DELTA, nodes_per_person=2, quorum=""
    )


def test_an_organisation_spends_its_share_of_the_year_and_no_more(
    ledger: Ledger, clock: TestClock
) -> None:
    spend(ledger, clock, 1, IOM)
    spend(ledger, clock, 2, IOM)
    before = ledger.statement()
    with pytest.raises(ShareSpentError, match=r"0 is left in 2026 .* organisation IOM") as refusal:
        reserve(ledger, clock, 3, IOM)
    assert refusal.value.code == "ledger.share_spent"
    assert ledger.statement() == before
    spend(ledger, clock, 4, CITY)  # the others' shares are their own
    clock.advance(timedelta(days=365))
    spend(ledger, clock, 5, IOM)


def test_what_is_reserved_counts_and_one_purpose_is_one_for_all_organisations(
    ledger: Ledger, clock: TestClock
) -> None:
    reserve(ledger, clock, 1, IOM_LATER)
    with pytest.raises(ShareSpentError, match="purpose trends"):
        reserve(ledger, clock, 2, Asker("somebody else", "Trends of ages"))
    ledger.release(session_of(1))
    reserve(ledger, clock, 3, Asker("somebody else", "Trends of ages"))


def test_everybody_without_a_name_of_their_own_has_a_share_by_themselves(
    ledger: Ledger, clock: TestClock
) -> None:
    spend(ledger, clock, 1, CITY)
    with pytest.raises(ShareSpentError, match="organisation City of Chisinau"):
        reserve(ledger, clock, 2, CITY)
    with pytest.raises(ShareSpentError):
        reserve(ledger, clock, 3, Asker("CITY OF CHISINAU", "another purpose"))
    spend(ledger, clock, 4, Asker("University of Niamey", "annual report"))


def test_questions_that_tell_ages_apart_have_one_share_of_the_year_whoever_asks(
    tmp_path: Path, clock: TestClock
) -> None:
    shares = (Share(Kind.MINORS, "minors", 2 * HUNDREDTH),)
    with open_ledger(tmp_path / "ages.sqlite3", clock, shares=shares) as ledger:
        spend(ledger, clock, 1, Asker("IOM", "a", minors=True))
        spend(ledger, clock, 2, Asker("City of Chisinau", "b", minors=True))
        with pytest.raises(ShareSpentError, match="questions that tell ages apart"):
            reserve(ledger, clock, 3, Asker("somebody else", "c", minors=True))
        spend(ledger, clock, 4, Asker("IOM", "a"))
        (left,) = ledger.accounts().shares
        assert left.left == 0
        shown = {who: now for who, _, now, _ in view_of(ledger).askers}
        assert shown == {"IOM": "1/50", "City of Chisinau": "1/100"}
    again = open_ledger(tmp_path / "ages.sqlite3", clock, shares=shares)
    with again, pytest.raises(ShareSpentError):
        reserve(again, clock, 5, Asker("somebody else", "c", minors=True))


def test_a15_shares_widen_nothing(tmp_path: Path, clock: TestClock) -> None:
    generous = (Share(Kind.ORGANISATION, "IOM", Fraction(1)),)
    path = tmp_path / "another.sqlite3"
    with open_ledger(path, clock, shares=generous, per_year=HUNDREDTH) as ledger:
        spend(ledger, clock, 1, IOM)
        with pytest.raises(AllowanceSpentError):
            reserve(ledger, clock, 2, IOM)
    assert list(limits_of(CITY, generous)) == []


def test_the_accounts_add_up_to_what_was_spent(ledger: Ledger, clock: TestClock) -> None:
    spend(ledger, clock, 1, IOM)
    spend(ledger, clock, 2, CITY)
    clock.advance(timedelta(days=365))
    spend(ledger, clock, 3, IOM)
    reserve(ledger, clock, 4, CITY)
    accounts = ledger.accounts()
    assert accounts.all_time == Spending(3 * HUNDREDTH, 9 * HUNDREDTH)
    assert accounts.by_year == {
        2026: Spending(2 * HUNDREDTH, 6 * HUNDREDTH),
        2027: Spending(HUNDREDTH, 3 * HUNDREDTH),
    }
    assert accounts.by_asker == {
        (2026, IOM): Spending(HUNDREDTH, 3 * HUNDREDTH),
        (2026, CITY): Spending(HUNDREDTH, 3 * HUNDREDTH),
        (2027, IOM): Spending(HUNDREDTH, 3 * HUNDREDTH),
    }
    assert accounts.reserved == Spending(HUNDREDTH, 5 * HUNDREDTH)
    assert ledger.balance().spent == accounts.all_time.rho


def test_a18_a_forfeit_counts_the_worst_that_its_reservation_can_have_come_to(
    tmp_path: Path, clock: TestClock
) -> None:
    path = tmp_path / "ledger.sqlite3"
    with open_ledger(path, clock) as first:
        reserve(first, clock, 1, IOM)
        first.reserve(
            session_of(2), HUNDREDTH, question=QUESTION, charter=CHARTER, deadline=deadline(clock)
        )
    with open_ledger(path, clock) as second:
        second.forfeit_left_open()
        accounts = second.accounts()
    # Of whoever said nothing of it, it is the worst that any roster can do.
    assert accounts.all_time == Spending(2 * HUNDREDTH, (5 + 200) * HUNDREDTH)
    assert accounts.by_asker[2026, IOM].rho == HUNDREDTH


def test_the_budget_reads_the_same_loss_three_times_and_is_rounded_up(
    ledger: Ledger, clock: TestClock
) -> None:
    spend(ledger, clock, 1, IOM)
    view = view_of(ledger)
    (what, rho, here, region, alone), *_ = view.rows
    assert (what, rho) == ("spent, all time", "1/100")
    for shown, loss in ((here, HUNDREDTH), (region, 4 * HUNDREDTH), (alone, 3 * HUNDREDTH)):
        exactly = epsilon(Rho(loss), DELTA)
        assert exactly <= float(shown) <= exactly + 0.0101
    assert view.years == [("2026", rho, here, region, alone)]
    assert view.askers == [("IOM", "annual report", "1/100", "1/100")]
    assert view.shares[0] == ("organisation IOM", "1/50", "1/100")
    document = view.document["all_time"]
    assert document["rho_regional"] == "1/25"
    assert document["rho_worst_case"] == "3/100"


def test_the_budget_says_what_it_means_in_words(ledger: Ledger, clock: TestClock) -> None:
    assert not any("fold" in line for line in view_of(ledger).lines)
    spend(ledger, clock, 1, IOM)
    told = " ".join(view_of(ledger).lines)
    exactly = math.exp(0.01 + 2 * math.sqrt(0.01 * math.log(10**6)))
    assert 2.1 < exactly < 2.2
    assert "change those odds at most 2.2-fold (but for a chance of 1 in 1 000 000)" in told
    assert "only this node's total protects" in told
