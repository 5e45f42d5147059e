"""Answers as every site of pages shows them: in pictures and words, in the reader's language.

    drawing          which pictures a table has, and what the page's script is given to draw
    table_words      what a released table shows, with its conditions
    question_words   what a question asks
    field_words      fields and their values
    base_map         the map under pictures, where an operator has another

The workbench and the pages that everybody sees have these, their templates, texts and static files
in common; here nothing knows who looks.
"""

from pathlib import Path

from flask import Blueprint

_HERE = Path(__file__).parent

STATIC = _HERE / "static"
TEXTS = _HERE / "translations"


def picture_templates() -> Blueprint:
    """Gives a site `pictures.html`, the macros that put a picture into a page."""
    return Blueprint("pictures", __name__, template_folder=str(_HERE / "templates"))
