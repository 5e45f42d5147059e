"""A standing series at real nodes: what it counts, what it costs, and what it survives."""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corridor.errors.node import SeriesStateLostError
from corridor.errors.store import StoreDamagedError
from corridor.ids import Digest, SessionId
from corridor.node.app.world import read_data
from corridor.node.attempt import Attempt
from corridor.node.evaluation import count_new
from corridor.node.importing.countries import read_country_mapping
from corridor.node.importing.reading import read_case_files
from corridor.node.policy import ConsentRule, parse_policy
from corridor.node.schema import EditionTables
from corridor.node.series_book import Counted, Ints, Keys, SeriesBook, nobody
from corridor.node.shares import Kind, Share
from corridor.privacy.continual import FINENESS, Series
from corridor.protocols.secure_sum.messages import Proposal, Scope
from corridor.queries.domains import make_domains
from corridor.queries.htcds import parse_htcds
from corridor.queries.plan import Plan, compile_plan
from corridor.queries.question import Every, Question, Turn
from corridor.queries.sql import parse_sql
from corridor.queries.standing import Measured, standing_answer
from corridor.transport.messages import Failed, Released
from support.case_files import merged
from support.catalogue import catalogue
from support.editions import Case, InMemory, make_tables
from support.node_region import (
    FOUR,
    RealNode,
    Talk,
    by_gender,
    charter_of_four,
    make_proposal,
    start,
)

CHARTER = charter_of_four()
DOMAINS = make_domains(catalogue(), CHARTER)
PERIODS = 6
RHO = Fraction(1, 20)


def release(period: int, periods: int = PERIODS) -> Question:
    turn = Turn(every=Every.MONTH, start=date(2026, 3, 1), periods=periods, period=period)
    return by_gender().at(turn)


def plan_of(question: Question) -> Plan:
    return compile_plan(question, DOMAINS)


def session(number: int) -> SessionId:
    return SessionId(number.to_bytes(16, "big"))


def proposal(node: RealNode, period: int, number: int, rho: Fraction = RHO) -> Proposal:
    return make_proposal(
        CHARTER, node.clock(), asked=release(period), session=session(number), rho=rho
    )


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[list[RealNode]]:
    clock = start()
    made = [RealNode(tmp_path / c, c, CHARTER, clock, women=10) for c in FOUR]
    yield made
    for node in made:
        node.close()


def talk(nodes: Sequence[RealNode], period: int, number: int) -> Talk:
    return Talk(nodes, session(number), release(period), RHO)


def answered(nodes: Sequence[RealNode], period: int, number: int) -> Talk:
    """One attempt, to its end."""
    made = talk(nodes, period, number)
    made.until("sign")
    made.unmask()
    for node in nodes:
        node.hear(Released("r", Digest(bytes(32))), session(number))
    return made


def failed(nodes: Sequence[RealNode], period: int, number: int) -> None:
    """One attempt that ends when everybody's input has left."""
    talk(nodes, period, number).until("mask")
    for node in nodes:
        node.hear(Failed("x.y", "z", frozenset()), session(number))


def measured(talk: Talk) -> Measured:
    words = talk.unmasked().words
    parameters = words.parameters
    total = talk.total.astype(f"<i{talk.total.dtype.itemsize}").astype(np.int64)
    variance = parameters.left_variance(4, len(words.reduced))
    return Measured(total, parameters.scale_bits, variance, 4)


def test_each_release_says_who_came_and_who_came_so_far(nodes: list[RealNode]) -> None:
    found = []
    for period, women in enumerate((10, 25, 25, 40), start=1):
        for node in nodes:
            node.import_women(women)
        found.append(measured(answered(nodes, period, period)))
        newly, so_far = standing_answer(plan_of(release(period)), DOMAINS, found).tables
        cell = newly.axes[0].values.index("unknown")
        before = 4 * (0, 10, 25, 25)[period - 1]
        for table, true in ((newly, 4 * women - before), (so_far, 4 * women)):
            off = abs(table.figures.value(cell) - true)
            assert off < 4 * table.figures.margin_of(cell)
            assert table.figures.margin_of(cell) < 15
        assert newly.title == f"Persons by gender, counted first in 2026-0{period + 2}"
        assert so_far.title == f"Persons by gender, counted from 2026-03 to 2026-0{period + 2}"
    assert nodes[0].spent == (RHO, 0)


def test_a_series_is_paid_for_once_and_a_repeated_attempt_by_its_part(
    nodes: list[RealNode],
) -> None:
    part = Series(PERIODS).price_of_repeat
    answered(nodes, 1, 1)
    assert nodes[0].spent == (RHO, 0)
    failed(nodes, 2, 2)
    assert nodes[0].spent == (RHO, 0)
    answered(nodes, 2, 3)
    assert nodes[0].spent == (RHO * (1 + part), 0)
    for node in nodes:
        node.restart()
    answered(nodes, 3, 4)
    assert nodes[0].spent == (RHO * (1 + part), 0)
    (account,) = nodes[0].ledger.series().values()
    assert (account.rho, account.paid, account.period) == (RHO, RHO * (1 + part), 3)
    assert account.sessions == {1: (session(1),), 2: (session(2), session(3)), 3: (session(4),)}
    # Everybody else colluding loses in the same proportion.
    accounts = nodes[0].ledger.accounts().all_time
    assert accounts.worst_case / accounts.rho >= 1


def test_two_attempts_at_once_are_both_paid_for(nodes: list[RealNode]) -> None:
    node = nodes[0]
    for number in (1, 2):
        node.desk.consider(proposal(node, 1, number, RHO / 10))
    assert node.spent == (0, RHO / 5)


def test_releases_come_in_order(nodes: list[RealNode]) -> None:
    node = nodes[0]
    assert node.refusal(proposal(node, 2, 1), session(1)) == "ledger.series_out_of_order"
    answered(nodes, 1, 2)
    assert node.refusal(proposal(node, 3, 3), session(3)) == "ledger.series_out_of_order"
    answered(nodes, 2, 4)
    assert node.refusal(proposal(node, 1, 5), session(5)) == "ledger.series_out_of_order"
    other = proposal(node, 3, 6, RHO / 2)
    assert node.refusal(other, session(6)) == "ledger.other_series_price"
    assert node.spent == (RHO, 0)


def test_whoever_was_counted_stays_counted_and_is_never_counted_again(
    nodes: list[RealNode],
) -> None:
    """Even where the data are gone, and come back."""
    answered(nodes, 1, 1)
    for period, women in ((2, 1), (3, 10), (4, 12)):
        nodes[0].import_women(women)
        answered(nodes, period, period)
    counted = state(nodes[0], 4)
    assert counted.newly.sum(axis=1).tolist() == [10, 0, 0, 2]


def state(node: RealNode, number: int) -> Counted:
    return book_of(node).after(release(1).series_id, session(number))


def book_of(node: RealNode) -> SeriesBook:
    return SeriesBook(node.home / "series", node.store.series_key, node.random_bytes)


def test_an_attempt_that_is_repeated_begins_where_the_first_one_did(
    nodes: list[RealNode],
) -> None:
    answered(nodes, 1, 1)
    nodes[0].import_women(15)
    failed(nodes, 2, 2)
    nodes[0].import_women(17)
    answered(nodes, 2, 3)
    assert state(nodes[0], 3).newly.sum(axis=1).tolist() == [10, 7]
    # What nothing goes on from is not kept.
    answered(nodes, 3, 4)
    (folder,) = (nodes[0].home / "series").iterdir()
    assert {one.stem for one in folder.iterdir()} == {session(n).hex() for n in (2, 3, 4)}


def test_a_late_attempt_takes_away_nothing_that_another_one_goes_on_from(
    nodes: list[RealNode],
) -> None:
    """Two attempts at release 1, of which the second counts after release 2 did."""
    node = nodes[0]
    late = node.desk.consider(proposal(node, 1, 2, RHO / 10)).attempt
    late._parameters_for(4)
    first = node.desk.consider(proposal(node, 1, 1, RHO / 10)).attempt
    first._parameters_for(4)
    counts(node, first, 1)
    second = node.desk.consider(proposal(node, 2, 3, RHO / 10)).attempt
    second._parameters_for(4)
    counts(node, second, 3)
    counts(node, late, 2)
    node.desk.consider(proposal(node, 3, 4, RHO / 10))


def counts(node: RealNode, attempt: Attempt, number: int) -> None:
    """Debit, count, and be answered."""
    node.ledger.debit(session(number), Fraction(1))
    attempt._data.evaluate()
    node.ledger.answered(session(number))


def test_first_attempts_at_two_prices_are_not_two_halves_of_one(nodes: list[RealNode]) -> None:
    node = nodes[0]
    node.desk.consider(proposal(node, 1, 1, RHO / 10))
    dearer = proposal(node, 1, 2, RHO / 5)
    assert node.refusal(dearer, session(2)) == "ledger.other_series_price"
    assert node.spent == (0, RHO / 10)


def test_a_series_is_no_single_country_s_figure(nodes: list[RealNode]) -> None:
    node = nodes[0]
    alone = make_proposal(
        CHARTER,
        node.clock(),
        asked=release(1),
        session=session(1),
        rho=RHO,
        scope=Scope.PER_COUNTRY,
    )
    node.policy = parse_policy(
        '[[rule]]\nverdict = "allow"\nwhen.scope = ["per-country"]\nwhen.series = true\n'
    )
    assert node.refusal(alone, session(1)) == "node.bad_proposal"
    assert node.spent == (0, 0)


def test_who_has_left_a_series_takes_no_part_in_it_not_even_from_the_beginning(
    nodes: list[RealNode],
) -> None:
    answered(nodes, 1, 1)
    node = nodes[0]
    held = node.desk.consider(proposal(node, 2, 2)).attempt
    held._parameters_for(4)
    book_of(node).leave(release(1).series_id)
    for period, number in ((2, 3), (1, 4)):
        said = node.refusal(proposal(node, period, number), session(number))
        assert said == "node.series_left"
    node.ledger.debit(session(2), Fraction(1))
    with pytest.raises(SeriesStateLostError):  # and what was under way leaves nothing either
        held._data.evaluate()
    (folder,) = (node.home / "series").iterdir()
    assert [one.name for one in folder.iterdir()] == ["left"]


def test_a_node_keeps_so_many_series_and_no_more(
    nodes: list[RealNode], monkeypatch: pytest.MonkeyPatch
) -> None:
    answered(nodes, 1, 1)
    monkeypatch.setattr("corridor.node.series_book.MOST_SERIES", 1)
    node = nodes[0]
    other = make_proposal(
        CHARTER, node.clock(), asked=release(1, PERIODS + 1), session=session(2), rho=RHO / 10
    )
    assert node.refusal(other, session(2)) == "node.too_many_series"
    node.desk.consider(proposal(node, 2, 3))  # those that are here go on
    book_of(node).leave(release(1).series_id)
    node.desk.consider(other)


def test_without_room_for_what_it_would_leave_nothing_is_reserved(
    nodes: list[RealNode], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Said before the data are looked at: how much it will be must not show."""
    usage = shutil.disk_usage("/")._replace(free=1000)
    monkeypatch.setattr("corridor.node.series_book.shutil.disk_usage", lambda _: usage)
    node = nodes[0]
    assert node.refusal(proposal(node, 1, 1), session(1)) == "disk.cannot_write"
    assert node.spent == (0, 0)


def test_a_release_that_is_free_needs_no_share_of_the_allowance(nodes: list[RealNode]) -> None:
    answered(nodes, 1, 1)
    node = nodes[0]
    lowered = (Share(Kind.ORGANISATION, "test", Fraction(1, 1000)),)
    node.ledger._allowance = replace(node.ledger._allowance, shares=lowered)
    node.desk.consider(proposal(node, 2, 2))


# ------------------------------------------------------------ rows alike


def imported(folder: Path, rows: int, number: int) -> EditionTables:
    """The edition of a file with so many equal rows, and one with a case reference."""
    path = folder / f"{number}.csv"
    alike = "Female,\n" * rows
    path.write_text(f"prs_Gender,x_CaseReference\nMale,case {number}\n{alike}")
    cases, _ = read_case_files(
        [path],
        fields=parse_htcds(read_data("htcds-2.0.json")),
        person_secret=bytes(32),
        mapping=read_country_mapping(),
        today=date(2026, 5, 1),
        progress=lambda _: None,
        max_persons=None,
    )
    return merged(None, cases, number)


def test_a11_rows_alike_move_nobody_and_only_persons_with_a_key_of_their_own_are_counted(
    tmp_path: Path,
) -> None:
    """Which of a thousand equal rows is whose nobody can tell; left out, one would move all."""
    plan = plan_of(release(1))
    sent = []
    for missing in (0, 1):
        counted = nobody(plan.size)
        for number, rows in enumerate((1, 1001, 900, 5000), start=1):
            reader = InMemory(imported(tmp_path, rows - missing, number))

            def new(known: Keys, reader: InMemory = reader) -> tuple[Keys, Ints]:
                return count_new(plan, reader, bytes(16), ConsentRule.OTHER_LEGAL_BASIS, known)

            counted = counted.and_then(new)
        sent.append(counted.newly.tolist())
    assert sent[0] == sent[1]
    assert np.sum(sent[0], axis=1).tolist() == [1, 1, 1, 1]


def test_an_older_copy_of_the_folder_is_refused(nodes: list[RealNode], tmp_path: Path) -> None:
    node = nodes[0]
    answered(nodes, 1, 1)
    shutil.copytree(node.home / "series", tmp_path / "backup")
    answered(nodes, 2, 2)
    shutil.rmtree(node.home / "series")
    shutil.copytree(tmp_path / "backup", node.home / "series")
    assert node.refusal(proposal(node, 3, 3), session(3)) == "node.series_state_lost"
    # The release before can still be repeated from there.
    node.desk.consider(proposal(node, 2, 4))


def test_a_node_that_was_killed_between_debit_and_counting_goes_on(
    nodes: list[RealNode],
) -> None:
    answered(nodes, 1, 1)
    node = nodes[0]
    made = talk(nodes, 2, 2)
    made.until("open")
    node.ledger.debit(session(2), Fraction(1))
    for fresh in node.witnesses.fresh():
        node.tell_peers(fresh)
    node.restart()
    for other in nodes[1:]:
        other.hear(Failed("x.y", "z", frozenset()), session(2))
    assert node.refusal(proposal(node, 3, 3), session(3)) == "node.series_state_lost"
    for other in nodes:
        other.confirm()
    answered(nodes, 2, 4)
    answered(nodes, 3, 5)
    assert state(node, 5).newly.sum(axis=1).tolist() == [10, 0, 0]


def test_a_reservation_that_an_ended_process_left_counts_as_an_attempt(
    nodes: list[RealNode],
) -> None:
    """Its disk may be a copy from before its debit."""
    node = nodes[0]
    answered(nodes, 1, 1)
    node.peers = ()
    node.desk.consider(proposal(node, 2, 2))
    node.restart()
    node.ledger.forfeit_left_open()
    assert node.refusal(proposal(node, 3, 3), session(3)) == "node.series_state_lost"
    node.desk.consider(proposal(node, 2, 4))
    _, reserved = node.spent
    assert reserved == RHO * Series(PERIODS).price_of_repeat


def test_a_charter_whose_cells_are_the_same_lets_a_series_go_on(nodes: list[RealNode]) -> None:
    answered(nodes, 1, 1)
    node = nodes[0]
    node.close()
    node.charter = charter_of_four(years=(2015, 2030))
    node.open()
    later = make_proposal(node.charter, node.clock(), asked=release(2), session=session(2), rho=RHO)
    node.desk.consider(later)  # by gender the years do not matter
    yearly = parse_sql("SELECT year, COUNT(*) FROM persons GROUP BY year", DOMAINS)
    layouts = {
        compile_plan(yearly, make_domains(catalogue(), charter)).layout
        for charter in (CHARTER, node.charter)
    }
    assert len(layouts) == 2


def test_other_cells_are_refused_before_anything_is_reserved(nodes: list[RealNode]) -> None:
    answered(nodes, 1, 1)
    node = nodes[0]
    book, series = book_of(node), release(1).series_id
    terms, counted = book.terms(series, session(1)), book.after(series, session(1))
    book.keep(series, session(1), replace(terms, layout=Digest(bytes(32))), counted, ())
    assert node.refusal(proposal(node, 2, 2), session(2)) == "node.series_changed"
    assert node.spent == (RHO, 0)


def test_a_release_with_others_noise_is_refused_before_anything_is_debited(
    nodes: list[RealNode],
) -> None:
    """Three in place of four: another share of the noise, and other persons in the sum."""
    answered(nodes, 1, 1)
    made = talk(nodes[:3], 2, 2)
    made.propose()
    assert nodes[0].refusal(made.roster, session(2)) == "node.series_changed"
    assert nodes[0].spent == (RHO, 0)


def test_what_is_on_the_disk_is_sealed_and_bound_to_its_attempt(nodes: list[RealNode]) -> None:
    answered(nodes, 1, 1)
    node = nodes[0]
    paths = sorted((node.home / "series").glob("*/*"))
    for path in paths:
        raw = path.read_bytes()
        assert b"persons" not in raw
        assert b"layout" not in raw
        path.rename(path.with_name(path.name.replace(session(1).hex(), session(9).hex())))
    for read in (book_of(node).after, book_of(node).terms):
        with pytest.raises(StoreDamagedError, match="is not as this node wrote it"):
            read(release(1).series_id, session(9))


def test_the_question_of_a_release_is_another_than_its_series() -> None:
    assert release(1).digest == release(2).series_id == release(6).series_id
    assert release(2).digest != release(3).digest
    assert plan_of(release(2)).layout == plan_of(release(3)).layout
    with pytest.raises(ValueError, match="of no series"):
        _ = by_gender().series_id


# ------------------------------------------------------------ the theorem, by brute force

PEOPLE = tuple(f"p{number}" for number in range(5))
ALIKE = PEOPLE[-1]
"""Told apart by the content of a row alone."""
GENDERS = ("Female", "Male", None)

Edition = dict[str, str | None]
"""Of everybody in the data, their gender."""

editions = st.dictionaries(st.sampled_from(PEOPLE), st.sampled_from(GENDERS), max_size=5)


histories = st.lists(st.lists(editions, min_size=1, max_size=3), min_size=1, max_size=4)
"""Of each release the attempts at it, and what the data are at each."""


def all_sent(history: Sequence[Sequence[Edition]], without: str | None) -> list[list[int]]:
    """Everything that leaves this node, without noise, by the code that serves."""
    plan = plan_of(release(1))
    counted = nobody(plan.size)
    sent = []
    for period, attempts in enumerate(history, start=1):
        turn, after = release(period).turn, counted
        assert turn is not None
        for edition in attempts:
            cases = [
                Case(person, f"c {person}", {"prs_Gender": gender, "own_key": person != ALIKE})
                for person, gender in edition.items()
                if person != without
            ]
            reader = InMemory(make_tables(cases))

            def new(known: Keys, reader: InMemory = reader) -> tuple[Keys, Ints]:
                return count_new(plan, reader, bytes(16), ConsentRule.OTHER_LEGAL_BASIS, known)

            after = counted.and_then(new)
            sent.append(after.measured(turn).tolist())
        counted = after
    return sent


@pytest.mark.slow
@settings(max_examples=20, deadline=None)
@given(histories, st.sampled_from(PEOPLE))
def test_a13_one_person_moves_a_whole_series_by_no_more_than_was_paid_for(
    history: list[list[Edition]], person: str
) -> None:
    """Corrected, gone, back again, and with attempts that were repeated."""
    series = Series(PERIODS)
    pairs = zip(all_sent(history, None), all_sent(history, person), strict=True)
    moved = sum(
        (a - b) ** 2 for with_, without in pairs for a, b in zip(with_, without, strict=True)
    )
    repeats = sum(len(attempts) - 1 for attempts in history)
    assert moved <= series.sensitivity_squared + repeats * FINENESS**2
