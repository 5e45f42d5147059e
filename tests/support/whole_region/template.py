"""A region as its members left it: enrolled, under a charter in force, each with case data.

Made once a process by the code that makes real ones, then copied for every history. Who lies
between coordinator and nodes at that time is nobody: enrolment and signing need no network here.
"""

import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from random import Random

from corridor.coordinator import app as coordinator
from corridor.coordinator.enrolment_desk import EnrolmentRequest
from corridor.coordinator.home import Deadlines
from corridor.ids import CountryCode, Digest
from corridor.node import app as node
from corridor.node.app.world import charter_desk
from corridor.node.enrolment import Enrolled
from corridor.node.home import Enrolment, Home, read_settings, write_enrolment
from corridor.node.keys import keep_certificates, read_keys
from corridor.node.store import EditionStore
from corridor.protocols.cards import Card, enrolment_to_sign, fingerprint
from corridor.protocols.charter import Charter
from corridor.transport.certificates import encode_key, make_csr, make_key
from support.editions import Case, make_tables

COUNTRIES = tuple(map(CountryCode, ("BG", "MD", "NG", "RO", "RS", "TR", "UA")))
BEGINNING = datetime(2026, 3, 1, 12, tzinfo=UTC)
COORDINATOR = "coordinator"
POLICY = """
[allowance]
per_year = "1/10"
all_time = "1"
lost_per_day = "1/10"

[consent]
basis = "htcds-consent"

[[rule]]
verdict = "allow"
when.scope = ["regional"]

[[rule]]
verdict = "allow"
when.series = true
"""
QUICK = Deadlines(propose=5, share=5, opened=5, masked_input=10, consistency=5, unmask=5, slack=10)


@dataclass(frozen=True, slots=True)
class Template:
    """The folders of a region whose parties are all at rest."""

    folder: Path
    charter: Charter

    def copy_to(self, folder: Path) -> None:
        """Give a history folders of its own."""
        shutil.copytree(self.folder, folder)


def make_template(folder: Path, size: int, *, colluders: int, failed_per_day: int) -> Template:
    """A region of so many nodes in `folder`."""
    countries = COUNTRIES[:size]
    seed = f"{size} {colluders}"
    here = coordinator.World(
        home=folder / COORDINATOR,
        clock=lambda: BEGINNING,
        random_bytes=Random(f"coordinator of {seed}").randbytes,
    )
    coordinator.initialise(here, name="Simulated region", deadlines=QUICK)
    worlds = {country: _make_node(folder, country, seed) for country in countries}
    with coordinator.opened(here) as parts:
        for country in countries:
            _enrol(parts, worlds[country])
    proposed = coordinator.propose_charter(
        here,
        synthetic=True,
        countries=countries,
        years=(2020, 2026),
        max_colluders=colluders,
        failed_attempts_per_day=failed_per_day,
        rho_per_question=Fraction(1, 10),
    )
    trusted = {one.country: fingerprint(Card.of(one)) for one in proposed.charter.members}
    signed = proposed.signed
    with coordinator.opened(here) as parts:
        for country, world in worlds.items():
            keys = read_keys(Home(world.home))
            desk = charter_desk(Home(world.home))
            word = desk.accept(proposed.signed, trusted, keys.sign)
            signed = parts.charters.record_signature(
                proposed.charter.digest, country, word.signature
            ).signed
    for world in worlds.values():
        charter_desk(Home(world.home)).confirm(signed.encode())
    return Template(folder, proposed.charter)


def _make_node(folder: Path, country: CountryCode, seed: str) -> node.World:
    world = node.World(
        home=folder / country,
        clock=lambda: BEGINNING,
        random_bytes=Random(f"node {country} of {seed}").randbytes,
    )
    node.initialise(world, country=country, name=f"Authority of {country}")
    Home(world.home).policy.write_text(POLICY)
    cases = [Case("a woman", "a case", {"prs_Gender": "Female"})]
    EditionStore(world.home, world.random_bytes, world.clock).write(
        make_tables(cases), replaces=None, sources=[Digest(bytes(32))]
    )
    return world


def _enrol(parts: coordinator.Parts, world: node.World) -> None:
    home = Home(world.home)
    settings, keys = read_settings(home), read_keys(home)
    card = keys.card(settings)
    code, _ = parts.enrolment.invite(settings.country, timedelta(days=1))
    tls_key = make_key(world.random_bytes)
    csr = make_csr(tls_key, settings.country)
    enrolled = parts.enrolment.enrol(
        EnrolmentRequest(
            code=code,
            csr=csr,
            card=card.encode(),
            proof=keys.sign(enrolment_to_sign(card, code, csr)),
        )
    )
    keep_certificates(
        home,
        Enrolled(
            certificate=enrolled.certificate,
            authority=enrolled.authority,
            coordinator_key=enrolled.coordinator_key,
            grpc=enrolled.grpc,
            region=enrolled.region,
        ),
        encode_key(tls_key),
    )
    write_enrolment(
        home,
        Enrolment(
            region=enrolled.region,
            grpc=enrolled.grpc,
            web="https://127.0.0.1:1",
            coordinator_key=enrolled.coordinator_key,
            authority=parts.fingerprints.authority,
        ),
    )
