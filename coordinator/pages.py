"""Long lists, a part at a time."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list, newest first.

    Attributes:
        limit: the most items.
        after: the id of the item before the first; from the newest on where None.
    """

    limit: int
    after: str | None = None


ALL_AT_ONCE = Page(1000)
