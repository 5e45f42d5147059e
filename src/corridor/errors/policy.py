"""Errors of an authority's policy."""

from corridor.errors import InvalidInputError, RefusedError


class PolicyError(InvalidInputError):
    """The policy file cannot be read. The node does not start until it is mended."""

    code = "policy.malformed"


class PolicyRefusesError(RefusedError):
    """The policy of this node does not allow the question. Nothing was reserved."""

    code = "policy.refuses"
