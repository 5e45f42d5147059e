"""How the command speaks: to people in lines and tables, to programs in one JSON document.

    out.say(text)                what happened, for people
    out.table(title, …)          figures and lists, for people
    out.progress(text)           what is being waited for; on standard error
    out.document(value)          the same result for programs; printed with --json only
    out.raw(text)                a file's content for a pipe

A command says things for people and hands over one document; `--json` decides which is seen.
What comes from elsewhere (names, labels, messages) may hold control characters with which to
repaint a terminal; they are replaced.
"""

import json
import re
import sys
from collections.abc import Iterable, Sequence
from typing import Any, TextIO

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

NARROWEST = 100
"""Columns assumed where the output is no terminal, so that a log keeps its tables whole."""

LONGEST_WORD = 40
"""What is longer is no word, and is broken where it has to be."""

BETWEEN, EDGES = 3, 2
"""Columns of a terminal between two columns of a table, and at both of its edges."""

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


class _Console(Console):
    """A console that leaves a closed pipe to `main`; rich's own ends the process with code 1."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


class Output:
    """Where one command's words go."""

    def __init__(
        self, *, as_json: bool, out: TextIO | None = None, err: TextIO | None = None
    ) -> None:
        out, err = out or sys.stdout, err or sys.stderr
        self._json = as_json
        self._out = out
        width = None if out.isatty() else NARROWEST
        self._console = _Console(file=out, width=width, highlight=False, soft_wrap=False)
        self._errors = _Console(file=err, highlight=False, soft_wrap=True)
        self._told = ""

    def say(self, text: str = "") -> None:
        """Print `text` for people, as it stands."""
        if not self._json:
            self._console.print(_text(text), soft_wrap=True)

    def raw(self, text: str) -> None:
        """Print `text` for another program to read, as it stands."""
        if not self._json:
            self._out.write(text)

    def heading(self, text: str) -> None:
        """Print a line that begins a part."""
        if not self._json:
            self._console.print()
            self._console.print(_text(text, style="bold"), soft_wrap=True)

    def table(
        self, title: str, columns: Sequence[str], rows: Iterable[Sequence[str]], note: str = ""
    ) -> None:
        """Print a table for people.

        A column whose name begins with `>` is set to the right, one that begins with `=` is never
        broken: it holds something to be pasted. No word is broken either: what is too wide for a
        terminal is shown line by line, and a file has lines as long as they have to be.
        """
        if self._json:
            return
        if title:
            self.heading(title)
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        for column in columns:
            right = column.startswith(">")
            table.add_column(
                column.lstrip(">="),
                justify="right" if right else "left",
                no_wrap=column[:1] in {">", "="},
                overflow="fold",
            )
        listed = [tuple(row) for row in rows]
        for row in listed:
            table.add_row(*(_text(cell) for cell in row))
        width = self._narrowest(table, columns, listed)
        if width <= self._console.width:
            self._console.print(table)
        elif self._out.isatty():
            self._line_by_line([column.lstrip(">=") for column in columns], listed)
        else:
            self._console.print(table, width=width, crop=False)
        if note:
            self._console.print(_text(note, style="dim"), soft_wrap=True)

    def _narrowest(self, table: Table, names: Sequence[str], rows: Sequence[Sequence[str]]) -> int:
        """The fewest columns of a terminal in which no word is broken; sets them in the table."""
        for number, (column, name) in enumerate(zip(table.columns, names, strict=True)):
            texts = [name.lstrip(">="), *(row[number] for row in rows)]
            if name[:1] in {">", "="}:
                column.min_width = max(map(cell_len, texts))
            else:
                words = (cell_len(word) for text in texts for word in text.split())
                column.min_width = min(max(words, default=0), LONGEST_WORD)
        least = sum(column.min_width or 0 for column in table.columns)
        return least + BETWEEN * (len(table.columns) - 1) + EDGES

    def _line_by_line(self, names: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """A table too wide for the terminal: each row as a block."""
        longest = max(map(cell_len, names))
        for row in rows:
            self._console.print()
            for name, value in zip(names, row, strict=True):
                label = name + " " * (longest - cell_len(name))
                self._console.print(_text(f"{label}  {value}"), soft_wrap=True)

    def progress(self, text: str) -> None:
        """Tell on standard error what is being waited for; a repetition is not told."""
        if text != self._told:
            self._told = text
            self._errors.print(_text(text, style="dim"))

    def refusal(self, code: str, message: str) -> None:
        """Tell why the command failed: the words, and the code that never changes."""
        if self._json:
            self.document({"error": {"code": code, "message": message}})
        else:
            self._errors.print(_text(f"{message} [{code}]", style="red"))

    def document(self, value: Any) -> None:
        """Print `value` as JSON, with --json only."""
        if self._json:
            json.dump(value, self._out, indent=2, ensure_ascii=False, sort_keys=False)
            self._out.write("\n")


def _text(words: str, style: str = "") -> Text:
    """`words` as a terminal cannot be led astray by."""
    return Text(_CONTROL.sub("\N{REPLACEMENT CHARACTER}", words), style=style)
