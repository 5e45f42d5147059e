"""Several questions asked as one that shares one budget, and what that saves.

Tables that count the same persons from several sides pay once when they are asked together
(`queries.joint`); those that do not still come in one question, each with its part. What both ways
cost is forecast before anything is asked; a forecast spends nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from corridor.coordinator.question_desk import AskRequest, QuestionDesk
from corridor.errors.publications import MalformedBoardError
from corridor.protocols import canonical
from corridor.queries.question import MOST_TABLES, make_question, parse_question

Shown = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sharing:
    """Both ways, forecast.

    Attributes:
        alone: each question by itself; together: all as one; as the API shows forecasts.
    """

    alone: tuple[Shown, ...]
    together: Shown

    @property
    def rho_alone(self) -> Fraction:
        """What asking one by one would cost; what was answered already costs nothing."""
        return sum(map(_cost, self.alone), Fraction(0))

    @property
    def rho_together(self) -> Fraction:
        """What asking them as one costs."""
        return _cost(self.together)

    @property
    def saved(self) -> Fraction:
        """What is saved, as a part of the first; below 0 where asking together costs more.

        0 where the first costs nothing.
        """
        return 1 - self.rho_together / self.rho_alone if self.rho_alone else Fraction(0)


def _cost(forecast: Shown) -> Fraction:
    return Fraction(0) if forecast["free_release"] else Fraction(forecast["rho"])


def questions_in(text: str) -> tuple[str, ...]:
    """The questions of a text in which each ends with `;` or an empty line."""
    lines = "\n".join(line.strip() for line in text.replace("\r", "").split("\n"))
    return tuple(
        kept
        for part in lines.replace(";", "\n\n").split("\n\n")
        if (kept := " ".join(part.split()))
    )


def forecast_together(desk: QuestionDesk, asked: Sequence[str], accuracy: str) -> Sharing:
    """What these questions (SQL) cost one by one, and as one question, each at this accuracy.

    Raises:
        MalformedBoardError: they are too few or too many to be put together.
        CorridorError: one of them could not be asked, and why. Nothing was spent.
    """
    return _together(desk, [_request(accuracy, sql=one) for one in asked], accuracy)


def forecast_again(
    desk: QuestionDesk, questions: Sequence[Mapping[str, Any]], accuracy: str
) -> Sharing:
    """The same of questions that were answered before, in canonical form.

    Raises:
        MalformedBoardError, CorridorError: as `forecast_together`.
    """
    asked = [_request(accuracy, question=one) for one in questions]
    return _together(desk, asked, accuracy)


def _together(desk: QuestionDesk, asked: Sequence[AskRequest], accuracy: str) -> Sharing:
    if not 2 <= len(asked) <= MOST_TABLES:
        raise MalformedBoardError(f"write 2 to {MOST_TABLES} questions, an empty line between them")
    alone = [desk.forecast(one) for one in asked]
    tables = [
        table for one in alone for table in parse_question(canonical.encode(one["question"])).tables
    ]
    if len(tables) > MOST_TABLES:
        raise MalformedBoardError(f"together they have {len(tables)} tables, at most {MOST_TABLES}")
    together = canonical.decode(make_question(*tables).encode(), "question")
    assert isinstance(together, dict)  # noqa: S101 - what a question encodes to
    return Sharing(
        alone=tuple(alone), together=desk.forecast(_request(accuracy, question=together))
    )


def _request(accuracy: str, **face: Any) -> AskRequest:
    return AskRequest(parameters={}, accuracy=accuracy, **face)
