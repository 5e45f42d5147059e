"""Fields that questions ask about, and their values, in every language of the workbench.

Countries and the areas of M49 come from CLDR, values of HTCDS's picklists from `pages.value_words`.
"""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from flask_babel import format_date  # type: ignore[import-untyped]  # it has no types

from corridor.pages.languages import chosen_locale, gettext
from corridor.pages.languages import lazy_gettext as _l
from corridor.pages.value_words import value_label
from corridor.queries.catalogue import UNKNOWN, Source

FIELDS: Final[Mapping[str, Any]] = {
    "citizenship": _l("Citizenship"),
    "recruited_in": _l("Country of recruitment"),
    "recruited_in_subregion": _l("Subregion of recruitment"),
    "recruited_in_continent": _l("Continent of recruitment"),
    "transit_in": _l("Country of transit"),
    "exploited_in": _l("Country of exploitation"),
    "exploited_in_subregion": _l("Subregion of exploitation"),
    "exploited_in_continent": _l("Continent of exploitation"),
    "leg_from": _l("Step from"),
    "leg_to": _l("Step to"),
    "leg_kind": _l("Kind of step"),
    "crossing": _l("Domestic or cross-border"),
    "exploitation": _l("Type of exploitation"),
    "sex_exploitation": _l("Type of sex exploitation"),
    "labour_sector": _l("Forced labour industry"),
    "control": _l("Methods of control"),
    "recruitment_method": _l("Method of recruitment"),
    "recruitment_apps": _l("Recruitment websites and apps"),
    "exploitation_apps": _l("Exploitation websites and apps"),
    "relationship": _l("Relationship to trafficker"),
    "vulnerability": _l("Vulnerabilities"),
    "status": _l("Trafficking status"),
    "status_decided_by": _l("Who decided on the trafficking status"),
    "service": _l("Type of assistance"),
    "case_status": _l("Status of the case"),
    "referral_in_reason": _l("Reason for incoming referral"),
    "referral_out_reason": _l("Reason for outgoing referral"),
    "gender": _l("Gender"),
    "age_band": _l("Age when trafficked"),
    "minor": _l("Minor or adult when trafficked"),
    "marital_status": _l("Marital status"),
    "education": _l("Highest level of education"),
    "year": _l("Year of identification or referral"),
    "quarter": _l("Quarter of identification or referral"),
    "month": _l("Month of identification or referral"),
    "event_year": _l("Year of the last event"),
    "event_quarter": _l("Quarter of the last event"),
    "event_month": _l("Month of the last event"),
    "leg_year": _l("Year of the step"),
    "leg_quarter": _l("Quarter of the step"),
    "leg_month": _l("Month of the step"),
    "service_end_year": _l("Year in which the assistance ended"),
    "age": _l("Age when trafficked, in years"),
    "children": _l("Number of children"),
    "days_to_referral": _l("Days from the last event to referral"),
    "counted_by": _l("Counted by"),
}

OWN_VALUES: Final[Mapping[str, Any]] = {
    "domestic": _l("Domestic"),
    "cross-border": _l("Cross-border"),
    "domestic-by-citizenship": _l("Domestic, judged by citizenship"),
    "cross-border-by-citizenship": _l("Cross-border, judged by citizenship"),
    "minor": _l("Minor (0–17)"),
    "adult": _l("Adult (18+)"),
}

SOURCES: Final[Mapping[Source, Any]] = {
    Source.PERSONS: _l("Persons"),
    Source.CORRIDORS: _l("Corridors"),
    Source.LEGS: _l("Steps of journeys"),
    Source.SERVICES: _l("Assistance"),
}

ABOUT_SOURCES: Final[Mapping[Source, Any]] = {
    Source.PERSONS: _l("persons as the authorities know them, victims or not"),
    Source.CORRIDORS: _l("persons by country of recruitment and country of exploitation"),
    Source.LEGS: _l("persons by steps from country to country"),
    Source.SERVICES: _l("persons by the assistance that they were given"),
}

_AREA = re.compile(r"M49-([0-9]{3})")
_COUNTRY = re.compile(r"[A-Z]{2}")
_QUARTER = re.compile(r"([0-9]{4})-Q([1-4])")
_MONTH = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")
_BAND = re.compile(r"([0-9]+)-([0-9]+)")


def field_words(name: str, label: str = "") -> str:
    """What a field is called in the language of this request; `label` where it is not known."""
    found = FIELDS.get(name)
    return (label or name) if found is None else str(found)


def within(label: str) -> str:
    """A label as it stands within a sentence."""
    return label[:1].lower() + label[1:]


def value_words(value: str, label: str = "") -> str:
    """What a value is called; `label` is in English, for where the value tells too little."""
    if value == UNKNOWN:
        return gettext("Unknown")
    if (own := OWN_VALUES.get(value)) is not None:
        return str(own)
    area = _AREA.fullmatch(value)
    if area is not None or _COUNTRY.fullmatch(value) is not None:
        return str(chosen_locale().territories.get(area[1] if area else value, label or value))
    return _moment(value) or value_label(label or value)


def _moment(value: str) -> str:
    """A quarter, a month, or a band of numbers; empty for anything else."""
    if (quarter := _QUARTER.fullmatch(value)) is not None:
        return str(format_date(date(int(quarter[1]), 3 * int(quarter[2]) - 2, 1), "QQQ y"))
    if (month := _MONTH.fullmatch(value)) is not None:
        return str(format_date(date(int(month[1]), int(month[2]), 1), "MMM y"))
    band = _BAND.fullmatch(value)
    return "" if band is None else f"{band[1]}–{band[2]}"
