"""A short run of every parser over neighbours of what it reads; the same neighbours every time.

`make fuzz` goes on for longer, led by coverage. What it finds is put into `found/<target>/` and
read here from then on.
"""

import resource
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from corridor.errors import CorridorError
from support import wire_samples
from support.fuzz_targets import targets
from support.mutation import Mutator, read_fields, read_parts, write_fields

FOUND = Path(__file__).parent / "found"
NEIGHBOURS = 6000
"""Of a target whose `share` is 1: about half a second."""

SECONDS = 2
"""No input of `LONGEST` bytes may take longer; a hundred times what the slowest needs."""

GROWTH = 256 * 1024
"""KiB by which the process may grow while a target runs."""


@contextmanager
def no_longer_than(seconds: float) -> Iterator[None]:
    """Raise in the block when its time is over: a parser that hangs is told from a slow test."""

    def stop(*_: object) -> None:
        raise TimeoutError(f"one input took more than {seconds} seconds")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def read_or_refuse(name: str, raw: bytes) -> None:
    """Read `raw`; a refusal has a text that can be shown and is no copy of what was sent."""
    said = ""
    try:
        with no_longer_than(SECONDS):
            targets()[name].read(raw)
    except CorridorError as refusal:
        said = str(refusal)
    assert len(said.encode()) < 8192


@pytest.mark.parametrize("name", targets())
def test_a29_a_parser_reads_what_it_is_given_or_refuses_it_with_a_code(name: str) -> None:
    target = targets()[name]
    samples, mutator = target.samples(), Mutator(name)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(int(NEIGHBOURS * target.share)):
        raw = mutator.bent(samples, target.form)
        try:
            read_or_refuse(name, raw)
        except BaseException as error:
            error.add_note(f"{name} was given {raw[:2000].hex()} ({len(raw)} bytes)")
            raise
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < GROWTH


@pytest.mark.parametrize("name", targets())
def test_the_samples_are_what_a_parser_reads(name: str) -> None:
    """Else the neighbours would be those of something that dies at the first check."""
    (first, *_) = targets()[name].samples()
    if name == "release":  # the question in it is none, which is found after everything was read
        with pytest.raises(CorridorError, match="catalogue"):
            targets()[name].read(first)
    else:
        targets()[name].read(first)


@pytest.mark.parametrize("name", targets())
def test_neighbours_are_read_and_refused(name: str) -> None:
    """A run in which everything is refused looks into nothing."""
    target, mutator, read = targets()[name], Mutator(name), 0
    samples = target.samples()
    tries = int(600 * min(1, target.share * 4))
    for _ in range(tries):
        with suppress(CorridorError):
            target.read(mutator.bent(samples, target.form))
            read += 1
    assert read < tries
    # The sample release asks nothing that is known; a sealed file is authenticated to the last bit.
    assert read > 0 or name in {"release", "sealed-file"}


@pytest.mark.parametrize(
    "path", sorted(FOUND.glob("*/*")), ids=lambda path: f"{path.parent.name}-{path.name}"
)
def test_a29_what_was_found_once_is_refused(path: Path) -> None:
    read_or_refuse(path.parent.name, path.read_bytes())


def test_every_message_that_travels_is_bent() -> None:
    assert set(wire_samples.samples()) == wire_samples.names_of_all_messages()


def test_the_mutator_knows_the_form_of_what_it_bends() -> None:
    for kind, value in wire_samples.samples().values():
        raw = kind.encode(value).SerializeToString()
        assert write_fields(read_fields(raw)) == raw
    (members, *_) = targets()["members-receipt"].samples()
    parts, vectors = read_parts(members)
    assert len(parts) == 2
    assert members.endswith(vectors)


def test_equal_seeds_bend_equally() -> None:
    (sample, *_) = targets()["charter"].samples()
    first, second = Mutator("a seed"), Mutator("a seed")
    assert [first.bent((sample,), "json") for _ in range(50)] == [
        second.bent((sample,), "json") for _ in range(50)
    ]


def test_a_parser_that_hangs_would_be_noticed() -> None:
    with pytest.raises(TimeoutError), no_longer_than(0.05):
        time.sleep(5)
