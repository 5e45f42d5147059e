"""A region as a person who programs sees it.

import corridor.client

region = corridor.client.connect()          # the coordinator that `corridor login` remembers
draft = region.corridors.where(year=2025).by("recruited_in", "exploited_in").count("±20")
draft.forecast()                            # what it would cost; spends nothing
release = draft.ask(purpose="annual report")
release.to_pandas(); release.plot(); release.save("routes.xlsx")
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any, Self

from corridor.client.answers import Release
from corridor.client.asking import Asked, Asking, Draft, Scope, Session, draft_of, released
from corridor.client.connection import Connection
from corridor.client.reports import Reports
from corridor.errors.client import OtherCatalogueError
from corridor.errors.region import NoCharterError
from corridor.ids import CountryCode
from corridor.protocols import canonical
from corridor.publishing.alerting import Alert, alerts_of
from corridor.queries.builder import RegionQuestions, TableBuilder, together
from corridor.queries.catalogue import Catalogue
from corridor.queries.domains import Domains
from corridor.queries.question import Question, parse_question


@dataclass(frozen=True)
class Region:
    """What one analyst may ask of one region; close it when done, or use it with `with`.

    Attributes:
        connection: to the coordinator.
        read_catalogue: the fields that this version knows.
    """

    connection: Connection = field(repr=False)
    read_catalogue: Callable[[], Catalogue] = field(repr=False)
    pause: Callable[[float], None] = field(repr=False)
    new_key: Callable[[], str] = field(repr=False)

    def __enter__(self) -> Self:
        """The region itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connection."""
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()

    # ------------------------------------------------------------ asking

    @property
    def persons(self) -> Asking:
        """Ask about victims: a row a case."""
        return self._asking(self._tables.persons)

    @property
    def corridors(self) -> Asking:
        """Ask about pairs of recruitment and exploitation: a row a case."""
        return self._asking(self._tables.corridors)

    @property
    def legs(self) -> Asking:
        """Ask about steps of journeys."""
        return self._asking(self._tables.legs)

    @property
    def services(self) -> Asking:
        """Ask about items of assistance."""
        return self._asking(self._tables.services)

    def sql(
        self,
        text: str,
        accuracy: str | None = None,
        *,
        rho: Fraction | str | None = None,
        scope: Scope = "regional",
    ) -> Draft:
        """A question in SQL (docs/measures.md)."""
        return self._draft({"sql": text, "scope": scope}, accuracy, rho)

    def indicator(
        self,
        name: str,
        accuracy: str | None = None,
        *,
        rho: Fraction | str | None = None,
        scope: Scope = "regional",
        **parameters: str | int,
    ) -> Draft:
        """A ready-made question; `indicators` lists them."""
        request = {"indicator": name, "parameters": parameters, "scope": scope}
        return self._draft(request, accuracy, rho)

    def together(
        self,
        *drafts: Draft,
        accuracy: str | None = None,
        rho: Fraction | str | None = None,
    ) -> Draft:
        """Several questions that were built here as one, which share one price.

        Raises:
            ValueError: one is by SQL or an indicator.
        """
        questions = [_question(one) for one in drafts]
        return draft_of(self._session, together(*questions), accuracy, rho, "regional")

    @property
    def reports(self) -> Reports:
        """Ready-made reports: what others' forms ask for (docs/reports.md)."""
        return Reports(self._session, self.connection)

    # ------------------------------------------------------------ looking

    def alerts(self, series: str, lag: int = 1) -> tuple[Alert, ...]:
        """Which cells of a standing series changed more than its noise explains; free.

        Args:
            series: its id.
            lag: how many periods lie between the two that are compared.

        Raises:
            ComparisonError: the series has no periods that lie so far apart.
        """
        made = self.connection.series(series)["releases"]
        releases = [self.connection.release(str(one["release_id"])) for one in made]
        return alerts_of(releases, lag=lag)

    def indicators(self) -> Mapping[str, str]:
        """The ready-made questions: name and title."""
        return {str(one["name"]): str(one["title"]) for one in self.connection.indicators()}

    def members(self) -> list[dict[str, Any]]:
        """Every member: whether it is connected, its edition, what its allowance leaves."""
        return self.connection.members()

    def question(self, identifier: str) -> Asked:
        """A question that was asked."""
        return Asked(self._session, self.connection.question(identifier))

    def questions(self) -> Iterator[Asked]:
        """Every question, newest first."""
        return (Asked(self._session, one) for one in self.connection.questions())

    def release(self, identifier: str) -> Release:
        """A release."""
        return released(self.connection, identifier)

    def releases(self) -> Iterator[Release]:
        """Every release, newest first; each is fetched when its turn comes."""
        return (self.release(str(one["id"])) for one in self.connection.releases())

    # ------------------------------------------------------------ wiring

    @property
    def _session(self) -> Session:
        return Session(self.connection, self.pause, self.new_key)

    @cached_property
    def _tables(self) -> RegionQuestions:
        charter = self.connection.describe()["charter"]
        if charter is None:
            raise NoCharterError
        catalogue = self.read_catalogue()
        if charter["domains_edition"] != catalogue.edition:
            raise OtherCatalogueError(catalogue.edition, str(charter["domains_edition"]))
        first, last = charter["years"]
        return RegionQuestions(
            Domains(
                catalogue=catalogue,
                countries=tuple(map(CountryCode, charter["countries"])),
                region=tuple(map(CountryCode, charter["members"])),
                years=(int(first), int(last)),
                cells=int(charter["ceilings"]["cells"]),
            )
        )

    def _asking(self, table: TableBuilder) -> Asking:
        return Asking(self._session, table)

    def _draft(
        self, request: dict[str, Any], accuracy: str | None, rho: Fraction | str | None
    ) -> Draft:
        return Draft(self._session, request).at(accuracy=accuracy, rho=rho)


def _question(draft: Draft) -> Question:
    document = draft.request.get("question")
    if document is None:
        raise ValueError("only questions that were built here can be put together")
    return parse_question(canonical.encode(document))
