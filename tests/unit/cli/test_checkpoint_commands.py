"""`corridor node checkpoint` and the doctor: what an operator sees of the tree of releases."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from corridor.cli.main import main
from corridor.ids import CountryCode
from corridor.node import app
from corridor.node.app import contradictions
from corridor.node.home import Enrolment, Home, NodeSettings, create_home, write_enrolment
from corridor.protocols.charter import (
    CharterSignature,
    SignedCharter,
    proposal_to_sign,
    signature_to_sign,
)
from corridor.protocols.notes import parse_note
from corridor.protocols.release_tree import Consistency
from support.charters import COORDINATOR, node_keys
from support.release_tree import FIVE, MD, UA, Liar, Member, charter_of_five, leaf_of

CHARTER = charter_of_five()
HONEST = Liar.honest(CHARTER, 9)
OTHER = Liar(CHARTER, [leaf_of(n, "b" if n >= 2 else "") for n in range(9)])


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A node of MD whose charter is in force; nothing was cosigned yet."""
    return make_home(tmp_path / "MD", MD)


def make_home(folder: Path, country: CountryCode) -> Path:
    home = Home(folder)
    create_home(home, NodeSettings(country, f"Authority of {country}"))
    (home.keys / "signing.key").write_bytes(node_keys(country).signing_seed)
    (home.keys / "encryption.key").write_bytes(node_keys(country).encryption_seed)
    words = tuple(
        CharterSignature(c, node_keys(c).sign(signature_to_sign(CHARTER, c))) for c in FIVE
    )
    signed = SignedCharter(CHARTER, COORDINATOR.sign(proposal_to_sign(CHARTER)), words)
    home.charter.write_bytes(signed.encode())
    write_enrolment(
        home,
        Enrolment(
            region=CHARTER.region,
            grpc="127.0.0.1:1",
            web="https://127.0.0.1:1",
            coordinator_key=COORDINATOR.public,
            authority="00",
        ),
    )
    return folder


def cosign(home: Path, *sizes: int, liar: Liar = HONEST, country: CountryCode = MD) -> None:
    """Let the node cosign trees of these sizes, as `serve` would."""
    with open_member(home, country) as member:
        old = member.desk.standing().size
        for size in sizes:
            member.cosigned(liar.offer(old, size))
            old = size


@contextmanager
def open_member(home: Path, country: CountryCode) -> Iterator[Member]:
    """The node's cosigning desk, over the files of its home."""
    member = Member(home, CHARTER, country)
    try:
        yield member
    finally:
        member.close()


def run(capsys: pytest.CaptureFixture[str], home: Path, *words: str, code: int = 0) -> Any:
    assert main(["node", "checkpoint", *words, "--home", str(home), "--json"]) == code
    return json.loads(capsys.readouterr().out)


def note_file(folder: Path, liar: Liar, size: int, *cosigners: CountryCode) -> str:
    path = folder / "checkpoint-of-a-friend.txt"
    path.write_bytes(liar.note(size, cosigners=cosigners).encode())
    return str(path)


@pytest.fixture
def coordinator(monkeypatch: pytest.MonkeyPatch) -> Callable[[Liar], None]:
    """Whose tree the coordinator proves when it is asked."""

    def proves(liar: Liar) -> None:
        async def fetch(_: Home, old: int, new: int) -> Consistency:
            return Consistency(old, new, liar.tree.consistency_proof(old, new))

        monkeypatch.setattr(contradictions, "_fetch_consistency", fetch)

    return proves


def test_before_the_first_there_is_none(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, home, code=1)["error"]["code"] == "tree.no_checkpoint"
    assert run(capsys, home, "--evidence") == []


def test_the_checkpoint_is_shown_as_a_note_that_others_can_read(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cosign(home, 2, 5)
    found = run(capsys, home)
    assert (found["size"], found["cosigned_by"], found["contradicted"]) == (5, ["MD"], False)
    out = tmp_path / "note.txt"
    run(capsys, home, "--out", str(out))
    assert out.read_text() == found["note"]
    assert parse_note(out.read_bytes()).text == HONEST.note(5).text
    assert main(["node", "checkpoint", "--home", str(home)]) == 0
    assert capsys.readouterr().out == found["note"]


@pytest.mark.parametrize("size", [2, 4, 7])
def test_a_friend_s_checkpoint_of_the_same_tree_is_one(
    size: int,
    home: Path,
    tmp_path: Path,
    coordinator: Callable[[Liar], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    cosign(home, 2, 5)
    coordinator(HONEST)
    found = run(capsys, home, "--compare", note_file(tmp_path, HONEST, size, UA))
    assert found == {"mine": 2 if size == 2 else 5, "theirs": size, "cosigned_by": ["UA"]}


@pytest.mark.parametrize("prover", [HONEST, OTHER], ids=["honest proof", "other view's proof"])
@pytest.mark.parametrize(
    ("size", "code"), [(5, "tree.split_view"), (4, "tree.inconsistent"), (7, "tree.inconsistent")]
)
def test_a30_a_split_view_is_found_out_of_band_kept_and_shown(  # noqa: PLR0917 - fixtures
    size: int,
    code: str,
    prover: Liar,
    home: Path,
    tmp_path: Path,
    coordinator: Callable[[Liar], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    cosign(home, 2, 5)
    coordinator(prover)
    theirs = note_file(tmp_path, OTHER, size, UA)
    for _ in range(2):
        found = run(capsys, home, "--compare", theirs, code=1)
        assert found["error"]["code"] == code
    convicts = code == "tree.split_view"
    (evidence,) = run(capsys, home, "--evidence", code=int(convicts))
    assert (evidence["code"], evidence["is_proof"]) == (code, convicts)
    assert evidence["offered"].encode() == Path(theirs).read_bytes()
    assert run(capsys, home, code=int(convicts))["contradicted"] == convicts
    finding = next(one for one in app.doctor(app.real_world(home)) if one.what == "releases")
    assert finding.ok != convicts
    assert ("tree.contradicted_before" in finding.finding) == convicts
    kinds = [one.kind for one in app.journal(app.real_world(home), 9)]
    assert kinds == ["cosigned"] * 2 + ["checkpoint_refused"] * 2


def test_an_operator_settles_a_contradiction_and_the_journal_keeps_the_words(
    home: Path,
    tmp_path: Path,
    coordinator: Callable[[Liar], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    cosign(home, 2, 5)
    coordinator(OTHER)
    refused = run(capsys, home, "--settle", "nothing was wrong", code=1)
    assert refused["error"]["code"] == "tree.nothing_to_settle"
    run(capsys, home, "--compare", note_file(tmp_path, OTHER, 5, UA), code=1)
    words = "its staff restored a backup; BG and UA agree on ours"
    assert run(capsys, home, "--settle", words) == {"settled": 1}
    assert not run(capsys, home)["contradicted"]
    (evidence,) = run(capsys, home, "--evidence")
    assert (evidence["is_proof"], evidence["settled"]) == (True, words)
    assert all(one.ok for one in app.doctor(app.real_world(home)) if one.what == "releases")
    last = app.journal(app.real_world(home), 1)[0]
    assert (last.kind, last.document["words"]) == ("evidence_settled", words)
    assert words in last.details  # whole, for people too; only hashes are cut


def test_a_stranger_s_checkpoint_is_compared_with_nothing(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cosign(home, 2)
    path = Path(note_file(tmp_path, OTHER, 2))
    note = parse_note(path.read_bytes())
    path.write_bytes(replace(note, text=note.text.replace("\n2\n", "\n3\n")).encode())
    found = run(capsys, home, "--compare", str(path), code=1)
    assert found["error"]["code"] == "tree.forged_checkpoint"
    assert run(capsys, home, "--evidence") == []


def test_the_doctor_says_how_far_the_tree_is_known(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def finding() -> str:
        (found,) = [one for one in app.doctor(app.real_world(home)) if one.what == "releases"]
        assert found.ok
        return found.finding

    assert "no checkpoint" in finding()
    cosign(home, 4)
    assert finding() == "a tree of 4 releases was cosigned last"
