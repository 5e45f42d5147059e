"""Ready-made policies to begin with: whole ones, and rules to put before those that there are.

    cautious   people approve everything; little is allowed at all
    standard   what a new node begins with
    open       open within the region: its sums are answered without asking anybody
    minors     stricter rules for minors, put before the rules of the policy that there is

Each is a file that an authority can read and change; nothing refers to it afterwards.
"""

from corridor.errors.policy import UnknownPolicyError
from corridor.node.policy import DEFAULT_POLICY

WHOLE = ("cautious", "standard", "open")
ADDED = ("minors",)
NAMES = (*WHOLE, *ADDED)


def file_of(name: str) -> str | None:
    """The file in this folder that holds it; None for the one that stands in the code.

    Raises:
        UnknownPolicyError: there is none of that name.
    """
    if name not in NAMES:
        raise UnknownPolicyError(name, ", ".join(NAMES))
    return None if name == "standard" else f"{name}.toml"


def applied(name: str, text: str, current: str) -> str:
    """The policy file after `text`, the ready-made policy of that name, was taken into use."""
    if name not in ADDED:
        return text
    if text.strip() in current:
        return current
    lines = current.splitlines(keepends=True)
    first = next((n for n, line in enumerate(lines) if line.lstrip().startswith("[[")), len(lines))
    while first and lines[first - 1].lstrip().startswith("#"):
        first -= 1  # the comment of the first rule stays with it
    return "".join((*lines[:first], text.strip() + "\n\n", *lines[first:]))


__all__ = ["DEFAULT_POLICY", "NAMES", "applied", "file_of"]
