"""Which addresses of a PostgreSQL server case data may come from or go to.

One rule for the tables that an import reads and for those that an edition is written to: the
address names its host, holds no secret, and leads to another machine only where that machine must
prove who it is (`sslmode=verify-full`). Else libpq goes on without encryption when the server, or
whoever stands in between, says that it knows none.
"""

import ipaddress
from urllib.parse import parse_qs, urlsplit

_SCHEMES = ("postgresql", "postgres")
_SECRETS = ("password", "sslpassword")


def why_no_address(url: str) -> str:
    """What is wrong with it, to follow “the address …”, without a word of it; empty: nothing."""
    try:
        parts = urlsplit(url)
        given = parse_qs(parts.query, keep_blank_values=True)
        _ = parts.port if "," not in parts.netloc else None
    except ValueError:
        return "is no address"
    if parts.scheme not in _SCHEMES:
        return "does not begin with postgresql://"
    if parts.password is not None or set(given) & set(_SECRETS):
        return "has a password in it, which everybody on this machine could read there"
    hosts = [*(parts.hostname or "").split(",")]
    hosts += [
        one
        for name in ("host", "hostaddr")
        for said in given.get(name, ())
        for one in said.split(",")
    ]
    hosts = [host for host in hosts if host]
    if not hosts or "service" in given:  # else the environment would say where it leads
        return "must name the host; a socket as postgresql:///cases?host=/folder"
    if not all(map(_is_here, hosts)) and given.get("sslmode") != ["verify-full"]:
        return (
            "leads to another machine and must end in ?sslmode=verify-full, so that nobody else's "
            "server is believed"
        )
    return ""


def _is_here(host: str) -> bool:
    """Whether it is this machine: a socket's folder, or a loopback address."""
    if host.startswith("/") or host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
