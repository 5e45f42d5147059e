"""Analysts who ask without a pause, in a process of their own: it loads nothing of Corridor."""

import http.client
import json
import ssl
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Work:
    """What one analyst sends again and again, and the answer that is right."""

    name: str
    method: str
    path: str
    body: str | None
    headers: Mapping[str, str]
    expects: int


def connect_to(place: str) -> http.client.HTTPSConnection:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # what is measured is the server
    return http.client.HTTPSConnection(place, context=context, timeout=60)


def once(connection: http.client.HTTPSConnection, work: Work, token: str) -> Mapping[str, str]:
    """Send it once; the headers of the answer."""
    headers = {**work.headers, "Authorization": f"Bearer {token}"}
    connection.request(work.method, work.path, work.body, headers)
    answer = connection.getresponse()
    answer.read()
    if answer.status != work.expects:
        raise SystemExit(f"{work.name}: {answer.status}")
    return dict(answer.getheaders())


def ask_again_and_again(
    place: str, work: Work, begin: float, seconds: float, token: str
) -> list[float]:
    """How long each answer took that was asked for within these seconds."""
    waits = []
    with closing(connect_to(place)) as connection:
        while (now := time.time()) < begin + seconds:
            sent = time.perf_counter()
            once(connection, work, token)
            if now >= begin:
                waits.append(time.perf_counter() - sent)
    return waits


def ask_by_the_clock(  # noqa: PLR0917
    place: str, work: Work, begin: float, seconds: float, token: str, first: float, every: float
) -> list[float]:
    """How long after its moment each answer was there; who is late does not wait less for it.

    Args:
        first: seconds after `begin` of the first moment.
        every: seconds between two moments.
    """
    waits = []
    with closing(connect_to(place)) as connection:
        once(connection, work, token)  # the connection is made before the clock begins
        moment = begin + first
        while moment < begin + seconds:
            time.sleep(max(0.0, moment - time.time()))
            once(connection, work, token)
            waits.append(time.time() - moment)
            moment += every
    return waits


def main() -> None:
    job = json.loads(sys.stdin.read())
    work = Work(**job["work"])
    given = (job["place"], work, job["begin"], job["seconds"])

    def one(analyst: tuple[str, float]) -> list[float]:
        token, first = analyst
        if job["every"] is None:
            return ask_again_and_again(*given, token)
        return ask_by_the_clock(*given, token, first, job["every"])

    with ThreadPoolExecutor(len(job["tokens"])) as pool:
        found = pool.map(one, zip(job["tokens"], job["firsts"], strict=True))
        json.dump([wait for part in found for wait in part], sys.stdout)


if __name__ == "__main__":
    main()
