"""Opens a region for a person who programs; commands use `client.app`, which loads far less."""

import secrets
import time
from importlib.resources import files
from pathlib import Path

from corridor.client.app import connect, load_credentials
from corridor.client.connection import Credentials
from corridor.client.region import Region
from corridor.queries.catalogue import parse_catalogue


def open_region(
    url: str | None = None,
    token: str | None = None,
    *,
    ca_fingerprint: str = "",
    credentials: Path | None = None,
) -> Region:
    """A region to ask, by its address and a token, or by what `corridor login` remembers.

    Args:
        url: `https://host:port`; without it the credentials that were remembered.
        token: a secret of the analyst's own.
        ca_fingerprint: of the coordinator's certificate authority, which is pinned.
        credentials: a file of credentials other than the usual one.

    Raises:
        NotLoggedInError: neither an address was given, nor anything remembered.
        BadAddressError: the token would travel in clear, or nothing is pinned.
        CorridorError: the server does not show the certificate authority that was pinned.
    """
    if url is None:
        found = load_credentials(credentials)
    else:
        found = Credentials(url, token or "", ca_fingerprint)
    return Region(
        connection=connect(found),
        read_catalogue=lambda: parse_catalogue(_read_data),
        pause=time.sleep,
        new_key=lambda: secrets.token_hex(16),
    )


def _read_data(name: str) -> str:
    return (files("corridor.queries") / "data" / name).read_text("utf-8")
