"""What roles and states are called at the workbench, in every language."""

from collections.abc import Mapping
from typing import Any

from corridor.coordinator.attempts import NotInvited
from corridor.coordinator.scopes import TokenScope
from corridor.pages.languages import lazy_gettext as _l
from corridor.people import Role

SCOPES: Mapping[TokenScope, Any] = {
    TokenScope.READ: _l("looks: region, forecasts, questions, releases, receipts"),
    TokenScope.ASK: _l("asks and takes back questions; it spends the members' allowances"),
    TokenScope.PUBLISH: _l("drafts publications and reads all drafts; people publish them"),
}

CHANGES: Mapping[str, Any] = {
    "added": _l("account added"),
    "arrived": _l("account made for somebody whom the provider vouched for"),
    "roles": _l("other roles"),
    "organisation": _l("other organisation"),
    "locked": _l("locked"),
    "unlocked": _l("unlocked"),
    "reset": _l("begun anew"),
    "entered": _l("password set"),
    "second_factor": _l("second factor set up"),
    "token": _l("token made"),
    "token_ended": _l("token revoked"),
    "two_people": _l("another person than whoever has this account of the provider"),
    "perhaps_one": _l("perhaps the same person as whoever has this account of the provider"),
}

MISSING: Mapping[str, Any] = {
    NotInvited.AWAY: _l("away"),
    NotInvited.OTHER_CHARTER: _l("has not accepted the charter in force"),
    NotInvited.NO_DATA: _l("has imported no data"),
    NotInvited.NOT_WITNESSED: _l("too few members have confirmed its ledger"),
    NotInvited.HELD_OUT: _l("held out"),
    NotInvited.NOT_IN_SERIES: _l("was not in the series' first release"),
}
"""Why no attempt asks a member."""

OUTCOMES: Mapping[str, Any] = {
    "running": _l("is running"),
    "interrupted": _l("was interrupted"),
    "waiting": _l("waits for people to approve it"),
    "released": _l("answered"),
    "reused": _l("answered by the release that there was"),
    "cancelled": _l("taken back"),
    "failed": _l("failed"),
    "refused": _l("refused before it began"),
}

ROUNDS: Mapping[str, Any] = {
    "propose": _l("proposal"),
    "share": _l("shares"),
    "opened": _l("opening"),
    "masked-input": _l("masked inputs"),
    "consistency": _l("consistency"),
    "unmask": _l("unmasking"),
    "figure": _l("figures"),
}

TERMS: Mapping[str, Any] = {
    "min_participants": _l("Fewest authorities in an answer"),
    "max_colluders": _l("Colluders provided for"),
    "max_dropouts": _l("Most dropouts within a question"),
    "nodes_per_person": _l("Nodes that may know one person"),
    "witness_quorum": _l("Witnesses of a ledger"),
    "rho_per_question": _l("Most ρ of a question"),
    "cells": _l("Most cells of an answer"),
    "persons_per_node": _l("Most persons at a node"),
    "delta": _l("δ at which guarantees are shown"),
    "retention_days": _l("Days that receipts are kept"),
    "failed_attempts_per_day": _l("Failed attempts a day that a node bears"),
}
"""What a charter settles in numbers."""

DUTIES: Mapping[Role, Any] = {
    Role.ANALYST: _l("asks the region, and reads what it answered"),
    Role.COORDINATOR: _l("compares routes, admits countries, publishes"),
    Role.ADMINISTRATOR: _l("gives accounts, and sees what ran and what failed"),
}
