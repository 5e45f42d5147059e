"""A question's way to its release, with the power failing between any two steps."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select, update

from corridor.coordinator.attempts import (
    AttemptRecord,
    Ending,
    Failure,
    Publication,
    QueuedQuestion,
    State,
)
from corridor.coordinator.store import Store, attempts, questions, releases
from corridor.coordinator.waiting import FIRST_RETRY, WaitingRecord, end_cancelled
from corridor.errors.region import (
    NotHeldOutError,
    QuestionCancelledError,
    StoreUnavailableError,
)
from corridor.ids import CountryCode, Digest, EditionId, SessionId
from support.release_tree import make_log

MD, RO, UA = map(CountryCode, ["MD", "RO", "UA"])
EDITIONS = {MD: EditionId("1-" + "a" * 16), RO: EditionId("2-" + "b" * 16)}
SESSION = SessionId(bytes(16))
OTHER = SessionId(b"\1" * 16)


class Coordinator:
    """The store, and what a kill -9 leaves of it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.start()

    def start(self) -> None:
        self.store = Store(self.path)
        self.log = make_log(self.store)
        self.record = AttemptRecord(self.store, lambda: 1000, self.log)

    def killed(self) -> None:
        """Nothing is closed in order: the file is opened again as it lies there."""
        self.store.close()
        self.start()
        self.record.recover(restarted)

    def ask(self, place: int) -> None:
        with self.store.writing() as connection:
            connection.execute(
                insert(questions).values(
                    id=f"q{place}",
                    place=place,
                    question=b"{}",
                    digest=bytes(32),
                    rho="1/100",
                    scope="regional",
                    charter=bytes(32),
                    purpose="",
                    organisation="",
                    asked_by="ana",
                    asked=1,
                    state=State.QUEUED,
                    since=1,
                )
            )

    def state(self, question: str) -> str:
        with self.store.reading() as connection:
            wanted = select(questions.c.state).where(questions.c.id == question)
            return str(connection.execute(wanted).scalar_one())

    def count(self) -> int:
        with self.store.reading() as connection:
            return connection.execute(select(func.count()).select_from(releases)).scalar_one()


def restarted(round_name: str) -> Failure:
    return Failure(code="attempt.x", message="restarted", round=round_name, missing=())


def publication(session: SessionId = SESSION) -> Publication:
    return Publication(
        id=session.hex(),
        session=session,
        participants=EDITIONS,
        document=b"{}",
        receipt=b"{}",
    )


@pytest.fixture
def coordinator(tmp_path: Path) -> Iterator[Coordinator]:
    coordinator = Coordinator(tmp_path / "c.sqlite3")
    yield coordinator
    coordinator.store.close()


def next_question(coordinator: Coordinator) -> QueuedQuestion:
    question = coordinator.record.next_question()
    assert question is not None
    return question


def test_questions_are_answered_in_the_order_they_were_asked(coordinator: Coordinator) -> None:
    coordinator.ask(2)
    coordinator.ask(1)
    assert next_question(coordinator).id == "q1"
    coordinator.record.begin(SESSION, "q1", "propose")
    assert next_question(coordinator).id == "q2"


def test_a_waiting_question_goes_on_waiting_after_a_kill(coordinator: Coordinator) -> None:
    coordinator.ask(1)
    coordinator.killed()
    assert next_question(coordinator).id == "q1"


def test_a_question_that_was_taken_back_meanwhile_does_not_begin(
    coordinator: Coordinator,
) -> None:
    coordinator.ask(1)
    found = next_question(coordinator)
    with coordinator.store.writing() as connection:
        end_cancelled(connection, found.id, 1000, by="Ana")
    with pytest.raises(QuestionCancelledError):
        coordinator.record.begin(SESSION, found.id, "propose")
    assert coordinator.state("q1") == State.FAILED


@pytest.mark.parametrize(("round_name", "state"), [("propose", "waiting"), ("share", "failed")])
def test_a17_a_kill_while_a_question_that_waited_is_proposed_again_lets_it_wait_on(
    coordinator: Coordinator, round_name: str, state: str
) -> None:
    coordinator.ask(1)
    waiting = WaitingRecord(coordinator.record)
    coordinator.record.begin(SESSION, "q1", "propose")
    waiting.wait(SESSION, "q1", [MD], Ending(round="propose"))
    with coordinator.store.writing() as connection:
        connection.execute(update(questions).values(state=State.QUEUED))
    coordinator.record.begin(OTHER, "q1", round_name)
    coordinator.killed()
    assert coordinator.state("q1") == state
    assert waiting.of("q1").countries == {MD}


def test_news_of_the_country_that_is_waited_for_shorten_the_pause_and_no_other_s_do(
    coordinator: Coordinator,
) -> None:
    coordinator.ask(1)
    waiting = WaitingRecord(coordinator.record)
    for _ in range(4):
        waiting.wait(None, "q1", [MD], None)
    assert waiting.of("q1").again == 1000 + 8 * FIRST_RETRY
    waiting.hasten(RO)
    assert waiting.of("q1").again == 1000 + 8 * FIRST_RETRY
    for _ in range(3):  # however often it says so
        waiting.hasten(MD)
    assert waiting.of("q1").again == 1000 + 4 * FIRST_RETRY
    assert not waiting.queue_due()
    assert coordinator.state("q1") == State.WAITING


@pytest.mark.parametrize("rounds", [[], ["share"], ["share", "unmask"]])
def test_a17_a_kill_in_any_round_reports_the_attempt_failed(
    coordinator: Coordinator, rounds: list[str]
) -> None:
    coordinator.ask(1)
    coordinator.record.begin(SESSION, "q1", "propose")
    for name in rounds:
        coordinator.record.enter(SESSION, name)
    coordinator.killed()
    assert coordinator.state("q1") == State.FAILED
    assert coordinator.record.next_question() is None
    with coordinator.store.reading() as connection:
        failure = connection.execute(select(questions.c.failure)).scalar_one()
        outcome = connection.execute(select(attempts.c.outcome)).scalar_one()
    assert (rounds or ["propose"])[-1].encode() in failure
    assert outcome == "attempt.x"


def test_a_kill_after_publishing_loses_nothing_and_computes_nothing_again(
    coordinator: Coordinator,
) -> None:
    coordinator.ask(1)
    question = next_question(coordinator)
    coordinator.record.begin(SESSION, "q1", "propose")
    coordinator.record.publish(question, publication())
    coordinator.killed()
    assert coordinator.state("q1") == State.RELEASED
    assert coordinator.record.next_question() is None
    found = coordinator.record.release_for(question.digest, "1/100", "regional", EDITIONS)
    assert found == SESSION.hex()


@contextmanager
def killed_before_it_moves_on(
    coordinator: Coordinator, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """The coordinator is killed in here, when the question's state is to be written."""

    def killed_here(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("corridor.coordinator.attempts._move", killed_here)
    with pytest.raises(KeyboardInterrupt):
        yield
    monkeypatch.undo()
    coordinator.killed()


def test_a17_a_kill_in_the_middle_of_publishing_leaves_no_half_release(
    coordinator: Coordinator, monkeypatch: pytest.MonkeyPatch
) -> None:
    coordinator.ask(1)
    question = next_question(coordinator)
    coordinator.record.begin(SESSION, "q1", "propose")
    with killed_before_it_moves_on(coordinator, monkeypatch):
        coordinator.record.publish(question, publication())
    assert coordinator.count() == 0
    assert coordinator.state("q1") == State.FAILED


def test_a38_a_full_disk_while_publishing_leaves_no_half_release(coordinator: Coordinator) -> None:
    coordinator.ask(1)
    question = next_question(coordinator)
    coordinator.record.begin(SESSION, "q1", "propose")
    big = Publication(
        id="r",
        session=SESSION,
        participants=EDITIONS,
        document=b'{"tables": "%s"}' % (b"x" * 2_000_000),
        receipt=b"",
    )
    with coordinator.store.reading() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StoreUnavailableError):
        coordinator.record.publish(question, big)
    coordinator.killed()
    assert coordinator.count() == 0
    assert coordinator.state("q1") == State.FAILED


@pytest.mark.parametrize(
    "change",
    [
        lambda editions: {**editions, UA: EditionId("1-" + "c" * 16)},
        lambda editions: {**editions, RO: EditionId("3-" + "b" * 16)},
        lambda editions: {MD: editions[MD]},
    ],
    ids=["one more", "newer data", "one less"],
)
def test_a_release_is_reused_for_the_same_participants_and_editions_only(
    coordinator: Coordinator,
    change: Callable[[dict[CountryCode, EditionId]], dict[CountryCode, EditionId]],
) -> None:
    coordinator.ask(1)
    question = next_question(coordinator)
    coordinator.record.begin(SESSION, "q1", "propose")
    coordinator.record.publish(question, publication())
    find = coordinator.record.release_for
    same = dict(reversed(EDITIONS.items()))
    assert find(question.digest, "1/100", "regional", same) is not None
    assert find(question.digest, "1/100", "regional", change(EDITIONS)) is None
    assert find(question.digest, "1/50", "regional", EDITIONS) is None


def test_a39_a_member_that_joins_and_drops_out_does_not_cost_the_others_their_answer(
    coordinator: Coordinator,
) -> None:
    # The first attempt was of MD and RO. UA joins the second and drops out after the debits: its
    # release has the participants of the first, and may not be lost for that.
    for place, session in ((1, SESSION), (2, OTHER)):
        coordinator.ask(place)
        question = next_question(coordinator)
        coordinator.record.begin(session, question.id, "propose")
        coordinator.record.publish(question, publication(session))
        assert coordinator.state(question.id) == State.RELEASED
    assert coordinator.count() == 2
    found = coordinator.record.release_for(Digest(bytes(32)), "1/100", "regional", EDITIONS)
    assert found == OTHER.hex()


def ended_badly(proven: dict[CountryCode, str]) -> Ending:
    return Ending(round="unmask", answered=frozenset({MD, RO, UA}), proven=proven)


def test_who_is_proven_to_have_dealt_bad_shares_is_held_out_until_it_is_readmitted(
    coordinator: Coordinator,
) -> None:
    coordinator.ask(1)
    coordinator.record.begin(SESSION, "q1", "propose", invited=[MD, RO, UA])
    assert coordinator.record.held_out() == frozenset()
    ending = ended_badly({UA: "secure_sum.bad_dealer"})
    coordinator.record.fail(SESSION, "q1", restarted("unmask"), ending)
    coordinator.killed()
    assert coordinator.record.held_out() == {UA}
    coordinator.ask(2)
    coordinator.record.begin(OTHER, "q2", "propose")  # one attempt without it is not enough
    assert coordinator.record.held_out() == {UA}
    coordinator.record.readmit(UA, "their disk was replaced")
    coordinator.killed()
    assert coordinator.record.held_out() == frozenset()
    with pytest.raises(NotHeldOutError, match="UA"):
        coordinator.record.readmit(UA, "")


def test_who_lies_again_after_it_was_readmitted_is_held_out_again(
    coordinator: Coordinator,
) -> None:
    for place, session in ((1, SESSION), (2, OTHER)):
        coordinator.ask(place)
        question = next_question(coordinator)
        coordinator.record.begin(session, question.id, "propose")
        ending = ended_badly({UA: "secure_sum.lying_responder"})
        coordinator.record.publish(question, publication(session), ending)
        assert coordinator.record.held_out() == {UA}
        coordinator.record.readmit(UA, "")


def test_a38_who_lied_is_held_out_with_the_release_or_neither_happened(
    coordinator: Coordinator, monkeypatch: pytest.MonkeyPatch
) -> None:
    coordinator.ask(1)
    question = next_question(coordinator)
    coordinator.record.begin(SESSION, "q1", "propose")
    with killed_before_it_moves_on(coordinator, monkeypatch):
        coordinator.record.publish(question, publication(), ended_badly({UA: "x"}))
    assert (coordinator.count(), coordinator.record.held_out()) == (0, frozenset())
