from itertools import combinations
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corridor.protocols import shamir
from corridor.protocols.shamir import PRIME, Interpolation, is_share, split

secrets = st.binary(min_size=31, max_size=31)


@given(secrets, st.data())
def test_any_threshold_of_shares_gives_the_secret_back(secret: bytes, data: st.DataObject) -> None:
    count = data.draw(st.integers(3, 12))
    threshold = data.draw(st.integers(1, count))
    shares = split(secret, threshold, count, Random(1).randbytes)
    points = data.draw(st.permutations(range(1, count + 1)))[:threshold]
    row = Interpolation.at_zero(points)
    assert row.secret([shares[point - 1] for point in points]) == secret


def test_the_largest_roster_is_shared_and_put_together() -> None:
    secret = Random(2).randbytes(31)
    shares = split(secret, 117, 175, Random(3).randbytes)
    assert all(map(is_share, shares))
    points = range(59, 176)
    assert Interpolation.at_zero(points).secret(shares[58:]) == secret


def test_shares_are_values_of_one_polynomial_of_the_threshold_s_degree() -> None:
    """Against Lagrange's formula written out in fractions of the field, at every other point."""
    shares = [int.from_bytes(s, "big") for s in split(b"s" * 31, 20, 25, Random(4).randbytes)]
    known = list(enumerate(shares, start=1))[:20]
    for point, share in list(enumerate(shares, start=1))[20:]:
        total = 0
        for x, y in known:
            weight = 1
            for other, _ in known:
                if other != x:
                    weight = weight * (point - other) * pow(x - other, -1, PRIME) % PRIME
            total += y * weight
        assert total % PRIME == share


def test_one_share_too_few_is_as_likely_under_every_secret(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Over the field of 7 elements all polynomials can be counted: two of three shares say nothing.

    `_evaluate` is the real one; only the prime is small.
    """
    monkeypatch.setattr(shamir, "PRIME", 7)
    for points in combinations(range(1, 6), 2):
        seen = {
            secret: sorted(
                tuple(shamir._evaluate([a, b], secret, x) for x in points)
                for a in range(7)
                for b in range(7)
            )
            for secret in range(7)
        }
        assert len({tuple(views) for views in seen.values()}) == 1


def test_a_wrong_share_gives_another_secret_or_none() -> None:
    shares = list(split(bytes(31), 3, 5, Random(5).randbytes))
    shares[1] = (int.from_bytes(shares[1], "big") ^ 1).to_bytes(32, "big")
    assert Interpolation.at_zero([1, 2, 3]).secret(shares[:3]) != bytes(31)


def test_what_is_longer_than_a_secret_is_none() -> None:
    too_long = (2**248).to_bytes(32, "big")
    assert Interpolation.at_zero([1]).secret([too_long]) is None
    assert Interpolation.at_zero([1]).secret([(2**248 - 1).to_bytes(32, "big")]) == b"\xff" * 31


@pytest.mark.parametrize(
    "raw", [PRIME.to_bytes(32, "big"), b"\xff" * 32, b"", bytes(31), bytes(33)]
)
def test_a28_a_share_out_of_range_or_of_another_length_is_none(raw: bytes) -> None:
    assert not is_share(raw)
    assert is_share((PRIME - 1).to_bytes(32, "big"))


def test_random_bits_at_or_above_the_prime_are_drawn_again() -> None:
    above = (2 * PRIME).to_bytes(32, "big")  # its upper 255 bits are p itself
    draws = iter([above, (2 * 5).to_bytes(32, "big")])
    shares = split(bytes(31), 2, 3, lambda _: next(draws))
    assert [int.from_bytes(share, "big") for share in shares] == [5, 10, 15]


def nothing_random(count: int) -> bytes:
    return bytes(count)


@pytest.mark.parametrize(("threshold", "count"), [(0, 3), (4, 3), (4, 176)])
def test_a_secret_is_shared_in_possible_proportions_only(threshold: int, count: int) -> None:
    with pytest.raises(ValueError, match="cannot share"):
        split(bytes(31), threshold, count, nothing_random)


def test_a_secret_has_31_bytes() -> None:
    with pytest.raises(ValueError, match="31 bytes"):
        split(bytes(32), 2, 3, nothing_random)


@pytest.mark.parametrize("points", [[], [1, 1], [0, 1], [1, 176]], ids=str)
def test_no_row_for_points_that_no_shares_have(points: list[int]) -> None:
    with pytest.raises(ValueError, match="points"):
        Interpolation.at_zero(points)


def test_a_secret_needs_one_share_for_each_point() -> None:
    for count in (1, 3):
        with pytest.raises(ValueError, match=f"2 shares are put together, not {count}"):
            Interpolation.at_zero([1, 2]).secret([bytes(32)] * count)
