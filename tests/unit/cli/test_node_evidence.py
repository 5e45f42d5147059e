"""An official sees, and passes on, signed words that contradict each other."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from corridor.cli.main import main
from corridor.errors.ledger import EquivocationError, LedgerForkError
from corridor.ids import CountryCode
from corridor.node import app
from corridor.node.app import charters as offers
from corridor.node.home import Enrolment, Home, read_settings, write_enrolment
from corridor.node.keys import read_keys
from corridor.node.tree_book import TreeBook
from corridor.node.witness_book import WitnessBook
from corridor.protocols import canonical
from corridor.protocols.chains import BEGINNING, Entry
from corridor.protocols.charter import (
    Charter,
    CharterSignature,
    SignedCharter,
    proposal_to_sign,
    signature_to_sign,
)
from corridor.protocols.contradictions import charter_document
from corridor.protocols.secure_sum.messages import UNSIGNED
from support.charters import COORDINATOR, make_charter, node_keys
from support.contradictions import convicting, forged, line_of
from support.signing import KeyPair, verify


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "node"
    app.initialise(app.real_world(folder), country=CountryCode("MD"), name="Authority of MD")
    return folder


def test_a31_contradicting_words_are_shown_written_and_found_by_the_doctor(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["node", "evidence", "--home", str(home)]) == 0
    assert "no contradiction on record" in capsys.readouterr().out
    with WitnessBook(Home(home).witness, verify) as book:
        book.hear_coordinator("session 01", b'{"purpose":"one"}')
        with pytest.raises(EquivocationError):
            book.hear_coordinator("session 01", b'{"purpose":"other"}')
    written = tmp_path / "evidence.jsonl"
    assert main(["node", "evidence", "--out", str(written), "--home", str(home)]) == 1
    shown = capsys.readouterr().out
    assert "the coordinator: two signed words about one session 01" in shown
    (line,) = map(json.loads, written.read_text().splitlines())
    assert (line["held"], line["shown"]) == ('{"purpose":"one"}', '{"purpose":"other"}')
    main(["node", "doctor", "--home", str(home), "--json"])
    findings = {one["what"]: one for one in json.loads(capsys.readouterr().out)}
    assert not findings["witnesses"]["ok"]
    assert "ledger.contradictions" in findings["witnesses"]["finding"]


def test_a31_two_charters_of_one_version_are_evidence_against_their_coordinator(
    home: Path,
) -> None:
    enrolment = Enrolment(
        region="Test region",
        grpc="127.0.0.1:1",
        web="https://127.0.0.1:1",
        coordinator_key=COORDINATOR.public,
        authority="00",
    )
    write_enrolment(Home(home), enrolment)
    first = make_charter()
    other = make_charter(retention_days=9)
    thief = KeyPair("thief")
    foreign = make_charter(coordinator_key=thief.public)
    for charter, keys in ((foreign, thief), (first, COORDINATOR), (first, COORDINATOR)):
        offers._hold_to_offer(
            Home(home), SignedCharter(charter, keys.sign(proposal_to_sign(charter)), ())
        )
    signed = SignedCharter(other, COORDINATOR.sign(proposal_to_sign(other)), ())
    with pytest.raises(EquivocationError, match="charter version 1"):
        offers._hold_to_offer(Home(home), signed)
    assert [one.whose for one in app.evidence(app.real_world(home))] == ["the coordinator"]


def offered(home: Path, *charters: Charter) -> None:
    """The coordinator offers the node these charters."""
    for charter in charters:
        signed = SignedCharter(charter, COORDINATOR.sign(proposal_to_sign(charter)), ())
        offers._hold_to_offer(Home(home), signed)


@pytest.fixture
def two(tmp_path: Path) -> tuple[Path, Path]:
    """Two nodes of one region."""
    made = tmp_path / "MD", tmp_path / "NE"
    for home in made:
        app.initialise(app.real_world(home), country=CountryCode(home.name), name=home.name)
        write_enrolment(
            Home(home),
            Enrolment(
                region="Test region",
                grpc="127.0.0.1:1",
                web="https://127.0.0.1:1",
                coordinator_key=COORDINATOR.public,
                authority="00",
            ),
        )
    return made


def test_a31_charters_that_differ_from_member_to_member_are_found_when_members_compare(
    two: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    here, there = two
    first, heard = make_charter(), tmp_path / "heard"
    second = {
        days: make_charter(version=2, previous=first.digest, retention_days=days) for days in (8, 9)
    }
    offered(here, first, second[8])
    offered(there, first)
    evidence = ["node", "evidence", "--home"]
    assert main([*evidence, str(there), "--heard", str(heard)]) == 0
    assert main([*evidence, str(here), "--compare", str(heard)]) == 0
    assert "nothing otherwise than this node" in capsys.readouterr().out

    offered(there, second[9])
    assert main([*evidence, str(there), "--heard", str(heard)]) == 0
    assert main([*evidence, str(here), "--compare", str(heard)]) == 1
    shown = capsys.readouterr().out
    assert "otherwise than this node in 1 matters" in shown
    assert "the coordinator: two signed words about one charter version 2" in shown
    assert main([*evidence, str(here)]) == 1  # it stays


def test_a31_words_that_the_coordinator_did_not_sign_convict_nobody(
    two: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    here, there = two
    offered(here, make_charter(retention_days=8))
    thief, forged = KeyPair("thief"), make_charter(retention_days=9)
    word = charter_document(SignedCharter(forged, thief.sign(proposal_to_sign(forged)), ()))
    for lie in (word, b"{}", b"no JSON", word[:-1], word.replace(b"charter", b"header", 1)):
        (tmp_path / "lie").write_bytes(lie)
        command = ["node", "evidence", "--compare", str(tmp_path / "lie"), "--home", str(here)]
        assert main(command) == 1
        assert "evidence.no_word" in capsys.readouterr().err
    assert app.evidence(app.real_world(here)) == []
    assert app.evidence(app.real_world(there)) == []


def live_by_one_charter(*homes: Path) -> None:
    """A charter in force of these nodes and UA, as `node accept` and the coordinator leave it."""
    keys = {CountryCode(home.name): read_keys(Home(home)) for home in homes}
    cards = {home.name: read_keys(Home(home)).card(read_settings(Home(home))) for home in homes}
    members = tuple(
        replace(one, signing_key=card.signing_key, encryption_key=card.encryption_key)
        if (card := cards.get(one.country))
        else one
        for one in make_charter().members
    )
    charter = make_charter(members=members)
    words = tuple(
        CharterSignature(
            one, (keys.get(one) or node_keys(one)).sign(signature_to_sign(charter, one))
        )
        for one in sorted(charter.signing_keys)
    )
    signed = SignedCharter(charter, COORDINATOR.sign(proposal_to_sign(charter)), words)
    for home in homes:
        Home(home).charter.write_bytes(signed.encode())


def test_a19_a30_what_another_member_wrote_is_verified_taken_once_and_acted_on(
    two: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    here, there = two
    live_by_one_charter(here, there)
    good, (_, bad, _) = convicting(), forged()["entry_signed_by_another"]
    file = tmp_path / "evidence.jsonl"
    lines = [line_of(one) for one in (*good.values(), bad)]
    file.write_bytes(b"\n".join([*lines, b"no line", b""]))
    take = ["node", "evidence", "--take", str(file), "--home", str(here)]

    assert main(take) == 1
    shown = capsys.readouterr().out
    assert f"Taken: {len(good)} contradictions; 0 were known here." in shown
    assert "line 9: " in shown
    assert "line 10: " in shown
    assert shown.count("[evidence.proves_nothing]") == 2
    found = app.evidence(app.real_world(here))
    assert {(one.held.encode(), one.shown.encode()) for one in found} == {
        (one.held, one.shown) for one in good.values()
    }
    kinds = [row.kind for row in app.journal(app.real_world(here), 100)]
    assert kinds.count("evidence_taken") == len(good)
    assert kinds.count("evidence_refused") == 1
    with TreeBook(Home(here).tree) as tree:
        assert tree.is_contradicted()  # nothing is cosigned until the operator has settled it

    assert main(take) == 1
    assert f"Taken: 0 contradictions; {len(good)} were known here." in capsys.readouterr().out
    assert main(["node", "checkpoint", "--settle", "we talked", "--home", str(here)]) == 0
    assert main(take) == 1
    with TreeBook(Home(here).tree) as tree:
        assert not tree.is_contradicted()

    # What this node writes, another one takes, all of it.
    written = tmp_path / "written.jsonl"
    assert main(["node", "evidence", "--out", str(written), "--home", str(here)]) == 1
    capsys.readouterr()
    assert main(["node", "evidence", "--take", str(written), "--home", str(there)]) == 1
    assert f"Taken: {len(good)} contradictions; 0 were known" in capsys.readouterr().out


def test_a29_a_file_of_more_lines_than_any_node_writes_is_refused(
    two: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    here, there = two
    file = tmp_path / "evidence.jsonl"
    file.write_bytes(b"x\n" * 10_001)
    take = ["node", "evidence", "--take", str(file), "--home", str(here)]
    assert main(take) == 1
    assert "charter" in capsys.readouterr().err  # none is in force: there are no keys to verify by
    live_by_one_charter(here, there)
    assert main(take) == 1
    assert "evidence.proves_nothing" in capsys.readouterr().err
    assert app.evidence(app.real_world(here)) == []


def test_a37_a_members_signed_words_cannot_repaint_the_officials_terminal(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    liar = node_keys(CountryCode("UA"))

    def entry(words: str) -> Entry:
        payload = canonical.encode({"word": words})
        unsigned = Entry("ledger", 1, BEGINNING, payload, UNSIGNED)
        return replace(unsigned, signature=liar.sign(unsigned.digest))

    with WitnessBook(Home(home).witness, verify) as book:
        book.take(CountryCode("UA"), liar.public, [entry("one")])
        with pytest.raises(LedgerForkError):
            book.take(CountryCode("UA"), liar.public, [entry("\x9b2JThere is \u202eno fork")])
    assert main(["node", "evidence", "--home", str(home)]) == 1
    shown = capsys.readouterr().out
    assert not {"\x9b", "\u202e"} & set(shown)
    assert '"number":1' in shown
