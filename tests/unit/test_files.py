import subprocess
import sys
from pathlib import Path

import pytest

from corridor.errors.files import DiskError
from corridor.files import PUBLIC, write_atomically
from support.broken_disk import SUPPORTED

WITHOUT_FLUSHING = """
import sys
from pathlib import Path
from corridor.errors.files import DiskError
from corridor.files import write_atomically
from support.broken_disk import flushing_fails

flushing_fails()
try:
    write_atomically(Path(sys.argv[1]), b"new")
except DiskError as error:
    print(error.code)
"""


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


@pytest.mark.skipif(not SUPPORTED, reason="needs Linux's seccomp")
def test_a38_what_cannot_be_flushed_takes_the_place_of_nothing(tmp_path: Path) -> None:
    # Renamed before it is on the disk, it would be empty after a power failure: an accepted
    # charter, a key.
    path = tmp_path / "charter.json"
    path.write_bytes(b"old")
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_FLUSHING, str(path)],
        env={"PYTHONPATH": str(Path(__file__).resolve().parents[1]), "PYTHONSAFEPATH": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout.strip()) == (0, "disk.cannot_write"), done.stderr
    assert path.read_bytes() == b"old"
    assert [child.name for child in tmp_path.iterdir()] == ["charter.json"]
