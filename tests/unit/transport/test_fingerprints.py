"""Fingerprints as words: what was heard wrong is named."""

import pytest

from corridor.errors.charter import MalformedCardError
from corridor.protocols.cards import Fingerprint
from corridor.transport.fingerprints import parse_spoken_fingerprint, spoken_fingerprint

MARK = Fingerprint(bytes(range(20)))


def test_the_words_stand_for_the_bytes_however_they_are_spelt() -> None:
    assert parse_spoken_fingerprint(spoken_fingerprint(MARK).upper()) == MARK


def test_the_one_word_that_is_in_no_list_is_named() -> None:
    words = spoken_fingerprint(MARK).split()
    words[6] = "moldau"
    with pytest.raises(MalformedCardError, match="word 7 of 15, 'moldau', is none of the list"):
        parse_spoken_fingerprint(" ".join(words))


def test_words_of_the_list_that_are_no_fingerprint_are_told_apart_from_digits() -> None:
    words = spoken_fingerprint(MARK).split()
    words[0] = "zoo" if words[0] != "zoo" else "zone"
    with pytest.raises(MalformedCardError, match="one was heard as another"):
        parse_spoken_fingerprint(" ".join(words))
