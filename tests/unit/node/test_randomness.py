"""The randomness that `serve` hands to keys and noise, in the process that a service manager forks.

A generator that lives in the process is copied by a fork, and both copies go on alike: the same
noise under two answers, the same keys in two attempts (Dodis et al. 2012).
"""

import os
import subprocess
import sys

FORKED = """
import os, sys
from fractions import Fraction
from pathlib import Path
from corridor.node import app
from corridor.privacy.discrete_gaussian import sample

world = app.real_world(Path("nowhere"))  # made, and used, before the fork
world.random_bytes(8)
sample(Fraction(50), 10, world.random_bytes)
said = []
for _ in range(2):
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        noise = sample(Fraction(50), 64, world.random_bytes)
        os.write(writing, noise.tobytes() + world.random_bytes(32))
        os._exit(0)
    os.close(writing)
    said.append(os.read(reading, 4096))
    os.waitpid(child, 0)
said.append(sample(Fraction(50), 64, world.random_bytes).tobytes() + world.random_bytes(32))
assert all(len(one) == 64 * 8 + 32 for one in said), said
print(len({one[:512] for one in said}), len({one[512:] for one in said}))
"""


def test_a33_forked_processes_draw_noise_and_keys_of_their_own() -> None:
    # By a process of its own: this one has threads, which a fork would leave behind.
    ran = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FORKED],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONSAFEPATH": "1"},
    )
    assert ran.stdout.split() == ["3", "3"]
