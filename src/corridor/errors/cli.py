"""Errors of the command line that are not wrong usage by argparse's own word."""

from corridor.errors import InvalidInputError, UnavailableError, WrongUsageError


class NoQuestionError(WrongUsageError):
    """`ask` or `forecast` was given no question, or two. Nothing was sent."""

    code = "cli.no_question"

    def __init__(self) -> None:
        """Say the two ways of asking."""
        super().__init__(
            'give one question: either SQL in quotes ("SELECT … FROM corridors GROUP BY …") or '
            "--indicator NAME; `corridor indicators` lists those there are"
        )


class HalfSeriesError(InvalidInputError):
    """A standing series needs both how often and how many times. Nothing was asked."""

    code = "cli.half_series"

    def __init__(self) -> None:
        """Say how it is written."""
        super().__init__(
            "a standing series is asked with --every and --periods, as in --every month "
            "--periods 36, and if you like with --start 2027-01; nothing was asked."
        )


class PeopleWordsError(WrongUsageError):
    """`people` was given words that do not fit each other. Nothing was changed."""

    code = "cli.people_words"

    def __init__(self, verb: str) -> None:
        """Name the verb and how it is written."""
        super().__init__(
            f"people {verb}: write `people list`, `people add|role NAME --role ROLE`, or "
            "`people lock|unlock|reset NAME`; at a coordinator also `people organisation NAME "
            "--organisation TEXT`, and --organisation with add. Nothing was changed"
        )


class BadParameterError(WrongUsageError):
    """An indicator's parameter is not NAME=VALUE. Nothing was sent."""

    code = "cli.bad_parameter"

    def __init__(self, word: str) -> None:
        """Name the word."""
        super().__init__(f"{word!r}: a parameter is NAME=VALUE, as in from=MD,UA; nothing was sent")


class NoHomeGivenError(WrongUsageError):
    """Neither --home nor CORRIDOR_HOME says which installation is meant. Nothing was done."""

    code = "cli.no_home"

    def __init__(self) -> None:
        """Say the two ways of naming it."""
        super().__init__(
            "which installation? Name its folder with --home DIR, or set CORRIDOR_HOME"
        )


class NoMemberKeyError(WrongUsageError):
    """A members' receipt was to be checked without a node's key. Nothing was checked."""

    code = "cli.no_member_key"

    def __init__(self, path: str) -> None:
        """Say whose key opens it."""
        super().__init__(
            f"{path} is a members' receipt: only a member's key opens it. Name that node's folder "
            "with --home DIR. Nothing was checked."
        )


class AmbiguousIdError(WrongUsageError):
    """The beginning of an id fits several questions or releases. Nothing was fetched."""

    code = "cli.ambiguous_id"

    def __init__(self, beginning: str, found: int, listed_by: str = "corridor results") -> None:
        """Say how many it fits, and what lists them."""
        super().__init__(
            f"{beginning!r} begins {found} ids; write more of it. `{listed_by}` lists them. "
            "Nothing was fetched."
        )


class NoAnswerYetError(UnavailableError):
    """A question has no release yet. It goes on as it was."""

    code = "cli.no_answer_yet"

    def __init__(self, question: str, stands: str) -> None:
        """Say where it stands."""
        super().__init__(
            f"question {question} has no answer yet ({stands}); repeat the command a little later"
        )


class UnreadableFileError(InvalidInputError):
    """A file named on the command line cannot be read. Nothing was done."""

    code = "cli.unreadable_file"

    def __init__(self, path: str, reason: str) -> None:
        """Name the file and what the system said."""
        super().__init__(f"{path}: {reason}; nothing was done")


class NoAnchorError(WrongUsageError):
    """A receipt was to be verified against nothing that its reader trusts. Nothing was checked."""

    code = "cli.no_anchor"

    def __init__(self) -> None:
        """Say what an anchor is."""
        super().__init__(
            "a receipt proves something only against keys that you trust from elsewhere: name the "
            "region's charter with --charter FILE, or members' keys with --trust CC=FINGERPRINT"
        )


class TrustForMembersReceiptError(WrongUsageError):
    """Fingerprints were given as the anchor of a members' receipt. Nothing was checked."""

    code = "cli.trust_for_members_receipt"

    def __init__(self) -> None:
        """Say what its anchor is."""
        super().__init__(
            "a members' receipt is checked against the charter in force at the node that opens "
            "it, or against --charter FILE; leave --trust out. Nothing was checked."
        )


class ReleaseForMembersReceiptError(WrongUsageError):
    """A release was given beside a members' receipt. Nothing was checked."""

    code = "cli.release_for_members_receipt"

    def __init__(self) -> None:
        """Say how both are checked."""
        super().__init__(
            "a release is compared with a public receipt: verify the members' receipt with "
            "--public FILE, and then that file with --release. Nothing was checked."
        )


class PublicForPublicReceiptError(WrongUsageError):
    """--public was given for a receipt that is public itself. Nothing was checked."""

    code = "cli.public_for_public_receipt"

    def __init__(self) -> None:
        """Say what it is for."""
        super().__init__(
            "--public names the public receipt that a members' receipt must be about; this file "
            "is a public receipt itself. Leave --public out. Nothing was checked."
        )


class BadTrustError(WrongUsageError):
    """A country or fingerprint on the command line is malformed. Nothing was done."""

    code = "cli.bad_trust"

    def __init__(self, text: str, why: str) -> None:
        """Name the text and what is wrong with it."""
        super().__init__(f"{text!r}: {why.rstrip('.')}; nothing was done")


class NoTokenNameError(WrongUsageError):
    """`token` was given nobody's name. Nothing was issued."""

    code = "cli.no_token_name"

    def __init__(self) -> None:
        """Say the ways of using the command."""
        super().__init__(
            'whose token? Name the analyst, as in: corridor coordinator token "Ana Popescu"; or '
            "list those there are with --list. Nothing was issued."
        )


class NeedsFileError(WrongUsageError):
    """An answer that does not fit a pipe was asked for without a file. Nothing was written."""

    code = "cli.needs_file"

    def __init__(self, form: str) -> None:
        """Say how to name the file."""
        super().__init__(
            f"--format {form} of this answer needs a file, as in --out answer.{form}; "
            "nothing was written"
        )


class SupposedWordsError(WrongUsageError):
    """Words of a question were given to `policy test` without the question. Nothing was done."""

    code = "cli.supposed_words"

    def __init__(self) -> None:
        """Name the word that is missing."""
        super().__init__(
            "--purpose and --organisation are of a question that nobody asked yet: give it with "
            "--question. Nothing was done."
        )
