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


def main() -> None:
    job = json.loads(sys.stdin.read())
    work = Work(**job["work"])
    with ThreadPoolExecutor(len(job["tokens"])) as pool:
        found = pool.map(
            lambda token: ask_again_and_again(
                job["place"], work, job["begin"], job["seconds"], token
            ),
            job["tokens"],
        )
        json.dump([wait for part in found for wait in part], sys.stdout)


if __name__ == "__main__":
    main()
