"""Releases as the REST API gives them, written by hand."""

from typing import Any

GUARANTEE = {
    "rho": "143/10000",
    "epsilon": 0.7521,
    "delta": "1/1000000",
    "nodes_per_person": 2,
    "rho_regional": "143/2500",
    "epsilon_regional": 1.5812,
    "rho_alone": 0.05,
    "dropouts": 1,
    "colluders": 1,
}


def make_table(**changes: Any) -> dict[str, Any]:
    """Persons by gender and year: four cells, of which one reaches zero and one is negative."""
    table: dict[str, Any] = {
        "title": "Persons by gender × year; trafficking status Actual victim",
        "source": "persons",
        "measure": {"count": "persons"},
        "max_cells": 1,
        "max_rows": 1,
        "axes": [
            {
                "name": "gender",
                "label": "Gender",
                "values": ["Feminine", "Masculine"],
                "labels": ["Feminine", "Masculine"],
            },
            {
                "name": "year",
                "label": "Year",
                "values": ["2024", "2025"],
                "labels": ["2024", "2025"],
            },
        ],
        "step": "1/4",
        "steps": [4960, 1213, 30, -13],
        "may_be_negative": False,
        "values": [1240.0, 303.25, 7.5, -3.25],
        "margin": 14.61,
        "margins": None,
        "non_negative": [1239.0, 302.25, 6.5, 0.0],
        "totals": {"all": {"value": 1547.5, "margin": 29.2}},
        "central_margin": 11.7,
    }
    return table | changes


def make_release(**changes: Any) -> dict[str, Any]:
    """A release of that table, in which Ukraine dropped out."""
    release: dict[str, Any] = {
        "id": "1fadd7f76a79bbe8",
        "region": "Test region",
        "synthetic": True,
        "published_at": "2026-11-24T05:20:00Z",
        "question_id": "aa00",
        "question": {"tables": []},
        "question_digest": "00" * 32,
        "session": "1fadd7f76a79bbe8" * 2,
        "scope": "regional",
        "purpose": "a test",
        "organisation": "",
        "charter": {"version": 1, "digest": "11" * 32},
        "tables": [make_table()],
        "guarantee": GUARANTEE,
        "participants": [
            {
                "country": country,
                "name": f"Authority of {country}",
                "edition": "1-cf9752be0d082b05",
                "consent_rule": "htcds-consent",
                "survived": country != "UA",
            }
            for country in ("BG", "MD", "NG", "UA")
        ],
        "survivors": ["BG", "MD", "NG"],
        "reduced": [],
        "ratio": 1.2247,
        "named": [],
        "receipt_digest": "22" * 32,
    }
    return release | changes
