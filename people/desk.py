"""Decides on accounts, on signing in, and on sessions.

An account:   invited ──one-time code──> password ──second factor──> complete
              reset brings it back to invited; locked keeps it out

              whoever an identity provider vouches for arrives without either: `arrive`

A session:    wrong ─── password right ──> CODE     where there is a second factor: its code next
                                      └──> SETUP    where there is none yet: it is set up next
              CODE or SETUP ── code right ──> FULL  under a new name each time

1. Nobody learns which of name, password and code was wrong, nor whether a name has an account.
2. A try is counted before it is judged, and wrong ones make wait: a browser of the owner's for
   itself, all others by name and network (`people.tries`); also for a name without an account.
3. A session is known by 32 random bytes, of which only a hash is kept. It ends when it was not
   used for a while, after a working day, when its owner ends it, and with every change of the
   account's password, roles or standing.
4. What changes an account is handed to `record` before it is done.
5. Two accounts of this site are two people, and so are two of one identity provider. Of one of each
   somebody has to say so (`two_people`): one person may have both.
6. Tokens of an account end when it is locked, begun anew, or loses a role; a role that comes back
   brings none of them back.
"""

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from corridor.errors.people import (
    BadInvitationError,
    BadNameError,
    LastAdministratorError,
    LockedOutError,
    NameOfAnotherError,
    NameOfTokenError,
    NameTakenError,
    NoRoleError,
    NotSignedInError,
    NotTwoKindsError,
    OwnWordError,
    RoleMissingError,
    RolesApartError,
    SignInAnewError,
    SignInBusyError,
    UnknownPersonError,
    WrongCodeError,
    WrongSignInError,
)
from corridor.people import second_factor
from corridor.people.alphabets import odd_letters
from corridor.people.passwords import LONGEST, Passwords, check_strength
from corridor.people.roles import Role, Staff
from corridor.people.sealed_factors import SealedFactors, is_sealed
from corridor.people.store import PeopleStore, Person
from corridor.people.tries import NOWHERE, Tried, Tries, Try, Whence
from corridor.protocols.suite import RandomBytes

IDLE_SECONDS = 15 * 60
LIFE_SECONDS = 8 * 60 * 60
HALF_SECONDS = 10 * 60
"""So long somebody may take for the second step of signing in."""

INVITATION_SECONDS = 24 * 60 * 60
MOST_BROWSERS = 10
"""So many of an owner's browsers are known, those with which they signed in last."""

SEEN_EVERY_SECONDS = 30
"""A session's last use is written so often and no oftener: a page must not wait for the disk."""

TOKEN_BYTES = 32
JUST_NOW_SECONDS = 5 * 60
"""Whoever came from an identity provider within this time is not asked to come again."""

_NAME = re.compile(r"[^\W_](?:[\w .'’-]{0,38})[^\W_]")
_PROVIDER_NAME = re.compile(r"[^\W_](?:[\w .'’@+-]{0,78})[^\W_]")
"""A provider's names are often addresses of mail."""


class Stage(StrEnum):
    """How far a session is."""

    CODE = "code"
    SETUP = "setup"
    FULL = "full"


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody at a browser.

    Attributes:
        token: its name, which the browser alone holds.
        ends_at: when it is over however much it is used; seconds since 1970.
        whence: where its owner is; of a session that just became whole, with what the browser is
            known by from now on.
    """

    token: str
    person: Person
    stage: Stage
    ends_at: int
    whence: Whence = NOWHERE

    def demand(self, roles: frozenset[Role]) -> None:
        """See that its owner has one of these roles.

        Raises:
            RoleMissingError: none of them.
        """
        if self.stage is not Stage.FULL or not roles & self.person.roles:
            raise RoleMissingError(" or ".join(sorted(roles)))


@dataclass(frozen=True, slots=True)
class PeopleChange:
    """What is recorded of a change: names and roles, nothing else.

    Attributes:
        change: added, roles, locked, unlocked, reset, entered (a password was set), second_factor;
            where people ask in the name of organisations, organisation; where they have tokens,
            token and token_ended; where they come from an identity provider, arrived; of an account
            of each kind, two_people and perhaps_one.
        by: whose doing; empty for the command line, and for an identity provider.
        organisation: the account's, after the change.
        label: of the token; or the other account's name.
    """

    change: str
    name: str
    roles: frozenset[Role]
    by: str
    organisation: str = ""
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """Somebody whom an identity provider vouches for.

    Attributes:
        issuer, subject: who that is; the provider never gives a subject to somebody else.
        name: what the account is called, where it is a new one.
        roles: what the provider's groups mean here; may be none.
        has_second_factor: whether the provider asked for one.
    """

    issuer: str
    subject: str
    name: str
    roles: frozenset[Role]
    organisation: str
    has_second_factor: bool


def form_token(session: str) -> str:
    """What a form of this session carries; another site cannot know it."""
    return hmac.new(session.encode(), b"corridor form", hashlib.sha256).hexdigest()


class PeopleDesk:
    """The accounts of one node, or of one coordinator.

    Args:
        staff: which roles there are.
        place: what it is called; authenticators show it, and no password contains it.
        record: hears of every change before it is done.
        is_of_token: whether something else that asks has a name: then no account gets it.
    """

    def __init__(
        self,
        store: PeopleStore,
        passwords: Passwords,
        factors: SealedFactors,
        *,
        staff: Staff,
        place: str,
        clock: Callable[[], datetime],
        random_bytes: RandomBytes,
        record: Callable[[PeopleChange], None],
        is_of_token: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self._store = store
        self._passwords = passwords
        self._factors = factors
        self._staff = staff
        self._place = place
        self._clock = clock
        self._random_bytes = random_bytes
        self._record = record
        self._is_of_token = is_of_token
        self._tries = Tries(store, self._now)

    def seal_factors(self) -> None:
        """Seal what a version kept in clear that sealed nothing: once in the life of a file.

        A secret in clear that comes later was put there by somebody else, and lets nobody in.

        Raises:
            PeopleUnavailableError: it could not be written; nothing was changed.
        """
        if self._store.seals_factors():
            return
        with self._store.writing():
            if self._store.seals_factors():  # another process was first
                return
            for person in filter(_has_clear_secret, self._store.people()):
                sealed = (
                    kept if kept is None or is_sealed(kept) else self._factors.seal(person.id, kept)
                    for kept in (person.secret, person.new_secret)
                )
                self._store.replace_secrets(person.id, *sealed)
            self._store.seal_factors_from_now_on()
        self._store.forget_what_was_written()

    # ---------------------------------------------------------------- accounts

    def people(self) -> tuple[Person, ...]:
        """Every account, by name."""
        return self._store.people()

    def is_empty(self) -> bool:
        """Whether there is no account yet."""
        return not self._store.people()

    def add(self, name: str, roles: Iterable[str], *, by: str = "", organisation: str = "") -> str:
        """A new account; gives the one-time code by which its owner sets a password.

        Raises:
            BadNameError, BadRolesError, BadOrganisationError, NameTakenError, NameOfTokenError:
            nothing was changed.
        """
        name = " ".join(name.split())
        if _NAME.fullmatch(name) is None or odd_letters([name]):
            raise BadNameError
        wanted, organisation = (
            self._staff.parse(roles),
            self._staff.parse_organisation(organisation),
        )
        self._demand_of_no_token(name)
        with self._store.writing():
            self._record(PeopleChange("added", name, wanted, by, organisation))
            return self._invite(self._add(name, wanted, organisation))

    def set_organisation(self, name: str, organisation: str, *, by: str = "") -> None:
        """Let its owner ask in the name of another organisation, from the next request on.

        Raises:
            UnknownPersonError, BadOrganisationError: nothing was changed.
        """
        wanted = self._staff.parse_organisation(organisation)
        with self._store.writing():
            person = self._named(name)
            if wanted == person.organisation:
                return
            self._record(PeopleChange("organisation", person.name, person.roles, by, wanted))
            self._store.set_organisation(person.id, wanted)

    def set_roles(self, name: str, roles: Iterable[str], *, by: str = "") -> None:
        """Give other roles; whoever has the account is signed out. A role that is lost ends tokens.

        Raises:
            UnknownPersonError, BadRolesError, LastAdministratorError: nothing was changed.
        """
        wanted = self._staff.parse(roles)
        with self._store.writing():
            person = self._named(name)
            if wanted == person.roles:
                return
            if Role.ADMINISTRATOR not in wanted:
                self._demand_another_administrator(person, by)
            self._give_roles(person, wanted, by)

    def lock(self, name: str, *, by: str = "") -> None:
        """Keep an account out, and sign out whoever has it.

        Raises:
            UnknownPersonError, LastAdministratorError: nothing was changed.
        """
        with self._store.writing():
            person = self._named(name)
            self._demand_another_administrator(person, by)
            self._record(_of(person, "locked", by))
            self._store.set_locked(person.id, locked=True)
            self._end_everything_of(person)

    def lock_all(self) -> tuple[str, ...]:
        """Keep every account out, and end every session: they may be of before. Whose they are.

        For a restored installation. The command lets in again who may.
        """
        with self._store.writing():
            people = self._store.people()
            for person in people:
                if not person.locked:
                    self._record(_of(person, "locked", ""))
                    self._store.set_locked(person.id, locked=True)
            self._store.end_every_session()
            self._store.end_every_token()
            self._store.forget_every_browser()
        return tuple(person.name for person in people)

    def unlock(self, name: str, *, by: str = "") -> None:
        """Let a locked account in again.

        Raises:
            UnknownPersonError: nothing was changed.
        """
        with self._store.writing():
            person = self._named(name)
            self._record(_of(person, "unlocked", by))
            self._store.set_locked(person.id, locked=False)
            self._tries.forget(person.name_key)

    def reset(self, name: str, *, by: str = "") -> str:
        """Begin an account anew: a one-time code, no password, no second factor, no session.

        Whoever signs in at an identity provider goes on doing so, and gets no code (""): only the
        second factor is set up anew.

        Raises:
            UnknownPersonError, LastAdministratorError: nothing was changed.
        """
        with self._store.writing():
            person = self._named(name)
            self._demand_another_administrator(person, by)
            self._record(_of(person, "reset", by))
            self._end_everything_of(person)
            self._tries.forget(person.name_key)
            if person.is_of_provider:
                self._store.forget_second_factor(person.id)
                return ""
            return self._invite(person)

    # ---------------------------------------------------------------- two people

    def are_two(self, name: str, other: str) -> bool:
        """Whether the accounts of these names are two people's, as far as is known here."""
        one, two = (self._store.by_key(name_key(text)) for text in (name, other))
        if one is None or two is None or one.id == two.id:
            return False
        if one.issuer == two.issuer:
            return True
        return bool({(one.id, two.id), (two.id, one.id)} & self._store.told_apart())

    def told_apart(self) -> tuple[tuple[Person, Person], ...]:
        """The accounts of which it was said that they are two people's: of this site, of theirs."""
        known = {person.id: person for person in self._store.people()}
        pairs = ((known[here], known[there]) for here, there in self._store.told_apart())
        return tuple(sorted(pairs, key=lambda pair: (pair[0].name_key, pair[1].name_key)))

    def tell_apart(self, here: str, there: str, *, is_so: bool = True, by: str = "") -> None:
        """Say that an account of this site and one of a provider are two people's; or no more.

        Raises:
            UnknownPersonError, NotTwoKindsError, OwnWordError: nothing was changed.
        """
        with self._store.writing():
            one, two = self._named(here), self._named(there)
            if one.is_of_provider or not two.is_of_provider:
                raise NotTwoKindsError
            if is_so and by and name_key(by) in {one.name_key, two.name_key}:
                raise OwnWordError
            change = PeopleChange(
                "two_people" if is_so else "perhaps_one",
                one.name,
                one.roles,
                by,
                one.organisation,
                two.name,
            )
            self._record(change)
            keep = self._store.tell_apart if is_so else self._store.tell_no_more
            keep(one.id, two.id)

    # ---------------------------------------------------------------- coming in

    def enter(self, name: str, code: str, password: str, whence: Whence = NOWHERE) -> None:
        """Set a password with a one-time code.

        Raises:
            WaitError, BadInvitationError, WeakPasswordError: nothing was changed.
        """
        key = name_key(name)
        person = self._store.by_key(key)
        counted = self._begin_try(Tried.INVITATION, key, person, whence)
        right = (
            person is not None
            and person.invited is not None
            and not person.locked
            and hmac.compare_digest(person.invited, second_factor.code_hash(code))
            and self._now() <= person.invited_until
        )
        if person is None or not right:
            raise BadInvitationError
        self._tries.take_back(counted)
        check_strength(password, person.name, self._place)
        kept = self._passwords.keep(password)
        with self._store.writing():
            again = self._store.by_id(person.id)
            if again is None or again.invited != person.invited:  # used in the same moment
                raise BadInvitationError
            self._record(_of(person, "entered", person.name))
            self._store.set_password(person.id, kept)
            self._store.end_sessions_of(person.id)
            self._came_in(person, whence)

    def sign_in(self, name: str, password: str, whence: Whence = NOWHERE) -> Session:
        """The first step: name and password.

        Raises:
            WaitError, WrongSignInError: nobody was signed in.
            SignInBusyError: too many sign in. No try was counted.
        """
        key = name_key(name)
        person = self._store.by_key(key)
        counted = self._begin_try(Tried.PASSWORD, key, person, whence)
        kept = None if person is None else person.password
        try:
            with self._passwords.place():
                right = len(password) <= LONGEST and self._passwords.is_right(kept, password)
        except SignInBusyError:
            self._tries.take_back(counted)  # nobody looked at it
            raise
        if person is None or not right or not person.can_sign_in:
            raise WrongSignInError
        self._tries.take_back(counted)
        renewed = None
        if person.password is not None and self._passwords.is_outdated(person.password):
            renewed = self._passwords.keep(password)
        with self._store.writing():
            if renewed is not None:
                self._store.set_password(person.id, renewed)
            self._store.end_sessions_before(self._now() - IDLE_SECONDS, self._now() - LIFE_SECONDS)
            stage = Stage.SETUP if person.secret is None else Stage.CODE
            return self._begin(person, stage, whence)

    def arrive(self, arrival: Arrival, whence: Whence = NOWHERE) -> Session:
        """The first step for whom an identity provider vouches: it stands for the password.

        A new account is made, or the roles and organisation of theirs become those that the
        provider's groups mean now. Where the provider asked for a second factor, and is believed
        in that, no other is asked for.

        Raises:
            NoRoleError: the groups mean no role. Whoever had one is signed out, and tokens end.
            LockedOutError: the account is locked. Nothing was changed.
            RolesApartError: the roles do not go together. Nothing was changed.
            BadNameError, NameOfAnotherError, NameOfTokenError: no account can be made. Nothing was
            changed.
        """
        with self._store.writing():
            known = self._store.of_provider(arrival.issuer, arrival.subject)
            if known is not None and known.locked:
                raise LockedOutError
            if arrival.roles:
                if not self._staff.go_together(arrival.roles):  # of several groups
                    raise RolesApartError
                person = self._arrived(known, arrival)
                self._store.end_sessions_before(
                    self._now() - IDLE_SECONDS, self._now() - LIFE_SECONDS
                )
                if arrival.has_second_factor:
                    self._store.signed_in(person.id, self._now())
                    return self._begin(person, Stage.FULL, whence)
                stage = Stage.SETUP if person.secret is None else Stage.CODE
                return self._begin(person, stage, whence)
            if known is not None:
                self._end_everything_of(known)
        raise NoRoleError

    def confirm_code(self, session: Session, code: str) -> Session:
        """The second step: a code of the authenticator, or a recovery code. A new session.

        Raises:
            WaitError, WrongSignInError: the step is still to be done.
            NotSignedInError: the session is not at this step.
        """
        if session.stage is not Stage.CODE:
            raise NotSignedInError
        self._demand_code(session.person, code, session.whence)
        with self._store.writing():
            self._came_in(session.person, session.whence)
            self._store.signed_in(session.person.id, self._now())
            self._store.end_session(_session_hash(session.token))
            return self._begin(session.person, Stage.FULL, session.whence)

    def confirm_again(self, session: Session, code: str) -> None:
        """See that whoever has the session still holds the second factor: a browser was left open.

        A code of the authenticator, once, or a recovery code; the session stays as it is.

        Raises:
            WaitError, WrongCodeError: the code is not right, or was used before.
        """
        person = self._fresh(session)
        self._demand_code(person, code, session.whence)
        with self._store.writing():
            self._came_in(person, session.whence)

    def offer_second_factor(self, session: Session, *, again: bool = False) -> tuple[str, str]:
        """A secret for an authenticator: its text, and the address that its QR code holds.

        A new one each time, unless it is to be shown `again` after a wrong code: one that somebody
        saw on a screen that was left open must not become the owner's.
        """
        person = self._fresh(session)
        if person.new_secret is None or not again:
            secret = second_factor.make_secret(self._random_bytes)
            kept = self._factors.seal(person.id, secret)
            with self._store.writing():
                self._store.offer_secret(person.id, kept)
        else:
            secret = self._factors.open(person.id, person.new_secret)
        return secret, second_factor.provisioning(secret, person.name, self._place)

    def take_second_factor(
        self, session: Session, code: str, password: str = ""
    ) -> tuple[Session, tuple[str, ...]]:
        """Take the secret that was offered, once a code shows that it arrived. A new session.

        Whoever has a second factor already gives the password, too: a browser that was left open
        must not be enough to replace it.

        Returns:
            the session, and recovery codes, which are shown once.

        Raises:
            WaitError, WrongSignInError: the second factor is as it was.
        """
        person = self._fresh(session)
        counted = self._begin_again(person, session.whence)
        if session.stage is Stage.FULL:
            self._demand_owner(session, person, password, counted)
        step = None
        if person.new_secret is not None:
            secret = self._factors.open(person.id, person.new_secret)
            step = second_factor.step_of(secret, code, self._now(), 0)
        if step is None:
            raise WrongCodeError
        self._tries.take_back(counted)
        codes = self._make_codes()
        with self._store.writing():
            self._record(_of(person, "second_factor", person.name))
            self._store.take_secret(person.id, step)
            self._store.set_recovery_codes(person.id, list(map(second_factor.code_hash, codes)))
            self._came_in(person, session.whence)
            self._store.signed_in(person.id, self._now())
            self._store.end_sessions_of(person.id)
            return self._begin(person, Stage.FULL, session.whence), codes

    def renew_recovery_codes(self, session: Session, password: str) -> tuple[str, ...]:
        """New recovery codes, shown once; the old ones are void.

        Raises:
            WaitError, WrongSignInError: the old ones stay.
        """
        person = self._fresh(session)
        counted = self._begin_again(person, session.whence)
        self._demand_owner(session, person, password, counted)
        self._tries.take_back(counted)
        codes = self._make_codes()
        with self._store.writing():
            self._store.set_recovery_codes(person.id, list(map(second_factor.code_hash, codes)))
        return codes

    def recovery_codes_left(self, session: Session) -> int:
        """How many recovery codes were not used yet."""
        return self._store.recovery_codes_left(session.person.id)

    def change_password(self, session: Session, old: str, new: str) -> Session:
        """Another password; every session of the account ends, and this one begins anew.

        Raises:
            WaitError, WrongSignInError, WeakPasswordError: the old one stays.
        """
        person = self._fresh(session)
        self._demand_password(person, old, session.whence)
        check_strength(new, person.name, self._place)
        kept = self._passwords.keep(new)
        with self._store.writing():
            self._record(_of(person, "entered", person.name))
            self._store.set_password(person.id, kept)
            self._store.end_sessions_of(person.id)
            self._store.forget_browsers_of(person.id)
            return self._begin(person, Stage.FULL, session.whence)

    # ---------------------------------------------------------------- sessions

    def session(self, token: str, whence: Whence = NOWHERE, *, is_use: bool = True) -> Session:
        """The session of that name.

        Args:
            token: what the browser holds.
            whence: where the request comes from.
            is_use: whether somebody did something; a page that looks by itself is no use.

        Raises:
            NotSignedInError: there is none, or it is over.
        """
        name = _session_hash(token)
        row = self._store.session(name)
        person = None if row is None else self._store.by_id(row.person)
        if row is None or person is None:
            raise NotSignedInError
        now, stage = self._now(), Stage(row.stage)
        ends_at = row.began + (LIFE_SECONDS if stage is Stage.FULL else HALF_SECONDS)
        if now >= ends_at or now >= row.seen + IDLE_SECONDS or not person.can_sign_in:
            with self._store.writing():
                self._store.end_session(name)
            raise NotSignedInError
        if is_use and now >= row.seen + SEEN_EVERY_SECONDS:
            with self._store.writing():
                self._store.saw_session(name, now)
        return Session(token, person, stage, ends_at, whence)

    def sign_out(self, session: Session) -> None:
        """The session is over."""
        with self._store.writing():
            self._store.end_session(_session_hash(session.token))

    def sign_out_everywhere(self, session: Session) -> None:
        """All sessions of its owner are over, this one too."""
        with self._store.writing():
            self._store.end_sessions_of(session.person.id)
            self._store.forget_browsers_of(session.person.id)

    def make_token(self) -> str:
        """A name for a browser that is not signed in, so that its forms can be told from forged."""
        return self._random_bytes(TOKEN_BYTES).hex()

    # ---------------------------------------------------------------- parts of the above

    def _now(self) -> int:
        return int(self._clock().timestamp())

    def _named(self, name: str) -> Person:
        found = self._store.by_key(name_key(name))
        if found is None:
            raise UnknownPersonError
        return found

    def _fresh(self, session: Session) -> Person:
        """The account as it is now, of a session at the right step."""
        found = self._store.by_id(session.person.id)
        if session.stage is Stage.CODE or found is None or not found.can_sign_in:
            raise NotSignedInError
        return found

    def _add(self, name: str, roles: frozenset[Role], organisation: str) -> Person:
        key = name_key(name)
        if self._store.by_key(key) is not None:
            raise NameTakenError
        self._store.add(name, key, roles, self._now())
        person = self._named(name)
        self._store.set_organisation(person.id, organisation)
        return person

    def _arrived(self, known: Person | None, arrival: Arrival) -> Person:
        """The account of whoever arrived, as the provider describes it now; inside `writing`."""
        if known is None:
            if _PROVIDER_NAME.fullmatch(arrival.name) is None or odd_letters([arrival.name]):
                raise BadNameError
            if self._store.by_key(name_key(arrival.name)) is not None:
                raise NameOfAnotherError
            self._demand_of_no_token(arrival.name)
            roles, organisation = arrival.roles, arrival.organisation
            self._record(PeopleChange("arrived", arrival.name, roles, "", organisation))
            known = self._add(arrival.name, roles, organisation)
            self._store.bind(known.id, arrival.issuer, arrival.subject)
        else:
            if known.roles != arrival.roles:
                self._give_roles(known, arrival.roles, "")
            if known.organisation != arrival.organisation:
                changed = PeopleChange(
                    "organisation", known.name, arrival.roles, "", arrival.organisation
                )
                self._record(changed)
                self._store.set_organisation(known.id, arrival.organisation)
        return self._named(known.name)

    def _give_roles(self, person: Person, roles: frozenset[Role], by: str) -> None:
        self._record(PeopleChange("roles", person.name, roles, by, person.organisation))
        self._store.set_roles(person.id, roles)
        self._store.end_sessions_of(person.id)
        if not person.roles <= roles:
            self._store.end_tokens_of(person.id)

    def _end_everything_of(self, person: Person) -> None:
        self._store.end_sessions_of(person.id)
        self._store.end_tokens_of(person.id)
        self._store.forget_browsers_of(person.id)

    def _demand_of_no_token(self, name: str) -> None:
        """See that nothing else that asks has the name.

        Raises:
            NameOfTokenError: a token has it, that was issued on the machine.
        """
        if self._is_of_token(name):
            raise NameOfTokenError

    def _invite(self, person: Person) -> str:
        code = second_factor.make_code(self._random_bytes)
        until = self._now() + INVITATION_SECONDS
        self._store.tell_nothing_of(person.id)  # somebody else may have the account now
        self._store.invite(person.id, second_factor.code_hash(code), until, self._now())
        return code

    def _begin(self, person: Person, stage: Stage, whence: Whence) -> Session:
        """A session of somebody who is that far, inside `writing`."""
        token, now = self.make_token(), self._now()
        self._store.begin_session(_session_hash(token), person.id, stage, now)
        if stage is not Stage.FULL:
            return Session(token, person, stage, now + HALF_SECONDS, whence)
        # Known by another name after each sign-in: what somebody else put there is worth nothing.
        browser = self.make_token()
        self._store.rename_browser(_browser_hash(whence.browser), _browser_hash(browser))
        self._store.keep_browser(_browser_hash(browser), person.id, now, MOST_BROWSERS)
        return Session(token, person, stage, now + LIFE_SECONDS, Whence(whence.network, browser))

    def _make_codes(self) -> tuple[str, ...]:
        return tuple(
            second_factor.make_code(self._random_bytes) for _ in range(second_factor.RECOVERY_CODES)
        )

    def _demand_another_administrator(self, person: Person, by: str) -> None:
        """The command line may do without: whoever has it can make another."""
        if not by or Role.ADMINISTRATOR not in person.roles:
            return
        others = [
            one
            for one in self._store.people()
            if one.id != person.id and Role.ADMINISTRATOR in one.roles and one.can_sign_in
        ]
        if not others:
            raise LastAdministratorError

    def _demand_owner(self, session: Session, person: Person, password: str, counted: Try) -> None:
        """See that whoever has a whole session is its owner: a browser may have been left open.

        By the password; where an identity provider stands for it, by having come from there just
        now. Whoever calls `counted` a try, and takes it back where it was right.
        """
        if person.is_of_provider:
            if self._now() > session.ends_at - LIFE_SECONDS + JUST_NOW_SECONDS:
                self._tries.take_back(counted)  # nothing was guessed
                raise SignInAnewError
        elif len(password) > LONGEST or not self._passwords.is_right(person.password, password):
            raise WrongSignInError

    def _demand_password(self, person: Person, password: str, whence: Whence) -> None:
        counted = self._begin_again(person, whence)
        if len(password) > LONGEST or not self._passwords.is_right(person.password, password):
            raise WrongSignInError
        self._tries.take_back(counted)

    def _demand_code(self, person: Person, code: str, whence: Whence) -> None:
        self._begin_try(Tried.CODE, person.name_key, person, whence)
        fresh = self._store.by_id(person.id)
        if fresh is not None and fresh.secret is not None:
            secret = self._factors.open(fresh.id, fresh.secret)
            step = second_factor.step_of(secret, code, self._now(), fresh.used_step)
            with self._store.writing():
                if step is not None and self._store.use_step(fresh.id, step):
                    return
                if self._store.use_recovery_code(fresh.id, second_factor.code_hash(code)):
                    return
        raise WrongCodeError

    def _begin_try(self, tried: Tried, key: str, person: Person | None, whence: Whence) -> Try:
        """Count a try as one in vain before it is judged.

        Raises:
            WaitError: it has to wait. Nothing was counted.
        """
        return self._tries.begin(
            key,
            tried,
            whence,
            is_owners=self._is_owners(person, whence),
            has_account=person is not None,
        )

    def _begin_again(self, person: Person, whence: Whence) -> Try:
        """The same of a password that is given again."""
        return self._begin_try(Tried.PASSWORD, person.name_key, person, whence)

    def _came_in(self, person: Person, whence: Whence) -> None:
        """Its owner is in: what went wrong there before is forgotten, inside `writing`."""
        self._tries.came_in(person.name_key, whence, is_owners=self._is_owners(person, whence))

    def _is_owners(self, person: Person | None, whence: Whence) -> bool:
        """Whether the owner of an account signed in with this browser."""
        if person is None or not whence.browser:
            return False
        return self._store.knows_browser(_browser_hash(whence.browser), person.id)


def _of(person: Person, change: str, by: str) -> PeopleChange:
    return PeopleChange(change, person.name, person.roles, by, person.organisation)


def _has_clear_secret(person: Person) -> bool:
    found = (person.secret, person.new_secret)
    return any(kept is not None and not is_sealed(kept) for kept in found)


def name_key(name: str) -> str:
    """What two writings of one name have in common; of a text that is no name, a part of it."""
    return unicodedata.normalize("NFKC", " ".join(name.split())[:80]).casefold()


def _session_hash(token: str) -> bytes:
    return hashlib.sha256(b"corridor session" + token.encode()).digest()


def _browser_hash(token: str) -> bytes:
    return hashlib.sha256(b"corridor browser" + token.encode("utf-8", "surrogatepass")).digest()
