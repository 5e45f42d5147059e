"""Every command says in its help what it does, and shows an example that can be pasted."""

import argparse
import shlex
import subprocess
import sys
from collections.abc import Iterator

import pytest

from corridor.cli.main import COMMANDS, main, make_parser

Parser = argparse.ArgumentParser


def commands_below(parser: Parser, words: tuple[str, ...]) -> Iterator[tuple[str, Parser]]:
    below = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    if not below:
        yield " ".join(words), parser
    for action in below:
        for name, child in action.choices.items():
            yield from commands_below(child, (*words, name))


def every_command() -> dict[str, Parser]:
    return {
        words: parser
        for noun, _, _ in COMMANDS
        for words, parser in commands_below(make_parser(noun), ())
        if words.split()[0] == noun
    }


EVERY = every_command()


def test_the_table_of_contents_names_the_commands_that_there_are() -> None:
    for noun, _, _ in COMMANDS:
        assert any(words.split()[0] == noun for words in EVERY), noun
    assert len(EVERY) > 25


@pytest.mark.parametrize("words", EVERY)
def test_help_begins_with_what_the_command_does(words: str) -> None:
    does = EVERY[words].description or ""
    assert does[:1].isupper()
    assert does.endswith(".")


@pytest.mark.parametrize("words", EVERY)
def test_help_ends_with_an_example_of_right_usage(words: str) -> None:
    lines = (EVERY[words].epilog or "").splitlines()
    assert lines[0] == "example"
    pasted = shlex.split(" ".join(lines[1:]))
    assert pasted[: len(words.split()) + 1] == ["corridor", *words.split()]
    arguments = make_parser(pasted[1]).parse_args(pasted[1:])
    assert callable(arguments.run)


@pytest.mark.parametrize("words", EVERY)
def test_every_command_speaks_json(words: str) -> None:
    assert "--json" in EVERY[words].format_help()


@pytest.mark.parametrize("words", EVERY)
def test_an_option_says_what_it_is_for_or_its_name_does(words: str) -> None:
    for action in EVERY[words]._actions:
        if action.help is None:
            assert action.option_strings or action.metavar


def test_the_first_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["--help"])
    assert left.value.code == 0
    told = capsys.readouterr().out
    for noun, does, _ in COMMANDS:
        assert any(line.split() == [noun, *does.split()] for line in told.splitlines()), noun


def test_help_and_version_load_no_database_and_no_network() -> None:
    heavy = {"duckdb", "grpc", "opendp", "sqlalchemy", "flask", "pyarrow", "numpy", "httpx"}
    script = (
        "import sys\n"
        "from corridor.cli.main import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit: pass\n"
        f"sys.exit(' '.join(sorted({heavy!r} & set(sys.modules))))\n"
    )
    ended = subprocess.run(
        [sys.executable, "-P", "-c", script], capture_output=True, text=True, check=False
    )
    assert ended.stderr == "\n"


def test_an_analyst_s_command_loads_no_library_that_only_files_or_views_need() -> None:
    """Each takes longer to load than the question takes to send."""
    heavy = "numpy", "pyarrow", "openpyxl"
    looks = f"import sys, corridor.cli.analyst; print([m for m in {heavy} if m in sys.modules])"
    told = subprocess.run(
        [sys.executable, "-P", "-c", looks], capture_output=True, text=True, check=True
    )
    assert told.stdout == "[]\n"
