"""Errors of noise, privacy amounts and accuracy. Each leaves everything as it was."""

from fractions import Fraction

from corridor.errors import InvalidInputError, RefusedError


class NoFiniteNoiseError(InvalidInputError):
    """A ρ of zero was promised, which no finite noise keeps. Nothing was spent."""

    code = "privacy.no_finite_noise"

    def __init__(self) -> None:
        super().__init__(
            "noise: ρ is 0, and no finite noise keeps that promise; ask with a ρ above 0, or by "
            "accuracy. Nothing was spent."
        )


class TooFewHonestSharesError(RefusedError):
    """After dropouts and colluders nobody is left to bring noise. Nothing was spent."""

    code = "privacy.too_few_honest_shares"

    def __init__(self, honest_shares: int) -> None:
        super().__init__(
            f"noise: r − d − c = {honest_shares} honest shares would be left, at least 1 is "
            "needed; more nodes must take part, or fewer dropouts be tolerated. Nothing was spent."
        )
        self.honest_shares = honest_shares


class NoiseTooWideError(RefusedError):
    """The noise that the promise needs is wider than the sampler can draw. Nothing was spent."""

    code = "privacy.noise_too_wide"

    def __init__(self, *, variance: Fraction, widest: int) -> None:
        super().__init__(
            f"noise: a share's variance would be about {int(variance)}, above the largest that "
            f"can be drawn ({widest}); ask with a larger ρ or a lower bound per person. "
            "Nothing was spent."
        )


class InvalidMarginError(InvalidInputError):
    """An accuracy was asked for that is no positive number. Nothing was spent."""

    code = "privacy.invalid_margin"

    def __init__(self, margin: Fraction) -> None:
        super().__init__(
            f"accuracy: a margin must be above 0, as in ±20, not {margin}. Nothing was spent."
        )


class InvalidDeltaError(InvalidInputError):
    """δ is no probability strictly between 0 and 1."""

    code = "privacy.invalid_delta"

    def __init__(self, delta: Fraction) -> None:
        super().__init__(
            f"δ must lie strictly between 0 and 1, as in 1/1000000, not {delta}; nothing was "
            "converted. Correct it in the charter."
        )
