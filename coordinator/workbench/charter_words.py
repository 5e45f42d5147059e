"""What a charter changes, a sentence for each change, in the reader's language.

From nothing to the first charter every term is a change. Whoever confirms it is told of everybody
who comes, goes or has other keys, however many: what is counted only cannot be made sure of. Keys
are named by the fingerprints that people compare by telephone.
"""

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from typing import Any, Final

from flask_babel import format_decimal  # type: ignore[import-untyped]  # it has no types

from corridor.ids import CountryCode
from corridor.pages.languages import (
    LANGUAGES,
    amount,
    by_name,
    chosen_language,
    chosen_locale,
    gettext,
    listed,
)
from corridor.pages.languages import lazy_gettext as _l
from corridor.protocols.cards import (
    Card,
    Fingerprint,
    fingerprint,
    fingerprint_text,
    key_fingerprint,
)
from corridor.protocols.charter import Charter, Member

MOST_UNCOUNTED = 15
"""More countries than these are counted, too, for whoever compares lists."""

_SENTENCES: Final[Mapping[str, Any]] = {
    "min_participants": _l("An answer needs at least %(now)s authorities."),
    "max_colluders": _l(
        "Nobody's figures are seen, even if %(now)s authorities work together with the coordinator."
    ),
    "max_dropouts": _l("Within a question %(now)s of the authorities may fall out at most."),
    "nodes_per_person": _l("Guarantees allow for a person whom %(now)s authorities know."),
    "quorum": _l("Before a node spends, %(now)s other members hold its ledger."),
    "rho_per_question": _l("A question costs each authority ρ = %(now)s at most."),
    "cells": _l("An answer has %(now)s cells at most."),
    "persons_per_node": _l("A node holds %(now)s persons at most."),
    "delta": _l("Guarantees are shown at δ = %(now)s."),
    "years": _l("Years are told apart from %(now)s."),
    "domains_edition": _l("The values of fields are those of edition %(now)s."),
    "suite": _l("Keys are exchanged by %(now)s."),
    "retention_days": _l("Members' receipts are kept for %(now)s days."),
    "failed_attempts_per_day": _l("A node bears %(now)s failed attempts a day."),
}


def changes_in_words(before: Charter | None, after: Charter) -> tuple[str, ...]:
    """A sentence for each thing that `after` has otherwise; none where nothing but its version."""
    return (
        *_members(before, after),
        *_coordinator(before, after),
        *_numbers(before, after),
        *_promises(before, after),
        *_countries(before, after),  # the longest
    )


def names_of(countries: Iterable[str]) -> str:
    """Countries by their names, all of them; of many, how many they are."""
    territories = chosen_locale().territories
    names = [str(territories.get(code, code)) for code in by_name(countries)]
    if len(names) > MOST_UNCOUNTED:
        return gettext(
            "%(count)s countries (%(names)s)", count=_whole(len(names)), names=listed(names)
        )
    return listed(names)


def _members(before: Charter | None, after: Charter) -> Iterator[str]:
    old = {} if before is None else {one.country: one for one in before.members}
    new = {one.country: one for one in after.members}
    if joining := new.keys() - old.keys():
        yield gettext("It lists: %(countries)s.", countries=names_of(joining))
    for country in by_name(joining):
        yield gettext(
            "The keys of %(country)s (%(name)s) have the fingerprint %(fingerprint)s.",
            country=names_of([country]),
            name=new[country].name,
            fingerprint=_keys_of(new[country]),
        )
    if leaving := old.keys() - new.keys():
        yield gettext(
            "It lists no more: %(countries)s. Whoever leaves need not sign, and from the moment it "
            "is in force is enrolled no more. Data, ledger and what was spent stay its own.",
            countries=names_of(leaving),
        )
    for country in by_name(new.keys() & old.keys()):
        was, now = old[country], new[country]
        if was.origin != now.origin:
            yield gettext(
                "%(country)s is a new member under other keys, with the fingerprint "
                "%(fingerprint)s: its ledger begins anew. Make sure by telephone.",
                country=names_of([country]),
                fingerprint=_keys_of(now),
            )
        elif was.signing_key != now.signing_key or was.encryption_key != now.encryption_key:
            yield gettext(
                "%(country)s has new keys, with the fingerprint %(fingerprint)s, for which its old "
                "ones vouch.",
                country=names_of([country]),
                fingerprint=_keys_of(now),
            )
        if was.name != now.name:
            yield gettext(
                "%(country)s is called: %(name)s.", country=names_of([country]), name=now.name
            )


def _coordinator(before: Charter | None, after: Charter) -> Iterator[str]:
    now = _written(key_fingerprint(after.coordinator_key))
    if before is None:
        yield gettext("The coordinator's key has the fingerprint %(fingerprint)s.", fingerprint=now)
    elif before.coordinator_key != after.coordinator_key:
        yield gettext(
            "The coordinator signs with another key, with the fingerprint %(fingerprint)s; until "
            "now %(before)s. Everybody makes sure of it by telephone.",
            fingerprint=now,
            before=_written(key_fingerprint(before.coordinator_key)),
        )


def _keys_of(member: Member) -> str:
    return _written(fingerprint(Card.of(member)))


def _written(found: Fingerprint) -> str:
    """A fingerprint from left to right: after Arabic letters, groups of digits change places."""
    text = fingerprint_text(found)
    return f"\u2066{text}\u2069" if LANGUAGES[chosen_language()].direction == "rtl" else text


def _numbers(before: Charter | None, after: Charter) -> Iterator[str]:
    old, new = {} if before is None else _terms(before), _terms(after)
    for term, now in new.items():
        if (was := old.get(term)) == now:
            continue
        sentence = str(_SENTENCES[term]) % {"now": now}
        yield (
            sentence
            if was is None
            else gettext("%(sentence)s Until now: %(before)s.", sentence=sentence, before=was)
        )


def _countries(before: Charter | None, after: Charter) -> Iterator[str]:
    old = frozenset[CountryCode]() if before is None else frozenset(before.countries)
    if more := frozenset(after.countries) - old:
        yield gettext("Answers tell apart besides: %(countries)s.", countries=names_of(more))
    if less := old.difference(after.countries):
        yield gettext(
            "Answers tell apart no more, and count as unknown: %(countries)s.",
            countries=names_of(less),
        )


def _promises(before: Charter | None, after: Charter) -> Iterator[str]:
    if after.synthetic and (before is None or not before.synthetic):
        yield gettext(
            "The case data are made up: this is a trial, and faults on purpose are allowed."
        )
    if not after.synthetic and before is not None and before.synthetic:
        yield gettext("The case data are real from then on. No later version can go back on that.")
    if not after.stops_rollback and (before is None or before.stops_rollback):
        yield gettext(
            "So few witnesses protect against accidents only: a node's backup could be spent twice."
        )


def _terms(charter: Charter) -> Mapping[str, str]:
    """What charters have in one word, as it is shown."""
    ceilings = charter.ceilings
    first, last = charter.years
    return {
        "min_participants": _whole(charter.min_participants),
        "max_colluders": _whole(charter.max_colluders),
        "max_dropouts": gettext("a tenth")
        if charter.max_dropouts is None
        else _whole(charter.max_dropouts),
        "nodes_per_person": _whole(charter.nodes_per_person),
        "quorum": _whole(charter.quorum),
        "rho_per_question": _exact(ceilings.rho_per_question),
        "cells": _whole(ceilings.cells),
        "persons_per_node": _whole(ceilings.persons_per_node),
        "delta": _exact(charter.delta),
        "years": gettext("%(first)s to %(last)s", first=first, last=last),
        "domains_edition": charter.domains_edition,
        "suite": charter.suite,
        "retention_days": _whole(charter.retention_days),
        "failed_attempts_per_day": _whole(charter.failed_attempts_per_day),
    }


def _whole(number: int) -> str:
    return str(format_decimal(number))


def _exact(value: Fraction) -> str:
    """A fraction as a decimal where that is all of it: what members sign is not rounded."""
    scaled = value * 10**12
    return amount(value, 12) if scaled.denominator == 1 else str(value)
