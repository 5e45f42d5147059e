"""The texts of every site, and what is written of them in each language."""

import io
import re
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from corridor.pages.languages import LANGUAGES

ROOT = Path(__file__).parents[2]
PLACES = (
    "pages",
    "node/web",
    "coordinator/pictures",
    "coordinator/workbench",
    "coordinator/publications",
)
TRANSLATED = sorted(set(LANGUAGES) - {"en"})
PLACE = re.compile(r"%\(\w+\)s")
METHODS = [("**.py", "python"), ("**/templates/**.html", "jinja2")]
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "_l": None}


def said(place: str) -> set[str]:
    """Every text that pages and views say; of two forms the first."""
    found = extract_from_dir(ROOT / place, METHODS, keywords=KEYWORDS)
    return {text if isinstance(text, str) else text[0] for _, _, text, _, _ in found}


def catalogue(place: str, language: str) -> Catalog:
    path = ROOT / place / "translations" / language / "LC_MESSAGES" / "messages.po"
    return read_po(io.BytesIO(path.read_bytes()), locale=language)


def messages(place: str, language: str) -> dict[str, Message]:
    return {
        message.id if isinstance(message.id, str) else message.id[0]: message
        for message in catalogue(place, language)
        if message.id
    }


def forms(message: Message) -> tuple[str, ...]:
    """What is said; several forms where a number decides."""
    said = message.string
    return (said,) if isinstance(said, str) else tuple(said or ())
