"""`corridor demo`: a whole region on this machine, from case files to a report.

    processes   the parties, each a real process
    region      homes, keys, case files, charter: what operators would do by hand
    story       the three questions, and what is shown of them
    report      the HTML page

The case files are synthetic and say so in every sheet; they enter by the import that real files
enter by, and everything between the processes is mutual TLS on loopback.
"""

import argparse
import contextlib
import shlex
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from corridor.cli.demo.region import COUNTRIES, running_region
from corridor.cli.demo.story import tell_story
from corridor.cli.homes import whole, whole_from
from corridor.cli.output import Output
from corridor.cli.words import Nouns, add_command
from corridor.errors.demo import FolderTakenError, TooFewCountriesError

FEWEST = 4
"""With three countries no dropout can be tolerated, and the demo stops a node."""


def add_to(nouns: "Nouns[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = add_command(
        nouns,
        "demo",
        run,
        does="run a whole region on this machine with synthetic case files, and write a report",
        example="corridor demo --people 2000 --out demo --keep",
    )
    parser.add_argument(
        "--countries", type=whole, default=5, metavar="N", help="4 to 12 (default: %(default)s)"
    )
    parser.add_argument(
        "--people",
        type=whole_from(10, 1_000_000),
        default=1500,
        metavar="N",
        help="victims a country, about (default: %(default)s)",
    )
    parser.add_argument("--seed", type=whole, default=2026, metavar="N", help="of the case files")
    parser.add_argument(
        "--keep", action="store_true", help="leave the region running and say how to use it"
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="where everything goes (default: a new folder)"
    )


def run(arguments: argparse.Namespace, out: Output) -> int:
    """Build the region, ask, report, clean up."""
    if not FEWEST <= arguments.countries <= len(COUNTRIES):
        raise TooFewCountriesError(arguments.countries, len(COUNTRIES))
    countries = COUNTRIES[: arguments.countries]
    with _folder(arguments.out, keep=arguments.keep) as folder, _ends_on_sigterm():
        report = (arguments.out or Path.cwd()) / "corridor-demo-report.html"
        with running_region(
            folder, countries, arguments.people, arguments.seed, out.progress
        ) as region:
            tell_story(region, report, out)
            if arguments.keep:
                region.start_ended_nodes()
                _say_how_to_use(region.folder, region.credentials.url, out)
                with contextlib.suppress(KeyboardInterrupt):
                    signal.pause()
                out.progress("stopping the region")
    return 0


@contextlib.contextmanager
def _folder(chosen: Path | None, *, keep: bool) -> Iterator[Path]:
    """The demo's folder: the chosen one, or a new one that is removed unless kept."""
    if chosen is not None:
        if chosen.exists() and any(chosen.iterdir()):
            raise FolderTakenError(str(chosen))
        chosen.mkdir(parents=True, exist_ok=True)
        yield chosen.resolve() / "region"
        if not keep:
            shutil.rmtree(chosen.resolve() / "region", ignore_errors=True)
        return
    folder = Path(tempfile.mkdtemp(prefix="corridor-demo-"))
    try:
        yield folder
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _ends_on_sigterm() -> Iterator[None]:
    """Let SIGTERM, and a terminal that is closed, end the demo as Ctrl-C does: with its parties."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = {one: signal.signal(one, interrupt) for one in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def _say_how_to_use(folder: Path, url: str, out: Output) -> None:
    def quoted(path: Path) -> str:
        return shlex.quote(str(path))

    out.heading("The region goes on running. In another shell:")
    out.say(f'  export PATH={quoted(Path(sys.executable).parent)}:"$PATH"')
    out.say(f"  export CORRIDOR_CREDENTIALS={quoted(folder / 'credentials.json')}")
    out.say("  corridor indicators")
    out.say('  corridor forecast --indicator exploitation_forms --accuracy "±25"')
    out.say('  corridor ask --indicator exploitation_forms --accuracy "±25"')
    home = quoted(folder / "node-BG")
    out.say(f"  corridor node status --home {home}")
    out.say(f"  corridor node budget --home {home}")
    out.say(f"  corridor node journal --home {home}")
    receipt = min((folder / "receipts").iterdir())
    charter = quoted(folder / "node-BG" / "charter.json")
    out.say(f"  corridor verify {quoted(receipt)} --charter {charter}")
    out.say("In a browser, with an account of yours; it shows a one-time code:")
    out.say(
        "  corridor coordinator people add Ana --role analyst --organisation IOM "
        f"--home {quoted(folder / 'coordinator')}"
    )
    out.say(f"  {url}/welcome   (the browser does not know the demo's authority, and asks)")
    out.say(f"The coordinator answers at {url}. Ctrl-C here stops the region; its folder stays:")
    out.say(f"  {folder}")
