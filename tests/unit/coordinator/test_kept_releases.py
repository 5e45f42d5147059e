"""Releases in memory."""

from corridor.coordinator.kept_releases import KeptRelease, KeptReleases


def _release(size: int) -> KeptRelease:
    return KeptRelease(document=b"d" * size, bare=b"b" * size, organisation="IOM", asked_by="ana")


def test_what_was_not_read_for_the_longest_goes_first() -> None:
    kept = KeptReleases(most=60)
    for name in ("one", "two", "three"):
        kept.keep(name, _release(10))
    assert kept.get("one") is not None

    kept.keep("four", _release(10))
    assert [kept.get(name) is not None for name in ("one", "two", "three", "four")] == [
        True,
        False,
        True,
        True,
    ]


def test_a_release_that_is_longer_than_all_room_pushes_nothing_out() -> None:
    kept = KeptReleases(most=60)
    kept.keep("one", _release(10))
    kept.keep("long", _release(31))

    assert kept.get("long") is None
    assert kept.get("one") is not None


def test_the_same_release_kept_again_takes_no_more_room() -> None:
    kept = KeptReleases(most=40)
    kept.keep("one", _release(10))
    for _ in range(10):
        kept.keep("two", _release(10))

    assert kept.get("one") is not None
