"""What roles and states are called at the workbench, in every language."""

from collections.abc import Mapping
from typing import Any

from corridor.coordinator.scopes import TokenScope
from corridor.pages.languages import lazy_gettext as _l
from corridor.people import Role

SCOPES: Mapping[TokenScope, Any] = {
    TokenScope.READ: _l("looks: region, forecasts, questions, releases, receipts"),
    TokenScope.ASK: _l("asks and takes back questions; it spends the members' allowances"),
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
}

DUTIES: Mapping[Role, Any] = {
    Role.ANALYST: _l("asks the region, and reads what it answered"),
    Role.COORDINATOR: _l("compares routes, admits countries, publishes"),
    Role.ADMINISTRATOR: _l("gives accounts, and sees what ran and what failed"),
}
