"""Whose each signing key was in the charters that were ever in force here.

`key-holders.json` only grows. The charter in force lists the keys of its members alone: without
this file, a key of a member that is left out for a while could be claimed as the past of another
country, and with it the ledger that witnesses hold under it.
"""

import re
from collections.abc import Mapping

from corridor.errors.charter import MalformedCharterError
from corridor.files import write_atomically
from corridor.ids import CountryCode, PublicKey, is_country_code
from corridor.node.home import Home
from corridor.protocols import canonical
from corridor.protocols.charter import Charter
from corridor.protocols.fields import decode

_KEY = re.compile("[0-9a-f]{64}")


def read_holders(home: Home) -> Mapping[PublicKey, CountryCode]:
    """The country of each key that `remember_holders` was told of.

    Raises:
        MalformedCharterError: the file was changed. Nothing was accepted.
    """
    path = home.key_holders
    if not path.exists():
        return {}
    found = decode(path.read_bytes(), path.name, MalformedCharterError)
    holders: dict[PublicKey, CountryCode] = {}
    for raw, country in found.items() if isinstance(found, dict) else [("", None)]:
        if not _KEY.fullmatch(raw) or not isinstance(country, str) or not is_country_code(country):
            raise MalformedCharterError(
                f"{path.name}: is not a list of keys with their countries; it was changed. Nothing "
                "was accepted. Put it back from the backup."
            )
        holders[PublicKey(bytes.fromhex(raw))] = CountryCode(country)
    return holders


def holders_in(charter: Charter) -> Mapping[PublicKey, CountryCode]:
    """The country of each signing key that the charter lists, with those of before."""
    return {key: member.country for member in charter.members for key in member.keys}


def remember_holders(home: Home, charter: Charter) -> None:
    """Add the keys of a charter that comes into force; what is known already stays.

    Raises:
        MalformedCharterError: as `read_holders`.
        CorridorError: a disk that refuses. What was known stays.
    """
    known = read_holders(home)
    both = {**holders_in(charter), **known}
    if both != known:
        raw = canonical.encode({key.hex(): country for key, country in sorted(both.items())})
        write_atomically(home.key_holders, raw)
