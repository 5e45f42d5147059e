"""What check-ups found, as pages tell it."""

import re

from markupsafe import Markup, escape

from corridor.node.web.told import told
from corridor.pages.languages import chosen_language
from corridor.pages.refusals import said_of

_REFUSED = re.compile(r"(?P<message>.+) \[(?P<code>[a-z_]+(?:\.[a-z_]+)+)\]", re.DOTALL)


def finding(text: str) -> Markup:
    """What a check-up found, in the reader's language; a refusal by its code, as on a page."""
    found = _REFUSED.fullmatch(text)
    if found is None or chosen_language() == "en":
        return told(text)
    refusal = said_of(found["code"], found["message"])
    shown = Markup(" ").join(filter(None, (escape(refusal["local"]), told(refusal["english"]))))
    return shown + Markup(' <code dir="ltr">{}</code>').format(refusal["code"])
