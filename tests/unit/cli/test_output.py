"""Tables in a terminal and in a file: no word is broken, whatever the width."""

import io

import pytest

from corridor.cli.output import Output

COLUMNS = ("member", "name", "=since (UTC)", ">spent ρ", "label")
ROW = ("BG", "Ministry of the Interior", "2026-11-30 16:53", "≤ 0.033334", "Non-Conforming")


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def shown(out: io.StringIO) -> str:
    Output(as_json=False, out=out).table("Members", COLUMNS, [ROW])
    return out.getvalue()


@pytest.mark.parametrize("width", [20, 50, 80, 200])
def test_no_time_amount_or_word_is_cut_at_a_terminal_of_any_width(
    monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    text = shown(Terminal())
    for whole in ("2026-11-30 16:53", "≤ 0.033334", "Non-Conforming", "Ministry", "Interior"):
        assert whole in text
    assert "…" not in text


def test_a_table_that_does_not_fit_is_shown_line_by_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "50")
    assert "\nname         Ministry of the Interior\n" in shown(Terminal())


def test_a_file_has_lines_as_long_as_they_have_to_be() -> None:
    name = "anti-trafficking-coordination-unit"
    row = (*ROW[:1], name, *ROW[2:], "a" * 40)
    out = io.StringIO()
    Output(as_json=False, out=out).table("Members", (*COLUMNS, "=id"), [row])
    (line,) = (line for line in out.getvalue().splitlines() if "BG" in line)
    assert all(cell in line for cell in row)
