"""Questions in SQL: a small subset, read by sqlglot and never executed.

    SELECT [fields,] measures FROM source [WHERE condition] [GROUP BY fields | sets]
    [ORDER BY COUNT(*) DESC LIMIT n] [; another such SELECT]

    sets        GROUPING SETS ((), (year), (gender, year), …), a table for each

    source      persons | corridors | legs | services
    measures    COUNT(*) | COUNT(DISTINCT person) | SUM(q) | AVG(q)
                HISTOGRAM(b) | MEDIAN(b) | QUANTILE(b, 0.9)
                SHARE(field = value) | SHARE(field IN (values)) | CHANGE(date field)
                PER_PERSON(measure, cells[, rows])
    q           a quantity | CLAMP(q, low, high)
    b           q | BANDS(q, width)
    condition   = <> < <= > >= IN BETWEEN, IS [NOT] NULL, AND OR NOT, on a field and constants

A median or quantile is read from a histogram, a share or change from counts that are grouped by one
field more; ORDER BY … LIMIT shows the largest cells. All three are *views* (`queries.views`): the
question is the histogram or table of counts, and further views of its answer are free.

Fields selected and fields grouped by must be the same, with sets those of any of them. Two measures
or sets give two tables, which share one noise budget; counts of the same persons are counted
together (`queries.joint`). So do several SELECTs, with `;` between them. PER_PERSON says in how
many cells of the table a person counts at most, and with how many rows in each; without it the
groupings say so. NULL is the value `unknown`: logic has two values here, so that
`gender <> 'Feminine'` includes those of unknown gender; a quantity that is compared is known,
except under NOT. Everything else is refused, with where it stands and what there is instead:
a part of SQL silently ignored would answer another question than was asked.

The text may come from anybody. It is bounded in length and number of tokens before it is
parsed; only SELECTs reach the parser, one by one; and of the tree every part that is not expected
is refused.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, TokenError
from sqlglot.tokenizer_core import Token, TokenType

from corridor.errors.questions import QuestionError, UnsupportedSqlError
from corridor.queries.catalogue import DomainKind, Field, Source
from corridor.queries.conditions import (
    Bound,
    histogram,
    is_above,
    is_below,
    is_between,
    is_not,
    is_one_of,
    is_unknown,
    make_table,
    quantity_bounds,
)
from corridor.queries.domains import Domains, check_grouping, check_together
from corridor.queries.predicates import Among, Predicate, all_of, any_of, negation
from corridor.queries.question import (
    MOST_GROUPINGS,
    MOST_TABLES,
    CountPersons,
    Histogram,
    Mean,
    Measure,
    Question,
    Sum,
    TableQuestion,
    make_question,
)
from corridor.queries.views import MOST_SHOWN, Change, Quantile, ShareOf, Top, View

MOST_CHARACTERS = 20_000
MOST_TOKENS = 3_000
DEEPEST = 40

_MEASURES = (
    "the measures are COUNT(*), COUNT(DISTINCT person), SUM, AVG, HISTOGRAM, MEDIAN, "
    "QUANTILE(field, 0.9), SHARE(field = value) and CHANGE(date field); PER_PERSON(measure, 3) "
    "says in how many cells a person counts at most"
)
_CONDITIONS = (
    "conditions compare a field with constants by =, <>, <, <=, >, >=, IN, BETWEEN, IS NULL"
)
_INSTEAD = {
    "order": ("ORDER BY", "write ORDER BY COUNT(*) DESC LIMIT n for the n largest cells"),
    "limit": ("LIMIT", "write ORDER BY COUNT(*) DESC LIMIT n for the n largest cells"),
    "offset": ("OFFSET", "every cell of the domain is released; cut the answer when you have it"),
    "having": ("HAVING", "filter the answer when you have it; cells have margins"),
    "joins": ("JOIN", "corridors, legs and services already have the fields of their person"),
    "distinct": ("DISTINCT", "group by the fields instead"),
    "with_": ("WITH", "write one SELECT over one table"),
    "qualify": ("QUALIFY", "filter the answer when you have it"),
    "windows": ("WINDOW", _MEASURES),
    "laterals": ("LATERAL", "write one SELECT over one table"),
    "sample": ("TABLESAMPLE", "questions are over all rows"),
    "pivots": ("PIVOT", "group by both fields and pivot the answer"),
    "rollup": ("ROLLUP", "write GROUPING SETS ((), (year), (gender, year))"),
    "cube": ("CUBE", "write GROUPING SETS ((), (year), (gender, year))"),
    "query": ("", "IN takes a list of constants"),
    "db": ("", "the tables are persons, corridors, legs and services"),
}


_PIECE = re.compile(r"'(?:[^']|'')*'|\w+|\S")
"""A word, a constant in quotes, or a sign."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What an SQL text asks: a question, and how its answer is to be seen."""

    question: Question
    views: tuple[View, ...]


def parse_sql(text: str, domains: Domains, *, max_cells: int | None = None) -> Question:
    """The question that the SQL asks, as `read_sql` reads it."""
    return read_sql(text, domains, max_cells=max_cells).question


def read_sql(text: str, domains: Domains, *, max_cells: int | None = None) -> Asked:
    """The question that the SQL asks, and the views that it names.

    Args:
        text: the SQL.
        domains: the fields and values there are.
        max_cells: m, where the default of the groupings is not wanted.

    Raises:
        UnsupportedSqlError: outside the subset; has line, column and the token.
        QuestionError: a field or value does not exist, or is misused; with line and column.
            Nothing was spent.
    """
    tables: set[TableQuestion] = set()
    views: list[View] = []
    selects = _Reader(text, domains).selects()
    for one in selects:
        reader = _Reader(one, domains)
        try:
            asked = reader.asked(max_cells)
        except RecursionError:
            raise reader.refusal(
                0, "conditions are nested too deeply", "write them flat, with IN and AND"
            ) from None
        tables.update(asked.question.tables)
        views += asked.views
        if views and len(selects) > 1:
            raise reader.refusal(
                len(one) - len(one.lstrip()),
                "a share, change, quantile or the largest cells are of one table, not of several",
                "ask one SELECT, or read it from the answer (corridor results)",
            )
        if len(tables) > MOST_TABLES:
            raise reader.refusal(
                len(one) - len(one.lstrip()),
                f"with this there are {len(tables)} tables, {MOST_TABLES} are allowed",
                "ask several questions",
            )
    return Asked(make_question(*tables), tuple(dict.fromkeys(views)))


def _members(grouping_set: exp.Expr) -> Sequence[exp.Expr]:
    """What stands in one of the GROUPING SETS: `()`, `(a, b)`, `(a)` or `a`."""
    match grouping_set:
        case exp.Tuple():
            return grouping_set.expressions
        case exp.Paren():
            return [grouping_set.this]
        case _:
            return [grouping_set]


@dataclass(frozen=True, slots=True)
class _Measured:
    """A measure and where it stands.

    Attributes:
        view: of the answer, if the measure is one.
        by: the field that the view is along, and that its table is grouped by besides.
        max_cells, max_rows: what PER_PERSON says of a person; None and 1 without it.
    """

    measure: Measure
    node: exp.Expr
    view: View | None = None
    by: Field | None = None
    max_cells: int | None = None
    max_rows: int = 1


class _Reader:
    """Reads one text. Positions are offsets into it until they are shown."""

    def __init__(self, text: str, domains: Domains) -> None:
        self._text = text
        self._domains = domains
        self._source = Source.PERSONS
        self._qualifiers: frozenset[str] = frozenset()

    def selects(self) -> list[str]:
        """The SELECTs of the text, each with blanks in place of what stands before it.

        So whatever is wrong in one of them has the place that it has in the text.
        """
        self._check_length()
        ends = [one.start for one in self._tokens() if one.token_type is TokenType.SEMICOLON]
        starts = [0, *(end + 1 for end in ends)]
        pieces = [
            re.sub(r"[^\n]", " ", self._text[:start]) + self._text[start:end]
            for start, end in zip(starts, [*ends, len(self._text)], strict=True)
        ]
        # What follows the last semicolon may be nothing; between two of them something must stand.
        while len(pieces) > 1 and not _Reader(pieces[-1], self._domains)._tokens():  # noqa: SLF001 - ours
            pieces.pop()
        if len(pieces) > MOST_TABLES:
            raise self.refusal(
                ends[MOST_TABLES - 1],
                f"there are {len(pieces)} statements, {MOST_TABLES} are allowed",
                "ask several questions",
            )
        return pieces

    def asked(self, max_cells: int | None) -> Asked:
        """Read one SELECT."""
        select = self._parse()
        self._only(select, "expressions", "from_", "where", "group", "order", "limit")
        self._read_from(select)
        sets = self._group_by(select.args.get("group"))
        measures = self._selected(
            select, {name: field for one in sets for name, field in one.items()}
        )
        where = select.args.get("where")
        conditions = [self._condition(where.this)] if where is not None else []
        views = [measured.view for measured in measures if measured.view is not None]
        if (top := self._largest(select, measures)) is not None:
            views.append(top)
        if views and len(sets) > 1:
            raise self._refused(
                select.args["group"],
                "a share, change, quantile or the largest cells are of one table, not of several",
                "group by one set of fields, or read it from the answer (corridor results)",
            )
        tables = {
            self._table(measured, conditions, grouped, max_cells)
            for measured in measures
            for grouped in sets
        }
        if len(tables) > MOST_TABLES:
            raise self._refused(
                measures[0].node,
                f"measures and groupings make {len(tables)} tables, {MOST_TABLES} are allowed",
                "ask several questions",
            )
        return Asked(make_question(*tables), tuple(dict.fromkeys(views)))

    def _table(
        self,
        measured: _Measured,
        conditions: list[Predicate],
        grouped: dict[str, Field],
        max_cells: int | None,
    ) -> TableQuestion:
        by = grouped if measured.by is None else {**grouped, measured.by.name: measured.by}
        with self._at(measured.node):
            return make_table(
                self._domains,
                self._source,
                measured.measure,
                where=conditions,
                group_by=by.values(),
                max_cells=max_cells if measured.max_cells is None else measured.max_cells,
                max_rows=measured.max_rows,
            )

    def refusal(
        self, offset: int, problem: str, remedy: str, found: str | None = None
    ) -> UnsupportedSqlError:
        """The error that says where it is."""
        line, column = self._place(offset)
        if found is None:
            rest = self._text[offset : offset + 40].split()
            found = rest[0] if rest else ""
        return UnsupportedSqlError(problem, remedy, line=line, column=column, found=found)

    def _place(self, offset: int) -> tuple[int, int]:
        before = self._text[:offset]
        return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1

    # ------------------------------------------------------------ text to tree

    def _parse(self) -> exp.Select:
        self._check_length()
        self._check_tokens(self._tokens())
        try:
            tree = sqlglot.parse_one(self._text, dialect="duckdb")
        except ParseError as error:
            raise self._from_sqlglot(error) from None
        if not isinstance(tree, exp.Select):
            raise self.refusal(
                self._find(type(tree).__name__) or 0,
                "only one SELECT can be asked",
                "write one SELECT over one table",
            )
        return tree

    def _check_length(self) -> None:
        if len(self._text) > MOST_CHARACTERS:
            raise self.refusal(
                MOST_CHARACTERS,
                f"the text has {len(self._text)} characters, {MOST_CHARACTERS} are allowed",
                "use ranges in place of long lists",
            )

    def _tokens(self) -> list[Token]:
        try:
            return sqlglot.tokenize(self._text, dialect="duckdb")
        except TokenError:
            raise self.refusal(
                max(0, len(self._text.rstrip()) - 1),
                "the text ends inside a quotation or comment",
                "close the quotation mark",
            ) from None

    def _check_tokens(self, tokens: list[Token]) -> None:
        """Refuse what must not reach the parser: no SELECT, too long, too deep."""
        if not tokens or tokens[0].token_type is not TokenType.SELECT:
            found = tokens[0].text if tokens else ""
            raise self.refusal(
                tokens[0].start if tokens else 0,
                f"a question begins with SELECT, not with {found[:40]!r}",
                "write SELECT … FROM persons, corridors, legs or services",
            )
        if len(tokens) > MOST_TOKENS:
            raise self.refusal(
                tokens[MOST_TOKENS].start,
                f"the text has more than {MOST_TOKENS} words",
                "use ranges in place of long lists",
            )
        depth = 0
        for place, token in enumerate(tokens):
            if token.text.upper() == "QUANTILE" and _commas(tokens[place + 1 :]) > 1:
                # The parser would drop what is too many, and say nothing.
                raise self.refusal(
                    token.start,
                    "QUANTILE takes a field and a number between 0 and 1",
                    "as QUANTILE(BANDS(age, 5), 0.9)",
                )
            depth += {TokenType.L_PAREN: 1, TokenType.R_PAREN: -1}.get(token.token_type, 0)
            if depth > DEEPEST:
                raise self.refusal(
                    token.start, "conditions are nested too deeply", "write them flat"
                )

    def _from_sqlglot(self, error: ParseError) -> UnsupportedSqlError:
        first = error.errors[0] if error.errors else {}
        offset = len(first.get("start_context") or "")
        found = str(first.get("highlight") or "")
        line, column = first.get("line"), first.get("col")
        refusal = self.refusal(
            offset, f"cannot be read as SQL at {found[:40]!r}", "see the example in the help", found
        )
        if isinstance(line, int) and isinstance(column, int) and found:
            # sqlglot counts to the end of the token, and shows a part of the text only.
            end = sum(len(row) + 1 for row in self._text.split("\n")[: line - 1]) + column
            refusal = self.refusal(
                max(0, end - len(found)),
                f"cannot be read as SQL at {found[:40]!r}",
                "write SELECT fields, COUNT(*) FROM table WHERE conditions GROUP BY fields",
                found,
            )
        return refusal

    # ------------------------------------------------------------ clauses

    def _read_from(self, select: exp.Select) -> None:
        clause = select.args.get("from_")
        if clause is None:
            raise self.refusal(
                len(self._text.rstrip()),
                "FROM is missing",
                "the tables are persons, corridors, legs and services",
            )
        table = clause.this
        if not isinstance(table, exp.Table) or not isinstance(table.this, exp.Identifier):
            raise self._refused(
                table, "only a table can be asked", "write one SELECT over one table"
            )
        self._only(table, "this", "alias")
        name = table.this.name.lower()
        if name not in list(Source):
            raise self._refused(
                table,
                f"there is no table {table.this.name[:40]!r}",
                "the tables are persons, corridors, legs and services",
            )
        self._source = Source(name)
        self._qualifiers = frozenset(filter(None, (name, table.alias.lower())))

    def _group_by(self, group: exp.Group | None) -> list[dict[str, Field]]:
        """The sets of fields that tables are grouped by; one of them without GROUPING SETS."""
        if group is None:
            return [{}]
        self._only(group, "expressions")
        sets = [node for node in group.expressions if isinstance(node, exp.GroupingSets)]
        if not sets:
            return [self._fields_of(group.expressions)]
        if len(group.expressions) > 1:
            raise self._refused(
                group,
                "GROUPING SETS stand beside other groupings",
                "write all of them as sets, as in GROUPING SETS ((year), (gender, year))",
            )
        if len(sets[0].expressions) > MOST_TABLES:
            raise self._refused(
                sets[0],
                f"there are {len(sets[0].expressions)} sets, {MOST_TABLES} are allowed",
                "ask several questions",
            )
        return [self._fields_of(_members(one)) for one in sets[0].expressions]

    def _fields_of(self, nodes: Sequence[exp.Expr]) -> dict[str, Field]:
        fields: dict[str, Field] = {}
        for node in nodes:
            field = self._field(node, "GROUP BY takes names of fields")
            with self._at(node):
                check_grouping(field)
                check_together([*fields.values(), field])
            fields[field.name] = field
        if len(fields) > MOST_GROUPINGS:
            raise self._refused(
                nodes[MOST_GROUPINGS],
                f"there are {len(fields)} groupings, {MOST_GROUPINGS} are allowed",
                "ask several questions",
            )
        return fields

    def _selected(self, select: exp.Select, grouped: dict[str, Field]) -> list[_Measured]:
        measures: list[_Measured] = []
        shown: set[str] = set()
        for node in select.expressions:
            bare = node.this if isinstance(node, exp.Alias) else node
            if not isinstance(bare, exp.Column):
                measures.append(self._bound(bare, grouped))
                continue
            field = self._field(bare, "SELECT takes fields and measures")
            shown.add(field.name)
            if field.name not in grouped:
                raise self._refused(
                    bare,
                    f"{field.name} is selected and not grouped by",
                    f"add it: GROUP BY {', '.join([*grouped, field.name])}",
                )
        for name in grouped:
            if name not in shown:
                raise self._refused(
                    select.args["group"],
                    f"{name} is grouped by and not selected",
                    f"add {name} after SELECT",
                )
        if not measures:
            raise self._refused(select, "nothing is measured", _MEASURES)
        return measures

    def _measured(self, node: exp.Expr, grouped: dict[str, Field]) -> _Measured:
        match node:
            case exp.Anonymous() if node.name.upper() == "HISTOGRAM":
                return _Measured(self._histogram(self._argument(node)), node)
            case exp.Median():
                self._only(node, "this")
                return _Measured(self._histogram(node.this), node, Quantile(Fraction(1, 2)))
            case exp.Quantile():
                self._only(node, "this", "quantile")
                return _Measured(self._histogram(node.this), node, self._level(node))
            case exp.Anonymous() if node.name.upper() == "SHARE":
                return self._share(node, grouped)
            case exp.Anonymous() if node.name.upper() == "CHANGE":
                field = self._field(self._argument(node), "CHANGE takes a date field, as year")
                if field.kind is not DomainKind.TIME:
                    raise self._refused(
                        node, f"{field.name} is no date field", "as in CHANGE(year)"
                    )
                return _Measured(CountPersons(), node, Change(field.name), field)
            case _:
                return _Measured(self._measure(node), node)

    def _bound(self, node: exp.Expr, grouped: dict[str, Field]) -> _Measured:
        """A measure, with what PER_PERSON around it says of a person."""
        if not (isinstance(node, exp.Anonymous) and node.name.upper() == "PER_PERSON"):
            return self._measured(node, grouped)
        if not 2 <= len(node.expressions) <= 3:
            raise self._refused(
                node,
                "PER_PERSON takes a measure, in how many cells a person counts at most, and with "
                "how many rows in each",
                "as in PER_PERSON(COUNT(*), 3)",
            )
        inner, *bounds = node.expressions
        measured = self._measured(inner, grouped)
        cells, *rows = (self._whole(one) for one in bounds)
        return replace(measured, node=node, max_cells=cells, max_rows=rows[0] if rows else 1)

    def _share(self, node: exp.Anonymous, grouped: dict[str, Field]) -> _Measured:
        condition = self._argument(node)
        if not isinstance(condition, exp.EQ | exp.In) or not isinstance(condition.this, exp.Column):
            raise self._refused(
                node, "SHARE takes one condition with = or IN", "as in SHARE(gender = 'Feminine')"
            )
        field = self._compared(condition.this)
        if field.name in grouped:
            raise self._refused(
                node,
                f"{field.name} is grouped by, so its shares are all 1",
                "group by another field",
            )
        with self._at(condition.this):
            check_grouping(field)
        predicate = self._condition(condition)
        assert isinstance(predicate, Among)  # noqa: S101 - of a field with values these two are
        return _Measured(CountPersons(), node, ShareOf(field.name, predicate.values), field)

    def _argument(self, node: exp.Anonymous) -> exp.Expr:
        if len(node.expressions) != 1:
            raise self._refused(node, f"{node.name.upper()} takes one argument", _MEASURES)
        found: exp.Expr = node.expressions[0]
        return found

    def _histogram(self, node: exp.Expr) -> Histogram:
        width = None
        inner = node
        if isinstance(node, exp.Anonymous) and node.name.upper() == "BANDS":
            if len(node.expressions) != 2:
                raise self._refused(node, "BANDS takes a field and a width", "as in BANDS(age, 5)")
            inner, width = node.expressions[0], self._whole(node.expressions[1])
        field, low, high = self._bounded(inner)
        with self._at(node):
            return histogram(field, low, high, width)

    def _level(self, node: exp.Quantile) -> Quantile:
        level = node.args.get("quantile")
        text = str(level.this) if isinstance(level, exp.Literal) and not level.is_string else ""
        if re.fullmatch(r"0?\.[0-9]{1,6}", text) is None or not float(text):
            raise self._refused(
                node, "QUANTILE takes a field and a number between 0 and 1", "as QUANTILE(age, 0.9)"
            )
        return Quantile(Fraction(text))

    def _largest(self, select: exp.Select, measures: list[_Measured]) -> Top | None:
        """ORDER BY what is counted, DESC, LIMIT n; all of it or nothing."""
        order, limit = select.args.get("order"), select.args.get("limit")
        if order is None and limit is None:
            return None
        names = {one.alias.lower() for one in select.expressions if isinstance(one, exp.Alias)}
        by = order.expressions[0] if order is not None and len(order.expressions) == 1 else None
        counted = isinstance(by, exp.Ordered) and (
            isinstance(by.this, exp.Count)
            or (isinstance(by.this, exp.Column) and by.this.name.lower() in names)
        )
        only_counts = all(
            isinstance(one.measure, CountPersons) and one.view is None for one in measures
        )
        if limit is None or by is None or not counted or not by.args.get("desc") or not only_counts:
            first = self._find("LIMIT" if order is None else "ORDER BY") or 0
            raise self.refusal(
                first,
                "only the largest counts can be chosen",
                "write ORDER BY COUNT(*) DESC LIMIT n",
            )
        self._only(limit, "expression")
        count = self._whole(limit.expression)
        if not 1 <= count <= MOST_SHOWN:
            raise self._refused(limit, f"LIMIT {count} shows none or too many", "name 1 to 1000")
        return Top(count)

    def _measure(self, node: exp.Expr) -> Measure:
        match node:
            case exp.Count():
                self._only(node, "this", "big_int")
                self._check_counted(node.this, node)
                return CountPersons()
            case exp.Sum():
                self._only(node, "this")
                return Sum(*self._quantity(node.this))
            case exp.Avg():
                self._only(node, "this")
                return Mean(*self._quantity(node.this))
            case _:
                raise self._refused(node, f"{self._words(node)} cannot be measured", _MEASURES)

    def _check_counted(self, counted: exp.Expr | None, count: exp.Count) -> None:
        if isinstance(counted, exp.Star):
            return
        if isinstance(counted, exp.Distinct) and len(counted.expressions) == 1:
            self._only(counted, "expressions")
            column = counted.expressions[0]
            if isinstance(column, exp.Column) and column.name.lower() == "person":
                return
        raise self._refused(
            counted or count,
            "only persons can be counted",
            "write COUNT(DISTINCT person) or COUNT(*), which count each person once per cell",
        )

    def _quantity(self, node: exp.Expr | None) -> tuple[str, int, int]:
        field, low, high = self._bounded(node)
        with self._at(node or exp.Null()):
            return field.name, *quantity_bounds(field, low, high)

    def _bounded(self, node: exp.Expr | None) -> tuple[Field, int | None, int | None]:
        """A field, and the numbers that CLAMP names."""
        low = high = None
        if isinstance(node, exp.Anonymous) and node.name.upper() == "CLAMP":
            if len(node.expressions) != 3:
                raise self._refused(
                    node, "CLAMP takes a field and two numbers", "as CLAMP(age, 0, 60)"
                )
            column = node.expressions[0]
            low, high = (self._whole(part) for part in node.expressions[1:])
        else:
            column = node
        if column is None:
            raise self.refusal(0, "a field is missing", _MEASURES)
        field = self._field(column, "measures take a field, or CLAMP(field, low, high)")
        return field, low, high

    # ------------------------------------------------------------ conditions

    def _condition(self, node: exp.Expr) -> Predicate:
        match node:
            case exp.Paren():
                return self._condition(node.this)
            case exp.And():
                return all_of([self._condition(part) for part in node.flatten(unnest=False)])
            case exp.Or():
                return any_of([self._condition(part) for part in node.flatten(unnest=False)])
            case exp.Not():
                return negation(self._condition(node.this))
            case _:
                return self._atom(node)

    def _atom(self, node: exp.Expr) -> Predicate:
        match node:
            case exp.In():
                return self._in(node)
            case exp.Between():
                return self._between(node)
            case exp.Is() if isinstance(node.expression, exp.Null):
                return is_unknown(self._compared(node.this))
            case exp.EQ() | exp.NEQ() | exp.LT() | exp.LTE() | exp.GT() | exp.GTE():
                return self._comparison(node)
            case _:
                raise self._refused(node, f"{self._words(node)} is no condition here", _CONDITIONS)

    def _between(self, node: exp.Between) -> Predicate:
        self._only(node, "this", "low", "high")
        field = self._compared(node.this)
        low, high = self._constant(node.args["low"]), self._constant(node.args["high"])
        with self._at(node.this):
            return is_between(self._domains, field, low, high)

    def _in(self, node: exp.In) -> Predicate:
        self._only(node, "this", "expressions")
        if not node.expressions:
            raise self._refused(
                node, "IN needs a list of constants", "as in gender IN ('Feminine')"
            )
        field = self._compared(node.this)
        parts: list[Predicate] = []
        for constant in node.expressions:
            value = self._constant(constant)
            with self._at(constant):
                parts.append(is_one_of(self._domains, field, [value]))
        return any_of(parts)

    def _comparison(self, node: exp.Binary) -> Predicate:
        left, right, kind = node.this, node.expression, type(node)
        if isinstance(right, exp.Column) and not isinstance(left, exp.Column):
            left, right, kind = right, left, _MIRRORED[kind]
        field = self._compared(left)
        value = self._constant(right)
        with self._at(right):
            return _COMPARISONS[kind](self._domains, field, value)

    # ------------------------------------------------------------ leaves

    def _field(self, node: exp.Expr, instead: str) -> Field:
        if not isinstance(node, exp.Column) or not isinstance(node.this, exp.Identifier):
            raise self._refused(node, f"{self._words(node)} is no field", instead)
        self._only(node, "this", "table")
        if node.table and node.table.lower() not in self._qualifiers:
            raise self._refused(
                node,
                f"{node.table[:40]!r} is not the table asked",
                f"it is {self._source.value}",
            )
        with self._at(node):
            return self._domains.field(node.name, self._source)

    def _compared(self, node: exp.Expr) -> Field:
        return self._field(node, _CONDITIONS)

    def _constant(self, node: exp.Expr) -> Bound:
        match node:
            case exp.Literal(is_string=True):
                return str(node.this)
            case exp.Neg() | exp.Literal():
                return self._whole(node)
            case _:
                raise self._refused(node, f"{self._words(node)} is no constant", _CONDITIONS)

    def _whole(self, node: exp.Expr) -> int:
        sign, literal = (-1, node.this) if isinstance(node, exp.Neg) else (1, node)
        text = str(literal.this) if isinstance(literal, exp.Literal) else ""
        if not text.isascii() or not text.isdigit() or len(text) > 9 or literal.is_string:
            raise self._refused(
                node, f"{self._words(node)} is no whole number", "write one, such as 18"
            )
        return sign * int(text)

    # ------------------------------------------------------------ refusing

    def _only(self, node: exp.Expr, *allowed: str) -> None:
        """Refuse a part of the node that is not expected here, whatever it is."""
        for name, part in node.args.items():
            if name in allowed or part is None or part is False or part == []:
                continue
            word, instead = _INSTEAD.get(name, ("", "leave it out"))
            offset = self._find(word)
            if offset is None:
                first = part[0] if isinstance(part, list) else part
                # A subquery's own first word has no position; what holds it has.
                inner = isinstance(first, exp.Expr) and not isinstance(first, exp.Subquery)
                offset = self._start(first if inner else node)
            raise self.refusal(offset, f"{word or self._words(node)} is not supported", instead)

    def _find(self, words: str) -> int | None:
        """Where the first of these words stands, if it does."""
        first = words.partition(" ")[0].upper()
        for token in self._tokens():
            if first and token.text.upper().partition(" ")[0] == first:
                return int(token.start)
        return None

    def _refused(self, node: exp.Expr, problem: str, remedy: str) -> UnsupportedSqlError:
        return self.refusal(self._start(node), problem, remedy)

    def _start(self, node: exp.Expr) -> int:
        """Where the node's first word stands."""
        starts = [n.meta["start"] for n in node.walk() if "start" in n.meta]
        if not starts:
            return self._find(node.sql(dialect="duckdb")) or 0
        start: int = min(starts)
        name = re.search(r"\w+\s*\(\s*$", self._text[:start])
        inside_call = isinstance(node, exp.Func) and "start" not in node.meta and name is not None
        return name.start() if inside_call and name is not None else start

    def _words(self, node: exp.Expr) -> str:
        text = node.sql(dialect="duckdb")
        return repr(text if len(text) <= 60 else text[:57] + "…")

    @contextmanager
    def _at(self, node: exp.Expr) -> Iterator[None]:
        """Put line and column before the message of an error about a field or value."""
        try:
            yield
        except UnsupportedSqlError:
            raise
        except QuestionError as error:
            start = self._start(node)
            piece = _PIECE.match(self._text, start)
            raise error.at(*self._place(start), piece[0] if piece else "") from None


def _commas(tokens: Sequence[Token]) -> int:
    """How many commas stand between the parenthesis that comes first and its end, inside none."""
    depth = found = 0
    for token in tokens:
        depth += {TokenType.L_PAREN: 1, TokenType.R_PAREN: -1}.get(token.token_type, 0)
        if not depth:
            break
        found += depth == 1 and token.token_type is TokenType.COMMA
    return found


_MIRRORED: dict[type[exp.Binary], type[exp.Binary]] = {
    exp.EQ: exp.EQ,
    exp.NEQ: exp.NEQ,
    exp.LT: exp.GT,
    exp.LTE: exp.GTE,
    exp.GT: exp.LT,
    exp.GTE: exp.LTE,
}

_COMPARISONS: dict[type[exp.Binary], Callable[[Domains, Field, Bound], Predicate]] = {
    exp.EQ: lambda domains, field, value: is_one_of(domains, field, [value]),
    exp.NEQ: is_not,
    exp.LT: is_below,
    exp.LTE: lambda domains, field, value: is_between(domains, field, None, value),
    exp.GT: is_above,
    exp.GTE: lambda domains, field, value: is_between(domains, field, value, None),
}
