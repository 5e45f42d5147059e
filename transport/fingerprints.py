"""Fingerprints for the phone: fifteen BIP-39 words that stand for the twenty bytes.

The word list has no two words that share their first four letters, and the last word holds a
checksum, so a slip of the ear is noticed.
"""

from mnemonic import Mnemonic

from corridor.protocols.cards import Fingerprint, parse_fingerprint

WORDS = 15


def spoken_fingerprint(found: Fingerprint) -> str:
    """The fifteen words."""
    return Mnemonic("english").to_mnemonic(found)


def parse_spoken_fingerprint(text: str) -> Fingerprint:
    """A fingerprint that somebody typed: fifteen words, or forty hexadecimal digits.

    Raises:
        MalformedCardError: neither. Nothing was kept.
    """
    words = text.lower().split()
    mnemonic = Mnemonic("english")
    if len(words) == WORDS and mnemonic.check(" ".join(words)):
        return Fingerprint(bytes(mnemonic.to_entropy(words)))
    return parse_fingerprint(text)
