"""What commands read alike: which installation is meant, files, countries, whole numbers.

An installation is `--home DIR`, else the environment's CORRIDOR_HOME. The readers of single words
are for argparse: what they refuse is wrong usage, with exit code 2.
"""

import argparse
import os
from fractions import Fraction
from pathlib import Path

from corridor.errors.cli import NoHomeGivenError, UnreadableFileError
from corridor.ids import CountryCode, is_country_code


def home_of(arguments: argparse.Namespace) -> Path:
    """The folder that `--home` or CORRIDOR_HOME names.

    Raises:
        NoHomeGivenError: neither does.
    """
    if arguments.home is not None:
        return Path(arguments.home)
    named = os.environ.get("CORRIDOR_HOME")
    if not named:
        raise NoHomeGivenError
    return Path(named)


def read_file(path: Path) -> bytes:
    """The bytes of a file that the user named.

    Raises:
        UnreadableFileError: it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise UnreadableFileError(str(path), error.strerror or "cannot be read") from error


def country_of(word: str) -> CountryCode:
    """The country code in a word, such as MD."""
    if not is_country_code(word):
        raise argparse.ArgumentTypeError(f"{word!r} is not two capital letters, as in MD")
    return word


def countries_of(word: str) -> tuple[CountryCode, ...]:
    """The country codes in a word, such as MD,RO,UA."""
    return tuple(country_of(part.strip()) for part in word.split(","))


def whole(word: str) -> int:
    """The whole number ≥ 0 in a word."""
    if not word.isascii() or not word.isdigit() or len(word) > 12:
        raise argparse.ArgumentTypeError(f"{word!r} is not a whole number")
    return int(word)


def fraction(word: str) -> Fraction:
    """The exact fraction ≥ 0 in a word: 1/100, 0.01, 1e-6."""
    try:
        value = Fraction(word) if len(word) <= 40 else None
    except (ValueError, ZeroDivisionError):
        value = None
    if value is None or value < 0:
        raise argparse.ArgumentTypeError(f"{word!r} is not a fraction such as 1/100")
    return value
