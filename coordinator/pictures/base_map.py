"""/base-map.json: the map that an operator put in the place of the one that comes with Corridor.

It lies in the coordinator's home and is read once, when `serve` starts: a file that cannot be drawn
stops the start, so that no page shows borders that the region did not choose.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import cast

from flask import Blueprint, Response, current_app, url_for
from werkzeug.exceptions import NotFound

from corridor.pages.access import for_everybody
from corridor.publishing.pictures.base_map import BaseMap, parse_base_map

SHIPPED = "world-50m.json"


def read_base_map(path: Path) -> BaseMap | None:
    """The operator's own map; None where there is none.

    Raises:
        BaseMapError: the file is no base map.
    """
    return parse_base_map(path.read_bytes()) if path.is_file() else None


def base_map_views(own: BaseMap | None) -> Blueprint:
    """The view, and `base_map_address()` for templates."""
    views = Blueprint("base_map", __name__)
    mark = None if own is None else hashlib.sha256(own.content).hexdigest()[:8]

    @views.get("/base-map.json")
    @for_everybody
    def file() -> Response:
        if own is None:
            raise NotFound
        return Response(own.content, mimetype="application/json")

    @views.app_template_global()
    def base_map_address() -> str:
        """Where pictures find the map that they are drawn on."""
        if own is None:
            asset = cast("Callable[[str], str]", current_app.jinja_env.globals["asset"])
            return asset(SHIPPED)
        return url_for("base_map.file", v=mark)

    return views
