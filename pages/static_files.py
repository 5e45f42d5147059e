"""GET /static/NAME: styles, scripts, pictures and maps, for everybody.

Addresses carry a mark of what is in the file, so a browser keeps it for a year. What is text goes
packed to whoever takes it so, packed once: a slow line waits for a third of the bytes. There is
nothing secret in these files that packing could tell.
"""

import gzip
import hashlib
import mimetypes
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from flask import Blueprint, Response, request, send_from_directory, url_for
from werkzeug.exceptions import NotFound

from corridor.pages.access import for_everybody

STATIC_SECONDS = 365 * 24 * 60 * 60
"""Static files are asked for by what is in them: another version has another address."""

_TEXTS = frozenset({".css", ".js", ".json", ".svg"})
_WORTH_PACKING = 2_000


def static_views(folders: Sequence[Path]) -> Blueprint:
    """The view, and `asset(name)` for templates; of two files with one name the first counts."""
    views = Blueprint("static", __name__)

    def found(name: str) -> Path | None:
        return next((one / name for one in folders if (one / name).is_file()), None)

    @cache
    def mark(name: str) -> str:
        path = found(name)
        if path is None:
            raise FileNotFoundError(name)
        return hashlib.sha256(path.read_bytes()).hexdigest()[:8]

    @cache
    def packed(path: Path) -> bytes:
        return gzip.compress(path.read_bytes(), 9, mtime=0)

    @views.get("/static/<name>")
    @for_everybody
    def file(name: str) -> Response:
        path = found(name)
        if path is None:
            raise NotFound
        is_text = path.suffix in _TEXTS and path.stat().st_size > _WORTH_PACKING
        if is_text and request.accept_encodings["gzip"] > 0:
            answer = Response(packed(path), mimetype=mimetypes.guess_type(name)[0])
            answer.headers["Content-Encoding"] = "gzip"
            answer.cache_control.max_age = STATIC_SECONDS
        else:
            answer = send_from_directory(path.parent, name, max_age=STATIC_SECONDS)
        if is_text:
            answer.headers["Vary"] = "Accept-Encoding"
        return answer

    @views.app_template_global()
    def asset(name: str) -> str:
        """The address of a static file, in which what it holds is marked."""
        return url_for("static.file", name=name, v=mark(name))

    return views
