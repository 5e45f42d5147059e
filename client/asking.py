"""Questions in Python: what is asked, what it would cost, and asking it.

    draft = region.corridors.where(year=2025).by("recruited_in", "exploited_in").count("±20")
    draft                       # shows the forecast; nothing is spent
    release = draft.ask(purpose="annual report")

A draft is a question with its price. It can be looked at as often as one likes; `ask` spends.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Literal, Protocol

from corridor.client.answers import Release
from corridor.client.connection import OVER
from corridor.client.forecasts import Forecast
from corridor.errors.client import QuestionFailedError, StillOpenError
from corridor.protocols import canonical
from corridor.queries.builder import Condition, TableBuilder
from corridor.queries.predicates import Predicate
from corridor.queries.question import Question

Answer = dict[str, Any]
Scope = Literal["regional", "per-country"]
Told = Callable[[Answer], None]


class Api(Protocol):
    """What asking needs of a connection; `client.connection` has it."""

    def forecast(self, request: Mapping[str, Any]) -> Answer:
        """What a question would cost and how exact it would be."""

    def ask(self, request: Mapping[str, Any], key: str | None = None) -> Answer:
        """Ask in earnest."""

    def question(self, identifier: str) -> Answer:
        """Where a question stands."""

    def cancel(self, identifier: str) -> Answer:
        """Take back a question that waits."""

    def release(self, identifier: str) -> Answer:
        """A release."""

    def receipt(self, identifier: str, since: int | None = None) -> bytes:
        """Its public receipt."""


@dataclass(frozen=True, slots=True)
class Session:
    """A connection, how to wait, and how to make a key for a request.

    Attributes:
        pause: waits so many seconds.
        new_key: a text that no other request has.
    """

    api: Api
    pause: Callable[[float], None]
    new_key: Callable[[], str]


@dataclass(frozen=True, slots=True)
class Draft:
    """A question with the accuracy or the ρ that is wanted; nothing is spent until `ask`.

    Attributes:
        request: as the REST API takes it.
    """

    session: Session
    request: Mapping[str, Any]

    def at(self, *, accuracy: str | None = None, rho: Fraction | str | None = None) -> "Draft":
        """The same question at another price: the margin wanted, or the ρ."""
        rest = {k: v for k, v in self.request.items() if k not in {"accuracy", "rho"}}
        return replace(self, request=rest | _price(accuracy, rho))

    def forecast(self) -> Forecast:
        """What it would cost and how exact it would be. Spends nothing.

        Raises:
            RemoteRefusalError: it could not be asked, and why.
        """
        return Forecast(self.session.api.forecast(self.request))

    def submit(self, purpose: str = "", *, approval_hours: int | None = None) -> "Asked":
        """Ask in earnest, and do not wait for the answer. This spends the authorities' allowances.

        A broken connection is no reason to be afraid: the request carries a key, under which it is
        asked once however often it is sent.
        """
        request = {**self.request, "purpose": purpose}
        if approval_hours is not None:
            request["approval_hours"] = approval_hours
        return Asked(self.session, self.session.api.ask(request, self.session.new_key()))

    def ask(
        self,
        purpose: str = "",
        *,
        approval_hours: int | None = None,
        progress: Told | None = None,
        patience: float | None = None,
    ) -> Release:
        """Ask in earnest and wait for the answer. This spends the authorities' allowances.

        Args:
            purpose: why; the people who approve questions see it, and everybody in the receipt of
                an answer that is published.
            approval_hours: how long it may wait for people to approve it.
            progress: hears each change.
            patience: seconds after which to stop waiting; the question goes on.

        Raises:
            RemoteRefusalError: it was not taken; nothing was spent.
            QuestionFailedError: there is no answer.
            StillOpenError: patience came to its end.
        """
        asked = self.submit(purpose, approval_hours=approval_hours)
        return asked.wait(progress=progress, patience=patience)

    def _repr_html_(self) -> str:
        return self.forecast().to_html()

    def __str__(self) -> str:
        return str(self.forecast())


@dataclass(slots=True)
class Asked:
    """A question that was asked: where it stands, waiting for it, taking it back."""

    session: Session
    shown: Answer

    @property
    def id(self) -> str:
        """The question's id."""
        return str(self.shown["id"])

    @property
    def state(self) -> str:
        """queued, running, waiting, released, failed or cancelled, when it was looked at last."""
        return str(self.shown["state"])

    def look(self) -> "Asked":
        """Look again."""
        self.shown = self.session.api.question(self.id)
        return self

    def cancel(self) -> "Asked":
        """Take it back while it waits; nothing was spent then.

        Raises:
            RemoteRefusalError: it is too late.
        """
        self.shown = self.session.api.cancel(self.id)
        return self

    def wait(self, *, progress: Told | None = None, patience: float | None = None) -> Release:
        """Its release, once there is one.

        Raises:
            QuestionFailedError: there is no answer.
            StillOpenError: patience came to its end.
        """
        waited, step, told = 0.0, 0.2, None
        while True:
            if progress is not None and self.shown != told:
                progress(self.shown)
            told = self.shown
            if self.state in OVER:
                return self._release()
            if patience is not None and waited >= patience:
                raise StillOpenError(self.id, self.state)
            self.session.pause(step)
            waited, step = waited + step, min(2.0, step * 1.2)
            self.look()

    def _release(self) -> Release:
        failure = self.shown["failure"]
        if failure is not None:
            raise QuestionFailedError(self.id, str(failure["code"]), str(failure["message"]))
        return released(self.session.api, str(self.shown["release_id"]))

    def __repr__(self) -> str:
        return f"<question {self.id}: {self.state}>"


def released(api: Api, identifier: str) -> Release:
    """A release, fetched; its receipt is when somebody wants it."""
    return Release(api.release(identifier), lambda: api.receipt(identifier))


@dataclass(frozen=True, slots=True)
class Asking:
    """One table that is being asked for (`queries.builder`), and how it is asked."""

    session: Session
    table: TableBuilder

    def where(self, *predicates: Predicate, **conditions: Condition) -> "Asking":
        """Only rows for which all of these hold, beside those that were given before.

        A condition is a value, a pair (from, to) for quantities and dates, or a list of values.
        """
        return replace(self, table=self.table.where(*predicates, **conditions))

    def excluding(self, **conditions: Condition) -> "Asking":
        """Only rows for which none of these holds."""
        return replace(self, table=self.table.excluding(**conditions))

    def by(self, *fields: str) -> "Asking":
        """A cell for each combination of these fields' values."""
        return replace(self, table=self.table.by(*fields))

    def at_most(self, *, cells: int | None = None, rows: int = 1) -> "Asking":
        """How many cells a person counts in, and how many rows of a person in a cell."""
        return replace(self, table=self.table.at_most(cells=cells, rows=rows))

    def count(
        self,
        accuracy: str | None = None,
        *,
        rho: Fraction | str | None = None,
        scope: Scope = "regional",
    ) -> Draft:
        """How many persons are in each cell."""
        return draft_of(self.session, self.table.count(), accuracy, rho, scope)

    def sum(
        self,
        field: str,
        low: int | None = None,
        high: int | None = None,
        *,
        accuracy: str | None = None,
        rho: Fraction | str | None = None,
        scope: Scope = "regional",
    ) -> Draft:
        """The sum of a quantity, what each person adds clamped to [low, high]."""
        return draft_of(self.session, self.table.sum(field, low, high), accuracy, rho, scope)

    def mean(
        self,
        field: str,
        low: int | None = None,
        high: int | None = None,
        *,
        accuracy: str | None = None,
        rho: Fraction | str | None = None,
        scope: Scope = "regional",
    ) -> Draft:
        """The mean of a quantity over persons, each clamped to [low, high]."""
        return draft_of(self.session, self.table.mean(field, low, high), accuracy, rho, scope)

    def histogram(
        self,
        field: str,
        low: int | None = None,
        high: int | None = None,
        *,
        width: int | None = None,
        accuracy: str | None = None,
        rho: Fraction | str | None = None,
        scope: Scope = "regional",
    ) -> Draft:
        """How many persons are in each band of a quantity; medians are read of it."""
        question = self.table.histogram(field, low, high, width=width)
        return draft_of(self.session, question, accuracy, rho, scope)


def draft_of(
    session: Session,
    question: Question,
    accuracy: str | None,
    rho: Fraction | str | None,
    scope: Scope,
) -> Draft:
    """The draft of a question that was built here."""
    document = canonical.decode(question.encode(), "question")
    return Draft(session, {"question": document, "scope": scope, **_price(accuracy, rho)})


def _price(accuracy: str | None, rho: Fraction | str | None) -> dict[str, str]:
    return {
        **({} if accuracy is None else {"accuracy": accuracy}),
        **({} if rho is None else {"rho": str(rho)}),
    }
