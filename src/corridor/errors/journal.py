"""Errors of verifying another node's exported journal."""

from corridor.errors import DamagedError, RefusedError


class UnknownSignerError(RefusedError):
    """Nothing that was given vouches for the key that signed a journal. Nothing was verified."""

    code = "journal.unknown_signer"

    def __init__(self, country: str) -> None:
        """Say what would vouch for it."""
        super().__init__(
            f"the journal says that it is {country}'s, and nothing that you trust says which key "
            f"{country} has. Give its fingerprint (--trust {country}=…), as that authority told it "
            "to you, or a charter that lists it. Nothing was verified."
        )


class OtherSignerError(RefusedError):
    """A journal is signed with another key than the one confirmed. It proves nothing."""

    code = "journal.other_signer"

    def __init__(self, country: str) -> None:
        """Name the country."""
        super().__init__(
            f"the journal is signed with another key than the one confirmed for {country}. It is "
            "not that node's journal, or the node had another key then. Nothing was verified."
        )


class AlteredExportError(DamagedError):
    """An export of a journal is not what that node signed. Nothing of it counts."""

    code = "journal.altered"

    def __init__(self, name: str, number: int, problem: str) -> None:
        """Name the file and the entry, for somebody who did not write it."""
        where = f"entry {number} {problem}" if number else f"it {problem}"
        super().__init__(
            f"{name}: {where}. The file is not what that node signed: it was altered or cut, by "
            "whom it does not show, and nothing in it counts. Keep it as it is, and ask that "
            "authority itself for a new export. Nothing was changed here."
        )


class NotContinuedError(RefusedError):
    """A later export does not go on from an earlier one. One of them is not the whole truth."""

    code = "journal.not_continued"

    def __init__(self, number: int) -> None:
        """Say where they part."""
        super().__init__(
            f"the earlier export has another entry {number} than this one, or more of them, and "
            "both are signed: the node's journal was put back from a backup (it says `restored` "
            "then), or rewritten. Keep both, and ask that authority."
        )
