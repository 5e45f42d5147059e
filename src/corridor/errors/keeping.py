"""Errors of keeping a node's secrets: the vault, and what opens it."""

from corridor.errors import DamagedError, InvalidInputError, RefusedError, UnavailableError


class LockedError(UnavailableError):
    """Sealed with a passphrase, and nobody is there to say it. Nothing was opened or changed."""

    code = "keys.locked"

    def __init__(self, what: str, variable: str, *, is_new: bool = False) -> None:
        """Say the ways to say it; `is_new` where it is only to be sealed."""
        sealed = "to be sealed" if is_new else "sealed"
        super().__init__(
            f"{what}: {sealed} with a passphrase, and there is no terminal to ask for it. Name "
            f"a file that holds it in {variable}, or run the command at a terminal. Nothing was "
            "changed."
        )


class WrongSecretError(RefusedError):
    """The passphrase, key file or credential does not open it. Nothing was changed."""

    code = "keys.wrong_secret"

    def __init__(
        self, what: str, lock: str, otherwise: str = "put it back from the backup"
    ) -> None:
        """Say what was tried, and what is done `otherwise`: a damaged file looks the same."""
        super().__init__(
            f"{what}: not opened by what was given; sealed with {lock}. Try again with the right "
            f"one; if it is the right one, the file is damaged: {otherwise}. Nothing was "
            "changed."
        )


class WeakPassphraseError(InvalidInputError):
    """A new passphrase is too short, or was mistyped. Nothing was changed."""

    code = "keys.weak_passphrase"

    def __init__(self, why: str) -> None:
        """Say why, and what would do."""
        super().__init__(
            f"the new passphrase: {why}. Take five words or more that nobody would guess. Nothing "
            "was changed."
        )


class BadKeyFileError(RefusedError):
    """A key file, or a file with a passphrase, cannot be used. Nothing was changed."""

    code = "keys.bad_key_file"

    def __init__(self, name: str, why: str, variable: str = "") -> None:
        """Name the file and say why, and the variable that can name another."""
        where = f", or name in {variable} where it lies now" if variable else ", or name another"
        super().__init__(f"{name}: {why}. Mount what it lies on{where}. Nothing was changed.")


class NoCredentialError(UnavailableError):
    """systemd gave this process no credential of that name. Nothing was opened or changed."""

    code = "keys.no_credential"

    def __init__(self, name: str, why: str) -> None:
        """Say how a service gets one."""
        super().__init__(
            f"credential {name}: {why}. Start the command as a service with "
            f"`LoadCredentialEncrypted={name}` in its unit (or `systemd-run -p …`). Nothing was "
            "changed."
        )


class UnreadableLockError(DamagedError):
    """What stands before sealed bytes is not what this version writes. It was left as it is."""

    code = "keys.unreadable_lock"

    def __init__(self, name: str, remedy: str = "put it back from the backup") -> None:
        """Name the file."""
        super().__init__(f"{name}: is not as this node wrote it. It was left as it is; {remedy}.")


class VaultBusyError(UnavailableError):
    """Another process is writing the vault just now. Nothing was changed."""

    code = "keys.vault_busy"

    def __init__(self) -> None:
        """Say to wait."""
        super().__init__(
            "keys/vault: another process of this node is writing it; nothing was changed. Repeat "
            "the command when that one has ended."
        )


class NodeServesError(RefusedError):
    """The command changes what `serve` holds, and `serve` runs. Nothing was changed."""

    code = "keys.node_serves"

    def __init__(self, command: str) -> None:
        """Say to stop it."""
        super().__init__(
            f"`corridor node serve` runs in this folder, and `{command}` changes what it holds. "
            "Stop it first, and start it again afterwards. Nothing was changed."
        )


class KeysRotatedError(RefusedError):
    """The node's keys were rotated while this process ran under those of before.

    What it was about to write was not written.
    """

    code = "keys.rotated"

    def __init__(self) -> None:
        """Say to begin again."""
        super().__init__(
            "this node went over to its new keys while the command ran; nothing was written under "
            "the old ones. Repeat the command."
        )


class RotationBusyError(UnavailableError):
    """Another process rotates the keys, or signs a charter, just now. Nothing was changed."""

    code = "keys.rotation_busy"

    def __init__(self) -> None:
        """Say to wait."""
        super().__init__(
            "keys/rotation.lock: another process of this node rotates its keys or signs a charter; "
            "nothing was changed. Repeat the command when that one has ended."
        )


class RotationSignedError(RefusedError):
    """A rotation shall be given up, and this node has signed the charter that lists its new keys.

    Nothing was changed: that charter may come into force until a later one is.
    """

    code = "keys.rotation_signed"

    def __init__(self) -> None:
        """Say how it is given up all the same."""
        super().__init__(
            "the new keys stand in a charter that this node signed, which may come into force "
            "until a later one is; they were not destroyed. The coordinator knows that they are "
            "given up. Ask it for another charter (`corridor coordinator charter propose`), sign "
            "that one, and repeat the command when it is in force."
        )


class NothingToAbandonError(RefusedError):
    """No keys of the card are being rotated. Nothing was changed."""

    code = "keys.no_rotation"

    def __init__(self) -> None:
        """Say where the keys stand."""
        super().__init__(
            "no keys wait for a charter here; nothing was changed. New keys that a charter in "
            "force lists are this node's, and are given up by rotating again: `corridor node "
            "rotate --card`."
        )


class NodeRetiredError(RefusedError):
    """This node has left for good. Nothing was changed."""

    code = "keys.node_retired"

    def __init__(self) -> None:
        """Say what still works, and what a country does that comes back."""
        super().__init__(
            "this node has retired (`corridor node retire`): it takes part in nothing, and its "
            "case data are erased. Journal, ledger and budget can still be read. To take part "
            "again, make a new node in another folder. Nothing was changed."
        )
