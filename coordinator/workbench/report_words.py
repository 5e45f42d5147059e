"""Texts of ready-made reports and of the crosswalk, in every language of the workbench.

They are those of `publishing/reports/data/*.toml`; a test holds the two to each other. Names that a
form gives its own tables are translated too: what is sent to its owner is the file, in English.
"""

import re
from collections.abc import Callable
from typing import Final

from corridor.coordinator.pictures.field_words import value_words
from corridor.pages.languages import LANGUAGES, chosen_language, gettext
from corridor.pages.languages import to_translate as _l
from corridor.publishing.reports.definitions import DETECTED, NOT_KNOWN, Classification
from corridor.publishing.reports.filling import PAIR, TOTAL

KNOWN: Final = frozenset(
    (
        _l("GLOTIP: victims of trafficking"),
        _l(
            "The tables on victims of UNODC's questionnaire for the Global Report on "
            "Trafficking in Persons."
        ),
        _l(
            "The questionnaire is answered by countries: fill it from figures of single "
            "countries for a country's answer, or from the region's for the region. Each "
            "victim stands in one cell of each table."
        ),
        _l("years of identification, or of referral where that is not known"),
        _l(
            "trafficking status; possible and actual victims are counted together unless you choose"
        ),
        _l("Detected victims by sex and age group"),
        _l("Detected victims by form of exploitation and sex"),
        _l("Detected victims by form of exploitation and age group"),
        _l("Detected victims by citizenship"),
        _l("Domestic and cross-border trafficking"),
        _l("Flows between subregions"),
        _l(
            "Offences recorded, persons suspected, prosecuted and convicted, and their sex and "
            "citizenship"
        ),
        _l("HTCDS holds cases of victims: what the police and courts did is not in it."),
        _l("Victims repatriated from abroad, and from where"),
        _l(
            "HTCDS has no field for a return; a referral for a change of place may be one, and "
            "may not."
        ),
        _l("Victims of mixed forms of exploitation"),
        _l("Each victim stands under one form, so that tables add up and the noise stays small."),
        _l("Form of exploitation by sex and age group at once"),
        _l(
            "The cells would be three times as many, and most of them too uncertain; ask for "
            "it as a question of its own."
        ),
        _l("GLOTIP: flows between countries"),
        _l(
            "From which country of recruitment to which country of exploitation victims were "
            "taken, as the Global Report's flows."
        ),
        _l(
            "UNODC calls it a flow if five victims or more were detected; listed are the pairs "
            "whose figure stands as one. It is a report of its own, since a matrix of "
            "countries would take most of the budget of the other tables."
        ),
        _l("Flows between countries"),
        _l("The country in which a victim was detected"),
        _l(
            "HTCDS records where a person was exploited; the two are often the same, and not "
            "always."
        ),
        _l("SDG 16.2.2: detected victims by sex, age and form"),
        _l(
            "Detected victims by sex, age group and form of exploitation, and per 100 000 "
            "population where the population is given."
        ),
        _l(
            "The indicator is about all victims; these are the detected ones. A rate needs the "
            "population of the same place, year, sex and age group, which is public and no "
            "part of Corridor."
        ),
        _l("Detected victims by sex and age"),
        _l("Detected victims by form of exploitation and age"),
        _l("Undetected victims"),
        _l(
            "They are in nobody's case data; methods such as multiple systems estimation need "
            "persons linked between lists."
        ),
        _l("By form, sex and age at once"),
        _l("Most cells would be too uncertain; ask the indicator sdg_16_2_2 for it."),
        _l("IC-TIP: breakdowns of events and victims"),
        _l(
            "Breakdowns by the units of IC-TIP, as far as HTCDS holds them: the event, the "
            "victim, the reporting entity."
        ),
        _l(
            "Twelve tables share the budget. Means of control and methods of recruitment are "
            "several for most persons, who count in up to three."
        ),
        _l("Event: steps of trafficking"),
        _l("Event: domestic or cross-border"),
        _l("Event: country of exploitation"),
        _l("Event: form of exploitation"),
        _l("Event: sector of forced labour"),
        _l("Event: means"),
        _l("Event: method of recruitment"),
        _l("Victim: sex and age group"),
        _l("Victim: age when trafficked"),
        _l("Victim: citizenship"),
        _l("Victim: relationship to the trafficker"),
        _l("Reporting entity: who identified"),
        _l("The number of events"),
        _l(
            "HTCDS is made of cases of persons; Corridor counts persons, and an event with "
            "five victims counts five times."
        ),
        _l("Perpetrators: number, sex, age, citizenship"),
        _l(
            "HTCDS knows of a perpetrator the role alone, and Corridor reads no perpetrators: "
            "they are persons whose data have another purpose."
        ),
        _l("Perpetrators: role in the process"),
        _l(
            "HTCDS has it (per_RoleInProcess), but no case key that ties a perpetrator to a "
            "victim; it would need a measure of its own."
        ),
        _l("The act as the Protocol has it (transport, transfer, harbouring, receipt)"),
        _l("HTCDS tells recruitment, transit and exploitation apart."),
        _l("Legal status, and outcomes in court"),
        _l("They are not in HTCDS."),
        _l("The reporting entity's type"),
        _l(
            "HTCDS has the organisation's type, but no count of organisations; who decided on "
            "the status stands in."
        ),
        _l("Eurostat: registered victims of trafficking in human beings"),
        _l(
            "Registered victims by sex and age, citizenship, form of exploitation and "
            "registering organisation."
        ),
        _l(
            "Eurostat is answered by countries: fill it from figures of single countries for a "
            "country's answer."
        ),
        _l("Registered victims by sex and age"),
        _l("Registered victims by form of exploitation and sex"),
        _l("Registered victims by citizenship"),
        _l("Registered victims by registering organisation"),
        _l("Identified and presumed victims"),
        _l("Suspected and convicted traffickers"),
        _l("HTCDS holds cases of victims."),
        _l("Citizens of the reporting country"),
        _l("A region's sum does not tell who reported; figures of single countries do."),
        _l("Victims who received assistance, by kind"),
        _l("Ask the indicator assistance_and_referral."),
        _l("Sex"),
        _l("Female"),
        _l("Male"),
        _l("Other"),
        _l("Age group"),
        _l("Under 18"),
        _l("18 and over"),
        _l("Form of exploitation"),
        _l("Sexual exploitation"),
        _l("Forced labour, servitude and slavery-like practices"),
        _l("Forced marriage"),
        _l("Begging"),
        _l("Illegal adoption"),
        _l("Removal of organs"),
        _l("Other forms"),
        _l("Citizenship"),
        _l("Domestic or cross-border"),
        _l("Domestic"),
        _l("Cross-border"),
        _l("Subregion of recruitment"),
        _l("Subregion of exploitation"),
        _l("Country of recruitment"),
        _l("Country of exploitation"),
        _l("Forced labour, servitude and slavery"),
        _l("Other purposes"),
        _l("Step of the event"),
        _l("Sector of forced labour"),
        _l("Means of control"),
        _l("Method of recruitment"),
        _l("Age when trafficked"),
        _l("Relationship to the trafficker"),
        _l("Who identified"),
        _l("Forced labour or services"),
        _l("Forced begging"),
        _l("EU country"),
        _l("Non-EU country"),
        _l("Registering organisation"),
        _l("Police"),
        _l("Non-governmental organisation"),
        _l("Other authority"),
        _l("Identified or presumed"),
        _l("Identified"),
        _l("Presumed"),
        _l("Not a victim"),
        _l("HTCDS records gender, the form asks for sex: transgender women stand under female."),
        _l("HTCDS records gender, the form asks for sex: transgender men stand under male."),
        _l("Most forms have no such category: move it to what the form's notes say."),
        _l(
            "HTCDS records the age when trafficked, forms mean the age when detected: who was "
            "trafficked as a child and detected as an adult stands here."
        ),
        _l("Kinds of sexual exploitation."),
        _l("Child labour and servitude are not told apart from forced labour."),
        _l("HTCDS calls it forced adoption; the sale of infants has no value of its own."),
        _l(
            "Forced criminal activity has no value in HTCDS and stands here at best; child "
            "soldiers and surrogacy are not told apart. Nobody stands under mixed forms: who "
            "suffered several counts under one of them."
        ),
        _l("Who has several citizenships counts under one of them; statelessness has no value."),
        _l("Where the country of recruitment is not known, citizenship stands in for it."),
        _l(
            "Subregions of the United Nations' M49; the Global Report draws its own. Pairs "
            "within one subregion hold domestic trafficking, too."
        ),
        _l("Subregions of the United Nations' M49; the Global Report draws its own."),
        _l("Countries that the charter does not list stand under not known."),
        _l(
            "Countries that the charter does not list stand under not known. Forms ask for the "
            "country of detection, which HTCDS does not record."
        ),
        _l("Child labour is counted as forced labour."),
        _l(
            "Forced marriage, begging, adoption, armed groups and surrogacy are not told "
            "apart; who suffered several forms counts under one of them."
        ),
        _l(
            "Persons with at least one such step; transport, transfer, harbouring and receipt "
            "are not told apart within transit."
        ),
        _l("Values are HTCDS's; who suffered several forms counts under one of them."),
        _l("Sections of ISIC; one of each person."),
        _l(
            "HTCDS records methods of control, not the legal means of the Protocol; a person "
            "counts in up to three."
        ),
        _l("A person counts in up to three."),
        _l(
            "Bands of the Counter-Trafficking Data Collaborative; single years of age are not told."
        ),
        _l("Of the victim to one trafficker; kinds of family are not told apart."),
        _l("Who decided on the status stands for who reported."),
        _l("Domestic servitude is not told apart."),
        _l("Eurostat's older collections put it under other."),
        _l(
            "Forced criminal activities have no value in HTCDS; who suffered several forms "
            "counts under one of them."
        ),
        _l(
            "Citizens of the reporting country stand here, too: a region's sum does not tell "
            "who reported. Fill the report from figures of single countries and subtract them "
            "there."
        ),
        _l("Who has several citizenships counts under one of them."),
        _l("Immigration, border guards and labour inspectorates are not told apart."),
        _l("Courts and prosecution are not told apart from others."),
        _l("By whatever body the authority's data name as having decided."),
        _l("The report's question leaves these out, unless it is asked with another status."),
        _l("Not known"),
        _l("All"),
        _l(
            "Detected victims are not all victims: a rise may be better identification. Each "
            "figure has its interval; the coverage note says which nodes, years and legal "
            "bases it covers."
        ),
    )
)

_NOTES: Final[tuple[tuple[re.Pattern[str], Callable[..., str]], ...]] = (
    (
        re.compile(r"a person counts up to (\d+) times, so all together is of mentions"),
        lambda count: gettext(
            "A person counts up to %(count)s times, so all together is of mentions.", count=count
        ),
    ),
    (
        re.compile(
            "a flow leads from one country to another: trafficking within one country is no flow, "
            "and stands neither in the table nor in its picture"
        ),
        lambda: gettext(
            "A flow leads from one country to another: trafficking within one country is no flow, "
            "and stands neither in the table nor in its picture."
        ),
    ),
    (
        re.compile(r"(\d+) pairs are too uncertain to stand as figures and are left out"),
        lambda count: gettext(
            "Pairs that are too uncertain to stand as figures, and are left out: %(count)s.",
            count=count,
        ),
    ),
)


def told(text: str) -> str:
    """A text of a report in the language of this request."""
    return gettext(text) if text in KNOWN else text


def caveats_of(text: str) -> tuple[str, ...]:
    """What a report does not tell: its own caveats, then what is true of all."""
    own = text.removesuffix(DETECTED).strip()
    common = (told(DETECTED),) if text.endswith(DETECTED) else ()
    return (told(own), *common) if own else common


def note_of_table(note: str) -> str:
    """A note below a filled table."""
    for pattern, say in _NOTES:
        if (found := pattern.fullmatch(note)) is not None:
            return say(*found.groups())
    return told(note)


def category_words(one: Classification, identifier: str, label: str) -> str:
    """A row or column of a form: a value where every value is one, else a category."""
    is_value = one.each and identifier not in {NOT_KNOWN, TOTAL}
    return value_words(identifier, label) if is_value else told(label)


def pair_words(identifier: str, label: str) -> str:
    """The two ends of a flow."""
    ends = zip(identifier.split(PAIR), label.split(PAIR), strict=True)
    return arrow_between(*(value_words(value, words) for value, words in ends))


def arrow_between(origin: str, end: str) -> str:
    """An arrow points where reading goes."""
    is_rtl = LANGUAGES[chosen_language()].direction == "rtl"
    return f"{origin}{' ← ' if is_rtl else PAIR}{end}"
