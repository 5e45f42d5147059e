"""The pages that everybody sees, as an application of its own: it knows no session and no account.

So nothing that a browser sends can act for somebody, no page sets a cookie, and what is shown may
be kept by every cache, as long as it asks each time whether it may (`no-cache`): what was
withdrawn, and what is not yet to be seen, is shown by none.

Addresses in feeds and metadata are the coordinator's own, never the one that a request names.
No page and no desk behind it asks anything of another machine.
"""

from collections.abc import Callable
from pathlib import Path

from flask import Blueprint, Flask, Response, g, request

from corridor import __version__, pages
from corridor.coordinator.pictures import STATIC as PICTURES
from corridor.coordinator.pictures import TEXTS as PICTURES_TEXTS
from corridor.coordinator.pictures import picture_templates
from corridor.coordinator.pictures.base_map import base_map_views
from corridor.coordinator.public_desk import PublicDesk
from corridor.coordinator.publications import HERE, TEMPLATES
from corridor.coordinator.publications.everybody import everybody_views
from corridor.coordinator.publications.seconds import SECONDS
from corridor.coordinator.publications.words import WORDS
from corridor.pages.languages import LANGUAGES, install_languages
from corridor.pages.refusals import install_refusals
from corridor.pages.site import HEADERS
from corridor.pages.static_files import static_views
from corridor.pages.words import STATUSES
from corridor.publishing.estimates import MEANING
from corridor.publishing.pictures.base_map import BaseMap
from corridor.queries.domains import Domains

UPLOAD_BYTES = 960 * 1024
"""The longest form: a receipt to be verified. Longer ones are verified with the command."""

_STYLE = Path(pages.__file__).parent / "static"
_TOGGLED = frozenset(
    {"public.listing", "public.one", "public.verify", "public.verify_published", "public.picture"}
)
"""What has the language that a reader chose in its address."""


def make_public_site(
    desk: PublicDesk,
    *,
    region: str,
    domains: Callable[[], Domains],
    base_map: BaseMap | None,
    has_tls: bool,
    reference: Callable[[], str],
) -> Flask:
    """The WSGI application.

    Args:
        desk: shows what was published.
        region: its name, for titles.
        domains: what can be asked about now, for the names of values.
        base_map: the operator's own under pictures; None where the one that comes along is drawn.
        has_tls: whether it is served with TLS.
        reference: names an internal error in the log and on the page.
    """
    app = Flask(
        "corridor public",
        root_path=str(HERE / "open"),
        template_folder="templates",
        static_folder=None,
    )
    app.config["MAX_CONTENT_LENGTH"] = UPLOAD_BYTES
    app.config["MAX_FORM_MEMORY_SIZE"] = UPLOAD_BYTES
    app.config["MAX_FORM_PARTS"] = 10
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True

    @app.before_request
    def settle_language() -> None:
        named = request.args.get("lang", "")
        g.named = named if named in LANGUAGES else ""
        preferred = request.accept_languages.best_match(list(LANGUAGES)) or "en"
        g.language = g.named or preferred

    @app.url_defaults
    def keep_language(endpoint: str, values: dict[str, object]) -> None:
        if endpoint in _TOGGLED and (named := g.get("named", "")):
            values.setdefault("lang", named)

    @app.after_request
    def finish(response: Response) -> Response:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        if has_tls:
            response.headers["Strict-Transport-Security"] = "max-age=31536000"
        is_kept = request.method == "GET" and response.status_code == 200
        if not is_kept:
            response.headers["Cache-Control"] = "no-store"
        elif request.endpoint != "static.file":
            response.headers["Cache-Control"] = "public, no-cache"
            response.vary.add("Accept-Language")
            if "ETag" not in response.headers:
                response.add_etag()
            response.make_conditional(request)
        return response

    install_languages(app, PICTURES_TEXTS, HERE / "translations")
    app.jinja_env.filters.update(SECONDS)
    app.jinja_env.globals.update(
        region=region, statuses=STATUSES, version=__version__, meaning=MEANING
    )
    own = Path(pages.__file__).parent
    app.register_blueprint(
        Blueprint("pages", "corridor.pages", root_path=str(own), template_folder="templates")
    )
    app.register_blueprint(Blueprint("parts", __name__, template_folder=str(TEMPLATES)))
    app.register_blueprint(picture_templates())
    app.register_blueprint(static_views([_STYLE, PICTURES]), url_prefix="/public")
    app.register_blueprint(base_map_views(base_map), url_prefix="/public")
    app.register_blueprint(everybody_views(desk, region, domains))
    install_refusals(app, WORDS, reference)
    return app
