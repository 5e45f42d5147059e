"""One address for programs and for people: the API under /api, the pages everywhere else."""

from collections.abc import Callable, Iterable
from typing import Any

from corridor.transport.certificates import AUTHORITY_PATH

Application = Callable[..., Iterable[bytes]]
"""A WSGI application."""


def either(api: Application, pages: Application) -> Application:
    """An application that lets each of the two answer what is its own."""

    def answer(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        path = str(environ.get("PATH_INFO", ""))
        is_for_programs = path == "/api" or path.startswith("/api/") or path == AUTHORITY_PATH
        return (api if is_for_programs else pages)(environ, start)

    return answer
