"""Tokens that people with an account make for their own programs.

    make ──▶ 1. the second factor is given again: a browser may have been left open
             2. it allows no more than the roles of its owner do
             3. it ends after a time that its owner chose; shown once, its hash is kept
    use  ──▶ 1. it was made here, and is not over
             2. its owner's account is not locked; where an identity provider vouches for it, its
                owner signed in within `rest_days`: else it rests until they do
             3. it allows what it was made for, as far as its owner's roles still allow it

A program with such a token asks as its owner: under the same name, for the same organisation. With
the account's lock, with a new beginning or a lost role they end (`corridor.people.desk`).
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from corridor.coordinator.scopes import USUAL, TokenScope, parse_scopes, scopes_text
from corridor.coordinator.tokens import TokenHolder, make_token, token_hash
from corridor.errors.people import (
    NoSuchAccountTokenError,
    TokenLabelError,
    TokenLifeError,
    TokenTooWideError,
    TooManyTokensError,
)
from corridor.errors.region import TokenRestsError, UnknownTokenError
from corridor.people import PeopleChange, PeopleDesk, PeopleStore, Person, Role, Session, Token
from corridor.protocols.suite import RandomBytes

ASKERS = (Role.ANALYST, Role.COORDINATOR)
"""Whose roles spend the members' allowances; an administrator gives accounts, and looks."""

DAY_SECONDS = 24 * 60 * 60
LONGEST_DAYS = 365
REST_DAYS = 30
LONGEST_LABEL = 60
MOST_TOKENS = 20


def scopes_of(roles: Collection[Role]) -> frozenset[TokenScope]:
    """What somebody of these roles may let a program do."""
    scopes = USUAL if set(ASKERS) & set(roles) else frozenset({TokenScope.READ})
    return scopes | {TokenScope.PUBLISH} if Role.COORDINATOR in roles else scopes


def holder_of(person: Person) -> TokenHolder:
    """An account, as the desks know who asks."""
    return TokenHolder(person.name, person.organisation, scopes_of(person.roles), person.made_at)


@dataclass(frozen=True, slots=True)
class ListedToken:
    """A token as its owner and administrators see it.

    Attributes:
        name: names it in a form; opens nothing.
        owner: whose.
        made_at, ends_at: seconds since 1970.
        rests_from: from when it is good for nothing until its owner signs in; None where no
            identity provider vouches for the owner.
    """

    name: str
    owner: str
    label: str
    scopes: frozenset[TokenScope]
    made_at: int
    ends_at: int
    is_over: bool
    rests_from: int | None
    rests: bool


@dataclass(frozen=True, slots=True)
class AccountTokens:
    """Makes, lists, revokes and checks the tokens of accounts.

    Attributes:
        record: hears of every change before it is done.
        now: seconds since 1970 UTC.
        rest_days: so long after its owner signed in last a token is good, where an identity
            provider vouches for them: who has left an organisation signs in there no more.
    """

    people: PeopleDesk
    store: PeopleStore
    record: Callable[[PeopleChange], None]
    now: Callable[[], int]
    random_bytes: RandomBytes
    rest_days: int = REST_DAYS

    def make(
        self, session: Session, label: str, scopes: Collection[str], days: int, code: str
    ) -> str:
        """A new token of whoever is signed in; this is the only time that it can be read.

        Args:
            session: whose.
            label: what its owner calls it.
            scopes: what it allows, by their names.
            days: after which it is over.
            code: of the second factor.

        Raises:
            TokenLabelError, TokenTooWideError, TokenLifeError, TooManyTokensError, WrongCodeError,
            WaitError: none was made.
        """
        person, label = session.person, " ".join(label.split())
        if not 1 <= len(label) <= LONGEST_LABEL or not label.isprintable():
            raise TokenLabelError
        if not 1 <= days <= LONGEST_DAYS:
            raise TokenLifeError(LONGEST_DAYS)
        self._wanted(person, scopes)
        self.people.confirm_again(session, code)
        token, now = make_token(self.random_bytes), self.now()
        with self.store.writing():
            fresh = self.store.by_id(person.id)
            if fresh is None or not fresh.can_sign_in:
                raise TokenTooWideError("")
            wanted = self._wanted(fresh, scopes)  # the roles may have changed meanwhile
            living = [one for one in self.store.tokens_of(person.id) if one.ends_at > now]
            if any(one.label.casefold() == label.casefold() for one in living):
                raise TokenLabelError
            if len(living) >= MOST_TOKENS:
                raise TooManyTokensError(MOST_TOKENS)
            self.record(_change("token", fresh, label, fresh.name))
            self.store.add_token(
                Token(
                    hash=token_hash(token),
                    person=fresh.id,
                    label=label,
                    scopes=scopes_text(wanted),
                    made_at=now,
                    ends_at=now + days * DAY_SECONDS,
                )
            )
        return token

    def own(self, session: Session) -> tuple[ListedToken, ...]:
        """Those of whoever is signed in, the newest first."""
        return tuple(
            self._listed(one, session.person) for one in self.store.tokens_of(session.person.id)
        )

    def everybodys(self) -> tuple[ListedToken, ...]:
        """Those of every account, the newest first."""
        owners = {person.id: person for person in self.store.people()}
        return tuple(self._listed(one, owners[one.person]) for one in self.store.tokens())

    def revoke(self, session: Session, name: str) -> None:
        """End a token; an administrator any, everybody else their own.

        Raises:
            NoSuchAccountTokenError: there is none of that name that they may end.
        """
        try:
            found = self.store.token(bytes.fromhex(name))
        except ValueError:
            found = None
        owner = None if found is None else self.store.by_id(found.person)
        mine = owner is not None and owner.id == session.person.id
        if found is None or owner is None:
            raise NoSuchAccountTokenError
        if not mine and Role.ADMINISTRATOR not in session.person.roles:
            raise NoSuchAccountTokenError
        with self.store.writing():
            self.record(_change("token_ended", owner, found.label, session.person.name))
            self.store.end_token(found.hash)

    def holder(self, token: str) -> TokenHolder:
        """Who asks with it.

        Raises:
            UnknownTokenError: nobody: it was never made, was revoked or is over.
            TokenRestsError: nobody, until its owner signs in.
        """
        found = self.store.token(token_hash(token))
        owner = None if found is None else self.store.by_id(found.person)
        if found is None or owner is None or not owner.can_sign_in or found.ends_at <= self.now():
            raise UnknownTokenError
        if self._rests(owner):
            raise TokenRestsError(self.rest_days)
        scopes = parse_scopes(found.scopes) & scopes_of(owner.roles)
        return TokenHolder(owner.name, owner.organisation, scopes, owner.made_at)

    def _rests_from(self, owner: Person) -> int | None:
        if not owner.is_of_provider:
            return None
        return (owner.signed_in_at or 0) + self.rest_days * DAY_SECONDS

    def _rests(self, owner: Person) -> bool:
        rests_from = self._rests_from(owner)
        return rests_from is not None and rests_from <= self.now()

    @staticmethod
    def _wanted(person: Person, scopes: Collection[str]) -> frozenset[TokenScope]:
        allowed = scopes_of(person.roles)
        if not scopes or not set(scopes) <= set(allowed):
            raise TokenTooWideError(scopes_text(allowed))
        return frozenset(map(TokenScope, scopes))

    def _listed(self, token: Token, owner: Person) -> ListedToken:
        return ListedToken(
            name=token.hash.hex(),
            owner=owner.name,
            label=token.label,
            scopes=parse_scopes(token.scopes),
            made_at=token.made_at,
            ends_at=token.ends_at,
            is_over=token.ends_at <= self.now(),
            rests_from=self._rests_from(owner),
            rests=self._rests(owner),
        )


def _change(change: str, person: Person, label: str, by: str) -> PeopleChange:
    return PeopleChange(change, person.name, person.roles, by, person.organisation, label)
