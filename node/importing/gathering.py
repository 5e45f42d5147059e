"""Rows of all files → cases, each once, with legs and services; and the report.

1. Who a row without identity is about, and which case a row is (`keys` says how). Occurrence
   numbers count rows of equal content in one file, or one person's own rows: never anything
   that another person's row could shift.
2. Of the rows of one case, the one with the latest referral; then of the later file; then the
   one without consent; then by content, so that the order of rows does not matter.
3. Events and support plans find their cases: the row they stand in; else the case reference,
   for every person of that case, or for the one alone whose identity number, person reference,
   name and birthdate the row has; else the identity number, or the person reference, which mean
   the person's first case referred on or after the day, else their last one. A row that names
   somebody whom no case names so belongs to nobody: it would leave the files with that person, and
   must not change the others of the case.
4. Journeys, corridors, ages.
5. Who may stand in the data under another key is said (`standing`), and changes nothing.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from corridor.errors.importing import TooManyPersonsError
from corridor.node.importing.countries import CountryResolver
from corridor.node.importing.edition import (
    IMPORTED_CASES,
    IMPORTED_SERVICES,
    ImportedCases,
    key_array,
)
from corridor.node.importing.journeys import (
    MOST_LEGS,
    NO_COUNTRY,
    NO_DAY,
    TYPES,
    UNKNOWN_TYPE,
    Countries,
    Days,
    Journeys,
    coded_array,
    country_array,
    country_numbers,
    day_array,
    with_locations,
)
from corridor.node.importing.keys import KEY_BYTES, Keyring, Keys, as_keys, occurrences, whole
from corridor.node.importing.report import (
    ROWS_NAMED,
    FieldFill,
    Findings,
    ImportReport,
    KnownBefore,
    Place,
    UnresolvedCountry,
)
from corridor.node.importing.rows import (
    CaseRows,
    Codes,
    Ints,
    LinkedRows,
    Numbered,
    ToldApartBy,
    keys_taken,
)
from corridor.node.importing.standing import Standing, compare, link_array
from corridor.node.importing.values import OLDEST_AGE
from corridor.node.schema import LINKS

_NO_KEY: Final = b""
_BLOCK: Final = 1 << 16
_NEVER: Final = -NO_DAY
"""Stands for a referral that has no day: it is older than all others."""

_EPOCH = np.datetime64("1970-01-01", "D")


def gather(
    rows: CaseRows,
    events: LinkedRows,
    services: LinkedRows,
    *,
    keyring: Keyring,
    findings: Findings,
    resolver: CountryResolver,
    max_persons: int | None,
    standing: Callable[[], Standing] | None = None,
) -> tuple[ImportedCases, ImportReport]:
    """The cases of an import, and what is to be said about it.

    `standing` reads who is in the data already, which nothing but the report depends on.

    Raises:
        TooManyPersonsError: there are more than `max_persons`; nothing was imported.
    """
    person_of_row = _persons(rows, keyring)
    _look_at_persons(rows, person_of_row, findings)
    cases, case_of_row = _cases(rows, person_of_row, keyring, findings)
    persons, first, counts = np.unique(cases.person, return_index=True, return_counts=True)
    if max_persons is not None and len(persons) > max_persons:
        raise TooManyPersonsError(ceiling=max_persons)
    persons_by, several = cases.persons_by(first), int((counts > 1).sum())
    count_of_persons = len(persons)
    del persons, first, counts
    travelled = _journeys(cases, case_of_row, events, findings)
    plans = _services(cases, case_of_row, services, findings)
    recruited = _countries(cases.fields["vic_LocationOfRecruitment"])
    exploited = _countries(cases.fields["vic_LocationOfExploitation"])
    corridor = _Corridor.of(travelled, recruited, exploited)
    first_event = travelled.earliest_day(len(cases))
    ages = _ages(cases, first_event, findings)
    _look_at_dates(cases, first_event, findings)
    before = _look_at_standing(cases, standing, findings)
    fills = _fills(cases, events, services, findings)
    without_consent = int((~cases.consented()).sum())
    legs = with_locations(travelled, recruited, exploited).to_table()
    links = pa.table([link_array(cases.reference), link_array(cases.alike)], schema=LINKS)
    table = _table(cases, travelled, corridor, ages.values)
    report = ImportReport(
        tables=tuple(findings.tables),
        rows=sum(table.rows for table in findings.tables),
        cases=len(cases),
        persons=count_of_persons,
        legs=legs.num_rows,
        services=plans.num_rows,
        cases_without_consent=without_consent,
        persons_by=persons_by,
        ages_by=ages.told_by,
        corridors_by=corridor.told_by,
        dropped_columns=tuple(findings.dropped),
        unresolved_countries=tuple(
            UnresolvedCountry(text, count, resolver.suggestion(text))
            for text, count in findings.unresolved()
        ),
        entries=findings.entries(),
        fills=fills,
        several_cases=several,
        work=findings.work(),
        before=before,
    )
    return ImportedCases(table, legs, plans, links), report


# ---------------------------------------------------------------- cases


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cases:
    """The cases, one entry each, sorted by key; `rows` says in which row each stood."""

    key: Keys
    person: Keys
    reference: Keys
    record: Keys
    alike: Keys
    told_apart_by: npt.NDArray[np.uint8]
    referred: Days
    rows: CaseRows
    taken: Ints
    fields: dict[str, Numbered]

    def __len__(self) -> int:
        return len(self.key)

    def consented(self) -> npt.NDArray[np.bool_]:
        """Which cases may be shared by what the file says."""
        return _consented(self.fields)

    def persons_by(self, first: npt.NDArray[np.intp]) -> dict[str, int]:
        """How many persons are told apart by what, given the first case of each."""
        counts = np.bincount(self.told_apart_by[first], minlength=len(ToldApartBy))
        return {kind.name.casefold(): int(counts[kind]) for kind in ToldApartBy}

    def report(self, findings: Findings, field: str, problem: str, cases: Ints) -> None:
        """Enter a problem of some of the cases."""
        _report_rows(findings, self.rows, field, problem, self.taken[cases])


def _cases(
    rows: CaseRows, person: Keys, keyring: Keyring, findings: Findings
) -> tuple[_Cases, Ints]:
    """The cases, and for each row the number of its case."""
    referred = _days(rows.fields["cas_IncomingReferralDate"], _NEVER)
    key = _case_keys(rows, person, referred, keyring)
    keys, case_of_row = np.unique(key, return_inverse=True)
    content = rows.content
    order = np.lexsort(
        (content[:, 1], content[:, 0], ~_consented(rows.fields), rows.file, referred, case_of_row)
    )
    # Of several assignments to one place numpy keeps the last.
    taken = np.zeros(len(keys), np.int64)
    taken[case_of_row[order]] = order
    replaced = np.setdiff1d(np.arange(len(rows)), taken)
    _report_rows(findings, rows, "x_CaseReference", "case.repeated", replaced)
    cases = _Cases(
        key=keys,
        person=person[taken],
        reference=keys_taken(rows.reference, taken),
        record=keys_taken(rows.record, taken),
        alike=keys_taken(rows.alike, taken),
        told_apart_by=rows.told_apart_by[taken],
        referred=referred[taken],
        rows=rows,
        taken=taken,
        # Each is let go as it is taken: of a million rows they would be a hundred megabytes.
        fields={name: rows.fields.pop(name).taken(taken) for name in list(rows.fields)},
    )
    return cases, case_of_row.astype(np.int64)


def _persons(rows: CaseRows, keyring: Keyring) -> Keys:
    anonymous = np.flatnonzero(rows.told_apart_by == ToldApartBy.ROW)
    content = rows.content[anonymous]
    numbers = occurrences((rows.file[anonymous], content[:, 0], content[:, 1]), ())
    raw = np.ascontiguousarray(content, "<u8").tobytes()
    person = rows.person.copy()
    person[anonymous] = as_keys(
        [
            keyring.person_of_row(raw[16 * n : 16 * n + 16], number)
            for n, number in enumerate(numbers.tolist())
        ]
    )
    return person


def _case_keys(rows: CaseRows, person: Keys, referred: Days, keyring: Keyring) -> Keys:
    """One person's cases: by reference; else by the day of referral; else by content.

    A row without case reference is a case. It is the same case in a later file when it was
    referred on the same day, whatever has changed in it; of several on one day, in order of
    content.
    """
    dated = referred != _NEVER
    content = np.where(dated[:, None], 0, rows.content)
    _, who = np.unique(person, return_inverse=True)
    numbers = occurrences(
        (rows.file, who, referred, content[:, 0], content[:, 1]),
        (rows.content[:, 0], rows.content[:, 1]),
    )
    keys = np.zeros(len(rows), f"S{KEY_BYTES}")
    for start in range(0, len(rows), _BLOCK):
        part = slice(start, start + _BLOCK)
        raw = np.ascontiguousarray(content[part], "<u8").tobytes()
        days, persons = referred[part].tolist(), person[part].tolist()
        found = []
        for n, (one, reference) in enumerate(
            zip(persons, rows.reference[part].tolist(), strict=True)
        ):
            if reference != _NO_KEY:
                found.append(keyring.case_of_reference(whole(reference), whole(one)))
            else:
                distinction = str(days[n]).encode() + raw[16 * n : 16 * n + 16]
                found.append(keyring.case_of_row(whole(one), distinction, int(numbers[start + n])))
        keys[part] = as_keys(found)
    return keys


# ---------------------------------------------------------------- events and support plans


@dataclass(frozen=True, slots=True)
class _Links:
    """Which linked row belongs to which case: one entry a pair."""

    row: Ints
    case: Ints


def _link(
    cases: _Cases,
    case_of_row: Ints,
    linked: LinkedRows,
    *,
    days: Days,
    kind: str,
    findings: Findings,
) -> _Links:
    """The pairs of linked rows and cases, by the rules at the top of this file."""
    own = np.flatnonzero(linked.own_row >= 0)
    pairs = [_Links(own, case_of_row[linked.own_row[own]])]
    elsewhere = linked.own_row < 0
    has_reference = linked.reference != _NO_KEY
    has_identity = linked.identity != _NO_KEY
    by_reference = _by_reference(cases, linked, np.flatnonzero(elsewhere & has_reference))
    pairs.append(by_reference)
    shared = np.flatnonzero(np.bincount(by_reference.row, minlength=len(linked)) > 1)
    _report_rows(findings, linked, "x_CaseReference", f"{kind}.shared", shared)
    has_record = linked.record != _NO_KEY
    for refers_by, known, keys in (
        (has_identity & ~has_reference, cases.person, linked.identity),
        (has_record & ~has_identity & ~has_reference, cases.record, linked.record),
    ):
        wanted = np.flatnonzero(elsewhere & refers_by)
        pairs.append(_by_person(cases, known, keys, wanted, days))
    found = _Links(
        np.concatenate([pair.row for pair in pairs]), np.concatenate([pair.case for pair in pairs])
    )
    lost = elsewhere.copy()
    lost[found.row] = False
    refers = has_reference | has_identity | has_record
    _report_rows(
        findings, linked, "x_CaseReference", f"{kind}.no_case", np.flatnonzero(lost & refers)
    )
    _report_rows(
        findings, linked, "x_CaseReference", f"{kind}.no_reference", np.flatnonzero(lost & ~refers)
    )
    return found


def _by_reference(cases: _Cases, linked: LinkedRows, wanted: Ints) -> _Links:
    order = np.argsort(cases.reference, kind="stable")
    references = cases.reference[order]
    first = np.searchsorted(references, linked.reference[wanted], side="left")
    counts = np.searchsorted(references, linked.reference[wanted], side="right") - first
    row = np.repeat(wanted, counts)
    within = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
    case = order[np.repeat(first, counts) + within]
    # What names somebody belongs to nobody else: it would leave the files with them, and change
    # the others of their case.
    identity, record = linked.identity[row], linked.record[row]
    fits = (identity == _NO_KEY) | (identity == cases.person[case])
    alike = linked.alike[row]
    fits &= (record == _NO_KEY) | (record == cases.record[case])
    fits &= (alike == _NO_KEY) | (alike == cases.alike[case])
    return _Links(row[fits], case[fits])


def _by_person(cases: _Cases, known: Keys, keys: Keys, wanted: Ints, days: Days) -> _Links:
    """The case of a person that a day belongs to; `known` says who each case's person is."""
    rows, found = [], []
    if len(wanted):
        of_person: dict[bytes, list[tuple[int, int]]] = {}
        for case, (person, day) in enumerate(
            zip(known.tolist(), cases.referred.tolist(), strict=True)
        ):
            of_person.setdefault(person, []).append((day, case))
        for row in wanted.tolist():
            theirs = sorted(of_person.get(bytes(keys[row]), ()))
            if theirs:
                later = (pair for pair in theirs if days[row] != NO_DAY and pair[0] >= days[row])
                rows.append(row)
                found.append(next(later, theirs[-1])[1])
    return _Links(np.array(rows, np.int64), np.array(found, np.int64))


def _journeys(cases: _Cases, case_of_row: Ints, events: LinkedRows, findings: Findings) -> Journeys:
    day = _days(events.fields["hte_Date"], NO_DAY)
    kind = events.fields["hte_Type"]
    ranks = np.array([TYPES.index(value) for value in kind.values], np.int8)
    of_type = kind.spread(ranks, UNKNOWN_TYPE)
    country = _countries(events.fields["hte_Country"])
    links = _link(cases, case_of_row, events, days=day, kind="event", findings=findings)
    empty = (day == NO_DAY) & (of_type == UNKNOWN_TYPE) & (country == NO_COUNTRY)
    _report_rows(findings, events, "hte_Type", "event.says_nothing", np.flatnonzero(empty))
    says = ~empty[links.row]
    row, case = links.row[says], links.case[says]
    found = Journeys(case.astype(np.int32), of_type[row], country[row], day[row])
    ordered = found.ordered()
    _report_count(findings, events, "hte_Type", "event.repeated", len(case) - len(ordered.case))
    few = ordered.positions() < MOST_LEGS
    _report_count(findings, events, "hte_Type", "event.too_many", int((~few).sum()))
    return ordered.taken(few)


def _services(
    cases: _Cases, case_of_row: Ints, services: LinkedRows, findings: Findings
) -> pa.Table:
    day = _days(services.fields["spl_ActualEndDate"], NO_DAY)
    kinds, kind = _ranked(services.fields["spl_Type"])
    links = _link(cases, case_of_row, services, days=day, kind="service", findings=findings)
    empty = (day == NO_DAY) & (kind < 0)
    _report_rows(findings, services, "spl_Type", "service.says_nothing", np.flatnonzero(empty))
    says = ~empty[links.row]
    row, case = links.row[says], links.case[says]
    order = np.lexsort((day[row], kind[row], case))
    row, case = row[order], case[order]
    same = np.zeros(len(row), bool)
    same[1:] = (
        (case[1:] == case[:-1])
        & (kind[row][1:] == kind[row][:-1])
        & (day[row][1:] == day[row][:-1])
    )
    _report_count(findings, services, "spl_Type", "service.repeated", int(same.sum()))
    row, case = row[~same], case[~same]
    return pa.table(
        [
            pa.array(case.astype(np.uint32)),
            coded_array(kind[row], kinds, blank=-1),
            day_array(day[row]),
        ],
        schema=IMPORTED_SERVICES,
    )


# ---------------------------------------------------------------- corridors and ages


@dataclass(frozen=True, slots=True)
class _Corridor:
    """Both ends of each case's corridor, and how many of them came from where."""

    recruited: Countries
    exploited: Countries
    told_by: Mapping[str, int]

    @classmethod
    def of(cls, travelled: Journeys, recruited: Countries, exploited: Countries) -> "_Corridor":
        """From the journeys, and the location fields where these say nothing."""
        by_event = travelled.first_country(TYPES.index("Recruitment"), len(recruited))
        at_event = travelled.last_country(TYPES.index("Exploitation"), len(exploited))
        return cls(
            np.where(by_event == NO_COUNTRY, recruited, by_event),
            np.where(at_event == NO_COUNTRY, exploited, at_event),
            {
                "recruitment_event": int((by_event != NO_COUNTRY).sum()),
                "recruitment_location": _elsewhere(by_event, recruited),
                "exploitation_event": int((at_event != NO_COUNTRY).sum()),
                "exploitation_location": _elsewhere(at_event, exploited),
            },
        )


def _elsewhere(by_event: Countries, by_location: Countries) -> int:
    """How many ends no event tells, and a location field does."""
    return int(((by_event == NO_COUNTRY) & (by_location != NO_COUNTRY)).sum())


@dataclass(frozen=True, slots=True)
class _Ages:
    """The age when trafficked of each case (−1: unknown), and how many came from where."""

    values: npt.NDArray[np.int32]
    told_by: Mapping[str, int]


def _ages(cases: _Cases, first_event: Days, findings: Findings) -> _Ages:
    """The age given; else at the first event; else at the referral."""
    born = _days(cases.fields["prs_Birthdate"], NO_DAY)
    known = born != NO_DAY
    at_event, has_event = first_event, first_event != NO_DAY
    has_referral = cases.referred != _NEVER
    too_late = known & ((has_event & (born > at_event)) | (has_referral & (born > cases.referred)))
    cases.report(findings, "prs_Birthdate", "date.birth_after_event", np.flatnonzero(too_late))
    known &= ~too_late
    given = cases.fields["vic_AgeWhenTrafficked"]
    ages = given.spread(np.array(given.values, np.int32), -1)
    told_by = {"given": int((ages >= 0).sum())}
    for source, days, there in (
        ("first_event", at_event, has_event),
        ("referral", cases.referred, has_referral),
    ):
        computed = _years_between(np.where(known, born, 0), np.where(there, days, 0))
        possible = (ages < 0) & known & there & (computed >= 0) & (computed <= OLDEST_AGE)
        ages = np.where(possible, computed, ages)
        told_by[source] = int(possible.sum())
    return _Ages(ages, told_by | {"none": int((ages < 0).sum())})


def _look_at_dates(cases: _Cases, first_event: Days, findings: Findings) -> None:
    """Report dates and ages of a case that contradict each other; what was read stays."""
    born = _days(cases.fields["prs_Birthdate"], NO_DAY)
    identified = _days(cases.fields["x_IdentificationDate"], NO_DAY)
    has_event, has_birth = first_event != NO_DAY, born != NO_DAY
    late = has_event & (cases.referred != _NEVER) & (first_event > cases.referred)
    cases.report(findings, "hte_Date", "date.event_after_referral", np.flatnonzero(late))
    unborn = has_birth & (identified != NO_DAY) & (born > identified)
    cases.report(
        findings, "prs_Birthdate", "date.birth_after_identification", np.flatnonzero(unborn)
    )
    given = cases.fields["vic_AgeWhenTrafficked"]
    ages = given.spread(np.array(given.values, np.int32), -1)
    there = has_birth & has_event & (ages >= 0) & (born <= first_event)
    computed = _years_between(np.where(there, born, 0), np.where(there, first_event, 0))
    apart = there & (np.abs(computed - ages) > 1)
    cases.report(findings, "vic_AgeWhenTrafficked", "age.differs", np.flatnonzero(apart))


def _look_at_persons(rows: CaseRows, person: Keys, findings: Findings) -> None:
    """Report rows that look like one person and are told apart as several."""
    for keys, field, problem in (
        (rows.alike, "prs_IdentityNumber", "person.alike"),
        (rows.record, "x_PersonReference", "person.reference_shared"),
    ):
        known = np.flatnonzero(keys != _NO_KEY)
        if not len(known):
            continue
        _, group = np.unique(keys[known], return_inverse=True)
        _, who = np.unique(person[known], return_inverse=True)
        pairs = np.unique(np.stack((group, who), axis=1), axis=0)
        several = np.bincount(pairs[:, 0]) > 1
        _report_rows(findings, rows, field, problem, known[several[group]])


def _look_at_standing(
    cases: _Cases, standing: Callable[[], Standing] | None, findings: Findings
) -> KnownBefore:
    """Report cases that may be of somebody who is in the data under another key."""
    if standing is None:
        return KnownBefore()
    found = compare(
        standing(),
        case=cases.key,
        person=cases.person,
        reference=cases.reference,
        alike=cases.alike,
        consented=cases.consented(),
    )
    for flags, field, problem in (
        (found.withdrawn, "con_Consent", "case.consent_withdrawn"),
        (found.other_person, "x_CaseReference", "person.reference_before"),
        (found.alike, "prs_IdentityNumber", "person.alike_before"),
    ):
        cases.report(findings, field, problem, np.flatnonzero(flags))
    return KnownBefore(
        references=found.references,
        references_withdrawn=found.references_withdrawn,
        alike=len(np.unique(cases.person[found.alike])),
    )


def _fills(
    cases: _Cases, events: LinkedRows, services: LinkedRows, findings: Findings
) -> tuple[FieldFill, ...]:
    """How many cases, events and support plans have a value of each field."""
    rejected = findings.rejected()
    counted = [(len(cases), cases.fields), (len(events), events.fields)]
    counted.append((len(services), services.fields))
    return tuple(
        FieldFill(
            field=name,
            rows=rows,
            filled=int((field.codes >= 0).sum()),
            rejected=rejected[name],
            has_column=name in findings.columns,
        )
        for rows, fields in counted
        for name, field in fields.items()
    )


def _years_between(born: Days, day: Days) -> Days:
    """Whole years from one day to another; both in days since 1970-01-01."""
    years = np.empty(len(born), np.int32)
    for start in range(0, len(born), _BLOCK):
        part = slice(start, start + _BLOCK)
        year, within = _year_and_day(born[part])
        later_year, later_within = _year_and_day(day[part])
        years[part] = later_year - year - (later_within < within)
    return years


def _year_and_day(days: Days) -> tuple[Ints, Ints]:
    """The year, and month and day as one number (331 for 31 March)."""
    dates = _EPOCH + days.astype("m8[D]")
    years = dates.astype("M8[Y]")
    months = dates.astype("M8[M]")
    month = (months - years.astype("M8[M]")).astype(np.int64) + 1
    day = (dates - months.astype("M8[D]")).astype(np.int64) + 1
    return years.astype(np.int64) + 1970, month * 100 + day


# ---------------------------------------------------------------- the table


def _table(
    cases: _Cases, travelled: Journeys, corridor: _Corridor, ages: npt.NDArray[np.int32]
) -> pa.Table:
    count = len(cases)
    consent = cases.fields["con_Consent"]
    agreement = cases.fields["vic_AgreementToManagePersonalData"]
    columns: dict[str, pa.Array[Any] | pa.ChunkedArray[Any]] = {
        "person_key": key_array(cases.person),
        "case_key": key_array(cases.key),
        "own_key": pa.array(cases.told_apart_by != ToldApartBy.ROW),
        "consent": pa.array(_flags(consent, blank=False)),
        "agreement": _arrow(agreement, pa.bool_()),
        "identified_on": _arrow(cases.fields["x_IdentificationDate"], pa.date32()),
        "referred_on": _arrow(cases.fields["cas_IncomingReferralDate"], pa.date32()),
        "last_event_on": day_array(travelled.latest_day(count)),
        "vic_AgeWhenTrafficked": pa.array(ages.astype(np.int16), mask=ages < 0),
        "recruited_in": country_array(corridor.recruited),
        "transit_in": _each_its_own(travelled.all_countries(TYPES.index("Transit"), count)),
        "exploited_in": country_array(corridor.exploited),
    }
    for field in IMPORTED_CASES:
        if field.name not in columns:
            # Each is let go as it is written, and the next one takes its place in memory.
            columns[field.name] = _arrow(cases.fields.pop(field.name), field.type)
    return pa.table([columns[field.name] for field in IMPORTED_CASES], schema=IMPORTED_CASES)


def _each_its_own(lists: "pa.Array[Any]") -> "pa.Array[Any]":
    return pa.DictionaryArray.from_arrays(np.arange(len(lists), dtype=np.int32), lists)


def _arrow(field: Numbered, kind: "pa.DataType") -> "pa.Array[Any]":
    """The values of a field as an Arrow array: null, or an empty list, where there is none."""
    if not pa.types.is_dictionary(kind):
        values = pa.array([*field.values, None], kind)
        last = len(field.values)
        taken: pa.Array[Any] = values.take(np.where(field.codes < 0, last, field.codes))
        return taken
    # In their order, so that the order of rows and files leaves no trace.
    order = sorted(range(len(field.values)), key=lambda n: field.values[n])
    ranks = np.empty(len(order) + 1, np.int32)
    ranks[order] = np.arange(len(order))
    is_list = pa.types.is_list(kind.value_type)
    ranks[-1] = len(order) if is_list else -1
    codes = ranks[field.codes]
    ordered = [*(field.values[n] for n in order), *([()] if is_list else [])]
    return pa.DictionaryArray.from_arrays(codes, pa.array(ordered, kind.value_type), mask=codes < 0)


def _flags(field: Numbered, *, blank: bool) -> npt.NDArray[np.bool_]:
    return field.spread(np.array(field.values, bool), blank)


def _consented(fields: Mapping[str, Numbered]) -> npt.NDArray[np.bool_]:
    return _flags(fields["con_Consent"], blank=False) & _flags(
        fields["vic_AgreementToManagePersonalData"], blank=True
    )


def _days(field: Numbered, blank: int) -> Days:
    days = np.array([np.datetime64(day, "D") for day in field.values], "M8[D]")
    return field.spread((days - _EPOCH).astype(np.int32), blank)


def _ranked(field: Numbered) -> tuple[list[str], Codes]:
    """The different texts of a field in order, and for each row which it has; −1 for none."""
    order = sorted(range(len(field.values)), key=lambda n: field.values[n])
    ranks = np.empty(len(order), np.int32)
    ranks[order] = np.arange(len(order))
    return [field.values[n] for n in order], field.spread(ranks, -1)


def _countries(field: Numbered) -> Countries:
    return field.spread(country_numbers(field.values), NO_COUNTRY)


# ---------------------------------------------------------------- findings


def _report_rows(
    findings: Findings, rows: CaseRows | LinkedRows, field: str, problem: str, which: Ints
) -> None:
    """Enter a problem of some rows, table by table."""
    for place, numbers in _by_place(rows, which):
        findings.add(place, field, problem, rows=numbers[:ROWS_NAMED].tolist(), count=len(numbers))
        findings.add_work(place, field, problem, numbers)


def _by_place(rows: CaseRows | LinkedRows, which: Ints) -> Iterator[tuple[Place, Ints]]:
    places: Sequence[Place] = rows.places
    for number in np.unique(rows.place[which]).tolist():
        yield places[number], np.sort(rows.row[which][rows.place[which] == number])


def _report_count(
    findings: Findings, rows: LinkedRows, field: str, problem: str, count: int
) -> None:
    """Enter a problem that has lost its rows, with the first table that holds such rows."""
    if count:
        findings.add(rows.places[int(rows.place[0])], field, problem, count=count)
