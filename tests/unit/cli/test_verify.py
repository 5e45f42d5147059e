"""`corridor verify` on receipts of a real small sum: what it proves, and against what."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import pytest

from corridor.cli.main import main
from corridor.ids import CountryCode, SessionId
from corridor.node.home import Home, NodeSettings, create_home
from corridor.privacy.rho import Rho
from corridor.protocols import canonical
from corridor.protocols.cards import Card, fingerprint, fingerprint_text
from corridor.protocols.charter import (
    Charter,
    CharterSignature,
    SignedCharter,
    proposal_to_sign,
    signature_to_sign,
)
from corridor.protocols.members_receipts import members_receipt
from corridor.protocols.notes import LogProof
from corridor.protocols.receipts import PublicReceipt, make_public_receipt, receipt_digest
from corridor.protocols.release_tree import (
    Consistency,
    ReceiptFile,
    parse_receipt_file,
    release_leaf,
)
from corridor.protocols.secure_sum.messages import (
    PROTOCOL_VERSION,
    AttemptParameters,
    Proposal,
    ProposalHeader,
    Scope,
)
from corridor.queries.answers import decode_answer
from corridor.queries.domains import make_domains
from corridor.queries.parameters import attempt_parameters
from corridor.queries.plan import Plan, compile_plan
from corridor.queries.sql import parse_sql
from corridor.transport.sealed_files import seal
from support.catalogue import catalogue
from support.charters import COORDINATOR, make_charter, node_keys
from support.receipts import resigned
from support.release_tree import Liar, leaf_of
from support.secure_sum import Conversation, Region

COUNTRIES = tuple(map(CountryCode, ("BG", "MD", "NG", "RO", "UA")))
DROPPED = CountryCode("NG")
QUESTION = "SELECT gender, COUNT(DISTINCT person) FROM persons GROUP BY gender"
RHO = Rho(Fraction(1, 100))


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRegion(Region):
    """A region whose numbers are those that charter, plan and ρ give."""

    charter: Charter
    plan: Plan

    def parameters_for(self, size: int) -> AttemptParameters:
        return attempt_parameters(self.charter, self.plan, RHO, size)


@dataclass(frozen=True, slots=True)
class Finished:
    charter: Charter
    receipt: PublicReceipt
    conversation: Conversation

    def members(self, receipt: PublicReceipt | None = None) -> bytes:
        """The members' receipt, opened."""
        public = self.receipt if receipt is None else receipt
        vectors = {country: [raw] for country, raw in self.conversation.masked.items()}
        words = self.conversation.collecting_unmask
        return b"".join(members_receipt(public.encode(), words, vectors))


@cache
def finish() -> Finished:
    """A question answered by five nodes, of which one dropped out."""
    charter = make_charter(countries=COUNTRIES)
    domains = make_domains(catalogue(), charter)
    question = parse_sql(QUESTION, domains)
    plan = compile_plan(question, domains)
    header = ProposalHeader(
        protocol=PROTOCOL_VERSION,
        charter=charter.digest,
        session=SessionId(bytes(16)),
        question=question.digest,
        plan=plan.digest,
        rho=RHO.value,
        scope=Scope.REGIONAL,
        suite=charter.suite,
        purpose="",
        organisation="A test",
        accept_by=1000,
        finish_by=2000,
    )
    region = PlannedRegion(
        countries=COUNTRIES,
        cells=plan.entries,
        ring_bits=attempt_parameters(charter, plan, RHO, len(COUNTRIES)).ring_bits,
        charter=charter,
        plan=plan,
    )
    conversation = Conversation(region, header=header)
    conversation.propose()
    conversation.share()
    conversation.open()
    conversation.mask(frozenset({DROPPED}))
    conversation.sign()
    answer = conversation.unmask()
    receipt = make_public_receipt(
        Proposal(header, question.encode(), COORDINATOR.sign(header.to_sign())),
        conversation.collecting_unmask,
        answer,
        COORDINATOR.sign,
        charter=charter,
        named=(),
        published_at=1500,
    )
    return Finished(charter, receipt, conversation)


def in_force(charter: Charter) -> SignedCharter:
    words = tuple(
        CharterSignature(c, node_keys(c).sign(signature_to_sign(charter, c))) for c in COUNTRIES
    )
    return SignedCharter(charter, COORDINATOR.sign(proposal_to_sign(charter)), words)


def sealed(raw: bytes, countries: tuple[CountryCode, ...] = COUNTRIES) -> bytes:
    recipients = {country: node_keys(country).encryption for country in countries}
    return b"".join(seal([raw], recipients, Random(1).randbytes))


def trust(*countries: str) -> list[str]:
    words = []
    for country in map(CountryCode, countries):
        mark = fingerprint(Card.of(finish().charter.member(country)))
        words += ["--trust", f"{country}={fingerprint_text(mark)}"]
    return words


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Receipts and a charter as an analyst has them, and a node of MD."""
    monkeypatch.delenv("CORRIDOR_HOME", raising=False)
    monkeypatch.chdir(tmp_path)
    finished = finish()
    (tmp_path / "receipt.json").write_bytes(finished.receipt.encode())
    (tmp_path / "members.bin").write_bytes(sealed(finished.members()))
    (tmp_path / "charter.json").write_bytes(in_force(finished.charter).encode())
    (tmp_path / "plain-charter.json").write_bytes(finished.charter.encode() + b"\n")
    make_home(tmp_path / "node", CountryCode("MD"))
    return tmp_path


def make_home(folder: Path, country: CountryCode) -> None:
    home = Home(folder)
    create_home(home, NodeSettings(country, f"Authority of {country}"))
    (home.keys / "signing.key").write_bytes(bytes(32))
    (home.keys / "encryption.key").write_bytes(node_keys(country).encryption_seed)
    home.charter.write_bytes(in_force(finish().charter).encode())


def verify(*words: str) -> int:
    return main(["verify", *words])


def document(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def assert_refused(capsys: pytest.CaptureFixture[str], code: str, *words: str) -> None:
    wrong_usage = code.startswith("cli.") and code != "cli.unreadable_file"
    assert verify(*words) == (2 if wrong_usage else 1)
    told = capsys.readouterr()
    assert f"[{code}]" in told.err
    assert "Every claim holds" not in told.out


# ---------------------------------------------------------------- the public receipt


@pytest.mark.parametrize(
    "anchor",
    [
        ["--charter", "charter.json"],
        ["--charter", "plain-charter.json"],
        ["--home", "node"],
    ],
    ids=" ".join,
)
def test_a_public_receipt_proves_nine_claims_under_a_trusted_charter(
    anchor: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert verify("receipt.json", *anchor) == 0
    told = capsys.readouterr().out.splitlines()
    assert [line[:3] for line in told[1:10]] == [f"{number:>3}" for number in range(1, 10)]
    assert "BG, MD, RO, UA" in told[8]
    assert told[10] == "Every claim holds."


# ---------------------------------------------------------------- what was published


def release() -> dict[str, Any]:
    """What an honest coordinator shows of the answer."""
    finished = finish()
    receipt, domains = finished.receipt, make_domains(catalogue(), finished.charter)
    plan = compile_plan(parse_sql(QUESTION, domains), domains)
    answer = decode_answer(
        plan,
        domains,
        receipt.parameters,
        len(receipt.survivors),
        receipt.answer,
        reduced=len(receipt.reduced),
    )
    return {
        "session": receipt.proposal.header.session.hex(),
        "question_digest": receipt.proposal.header.question.hex(),
        "survivors": sorted(receipt.survivors),
        "reduced": sorted(receipt.reduced),
        "guarantee": {"rho": str(RHO.value)},
        "tables": [{**table, "central_margin": 1.5} for table in answer.to_json()],
    }


def test_a_release_that_shows_the_receipts_figures_is_said_to(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "release.json").write_text(json.dumps(release()))
    for anchor in (["--charter", "charter.json"], trust("BG", "MD", "RO", "UA")):
        assert verify("receipt.json", *anchor, "--release", "release.json") == 0
        assert "shows the figures of this receipt" in capsys.readouterr().out


def another_figure(shown: dict[str, Any]) -> None:
    shown["tables"][0]["values"][0] += 1


def a_smaller_margin(shown: dict[str, Any]) -> None:
    shown["tables"][0]["margin"] /= 2


def another_label(shown: dict[str, Any]) -> None:
    shown["tables"][0]["title"] = "Persons by age"


def cheaper(shown: dict[str, Any]) -> None:
    shown["guarantee"]["rho"] = "1/200"


def more_participants(shown: dict[str, Any]) -> None:
    shown["survivors"].append("ZZ")


def more_noise_taken_off(shown: dict[str, Any]) -> None:
    shown["reduced"].append("ZZ")


def another_attempt(shown: dict[str, Any]) -> None:
    shown["session"] = "11" * 16


@pytest.mark.parametrize(
    "bend",
    [
        another_figure,
        a_smaller_margin,
        another_label,
        cheaper,
        more_participants,
        more_noise_taken_off,
        another_attempt,
    ],
)
def test_a30_what_is_published_is_held_against_what_was_summed(
    folder: Path, capsys: pytest.CaptureFixture[str], bend: Callable[[dict[str, Any]], None]
) -> None:
    shown = release()
    bend(shown)
    (folder / "release.json").write_text(json.dumps(shown))
    words = ("receipt.json", "--charter", "charter.json", "--release", "release.json")
    assert_refused(capsys, "receipt.other_release", *words)


@pytest.mark.parametrize("text", ["", "[]", '{"tables": 3}', "[" * 100_000])
def test_a29_a_file_that_is_no_release_is_refused(
    folder: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    (folder / "release.json").write_text(text)
    assert verify("receipt.json", "--charter", "charter.json", "--release", "release.json") == 1
    assert "[receipt." in capsys.readouterr().err


def test_a30_a_members_receipt_of_another_public_one_is_refused(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # The coordinator shows analysts one answer and members another, of the same attempt.
    answer = finish().receipt.answer
    lie = resigned(finish().receipt, answer=(answer[0] + 1, *answer[1:]))
    (folder / "shown.json").write_bytes(lie.encode())
    assert verify("members.bin", "--home", "node", "--public", "receipt.json") == 0
    capsys.readouterr()
    assert_refused(capsys, "receipt.sum", "members.bin", "--home", "node", "--public", "shown.json")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("members.bin", "--home", "node", "--release", "x"), "cli.release_for_members_receipt"),
        (
            ("receipt.json", "--charter", "charter.json", "--public", "receipt.json"),
            "cli.public_for_public_receipt",
        ),
    ],
)
def test_no_comparison_is_passed_over_in_silence(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...], code: str
) -> None:
    assert_refused(capsys, code, *words)


def test_it_says_what_a_public_receipt_does_not_prove(capsys: pytest.CaptureFixture[str]) -> None:
    verify("receipt.json", "--charter", "charter.json")
    assert "Not proven: that the answer is the sum of the inputs" in capsys.readouterr().out


def test_programs_get_the_same_claims(capsys: pytest.CaptureFixture[str]) -> None:
    assert verify("receipt.json", "--charter", "charter.json", "--json") == 0
    found = document(capsys)
    assert [claim["number"] for claim in found["claims"]] == list(range(1, 10))
    assert found["anchor"] == "the charter in charter.json"
    assert "sum of the inputs" in found["not_proven"][0]
    assert found["tree"] is None
    assert "plain receipt" in found["not_proven"][1]


def test_a_receipt_does_not_vouch_for_itself(capsys: pytest.CaptureFixture[str]) -> None:
    assert_refused(capsys, "cli.no_anchor", "receipt.json")


def test_two_anchors_are_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as usage:
        verify("receipt.json", "--charter", "charter.json", *trust("MD"))
    assert usage.value.code == 2
    assert "not allowed with" in capsys.readouterr().err


def test_fingerprints_of_enough_signers_are_an_anchor(capsys: pytest.CaptureFixture[str]) -> None:
    assert verify("receipt.json", *trust("BG", "MD", "RO", "UA")) == 0
    told = capsys.readouterr().out
    assert "the fingerprints of 4 who signed (BG, MD, RO, UA); 4 are needed" in told


def test_a_fingerprint_of_a_member_that_dropped_out_does_not_count(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert_refused(
        capsys, "receipt.too_few_trusted", "receipt.json", *trust("BG", "MD", "NG", "RO")
    )


def test_a24_a_fingerprint_that_does_not_fit_is_never_passed_over(
    capsys: pytest.CaptureFixture[str],
) -> None:
    wrong = trust("BG", "MD", "RO", "UA")
    wrong[-1] = "UA=" + "0" * 40
    assert_refused(capsys, "receipt.other_member_key", "receipt.json", *wrong)


@pytest.mark.parametrize("text", ["MD", "md=3F2A", "MD="])
def test_a_malformed_fingerprint_is_refused(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert_refused(capsys, "cli.bad_trust", "receipt.json", "--trust", text)


def test_a24_a_charter_that_lacks_a_signature_is_no_anchor(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    signed = in_force(finish().charter)
    (folder / "charter.json").write_bytes(
        replace(signed, signatures=signed.signatures[1:]).encode()
    )
    assert_refused(capsys, "charter.not_in_force", "receipt.json", "--charter", "charter.json")


def test_a30_a_receipt_of_another_charter_is_refused(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = make_charter(countries=COUNTRIES, retention_days=7)
    (folder / "charter.json").write_bytes(in_force(other).encode())
    assert_refused(capsys, "receipt.charter", "receipt.json", "--charter", "charter.json")


def altered_answer(receipt: PublicReceipt) -> PublicReceipt:
    return replace(receipt, answer=(receipt.answer[0] + 1, *receipt.answer[1:]))


def altered_header(receipt: PublicReceipt) -> PublicReceipt:
    header = replace(receipt.proposal.header, rho=Fraction(1, 1000))
    return resigned(receipt, proposal=replace(receipt.proposal, header=header))


def cheaper_noise_signed_by_the_coordinator(receipt: PublicReceipt) -> PublicReceipt:
    header = replace(receipt.proposal.header, rho=Fraction(1, 1000))
    signature = COORDINATOR.sign(header.to_sign())
    return resigned(receipt, proposal=replace(receipt.proposal, header=header, signature=signature))


def dropped_signature(receipt: PublicReceipt) -> PublicReceipt:
    return resigned(receipt, signatures=receipt.signatures[1:])


def foreign_survivor(receipt: PublicReceipt) -> PublicReceipt:
    foreign = replace(receipt.inputs[0], country=CountryCode("ZZ"))
    return resigned(receipt, inputs=(*receipt.inputs, foreign))


def other_parameters(receipt: PublicReceipt) -> PublicReceipt:
    return resigned(receipt, parameters=replace(receipt.parameters, dropouts=0))


def other_question(receipt: PublicReceipt) -> PublicReceipt:
    text = receipt.proposal.question.replace(b"gender", b"exploitation")
    return resigned(receipt, proposal=replace(receipt.proposal, question=text))


def no_question(receipt: PublicReceipt) -> PublicReceipt:
    return resigned(receipt, proposal=replace(receipt.proposal, question=b"{}"))


@pytest.mark.parametrize(
    ("bend", "code"),
    [
        (altered_answer, "receipt.answer"),
        (altered_header, "receipt.proposal"),
        (cheaper_noise_signed_by_the_coordinator, "receipt.roster"),
        (dropped_signature, "receipt.survivors"),
        (foreign_survivor, "receipt.survivors"),
        (other_parameters, "receipt.parameters"),
        (other_question, "receipt.question"),
        (no_question, "receipt.question"),
    ],
)
def test_a30_a_bent_receipt_is_refused(
    bend: Callable[[PublicReceipt], PublicReceipt],
    code: str,
    folder: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (folder / "bent.json").write_bytes(bend(finish().receipt).encode())
    assert_refused(capsys, code, "bent.json", "--charter", "charter.json")


@pytest.mark.parametrize("raw", [b"", b"{}", b"\xff\xfe", b"[1.5]"])
def test_what_is_no_receipt_is_refused(
    raw: bytes, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "other.json").write_bytes(raw)
    assert_refused(capsys, "receipt.another_file", "other.json", "--charter", "charter.json")


def test_a_receipt_that_is_cut_is_a_receipt_that_cannot_be_read(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "cut.json").write_bytes(finish().receipt.encode()[:-40])
    assert_refused(capsys, "receipt.malformed", "cut.json", "--charter", "charter.json")


@pytest.mark.parametrize("name", ["missing.json", "."])
def test_a_file_that_cannot_be_read_is_named(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert_refused(capsys, "cli.unreadable_file", name, "--charter", "charter.json")


def test_what_is_no_charter_is_no_anchor(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "other.json").write_bytes(canonical.encode({"members": []}))
    assert_refused(capsys, "charter.malformed", "receipt.json", "--charter", "other.json")


# ---------------------------------------------------------------- the release tree


def in_tree(cosigners: int, *, known: int | None = None) -> tuple[bytes, Liar]:
    """The receipt as the API gives it, third of five releases; and the log that it is in."""
    receipt = finish().receipt
    leaf = release_leaf(receipt.proposal.header.session, receipt_digest(receipt.encode()))
    log = Liar(finish().charter, [leaf_of(0), leaf_of(1), leaf, leaf_of(3), leaf_of(4)])
    proof = LogProof(
        2, log.tree.inclusion_proof(2, 4), log.note(4, cosigners=COUNTRIES[:cosigners])
    )
    consistency = None
    if known is not None:
        old, new = sorted((4, known))
        consistency = Consistency(old, new, log.tree.consistency_proof(old, new))
    return ReceiptFile(receipt.encode(), proof, consistency).encode(), log


def test_a_receipt_with_its_proof_says_who_cosigned_and_that_it_is_enough(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "receipt.json").write_bytes(in_tree(4)[0])
    assert verify("receipt.json", "--charter", "charter.json") == 0
    told = capsys.readouterr().out
    assert " 14. It is release 3 of 4 in the tree" in told
    assert "9." in told
    assert "(A claim has the same number in every receipt" in told  # 10 to 13 are left out
    assert " 15. 4 of 5 members cosigned that checkpoint (BG, MD, NG, RO); 4 are enough" in told
    assert told.count("Not proven") == 1
    assert verify("receipt.json", *trust("BG", "MD", "RO", "UA"), "--json") == 0
    assert document(capsys)["tree"] == {
        "size": 4,
        "cosigned_by": ["BG", "MD", "NG", "RO"],
        "needed": 4,
        "enough": True,
    }


def test_a_receipt_that_too_few_cosigned_yet_holds_and_says_so(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "receipt.json").write_bytes(in_tree(3)[0])
    assert verify("receipt.json", "--charter", "charter.json") == 0
    told = capsys.readouterr().out
    assert "Not proven: that nobody is shown another history of releases: 3 members" in told


def test_a_checkpoint_from_elsewhere_is_compared(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    raw, log = in_tree(4, known=5)
    (folder / "receipt.json").write_bytes(raw)
    (folder / "kept.txt").write_bytes(log.note(5).encode())
    words = ["receipt.json", "--charter", "charter.json", "--checkpoint", "kept.txt"]
    assert verify(*words) == 0
    assert " 16. That tree and the one of 5 releases" in capsys.readouterr().out
    (folder / "receipt.json").write_bytes(in_tree(4)[0])
    assert_refused(capsys, "receipt.no_tree_proof", *words)


def test_a30_a_split_view_is_found_with_a_friend_s_checkpoint(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    raw, log = in_tree(4)
    other = Liar(finish().charter, [*log.entries[:3], leaf_of(9)])
    (folder / "receipt.json").write_bytes(raw)
    (folder / "friend.txt").write_bytes(other.note(4).encode())
    words = ["receipt.json", "--charter", "charter.json", "--checkpoint", "friend.txt"]
    assert_refused(capsys, "receipt.other_tree", *words)


def test_a30_a_receipt_whose_release_is_not_in_the_tree_is_refused(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # The coordinator signs two answers of one session; the tree has the other one.
    lie = resigned(
        finish().receipt, answer=(finish().receipt.answer[0] + 1,) * len(finish().receipt.answer)
    )
    file = parse_receipt_file(in_tree(4)[0])
    (folder / "receipt.json").write_bytes(replace(file, receipt=lie.encode()).encode())
    assert_refused(capsys, "receipt.inclusion", "receipt.json", "--charter", "charter.json")


def test_a_members_receipt_is_not_compared_with_a_checkpoint(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "kept.txt").write_bytes(in_tree(4)[1].note(5).encode())
    words = ["members.bin", "--home", "node", "--checkpoint", "kept.txt"]
    assert_refused(capsys, "receipt.no_tree_proof", *words)


# ---------------------------------------------------------------- the members' receipt


def test_a_member_adds_the_inputs_up_again(capsys: pytest.CaptureFixture[str]) -> None:
    assert verify("members.bin", "--home", "node") == 0
    told = capsys.readouterr().out
    assert " 13. Their sum, without the masks and the superfluous noise, is the answer." in told
    assert "Not proven: that every node counted its own cases rightly" in told


def test_the_home_may_come_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CORRIDOR_HOME", "node")
    assert verify("members.bin", "--json") == 0
    assert len(document(capsys)["claims"]) == 13


def test_a30_an_answer_that_is_not_the_sum_passes_in_public_and_is_caught_by_a_member(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = finish().receipt.answer
    lie = resigned(finish().receipt, answer=(answer[0] + 1, *answer[1:]))
    (folder / "receipt.json").write_bytes(lie.encode())
    assert verify("receipt.json", "--charter", "charter.json") == 0
    (folder / "members.bin").write_bytes(sealed(finish().members(lie)))
    capsys.readouterr()
    assert_refused(capsys, "receipt.sum", "members.bin", "--home", "node")


def test_without_a_node_a_members_receipt_stays_shut(capsys: pytest.CaptureFixture[str]) -> None:
    assert_refused(capsys, "cli.no_member_key", "members.bin", "--charter", "charter.json")


def test_fingerprints_are_no_anchor_of_a_members_receipt(
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ["members.bin", "--home", "node", *trust("MD")]
    assert_refused(capsys, "cli.trust_for_members_receipt", *words)


def test_a_node_that_is_no_recipient_cannot_open_it(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "members.bin").write_bytes(sealed(finish().members(), COUNTRIES[2:]))
    assert_refused(capsys, "receipt.not_a_recipient", "members.bin", "--home", "node")


@pytest.mark.parametrize(
    ("bend", "code"),
    [
        (lambda raw: raw[:-1], "receipt.altered"),
        (lambda raw: raw[:100], "receipt.truncated"),
        (lambda raw: raw[:-1] + bytes([raw[-1] ^ 1]), "receipt.altered"),
    ],
    ids=["cut-at-the-end", "cut-in-the-header", "altered"],
)
def test_a_damaged_members_receipt_is_refused(
    bend: Callable[[bytes], bytes], code: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = folder / "members.bin"
    path.write_bytes(bend(path.read_bytes()))
    assert_refused(capsys, code, "members.bin", "--home", "node")


def test_a_home_without_a_charter_or_a_key_is_said_to_lack_it(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "node" / "keys" / "encryption.key").unlink()
    assert_refused(capsys, "node.damaged_key", "members.bin", "--home", "node")
    (folder / "node" / "charter.json").unlink()
    assert_refused(capsys, "cli.unreadable_file", "members.bin", "--home", "node")
    assert_refused(capsys, "cli.unreadable_file", "receipt.json", "--home", "node")
