"""What the tests of whole regions of processes look at: commands, ledgers, what is really there."""

import json
import os
import signal
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from corridor.cli.demo.region import DemoRegion
from corridor.ids import CountryCode
from corridor.node import app as node_app
from corridor.node.app.world import read_data
from corridor.node.evaluation import evaluate
from corridor.node.policy import ConsentRule
from corridor.node.store import EditionStore
from corridor.protocols import canonical
from corridor.protocols.charter import parse_signed_charter
from corridor.queries.catalogue import parse_catalogue
from corridor.queries.domains import Domains, make_domains
from corridor.queries.plan import compile_plan
from corridor.queries.question import Question, parse_question
from support.forked import run_forked


def command(*words: str, code: int = 0) -> Any:
    """Run `corridor WORDS --json` and give its document; `code` is how it must end."""
    ended, out, err = run_forked([*words, "--json"], timeout=120)
    assert ended == code, out + err
    assert "Traceback" not in err
    return json.loads(out)


@contextmanager
def held_up(region: DemoRegion, country: CountryCode) -> Iterator[None]:
    """Hold a node's process up, as a machine that is busy with something else."""
    process = region.processes.pids()[f"node-{country}"]
    os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process, signal.SIGCONT)


def spent(region: DemoRegion, country: CountryCode) -> Fraction:
    """The ρ that the ledger of this node has spent, ever."""
    view = node_app.budget(node_app.real_world(region.home(country)))
    return Fraction(view.document["spent"])


def domains_of(region: DemoRegion) -> Domains:
    """What the region's charter allows to be asked."""
    home = region.home(region.countries[0])
    charter = parse_signed_charter((home / "charter.json").read_bytes()).charter
    return make_domains(parse_catalogue(read_data), charter)


def asked_in(release: Mapping[str, Any]) -> Question:
    """The question that a release answers."""
    return parse_question(canonical.encode(release["question"]))


def counted(
    region: DemoRegion, question: Question, countries: Iterable[str]
) -> npt.NDArray[np.int64]:
    """What the question counts at these nodes without any noise, read from their own stores."""
    plan = compile_plan(question, domains_of(region))
    total = np.zeros(plan.size, np.int64)
    for country in countries:
        world = node_app.real_world(region.home(CountryCode(country)))
        store = EditionStore(world.home, world.random_bytes, world.clock)
        current = store.current()
        assert current is not None
        reader = store.reader(current.id)
        total += evaluate(plan, reader, store.choice_key, ConsentRule.HTCDS_CONSENT)
    return total
