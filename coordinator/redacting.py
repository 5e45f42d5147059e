"""A release's document without why it was asked for and by whom, and without reading the rest.

A large release has tens of megabytes of JSON. To read and write them takes seconds in which nothing
else happens in the process, no round of an attempt either: and whoever looks at a published release
needs no account. So the two texts are cut out of the bytes.

Why what is cut out is the document's own: its heading (`store.heading_of`) is written as the
document is, so each key stands in the document with the bytes of the heading; and where these bytes
stand there once, they are that key's. Within a text they cannot stand, since there a quotation mark
has a backslash before it. Where they stand twice, the document is read.
"""

import json
from collections.abc import Mapping
from typing import Any


def emptied(document: bytes, heading: Mapping[str, Any], keys: frozenset[str]) -> bytes:
    """The document with empty texts under these keys of its own."""
    return _changed(document, heading, dict.fromkeys(sorted(keys), ""))


def without(document: bytes, heading: Mapping[str, Any], keys: frozenset[str]) -> bytes:
    """The document without these keys of its own."""
    return _changed(document, heading, dict.fromkeys(sorted(keys)))


def _changed(document: bytes, heading: Mapping[str, Any], texts: Mapping[str, str | None]) -> bytes:
    changed = document
    for key, text in texts.items():
        if key not in heading:
            return _read_and_changed(document, texts)
        member = _member(key, heading[key])
        if changed.count(member) != 1:
            return _read_and_changed(document, texts)
        if text is not None:
            changed = changed.replace(member, _member(key, text))
        elif b"," + member in changed:
            changed = changed.replace(b"," + member, b"")
        elif member + b"," in changed:
            changed = changed.replace(member + b",", b"")
        else:  # it has nothing else
            return _read_and_changed(document, texts)
    return changed


def _read_and_changed(document: bytes, texts: Mapping[str, str | None]) -> bytes:
    found = json.loads(document)
    for key, text in texts.items():
        if text is None:
            found.pop(key, None)
        else:
            found[key] = text
    return _written(found)


def _member(key: str, value: Any) -> bytes:
    return _written(key) + b":" + _written(value)


def _written(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
