"""A seed → invented persons and their cases, as plain values in HTCDS API values.

Persons come with a route; age, gender, recruitment, control and exploitation follow from it.
About one in twelve has a second case, some years later. How a person can be told apart differs,
as in real files: most have an identity number, some only name and birthdate, a few neither.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import accumulate
from typing import Final, TypeVar

import numpy as np

from corridor.ids import CountryCode
from corridor.node.synthetic.routes import TRENDS, YEARS, Route, routes_of

Item = TypeVar("Item")


class Dice:
    """The one source of chance of a workbook."""

    def __init__(self, country: CountryCode, seed: int) -> None:
        entropy = [seed, *country.encode()]
        self._generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence(entropy)))
        self._drawn: list[float] = []

    def roll(self) -> float:
        """A number from 0 up to 1."""
        if not self._drawn:
            self._drawn = self._generator.random(1 << 14).tolist()
        return self._drawn.pop()

    def happens(self, chance: float) -> bool:
        """Whether something with this chance happens."""
        return self.roll() < chance

    def number(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both included."""
        return low + int(self.roll() * (high - low + 1))

    def one_of(self, items: Sequence[Item]) -> Item:
        """One item, each as likely as the others."""
        return items[int(self.roll() * len(items))]

    def weighted(self, items: Sequence[Item], weights: Sequence[float]) -> Item:
        """One item by weight."""
        sums = list(accumulate(weights))
        return items[min(bisect_right(sums, self.roll() * sums[-1]), len(items) - 1)]

    def some_of(self, items: Sequence[Item], most: int) -> tuple[Item, ...]:
        """From one to `most` different items, those in front more often."""
        left = list(items)
        count = min(self.number(1, most), len(left))
        return tuple(left.pop(int(self.roll() ** 1.7 * len(left))) for _ in range(count))


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who does not exist."""

    first_name: str | None
    second_name: str | None
    birthdate: date
    gender: str
    citizenship: tuple[CountryCode, ...]
    identity_number: str | None
    route: Route


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A step of a journey."""

    type: str
    country: CountryCode
    day: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One case; `values` holds the rest of its fields, lists where a field takes several."""

    reference: str
    person: Person
    recruited_on: date
    identified_on: date
    referred_on: date
    events: tuple[Event, ...]
    plans: tuple[tuple[str, date | None], ...]
    values: Mapping[str, str | tuple[str, ...] | bool | int]


_WOMEN: Final = (
    "Ana Maria Elena Ioana Irina Oksana Olena Natalia Daria Svitlana Yana Iveta Galina Desislava "
    "Vesela Chioma Blessing Adaeze Amina Fatima Aïcha Hauwa Zara Lucía Sofía Élodie Noémie Mirela"
)
_MEN: Final = (
    "Ion Andrei Mihai Vasile Oleh Taras Dmytro Serhii Bohdan Petar Georgi Stoyan Ivan Chinedu "
    "Emeka Musa Ibrahim Abdou Issa Moussa Kofi José Martín François Rémi Dragoș Ilie Răzvan Kiril"
)
_SECOND_NAMES: Final = (
    "Popescu Ionescu Rusu Ceban Munteanu Lungu Ciobanu Țurcanu Kovalenko Shevchenko Bondarenko "
    "Tkachenko Melnyk Hrytsenko Petrova Georgieva Dimitrov Angelov Kolev Todorova Okafor Eze "
    "Adeyemi Bello Okonkwo Abubakar Sani Garba Maïga Traoré Diallo Mensah Müller Núñez Lefèvre "
    "Sample Invented Nobody Example Testowy"
)
_FORMS: Final = {
    "sexual": ("SexualExploitation",),
    "labour": ("ForcedLabour",),
    "begging": ("ForcedBegging",),
    "domestic": ("Servitude", "ForcedLabour"),
    "mixed": ("ForcedLabour", "SexualExploitation"),
}
_INDUSTRIES: Final = {
    "domestic": (("T_ActivitiesOfHouseholdsAsEmployers",), (1,)),
    "labour": (
        (
            "A_AgricultureForestryAndFishing",
            "F_Construction",
            "I_AccommodationAndFoodServiceActivities",
            "C_Manufacturing",
            "H_TransportationAndStorage",
        ),
        (40, 28, 14, 12, 6),
    ),
}
_RECRUITMENT: Final = (
    "ThroughFriendsOrSocialEvents",
    "ThroughOnlineSocialNetworks",
    "ThroughFamilyOrFamilyEvents",
    "ThroughAnOnlineAdvertisement",
    "AtWork",
    "AtAPlaceOfBusiness",
    "ThroughANewspaperAdvert",
    "AtAnEducationalInstitution",
    "Other",
)
_CONTROL: Final = (
    "DebtBondage",
    "FalsePromises",
    "TakesEarnings",
    "WithholdsDocuments",
    "PsychologicalAbuse",
    "PhysicalThreats",
    "RestrictsFinancialAccess",
    "ExcessiveWorkingHours",
    "PhysicalAbuse",
    "SexualAbuse",
    "ThreatensChildrenFamily",
    "WithholdsNecessities",
    "PsychoactiveSubstance",
)
_VULNERABILITIES: Final = (
    "Poverty",
    "Migration",
    "AbusePhysical",
    "Education",
    "Discrimination",
    "MentalHealth",
    "Homelessness",
    "SocialGroup",
    "AbuseSocialMedia",
    "Addiction",
    "DisabilityAndPhysicalHealth",
    "WorkEnvironment",
)
_WEBSITES: Final = ("Facebook", "Instagram", "Telegram", "Viber", "WhatsApp", "TikTok", "Other")
_PLANS: Final = ("Health", "SocialCare", "Legal", "Financial", "Livelihood", "Education")
_LAST_DAY: Final = date(YEARS[-1], 12, 31)


def draw_cases(country: CountryCode, people: int, dice: Dice) -> list[Case]:
    """The cases that an authority knows, of exactly so many persons, by day of referral."""
    routes = routes_of(country)
    weights = [route.weight for route in routes]
    known: set[tuple[str | None, str | None, date]] = set()
    drafts: list[tuple[date, Person, Case]] = []
    for number in range(people):
        route = dice.weighted(routes, weights)
        year = dice.weighted(YEARS, TRENDS[route.trend])
        identified = _day_in(year, dice)
        person = _person(country, number, route, identified, dice)
        while (told_by := (person.first_name, person.second_name, person.birthdate)) in known:
            person = _person(country, number, route, identified, dice)
        if person.identity_number is None and person.first_name is not None:
            known.add(told_by)
        drafts.append((identified, person, _case(person, route, identified, dice)))
        again = identified + timedelta(days=dice.number(200, 1200))
        if person.first_name is not None and dice.happens(1 / 12) and again <= _LAST_DAY:
            drafts.append((again, person, _case(person, route, again, dice)))
    drafts.sort(key=lambda draft: (draft[2].referred_on, draft[0], draft[1].birthdate))
    return [
        replace(case, reference=f"SYN-{country}-{number:06}")
        for number, (_, _, case) in enumerate(drafts, 1)
    ]


def _day_in(year: int, dice: Dice) -> date:
    """A day of a year: more in spring and autumn, when the season's work begins and ends."""
    months = (5, 6, 8, 9, 10, 8, 6, 6, 9, 11, 9, 5)
    month = dice.weighted(range(1, 13), months)
    return date(year, month, dice.number(1, 28))


def _person(
    country: CountryCode, number: int, route: Route, identified: date, dice: Dice
) -> Person:
    women = {"women": 0.95, "men": 0.08, "children": 0.55, "mixed": 0.5}[route.who]
    gender = "Feminine" if dice.happens(women) else "Masculine"
    low, high = (6, 17) if route.who == "children" else (15, 48)
    age = low + int((high - low + 1) * dice.roll() ** 1.5)
    birthdate = identified - timedelta(days=365 * age + dice.number(400, 900))
    names = (_WOMEN if gender == "Feminine" else _MEN).split()
    citizenship: tuple[CountryCode, ...] = (route.origin,)
    if dice.happens(0.03):
        citizenship = (*citizenship, dice.one_of([CountryCode("RO"), CountryCode("RU")]))
    nameless = dice.happens(0.04)
    numbered = not nameless and dice.happens(0.85)
    if dice.happens(0.012):
        gender = dice.one_of(["TransgenderFeminine", "NonConforming", "NonSpecifiedUnknown"])
    return Person(
        first_name=None if nameless else dice.one_of(names),
        second_name=None if nameless else dice.one_of(_SECOND_NAMES.split()),
        birthdate=birthdate,
        gender=gender,
        citizenship=tuple(dict.fromkeys(citizenship)),
        identity_number=f"SYN{country}{number:07}" if numbered else None,
        route=route,
    )


def _case(person: Person, route: Route, identified: date, dice: Dice) -> Case:
    recruited = identified - timedelta(days=dice.number(60, 380))
    referred = identified + timedelta(days=int(60 * dice.roll() ** 3))
    events: tuple[Event, ...] = ()
    if dice.happens(0.85):
        stops = [*route.transit[: dice.number(0, len(route.transit))], route.destination]
        kinds = ["Transit"] * (len(stops) - 1) + ["Exploitation"]
        day = recruited
        steps = [Event(type="Recruitment", country=route.origin, day=day)]
        for kind, stop in zip(kinds, stops, strict=True):
            day += timedelta(days=dice.number(1, 14))
            steps.append(Event(type=kind, country=stop, day=day))
        events = tuple(steps)
    plans: list[tuple[str, date | None]] = []
    if dice.happens(0.6):
        for kind in dice.some_of(_PLANS, 3):
            end = referred + timedelta(days=dice.number(20, 300))
            plans.append((kind, end if end <= _LAST_DAY else None))
    return Case(
        reference="",
        person=person,
        recruited_on=recruited,
        identified_on=identified,
        referred_on=min(referred, _LAST_DAY),
        events=events,
        plans=tuple(plans),
        values=_values(person, route, recruited, dice),
    )


def _values(
    person: Person, route: Route, recruited: date, dice: Dice
) -> dict[str, str | tuple[str, ...] | bool | int]:
    age = (recruited - person.birthdate).days // 365
    forms = _FORMS[route.form]
    methods = dice.some_of(_RECRUITMENT, 2)
    values: dict[str, str | tuple[str, ...] | bool | int] = {
        "vic_TypeOfExploitation": forms if dice.happens(0.3) else (dice.one_of(forms),),
        "vic_TraffickingStatus": dice.weighted(
            ("ActualVictimOfTrafficking", "PossibleVictimOfTrafficking"), (7, 3)
        ),
        "vic_TraffickingStatusDecisionMakingOrg": dice.weighted(
            ("Police", "NGO", "CourtOrProsecution", "NonPoliceGovernmentalOrganization"),
            (45, 30, 10, 15),
        ),
        "vic_RelationshipToTrafficker": dice.weighted(
            ("Familial", "Acquainted", "Unaquainted"), (4, 3, 3) if age < 18 else (1, 5, 4)
        ),
        "vic_MethodOfRecruitment": methods,
        "vic_MethodsOfControl": dice.some_of(_CONTROL, 4),
        "vic_Vulnerabilities": dice.some_of(_VULNERABILITIES, 3),
        "cas_Status": dice.weighted(
            ("Closed", "FollowUp", "Active", "ClosedReferred"), (40, 25, 25, 10)
        ),
        "cas_ReasonForIncomingReferral": dice.weighted(
            ("AdditionalServicesRequired", "MigrationOrChangeOfLocation", "Other"), (6, 3, 1)
        ),
        "prs_MaritalStatus": dice.weighted(
            ("Single", "Married", "Divorced", "Separated"), (6, 2, 1, 1)
        ),
        "prs_HighestLevelOfEducation": dice.weighted(
            ("PrimaryEducation", "LowerSecondaryEducation", "UpperSecondaryEducation"), (3, 4, 3)
        ),
        "prs_NumberOfChildren": 0 if age < 18 else dice.weighted((0, 1, 2, 3, 4), (4, 3, 2, 1, 1)),
        "con_Consent": dice.happens(0.93),
        "vic_AgreementToManagePersonalData": True,
        "vic_AgeWhenTrafficked": age,
    }
    if any("Online" in method for method in methods):
        values["vic_RecruitmentWebsitesAndApps"] = dice.some_of(_WEBSITES, 2)
    if "SexualExploitation" in forms:
        values["vic_TypeOfSexExploitation"] = dice.some_of(
            ("Prostitution", "PrivateSexualServices", "RemoteInteractiveServices", "Pornography"), 2
        )
    if route.form in _INDUSTRIES:
        values["vic_ForcedLabourIndustry"] = dice.weighted(*_INDUSTRIES[route.form])
    if values["cas_Status"] == "ClosedReferred":
        values["cas_ReasonForOutgoingReferral"] = "MigrationOrChangeOfLocation"
    return values
