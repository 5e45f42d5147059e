"""A standing series in a coordinator's store, with five releases that nobody had to wait for."""

import json
from typing import Any

import numpy as np
from sqlalchemy import Connection, delete, insert

from corridor.coordinator.store import Store, heading_of, releases, series, series_questions
from corridor.coordinator.store import questions as asked_questions
from corridor.queries.question import Question, series_name
from corridor.queries.sql import parse_sql
from corridor.queries.standing import as_series
from support.series_releases import DOMAINS, measure, plan_of, releases_of

SQL = "SELECT gender, COUNT(DISTINCT person) FROM persons GROUP BY gender"
FIRST_PLACE = 1000
LAST_RELEASE = "0000000000000005"
"""Of the series in which something changed."""


def put_series(store: Store, jump: int) -> str:
    """The series' id; in its last release the persons of the second cell are `jump` more."""
    periods = 12 if jump else 11  # each a series of its own: what was told of one stays told
    newly = np.full((5, 6), 80)
    newly[0] = 5000  # the first release counts everybody who was known
    newly[4, 1] += jump
    turn = plan_of(SQL, periods, 1).turn
    assert turn is not None
    question = as_series(parse_sql(SQL, DOMAINS), turn)
    measured = measure(SQL, periods, newly, np.random.default_rng(5))
    identifier = series_name(question.series_id)
    with store.writing() as connection:
        found = releases_of(SQL, periods, measured)
        if not jump:  # a release never changes: the other series' five keep their names
            found = [{**one, "id": f"1{one['id'][1:]}"} for one in found]
        _put(connection, identifier, question, found)
    return identifier


def take_series_away(store: Store) -> None:
    with store.writing() as connection:
        connection.execute(delete(series))
        connection.execute(delete(series_questions))
        for table in (releases, asked_questions):
            connection.execute(delete(table).where(table.c.place >= FIRST_PLACE))


def _put(
    connection: Connection, identifier: str, question: Question, found: list[dict[str, Any]]
) -> None:
    common = {
        "rho": "1/10",
        "purpose": "each month",
        "organisation": "Test region",
        "asked_by": "Ana",
        "asked": 1,
        "question": question.encode(),
    }
    connection.execute(insert(series).values(id=identifier, **common))
    for period, document in enumerate(found, 1):
        name = f"series{period}"
        raw = json.dumps({**document, "question": json.loads(question.encode())}).encode()
        connection.execute(
            insert(releases).values(
                id=document["id"],
                place=FIRST_PLACE + period,
                session=name.encode(),
                digest=name.encode(),
                rho="1/10",
                scope="regional",
                participants=b"{}",
                document=raw,
                heading=heading_of(raw),
                receipt=b"{}",
                published=period,
            )
        )
        connection.execute(
            insert(asked_questions).values(
                id=name,
                place=FIRST_PLACE + period,
                digest=name.encode(),
                scope="regional",
                charter=b"",
                state="released",
                since=period,
                release=document["id"],
                **common,
            )
        )
        connection.execute(
            insert(series_questions).values(question=name, series=identifier, period=period)
        )
