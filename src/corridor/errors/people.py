"""Errors of accounts: of an authority's staff at a node, of analysts and staff at a coordinator."""

from corridor.errors import (
    DamagedError,
    InvalidInputError,
    NotAllowedError,
    NotFoundError,
    RefusedError,
    UnavailableError,
)


class WrongSignInError(RefusedError):
    """Name, password or code are not right together. Nobody was signed in."""

    code = "people.wrong_sign_in"

    def __init__(
        self,
        what: str = "name, password or code are not right; nothing was changed. Try again, or ask "
        "an administrator to reset the account.",
    ) -> None:
        """Say the same whichever of them is wrong."""
        super().__init__(what)


class WrongCodeError(WrongSignInError):
    """The code of somebody who is known by session or password is not right. Nothing was changed.

    That it is the code tells them nothing that they do not know.
    """

    code = "people.wrong_code"

    def __init__(self) -> None:
        """Say that it may have been right, once."""
        super().__init__(
            "the code is wrong, or was used before; nothing was changed. Wait for the next one, "
            "which comes every half minute."
        )


class WaitError(RefusedError):
    """Too many wrong tries for one name. Nothing was looked at."""

    code = "people.wait"

    def __init__(self, seconds: int) -> None:
        """Say how long."""
        super().__init__(
            f"too many wrong tries for this name; nothing was looked at. Wait {seconds} seconds, "
            "then try again."
        )
        self.seconds = seconds


class NotSignedInError(RefusedError):
    """There is no session, or it is over. Nothing was done."""

    code = "people.not_signed_in"

    def __init__(self) -> None:
        """Say what to do."""
        super().__init__("you are not signed in, or no longer; nothing was done. Sign in again.")


class RoleMissingError(NotAllowedError):
    """The signed-in person's roles do not allow this. Nothing was done."""

    code = "people.role_missing"

    def __init__(self, needed: str) -> None:
        """Name the roles that may."""
        super().__init__(
            f"this needs the role {needed}, which you do not have; nothing was done. An "
            "administrator gives roles."
        )


class WeakPasswordError(InvalidInputError):
    """A password is too short, too long, or too easy to guess. The old one stays."""

    code = "people.weak_password"

    def __init__(self, problem: str) -> None:
        """Say what is wrong with it, never what it is."""
        super().__init__(
            f"the new password {problem}; nothing was changed. Take four or more unrelated words."
        )


class PasswordsDifferError(InvalidInputError):
    """A new password was not typed the same twice. The old one stays."""

    code = "people.passwords_differ"

    def __init__(self) -> None:
        """Say what to do."""
        super().__init__(
            "the two passwords are not the same; nothing was changed. Type the new one twice."
        )


class BadNameError(InvalidInputError):
    """A name is not fit for an account. Nothing was changed."""

    code = "people.bad_name"

    def __init__(self) -> None:
        """Say which names are."""
        super().__init__(
            "a name has 2 to 40 letters, digits, spaces, dots, hyphens or apostrophes, and begins "
            "and ends with a letter or digit; nothing was changed."
        )


class NameTakenError(RefusedError):
    """There is an account of that name. Nothing was changed."""

    code = "people.name_taken"

    def __init__(self) -> None:
        """Say what to do."""
        super().__init__(
            "there is an account of that name already, perhaps written with other capitals; "
            "nothing was changed. Choose another name."
        )


class UnknownPersonError(NotFoundError):
    """No account goes by that name. Nothing was changed."""

    code = "people.unknown"

    def __init__(self) -> None:
        """Name the command that lists them."""
        super().__init__(
            "no account goes by that name; nothing was changed. `people list` shows those that "
            "there are."
        )


class BadRolesError(InvalidInputError):
    """Roles that one person cannot hold together, or none. Nothing was changed."""

    code = "people.bad_roles"

    def __init__(self, can: str) -> None:
        """Say which can."""
        super().__init__(f"give at least one role; {can}. Nothing was changed.")


class LastAdministratorError(RefusedError):
    """Without this account nobody could give accounts. Nothing was changed."""

    code = "people.last_administrator"

    def __init__(self) -> None:
        """Say what comes first."""
        super().__init__(
            "this is the last administrator who can sign in; nothing was changed. Make another "
            "administrator first, or use the command `people` on the machine itself."
        )


class BadInvitationError(RefusedError):
    """A one-time code is wrong, used or too old. Nothing was changed."""

    code = "people.bad_invitation"

    def __init__(self) -> None:
        """Say who gives another."""
        super().__init__(
            "name and one-time code are not right together, or the code was used or is too old; "
            "nothing was changed. An administrator gives a new one (`people reset`)."
        )


class PeopleUnavailableError(UnavailableError):
    """The accounts could not be read or written. Nothing was changed."""

    code = "people.disk"

    def __init__(self, reason: str) -> None:
        """Say what the system said."""
        super().__init__(
            f"people.sqlite3: {reason}. Nothing was changed; make room on the disk or check the "
            "rights of the folder, then try again."
        )


class PeopleDamagedError(DamagedError):
    """The file of accounts is not as it was written. It was left as it is; nobody signs in."""

    code = "people.damaged"

    def __init__(self, reason: str) -> None:
        """Say what the database said, and how to go on."""
        super().__init__(
            f"people.sqlite3: {reason}. It was left as it is, and nobody can sign in. Put it back "
            "from a backup, begin the account anew (`people reset NAME`), or move the file away "
            "and make all of them anew with the command `people`."
        )
