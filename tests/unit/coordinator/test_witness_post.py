"""The coordinator carries what members say of each other's ledgers to whom it is for."""

import asyncio
from fractions import Fraction

import pytest

from corridor.coordinator.connections import (
    ROOM_FOR_ROUNDS,
    UNREAD_LIMIT,
    UNREAD_OF_ONE,
    Connection,
    Connections,
)
from corridor.coordinator.witness_post import WitnessPost
from corridor.errors.region import AnotherCountryError
from corridor.ids import CountryCode, Digest, Signature
from corridor.protocols.contradictions import COORDINATOR, Contradiction, ContradictionTold
from corridor.protocols.secure_sum.messages import LedgerStatement, WitnessWord
from corridor.protocols.witnesses import LedgerEntries, WitnessAnswer, WitnessAsk
from corridor.transport.messages import CharterAvailable, CoordinatorMessage, Standing

BG, MD, UA = map(CountryCode, ("BG", "MD", "UA"))
ZEROS, SIGNED = Digest(bytes(32)), Signature(bytes(64))
NEWS = CharterAvailable(ZEROS, in_force=True)


def connect(streams: Connections, country: CountryCode) -> Connection:
    statement = LedgerStatement(
        country=country,
        sequence=0,
        spent=Fraction(0),
        reserved=Fraction(0),
        head=ZEROS,
        signature=SIGNED,
    )
    standing = Standing(
        charter=None,
        edition=None,
        consent_rule="",
        statement=statement,
        left_this_year=Fraction(1),
        left_for_all_time=Fraction(1),
        witnessed=False,
    )
    connection = Connection(country, standing)
    streams.add(connection)
    return connection


def ask_of(country: CountryCode, nonce: int = 1) -> WitnessAsk:
    return WitnessAsk(
        country=country, nonce=Digest(bytes([nonce]) * 32), sequence=0, head=ZEROS, known={}
    )


def heard(connection: Connection) -> list[CoordinatorMessage]:
    """What waits to go out on this stream."""

    async def collect() -> list[CoordinatorMessage]:
        found = []
        while not connection._outgoing.empty():
            message = await connection.next()
            assert message is not None
            found.append(message)
        return found

    return asyncio.run(collect())


def test_a_question_reaches_everybody_else_also_who_comes_later() -> None:
    streams = Connections()
    post = WitnessPost(streams)
    bg, md = connect(streams, BG), connect(streams, MD)
    post.pass_on(bg, ask_of(BG))
    assert heard(md) == [ask_of(BG)]
    assert heard(bg) == []
    ua = connect(streams, UA)
    post.pass_on(ua, ask_of(UA))
    assert heard(ua) == [ask_of(BG)]
    assert heard(bg) == [ask_of(UA)]
    post.pass_on(ua, ask_of(UA, 2))  # asked again: the others' questions are not repeated
    assert heard(ua) == []


def test_a_contradiction_goes_to_everybody_else_or_to_the_one_that_it_is_for() -> None:
    streams = Connections()
    post = WitnessPost(streams)
    bg, md, ua = connect(streams, BG), connect(streams, MD), connect(streams, UA)
    claim = Contradiction(COORDINATOR, b"one", b"other")
    for_all, for_ua = ContradictionTold(BG, None, claim), ContradictionTold(BG, UA, claim)
    for told in (for_all, for_ua):
        post.pass_on(bg, told)
    assert (heard(bg), heard(md), heard(ua)) == ([], [for_all], [for_all, for_ua])
    with pytest.raises(AnotherCountryError):
        post.pass_on(md, for_all)


def test_the_question_of_a_node_that_left_is_not_passed_on() -> None:
    streams = Connections()
    post = WitnessPost(streams)
    bg = connect(streams, BG)
    post.pass_on(bg, ask_of(BG))
    streams.remove(bg)
    md = connect(streams, MD)
    post.pass_on(md, ask_of(MD))
    assert heard(md) == []


def test_answers_entries_and_words_go_to_whom_they_are_for() -> None:
    streams = Connections()
    post = WitnessPost(streams)
    words: list[WitnessWord] = []

    async def nobody(*_: object) -> None:
        raise AssertionError

    streams.listen(nobody, lambda _: None, words.append)
    bg, md, ua = (connect(streams, country) for country in (BG, MD, UA))
    answer = WitnessAnswer(
        witness=MD,
        country=BG,
        nonce=ZEROS,
        sequence=0,
        head=ZEROS,
        entries=(),
        signature=SIGNED,
    )
    post.pass_on(md, answer)
    assert (heard(bg), heard(ua)) == ([answer], [])
    for_one = LedgerEntries(country=MD, to=UA, entries=())
    for_all = LedgerEntries(country=MD, to=None, entries=())
    post.pass_on(md, for_one)
    post.pass_on(md, for_all)
    assert (heard(bg), heard(md), heard(ua)) == ([for_all], [], [for_one, for_all])
    word = WitnessWord(roster_hash=ZEROS, witness=MD, kept={}, signature=SIGNED)
    post.pass_on(md, word)
    assert words == [word]


@pytest.mark.parametrize(
    "message",
    [
        ask_of(UA),
        LedgerEntries(country=UA, to=None, entries=()),
        WitnessWord(roster_hash=ZEROS, witness=UA, kept={}, signature=SIGNED),
    ],
    ids=lambda message: type(message).__name__,
)
def test_a24_nobody_speaks_in_anothers_name(
    message: WitnessAsk | LedgerEntries | WitnessWord,
) -> None:
    streams = Connections()
    with pytest.raises(AnotherCountryError):
        WitnessPost(streams).pass_on(connect(streams, BG), message)


def test_a29_one_members_flood_ends_no_other_members_stream() -> None:
    streams = Connections()
    post = WitnessPost(streams)
    bg, md, ua = (connect(streams, country) for country in (BG, MD, UA))
    for_one = LedgerEntries(country=MD, to=UA, entries=())
    for _ in range(UNREAD_LIMIT + 1):
        post.pass_on(md, for_one)
        post.pass_on(md, ask_of(MD))
    answer = WitnessAnswer(
        witness=BG, country=UA, nonce=ZEROS, sequence=0, head=ZEROS, entries=(), signature=SIGNED
    )
    post.pass_on(bg, answer)  # there is room for the others
    streams.send(UA, NEWS)
    assert set(streams.live) == {BG, MD, UA}
    found = heard(ua)
    assert len(found) == UNREAD_OF_ONE + 2
    assert found[-2:] == [answer, NEWS]
    post.pass_on(md, for_one)  # and again for it, once what waited was read
    assert heard(ua) == [for_one]


def test_a29_what_members_say_leaves_room_for_what_the_coordinator_says() -> None:
    streams = Connections()
    ua = connect(streams, UA)
    senders = [CountryCode(f"A{chr(65 + place % 26)}") for place in range(UNREAD_LIMIT)]
    for sender in senders:  # many honest members at once, and a slow reader
        streams.pass_on(sender, UA, LedgerEntries(country=sender, to=UA, entries=()))
    for sender in senders:
        streams.pass_on(sender, UA, ask_of(sender))
    for _ in range(ROOM_FOR_ROUNDS):
        streams.send(UA, NEWS)
    found = heard(ua)
    assert sum(isinstance(one, WitnessAsk) for one in found) >= 2 * 175
    assert found.count(NEWS) == ROOM_FOR_ROUNDS
