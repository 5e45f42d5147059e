"""CPU of Flower's SecAgg+ for the same sums: the baseline of `bench_secure_sum.py --flower`.

    uv run --no-project --isolated --with flwr==1.42.0 python benchmarks/flower_secagg.py 10x1000000

It runs in an environment of its own, because Flower wants another pycryptodome than Corridor.
Flower's own workflow is the server and Flower's own client modifier each node, complete graph,
threshold as Corridor's; only the network between them is replaced, by a call. The server's CPU is
the workflow's without the nodes' part; a node's is that of the node measured first. Nodes drop
out, as in `bench_secure_sum.py`, after they shared their keys.

Flower sums floats: it clips them to a range and rounds them to 22 bits, which costs it some of the
node's time and has no counterpart in Corridor, while Corridor signs and checks every message and
binds every share, which Flower does not.
"""

import argparse
import logging
import resource
from time import process_time
from types import SimpleNamespace
from typing import Any

import numpy as np
from flwr.app import Context, Error, Message, RecordDict
from flwr.client.mod import secaggplus_mod
from flwr.common import (
    ConfigRecord,
    FitIns,
    FitRes,
    Status,
    ndarrays_to_parameters,
    parameters_to_ndarrays,
)
from flwr.common.typing import Code
from flwr.compat.common import recorddict_compat as compat
from flwr.server.compat.legacy_context import LegacyContext
from flwr.server.workflow import SecAggPlusWorkflow
from flwr.supercore.task_identity import TaskIdentity

DROPOUTS = (0, 10, 30)
COLLECT = "collect_masked_vectors"


class Nodes:
    """What the workflow takes for the network: answers for every node, and times the first."""

    def __init__(self, count: int, cells: int, dropouts: int) -> None:
        self.ids = list(range(1, count + 1))
        self.dropped = set(self.ids[count - count * dropouts // 100 :]) if dropouts else set()
        self.contexts = {one: blank(one) for one in self.ids}
        self.parameters = ndarrays_to_parameters([np.ones(cells, dtype=np.float64)])
        self.all_nodes, self.first = 0.0, 0.0

    def send_and_receive(self, messages: list[Message], **_timeout: float | None) -> list[Message]:
        return [self.answer(message) for message in messages]

    def answer(self, message: Message) -> Message:
        node = message.metadata.dst_node_id
        stage = message.content.config_records["secaggplus_configs"]["stage"]
        if stage == COLLECT and node in self.dropped:
            return Message(Error(code=1, reason="dropped out"), reply_to=message)
        begun = process_time()
        records = message.content.config_records.items()
        given = RecordDict({name: ConfigRecord(dict(record)) for name, record in records})
        passed = Message(
            given, dst_node_id=node, message_type=message.metadata.message_type, group_id="1"
        )
        reply: Message = secaggplus_mod(passed, self.contexts[node], self.train)
        spent = process_time() - begun
        self.all_nodes += spent
        if node == self.ids[0]:
            self.first += spent
        return reply

    def train(self, message: Message, _context: Context) -> Message:
        """A node's vector: the same for each, as in `bench_secure_sum.py`."""
        result = FitRes(Status(Code.OK, ""), self.parameters, num_examples=1, metrics={})
        return Message(compat.fitres_to_recorddict(result, True), reply_to=message)


def blank(node: int) -> Context:
    return Context(run_id=1, node_id=node, node_config={}, state=RecordDict(), run_config={})


def measure(count: int, cells: int, dropouts: int) -> tuple[float, float]:
    nodes = Nodes(count, cells, dropouts)
    fit = FitIns(ndarrays_to_parameters([]), {})
    averages: list[Any] = []

    def aggregate_fit(_round: int, results: Any, _failures: Any) -> tuple[None, dict[str, Any]]:
        averages.extend(parameters_to_ndarrays(results[0][1].parameters))
        return None, {}

    strategy = SimpleNamespace(
        configure_fit=lambda *_: [(SimpleNamespace(node_id=one), fit) for one in nodes.ids],
        aggregate_fit=aggregate_fit,
    )
    manager = SimpleNamespace(num_available=lambda: count)
    context: Any = LegacyContext(blank(0), strategy=strategy, client_manager=manager)
    context.state.config_records["config"] = ConfigRecord({"current_round": 1})
    context.state.array_records["parameters"] = compat.parameters_to_arrayrecord(
        ndarrays_to_parameters([]), True
    )
    workflow = SecAggPlusWorkflow(count, (count + 1) // 2 + 1, max_weight=1.0)
    begun = process_time()
    workflow(nodes, context)
    server = process_time() - begun - nodes.all_nodes
    if not averages or np.abs(averages[0] - 1.0).max() > 0.01:
        raise SystemExit("Flower's average is wrong: it did not finish")
    return nodes.first, server


def main() -> None:
    parser = argparse.ArgumentParser(description="CPU of Flower's SecAgg+")
    parser.add_argument("sizes", nargs="+", help="NODESxCELLS")
    parser.add_argument("--dropouts", type=int, action="append", help="per cent; repeatable")
    asked = parser.parse_args()
    TaskIdentity.run_id, TaskIdentity.node_id, TaskIdentity.task_id = 1, 0, 0
    logging.getLogger("flwr").setLevel(logging.ERROR)
    for size in asked.sizes:
        count, cells = map(int, size.split("x"))
        for dropouts in asked.dropouts or DROPOUTS:
            node, server = measure(count, cells, dropouts)
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(
                f"Flower {count} {cells} {dropouts} {node * 1e3:.1f} {server * 1e3:.1f} {peak:.0f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
