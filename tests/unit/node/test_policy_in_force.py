"""A policy file that changes under a serving node: obeyed where it can be read, told where not."""

import os
from fractions import Fraction
from pathlib import Path

import pytest

from corridor.errors.node import SettingsError
from corridor.errors.policy import PolicyError
from corridor.node.policy import DEFAULT_POLICY, Policy
from corridor.node.policy_in_force import PolicyInForce

ONE_RULE = '[[rule]]\nverdict = "refuse"\n'


class Watched:
    """A policy file, and what was heard of it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.heard: list[Policy] = []
        path.write_text(DEFAULT_POLICY)
        self.rules = PolicyInForce(path, lambda policy, _: self.heard.append(policy))

    def number(self) -> int:
        return len(self.rules.current().rules)


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    return Watched(tmp_path / "policy.toml")


def test_a_changed_file_is_obeyed_from_the_next_look_on(watched: Watched) -> None:
    assert watched.number() == 6
    watched.path.write_text(ONE_RULE)
    assert watched.number() == 1
    assert [len(one.rules) for one in watched.heard] == [1]
    watched.number()
    assert len(watched.heard) == 1


def test_a_file_that_cannot_be_read_changes_nothing_until_it_is_mended(watched: Watched) -> None:
    watched.path.write_text(ONE_RULE.replace("refuse", "refuze"))
    assert watched.number() == 6
    assert "line 2" in watched.rules.problem
    watched.path.write_text(ONE_RULE)
    assert watched.number() == 1
    assert watched.rules.problem == ""


def test_a_file_that_is_gone_or_no_text_changes_nothing(watched: Watched) -> None:
    watched.path.unlink()
    assert watched.number() == 6
    assert "missing" in watched.rules.problem
    watched.path.write_bytes(b"\xff\xfe")
    assert watched.number() == 6
    assert "UTF-8" in watched.rules.problem
    assert watched.heard == []


def test_a_file_of_the_same_length_that_was_renamed_over_it_is_seen(watched: Watched) -> None:
    text = DEFAULT_POLICY.replace('per_year = "1/10"', 'per_year = "1/20"')
    beside = watched.path.with_name("beside")
    beside.write_text(text)
    stood = watched.path.stat()
    os.utime(beside, ns=(stood.st_atime_ns, stood.st_mtime_ns))
    beside.rename(watched.path)
    assert watched.rules.current().per_year == Fraction(1, 20)


def test_the_first_policy_has_to_be_readable(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    with pytest.raises(SettingsError):
        PolicyInForce(path, lambda _policy, _digest: None)
    path.write_text("[alowance]\n")
    with pytest.raises(PolicyError):
        PolicyInForce(path, lambda _policy, _digest: None)
