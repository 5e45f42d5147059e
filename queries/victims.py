"""Whether a question counts victims alone, and the same question of victims alone.

HTCDS holds every case that somebody referred, and a trafficking status that says what became of
it. Indicators and reports count actual and possible victims unless they are told otherwise; a
question that is put together by hand counts whoever is in the data, those who turned out to be no
victims and those of unknown status, too. It goes on to mean that: here is how one sees it, and asks
the other.

    counted(table) ── VICTIMS | EVERYBODY | BY_STATUS
    of_victims(question, domains), sql_of_victims(text, domains)
"""

from dataclasses import replace
from enum import Enum

import sqlglot
from sqlglot.tokenizer_core import Token, TokenType

from corridor.queries import predicates
from corridor.queries.conditions import is_one_of
from corridor.queries.domains import Domains
from corridor.queries.predicates import Among, all_of, atoms
from corridor.queries.question import Question, TableQuestion, make_question
from corridor.queries.sql import read_sql

STATUS = "status"

VICTIM_STATUSES = ("ActualVictimOfTrafficking", "PossibleVictimOfTrafficking")
"""What indicators and reports count by default, as the catalogue says it."""

_AFTER_WHERE = frozenset({TokenType.GROUP_BY, TokenType.ORDER_BY, TokenType.LIMIT})


class Counted(Enum):
    """Who is counted in a table, by trafficking status."""

    VICTIMS = "victims"
    EVERYBODY = "everybody"
    BY_STATUS = "by status"


def counted(table: TableQuestion) -> Counted:
    """Who is counted: victims alone, whoever is in the data, or as a condition or grouping says."""
    if victims() in predicates.conjuncts(table.where):
        return Counted.VICTIMS
    named = {one.field for one in atoms(table.where)} | set(table.group_by)
    return Counted.BY_STATUS if STATUS in named else Counted.EVERYBODY


def victims() -> Among:
    """The condition: actual and possible victims."""
    found = predicates.among(STATUS, VICTIM_STATUSES)
    assert isinstance(found, Among)  # noqa: S101 - two values of one field
    return found


def counts_everybody(question: Question) -> bool:
    """Whether every table of the question counts whoever is in the data."""
    return all(counted(table) is Counted.EVERYBODY for table in question.tables)


def of_victims(question: Question, domains: Domains) -> Question:
    """The same question of actual and possible victims alone.

    Raises:
        QuestionError: the status has no such values in these domains.
    """
    condition = is_one_of(domains, domains.catalogue.fields[STATUS], list(VICTIM_STATUSES))
    return make_question(
        *(replace(table, where=all_of((table.where, condition))) for table in question.tables)
    )


def sql_of_victims(text: str, domains: Domains) -> str | None:
    """The text with the condition in each of its SELECTs; None where it cannot be put there.

    What else stands in it stays as it was written. Read again, it must be the same question of
    victims alone, with the same views; a text of which that does not hold is not given.

    Raises:
        QuestionError: the text asks nothing.
    """
    asked = read_sql(text, domains)
    if not counts_everybody(asked.question):
        return None
    found = _with_condition(text)
    again = read_sql(found, domains)
    is_same = again.question == of_victims(asked.question, domains) and again.views == asked.views
    return found if is_same else None


def _with_condition(text: str) -> str:
    """The text with the condition before each GROUP BY, ORDER BY, LIMIT, `;` or end."""
    listed = ", ".join(f"'{value}'" for value in VICTIM_STATUSES)
    condition = f"{STATUS} IN ({listed})"
    pieces, kept = list[str](), 0
    for where, end in _selects(sqlglot.tokenize(text, dialect="duckdb"), text):
        if where is None:
            pieces += [text[kept:end].rstrip(), f"\nWHERE {condition}\n"]
        else:
            inside = text[where:end].strip()
            pieces += [text[kept:where], f" ({inside}\n  ) AND {condition}\n"]
        kept = end + len(text[end:]) - len(text[end:].lstrip())
    return ("".join(pieces) + text[kept:]).rstrip()


def _selects(tokens: list[Token], text: str) -> list[tuple[int | None, int]]:
    """Of each SELECT, where the text after its WHERE begins (None without), and where it ends."""
    found: list[tuple[int | None, int]] = []
    depth, where, end, is_open = 0, None, None, False
    for token in tokens:
        depth += {TokenType.L_PAREN: 1, TokenType.R_PAREN: -1}.get(token.token_type, 0)
        if token.token_type is TokenType.SEMICOLON:
            found += [(where, token.start if end is None else end)] if is_open else []
            where, end, is_open = None, None, False
            continue
        is_open = True
        if depth == 0 and token.token_type is TokenType.WHERE:
            where = token.end + 1
        elif depth == 0 and token.token_type in _AFTER_WHERE and end is None:
            end = token.start
    return [*found, (where, len(text) if end is None else end)] if is_open else found
