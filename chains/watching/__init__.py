"""Watchers of a chain: they follow an escrow to its final blocks, keep the tree of its locks, and sign its root."""
