"""What a request that another site brought about may do here: look, by way of a page of ours.

Our session's cookie is strict: where another site (a mail read in a browser, a search engine) leads
here, the browser keeps it at home. A page that then gave it a cookie would replace the session's,
and its owner would be signed out by a link. So:

1. a request that another site brought about is never given a cookie
2. if it opens a page, the answer is a page of ours that goes on to the same one: the browser then
   comes from here, and brings its cookie

Browsers say where they come from (Sec-Fetch-Site); one that says nothing is served as ever.
"""

from urllib.parse import quote

from flask import Request, Response, make_response, render_template

HERE = "/"
_IN_PATHS = "/:@!$&'()*+,;=-._~"
_IN_QUERIES = _IN_PATHS + "?%"


def is_from_elsewhere(request: Request) -> bool:
    """Whether another site brought this request about."""
    return request.headers.get("Sec-Fetch-Site") == "cross-site"


def opens_a_page(request: Request) -> bool:
    """Whether somebody followed a link, rather than a page looking for a part of itself."""
    mode = request.headers.get("Sec-Fetch-Mode")
    return request.method == "GET" and mode == "navigate"


def is_own_path(text: str) -> bool:
    """Whether it is a path of this site alone."""
    # A browser reads // and \ as another host, and drops tabs.
    is_plain = text.isprintable() and " " not in text and "\\" not in text
    return is_plain and text.startswith("/") and not text.startswith("//")


def come_again(request: Request) -> Response:
    """A page that goes on to the one that was asked for, as a step within this site."""
    path = quote(request.script_root + request.path, safe=_IN_PATHS)
    query = quote(request.query_string, safe=_IN_QUERIES)
    onward = f"{path}?{query}" if query else path
    shown = render_template("come_again.html", onward=onward if is_own_path(onward) else HERE)
    return make_response(shown)
