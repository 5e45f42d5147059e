"""Bends messages of a secure sum as an attack vector says, and signs again where an insider would.

A message is a list of members' words (or one word, a list of one). The steps of a vector:

    {"drop": ["AB"]}                         without these members' words
    {"repeat": "AB"}                         one member's word twice
    {"replay": "AB"}                         one member's word of another attempt in its place
    {"set": {"of": "AB", "field": F, …}}     another value in one field of one member's word;
                                             with "signed": true, signed again by that member

A value is one of {"hex": …}, {"text": …}, {"countries": […]}, {"heads": {"AC": hexadecimal}},
{"word_of": "AC"} (the same field of another member's word, or "its_field"), {"flip": n} (the
field's own bytes, one bit of byte n flipped).
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeVar

from corridor.ids import CountryCode
from corridor.protocols.secure_sum.messages import Dealing, SurvivorSignature, WitnessWord, signed
from support.secure_sum import make_header, signing_keys

Word = TypeVar("Word")


def speaker(word: Any) -> CountryCode:
    """Whose word it is."""
    match word:
        case Dealing():
            return word.dealer
        case WitnessWord():
            return word.witness
        case _:
            return CountryCode(word.country)


def word_of_witness(word: WitnessWord) -> WitnessWord:
    """The word as its witness signs it under the charter of every `make_header`."""
    text = word.to_sign(make_header().charter)
    return replace(word, signature=signing_keys(word.witness).sign(text))


def bend(
    words: Sequence[Word], steps: Sequence[dict[str, Any]], other_attempt: Sequence[Word]
) -> tuple[Word, ...]:
    """The words after all steps; `other_attempt` holds the same members' words elsewhere."""
    bent = list(words)
    for step in steps:
        match step:
            case {"drop": countries}:
                bent = [word for word in bent if speaker(word) not in countries]
            case {"repeat": country}:
                bent += [word for word in bent if speaker(word) == country]
            case {"replay": country}:
                old = next(word for word in other_attempt if speaker(word) == country)
                bent = [old if speaker(word) == country else word for word in bent]
            case {"set": change}:
                bent = [
                    _changed(word, change, words) if speaker(word) == change["of"] else word
                    for word in bent
                ]
            case _:
                raise ValueError(f"no such step: {step}")
    return tuple(bent)


def _changed(word: Any, change: dict[str, Any], words: Sequence[Any]) -> Any:
    field = change["field"]
    value: object
    match change:
        case {"hex": text}:
            value = bytes.fromhex(text)
        case {"text": text}:
            value = text
        case {"countries": countries}:
            value = frozenset(countries)
        case {"heads": heads}:
            value = {country: bytes.fromhex(head) for country, head in heads.items()}
        case {"word_of": country, **rest}:
            source = next(other for other in words if speaker(other) == country)
            value = getattr(source, str(rest.get("its_field", field)))
        case {"flip": place}:
            raw = bytearray(getattr(word, field))
            raw[place] ^= 1
            value = bytes(raw)
        case _:
            raise ValueError(f"no such value: {change}")
    changed = replace(word, **{field: value})
    if change.get("signed"):
        assert not isinstance(changed, SurvivorSignature)
        if isinstance(changed, WitnessWord):
            return word_of_witness(changed)
        changed = signed(changed, signing_keys(speaker(changed)).sign)
    return changed
