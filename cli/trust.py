"""`--trust CC=FINGERPRINT`: what somebody confirmed of a member, outside of Corridor."""

from collections.abc import Iterable

from corridor.errors.charter import MalformedCardError
from corridor.errors.cli import BadTrustError
from corridor.ids import CountryCode, is_country_code
from corridor.protocols.cards import Fingerprint
from corridor.transport.fingerprints import parse_spoken_fingerprint


def trust_of(texts: Iterable[str]) -> dict[CountryCode, Fingerprint]:
    """The fingerprints given, by country; hexadecimal digits or the words.

    Raises:
        BadTrustError: one is not CC=FINGERPRINT, or its fingerprint cannot be read.
    """
    return dict(map(_trust, texts))


def _trust(text: str) -> tuple[CountryCode, Fingerprint]:
    country, equals, words = text.partition("=")
    if not equals or not words or not is_country_code(country):
        raise BadTrustError(text, "is not CC=FINGERPRINT, as in BG=3F2A-…")
    try:
        return country, parse_spoken_fingerprint(words)
    except MalformedCardError as error:
        raise BadTrustError(text, str(error).removesuffix(" Nothing was kept.")) from error
