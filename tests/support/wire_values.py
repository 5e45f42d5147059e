"""Hypothesis strategies for everything that travels between a node and the coordinator."""

from collections.abc import Callable
from typing import TypeVar

from hypothesis import strategies as st

from corridor.ids import CountryCode, Digest, EditionId, PublicKey, SessionId, Signature
from corridor.protocols.chains import Entry
from corridor.protocols.contradictions import COORDINATOR, Contradiction, ContradictionTold
from corridor.protocols.figures import Figure, FigureRequest
from corridor.protocols.secure_sum.messages import (
    Acceptance,
    Dealing,
    LedgerStatement,
    MaskedInput,
    Opened,
    Proposal,
    ProposalHeader,
    RevealedShare,
    Roster,
    Scope,
    SealedPairKey,
    ShareKind,
    Sharers,
    Shares,
    SurvivorSet,
    SurvivorSignature,
    Unmask,
    UnmaskRequest,
    WitnessWord,
)
from corridor.protocols.witnesses import (
    LEDGER,
    LedgerEntries,
    WitnessAnswer,
    WitnessAsk,
    WitnessRequest,
)
from corridor.transport.codec import fields
from corridor.transport.messages import (
    CharterAvailable,
    CharterDocument,
    CharterSigned,
    CharterStatus,
    CheckpointToCosign,
    ConsistencyProof,
    CoordinatorInSession,
    CoordinatorMessage,
    Cosigned,
    Dealings,
    Failed,
    FetchCharter,
    FetchConsistency,
    FetchReceipt,
    Hello,
    Inclusion,
    NodeInSession,
    NodeMessage,
    Progress,
    ReceiptChunk,
    ReceiptKind,
    Refusal,
    Released,
    Round,
    Standing,
    SuccessorHandedIn,
    SuccessorNoted,
    TreeStanding,
    VectorChunk,
    Welcome,
)

Item = TypeVar("Item")

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
countries = st.text(LETTERS, min_size=2, max_size=2).map(CountryCode)
country_sets = st.frozensets(countries, max_size=6)
sessions = st.binary(min_size=16, max_size=16).map(SessionId)
digests = st.binary(min_size=32, max_size=32).map(Digest)
signatures = st.binary(min_size=64, max_size=64).map(Signature)
amounts = st.fractions(min_value=0, max_value=10**6, max_denominator=10**9)
prices = amounts.filter(lambda amount: amount > 0)
seconds = st.integers(1, fields.LATEST_SECOND)
words = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}", fullmatch=True)
codes = st.from_regex(r"[a-z0-9_]{1,20}(\.[a-z0-9_]{1,20}){0,3}", fullmatch=True)
texts = st.text(max_size=80).filter(fields.is_plain)
editions = st.from_regex(r"[1-9][0-9]{0,8}-[0-9a-f]{16}", fullmatch=True).map(EditionId)
uint32s = st.integers(0, 2**32 - 1)


def sorted_tuples(
    items: st.SearchStrategy[Item], name: Callable[[Item], CountryCode]
) -> st.SearchStrategy[tuple[Item, ...]]:
    """Tuples sorted by country, nobody twice."""
    return st.lists(items, max_size=4, unique_by=name).map(
        lambda found: tuple(sorted(found, key=name))
    )


@st.composite
def headers(draw: st.DrawFn) -> ProposalHeader:
    accept_by, finish_by = sorted((draw(seconds), draw(seconds)))
    return ProposalHeader(
        protocol=draw(uint32s),
        charter=draw(digests),
        session=draw(sessions),
        question=draw(digests),
        plan=draw(digests),
        rho=draw(prices),
        scope=draw(st.sampled_from(Scope)),
        suite=draw(words),
        purpose=draw(texts),
        organisation=draw(texts),
        accept_by=accept_by,
        finish_by=finish_by,
    )


proposals = st.builds(Proposal, headers(), st.binary(min_size=1, max_size=200), signatures)
statements = st.builds(
    LedgerStatement,
    country=countries,
    sequence=st.integers(0, 2**63 - 1),
    spent=amounts,
    reserved=amounts,
    head=digests,
    signature=signatures,
)
keys = st.binary(min_size=1, max_size=100)
acceptances = st.builds(
    Acceptance,
    header=digests,
    country=countries,
    envelope_key=keys,
    mask_key=keys,
    edition=editions,
    consent_rule=words,
    statement=statements,
    signature=signatures,
)
rosters = sorted_tuples(acceptances, lambda acceptance: acceptance.country).map(Roster)


def dealings_by(dealer: st.SearchStrategy[CountryCode]) -> st.SearchStrategy[Dealing]:
    return st.builds(
        Dealing,
        roster_hash=digests,
        dealer=dealer,
        recipient=countries,
        commitment=digests,
        self_mask_hash=digests,
        mask_key_hash=digests,
        envelope=st.binary(max_size=200),
        pair_key=st.none() | st.builds(SealedPairKey, st.binary(min_size=1, max_size=200), digests),
        signature=signatures,
    )


shares = countries.flatmap(
    lambda dealer: st.builds(
        Shares,
        st.just(dealer),
        sorted_tuples(dealings_by(st.just(dealer)), lambda dealing: dealing.recipient),
    )
)
dealings = sorted_tuples(dealings_by(countries), lambda dealing: dealing.dealer).map(Dealings)


@st.composite
def opened_words(draw: st.DrawFn) -> Opened:
    opened = draw(country_sets)
    return Opened(
        roster_hash=draw(digests),
        country=draw(countries),
        opened=opened,
        complaints=draw(country_sets) - opened,
        signature=draw(signatures),
    )


heads = st.dictionaries(countries, digests, max_size=4)
witness_words = st.builds(
    WitnessWord, roster_hash=digests, witness=countries, kept=heads, signature=signatures
)
sharers = st.builds(
    Sharers,
    sorted_tuples(opened_words(), lambda word: word.country),
    sorted_tuples(witness_words, lambda word: word.witness),
)
vector_chunks = st.builds(VectorChunk, st.integers(0, 2**16), st.binary(min_size=1, max_size=200))
masked_inputs = st.builds(
    MaskedInput,
    roster_hash=digests,
    country=countries,
    sharers=country_sets,
    vector_hash=digests,
    noise_commitment=digests,
    signature=signatures,
)
figure_requests = st.builds(
    FigureRequest, rosters, sorted_tuples(witness_words, lambda word: word.witness)
)
figures = st.builds(
    Figure, roster_hash=digests, country=countries, vector_hash=digests, signature=signatures
)
survivor_sets = st.builds(SurvivorSet, digests, country_sets, country_sets)
survivor_signatures = st.builds(SurvivorSignature, countries, signatures)
unmask_requests = st.lists(
    survivor_signatures, max_size=6, unique_by=lambda word: word.country
).map(lambda found: UnmaskRequest(tuple(found)))
unmasks = st.builds(
    Unmask,
    roster_hash=digests,
    country=countries,
    revealed=sorted_tuples(
        st.builds(
            RevealedShare,
            countries,
            st.sampled_from(ShareKind),
            st.binary(min_size=32, max_size=32),
            st.binary(min_size=1, max_size=64),
        ),
        lambda share: share.dealer,
    ),
    excess_seed=st.just(b"") | st.binary(min_size=32, max_size=32),
    signature=signatures,
)

standings = st.builds(
    Standing,
    charter=st.none() | digests,
    edition=st.none() | editions,
    consent_rule=words,
    statement=statements,
    left_this_year=amounts,
    left_for_all_time=amounts,
    witnessed=st.booleans(),
)
sequences = st.integers(0, 2**63 - 1)
entries = st.lists(
    st.builds(
        Entry,
        chain=st.just(LEDGER),
        number=st.integers(1, 2**63 - 1),
        previous=digests,
        payload=st.binary(min_size=1, max_size=100),
        signature=signatures,
    ),
    max_size=4,
).map(tuple)
sorted_digests = st.sets(digests, max_size=4).map(lambda found: tuple(sorted(found)))
witness_asks = st.builds(
    WitnessAsk,
    country=countries,
    nonce=digests,
    sequence=sequences,
    head=digests,
    known=st.dictionaries(countries, sequences, max_size=4),
    contradictions=sorted_digests,
)
witness_answers = st.builds(
    WitnessAnswer,
    witness=countries,
    country=countries,
    nonce=digests,
    sequence=sequences,
    head=digests,
    entries=entries,
    signature=signatures,
    contradictions=sorted_digests,
)
ledger_entries = st.builds(
    LedgerEntries, country=countries, to=st.none() | countries, entries=entries
)
witness_requests = st.builds(
    WitnessRequest, digests, sorted_tuples(statements, lambda one: one.country)
)
contradictions_told = st.builds(
    ContradictionTold,
    countries,
    st.none() | countries,
    st.builds(
        Contradiction,
        st.just(COORDINATOR) | countries,
        st.binary(min_size=1, max_size=100),
        st.binary(min_size=1, max_size=100),
    ),
)
refusals = st.builds(Refusal, codes, texts)
tree_sizes = st.integers(0, 2**63 - 1)
tree_paths = st.lists(digests, max_size=5).map(tuple)
inclusions = st.lists(
    st.builds(Inclusion, sessions, tree_sizes, tree_paths),
    max_size=3,
    unique_by=lambda one: one.session,
).map(tuple)
checkpoints = st.builds(
    CheckpointToCosign, tree_sizes, tree_paths, st.binary(min_size=1, max_size=300), inclusions
)
tree_standings = st.builds(
    TreeStanding, tree_sizes, st.lists(sessions, max_size=3).map(tuple), st.just("") | codes
)
node_messages: st.SearchStrategy[NodeMessage] = (
    st.builds(Hello, countries, uint32s, words, standings)
    | standings
    | witness_asks
    | witness_answers
    | ledger_entries
    | contradictions_told
    | witness_words
    | st.builds(Cosigned, tree_sizes, seconds, signatures)
    | tree_standings
    | st.builds(
        NodeInSession,
        sessions,
        refusals
        | acceptances
        | shares
        | opened_words()
        | vector_chunks
        | masked_inputs
        | survivor_signatures
        | unmasks
        | figures,
    )
)

ended = st.builds(Released, words, digests) | st.builds(Failed, codes, texts, country_sets)
coordinator_messages: st.SearchStrategy[CoordinatorMessage] = (
    st.builds(Welcome, st.none() | digests, seconds, uint32s)
    | st.builds(CharterAvailable, digests, st.booleans())
    | witness_asks
    | witness_answers
    | ledger_entries
    | contradictions_told
    | witness_requests
    | checkpoints
    | st.builds(lambda body: CoordinatorInSession(body.header.session, body), proposals)
    | st.builds(
        CoordinatorInSession,
        sessions,
        refusals
        | rosters
        | dealings
        | sharers
        | survivor_sets
        | unmask_requests
        | figure_requests
        | st.builds(Progress, st.sampled_from(Round), country_sets, seconds)
        | ended,
    )
)

fetch_charters = st.builds(FetchCharter, st.none() | digests)
charter_documents = st.builds(
    CharterDocument,
    st.binary(min_size=1, max_size=200),
    st.lists(st.binary(min_size=1, max_size=100), max_size=4).map(tuple),
)
charters_signed = st.builds(CharterSigned, digests, countries, signatures)
charter_statuses = st.builds(CharterStatus, digests, st.booleans(), country_sets, country_sets)
successors = st.builds(
    SuccessorHandedIn, st.binary(min_size=1, max_size=200), st.binary(max_size=200)
)
successors_noted = st.builds(SuccessorNoted, st.binary(min_size=32, max_size=32).map(PublicKey))
fetch_receipts = st.builds(FetchReceipt, words, st.sampled_from(ReceiptKind))
receipt_chunks = st.builds(ReceiptChunk, st.integers(0, 2**20), st.binary(min_size=1, max_size=200))
consistencies_wanted = st.builds(FetchConsistency, tree_sizes, tree_sizes)
consistency_proofs = st.builds(ConsistencyProof, tree_paths)
