"""What many nodes are told is encoded once; what one is told takes nobody else's place."""

from dataclasses import replace
from typing import Any, cast

from corridor.coordinator import servicers
from corridor.coordinator.servicers import ExchangeServicer
from corridor.protocols.witnesses import WitnessAnswer, WitnessAsk
from corridor.transport import codec
from corridor.transport.messages import CoordinatorMessage
from support.wire_samples import coordinator_samples


def servicer() -> ExchangeServicer:
    return ExchangeServicer(cast(Any, None), cast(Any, None))


def sample(name: str) -> CoordinatorMessage:
    return cast(CoordinatorMessage, coordinator_samples()[name])


def test_a_question_to_all_is_encoded_once() -> None:
    encoder, question = servicer(), sample("WitnessAsk")
    first = encoder._encode(question)
    assert first == codec.encode_coordinator_message(question)
    assert encoder._encode(question) is first


def test_answers_to_one_node_push_out_no_question_to_all() -> None:
    encoder, question = servicer(), sample("WitnessAsk")
    answer = cast(WitnessAnswer, sample("WitnessAnswer"))
    first = encoder._encode(question)
    for one in [replace(answer) for _ in range(2 * servicers.ENCODED_AT_MOST)]:
        assert encoder._encode(one) == codec.encode_coordinator_message(answer)
    assert encoder._encode(question) is first


def test_a29_no_more_than_so_many_messages_are_kept() -> None:
    encoder = servicer()
    question = cast(WitnessAsk, sample("WitnessAsk"))
    questions = [replace(question) for _ in range(servicers.ENCODED_AT_MOST + 1)]
    first = encoder._encode(questions[0])
    for one in questions[1:]:
        encoder._encode(one)
    assert encoder._encode(questions[0]) is not first
    assert len(encoder._encoded) == servicers.ENCODED_AT_MOST
