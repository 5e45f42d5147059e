"""Errors of the secure sum: what a node or the coordinator refuses in the rounds of one attempt.

Unless a class says otherwise, the state that was there before the message is still there, nothing
was signed or sent because of the message, and what was debited stays debited.
"""

from collections.abc import Iterable

from corridor.errors import InvalidInputError, RefusedError

# ---------------------------------------------------------------- what every round can meet


class BadSignatureError(RefusedError):
    """A signature is not that member's over these words. Nothing of the message was used."""

    code = "secure_sum.bad_signature"

    def __init__(self, what: str, country: str) -> None:
        """Name the message and whose word it claims to be."""
        super().__init__(
            f"{what} of {country}: the signature is not that member's; nothing of it was used. "
            "Somebody altered it, or signed it with another key than the charter's."
        )
        self.country = country


class OtherRosterError(RefusedError):
    """A message belongs to another roster than the one agreed on. Nothing of it was used."""

    code = "secure_sum.other_roster"

    def __init__(self, what: str, country: str) -> None:
        """Name the message and its sender."""
        super().__init__(
            f"{what} of {country}: belongs to another roster or another attempt; nothing of it "
            "was used. It was replayed, or nodes were shown different rosters."
        )
        self.country = country


class NotInRosterError(RefusedError):
    """A country is named that has no part in this attempt. Nothing of the message was used."""

    code = "secure_sum.not_in_roster"

    def __init__(self, what: str, country: str) -> None:
        """Name the message and the country."""
        super().__init__(
            f"{what}: names {country}, which is not in the roster of this attempt; "
            "nothing of it was used"
        )
        self.country = country


class RepeatedWordError(RefusedError):
    """One country spoke twice in one round, or was named twice. The first word stands."""

    code = "secure_sum.repeated_word"

    def __init__(self, what: str, country: str) -> None:
        """Name the message and the country."""
        super().__init__(
            f"{what}: there is a second one of {country} in this round, with other content or in "
            "one list; it was not used"
        )
        self.country = country


class OwnWordAlteredError(RefusedError):
    """What the coordinator repeats of this node's own words is not what this node said."""

    code = "secure_sum.own_word_altered"

    def __init__(self, what: str) -> None:
        """Name the message."""
        super().__init__(
            f"{what}: this node's own is missing or not the one it sent; nothing was signed or "
            "sent. Report it to the other members."
        )


class UnexpectedSenderError(RefusedError):
    """A country speaks in a round that it has no part in. The round goes on without it."""

    code = "secure_sum.unexpected_sender"

    def __init__(self, what: str, country: str) -> None:
        """Name the message and its sender."""
        super().__init__(
            f"{what} of {country}: that member has no part in this round (it dropped out before, "
            "or was never asked); it was not used"
        )
        self.country = country


# ---------------------------------------------------------------- propose and share


class OtherSuiteError(RefusedError):
    """The header names another suite than the one at hand. Nothing was accepted."""

    code = "secure_sum.other_suite"

    def __init__(self, named: str, at_hand: str) -> None:
        """Name both suites."""
        super().__init__(
            f"proposal: names the suite {named!r}, the charter's is {at_hand!r}; nothing was "
            "accepted. Suites are not negotiated."
        )


class UnknownSuiteError(InvalidInputError):
    """This version has no suite of that name. Nothing was started."""

    code = "secure_sum.unknown_suite"

    def __init__(self, name: str) -> None:
        """Name the suite."""
        super().__init__(
            f"suite {name!r}: this version of Corridor does not have it; update it, or agree on a "
            "charter with a suite that every member has"
        )


class OtherHeaderError(RefusedError):
    """An acceptance is of another header than this attempt's."""

    code = "secure_sum.other_header"

    def __init__(self, country: str) -> None:
        """Name the member."""
        super().__init__(
            f"acceptance of {country}: is of another proposal than this attempt's; nothing was "
            "shared. Different members may have been asked different things; report it to them."
        )
        self.country = country


class UnknownMemberError(RefusedError):
    """A country in the roster, or among the witnesses, has no key in the charter."""

    code = "secure_sum.unknown_member"

    def __init__(self, country: str, what: str = "acceptance") -> None:
        """Name the country."""
        super().__init__(
            f"{what} of {country}: the charter knows no such member; nothing was shared. "
            "Report it to the other members."
        )
        self.country = country


class OtherStatementError(RefusedError):
    """An acceptance carries the ledger statement of another member."""

    code = "secure_sum.other_statement"

    def __init__(self, country: str, stated: str) -> None:
        """Name the member and whose statement it showed."""
        super().__init__(
            f"acceptance of {country}: carries a ledger statement of {stated}; nothing was shared"
        )
        self.country = country


class RepeatedKeyError(RefusedError):
    """Two ephemeral keys of the roster are the same."""

    code = "secure_sum.repeated_key"

    def __init__(self, country: str) -> None:
        """Name the member whose key was seen before."""
        super().__init__(
            f"acceptance of {country}: an ephemeral key of it occurs twice in the roster; nothing "
            "was shared. Keys are drawn afresh by every node for every attempt."
        )
        self.country = country


class BadPeerKeyError(RefusedError):
    """An ephemeral public key has the wrong length, or no secret can be sealed to it."""

    code = "secure_sum.bad_peer_key"

    def __init__(self, of: str = "a peer") -> None:
        """Say whose key it is, where that is known."""
        super().__init__(
            f"acceptance of {of}: an ephemeral key is not one that a secret can be sealed to; "
            "nothing was shared"
        )


class TooManyParticipantsError(RefusedError):
    """The roster is larger than the protocol allows. Nothing was shared."""

    code = "secure_sum.too_many_participants"

    def __init__(self, participants: int, most: int) -> None:
        """Say how many there are and how many there may be."""
        super().__init__(
            f"share round: {participants} members are in the roster, at most {most} may be; "
            "nothing was shared"
        )


class NoHonestNoiseError(RefusedError):
    """With these dropouts and colluders no honest noise would be sure to remain."""

    code = "secure_sum.no_honest_noise"

    def __init__(self, participants: int, dropouts: int, colluders: int) -> None:
        """Say what was counted."""
        super().__init__(
            f"share round: of {participants} members {dropouts} may drop out and {colluders} may "
            "collude, so no honest noise is sure to remain; nothing was shared. More members must "
            "take part, or the charter must tolerate fewer dropouts."
        )


# ---------------------------------------------------------------- too few are left


class TooFewLeftError(RefusedError):
    """Root of the errors by which a round ends the attempt, with who is missing.

    Attributes:
        left, needed: numbers of nodes.
        missing: who could have answered and did not, sorted; empty where it is not known.
        happened: the message without what to do, for whoever knows why they are missing.
        spent: what is said of that, behind "Nothing was".
    """

    code = "secure_sum.too_few"
    spent = "unmasked; what was debited stays debited"

    def __init__(
        self, round_name: str, did: str, *, left: int, needed: int, missing: Iterable[str] = ()
    ) -> None:
        """Say in which round, how many are needed, and whom it was waited for."""
        self.left = left
        self.needed = needed
        self.missing = tuple(sorted(missing))
        names = f" Missing: {', '.join(self.missing)}." if self.missing else ""
        self.happened = (
            f"{round_name} round: {left} nodes {did}, {needed} are needed.{names} Nothing was "
            f"{self.spent}."
        )
        super().__init__(f"{self.happened} Ask again when more nodes are there.")


class TooFewParticipantsError(TooFewLeftError):
    """Fewer members accepted than the charter wants in one sum. Nothing was shared or debited."""

    code = "secure_sum.too_few_participants"
    spent = "debited or unmasked"

    def __init__(self, *, left: int, needed: int, missing: Iterable[str] = ()) -> None:
        """Count the participants."""
        super().__init__("propose", "take part", left=left, needed=needed, missing=missing)


class TooFewSharersError(TooFewLeftError):
    """Fewer nodes shared and opened each other's secrets than the plan's noise needs.

    Nothing was debited in this round.
    """

    code = "secure_sum.too_few_sharers"
    spent = "debited or unmasked"

    def __init__(self, *, left: int, needed: int, missing: Iterable[str] = ()) -> None:
        """Count the sharers."""
        did = "opened each other's shares"
        super().__init__("opened", did, left=left, needed=needed, missing=missing)


class TooFewSurvivorsError(TooFewLeftError):
    """Fewer nodes are left than the noise was planned for.

    Nothing was signed or unmasked. What was debited stays debited; another attempt needs a fresh
    session and a fresh reservation.
    """

    code = "secure_sum.too_few_survivors"

    def __init__(self, *, left: int, needed: int, missing: Iterable[str] = ()) -> None:
        """Count the survivors."""
        super().__init__("consistency", "are left", left=left, needed=needed, missing=missing)


class TooFewSignaturesError(TooFewLeftError):
    """Fewer nodes signed the survivor set than the threshold. Nothing was unmasked."""

    code = "secure_sum.too_few_signatures"

    def __init__(self, *, left: int, needed: int, missing: Iterable[str] = ()) -> None:
        """Count the signatures."""
        did = "signed the survivor set"
        super().__init__("unmask", did, left=left, needed=needed, missing=missing)


class TooFewSharesError(TooFewLeftError):
    """Fewer nodes revealed their shares than the threshold. The sum stays masked."""

    code = "secure_sum.too_few_shares"

    def __init__(self, *, left: int, needed: int, missing: Iterable[str] = ()) -> None:
        """Count the nodes that revealed shares."""
        did = "revealed their shares"
        super().__init__("unmask", did, left=left, needed=needed, missing=missing)


# ---------------------------------------------------------------- opened and masked input


class ForeignDealingError(RefusedError):
    """A dealing is for another node. Nothing was opened."""

    code = "secure_sum.foreign_dealing"

    def __init__(self, dealer: str, recipient: str) -> None:
        """Name both sides."""
        super().__init__(
            f"opened round: a dealing of {dealer} is for {recipient}, not for this node; "
            "nothing was opened"
        )


class IncompleteSharesError(InvalidInputError):
    """A sharer's dealings are not one for each member of the roster. None was passed on."""

    code = "secure_sum.incomplete_shares"

    def __init__(self, dealer: str, problem: str) -> None:
        """Name the dealer and what is wrong."""
        super().__init__(f"shares of {dealer}: {problem}; none of them was passed on")
        self.country = dealer


class ContradictoryOpenedError(InvalidInputError):
    """A node's list of opened envelopes contradicts itself. It was not used."""

    code = "secure_sum.contradictory_opened"

    def __init__(self, country: str) -> None:
        """Name the node."""
        super().__init__(
            f"opened list of {country}: it must contain that node itself, and nobody as both "
            "opened and complained of; it was not used"
        )
        self.country = country


class NotMutuallyOpenedError(RefusedError):
    """An announced sharer did not open the envelope of another. Nothing was debited."""

    code = "secure_sum.not_mutually_opened"

    def __init__(self, country: str, unopened: str) -> None:
        """Name the pair."""
        super().__init__(
            f"masked input round: {country} has not opened what {unopened} dealt, and yet both "
            "are announced as sharers; nothing was debited or sent"
        )


class OtherDebitError(RefusedError):
    """The ledger's debit is of another session or another ρ. Nothing was masked."""

    code = "secure_sum.other_debit"

    def __init__(self) -> None:
        """Say what must be so."""
        super().__init__(
            "masked input round: the ledger debited another session or another ρ than this "
            "attempt's; nothing was masked or sent"
        )


class OtherVectorError(RefusedError):
    """What a node streamed is not what it signed. It is not in the sum."""

    code = "secure_sum.other_vector"

    def __init__(self, country: str) -> None:
        """Name the node."""
        super().__init__(
            f"masked input of {country}: the chunks that arrived do not have the hash that was "
            "signed; they were not added"
        )
        self.country = country


# ---------------------------------------------------------------- consistency and unmask


class OtherSharersError(RefusedError):
    """The announced sharers are not those that the input was masked for. Nothing was signed."""

    code = "secure_sum.other_sharers"

    def __init__(self, what: str) -> None:
        """Name the message."""
        super().__init__(
            f"{what}: names other sharers than those that the input was masked for; nothing of "
            "it was used. Report it to the other members."
        )


class UnknownSurvivorError(RefusedError):
    """A survivor is named that never shared. Nothing was signed."""

    code = "secure_sum.unknown_survivor"

    def __init__(self, country: str) -> None:
        """Name the country."""
        super().__init__(
            f"consistency round: {country} is named as a survivor and never shared; nothing was "
            "signed. Report it to the other members."
        )


class NotIncludedError(RefusedError):
    """This node sent its input and is not among the survivors. Nothing was signed."""

    code = "secure_sum.not_included"

    def __init__(self) -> None:
        """Say what that means."""
        super().__init__(
            "consistency round: this node is not among the announced survivors; it signed nothing "
            "and reveals nothing"
        )


class ConflictingSurvivorsError(RefusedError):
    """This node already signed another survivor set. It signs one only, ever."""

    code = "secure_sum.conflicting_survivors"

    def __init__(self) -> None:
        """Say to whom it should be told."""
        super().__init__(
            "consistency round: this node already signed another survivor set; it was not signed. "
            "Report it to the other members."
        )


class SignerNotSurvivorError(RefusedError):
    """A signature under the survivor set is of a node outside it. Nothing was revealed."""

    code = "secure_sum.signer_not_survivor"

    def __init__(self, country: str) -> None:
        """Name the signer."""
        super().__init__(
            f"unmask round: {country} is named as a signer and is no survivor; nothing was revealed"
        )


class WrongRevealError(RefusedError):
    """A node reveals other shares than the signed survivor set calls for. None was used."""

    code = "secure_sum.wrong_reveal"

    def __init__(self, country: str, problem: str) -> None:
        """Name the node and what is wrong."""
        super().__init__(f"shares revealed by {country}: {problem}; none of them was used")
        self.country = country


class LyingResponderError(RefusedError):
    """A node revealed a share that is not the one dealt to it. None of its shares was used.

    Attributes:
        country: who revealed it.
        dealer: whose share it should have been.
    """

    code = "secure_sum.lying_responder"

    def __init__(self, country: str, dealer: str) -> None:
        """Name both."""
        super().__init__(
            f"shares revealed by {country}: the share of {dealer} does not fit the hash in the "
            f"dealing that {country} said it opened; none of its shares was used"
        )
        self.country = country
        self.dealer = dealer


class WrongNoiseSeedError(RefusedError):
    """A node revealed another seed of its superfluous noise than it committed to. It was not used.

    Attributes:
        country: who revealed it.
    """

    code = "secure_sum.wrong_noise_seed"

    def __init__(self, country: str) -> None:
        """Name the node."""
        super().__init__(
            f"noise revealed by {country}: the seed does not lead to what it committed to; "
            "neither seed nor shares of it were used, and its whole noise stays in the sum"
        )
        self.country = country


class BadDealerError(RefusedError):
    """Shares that all fit their hashes give a seed, or a pair key, that was not committed to.

    The attempt failed and the sum stays masked. What was debited stays debited.

    Attributes:
        dealers: who dealt them, sorted; leave them out of the next roster.
    """

    code = "secure_sum.bad_dealer"

    def __init__(self, dealers: Iterable[str]) -> None:
        """Name the dealers."""
        self.dealers = tuple(sorted(dealers))
        super().__init__(
            f"unmask round: the shares dealt by {', '.join(self.dealers)}, or the pair keys, are "
            "those that were signed for, and not what was committed to. The sum stays masked; "
            "what was debited stays debited. Ask again without the members named."
        )


class TooFewWitnessesError(RefusedError):
    """Too few other members hold this node's ledger. Nothing was debited, and nothing left."""

    code = "secure_sum.too_few_witnesses"

    def __init__(self, *, found: int, needed: int) -> None:
        """Say how many there are, and how many the charter wants."""
        super().__init__(
            f"sharers: {found} other members said that they hold this node's ledger, {needed} are "
            "needed before ρ is debited; nothing was debited and nothing leaves. Ask again when "
            "more members are connected."
        )
        self.found = found
        self.needed = needed
