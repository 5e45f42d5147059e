"""Errors of erasing: editions, and what a person may ask for."""

from corridor.errors import DamagedError, InvalidInputError, NotFoundError, RefusedError


class CurrentEditionError(RefusedError):
    """The edition is the one that questions are answered from. Nothing was erased."""

    code = "erasing.current_edition"

    def __init__(self, edition: str) -> None:
        """Say how it is meant in earnest."""
        super().__init__(
            f"edition {edition}: is current, and without it this node answers nothing until case "
            "files are imported again. Say --all if that is meant. Nothing was erased."
        )


class NoIdentityError(InvalidInputError):
    """What was given does not tell a person apart from others. Nothing was changed."""

    code = "erasing.no_identity"

    def __init__(self, why: str) -> None:
        """Say what does."""
        super().__init__(
            f"the person: {why}. Give an identity number, or a name with a birthdate, or the "
            "person reference or case reference of a row that has neither; each in the words of "
            "the case files. Nothing was changed."
        )


class SharedReferenceError(RefusedError):
    """Not as many persons have the case reference as are meant. Nothing was changed."""

    code = "erasing.shared_reference"

    def __init__(self, persons: int) -> None:
        """Say how many have it, and what tells them apart."""
        super().__init__(
            f"the person: {persons} persons in the data have this case reference. If one of them "
            "is meant, give the identity number, or name and birthdate, too. If all of them are "
            f"meant, say so with their number: --everyone-of-case {persons}, everyone_of_case = "
            f"{persons} in the file, or in the console's form. Nothing was changed."
        )
        self.persons = persons


class NobodyFoundError(NotFoundError):
    """No person of this node's data is told apart by what was given. No rows were left out.

    An edition with the same rows was written all the same: its name is public, and must not tell.
    """

    code = "erasing.nobody_found"

    def __init__(self) -> None:
        """Say what may be the reason."""
        super().__init__(
            "the person: nobody in this node's data goes by what was given. A row with an "
            "identity number goes by that alone, and not by name and birthdate. No rows were left "
            "out; where there are data, a new edition holds the same rows, so that its name tells "
            "nobody whether somebody was found."
        )


class MalformedIdentityError(InvalidInputError):
    """A file that should say who is meant does not. Nothing was changed."""

    code = "erasing.malformed_identity"

    def __init__(self, name: str, why: str) -> None:
        """Say what such a file looks like."""
        super().__init__(
            f'{name}: {why}. It has lines such as `identity_number = "…"`, with any of '
            "identity_number, first_name, middle_name, second_name, birthdate, case_reference, "
            "person_reference; and everyone_of_case = 2 where all (so many) persons of the case "
            "reference are meant. Nothing was changed."
        )


class SuppressionLostError(DamagedError):
    """The list of persons who asked to be erased is not here. Nothing was imported."""

    code = "erasing.list_lost"

    def __init__(self) -> None:
        """Say what brings it back."""
        super().__init__(
            "editions/suppressed: is missing, and the journal says that persons were erased: an "
            "import would bring them back. Put the file back from the newest backup, with its "
            "store.key; if it is lost for good, carry their requests out again "
            "(`corridor node person erase`), which begins a new list. Nothing was imported."
        )
