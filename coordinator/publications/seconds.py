"""Seconds since 1970, as templates write moments."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from corridor.coordinator.moments import iso
from corridor.pages.languages import written_moment

FORM = "%Y-%m-%dT%H:%M:%S"
"""How a form's field holds a moment; people mean UTC, and the label says so."""


def _second(value: int) -> str:
    return written_moment(datetime.fromtimestamp(value, UTC))


def _in_form(value: int | None) -> str:
    return "" if value is None else datetime.fromtimestamp(value, UTC).strftime(FORM)


SECONDS: Mapping[str, Callable[..., str]] = {
    "second": _second,
    "second_iso": iso,
    "second_in_form": _in_form,
}
