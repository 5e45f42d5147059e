"""Errors of the wire: messages, certificates, invitations, and what a peer answered."""

from corridor.errors import (
    CorridorError,
    DamagedError,
    InvalidInputError,
    NotAllowedError,
    RefusedError,
    UnavailableError,
)

# ---------------------------------------------------------------- messages


class MalformedMessageError(InvalidInputError):
    """A message is not what its kind must be. It was not used, and nothing was changed."""

    code = "wire.malformed"


class UnknownMessageError(MalformedMessageError):
    """A message of a kind that this version does not know. It was not used."""

    code = "wire.unknown_message"

    def __init__(self, name: str) -> None:
        """Name the message whose body is unknown."""
        super().__init__(
            f"{name}: its body is of a kind that this version of Corridor does not know; "
            "it was not used. Update Corridor on this side."
        )


class MessageTooLargeError(InvalidInputError):
    """A message is longer than the wire carries. It was not delivered."""

    code = "wire.too_large"


# ---------------------------------------------------------------- certificates and connections


class OldTlsError(NotAllowedError):
    """The connection uses an older TLS than 1.3. The call was not answered."""

    code = "wire.old_tls"

    def __init__(self, found: str) -> None:
        """Say which version was negotiated."""
        super().__init__(
            f"the connection uses {found or 'no TLS'}; Corridor speaks TLS 1.3 and nothing older. "
            "The call was not answered. Update the caller's TLS library, or remove what stands "
            "between the two."
        )


class NoPeerCertificateError(NotAllowedError):
    """The connection carries no client certificate. The call was not answered."""

    code = "certificate.missing"

    def __init__(self) -> None:
        """Say how a node gets one."""
        super().__init__(
            "the connection carries no client certificate; the call was not answered. A node "
            "gets its certificate from `corridor node enrol`."
        )


class MalformedCertificateError(InvalidInputError):
    """Bytes that should be a certificate, a signing request or a key are not. Nothing was kept."""

    code = "certificate.malformed"


class OtherAuthorityError(NotAllowedError):
    """A certificate was not issued by the authority that is pinned. It was not used."""

    code = "certificate.other_authority"


class ExpiredCertificateError(NotAllowedError):
    """A certificate is not valid at this time. It was not used."""

    code = "certificate.expired"


class OtherCountryError(NotAllowedError):
    """A certificate or a signing request is of another country. It was not used."""

    code = "certificate.other_country"


class WrongPurposeError(NotAllowedError):
    """A certificate was issued for something else. It was not used."""

    code = "certificate.wrong_purpose"


class CannotConnectError(UnavailableError):
    """The peer could not be reached. Nothing was changed; trying again is safe."""

    code = "wire.unreachable"


# ---------------------------------------------------------------- invitations


class MalformedInvitationError(InvalidInputError):
    """A file that should be an invitation is not one. Nothing was enrolled."""

    code = "invitation.malformed"


class InvitationOverError(RefusedError):
    """The invitation's time is over. Nothing was enrolled."""

    code = "invitation.expired"

    def __init__(self, expired: str) -> None:
        """Say when it ended."""
        super().__init__(
            f"invitation: it expired on {expired}; nothing was enrolled. Ask the coordinator's "
            "people for a new one, and check this machine's clock."
        )


# ---------------------------------------------------------------- what a peer answered


class RemoteError(CorridorError):
    """The peer answered with an error of its own; `code` and text are the peer's."""

    code = "wire.remote"

    def __init__(self, code: str, message: str) -> None:
        """Take the peer's code and text as they are."""
        super().__init__(message)
        self.code = code


class RemoteInvalidInputError(RemoteError, InvalidInputError):
    """The peer could not use what it was sent."""

    code = "wire.remote_invalid"


class RemoteRefusalError(RemoteError, RefusedError):
    """The peer understood and declined. Its text says what state is left there."""

    code = "wire.remote_refusal"


class RemoteUnavailableError(RemoteError, UnavailableError):
    """The peer cannot do it now; the same request may succeed later."""

    code = "wire.remote_unavailable"


class RemoteFailureError(RemoteError, DamagedError):
    """Something at the peer is broken; its operators find the reference in their log."""

    code = "wire.remote_failure"


class IncompatiblePeerError(UnavailableError):
    """The peer does not know the call that was made. Nothing was changed."""

    code = "wire.incompatible"

    def __init__(self) -> None:
        """Say what to do."""
        super().__init__(
            "the peer does not know this call; nothing was changed. The two sides run versions "
            "of Corridor that do not fit; update the older one."
        )
