"""The ceremony: who contributed to a key, and the proof that each of them did."""
