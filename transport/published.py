"""Holds what was published as an answer against the receipt that it came with.

A receipt holds the sums; the tables that people read are made of them. A coordinator that shows
other tables beside a true receipt would pass every claim of the receipt (ATTACKS 30), so whoever
has both computes the tables again and compares.
"""

import json
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

import numpy as np

from corridor.errors.receipts import (
    EarlierReceiptsError,
    MalformedReleaseError,
    OtherReleaseError,
)
from corridor.protocols.charter import Charter
from corridor.protocols.country_receipts import CountryReceipt
from corridor.protocols.receipts import PublicReceipt
from corridor.queries.answers import decode_answer
from corridor.queries.catalogue import parse_catalogue
from corridor.queries.domains import Domains, make_domains
from corridor.queries.plan import Plan, compile_plan
from corridor.queries.question import parse_question
from corridor.queries.standing import place_in_series, released_answer


def verify_release(
    raw: bytes,
    receipt: PublicReceipt | CountryReceipt,
    charter: Charter,
    earlier: Sequence[PublicReceipt | CountryReceipt] = (),
) -> None:
    """Check that a release says of its answer what a verified receipt says.

    `earlier` are the verified receipts of the earlier releases of its standing series.

    1. It is of this attempt and question, at this ρ, with these survivors and their noise.
    2. Its tables are those that the receipt's sums give, cell by cell, with their margins; those
       of single countries, that each country's figure gives.

    What is for comparison only (a trusted curator's margin) and what is the coordinator's word in
    the receipt too (purpose, date) is not looked at.

    Raises:
        MalformedReleaseError: the file is no release.
        OtherReleaseError: one of these differs; names it.
        EarlierReceiptsError: it was put together of others than `earlier`; names those.
    """
    release = _read(raw)
    header = receipt.proposal.header
    said = {
        "session": header.session.hex(),
        "question_digest": header.question.hex(),
        "rho": str(header.rho),
        **_whose(receipt),
    }
    guarantee = release.get("guarantee")
    shown = {**release, "rho": guarantee.get("rho") if isinstance(guarantee, dict) else None}
    for key, value in said.items():
        if shown.get(key) != value:
            raise OtherReleaseError(key)
    if isinstance(receipt, CountryReceipt):
        _verify_countries(release, receipt, charter)
        return
    tables = release.get("tables")
    if not isinstance(tables, list) or not all(isinstance(one, dict) for one in tables):
        raise MalformedReleaseError
    bare = [{key: one[key] for key in one if key != "central_margin"} for one in tables]
    domains, plan = _compiled(receipt, charter)
    before = _in_order(release, receipt, earlier)
    for one in before:
        if _compiled(one, one.charter)[1].layout != plan.layout:
            raise OtherReleaseError("put_together_with")
    if plan.turn is not None:
        place = place_in_series(parse_question(receipt.proposal.question), before)
        if release.get("series") != place:
            raise OtherReleaseError("series")
    answer = released_answer(
        plan,
        domains,
        receipt.parameters,
        len(receipt.survivors),
        receipt.answer,
        reduced=len(receipt.reduced),
        before=before,
    )
    if bare != json.loads(json.dumps(answer.to_json())):
        raise OtherReleaseError("tables")


def _in_order(
    release: Mapping[str, Any],
    receipt: PublicReceipt,
    earlier: Sequence[PublicReceipt | CountryReceipt],
) -> Sequence[PublicReceipt]:
    """The receipts of the earlier releases of a series, each with the same survivors."""
    question = parse_question(receipt.proposal.question)
    turn = question.turn
    needed = 0 if turn is None else turn.period - 1
    found: dict[int, PublicReceipt] = {}
    for one in earlier:
        asked = parse_question(one.proposal.question)
        if (
            isinstance(one, PublicReceipt)
            and one.survivors == receipt.survivors
            and turn is not None
            and asked.turn is not None
            and asked.series_id == question.series_id
        ):
            found[asked.turn.period] = one
    if set(found) != set(range(1, needed + 1)) or len(earlier) != needed:
        named = release.get("series")
        listed = named.get("put_together_with") if isinstance(named, dict) else None
        ids = [str(one.get("release_id")) for one in listed or [] if isinstance(one, dict)]
        raise EarlierReceiptsError(ids)
    return [found[period] for period in sorted(found)]


def _whose(receipt: PublicReceipt | CountryReceipt) -> Mapping[str, Any]:
    if isinstance(receipt, CountryReceipt):
        return {"survivors": sorted(receipt.countries), "reduced": []}
    return {"survivors": sorted(receipt.survivors), "reduced": sorted(receipt.reduced)}


def _verify_countries(
    release: Mapping[str, Any], receipt: CountryReceipt, charter: Charter
) -> None:
    shown = release.get("countries")
    if not isinstance(shown, list) or not all(isinstance(one, dict) for one in shown):
        raise MalformedReleaseError
    if [one.get("country") for one in shown] != list(receipt.countries):
        raise OtherReleaseError("countries")
    domains, plan = _compiled(receipt, charter)
    for one, figure in zip(shown, receipt.figures, strict=True):
        vector = np.array(figure.vector, dtype=np.int64)
        given = decode_answer(plan, domains, receipt.parameters, 1, vector, reduced=0)
        if one.get("tables") != json.loads(json.dumps(given.to_json())):
            raise OtherReleaseError(f"countries, {figure.country}")


def _compiled(receipt: PublicReceipt | CountryReceipt, charter: Charter) -> tuple[Domains, Plan]:
    catalogue = parse_catalogue(
        lambda name: (files("corridor.queries") / "data" / name).read_text("utf-8")
    )
    domains = make_domains(catalogue, charter)
    return domains, compile_plan(parse_question(receipt.proposal.question), domains)


def _read(raw: bytes) -> Mapping[str, Any]:
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise MalformedReleaseError from error
    if not isinstance(value, dict):
        raise MalformedReleaseError
    return value
