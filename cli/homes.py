"""What commands read alike: which installation is meant, files, countries, whole numbers.

An installation is `--home DIR`, else the environment's CORRIDOR_HOME. The readers of single words
are for argparse: what they refuse is wrong usage, with exit code 2.
"""

import argparse
import os
import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

from corridor.errors.charter import MalformedCardError, MalformedCharterError
from corridor.errors.cli import NoHomeGivenError, UnreadableFileError
from corridor.errors.policy import PolicyError
from corridor.errors.receipts import MalformedReceiptError
from corridor.errors.wire import MalformedInvitationError
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


def same_home(arguments: argparse.Namespace) -> str:
    """` --home DIR` for the next command that is told, where this one needed it."""
    return "" if arguments.home is None else f" --home {shlex.quote(str(arguments.home))}"


@contextmanager
def reading(path: Path, what: str) -> Iterator[None]:
    """Name the user's file, and what it should be, in what a reader says of its content."""
    try:
        yield
    except (
        MalformedCardError,
        MalformedCharterError,
        MalformedInvitationError,
        MalformedReceiptError,
        PolicyError,
    ) as error:
        raise type(error)(f"{path} is not {what}: {error}") from error


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


def whole_from(least: int, most: int) -> Callable[[str], int]:
    """A reader of whole numbers between two ends."""

    def number(word: str) -> int:
        value = whole(word)
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"{value} is not between {least} and {most}")
        return value

    return number


def fraction(word: str) -> Fraction:
    """The exact fraction ≥ 0 in a word: 1/100, 0.01, 1e-6."""
    try:
        value = Fraction(word) if len(word) <= 40 else None
    except (ValueError, ZeroDivisionError):
        value = None
    if value is None or value < 0:
        raise argparse.ArgumentTypeError(f"{word!r} is not a fraction such as 1/100")
    return value
