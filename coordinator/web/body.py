"""Reading a request: the JSON object of its body and the numbers of its query, one at a time."""

import json
from collections.abc import Mapping
from typing import Any

from flask import request

from corridor.errors.region import MalformedRequestError


class Body:
    """The object in the current request's body; an unknown key is refused, as a typing mistake.

    Raises:
        MalformedRequestError: the body is no JSON object, or has a key that is not in `keys`.
    """

    def __init__(self, *keys: str) -> None:
        try:
            value = json.loads(request.get_data())
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, dict):
            raise MalformedRequestError("the request's body must be a JSON object")
        for key in value:
            if key not in keys:
                raise MalformedRequestError(
                    f"the request has a key {key[:40]!r}; it may have {', '.join(sorted(keys))}"
                )
        self._value: dict[str, Any] = value

    def text(self, key: str, default: str | None = None) -> str:
        """A text; required where there is no default.

        Raises:
            MalformedRequestError: missing, or no text.
        """
        value = self._value.get(key, default)
        if not isinstance(value, str):
            raise MalformedRequestError(f"the request's {key!r} is missing or is no text")
        return value

    def text_or_none(self, key: str) -> str | None:
        """A text, or None where the key is missing or null.

        Raises:
            MalformedRequestError: no text.
        """
        return None if self._value.get(key) is None else self.text(key)

    def whole_or_none(self, key: str) -> int | None:
        """A whole number, or None where the key is missing or null.

        Raises:
            MalformedRequestError: something else.
        """
        value = self._value.get(key)
        if value is not None and type(value) is not int:
            raise MalformedRequestError(f"the request's {key!r} must be a whole number")
        return value

    def octets(self, key: str) -> bytes:
        """Bytes, written in hexadecimal.

        Raises:
            MalformedRequestError: missing, or something else.
        """
        try:
            return bytes.fromhex(self.text(key))
        except ValueError as error:
            raise MalformedRequestError(f"the request's {key!r} must be hexadecimal") from error

    def object_or_none(self, key: str) -> Mapping[str, Any] | None:
        """An object, or None where the key is missing or null.

        Raises:
            MalformedRequestError: no object.
        """
        value = self._value.get(key)
        if value is not None and not isinstance(value, dict):
            raise MalformedRequestError(f"the request's {key!r} must be an object")
        return value


def read_size(key: str) -> int:
    """A whole number of the request's query, from 0 on; required.

    Raises:
        MalformedRequestError: missing, or no such number.
    """
    text = request.args.get(key, "")
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise MalformedRequestError(f"the request's {key!r} is missing or is no whole number")
    return int(text)
