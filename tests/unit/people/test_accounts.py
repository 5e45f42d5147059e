"""Accounts: who is let in, who is not, and what ends a session."""

import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from random import Random

import pyotp
import pytest

from corridor.errors import CorridorError
from corridor.errors.ledger import LedgerDiskError
from corridor.errors.people import (
    BadInvitationError,
    BadNameError,
    BadRolesError,
    LastAdministratorError,
    NameTakenError,
    NotSignedInError,
    PeopleDamagedError,
    RoleMissingError,
    SignInBusyError,
    UnknownPersonError,
    WaitError,
    WeakPasswordError,
    WrongSignInError,
)
from corridor.people import (
    AUTHORITY,
    Passwords,
    PeopleChange,
    PeopleDesk,
    PeopleStore,
    Role,
    SealedFactors,
    Session,
    Stage,
)
from corridor.people.desk import IDLE_SECONDS, INVITATION_SECONDS, LIFE_SECONDS
from corridor.people.passwords import MOST_WAITING
from corridor.people.tries import FREE_TRIES, LONGEST_WAIT_SECONDS, NOWHERE, Whence
from support.console import START
from support.ledgers import TestClock
from support.pages import CHEAP, PASSWORD

ANA, BOGDAN = "Ana Rusu", "Bogdan"
OTHER = "nine magpies borrow silver ladders"
FACTORS = SealedFactors(lambda: bytes(range(32)), Random(2).randbytes)
ADMINISTRATOR, OFFICER = [Role.ADMINISTRATOR], [Role.OFFICER]


class Staff:
    """A desk over a real file, and what it recorded."""

    def __init__(self, path: Path) -> None:
        self.clock = TestClock(START)
        self.recorded: list[PeopleChange] = []
        self.path = path
        self.store = PeopleStore(path)
        self.desk = PeopleDesk(
            self.store,
            Passwords(CHEAP),
            FACTORS,
            staff=AUTHORITY,
            place="MD",
            clock=self.clock,
            random_bytes=Random(1).randbytes,
            record=self.recorded.append,
        )

    def code(self, secret: str) -> str:
        return pyotp.TOTP(secret).at(self.clock())

    def complete(self, name: str, roles: list[Role]) -> tuple[Session, str, tuple[str, ...]]:
        """An account with password and second factor, signed in."""
        self.desk.enter(name, self.desk.add(name, roles), PASSWORD)
        session = self.desk.sign_in(name, PASSWORD)
        secret, _ = self.desk.offer_second_factor(session)
        session, codes = self.desk.take_second_factor(session, self.code(secret))
        self.later(30)
        return session, secret, codes

    def later(self, seconds: int) -> None:
        self.clock.advance(timedelta(seconds=seconds))


@pytest.fixture
def staff(tmp_path: Path) -> Iterator[Staff]:
    made = Staff(tmp_path / "people.sqlite3")
    yield made
    made.store.close()


def test_a_one_time_code_sets_a_password_once(staff: Staff) -> None:
    code = staff.desk.add(ANA, ADMINISTRATOR)
    staff.desk.enter(ANA, code, PASSWORD)
    with pytest.raises(BadInvitationError):
        staff.desk.enter(ANA, code, OTHER)
    assert staff.desk.sign_in(ANA, PASSWORD).stage is Stage.SETUP


def test_a_one_time_code_is_read_however_it_is_typed(staff: Staff) -> None:
    code = staff.desk.add(ANA, ADMINISTRATOR)
    staff.desk.enter("  ana   RUSU ", code.upper().replace("-", " "), PASSWORD)
    assert staff.desk.sign_in("ANA rusu", PASSWORD).person.name == ANA


def test_a_one_time_code_is_over_after_a_day(staff: Staff) -> None:
    code = staff.desk.add(ANA, ADMINISTRATOR)
    staff.later(INVITATION_SECONDS + 1)
    with pytest.raises(BadInvitationError):
        staff.desk.enter(ANA, code, PASSWORD)


def test_a_one_time_code_of_somebody_else_opens_nothing(staff: Staff) -> None:
    staff.desk.add(ANA, ADMINISTRATOR)
    code = staff.desk.add(BOGDAN, OFFICER)
    with pytest.raises(BadInvitationError):
        staff.desk.enter(ANA, code, PASSWORD)


def test_one_time_codes_cannot_be_tried_out(staff: Staff) -> None:
    code = staff.desk.add(ANA, ADMINISTRATOR)
    for _ in range(FREE_TRIES):
        with pytest.raises(BadInvitationError):
            staff.desk.enter(ANA, "aaaa-aaaa-aaaa-aaaa", PASSWORD)
    with pytest.raises(WaitError):
        staff.desk.enter(ANA, code, PASSWORD)


@pytest.mark.parametrize(
    "password",
    [
        "short one",
        "password1234",
        "aaaaaaaaaaaaaaaaaaaa",
        "qwertyuiop123",
        "correct Ana horses",
        "xRUSUxRUSUxRUSUx 7!k",
        "corridor2026",
        "x" * 129,
    ],
)
def test_a_weak_password_is_refused_and_the_code_stays_good(staff: Staff, password: str) -> None:
    code = staff.desk.add(ANA, ADMINISTRATOR)
    with pytest.raises(WeakPasswordError) as refused:
        staff.desk.enter(ANA, code, password)
    assert password not in str(refused.value)
    staff.desk.enter(ANA, code, PASSWORD)


def test_spaces_and_every_letter_count_in_a_password(staff: Staff) -> None:
    long = "шест видри жонглират три чайника"
    staff.desk.enter(ANA, staff.desk.add(ANA, ADMINISTRATOR), long)
    for wrong in (long[:-1], long.replace(" ", ""), long.upper()):
        with pytest.raises(WrongSignInError):
            staff.desk.sign_in(ANA, wrong)
    assert staff.desk.sign_in(ANA, long).person.name == ANA


def test_two_writings_of_one_letter_are_one_password(staff: Staff) -> None:
    composed, combined = (
        "sept évêques très pressés",
        "sept e\u0301ve\u0302ques tre\u0300s presse\u0301s",
    )
    staff.desk.enter(ANA, staff.desk.add(ANA, ADMINISTRATOR), composed)
    assert staff.desk.sign_in(ANA, combined).person.name == ANA


def test_whoever_has_a_second_factor_needs_its_code(staff: Staff) -> None:
    _, secret, _ = staff.complete(ANA, ADMINISTRATOR)
    half = staff.desk.sign_in(ANA, PASSWORD)
    assert half.stage is Stage.CODE
    with pytest.raises(RoleMissingError):
        half.demand(frozenset(ADMINISTRATOR))
    with pytest.raises(WrongSignInError):
        staff.desk.confirm_code(half, "000000")
    whole = staff.desk.confirm_code(half, staff.code(secret))
    whole.demand(frozenset(ADMINISTRATOR))
    with pytest.raises(NotSignedInError):
        staff.desk.session(half.token)


def test_a_code_is_good_once(staff: Staff) -> None:
    _, secret, _ = staff.complete(ANA, ADMINISTRATOR)
    code = staff.code(secret)
    staff.desk.confirm_code(staff.desk.sign_in(ANA, PASSWORD), code)
    with pytest.raises(WrongSignInError):
        staff.desk.confirm_code(staff.desk.sign_in(ANA, PASSWORD), code)


def test_the_code_that_set_the_second_factor_up_is_used(staff: Staff) -> None:
    staff.desk.enter(ANA, staff.desk.add(ANA, ADMINISTRATOR), PASSWORD)
    session = staff.desk.sign_in(ANA, PASSWORD)
    secret, _ = staff.desk.offer_second_factor(session)
    code = staff.code(secret)
    staff.desk.take_second_factor(session, code)
    with pytest.raises(WrongSignInError):
        staff.desk.confirm_code(staff.desk.sign_in(ANA, PASSWORD), code)


def test_a_code_of_long_ago_is_no_code(staff: Staff) -> None:
    _, secret, _ = staff.complete(ANA, ADMINISTRATOR)
    old = staff.code(secret)
    staff.later(61)
    with pytest.raises(WrongSignInError):
        staff.desk.confirm_code(staff.desk.sign_in(ANA, PASSWORD), old)


def test_a_recovery_code_lets_in_once(staff: Staff) -> None:
    _, _, codes = staff.complete(ANA, ADMINISTRATOR)
    session = staff.desk.confirm_code(staff.desk.sign_in(ANA, PASSWORD), codes[3].upper())
    assert staff.desk.recovery_codes_left(session) == len(codes) - 1
    with pytest.raises(WrongSignInError):
        staff.desk.confirm_code(staff.desk.sign_in(ANA, PASSWORD), codes[3])


def test_new_recovery_codes_void_the_old_ones(staff: Staff) -> None:
    session, _, codes = staff.complete(ANA, ADMINISTRATOR)
    with pytest.raises(WrongSignInError):
        staff.desk.renew_recovery_codes(session, OTHER)
    new = staff.desk.renew_recovery_codes(session, PASSWORD)
    with pytest.raises(WrongSignInError):
        staff.desk.confirm_code(staff.desk.sign_in(ANA, PASSWORD), codes[0])
    assert staff.desk.confirm_code(staff.desk.sign_in(ANA, PASSWORD), new[0]).person.name == ANA


def test_another_second_factor_needs_the_password(staff: Staff) -> None:
    session, _, _ = staff.complete(ANA, ADMINISTRATOR)
    secret, _ = staff.desk.offer_second_factor(session)
    with pytest.raises(WrongSignInError):
        staff.desk.take_second_factor(session, staff.code(secret), OTHER)
    assert staff.desk.take_second_factor(session, staff.code(secret), PASSWORD)


@pytest.mark.parametrize("name", [ANA, "nobody at all"])
def test_wrong_tries_make_a_name_wait_whether_or_not_it_has_an_account(
    staff: Staff, name: str
) -> None:
    staff.complete(ANA, ADMINISTRATOR)
    waits = []
    for _ in range(FREE_TRIES + 6):
        with pytest.raises(WrongSignInError):
            staff.desk.sign_in(name, OTHER)
        try:
            staff.desk.sign_in(name, PASSWORD if name == ANA else OTHER)
        except WaitError as wait:
            waits.append(wait.seconds)
            staff.later(wait.seconds)
        except WrongSignInError:
            waits.append(0)
        else:
            waits.append(0)
    longer = [one for one in waits if one]
    assert longer == sorted(longer)
    assert longer[0] == 30
    assert longer[-1] == LONGEST_WAIT_SECONDS


def test_guessing_codes_makes_the_name_wait_however_often_the_password_is_given(
    staff: Staff,
) -> None:
    _, secret, _ = staff.complete(ANA, ADMINISTRATOR)
    for _ in range(FREE_TRIES):
        session = staff.desk.sign_in(ANA, PASSWORD)
        with pytest.raises(WrongSignInError):
            staff.desk.confirm_code(session, "123456")
    for whence in (NOWHERE, Whence("192.0.2.1"), Whence("192.0.2.2", "f" * 64)):
        session = staff.desk.sign_in(ANA, PASSWORD, whence)
        with pytest.raises(WaitError):
            staff.desk.confirm_code(session, staff.code(secret))


def test_wrong_name_and_wrong_password_are_told_alike(staff: Staff) -> None:
    staff.complete(ANA, ADMINISTRATOR)
    staff.desk.add(BOGDAN, OFFICER)
    staff.desk.lock(ANA)
    said = set()
    for name, password in ((ANA, PASSWORD), (ANA, OTHER), (BOGDAN, OTHER), ("Cici", OTHER)):
        with pytest.raises(CorridorError) as refused:
            staff.desk.sign_in(name, password)
        said.add((refused.value.code, str(refused.value)))
    assert len(said) == 1


def test_a_session_ends_when_nobody_uses_it(staff: Staff) -> None:
    session, _, _ = staff.complete(ANA, ADMINISTRATOR)
    for _ in range(3):
        staff.later(IDLE_SECONDS - 60)
        staff.desk.session(session.token)
    staff.later(IDLE_SECONDS)
    with pytest.raises(NotSignedInError):
        staff.desk.session(session.token)


def test_a_page_that_looks_by_itself_keeps_nobody_signed_in(staff: Staff) -> None:
    session, _, _ = staff.complete(ANA, ADMINISTRATOR)
    for _ in range(IDLE_SECONDS // 60 - 1):
        staff.later(60)
        staff.desk.session(session.token, is_use=False)
    staff.later(60)
    with pytest.raises(NotSignedInError):
        staff.desk.session(session.token, is_use=False)


def test_a_session_ends_after_a_working_day_however_busy(staff: Staff) -> None:
    session, _, _ = staff.complete(ANA, ADMINISTRATOR)
    for _ in range(LIFE_SECONDS // 600 - 1):
        staff.later(600)
        staff.desk.session(session.token)
    staff.later(600)
    with pytest.raises(NotSignedInError):
        staff.desk.session(session.token)


@pytest.mark.parametrize("change", ["password", "roles", "lock", "reset", "everywhere", "factor"])
def test_a_change_of_the_account_ends_its_sessions(staff: Staff, change: str) -> None:
    session, secret, _ = staff.complete(ANA, OFFICER)
    half = staff.desk.sign_in(ANA, PASSWORD)
    other = staff.desk.confirm_code(half, staff.code(secret))
    staff.later(30)
    match change:
        case "password":
            staff.desk.change_password(session, PASSWORD, OTHER)
        case "roles":
            staff.desk.set_roles(ANA, [Role.APPROVER])
        case "lock":
            staff.desk.lock(ANA)
        case "reset":
            staff.desk.reset(ANA)
        case "factor":
            new, _ = staff.desk.offer_second_factor(session)
            staff.desk.take_second_factor(session, staff.code(new), PASSWORD)
        case _:
            staff.desk.sign_out_everywhere(session)
    for one in (session, other):
        with pytest.raises(NotSignedInError):
            staff.desk.session(one.token)


def test_signing_out_ends_this_session_and_no_other(staff: Staff) -> None:
    first, secret, _ = staff.complete(ANA, OFFICER)
    second = staff.desk.confirm_code(staff.desk.sign_in(ANA, PASSWORD), staff.code(secret))
    staff.desk.sign_out(first)
    with pytest.raises(NotSignedInError):
        staff.desk.session(first.token)
    assert staff.desk.session(second.token).person.name == ANA


def test_a_password_is_changed_only_by_whoever_knows_it(staff: Staff) -> None:
    session, _, _ = staff.complete(ANA, OFFICER)
    with pytest.raises(WrongSignInError):
        staff.desk.change_password(session, OTHER, OTHER)
    with pytest.raises(WeakPasswordError):
        staff.desk.change_password(session, PASSWORD, "password1234")
    staff.desk.change_password(session, PASSWORD, OTHER)
    with pytest.raises(WrongSignInError):
        staff.desk.sign_in(ANA, PASSWORD)
    assert staff.desk.sign_in(ANA, OTHER).person.name == ANA


def test_a_reset_account_begins_anew(staff: Staff) -> None:
    _, _, codes = staff.complete(ANA, OFFICER)
    code = staff.desk.reset(ANA)
    with pytest.raises(WrongSignInError):
        staff.desk.sign_in(ANA, PASSWORD)
    staff.desk.enter(ANA, code, OTHER)
    session = staff.desk.sign_in(ANA, OTHER)
    assert session.stage is Stage.SETUP
    assert staff.desk.recovery_codes_left(session) == 0
    assert len(codes) == 10


@pytest.mark.parametrize(
    "roles", [[], ["king"], ["auditor", "officer"], ["administrator", "approver"]]
)
def test_roles_that_one_person_cannot_hold_together_are_refused(
    staff: Staff, roles: list[str]
) -> None:
    with pytest.raises(BadRolesError):
        staff.desk.add(ANA, roles)
    assert staff.desk.is_empty()


@pytest.mark.parametrize("name", ["", "A", "-Ana", "Ana<script>", "A\u202ena", "x" * 41, "Ana\n."])
def test_a_name_that_could_mislead_is_refused(staff: Staff, name: str) -> None:
    with pytest.raises(BadNameError):
        staff.desk.add(name, OFFICER)


@pytest.mark.parametrize(
    "name", ["Ana Rusu", "O’Neill", "Мария Петрова", "محمد علي", "José-Luis 2"]
)
def test_names_of_every_script_are_names(staff: Staff, name: str) -> None:
    staff.desk.add(name, OFFICER)
    assert [one.name for one in staff.desk.people()] == [name]


def test_two_accounts_do_not_share_a_name(staff: Staff) -> None:
    staff.desk.add(ANA, OFFICER)
    with pytest.raises(NameTakenError):
        staff.desk.add("ANA  RUSU", OFFICER)


def test_the_last_administrator_cannot_be_taken_away_by_the_console(staff: Staff) -> None:
    staff.complete(ANA, ADMINISTRATOR)
    staff.desk.add(BOGDAN, ADMINISTRATOR)  # invited, so nobody who could sign in yet
    for change in (
        lambda: staff.desk.lock(ANA, by=ANA),
        lambda: staff.desk.reset(ANA, by=ANA),
        lambda: staff.desk.set_roles(ANA, OFFICER, by=ANA),
    ):
        with pytest.raises(LastAdministratorError):
            change()
    staff.desk.lock(ANA)  # whoever has the machine can make another


def test_what_changes_an_account_is_recorded_by_names_and_roles_alone(staff: Staff) -> None:
    staff.complete(ANA, ADMINISTRATOR)
    staff.desk.add(BOGDAN, OFFICER, by=ANA)
    staff.desk.set_roles(BOGDAN, [Role.APPROVER], by=ANA)
    staff.desk.lock(BOGDAN, by=ANA)
    staff.desk.unlock(BOGDAN, by=ANA)
    staff.desk.reset(BOGDAN, by=ANA)
    assert [(one.change, one.name, one.by) for one in staff.recorded] == [
        ("added", ANA, ""),
        ("entered", ANA, ANA),
        ("second_factor", ANA, ANA),
        ("added", BOGDAN, ANA),
        ("roles", BOGDAN, ANA),
        ("locked", BOGDAN, ANA),
        ("unlocked", BOGDAN, ANA),
        ("reset", BOGDAN, ANA),
    ]


def test_what_cannot_be_recorded_is_not_done(staff: Staff) -> None:
    def full(_: PeopleChange) -> None:
        raise LedgerDiskError("journal", "no space")

    staff.desk._record = full
    with pytest.raises(LedgerDiskError):
        staff.desk.add(ANA, OFFICER)
    assert staff.desk.is_empty()


def test_nobody_of_that_name_can_be_changed(staff: Staff) -> None:
    for change in (staff.desk.lock, staff.desk.unlock, staff.desk.reset):
        with pytest.raises(UnknownPersonError):
            change("Nobody")


def test_the_file_holds_no_password_no_code_and_no_name_of_a_session(staff: Staff) -> None:
    session, shared, codes = staff.complete(ANA, ADMINISTRATOR)
    offered, _ = staff.desk.offer_second_factor(session)
    invitation = staff.desk.add(BOGDAN, OFFICER)
    staff.store.close()
    raw = b"".join(path.read_bytes() for path in staff.path.parent.iterdir())
    for secret in (PASSWORD, session.token, invitation, shared, offered, *codes):
        assert secret.encode() not in raw
        assert secret.replace("-", "").encode() not in raw
    assert staff.path.stat().st_mode & 0o077 == 0


def test_a_file_that_is_no_database_lets_nobody_in(tmp_path: Path) -> None:
    path = tmp_path / "people.sqlite3"
    path.write_bytes(b"not a database, and longer than its header would be" * 40)
    with pytest.raises(PeopleDamagedError):
        PeopleStore(path)


def test_what_an_older_version_kept_in_clear_is_sealed_and_goes_on_opening(staff: Staff) -> None:
    _, shared, _ = staff.complete(ANA, ADMINISTRATOR)
    session, bogdan, _ = staff.complete(BOGDAN, OFFICER)
    offered, _ = staff.desk.offer_second_factor(session)
    with sqlite3.connect(staff.path) as raw:  # as it was before
        raw.execute("UPDATE people SET secret = ? WHERE name = ?", (shared, ANA))
        raw.execute(
            "UPDATE people SET secret = ?, new_secret = ? WHERE name = ?", (bogdan, offered, BOGDAN)
        )
    raw.close()
    before = staff.path.read_bytes() + staff.path.with_name(f"{staff.path.name}-wal").read_bytes()
    assert shared.encode() in before
    staff.desk.seal_factors()
    left = b"".join(path.read_bytes() for path in staff.path.parent.iterdir())
    for secret in (shared, bogdan, offered):
        assert secret.encode() not in left
    staff.clock.advance(timedelta(minutes=1))
    for name, secret in ((ANA, shared), (BOGDAN, bogdan)):
        signed_in = staff.desk.sign_in(name, PASSWORD)
        assert staff.desk.confirm_code(signed_in, staff.code(secret)).stage is Stage.FULL
    session = staff.desk.session(session.token)
    assert staff.desk.offer_second_factor(session, again=True)[0] == offered


def test_a_second_factor_that_was_moved_to_another_account_lets_nobody_in(staff: Staff) -> None:
    _, shared, _ = staff.complete(ANA, ADMINISTRATOR)
    staff.complete(BOGDAN, OFFICER)
    with sqlite3.connect(staff.path) as raw:
        raw.execute(
            "UPDATE people SET secret = (SELECT secret FROM people WHERE name = ?) WHERE name = ?",
            (ANA, BOGDAN),
        )
    raw.close()
    staff.clock.advance(timedelta(minutes=1))
    session = staff.desk.sign_in(BOGDAN, PASSWORD)
    with pytest.raises(PeopleDamagedError, match="does not open"):
        staff.desk.confirm_code(session, staff.code(shared))
    invited = staff.desk.reset(BOGDAN)  # what the handbook says to do
    staff.desk.enter(BOGDAN, invited, PASSWORD)
    assert staff.desk.sign_in(BOGDAN, PASSWORD).stage is Stage.SETUP


def test_a_second_factor_put_into_the_file_in_clear_lets_nobody_in(staff: Staff) -> None:
    _, shared, _ = staff.complete(ANA, ADMINISTRATOR)
    with sqlite3.connect(staff.path) as raw:
        raw.execute("UPDATE people SET secret = ?", (shared,))
    raw.close()
    staff.clock.advance(timedelta(minutes=1))
    session = staff.desk.sign_in(ANA, PASSWORD)
    with pytest.raises(PeopleDamagedError, match="in clear"):
        staff.desk.confirm_code(session, staff.code(shared))


def test_a_second_factor_put_in_clear_into_a_file_that_seals_them_is_not_sealed(
    staff: Staff,
) -> None:
    staff.desk.seal_factors()  # as the first opening does
    _, right, _ = staff.complete(ANA, ADMINISTRATOR)
    planted = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
    assert planted != right
    with sqlite3.connect(staff.path) as raw:
        raw.execute("UPDATE people SET secret = ?", (planted,))
    raw.close()
    staff.desk.seal_factors()  # as every later one does
    staff.clock.advance(timedelta(minutes=1))
    session = staff.desk.sign_in(ANA, PASSWORD)
    with pytest.raises(PeopleDamagedError, match="in clear"):
        staff.desk.confirm_code(session, staff.code(planted))


def test_two_processes_share_the_accounts(staff: Staff) -> None:
    with PeopleStore(staff.path) as other:
        staff.desk.add(ANA, OFFICER)
        assert [one.name for one in other.people()] == [ANA]


def test_a_role_that_is_not_known_is_damage(staff: Staff) -> None:
    staff.desk.add(ANA, OFFICER)
    with sqlite3.connect(staff.path) as raw:
        raw.execute("UPDATE people SET roles = 'king'")
    raw.close()
    with pytest.raises(PeopleDamagedError):
        staff.desk.people()


class SlowPasswords(Passwords):
    """So slow that many tries are judged at the same time."""

    def is_right(self, kept: str | None, password: str) -> bool:
        time.sleep(0.3)
        return super().is_right(kept, password)


def test_many_tries_at_once_get_no_further_than_one_by_one(tmp_path: Path) -> None:
    with PeopleStore(tmp_path / "people.sqlite3") as store:
        desk = PeopleDesk(
            store,
            SlowPasswords(CHEAP),
            FACTORS,
            staff=AUTHORITY,
            place="MD",
            clock=TestClock(START),
            random_bytes=Random(1).randbytes,
            record=lambda _: None,
        )

        def sign_in(number: int) -> str:
            try:
                desk.sign_in(ANA, f"wrong {number}")
            except CorridorError as error:
                return error.code
            return "signed in"

        with ThreadPoolExecutor(20) as threads:
            found = Counter(threads.map(sign_in, range(20)))
    assert found == {"people.wrong_sign_in": FREE_TRIES, "people.wait": 20 - FREE_TRIES}


def test_who_comes_when_too_many_wait_is_told_so_and_has_tried_nothing(tmp_path: Path) -> None:
    """Else a flood of invented names holds every thread that serves anybody."""
    passwords = SlowPasswords(CHEAP)
    with PeopleStore(tmp_path / "people.sqlite3") as store:
        desk = PeopleDesk(
            store,
            passwords,
            FACTORS,
            staff=AUTHORITY,
            place="MD",
            clock=TestClock(START),
            random_bytes=Random(1).randbytes,
            record=lambda _: None,
        )
        with ExitStack() as waiting:
            for _ in range(MOST_WAITING):
                waiting.enter_context(passwords.place())
            for _ in range(2 * FREE_TRIES):
                with pytest.raises(SignInBusyError):
                    desk.sign_in(ANA, "wrong")
        with pytest.raises(WrongSignInError):
            desk.sign_in(ANA, "wrong")


def test_a_name_of_two_alphabets_is_nobodys(staff: Staff) -> None:
    with pytest.raises(BadNameError):
        staff.desk.add("\u0410na Rusu", OFFICER)  # its first letter is Cyrillic
    staff.desk.add("\u0410\u043d\u0430", OFFICER)
