"""The accounts of an authority's staff, and who is signed in at the node's console.

    roles            what a person may do: officer, approver, auditor, administrator
    passwords        which are strong enough, and how they are kept (argon2id)
    second_factor    one-time codes of an authenticator, and recovery codes
    sealed_factors   how the secret of an authenticator is kept
    store            people.sqlite3
    desk             decides: accounts, signing in, sessions; free of any framework

An account begins with a one-time code, by which its owner sets a password; with the first sign-in
comes the second factor. What changes an account stands in the journal, by names and roles.
"""

from corridor.node.people.desk import PeopleChange, PeopleDesk, Session, Stage
from corridor.node.people.passwords import Passwords
from corridor.node.people.roles import Role, parse_roles
from corridor.node.people.sealed_factors import SealedFactors
from corridor.node.people.store import PeopleStore, Person

__all__ = [
    "Passwords",
    "PeopleChange",
    "PeopleDesk",
    "PeopleStore",
    "Person",
    "Role",
    "SealedFactors",
    "Session",
    "Stage",
    "parse_roles",
]
