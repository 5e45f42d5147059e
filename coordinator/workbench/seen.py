"""Views as they stand in an address: `?view=top:10`, `share:gender=Feminine`, `change:year`.

text_of(view) ◀──▶ parse_seen(text)
"""

from typing import assert_never

from corridor.errors.questions import ViewError
from corridor.queries.views import (
    Change,
    Quantile,
    RatioOf,
    ShareOf,
    Top,
    Trend,
    View,
    parse_change,
    parse_quantile,
    parse_ratio,
    parse_share,
)

MOST_VIEWS = 8
LONGEST = 400


def text_of(view: View) -> str:
    """How the view stands in an address."""
    match view:
        case Top(count):
            return f"top:{count}"
        case ShareOf(field, values):
            return f"share:{field}={','.join(values)}"
        case RatioOf(field, over, under):
            return f"ratio:{field}={over}/{under}"
        case Change(field, start, end):
            return f"change:{field}" + (f"={start}..{end}" if start and end else "")
        case Trend(field):
            return f"trend:{field}"
        case Quantile(level):
            return f"quantile:{level}"
        case _:
            assert_never(view)


def parse_seen(text: str) -> View:
    """The view that the text asks for.

    Raises:
        ViewError: another form. The release is as it was.
    """
    kind, _, rest = text[:LONGEST].partition(":")
    match kind:
        case "top" if rest.isascii() and rest.isdigit() and len(rest) <= 4:
            return Top(int(rest))
        case "share":
            return parse_share(rest)
        case "ratio":
            return parse_ratio(rest)
        case "change":
            return parse_change(rest)
        case "trend" if rest.strip():
            return Trend(rest.strip())
        case "quantile":
            return parse_quantile(rest)
        case _:
            raise ViewError(
                f"a view {text[:40]!r}", "write it as top:10, share:gender=Feminine or change:year"
            )
