"""What travels with every figure: who, when, under which guarantee, and how to read it."""

from collections.abc import Mapping
from typing import Any

from corridor.publishing.estimates import MEANING
from corridor.publishing.tables import tables_of

ASKER = frozenset({"purpose", "organisation"})
"""Of a release, what tells why it was asked for and by whom; nobody needs it to read a figure."""

READING = (
    "shown is what may be quoted; value is unbiased and may be below 0, for programs that add "
    "up many cells; margin_95 is the half-width of its 95 % interval, which low_95 and high_95 "
    "cut off where no true value can lie; non_negative is the nearest possible value; "
    f"reaches_zero says that the answer cannot tell the cell from nothing. {MEANING}."
)


def metadata(release: Mapping[str, Any]) -> dict[str, Any]:
    """Everything about a release but its cells.

    Raises:
        RemoteAnswerError: it is no release.
    """
    about = {key: value for key, value in release.items() if key not in {"tables", "countries"}}
    about["tables"] = [
        {
            "title": table.title,
            "measure": table.measure,
            "cells": table.size,
            "max_cells_per_person": table.max_cells,
            "margin_95": table.margin,
            "margin_95_trusted_curator": table.central_margin,
        }
        for table in tables_of(release)
    ]
    about["reading"] = READING
    return about


def in_lines(release: Mapping[str, Any]) -> dict[str, str]:
    """The same in a line each, under names that fit every format: for forms without a tree.

    Raises:
        RemoteAnswerError: it is no release.
    """
    guarantee = release["guarantee"]
    took_part = [one for one in release["participants"] if one["survived"]]
    missing = [one["country"] for one in release["participants"] if not one["survived"]]
    lines = {
        "RELEASE": str(release["id"]),
        "REGION": str(release["region"]),
        "PUBLISHED": str(release["published_at"]),
        "PURPOSE": str(release.get("purpose", "")),
        "SCOPE": str(release["scope"]),
        "SYNTHETIC": "made-up data" if release["synthetic"] else "real data",
        "TOOK_PART": ", ".join(
            f"{one['country']} (edition {one['edition']}, consent rule {one['consent_rule']})"
            for one in took_part
        ),
        "FELL_OUT": ", ".join(missing),
        "RHO": str(guarantee["rho"]),
        "EPSILON": str(guarantee["epsilon"]),
        "DELTA": str(guarantee["delta"]),
        "RHO_REGIONAL": str(guarantee["rho_regional"]),
        "EPSILON_REGIONAL": str(guarantee["epsilon_regional"]),
        "CHARTER": f"version {release['charter']['version']}, {release['charter']['digest']}",
        "QUESTION_DIGEST": str(release["question_digest"]),
        "RECEIPT_DIGEST": str(release["receipt_digest"]),
        "READING": READING,
        **_published_as(release),
    }
    return {name: text for name, text in lines.items() if text}


def _published_as(release: Mapping[str, Any]) -> dict[str, str]:
    """Under which title and terms it was published; nothing of a release by itself."""
    found = release.get("publication", {})
    return {key.upper(): str(found.get(key, "")) for key in ("title", "cite", "address", "licence")}
