"""Fingerprints for the phone: fifteen BIP-39 words that stand for the twenty bytes.

The word list has no two words that share their first four letters, and the last word holds a
checksum, so a slip of the ear is noticed.
"""

from mnemonic import Mnemonic

from corridor.errors.charter import MalformedCardError
from corridor.protocols.cards import Fingerprint, parse_fingerprint

WORDS = 15


def spoken_fingerprint(found: Fingerprint) -> str:
    """The fifteen words."""
    return Mnemonic("english").to_mnemonic(found)


def parse_spoken_fingerprint(text: str) -> Fingerprint:
    """A fingerprint that somebody typed: fifteen words, or forty hexadecimal digits.

    Raises:
        MalformedCardError: neither; names the word that is none. Nothing was kept.
    """
    words = text.lower().split()
    mnemonic = Mnemonic("english")
    if len(words) != WORDS:
        return parse_fingerprint(text)
    for number, word in enumerate(words, 1):
        if word not in mnemonic.wordlist:
            raise MalformedCardError(
                f"word {number} of {WORDS}, {word!r}, is none of the list; have it read again. "
                "Nothing was kept."
            )
    if not mnemonic.check(" ".join(words)):
        raise MalformedCardError(
            f"each of the {WORDS} words is in the list, and together they are no fingerprint: one "
            "was heard as another, or the order is wrong. Have all of them read again. Nothing was "
            "kept."
        )
    return Fingerprint(bytes(mnemonic.to_entropy(words)))
