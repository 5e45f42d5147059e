"""A home with a charter in force, data, and questions that were put to it or wait for people.

What `serve` would have written, written by the same parts; no coordinator is needed.
"""

from fractions import Fraction
from pathlib import Path
from typing import Any

from corridor.ids import CountryCode, SessionId
from corridor.node import app as node_app
from corridor.node.app.deciding import domains_of
from corridor.node.app.world import journal_of
from corridor.node.approvals import ApprovalBook, Waiting, asked_of
from corridor.node.home import Enrolment, Home, read_settings, write_enrolment
from corridor.node.keys import read_keys
from corridor.node.policy import ConsentRule
from corridor.node.question_desk import facts_of, facts_to_json
from corridor.node.store import EditionStore
from corridor.protocols.charter import (
    Charter,
    CharterSignature,
    Member,
    SignedCharter,
    proposal_to_sign,
    signature_to_sign,
)
from corridor.queries.plan import compile_plan
from corridor.queries.question import Question
from corridor.queries.sql import parse_sql
from support.charters import COORDINATOR, COUNTRIES, make_charter, node_keys
from support.node_region import make_proposal

MD = CountryCode("MD")
BY_GENDER = "SELECT gender, COUNT(DISTINCT person) FROM persons GROUP BY gender"
CHILDREN = (
    "SELECT recruited_in, COUNT(DISTINCT person) FROM persons "
    "WHERE minor = 'minor' AND exploited_in IN ('MD', 'UA') GROUP BY recruited_in"
)
CASES = (
    "prs_IdentityNumber,prs_Gender,con_Consent,hte_Country,prs_Birthdate\n"
    "1001,Female,Yes,Moldova,1990-02-03\n"
    "1002,Male,Yes,Atlantis,31/02/1991\n"
    "1003,Female,No,Ukraine,1995-06-07\n"
)


def put_charter_in_force(world: node_app.World) -> Charter:
    """Moldova, whose node this is, Niger and Ukraine."""
    home = Home(world.home)
    keys = read_keys(home)
    card = keys.card(read_settings(home))
    members = tuple(
        Member(
            country=country,
            name=f"Authority of {country}",
            signing_key=card.signing_key if country == MD else node_keys(country).public,
            encryption_key=card.encryption_key if country == MD else node_keys(country).encryption,
        )
        for country in COUNTRIES
    )
    charter = make_charter(members=members)
    words = tuple(
        CharterSignature(
            country,
            (keys.sign if country == MD else node_keys(country).sign)(
                signature_to_sign(charter, country)
            ),
        )
        for country in COUNTRIES
    )
    signed = SignedCharter(charter, COORDINATOR.sign(proposal_to_sign(charter)), words)
    home.charter.write_bytes(signed.encode())
    write_enrolment(
        home,
        Enrolment(
            region=charter.region,
            grpc="127.0.0.1:1",
            web="https://127.0.0.1:1",
            coordinator_key=COORDINATOR.public,
            authority="00",
        ),
    )
    return charter


def import_cases(world: node_app.World, folder: Path, text: str = CASES) -> None:
    """Import one file."""
    path = folder / "cases.csv"
    path.write_text(text)
    node_app.import_files(world, [path], replace=False, mappings=(), progress=lambda _: None)
    path.unlink()


def put(world: node_app.World, charter: Charter, number: int, sql: str, **header: Any) -> None:
    """Let the journal hold that a question was put to this node."""
    question, session = _question(charter, sql), SessionId(number.to_bytes(16, "big"))
    proposal = make_proposal(charter, world.clock(), asked=question, session=session, **header)
    facts = facts_of(question, compile_plan(question, domains_of(charter)), proposal.header)
    home = Home(world.home)
    with journal_of(world, home, read_keys(home)) as journal:
        journal.proposed(proposal, facts_to_json(facts))


def let_wait(
    world: node_app.World,
    charter: Charter,
    sql: str = BY_GENDER,
    *,
    needs: int = 2,
    rho: Fraction = Fraction(1, 200),
    organisation: str = "IOM",
    purpose: str = "annual report",
) -> str:
    """Let a question wait for people; gives its id."""
    current = EditionStore(world.home, world.random_bytes, world.clock).current()
    assert current is not None
    proposal = make_proposal(
        charter,
        world.clock(),
        asked=_question(charter, sql),
        rho=rho,
        organisation=organisation,
        purpose=purpose,
    )
    now = int(world.clock().timestamp())
    waiting = Waiting(
        id=world.random_bytes(6).hex(),
        asked=asked_of(
            proposal, proposal.header.rho, current.id, ConsentRule.HTCDS_CONSENT.value, ""
        ),
        session=proposal.header.session,
        since=now,
        until=now + 14 * 86_400,
        last=now,
        needs=needs,
        words=(),
    )
    with ApprovalBook(Home(world.home).approvals) as book:
        book.keep(waiting, 100, lambda _: None)
    return waiting.id


def _question(charter: Charter, sql: str) -> Question:
    return parse_sql(sql, domains_of(charter))
