"""An attempt of scope per-country with real nodes, carried by plain calls."""

import hashlib
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from corridor.ids import CountryCode, Digest
from corridor.privacy.rho import Rho
from corridor.protocols.figures import (
    CollectingFigures,
    Figure,
    FigureRequest,
    from_bytes,
    settle,
)
from corridor.protocols.secure_sum.messages import Acceptance, Roster, Scope, WitnessWord
from corridor.protocols.witnesses import LedgerEntries, WitnessRequest
from corridor.queries.domains import make_domains
from corridor.queries.parameters import country_parameters
from corridor.queries.plan import compile_plan
from corridor.transport.messages import Refusal, VectorChunk
from support.catalogue import catalogue
from support.node_region import RHO, SESSION, RealNode, by_gender, make_proposal
from support.signing import verify

WILLING = """
[allowance]
per_year = "1/10"
lost_per_day = "1"

[[rule]]
verdict = "allow"
when.scope = ["regional", "per-country"]
"""
"""A policy that gives figures of its country, too."""


class SideBySide:
    """One attempt with `nodes`; those whose policy refuses are in `refused`."""

    def __init__(self, nodes: Sequence[RealNode], rho: Fraction = RHO) -> None:
        self.nodes = {node.country: node for node in nodes}
        for node in nodes:
            node.peers = [other for other in nodes if other is not node]
            for peer in node.peers:
                for said in node.witnesses.on_ask(peer.witnesses.ask()):
                    if isinstance(said, LedgerEntries):
                        list(peer.witnesses.on_entries(said))
        self.charter = nodes[0].charter
        plan = compile_plan(by_gender(), make_domains(catalogue(), self.charter))
        (axis,) = plan.tables[0].axes
        self.women = axis.values.index("unknown")  # how the test files word it is no HTCDS word
        self.parameters = country_parameters(self.charter, plan, Rho(rho))
        self.proposal = make_proposal(
            self.charter, nodes[0].clock(), rho=rho, scope=Scope.PER_COUNTRY
        )
        self.refused: dict[CountryCode, str] = {}

    def propose(self) -> Roster:
        """Who is willing."""
        accepted = []
        for country, node in sorted(self.nodes.items()):
            (answer,) = node.hear(self.proposal)
            if isinstance(answer, Refusal):
                self.refused[country] = answer.code
            else:
                assert isinstance(answer, Acceptance), answer
                accepted.append(answer)
        self.roster = Roster(tuple(accepted))
        self.settled = settle(self.proposal.header, self.roster, self.parameters)
        return self.roster

    def words(self) -> tuple[WitnessWord, ...]:
        """What all members say of the ledgers in the roster."""
        statements = tuple(one.statement for one in self.roster.acceptances)
        request = WitnessRequest(self.settled.hash, statements)
        return tuple(node.witnesses.on_request(request) for _, node in sorted(self.nodes.items()))

    def request_for(self, country: CountryCode) -> FigureRequest:
        """What an honest coordinator sends this one."""
        words = tuple(word for word in self.words() if word.witness != country)
        return FigureRequest(self.roster, words)

    def figure(self, country: CountryCode) -> npt.NDArray[np.int64]:
        """The country's figure, signed by it and taken by the coordinator's state."""
        *chunks, word = self.nodes[country].hear(self.request_for(country))
        assert isinstance(word, Figure), word
        raw = b"".join(chunk.data for chunk in chunks if isinstance(chunk, VectorChunk))
        spooled = Digest(hashlib.sha256(raw).digest())
        state = CollectingFigures(self.settled, self.charter.signing_keys)
        assert state.on_figure(word, spooled, verify=verify).heard == {country: word}
        return from_bytes(raw)


__all__ = ["RHO", "SESSION", "WILLING", "SideBySide"]
