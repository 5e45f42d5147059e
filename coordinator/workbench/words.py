"""What roles and states are called at the workbench, in every language."""

from collections.abc import Mapping
from typing import Any

from corridor.pages.languages import lazy_gettext as _l
from corridor.people import Role

DUTIES: Mapping[Role, Any] = {
    Role.ANALYST: _l("asks the region, and reads what it answered"),
    Role.COORDINATOR: _l("compares routes, admits countries, publishes"),
    Role.ADMINISTRATOR: _l("gives accounts, and sees what ran and what failed"),
}
