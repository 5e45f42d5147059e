"""Where a node keeps its case data: editions, encrypted, one of them current.

sealing     the master key, what it wraps, and keys derived for one purpose each
editions    writing, reading, replacing and erasing editions
"""

from corridor.node.store.editions import Edition, EditionReader, EditionStore, Written

__all__ = ["Edition", "EditionReader", "EditionStore", "Written"]
