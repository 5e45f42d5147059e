"""Accounts, and who is signed in: an authority's staff at its node, analysts at a coordinator.

    roles            what a person may do, and which roles there are at either place
    alphabets        names that mix letters of several, to look like another name
    passwords        which are strong enough, and how they are kept (argon2id)
    second_factor    one-time codes of an authenticator, and recovery codes
    sealed_factors   how the secret of an authenticator is kept
    tries            wrong tries, and whom they make wait
    store            people.sqlite3
    desk             decides: accounts, signing in, sessions; free of any framework

An account begins with a one-time code, by which its owner sets a password; with the first sign-in
comes the second factor. What changes an account is recorded, by names and roles.
"""

from corridor.people.desk import Arrival, PeopleChange, PeopleDesk, Session, Stage
from corridor.people.passwords import Passwords
from corridor.people.roles import AUTHORITY, REGION, Role, Staff
from corridor.people.sealed_factors import SealedFactors
from corridor.people.store import Change, PeopleStore, Person, Token

__all__ = [
    "AUTHORITY",
    "REGION",
    "Arrival",
    "Change",
    "Passwords",
    "PeopleChange",
    "PeopleDesk",
    "PeopleStore",
    "Person",
    "Role",
    "SealedFactors",
    "Session",
    "Staff",
    "Stage",
    "Token",
]
