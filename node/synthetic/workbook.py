"""Invented cases → a workbook as the official template 2.0 lays it out, with real-life dirt.

The sheet of cases has the template's columns in its order, with its faults: one misspelt API
name, one missing, labels that stand over the wrong column. Columns follow that the template
lacks and Corridor reads, and sheets of events and support plans that refer by case reference.
Row 1 holds the API names and is hidden, row 2 the labels, column A row numbers; behind the data
come prepared empty rows.

Dirt changes how a value is written, or makes it unreadable; it never makes somebody another
person: what tells people apart is written in ways that the import knows to be the same.
"""

import io
import re
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from importlib import resources
from pathlib import Path
from typing import Final

from babel import Locale
from openpyxl import Workbook
from openpyxl.worksheet._write_only import WriteOnlyWorksheet

from corridor.ids import CountryCode
from corridor.node.synthetic.casework import Case, Dice, Event, draw_cases
from corridor.queries.htcds import HtcdsField, parse_htcds

Written = str | int | bool | date | None
"""What stands in a cell."""

NOTICE: Final = "SYNTHETIC DATA. Nobody in this workbook exists; every number in it is invented."

_TEMPLATE: Final = """
cas_CaseOwner|Case Owner
prs_Salutation|Salutation
prs_FirstName|First Name
prs_SecondName|Second Name
con_Consent|Consent
prs_Birthdate|Birthdate
prs_Gender|Gender
prs_Citizenship|Citizenship
prs_Title|Title
prs_Email|Email
prs_HomePhone|Home Phone
prs_MobilePhone|Mobile Phone
prs_MailingCity|Mailing Street
prs_MailingCountry|Mailing City
prs_MailingState|Mailing State/Province
prs_MailingStreet|Mailing Zip/Postal Code
prs_MailingPostalCode|Mailing Country
vic_TraffickingStatus|Trafficking Status
vic_TraffickinStatusDecisionMakingOrg|Trafficking Status Decision Making Organization
vic_MethodOfRecruitment|Method of Recruitment
vic_LocationOfRecruitment|Location of Recruitment
vic_MethodsOfControl|Methods of Control
vic_TypeOfExploitation|Type of Exploitation
vic_ForcedLabourIndustry|Forced Labour Industry
vic_TypeOfSexExploitation|Type of Sex Exploitation
vic_LocationOfExploitation|Location of Exploitation
cas_Status|Status
cas_ReferringOrganisation|Referring Organisation
cas_IncomingReferralDate|Incoming Referral Date
cas_ReferringPrimaryCaseWorker|Referring Primary Case Worker
cas_ReasonForIncomingReferral|Reason for Incoming Referral
cas_IncomingReferralDetails|Incoming Referral Details
cas_ReferredOrganisation|Referred Organisation
cas_ReferredPrimaryCaseWorker|Referred Primary Case Worker
|Reason for Outgoing Referral
cas_OutgoingReferralDate|Outgoing Referral Date
cas_OutgoingReferralDetails|Outgoing Referral Details
cas_ReasonForCaseClosure|Reason for Case Closure
"""
TEMPLATE: Final = tuple(line.partition("|")[::2] for line in _TEMPLATE.strip("\n").split("\n"))
"""API name and label of each column of the official template 2.0, as they stand there."""

EXTRA: Final = (
    "prs_IdentityNumber",
    "x_CaseReference",
    "x_IdentificationDate",
    "vic_AgeWhenTrafficked",
    "vic_AgreementToManagePersonalData",
    "vic_RelationshipToTrafficker",
    "vic_RecruitmentWebsitesAndApps",
    "vic_Vulnerabilities",
    "prs_MaritalStatus",
    "prs_HighestLevelOfEducation",
    "prs_NumberOfChildren",
)
EVENTS: Final = (
    "x_CaseReference",
    "prs_IdentityNumber",
    "hte_Type",
    "hte_Country",
    "hte_City",
    "hte_Date",
)
PLANS: Final = ("x_CaseReference", "spl_Type", "spl_PlannedEndDate", "spl_ActualEndDate")

_PREPARED_ROWS: Final = 100
_LANGUAGES: Final = ("fr", "es", "ru", "bg", "ar")
_CITIES: Final = {
    "MD": "Chișinău",
    "RO": "București",
    "UA": "Kyiv",
    "BG": "Sofia",
    "NG": "Benin City",
    "NE": "Agadez",
    "IT": "Torino",
    "DE": "Berlin",
    "TR": "Antalya",
    "AE": "Sharjah",
    "PL": "Wrocław",
    "LY": "Sabha",
}
_OTHER_NAMES: Final = {
    "MD": ("Republic of Moldova", "Moldavie", "MOLDOVA "),
    "TR": ("Turkey", "Türkiye"),
    "AE": ("UAE", "United Arab Emirates"),
    "GB": ("UK", "Great Britain"),
    "RU": ("Russian Federation", "Russia"),
    "CZ": ("Czech Republic", "Czechia"),
    "CI": ("Ivory Coast", "Cote d'Ivoire"),
}
_CONSENT: Final[tuple[Written, ...]] = ("Yes", "yes", True)
_NO_CONSENT: Final[tuple[Written, ...]] = ("No", None)
_MADE_ON: Final = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class SyntheticWorkbook:
    """What a workbook holds, to compare with what an import finds in it."""

    path: Path
    persons: int
    cases: int
    cases_without_consent: int


def write_country_workbook(
    path: Path,
    country: CountryCode,
    people: int,
    seed: int,
    *,
    fields: Mapping[str, HtcdsField] | None = None,
) -> SyntheticWorkbook:
    """Write the invented case file of one country.

    Args:
        path: where to; a file that stands there is replaced.
        country: any; the demo's are BG, MD, NG, RO and UA.
        people: how many persons; about a twelfth more cases.
        seed: equal seeds give equal bytes, whatever else stands on the machine.
        fields: the standard, for labels and picklists; the packaged one if it is not given.
    """
    if fields is None:
        data = resources.files("corridor.queries") / "data" / "htcds-2.0.json"
        fields = parse_htcds(data.read_text(encoding="utf-8"))
    dice = Dice(country, seed)
    cases = draw_cases(country, people, dice)
    pen = _Pen(dice, fields)
    book = Workbook(write_only=True)
    book.properties.title = NOTICE
    book.properties.creator = "Corridor"
    titles = [*TEMPLATE, *((name, fields[name].label if name in fields else "") for name in EXTRA)]
    _write(book.create_sheet("SYNTHETIC cases"), titles, (pen.case(case) for case in cases))
    for title, names, rows in (
        ("SYNTHETIC events", EVENTS, (row for case in cases for row in pen.events(case))),
        ("SYNTHETIC support plans", PLANS, (row for case in cases for row in pen.plans(case))),
    ):
        labels = [(name, fields[name].label if name in fields else "") for name in names]
        _write(book.create_sheet(title), labels, rows)
    about = book.create_sheet("about")
    for line in (NOTICE, f"Corridor, country {country}, {people} persons, seed {seed}"):
        about.append([line])
    _save(book, path)
    return SyntheticWorkbook(
        path=path,
        persons=people,
        cases=len(cases),
        cases_without_consent=sum(not case.values["con_Consent"] for case in cases),
    )


def _write(
    sheet: WriteOnlyWorksheet,
    titles: Sequence[tuple[str, str]],
    rows: Iterable[Mapping[str, Written]],
) -> None:
    """Hidden API names, labels, numbered rows, prepared empty rows."""
    sheet.row_dimensions[1].hidden = True  # type: ignore[attr-defined]  # the stubs lack it
    sheet.append([None, *(name or None for name, _ in titles)])
    sheet.append([None, *(label or None for _, label in titles)])
    # The template's faults: a misspelt name, and a column that only its label names.
    keys = [
        "vic_TraffickingStatusDecisionMakingOrg"
        if name == "vic_TraffickinStatusDecisionMakingOrg"
        else name or "cas_ReasonForOutgoingReferral"
        for name, _ in titles
    ]
    number = 0
    for number, row in enumerate(rows, 1):
        sheet.append([number, *(row.get(key) for key in keys)])
    for empty in range(number + 1, number + 1 + _PREPARED_ROWS):
        sheet.append([empty])


def _save(book: Workbook, path: Path) -> None:
    """Save without the time of saving, so that equal workbooks are equal bytes."""
    draft = io.BytesIO()
    book.save(draft)
    with (
        zipfile.ZipFile(draft) as source,
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as target,
    ):
        for member in source.infolist():
            content = source.read(member)
            if member.filename == "docProps/core.xml":
                content = re.sub(rb">\d{4}-\d\d-\d\dT[^<]*<", b">1980-01-01T00:00:00Z<", content)
            about = zipfile.ZipInfo(member.filename, _MADE_ON)
            about.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(about, content)


class _Pen:
    """Writes values as people write them."""

    def __init__(self, dice: Dice, fields: Mapping[str, HtcdsField]) -> None:
        self._dice = dice
        self._fields = fields
        self._names: dict[str, Mapping[str, str]] = {
            language: Locale(language).territories for language in ("en", *_LANGUAGES)
        }

    def case(self, case: Case) -> dict[str, Written]:
        """The row of a case."""
        person, route, dice = case.person, case.person.route, self._dice
        row: dict[str, Written] = {
            "cas_CaseOwner": dice.one_of(["Desk 1", "Desk 2", "NGO A"]),
            "prs_FirstName": self._name(person.first_name),
            "prs_SecondName": self._name(person.second_name),
            "prs_Birthdate": self._readable_date(person.birthdate),
            "prs_IdentityNumber": person.identity_number,
            "prs_Gender": self._picked("prs_Gender", person.gender, certain=True),
            "prs_Citizenship": ";".join(self._country(code) for code in person.citizenship),
            "prs_MailingCity": dice.one_of(["Sampletown", "Inventville", None]),
            "x_CaseReference": case.reference,
            "x_IdentificationDate": self._date(case.identified_on),
            "cas_IncomingReferralDate": self._date(case.referred_on),
            "vic_LocationOfRecruitment": self._country(route.origin),
            "vic_LocationOfExploitation": self._country(route.destination),
            "cas_IncomingReferralDetails": "Invented text." if dice.happens(0.2) else None,
        }
        for name, value in case.values.items():
            if name == "con_Consent":
                row[name] = dice.one_of(_CONSENT if value else _NO_CONSENT)
            elif isinstance(value, bool):
                row[name] = dice.one_of(_CONSENT)
            elif isinstance(value, int):
                row[name] = None if dice.happens(0.3) else value
            elif isinstance(value, tuple):
                row[name] = ";".join(text for one in value if (text := self._picked(name, one)))
            else:
                row[name] = self._picked(name, value)
        return row

    def events(self, case: Case) -> Iterable[dict[str, Written]]:
        """The rows of a case's events."""
        return [self._event(case, event) for event in case.events]

    def plans(self, case: Case) -> Iterable[dict[str, Written]]:
        """The rows of a case's support plans."""
        return [
            {
                "x_CaseReference": case.reference,
                "spl_Type": self._picked("spl_Type", kind),
                "spl_PlannedEndDate": end,
                "spl_ActualEndDate": None if end is None else self._date(end),
            }
            for kind, end in case.plans
        ]

    def _event(self, case: Case, event: Event) -> dict[str, Written]:
        return {
            "x_CaseReference": case.reference,
            "prs_IdentityNumber": case.person.identity_number if self._dice.happens(0.2) else None,
            "hte_Type": self._picked("hte_Type", event.type),
            "hte_Country": self._country(event.country),
            "hte_City": _CITIES.get(event.country),
            "hte_Date": self._date(event.day),
        }

    def _name(self, name: str | None) -> str | None:
        if name is None or self._dice.happens(0.8):
            return name
        return self._dice.one_of([name.upper(), f" {name} ", name.lower()])

    def _picked(self, field: str, value: str, *, certain: bool = False) -> str | None:
        chance = self._dice.roll()
        label = self._fields[field].picklist[value]
        if chance < 0.45:
            return label
        if chance < 0.85:
            return value
        if chance < 0.92 or certain:
            return label.upper() if chance < 0.90 else f"{label}\u00a0"
        if chance < 0.985:
            return None
        return label[1:] if chance < 0.995 else "unknown"

    def _country(self, code: CountryCode) -> str:
        chance, english = self._dice.roll(), self._names["en"].get(code, code)
        if chance < 0.45:
            return english
        if chance < 0.65:
            return code
        if chance < 0.77:
            return self._names[self._dice.one_of(_LANGUAGES)].get(code, english)
        if chance < 0.87:
            return self._dice.one_of(_OTHER_NAMES.get(code, (english.upper(), f"{english} ")))
        if chance < 0.97:
            return f"{_CITIES.get(code, 'Capital')}, {english}"
        return "unknown" if chance < 0.985 else english[:3] + english[4:]

    def _date(self, day: date) -> Written:
        chance = self._dice.roll()
        if chance < 0.985:
            return self._readable_date(day)
        return self._dice.one_of(["31.02.2021", "soon", None, day + timedelta(days=40_000)])

    def _readable_date(self, day: date) -> Written:
        chance = self._dice.roll()
        if chance < 0.75:
            return day
        if chance < 0.85:
            return day.isoformat()
        return f"{day:%d.%m.%Y}" if chance < 0.95 else f"{day:%d/%m/%Y}"
