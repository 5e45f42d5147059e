"""A link on another site, in a real browser: it signs nobody out, at the workbench or a console.

Pages at 127.0.0.1 and at localhost are of different sites to a browser, so a strict cookie stays at
home when one leads to the other.
"""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from corridor.cli.demo.region import free_port
from corridor.coordinator import app
from corridor.coordinator.app.people import people_desk as accounts_of_a_coordinator
from corridor.ids import CountryCode
from corridor.node.app.joining import initialise
from corridor.node.app.people import people_desk as accounts_of_a_node
from corridor.node.app.world import real_world
from corridor.people import Role
from support.browsing import chromium
from support.console_region import console_process

pytestmark = [pytest.mark.slow, pytest.mark.end_to_end]

NAME = "Ana Rusu"


@contextmanager
def another_site(leads_to: str) -> Iterator[str]:
    """A page of another site: a link, a picture and a form that lead to ours."""
    page = (
        f'<!doctype html><title>Elsewhere</title><a href="{leads_to}/account?a=1&amp;b=2">go</a>'
        f'<img src="{leads_to}/people" alt=""><iframe name="frame"></iframe>'
        f'<form method="post" action="{leads_to}/sign-out" target="frame"><button>send</button>'
    ).encode()

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://localhost:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def workbench(folder: Path) -> Iterator[tuple[str, str]]:
    """A workbench as a process; its address, and a one-time code."""
    world = app.real_world(folder / "coordinator")
    web = f"127.0.0.1:{free_port()}"
    listen = f"127.0.0.1:{free_port()}"
    app.initialise(world, name="Danube region", listen=listen, web=web, plain_http=True)
    with accounts_of_a_coordinator(world) as people:
        code = people.add(NAME, [Role.ADMINISTRATOR])
    with subprocess.Popen(
        [sys.executable, "-m", "corridor.cli", "coordinator", "serve", "--home", str(world.home)],
        stderr=subprocess.PIPE,
        text=True,
        env=dict(os.environ),
    ) as process:
        try:
            assert process.stderr is not None
            for line in process.stderr:
                if "coordinator.serving" in line:
                    break
            yield f"http://{web}", code
        finally:
            process.terminate()
            process.communicate(timeout=20)


@contextmanager
def console(folder: Path) -> Iterator[tuple[str, str]]:
    """A node's console as a process; its address, and a one-time code."""
    world = real_world(folder / "node")
    initialise(world, country=CountryCode("MD"), name="An authority")
    with accounts_of_a_node(world) as people:
        code = people.add(NAME, [Role.ADMINISTRATOR])
    with console_process(world.home) as address:
        yield address.rstrip("/"), code


@pytest.mark.parametrize("site", [workbench, console], ids=["workbench", "console"])
def test_a_link_on_another_site_signs_nobody_out(tmp_path: Path, site: object) -> None:
    assert callable(site)
    with site(tmp_path) as (address, code), another_site(address) as there:
        assert address.startswith("http://127.0.0.1:")
        with chromium(address) as browser:
            browser.enter(NAME, code)
            before = browser.driver.get_cookie("corridor-workbench") or (
                browser.driver.get_cookie("corridor-console")
            )
            assert before is not None
            assert before["sameSite"] == "Strict"

            browser.driver.get(there)
            browser.find("a").click()
            browser.wait_for("nav a[aria-current], .me a")
            assert browser.driver.current_url == f"{address}/account?a=1&b=2"
            assert browser.find(".me a").text == NAME
            assert browser.driver.get_cookie(before["name"])["value"] == before["value"]  # type: ignore[index]

            # Neither a picture nor a form of that site took the session away.
            browser.driver.get(there)
            browser.find("button").click()
            browser.open("/account")
            assert browser.find(".me a").text == NAME
