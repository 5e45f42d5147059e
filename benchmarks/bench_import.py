"""How long an import takes, and how much memory: CSV, Excel, and exports that are put together.

    python benchmarks/bench_import.py                    CSV of 10⁶ cases, Excel of 10⁵
    python benchmarks/bench_import.py --rows 100000 csv related

Each import is a process of its own, `corridor node import` on a new home, from the files to the
encrypted edition, its report and its profile: nothing is left out. `memory` is the most that was
resident in it, of everything. Beside it, in the same run, the CPU of reading the file alone: CSV by
Python's own reader, a workbook by the library that the import uses, too.

    csv        one row a case, 24 columns as in the core template, and an identity number
    addition   the same, added to an edition of as many cases; most of its persons are known
    excel      the same as a workbook
    split      Kobo: every select_multiple in a column for each choice (65 columns)
    related    Salesforce: persons, cases, assessments and events in four files
    mapped     French headings and values, through a mapping file
"""

import argparse
import csv
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import python_calamine
from measuring import load
from openpyxl import Workbook

from corridor.queries.htcds import HtcdsField, parse_htcds

DATA = Path(__file__).parents[1] / "queries" / "data"
COUNTRIES = ("Moldova", "Ukraine", "Sofia, Bulgaria", "RO", "Nigeria", "Italie", "Молдова", "")
EXTRA = ("prs_IdentityNumber", "vic_AgeWhenTrafficked")
LISTS = ("vic_MethodOfRecruitment", "vic_MethodsOfControl", "vic_TypeOfExploitation")
FRENCH = {
    "prs_Gender": "Sexe",
    "con_Consent": "Consentement",
    "prs_Birthdate": "Date de naissance",
    "vic_TypeOfExploitation": "Type d'exploitation",
    "vic_LocationOfExploitation": "Pays d'exploitation",
}
Row = dict[str, object]


def main() -> None:
    parser = argparse.ArgumentParser(description="imports")
    parser.add_argument("shapes", nargs="*", default=["csv", "excel"], choices=[*SHAPES, []])
    parser.add_argument("--rows", type=int, help="cases; else 10⁶, of a workbook 10⁵")
    asked = parser.parse_args()
    print(f"load average {load()}")
    print(
        f"{'':10}{'cases':>10}{'files':>9}{'import':>10}{'CPU':>10}{'memory':>10}{'file alone':>12}"
    )
    for shape in asked.shapes or ["csv", "excel"]:
        cases = asked.rows or (10**5 if shape == "excel" else 10**6)
        with TemporaryDirectory() as name:
            measure(shape, cases, Path(name))
    print(f"load average {load()}")


def measure(shape: str, cases: int, folder: Path) -> None:
    paths = SHAPES[shape](folder, cases)
    size = sum(path.stat().st_size for path in paths) / 1e6
    home = folder / "home"
    run(["init", "--country", "MD", "--home", str(home)])
    if shape == "mapped":
        (home / "mapping.toml").write_text(mapping(), "utf-8")
    if shape == "addition":
        run(["import", str(plain(folder, cases, seed=2)[0]), "--home", str(home)])
        paths = SHAPES[shape](folder, cases)
    alone = read_alone(paths)
    seconds, cpu, most = run(["import", *map(str, paths), "--home", str(home)])
    figures = f"{seconds:10.1f} s{cpu:10.1f} s{most:9.0f} MB{alone:10.1f} s"
    print(f"{shape:8}{cases:12,}{size:9.0f} MB{figures}", flush=True)


def run(words: Sequence[str]) -> tuple[float, float, float]:
    """Seconds by the clock, of CPU, and the most megabytes, of `corridor node WORDS`."""
    code = (
        "import sys, resource; from corridor.cli.main import main; code = main(sys.argv[1:]); "
        "used = resource.getrusage(resource.RUSAGE_SELF); cpu = used.ru_utime + used.ru_stime; "
        "print(cpu, used.ru_maxrss / 1024, file=sys.stderr); sys.exit(code)"
    )
    start = time.perf_counter()
    done = subprocess.run(  # noqa: S603  # our own command
        [sys.executable, "-c", code, "node", *words], capture_output=True, text=True, check=False
    )
    seconds = time.perf_counter() - start
    assert done.returncode == 0, done.stderr[-2000:]
    cpu, most = map(float, done.stderr.strip().splitlines()[-1].split())
    return seconds, cpu, most


def read_alone(paths: Sequence[Path]) -> float:
    start = time.process_time()
    for path in paths:
        if path.suffix == ".csv":
            with path.open(encoding="utf-8", newline="") as file:
                for _ in csv.reader(file):
                    pass
        else:
            with python_calamine.load_workbook(str(path)) as book:
                for name in book.sheet_names:
                    book.get_sheet_by_name(name).to_python()
    return time.process_time() - start


# ---------------------------------------------------------------- the files


def fields() -> Mapping[str, HtcdsField]:
    return parse_htcds((DATA / "htcds-2.0.json").read_text("utf-8"))


def cases_of(count: int, seed: int = 1) -> Iterator[Row]:
    """Cases as an authority has them: a person in two, a value in thirty wrong."""
    chance, known = Random(seed), fields()  # noqa: S311  # made-up cases
    picked = {
        name: list(known[name].picklist.values())
        for name in ("prs_Gender", "vic_TraffickingStatus", "cas_Status", *LISTS)
    }
    for _ in range(count):
        person = chance.randrange(count // 2 + 1)
        own = Random(person)  # noqa: S311
        born = (1960 + own.randrange(50), own.randrange(1, 13), own.randrange(1, 29))
        referred = (2010 + chance.randrange(15), chance.randrange(1, 13))
        row: Row = {
            "con_Consent": "No" if chance.random() < 0.05 else "Yes",
            "prs_FirstName": f"Name{person % 5000}",
            "prs_SecondName": f"Family{person}",
            "prs_Birthdate": "{}-{:02}-{:02}".format(*born),
            "prs_IdentityNumber": f"MD-{person:09}" if person % 3 else "",
            "prs_Citizenship": chance.choice(COUNTRIES),
            "prs_Email": f"p{person}@example.org",
            "prs_MailingCity": "Sampletown",
            "vic_LocationOfRecruitment": chance.choice(COUNTRIES),
            "vic_LocationOfExploitation": chance.choice(COUNTRIES),
            "vic_AgeWhenTrafficked": chance.randrange(60) if chance.random() < 0.5 else "",
            "cas_IncomingReferralDate": "{}-{:02}-01".format(*referred),
            "cas_IncomingReferralDetails": "free text of some length about what was said " * 2,
        }
        for name, values in picked.items():
            several = name in LISTS
            chosen = chance.sample(values, chance.randrange(4) if several else 1)
            row[name] = "xx" if chance.random() < 0.03 else ";".join(chosen)
        yield row


def write(path: Path, rows: Iterator[Sequence[object]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


def plain(folder: Path, cases: int, seed: int = 1) -> list[Path]:
    names = list(next(cases_of(1)))

    def rows() -> Iterator[Sequence[object]]:
        yield names
        for row in cases_of(cases, seed):
            yield [row[name] for name in names]

    return [write(folder / "cases.csv", rows())]


def excel(folder: Path, cases: int) -> list[Path]:
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Sheet1")
    names = list(next(cases_of(1)))
    sheet.append(names)
    for row in cases_of(cases):
        sheet.append([row[name] for name in names])
    path = folder / "cases.xlsx"
    book.save(path)
    return [path]


def split(folder: Path, cases: int) -> list[Path]:
    known = fields()
    names = [name for name in next(cases_of(1)) if name not in LISTS]
    choices = [(name, value) for name in LISTS for value in known[name].picklist]

    def rows() -> Iterator[Sequence[object]]:
        yield [
            *(f"group/{n}" for n in names),
            *(f"group/{n}/{v}" for n, v in choices),
            "_id",
            "_index",
        ]
        for number, row in enumerate(cases_of(cases), 1):
            chosen = {name: str(row[name]).split(";") for name in LISTS}
            ticks = [int(known[name].picklist[value] in chosen[name]) for name, value in choices]
            yield [*(row[name] for name in names), *ticks, number, number]

    return [write(folder / "kobo.csv", rows())]


def related(folder: Path, cases: int) -> list[Path]:
    def table(
        own: str, parts: tuple[str, ...], links: tuple[str, ...]
    ) -> Iterator[Sequence[object]]:
        names = [n for n in next(cases_of(1)) if n.startswith(parts)]
        yield [*(["Id"] if own else []), *links, *(f"{name}__c" for name in names)]
        for number, row in enumerate(cases_of(cases)):
            person = str(row["prs_SecondName"]).removeprefix("Family")
            ids = {"person": f"003{person:0>15}", "case": f"500{number:015}"}
            linked = [ids["case"] if "Case" in link else ids["person"] for link in links]
            if own == "person" and number % 2:
                continue
            yield [*([ids[own]] if own else []), *linked, *(row[name] for name in names)]

    return [
        write(folder / "Contact.csv", table("person", ("prs_",))),
        write(folder / "Case.csv", table("case", ("cas_", "con_"), "ContactId")),
        write(folder / "Assessment.csv", table("", ("vic_",), "Case__c")),
    ]


def mapped(folder: Path, cases: int) -> list[Path]:
    names = list(next(cases_of(1)))
    words = {"Feminine": "F", "Masculine": "H"}

    def rows() -> Iterator[Sequence[object]]:
        yield [FRENCH.get(name, name) for name in names]
        for row in cases_of(cases):
            yield [words.get(str(row[name]), row[name]) for name in names]

    return [write(folder / "victimes.csv", rows())]


def mapping() -> str:
    lines = ["[[table]]", 'file = "victimes.csv"', "[table.columns]"]
    lines += [f'"{heading}" = "{name}"' for name, heading in FRENCH.items()]
    lines += ["[table.values.prs_Gender]", 'F = "Feminine"', 'H = "Masculine"']
    return "\n".join(lines) + "\n"


SHAPES: Mapping[str, Callable[[Path, int], list[Path]]] = {
    "csv": plain,
    "addition": plain,
    "excel": excel,
    "split": split,
    "related": related,
    "mapped": mapped,
}


if __name__ == "__main__":
    main()
