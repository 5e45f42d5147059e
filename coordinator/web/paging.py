"""Long lists, a part at a time: the header `Link` leads to the next part (RFC 8288)."""

from typing import Any
from urllib.parse import urlencode

from flask import Response, jsonify, request

from corridor.coordinator.pages import Page
from corridor.coordinator.web.operations import read_query
from corridor.coordinator.web.shapes import PageQuery


def read_page() -> Page:
    """Which part the current request wants; of one item more, to see whether there is another.

    Raises:
        MalformedRequestError: the query is none of a list's.
    """
    asked = read_query(PageQuery)
    return Page(asked.limit + 1, asked.after)


def page_answer(items: list[dict[str, Any]], page: Page) -> Response:
    """The part that was asked for, out of one item more."""
    limit = page.limit - 1
    response = jsonify(items[:limit])
    if len(items) > limit:
        query = urlencode({"limit": limit, "after": items[limit - 1]["id"]})
        response.headers["Link"] = f'<{request.path}?{query}>; rel="next"'
    return response
