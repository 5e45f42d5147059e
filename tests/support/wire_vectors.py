"""Every field of every wire message, bent in each way that its type knows.

The messages and their fields are read from the protobuf descriptors, so a message or a field that
is added has no vectors yet, and `tests/unit/transport/test_wire_vectors.py` fails until it has:

    PYTHONPATH=tests python -m support.wire_vectors

writes `tests/vectors/wire` anew, with what the codec answers now. Read the difference: an entry of
"refused" pins code and reason, an entry of "taken" needs a reason why nothing is wrong with it.
"""

import json
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from corridor.errors import CorridorError
from corridor.wire.v1 import attempt_pb2, common_pb2, exchange_pb2, membership_pb2
from support.wire_samples import Kind, samples

FOLDER = Path(__file__).parents[1] / "vectors" / "wire"
FILES = (common_pb2, attempt_pb2, exchange_pb2, membership_pb2)
MANY = 5000
"""Longer than any list, word or name may be."""

BENDS: dict[int, tuple[str, ...]] = {
    FieldDescriptor.TYPE_BYTES: ("missing", "one_short", "one_long", "over_long"),
    FieldDescriptor.TYPE_STRING: ("missing", "control_character", "over_long"),
    FieldDescriptor.TYPE_UINT32: ("zero", "largest"),
    FieldDescriptor.TYPE_UINT64: ("zero", "largest"),
    FieldDescriptor.TYPE_ENUM: ("unspecified", "unknown"),
    FieldDescriptor.TYPE_BOOL: ("other",),
    FieldDescriptor.TYPE_MESSAGE: ("missing",),
}
LISTS = ("none", "twice", "out_of_order", "over_long")
_OTHERWISE_EMPTY = {"complaints": ("AF", "AG")}
"""What stands in a list that no sample fills."""

OCTETS = 2 * 1024 * 1024
"""Longer than any field of bytes may be."""


def message_types() -> dict[str, Descriptor]:
    """Every message of the wire, by name."""
    return {
        name: descriptor
        for module in FILES
        for name, descriptor in module.DESCRIPTOR.message_types_by_name.items()
    }


@cache
def carrier(name: str, field: str) -> tuple[str, int]:
    """The first sample in which a message of that name has something in that field.

    Gives the sample's name, and which of the messages in it that is.
    """
    found: tuple[str, int] | None = None
    for sample, (kind, value) in sorted(samples().items()):
        for place, one in enumerate(within(kind.encode(value))):
            if one.DESCRIPTOR.name == name:
                found = found or (sample, place)
                known = one.DESCRIPTOR.fields_by_name.get(field)
                if known is None or known in [field for field, _ in one.ListFields()]:
                    return sample, place
    assert found is not None, f"{name}: no sample holds one; see support.wire_samples"
    return found


def within(message: Message) -> Iterator[Message]:
    """The message and those that it holds."""
    yield message
    for field, value in message.ListFields():
        if field.type == FieldDescriptor.TYPE_MESSAGE:
            for one in value if field.is_repeated else (value,):
                yield from within(one)


def bends_of(field: FieldDescriptor) -> tuple[str, ...]:
    """The ways to bend a field of this type; the fields of a oneof are each other's alternative."""
    if field.is_repeated:
        inner = () if field.type == FieldDescriptor.TYPE_MESSAGE else BENDS[field.type]
        return LISTS + tuple(f"its_first_{bend}" for bend in inner if bend != "over_long")
    return BENDS[field.type]


def wanted(descriptor: Descriptor) -> list[tuple[str, str]]:
    """Field and bend of every vector that the message must have."""
    fields = [field for field in descriptor.fields if field.containing_oneof is None]
    oneofs = [(oneof.name, "missing") for oneof in descriptor.oneofs]
    return [(field.name, bend) for field in fields for bend in bends_of(field)] + oneofs


def bent(name: str, field_name: str, bend: str) -> tuple[Kind, Message]:
    """The sample that carries a message of that name, with one of its fields bent."""
    sample, place = carrier(name, field_name)
    kind, value = samples()[sample]
    whole = kind.encode(value)
    message = list(within(whole))[place]
    if field_name in message.DESCRIPTOR.oneofs_by_name:
        present = message.WhichOneof(field_name)
        assert present is not None
        message.ClearField(present)
        return kind, whole
    field = message.DESCRIPTOR.fields_by_name[field_name]
    if field.is_repeated:
        items = getattr(message, field_name)
        if not items:
            items.extend(_OTHERWISE_EMPTY[field_name])
        _bend_list(items, bend)
    elif bend == "missing":
        message.ClearField(field_name)
    else:
        largest = 2**32 - 1 if field.type == FieldDescriptor.TYPE_UINT32 else 2**64 - 1
        value = getattr(message, field_name)
        setattr(message, field_name, largest if bend == "largest" else _bent_value(value, bend))
    return kind, whole


def _bend_list(items: Any, bend: str) -> None:
    held = list(items)
    match bend:
        case "none":
            held = []
        case "twice":
            held = [held[0], *held]
        case "out_of_order":
            held.reverse()
        case "over_long":
            held = (held * MANY)[:MANY]
        case _:
            held[0] = _bent_value(held[0], bend.removeprefix("its_first_"))
    del items[:]
    items.extend(held)


def _bent_value(value: Any, bend: str) -> Any:
    if bend in {"missing", "zero", "unspecified"}:
        return type(value)()
    longer = bytes(OCTETS) if isinstance(value, bytes) else "A" * MANY
    bends: dict[str, Callable[[], Any]] = {
        "one_short": lambda: value[:-1],
        "one_long": lambda: value + b"\0",
        "over_long": lambda: value + longer,
        "control_character": lambda: value + "\x1b[2J",
        "unknown": lambda: 99,
        "other": lambda: not value,
    }
    return bends[bend]()


def verdict(name: str, field: str, bend: str) -> dict[str, str] | None:
    """Code and reason of the refusal, or None where the message is taken."""
    kind, message = bent(name, field, bend)
    try:
        kind.decode(kind.message.FromString(message.SerializeToString()))
    except CorridorError as refusal:
        return {"refused_with": refusal.code, "because": str(refusal).split(";")[0]}
    return None


def write() -> None:
    """Write all vectors, with the reasons that were given before."""
    FOLDER.mkdir(exist_ok=True)
    for name, descriptor in message_types().items():
        path = FOLDER / f"{name}.json"
        before = json.loads(path.read_text())["taken"] if path.exists() else {}
        vectors: dict[str, Any] = {"refused": {}, "taken": {}}
        for field, bend in wanted(descriptor):
            key, found = f"{field} {bend}", verdict(name, field, bend)
            if found is None:
                vectors["taken"][key] = before.get(key, "")
            else:
                vectors["refused"][key] = found
        path.write_text(json.dumps(vectors, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    write()
