"""`corridor node values`: the values that a field of the standard takes."""

import argparse
from collections.abc import Callable

from corridor.cli.homes import home_of
from corridor.cli.output import Output
from corridor.errors import WrongUsageError
from corridor.node import app


def add_to(command: Callable[..., argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = command(
        "values",
        _values,
        does="list the values that a field's picklist has, or the fields that have one",
        example="values prs_Gender --home /srv/corridor",
    )
    parser.add_argument("field", nargs="?", metavar="FIELD", help="such as prs_Gender")


def _values(arguments: argparse.Namespace, out: Output) -> int:
    fields = app.mapping_desk(app.real_world(home_of(arguments))).all_fields
    lists = {name: dict(field.picklist) for name, field in fields.items() if field.picklist}
    if arguments.field is None:
        out.table(
            "Fields with a picklist",
            ("=field", "label", ">values"),
            [(name, fields[name].label, str(len(values))) for name, values in lists.items()],
        )
        out.document({name: list(values) for name, values in lists.items()})
        return 0
    if arguments.field not in lists:
        known = "has no picklist" if arguments.field in fields else "is no field"
        raise WrongUsageError(
            f"values {arguments.field}: {known}; without a field, `corridor node values` lists them"
        )
    found = lists[arguments.field]
    out.table(
        f"{arguments.field}: {fields[arguments.field].label}",
        ("=value", "label"),
        list(found.items()),
    )
    out.document({arguments.field: found})
    return 0
