from pathlib import Path

import pytest

from corridor.errors.files import DiskError
from corridor.files import PUBLIC, write_atomically


def test_a_file_is_replaced_whole_and_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "signing.key"
    path.write_bytes(b"an older and longer content")
    path.chmod(0o644)
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [child.name for child in tmp_path.iterdir()] == ["signing.key"]


def test_what_may_be_read_by_others_says_so(tmp_path: Path) -> None:
    write_atomically(tmp_path / "card.json", b"{}", PUBLIC)
    assert (tmp_path / "card.json").stat().st_mode & 0o777 == 0o644


def test_a_failed_write_leaves_what_stood_there(tmp_path: Path) -> None:
    path = tmp_path / "charter.json"
    path.write_bytes(b"old")
    (tmp_path / ".charter.json.new").mkdir()  # the place beside it is taken
    with pytest.raises(DiskError, match=r"charter\.json: .* as it was"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
