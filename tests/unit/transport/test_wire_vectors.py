"""Every wire message, with every field bent: refused with the code and for the reason on record.

The vectors are in `tests/vectors/wire`, one file a message; `support.wire_vectors` makes them, and
reads from the protobuf descriptors which there must be.
"""

import json
from typing import Any

import pytest

from support.wire_samples import names_of_all_messages, samples
from support.wire_vectors import FOLDER, bent, message_types, verdict, wanted

TYPES = message_types()


def vectors_of(name: str) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = json.loads((FOLDER / f"{name}.json").read_text())
    return found


@pytest.mark.parametrize("name", sorted(TYPES))
def test_a29_every_bent_field_is_refused_for_its_own_reason_or_rightly_taken(name: str) -> None:
    vectors = vectors_of(name)
    needed = {f"{field} {bend}" for field, bend in wanted(TYPES[name])}
    assert vectors["refused"].keys() | vectors["taken"].keys() == needed
    for field, bend in wanted(TYPES[name]):
        key = f"{field} {bend}"
        assert verdict(name, field, bend) == vectors["refused"].get(key), key


@pytest.mark.parametrize("name", sorted(TYPES))
def test_what_is_taken_has_a_reason_and_what_is_refused_names_its_message(name: str) -> None:
    vectors = vectors_of(name)
    assert all(len(reason) > 5 for reason in vectors["taken"].values())
    assert all(found["refused_with"] for found in vectors["refused"].values())
    assert vectors["refused"], "no field of it can be wrong"


def test_unbent_all_samples_are_taken_and_no_message_lacks_one() -> None:
    for kind, value in samples().values():
        assert kind.decode(kind.message.FromString(kind.encode(value).SerializeToString())) == value
    assert samples().keys() == names_of_all_messages()


def test_no_vector_is_of_a_message_that_is_gone() -> None:
    assert {path.stem for path in FOLDER.iterdir()} == TYPES.keys()


def test_bending_changes_what_is_sent() -> None:
    """But for a bend that says the same: a field that is empty in every sample, or two equal."""
    kind, value = samples()["node.Acceptance"]
    honest = kind.encode(value)
    for field, bend in wanted(TYPES["Acceptance"]):
        assert bent("Acceptance", field, bend)[1] != honest, (field, bend)
