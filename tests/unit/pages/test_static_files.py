"""Static files: packed for whoever takes them so, kept for a year under what is in them."""

import gzip
from pathlib import Path

import pytest
from flask import Flask, render_template_string
from flask.testing import FlaskClient

from corridor.pages.static_files import static_views

SCRIPT = "const corridor = 1;\n" * 500


@pytest.fixture
def site(tmp_path: Path) -> Flask:
    own, shared = tmp_path / "own", tmp_path / "shared"
    for folder in (own, shared):
        folder.mkdir()
        (folder / "both.css").write_text(folder.name)
    (own / "long.js").write_text(SCRIPT)
    (tmp_path / "secret.js").write_text("not to be served")
    app = Flask("static", static_folder=None)
    app.register_blueprint(static_views([own, shared]))
    return app


@pytest.fixture
def client(site: Flask) -> FlaskClient:
    return site.test_client()


def test_a_script_goes_packed_to_whoever_takes_it_so(client: FlaskClient) -> None:
    found = client.get("/static/long.js", headers={"Accept-Encoding": "gzip, br"})
    assert found.headers["Content-Encoding"] == "gzip"
    assert found.mimetype == "text/javascript"
    assert gzip.decompress(found.data).decode() == SCRIPT
    assert len(found.data) < len(SCRIPT) / 10


@pytest.mark.parametrize("accepted", ["", "identity", "gzip;q=0"])
def test_and_plain_to_whoever_does_not(client: FlaskClient, accepted: str) -> None:
    with client.get("/static/long.js", headers={"Accept-Encoding": accepted}) as found:
        assert "Content-Encoding" not in found.headers
        assert found.get_data(as_text=True) == SCRIPT
        # No cache in between gives one for the other.
        assert found.headers["Vary"] == "Accept-Encoding"
        assert "max-age=31536000" in found.headers["Cache-Control"]


def test_a_sites_own_file_comes_before_the_shared_one(client: FlaskClient) -> None:
    with client.get("/static/both.css") as found:
        assert found.get_data(as_text=True) == "own"


@pytest.mark.parametrize("name", ["none.js", "..%2Fsecret.js", "%2e%2e/secret.js"])
def test_nothing_beside_the_folders_is_served(client: FlaskClient, name: str) -> None:
    assert client.get(f"/static/{name}").status_code == 404


def test_another_content_has_another_address(site: Flask, tmp_path: Path) -> None:
    with site.test_request_context():
        before = render_template_string("{{ asset('long.js') }}")
    (tmp_path / "own" / "long.js").write_text(SCRIPT + "// more")
    again = Flask("again", static_folder=None)
    again.register_blueprint(static_views([tmp_path / "own"]))
    with again.test_request_context():
        after = render_template_string("{{ asset('long.js') }}")
    assert before.startswith("/static/long.js?v=")
    assert before != after
