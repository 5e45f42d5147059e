"""The numbers of an attempt: one deterministic function of charter, plan, ρ and roster size.

(Of a country's own figure, of charter, plan and ρ: `country_parameters`.)

Every node computes them for itself, from the charter it accepted and the plan it compiled; they
are in the roster hash, since every honest guarantee rests on the others using the same.

**The ring.** Sums are taken modulo 2³² where nothing wraps, else modulo 2⁶⁴. With r nodes of at
most P persons each (the charter's ceiling, checked at import), no entry of the true sum exceeds
r·P·largest·2ᵏ, and the noise of r shares exceeds T in any cell with probability at most 2⁻⁶⁰
(`SharedNoise.largest_noise` states the tail bound). What is sent adds and subtracts `terms`
entries, of which a person is in one; so a ring of b bits is wide enough if
r·P·largest·2ᵏ + terms·T < 2ᵇ⁻¹, and then a wrap among honest nodes has probability ≤ 2⁻⁶⁰. Where
tables are put together of what was measured, `widening` times as much has to fit 64 bits.

**Levels of noise.** What is planned for d dropouts is too much for fewer, and comes off the sum
again in levels (`protocols.secure_sum.excess`): what no dropout, a quarter of d, and half of d make
superfluous. Each level costs each node one more draw a cell, and the coordinator one more for each
survivor; so there are levels only where the roster has no more than 2²⁴ cells in all.
"""

from fractions import Fraction

from corridor.errors.questions import (
    MagnitudeTooLargeError,
    RhoOutOfRangeError,
    TooFewNodesError,
)
from corridor.privacy.discrete_gaussian import SAMPLER
from corridor.privacy.distributed import Component, SharedNoise, plan_shared_noise
from corridor.privacy.rho import Rho
from corridor.protocols.charter import Charter
from corridor.protocols.secure_sum.messages import AttemptParameters, NoiseLevel, Scope
from corridor.queries.plan import Plan

RINGS = (32, 64)

MOST_CELLS_WITH_LEVELS = 1 << 24
"""Of all nodes together: three levels are 5·10⁷ draws for the coordinator, about two seconds."""


def attempt_parameters(
    charter: Charter, plan: Plan, rho: Rho, roster_size: int
) -> AttemptParameters:
    """The numbers that a roster of this size works with.

    Raises:
        RhoOutOfRangeError: ρ is 0 or above the charter's ceiling.
        TooFewNodesError: the roster is smaller than the charter's floor.
        TooFewHonestSharesError, NoiseTooWideError: no noise keeps the promise.
        MagnitudeTooLargeError: sums might wrap even modulo 2⁶⁴.
            Nothing was spent in any of these cases.
    """
    check_rho(charter, rho)
    if roster_size < charter.min_participants:
        raise TooFewNodesError(roster=roster_size, needed=charter.min_participants)
    dropouts = tolerated_dropouts(charter, plan, roster_size)
    breakpoints = noise_breakpoints(dropouts, roster_size, plan.size)
    *more, honest = (roster_size - charter.max_colluders - fewer for fewer in breakpoints)
    noise = plan_shared_noise(rho, plan.sensitivity_squared, plan.noisy_entries, honest, more)
    return AttemptParameters(
        roster_size=roster_size,
        threshold=charter.threshold(roster_size),
        dropouts=dropouts,
        colluders=charter.max_colluders,
        min_participants=charter.min_participants,
        cells=plan.entries,
        sensitivity_squared=plan.sensitivity_squared,
        scale_bits=noise.scale_bits,
        levels=tuple(
            NoiseLevel(breakpoint_, component.variance)
            for breakpoint_, component in zip(breakpoints, noise.components, strict=True)
        ),
        sampler=SAMPLER,
        ring_bits=ring_bits(charter, plan, noise, roster_size),
    )


def tolerated_dropouts(charter: Charter, plan: Plan, roster_size: int) -> int:
    """d: by the charter's rule; none in a series, all of whose releases count the same persons."""
    return charter.tolerated_dropouts(roster_size) if plan.turn is None else 0


def noise_breakpoints(dropouts: int, roster_size: int, cells: int) -> tuple[int, ...]:
    """For how many dropouts there is a level of noise: none, about d/4, d/2, and d."""
    if roster_size * cells > MOST_CELLS_WITH_LEVELS:
        return (dropouts,)
    return tuple(sorted({0, -(-dropouts // 4), -(-dropouts // 2), dropouts}))


def country_parameters(charter: Charter, plan: Plan, rho: Rho) -> AttemptParameters:
    """The numbers of one node's own figure, which is published as it is.

    It has the whole noise σ² = Δ²/(2ρ) by itself: one share, and nobody else's is counted on. So
    the worst case that everybody else colludes is ρ, as for one discrete Gaussian.

    Raises:
        RhoOutOfRangeError: ρ is 0 or above the charter's ceiling.
        NoiseTooWideError: no noise keeps the promise.
        MagnitudeTooLargeError: a figure might not fit 64 bits.
            Nothing was spent in any of these cases.
    """
    check_rho(charter, rho)
    noise = plan_shared_noise(rho, plan.sensitivity_squared, plan.noisy_entries, 1)
    ring_bits(charter, plan, noise, 1)  # refuses what fits no ring
    return AttemptParameters(
        roster_size=1,
        threshold=1,
        dropouts=0,
        colluders=0,
        min_participants=1,
        cells=plan.entries,
        sensitivity_squared=plan.sensitivity_squared,
        scale_bits=noise.scale_bits,
        levels=(NoiseLevel(0, noise.share_variance),),
        sampler=SAMPLER,
        ring_bits=max(RINGS),
    )


def fewest_nodes(charter: Charter, scope: Scope) -> int:
    """How many nodes have to take part; of figures of single countries each stands for itself."""
    return charter.min_participants if scope is Scope.REGIONAL else 1


def check_rho(charter: Charter, rho: Rho) -> None:
    """Check that ρ is above 0 and within the charter's ceiling.

    Raises:
        RhoOutOfRangeError: it is not. Nothing was spent.
    """
    ceiling = charter.ceilings.rho_per_question
    if not 0 < rho.value <= ceiling:
        raise RhoOutOfRangeError(rho=str(rho.value), ceiling=str(ceiling))


def ring_bits(charter: Charter, plan: Plan, noise: SharedNoise, roster_size: int) -> int:
    """The narrowest ring in which the sum wraps with probability at most 2⁻⁶⁰.

    Raises:
        MagnitudeTooLargeError: there is none.
    """
    counted = roster_size * charter.ceilings.persons_per_node * plan.largest << noise.scale_bits
    magnitude = counted + plan.terms * noise.largest_noise(roster_size, plan.noisy_entries)
    if magnitude * plan.widening >= 1 << max(RINGS) - 1:
        raise MagnitudeTooLargeError(bits=(magnitude * plan.widening).bit_length() + 1)
    for bits in RINGS:
        if magnitude < 1 << bits - 1:
            return bits
    raise MagnitudeTooLargeError(bits=magnitude.bit_length() + 1)


def noise_ratio(parameters: AttemptParameters, survivors: int, reduced: int) -> Fraction:
    """Variance of the noise that is left over a trusted curator's with the same ρ.

    That is what h whole shares have together; but for roundings and τ, below a thousandth.
    """
    promised = parameters.honest_shares * parameters.share_variance
    return parameters.left_variance(survivors, reduced) / promised


def planned_noise(parameters: AttemptParameters) -> SharedNoise:
    """The noise that these parameters describe."""
    return SharedNoise(
        components=tuple(
            Component(
                level.variance, parameters.roster_size - parameters.colluders - level.dropouts
            )
            for level in parameters.levels
        ),
        scale_bits=parameters.scale_bits,
        sensitivity_squared=parameters.sensitivity_squared << 2 * parameters.scale_bits,
    )
