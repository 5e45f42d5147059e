"""Titles of indicators, what they tell and what they do not, in every language of the workbench.

The texts are those of `queries/data/indicators.toml`; a test holds the two to each other.
"""

from typing import Final

from corridor.pages.languages import gettext
from corridor.pages.languages import to_translate as _l

KNOWN: Final = frozenset(
    (
        _l("Victims detected"),
        _l("How many persons were recorded each year, by trafficking status."),
        _l("Persons who turned out not to be victims have a row of their own."),
        _l("Overview"),
        _l(
            "Twelve tables at once: how many, when, who, from where and to where; counted "
            "together, so they agree."
        ),
        _l("A person with several cases is in all tables by one of them."),
        _l("Victims by sex and age"),
        _l(
            "Gender by age when trafficked, in the age bands of the Counter-Trafficking Data "
            "Collaborative."
        ),
        _l(
            "Where the age when trafficked was not recorded, the age at the first event or at"
            " referral stands in."
        ),
        _l("Who identified"),
        _l("Which kind of organisation decided on the trafficking status."),
        _l("Forms of exploitation"),
        _l("How many persons suffered each form of exploitation."),
        _l(
            "A person may have suffered several forms and counts in up to three, so "
            "percentages exceed 100. The standard has no value for forced criminality."
        ),
        _l("SDG 16.2.2: detected victims by sex, age and form"),
        _l(
            "The numerators of indicator 16.2.2: victims by sex, minor or adult, and form of "
            "exploitation."
        ),
        _l(
            "Divide by the population, per 100 000, of the same sex, age group and year; "
            "population figures are public and are not part of Corridor. A person counts in "
            "up to three forms."
        ),
        _l("Domestic or cross-border"),
        _l("Whether recruitment and exploitation were in the same country."),
        _l(
            "Where the country of recruitment is not known, citizenship is compared instead "
            "and labelled so."
        ),
        _l("Corridors"),
        _l("From which country of recruitment to which country of exploitation."),
        _l("A person with several cases counts in one corridor."),
        _l("Citizenship by destination"),
        _l("Which citizens are exploited where."),
        _l("A person with several citizenships counts in up to two cells."),
        _l("Transit countries"),
        _l("Through which countries persons were taken."),
        _l(
            'A person counts in up to three countries; "unknown" includes journeys without transit.'
        ),
        _l("Routes"),
        _l("Recruitment, transit and exploitation together; look at the largest."),
        _l(
            "Countries outside the region are shown as their subregions. A person counts in "
            "up to three routes."
        ),
        _l("Trend of a corridor"),
        _l(
            "A corridor quarter by quarter; a change within the margins of both quarters is "
            "no evidence."
        ),
        _l("Without countries it is the trend of all corridors together."),
        _l("Profile of a corridor"),
        _l("Exploitation by gender and by age in one corridor, and gender by age."),
        _l(
            "Three tables share the noise budget. A person counts in up to three forms of "
            "exploitation."
        ),
        _l("Means of control"),
        _l("Methods of control by form of exploitation."),
        _l(
            "For minors means are irrelevant to the definition. A person counts in up to six cells."
        ),
        _l("Sectors of forced labour"),
        _l("Industries of forced labour by ISIC section."),
        _l("How victims were recruited"),
        _l("Method of recruitment by age, and the websites and apps used."),
        _l("Two tables share the noise budget. A person counts in up to three cells of each."),
        _l("Relationship to the trafficker"),
        _l("Whether children and adults knew the trafficker."),
        _l("Vulnerabilities"),
        _l("Which vulnerabilities were recorded."),
        _l("A person counts in up to three."),
        _l("Time to referral"),
        _l("Median and 90th percentile of the days from the last event to referral."),
        _l(
            "In weeks, up to a year: what took longer stands in the last band. Cases without "
            "either date stand under unknown."
        ),
        _l("Assistance and referral"),
        _l("Which assistance was given, how cases stand, and why they were referred."),
        _l(
            "Three tables share the noise budget. A person counts in up to four kinds of "
            "assistance."
        ),
        _l(
            "Detected victims are not all victims: a rise may be better identification. Read "
            "a figure with its margin, and with which nodes, years and legal bases it covers."
        ),
        _l("years of identification, or of referral where that is not known"),
        _l(
            "trafficking status; possible and actual victims are counted together unless you choose"
        ),
        _l("countries of recruitment"),
        _l("countries of exploitation"),
        _l("country of recruitment"),
        _l("country of exploitation"),
    )
)


def told(text: str) -> str:
    """A text of the catalogue in the language of this request."""
    return gettext(text) if text in KNOWN else text


def about_parameter(text: str) -> str:
    """What a parameter is, beginning as a label does."""
    words = told(text)
    return words[:1].upper() + words[1:]
