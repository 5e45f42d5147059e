"""Errors of the coordinator: enrolment, the charter's signatures, questions, attempts, streams."""

from collections.abc import Iterable

from corridor.errors import (
    DamagedError,
    InvalidInputError,
    NotAllowedError,
    NotFoundError,
    RefusedError,
    UnavailableError,
)

# ---------------------------------------------------------------- the installation


class HomeInUseError(RefusedError):
    """The folder already holds an installation. It was left as it is."""

    code = "coordinator.home_in_use"

    def __init__(self, home: str) -> None:
        """Name the folder."""
        super().__init__(
            f"{home}: already holds a coordinator; nothing was changed. "
            "Choose an empty folder with --home, or use the one that is there."
        )


class NoHomeError(NotFoundError):
    """The folder holds no coordinator. Nothing was changed."""

    code = "coordinator.no_home"

    def __init__(self, home: str) -> None:
        """Name the folder."""
        super().__init__(
            f"{home}: holds no coordinator (coordinator.toml is missing); "
            "run `corridor coordinator init`, or name the right folder with --home."
        )


class AlreadyServingError(RefusedError):
    """Another process serves this home. Nothing was changed."""

    code = "coordinator.already_serving"

    def __init__(self, home: str) -> None:
        """Name the folder."""
        super().__init__(
            f"{home}: another `corridor coordinator serve` runs on this folder; stop it first."
        )


class SettingsError(InvalidInputError):
    """A line of coordinator.toml, or an option of `init`, cannot be used. Nothing was started."""

    code = "coordinator.settings"


class FaultNotAllowedError(RefusedError):
    """`--fault` was given and no charter marked synthetic is in force. Nothing was started."""

    code = "coordinator.fault_not_allowed"

    def __init__(self) -> None:
        """Say where it is allowed."""
        super().__init__(
            "--fault breaks the coordinator on purpose and is accepted only under a charter marked "
            "synthetic; nothing was started."
        )


class UnknownFaultError(InvalidInputError):
    """`--fault` names no fault. Nothing was started."""

    code = "coordinator.unknown_fault"

    def __init__(self, text: str, known: str) -> None:
        """Name what was given and what there is."""
        super().__init__(f"--fault {text}: unknown; give {known}.")


class CannotListenError(UnavailableError):
    """An address cannot be listened on. Nothing was started."""

    code = "coordinator.cannot_listen"

    def __init__(self, address: str, reason: str) -> None:
        """Name the address and what the system said."""
        super().__init__(
            f"{address}: cannot listen there ({reason}); nothing was started. Stop what uses the "
            "address, or write another into coordinator.toml."
        )


class StoreUnavailableError(UnavailableError):
    """The coordinator's database could not be read or written. The transaction did not happen."""

    code = "coordinator.store_unavailable"

    def __init__(self, reason: str) -> None:
        """Pass on what the database said."""
        super().__init__(
            f"coordinator.sqlite3: {reason}. Nothing was recorded; make room on the disk or check "
            "the rights of the folder, then try again."
        )


class StoreFromElsewhereError(DamagedError):
    """The database was written by another version. It was left as it is."""

    code = "coordinator.store_version"

    def __init__(self, found: int, known: int) -> None:
        """Say which version the file has and which this program knows."""
        super().__init__(
            f"coordinator.sqlite3: has schema {found}, this program knows {known}; nothing was "
            "changed. Run the version of Corridor that wrote it."
        )


# ---------------------------------------------------------------- enrolment and access


class UnknownInvitationError(NotAllowedError):
    """No open invitation has this code. Nobody was enrolled."""

    code = "enrolment.unknown_code"

    def __init__(self) -> None:
        """Say what to ask for; never whether a similar code exists."""
        super().__init__(
            "enrolment: no open invitation has this code (never issued, withdrawn, or used); "
            "nobody was enrolled. Ask the coordinator for a new invitation."
        )


class InvitationExpiredError(NotAllowedError):
    """The invitation's time is over. Nobody was enrolled."""

    code = "enrolment.expired"

    def __init__(self) -> None:
        """Say what to ask for."""
        super().__init__(
            "enrolment: this invitation has expired; nobody was enrolled. "
            "Ask the coordinator for a new one."
        )


class InvitedCountryError(NotAllowedError):
    """The card names another country than the invitation. Nobody was enrolled."""

    code = "enrolment.another_country"

    def __init__(self, invited: str, presented: str) -> None:
        """Name both countries."""
        super().__init__(
            f"enrolment: the invitation is for {invited}, the card says {presented}; nobody was "
            "enrolled. Use the invitation of this node's country."
        )


class PossessionError(NotAllowedError):
    """Whoever enrols did not show that they hold the card's signing key. Nobody was enrolled."""

    code = "enrolment.no_possession"

    def __init__(self, country: str) -> None:
        """Name the country of the card."""
        super().__init__(
            f"enrolment of {country}: the proof is not made with the card's signing key for this "
            "code and this signing request; nobody was enrolled. Run `corridor node enrol` again."
        )


class InsecureEnrolmentError(NotAllowedError):
    """Enrolment was tried over plain HTTP. The code should be regarded as seen."""

    code = "enrolment.needs_tls"

    def __init__(self) -> None:
        """Say what to do with the code that was sent in the clear."""
        super().__init__(
            "enrolment: the coordinator serves plain http here, and a code must not travel in the "
            "clear; nobody was enrolled. Serve with TLS and issue a new invitation."
        )


class UnknownTokenError(NotAllowedError):
    """The request carries no token that is valid. Nothing was changed."""

    code = "access.unknown_token"

    def __init__(self, *, has_one: bool = True) -> None:
        """Say whether there was a token at all, and what to do about it."""
        super().__init__(
            "this token is not valid: it was never issued here, or was revoked; nothing was done. "
            "Ask the coordinator's staff for another, and log in again with it: `corridor login "
            "URL`"
            if has_one
            else "this needs a token: `Authorization: Bearer …` with one that the coordinator's "
            "staff issue (`corridor coordinator token`); `corridor login` stores it. Nothing was "
            "done"
        )


class TokenRestsError(UnknownTokenError):
    """A token whose owner was not vouched for by the identity provider for long. Nothing was done.

    It is good again once its owner has signed in there.
    """

    code = "access.token_rests"

    def __init__(self, days: int) -> None:
        """Say what wakes it."""
        NotAllowedError.__init__(
            self,
            f"this token rests: its owner has not signed in with the identity provider for {days} "
            "days; nothing was done. It is good again once they sign in at the workbench.",
        )


class ScopeMissingError(NotAllowedError):
    """The token is valid but does not allow this. Nothing was changed."""

    code = "access.scope_missing"

    def __init__(self, scope: str) -> None:
        """Name what it would have to allow."""
        super().__init__(
            f"this token does not allow {scope or 'this'!r}; the coordinator's staff issue one "
            f"that does: corridor coordinator token NAME --scopes {scope or '…'}"
        )


class TokenNameOfAccountError(RefusedError):
    """An account has the name that a token was to have. None was issued.

    Who asks is told by a name: the token would have the account's questions and its pace.
    """

    code = "access.name_of_account"

    def __init__(self, name: str) -> None:
        """Name it, and say who makes tokens of accounts."""
        super().__init__(
            f"an account of the workbench is named {name!r}; none was issued. Choose another name, "
            "or let its owner make the token there, on the page Tokens."
        )


class TokenNameTakenError(RefusedError):
    """A token has or had this name: what was asked under it would change hands. None was issued."""

    code = "access.name_taken"

    def __init__(self, name: str) -> None:
        """Name the token."""
        super().__init__(
            f"a token named {name!r} was issued before, and what was asked with it belongs to that "
            "name also after it was revoked; none was issued. Choose another name."
        )


class NoSuchTokenError(NotFoundError):
    """No valid token has this name. Nothing was changed."""

    code = "access.no_such_token"

    def __init__(self, name: str) -> None:
        """Name the token."""
        super().__init__(f"no valid token is named {name!r}; nothing was revoked")


class RequestTooLargeError(InvalidInputError):
    """The body of a request is longer than any honest one. It was not read."""

    code = "request.too_large"

    def __init__(self, limit: int) -> None:
        """Name the limit in bytes."""
        super().__init__(f"the request's body is longer than {limit} bytes; it was not read")


class TooManyRequestsError(UnavailableError):
    """One address or token asks faster than it may. Nothing was changed."""

    code = "request.too_many"

    def __init__(self, seconds: int = 60) -> None:
        """Say how long to wait."""
        self.seconds = seconds
        super().__init__(f"too many requests; wait {seconds} seconds and try again")


class TooManyFollowersError(UnavailableError):
    """As many connections follow questions as this service can hold open. Nothing was changed."""

    code = "request.too_many_followers"

    def __init__(self, most: int) -> None:
        """Name the limit and another way."""
        super().__init__(
            f"{most} connections follow questions already; ask for the question itself every few "
            "seconds, or try again later"
        )


class FormTooLargeError(InvalidInputError):
    """A release has more cells than are put into this form here. Nothing was made."""

    code = "release.form_too_large"

    def __init__(self, form: str, cells: int, most: int) -> None:
        """Name both numbers and another way."""
        super().__init__(
            f"this release has {cells} cells, and {form} is made of at most {most} here; take it "
            "as json, and put it into another form where you are (`corridor results --format`, or "
            "`save` in Python)"
        )


class FilesBusyError(UnavailableError):
    """Too many files of releases are being made. Nothing was made."""

    code = "release.files_busy"

    def __init__(self) -> None:
        """Say what helps."""
        super().__init__("too many files are being made now; try again in some seconds")


class UnknownFormError(NotFoundError):
    """A release is asked for in a form that there is not. Nothing was made."""

    code = "release.unknown_form"

    def __init__(self, form: str, forms: Iterable[str]) -> None:
        """Name the forms that there are."""
        super().__init__(f"no form is called {form[:40]!r}; take one of {', '.join(forms)}")


class KeyReusedError(RefusedError):
    """A key that made one request safe to repeat came with another. Nothing was asked."""

    code = "request.key_reused"

    def __init__(self) -> None:
        """Say what a key is for."""
        super().__init__(
            "this Idempotency-Key came with another request before; nothing was asked. A key is "
            "for repeating one request; take a new one for a new question"
        )


class MalformedRequestError(InvalidInputError):
    """The body of a request is not what this address takes. Nothing was changed."""

    code = "request.malformed"


# ---------------------------------------------------------------- the charter


class NoCharterError(UnavailableError):
    """No charter is in force, so there is no region to ask. Nothing was spent."""

    code = "charter.none_in_force"

    def __init__(self) -> None:
        """Say what leads to a charter in force."""
        super().__init__(
            "no charter is in force yet: every member listed in the proposed one must sign it "
            "(`corridor node accept`); nothing was spent"
        )


class NoProposedCharterError(NotFoundError):
    """No charter was ever proposed here."""

    code = "charter.none_proposed"

    def __init__(self) -> None:
        """Say how one is proposed."""
        super().__init__(
            "no charter was proposed yet; enrol the members, then run "
            "`corridor coordinator charter propose`"
        )


class TooFewEnrolledError(RefusedError):
    """A charter would list fewer members than it may. Nothing was proposed."""

    code = "charter.too_few_enrolled"

    def __init__(self, enrolled: int, needed: int) -> None:
        """Say how many there are and how many are needed."""
        super().__init__(
            f"the charter would list {enrolled} enrolled members, with these settings it needs "
            f"{needed}; nothing was proposed. Invite the missing countries first."
        )


class NotEnrolledError(RefusedError):
    """A country that is to be left out of a charter is not enrolled. Nothing was proposed."""

    code = "charter.not_enrolled"

    def __init__(self, unknown: Iterable[str], enrolled: Iterable[str]) -> None:
        """Name who is not enrolled, and who is."""
        super().__init__(
            f"--without {','.join(unknown)}: nobody of that country is enrolled; nothing was "
            f"proposed. Enrolled are {', '.join(enrolled) or 'none'}."
        )


class CharterChangedMeanwhileError(RefusedError):
    """What would be proposed is not what somebody read and confirmed. Nothing was proposed."""

    code = "charter.changed_meanwhile"

    def __init__(self) -> None:
        """Say what can have happened, and what to do."""
        super().__init__(
            "meanwhile somebody enrolled, handed in keys or proposed another version, or the one "
            "that waited is in force now, so this would be another change than the one that was "
            "confirmed; nothing was proposed. Look at what changes once more, and confirm that."
        )


class AnotherCharterError(RefusedError):
    """A message belongs to a charter that is neither in force nor the latest proposed."""

    code = "charter.another"

    def __init__(self) -> None:
        """Say what the node should do."""
        super().__init__(
            "this names a charter that is neither in force nor the latest proposed one; nothing "
            "was recorded. Fetch the current charter and accept that."
        )


# ---------------------------------------------------------------- questions and releases


class UnknownQuestionError(NotFoundError):
    """No question has this id."""

    code = "question.unknown"

    def __init__(self) -> None:
        """Say where the ids are listed."""
        super().__init__("no question has this id; `corridor results` lists those there are")


class ApprovalPendingError(UnavailableError):
    """People of some members have to approve a question first. Nothing was debited."""

    code = "attempt.waiting_for_approval"

    def __init__(self, missing: Iterable[str]) -> None:
        """Name the members."""
        self.missing = tuple(sorted(missing))
        super().__init__(
            f"people of {', '.join(self.missing)} have to approve the question first; nothing was "
            "debited. It is proposed again later, by itself."
        )


class ApprovalNotGivenError(RefusedError):
    """A question waited for people's approval as long as its asker let it. Nothing was debited."""

    code = "question.approval_not_given"

    def __init__(self, missing: Iterable[str]) -> None:
        """Name the members whose people did not answer."""
        self.missing = tuple(sorted(missing))
        super().__init__(
            f"people of {', '.join(self.missing)} did not approve the question in the time that "
            "its asker gave, and without them too few take part; nothing was debited. Ask those "
            "authorities, then ask again."
        )


class QuestionCancelledError(RefusedError):
    """A question was taken back before anything was spent."""

    code = "question.cancelled"

    def __init__(self) -> None:
        """Say what it cost."""
        super().__init__("the question was taken back at the coordinator; nothing was spent.")


class QuestionOfOthersError(NotAllowedError):
    """A question is of another organisation. Nothing was changed."""

    code = "question.of_others"

    def __init__(self, organisation: str) -> None:
        """Name whose it is."""
        super().__init__(
            f"this question was asked by {organisation or 'somebody else'}, who alone can take it "
            "back. Nothing was changed."
        )


class CannotCancelError(RefusedError):
    """A question is being answered, is over, or belongs to a series. Nothing was changed."""

    code = "question.cannot_cancel"

    def __init__(self, why: str) -> None:
        """Say why."""
        super().__init__(f"the question cannot be taken back: {why}. Nothing was changed.")


class UnknownReleaseError(NotFoundError):
    """No release has this id."""

    code = "release.unknown"

    def __init__(self) -> None:
        """Say where the ids are listed."""
        super().__init__("no release has this id; `corridor results` lists those there are")


class TooManyFiguresError(RefusedError):
    """The figures of all countries together would be too many. Nothing was spent."""

    code = "question.too_many_figures"

    def __init__(self, countries: int, cells: int, ceiling: int) -> None:
        """Say how many there would be, and how many are allowed."""
        super().__init__(
            f"{countries} countries with {cells:,} cells each are more than the {ceiling:,} "
            "figures of one answer; nothing was spent. Group by less, or ask for the region's "
            "figure."
        )


class TooFewConnectedError(UnavailableError):
    """Fewer nodes could take part than the charter demands. Nothing was spent."""

    code = "region.too_few_nodes"

    def __init__(
        self,
        present: Iterable[str],
        absent: Iterable[str],
        needed: int,
        held_out: Iterable[str] = (),
    ) -> None:
        """Name who is there, who is missing, who of these is held out, and how many are needed."""
        held = ", ".join(sorted(held_out))
        out = f"; held out for bad shares, until its operator readmits them: {held}" if held else ""
        self.missing = tuple(sorted(absent))
        here, away = ", ".join(sorted(present)) or "nobody", ", ".join(self.missing) or "nobody"
        super().__init__(
            f"{needed} nodes are needed; connected with data under the charter in force: {here}; "
            f"missing: {away}{out}. Nothing was spent; ask again when more of them are there."
        )


class NotHeldOutError(NotFoundError):
    """A member that is to be readmitted is not held out. Nothing was changed."""

    code = "attempt.not_held_out"

    def __init__(self, country: str) -> None:
        """Name the country."""
        super().__init__(
            f"{country}: is not held out of any attempt; nothing was changed. "
            "`corridor coordinator members` shows who is."
        )


class UnknownAttemptError(NotFoundError):
    """No attempt, or more than one, has a session id that begins so."""

    code = "attempt.unknown"

    def __init__(self, session: str, found: int) -> None:
        """Say what was given, and how many begin with it."""
        super().__init__(
            f"{session[:40]!r}: {found or 'no'} attempts have a session that begins so; give more "
            "or other digits of one that `corridor coordinator attempts` lists"
        )


class QueueFullError(UnavailableError):
    """More questions wait than the coordinator keeps in line. Nothing was spent."""

    code = "question.queue_full"

    def __init__(self, limit: int) -> None:
        """Name the limit."""
        super().__init__(
            f"{limit} questions wait already; nothing was spent. Ask again when some are answered."
        )


class CharterChangedError(RefusedError):
    """While a question waited, another charter came into force. Nothing was spent."""

    code = "question.charter_changed"

    def __init__(self) -> None:
        """Say what to do."""
        super().__init__(
            "another charter came into force while this question waited, so its price may be "
            "another; nothing was spent. Ask again."
        )


class CoordinatorRestartedError(UnavailableError):
    """The coordinator stopped while an attempt ran. What was debited stays debited."""

    code = "attempt.coordinator_restarted"

    def __init__(self) -> None:
        """Say what is left, and what to do."""
        super().__init__(
            "the coordinator stopped while this attempt ran, and its nodes forgot their secrets; "
            "nothing was released. What was debited stays debited. Ask again."
        )


class AttemptBrokeError(DamagedError):
    """A bug of ours ended an attempt. Nothing was released."""

    code = "attempt.internal"

    def __init__(self, reference: str) -> None:
        """Name the log entry, and nothing of what happened."""
        super().__init__(
            f"an internal error of the coordinator ended this attempt (reference {reference}); "
            "nothing was released. Its operators find it in the log."
        )


# ---------------------------------------------------------------- streams


class ForeignCertificateError(NotAllowedError):
    """The peer's certificate is not the one that this country was given. The stream was closed."""

    code = "stream.foreign_certificate"

    def __init__(self, country: str) -> None:
        """Name the country that was claimed."""
        super().__init__(
            f"stream of {country}: the certificate presented is not the one that {country} was "
            "enrolled with; the stream was closed. Run `corridor node doctor`, or enrol again."
        )


class NoLongerEnrolledError(NotAllowedError):
    """A certificate's country is enrolled no more, or never was. The stream was closed."""

    code = "stream.not_enrolled"

    def __init__(self, country: str) -> None:
        """Name the country, what is left to it, and the way back."""
        super().__init__(
            f"stream of {country}: {country} is not enrolled here; a charter without it came into "
            "force, or it never was. The stream was closed; the node's data, ledger and what it "
            "spent are untouched. A new invitation of the coordinator enrols it again."
        )


class AnotherCountryError(NotAllowedError):
    """A message names another country than the certificate of its stream. It was not used."""

    code = "stream.another_country"

    def __init__(self, certificate: str, named: str, message: str) -> None:
        """Name the certificate's country, the message's, and the message."""
        super().__init__(
            f"stream of {certificate}: its {message} names {named}; the message was not used. "
            "A node speaks for its own country only."
        )


class StreamLostError(UnavailableError):
    """A node's stream ended while an attempt ran. It dropped out of the attempt."""

    code = "stream.lost"

    def __init__(self, country: str) -> None:
        """Name the country."""
        super().__init__(
            f"stream of {country}: it ended while an attempt ran, and the node dropped out of it. "
            "A node that is connected again takes part in the next one."
        )


class StreamReplacedError(UnavailableError):
    """The same country opened a newer stream; this one is over."""

    code = "stream.replaced"

    def __init__(self, country: str) -> None:
        """Name the country."""
        super().__init__(
            f"stream of {country}: a newer stream of the same node took its place. If no newer one "
            "was opened on purpose, two copies of this node are running: stop one."
        )


class NotGreetedError(InvalidInputError):
    """The first message of a stream was no greeting, came too late, or came twice."""

    code = "stream.greeting"

    def __init__(self) -> None:
        """Say what is expected."""
        super().__init__("a stream begins at once with exactly one Hello; the stream was closed")


class OutOfTurnError(InvalidInputError):
    """A message of an attempt that is not running, or of a round that is over. It was not used."""

    code = "stream.out_of_turn"

    def __init__(self, country: str, message: str) -> None:
        """Name the country and the message."""
        super().__init__(
            f"stream of {country}: its {message} belongs to no round that is open; it was not used"
        )


class StreamTooSlowError(UnavailableError):
    """A node does not read what it is sent. Its stream was closed."""

    code = "stream.too_slow"

    def __init__(self, country: str) -> None:
        """Name the country."""
        super().__init__(f"stream of {country}: messages pile up unread; the stream was closed")


class SpoolTooLongError(InvalidInputError):
    """A node sends more of a vector than its header announced. Its contribution is left out."""

    code = "stream.vector_too_long"

    def __init__(self, country: str) -> None:
        """Name the country."""
        super().__init__(
            f"masked input of {country}: more bytes than the plan's cells need; the vector was "
            "discarded and the node counts as dropped out"
        )


class WitnessedForkError(RefusedError):
    """A ledger shows another past than the one that was witnessed. The statement was not accepted.

    Both are kept: two signed statements that contradict each other convict their signer.
    """

    code = "witness.fork"

    def __init__(self, country: str, problem: str) -> None:
        """Name the ledger and the contradiction."""
        super().__init__(
            f"the ledger of {country} contradicts what it said before: {problem}. It cannot take "
            "part; both statements are kept by the coordinator. Its operators must find out which "
            "copy of the node is the right one, and tell the other members."
        )
        self.country = country


class ForgedStatementError(RefusedError):
    """A ledger statement is not signed by the member it speaks for. It was not kept."""

    code = "witness.forged_statement"

    def __init__(self, country: str) -> None:
        """Name the country."""
        super().__init__(
            f"ledger statement of {country}: the signature is not that member's; not kept"
        )


class SeriesMembersMissingError(UnavailableError):
    """A release of a standing series needs everybody who was in its first. Nothing was debited."""

    code = "region.series_members_missing"

    def __init__(self, missing: Iterable[str]) -> None:
        """Name them."""
        self.missing = frozenset(missing)
        super().__init__(
            f"this series counts in every release whoever was in its first one, and "
            f"{', '.join(sorted(self.missing)) or 'one of them'} cannot take part now. Nothing was "
            "debited; it is tried again by itself. If one of them will not come back, end the "
            "series: `corridor series ID --end`."
        )


class UnknownSeriesError(NotFoundError):
    """No series has this id."""

    code = "region.unknown_series"

    def __init__(self, identifier: str) -> None:
        """Name it, and the command that lists those there are."""
        super().__init__(f"no series is called {identifier[:40]!r}; `corridor series` lists them.")


class SeriesExistsError(RefusedError):
    """A series with the same question and terms was begun before. Nothing was changed."""

    code = "region.series_exists"

    def __init__(self, identifier: str, rho: str, *, has_ended: bool) -> None:
        """Name it, and what is left to choose."""
        state = "it has ended" if has_ended else f"at ρ = {rho} for all of its releases"
        super().__init__(
            f"this series was begun before ({state}): corridor series {identifier}. Nothing was "
            "spent. Follow that one, or choose another start or number of periods."
        )


class SeriesOfOthersError(NotAllowedError):
    """A series is of another organisation. Nothing was changed."""

    code = "region.series_of_others"

    def __init__(self, organisation: str) -> None:
        """Name whose it is."""
        super().__init__(
            f"this series was asked for by {organisation or 'somebody else'}, who alone can hasten "
            "or end it. Nothing was changed."
        )


class SeriesOverError(RefusedError):
    """The series has ended. Nothing was changed."""

    code = "region.series_over"

    def __init__(self, identifier: str) -> None:
        """Say what stays."""
        super().__init__(
            f"series {identifier} has ended; its releases stay. Nothing was changed. To go on "
            "counting, ask for a new series."
        )


class SeriesRunsError(RefusedError):
    """The next release of the series is in line already. Nothing was changed."""

    code = "region.series_runs"

    def __init__(self, identifier: str) -> None:
        """Say where to look."""
        super().__init__(
            f"the next release of series {identifier} is being asked for already; `corridor series "
            f"{identifier}` says how far it is. Nothing was changed."
        )
