"""Runs spin over every model here, and over every mutant: `make model`.

A claim must hold in all states of its instances; a mutant, a model with one rule broken, must
break the claim that the rule is there for. A mutant that is not caught fails the run like a claim
that does not hold: it would mean that the claim cannot fail. Standard library only; needs spin and
a C compiler.

    python model/check.py            all
    python model/check.py ledger     those whose name contains the word
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
MEGABYTES = 2048
DEEPEST = 2_000_000
SECONDS_FOR_ONE = 600

CLAIMS = {
    1: "no honest node signs two survivor sets in one attempt",
    2: "no honest node reveals both shares of one peer",
    3: "of no honest node both secrets are known; what can be read holds r - d - c honest inputs",
    4: "nothing is revealed but for r - d survivors, of whom t signed that very set",
    5: "the debit is on disk before the first byte leaves",
    6: "an honest coordinator and at most d dropouts: the sum comes",
    7: "all copies of a ledger together let out no more than the allowance",
    8: "no two entries of one number are both witnessed by a quorum",
}


@dataclass(frozen=True, slots=True)
class Case:
    """One run of spin.

    Attributes:
        model: file without its suffix.
        defines: the instance, as the model's own head explains them.
        breaks: the claim that must be broken; 0 means that something must happen that the model
            marks with a false assertion; None, that all claims must hold.
        states_of: another case, of whose instance this is the same with fewer useless messages:
            it must have as many states.
    """

    model: str
    defines: str
    breaks: int | None = None
    states_of: "Case | None" = None

    @property
    def arguments(self) -> list[str]:
        """What spin's preprocessor is told."""
        flags = [f"-D{define}" for define in self.defines.split()]
        return flags if self.breaks is None else [*flags, f"-DCLAIMS={1 << self.breaks}"]

    @property
    def expectation(self) -> str:
        """What must come out, in words."""
        if self.breaks is None:
            return "holds"
        return f"breaks claim {self.breaks}" if self.breaks else "can happen"


FREE = Case("secure_sum", "N=4")
FREE_WITH_CRASHES = Case("secure_sum", "N=4 CRASHES")

HOLDING = (
    Case("secure_sum", "N=3"),
    FREE,
    Case("secure_sum", "N=4 PRUNED", states_of=FREE),
    FREE_WITH_CRASHES,
    Case("secure_sum", "N=4 PRUNED CRASHES", states_of=FREE_WITH_CRASHES),
    Case("secure_sum", "N=4 MAX_DROPOUTS=0"),
    Case("secure_sum", "N=5 C=2 PRUNED"),
    Case("secure_sum", "N=5 PRUNED"),
    Case("secure_sum", "N=3 ATTEMPTS=2"),
    Case("secure_sum", "N=4 ATTEMPTS=2 PRUNED ALL_OPENED FIRST_WHOLE"),
    # Rules that keep the answer, not the inputs: no claim rests on them.
    Case("secure_sum", "N=4 WITHOUT_SELF_INCLUDED"),
    Case("secure_sum", "N=4 PRUNED WITHOUT_MUTUALLY_OPENED"),
    Case("rounds", "N=5"),
    Case("rounds", "N=4 ANY_DROPOUTS RASH_DEADLINES"),
    Case("ledger", "N=3 ENTRIES=5"),
    Case("ledger", "N=4 ENTRIES=5"),
    Case("ledger", "N=5 ENTRIES=4"),
)

BREAKING = (
    Case("secure_sum", "N=4 MUTANT_SIGN_TWICE", 1),
    Case("secure_sum", "N=4 CRASHES MUTANT_RESTART_RESUMES", 1),
    Case("secure_sum", "N=4 MUTANT_REVEAL_BOTH", 2),
    Case("secure_sum", "N=4 MUTANT_KIND_BY_REQUEST", 2),
    Case(
        "secure_sum",
        "N=4 ATTEMPTS=2 PRUNED ALL_OPENED FIRST_WHOLE MUTANT_DEALINGS_WITHOUT_ROSTER",
        2,
    ),
    Case("secure_sum", "N=4 MUTANT_REVEAL_BOTH", 3),
    Case("secure_sum", "N=4 MUTANT_OTHER_SHARERS", 3),
    Case("secure_sum", "N=4 MUTANT_FEW_SHARERS", 3),
    Case("secure_sum", "N=5 PRUNED MUTANT_THRESHOLD_WITHOUT_COLLUDERS", 3),
    Case("secure_sum", "N=4 MUTANT_NO_QUORUM", 4),
    Case("secure_sum", "N=4 MAX_DROPOUTS=0 MUTANT_FEW_SURVIVORS", 4),
    Case("secure_sum", "N=3 ATTEMPTS=2 MUTANT_SIGNATURES_WITHOUT_ROSTER", 4),
    Case("ledger", "N=4 ENTRIES=5 MUTANT_SEND_BEFORE_DEBIT", 5),
    Case("ledger", "N=4 ENTRIES=5 MUTANT_NO_FLUSH", 5),
    Case("rounds", "N=4 MUTANT_ONE_DROPOUT_MORE", 6),
    Case("rounds", "N=4 MUTANT_WAITS_FOR_ALL", 6),
    Case("rounds", "N=4 MUTANT_ALL_MUST_SIGN", 6),
    Case("ledger", "N=4 ENTRIES=5 MUTANT_NO_WITNESSES", 7),
    Case("ledger", "N=4 ENTRIES=5 MUTANT_QUORUM_WITHOUT_COLLUDERS", 7),
    Case("ledger", "N=4 ENTRIES=5 MUTANT_RELEASE_LEFT_OPEN", 7),
    Case("ledger", "N=4 ENTRIES=5 MUTANT_ANYBODY_DEBITS", 7),
    Case("ledger", "N=4 ENTRIES=5 MUTANT_NO_NONCE", 7),
    Case("ledger", "N=4 ENTRIES=5 MUTANT_WITNESS_TAKES_FORKS", 7),
    Case("ledger", "N=4 ENTRIES=5 MUTANT_QUORUM_WITHOUT_COLLUDERS", 8),
    # The claims would hold of a model in which nothing happens: a sum can be read, and ρ be spent.
    Case("secure_sum", "N=4 SHOW_A_SUM", 0),
    Case("ledger", "N=4 ENTRIES=4 SHOW_A_SUM", 0),
)


@dataclass(frozen=True, slots=True)
class Found:
    """What spin said of one case.

    Attributes:
        states, transitions: how many were visited.
        is_complete: every reachable state was; always False where a claim was broken.
        broken: what was broken, in the model's own words; empty where nothing was.
        trouble: why there is no result; empty where there is one.
    """

    states: int = 0
    transitions: int = 0
    seconds: float = 0.0
    is_complete: bool = False
    broken: str = ""
    trouble: str = ""


def run(case: Case, folder: Path) -> Found:
    """Translate, compile and search one instance, in an empty folder of its own."""
    begun = time.perf_counter()
    try:
        _call(["spin", "-a", *case.arguments, str(HERE / f"{case.model}.pml")], folder)
        # `rounds` has a liveness claim, the others have assertions only.
        safety = [] if case.model == "rounds" else ["-DSAFETY"]
        # A search that a broken claim cuts short takes less time than compiling it well.
        effort = "-O2" if case.breaks is None else "-O1"
        compiler = ["cc", effort, "-w", f"-DMEMLIM={MEGABYTES}", *safety]
        _call([*compiler, "-o", "pan", "pan.c"], folder)
        acceptance = ["-a"] if case.model == "rounds" else []
        said = _call([str(folder / "pan"), *acceptance, f"-m{DEEPEST}"], folder)
    except (OSError, subprocess.SubprocessError) as error:
        return Found(trouble=str(error))
    return _read(said, time.perf_counter() - begun)


def _call(command: Sequence[str], folder: Path) -> str:
    done = subprocess.run(  # noqa: S603  # spin, cc, and what they made
        command,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS_FOR_ONE,
        check=False,
    )
    if done.returncode != 0:
        raise subprocess.SubprocessError(f"{command[0]}: {done.stdout.strip()[:500]}")
    return done.stdout


def _read(said: str, seconds: float) -> Found:
    """What pan's report means. A report that is cut short is trouble, never a claim that holds."""
    errors = re.search(r"errors: (\d+)", said)
    states = re.search(r"([\d.e+]+) states, stored", said)
    transitions = re.search(r"([\d.e+]+) transitions", said)
    if errors is None or states is None or transitions is None:
        return Found(trouble=f"no report of pan's: {said.strip()[:500]}")
    broken = re.search(r"pan:\d+: (.*)", said)
    is_cut = re.search(r"not completed|depth too small|out of memory|maximum memory", said)
    return Found(
        states=int(float(states[1])),
        transitions=int(float(transitions[1])),
        seconds=seconds,
        is_complete=is_cut is None and errors[1] == "0",
        broken=broken[1] if broken is not None and errors[1] != "0" else "",
    )


def verdict(case: Case, found: Found, others: dict[Case, Found]) -> str:
    """What is wrong; empty where all is as it must be."""
    if found.trouble:
        return found.trouble
    if case.breaks is not None:
        # With the assertions of one claim alone, whatever is broken is that claim.
        expected = ("acceptance cycle", "assertion violated")[case.model != "rounds"]
        return "" if expected in found.broken else "NOT CAUGHT: this claim cannot fail"
    if found.broken:
        return f"BROKEN: {found.broken}"
    if not found.is_complete:
        return "the search was cut short"
    if case.states_of in others and others[case.states_of].states != found.states:
        return f"{others[case.states_of].states} states with all messages: pruning loses some"
    return ""


def check(cases: Sequence[Case], workers: int) -> Iterator[tuple[Case, Found, str]]:
    """Run the cases, several at a time, and judge them in order."""
    done: dict[Case, Found] = {}
    with tempfile.TemporaryDirectory(prefix="corridor-model-") as name:
        folders = [Path(name) / str(number) for number in range(len(cases))]
        for folder in folders:
            folder.mkdir()
        with ThreadPoolExecutor(workers) as pool:
            for case, found in zip(cases, pool.map(run, cases, folders), strict=True):
                done[case] = found
                yield case, found, verdict(case, found, done)


def main(words: Sequence[str]) -> int:
    """Print a line for each case; 1 if any is not as it must be, 2 if a tool is missing."""
    missing = [tool for tool in ("spin", "cc") if shutil.which(tool) is None]
    if missing:
        print(
            f"The models need {' and '.join(missing)}, which is not installed. On Debian or "
            "Ubuntu: apt-get install spin gcc libc6-dev. Nothing was checked.",
            file=sys.stderr,
        )
        return 2
    cases = [
        case
        for case in (*HOLDING, *BREAKING)
        if all(word in f"{case.model} {case.defines}" for word in words)
    ]
    for number, claim in CLAIMS.items():
        print(f"claim {number}: {claim}")
    print(f"\n{'states':>9} {'transitions':>12} {'seconds':>8}  model")
    wrong = 0
    begun = time.perf_counter()
    for case, found, problem in check(cases, os.cpu_count() or 1):
        wrong += bool(problem)
        print(
            f"{found.states:>9} {found.transitions:>12} {found.seconds:>8.1f}  "
            f"{case.model} {case.defines}: {problem or case.expectation}",
            flush=True,
        )
    print(
        f"\n{len(cases)} runs in {time.perf_counter() - begun:.0f} s, {wrong} not as they must be; "
        "every run that holds visited all states of its instance."
        if cases
        else "No model has these words in its name."
    )
    return 1 if wrong or not cases else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
