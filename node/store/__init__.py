"""Where a node keeps its case data: editions, encrypted, one of them current.

locks       what opens sealed files: a passphrase, a key file, a credential
vault       where the node's private keys lie, and how they are sealed
sealing     the store's key, what it wraps, and keys derived for one purpose each
suppression who asked to be erased, so that no import brings them back
rotation    a new key for all of it; moving ends what was interrupted
editions    writing, reading, replacing and erasing editions
"""

from corridor.node.store.editions import (
    Edition,
    EditionReader,
    EditionStore,
    HeldEdition,
    Written,
)

__all__ = ["Edition", "EditionReader", "EditionStore", "HeldEdition", "Written"]
