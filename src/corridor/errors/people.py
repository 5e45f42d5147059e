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
            "a name has 2 to 40 letters of one alphabet, digits, spaces, dots, hyphens or "
            "apostrophes, and begins and ends with a letter or digit; nothing was changed."
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


class BadOrganisationError(InvalidInputError):
    """An organisation's name cannot be used, or there are none here. Nothing was changed."""

    code = "people.bad_organisation"

    def __init__(self, longest: int) -> None:
        """Say which can; with 0, that there are none."""
        super().__init__(
            f"an organisation's name is a printable text of at most {longest} characters; nothing "
            "was changed. Shorten it, or leave it out."
            if longest
            else "accounts of a node are the authority's own, and have no organisation; nothing "
            "was changed. Leave it out."
        )


class NoRoleError(NotAllowedError):
    """The identity provider's groups mean no role here. Nobody was signed in.

    Whoever had an account is signed out, and its tokens are worthless.
    """

    code = "people.no_role"

    def __init__(self) -> None:
        """Say who can change it."""
        super().__init__(
            "the identity provider knows you, but none of your groups there has a role here; you "
            "were not signed in. Ask whoever keeps its groups, or the administrator of this site, "
            "whose oidc.toml says which group has which role."
        )


class RolesApartError(NotAllowedError):
    """The identity provider's groups mean roles that one person cannot hold together.

    Nobody was signed in, and nothing was changed.
    """

    code = "people.roles_apart"

    def __init__(self) -> None:
        """Say who can change it."""
        super().__init__(
            "your groups at the identity provider have roles here that one person cannot hold "
            "together: an administrator is no coordinator; you were not signed in. Ask whoever "
            "keeps its groups to take you out of one of them."
        )


class LockedOutError(NotAllowedError):
    """The account is locked, though the identity provider vouches. Nobody was signed in."""

    code = "people.locked_out"

    def __init__(self) -> None:
        """Say who can change it."""
        super().__init__(
            "this account was locked here; you were not signed in. An administrator of this site "
            "can unlock it."
        )


class NameOfAnotherError(RefusedError):
    """Whoever came from the provider has the name of an account that is not theirs.

    Accounts are never joined by a name: it proves nothing. Nothing was changed.
    """

    code = "people.name_of_another"

    def __init__(self) -> None:
        """Say what can be done."""
        super().__init__(
            "another account here has the name that the identity provider gives you; no account "
            "was made, and you were not signed in. An administrator chooses another claim for "
            "names in oidc.toml (name_claim)."
        )


class SignInAnewError(NotAllowedError):
    """This needs somebody who came from the identity provider just now. Nothing was changed."""

    code = "people.sign_in_anew"

    def __init__(self) -> None:
        """Say what to do."""
        super().__init__(
            "you came from the identity provider too long ago for this; nothing was changed. Sign "
            "out, sign in there again, and repeat it within five minutes."
        )


class NameOfTokenError(RefusedError):
    """A token that was issued on the machine has or had that name. Nothing was changed.

    Who asks is told by a name: an account would have the token's questions and its pace.
    """

    code = "people.name_of_token"

    def __init__(self) -> None:
        """Say what can be done."""
        super().__init__(
            "a token that was issued on the machine itself has or had that name, and what was "
            "asked with it belongs to the name, also after it was revoked; nothing was changed, "
            "and nobody was signed in. Choose another name."
        )


class NotTwoKindsError(InvalidInputError):
    """Nobody has to say of these accounts whether they are two people. Nothing was changed."""

    code = "people.not_two_kinds"

    def __init__(self) -> None:
        """Say of which somebody has to."""
        super().__init__(
            "only of an account of this site and one of an identity provider is it said that they "
            "are two people; nothing was changed. Choose one of each."
        )


class OwnWordError(NotAllowedError):
    """Somebody would say of an account of their own that it is another person's.

    Nothing was changed.
    """

    code = "people.own_word"

    def __init__(self) -> None:
        """Say who can."""
        super().__init__(
            "another administrator has to say of your account that it is another person's; nothing "
            "was changed."
        )


class TokenLabelError(InvalidInputError):
    """A token's label cannot be used, or another token of the account has it. None was made."""

    code = "people.token_label"

    def __init__(self) -> None:
        """Say which can."""
        super().__init__(
            "a token has a label of 1 to 60 printable characters that no other token of yours has; "
            "none was made."
        )


class TokenTooWideError(NotAllowedError):
    """A token would allow more than its owner's roles, or nothing. None was made."""

    code = "people.token_too_wide"

    def __init__(self, allowed: str) -> None:
        """Name what it may allow."""
        super().__init__(
            f"a token of yours may allow {allowed or 'nothing'}, and has to allow something; none "
            "was made. An administrator gives roles."
        )


class TokenLifeError(InvalidInputError):
    """A token would live too long, or not at all. None was made."""

    code = "people.token_life"

    def __init__(self, most: int) -> None:
        """Say how long it may."""
        super().__init__(f"a token lives for 1 to {most} days; none was made.")


class TooManyTokensError(RefusedError):
    """An account has as many tokens as it may. None was made."""

    code = "people.too_many_tokens"

    def __init__(self, most: int) -> None:
        """Say how many, and what to do."""
        super().__init__(
            f"an account has at most {most} tokens; none was made. Revoke one that nobody uses."
        )


class NoSuchAccountTokenError(NotFoundError):
    """There is no such token of an account, or no more. Nothing was changed."""

    code = "people.no_such_token"

    def __init__(self) -> None:
        """Say that it may have ended."""
        super().__init__("there is no such token, or no more; nothing was changed.")


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


class SignInBusyError(UnavailableError):
    """Too many passwords wait to be compared. Nothing was looked at, and no try was counted."""

    code = "people.busy"

    def __init__(self) -> None:
        """Say what to do."""
        super().__init__(
            "too many people sign in at this moment; nothing was looked at. Try again in a few "
            "seconds."
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
