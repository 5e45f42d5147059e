"""Fields of HTCDS in every language: what a node's console and a workbench both call them."""

from collections.abc import Mapping
from typing import Any, Final

from corridor.pages.languages import lazy_gettext as _l
from corridor.queries.htcds import HtcdsField

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


def field_label(name: str, fields: Mapping[str, HtcdsField]) -> str:
    """What a field is called in the language of this request; else in the standard's English."""
    known = LABELS.get(name)
    return fields[name].label if known is None else str(known)
