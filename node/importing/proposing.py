"""What columns and values that are not HTCDS probably mean: proposals, for an operator to confirm.

A column is compared with every field that is read:

    by its heading   the names of `data/field-names.csv` in eight languages, whole, as words of it,
                     or nearly; the variable's label counts as a heading too
    by its cells     how many of the different ones are dates, countries, numbers, or values of
                     the field's picklist, also by the words of `data/value-names.csv`

Confidence is 0 to 100 and a help for the eye, no probability; the reasons stand beside it. Here
cells of many rows are looked at together, which an import must never do: whatever comes of it
holds only once somebody has said so, and then for every row alike.

Values are shown for picklists and countries only, as in the report.
"""

import csv
import difflib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from dataclasses import field as dataclass_field
from datetime import date
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any, Final

from corridor.node.importing.columns import (
    CASE_FIELDS,
    EVENT_FIELDS,
    HEADER_WITHIN,
    NAMES,
    REFERENCES,
    SERVICE_FIELDS,
    HeaderReader,
)
from corridor.node.importing.countries import CountryResolver, fold, is_unknown_word
from corridor.node.importing.dates import (
    DateEvidence,
    Order,
    evidence,
    languages_of,
    month_names,
)
from corridor.node.importing.files import RawTable
from corridor.node.importing.mapping import (
    COUNTRY_FIELDS,
    NONE,
    TableMapping,
    Target,
    takes_values,
)
from corridor.node.importing.report import Findings, Place, shortened
from corridor.node.importing.values import (
    PicklistReader,
    kind_of_date,
    read_yes,
    reader_of,
    text_of,
    words_of_date,
)
from corridor.queries.htcds import HtcdsField

SAMPLED_ROWS: Final = 5_000
SAMPLED_VALUES: Final = 300
"""Of one column, the most frequent ones."""

VALUES_PROPOSED: Final = 60
LIKELY: Final = 50
"""What is less likely is proposed as an alternative only."""

SURE: Final = 80
"""What `--yes` takes."""

_CONTACTS: Final = ("prs_Email", "prs_MobilePhone", "prs_MailingStreet", "prs_MailingCity")
_CANDIDATES: Final = tuple(
    dict.fromkeys((*CASE_FIELDS, *EVENT_FIELDS, *SERVICE_FIELDS, *NAMES, *REFERENCES, *_CONTACTS))
)
_DATA = Path(__file__).parent / "data"
_SMALL_WORDS: Final = frozenset(
    ("of", "the", "de", "du", "des", "la", "le", "les", "del", "el", "los", "no", "nr", "na", "al")
)
_NUMBER = re.compile(r"[\d.,\s/-]+")


@dataclass(frozen=True, slots=True)
class Guess:
    """One thing that a column or a value may mean, how sure that is, and why."""

    target: str
    confidence: int
    reason: str


@dataclass(frozen=True, slots=True)
class ValueProposal:
    """A value that the standard does not have, how often it was met, and what it may mean."""

    text: str
    count: int
    guess: Guess | None


@dataclass(frozen=True, slots=True)
class DateProposal:
    """What a column's dates leave open, and what is proposed of it.

    Attributes:
        evidence: what its cells prove.
        order: the order that they prove; None: only a person knows.
        languages: those whose names of months read all of them.
        reason: why.
    """

    evidence: DateEvidence
    order: Order | None
    languages: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class ColumnProposal:
    """A column that is not HTCDS.

    Attributes:
        heading: as it stands in the file.
        label: what else the file says of it.
        guesses: the most likely first; none where nothing fits.
        values: for each guessed field that has values, those of the column that it lacks.
        known: whether heading and mapping say already what the column is; then only values and
            the order of dates wait.
        dates: for each guessed field that holds dates, what they leave open.
        values_as: gives the values that a field lacks which nobody guessed.
    """

    heading: str
    label: str
    guesses: tuple[Guess, ...]
    values: Mapping[str, tuple[ValueProposal, ...]]
    known: bool = False
    dates: Mapping[str, DateProposal] = dataclass_field(default_factory=dict)
    values_as: Callable[[str], tuple[ValueProposal, ...]] | None = dataclass_field(
        default=None, repr=False, compare=False
    )

    def values_of(self, target: str) -> tuple[ValueProposal, ...]:
        """What the column's cells would leave open if it were this field, guessed or not."""
        if target in self.values or self.known or self.values_as is None:
            return self.values.get(target, ())
        return self.values_as(target)

    def to_json(self) -> dict[str, Any]:
        """The proposal as JSON values."""
        return {
            "heading": self.heading,
            "label": self.label,
            "known": self.known,
            "guesses": [asdict(guess) for guess in self.guesses],
            "values": {name: list(map(asdict, values)) for name, values in self.values.items()},
            "dates": {
                name: {
                    "asks": dates.evidence.asks,
                    "doubtful": dates.evidence.doubtful,
                    "day_first": dates.evidence.day_first,
                    "month_first": dates.evidence.month_first,
                    "order": dates.order,
                    "languages": list(dates.languages),
                    "reason": dates.reason,
                }
                for name, dates in self.dates.items()
            },
        }

    @property
    def best(self) -> Guess | None:
        """What is proposed, if anything is likely enough."""
        return self.guesses[0] if self.guesses and self.guesses[0].confidence >= LIKELY else None


@dataclass(frozen=True, slots=True)
class TableProposal:
    """A table's columns that nobody has mapped, and how many are HTCDS already."""

    place: Place
    understood: int
    columns: tuple[ColumnProposal, ...]

    def to_json(self) -> dict[str, Any]:
        """The proposal as JSON values."""
        return {
            "file": self.place.file,
            "sheet": self.place.sheet,
            "understood": self.understood,
            "columns": [column.to_json() for column in self.columns],
        }

    def accepted(self, least: int) -> TableMapping | None:
        """The mapping that takes every proposal of at least this confidence, or None for none."""
        columns, values, dates, months = {}, {}, {}, None
        for column in self.columns:
            best = column.best
            if best is None or (best.confidence < least and not column.known):
                continue
            if not column.known:
                columns[column.heading] = target_of(best.target)
            sure = {
                value.text: value.guess.target
                for value in column.values.get(best.target, ())
                if value.guess is not None and value.guess.confidence >= least
            }
            if sure:
                values[best.target] = sure
            asked = column.dates.get(best.target)
            if asked is not None and asked.order is not None:
                dates[best.target] = asked.order
            if asked is not None and asked.languages and months is None:
                months = asked.languages[0]
        if not columns and not values and not dates and months is None:
            return None
        return TableMapping(self.place.file, self.place.sheet, columns, values, dates, months)


class Proposer:
    """Compares the tables of files with the standard.

    Args:
        headers: knows the standard's names, and what is mapped already.
        resolver: finds countries.
        today: no date is later.
    """

    def __init__(self, headers: HeaderReader, resolver: CountryResolver, today: date) -> None:
        self._headers = headers
        self._resolver = resolver
        self._readers = {
            name: reader_of(headers.field(name), resolver, today)
            for name in _CANDIDATES
            if name not in (*NAMES, *REFERENCES, *_CONTACTS)
        }

    def propose(self, table: RawTable) -> TableProposal | None:
        """What the columns of a table may mean; None for a table without rows."""
        rows = [cells for _, cells in islice(table.rows, SAMPLED_ROWS)]
        at = self._heading_row(table, rows)
        if at is None:
            return None
        header = self._headers.find(
            table.place, rows[: HEADER_WITHIN + 1], Findings(), table.labels
        )
        taken: dict[int, str] = {}
        if header is not None:
            for name, source in header.columns.items():
                for index in (*source.indexes, *(n for n, _ in source.choices)):
                    taken[index] = name
        data = rows[at + 1 if header is None else header.data_from :]
        left_out = self._headers.left_out(table.place)
        columns = []
        for n, cell in enumerate(rows[at]):
            heading = " ".join(text_of(cell).split()) if isinstance(cell, str | int | float) else ""
            if not heading or self._headers.is_metadata(rows[at], heading):
                continue
            if heading in left_out:
                continue
            cells = Counter(_texts(row[n] if n < len(row) else None for row in data))
            label = table.labels[n] if n < len(table.labels) else ""
            if n in taken:
                column = self._known(heading, label, taken[n], cells, table.place)
            else:
                column = self._column(heading, label, cells, table.place)
            if column is not None:
                columns.append(column)
        understood = len(set(taken.values()))
        free = set(_CANDIDATES) - set(taken.values())
        return TableProposal(table.place, understood, self._each_field_once(columns, free))

    def _heading_row(self, table: RawTable, rows: Sequence[Sequence[object]]) -> int | None:
        at = self._headers.heading_row(table.place, rows[: HEADER_WITHIN + 1])
        if at is not None:
            return at
        for n, row in enumerate(rows[:HEADER_WITHIN]):
            texts = [cell for cell in row if isinstance(cell, str) and cell.strip()]
            if len(texts) >= 2 and not all(map(_NUMBER.fullmatch, texts)):
                return n
        return None

    # ------------------------------------------------------------ one column

    def _column(
        self, heading: str, label: str, cells: Counter[str], place: Place
    ) -> ColumnProposal:
        guesses = []
        for name in _CANDIDATES:
            by_name, why = _likeness(name, heading, label, self._headers.field(name))
            guess = self._guess(name, by_name, why, cells)
            if guess is not None:
                guesses.append(guess)
        guesses += self._choices(heading, label, cells)
        guesses.sort(key=lambda guess: -guess.confidence)
        kept = tuple(guesses[:5])
        values = {
            guess.target: self._values(guess.target, cells)
            for guess in kept
            if "/" not in guess.target and takes_values(self._headers.field(guess.target))
        }
        dates = {guess.target: self._dates(guess.target, cells, place) for guess in kept}
        return ColumnProposal(
            heading,
            label,
            kept,
            {k: v for k, v in values.items() if v},
            dates={k: v for k, v in dates.items() if v is not None},
            values_as=lambda target: self._values_as(target, cells),
        )

    def _values_as(self, target: str, cells: Counter[str]) -> tuple[ValueProposal, ...]:
        takes = target in self._readers and takes_values(self._headers.field(target))
        return self._values(target, cells) if takes else ()

    def _known(
        self, heading: str, label: str, name: str, cells: Counter[str], place: Place
    ) -> ColumnProposal | None:
        """A column whose field is known, and which holds values that the standard lacks."""
        dates = self._dates(name, cells, place)
        if dates is not None:
            return ColumnProposal(
                heading, label, (Guess(name, 100, "known"),), {}, known=True, dates={name: dates}
            )
        if not takes_values(self._headers.field(name)):
            return None
        said = self._headers.translated(place, name)
        values = tuple(value for value in self._values(name, cells) if fold(value.text) not in said)
        if not values:
            return None
        return ColumnProposal(
            heading, label, (Guess(name, 100, "known"),), {name: values}, known=True
        )

    def _guess(self, name: str, by_name: float, why: str, cells: Counter[str]) -> Guess | None:
        total = sum(cells.values())
        if name not in self._readers or not total:
            share, shown = None, ""
        else:
            fitting = sum(
                count for text, count in cells.most_common(SAMPLED_VALUES) if self._fits(name, text)
            )
            looked_at = sum(count for _, count in cells.most_common(SAMPLED_VALUES))
            share = fitting / looked_at
            if not share and self._is_ticked(name, cells):
                return None
            shown = f"{round(100 * share)} % of the values fit"
        if share is None:
            confidence = 0.9 * by_name
        elif by_name:
            confidence = by_name * (0.45 + 0.55 * share) if share >= 0.3 else 0.4 * by_name
        elif takes_values(self._headers.field(name)) and name not in COUNTRY_FIELDS:
            is_box = self._headers.field(name).type == "Checkbox"
            telling = len(cells) > 1 and share > 0.6 and not is_box
            confidence = 0.75 * share if telling else 0
        else:
            confidence = 0.3 * share if share > 0.9 else 0
        if confidence < 0.2:
            return None
        reason = "; ".join(filter(None, (why, shown)))
        return Guess(name, round(100 * confidence), reason)

    def _fits(self, name: str, text: str) -> bool:
        if ";" in text and self._headers.field(name).is_multiselect:
            return all(self._fits(name, part) for part in text.split(";") if part.strip())
        reading = self._readers[name](text)
        if reading.value is not None and reading.value != () and not _rejects(reading.problems):
            return True
        if self._headers.field(name).type == "Date" and languages_of(words_of_date(text)):
            return True
        return fold(text) in _value_names(name)

    def _choices(self, heading: str, label: str, cells: Counter[str]) -> list[Guess]:
        """Guesses that a column of yes and no ticks one value of a field of several values."""
        if not cells or any(read_yes(text).problems for text in cells):
            return []
        found = []
        for name in _CANDIDATES:
            about = self._headers.field(name)
            if not about.is_multiselect or not about.picklist:
                continue
            reader = PicklistReader(about)
            for text in filter(None, (heading, label)):
                value = reader.one(text).value or _value_names(name).get(fold(text))
                if value is not None and value != "Other":
                    found.append(Guess(f"{name}/{value}", 85, "named as the value; yes and no"))
                    break
        return found

    # ------------------------------------------------------------ dates

    def _dates(self, target: str, cells: Counter[str], place: Place) -> DateProposal | None:
        """What the dates of a column leave open; None for nothing, and for what holds no dates."""
        if "/" in target or self._headers.field(target).type != "Date":
            return None
        said = self._headers.said_of_dates(place, target)
        kinds: Counter[str] = Counter()
        words: set[str] = set()
        for text, count in cells.items():
            kind = kind_of_date(text)
            if kind is not None:
                kinds[kind] += count
            words.update(word for word in words_of_date(text) if word not in month_names())
        proof = evidence(kinds, words)
        languages = languages_of(words) if said.months is None else ()
        asks = proof.asks and said.order is None
        if not asks and not languages:
            return None
        order = proof.proven if asks else None
        return DateProposal(proof, order, languages, _why_of_dates(proof, asks, languages))

    # ------------------------------------------------------------ values

    def _is_ticked(self, name: str, cells: Counter[str]) -> bool:
        """Whether the cells are yes and no, which are no values of the field's picklist."""
        about = self._headers.field(name)
        return bool(about.picklist) and not any(read_yes(text).problems for text in cells)

    def _values(self, name: str, cells: Counter[str]) -> tuple[ValueProposal, ...]:
        about = self._headers.field(name)
        if self._is_ticked(name, cells) and not any(self._is_read(name, one) for one in cells):
            return ()
        found: Counter[str] = Counter()
        for text, count in cells.items():
            parts = re.split(r"[;\n\r]+", text) if about.is_multiselect else [text]
            for part in filter(None, (part.strip() for part in parts)):
                if not self._is_read(name, part):
                    found[part] += count
        return tuple(
            ValueProposal(shortened(text), count, self._value(name, about, text))
            for text, count in found.most_common(VALUES_PROPOSED)
            if len(text) <= 60
        )

    def _is_read(self, name: str, text: str) -> bool:
        reading = self._readers[name](text)
        return is_unknown_word(text) or not _rejects(reading.problems)

    def _value(self, name: str, about: HtcdsField, text: str) -> Guess | None:
        if name in COUNTRY_FIELDS:
            code = self._resolver.suggestion(text)
            return None if code is None else Guess(code, 70, "nearly the country's name")
        word = _value_names(name).get(fold(text))
        if word is not None:
            return Guess(word, 90, "a word for it")
        if about.picklist:
            near = PicklistReader(about).suggestion(text)
            if near is not None:
                return Guess(near, 65, "written nearly so")
            names = _value_names(name)
            close = difflib.get_close_matches(fold(text), names, n=1, cutoff=0.8)
            return Guess(names[close[0]], 60, "nearly a word for it") if close else None
        return None

    # ------------------------------------------------------------ together

    def _each_field_once(
        self, columns: Sequence[ColumnProposal], free: set[str]
    ) -> tuple[ColumnProposal, ...]:
        """The columns, each field being the best guess of the likeliest of them alone."""
        free = set(free)
        order = sorted(
            range(len(columns)),
            key=lambda n: -max((g.confidence for g in columns[n].guesses), default=0),
        )
        settled: dict[int, ColumnProposal] = {}
        for n in order:
            column = columns[n]
            if column.known:
                settled[n] = column
                continue
            kept = tuple(
                guess for guess in column.guesses if "/" in guess.target or guess.target in free
            )
            settled[n] = replace(column, guesses=kept)
            if kept and kept[0].confidence >= LIKELY:
                free.discard(kept[0].target)
        return tuple(settled[n] for n in range(len(columns)))


def target_of(text: str) -> Target:
    """The target that a text such as `vic_MethodsOfControl/DebtBondage`, or `-`, means."""
    if text == NONE:
        return Target(None)
    name, _, choice = text.partition("/")
    return Target(name, choice or None)


def _rejects(problems: Iterable[tuple[str, str]]) -> bool:
    return any(
        problem not in ("picklist.space_list", "country.comma_list", "country.from_address")
        and not problem.startswith(("date.month_first", "date.day_first", "number.with_words"))
        for problem, _ in problems
    )


def _why_of_dates(proof: DateEvidence, asks: bool, languages: Sequence[str]) -> str:
    said = []
    if asks:
        told = (
            f"{proof.day_first} cells can only be day first, {proof.month_first} only month first"
        )
        said.append(f"{told}; {proof.doubtful} can be both")
    if languages:
        said.append(f"names of months in {', '.join(languages)}")
    return "; ".join(said)


def _texts(cells: Iterable[object]) -> Iterator[str]:
    for cell in cells:
        if cell is None or isinstance(cell, bytes):
            continue
        text = text_of(cell).strip() if isinstance(cell, str | int | float | date) else str(cell)
        if text:
            yield text


def _likeness(name: str, heading: str, label: str, about: HtcdsField) -> tuple[float, str]:
    """How much a heading is one of a field's names, from 0 to 1; and what was alike."""
    best, why = 0.0, ""
    for text in filter(None, (heading, label)):
        words = fold(re.sub(r"[_/.:-]+", " ", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text)))
        for known in (*_field_names().get(name, ()), fold(about.label)):
            score = _alike(words, known)
            if score > best:
                best, why = (
                    score,
                    f"“{text}” is " + ("" if score == 1 else "nearly ") + f"“{known}”",
                )
    return best, why


def _alike(words: str, known: str) -> float:
    if not words or not known:
        return 0
    if words == known:
        return 1
    parts, wanted = _telling(words), _telling(known)
    if parts == wanted and wanted:
        return 0.98
    if wanted and len(known) >= 3 and set(wanted) <= set(parts):
        # "pays d'exploitation de la victime" holds "pays d exploitation", and means that.
        return max(0.6, 0.95 - 0.08 * (len(parts) - len(wanted)))
    ratio = difflib.SequenceMatcher(None, words, known).ratio()
    return 0.85 * ratio if ratio >= 0.8 else 0


def _telling(text: str) -> list[str]:
    """The words of a heading without those that say nothing."""
    return [word for word in text.split() if len(word) > 1 and word not in _SMALL_WORDS]


@cache
def _field_names() -> Mapping[str, tuple[str, ...]]:
    """Field → folded headings."""
    names: dict[str, list[str]] = {}
    with (_DATA / "field-names.csv").open(encoding="utf-8", newline="") as lines:
        for name, texts in csv.reader(lines):
            names.setdefault(name, []).extend(filter(None, map(fold, texts.split(";"))))
    return {name: tuple(texts) for name, texts in names.items()}


@cache
def _value_names(name: str) -> Mapping[str, str]:
    """Folded word → value of a field's picklist."""
    names: dict[str, str] = {}
    with (_DATA / "value-names.csv").open(encoding="utf-8", newline="") as lines:
        for field, value, texts in csv.reader(lines):
            if field == name:
                names |= {folded: value for text in texts.split(";") if (folded := fold(text))}
    return names
