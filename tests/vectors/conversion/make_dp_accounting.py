"""Writes `dp_accounting.json`: what Google's dp-accounting says of the same losses.

    python -m venv V && V/bin/pip install dp-accounting==0.6.0
    V/bin/python tests/vectors/conversion/make_dp_accounting.py

It is no dependency of ours, not even of the tests: it would bring scipy, dm-tree and older attrs
for one table of numbers.

`renyi` converts ρ-zCDP over a fine list of Rényi orders: an upper bound as ours, of the same kind.
`exact` composes discrete Gaussians by their privacy loss distribution, which no conversion from ρ
can fall below.
"""

import json
from fractions import Fraction
from pathlib import Path

from dp_accounting import dp_event  # type: ignore[import-not-found]
from dp_accounting.pld import (  # type: ignore[import-not-found]
    privacy_loss_distribution as pld,
)
from dp_accounting.rdp import (  # type: ignore[import-not-found]
    rdp_privacy_accountant as rdp,
)

ORDERS = [1 + 10 ** (k / 400) for k in range(-1600, 1600)]
LOSSES = [(1, 1000), (1, 200), (1, 100), (1, 10), (1, 2), (1, 1), (4, 1)]
DELTAS = [(1, 10**5), (1, 10**6), (1, 10**9)]
COMPOSED = [(9, 50), (25, 100), (100, 400), (16, 8)]
"""σ² of each discrete Gaussian of sensitivity 1, and how many of them."""


def renyi(rho: Fraction, delta: Fraction) -> float:
    accountant = rdp.RdpAccountant(orders=ORDERS)
    accountant.compose(dp_event.ZCDpEvent(rho=float(rho)))
    return float(accountant.get_epsilon(float(delta)))


def exact(variance: int, count: int, delta: Fraction) -> float:
    one = pld.from_discrete_gaussian_mechanism(
        sigma=variance**0.5, value_discretization_interval=1e-4
    )
    return float(one.self_compose(count).get_epsilon_for_delta(float(delta)))


def main() -> None:
    document = {
        "source": "dp-accounting 0.6.0",
        "renyi": [
            {
                "rho": f"{n}/{m}",
                "delta": f"{a}/{b}",
                "epsilon": renyi(Fraction(n, m), Fraction(a, b)),
            }
            for n, m in LOSSES
            for a, b in DELTAS
        ],
        "exact": [
            {
                "variance": variance,
                "count": count,
                "delta": f"{a}/{b}",
                "epsilon": exact(variance, count, Fraction(a, b)),
            }
            for variance, count in COMPOSED
            for a, b in DELTAS[:2]
        ],
    }
    path = Path(__file__).with_name("dp_accounting.json")
    path.write_text(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    main()
