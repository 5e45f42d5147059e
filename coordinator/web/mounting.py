"""One address for programs and for people, signed in or not.

Which of them answers:

    /api and the certificate       the API
    /public, /robots.txt           what is published, for everybody
    everything else                the workbench
"""

from collections.abc import Callable, Iterable
from typing import Any

from corridor.transport.certificates import AUTHORITY_PATH
from corridor.transport.web_server import Application


def either(api: Application, pages: Application, public: Application | None = None) -> Application:
    """An application that lets each of them answer what is its own."""

    def answer(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        path = str(environ.get("PATH_INFO", ""))
        is_for_programs = path == "/api" or path.startswith("/api/") or path == AUTHORITY_PATH
        if is_for_programs:
            return api(environ, start)
        is_public = path in ("/public", "/robots.txt") or path.startswith("/public/")
        return (public if is_public and public is not None else pages)(environ, start)

    return answer
