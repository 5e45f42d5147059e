"""What a view takes and gives, said once: to read requests by, and for the API's description.

    @views.post("/forecast")
    @operation(takes=AskBody, gives=Forecast, needs=TokenScope.READ)
    def forecast() -> Response:
        '''What a question would cost and how exact it would be. Spends nothing.'''
        return jsonify(desk.forecast(read_body(AskBody).to_request()))

A view without an operation lets nobody in (`coordinator.web.access`); a test finds it before that.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from flask import Response, request
from pydantic import BaseModel, ValidationError

from corridor.coordinator.scopes import TokenScope
from corridor.errors.region import MalformedRequestError

_V = TypeVar("_V", bound=Callable[..., Any])
_M = TypeVar("_M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Raw:
    """An answer that is no JSON object of ours: a file, a text, a stream.

    Attributes:
        media_types: which it may be.
        about: what it is, in a sentence.
    """

    media_types: tuple[str, ...]
    about: str


Gives = Any
"""A type that pydantic can describe (a shape, a list of them, either of two), or `Raw`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One view, as others see it.

    Attributes:
        takes: the body; None where there is none.
        asks: what may stand in the query; None where nothing may.
        gives: the answer.
        needs: what a token must allow; None lets anybody in.
        refuses: statuses of the refusals of its own, besides those that every view has.
        headers: of the request, name and what it does, that change what happens.
        works: it takes work, so that a token may ask for fewer of them in a minute.
    """

    takes: type[BaseModel] | None
    asks: type[BaseModel] | None
    gives: Gives
    needs: TokenScope | None
    refuses: tuple[int, ...]
    headers: tuple[tuple[str, str], ...]
    works: bool


def operation(
    *,
    gives: Gives,
    needs: TokenScope | None,
    takes: type[BaseModel] | None = None,
    asks: type[BaseModel] | None = None,
    refuses: tuple[int, ...] = (),
    headers: tuple[tuple[str, str], ...] = (),
    works: bool = False,
) -> Callable[[_V], _V]:
    """Say of a view what it takes and gives."""
    said = Operation(
        takes=takes,
        asks=asks,
        gives=gives,
        needs=needs,
        refuses=refuses,
        headers=headers,
        works=works or takes is not None,
    )

    def remember(view: _V) -> _V:
        cast(Any, view).operation = said
        return view

    return remember


def operation_of(view: Callable[..., Any] | None) -> Operation | None:
    """What was said of a view; None of one that nothing was said of."""
    return getattr(view, "operation", None)


def read_body(model: type[_M]) -> _M:
    """The current request's body; an unknown key is refused, as a typing mistake.

    Raises:
        MalformedRequestError: the body is no JSON, or not such an object; says where.
    """
    try:
        return model.model_validate_json(request.get_data(), strict=True)
    except ValidationError as error:
        raise MalformedRequestError(f"the request's body: {_first(error)}") from None


def read_nothing() -> None:
    """Refuse a body that says something, where nothing is to be said; none at all will do.

    Raises:
        MalformedRequestError: it is neither empty nor an empty object.
    """
    if request.get_data().strip() not in (b"", b"{}", b"null"):
        raise MalformedRequestError("the request's body must be empty, or an empty object")


def read_query(model: type[_M]) -> _M:
    """What the current request's query says; a key that is unknown or stands twice is refused.

    Raises:
        MalformedRequestError: it is not such a query; says where.
    """
    for key, values in request.args.lists():
        if len(values) > 1:
            raise MalformedRequestError(f"the request's query has {key[:40]!r} more than once")
    try:
        return model.model_validate_strings(request.args.to_dict())
    except ValidationError as error:
        raise MalformedRequestError(f"the request's query: {_first(error)}") from None


def json_answer(data: bytes) -> Response:
    """JSON that is there already, byte for byte."""
    return Response(data, mimetype="application/json")


def _first(error: ValidationError) -> str:
    """Where the first mistake is and what it is, without repeating what came in."""
    found = error.errors(include_url=False, include_input=False, include_context=False)[0]
    where = ".".join(str(part)[:40] for part in found["loc"])
    words = found["msg"][:1].lower() + found["msg"][1:200]
    more = f" ({error.error_count()} mistakes in all)" if error.error_count() > 1 else ""
    return f"{where!r}: {words}{more}" if where else f"{words}{more}"
