"""Files that `backup` did not make are refused with a code, whatever is in them."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corridor.errors import CorridorError
from corridor.node.backup import MAGIC, open_backup
from corridor.node.store.locks import Sources

SALT = "00" * 16
CHEAP = {"kind": "passphrase", "salt": SALT, "iterations": 1, "lanes": 1, "memory_kib": 8}
DEAR = {**CHEAP, "memory_kib": 1 << 30}


def head(document: object) -> bytes:
    raw = json.dumps(document).encode()
    return MAGIC + len(raw).to_bytes(4, "big") + raw


def refused(path: Path, raw: bytes, sources: Sources) -> str:
    path.write_bytes(raw)
    with pytest.raises(CorridorError) as error:
        open_backup(path, sources)
    return error.value.code


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    (tmp_path / "passphrase").write_text("five words that nobody guesses")
    return Sources(passphrase_file=tmp_path / "passphrase")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(rest=st.binary(max_size=200), begins=st.sampled_from([b"", MAGIC]))
def test_no_bytes_end_in_anything_but_a_refusal(
    tmp_path: Path, sources: Sources, rest: bytes, begins: bytes
) -> None:
    assert refused(tmp_path / "file", begins + rest, sources) == "backup.malformed"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(rest=st.binary(max_size=200))
def test_a_head_that_can_be_read_before_bytes_that_cannot_is_refused(
    tmp_path: Path, sources: Sources, rest: bytes
) -> None:
    raw = head({"country": "MD", "at": "", "lock": CHEAP}) + rest
    assert refused(tmp_path / "file", raw, sources) in {"backup.damaged", "backup.malformed"}


def test_a_lock_that_would_take_all_memory_is_not_tried(tmp_path: Path, sources: Sources) -> None:
    raw = head({"country": "MD", "at": "", "lock": DEAR})
    assert refused(tmp_path / "file", raw, sources) == "keys.unreadable_lock"


@pytest.mark.parametrize("document", [[], {}, {"country": "MD"}, {"country": 1, "lock": CHEAP}])
def test_a_head_that_says_too_little_is_refused(
    tmp_path: Path, sources: Sources, document: object
) -> None:
    assert refused(tmp_path / "file", head(document), sources) == "backup.malformed"
