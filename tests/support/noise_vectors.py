"""Draws that must come out of a keystream the same everywhere, in `tests/vectors/noise`.

A node draws the noise that may be taken off again, and the coordinator and whoever verifies draw it
once more. `PYTHONPATH=tests python -m support.noise_vectors` writes the vectors anew: they may only
change together with `SAMPLER`, since another version of the sampler is another protocol.
"""

import json
from fractions import Fraction
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from corridor.ids import CountryCode, Digest
from corridor.privacy.discrete_gaussian import SAMPLER, sample
from corridor.protocols import canonical
from corridor.protocols.secure_sum import excess
from corridor.protocols.secure_sum.messages import Roster
from corridor.protocols.secure_sum.roster import SettledRoster
from support.secure_sum import SUITE, Region, first_countries, make_header

FOLDER = Path(__file__).parents[1] / "vectors" / "noise"
VARIANCES = (
    Fraction(7, 3),
    Fraction(3414, 1024),
    Fraction(256),
    Fraction(2**16 - 1),
    Fraction(2**16),
    Fraction(10**10 + 1),
    Fraction(2**60),
)
DRAWS = 70_000
"""More than two blocks of the sampler and of the protocol, and no multiple of either."""


def drawn(variance: Fraction) -> dict[str, Any]:
    """What a keystream of a known key gives."""
    keystream = SUITE.keystream(sha256(str(variance).encode()).digest())

    def random_bytes(count: int) -> bytes:
        octets = np.empty(count, dtype=np.uint8)
        keystream.fill(octets)
        return octets.tobytes()

    found = sample(variance, DRAWS, random_bytes)
    return {
        "variance": canonical.fraction_text(variance),
        "first": found[:12].tolist(),
        "last": found[-4:].tolist(),
        "sha256": sha256(found.astype("<i8").tobytes()).hexdigest(),
    }


def of_a_node() -> dict[str, Any]:
    """The removable noise of one node, two levels of it, under a roster hash that never changes."""
    region = Region(countries=first_countries(20), with_levels=True)
    roster_hash = Digest(bytes(range(32)))
    settled = SettledRoster(make_header(), Roster(()), region.parameters, roster_hash)
    noise = excess.removable_noise(
        settled, CountryCode("MD"), bytes(32), level=1, cells=DRAWS, draw=sample, suite=SUITE
    )
    return {
        "levels": [canonical.fraction_text(one.variance) for one in region.parameters.levels],
        "first": noise[:12].tolist(),
        "last": noise[-4:].tolist(),
        "sha256": sha256(noise.astype("<i8").tobytes()).hexdigest(),
    }


def document() -> dict[str, Any]:
    """Everything that is pinned."""
    return {
        "sampler": SAMPLER,
        "draws": DRAWS,
        "streams": [drawn(variance) for variance in VARIANCES],
        "node": of_a_node(),
    }


def path() -> Path:
    """The vectors of this version of the sampler."""
    return FOLDER / f"sampler_{SAMPLER}.json"


if __name__ == "__main__":
    path().write_text(json.dumps(document(), indent=1) + "\n", "utf-8")
