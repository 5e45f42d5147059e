"""What notebooks and terminals show: tables and lines, every text of elsewhere made harmless."""

from collections.abc import Iterable, Sequence
from html import escape

_LEFT, _RIGHT = "text-align:left", "text-align:right;font-variant-numeric:tabular-nums"


def html_table(
    title: str,
    headings: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    texts: int = 1,
    note: str = "",
) -> str:
    """A table with a caption; the first `texts` columns are words, the others numbers."""
    head = "".join(
        f'<th scope="col" style="{_style(place, texts)}">{escape(one)}</th>'
        for place, one in enumerate(headings)
    )
    body = "".join(
        "<tr>"
        + "".join(
            f'<td style="{_style(place, texts)}">{escape(one)}</td>'
            for place, one in enumerate(row)
        )
        + "</tr>"
        for row in rows
    )
    caption = f'<caption style="{_LEFT};font-weight:bold">{escape(title)}</caption>'
    foot = f'<p style="margin:0;opacity:0.75">{escape(note)}</p>' if note else ""
    return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{foot}"


def html_lines(lines: Iterable[str]) -> str:
    """Lines, one below another."""
    return "".join(f'<div style="{_LEFT}">{escape(line)}</div>' for line in lines)


def printable(text: str) -> str:
    """A text without what would repaint a terminal."""
    return "".join(letter if letter.isprintable() or letter == "\n" else "·" for letter in text)


def _style(place: int, texts: int) -> str:
    return _LEFT if place < texts else _RIGHT
