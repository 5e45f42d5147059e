"""Wires the client: where credentials lie, and how the coordinator's certificate is pinned.

Credentials are one small file for the user alone: `CORRIDOR_CREDENTIALS`, else
`~/.config/corridor/credentials.json`.
"""

import json
import os
import ssl
from pathlib import Path
from urllib.parse import urlsplit

from corridor.client.connection import Connection, Credentials
from corridor.errors.client import BadAddressError, DamagedCredentialsError, NotLoggedInError
from corridor.files import make_private_folder, write_atomically
from corridor.transport.certificates import fetch_pinned_authority, pinned_context


def credentials_path() -> Path:
    """Where this user's credentials lie."""
    named = os.environ.get("CORRIDOR_CREDENTIALS")
    return Path(named) if named else Path.home() / ".config" / "corridor" / "credentials.json"


def save_credentials(credentials: Credentials, path: Path | None = None) -> Path:
    """Remember `credentials` for the next commands, or in the file named; gives its path."""
    path = path or credentials_path()
    make_private_folder(path.parent)
    document = {
        "url": credentials.url,
        "token": credentials.token,
        "ca_fingerprint": credentials.ca_fingerprint,
    }
    write_atomically(path, json.dumps(document, indent=2).encode())
    return path


def load_credentials(path: Path | None = None) -> Credentials:
    """What `save_credentials` remembered, in its usual place or in the file named.

    Raises:
        NotLoggedInError: nothing was.
        DamagedCredentialsError: the file is something else.
    """
    path = path or credentials_path()
    if not path.exists():
        raise NotLoggedInError
    try:
        values = json.loads(path.read_text("utf-8"))
        url, token, pinned = (values[name] for name in ("url", "token", "ca_fingerprint"))
        return Credentials(str(url), str(token), str(pinned))
    except (ValueError, KeyError, TypeError, BadAddressError) as error:
        raise DamagedCredentialsError(str(path)) from error


def connect(credentials: Credentials) -> Connection:
    """A connection to the region; nothing is sent before the first question to it.

    Raises:
        CorridorError: the server does not show the certificate authority that was pinned.
    """
    return Connection(credentials, _tls(credentials))


def _tls(credentials: Credentials) -> ssl.SSLContext | None:
    parts = urlsplit(credentials.url)
    if parts.scheme == "http":
        return None
    host, port = parts.hostname or "", parts.port or 443
    authority = fetch_pinned_authority(host, port, credentials.ca_fingerprint)
    return pinned_context(authority)
