"""Decides about questions: reads them, forecasts them, puts them in line, tells where they are.

A question comes as SQL, as an indicator with parameters, or in canonical form; either with an
accuracy (the ρ that it needs is computed) or with a ρ. All of that happens under the charter in
force and for the members that are connected now, and touches no data. A forecast needs neither: it
supposes an accuracy where none is named, and everybody's presence where too few are there, and
says so. What spends supposes nothing.

    ask → the release that exists already, free
        → the same question that stands in line, waits for people or runs already
        → a new place in the queue

A question of scope per-country asks each willing country for its own figure. The region's figure
of the same question is another one, with its own attempt and debit; its forecast stands beside.

A release "exists already" if nobody's newer data and nobody else could be in a new one: each
participant's edition is the latest that is known, and every member that is ready now took part.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from fractions import Fraction
from math import ceil
from typing import Any

from sqlalchemy import RowMapping, Select, select, text

from corridor.coordinator.attempts import Progress, State, put_in_line, read_failure
from corridor.coordinator.charter_desk import CharterDesk
from corridor.coordinator.compiled import Compiler
from corridor.coordinator.known_sizes import KnownSizes
from corridor.coordinator.moments import iso
from corridor.coordinator.pages import ALL_AT_ONCE, Page
from corridor.coordinator.presence import Presence, PresenceRecord
from corridor.coordinator.recent_answers import RecentAnswers
from corridor.coordinator.repeats import Repeatable, earlier, remember
from corridor.coordinator.seeing import Reader, reader_with, without_codes
from corridor.coordinator.series_desk import SeriesDesk
from corridor.coordinator.store import Store, questions
from corridor.coordinator.titles import TitleOf
from corridor.coordinator.tokens import TokenHolder
from corridor.coordinator.waiting import LONGEST_HOURS, USUAL_HOURS, WaitingRecord, give_time
from corridor.errors.canonical import NotCanonicalError
from corridor.errors.questions import (
    AccuracyTooDearError,
    NoAccuracyError,
    NoSeriesError,
    UnsupportedAccuracyError,
)
from corridor.errors.region import (
    MalformedRequestError,
    QuestionCancelledError,
    QueueFullError,
    TooFewConnectedError,
    TooManyFiguresError,
    UnknownQuestionError,
)
from corridor.ids import CountryCode, Digest
from corridor.privacy.conversion import epsilon
from corridor.privacy.rho import Rho
from corridor.protocols import canonical
from corridor.protocols.charter import CELLS_CEILING, Charter
from corridor.protocols.secure_sum.messages import AttemptParameters, Scope
from corridor.protocols.suite import RandomBytes
from corridor.queries.accuracy import (
    Accuracy,
    accuracy_for,
    parse_accuracy,
    parse_rho,
    rho_for_accuracy,
)
from corridor.queries.domains import Domains
from corridor.queries.forecast import Forecast, blank_tables, forecast, how_to_hold_more
from corridor.queries.parameters import check_rho, fewest_nodes
from corridor.queries.plan import Plan
from corridor.queries.question import Question, Turn, parse_question
from corridor.queries.sql import Asked
from corridor.queries.standing import as_series, due, first_turn, named
from corridor.queries.views import View, view_to_json

DEFAULT_ACCURACY = "±20"
"""What a forecast supposes where neither accuracy nor ρ is given; nothing is asked at it."""

MOST_FIGURES = CELLS_CEILING
"""In all countries' figures of one question together; its receipt holds every one of them."""

CANCELLED = "cancelled"
"""Shown as the state of a question that its asker took back; kept as one that failed."""

LONGEST_PURPOSE = 300
LONGEST_SQL = 20_000

Shown = dict[str, Any]
"""An object of the REST API."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskRequest:
    """What an analyst asks, as it came in; nothing is checked but its types.

    Attributes:
        approval_hours: how long it waits for people of a member to approve it, before it goes on
            without that member; the usual time where None.
    """

    sql: str | None = None
    indicator: str | None = None
    parameters: Mapping[str, Any]
    question: Mapping[str, Any] | None = None
    accuracy: str | None = None
    rho: str | None = None
    scope: str = "regional"
    purpose: str = ""
    series: "SeriesRequest | None" = None
    approval_hours: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesRequest:
    """How often and how long a question is to be answered, as it came in.

    Attributes:
        start: the first month, as 2027-01; the next one where None.
    """

    every: str
    periods: int
    start: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Priced:
    """A question with its plan and price, under one charter and for those who are ready.

    Attributes:
        too_few: why it cannot be asked now, where too few are ready; then the price is for
            everybody, as far as it is known what they have left.
    """

    charter: Charter
    domains: Domains
    question: Question
    views: tuple[View, ...]
    plan: Plan
    scope: Scope
    rho: Rho
    ready: Mapping[CountryCode, Presence]
    known: Mapping[CountryCode, Presence]
    too_few: TooFewConnectedError | None

    @property
    def counted(self) -> int:
        """How many nodes the price is for."""
        return len(self.ready) if self.too_few is None else len(self.charter.signing_keys)

    @property
    def affordable(self) -> Fraction:
        """The ρ that a question may cost, by what as many nodes as are needed said last."""
        return _affordable(self.charter, self.scope, self.ready, self.known, self.too_few)


@dataclass(frozen=True, slots=True)
class Foreseen:
    """A forecast, and what it was computed from.

    Attributes:
        shown: the forecast as the API shows it.
        parameters: of the attempt, if all who are expected take part.
    """

    shown: Shown
    plan: Plan
    domains: Domains
    parameters: AttemptParameters

    def blank_tables(self) -> list[dict[str, object]]:
        """The tables of the answer to come, with its margins and nothing counted."""
        return blank_tables(self.plan, self.domains, self.parameters)


@dataclass(frozen=True, slots=True)
class Prices:
    """What a question would cost at several accuracies.

    Attributes:
        prices: by accuracy ρ; None where the charter's ceiling does not pay for it.
        least_left: what the member that is ready and has the least has left; None without any.
    """

    prices: Mapping[str, Fraction | None]
    least_left: Fraction | None


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionDesk:
    """Forecasts, takes and shows questions.

    Attributes:
        held_out: members that no attempt asks, since one proved that they lied.
        known_sizes: what earlier answers tell of a table.
        title_of: a question in plain words, under the charter that it was asked under.
        wake: tells the rounds that a question waits; any thread may call it.
        taken_back: hears of a question that was.
        now: seconds since 1970 UTC.
        recent: what the same requests were told, which were answered already.
    """

    store: Store
    charters: CharterDesk
    presence: PresenceRecord
    held_out: Callable[[], frozenset[CountryCode]]
    compiler: Compiler
    known_sizes: KnownSizes
    title_of: TitleOf
    progress: Progress
    waiting: WaitingRecord
    series: SeriesDesk
    queue_limit: int
    wake: Callable[[], None]
    taken_back: Callable[[str], None]
    random_bytes: RandomBytes
    now: Callable[[], int]
    recent: RecentAnswers

    def domains(self) -> Domains:
        """What can be asked about under the charter in force.

        Raises:
            NoCharterError: there is none yet.
        """
        return self.compiler.domains(self.charters.in_force())

    def read(self, request: AskRequest) -> Asked:
        """The question that is asked, whether or not it can be afforded. Spends nothing.

        Raises:
            CorridorError: it cannot be read, and why.
        """
        return self._read(request, self.charters.in_force())

    def forecast(self, request: AskRequest) -> Shown:
        """What the question would cost and how exact it would be. Spends nothing.

        Raises:
            CorridorError: it could not be asked, and why.
        """
        return self.foresee(request).shown

    def foresee(self, request: AskRequest) -> "Foreseen":
        """The forecast, with what margins of sums of cells are computed from. Spends nothing.

        Raises:
            CorridorError: it could not be asked, and why.
        """
        priced = self._price(request, supposing=True)
        coming = forecast(
            priced.plan,
            priced.domains,
            priced.charter,
            priced.rho,
            priced.counted,
            scope=priced.scope,
        )
        existing = self._existing(priced)
        too_dear = None if existing is not None else _too_dear(request, priced)
        tables, sentences = self._with_known(priced, coming)
        shown = {
            **coming.to_json(),
            "tables": tables,
            "sentences": sentences,
            "accuracy": None if request.rho is not None else str(_accuracy(request)),
            "accuracy_supposed": _is_unpriced(request),
            "too_few": None if priced.too_few is None else str(priced.too_few),
            "too_dear": None if too_dear is None else str(too_dear),
            "views": [view_to_json(view) for view in priced.views],
            "question_digest": priced.question.digest.hex(),
            "question": canonical.decode(priced.question.encode(), "question"),
            "scope": request.scope,
            "charter": {
                "version": priced.charter.version,
                "digest": priced.charter.digest.hex(),
            },
            "free_release": existing,
            "would_take_part": sorted(priced.ready),
            "would_miss": sorted(set(priced.charter.signing_keys) - set(priced.ready)),
            "allowances": [_show_allowance(one, priced.rho) for one in priced.ready.values()],
            "beside": self._beside(priced),
            "series": _show_series(priced.question.turn, priced.rho),
        }
        return Foreseen(shown, priced.plan, priced.domains, coming.parameters)

    def prices(self, request: AskRequest, accuracies: Sequence[str]) -> "Prices":
        """What the same question would cost at these accuracies. Spends nothing.

        Of a question whose accuracy is of another kind, as of a mean, there are none.

        Raises:
            CorridorError: it could not be asked at any price, and why.
        """
        found: dict[str, Fraction | None] = {}
        least = None
        for accuracy in accuracies:
            try:
                priced = self._price(replace(request, accuracy=accuracy, rho=None), supposing=True)
            except AccuracyTooDearError:
                found[accuracy] = None
            except UnsupportedAccuracyError:
                break
            else:
                found[accuracy] = priced.rho.value
                least = min((_left(one) for one in priced.ready.values()), default=None)
        return Prices(found, least)

    def ask(
        self, request: AskRequest, holder: TokenHolder, repeatable: Repeatable | None = None
    ) -> Shown:
        """The question's place: released already, waiting already, or put in line now.

        Of a series, how far it is: it begins now, or has begun already.

        Args:
            request: what is asked.
            holder: who asks.
            repeatable: the key, if any, under which the same request may come again and leads to
                the same question. A series needs none: its question names it.

        Raises:
            CorridorError: it cannot be asked, and why. Nothing was spent.
        """
        if repeatable is not None:
            with self.store.reading() as connection:
                asked_before = earlier(connection, holder, repeatable)
            if asked_before is not None:
                return self.show(asked_before, reader_with(holder))
        state, the_same = self.store.state(), (holder, repr(request))
        if repeatable is None and (told := self.recent.find(state, the_same)) is not None:
            return dict(told)
        hours = _approval_hours(request)
        priced = self._price_named(request)
        existing = self._existing(priced)
        if existing is None and (too_dear := _too_dear(request, priced)) is not None:
            raise too_dear
        if priced.question.turn is not None:
            return self.series.begin(priced.question, priced.rho, request.purpose, holder)
        values = {
            "question": priced.question.encode(),
            "digest": priced.question.digest,
            "rho": canonical.fraction_text(priced.rho.value),
            "scope": priced.scope.value,
            "charter": priced.charter.digest,
            "purpose": request.purpose,
            "organisation": holder.organisation,
            "asked_by": holder.name,
            "state": State.QUEUED if existing is None else State.RELEASED,
            "release": existing,
        }
        known = None
        if repeatable is None and existing is not None:
            known = self._answered_already(values)
        if known is None:
            taken = self._take(values, priced, holder, repeatable, hours)
            known = self.show(taken, reader_with(holder))
            self.wake()
            return self._told(known, priced)
        told = self._told(known, priced)
        self.recent.keep(state, the_same, told)
        return told

    @staticmethod
    def _told(question: Shown, priced: Priced) -> Shown:
        return {**question, "views": [view_to_json(view) for view in priced.views]}

    def _take(
        self,
        values: Mapping[str, Any],
        priced: Priced,
        holder: TokenHolder,
        repeatable: Repeatable | None,
        hours: int,
    ) -> str:
        """The id of the question: put in line now, there already, or answered meanwhile.

        Raises:
            QueueFullError: too many wait. Nothing was changed.
        """
        identifier, existing = self.random_bytes(8).hex(), values["release"]
        with self.store.writing() as connection:
            if existing is None:
                # An attempt that was under way when somebody looked can have ended since: its
                # question is in line no more, and asked anew its release would be paid for twice.
                found_now = connection.execute(_RELEASES, _key(priced)).mappings()
                existing = _current([dict(one) for one in found_now], priced)
                if existing is not None:
                    values = {**values, "state": State.RELEASED, "release": existing}
            if repeatable is not None:
                asked_before = earlier(connection, holder, repeatable)
                if asked_before is not None:
                    return asked_before
            in_line = select(questions.c.id).where(
                questions.c.state.in_([State.QUEUED, State.RUNNING])
            )
            for_people = select(questions.c.id).where(questions.c.state == State.WAITING)
            same = select(questions.c.id).where(
                questions.c.state.in_([State.QUEUED, State.RUNNING, State.WAITING]),
                *(questions.c[key] == values[key] for key in ("digest", "rho", "scope", "charter")),
            )
            if existing is None and (found := connection.execute(same).scalar()) is not None:
                identifier = str(found)
            else:
                # Those that wait for days take no place from those that can be answered.
                for many in (in_line, for_people):
                    if existing is None and len(connection.execute(many).all()) >= self.queue_limit:
                        raise QueueFullError(self.queue_limit)
                put_in_line(connection, identifier, self.now(), **values)
                if existing is None:
                    give_time(connection, identifier, self.now(), hours)
            if repeatable is not None:
                remember(connection, holder, repeatable, identifier, self.now())
        return identifier

    def cancel(self, identifier: str, holder: TokenHolder, *, of_anybody: bool = False) -> Shown:
        """Take back a question of one's own, or `of_anybody`, that waits; nothing was spent on it.

        Raises:
            UnknownQuestionError, QuestionOfOthersError, CannotCancelError: nothing was changed.
        """
        self.waiting.cancel(identifier, holder, of_anybody=of_anybody)
        self.taken_back(identifier)
        return self.show(identifier)

    def show(self, identifier: str, reader: Reader | None = None) -> Shown:
        """Where a question stands, as far as `reader` sees it; None sees all.

        Raises:
            UnknownQuestionError: none has this id.
        """
        found = self._rows(select(questions).where(questions.c.id == identifier))
        if not found:
            raise UnknownQuestionError
        return self._show(found[0], reader)

    def whose(self, identifier: str) -> tuple[str, str]:
        """Who asked a question: organisation and name, as `coordinator.seeing` takes them.

        Raises:
            UnknownQuestionError: none has this id.
        """
        who = select(questions.c.organisation, questions.c.asked_by)
        found = self._rows(who.where(questions.c.id == identifier))
        if not found:
            raise UnknownQuestionError
        return found[0]["organisation"], found[0]["asked_by"]

    def listing(
        self,
        page: Page = ALL_AT_ONCE,
        *,
        asked_by: TokenHolder | None = None,
        reader: Reader | None = None,
    ) -> list[Shown]:
        """Questions, newest first, as far as `reader` sees them; of everybody, or of one asker.

        Raises:
            UnknownQuestionError: the page begins after one that there is not.
        """
        newest = select(questions).order_by(questions.c.place.desc()).limit(page.limit)
        if asked_by is not None:
            newest = newest.where(
                questions.c.asked_by == asked_by.name,
                questions.c.organisation == asked_by.organisation,
            )
        if page.after is not None:
            place = select(questions.c.place).where(questions.c.id == page.after)
            found = self._rows(place)
            if not found:
                raise UnknownQuestionError
            newest = newest.where(questions.c.place < found[0]["place"])
        return [self._show(row, reader) for row in self._rows(newest)]

    # ------------------------------------------------------------ reading and pricing

    def _price_named(self, request: AskRequest) -> Priced:
        """The price of a question that says itself what it may cost.

        Raises:
            NoAccuracyError: it does not.
            CorridorError: it cannot be asked, and why. Nothing was spent.
        """
        if _is_unpriced(request):
            raise self._no_accuracy(request)
        return self._price(request)

    def _no_accuracy(self, request: AskRequest) -> NoAccuracyError:
        """What a question that names no price is told: what the usual one would have been.

        Raises:
            CorridorError: it could not be asked at any price, and why.
        """
        supposed = str(_accuracy(request))
        try:
            priced = self._price(request, supposing=True)
        except AccuracyTooDearError:
            return NoAccuracyError(supposed, None, None)
        least = min((_left(one) for one in priced.ready.values()), default=Fraction(0))
        part = ceil(100 * priced.rho.value / least) if least > 0 else None
        return NoAccuracyError(supposed, str(priced.rho.value), part)

    def _price(self, request: AskRequest, *, supposing: bool = False) -> Priced:
        """The question with its price.

        `supposing` that everybody were there, where too few are.

        Raises:
            CorridorError: it cannot be asked, and why. Nothing was spent.
        """
        if request.scope not in set(Scope):
            raise MalformedRequestError(
                f"scope {request.scope[:40]!r} is none of regional and per-country; "
                "nothing was spent"
            )
        scope = Scope(request.scope)
        if len(request.purpose) > LONGEST_PURPOSE or not (request.purpose + "x").isprintable():
            raise MalformedRequestError(
                f"the purpose must be a printable text of at most {LONGEST_PURPOSE} characters; "
                "nothing was spent"
            )
        charter = self.charters.in_force()
        asked = self._read(request, charter)
        if request.series is not None:
            asked = replace(asked, question=self._as_series(asked, request.series, scope))
        elif asked.question.turn is not None:
            raise NoSeriesError("a release of a series is not asked by itself", "ask for a series")
        plan = self.compiler.plan(asked.question, charter)
        known, held_out = self.presence.listing(), self.held_out() & set(charter.signing_keys)
        ready = {
            country: known[country]
            for country in charter.signing_keys
            if country not in held_out
            and country in known
            and known[country].is_ready(charter.digest)
        }
        fewest, too_few, many = fewest_nodes(charter, scope), None, len(ready)
        if many < fewest:
            absent = set(charter.signing_keys) - set(ready)
            too_few = TooFewConnectedError(ready, absent, fewest, held_out)
            if not supposing:
                raise too_few
            many = len(charter.signing_keys)
        if scope is Scope.PER_COUNTRY and many * plan.entries > MOST_FIGURES:
            raise TooManyFiguresError(many, plan.entries, MOST_FIGURES)
        most = _affordable(charter, scope, ready, known, too_few)
        return Priced(
            charter=charter,
            domains=self.compiler.domains(charter),
            question=asked.question,
            views=asked.views,
            plan=plan,
            scope=scope,
            rho=_rho(request, plan, charter, many, scope, affordable=most),
            ready=ready,
            known=known,
            too_few=too_few,
        )

    def _as_series(self, asked: Asked, terms: SeriesRequest, scope: Scope) -> Question:
        if scope is not Scope.REGIONAL:
            raise NoSeriesError("figures of single countries are no series", "ask for the region")
        today = datetime.fromtimestamp(self.now(), UTC).date()
        return as_series(asked.question, first_turn(terms.every, terms.start, terms.periods, today))

    def _read(self, request: AskRequest, charter: Charter) -> Asked:
        given = [
            face for face in ("sql", "indicator", "question") if getattr(request, face) is not None
        ]
        match given:
            case ["sql"]:
                return self._read_sql(request.sql or "", charter)
            case ["indicator"]:
                return self.compiler.indicator(request.indicator or "", request.parameters, charter)
            case ["question"]:
                return Asked(_read_canonical(request.question or {}), ())
            case _:
                raise MalformedRequestError(
                    "a request holds exactly one of sql, indicator and question; nothing was spent"
                )

    def _read_sql(self, text: str, charter: Charter) -> Asked:
        if len(text) > LONGEST_SQL:
            raise MalformedRequestError(
                f"the SQL is longer than {LONGEST_SQL} characters; nothing was spent"
            )
        return self.compiler.sql(text, charter)

    def _with_known(self, priced: Priced, coming: Forecast) -> tuple[list[Shown], list[str]]:
        """The tables, each with what earlier answers tell of it, and what to know before asking."""
        known = self.known_sizes.of(priced.question, priced.scope)
        tables, sentences = [], []
        for number, table in enumerate(coming.tables):
            one = known[number] if number < len(known) else None
            margin, sentence = float(table.usual_margin), None
            if one is not None and one.would_stand(margin) == 0:
                advice = how_to_hold_more(priced.plan.tables[number])
                sentence = (
                    f"{table.title}: in the newest answer with this table under these conditions "
                    f"(release {one.release}) no cell held enough for a figure at ±{margin:g}. "
                    f"Before you spend, {advice}, or take a larger ρ."
                )
                sentences.append(sentence)
            shown = None if one is None else one.to_json(margin)
            tables.append({**table.to_json(), "known": shown, "sentence": sentence})
        return tables, sentences

    # ------------------------------------------------------------ releases that exist

    def _beside(self, priced: Priced) -> Shown | None:
        """What the region's own figure would cost beside those of single countries.

        It is another attempt, which is debited as well. None for the region's figure itself, and
        where too few members are connected for it.
        """
        if priced.scope is Scope.REGIONAL:
            return None
        many = len(priced.ready)
        if many < priced.charter.min_participants:
            return None
        coming = forecast(priced.plan, priced.domains, priced.charter, priced.rho, many)
        together = Rho(2 * priced.rho.value)
        return {
            "scope": Scope.REGIONAL.value,
            "free_release": self._existing(priced, Scope.REGIONAL),
            "rho": str(priced.rho.value),
            "margins": [float(table.margin) for table in coming.tables],
            "rho_together": str(together.value),
            "epsilon_together": epsilon(together, priced.charter.delta),
            "rho_regional_together": str(
                coming.rho_regional.value + priced.charter.nodes_per_person * priced.rho.value
            ),
        }

    def _existing(self, priced: Priced, scope: Scope | None = None) -> str | None:
        """The release of this question at this ρ, in its own scope if none is named."""
        return _current(self.store.look_up_all(_RELEASES.text, **_key(priced, scope)), priced)

    def _answered_already(self, values: Mapping[str, Any]) -> Shown | None:
        """The same question of the same person, answered by the same release, if there is one.

        Who looks again at what is there adds nothing to the list of questions.
        """
        found = self.store.look_up_all(_SAME_QUESTION, **values)
        return self._show(found[0]) if found else None

    # ------------------------------------------------------------ showing

    def _rows(self, wanted: Select[Any]) -> list[RowMapping]:
        with self.store.reading() as connection:
            return list(connection.execute(wanted).mappings().all())

    def _show(self, row: Mapping[Any, Any], reader: Reader | None = None) -> Shown:
        who = row["organisation"], row["asked_by"]
        sees_asker = reader is None or reader.sees_asker_of(*who)
        sees_codes = reader is None or reader.sees_codes_of(*who)
        shown: Shown = {
            "id": row["id"],
            "state": row["state"],
            "title": self.title_of(Digest(row["charter"]), row["question"]),
            "question_digest": row["digest"].hex(),
            "question": canonical.decode(row["question"], "question"),
            "rho": row["rho"],
            "scope": row["scope"],
            "purpose": row["purpose"] if sees_asker else "",
            "asked_by": row["asked_by"],
            "asked_at": iso(row["asked"]),
            "since": iso(row["since"]),
            "round": None,
            "waiting_for": [],
            "answered": [],
            "failure": None,
            "taken_back_by": None,
            "release_id": row["release"],
            "again_at": None,
            "waits_until": None,
            "goes_on_without": None,
        }
        if row["state"] == State.WAITING:
            wait = self.waiting.of(row["id"])
            shown["waiting_for"] = sorted(wait.countries)
            shown["again_at"] = None if wait.again is None else iso(wait.again)
            shown["waits_until"] = iso(wait.until)
            shown["goes_on_without"] = self._goes_on_without(row, wait.countries)
        if row["failure"] is not None:
            failure = read_failure(row["failure"])
            by = failure.pop("by", None)
            shown["failure"] = failure if sees_codes else without_codes(failure)
            if failure["code"] == QuestionCancelledError.code:
                shown["state"] = CANCELLED
                shown["taken_back_by"] = by if sees_asker or sees_codes else None
        progress = self.progress.of(row["id"])
        if row["state"] == State.RUNNING and progress is not None:
            shown["round"] = progress.round
            shown["since"] = iso(progress.since)
            shown["waiting_for"] = list(progress.waiting_for)
            shown["answered"] = list(progress.answered)
        return shown

    def _goes_on_without(self, row: Mapping[Any, Any], countries: Collection[CountryCode]) -> bool:
        """Whether enough members are left without these, when their time is over."""
        charter = self.charters.find(Digest(row["charter"])).charter
        needed = self.series.members(parse_question(row["question"]))
        if needed is not None and needed & set(countries):
            return False
        others = set(charter.signing_keys) - set(countries) - self.held_out()
        return len(others) >= fewest_nodes(charter, Scope(row["scope"]))


_SAME_QUESTION = (
    "SELECT * FROM questions WHERE question = :question AND digest = :digest AND rho = :rho "
    "AND scope = :scope AND charter = :charter AND purpose = :purpose AND state = :state "
    "AND organisation = :organisation AND asked_by = :asked_by AND release = :release LIMIT 1"
)


def _rho(
    request: AskRequest,
    plan: Plan,
    charter: Charter,
    nodes: int,
    scope: Scope,
    *,
    affordable: Fraction,
) -> Rho:
    if request.rho is None:
        return rho_for_accuracy(
            plan,
            charter,
            _accuracy(request),
            nodes,
            scope=scope,
            affordable=affordable,
        )
    if request.accuracy is not None:
        raise MalformedRequestError(
            "a request names an accuracy or a ρ, not both; nothing was spent"
        )
    rho = parse_rho(request.rho)
    check_rho(charter, rho)
    return rho


def _approval_hours(request: AskRequest) -> int:
    hours = USUAL_HOURS if request.approval_hours is None else request.approval_hours
    if not 0 <= hours <= LONGEST_HOURS:
        raise MalformedRequestError(
            f"a question waits for people's approval for 0 to {LONGEST_HOURS} hours, not "
            f"{hours}; nothing was spent"
        )
    return hours


def _is_unpriced(request: AskRequest) -> bool:
    """Whether nothing says how exact the answer shall be, or what it may cost."""
    return request.accuracy is None and request.rho is None


def _accuracy(request: AskRequest) -> Accuracy:
    return parse_accuracy(request.accuracy or DEFAULT_ACCURACY)


def _show_series(turn: Turn | None, rho: Rho) -> Shown | None:
    """When a series is answered, and what one more attempt at a release would cost."""
    if turn is None:
        return None
    return {
        "every": turn.every.value,
        "periods": turn.periods,
        "first": named(turn, 1),
        "last": named(turn, turn.periods),
        "first_due": due(turn).isoformat(),
        "repeat_rho": canonical.fraction_text(rho.value * turn.series.price_of_repeat),
    }


def _too_dear(request: AskRequest, priced: Priced) -> AccuracyTooDearError | None:
    """Why no quorum of nodes can pay for an accuracy, by what they said last; else None.

    A ρ that somebody names is asked for as it stands: each node decides for itself.
    """
    needed = fewest_nodes(priced.charter, priced.scope)
    most = priced.affordable
    if request.rho is not None or priced.rho.value <= most:
        return None
    return AccuracyTooDearError(
        asked=str(_accuracy(request)),
        rho=str(priced.rho.value),
        limit=f"{most}, which is all that {needed} authorities have left",
        instead=accuracy_for(
            priced.plan,
            priced.charter,
            _accuracy(request),
            Rho(max(most, Fraction(0))),
            priced.counted,
            scope=priced.scope,
        ),
    )


def _affordable(
    charter: Charter,
    scope: Scope,
    ready: Mapping[CountryCode, Presence],
    known: Mapping[CountryCode, Presence],
    too_few: TooFewConnectedError | None,
) -> Fraction:
    """The ρ that as many nodes as are needed have left, by what they said last.

    Where too few are there, by what all said when they were; one that never did has enough.
    """
    if too_few is None:
        left = [_left(one) for one in ready.values()]
    else:
        most = charter.ceilings.rho_per_question
        left = [_left(known[one]) if one in known else most for one in charter.signing_keys]
    return sorted(left, reverse=True)[fewest_nodes(charter, scope) - 1]


def _read_canonical(question: Mapping[str, Any]) -> Question:
    try:
        raw = canonical.encode(question)
    except (TypeError, ValueError, RecursionError) as error:
        raise NotCanonicalError("question: holds a value that no question has") from error
    return parse_question(raw)


_RELEASES = text(
    "SELECT id, participants FROM releases "
    "WHERE digest = :digest AND rho = :rho AND scope = :scope ORDER BY place DESC"
)


def _key(priced: Priced, scope: Scope | None = None) -> dict[str, str | bytes]:
    """By which a question's releases are found."""
    return {
        "digest": priced.question.digest,
        "rho": canonical.fraction_text(priced.rho.value),
        "scope": (priced.scope if scope is None else scope).value,
    }


def _current(its_releases: Iterable[Mapping[str, Any]], priced: Priced) -> str | None:
    """The newest of a question's releases that all who are there now would only repeat."""
    for row in its_releases:
        participants = canonical.decode(row["participants"], "participants")
        if isinstance(participants, Mapping) and _is_current(participants, priced):
            return str(row["id"])
    return None


def _is_current(participants: Mapping[str, Any], priced: Priced) -> bool:
    known = {str(country): one.edition for country, one in priced.known.items()}
    everybody = {str(country) for country in priced.ready} <= set(participants)
    return everybody and all(
        known.get(country, edition) == edition for country, edition in participants.items()
    )


def _show_allowance(presence: Presence, rho: Rho) -> Shown:
    return {
        "country": presence.country,
        "edition": presence.edition,
        "consent_rule": presence.consent_rule,
        "spent": str(presence.spent),
        "remaining_year": str(presence.left_this_year),
        "remaining_all_time": str(presence.left_for_all_time),
        "is_enough": _left(presence) >= rho.value,
    }


def _left(presence: Presence) -> Fraction:
    return min(presence.left_this_year, presence.left_for_all_time)
