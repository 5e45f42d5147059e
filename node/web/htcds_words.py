"""Fields of HTCDS and reasons for proposals, in every language of the console."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from corridor.pages.languages import gettext, listed
from corridor.pages.languages import lazy_gettext as _l
from corridor.queries.htcds import HtcdsField

PARTS: Final[Mapping[str, Any]] = {
    "con": _l("Consent"),
    "x": _l("References and dates"),
    "cas": _l("Case"),
    "prs": _l("Person"),
    "vic": _l("Assessment of the victim"),
    "hte": _l("Events of the journey"),
    "spl": _l("Support"),
}
"""Parts of the standard by how the names of their fields begin."""

LABELS: Final[Mapping[str, Any]] = {
    "con_Consent": _l("Consent"),
    "vic_AgreementToManagePersonalData": _l("Agreement to manage personal data"),
    "x_IdentificationDate": _l("Date of identification"),
    "cas_IncomingReferralDate": _l("Incoming referral date"),
    "prs_Gender": _l("Gender"),
    "prs_MaritalStatus": _l("Marital status"),
    "prs_HighestLevelOfEducation": _l("Highest level of education"),
    "vic_TraffickingStatus": _l("Trafficking status"),
    "vic_TraffickingStatusDecisionMakingOrg": _l("Who decided on the trafficking status"),
    "vic_RelationshipToTrafficker": _l("Relationship to trafficker"),
    "vic_ForcedLabourIndustry": _l("Forced labour industry"),
    "cas_Status": _l("Status of the case"),
    "cas_ReasonForIncomingReferral": _l("Reason for incoming referral"),
    "cas_ReasonForOutgoingReferral": _l("Reason for outgoing referral"),
    "vic_RecruitmentWebsitesAndApps": _l("Recruitment websites and apps"),
    "vic_MethodOfRecruitment": _l("Method of recruitment"),
    "vic_MethodsOfControl": _l("Methods of control"),
    "vic_TypeOfExploitation": _l("Type of exploitation"),
    "vic_TypeOfSexExploitation": _l("Type of sex exploitation"),
    "vic_ExploitationWebsitesAndApps": _l("Exploitation websites and apps"),
    "vic_Vulnerabilities": _l("Vulnerabilities"),
    "prs_Citizenship": _l("Citizenship"),
    "prs_NumberOfChildren": _l("Number of children"),
    "vic_AgeWhenTrafficked": _l("Age when trafficked"),
    "prs_Birthdate": _l("Birthdate"),
    "vic_LocationOfRecruitment": _l("Location of recruitment"),
    "vic_LocationOfExploitation": _l("Location of exploitation"),
    "hte_Type": _l("Type of the event"),
    "hte_Country": _l("Country of the event"),
    "hte_Date": _l("Date of the event"),
    "spl_Type": _l("Type of the support"),
    "spl_ActualEndDate": _l("End of the support"),
    "prs_FirstName": _l("First name"),
    "prs_MiddleName": _l("Middle name"),
    "prs_SecondName": _l("Second name"),
    "x_CaseReference": _l("Case reference"),
    "x_PersonReference": _l("Person reference"),
    "prs_IdentityNumber": _l("Identity number"),
    "prs_Email": _l("Email"),
    "prs_MobilePhone": _l("Mobile phone"),
    "prs_MailingStreet": _l("Mailing street"),
    "prs_MailingCity": _l("Mailing city"),
}

_REASONS: Final[tuple[tuple[re.Pattern[str], Callable[..., str]], ...]] = (
    (
        re.compile(r"“(.*)” is “(.*)”"),
        lambda a, b: gettext("“%(a)s” is “%(b)s”", a=_apart(a), b=_apart(b)),
    ),
    (
        re.compile(r"“(.*)” is nearly “(.*)”"),
        lambda a, b: gettext("“%(a)s” is nearly “%(b)s”", a=_apart(a), b=_apart(b)),
    ),
    (
        re.compile(r"(\d+) % of the values fit"),
        lambda share: gettext("%(share)s %% of the values fit", share=share),
    ),
    (
        re.compile("named as the value; yes and no"),
        lambda: gettext("named as the value; the cells say yes and no"),
    ),
    (re.compile("nearly the country's name"), lambda: gettext("nearly the country's name")),
    (re.compile("a word for it"), lambda: gettext("a word for it")),
    (re.compile("written nearly so"), lambda: gettext("written nearly so")),
    (re.compile("nearly a word for it"), lambda: gettext("nearly a word for it")),
)


def field_label(name: str, fields: Mapping[str, HtcdsField]) -> str:
    """What a field is called in the language of this request; else in the standard's English."""
    known = LABELS.get(name)
    return fields[name].label if known is None else str(known)


def parts_of_htcds(fields: Mapping[str, HtcdsField]) -> dict[str, list[str]]:
    """The fields that an import reads, by part, in the order of their labels."""
    found: dict[str, list[str]] = {part: [] for part in PARTS}
    for name in LABELS:
        found[name.partition("_")[0]].append(name)
    return {
        part: sorted(names, key=lambda name: field_label(name, fields))
        for part, names in found.items()
        if names
    }


def reason_in_words(reason: str) -> str:
    """Why something is proposed, in the language of this request."""
    whole = _one_reason(reason)
    if whole is not None:
        return whole
    return listed([_one_reason(part) or part for part in reason.split("; ") if part])


def _apart(foreign: str) -> str:
    """A text of a file within a sentence that may run the other way (first-strong isolate)."""
    return f"\u2068{foreign}\u2069"


def _one_reason(reason: str) -> str | None:
    for pattern, say in _REASONS:
        if (found := pattern.fullmatch(reason)) is not None:
            return say(*found.groups())
    return None
