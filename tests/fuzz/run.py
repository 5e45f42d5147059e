"""`python tests/fuzz/run.py [TARGET…] [--seconds N]`: bends inputs for as long as one likes.

With atheris (`make fuzz`), coverage leads: an input that reaches new code is kept in `--corpus` and
bent further, by libFuzzer and by our own mutator in turn. Without it, the mutator alone goes on
from a new seed, which is told, so that the run can be repeated with `--seed`.

A failure ends the run, and its input lies in `tests/fuzz/found/<target>/`: mend the parser, keep
the file, and `make test` reads it from then on.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable
from hashlib import sha256
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

FOUND = Path(__file__).parent / "found"


def main() -> int:
    """Run the targets named, or all, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("targets", nargs="*", metavar="TARGET")
    parser.add_argument("--seconds", type=int, default=30, help="for each target")
    parser.add_argument("--corpus", type=Path, default=Path(".fuzz"), help="where inputs are kept")
    parser.add_argument("--seed", type=int, help="repeat a run; a new one where left out")
    arguments = parser.parse_args()
    if find_spec("atheris") is None:
        return _by_ourselves(arguments)
    if len(arguments.targets) == 1:
        return _under_atheris(arguments.targets[0], arguments)
    return _each_in_a_process(arguments)


def _each_in_a_process(arguments: argparse.Namespace) -> int:
    """Libfuzzer ends its process when its time is over."""
    import subprocess  # noqa: PLC0415

    names = arguments.targets or _targets_of_a_child()
    for name in names:
        command = [sys.executable, __file__, name, "--seconds", str(arguments.seconds)]
        sys.stdout.write(f"{name}\n")
        sys.stdout.flush()
        code = subprocess.call([*command, "--corpus", str(arguments.corpus)])
        if code:
            return code
    return 0


def _targets_of_a_child() -> list[str]:
    from support.fuzz_targets import targets  # noqa: PLC0415

    return list(targets())


def _under_atheris(name: str, arguments: argparse.Namespace) -> int:
    atheris: Any = import_module("atheris")

    # What is loaded within is compiled anew with counters in it.
    with atheris.instrument_imports(include=["corridor"]):
        from support.fuzz_targets import targets  # noqa: PLC0415

    from support.mutation import Mutator  # noqa: PLC0415

    target = targets()[name]
    samples = target.samples()

    def bend(raw: bytes, longest: int, seed: int) -> bytes:
        if seed % 2:
            return bytes(atheris.Mutate(raw, longest))
        return Mutator(seed).bent((raw, *samples), target.form)[:longest]

    corpus = arguments.corpus / name
    corpus.mkdir(parents=True, exist_ok=True)
    for sample in samples:
        (corpus / sha256(sample).hexdigest()[:16]).write_bytes(sample)
    options = [
        *("-rss_limit_mb=1024", "-timeout=5", "-print_final_stats=1", "-verbosity=0"),
        f"-max_total_time={arguments.seconds}",
        "-max_len=262144",
        f"-artifact_prefix={_folder(name)}/",
    ]
    if arguments.seed is not None:
        options.append(f"-seed={arguments.seed}")
    atheris.Setup([sys.argv[0], *options, str(corpus)], _guarded(target.read), custom_mutator=bend)
    atheris.Fuzz()
    return 0


def _by_ourselves(arguments: argparse.Namespace) -> int:
    from support.fuzz_targets import targets  # noqa: PLC0415
    from support.mutation import Mutator  # noqa: PLC0415

    seed = int.from_bytes(os.urandom(4), "big") if arguments.seed is None else arguments.seed
    for name in arguments.targets or targets():
        target = targets()[name]
        samples, mutator, read = target.samples(), Mutator(f"{name} {seed}"), _guarded(target.read)
        ends, inputs = time.monotonic() + arguments.seconds, 0
        while time.monotonic() < ends:
            raw = mutator.bent(samples, target.form)
            inputs += 1
            try:
                read(raw)
            except BaseException:
                path = _folder(name) / sha256(raw).hexdigest()[:16]
                path.write_bytes(raw)
                sys.stderr.write(f"{name}: seed {seed}, input {inputs}: {path}\n")
                raise
        sys.stdout.write(f"{name}: {inputs} inputs from seed {seed}, nothing found\n")
        sys.stdout.flush()
    return 0


def _guarded(read: Callable[[bytes], None]) -> Callable[[Any], None]:
    """The target as a fuzzer calls it: a refusal with a code is what should happen."""
    from corridor.errors import CorridorError  # noqa: PLC0415

    def guarded(raw: Any) -> None:
        try:
            read(bytes(raw))
        except CorridorError:
            return

    return guarded


def _folder(name: str) -> Path:
    folder = FOUND / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


if __name__ == "__main__":
    sys.exit(main())
