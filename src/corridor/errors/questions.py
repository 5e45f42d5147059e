"""Errors of questions: what was asked cannot be read, compiled or afforded.

Every one of them is raised before any data is touched. Nothing was spent.
"""

from collections.abc import Sequence
from typing import Self

from corridor.errors import InvalidInputError, NotFoundError, RefusedError

_NOTHING = "Nothing was spent."


class QuestionError(InvalidInputError):
    """What was asked is not a question that can be answered. Nothing was spent.

    Attributes:
        line, column: of a question in SQL, where the piece stands that is meant, from 1; else 0.
        found: the piece.
    """

    code = "question.invalid"
    line = 0
    column = 0
    found = ""

    def __init__(self, problem: str, remedy: str = "") -> None:
        text = f"{problem}; {remedy}" if remedy else problem
        super().__init__(f"{text}{'' if text.endswith('?') else '.'} {_NOTHING}")
        self.problem = problem
        self.remedy = remedy

    def at(self, line: int, column: int, found: str) -> Self:
        """The same error, which says where in the SQL it is."""
        moved = type(self)(f"line {line}, column {column}: {self.problem}", self.remedy)
        moved.line, moved.column, moved.found = line, column, found
        return moved


class MalformedQuestionError(QuestionError):
    """Bytes that should be a canonical question are not. Nothing was read or spent."""

    code = "question.malformed"


class UnknownFieldError(QuestionError):
    """A field is named that the catalogue does not have, or not over this table."""

    code = "question.unknown_field"


class UnknownValueError(QuestionError):
    """A value is named that the field's domain does not have."""

    code = "question.unknown_value"


class MisusedFieldError(QuestionError):
    """A field is used in a way that its kind does not allow."""

    code = "question.misused_field"


class OutOfRangeError(QuestionError):
    """A bound of the question is outside what the field or the language allows."""

    code = "question.out_of_range"


class NoSeriesError(QuestionError):
    """What was asked cannot be a standing series. Nothing was spent."""

    code = "question.no_series"


class SeriesInPastError(QuestionError):
    """A series was to start in a month that is over.

    Its first release would count everybody known so far, and say that they came in that month.
    """

    code = "question.series_in_past"

    def __init__(self, start: str, this_month: str) -> None:
        super().__init__(
            f"a series cannot start in {start}, which is over",
            f"start it in {this_month} or later; what came before is another question",
        )


class EmptyQuestionError(QuestionError):
    """The conditions contradict each other: no row could ever satisfy them."""

    code = "question.no_cell_left"


class UnsupportedSqlError(QuestionError):
    """SQL that is not in the subset.

    Attributes:
        line, column: where the token stands that was met, both from 1.
        found: the token.
    """

    code = "question.unsupported_sql"

    def __init__(self, problem: str, remedy: str, *, line: int, column: int, found: str) -> None:
        super().__init__(f"line {line}, column {column}: {problem}", remedy)
        self.line = line
        self.column = column
        self.found = found


class ContradictoryGroupingsError(QuestionError):
    """A table is grouped by one thing at two levels, as by year and month."""

    code = "question.contradictory_groupings"


class TooManyCellsError(RefusedError):
    """The answer would have more cells than the charter allows. Nothing was spent."""

    code = "question.too_many_cells"

    def __init__(self, *, cells: int, ceiling: int, largest: str, values: int) -> None:
        super().__init__(
            f"the question has {cells:,} cells, {ceiling:,} are allowed; the largest grouping is "
            f"{largest} with {values:,} values: leave it out, or name the values you need in "
            f"WHERE. {_NOTHING}"
        )
        self.cells = cells
        self.ceiling = ceiling


class MagnitudeTooLargeError(RefusedError):
    """Sums could grow past the largest ring. Nothing was spent."""

    code = "question.magnitude_too_large"

    def __init__(self, *, bits: int) -> None:
        super().__init__(
            f"the sum over all nodes may need {bits} bits, more than the 64 of the largest ring; "
            f"ask with a narrower range or a larger ρ. {_NOTHING}"
        )


class RhoOutOfRangeError(RefusedError):
    """ρ is zero, or above what the charter allows for one question. Nothing was spent."""

    code = "question.rho_out_of_range"

    def __init__(self, *, rho: str, ceiling: str) -> None:
        super().__init__(
            f"ρ = {rho} is not allowed: it must be above 0 and at most {ceiling}, the charter's "
            f"ceiling for one question. Ask with a ρ in this range. {_NOTHING}"
        )


class TooFewNodesError(RefusedError):
    """Fewer nodes would take part than the charter demands. Nothing was spent."""

    code = "question.too_few_nodes"

    def __init__(self, *, roster: int, needed: int) -> None:
        super().__init__(
            f"{roster} nodes would take part, the charter demands at least {needed}; ask again "
            f"when more nodes are connected. {_NOTHING}"
        )
        self.roster = roster
        self.needed = needed


class NoAccuracyError(QuestionError):
    """Nothing says how exact the answer shall be, or what it may cost. Nothing was spent."""

    code = "question.no_accuracy"

    def __init__(self, usual: str, rho: str | None, part: int | None) -> None:
        """Show both ways, and what a usual accuracy would cost: ρ, and of what is left in %."""
        share = "" if part is None else f", {part} % of what the authority with the least has left"
        price = "more than can be paid" if rho is None else f"every node ρ = {rho}{share}"
        super().__init__(
            "the question does not say how exact the answer shall be, or what it may cost",
            'name one of them: an accuracy (--accuracy "±20": each cell, at 95 %) or a price '
            f"(--rho 1/200). As a measure: {usual} would cost {price}; `corridor forecast` says "
            "what another would",
        )


class UnsupportedAccuracyError(QuestionError):
    """An accuracy is asked for in a form that is not supported."""

    code = "question.unsupported_accuracy"


class AccuracyTooDearError(RefusedError):
    """An accuracy costs more ρ than the charter or the nodes' allowances let a question cost.

    Nothing was spent. The message says which accuracy could be paid for.
    """

    code = "question.accuracy_too_dear"

    def __init__(self, *, asked: str, rho: str, limit: str, instead: str) -> None:
        remedy = (
            f"ask for {instead}, which can be paid, or a coarser question"
            if instead
            else "nothing can be paid now; what was released stays free (corridor results)"
        )
        super().__init__(
            f"accuracy {asked} would cost ρ = {rho}, more than {limit}; {remedy}. {_NOTHING}"
        )
        self.instead = instead


class MalformedRhoError(QuestionError):
    """A ρ that was typed is no number from which one could compute."""

    code = "question.malformed_rho"

    def __init__(self, text: str, problem: str) -> None:
        super().__init__(
            f"ρ {text[:40]!r} {problem}", "write a fraction or decimal above 0, as 1/100 or 0.01"
        )


class ViewError(InvalidInputError):
    """A view was asked for that no table of the answer has, or that is written wrongly.

    Nothing was spent; the release is as it was.
    """

    code = "view.does_not_fit"

    def __init__(self, wanted: str, remedy: str) -> None:
        super().__init__(f"{wanted} cannot be shown; {remedy}. The release is as it was.")


class UnknownIndicatorError(NotFoundError):
    """No indicator goes by that name. Nothing was spent."""

    code = "indicator.unknown"

    def __init__(self, *, name: str, near: Sequence[str], known: Sequence[str]) -> None:
        hint = f"did you mean {' or '.join(near)}?" if near else f"they are {', '.join(known)}."
        super().__init__(f"there is no indicator {name[:60]!r}; {hint} {_NOTHING}")


class UnavailableIndicatorError(RefusedError):
    """The indicator needs a measure that is not built yet. Nothing was spent."""

    code = "indicator.not_available"

    def __init__(self, *, name: str, missing: str) -> None:
        super().__init__(
            f"indicator {name}: needs {missing}, which is not built yet; until then ask with the "
            f"measures that exist: counts, sums and means. {_NOTHING}"
        )


class IndicatorParameterError(QuestionError):
    """An indicator's parameter is unknown, missing or malformed."""

    code = "indicator.parameter"
