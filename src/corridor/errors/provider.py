"""Errors of signing in at an identity provider. Nobody was signed in."""

from corridor.errors import InvalidInputError, NotAllowedError, RefusedError, UnavailableError


class ProviderSettingsError(InvalidInputError):
    """oidc.toml cannot be used. Nothing was started."""

    code = "provider.settings"

    def __init__(self, problem: str) -> None:
        """Say where, and what."""
        super().__init__(f"oidc.toml: {problem}. Nothing was started; correct the file.")


class ProviderUnavailableError(UnavailableError):
    """The identity provider does not answer. Nobody was signed in."""

    code = "provider.unavailable"

    def __init__(self) -> None:
        """Say what still works."""
        super().__init__(
            "the identity provider does not answer; you were not signed in. Try again in a while; "
            "accounts of this site sign in by their password meanwhile."
        )


class ProviderUntrustedError(RefusedError):
    """What the identity provider answered cannot be believed. Nobody was signed in."""

    code = "provider.untrusted"

    def __init__(self, problem: str) -> None:
        """Say what is wrong, in words that hold nobody's data."""
        super().__init__(
            f"the identity provider's answer cannot be believed: {problem}; you were not signed "
            "in. Show this to the administrator of this site."
        )


class ProviderRefusedError(NotAllowedError):
    """The identity provider let nobody in, or its code was used before. Nobody was signed in."""

    code = "provider.refused"

    def __init__(self) -> None:
        """Say what to do."""
        super().__init__(
            "the identity provider did not let you in, or took too long over it; you were not "
            "signed in. Sign in again."
        )


class StrayAnswerError(RefusedError):
    """An answer of the provider that this browser did not ask for, or long ago.

    Nobody was signed in.
    """

    code = "provider.stray_answer"

    def __init__(self) -> None:
        """Say what stops."""
        super().__init__(
            "this answer of the identity provider belongs to no sign-in that this browser began in "
            "the last ten minutes; you were not signed in. Sign in again."
        )
