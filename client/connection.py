"""A connection to a coordinator's REST API: what an analyst may ask of a region.

    region = connect(Credentials(url, token, ca_fingerprint))
    forecast = region.forecast(request)        # spends nothing, touches no data
    question = region.ask(request)             # returns at once
    question = region.wait(question["id"], print)
    release = region.release(question["release_id"])

Requests and answers are the API's JSON objects; every refusal is a `RemoteRefusalError` with
the code and the words of the coordinator. Over anything but loopback the server must show the
certificate authority whose fingerprint was pinned at login.
"""

import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import SplitResult, urlencode, urlsplit

import httpx

from corridor.errors.client import (
    BadAddressError,
    CoordinatorSilentError,
    RemoteAnswerError,
    RemoteRefusalError,
)

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})

Answer = dict[str, Any]
"""A JSON object of the API."""

TIMEOUT_SECONDS = 30.0

PAGE = 500
"""Items of a list that are asked for at once."""

MOST_PAGES = 2000
"""Parts of a list, after which it is no list of Corridor's."""

OVER = frozenset({"released", "failed", "cancelled"})
"""States of a question that never change."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """Where a coordinator is, and what it lets us in with.

    Attributes:
        url: `https://host:port`, or `http://` on loopback only.
        token: a secret of the analyst.
        ca_fingerprint: of the coordinator's certificate authority; empty for `http://`.
    """

    url: str
    token: str = field(repr=False)
    ca_fingerprint: str = ""

    def __post_init__(self) -> None:
        """Refuse addresses over which the token would travel in clear."""
        parts = _split(self.url)
        if parts.scheme == "http" and parts.hostname not in LOOPBACK:
            raise BadAddressError(
                f"{self.url}: plain http is for this machine only; use https, so that nobody "
                "on the way reads your token"
            )
        if parts.scheme == "https" and not self.ca_fingerprint:
            raise BadAddressError(
                f"{self.url}: needs the fingerprint of the coordinator's certificate "
                "authority; ask the coordinator's staff for it"
            )


class Connection:
    """What one analyst may ask of one region. Not thread-safe; close it when done."""

    def __init__(self, credentials: Credentials, tls: ssl.SSLContext | None) -> None:
        self._client = httpx.Client(
            base_url=credentials.url.rstrip("/") + "/api/v1",
            headers={"Authorization": f"Bearer {credentials.token}"},
            verify=tls if tls is not None else True,
            timeout=TIMEOUT_SECONDS,
            trust_env=False,  # a proxy of the environment would see the token
        )

    def __enter__(self) -> Self:
        """The region itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connection."""
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def describe(self) -> Answer:
        """The region: its name, its charter in force, its members."""
        return self._get("/region")

    def members(self) -> list[Answer]:
        """Every member: whether it is connected, its edition, what its allowance leaves."""
        return self._get_list("/members")

    def indicators(self) -> list[Answer]:
        """The catalogue of ready-made questions."""
        return self._get_list("/indicators")

    def forecast(self, request: Mapping[str, Any]) -> Answer:
        """What a question would cost and how exact it would be. Spends nothing."""
        return self._object(self._send("POST", "/forecast", request))

    def ask(self, request: Mapping[str, Any], key: str | None = None) -> Answer:
        """Ask in earnest; returns at once with the question's id and state.

        Args:
            request: what is asked.
            key: a text of the asker's own; the same request with it is asked once.
        """
        headers = {} if key is None else {"Idempotency-Key": key}
        return self._object(self._send("POST", "/questions", request, headers))

    def questions(self) -> list[Answer]:
        """Every question asked, newest first."""
        return self._get_pages("/questions")

    def question(self, identifier: str) -> Answer:
        """Where a question stands."""
        return self._get(f"/questions/{_name(identifier)}")

    def cancel(self, identifier: str) -> Answer:
        """Take back a question that stands in line or waits; nothing was spent on it."""
        return self._object(self._send("POST", f"/questions/{_name(identifier)}/cancel", {}))

    def wait(
        self,
        identifier: str,
        on_progress: Callable[[Answer], None],
        pause: Callable[[float], None],
        ends: frozenset[str] = OVER,
    ) -> Answer:
        """The question once it is over; each change is told on the way.

        `pause` waits the given number of seconds between two looks. A question that waits for
        people to approve it may do so for days: name `waiting` among `ends` to come back then.
        """
        told: Answer = {}
        while True:
            question = self.question(identifier)
            if question != told:
                on_progress(question)
                told = question
            if question["state"] in ends:
                return question
            pause(0.2)

    def all_series(self) -> list[Answer]:
        """Every standing series, newest first."""
        return self._get_pages("/series")

    def series(self, identifier: str) -> Answer:
        """How far a standing series is, and its releases."""
        return self._get(f"/series/{_name(identifier)}")

    def hasten_series(self, identifier: str) -> Answer:
        """Ask at once for the next release; after one that failed, nodes that paid pay again."""
        return self._object(self._send("POST", f"/series/{_name(identifier)}/now", {}))

    def end_series(self, identifier: str) -> Answer:
        """Let a series make no more releases."""
        return self._object(self._send("POST", f"/series/{_name(identifier)}/end", {}))

    def releases(self) -> list[Answer]:
        """Every release, newest first."""
        return self._get_pages("/releases")

    def release(self, identifier: str) -> Answer:
        """A release: its tables with margins, its guarantee, who took part."""
        return self._get(f"/releases/{_name(identifier)}")

    def receipt(self, identifier: str, since: int | None = None) -> bytes:
        """The public receipt of a release with its proof, byte for byte.

        `since` is the size of a checkpoint that you have: the file then leads to that as well.
        """
        query = "" if since is None else f"?since={since}"
        return self._send("GET", f"/releases/{_name(identifier)}/receipt{query}").content

    def reports(self) -> list[Answer]:
        """The ready-made reports."""
        return self._get_list("/reports")

    def report(self, name: str) -> Answer:
        """A report: what it asks, its form, the crosswalk from HTCDS, what it cannot fill."""
        return self._get(f"/reports/{_name(name)}")

    def forecast_report(self, name: str, request: Mapping[str, Any]) -> Answer:
        """What a report would cost and how exact it would be. Spends nothing."""
        return self._object(self._send("POST", f"/reports/{_name(name)}/forecast", request))

    def ask_report(self, name: str, request: Mapping[str, Any], key: str | None = None) -> Answer:
        """Ask a report in earnest, as `ask` does a question."""
        headers = {} if key is None else {"Idempotency-Key": key}
        path = f"/reports/{_name(name)}/questions"
        return self._object(self._send("POST", path, request, headers))

    def filled_report(self, identifier: str, name: str, **query: str) -> Answer:
        """A report filled from a release; `query` may hold a country and a population."""
        return self._get(_filled(identifier, name, "", query))

    def report_file(self, identifier: str, name: str, form: str, **query: str) -> bytes:
        """The same as a file: json or xlsx, or csv in an archive."""
        return self._send("GET", _filled(identifier, name, f"/files/{_name(form)}", query)).content

    def compare(self, identifier: str, cells: str, **query: str) -> Answer:
        """Groups of cells of a release side by side; `query`: a table, an earlier release."""
        asked = urlencode({"cells": cells, **query})
        return self._get(f"/releases/{_name(identifier)}/compare?{asked}")

    def alerts(self, series: str, lag: int = 1) -> list[Answer]:
        """Which cells of a standing series changed more than its noise explains."""
        return self._get_list(f"/series/{_name(series)}/alerts?lag={lag}")

    def checkpoint(self) -> bytes:
        """The latest checkpoint of the region's releases: a signed note with its cosignatures."""
        return self._send("GET", "/log/checkpoint").content

    def consistency(self, old: int, new: int) -> Answer:
        """The proof that the tree of `new` releases begins with the tree of `old`."""
        return self._get(f"/log/consistency?old={old}&new={new}")

    def _get(self, path: str) -> Answer:
        return self._object(self._send("GET", path))

    def _get_list(self, path: str) -> list[Answer]:
        answer = self._json(self._send("GET", path))
        if not isinstance(answer, list):
            raise RemoteAnswerError(path)
        return answer

    def _get_pages(self, path: str) -> list[Answer]:
        found: list[Answer] = []
        last = ""
        for _ in range(MOST_PAGES):
            response = self._send("GET", f"{path}?limit={PAGE}{last}")
            page = self._json(response)
            if not isinstance(page, list):
                raise RemoteAnswerError(path)
            found += page
            if "next" not in response.links or not page:
                return found
            last = f"&after={_name(str(page[-1].get('id')))}"
        raise RemoteAnswerError(path)  # a list without an end

    def _send(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        try:
            response = self._client.request(method, path, json=body, headers=headers)
        except httpx.HTTPError as error:
            raise CoordinatorSilentError(str(self._client.base_url), str(error)) from error
        if response.is_success:
            return response
        try:
            refusal = response.json()
            raise RemoteRefusalError(str(refusal["code"]), str(refusal["detail"]))
        except (ValueError, KeyError, TypeError):
            raise RemoteAnswerError(f"{path}: status {response.status_code}") from None

    def _object(self, response: httpx.Response) -> Answer:
        answer = self._json(response)
        if not isinstance(answer, dict):
            raise RemoteAnswerError(response.url.path)
        return answer

    @staticmethod
    def _json(response: httpx.Response) -> Any:
        try:
            return response.json()
        except ValueError as error:
            raise RemoteAnswerError(response.url.path) from error


def _split(url: str) -> SplitResult:
    refusal = BadAddressError(f"{url}: is no address such as https://coordinator:7080")
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:  # a bracket left open, a port above 65535
        raise refusal from None
    if not usable or parts.username is not None or parts.path.strip("/") or parts.query:
        raise refusal
    return parts


def _filled(identifier: str, name: str, more: str, query: Mapping[str, str]) -> str:
    path = f"/releases/{_name(identifier)}/report/{_name(name)}{more}"
    return f"{path}?{urlencode(query)}" if query else path


def _name(identifier: str) -> str:
    """`identifier`, which must be a single safe part of a path."""
    if not identifier or not all(letter.isalnum() or letter in "-_" for letter in identifier):
        raise RemoteRefusalError(
            "client.malformed_id",
            f"{identifier!r} is no id; `corridor results` lists those there are",
        )
    return identifier
