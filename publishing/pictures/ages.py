"""Age bands as years: `9-17` is from 9 to 17, `48+` has no end, `minor` is no band."""

import re

_BAND = re.compile(r"(\d+)(?:-(\d+)|\+)")


def band_of(value: str) -> tuple[int, int | None] | None:
    """The first and the last year of a band; None where the value is none."""
    found = _BAND.fullmatch(value)
    if found is None:
        return None
    return int(found[1]), None if found[2] is None else int(found[2])
