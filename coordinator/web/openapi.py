"""The description of the REST API (OpenAPI 3.1), made of what the views say of themselves.

    GET /api/v1/openapi.json

Shapes become JSON Schema by pydantic, whose dialect (2020-12) is that of OpenAPI 3.1.
"""

import inspect
import re
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

from flask import Flask
from pydantic import TypeAdapter
from werkzeug.routing import Rule

from corridor.coordinator.web.operations import Operation, Raw, operation_of
from corridor.coordinator.web.shapes import Problem

PREFIX = "/api/v1"
PROBLEM = "application/problem+json"
Json = dict[str, Any]

_EVERYWHERE = (401, 422, 429, 500, 503)
"""Statuses that any view may refuse with."""


def describe(app: Flask, *, title: str, version: str) -> Json:
    """The description of every view under `/api/v1` that says what it takes and gives."""
    routes = list(_routes(app))
    schemas, definitions = _schemas([said for _, _, said in routes])
    paths: Json = {}
    for rule, method, said in routes:
        view = app.view_functions[rule.endpoint]
        path = re.sub(r"<(?:[a-z]+:)?([a-z_]+)>", r"{\1}", rule.rule.removeprefix(PREFIX))
        paths.setdefault(path, {})[method] = _operation(
            rule, said, inspect.getdoc(view) or "", schemas
        )
    return {
        "openapi": "3.1.1",
        "info": {
            "title": title,
            "version": version,
            "description": (
                "What an analyst may ask of a region, and what was released. Every refusal is a "
                "problem (RFC 9457) with a stable code. Amounts of ρ and δ are exact fractions."
            ),
        },
        "servers": [{"url": PREFIX}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "issued by `corridor coordinator token`",
                }
            },
            "schemas": definitions,
        },
    }


def _routes(app: Flask) -> Iterator[tuple[Rule, str, Operation]]:
    for rule in sorted(app.url_map.iter_rules(), key=lambda one: one.rule):
        said = operation_of(app.view_functions[rule.endpoint])
        if said is not None and rule.rule.startswith(PREFIX):
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                yield rule, method.lower(), said


def _schemas(operations: list[Operation]) -> tuple[Mapping[str, Json], Json]:
    """The schema of every shape by its name, and the definitions that they lean on."""
    wanted: dict[str, tuple[str, Any, TypeAdapter[Any]]] = {}
    for said in operations:
        for shape in (said.takes, said.asks):
            if shape is not None:
                wanted[_key(shape)] = (_key(shape), "validation", TypeAdapter(shape))
        if not isinstance(said.gives, Raw):
            wanted[_key(said.gives)] = (
                _key(said.gives),
                "serialization",
                TypeAdapter(said.gives),
            )
    wanted[_key(Problem)] = (_key(Problem), "serialization", TypeAdapter(Problem))
    found, together = TypeAdapter.json_schemas(
        list(wanted.values()), ref_template="#/components/schemas/{model}"
    )
    return {key: schema for (key, _), schema in found.items()}, together.get("$defs", {})


def _key(shape: Any) -> str:
    return str(shape)


def _operation(rule: Rule, said: Operation, words: str, schemas: Mapping[str, Json]) -> Json:
    summary, _, more = words.partition("\n\n")
    described: Json = {
        "operationId": rule.endpoint.replace(".", "_"),
        "tags": [rule.endpoint.partition(".")[0]],
        "summary": " ".join(summary.split()),
        "responses": _responses(said, schemas),
    }
    if more:
        described["description"] = more
    if parameters := [*_path(rule), *_query(said), *_headers(said)]:
        described["parameters"] = parameters
    if said.takes is not None:
        described["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": schemas[_key(said.takes)]}},
        }
    if said.needs is None:
        described["security"] = []
    else:
        described["x-corridor-scope"] = said.needs.value
    return described


def _responses(said: Operation, schemas: Mapping[str, Json]) -> Json:
    match said.gives:
        case Raw(media_types, about):
            content: Json = {one: {"schema": {}} for one in media_types}
        case shape:
            about = "What was asked for."
            content = {"application/json": {"schema": schemas[_key(shape)]}}
    refusals = sorted({*_EVERYWHERE, *said.refuses, *((403,) if said.needs is not None else ())})
    problem = {PROBLEM: {"schema": schemas[_key(Problem)]}}
    return {
        "200": {"description": about, "content": content},
        **{
            str(status): {"description": HTTPStatus(status).phrase, "content": problem}
            for status in refusals
        },
    }


def _path(rule: Rule) -> Iterator[Json]:
    for name in sorted(rule.arguments):
        yield {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _query(said: Operation) -> Iterator[Json]:
    if said.asks is None:
        return
    for name, field in said.asks.model_fields.items():
        schema = TypeAdapter(field.rebuild_annotation()).json_schema()
        schema.pop("description", None)
        if not field.is_required():
            schema["default"] = field.default
        yield {
            "name": name,
            "in": "query",
            "required": field.is_required(),
            "schema": schema,
            **({"description": field.description} if field.description else {}),
        }


def _headers(said: Operation) -> Iterator[Json]:
    for name, about in said.headers:
        yield {
            "name": name,
            "in": "header",
            "required": False,
            "schema": {"type": "string"},
            "description": about,
        }
