"""The story of one position, from its first proof to its release: everybody in it is real, on one machine."""
